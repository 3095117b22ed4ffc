//! Cuts time into pieces of one size, and aggregates the records of each key in each piece.
//!
//! With `"size": "1m"` a window goes from one full minute to the next: `[0, 1m)`, `[1m, 2m)` … counted from 1970, start
//! inclusive, end exclusive. A record falls into the window of its `_timestamp`. `aggregates` names the columns of the
//! result and what fills them; `tidegate describe aggregates` lists the functions.
//!
//! **Stream time** is the largest timestamp that this node has seen on a lane, record by record. It never goes back, and
//! it moves on only when records arrive: a filter in front of the window stops its clock. A window closes when stream time
//! reaches its end and `grace`. A record for a window that has closed is *late*: it leaves by the port `late`, with
//! `_window_start`, `_window_end`, `_stream_time` and `_reason`, and is counted. Where nothing is connected it is counted
//! only.
//!
//! **Results** are changes, with the windowed key: the record's key and the bounds of the window, `_window_start` and
//! `_window_end` in expressions. They have the columns `window_start` and `window_end`, unless `window_columns` is false,
//! then the aggregates. The timestamp of a result is the largest of its records'. `emit` says when results come:
//! - `on-update`: with each record, the result so far. `every` holds results back, so that a window gives at most one in so
//!   much stream time; what is held back comes when its time has come, or when the window closes.
//! - `on-close`: once, when the window has closed. Windows that close by one record come in the order of their ends, the
//!   keys of one window in the order in which they came.
//!
//! `idle_after` closes windows though no record comes: after so long without one, stream time moves on with the wall clock.
//! Such results have the header `tidegate.idle`; a record that comes after all may then be late. When the input ends (a
//! file, a `generate` with a count), windows close, unless `at_end` is `keep`. Stopping a run is no end.
//!
//! - **A record without a key** fails: give it one by `key-by`. **Tombstones** are rows of nulls: `count(*)` counts them.
//!   **Changes** are not taken.
//! - **State**: a key takes about 60 bytes and its aggregates, from its first record in a window until that closes.
//! - The rules are those of Kafka Streams' `TimeWindows.ofSizeAndGrace`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::page::page;
use super::windows::{self, Folds, Timed, check_positive, millis};
use super::*;
use crate::fields::{DurationText, ExprMap};
use crate::window::Kind;

/// Config of `tumbling-window`.
#[derive(Debug, Deserialize, JsonSchema)]
struct Tumbling {
    /// Length of a window.
    size: DurationText,
    #[serde(flatten)]
    timed: Timed,
}

/// `tumbling-window`
pub(super) static OPERATOR: Operator = Operator {
    name: "tumbling-window",
    summary: "Aggregates per key, from one full minute (or the like) to the next",
    help: page!("tumbling_window.rs"),
    role: Role::Flow,
    family: Family::Windows,
    icon: "square-split-horizontal",
    scope: Scope::Key,
    value: ValueRole::Made,
    form: Form::of::<Tumbling>,
    configure: windows::configure::<Tumbling>,
    examples: EXAMPLES,
};

impl Folds for Tumbling {
    fn kind(&self) -> Kind {
        let size = millis(self.size);
        Kind::Fixed { size, advance: size, grace: self.timed.grace_ms() }
    }

    fn aggregates(&self) -> &ExprMap {
        self.timed.aggregates()
    }

    fn timed(&self) -> Option<&Timed> {
        Some(&self.timed)
    }

    fn check(&self, report: &mut Report) {
        check_positive(report, "size", self.size);
    }
}

const EXAMPLES: &[Example] = &[
    Example {
        title: "A count per 5 minutes, once each window has closed; what comes later is late",
        config: r#"{ "size": "5m", "aggregates": { "n": "count(*)", "total": "sum(price)" }, "emit": "on-close" }"#,
        inputs: r#"{ "in": { "schema": { "price": "int64" } } }"#,
        script: r#"
            {"node":"in","ts":0,"key":"a","value":{"price":1}}
            {"node":"in","ts":299999,"key":"a","value":{"price":2}}
            {"node":"in","ts":300000,"key":"a","value":{"price":3}}
            {"node":"in","ts":200000,"key":"a","value":{"price":4}}"#,
        expect: r#"
            {"port":"out","ts":299999,"key":"a","window":{"start":0,"end":300000},"value":{"window_start":0,"window_end":300000,"n":2,"total":3}}
            {"port":"late","ts":200000,"key":"a","value":{"price":4,"_window_start":0,"_window_end":300000,"_stream_time":300000,"_reason":"the window closed at stream time 300000, and it is 300000 now"}}"#,
    },
    Example {
        title: "With each record the result so far; the record at 9 comes within the grace of 5",
        config: r#"{ "size": "10ms", "grace": "5ms", "aggregates": { "n": "count(*)" }, "window_columns": false }"#,
        inputs: r#"{ "in": { "schema": { "price": "int64" } } }"#,
        script: r#"
            {"node":"in","ts":1,"key":"a","value":{"price":1}}
            {"node":"in","ts":14,"key":"a","value":{"price":2}}
            {"node":"in","ts":9,"key":"a","value":{"price":3}}"#,
        expect: r#"
            {"port":"out","ts":1,"key":"a","window":{"start":0,"end":10},"value":{"n":1}}
            {"port":"out","ts":14,"key":"a","window":{"start":10,"end":20},"value":{"n":1}}
            {"port":"out","ts":9,"key":"a","window":{"start":0,"end":10},"value":{"n":2}}"#,
    },
];
