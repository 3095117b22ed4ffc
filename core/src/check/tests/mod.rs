mod kinds;
mod laws;
mod partial;
mod planned;
mod scripts;
mod structure;
mod toys;

use std::sync::Arc;

use serde_json::{Value, json};

use self::toys::TOYS;
use super::*;
use crate::pipeline::{Edge, Node};
use crate::types::{KeyFormat, Schema, Type};

fn checked(text: &str) -> (Option<(Pipeline, Checked)>, Vec<Problem>) {
    let operators: Vec<&'static Operator> = operators::ALL.iter().chain(&TOYS).copied().collect();
    let options =
        CheckOptions { operators: &operators, ..CheckOptions::new(&[("group.id", "the group is named elsewhere")]) };
    check_text(text, &options)
}

/// Problems of a pipeline with these nodes (an id, an operator, a config) and edges.
fn found(nodes: &[(&str, &str, Value)], edges: &[(&str, &str)], rest: Value) -> String {
    let nodes: Vec<Value> = nodes
        .iter()
        .map(|(id, operator, config)| json!({ "id": id, "operator": operator, "config": config }))
        .collect();
    let edges: Vec<Value> = edges.iter().map(|(from, to)| json!({ "from": from, "to": to })).collect();
    let mut file = json!({ "tidegate": 1, "name": "p", "nodes": nodes, "edges": edges });
    for (name, value) in rest.as_object().unwrap() {
        file[name] = value.clone();
    }
    shown(&file.to_string())
}

fn shown(text: &str) -> String {
    let (_, mut problems) = checked(text);
    problems.iter_mut().for_each(|problem| problem.place.line = None);
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}

fn source(topic: &str) -> Value {
    json!({ "topic": topic, "schema": { "a": "int64!", "b": "text" } })
}

const GOOD: &str = r#"{ "tidegate": 1, "name": "good",
  "settings": { "commit_interval": "${every}", "threads": 2 },
  "parameters": { "every": { "default": "2s" }, "least": { "default": 10 }, "password": { "secret": true }, "size": { "default": 100 } },
  "clusters": { "default": { "brokers": "embedded", "properties": { "sasl.password": "${password}" } } },
  "nodes": [
    { "id": "orders", "operator": "kafka-source", "config": { "topic": "orders", "schema": { "id": "int64!", "price": "float64" } } },
    { "id": "dear", "operator": "filter", "config": { "condition": "price > ${least}" }, "supervision": { "restart": { "max_restarts": 3 } } },
    { "id": "all", "operator": "merge" },
    { "id": "out", "operator": "kafka-sink", "config": { "topic": "dear" }, "on_error": "count" },
    { "id": "bad", "operator": "discard" } ],
  "edges": [
    { "from": "orders.out", "to": "dear.in" },
    { "from": "dear.out", "to": "all.in" },
    { "from": "orders.out", "to": "all.in" },
    { "from": "all.out", "to": "out.in", "via": { "topic": { "partitions": 3, "retention": "1h" } } },
    { "from": "orders.errors", "to": "bad.in", "via": { "direct": { "buffer": "${size}" } } } ],
  "tests": [ { "name": "t", "script": [ { "node": "orders", "ts": 1, "value": { "id": 1 } }, { "advance": "1s" }, { "end": "orders" } ],
               "expect": { "out.in": [ { "ts": 1, "value": { "id": 1 } } ] } } ] }"#;

