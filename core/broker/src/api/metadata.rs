//! What there is and where: topics and their partitions, the node, who coordinates a group. Asking for a topic may make
//! it, as Kafka's `auto.create.topics.enable` does.

use kafka_protocol::ResponseError;
use kafka_protocol::messages::metadata_response::{
    MetadataResponseBroker, MetadataResponsePartition, MetadataResponseTopic,
};
use kafka_protocol::messages::{
    BrokerId, FindCoordinatorRequest, FindCoordinatorResponse, MetadataRequest, MetadataResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use super::{Call, code};
use crate::cluster::NODE;
use crate::config::Settings;
use crate::topics::check_new;

const GROUP_COORDINATOR: i8 = 0;

pub(super) fn metadata(call: &Call<'_>, request: MetadataRequest) -> MetadataResponse {
    let may_create = call.version < 4 || request.allow_auto_topic_creation;
    // the oldest version has an empty list for all
    let named = request.topics.filter(|topics| call.version > 0 || !topics.is_empty());
    let topics = match named {
        None => {
            let names: Vec<String> = call.cluster.topics.all().keys().cloned().collect();
            names.into_iter().map(|name| topic(call, StrBytes::from_string(name), false)).collect()
        }
        Some(topics) => {
            let names = topics.into_iter().filter_map(|topic| topic.name);
            names.map(|name| topic(call, name.0, may_create)).collect()
        }
    };
    let broker = MetadataResponseBroker::default()
        .with_node_id(BrokerId(NODE))
        .with_host(call.cluster.host())
        .with_port(call.cluster.port());
    MetadataResponse::default()
        .with_brokers(vec![broker])
        .with_cluster_id(Some(StrBytes::from_static_str("tidegate-embedded")))
        .with_controller_id(BrokerId(NODE))
        .with_topics(topics)
}

fn topic(call: &Call<'_>, name: StrBytes, may_create: bool) -> MetadataResponseTopic {
    let error = if may_create { create(call, &name).err() } else { None };
    let response = MetadataResponseTopic::default().with_name(Some(TopicName(name.clone())));
    let Some(topic) = call.cluster.topics.get(&name) else {
        let error = error.unwrap_or(ResponseError::UnknownTopicOrPartition);
        return response.with_error_code(error.code());
    };
    let partition = |index| {
        MetadataResponsePartition::default()
            .with_partition_index(index)
            .with_leader_id(BrokerId(NODE))
            .with_leader_epoch(0)
            .with_replica_nodes(vec![BrokerId(NODE)])
            .with_isr_nodes(vec![BrokerId(NODE)])
    };
    let partitions = topic.logs().len() as i32;
    response.with_partitions((0..partitions).map(partition).collect())
}

fn create(call: &Call<'_>, name: &str) -> Result<(), ResponseError> {
    if call.cluster.topics.get(name).is_some() {
        return Ok(());
    }
    let mut journal = call.cluster.journal();
    check_new(journal.state(), name, 1).map_err(|(error, _)| error)?;
    call.cluster.topics.create(&mut journal, name, 1, Settings::new())
}

pub(super) fn coordinator(call: &Call<'_>, request: &FindCoordinatorRequest) -> FindCoordinatorResponse {
    // transactions have one too, which then refuses them with a code that clients understand
    let error =
        (request.key.is_empty() && request.key_type == GROUP_COORDINATOR).then_some(ResponseError::InvalidGroupId);
    FindCoordinatorResponse::default()
        .with_error_code(code(error))
        .with_node_id(BrokerId(NODE))
        .with_host(call.cluster.host())
        .with_port(call.cluster.port())
}
