//! What operators share with the engine: bodies (a node that runs on one lane), what they are built from, and what
//! they give. Narrow traits; no threads, no Kafka: a topic is only named here, the engine reads and writes it.

use std::any::Any;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use crate::batch::Batch;
use crate::codec::{ValueFormat, WindowKeyReading};
use crate::expr::Failure;
use crate::fields::Time;
use crate::problem::Fault;
use crate::state::Stores;
use crate::types::{KeyFormat, Stream};

/// Where a body is built: the node, its lane, and what the planner found out about its edges.
pub struct Site<'a> {
    /// id of the node
    pub node: &'a str,
    /// number of the lane
    pub lane: u32,
    /// streams at the input ports, with the columns that really come
    pub inputs: &'a [Stream],
    /// streams at the declared output ports, with the columns that are wanted
    pub outputs: &'a [Stream],
    /// the format in which payloads of the first input came in and may pass through as they are
    pub intact: Option<&'a ValueFormat>,
    /// whether each declared output port leads anywhere
    pub connected: &'a [bool],
    /// what the lanes of a node share
    pub shared: &'a Shared,
    /// the same, and what the node has put there stays when the whole run starts again
    pub lasting: &'a Shared,
    /// the lane's stores; a node names its own by its id
    pub stores: &'a Stores,
}

/// What all lanes of a node share in a process: made by the first that asks.
#[derive(Default)]
pub struct Shared(Mutex<HashMap<String, Arc<dyn Any + Send + Sync>>>);

/// What runs.
pub enum Body {
    /// rows in, rows out
    Flow(Box<dyn Flow>),
    /// a queue of its own kind, between two tasks
    Queue(Box<dyn Queue>),
    /// a source that makes or reads its records itself
    Source(Box<dyn Source>, Ingest),
    /// a source on Kafka topics; the engine reads them
    TopicSource(TopicSource, Ingest),
    /// a sink that writes by itself
    Sink(Box<dyn Sink>),
    /// a sink on a Kafka topic: the flow turns rows into rows with payload, the engine writes them
    TopicSink(TopicSink, Box<dyn Flow>),
}

/// Rows in, rows out. Whatever the boundaries of batches, the output is that of one row after the other.
pub trait Flow: Send {
    /// Takes the rows of one input port.
    ///
    /// # Errors
    /// What stops the node; a record that fails goes to [`Outbox::fail`] instead.
    fn process(&mut self, port: usize, batch: Batch, out: &mut Outbox) -> Result<(), Fault>;

    /// How many rows may come in now, of those that are `wanted`; what was granted before and not used is given back.
    /// Asked before rows are taken, and with none wanted when there are none, so that no lane sits on what others need.
    fn grant(&mut self, wanted: usize, now_ms: i64) -> Grant {
        let _ = (wanted, now_ms);
        Grant::ALL
    }

    /// The wall clock has moved; says when it wants to be called next.
    ///
    /// # Errors
    /// As [`Flow::process`].
    fn tick(&mut self, now_ms: i64, out: &mut Outbox) -> Result<Option<i64>, Fault> {
        let _ = (now_ms, out);
        Ok(None)
    }

    /// No row will come any more.
    ///
    /// # Errors
    /// As [`Flow::process`].
    fn end(&mut self, out: &mut Outbox) -> Result<(), Fault> {
        let _ = out;
        Ok(())
    }
}

/// How many rows a flow takes now, and, where it takes fewer than there may be, when to ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// rows
    pub rows: usize,
    /// wall clock, in milliseconds
    pub again_at_ms: Option<i64>,
}

/// A queue between two tasks with rules of its own.
pub trait Queue: Send {
    /// Takes rows in and gives back those for which there is no room. Into `out` go drops and failed records, no rows.
    ///
    /// # Errors
    /// Where a full queue means failure.
    fn offer(&mut self, batch: Batch, now_ms: i64, out: &mut Outbox) -> Result<Option<Batch>, Fault>;

    /// Hands out up to `max` rows that are due.
    ///
    /// # Errors
    /// What stops the node.
    fn take(&mut self, max: usize, now_ms: i64) -> Result<Option<Batch>, Fault>;

    /// What it holds.
    fn level(&self) -> Level;

    /// The smallest offset still held, per slot of [`crate::batch::Position`].
    fn needs(&self) -> Vec<(u32, i64)>;

