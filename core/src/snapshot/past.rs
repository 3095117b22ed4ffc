//! Samples of the last minutes, so that who attaches late is not blind. All series have the same length, oldest first; a
//! sample that nobody took, since the run is younger or something was not known, is absent.

use serde::{Deserialize, Serialize};

/// Samples of a run, one every so often.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Past {
    /// time that one sample stands for, in milliseconds
    pub every_ms: i64,
    /// wall clock at the end of the newest, in milliseconds
    pub last_ms: i64,
    /// nodes, in the order of the snapshot's
    pub nodes: Vec<NodePast>,
    /// edges, in the order of the snapshot's
    pub edges: Vec<EdgePast>,
    /// partitions that were read
    pub partitions: Vec<PartitionPast>,
}

/// A node's samples.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NodePast {
    /// its id
    pub id: String,
    /// records that came in, or were read, per second
    pub records_in: Vec<Option<f64>>,
    /// records that went out, per second
    pub records_out: Vec<Option<f64>>,
    /// busy milliseconds a second of its task's busiest lane
    pub busy: Vec<Option<f64>>,
    /// back-pressured milliseconds a second of the lane that was so most
    pub back_pressured: Vec<Option<f64>>,
}

/// An edge's samples.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EdgePast {
    /// `from->to`
    pub id: String,
    /// how full its fullest lane was, 0 to 1
    pub fill: Vec<Option<f64>>,
}

/// A partition's samples.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PartitionPast {
    /// the node that reads it
    pub node: String,
    /// cluster
    pub cluster: String,
    /// topic
    pub topic: String,
    /// partition
    pub partition: i32,
    /// records behind
    pub lag: Vec<Option<i64>>,
}
