//! Nodes with faults in their configs: each fault is told, the rest is checked, and nothing follows from them.

use serde_json::{Value, json};

use super::{checked, found, source};
use crate::problem::{Problem, Severity};
use crate::types::Gaps;

/// A node between a source of `a` (int64!) and `b` (text) and a filter with this condition.
fn between(operator: &str, config: Value, condition: &str) -> String {
    let nodes = [
        ("s", "kafka-source", source("x")),
        ("n", operator, config),
        ("f", "filter", json!({ "condition": condition })),
        ("d", "discard", json!({})),
    ];
    found(&nodes, &[("s.out", "n.in"), ("n.out", "f.in"), ("f.out", "d.in")], json!({}))
}

#[test]
fn all_faults_of_a_config_are_told_and_its_expressions_checked() {
    let window = json!({ "size": "1", "grace": 5, "emit": "on-clse",
                         "aggregates": { "n": "count(*)", "m": "max(aa)", "o": 7, "p": "first(b)" }, "every": "0s" });
    insta::assert_snapshot!(between("tumbling-window", window, "n > 1 AND p = 'x' AND m = 1 AND o = 'y' AND n = 'z'"), @r#"
    error: n, size: `1` is not a duration; write one as "500ms", "1s", "1m30s" or "2h"
      remedy: such as "1s"
    error: n, grace: expected a duration as "500ms", "1s" or "1m30s", found 5
      remedy: write a unit, as in "500ms" or "1s"
    error: n, emit: expected `on-update` or `on-close`, found "on-clse"
      remedy: did you mean `on-close`?
    error: n, aggregates.o: expected an expression in quotes, found 7
      remedy: put it in quotes
    error: n, every: it is 0
      remedy: give a duration, such as 1m
    error: n, aggregates.m, characters 5 to 6: there is no column `aa`
      remedy: did you mean `a`?
    error: f, condition, characters 45 to 51: int64 cannot be compared with text
      remedy: convert it: CAST('z' AS int64)
    note: n: `n` keeps state that does not survive a run yet: no offsets are committed, each run reads again from `start`
      remedy: nothing to do while `start` is earliest: state is rebuilt from what is read again
    "#);
    let scan =
        json!({ "columns": { "x": { "start": "0", "nxt": "x + 1" }, "y": { "start": "zz", "next": "y + aa" } } });
    insta::assert_snapshot!(between("scan", scan, "x > 'b' AND y = 1 AND a = 1 AND q"), @"
    error: n, columns.x.nxt: unknown field `nxt`
      remedy: did you mean `next`?
    error: n, columns.y.start, characters 1 to 2: there is no column `zz`
      remedy: there are `a`, `b`
    error: f, condition, characters 1 to 7: int64 cannot be compared with text
      remedy: convert it: CAST('b' AS int64)
    note: n: `n` keeps state that does not survive a run yet: no offsets are committed, each run reads again from `start`
      remedy: nothing to do while `start` is earliest: state is rebuilt from what is read again
    ");
}

#[test]
fn what_may_come_from_a_broken_part_is_not_missing() {
    // Where nothing is said of what follows, it may come from what is broken.
    let cases = [
        ("map", json!({ "columns": { "c": "aa" } }), "c = 1", ""),
        ("map", json!({ "columns": { "c": 5, "d": "a" } }), "c = 1 AND e AND d = 'x'", "d = 'x'"),
        ("map", json!({ "colums": { "c": "a" } }), "c = 1", ""),
        ("map", json!({ "columns": { "c": "aa" } }), "d = 1", ""),
        ("map", json!({ "columns": { "c": "a" }, "keep": "yes" }), "d = 1 AND c = 'x'", "c = 'x'"),
        ("filter", json!({ "condition": "aa = 1" }), "cc = 1", "cc"),
        ("filter", json!({}), "cc = 1", "cc"),
        ("key-by", json!({ "key": "aa", "key_format": "int64" }), "_key = 'x'", "_key = 'x'"),
        ("key-by", json!({ "key": "a", "key_format": "int" }), "_key = 'x' AND a = 'x'", "a = 'x'"),
        ("branch", json!({ "branches": { "x": 1 }, "otherwise": "out" }), "cc", "cc"),
        ("conflate", json!({ "columns": { "n": { "start": "aa", "next": "n + 1" } } }), "n = 1", ""),
        ("buffer", json!({ "size": "many" }), "cc", "cc"),
        ("aggregate", json!({ "aggregates": { "n": "sum(aa)", "m": "count(*)" } }), "n = 1 AND m = 'x'", "m = 'x'"),
        ("key-buy", json!({}), "cc", ""),
    ];
    for (operator, config, condition, told) in cases {
        let shown = between(operator, config.clone(), condition);
        let of_filter: Vec<&str> = shown.lines().filter(|line| line.starts_with("error: f, condition")).collect();
        let place = condition.find(told).map(|start| format!("characters {} to {}", start + 1, start + told.len()));
        match place.filter(|_| !told.is_empty()) {
            None => assert_eq!(of_filter, [""; 0], "{operator} {config}"),
            Some(place) => {
                assert_eq!(of_filter.len(), 1, "{operator} {config}: {shown}");
                assert!(of_filter[0].contains(&place), "{operator} {config}: {shown}");
            }
        }
        let of_node = shown.lines().filter(|line| line.starts_with("error: n")).count();
        assert_eq!(of_node, 1, "{operator} {config}: {shown}");
    }
}

#[test]
fn sources_are_known_as_far_as_they_are_right() {
    let schema = json!({ "a": "int64", "b": "txt", "c": "bool" });
    let cases = [
        (json!({ "topc": "x", "schema": { "a": "int64" } }), "a = 1 AND q", "q"),
        (json!({ "topic": "a b", "schema": { "a": "int64" } }), "q", "q"),
        (json!({ "topic": "x", "schema": schema, "time": { "column": "t" } }), "b = 1 AND a = 'x' AND q", "a = 'x'"),
        (json!({ "topic": "x", "format": "jsn", "schema": { "a": "int64" } }), "a = 'x' AND q AND _key = 5", "a = 'x'"),
        (json!({ "topic": "x", "shema": { "a": "int64" } }), "a = 'x' AND q AND _key = 5", "_key = 5"),
        (json!({ "topic": "x", "window_key": { "kafka-streams-time": {} } }), "_window_start > _timestamp", ""),
        (json!({ "topic": "${none}", "schema": { "a": "int64" } }), "q", "q"),
    ];
    for (config, condition, told) in cases {
        let nodes = [
            ("s", "kafka-source", config.clone()),
            ("f", "filter", json!({ "condition": condition })),
            ("d", "discard", json!({})),
        ];
        let rest = json!({ "parameters": { "none": {} } });
        let shown = found(&nodes, &[("s.out", "f.in"), ("f.out", "d.in")], rest);
        let of_filter: Vec<&str> = shown.lines().filter(|line| line.starts_with("error: f")).collect();
        assert_eq!(of_filter.len(), usize::from(!told.is_empty()), "{config}: {shown}");
        if let (Some(line), Some(start)) = (of_filter.first(), condition.find(told)) {
            let place = format!("characters {} to {}", start + 1, start + told.len());
            assert!(line.contains(&place), "{config}: {shown}");
        }
    }
}

#[test]
fn ports_and_things_outside_that_may_be_others_are_not_wrong() {
    let nodes = [
        ("s", "kafka-source", source("x")),
        ("b", "branch", json!({ "branchs": { "one": "a = 1" } })),
        ("k", "kafka-sink", json!({ "topic": 5 })),
        ("l", "kafka-sink", json!({ "topic": "x", "acks": 2 })),
        ("f", "file-sink", json!({ "path": "x.jsonl", "fsync": true })),
        ("g", "file-sink", json!({ "path": "x.jsonl", "sync": 1 })),
    ];
    let edges = [("s.out", "b.in"), ("b.one", "k.in"), ("b.rest", "l.in"), ("s.out", "f.in"), ("s.out", "g.in")];
    insta::assert_snapshot!(found(&nodes, &edges, json!({})), @r#"
    error: b, branchs: unknown field `branchs`
      remedy: did you mean `branches`?
    error: k, topic: expected the name of a topic, found 5
      remedy: such as "orders"
    error: l, acks: expected `all`, `1` or `0`, found 2
      remedy: such as "all"
    error: f, fsync: unknown field `fsync`
      remedy: did you mean `sync`?
    error: g, sync: expected true or false, found 1
      remedy: write true or false
    "#);
}

#[test]
fn streams_behind_a_broken_node_say_what_is_not_known() {
    let text = json!({ "tidegate": 1, "name": "p", "nodes": [
        { "id": "s", "operator": "kafka-source", "config": { "topic": "x", "start": "first", "schema": { "a": "int64", "b": "txt" } } },
        { "id": "t", "operator": "kafka-source", "config": { "topic": "y", "schema": { "b": "text", "c": "text" }, "key_format": "int64" } },
        { "id": "m", "operator": "merge" },
        { "id": "f", "operator": "map", "config": { "columns": { "x": "b", "y": "c" } } },
        { "id": "d", "operator": "discard" } ],
      "edges": [ { "from": "s.out", "to": "m.in" }, { "from": "t.out", "to": "m.in" }, { "from": "m.out", "to": "f.in" },
                 { "from": "f.out", "to": "d.in" }, { "from": "s.errors", "to": "d.in" } ] });
    let (checked, problems) = checked(&text.to_string());
    let (_, checked) = checked.unwrap();
    let stream = |edge: usize| checked.edges[edge].stream.clone().unwrap();
    let both = Gaps { columns: true, key: true };
    assert_eq!((stream(0).schema.to_notation(), stream(0).gaps), (json!({ "a": "int64" }), both));
    // What only the broken one has is lost, what only the other has may come from both.
    assert_eq!((stream(2).schema.to_notation(), stream(2).gaps.columns), (json!({ "b": "text", "c": "text" }), false));
    assert_eq!(stream(3).schema.to_notation(), json!({ "x": "text", "y": "text" }));
    assert!(!stream(4).gaps.columns);
    let errors: Vec<&Problem> = problems.iter().filter(|problem| problem.severity == Severity::Error).collect();
    assert_eq!(errors.len(), 2, "{errors:#?}");
}
