//! Records in: each partition's batch is checked and appended as it came. And numbers for idempotent producers.

use bytes::Bytes;
use kafka_protocol::ResponseError;
use kafka_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use kafka_protocol::messages::{
    InitProducerIdRequest, InitProducerIdResponse, ProduceRequest, ProduceResponse, ProducerId,
};

use super::{Call, code};
use crate::batch::Batch;
use crate::journal::Entry;

/// Appends, and says which acknowledgement the producer wants; with 0 it wants no answer.
pub(super) fn produce(call: &Call<'_>, request: ProduceRequest) -> (ProduceResponse, i16) {
    let refusal = match (request.acks, &request.transactional_id) {
        (-1..=1, None) => None,
        (-1..=1, Some(_)) => Some(ResponseError::TransactionalIdAuthorizationFailed),
        _ => Some(ResponseError::InvalidRequiredAcks),
    };
    let topics = request.topic_data.into_iter().map(|topic| {
        let partitions = topic.partition_data.into_iter().map(|partition| {
            let records = partition.records.unwrap_or_default();
            let result = match refusal {
                Some(error) => Err(error),
                None => append(call, (&topic.name, partition.index), records),
            };
            let response = PartitionProduceResponse::default()
                .with_index(partition.index)
                .with_error_code(code(result.as_ref().err().copied()))
                .with_log_append_time_ms(-1);
            match result {
                Ok((base, start)) => response.with_base_offset(base).with_log_start_offset(start),
                Err(_) => response.with_base_offset(-1).with_log_start_offset(-1),
            }
        });
        let partitions = partitions.collect();
        TopicProduceResponse::default().with_name(topic.name.clone()).with_partition_responses(partitions)
    });
    (ProduceResponse::default().with_responses(topics.collect()), request.acks)
}

/// Gives the offset of the first record and the start of the log.
fn append(call: &Call<'_>, (topic, partition): (&str, i32), records: Bytes) -> Result<(i64, i64), ResponseError> {
    let topic = call.cluster.topics.get(topic).ok_or(ResponseError::UnknownTopicOrPartition)?;
    let log = topic.log(partition).ok_or(ResponseError::UnknownTopicOrPartition)?;
    let batch = Batch::check(records, topic.max_message_bytes())?;
    let base = log.append(&batch)?;
    Ok((base, log.ends().start))
}

/// Names an idempotent producer. Transactions are not there: a transactional id is refused by a code that clients
/// report at once and do not try again.
pub(super) fn init_producer(call: &Call<'_>, request: &InitProducerIdRequest) -> InitProducerIdResponse {
    let refused = |error: ResponseError| {
        InitProducerIdResponse::default()
            .with_error_code(error.code())
            .with_producer_id(ProducerId(-1))
            .with_producer_epoch(-1)
    };
    if request.transactional_id.is_some() {
        return refused(ResponseError::TransactionalIdAuthorizationFailed);
    }
    let mut journal = call.cluster.journal();
    let id = journal.state().next_producer;
    match journal.record(vec![Entry::NextProducer { id: id + 1 }]) {
        Ok(()) => InitProducerIdResponse::default().with_producer_id(ProducerId(id)).with_producer_epoch(0),
        Err(error) => {
            tracing::error!(%error, "cannot write the journal");
            refused(ResponseError::CoordinatorNotAvailable)
        }
    }
}
