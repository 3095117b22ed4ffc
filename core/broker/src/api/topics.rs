//! Topics as administrators make, widen, empty and delete them.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::create_partitions_response::CreatePartitionsTopicResult;
use kafka_protocol::messages::create_topics_request::CreatableTopic;
use kafka_protocol::messages::create_topics_response::{CreatableTopicConfigs, CreatableTopicResult};
use kafka_protocol::messages::delete_records_response::{DeleteRecordsPartitionResult, DeleteRecordsTopicResult};
use kafka_protocol::messages::delete_topics_response::DeletableTopicResult;
use kafka_protocol::messages::{
    CreatePartitionsRequest, CreatePartitionsResponse, CreateTopicsRequest, CreateTopicsResponse, DeleteRecordsRequest,
    DeleteRecordsResponse, DeleteTopicsRequest, DeleteTopicsResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use super::{Call, code};
use crate::cluster::NODE;
use crate::config::{self, Settings};
use crate::journal::Journal;
use crate::topics::{Refused, check_new, check_partitions};

pub(super) fn create(call: &Call<'_>, request: CreateTopicsRequest) -> CreateTopicsResponse {
    let mut journal = call.cluster.journal();
    let is_twice = |name: &TopicName| request.topics.iter().filter(|topic| topic.name == *name).count() > 1;
    let topics = request.topics.iter().map(|topic| {
        let made = if is_twice(&topic.name) {
            Err((ResponseError::InvalidRequest, format!("topic {} stands twice in the request", topic.name.as_str())))
        } else {
            create_one(call, &mut journal, topic, request.validate_only)
        };
        let response = CreatableTopicResult::default().with_name(topic.name.clone());
        match made {
            Ok((partitions, settings)) => response
                .with_num_partitions(partitions)
                .with_replication_factor(1)
                .with_configs(Some(settings.into_iter().map(created_config).collect())),
            Err((error, reason)) => response
                .with_error_code(error.code())
                .with_error_message(Some(StrBytes::from_string(reason)))
                .with_num_partitions(-1)
                .with_replication_factor(-1),
        }
    });
    let topics = topics.collect();
    CreateTopicsResponse::default().with_topics(topics)
}

fn create_one(
    call: &Call<'_>,
    journal: &mut Journal,
    topic: &CreatableTopic,
    is_trial: bool,
) -> Result<(i32, Settings), Refused> {
    let partitions = match (topic.num_partitions, topic.assignments.len()) {
        (-1, 0) => 1,
        (-1, assigned) => i32::try_from(assigned).unwrap_or(i32::MAX),
        (partitions, 0) => partitions,
        _ => {
            let reason = "either a number of partitions or their assignments".into();
            return Err((ResponseError::InvalidRequest, reason));
        }
    };
    check_new(journal.state(), &topic.name, partitions)?;
    let is_elsewhere = topic.assignments.iter().any(|replicas| replicas.broker_ids.iter().any(|id| id.0 != NODE));
    if is_elsewhere || !matches!(topic.replication_factor, -1 | 1) {
        let reason = format!("replication factor {}: the embedded broker is one node", topic.replication_factor);
        return Err((ResponseError::InvalidReplicationFactor, reason));
    }
    let mut settings = Settings::new();
    for config in &topic.configs {
        let value = config.value.as_ref().map(|value| value.to_string());
        let value = value.ok_or_else(|| (ResponseError::InvalidConfig, format!("{} has no value", &*config.name)))?;
        config::check_topic(&config.name, &value).map_err(|reason| (ResponseError::InvalidConfig, reason))?;
        settings.insert(config.name.to_string(), value);
    }
    if !is_trial {
        let made = call.cluster.topics.create(journal, &topic.name, partitions, settings.clone());
        made.map_err(|error| (error, "the topic's files cannot be written".into()))?;
    }
    Ok((partitions, settings))
}

fn created_config((name, value): (String, String)) -> CreatableTopicConfigs {
    CreatableTopicConfigs::default()
        .with_name(StrBytes::from_string(name))
        .with_value(Some(StrBytes::from_string(value)))
        .with_config_source(super::configs::SET_ON_TOPIC)
}

pub(super) fn delete(call: &Call<'_>, request: DeleteTopicsRequest) -> DeleteTopicsResponse {
    let mut journal = call.cluster.journal();
    let results = request.topic_names.into_iter().map(|name| {
        let error = call.cluster.topics.delete(&mut journal, &name).err();
        DeletableTopicResult::default().with_name(Some(name)).with_error_code(code(error))
    });
    let results = results.collect();
    DeleteTopicsResponse::default().with_responses(results)
}

pub(super) fn create_partitions(call: &Call<'_>, request: CreatePartitionsRequest) -> CreatePartitionsResponse {
    let mut journal = call.cluster.journal();
    let results = request.topics.into_iter().map(|topic| {
        let grown = grow(call, &mut journal, &topic.name, topic.count, request.validate_only);
        let response = CreatePartitionsTopicResult::default().with_name(topic.name);
        match grown {
            Ok(()) => response,
            Err((error, reason)) => {
                response.with_error_code(error.code()).with_error_message(Some(StrBytes::from_string(reason)))
            }
        }
    });
    let results = results.collect();
    CreatePartitionsResponse::default().with_results(results)
}

fn grow(call: &Call<'_>, journal: &mut Journal, name: &str, count: i32, is_trial: bool) -> Result<(), Refused> {
    let Some(existing) = journal.state().topics.get(name).map(|topic| topic.partitions) else {
        return Err((ResponseError::UnknownTopicOrPartition, format!("no topic {name}")));
    };
    if count <= existing {
        let reason = format!("topic {name} has {existing} partitions; it can only get more");
        return Err((ResponseError::InvalidPartitions, reason));
    }
    check_partitions(count)?;
    if is_trial {
        return Ok(());
    }
    let grown = call.cluster.topics.grow(journal, name, count);
    grown.map_err(|error| (error, "the partitions' files cannot be written".into()))
}

pub(super) fn delete_records(call: &Call<'_>, request: DeleteRecordsRequest) -> DeleteRecordsResponse {
    let mut journal = call.cluster.journal();
    let topics = request.topics.into_iter().map(|topic| {
        let partitions = topic.partitions.iter().map(|partition| {
            let place = (topic.name.as_str(), partition.partition_index);
            let deleted = call.cluster.topics.delete_records(&mut journal, place, partition.offset);
            DeleteRecordsPartitionResult::default()
                .with_partition_index(partition.partition_index)
                .with_low_watermark(deleted.unwrap_or(-1))
                .with_error_code(code(deleted.err()))
        });
        let partitions = partitions.collect();
        DeleteRecordsTopicResult::default().with_name(topic.name.clone()).with_partitions(partitions)
    });
    let topics = topics.collect();
    DeleteRecordsResponse::default().with_topics(topics)
}
