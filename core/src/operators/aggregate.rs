//! Aggregates all records of a key, from the first on, and gives the result so far with each record.
//!
//! `aggregates` names the columns of the result and what fills them: `{"orders": "count(*)", "spent": "sum(price)"}`;
//! `tidegate describe aggregates` lists the functions. The result is a change: the newest value of its key. Its timestamp is
//! the largest of the key's records.
//!
//! - **A record without a key** fails. **Tombstones** are left out and counted. **Changes** are not taken.
//! - **State** grows with the number of keys, and stays; where only what happened of late counts, take a window.
//! - The rules are those of Kafka Streams' `KGroupedStream.aggregate`.

use schemars::JsonSchema;
use serde::Deserialize;

use super::page::page;
use super::windows::{self, Folds};
use super::*;
use crate::fields::ExprMap;
use crate::window::Kind;

/// Config of `aggregate`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Aggregate {
    /// Columns of the result, and the aggregates that fill them: `count(*)`, `sum(price) FILTER (WHERE side = 'buy')`.
    #[schemars(extend("x-example" = r#"{"total": "sum(price * qty)"}"#))]
    aggregates: ExprMap,
}

/// `aggregate`
pub(super) static OPERATOR: Operator = Operator {
    name: "aggregate",
    summary: "Aggregates all records of a key, with the result so far after each",
    help: page!("aggregate.rs"),
    role: Role::Flow,
    family: Family::Tables,
    icon: "calculator",
    scope: Scope::Key,
    value: ValueRole::Made,
    form: Form::of::<Aggregate>,
    configure: windows::configure::<Aggregate>,
    examples: EXAMPLES,
};

impl Folds for Aggregate {
    fn kind(&self) -> Kind {
        Kind::Running
    }

    fn aggregates(&self) -> &ExprMap {
        &self.aggregates
    }

    fn folds_tombstones(&self) -> bool {
        false
    }
}

const EXAMPLES: &[Example] = &[Example {
    title: "Orders and what they came to, per customer",
    config: r#"{ "aggregates": { "orders": "count(*)", "spent": "sum(price)", "dearest": "max(price)" } }"#,
    inputs: r#"{ "in": { "schema": { "price": "float64" } } }"#,
    script: r#"
        {"node":"in","ts":5,"key":"ann","value":{"price":1.5}}
        {"node":"in","ts":6,"key":"bob","value":{"price":7}}
        {"node":"in","ts":4,"key":"ann","value":{"price":2}}
        {"node":"in","ts":7,"key":"ann","value":null}"#,
    expect: r#"
        {"port":"out","ts":5,"key":"ann","value":{"orders":1,"spent":1.5,"dearest":1.5}}
        {"port":"out","ts":6,"key":"bob","value":{"orders":1,"spent":7.0,"dearest":7.0}}
        {"port":"out","ts":5,"key":"ann","value":{"orders":2,"spent":3.5,"dearest":2.0}}"#,
}];
