//! Readings of the meters: twice a second for ten seconds, from which rates and pressures come, and one sample in five
//! seconds for five minutes, which whoever attaches late gets with the first snapshot.

use std::collections::VecDeque;

use super::counts::{Counts, LaneCounts, NodeCounts, per_second, pressure};
use crate::snapshot::{EdgePast, NodePast, Past, Pressure, Rates, WorstLane};

/// How often the meters are read.
pub(crate) const EVERY_MS: u64 = 500;
/// For how long readings are kept.
const RECENT_NS: i64 = 10_500_000_000;
/// Over what rates are taken.
const RATE_NS: i64 = 5_000_000_000;
/// Over what pressures are taken.
const PRESSURE_NS: i64 = 2_000_000_000;
/// What a sample stands for.
pub(crate) const SLICE_MS: i64 = 5_000;
/// How many samples are kept.
const SLICES: usize = 60;
/// Samples in a minute.
const MINUTE: usize = 12;
/// In a minute fewer records than this are few: the last seconds alone would mostly say none.
const FEW: u64 = 60;

/// Readings of the last seconds, and samples of the last minutes.
#[derive(Default)]
pub(crate) struct Series {
    recent: VecDeque<Counts>,
    slices: VecDeque<Slice>,
    /// counts when the slice that runs began
    began: Option<Counts>,
}

/// What is remembered of five seconds.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Slice {
    /// wall clock at its end
    pub(crate) at_ms: i64,
    /// seconds that it lasted
    pub(crate) seconds: f64,
    /// counts at its start and its end
    pub(crate) before: Vec<NodeCounts>,
    pub(crate) after: Vec<NodeCounts>,
    /// by task: busy and back-pressured time of the lanes that were so most
    pub(crate) most: Vec<(f64, f64)>,
    /// by edge: how full its fullest lane was at the end
    pub(crate) fills: Vec<f64>,
}

