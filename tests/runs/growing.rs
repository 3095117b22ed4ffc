//! Topics that get more partitions while they are read.

use serde_json::json;

use crate::broker::{doubling, nothing_is_lost, numbers, owned, serve};
use crate::support::on_kafka;

#[test]
fn new_partitions_get_lanes_where_no_key_has_state() {
    on_kafka(|bench| {
        let broker = serve(bench);
        let [from, to, group] = ["from", "to", "growing"].map(|name| bench.name(name));
        broker.create(&from, 2);
        broker.create(&to, 2);
        let mut pipeline = doubling(&group, &from, &to);
        pipeline["clusters"]["default"]["properties"]["topic.metadata.refresh.interval.ms"] = json!("500");
        let mut run = bench.start(&["run", &bench.file("growing.json", pipeline.to_string())]);
        run.wait_until("all partitions", |run| owned(run) == 2);
        bench.tidegate(&["run", &numbers(bench, &from, &json!({ "count": 1000 }))]).code(0);
        bench.tidegate(&["topics", "grow", &from, "--partitions", "5"]).code(0);
        run.wait_until("the new partitions", |run| owned(run) == 5);
        bench.tidegate(&["run", &numbers(bench, &from, &json!({ "count": 1000, "from": 1001 }))]).code(0);
        run.wait_until("all to be committed", |_| broker.committed(&group, &from) == 2000);
        assert!(broker.committed_by_partition(&group, &from).len() > 2, "nothing came to the new ones");
        assert_eq!(run.stop().code(0).outcome()["faults"], json!([]));
        assert_eq!(nothing_is_lost(bench, &from, &to), 0);
    });
}

/// Even where there are lanes enough already: keys have moved between them.
#[test]
fn new_partitions_are_a_fault_where_keys_have_state() {
    on_kafka(|bench| {
        let broker = serve(bench);
        let [from, wide, group] = ["from", "wide", "stateful"].map(|name| bench.name(name));
        broker.create(&from, 2);
        broker.create(&wide, 4);
        let pipeline = json!({
            "tidegate": 1,
            "name": "stateful",
            "settings": { "application_id": group },
            "parameters": { "brokers": {} },
            "clusters": { "default": {
                "brokers": "${brokers}",
                "properties": { "topic.metadata.refresh.interval.ms": "500" }
            } },
            "nodes": [
                { "id": "few", "operator": "kafka-source", "config": { "topic": from, "schema": { "n": "int64!" } } },
                { "id": "many", "operator": "kafka-source", "config": { "topic": wide, "schema": { "n": "int64!" } } },
                { "id": "both", "operator": "merge", "config": {} },
                { "id": "sum", "operator": "scan",
                  "config": { "columns": { "sum": { "start": "0", "next": "sum + n" } } } },
                { "id": "out", "operator": "discard", "config": {} }
            ],
            "edges": [
                { "from": "few.out", "to": "both.in" },
                { "from": "many.out", "to": "both.in" },
                { "from": "both.out", "to": "sum.in" },
                { "from": "sum.out", "to": "out.in" }
            ]
        });
        let mut run = bench.start(&["run", &bench.file("stateful.json", pipeline.to_string())]);
        run.wait_until("all partitions", |run| owned(run) == 6);
        bench.tidegate(&["topics", "grow", &from, "--partitions", "3"]).code(0);
        let outcome = run.wait().code(1).outcome();
        let fault = &outcome["faults"][0];
        let message = format!("topic `{from}` has got more partitions, and keys have moved from one to another");
        assert_eq!(fault["message"], message, "{outcome}");
        assert!(fault["remedy"].as_str().is_some_and(|remedy| remedy.contains("start the run again")), "{fault}");
    });
}
