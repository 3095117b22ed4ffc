//! Where a task's own records come from, and which is next: the smallest timestamp among the heads, then the file's order.
//! An empty Kafka queue is waited for only while the broker has more for it; other inputs are never waited for.

use std::collections::VecDeque;
use std::sync::Arc;

use super::ingest::Ingestor;
use super::own_source::OwnSource;
use super::stamps::Stamps;
use crate::batch::{Batch, PerRow, Position};
use crate::operators::{Failed, Outbox, Pulled};
use crate::problem::Fault;

/// One partition's queue, or whatever else records are read from by position.
pub(crate) trait Feed: Send {
    /// Up to `max` records that are there now: with payloads, without columns, offsets rising.
    ///
    /// # Errors
    /// What stops the reading.
    fn take(&mut self, max: usize) -> Result<Fed, Fault>;

    /// Offset of the oldest record, as far as is known.
    fn low(&self) -> Option<i64> {
        None
    }

    /// Offset behind the newest record, as far as is known.
    fn high(&self) -> Option<i64> {
        None
    }
}

/// What a feed gave.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fed {
    /// records
    pub(crate) rows: Option<Batch>,
    /// the end of the partition was reached at this offset, behind the rows
    pub(crate) end: Option<i64>,
    /// there is more, which cannot be had before others have moved on: not to be waited for
    pub(crate) is_held_back: bool,
}

/// A source node's records on one lane.
pub(crate) struct Reading {
    /// number of the node within its task
    pub(crate) node: usize,
    /// number of the reading in the run, by which positions name it
    pub(crate) slot: u32,
    from: From,
    /// what was read together and is not processed yet
    head: Option<Head>,
    /// offset of the next record to read
    pub(crate) position: i64,
    /// records read so far
    pub(crate) records_read: u64,
    /// nothing is known to be there
    pub(crate) is_at_end: bool,
    /// ends when it has read this far
    pub(crate) end_at: Option<i64>,
    pub(crate) has_ended: bool,
    end_seen: Option<i64>,
    /// own sources: nothing before this time
    not_before_ms: Option<i64>,
    /// timestamps of what was read and is not done; of feeds
    pub(crate) stamps: Stamps,
}

/// Rows that were read together: those that are good, and those that are not. Ordinals tell their common order.
pub(crate) struct Head {
    pub(crate) rows: Batch,
    pub(crate) failed: Vec<Failed>,
}

enum From {
    Own(Box<OwnSource>),
    Feed(Box<dyn Feed>),
}

impl Reading {
    pub(crate) fn own(node: usize, slot: u32, source: OwnSource) -> Reading {
        Reading::new(node, slot, From::Own(Box::new(source)), 0)
    }

    pub(crate) fn feed(node: usize, slot: u32, feed: Box<dyn Feed>, position: i64) -> Reading {
        Reading::new(node, slot, From::Feed(feed), position)
    }

    fn new(node: usize, slot: u32, from: From, position: i64) -> Reading {
        Reading {
            node,
            slot,
            from,
            head: None,
            position,
            records_read: 0,
            is_at_end: false,
            end_at: None,
            has_ended: false,
            end_seen: None,
            not_before_ms: None,
            stamps: Stamps::default(),
        }
    }

    /// Offset behind the newest record of the partition, as the client last heard; −1 where it has not.
    pub(crate) fn high(&self) -> i64 {
        match &self.from {
            From::Feed(feed) => feed.high().unwrap_or(-1),
            From::Own(_) => -1,
        }
    }

    /// Offset of the oldest record of the partition, as the client last heard; −1 where it has not.
    pub(crate) fn low(&self) -> i64 {
        match &self.from {
            From::Feed(feed) => feed.low().unwrap_or(-1),
            From::Own(_) => -1,
        }
    }

    pub(crate) fn is_feed(&self) -> bool {
        matches!(self.from, From::Feed(_))
    }

    /// Timestamp of the next row, where one is here. A record that failed has none: it goes first.
    pub(crate) fn head_ms(&self) -> Option<i64> {
        let head = self.head.as_ref()?;
        Some(head.rows.timestamps.first().copied().unwrap_or(i64::MIN))
    }

    /// Rows that were read and not taken; those that failed count as one, if there are no others.
    pub(crate) fn held_rows(&self) -> usize {
        self.head.as_ref().map_or(0, |head| head.rows.rows.max(1))
    }

    /// Whether it holds nothing, and more may come now.
    pub(crate) fn is_open_to_more(&self, now_ms: i64) -> bool {
        self.head.is_none() && !self.has_ended && self.not_before_ms.is_none_or(|until| until <= now_ms)
    }

    /// Reads up to `max` records, where it is open to more; tells how many came.
    pub(crate) fn fill(&mut self, ingest: &mut Ingestor, max: usize, now_ms: i64) -> Result<u64, Fault> {
        if !self.is_open_to_more(now_ms) {
            return Ok(0);
        }
        if max == 0 {
            // Nobody tells when other lanes give back what they have reserved.
            self.not_before_ms = Some(now_ms + 1);
            return Ok(0);
        }
        self.not_before_ms = None;
        let rows = match &mut self.from {
            From::Own(source) => match source.pull(self.position, max, now_ms)? {
                Pulled::Rows(batch) => Some(batch),
                Pulled::Failed(failed) => return Ok(self.hold_failed(failed)),
                Pulled::NotBefore(until) => {
                    self.not_before_ms = Some(until);
                    None
                }
                Pulled::End => {
                    self.has_ended = true;
                    None
                }
            },
            From::Feed(feed) => {
                let Fed { rows, end, is_held_back } = feed.take(max)?;
                match (end, &rows) {
                    (Some(end), None) => self.position = self.position.max(end),
                    (Some(end), Some(_)) => self.end_seen = Some(end),
                    (None, Some(_)) => self.is_at_end = false,
                    (None, None) => {}
                }
                self.is_at_end |= end.is_some() || is_held_back;
                rows
            }
        };
        let read = rows.map_or(Ok(0), |batch| self.hold(batch, ingest, now_ms))?;
        // An end behind the rows may lie further on than the last of them: a transaction's marker, say.
        self.position = self.position.max(self.end_seen.take().unwrap_or(i64::MIN));
        self.has_ended |= self.end_at.is_some_and(|end| self.position >= end);
        Ok(read)
    }

