//! The tests that a pipeline carries: a script, rows expected, and how they are compared.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::script::{Line, OutRow, read_line};
use super::{Shown, drive};
use crate::pipeline::{Order, PipelineTest};
use crate::plan::{Drawn, PlanNode};
use crate::problem::Fault;

/// What came of a test.
#[derive(Debug)]
pub struct TestOutcome {
    /// its name
    pub name: String,
    /// what differs
    pub mismatches: Vec<Mismatch>,
    /// what stopped it
    pub fault: Option<Fault>,
}

/// Rows at one port that are not those expected.
#[derive(Debug)]
pub struct Mismatch {
    /// `node.port`
    pub port: String,
    /// expected, in order
    pub expected: Vec<Value>,
    /// what came, in order
    pub came: Vec<Value>,
}

impl TestOutcome {
    /// Whether all is as expected.
    pub fn is_good(&self) -> bool {
        self.mismatches.is_empty() && self.fault.is_none()
    }
}

/// Runs a test of a pipeline, with up to `pack` consecutive rows of one node in a batch.
pub fn run_test(test: &PipelineTest, drawn: &Drawn, pack: usize) -> TestOutcome {
    let (mismatches, fault) = match expect(test, drawn, pack) {
        Ok(outcome) => outcome,
        Err(fault) => (Vec::new(), Some(fault)),
    };
    TestOutcome { name: test.name.clone(), mismatches, fault }
}

fn expect(test: &PipelineTest, drawn: &Drawn, pack: usize) -> Result<(Vec<Mismatch>, Option<Fault>), Fault> {
    let lines = test.script.iter().enumerate().map(|(number, line)| {
        read_line(line).map_err(|why| Fault::user(format!("row {} of the script: {why}", number + 1)))
    });
    let script: Vec<Line> = lines.collect::<Result<_, _>>()?;
    let ports: Vec<String> = test.expect.iter().map(|(port, _)| port.to_string()).collect();
    let shown = Shown::named(&ports, &drawn.nodes)?;
    let driven = drive(drawn.plan(&shown.observed(drawn)), &script, &shown, pack);
    let mut came: BTreeMap<String, Vec<&OutRow>> = BTreeMap::new();
    for row in &driven.rows {
        came.entry(format!("{}.{}", row.node, row.port)).or_default().push(row);
    }
    let order = test.order.unwrap_or_default();
    let mismatches = test.expect.iter().filter_map(|(port, expected)| {
        let name = match port.contains('.') {
            true => port.to_string(),
            false => whole_name(port, &drawn.nodes),
        };
        let rows: Vec<Value> = came.get(&name).into_iter().flatten().map(|row| value_of(row)).collect();
        let is_same = is_same(expected, &rows, order);
        (!is_same).then(|| Mismatch { port: name, expected: expected.clone(), came: rows })
    });
    Ok((mismatches.collect(), driven.fault))
}

fn whole_name(id: &str, nodes: &[PlanNode]) -> String {
    let node = nodes.iter().find(|node| node.id == id);
    let port = node.and_then(|node| node.ports.outputs.first()).map_or("in", String::as_str);
    format!("{id}.{port}")
}

fn value_of(row: &OutRow) -> Value {
    let Ok(Value::Object(mut fields)) = serde_json::to_value(row) else { return Value::Null };
    fields.remove("node");
    fields.remove("port");
    Value::Object(fields)
}

/// Whether the rows are those expected. Of an expected row only what it says is compared.
fn is_same(expected: &[Value], came: &[Value], order: Order) -> bool {
    if expected.len() != came.len() {
        return false;
    }
    match order {
        Order::Exact => expected.iter().zip(came).all(|(expected, came)| agrees(expected, came)),
        Order::Set => is_same_set(expected, came),
        Order::PerKey => {
            let key = |row: &Value| row.get("key").map(Value::to_string).unwrap_or_default();
            let by_key = |rows: &[Value]| {
                let mut keys: BTreeMap<String, Vec<Value>> = BTreeMap::new();
                rows.iter().for_each(|row| keys.entry(key(row)).or_default().push(row.clone()));
                keys
            };
            let (expected, came) = (by_key(expected), by_key(came));
            expected.len() == came.len()
                && expected.iter().all(|(key, rows)| {
                    came.get(key).is_some_and(|other| {
                        rows.len() == other.len() && rows.iter().zip(other).all(|(row, other)| agrees(row, other))
                    })
                })
        }
    }
}

fn is_same_set(expected: &[Value], came: &[Value]) -> bool {
    let mut left: Vec<&Value> = came.iter().collect();
    expected.iter().all(|row| match left.iter().position(|other| agrees(row, other)) {
        Some(place) => {
            left.swap_remove(place);
            true
        }
        None => false,
    })
}

fn agrees(expected: &Value, came: &Value) -> bool {
    let empty = Map::new();
    let (Value::Object(expected), Some(came)) = (expected, came.as_object().or(Some(&empty))) else { return false };
    let default = |name: &str| match name {
        "headers" => Value::Array(Vec::new()),
        _ => Value::Null,
    };
    expected.iter().all(|(name, value)| match came.get(name) {
        Some(came) => is_same_value(value, came),
        None => *value == default(name),
    })
}

/// Numbers with a fraction or an exponent are the same where their float64 is: 1.50 and 1.5.
fn is_same_value(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || (one.is_f64() && other.is_f64() && one.as_f64() == other.as_f64())
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same_value(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let is_in = |(name, one): (&String, &Value)| other.get(name).is_some_and(|other| is_same_value(one, other));
            one.len() == other.len() && one.iter().all(is_in)
        }
        _ => one == other,
    }
}
