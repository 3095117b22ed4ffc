//! What is safe is committed until the group has it, against a mock of Kafka that refuses.

use std::collections::BTreeSet;

use super::mocked::Mocked;
use super::*;
use crate::kafka::Code;

const RECORDS: i64 = 40;

/// Reads a topic of which a group refuses commits, and waits until it has all, while nothing comes any more.
fn check(group: &str, refusals: &[Code]) {
    let topic = Mocked::start();
    topic.write(RECORDS);
    topic.mock.refuse_commits(refusals);
    let run = topic.read(group, [keep("o", group)], &["s->o"]);
    let until = Instant::now() + Duration::from_secs(30);
    let committed = loop {
        let next = topic.committed(group);
        if next == Some(RECORDS) || Instant::now() > until || run.is_over() {
            break next;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    run.stop();
    let outcome = end_of(run);
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

#[test]
fn what_stands_before_a_bad_record_is_committed_however_slow_the_sink() {
    let topic = Mocked::start();
    topic.mock.create_topic("u", 1);
    let bad = node("b", "boom", json!({ "at": 8, "how": "record" }));
    let sink = node("o", "kafka-sink", json!({ "topic": "u" }));
    let run = topic.read("slow", [bad, sink], &["s->b", "b->o"]);
    let until = Instant::now() + Duration::from_secs(30);
    while run.snapshot().partitions.is_empty() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    topic.mock.answer_after(Duration::from_millis(800));
    topic.write(RECORDS);
    let outcome = end_of(run);
    topic.mock.answer_after(Duration::ZERO);
    assert_eq!((outcome.ended_by, outcome.faults.len()), (EndedBy::Fault, 1), "{:?}", outcome.faults);
    assert_eq!(topic.committed("slow"), Some(7));
}