impl Series {
    /// Nothing has been read yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.recent.is_empty()
    }

    /// Whether with these counts a sample is complete.
    pub(crate) fn is_sample_due(&self, counts: &Counts) -> bool {
        self.began.as_ref().is_some_and(|began| counts.at_ns - began.at_ns >= SLICE_MS * 1_000_000)
    }

    /// Takes a reading; `fills` tells how full edges are, where a sample is due.
    pub(crate) fn push(&mut self, at_ms: i64, counts: Counts, tasks: usize, fills: Vec<f64>) {
        while self.recent.front().is_some_and(|first| counts.at_ns - first.at_ns > RECENT_NS) {
            self.recent.pop_front();
        }
        match &self.began {
            Some(began) if self.is_sample_due(&counts) => {
                let slice = Slice {
                    at_ms,
                    seconds: counts.seconds_since(began),
                    before: began.nodes.clone(),
                    after: counts.nodes.clone(),
                    most: (0..tasks).map(|task| most(&counts, began, task)).collect(),
                    fills,
                };
                if self.slices.len() == SLICES {
                    self.slices.pop_front();
                }
                self.slices.push_back(slice);
                self.began = Some(counts.clone());
            }
            Some(_) => {}
            None => self.began = Some(counts.clone()),
        }
        self.recent.push_back(counts);
    }

    /// Tasks are made anew: what their meters said before is of others.
    pub(crate) fn forget_recent(&mut self) {
        self.recent.clear();
        if let Some(began) = &mut self.began {
            began.lanes.clear();
        }
    }

    /// The newest reading that is so old, else the oldest.
    fn before(&self, now: &Counts, age_ns: i64) -> Option<&Counts> {
        let old_enough = self.recent.iter().rev().find(|counts| now.at_ns - counts.at_ns >= age_ns);
        old_enough.or(self.recent.front())
    }

    /// Rates of a node up to now, and those of its ports.
    pub(crate) fn rates(&self, now: &Counts, node: usize) -> (Rates, Vec<f64>) {
        let of = |counts: &Counts| counts.nodes.get(node).cloned();
        let (Some(after), Some(before)) = (of(now), self.before(now, RATE_NS)) else { return Default::default() };
        let (mut counts, mut seconds) = (of(before).unwrap_or_default(), now.seconds_since(before));
        if let Some((slice, since)) = self.minute(now)
            && let Some(long_ago) = slice.before.get(node)
            && after.sum() - long_ago.sum() < FEW
        {
            (counts, seconds) = (long_ago.clone(), since);
        }
        let ports = after.ports.iter().zip(&counts.ports).map(|(&after, &before)| per_second(after, before, seconds));
        (after.rates(&counts, seconds), ports.collect())
    }

    /// The slice with which the last minute begins, and the seconds since then.
    fn minute(&self, now: &Counts) -> Option<(&Slice, f64)> {
        let first = self.slices.len().saturating_sub(MINUTE);
        let sum: f64 = self.slices.range(first..).map(|slice| slice.seconds).sum();
        let running = self.began.as_ref().map_or(0.0, |began| now.seconds_since(began));
        Some((self.slices.get(first)?, sum + running))
    }

    /// A lane's pressure, and the records per second that it takes and gives.
    pub(crate) fn lane(&self, now: &Counts, at: (usize, u32)) -> (Pressure, f64, f64) {
        let Some(after) = now.lanes.get(&at) else { return Default::default() };
        let of = |counts: Option<&Counts>| counts.and_then(|counts| counts.lanes.get(&at)).copied().unwrap_or_default();
        let before = self.before(now, RATE_NS);
        let seconds = before.map_or(0.0, |before| now.seconds_since(before));
        let counts: LaneCounts = of(before);
        let times = of(self.before(now, PRESSURE_NS)).times;
        let rate = |now, before| per_second(now, before, seconds);
        (pressure(after.times, times), rate(after.taken, counts.taken), rate(after.given, counts.given))
    }

    /// The lane of a task with the least rest in one of the last seconds.
    pub(crate) fn worst(&self, now: &Counts, task: usize) -> Option<WorstLane> {
        let all: Vec<&Counts> = self.recent.iter().chain([now]).collect();
        let mut worst: Option<WorstLane> = None;
        let seconds = (0..all.len()).filter_map(|from| {
            let to = all[from..].iter().find(|later| later.at_ns - all[from].at_ns >= 900_000_000)?;
            Some((all[from], *to))
        });
        for (before, after) in seconds {
            for (&at, counts) in after.lanes.range((task, 0)..=(task, u32::MAX)) {
                let Some(times) = before.lanes.get(&at).map(|before| before.times) else { continue };
                let pressure = pressure(counts.times, times);
                if worst.is_none_or(|worst| pressure.idle < worst.pressure.idle) {
                    worst = Some(WorstLane { lane: at.1, pressure });
                }
            }
        }
        worst
    }

    /// The samples, for nodes and edges of these names; `task_of` tells a node's task.
    pub(crate) fn past(&self, nodes: &[&str], edges: &[&str], task_of: impl Fn(usize) -> Option<usize>) -> Past {
        let (blank, slices) = (SLICES - self.slices.len(), &self.slices);
        let series = |of: &dyn Fn(&Slice) -> Option<f64>| -> Vec<Option<f64>> {
            std::iter::repeat_n(None, blank).chain(slices.iter().map(of)).collect()
        };
        let rate = |slice: &Slice, node: usize, of: fn(&NodeCounts) -> u64| {
            Some(per_second(of(slice.after.get(node)?), of(slice.before.get(node)?), slice.seconds))
        };
        let most = |slice: &Slice, node: usize| slice.most.get(task_of(node)?).copied();
        let node = |(node, id): (usize, &&str)| NodePast {
            id: id.to_string(),
            records_in: series(&|slice| rate(slice, node, |counts| counts.records_in)),
            records_out: series(&|slice| rate(slice, node, |counts| counts.records_out)),
            busy: series(&|slice| most(slice, node).map(|most| most.0)),
            back_pressured: series(&|slice| most(slice, node).map(|most| most.1)),
        };
        let edge = |(edge, id): (usize, &&str)| EdgePast {
            id: id.to_string(),
            fill: series(&|slice| slice.fills.get(edge).copied()),
        };
        Past {
            every_ms: SLICE_MS,
            last_ms: slices.back().map_or(0, |slice| slice.at_ms),
            nodes: nodes.iter().enumerate().map(node).collect(),
            edges: edges.iter().enumerate().map(edge).collect(),
            partitions: Vec::new(),
        }
    }

    /// Samples that are kept, at most.
    pub(crate) const KEPT: usize = SLICES;
}

