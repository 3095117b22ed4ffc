//! Every request in every version, through the whole of [`answer`]: what librdkafka does not happen to use is tried too.

use bytes::Bytes;
use kafka_protocol::messages::*;
use kafka_protocol::protocol::StrBytes;
use proptest::prelude::*;

use super::*;
use crate::batch::samples;

fn cluster() -> Cluster {
    Cluster::open(None, "127.0.0.1:9".parse().unwrap()).unwrap()
}

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.into())
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

fn frame<Q: Encodable>(api: ApiKey, version: i16, request: &Q) -> Bytes {
    let mut frame = BytesMut::new();
    let header = RequestHeader::default().with_request_api_key(api as i16).with_request_api_version(version);
    let header = header.with_correlation_id(77).with_client_id(Some(text("test")));
    header.encode(&mut frame, api.request_header_version(version)).unwrap();
    request.encode(&mut frame, version).unwrap();
    frame.freeze()
}

fn ask<Q: Encodable, R: Decodable>(cluster: &Cluster, api: ApiKey, version: i16, request: &Q) -> R {
    let mut out = BytesMut::new();
    let connection = Connection::new("127.0.0.1:10".parse().unwrap());
    let answered = block_on(answer(cluster, &connection, frame(api, version, request), &mut out));
    assert!(answered.is_ok(), "{api:?} {version}: {answered:?}");
    let mut out = out.freeze();
    assert_eq!(out.get_i32() as usize, out.len());
    let header = ResponseHeader::decode(&mut out, api.response_header_version(version)).unwrap();
    assert_eq!(header.correlation_id, 77);
    let response = R::decode(&mut out, version).unwrap();
    assert!(out.is_empty(), "{api:?} {version}: {} bytes too many", out.len());
    response
}

/// Asks in all versions of a request.
fn each_version<Q: Encodable, R: Decodable>(
    cluster: &Cluster,
    api: ApiKey,
    request: impl Fn(i16) -> Q,
    check: impl Fn(i16, R),
) {
    let (_, least, most) = *REQUESTS.iter().find(|(known, _, _)| *known == api).unwrap();
    (least..=most).for_each(|version| check(version, ask(cluster, api, version, &request(version))));
}

fn produce_one(topic: &str) -> ProduceRequest {
    let partition = produce_request::PartitionProduceData::default().with_records(Some(samples::batch(&[5, 6], 10)));
    let topic = produce_request::TopicProduceData::default().with_name(text(topic).into());
    ProduceRequest::default().with_acks(-1).with_topic_data(vec![topic.with_partition_data(vec![partition])])
}

fn fetch_from(topic: &str, offsets: &[i64]) -> FetchRequest {
    let partition = |(index, offset): (usize, &i64)| {
        let partition = fetch_request::FetchPartition::default().with_partition(index as i32);
        partition.with_fetch_offset(*offset).with_partition_max_bytes(1_000_000)
    };
    let topic = fetch_request::FetchTopic::default().with_topic(text(topic).into());
    let topic = topic.with_partitions(offsets.iter().enumerate().map(partition).collect());
    FetchRequest::default().with_max_wait_ms(0).with_max_bytes(10_000_000).with_topics(vec![topic])
}

#[test]
fn records_in_all_versions() {
    let cluster = cluster();
    let all = || Some(vec![metadata_request::MetadataRequestTopic::default().with_name(Some(text("t").into()))]);
    each_version(
        &cluster,
        ApiKey::Metadata,
        |_| MetadataRequest::default().with_topics(all()).with_allow_auto_topic_creation(true),
        |_, response: MetadataResponse| assert_eq!(response.topics[0].partitions.len(), 1),
    );
    each_version(
        &cluster,
        ApiKey::Produce,
        |_| produce_one("t"),
        |version, response: ProduceResponse| {
            let partition = &response.responses[0].partition_responses[0];
            assert_eq!((partition.error_code, partition.base_offset), (0, (i64::from(version) - 3) * 2));
        },
    );
    let batch = samples::batch(&[5, 6], 10).len();
    each_version(
        &cluster,
        ApiKey::Fetch,
        |_| fetch_from("t", &[3, 0]),
        |version, response: FetchResponse| {
            let partitions = &response.responses[0].partitions;
            assert_eq!(partitions[0].high_watermark, 14);
            assert_eq!(partitions[0].records.as_ref().unwrap().len(), 6 * batch);
            assert_eq!(partitions[1].error_code, ResponseError::UnknownTopicOrPartition.code());
            assert_eq!(partitions[0].log_start_offset, if version < 5 { -1 } else { 0 });
        },
    );
    each_version(
        &cluster,
        ApiKey::ListOffsets,
        |_| {
            let partition = |timestamp| list_offsets_request::ListOffsetsPartition::default().with_timestamp(timestamp);
            let topic = list_offsets_request::ListOffsetsTopic::default().with_name(text("t").into());
            ListOffsetsRequest::default().with_topics(vec![topic.with_partitions([-1, -2, 6, 7].map(partition).into())])
        },
        |_, response: ListOffsetsResponse| {
            let offsets: Vec<i64> = response.topics[0].partitions.iter().map(|partition| partition.offset).collect();
            assert_eq!(offsets, [14, 0, 1, -1]);
        },
    );
}

