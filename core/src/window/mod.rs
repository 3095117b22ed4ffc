//! Windows in event time: into which windows a record falls, when a window closes, which record is late. The rules are
//! those of Kafka Streams 4.1, inequality for inequality. What is folded in the windows, and what becomes of results, is
//! the business of a [`Fold`]; this module knows keys, timestamps and numbered slots.

mod count;
mod fixed;
mod keys;
mod report;
mod running;
mod session;
mod sliding;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::count::Counts;
use self::fixed::Fixed;
pub use self::report::{ClosedBy, FullestReport, IdleReport, LaneReport, LaneReports, LateReport, NextReport, Watched};
use self::running::Running;
use self::session::Sessions;
use self::sliding::Sliding;
use crate::key_map::Walk;

/// Bounds of a window: milliseconds, or for those of so many records the numbers of records of the key. The end is
/// inclusive for sliding windows and sessions, exclusive for all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// first millisecond
    pub start: i64,
    /// as the kind of window means it
    pub end: i64,
}

/// A kind of window and its measures, in milliseconds or records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `[start, start + size)` with starts at the multiples of `advance` from 0 on; tumbling where both are the same
    Fixed {
        /// length
        size: i64,
        /// from one start to the next
        advance: i64,
        /// how long a window stays open behind its end
        grace: i64,
    },
    /// around each record: the `difference` before it, and the one behind it where that is not empty
    Sliding {
        /// from the first to the last millisecond
        difference: i64,
        /// as above
        grace: i64,
    },
    /// from the first to the last of records that are at most `gap` apart
    Session {
        /// the longest pause within a session
        gap: i64,
        /// as above
        grace: i64,
    },
    /// `records` records of a key, a new window with each `advance`th
    Count {
        /// how many
        records: u64,
        /// from one window's first record to the next one's; at most `records`
        advance: u64,
    },
    /// one for ever
    Running,
}

/// When results are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Emit {
    /// with each record, the result so far
    #[default]
    OnUpdate,
    /// once, when the window has closed
    OnClose,
}

/// What is folded in windows: aggregates in numbered slots, one per key and window. "The record" is the one being taken.
pub trait Fold {
    /// A new slot, with nothing in it.
    fn begin(&mut self) -> u32;
    /// Whether the record may be folded into some slots put together. One that may not fails, and changes nothing there.
    fn takes(&mut self, slots: &[u32]) -> bool {
        let _ = slots;
        true
    }
    /// Gives what is held back of a slot: a result of another one may come to stand where this one gave its last.
    fn settle(&mut self, slot: u32) {
        let _ = slot;
    }
    /// Folds the record into a slot, if that takes it.
    fn add(&mut self, slot: u32);
    /// Folds what is in `from` into `into`, another slot of the key, behind what is there, and frees `from`.
    fn merge(&mut self, key: &[u8], into: u32, from: u32);
    /// A new slot, with the same in it.
    fn copy(&mut self, from: u32) -> u32;
    /// A slot that is not needed any more.
    fn free(&mut self, slot: u32);
    /// The result of a window has changed. `ts` is the result's timestamp.
    fn update(&mut self, key: &[u8], span: Span, slot: u32, ts: i64);
    /// A window is no more, since it has become part of another one; comes before that one's update.
    fn retract(&mut self, key: &[u8], span: Span, slot: u32);
    /// A window has closed: its last result. The slot goes over.
    fn close(&mut self, key: &[u8], span: Span, slot: u32, ts: i64);
    /// The record has come too late for a window, which closed when stream time reached `closed_at`.
    fn late(&mut self, span: Span, closed_at: i64);
}

/// The open windows of one lane, with their stream time.
#[derive(Debug)]
pub struct Windows {
    kind: Kind,
    time: Option<i64>,
    open: Open,
}

#[derive(Debug)]
enum Open {
    Fixed(Fixed),
    Sliding(Sliding),
    Session(Sessions),
    Count(Counts),
    Running(Running),
}

/// The window that closes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Next {
    /// its bounds; of a session, at least these
    pub span: Span,
    /// the stream time that closes it; a session's may move on
    pub closes_at: i64,
}

/// One open window, as it is kept: what a changelog holds and a query shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept<'a> {
    /// key bytes
    pub key: &'a [u8],
    /// bounds
    pub span: Span,
    /// where its aggregates are
    pub slot: u32,
    /// the timestamp of its result
    pub ts: i64,
    /// records in it, where that closes it
    pub records: u64,
}

