//! Runs that are killed lose no record, nor does the embedded broker.

use std::collections::BTreeSet;
use std::thread::{self, sleep};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::broker::{Broker, PARTITIONS, Random, doubling, nothing_is_lost, numbers, serve, settings, topics, values};
use crate::support::{Bench, Process, on_kafka};

/// Places where runs are killed at the same time: each kill waits until its group has forgotten the member.
const PLACES: u64 = 3;

#[test]
fn a_run_that_is_killed_loses_no_record() {
    on_kafka(|bench| {
        thread::scope(|scope| {
            for place in 0..PLACES {
                let (kills, random) = settings(12, place);
                scope.spawn(move || kill(&another(bench), kills.div_ceil(PLACES), random, |_| ()));
            }
        });
    });
}

#[test]
fn a_run_that_is_killed_loses_no_record_on_its_way_through_a_topic() {
    on_kafka(|bench| {
        let (kills, random) = settings(3, 0);
        kill(bench, kills, random, |pipeline| pipeline["edges"][1]["via"] = json!({ "topic": { "partitions": 2 } }));
    });
}

#[test]
fn an_embedded_broker_that_is_killed_loses_no_record() {
    let (kills, mut random) = settings(3, 0);
    let mut bench = Bench::new();
    let mut broker = serve(&bench);
    // By its address: who says `embedded` would take it over.
    bench.brokers = broker.address.clone();
    let (feeder, mut run) = feed_and_double(&bench, &broker);
    for _ in 0..kills {
        let before = broker.written("to");
        run.wait_until("records", |_| broker.written("to") > before);
        sleep(Duration::from_millis(random.below(1500)));
        broker.kill();
        broker.restart(&bench);
    }
    all_is_there(&bench, &broker, feeder, run);
}

#[test]
fn an_embedded_broker_that_is_killed_is_taken_over() {
    let bench = Bench::new();
    let mut broker = serve(&bench);
    let (feeder, mut run) = feed_and_double(&bench, &broker);
    run.wait_until("records", |_| broker.written("to") > 100);
    broker.kill();
    let before = broker.written("to");
    run.wait_until("records that the next broker takes", |_| broker.written("to") > before + 1000);
    // Of both that are left one serves; where it is the feeder, the run follows now.
    all_is_there(&bench, &broker, feeder, run);
}

/// One more bench on the same Kafka, or with a broker of its own where that is embedded.
fn another(bench: &Bench) -> Bench {
    if bench.brokers == "embedded" { Bench::new() } else { Bench::on(&bench.brokers) }
}

/// Two runs: one writes numbers, one doubles them.
fn feed_and_double(bench: &Bench, broker: &Broker) -> (Process, Process) {
    for topic in ["from", "to"] {
        broker.create(topic, PARTITIONS);
    }
    let feeder = numbers(bench, "from", &json!({ "rate": "1000/s" }));
    let doubler = bench.file("running.json", doubling("running", "from", "to").to_string());
    (bench.start(&["run", &feeder]), bench.start(&["run", &doubler]))
}

/// Stops both runs, and counts.
fn all_is_there(bench: &Bench, broker: &Broker, feeder: Process, mut run: Process) {
    assert_eq!(feeder.stop().outcome()["faults"], json!([]));
    let written = values(bench, "from");
    let distinct: BTreeSet<i64> = written.iter().filter_map(|value| value["n"].as_i64()).collect();
    assert_eq!(distinct.len(), written.len(), "an idempotent producer doubles nothing");
    run.wait_until("all to be committed", |_| broker.committed("running", "from") == written.len() as i64);
    assert_eq!(nothing_is_lost(bench, "from", "to"), 0, "lanes that were never killed go on where they were");
    assert_eq!(run.stop().code(0).outcome()["faults"], json!([]));
}

/// Kills a run again and again while records come in, lets the last one finish, and counts.
fn kill(bench: &Bench, kills: u64, mut random: Random, change: impl Fn(&mut Value)) {
    let broker = serve(bench);
    let [from, to, group] = topics(bench, &broker, "killed");
    let mut pipeline = doubling(&group, &from, &to);
    change(&mut pipeline);
    let file = bench.file("killed.json", pipeline.to_string());
    let feeder = bench.start(&["run", &numbers(bench, &from, &json!({ "rate": "200/s" }))]);
    for kill in 0..kills {
        let mut run = bench.start(&["run", &file]);
        // Every fourth dies at its start, the others at work.
        if kill % 4 != 3 {
            let before = broker.written(&to);
            run.wait_until("records", |_| broker.written(&to) > before);
        }
        sleep(Duration::from_millis(random.below(1500)));
        run.signal(Signal::KILL);
        assert_eq!(run.wait().code, -1, "the run ended before it was killed");
    }
    feeder.stop();
    let written = broker.written(&from);
    let ran = bench.tidegate(&["run", &file, "--until-idle", "2s"]).code(0);
    assert_eq!((&ran.outcome()["ended_by"], &ran.outcome()["faults"]), (&json!("idle"), &json!([])));
    assert_eq!(broker.committed(&group, &from), written);
    let repeated = nothing_is_lost(bench, &from, &to);
    eprintln!("{repeated} of {written} records were repeated");
}
