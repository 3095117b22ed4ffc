//! The flow of a node that folds: rows go into the windows of their keys, results and late records come out. All that
//! a row causes has its ordinal and its place in the log.

use std::sync::{Arc, MutexGuard, PoisonError};

use arrow_array::{ArrayRef, BooleanArray, Int64Array, StringViewArray, TimestampMillisecondArray};
use arrow_buffer::{NullBuffer, ScalarBuffer};
use arrow_select::nullif::nullif;
use bytes::Bytes;

use super::folding::{Folding, Late, Results};
use super::state::{LaneState, LaneStore};
use super::{BOUNDS, Folds, LATE, millis};
use crate::aggregate::{Aggregates, FailedRow};
use crate::batch::{Batch, MAX_ROWS, Windows as BatchWindows};
use crate::operators::body::{Flow, Grant, Outbox, Reason, Site};
use crate::operators::rows::{Failures, arrow_fault, key_of, place_of};
use crate::problem::Fault;
use crate::types::Schema;
use crate::window::{Emit, IdleReport, LaneReport, LaneReports, LateReport, Windows};

/// Marks results that the wall clock has brought about.
const IDLE_HEADER: &str = "tidegate.idle";

pub(super) struct Running {
    aggregates: Aggregates,
    /// their columns' fields, for failures
    fields: Vec<String>,
    emit: Emit,
    every_ms: Option<i64>,
    idle_after_ms: Option<i64>,
    closes_at_end: bool,
    is_windowed: bool,
    is_timed: bool,
    folds_tombstones: bool,
    schema: Arc<Schema>,
    /// of the output
    columns: Vec<From>,
    late: Option<LateColumns>,
    store: Arc<LaneStore>,
    lane: u32,
    reports: Arc<LaneReports>,
    report: LaneReport,
    /// the wall clock, as last told
    now_ms: i64,
    /// wall clock and stream time at the last record
    last_at: Option<(i64, i64)>,
    /// the last row, for the place in the log of what no row causes
    last: Option<Batch>,
}

/// Where a column of the output comes from.
#[derive(Debug, Clone, Copy)]
enum From {
    Start,
    End,
    Aggregate(usize),
}

/// The columns of late records.
struct LateColumns {
    schema: Arc<Schema>,
    columns: Vec<FromLate>,
    is_connected: bool,
}

#[derive(Debug, Clone, Copy)]
enum FromLate {
    Input(usize),
    /// place in [`LATE`]
    Ours(usize),
}

impl Running {
    pub(super) fn new(config: &impl Folds, site: &Site<'_>) -> Result<Running, Fault> {
        let (input, output) = (site.input(0)?, site.output(0)?);
        let wrong = |_| Fault::ours("aggregates were checked and do not compile");
        let aggregates = Aggregates::compile(config.aggregates(), &input.into()).map_err(wrong)?;
        let results = config.results();
        let emit = results.map_or(Emit::OnUpdate, |results| results.emit);
        let has_bounds = results.is_some_and(|results| results.window_columns);
        let columns =
            output.schema.columns.iter().map(|column| match BOUNDS.iter().position(|name| *name == column.name) {
                Some(0) if has_bounds => Ok(From::Start),
                Some(_) if has_bounds => Ok(From::End),
                _ => {
                    let place = aggregates.columns().iter().position(|known| known.name == column.name);
                    place
                        .map(From::Aggregate)
                        .ok_or_else(|| Fault::ours(format!("no aggregate makes `{}`", column.name)))
                }
            });
        let columns = columns.collect::<Result<_, _>>()?;
        let late = match config.timed() {
            Some(_) => Some(LateColumns::new(site)?),
            None => None,
        };
        let names = || aggregates.columns().iter().map(|column| column.name.clone()).collect();
        let make =
            |tracks| LaneState::new(Windows::new(config.kind(), emit), (aggregates.states(), names()), tracks).into();
        let store: Arc<LaneStore> = site.stores.open_with(site.node, make)?;
        let reports = site.shared.get(LaneReports::NAME, LaneReports::default);
        let running = Running {
            fields: aggregates.columns().iter().map(|column| format!("aggregates.{}", column.name)).collect(),
            emit,
            every_ms: results.and_then(|results| results.every).map(millis),
            idle_after_ms: config.timed().and_then(|timed| timed.idle_after).map(millis),
            closes_at_end: results.is_some_and(|results| results.at_end == super::AtEnd::Close),
            is_windowed: results.is_some(),
            is_timed: config.timed().is_some(),
            folds_tombstones: config.folds_tombstones(),
            schema: output.schema.clone(),
            columns,
            late,
            store,
            lane: site.lane,
            report: LaneReport {
                emit,
                closed_by: config.kind().closed_by(),
                keeps_at_end: results.is_some_and(|results| results.at_end == super::AtEnd::Keep),
                has_ended: false,
                ..reports.get(site.lane).unwrap_or_default()
            },
            reports,
            aggregates,
            now_ms: 0,
            last_at: None,
            last: None,
        };
        // Known from the start: a lane to which nothing comes is silent too.
        running.reports.begin(running.lane, running.report.clone(), running.store.clone());
        Ok(running)
    }

