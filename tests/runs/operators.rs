//! Every operator of the registry on a broker: what it gives there is what it gives in the test driver. One run holds them
//! all, each between a topic and a topic of its own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tidegate_core::operators::{ALL, Operator, Role};

use crate::support::{Bench, Ran, node, on_kafka};

/// Records that are sent to the operators in good time.
const RECORDS: i64 = 30;

/// What may differ from the test driver, where nothing is ever busy.
#[derive(Clone, Copy, PartialEq)]
enum Law {
    /// nothing
    Same,
    /// records may be left out, but never the last of a key
    LastOfKey,
}

/// The config with which an operator is tried; an operator without one makes the test fail.
fn config(bench: &Bench, operator: &str) -> Option<(Value, Law)> {
    let window = |more: Value| {
        let mut config = json!({ "aggregates": { "count": "count(*)", "sum": "sum(n)" } });
        config.as_object_mut()?.extend(more.as_object()?.clone());
        Some(config)
    };
    let config = match operator {
        "kafka-source" => json!({ "topic": bench.name("in"), "schema": { "n": "int64!" } }),
        "generate" => json!({ "shape": "numbers", "count": 5, "start": 1000, "spacing": "1s" }),
        "file-source" => {
            json!({ "path": bench.path("lines.jsonl"), "schema": { "n": "int64!" }, "time": { "column": "n" } })
        }
        "filter" => json!({ "condition": "n % 3 = 0" }),
        "map" => json!({ "columns": { "n": "n", "twice": "n * 2" } }),
        "branch" => json!({ "branches": { "small": "n < 5", "even": "n % 2 = 0" } }),
        "merge" => json!({}),
        "key-by" => json!({ "key": "CAST(n % 4 AS text)" }),
        "scan" => json!({ "columns": { "sum": { "start": "0", "next": "sum + n" } } }),
        "throttle" => json!({ "rate": "100/s", "burst": 2 }),
        "buffer" => json!({ "size": 3 }),
        "conflate" => return Some((json!({}), Law::LastOfKey)),
        "tumbling-window" => window(json!({ "size": "7s", "emit": "on-close" }))?,
        "hopping-window" => window(json!({ "size": "10s", "advance": "5s" }))?,
        "sliding-window" => window(json!({ "difference": "4s" }))?,
        "session-window" => window(json!({ "gap": "2s" }))?,
        "count-window" => window(json!({ "records": 4 }))?,
        "aggregate" => window(json!({}))?,
        "kafka-sink" => json!({ "topic": bench.name("kafka-sink"), "create": { "partitions": 1 } }),
        "file-sink" => json!({ "path": bench.path("lines-out.jsonl") }),
        "console-sink" | "discard" => json!({}),
        _ => return None,
    };
    Some((config, Law::Same))
}

/// All operators, with a sink behind each of their ports; gives the file, and whom each sink stands behind.
fn pipeline(bench: &Bench) -> (Value, BTreeMap<String, &'static Operator>) {
    let (mut nodes, mut edges, mut sinks) = (Vec::new(), Vec::new(), BTreeMap::new());
    for operator in ALL {
        let name = operator.name;
        let Some((config, _)) = config(bench, name) else { panic!("`{name}` has no case here: add one to `config`") };
        nodes.push(json!({ "id": name, "operator": name, "config": config }));
        if operator.role != Role::Source {
            edges.push(json!({ "from": "kafka-source.out", "to": format!("{name}.in") }));
        }
        if operator.role == Role::Sink {
            sinks.insert(name.to_string(), *operator);
            continue;
        }
        let shape = (operator.configure)(config).unwrap_or_else(|why| panic!("{name}: {why:?}"));
        for port in shape.ports().outputs {
            let sink = format!("{name}-{port}");
            let config = json!({ "topic": bench.name(&sink), "create": { "partitions": 1 } });
            nodes.push(json!({ "id": sink, "operator": "kafka-sink", "config": config }));
            edges.push(json!({ "from": format!("{name}.{port}"), "to": format!("{sink}.in") }));
            sinks.insert(sink, *operator);
        }
    }
    let file = json!({
        "tidegate": 1,
        "name": bench.name("all"),
        "parameters": { "brokers": {} },
        "clusters": { "default": { "brokers": "${brokers}" } },
        "nodes": nodes,
        "edges": edges
    });
    (file, sinks)
}

