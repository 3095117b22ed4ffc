//! Windows as vessels on an axis of event time: which there are, what each is doing, how full it is, in which row it stands.
//! Plain values of plain values.

use std::collections::{BTreeMap, VecDeque};

use tidegate_core::snapshot::{Snapshot, StateSnapshot};
use tidegate_core::window::LaneReport;

/// What a vessel is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Closed,
    Closing,
    Open,
    Next,
}

/// A window on the axis, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Vessel {
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) phase: Phase,
    /// keys that have it open, where that is known
    pub(crate) keys: Option<usize>,
    /// those that overlap stand one below the other
    pub(crate) row: usize,
}

/// Vessels of windows that do not overlap, before the one that closes next.
const BEFORE: i64 = 4;
/// The most that stand ahead of it, and the most rows.
const AHEAD: i64 = 8;
pub(super) const ROWS: usize = 6;

/// The windows of a lane: those that are open, as far as the store tells; around them, where windows follow one another, some
/// that have closed and the next one.
pub(crate) fn vessels(report: &LaneReport, lane: u32, state: Option<&StateSnapshot>) -> Vec<Vessel> {
    let Some(time) = report.stream_time else { return Vec::new() };
    let mut open: BTreeMap<(i64, i64), usize> = BTreeMap::new();
    for row in state.iter().flat_map(|state| &state.rows).filter(|row| row.lane == lane) {
        if let Some(window) = row.window {
            *open.entry(window).or_default() += 1;
        }
    }
    let phase = |start: i64, end: i64| match () {
        () if time >= end => Phase::Closing,
        () if time >= start => Phase::Open,
        () => Phase::Next,
    };
    let mut all: Vec<Vessel> = open
        .into_iter()
        .map(|((start, end), keys)| Vessel { start, end, phase: phase(start, end), keys: Some(keys), row: 0 })
        .collect();
    let overlaps = |a: &Vessel, b: &Vessel| a.start < b.end && b.start < a.end;
    let is_row = all.windows(2).all(|pair| !overlaps(&pair[0], &pair[1]));
    if let Some(next) = report.next.filter(|_| is_row) {
        let length = next.end.saturating_sub(next.start).max(1);
        let ahead = (time.saturating_sub(next.start) / length).saturating_add(1).clamp(1, AHEAD);
        for number in -BEFORE..=ahead {
            let start = next.start.saturating_add(length.saturating_mul(number));
            let end = start.saturating_add(length);
            let phase = if number < 0 { Phase::Closed } else { phase(start, end) };
            let vessel = Vessel { start, end, phase, keys: None, row: 0 };
            if !all.iter().any(|known| overlaps(known, &vessel)) {
                all.push(vessel);
            }
        }
    }
    all.sort_by_key(|vessel| (vessel.start, vessel.end));
    in_rows(&mut all);
    all
}

/// Puts each into the first row in which it overlaps nothing.
fn in_rows(all: &mut [Vessel]) {
    let mut ends: Vec<i64> = Vec::new();
    for vessel in all {
        vessel.row = ends.iter().position(|end| *end <= vessel.start).unwrap_or(ends.len());
        if vessel.row == ends.len() {
            ends.push(vessel.end);
        }
        ends[vessel.row] = vessel.end;
    }
}

/// Late records that were seen, by the node and lane that they missed.
#[derive(Debug, Clone, Default)]
pub(crate) struct LateMarks {
    /// node, lane, timestamp, and how many were late by then
    seen: VecDeque<(String, u32, i64, u64)>,
}

/// The most that are kept.
const MOST: usize = 400;

