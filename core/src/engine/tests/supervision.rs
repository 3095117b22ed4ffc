//! What starts again, and how: sources and sinks alone, other nodes with the whole run; nothing is lost, and order kept.

use super::*;
use crate::snapshot::NodeSnapshot;

fn restarting(mut node: Value, most: Option<u32>) -> Value {
    node["supervision"] = json!({ "restart": { "min_backoff": "1ms", "max_backoff": "5ms" } });
    if let Some(most) = most {
        node["supervision"]["restart"]["max_restarts"] = json!(most);
    }
    node
}

fn of<'a>(outcome: &'a Outcome, id: &str) -> &'a NodeSnapshot {
    outcome.snapshot.nodes.iter().find(|node| node.id == id).unwrap()
}

/// Rows as they came the first time: each follows the one before, and what is repeated was there.
fn first_times(kept: &[i64], numbers: impl Iterator<Item = i64>) {
    let mut numbers = numbers.peekable();
    for &number in kept {
        let next = numbers.peek().copied().unwrap_or(i64::MAX);
        assert!(number <= next, "{number} came before {next}");
        if number == next {
            numbers.next();
        }
    }
    assert_eq!(numbers.next(), None, "it is missing");
}

const ROWS_MADE: i64 = 20_000;

#[test]
fn a_sink_starts_again_alone_and_state_before_it_stays() {
    for fails in ["write", "flush", "panic"] {
        let source = node("s", "rows", json!({ "count": ROWS_MADE, "keys": 7 }));
        let scan = node("c", "scan", json!({ "columns": { "sum": { "start": "0", "next": "sum + n" } } }));
        let name = format!("alone {fails}");
        let sink = node("o", "keep", json!({ "name": name, "fails": fails, "fails_every": 3 }));
        let outcome = run(&file([source, scan, restarting(sink, None)], &["s->c", "c->o"]));
        assert_eq!(
            (outcome.ended_by, &outcome.faults, outcome.restarts, outcome.undone),
            (EndedBy::End, &vec![], 0, 0)
        );
        let through = |id| (of(&outcome, id).records_in, of(&outcome, id).records_out, of(&outcome, id).restarts > 0);
        let all = ROWS_MADE as u64;
        assert_eq!((through("c"), through("o")), ((all, all, false), (all, all, true)), "{fails}");
        let fault = of(&outcome, "o").last_fault.as_ref().unwrap();
        let message = match fails {
            "write" => "the disk is full",
            "flush" => "the disk is gone",
            _ => "a task failed in a way that it never should: a defect",
        };
        assert_eq!((fault.node.as_deref(), fault.message.as_str()), (Some("o"), message));
        let kept = kept(&name);
        first_times(&kept, 0..ROWS_MADE);
        let sums = super::kept(&format!("{name} sums"));
        let sum_at = |n: i64| (n % 7..=n).step_by(7).sum::<i64>();
        assert!(kept.iter().zip(&sums).all(|(&n, &sum)| sum == sum_at(n)) && kept.len() == sums.len(), "{fails}");
    }
}

#[test]
fn records_that_a_sink_refuses_leave_once() {
    let config = json!({ "name": "refusing", "fails_every": 3, "refuses": 10 });
    let nodes = [rows("s", ROWS_MADE), restarting(node("o", "keep", config), None), keep("e", "refused")];
    let outcome = run(&file(nodes, &["s->o", "o.errors->e"]));
    assert_eq!((outcome.ended_by, outcome.restarts, of(&outcome, "o").restarts > 0), (EndedBy::End, 0, true));
    assert_eq!(of(&outcome, "o").records_out, ROWS_MADE as u64 * 9 / 10);
    assert_eq!(kept("refused"), (0..ROWS_MADE).step_by(10).collect::<Vec<_>>());
    first_times(&kept("refusing"), (0..ROWS_MADE).filter(|n| n % 10 != 0));
}

