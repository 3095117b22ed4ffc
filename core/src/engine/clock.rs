//! The wall clock of a run: the machine's, or one that the test driver moves by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, UNIX_EPOCH};

/// Tells the time.
#[derive(Debug, Clone)]
pub(crate) enum Clock {
    /// the machine's: started at an instant, so that it never goes back within a run
    Machine { started: Instant, epoch_ms: i64 },
    /// milliseconds, moved by hand
    Hand(Arc<AtomicI64>),
}

impl Clock {
    pub(crate) fn machine() -> Clock {
        Clock::Machine { started: Instant::now(), epoch_ms: wall_ms() }
    }

    /// Milliseconds since 1970-01-01 UTC.
    pub(crate) fn millis(&self) -> i64 {
        match self {
            Clock::Machine { started, epoch_ms } => epoch_ms + started.elapsed().as_millis() as i64,
            Clock::Hand(millis) => millis.load(Ordering::Relaxed),
        }
    }

    /// Nanoseconds since some moment; for differences.
    pub(crate) fn nanos(&self) -> i64 {
        match self {
            Clock::Machine { started, .. } => started.elapsed().as_nanos() as i64,
            Clock::Hand(millis) => millis.load(Ordering::Relaxed) * 1_000_000,
        }
    }
}

/// The machine's wall clock, in milliseconds since 1970-01-01 UTC; 0 where it stands before that.
pub(crate) fn wall_ms() -> i64 {
    UNIX_EPOCH.elapsed().map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
