//! Counters that tasks raise and snapshots read, touched once per batch.

mod latency;

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::clock::Clock;
use crate::operators::Drops;
use crate::problem::{Fault, RecordPlace};

pub(crate) use latency::Latency;

/// Whether anything is counted and timed.
static IS_ON: AtomicBool = AtomicBool::new(true);

/// Stops all counting and timing, for good and in the whole process: for a program that measures what that costs.
pub fn stop_metering() {
    IS_ON.store(false, Relaxed);
}

pub(crate) fn is_on() -> bool {
    IS_ON.load(Relaxed)
}

/// Raises a counter.
pub(crate) fn count(counter: &AtomicU64, rows: usize) {
    if is_on() {
        counter.fetch_add(rows as u64, Relaxed);
    }
}

/// How many failed records of a node are kept for inspection.
const KEPT_FAILURES: usize = 16;

/// What one node has done, all lanes together.
#[derive(Default)]
pub(crate) struct NodeMeter {
    pub(crate) records_in: AtomicU64,
    pub(crate) records_out: AtomicU64,
    pub(crate) errors: AtomicU64,
    pub(crate) late: AtomicU64,
    /// rows that left, by output port
    ports: Vec<AtomicU64>,
    latency: Mutex<Latency>,
    drops: Mutex<BTreeMap<&'static str, u64>>,
    failures: Mutex<VecDeque<(RecordPlace, String)>>,
    /// how often it started again alone
    pub(crate) restarts: AtomicU64,
    has_given_up: AtomicBool,
    last_fault: Mutex<Option<Fault>>,
}

/// What went through a task on one lane.
#[derive(Default)]
pub(crate) struct Moved {
    /// rows that were taken in
    pub(crate) taken: AtomicU64,
    /// rows that went to queues, topics and sinks
    pub(crate) given: AtomicU64,
}

impl NodeMeter {
    /// Of a node with so many output ports.
    pub(crate) fn new(ports: usize) -> NodeMeter {
        NodeMeter { ports: (0..ports).map(|_| AtomicU64::new(0)).collect(), ..NodeMeter::default() }
    }

    pub(crate) fn count_port(&self, port: usize, rows: usize) {
        if let Some(counter) = self.ports.get(port) {
            count(counter, rows);
        }
    }

    /// Rows that left by a port.
    pub(crate) fn left_by(&self, port: usize) -> u64 {
        self.ports.get(port).map_or(0, |counter| counter.load(Relaxed))
    }

    pub(crate) fn latency(&self) -> MutexGuard<'_, Latency> {
        self.latency.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rows took so long together.
    pub(crate) fn time(&self, nanos: u64, rows: usize) {
        self.latency().add(nanos, rows);
    }

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

    /// It has failed and starts again alone.
    pub(crate) fn count_restart(&self, fault: &Fault) {
        self.restarts.fetch_add(1, Relaxed);
        *self.last_fault.lock().unwrap_or_else(PoisonError::into_inner) = Some(fault.clone());
    }

    /// It has started again alone as often as it may, or its fault is none that would go away.
    pub(crate) fn give_up(&self) {
        self.has_given_up.store(true, Relaxed);
    }

    pub(crate) fn has_given_up(&self) -> bool {
        self.has_given_up.load(Relaxed)
    }

    /// What it failed of when it last started again alone.
    pub(crate) fn last_fault(&self) -> Option<Fault> {
        self.last_fault.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
pub(crate) struct TaskMeter(Mutex<Spent>);

/// Behind a lock, since a reader must not see half a turn; it is taken twice for each time that a task gets a thread.
struct Spent {
    nanos: [u64; 4],
    doing: Doing,
    since_ns: i64,
}

impl Spent {
    /// Books the time until now; what was read of the clock before others booked is no time.
    fn book(&mut self, now_ns: i64) {
        self.nanos[self.doing as usize] += (now_ns - self.since_ns).max(0) as u64;
        self.since_ns = now_ns.max(self.since_ns);
    }
}

impl TaskMeter {
    pub(crate) fn new(now_ns: i64) -> TaskMeter {
        TaskMeter(Mutex::new(Spent { nanos: [0; 4], doing: Doing::Idle, since_ns: now_ns }))
    }

    fn lock(&self) -> MutexGuard<'_, Spent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on the task does this.
    pub(crate) fn turn(&self, to: Doing, clock: &Clock) {
        if is_on() {
            self.turn_at(to, clock.nanos());
        }
    }

    pub(crate) fn turn_at(&self, to: Doing, now_ns: i64) {
        let mut spent = self.lock();
        spent.book(now_ns);
        spent.doing = to;
    }

    pub(crate) fn read(&self, now_ns: i64) -> TaskTimes {
        let mut spent = self.lock();
        spent.book(now_ns);
        let [busy, idle, back_pressured, limited] = spent.nanos;
        TaskTimes { busy: busy + limited, idle, back_pressured, limited }
    }
}

/// Nanoseconds since a task was made, by what it did; those limited are among the busy ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TaskTimes {
    pub(crate) busy: u64,
    pub(crate) idle: u64,
    pub(crate) back_pressured: u64,
    pub(crate) limited: u64,
}
