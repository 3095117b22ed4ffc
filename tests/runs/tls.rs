//! A real Kafka with TLS, as `tests/kafka/up` starts it: a run that trusts its certificate writes and reads, one that does
//! not is told why.

use std::env;

use serde_json::{Value, json};

use crate::support::Bench;

/// Numbers to a topic, and back to a file.
fn through(bench: &Bench, properties: &Value) -> (String, String) {
    let topic = bench.name("sealed");
    let clusters = json!({ "default": { "brokers": "${brokers}", "properties": properties } });
    let file = |name: &str, nodes: Value| {
        let pipeline = json!({ "tidegate": 1, "name": bench.name(name), "clusters": clusters,
            "parameters": { "brokers": { "default": "embedded" } },
            "nodes": nodes, "edges": [ { "from": "in.out", "to": "out.in" } ] });
        bench.file(&format!("{name}.json"), pipeline.to_string())
    };
    let write = json!([
        { "id": "in", "operator": "generate", "config": { "shape": "numbers", "count": 1000 } },
        { "id": "out", "operator": "kafka-sink", "config": { "topic": topic, "create": { "partitions": 2 } } } ]);
    let read = json!([
        { "id": "in", "operator": "kafka-source", "config": { "topic": topic, "schema": { "n": "int64!" } } },
        { "id": "out", "operator": "file-sink", "config": { "path": bench.path("out.jsonl"), "mode": "truncate" } } ]);
    (file("seal", write), file("unseal", read))
}

#[test]
#[ignore = "needs TIDEGATE_TEST_KAFKA_TLS and TIDEGATE_TEST_KAFKA_CA, the address of a Kafka and its certificate"]
fn records_go_through_tls_where_the_certificate_is_trusted() {
    let [address, ca] = ["TIDEGATE_TEST_KAFKA_TLS", "TIDEGATE_TEST_KAFKA_CA"].map(|name| env::var(name).expect(name));
    let bench = Bench::on(&address);
    let (write, read) = through(&bench, &json!({ "security.protocol": "ssl", "ssl.ca.location": ca }));
    bench.tidegate(&["run", &write]).code(0);
    let ran = bench.tidegate(&["run", &read, "--until-idle", "1s"]).code(0);
    assert_eq!(ran.outcome()["ended_by"], "idle");
    let text = std::fs::read_to_string(bench.path("out.jsonl")).unwrap();
    let mut numbers: Vec<i64> =
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["n"].as_i64().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=1000).collect::<Vec<_>>());
    let lag = bench.tidegate(&["lag", &read, "--json"]).code(0).rows();
    assert!(lag.len() == 2 && lag.iter().all(|row| row["lag"] == 0), "{lag:?}");
    bench.tidegate(&["topics", "delete", &bench.name("sealed"), "--pipeline", &read]).code(0);

    // Each with what is told, and what helps.
    let other = ca.replace("ca.pem", "other-ca.pem");
    let cases = [
        (
            json!({ "security.protocol": "ssl", "ssl.ca.location": other }),
            "no TLS with the broker",
            "`ssl.ca.location`",
        ),
        (json!({ "security.protocol": "ssl" }), "no TLS with the broker", "`ssl.ca.location`"),
        (json!({}), "no broker answers", "`security.protocol`"),
    ];
    for (properties, message, remedy) in cases {
        let (write, read) = through(&bench, &properties);
        for file in [write, read] {
            let failure = &bench.tidegate(&["run", &file, "--for", "60s"]).code(1).told("failure")[0];
            let says = |what: &str, part: &str| failure[what].as_str().is_some_and(|text| text.contains(part));
            assert!(says("message", message) && says("remedy", remedy), "{properties}: {failure}");
        }
    }
}
