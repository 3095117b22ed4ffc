//! Groups: sharing partitions out, members that come, go and die, and committed offsets.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::RDKafkaErrorCode as Code;
use rdkafka::producer::BaseRecord;
use rdkafka::topic_partition_list::TopicPartitionListElem;
use rdkafka::{Message, Offset, TopicPartitionList};

use crate::support::{Bench, PATIENCE, assert_quiet, eventually, offsets, options, place, take, wait};

fn member(bench: &Bench, group: &str, topic: &str, settings: &[(&str, &str)]) -> BaseConsumer {
    let settings: Vec<_> = [("group.id", group)].into_iter().chain(settings.iter().copied()).collect();
    let consumer = bench.consumer(&settings);
    consumer.subscribe(&[topic]).unwrap();
    consumer
}

fn shares(members: &[&BaseConsumer]) -> Vec<usize> {
    members.iter().map(|member| member.assignment().unwrap().count()).collect()
}

/// Polls all members until their shares are as expected; gives what they read on the way.
fn settle(members: &[&BaseConsumer], expected: &[usize]) -> Vec<(i32, i64)> {
    let mut read = Vec::new();
    let mut settled_since = None;
    eventually(&format!("shares {expected:?}"), || {
        for member in members {
            read.extend(read_one(member, Duration::from_millis(5)));
        }
        let mut found = shares(members);
        found.sort_unstable();
        if found != expected {
            settled_since = None;
            return false;
        }
        settled_since.get_or_insert_with(Instant::now).elapsed() > Duration::from_millis(300)
    });
    read
}

/// Reads a record and lets it be committed, where the member does not do that by itself.
fn read_one(member: &BaseConsumer, patience: Duration) -> Option<(i32, i64)> {
    let message = member.poll(patience)?.ok()?;
    // fails where it is stored already; a record of a partition that was taken away meanwhile is stored in vain
    let _ = member.store_offset_from_message(&message);
    Some((message.partition(), message.offset()))
}

pub(crate) fn a_group_resumes_where_it_committed(bench: &Bench) {
    let (topic, group) = (bench.topic(1, &[]), bench.name("group"));
    bench.fill(&topic, 0, 100);
    let first = member(bench, &group, &topic, &[]);
    let read = take(&first, 40);
    first.commit(&place(&topic, 0, Offset::Offset(read[39].offset() + 1)), CommitMode::Sync).unwrap();
    drop(first);
    let second = member(bench, &group, &topic, &[]);
    assert_eq!(offsets(&take(&second, 60))[0], 40);
}

pub(crate) fn offsets_are_committed_by_themselves(bench: &Bench) {
    let (topic, group) = (bench.topic(1, &[]), bench.name("group"));
    bench.fill(&topic, 0, 50);
    let auto = [("enable.auto.commit", "true"), ("auto.commit.interval.ms", "100")];
    let first = member(bench, &group, &topic, &auto);
    take(&first, 50);
    let other = bench.consumer(&[("group.id", &group)]);
    eventually("committed", || {
        first.poll(Duration::from_millis(50));
        let committed = other.committed_offsets(place(&topic, 0, Offset::Invalid), PATIENCE).unwrap();
        committed.elements()[0].offset() == Offset::Offset(50)
    });
}

pub(crate) fn a_member_joins_and_leaves_range(bench: &Bench) {
    join_and_leave(bench, "range");
}

pub(crate) fn a_member_joins_and_leaves_cooperative(bench: &Bench) {
    join_and_leave(bench, "cooperative-sticky");
}

fn join_and_leave(bench: &Bench, strategy: &str) {
    let (topic, group) = (bench.topic(4, &[]), bench.name("group"));
    (0..4).for_each(|partition| bench.fill(&topic, partition, 300));
    // stored offsets are committed when partitions are taken away; by itself a closing client stores unread ones too
    let settings = [
        ("enable.auto.offset.store", "false"),
        ("partition.assignment.strategy", strategy),
        ("enable.auto.commit", "true"),
        ("auto.commit.interval.ms", "50"),
    ];
    let mut read: BTreeMap<(i32, i64), usize> = BTreeMap::new();
    let mut note =
        |records: Vec<(i32, i64)>| records.into_iter().for_each(|record| *read.entry(record).or_default() += 1);
    let first = member(bench, &group, &topic, &settings);
    note(settle(&[&first], &[4]));
    let second = member(bench, &group, &topic, &settings);
    note(settle(&[&first, &second], &[2, 2]));
    drop(second);
    note(settle(&[&first], &[4]));
    let until = Instant::now() + PATIENCE;
    while read.len() < 1200 && Instant::now() < until {
        if let Some(record) = read_one(&first, Duration::from_millis(100)) {
            *read.entry(record).or_default() += 1;
        }
    }
    assert_eq!(read.len(), 1200, "records are missing");
}

pub(crate) fn eight_members(bench: &Bench) {
    let (topic, group) = (bench.topic(8, &[]), bench.name("group"));
    let members: Vec<_> = (0..8).map(|_| member(bench, &group, &topic, &[])).collect();
    settle(&members.iter().collect::<Vec<_>>(), &[1; 8]);
}

fn elements(list: &TopicPartitionList) -> Vec<i32> {
    let mut partitions: Vec<i32> = list.elements().iter().map(TopicPartitionListElem::partition).collect();
    partitions.sort_unstable();
    partitions
}