#[test]
fn a_good_pipeline_has_streams_settings_and_no_errors() {
    let (checked, problems) = checked(GOOD);
    let (_, checked) = checked.unwrap();
    assert_eq!(problems, []);
    assert!(checked.is_runnable());
    assert_eq!(
        checked.settings,
        RunSettings {
            application_id: "good".into(),
            guarantee: Guarantee::AtLeastOnce,
            commit_interval_ms: 2000,
            scale: Scale::Single,
            max_task_idle_ms: 0,
            threads: Some(2),
        }
    );
    let schema = Schema::from_notation(&json!({ "id": "int64!", "price": "float64" })).unwrap();
    let stream = Stream::records(Arc::new(schema), KeyFormat::Text);
    assert_eq!(checked.edges[3].stream, Some(stream.clone()));
    assert_eq!(checked.nodes[3].inputs, [Some(stream)]);
    let errors = checked.edges[4].stream.as_ref().unwrap();
    assert_eq!(errors.schema.columns[0].data, Type::Text);
    assert_eq!((checked.edges[3].from, checked.edges[3].to), (Some((2, 0)), Some((3, 0))));
    let through = Travel::Topic {
        cluster: "default".into(),
        topic: "good.all.out.out.in".into(),
        is_own: true,
        partitions: Some(3),
        retention_ms: Some(3_600_000),
    };
    assert_eq!(checked.edges[3].travel, through);
    assert_eq!(checked.edges[4].travel, Travel::Direct { records: Some(100), bytes: None });
    assert_eq!(checked.nodes[1].config["condition"], "price > 10");
    assert_eq!(checked.nodes[1].restart.unwrap().max_restarts, Some(3));
    assert_eq!(checked.clusters[0].properties.0.get("sasl.password").unwrap().expose(), "${password}");
}

