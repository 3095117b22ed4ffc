//! The queue of an edge that has no rules of its own: first in, first out, bounded by records and bytes.

use std::collections::VecDeque;

use super::channel::Needs;
use crate::batch::{Batch, MAX_ROWS};
use crate::operators::{Level, Outbox, Queue};
use crate::problem::Fault;

/// Batches up to so many rows are put together when they are taken: copying them costs less than taking them one by one.
const SMALL_ROWS: usize = MAX_ROWS / 8;

/// First in, first out, up to so many records and bytes. One record above the limit passes alone.
pub(crate) struct Bounded {
    held: VecDeque<(Batch, usize)>,
    rows: usize,
    bytes: usize,
    max_rows: usize,
    max_bytes: usize,
}

impl Bounded {
    pub(crate) fn new(max_rows: usize, max_bytes: usize) -> Bounded {
        Bounded { held: VecDeque::new(), rows: 0, bytes: 0, max_rows: max_rows.max(1), max_bytes: max_bytes.max(1) }
    }

    /// How many rows of a batch there is room for.
    fn room(&self, batch: &Batch, bytes: usize) -> usize {
        let free = self.max_bytes.saturating_sub(self.bytes);
        let by_rows = self.max_rows.saturating_sub(self.rows).min(batch.rows);
        let by_bytes = if bytes <= free { batch.rows } else { rows_within(batch, free) };
        match by_rows.min(by_bytes) {
            0 if self.rows == 0 => 1,
            room => room,
        }
    }

    /// What has to wait is freed of memory that it does not use: a filter's few rows would else hold all that was read.
    fn push(&mut self, batch: Batch, bytes: usize) {
        let batch = if self.held.is_empty() { batch } else { batch.compact() };
        self.rows += batch.rows;
        self.bytes += bytes;
        self.held.push_back((batch, bytes));
    }

    fn pop(&mut self) -> Option<Batch> {
        let (batch, bytes) = self.held.pop_front()?;
        self.rows -= batch.rows;
        self.bytes -= bytes;
        Some(batch)
    }
}

/// How many rows from the first on are no more than so many bytes.
fn rows_within(batch: &Batch, bytes: usize) -> usize {
    let mut sum = 0;
    let mut fits = |size: &usize| {
        sum += size;
        sum <= bytes
    };
    batch.row_bytes().iter().take_while(|size| fits(size)).count()
}

impl Queue for Bounded {
    fn offer(&mut self, batch: Batch, _: i64, _: &mut Outbox) -> Result<Option<Batch>, Fault> {
        let bytes = batch.bytes();
        let room = self.room(&batch, bytes);
        if room >= batch.rows {
            self.push(batch, bytes);
            return Ok(None);
        }
        if room > 0 {
            let first = batch.slice(0, room);
            let bytes = first.bytes();
            self.push(first, bytes);
        }
        Ok(Some(batch.slice(room, batch.rows - room)))
    }

    /// The batch in front. Where that is a small one, those behind it come along as far as they are small too: what came
    /// row by row leaves in full batches.
    fn take(&mut self, max: usize, _: i64) -> Result<Option<Batch>, Fault> {
        let Some(first) = self.pop() else { return Ok(None) };
        if first.rows > max {
            let rest = first.slice(max, first.rows - max);
            let bytes = rest.bytes();
            self.rows += rest.rows;
            self.bytes += bytes;
            self.held.push_front((rest, bytes));
            return Ok(Some(first.slice(0, max)));
        }
        let mut rows = first.rows;
        let mut parts = vec![first];
        while parts.iter().all(|part| part.rows <= SMALL_ROWS)
            && let Some((next, _)) = self.held.front()
            && next.rows <= SMALL_ROWS
            && rows + next.rows <= max
        {
            rows += next.rows;
            parts.extend(self.pop());
        }
        match parts.len() {
            1 => Ok(parts.pop()),
            _ => {
                let parts: Vec<&Batch> = parts.iter().collect();
                Batch::concat(&parts).map(Some).map_err(|why| Fault::ours(why.to_string()))
            }
        }
    }

    fn level(&self) -> Level {
        Level { rows: self.rows, bytes: self.bytes, capacity: self.max_rows, capacity_bytes: self.max_bytes }
    }

