//! The state of a lane: its windows, their aggregates, and what is held back. A store as any other, so that it outlives
//! the node's body. In it a key is the record's key, then start and end of the window; a value is the timestamp of the
//! result, the number of records where that closes the window, then the aggregates. The empty key holds stream time.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};
use serde_json::Value;

use crate::aggregate::States;
use crate::codec::column_value;
use crate::key_map::Walk;
use crate::problem::Fault;
use crate::state::{Change, Found, Place, Query, Store, StoreLevel};
use crate::window::{Kept, Kind, LaneReport, Span, Watched, Windows};

/// What a lane keeps.
pub(super) struct LaneState {
    pub(super) windows: Windows,
    pub(super) states: States,
    pub(super) held: Held,
    /// windows that changed since this was last asked, where somebody asks
    pub(super) changed: Option<Changed>,
    /// names of the aggregates
    names: Vec<String>,
}

/// Results that wait, since their window has given one just before.
#[derive(Default)]
pub(super) struct Held {
    /// by slot
    pub(super) last: HashMap<u32, Last, FixedState>,
    /// slots by the stream time at which their result is due
    pub(super) due: BTreeMap<i64, Vec<u32>>,
}

/// What a window has given last, and what it has not given yet.
pub(super) struct Last {
    /// when, in stream time
    pub(super) given_at: i64,
    /// as which window: a session may have grown since
    pub(super) given: Span,
    /// what waits
    pub(super) waits: Option<Waiting>,
}

/// A result that waits: key, window, timestamp.
pub(super) type Waiting = (Box<[u8]>, Span, i64);

/// Keys of the store that changed.
pub(super) type Changed = HashSet<Box<[u8]>, FixedState>;

/// The store of a lane.
pub(super) type LaneStore = Mutex<LaneState>;

impl LaneState {
    pub(super) fn new(windows: Windows, (states, names): (States, Vec<String>), tracks_changes: bool) -> LaneState {
        LaneState { windows, states, held: Held::default(), changed: tracks_changes.then(HashSet::default), names }
    }

    /// Memory of windows and aggregates, about.
    pub(super) fn bytes(&self) -> usize {
        self.windows.bytes() + self.states.bytes()
    }

    fn value(&self, kept: Kept<'_>) -> Vec<u8> {
        let mut bytes = kept.ts.to_be_bytes().to_vec();
        bytes.extend(kept.records.to_be_bytes());
        self.states.write(kept.slot, &mut bytes);
        bytes
    }

    /// What slots have come to, in JSON; null where that is beyond its type. Between two batches nothing else is given.
    fn tell(&mut self, slots: &[u32]) -> Vec<Value> {
        slots.iter().for_each(|&slot| self.states.give(slot));
        self.states.settle(None);
        let Ok(columns) = self.states.given() else { return vec![Value::Null; slots.len()] };
        let row = |row: usize| {
            let values = columns.iter().map(|column| column_value(column, row));
            Value::Object(self.names.iter().cloned().zip(values).collect())
        };
        (0..slots.len()).map(row).collect()
    }

    fn part<'a>(&'a self, key: &'a [u8]) -> Option<Kept<'a>> {
        let (key, span) = parted(key)?;
        self.windows.of(key).find(|kept| kept.span == span)
    }
}

impl Watched for LaneStore {
    fn look(&self, report: &mut LaneReport) {
        let state = self.lock().unwrap_or_else(PoisonError::into_inner);
        state.windows.tell(report);
        report.bytes = state.bytes();
    }
}

/// Key and window in one.
pub(super) fn joined(key: &[u8], span: Span) -> Box<[u8]> {
    [key, &span.start.to_be_bytes(), &span.end.to_be_bytes()].concat().into()
}

fn parted(bytes: &[u8]) -> Option<(&[u8], Span)> {
    let (rest, end) = bytes.split_last_chunk()?;
    let (key, start) = rest.split_last_chunk()?;
    Some((key, Span { start: i64::from_be_bytes(*start), end: i64::from_be_bytes(*end) }))
}

