//! Where a run meets Kafka: one consumer and one producer per cluster, topics to make and to find, and partitions that
//! come and go.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::cell::TaskRef;
use super::outlet::Outlet;
use super::reading::{Fed, Feed};
use super::run::Signals;
use super::workshop::{End, Ends};
use crate::batch::Batch;
use crate::kafka::{
    Acks, Admin, ClientSettings, Compression, FaultSink, PartitionQueue, Partitioner as Client, Producer,
    ProducerOptions, TopicOptions, TopicWriter,
};
use crate::operators::{Partitioner, Sink, Source, TopicSink, TopicSource, Topics};
use crate::plan::Plan;
use crate::problem::Fault;

/// A cluster, by its name in the pipeline.
pub type ClusterSettings = BTreeMap<String, ClientSettings>;

/// The clients of a run.
pub(crate) struct Hub {
    settings: ClusterSettings,
    admins: BTreeMap<String, Arc<Admin>>,
    producers: BTreeMap<String, Arc<Producer>>,
    /// clusters on which some sink does not number its records
    without_numbers: BTreeSet<String>,
    /// sinks on each cluster, and edges through its topics
    sinks: BTreeMap<String, usize>,
    on_fault: FaultSink,
    signals: Arc<Signals>,
    client_id: String,
}

impl Hub {
    pub(crate) fn new(
        settings: ClusterSettings,
        plan: &Plan,
        client_id: &str,
        on_fault: FaultSink,
        signals: Arc<Signals>,
    ) -> Hub {
        let without_numbers = plan.nodes.iter().filter_map(|node| match node.shape.touches() {
            crate::operators::Touches::Writes(sink) if !sink.is_idempotent => Some(sink.cluster),
            _ => None,
        });
        let mut sinks: BTreeMap<String, usize> = BTreeMap::new();
        let through = plan.through.iter().map(|through| through.topic.cluster.clone());
        let written = plan.nodes.iter().filter_map(|node| match node.shape.touches() {
            crate::operators::Touches::Writes(sink) => Some(sink.cluster),
            _ => None,
        });
        written.chain(through).for_each(|cluster| *sinks.entry(cluster).or_default() += 1);
        Hub {
            sinks,
            without_numbers: without_numbers.collect(),
            settings,
            admins: BTreeMap::new(),
            producers: BTreeMap::new(),
            on_fault,
            signals,
            client_id: client_id.to_string(),
        }
    }

    pub(crate) fn settings(&self, cluster: &str) -> Result<&ClientSettings, Fault> {
        self.settings.get(cluster).ok_or_else(|| {
            Fault::user(format!("there is no cluster `{cluster}`")).remedy("name it under `clusters`, with its brokers")
        })
    }

    pub(crate) fn admin(&mut self, cluster: &str) -> Result<Arc<Admin>, Fault> {
        if let Some(admin) = self.admins.get(cluster) {
            return Ok(admin.clone());
        }
        let (settings, signals) = (self.settings(cluster)?, self.signals.clone());
        let admin = Admin::open(settings, settings.patience())?;
        let admin = Arc::new(admin.unless(move || signals.is_told_to_stop.load(Ordering::Acquire)));
        self.admins.insert(cluster.to_string(), admin.clone());
        Ok(admin)
    }

    fn producer(&mut self, cluster: &str) -> Result<Arc<Producer>, Fault> {
        if let Some(producer) = self.producers.get(cluster) {
            return Ok(producer.clone());
        }
        let options = ProducerOptions {
            idempotence: !self.without_numbers.contains(cluster),
            sinks: self.sinks.get(cluster).copied().unwrap_or(1),
            client_id: self.client_id.clone(),
            ..ProducerOptions::default()
        };
        let producer = Producer::open(self.settings(cluster)?, &options, self.on_fault.clone())?;
        self.producers.insert(cluster.to_string(), producer.clone());
        Ok(producer)
    }

    /// Partitions of a topic that is to be written: made where that is asked for.
    pub(crate) fn ensure_topic(&mut self, sink: &TopicSink) -> Result<(), Fault> {
        let admin = self.admin(&sink.cluster)?;
        if admin.partitions(&sink.topic)?.is_some() {
            return Ok(());
        }
        let Some((partitions, replication)) = sink.create else {
            return Err(Fault::user(format!("there is no topic `{}`", sink.topic))
                .remedy("make it, or let the sink make it: `\"create\": {\"partitions\": 4}`"));
        };
        admin.create_topic(&sink.topic, partitions, replication, &[]).map(|_| ())
    }

    /// The topics that a source reads now, with their partitions.
    pub(crate) fn topics_of(
        &mut self,
        source: &TopicSource,
        written: &BTreeSet<String>,
    ) -> Result<Vec<(String, i32)>, Fault> {
        let admin = self.admin(&source.cluster)?;
        match &source.topics {
            Topics::Named(names) => names
                .iter()
                .map(|name| match admin.partitions(name)? {
                    Some(partitions) => Ok((name.clone(), partitions)),
                    None => Err(Fault::user(format!("there is no topic `{name}`"))
                        .remedy("make it, or correct its name; `tidegate topics` lists what there is")),
                })
                .collect(),
            Topics::Matching(pattern) => {
                let whole = regex::Regex::new(&format!("^(?:{pattern})$"))
                    .map_err(|why| Fault::user(format!("the pattern of topics is no regular expression: {why}")))?;
                let topics = admin.topics()?.into_iter();
                let is_read = |name: &str| whole.is_match(name) && !written.contains(name);
                let read = topics.filter(|topic| !topic.is_internal && is_read(&topic.name));
                Ok(read.map(|topic| (topic.name, topic.partitions)).collect())
            }
        }
    }

