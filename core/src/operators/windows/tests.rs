//! What holds for all operators that fold: against brute force, against themselves in other batches, after a restart.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::batch::Batch;
use crate::drive::{OutRow, Shown, drive, read_line};
use crate::operators::testing::{Bench, records};
use crate::operators::{Report, find};
use crate::testkit::{drawn, file, node};
use crate::types::{Carries, Stream};

/// Rows of (key, number or tombstone, timestamp).
type Rows = Vec<(u8, Option<i64>, i64)>;

fn rows() -> impl Strategy<Value = Rows> {
    prop::collection::vec((0..3u8, prop::option::weighted(0.9, 0..9i64), 0..80i64), 1..80)
}

/// Windows of each kind, with grace.
fn windows() -> impl Strategy<Value = (&'static str, Value)> {
    let ms = |ms: i64| format!("{ms}ms");
    prop_oneof![
        (1..20i64, 0..30i64)
            .prop_map(move |(size, grace)| ("tumbling-window", json!({ "size": ms(size), "grace": ms(grace) }))),
        (1..20i64, 1..20i64, 0..30i64).prop_map(move |(size, advance, grace)| {
            let config = json!({ "size": ms(size), "advance": ms(advance.min(size)), "grace": ms(grace) });
            ("hopping-window", config)
        }),
        (1..20i64, 0..30i64).prop_map(move |(difference, grace)| {
            ("sliding-window", json!({ "difference": ms(difference), "grace": ms(grace) }))
        }),
        (1..20i64, 0..30i64)
            .prop_map(move |(gap, grace)| ("session-window", json!({ "gap": ms(gap), "grace": ms(grace) }))),
        (1..6i64, 1..6i64).prop_map(|(records, advance)| (
            "count-window",
            json!({ "records": records, "advance": advance.min(records) })
        )),
    ]
}

const AGGREGATES: [(&str, &str); 4] =
    [("n", "count(*)"), ("sum", "sum(n)"), ("all", "collect_list(n)"), ("mean", "avg(n) FILTER (WHERE n > 2)")];

fn with_aggregates(mut config: Value, more: &Value) -> Value {
    config["aggregates"] = AGGREGATES.iter().map(|(name, text)| (name.to_string(), json!(text))).collect();
    for (name, value) in more.as_object().into_iter().flatten() {
        config[name] = value.clone();
    }
    config
}

/// What comes out of a window's ports, with the end of the input.
fn driven(operator: &str, config: &Value, rows: &Rows, pack: usize) -> Vec<OutRow> {
    let source = node("in", "kafka-source", json!({ "topic": "in", "schema": { "n": "int64" } }));
    let nodes = [source, node("w", operator, config.clone()), node("o", "discard", json!({}))];
    let file = file(nodes, &["in->w", "w->o"]);
    let drawn = drawn(&file, &[]);
    let has_late = operator != "count-window" && operator != "aggregate";
    let names: Vec<String> =
        ["w.out", "w.late"][..1 + usize::from(has_late)].iter().map(|name| name.to_string()).collect();
    let shown = Shown::named(&names, &drawn.nodes).unwrap();
    let mut script: Vec<_> = rows
        .iter()
        .map(|(key, value, ts)| {
            let value = value.map(|n| json!({ "n": n }));
            read_line(&json!({ "node": "in", "key": format!("k{key}"), "ts": ts, "value": value })).unwrap()
        })
        .collect();
    script.push(read_line(&json!({ "end": "in" })).unwrap());
    let driven = drive(drawn.plan(&shown.observed(&drawn)), &script, &shown, pack);
    assert_eq!(driven.fault, None);
    driven.rows
}

/// What a table would hold after these changes: by key and window the newest value.
fn table(rows: &[OutRow]) -> BTreeMap<(String, i64, i64), Value> {
    let mut table = BTreeMap::new();
    for row in rows.iter().filter(|row| row.port == "out") {
        let window = row.window.as_ref().unwrap();
        let key = (row.key.to_string(), window.start, window.end);
        match row.value.is_null() {
            true => table.remove(&key),
            false => table.insert(key, row.value.clone()),
        };
    }
    table
}

