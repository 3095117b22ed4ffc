//! Keeps running accumulators per key, and gives every record with their values after it.
//!
//! `columns` names the accumulators. Each has a `start`, its value before the first record of a key, and a `next`, its
//! value after each record, the first included: an expression over the record and over all accumulators as they were before
//! it. They stand behind the columns of the input, under names that the input does not have. `{"start": "1", "next":
//! "product * n"}` over n = 1, 2, 3 … gives the factorials. `start` may read the first record too.
//!
//! The type of an accumulator is that of its `start`: where `next` gives float64, start with `CAST(0 AS float64)`. It is
//! one value, not a list or a struct.
//!
//! Records are taken in order, each key for itself; all records of a key come to one lane. A record without a key, or one
//! for which an expression fails (an overflow), leaves by `errors` and changes nothing.
//!
//! - **Tombstones** pass, and their key is forgotten: its next record starts anew. That also bounds the state, which
//!   otherwise grows with the number of keys.
//! - **Changes** are taken as records. A windowed key is a key of its own.
//! - **Back-pressure**: takes nothing while what follows is full.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Deserialize;

use super::accumulate::{self, Accumulators, Steps, Values, pick, rounds, state_key};
use super::page::page;
use super::rows::{Failures, place_of, without};
use super::*;
use crate::state::{KeyedStore, Scalar, Table, scalar_column};

/// Config of `scan`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Scan {
    /// Names of the accumulators, and how each starts and goes on.
    columns: Accumulators,
}

/// `scan`
pub(super) static OPERATOR: Operator = Operator {
    name: "scan",
    summary: "Keeps running accumulators per key, and gives every record with their values",
    help: page!("scan.rs"),
    role: Role::Flow,
    family: Family::Flows,
    icon: "sigma",
    scope: Scope::Key,
    value: ValueRole::Made,
    form: Form::of::<Scan>,
    configure: configure::<Scan>,
    examples: EXAMPLES,
};

impl Shape for Scan {
    fn ports(&self) -> Ports {
        let input = InputPort::any("in").only(Carries::Records).by_key();
        Ports { inputs: vec![input], ..Ports::flow(["out"]).failing() }
    }

    fn output(&self, inputs: &[Option<Stream>], report: &mut Report) -> Vec<Option<Stream>> {
        if self.columns.is_empty() {
            report.error("columns", "no accumulators", "name at least one, with its `start` and `next`");
        }
        let [Some(input)] = inputs else { return vec![None] };
        vec![Some(Stream { carries: Carries::Records, ..accumulate::output(&self.columns, input, report) })]
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
        let steps = Steps::new(&self.columns, input)?;
        let source = |column: &Column| match steps.columns().position(|(name, _)| name == column.name) {
            Some(place) => Ok(From::Accumulator(place, column.data.clone())),
            None => place_of(&input.schema, &column.name).map(From::Input),
        };
        let columns = output.schema.columns.iter().map(source).collect::<Result<_, _>>()?;
        let store: KeyedStore<Values> = site.stores.open(site.node)?;
        let parts =
            steps.columns().map(|(name, data)| Column { name: name.to_string(), data: data.clone(), required: false });
        store.lock().name_parts(parts.collect());
        Ok(Body::Flow(Box::new(Running { steps, columns, schema: output.schema.clone(), store })))
    }
}

struct Running {
    steps: Steps,
    /// of the output
    columns: Vec<From>,
    schema: Arc<Schema>,
    store: KeyedStore<Values>,
}

/// Where a column of the output comes from.
enum From {
    Input(usize),
    Accumulator(usize, Type),
}

