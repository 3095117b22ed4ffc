//! Windowed keys on topics: in each form they are read back as they were written, each in the partition of its key alone,
//! tombstones among them, also where they have crossed a topic of ours.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tidegate_core::partition::partition_of;

use crate::broker::{PARTITIONS, serve};
use crate::support::{Bench, on_kafka};

/// Numbers 0 to 1999, at 10 ms each, under seven keys.
const RECORDS: usize = 2000;

/// A kind of window, how its keys are written and read, and the bytes that these take beside the key.
struct Form {
    window: Value,
    writes: &'static str,
    reads: Value,
    bounds: Option<usize>,
}

fn forms() -> Vec<Form> {
    let tumbling = json!({ "operator": "tumbling-window", "config": { "size": "500ms" } });
    let session = json!({ "operator": "session-window", "config": { "gap": "100ms", "grace": "1s" } });
    let time = json!({ "kafka-streams-time": { "size": "500ms" } });
    vec![
        Form { window: tumbling.clone(), writes: "json", reads: json!("json"), bounds: None },
        Form { window: tumbling, writes: "kafka-streams-time", reads: time, bounds: Some(8) },
        Form { window: session.clone(), writes: "json", reads: json!("json"), bounds: None },
        Form {
            window: session,
            writes: "kafka-streams-session",
            reads: json!("kafka-streams-session"),
            bounds: Some(16),
        },
    ]
}

#[test]
fn windowed_keys_come_back_from_a_topic_as_they_were_written() {
    on_kafka(|bench| {
        let broker = serve(bench);
        for (number, form) in forms().into_iter().enumerate() {
            let mut came = Vec::new();
            for via in ["direct", "topic"] {
                let name = format!("windowed-{number}-{via}");
                let topic = bench.name(&name);
                broker.create(&topic, PARTITIONS);
                let expected = bench.path(&format!("{name}-expected.jsonl"));
                let writer = writer(&form, &topic, &bench.name(&format!("{name}-w")), via, &expected);
                bench.tidegate(&["run", &bench.file(&format!("{name}-w.json"), writer.to_string())]).code(0);
                let found = bench.path(&format!("{name}-found.jsonl"));
                let reader = reader(&form, &topic, &bench.name(&format!("{name}-r")), &found);
                let file = bench.file(&format!("{name}-r.json"), reader.to_string());
                bench.tidegate(&["run", &file, "--until-idle", "1s"]).code(0);
                let (expected, found) = (changes(&expected), changes(&found));
                assert!(expected.len() > 100 && expected == found, "{name}: {} and {}", expected.len(), found.len());
                let has_tombstones = expected.values().flatten().any(Value::is_null);
                assert_eq!(has_tombstones, form.window["operator"] == "session-window", "{name}");
                assert_partitions(bench, &form, &topic);
                came.push(found);
            }
            assert!(came[0] == came[1], "{number}: through a topic windows are others");
        }
    });
}

/// Every record lies where the key alone belongs, in the form that was asked for.
fn assert_partitions(bench: &Bench, form: &Form, topic: &str) {
    let format = if form.bounds.is_some() { "bytes" } else { "json" };
    for row in bench.tidegate(&["consume", topic, "--key-format", format]).code(0).rows() {
        let key = match form.bounds {
            None => row["key"]["key"].as_str().unwrap().as_bytes().to_vec(),
            Some(bounds) => {
                let mut bytes = base64(row["key"]["base64"].as_str().unwrap());
                bytes.truncate(bytes.len() - bounds);
                bytes
            }
        };
        assert_eq!(row["partition"], partition_of(&key, PARTITIONS), "{row}");
        assert!(key.starts_with(b"key-") && key.len() == 5, "{row}");
    }
}

fn base64(text: &str) -> Vec<u8> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let bits =
        text.bytes().filter(|byte| *byte != b'=').flat_map(|byte| (0..6).rev().map(move |bit| digit(byte) >> bit & 1));
    let bits: Vec<u8> = bits.collect();
    bits.chunks_exact(8).map(|bits| bits.iter().fold(0, |byte, bit| byte << 1 | bit)).collect()
}

/// Windows of numbers, written to a topic and, with their windows, to a file.
fn writer(form: &Form, topic: &str, group: &str, via: &str, file: &str) -> Value {
    let mut window = form.window.clone();
    window["id"] = json!("window");
    window["config"]["aggregates"] = json!({ "count": "count(*)", "sum": "sum(n)" });
    window["config"]["window_columns"] = json!(false);
    let config = json!({ "shape": "numbers", "count": RECORDS, "from": 0, "spacing": "10ms", "start": 0 });
    pipeline(
        group,
        json!([
            { "id": "numbers", "operator": "generate", "config": config },
            { "id": "some", "operator": "filter", "config": { "condition": "n % 100 < 60" } },
            { "id": "keyed", "operator": "key-by", "config": { "key": "'key-' || CAST(n % 7 AS text)" } },
            window,
            { "id": "all", "operator": "merge", "config": {} },
            { "id": "topic", "operator": "kafka-sink", "config": { "topic": topic, "window_key": form.writes } },
            { "id": "file", "operator": "file-sink", "config": { "path": file, "lines": "record" } }
        ]),
        json!([
            { "from": "numbers.out", "to": "some.in" },
            { "from": "some.out", "to": "keyed.in" },
            { "from": "keyed.out", "to": "window.in" },
            { "from": "window.out", "to": "all.in", "via": via },
            { "from": "all.out", "to": "topic.in" },
            { "from": "all.out", "to": "file.in" }
        ]),
    )
}

/// What stands in a topic, with its windows, to a file.
fn reader(form: &Form, topic: &str, group: &str, file: &str) -> Value {
    let schema = json!({ "count": "int64", "sum": "decimal(38,0)" });
    pipeline(
        group,
        json!([
            { "id": "topic", "operator": "kafka-source", "config": { "topic": topic, "schema": schema, "window_key": form.reads } },
            { "id": "file", "operator": "file-sink", "config": { "path": file, "lines": "record" } }
        ]),
        json!([{ "from": "topic.out", "to": "file.in" }]),
    )
}

fn pipeline(group: &str, nodes: Value, edges: Value) -> Value {
    json!({
        "tidegate": 1,
        "name": "windowed",
        "settings": { "application_id": group, "commit_interval": "200ms" },
        "parameters": { "brokers": {} },
        "clusters": { "default": { "brokers": "${brokers}" } },
        "nodes": nodes,
        "edges": edges
    })
}

/// The values under each windowed key, in order.
fn changes(file: &str) -> BTreeMap<String, Vec<Value>> {
    let mut changes: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for line in std::fs::read_to_string(file).unwrap().lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        assert!(row["window"]["start"].is_i64(), "{line}");
        changes.entry(json!([row["key"], row["window"]]).to_string()).or_default().push(row["value"].clone());
    }
    changes
}
