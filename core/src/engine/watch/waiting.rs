//! Windows that nothing moves on: lanes whose stream time stands still because no record comes, told once each time.

use std::collections::{BTreeMap, BTreeSet};

use super::{Log, ranges};
use crate::problem::Severity;
use crate::window::{ClosedBy, Emit, LaneReport};

/// Without a record for so long, windows that only a record can close are waiting.
const WAITING_AFTER_MS: i64 = 30_000;

/// Lanes of which it was told.
#[derive(Default)]
pub(crate) struct Waiting(BTreeSet<(String, u32)>);

impl Waiting {
    /// Looks at the windows of a node, lane by lane.
    pub(crate) fn look(&mut self, at_ms: i64, node: &str, windows: &BTreeMap<u32, LaneReport>, log: &mut Log) {
        let (mut lanes, mut open) = (Vec::new(), 0);
        for (&lane, report) in windows {
            let at = (node.to_string(), lane);
            if !is_waiting(at_ms, report) {
                self.0.remove(&at);
            } else if self.0.insert(at) {
                // Lanes are partitions.
                lanes.push(i32::try_from(lane).unwrap_or(i32::MAX));
                open += report.open;
            }
        }
        let what = if lanes.len() == 1 { "lane" } else { "lanes" };
        let (lanes, which) = (lanes.len(), ranges(&lanes));
        if lanes > 0 {
            let windows = if open == 1 { "window" } else { "windows" };
            let seconds = WAITING_AFTER_MS / 1000;
            let message = format!("{what} {which}: {open} {windows} cannot fire, no record for {seconds} s");
            log.tell(at_ms, Severity::Warning, Some(node), message);
        }
    }
}

fn is_waiting(at_ms: i64, report: &LaneReport) -> bool {
    let is_quiet = report.last_record_ms.is_some_and(|last| at_ms - last >= WAITING_AFTER_MS);
    let needs_record = report.emit == Emit::OnClose && report.closed_by == ClosedBy::Time && report.idle.is_none();
    is_quiet && needs_record && report.open > 0 && !report.has_ended
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_that_nothing_moves_on_are_told_of_once() {
        let lane = |open: usize, last: i64| LaneReport {
            open,
            last_record_ms: Some(last),
            emit: Emit::OnClose,
            ..LaneReport::default()
        };
        let (mut waiting, mut log) = (Waiting::default(), Log::default());
        let mut look = |at_ms: i64, lanes: &[LaneReport]| {
            let windows = lanes.iter().cloned().enumerate().map(|(lane, report)| (lane as u32, report)).collect();
            waiting.look(at_ms, "vwap", &windows, &mut log);
            log.all().iter().map(|entry| entry.message.clone()).collect::<Vec<_>>()
        };
        assert!(look(29_000, &[lane(2, 0), lane(1, 9_000)]).is_empty());
        let first = "lane 0: 2 windows cannot fire, no record for 30 s";
        assert_eq!(look(30_000, &[lane(2, 0), lane(1, 9_000)]), [first]);
        let second = "lane 1: 1 window cannot fire, no record for 30 s";
        assert_eq!(look(39_000, &[lane(2, 0), lane(1, 9_000)]), [first, second]);
        assert_eq!(look(40_000, &[lane(2, 39_500), lane(1, 9_000)]).len(), 2);
        // Once more, after it went on; nothing of what closes without a record.
        let on_update = LaneReport { emit: Emit::OnUpdate, ..lane(5, 0) };
        let ended = LaneReport { has_ended: true, ..lane(5, 0) };
        let told = look(90_000, &[lane(3, 50_000), lane(1, 9_000), on_update, ended, lane(0, 0)]);
        assert_eq!(told[2..], ["lane 0: 3 windows cannot fire, no record for 30 s"]);
    }
}