impl Flow for Running {
    fn process(&mut self, _: usize, batch: Batch, out: &mut Outbox) -> Result<(), Fault> {
        let mut failures = Failures::new();
        let keys: Vec<Option<Cow<'_, [u8]>>> = (0..batch.rows).map(|row| state_key(&batch, row)).collect();
        let keyless = keys.iter().enumerate().filter(|(_, key)| key.is_none());
        failures.extend(keyless.map(|(row, _)| (row, Reason::new("the record has no key"))));
        let keyed = keys.iter().enumerate().filter_map(|(row, key)| Some((row as u32, key.as_deref()?)));
        let mut after: Vec<Option<Values>> = vec![None; batch.rows];
        let mut table = self.store.lock();
        for round in rounds(keyed) {
            self.round(&batch, &round, &keys, &mut table, &mut after, &mut failures)?;
        }
        drop(table);
        let mut columns = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            columns.push(match column {
                From::Input(place) => batch.columns[*place].clone(),
                From::Accumulator(place, data) => {
                    let value =
                        |values: &'_ Option<Values>| values.as_ref().and_then(|values| values.get(*place).cloned());
                    let values: Vec<Scalar> = after.iter().map(|row| value(row).unwrap_or(Scalar::Null)).collect();
                    scalar_column(data, values.iter())?
                }
            });
        }
        drop(keys);
        out.emit(0, without(batch.clone().with_columns(self.schema.clone(), columns), &failures)?);
        out.fail_rows(&batch, failures)
    }
}

