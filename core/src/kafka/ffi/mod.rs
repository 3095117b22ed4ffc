//! librdkafka behind safe handles: every `unsafe` of the client layer stands in this folder, beside its proof.
//! Handles keep the client they belong to alive, so that no order of drops can outlive it. Nothing here knows of
//! pipelines, batches or faults.

mod admin;
mod client;
mod consume;
mod event;
mod groups;
mod message;
#[cfg(test)]
mod mock;
mod partitions;
mod produce;
mod queue;

use std::ffi::{CStr, CString, c_char};

use rdkafka_sys::rd_kafka_resp_err_t as Raw;

pub(crate) use admin::NewTopic;
pub(crate) use client::{BrokerState, Client, Conf, Role, Setting, TopicState};
pub(crate) use event::{Delivery, Event, EventKind};
pub(crate) use groups::{GroupListing, GroupState, MemberState};
pub(crate) use message::{Message, Messages};
#[cfg(test)]
pub(crate) use mock::Mock;
pub(crate) use partitions::{Partition, Partitions};
pub(crate) use produce::{Header, Record, Topic};
pub(crate) use queue::Queue;

/// An error code of librdkafka (negative) or of the broker (positive). Kept as a number: a newer broker may send codes
/// that the bindings' enum does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Code(pub(crate) i32);

/// A code with what librdkafka said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: Code,
    pub(crate) text: String,
}

macro_rules! codes {
    ($($name:ident = $raw:ident),* $(,)?) => {
        impl Code {
            $(pub(crate) const $name: Code = Code(Raw::$raw as i32);)*
        }
    };
}

codes! {
    NONE = RD_KAFKA_RESP_ERR_NO_ERROR,
    TRANSPORT = RD_KAFKA_RESP_ERR__TRANSPORT,
    RESOLVE = RD_KAFKA_RESP_ERR__RESOLVE,
    ALL_BROKERS_DOWN = RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN,
    TIMED_OUT = RD_KAFKA_RESP_ERR__TIMED_OUT,
    TIMED_OUT_QUEUE = RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE,
    MESSAGE_TIMED_OUT = RD_KAFKA_RESP_ERR__MSG_TIMED_OUT,
    AUTHENTICATION = RD_KAFKA_RESP_ERR__AUTHENTICATION,
    SASL_AUTHENTICATION_FAILED = RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
    TLS = RD_KAFKA_RESP_ERR__SSL,
    UNKNOWN_TOPIC = RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC,
    UNKNOWN_PARTITION = RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
    UNKNOWN_TOPIC_OR_PARTITION = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
    TOPIC_AUTHORIZATION = RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
    GROUP_AUTHORIZATION = RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
    CLUSTER_AUTHORIZATION = RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
    MESSAGE_TOO_LARGE = RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
    BATCH_TOO_LARGE = RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE,
    INVALID_TOPIC = RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION,
    INVALID_PARTITIONS = RD_KAFKA_RESP_ERR_INVALID_PARTITIONS,
    INVALID_CONFIG = RD_KAFKA_RESP_ERR_INVALID_CONFIG,
    INVALID_ARGUMENT = RD_KAFKA_RESP_ERR__INVALID_ARG,
    QUEUE_FULL = RD_KAFKA_RESP_ERR__QUEUE_FULL,
    END_OF_PARTITION = RD_KAFKA_RESP_ERR__PARTITION_EOF,
    ASSIGN_PARTITIONS = RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS,
    REVOKE_PARTITIONS = RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS,
    IN_PROGRESS = RD_KAFKA_RESP_ERR__IN_PROGRESS,
    TOPIC_ALREADY_EXISTS = RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS,
    LEADER_NOT_AVAILABLE = RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
    NOT_LEADER = RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
    COORDINATOR_LOADING = RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS,
    COORDINATOR_NOT_AVAILABLE = RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
    NOT_COORDINATOR = RD_KAFKA_RESP_ERR_NOT_COORDINATOR,
    ILLEGAL_GENERATION = RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION,
    UNKNOWN_MEMBER = RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID,
    REBALANCE_IN_PROGRESS = RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS,
    GROUP_NOT_FOUND = RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND,
    NON_EMPTY_GROUP = RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP,
    INVALID_REPLICATION = RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR,
    UNSUPPORTED_VERSION = RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION,
}

impl Code {
    pub(crate) fn of(raw: Raw) -> Code {
        Code(raw as i32)
    }

    /// Librdkafka's sentence for a code.
    pub(crate) fn text(self) -> String {
        match Raw::try_from(self.0) {
            // SAFETY: the function takes any code and gives a static, terminated string.
            Ok(raw) => unsafe { text(rdkafka_sys::rd_kafka_err2str(raw)) },
            Err(_) => format!("error {}", self.0),
        }
    }

    /// Nothing where the code is no error.
    pub(crate) fn check(self) -> Result<(), Failure> {
        if self == Code::NONE { Ok(()) } else { Err(Failure::from(self)) }
    }
}

impl From<Code> for Failure {
    fn from(code: Code) -> Failure {
        Failure { code, text: code.text() }
    }
}

impl Failure {
    /// Takes over an error object; null is no error.
    ///
    /// # Safety
    /// `error` is null or an error object that nobody else will destroy.
    unsafe fn take(error: *mut rdkafka_sys::rd_kafka_error_t) -> Result<(), Failure> {
        if error.is_null() {
            return Ok(());
        }
        // SAFETY: not null, and ours by the caller's word; read before it is destroyed.
        unsafe {
            let failure = Failure {
                code: Code::of(rdkafka_sys::rd_kafka_error_code(error)),
                text: text(rdkafka_sys::rd_kafka_error_string(error)),
            };
            rdkafka_sys::rd_kafka_error_destroy(error);
            Err(failure)
        }
    }

    /// A failure of an error object that stays somebody else's; null is no error.
    ///
    /// # Safety
    /// `error` is null or a live error object.
    unsafe fn peek(error: *const rdkafka_sys::rd_kafka_error_t) -> Option<Failure> {
        if error.is_null() {
            return None;
        }
        // SAFETY: not null, and live by the caller's word.
        let (code, text) = unsafe {
            (Code::of(rdkafka_sys::rd_kafka_error_code(error)), text(rdkafka_sys::rd_kafka_error_string(error)))
        };
        (code != Code::NONE).then_some(Failure { code, text })
    }
}

/// A C string's text; null is empty.
///
/// # Safety
/// `raw` is null or a live, terminated string.
unsafe fn text(raw: *const c_char) -> String {
    if raw.is_null() {
        return String::new();
    }
    // SAFETY: not null, live and terminated by the caller's word.
    unsafe { CStr::from_ptr(raw) }.to_string_lossy().into_owned()
}

/// # Safety
/// `first` is null, or the first of `count` live values that outlive the slice.
unsafe fn slice<'a, T>(first: *const T, count: i32) -> &'a [T] {
    match usize::try_from(count) {
        // SAFETY: by the caller's word.
        Ok(count) if !first.is_null() => unsafe { std::slice::from_raw_parts(first, count) },
        _ => &[],
    }
}

/// A name as C wants it. Names with a zero byte exist nowhere in Kafka, so what follows one is cut off.
fn c_name(name: &str) -> CString {
    let end = name.bytes().position(|byte| byte == 0).unwrap_or(name.len());
    CString::new(&name[..end]).unwrap_or_default()
}

fn millis(duration: std::time::Duration) -> i32 {
    i32::try_from(duration.as_millis()).unwrap_or(i32::MAX)
}
