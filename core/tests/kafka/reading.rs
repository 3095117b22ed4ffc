use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tidegate_core::kafka::*;

use crate::support::*;

#[test]
fn records_come_back_as_they_were_written() {
    let settings = broker();
    let topic = topic(&settings, 1);
    let mut written = vec![
        row(Some("a"), Some("short")),
        row(Some("b"), None),
        row(None, Some("a value that is longer than a view holds by itself")),
        row(None, None),
        row(Some(""), Some("")),
        row(Some("a key that is longer than a view holds by itself"), Some("{}")),
    ];
    written[1].headers = vec![header("trace", Some(b"1")), header("null", None), header("trace", Some(b""))];
    written[4].timestamp = 5;
    written[5].value = Some((0..=255).collect());
    write(&settings, &topic, Partitioner::Lane(0), &written);

    let engine = Engine::join(&settings, &ConsumerOptions::new(unique("group")), &topic, Start::Beginning);
    let read = engine.read(written.len());
    assert_eq!(
        read.iter().map(|(at, _)| *at).collect::<Vec<_>>(),
        (0..6).map(|offset| (0, offset)).collect::<Vec<_>>()
    );
    assert_eq!(read.into_iter().map(|(_, row)| row).collect::<Vec<_>>(), written);
    engine.leave();
}

#[test]
fn headers_are_found_among_records_that_have_none() {
    let settings = broker();
    for compression in [Compression::None, Compression::Lz4] {
        let topic = topic(&settings, 1);
        let mut written = numbered(500);
        for (number, row) in written.iter_mut().enumerate() {
            if number % 7 == 0 || number % 11 == 0 {
                row.headers = (0..=number % 3).map(|_| header("h", Some(b"x"))).collect();
            }
            if number % 5 == 0 {
                row.key = None;
            }
        }
        let options = TopicOptions {
            compression: Some(compression),
            partitioner: Partitioner::Lane(0),
            ..TopicOptions::new(&topic)
        };
        write_with(&settings, &options, &written);
        let engine = Engine::join(&settings, &ConsumerOptions::new(unique("group")), &topic, Start::Beginning);
        let read: Vec<Row> = engine.read(written.len()).into_iter().map(|(_, row)| row).collect();
        assert_eq!(read, written);
    }
}

#[test]
fn timestamp_zero_is_not_taken_for_now() {
    let settings = broker();
    let topic = topic(&settings, 1);
    let zero = Row { timestamp: 0, ..row(Some("a"), Some("b")) };
    write(&settings, &topic, Partitioner::Lane(0), &[zero]);
    let engine = Engine::join(&settings, &ConsumerOptions::new(unique("group")), &topic, Start::Beginning);
    assert_eq!(engine.read(1)[0].1.timestamp, 1);
}

#[test]
fn the_end_of_a_partition_is_told_each_time() {
    let settings = broker();
    let topic = topic(&settings, 1);
    let engine = Engine::join(&settings, &ConsumerOptions::new(unique("group")), &topic, Start::Beginning);
    for end in [0, 3, 6] {
        let deadline = Instant::now() + PATIENCE;
        while engine.state.lock().unwrap().ends.get(&0) != Some(&end) {
            engine.take(2);
            assert!(Instant::now() < deadline, "no end at {end}: {:?}", engine.state.lock().unwrap().ends);
            std::thread::sleep(Duration::from_millis(1));
        }
        write(&settings, &topic, Partitioner::Lane(0), &numbered(3));
    }
}

#[test]
fn a_start_is_obeyed() {
    let settings = broker();
    let topic = topic(&settings, 1);
    let rows: Vec<Row> = (0..10).map(|i| Row { timestamp: 1000 + i, ..row(Some("a"), Some("b")) }).collect();
    write(&settings, &topic, Partitioner::Lane(0), &rows);
    let cases = [
        (Start::Beginning, 0),
        (Start::Offset(7), 7),
        (Start::Timestamp(1004), 4),
        (Start::End, 10),
        (Start::Timestamp(5000), 10),
    ];
    for (start, first) in cases {
        let at = TopicPartition::new(&*topic, 0);
        let engine = Engine::new(start);
        let options = ConsumerOptions::new("test-readers");
        let (_consumer, queues) = Consumer::open_assigned(&settings, &options, &[(at, start)], engine.clone()).unwrap();
        engine.state.lock().unwrap().queues = queues;
        if first == 10 {
            let deadline = Instant::now() + PATIENCE;
            while engine.state.lock().unwrap().ends.is_empty() {
                assert!(engine.take(512).is_empty() && Instant::now() < deadline);
                std::thread::sleep(Duration::from_millis(1));
            }
            write(&settings, &topic, Partitioner::Lane(0), &numbered(1));
        }
        assert_eq!(engine.read(1)[0].0, (0, first), "{start:?}");
        assert_eq!(engine.state.lock().unwrap().gaps, [], "{start:?}");
        if first == 10 {
            break;
        }
    }
}

