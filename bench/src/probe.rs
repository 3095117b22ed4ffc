//! How long a record takes from one topic to another, through whatever program runs between them.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, Producer};
use serde::{Deserialize, Serialize};

use crate::cluster::{Job, Place};
use crate::hand::send;
use crate::trades::trade;

const PATIENCE: Duration = Duration::from_secs(30);

/// What to measure: records go to `job.from`, and come out of `job.to`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Probe {
    pub(crate) job: Job,
    /// records in a second
    pub(crate) rate: u64,
}

/// Latency in milliseconds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

#[derive(Deserialize)]
struct Id {
    id: u64,
}

/// Sends `job.records` at an even rate once the first has come through, and waits for all of them.
pub(crate) fn run(probe: &Probe) -> Result<Latency> {
    let Probe { job, rate } = probe;
    let started = Instant::now();
    let sent: Vec<AtomicU64> = (0..=job.records).map(|_| AtomicU64::new(0)).collect();
    let now = || started.elapsed().as_nanos() as u64;
    let producer: BaseProducer = client(&job.from).set("linger.ms", "0").create()?;
    let consumer: BaseConsumer = client(&job.from).set("group.id", format!("{}-probe", job.group)).create()?;
    let from_here = |place: &Place| {
        let (_, high) = consumer.fetch_watermarks(&place.topic, 0, Duration::from_secs(10))?;
        let mut list = rdkafka::TopicPartitionList::new();
        list.add_partition_offset(&place.topic, 0, rdkafka::Offset::Offset(high))?;
        consumer.assign(&list)?;
        anyhow::Ok(())
    };
    from_here(&Place::new(&job.from.brokers, &job.to))?;
    let produce = |number: u64| {
        let record = trade(number, false);
        sent[number as usize].store(now(), Relaxed);
        send(&producer, &job.from.topic, record.key.as_bytes(), record.value.as_bytes(), record.ts)?;
        producer.poll(Duration::ZERO);
        anyhow::Ok(())
    };
    produce(0)?;
    producer.flush(Duration::from_secs(10))?;
    receive(&consumer)?;
    let mut took = thread::scope(|scope| {
        let sender = scope.spawn(|| {
            let first = Instant::now();
            for number in 1..=job.records {
                let due = Duration::from_nanos(number * 1_000_000_000 / rate);
                thread::sleep(due.saturating_sub(first.elapsed()));
                produce(number)?;
            }
            anyhow::Ok(())
        });
        let mut took = Vec::new();
        for _ in 0..job.records {
            let id = receive(&consumer)?;
            let place = sent.get(id as usize).context("a record that was not sent")?;
            took.push((now() - place.load(Relaxed)) as f64 / 1e6);
        }
        match sender.join() {
            Ok(sent) => sent.map(|()| took),
            Err(_) => bail!("the sender failed"),
        }
    })?;
    // The first tenth warms up.
    took.drain(..took.len() / 10);
    took.sort_by(f64::total_cmp);
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize];
    Ok(Latency { p50: at(0.5), p99: at(0.99) })
}

fn client(place: &Place) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &place.brokers).set("broker.address.family", "v4");
    config
}

fn receive(consumer: &BaseConsumer) -> Result<u64> {
    let started = Instant::now();
    // A poll may end early with nothing.
    let message = loop {
        match consumer.poll(Duration::from_secs(1)) {
            Some(message) => break message?,
            None => ensure!(started.elapsed() < PATIENCE, "a record has not come through in {PATIENCE:?}"),
        }
    };
    let id: Id = serde_json::from_slice(message.payload().context("a record without a value")?)?;
    Ok(id.id)
}
