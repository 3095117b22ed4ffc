//! What a process has cost so far, as the kernel says.

use std::fs;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

/// What a program did and what it cost.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Measured {
    /// records read
    pub(crate) records: u64,
    /// records written
    pub(crate) outputs: u64,
    /// bytes of their values; 0 where nobody counted
    #[serde(default)]
    pub(crate) bytes: u64,
    /// user and system time of the whole process, in seconds
    pub(crate) cpu_s: f64,
    /// from the first record to the last that is done, in seconds
    pub(crate) wall_s: f64,
    /// the most memory it had resident, in MB
    pub(crate) peak_mb: f64,
}

impl Measured {
    /// Records read in a second, once they came.
    pub(crate) fn rate(&self) -> f64 {
        self.records as f64 / self.wall_s
    }

    /// Nanoseconds of CPU for a record read.
    pub(crate) fn cpu_ns(&self) -> f64 {
        self.cpu_s * 1e9 / self.records as f64
    }
}

/// User and system time of this process, all threads.
pub(crate) fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec as u32)
}

/// The most memory that this process had resident, in MB.
pub(crate) fn peak_mb() -> Result<f64> {
    status("VmHWM:")
}

/// The memory that a process has resident, in MB.
pub(crate) fn resident_mb() -> Result<f64> {
    status("VmRSS:")
}

fn status(name: &str) -> Result<f64> {
    let text = fs::read_to_string("/proc/self/status").context("memory is measured on Linux only")?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)).context("the kernel tells no memory")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().context("the kernel's memory is no number")?;
    Ok(kib * 1024.0 / 1e6)
}

/// A moment: wall clock and this process's CPU.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub(crate) at: Instant,
    pub(crate) cpu: Duration,
}

impl Moment {
    pub(crate) fn now() -> Moment {
        Moment { at: Instant::now(), cpu: cpu() }
    }
}

/// When the first record came in this process, and the memory it had resident then, in MB.
static FIRST: OnceLock<(Moment, f64)> = OnceLock::new();

fn first() -> (Moment, f64) {
    // Memory that nobody can tell is not a number, which reaches no goal.
    *FIRST.get_or_init(|| {
        let resident = resident_mb().unwrap_or(f64::NAN);
        (Moment::now(), resident)
    })
}

/// Notes that a record has come.
pub(crate) fn first_record() -> Moment {
    first().0
}

/// The memory that has become resident since the first record, in MB.
pub(crate) fn grown_mb() -> Result<f64> {
    Ok(resident_mb()? - first().1)
}
