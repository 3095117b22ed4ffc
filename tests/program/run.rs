//! `run`: pipelines on a Kafka, their ends, their faults, and what other processes see of them meanwhile.

use std::process::{Command, Stdio};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{Bench, Process, node, on_kafka, root};

const FACTORIALS: &str = "1\n2\n6\n24\n120\n720\n5040\n40320\n362880\n3628800\n";

/// `n` from one topic, doubled, to another.
fn doubling(kafka: &Bench, more: Value) -> Value {
    let mut file = json!({ "tidegate": 1, "name": kafka.name("doubling"),
        "parameters": { "brokers": { "default": "embedded" } },
        "clusters": { "default": { "brokers": "${brokers}" } },
        "settings": { "commit_interval": "50ms" },
        "nodes": [
            { "id": "in", "operator": "kafka-source", "config": { "topic": kafka.name("in"), "schema": { "n": "int64!" } } },
            { "id": "twice", "operator": "map", "config": { "columns": { "n": "n * 2" } } },
            { "id": "out", "operator": "kafka-sink", "config": { "topic": kafka.name("out"), "create": { "partitions": 1 } } } ],
        "edges": [ { "from": "in.out", "to": "twice.in" }, { "from": "twice.out", "to": "out.in" } ] });
    for (at, value) in more.as_object().unwrap() {
        *file.pointer_mut(at).unwrap() = value.clone();
    }
    file
}

fn numbers(from: i64, to: i64) -> String {
    (from..to).map(|n| format!("{{\"n\":{n}}}\n")).collect()
}

#[test]
fn the_factorials_are_printed_and_nothing_else() {
    let bench = Bench::new();
    let ran = bench.tidegate(&["run", "pipelines/factorials.json"]).code(0);
    assert_eq!(ran.out, FACTORIALS);
    let outcome = ran.outcome();
    assert_eq!((&outcome["ended_by"], &outcome["exit_code"]), (&json!("end"), &json!(0)));
    assert_eq!(node(&outcome["snapshot"], "print")["records_in"], 10);
    assert!(!std::path::Path::new(&bench.path("broker")).exists(), "no broker is opened for nobody");
}

#[test]
fn trades_go_through_kafka_each_to_its_topic() {
    // The gallery's topics have fixed names, so only the embedded broker is theirs alone.
    let bench = Bench::new();
    let making = ["run", "pipelines/trades-generate.json", "--set", "count=500", "--set", "rate=1000000/s"];
    assert_eq!(bench.tidegate(&making).code(0).outcome()["ended_by"], "end");
    let ran = bench.tidegate(&["run", "pipelines/trades.json", "--until-idle", "500ms"]).code(0);
    let outcome = ran.outcome();
    assert_eq!(outcome["ended_by"], "idle");
    assert_eq!(node(&outcome["snapshot"], "trades")["records_out"], 500);
    let read = |topic: &str| bench.tidegate(&["consume", topic]).code(0).rows();
    let (large, buys, sells) = (read("trades-large"), read("trades-buys"), read("trades-sells"));
    assert_eq!(large.len() + buys.len() + sells.len(), 500);
    assert!(large.iter().all(|row| row["value"]["worth"].as_f64().unwrap() >= 50_000.0));
    assert!(
        buys.iter().all(|row| row["value"]["side"] == "buy") && sells.iter().all(|row| row["value"]["side"] == "sell")
    );
    assert!(!large.is_empty() && !buys.is_empty() && !sells.is_empty());
    assert_eq!(read("trades-unreadable"), Vec::<Value>::new());
    let lag = bench.tidegate(&["lag", "pipelines/trades.json", "--json"]).code(0).rows();
    assert_eq!(lag.len(), 4);
    assert!(lag.iter().all(|row| row["lag"] == 0 && row["committed"] == row["high"]), "{lag:?}");
}

#[test]
fn a_run_goes_on_where_the_last_one_has_committed() {
    on_kafka(|kafka| {
        let file = kafka.file("doubling.json", doubling(kafka, json!({})).to_string());
        let (input, output) = (&kafka.name("in"), &kafka.name("out"));
        kafka.tidegate_in(&["produce", input, "--create", "2"], &numbers(0, 10)).code(0);
        let read = |args: &[&str]| {
            let args: Vec<&str> =
                ["run", &file, "--until-idle", "300ms"].into_iter().chain(args.iter().copied()).collect();
            let outcome = kafka.tidegate(&args).code(0).outcome();
            node(&outcome["snapshot"], "in")["records_out"].as_u64().unwrap()
        };
        assert_eq!(read(&[]), 10);
        assert_eq!(read(&[]), 0, "all was committed");
        kafka.tidegate_in(&["produce", input], &numbers(10, 13)).code(0);
        assert_eq!(read(&[]), 3);
        assert_eq!(read(&["--from", "earliest"]), 13);
        let values = kafka.tidegate(&["consume", output, "--show", "value"]).code(0).out;
        let mut values: Vec<i64> =
            values.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["n"].as_i64().unwrap()).collect();
        values.sort_unstable();
        let mut expected: Vec<i64> = (0..13).chain(0..13).map(|n| n * 2).collect();
        expected.sort_unstable();
        assert_eq!(values, expected);
    });
}

