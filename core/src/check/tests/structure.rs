//! Files whose structure is wrong: that is told with its place, the rest is checked all the same, and nothing follows from it.

use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use super::{GOOD, checked};
use crate::problem::Problem;

/// A pipeline of three nodes; line 8 refers to a column that is not there, and line 9 to a topic that cannot be one.
const BROKEN_BEHIND: &str = r#"{
  "tidegate": 1,
  "name": "p",
  "nodes": [
    { "id": "s", "operator": "kafka-source", "config": { "topic": "x", "schema": { "a": "int64!", "b": "text" } } },
    { "id": "m", "operator": "map", "config": { "columns": { "c": "a + 1" } } },
    { "id": "n", "operator": "merge" },
    { "id": "f", "operator": "filter", "config": { "condition": "c > 1 AND q" } },
    { "id": "k", "operator": "kafka-sink", "config": { "topic": "a b" } }
  ],
  "edges": [
    { "from": "s.out", "to": "m.in" },
    { "from": "m.out", "to": "n.in" },
    { "from": "n.out", "to": "f.in" },
    { "from": "f.out", "to": "k.in" }
  ]
}"#;

fn told(text: &str) -> Vec<String> {
    let (_, problems) = checked(text);
    problems
        .iter()
        .map(|problem: &Problem| problem.to_string().lines().next().unwrap_or_default().to_string())
        .collect()
}

const OF_FILTER: &str = "error: line 8, column 76, f, condition, characters 11 to 11: there is no column `q`";
const OF_SINK: &str = "error: line 9, column 65, k, topic: the name of a topic is made of letters, digits, `.`, `_` and `-`; \
                       `a b` has ` `";

