//! What the engine promises, tried on threads and without a broker: sources, sinks and failing nodes of our own.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};
use std::time::{Duration, Instant};

use arrow_array::cast::AsArray;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::run::{Inner, lock};
use super::*;
use crate::batch::{Batch, Origin, bytes_column};
use crate::form::Form;
use crate::operators::*;
use crate::problem::Fault;
use crate::testkit::{checked, file, node};
use crate::types::{Column, KeyFormat, Schema, Stream, Type};

mod commits;
mod ends;
mod failures;
mod lanes;
mod members;
mod mocked;
mod pressure;
mod starts;
mod stops;
mod stuck;
mod supervision;
mod watching;

use std::sync::Arc;

/// Makes numbered rows with text of a given length beside them.
static ROWS: Operator = Operator {
    name: "rows",
    summary: "",
    help: "",
    role: Role::Source,
    family: Family::Sources,
    icon: "cube",
    scope: Scope::Record,
    value: ValueRole::Made,
    form: Form::of::<Rows>,
    configure: |config| Ok(Box::new(ConfigError::read::<Rows>(config)?)),
    examples: &[],
};

/// Keeps what it is given, slowly where that is asked for.
static KEEP: Operator = Operator {
    name: "keep",
    summary: "",
    help: "",
    role: Role::Sink,
    family: Family::Sinks,
    icon: "cube",
    scope: Scope::Record,
    value: ValueRole::Kept,
    form: Form::of::<Keep>,
    configure: |config| Ok(Box::new(ConfigError::read::<Keep>(config)?)),
    examples: &[],
};

/// Passes rows on, up to one at which it panics or fails.
static BOOM: Operator = Operator {
    name: "boom",
    summary: "",
    help: "",
    role: Role::Flow,
    family: Family::Flows,
    icon: "cube",
    scope: Scope::Record,
    value: ValueRole::Kept,
    form: Form::of::<Boom>,
    configure: |config| Ok(Box::new(ConfigError::read::<Boom>(config)?)),
    examples: &[],
};

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Rows {
    count: i64,
    /// length of the text in each row
    #[serde(default)]
    bytes: usize,
    #[serde(default = "one")]
    keys: i64,
    /// name under which calls are counted, where some fail
    #[serde(default)]
    name: String,
    #[serde(default)]
    fails_every: Option<u64>,
    #[serde(default)]
    seeks: bool,
}

