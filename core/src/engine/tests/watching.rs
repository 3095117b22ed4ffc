//! What a run tells of itself while it runs: rates, who holds everything back, what happened; and that it rests when told.

use super::*;
use crate::snapshot::{HeldBy, RunState, Snapshot};

/// Looks until something is so, ten seconds at most.
fn until(run: &Run, is_so: impl Fn(&Snapshot) -> bool) -> Snapshot {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let snapshot = run.snapshot();
        if is_so(&snapshot) {
            return snapshot;
        }
        assert!(Instant::now() < end && !run.is_over(), "{snapshot:#?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_slow_sink_is_the_bottleneck() {
    let slow = node("o", "keep", json!({ "name": "bottleneck", "delay_us": 20_000 }));
    let nodes = [rows("s", 2_000_000), node("f", "filter", json!({ "condition": "n >= 0" })), slow];
    let run = start(&file(nodes, &["s->f", "f->o buffer 600"]), |_| {});
    let snapshot = until(&run, |snapshot| snapshot.bottleneck.is_some());
    let found = snapshot.bottleneck.as_ref().unwrap();
    assert_eq!((found.node.as_str(), found.by), ("o", HeldBy::Work), "{snapshot:#?}");
    let (sink, source) = (&snapshot.nodes[2], &snapshot.nodes[0]);
    assert_eq!(sink.task, Some(found.task));
    let (rate, given) = (sink.rates.records_in, source.rates.records_out);
    assert!(rate > 1000.0 && given > 1000.0, "{rate} {given}");
    let lane = &snapshot.tasks[found.task].lanes[0];
    assert!(lane.pressure.busy > 500.0 && lane.records_in > 1000.0, "{lane:?}");
    assert!(snapshot.edges[0].is_fused && (snapshot.edges[0].records - given).abs() < 1.0, "{:?}", snapshot.edges);
    let latency = sink.latency.unwrap();
    assert!(latency.p50_us > 20.0 && latency.p99_us >= latency.p50_us, "{latency:?}");
    let past = run.first_snapshot().past.unwrap();
    assert_eq!((past.nodes.len(), past.edges.len(), past.nodes[0].busy.len()), (3, 2, 60));
    run.abort();
    assert_eq!(run.wait().snapshot.run.state, RunState::Over);
}

#[test]
fn a_run_rests_and_goes_on() {
    let slow = node("o", "keep", json!({ "name": "rests", "delay_us": 1000 }));
    let run = start(&file([rows("s", 100_000), slow], &["s->o buffer 64"]), |_| {});
    until(&run, |snapshot| snapshot.nodes[1].records_in > 500);
    run.pause();
    let rested = until(&run, |snapshot| snapshot.nodes[1].records_in == snapshot.nodes[0].records_out);
    assert_eq!(rested.run.state, RunState::Paused);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(run.snapshot().nodes[0].records_in, rested.nodes[0].records_in, "it has read on");
    run.resume();
    until(&run, |snapshot| snapshot.nodes[1].records_in > rested.nodes[1].records_in + 500);
    run.stop();
    let outcome = run.wait();
    let told: Vec<String> = outcome.snapshot.log.into_iter().map(|entry| entry.message).collect();
    assert_eq!(told, ["paused", "resumed"]);
}
