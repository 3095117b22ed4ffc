//! Making, changing and deleting topics.

use std::ffi::CString;
use std::ptr;

use rdkafka::admin::{AlterConfig, ConfigSource, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::consumer::Consumer;
use rdkafka::error::RDKafkaErrorCode as Code;
use rdkafka::producer::BaseRecord;
use rdkafka::{Message, Offset};
use rdkafka_sys as sys;

use crate::support::{Bench, PATIENCE, eventually, offsets, options, payloads, place, wait};

fn partitions(bench: &Bench, topic: &str) -> usize {
    let metadata = bench.consumer(&[]).fetch_metadata(Some(topic), PATIENCE).unwrap();
    let topic = &metadata.topics()[0];
    if topic.error().is_some() { 0 } else { topic.partitions().len() }
}

pub(crate) fn a_topic_is_made_once(bench: &Bench) {
    let topic = bench.topic(5, &[]);
    eventually("five partitions", || partitions(bench, &topic) == 5);
    assert_eq!(bench.create(&topic, 5, 1, &[]), Err(Code::TopicAlreadyExists));
}

pub(crate) fn more_replicas_than_nodes_are_refused(bench: &Bench) {
    assert_eq!(bench.create(&bench.name("topic"), 1, 3, &[]), Err(Code::InvalidReplicationFactor));
}

pub(crate) fn bad_names_and_settings_are_refused(bench: &Bench) {
    for name in ["a/b", "..", "ü", &"x".repeat(250)] {
        assert_eq!(bench.create(name, 1, 1, &[]), Err(Code::InvalidTopic), "{name}");
    }
    let topic = bench.topic(1, &[]);
    assert_eq!(bench.create(&topic.replace('-', "."), 1, 1, &[]), Ok(()));
    assert_eq!(bench.create(&topic.replace('-', "_"), 1, 1, &[]), Err(Code::InvalidTopic), "collides");
    for setting in [("retention.ms", "soon"), ("no.such.setting", "1")] {
        assert_eq!(bench.create(&bench.name("topic"), 1, 1, &[setting]), Err(Code::InvalidConfig), "{setting:?}");
    }
    assert_eq!(bench.create(&bench.name("topic"), 0, 1, &[]), Err(Code::InvalidPartitions));
}

pub(crate) fn a_trial_makes_nothing(bench: &Bench) {
    let name = bench.name("topic");
    let topic = NewTopic::new(&name, 2, TopicReplication::Fixed(1));
    let results = wait(bench.admin().create_topics([&topic], &options().validate_only(true))).unwrap();
    assert_eq!(results, [Ok(name.clone())]);
    assert_eq!(partitions(bench, &name), 0);
}

pub(crate) fn producing_makes_a_topic(bench: &Bench) {
    let topic = bench.name("topic");
    let sender = bench.producer(&[]);
    sender.send(BaseRecord::<(), _>::to(&topic).payload("first"));
    assert_eq!(sender.flush(), [(0, 0)]);
    assert_eq!(partitions(bench, &topic), 1);
}

pub(crate) fn consuming_makes_no_topic(bench: &Bench) {
    let topic = bench.name("topic");
    let group = bench.name("group");
    let consumer = bench.consumer(&[("group.id", &group)]);
    consumer.subscribe(&[&topic]).unwrap();
    let mut codes = Vec::new();
    eventually("an unknown topic is reported", || {
        if let Some(Err(error)) = consumer.poll(std::time::Duration::from_millis(100)) {
            codes.extend(error.rdkafka_error_code());
        }
        !codes.is_empty()
    });
    assert_eq!(codes, [Code::UnknownTopicOrPartition]);
    assert_eq!(partitions(bench, &topic), 0);
}

pub(crate) fn partitions_are_added(bench: &Bench) {
    let topic = bench.topic(2, &[]);
    bench.fill(&topic, 1, 3);
    let admin = bench.admin();
    let grow = |count| {
        let results = wait(admin.create_partitions([&NewPartitions::new(&topic, count)], &options())).unwrap();
        results.into_iter().next().unwrap().map_err(|(_, code)| code)
    };
    assert_eq!(grow(4), Ok(topic.clone()));
    eventually("four partitions", || partitions(bench, &topic) == 4);
    assert_eq!(grow(4), Err(Code::InvalidPartitions));
    assert_eq!(grow(3), Err(Code::InvalidPartitions));
    bench.fill(&topic, 3, 2);
    assert_eq!(payloads(&bench.read(&topic, 3, 2)), ["0", "1"]);
    assert_eq!(payloads(&bench.read(&topic, 1, 3)), ["0", "1", "2"]);
}

pub(crate) fn a_topic_made_again_is_empty(bench: &Bench) {
    let topic = bench.topic(1, &[]);
    bench.fill(&topic, 0, 10);
    let delete = |name: &str| wait(bench.admin().delete_topics(&[name], &options())).unwrap();
    assert_eq!(delete(&topic), [Ok(topic.clone())]);
    assert_eq!(delete(&bench.name("absent"))[0].as_ref().unwrap_err().1, Code::UnknownTopicOrPartition);
    eventually("made again", || bench.create(&topic, 1, 1, &[]).is_ok());
    bench.fill(&topic, 0, 1);
    assert_eq!(offsets(&bench.read(&topic, 0, 1)), [0]);
    let ends = bench.consumer(&[]).fetch_watermarks(&topic, 0, PATIENCE).unwrap();
    assert_eq!(ends, (0, 1));
}

pub(crate) fn records_are_deleted(bench: &Bench) {
    let topic = bench.topic(1, &[]);
    bench.fill(&topic, 0, 10);
    let delete = |to| {
        let results = wait(bench.admin().delete_records(&place(&topic, 0, to), &options())).unwrap();
        let element = results.elements_for_topic(&topic).into_iter().next().unwrap();
        element.error().map(|()| element.offset()).map_err(|error| error.rdkafka_error_code().unwrap())
    };
    assert_eq!(delete(Offset::Offset(4)), Ok(Offset::Offset(4)));
    assert_eq!(delete(Offset::Offset(2)), Ok(Offset::Offset(4)), "what is deleted stays so");
    assert_eq!(delete(Offset::Offset(11)), Err(Code::OffsetOutOfRange));
    let consumer = bench.consumer(&[]);
    assert_eq!(consumer.fetch_watermarks(&topic, 0, PATIENCE).unwrap(), (4, 10));
    let read = bench.read(&topic, 0, 6);
    assert_eq!(read.iter().map(Message::offset).collect::<Vec<_>>(), [4, 5, 6, 7, 8, 9]);
    assert_eq!(delete(Offset::End), Ok(Offset::Offset(10)));
    assert_eq!(consumer.fetch_watermarks(&topic, 0, PATIENCE).unwrap(), (10, 10));
    bench.fill(&topic, 0, 1);
    assert_eq!(offsets(&bench.read(&topic, 0, 1)), [10]);
}

/// The value of a topic's setting, and where it comes from.
fn setting(bench: &Bench, topic: &str, name: &str) -> (Option<String>, ConfigSource) {
    let described = wait(bench.admin().describe_configs(&[ResourceSpecifier::Topic(topic)], &options())).unwrap();
    let resource = described.into_iter().next().unwrap().unwrap();
    let entry = resource.entries.into_iter().find(|entry| entry.name == name).unwrap();
    (entry.value, entry.source)
}

pub(crate) fn settings_are_described_and_altered(bench: &Bench) {
    let topic = bench.topic(1, &[("retention.ms", "12345")]);
    eventually("the topic is there", || partitions(bench, &topic) == 1);
    assert_eq!(setting(bench, &topic, "retention.ms"), (Some("12345".into()), ConfigSource::DynamicTopic));
    assert_eq!(setting(bench, &topic, "cleanup.policy"), (Some("delete".into()), ConfigSource::Default));
    // rdkafka does not pass on what became of each resource
    let alter = |name, value| {
        let alter = AlterConfig::new(ResourceSpecifier::Topic(&topic)).set(name, value);
        assert!(wait(bench.admin().alter_configs([&alter], &options())).is_ok());
    };
    alter("cleanup.policy", "compact");
    eventually("compact", || setting(bench, &topic, "cleanup.policy").0.as_deref() == Some("compact"));
    assert_ne!(setting(bench, &topic, "retention.ms").0.as_deref(), Some("12345"), "all are replaced");
    alter("cleanup.policy", "keep");
    assert_eq!(setting(bench, &topic, "cleanup.policy").0.as_deref(), Some("compact"), "refused");
}

pub(crate) fn settings_are_altered_one_by_one(bench: &Bench) {
    let topic = bench.topic(1, &[("retention.ms", "12345")]);
    eventually("the topic is there", || partitions(bench, &topic) == 1);
    let set = sys::rd_kafka_AlterConfigOpType_t::RD_KAFKA_ALTER_CONFIG_OP_TYPE_SET;
    let append = sys::rd_kafka_AlterConfigOpType_t::RD_KAFKA_ALTER_CONFIG_OP_TYPE_APPEND;
    let delete = sys::rd_kafka_AlterConfigOpType_t::RD_KAFKA_ALTER_CONFIG_OP_TYPE_DELETE;
    assert_eq!(alter_one(bench, &topic, "max.message.bytes", set, Some("5000")), Ok(()));
    assert_eq!(alter_one(bench, &topic, "cleanup.policy", append, Some("compact")), Ok(()));
    eventually("changed", || setting(bench, &topic, "max.message.bytes").0.as_deref() == Some("5000"));
    eventually("appended", || setting(bench, &topic, "cleanup.policy").0.as_deref() == Some("delete,compact"));
    assert_eq!(setting(bench, &topic, "retention.ms").0.as_deref(), Some("12345"), "the others stay");
    assert_eq!(alter_one(bench, &topic, "retention.ms", delete, None), Ok(()));
    eventually("deleted", || setting(bench, &topic, "retention.ms").1 != ConfigSource::DynamicTopic);
    assert_eq!(alter_one(bench, &topic, "retention.ms", set, Some("soon")), Err(Code::InvalidConfig));
}

/// IncrementalAlterConfigs, which rdkafka does not wrap.
fn alter_one(
    bench: &Bench,
    topic: &str,
    name: &str,
    operation: sys::rd_kafka_AlterConfigOpType_t,
    value: Option<&str>,
) -> Result<(), Code> {
    let admin = bench.admin();
    let client = admin.inner().native_ptr();
    let (topic, name) = (CString::new(topic).unwrap(), CString::new(name).unwrap());
    let value = value.map(|value| CString::new(value).unwrap());
    // SAFETY: the client outlives the calls, the strings outlive them too, each object made here is destroyed here
    // exactly once and after its last use, and the result's resources are read before their event is destroyed.
    let code = unsafe {
        let resource =
            sys::rd_kafka_ConfigResource_new(sys::rd_kafka_ResourceType_t::RD_KAFKA_RESOURCE_TOPIC, topic.as_ptr());
        let value = value.as_ref().map_or(ptr::null(), |value| value.as_ptr());
        let error = sys::rd_kafka_ConfigResource_add_incremental_config(resource, name.as_ptr(), operation, value);
        assert!(error.is_null());
        let queue = sys::rd_kafka_queue_new(client);
        let mut resources = [resource];
        sys::rd_kafka_IncrementalAlterConfigs(client, resources.as_mut_ptr(), 1, ptr::null(), queue);
        let event = sys::rd_kafka_queue_poll(queue, PATIENCE.as_millis() as i32);
        assert!(!event.is_null());
        let result = sys::rd_kafka_event_IncrementalAlterConfigs_result(event);
        assert!(!result.is_null());
        let mut count = 0;
        let altered = sys::rd_kafka_IncrementalAlterConfigs_result_resources(result, &mut count);
        assert_eq!(count, 1);
        let code = sys::rd_kafka_ConfigResource_error(*altered);
        sys::rd_kafka_event_destroy(event);
        sys::rd_kafka_queue_destroy(queue);
        sys::rd_kafka_ConfigResource_destroy(resource);
        code
    };
    match Code::from(code) {
        Code::NoError => Ok(()),
        code => Err(code),
    }
}

pub(crate) fn the_brokers_settings_are_described(bench: &Bench) {
    let described = wait(bench.admin().describe_configs(&[ResourceSpecifier::Broker(1)], &options())).unwrap();
    let resource = described.into_iter().next().unwrap().unwrap();
    assert_eq!(resource.get("message.max.bytes").unwrap().value.as_deref(), Some("1048588"));
    assert_eq!(resource.get("num.partitions").unwrap().value.as_deref(), Some("1"));
}
