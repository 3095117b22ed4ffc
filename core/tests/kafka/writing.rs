use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tidegate_core::kafka::*;
use tidegate_core::partition::partition_of;

use crate::support::*;

#[test]
fn keys_lie_where_java_would_put_them_and_in_order() {
    let settings = broker();
    let topic = topic(&settings, 4);
    let written: Vec<Row> = (0..3000).map(|i| row(Some(&format!("key {}", i % 97)), Some(&i.to_string()))).collect();
    write(&settings, &topic, Partitioner::Murmur2Random, &written);
    let engine = Engine::join(&settings, &ConsumerOptions::new(unique("group")), &topic, Start::Beginning);
    let read = engine.read(3000);
    for ((partition, _), row) in &read {
        assert_eq!(*partition, partition_of(row.key.as_ref().unwrap(), 4));
    }
    for key in 0..97 {
        let of = |row: &Row| row.key.as_deref() == Some(format!("key {key}").as_bytes());
        let before: Vec<_> = written.iter().filter(|row| of(row)).collect();
        let mut after: Vec<_> = read.iter().filter(|(_, row)| of(row)).collect();
        after.sort_by_key(|(at, _)| *at);
        assert_eq!(after.iter().map(|(_, row)| row).collect::<Vec<_>>(), before);
    }
}

#[test]
fn a_full_queue_takes_less_and_tells_when_it_takes_more() {
    let settings = broker();
    let topic = topic(&settings, 2);
    let options = ProducerOptions { queue_records: 10, ..ProducerOptions::default() };
    let producer = Producer::open(&settings, &options, Arc::new(|_| {})).unwrap();
    let mut writer = producer.topic(&TopicOptions::new(&topic)).unwrap();
    let wakes = Arc::new(AtomicU32::new(0));
    let count = wakes.clone();
    writer.on_progress(Arc::new(move || {
        count.fetch_add(1, Ordering::SeqCst);
    }));
    let written = numbered(500);
    let whole = batch(&written);
    let (mut from, mut was_full, deadline) = (0, false, Instant::now() + PATIENCE);
    while from < whole.rows {
        let before = wakes.load(Ordering::SeqCst);
        let sent = writer.send(&whole, from).unwrap();
        assert!(sent <= 10 && producer.in_flight() <= 10);
        from += sent;
        if sent == 0 {
            was_full = true;
            while wakes.load(Ordering::SeqCst) == before && producer.in_flight() > 0 {
                assert!(Instant::now() < deadline, "no wake");
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }
    assert!(was_full && producer.flush(PATIENCE));
    assert_eq!(writer.acknowledged(), writer.sent());
    let engine = Engine::join(&settings, &ConsumerOptions::new(unique("group")), &topic, Start::Beginning);
    assert_eq!(engine.read(500).len(), 500);
}

#[test]
fn a_record_larger_than_the_queue_passes_alone() {
    let settings = broker();
    let topic = topic(&settings, 1);
    let options = ProducerOptions { queue_bytes: 1000, ..ProducerOptions::default() };
    let producer = Producer::open(&settings, &options, Arc::new(|_| {})).unwrap();
    let mut writer = producer.topic(&TopicOptions::new(&topic)).unwrap();
    let rows = [row(None, Some(&"x".repeat(5000))), row(None, Some("y"))];
    assert_eq!(writer.send(&batch(&rows), 0).unwrap(), 1);
    assert!(producer.flush(PATIENCE));
    assert_eq!(writer.send(&batch(&rows), 1).unwrap(), 1);
}

/// Many lanes, one topic, partitions shared: each learns of its own sends.
#[test]
fn writers_of_one_topic_count_apart() {
    let settings = broker();
    let topic = topic(&settings, 3);
    for idempotence in [true, false] {
        let options = ProducerOptions { idempotence, ..ProducerOptions::default() };
        let producer = Producer::open(&settings, &options, Arc::new(|_| {})).unwrap();
        std::thread::scope(|scope| {
            for lane in 0..3 {
                let mut writer = producer.topic(&TopicOptions::new(&topic)).unwrap();
                scope.spawn(move || {
                    for size in 1..100 {
                        assert_eq!(writer.send(&batch(&numbered(size * (lane + 1))), 0).unwrap(), size * (lane + 1));
                    }
                    let deadline = Instant::now() + PATIENCE;
                    while writer.acknowledged() < 99 {
                        assert!(Instant::now() < deadline, "{} of 99", writer.acknowledged());
                        std::thread::sleep(Duration::from_millis(1));
                    }
                    assert_eq!((writer.acknowledged(), writer.sent()), (99, 99));
                });
            }
        });
        assert!(producer.flush(PATIENCE));
        assert_eq!(producer.in_flight(), 0);
    }
}

#[test]
fn every_compression_is_read_back() {
    let settings = broker();
    use Compression::*;
    for compression in [None, Gzip, Snappy, Lz4, Zstd] {
        let topic = topic(&settings, 1);
        let producer = producer(&settings);
        let options = TopicOptions { compression: Some(compression), ..TopicOptions::new(&topic) };
        assert_eq!(producer.topic(&options).unwrap().send(&batch(&numbered(300)), 0).unwrap(), 300);
        assert!(producer.flush(PATIENCE));
        let other = producer
            .topic(&TopicOptions { compression: Some(if compression == Zstd { None } else { Zstd }), ..options });
        assert!(other.err().unwrap().message.contains("different settings"));
        let engine = Engine::join(&settings, &ConsumerOptions::new(unique("group")), &topic, Start::Beginning);
        let read: Vec<Row> = engine.read(300).into_iter().map(|(_, row)| row).collect();
        assert_eq!(read, numbered(300), "{compression:?}");
    }
}
