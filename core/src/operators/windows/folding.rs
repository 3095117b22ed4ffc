//! Folds records into the slots of a lane, and gathers what comes out: results, and records that were late.

use arrow_array::builder::{BinaryViewBuilder, BooleanBufferBuilder};

use super::state::{Changed, Held, Last, joined};
use crate::aggregate::{Arguments, FailedRow, States};
use crate::window::{Emit, Fold, Span};

/// One batch on its way into the windows of a lane.
pub(super) struct Folding<'a> {
    pub(super) states: &'a mut States,
    /// of the batch; none where no row is taken
    pub(super) arguments: Option<&'a Arguments>,
    pub(super) held: &'a mut Held,
    pub(super) changed: Option<&'a mut Changed>,
    pub(super) emit: Emit,
    /// the least stream time between two results of a window
    pub(super) every_ms: Option<i64>,
    /// the row being taken
    pub(super) row: u32,
    /// stream time with it
    pub(super) time: i64,
    pub(super) results: Results,
    pub(super) late: Vec<Late>,
    /// rows that a sum has no room for
    pub(super) overflows: Vec<FailedRow>,
}

/// Results, one entry each; their values are given by the states.
#[derive(Default)]
pub(super) struct Results {
    /// the rows that caused them
    pub(super) rows: Vec<u32>,
    /// none where each has the key of its row
    pub(super) keys: Option<BinaryViewBuilder>,
    pub(super) starts: Vec<i64>,
    pub(super) ends: Vec<i64>,
    pub(super) times: Vec<i64>,
    /// which are tombstones; none where none is
    pub(super) tombstones: Option<BooleanBufferBuilder>,
}

/// A row that missed a window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Late {
    pub(super) row: u32,
    pub(super) span: Span,
    pub(super) closed_at: i64,
    pub(super) time: i64,
}

impl<'a> Folding<'a> {
    pub(super) fn new(
        states: &'a mut States,
        arguments: Option<&'a Arguments>,
        held: &'a mut Held,
        changed: Option<&'a mut Changed>,
        (emit, every_ms): (Emit, Option<i64>),
    ) -> Folding<'a> {
        // Without a pause between results, they come with a record of their key.
        let keys = (emit == Emit::OnClose || every_ms.is_some() || arguments.is_none()).then(BinaryViewBuilder::new);
        Folding {
            states,
            arguments,
            held,
            changed,
            emit,
            every_ms,
            row: 0,
            time: 0,
            results: Results { keys, ..Results::default() },
            late: Vec::new(),
            overflows: Vec::new(),
        }
    }

    /// Notes a result; the states are asked for its values by whoever calls.
    fn note(&mut self, key: &[u8], span: Span, ts: i64) {
        let results = &mut self.results;
        results.rows.push(self.row);
        if let Some(keys) = &mut results.keys {
            keys.append_value(key);
        }
        results.starts.push(span.start);
        results.ends.push(span.end);
        results.times.push(ts);
        if let Some(tombstones) = &mut results.tombstones {
            tombstones.append(false);
        }
    }

    fn give(&mut self, key: &[u8], span: Span, slot: u32, ts: i64) {
        self.states.give(slot);
        self.note(key, span, ts);
    }

    fn give_last(&mut self, key: &[u8], span: Span, slot: u32, ts: i64) {
        self.states.give_last(slot);
        self.note(key, span, ts);
    }

    fn give_tombstone(&mut self, key: &[u8], span: Span) {
        self.states.give_none();
        self.note(key, span, span.end);
        let results = self.results.rows.len();
        let tombstones = self.results.tombstones.get_or_insert_with(|| {
            let mut none = BooleanBufferBuilder::new(results);
            none.append_n(results, false);
            none
        });
        tombstones.set_bit(results - 1, true);
    }

    /// Gives the results whose time has come. Called with the time of a record, before it is taken.
    pub(super) fn give_due(&mut self, time: i64) {
        while let Some(entry) = self.held.due.first_entry().filter(|entry| *entry.key() <= time) {
            for slot in entry.remove() {
                let Some((key, span, ts)) = self.held.last.get_mut(&slot).and_then(|last| last.waits.take()) else {
                    continue;
                };
                self.give_held(&key, span, slot, ts, time);
            }
        }
    }

    /// The result of a window that gives one at most every so often.
    fn hold(&mut self, key: &[u8], span: Span, slot: u32, ts: i64, every_ms: i64) {
        match self.held.last.get_mut(&slot) {
            Some(last) if self.time < last.given_at.saturating_add(every_ms) => {
                if last.waits.is_none() {
                    self.held.due.entry(last.given_at.saturating_add(every_ms)).or_default().push(slot);
                }
                last.waits = Some((key.into(), span, ts));
            }
            _ => self.give_held(key, span, slot, ts, self.time),
        }
    }

    /// Gives a result, and takes back what was given of the same slot as another window.
    fn give_held(&mut self, key: &[u8], span: Span, slot: u32, ts: i64, time: i64) {
        let now = Last { given_at: time, given: span, waits: None };
        let before = self.held.last.insert(slot, now);
        if let Some(before) = before.filter(|before| before.given != span) {
            self.give_tombstone(key, before.given);
        }
        self.give(key, span, slot, ts);
    }

    /// A slot is not this window's any more: what it gave last, and what waits.
    fn let_go(&mut self, slot: u32) -> Option<Last> {
        let last = self.held.last.remove(&slot)?;
        if last.waits.is_some() {
            let due = last.given_at.saturating_add(self.every_ms.unwrap_or_default());
            if let Some(slots) = self.held.due.get_mut(&due) {
                slots.retain(|&other| other != slot);
                if slots.is_empty() {
                    self.held.due.remove(&due);
                }
            }
        }
        Some(last)
    }

    fn has_changed(&mut self, key: &[u8], span: Span) {
        if let Some(changed) = &mut self.changed {
            changed.insert(joined(key, span));
        }
    }
}