    fn needs(&self) -> Vec<(u32, i64)> {
        let mut needs = Needs::default();
        self.held.iter().for_each(|(batch, _)| needs.add(batch));
        needs.into_vec()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::batch::{Origin, bytes_column};

    const MAX: (usize, usize) = (100, 6000);

    /// Rows whose keys have these lengths; their offsets count on from `first`.
    fn batch(first: i64, lengths: &[usize]) -> Batch {
        let key = "k".repeat(lengths.iter().copied().max().unwrap_or(0));
        let keys = bytes_column(lengths.iter().map(|&length| Some(&key.as_bytes()[..length])));
        let offsets: Vec<i64> = (first..first + lengths.len() as i64).collect();
        Batch::bare(keys, offsets.into(), Origin::made_here(first, lengths.len()))
    }

    #[derive(Debug, Clone)]
    enum Act {
        Offer(Vec<usize>),
        Take(usize),
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        let length = prop_oneof![5 => 0..60usize, 1 => 1000..9000usize];
        let act =
            prop_oneof![prop::collection::vec(length, 1..150).prop_map(Act::Offer), (1..200usize).prop_map(Act::Take)];
        prop::collection::vec(act, 1..40)
    }

    proptest! {
        #[test]
        fn it_keeps_order_and_bounds(acts in acts()) {
            let (mut queue, mut out) = (Bounded::new(MAX.0, MAX.1), Outbox::default());
            let (mut offered, mut taken) = (0, 0);
            for act in acts {
                match act {
                    Act::Offer(lengths) => {
                        let was_empty = queue.level().rows == 0;
                        let rest = queue.offer(batch(offered, &lengths), 0, &mut out).unwrap();
                        let refused = rest.as_ref().map_or(0, |rest| rest.rows);
                        prop_assert!(refused < lengths.len() || !was_empty, "an empty queue takes at least one");
                        if refused < lengths.len() {
                            offered += (lengths.len() - refused) as i64;
                        }
                        if let Some(rest) = rest {
                            prop_assert_eq!(rest.origin.offset.len(), refused);
                            let next = batch(0, &lengths).slice(lengths.len() - refused, 1).bytes();
                            let Level { rows, bytes, .. } = queue.level();
                            prop_assert!(rows == MAX.0 || bytes + next > MAX.1, "there was room for one more");
                        }
                    }
                    Act::Take(max) => {
                        let Some(rows) = queue.take(max, 0).unwrap() else { continue };
                        prop_assert!((1..=max).contains(&rows.rows));
                        prop_assert_eq!(rows.timestamps.to_vec(), (taken..taken + rows.rows as i64).collect::<Vec<_>>());
                        taken += rows.rows as i64;
                    }
                }
                let Level { rows, bytes, .. } = queue.level();
                prop_assert_eq!(rows as i64, offered - taken);
                prop_assert!(rows <= MAX.0 && (bytes <= MAX.1 || rows == 1), "{} rows, {} bytes", rows, bytes);
                prop_assert_eq!(queue.needs(), if rows == 0 { vec![] } else { vec![(0, taken)] });
                prop_assert!(rows > 0 || bytes == 0);
            }
        }
    }

    #[test]
    fn what_came_row_by_row_leaves_together() {
        let (mut queue, mut out) = (Bounded::new(4096, 1 << 20), Outbox::default());
        for first in 0..700 {
            queue.offer(batch(first, &[3]), 0, &mut out).unwrap();
        }
        let mut rows = || queue.take(MAX_ROWS, 0).unwrap().map(|batch| batch.rows);
        assert_eq!((rows(), rows(), rows()), (Some(MAX_ROWS), Some(700 - MAX_ROWS), None));
    }

    #[test]
    fn what_waits_holds_no_memory_that_it_does_not_use() {
        let (mut queue, mut out) = (Bounded::new(4096, 1 << 20), Outbox::default());
        for first in 0..10 {
            queue.offer(batch(first, &[2000; 100]).slice(50, 1), 0, &mut out).unwrap();
        }
        let held =
            |(batch, _): &(Batch, usize)| batch.keys.data_buffers().iter().map(|buffer| buffer.len()).sum::<usize>();
        assert!(queue.held.iter().skip(1).all(|batch| held(batch) <= 2000));
    }
}
