//! Records in and out, and finding them.

use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::RDKafkaErrorCode as Code;
use rdkafka::message::{Header, Headers, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer};
use rdkafka::{Message, Offset, Timestamp, TopicPartitionList};

use crate::support::{Bench, PATIENCE, assert_quiet, offsets, payloads, place, take};

const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];

pub(crate) fn all_codecs_keep_all_parts(bench: &Bench) {
    let topic = bench.topic(1, &[]);
    for codec in CODECS {
        let sender = bench.producer(&[("compression.codec", codec)]);
        for number in 0..50 {
            let headers = OwnedHeaders::new()
                .insert(Header { key: "codec", value: Some(codec) })
                .insert(Header::<&str> { key: "null", value: None })
                .insert(Header { key: "empty", value: Some("") });
            let (key, value) = (format!("key {number}"), format!("{codec} {number} {}", "x".repeat(100)));
            let record = BaseRecord::to(&topic).key(&key).payload(&value).timestamp(1_700_000_000_000 + number);
            sender.send(record.headers(headers));
        }
        assert_eq!(sender.flush().len(), 50);
    }
    let read = bench.read(&topic, 0, 250);
    assert_eq!(offsets(&read), (0..250).collect::<Vec<_>>());
    for (position, message) in read.iter().enumerate() {
        let (codec, number) = (CODECS[position / 50], position % 50);
        assert_eq!(message.key(), Some(format!("key {number}").as_bytes()));
        assert_eq!(message.payload(), Some(format!("{codec} {number} {}", "x".repeat(100)).as_bytes()));
        assert_eq!(message.timestamp(), Timestamp::CreateTime(1_700_000_000_000 + number as i64));
        let headers: Vec<_> = message.headers().unwrap().iter().map(|header| (header.key, header.value)).collect();
        assert_eq!(headers, [("codec", Some(codec.as_bytes())), ("null", None), ("empty", Some(&b""[..]))]);
    }
}

pub(crate) fn nulls_and_empties_stay_apart(bench: &Bench) {
    let topic = bench.topic(1, &[]);
    let sender = bench.producer(&[]);
    sender.send(BaseRecord::<_, ()>::to(&topic).key("tombstone"));
    sender.send(BaseRecord::<(), _>::to(&topic).payload("no key"));
    sender.send(BaseRecord::to(&topic).key("").payload(""));
    sender.flush();
    let read = bench.read(&topic, 0, 3);
    let parts = read.iter().map(|message| (message.key(), message.payload()));
    let expected = [(Some(&b"tombstone"[..]), None), (None, Some(&b"no key"[..])), (Some(&b""[..]), Some(&b""[..]))];
    assert!(parts.eq(expected), "{read:?}");
}

pub(crate) fn acknowledgements_of_all_kinds(bench: &Bench) {
    let topic = bench.topic(1, &[]);
    for acks in ["0", "1", "all"] {
        let sender = bench.producer(&[("acks", acks)]);
        (0..20).for_each(|_| sender.send(BaseRecord::<(), _>::to(&topic).payload(acks)));
        assert_eq!(sender.flush().len(), 20);
    }
    assert_eq!(payloads(&bench.read(&topic, 0, 60))[40..], ["all"; 20]);
}

pub(crate) fn large_records(bench: &Bench) {
    let topic = bench.topic(1, &[("max.message.bytes", "20000000")]);
    let sender = bench.producer(&[("message.max.bytes", "20000000")]);
    let sizes = [1_000_000, 5_000_000, 10_000_000, 10];
    for (number, size) in sizes.into_iter().enumerate() {
        sender.send(BaseRecord::<(), _>::to(&topic).payload(&vec![number as u8; size]));
    }
    sender.flush();
    let read = bench.read(&topic, 0, 4);
    for (number, (message, size)) in read.iter().zip(sizes).enumerate() {
        let payload = message.payload().unwrap();
        assert!(payload.len() == size && payload.iter().all(|byte| *byte == number as u8), "record {number}");
    }
}

