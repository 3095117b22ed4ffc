//! A source and a sink in memory, for the engine as any others: what is measured between them is the engine.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use arrow_array::{Array, BinaryViewArray};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tidegate_core::batch::{Batch, MAX_ROWS, Origin, bytes_column};
use tidegate_core::codec::{Encoder, ValueFormat};
use tidegate_core::form::Form;
use tidegate_core::operators::*;
use tidegate_core::problem::Fault;
use tidegate_core::types::{KeyFormat, Schema, Stream};

use crate::measure::first_record;
use crate::trades;

/// Batches that differ; then they come again.
pub(crate) const BATCHES: u64 = 200;
/// The most keys that can be asked for.
pub(crate) const MOST_KEYS: u64 = 1_000_000;

/// Trades from memory.
pub(crate) static SOURCE: Operator = Operator {
    name: "memory-source",
    summary: "Trades from memory",
    help: "",
    role: Role::Source,
    family: Family::Sources,
    icon: "database",
    scope: Scope::Record,
    value: ValueRole::Kept,
    form: Form::of::<MemorySource>,
    configure: |config| Ok(Box::new(ConfigError::read::<MemorySource>(config)?)),
    examples: &[],
};

/// Encodes records, counts them, and drops them.
pub(crate) static SINK: Operator = Operator {
    name: "memory-sink",
    summary: "Encodes records and counts them",
    help: "",
    role: Role::Sink,
    family: Family::Sinks,
    icon: "trash-simple",
    scope: Scope::Record,
    value: ValueRole::Kept,
    form: Form::of::<MemorySink>,
    configure: |config| Ok(Box::new(ConfigError::read::<MemorySink>(config)?)),
    examples: &[],
};

/// What the sinks of this process have taken: records, and bytes of their values.
pub(crate) static TAKEN: (AtomicU64, AtomicU64) = (AtomicU64::new(0), AtomicU64::new(0));

/// How records come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Pace {
    /// as fast as they are taken
    #[default]
    Flood,
    /// one by one, each when the sink has taken the one before
    OneByOne,
    /// one by one, a millisecond apart: the thread sleeps in between, and the machine forgets
    EachMillisecond,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MemorySource {
    schema: Schema,
    /// how many
    records: u64,
    /// how many of ten cannot be read
    #[serde(default)]
    broken_of_ten: u64,
    /// how they come
    #[serde(default)]
    pace: Pace,
    /// how many keys there are: all once, then at random; 0: the symbols of the trades
    #[serde(default)]
    keys: u64,
    /// how many come in a millisecond of their timestamps; 0: the timestamps of the trades, which come again with them
    #[serde(default)]
    per_ms: u64,
    #[serde(skip)]
    format: ValueFormat,
}

impl Shape for MemorySource {
    fn ports(&self) -> Ports {
        Ports::source().failing()
    }

    fn output(&self, _: &[Option<Stream>], _: &mut Report) -> Vec<Option<Stream>> {
        vec![Some(Stream::records(self.schema.clone().into(), KeyFormat::Text))]
    }

    fn format(&self) -> Option<&ValueFormat> {
        Some(&self.format)
    }

    fn build(&self, _: &Site<'_>) -> Result<Body, Fault> {
        let source = Trades {
            batches: (0..BATCHES).map(|number| batch(number, self.broken_of_ten)).collect(),
            given: 0,
            records: self.records,
            pace: self.pace,
            due_ms: 0,
            keys: if self.keys > 0 { keys(self.keys) } else { Vec::new() },
            per_ms: self.per_ms,
        };
        Ok(Body::Source(Box::new(source), Ingest { format: Some(self.format), time: Default::default() }))
    }
}

/// Batch number so and so of the records that come again and again.
pub(crate) fn batch(number: u64, broken_of_ten: u64) -> Batch {
    let rows = MAX_ROWS as u64;
    let first = number * rows;
    let records: Vec<_> = (first..first + rows).map(|n| trades::trade(n, n % 10 < broken_of_ten)).collect();
    let keys = bytes_column(records.iter().map(|record| Some(record.key.as_bytes())));
    let timestamps = records.iter().map(|record| record.ts).collect::<Vec<_>>().into();
    let mut batch = Batch::bare(keys, timestamps, Origin::made_here(first as i64, MAX_ROWS));
    batch.payload = Some(bytes_column(records.iter().map(|record| Some(record.value.as_bytes()))));
    batch
}

/// Which of so many keys a record has: each comes once, scattered, before any comes at random.
fn key(number: u64, keys: u64) -> u64 {
    match number {
        // A prime that is larger than `keys`: none comes twice.
        _ if number < keys => number * 2_654_435_761 % keys,
        _ => trades::splitmix(number) % keys,
    }
}

