//! Events of a queue: what kind, what error, and the parts that each kind brings.

use std::ptr::{self, NonNull};
use std::sync::Arc;

use rdkafka_sys::*;

use super::{Client, Code, Failure, Message, Partition, partitions, text};

/// The kinds that this layer asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventKind {
    Delivery,
    Error,
    Rebalance,
    Commit,
    /// the answer to a request of an administrator
    Answer,
}

/// An event that is ours.
pub(crate) struct Event {
    raw: NonNull<rd_kafka_event_t>,
    // Dropped after the event: it is part of the client.
    _client: Arc<Client>,
}

/// What became of one record that was sent.
pub(crate) struct Delivery {
    /// the word that was given along
    pub(crate) tag: usize,
    pub(crate) partition: i32,
    pub(crate) code: Code,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) bytes: usize,
}

impl Event {
    /// Takes over an event; null is none.
    ///
    /// # Safety
    /// `raw` is null or an event of `client` that nobody else will destroy.
    pub(super) unsafe fn own(raw: *mut rd_kafka_event_t, client: Arc<Client>) -> Option<Event> {
        NonNull::new(raw).map(|raw| Event { raw, _client: client })
    }

    pub(super) fn raw(&self) -> *mut rd_kafka_event_t {
        self.raw.as_ptr()
    }

    pub(crate) fn kind(&self) -> EventKind {
        // SAFETY: a live event.
        match unsafe { rd_kafka_event_type(self.raw()) } {
            RD_KAFKA_EVENT_DR => EventKind::Delivery,
            RD_KAFKA_EVENT_ERROR => EventKind::Error,
            RD_KAFKA_EVENT_REBALANCE => EventKind::Rebalance,
            RD_KAFKA_EVENT_OFFSET_COMMIT => EventKind::Commit,
            _ => EventKind::Answer,
        }
    }

    /// For a rebalance this says which way.
    pub(crate) fn code(&self) -> Code {
        // SAFETY: a live event.
        Code::of(unsafe { rd_kafka_event_error(self.raw()) })
    }

    pub(crate) fn failure(&self) -> Failure {
        // SAFETY: a live event; its text lives as long.
        Failure { code: self.code(), text: unsafe { text(rd_kafka_event_error_string(self.raw())) } }
    }

    /// Partitions of a rebalance or a commit.
    pub(crate) fn partitions(&self) -> Vec<Partition> {
        // SAFETY: a live event; the list is its own, or null.
        unsafe { partitions::entries(rd_kafka_event_topic_partition_list(self.raw())) }
    }

    /// How many records a delivery event tells of. To be asked before [`Event::next_delivery`], which takes them out.
    pub(crate) fn deliveries(&self) -> usize {
        // SAFETY: a live event.
        unsafe { rd_kafka_event_message_count(self.raw()) }
    }

    /// The next record of a delivery event with the address of its topic handle; of one that failed key and size too.
    pub(crate) fn next_delivery(&mut self) -> Option<(usize, Delivery)> {
        // SAFETY: a live event; messages are its own and live as long.
        let message = Message::new(unsafe { ptr::NonNull::new(next_message(self.raw()))?.as_ref() });
        let code = message.code();
        let key = if code == Code::NONE { None } else { message.key().map(<[u8]>::to_vec) };
        let bytes = message.raw().len + message.raw().key_len;
        let tag = message.raw()._private as usize;
        Some((message.raw().rkt as usize, Delivery { tag, partition: message.partition(), code, key, bytes }))
    }
}

/// # Safety
/// `event` is live.
unsafe fn next_message(event: *mut rd_kafka_event_t) -> *mut rd_kafka_message_t {
    // SAFETY: by the caller's word. Only read from, though the type says otherwise.
    unsafe { rd_kafka_event_message_next(event).cast_mut() }
}

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: ours, destroyed once.
        unsafe { rd_kafka_event_destroy(self.raw()) }
    }
}
