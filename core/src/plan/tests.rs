use std::fmt::Write;

use serde_json::{Value, json};

use super::*;
use crate::testkit::{drawn, file, node, numbers, out};
use crate::types::Schema;

/// Plans a file and compares it, line by line, with what is expected of tasks and queues.
fn check_tasks(file: &Value, expected: &str) {
    check(&tasks(&drawn(file, &[]).plan(&[])), expected);
}

/// The same, of the columns that edges carry.
fn check_columns(file: &Value, expected: &str) {
    check(&columns(&drawn(file, &[]).plan(&[])), expected);
}

fn check(came: &str, expected: &str) {
    let lines = |text: &str| text.lines().map(str::trim).filter(|line| !line.is_empty()).map(String::from).collect();
    let (came, expected): (Vec<String>, Vec<String>) = (lines(came), lines(expected));
    assert_eq!(came, expected, "\n{}\n", came.join("\n"));
}

/// Tasks with their nodes, inputs and ways out (numbered where they meet again), and the queues between them.
fn tasks(plan: &Plan) -> String {
    let id = |node: usize| plan.nodes[node].id.as_str();
    let from = |(node, port): (usize, usize)| format!("{}.{}", id(node), output(&plan.nodes[node], port));
    let to = |(node, port): (usize, usize)| format!("{}.{}", id(node), plan.nodes[node].ports.inputs[port].name);
    let mut text = String::new();
    for (number, task) in plan.tasks.iter().enumerate() {
        let nodes: Vec<&str> = task.nodes.iter().map(|&node| id(node)).collect();
        let inputs = task.inputs.iter().map(|input| match *input {
            TaskInput::Source(node) => id(node).to_string(),
            TaskInput::Queue(queue) => format!("q{queue}"),
        });
        let _ = writeln!(text, "t{number}: {} <- {}", nodes.join(" "), inputs.collect::<Vec<_>>().join(" "));
        for link in &task.links {
            let leads = match link.to {
                LinkTo::Port(node, port) => to((node, port)),
                LinkTo::Queue(queue) => format!("q{queue}"),
            };
            let path = if link.path > 0 { format!(" way {:#x}", link.path >> 16) } else { String::new() };
            let _ = writeln!(text, "{} -> {leads}{path}", from(link.from));
        }
    }
    for (number, queue) in plan.queues.iter().enumerate() {
        let leads = match queue.to {
            QueueTo::Port(node, port) => to((node, port)),
            QueueTo::Exit(node) => format!("{} itself", id(node)),
        };
        let is_node = queue.node.map(|node| format!(" is {}", id(node))).unwrap_or_default();
        let spread = if queue.spread == Spread::Lane { "" } else { " by key" };
        let size =
            if queue.size == QueueSize::default() { String::new() } else { format!(" of {}", queue.size.records) };
        let errors = if queue.errors.is_empty() { String::new() } else { format!(" errors to {:?}", queue.errors) };
        let _ = writeln!(text, "q{number}{is_node}{size}{spread} -> {leads} in t{}{errors}", queue.reader);
    }
    text
}

fn output(node: &PlanNode, port: usize) -> &str {
    node.ports.output_names().nth(port).unwrap_or("?")
}

