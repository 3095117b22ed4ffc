//! Secrets: where they may come from, and that they are never seen.

use serde_json::json;

use crate::support::Bench;

pub(crate) const SECRET: &str = "hunter2-and-more";

/// A pipeline whose cluster nobody answers for, with a password.
pub(crate) fn guarded(bench: &Bench) -> String {
    let text = json!({ "tidegate": 1, "name": "guarded",
        "parameters": { "password": { "secret": true } },
        "clusters": { "default": { "brokers": "127.0.0.1:9", "properties": {
            "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN", "sasl.username": "me",
            "sasl.password": "${password}" } } },
        "nodes": [
            { "id": "numbers", "operator": "generate", "config": { "shape": "numbers", "count": 1 } },
            { "id": "out", "operator": "kafka-sink", "config": { "topic": "guarded" } } ],
        "edges": [ { "from": "numbers.out", "to": "out.in" } ] });
    bench.file("guarded.json", text.to_string())
}

#[test]
fn a_secret_on_the_command_line_is_refused() {
    let bench = Bench::new();
    let file = guarded(&bench);
    for command in ["run", "check", "drive"] {
        let ran = bench.tidegate(&[command, &file, "--set", &format!("password={SECRET}")]).code(2);
        assert!(ran.err.contains("may not be set on the command line"), "{}", ran.err);
        assert!(!ran.err.contains(SECRET));
    }
}

#[test]
fn a_missing_secret_says_where_it_is_looked_for() {
    let bench = Bench::new();
    let ran = bench.tidegate(&["run", &guarded(&bench)]).code(2);
    assert!(ran.err.contains("the secret `password` has no value"), "{}", ran.err);
    assert!(ran.err.contains("set TIDEGATE_PASSWORD, or TIDEGATE_PASSWORD_FILE"), "{}", ran.err);
}

#[test]
fn checking_and_driving_need_no_secret() {
    let bench = Bench::new();
    let file = guarded(&bench);
    bench.tidegate(&["check", &file]).code(0);
    assert_eq!(bench.tidegate(&["drive", &file]).code(0).rows().len(), 1);
}

#[test]
fn a_secret_is_taken_from_variable_or_file_and_never_shown() {
    let bench = Bench::new();
    let file = guarded(&bench);
    let secret = bench.file("secret", format!("{SECRET}\n"));
    for variable in [("TIDEGATE_PASSWORD", SECRET), ("TIDEGATE_PASSWORD_FILE", &secret)] {
        let ran = bench.tidegate_with(&["--log", "trace", "run", &file], "", &[variable]);
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert!(ran.err.contains("no broker answers at 127.0.0.1:9"), "{}", ran.err);
        assert!(!ran.err.contains(SECRET) && !ran.out.contains(SECRET), "{}", ran.err);
    }
    let ran = bench.tidegate_with(&["run", &file], "", &[("TIDEGATE_PASSWORD_FILE", "/nowhere")]);
    assert_eq!(ran.code, 2, "{}", ran.err);
}

#[test]
fn a_cluster_taken_from_a_file_comes_with_its_secret() {
    let bench = Bench::new();
    let ran = bench.tidegate_with(
        &["topics", "--pipeline", &guarded(&bench)],
        "",
        &[("TIDEGATE_PASSWORD", SECRET), ("TIDEGATE_BROKERS", "")],
    );
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("no broker answers at 127.0.0.1:9"), "{}", ran.err);
    assert!(!ran.err.contains(SECRET));
    let ran = bench.tidegate_with(
        &["topics", "--pipeline", &guarded(&bench), "--cluster", "defalt"],
        "",
        &[("TIDEGATE_BROKERS", "")],
    );
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.contains("did you mean `default`?"), "{}", ran.err);
}