fn one() -> i64 {
    1
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keep {
    /// name under which [`kept`] finds the rows
    name: String,
    /// how long it takes for a batch
    #[serde(default)]
    delay_us: u64,
    /// the most rows that count as kept until the sink is flushed
    #[serde(default)]
    fails_at: Option<i64>,
    /// each so manieth call fails
    #[serde(default)]
    fails_every: Option<u64>,
    #[serde(default)]
    fails: Fails,
    /// numbers that can be divided by it cannot be written
    #[serde(default)]
    refuses: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Fails {
    /// in the middle of a batch
    #[default]
    Write,
    Panic,
    Flush,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Boom {
    at: i64,
    how: How,
    /// name under which calls are counted, where it fails but once
    #[serde(default)]
    once: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum How {
    Panic,
    Fault,
    Record,
}

impl Shape for Rows {
    fn ports(&self) -> Ports {
        Ports::source()
    }

    fn output(&self, _: &[Option<Stream>], _: &mut Report) -> Vec<Option<Stream>> {
        let columns = vec![Column::required("n", Type::Int64), Column::required("pad", Type::Text)];
        vec![Some(Stream::records(Arc::new(Schema::new(columns)), KeyFormat::Text))]
    }

    fn build(&self, site: &Site<'_>) -> Result<Body, Fault> {
        let columns = site.output(0)?.schema.clone();
        let source = MakeRows { rows: self.clone(), columns, next: 0 };
        Ok(Body::Source(Box::new(source), Ingest { format: None, time: Default::default() }))
    }
}

struct MakeRows {
    rows: Rows,
    columns: Arc<Schema>,
    next: i64,
}

impl Source for MakeRows {
    fn pull(&mut self, max: usize, _: i64) -> Result<Pulled, Fault> {
        if let Some(every) = self.rows.fails_every {
            match call(&self.rows.name) {
                number if number.is_multiple_of(2 * every) => panic!("a defect"),
                number if number.is_multiple_of(every) => return Err(Fault::outside("the line is dead")),
                _ => {}
            }
        }
        let numbers: Vec<i64> = (self.next..self.rows.count).take(max).collect();
        if numbers.is_empty() {
            return Ok(Pulled::End);
        }
        let keys: Vec<String> = numbers.iter().map(|n| format!("k{}", n % self.rows.keys)).collect();
        let keys = bytes_column(keys.iter().map(|key| Some(key.as_bytes())));
        let origin = Origin::made_here(self.next, numbers.len());
        self.next += numbers.len() as i64;
        let column = |column: &Column| -> arrow_array::ArrayRef {
            match column.name.as_str() {
                "n" => Arc::new(arrow_array::Int64Array::from(numbers.clone())),
                _ => {
                    let pad = "x".repeat(self.rows.bytes);
                    Arc::new(numbers.iter().map(|_| Some(pad.as_str())).collect::<arrow_array::StringViewArray>())
                }
            }
        };
        let columns = self.columns.columns.iter().map(column).collect();
        let batch = Batch::bare(keys, numbers.into(), origin).with_columns(self.columns.clone(), columns);
        Ok(Pulled::Rows(batch))
    }

    fn seek(&mut self, offset: i64) -> Result<bool, Fault> {
        self.next = offset;
        Ok(self.rows.seeks)
    }
}

/// How often somebody was called, over all restarts, this time among them.
fn call(name: &str) -> u64 {
    static CALLS: LazyLock<Mutex<HashMap<String, u64>>> = LazyLock::new(Mutex::default);
    let mut calls = lock(&CALLS);
    let count = calls.entry(name.into()).or_default();
    *count += 1;
    *count
}

/// Timestamps of rows, which are their numbers, by the sink's name.
static KEPT: LazyLock<Mutex<HashMap<String, Vec<i64>>>> = LazyLock::new(Mutex::default);

fn kept(name: &str) -> Vec<i64> {
    lock(&KEPT).get(name).cloned().unwrap_or_default()
}

impl Shape for Keep {
    fn ports(&self) -> Ports {
        Ports::sink().failing()
    }

    fn output(&self, _: &[Option<Stream>], _: &mut Report) -> Vec<Option<Stream>> {
        Vec::new()
    }

    fn needs(&self, _: usize, _: &[Stream], _: &[Wanted]) -> Wanted {
        Wanted::all()
    }

    fn build(&self, _: &Site<'_>) -> Result<Body, Fault> {
        Ok(Body::Sink(Box::new(self.clone())))
    }
}

impl Keep {
    fn fails(&self, how: Fails) -> bool {
        let is_counted = self.fails == how || (self.fails == Fails::Panic && how == Fails::Write);
        self.fails_every.is_some_and(|every| is_counted && call(&self.name).is_multiple_of(every))
    }

    fn keep(&self, batch: &Batch) {
        let is_sum = |column: &Column| column.name == "sum";
        if let Some(place) = batch.schema.columns.iter().position(is_sum) {
            let sums = batch.columns[place].as_primitive::<arrow_array::types::Int64Type>().values().to_vec();
            lock(&KEPT).entry(format!("{} sums", self.name)).or_default().extend(sums);
        }
        lock(&KEPT).entry(self.name.clone()).or_default().extend(batch.timestamps.iter());
    }
}

impl Sink for Keep {
    fn write(&mut self, batch: Batch, out: &mut Outbox) -> Result<(), Fault> {
        std::thread::sleep(Duration::from_micros(self.delay_us));
        if let Some(at) = self.fails_at
            && batch.timestamps.contains(&at)
        {
            return Err(Fault::outside("the disk is full"));
        }
        let is_refused = |row: &u32| self.refuses.is_some_and(|by| batch.timestamps[*row as usize] % by == 0);
        let (bad, good): (Vec<u32>, Vec<u32>) = (0..batch.rows as u32).partition(is_refused);
        out.fail_rows(&batch, bad.into_iter().map(|row| (row as usize, Reason::new("refused"))).collect())?;
        let batch = batch.take(&good).map_err(|why| Fault::ours(why.to_string()))?;
        if self.fails(Fails::Write) {
            self.keep(&batch.slice(0, batch.rows / 2));
            match self.fails {
                Fails::Panic => panic!("a defect"),
                _ => return Err(Fault::outside("the disk is full")),
            }
        }
        self.keep(&batch);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Fault> {
        match self.fails(Fails::Flush) {
            true => Err(Fault::outside("the disk is gone")),
            false => Ok(()),
        }
    }
}

impl Shape for Boom {
    fn ports(&self) -> Ports {
        Ports::flow(["out"]).failing()
    }

    fn output(&self, inputs: &[Option<Stream>], _: &mut Report) -> Vec<Option<Stream>> {
        inputs.to_vec()
    }

    fn build(&self, _: &Site<'_>) -> Result<Body, Fault> {
        Ok(Body::Flow(Box::new(self.clone())))
    }
}

impl Flow for Boom {
    fn process(&mut self, _: usize, batch: Batch, out: &mut Outbox) -> Result<(), Fault> {
        let is_over = |name: &String| call(name) > 1;
        match batch.timestamps.iter().position(|&time| time == self.at) {
            Some(_) if self.once.as_ref().is_some_and(is_over) => out.emit(0, batch),
            None => out.emit(0, batch),
            Some(_) if self.how == How::Panic => panic!("a defect"),
            Some(_) if self.how == How::Fault => return Err(Fault::outside("a fault")),
            Some(row) => {
                out.fail_rows(&batch, vec![(row, Reason::new("a bad record"))])?;
                let others: Vec<u32> = (0..batch.rows as u32).filter(|&other| other as usize != row).collect();
                out.emit(0, batch.take(&others).map_err(|why| Fault::ours(why.to_string()))?);
            }
        }
        Ok(())
    }
}

fn rows(id: &str, count: i64) -> Value {
    node(id, "rows", json!({ "count": count }))
}

fn keep(id: &str, name: &str) -> Value {
    node(id, "keep", json!({ "name": name }))
}

/// Starts a file on threads.
fn start(file: &Value, change: impl FnOnce(&mut RunOptions)) -> Run {
    try_start(file, change).expect("nothing keeps it from starting")
}

fn try_start(file: &Value, change: impl FnOnce(&mut RunOptions)) -> Result<Run, Fault> {
    let (pipeline, checked) = checked(file, &[&ROWS, &KEEP, &BOOM]);
    let plan = crate::plan::Drawn::new(&pipeline, &checked).plan(&[]);
    let mut options = RunOptions::new(&pipeline, &checked, Default::default());
    options.threads = 2;
    change(&mut options);
    Run::start(plan, options)
}

/// Waits for the end of a run that must have one.
fn end_of(run: Run) -> Outcome {
    let until = Instant::now() + Duration::from_secs(60);
    while !run.is_over() {
        if Instant::now() > until {
            let snapshot = run.snapshot();
            run.abort();
            panic!("it stands still: {snapshot:#?}");
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    run.wait()
}

/// Runs a file to its end.
fn run(file: &Value) -> Outcome {
    end_of(start(file, |_| {}))
}

fn inner(run: &Run) -> Arc<Inner> {
    run.attempt()
}
