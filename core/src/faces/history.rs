//! What the meters said over the last minutes: series of samples on fixed slices of wall time, so that a spark shifts once
//! a slice and never wobbles. A slice without a sample stays empty.

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::snapshot::{ClusterSnapshot, Snapshot};

/// What a series is of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Of {
    /// milliseconds a second in which the worst lane of a node's task was busy
    Busy(String),
    /// the same, back-pressured
    Pressed(String),
    /// how full an edge was
    Fill(String),
    /// records behind on a partition of a node
    Lag(String, String, i32),
    /// records behind on a topic of a node, or, without a topic, on all
    Behind(Option<(String, String)>),
    /// records behind in a group of the cluster
    Group(String),
}

/// Wall time of a slice, in milliseconds.
const SLICE_MS: i64 = 5_000;
/// Slices that are kept: an hour.
const SLICES: usize = 720;

/// Samples by slice, oldest first.
type Series = VecDeque<(i64, f64)>;

/// All series.
#[derive(Debug, Clone, Default)]
pub struct History {
    series: HashMap<Of, Series>,
}

impl History {
    /// Takes in a snapshot, and the samples of the past that it brings.
    pub fn take(&mut self, snapshot: &Snapshot) {
        if let Some(past) = &snapshot.past {
            let at = |length: usize, place: usize| past.last_ms - (length - 1 - place) as i64 * past.every_ms;
            for node in &past.nodes {
                self.fill_in(Of::Busy(node.id.clone()), &node.busy, at);
                self.fill_in(Of::Pressed(node.id.clone()), &node.back_pressured, at);
            }
            for edge in &past.edges {
                self.fill_in(Of::Fill(edge.id.clone()), &edge.fill, at);
            }
            let mut sums: BTreeMap<Option<(String, String)>, BTreeMap<i64, f64>> = BTreeMap::new();
            for partition in &past.partitions {
                let samples: Vec<Option<f64>> = partition.lag.iter().map(|lag| lag.map(|lag| lag as f64)).collect();
                let topic = (partition.node.clone(), partition.topic.clone());
                for of in [None, Some(topic)] {
                    let sum = sums.entry(of).or_default();
                    for (place, lag) in samples.iter().enumerate() {
                        if let Some(lag) = lag {
                            *sum.entry(at(samples.len(), place)).or_default() += lag;
                        }
                    }
                }
                self.fill_in(
                    Of::Lag(partition.node.clone(), partition.topic.clone(), partition.partition),
                    &samples,
                    at,
                );
            }
            for (of, sum) in sums {
                sum.into_iter().for_each(|(ms, lag)| self.put(Of::Behind(of.clone()), ms, lag));
            }
        }
        self.take_now(snapshot);
    }

    /// Takes in how far behind groups are, as far as they were just looked at.
    pub fn take_groups(&mut self, seen: &ClusterSnapshot) {
        for group in &seen.groups {
            if let Some((at_ms, lag)) = group.figures.as_ref().and_then(|it| Some((it.at_ms, it.lag?))) {
                self.put(Of::Group(group.name.clone()), at_ms, lag as f64);
            }
        }
    }

    fn take_now(&mut self, snapshot: &Snapshot) {
        let now = snapshot.at_ms;
        for node in &snapshot.nodes {
            let task = node.task.and_then(|task| snapshot.tasks.get(task));
            let lanes = || task.into_iter().flat_map(|task| task.lanes.iter().map(|lane| lane.pressure));
            if task.is_some() {
                self.put(Of::Busy(node.id.clone()), now, lanes().map(|it| it.busy).fold(0.0, f64::max));
                self.put(Of::Pressed(node.id.clone()), now, lanes().map(|it| it.back_pressured).fold(0.0, f64::max));
            }
        }
        for edge in snapshot.edges.iter().filter(|edge| !edge.is_fused) {
            self.put(Of::Fill(edge.id.clone()), now, edge.fill);
        }
        let mut sums: BTreeMap<Option<(String, String)>, Option<f64>> = BTreeMap::new();
        for partition in &snapshot.partitions {
            let lag = partition.lag.map(|lag| lag as f64);
            let topic = (partition.node.clone(), partition.topic.clone());
            for of in [None, Some(topic)] {
                let sum = sums.entry(of).or_insert(Some(0.0));
                // Of a sum of which a part is not known, nothing is.
                *sum = sum.zip(lag).map(|(sum, lag)| sum + lag);
            }
            if let Some(lag) = lag {
                self.put(Of::Lag(partition.node.clone(), partition.topic.clone(), partition.partition), now, lag);
            }
        }
        for (of, sum) in sums {
            if let Some(sum) = sum {
                self.put(Of::Behind(of), now, sum);
            }
        }
    }

