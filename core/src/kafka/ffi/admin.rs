//! Requests of an administrator. Each is sent with a queue of its own, on which its answer is waited for. There is no
//! deletion of a group's offsets: where a broker lacks that request, librdkafka 2.12 aborts the process
//! (`rd_kafka_coord_req_fsm` gives a queue back twice).

use std::collections::BTreeMap;
use std::ffi::{c_char, c_void};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka_sys::*;

use super::{Client, Code, Event, EventKind, Failure, Partition, Partitions, c_name, millis, partitions, text};

/// A topic to be created. Replication −1 is the broker's default.
pub(crate) struct NewTopic<'a> {
    pub(crate) name: &'a str,
    pub(crate) partitions: i32,
    pub(crate) replication: i32,
    pub(crate) configs: &'a [(String, String)],
}

/// How long a request may take.
#[derive(Clone, Copy)]
pub(super) struct Times {
    /// until librdkafka answers that it has taken too long
    pub(super) given_up_after: Duration,
    /// until its answer is not waited for any more
    pub(super) waited_for: Duration,
}

type Request<'a> = &'a dyn Fn(*const rd_kafka_AdminOptions_t, *mut rd_kafka_queue_t);
/// One of several requests, by its place.
type RequestAt<'a> = &'a dyn Fn(usize, *const rd_kafka_AdminOptions_t, *mut rd_kafka_queue_t);

impl Client {
    /// Sends a request and waits for its answer, which librdkafka gives in time or fails in time.
    pub(super) fn ask(
        self: &Arc<Client>,
        kind: rd_kafka_admin_op_t,
        within: Duration,
        request: Request<'_>,
    ) -> Result<Event, Failure> {
        let times = Times { given_up_after: within, waited_for: within + Duration::from_secs(1) };
        let mut answers = self.ask_all(kind, 1, times, &|_, options, queue| request(options, queue));
        answers.pop().unwrap_or_else(|| Err(Code::TIMED_OUT.into()))
    }

    /// Sends so many requests at once and waits for their answers, which come back in the order of the requests.
    pub(super) fn ask_all(
        self: &Arc<Client>,
        kind: rd_kafka_admin_op_t,
        count: usize,
        times: Times,
        request: RequestAt<'_>,
    ) -> Vec<Result<Event, Failure>> {
        let queue = self.new_queue();
        let mut error = [0 as c_char; 256];
        for place in 0..count {
            // SAFETY: live client; options are read by the request and destroyed after it. The opaque word is a number.
            unsafe {
                let options = rd_kafka_AdminOptions_new(self.raw(), kind);
                let ms = millis(times.given_up_after);
                rd_kafka_AdminOptions_set_request_timeout(options, ms, error.as_mut_ptr(), error.len());
                rd_kafka_AdminOptions_set_opaque(options, place as *mut c_void);
                request(place, options, queue.raw());
                rd_kafka_AdminOptions_destroy(options);
            }
        }
        let mut answers: Vec<Result<Event, Failure>> = (0..count).map(|_| Err(Code::TIMED_OUT.into())).collect();
        let (mut open, end) = (count, Instant::now() + times.waited_for);
        while open > 0 {
            let left = end.saturating_duration_since(Instant::now());
            let Some(event) = queue.poll(left) else { break };
            if event.kind() != EventKind::Answer {
                continue;
            }
            // SAFETY: a live event; its word is the one that was given along.
            let place = unsafe { rd_kafka_event_opaque(event.raw()) } as usize;
            let failure = event.failure();
            if let Some(answer) = answers.get_mut(place) {
                *answer = if failure.code == Code::NONE { Ok(event) } else { Err(failure) };
                open -= 1;
            }
        }
        answers
    }

