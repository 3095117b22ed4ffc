//! What a good engineer writes by hand in Rust: rdkafka's `poll`, serde_json structs with only the fields that are used,
//! `send`; with the settings of our own clients where a real Kafka is read.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use arrow_array::Array;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use crate::child::until_told;
use crate::cluster::Job;
use crate::engine::InMemory;
use crate::measure::{Measured, Moment, cpu, peak_mb};
use crate::memory::{BATCHES, batch};
use crate::trades::Trade;

/// P1 over records in memory.
pub(crate) fn in_memory(job: &InMemory) -> Result<Measured> {
    let payloads: Vec<_> = (0..BATCHES).filter_map(|number| batch(number, job.broken_of_ten).payload).collect();
    let first = Moment::now();
    let (mut outputs, mut bytes, mut left) = (0, 0, job.records);
    let mut value = Vec::new();
    for payload in payloads.iter().cycle() {
        let rows = left.min(payload.len() as u64);
        for row in 0..rows as usize {
            let Ok(trade) = serde_json::from_slice::<Trade<'_>>(payload.value(row)) else { continue };
            let Some(output) = trade.p1() else { continue };
            value.clear();
            serde_json::to_writer(&mut value, &output)?;
            outputs += 1;
            bytes += black_box(&value).len() as u64;
        }
        left -= rows;
        if left == 0 {
            break;
        }
    }
    let last = Moment::now();
    Ok(Measured {
        records: job.records,
        outputs,
        bytes,
        cpu_s: (last.cpu - first.cpu).as_secs_f64(),
        wall_s: (last.at - first.at).as_secs_f64(),
        peak_mb: peak_mb()?,
    })
}

fn client(job: &Job) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &job.from.brokers).set("broker.address.family", "v4");
    config
}

/// P1 from topic to topic.
pub(crate) fn on_kafka(job: &Job) -> Result<Measured> {
    let consumer: BaseConsumer = client(job)
        .set("group.id", &job.group)
        .set("auto.offset.reset", "earliest")
        .set("auto.commit.interval.ms", "1000")
        .set("fetch.queue.backoff.ms", "1")
        .set("queued.min.messages", "10000")
        .set("queued.max.messages.kbytes", "8192")
        .set("fetch.message.max.bytes", "1048576")
        .create()?;
    let producer: BaseProducer = client(job)
        .set("linger.ms", "5")
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("partitioner", "murmur2_random")
        .create()?;
    consumer.subscribe(&[&job.from.topic])?;
    let (mut read, mut outputs) = (0, 0);
    let mut value = Vec::new();
    let mut first = None;
    while read < job.records {
        let Some(message) = consumer.poll(Duration::from_millis(100)) else { continue };
        let message = message?;
        first.get_or_insert_with(Instant::now);
        read += 1;
        if read % 256 == 0 {
            producer.poll(Duration::ZERO);
        }
        let trade: Trade<'_> = serde_json::from_slice(message.payload().context("a record without a value")?)?;
        let Some(output) = trade.p1() else { continue };
        value.clear();
        serde_json::to_writer(&mut value, &output)?;
        let timestamp = message.timestamp().to_millis().unwrap_or_default();
        send(&producer, &job.to, message.key().unwrap_or_default(), &value, timestamp)?;
        outputs += 1;
    }
    producer.flush(Duration::from_secs(30))?;
    let wall_s = first.map_or(0.0, |first| first.elapsed().as_secs_f64());
    // Closing commits what was read.
    drop((consumer, producer));
    Ok(Measured { records: read, outputs, bytes: 0, cpu_s: cpu().as_secs_f64(), wall_s, peak_mb: peak_mb()? })
}

/// Sends a record; waits while the client's queue is full.
pub(crate) fn send(producer: &BaseProducer, topic: &str, key: &[u8], value: &[u8], timestamp: i64) -> Result<()> {
    let mut record = BaseRecord::to(topic).key(key).payload(value).timestamp(timestamp);
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                producer.poll(Duration::from_millis(5));
                record = back;
            }
            Err((why, _)) => bail!(why),
        }
    }
}

/// Copies records with the client's defaults until it is told.
pub(crate) fn copy(job: &Job) -> Result<()> {
    let consumer: BaseConsumer =
        client(job).set("group.id", &job.group).set("auto.offset.reset", "earliest").create()?;
    let producer: BaseProducer = client(job).create()?;
    consumer.subscribe(&[&job.from.topic])?;
    let is_told = Arc::new(AtomicBool::new(false));
    let teller = is_told.clone();
    thread::spawn(move || {
        // Standard input that cannot be read has ended, too.
        let _ = until_told();
        teller.store(true, Relaxed);
    });
    println!("true");
    while !is_told.load(Relaxed) {
        let Some(message) = consumer.poll(Duration::from_millis(100)) else { continue };
        let message = message?;
        let (key, value) = (message.key().unwrap_or_default(), message.payload().unwrap_or_default());
        send(&producer, &job.to, key, value, message.timestamp().to_millis().unwrap_or_default())?;
        producer.poll(Duration::ZERO);
    }
    producer.flush(Duration::from_secs(5))?;
    Ok(())
}
