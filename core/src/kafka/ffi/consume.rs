//! What a consumer can be asked: its group, its assignment, its offsets.

use std::sync::Arc;
use std::time::Duration;

use rdkafka_sys::*;

use super::{Client, Code, Failure, Partition, Partitions, Queue, c_name, millis};

impl Client {
    /// Rebalances, errors and commits arrive here; polling it keeps the membership.
    pub(crate) fn consumer_queue(self: &Arc<Client>) -> Queue {
        // SAFETY: a live consumer (its kind is built by `Conf::build` alone); the reference is the queue's own.
        unsafe { Queue::own(rd_kafka_queue_get_consumer(self.raw()), self.clone()) }
    }

    /// Where the records of one partition wait.
    pub(crate) fn partition_queue(self: &Arc<Client>, topic: &str, partition: i32) -> Option<Queue> {
        let topic = c_name(topic);
        // SAFETY: live client, terminated name; the reference is ours unless null.
        unsafe {
            let raw = rd_kafka_queue_get_partition(self.raw(), topic.as_ptr(), partition);
            (!raw.is_null()).then(|| Queue::own(raw, self.clone()))
        }
    }

    pub(crate) fn subscribe(&self, topics: &[&str]) -> Result<(), Failure> {
        let list = Partitions::new(topics.iter().map(|&topic| (topic, -1, Partitions::NONE)));
        // SAFETY: live client and list, which is copied.
        Code::of(unsafe { rd_kafka_subscribe(self.raw(), list.raw()) }).check()
    }

    /// Whether partitions come and go one by one (cooperative), instead of all at once.
    pub(crate) fn is_incremental(&self) -> bool {
        // SAFETY: live client; the text is static.
        unsafe { super::text(rd_kafka_rebalance_protocol(self.raw())) == "COOPERATIVE" }
    }

    /// Whether the group has given the assignment to others already.
    pub(crate) fn is_assignment_lost(&self) -> bool {
        // SAFETY: live client.
        unsafe { rd_kafka_assignment_lost(self.raw()) != 0 }
    }

    /// Reads these partitions from these offsets, and no others.
    pub(crate) fn assign(&self, partitions: &Partitions) -> Result<(), Failure> {
        // SAFETY: live client and list, which is copied.
        Code::of(unsafe { rd_kafka_assign(self.raw(), partitions.raw()) }).check()
    }

    pub(crate) fn unassign(&self) -> Result<(), Failure> {
        // SAFETY: live client; null means: nothing.
        Code::of(unsafe { rd_kafka_assign(self.raw(), std::ptr::null()) }).check()
    }

    pub(crate) fn assign_more(&self, partitions: &Partitions) -> Result<(), Failure> {
        // SAFETY: live client and list, which is copied; the error is ours.
        unsafe { Failure::take(rd_kafka_incremental_assign(self.raw(), partitions.raw())) }
    }

    pub(crate) fn unassign_some(&self, partitions: &Partitions) -> Result<(), Failure> {
        // SAFETY: as above.
        unsafe { Failure::take(rd_kafka_incremental_unassign(self.raw(), partitions.raw())) }
    }

    /// What the group has committed, per partition.
    pub(crate) fn committed(&self, of: &Partitions, within: Duration) -> Result<Vec<Partition>, Failure> {
        // SAFETY: live client and list; offsets are written into the list.
        Code::of(unsafe { rd_kafka_committed(self.raw(), of.raw(), millis(within)) }).check()?;
        Ok(of.entries())
    }

    /// First offsets whose timestamps are at or after those that stand in the list in place of offsets; −1 where there
    /// is none.
    pub(crate) fn offsets_for_times(&self, of: &Partitions, within: Duration) -> Result<Vec<Partition>, Failure> {
        // SAFETY: as above.
        Code::of(unsafe { rd_kafka_offsets_for_times(self.raw(), of.raw(), millis(within)) }).check()?;
        Ok(of.entries())
    }

    /// Commits; the group's answer arrives at `report` as a commit event. (Librdkafka's `rd_kafka_commit`, asynchronous,
    /// tells nobody: of commit events that are switched on it knows only where it commits by itself.)
    pub(crate) fn commit(&self, offsets: &Partitions, report: &Queue) -> Result<(), Failure> {
        // SAFETY: live client, list (copied) and queue, which the request keeps; there is no callback.
        let code =
            unsafe { rd_kafka_commit_queue(self.raw(), offsets.raw(), report.raw(), None, std::ptr::null_mut()) };
        Code::of(code).check()
    }

    /// Goes on reading from another offset. Waits only for the client's own threads.
    pub(crate) fn seek(&self, to: &Partitions, within: Duration) -> Result<(), Failure> {
        // SAFETY: live client and list; the error is ours.
        unsafe { Failure::take(rd_kafka_seek_partitions(self.raw(), to.raw(), millis(within)))? };
        to.entries().into_iter().try_for_each(|entry| entry.code.check())
    }

    /// The same without waiting. What was fetched from elsewhere is not given any more from here on.
    pub(crate) fn seek_soon(&self, to: &Partitions) -> Result<(), Failure> {
        if to.entries().is_empty() {
            return Ok(());
        }
        // SAFETY: as above.
        unsafe { Failure::take(rd_kafka_seek_partitions(self.raw(), to.raw(), 0))? };
        to.entries()
            .into_iter()
            .filter(|entry| entry.code != Code::IN_PROGRESS)
            .try_for_each(|entry| entry.code.check())
    }

    /// Oldest and next offset as the last answer of the broker told them; negative where none has yet.
    pub(crate) fn known_watermarks(&self, topic: &str, partition: i32) -> Option<(i64, i64)> {
        let (topic, mut low, mut high) = (c_name(topic), 0, 0);
        // SAFETY: live client, terminated name, places for the results.
        let code =
            unsafe { rd_kafka_get_watermark_offsets(self.raw(), topic.as_ptr(), partition, &mut low, &mut high) };
        (Code::of(code) == Code::NONE).then_some((low, high))
    }

    /// Starts to leave the group; what is still to be done arrives at `queue` until [`Client::is_closed`].
    pub(crate) fn close(&self, queue: &Queue) -> Result<(), Failure> {
        // SAFETY: live client and queue; the error is ours.
        unsafe { Failure::take(rd_kafka_consumer_close_queue(self.raw(), queue.raw())) }
    }

    pub(crate) fn is_closed(&self) -> bool {
        // SAFETY: live client.
        unsafe { rd_kafka_consumer_closed(self.raw()) != 0 }
    }

    /// The name that the group's coordinator has given this member; empty before it has joined.
    pub(crate) fn member_id(&self) -> String {
        // SAFETY: live client; the text is ours to free, with librdkafka's own function.
        unsafe {
            let raw = rd_kafka_memberid(self.raw());
            let id = super::text(raw);
            if !raw.is_null() {
                rd_kafka_mem_free(self.raw(), raw.cast());
            }
            id
        }
    }
}