pub(crate) fn a_static_member_keeps_its_place(bench: &Bench) {
    let (topic, group) = (bench.topic(4, &[]), bench.name("group"));
    let named = |name| member(bench, &group, &topic, &[("group.instance.id", name)]);
    let (first, second) = (named("a"), named("b"));
    settle(&[&first, &second], &[2, 2]);
    let (kept, share) = (elements(&first.assignment().unwrap()), elements(&second.assignment().unwrap()));
    drop(second);
    let again = named("b");
    settle(&[&first, &again], &[2, 2]);
    assert_eq!(elements(&again.assignment().unwrap()), share);
    assert_eq!(elements(&first.assignment().unwrap()), kept);
}

pub(crate) fn a_dead_member_is_replaced(bench: &Bench) {
    let (topic, group) = (bench.topic(4, &[]), bench.name("group"));
    let named = |name| member(bench, &group, &topic, &[("group.instance.id", name)]);
    let (first, second) = (named("a"), named("b"));
    settle(&[&first, &second], &[2, 2]);
    // a static member does not say that it leaves: only its silence tells
    drop(second);
    let since = Instant::now();
    settle(&[&first], &[4]);
    let took = since.elapsed();
    assert!(took > Duration::from_secs(5) && took < Duration::from_secs(15), "{took:?}");
}

pub(crate) fn a_pattern_is_subscribed(bench: &Bench) {
    let (stem, group) = (bench.name("pattern"), bench.name("group"));
    let topics = [format!("{stem}-a"), format!("{stem}-b")];
    topics.iter().for_each(|topic| {
        assert_eq!(bench.create(topic, 1, 1, &[]), Ok(()));
        bench.fill(topic, 0, 5);
    });
    let consumer = member(bench, &group, &format!("^{stem}-.*"), &[]);
    let mut seen: Vec<String> = take(&consumer, 10).iter().map(|message| message.topic().to_string()).collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, topics);
}

pub(crate) fn groups_are_listed_described_and_deleted(bench: &Bench) {
    let (topic, group) = (bench.topic(2, &[]), bench.name("group"));
    let consumer = member(bench, &group, &topic, &[("client.id", "tester")]);
    settle(&[&consumer], &[2]);
    consumer.commit(&place(&topic, 0, Offset::Offset(0)), CommitMode::Sync).unwrap();
    let other = bench.consumer(&[]);
    let listed = |name: &str| {
        let list = other.fetch_group_list(Some(name), PATIENCE).unwrap();
        let found = list.groups().iter().find(|group| group.name() == name);
        found.map(|group| {
            let members: Vec<_> = group.members().iter().map(|member| member.client_id().to_string()).collect();
            let shares = group.members().iter().map(|member| member.assignment().map_or(0, <[u8]>::len));
            (group.state().to_string(), group.protocol().to_string(), members, shares.sum::<usize>() > 0)
        })
    };
    let expected = ("Stable".to_string(), "range".to_string(), vec!["tester".to_string()], true);
    assert_eq!(listed(&group), Some(expected));
    let all = other.fetch_group_list(None, PATIENCE).unwrap();
    assert!(all.groups().iter().any(|other| other.name() == group));
    let delete = |name: &str| {
        let results = wait(bench.admin().delete_groups(&[name], &options())).unwrap();
        results.into_iter().next().unwrap().map(|_| ()).map_err(|(_, code)| code)
    };
    assert_eq!(delete(&group), Err(Code::NonEmptyGroup));
    drop(consumer);
    eventually("deleted", || delete(&group).is_ok());
    assert_eq!(delete(&group), Err(Code::GroupIdNotFound));
    let after = bench.consumer(&[("group.id", &group)]);
    let committed = after.committed_offsets(place(&topic, 0, Offset::Invalid), PATIENCE).unwrap();
    assert_eq!(committed.elements()[0].offset(), Offset::Invalid);
}

pub(crate) fn offsets_are_committed_without_membership(bench: &Bench) {
    let (topic, group) = (bench.topic(3, &[]), bench.name("group"));
    let consumer = bench.consumer(&[("group.id", &group)]);
    let mut list = TopicPartitionList::new();
    for partition in 0..2 {
        list.add_partition_offset(&topic, partition, Offset::Offset(i64::from(partition) + 5)).unwrap();
        list.find_partition(&topic, partition).unwrap().set_metadata("a note");
    }
    consumer.commit(&list, CommitMode::Sync).unwrap();
    let mut asked = TopicPartitionList::new();
    (0..3).for_each(|partition| {
        asked.add_partition(&topic, partition);
    });
    let committed = bench.consumer(&[("group.id", &group)]).committed_offsets(asked, PATIENCE).unwrap();
    let found: Vec<_> = committed.elements().iter().map(|element| element.offset()).collect();
    assert_eq!(found, [Offset::Offset(5), Offset::Offset(6), Offset::Invalid]);
    assert_eq!(committed.elements()[0].metadata(), "a note");
    let unknown = consumer.commit(&place(&bench.name("absent"), 0, Offset::Offset(1)), CommitMode::Sync);
    assert_eq!(unknown.unwrap_err().rdkafka_error_code(), Some(Code::UnknownTopicOrPartition));
}

pub(crate) fn a_stranger_may_not_commit(bench: &Bench) {
    let (topic, group) = (bench.topic(1, &[]), bench.name("group"));
    let inside = member(bench, &group, &topic, &[]);
    settle(&[&inside], &[1]);
    let stranger = bench.consumer(&[("group.id", &group)]);
    let refused = stranger.commit(&place(&topic, 0, Offset::Offset(1)), CommitMode::Sync);
    assert_eq!(refused.unwrap_err().rdkafka_error_code(), Some(Code::UnknownMemberId));
    let sender = bench.producer(&[]);
    sender.send(BaseRecord::<(), _>::to(&topic).payload("x"));
    sender.flush();
    take(&inside, 1);
    assert_quiet(&inside);
    inside.commit(&place(&topic, 0, Offset::Offset(1)), CommitMode::Sync).unwrap();
}
