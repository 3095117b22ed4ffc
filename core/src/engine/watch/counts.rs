//! The meters of a run at one instant, and what happened between two instants.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;

use crate::engine::meter::TaskTimes;
use crate::engine::workshop::Workshop;
use crate::snapshot::{Pressure, Rates};

/// The meters at one instant.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Counts {
    pub(crate) at_ns: i64,
    /// by the number of the node
    pub(crate) nodes: Vec<NodeCounts>,
    /// by task and lane
    pub(crate) lanes: BTreeMap<(usize, u32), LaneCounts>,
}

/// What a node has counted since the start.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct NodeCounts {
    pub(crate) records_in: u64,
    pub(crate) records_out: u64,
    pub(crate) errors: u64,
    pub(crate) late: u64,
    pub(crate) drops: u64,
    /// what left, by output port
    pub(crate) ports: Vec<u64>,
}

/// What a task has counted on a lane since it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct LaneCounts {
    pub(crate) times: TaskTimes,
    pub(crate) taken: u64,
    pub(crate) given: u64,
}

impl Counts {
    pub(crate) fn of(workshop: &Workshop) -> Counts {
        let at_ns = workshop.clock.nanos();
        let nodes = workshop.meters.iter().enumerate().map(|(number, meter)| NodeCounts {
            records_in: meter.records_in.load(Relaxed),
            records_out: meter.records_out.load(Relaxed),
            errors: meter.errors.load(Relaxed),
            late: meter.late.load(Relaxed),
            drops: meter.drops().values().sum(),
            ports: (0..workshop.plan.nodes[number].ports.output_count()).map(|port| meter.left_by(port)).collect(),
        });
        let lanes = workshop.tasks.iter().map(|(&at, cell)| {
            let (taken, given) = (cell.moved.taken.load(Relaxed), cell.moved.given.load(Relaxed));
            (at, LaneCounts { times: cell.meter.read(at_ns), taken, given })
        });
        Counts { at_ns, nodes: nodes.collect(), lanes: lanes.collect() }
    }

    /// Seconds since another instant.
    pub(crate) fn seconds_since(&self, before: &Counts) -> f64 {
        (self.at_ns - before.at_ns).max(0) as f64 / 1e9
    }
}

impl NodeCounts {
    /// Counts per second.
    pub(crate) fn rates(&self, before: &NodeCounts, seconds: f64) -> Rates {
        let rate = |now: u64, before: u64| per_second(now, before, seconds);
        Rates {
            records_in: rate(self.records_in, before.records_in),
            records_out: rate(self.records_out, before.records_out),
            errors: rate(self.errors, before.errors),
            late: rate(self.late, before.late),
            drops: rate(self.drops, before.drops),
        }
    }

    /// All that was counted, to tell few from many.
    pub(crate) fn sum(&self) -> u64 {
        self.records_in + self.records_out
    }
}

/// Counts per second; 0 where no time has passed.
pub(crate) fn per_second(now: u64, before: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { now.saturating_sub(before) as f64 / seconds } else { 0.0 }
}

/// Where time went between two readings; a lane without a meter before counts from its start.
pub(crate) fn pressure(now: TaskTimes, before: TaskTimes) -> Pressure {
    let between = |of: fn(TaskTimes) -> u64| of(now).saturating_sub(of(before)) as f64;
    let (busy, idle) = (between(|times| times.busy), between(|times| times.idle));
    let (back_pressured, limited) = (between(|times| times.back_pressured), between(|times| times.limited));
    let all = busy + idle + back_pressured;
    if all <= 0.0 {
        return Pressure { idle: 1000.0, ..Pressure::default() };
    }
    let share = |nanos: f64| (nanos * 10_000.0 / all).round() / 10.0;
    let (busy, back_pressured) = (share(busy), share(back_pressured));
    // The rest of exactly 1000: idle takes what rounding leaves.
    let idle = ((1000.0 - busy - back_pressured) * 10.0).round().max(0.0) / 10.0;
    Pressure { busy, back_pressured, idle, limited: share(limited).min(busy) }
}

/// The mean of several lanes.
pub(crate) fn mean(all: &[Pressure]) -> Pressure {
    let count = all.len().max(1) as f64;
    let mean = |of: fn(&Pressure) -> f64| (all.iter().map(of).sum::<f64>() / count * 10.0).round() / 10.0;
    let (busy, back_pressured) = (mean(|it| it.busy), mean(|it| it.back_pressured));
    let idle = ((1000.0 - busy - back_pressured) * 10.0).round().max(0.0) / 10.0;
    match all.is_empty() {
        true => Pressure::default(),
        false => Pressure { busy, back_pressured, idle, limited: mean(|it| it.limited).min(busy) },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn times() -> impl Strategy<Value = TaskTimes> {
        (0_u64..1 << 40, 0_u64..1 << 40, 0_u64..1 << 40, 0_u64..1 << 40).prop_map(
            |(busy, idle, back_pressured, limited)| TaskTimes {
                busy,
                idle,
                back_pressured,
                limited: limited.min(busy),
            },
        )
    }

    fn later(before: TaskTimes, by: TaskTimes) -> TaskTimes {
        TaskTimes {
            busy: before.busy + by.busy,
            idle: before.idle + by.idle,
            back_pressured: before.back_pressured + by.back_pressured,
            limited: before.limited + by.limited,
        }
    }

    proptest! {
        #[test]
        fn a_second_has_a_thousand_milliseconds(before in times(), by in prop::collection::vec(times(), 1..5)) {
            let all: Vec<Pressure> = by.iter().map(|by| pressure(later(before, *by), before)).collect();
            for told in all.iter().copied().chain([mean(&all)]) {
                prop_assert!((told.busy + told.idle + told.back_pressured - 1000.0).abs() < 0.11, "{told:?}");
                prop_assert!(told.limited <= told.busy && told.idle >= 0.0, "{told:?}");
            }
        }
    }
}