/// Per edge the columns that it carries, `+bytes` where the payload goes along, and what a selection takes.
fn columns(plan: &Plan) -> String {
    let names = |schema: &Schema| schema.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>().join(" ");
    let mut text = String::new();
    for (number, edge) in plan.edges.iter().enumerate() {
        let (from, port) = edge.from;
        let bytes = if plan.payloads[from][port] { "+bytes" } else { "" };
        let (reader, entry) = edge.to;
        let selection = plan.selection(number).unwrap();
        let taken =
            selection.places().map(|at| format!("takes {} at {at:?}", names(&plan.inputs[reader][entry].schema)));
        let line =
            [edge.id.clone() + ":", names(&plan.outputs[from][port].schema), bytes.into(), taken.unwrap_or_default()];
        let _ = writeln!(text, "{}", line.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "));
    }
    text
}

fn filter(id: &str) -> Value {
    node(id, "filter", json!({ "condition": "n > 1" }))
}

fn key_by(id: &str) -> Value {
    node(id, "key-by", json!({ "key": "n", "key_format": "int64" }))
}

fn scan(id: &str) -> Value {
    let total = format!("total_{id}");
    node(id, "scan", json!({ "columns": { total.as_str(): { "start": "n", "next": format!("{total} + n") } } }))
}

fn buffer(id: &str) -> Value {
    node(id, "buffer", json!({ "size": 3 }))
}

fn merge(id: &str) -> Value {
    node(id, "merge", json!({}))
}

#[test]
fn a_chain_is_fused_up_to_its_sink() {
    check_tasks(
        &file([numbers("s"), filter("f"), filter("g"), out("o")], &["s->f", "f->g", "g->o"]),
        "t0: s f g <- s
         s.out -> f.in
         f.out -> g.in
         g.out -> q0
         t1: o <- q0
         q0 -> o.in in t1",
    );
}

#[test]
fn what_paces_itself_has_a_queue() {
    let throttle = node("t", "throttle", json!({ "rate": "1/s" }));
    check_tasks(
        &file([numbers("s"), filter("f"), throttle, filter("g"), out("o")], &["s->f", "f->t", "t->g", "g->o"]),
        "t0: s f <- s
         s.out -> f.in
         f.out -> q0
         t1: t g <- q0
         t.out -> g.in
         g.out -> q1
         t2: o <- q1
         q0 -> t.in in t1
         q1 -> o.in in t2",
    );
}

#[test]
fn a_given_buffer_cuts_and_says_how_much_it_holds() {
    check_tasks(
        &file([numbers("s"), filter("f"), out("o")], &["s->f buffer 7", "f->o"]),
        "t0: s <- s
         s.out -> q0
         t1: f <- q0
         f.out -> q1
         t2: o <- q1
         q0 of 7 -> f.in in t1
         q1 -> o.in in t2",
    );
}

#[test]
fn keys_are_brought_together_only_where_they_were_changed() {
    check_tasks(
        &file([numbers("s"), scan("a"), out("o")], &["s->a", "a->o"]),
        "t0: s a <- s
         s.out -> a.in
         a.out -> q0
         t1: o <- q0
         q0 -> o.in in t1",
    );
    // A filter behind the new key does not make it old.
    check_tasks(
        &file(
            [numbers("s"), key_by("k"), filter("f"), scan("a"), scan("b"), out("o")],
            &["s->k", "k->f", "f->a", "a->b", "b->o"],
        ),
        "t0: s k f <- s
         s.out -> k.in
         k.out -> f.in
         f.out -> q0
         t1: a b <- q0
         a.out -> b.in
         b.out -> q1
         t2: o <- q1
         q0 by key -> a.in in t1
         q1 -> o.in in t2",
    );
}

#[test]
fn a_buffer_is_itself_the_queue() {
    check_tasks(
        &file([numbers("s"), buffer("b"), filter("f"), out("o")], &["s->b", "b->f", "f->o"]),
        "t0: s <- s
         s.out -> q0
         t1: f <- q0
         f.out -> q1
         t2: o <- q1
         q0 is b -> f.in in t1
         q1 -> o.in in t2",
    );
    // With two ways out it has a side of its own, from which rows go both.
    check_tasks(
        &file(
            [numbers("s"), buffer("b"), filter("f"), filter("g"), out("o")],
            &["s->b", "b->f", "b->g", "f->o", "g->o"],
        ),
        "t0: s <- s
         s.out -> q0
         t1: b f g <- q0
         b.out -> f.in
         b.out -> g.in way 0x8000
         f.out -> q1
         g.out -> q2
         t2: o <- q1 q2
         q0 is b -> b itself in t1
         q1 -> o.in in t2
         q2 -> o.in in t2",
    );
    // Nor does it give records to other lanes than those on which it holds them.
    check_tasks(
        &file([numbers("s"), key_by("k"), buffer("b"), scan("a"), out("o")], &["s->k", "k->b", "b->a", "a->o"]),
        "t0: s k <- s
         s.out -> k.in
         k.out -> q0
         t1: b <- q0
         b.out -> q1
         t2: a <- q1
         a.out -> q2
         t3: o <- q2
         q0 is b -> b itself in t1
         q1 by key -> a.in in t2
         q2 -> o.in in t3",
    );
    // One behind the other, and one in front of a sink.
    check_tasks(
        &file([numbers("s"), buffer("b"), buffer("c"), out("o")], &["s->b", "b->c", "c->o"]),
        "t0: s <- s
         s.out -> q0
         t1: b <- q0
         b.out -> q1
         t2: o <- q1
         q0 is b -> b itself in t1
         q1 is c -> o.in in t2",
    );
}

#[test]
fn what_fails_at_a_queue_node_goes_on_from_in_front_of_it() {
    let conflate = node("c", "conflate", json!({ "columns": { "x": { "start": "100 / n", "next": "x" } } }));
    check_tasks(
        &file([numbers("s"), conflate, out("o"), out("e")], &["s->c", "c->o", "c.errors->e"]),
        "t0: s <- s
         s.out -> q0
         t1: o <- q0
         t2: e <- q1
         q0 is c -> o.in in t1 errors to [1]
         q1 -> e.in in t2",
    );
}

#[test]
fn sources_that_meet_share_a_task() {
    check_tasks(
        &file([numbers("s"), filter("f"), numbers("r"), merge("m"), out("o")], &["s->f", "f->m", "r->m", "m->o"]),
        "t0: s f r m <- s r
         s.out -> f.in
         f.out -> m.in
         r.out -> m.in
         m.out -> q0
         t1: o <- q0
         q0 -> o.in in t1",
    );
    // The later source moves up to the stage at which the earlier one's rows come to it.
    check_tasks(
        &file([numbers("s"), numbers("r"), merge("m"), out("o")], &["s->m buffer 5", "r->m", "m->o"]),
        "t0: s <- s
         s.out -> q0
         t1: r m <- r q0
         r.out -> m.in
         m.out -> q1
         t2: o <- q1
         q0 of 5 -> m.in in t1
         q1 -> o.in in t2",
    );
}

#[test]
fn a_diamond_within_one_task_numbers_its_ways() {
    check_tasks(
        &file(
            [numbers("s"), filter("f"), filter("g"), merge("m"), out("o")],
            &["s->f", "s->g", "f->m", "g->m", "m->o"],
        ),
        "t0: s f g m <- s
         s.out -> f.in
         s.out -> g.in way 0x8000
         f.out -> m.in
         g.out -> m.in
         m.out -> q0
         t1: o <- q0
         q0 -> o.in in t1",
    );
    // Forks one behind the other have bits of their own, the first's above.
    check_tasks(
        &file(
            [numbers("s"), filter("f"), filter("g"), merge("m"), out("o")],
            &["s->f", "s->m", "f->g", "f->m", "s->g", "g->m", "m->o"],
        ),
        "t0: s f g m <- s
         s.out -> f.in
         s.out -> m.in way 0x4000
         f.out -> g.in
         f.out -> m.in way 0x2000
         s.out -> g.in way 0x8000
         g.out -> m.in
         m.out -> q0
         t1: o <- q0
         q0 -> o.in in t1",
    );
}

#[test]
fn an_uncut_edge_between_stages_is_a_queue() {
    check_tasks(
        &file([numbers("s"), filter("f"), merge("m"), out("o")], &["s->f buffer 5", "f->m", "s->m", "m->o"]),
        "t0: s <- s
         s.out -> q0
         s.out -> q1 way 0x8000
         t1: f m <- q0 q1
         f.out -> m.in
         m.out -> q2
         t2: o <- q2
         q0 of 5 -> f.in in t1
         q1 -> m.in in t1
         q2 -> o.in in t2",
    );
}

#[test]
fn a_through_topic_has_an_end_on_either_side() {
    let file = file([numbers("s"), filter("f"), out("o")], &["s->f topic 3", "f->o"]);
    check_tasks(
        &file,
        "t0: s <- s
         s.out -> q0
         t1: s.out->f.in f <- s.out->f.in
         f.out -> q1
         s.out->f.in.out -> f.in
         t2: o <- q1
         t3: s.out->f.in <- q0
         q0 -> s.out->f.in.in in t3
         q1 -> o.in in t2",
    );
    let plan = drawn(&file, &[]).plan(&[]);
    let [through] = plan.through.as_slice() else { panic!("one topic") };
    assert_eq!((through.edge, through.writer, through.reader), (0, 3, 4));
    assert_eq!(through.topic.topic, "test.s.out.f.in");
    assert_eq!((through.topic.partitions, through.topic.is_own), (Some(3), true));
    assert!(through.decode.format.is_some(), "nothing has changed the payload: it crosses as it is");
    assert!(!plan.is_fused(0) && !plan.is_fused(1));
}

fn trades() -> Value {
    node(
        "s",
        "kafka-source",
        json!({ "topic": "s", "schema": { "a": "text", "b": "int64", "c": "float64", "d": "text" } }),
    )
}

#[test]
fn only_columns_that_are_used_are_read() {
    let condition = node("f", "filter", json!({ "condition": "b > 1" }));
    let map = node("m", "map", json!({ "columns": { "x": "c * 2" } }));
    let mut timed = trades();
    timed["config"]["time"] = json!({ "column": "b" });
    // A sink that passes bytes on needs no columns; one whose columns were made needs no bytes.
    for (nodes, edges, expected) in [
        (
            vec![trades(), condition.clone(), out("o")],
            vec!["s->f", "f->o"],
            "s.out->f.in: b +bytes
             f.out->o.in: +bytes",
        ),
        (
            vec![trades(), condition.clone(), map.clone(), out("o")],
            vec!["s->f", "f->m", "m->o"],
            "s.out->f.in: b c
             f.out->m.in: c
             m.out->o.in: x",
        ),
        // Each way takes its own of what the source gives to both.
        (
            vec![trades(), map.clone(), condition.clone(), out("o"), out("p")],
            vec!["s->m", "s->f", "m->o", "f->p"],
            "s.out->m.in: b c +bytes
             s.out->f.in: b c +bytes
             m.out->o.in: x
             f.out->p.in: +bytes",
        ),
        // Of records that fail somebody sees the bytes.
        (
            vec![trades(), map.clone(), out("o"), out("e")],
            vec!["s->m", "m->o", "m.errors->e"],
            "s.out->m.in: c +bytes
             m.out->o.in: x
             m.errors->e.in: node reason field span_start span_end topic partition offset payload",
        ),
        (vec![trades(), node("d", "discard", json!({}))], vec!["s->d"], "s.out->d.in:"),
        // The column that is the time is read for the source itself.
        (
            vec![timed, map, out("o")],
            vec!["s->m", "m->o"],
            "s.out->m.in: b c
             m.out->o.in: x",
        ),
    ] {
        check_columns(&file(nodes, &edges), expected);
    }
}

#[test]
fn records_that_are_counted_keep_their_bytes() {
    let mut map = node("m", "map", json!({ "columns": { "x": "c * 2" } }));
    map["on_error"] = json!("count");
    check_columns(
        &file([trades(), map, out("o")], &["s->m", "m->o"]),
        "s.out->m.in: c +bytes
         m.out->o.in: x",
    );
}

#[test]
fn a_port_takes_what_all_its_edges_have() {
    let some = node("t", "kafka-source", json!({ "topic": "t", "schema": { "b": "int64", "a": "text" } }));
    let map = node("x", "map", json!({ "columns": { "y": "b" } }));
    check_columns(
        &file([trades(), some, merge("m"), map, out("o")], &["s->m", "t->m", "m->x", "x->o"]),
        "s.out->m.in: b
         t.out->m.in: b
         m.out->x.in: b
         x.out->o.in: y",
    );
    let sink = node("o", "console-sink", json!({}));
    check_columns(
        &file(
            [trades(), node("t", "generate", json!({ "shape": "numbers" })), merge("m"), sink],
            &["s->m", "t->m", "m->o"],
        ),
        "s.out->m.in:
         t.out->m.in:
         m.out->o.in:",
    );
}

#[test]
fn a_topic_carries_columns_where_no_bytes_are_left_to_carry() {
    let map = node("m", "map", json!({ "columns": { "x": "c * 2" } }));
    let file = file([trades(), map, out("o")], &["s->m", "m->o topic"]);
    let plan = drawn(&file, &[]).plan(&[]);
    assert_eq!(plan.through[0].decode.format, None);
    let names: Vec<&str> = plan.through[0].decode.schema.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["x"]);
}

#[test]
fn what_is_observed_is_left_whole() {
    let map = node("m", "map", json!({ "columns": { "x": "c * 2" } }));
    let drawn = drawn(&file([trades(), map, out("o")], &["s->m", "m->o"]), &[]);
    check(
        &columns(&drawn.plan(&[(0, 0)])),
        "s.out->m.in: c +bytes
         m.out->o.in: x",
    );
}
