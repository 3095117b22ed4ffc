//! What a run remembers of itself, through all its restarts, so that a snapshot can tell rates, trends and what happened:
//! readings of its meters over the last seconds, samples of the last minutes, a log, a history for each partition. The
//! run's keeper fills it; whoever asks for a snapshot reads it. Nothing here makes a task wait.
//!
//! - `counts`: the meters at one instant, and what is between two of them
//! - `series`: the last ten seconds and the last five minutes of these
//! - `log`: what happened
//! - `waiting`: windows that nothing moves on
//! - `partitions`: what is read, commit by commit; `asking`: what only brokers know of it

mod asking;
mod counts;
mod log;
mod partitions;
mod series;
mod waiting;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use super::run::lock;
use crate::problem::{Fault, Severity};
use crate::snapshot::{Bottleneck, HeldBy, Snapshot};
use crate::window::LaneReport;

pub(super) use asking::Asking;
pub(super) use counts::{Counts, mean};
pub(super) use log::Log;
pub(super) use partitions::{Partitions, Seen, SeenOf, ranges};
pub(super) use series::{EVERY_MS, Series};
pub(super) use waiting::Waiting;

/// How long something holds until it is told in the log: what comes and goes is no news.
const NEWS_AFTER_MS: i64 = 5_000;

/// What a run remembers of itself.
pub(super) struct Watch {
    pub(super) started: Instant,
    pub(super) started_ms: i64,
    memory: Mutex<Memory>,
}

#[derive(Default)]
pub(super) struct Memory {
    pub(super) series: Series,
    pub(super) log: Log,
    pub(super) partitions: Partitions,
    pub(super) speeds: Speeds,
    waiting: Waiting,
    bottleneck: Option<Bottleneck>,
    is_told: bool,
    pub(super) restarts: u32,
    /// the attempt that runs has been told to end
    pub(super) is_ending: bool,
    /// how often each node has started again alone
    restarts_of: BTreeMap<String, u64>,
    /// tasks and lanes that have been in one call for long
    in_calls: BTreeSet<(usize, u32)>,
}

impl Watch {
    pub(super) fn new(started_ms: i64) -> Watch {
        Watch { started: Instant::now(), started_ms, memory: Mutex::default() }
    }

    /// Wall clock, which does not go back within a run.
    pub(super) fn now_ms(&self) -> i64 {
        self.started_ms + self.started.elapsed().as_millis() as i64
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Memory> {
        lock(&self.memory)
    }

    /// Something happened.
    pub(super) fn tell(&self, at_ms: i64, severity: Severity, node: Option<&str>, message: impl Into<String>) {
        self.lock().log.tell(at_ms, severity, node, message.into());
    }
}

impl Memory {
    /// The run starts again: its tasks are others, and so are their meters.
    pub(super) fn start_again(&mut self) {
        self.series.forget_recent();
        self.restarts += 1;
        self.is_ending = false;
        self.in_calls.clear();
    }

    /// Remembers where the partitions stand, and what that means.
    pub(super) fn note_partitions(&mut self, at_ms: i64, seen: &[Seen], is_paused: bool) {
        self.partitions.push(at_ms, seen, is_paused, &mut self.log);
    }

    /// Tells of windows of a node that wait for a record which does not come.
    pub(super) fn note_windows(&mut self, at_ms: i64, node: &str, windows: &BTreeMap<u32, LaneReport>) {
        self.waiting.look(at_ms, node, windows, &mut self.log);
    }

    /// Tells of a node that has failed and started again alone.
    pub(super) fn note_restarts(&mut self, at_ms: i64, node: &str, count: u64, fault: impl FnOnce() -> Option<Fault>) {
        let known = self.restarts_of.get(node).copied().unwrap_or(0);
        if count > known {
            self.restarts_of.insert(node.to_string(), count);
            let why = fault().map(|fault| format!(": {}", fault.message)).unwrap_or_default();
            self.log.tell(at_ms, Severity::Warning, Some(node), format!("has failed and starts again alone{why}"));
        }
    }

