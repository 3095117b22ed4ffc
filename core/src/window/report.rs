//! What a node with windows tells of itself, lane by lane: enough to say why nothing has come out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::{Emit, Span};
use crate::problem::RecordPlace;

/// One lane of a node with windows. Counts are since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LaneReport {
    /// its stream time, in milliseconds; none before the first record
    pub stream_time: Option<i64>,
    /// the record that set it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_by: Option<RecordPlace>,
    /// wall clock when a record last came, in milliseconds
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_record_ms: Option<i64>,
    /// when results are given
    pub emit: Emit,
    /// no record will come any more
    pub has_ended: bool,
    /// windows that are open then stay so
    pub keeps_at_end: bool,
    /// the wall clock has moved stream time on since that record, which came last
    pub is_idle: bool,
    /// windows open now, each key's counted apart
    pub open: usize,
    /// memory of windows and aggregates, about
    pub bytes: usize,
    /// the window that closes next
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<NextReport>,
    /// records that came in
    pub records: u64,
    /// results that went out
    pub results: u64,
    /// records that missed a window, once for each
    pub late: u64,
    /// records without a key
    pub keyless: u64,
    /// records for which an expression failed
    pub failed: u64,
    /// tombstones left out
    pub tombstones: u64,
}

/// The window that closes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct NextReport {
    /// first millisecond
    pub start: i64,
    /// as the kind of window means it
    pub end: i64,
    /// the stream time that closes it; a session's moves on with its records
    pub closes_at: i64,
}

/// The reports of a node's lanes. What changes with every batch is counted in them; what has to be looked for is looked
/// for when somebody asks.
#[derive(Default)]
pub struct LaneReports(Mutex<Lanes>);

/// By lane what it says, and where more can be seen.
type Lanes = BTreeMap<u32, (LaneReport, Arc<dyn Watched>)>;

/// The windows of a lane, which can be looked at from outside.
pub trait Watched: Send + Sync {
    /// Fills in stream time, what is open, and what closes next.
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

impl From<super::Next> for NextReport {
    fn from(next: super::Next) -> NextReport {
        let Span { start, end } = next.span;
        NextReport { start, end, closes_at: next.closes_at }
    }
}
