//! What keeps a run from starting: told at once, or tried again where the node is to start again.

use super::*;
use crate::kafka::ClientSettings;

/// A pipeline that writes to a cluster where nobody listens.
fn writing(policy: Option<Value>) -> Result<Run, Fault> {
    let mut sink = node("o", "kafka-sink", json!({ "topic": "t" }));
    if let Some(policy) = policy {
        sink["supervision"] = json!({ "restart": policy });
    }
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    try_start(&file([rows("s", 10), sink], &["s->o"]), |options| {
        let settings = ClientSettings::new(format!("127.0.0.1:{port}")).with("socket.timeout.ms", "1000");
        options.clusters.insert("default".to_string(), settings);
    })
}

#[test]
fn a_broker_that_is_down_is_told_with_what_helps() {
    let fault = writing(None).err().expect("nobody listens");
    assert_eq!(fault.node.as_deref(), Some("o"));
    assert!(fault.message.contains("no broker answers at 127.0.0.1:"), "{fault}");
    assert!(fault.remedy.as_ref().is_some_and(|remedy| remedy.contains("supervision")), "{fault}");
}

#[test]
fn a_broker_that_is_down_is_tried_again_as_often_as_the_node_says() {
    let policy = json!({ "min_backoff": "50ms", "max_backoff": "50ms", "jitter": 0, "max_restarts": 2 });
    let began = Instant::now();
    let outcome = end_of(writing(Some(policy)).expect("it tries again"));
    assert!(began.elapsed() >= Duration::from_millis(3 * 250 + 2 * 50), "{:?}", began.elapsed());
    assert_eq!(outcome.ended_by, EndedBy::Fault);
    assert_eq!(outcome.faults.len(), 3, "one of each try: {:?}", outcome.faults);
    assert!(outcome.faults.iter().all(|fault| fault.node.as_deref() == Some("o")), "{:?}", outcome.faults);
}

#[test]
fn a_run_that_waits_to_start_can_be_stopped() {
    let run = writing(Some(json!({ "min_backoff": "1h", "max_backoff": "1h" }))).expect("it tries again");
    run.stop();
    let began = Instant::now();
    assert_eq!(end_of(run).ended_by, EndedBy::Fault);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}