    /// Folds the rows of a batch, and gives what comes of it.
    fn fold(&mut self, batch: &Batch, out: &mut Outbox) -> Result<(), Fault> {
        let (arguments, refused) = self.aggregates.arguments(batch);
        let mut failures: Failures = refused.into_iter().map(|failed| self.failure(failed)).collect();
        self.report.failed += failures.len() as u64;
        let mut fails = failures.iter().map(|(row, _)| *row).collect::<Vec<_>>().into_iter().peekable();
        let store = self.store.clone();
        let mut state = lock(&store);
        let LaneState { windows, states, held, changed, .. } = &mut *state;
        let mut folding = Folding::new(states, Some(&arguments), held, changed.as_mut(), (self.emit, self.every_ms));
        let mut left_out = 0;
        let (mut newest, mut newest_of_late) = (None, None);
        let places = windows.look_up((0..batch.rows).map(|row| key_of(batch, row).unwrap_or_default()));
        for row in 0..batch.rows {
            if fails.next_if_eq(&row).is_some() {
                continue;
            }
            let Some(key) = key_of(batch, row) else {
                failures.push((row, Reason::new("the record has no key")));
                self.report.keyless += 1;
                continue;
            };
            if !self.folds_tombstones && batch.is_tombstone(row) {
                left_out += 1;
                continue;
            }
            let ts = batch.timestamps[row];
            if windows.stream_time().is_none_or(|time| ts > time) {
                newest = Some(row);
            }
            folding.row = row as u32;
            folding.time = windows.stream_time().map_or(ts, |time| time.max(ts));
            if self.every_ms.is_some() {
                folding.give_due(folding.time);
            }
            let late = folding.late.len();
            windows.take_at(places.get(row).copied().unwrap_or_default(), key, ts, &mut folding);
            if folding.late.len() > late {
                newest_of_late = newest;
            }
        }
        let Folding { results, late, overflows, .. } = folding;
        states.settle(Some(&arguments));
        self.report.failed += overflows.len() as u64;
        failures.extend(overflows.into_iter().map(|failed| self.failure(failed)));
        out.drops.count("tombstone", left_out);
        self.report.tombstones += left_out;
        self.report.records += batch.rows as u64;
        self.report.last_record_ms = Some(self.now_ms);
        if let Some(last) = late.last() {
            self.report.last_late = Some(self.of_late(batch, last, newest_of_late));
            self.report.note_late(late.iter().map(|late| batch.timestamps[late.row as usize]));
        }
        if let Some(row) = newest {
            self.report.set_by = Some(batch.place(row));
            self.report.is_idle = false;
        }
        self.give(batch, results, &mut state, None, out)?;
        self.give_late(batch, &late, out)?;
        self.last_at = state.windows.stream_time().map(|time| (self.now_ms, time));
        self.report.idle = self.last_at.zip(self.idle_after_ms).map(|((last_ms, last_time), after_ms)| IdleReport {
            after_ms,
            last_ms,
            last_time,
        });
        drop(state);
        self.tell();
        out.fail_rows(batch, failures)
    }

    /// What is told of a late row. `newest` is the row before it that set stream time, unless an earlier batch did.
    fn of_late(&self, batch: &Batch, late: &Late, newest: Option<usize>) -> LateReport {
        LateReport {
            record: batch.place(late.row as usize),
            ts: batch.timestamps[late.row as usize],
            start: late.span.start,
            end: late.span.end,
            closed_at: late.closed_at,
            stream_time: late.time,
            set_by: newest.map(|row| batch.place(row)).or_else(|| self.report.set_by.clone()),
            is_idle: newest.is_none() && self.report.is_idle,
        }
    }

