//! What is safe is committed until the group has it, against a mock of Kafka that refuses.

use std::collections::BTreeSet;

use super::*;
use crate::kafka::{ClientSettings, Code, Mock, Producer, ProducerOptions, TopicOptions};

const RECORDS: i64 = 40;

fn write(settings: &ClientSettings, topic: &str) {
    let producer = Producer::open(settings, &ProducerOptions::default(), Arc::new(|_| ())).unwrap();
    let keys = bytes_column((0..RECORDS).map(|_| None));
    // The client takes 0 for the time of now.
    let times: Vec<i64> = (1..=RECORDS).collect();
    let mut batch = Batch::bare(keys, times.into(), Origin::made_here(0, RECORDS as usize));
    batch.payload = Some(bytes_column((0..RECORDS).map(|_| Some(b"x".as_slice()))));
    assert_eq!(producer.topic(&TopicOptions::new(topic)).unwrap().send(&batch, 0).unwrap(), RECORDS as usize);
    assert!(producer.flush(Duration::from_secs(30)));
}

/// Reads a topic of which a group refuses commits; gives what it has at last, while nothing comes any more, and how the
/// run ended.
fn run_against(group: &str, refusals: &[Code]) -> (Option<i64>, Outcome) {
    let mock = Mock::start();
    mock.create_topic("t", 1);
    // The mock waits for a member that has gone without a word until its session ends.
    let settings = ClientSettings::new(mock.address()).with("session.timeout.ms", "1000");
    write(&settings, "t");
    mock.refuse_commits(refusals);
    let source = node("s", "kafka-source", json!({ "topic": "t", "format": "bytes" }));
    let run = start(&file([source, keep("o", group)], &["s->o"]), |options| {
        options.application_id = group.to_string();
        options.is_group = true;
        options.commit_interval = Duration::from_millis(20);
        options.clusters.insert("default".to_string(), settings.clone());
    });
    let until = Instant::now() + Duration::from_secs(30);
    let committed = loop {
        let next = mock.committed(group, "t", 0);
        if next == Some(RECORDS) || Instant::now() > until || run.is_over() {
            break next;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    run.stop();
    (committed, end_of(run))
}

fn check(group: &str, refusals: &[Code]) {
    let (committed, outcome) = run_against(group, refusals);
    assert_eq!(committed, Some(RECORDS), "{outcome:?}");
    assert_eq!((outcome.ended_by, outcome.faults), (EndedBy::Stop, vec![]));
    let kept: BTreeSet<i64> = kept(group).into_iter().collect();
    assert!(kept.into_iter().eq(1..=RECORDS));
}

/// More often than there are records: none of them brings another commit.
const OFTEN: usize = RECORDS as usize + 5;

#[test]
fn what_a_group_refuses_in_a_rebalance_is_committed_until_it_is_taken() {
    check("rebalances", &[Code::REBALANCE_IN_PROGRESS; OFTEN]);
}

#[test]
fn what_a_group_refuses_while_it_moves_is_committed_until_it_is_taken() {
    check("moves", &[Code::COORDINATOR_LOADING; OFTEN]);
}

#[test]
fn what_was_read_again_after_a_loss_is_committed() {
    check("lost", &[Code::ILLEGAL_GENERATION]);
}