#[test]
fn a_sink_gives_up_after_so_many_restarts() {
    let sink = node("o", "keep", json!({ "name": "gives up", "fails_at": 700 }));
    let run = start(&file([rows("s", 1000), restarting(sink, Some(2))], &["s->o"]), |_| {});
    let inner = inner(&run);
    let outcome = end_of(run);
    assert_eq!((outcome.ended_by, outcome.restarts, of(&outcome, "o").restarts), (EndedBy::Fault, 0, 3));
    let [fault] = outcome.faults.as_slice() else { panic!("{:?}", outcome.faults) };
    assert_eq!((fault.node.as_deref(), fault.message.as_str()), (Some("o"), "the disk is full"));
    let kept = kept("gives up");
    let first = kept.iter().position(|&n| n == 511).map_or(0, |place| place + 1);
    assert_eq!(kept, [0..first as i64, 0..first as i64].into_iter().flatten().collect::<Vec<_>>());
    assert!(outcome.undone >= 1000 - 512 && outcome.is_lossy, "{outcome:?}");
    assert_eq!(lock(&inner.workshop).survey().unwrap().get(0), Some(first as i64), "the rest is needed");
}

#[test]
fn a_full_disk_is_tried_again_with_growing_waits() {
    let mut sink = node("o", "file-sink", json!({ "path": "/dev/full" }));
    let restart = json!({ "min_backoff": "20ms", "max_backoff": "100ms", "jitter": 0, "max_restarts": 4 });
    sink["supervision"] = json!({ "restart": restart });
    let began = Instant::now();
    let outcome = run(&file([rows("s", 10), sink], &["s->o"]));
    assert_eq!((outcome.ended_by, outcome.restarts, of(&outcome, "o").restarts), (EndedBy::Fault, 0, 4));
    assert_eq!(outcome.faults[0].node.as_deref(), Some("o"));
    assert!(began.elapsed() >= Duration::from_millis(20 + 40 + 80 + 100), "{:?}", began.elapsed());
}

/// What was written before stays: its records may be committed, and never come again.
#[test]
fn a_file_is_emptied_once_in_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.jsonl");
    std::fs::write(&path, "old\n").unwrap();
    let boom = node("b", "boom", json!({ "at": 700, "how": "fault", "once": "emptied once" }));
    let sink = node("o", "file-sink", json!({ "path": path, "mode": "truncate" }));
    let outcome = run(&file([rows("s", 1000), restarting(boom, None), sink], &["s->b", "b->o"]));
    assert_eq!((outcome.ended_by, outcome.restarts), (EndedBy::End, 1), "{:?}", outcome.faults);
    let text = std::fs::read_to_string(&path).unwrap();
    let numbers: Vec<i64> =
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["n"].as_i64().unwrap()).collect();
    let again = numbers.iter().skip(1).position(|&n| n == 0).map(|place| place + 1).expect("the source begins anew");
    assert!(again >= 512, "what the first attempt wrote is gone: {again}");
    assert!(numbers[again..].iter().copied().eq(0..1000));
    first_times(&numbers, 0..1000);
}

#[test]
fn a_disk_that_has_room_again_gets_all_lines_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.jsonl");
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    let sink = restarting(node("o", "file-sink", json!({ "path": path })), None);
    let run = start(&file([rows("s", 10_000), sink], &["s->o"]), |_| {});
    while run.snapshot().nodes[1].restarts < 2 {
        assert!(!run.is_over(), "{:?}", run.wait());
        std::thread::sleep(Duration::from_millis(1));
    }
    let fresh = folder.path().join("fresh.jsonl");
    std::fs::write(&fresh, "").unwrap();
    std::fs::rename(&fresh, &path).unwrap();
    assert_eq!(end_of(run).ended_by, EndedBy::End);
    let text = std::fs::read_to_string(&path).unwrap();
    let numbers = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["n"].as_i64().unwrap());
    assert!(numbers.eq(0..10_000), "{}", text.lines().count());
}

