//! Kafka, by librdkafka: consumers whose partitions are read straight from their own queues, producers that take whole
//! batches, and an administrator. It knows nothing of pipelines: who reads, where to start, what is safe to commit and
//! when to stop, the engine says. Nowhere else is librdkafka seen.
//!
//! - reading: [`Consumer`], [`ConsumerEvents`], [`PartitionQueue`]
//! - writing: [`Producer`], [`TopicWriter`]
//! - asking: [`Admin`]; looking: [`few_records`], [`timestamps`]
//! - [`ClientSettings`]: what all of them are opened with

mod admin;
mod commits;
mod consumer;
mod delivery;
mod faults;
mod ffi;
mod groups;
mod outage;
mod peek;
mod places;
mod polling;
mod producer;
mod queue;
mod records;
mod room;
mod settings;
mod topics;
mod writer;

pub use admin::{Admin, BrokerInfo, TopicInfo, Watermarks};
pub use commits::{Committed, Offset};
pub use consumer::{
    Assigned, Assignor, Consumer, ConsumerEvents, ConsumerOptions, SESSION, Start, TopicPartition, session_timeout,
};
#[cfg(test)]
pub(crate) use ffi::{Code, Mock};
pub use groups::{GroupInfo, Member};
pub use peek::{Few, few_records, timestamps};
pub use producer::{FaultSink, Producer, ProducerOptions};
pub use queue::{Gap, PartitionQueue, Taken, Wake};
pub use settings::{ClientSettings, OWNED_PROPERTIES};
pub use topics::{Acks, Compression, Partitioner, TopicOptions};
pub use writer::TopicWriter;