#[test]
fn other_processes_see_a_run_while_it_serves_them() {
    on_kafka(|kafka| {
        let file = kafka.file("doubling.json", doubling(kafka, json!({})).to_string());
        let (input, output, group) = (&kafka.name("in"), &kafka.name("out"), &kafka.name("doubling"));
        kafka.tidegate(&["topics", "create", input, "--partitions", "2"]).code(0);
        let mut run = kafka.start(&["run", &file]);
        run.wait_until("a snapshot", |process| process.err().contains("\"type\":\"snapshot\""));
        kafka.tidegate_in(&["produce", input], &numbers(0, 100)).code(0);
        let rows = kafka.tidegate(&["consume", output, "--records", "100"]).code(0).rows();
        assert_eq!(rows.iter().map(|row| row["value"]["n"].as_i64().unwrap()).sum::<i64>(), 9_900);
        run.wait_until("all to be committed", |_| {
            let lag = kafka.tidegate(&["lag", group, "--json"]);
            lag.code == 0 && lag.rows().iter().map(|row| row["committed"].as_i64().unwrap_or(0)).sum::<i64>() == 100
        });
        let lag = kafka.tidegate(&["lag", &file]).code(0).out;
        assert!(lag.starts_with(&format!("group {group}: stable, 1 member, 0 behind\n")), "{lag}");
        let ran = run.stop().code(0);
        let outcome = ran.outcome();
        assert_eq!((&outcome["ended_by"], &outcome["undone"]), (&json!("stop"), &json!(0)));
        let lag = kafka.tidegate(&["lag", group]).code(0).out;
        assert!(lag.contains("nobody reads"), "{lag}");
    });
}

#[test]
fn a_run_ends_when_it_is_told_to() {
    let bench = Bench::new();
    let endless = json!({ "tidegate": 1, "name": "endless",
        "nodes": [
            { "id": "numbers", "operator": "generate", "config": { "shape": "numbers", "rate": "2000/s" } },
            { "id": "out", "operator": "discard" } ],
        "edges": [ { "from": "numbers.out", "to": "out.in" } ] });
    let file = bench.file("endless.json", endless.to_string());
    let outcome = bench.tidegate(&["run", &file, "--records", "100"]).code(0).outcome();
    assert_eq!(
        (&outcome["ended_by"], &node(&outcome["snapshot"], "out")["records_in"]),
        (&json!("records"), &json!(100))
    );
    let outcome = bench.tidegate(&["run", &file, "--for", "300ms"]).code(0).outcome();
    assert_eq!(outcome["ended_by"], "time");
    assert!(outcome["took_ms"].as_u64().unwrap() >= 300, "{outcome}");
    for signal in [Signal::INT, Signal::TERM] {
        let mut run = bench.start(&["run", &file]);
        run.wait_until("a snapshot", |process| process.err().contains("\"type\":\"snapshot\""));
        run.signal(signal);
        assert_eq!(run.wait().code(0).outcome()["ended_by"], "stop");
    }
}

#[test]
fn a_second_signal_does_not_wait_for_queues() {
    let bench = Bench::new();
    let slow = json!({ "tidegate": 1, "name": "slow",
        "nodes": [
            { "id": "numbers", "operator": "generate", "config": { "shape": "numbers" } },
            { "id": "line", "operator": "buffer", "config": { "size": 100 } },
            { "id": "slow", "operator": "throttle", "config": { "rate": "1/s", "burst": 1 } },
            { "id": "out", "operator": "discard" } ],
        "edges": [ { "from": "numbers.out", "to": "line.in" }, { "from": "line.out", "to": "slow.in" }, { "from": "slow.out", "to": "out.in" } ] });
    let file = bench.file("slow.json", slow.to_string());
    let mut run = bench.start(&["run", &file, "--drain", "10m"]);
    run.wait_until("a full buffer", |process| process.err().contains("\"depth\":100"));
    run.signal(Signal::INT);
    // It goes on, since there is much to drain; and the first signal has been taken by then.
    let snapshots = |process: &Process| process.err().matches("\"type\":\"snapshot\"").count();
    let before = snapshots(&run);
    run.wait_until("the run to go on", |process| snapshots(process) >= before + 2);
    run.signal(Signal::INT);
    let ran = run.wait();
    let outcome = ran.outcome();
    assert_eq!(
        (&outcome["ended_by"], &outcome["is_lossy"], &outcome["exit_code"]),
        (&json!("stop"), &json!(true), &json!(1))
    );
    assert!(outcome["undone"].as_u64().unwrap() >= 90, "{outcome}");
}