#[test]
fn nodes_are_checked_one_by_one() {
    let nodes = [
        ("a", "kafka-sorce", json!({})),
        ("b", "kafka-source", json!({ "topc": "x", "format": "jsn" })),
        ("c", "filter", json!({})),
        ("d", "kafka-sink", json!({ "topic": "a b", "cluster": "${where}" })),
    ];
    let edges = [("b.out", "c.in"), ("c.out", "d.in")];
    insta::assert_snapshot!(found(&nodes, &edges, json!({})), @r#"
    error: a, operator: unknown operator `kafka-sorce`
      remedy: did you mean `kafka-source`?
    error: b, topc: unknown field `topc`
      remedy: did you mean `topic`?
    error: b, format: expected `json`, `text` or `bytes`, found "jsn"
      remedy: did you mean `json`?
    error: c, condition: `condition` is missing: expected an expression in quotes
      remedy: add "condition": "price > 10"
    error: d, cluster: unknown parameter `where`
      remedy: declare it under `parameters`
    error: d, topic: the name of a topic is made of letters, digits, `.`, `_` and `-`; `a b` has ` `
      remedy: such as `a-b`
    "#);
}

#[test]
fn ends_of_edges_are_ports() {
    let nodes = [("a", "kafka-source", source("x")), ("b", "merge", json!({})), ("c", "discard", json!({}))];
    let edges = [
        ("a.ot", "b.in"),
        ("b.in", "c.out"),
        ("a.error", "c.inn"),
        ("x.out", "b.in"),
        ("a.out", "z.in"),
        ("c.out", "b.in"),
    ];
    insta::assert_snapshot!(found(&nodes, &edges, json!({})), @"
    error: a.ot->b.in, from: `a` has no output port `ot`
      remedy: its output ports: out, errors
    error: b.in->c.out, from: `in` is an input of `b`: an edge leaves by an output
      remedy: its output ports: out
    error: b.in->c.out, to: `c` has no input port `out`
      remedy: its input ports: in
    error: a.error->c.inn, from: `a` has no output port `error`
      remedy: did you mean `a.errors`?
    error: a.error->c.inn, to: `c` has no input port `inn`
      remedy: did you mean `c.in`?
    error: x.out->b.in, from: there is no node `x`
      remedy: take the edge away, or connect it to a node that is there
    error: a.out->z.in, to: there is no node `z`
      remedy: take the edge away, or connect it to a node that is there
    error: c.out->b.in, from: `c` has no output port `out`
      remedy: `c` has no output ports
    error: b: `b`, `c` feed each other in a circle
      remedy: take one of the edges between them away
    error: c.in: nothing is connected here
      remedy: connect an edge to `c.in`
    ");
}

#[test]
fn the_graph_is_looked_at_as_a_whole() {
    let merge = |id| (id, "merge", json!({}));
    let nodes = [
        ("a", "kafka-source", source("x")),
        merge("open"),
        merge("one"),
        merge("two"),
        merge("self"),
        merge("end"),
        ("c", "discard", json!({})),
    ];
    let edges = [
        ("one.out", "two.in"),
        ("two.out", "one.in"),
        ("self.out", "self.in"),
        ("open.out", "c.in"),
        ("a.out", "end.in"),
    ];
    insta::assert_snapshot!(found(&nodes, &edges, json!({})), @"
    error: one: `one`, `two` feed each other in a circle
      remedy: take one of the edges between them away
    error: self: `self` feeds itself
      remedy: take one of the edges between them away
    error: open.in: nothing is connected here
      remedy: connect an edge to `open.in`
    note: end: what leaves by `out` goes nowhere
      remedy: connect a sink, or `discard` to say that it is meant
    warning: c: nothing ever comes here: no source leads to it
      remedy: connect a source to what comes before it, or take it away
    ");
    insta::assert_snapshot!(found(&[], &[], json!({})), @"
    warning: nodes: there is no node
      remedy: add a source and a sink: `tidegate describe` lists them
    ");
}

#[test]
fn what_is_switched_off_takes_no_part() {
    let text = r#"{ "tidegate": 1, "name": "p", "nodes": [
        { "id": "a", "operator": "kafka-source", "config": { "topc": 1 }, "disabled": true },
        { "id": "b", "operator": "merge" },
        { "id": "c", "operator": "kafka-source", "config": { "topic": "x" } },
        { "id": "d", "operator": "look-up" },
        { "id": "out", "operator": "discard" } ],
      "edges": [ { "from": "a.out", "to": "b.in" }, { "from": "b.out", "to": "d.table" }, { "from": "c.out", "to": "d.in" },
                 { "from": "d.out", "to": "out.in" } ] }"#;
    insta::assert_snapshot!(shown(text), @"
    note: b: `b` rests: all that it reads from is switched off
      remedy: switch one of them on, or this node off too
    warning: a, topc: unknown field `topc`
      remedy: did you mean `topic`?
    error: d.table: nothing comes in here: what is connected is switched off
      remedy: connect an edge to `d.table`
    ");
    let (checked, _) = checked(text);
    let active: Vec<bool> = checked.unwrap().1.nodes.iter().map(|node| node.is_active).collect();
    assert_eq!(active, [false, false, true, true, true]);
}

#[test]
fn streams_that_meet_must_fit() {
    let nodes = [
        ("a", "kafka-source", source("x")),
        ("b", "kafka-source", json!({ "topic": "y", "schema": { "a": "text", "c": "bool" }, "key_format": "int64" })),
        ("m", "merge", json!({})),
        ("s", "sum", json!({})),
        ("n", "merge", json!({})),
        ("l", "look-up", json!({})),
        ("k", "look-up", json!({})),
    ];
    let edges = [
        ("a.out", "m.in"),
        ("b.out", "m.in"),
        ("a.out", "s.in"),
        ("s.out", "n.in"),
        ("a.out", "n.in"),
        ("s.out", "l.in"),
        ("a.out", "l.table"),
        ("a.out", "k.in"),
        ("s.out", "k.table"),
    ];
    insta::assert_snapshot!(found(&nodes, &edges, json!({})), @"
    error: m.in: keys differ: `a.out` gives text, `b.out` gives int64
      remedy: put a `key-by` before one of them
    error: m.in: types of `a` differ: `a.out` gives int64, `b.out` gives text
      remedy: put a `map` before one of them that casts it
    warning: m.in: `b` goes no further: `a.out` gives it, `b.out` does not
      remedy: put a `map` before one of them
    error: n.in: streams differ: `s.out` gives changes, `a.out` gives records
      remedy: give each a node of its own, or make the same of both before they meet
    error: l.in: records are wanted here, and `s.out` gives changes
      remedy: connect what comes before the changes are made
    error: l.table: changes are wanted here, and `a.out` gives records
      remedy: put a node before it that keeps the last value of each key
    note: m: what leaves by `out` goes nowhere
      remedy: connect a sink, or `discard` to say that it is meant
    note: n: what leaves by `out` goes nowhere
      remedy: connect a sink, or `discard` to say that it is meant
    note: l: what leaves by `out` goes nowhere
      remedy: connect a sink, or `discard` to say that it is meant
    note: k: what leaves by `out` goes nowhere
      remedy: connect a sink, or `discard` to say that it is meant
    note: s: `s` keeps state that does not survive a run yet: no offsets are committed, each run reads again from `start`
      remedy: nothing to do while `start` is earliest: state is rebuilt from what is read again
    ");
}

#[test]
fn nodes_that_share_a_file_or_a_topic_are_seen() {
    let start = |topics: Value, start: &str| json!({ "topics": topics, "start": start });
    let nodes = [
        ("one", "kafka-source", start(json!(["x", "y"]), "earliest")),
        ("two", "kafka-source", start(json!(["y"]), "latest")),
        ("match", "kafka-source", json!({ "pattern": "x|z", "start": "latest" })),
        ("same", "kafka-source", start(json!(["x"]), "earliest")),
        ("all", "merge", json!({})),
        ("f", "file-sink", json!({ "path": "out.jsonl" })),
        ("g", "file-sink", json!({ "path": "./a/../out.jsonl" })),
        ("h", "file-source", json!({ "path": "b//../out.jsonl" })),
        ("loop", "kafka-sink", json!({ "topic": "x", "cluster": "othr" })),
        ("ring", "kafka-sink", json!({ "topic": "x" })),
        ("rang", "kafka-sink", json!({ "topic": "x", "create": { "partitions": 2 }, "compression": "lz4" })),
        ("made", "kafka-sink", json!({ "topic": "y2", "create": { "partitions": 2 } })),
        ("also", "kafka-sink", json!({ "topic": "y2", "create": { "partitions": 3 } })),
    ];
    let edges = [
        ("one.out", "all.in"),
        ("two.out", "all.in"),
        ("match.out", "all.in"),
        ("same.out", "all.in"),
        ("all.out", "f.in"),
        ("all.out", "g.in"),
        ("all.out", "loop.in"),
        ("all.out", "ring.in"),
        ("all.out", "rang.in"),
        ("all.out", "made.in"),
        ("all.out", "also.in"),
        ("h.out", "all.in"),
    ];
    insta::assert_snapshot!(found(&nodes, &edges, json!({ "clusters": { "other": {} } })), @"
    error: two, start: `one` reads `y` too, and from another start; both are one reading
      remedy: give both the same `start`
    error: match, start: `one` reads `x` too, and from another start; both are one reading
      remedy: give both the same `start`
    error: same, start: `match` reads `x` too, and from another start; both are one reading
      remedy: give both the same `start`
    error: g, path: `f` writes out.jsonl too
      remedy: give each its own file, or connect both to one node
    warning: h, path: b//../out.jsonl is read and written at once, by `f` and `h`
      remedy: write to another file, and read that in a second run
    warning: h, path: b//../out.jsonl is read and written at once, by `g` and `h`
      remedy: write to another file, and read that in a second run
    error: loop, cluster: unknown cluster `othr`
      remedy: did you mean `other`?
    warning: ring: `x` is written by `ring` and read by `one`: records may go round for ever
      remedy: write to another topic, unless the circle is meant
    warning: ring: `x` is written by `ring` and read by `same`: records may go round for ever
      remedy: write to another topic, unless the circle is meant
    warning: rang: `x` is written by `rang` and read by `one`: records may go round for ever
      remedy: write to another topic, unless the circle is meant
    warning: rang: `x` is written by `rang` and read by `same`: records may go round for ever
      remedy: write to another topic, unless the circle is meant
    error: rang, compression: `ring` writes `x` too, and with another `compression`
      remedy: give both the same `compression`
    error: also, create: `made` writes `y2` too, and with another `create`
      remedy: give both the same `create`
    ");
}

#[test]
fn settings_clusters_and_parameters_are_checked() {
    let rest = json!({
        "name": "not an id", "settings": { "commit_interval": "${n}", "threads": 0, "guarantee": "exactly-once", "scale": "group" },
        "parameters": { "n": { "default": 5 }, "p": { "secret": true }, "nothing": {} },
        "clusters": { "default": { "brokers": "${p}", "properties": { "group.id": "x", "sasl.password": "y", "ssl.ca.pem": "${q}" } } }
    });
    let nodes = [("a", "kafka-source", source("${nothing}")), ("s", "sum", json!({})), ("c", "discard", json!({}))];
    insta::assert_snapshot!(found(&nodes, &[("a.out", "s.in"), ("s.out", "c.in")], rest), @r#"
    error: settings.threads: expected a whole number from 1 to 4294967295, found 0
      remedy: such as 1
    error: parameters.nothing: the parameter `nothing` has no value
      remedy: give it with --set nothing=…, as TIDEGATE_NOTHING, or as a default
    error: name: `not an id` cannot be an application id: 1 to 63 letters, digits, `.`, `_`, `-`
      remedy: set settings.application_id
    error: settings.commit_interval: ${n}: `5` is not a duration; write one as "500ms", "1s", "1m30s" or "2h"
      remedy: give the parameter such a value: by --set, in the environment, or as its default
    error: clusters.default.brokers: the secret `p` may not stand here
      remedy: a secret may stand only in fields that are secret and in a cluster's properties
    error: clusters.default.properties.group.id: `group.id` is set by Tidegate itself: the group is named elsewhere
      remedy: take it away
    warning: clusters.default.properties.sasl.password: the value of `sasl.password` stands in the file, where others read it
      remedy: declare a secret parameter and write ${NAME}
    error: clusters.default.properties.ssl.ca.pem: unknown parameter `q`
      remedy: declare it under `parameters`
    error: settings.guarantee: exactly-once is not built yet
      remedy: write "at-least-once"
    error: s: `s` keeps state, and a group of processes cannot do that yet
      remedy: write "scale": "single" in the settings
    note: s: `s` keeps state that does not survive a run yet: no offsets are committed, each run reads again from `start`
      remedy: nothing to do while `start` is earliest: state is rebuilt from what is read again
    "#);
}

#[test]
fn ways_of_edges_are_checked() {
    let text = r#"{ "tidegate": 1, "name": "p", "nodes": [
        { "id": "a", "operator": "kafka-source", "config": { "topic": "x" } },
        { "id": "b", "operator": "merge" }, { "id": "c", "operator": "merge" }, { "id": "d", "operator": "discard" } ],
      "edges": [ { "from": "a.out", "to": "b.in", "via": { "topic": { "name": "t t", "partitions": 3, "cluster": "far" } } },
                 { "from": "a.out", "to": "c.in", "via": { "topic": { "name": "x" } } },
                 { "from": "b.out", "to": "d.in", "via": { "topic": { "name": "x" } } },
                 { "from": "c.out", "to": "d.in", "via": { "direct": { "buffer": 0, "bytes": "${none}" } } } ] }"#;
    insta::assert_snapshot!(shown(text), @"
    error: a.out->b.in, via.topic.name: the name of a topic is made of letters, digits, `.`, `_` and `-`; `t t` has ` `
      remedy: such as `t-t`
    error: c.out->d.in, via.direct.buffer: expected a whole number from 1 to 4294967295, found 0
      remedy: such as 1
    error: a.out->b.in, via.topic.cluster: unknown cluster `far`
      remedy: declare it under `clusters`
    error: c.out->d.in, via.direct.bytes: unknown parameter `none`
      remedy: declare it under `parameters`
    error: b.out->d.in, via.topic.name: `x` is the topic of a.out->c.in too
      remedy: give each edge a topic of its own
    warning: a.out->c.in, via.topic.name: `a` uses `x`, which is the way of a.out->c.in
      remedy: give the edge a topic of its own: leave the name away
    warning: b.out->d.in, via.topic.name: `a` uses `x`, which is the way of b.out->d.in
      remedy: give the edge a topic of its own: leave the name away
    ");
}

#[test]
fn expressions_are_checked_with_their_spans() {
    let text = GOOD.replace("price > ${least}", "prise > ${least} AND id");
    let (_, problems) = checked(&text);
    insta::assert_snapshot!(problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"), @"
    error: line 7, column 69, dear, condition, characters 1 to 5: there is no column `prise`
      remedy: did you mean `price`?
    ");
}

#[test]
fn problems_have_lines() {
    let text = GOOD.replace("\"merge\"", "\"mrege\"").replace("price >", "prize >");
    let (_, problems) = checked(&text);
    let lines: Vec<_> = problems.iter().map(|problem| problem.place.line.map(|(line, _)| line)).collect();
    assert!(lines.contains(&Some(8)), "{problems:?}");
    assert!(lines.iter().all(Option::is_some), "{problems:?}");
}

#[test]
fn a_drawn_pipeline_needs_no_text() {
    let drawn = Pipeline {
        nodes: vec![Node::new("a", "discard")],
        edges: vec![Edge::new("a.out", "a.in")],
        ..Pipeline::new("p")
    };
    let checked = check(&drawn, &CheckOptions::new(&[]));
    assert!(!checked.is_runnable());
}
