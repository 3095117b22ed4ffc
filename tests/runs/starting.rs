//! Starts in bad times: the broker is down, or says nothing for a while.

use std::thread::sleep;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::broker::{Broker, PARTITIONS, doubling, nothing_is_lost, numbers, owned, serve};
use crate::support::Bench;

/// Longer than a client waits for the first word of a broker that it has connected to.
const SILENT: Duration = Duration::from_secs(13);

/// A bench with its broker, by its address: who says `embedded` would be the broker itself. One topic has numbers.
fn bench() -> (Bench, Broker) {
    let mut bench = Bench::new();
    let broker = serve(&bench);
    bench.brokers = broker.address.clone();
    broker.create("from", PARTITIONS);
    broker.create("to", PARTITIONS);
    bench.tidegate(&["run", &numbers(&bench, "from", &json!({ "count": 100 }))]).code(0);
    (bench, broker)
}

fn file(bench: &Bench, supervision: Option<Value>) -> String {
    let mut pipeline = doubling("starting", "from", "to");
    if let Some(supervision) = supervision {
        for node in pipeline["nodes"].as_array_mut().unwrap() {
            node["supervision"] = supervision.clone();
        }
    }
    bench.file("starting.json", pipeline.to_string())
}

#[test]
fn a_run_starts_once_its_broker_does() {
    let (bench, mut broker) = bench();
    broker.kill();
    let restart = json!({ "restart": { "min_backoff": "200ms", "max_backoff": "500ms" } });
    let mut run = bench.start(&["run", &file(&bench, Some(restart))]);
    run.wait_until("a second try", |run| run.err().matches("starting again in").count() >= 2);
    assert!(run.err().contains("no broker answers at"), "{}", run.err());
    broker.restart(&bench);
    run.wait_until("all to be committed", |_| broker.committed("starting", "from") == 100);
    assert_eq!(run.stop().code(0).outcome()["faults"], json!([]));
    nothing_is_lost(&bench, "from", "to");
}

#[test]
fn a_run_without_supervision_says_what_would_help() {
    let (bench, mut broker) = bench();
    broker.kill();
    let ran = bench.tidegate(&["run", &file(&bench, None)]).code(1);
    for part in ["no broker answers at", "is it running?", "supervision"] {
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
}

#[test]
fn a_run_waits_for_a_broker_that_says_nothing() {
    let (bench, broker) = bench();
    broker.signal(Signal::STOP);
    let mut run = bench.start(&["run", &file(&bench, None)]);
    sleep(SILENT);
    broker.signal(Signal::CONT);
    run.wait_until("all partitions", |run| owned(run) == PARTITIONS as usize);
    run.wait_until("all to be committed", |_| broker.committed("starting", "from") == 100);
    assert_eq!(run.stop().code(0).outcome()["faults"], json!([]));
}