    /// When the next row is due, where none is now.
    fn due_at_ms(&self) -> Option<i64> {
        None
    }
}

/// How full a queue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Level {
    /// rows held
    pub rows: usize,
    /// their bytes
    pub bytes: usize,
    /// rows that it can hold
    pub capacity: usize,
    /// bytes that it can hold; 0: rows alone count
    pub capacity_bytes: usize,
}

impl Level {
    /// How full it is, of rows or bytes, whichever is fuller: 0 to 1.
    pub fn fill(&self) -> f64 {
        let share = |held: usize, most: usize| if most == 0 { 0.0 } else { (held as f64 / most as f64).min(1.0) };
        share(self.rows, self.capacity).max(share(self.bytes, self.capacity_bytes))
    }
}

/// A source that makes or reads its records itself, on lane 0.
pub trait Source: Send {
    /// Up to `max` rows that are there now.
    ///
    /// # Errors
    /// What stops the node.
    fn pull(&mut self, max: usize, now_ms: i64) -> Result<Pulled, Fault>;

    /// Goes to an offset before the first row, for a source that follows one that has failed; false where it cannot.
    ///
    /// # Errors
    /// What it had once and has no more.
    fn seek(&mut self, offset: i64) -> Result<bool, Fault> {
        let _ = offset;
        Ok(false)
    }
}

/// What a source has.
#[derive(Debug)]
pub enum Pulled {
    /// rows; at least one. With `Ingest::format` they carry payloads and no columns, else columns.
    Rows(Batch),
    /// records that could not be read; at least one
    Failed(Failed),
    /// none before this wall clock, in milliseconds
    NotBefore(i64),
    /// none any more
    End,
}

/// What happens to the records of a source before anybody sees them.
#[derive(Debug, Clone)]
pub struct Ingest {
    /// how payloads become columns; `None`: the source gives columns (rows of scripts are JSON then)
    pub format: Option<ValueFormat>,
    /// what `_timestamp` is
    pub time: Time,
}

/// Topics to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSource {
    /// name of the cluster
    pub cluster: String,
    /// which
    pub topics: Topics,
    /// where to start, where the group has committed nothing
    pub start: Start,
    /// how keys are written together with their windows; none: they have no windows
    pub window_key: Option<WindowKeyReading>,
}

/// Which topics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topics {
    /// by name
    Named(Vec<String>),
    /// those whose whole name the regular expression matches
    Matching(String),
}

/// Where to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Start {
    /// the oldest record
    #[default]
    Earliest,
    /// what comes from now on
    Latest,
    /// this offset, in every partition
    Offset(i64),
    /// the first record at or after this time, in milliseconds
    Timestamp(i64),
    /// nowhere: without a committed offset it is a fault
    Committed,
}

/// A topic to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSink {
    /// name of the cluster
    pub cluster: String,
    /// name of the topic
    pub topic: String,
    /// which partition a record goes to
    pub partitioner: Partitioner,
    /// librdkafka's word: `all`, `1`, `0`
    pub acks: String,
    /// librdkafka's word: `none`, `gzip`, `snappy`, `lz4`, `zstd`
    pub compression: String,
    /// whether the producer numbers its records, so that a retry never doubles one
    pub is_idempotent: bool,
    /// made where it does not exist: partitions and replication
    pub create: Option<(i32, i32)>,
    /// how keys are written, where the sink makes new ones or writes windows with them
    pub new_key: Option<KeyFormat>,
}

/// Which partition a record goes to.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Default, Hash, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Partitioner {
    /// as Java's producer: murmur2 of the key; without a key any, the same for a while
    #[default]
    Murmur2Random,
    /// any
    Random,
    /// the number of the lane, modulo the partitions
    Lane,
}

/// A sink that writes by itself.
pub trait Sink: Send {
    /// Takes rows; they need not be safe yet. Records that cannot be written leave by `out`.
    ///
    /// # Errors
    /// What stops the node.
    fn write(&mut self, batch: Batch, out: &mut Outbox) -> Result<(), Fault>;

    /// Makes safe whatever was written. Called once before the first row, so that what cannot be opened is known at once.
    ///
    /// # Errors
    /// What stops the node.
    fn flush(&mut self) -> Result<(), Fault>;
}

