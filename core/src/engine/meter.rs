//! Counters that tasks raise and snapshots read: relaxed atomics, touched once per batch.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use crate::operators::Drops;
use crate::problem::RecordPlace;

/// How many failed records of a node are kept for inspection.
const KEPT_FAILURES: usize = 16;

/// What one node has done, all lanes together.
#[derive(Default)]
pub(crate) struct NodeMeter {
    pub(crate) records_in: AtomicU64,
    pub(crate) records_out: AtomicU64,
    pub(crate) errors: AtomicU64,
    drops: Mutex<BTreeMap<&'static str, u64>>,
    failures: Mutex<VecDeque<(RecordPlace, String)>>,
}

impl NodeMeter {
    pub(crate) fn count_drops(&self, drops: &mut Drops) {
        let mut counts = drops.drain().peekable();
        if counts.peek().is_none() {
            return;
        }
        let mut sums = self.drops.lock().unwrap_or_else(PoisonError::into_inner);
        for (reason, records) in counts {
            *sums.entry(reason).or_default() += records;
        }
    }

    pub(crate) fn keep_failure(&self, place: RecordPlace, reason: &str) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() == KEPT_FAILURES {
            failures.pop_front();
        }
        failures.push_back((place, reason.to_string()));
    }

    pub(crate) fn drops(&self) -> BTreeMap<&'static str, u64> {
        self.drops.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn failures(&self) -> Vec<(RecordPlace, String)> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

/// What a task is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    /// working, or waiting for a thread
    Busy,
    /// nothing to do
    Idle,
    /// a queue behind it is full, or a client's
    BackPressured,
    /// waiting for a throttle's budget; counts as busy
    Limited,
}

/// Where one task's time goes. The times sum up to the time since it was made.
pub(crate) struct TaskMeter {
    nanos: [AtomicU64; 4],
    now: AtomicU64,
    since_ns: AtomicI64,
}

impl TaskMeter {
    pub(crate) fn new(now_ns: i64) -> TaskMeter {
        TaskMeter {
            nanos: Default::default(),
            now: AtomicU64::new(Doing::Idle as u64),
            since_ns: AtomicI64::new(now_ns),
        }
    }

    /// From now on the task does this.
    pub(crate) fn turn(&self, to: Doing, now_ns: i64) {
        let before = self.now.swap(to as u64, Relaxed) as usize;
        let since = self.since_ns.swap(now_ns, Relaxed);
        self.nanos[before].fetch_add((now_ns - since).max(0) as u64, Relaxed);
    }

    /// Nanoseconds busy (limited among them), idle, back-pressured, and of the busy ones limited.
    pub(crate) fn read(&self, now_ns: i64) -> TaskTimes {
        let mut nanos = [0; 4];
        for (sum, part) in nanos.iter_mut().zip(&self.nanos) {
            *sum = part.load(Relaxed);
        }
        nanos[self.now.load(Relaxed) as usize] += (now_ns - self.since_ns.load(Relaxed)).max(0) as u64;
        let [busy, idle, back_pressured, limited] = nanos;
        TaskTimes { busy: busy + limited, idle, back_pressured, limited }
    }
}

/// Nanoseconds since a task was made, by what it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TaskTimes {
    pub(crate) busy: u64,
    pub(crate) idle: u64,
    pub(crate) back_pressured: u64,
    pub(crate) limited: u64,
}
