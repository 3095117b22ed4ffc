//! Lists of topic partitions with offsets: what librdkafka takes and gives wherever partitions are meant.

use std::ptr::NonNull;

use rdkafka_sys::*;

use super::{Code, c_name, text};

/// One entry of a list. Offsets below zero are librdkafka's words: see the constants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Partition {
    pub(crate) topic: String,
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) code: Code,
}

/// A list that is ours.
pub(crate) struct Partitions {
    raw: NonNull<rd_kafka_topic_partition_list_t>,
}

impl Partitions {
    pub(crate) const BEGINNING: i64 = RD_KAFKA_OFFSET_BEGINNING as i64;
    pub(crate) const END: i64 = RD_KAFKA_OFFSET_END as i64;
    pub(crate) const NONE: i64 = RD_KAFKA_OFFSET_INVALID as i64;

    pub(crate) fn new<'a>(entries: impl IntoIterator<Item = (&'a str, i32, i64)>) -> Partitions {
        // SAFETY: the constructor allocates, and aborts when it cannot.
        let raw = unsafe { NonNull::new_unchecked(rd_kafka_topic_partition_list_new(8)) };
        for (topic, partition, offset) in entries {
            let topic = c_name(topic);
            // SAFETY: a live list and a terminated name, which is copied; the new entry is live until the list is.
            unsafe {
                let entry = rd_kafka_topic_partition_list_add(raw.as_ptr(), topic.as_ptr(), partition);
                (*entry).offset = offset;
            }
        }
        Partitions { raw }
    }

    pub(super) fn raw(&self) -> *mut rd_kafka_topic_partition_list_t {
        self.raw.as_ptr()
    }

    pub(crate) fn entries(&self) -> Vec<Partition> {
        // SAFETY: a live list.
        unsafe { entries(self.raw()) }
    }
}

/// What stands in a list; null is an empty one.
///
/// # Safety
/// `raw` is null or a live list.
pub(super) unsafe fn entries(raw: *const rd_kafka_topic_partition_list_t) -> Vec<Partition> {
    if raw.is_null() {
        return Vec::new();
    }
    // SAFETY: live by the caller's word; `elems` has `cnt` entries with terminated names.
    unsafe {
        (0..(*raw).cnt as usize)
            .map(|i| &*(*raw).elems.add(i))
            .map(|entry| Partition {
                topic: text(entry.topic),
                partition: entry.partition,
                offset: entry.offset,
                code: Code::of(entry.err),
            })
            .collect()
    }
}

impl Drop for Partitions {
    fn drop(&mut self) {
        // SAFETY: ours, destroyed once.
        unsafe { rd_kafka_topic_partition_list_destroy(self.raw()) }
    }
}
