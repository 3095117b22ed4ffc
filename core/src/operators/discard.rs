//! Takes records and forgets them.
//!
//! Its meters count them: the end of a pipeline that is measured, or of a branch that nobody needs. It asks for no
//! column, so nothing is decoded for it alone.
//!
//! - **Back-pressure**: none; it takes whatever comes.

use schemars::JsonSchema;
use serde::Deserialize;

use super::page::page;
use super::*;

/// Config of `discard`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Discard {}

/// `discard`
pub(super) static OPERATOR: Operator = Operator {
    name: "discard",
    summary: "Takes records and forgets them",
    help: page!("discard.rs"),
    role: Role::Sink,
    family: Family::Sinks,
    icon: "trash-simple",
    scope: Scope::Record,
    value: ValueRole::Kept,
    form: Form::of::<Discard>,
    configure: configure::<Discard>,
    examples: EXAMPLES,
};

impl Shape for Discard {
    fn ports(&self) -> Ports {
        Ports::sink()
    }

    fn output(&self, _: &[Option<Stream>], _: &mut Report) -> Vec<Option<Stream>> {
        Vec::new()
    }

    fn build(&self, _: &Site<'_>) -> Result<Body, Fault> {
        Ok(Body::Sink(Box::new(Running)))
    }
}

struct Running;

impl Sink for Running {
    fn write(&mut self, _: Batch, _: &mut Outbox) -> Result<(), Fault> {
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Fault> {
        Ok(())
    }
}

const EXAMPLES: &[Example] = &[Example {
    title: "Everything is taken",
    config: "{}",
    inputs: r#"{ "in": { "schema": { "n": "int64" } } }"#,
    script: r#"{"node":"in","ts":1,"key":"a","value":{"n":1}}"#,
    expect: r#"{"port":"in","ts":1,"key":"a","value":{"n":1}}"#,
}];
