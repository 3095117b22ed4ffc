//! Sessions: records of a key that are at most a gap apart. A record that comes between two of them makes them one.
//!
//! The reference keeps sessions in a store that stops showing those whose end is `gap + grace` behind the newest end put
//! into it. So a session that ends just where the next would be late is not merged with any more, though a record at that
//! very millisecond is still taken. The results of that are its own, and they are ours.

mod calendar;
mod table;

use smallvec::SmallVec;

use self::calendar::Calendar;
use self::table::{Entry, Few, Session, Table};
use super::{Emit, Fold, Kept, Next, Span};
use crate::key_map::{SLICE, Walk};

#[derive(Debug)]
pub(super) struct Sessions {
    gap: i64,
    grace: i64,
    emit: Emit,
    table: Table,
    /// each session is listed by its end, or by one that it had before
    calendar: Calendar,
    /// the newest end that was kept
    newest_end: Option<i64>,
    open: usize,
}

impl Session {
    fn span(&self) -> Span {
        Span { start: self.start, end: self.end }
    }
}

impl Entry {
    fn kept(&self) -> impl Iterator<Item = Kept<'_>> {
        self.sessions.iter().map(|session| Kept {
            key: &self.key,
            span: session.span(),
            slot: session.slot,
            ts: session.end,
            records: 0,
        })
    }
}

/// One record: key, timestamp, and stream time with it.
#[derive(Debug, Clone, Copy)]
struct Record<'a> {
    key: &'a [u8],
    ts: i64,
    time: i64,
}

impl Sessions {
    pub(super) fn new(gap: i64, grace: i64, emit: Emit) -> Sessions {
        Sessions {
            gap,
            grace,
            emit,
            table: Table::default(),
            calendar: Calendar::new(gap.saturating_add(grace)),
            newest_end: None,
            open: 0,
        }
    }

    /// How far the end of a session may lie behind.
    fn retention(&self) -> i64 {
        self.gap.saturating_add(self.grace)
    }

    /// The stream time that closes a session of this end.
    fn closes_at(&self, end: i64) -> i64 {
        end.saturating_add(self.retention()).saturating_add(1)
    }

