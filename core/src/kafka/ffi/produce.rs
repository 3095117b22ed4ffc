//! Sending: topic handles with their own settings, and the one call that takes timestamp, partition and headers.

use std::ffi::{c_char, c_void};
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Duration;

use rdkafka_sys::rd_kafka_vtype_t::*;
use rdkafka_sys::*;

use super::{Client, Code, Failure, Setting, TopicState, c_name, text};

/// A topic to send to; it keeps its client alive.
pub(crate) struct Topic {
    raw: NonNull<rd_kafka_topic_t>,
    client: Arc<Client>,
}

// SAFETY: topic handles are reference-counted and locked by librdkafka; any thread may use them.
unsafe impl Send for Topic {}
// SAFETY: as above.
unsafe impl Sync for Topic {}

/// Kafka's own limit.
const LONGEST_NAME: usize = 249;

/// A header's name and value.
pub(crate) type Header<'a> = (&'a str, Option<&'a [u8]>);

/// What is sent. The bytes are copied.
pub(crate) struct Record<'a> {
    pub(crate) partition: i32,
    pub(crate) payload: Option<&'a [u8]>,
    pub(crate) key: Option<&'a [u8]>,
    /// milliseconds; 0 would be taken for "now"
    pub(crate) timestamp: i64,
    /// comes back with the delivery report
    pub(crate) tag: usize,
}

impl Topic {
    /// A handle with settings of the topic's own.
    pub(crate) fn open(client: &Arc<Client>, name: &str, settings: &[(&str, &str)]) -> Result<Topic, Failure> {
        if name.is_empty() || name.len() > LONGEST_NAME {
            return Err(Code::INVALID_TOPIC.into());
        }
        let name = c_name(name);
        // SAFETY: a fresh object. A topic takes it over; so does a refusal of its settings, which is the only failure
        // left with a name that is not empty and not too long.
        unsafe {
            let conf = rd_kafka_default_topic_conf_dup(client.raw());
            for (setting, value) in settings {
                if let Err(why) = set(conf, setting, value) {
                    rd_kafka_topic_conf_destroy(conf);
                    return Err(Failure { code: Code::INVALID_ARGUMENT, text: format!("{setting}: {why:?}") });
                }
            }
            let raw = rd_kafka_topic_new(client.raw(), name.as_ptr(), conf);
            match NonNull::new(raw) {
                Some(raw) => Ok(Topic { raw, client: client.clone() }),
                None => Err(Code::of(rd_kafka_last_error()).into()),
            }
        }
    }

    /// What stands in delivery events to name this topic.
    pub(crate) fn address(&self) -> usize {
        self.raw.as_ptr() as usize
    }

    /// The topic as the brokers know it now.
    pub(crate) fn state(&self, within: Duration) -> Result<Option<TopicState>, Failure> {
        Ok(self.client.metadata(0, self.raw.as_ptr(), within)?.topics.into_iter().next())
    }