impl Running {
    /// Takes rows of different keys one step further.
    fn round(
        &self,
        batch: &Batch,
        rows: &[u32],
        keys: &[Option<Cow<'_, [u8]>>],
        table: &mut Table<Values>,
        after: &mut [Option<Values>],
        failures: &mut Failures,
    ) -> Result<(), Fault> {
        let key = |row: u32| keys[row as usize].as_deref().unwrap_or_default();
        let (dead, alive): (Vec<u32>, Vec<u32>) = rows.iter().partition(|&&row| batch.is_tombstone(row as usize));
        for row in dead {
            table.remove(key(row));
        }
        if alive.is_empty() {
            return Ok(());
        }
        let before = alive.iter().map(|&row| table.get(key(row)).cloned()).collect();
        for (&row, values) in alive.iter().zip(self.steps.take(&pick(batch, &alive)?, before)?) {
            match values {
                Ok(values) => {
                    table.put(key(row), values.clone());
                    after[row as usize] = Some(values);
                }
                Err(reason) => failures.push((row as usize, reason)),
            }
        }
        Ok(())
    }
}

const EXAMPLES: &[Example] = &[
    Example {
        title: "Factorials",
        config: r#"{ "columns": { "product": { "start": "1", "next": "product * n" } } }"#,
        inputs: r#"{ "in": { "schema": { "n": "int64" } } }"#,
        script: r#"
            {"node":"in","ts":1,"key":"a","value":{"n":1}}
            {"node":"in","ts":2,"key":"a","value":{"n":2}}
            {"node":"in","ts":3,"key":"a","value":{"n":3}}
            {"node":"in","ts":4,"key":"a","value":{"n":4}}"#,
        expect: r#"
            {"port":"out","ts":1,"key":"a","value":{"n":1,"product":1}}
            {"port":"out","ts":2,"key":"a","value":{"n":2,"product":2}}
            {"port":"out","ts":3,"key":"a","value":{"n":3,"product":6}}
            {"port":"out","ts":4,"key":"a","value":{"n":4,"product":24}}"#,
    },
    Example {
        title: "Each key for itself; a tombstone forgets its key, a record without a key fails",
        config: r#"{ "columns": { "count": { "start": "0", "next": "count + 1" }, "first": { "start": "n", "next": "first" } } }"#,
        inputs: r#"{ "in": { "schema": { "n": "int64" } } }"#,
        script: r#"
            {"node":"in","ts":1,"key":"a","value":{"n":7}}
            {"node":"in","ts":2,"key":"b","value":{"n":8}}
            {"node":"in","ts":3,"key":"a","value":{"n":9}}
            {"node":"in","ts":4,"key":"a","value":null}
            {"node":"in","ts":5,"key":"a","value":{"n":5}}
            {"node":"in","ts":6,"key":null,"value":{"n":6}}"#,
        expect: r#"
            {"port":"out","ts":1,"key":"a","value":{"n":7,"count":1,"first":7}}
            {"port":"out","ts":2,"key":"b","value":{"n":8,"count":1,"first":8}}
            {"port":"out","ts":3,"key":"a","value":{"n":9,"count":2,"first":7}}
            {"port":"out","ts":4,"key":"a","value":null}
            {"port":"out","ts":5,"key":"a","value":{"n":5,"count":1,"first":5}}
            {"port":"errors","ts":6,"key":null,"value":{"node":"self","reason":"the record has no key"}}"#,
    },
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{Bench, records};
    use super::*;

    fn bench() -> Bench {
        let columns =
            json!({ "sum": { "start": "0", "next": "sum + 10 / n" }, "last": { "start": "0", "next": "sum" } });
        Bench::new(&OPERATOR, json!({ "columns": columns }), &[records(r#"{ "n": "int64" }"#)])
    }

    #[test]
    fn rows_of_a_key_in_one_batch_see_each_other() {
        let mut bench = bench();
        bench.send(&[("a", r#"{"n":1}"#), ("a", r#"{"n":2}"#), ("b", r#"{"n":5}"#), ("a", r#"{"n":10}"#)]);
        let values = [
            r#"{"n":1,"sum":10,"last":0}"#,
            r#"{"n":2,"sum":15,"last":10}"#,
            r#"{"n":5,"sum":2,"last":0}"#,
            r#"{"n":10,"sum":16,"last":15}"#,
        ];
        assert_eq!(bench.values(0), values);
    }

    #[test]
    fn a_row_that_fails_changes_nothing() {
        let mut bench = bench();
        bench.send(&[("a", r#"{"n":1}"#), ("a", r#"{"n":0}"#), ("a", r#"{"n":2}"#), ("", r#"{"n":1}"#)]);
        assert_eq!(bench.values(0), [r#"{"n":1,"sum":10,"last":0}"#, r#"{"n":2,"sum":15,"last":10}"#]);
        let failed =
            [("a".to_string(), "division by zero".to_string()), (String::new(), "the record has no key".into())];
        assert_eq!(bench.failed(), failed);
    }

    #[test]
    fn state_outlives_the_body() {
        let mut bench = bench();
        bench.send(&[("a", r#"{"n":1}"#)]);
        bench.rebuild();
        bench.send(&[("a", r#"{"n":1}"#), ("a", "null"), ("a", r#"{"n":1}"#)]);
        assert_eq!(bench.values(0)[1..], [r#"{"n":1,"sum":20,"last":10}"#, "null", r#"{"n":1,"sum":10,"last":0}"#]);
    }

    #[test]
    fn a_wrong_accumulator_is_told() {
        let input = records(r#"{ "n": "int64", "l": { "list": "int64" } }"#);
        for (columns, message) in [
            (json!({}), "no accumulators"),
            (json!({ "n": { "start": "1", "next": "2" } }), "the input has a column `n` already"),
            (json!({ "a": { "start": "1", "next": "'x'" } }), "`a` starts as int64, and this gives text"),
            (json!({ "a": { "start": "l", "next": "l" } }), "an accumulator holds one value, not a list of int64"),
        ] {
            let mut report = Report::new("n");
            let shape = (OPERATOR.configure)(json!({ "columns": columns })).unwrap();
            shape.output(&[Some(input.clone())], &mut report);
            assert_eq!(report.finish()[0].message, message);
        }
    }

    #[test]
    fn asks_for_what_accumulators_read_whatever_is_wanted() {
        let input = records(r#"{ "n": "int64", "m": "int64", "o": "int64" }"#);
        let config = json!({ "columns": { "a": { "start": "0", "next": "a + n" } } });
        let wanted = Wanted { columns: ["a".to_string(), "m".to_string()].into(), ..Wanted::default() };
        let needs = (OPERATOR.configure)(config).unwrap().needs(0, &[input], &[wanted, Wanted::default()]);
        assert_eq!(needs.columns.into_iter().collect::<Vec<_>>(), ["m", "n"]);
    }
}
