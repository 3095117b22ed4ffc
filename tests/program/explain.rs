//! "Why has nothing come out?": asked of a script and of a run, by a key and at the end, as sentences and as JSON.

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{Bench, Process};

/// Trades behind a window of an hour, which is longer than any test.
fn hourly(source: Value) -> String {
    let window = json!({ "size": "1h", "aggregates": { "n": "count(*)" }, "emit": "on-close" });
    json!({ "tidegate": 1, "name": "hourly",
        "nodes": [
            source,
            { "id": "hour", "operator": "tumbling-window", "config": window },
            { "id": "out", "operator": "discard" } ],
        "edges": [ { "from": "trades.out", "to": "hour.in" }, { "from": "hour.out", "to": "out.in" } ] })
    .to_string()
}

fn from_topic() -> String {
    hourly(json!({ "id": "trades", "operator": "kafka-source", "config": { "topic": "trades" } }))
}

fn endless() -> String {
    hourly(json!({ "id": "trades", "operator": "generate", "config": { "shape": "trades", "rate": "200/s" } }))
}

#[test]
fn a_script_is_explained_after_its_last_row() {
    let bench = Bench::new();
    let file = bench.file("hourly.json", from_topic());
    let drive = ["drive", &file, "--script", "-", "--output", "trades", "--explain", "hour"];
    let row = |ts: i64| format!("{}\n", json!({ "node": "trades", "ts": ts, "key": "a", "value": {} }));
    let ran = bench.tidegate_in(&drive, &row(5)).code(0);
    assert_eq!(ran.rows().len(), 1, "nothing but rows: {}", ran.out);
    let text = ran.err.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.starts_with("hour: nothing has come out the open window, 0 to 3600000, closes at"), "{text}");
    assert!(
        text.contains("Stream time is 5 (set by trades, partition 0, offset 0)") && text.contains("remedy: "),
        "{text}"
    );
    let ran = bench.tidegate_in(&drive, &(row(5) + &row(3_600_000))).code(0);
    assert!(ran.err.starts_with("hour: not silent\n  1 result came out of 2 records\n"), "{}", ran.err);
    for (node, message) in [
        ("huor", "error: there is no node `huor` to explain\n  remedy: did you mean `hour`?"),
        ("trades", "error: `trades` has no windows: it waits for nothing but records\n  remedy: explain `hour`"),
    ] {
        let ran = bench.tidegate(&["drive", &file, "--explain", "hour", "--explain", node]).code(2);
        assert_eq!((ran.err.trim_end(), ran.out.as_str()), (message, ""));
    }
}

/// Asks until the window has had a record and says what it waits for.
fn ask(run: &mut Process, answered: impl Fn(&Process) -> bool) {
    run.wait_until("an answer", |process| {
        process.signal(Signal::QUIT);
        answered(process)
    });
}

#[test]
fn a_run_is_asked_by_a_signal_and_goes_on() {
    let bench = Bench::new();
    let mut run = bench.start(&["run", &bench.file("endless.json", endless())]);
    run.wait_until("a snapshot", |process| process.err().contains("\"snapshot\""));
    ask(&mut run, |process| process.err().contains("\"stream-time-short\""));
    let ran = run.stop().code(0);
    let told = ran.told("explanation");
    // The last is that of the end: it has given nothing.
    let last = told.last().unwrap();
    assert_eq!((&last["node"], &last["is_silent"], &last["lanes"]), (&json!("hour"), &json!(true), &json!(1)));
    assert!(told.len() >= 2 && ran.err.lines().rev().nth(1).unwrap().contains("\"explanation\""), "{}", ran.err);
    let reason = last["reasons"].as_array().unwrap().last().unwrap();
    assert!(reason["closes_at"].as_i64().unwrap() % 3_600_000 == 0 && reason["lane"] == 0, "{reason}");
    ran.outcome();
}

#[test]
fn a_run_without_input_says_so_at_its_end() {
    let bench = Bench::new();
    let file = bench.file("hourly.json", from_topic());
    bench.tidegate(&["topics", "create", "trades"]).code(0);
    let ran = bench.tidegate(&["run", &file, "--brokers", "embedded", "--until-idle", "300ms"]).code(0);
    let told = ran.told("explanation");
    let reason = &told[0]["reasons"][0];
    assert_eq!((told.len(), &reason["kind"]), (1, &json!("no-input")));
    let message = reason["message"].as_str().unwrap();
    assert_eq!(message, "no record has been read from `trades` (trades 0 is read to its end at 0)");
    // Something comes, without a key: that stops the run, and is what is said.
    bench.tidegate_in(&["produce", "trades"], "{}\n").code(0);
    let ran = bench.tidegate(&["run", &file, "--until-idle", "300ms"]).code(1);
    let told = ran.told("explanation");
    assert_eq!((told.len(), &told[0]["reasons"][0]["kind"]), (1, &json!("null-keys")), "{}", ran.err);
}

#[test]
fn on_a_terminal_the_answer_scrolls_above_the_lines_at_the_foot() {
    let bench = Bench::new();
    let (mut run, _keyboard) = bench.start_on_terminal(&["run", &bench.file("endless.json", endless())]);
    run.wait_until("a drawing", |process| process.out().contains("\x1b[24;1H"));
    ask(&mut run, |process| process.out().contains("closes at stream time"));
    let asked = run.out().len();
    run.wait_until("a drawing behind it", |process| process.out()[asked..].contains("\x1b[24;1H"));
    let ran = run.stop().code(0);
    // Where it is printed, the cursor is among what scrolls: put back there by the drawing before.
    let at = ran.out.find("hour\x1b[0m: nothing has come out").unwrap();
    let before = &ran.out[..at];
    assert!(before.rfind("\x1b8").unwrap() > before.rfind("\x1b7").unwrap(), "{before:?}");
    assert!(before.rfind("\x1b[1;20r").is_some(), "{before:?}");
    assert!(ran.out.contains("\r\x1b[K\x1b[1mhour"), "what the key has echoed is wiped away");
}
