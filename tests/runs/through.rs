//! An edge through a topic, on a broker: what comes out is what comes out of an edge in memory, the end crosses it, and its
//! topic is emptied: by commits where the pipeline keeps no state, else at the start of the next run.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::broker::{Broker, serve};
use crate::support::{Bench, on_kafka};

/// What the node behind the edge does.
#[derive(Clone, Copy, PartialEq)]
enum Behind {
    Doubles,
    Sums,
}

#[test]
fn an_edge_through_a_topic_gives_the_same_per_key() {
    on_kafka(|bench| {
        let broker = serve(bench);
        for (number, behind) in [Behind::Doubles, Behind::Sums].into_iter().enumerate() {
            let run = |name: &str, via: Value, partitions: Option<i32>| {
                let [to, group] =
                    [format!("{name}-{number}-out"), format!("{name}-{number}")].map(|it| bench.name(&it));
                broker.create(&to, 2);
                let file = bench.file(&format!("{name}.json"), pipeline(&group, &to, &via, behind).to_string());
                let through = format!("{group}.keyed.out.behind.in");
                let first = run_twice(bench, &broker, &file, &to);
                assert_eq!(broker.admin.partitions(&through).unwrap(), partitions, "{through}");
                if partitions.is_some() {
                    let held = if behind == Behind::Sums { 3000 } else { 0 };
                    assert_eq!((broker.written(&through), broker.held(&through)), (6000, held), "{through}");
                }
                first
            };
            let direct = run("direct", json!({ "direct": {} }), None);
            assert_eq!((direct.len(), direct.values().map(Vec::len).sum()), (13, 3000));
            assert!(direct == run("topic", json!("topic"), Some(1)), "through a topic the results are others");
            assert!(
                direct == run("wide", json!({ "topic": { "partitions": 3 } }), Some(3)),
                "through three they are others"
            );
        }
    });
}

/// What comes out under each key; the second time it is the same once more.
fn run_twice(bench: &Bench, broker: &Broker, file: &str, to: &str) -> BTreeMap<String, Vec<Value>> {
    let outcome = bench.tidegate(&["run", file]).code(0).outcome();
    assert_eq!((&outcome["ended_by"], &outcome["faults"]), (&json!("end"), &json!([])), "{file}");
    let first = per_key(bench, to);
    bench.tidegate(&["run", file]).code(0);
    assert_eq!(broker.written(to), 6000, "{file}: the second run reads what the first has left");
    let twice = first.iter().map(|(key, values)| (key.clone(), [values.clone(), values.clone()].concat()));
    assert!(twice.collect::<BTreeMap<_, _>>() == per_key(bench, to), "{file}: the second run gives others");
    first
}

/// 3,000 numbers under 13 keys, doubled or summed.
fn pipeline(group: &str, to: &str, via: &Value, behind: Behind) -> Value {
    let behind = match behind {
        Behind::Doubles => json!({ "id": "behind", "operator": "map", "config": { "columns": { "twice": "n * 2" } } }),
        Behind::Sums => json!({
            "id": "behind", "operator": "scan", "config": { "columns": { "sum": { "start": "0", "next": "sum + n" } } }
        }),
    };
    json!({
        "tidegate": 1,
        "name": "through",
        "settings": { "application_id": group, "commit_interval": "200ms" },
        "parameters": { "brokers": {} },
        "clusters": { "default": { "brokers": "${brokers}" } },
        "nodes": [
            { "id": "numbers", "operator": "generate", "config": { "shape": "numbers", "count": 3000 } },
            { "id": "keyed", "operator": "key-by", "config": { "key": "CAST(n % 13 AS text)" } },
            behind,
            { "id": "out", "operator": "kafka-sink", "config": { "topic": to } }
        ],
        "edges": [
            { "from": "numbers.out", "to": "keyed.in" },
            { "from": "keyed.out", "to": "behind.in", "via": via },
            { "from": "behind.out", "to": "out.in" }
        ]
    })
}

/// What stands in a topic under each key, in order.
fn per_key(bench: &Bench, topic: &str) -> BTreeMap<String, Vec<Value>> {
    let mut keys: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for row in bench.tidegate(&["consume", topic]).code(0).rows() {
        keys.entry(row["key"].as_str().unwrap().to_string()).or_default().push(json!([row["ts"], row["value"]]));
    }
    keys
}
