//! Offsets by place in time: the first, the next, and the first at or after a timestamp.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use kafka_protocol::messages::{ListOffsetsRequest, ListOffsetsResponse};

use super::Call;

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;

pub(super) fn list(call: &Call<'_>, request: ListOffsetsRequest) -> ListOffsetsResponse {
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            let response = ListOffsetsPartitionResponse::default()
                .with_partition_index(partition.partition_index)
                .with_timestamp(-1)
                .with_offset(-1)
                .with_leader_epoch(-1);
            match find(call, (&topic.name, partition.partition_index), partition.timestamp) {
                Ok(Some((offset, timestamp))) => {
                    let epoch = if call.version >= 4 { 0 } else { -1 };
                    response.with_offset(offset).with_timestamp(timestamp).with_leader_epoch(epoch)
                }
                Ok(None) => response,
                Err(error) => response.with_error_code(error.code()),
            }
        });
        let partitions = partitions.collect();
        ListOffsetsTopicResponse::default().with_name(topic.name.clone()).with_partitions(partitions)
    });
    ListOffsetsResponse::default().with_topics(topics.collect())
}

/// Gives an offset and the timestamp of the record there, if one was looked at.
fn find(call: &Call<'_>, (topic, partition): (&str, i32), timestamp: i64) -> Result<Option<(i64, i64)>, ResponseError> {
    let log = call.cluster.topics.log(topic, partition)?;
    match timestamp {
        LATEST => Ok(Some((log.ends().next, -1))),
        EARLIEST => Ok(Some((log.ends().start, -1))),
        timestamp if timestamp < 0 => Err(ResponseError::UnsupportedVersion),
        timestamp => log.first_at(timestamp).map_err(|error| {
            tracing::error!(%error, topic, partition, "the embedded broker cannot read a log");
            ResponseError::KafkaStorageError
        }),
    }
}
