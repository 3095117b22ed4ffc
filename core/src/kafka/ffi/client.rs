//! A librdkafka client: built from settings, asked for its metadata, destroyed when its last handle goes.

use std::ffi::{c_char, c_int, c_void};
use std::ptr::{self, NonNull};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rdkafka_sys::*;

use super::super::queue::lock;
use super::{Code, Failure, Queue, c_name, millis, text};

/// What a client is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Consumer,
    Producer,
}

/// Why a setting was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Setting {
    Unknown,
    /// with librdkafka's words, which may quote the value
    Invalid(String),
}

/// Settings of a client to be.
pub(crate) struct Conf {
    raw: RawConf,
    hung_up: Arc<HungUp>,
}

struct RawConf(NonNull<rd_kafka_conf_t>);

/// Librdkafka's line on the last connection that its peer has closed.
#[derive(Default)]
struct HungUp(Mutex<Option<String>>);

impl Conf {
    /// Settings for a client that tells through its queues of deliveries, rebalances, commits and errors, and logs
    /// through `tracing`.
    pub(crate) fn new() -> Conf {
        let hung_up = Arc::<HungUp>::default();
        // SAFETY: the constructor allocates and aborts when it cannot; events, callback and what `log` is given are set
        // on a live object.
        unsafe {
            let raw = NonNull::new_unchecked(rd_kafka_conf_new());
            let events =
                RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT;
            rd_kafka_conf_set_events(raw.as_ptr(), events);
            rd_kafka_conf_set_opaque(raw.as_ptr(), Arc::as_ptr(&hung_up).cast_mut().cast::<c_void>());
            rd_kafka_conf_set_log_cb(raw.as_ptr(), Some(log));
            Conf { raw: RawConf(raw), hung_up }
        }
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), Setting> {
        let (name, value) = (c_name(name), c_name(value));
        let mut error = [0 as c_char; 512];
        // SAFETY: live object, terminated strings, and the buffer's true size.
        let result = unsafe {
            rd_kafka_conf_set(self.raw.0.as_ptr(), name.as_ptr(), value.as_ptr(), error.as_mut_ptr(), error.len())
        };
        match result {
            rd_kafka_conf_res_t::RD_KAFKA_CONF_OK => Ok(()),
            rd_kafka_conf_res_t::RD_KAFKA_CONF_UNKNOWN => Err(Setting::Unknown),
            // SAFETY: librdkafka terminates what it writes into the buffer, which is zeroed otherwise.
            rd_kafka_conf_res_t::RD_KAFKA_CONF_INVALID => Err(Setting::Invalid(unsafe { text(error.as_ptr()) })),
        }
    }

    /// A client with these settings. It connects in the background.
    pub(crate) fn build(self, role: Role) -> Result<Arc<Client>, String> {
        let role_raw = match role {
            Role::Consumer => rd_kafka_type_t::RD_KAFKA_CONSUMER,
            Role::Producer => rd_kafka_type_t::RD_KAFKA_PRODUCER,
        };
        let mut error = [0 as c_char; 512];
        let Conf { raw: conf, hung_up } = self;
        // SAFETY: live settings and the buffer's true size. A client that was made owns the settings; else they stay ours.
        let raw = unsafe { rd_kafka_new(role_raw, conf.0.as_ptr(), error.as_mut_ptr(), error.len()) };
        let Some(raw) = NonNull::new(raw) else {
            // SAFETY: as in `set`.
            return Err(unsafe { text(error.as_ptr()) });
        };
        std::mem::forget(conf);
        if role == Role::Consumer {
            // SAFETY: a live consumer; from here on its own queue gives what the main queue would have given.
            unsafe { rd_kafka_poll_set_consumer(raw.as_ptr()) };
        }
        Ok(Arc::new(Client { raw, role, hung_up }))
    }
}

impl Drop for RawConf {
    fn drop(&mut self) {
        // SAFETY: still ours: `build` forgets settings that a client has taken.
        unsafe { rd_kafka_conf_destroy(self.0.as_ptr()) }
    }
}

/// Syslog's levels at which it is logged that a peer has closed a connection, warning to info: worse comes as events.
const NOTABLE: std::ops::RangeInclusive<c_int> = 4..=6;

unsafe extern "C" fn log(client: *const rd_kafka_t, level: c_int, facility: *const c_char, line: *const c_char) {
    // SAFETY: librdkafka gives live, terminated strings for the time of the call.
    let (facility, line) = unsafe { (text(facility), text(line)) };
    // A panic of a subscriber must not cross into C.
    let _ = std::panic::catch_unwind(|| {
        tracing::debug!(level, facility, "{line}");
        if facility == "FAIL" && NOTABLE.contains(&level) && !client.is_null() {
            // SAFETY: a live client, whose opaque is what `Conf::new` has set; `Client` drops it after the client.
            let hung_up = unsafe { rd_kafka_opaque(client).cast::<HungUp>().as_ref() };
            hung_up.into_iter().for_each(|last| *lock(&last.0) = Some(line.clone()));
        }
    });
}

/// A client. All of librdkafka's functions on it may be called from any thread.
pub(crate) struct Client {
    raw: NonNull<rd_kafka_t>,
    role: Role,
    // Dropped after the client, whose log writes there.
    hung_up: Arc<HungUp>,
}

