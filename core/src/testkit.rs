//! What tests of several rooms share: pipelines drawn in a few words, for those of the planner, the engine and the test
//! driver; numbers as PostgreSQL writes them.

use serde_json::{Value, json};

use crate::check::{CheckOptions, Checked, check};
use crate::operators::{ALL, Operator};
use crate::pipeline::Pipeline;
use crate::plan::Drawn;
use crate::types::Type;

/// A node of a file.
pub(crate) fn node(id: &str, operator: &str, config: Value) -> Value {
    json!({ "id": id, "operator": operator, "config": config })
}

/// A source on a topic of the node's name, with one column `n`.
pub(crate) fn numbers(id: &str) -> Value {
    node(id, "kafka-source", json!({ "topic": id, "schema": { "n": "int64" } }))
}

/// A sink on a topic of the node's name.
pub(crate) fn out(id: &str) -> Value {
    node(id, "kafka-sink", json!({ "topic": id }))
}

/// A file. Edges are written `a->b`, with `.port` where it is not `out` or `in`, and at will ` buffer 8`, ` topic` or
/// ` topic 3` behind it.
pub(crate) fn file(nodes: impl IntoIterator<Item = Value>, edges: &[&str]) -> Value {
    let edges: Vec<Value> = edges.iter().map(|text| edge(text)).collect();
    json!({ "tidegate": 1, "name": "test", "nodes": nodes.into_iter().collect::<Vec<_>>(), "edges": edges })
}

fn edge(text: &str) -> Value {
    let mut words = text.split(' ');
    let (from, to) = words.next().and_then(|ends| ends.split_once("->")).expect("an edge is written a->b");
    let whole = |end: &str, port: &str| if end.contains('.') { end.to_string() } else { format!("{end}.{port}") };
    let mut edge = json!({ "from": whole(from, "out"), "to": whole(to, "in") });
    let via = (words.next(), words.next().map(|number| number.parse::<u32>().expect("a number")));
    edge["via"] = match via {
        (None, _) => return edge,
        (Some("buffer"), Some(records)) => json!({ "direct": { "buffer": records } }),
        (Some("topic"), None) => json!("topic"),
        (Some("topic"), Some(partitions)) => json!({ "topic": { "partitions": partitions } }),
        (Some(other), _) => panic!("an edge does not travel by {other}"),
    };
    edge
}

/// A file, checked. `more` are operators beside those that there are.
pub(crate) fn checked(file: &Value, more: &[&'static Operator]) -> (Pipeline, Checked) {
    let (pipeline, problems) = Pipeline::parse(&file.to_string());
    let pipeline = pipeline.unwrap_or_else(|| panic!("{problems:?}"));
    let operators: Vec<&'static Operator> = ALL.iter().chain(more).copied().collect();
    let checked = check(&pipeline, &CheckOptions { operators: &operators, ..CheckOptions::new(&[]) });
    assert!(checked.is_runnable(), "{file:#}\n{:#?}", checked.problems);
    (pipeline, checked)
}

/// What runs of a file.
pub(crate) fn drawn(file: &Value, more: &[&'static Operator]) -> Drawn {
    let (pipeline, checked) = checked(file, more);
    Drawn::new(&pipeline, &checked)
}

/// Whether two texts are the same number; PostgreSQL's numeric may have more digits than ours.
pub(crate) fn same_number(ours: &str, theirs: &str, is_numeric: bool) -> bool {
    let trimmed = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => text.to_string(),
    };
    if trimmed(ours) == trimmed(theirs) {
        return true;
    }
    let (Ok(a), Ok(b)) = (ours.parse::<f64>(), theirs.parse::<f64>()) else { return false };
    is_numeric && (a - b).abs() <= 1e-15 * b.abs().max(1.0)
}

/// Whether one of our types stands for PostgreSQL's. Ours are fewer: its integers are one, JSON is text, and a numeric
/// whose scale only its value tells is a float.
pub(crate) fn is_type_of(ours: &Type, theirs: &str) -> bool {
    match theirs {
        "integer" | "bigint" => *ours == Type::Int64,
        "double precision" => *ours == Type::Float64,
        "numeric" => matches!(ours, Type::Decimal { .. } | Type::Float64),
        "text" | "json" => *ours == Type::Text,
        "boolean" => *ours == Type::Bool,
        "bytea" => *ours == Type::Bytes,
        "timestamp without time zone" => *ours == Type::Timestamp,
        "interval" => *ours == Type::Interval,
        _ => match (theirs.strip_suffix("[]"), ours) {
            (Some(theirs), Type::List(item)) => is_type_of(&item.data, theirs),
            _ => false,
        },
    }
}
