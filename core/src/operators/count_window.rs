//! Aggregates so many records of a key, however long that takes.
//!
//! With `"records": 10` the first ten records of a key make a window, the next ten the next one. With `"advance": 2` a new
//! window begins at every second record, so that windows overlap and each result is over the last ten. A window closes with
//! its last record, whatever the timestamps: no record is late, and no time closes a window.
//!
//! The bounds of a window are numbers of records of the key, from 0 on, the end exclusive: `[0, 10)`, `[10, 20)`. For the
//! time in which they came take `min(_timestamp)` and `max(_timestamp)`; the latter is the timestamp of the result. With
//! `on-update` each record gives the result so far, with `on-close` a window gives one result, when it is full, and, unless
//! `at_end` is `keep`, when the input ends before.
//!
//! - **A record without a key** fails. **Tombstones** are rows of nulls, and count. **Changes** are not taken.
//! - **State**: each key stays, with the number of its records; its aggregates as long as a window is not full.

use schemars::JsonSchema;
use serde::Deserialize;

use super::page::page;
use super::windows::{self, Folds, Results};
use super::*;
use crate::fields::ExprMap;
use crate::window::Kind;

/// Config of `count-window`.
#[derive(Debug, Deserialize, JsonSchema)]
struct Count {
    /// Records of a window.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    records: u64,
    /// From one window's first record to the next one's; as `records` where it is not given.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1_000_000_000))]
    advance: Option<u64>,
    #[serde(flatten)]
    results: Results,
}

/// `count-window`
pub(super) static OPERATOR: Operator = Operator {
    name: "count-window",
    summary: "Aggregates per key, over so many records",
    help: page!("count_window.rs"),
    role: Role::Flow,
    family: Family::Windows,
    icon: "hash",
    scope: Scope::Key,
    value: ValueRole::Made,
    form: Form::of::<Count>,
    configure: windows::configure::<Count>,
    examples: EXAMPLES,
};

impl Folds for Count {
    fn kind(&self) -> Kind {
        Kind::Count { records: self.records, advance: self.advance.unwrap_or(self.records) }
    }

    fn aggregates(&self) -> &ExprMap {
        self.results.aggregates()
    }

    fn results(&self) -> Option<&Results> {
        Some(&self.results)
    }

    fn check(&self, report: &mut Report) {
        if self.advance.is_some_and(|advance| advance > self.records) {
            report.error("advance", "records between windows would be in none", "make it `records` or less");
        }
    }
}

const EXAMPLES: &[Example] = &[
    Example {
        title: "Every three records of a key, and what is left at the end",
        config: r#"{ "records": 3, "aggregates": { "sum": "sum(n)" }, "emit": "on-close", "window_columns": false }"#,
        inputs: r#"{ "in": { "schema": { "n": "int64" } } }"#,
        script: r#"
            {"node":"in","ts":1,"key":"a","value":{"n":1}}
            {"node":"in","ts":9,"key":"a","value":{"n":2}}
            {"node":"in","ts":4,"key":"b","value":{"n":100}}
            {"node":"in","ts":5,"key":"a","value":{"n":3}}
            {"node":"in","ts":6,"key":"a","value":{"n":4}}
            {"end":"in"}"#,
        expect: r#"
            {"port":"out","ts":9,"key":"a","window":{"start":0,"end":3},"value":{"sum":6}}
            {"port":"out","ts":6,"key":"a","window":{"start":3,"end":6},"value":{"sum":4}}
            {"port":"out","ts":4,"key":"b","window":{"start":0,"end":3},"value":{"sum":100}}"#,
    },
    Example {
        title: "The mean of the last two, with every record",
        config: r#"{ "records": 2, "advance": 1, "aggregates": { "mean": "avg(n)" }, "emit": "on-close", "at_end": "keep", "window_columns": false }"#,
        inputs: r#"{ "in": { "schema": { "n": "float64" } } }"#,
        script: r#"
            {"node":"in","ts":1,"key":"a","value":{"n":1}}
            {"node":"in","ts":2,"key":"a","value":{"n":2}}
            {"node":"in","ts":3,"key":"a","value":{"n":4}}
            {"end":"in"}"#,
        expect: r#"
            {"port":"out","ts":2,"key":"a","window":{"start":0,"end":2},"value":{"mean":1.5}}
            {"port":"out","ts":3,"key":"a","window":{"start":1,"end":3},"value":{"mean":3.0}}"#,
    },
];
