//! Brokers that cannot be reached, or let nobody in: each is told soon, with what it is about and what helps.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::broker::serve;
use crate::support::Bench;

/// Within this time every refusal is told, on a machine that is busy.
const SOON: Duration = Duration::from_secs(40);

const LOGIN: (&str, &str) = ("tide", "ebb-and-flow");

/// Where it is tried, client properties, the password, and parts of what is told: message and remedy.
type Case<'a> = (&'a str, Value, &'a str, &'a str, &'a str);

/// All cases at once, since each waits for brokers.
fn all_are_refused(bench: &Bench, cases: &[Case<'_>]) {
    thread::scope(|scope| {
        for (number, case) in cases.iter().enumerate() {
            scope.spawn(move || refused(bench, number, case));
        }
    });
}

/// Asks and runs with these properties; both fail as the case says.
fn refused(bench: &Bench, number: usize, (brokers, properties, password, message, remedy): &Case<'_>) {
    let file = bench.file(&format!("refused-{number}.json"), pipeline(brokers, properties).to_string());
    for arguments in [&["topics", "--pipeline", &file, "--json"][..], &["run", &file, "--for", "100s"]] {
        let begun = Instant::now();
        let ran = bench.tidegate_with(arguments, "", &[("TIDEGATE_PASSWORD", password)]).code(1);
        assert!(begun.elapsed() < SOON, "{properties} at {brokers}: told after {:?}", begun.elapsed());
        let failure = &ran.told("failure")[0];
        let says = |what: &str, part: &str| failure[what].as_str().is_some_and(|text| text.contains(part));
        assert!(says("message", message) && says("remedy", remedy), "{properties} at {brokers}: {failure}");
        assert!(!ran.err.contains(password), "{properties}: the password is told: {}", ran.err);
    }
}

fn pipeline(brokers: &str, properties: &Value) -> Value {
    json!({
        "tidegate": 1,
        "name": "refused",
        "parameters": { "password": { "secret": true } },
        "clusters": { "default": { "brokers": brokers, "properties": properties } },
        "nodes": [
            { "id": "in", "operator": "kafka-source", "config": { "topic": "nowhere", "schema": { "n": "int64" } } },
            { "id": "out", "operator": "discard" }
        ],
        "edges": [{ "from": "in.out", "to": "out.in" }]
    })
}

fn sasl(more: Value) -> Value {
    let mut all = json!({
        "security.protocol": "sasl_plaintext", "sasl.mechanism": "PLAIN", "sasl.username": LOGIN.0, "sasl.password": "${password}"
    });
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    all
}

#[test]
fn who_is_not_there_or_understood_is_told_with_a_remedy() {
    let mut bench = Bench::new();
    let broker = serve(&bench);
    bench.brokers = broker.address.clone();
    let here = broker.address.as_str();
    let cases: [Case<'_>; 7] = [
        (
            "127.0.0.1:9",
            json!({}),
            "not-the-word",
            "no broker answers at 127.0.0.1:9 (Connection refused)",
            "is it running?",
        ),
        ("no.such.host.invalid:9092", json!({}), "not-the-word", "Failed to resolve", "check the address"),
        (here, json!({ "security.protocol": "ssl" }), "not-the-word", "no broker answers", "`security.protocol`"),
        (here, sasl(json!({})), "not-the-word", "refuses the login", "`sasl.mechanism`"),
        (here, sasl(json!({ "sasl.mechanism": "NONSENSE" })), "not-the-word", "NONSENSE", "`properties`"),
        (
            here,
            json!({ "ssl.ca.location": "/nowhere.pem", "security.protocol": "ssl" }),
            "not-the-word",
            "ssl.ca.location",
            "`properties`",
        ),
        (
            here,
            json!({ "security.protokol": "ssl" }),
            "not-the-word",
            "no property `security.protokol`",
            "CONFIGURATION.md",
        ),
    ];
    all_are_refused(&bench, &cases);
}

/// A real Kafka with a login, as `tests/kafka/up` starts it.
#[test]
#[ignore = "needs TIDEGATE_TEST_KAFKA and TIDEGATE_TEST_KAFKA_SASL, addresses of a Kafka"]
fn a_login_that_is_refused_is_told_and_one_that_is_right_gets_in() {
    let [plain, with_login] =
        ["TIDEGATE_TEST_KAFKA", "TIDEGATE_TEST_KAFKA_SASL"].map(|name| std::env::var(name).expect(name));
    let bench = Bench::new();
    let refuses = "refuses the login";
    let cases: [Case<'_>; 4] = [
        (&with_login, sasl(json!({})), "not-the-word", refuses, "`sasl.password`"),
        (&with_login, sasl(json!({ "sasl.username": "nobody" })), LOGIN.1, refuses, "`sasl.username`"),
        (&with_login, json!({}), "not-needed", "no broker answers", "`security.protocol`"),
        (&plain, sasl(json!({})), LOGIN.1, refuses, "`sasl.mechanism`"),
    ];
    all_are_refused(&bench, &cases);

    let file = bench.file("right.json", pipeline(&with_login, &sasl(json!({}))).to_string());
    let password = [("TIDEGATE_PASSWORD", LOGIN.1)];
    bench.tidegate_with(&["topics", "--pipeline", &file], "", &password).code(0);
    let ran = bench.tidegate_with(&["run", &file], "", &password).code(1);
    assert_eq!(ran.told("failure")[0]["message"], "there is no topic `nowhere`", "{}", ran.err);
}