    fn fill_in(&mut self, of: Of, samples: &[Option<f64>], at: impl Fn(usize, usize) -> i64) {
        for (place, sample) in samples.iter().enumerate() {
            if let Some(sample) = sample {
                self.put(of.clone(), at(samples.len(), place), *sample);
            }
        }
    }

    fn put(&mut self, of: Of, ms: i64, sample: f64) {
        let slice = ms.div_euclid(SLICE_MS);
        let series = self.series.entry(of).or_default();
        match series.back_mut() {
            Some((last, value)) if *last == slice => *value = sample,
            Some((last, _)) if *last > slice => {}
            _ => series.push_back((slice, sample)),
        }
        if series.len() > SLICES {
            series.pop_front();
        }
    }

    /// So many values over a time up to now, oldest first: the last sample of each part.
    pub fn values(&self, of: &Of, now_ms: i64, window_ms: i64, count: usize) -> Vec<Option<f64>> {
        let part_ms = (window_ms / count.max(1) as i64).max(SLICE_MS);
        let last = now_ms.div_euclid(part_ms);
        let mut values = vec![None; count];
        for (slice, sample) in self.series.get(of).into_iter().flatten() {
            let part = (slice * SLICE_MS).div_euclid(part_ms);
            let back = usize::try_from(last - part).unwrap_or(usize::MAX);
            if back < count {
                values[count - 1 - back] = Some(*sample);
            }
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use crate::snapshot::{NodePast, PartitionPast, PartitionSnapshot, Past};

    use super::*;

    fn of_lag(lag: i64, at_ms: i64) -> Snapshot {
        let partition = PartitionSnapshot { node: "a".into(), topic: "t".into(), lag: Some(lag), ..Default::default() };
        Snapshot { at_ms, partitions: vec![partition], ..Snapshot::default() }
    }

    #[test]
    fn samples_stand_on_fixed_slices() {
        let mut history = History::default();
        let of = Of::Lag("a".into(), "t".into(), 0);
        for (lag, at) in [(1, 0), (2, 4_999), (3, 5_000), (9, 21_000)] {
            history.take(&of_lag(lag, at));
        }
        assert_eq!(history.values(&of, 21_000, 30_000, 6), [None, Some(2.0), Some(3.0), None, None, Some(9.0)]);
        assert_eq!(history.values(&of, 24_999, 30_000, 6), history.values(&of, 21_000, 30_000, 6));
        assert_eq!(history.values(&Of::Behind(None), 21_000, 30_000, 2), [Some(3.0), Some(9.0)]);
        assert_eq!(history.values(&Of::Busy("a".into()), 0, 1, 2), [None, None]);
    }

    #[test]
    fn the_past_comes_with_the_first_snapshot() {
        let node = NodePast { id: "a".into(), busy: vec![None, Some(5.0), Some(6.0)], ..NodePast::default() };
        let of_partition = |partition| PartitionPast {
            node: "a".into(),
            topic: "t".into(),
            partition,
            lag: vec![Some(1), Some(2), Some(3)],
            ..PartitionPast::default()
        };
        let partitions = vec![of_partition(0), of_partition(1)];
        let past = Past { every_ms: 5_000, last_ms: 100_000, nodes: vec![node], partitions, ..Past::default() };
        let mut history = History::default();
        history.take(&Snapshot { at_ms: 101_000, past: Some(past), ..Snapshot::default() });
        let values = |of: Of| history.values(&of, 101_000, 15_000, 3);
        assert_eq!(values(Of::Busy("a".into())), [None, Some(5.0), Some(6.0)]);
        assert_eq!(values(Of::Behind(Some(("a".into(), "t".into())))), [Some(2.0), Some(4.0), Some(6.0)]);
    }
}
