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
        let held = self.held.iter().map(|&raw| unsafe { &*raw });
        let next = held.clone().skip(1).map(Some).chain([None]);
        held.zip(next).map(|(raw, next)| Message { raw, next })
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
pub(crate) struct Message<'a> {
    raw: &'a rd_kafka_message_t,
    /// the one that was taken behind it
    next: Option<&'a rd_kafka_message_t>,
}

/// The librdkafka whose layout of records [`Message::is_without_headers`] knows: 2.12.1.
const KNOWN_VERSION: i32 = 0x020c_01ff;

/// A record of Kafka's format 2 begins at most so many bytes behind the value before it, where that has no headers and
/// both stand in one batch.
const MAX_GAP: usize = 32;

impl<'a> Message<'a> {
    pub(super) fn new(raw: &'a rd_kafka_message_t) -> Message<'a> {
        Message { raw, next: None }
    }

    pub(super) fn raw(self) -> &'a rd_kafka_message_t {
        self.raw
    }

    pub(crate) fn code(self) -> Code {
        // SAFETY: a field of a live message, read as the number that C has written there.
        Code(unsafe { ptr::addr_of!(self.raw.err).cast::<i32>().read() })
    }

    pub(crate) fn partition(self) -> i32 {
        self.raw.partition
    }

    pub(crate) fn offset(self) -> i64 {
        self.raw.offset
    }

    /// None is Kafka's null.
    pub(crate) fn payload(self) -> Option<&'a [u8]> {
        // SAFETY: librdkafka gives `len` bytes that live as long as the message.
        unsafe { bytes(self.raw.payload, self.raw.len) }
    }

    pub(crate) fn key(self) -> Option<&'a [u8]> {
        // SAFETY: as above.
        unsafe { bytes(self.raw.key, self.raw.key_len) }
    }

    /// What librdkafka says of a message that stands for an error (there its payload is a sentence).
    pub(crate) fn error_text(self) -> String {
        // SAFETY: a live message; the text lives as long.
        unsafe { text(rd_kafka_message_errstr(self.raw)) }
    }

    /// Milliseconds, or −1 where there is none.
    pub(crate) fn timestamp(self) -> i64 {
        // SAFETY: a live message; the kind of timestamp is not asked for.
        unsafe { rd_kafka_message_timestamp(self.raw, ptr::null_mut()) }
    }

    /// Calls `each` with every header; gives whether there are any.
    pub(crate) fn headers(self, mut each: impl FnMut(String, Option<&'a [u8]>)) -> bool {
        if self.is_without_headers() {
            return false;
        }
        let mut headers = ptr::null_mut();
        // SAFETY: a live message and a place for the result, which stays the message's.
        let code = unsafe { rd_kafka_message_headers(self.raw, &mut headers) };
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

impl Message<'_> {
    /// Whether it surely has no headers. Asking librdkafka costs as much as taking a record does, since it allocates a
    /// reader for the headers even where there are none. Their count stands right behind the value, in the answer of the
    /// broker, into which the message points.
    fn is_without_headers(self) -> bool {
        // SAFETY: gives a constant.
        let version = unsafe { rd_kafka_version() };
        let (KNOWN_VERSION, Some(next)) = (version, self.next) else { return false };
        let next = if next.key_len > 0 { next.key } else { next.payload };
        // From the pointer as C gave it: one that comes from a slice may not be read behind that.
        let end = self.raw.payload.cast::<u8>().cast_const().wrapping_add(self.raw.len);
        let gap = next.addr().wrapping_sub(end.addr());
        if self.raw.payload.is_null() || self.raw.len == 0 || gap == 0 || gap > MAX_GAP {
            return false;
        }
        // SAFETY: the byte is there to be read: it lies between the value's last byte and the next record's first, which
        // are so near each other that it shares a page of memory with one of them. Nobody writes to it: it is part of the
        // answer, which stays as it came while messages point into it. In a record of format 2, the only one with
        // headers, this version of librdkafka lets value and headers be neighbours as they are on the wire
        // (`rd_kafka_msgset_reader_msg_v2`): it is the first byte of their count, which is zero for none alone. In the
        // older formats it belongs to what follows, and whatever it says is right or leads to asking.
        unsafe { end.read() == 0 }
    }
}

/// # Safety
/// `start` is null, or `length` bytes from it live for `'a`.
unsafe fn bytes<'a>(start: *mut c_void, length: usize) -> Option<&'a [u8]> {
    // SAFETY: by the caller's word.
    (!start.is_null()).then(|| unsafe { std::slice::from_raw_parts(start.cast::<u8>(), length) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With another version headers are asked for, at 70 ns a record.
    #[test]
    fn the_version_of_librdkafka_is_the_one_that_was_read() {
        // SAFETY: gives a constant.
        let version = unsafe { rd_kafka_version() };
        assert_eq!(version, KNOWN_VERSION, "does `rd_kafka_msgset_reader_msg_v2` still keep headers behind values?");
    }

    #[test]
    fn only_a_zero_between_neighbours_says_that_there_are_no_headers() {
        let mut batch = vec![7_u8; 200];
        let start = batch.as_mut_ptr();
        let message = |key: usize, key_len: usize, payload: usize, len: usize| {
            // SAFETY: all fields may be zero; the places lie in `batch`.
            unsafe {
                let mut raw: rd_kafka_message_t = std::mem::zeroed();
                (raw.key, raw.key_len) = (start.add(key).cast(), key_len);
                (raw.payload, raw.len) = (start.add(payload).cast(), len);
                raw
            }
        };
        for (count, first, next, expected) in [
            (0, message(0, 3, 4, 20), Some(message(35, 3, 40, 5)), true),
            (0, message(0, 3, 4, 20), Some(message(0, 0, 40, 5)), true),
            (0, message(0, 3, 4, 20), None, false),
            (2, message(0, 3, 4, 20), Some(message(35, 3, 40, 5)), false),
            (0, message(0, 3, 24, 0), Some(message(35, 3, 40, 5)), false),
            (0, message(0, 3, 4, 20), Some(message(150, 3, 160, 5)), false),
            (0, message(0, 3, 4, 20), Some(message(1, 3, 4, 5)), false),
        ] {
            // SAFETY: within `batch`, which nothing else borrows.
            unsafe { start.add(24).write(count) };
            let message = Message { raw: &first, next: next.as_ref() };
            assert_eq!(message.is_without_headers(), expected, "{count} {:?}", first.len);
        }
    }
}
