//! Tumbling and hopping windows: one table of keys per window, which goes when the window closes.

use std::collections::BTreeMap;

use super::keys::{Keys, hash};
use super::{Fold, Kept, NONE, Next, Span};
use crate::key_map::{SLICE, Walk};

#[derive(Debug)]
pub(super) struct Fixed {
    size: i64,
    advance: i64,
    grace: i64,
    /// by start
    open: BTreeMap<i64, Table>,
    /// the room of a window that has closed, for the next one
    spare: Table,
}

/// A larger table is not kept to be used again.
const MOST_SPARE_BYTES: usize = 64 * 1024;

/// One window: per key a slot and the largest timestamp.
#[derive(Debug, Default)]
struct Table {
    keys: Keys,
    slots: Vec<u32>,
    times: Vec<i64>,
}

impl Fixed {
    pub(super) fn new(size: i64, advance: i64, grace: i64) -> Fixed {
        Fixed { size, advance, grace, open: BTreeMap::new(), spare: Table::default() }
    }

    fn span(&self, start: i64) -> Span {
        Span { start, end: start.saturating_add(self.size) }
    }

    pub(super) fn take<F: Fold>(&mut self, key: &[u8], ts: i64, time: i64, fold: &mut F) {
        let hash = hash(key);
        let close_time = time.saturating_sub(self.grace);
        let mut start = (ts - self.size).saturating_add(self.advance).max(0) / self.advance * self.advance;
        while start <= ts {
            let span = self.span(start);
            if span.end > close_time {
                let table = self.open.entry(start).or_insert_with(|| std::mem::take(&mut self.spare));
                let (slot, ts) = table.place(key, hash, ts, fold);
                fold.add(slot);
                fold.update(key, span, slot, ts);
            } else {
                fold.late(span, span.end.saturating_add(self.grace));
            }
            start = match start.checked_add(self.advance) {
                Some(next) => next,
                None => break,
            };
        }
    }

    pub(super) fn close<F: Fold>(&mut self, time: i64, fold: &mut F) {
        let close_time = if time == i64::MAX { time } else { time.saturating_sub(self.grace) };
        while let Some(entry) = self.open.first_entry() {
            let span = Span { start: *entry.key(), end: entry.key().saturating_add(self.size) };
            if span.end > close_time {
                break;
            }
            let mut table = entry.remove();
            for (number, (&slot, &ts)) in table.slots.iter().zip(&table.times).enumerate() {
                if slot != NONE {
                    fold.close(table.keys.get(number), span, slot, ts);
                }
            }
            if table.bytes() <= MOST_SPARE_BYTES {
                table.clear();
                self.spare = table;
            }
        }
    }

    pub(super) fn next(&self) -> Option<Next> {
        let span = self.span(*self.open.keys().next()?);
        Some(Next { span, closes_at: span.end.saturating_add(self.grace) })
    }

    pub(super) fn kept(&self) -> impl Iterator<Item = Kept<'_>> {
        self.open.iter().flat_map(move |(&start, table)| {
            let windows = table.slots.iter().zip(&table.times).enumerate();
            let kept = windows.filter(|(_, (slot, _))| **slot != NONE);
            kept.map(move |(number, (&slot, &ts))| Kept {
                key: table.keys.get(number),
                span: self.span(start),
                slot,
                ts,
                records: 0,
            })
        })
    }

    pub(super) fn walk<'a>(&'a self, from: Walk, mut meet: impl FnMut(Kept<'a>)) -> Option<Walk> {
        let (first, mut left) = (from.start.unwrap_or(i64::MIN), SLICE);
        for (&start, table) in self.open.range(first..) {
            let begin = if from.start == Some(start) { from.place } else { 0 };
            let end = table.slots.len().min(begin + left);
            for number in begin..end {
                let (slot, ts) = (table.slots[number], table.times[number]);
                if slot != NONE {
                    meet(Kept { key: table.keys.get(number), span: self.span(start), slot, ts, records: 0 });
                }
            }
            // A window costs something too, though it were empty.
            left = left.saturating_sub(end.saturating_sub(begin) + 1);
            if left == 0 {
                return Some(Walk::at(Some(start), end));
            }
        }
        None
    }

    pub(super) fn of(&self, key: &[u8]) -> impl Iterator<Item = Kept<'_>> {
        let hash = hash(key);
        let found = self.open.iter().map(move |(&start, table)| (start, table, table.keys.find(key, hash)));
        found.filter_map(|(start, table, number)| {
            let number = number?;
            let (slot, ts) = (*table.slots.get(number).filter(|slot| **slot != NONE)?, *table.times.get(number)?);
            Some(Kept { key: table.keys.get(number), span: self.span(start), slot, ts, records: 0 })
        })
    }

    pub(super) fn put_back(&mut self, kept: Kept<'_>) -> Option<u32> {
        let table = self.open.entry(kept.span.start).or_default();
        let number = table.keys.number(kept.key, hash(kept.key));
        if number == table.slots.len() {
            table.slots.push(NONE);
            table.times.push(kept.ts);
        }
        table.times[number] = kept.ts;
        Some(std::mem::replace(&mut table.slots[number], kept.slot)).filter(|&slot| slot != NONE)
    }

    pub(super) fn take_away(&mut self, key: &[u8], span: Span) -> Option<u32> {
        let table = self.open.get_mut(&span.start)?;
        let number = table.keys.find(key, hash(key))?;
        let slot = std::mem::replace(&mut table.slots[number], NONE);
        if table.slots.iter().all(|&slot| slot == NONE) {
            self.open.remove(&span.start);
        }
        Some(slot).filter(|&slot| slot != NONE)
    }

    pub(super) fn len(&self) -> usize {
        self.open.values().map(|table| table.keys.len()).sum()
    }

    pub(super) fn bytes(&self) -> usize {
        self.open.values().chain([&self.spare]).map(Table::bytes).sum()
    }
}

impl Table {
    fn clear(&mut self) {
        self.keys.clear();
        self.slots.clear();
        self.times.clear();
    }

    fn bytes(&self) -> usize {
        self.keys.memory() + 4 * self.slots.capacity() + 8 * self.times.capacity()
    }

    /// The slot of a key, and the largest of its timestamps with this one.
    fn place<F: Fold>(&mut self, key: &[u8], hash: u64, ts: i64, fold: &mut F) -> (u32, i64) {
        let number = self.keys.number(key, hash);
        if number == self.slots.len() {
            self.slots.push(fold.begin());
            self.times.push(ts);
        }
        if self.slots[number] == NONE {
            (self.slots[number], self.times[number]) = (fold.begin(), ts);
        }
        let newest = &mut self.times[number];
        *newest = ts.max(*newest);
        (self.slots[number], *newest)
    }
}
