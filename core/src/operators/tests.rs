//! What holds for every operator.

use std::collections::HashSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::testing::{Bench, changes, records};
use super::*;
use crate::form::FieldKind;
use crate::form::FormField;
use crate::problem::Place;

#[test]
fn names_are_unique_and_kebab_case() {
    let mut names = HashSet::new();
    for operator in ALL {
        let is_kebab = operator.name.split('-').all(|part| {
            part.starts_with(|first: char| first.is_ascii_lowercase())
                && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        });
        assert!(is_kebab, "{}", operator.name);
        assert!(names.insert(operator.name), "{} stands there twice", operator.name);
        assert_eq!(find(operator.name).map(|found| found.name), Some(operator.name));
    }
    assert!(find("no-such-operator").is_none());
}

#[test]
fn everything_has_help() {
    for operator in ALL {
        assert!(operator.summary.len() > 10 && !operator.summary.ends_with('.'), "{}", operator.name);
        assert!(operator.help.len() > 100, "{}: {}", operator.name, operator.help);
        assert!(!operator.examples.is_empty(), "{} has no example", operator.name);
        every_field((operator.form)().fields, &mut |field| {
            assert!(field.help.len() > 5, "{}: `{}` has no help", operator.name, field.path);
            assert_ne!(field.kind, FieldKind::Json, "{}: `{}` has no kind", operator.name, field.path);
        });
    }
}

fn every_field(fields: Vec<FormField>, visit: &mut impl FnMut(&FormField)) {
    for field in fields {
        visit(&field);
        match field.kind {
            FieldKind::Group(fields) => every_field(fields, visit),
            FieldKind::Map(kind) | FieldKind::List(kind) => {
                if let FieldKind::Group(fields) = *kind {
                    every_field(fields, visit);
                }
            }
            FieldKind::Choice(choices) => {
                for choice in choices {
                    assert!(!choice.help.is_empty() || choice.content.is_some() || field.path.contains("format"));
                }
            }
            _ => {}
        }
    }
}

#[test]
fn examples_have_right_configs_and_readable_rows() {
    for operator in ALL {
        for example in operator.examples {
            let place = format!("{}: {}", operator.name, example.title);
            let config: Value = serde_json::from_str(example.config).expect(&place);
            let problems = (operator.form)().validate(config.as_object().expect(&place), &Place::default());
            assert!(problems.is_empty(), "{place}: {problems:?}");
            let shape = (operator.configure)(config).expect(&place);
            let streams: serde_json::Map<String, Value> = serde_json::from_str(example.inputs).expect(&place);
            let ports = shape.ports();
            let inputs: Vec<Option<Stream>> =
                ports.inputs.iter().map(|port| Some(stream_of(streams.get(&port.name).expect(&place)))).collect();
            let mut report = Report::new("self");
            let outputs = shape.output(&inputs, &mut report);
            assert_eq!(report.finish(), [], "{place}");
            assert_eq!(outputs.len(), ports.outputs.len(), "{place}");
            assert!(outputs.iter().all(Option::is_some), "{place}");
            for line in example.script.lines().chain(example.expect.lines()).filter(|line| !line.trim().is_empty()) {
                serde_json::from_str::<Value>(line).expect(&place);
            }
        }
    }
}

fn stream_of(input: &Value) -> Stream {
    let part = |name: &str| input.get(name).cloned();
    Stream {
        schema: Arc::new(serde_json::from_value(part("schema").unwrap()).unwrap()),
        key: part("key_format").map_or(KeyFormat::Text, |word| serde_json::from_value(word).unwrap()),
        carries: part("carries").map_or(Carries::Records, |word| serde_json::from_value(word).unwrap()),
        windowed: part("windowed").is_some_and(|word| word == json!(true)),
        gaps: Gaps::default(),
    }
}

#[test]
fn ports_and_roles_agree() {
    for operator in ALL {
        for example in operator.examples {
            let shape = (operator.configure)(serde_json::from_str(example.config).unwrap()).unwrap();
            let ports = shape.ports();
            assert_eq!(ports.inputs.is_empty(), operator.role == Role::Source, "{}", operator.name);
            assert_eq!(ports.outputs.is_empty(), operator.role == Role::Sink, "{}", operator.name);
            let names: HashSet<&str> = ports.output_names().collect();
            assert_eq!(names.len(), ports.output_count(), "{}", operator.name);
        }
    }
}

