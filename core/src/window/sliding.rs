//! Sliding windows: for each record the window that ends at it, and the one that begins behind it where a later record
//! falls into that. Both bounds are inclusive. Records nearer to 0 than the difference share the window `[0, difference]`.
//!
//! A new window takes its content from a neighbour that may have closed. So windows are kept until no record that is in
//! time can need them: three times the difference and the grace. (The reference's default store forgets some of them a
//! millisecond early, and then gives a window too little; with a longer retention it does not.)

use std::collections::BTreeMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use super::{Emit, Fold, Kept, Next, Span};
use crate::key_map::{KeyMap, Walk};

#[derive(Debug)]
pub(super) struct Sliding {
    difference: i64,
    grace: i64,
    emit: Emit,
    keys: KeyMap<Arc<[u8]>, Vec<Window>, FixedState>,
    /// keys by the starts of their windows
    by_start: BTreeMap<i64, Vec<Arc<[u8]>>>,
    /// starts up to here have closed, and stay only to be looked at
    closed_to: i64,
    open: usize,
    key_bytes: usize,
}

/// Of one key, ordered by start.
#[derive(Debug, Clone, Copy)]
struct Window {
    start: i64,
    slot: u32,
    /// the largest timestamp in it
    newest: i64,
}

/// What is found out while a record goes through the windows that are there.
#[derive(Default)]
struct Found {
    has_left: bool,
    has_right: bool,
    /// a copy of what falls into the record's right window, and its newest timestamp
    right: Option<(u32, i64)>,
    /// slot of the window before the record's left one
    left: Option<u32>,
    /// timestamp of the record before
    previous: Option<i64>,
}

impl Sliding {
    pub(super) fn new(difference: i64, grace: i64, emit: Emit) -> Sliding {
        Sliding {
            difference,
            grace,
            emit,
            keys: KeyMap::default(),
            by_start: BTreeMap::new(),
            closed_to: -1,
            open: 0,
            key_bytes: 0,
        }
    }

    fn span(&self, start: i64) -> Span {
        Span { start, end: start.saturating_add(self.difference) }
    }

    pub(super) fn take<F: Fold>(&mut self, key: &[u8], ts: i64, time: i64, fold: &mut F) {
        let close_time = time.saturating_sub(self.grace);
        let latest = self.span(ts);
        if latest.end < close_time {
            fold.late(latest, self.closes_at(latest));
            return;
        }
        let mut windows = self.keys.get_mut(key).map(std::mem::take).unwrap_or_default();
        let mut record = Taking { of: self, key, ts, close_time, windows: &mut windows, fold };
        match ts < record.of.difference {
            true => record.early(),
            false => record.usual(),
        }
        match self.keys.get_mut(key) {
            Some(place) => *place = windows,
            None => debug_assert!(windows.is_empty(), "a key is known with its first window"),
        }
    }

    fn closes_at(&self, span: Span) -> i64 {
        span.end.saturating_add(self.grace).saturating_add(1)
    }

    pub(super) fn close<F: Fold>(&mut self, time: i64, fold: &mut F) {
        let close_time = if time == i64::MAX { time } else { time.saturating_sub(self.grace) };
        let closed_to = if time == i64::MAX { time } else { close_time.saturating_sub(self.difference + 1) };
        if self.emit == Emit::OnClose && closed_to > self.closed_to {
            let range = self.by_start.range(self.closed_to.saturating_add(1)..=closed_to);
            for (&start, keys) in range {
                for key in keys {
                    let Some(window) = self.keys.get(key).and_then(|of| of.iter().find(|window| window.start == start))
                    else {
                        continue;
                    };
                    let last = fold.copy(window.slot);
                    fold.close(key, self.span(start), last, window.newest);
                }
            }
        }
        self.closed_to = self.closed_to.max(closed_to);
        let needed = close_time.saturating_sub(self.difference.saturating_mul(3));
        self.forget(if time == i64::MAX { time } else { needed }, fold);
    }

    /// Lets go of closed windows that start before this.
    fn forget<F: Fold>(&mut self, needed: i64, fold: &mut F) {
        while let Some(entry) = self.by_start.first_entry() {
            let start = *entry.key();
            if start >= needed || start > self.closed_to {
                break;
            }
            for key in entry.remove() {
                let Some(windows) = self.keys.get_mut(&key) else { continue };
                if let Some(place) = windows.iter().position(|window| window.start == start) {
                    let window = windows.remove(place);
                    match self.emit {
                        Emit::OnUpdate => {
                            let span = Span { start, end: start.saturating_add(self.difference) };
                            fold.close(&key, span, window.slot, window.newest);
                        }
                        // It gave its last result when it closed.
                        Emit::OnClose => fold.free(window.slot),
                    }
                    self.open -= 1;
                }
                if windows.is_empty() {
                    self.keys.remove(&key);
                    self.key_bytes -= key.len();
                }
            }
        }
    }

