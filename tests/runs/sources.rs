//! What sources read: topics by a pattern, one topic by two nodes, two topics in the order of their records' times.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::broker::{serve, values};
use crate::support::{Bench, on_kafka};

fn source(id: &str, config: Value) -> Value {
    let mut node = json!({ "id": id, "operator": "kafka-source", "config": { "schema": { "n": "int64!" } } });
    node["config"].as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    node
}

fn sink(bench: &Bench, id: &str) -> Value {
    json!({ "id": id, "operator": "kafka-sink", "config": { "topic": bench.name(id), "create": { "partitions": 1 } } })
}

/// A pipeline with these nodes; edges are written `a->b`.
fn pipeline(bench: &Bench, name: &str, settings: Value, nodes: Vec<Value>, edges: &[&str]) -> String {
    let mut all = json!({ "application_id": bench.name(name), "commit_interval": "100ms" });
    all.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    let edges = edges.iter().filter_map(|edge| edge.split_once("->"));
    let edges: Vec<Value> =
        edges.map(|(from, to)| json!({ "from": format!("{from}.out"), "to": format!("{to}.in") })).collect();
    let file = json!({
        "tidegate": 1,
        "name": name,
        "settings": all,
        "parameters": { "brokers": {} },
        "clusters": { "default": { "brokers": "${brokers}" } },
        "nodes": nodes,
        "edges": edges
    });
    bench.file(&format!("{name}.json"), file.to_string())
}

fn send(bench: &Bench, topic: &str, ts: i64, n: i64) {
    let line = json!({ "ts": ts, "key": "k", "value": { "n": n } }).to_string();
    bench.tidegate_in(&["produce", &bench.name(topic), "--records", "--create", "1"], &line).code(0);
}

/// The numbers in a topic, in order.
fn numbers(bench: &Bench, topic: &str) -> Vec<i64> {
    values(bench, &bench.name(topic)).iter().map(|value| value["n"].as_i64().unwrap()).collect()
}

#[test]
fn a_pattern_reads_topics_that_come_later_and_none_that_it_writes() {
    on_kafka(|bench| {
        let broker = serve(bench);
        for (topic, n) in [("in-a", 1), ("in-b", 2), ("other-in-a", 100)] {
            send(bench, topic, 1, n);
        }
        // On a Kafka that others use too the names end in something of this bench's own.
        let pattern = format!("in-.*{}", bench.name(""));
        let nodes = vec![source("all", json!({ "pattern": pattern })), sink(bench, "in-out")];
        let file = pipeline(bench, "pattern", json!({}), nodes, &["all->in-out"]);
        let mut run = bench.start(&["run", &file]);
        let out = bench.name("in-out");
        run.wait_until("both topics", |_| broker.written(&out) == 2);
        send(bench, "in-c", 1, 3);
        run.wait_until("the topic that came later", |_| broker.written(&out) == 3);
        let committed =
            || ["in-a", "in-b", "in-c"].map(|topic| broker.committed(&bench.name("pattern"), &bench.name(topic)));
        run.wait_until("all to be committed", |_| committed() == [1, 1, 1]);
        assert_eq!(run.stop().code(0).outcome()["faults"], json!([]));
        let mut all = numbers(bench, "in-out");
        all.sort_unstable();
        assert_eq!(all, [1, 2, 3]);
    });
}

#[test]
fn two_sources_on_one_topic_each_get_every_record() {
    on_kafka(|bench| {
        let broker = serve(bench);
        for n in 0..10 {
            send(bench, "shared", n, n);
        }
        let shared = || json!({ "topic": bench.name("shared") });
        let filter = json!({ "id": "even", "operator": "filter", "config": { "condition": "n % 2 = 0" } });
        let nodes =
            vec![source("one", shared()), source("two", shared()), filter, sink(bench, "all"), sink(bench, "some")];
        let file = pipeline(bench, "tee", json!({}), nodes, &["one->all", "two->even", "even->some"]);
        let run = || bench.tidegate(&["run", &file, "--until-idle", "1s"]).code(0).outcome();
        assert_eq!(run()["faults"], json!([]));
        assert_eq!(numbers(bench, "all"), (0..10).collect::<Vec<_>>());
        assert_eq!(numbers(bench, "some"), [0, 2, 4, 6, 8]);
        assert_eq!(broker.committed(&bench.name("tee"), &bench.name("shared")), 10);
        run();
        assert_eq!(numbers(bench, "all").len(), 10, "what is committed is read by neither again");
    });
}

#[test]
fn a_task_waits_for_an_empty_topic_as_long_as_it_is_told_to() {
    on_kafka(|bench| {
        let broker = serve(bench);
        let ordered = |name: &str, idle: &str| {
            let [left, right, out] = [format!("{name}-left"), format!("{name}-right"), format!("{name}-out")];
            for topic in [&left, &right] {
                broker.create(&bench.name(topic), 1);
            }
            let topic = |topic: &str| json!({ "topic": bench.name(topic) });
            let merge = json!({ "id": "both", "operator": "merge", "config": {} });
            let nodes = vec![source("left", topic(&left)), source("right", topic(&right)), merge, sink(bench, &out)];
            let to_out = format!("both->{out}");
            let edges = ["left->both", "right->both", &to_out];
            let file = pipeline(bench, name, json!({ "max_task_idle": idle }), nodes, &edges);
            let mut run = bench.start(&["run", &file]);
            run.wait_until("a snapshot", |run| run.err().contains("\"snapshot\""));
            let written = || broker.written(&bench.name(&out));
            let begun = Instant::now();
            send(bench, &left, 20, 20);
            if idle == "0s" {
                run.wait_until("the record that waits for nobody", |_| written() == 1);
            }
            send(bench, &right, 10, 10);
            run.wait_until("both records", |_| written() == 2);
            // The last one waits again, for a record of the other topic that may come before it.
            assert!(idle == "0s" || begun.elapsed() > Duration::from_secs(4), "{:?}", begun.elapsed());
            run.stop().code(0);
            numbers(bench, &out)
        };
        assert_eq!(ordered("eager", "0s"), [20, 10]);
        assert_eq!(ordered("patient", "8s"), [10, 20]);
    });
}
