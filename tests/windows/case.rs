//! A case: a window, its measures, rows that come in; and what comes out, row by row. In JSON as
//! `tests/kafka-streams/src/main/java/Windows.java` says.

use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Case {
    #[serde(default)]
    pub(crate) id: u64,
    #[serde(default)]
    pub(crate) name: String,
    pub(crate) window: Option<Window>,
    #[serde(default)]
    pub(crate) emit: Emit,
    pub(crate) rows: Vec<Row>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Window {
    Tumbling { size_ms: i64, grace_ms: i64 },
    Hopping { size_ms: i64, advance_ms: i64, grace_ms: i64 },
    Sliding { difference_ms: i64, grace_ms: i64 },
    Session { gap_ms: i64, grace_ms: i64 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Emit {
    #[default]
    OnUpdate,
    OnClose,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) key: Option<String>,
    pub(crate) value: Option<i64>,
    pub(crate) ts: i64,
}

/// What one row has caused.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Caused {
    pub(crate) out: Vec<Out>,
    /// windows that it was too late for, and one where it was left out
    pub(crate) drops: u64,
}

/// A result.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) struct Out {
    pub(crate) key: String,
    /// none without windows
    #[serde(default)]
    pub(crate) start: Option<i64>,
    #[serde(default)]
    pub(crate) end: Option<i64>,
    /// the values folded, in order; none for a tombstone
    pub(crate) value: Option<Vec<Option<i64>>>,
    pub(crate) ts: i64,
}

/// What the reference answers.
#[derive(Debug, Deserialize)]
pub(crate) struct Answer {
    #[serde(default)]
    pub(crate) id: u64,
    #[serde(default)]
    out: Vec<Placed>,
    #[serde(default)]
    drops: Vec<u64>,
    #[serde(default)]
    pub(crate) error: Option<Value>,
}

/// A result, and the row at which it came.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Placed {
    pub(crate) row: usize,
    #[serde(flatten)]
    pub(crate) out: Out,
}

impl Answer {
    /// Row by row.
    pub(crate) fn caused(self, rows: usize) -> Vec<Caused> {
        let drops = self.drops.into_iter().chain(std::iter::repeat(0)).take(rows);
        let mut caused: Vec<Caused> = drops.map(|drops| Caused { out: Vec::new(), drops }).collect();
        self.out.into_iter().for_each(|placed| caused[placed.row].out.push(placed.out));
        caused
    }
}

impl Case {
    /// The reference leaves open in which order several results come that one row brings about by closing windows.
    pub(crate) fn comparable(&self, mut caused: Vec<Caused>) -> Vec<Caused> {
        if self.emit == Emit::OnClose {
            caused.iter_mut().for_each(|row| row.out.sort());
        }
        caused
    }
}
