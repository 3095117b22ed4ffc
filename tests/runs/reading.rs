//! Where a run begins to read a topic, and when it ends.

use serde_json::{Value, json};

use crate::broker::{PARTITIONS, doubling, nothing_is_lost, numbers, serve};
use crate::support::{node, on_kafka};

#[test]
fn a_run_goes_on_where_the_last_one_has_committed() {
    on_kafka(|bench| {
        let broker = serve(bench);
        let [from, to, group] = ["thousand", "doubled", "reader"].map(|name| bench.name(name));
        broker.create(&from, PARTITIONS);
        broker.create(&to, PARTITIONS);
        bench.tidegate(&["run", &numbers(bench, &from, &json!({ "count": 1000 }))]).code(0);
        let file = bench.file("reader.json", doubling(&group, &from, &to).to_string());
        let run = |arguments: &[&str]| {
            let outcome = bench.tidegate(&[&["run", &file], arguments].concat()).code(0).outcome();
            assert_eq!(outcome["faults"], json!([]), "{arguments:?}");
            (read(&outcome), outcome["ended_by"].as_str().unwrap().to_string())
        };
        for (arguments, read, ended_by, committed) in [
            (&["--records", "100"][..], 100, "records", 100),
            (&["--records", "1"], 1, "records", 101),
            (&["--until-idle", "1s"], 899, "idle", 1000),
            (&["--until-idle", "1s"], 0, "idle", 1000),
        ] {
            assert_eq!(run(arguments), (read, ended_by.to_string()), "{arguments:?}");
            assert_eq!(broker.committed(&group, &from), committed, "{arguments:?}");
        }
        assert_eq!(nothing_is_lost(bench, &from, &to), 0, "runs that stop in good order repeat nothing");
        for (arguments, read, ended_by) in [
            (&["--from", "latest", "--until-idle", "1s"][..], 0, "idle"),
            (&["--from", "earliest", "--until-idle", "1s"], 1000, "idle"),
            (&["--from", "2000-01-01T00:00:00Z", "--until-idle", "1s"], 1000, "idle"),
            (&["--for", "2s"], 0, "time"),
            (&["--from", "earliest", "--for", "10s", "--records", "1000"], 1000, "records"),
        ] {
            assert_eq!(run(arguments), (read, ended_by.to_string()), "{arguments:?}");
        }
        assert_eq!(nothing_is_lost(bench, &from, &to), 3 * 900);
    });
}

fn read(outcome: &Value) -> u64 {
    node(&outcome["snapshot"], "in")["records_in"].as_u64().unwrap()
}
