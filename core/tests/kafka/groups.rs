use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tidegate_core::kafka::*;

use crate::support::*;

const RECORDS: usize = 6_000;

/// Members come and go while records flow; each commits what it has read when partitions are taken from it. So every
/// record is read, and none twice.
fn check_rebalances(assignor: Assignor) {
    let settings = broker();
    let topic = topic(&settings, 4);
    let options =
        ConsumerOptions { assignor, session_timeout: Duration::from_secs(6), ..ConsumerOptions::new(unique("group")) };
    let join = || Engine::join(&settings, &options, &topic, Start::Beginning);
    let mut seen = Vec::new();

    let is_written = Arc::new(AtomicBool::new(false));
    let writer = std::thread::spawn({
        let (settings, topic, is_written) = (settings.clone(), topic.clone(), is_written.clone());
        move || {
            for rows in numbered(RECORDS).chunks(100) {
                write(&settings, &topic, Partitioner::Murmur2Random, rows);
            }
            is_written.store(true, Ordering::SeqCst);
        }
    });
    let a = join();
    seen.extend(a.read(100));
    let b = join();
    let deadline = Instant::now() + PATIENCE;
    while !(a.state.lock().unwrap().queues.len() == 2 && b.state.lock().unwrap().queues.len() == 2) {
        seen.extend(a.take(7));
        seen.extend(b.take(7));
        assert!(Instant::now() < deadline, "the partitions are never shared");
    }
    let c = join();
    for _ in 0..2000 {
        for engine in [&a, &b, &c] {
            seen.extend(engine.take(7));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    b.leave();
    writer.join().unwrap();
    assert!(is_written.load(Ordering::SeqCst));
    let deadline = Instant::now() + PATIENCE;
    while seen.len() < RECORDS {
        seen.extend(a.take(512));
        seen.extend(c.take(512));
        assert!(Instant::now() < deadline, "{} of {RECORDS}; {}", seen.len(), describe(&seen, &[&a, &b, &c]));
    }
    let places: BTreeSet<_> = seen.iter().map(|(at, _)| *at).collect();
    assert_eq!((places.len(), seen.len()), (RECORDS, RECORDS), "read, and how often");
    for engine in [&a, &b, &c] {
        let state = engine.state.lock().unwrap();
        assert_eq!((state.lost, &state.faults, &state.gaps), (0, &vec![], &vec![]));
    }
    assert!(a.state.lock().unwrap().revoked > 0);
}

/// Who holds what, and what is missing.
fn describe(seen: &[((i32, i64), Row)], engines: &[&Arc<Engine>]) -> String {
    let mut text = String::new();
    for partition in 0..4 {
        let offsets: BTreeSet<i64> = seen.iter().filter(|(at, _)| at.0 == partition).map(|(at, _)| at.1).collect();
        let last = offsets.last().copied().unwrap_or(-1);
        let missing: Vec<i64> = (0..=last).filter(|offset| !offsets.contains(offset)).collect();
        text += &format!("partition {partition}: up to {last} without {missing:?}; ");
    }
    for engine in engines {
        let state = engine.state.lock().unwrap();
        let held: Vec<i32> = state.queues.iter().map(|queue| queue.partition()).collect();
        text += &format!("a member holds {held:?}, faults {:?}, gaps {:?}; ", state.faults, state.gaps);
    }
    text
}

#[test]
fn cooperative_rebalances_lose_and_repeat_nothing() {
    check_rebalances(Assignor::CooperativeSticky);
}

#[test]
fn eager_rebalances_lose_and_repeat_nothing() {
    check_rebalances(Assignor::Range);
}

#[test]
fn a_new_run_goes_on_where_the_old_one_committed() {
    let settings = broker();
    let topic = topic(&settings, 1);
    write(&settings, &topic, Partitioner::Lane(0), &numbered(10));
    let options = ConsumerOptions::new(unique("group"));
    let first = Engine::join(&settings, &options, &topic, Start::Beginning);
    first.wait("an assignment", |state| state.committed == [None]);
    assert_eq!(first.read(10).len(), 10);
    let at = TopicPartition::new(&*topic, 0);
    first.consumer().commit_sync(&[Offset { at: at.clone(), next: 4 }], PATIENCE).unwrap();
    first.state.lock().unwrap().next.clear();
    first.consumer().close();

    let second = Engine::join(&settings, &options, &topic, Start::Beginning);
    second.wait("an assignment", |state| state.committed == [Some(4)]);
    assert_eq!(second.read(6)[0].0, (0, 4));
    let offset = Offset { at, next: 9 };
    second.consumer().commit(std::slice::from_ref(&offset)).unwrap();
    second.wait("an answer", |state| state.answers == [Committed { offset: offset.clone(), is_taken: true }]);
    assert_eq!(admin(&settings).group_offsets(&options.group).unwrap(), [offset]);
}

/// An older holder of a queue must not steal from a newer one.
#[test]
fn a_queue_that_was_taken_away_gives_nothing_any_more() {
    let settings = broker();
    let topic = topic(&settings, 1);
    write(&settings, &topic, Partitioner::Lane(0), &numbered(1000));
    let engine = Engine::join(&settings, &ConsumerOptions::new(unique("group")), &topic, Start::Beginning);
    engine.read(1);
    let mut old = engine.state.lock().unwrap().queues.pop().unwrap();
    engine.leave();
    let taken = old.take(512);
    assert!(taken.batch.is_none() && taken.end.is_none() && taken.fault.is_none(), "{taken:?}");
}
