//! The editor, driven by accessible names, without a screen.

mod documents;
mod fixture;
mod fuzz;
mod gestures;
mod keyboard;
mod panels;
mod running;
mod work;