    /// Where keys are now, for [`Sessions::take`].
    pub(super) fn look_up<'k>(&self, keys: impl Iterator<Item = &'k [u8]> + Clone) -> Vec<Option<u32>> {
        self.table.find_all(keys)
    }

    /// Takes a record, whose key was found at a place a moment ago.
    pub(super) fn take<F: Fold>(&mut self, key: &[u8], near: Option<u32>, ts: i64, time: i64, fold: &mut F) {
        let retention = self.retention();
        let shown_after = self.newest_end.map(|newest| newest.saturating_sub(retention));
        let (earliest, latest) = (ts.saturating_sub(self.gap), ts.saturating_add(self.gap));
        let is_met = move |session: &Session| {
            session.end >= earliest && session.start <= latest && shown_after.is_none_or(|after| session.end > after)
        };
        let number = self.table.find_near(key, near);
        // Most records: they stay in the one session of their key, where it stands. Such a record is not late: the session
        // would have closed before.
        if let Some(Entry { sessions, .. }) = number.and_then(|number| self.table.get_mut(number))
            && let [only] = sessions.as_mut_slice()
            && is_met(only)
        {
            let merged = Span { start: only.start.min(ts), end: only.end.max(ts) };
            if !fold.takes(&[only.slot]) {
                return;
            }
            if merged != (Span { start: ts, end: ts }) {
                fold.retract(key, only.span(), only.slot);
            }
            (only.start, only.end) = (merged.start, merged.end);
            fold.add(only.slot);
            self.newest_end = self.newest_end.max(Some(merged.end));
            return fold.update(key, merged, only.slot, merged.end);
        }
        self.merge(Record { key, ts, time }, number, is_met, fold);
    }

    /// Makes one session of a record and those that it meets.
    fn merge<F: Fold>(
        &mut self,
        Record { key, ts, time }: Record<'_>,
        number: Option<u32>,
        is_met: impl Fn(&Session) -> bool,
        fold: &mut F,
    ) {
        let retention = self.retention();
        let entry = number.and_then(|number| self.table.get_mut(number));
        let met = entry.iter().flat_map(|entry| &entry.sessions).filter(|session| is_met(session));
        let met: SmallVec<[Session; 2]> = met.copied().collect();
        let alone = Span { start: ts, end: ts };
        let merged = met
            .iter()
            .fold(alone, |span, session| Span { start: span.start.min(session.start), end: span.end.max(session.end) });
        if merged.end < time.saturating_sub(retention) {
            return fold.late(merged, self.closes_at(merged.end));
        }
        let slots: SmallVec<[u32; 2]> = met.iter().map(|session| session.slot).collect();
        if !fold.takes(&slots) {
            return;
        }
        for session in &met {
            if merged != alone {
                fold.retract(key, session.span(), session.slot);
            }
            if session.slot != slots[0] {
                fold.merge(key, slots[0], session.slot);
            }
        }
        if let Some(entry) = entry {
            entry.sessions.retain(|session| !is_met(session));
        }
        self.open -= met.len();
        let slot = slots.first().copied().unwrap_or_else(|| fold.begin());
        fold.add(slot);
        let newest = self.newest_end.map_or(merged.end, |newest| newest.max(merged.end));
        self.newest_end = Some(newest);
        let is_shown = merged.end > newest.saturating_sub(retention);
        if !is_shown && self.emit == Emit::OnUpdate {
            // Nothing is met with it any more: it gives this one result, behind those of sessions that had its bounds.
            let sessions = self.table.find(key).and_then(|number| self.table.get(number));
            sessions.into_iter().flat_map(|entry| &entry.sessions).for_each(|other| fold.settle(other.slot));
            fold.update(key, merged, slot, merged.end);
            return fold.free(slot);
        }
        fold.update(key, merged, slot, merged.end);
        // One of the same bounds that was not met, since it was not shown: the reference writes over it.
        if let Some(hidden) = self.insert(key, merged, slot, met.first().map(|session| session.listed)) {
            fold.free(hidden);
        }
    }

    /// Puts a session in its place; gives the slot of one of the same bounds.
    fn insert(&mut self, key: &[u8], span: Span, slot: u32, listed: Option<i64>) -> Option<u32> {
        let (number, sessions) = self.table.entry(key);
        let place = sessions.partition_point(|other| (other.end, other.start) < (span.end, span.start));
        if let Some(same) = sessions.get_mut(place).filter(|other| other.span() == span) {
            return Some(std::mem::replace(&mut same.slot, slot));
        }
        let session = Session { start: span.start, end: span.end, slot, listed: listed.unwrap_or(span.end) };
        sessions.insert(place, session);
        self.open += 1;
        if listed.is_none() {
            self.calendar.list(span.end, number);
        }
        None
    }

    pub(super) fn put_back(&mut self, kept: Kept<'_>) -> Option<u32> {
        self.newest_end = self.newest_end.max(Some(kept.span.end));
        self.insert(kept.key, kept.span, kept.slot, None)
    }

    pub(super) fn take_away(&mut self, key: &[u8], span: Span) -> Option<u32> {
        let number = self.table.find(key)?;
        let Entry { sessions, .. } = self.table.get_mut(number)?;
        let session = sessions.remove(sessions.iter().position(|session| session.span() == span)?);
        if sessions.is_empty() {
            self.table.remove(number);
        }
        self.open -= 1;
        Some(session.slot)
    }

    pub(super) fn close<F: Fold>(&mut self, time: i64, fold: &mut F) {
        let close_time = if time == i64::MAX { time } else { time.saturating_sub(self.retention()) };
        for (together, numbers) in self.calendar.approach(close_time) {
            self.list_anew(together, numbers);
        }
        while let Some((listed, mut numbers)) = self.calendar.due(close_time) {
            let key = |number: &u32| self.table.get(*number).map(|entry| &entry.key);
            numbers.sort_unstable_by(|one, other| key(one).cmp(&key(other)));
            for number in numbers {
                self.close_of(number, listed, close_time, fold);
            }
        }
    }

    /// Lists sessions that lay together by the ends that they have now.
    fn list_anew(&mut self, together: i64, numbers: Vec<u32>) {
        let mut ends = Vec::with_capacity(numbers.len());
        for number in numbers {
            for session in self.table.get_mut(number).into_iter().flat_map(|entry| &mut entry.sessions) {
                if self.calendar.together(session.listed) == together {
                    session.listed = session.end;
                    ends.push((session.end, number));
                }
            }
        }
        ends.into_iter().for_each(|(end, number)| self.calendar.list(end, number));
    }

    /// Closes the sessions of a key that are listed by this end; those that have grown since are listed anew.
    fn close_of<F: Fold>(&mut self, number: u32, listed: i64, close_time: i64, fold: &mut F) {
        let Some(Entry { key, sessions }) = self.table.get_mut(number) else { return };
        let before = sessions.len();
        let mut grown: Few = SmallVec::new();
        sessions.retain(|session| {
            if session.listed != listed {
                return true;
            }
            if session.end >= close_time && close_time < i64::MAX {
                session.listed = session.end;
                grown.push(*session);
                return true;
            }
            fold.close(key, session.span(), session.slot, session.end);
            false
        });
        self.open -= before - sessions.len();
        if sessions.is_empty() {
            self.table.remove(number);
        }
        for session in grown {
            self.calendar.list(session.end, number);
        }
    }

    pub(super) fn next(&self) -> Option<Next> {
        let mut first: Option<Session> = None;
        for (from, to, number) in self.calendar.iter() {
            if first.is_some_and(|first| first.end < from || (first.end == from && from == to)) {
                break;
            }
            let sessions = self.table.get(number).into_iter().flat_map(|entry| &entry.sessions);
            let listed = sessions.filter(|session| (from..=to).contains(&session.listed));
            first = listed.copied().chain(first).min();
        }
        let span = first?.span();
        Some(Next { span, closes_at: self.closes_at(span.end) })
    }

    pub(super) fn kept(&self) -> impl Iterator<Item = Kept<'_>> {
        self.table.iter().flat_map(Entry::kept)
    }

    pub(super) fn walk<'a>(&'a self, from: Walk, meet: impl FnMut(Kept<'a>)) -> Option<Walk> {
        let (slice, next) = self.table.slice(from.place, SLICE);
        slice.iter().flat_map(Entry::kept).for_each(meet);
        next.map(|place| Walk::at(None, place))
    }

    pub(super) fn of(&self, key: &[u8]) -> impl Iterator<Item = Kept<'_>> {
        self.table.find(key).and_then(|number| self.table.get(number)).into_iter().flat_map(Entry::kept)
    }

    pub(super) fn len(&self) -> usize {
        self.open
    }

    pub(super) fn bytes(&self) -> usize {
        let more = self.open.saturating_sub(self.table.len()) * size_of::<Session>();
        self.table.bytes() + self.calendar.bytes() + more
    }
}