/// The last record starts a session that is not kept, with the bounds of one that has grown and waits to say so.
#[test]
fn what_is_held_back_takes_nothing_newer_back() {
    let rows: Rows = [78, 70, 66, 79, 70].map(|ts| (0, None, ts)).into();
    let config = json!({ "gap": "4ms", "grace": "5ms" });
    let all = driven("session-window", &with_aggregates(config.clone(), &Value::Null), &rows, 1);
    let held = with_aggregates(config, &json!({ "every": "2ms" }));
    for batch in [1, 7] {
        assert_eq!(table(&driven("session-window", &held, &rows, batch)), table(&all));
    }
}

proptest! {
    #[test]
    fn batching_changes_nothing((operator, config) in windows(), on_close: bool, rows in rows()) {
        let emit = if on_close { "on-close" } else { "on-update" };
        let config = with_aggregates(config, &json!({ "emit": emit }));
        let one_by_one = driven(operator, &config, &rows, 1);
        for pack in [2, 7, 512] {
            let other = driven(operator, &config, &rows, pack);
            prop_assert_eq!(by_port(&other), by_port(&one_by_one), "batches of {}", pack);
        }
    }

    #[test]
    fn what_is_held_back_comes_in_the_end((operator, config) in windows(), every in 1..30i64, rows in rows()) {
        let all = driven(operator, &with_aggregates(config.clone(), &Value::Null), &rows, 1);
        let config = with_aggregates(config, &json!({ "every": format!("{every}ms") }));
        let some = driven(operator, &config, &rows, 1);
        prop_assert_eq!(table(&some), table(&all));
        prop_assert!(some.len() <= all.len());
        prop_assert_eq!(by_port(&driven(operator, &config, &rows, 7)), by_port(&some));
    }

    #[test]
    fn a_window_gives_one_result_in_so_much_time(size in 1..40i64, every in 1..30i64, rows in rows()) {
        let config = json!({ "size": format!("{size}ms"), "grace": "1s", "every": format!("{every}ms"), "window_columns": false });
        let found = driven("tumbling-window", &with_aggregates(config, &Value::Null), &rows, 1);
        let found: Vec<(String, i64, u64)> = found
            .iter()
            .map(|row| (row.key.as_str().unwrap().into(), row.window.as_ref().unwrap().start, row.value["n"].as_u64().unwrap()))
            .collect();
        // Per key and window: how many records, when it gave, whether something waits.
        let mut windows: BTreeMap<(u8, i64), (u64, Option<i64>, bool)> = BTreeMap::new();
        let (mut expected, mut time) = (Vec::new(), 0);
        for &(key, _, ts) in &rows {
            time = time.max(ts);
            let mut due: Vec<(i64, (u8, i64))> = windows
                .iter()
                .filter_map(|(&at, &(_, given, waits))| given.filter(|_| waits).map(|given| (given + every, at)))
                .filter(|(due, _)| *due <= time)
                .collect();
            due.sort_unstable();
            let mut given_now: Vec<_> = due.into_iter().map(|(_, at)| {
                let window = windows.get_mut(&at).unwrap();
                (window.1, window.2) = (Some(time), false);
                (format!("k{}", at.0), at.1, window.0)
            }).collect();
            // Those due at once come in the order in which they began to wait: compared as a set.
            given_now.sort_unstable();
            expected.extend(given_now);
            let window = windows.entry((key, ts / size * size)).or_default();
            window.0 += 1;
            match window.1 {
                Some(given) if time < given + every => window.2 = true,
                _ => {
                    window.1 = Some(time);
                    expected.push((format!("k{key}"), ts / size * size, window.0));
                }
            }
        }
        let closing = windows.iter().filter(|(_, window)| window.2).count();
        expected.extend(windows.iter().filter(|(_, window)| window.2).map(|(at, window)| (format!("k{}", at.0), at.1, window.0)));
        let (mut found_sorted, mut expected_sorted) = (found.clone(), expected.clone());
        found_sorted.sort_unstable();
        expected_sorted.sort_unstable();
        prop_assert_eq!(found_sorted, expected_sorted, "{} at the end", closing);
    }

    #[test]
    fn a_tumbling_count_is_the_records_without_the_late(size in 1..20i64, grace in 0..20i64, rows in rows()) {
        let config = json!({ "size": format!("{size}ms"), "grace": format!("{grace}ms"), "emit": "on-close" });
        let out = driven("tumbling-window", &with_aggregates(config, &Value::Null), &rows, 3);
        let counted: u64 = out.iter().filter(|row| row.port == "out").map(|row| row.value["n"].as_u64().unwrap()).sum();
        let late = out.iter().filter(|row| row.port == "late").count();
        prop_assert_eq!(counted as usize + late, rows.len());
    }

    #[test]
    fn state_that_is_put_back_elsewhere_goes_on((operator, config) in windows(), rows in rows(), cut in any::<prop::sample::Index>()) {
        // A count window whose key has none open has forgotten the key's number.
        prop_assume!(operator != "count-window" || config["records"] != config["advance"]);
        let cut = cut.index(rows.len() + 1);
        let config = with_aggregates(config, &Value::Null);
        let bench = || Bench::tracking(find(operator).unwrap(), config.clone(), &[records(r#"{ "n": "int64" }"#)]);
        let (mut one, mut other) = (bench(), bench());
        for chunk in rows[..cut].chunks(5) {
            let batch = batch(&mut one, chunk);
            one.process(batch);
            for (key, value) in one.store().take_changed() {
                other.store().fill(&key, value.as_deref()).unwrap();
            }
        }
        prop_assert_eq!(one.store().keys(), other.store().keys());
        for key in one.store().keys() {
            prop_assert_eq!(one.store().get(&key), other.store().get(&key));
        }
        one.clear();
        for chunk in rows[cut..].chunks(5) {
            for bench in [&mut one, &mut other] {
                let batch = batch(bench, chunk);
                bench.process(batch);
            }
        }
        let since: Vec<String> = one.told().iter().map(|row| without_offset(row)).collect();
        let others: Vec<String> = other.told().iter().map(|row| without_offset(row)).collect();
        prop_assert_eq!(since, others);
    }

    #[test]
    fn nothing_is_left_in_the_store_at_the_end((operator, config) in windows(), rows in rows()) {
        let config = with_aggregates(config, &json!({ "emit": "on-close" }));
        let mut bench = Bench::tracking(find(operator).unwrap(), config, &[records(r#"{ "n": "int64" }"#)]);
        let batch = batch(&mut bench, &rows);
        bench.process(batch);
        bench.end();
        prop_assert_eq!(bench.store().level().keys, 0);
        prop_assert!(bench.store().keys().is_empty());
    }
}

fn batch(bench: &mut Bench, rows: &[(u8, Option<i64>, i64)]) -> Batch {
    let texts: Vec<(String, String)> = rows
        .iter()
        .map(|(key, value, _)| (format!("k{key}"), value.map_or("null".into(), |n| format!("{{\"n\":{n}}}"))))
        .collect();
    let texts: Vec<(&str, &str)> = texts.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let timestamps: Vec<i64> = rows.iter().map(|(.., ts)| *ts).collect();
    Batch { timestamps: timestamps.into(), ..bench.batch(&texts) }
}

/// A row as it is told, without its offset, which is another one in another bench.
fn without_offset(told: &str) -> String {
    let Some((before, after)) = told.split_once("]))") else { return told.to_string() };
    let words: Vec<&str> = after.splitn(4, ' ').collect();
    format!("{before} {} {}", words[1], words[3])
}

/// The rows of each port, in order: how ports interleave is nobody's business.
fn by_port(rows: &[OutRow]) -> [Vec<Value>; 2] {
    let of = |port: &str| {
        let of = rows.iter().filter(|row| row.port == port);
        of.map(|row| serde_json::to_value(row).unwrap()).collect()
    };
    [of("out"), of("late")]
}

#[test]
fn what_is_wrong_is_told() {
    let input = records(r#"{ "n": "int64", "t": "text" }"#);
    let windowed = Stream { windowed: true, ..input.clone() };
    let count = json!({ "n": "count(*)" });
    for (operator, config, input, message) in [
        ("tumbling-window", json!({ "size": "0s", "aggregates": count }), &input, "it is 0"),
        ("tumbling-window", json!({ "size": "1s", "aggregates": {} }), &input, "no aggregates"),
        ("tumbling-window", json!({ "size": "1s", "idle_after": "0s", "aggregates": count }), &input, "it is 0"),
        ("tumbling-window", json!({ "size": "1s", "aggregates": count }), &windowed, "the keys have a window already"),
        (
            "tumbling-window",
            json!({ "size": "1s", "aggregates": { "window_end": "count(*)" } }),
            &input,
            "the window has a column of this name",
        ),
        (
            "hopping-window",
            json!({ "size": "1s", "advance": "2s", "aggregates": count }),
            &input,
            "2s is more than the size, 1s: records between would be in no window",
        ),
        (
            "session-window",
            json!({ "gap": "1s", "emit": "on-close", "every": "1s", "aggregates": count }),
            &input,
            "a window that gives one result has nothing to hold back",
        ),
        (
            "count-window",
            json!({ "records": 2, "advance": 3, "aggregates": count }),
            &input,
            "records between windows would be in none",
        ),
    ] {
        let mut report = Report::new("w");
        let shape = (find(operator).unwrap().configure)(config).unwrap();
        shape.output(&[Some(input.clone())], &mut report);
        let messages: Vec<String> = report.finish().into_iter().map(|problem| problem.message).collect();
        assert_eq!(messages, [message], "{operator}");
    }
}

#[test]
fn a_wrong_aggregate_leaves_the_others() {
    let mut report = Report::new("w");
    let config = json!({ "size": "1s", "aggregates": { "a": "count(*)", "b": "sum(t)", "c": "max(n)" } });
    let shape = (find("tumbling-window").unwrap().configure)(config).unwrap();
    let outputs = shape.output(&[Some(records(r#"{ "n": "int64", "t": "text" }"#))], &mut report);
    let out = outputs[0].as_ref().unwrap();
    let names: Vec<&str> = out.schema.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["window_start", "window_end", "a", "c"]);
    assert_eq!((out.carries, out.windowed), (Carries::Changes, true));
    let problems = report.finish();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].place.field.as_deref(), Some("aggregates.b"));
}

#[test]
fn a_record_that_would_make_too_long_a_total_fails_alone() {
    let schema = records(r#"{ "n": "decimal(38,0)" }"#);
    let config = json!({ "gap": "10ms", "grace": "1s", "aggregates": { "sum": "sum(n)", "count": "count(*)" } });
    let mut bench = Bench::new(find("session-window").unwrap(), config, &[schema]);
    let most = format!("{{\"n\":{}}}", "9".repeat(38));
    // The third would put two sessions together, the fourth would be added to one.
    let rows = [(0, most.as_str()), (20, most.as_str()), (10, r#"{"n":0}"#), (21, r#"{"n":1}"#), (22, r#"{"n":-9}"#)];
    let texts: Vec<(&str, &str)> = rows.iter().map(|(_, value)| ("k", *value)).collect();
    let timestamps: Vec<i64> = rows.iter().map(|(ts, _)| *ts).collect();
    let batch = Batch { timestamps: timestamps.into(), ..bench.batch(&texts) };
    bench.process(batch);
    let reasons: Vec<String> = bench.failed().into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(reasons.iter().all(|reason| reason.contains("more than 38 digits")), "{reasons:?}");
    let spans: Vec<String> = bench.store().keys().iter().map(|key| format!("{:?}", &key[1..])).collect();
    let bound = |ms: i64| ms.to_be_bytes();
    let span = |from, to| format!("{:?}", [bound(from), bound(to)].concat());
    assert_eq!(spans, [span(0, 0), span(20, 22)]);
}
