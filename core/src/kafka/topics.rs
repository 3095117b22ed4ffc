//! The topics that a producer writes to: their settings, and for each partition the ledger of what is in flight.

use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

use super::delivery::Ledger;
use super::ffi::{self, Client, Code, Failure};
use super::producer::Inner;
use super::queue::lock;
use crate::problem::Fault;

/// How many replicas must have a record before it counts as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acks {
    /// all in-sync replicas
    All,
    /// the partition's leader
    Leader,
    /// none: what is sent counts as written
    None,
}

/// How a topic's batches are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// not at all
    None,
    /// gzip
    Gzip,
    /// snappy
    Snappy,
    /// lz4
    Lz4,
    /// zstd
    Zstd,
}

/// Which partition a record goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Partitioner {
    /// by the key as Java's clients do; those without a key stick to a random one for each send
    #[default]
    Murmur2Random,
    /// by the key as Java's clients do; those without a key to this one, modulo the number of partitions
    Murmur2OrLane(i32),
    /// all to this one, modulo the number of partitions
    Lane(i32),
    /// a random one for each send
    Random,
}

/// A topic to write to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicOptions {
    /// its name
    pub name: String,
    /// the sink that writes it
    pub sink: String,
    /// none: all
    pub acks: Option<Acks>,
    /// none: not at all
    pub compression: Option<Compression>,
    /// which partition a record goes to
    pub partitioner: Partitioner,
}

impl TopicOptions {
    /// A topic whose records all replicas acknowledge, not compressed, partitioned by key; its only sink.
    pub fn new(name: impl Into<String>) -> TopicOptions {
        let name = name.into();
        TopicOptions { sink: name.clone(), name, acks: None, compression: None, partitioner: Partitioner::default() }
    }

    pub(super) fn settings(&self) -> Vec<(&'static str, &'static str)> {
        let acks = self.acks.map(|acks| match acks {
            Acks::All => "all",
            Acks::Leader => "1",
            Acks::None => "0",
        });
        let compression = self.compression.map(|compression| match compression {
            Compression::None => "none",
            Compression::Gzip => "gzip",
            Compression::Snappy => "snappy",
            Compression::Lz4 => "lz4",
            Compression::Zstd => "zstd",
        });
        let acks = acks.map(|word| ("acks", word));
        acks.into_iter().chain(compression.map(|word| ("compression.codec", word))).collect()
    }
}

/// An open topic, shared by its writers.
pub(super) struct Topic {
    pub(super) name: String,
    pub(super) handle: ffi::Topic,
    acks: Option<Acks>,
    compression: Option<Compression>,
    ledgers: RwLock<Arc<[Arc<Mutex<Ledger>>]>>,
}

impl Topic {
    /// The ledgers of all partitions there are.
    pub(super) fn ledgers(&self) -> Arc<[Arc<Mutex<Ledger>>]> {
        match self.ledgers.read() {
            Ok(ledgers) => ledgers.clone(),
            Err(poisoned) => poisoned.into_inner().clone(),
        }
    }

    pub(super) fn ledger(&self, partition: i32) -> Option<Arc<Mutex<Ledger>>> {
        self.ledgers().get(usize::try_from(partition).ok()?).cloned()
    }

    /// Partitions never become fewer.
    fn grow(&self, partitions: i32) {
        let old = self.ledgers();
        let count = usize::try_from(partitions).unwrap_or(0);
        if count > old.len() {
            let fresh = (old.len()..count).map(|_| Arc::default());
            let all = old.iter().cloned().chain(fresh).collect();
            match self.ledgers.write() {
                Ok(mut ledgers) => *ledgers = all,
                Err(poisoned) => *poisoned.into_inner() = all,
            }
        }
    }
}

/// All topics of a producer.
#[derive(Default)]
pub(super) struct Topics {
    all: Mutex<Vec<Arc<Topic>>>,
}

impl Topics {
    pub(super) fn open(&self, producer: &Inner, options: &TopicOptions) -> Result<Arc<Topic>, Fault> {
        if let Some(topic) = find(&lock(&self.all), options)? {
            return Ok(topic);
        }
        // Not under the lock: reports need it.
        let partitions = count_partitions(producer, &options.name)?;
        let mut all = lock(&self.all);
        if let Some(topic) = find(&all, options)? {
            return Ok(topic);
        }
        let handle = ffi::Topic::open(&producer.client, &options.name, &options.settings()).map_err(|why| {
            Fault::user(format!("topic `{}` cannot be written to with these settings ({})", options.name, why.text))
                .remedy("an idempotent producer needs `acks: all`")
        })?;
        let topic = Arc::new(Topic {
            name: options.name.clone(),
            handle,
            acks: options.acks,
            compression: options.compression,
            ledgers: RwLock::new(Arc::from([])),
        });
        topic.grow(partitions);
        all.push(topic.clone());
        Ok(topic)
    }

    /// The topic whose handle this is.
    pub(super) fn at(&self, address: usize) -> Option<Arc<Topic>> {
        lock(&self.all).iter().find(|topic| topic.handle.address() == address).cloned()
    }

    /// Looks whether topics have got more partitions.
    pub(super) fn recount(&self, client: &Client) {
        let all = lock(&self.all).clone();
        for topic in all {
            match topic.handle.state(Duration::from_secs(1)) {
                Ok(Some(state)) if state.code == Code::NONE => topic.grow(state.partitions),
                _ => tracing::debug!(topic = topic.name, fatal = client.fatal().is_some(), "partitions not counted"),
            }
        }
    }
}

/// How long a producer has to reach a broker.
const REACHING: Duration = Duration::from_secs(10);

/// The topic, if it is open, and with these settings.
fn find(all: &[Arc<Topic>], options: &TopicOptions) -> Result<Option<Arc<Topic>>, Fault> {
    match all.iter().find(|topic| topic.name == options.name) {
        Some(topic) if (topic.acks, topic.compression) != (options.acks, options.compression) => {
            Err(Fault::user(format!("two sinks write to topic `{}` with different settings", options.name))
                .remedy("give both the same `acks` and `compression`"))
        }
        found => Ok(found.cloned()),
    }
}

/// The number of partitions of a topic that exists: asking for the one topic alone would create it where brokers do
/// that.
fn count_partitions(producer: &Inner, name: &str) -> Result<i32, Fault> {
    let about = format!("topic `{name}`");
    // One just created has no leader at first.
    let end = Instant::now() + producer.settings.patience();
    let reached_by = Instant::now() + REACHING.min(producer.settings.patience());
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let topics = match producer.client.topics(left.clamp(Duration::from_millis(1), REACHING)) {
            // A broker has the question.
            Err(why) if why.code == Code::TIMED_OUT && !left.is_zero() => continue,
            Err(why) if why.code == Code::TRANSPORT && Instant::now() < reached_by => continue,
            answer => answer.map_err(|why| producer.fault(&about, &why))?,
        };
        let found = topics.into_iter().find(|topic| topic.name == name);
        match found {
            Some(topic) if topic.code == Code::NONE && topic.partitions > 0 => return Ok(topic.partitions),
            Some(topic) if topic.code != Code::LEADER_NOT_AVAILABLE && topic.code != Code::NONE => {
                return Err(producer.fault(&about, &topic.code.into()));
            }
            None => return Err(producer.fault(&about, &Failure::from(Code::UNKNOWN_TOPIC_OR_PARTITION))),
            Some(_) if left.is_zero() => return Err(producer.fault(&about, &Failure::from(Code::TIMED_OUT))),
            Some(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}