// SAFETY: librdkafka's handle is thread-safe ("the API is fully thread-safe", INTRODUCTION.md).
unsafe impl Send for Client {}
// SAFETY: as above.
unsafe impl Sync for Client {}

/// A broker as the others know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BrokerState {
    pub(crate) id: i32,
    pub(crate) host: String,
    pub(crate) port: i32,
}

/// What the brokers know of themselves and of topics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Metadata {
    pub(crate) brokers: Vec<BrokerState>,
    pub(crate) topics: Vec<TopicState>,
}

/// A topic as the brokers know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TopicState {
    pub(crate) name: String,
    pub(crate) partitions: i32,
    /// copies of its first partition
    pub(crate) replication: i32,
    pub(crate) code: Code,
}

impl Client {
    pub(super) fn raw(&self) -> *mut rd_kafka_t {
        self.raw.as_ptr()
    }

    pub(crate) fn main_queue(self: &Arc<Client>) -> Queue {
        // SAFETY: live client; the reference that this gives is the queue's own.
        unsafe { Queue::own(rd_kafka_queue_get_main(self.raw()), self.clone()) }
    }

    pub(crate) fn new_queue(self: &Arc<Client>) -> Queue {
        // SAFETY: as above.
        unsafe { Queue::own(rd_kafka_queue_new(self.raw()), self.clone()) }
    }

    /// The error that has ended this client's life, if one has.
    pub(crate) fn fatal(&self) -> Option<Failure> {
        let mut why = [0 as c_char; 512];
        // SAFETY: live client and the buffer's true size.
        let code = Code::of(unsafe { rd_kafka_fatal_error(self.raw(), why.as_mut_ptr(), why.len()) });
        // SAFETY: terminated by librdkafka, or zeroed.
        (code != Code::NONE).then(|| Failure { code, text: unsafe { text(why.as_ptr()) } })
    }

    /// Librdkafka's line on the last connection that its peer has closed since this was asked: no event tells of those.
    pub(crate) fn hung_up(&self) -> Option<String> {
        lock(&self.hung_up.0).take()
    }

    /// All topics, as they are now. Creates none, whatever the broker's `auto.create.topics.enable` says.
    pub(crate) fn topics(&self, within: Duration) -> Result<Vec<TopicState>, Failure> {
        Ok(self.cluster(within)?.topics)
    }

    /// All brokers and topics, as they are now.
    pub(crate) fn cluster(&self, within: Duration) -> Result<Metadata, Failure> {
        self.metadata(1, ptr::null_mut(), within)
    }

    /// The broker that leads the others, as far as it is known by then.
    pub(crate) fn controller(&self) -> Option<i32> {
        // SAFETY: live client; a time of 0 waits for nothing.
        let id = unsafe { rd_kafka_controllerid(self.raw(), 0) };
        (id >= 0).then_some(id)
    }

    pub(super) fn metadata(
        &self,
        all: c_int,
        only: *mut rd_kafka_topic_t,
        within: Duration,
    ) -> Result<Metadata, Failure> {
        let mut raw: *const rd_kafka_metadata = ptr::null();
        // SAFETY: live client, a topic handle of it or null, and a place for the result.
        Code::of(unsafe { rd_kafka_metadata(self.raw(), all, only, &mut raw, millis(within)) }).check()?;
        // SAFETY: without an error the result is there; its arrays have as many entries as stands beside them, with
        // terminated names; it is read before it is destroyed.
        unsafe {
            let topics = super::slice((*raw).topics, (*raw).topic_cnt).iter().map(|topic| TopicState {
                name: text(topic.topic),
                partitions: topic.partition_cnt,
                replication: super::slice(topic.partitions, topic.partition_cnt).first().map_or(0, |it| it.replica_cnt),
                code: Code::of(topic.err),
            });
            let brokers = super::slice((*raw).brokers, (*raw).broker_cnt).iter().map(|broker| BrokerState {
                id: broker.id,
                host: text(broker.host),
                port: broker.port,
            });
            let metadata = Metadata { brokers: brokers.collect(), topics: topics.collect() };
            rd_kafka_metadata_destroy(raw);
            Ok(metadata)
        }
    }

    /// Oldest and next offset of a partition, asked of its leader.
    pub(crate) fn watermarks(&self, topic: &str, partition: i32, within: Duration) -> Result<(i64, i64), Failure> {
        let (topic, mut low, mut high) = (c_name(topic), 0, 0);
        // SAFETY: live client, terminated name, places for the results.
        let code = unsafe {
            rd_kafka_query_watermark_offsets(self.raw(), topic.as_ptr(), partition, &mut low, &mut high, millis(within))
        };
        Code::of(code).check().map(|()| (low, high))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let flags = match self.role {
            // A consumer that is in a group has been closed by its polling thread; waiting here could wait for ever.
            Role::Consumer => RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE,
            Role::Producer => 0,
        };
        // SAFETY: the last handle: queues, topics and events hold an `Arc` of the client and are gone.
        unsafe { rd_kafka_destroy_flags(self.raw(), flags) }
    }
}
