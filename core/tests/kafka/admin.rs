use tidegate_core::kafka::*;

use crate::support::*;

#[test]
fn topics_come_and_go() {
    let settings = broker();
    let (admin, name) = (admin(&settings), unique("topic"));
    assert_eq!(admin.partitions(&name).unwrap(), None);
    assert!(admin.create_topic(&name, 3, -1, &[("retention.ms".into(), "-1".into())]).unwrap());
    assert!(!admin.create_topic(&name, 3, -1, &[]).unwrap());
    assert_eq!(admin.partitions(&name).unwrap(), Some(3));
    let info = TopicInfo { name: name.clone(), partitions: 3, replication: 1, is_internal: false };
    assert!(admin.topics().unwrap().contains(&info));
    assert!(admin.delete_topic(&name).unwrap());
    assert!(!admin.delete_topic(&name).unwrap());
    assert_eq!(admin.partitions(&name).unwrap(), None);
    let fault = admin.create_topic("no/topic", 1, 1, &[]).unwrap_err();
    assert!(fault.message.contains("creating topic `no/topic`") && fault.remedy.is_some(), "{fault}");
}

#[test]
fn offsets_of_a_partition_are_told() {
    let settings = broker();
    let (admin, topic) = (admin(&settings), topic(&settings, 2));
    let at = |partition| TopicPartition::new(&*topic, partition);
    let rows: Vec<Row> = (0..10).map(|i| Row { timestamp: 1000 + 10 * i, ..row(None, Some("v")) }).collect();
    write(&settings, &topic, Partitioner::Lane(1), &rows);
    assert_eq!(admin.watermarks(&at(0)).unwrap(), Watermarks { low: 0, high: 0 });
    assert_eq!(admin.watermarks(&at(1)).unwrap(), Watermarks { low: 0, high: 10 });
    let times = [(at(1), 1000), (at(1), 1041), (at(1), 9999), (at(0), 0)];
    for (question, answer) in times.iter().zip([Some(0), Some(5), None, None]) {
        assert_eq!(admin.offsets_for_times(std::slice::from_ref(question)).unwrap(), [answer], "{question:?}");
    }
    let left = admin.delete_records(&[Offset { at: at(1), next: 4 }]).unwrap();
    assert_eq!(left, [Offset { at: at(1), next: 4 }]);
    assert_eq!(admin.watermarks(&at(1)).unwrap(), Watermarks { low: 4, high: 10 });
    assert!(admin.watermarks(&at(7)).is_err());
}

#[test]
fn groups_are_told_of_with_their_offsets() {
    let settings = broker();
    let (admin, topic, group) = (admin(&settings), topic(&settings, 2), unique("group"));
    let at = |partition| TopicPartition::new(&*topic, partition);
    let set = |partition, next| Offset { at: at(partition), next };
    assert_eq!(admin.group_offsets(&group).unwrap(), []);
    write(&settings, &topic, Partitioner::Lane(0), &numbered(5));
    write(&settings, &topic, Partitioner::Lane(1), &numbered(5));
    let options = ConsumerOptions { client_id: "me".into(), ..ConsumerOptions::new(&group) };
    let engine = Engine::join(&settings, &options, &topic, Start::Beginning);
    engine.read(10);
    engine.commit_all();
    let info = admin.group(&group).unwrap();
    assert_eq!((info.name.as_str(), info.state.as_str(), info.members.len()), (&*group, "Stable", 1));
    assert_eq!((info.members[0].client_id.as_str(), &info.members[0].partitions), ("me", &vec![at(0), at(1)]));
    assert!(admin.groups().unwrap().iter().any(|info| info.name == group));
    assert_eq!(admin.group_offsets(&group).unwrap(), [set(0, 5), set(1, 5)]);
    engine.leave();
    assert_eq!(admin.group(&group).unwrap().members, []);
    assert_eq!(admin.group_offsets(&group).unwrap(), [set(0, 5), set(1, 5)]);
}