impl LateMarks {
    /// Takes in the late records of each lane that came since the last look; of many the newest, as far as they are told.
    pub(crate) fn take(&mut self, snapshot: &Snapshot) {
        for node in &snapshot.nodes {
            for (lane, report) in &node.windows {
                let is_of = |known: &&(String, u32, i64, u64)| known.0 == node.id && known.1 == *lane;
                let before = self.seen.iter().rev().find(is_of).map_or(0, |known| known.3);
                let new = usize::try_from(report.late.saturating_sub(before)).unwrap_or(usize::MAX);
                let told = report.late_times.len();
                let times = report.late_times.iter().skip(told.saturating_sub(new));
                self.seen.extend(times.map(|ts| (node.id.clone(), *lane, *ts, report.late)));
            }
        }
        let old = self.seen.len().saturating_sub(MOST);
        self.seen.drain(..old);
    }

    /// Timestamps of those of a lane.
    pub(crate) fn of(&self, node: &str, lane: u32) -> impl Iterator<Item = i64> {
        self.seen.iter().filter(move |known| known.0 == node && known.1 == lane).map(|known| known.2)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use tidegate_core::snapshot::{NodeSnapshot, StateRow};
    use tidegate_core::window::NextReport;

    use super::*;

    fn report() -> LaneReport {
        let next = NextReport { start: 60_000, end: 120_000, grace_from: 120_000, closes_at: 140_000 };
        LaneReport { stream_time: Some(130_000), next: Some(next), ..LaneReport::default() }
    }

    fn state(windows: &[(&str, i64, i64)]) -> StateSnapshot {
        let row = |(key, start, end): &(&str, i64, i64)| StateRow {
            lane: 0,
            key: Value::from(*key),
            window: Some((*start, *end)),
            value: Value::Null,
        };
        StateSnapshot { rows: windows.iter().map(row).collect(), ..StateSnapshot::default() }
    }

    fn shown(all: &[Vessel]) -> Vec<(i64, Phase, Option<usize>, usize)> {
        all.iter().map(|it| (it.start, it.phase, it.keys, it.row)).collect()
    }

    #[test]
    fn vessels_stand_around_stream_time() {
        let all = vessels(&report(), 0, None);
        assert_eq!(
            shown(&all[3..]),
            [
                (0, Phase::Closed, None, 0),
                (60_000, Phase::Closing, None, 0),
                (120_000, Phase::Open, None, 0),
                (180_000, Phase::Next, None, 0)
            ]
        );
        let state = state(&[("a", 60_000, 120_000), ("a", 120_000, 180_000), ("b", 120_000, 180_000)]);
        let all = vessels(&report(), 0, Some(&state));
        assert_eq!(
            shown(&all[4..]),
            [(60_000, Phase::Closing, Some(1), 0), (120_000, Phase::Open, Some(2), 0), (180_000, Phase::Next, None, 0)]
        );
        assert_eq!(vessels(&LaneReport::default(), 0, None), []);
    }

    #[test]
    fn windows_that_overlap_stand_in_rows() {
        let state = state(&[("a", 0, 60_000), ("a", 30_000, 90_000), ("a", 60_000, 120_000), ("b", 100_000, 100_500)]);
        let rows: Vec<(i64, usize)> = vessels(&report(), 0, Some(&state)).iter().map(|it| (it.start, it.row)).collect();
        assert_eq!(rows, [(0, 0), (30_000, 1), (60_000, 0), (100_000, 1)]);
    }

    #[test]
    fn each_late_record_is_noted_once() {
        let mut late_marks = LateMarks::default();
        for (times, count) in [(&[5][..], 1), (&[5], 1), (&[5, 7], 2), (&[5, 7, 6, 4], 4), (&[1, 2], 9)] {
            let report = LaneReport { late_times: times.iter().copied().collect(), late: count, ..report() };
            let windows = [(3, report)].into_iter().collect();
            let node = NodeSnapshot { id: "w".into(), windows, ..NodeSnapshot::default() };
            late_marks.take(&Snapshot { nodes: vec![node], ..Snapshot::default() });
        }
        assert_eq!(late_marks.of("w", 3).collect::<Vec<_>>(), [5, 7, 6, 4, 1, 2]);
        assert_eq!(late_marks.of("w", 0).count(), 0);
    }
}
