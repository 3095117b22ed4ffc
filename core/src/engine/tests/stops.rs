//! Stopping is not the end: sources stop, queues go on for a while, and what is left is counted.

use super::*;

fn endless(name: &str, delay_us: u64) -> Value {
    let nodes = [rows("s", i64::MAX), node("o", "keep", json!({ "name": name, "delay_us": delay_us }))];
    file(nodes, &["s->o buffer 2000"])
}

fn wait_for_rows(name: &str) {
    while kept(name).is_empty() {
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_stop_lets_queues_run_empty() {
    let run = start(&endless("drained", 500), |_| {});
    wait_for_rows("drained");
    run.stop();
    let outcome = end_of(run);
    assert_eq!((outcome.ended_by, outcome.undone, outcome.is_lossy), (EndedBy::Stop, 0, false));
    let kept = kept("drained");
    assert_eq!(kept, (0..kept.len() as i64).collect::<Vec<_>>());
    assert_eq!(outcome.snapshot.nodes[1].records_in, kept.len() as u64);
}

#[test]
fn what_does_not_run_empty_in_time_is_counted() {
    for (name, aborts) in [("in time", false), ("aborted", true)] {
        let run = start(&endless(name, 400_000), |options| {
            options.drain = Duration::from_millis(if aborts { 60_000 } else { 50 })
        });
        wait_for_rows(name);
        let before = Instant::now();
        if aborts {
            run.abort()
        } else {
            run.stop()
        }
        let outcome = end_of(run);
        assert!(before.elapsed() < Duration::from_secs(10), "it waited for {:?}", before.elapsed());
        assert_eq!((outcome.ended_by, outcome.is_lossy), (EndedBy::Stop, true), "{name}: {outcome:?}");
        let read = outcome.snapshot.nodes[0].records_out;
        assert_eq!(outcome.undone as u64 + kept(name).len() as u64, read, "each row is kept or counted");
    }
}

#[test]
fn a_run_stops_after_so_many_records_and_finishes_them() {
    for (throttle, records) in [("100000/s", 1300), ("50/s", 15)] {
        let name = format!("records {records}");
        let nodes =
            [rows("s", i64::MAX), node("t", "throttle", json!({ "rate": throttle, "burst": 1 })), keep("o", &name)];
        let run = start(&file(nodes, &["s->t", "t->o"]), |options| options.until.records = Some(records));
        let outcome = end_of(run);
        assert_eq!((outcome.ended_by, outcome.undone), (EndedBy::Records, 0));
        assert_eq!(kept(&name), (0..records as i64).collect::<Vec<_>>());
    }
}

#[test]
fn a_run_stops_after_a_time_and_when_idle() {
    let nodes =
        || [node("s", "generate", json!({ "shape": "numbers", "rate": "1000/s" })), node("o", "discard", json!({}))];
    let began = Instant::now();
    let run = start(&file(nodes(), &["s->o"]), |options| options.until.time = Some(Duration::from_millis(100)));
    assert_eq!(end_of(run).ended_by, EndedBy::Time);
    assert!(began.elapsed() < Duration::from_millis(900), "a stop takes no second: {:?}", began.elapsed());
    let slow = [node("s", "generate", json!({ "shape": "numbers", "rate": "1/1m" })), node("o", "discard", json!({}))];
    let run = start(&file(slow, &["s->o"]), |options| options.until.idle = Some(Duration::from_millis(100)));
    let outcome = end_of(run);
    assert_eq!((outcome.ended_by, outcome.snapshot.nodes[1].records_in), (EndedBy::Idle, 1));
}