/// Nobody reads from the pipe into which one sink writes: what goes to the other is committed, and the second signal ends it.
#[test]
fn a_sink_that_is_blocked_holds_up_neither_others_nor_the_end() {
    on_kafka(|kafka| {
        let [quick, piped] = ["quick", "piped"].map(|name| kafka.name(name));
        for (topic, count) in [(&quick, 100), (&piped, 50_000)] {
            kafka.tidegate_in(&["produce", topic, "--create", "2"], &numbers(0, count)).code(0);
        }
        let pipe = kafka.path("pipe");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let source = |id: &str, topic: &str| json!({ "id": id, "operator": "kafka-source", "config": { "topic": topic, "schema": { "n": "int64!" } } });
        let file = json!({ "tidegate": 1, "name": kafka.name("half"),
            "parameters": { "brokers": { "default": "embedded" } },
            "clusters": { "default": { "brokers": "${brokers}" } },
            "settings": { "commit_interval": "50ms" },
            "nodes": [
                source("a", &quick), { "id": "done", "operator": "discard" },
                source("b", &piped), { "id": "pipe", "operator": "file-sink", "config": { "path": pipe } } ],
            "edges": [ { "from": "a.out", "to": "done.in" }, { "from": "b.out", "to": "pipe.in" } ] });
        let file = kafka.file("half.json", file.to_string());
        let lag = |topic: &str| -> i64 {
            let rows = kafka.tidegate(&["lag", &file, "--json"]).code(0).rows();
            rows.iter().filter(|row| row["topic"] == topic).map(|row| row["lag"].as_i64().unwrap()).sum()
        };
        let mut run = kafka.start(&["run", &file]);
        run.wait_until("a call that lasts", |process| process.err().contains("\"in_call_ms\":"));
        run.wait_until("commits beside it", |_| lag(&quick) == 0);
        run.signal(Signal::INT);
        let snapshots = |process: &Process| process.err().matches("\"type\":\"snapshot\"").count();
        let before = snapshots(&run);
        run.wait_until("the run to wait", |process| snapshots(process) >= before + 2);
        run.signal(Signal::INT);
        let ran = run.wait();
        assert!(ran.err.contains("is left in a call"), "{}", ran.err);
        let outcome = ran.code(0).outcome();
        assert_eq!((&outcome["ended_by"], &outcome["is_lossy"]), (&json!("stop"), &json!(false)), "{outcome}");
        assert!(outcome["undone"].as_i64().unwrap() > 0, "{outcome}");
        assert_eq!(lag(&quick), 0);
        // What is not in the pipe comes again.
        let written = node(&outcome["snapshot"], "pipe")["records_out"].as_i64().unwrap();
        assert!(lag(&piped) >= 50_000 - written, "{} of 50000, {written} written", lag(&piped));
    });
}

#[test]
fn a_record_that_fails_stops_the_run_at_its_place() {
    on_kafka(|kafka| {
        let file = kafka.file("doubling.json", doubling(kafka, json!({})).to_string());
        let input = &kafka.name("in");
        let lines = numbers(0, 3) + "{\"n\":\"many\"}\n" + &numbers(3, 5);
        kafka.tidegate_in(&["produce", input, "--create", "1"], &lines).code(0);
        let ran = kafka.tidegate(&["run", &file, "--until-idle", "300ms"]).code(1);
        let outcome = ran.outcome();
        assert_eq!((&outcome["ended_by"], &outcome["exit_code"]), (&json!("fault"), &json!(1)));
        let fault = &outcome["faults"][0];
        assert_eq!(fault["record"], json!({ "topic": input, "partition": 0, "offset": 3 }), "{outcome}");
        assert!(fault["message"].as_str().unwrap().contains("column n"), "{outcome}");
        let lag = kafka.tidegate(&["lag", &file, "--json"]).code(0).rows();
        assert_eq!(lag[0]["committed"], 3, "the record is not committed");

        let counting = doubling(
            kafka,
            json!({ "/nodes/0": { "id": "in", "operator": "kafka-source", "on_error": "count",
            "config": { "topic": input, "schema": { "n": "int64!" } } } }),
        );
        let file = kafka.file("counting.json", counting.to_string());
        let outcome = kafka.tidegate(&["run", &file, "--until-idle", "300ms"]).code(0).outcome();
        let source = node(&outcome["snapshot"], "in");
        assert_eq!((&source["errors"], &source["records_out"]), (&json!(1), &json!(2)), "{outcome}");
        assert_eq!(source["failures"][0]["offset"], 3);
    });
}