/// How an operator that takes records is tried, on columns `n` (int64) and `s` (text), where some records fail.
fn configs(operator: &str) -> Vec<(Value, Carries)> {
    let both = |config: Value| vec![(config.clone(), Carries::Records), (config, Carries::Changes)];
    let records = |configs: &[Value]| configs.iter().map(|config| (config.clone(), Carries::Records)).collect();
    let window = |own: Value| -> Vec<(Value, Carries)> {
        let of = |emit: &str| {
            let mut config = json!({ "aggregates": { "m": "sum(12 / n)", "t": "last(s)" }, "emit": emit });
            config.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
            (config, Carries::Records)
        };
        vec![of("on-update"), of("on-close")]
    };
    let sums = json!({ "sum": { "start": "0", "next": "sum + 12 / n" } });
    match operator {
        "filter" => both(json!({ "condition": "6 / n > 2" })),
        "map" => [
            both(json!({ "columns": { "n": "6 / n" } })),
            records(&[json!({ "columns": { "n": "6 / n", "t": "s || 'x'" }, "keep": true })]),
        ]
        .concat(),
        "branch" => both(json!({ "branches": { "a": "10 / n > 4", "b": "s = 'x' OR n > 1" } })),
        "merge" => records(&[json!({})]),
        "key-by" => records(&[json!({ "key": "6 / n", "key_format": "int32" }), json!({ "columns": ["n", "s"] })]),
        "scan" => records(&[json!({ "columns": {
            "sum": { "start": "0", "next": "sum + 12 / n" },
            "seen": { "start": "''", "next": "seen || coalesce(s, '-')" },
        } })]),
        "throttle" => records(&[json!({ "rate": 1 })]),
        // Those that keep nothing back. Its own tests hold it to more, with one who takes.
        "buffer" => records(
            &["drop-head", "drop-tail", "drop-new", "drop-buffer"]
                .map(|overflow| json!({ "size": 3, "overflow": overflow })),
        ),
        "conflate" => records(&[json!({ "columns": sums }), json!({ "per": "lane", "columns": sums })]),
        "tumbling-window" => window(json!({ "size": "4ms" })),
        "hopping-window" => window(json!({ "size": "6ms", "advance": "2ms", "grace": "1ms" })),
        "sliding-window" => window(json!({ "difference": "3ms", "grace": "1ms" })),
        "session-window" => window(json!({ "gap": "2ms", "grace": "1ms" })),
        "count-window" => window(json!({ "records": 3 })),
        "aggregate" => records(&[json!({ "aggregates": { "m": "sum(12 / n)", "t": "last(s)" } })]),
        "kafka-sink" => records(&[json!({ "topic": "t", "key": "s", "headers": { "h": "CAST(1 / n AS text)" } })]),
        // They give nothing, and what they write is written row by row.
        "file-sink" | "console-sink" | "discard" => vec![],
        other => panic!("the law of batching does not know how to try `{other}`"),
    }
}

fn tries() -> Vec<(&'static Operator, Value, Carries)> {
    let takers = ALL.iter().filter(|operator| operator.role != Role::Source);
    let tries = takers.flat_map(|operator| {
        configs(operator.name).into_iter().map(move |(config, carries)| (*operator, config, carries))
    });
    tries.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// The law of batching: whatever the boundaries, the output is that of one row after the other.
    #[test]
    fn batching_never_changes_results(
        rows in prop::collection::vec((0usize..4, prop::option::of((prop::option::of(0i64..4), 0usize..3))), 1..24),
        cuts in prop::collection::vec(1usize..6, 1..6),
    ) {
        let value = |row: &Option<(Option<i64>, usize)>| match row {
            None => "null".to_string(),
            Some((n, s)) => json!({ "n": n, "s": (["", "x", "y"][*s]) }).to_string(),
        };
        let values: Vec<String> = rows.iter().map(|(_, row)| value(row)).collect();
        let rows: Vec<(&str, &str)> =
            rows.iter().zip(&values).map(|((key, _), value)| (["", "a", "b", "c"][*key], value.as_str())).collect();
        for (operator, config, carries) in tries() {
            let schema = r#"{ "n": "int64", "s": "text" }"#;
            let input = if carries == Carries::Changes { changes(schema) } else { records(schema) };
            let bench = || Bench::new(operator, config.clone(), std::slice::from_ref(&input));
            let mut single = bench();
            let batch = single.batch(&rows);
            (0..batch.rows).for_each(|row| single.process(batch.slice(row, 1)));
            let mut pieces = bench();
            let mut start = 0;
            for cut in cuts.iter().cycle() {
                let length = (*cut).min(batch.rows - start);
                pieces.process(batch.slice(start, length));
                start += length;
                if start == batch.rows {
                    break;
                }
            }
            let mut whole = bench();
            whole.process(batch);
            let expected = single.told();
            prop_assert_eq!(&pieces.told(), &expected, "{} {} {:?}", operator.name, config, carries);
            prop_assert_eq!(&whole.told(), &expected, "{} {} {:?}", operator.name, config, carries);
        }
    }
}
