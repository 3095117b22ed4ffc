//! While what follows is busy, keeps only the newest record of each key.
//!
//! A conflate stands between two tasks. As long as the node behind takes records as they come, all pass. While it is busy,
//! a record replaces the one of its key that still waits, and takes its place in the line; the replaced are counted as
//! drops (`conflated`). So a slow reader sees each key's newest state and never falls behind by more than one record a key.
//! With `"per": "lane"` there is one place for all records of a lane, whatever their key. Records without a key are one key.
//!
//! `columns` gathers what is replaced: accumulators as in `scan`, which start anew with every record that begins to wait.
//! `{"start": "0", "next": "count + 1"}` tells how many records each one stands for. A record for which they fail leaves by
//! `errors` and replaces nothing.
//!
//! A record that leaves is the newest that came: its value, timestamp, headers and offset. With `columns`, all records that
//! it stands for are read again after a crash, without them only those that wait.
//!
//! - **Tombstones and changes**: a tombstone replaces what waits, as any record; accumulators start anew behind it.
//! - **Emits** when what follows asks. **Back-pressure**: when `size` keys or `bytes` wait and a record of another key
//!   comes. **End**: when what waits has left.

mod line;

use std::borrow::Cow;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::line::{Line, Waiting, gather};
use super::accumulate::{self, Accumulators, Steps, Values, pick, rounds, state_key};
use super::page::page;
use super::rows::{Failures, place_of};
use super::*;
use crate::fields::ByteSize;
use crate::state::{Scalar, scalar_column};

/// Config of `conflate`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Conflate {
    /// What has one place: each key, or the whole lane.
    #[serde(default)]
    per: Per,
    /// Accumulators over the records that one stands for: names, and how each starts and goes on.
    #[serde(default)]
    columns: Accumulators,
    /// How many keys may wait, on each lane.
    #[serde(default = "usual_size")]
    #[schemars(range(min = 1, max = 100_000_000))]
    size: u64,
    /// How many bytes may wait, on each lane.
    #[serde(default = "usual_bytes")]
    bytes: ByteSize,
}

/// What has one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Per {
    /// each key
    #[default]
    Key,
    /// all records of a lane together
    Lane,
}

fn usual_size() -> u64 {
    4096
}

fn usual_bytes() -> ByteSize {
    ByteSize::from_bytes(16 << 20)
}

/// `conflate`
pub(super) static OPERATOR: Operator = Operator {
    name: "conflate",
    summary: "While what follows is busy, keeps only the newest record of each key",
    help: page!("mod.rs"),
    role: Role::Flow,
    family: Family::Flows,
    icon: "arrows-in-line-horizontal",
    scope: Scope::Lane,
    value: ValueRole::Made,
    form: Form::of::<Conflate>,
    configure: configure::<Conflate>,
    examples: EXAMPLES,
};

impl Shape for Conflate {
    fn ports(&self) -> Ports {
        Ports::flow(["out"]).failing().queue()
    }

    fn output(&self, inputs: &[Option<Stream>], report: &mut Report) -> Vec<Option<Stream>> {
        if self.size == 0 {
            report.error("size", "at least one record waits", "give 1 or more");
        }
        let [Some(input)] = inputs else { return vec![None] };
        vec![Some(accumulate::output(&self.columns, input, report))]
    }

    fn needs(&self, _: usize, inputs: &[Stream], wanted: &[Wanted]) -> Wanted {
        let mut needs = Wanted::union(wanted);
        needs.columns.retain(|column| self.columns.get(column).is_none());
        if let Some(input) = inputs.first() {
            needs.columns.extend(accumulate::reads(&self.columns, input));
        }
        needs
    }

    fn build(&self, site: &Site<'_>) -> Result<Body, Fault> {
        let (input, output) = (site.input(0)?, site.output(0)?);
        let steps = (!self.columns.is_empty()).then(|| Steps::new(&self.columns, input)).transpose()?;
        let accumulator = |name: &str| self.columns.names().position(|known| known == name);
        let source = |column: &Column| match accumulator(&column.name) {
            Some(place) => Ok(From::Accumulator(place, column.data.clone())),
            None => place_of(&input.schema, &column.name).map(From::Input),
        };
        Ok(Body::Queue(Box::new(Running {
            per: self.per,
            steps,
            columns: output.schema.columns.iter().map(source).collect::<Result<_, _>>()?,
            schema: output.schema.clone(),
            line: Line::default(),
            most_rows: usize::try_from(self.size).unwrap_or(usize::MAX).max(1),
            most_bytes: usize::try_from(self.bytes.to_bytes()).unwrap_or(usize::MAX),
        })))
    }
}

struct Running {
    per: Per,
    steps: Option<Steps>,
    /// of the output
    columns: Vec<From>,
    schema: Arc<Schema>,
    line: Line,
    most_rows: usize,
    most_bytes: usize,
}

/// Where a column of the output comes from.
enum From {
    Input(usize),
    Accumulator(usize, Type),
}

