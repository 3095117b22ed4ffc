//! Runs that are killed lose no record. `TIDEGATE_KILLS` says how often (3), `TIDEGATE_SEED` when.

use std::env;
use std::thread::sleep;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::broker::{PARTITIONS, doubling, nothing_is_lost, numbers, serve};
use crate::support::{Bench, on_each_kafka};

#[test]
fn a_run_that_is_killed_loses_no_record() {
    on_each_kafka(|bench| kill(bench, |_| ()));
}

#[test]
fn a_run_that_is_killed_loses_no_record_on_its_way_through_a_topic() {
    on_each_kafka(|bench| {
        kill(bench, |pipeline| pipeline["edges"][1]["via"] = json!({ "topic": { "partitions": 2 } }));
    });
}

/// Kills a run again and again while records come in, lets the last one finish, and counts.
fn kill(bench: &Bench, change: impl Fn(&mut Value)) {
    let number = |name: &str, default: u64| env::var(name).map_or(default, |text| text.parse().unwrap());
    let (kills, seed) = (number("TIDEGATE_KILLS", 3), number("TIDEGATE_SEED", 1));
    eprintln!("{kills} kills, TIDEGATE_SEED={seed}");
    let mut random = Random(seed);
    let broker = serve(bench);
    let [from, to, group] = ["from", "to", "killed"].map(|name| bench.name(name));
    broker.create(&from, PARTITIONS);
    broker.create(&to, PARTITIONS);
    let mut pipeline = doubling(&group, &from, &to);
    change(&mut pipeline);
    let file = bench.file("killed.json", pipeline.to_string());
    let feeder = bench.start(&["run", &numbers(bench, &from, &json!({ "rate": "1000/s" }))]);
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

/// Numbers that look like chance, and come again with the seed (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}
