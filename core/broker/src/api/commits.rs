//! Committed offsets: written to the journal where the group allows it, and read from there.

use std::collections::BTreeMap;

use kafka_protocol::ResponseError;
use kafka_protocol::messages::offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic};
use kafka_protocol::messages::offset_fetch_response::{OffsetFetchResponsePartition, OffsetFetchResponseTopic};
use kafka_protocol::messages::{
    OffsetCommitRequest, OffsetCommitResponse, OffsetFetchRequest, OffsetFetchResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use super::{Call, code};
use crate::groups::Speaker;
use crate::journal::{Committed, Entry, GroupOffsets};

/// Kafka's `offset.metadata.max.bytes`.
const MAX_METADATA_BYTES: usize = 4096;

pub(super) fn commit(call: &Call<'_>, request: OffsetCommitRequest) -> OffsetCommitResponse {
    let allowed = allow(call, &request);
    let mut entries = Vec::new();
    let mut response = OffsetCommitResponse::default();
    for topic in &request.topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for partition in &topic.partitions {
            let metadata = partition.committed_metadata.clone().unwrap_or_default();
            let place = (topic.name.as_str(), partition.partition_index);
            let error = match allowed {
                Err(error) => Some(error),
                Ok(()) if metadata.len() > MAX_METADATA_BYTES => Some(ResponseError::OffsetMetadataTooLarge),
                Ok(()) => call.cluster.topics.log(place.0, place.1).err(),
            };
            partitions.push((partition.partition_index, error));
            if error.is_none() {
                entries.push(Entry::Commit {
                    group: request.group_id.to_string(),
                    topic: topic.name.to_string(),
                    partition: partition.partition_index,
                    committed: Committed {
                        offset: partition.committed_offset,
                        leader_epoch: partition.committed_leader_epoch,
                        metadata: metadata.to_string(),
                    },
                });
            }
        }
        let partition = |(index, error)| {
            OffsetCommitResponsePartition::default().with_partition_index(index).with_error_code(code(error))
        };
        let partitions = partitions.into_iter().map(partition).collect();
        let topic = OffsetCommitResponseTopic::default().with_name(topic.name.clone()).with_partitions(partitions);
        response.topics.push(topic);
    }
    if !entries.is_empty()
        && let Err(error) = call.cluster.journal().record(entries)
    {
        tracing::error!(%error, "cannot write committed offsets");
        let partitions = response.topics.iter_mut().flat_map(|topic| &mut topic.partitions);
        partitions.for_each(|partition| partition.error_code = ResponseError::CoordinatorNotAvailable.code());
    }
    response
}

fn allow(call: &Call<'_>, request: &OffsetCommitRequest) -> Result<(), ResponseError> {
    if request.group_id.is_empty() {
        return Err(ResponseError::InvalidGroupId);
    }
    let who = Speaker {
        member: &request.member_id,
        instance: request.group_instance_id.as_ref(),
        generation: request.generation_id_or_member_epoch,
    };
    let judged = call.cluster.groups.act_known(&request.group_id, |group, now| group.may_commit(now, who));
    match judged {
        Some(judged) => judged,
        // a group that nobody has joined since this broker started
        None if who.generation < 0 => Ok(()),
        None => Err(ResponseError::UnknownMemberId),
    }
}

pub(super) fn fetch(call: &Call<'_>, request: OffsetFetchRequest) -> OffsetFetchResponse {
    let journal = call.cluster.journal();
    let nothing = GroupOffsets::new();
    let offsets = journal.state().offsets.get(request.group_id.as_str()).unwrap_or(&nothing);
    let wanted: Vec<(TopicName, Vec<i32>)> = match request.topics {
        Some(topics) => topics.into_iter().map(|topic| (topic.name, topic.partition_indexes)).collect(),
        None => all(offsets),
    };
    let topics = wanted.into_iter().map(|(name, indexes)| {
        let partitions = indexes.into_iter().map(|index| {
            let response = OffsetFetchResponsePartition::default().with_partition_index(index);
            match offsets.get(&(name.to_string(), index)) {
                Some(committed) => response
                    .with_committed_offset(committed.offset)
                    .with_committed_leader_epoch(committed.leader_epoch)
                    .with_metadata(Some(StrBytes::from_string(committed.metadata.clone()))),
                None => response
                    .with_committed_offset(-1)
                    .with_committed_leader_epoch(-1)
                    .with_metadata(Some(StrBytes::new())),
            }
        });
        let partitions = partitions.collect();
        OffsetFetchResponseTopic::default().with_name(name.clone()).with_partitions(partitions)
    });
    OffsetFetchResponse::default().with_topics(topics.collect())
}

fn all(offsets: &GroupOffsets) -> Vec<(TopicName, Vec<i32>)> {
    let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for (topic, partition) in offsets.keys() {
        topics.entry(topic).or_default().push(*partition);
    }
    topics.into_iter().map(|(name, partitions)| (TopicName(StrBytes::from_string(name.into())), partitions)).collect()
}
