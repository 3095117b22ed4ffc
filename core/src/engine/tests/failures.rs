//! What goes wrong names its node, stops the run, and leaves nothing unaccounted for.

use super::*;

fn boom(how: &str, at: i64) -> Value {
    node("b", "boom", json!({ "at": at, "how": how }))
}

#[test]
fn a_failure_names_its_node_and_stops_the_run() {
    for (how, message, blame) in [
        ("panic", "a task failed in a way that it never should: a defect", crate::problem::Blame::Us),
        ("fault", "a fault", crate::problem::Blame::Outside),
        ("record", "a record failed: a bad record", crate::problem::Blame::User),
    ] {
        for edge in ["s->b", "s->b buffer 100"] {
            let nodes = [rows("s", 1_000_000), boom(how, 1000), keep("o", how)];
            let run = start(&file(nodes, &[edge, "b->o"]), |_| {});
            let inner = inner(&run);
            let outcome = end_of(run);
            assert_eq!(outcome.ended_by, EndedBy::Fault);
            let [fault] = outcome.faults.as_slice() else { panic!("{:?}", outcome.faults) };
            assert_eq!((fault.node.as_deref(), fault.message.as_str(), fault.blame), (Some("b"), message, blame));
            let kept = std::mem::take(lock(&KEPT).entry(how.into()).or_default());
            assert!(kept.len() <= 1000 && kept == (0..kept.len() as i64).collect::<Vec<_>>(), "{how}: {kept:?}");
            if how == "record" {
                assert_eq!(kept.len(), 1000, "all that is before the record, nothing behind it");
                assert_eq!(fault.record.as_ref().map(|record| record.offset), Some(1000));
            }
            let needs = lock(&inner.workshop).survey().unwrap();
            assert_eq!(needs.get(0), Some(kept.len() as i64), "{how}, {edge}: what is safe is what was kept");
        }
    }
}

#[test]
fn a_record_that_fails_is_no_node_that_fails() {
    let mut boom = boom("record", 5);
    boom["supervision"] = json!({ "restart": { "min_backoff": "1ms" } });
    let outcome = run(&file([rows("s", 10), boom, keep("o", "no node")], &["s->b", "b->o"]));
    assert_eq!((outcome.ended_by, outcome.restarts), (EndedBy::Fault, 0));
    assert_eq!(kept("no node"), [0, 1, 2, 3, 4]);
}