    /// Remembers which tasks and lanes are in a call, and for how many milliseconds. Gives those that have been for long,
    /// and those that have been and have come back, once.
    pub(super) fn note_calls(&mut self, calls: Vec<((usize, u32), i64)>) -> Vec<((usize, u32), bool)> {
        let long = calls.into_iter().filter(|(_, lasts_ms)| *lasts_ms >= NEWS_AFTER_MS);
        let long: BTreeSet<(usize, u32)> = long.map(|(at, _)| at).collect();
        let known = std::mem::replace(&mut self.in_calls, long.clone());
        let new = long.difference(&known).map(|&at| (at, true));
        new.chain(known.difference(&long).map(|&at| (at, false))).collect()
    }

    /// Remembers what holds everything back, and since when; tells it once it is no passing matter.
    pub(super) fn note_bottleneck(&mut self, snapshot: &Snapshot) {
        let found = snapshot.find_bottleneck();
        let since_ms = match (&self.bottleneck, &found) {
            (Some(known), Some((task, by, _))) if (known.task, known.by) == (*task, *by) => known.since_ms,
            _ => {
                self.is_told = false;
                snapshot.at_ms
            }
        };
        self.bottleneck = found.map(|(task, by, node)| Bottleneck { node, task, by, since_ms });
        let Some(Bottleneck { node, task, by, .. }) = &self.bottleneck else { return };
        if self.is_told || snapshot.at_ms - since_ms < NEWS_AFTER_MS {
            return;
        }
        self.is_told = true;
        let lanes = snapshot.tasks.get(*task).map(|task| task.lanes.as_slice()).unwrap_or_default();
        let held = lanes.iter().map(|lane| match by {
            HeldBy::Outside => lane.pressure.back_pressured,
            _ => lane.pressure.busy,
        });
        let held: Vec<f64> = held.collect();
        let count = held.iter().filter(|&&share| share > 500.0).count();
        let most = held.iter().copied().fold(0.0, f64::max) / 10.0;
        let what = match by {
            HeldBy::Work => format!("busy {most:.0}%"),
            HeldBy::Throttle => format!("waits {most:.0}% for its rate"),
            HeldBy::Outside => format!("waits {most:.0}% for what it writes to"),
        };
        let message = format!("bottleneck: {what} on {count} of {} lanes", lanes.len());
        let node = node.clone();
        self.log.tell(snapshot.at_ms, Severity::Warning, Some(&node), message);
    }

    pub(super) fn bottleneck(&self) -> Option<&Bottleneck> {
        self.bottleneck.as_ref()
    }
}

/// Stream times as the last snapshots found them: they are not looked for without being asked.
#[derive(Default)]
pub(super) struct Speeds(VecDeque<(i64, StreamTimes)>);

/// Stream time by node and lane, in milliseconds.
type StreamTimes = BTreeMap<(usize, u32), i64>;

impl Speeds {
    /// How many snapshots are remembered, a second apart.
    const KEPT: usize = 10;

    /// Seconds of stream time in a second, by node and lane, since the oldest look remembered.
    pub(super) fn look(&mut self, at_ms: i64, times: StreamTimes) -> BTreeMap<(usize, u32), f64> {
        let speeds = self.0.front().filter(|(before, _)| at_ms - before >= 1000).map(|(before_ms, before)| {
            let passed = (at_ms - before_ms) as f64;
            let speed =
                |(at, time): (&(usize, u32), &i64)| Some((*at, (time - before.get(at)?).max(0) as f64 / passed));
            times.iter().filter_map(speed).collect()
        });
        if self.0.back().is_none_or(|(last, _)| at_ms - last >= 1000) {
            self.0.push_back((at_ms, times));
            if self.0.len() > Speeds::KEPT {
                self.0.pop_front();
            }
        }
        speeds.unwrap_or_default()
    }
}
