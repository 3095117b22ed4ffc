//! Members of a group against a mock of Kafka: partitions that are lost, topics that do not go together, and whoever is not
//! alone where it should be.

use super::mocked::Mocked;
use super::*;
use crate::engine::membership::Events;
use crate::kafka::{Assigned, ClientSettings};
use crate::kafka::{Committed, Consumer, ConsumerEvents, ConsumerOptions, Start as From, TopicPartition};

const RECORDS: i64 = 2000;

fn wait_until(what: &str, run: &Run, is_so: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < until && !run.is_over(), "waiting for {what}: {:#?}", run.snapshot());
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Rows of an older assignment hold no offset back, and hold none up.
#[test]
fn what_is_lost_is_thrown_away_and_needs_nothing() {
    let topic = Mocked::start();
    topic.write(RECORDS);
    let sink = node("o", "keep", json!({ "name": "lost rows", "delay_us": 200_000 }));
    let run = topic.read("losing", [sink], &["s->o"]);
    let inner = inner(&run);
    let queued = || lock(&inner.workshop).channels().map(|channel| channel.level().rows).sum::<usize>();
    wait_until("rows in the queue", &run, || queued() > 1000);
    let at = TopicPartition::new("t", 0);
    let slot = lock(&inner.workshop).tasks.values().find_map(|cell| Some(cell.lock().readings.first()?.slot)).unwrap();
    let events = Events::new(&inner, "default", Arc::default());
    events.lost(std::slice::from_ref(&at));
    assert_eq!(queued(), 0);
    assert!(!inner.membership.owns("default", &at));
    let workshop = lock(&inner.workshop);
    assert!(workshop.slots.get(slot).is_none(), "what the sink still has is nobody's");
    drop(workshop);
    // The group has gone on meanwhile, and the partition comes back: nothing old is committed.
    let before = topic.committed("losing").unwrap_or(0);
    inner.membership.pretend_assigned("default", &at);
    inner.commit(None).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(topic.committed("losing").unwrap_or(0), before);
    run.abort();
    end_of(run);
}

/// What a slow task has read is known when its partition goes, and is not read again when it comes back.
#[test]
fn who_is_slow_is_waited_for_when_partitions_go() {
    let topic = Mocked::start();
    topic.write(RECORDS);
    let source = node("s", "kafka-source", json!({ "topic": "t", "format": "bytes" }));
    let run = start(&file([source, keep("o", "slow when it goes")], &["s->o"]), |options| {
        options.application_id = "slow".to_string();
        options.clusters.insert("default".to_string(), topic.settings.clone());
    });
    wait_until("all to be read", &run, || run.snapshot().nodes[0].records_in == RECORDS as u64);
    let inner = inner(&run);
    let (held, is_held) = std::sync::mpsc::channel();
    let tasks = inner.all_tasks();
    let slow = std::thread::spawn(move || {
        let tasks: Vec<_> = tasks.iter().map(|cell| cell.lock()).collect();
        held.send(()).unwrap();
        std::thread::sleep(Duration::from_millis(400));
        drop(tasks);
    });
    is_held.recv().unwrap();
    let at = TopicPartition::new("t", 0);
    Events::new(&inner, "default", Arc::default()).revoked(std::slice::from_ref(&at));
    assert_eq!(inner.membership.resumes_at("default", &at), Some(RECORDS));
    slow.join().unwrap();
    run.abort();
    end_of(run);
}

#[test]
fn topics_that_one_task_reads_have_equally_many_partitions_in_a_group() {
    let topic = Mocked::start();
    topic.mock.create_topic("u", 3);
    let file = {
        let source = |id: &str| node(id, "kafka-source", json!({ "topic": id, "format": "bytes" }));
        let nodes = [source("t"), source("u"), node("m", "merge", json!({})), keep("o", "uneven")];
        file(nodes, &["t->m", "u->m", "m->o"])
    };
    let start = |is_group: bool| {
        try_start(&file, |options| {
            options.application_id = format!("uneven-{is_group}");
            options.is_group = is_group;
            options.clusters.insert("default".to_string(), topic.settings.clone());
        })
    };
    let fault = start(true).err().expect("a partition of `u` has no partner");
    assert!(fault.message.contains("`t` (1 partitions) and `u` (3)"), "{fault}");
    assert!(fault.node.is_some() && fault.remedy.is_some() && !fault.may_retry, "{fault:?}");
    let run = start(false).expect("alone, it has all of both");
    run.stop();
    assert_eq!(end_of(run).faults, []);
}

/// Somebody in a group who reads nothing and stays.
struct Other;

impl ConsumerEvents for Other {
    fn assigned(&self, partitions: Vec<Assigned>) -> Vec<From> {
        partitions.iter().map(|_| From::Beginning).collect()
    }

    fn revoked(&self, _: &[TopicPartition]) {}

    fn lost(&self, _: &[TopicPartition]) {}

    fn committed(&self, _: &[Committed]) {}

    fn fault(&self, _: Fault) {}
}

#[test]
fn who_is_not_alone_reads_nothing_and_says_so() {
    let topic = Mocked::start();
    topic.mock.create_topic("u", 4);
    let options = ConsumerOptions { client_id: "the-other".into(), ..ConsumerOptions::new("shared") };
    let settings: ClientSettings = topic.settings.clone();
    let other = Consumer::open(&settings, &options, Arc::new(Other)).unwrap();
    other.subscribe(&["u"]).unwrap();
    let until = Instant::now() + Duration::from_secs(30);
    while other.member_id().is_empty() {
        assert!(Instant::now() < until, "it never joins");
        std::thread::sleep(Duration::from_millis(20));
    }
    let source = node("s", "kafka-source", json!({ "topic": "u", "format": "bytes" }));
    let began = Instant::now();
    let run = start(&file([source, keep("o", "not alone")], &["s->o"]), |options| {
        options.application_id = "shared".to_string();
        options.clusters.insert("default".to_string(), settings.clone());
    });
    let outcome = end_of(run);
    assert!(began.elapsed() >= Duration::from_secs(3), "a session has time to end: {:?}", began.elapsed());
    let [fault] = outcome.faults.as_slice() else { panic!("{:?}", outcome.faults) };
    assert!(fault.message.starts_with("2 partitions are read by others in the group `shared`: "), "{fault}");
    assert_eq!(outcome.snapshot.nodes[0].records_in, 0);
}
