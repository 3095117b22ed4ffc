//! One aggregate per key, for ever.

use foldhash::fast::FixedState;

use super::{Fold, Kept, Span};
use crate::key_map::{KeyMap, Walk};

#[derive(Debug, Default)]
pub(super) struct Running {
    /// slot and largest timestamp
    keys: KeyMap<Box<[u8]>, (u32, i64), FixedState>,
    key_bytes: usize,
}

/// A result without a window has none to tell.
const NO_SPAN: Span = Span { start: 0, end: 0 };

impl Running {
    pub(super) fn take<F: Fold>(&mut self, key: &[u8], ts: i64, fold: &mut F) {
        let (slot, newest) = self.keys.get_or_insert(key, || {
            self.key_bytes += key.len();
            (fold.begin(), ts)
        });
        *newest = ts.max(*newest);
        fold.add(*slot);
        fold.update(key, NO_SPAN, *slot, *newest);
    }

    pub(super) fn kept(&self) -> impl Iterator<Item = Kept<'_>> {
        self.keys.iter().map(|(key, &(slot, ts))| Kept { key, span: NO_SPAN, slot, ts, records: 0 })
    }

    pub(super) fn walk<'a>(&'a self, from: Walk, mut meet: impl FnMut(Kept<'a>)) -> Option<Walk> {
        self.keys.walk(from, |key, &(slot, ts)| meet(Kept { key, span: NO_SPAN, slot, ts, records: 0 }))
    }

    pub(super) fn of(&self, key: &[u8]) -> impl Iterator<Item = Kept<'_>> {
        let found = self.keys.get_key_value(key).into_iter();
        found.map(|(key, &(slot, ts))| Kept { key, span: NO_SPAN, slot, ts, records: 0 })
    }

    pub(super) fn put_back(&mut self, kept: Kept<'_>) -> Option<u32> {
        let before = self.keys.insert(kept.key.into(), (kept.slot, kept.ts));
        if before.is_none() {
            self.key_bytes += kept.key.len();
        }
        before.map(|(slot, _)| slot)
    }

    pub(super) fn take_away(&mut self, key: &[u8]) -> Option<u32> {
        let (slot, _) = self.keys.remove(key)?;
        self.key_bytes -= key.len();
        Some(slot)
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn bytes(&self) -> usize {
        self.key_bytes + self.keys.capacity() * 8 / 7 * 33
    }
}
