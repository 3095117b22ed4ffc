//! The editor, driven by accessible names, without a screen.

mod documents;
mod fixture;
mod fuzz;
mod gestures;
mod keeping;
mod keyboard;
mod panels;
mod parameters;
mod running;
mod tabs;
mod work;
