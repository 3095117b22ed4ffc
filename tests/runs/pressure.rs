//! Back-pressure on topics: a sink that takes next to nothing, for longer than a session.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::broker::{PARTITIONS, doubling, last_snapshot, nothing_is_lost, numbers, serve};
use crate::support::{node, on_each_kafka};

/// Three sessions.
const BLOCKED: Duration = Duration::from_secs(18);

#[test]
fn a_run_that_is_held_up_stays_in_its_group_and_loses_nothing() {
    on_each_kafka(|bench| {
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