    fn failure(&self, failed: FailedRow) -> (usize, Reason) {
        let field = self.fields.get(failed.column).map_or("aggregates", String::as_str);
        (failed.failure.row, Reason::of(field, failed.failure))
    }

    /// What comes of no row: of the wall clock, or of the end.
    fn fold_none(
        &mut self,
        mark: Option<&str>,
        out: &mut Outbox,
        work: impl FnOnce(&mut Windows, &mut Folding<'_>),
    ) -> Result<(), Fault> {
        let Some(last) = self.last.clone() else { return Ok(()) };
        let store = self.store.clone();
        let mut state = lock(&store);
        let LaneState { windows, states, held, changed, .. } = &mut *state;
        let mut folding = Folding::new(states, None, held, changed.as_mut(), (self.emit, self.every_ms));
        folding.time = windows.stream_time().unwrap_or_default();
        work(windows, &mut folding);
        let Folding { results, .. } = folding;
        states.settle(None);
        self.give(&last, results, &mut state, mark, out)?;
        drop(state);
        self.tell();
        Ok(())
    }

    /// Results as rows of the output.
    fn give(
        &mut self,
        batch: &Batch,
        results: Results,
        state: &mut MutexGuard<'_, LaneState>,
        mark: Option<&str>,
        out: &mut Outbox,
    ) -> Result<(), Fault> {
        let rows = results.rows.len();
        if rows == 0 {
            return Ok(());
        }
        self.report.results += rows as u64;
        let Results { rows: causes, keys, starts, ends, times, tombstones } = results;
        let (starts, ends): (ScalarBuffer<i64>, ScalarBuffer<i64>) = (starts.into(), ends.into());
        let mut values = state.states.given()?;
        let gone = tombstones.map(|mut tombstones| tombstones.finish());
        if let Some(gone) = &gone {
            let gone = BooleanArray::new(gone.clone(), None);
            let without = |column: &ArrayRef| nullif(column, &gone).map_err(arrow_fault);
            values = values.iter().map(without).collect::<Result<_, _>>()?;
        }
        let nulls = gone.as_ref().map(|gone| NullBuffer::new(!gone));
        let bound = |bounds: &ScalarBuffer<i64>| -> ArrayRef {
            match self.is_timed {
                true => Arc::new(TimestampMillisecondArray::new(bounds.clone(), nulls.clone())),
                false => Arc::new(Int64Array::new(bounds.clone(), nulls.clone())),
            }
        };
        let columns = self.columns.iter().map(|from| match from {
            From::Start => bound(&starts),
            From::End => bound(&ends),
            From::Aggregate(place) => values[*place].clone(),
        });
        let columns = columns.collect();
        let caused = bare(batch).take(&causes).map_err(arrow_fault)?;
        let result = Batch {
            keys: keys.map_or_else(|| caused.keys.clone(), |mut keys| keys.finish()),
            timestamps: times.into(),
            tombstones: gone,
            windows: self.is_windowed.then_some(BatchWindows { start: starts, end: ends }),
            headers: mark.map(|mark| vec![vec![(mark.to_string(), Some(Bytes::from_static(b"true")))]; rows].into()),
            ..caused.with_columns(self.schema.clone(), columns)
        };
        for start in (0..rows).step_by(MAX_ROWS) {
            out.emit(0, result.slice(start, MAX_ROWS.min(rows - start)));
        }
        Ok(())
    }

    fn give_late(&mut self, batch: &Batch, late: &[Late], out: &mut Outbox) -> Result<(), Fault> {
        self.report.late += late.len() as u64;
        out.late += late.len() as u64;
        let Some(LateColumns { schema, columns, is_connected: true }) = &self.late else { return Ok(()) };
        for late in late.chunks(MAX_ROWS) {
            let rows: Vec<u32> = late.iter().map(|late| late.row).collect();
            let batch = Batch { payload: None, ..batch.clone() }.take(&rows).map_err(arrow_fault)?;
            let times = |of: fn(&Late) -> i64| -> ArrayRef {
                Arc::new(late.iter().map(|late| Some(of(late))).collect::<TimestampMillisecondArray>())
            };
            let columns = columns.iter().map(|from| match from {
                FromLate::Input(place) => batch.columns[*place].clone(),
                FromLate::Ours(0) => times(|late| late.span.start),
                FromLate::Ours(1) => times(|late| late.span.end),
                FromLate::Ours(2) => times(|late| late.time),
                FromLate::Ours(_) => Arc::new(late.iter().map(|late| Some(reason(late))).collect::<StringViewArray>()),
            });
            let columns = columns.collect();
            // A late tombstone has columns all the same: why it was late.
            let batch = Batch { tombstones: None, ..batch };
            out.emit(1, batch.with_columns(schema.clone(), columns));
        }
        Ok(())
    }

    /// Moves stream time on with the wall clock, where no record has come for so long.
    fn move_on(&mut self, now_ms: i64, out: &mut Outbox) -> Result<(), Fault> {
        let (Some(idle_after), Some((at, time))) = (self.idle_after_ms, self.last_at) else { return Ok(()) };
        let moved = time.saturating_add(now_ms.saturating_sub(at.saturating_add(idle_after)));
        if lock(&self.store).windows.stream_time().is_none_or(|time| moved <= time) {
            return Ok(());
        }
        self.report.is_idle = true;
        self.fold_none(Some(IDLE_HEADER), out, |windows, folding| {
            folding.time = moved;
            folding.give_due(moved);
            windows.advance(moved, folding);
        })
    }

    /// Publishes what the node says of this lane.
    fn tell(&self) {
        self.reports.put(self.lane, &self.report);
    }
}

impl Flow for Running {
    fn process(&mut self, _: usize, batch: Batch, out: &mut Outbox) -> Result<(), Fault> {
        if batch.rows == 0 {
            return Ok(());
        }
        self.move_on(self.now_ms, out)?;
        self.fold(&batch, out)?;
        self.last = Some(bare(&batch).slice(batch.rows - 1, 1));
        Ok(())
    }

