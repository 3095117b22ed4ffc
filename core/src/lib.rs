//! Tidegate's core. It knows no screen.
//!
//! Value rooms (plain values; no threads, no Kafka, no files, no clock):
//! - [`types`], [`batch`]: columns, schemas, keys; records in columns
//! - [`fields`]: types of config fields that pick their own editor
//! - [`form`]: a config type as fields, to edit, check and print
//! - [`pipeline`]: the drawn graph: file, edits, differences, parameters
//! - [`expr`]: SQL expressions, checked and evaluated on batches
//! - [`aggregate`]: what groups of records come to: counts, totals, lists
//! - [`plan`]: from a checked pipeline to tasks, queues and the columns that edges carry
//! - [`snapshot`]: what the meters of a run say at one instant
//! - [`check`]: from a drawn pipeline to everything known of it before it runs
//! - [`file_schema`]: the JSON schema of a file
//! - [`problem`]: what was found before running, what happened while running
//! - [`codec`]: bytes of values and keys to columns and back
//! - [`state`]: stores of operators, handed out by name
//! - [`window`]: windows in event time: which a record falls into, when they close
//! - [`lag`]: what to think of how far behind a partition is
//! - [`explain`]: why nothing has come out of a node, told from a snapshot
//! - [`partition`]: which partition a key belongs to
//!
//! Running rooms:
//! - [`engine`]: runs a plan
//! - [`drive`]: the test driver: the same without threads, broker and clock
//! - [`kafka`]: consumers, producers, administration
//! - [`cluster`]: groups of a cluster, watched from outside
//!
//! - [`faces`]: what both faces work with

pub mod aggregate;
pub mod batch;
pub mod check;
pub mod cluster;
pub mod codec;
pub mod drive;
pub mod engine;
pub mod explain;
pub mod expr;
pub mod faces;
pub mod fields;
pub mod file_schema;
pub mod form;
pub mod kafka;
mod key_map;
pub mod lag;
pub mod operators;
pub mod partition;
pub mod pipeline;
pub mod plan;
pub mod problem;
mod slots;
pub mod snapshot;
pub mod state;
#[cfg(test)]
mod testkit;
pub mod types;
pub mod window;
