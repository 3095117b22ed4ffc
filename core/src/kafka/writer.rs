//! Writing batches to a topic: each record's partition is found here, and the rows of a batch are sent partition by
//! partition, which makes them neighbours in the client's memory (half of its cost).

use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow_array::{Array, BinaryViewArray};

use super::delivery::{Freed, Ledger, Sends};
use super::ffi::{Code, Header, Record};
use super::producer::Inner;
use super::queue::{Wake, lock};
use super::room::Room;
use super::topics::{Partitioner, Topic};
use crate::batch::Batch;
use crate::partition::partition_of;
use crate::problem::{Fault, RecordPlace};

/// One lane's way into a topic. A record that was not delivered ends it: [`TopicWriter::send`] gives the fault from then
/// on, and what was not acknowledged is repeated by a new writer.
pub struct TopicWriter {
    producer: Arc<Inner>,
    topic: Arc<Topic>,
    partitioner: Partitioner,
    sends: Arc<Sends>,
    /// rows by partition, kept for its memory
    groups: Vec<Vec<u32>>,
    /// where records without a key go
    sticky: u32,
}

impl TopicWriter {
    pub(super) fn new(
        producer: Arc<Inner>,
        topic: Arc<Topic>,
        partitioner: Partitioner,
        room: Arc<Room>,
    ) -> TopicWriter {
        let sends = Arc::new(Sends::new(room));
        // Writers start at different partitions; an address is random enough.
        let sticky = (Arc::as_ptr(&sends) as usize >> 5) as u32;
        TopicWriter { producer, topic, partitioner, sends, groups: Vec::new(), sticky }
    }

    /// The topic's name.
    pub fn topic(&self) -> &str {
        &self.topic.name
    }

    /// Partitions that the topic has, as far as is known.
    pub fn partitions(&self) -> i32 {
        self.topic.ledgers().len() as i32
    }

    /// Sends rows of a batch, from `from` on, and gives how many: fewer than there are where the sink's part of the queue is full
    /// (then [`TopicWriter::on_progress`] tells when to go on, with the rest). What is sent is the payload (null is a
    /// tombstone), the key ([`Batch::keys_to_write`]), the timestamp (0 as 1: Kafka's client takes 0 for "now") and the
    /// headers. Order is kept within a partition.
    ///
    /// # Errors
    /// A record that the client refuses (too large), at its place; or any earlier one that was not delivered. Rows
    /// before and after it may or may not have been sent.
    pub fn send(&mut self, batch: &Batch, from: usize) -> Result<usize, Fault> {
        self.producer.serve();
        if let Some(fault) = self.sends.fault() {
            return Err(fault);
        }
        let Some(payload) = &batch.payload else {
            return Err(Fault::ours("a batch without payload cannot be sent to Kafka"));
        };
        let sizes = (from..batch.rows).map(|row| size(batch, payload, row));
        let room = self.sends.room.take(sizes);
        if room.records == 0 {
            if from < batch.rows {
                self.producer.hurry();
            }
            return Ok(0);
        }
        let ledgers = self.topic.ledgers();
        self.group(batch, from..from + room.records, ledgers.len() as i32);
        let send = self.sends.begin();
        let mut unused = room;
        let mut result = Ok(room.records);
        for (partition, ledger) in ledgers.iter().enumerate() {
            if self.groups[partition].is_empty() || result.is_err() {
                continue;
            }
            let sent = self.send_group(batch, payload, partition as i32, ledger, send, &mut unused);
            result = sent.map(|()| room.records);
        }
        self.sends.room.free(unused);
        match &result {
            Ok(_) => {
                self.sends.settle(send);
            }
            // Left open: a send that is not whole is never acknowledged.
            Err(fault) => self.sends.fail(fault.clone()),
        }
        result
    }

    /// Sends of this writer so far: the mark to compare [`TopicWriter::acknowledged`] with.
    pub fn sent(&self) -> u64 {
        self.sends.sent()
    }

    /// How many of its sends, counted from the first, are acknowledged with all their records.
    pub fn acknowledged(&self) -> u64 {
        self.sends.acknowledged()
    }

    /// What has ended this writer.
    pub fn fault(&self) -> Option<Fault> {
        self.sends.fault()
    }