#[test]
fn what_keeps_a_run_from_starting_is_told_with_a_remedy() {
    on_kafka(|kafka| {
        let file = kafka.file("doubling.json", doubling(kafka, json!({})).to_string());
        let ran = kafka.tidegate(&["run", &file]).code(1);
        assert!(ran.err.contains(&format!("there is no topic `{}`", kafka.name("in"))), "{}", ran.err);
        let failure = &ran.told("failure")[0];
        assert_eq!((&failure["place"]["node"], &failure["exit_code"]), (&json!("in"), &json!(1)), "{}", ran.err);
    });
    let bench = Bench::new();
    let file = bench.file("doubling.json", doubling(&bench, json!({})).to_string());
    let ran = bench.tidegate(&["run", &file, "--brokers", "127.0.0.1:9"]).code(1);
    assert!(ran.err.contains("no broker answers at 127.0.0.1:9"), "{}", ran.err);
    let absent = doubling(
        &bench,
        json!({ "/nodes/0": { "id": "in", "operator": "file-source", "config": { "path": "absent.jsonl", "schema": { "n": "int64!" } } } }),
    );
    let file = bench.file("absent.json", absent.to_string());
    let ran = bench.tidegate(&["run", &file]).code(1);
    assert!(ran.err.contains("absent.jsonl"), "{}", ran.err);
}

#[test]
fn warnings_come_as_json_off_a_terminal() {
    let bench = Bench::new();
    let noted = doubling(
        &bench,
        json!({ "/nodes/1": { "id": "twice", "operator": "scan", "config": { "columns": { "sum": { "start": "0", "next": "sum + n" } } } } }),
    );
    let file = bench.file("noted.json", noted.to_string());
    bench.tidegate(&["topics", "create", "in"]).code(0);
    let ran = bench.tidegate(&["run", &file, "--until-idle", "100ms"]).code(0);
    assert!(ran.told("problem")[0]["message"].as_str().unwrap().contains("does not survive a run"), "{}", ran.err);
    assert!(ran.err.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{}", ran.err);
}

#[test]
fn memory_is_of_one_run_alone() {
    let bench = Bench::new();
    let writing = ["run", "pipelines/trades-generate.json", "--set", "count=10", "--memory"];
    bench.tidegate(&writing).code(0);
    assert_eq!(bench.tidegate(&["topics", "--json"]).code(0).out, "");
    let other = bench.path("other");
    bench.tidegate(&["run", "pipelines/trades-generate.json", "--set", "count=10", "--data", &other]).code(0);
    assert_eq!(bench.tidegate(&["topics", "--json", "--data", &other]).code(0).rows().len(), 1);
}

#[test]
fn a_reader_that_goes_away_stops_the_run_and_is_no_error() {
    let bench = Bench::new();
    let endless = json!({ "tidegate": 1, "name": "endless",
        "nodes": [
            { "id": "numbers", "operator": "generate", "config": { "shape": "numbers" } },
            { "id": "out", "operator": "console-sink" } ],
        "edges": [ { "from": "numbers.out", "to": "out.in" } ] });
    let file = bench.file("endless.json", endless.to_string());
    let mut child = Command::new(env!("CARGO_BIN_EXE_tidegate"))
        .args(["run", &file])
        .current_dir(root())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn an_edge_through_a_topic_gives_the_same() {
    let bench = Bench::new();
    let ran = bench.tidegate(&["run", "pipelines/direct-or-topic.json", "--until-idle", "500ms"]).code(0);
    let outcome = ran.outcome();
    let through = |id: &str| node(&outcome["snapshot"], id)["records_in"].as_u64().unwrap();
    assert!(through("from-memory") > 0);
    assert_eq!(through("from-memory"), through("from-topic"));
    let mut lines: Vec<&str> = ran.out.lines().collect();
    lines.sort_unstable();
    let pairs = lines.chunks(2).all(|pair| pair.len() == 2 && pair[0] == pair[1]);
    assert!(pairs, "each line comes twice");
}
