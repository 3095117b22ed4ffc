//! Gathers records of a key into sessions: as long as the next one comes within `gap`, it belongs to the same session.
//!
//! A session goes from the timestamp of its first record to that of its last, both inclusive; a single record makes one of
//! no length. Two records exactly `gap` apart share a session. A record that comes late and between two sessions makes them
//! one. With `on-update` the session that was before is then taken back: a tombstone for its windowed key comes before the
//! result of the new one, and so it is with each record that makes a session longer. The timestamp of a result is the
//! session's end.
//!
//! A session closes when stream time is past its end, `gap` and `grace`. A record whose session would have closed is late.
//! All else is as in `tumbling-window`: stream time, `late`, `emit`, `every`, `idle_after`, `at_end`, keys, tombstones.
//!
//! - **State**: a session takes about 150 bytes and its aggregates, from its first record until it closes.
//! - The rules are those of Kafka Streams' `SessionWindows.ofInactivityGapAndGrace`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::page::page;
use super::windows::{self, Folds, Timed, check_positive, millis};
use super::*;
use crate::fields::{DurationText, ExprMap};
use crate::window::Kind;

/// Config of `session-window`.
#[derive(Debug, Deserialize, JsonSchema)]
struct Session {
    /// The longest pause within a session.
    gap: DurationText,
    #[serde(flatten)]
    timed: Timed,
}

/// `session-window`
pub(super) static OPERATOR: Operator = Operator {
    name: "session-window",
    summary: "Aggregates per key, over records between which no pause is longer than the gap",
    help: page!("session_window.rs"),
    role: Role::Flow,
    family: Family::Windows,
    icon: "pulse",
    scope: Scope::Key,
    value: ValueRole::Made,
    form: Form::of::<Session>,
    configure: windows::configure::<Session>,
    examples: EXAMPLES,
};

impl Folds for Session {
    fn kind(&self) -> Kind {
        Kind::Session { gap: millis(self.gap), grace: self.timed.grace_ms() }
    }

    fn aggregates(&self) -> &ExprMap {
        self.timed.aggregates()
    }

    fn timed(&self) -> Option<&Timed> {
        Some(&self.timed)
    }

    fn check(&self, report: &mut Report) {
        check_positive(report, "gap", self.gap);
    }
}

const EXAMPLES: &[Example] = &[
    Example {
        title: "A gap of 5: the second record makes the session longer, the fourth makes one of two",
        config: r#"{ "gap": "5ms", "grace": "100ms", "aggregates": { "n": "count(*)" }, "window_columns": false }"#,
        inputs: r#"{ "in": { "schema": { "price": "int64" } } }"#,
        script: r#"
            {"node":"in","ts":0,"key":"a","value":{"price":1}}
            {"node":"in","ts":5,"key":"a","value":{"price":2}}
            {"node":"in","ts":15,"key":"a","value":{"price":3}}
            {"node":"in","ts":10,"key":"a","value":{"price":4}}"#,
        expect: r#"
            {"port":"out","ts":0,"key":"a","window":{"start":0,"end":0},"value":{"n":1}}
            {"port":"out","ts":0,"key":"a","window":{"start":0,"end":0},"value":null}
            {"port":"out","ts":5,"key":"a","window":{"start":0,"end":5},"value":{"n":2}}
            {"port":"out","ts":15,"key":"a","window":{"start":15,"end":15},"value":{"n":1}}
            {"port":"out","ts":5,"key":"a","window":{"start":0,"end":5},"value":null}
            {"port":"out","ts":15,"key":"a","window":{"start":15,"end":15},"value":null}
            {"port":"out","ts":15,"key":"a","window":{"start":0,"end":15},"value":{"n":4}}"#,
    },
    Example {
        title: "Once, when the session has closed, here at the end",
        config: r#"{ "gap": "5m", "aggregates": { "pages": "count(*)" }, "emit": "on-close", "window_columns": false }"#,
        inputs: r#"{ "in": { "schema": { "price": "int64" } } }"#,
        script: r#"
            {"node":"in","ts":0,"key":"a","value":{"price":1}}
            {"node":"in","ts":300000,"key":"a","value":{"price":2}}
            {"end":"in"}"#,
        expect: r#"
            {"port":"out","ts":300000,"key":"a","window":{"start":0,"end":300000},"value":{"pages":2}}"#,
    },
];
