//! Random pipelines and scripts for them: of every flow that there is, drawn at will.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use super::super::{Line, read_line};
use crate::check::{CheckOptions, check};
use crate::operators::{ALL, Operator, Role, Scope, find};
use crate::pipeline::Pipeline;
use crate::testkit::{file, node};

/// A random pipeline: which node follows which, and what becomes of records that fail.
#[derive(Debug, Clone)]
pub(super) struct Drawing {
    pub(super) sources: usize,
    steps: Vec<(usize, Index, Index)>,
    /// node by node, whether failed records are connected, or else counted
    connects: u32,
}

/// A record of a script.
#[derive(Debug, Clone)]
pub(super) struct Row {
    source: Index,
    partition: i32,
    key: Option<u8>,
    value: Content,
    has_header: bool,
}

#[derive(Debug, Clone)]
enum Content {
    Number(i64),
    Tombstone,
    Bad,
}

/// What steps choose from: every flow that there is, some in several ways.
pub(super) struct Kind {
    pub(super) operator: &'static Operator,
    pub(super) config: Value,
    /// it keeps nothing, leaves keys as they are, and is in one task with what is before and behind it
    is_pure: bool,
    /// it keeps less than comes while what follows stands still
    drops: bool,
}

/// Those that are pure come first, those that drop last.
pub(super) static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    let flows = ALL.iter().filter(|operator| operator.role == Role::Flow);
    let mut kinds: Vec<Kind> = flows
        .flat_map(|operator| configs(operator.name).into_iter().map(move |config| (*operator, config)))
        .map(|(operator, config)| {
            let ports = (operator.configure)(config.clone()).unwrap().ports();
            let has_queue = ports.is_queue || ports.is_paced;
            let is_pure = matches!(operator.scope, Scope::Record | Scope::Node) && !has_queue && !ports.makes_keys;
            let drops = ports.is_queue && config["overflow"] != "back-pressure";
            Kind { operator, config, is_pure, drops }
        })
        .collect();
    kinds.sort_by_key(|kind| (!kind.is_pure, kind.drops));
    kinds
});

/// How each flow is tried. All take a column `n`, and give one.
fn configs(operator: &str) -> Vec<Value> {
    let window = |own: Value| {
        let mut config = json!({ "aggregates": { "n": "sum(n)" }, "window_columns": false });
        config.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        vec![config]
    };
    match operator {
        "filter" => vec![json!({ "condition": "n % 3 <> 0" })],
        // The second one fails for some.
        "map" => vec![json!({ "columns": { "n": "n + 1" } }), json!({ "columns": { "n": "n + 100 / (n % 5)" } })],
        "branch" => vec![json!({ "branches": { "even": "n % 2 = 0" }, "otherwise": "odd" })],
        "merge" => vec![json!({})],
        "throttle" => vec![json!({ "rate": "1000000/s", "burst": 100_000 })],
        "scan" => vec![json!({ "columns": { "m": { "start": "n", "next": "m % 1000 * 3 + n" } } })],
        "key-by" => vec![json!({ "key": "CAST(n % 3 AS text)" })],
        "buffer" => {
            let overflows = ["back-pressure", "drop-head", "drop-tail", "drop-new", "drop-buffer", "fail"];
            overflows.map(|overflow| json!({ "size": 1, "overflow": overflow })).to_vec()
        }
        "conflate" => {
            let gathers = json!({ "m": { "start": "n", "next": "m + 100 / (n % 5)" } });
            vec![json!({ "per": "key" }), json!({ "per": "lane", "columns": gathers })]
        }
        // On several lanes, records of several keys come in no fixed order: none may be late for that.
        "tumbling-window" => window(json!({ "size": "7ms", "grace": "1h" })),
        "hopping-window" => window(json!({ "size": "6ms", "advance": "4ms", "grace": "1h" })),
        "sliding-window" => window(json!({ "difference": "5ms", "grace": "1h" })),
        "session-window" => window(json!({ "gap": "3ms", "grace": "1h" })),
        "count-window" => window(json!({ "records": 3 })),
        "aggregate" => vec![json!({ "aggregates": { "n": "sum(n)" } })],
        other => panic!("the laws do not know how to try `{other}`"),
    }
}

pub(super) fn pure() -> usize {
    KINDS.iter().take_while(|kind| kind.is_pure).count()
}

pub(super) fn lossless() -> usize {
    KINDS.iter().take_while(|kind| !kind.drops).count()
}

pub(super) fn drawings(sources: std::ops::Range<usize>, flows: usize) -> impl Strategy<Value = Drawing> {
    let steps = prop::collection::vec((0..flows, any::<Index>(), any::<Index>()), 0..7);
    (sources, steps, any::<u32>()).prop_map(|(sources, steps, connects)| Drawing { sources, steps, connects })
}

