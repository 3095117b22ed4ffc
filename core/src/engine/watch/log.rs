//! What happened in a run: the last entries, equal ones in a row counted.

use std::collections::VecDeque;

use crate::problem::{Fault, Severity};
use crate::snapshot::LogEntry;

/// How many entries are kept.
const KEPT: usize = 200;
/// Equal entries this close to the last, counted back, are the same.
const FOLDED: usize = 4;

/// The last entries.
#[derive(Default)]
pub(crate) struct Log {
    entries: VecDeque<LogEntry>,
    next: u64,
}

impl Log {
    /// Something happened.
    pub(crate) fn tell(&mut self, at_ms: i64, severity: Severity, node: Option<&str>, message: String) {
        let is_same = |entry: &&mut LogEntry| {
            entry.severity == severity && entry.node.as_deref() == node && entry.message == message
        };
        if let Some(known) = self.entries.iter_mut().rev().take(FOLDED).find(is_same) {
            known.count += 1;
            known.last_ms = at_ms;
            return;
        }
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        let (number, node) = (self.next, node.map(str::to_string));
        self.next += 1;
        self.entries.push_back(LogEntry { number, at_ms, last_ms: at_ms, count: 1, severity, node, message });
    }

    /// A fault: one that may pass is a warning.
    pub(crate) fn tell_fault(&mut self, at_ms: i64, fault: &Fault) {
        let severity = if fault.may_retry { Severity::Warning } else { Severity::Error };
        let record = fault.record.as_ref().map(|at| format!(" ({}-{}, offset {})", at.topic, at.partition, at.offset));
        let message = format!("{}{}", fault.message, record.unwrap_or_default());
        self.tell(at_ms, severity, fault.node.as_deref(), message);
    }

    /// All entries, oldest first.
    pub(crate) fn all(&self) -> Vec<LogEntry> {
        self.entries.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_entries_fold_and_old_ones_go() {
        let mut log = Log::default();
        let tell = |log: &mut Log, at, message: &str| log.tell(at, Severity::Note, Some("a"), message.into());
        tell(&mut log, 1, "one");
        tell(&mut log, 2, "two");
        tell(&mut log, 3, "one");
        let seen: Vec<_> = log.all().into_iter().map(|it| (it.number, it.at_ms, it.last_ms, it.count)).collect();
        assert_eq!(seen, [(0, 1, 3, 2), (1, 2, 2, 1)]);
        (0..KEPT).for_each(|number| tell(&mut log, 4, &format!("news {number}")));
        let all = log.all();
        assert_eq!((all.len(), all[0].number, all[KEPT - 1].number), (KEPT, 2, KEPT as u64 + 1));
        tell(&mut log, 9, "one");
        assert_eq!(log.all().last().map(|it| it.count), Some(1), "what has gone is not counted on");
    }

    #[test]
    fn a_fault_leads_to_its_node() {
        let mut log = Log::default();
        log.tell_fault(1, &Fault::outside("slow").at_node("out"));
        log.tell_fault(2, &Fault::user("bad").at_node("in"));
        let seen: Vec<_> = log.all().into_iter().map(|it| (it.severity, it.node, it.message)).collect();
        assert_eq!(
            seen,
            [
                (Severity::Warning, Some("out".to_string()), "slow".to_string()),
                (Severity::Error, Some("in".to_string()), "bad".to_string())
            ]
        );
    }
}