    /// Puts a window among those of its key, which have been taken out; gives the slot of one with the same start.
    fn insert(&mut self, key: &[u8], window: Window, windows: &mut Vec<Window>) -> Option<u32> {
        let place = windows.partition_point(|other| other.start < window.start);
        if let Some(same) = windows.get_mut(place).filter(|other| other.start == window.start) {
            return Some(std::mem::replace(same, window).slot);
        }
        windows.insert(place, window);
        self.open += 1;
        let known = match self.keys.get_key_value(key) {
            Some((known, _)) => known.clone(),
            None => {
                let known: Arc<[u8]> = key.into();
                self.key_bytes += known.len();
                self.keys.insert(known.clone(), Vec::new());
                known
            }
        };
        self.by_start.entry(window.start).or_default().push(known);
        None
    }

    pub(super) fn put_back(&mut self, kept: Kept<'_>) -> Option<u32> {
        let window = Window { start: kept.span.start, slot: kept.slot, newest: kept.ts };
        let mut windows = self.keys.get_mut(kept.key).map(std::mem::take).unwrap_or_default();
        let before = self.insert(kept.key, window, &mut windows);
        if let Some(place) = self.keys.get_mut(kept.key) {
            *place = windows;
        }
        before
    }

    pub(super) fn take_away(&mut self, key: &[u8], span: Span) -> Option<u32> {
        let windows = self.keys.get_mut(key)?;
        let window = windows.remove(windows.iter().position(|window| window.start == span.start)?);
        if windows.is_empty() {
            self.keys.remove(key);
            self.key_bytes -= key.len();
        }
        self.open -= 1;
        Some(window.slot)
    }

    /// Those that have not closed.
    pub(super) fn open_windows(&self) -> usize {
        self.by_start.range(self.closed_to.saturating_add(1)..).map(|(_, keys)| keys.len()).sum()
    }

    pub(super) fn next(&self) -> Option<Next> {
        let (&start, _) = self.by_start.range(self.closed_to.saturating_add(1)..).next()?;
        let span = self.span(start);
        Some(Next { span, closes_at: self.closes_at(span) })
    }

    pub(super) fn kept(&self) -> impl Iterator<Item = Kept<'_>> {
        self.keys.iter().flat_map(move |(key, windows)| {
            windows.iter().map(move |window| Kept {
                key,
                span: self.span(window.start),
                slot: window.slot,
                ts: window.newest,
                records: 0,
            })
        })
    }

    pub(super) fn walk<'a>(&'a self, from: Walk, mut meet: impl FnMut(Kept<'a>)) -> Option<Walk> {
        self.keys.walk(from, |key, windows| {
            windows.iter().for_each(|window| {
                let Window { start, slot, newest: ts } = *window;
                meet(Kept { key, span: self.span(start), slot, ts, records: 0 });
            });
        })
    }

    pub(super) fn of(&self, key: &[u8]) -> impl Iterator<Item = Kept<'_>> {
        let found = self.keys.get_key_value(key).into_iter();
        found.flat_map(move |(known, of)| {
            of.iter().map(move |window| Kept {
                key: known,
                span: self.span(window.start),
                slot: window.slot,
                ts: window.newest,
                records: 0,
            })
        })
    }

    pub(super) fn len(&self) -> usize {
        self.open
    }

    pub(super) fn bytes(&self) -> usize {
        self.key_bytes + self.keys.len() * (16 + 41) + self.open * (size_of::<Window>() + 16)
    }
}

/// One record on its way through the windows of its key.
struct Taking<'a, F> {
    of: &'a mut Sliding,
    key: &'a [u8],
    ts: i64,
    close_time: i64,
    windows: &'a mut Vec<Window>,
    fold: &'a mut F,
}

