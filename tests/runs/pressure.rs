//! Back-pressure on topics: a sink that takes next to nothing, or nothing at all, for longer than a session.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::io::ioctl_fionread;
use serde_json::{Value, json};

use crate::broker::{PARTITIONS, doubling, last_snapshot, nothing_is_lost, numbers, serve};
use crate::support::{node, on_kafka};

/// Three sessions.
const BLOCKED: Duration = Duration::from_secs(18);

#[test]
fn a_run_that_is_held_up_stays_in_its_group_and_loses_nothing() {
    on_kafka(|bench| {
        let broker = serve(bench);
        let [from, to, group] = ["deep", "slow", "patient"].map(|name| bench.name(name));
        broker.create(&from, PARTITIONS);
        broker.create(&to, PARTITIONS);
        bench.tidegate(&["run", &numbers(bench, &from, &json!({ "count": 100_000 }))]).code(0);
        let mut pipeline = doubling(&group, &from, &to);
        let properties = &mut pipeline["clusters"]["default"]["properties"];
        properties["max.poll.interval.ms"] = json!("6000");
        let quick = bench.file("quick.json", pipeline.to_string());
        pipeline["nodes"][2] =
            json!({ "id": "twice", "operator": "throttle", "config": { "rate": "1/s", "burst": 1 } });
        pipeline["nodes"][3]["config"]["topic"] = json!(bench.name("trickle"));
        broker.create(&bench.name("trickle"), 1);
        let slow = bench.file("slow.json", pipeline.to_string());

        let mut run = bench.start(&["run", &slow, "--drain", "100ms"]);
        run.wait_until("a record", |_| broker.written(&bench.name("trickle")) > 0);
        let member =
            || broker.admin.group(&group).unwrap().members.into_iter().map(|member| member.id).collect::<Vec<_>>();
        let (before, began) = (member(), Instant::now());
        assert_eq!(before.len(), 1);
        run.wait_until("the time to pass", |_| began.elapsed() > BLOCKED);
        assert_eq!(member(), before, "the run has left its group meanwhile");
        let snapshot = last_snapshot(&run).unwrap();
        assert_eq!(snapshot["partitions"].as_array().unwrap().len(), 4);
        let (read, passed) =
            (node(&snapshot, "in")["records_in"].as_u64().unwrap(), broker.written(&bench.name("trickle")));
        assert!(read < 40_000, "{read} records were read, of which {passed} could go on");
        assert!((10..40).contains(&passed), "{passed} records passed in {:?} at 1/s", began.elapsed());
        let ran = run.stop().code(0);
        assert_eq!(ran.outcome()["faults"], json!([]));
        let committed = broker.committed(&group, &from);
        assert!(committed < 1000, "{committed} are committed, and {passed} were written");

        bench.tidegate(&["run", &quick, "--until-idle", "2s", "--from", "earliest"]).code(0);
        assert_eq!(nothing_is_lost(bench, &from, &to), 0);
    });
}

/// Nobody reads from the pipe into which the sink writes. The patience of the group is shorter than that.
#[test]
fn a_sink_that_is_blocked_keeps_its_membership() {
    let short =
        json!({ "session.timeout.ms": "6000", "heartbeat.interval.ms": "1000", "max.poll.interval.ms": "6000" });
    blocked_for(BLOCKED, &short);
}

#[test]
#[ignore = "takes ten minutes: cargo test --test runs -- --ignored"]
fn a_sink_that_is_blocked_for_ten_minutes_keeps_its_membership() {
    blocked_for(Duration::from_secs(600), &json!({}));
}

fn blocked_for(time: Duration, properties: &Value) {
    on_kafka(|bench| {
        let broker = serve(bench);
        let [from, group] = ["piped", "blocked"].map(|name| bench.name(name));
        broker.create(&from, PARTITIONS);
        bench.tidegate(&["run", &numbers(bench, &from, &json!({ "count": 100_000 }))]).code(0);
        let pipe = bench.path("pipe");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        // Held open for both, so that neither opening waits for the other side.
        let mut reader = BufReader::new(File::options().read(true).write(true).open(&pipe).unwrap());
        let mut pipeline = doubling(&group, &from, "unused");
        pipeline["clusters"]["default"]["properties"] = properties.clone();
        pipeline["nodes"][3] =
            json!({ "id": "out", "operator": "file-sink", "config": { "path": pipe, "mode": "truncate" } });
        let mut run = bench.start(&["run", &bench.file("blocked.json", pipeline.to_string())]);

        let members = || broker.admin.group(&group).unwrap().members.into_iter().map(|member| member.id);
        run.wait_until("a member", |_| members().count() == 1);
        let member: Vec<String> = members().collect();
        let held = |reader: &BufReader<File>| ioctl_fionread(reader.get_ref()).unwrap();
        // How many bytes fill a pipe depends on how they are cut; that the sink is in one call tells.
        let is_blocked = |snapshot: Value| {
            let tasks = snapshot["tasks"].as_array().unwrap().iter();
            let mut lanes = tasks.flat_map(|task| task["lanes"].as_array().unwrap());
            lanes.any(|lane| lane["in_call_ms"].as_u64() > Some(1_000))
        };
        run.wait_until("a full pipe", |run| last_snapshot(run).is_some_and(is_blocked));
        let full = held(&reader);
        sleep(time);
        assert_eq!(held(&reader), full, "the sink is not blocked");
        assert_eq!(members().collect::<Vec<_>>(), member, "the run has left its group meanwhile");

        let mut numbers = BTreeSet::new();
        while numbers.len() < 90_000 {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            let value: Value = serde_json::from_str(&line).unwrap();
            assert!(numbers.insert(value["n"].as_i64().unwrap()), "it comes twice: {line}");
        }
        run.wait_until("all to be committed", |_| broker.committed(&group, &from) == 100_000);
        assert_eq!(run.stop().code(0).outcome()["faults"], json!([]));
    });
}