pub(crate) fn a_record_above_the_limit_is_refused(bench: &Bench) {
    let topic = bench.topic(1, &[]);
    let sender = bench.producer(&[("message.max.bytes", "20000000")]);
    sender.send(BaseRecord::<(), _>::to(&topic).payload(&vec![0; 1_048_588]));
    assert_eq!(sender.outcomes(), [Err(Code::MessageSizeTooLarge)]);
    sender.send(BaseRecord::<(), _>::to(&topic).payload(&vec![0; 1_000_000]));
    assert_eq!(sender.flush(), [(0, 0)]);
}

pub(crate) fn watermarks_from_another_client(bench: &Bench) {
    let (topic, group) = (bench.topic(1, &[]), bench.name("group"));
    bench.fill(&topic, 0, 100);
    let other = bench.consumer(&[("group.id", &group)]);
    assert_eq!(other.fetch_watermarks(&topic, 0, PATIENCE).unwrap(), (0, 100));
    other.commit(&place(&topic, 0, Offset::Offset(40)), rdkafka::consumer::CommitMode::Sync).unwrap();
    let third = bench.consumer(&[("group.id", &group)]);
    let committed = third.committed_offsets(place(&topic, 0, Offset::Invalid), PATIENCE).unwrap();
    assert_eq!(committed.elements()[0].offset(), Offset::Offset(40));
}

fn offset_at(bench: &Bench, topic: &str, timestamp: i64) -> Offset {
    let list = place(topic, 0, Offset::Offset(timestamp));
    let found = bench.consumer(&[]).offsets_for_times(list, PATIENCE).unwrap();
    found.elements()[0].offset()
}

/// Record n has the timestamp 1000 (n + 1) (a client takes 0 for none), in many batches of `codec`.
fn fill_by_time(bench: &Bench, topic: &str, codec: &str) {
    let sender = bench.producer(&[("compression.codec", codec), ("batch.num.messages", "40")]);
    for number in 0..200 {
        sender.send(BaseRecord::<(), _>::to(topic).payload("some value").timestamp((number + 1) * 1000));
    }
    sender.flush();
}

pub(crate) fn offsets_by_time(bench: &Bench) {
    let topic = bench.topic(1, &[]);
    assert_eq!(offset_at(bench, &topic, 0), Offset::End);
    fill_by_time(bench, &topic, "none");
    let cases =
        [(0, Offset::Offset(0)), (51_000, Offset::Offset(50)), (51_001, Offset::Offset(51)), (200_001, Offset::End)];
    for (timestamp, expected) in cases {
        assert_eq!(offset_at(bench, &topic, timestamp), expected, "{timestamp}");
    }
}

pub(crate) fn offsets_by_time_in_compressed_batches(bench: &Bench) {
    for codec in CODECS {
        let topic = bench.topic(1, &[]);
        fill_by_time(bench, &topic, codec);
        assert_eq!(offset_at(bench, &topic, 200_001), Offset::End, "{codec}");
        for number in [0, 1, 39, 51, 120, 199] {
            for timestamp in [number * 1000 + 1, (number + 1) * 1000] {
                assert_eq!(offset_at(bench, &topic, timestamp), Offset::Offset(number), "{codec}: {timestamp}");
            }
        }
    }
}

pub(crate) fn seek_tail_and_pause(bench: &Bench) {
    let topic = bench.topic(1, &[]);
    bench.fill(&topic, 0, 100);
    let tail = bench.reader(&topic, 0, Offset::OffsetTail(3), &[]);
    assert_eq!(offsets(&take(&tail, 3)), [97, 98, 99]);
    assert_quiet(&tail);
    let reader = bench.reader(&topic, 0, Offset::Offset(10), &[]);
    assert_eq!(offsets(&take(&reader, 2)), [10, 11]);
    reader.seek(&topic, 0, Offset::Offset(50), PATIENCE).unwrap();
    assert_eq!(offsets(&take(&reader, 2)), [50, 51]);
    let mut paused = TopicPartitionList::new();
    paused.add_partition(&topic, 0);
    reader.pause(&paused).unwrap();
    assert_quiet(&reader);
    reader.resume(&paused).unwrap();
    assert_eq!(offsets(&take(&reader, 1)), [52]);
}