pub(super) fn rows(lanes: i32, most: usize) -> impl Strategy<Value = Vec<Row>> {
    let value = prop_oneof![
        8 => (-4..12i64).prop_map(Content::Number),
        1 => Just(Content::Tombstone),
        1 => Just(Content::Bad),
    ];
    // Runs of one source, as batches need them.
    let row = (any::<Index>(), 0..lanes, prop::option::weighted(0.9, 0..4u8), value, any::<bool>(), 1..6usize);
    let row = row.prop_map(move |(source, partition, key, value, has_header, times)| {
        // A key has one partition.
        let partition = key.map_or(partition, |key| i32::from(key) % lanes);
        vec![Row { source, partition, key, value, has_header }; times]
    });
    prop::collection::vec(row, 1..most).prop_map(|runs| runs.concat())
}

impl Drawing {
    /// The file. `on_error` is what failed records do that are not connected.
    pub(super) fn file(&self, on_error: &str, connects: bool) -> Value {
        let mut drawn = Drawn { nodes: Vec::new(), edges: Vec::new(), open: Vec::new(), connects, on_error };
        for number in 0..self.sources {
            let id = format!("s{number}");
            drawn.add(node(&id, "kafka-source", json!({ "topic": id, "schema": { "n": "int64" } })), &[], self);
        }
        let mut ports = drawn.open.clone();
        for (number, (kind, first, second)) in self.steps.iter().enumerate() {
            let Kind { operator, config, .. } = &KINDS[*kind];
            let from = first.get(&ports).clone();
            let other = second.get(&ports).clone();
            let mut inputs = vec![from];
            if operator.name == "merge" && other != inputs[0] {
                inputs.push(other);
            }
            let id = format!("f{number}");
            let mut next = drawn.clone();
            next.add(node(&id, operator.name, config.clone()), &inputs, self);
            // Windows take no changes, and a merge takes what is alike.
            if !is_runnable(&next.whole()) {
                continue;
            }
            let before = drawn.open.len();
            drawn = next;
            ports.extend_from_slice(&drawn.open[before..]);
            drawn.open.retain(|port| !inputs.contains(port));
        }
        for (number, port) in drawn.open.clone().iter().enumerate() {
            let id = format!("o{number}");
            let (operator, config) = match number % 3 {
                0 | 1 => ("kafka-sink", json!({ "topic": id })),
                _ => ("console-sink", json!({})),
            };
            drawn.add(node(&id, operator, config), std::slice::from_ref(port), self);
        }
        drawn.whole()
    }
}

pub(super) fn is_runnable(file: &Value) -> bool {
    let (pipeline, _) = Pipeline::parse(&file.to_string());
    check(&pipeline.unwrap(), &CheckOptions::new(&[])).is_runnable()
}

#[derive(Clone)]
struct Drawn<'a> {
    nodes: Vec<Value>,
    edges: Vec<String>,
    /// ports that lead nowhere yet
    open: Vec<String>,
    connects: bool,
    on_error: &'a str,
}

impl Drawn<'_> {
    fn whole(&self) -> Value {
        let edges: Vec<&str> = self.edges.iter().map(String::as_str).collect();
        file(self.nodes.clone(), &edges)
    }

    fn add(&mut self, mut node: Value, inputs: &[String], drawing: &Drawing) {
        let id = node["id"].as_str().unwrap().to_string();
        let operator = find(node["operator"].as_str().unwrap()).unwrap();
        let ports = (operator.configure)(node["config"].clone()).unwrap().ports();
        let is_connected = self.connects && drawing.connects >> (self.nodes.len() % 32) & 1 == 1;
        if ports.may_fail && !is_connected {
            node["on_error"] = json!(self.on_error);
        }
        self.nodes.push(node);
        self.edges.extend(inputs.iter().map(|from| format!("{from}->{id}.in")));
        self.open.extend(ports.outputs.iter().map(|port| format!("{id}.{port}")));
        if ports.may_fail && is_connected {
            let sink = format!("e-{id}");
            self.nodes.push(crate::testkit::node(&sink, "kafka-sink", json!({ "topic": sink })));
            self.edges.push(format!("{id}.errors->{sink}.in"));
        }
    }
}

pub(super) fn script(rows: &[Row], sources: usize) -> Vec<Line> {
    let lines = rows.iter().enumerate().map(|(ts, row)| {
        let Row { source, partition, key, value, has_header } = row;
        let value = match value {
            Content::Number(n) => json!({ "n": n }),
            Content::Tombstone => Value::Null,
            Content::Bad => json!({ "n": "bad" }),
        };
        let headers = if *has_header { json!([["h", format!("{ts}")]]) } else { json!([]) };
        let id = format!("s{}", source.index(sources));
        let key = key.map(|key| format!("k{key}"));
        read_line(
            &json!({ "node": id, "ts": ts, "key": key, "value": value, "headers": headers, "partition": partition }),
        )
        .unwrap()
    });
    lines.collect()
}