impl Fold for Folding<'_> {
    fn begin(&mut self) -> u32 {
        self.states.add()
    }

    fn takes(&mut self, slots: &[u32]) -> bool {
        let Some(arguments) = self.arguments.filter(|arguments| arguments.may_overflow()) else { return true };
        let refused = self.states.refuses(slots, self.row, arguments);
        let takes = refused.is_none();
        // A row may miss several windows so, and fails once.
        let is_known = self.overflows.last().is_some_and(|failed| failed.failure.row == self.row as usize);
        self.overflows.extend(refused.filter(|_| !is_known));
        takes
    }

    fn settle(&mut self, slot: u32) {
        let Some(mut last) = self.let_go(slot) else { return };
        let waits = last.waits.take();
        self.held.last.insert(slot, last);
        if let Some((key, span, ts)) = waits {
            self.give_held(&key, span, slot, ts, self.time);
        }
    }

    fn add(&mut self, slot: u32) {
        if self.takes(&[slot]) {
            self.states.fold(slot, self.row);
        }
    }

    fn merge(&mut self, key: &[u8], into: u32, from: u32) {
        if let Some(last) = self.let_go(from) {
            self.give_tombstone(key, last.given);
        }
        self.states.merge(into, from);
        self.states.free(from);
    }

    fn copy(&mut self, from: u32) -> u32 {
        self.states.copy(from)
    }

    fn free(&mut self, slot: u32) {
        self.let_go(slot);
        self.states.free(slot);
    }

    fn update(&mut self, key: &[u8], span: Span, slot: u32, ts: i64) {
        self.has_changed(key, span);
        match (self.emit, self.every_ms) {
            (Emit::OnClose, _) => {}
            (Emit::OnUpdate, None) => self.give(key, span, slot, ts),
            (Emit::OnUpdate, Some(every_ms)) => self.hold(key, span, slot, ts, every_ms),
        }
    }

    fn retract(&mut self, key: &[u8], span: Span, _: u32) {
        self.has_changed(key, span);
        // What is held back is taken back with the next result.
        if self.emit == Emit::OnUpdate && self.every_ms.is_none() {
            self.give_tombstone(key, span);
        }
    }

    fn close(&mut self, key: &[u8], span: Span, slot: u32, ts: i64) {
        self.has_changed(key, span);
        if self.emit == Emit::OnClose {
            return self.give_last(key, span, slot, ts);
        }
        let Some(Last { given, waits: Some((key, span, ts)), .. }) = self.let_go(slot) else {
            return self.states.free(slot);
        };
        if given != span {
            self.give_tombstone(&key, given);
        }
        self.give_last(&key, span, slot, ts);
    }

    fn late(&mut self, span: Span, closed_at: i64) {
        self.late.push(Late { row: self.row, span, closed_at, time: self.time });
    }
}
