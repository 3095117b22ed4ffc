//! The editor, driven by accessible names, without a screen.

mod documents;
mod fixture;
mod forms;
mod fuzz;
mod gestures;
mod keeping;
mod keyboard;
mod looking;
mod names;
mod panels;
mod parameters;
mod picture;
mod pictures;
mod running;
mod tabs;
mod view;
mod work;