    /// Waits until nothing is in flight any more.
    pub(crate) fn flush(&self, within: Duration) {
        for producer in self.producers.values() {
            producer.flush(within);
        }
    }
}

/// What stands at the ends of a plan that runs for real.
pub(crate) struct KafkaEnds<'a> {
    pub(crate) hub: &'a mut Hub,
    /// writers whose progress wakes their task, once it is made
    pub(crate) opened: Vec<(usize, u32, Arc<TopicWriterWake>)>,
}

/// Wakes a writer's task. The task is made after its writer.
#[derive(Default)]
pub(crate) struct TopicWriterWake(std::sync::OnceLock<TaskRef>);

impl TopicWriterWake {
    pub(crate) fn set(&self, task: TaskRef) {
        // Made once, with its lane.
        let _ = self.0.set(task);
    }
}

impl Ends for KafkaEnds<'_> {
    fn outlet(&mut self, end: End<'_>, sink: &TopicSink) -> Result<Box<dyn Outlet>, Fault> {
        let lane = end.lane as i32;
        let partitions = match end.through {
            Some(_) => self.hub.admin(&sink.cluster)?.partitions(&sink.topic)?,
            None => None,
        };
        let partitioner = match (end.through, sink.partitioner) {
            (Some(_), _) if partitions == Some(end.lanes as i32) => Client::Lane(lane),
            (Some(_), _) => Client::Murmur2OrLane(lane),
            (None, Partitioner::Murmur2Random) => Client::Murmur2Random,
            (None, Partitioner::Lane) => Client::Lane(lane),
            (None, Partitioner::Random) => Client::Random,
        };
        let options = TopicOptions {
            name: sink.topic.clone(),
            sink: end.node.to_string(),
            acks: acks(&sink.acks),
            compression: compression(&sink.compression),
            partitioner,
        };
        let writer = self.hub.producer(&sink.cluster)?.topic(&options)?;
        let wake = Arc::new(TopicWriterWake::default());
        let waker = wake.clone();
        writer.on_progress(Arc::new(move || {
            if let Some(task) = waker.0.get() {
                task.wake();
            }
        }));
        self.opened.push((end.node, end.lane, wake));
        Ok(Box::new(Writer(writer)))
    }

    fn sink(&mut self, _: End<'_>, mut sink: Box<dyn Sink>) -> Result<Box<dyn Sink>, Fault> {
        sink.flush()?;
        Ok(sink)
    }

    fn source(&mut self, _: End<'_>, source: Box<dyn Source>) -> Result<Option<Box<dyn Source>>, Fault> {
        Ok(Some(source))
    }
}

fn acks(word: &str) -> Option<Acks> {
    match word {
        "all" | "-1" => Some(Acks::All),
        "1" => Some(Acks::Leader),
        "0" => Some(Acks::None),
        _ => None,
    }
}

fn compression(word: &str) -> Option<Compression> {
    match word {
        "none" => Some(Compression::None),
        "gzip" => Some(Compression::Gzip),
        "snappy" => Some(Compression::Snappy),
        "lz4" => Some(Compression::Lz4),
        "zstd" => Some(Compression::Zstd),
        _ => None,
    }
}

struct Writer(TopicWriter);

impl Outlet for Writer {
    fn send(&mut self, batch: &Batch, from: usize) -> Result<usize, Fault> {
        self.0.send(batch, from)
    }

    fn mark(&self) -> u64 {
        self.0.sent()
    }

    fn acknowledged(&mut self) -> Result<u64, Fault> {
        match self.0.fault() {
            Some(fault) => Err(fault),
            None => Ok(self.0.acknowledged()),
        }
    }
}

/// Told of records that retention deleted unread: topic, partition, how many.
pub(crate) type OnGap = Box<dyn Fn(&str, i32, u64) + Send>;

/// A partition's queue as a task reads it.
pub(crate) struct PartitionFeed {
    queue: PartitionQueue,
    /// reading has begun
    gate: Arc<AtomicBool>,
    on_gap: OnGap,
    /// came with records: told when they have been taken
    fault: Option<Fault>,
}

impl PartitionFeed {
    /// Gives nothing before `gate` is set; whoever sets it wakes the readers.
    pub(crate) fn new(queue: PartitionQueue, gate: Arc<AtomicBool>, on_gap: OnGap) -> PartitionFeed {
        PartitionFeed { queue, gate, on_gap, fault: None }
    }
}

impl Feed for PartitionFeed {
    fn take(&mut self, max: usize) -> Result<Fed, Fault> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        if !self.gate.load(Ordering::Acquire) {
            return Ok(Fed::default());
        }
        let taken = self.queue.take(max);
        if let Some(gap) = taken.gap {
            (self.on_gap)(self.queue.topic(), self.queue.partition(), gap.lost());
        }
        let fault = taken.fault.filter(|fault| !fault.may_retry);
        match (fault, taken.batch) {
            (Some(fault), None) => Err(fault),
            (fault, rows) => {
                self.fault = fault;
                Ok(Fed { rows, end: taken.end, is_held_back: false })
            }
        }
    }

    fn low(&self) -> Option<i64> {
        self.queue.low()
    }

    fn high(&self) -> Option<i64> {
        self.queue.high()
    }
}
