//! The editor, driven by accessible names, without a screen.

mod documents;
mod fixture;
mod fuzz;
mod gestures;
mod keeping;
mod keyboard;
mod panels;
mod running;
mod tabs;
mod work;
