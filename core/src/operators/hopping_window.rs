//! Windows of one size that begin at each `advance`, so that they overlap, and a record falls into several of them.
//!
//! With `"size": "10s"` and `"advance": "2s"` a window begins at each even second and lasts ten: each record falls into
//! five of them. No window begins before 0. `advance` is at most `size`; where they are the same, windows tumble.
//!
//! Whether a record is late is decided for each window: one that is late for the older ones still counts in those that are
//! open. It leaves by `late` once for each that it has missed. All else is as in `tumbling-window`: stream time, `grace`,
//! `emit`, `every`, `idle_after`, `at_end`, keys, tombstones. With `on-update` each record gives a result per window,
//! oldest first.
//!
//! - **State**: as in `tumbling-window`, for each window that a key is in.
//! - The rules are those of Kafka Streams' `TimeWindows` with `advanceBy`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::page::page;
use super::windows::{self, Folds, Timed, check_positive, millis};
use super::*;
use crate::fields::{DurationText, ExprMap};
use crate::window::Kind;

/// Config of `hopping-window`.
#[derive(Debug, Deserialize, JsonSchema)]
struct Hopping {
    /// Length of a window.
    size: DurationText,
    /// From one window's start to the next one's; at most `size`.
    advance: DurationText,
    #[serde(flatten)]
    timed: Timed,
}

/// `hopping-window`
pub(super) static OPERATOR: Operator = Operator {
    name: "hopping-window",
    summary: "Aggregates per key, in windows of one size that overlap",
    help: page!("hopping_window.rs"),
    role: Role::Flow,
    family: Family::Windows,
    icon: "stack",
    scope: Scope::Key,
    value: ValueRole::Made,
    form: Form::of::<Hopping>,
    configure: windows::configure::<Hopping>,
    examples: EXAMPLES,
};

impl Folds for Hopping {
    fn kind(&self) -> Kind {
        Kind::Fixed { size: millis(self.size), advance: millis(self.advance), grace: self.timed.grace_ms() }
    }

    fn aggregates(&self) -> &ExprMap {
        self.timed.aggregates()
    }

    fn timed(&self) -> Option<&Timed> {
        Some(&self.timed)
    }

    fn check(&self, report: &mut Report) {
        check_positive(report, "size", self.size);
        check_positive(report, "advance", self.advance);
        if self.advance > self.size {
            let message =
                format!("{} is more than the size, {}: records between would be in no window", self.advance, self.size);
            report.error("advance", message, "make it the size or less");
        }
    }
}

const EXAMPLES: &[Example] = &[Example {
    title: "Two windows for each record; late for the older one, and in time for the newer",
    config: r#"{ "size": "10ms", "advance": "5ms", "aggregates": { "n": "count(*)" }, "window_columns": false }"#,
    inputs: r#"{ "in": { "schema": { "price": "int64" } } }"#,
    script: r#"
        {"node":"in","ts":7,"key":"a","value":{"price":1}}
        {"node":"in","ts":12,"key":"a","value":{"price":2}}
        {"node":"in","ts":8,"key":"a","value":{"price":3}}"#,
    expect: r#"
        {"port":"out","ts":7,"key":"a","window":{"start":0,"end":10},"value":{"n":1}}
        {"port":"out","ts":7,"key":"a","window":{"start":5,"end":15},"value":{"n":1}}
        {"port":"out","ts":12,"key":"a","window":{"start":5,"end":15},"value":{"n":2}}
        {"port":"out","ts":12,"key":"a","window":{"start":10,"end":20},"value":{"n":1}}
        {"port":"out","ts":12,"key":"a","window":{"start":5,"end":15},"value":{"n":3}}
        {"port":"late","ts":8,"key":"a","value":{"price":3,"_window_start":0,"_window_end":10,"_stream_time":12,"_reason":"the window closed at stream time 10, and it is 12 now"}}"#,
}];
