//! `test` and `drive`: pipelines in the test driver.

use serde_json::{Value, json};

use crate::support::Bench;

fn doubled(tests: Value) -> String {
    json!({ "tidegate": 1, "name": "doubled",
        "nodes": [
            { "id": "numbers", "operator": "kafka-source", "config": { "topic": "numbers", "schema": { "n": "int64!" } } },
            { "id": "twice", "operator": "map", "config": { "columns": { "n": "n * 2" } } },
            { "id": "out", "operator": "kafka-sink", "config": { "topic": "doubled" } } ],
        "edges": [ { "from": "numbers.out", "to": "twice.in" }, { "from": "twice.out", "to": "out.in" } ],
        "tests": tests })
    .to_string()
}

fn row(n: i64) -> Value {
    json!({ "node": "numbers", "ts": n, "key": "k", "value": { "n": n } })
}

#[test]
fn good_tests_are_counted() {
    let bench = Bench::new();
    let expect = json!({ "out.in": [ { "value": { "n": 2 } }, { "value": { "n": 4 } } ] });
    let test = json!({ "name": "twice as much", "script": [row(1), row(2)], "expect": expect });
    let file = bench.file("doubled.json", doubled(json!([test])));
    let ran = bench.tidegate(&["test", &file]).code(0);
    assert_eq!(ran.out, format!("good   {file}: twice as much\n1 of 1 good\n"));
    assert_eq!(bench.tidegate(&["test", &file, "--only", "nothing"]).code(0).out, "no tests\n");
    let rows = bench.tidegate(&["test", "--json", &file]).code(0).rows();
    assert_eq!(rows, [json!({ "file": file, "test": "twice as much", "is_good": true })]);
}

#[test]
fn a_failing_test_shows_what_came_instead() {
    let bench = Bench::new();
    let expect = json!({ "out.in": [ { "value": { "n": 2 } }, { "value": { "n": 5 } }, { "value": { "n": 6 } } ] });
    let failing = json!({ "name": "wrong", "script": [row(1), row(2), row(3)], "expect": expect });
    let stopped = json!({ "name": "no such port", "script": [], "expect": { "out.nothing": [] } });
    let file = bench.file("doubled.json", doubled(json!([failing])));
    let ran = bench.tidegate(&["test", &file]).code(1);
    let expected = format!(
        "failed {file}: wrong\n  out.in  - expected + came\n    {{\"value\":{{\"n\":2}}}}\n  - {{\"value\":{{\"n\":5}}}}\n  \
         + {{\"value\":{{\"n\":4}}}}\n    {{\"value\":{{\"n\":6}}}}\n0 of 1 good, 1 failed\n"
    );
    assert_eq!(ran.out, expected);
    let rows = bench.tidegate(&["test", "--json", &file]).code(1).rows();
    assert_eq!((&rows[0]["is_good"], &rows[0]["mismatches"][0]["port"]), (&json!(false), &json!("out.in")));
    let file = bench.file("stopped.json", doubled(json!([stopped])));
    assert_ne!(bench.tidegate(&["test", &file]).code, 0);
}

#[test]
fn a_wrong_file_does_not_keep_the_others_from_being_tested() {
    let bench = Bench::new();
    let test = json!({ "name": "nothing in", "script": [], "expect": { "out.in": [] } });
    let (good, wrong) = (bench.file("good.json", doubled(json!([test]))), bench.file("wrong.json", "{}"));
    let ran = bench.tidegate(&["test", &wrong, &good]).code(2);
    assert!(ran.out.ends_with("1 of 1 good; 1 file must not run\n"), "{}", ran.out);
}

#[test]
fn rows_in_and_rows_out() {
    let bench = Bench::new();
    let file = bench.file("doubled.json", doubled(json!([])));
    let script = [row(1), row(2), json!({ "node": "numbers", "ts": 3, "key": "k", "value": null })];
    let script: String = script.iter().map(|row| format!("{row}\n")).collect();
    let ran = bench.tidegate_in(&["drive", &file, "--script", "-"], &script).code(0);
    let out = |ts: i64, value: Value| json!({ "node": "out", "port": "in", "ts": ts, "key": "k", "value": value });
    assert_eq!(ran.rows(), [out(1, json!({ "n": 2 })), out(2, json!({ "n": 4 })), out(3, Value::Null)]);
    let rows = bench.file("rows.jsonl", &script);
    for batch in ["1", "2", "512"] {
        let packed = bench.tidegate(&["drive", &file, "--script", &rows, "--batch", batch]).code(0);
        assert_eq!(packed.out, ran.out, "batches of {batch}");
    }
    let ports = bench.tidegate(&["drive", &file, "--script", &rows, "--output", "numbers", "--output", "out"]).code(0);
    assert_eq!(ports.rows().iter().filter(|row| row["node"] == "numbers" && row["port"] == "out").count(), 3);
    assert_eq!(ports.rows().len(), 6);
}

#[test]
fn wrong_scripts_and_ports_are_told() {
    let bench = Bench::new();
    let file = bench.file("doubled.json", doubled(json!([])));
    let ran =
        bench.tidegate_in(&["drive", &file, "--script", "-"], "{\"node\": \"numbers\"}\n{\"advance\": 3}\n").code(2);
    assert!(ran.err.starts_with("<stdin>:2:1: error: "), "{}", ran.err);
    let ran = bench.tidegate(&["drive", &file, "--output", "out.side"]).code(2);
    assert!(ran.err.contains("`out` has no port `side`"), "{}", ran.err);
    bench.tidegate(&["drive", &file, "--batch", "0"]).code(2);
    bench.tidegate(&["drive", &file, "--script", &bench.path("absent")]).code(2);
    // A record that fails where nobody takes it stops the script, as it would stop a run.
    let failing = json!({ "node": "numbers", "ts": 1, "key": "k", "value": { "n": "many" } }).to_string();
    let ran = bench.tidegate_in(&["drive", &file, "--script", "-"], &failing).code(1);
    assert!(ran.err.contains("numbers: ") && ran.err.contains("column n"), "{}", ran.err);
}