/// A number a second under three keys, with a pause of five seconds after every tenth; the last one comes late.
fn records() -> Vec<Value> {
    let ts = |n: i64| if n == RECORDS { 1000 } else { 1000 * (n + 1 + 5 * (n / 10)) };
    (0..=RECORDS).map(|n| json!({ "ts": ts(n), "key": format!("k{}", n % 3), "value": { "n": n } })).collect()
}

fn lines(rows: &[Value]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

#[test]
fn every_operator_gives_on_a_broker_what_it_gives_in_the_driver() {
    on_kafka(|bench| {
        bench.file("lines.jsonl", lines(&[json!({ "n": 1 }), json!({ "n": 2 })]));
        let (pipeline, sinks) = pipeline(bench);
        let file = bench.file("all.json", pipeline.to_string());
        let script = records().into_iter().map(|mut row| {
            row["node"] = json!("kafka-source");
            row
        });
        // The driver's clock moves by hand, and `throttle` waits for it.
        let script = lines(&script.chain([json!({ "advance": "10s" })]).collect::<Vec<_>>());
        let driven = bench.tidegate_in(&["drive", &file, "--script", "-"], &script).code(0).rows();
        // Files are written by the driver too.
        drop(std::fs::remove_file(bench.path("lines-out.jsonl")));
        let topic = bench.name("in");
        bench.tidegate_in(&["produce", &topic, "--records", "--create", "1"], &lines(&records())).code(0);
        let ran = bench.tidegate(&["run", &file, "--until-idle", "1s"]).code(0);
        for (sink, operator) in &sinks {
            let expected: Vec<&Value> = driven.iter().filter(|row| row["node"] == *sink).collect();
            assert!(!expected.is_empty(), "{sink}: the driver gives nothing, so that nothing is shown");
            agrees(bench, sink, operator, &expected, &ran);
        }
    });
}

/// What a sink has is what it has in the driver.
fn agrees(bench: &Bench, sink: &str, operator: &Operator, expected: &[&Value], ran: &Ran) {
    let law = config(bench, operator.name).map_or(Law::Same, |(_, law)| law);
    let json_lines = |text: &str| text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>();
    let values = || expected.iter().map(|row| row["value"].clone()).collect::<Vec<_>>();
    match operator.name {
        "discard" => assert_eq!(node(&ran.outcome()["snapshot"], sink)["records_in"], expected.len(), "{sink}"),
        "console-sink" => assert_eq!(json_lines(&ran.out), values(), "{sink}"),
        "file-sink" => {
            let text = std::fs::read_to_string(bench.path("lines-out.jsonl")).unwrap();
            assert_eq!(json_lines(&text), values(), "{sink}");
        }
        _ => {
            let row = |row: &Value| json!([row["ts"], row["value"]]);
            let expected: Vec<Value> = expected.iter().map(|it| row(it)).collect();
            let read = bench.tidegate(&["consume", &bench.name(sink)]).code(0).rows();
            let found: Vec<Value> = read.iter().map(row).collect();
            match law {
                Law::Same => assert_eq!(found, expected, "{sink}"),
                Law::LastOfKey => {
                    let known: BTreeSet<String> = expected.iter().map(Value::to_string).collect();
                    assert!(found.iter().all(|row| known.contains(&row.to_string())), "{sink}: {found:?}");
                    let last = |rows: &[Value]| (0..3).map(|key| last_of(rows, key)).collect::<Vec<_>>();
                    assert_eq!(last(&found), last(&expected), "{sink}");
                }
            }
        }
    }
}

fn last_of(rows: &[Value], key: i64) -> Option<Value> {
    rows.iter().rev().find(|row| row[1]["n"].as_i64().is_some_and(|n| n % 3 == key)).cloned()
}
