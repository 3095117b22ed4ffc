//! Windows as runs of the engine: P2 from topic to topic, any window over trades in memory, and one that stays open.

use std::thread;
use std::time::Duration;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::cluster::Job;
use crate::engine::{across, end, since_first, start, topics};
use crate::measure::{Measured, grown_mb};
use crate::p2;

/// A window over trades in memory, whose results nobody encodes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Windowed {
    /// how many records
    pub(crate) records: u64,
    /// how many keys they have; 0: the symbols of the trades
    pub(crate) keys: u64,
    /// how many come in a millisecond of their timestamps
    pub(crate) per_ms: u64,
    /// operator and config; none: the same column is decoded, and no more
    pub(crate) window: Option<(String, Value)>,
}

/// What windows take that are all open.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Opened {
    /// how many, each key's counted apart
    pub(crate) windows: u64,
    /// bytes by which the process grew since the first record
    pub(crate) grown: f64,
    /// bytes that the node says it takes
    pub(crate) told: f64,
}

/// P2 from topic to topic.
pub(crate) fn on_kafka(job: &Job) -> Result<Measured> {
    let (source, sink) = topics(job);
    across(&p2::pipeline(&job.group, source, Some(p2::window()), sink), job)
}

fn file(job: &Windowed) -> Value {
    let Windowed { records, keys, per_ms, window } = job;
    let source = json!({ "schema": { "price": "float64!" }, "records": records, "keys": keys, "per_ms": per_ms });
    p2::pipeline("bench", ("memory-source", source), window.clone(), ("memory-sink", json!({ "counts_only": true })))
}

/// A window in memory, on one thread.
pub(crate) fn in_memory(job: &Windowed) -> Result<Measured> {
    end(start(&file(job), None, 1)?)?;
    since_first(job.records)
}

/// A window in memory that is open when all records are in.
pub(crate) fn open(job: &Windowed) -> Result<Opened> {
    let run = start(&file(job), None, 1)?;
    while !run.is_over() {
        thread::sleep(Duration::from_millis(10));
    }
    let grown = grown_mb()? * 1e6;
    let snapshot = run.snapshot();
    let lanes = || snapshot.nodes.iter().flat_map(|node| node.windows.values());
    let windows = lanes().map(|lane| lane.open as u64).sum();
    let told = lanes().map(|lane| lane.bytes as f64).sum();
    end(run)?;
    Ok(Opened { windows, grown, told })
}