/// Where a key was found, if it was.
#[derive(Debug, Clone, Copy, Default)]
pub struct Place(Option<u32>);

/// Where a table has a key whose window was taken away.
const NONE: u32 = u32::MAX;

impl Windows {
    /// No windows yet, and no time.
    pub fn new(kind: Kind, emit: Emit) -> Windows {
        let open = match kind {
            Kind::Fixed { size, advance, grace } => Open::Fixed(Fixed::new(size, advance, grace)),
            Kind::Sliding { difference, grace } => Open::Sliding(Sliding::new(difference, grace, emit)),
            Kind::Session { gap, grace } => Open::Session(Sessions::new(gap, grace, emit)),
            Kind::Count { records, advance } => Open::Count(Counts::new(records, advance)),
            Kind::Running => Open::Running(Running::default()),
        };
        Windows { kind, time: None, open }
    }

    /// The largest timestamp taken, or where the wall clock has moved it since.
    pub fn stream_time(&self) -> Option<i64> {
        self.time
    }

    /// Where the keys of a batch are, one place each; none where windows are found without. To ask for all of them before
    /// the first record is taken is worth the while: one search then does not wait for the memory of another.
    pub fn look_up<'k>(&self, keys: impl Iterator<Item = &'k [u8]> + Clone) -> Vec<Place> {
        match &self.open {
            Open::Session(sessions) => sessions.look_up(keys).into_iter().map(Place).collect(),
            Open::Fixed(_) | Open::Sliding(_) | Open::Count(_) | Open::Running(_) => Vec::new(),
        }
    }

    /// Takes a record: its time, its windows, and the windows that close by it. `ts` is not negative.
    pub fn take<F: Fold>(&mut self, key: &[u8], ts: i64, fold: &mut F) {
        self.take_at(Place::default(), key, ts, fold);
    }

    /// The same, where its key has been looked up; other records may have been taken since.
    pub fn take_at<F: Fold>(&mut self, place: Place, key: &[u8], ts: i64, fold: &mut F) {
        let has_advanced = self.time.is_none_or(|time| ts > time);
        let time = self.time.map_or(ts, |time| time.max(ts));
        self.time = Some(time);
        match &mut self.open {
            Open::Fixed(fixed) => fixed.take(key, ts, time, fold),
            Open::Sliding(sliding) => sliding.take(key, ts, time, fold),
            Open::Session(sessions) => sessions.take(key, place.0, ts, time, fold),
            Open::Count(counts) => counts.take(key, ts, fold),
            Open::Running(running) => running.take(key, ts, fold),
        }
        if has_advanced {
            self.close(time, fold);
        }
    }

    /// Moves stream time on without a record.
    pub fn advance<F: Fold>(&mut self, to: i64, fold: &mut F) {
        if self.time.is_some_and(|time| to > time) {
            self.time = Some(to);
            self.close(to, fold);
        }
    }

    fn close<F: Fold>(&mut self, time: i64, fold: &mut F) {
        match &mut self.open {
            Open::Fixed(fixed) => fixed.close(time, fold),
            Open::Sliding(sliding) => sliding.close(time, fold),
            Open::Session(sessions) => sessions.close(time, fold),
            Open::Count(_) | Open::Running(_) => {}
        }
    }

    /// Closes all windows.
    pub fn close_all<F: Fold>(&mut self, fold: &mut F) {
        match &mut self.open {
            Open::Fixed(fixed) => fixed.close(i64::MAX, fold),
            Open::Sliding(sliding) => sliding.close(i64::MAX, fold),
            Open::Session(sessions) => sessions.close(i64::MAX, fold),
            Open::Count(counts) => counts.close_all(fold),
            Open::Running(_) => {}
        }
    }

    /// The window that closes next, of those that time closes.
    pub fn next(&self) -> Option<Next> {
        match &self.open {
            Open::Fixed(fixed) => fixed.next(),
            Open::Sliding(sliding) => sliding.next(),
            Open::Session(sessions) => sessions.next(),
            Open::Count(_) | Open::Running(_) => None,
        }
    }

    /// The window of so many records that misses the least, the first by key among equals; none where there are more keys
    /// than can be looked through in passing.
    pub fn fullest(&self) -> Option<Kept<'_>> {
        match &self.open {
            Open::Count(counts) => counts.fullest(),
            Open::Fixed(_) | Open::Sliding(_) | Open::Session(_) | Open::Running(_) => None,
        }
    }

    /// Everything that is kept, in no fixed order.
    pub fn kept(&self) -> Box<dyn Iterator<Item = Kept<'_>> + '_> {
        match &self.open {
            Open::Fixed(fixed) => Box::new(fixed.kept()),
            Open::Sliding(sliding) => Box::new(sliding.kept()),
            Open::Session(sessions) => Box::new(sessions.kept()),
            Open::Count(counts) => Box::new(counts.kept()),
            Open::Running(running) => Box::new(running.kept()),
        }
    }

    /// One slice of a walk through everything that is kept; gives where the next one begins, none at the end. What stays
    /// from the first to the last is met once at least.
    pub(crate) fn walk<'a>(&'a self, from: Walk, meet: impl FnMut(Kept<'a>)) -> Option<Walk> {
        match &self.open {
            Open::Fixed(fixed) => fixed.walk(from, meet),
            Open::Sliding(sliding) => sliding.walk(from, meet),
            Open::Session(sessions) => sessions.walk(from, meet),
            Open::Count(counts) => counts.walk(from, meet),
            Open::Running(running) => running.walk(from, meet),
        }
    }

    /// What is kept of one key.
    pub fn of<'a>(&'a self, key: &'a [u8]) -> Box<dyn Iterator<Item = Kept<'a>> + 'a> {
        match &self.open {
            Open::Fixed(fixed) => Box::new(fixed.of(key)),
            Open::Sliding(sliding) => Box::new(sliding.of(key)),
            Open::Session(sessions) => Box::new(sessions.of(key)),
            Open::Count(counts) => Box::new(counts.of(key)),
            Open::Running(running) => Box::new(running.of(key)),
        }
    }

    /// Puts a window back that was kept elsewhere; gives the slot of the one that it replaces.
    pub fn put_back(&mut self, kept: Kept<'_>) -> Option<u32> {
        match &mut self.open {
            Open::Fixed(fixed) => fixed.put_back(kept),
            Open::Sliding(sliding) => sliding.put_back(kept),
            Open::Session(sessions) => sessions.put_back(kept),
            Open::Count(counts) => counts.put_back(kept),
            Open::Running(running) => running.put_back(kept),
        }
    }

    /// Takes a window away without closing it; gives its slot.
    pub fn take_away(&mut self, key: &[u8], span: Span) -> Option<u32> {
        match &mut self.open {
            Open::Fixed(fixed) => fixed.take_away(key, span),
            Open::Sliding(sliding) => sliding.take_away(key, span),
            Open::Session(sessions) => sessions.take_away(key, span),
            Open::Count(counts) => counts.take_away(key, span),
            Open::Running(running) => running.take_away(key),
        }
    }

    /// Sets stream time to what it was elsewhere.
    pub fn put_time_back(&mut self, time: i64) {
        self.time = Some(time);
    }

    /// Windows that are open, each key's counted apart.
    pub fn open_windows(&self) -> usize {
        match &self.open {
            Open::Sliding(sliding) => sliding.open_windows(),
            Open::Fixed(_) | Open::Session(_) | Open::Count(_) | Open::Running(_) => self.len(),
        }
    }

    /// Windows that are kept, each key's counted apart: those that are open, and closed ones to which others are to be
    /// compared.
    pub fn len(&self) -> usize {
        match &self.open {
            Open::Fixed(fixed) => fixed.len(),
            Open::Sliding(sliding) => sliding.len(),
            Open::Session(sessions) => sessions.len(),
            Open::Count(counts) => counts.len(),
            Open::Running(running) => running.len(),
        }
    }

    /// None is kept.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Memory of keys and windows, about, without the aggregates.
    pub fn bytes(&self) -> usize {
        match &self.open {
            Open::Fixed(fixed) => fixed.bytes(),
            Open::Sliding(sliding) => sliding.bytes(),
            Open::Session(sessions) => sessions.bytes(),
            Open::Count(counts) => counts.bytes(),
            Open::Running(running) => running.bytes(),
        }
    }

    /// What it was made with.
    pub fn kind(&self) -> Kind {
        self.kind
    }
}