impl<F: Fold> Taking<'_, F> {
    fn has(&self, start: i64) -> bool {
        self.windows.binary_search_by_key(&start, |window| window.start).is_ok()
    }

    /// Places of the windows with a start in these bounds.
    fn places(&self, from: i64, to: i64) -> std::ops::Range<usize> {
        let place = |start: i64| self.windows.partition_point(|window| window.start < start);
        let first = place(from);
        first..place(to.saturating_add(1)).max(first)
    }

    fn usual(&mut self) {
        let (ts, difference) = (self.ts, self.of.difference);
        let mut found = Found::default();
        let places = self.places(ts.saturating_sub(difference.saturating_mul(2)).max(0), ts.saturating_add(1));
        for place in places.rev() {
            let Window { start, slot, newest } = self.windows[place];
            let end = start.saturating_add(difference);
            if start == ts + 1 {
                found.has_right = true;
            } else if end > ts {
                if found.right.is_none() && !found.has_right && newest > ts {
                    found.right = Some((self.fold.copy(slot), newest));
                }
                // Only the window next to the record may give its right one.
                found.has_right |= found.right.is_none();
                self.add(place);
            } else if end == ts {
                found.has_left = true;
                self.add(place);
                if newest == ts {
                    return self.drop_right(found);
                }
                found.previous = Some(newest);
            } else {
                (found.left, found.previous) = (Some(slot), Some(newest));
                break;
            }
        }
        self.make(found);
    }

    /// A record of that timestamp was there before: all its windows are.
    fn drop_right(&mut self, found: Found) {
        if let Some((slot, _)) = found.right {
            self.fold.free(slot);
        }
    }

    fn make(&mut self, found: Found) {
        let (ts, difference) = (self.ts, self.of.difference);
        if let Some(previous) = found.previous
            && previous.saturating_add(1).saturating_add(difference) >= ts
            && !self.has(previous + 1)
        {
            self.begin(previous + 1, None);
        }
        if !found.has_left {
            let is_near = found.previous.is_some_and(|previous| ts - difference <= previous);
            self.begin(ts - difference, found.left.filter(|_| is_near));
        }
        if let Some((slot, newest)) = found.right {
            self.put(Window { start: ts + 1, slot, newest });
        }
    }

    fn early(&mut self) {
        let ts = self.ts;
        let places = self.places(0, ts.saturating_add(1));
        let combined = self.windows[places.clone()].first().filter(|window| window.start == 0).copied();
        let has_right = self.has(ts + 1);
        let before = self.windows[places.clone()].iter().rposition(|window| (1..=ts).contains(&window.start));
        let last = before.map(|place| self.windows[places.start + place]);
        let source = last.or(combined).filter(|window| !has_right && window.newest > ts);
        let right = source.map(|window| (self.fold.copy(window.slot), window.newest));
        for place in places {
            if (1..=ts).contains(&self.windows[place].start) {
                self.add(place);
            }
        }
        let previous = combined.map(|window| window.newest).filter(|&newest| newest < ts);
        let has_previous_right = previous.is_some_and(|previous| self.has(previous + 1));
        if let Some((slot, newest)) = right {
            self.put(Window { start: ts + 1, slot, newest });
        }
        if let Some(previous) = previous.filter(|_| !has_previous_right) {
            self.begin(previous + 1, None);
        }
        match combined {
            Some(_) => {
                if let Ok(place) = self.windows.binary_search_by_key(&0, |window| window.start) {
                    self.add(place);
                }
            }
            None => self.begin(0, None),
        }
    }

    /// Folds the record into a window that is there, if that is open.
    fn add(&mut self, place: usize) {
        let window = &mut self.windows[place];
        let span = self.of.span(window.start);
        if span.end < self.close_time {
            return self.fold.late(span, self.of.closes_at(span));
        }
        window.newest = window.newest.max(self.ts);
        self.fold.add(window.slot);
        self.fold.update(self.key, span, window.slot, window.newest);
    }

    /// A new window with the record in it, beside what another one has, if it is open.
    fn begin(&mut self, start: i64, like: Option<u32>) {
        let span = self.of.span(start);
        if span.end < self.close_time {
            return self.fold.late(span, self.of.closes_at(span));
        }
        let slot = match like {
            Some(from) => self.fold.copy(from),
            None => self.fold.begin(),
        };
        self.fold.add(slot);
        self.put(Window { start, slot, newest: self.ts });
    }

    /// Keeps a new window, and gives its result.
    fn put(&mut self, window: Window) {
        self.fold.update(self.key, self.of.span(window.start), window.slot, window.newest);
        if let Some(same) = self.of.insert(self.key, window, self.windows) {
            self.fold.free(same);
        }
    }
}
