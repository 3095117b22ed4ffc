//! The dashboard on a terminal: a pipeline is built in it from nothing, run, saved; the saved file runs without it.

use std::fs;
use std::io::Write;
use std::path::Path;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::Bench;

#[test]
fn a_pipeline_is_built_run_and_saved_with_keys() {
    let bench = Bench::new();
    let path = bench.file("mine.json", String::new());
    fs::remove_file(&path).unwrap();
    let (mut top, mut keyboard) = bench.start_on_terminal(&["top", &path]);
    top.wait_until("the first frame", |process| process.out().contains("NOT RUNNING"));
    // A source; its form opens at the field that must be filled. Then a sink behind it.
    write!(keyboard, "agenerate\r\rnumbers\r\x13adiscard\r\x13").unwrap();
    write!(keyboard, "\x13").unwrap();
    top.wait_until("the file", |_| Path::new(&path).exists());
    write!(keyboard, "r").unwrap();
    // Of "STARTING" over "NOT RUNNING" only these cells differ.
    top.wait_until("the run", |process| process.out().contains("STARTI"));
    write!(keyboard, "qy").unwrap();
    top.wait().code(0);
    let saved: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(
        saved,
        json!({ "tidegate": 1, "name": "mine",
            "nodes": [
                { "id": "generate", "operator": "generate", "config": { "shape": "numbers" } },
                { "id": "discard", "operator": "discard" } ],
            "edges": [ { "from": "generate.out", "to": "discard.in" } ] })
    );
    let ran = bench.tidegate(&["run", &path, "--records", "100", "--json"]).code(0);
    assert!(ran.err.contains("\"ended_by\":\"records\""), "{}", ran.err);
}

#[test]
fn the_terminal_is_given_back_whatever_ends_the_dashboard() {
    let bench = Bench::new();
    for (name, end) in [("a key", None), ("a signal", Some(Signal::TERM))] {
        let (mut top, mut keyboard) = bench.start_on_terminal(&["top", "--no-run", "pipelines/market.json"]);
        top.wait_until("the first frame", |process| process.out().contains("NOT RUNNING"));
        match end {
            Some(signal) => top.signal(signal),
            None => write!(keyboard, "\x03").unwrap(),
        }
        let out = top.wait().code(0).out;
        let taken = out.find("\x1b[?1049h").unwrap_or_else(|| panic!("{name}: no screen of its own: {out:?}"));
        let given_back = out.rfind("\x1b[?1049l").unwrap_or_else(|| panic!("{name}: {out:?}"));
        assert!(taken < given_back && out[given_back..].contains("\x1b[?25h"), "{name}: {out:?}");
    }
}

#[test]
fn no_terminal_is_no_place_for_a_dashboard() {
    let bench = Bench::new();
    let ran = bench.tidegate(&["top", "--no-run", "pipelines/market.json"]);
    assert_ne!(ran.code, 0);
    assert!(ran.err.contains("run it in a terminal"), "{}", ran.err);
}
