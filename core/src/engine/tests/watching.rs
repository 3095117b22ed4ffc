//! What a run tells of itself while it runs: rates, who holds everything back, what happened; and that it rests when told.

use super::*;
use crate::engine::{KeysAsked, StateQuery, TapOptions};
use crate::snapshot::{HeldBy, RunState, Snapshot, TapSnapshot};

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
    let is_known = |it: &Snapshot| it.nodes[0].rates.records_out > 0.0 && it.nodes[2].latency.is_some();
    let snapshot = until(&run, |it| it.bottleneck.is_some() && is_known(it));
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
    let past = run.handle().first_snapshot().past.unwrap();
    assert_eq!((past.nodes.len(), past.edges.len(), past.nodes[0].busy.len()), (3, 2, 60));
    run.abort();
    assert_eq!(run.wait().snapshot.run.state, RunState::Over);
}

#[test]
fn a_sink_that_takes_nothing_keeps_nobody_from_looking() {
    let stuck = node("o", "keep", json!({ "name": "stuck", "delay_us": 4_000_000 }));
    let run = start(&file([rows("s", 100_000), stuck], &["s->o buffer 64"]), |_| {});
    let begun = Instant::now();
    until(&run, |snapshot| snapshot.tasks.iter().any(|task| task.lanes.iter().any(|lane| lane.fill >= 1.0)));
    let found = until(&run, |snapshot| snapshot.bottleneck.is_some()).bottleneck;
    assert_eq!(found.map(|found| found.node).as_deref(), Some("o"));
    assert!(begun.elapsed() < Duration::from_secs(4), "it answers only between two writes");
    run.abort();
    run.wait();
}

#[test]
fn a_run_rests_and_goes_on() {
    let slow = node("o", "keep", json!({ "name": "rests", "delay_us": 1000 }));
    let run = start(&file([rows("s", 100_000), slow], &["s->o buffer 64"]), |_| {});
    until(&run, |snapshot| snapshot.nodes[1].records_in > 500);
    run.handle().pause();
    let rested = until(&run, |snapshot| snapshot.nodes[1].records_in == snapshot.nodes[0].records_out);
    assert_eq!(rested.run.state, RunState::Paused);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(run.snapshot().nodes[0].records_in, rested.nodes[0].records_in, "it has read on");
    run.handle().resume();
    until(&run, |snapshot| snapshot.nodes[1].records_in > rested.nodes[1].records_in + 500);
    run.stop();
    let outcome = run.wait();
    let told: Vec<String> = outcome.snapshot.log.into_iter().map(|entry| entry.message).collect();
    assert_eq!(told, ["paused", "resumed"]);
}

#[test]
fn a_tap_sees_what_passes_and_changes_nothing() {
    let slow = node("o", "keep", json!({ "name": "tapped", "delay_us": 500 }));
    let nodes = [rows("s", 30_000), node("f", "filter", json!({ "condition": "n % 2 = 0" })), slow];
    let run = start(&file(nodes, &["s->f", "f->o buffer 64"]), |_| {});
    let look = |edge: &str, every| run.handle().tap(edge, TapOptions { limit: 50, every }).unwrap();
    let (before, after) = (look("s.out->f.in", 20), look("f.out->o.in", 20));
    assert!(run.handle().tap("f.out->nobody.in", TapOptions { limit: 1, every: 1 }).is_err());
    until(&run, |snapshot| snapshot.nodes[2].records_in > 5000);
    let (before, after) = (before.take(), after.take());
    assert_eq!((before.rows.len(), after.rows.len()), (50, 50));
    assert!(before.seen > 5000 && after.seen > 2000, "{} {}", before.seen, after.seen);
    let offsets = |tap: &TapSnapshot| tap.rows.iter().map(|row| row.offset).collect::<Vec<_>>();
    let even: Vec<i64> = offsets(&before).into_iter().filter(|at| at % 2 == 0).collect();
    let last = *even.last().unwrap();
    let met: Vec<i64> = offsets(&after).into_iter().filter(|at| (even[0]..=last).contains(at)).collect();
    assert_eq!(met, even, "the same records, before and after");
    assert_eq!(after.rows[0].value, json!({ "n": after.rows[0].offset, "pad": "" }));
    assert_eq!(end_of(run).ended_by, EndedBy::End);
    assert_eq!(kept("tapped"), (0..30_000).filter(|n| n % 2 == 0).collect::<Vec<_>>());
}

#[test]
fn a_tap_sees_what_fails_at_a_queue() {
    // Rows of even numbers cannot be gathered.
    let step = json!({ "x": { "start": "100 / (n % 2)", "next": "x + 100 / (n % 2)" } });
    let queue = node("c", "conflate", json!({ "columns": step }));
    let slow = node("o", "keep", json!({ "name": "even", "delay_us": 50_000 }));
    let nodes = [rows("s", 100_000), queue, slow, node("p", "discard", json!({}))];
    let run = start(&file(nodes, &["s->c", "c->p", "c.errors->o"]), |_| {});
    let tap = run.handle().tap("c.errors->o.in", TapOptions { limit: 1000, every: 1 }).unwrap();
    // The sink is slow: records go on failing for seconds.
    let end = Instant::now() + Duration::from_secs(10);
    let mut rows = Vec::new();
    while rows.len() < 40 && Instant::now() < end {
        rows.extend(tap.take().rows);
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(rows.len() >= 40, "{rows:?}");
    assert!(rows.iter().all(|row| row.offset % 2 == 0 && row.value["node"] == "c"), "{:?}", rows[0]);
    run.abort();
    run.wait();
}

#[test]
fn what_a_node_keeps_is_looked_up() {
    let key = node("k", "key-by", json!({ "key": "n % 4", "key_format": "int64" }));
    let sum = node("c", "scan", json!({ "columns": { "total": { "start": "0", "next": "total + n" } } }));
    let windows = json!({ "size": "10s", "aggregates": { "records": "count(*)" }, "emit": "on-update" });
    let windows = node("w", "tumbling-window", windows);
    let nodes = [rows("s", 100), key, sum, windows, keep("o", "state"), keep("p", "state-too")];
    let run = start(&file(nodes, &["s->k", "k->c", "k->w", "c->o", "w->p"]), |_| {});
    let handle = run.handle().clone();
    end_of(run);
    let ask = |node: &str, keys, windows| handle.state(node, &StateQuery { keys, windows, limit: 3 });
    let all = ask("c", KeysAsked::All, None).unwrap();
    assert_eq!((all.keys, all.has_more, all.rows.len()), (4, true, 3), "{all:?}");
    let one = ask("c", KeysAsked::One("1".into()), None).unwrap();
    assert_eq!((&one.rows[0].key, &one.rows[0].value), (&json!(1), &json!({ "total": 25 * 49 })), "{one:?}");
    assert!(ask("c", KeysAsked::One("a".into()), None).unwrap_err().message.contains("int64"));
    assert!(ask("k", KeysAsked::All, None).is_err() && ask("x", KeysAsked::All, None).is_err());
    let windows = ask("w", KeysAsked::One("2".into()), Some((0, 99_999))).unwrap();
    assert!(windows.rows.iter().all(|row| row.window.is_some()), "{windows:?}");
}
