//! What a node with windows tells of itself, lane by lane: enough to say why nothing has come out.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::{Emit, Kind, Next, Span, Windows};
use crate::problem::RecordPlace;

/// What closes windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClosedBy {
    /// stream time
    #[default]
    Time,
    /// the last of so many records
    Records,
    /// they stay open
    Nothing,
}

/// One lane of a node with windows. Counts are since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LaneReport {
    /// its stream time, in milliseconds; none before the first record with a key
    pub stream_time: Option<i64>,
    /// the record that set it, or set it last where the wall clock has moved it since
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_by: Option<RecordPlace>,
    /// wall clock when a record last came, in milliseconds
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_record_ms: Option<i64>,
    /// when results are given
    pub emit: Emit,
    /// what closes windows
    pub closed_by: ClosedBy,
    /// no record will come any more
    pub has_ended: bool,
    /// windows that are open then stay so
    pub keeps_at_end: bool,
    /// the wall clock has moved stream time on since that record, which came last
    pub is_idle: bool,
    /// since when the wall clock counts, where it may close windows
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle: Option<IdleReport>,
    /// windows open now, each key's counted apart
    pub open: usize,
    /// memory of windows and aggregates, about
    pub bytes: usize,
    /// the window that time closes next
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<NextReport>,
    /// the window of so many records that misses the least; none where there are too many keys to look
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fullest: Option<FullestReport>,
    /// the last record that missed a window
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_late: Option<LateReport>,
    /// timestamps of the records that missed a window last, the newest of them at the end
    #[serde(skip_serializing_if = "VecDeque::is_empty")]
    pub late_times: VecDeque<i64>,
    /// records that came in, those below among them; what was left out upstream is in the snapshots of the nodes there
    pub records: u64,
    /// results that went out, tombstones of merged sessions among them
    pub results: u64,
    /// records that missed a window, once for each
    pub late: u64,
    /// records without a key
    pub keyless: u64,
    /// records for which an expression failed, or that a sum had no room for
    pub failed: u64,
    /// tombstones left out
    pub tombstones: u64,
}

impl LaneReport {
    /// The most timestamps of late records that are told.
    pub const LATE_TIMES: usize = 32;

    /// Notes when records were that missed a window, as they came.
    pub(crate) fn note_late(&mut self, times: impl ExactSizeIterator<Item = i64>) {
        let skipped = times.len().saturating_sub(LaneReport::LATE_TIMES);
        self.late_times.extend(times.skip(skipped));
        let old = self.late_times.len().saturating_sub(LaneReport::LATE_TIMES);
        self.late_times.drain(..old);
    }
}

/// The window that closes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextReport {
    /// first millisecond
    pub start: i64,
    /// as the kind of window means it
    pub end: i64,
    /// the stream time from which on it waits for late records only; a session's moves on with its records
    pub grace_from: i64,
    /// the stream time that closes it, the grace later
    pub closes_at: i64,
}

/// From where the wall clock moves stream time on, `after_ms` behind the last record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdleReport {
    /// `idle_after`
    pub after_ms: i64,
    /// wall clock at the last record
    pub last_ms: i64,
    /// stream time then
    pub last_time: i64,
}

/// A window of so many records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FullestReport {
    /// its key; bytes that are no text in hexadecimal digits, as `0x…`
    pub key: String,
    /// number of its first record
    pub start: i64,
    /// number behind its last record
    pub end: i64,
    /// records that it misses
    pub missing: u64,
}

/// A record that missed a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateReport {
    /// where it stands
    pub record: RecordPlace,
    /// its timestamp
    pub ts: i64,
    /// first millisecond of the window
    pub start: i64,
    /// its end, as the kind of window means it
    pub end: i64,
    /// the stream time at which it closed
    pub closed_at: i64,
    /// stream time when the record came
    pub stream_time: i64,
    /// the record that had set that
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_by: Option<RecordPlace>,
    /// the wall clock had moved it on since
    pub is_idle: bool,
}

/// The reports of a node's lanes. What changes with every batch is counted in them; what has to be looked for is looked
/// for when somebody asks.
#[derive(Default)]
pub struct LaneReports(Mutex<Lanes>);

/// By lane what it says, and where more can be seen.
type Lanes = BTreeMap<u32, (LaneReport, Arc<dyn Watched>)>;

/// The windows of a lane, which can be looked at from outside.
pub trait Watched: Send + Sync {
    /// Fills in stream time, what is open, what closes next, and what is fullest.
    fn look(&self, report: &mut LaneReport);
}

impl LaneReports {
    /// The name by which the lanes of a node share it.
    pub const NAME: &str = "windows";

    fn lock(&self) -> MutexGuard<'_, Lanes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a lane last said.
    pub fn get(&self, lane: u32) -> Option<LaneReport> {
        self.lock().get(&lane).map(|(report, _)| report.clone())
    }

    /// A lane that begins, and its windows.
    pub fn begin(&self, lane: u32, report: LaneReport, windows: Arc<dyn Watched>) {
        self.lock().insert(lane, (report, windows));
    }

    /// A lane says this now.
    pub fn put(&self, lane: u32, report: &LaneReport) {
        if let Some((known, _)) = self.lock().get_mut(&lane) {
            known.clone_from(report);
        }
    }

    /// All lanes.
    pub fn all(&self) -> BTreeMap<u32, LaneReport> {
        // Not looked for under our lock: the lanes take it while they hold their windows.
        let lanes = self.lock().clone();
        let looked = |(lane, (mut report, windows)): (u32, (LaneReport, Arc<dyn Watched>))| {
            windows.look(&mut report);
            (lane, report)
        };
        lanes.into_iter().map(looked).collect()
    }
}

impl NextReport {
    /// Of windows with this grace, in milliseconds.
    fn new(next: Next, grace: i64) -> NextReport {
        let Span { start, end } = next.span;
        NextReport { start, end, grace_from: next.closes_at.saturating_sub(grace), closes_at: next.closes_at }
    }
}

impl Kind {
    fn grace(self) -> i64 {
        match self {
            Kind::Fixed { grace, .. } | Kind::Sliding { grace, .. } | Kind::Session { grace, .. } => grace,
            Kind::Count { .. } | Kind::Running => 0,
        }
    }

    /// What closes windows of this kind.
    pub fn closed_by(self) -> ClosedBy {
        match self {
            Kind::Fixed { .. } | Kind::Sliding { .. } | Kind::Session { .. } => ClosedBy::Time,
            Kind::Count { .. } => ClosedBy::Records,
            Kind::Running => ClosedBy::Nothing,
        }
    }
}

impl Windows {
    /// Fills in what a report says of open windows.
    pub fn tell(&self, report: &mut LaneReport) {
        report.stream_time = self.stream_time();
        report.open = self.open_windows();
        report.next = self.next().map(|next| NextReport::new(next, self.kind().grace()));
        report.fullest = self.fullest().map(|kept| FullestReport {
            key: shown(kept.key),
            start: kept.span.start,
            end: kept.span.end,
            missing: u64::try_from(kept.span.end - kept.span.start).unwrap_or_default().saturating_sub(kept.records),
        });
    }
}

/// A key for people.
fn shown(key: &[u8]) -> String {
    match std::str::from_utf8(key) {
        Ok(text) if !text.contains(char::is_control) => format!("`{text}`"),
        _ => key.iter().fold("0x".to_string(), |text, byte| format!("{text}{byte:02x}")),
    }
}
