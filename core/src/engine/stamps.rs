//! Timestamps of records that were read and are not done, so that a lag has a true age: that of the record itself, never
//! one between two others.

use std::collections::VecDeque;

use arrow_buffer::ScalarBuffer;

use crate::batch::Batch;

/// How many records' timestamps are kept for a reading, 16 bytes each. What a delay holds for longer is asked for.
const KEPT: usize = 32_768;

/// Timestamps of a reading's last records.
#[derive(Debug, Default)]
pub(crate) struct Stamps {
    /// offsets and timestamps, as they were read
    batches: VecDeque<(ScalarBuffer<i64>, ScalarBuffer<i64>)>,
    rows: usize,
    /// nothing is known of records before this offset
    from: Option<i64>,
}

impl Stamps {
    /// Records were read; their timestamps are still their own.
    pub(crate) fn push(&mut self, batch: &Batch) {
        let Some(&first) = batch.origin.offset.first() else { return };
        self.from.get_or_insert(first);
        self.rows += batch.rows;
        self.batches.push_back((batch.origin.offset.clone(), batch.timestamps.clone()));
        while self.rows > KEPT && self.batches.len() > 1 {
            self.forget_first();
        }
    }

    /// What lies before an offset is done.
    pub(crate) fn forget_before(&mut self, offset: i64) {
        while self.batches.front().is_some_and(|(offsets, _)| offsets.last().is_some_and(|&last| last < offset)) {
            self.forget_first();
        }
    }

    fn forget_first(&mut self) {
        if let Some((offsets, _)) = self.batches.pop_front() {
            self.rows -= offsets.len();
            self.from = offsets.last().map(|last| last + 1);
        }
    }

    /// Timestamp of the first record at or behind an offset; none where it was not read, or has been forgotten.
    pub(crate) fn at(&self, offset: i64) -> Option<i64> {
        if self.from.is_none_or(|from| offset < from) {
            return None;
        }
        let (offsets, timestamps) =
            self.batches.iter().find(|(offsets, _)| offsets.last().is_some_and(|&last| last >= offset))?;
        timestamps.get(offsets.partition_point(|&known| known < offset)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{Origin, bytes_column};

    fn batch(offsets: &[i64]) -> Batch {
        let keys = bytes_column(offsets.iter().map(|_| None));
        let times: Vec<i64> = offsets.iter().map(|offset| offset * 10).collect();
        let origin = Origin { offset: offsets.to_vec().into(), ..Origin::made_here(0, offsets.len()) };
        Batch::bare(keys, times.into(), origin)
    }

    #[test]
    fn the_record_itself_says_its_time() {
        let mut stamps = Stamps::default();
        assert_eq!(stamps.at(0), None);
        stamps.push(&batch(&[5, 6, 9]));
        stamps.push(&batch(&[12, 13]));
        for (offset, expected) in [(4, None), (5, Some(50)), (6, Some(60)), (7, Some(90)), (10, Some(120)), (14, None)]
        {
            assert_eq!(stamps.at(offset), expected, "{offset}");
        }
        stamps.forget_before(6);
        assert_eq!(stamps.at(5), Some(50), "a batch is kept whole");
        stamps.forget_before(10);
        assert_eq!((stamps.at(9), stamps.at(10)), (None, Some(120)));
    }

    #[test]
    fn what_was_let_go_is_not_guessed() {
        let mut stamps = Stamps::default();
        let rows = 1024;
        for number in 0..40 {
            stamps.push(&batch(&(number * rows..(number + 1) * rows).collect::<Vec<_>>()));
        }
        assert_eq!((stamps.at(0), stamps.at(39 * rows)), (None, Some(390 * rows)));
        assert!(stamps.rows <= KEPT);
    }
}