#[test]
fn a_seek_goes_elsewhere_and_what_waited_is_not_given() {
    let settings = broker();
    let topic = topic(&settings, 1);
    write(&settings, &topic, Partitioner::Lane(0), &numbered(1000));
    let engine = Engine::join(&settings, &ConsumerOptions::new(unique("group")), &topic, Start::Beginning);
    engine.read(1);
    for to in [900, 5, 500] {
        engine.consumer().seek(&TopicPartition::new(&*topic, 0), Start::Offset(to)).unwrap();
        assert_eq!(engine.read(1)[0].0, (0, to));
    }
    assert_eq!(engine.state.lock().unwrap().gaps, []);
}

#[test]
fn offsets_that_are_gone_are_counted_and_reading_goes_on_from_the_oldest() {
    let settings = broker();
    let topic = topic(&settings, 1);
    write(&settings, &topic, Partitioner::Lane(0), &numbered(20));
    let at = TopicPartition::new(&*topic, 0);
    let left = admin(&settings).delete_records(&[Offset { at: at.clone(), next: 10 }]).unwrap();
    assert_eq!(left, [Offset { at: at.clone(), next: 10 }]);
    for (wanted, lost) in [(3, 7), (1000, 0)] {
        let engine = Engine::join(&settings, &ConsumerOptions::new(unique("group")), &topic, Start::Offset(wanted));
        assert_eq!(engine.read(10)[0].0, (0, 10));
        let gaps = engine.state.lock().unwrap().gaps.clone();
        assert_eq!(gaps, [Gap { wanted, resumed: 10 }]);
        assert_eq!(gaps[0].lost(), lost);
    }
}

#[test]
fn a_queue_wakes_its_reader_when_it_fills() {
    let settings = broker();
    let topic = topic(&settings, 1);
    let engine = Engine::join(&settings, &ConsumerOptions::new(unique("group")), &topic, Start::Beginning);
    engine.wait("an assignment", |state| !state.queues.is_empty());
    let wakes = Arc::new(AtomicU32::new(0));
    let count = wakes.clone();
    engine.state.lock().unwrap().queues[0].on_ready(Arc::new(move || {
        count.fetch_add(1, Ordering::SeqCst);
    }));
    for round in 0..3 {
        let before = wakes.load(Ordering::SeqCst);
        write(&settings, &topic, Partitioner::Lane(0), &numbered(1));
        let deadline = Instant::now() + PATIENCE;
        let mut read = 0;
        while read == 0 {
            while wakes.load(Ordering::SeqCst) == before && round > 0 {
                assert!(Instant::now() < deadline, "no wake");
                std::thread::sleep(Duration::from_millis(1));
            }
            read = engine.take(10).len();
            assert!(Instant::now() < deadline, "no record");
        }
        while engine.state.lock().unwrap().ends.get(&0) != Some(&(round + 1)) {
            engine.take(10);
            assert!(Instant::now() < deadline, "no end");
        }
    }
}

/// What a blocked sink does to a source: its queue stays unread, far longer than a session.
#[test]
fn an_unread_queue_keeps_its_membership() {
    let settings = broker();
    let topic = topic(&settings, 2);
    let rows: Vec<Row> = (0..4000).map(|_| row(Some("k"), Some(&"x".repeat(5000)))).collect();
    write(&settings, &topic, Partitioner::Random, &rows);
    let group = unique("group");
    let options = ConsumerOptions {
        session_timeout: Duration::from_secs(6),
        queue_bytes: 2 << 20,
        partitions: 2,
        ..ConsumerOptions::new(&group)
    };
    let engine = Engine::join(&settings, &options, &topic, Start::Beginning);
    engine.wait("an assignment", |state| state.queues.len() == 2);
    let mut read = engine.read(10);
    std::thread::sleep(Duration::from_secs(15));
    let members = admin(&settings).group(&group).unwrap().members;
    assert_eq!(members.len(), 1);
    assert_eq!(members[0].id, engine.consumer().member_id());
    assert_eq!(members[0].partitions.len(), 2);
    read.extend(engine.read(4000 - read.len()));
    let mut places: Vec<_> = read.into_iter().map(|(at, _)| at).collect();
    places.sort();
    places.dedup();
    assert_eq!(places.len(), 4000);
    engine.commit_all();
    let state = engine.state.lock().unwrap();
    assert_eq!((state.revoked, state.lost, state.faults.len()), (0, 0, 0), "{:?}", state.faults);
}
