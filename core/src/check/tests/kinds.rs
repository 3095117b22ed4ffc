//! Each kind of problem once, with its place in the text.

use serde_json::{Value, json};

use super::{checked, found};
use crate::operators;
use crate::problem::Problem;

const FILE: &str = r#"{ "tidegate": 1, "name": "p",
  "settings": { "guarantee": "at-least-once", "scale": "single" },
  "parameters": { "least": { "default": 10 }, "password": { "secret": true } },
  "clusters": { "default": { "brokers": "embedded" } },
  "nodes": [
    { "id": "orders", "operator": "kafka-source", "config": { "topic": "orders", "schema": { "id": "int64!", "price": "float64" } } },
    { "id": "dear", "operator": "filter", "config": { "condition": "price > ${least}" } },
    { "id": "sum", "operator": "sum", "config": {} },
    { "id": "look", "operator": "look-up" },
    { "id": "table", "operator": "sum" },
    { "id": "out", "operator": "file-sink", "config": { "path": "out.jsonl" } },
    { "id": "more", "operator": "file-sink", "config": { "path": "more.jsonl" } } ],
  "edges": [
    { "from": "orders.out", "to": "dear.in" },
    { "from": "dear.out", "to": "sum.in" },
    { "from": "dear.out", "to": "look.in" },
    { "from": "orders.out", "to": "table.in" },
    { "from": "table.out", "to": "look.table" },
    { "from": "look.out", "to": "out.in" },
    { "from": "sum.out", "to": "more.in" } ],
  "groups": [ { "id": "g", "nodes": ["dear"] } ],
  "tests": [ { "name": "t", "script": [ { "node": "orders", "key": "a", "headers": [] } ], "expect": { "out.in": [ { "ts": 0 } ] } } ] }"#;

fn problems(text: &str) -> Vec<Problem> {
    checked(text).1
}

