//! How long rows take in the nodes of a task. Every batch of some size is timed; of small ones, which the clock would slow
//! down, one pass in eight.

use std::time::Instant;

use crate::engine::meter::{NodeMeter, is_on};

/// Rows from which on reading the clock costs nothing that shows.
const LARGE: usize = 64;
/// Of small batches, one pass in so many is timed.
const SAMPLED: u32 = 8;

/// Times one node after the other.
#[derive(Default)]
pub(super) struct Stopwatch {
    passes: u32,
    last: Option<Instant>,
    was_large: bool,
}

impl Stopwatch {
    /// A pass begins: from here the first node's time counts.
    pub(super) fn start(&mut self) {
        self.passes = self.passes.wrapping_add(1);
        let is_timed = is_on() && (self.was_large || self.passes.is_multiple_of(SAMPLED));
        self.was_large = false;
        self.last = is_timed.then(Instant::now);
    }

    /// A node is done with so many rows.
    pub(super) fn lap(&mut self, meter: &NodeMeter, rows: usize) {
        self.was_large |= rows >= LARGE;
        if let Some(last) = self.last {
            let now = Instant::now();
            meter.time((now - last).as_nanos() as u64, rows);
            self.last = Some(now);
        }
    }
}
