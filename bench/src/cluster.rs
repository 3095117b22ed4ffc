//! Topics: made, filled with trades, and read again to see that all programs wrote the same.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use serde::{Deserialize, Serialize};
use tidegate_core::batch::MAX_ROWS;
use tidegate_core::kafka::{Admin, ClientSettings, Producer, ProducerOptions, TopicOptions, TopicPartition};

use crate::memory;
use crate::trades::Notional;

const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// A topic of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    pub(crate) brokers: String,
    pub(crate) topic: String,
}

/// From topic to topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) from: Place,
    /// the topic to write
    pub(crate) to: String,
    /// the consumer group
    pub(crate) group: String,
    /// how many records there are to read
    pub(crate) records: u64,
}

/// What lies in a topic: how many records, and a hash of keys and, per key, values in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Digest {
    pub(crate) records: u64,
    hash: u64,
}

impl Place {
    pub(crate) fn new(brokers: &str, topic: impl Into<String>) -> Place {
        Place { brokers: brokers.to_string(), topic: topic.into() }
    }

    fn admin(&self) -> Result<Admin> {
        Ok(Admin::open(&ClientSettings::new(&self.brokers), ANSWER_WITHIN)?)
    }

    /// Makes the topic; returns when it can be written and read.
    pub(crate) fn create(&self, partitions: i32) -> Result<()> {
        let admin = self.admin()?;
        admin.create_topic(&self.topic, partitions, 1, &[]).context("a topic for the benchmark")?;
        for partition in 0..partitions {
            let at = TopicPartition::new(self.topic.as_str(), partition);
            let started = Instant::now();
            while let Err(why) = admin.watermarks(&at) {
                ensure!(started.elapsed() < ANSWER_WITHIN, "a new topic is not there: {why}");
                thread::sleep(Duration::from_millis(20));
            }
        }
        Ok(())
    }

    /// Deletes the topic, if it is there.
    pub(crate) fn delete(&self) -> Result<()> {
        self.admin()?.delete_topic(&self.topic)?;
        Ok(())
    }

    /// Deletes the topics that an application of Kafka Streams has made for itself.
    pub(crate) fn delete_internal(&self, application: &str) -> Result<()> {
        let admin = self.admin()?;
        let prefix = format!("{application}-");
        for topic in admin.topics()?.iter().filter(|topic| topic.name.starts_with(&prefix)) {
            admin.delete_topic(&topic.name)?;
        }
        Ok(())
    }

    /// How many records it holds; none where it is not there.
    fn records(&self, admin: &Admin) -> Result<Option<u64>> {
        let Some(partitions) = admin.partitions(&self.topic)? else { return Ok(None) };
        let mut sum = 0;
        for partition in 0..partitions {
            let marks = admin.watermarks(&TopicPartition::new(self.topic.as_str(), partition))?;
            sum += (marks.high - marks.low).max(0) as u64;
        }
        Ok(Some(sum))
    }

    /// Fills the topic with trades, unless they are there from an earlier run.
    pub(crate) fn fill(&self, partitions: i32, records: u64) -> Result<()> {
        let admin = self.admin()?;
        match self.records(&admin)? {
            Some(there) if there == records => return Ok(()),
            Some(_) => {
                admin.delete_topic(&self.topic)?;
                thread::sleep(Duration::from_secs(1));
            }
            None => {}
        }
        self.create(partitions)?;
        let options = ProducerOptions { linger: Duration::from_millis(20), ..ProducerOptions::default() };
        let faults = Arc::new(|fault| eprintln!("{fault}"));
        let producer = Producer::open(&ClientSettings::new(&self.brokers), &options, faults)?;
        let mut writer = producer.topic(&TopicOptions::new(&self.topic))?;
        for number in 0..records.div_ceil(MAX_ROWS as u64) {
            let mut batch = memory::batch(number, 0);
            let left = records - number * MAX_ROWS as u64;
            if left < MAX_ROWS as u64 {
                batch = batch.slice(0, left as usize);
            }
            let mut sent = 0;
            while sent < batch.rows {
                match writer.send(&batch, sent)? {
                    0 => thread::sleep(Duration::from_millis(1)),
                    some => sent += some,
                }
            }
        }
        if !producer.flush(ANSWER_WITHIN) {
            bail!("the broker does not take the records of the benchmark");
        }
        Ok(())
    }

    /// Reads all records that the topic holds; gives their number.
    pub(crate) fn read(&self, mut with: impl FnMut(&BorrowedMessage<'_>) -> Result<()>) -> Result<u64> {
        let admin = self.admin()?;
        let partitions = admin.partitions(&self.topic)?.with_context(|| format!("no topic {}", self.topic))?;
        let records = self.records(&admin)?.unwrap_or(0);
        let consumer: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", &self.brokers)
            .set("broker.address.family", "v4")
            .set("group.id", "bench-digest")
            .set("enable.auto.commit", "false")
            .set("fetch.queue.backoff.ms", "1")
            .create()?;
        let mut list = TopicPartitionList::new();
        for partition in 0..partitions {
            list.add_partition_offset(&self.topic, partition, Offset::Beginning)?;
        }
        consumer.assign(&list)?;
        let (mut left, started) = (records, Instant::now());
        while left > 0 {
            let Some(message) = consumer.poll(Duration::from_secs(1)) else {
                ensure!(started.elapsed() < ANSWER_WITHIN * 4, "records that were written do not come");
                continue;
            };
            with(&message?)?;
            left -= 1;
        }
        Ok(records)
    }
}

/// Reads what P1 wrote.
pub(crate) fn digest(place: &Place) -> Result<Digest> {
    let mut keys: BTreeMap<Vec<u8>, DefaultHasher> = BTreeMap::new();
    let records = place.read(|message| {
        let value: Notional<'_> = serde_json::from_slice(message.payload().context("a record without a value")?)?;
        let key = message.key().unwrap_or_default();
        let hasher = match keys.get_mut(key) {
            Some(hasher) => hasher,
            None => keys.entry(key.to_vec()).or_default(),
        };
        (value.id, value.symbol, value.ts, value.notional.to_bits(), message.timestamp().to_millis()).hash(hasher);
        Ok(())
    })?;
    let mut all = DefaultHasher::new();
    for (key, hasher) in keys {
        (key, hasher.finish()).hash(&mut all);
    }
    Ok(Digest { records, hash: all.finish() })
}