    pub(crate) fn create_topic(self: &Arc<Client>, topic: &NewTopic<'_>, within: Duration) -> Result<(), Failure> {
        let name = c_name(topic.name);
        let mut error = [0 as c_char; 512];
        // SAFETY: terminated name and the buffer's true size; null when refused.
        let raw = unsafe {
            rd_kafka_NewTopic_new(name.as_ptr(), topic.partitions, topic.replication, error.as_mut_ptr(), error.len())
        };
        if raw.is_null() {
            // SAFETY: terminated by librdkafka, or zeroed.
            return Err(Failure { code: Code::INVALID_ARGUMENT, text: unsafe { text(error.as_ptr()) } });
        }
        for (setting, value) in topic.configs {
            let (setting, value) = (c_name(setting), c_name(value));
            // SAFETY: live object and terminated strings, which are copied.
            unsafe { rd_kafka_NewTopic_set_config(raw, setting.as_ptr(), value.as_ptr()) };
        }
        let event = self.ask(rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_CREATETOPICS, within, &|options, queue| {
            // SAFETY: one live topic, live options and queue; the topic is copied.
            unsafe { rd_kafka_CreateTopics(self.raw(), [raw].as_mut_ptr(), 1, options, queue) }
        });
        // SAFETY: ours, destroyed once.
        unsafe { rd_kafka_NewTopic_destroy(raw) };
        let event = event?;
        let mut count = 0;
        // SAFETY: the answer to this request; its results live as long as the event.
        unsafe {
            let results =
                rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.raw()), &mut count);
            first_topic_failure(results, count)
        }
    }

    pub(crate) fn add_partitions(
        self: &Arc<Client>,
        topic: &str,
        total: usize,
        within: Duration,
    ) -> Result<(), Failure> {
        let name = c_name(topic);
        let mut error = [0 as c_char; 512];
        // SAFETY: terminated name and the buffer's true size; null when refused.
        let raw = unsafe { rd_kafka_NewPartitions_new(name.as_ptr(), total, error.as_mut_ptr(), error.len()) };
        if raw.is_null() {
            // SAFETY: terminated by librdkafka, or zeroed.
            return Err(Failure { code: Code::INVALID_ARGUMENT, text: unsafe { text(error.as_ptr()) } });
        }
        let event = self.ask(rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_CREATEPARTITIONS, within, &|options, queue| {
            // SAFETY: one live object, live options and queue; the object is copied.
            unsafe { rd_kafka_CreatePartitions(self.raw(), [raw].as_mut_ptr(), 1, options, queue) }
        });
        // SAFETY: ours, destroyed once.
        unsafe { rd_kafka_NewPartitions_destroy(raw) };
        let event = event?;
        let mut count = 0;
        // SAFETY: the answer to this request; its results live as long as the event.
        unsafe {
            let results = rd_kafka_CreatePartitions_result_topics(
                rd_kafka_event_CreatePartitions_result(event.raw()),
                &mut count,
            );
            first_topic_failure(results, count)
        }
    }

    pub(crate) fn delete_topic(self: &Arc<Client>, topic: &str, within: Duration) -> Result<(), Failure> {
        let name = c_name(topic);
        // SAFETY: terminated name, which is copied.
        let raw = unsafe { rd_kafka_DeleteTopic_new(name.as_ptr()) };
        let event = self.ask(rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DELETETOPICS, within, &|options, queue| {
            // SAFETY: one live topic, live options and queue; the topic is copied.
            unsafe { rd_kafka_DeleteTopics(self.raw(), [raw].as_mut_ptr(), 1, options, queue) }
        });
        // SAFETY: ours, destroyed once.
        unsafe { rd_kafka_DeleteTopic_destroy(raw) };
        let event = event?;
        let mut count = 0;
        // SAFETY: the answer to this request; its results live as long as the event.
        unsafe {
            let results =
                rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(event.raw()), &mut count);
            first_topic_failure(results, count)
        }
    }

    /// Deletes the records before these offsets; gives the new oldest offsets.
    pub(crate) fn delete_records(
        self: &Arc<Client>,
        before: &Partitions,
        within: Duration,
    ) -> Result<Vec<Partition>, Failure> {
        // SAFETY: a live list, which is copied.
        let raw = unsafe { rd_kafka_DeleteRecords_new(before.raw()) };
        let event = self.ask(rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DELETERECORDS, within, &|options, queue| {
            // SAFETY: one live request, live options and queue; the request is copied.
            unsafe { rd_kafka_DeleteRecords(self.raw(), [raw].as_mut_ptr(), 1, options, queue) }
        });
        // SAFETY: ours, destroyed once.
        unsafe { rd_kafka_DeleteRecords_destroy(raw) };
        let event = event?;
        // SAFETY: the answer to this request; the list lives as long as the event.
        Ok(unsafe {
            partitions::entries(rd_kafka_DeleteRecords_result_offsets(rd_kafka_event_DeleteRecords_result(event.raw())))
        })
    }

    /// The settings of a topic by name, defaults among them.
    pub(crate) fn topic_settings(
        self: &Arc<Client>,
        topic: &str,
        within: Duration,
    ) -> Result<BTreeMap<String, String>, Failure> {
        let name = c_name(topic);
        // SAFETY: terminated name, which is copied.
        let raw =
            unsafe { rd_kafka_ConfigResource_new(rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC, name.as_ptr()) };
        let event = self.ask(rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, within, &|options, queue| {
            // SAFETY: one live resource, live options and queue; the resource is copied.
            unsafe { rd_kafka_DescribeConfigs(self.raw(), [raw].as_mut_ptr(), 1, options, queue) }
        });
        // SAFETY: ours, destroyed once.
        unsafe { rd_kafka_ConfigResource_destroy(raw) };
        let event = event?;
        let mut count = 0;
        // SAFETY: the answer to this request; its resources live as long as the event.
        unsafe {
            let result = rd_kafka_event_DescribeConfigs_result(event.raw());
            let resources = rd_kafka_DescribeConfigs_result_resources(result, &mut count);
            settings(resources, count)
        }
    }
}

/// Settings of the one resource that was asked for.
///
/// # Safety
/// `resources` has `count` live entries.
unsafe fn settings(
    resources: *mut *const rd_kafka_ConfigResource_t,
    count: usize,
) -> Result<BTreeMap<String, String>, Failure> {
    if count == 0 {
        return Err(Code::UNKNOWN_TOPIC_OR_PARTITION.into());
    }
    // SAFETY: at least one entry, by the caller's word; the entries of a live resource live as long as it, and their names
    // and values are terminated, or null where a value is secret.
    unsafe {
        let resource = *resources;
        let code = Code::of(rd_kafka_ConfigResource_error(resource));
        if code != Code::NONE {
            return Err(code.into());
        }
        let mut count = 0;
        let entries = rd_kafka_ConfigResource_configs(resource, &mut count);
        let entry = |place: usize| {
            let entry = *entries.add(place);
            let value = rd_kafka_ConfigEntry_value(entry);
            let value = if value.is_null() { String::new() } else { text(value) };
            (text(rd_kafka_ConfigEntry_name(entry)), value)
        };
        Ok((0..count).map(entry).collect())
    }
}

/// # Safety
/// `results` has `count` live entries.
unsafe fn first_topic_failure(results: *mut *const rd_kafka_topic_result_t, count: usize) -> Result<(), Failure> {
    for i in 0..count {
        // SAFETY: by the caller's word; the text is terminated or null.
        let (code, why) = unsafe {
            let result = *results.add(i);
            (Code::of(rd_kafka_topic_result_error(result)), text(rd_kafka_topic_result_error_string(result)))
        };
        if code != Code::NONE {
            return Err(Failure { code, text: if why.is_empty() { code.text() } else { why } });
        }
    }
    Ok(())
}
