//! Sessions: records of a key that are at most a gap apart. A record that comes between two of them makes them one.
//!
//! The reference keeps sessions in a store that stops showing those whose end is `gap + grace` behind the newest end put
//! into it. So a session that ends just where the next would be late is not merged with any more, though a record at that
//! very millisecond is still taken. The results of that are its own, and they are ours.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::fast::FixedState;
use indexmap::IndexMap;
use smallvec::SmallVec;

use super::{Emit, Fold, Kept, Next, Span};

#[derive(Debug)]
pub(super) struct Sessions {
    gap: i64,
    grace: i64,
    emit: Emit,
    keys: IndexMap<Key, Few, FixedState>,
    /// keys that may have a session to close soon, by an end that a session of theirs had
    near: BTreeSet<(i64, Key)>,
    /// those whose end lies behind `near_to`, in no order: most sessions grow before their time comes, and are then put
    /// elsewhere for little
    far: BTreeMap<i64, Vec<Key>>,
    near_to: i64,
    /// ends that lie together in `far`
    width: i64,
    /// the newest end that was kept
    newest_end: Option<i64>,
    open: usize,
    key_bytes: usize,
}

/// Key bytes; short ones lie where the key does.
type Key = SmallVec<[u8; 16]>;

/// The sessions of a key: mostly one.
type Few = SmallVec<[Session; 1]>;

/// Ordered as they are merged: by end, then by start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Session {
    end: i64,
    start: i64,
    slot: u32,
    /// the end by which it is listed in `near` or `far`; its own is never before
    listed: i64,
}

impl Session {
    fn span(&self) -> Span {
        Span { start: self.start, end: self.end }
    }
}

impl Sessions {
    pub(super) fn new(gap: i64, grace: i64, emit: Emit) -> Sessions {
        Sessions {
            gap,
            grace,
            emit,
            keys: IndexMap::default(),
            near: BTreeSet::new(),
            far: BTreeMap::new(),
            near_to: 0,
            width: (gap.saturating_add(grace) / 32).max(1),
            newest_end: None,
            open: 0,
            key_bytes: 0,
        }
    }

    /// How far the end of a session may lie behind.
    fn retention(&self) -> i64 {
        self.gap.saturating_add(self.grace)
    }

    pub(super) fn take<F: Fold>(&mut self, key: &[u8], ts: i64, time: i64, fold: &mut F) {
        let retention = self.retention();
        let shown_after = self.newest_end.map(|newest| newest.saturating_sub(retention));
        let (earliest, latest) = (ts.saturating_sub(self.gap), ts.saturating_add(self.gap));
        let is_met = move |session: &Session| {
            session.end >= earliest && session.start <= latest && shown_after.is_none_or(|after| session.end > after)
        };
        let mut sessions = self.keys.get_mut(key);
        // Most records: they stay in the one session of their key, where it stands.
        if let Some([only]) = sessions.as_deref_mut().map(SmallVec::as_mut_slice)
            && is_met(only)
        {
            let merged = Span { start: only.start.min(ts), end: only.end.max(ts) };
            if merged.end < time.saturating_sub(retention) {
                return fold.late(merged, merged.end.saturating_add(retention).saturating_add(1));
            }
            if merged != (Span { start: ts, end: ts }) {
                fold.retract(key, only.span(), only.slot);
            }
            (only.start, only.end) = (merged.start, merged.end);
            fold.add(only.slot);
            self.newest_end = self.newest_end.max(Some(merged.end));
            return fold.update(key, merged, only.slot, merged.end);
        }
        let met = sessions.as_deref().into_iter().flatten().filter(|session| is_met(session));
        let merged = met.fold(Span { start: ts, end: ts }, |span, session| Span {
            start: span.start.min(session.start),
            end: span.end.max(session.end),
        });
        if merged.end < time.saturating_sub(retention) {
            fold.late(merged, merged.end.saturating_add(retention).saturating_add(1));
            return;
        }
        let mut slot = None;
        let mut listed = None;
        if let Some(sessions) = sessions {
            let is_same = merged == (Span { start: ts, end: ts });
            let before = sessions.len();
            sessions.retain(|session| {
                if !is_met(session) {
                    return true;
                }
                if !is_same {
                    fold.retract(key, session.span(), session.slot);
                }
                match slot {
                    Some(into) => fold.merge(key, into, session.slot),
                    None => (slot, listed) = (Some(session.slot), Some(session.listed)),
                }
                false
            });
            self.open -= before - sessions.len();
        }
        let slot = slot.unwrap_or_else(|| fold.begin());
        fold.add(slot);
        self.newest_end = self.newest_end.max(Some(merged.end));
        fold.update(key, merged, slot, merged.end);
        self.keep(key, merged, slot, listed, fold);
    }

    /// Keeps a session. One that would not be shown any more is kept only for its last result.
    fn keep<F: Fold>(&mut self, key: &[u8], span: Span, slot: u32, listed: Option<i64>, fold: &mut F) {
        let is_shown = self.newest_end.is_none_or(|newest| span.end > newest.saturating_sub(self.retention()));
        if !is_shown && self.emit == Emit::OnUpdate {
            return fold.free(slot);
        }
        // One of the same bounds that was not met, since it was not shown: the reference writes over it.
        if let Some(hidden) = self.insert(key, span, slot, listed) {
            fold.free(hidden);
        }
    }

