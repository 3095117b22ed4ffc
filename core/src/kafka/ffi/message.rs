//! Records as librdkafka holds them: read in place, destroyed when their holder goes.

use std::ffi::c_void;
use std::ptr;

use rdkafka_sys::*;

use super::{Code, text};

/// Records that were taken from a queue and are ours to destroy.
#[derive(Default)]
pub(crate) struct Messages {
    held: Vec<*mut rd_kafka_message_t>,
}

// SAFETY: a message belongs to whoever took it; reading and destroying it is allowed on any thread.
unsafe impl Send for Messages {}

impl Messages {
    /// Lets `read` write up to `max` pointers; gives their number.
    pub(super) fn fill(
        &mut self,
        max: usize,
        read: impl FnOnce(*mut *mut rd_kafka_message_t, usize) -> isize,
    ) -> usize {
        self.held.reserve(max);
        let room = self.held.spare_capacity_mut();
        let count = usize::try_from(read(room.as_mut_ptr().cast(), max)).unwrap_or(0).min(max);
        // SAFETY: `read` has written `count` pointers into the spare room, which has at least `max` places.
        unsafe { self.held.set_len(self.held.len() + count) };
        count
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Message<'_>> {
        // SAFETY: each pointer is a live message until `clear`, which needs `&mut self`.
        self.held.iter().map(|&raw| Message(unsafe { &*raw }))
    }

    pub(crate) fn clear(&mut self) {
        for raw in self.held.drain(..) {
            // SAFETY: live and ours; drained, so destroyed once.
            unsafe { rd_kafka_message_destroy(raw) };
        }
    }
}

impl Drop for Messages {
    fn drop(&mut self) {
        self.clear();
    }
}

/// One record, or what happened in its place.
#[derive(Clone, Copy)]
pub(crate) struct Message<'a>(&'a rd_kafka_message_t);

impl<'a> Message<'a> {
    pub(super) fn new(raw: &'a rd_kafka_message_t) -> Message<'a> {
        Message(raw)
    }

    pub(super) fn raw(self) -> &'a rd_kafka_message_t {
        self.0
    }

    pub(crate) fn code(self) -> Code {
        // SAFETY: a field of a live message, read as the number that C has written there.
        Code(unsafe { ptr::addr_of!(self.0.err).cast::<i32>().read() })
    }

    pub(crate) fn partition(self) -> i32 {
        self.0.partition
    }

    pub(crate) fn offset(self) -> i64 {
        self.0.offset
    }

    /// None is Kafka's null.
    pub(crate) fn payload(self) -> Option<&'a [u8]> {
        // SAFETY: librdkafka gives `len` bytes that live as long as the message.
        unsafe { bytes(self.0.payload, self.0.len) }
    }

    pub(crate) fn key(self) -> Option<&'a [u8]> {
        // SAFETY: as above.
        unsafe { bytes(self.0.key, self.0.key_len) }
    }

    /// What librdkafka says of a message that stands for an error (there its payload is a sentence).
    pub(crate) fn error_text(self) -> String {
        // SAFETY: a live message; the text lives as long.
        unsafe { text(rd_kafka_message_errstr(self.0)) }
    }

    /// Milliseconds, or −1 where there is none.
    pub(crate) fn timestamp(self) -> i64 {
        // SAFETY: a live message; the kind of timestamp is not asked for.
        unsafe { rd_kafka_message_timestamp(self.0, ptr::null_mut()) }
    }

    /// Calls `each` with every header; gives whether there are any.
    pub(crate) fn headers(self, mut each: impl FnMut(String, Option<&'a [u8]>)) -> bool {
        let mut headers = ptr::null_mut();
        // SAFETY: a live message and a place for the result, which stays the message's.
        let code = unsafe { rd_kafka_message_headers(self.0, &mut headers) };
        if code as i32 != 0 || headers.is_null() {
            return false;
        }
        for index in 0.. {
            let (mut name, mut value, mut size) = (ptr::null(), ptr::null(), 0);
            // SAFETY: live headers and places for the results; past the last one it gives an error and writes nothing.
            let code = unsafe { rd_kafka_header_get_all(headers, index, &mut name, &mut value, &mut size) };
            if code as i32 != 0 {
                return index > 0;
            }
            // SAFETY: names are terminated, values have `size` bytes; both live as long as the message.
            unsafe { each(text(name), bytes(value.cast_mut(), size)) };
        }
        false
    }
}

/// # Safety
/// `start` is null, or `length` bytes from it live for `'a`.
unsafe fn bytes<'a>(start: *mut c_void, length: usize) -> Option<&'a [u8]> {
    // SAFETY: by the caller's word.
    (!start.is_null()).then(|| unsafe { std::slice::from_raw_parts(start.cast::<u8>(), length) })
}
