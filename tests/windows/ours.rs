//! A case in our own test driver.

use serde_json::{Value, json};
use tidegate_core::check::{CheckOptions, check};
use tidegate_core::drive::{Line, OutRow, Shown, drive, read_line};
use tidegate_core::pipeline::Pipeline;
use tidegate_core::plan::Drawn;

use crate::case::{Case, Caused, Emit, Out, Window};

/// Every aggregate whose result follows from the list of values.
const AGGREGATES: [(&str, &str); 9] = [
    ("values", "collect_list(v)"),
    ("n", "count(*)"),
    ("known", "count(v)"),
    ("sum", "sum(v)"),
    ("least", "min(v)"),
    ("most", "max(v)"),
    ("first", "first(v)"),
    ("last", "last(v)"),
    ("big", "count(*) FILTER (WHERE v > 3)"),
];

/// What each row has caused, with batches of so many rows; held to be right in all aggregates but the list.
pub(crate) fn caused(case: &Case, pack: usize) -> Vec<Caused> {
    let mut caused: Vec<Caused> = Vec::new();
    for row in rows(case, pack) {
        match (row.node.as_str(), row.port.as_str()) {
            ("in", _) => {
                let leaves_out = matches!(case.window, None | Some(Window::Sliding { .. }));
                let is_left_out = leaves_out && row.value.is_null() && !row.key.is_null();
                caused.push(Caused { out: Vec::new(), drops: u64::from(is_left_out) });
            }
            (_, "out") => {
                let caused = caused.last_mut().expect("a row comes before what it causes");
                caused.out.push(out(&row));
            }
            _ => caused.last_mut().expect("a row comes before what it causes").drops += 1,
        }
    }
    caused
}

/// All results in order, with batches of so many rows.
pub(crate) fn results(case: &Case, pack: usize) -> Vec<Out> {
    rows(case, pack).iter().filter(|row| row.node == "w" && row.port == "out").map(out).collect()
}

fn rows(case: &Case, pack: usize) -> Vec<OutRow> {
    let file = file(case).to_string();
    let (pipeline, problems) = Pipeline::parse(&file);
    let pipeline = pipeline.unwrap_or_else(|| panic!("{problems:?}"));
    let checked = check(&pipeline, &CheckOptions::new(&[]));
    assert!(checked.is_runnable(), "{file}\n{:#?}", checked.problems);
    let drawn = Drawn::new(&pipeline, &checked);
    let ports = ["in.out", "w.out", "w.errors", "w.late"];
    let ports = &ports[..if case.window.is_some() { 4 } else { 3 }];
    let names: Vec<String> = ports.iter().map(|port| port.to_string()).collect();
    let shown = Shown::named(&names, &drawn.nodes).unwrap();
    let script: Vec<Line> = case
        .rows
        .iter()
        .map(|row| {
            let value = row.value.map(|value| json!({ "v": value }));
            read_line(&json!({ "node": "in", "ts": row.ts, "key": row.key, "value": value })).unwrap()
        })
        .collect();
    let driven = drive(drawn.plan(&shown.observed(&drawn)), &script, &shown, pack);
    assert_eq!(driven.fault, None);
    driven.rows
}

fn file(case: &Case) -> Value {
    let aggregates: serde_json::Map<String, Value> =
        AGGREGATES.iter().map(|(name, text)| (name.to_string(), json!(text))).collect();
    let ms = |ms: i64| format!("{ms}ms");
    let (operator, mut config) = match case.window {
        None => ("aggregate", json!({})),
        Some(Window::Tumbling { size_ms, grace_ms }) => {
            ("tumbling-window", json!({ "size": ms(size_ms), "grace": ms(grace_ms) }))
        }
        Some(Window::Hopping { size_ms, advance_ms, grace_ms }) => {
            ("hopping-window", json!({ "size": ms(size_ms), "advance": ms(advance_ms), "grace": ms(grace_ms) }))
        }
        Some(Window::Sliding { difference_ms, grace_ms }) => {
            ("sliding-window", json!({ "difference": ms(difference_ms), "grace": ms(grace_ms) }))
        }
        Some(Window::Session { gap_ms, grace_ms }) => {
            ("session-window", json!({ "gap": ms(gap_ms), "grace": ms(grace_ms) }))
        }
    };
    config["aggregates"] = Value::Object(aggregates);
    if case.window.is_some() {
        config["emit"] = json!(if case.emit == Emit::OnClose { "on-close" } else { "on-update" });
    }
    json!({ "tidegate": 1, "name": "case", "nodes": [
        { "id": "in", "operator": "kafka-source", "config": { "topic": "in", "schema": { "v": "int64" } } },
        { "id": "w", "operator": operator, "config": config },
        { "id": "e", "operator": "discard", "config": {} },
        { "id": "o", "operator": "discard", "config": {} },
    ], "edges": [{ "from": "in.out", "to": "w.in" }, { "from": "w.out", "to": "o.in" }, { "from": "w.errors", "to": "e.in" }] })
}

fn out(row: &OutRow) -> Out {
    let window = row.window.as_ref();
    let values = row.value.is_object().then(|| row.value["values"].as_array().expect("a list of values"));
    let values: Option<Vec<Option<i64>>> = values.map(|values| values.iter().map(Value::as_i64).collect());
    if let Some(values) = &values {
        assert_aggregates(&row.value, values);
        if let Some(window) = window {
            let bounds = (&row.value["window_start"], &row.value["window_end"]);
            assert_eq!(bounds, (&time(window.start), &time(window.end)));
        }
    }
    Out {
        key: row.key.as_str().expect("a text for a key").to_string(),
        start: window.map(|window| window.start),
        end: window.map(|window| window.end),
        value: values,
        ts: row.ts,
    }
}

fn time(ms: i64) -> Value {
    json!(ms)
}

/// The other aggregates are what follows from the list.
fn assert_aggregates(found: &Value, values: &[Option<i64>]) {
    let known: Vec<i64> = values.iter().flatten().copied().collect();
    let number = |name: &str| match &found[name] {
        Value::Null => None,
        Value::String(text) => text.parse().ok(),
        other => other.as_i64(),
    };
    let expected: [(&str, Option<i64>); 8] = [
        ("n", Some(values.len() as i64)),
        ("known", Some(known.len() as i64)),
        ("sum", (!known.is_empty()).then(|| known.iter().sum())),
        ("least", known.iter().min().copied()),
        ("most", known.iter().max().copied()),
        ("first", known.first().copied()),
        ("last", known.last().copied()),
        ("big", Some(known.iter().filter(|value| **value > 3).count() as i64)),
    ];
    for (name, expected) in expected {
        assert_eq!(number(name), expected, "{name} of {values:?} in {found}");
    }
}
