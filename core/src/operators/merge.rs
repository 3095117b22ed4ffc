//! Brings several streams of the same columns together.
//!
//! Its one port `in` takes any number of edges. Edges that part and meet again within one task keep the order of the
//! records; records that come across a queue or an exchange are taken as they come, and `check` says so. Nothing is
//! waited for: an edge on which nothing comes holds up no other.
//!
//! Keys, bytes and tombstones stay as they are.
//!
//! - **Back-pressure**: takes nothing while what follows is full.
//! - **End**: when all edges have ended.

use schemars::JsonSchema;
use serde::Deserialize;

use super::page::page;
use super::rows::Selection;
use super::*;

/// Config of `merge`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Merge {}

/// `merge`
pub(super) static OPERATOR: Operator = Operator {
    name: "merge",
    summary: "Brings several streams of the same columns together",
    help: page!("merge.rs"),
    role: Role::Flow,
    family: Family::Flows,
    icon: "arrows-merge",
    scope: Scope::Record,
    value: ValueRole::Kept,
    form: Form::of::<Merge>,
    configure: configure::<Merge>,
    examples: EXAMPLES,
};

impl Shape for Merge {
    fn ports(&self) -> Ports {
        Ports::flow(["out"])
    }

    fn output(&self, inputs: &[Option<Stream>], _: &mut Report) -> Vec<Option<Stream>> {
        inputs.to_vec()
    }

    fn build(&self, site: &Site<'_>) -> Result<Body, Fault> {
        Ok(Body::Flow(Box::new(Running { selection: Selection::new(site.input(0)?, site.output(0)?)? })))
    }
}

struct Running {
    selection: Selection,
}

impl Flow for Running {
    fn process(&mut self, _: usize, batch: Batch, out: &mut Outbox) -> Result<(), Fault> {
        out.emit(0, self.selection.apply(batch));
        Ok(())
    }
}

const EXAMPLES: &[Example] = &[Example {
    title: "Records pass in the order in which they come",
    config: "{}",
    inputs: r#"{ "in": { "schema": { "n": "int64" } } }"#,
    script: r#"
        {"node":"in","ts":2,"key":"a","value":{"n":1}}
        {"node":"in","ts":1,"key":"b","value":null}"#,
    expect: r#"
        {"port":"out","ts":2,"key":"a","value":{"n":1}}
        {"port":"out","ts":1,"key":"b","value":null}"#,
}];
