//! The same windows on the same Kafka, by Kafka Streams and by us: two topics of four partitions go in, and under every
//! windowed key, in Kafka Streams' own form and in the same partition, comes out the same count. `TIDEGATE_TEST_KAFKA`
//! gives the address of a Kafka; a JVM and Maven are needed.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tidegate_core::partition::partition_of;

use crate::case::Window;
use crate::random::Random;
use crate::support::Bench;

const PARTITIONS: i32 = 4;
/// Records of each topic, without those that close windows.
const RECORDS: i64 = 1500;
/// How long Kafka Streams may take. Machines that test are slow and busy.
const PATIENCE: Duration = Duration::from_secs(300);
const BASE_MS: i64 = 1_700_000_000_000;
/// Time of the records, which come in any order; grace takes all of it.
const RANGE_MS: i64 = 60_000;
const GRACE_MS: i64 = 3_600_000;

/// A window, when it gives results, and how our source reads its keys.
struct Comparison {
    name: &'static str,
    window: Window,
    emit: &'static str,
    reads: Value,
}

fn comparisons() -> Vec<Comparison> {
    let grace_ms = GRACE_MS;
    let time = |size: &str| json!({ "kafka-streams-time": { "size": size } });
    let session = Window::Session { gap_ms: 400, grace_ms };
    let hopping = Window::Hopping { size_ms: 3000, advance_ms: 1000, grace_ms };
    vec![
        Comparison {
            name: "tumbling",
            window: Window::Tumbling { size_ms: 2000, grace_ms },
            emit: "on-close",
            reads: time("2s"),
        },
        Comparison { name: "hopping", window: hopping, emit: "on-update", reads: time("3s") },
        Comparison { name: "sessions", window: session, emit: "on-update", reads: json!("kafka-streams-session") },
        Comparison {
            name: "closed-sessions",
            window: session,
            emit: "on-close",
            reads: json!("kafka-streams-session"),
        },
    ]
}

#[test]
#[ignore = "needs a JVM, Maven, and TIDEGATE_TEST_KAFKA, the address of a Kafka"]
fn windows_on_kafka_are_those_of_kafka_streams() {
    let brokers = env::var("TIDEGATE_TEST_KAFKA").expect("TIDEGATE_TEST_KAFKA is the address of a Kafka");
    let bench = Bench::on(&brokers);
    let from = ["one", "two"].map(|name| bench.name(&format!("windows-{name}")));
    let mut random = Random(7);
    let records: usize = from.iter().map(|topic| preload(&bench, topic, &mut random)).sum();
    for comparison in comparisons() {
        let [ours, theirs] =
            ["ours", "theirs"].map(|whose| bench.name(&format!("windows-{}-{whose}", comparison.name)));
        for topic in [&ours, &theirs] {
            bench.tidegate(&["topics", "create", topic, "--partitions", &PARTITIONS.to_string()]).code(0);
        }
        let pipeline = pipeline(&comparison, &from, &ours);
        let file = bench.file(&format!("{ours}.json"), pipeline.to_string());
        bench.tidegate(&["run", &file, "--until-idle", "3s"]).code(0);
        kafka_streams(&bench, &comparison, &from, &theirs, records);
        let (mine, reference) = (results(&bench, &comparison, &ours), results(&bench, &comparison, &theirs));
        eprintln!("{}: {} results of {records} records", comparison.name, reference.len());
        assert!(reference.len() > 300, "{}: {} results are too few", comparison.name, reference.len());
        assert_same(comparison.name, &mine, &reference);
        let (mine, reference) = (read(&bench, &comparison, &ours), read(&bench, &comparison, &theirs));
        assert_same(comparison.name, &mine, &reference);
        assert_windows(&comparison, &reference);
    }
}

fn assert_same(name: &str, ours: &BTreeMap<String, Value>, theirs: &BTreeMap<String, Value>) {
    let all: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let others: Vec<_> = all.into_iter().filter(|key| ours.get(*key) != theirs.get(*key)).collect();
    let shown: Vec<String> =
        others.iter().take(5).map(|key| format!("{key}: {:?}, not {:?}", ours.get(*key), theirs.get(*key))).collect();
    assert!(others.is_empty(), "{name}: {} of {} differ: {shown:#?}", others.len(), theirs.len());
}

