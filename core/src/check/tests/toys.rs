use serde_json::Value;

use crate::form::Form;
use crate::operators::{
    Body, ConfigError, Family, InputPort, Operator, Ports, Report, Role, Scope, Shape, Site, Spread, ValueRole,
};
use crate::problem::Fault;
use crate::types::{Carries, Stream};

/// Operators that the real ones do not have yet: state per key, and ports that take one kind of stream only.
pub(super) static TOYS: [&Operator; 2] =
    [&toy("sum", Scope::Key, |_| Ok(Box::new(Sum))), &toy("look-up", Scope::Record, |_| Ok(Box::new(LookUp)))];

const fn toy(
    name: &'static str,
    scope: Scope,
    configure: fn(Value) -> Result<Box<dyn Shape>, ConfigError>,
) -> Operator {
    let form = Form::default as fn() -> Form;
    Operator {
        name,
        summary: "",
        help: "",
        role: Role::Flow,
        family: Family::Flows,
        icon: "cube",
        scope,
        value: ValueRole::Made,
        form,
        configure,
        examples: &[],
    }
}

#[derive(Debug)]
struct Sum;

impl Shape for Sum {
    fn ports(&self) -> Ports {
        Ports { inputs: vec![InputPort::any("in").by_key()], ..Ports::flow(["out"]) }.failing()
    }

    fn output(&self, inputs: &[Option<Stream>], _: &mut Report) -> Vec<Option<Stream>> {
        inputs.iter().map(|input| Some(Stream { carries: Carries::Changes, ..input.clone()? })).collect()
    }

    fn build(&self, _: &Site<'_>) -> Result<Body, Fault> {
        Err(Fault::ours("only checked"))
    }
}

#[derive(Debug)]
struct LookUp;

impl Shape for LookUp {
    fn ports(&self) -> Ports {
        let table = InputPort { spread: Spread::Broadcast, ..InputPort::any("table").only(Carries::Changes) };
        Ports { inputs: vec![InputPort::any("in").only(Carries::Records), table], ..Ports::flow(["out"]) }
    }

    fn output(&self, inputs: &[Option<Stream>], _: &mut Report) -> Vec<Option<Stream>> {
        vec![inputs[0].clone()]
    }

    fn build(&self, _: &Site<'_>) -> Result<Body, Fault> {
        Err(Fault::ours("only checked"))
    }
}
