//! Aggregates the records of a key that lie at most `difference` apart: what happened within any ten seconds, say, wherever
//! they begin.
//!
//! Windows move with the records. For each record there is the window that ends at it, `difference` long, and the one that
//! begins right behind it, where a later record falls into that; so each burst of records has a window that holds it whole. Both bounds are inclusive: with `"difference": "10s"` two records that
//! are exactly ten seconds apart share a window. Records nearer to 0 than the difference share the window `[0, difference]`,
//! since none begins before 0.
//!
//! A window closes when stream time is past its end and `grace` (at the end itself it is still open). All else is as in
//! `tumbling-window`: stream time, `late`, `emit`, `every`, `idle_after`, `at_end`. With `on-update` a record gives a
//! result for each window that it changes or makes.
//!
//! - **A record without a key** fails. **Tombstones** are left out and counted. **Changes** are not taken.
//! - **State**: about two windows for each record within twice the difference and the grace.
//! - The rules are those of Kafka Streams' `SlidingWindows.ofTimeDifferenceAndGrace`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::page::page;
use super::windows::{self, Folds, Timed, millis};
use super::*;
use crate::fields::{DurationText, ExprMap};
use crate::window::Kind;

/// Config of `sliding-window`.
#[derive(Debug, Deserialize, JsonSchema)]
struct Sliding {
    /// How far apart the first and the last record of a window may be.
    difference: DurationText,
    #[serde(flatten)]
    timed: Timed,
}

/// `sliding-window`
pub(super) static OPERATOR: Operator = Operator {
    name: "sliding-window",
    summary: "Aggregates per key, over all records that lie within so much time of each other",
    help: page!("sliding_window.rs"),
    role: Role::Flow,
    family: Family::Windows,
    icon: "frame-corners",
    scope: Scope::Key,
    value: ValueRole::Made,
    form: Form::of::<Sliding>,
    configure: windows::configure::<Sliding>,
    examples: EXAMPLES,
};

impl Folds for Sliding {
    fn kind(&self) -> Kind {
        Kind::Sliding { difference: millis(self.difference), grace: self.timed.grace_ms() }
    }

    fn aggregates(&self) -> &ExprMap {
        self.timed.aggregates()
    }

    fn timed(&self) -> Option<&Timed> {
        Some(&self.timed)
    }

    fn folds_tombstones(&self) -> bool {
        false
    }
}

const EXAMPLES: &[Example] = &[Example {
    title: "Records at 10, 15 and 30, at most 10 apart",
    config: r#"{ "difference": "10ms", "grace": "100ms", "aggregates": { "n": "count(*)" }, "window_columns": false }"#,
    inputs: r#"{ "in": { "schema": { "price": "int64" } } }"#,
    script: r#"
        {"node":"in","ts":10,"key":"a","value":{"price":1}}
        {"node":"in","ts":15,"key":"a","value":{"price":2}}
        {"node":"in","ts":30,"key":"a","value":{"price":3}}"#,
    expect: r#"
        {"port":"out","ts":10,"key":"a","window":{"start":0,"end":10},"value":{"n":1}}
        {"port":"out","ts":15,"key":"a","window":{"start":11,"end":21},"value":{"n":1}}
        {"port":"out","ts":15,"key":"a","window":{"start":5,"end":15},"value":{"n":2}}
        {"port":"out","ts":30,"key":"a","window":{"start":20,"end":30},"value":{"n":1}}"#,
}];