/// Fills a topic with records in any order, and behind them one for each partition that closes all windows; gives how many.
fn preload(bench: &Bench, topic: &str, random: &mut Random) -> usize {
    let row = |key: &str, ts: i64| json!({ "key": key, "ts": ts, "value": {} }).to_string();
    let mut rows: Vec<String> = (0..RECORDS)
        .map(|_| row(&format!("key-{}", random.between(0, 30)), BASE_MS + random.between(0, RANGE_MS)))
        .collect();
    for partition in 0..PARTITIONS {
        let mut names = (0..).map(|number| format!("last-{number}"));
        let key = names.find(|name| partition_of(name.as_bytes(), PARTITIONS) == partition).expect("one of many");
        rows.push(row(&key, BASE_MS + 3 * GRACE_MS));
    }
    let partitions = PARTITIONS.to_string();
    let arguments = ["produce", topic, "-", "--records", "--create", &partitions];
    bench.tidegate_in(&arguments, &(rows.join("\n") + "\n")).code(0);
    rows.len()
}

fn pipeline(comparison: &Comparison, from: &[String; 2], to: &str) -> Value {
    let ms = |ms: i64| format!("{ms}ms");
    let (operator, mut config, window_key) = match comparison.window {
        Window::Tumbling { size_ms, .. } => ("tumbling-window", json!({ "size": ms(size_ms) }), "kafka-streams-time"),
        Window::Hopping { size_ms, advance_ms, .. } => {
            ("hopping-window", json!({ "size": ms(size_ms), "advance": ms(advance_ms) }), "kafka-streams-time")
        }
        Window::Sliding { difference_ms, .. } => {
            ("sliding-window", json!({ "difference": ms(difference_ms) }), "kafka-streams-time")
        }
        Window::Session { gap_ms, .. } => ("session-window", json!({ "gap": ms(gap_ms) }), "kafka-streams-session"),
    };
    config["grace"] = json!(ms(GRACE_MS));
    config["emit"] = json!(comparison.emit);
    config["at_end"] = json!("keep");
    config["window_columns"] = json!(false);
    config["aggregates"] = json!({ "count": "count(*)" });
    drawn(
        to,
        json!([
            { "id": "one", "operator": "kafka-source", "config": { "topic": from[0] } },
            { "id": "two", "operator": "kafka-source", "config": { "topic": from[1] } },
            { "id": "both", "operator": "merge", "config": {} },
            { "id": "window", "operator": operator, "config": config },
            { "id": "out", "operator": "kafka-sink", "config": { "topic": to, "window_key": window_key } }
        ]),
        json!([
            { "from": "one.out", "to": "both.in" },
            { "from": "two.out", "to": "both.in" },
            { "from": "both.out", "to": "window.in" },
            { "from": "window.out", "to": "out.in" }
        ]),
    )
}

fn drawn(group: &str, nodes: Value, edges: Value) -> Value {
    json!({
        "tidegate": 1,
        "name": "windows",
        "settings": { "application_id": group },
        "parameters": { "brokers": {} },
        "clusters": { "default": { "brokers": "${brokers}" } },
        "nodes": nodes,
        "edges": edges
    })
}

