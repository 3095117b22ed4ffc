//! What the plan of a pipeline says of it: exchanges, with remedies that do help.

use serde_json::{Value, json};

use super::{found, source};

const COUNT: &str = "tumbling-window";

fn window() -> Value {
    json!({ "size": "1m", "aggregates": { "n": "count(*)" } })
}

#[test]
fn an_exchange_is_a_note_on_its_edge_with_what_spares_it() {
    let by = || json!({ "key": "b" });
    let nodes = [
        ("a", "kafka-source", source("x")),
        ("k", "key-by", by()),
        ("w", COUNT, window()),
        ("c", "discard", json!({})),
    ];
    let edges = [("a.out", "k.in"), ("k.out", "w.in"), ("w.out", "c.in")];
    insta::assert_snapshot!(notes(&found(&nodes, &edges, json!({}))), @"
    note: k.out->w.in: records are exchanged by key here: `k` makes new keys, and `w` keeps state per key. They wait in queues of their lanes, and keep their order per key and lane before it
      remedy: key upstream, where the topic is written; or let a topic lie between: write what leaves `k` to one by key, and read that
    ");
    // Keyed upstream, there is none.
    let nodes = [("a", "kafka-source", source("x")), ("w", COUNT, window()), ("c", "discard", json!({}))];
    assert_eq!(notes(&found(&nodes, &[("a.out", "w.in"), ("w.out", "c.in")], json!({}))), "");
    // Nor where a topic lies between, written by the new key and read again.
    let nodes = [
        ("a", "kafka-source", source("x")),
        ("k", "key-by", by()),
        ("o", "kafka-sink", json!({ "topic": "y" })),
        ("i", "kafka-source", source("y")),
        ("w", COUNT, window()),
        ("c", "discard", json!({})),
    ];
    let edges = [("a.out", "k.in"), ("k.out", "o.in"), ("i.out", "w.in"), ("w.out", "c.in")];
    assert_eq!(notes(&found(&nodes, &edges, json!({}))), "");
}

/// What is said of exchanges.
fn notes(problems: &str) -> String {
    let lines: Vec<&str> = problems.lines().collect();
    let told = lines.iter().enumerate().filter(|(_, line)| line.contains("exchanged by key"));
    told.flat_map(|(place, _)| &lines[place..(place + 2).min(lines.len())]).copied().collect::<Vec<_>>().join("\n")
}