impl Queue for Running {
    fn offer(&mut self, batch: Batch, _: i64, out: &mut Outbox) -> Result<Option<Batch>, Fault> {
        let batch = Arc::new(batch.compact());
        let sizes = batch.row_bytes();
        let keys: Vec<Option<Cow<'_, [u8]>>> = (0..batch.rows).map(|row| self.key(&batch, row)).collect();
        let values = self.accumulate(&batch, &keys)?;
        let mut failures = Failures::new();
        let mut rest = None;
        for (row, values) in values.into_iter().enumerate() {
            let values = match values {
                Ok(values) => values,
                Err(reason) => {
                    failures.push((row, reason));
                    continue;
                }
            };
            let key = keys[row].as_deref();
            let is_known = self.line.find(key).is_some();
            let line = &self.line;
            let has_room =
                line.is_empty() || (line.len() < self.most_rows && line.bytes + sizes[row] <= self.most_bytes);
            if !is_known && !has_room {
                rest = Some(batch.slice(row, batch.rows - row));
                break;
            }
            out.drops.count("conflated", u64::from(is_known));
            self.line.put(key, Waiting::new(&batch, row, sizes[row], values));
        }
        self.line.keep_less(batch.rows)?;
        out.fail_rows(&batch, failures)?;
        Ok(rest)
    }

    fn take(&mut self, max: usize, _: i64) -> Result<Option<Batch>, Fault> {
        let taken = self.line.take(max);
        if taken.is_empty() {
            return Ok(None);
        }
        let mut batch = gather(&taken)?;
        batch.position.offset = taken.iter().map(Waiting::oldest).collect::<Vec<_>>().into();
        let column = |column: &From| match column {
            From::Input(place) => Ok(batch.columns[*place].clone()),
            From::Accumulator(place, data) => {
                let value = |waiting: &'_ Waiting| waiting.values.as_ref()?.get(*place).cloned();
                let values: Vec<Scalar> = taken.iter().map(|waiting| value(waiting).unwrap_or(Scalar::Null)).collect();
                scalar_column(data, values.iter())
            }
        };
        let columns = self.columns.iter().map(column).collect::<Result<_, Fault>>()?;
        Ok(Some(batch.with_columns(self.schema.clone(), columns)))
    }

    fn level(&self) -> Level {
        Level {
            rows: self.line.len(),
            bytes: self.line.bytes,
            capacity: self.most_rows,
            capacity_bytes: self.most_bytes,
        }
    }

    fn needs(&self) -> Vec<(u32, i64)> {
        self.line.needs()
    }
}

impl Running {
    /// What has one place: none is the place of all records without a key, or of the whole lane.
    fn key<'b>(&self, batch: &'b Batch, row: usize) -> Option<Cow<'b, [u8]>> {
        match self.per {
            Per::Key => state_key(batch, row),
            Per::Lane => None,
        }
    }

    /// The accumulators after each row, as if all of them found a place; none where there are no accumulators, and after
    /// a tombstone.
    fn accumulate(
        &self,
        batch: &Batch,
        keys: &[Option<Cow<'_, [u8]>>],
    ) -> Result<Vec<Result<Option<Values>, Reason>>, Fault> {
        let mut results = vec![Ok(None); batch.rows];
        let Some(steps) = &self.steps else { return Ok(results) };
        let mut newest: HashMap<Option<&[u8]>, Option<Values>, RandomState> = HashMap::default();
        let rows = keys.iter().enumerate().map(|(row, key)| (row as u32, key.as_deref()));
        for round in rounds(rows) {
            let (dead, alive): (Vec<u32>, Vec<u32>) =
                round.into_iter().partition(|&row| batch.is_tombstone(row as usize));
            for row in dead {
                newest.insert(keys[row as usize].as_deref(), None);
            }
            let known = |key| match newest.get(&key) {
                Some(values) => values.clone(),
                None => self.line.find(key).and_then(|waiting| waiting.values.clone()),
            };
            let before = alive.iter().map(|&row| known(keys[row as usize].as_deref())).collect();
            let after = steps.take(&pick(batch, &alive)?, before)?;
            for (row, values) in alive.into_iter().zip(after) {
                if let Ok(values) = &values {
                    newest.insert(keys[row as usize].as_deref(), Some(values.clone()));
                }
                results[row as usize] = values.map(Some);
            }
        }
        Ok(results)
    }
}

const EXAMPLES: &[Example] = &[
    Example {
        title: "While what follows stands still, the newest of each key waits",
        config: "{}",
        inputs: r#"{ "in": { "schema": { "n": "int64" } } }"#,
        script: r#"
            {"hold":"out"}
            {"node":"in","ts":1,"key":"a","value":{"n":1}}
            {"node":"in","ts":2,"key":"b","value":{"n":2}}
            {"node":"in","ts":3,"key":"a","value":{"n":3}}
            {"release":"out","records":2}"#,
        expect: r#"
            {"port":"out","ts":3,"key":"a","value":{"n":3}}
            {"port":"out","ts":2,"key":"b","value":{"n":2}}"#,
    },
    Example {
        title: "One place for all, and how many records each stands for",
        config: r#"{ "per": "lane", "columns": { "count": { "start": "0", "next": "count + 1" } } }"#,
        inputs: r#"{ "in": { "schema": { "n": "int64" } } }"#,
        script: r#"
            {"hold":"out"}
            {"node":"in","ts":1,"key":"a","value":{"n":1}}
            {"node":"in","ts":2,"key":"b","value":{"n":2}}
            {"release":"out","records":1}
            {"node":"in","ts":3,"key":"a","value":{"n":3}}
            {"release":"out","records":1}"#,
        expect: r#"
            {"port":"out","ts":2,"key":"b","value":{"n":2,"count":2}}
            {"port":"out","ts":3,"key":"a","value":{"n":3,"count":1}}"#,
    },
];

#[cfg(test)]
mod tests;