/// Keys in batches of full size.
fn keys(keys: u64) -> Vec<BinaryViewArray> {
    let rows = MAX_ROWS as u64;
    let batch = |first: u64| {
        let texts: Vec<String> = (first..first + rows).map(|number| format!("key-{:08}", key(number, keys))).collect();
        bytes_column(texts.iter().map(|text| Some(text.as_bytes())))
    };
    (0..MOST_KEYS.div_ceil(rows)).map(|number| batch(number * rows)).collect()
}

struct Trades {
    batches: Vec<Batch>,
    given: u64,
    records: u64,
    pace: Pace,
    due_ms: i64,
    /// by batch, over and over; none: their own
    keys: Vec<BinaryViewArray>,
    per_ms: u64,
}

impl Trades {
    /// The next rows, at most so many, with keys and timestamps as they are to be.
    fn next(&self, most: usize) -> Batch {
        let (number, row) = (self.given / MAX_ROWS as u64, (self.given % MAX_ROWS as u64) as usize);
        let rows = most.min(MAX_ROWS - row);
        let of = |all: usize| (number % all as u64) as usize;
        let batch = &self.batches[of(self.batches.len())];
        let mut batch = if rows == MAX_ROWS { batch.clone() } else { batch.slice(row, rows) };
        if !self.keys.is_empty() {
            batch.keys = self.keys[of(self.keys.len())].slice(row, rows);
        }
        if self.per_ms > 0 {
            let ts = |number: u64| trades::FIRST_MS + (number / self.per_ms) as i64;
            batch.timestamps = (self.given..self.given + rows as u64).map(ts).collect::<Vec<_>>().into();
        }
        batch.origin = Origin::made_here(self.given as i64, rows);
        batch
    }
}

impl Source for Trades {
    fn pull(&mut self, max: usize, now_ms: i64) -> Result<Pulled, Fault> {
        first_record();
        if self.given >= self.records {
            return Ok(Pulled::End);
        }
        match self.pace {
            Pace::OneByOne if TAKEN.0.load(Relaxed) < self.given => return Ok(Pulled::NotBefore(now_ms)),
            Pace::EachMillisecond if now_ms < self.due_ms => return Ok(Pulled::NotBefore(self.due_ms)),
            _ => {}
        }
        self.due_ms = now_ms + 1;
        let left = (self.records - self.given).min(MAX_ROWS as u64) as usize;
        let batch = self.next(if self.pace == Pace::Flood { max.min(left) } else { 1 });
        self.given += batch.rows as u64;
        Ok(Pulled::Rows(batch))
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MemorySink {
    /// how long it takes for a record, in microseconds
    #[serde(default)]
    pause_us: u64,
    /// counts records without encoding them
    #[serde(default)]
    counts_only: bool,
}

impl Shape for MemorySink {
    fn ports(&self) -> Ports {
        Ports::sink()
    }

    fn output(&self, _: &[Option<Stream>], _: &mut Report) -> Vec<Option<Stream>> {
        Vec::new()
    }

    fn needs(&self, _: usize, _: &[Stream], _: &[Wanted]) -> Wanted {
        Wanted::all()
    }

    fn build(&self, site: &Site<'_>) -> Result<Body, Fault> {
        let schema = site.input(0)?.schema.clone();
        let encoder = (!self.counts_only).then(|| Encoder::new(&ValueFormat::default(), schema));
        Ok(Body::Sink(Box::new(Counted { encoder, pause_us: self.pause_us })))
    }
}

struct Counted {
    encoder: Option<Encoder>,
    pause_us: u64,
}

impl Sink for Counted {
    fn write(&mut self, batch: Batch, _: &mut Outbox) -> Result<(), Fault> {
        let (records, bytes) = match &mut self.encoder {
            Some(encoder) => {
                let payload = encoder.encode(&batch).payload;
                (payload.len() - payload.null_count(), payload.lengths().map(u64::from).sum())
            }
            None => (black_box(&batch).rows, 0),
        };
        TAKEN.0.fetch_add(records as u64, Relaxed);
        TAKEN.1.fetch_add(bytes, Relaxed);
        if self.pause_us > 0 {
            thread::sleep(Duration::from_micros(self.pause_us * batch.rows as u64));
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Fault> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_key_comes_once_before_any_comes_again() {
        for keys in [1, 2, 1000, 12_345, 100_000] {
            let first: BTreeSet<u64> = (0..keys).map(|number| key(number, keys)).collect();
            assert!(first.into_iter().eq(0..keys), "{keys}");
            assert!((keys..2 * keys).all(|number| key(number, keys) < keys), "{keys}");
        }
    }
}
