//! Questions about consumer groups, and who is in them. Each group has its coordinator among the brokers, which librdkafka
//! finds by itself.

use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use rdkafka_sys::*;

use super::admin::Times;
use super::{Client, Code, Event, Failure, Partition, c_name, millis, partitions, slice, text};

/// Where the coordinator is found after a question was given up, librdkafka 2.12 aborts the process
/// (`rd_kafka_admin_coord_request` frees what `rd_kafka_coord_req_fail` then uses). So it is not told to give up: whoever
/// asked stops waiting, and drops the client.
const NEVER: Duration = Duration::from_secs(3600);

/// A consumer group as it stands in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GroupListing {
    pub(crate) name: String,
    pub(crate) state: String,
    /// its members can be asked for: its protocol is not that of KIP-848
    pub(crate) is_classic: bool,
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

impl Client {
    /// All that groups have committed, without being in them; asked at once.
    pub(crate) fn offsets_of_groups(
        self: &Arc<Client>,
        groups: &[&str],
        within: Duration,
    ) -> Vec<Result<Vec<Partition>, Failure>> {
        let kind = rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS;
        let times = Times { given_up_after: NEVER, waited_for: within };
        let answers = self.ask_all(kind, groups.len(), times, &|place, options, queue| {
            let name = c_name(groups.get(place).copied().unwrap_or_default());
            // SAFETY: terminated name, which is copied; null partitions mean all; one live request, which is copied and
            // destroyed once, live options and queue.
            unsafe {
                let raw = rd_kafka_ListConsumerGroupOffsets_new(name.as_ptr(), ptr::null());
                rd_kafka_ListConsumerGroupOffsets(self.raw(), [raw].as_mut_ptr(), 1, options, queue);
                rd_kafka_ListConsumerGroupOffsets_destroy(raw);
            }
        });
        answers.into_iter().map(|answer| offsets_of(&answer?)).collect()
    }

    /// All groups, with the word for their state. Where a broker does not answer, its groups are not known, and so not all.
    pub(crate) fn groups(self: &Arc<Client>, within: Duration) -> Result<Vec<GroupListing>, Failure> {
        let kind = rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS;
        let event = self.ask(kind, within, &|options, queue| {
            // SAFETY: live client, options and queue.
            unsafe { rd_kafka_ListConsumerGroups(self.raw(), options, queue) }
        })?;
        let mut count = 0;
        // SAFETY: the answer to this request; its groups and errors live as long as the event, as many as it says; names are
        // terminated.
        unsafe {
            let result = rd_kafka_event_ListConsumerGroups_result(event.raw());
            let errors = rd_kafka_ListConsumerGroups_result_errors(result, &mut count);
            if let Some(failure) = (0..count).find_map(|i| Failure::peek(*errors.add(i))) {
                return Err(failure);
            }
            let groups = rd_kafka_ListConsumerGroups_result_valid(result, &mut count);
            let groups = (0..count).map(|i| *groups.add(i)).map(|group| GroupListing {
                name: text(rd_kafka_ConsumerGroupListing_group_id(group)),
                state: text(rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupListing_state(group))),
                is_classic: rd_kafka_ConsumerGroupListing_type(group)
                    != rd_kafka_consumer_group_type_t::RD_KAFKA_CONSUMER_GROUP_TYPE_CONSUMER,
            });
            Ok(groups.collect())
        }
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

fn offsets_of(event: &Event) -> Result<Vec<Partition>, Failure> {
    let mut count = 0;
    // SAFETY: the answer to this request; its groups live as long as the event.
    unsafe {
        let result = rd_kafka_event_ListConsumerGroupOffsets_result(event.raw());
        let groups = rd_kafka_ListConsumerGroupOffsets_result_groups(result, &mut count);
        group_partitions(groups, count)
    }
}

/// No list without a reason.
fn or_silence(code: Code) -> Code {
    if code == Code::NONE { Code::TIMED_OUT } else { code }
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
/// `groups` has `count` live entries.
unsafe fn group_partitions(
    groups: *mut *const rd_kafka_group_result_t,
    count: usize,
) -> Result<Vec<Partition>, Failure> {
    let mut all = Vec::new();
    for i in 0..count {
        // SAFETY: by the caller's word; error and list live as long as the group.
        unsafe {
            let group = *groups.add(i);
            if let Some(failure) = Failure::peek(rd_kafka_group_result_error(group)) {
                return Err(failure);
            }
            all.extend(partitions::entries(rd_kafka_group_result_partitions(group)));
        }
    }
    Ok(all)
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
