//! Nodes, the tasks in which they run, lane by lane, and edges. Counts are since the start of the run, rates and pressures
//! of the last seconds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::is_zero;
use crate::operators::Role;
use crate::problem::{Fault, RecordPlace};
use crate::window::LaneReport;

/// A node, all lanes together; counts are since the start.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeSnapshot {
    /// its id
    pub id: String,
    /// where it stands
    pub role: Role,
    /// number of its task in [`super::Snapshot::tasks`]; none for a node that is itself a queue
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<usize>,
    /// records that came in, or were read
    pub records_in: u64,
    /// records that went out, `errors` not among them
    pub records_out: u64,
    /// records that failed
    pub errors: u64,
    /// windows that records came too late for, once for each record and window
    #[serde(skip_serializing_if = "is_zero")]
    pub late: u64,
    /// the same counts, per second
    pub rates: Rates,
    /// time that a record takes in this node, where some came in the last seconds
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<LatencySnapshot>,
    /// of a node with windows, what each of its lanes says: stream time and who set it, what is open and what that waits
    /// for, what came in and what became of it; [`crate::explain`] puts it into words
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub windows: BTreeMap<u32, LaneReport>,
    /// of a node with windows, by lane, how many seconds stream time moves on in a second
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub stream_speeds: BTreeMap<u32, f64>,
    /// records left out on purpose, by reason
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub drops: BTreeMap<String, u64>,
    /// how often it failed and started again alone, as sources and sinks do
    #[serde(skip_serializing_if = "is_zero")]
    pub restarts: u64,
    /// what it failed of the last time
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_fault: Option<Fault>,
    /// the last records that failed and were counted, and why
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<FailureSnapshot>,
    /// where the time of the node's task goes, the mean of its lanes
    pub pressure: Pressure,
}

/// Records per second over the last 5 seconds; over the last minute where these are few.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rates {
    /// came in
    pub records_in: f64,
    /// went out
    pub records_out: f64,
    /// failed
    pub errors: f64,
    /// missed a window
    pub late: f64,
    /// left out on purpose
    pub drops: f64,
}

/// How long a record takes, in microseconds, over the last seconds; at most an eighth too long.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LatencySnapshot {
    /// the mean
    pub mean_us: f64,
    /// half of the records take no longer
    pub p50_us: f64,
    /// 99 of 100 take no longer
    pub p99_us: f64,
}

/// A record that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureSnapshot {
    /// where it stands
    #[serde(flatten)]
    pub record: RecordPlace,
    /// why
    pub reason: String,
}

/// Where a task's time goes, in milliseconds of each second; busy, idle and back-pressured are together 1000.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
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

/// What is fused to one task: its nodes, and its lanes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TaskSnapshot {
    /// its nodes as they were drawn, in an order in which data flows; none where it is only the end of a through topic
    pub nodes: Vec<String>,
    /// numbers of the tasks that write the queues that it reads
    pub inputs: Vec<usize>,
    /// where its time goes, the mean of its lanes over the last 2 seconds
    pub pressure: Pressure,
    /// the lane with the least rest in one of the last 10 seconds
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worst: Option<WorstLane>,
    /// its lanes
    pub lanes: Vec<LaneSnapshot>,
}

/// The lane with the least rest.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct WorstLane {
    /// its number
    pub lane: u32,
    /// where its time went in that second
    pub pressure: Pressure,
}

/// A task on one lane.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LaneSnapshot {
    /// its number: that of the partition, where partitions are read
    pub lane: u32,
    /// where its time goes, over the last 2 seconds
    pub pressure: Pressure,
    /// rows that wait for it in queues
    pub depth: usize,
    /// rows that may; 0 where it reads no queue
    pub capacity: usize,
    /// how full the fullest of these queues is, of rows or bytes, 0 to 1
    pub fill: f64,
    /// records that it takes in, per second
    pub records_in: f64,
    /// records that leave it, to queues and sinks, per second
    pub records_out: f64,
    /// for how long it has been in one call that does not come back, to a disk or a pipe, in milliseconds; absent where it
    /// is in none
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_call_ms: Option<u64>,
}

/// An edge.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EdgeSnapshot {
    /// `from->to`
    pub id: String,
    /// its two ends run in one task: nothing waits on it
    pub is_fused: bool,
    /// records that wait on it
    pub depth: usize,
    /// records that may
    pub capacity: usize,
    /// how full its fullest lane is, of rows or bytes, 0 to 1
    pub fill: f64,
    /// records per second that its source gives, over the last seconds; edges from the same port carry the same
    pub records: f64,
    /// the topic through which it goes
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<ThroughSnapshot>,
}

impl EdgeSnapshot {
    /// The ports at its two ends, `node.port`.
    pub fn ports(&self) -> (&str, &str) {
        self.id.split_once("->").unwrap_or((&self.id, ""))
    }

    /// The nodes at its two ends.
    pub fn ends(&self) -> (&str, &str) {
        let end_of = |port: &str| port.rfind('.').unwrap_or(port.len());
        let (from, to) = self.ports();
        (&from[..end_of(from)], &to[..end_of(to)])
    }
}

/// A topic in the middle of an edge.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ThroughSnapshot {
    /// its name
    pub topic: String,
    /// records in it that are not done, of all partitions; absent where it is unknown of one
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag: Option<i64>,
}
