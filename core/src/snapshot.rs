//! What the meters of a run say at one instant: a plain value that both faces, the command line and programs read.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::problem::{Fault, RecordPlace};
use crate::window::LaneReport;

/// A run at one instant.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Snapshot {
    /// wall clock, in milliseconds since 1970
    pub at_ms: i64,
    /// nodes, in the file's order
    pub nodes: Vec<NodeSnapshot>,
    /// edges, in the file's order
    pub edges: Vec<EdgeSnapshot>,
    /// partitions that are read
    pub partitions: Vec<PartitionSnapshot>,
    /// records that retention deleted before they were read
    pub lost: u64,
}

/// A node, all lanes together; counts are since the start.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NodeSnapshot {
    /// its id
    pub id: String,
    /// its operator's role: `source`, `flow`, `sink`
    pub role: &'static str,
    /// records that came in, or were read
    pub records_in: u64,
    /// records that went out, `errors` not among them
    pub records_out: u64,
    /// records that failed
    pub errors: u64,
    /// windows that records came too late for, once for each record and window
    #[serde(skip_serializing_if = "is_zero")]
    pub late: u64,
    /// of a node with windows, what each of its lanes says: stream time and who set it, what is open and what that waits
    /// for, what came in and what became of it; [`crate::explain`] puts it into words
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub windows: BTreeMap<u32, LaneReport>,
    /// records left out on purpose, by reason
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub drops: BTreeMap<&'static str, u64>,
    /// how often it failed and started again alone, as sources and sinks do
    #[serde(skip_serializing_if = "is_zero")]
    pub restarts: u64,
    /// what it failed of the last time
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_fault: Option<Fault>,
    /// the last records that failed and were counted, and why
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<FailureSnapshot>,
    /// where the time of the node's tasks goes
    pub pressure: Pressure,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// A record that failed.
#[derive(Debug, Clone, Serialize)]
pub struct FailureSnapshot {
    /// where it stands
    #[serde(flatten)]
    pub record: RecordPlace,
    /// why
    pub reason: String,
}

/// Where a task's time goes, in milliseconds per second since the start; together 1000.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Pressure {
    /// working, or waiting for a thread or a throttle
    pub busy: f64,
    /// nothing to do
    pub idle: f64,
    /// held up by a full queue or client
    pub back_pressured: f64,
    /// of the busy time, waiting for a throttle
    pub limited: f64,
}

/// An edge.
#[derive(Debug, Clone, Default, Serialize)]
pub struct EdgeSnapshot {
    /// `from->to`
    pub id: String,
    /// its two ends run in one task: nothing waits on it
    pub is_fused: bool,
    /// records that wait on it
    pub depth: usize,
    /// records that may
    pub capacity: usize,
}

/// A partition that is read.
#[derive(Debug, Clone, Default, Serialize)]
pub struct PartitionSnapshot {
    /// the node that reads it
    pub node: String,
    /// cluster
    pub cluster: String,
    /// topic
    pub topic: String,
    /// partition
    pub partition: i32,
    /// offset of the next record to read; −1 before the first
    pub position: i64,
    /// the offset up to which everything is done
    pub safe: i64,
    /// the end has been reached
    pub is_at_end: bool,
    /// offset behind the newest record, as the client last heard; −1 where it has not
    pub high: i64,
    /// records behind the safe offset; absent where unknown
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag: Option<i64>,
}
