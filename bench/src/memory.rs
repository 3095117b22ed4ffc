//! A source and a sink in memory, for the engine as any others: what is measured between them is the engine.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use arrow_array::Array;
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

/// Trades from memory.
pub(crate) static SOURCE: Operator = Operator {
    name: "memory-source",
    summary: "Trades from memory",
    help: "",
    role: Role::Source,
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

struct Trades {
    batches: Vec<Batch>,
    given: u64,
    records: u64,
    pace: Pace,
    due_ms: i64,
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
        let (number, row) = (self.given / MAX_ROWS as u64 % BATCHES, self.given % MAX_ROWS as u64);
        let left = (self.records - self.given).min(MAX_ROWS as u64 - row);
        let rows = if self.pace == Pace::Flood { max.min(left as usize) } else { 1 };
        let batch = &self.batches[number as usize];
        let mut batch = match rows {
            MAX_ROWS => batch.clone(),
            _ => batch.slice(row as usize, rows),
        };
        batch.origin = Origin::made_here(self.given as i64, rows);
        self.given += rows as u64;
        Ok(Pulled::Rows(batch))
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MemorySink {
    /// how long it takes for a record, in microseconds
    #[serde(default)]
    pause_us: u64,
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
        let encoder = Encoder::new(&ValueFormat::default(), site.input(0)?.schema.clone());
        Ok(Body::Sink(Box::new(Counted { encoder, pause_us: self.pause_us })))
    }
}

struct Counted {
    encoder: Encoder,
    pause_us: u64,
}

impl Sink for Counted {
    fn write(&mut self, batch: Batch, _: &mut Outbox) -> Result<(), Fault> {
        let payload = self.encoder.encode(&batch).payload;
        let bytes: u64 = payload.lengths().map(u64::from).sum();
        TAKEN.0.fetch_add((payload.len() - payload.null_count()) as u64, Relaxed);
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