    fn grant(&mut self, _: usize, now_ms: i64) -> Grant {
        self.now_ms = now_ms;
        Grant::ALL
    }

    fn tick(&mut self, now_ms: i64, out: &mut Outbox) -> Result<Option<i64>, Fault> {
        let Some(idle_after) = self.idle_after_ms else { return Ok(None) };
        self.move_on(now_ms, out)?;
        let Some((at, time)) = self.last_at else { return Ok(Some(now_ms.saturating_add(idle_after))) };
        let idle_from = at.saturating_add(idle_after);
        if now_ms < idle_from {
            return Ok(Some(idle_from));
        }
        let state = lock(&self.store);
        let closes_at = state.windows.next().map(|next| next.closes_at);
        let due_at = state.held.due.keys().next().copied();
        let next = closes_at.into_iter().chain(due_at).min().map(|next| next.saturating_sub(time));
        let next = next.map_or(now_ms.saturating_add(idle_after), |until| idle_from.saturating_add(until));
        Ok(Some(next.max(now_ms.saturating_add(1))))
    }

    fn end(&mut self, out: &mut Outbox) -> Result<(), Fault> {
        self.report.has_ended = true;
        if self.closes_at_end {
            self.fold_none(None, out, |windows, folding| windows.close_all(folding))?;
        }
        self.tell();
        Ok(())
    }
}

impl LateColumns {
    fn new(site: &Site<'_>) -> Result<LateColumns, Fault> {
        let (input, late) = (site.input(0)?, site.output(1)?);
        let columns =
            late.schema.columns.iter().map(|column| match LATE.iter().position(|name| *name == column.name) {
                Some(place) => Ok(FromLate::Ours(place)),
                None => place_of(&input.schema, &column.name).map(FromLate::Input),
            });
        Ok(LateColumns {
            schema: late.schema.clone(),
            columns: columns.collect::<Result<_, _>>()?,
            is_connected: site.connected.get(1).copied().unwrap_or_default(),
        })
    }
}

fn lock(store: &LaneStore) -> MutexGuard<'_, LaneState> {
    store.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where rows come from, without what is in them.
fn bare(batch: &Batch) -> Batch {
    Batch { payload: None, headers: None, tombstones: None, windows: None, ..batch.clone() }
        .with_columns(Arc::default(), Vec::new())
}

fn reason(late: &Late) -> String {
    format!("the window closed at stream time {}, and it is {} now", late.closed_at, late.time)
}