#[test]
fn what_is_broken_hides_nothing_behind_it() {
    assert_eq!(told(BROKEN_BEHIND), [OF_FILTER, OF_SINK]);
    let cases: &[(&str, &str, &[&str])] = &[
        // Nodes. What may come from one that is broken is not missing.
        (
            r#""id": "n", "operator": "merge""#,
            r#""id": "n""#,
            &["line 7, column 5, n, operator: `operator` is missing: expected text", OF_SINK],
        ),
        (
            r#""operator": "merge""#,
            r#""operator": 5"#,
            &["line 7, column 30, n, operator: expected text, found 5", OF_SINK],
        ),
        (
            r#""operator": "merge""#,
            r#""operator": """#,
            &["line 7, column 30, n, operator: it names no operator", OF_SINK],
        ),
        (
            r#""operator": "merge""#,
            r#""operater": "merge""#,
            &["line 7, column 30, n, operater: unknown field `operater`", OF_FILTER, OF_SINK],
        ),
        (
            r#"{ "id": "n", "operator": "merge" }"#,
            r#"{ "operator": "merge" }"#,
            &["line 7, column 5, nodes[2].id: `id` is missing: expected text", OF_SINK],
        ),
        (
            r#"{ "id": "n", "operator": "merge" }"#,
            "7",
            &["line 7, column 5, nodes[2]: expected an object, found 7", OF_SINK],
        ),
        (
            r#""id": "k", "#,
            "",
            &[
                "line 9, column 5, nodes[4].id: `id` is missing: expected text",
                OF_FILTER,
                "line 9, column 54, nodes[4], topic: the name of a topic is made of",
            ],
        ),
        (
            r#""config": { "columns": { "c": "a + 1" } }"#,
            r#""config": 5"#,
            &["line 6, column 47, m, config: invalid type: number, expected a map", OF_SINK],
        ),
        // Edges. The end that is there is looked at.
        (
            r#"{ "from": "m.out", "to": "n.in" }"#,
            r#"{ "from": "m.oot" }"#,
            &[
                "line 13, column 5, edges[1].to: `to` is missing: expected text",
                "line 13, column 15, m.oot->, from: `m` has no output port `oot`",
                OF_SINK,
                "line 7, column 5, n.in: nothing is connected here",
            ],
        ),
        (
            r#"{ "from": "m.out", "to": "n.in" }"#,
            r#"{ "from": 1, "to": "n.inn" }"#,
            &[
                "line 13, column 15, edges[1].from: expected text, found 1",
                "line 13, column 24, ->n.inn, to: `n` has no input port `inn`",
                OF_SINK,
                "line 7, column 5, n.in: nothing is connected here",
            ],
        ),
        (
            r#""to": "n.in""#,
            r#""to": """#,
            &[
                "line 13, column 30, m.out->, to: it names no port",
                OF_SINK,
                "line 7, column 5, n.in: nothing is connected here",
            ],
        ),
        (
            r#"{ "from": "m.out", "to": "n.in" }"#,
            r#""m -> n""#,
            &[r#"line 13, column 5, edges[1]: expected an object, found "m -> n""#, OF_SINK],
        ),
        // Whole sections.
        (
            r#""name": "p""#,
            r#""name": 5, "settings": { "comit_interval": "1x" }, "groups": { }, "notes": [ 5 ]"#,
            &[
                "line 3, column 11, name: expected text, found 5",
                "line 3, column 46, settings.comit_interval: unknown field `comit_interval`",
                "line 3, column 64, groups: expected a list, found an object",
                "line 3, column 80, notes[0]: expected an object, found 5",
                OF_FILTER,
                OF_SINK,
            ],
        ),
        (
            r#""edges": ["#,
            r#""edges": 5, "edgs": ["#,
            &["line 11, column 12, edges: expected a list, found 5", "edgs: unknown field", OF_SINK],
        ),
        (r#""nodes": ["#, r#""nodez": ["#, &["line 4, column 12, nodez: unknown field `nodez`", OF_FILTER, OF_SINK]),
        // A version that is none, and a parameter where none may stand.
        (
            r#""tidegate": 1"#,
            r#""tidegate": "1""#,
            &["line 2, column 15, tidegate: expected the version", OF_FILTER, OF_SINK],
        ),
        (
            "  \"tidegate\": 1,\n",
            "\n",
            &["line 1, column 1: this is not a pipeline: `tidegate` is missing", OF_FILTER, OF_SINK],
        ),
        (
            r#""operator": "merge""#,
            r#""operator": "merge", "disabled": "${x}", "at": "${y}""#,
            &["line 7, column 51, n, disabled: invalid type", "line 7, column 65, n, at: ", OF_FILTER, OF_SINK],
        ),
        // What is hardly JSON.
        (
            r#""operator": "merge" },"#,
            r#""operator": "merge", },"#,
            &["line 7, column 39: trailing comma", OF_FILTER, OF_SINK],
        ),
        (
            r#""id": "n", "operator""#,
            r#""id": "n" "operator""#,
            &["line 7, column 17: expected `,` or `}`", OF_FILTER, OF_SINK],
        ),
        (
            r#""operator": "merge""#,
            r#""operator": "merge", "id": "o""#,
            &["line 7, column 45, n, id: `id` stands there twice", OF_FILTER, OF_SINK],
        ),
        (
            r#""operator": "merge""#,
            r#""operator": "merge", "at": [1e999, 5]"#,
            &["line 7, column 46, n, at[0]: the number 1e999 is out of range", OF_FILTER, OF_SINK],
        ),
    ];
    let mut wrong = Vec::new();
    for (written, instead, expected) in cases {
        assert!(BROKEN_BEHIND.contains(written), "{written}");
        let found = told(&BROKEN_BEHIND.replacen(written, instead, 1));
        let agrees = |(found, expected): (&String, &&str)| found.contains(expected);
        let is_right = found.len() == expected.len() && found.iter().zip(*expected).all(agrees);
        wrong.extend((!is_right).then(|| format!("{instead}\nfound {found:#?}\nexpected {expected:#?}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_nowhere_named_is_not_missing() {
    // Groups and tests name the node that has lost its id; the second topic is broken.
    let text = r#"{ "tidegate": 1, "name": "p",
      "nodes": [ { "operator": "generate", "config": { "shape": "numbers" } }, { "id": "d", "operator": "discard" },
                 { "id": "k", "operator": "kafka-sink", "config": { "topic": "a b" } } ],
      "edges": [ { "from": "g.out", "to": "d.in" }, { "from": "g.out", "to": "k.in" }, 5 ],
      "groups": [ { "nodes": [ "g", "d" ] } ],
      "tests": [ { "name": "t", "script": [ { "end": "g" } ], "expect": { "g.out": [] } } ] }"#;
    let found = told(text);
    assert_eq!(found.len(), 3, "{found:#?}");
    for (found, expected) in
        found.iter().zip(["nodes[0].id: `id` is missing", "edges[2]: expected an object", "k, topic: "])
    {
        assert!(found.contains(expected), "{found}");
    }
}

#[test]
fn what_is_wrong_whatever_comes_in_is_told() {
    // What stands before it is no operator, or nothing is connected: columns are not missing, the rest is wrong as ever.
    let cases: &[(&str, Value, &[&str])] = &[
        ("filter", json!({ "condition": "a >" }), &["condition, characters 4 to 4: "]),
        ("filter", json!({ "condition": "a = 1 AND nosuch(b)" }), &["condition, characters 11 to 16: "]),
        ("filter", json!({ "condition": "a > 1 AND _key = 'x'" }), &[]),
        (
            "map",
            json!({ "columns": { "x": "upper(a", "y": "1 + true", "z": "a + 1" } }),
            &["columns.x, characters", "columns.y, characters"],
        ),
        ("scan", json!({ "columns": { "n": { "start": "0", "next": "n + " } } }), &["columns.n.next, characters"]),
        ("tumbling-window", json!({ "size": "1s", "aggregates": { "n": "cuont(*)" } }), &["aggregates.n"]),
        ("merge", json!({}), &[]),
        ("key-by", json!({ "key": "a" }), &[]),
        ("kafka-sink", json!({ "topic": "x", "key": "a" }), &[]),
        ("file-sink", json!({ "path": "x.jsonl", "format": "text" }), &[]),
    ];
    let mut wrong = Vec::new();
    for (operator, config, expected) in cases {
        for edges in [json!([{ "from": "s.out", "to": "n.in" }]), json!([])] {
            let is_open = edges.as_array().unwrap().is_empty();
            let file = json!({ "tidegate": 1, "name": "p", "edges": edges, "nodes": [
                { "id": "s", "operator": "kafka-sorce" }, { "id": "n", "operator": operator, "config": config } ] });
            let found = told(&file.to_string());
            let of_node = found.iter().filter(|line| line.starts_with("error: ") && line.contains(", n,"));
            let of_node: Vec<&String> = of_node.collect();
            let is_right = of_node.len() == expected.len()
                && of_node.iter().zip(*expected).all(|(found, expected)| found.contains(expected))
                && is_open == found.iter().any(|line| line.contains("n.in: nothing is connected here"));
            wrong.extend((!is_right).then(|| format!("{operator} {config}\n{found:#?}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Ways to all values in a document.
fn ways(value: &Value, way: &str, all: &mut Vec<String>) {
    all.push(way.to_string());
    match value {
        Value::Object(map) => map.iter().for_each(|(name, inner)| ways(inner, &format!("{way}/{name}"), all)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, inner)| ways(inner, &format!("{way}/{index}"), all));
        }
        _ => {}
    }
}

proptest! {
    /// Whatever stands in place of some parts of a file: each problem has its line, and a topic that cannot be one is told
    /// unless something around it is wrong.
    #[test]
    fn any_part_may_be_another(
        parts in prop::collection::vec((any::<Index>(), select(vec!["null", "7", "\"x\"", "[]", "{}", "[{}]", "1e999"])), 1..4)
    ) {
        let mut file: Value = serde_json::from_str(GOOD).unwrap();
        file["nodes"][3]["config"]["topic"] = json!("a b");
        let mut all = Vec::new();
        ways(&file, "", &mut all);
        // Not the whole, nor what makes it a file.
        all.retain(|way| !way.is_empty() && way != "/tidegate" && way != "/nodes");
        let mut changed = Vec::new();
        for (at, instead) in &parts {
            let way = at.get(&all).clone();
            let Some(part) = file.pointer_mut(&way) else { continue };
            *part = json!(format!("@{instead}@"));
            changed.push(way);
        }
        let text = parts.iter().fold(file.to_string(), |text, (_, instead)| {
            text.replace(&json!(format!("@{instead}@")).to_string(), instead)
        });
        let (read, problems) = checked(&text);
        prop_assert!(read.is_some(), "{}", text);
        for problem in &problems {
            prop_assert!(problem.place.line.is_some() && !problem.remedy.is_empty(), "{}: {}", text, problem);
        }
        let is_around = |way: &String| "/nodes/3/config/topic".starts_with(way.as_str()) || way.starts_with("/nodes/3/");
        if !changed.iter().any(is_around) {
            let is_told = problems.iter().any(|problem| problem.message.contains("`a b` has ` `"));
            prop_assert!(is_told, "{}: {:#?}", text, problems);
        }
    }
}