/// The busiest and the most back-pressured lane of a task, in milliseconds a second.
fn most(now: &Counts, before: &Counts, task: usize) -> (f64, f64) {
    let lanes = now.lanes.range((task, 0)..=(task, u32::MAX)).map(|(at, counts)| {
        let before = before.lanes.get(at).copied().unwrap_or_default();
        pressure(counts.times, before.times)
    });
    lanes.fold((0.0, 0.0), |most, it| (it.busy.max(most.0), it.back_pressured.max(most.1)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::engine::meter::TaskTimes;

    const HALF: u64 = 500_000_000;

    /// A run of one node whose counts and busy lanes each half second a test tells.
    struct Told {
        series: Series,
        now: Counts,
    }

    impl Told {
        fn new(lanes: u32) -> Told {
            let lanes = (0..lanes).map(|lane| ((0, lane), LaneCounts::default()));
            let node = NodeCounts { ports: vec![0], ..NodeCounts::default() };
            let now = Counts { at_ns: 0, nodes: vec![node], lanes: lanes.collect::<BTreeMap<_, _>>() };
            Told { series: Series::default(), now }
        }

        /// Half a second with so many records, in which these lanes are busy.
        fn go(&mut self, records: u64, busy: &[u32]) {
            self.series.push(self.now.at_ns / 1_000_000, self.now.clone(), 1, vec![0.5]);
            self.now.at_ns += HALF as i64;
            self.now.nodes[0].records_in += records;
            self.now.nodes[0].ports[0] += records;
            for ((_, lane), counts) in &mut self.now.lanes {
                let times: &mut TaskTimes = &mut counts.times;
                *(if busy.contains(lane) { &mut times.busy } else { &mut times.idle }) += HALF;
            }
        }

        fn rate(&self) -> f64 {
            self.series.rates(&self.now, 0).0.records_in
        }
    }

    #[test]
    fn rates_follow_the_last_seconds_and_slow_streams_the_last_minute() {
        let mut told = Told::new(1);
        assert_eq!(told.rate(), 0.0);
        (0..40).for_each(|_| told.go(500, &[]));
        assert_eq!((told.rate(), told.series.rates(&told.now, 0).1), (1000.0, vec![1000.0]));
        (0..12).for_each(|_| told.go(0, &[]));
        assert_eq!(told.rate(), 0.0, "a fast stream that has stopped is not slow");
        let mut slow = Told::new(1);
        (0..200).for_each(|half| slow.go(u64::from(half % 40 == 0), &[]));
        assert!((slow.rate() - 0.05).abs() < 0.02, "{}", slow.rate());
    }

    #[test]
    fn two_lanes_that_take_turns_are_both_seen_to_be_full() {
        let mut told = Told::new(2);
        for second in 0..20 {
            let busy = [second % 4 / 2];
            (0..2).for_each(|_| told.go(1, &busy));
        }
        let worst = told.series.worst(&told.now, 0).unwrap();
        assert_eq!(worst.pressure.busy, 1000.0, "{worst:?}");
        let (pressure, ..) = told.series.lane(&told.now, (0, worst.lane));
        assert_eq!(pressure.busy + pressure.idle, 1000.0);
        (0..22).for_each(|_| told.go(1, &[]));
        assert_eq!(told.series.worst(&told.now, 0).unwrap().pressure.idle, 1000.0, "ten seconds later");
    }

    #[test]
    fn the_past_has_its_length_from_the_start() {
        let mut told = Told::new(1);
        (0..33).for_each(|_| told.go(50, &[0]));
        let past = told.series.past(&["a"], &["e"], |_| Some(0));
        let node = &past.nodes[0];
        assert_eq!((node.records_in.len(), past.edges[0].fill.len()), (SLICES, SLICES));
        assert_eq!(node.records_in[SLICES - 4..], [None, Some(100.0), Some(100.0), Some(100.0)]);
        assert_eq!((node.busy[SLICES - 1], past.edges[0].fill[SLICES - 1]), (Some(1000.0), Some(0.5)));
        (0..2000).for_each(|_| told.go(50, &[0]));
        assert!(told.series.past(&["a"], &[], |_| None).nodes[0].records_in.iter().all(Option::is_some));
    }

    #[test]
    fn meters_of_a_new_attempt_start_from_nothing() {
        let mut told = Told::new(1);
        (0..10).for_each(|_| told.go(50, &[0]));
        told.series.forget_recent();
        told.now.lanes.insert((0, 0), LaneCounts::default());
        (0..10).for_each(|_| told.go(50, &[]));
        assert_eq!(told.series.lane(&told.now, (0, 0)).0.idle, 1000.0);
    }
}