#[test]
fn a_sink_that_is_down_holds_back_those_before_it() {
    let mut sink = node("o", "keep", json!({ "name": "down", "fails_at": 0 }));
    sink["supervision"] = json!({ "restart": { "min_backoff": "1h", "max_backoff": "1h" } });
    let run = start(&file([rows("s", 10_000_000), sink], &["s->o"]), |_| {});
    let inner = inner(&run);
    let mut before = 0;
    loop {
        std::thread::sleep(Duration::from_millis(200));
        let made = run.snapshot().nodes[0].records_out;
        if made > 4096 && made == before {
            break;
        }
        before = made;
    }
    assert!(before < 4096 + 4 * 512, "{before}");
    assert_eq!(run.snapshot().nodes[1].restarts, 1);
    inner.commit(None).unwrap();
    assert_eq!(lock(&inner.workshop).survey().unwrap().get(0), Some(0), "all is needed");
    run.abort();
    let outcome = end_of(run);
    assert_eq!((outcome.ended_by, outcome.undone as u64, outcome.is_lossy), (EndedBy::Stop, before, true));
}

#[test]
fn a_source_goes_on_where_it_failed() {
    let source = json!({ "count": ROWS_MADE, "name": "failing source", "fails_every": 4, "seeks": true });
    let nodes = [restarting(node("s", "rows", source), None), keep("o", "of a failing source")];
    let outcome = run(&file(nodes, &["s->o"]));
    assert_eq!((outcome.ended_by, outcome.faults.len(), outcome.restarts), (EndedBy::End, 0, 0));
    assert_eq!((of(&outcome, "s").restarts > 2, of(&outcome, "o").restarts), (true, 0));
    assert_eq!(kept("of a failing source"), (0..ROWS_MADE).collect::<Vec<_>>());
}

#[test]
fn a_source_that_cannot_go_on_starts_the_run_again() {
    let source = json!({ "count": 1000, "name": "forgetful source", "fails_every": 4 });
    call("forgetful source");
    let nodes = [restarting(node("s", "rows", source), None), keep("o", "of a forgetful source")];
    let outcome = run(&file(nodes, &["s->o"]));
    assert_eq!((outcome.ended_by, outcome.faults.len()), (EndedBy::End, 0));
    assert!(outcome.restarts > 0, "{outcome:?}");
    first_times(&kept("of a forgetful source"), 0..1000);
}

/// A flow that fails starts the run again, and what it reads once more counts once.
#[test]
fn so_many_records_are_read_over_all_restarts() {
    for (records, at) in [(700, 5), (700, 600), (5, 3)] {
        let name = format!("{records} records, {at}");
        let boom = restarting(node("b", "boom", json!({ "at": at, "how": "fault", "once": name })), None);
        let run = start(&file([rows("s", 1_000_000), boom, keep("o", &name)], &["s->b", "b->o"]), |options| {
            options.until.records = Some(records);
        });
        let outcome = end_of(run);
        assert_eq!((outcome.ended_by, outcome.restarts, outcome.undone), (EndedBy::Records, 1, 0), "{name}");
        let kept = kept(&name);
        first_times(&kept, 0..records as i64);
        assert_eq!(kept.last(), Some(&(records as i64 - 1)), "{name}");
    }
}

#[test]
fn a_file_that_comes_later_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.jsonl");
    let source =
        node("s", "file-source", json!({ "path": path, "schema": { "n": "int64" }, "time": { "column": "n" } }));
    let run = start(&file([restarting(source, None), keep("o", "late file")], &["s->o"]), |options| {
        options.until.idle = Some(Duration::from_millis(100));
    });
    while run.snapshot().nodes[0].restarts < 3 {
        assert!(!run.is_over(), "{:?}", run.wait());
        std::thread::sleep(Duration::from_millis(1));
    }
    let text: String = (0..2000).map(|n| format!("{{\"n\":{n}}}\n")).collect();
    std::fs::write(folder.path().join("whole"), text).unwrap();
    std::fs::rename(folder.path().join("whole"), &path).unwrap();
    let outcome = end_of(run);
    assert_eq!((outcome.ended_by, outcome.restarts), (EndedBy::End, 0), "{outcome:?}");
    assert_eq!(kept("late file"), (0..2000).collect::<Vec<_>>());
}