#[test]
fn every_kind_has_its_place() {
    assert!(problems(FILE).iter().all(|problem| problem.severity == crate::problem::Severity::Note));
    // What is replaced in the file by what; the text at which the problem stands; what is said there.
    let cases = [
        ("broken JSON", r#""name": "p","#, r#""name": "p" "#, "\"settings\"", "expected `,` or `}`"),
        ("unknown operator", r#""filter""#, r#""filtre""#, r#""filtre""#, "dear, operator: unknown operator `filtre`"),
        ("not built yet", r#""filter""#, r#""dedupe""#, r#""dedupe""#, "dear, operator: `dedupe` is not built yet"),
        (
            "not built yet",
            r#""at-least-once""#,
            r#""exactly-once""#,
            r#""exactly-once""#,
            "settings.guarantee: exactly-once",
        ),
        ("not built yet", r#""single""#, r#""group""#, r#"{ "id": "sum""#, "sum: `sum` keeps state, and a group"),
        ("unknown field", r#""topic": "#, r#""topc": "#, r#""orders", "schema""#, "orders, topc: unknown field `topc`"),
        ("unknown field", r#""groups""#, r#""grups""#, r#"[ { "id": "g""#, "grups: unknown field `grups`"),
        (
            "missing field",
            r#"{ "path": "out.jsonl" }"#,
            "{}",
            "{} },\n    { \"id\": \"more\"",
            "out, path: `path` is missing",
        ),
        (
            "missing field",
            r#"{ "from": "look.out", "to": "out.in" }"#,
            r#"{ "from": "look.out" }"#,
            r#"{ "from": "look.out" }"#,
            "`to` is missing",
        ),
        (
            "wrong value",
            r#""topic": "orders""#,
            r#""topic": 5"#,
            "5, \"schema\"",
            "orders, topic: expected the name of a topic",
        ),
        (
            "unconnected port",
            r#"{ "from": "orders.out", "to": "dear.in" },"#,
            "",
            r#"{ "id": "dear""#,
            "dear.in: nothing is connected here",
        ),
        (
            "unknown node",
            r#""to": "dear.in""#,
            r#""to": "deer.in""#,
            r#""deer.in""#,
            "orders.out->deer.in, to: there is no node `deer`",
        ),
        (
            "unknown port",
            r#""from": "look.out""#,
            r#""from": "look.otu""#,
            r#""look.otu""#,
            "look.otu->out.in, from: `look` has no output port",
        ),
        (
            "port of the other side",
            r#""to": "out.in""#,
            r#""to": "dear.out""#,
            r#""dear.out" }"#,
            "to: `out` is an output of `dear`",
        ),
        (
            "records for changes",
            r#""from": "table.out""#,
            r#""from": "dear.out""#,
            r#"{ "id": "look""#,
            "look.table: changes are wanted here",
        ),
        (
            "changes for records",
            r#"{ "from": "dear.out", "to": "look.in" }"#,
            r#"{ "from": "sum.out", "to": "look.in" }"#,
            r#"{ "id": "look""#,
            "look.in: records are wanted here",
        ),
        (
            "cycle",
            r#"{ "from": "orders.out", "to": "dear.in" }"#,
            r#"{ "from": "sum.out", "to": "dear.in" }"#,
            r#"{ "id": "dear""#,
            "dear: `dear`, `sum` feed each other",
        ),
        (
            "doubled id",
            r#""id": "more""#,
            r#""id": "out""#,
            r#""out", "operator": "file-sink", "config": { "path": "more"#,
            "out, id: the id `out` stands there twice",
        ),
        (
            "doubled edge",
            r#"{ "from": "sum.out", "to": "more.in" }"#,
            r#"{ "from": "sum.out", "to": "more.in" }, { "from": "sum.out", "to": "more.in" }"#,
            r#"{ "from": "sum.out", "to": "more.in" } ]"#,
            "sum.out->more.in: this edge stands there twice",
        ),
        (
            "a second of one id",
            r#""id": "more", "operator": "file-sink", "config": { "path": "more.jsonl" }"#,
            r#""id": "out", "operator": "file-sink", "config": { "path": 7 }"#,
            "7 }",
            "out, path: expected a path",
        ),
        ("no id", r#""id": "more""#, r#""id": "More""#, r#""More""#, "More, id: `More` cannot be an id"),
        (
            "unknown parameter",
            "${least}",
            "${lest}",
            r#""price > ${lest}""#,
            "dear, condition: unknown parameter `lest`",
        ),
        (
            "a secret in the wrong place",
            r#""brokers": "embedded""#,
            r#""brokers": "${password}""#,
            r#""${password}""#,
            "clusters.default.brokers: the secret `password` may not stand here",
        ),
        (
            "a parameter without a value",
            r#"{ "default": 10 }"#,
            "{}",
            "{}, \"password\"",
            "parameters.least: the parameter `least` has no value",
        ),
        (
            "schema",
            r#""price": "float64""#,
            r#""price": "flaot""#,
            r#""flaot""#,
            "orders, schema.price: unknown type `flaot`",
        ),
        (
            "expression",
            "price > ",
            "price > prise + ",
            "prise",
            "dear, condition, characters 9 to 13: there is no column `prise`",
        ),
        (
            "expression that is no SQL",
            "price > ",
            "price > > ",
            "> ${least}",
            "dear, condition, characters 9 to 9: expected an expression",
        ),
        (
            "unreachable",
            r#"{ "from": "orders.out", "to": "dear.in" }"#,
            r#"{ "from": "dear.out", "to": "dear.in" }"#,
            r#"{ "id": "sum""#,
            "sum: nothing ever comes here",
        ),
        (
            "two sinks on one file",
            "more.jsonl",
            "./out.jsonl",
            r#""./out.jsonl""#,
            "more, path: `out` writes out.jsonl too",
        ),
        (
            "a group's node",
            r#""nodes": ["dear"]"#,
            r#""nodes": ["deer"]"#,
            r#""deer""#,
            "groups[0].nodes[0]: there is no node `deer`",
        ),
        (
            "a test's row",
            r#""key": "a""#,
            r#""key": 1"#,
            "1, \"headers\"",
            "tests[0].script[0].key: a key of format text",
        ),
        (
            "a test's port",
            r#""out.in": "#,
            r#""out.out": "#,
            r#"[ { "ts": 0 } ]"#,
            "tests[0].expect.out.out: `out` has no port `out`",
        ),
        ("nothing", FILE, "", "", "there is nothing in it"),
    ];
    let mut missed: Vec<String> = Vec::new();
    for (kind, old, new, at, said) in cases {
        let text = FILE.replacen(old, new, 1);
        let found = problems(&text);
        let offset = text.find(at).unwrap_or_else(|| panic!("{kind}: {at}"));
        let before = &text[..offset];
        let line = before.matches('\n').count() + 1;
        let column = before.len() - before.rfind('\n').map_or(0, |end| end + 1) + 1;
        let place = format!("line {line}, column {column}");
        let is_it = |problem: &&Problem| problem.to_string().contains(&place) && problem.to_string().contains(said);
        let all: Vec<String> = found.iter().map(ToString::to_string).collect();
        if !found.iter().any(|problem| is_it(&problem)) {
            missed.push(format!("{kind}: {place}: {said}\n{}", all.join("\n")));
        }
        assert_all_told_well(&found);
    }
    assert!(missed.is_empty(), "{}", missed.join("\n\n"));
}

/// Every problem has a place, a message and a remedy.
pub(super) fn assert_all_told_well(problems: &[Problem]) {
    for problem in problems {
        assert!(problem.place.line.is_some_and(|(line, column)| line > 0 && column > 0), "{problem:?}");
        assert!(!problem.message.is_empty() && !problem.remedy.is_empty(), "{problem:?}");
        assert!(serde_json::to_value(problem).is_ok_and(|value: Value| value["remedy"].is_string()), "{problem:?}");
    }
}

#[test]
fn what_is_proposed_where_a_field_is_missing_does() {
    let mut proposed = Vec::new();
    for operator in operators::ALL {
        for field in (operator.form)().fields.iter().filter(|field| field.required) {
            let Some(example) = &field.example else { continue };
            let mut config: Value = serde_json::from_str(operator.examples[0].config).unwrap();
            let found_with = |config: &Value| {
                let trades = ("trades", "generate", json!({ "shape": "trades" }));
                let nodes = [trades, ("it", operator.name, config.clone()), ("end", "discard", json!({}))];
                found(&nodes, &[("trades.out", "it.in"), ("it.out", "end.in")], json!({}))
            };
            let right: Value = serde_json::from_str(example).unwrap();
            config.as_object_mut().unwrap().remove(&field.name);
            let missing = found_with(&config);
            assert!(missing.contains(&format!("add \"{}\": {example}", field.name)), "{}: {missing}", operator.name);
            config[&field.name] = json!(5);
            let wrong = found_with(&config);
            assert!(wrong.contains(&format!("such as {example}")), "{}: {wrong}", operator.name);
            config[&field.name] = right;
            let found = found_with(&config);
            assert!(!found.contains(&field.name), "{}: {found}", operator.name);
            proposed.push(operator.name);
        }
    }
    assert!(proposed.contains(&"tumbling-window") && proposed.contains(&"aggregate"), "{proposed:?}");
}
