//! Requests of an administrator. Each is sent with a queue of its own, on which its answer is waited for. There is no
//! deletion of a group's offsets: where a broker lacks that request, librdkafka 2.12 aborts the process
//! (`rd_kafka_coord_req_fsm` gives a queue back twice).

use std::collections::BTreeMap;
use std::ffi::c_char;
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use rdkafka_sys::*;

use super::{Client, Code, Event, EventKind, Failure, Partition, Partitions, c_name, millis, partitions, text};

/// A topic to be created. Replication −1 is the broker's default.
pub(crate) struct NewTopic<'a> {
    pub(crate) name: &'a str,
    pub(crate) partitions: i32,
    pub(crate) replication: i32,
    pub(crate) configs: &'a [(String, String)],
}

/// A consumer group and who is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GroupState {
    pub(crate) name: String,
    pub(crate) state: String,
    pub(crate) members: Vec<MemberState>,
}

/// A member and what it has been given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MemberState {
    pub(crate) id: String,
    pub(crate) client_id: String,
    pub(crate) host: String,
    pub(crate) partitions: Vec<(String, i32)>,
}

type Request<'a> = &'a dyn Fn(*const rd_kafka_AdminOptions_t, *mut rd_kafka_queue_t);

impl Client {
    /// Sends a request and waits for its answer, which librdkafka gives in time or fails in time.
    fn ask(
        self: &Arc<Client>,
        kind: rd_kafka_admin_op_t,
        within: Duration,
        request: Request<'_>,
    ) -> Result<Event, Failure> {
        let queue = self.new_queue();
        let mut error = [0 as c_char; 256];
        // SAFETY: live client; options are read by the request and destroyed after it.
        unsafe {
            let options = rd_kafka_AdminOptions_new(self.raw(), kind);
            rd_kafka_AdminOptions_set_request_timeout(options, millis(within), error.as_mut_ptr(), error.len());
            request(options, queue.raw());
            rd_kafka_AdminOptions_destroy(options);
        }
        loop {
            match queue.poll(within + Duration::from_secs(1)) {
                Some(event) if event.kind() == EventKind::Answer => {
                    let failure = event.failure();
                    return if failure.code == Code::NONE { Ok(event) } else { Err(failure) };
                }
                Some(_) => {}
                None => return Err(Code::TIMED_OUT.into()),
            }
        }
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

    /// Names of all groups, with the word for their state.
    pub(crate) fn groups(self: &Arc<Client>, within: Duration) -> Result<Vec<(String, String)>, Failure> {
        let kind = rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS;
        let event = self.ask(kind, within, &|options, queue| {
            // SAFETY: live client, options and queue.
            unsafe { rd_kafka_ListConsumerGroups(self.raw(), options, queue) }
        })?;
        let mut count = 0;
        // SAFETY: the answer to this request; its groups live as long as the event, names are terminated.
        Ok(unsafe {
            let result = rd_kafka_event_ListConsumerGroups_result(event.raw());
            let groups = rd_kafka_ListConsumerGroups_result_valid(result, &mut count);
            (0..count)
                .map(|i| *groups.add(i))
                .map(|group| {
                    let state = rd_kafka_ConsumerGroupListing_state(group);
                    (
                        text(rd_kafka_ConsumerGroupListing_group_id(group)),
                        text(rd_kafka_consumer_group_state_name(state)),
                    )
                })
                .collect()
        })
    }

    /// Who is in a group. The older request is taken: where it is asked by `rd_kafka_DescribeConsumerGroups`, an answer of
    /// the coordinator that comes too late makes librdkafka 2.12 abort the process (`rd_kafka_admin_coord_request` frees
    /// what `rd_kafka_coord_req_fail` then uses).
    pub(crate) fn group(self: &Arc<Client>, group: &str, within: Duration) -> Result<GroupState, Failure> {
        let name = c_name(group);
        let mut list: *const rd_kafka_group_list = ptr::null();
        // SAFETY: live client, terminated name, a place for the list; it is ours to destroy, where there is one.
        unsafe {
            let code = Code::of(rd_kafka_list_groups(self.raw(), name.as_ptr(), &mut list, millis(within)));
            let Some(found) = list.as_ref() else { return Err(or_silence(code).into()) };
            let described = slice(found.groups, found.group_cnt).first().map(|group| describe(group));
            rd_kafka_group_list_destroy(list);
            described.unwrap_or_else(|| Err(Code::GROUP_NOT_FOUND.into()))
        }
    }
}

/// No list without a reason.
fn or_silence(code: Code) -> Code {
    if code == Code::NONE { Code::TIMED_OUT } else { code }
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
/// `first` is null, or the first of `count` live values that outlive the slice.
unsafe fn slice<'a, T>(first: *const T, count: i32) -> &'a [T] {
    match usize::try_from(count) {
        // SAFETY: by the caller's word.
        Ok(count) if !first.is_null() => unsafe { std::slice::from_raw_parts(first, count) },
        _ => &[],
    }
}

/// # Safety
/// `group` is live, with all that it points to.
unsafe fn describe(group: &rd_kafka_group_info) -> Result<GroupState, Failure> {
    Code::of(group.err).check()?;
    // SAFETY: live by the caller's word; texts are terminated, members and bytes as many as stands beside them.
    unsafe {
        let members = slice(group.members, group.member_cnt).iter().map(|member| MemberState {
            id: text(member.member_id),
            client_id: text(member.client_id),
            host: text(member.client_host),
            partitions: assignment(slice(member.member_assignment.cast(), member.member_assignment_size)),
        });
        Ok(GroupState { name: text(group.group), state: text(group.state), members: members.collect() })
    }
}

/// Partitions of an assignment as consumers write it: a version, then names of topics, each with its partitions. What is
/// cut short, or of another kind, gives as much as can be read.
fn assignment(bytes: &[u8]) -> Vec<(String, i32)> {
    let mut all = Vec::new();
    let mut rest = bytes.get(2..).unwrap_or_default();
    let mut read = || -> Option<()> {
        for _ in 0..take_i32(&mut rest)? {
            let length = usize::try_from(i16::from_be_bytes(*rest.split_first_chunk()?.0)).ok()?;
            let topic = String::from_utf8_lossy(rest.get(2..2 + length)?).into_owned();
            rest = &rest[2 + length..];
            for _ in 0..take_i32(&mut rest)? {
                all.push((topic.clone(), take_i32(&mut rest)?));
            }
        }
        Some(())
    };
    // Nothing more can be read.
    let _ = read();
    all
}

fn take_i32(rest: &mut &[u8]) -> Option<i32> {
    let (first, others) = rest.split_first_chunk()?;
    *rest = others;
    Some(i32::from_be_bytes(*first))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_are_read_as_far_as_they_go() {
        let whole =
            b"\0\x03\0\0\0\x02\0\x01a\0\0\0\x02\0\0\0\x00\0\0\0\x07\0\x02bc\0\0\0\x01\0\0\0\x01\xff\xff\xff\xff";
        let all = [("a".to_string(), 0), ("a".to_string(), 7), ("bc".to_string(), 1)];
        assert_eq!(assignment(whole), all);
        for end in 0..whole.len() {
            assert!(all.starts_with(&assignment(&whole[..end])), "cut at {end}");
        }
        assert_eq!(assignment(b"\0\0\x7f\xff\xff\xff\xff\xff"), []);
    }
}