    fn hold(&mut self, mut batch: Batch, ingest: &mut Ingestor, now_ms: i64) -> Result<u64, Fault> {
        let read = batch.rows as u64;
        self.place(&mut batch);
        let mut out = Outbox::default();
        let rows = ingest.run(batch, now_ms, &mut out)?;
        self.head = Some(Head { rows, failed: out.failed });
        Ok(read)
    }

    fn hold_failed(&mut self, mut failed: Failed) -> u64 {
        let position = self.position;
        self.place(&mut failed.batch);
        // Those that were read with them and are good may lie behind.
        self.position = self.position.max(position);
        let read = failed.batch.rows as u64;
        let rows = failed.batch.slice(0, 0);
        self.head = Some(Head { rows, failed: vec![failed] });
        read
    }

    fn place(&mut self, batch: &mut Batch) {
        if self.is_feed() {
            self.stamps.push(batch);
        }
        self.records_read += batch.rows as u64;
        batch.position = Position { slot: PerRow::Same(self.slot), offset: batch.origin.offset.clone() };
        self.position = batch.origin.offset.last().map_or(self.position, |last| last + 1);
    }

    /// Takes the next rows: up to `max`, and only while their timestamps stay below the other heads' (or reach it, for the
    /// reading that comes first in the file). Records that failed among them come along.
    pub(crate) fn take(&mut self, max: usize, until_ms: Option<(i64, bool)>) -> Option<Head> {
        let head = self.head.take()?;
        let all = head.rows.rows;
        let run = match until_ms {
            Some((until, is_first)) => {
                let goes = |time: i64| time < until || (is_first && time == until);
                head.rows.timestamps.iter().take_while(|&&time| goes(time)).count().max(1)
            }
            None => all,
        };
        let rows = run.min(max.max(1)).min(all);
        if rows == all {
            return Some(head);
        }
        let rest = head.rows.slice(rows, all - rows);
        let next = rest.ordinals[0];
        let (failed, later) = split_failed(head.failed, next);
        self.head = Some(Head { rows: rest, failed: later });
        Some(Head { rows: head.rows.slice(0, rows), failed })
    }

    /// The offset from which reading would have to go on: that of the first record not handed out.
    pub(crate) fn needs(&self) -> i64 {
        let first = |batch: &Batch| batch.position.offset.first().copied();
        let held = self.head.as_ref().and_then(|head| {
            head.failed.iter().map(|failed| &failed.batch).chain([&head.rows]).filter_map(first).min()
        });
        held.unwrap_or(self.position)
    }

    pub(crate) fn due_ms(&self) -> Option<i64> {
        self.not_before_ms.filter(|_| self.head.is_none() && !self.has_ended)
    }

    /// Whether rows may still be on their way that have to be waited for.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.is_feed() && self.head.is_none() && !self.is_at_end && !self.has_ended
    }

    pub(crate) fn is_drained(&self) -> bool {
        let has_more = match &self.from {
            From::Own(source) => source.is_down(),
            From::Feed(_) => !self.is_at_end,
        };
        self.head.is_none() && (self.has_ended || !has_more)
    }

    /// No row is held and none will come.
    pub(crate) fn is_over(&self) -> bool {
        self.has_ended && self.head.is_none()
    }
}

/// Parts the records that failed before an ordinal from those after it.
fn split_failed(all: Vec<Failed>, next: u64) -> (Vec<Failed>, Vec<Failed>) {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for Failed { batch, mut reasons } in all {
        let count = batch.ordinals.iter().take_while(|&&ordinal| ordinal < next).count();
        let later = reasons.split_off(count);
        let rest = batch.slice(count, batch.rows - count);
        if count > 0 {
            before.push(Failed { batch: batch.slice(0, count), reasons });
        }
        if !later.is_empty() {
            after.push(Failed { batch: rest, reasons: later });
        }
    }
    (before, after)
}

/// A feed that others push into: the test driver's, and through topics without a broker.
#[derive(Clone, Default)]
pub(crate) struct Script(Arc<std::sync::Mutex<VecDeque<Batch>>>);

impl Script {
    pub(crate) fn push(&self, batch: Batch) {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push_back(batch);
    }
}

impl Feed for Script {
    fn take(&mut self, max: usize) -> Result<Fed, Fault> {
        let mut held = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Some(batch) = held.pop_front() else { return Ok(Fed { end: Some(0), ..Fed::default() }) };
        if batch.rows <= max {
            return Ok(Fed { rows: Some(batch), ..Fed::default() });
        }
        held.push_front(batch.slice(max, batch.rows - max));
        Ok(Fed { rows: Some(batch.slice(0, max)), ..Fed::default() })
    }
}
