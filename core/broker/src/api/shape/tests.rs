use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::*;
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use proptest::prelude::*;

use super::super::REQUESTS;
use super::*;

fn text() -> StrBytes {
    StrBytes::from_static_str("text")
}

/// Checks one kind of request in all its versions: the outline fits it, and no less than it.
fn check<T: Encodable + Decodable>(api: ApiKey, sample: impl Fn(i16) -> T) {
    let (_, least, most) = *REQUESTS.iter().find(|(known, _, _)| *known == api).unwrap();
    for version in least..=most {
        let mut body = BytesMut::new();
        sample(version).encode(&mut body, version).unwrap();
        let body = body.freeze();
        assert!(is_whole(api, version, &body), "{api:?} {version}");
        for length in 0..body.len() {
            let is_decoded = T::decode(&mut body.slice(..length), version).is_ok();
            assert_eq!(is_whole(api, version, &body[..length]), is_decoded, "{api:?} {version}, {length} bytes");
        }
    }
}

#[test]
fn records() {
    check(ApiKey::Produce, |_| {
        let partition = produce_request::PartitionProduceData::default().with_records(Some(Bytes::from_static(b"abc")));
        let topic = produce_request::TopicProduceData::default().with_name(text().into());
        let topic = topic.with_partition_data(vec![partition.clone(), partition.with_records(None)]);
        ProduceRequest::default().with_topic_data(vec![topic]).with_acks(1)
    });
    check(ApiKey::Fetch, |version| {
        let topic = fetch_request::FetchTopic::default().with_topic(text().into());
        let topic = topic.with_partitions(vec![Default::default(), Default::default()]);
        let request = FetchRequest::default().with_topics(vec![topic.clone(), topic]);
        let forgotten = fetch_request::ForgottenTopic::default().with_topic(text().into()).with_partitions(vec![1, 2]);
        if version < 7 { request } else { request.with_forgotten_topics_data(vec![forgotten]) }
    });
    check(ApiKey::ListOffsets, |_| {
        let topic = list_offsets_request::ListOffsetsTopic::default().with_partitions(vec![Default::default()]);
        ListOffsetsRequest::default().with_topics(vec![topic.clone(), topic])
    });
    check(ApiKey::InitProducerId, |_| InitProducerIdRequest::default().with_transactional_id(Some(text().into())));
    check(ApiKey::DeleteRecords, |_| {
        let topic = delete_records_request::DeleteRecordsTopic::default().with_partitions(vec![Default::default()]);
        DeleteRecordsRequest::default().with_topics(vec![topic])
    });
}

#[test]
fn topics() {
    check(ApiKey::ApiVersions, |_| ApiVersionsRequest::default());
    check(ApiKey::Metadata, |version| {
        let topic = metadata_request::MetadataRequestTopic::default().with_name(Some(text().into()));
        MetadataRequest::default().with_topics((version != 1).then(|| vec![topic.clone(), topic]))
    });
    check(ApiKey::CreateTopics, |_| {
        let assignment = create_topics_request::CreatableReplicaAssignment::default().with_broker_ids(vec![1.into()]);
        let topic = create_topics_request::CreatableTopic::default().with_assignments(vec![assignment]);
        CreateTopicsRequest::default().with_topics(vec![topic.with_configs(vec![Default::default()])])
    });
    check(ApiKey::DeleteTopics, |_| DeleteTopicsRequest::default().with_topic_names(vec![text().into(); 3]));
    check(ApiKey::CreatePartitions, |_| {
        let assignment = create_partitions_request::CreatePartitionsAssignment::default();
        let assignment = assignment.with_broker_ids(vec![1.into(), 2.into()]);
        let topic = create_partitions_request::CreatePartitionsTopic::default();
        CreatePartitionsRequest::default().with_topics(vec![topic.with_assignments(Some(vec![assignment]))])
    });
    check(ApiKey::DescribeConfigs, |_| {
        let resource = describe_configs_request::DescribeConfigsResource::default();
        let resource = resource.with_configuration_keys(Some(vec![text(), text()]));
        DescribeConfigsRequest::default().with_resources(vec![resource.clone(), resource.with_configuration_keys(None)])
    });
    check(ApiKey::AlterConfigs, |_| {
        let resource = alter_configs_request::AlterConfigsResource::default();
        AlterConfigsRequest::default().with_resources(vec![resource.with_configs(vec![Default::default()])])
    });
    check(ApiKey::IncrementalAlterConfigs, |_| {
        let resource = incremental_alter_configs_request::AlterConfigsResource::default();
        IncrementalAlterConfigsRequest::default().with_resources(vec![resource.with_configs(vec![Default::default()])])
    });
}

#[test]
fn groups() {
    check(ApiKey::FindCoordinator, |_| FindCoordinatorRequest::default().with_key(text()));
    check(ApiKey::OffsetCommit, |_| {
        let topic = offset_commit_request::OffsetCommitRequestTopic::default();
        OffsetCommitRequest::default().with_topics(vec![topic.with_partitions(vec![Default::default(); 2])])
    });
    check(ApiKey::OffsetFetch, |version| {
        let topic = offset_fetch_request::OffsetFetchRequestTopic::default().with_partition_indexes(vec![1, 2]);
        OffsetFetchRequest::default().with_topics((version != 2).then(|| vec![topic]))
    });
    check(ApiKey::JoinGroup, |_| JoinGroupRequest::default().with_protocols(vec![Default::default(); 2]));
    check(ApiKey::Heartbeat, |_| HeartbeatRequest::default().with_member_id(text()));
    check(ApiKey::LeaveGroup, |version| {
        let request = LeaveGroupRequest::default();
        if version < 3 { request.with_member_id(text()) } else { request.with_members(vec![Default::default()]) }
    });
    check(ApiKey::SyncGroup, |_| SyncGroupRequest::default().with_assignments(vec![Default::default(); 2]));
    check(ApiKey::DescribeGroups, |_| DescribeGroupsRequest::default().with_groups(vec![text().into(); 2]));
    check(ApiKey::ListGroups, |version| {
        let request = ListGroupsRequest::default();
        if version < 4 { request } else { request.with_states_filter(vec![text()]) }
    });
    check(ApiKey::DeleteGroups, |_| DeleteGroupsRequest::default().with_groups_names(vec![text().into(); 2]));
}

proptest! {
    #[test]
    fn any_bytes_are_judged(body in proptest::collection::vec(any::<u8>(), 0..100)) {
        for (api, least, most) in REQUESTS {
            for version in *least..=*most {
                is_whole(*api, version, &body);
            }
        }
    }
}