    /// Puts a session in its place; gives the slot of one of the same bounds.
    fn insert(&mut self, key: &[u8], span: Span, slot: u32, listed: Option<i64>) -> Option<u32> {
        let listed = listed.unwrap_or_else(|| {
            self.list(span.end, key.into());
            span.end
        });
        if !self.keys.contains_key(key) {
            self.key_bytes += key.len();
        }
        let sessions = self.keys.entry(key.into()).or_default();
        let place = sessions.partition_point(|other| (other.end, other.start) < (span.end, span.start));
        if let Some(same) = sessions.get_mut(place).filter(|other| other.span() == span) {
            return Some(std::mem::replace(&mut same.slot, slot));
        }
        sessions.insert(place, Session { start: span.start, end: span.end, slot, listed });
        self.open += 1;
        None
    }

    /// Has a session looked at when this end is due.
    fn list(&mut self, end: i64, key: Key) {
        match end < self.near_to {
            true => drop(self.near.insert((end, key))),
            false => self.far.entry(end / self.width).or_default().push(key),
        }
    }

    /// Brings near what may be due by `close_time`.
    fn approach(&mut self, close_time: i64) {
        self.near_to = (close_time / self.width).saturating_add(1).saturating_mul(self.width);
        while let Some(entry) =
            self.far.first_entry().filter(|entry| entry.key().saturating_mul(self.width) < self.near_to)
        {
            let together = *entry.key();
            for key in entry.remove() {
                let Some(sessions) = self.keys.get_mut(&key) else { continue };
                for session in sessions.iter_mut().filter(|session| session.listed / self.width == together) {
                    session.listed = session.end;
                    match session.end < self.near_to {
                        true => drop(self.near.insert((session.end, key.clone()))),
                        false => self.far.entry(session.end / self.width).or_default().push(key.clone()),
                    }
                }
            }
        }
    }

    pub(super) fn put_back(&mut self, kept: Kept<'_>) -> Option<u32> {
        self.newest_end = self.newest_end.max(Some(kept.span.end));
        self.insert(kept.key, kept.span, kept.slot, None)
    }

    pub(super) fn take_away(&mut self, key: &[u8], span: Span) -> Option<u32> {
        let sessions = self.keys.get_mut(key)?;
        let session = sessions.remove(sessions.iter().position(|session| session.span() == span)?);
        if sessions.is_empty() {
            self.keys.swap_remove(key);
            self.key_bytes -= key.len();
        }
        self.open -= 1;
        Some(session.slot)
    }

    pub(super) fn close<F: Fold>(&mut self, time: i64, fold: &mut F) {
        let close_time = if time == i64::MAX { time } else { time.saturating_sub(self.retention()) };
        if close_time >= self.near_to {
            self.approach(close_time);
        }
        while self.near.first().is_some_and(|(listed, _)| *listed < close_time) {
            let Some((listed, key)) = self.near.pop_first() else { break };
            self.close_of(&key, listed, close_time, fold);
        }
        if self.keys.capacity() > 1024.max(8 * self.keys.len()) {
            self.keys.shrink_to_fit();
        }
    }

    /// Closes the sessions of a key that were listed by this end; those that have grown since are listed anew.
    fn close_of<F: Fold>(&mut self, key: &Key, listed: i64, close_time: i64, fold: &mut F) {
        let Some(sessions) = self.keys.get_mut(key) else { return };
        let before = sessions.len();
        let mut grown: Few = SmallVec::new();
        sessions.retain(|session| {
            if session.listed != listed {
                return true;
            }
            if session.end >= close_time {
                session.listed = session.end;
                grown.push(*session);
                return true;
            }
            fold.close(key, session.span(), session.slot, session.end);
            false
        });
        self.open -= before - sessions.len();
        if sessions.is_empty() {
            self.keys.swap_remove(key);
            self.key_bytes -= key.len();
        }
        for session in grown {
            self.list(session.end, key.clone());
        }
    }

    pub(super) fn next(&self) -> Option<Next> {
        let mut first: Option<Session> = None;
        let near = self.near.iter().map(|(listed, key)| (*listed, *listed, key));
        let far = self.far.iter().flat_map(|(&together, keys)| {
            let from = together.saturating_mul(self.width);
            keys.iter().map(move |key| (from, from.saturating_add(self.width - 1), key))
        });
        for (from, to, key) in near.chain(far) {
            if first.is_some_and(|first| first.end < from || (first.end == from && from == to)) {
                break;
            }
            let sessions = self.keys.get(key).into_iter().flatten();
            let listed = sessions.filter(|session| (from..=to).contains(&session.listed));
            first = listed.copied().chain(first).min();
        }
        let span = first?.span();
        Some(Next { span, closes_at: span.end.saturating_add(self.retention()).saturating_add(1) })
    }

    pub(super) fn kept(&self) -> impl Iterator<Item = Kept<'_>> {
        self.keys.iter().flat_map(|(key, sessions)| {
            sessions.iter().map(move |session| Kept {
                key,
                span: session.span(),
                slot: session.slot,
                ts: session.end,
                records: 0,
            })
        })
    }

    pub(super) fn of(&self, key: &[u8]) -> impl Iterator<Item = Kept<'_>> {
        let found = self.keys.get_key_value(key).into_iter();
        found.flat_map(move |(known, of)| {
            of.iter().map(move |session| Kept {
                key: known,
                span: session.span(),
                slot: session.slot,
                ts: session.end,
                records: 0,
            })
        })
    }

    pub(super) fn len(&self) -> usize {
        self.open
    }

    pub(super) fn bytes(&self) -> usize {
        // A table is never more than 7/8 full and doubles, as lists do; nodes of a tree are about 3/4 full.
        let table = self.keys.capacity() * 8 / 7 * 9 + self.keys.len() * (8 + size_of::<(Key, Few)>());
        let near = self.near.len() * size_of::<(i64, Key)>() * 4 / 3;
        let far: usize = self.far.values().map(|keys| keys.capacity() * size_of::<Key>()).sum();
        let more = self.open.saturating_sub(self.keys.len()) * size_of::<Session>();
        self.key_bytes + table + near + far + more
    }
}
