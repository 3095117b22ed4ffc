//! What a partition remembers of idempotent producers, so that a batch that is sent again is not written again.
//! The rules are those of Kafka's ProducerStateManager and ProducerAppendInfo.

use std::collections::{HashMap, VecDeque};

use kafka_protocol::ResponseError;

use crate::batch::Header;

/// Batches remembered of each producer; a producer has at most that many on the way.
const REMEMBERED: usize = 5;
/// Producers remembered; of more, those that wrote longest ago are forgotten.
const MAX_PRODUCERS: usize = 4096;

/// The producers of one partition.
#[derive(Debug, Default)]
pub(super) struct Producers {
    by_id: HashMap<i64, Producer>,
}

#[derive(Debug)]
struct Producer {
    epoch: i16,
    /// oldest first, never empty
    recent: VecDeque<Written>,
}

#[derive(Debug, Clone, Copy)]
struct Written {
    sequence: i32,
    last_sequence: i32,
    base: i64,
}

impl Producers {
    /// Whether a batch may be written: `Some(offset)` where it already stands there. A producer that is not known may
    /// begin with any number, as its memory may have been lost.
    pub(super) fn judge(&self, header: &Header) -> Result<Option<i64>, ResponseError> {
        let known = if header.is_idempotent() { self.by_id.get(&header.producer) } else { None };
        let Some(producer) = known else { return Ok(None) };
        if header.epoch < producer.epoch {
            return Err(ResponseError::InvalidProducerEpoch);
        }
        let mut expected = 0;
        if header.epoch == producer.epoch {
            let is_same = |written: &&Written| {
                written.sequence == header.sequence && written.last_sequence == header.last_sequence()
            };
            if let Some(written) = producer.recent.iter().find(is_same) {
                return Ok(Some(written.base));
            }
            expected = producer.recent.back().map_or(0, |written| written.last_sequence.checked_add(1).unwrap_or(0));
        }
        if header.sequence == expected { Ok(None) } else { Err(ResponseError::OutOfOrderSequenceNumber) }
    }

    /// Remembers a batch that stands in the log at an offset.
    pub(super) fn note(&mut self, header: &Header, base: i64) {
        if !header.is_idempotent() {
            return;
        }
        let fresh = || Producer { epoch: header.epoch, recent: VecDeque::with_capacity(REMEMBERED) };
        let producer = self.by_id.entry(header.producer).or_insert_with(fresh);
        if producer.epoch != header.epoch {
            *producer = fresh();
        }
        if producer.recent.len() == REMEMBERED {
            producer.recent.pop_front();
        }
        let (sequence, last_sequence) = (header.sequence, header.last_sequence());
        producer.recent.push_back(Written { sequence, last_sequence, base });
        if self.by_id.len() > MAX_PRODUCERS {
            self.forget_half();
        }
    }

    fn forget_half(&mut self) {
        let wrote_last = |producer: &Producer| producer.recent.back().map_or(-1, |written| written.base);
        let mut last: Vec<i64> = self.by_id.values().map(wrote_last).collect();
        last.sort_unstable();
        let keep_from = last[last.len() / 2];
        self.by_id.retain(|_, producer| wrote_last(producer) >= keep_from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::samples::numbered;

    fn header(epoch: i16, sequence: i32, count: usize) -> Header {
        Header::read(&numbered(&vec![0; count], 1, (9, epoch, sequence))).unwrap()
    }

    #[test]
    fn judgements() {
        let mut producers = Producers::default();
        let first = header(1, i32::MAX - 1, 2);
        assert_eq!(producers.judge(&first), Ok(None), "an unknown producer begins anywhere");
        producers.note(&first, 100);
        for (name, batch, expected) in [
            ("the same again", header(1, i32::MAX - 1, 2), Ok(Some(100))),
            ("the same number, other length", header(1, i32::MAX - 1, 1), Err(ResponseError::OutOfOrderSequenceNumber)),
            ("the next, after the wrap", header(1, 0, 3), Ok(None)),
            ("a gap", header(1, 1, 1), Err(ResponseError::OutOfOrderSequenceNumber)),
            ("an older epoch", header(0, 0, 1), Err(ResponseError::InvalidProducerEpoch)),
            ("a newer epoch from 0", header(2, 0, 1), Ok(None)),
            ("a newer epoch from elsewhere", header(2, 5, 1), Err(ResponseError::OutOfOrderSequenceNumber)),
        ] {
            assert_eq!(producers.judge(&batch), expected, "{name}");
        }
    }

    #[test]
    fn memory_is_bounded() {
        let mut producers = Producers::default();
        for id in 0..3 * MAX_PRODUCERS as i64 {
            let batch = Header::read(&numbered(&[0], 1, (id, 0, 0))).unwrap();
            producers.note(&batch, id);
            assert!(producers.by_id.len() <= MAX_PRODUCERS);
            assert_eq!(producers.judge(&batch), Ok(Some(id)), "the latest is remembered");
        }
        for sequence in 0..20 {
            producers.note(&header(0, sequence, 1), i64::MAX);
        }
        assert_eq!(producers.by_id[&9].recent.len(), REMEMBERED);
    }
}
