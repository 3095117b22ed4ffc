//! Back-pressure: queues keep within their bounds, and each task says where its time goes.

use super::*;
use crate::engine::meter::{Doing, TaskMeter};

#[test]
fn a_slow_sink_fills_queues_up_to_their_bounds_and_no_further() {
    let slow = node("o", "keep", json!({ "name": "slow", "delay_us": 20_000 }));
    let run = start(&file([rows("s", 20_000), slow], &["s->o buffer 700"]), |_| {});
    let mut deepest = 0;
    while !run.is_over() {
        let snapshot = run.snapshot();
        deepest = deepest.max(snapshot.edges[0].depth);
        assert!(snapshot.edges[0].depth <= 700, "{snapshot:?}");
        std::thread::sleep(Duration::from_millis(1));
    }
    let outcome = run.wait();
    assert_eq!((outcome.ended_by, outcome.undone), (EndedBy::End, 0));
    assert!(deepest > 350, "the queue was never full: {deepest}");
    assert_eq!(kept("slow"), (0..20_000).collect::<Vec<_>>());
    let source = &outcome.snapshot.nodes[0].pressure;
    assert!(source.back_pressured > 300.0, "the source hardly waited: {source:?}");
}

#[test]
fn records_above_the_share_of_bytes_pass_one_by_one() {
    let big = node("s", "rows", json!({ "count": 50, "bytes": 40_000 }));
    let mut pipeline = file([big, keep("o", "big")], &["s->o"]);
    pipeline["edges"][0]["via"] = json!({ "direct": { "bytes": "30KiB" } });
    let run = start(&pipeline, |_| {});
    while !run.is_over() {
        assert!(run.snapshot().edges[0].depth <= 1);
    }
    assert_eq!(run.wait().ended_by, EndedBy::End);
    assert_eq!(kept("big"), (0..50).collect::<Vec<_>>());
}

#[test]
fn times_sum_to_the_time_since_the_start() {
    let slow = node("o", "keep", json!({ "name": "times", "delay_us": 500 }));
    let throttle = node("t", "throttle", json!({ "rate": "3000/s", "burst": 10 }));
    let nodes = [rows("s", 2000), throttle, node("f", "filter", json!({ "condition": "n % 2 = 0" })), slow];
    let run = start(&file(nodes, &["s->t buffer 64", "t->f", "f->o buffer 64"]), |_| {});
    let inner = inner(&run);
    let tasks = inner.all_tasks();
    let sum = |task: &TaskCell| {
        let now = lock(&inner.workshop).clock.nanos();
        let times = task.meter.read(now);
        (now, (times.busy + times.idle + times.back_pressured) as i64)
    };
    let first: Vec<(i64, i64)> = tasks.iter().map(|task| sum(task)).collect();
    while !run.is_over() {
        for (task, (began, before)) in tasks.iter().zip(&first) {
            let (now, spent) = sum(task);
            let (spent, whole) = (spent - before, now - began);
            assert!((spent - whole).abs() <= whole / 100 + 1_000_000, "{spent} of {whole}");
        }
        for node in run.snapshot().nodes {
            let pressure = node.pressure;
            let sum = pressure.busy + pressure.idle + pressure.back_pressured;
            assert!((sum - 1000.0).abs() <= 10.0, "{pressure:?}");
            assert!(pressure.limited <= pressure.busy);
        }
        std::thread::sleep(Duration::from_millis(3));
    }
    let outcome = run.wait();
    assert_eq!(outcome.ended_by, EndedBy::End);
    assert!(outcome.snapshot.nodes[1].pressure.limited > 100.0, "{:?}", outcome.snapshot.nodes[1]);
}

#[test]
fn a_meter_loses_no_moment() {
    let meter = TaskMeter::new(100);
    let times = [(Doing::Busy, 150), (Doing::Limited, 160), (Doing::Busy, 260), (Doing::BackPressured, 300)];
    times.iter().for_each(|&(doing, at)| meter.turn_at(doing, at));
    let read = meter.read(350);
    assert_eq!((read.idle, read.busy, read.limited, read.back_pressured), (50, 150, 100, 50));
    // A clock that seems to go back takes nothing away.
    assert_eq!(meter.read(200).back_pressured, 50);
}
