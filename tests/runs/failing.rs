//! A record that cannot be read: it stops the run, or is counted, or leaves by its own port.

use serde_json::{Value, json};

use crate::broker::{Broker, doubling, serve, values};
use crate::support::{Bench, node, on_kafka};

/// Offset of the bad record among eleven.
const BAD: i64 = 7;

fn topics(bench: &Bench, broker: &Broker, bad: &str) -> [String; 3] {
    let [from, to, group] = ["mixed", "good", "careful"].map(|name| bench.name(name));
    broker.create(&to, 1);
    let line = |n: i64| if n == BAD { bad.to_string() } else { json!({ "n": 10 * n + 1 }).to_string() };
    let lines: Vec<String> = (0..11).map(line).collect();
    bench.tidegate_in(&["produce", &from, "--create", "1"], &lines.join("\n")).code(0);
    [from, to, group]
}

fn on_kafka_and_bad_record(test: impl Fn(&Bench, &Broker, &[String; 3])) {
    for bad in ["{\"n\": 1", "{\"n\": \"one\"}", "{\"n\": null}", "nonsense"] {
        on_kafka(|bench| {
            let broker = serve(bench);
            let topics = topics(bench, &broker, bad);
            test(bench, &broker, &topics);
        });
    }
}

#[test]
fn a_bad_record_stops_the_run_and_is_not_committed() {
    on_kafka_and_bad_record(|bench, broker, [from, to, group]| {
        let file = bench.file("careful.json", doubling(group, from, to).to_string());
        for _ in 0..2 {
            let ran = bench.tidegate(&["run", &file, "--until-idle", "1s"]).code(1);
            let outcome = ran.outcome();
            assert_eq!((&outcome["exit_code"], &outcome["ended_by"]), (&json!(1), &json!("fault")), "{}", ran.err);
            let faults = outcome["faults"].as_array().unwrap();
            assert_eq!(faults.len(), 1, "{faults:?}");
            assert_eq!(faults[0]["record"], json!({ "topic": from, "partition": 0, "offset": BAD }));
            assert_eq!((&faults[0]["node"], &faults[0]["blame"]), (&json!("in"), &json!("user")));
            assert!(faults[0]["remedy"].as_str().is_some_and(|remedy| remedy.contains("on_error")), "{faults:?}");
            assert_eq!(broker.committed(group, from), BAD);
            assert_eq!(values(bench, to).len(), BAD as usize, "what stands before it is written, once");
        }
    });
}

#[test]
fn a_bad_record_may_be_counted() {
    on_kafka_and_bad_record(|bench, broker, [from, to, group]| {
        let mut pipeline = doubling(group, from, to);
        pipeline["nodes"][0]["on_error"] = json!("count");
        let file = bench.file("counting.json", pipeline.to_string());
        let outcome = bench.tidegate(&["run", &file, "--until-idle", "1s"]).code(0).outcome();
        let source = node(&outcome["snapshot"], "in");
        assert_eq!((&source["records_in"], &source["errors"]), (&json!(11), &json!(1)));
        let failure = &source["failures"][0];
        assert_eq!(
            (&failure["topic"], &failure["partition"], &failure["offset"]),
            (&json!(from), &json!(0), &json!(BAD))
        );
        assert_eq!(broker.committed(group, from), 11);
        assert_eq!(values(bench, to).len(), 10);
    });
}

#[test]
fn a_bad_record_may_go_its_own_way() {
    on_kafka_and_bad_record(|bench, broker, [from, to, group]| {
        let bad = bench.name("bad");
        broker.create(&bad, 1);
        let mut pipeline = doubling(group, from, to);
        let sink = json!({ "id": "bad", "operator": "kafka-sink", "config": { "topic": bad } });
        pipeline["nodes"].as_array_mut().unwrap().push(sink);
        pipeline["edges"].as_array_mut().unwrap().push(json!({ "from": "in.errors", "to": "bad.in" }));
        let file = bench.file("sorting.json", pipeline.to_string());
        bench.tidegate(&["run", &file, "--until-idle", "1s"]).code(0);
        assert_eq!(broker.committed(group, from), 11);
        assert_eq!(values(bench, to).len(), 10);
        let sorted: Vec<Value> = values(bench, &bad);
        assert_eq!(sorted.len(), 1);
        assert_eq!((&sorted[0]["topic"], &sorted[0]["offset"]), (&json!(from), &json!(BAD)));
    });
}
