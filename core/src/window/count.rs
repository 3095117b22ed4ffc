//! Windows of so many records of a key. Time closes none of them; their bounds are the numbers of records of the key, so
//! that each has its own. The number of a key outlives its windows, but not what is kept of them elsewhere: put back, a key
//! none of whose windows is open begins at 0 again.

use std::cmp::Reverse;

use foldhash::fast::FixedState;

use super::{Fold, Kept, Span};
use crate::key_map::{KeyMap, Walk};

#[derive(Debug)]
pub(super) struct Counts {
    records: i64,
    advance: i64,
    keys: KeyMap<Box<[u8]>, Key, FixedState>,
    open: usize,
    key_bytes: usize,
}

#[derive(Debug, Default)]
struct Key {
    /// the number of its next record
    next: i64,
    /// oldest first
    open: Vec<Window>,
}

#[derive(Debug)]
struct Window {
    /// number of its first record
    first: i64,
    slot: u32,
    /// the largest timestamp in it
    newest: i64,
}

/// Looking through so many takes well under a millisecond.
const MOST_KEYS_LOOKED_THROUGH: usize = 10_000;

impl Counts {
    pub(super) fn new(records: u64, advance: u64) -> Counts {
        let whole = |count| i64::try_from(count).unwrap_or(i64::MAX).max(1);
        Counts { records: whole(records), advance: whole(advance), keys: KeyMap::default(), open: 0, key_bytes: 0 }
    }

    fn span(&self, first: i64) -> Span {
        Span { start: first, end: first.saturating_add(self.records) }
    }

    fn key(&mut self, key: &[u8]) -> &mut Key {
        self.keys.get_or_insert(key, || {
            self.key_bytes += key.len();
            Key::default()
        })
    }

    pub(super) fn take<F: Fold>(&mut self, key: &[u8], ts: i64, fold: &mut F) {
        let (records, advance) = (self.records, self.advance);
        let known = self.key(key);
        let mut opened = 0;
        if known.next % advance == 0 {
            known.open.push(Window { first: known.next, slot: fold.begin(), newest: ts });
            opened += 1;
        }
        known.next += 1;
        for window in &mut known.open {
            window.newest = window.newest.max(ts);
            let span = Span { start: window.first, end: window.first.saturating_add(records) };
            fold.add(window.slot);
            fold.update(key, span, window.slot, window.newest);
        }
        // They fill up in the order in which they were begun, one at a time.
        if known.open.first().is_some_and(|first| known.next - first.first == records) {
            let full = known.open.remove(0);
            let span = Span { start: full.first, end: known.next };
            fold.close(key, span, full.slot, full.newest);
            opened -= 1;
        }
        self.open = self.open.saturating_add_signed(opened);
    }

    /// Closes those that are not full too, key by key, and forgets the keys.
    pub(super) fn close_all<F: Fold>(&mut self, fold: &mut F) {
        let mut keys: Vec<(Box<[u8]>, Key)> = self.keys.drain().collect();
        keys.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        for (key, known) in keys {
            for window in known.open {
                fold.close(&key, self.span(window.first), window.slot, window.newest);
            }
        }
        (self.open, self.key_bytes) = (0, 0);
    }

    fn kept_of<'a>(&self, key: &'a [u8], known: &Key, window: &Window) -> Kept<'a> {
        let records = u64::try_from(known.next - window.first).unwrap_or_default();
        Kept { key, span: self.span(window.first), slot: window.slot, ts: window.newest, records }
    }

    pub(super) fn kept(&self) -> impl Iterator<Item = Kept<'_>> {
        let keys = self.keys.iter();
        keys.flat_map(move |(key, known)| known.open.iter().map(move |window| self.kept_of(key, known, window)))
    }

    pub(super) fn walk<'a>(&'a self, from: Walk, mut meet: impl FnMut(Kept<'a>)) -> Option<Walk> {
        self.keys.walk(from, |key, known| known.open.iter().for_each(|window| meet(self.kept_of(key, known, window))))
    }

    pub(super) fn of(&self, key: &[u8]) -> impl Iterator<Item = Kept<'_>> {
        let found = self.keys.get_key_value(key).into_iter();
        found.flat_map(move |(key, known)| known.open.iter().map(move |window| self.kept_of(key, known, window)))
    }

    /// The oldest window of a key is its fullest.
    pub(super) fn fullest(&self) -> Option<Kept<'_>> {
        if self.keys.len() > MOST_KEYS_LOOKED_THROUGH {
            return None;
        }
        let oldest = self.keys.iter().filter_map(|(key, known)| Some(self.kept_of(key, known, known.open.first()?)));
        oldest.max_by_key(|kept| (kept.records, Reverse(kept.key)))
    }

    pub(super) fn put_back(&mut self, kept: Kept<'_>) -> Option<u32> {
        let before = self.take_away(kept.key, kept.span);
        let records = i64::try_from(kept.records).unwrap_or_default();
        let known = self.key(kept.key);
        known.next = known.next.max(kept.span.start.saturating_add(records));
        let place = known.open.partition_point(|window| window.first < kept.span.start);
        known.open.insert(place, Window { first: kept.span.start, slot: kept.slot, newest: kept.ts });
        self.open += 1;
        before
    }

    pub(super) fn take_away(&mut self, key: &[u8], span: Span) -> Option<u32> {
        let known = self.keys.get_mut(key)?;
        let window = known.open.remove(known.open.iter().position(|window| window.first == span.start)?);
        self.open -= 1;
        Some(window.slot)
    }

    pub(super) fn len(&self) -> usize {
        self.open
    }

    pub(super) fn bytes(&self) -> usize {
        let key = 16 + size_of::<Key>() + 1;
        self.key_bytes + self.keys.capacity() * 8 / 7 * key + self.open * size_of::<Window>()
    }
}