#[test]
fn joining_in_all_versions() {
    let cluster = cluster();
    each_version(
        &cluster,
        ApiKey::JoinGroup,
        |_| JoinGroupRequest::default().with_group_id(text("g").into()).with_session_timeout_ms(1),
        |_, response: JoinGroupResponse| {
            assert_eq!(response.error_code, ResponseError::InvalidSessionTimeout.code());
        },
    );
}

#[test]
fn strangers_to_groups_in_all_versions() {
    let cluster = cluster();
    let unknown = ResponseError::UnknownMemberId.code();
    each_version(
        &cluster,
        ApiKey::Heartbeat,
        |_| HeartbeatRequest::default().with_group_id(text("g").into()),
        |_, response: HeartbeatResponse| assert_eq!(response.error_code, unknown),
    );
    each_version(
        &cluster,
        ApiKey::SyncGroup,
        |_| SyncGroupRequest::default().with_group_id(text("g").into()),
        |_, response: SyncGroupResponse| assert_eq!(response.error_code, unknown),
    );
    each_version(
        &cluster,
        ApiKey::LeaveGroup,
        |version| {
            let request = LeaveGroupRequest::default().with_group_id(text("g").into());
            if version < 3 { request } else { request.with_members(vec![Default::default()]) }
        },
        |version, response: LeaveGroupResponse| {
            let code = if version < 3 { response.error_code } else { response.members[0].error_code };
            assert_eq!(code, unknown);
        },
    );
    each_version(
        &cluster,
        ApiKey::FindCoordinator,
        |_| FindCoordinatorRequest::default().with_key(text("g")),
        |_, response: FindCoordinatorResponse| assert_eq!((response.error_code, response.port), (0, 9)),
    );
    each_version(
        &cluster,
        ApiKey::DescribeGroups,
        |_| DescribeGroupsRequest::default().with_groups(vec![text("g").into()]),
        |_, response: DescribeGroupsResponse| assert_eq!(response.groups[0].group_state.as_str(), "Dead"),
    );
}

#[test]
fn committed_offsets_in_all_versions() {
    let cluster = cluster();
    let topics = vec![metadata_request::MetadataRequestTopic::default().with_name(Some(text("t").into()))];
    let made: MetadataResponse =
        ask(&cluster, ApiKey::Metadata, 1, &MetadataRequest::default().with_topics(Some(topics)));
    assert_eq!(made.topics[0].error_code, 0);
    each_version(
        &cluster,
        ApiKey::OffsetCommit,
        |version| {
            let partition = offset_commit_request::OffsetCommitRequestPartition::default();
            let partitions = vec![partition.with_committed_offset(i64::from(version))];
            let topic = offset_commit_request::OffsetCommitRequestTopic::default().with_name(text("t").into());
            let request = OffsetCommitRequest::default().with_group_id(text("g").into());
            request.with_generation_id_or_member_epoch(-1).with_topics(vec![topic.with_partitions(partitions)])
        },
        |_, response: OffsetCommitResponse| assert_eq!(response.topics[0].partitions[0].error_code, 0),
    );
    each_version(
        &cluster,
        ApiKey::OffsetFetch,
        |version| {
            let topic = offset_fetch_request::OffsetFetchRequestTopic::default().with_name(text("t").into());
            let topics = vec![topic.with_partition_indexes(vec![0])];
            OffsetFetchRequest::default().with_group_id(text("g").into()).with_topics((version != 2).then_some(topics))
        },
        |_, response: OffsetFetchResponse| assert_eq!(response.topics[0].partitions[0].committed_offset, 8),
    );
    each_version(
        &cluster,
        ApiKey::ListGroups,
        |_| ListGroupsRequest::default(),
        |_, response: ListGroupsResponse| assert_eq!(response.groups[0].group_id.as_str(), "g"),
    );
    let delete = DeleteGroupsRequest::default().with_groups_names(vec![text("g").into()]);
    let deleted: DeleteGroupsResponse = ask(&cluster, ApiKey::DeleteGroups, 2, &delete);
    assert_eq!(deleted.results[0].error_code, 0);
}