    /// Puts a record into the client's queue.
    pub(crate) fn send<'h>(
        &self,
        record: &Record<'_>,
        headers: impl ExactSizeIterator<Item = Header<'h>>,
    ) -> Result<(), Code> {
        let headers = Headers::new(headers);
        let entries = [
            entry(RD_KAFKA_VTYPE_RKT, rd_kafka_vu_s__bindgen_ty_1 { rkt: self.raw.as_ptr() }),
            entry(RD_KAFKA_VTYPE_VALUE, memory(record.payload)),
            entry(RD_KAFKA_VTYPE_KEY, memory(record.key)),
            entry(RD_KAFKA_VTYPE_TIMESTAMP, rd_kafka_vu_s__bindgen_ty_1 { i64_: record.timestamp }),
            entry(RD_KAFKA_VTYPE_MSGFLAGS, rd_kafka_vu_s__bindgen_ty_1 { i: RD_KAFKA_MSG_F_COPY }),
            entry(RD_KAFKA_VTYPE_PARTITION, rd_kafka_vu_s__bindgen_ty_1 { i32_: record.partition }),
            entry(RD_KAFKA_VTYPE_OPAQUE, rd_kafka_vu_s__bindgen_ty_1 { ptr: record.tag as *mut c_void }),
            entry(RD_KAFKA_VTYPE_HEADERS, rd_kafka_vu_s__bindgen_ty_1 { headers: headers.0 }),
        ];
        let count = if headers.0.is_null() { entries.len() - 1 } else { entries.len() };
        // SAFETY: live client and topic; `count` entries, each with the part of the union that its kind says; payload
        // and key are live slices that are copied (F_COPY). Headers are the message's when it is taken, else ours.
        unsafe {
            let error = rd_kafka_produceva(self.client.raw(), entries.as_ptr(), count);
            if error.is_null() {
                std::mem::forget(headers);
                return Ok(());
            }
            let code = Code::of(rd_kafka_error_code(error));
            rd_kafka_error_destroy(error);
            Err(code)
        }
    }
}

fn entry(vtype: rd_kafka_vtype_t, u: rd_kafka_vu_s__bindgen_ty_1) -> rd_kafka_vu_t {
    rd_kafka_vu_t { vtype, u }
}

/// Null for none; an empty slice has an address, and so stays apart from null.
fn memory(bytes: Option<&[u8]>) -> rd_kafka_vu_s__bindgen_ty_1 {
    let (ptr, size) = bytes.map_or((ptr::null(), 0), |bytes| (bytes.as_ptr(), bytes.len()));
    rd_kafka_vu_s__bindgen_ty_1 { mem: rd_kafka_vu_s__bindgen_ty_1__bindgen_ty_1 { ptr: ptr.cast_mut().cast(), size } }
}

/// # Safety
/// `conf` is live.
unsafe fn set(conf: *mut rd_kafka_topic_conf_t, name: &str, value: &str) -> Result<(), Setting> {
    let (name, value) = (c_name(name), c_name(value));
    let mut error = [0 as c_char; 512];
    // SAFETY: live by the caller's word; terminated strings, the buffer's true size, and a zeroed buffer.
    unsafe {
        match rd_kafka_topic_conf_set(conf, name.as_ptr(), value.as_ptr(), error.as_mut_ptr(), error.len()) {
            rd_kafka_conf_res_t::RD_KAFKA_CONF_OK => Ok(()),
            rd_kafka_conf_res_t::RD_KAFKA_CONF_UNKNOWN => Err(Setting::Unknown),
            rd_kafka_conf_res_t::RD_KAFKA_CONF_INVALID => Err(Setting::Invalid(text(error.as_ptr()))),
        }
    }
}

/// Headers on their way into a message; null where there are none.
struct Headers(*mut rd_kafka_headers_t);

impl Headers {
    fn new<'h>(headers: impl ExactSizeIterator<Item = Header<'h>>) -> Headers {
        if headers.len() == 0 {
            return Headers(ptr::null_mut());
        }
        // SAFETY: a fresh object; names and values are live slices with their true sizes, and are copied.
        unsafe {
            let raw = rd_kafka_headers_new(headers.len());
            for (name, value) in headers {
                let (start, size) = value.map_or((ptr::null(), 0), |value| (value.as_ptr(), value.len() as isize));
                rd_kafka_header_add(raw, name.as_ptr().cast(), name.len() as isize, start.cast(), size);
            }
            Headers(raw)
        }
    }
}

impl Drop for Headers {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: ours: `send` forgets headers that a message has taken.
            unsafe { rd_kafka_headers_destroy(self.0) }
        }
    }
}

impl Drop for Topic {
    fn drop(&mut self) {
        // SAFETY: our reference, given back once, while the client lives.
        unsafe { rd_kafka_topic_destroy(self.raw.as_ptr()) }
    }
}