/// Runs `WindowsOnKafka` to its end, and removes the topics that Kafka Streams has made for itself.
fn kafka_streams(bench: &Bench, comparison: &Comparison, from: &[String; 2], to: &str, records: usize) {
    let build = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kafka-streams/build");
    let built = Command::new(build).stderr(Stdio::inherit()).output().expect("the programs build");
    assert!(built.status.success(), "the programs do not build");
    let classes = String::from_utf8(built.stdout).expect("a class path is text");
    let application = format!("{to}-application");
    let window = serde_json::to_string(&comparison.window).expect("a window is JSON");
    let mut child = Command::new("java")
        .args(["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx512m", "-cp", classes.trim(), "WindowsOnKafka"])
        .args([&bench.brokers, &from.join(","), to, &application, &records.to_string(), &window, comparison.emit])
        .stdout(Stdio::null())
        .spawn()
        .expect("java starts");
    let end = Instant::now() + PATIENCE;
    let status = loop {
        match child.try_wait().expect("a child can be waited for") {
            Some(status) => break status,
            None if Instant::now() < end => std::thread::sleep(Duration::from_millis(50)),
            None => {
                child.kill().expect("a child can be killed");
                panic!("{}: Kafka Streams does not end", comparison.name);
            }
        }
    };
    assert!(status.success(), "{}: Kafka Streams ended with {status}", comparison.name);
    for topic in bench.tidegate(&["topics", "--json"]).code(0).rows() {
        let topic = topic["topic"].as_str().expect("a name");
        if topic.starts_with(&application) {
            bench.tidegate(&["topics", "delete", topic]).code(0);
        }
    }
}

/// The last value under each windowed key, byte for byte, and the partition that it lies in; of sessions that were taken
/// back nothing. On close there is but one.
fn results(bench: &Bench, comparison: &Comparison, topic: &str) -> BTreeMap<String, Value> {
    let rows = bench.tidegate(&["consume", topic, "--key-format", "bytes"]).code(0).rows();
    last(comparison, rows.iter().map(|row| (json!([row["partition"], row["key"]]).to_string(), &row["value"])))
}

/// The same, as our own source reads it.
fn read(bench: &Bench, comparison: &Comparison, topic: &str) -> BTreeMap<String, Value> {
    let file = bench.path(&format!("{topic}.jsonl"));
    let source = json!({ "topic": topic, "schema": { "count": "int64!" }, "window_key": comparison.reads });
    let nodes = json!([
        { "id": "in", "operator": "kafka-source", "config": source },
        { "id": "out", "operator": "file-sink", "config": { "path": file, "lines": "record" } }
    ]);
    let reader = drawn(&format!("{topic}-reader"), nodes, json!([{ "from": "in.out", "to": "out.in" }]));
    let reader = bench.file(&format!("{topic}-reader.json"), reader.to_string());
    bench.tidegate(&["run", &reader, "--until-idle", "2s"]).code(0);
    let text = std::fs::read_to_string(&file).expect("a file of results");
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    last(comparison, rows.iter().map(|row| (json!([row["key"], row["window"]]).to_string(), &row["value"])))
}

fn last<'a>(comparison: &Comparison, rows: impl Iterator<Item = (String, &'a Value)>) -> BTreeMap<String, Value> {
    let mut last = BTreeMap::new();
    for (key, value) in rows {
        let before = last.insert(key.clone(), value.clone());
        assert!(comparison.emit == "on-update" || before.is_none(), "{}: {key} comes twice", comparison.name);
    }
    last.retain(|_, value| !value.is_null());
    last
}

/// Windows are as long as they have to be, and every record is in as many as it has to be.
fn assert_windows(comparison: &Comparison, read: &BTreeMap<String, Value>) {
    let mut counted = 0;
    for (key, value) in read {
        let key: Value = serde_json::from_str(key).expect("JSON");
        let bound = |name: &str| key[1][name].as_i64().expect("a time");
        let length = bound("end") - bound("start");
        match comparison.window {
            Window::Tumbling { size_ms, .. } | Window::Hopping { size_ms, .. } => assert_eq!(length, size_ms, "{key}"),
            Window::Sliding { difference_ms, .. } => assert_eq!(length, difference_ms, "{key}"),
            Window::Session { .. } => assert!((0..=RANGE_MS).contains(&length), "{key}"),
        }
        if key[0].as_str().is_some_and(|key| key.starts_with("key-")) {
            counted += value["count"].as_i64().expect("a count");
        }
    }
    let windows = match comparison.window {
        Window::Hopping { size_ms, advance_ms, .. } => size_ms / advance_ms,
        Window::Sliding { .. } => return,
        _ => 1,
    };
    assert_eq!(counted, 2 * RECORDS * windows, "{}", comparison.name);
}