    /// Calls `wake` when [`TopicWriter::acknowledged`] has moved or a fault has come.
    pub fn on_progress(&self, wake: Wake) {
        self.sends.on_progress(wake);
    }

    /// Sorts rows by partition.
    fn group(&mut self, batch: &Batch, rows: std::ops::Range<usize>, partitions: i32) {
        self.groups.resize_with(partitions.max(1) as usize, Vec::new);
        self.groups.iter_mut().for_each(Vec::clear);
        self.sticky = self.sticky.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let count = partitions.max(1);
        let random = ((self.sticky >> 8) % count as u32) as i32;
        let (keyless, by_key) = match self.partitioner {
            Partitioner::Murmur2Random => (random, true),
            Partitioner::Murmur2OrLane(lane) => (lane.rem_euclid(count), true),
            Partitioner::Lane(lane) => (lane.rem_euclid(count), false),
            Partitioner::Random => (random, false),
        };
        for row in rows {
            let partition = match value(&batch.keys, row) {
                Some(key) if by_key => partition_of(key, count),
                _ => keyless,
            };
            self.groups[partition as usize].push(row as u32);
        }
    }

    /// Sends the rows of one partition; what of the room was used is taken off `unused`.
    fn send_group(
        &self,
        batch: &Batch,
        payload: &BinaryViewArray,
        partition: i32,
        ledger: &Mutex<Ledger>,
        send: u64,
        unused: &mut Freed,
    ) -> Result<(), Fault> {
        let mut rows = &self.groups[partition as usize][..];
        while !rows.is_empty() {
            let (mut count, mut bytes) = (0, 0);
            let outcome = {
                // Held over the group, so that the ledger has the client's order; reports of it wait so long.
                let mut ledger = lock(ledger);
                let tag = ledger.next_tag();
                let outcome = rows.iter().try_for_each(|&row| {
                    self.send_row(batch, payload, row as usize, partition, tag).map_err(|code| (code, row as usize))?;
                    count += 1;
                    bytes += size(batch, payload, row as usize);
                    Ok(())
                });
                if count > 0 {
                    ledger.enter(&self.sends, send, count, bytes);
                }
                outcome
            };
            unused.records -= count;
            unused.bytes -= bytes;
            rows = &rows[count..];
            match outcome {
                Ok(()) => {}
                // Only where small records take far more of librdkafka's memory than their bytes.
                Err((Code::QUEUE_FULL, _)) => {
                    self.producer.serve();
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err((code, row)) => return Err(self.refused(batch, payload, row, code)),
            }
        }
        Ok(())
    }

    fn send_row(
        &self,
        batch: &Batch,
        payload: &BinaryViewArray,
        row: usize,
        partition: i32,
        tag: usize,
    ) -> Result<(), Code> {
        let payload = if batch.is_tombstone(row) { None } else { value(payload, row) };
        let timestamp = match batch.timestamps[row] {
            0 => 1,
            timestamp => timestamp,
        };
        let record = Record { partition, payload, key: value(batch.keys_to_write(), row), timestamp, tag };
        let headers = batch.headers_of(row).iter().map(|(name, value)| -> Header<'_> { (name, value.as_deref()) });
        self.topic.handle.send(&record, headers)
    }

    fn refused(&self, batch: &Batch, payload: &BinaryViewArray, row: usize, code: Code) -> Fault {
        let about =
            format!("topic `{}`: a record of {} bytes was not sent", self.topic.name, size(batch, payload, row));
        let failure = self.producer.client.fatal().unwrap_or_else(|| code.into());
        self.producer.fault(&about, &failure).at_record(RecordPlace {
            topic: batch.origin.topic.get(row).to_string(),
            partition: *batch.origin.partition.get(row),
            offset: batch.origin.offset[row],
        })
    }
}

fn value(column: &BinaryViewArray, row: usize) -> Option<&[u8]> {
    column.is_valid(row).then(|| column.value(row))
}

/// Bytes that a row takes of the client's queue.
fn size(batch: &Batch, payload: &BinaryViewArray, row: usize) -> usize {
    let headers = batch.headers_of(row).iter();
    value(payload, row).map_or(0, <[u8]>::len)
        + value(batch.keys_to_write(), row).map_or(0, <[u8]>::len)
        + headers.map(|(name, value)| name.len() + value.as_ref().map_or(0, |value| value.len())).sum::<usize>()
}
