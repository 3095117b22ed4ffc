//! The end of finite sources crosses everything, and nothing stands still on the way.

use super::*;

fn total(id: &str) -> Value {
    node(id, "scan", json!({ "columns": { "total": { "start": "n", "next": "total + n" } } }))
}

/// A name, nodes behind the source `s` and before the sink `o`, edges, and how many rows come to `o`, where that is sure.
type Case = (&'static str, Vec<Value>, Vec<&'static str>, Option<usize>);

#[test]
fn ends_cross_everything() {
    let filter = |id: &str, condition: &str| node(id, "filter", json!({ "condition": condition }));
    let plain = |id: &str, operator: &str| node(id, operator, json!({}));
    let failing =
        node("c", "conflate", json!({ "columns": { "x": { "start": "100 / (n % 2)", "next": "x + 100 / (n % 2)" } } }));
    let throttle = node("t", "throttle", json!({ "rate": "200/s", "burst": 1 }));
    let mut counting = node("b", "boom", json!({ "at": 3, "how": "record" }));
    counting["on_error"] = json!("count");
    let cases: Vec<Case> = vec![
        ("chain", vec![filter("f", "n < 10")], vec!["s->f", "f->o"], Some(10)),
        ("buffered", vec![filter("f", "n < 10")], vec!["s->f buffer 1", "f->o buffer 1"], Some(10)),
        ("buffer", vec![node("b", "buffer", json!({ "size": 2 }))], vec!["s->b", "b->o"], Some(40)),
        ("two buffers", vec![plain("b", "buffer"), plain("c", "buffer")], vec!["s->b", "b->c", "c->o"], Some(40)),
        ("buffer with two ways", vec![plain("b", "buffer")], vec!["s->b", "b->o", "b->p"], Some(40)),
        ("failures of a queue", vec![failing], vec!["s->c", "c->p", "c.errors->o"], Some(20)),
        (
            "exchange",
            vec![node("k", "key-by", json!({ "key": "n % 3", "key_format": "int64" })), total("t")],
            vec!["s->k", "k->t", "t->o"],
            Some(40),
        ),
        ("diamond", vec![filter("f", "n < 10"), plain("m", "merge")], vec!["s->f", "f->m", "s->m", "m->o"], Some(50)),
        (
            "buffered arm",
            vec![filter("f", "n < 10"), plain("m", "merge")],
            vec!["s->f buffer 1", "f->m", "s->m", "m->o"],
            Some(50),
        ),
        ("two sources", vec![rows("r", 5), plain("m", "merge")], vec!["s->m", "r->m", "m->o"], Some(45)),
        ("throttled behind a queue", vec![throttle.clone()], vec!["s->t buffer 4", "t->o"], Some(40)),
        ("throttled before a queue", vec![throttle], vec!["s->t", "t->o"], Some(40)),
        ("counted", vec![counting], vec!["s->b", "b->o"], Some(39)),
        ("conflated", vec![plain("c", "conflate")], vec!["s->c", "c->o"], None),
    ];
    for (name, nodes, edges, rows_out) in cases {
        let mut all = vec![rows("s", 40)];
        all.extend(nodes);
        all.push(keep("o", name));
        if edges.iter().any(|edge| edge.ends_with("->p")) {
            all.push(node("p", "discard", json!({})));
        }
        let outcome = run(&file(all, &edges));
        assert_eq!((outcome.ended_by, &outcome.faults, outcome.undone), (EndedBy::End, &vec![], 0), "{name}");
        match rows_out {
            Some(rows) => assert_eq!(kept(name).len(), rows, "{name}"),
            None => assert_eq!(kept(name).last(), Some(&39), "{name}"),
        }
    }
}

/// Nothing in a task waits for an arm on which nothing comes.
#[test]
fn an_empty_arm_stalls_no_diamond() {
    for (name, arm) in [("empty arm", "s->f"), ("empty buffered arm", "s->f buffer 16")] {
        let nodes = [
            node("s", "generate", json!({ "shape": "numbers", "count": 1_000_000 })),
            node("f", "filter", json!({ "condition": "n < 0" })),
            node("m", "merge", json!({})),
            node("o", "discard", json!({})),
        ];
        let outcome = run(&file(nodes, &[arm, "f->m", "s->m", "m->o"]));
        assert_eq!((outcome.ended_by, outcome.undone), (EndedBy::End, 0), "{name}");
        assert_eq!(outcome.snapshot.nodes[3].records_in, 1_000_000, "{name}");
    }
}

#[test]
fn a_diamond_with_a_buffered_arm_never_locks() {
    for round in 0..20 {
        let name = format!("locked {round}");
        let nodes = [
            rows("s", 3000),
            node("f", "filter", json!({ "condition": "n % 7 < 3" })),
            node("m", "merge", json!({})),
            keep("o", &name),
        ];
        let buffered = ["s->f buffer 1", "f->m buffer 2", "s->m buffer 3", "m->o buffer 1"];
        let plain = ["s->f buffer 1", "f->m", "s->m", "m->o"];
        let outcome = run(&file(nodes, if round % 2 == 0 { &buffered } else { &plain }));
        assert_eq!((outcome.ended_by, outcome.undone), (EndedBy::End, 0));
        let kept = kept(&name);
        assert_eq!(kept.len(), 3000 + (0..3000).filter(|n| n % 7 < 3).count());
    }
}
