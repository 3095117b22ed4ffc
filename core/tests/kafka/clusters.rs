use std::time::{Duration, Instant, SystemTime};

use tidegate_broker::{Broker, BrokerOptions};
use tidegate_core::cluster::ClusterWatch;
use tidegate_core::kafka::*;
use tidegate_core::snapshot::{
    ClusterSnapshot, ClusterWanted, Drain, GroupSnapshot, Keeps, RecordsWanted, Retention, Verdict,
};

use crate::support::*;

fn now_ms() -> i64 {
    i64::try_from(SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap()
}

/// Looks until something is so.
fn look_until(
    watch: &mut ClusterWatch,
    wanted: &ClusterWanted,
    what: &str,
    is_so: impl Fn(&ClusterSnapshot) -> bool,
) -> ClusterSnapshot {
    let end = Instant::now() + PATIENCE;
    loop {
        let seen = watch.look(wanted).unwrap();
        if is_so(&seen) {
            return seen;
        }
        assert!(Instant::now() < end, "never: {what}: {seen:#?}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn of(groups: &[&str]) -> ClusterWanted {
    ClusterWanted { groups: groups.iter().map(|group| group.to_string()).collect(), ..ClusterWanted::default() }
}

fn lag(seen: &ClusterSnapshot, group: &str) -> Option<i64> {
    seen.group(group)?.figures.as_ref()?.lag
}

#[test]
fn groups_are_seen_whoever_they_belong_to() {
    let settings = broker();
    let (admin, name) = (admin(&settings), unique("topic"));
    assert!(admin.create_topic(&name, 2, 1, &[("retention.ms".into(), "3600000".into())]).unwrap());
    let at = |partition| TopicPartition::new(&*name, partition);
    let old = now_ms() - 60_000;
    let rows: Vec<Row> = (0..10).map(|i| Row { timestamp: old + i, ..row(None, Some("v")) }).collect();
    write(&settings, &name, Partitioner::Lane(0), &rows);
    let (left, read, never) = (unique("left"), unique("read"), unique("never"));
    let set = |partition, next| Offset { at: at(partition), next };
    commit_for(&settings, &left, &[set(0, 4), set(1, 0)]);
    let options = ConsumerOptions { client_id: "me".into(), ..ConsumerOptions::new(&read) };
    let engine = Engine::join(&settings, &options, &name, Start::Beginning);
    engine.read(10);
    engine.commit_all();

    let mut watch = ClusterWatch::open(&settings).unwrap();
    let first = watch.look(&of(&[&left])).unwrap();
    assert!(first.group(&left).is_some_and(|group| group.figures.is_none()), "names come first");
    assert!(first.brokers.iter().any(|broker| !broker.address.is_empty()), "{first:#?}");
    let topic = first.topic(&name).unwrap();
    assert_eq!((topic.partitions, topic.replication, topic.records), (2, 1, None), "it was not asked for");

    let wanted = ClusterWanted { topics: vec![name.clone()], ..of(&[&left, &read, &never]) };
    let age = |seen: &ClusterSnapshot| seen.group(&left).and_then(|group| group.figures.as_ref()?.age_ms);
    let seen = look_until(&mut watch, &wanted, "how old it is", |seen| age(seen).is_some());
    let group = seen.group(&left).unwrap();
    let figures = group.figures.as_ref().unwrap();
    assert_eq!((group.state.as_str(), group.members, group.is_left_behind), ("Empty", Some(0), true));
    assert_eq!((figures.lag, figures.verdict, figures.partitions), (Some(6), Verdict::Stopped, 2));
    assert_eq!(figures.rule, format!("{name}-0: nobody reads it, and 6 records are behind"));
    let age = figures.age_ms.unwrap();
    assert!((59_900..120_000).contains(&age), "the record itself is a minute old, not {age} ms");
    let group = seen.group(&read).unwrap();
    assert_eq!((group.state.as_str(), group.members, lag(&seen, &read)), ("Stable", Some(1), Some(0)));
    assert_eq!(group.topics, std::slice::from_ref(&name));
    let topic = seen.topic(&name).unwrap();
    assert_eq!((topic.records, topic.keeps), (Some(10), Some(Keeps::ForMs(3_600_000))));

    let opened = |group: &str| ClusterWanted { opened: Some(group.into()), past: true, ..ClusterWanted::default() };
    let seen = watch.look(&opened(&read)).unwrap().opened.unwrap();
    for partition in &seen.partitions {
        let owner = partition.owner.as_deref().unwrap();
        assert!(owner.starts_with("me@") && partition.member.is_some(), "{partition:?}");
    }
    let seen = watch.look(&opened(&left)).unwrap().opened.unwrap();
    let behind = &seen.partitions[0];
    assert_eq!((behind.low, behind.high, behind.committed, behind.lag), (Some(0), Some(10), Some(4), Some(6)));
    assert_eq!((&behind.owner, behind.drain), (&None, Drain::Unknown));
    let Retention::Time { left_ms } = behind.retention else { panic!("{:?}", behind.retention) };
    assert!((3_600_000 - 120_000..3_600_000 - 59_000).contains(&left_ms), "{left_ms}");
    let past = &seen.past.unwrap().partitions[0];
    assert!(past.lag.contains(&Some(6)), "{past:?}");
    engine.leave();
}

#[test]
fn a_group_that_left_something_behind_is_found_without_being_asked_for() {
    let settings = broker();
    let topic = topic(&settings, 1);
    write(&settings, &topic, Partitioner::Lane(0), &numbered(5));
    let (behind, done) = (unique("behind"), unique("done"));
    for (group, next) in [(&behind, 2), (&done, 5)] {
        commit_for(&settings, group, &[Offset { at: TopicPartition::new(&*topic, 0), next }]);
    }
    let mut watch = ClusterWatch::open(&settings).unwrap();
    let is_behind = |seen: &ClusterSnapshot, name: &str| seen.group(name).is_some_and(|group| group.is_left_behind);
    let seen = look_until(&mut watch, &of(&[]), "it is found", |seen| is_behind(seen, &behind));
    assert!(!is_behind(&seen, &done));
    assert!(seen.group(&behind).is_some_and(|group| group.figures.is_none()), "nobody looks at it");
}

#[test]
fn the_newest_records_of_a_topic_are_told_as_what_they_look_like() {
    let settings = broker();
    let topic = topic(&settings, 3);
    let old = now_ms() - 60_000;
    let text = |i: i64| format!("{{\"n\": {i}}}");
    let all: Vec<String> = (0..150).map(text).collect();
    let rows: Vec<Row> =
        all.iter().zip(0..).map(|(value, i)| Row { timestamp: old + i, ..row(Some("k"), Some(value)) }).collect();
    write(&settings, &topic, Partitioner::Lane(0), &rows);
    write(&settings, &topic, Partitioner::Lane(2), &[row(None, Some("plain")), row(Some("gone"), None)]);
    let newest = RecordsWanted { topic: topic.to_string(), from: None };
    let wanted = ClusterWanted { records: Some(newest.clone()), ..ClusterWanted::default() };
    let mut watch = ClusterWatch::open(&settings).unwrap();
    let is_there = |seen: &ClusterSnapshot| seen.records.as_ref().is_some_and(|told| !told.rows.is_empty());
    let told = look_until(&mut watch, &wanted, "its records", is_there).records.unwrap();
    assert_eq!((&told.of, told.partitions_left_out, &told.fault), (&newest, 0, &None));
    let of = |partition: i32| told.rows.iter().filter(move |row| row.partition == partition).collect::<Vec<_>>();
    assert_eq!((of(0).len(), of(1).len(), of(2).len()), (98, 0, 2), "what few there are leave room to the others");
    let first = of(0)[0];
    assert_eq!((first.offset, first.ts, &first.key), (52, old + 52, &"k".into()));
    assert_eq!(first.value, serde_json::json!({ "n": 52 }));
    assert_eq!((&of(2)[0].key, &of(2)[0].value), (&serde_json::Value::Null, &"plain".into()));
    assert!(of(2)[1].value.is_null() && of(2)[1].key == "gone");
    assert!(told.rows.windows(2).all(|two| two[0].ts <= two[1].ts), "by time");
    // One more is seen; nobody has joined a group for it.
    write(&settings, &topic, Partitioner::Lane(1), &[row(None, Some("more"))]);
    let is_more = |seen: &ClusterSnapshot| {
        seen.records.as_ref().is_some_and(|told| told.rows.iter().any(|row| row.partition == 1))
    };
    let seen = look_until(&mut watch, &wanted, "one more", is_more);
    assert!(seen.groups.iter().all(|group| !group.name.contains("tidegate-look")), "{:?}", seen.groups);
    for (from, expected) in [((0, 140), 10), ((0, 10), 100), ((2, 1), 1), ((0, 150), 0), ((9, 0), 0)] {
        let of = RecordsWanted { from: Some(from), ..newest.clone() };
        let wanted = ClusterWanted { records: Some(of.clone()), ..ClusterWanted::default() };
        let told = watch.look(&wanted).unwrap().records.unwrap();
        assert_eq!((told.of, told.rows.len()), (of, expected), "{from:?}");
        assert_eq!(told.rows.first().map(|row| row.offset), (expected > 0).then_some(from.1), "{from:?}");
    }
    let seen = watch.look(&ClusterWanted::default()).unwrap();
    assert_eq!(seen.records, None, "nobody looks any more");
}

/// While no broker answers, the question to a group's coordinator stays open; when one is back, it is not the end of the
/// process, as it would be had librdkafka been told to give the question up.
#[test]
fn a_broker_that_comes_back_is_asked_again() {
    let start = |port| Broker::start(BrokerOptions { listen: ([127, 0, 0, 1], port).into(), data: None }).unwrap();
    let broker = start(0);
    let address = broker.address();
    let settings = ClientSettings::new(address.to_string());
    let admin = Admin::open(&settings, Duration::from_secs(2)).unwrap();
    assert_eq!(admin.group_offsets("some").unwrap(), []);
    let mut watch = ClusterWatch::open(&settings).unwrap();
    watch.look(&of(&[])).unwrap();
    drop(broker);
    for group in ["some", "other", "third"] {
        let fault = admin.group_offsets(group).unwrap_err();
        assert!(fault.message.contains("no broker answers"), "{fault}");
    }
    assert!(watch.look(&of(&["some"])).is_err());
    let broker = start(address.port());
    let end = Instant::now() + PATIENCE;
    while admin.group_offsets("some").is_err() || watch.look(&of(&[])).is_err() {
        assert!(Instant::now() < end, "it is never asked again");
    }
    assert_eq!(admin.group_offsets("other").unwrap(), []);
    drop(broker);
}

/// How many groups there are; five times as many partitions.
fn scale() -> usize {
    std::env::var("TIDEGATE_TEST_GROUPS").map_or(200, |count| count.parse().unwrap())
}

#[test]
fn many_groups_and_partitions_are_asked_for_only_on_the_screen() {
    let settings = broker();
    let (admin, count) = (admin(&settings), scale());
    let partitions = 5 * count as i32;
    let topic = topic(&settings, partitions);
    let prefix = unique("many");
    let name = |number: usize| format!("{prefix}-{number:05}");
    write(&settings, &topic, Partitioner::Lane(0), &numbered(3));
    let begin = |number: usize| {
        let next = |partition| i64::from(partition == 0 && number == count - 1);
        let all = if number == 0 { partitions } else { 5 };
        let offset = |partition| Offset { at: TopicPartition::new(&*topic, partition), next: next(partition) };
        commit_for(&settings, &name(number), &(0..all).map(offset).collect::<Vec<_>>());
    };
    std::thread::scope(|scope| {
        for lane in 0..8 {
            scope.spawn(move || (lane..count).step_by(8).for_each(begin));
        }
    });
    let screen: Vec<String> = (count / 2..count / 2 + 20).map(name).collect();
    let screen = of(&screen.iter().map(String::as_str).collect::<Vec<_>>());
    let start = Instant::now();
    let mut watch = ClusterWatch::open(&settings).unwrap();
    let is_many = |group: &&GroupSnapshot| group.name.starts_with(&prefix);
    let seen = watch.look(&screen).unwrap();
    let named = start.elapsed();
    assert_eq!(seen.groups.iter().filter(is_many).count(), count);
    let seen = watch.look(&screen).unwrap();
    let shown = start.elapsed();
    assert!(screen.groups.iter().all(|group| lag(&seen, group) == Some(3)), "{seen:#?}");
    assert_eq!(seen.groups.iter().filter(is_many).filter(|group| group.figures.is_some()).count(), 20);
    let opened = Instant::now();
    let seen = watch.look(&ClusterWanted { opened: Some(name(0)), ..ClusterWanted::default() }).unwrap();
    let opened = opened.elapsed();
    assert_eq!(seen.opened.unwrap().partitions.len(), partitions as usize);
    let is_found = |seen: &ClusterSnapshot| seen.group(&name(count - 1)).is_some_and(|group| group.is_left_behind);
    look_until(&mut watch, &of(&[]), "the last is searched too", is_found);
    eprintln!(
        "{count} groups: named after {named:?}, 20 with figures after {shown:?}; {partitions} partitions opened in {opened:?}"
    );
    admin.delete_topic(&topic).unwrap();
}
