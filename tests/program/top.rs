//! The dashboard on a terminal: a pipeline is built in it from nothing, run, saved; the saved file runs without it.

use std::fs;
use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Bench, Process, root};

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
fn what_was_opened_is_found_again() {
    let bench = Bench::new();
    let drawn = json!({ "tidegate": 1, "name": "lately", "description": "Nothing but a source. And more.",
        "nodes": [{ "id": "numbers", "operator": "generate", "config": { "shape": "numbers" } }] });
    let file = bench.file("lately.json", drawn.to_string());
    let look = |args: &[&str], shows: &str| {
        let (mut top, mut keyboard) = bench.start_on_terminal(args);
        top.wait_until(shows, |process| process.out().contains(shows));
        write!(keyboard, "\x03").unwrap();
        top.wait().code(0).out
    };
    let is_found = |out: String| out.contains("Nothing but a source.");
    assert!(!is_found(look(&["top"], "market.json")));
    look(&["top", "--no-run", &file], "lately@");
    assert!(is_found(look(&["top"], "market.json")));
}

/// The README's blocks `sh top` have one command to a line, on addresses that are here this test's own.
#[test]
fn dashboards_of_the_readme_come_up() {
    let bench = Bench::new();
    let mut broker = bench.start(&["broker", "--listen", "127.0.0.1:0", "--json"]);
    broker.wait_until("the broker's address", |process| process.out().ends_with('\n'));
    let told: Value = serde_json::from_str(&broker.out()).unwrap();
    let mut run = bench.start(&["run", &endless(&bench), "--json", "--listen", "127.0.0.1:0"]);
    run.wait_until("it to listen", |process| url(process).is_some());
    let (url, address) = (url(&run).unwrap(), told["address"].as_str().unwrap());
    let page = fs::read_to_string(root().join("README.md")).unwrap();
    let blocks = page.split("```sh top\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let commands: Vec<&str> = blocks.flat_map(str::lines).collect();
    assert_eq!(commands.len(), 3, "{commands:?}");
    for command in commands {
        let arguments = command.strip_prefix("cargo run --release -- ").or_else(|| command.strip_prefix("tidegate "));
        let arguments = arguments.unwrap_or_else(|| panic!("{command}"));
        let arguments = arguments.replace("http://127.0.0.1:7070", &url).replace("127.0.0.1:9092", address);
        let (mut top, mut keyboard) = bench.start_on_terminal(&arguments.split(' ').collect::<Vec<_>>());
        top.wait_until(command, |process| match command.contains("--brokers") {
            true => process.out().contains("controller"),
            false => has_figures(process) || process.out().contains("p50"),
        });
        write!(keyboard, "qy").unwrap();
        top.wait().code(0);
    }
    run.stop().code(0);
}

#[test]
fn no_terminal_is_no_place_for_a_dashboard() {
    let bench = Bench::new();
    let ran = bench.tidegate(&["top", "--no-run", "pipelines/market.json"]);
    assert_ne!(ran.code, 0);
    assert!(ran.err.contains("run it in a terminal"), "{}", ran.err);
}

/// Where a run says that it is served.
fn url(process: &Process) -> Option<String> {
    let told = process.err();
    let line = told.lines().find(|line| line.contains("\"listening\""))?;
    serde_json::from_str::<Value>(line).ok()?["url"].as_str().map(str::to_string)
}

/// Figures have come: the first frame said NOT RUNNING, of which no cell stays.
fn has_figures(process: &Process) -> bool {
    process.out().matches("RUNNING").count() > 1
}

/// A pipeline that runs until it is stopped.
fn endless(bench: &Bench) -> String {
    let endless = json!({ "tidegate": 1, "name": "endless",
        "nodes": [
            { "id": "numbers", "operator": "generate", "config": { "shape": "numbers", "rate": "100/s" } },
            { "id": "out", "operator": "discard" } ],
        "edges": [ { "from": "numbers.out", "to": "out.in" } ] });
    bench.file("endless.json", endless.to_string())
}

#[test]
fn a_run_elsewhere_is_shown_and_left_alone() {
    let bench = Bench::new();
    let file = endless(&bench);
    let mut run = bench.start(&["run", &file, "--json", "--listen", "127.0.0.1:0"]);
    run.wait_until("it to listen", |process| url(process).is_some());
    let url = url(&run).unwrap();
    let (mut top, mut keyboard) = bench.start_on_terminal(&["top", &url]);
    top.wait_until("figures", |process| has_figures(process) && process.out().contains("read-only"));
    // What would stop it is not done; leaving asks nothing.
    write!(keyboard, "XyPq").unwrap();
    top.wait().code(0);
    let (mut top, mut keyboard) = bench.start_on_terminal(&["top", "--write", &url]);
    top.wait_until("figures", has_figures);
    write!(keyboard, "Xy").unwrap();
    let ran = run.wait().code(0);
    assert_eq!(ran.outcome()["ended_by"], "stop", "{}", ran.err);
    write!(keyboard, "\x03").unwrap();
    top.wait().code(0);
    let ran = bench.tidegate(&["top", &url]).code(1);
    assert!(ran.err.contains("no run answers at") && ran.err.contains("--listen"), "{}", ran.err);
}

#[test]
fn a_run_elsewhere_is_shown_over_tls() {
    let bench = Bench::new();
    let (cert, key) = ("tests/tls/cert.pem", "tests/tls/key.pem");
    let serve = ["--json", "--listen", "127.0.0.1:0", "--tls-cert", cert, "--tls-key", key];
    let mut run = bench.start(&[["run", &endless(&bench)].as_slice(), &serve].concat());
    run.wait_until("it to listen", |process| url(process).is_some());
    let url = url(&run).unwrap();
    assert!(url.starts_with("https://"), "{url}");
    let (mut top, mut keyboard) = bench.start_on_terminal(&["top", "--ca", "tests/tls/ca.pem", &url]);
    top.wait_until("figures", has_figures);
    write!(keyboard, "q").unwrap();
    top.wait().code(0);
    // Whom nobody vouches for is not trusted.
    let ran = bench.tidegate(&["top", "--ca", cert, &url]).code(1);
    assert!(ran.err.contains("no run answers at") && ran.err.contains("certificate"), "{}", ran.err);
    let ran = bench.tidegate(&["top", "--ca", key, &url]);
    assert!(ran.code != 0 && ran.err.contains("there is no certificate in it"), "{}", ran.err);
    run.stop().code(0);
}
