//! What is found where somebody looks closer: records that pass an edge, and keys of a state store. Keys and values are
//! JSON as the test driver's rows have them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Records that passed an edge while somebody looked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TapSnapshot {
    /// `from->to`
    pub edge: String,
    /// records that passed meanwhile, shown or not
    pub seen: u64,
    /// those that were kept, in the order in which they passed on each lane
    pub rows: Vec<TapRow>,
}

/// A record on an edge.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TapRow {
    /// wall clock when it passed, in milliseconds
    pub at_ms: i64,
    /// its timestamp, in milliseconds
    pub ts: i64,
    /// its key
    pub key: Value,
    /// of a windowed key, start and end, in milliseconds
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<(i64, i64)>,
    /// its value; null is a tombstone
    pub value: Value,
    /// its headers: name, and text or null
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, Option<String>)>,
    /// the topic that it, or what it came from, was read from
    pub topic: String,
    /// the partition; for others than topics the lane
    pub partition: i32,
    /// the offset, by which records before and after a node are matched
    pub offset: i64,
}

/// Part of what a node keeps.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StateSnapshot {
    /// the node
    pub node: String,
    /// keys, or windows of keys, that it keeps, on all lanes
    pub keys: u64,
    /// the question left some out
    pub has_more: bool,
    /// those that were asked for, by key and window
    pub rows: Vec<StateRow>,
}

/// A key of a store.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StateRow {
    /// the lane that keeps it
    pub lane: u32,
    /// the key
    pub key: Value,
    /// of a window, start and end, in milliseconds
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window: Option<(i64, i64)>,
    /// what is kept of it
    pub value: Value,
}