/// What a node gives in one go.
#[derive(Debug, Default)]
pub struct Outbox {
    /// batches by output port, in order
    pub batches: Vec<(usize, Batch)>,
    /// records that failed
    pub failed: Vec<Failed>,
    /// records that were left out on purpose
    pub drops: Drops,
    /// windows that records have missed, whether or not they leave by a port
    pub late: u64,
}

/// Records that failed at a node, and why each did.
#[derive(Debug)]
pub struct Failed {
    /// the records, as they came to the node
    pub batch: Batch,
    /// a reason each
    pub reasons: Vec<Reason>,
}

/// Why a record failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// what happened
    pub reason: String,
    /// the field of the config whose expression failed
    pub field: Option<String>,
    /// bytes of that expression
    pub span: Option<Range<usize>>,
}

/// Records left out on purpose, by reason.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Drops(Vec<(&'static str, u64)>);

impl Shared {
    /// What the node's lanes share under this name.
    pub fn get<T: Any + Send + Sync>(&self, name: &str, make: impl FnOnce() -> T) -> Arc<T> {
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = made.get(name).and_then(|any| any.clone().downcast::<T>().ok()) {
            return found;
        }
        let fresh = Arc::new(make());
        made.insert(name.into(), fresh.clone());
        fresh
    }
}

impl Shared {
    /// What the node's lanes share under this name, if any has made it.
    pub fn find<T: Any + Send + Sync>(&self, name: &str) -> Option<Arc<T>> {
        let made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        made.get(name).and_then(|any| any.clone().downcast().ok())
    }
}

impl<'a> Site<'a> {
    /// The stream at an input port.
    ///
    /// # Errors
    /// A defect of ours: there is no such port.
    pub fn input(&self, port: usize) -> Result<&'a Stream, Fault> {
        self.inputs.get(port).ok_or_else(|| Fault::ours(format!("input port {port} has no stream")))
    }

    /// The stream at a declared output port.
    ///
    /// # Errors
    /// As [`Site::input`].
    pub fn output(&self, port: usize) -> Result<&'a Stream, Fault> {
        self.outputs.get(port).ok_or_else(|| Fault::ours(format!("output port {port} has no stream")))
    }
}

impl Grant {
    /// No limit.
    pub const ALL: Grant = Grant { rows: usize::MAX, again_at_ms: None };
}

impl Outbox {
    /// Rows for an output port; none are not sent.
    pub fn emit(&mut self, port: usize, batch: Batch) {
        if batch.rows > 0 {
            self.batches.push((port, batch));
        }
    }

    /// Rows of a batch whose expression, in this field of the config, failed.
    ///
    /// # Errors
    /// A defect of ours: rows that the batch does not have.
    pub fn fail(&mut self, batch: &Batch, field: &str, failures: Vec<Failure>) -> Result<(), Fault> {
        self.fail_rows(batch, failures.into_iter().map(|failure| (failure.row, Reason::of(field, failure))).collect())
    }

    /// Rows of a batch that failed, whatever the reason. A row that failed several times counts once, by its first reason.
    ///
    /// # Errors
    /// As [`Outbox::fail`].
    pub fn fail_rows(&mut self, batch: &Batch, mut failures: Vec<(usize, Reason)>) -> Result<(), Fault> {
        failures.sort_by_key(|(row, _)| *row);
        failures.dedup_by_key(|(row, _)| *row);
        if failures.is_empty() {
            return Ok(());
        }
        let rows: Vec<u32> = failures.iter().map(|(row, _)| *row as u32).collect();
        let batch = batch.take(&rows).map_err(|why| Fault::ours(why.to_string()))?;
        self.failed.push(Failed { batch, reasons: failures.into_iter().map(|(_, reason)| reason).collect() });
        Ok(())
    }
}

impl Reason {
    /// Why the expression of a field failed.
    pub fn of(field: &str, failure: Failure) -> Reason {
        Reason { reason: failure.reason, field: Some(field.to_string()), span: Some(failure.span) }
    }

    /// A reason that is not an expression's.
    pub fn new(reason: impl Into<String>) -> Reason {
        Reason { reason: reason.into(), field: None, span: None }
    }
}

impl Drops {
    /// Counts records left out.
    pub fn count(&mut self, reason: &'static str, records: u64) {
        match self.0.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, sum)) => *sum += records,
            None if records > 0 => self.0.push((reason, records)),
            None => {}
        }
    }

    /// Takes the counts out.
    pub fn drain(&mut self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.0.drain(..)
    }
}