pub(crate) fn a_position_past_the_end_is_reset(bench: &Bench) {
    let topic = bench.topic(1, &[]);
    bench.fill(&topic, 0, 10);
    let reader = bench.reader(&topic, 0, Offset::Offset(5000), &[]);
    assert_eq!(offsets(&take(&reader, 1)), [0]);
}

pub(crate) fn an_idempotent_producer_keeps_order(bench: &Bench) {
    let topic = bench.topic(2, &[]);
    let sender = bench.producer(&[("enable.idempotence", "true"), ("batch.num.messages", "100")]);
    for number in 0..20_000 {
        sender.send(BaseRecord::<(), _>::to(&topic).partition(number % 2).payload(&(number / 2).to_string()));
    }
    assert_eq!(sender.flush().len(), 20_000);
    for partition in 0..2 {
        let expected: Vec<String> = (0..10_000).map(|number: u32| number.to_string()).collect();
        assert_eq!(payloads(&bench.read(&topic, partition, 10_000)), expected);
    }
}

pub(crate) fn small_fetches_read_everything(bench: &Bench) {
    let topic = bench.topic(3, &[]);
    (0..3).for_each(|partition| bench.fill(&topic, partition, 2000));
    let consumer = bench.consumer(&[
        ("fetch.message.max.bytes", "1000"),
        ("fetch.max.bytes", "2000"),
        ("message.max.bytes", "2000"),
        ("receive.message.max.bytes", "5000000"),
    ]);
    let mut all = TopicPartitionList::new();
    (0..3).for_each(|partition| all.add_partition_offset(&topic, partition, Offset::Beginning).unwrap());
    consumer.assign(&all).unwrap();
    let mut next = [0; 3];
    for message in take(&consumer, 6000) {
        let partition = message.partition() as usize;
        assert_eq!(message.offset(), next[partition]);
        next[partition] += 1;
    }
    assert_eq!(next, [2000; 3]);
}

pub(crate) fn a_hundred_partitions(bench: &Bench) {
    let topic = bench.topic(100, &[]);
    let sender = bench.producer(&[]);
    (0..1000).for_each(|number: i32| {
        sender.send(BaseRecord::<(), _>::to(&topic).partition(number % 100).payload("x"));
    });
    sender.flush();
    let consumer = bench.consumer(&[]);
    let mut all = TopicPartitionList::new();
    (0..100).for_each(|partition| all.add_partition_offset(&topic, partition, Offset::Beginning).unwrap());
    consumer.assign(&all).unwrap();
    let mut counts = [0; 100];
    take(&consumer, 1000).iter().for_each(|message| counts[message.partition() as usize] += 1);
    assert_eq!(counts, [10; 100]);
}

pub(crate) fn a_waiting_consumer_is_woken(bench: &Bench) {
    let topic = bench.topic(1, &[]);
    bench.fill(&topic, 0, 1);
    let reader = bench.reader(&topic, 0, Offset::Beginning, &[("fetch.wait.max.ms", "10000")]);
    take(&reader, 1);
    let sender = bench.producer(&[("linger.ms", "0")]);
    let mut fastest = PATIENCE;
    for number in 0..20 {
        let since = Instant::now();
        sender.send(BaseRecord::<(), _>::to(&topic).payload(&format!("{number}")));
        sender.producer.poll(Duration::ZERO);
        assert_eq!(payloads(&take(&reader, 1)), [number.to_string()]);
        fastest = fastest.min(since.elapsed());
    }
    assert!(fastest < Duration::from_millis(50), "{fastest:?}");
}

pub(crate) fn transactions_are_refused(bench: &Bench) {
    let sender = bench.producer(&[("transactional.id", "tidegate")]);
    let error = sender.producer.init_transactions(PATIENCE).unwrap_err();
    assert_eq!(error.rdkafka_error_code(), Some(Code::TransactionalIdAuthorizationFailed), "{error}");
}
