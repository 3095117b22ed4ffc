//! What a record costs in each operator, in nanoseconds of CPU, in batches of 512 trades: the least of several rounds.
//! `cargo run --release -p tidegate-core --example operator_cost`

use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use tidegate_core::batch::Batch;
use tidegate_core::operators::{self, Body, Outbox, Pulled, Report, Shared, Site};
use tidegate_core::state::Stores;
use tidegate_core::types::Stream;

const BATCHES: usize = 400;
const ROUNDS: usize = 7;

/// A node on lane 0, with the stream that it gives.
struct Node {
    body: Body,
    output: Option<Stream>,
}

fn node(name: &str, config: Value, input: Option<&Stream>, columns: Option<&[&str]>) -> Node {
    let operator = operators::find(name).expect("an operator of this name");
    let shape = (operator.configure)(config).expect("a right config");
    let inputs: Vec<Stream> = input.cloned().into_iter().collect();
    let known: Vec<Option<Stream>> = inputs.iter().cloned().map(Some).collect();
    let mut report = Report::new(name);
    let outputs: Vec<Stream> = shape.output(&known, &mut report).into_iter().flatten().collect();
    assert_eq!(report.finish(), []);
    let wanted = |stream: &Stream| match columns {
        None => stream.clone(),
        Some(columns) => stream.with_schema(stream.schema.project(|column| columns.contains(&column)).into()),
    };
    let outputs: Vec<Stream> = outputs.iter().map(wanted).collect();
    let site = Site {
        node: "node",
        lane: 0,
        inputs: &inputs,
        outputs: &outputs,
        intact: None,
        connected: &vec![true; outputs.len()],
        shared: &Shared::default(),
        lasting: &Shared::default(),
        stores: &Stores::default(),
    };
    Node { body: shape.build(&site).expect("a body"), output: outputs.into_iter().next() }
}

fn trades(columns: &[&str]) -> (Node, Vec<Batch>) {
    let mut node = node("generate", json!({ "shape": "trades" }), None, Some(columns));
    let batches = (0..BATCHES).map(|_| pull(&mut node)).collect();
    (node, batches)
}

fn pull(node: &mut Node) -> Batch {
    let Body::Source(source, _) = &mut node.body else { panic!("a source") };
    let Ok(Pulled::Rows(batch)) = source.pull(512, 0) else { panic!("rows") };
    batch
}

fn print(name: &str, mut round: impl FnMut() -> usize) {
    let mut least = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = cpu();
        let records = round();
        least = least.min((cpu() - start).as_nanos() as f64 / records as f64);
    }
    println!("{name:<40} {least:8.1} ns a record");
}

/// CPU time of this process.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// All batches through a flow or a sink's flow.
fn flow(name: &str, mut node: Node, batches: &[Batch]) -> (Option<Stream>, Vec<Batch>) {
    let (Body::Flow(flow) | Body::TopicSink(_, flow)) = &mut node.body else { panic!("a flow") };
    let mut last = Outbox::default();
    print(name, || {
        last = Outbox::default();
        batches.iter().for_each(|batch| flow.process(0, batch.clone(), &mut last).expect("no fault"));
        batches.iter().map(|batch| batch.rows).sum()
    });
    (node.output, last.batches.into_iter().map(|(_, batch)| batch).collect())
}

fn queue(name: &str, mut node: Node, batches: &[Batch]) {
    let Body::Queue(queue) = &mut node.body else { panic!("a queue") };
    print(name, || {
        let mut out = Outbox::default();
        for pair in batches.chunks(2) {
            pair.iter().for_each(|batch| drop(queue.offer(batch.clone(), 0, &mut out).expect("no fault")));
            while let Some(batch) = queue.take(512, 0).expect("no fault") {
                black_box(batch);
            }
        }
        batches.iter().map(|batch| batch.rows).sum()
    });
}

fn main() {
    let used = ["id", "ts", "symbol", "side", "price", "qty"];
    for (name, columns) in [
        ("generate, 6 columns", &used[..]),
        ("generate, all columns", &["id", "ts", "symbol", "side", "price", "qty", "account", "note"]),
    ] {
        let (mut node, _) = trades(columns);
        print(name, || (0..BATCHES).map(|_| black_box(pull(&mut node)).rows).sum());
    }
    let (source, batches) = trades(&used);
    let input = source.output.as_ref();
    let condition = json!({ "condition": "price > 100 AND qty >= 50 AND side = 'buy'" });
    let passing = node("filter", condition, input, Some(&["id", "ts", "symbol", "price", "qty"]));
    let (output, kept) = flow("filter, a quarter passes", passing, &batches);
    let columns = json!({ "columns": { "id": "id", "symbol": "symbol", "ts": "ts", "notional": "price * qty" } });
    let (output, mapped) = flow("map, per record that passed", node("map", columns, output.as_ref(), None), &kept);
    let sink = node("kafka-sink", json!({ "topic": "t" }), output.as_ref(), None);
    flow("kafka-sink's encoding, per record", sink, &mapped);
    let branches = json!({ "branches": { "large": "qty >= 90", "small": "qty < 10" } });
    flow("branch, three ways", node("branch", branches, input, None), &batches);
    flow("key-by, one text", node("key-by", json!({ "key": "side" }), input, None), &batches);
    let scan = json!({ "columns": { "total": { "start": "0", "next": "total + qty" } } });
    flow("scan, 1,000 keys", node("scan", scan.clone(), input, None), &batches);
    let mut single = node("generate", json!({ "shape": "numbers" }), None, None);
    let numbers: Vec<Batch> = (0..40).map(|_| pull(&mut single)).collect();
    let scan = json!({ "columns": { "total": { "start": "0", "next": "total + n" } } });
    flow("scan, one key", node("scan", scan, single.output.as_ref(), None), &numbers);
    queue("buffer, in and out", node("buffer", json!({}), input, None), &batches);
    queue("conflate, in and out", node("conflate", json!({}), input, None), &batches);
}