#[test]
fn topics_in_all_versions() {
    let cluster = cluster();
    let name = |version: i16| text(&format!("t{version}"));
    each_version(
        &cluster,
        ApiKey::CreateTopics,
        |version| {
            let topic = create_topics_request::CreatableTopic::default().with_name(name(version).into());
            CreateTopicsRequest::default().with_topics(vec![topic.with_num_partitions(2).with_replication_factor(-1)])
        },
        |_, response: CreateTopicsResponse| assert_eq!(response.topics[0].error_code, 0),
    );
    each_version(
        &cluster,
        ApiKey::CreatePartitions,
        |version| {
            let topic = create_partitions_request::CreatePartitionsTopic::default().with_name(text("t2").into());
            let topic = topic.with_assignments(None).with_count(3 + i32::from(version));
            CreatePartitionsRequest::default().with_topics(vec![topic])
        },
        |_, response: CreatePartitionsResponse| assert_eq!(response.results[0].error_code, 0),
    );
    each_version(
        &cluster,
        ApiKey::DeleteRecords,
        |_| {
            let partition = delete_records_request::DeleteRecordsPartition::default().with_offset(1);
            let topic = delete_records_request::DeleteRecordsTopic::default().with_name(text("t2").into());
            DeleteRecordsRequest::default().with_topics(vec![topic.with_partitions(vec![partition])])
        },
        |_, response: DeleteRecordsResponse| {
            let code = ResponseError::OffsetOutOfRange.code();
            assert_eq!(response.topics[0].partitions[0].error_code, code);
        },
    );
    each_version(
        &cluster,
        ApiKey::DescribeConfigs,
        |_| {
            let resource = describe_configs_request::DescribeConfigsResource::default().with_resource_type(2);
            let resource = resource.with_resource_name(text("t2")).with_configuration_keys(None);
            DescribeConfigsRequest::default().with_resources(vec![resource])
        },
        |_, response: DescribeConfigsResponse| {
            assert_eq!(response.results[0].configs.len(), crate::config::TOPIC.len());
        },
    );
    each_version(
        &cluster,
        ApiKey::DeleteTopics,
        |version| DeleteTopicsRequest::default().with_topic_names(vec![name(version + 1).into()]),
        |_, response: DeleteTopicsResponse| assert_eq!(response.responses[0].error_code, 0),
    );
    each_version(
        &cluster,
        ApiKey::InitProducerId,
        |_| InitProducerIdRequest::default().with_transactional_id(None),
        |version, response: InitProducerIdResponse| assert_eq!(response.producer_id.0, i64::from(version)),
    );
}

proptest! {
    /// Requests with changed bytes are refused or answered; they never end the process.
    #[test]
    fn changed_requests(changes in proptest::collection::vec((any::<u16>(), any::<u8>()), 1..4), version in 3..=9_i16) {
        let cluster = cluster();
        let connection = Connection::new("127.0.0.1:10".parse().unwrap());
        let requests = [frame(ApiKey::Produce, version, &produce_one("t")), frame(ApiKey::Fetch, version + 1, &fetch_from("t", &[0]))];
        for request in requests {
            let mut request = request.to_vec();
            for (at, byte) in &changes {
                let at = 8 + usize::from(*at) % (request.len() - 8);
                request[at] = *byte;
            }
            let mut out = BytesMut::new();
            let answer = answer(&cluster, &connection, request.into(), &mut out);
            let _ = block_on(async { tokio::time::timeout(std::time::Duration::from_millis(1), answer).await });
        }
    }
}
