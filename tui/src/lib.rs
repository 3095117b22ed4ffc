//! The terminal dashboard. It shows a run through its snapshots and changes a pipeline through edits;
//! it knows neither Kafka nor Arrow.
//!
//! - `model`: what is known, and where a person is; `update`: what a message changes; `views`: screens, one file each
//! - `commands`: what may be asked, as one table; `frame`: what stands on every screen
//! - `host`: what is asked of the world, as traits; `shell`: the terminal, and the thread that asks the run
//! - `graph`: boxes and wires on a grid of cells; `pen`, `theme`, `line`: text, styles, typing

mod commands;
mod frame;
mod graph;
mod host;
mod keys;
mod line;
mod model;
mod pen;
mod shell;
mod theme;
mod update;
mod views;

use tidegate_core::faces::numbers;

pub use host::{
    Checker, Cluster, Control, Found, Host, Look, Opener, Opening, Options, Palette, Rights, Running, Source,
};
pub use shell::run;

#[cfg(test)]
mod tests;