impl Store for LaneStore {
    fn level(&self) -> StoreLevel {
        let state = self.lock().unwrap_or_else(PoisonError::into_inner);
        StoreLevel { keys: state.windows.len(), bytes: state.bytes() }
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        let state = self.lock().unwrap_or_else(PoisonError::into_inner);
        state.part(key).map(|kept| state.value(kept))
    }

    fn keys(&self) -> Vec<Box<[u8]>> {
        let state = self.lock().unwrap_or_else(PoisonError::into_inner);
        let mut keys: Vec<Box<[u8]>> = state.windows.kept().map(|kept| joined(kept.key, kept.span)).collect();
        keys.sort_unstable();
        keys
    }

    fn find(&self, query: &Query, pause: &dyn Fn()) -> Found {
        let state = || self.lock().unwrap_or_else(PoisonError::into_inner);
        let is_windowed = state().windows.kind() != Kind::Running;
        let window = |kept: &Kept<'_>| is_windowed.then_some((kept.span.start, kept.span.end));
        let mut finding = query.begin();
        let mut walk = match query.keys.one() {
            Some(key) => {
                state().windows.of(key).for_each(|kept| finding.meet(kept.key, window(&kept)));
                None
            }
            None => Some(Walk::default()),
        };
        while let Some(from) = walk {
            walk = state().windows.walk(from, |kept| finding.meet(kept.key, window(&kept)));
            pause();
        }
        let keys = state().windows.len();
        finding.tell(keys, |some| {
            let mut state = state();
            let slot = |(key, of): &Place| Some(state.windows.of(key).find(|kept| window(kept) == *of)?.slot);
            let slots: Vec<Option<u32>> = some.iter().map(slot).collect();
            let there: Vec<u32> = slots.iter().flatten().copied().collect();
            let mut values = state.tell(&there).into_iter();
            slots.into_iter().map(|slot| slot.and_then(|_| values.next())).collect()
        })
    }

    fn take_changed(&self) -> Vec<Change> {
        let mut state = self.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = state.changed.as_mut().map(std::mem::take).unwrap_or_default();
        let mut keys: Vec<Box<[u8]>> = changed.into_iter().collect();
        keys.sort_unstable();
        let time = state.windows.stream_time().filter(|_| !keys.is_empty());
        let time = time.map(|time| (Box::default(), Some(time.to_be_bytes().to_vec())));
        let windows = keys.into_iter().map(|key| {
            let value = state.part(&key).map(|kept| state.value(kept));
            (key, value)
        });
        time.into_iter().chain(windows).collect()
    }

    fn fill(&self, key: &[u8], value: Option<&[u8]>) -> Result<(), Fault> {
        let mut state = self.lock().unwrap_or_else(PoisonError::into_inner);
        let wrong = || Fault::ours("these bytes are not a window of the store");
        let LaneState { windows, states, .. } = &mut *state;
        if key.is_empty() {
            let time = value.and_then(|value| value.try_into().ok()).ok_or_else(wrong)?;
            windows.put_time_back(i64::from_be_bytes(time));
            return Ok(());
        }
        let (key, span) = parted(key).ok_or_else(wrong)?;
        let replaced = match value {
            None => windows.take_away(key, span),
            Some(value) => {
                let (ts, value) = value.split_first_chunk().ok_or_else(wrong)?;
                let (records, value) = value.split_first_chunk().ok_or_else(wrong)?;
                let slot = states.read(value).ok_or_else(wrong)?;
                let (ts, records) = (i64::from_be_bytes(*ts), u64::from_be_bytes(*records));
                windows.put_back(Kept { key, span, slot, ts, records })
            }
        };
        replaced.into_iter().for_each(|slot| states.free(slot));
        states.settle(None);
        Ok(())
    }
}
