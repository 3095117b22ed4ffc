use serde_json::{Value, json};

use super::*;
use crate::codec::{ValueFormat, WindowKeyReading};
use crate::form::Form;
use crate::operators::*;
use crate::plan::Drawn;
use crate::testkit;
use crate::types::{Carries, KeyFormat, Schema, Stream};

/// A source of any stream, changes too, for the inputs of examples.
static INPUT: Operator = Operator {
    name: "input",
    summary: "",
    help: "",
    role: Role::Source,
    family: Family::Sources,
    icon: "cube",
    scope: Scope::Record,
    value: ValueRole::Kept,
    form: Form::of::<Input>,
    configure: |config| Ok(Box::new(ConfigError::read::<Input>(config)?)),
    examples: &[],
};

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
struct Input {
    schema: Schema,
    #[serde(default)]
    key_format: KeyFormat,
    #[serde(default)]
    #[schemars(with = "String")]
    carries: Option<Carries>,
    #[serde(default)]
    windowed: bool,
    #[serde(skip)]
    format: ValueFormat,
}

impl Input {
    fn source(&self) -> TopicSource {
        TopicSource {
            cluster: "default".into(),
            topics: Topics::Named(vec!["in".into()]),
            start: Start::Earliest,
            window_key: self.windowed.then_some(WindowKeyReading::Json),
        }
    }
}

impl Shape for Input {
    fn ports(&self) -> Ports {
        Ports::source().failing()
    }

    fn output(&self, _: &[Option<Stream>], _: &mut Report) -> Vec<Option<Stream>> {
        let stream = Stream::records(Arc::new(self.schema.clone()), self.key_format);
        let carries = self.carries.unwrap_or(Carries::Records);
        vec![Some(Stream { carries, windowed: self.windowed, ..stream })]
    }

    fn format(&self) -> Option<&ValueFormat> {
        Some(&self.format)
    }

    fn touches(&self) -> Touches {
        Touches::Reads(self.source())
    }

    fn build(&self, _: &Site<'_>) -> Result<Body, Fault> {
        Ok(Body::TopicSource(self.source(), Ingest { format: Some(self.format), time: Default::default() }))
    }
}

fn drawn(file: &Value) -> Drawn {
    testkit::drawn(file, &[&INPUT])
}

fn rows(file: &Value, script: &str, shown: &[&str], pack: usize) -> Vec<Value> {
    let drawn = drawn(file);
    let names: Vec<String> = shown.iter().map(|name| name.to_string()).collect();
    let shown = if names.is_empty() { Shown::sinks() } else { Shown::named(&names, &drawn.nodes).unwrap() };
    let lines = read_lines(script).unwrap();
    let driven = drive(drawn.plan(&shown.observed(&drawn)), &lines, &shown, pack);
    assert_eq!(driven.fault, None);
    driven.rows.iter().map(|row| serde_json::to_value(row).unwrap()).collect()
}

fn trades() -> Value {
    json!({ "tidegate": 1, "name": "trades",
        "nodes": [
            { "id": "trades", "operator": "kafka-source",
              "config": { "topic": "trades", "schema": { "symbol": "text!", "price": "float64!", "qty": "int64!" } } },
            { "id": "big", "operator": "filter", "config": { "condition": "price * qty > 100" } },
            { "id": "out", "operator": "kafka-sink", "config": { "topic": "big" } } ],
        "edges": [ { "from": "trades.out", "to": "big.in" }, { "from": "big.out", "to": "out.in" } ] })
}

const THREE: &str = r#"{"node":"trades","ts":1,"key":"A","value":{"symbol":"A","price":10.5,"qty":10,"note":"kept"}}
{"node":"trades","ts":2,"key":"B","value":{"symbol":"B","price":1,"qty":10}}
{"node":"trades","ts":3,"key":"C","value":{"symbol":"C","price":100,"qty":2},"headers":[["h","x"]]}"#;

#[test]
fn rows_cross_a_pipeline_untouched() {
    let out = rows(&trades(), THREE, &[], 1);
    assert_eq!(
        out,
        [
            json!({"node":"out","port":"in","ts":1,"key":"A","value":{"symbol":"A","price":10.5,"qty":10,"note":"kept"}}),
            json!({"node":"out","port":"in","ts":3,"key":"C","value":{"symbol":"C","price":100,"qty":2},"headers":[["h","x"]]}),
        ]
    );
    assert_eq!(rows(&trades(), THREE, &[], 512), out);
}

#[test]
fn a_through_topic_changes_nothing() {
    let mut file = trades();
    for edge in 0..2 {
        file["edges"][edge]["via"] = json!("topic");
    }
    assert_eq!(rows(&file, THREE, &[], 1), rows(&trades(), THREE, &[], 1));
}

/// One edge into the merge has the columns in another order, and one more: the buffer on it is a queue that no edge
/// follows, and the rows that come out of it are put right all the same.
#[test]
fn what_comes_out_of_a_buffer_is_what_the_next_node_takes() {
    let source = |id: &str, schema: Value| testkit::node(id, "kafka-source", json!({ "topic": id, "schema": schema }));
    let nodes = [
        source("s", json!({ "a": "int64", "b": "int64" })),
        source("t", json!({ "c": "text", "b": "int64!", "a": "int64" })),
        testkit::node("h", "buffer", json!({})),
        testkit::node("m", "merge", json!({})),
        testkit::node("x", "map", json!({ "columns": { "x": "a - b" }, "keep": true })),
        testkit::out("o"),
    ];
    let file = testkit::file(nodes, &["s->m", "t->h", "h->m", "m->x", "x->o"]);
    let script = r#"{"node":"s","ts":1,"key":"k","value":{"a":7,"b":2}}
{"node":"t","ts":2,"key":"k","value":{"a":7,"b":2,"c":"c"}}"#;
    let value = json!({ "a": 7, "b": 2, "x": 5 });
    let out = |ts: i64| json!({ "node": "o", "port": "in", "ts": ts, "key": "k", "value": value });
    assert_eq!(rows(&file, script, &[], 1), [out(1), out(2)]);
}

/// The column `share` fails for two of the records; nobody asks for it, so it is not computed, whatever the way.
#[test]
fn a_column_that_nobody_wants_cannot_fail() {
    for via in [json!({ "direct": {} }), json!({ "direct": { "buffer": 1 } }), json!("topic")] {
        let file = json!({ "tidegate": 1, "name": "trades",
            "nodes": [
                trades()["nodes"][0],
                { "id": "both", "operator": "map",
                  "config": { "columns": { "share": "100 / (qty - 10)", "double": "qty * 2" }, "keep": true } },
                { "id": "one", "operator": "map", "config": { "columns": { "double": "double", "symbol": "symbol" } } },
                { "id": "out", "operator": "kafka-sink", "config": { "topic": "big" } } ],
            "edges": [
                { "from": "trades.out", "to": "both.in" },
                { "from": "both.out", "to": "one.in", "via": via },
                { "from": "one.out", "to": "out.in" } ] });
        let values: Vec<Value> = rows(&file, THREE, &[], 1).into_iter().map(|row| row["value"].clone()).collect();
        let expected = [("A", 20), ("B", 20), ("C", 4)];
        assert_eq!(values, expected.map(|(symbol, double)| json!({ "double": double, "symbol": symbol })));
    }
}

/// Payloads of rows that meet others without one are still those that were read.
#[test]
fn a_failed_record_keeps_its_bytes_whatever_it_comes_with() {
    let nodes = [
        testkit::numbers("s"),
        testkit::node("even", "filter", json!({ "condition": "n % 2 = 0" })),
        testkit::node("plus", "map", json!({ "columns": { "n": "n + 0" } })),
        testkit::node("m", "merge", json!({})),
        testkit::node("f", "map", json!({ "columns": { "n": "100 / (n - n)" } })),
        testkit::out("o"),
        testkit::out("e"),
    ];
    let edges = ["s->even", "even->plus", "plus->m", "s->m", "m->f", "f->o", "f.errors->e"];
    let file = testkit::file(nodes, &edges);
    let script = "{\"node\":\"s\",\"ts\":1,\"value\":{\"n\":1}}\n{\"node\":\"s\",\"ts\":2,\"value\":{\"n\":2}}";
    let one_by_one = rows(&file, script, &[], 1);
    assert_eq!(rows(&file, script, &[], 512), one_by_one);
    let payloads: Vec<bool> = one_by_one.iter().map(|row| row["value"]["payload"].is_null()).collect();
    assert_eq!(payloads, [false; 3], "{one_by_one:#?}");
}

#[test]
fn rows_of_a_script_have_windows_where_the_source_reads_them() {
    let source = |window_key: Value| {
        let config = json!({ "topic": "in", "schema": { "n": "int64" }, "window_key": window_key });
        json!({ "id": "s", "operator": "kafka-source", "config": config })
    };
    let late = testkit::node("f", "filter", json!({ "condition": "_timestamp < _window_start" }));
    let script = r#"{"node":"s","ts":1,"key":"a","window":{"start":0,"end":10},"value":{"n":1}}
{"node":"s","ts":2,"key":"a","window":{"start":10,"end":20},"value":{"n":2}}"#;
    let came = json!({
        "node": "o", "port": "in", "ts": 2, "key": "a", "window": { "start": 10, "end": 20 }, "value": { "n": 2 }
    });
    for window_key in
        [json!("json"), json!("kafka-streams-session"), json!({ "kafka-streams-time": { "size": "10ms" } })]
    {
        for edge in ["f->o", "f->o topic 2"] {
            let file = testkit::file([source(window_key.clone()), late.clone(), testkit::out("o")], &["s->f", edge]);
            assert_eq!(rows(&file, script, &[], 1), std::slice::from_ref(&came), "{window_key} {edge}");
        }
    }
    for (window_key, why) in [
        (json!("plain"), "row 1 of the script, `window`: the source reads keys without windows"),
        (
            json!({ "kafka-streams-time": { "size": "5ms" } }),
            "row 1 of the script, `window`: the source reads no window from 0 to 10 out of keys",
        ),
    ] {
        let drawn = drawn(&testkit::file([source(window_key), testkit::out("o")], &["s->o"]));
        let shown = Shown::sinks();
        let fault = drive(drawn.plan(&shown.observed(&drawn)), &read_lines(script).unwrap(), &shown, 1).fault.unwrap();
        assert_eq!((fault.message.as_str(), fault.node.as_deref()), (why, Some("s")));
    }
}

#[test]
fn a_wrong_row_of_a_script_is_named() {
    let source = |id: &str, more: Value| {
        let mut config = json!({ "topic": id });
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        testkit::node(id, "kafka-source", config)
    };
    let nodes = [
        source("t", json!({ "format": "text" })),
        source("k", json!({ "format": "text", "key_format": "int64" })),
        testkit::out("o"),
        testkit::out("p"),
    ];
    let file = testkit::file(nodes, &["t->o", "k->p"]);
    let good = r#"{"node":"t","value":"x"}"#;
    for (row, message, node) in [
        (r#"{"node":"nobody"}"#, "row 2 of the script names a node `nobody`, and there is none", None),
        (r#"{"end":"nobody"}"#, "row 2 of the script names a node `nobody`, and there is none", None),
        (r#"{"hold":"nobody"}"#, "row 2 of the script names a node `nobody`, and there is none", None),
        (r#"{"release":"nobody"}"#, "row 2 of the script names a node `nobody`, and there is none", None),
        (r#"{"node":"o"}"#, "row 2 of the script gives a record to `o`, which is no source", Some("o")),
        (r#"{"end":"o"}"#, "row 2 of the script ends `o`, which is no source", Some("o")),
        (
            r#"{"node":"t","partition":-1}"#,
            "row 2 of the script names partition -1, which is not from 0 to 1023",
            Some("t"),
        ),
        (r#"{"node":"k","key":"x"}"#, "row 2 of the script, `key`: ", Some("k")),
        (r#"{"node":"t","value":{"a":1}}"#, "row 2 of the script, `value`: ", Some("t")),
        (r#"{"node":"t","headers":[["h",5]]}"#, "row 2 of the script, `headers`: ", Some("t")),
    ] {
        let lines = read_lines(&format!("{good}\n{row}")).unwrap();
        let fault = drive(drawn(&file).plan(&[]), &lines, &Shown::sinks(), 512).fault.expect(row);
        assert!(fault.message.starts_with(message), "{row}: {fault}");
        assert_eq!((fault.blame, fault.node.as_deref()), (crate::problem::Blame::User, node), "{row}");
    }
}

#[test]
fn a_line_that_is_none_is_located() {
    for (text, at, message) in [
        ("nonsense", (1, 2), "expected ident"),
        ("\n\n{\"node\":\"s\"", (3, 11), "EOF"),
        ("{\"advance\":\"1s\"}\n5", (2, 1), "a line is"),
        ("{\"what\":1}", (1, 1), "a line is"),
        ("{\"node\":\"s\",\"time\":1}", (1, 1), "unknown field `time`"),
        ("{\"advance\":\"soon\"}", (1, 1), "soon"),
        ("{\"release\":\"s\",\"records\":-1}", (1, 1), "negative"),
    ] {
        let problems = read_lines(text).unwrap_err();
        assert_eq!(problems[0].place.line, Some(at), "{text}: {problems:?}");
        assert!(problems[0].message.contains(message), "{text}: {}", problems[0].message);
    }
}

/// Nobody is held, so nothing waits: whoever keeps less than comes keeps all.
#[test]
fn who_keeps_up_is_given_every_record_in_whatever_batches() {
    let queues = [
        ("buffer", json!({ "size": 2, "overflow": "drop-head" })),
        ("buffer", json!({ "size": 2, "overflow": "drop-new" })),
        ("buffer", json!({ "size": 2, "overflow": "drop-buffer" })),
        ("buffer", json!({ "size": 2, "overflow": "fail" })),
        ("conflate", json!({ "per": "lane" })),
    ];
    let generate = || testkit::node("s", "generate", json!({ "shape": "numbers", "count": 9 }));
    let script: Vec<String> = (0..9).map(|n| format!(r#"{{"node":"s","ts":{n},"value":{{"n":{n}}}}}"#)).collect();
    for (operator, config) in queues {
        for (source, script) in [(generate(), String::new()), (testkit::numbers("s"), script.join("\n"))] {
            let queue = testkit::node("q", operator, config.clone());
            let file = testkit::file([source, queue, testkit::out("o")], &["s->q", "q->o"]);
            for pack in [1, 2, 512] {
                assert_eq!(rows(&file, &script, &[], pack).len(), 9, "{operator} {config} in batches of {pack}");
                let driven = drive_in(drawn(&file).plan(&[]), &read_lines(&script).unwrap(), &Shown::sinks(), pack);
                assert_eq!((driven.rows.len(), driven.fault), (9, None), "{operator} {config} in batches of {pack}");
            }
        }
    }
}

/// What stands still stops what is before it, at a record and not at a batch.
#[test]
fn what_stands_still_stops_others_in_whatever_batches() {
    let script: Vec<String> = (0..9).map(|n| format!(r#"{{"node":"s","ts":{n},"value":{{"n":{n}}}}}"#)).collect();
    let held = format!("{{\"hold\":\"slow\"}}\n{}", script.join("\n"));
    let failing = testkit::node("slow", "map", json!({ "columns": { "n": "10 / (n - 4)" } }));
    let throttle = testkit::node("slow", "throttle", json!({ "rate": "1/s" }));
    for (slow, script) in [(testkit::out("slow"), &held), (failing, &script.join("\n")), (throttle, &script.join("\n"))]
    {
        let mut nodes = vec![testkit::numbers("s"), testkit::out("fast")];
        let mut edges = vec!["s->fast", "s->slow buffer 2"];
        if slow["operator"] != "kafka-sink" {
            nodes.push(testkit::out("o"));
            edges.push("slow->o");
        }
        nodes.push(slow);
        let file = testkit::file(nodes, &edges);
        let came = |pack| {
            let driven = drive(drawn(&file).plan(&[]), &read_lines(script).unwrap(), &Shown::sinks(), pack);
            (driven.rows, driven.fault)
        };
        let one_by_one = came(1);
        assert!(!one_by_one.0.is_empty());
        for pack in [2, 7, 512] {
            assert_eq!(came(pack), one_by_one, "{:#} in batches of {pack}", file["nodes"]);
        }
    }
}

#[test]
fn what_is_held_takes_as_much_as_is_released() {
    let hold = r#"{"hold":"out"}"#;
    for (release, expected) in [
        ("", 0),
        (r#"{"release":"out","records":1}"#, 1),
        ("{\"release\":\"out\",\"records\":1}\n{\"release\":\"out\",\"records\":1}", 2),
        (r#"{"release":"out","records":9}"#, 2),
        (r#"{"release":"out"}"#, 2),
        ("{\"release\":\"out\"}\n{\"hold\":\"out\"}", 2),
    ] {
        for pack in [1, 512] {
            let came = rows(&trades(), &format!("{hold}\n{THREE}\n{release}"), &[], pack);
            assert_eq!(came.len(), expected, "{release}");
        }
    }
}

#[test]
fn a_throttle_waits_for_the_clock_that_is_moved() {
    let mut file = trades();
    file["nodes"][1] = testkit::node("big", "throttle", json!({ "rate": "1/s", "burst": 1 }));
    for (advance, expected) in [("0s", 1), ("999ms", 1), ("1s", 2), ("1999ms", 2), ("2s", 3), ("1h", 3)] {
        let script = format!("{THREE}\n{{\"advance\":\"{advance}\"}}");
        assert_eq!(rows(&file, &script, &[], 512).len(), expected, "after {advance}");
    }
}

/// At the end of a window one record becomes many.
#[test]
fn results_of_a_window_pass_a_throttle_one_after_the_other() {
    let window = json!({ "size": "10ms", "aggregates": { "count": "count(*)" } });
    let window = testkit::node("w", "tumbling-window", window);
    let throttle = testkit::node("t", "throttle", json!({ "rate": "1/s", "burst": 1 }));
    let file = testkit::file([testkit::numbers("s"), window, throttle, testkit::out("o")], &["s->w", "w->t", "t->o"]);
    let keys = ["a", "b", "c"].map(|key| format!(r#"{{"node":"s","ts":1,"key":"{key}","value":{{"n":1}}}}"#));
    let closing = r#"{"node":"s","ts":50,"key":"z","value":{"n":1}}"#;
    for (advance, expected) in [("0s", 1), ("999ms", 1), ("1s", 2), ("2s", 3), ("2999ms", 3)] {
        let script = format!("{}\n{closing}\n{{\"advance\":\"{advance}\"}}", keys.join("\n"));
        for pack in [1, 512] {
            assert_eq!(rows(&file, &script, &[], pack).len(), expected, "after {advance}, batches of {pack}");
        }
    }
}

#[test]
fn the_end_of_a_source_crosses_queues_topics_and_throttles() {
    let throttle = testkit::node("t", "throttle", json!({ "rate": "1/s", "burst": 1 }));
    let buffer = testkit::node("b", "buffer", json!({ "size": 1 }));
    let nodes = [testkit::numbers("s"), throttle, buffer, testkit::out("o")];
    let plan = drawn(&testkit::file(nodes, &["s->t buffer 2", "t->b topic 3", "b->o"])).plan(&[]);
    let text = r#"{"node":"s","key":"a","value":{"n":1}}
        {"node":"s","key":"b","value":{"n":2},"partition":1}
        {"end":"s"}
        {"advance":"1s"}"#;
    let lines = read_lines(text).unwrap();
    let mut driver = Driver::new(plan, &lines, &Shown::sinks(), 1).unwrap();
    driver.run(&lines[..3]).unwrap();
    assert!(!driver.tasks.iter().all(|task| task.is_done()), "a record waits for the throttle");
    driver.run(&lines[3..]).unwrap();
    assert!(driver.tasks.iter().all(|task| task.is_done()));
    assert_eq!(driver.shown(&Shown::sinks()).len(), 2);
}

/// Every example of every operator runs and gives what it says, whatever the size of batches.
#[test]
fn examples_of_operators_hold() {
    for operator in ALL {
        for example in operator.examples {
            for pack in [1, 2, 512] {
                if let Err(why) = run_example(operator.name, example, pack) {
                    panic!("{}: {} (batches of {pack}): {why}", operator.name, example.title);
                }
            }
        }
    }
}

fn run_example(name: &str, example: &Example, pack: usize) -> Result<(), String> {
    let config: Value = serde_json::from_str(example.config).map_err(|why| why.to_string())?;
    let inputs: Value = serde_json::from_str(example.inputs).map_err(|why| why.to_string())?;
    let mut nodes = vec![json!({ "id": "self", "operator": name, "config": config })];
    let mut edges = Vec::new();
    for (port, stream) in inputs.as_object().ok_or("inputs is no object")? {
        nodes.push(json!({ "id": format!("to-{port}"), "operator": "input", "config": stream }));
        edges.push(json!({ "from": format!("to-{port}.out"), "to": format!("self.{port}") }));
    }
    let operator = find(name).ok_or("no such operator")?;
    let shape = (operator.configure)(config.clone()).map_err(|why| why.message)?;
    let ports: Vec<String> = shape.ports().output_names().map(Into::into).collect();
    for port in &ports {
        nodes.push(json!({ "id": format!("from-{port}"), "operator": "kafka-sink", "config": { "topic": "t" } }));
        edges.push(json!({ "from": format!("self.{port}"), "to": format!("from-{port}.in") }));
    }
    let file = json!({ "tidegate": 1, "name": "example", "nodes": nodes, "edges": edges });
    let script: Vec<Line> = example
        .script
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let mut line: Value = serde_json::from_str(line).map_err(|why| format!("{line}: {why}"))?;
            for field in ["node", "end", "hold", "release"] {
                if let Some(port) = line.get(field).and_then(Value::as_str).map(str::to_string) {
                    let is_in = inputs.get(&port).is_some();
                    let id = if is_in {
                        format!("to-{port}")
                    } else if port == "self" {
                        port
                    } else {
                        format!("from-{port}")
                    };
                    line[field] = json!(id);
                }
            }
            read_line(&line)
        })
        .collect::<Result<_, _>>()?;
    let mut drawn = drawn(&file);
    // All columns are to be seen, and not the bytes that they came in.
    drawn.nodes.iter_mut().for_each(|node| node.passes = None);
    let shown = Shown::sinks();
    let driven = drive(drawn.plan(&shown.observed(&drawn)), &script, &shown, pack);
    if let Some(fault) = driven.fault {
        return Err(fault.to_string());
    }
    let mut left: Vec<Value> = driven
        .rows
        .iter()
        .map(|row| {
            let mut value = serde_json::to_value(row).unwrap_or_default();
            let node = row.node.trim_start_matches("from-").to_string();
            value["port"] = json!(if node == "self" { "in".to_string() } else { node });
            value
        })
        .collect();
    for line in example.expect.lines().filter(|line| !line.trim().is_empty()) {
        let expected: Value = serde_json::from_str(line).map_err(|why| format!("{line}: {why}"))?;
        let port = expected["port"].clone();
        let Some(place) = left.iter().position(|row| row["port"] == port) else {
            return Err(format!("expected {expected}, and nothing more came at {port}"));
        };
        let came = left.remove(place);
        let fields = expected.as_object().ok_or("an expected row is an object")?;
        let is_same = fields.iter().all(|(name, value)| match (came.get(name).unwrap_or(&Value::Null), value) {
            // Of why a record failed an example shows what matters to it.
            (Value::Object(came), Value::Object(fields)) if port == json!("errors") => {
                fields.iter().all(|(name, value)| came.get(name) == Some(value))
            }
            (came, value) => came == value,
        });
        if !is_same {
            return Err(format!("expected {expected}\n     came {came}"));
        }
    }
    match left.first() {
        Some(row) => Err(format!("more came than expected: {row}")),
        None => Ok(()),
    }
}

/// All records of a key come to one lane of a node that keeps state per key, whatever the ways before it.
#[test]
fn state_is_one_per_key_behind_every_way() {
    let [key, other] = ["k", "l"].map(|id| testkit::node(id, "key-by", json!({ "key": "CAST(n % 2 AS text)" })));
    let [merge, twice] = ["m", "d"].map(|id| testkit::node(id, "merge", json!({})));
    let total = testkit::node("t", "scan", json!({ "columns": { "total": { "start": "0", "next": "total + n" } } }));
    let buffer = testkit::node("b", "buffer", json!({}));
    let [source, sink] = [testkit::numbers("s"), testkit::out("o")];
    let line = |n: i64| {
        let partition = n % 3;
        json!({ "node": "s", "ts": n, "key": partition.to_string(), "value": { "n": n }, "partition": partition })
    };
    let script = (1..13).map(|n| line(n).to_string()).collect::<Vec<_>>().join("\n");
    for (between, edges) in [
        (vec![&key], vec!["s->k", "k->t"]),
        (vec![&key], vec!["s->k", "k->t topic"]),
        (vec![&key], vec!["s->k", "k->t topic 2"]),
        (vec![&key], vec!["s->k topic 2", "k->t topic 2"]),
        (vec![&key, &buffer], vec!["s->k", "k->b", "b->t"]),
        (vec![&key, &merge], vec!["s->k", "k->m topic", "m->t"]),
        (vec![&key, &merge], vec!["s->k", "k->m", "m->t topic"]),
        (vec![&key, &other, &merge], vec!["s->k", "s->l", "k->m", "l->m topic", "m->t"]),
        (vec![&merge, &twice], vec!["s->m topic 2", "m->d", "s->d", "d->t"]),
        (vec![&merge, &twice], vec!["s->m topic 2", "m->d", "s->d", "d->t topic"]),
    ] {
        let edges: Vec<&str> = edges.into_iter().chain(["t->o"]).collect();
        let (mut last, mut sums) = (BTreeMap::new(), BTreeMap::new());
        let nodes = [&source].into_iter().chain(between).chain([&total, &sink]).cloned();
        for row in rows(&testkit::file(nodes, &edges), &script, &[], 1) {
            let of = |column: &str| row["value"][column].as_i64().unwrap();
            let key = row["key"].to_string();
            *sums.entry(key.clone()).or_insert(0) += of("n");
            last.entry(key).and_modify(|last| *last = of("total").max(*last)).or_insert(of("total"));
        }
        assert_eq!(last, sums, "{edges:?}");
    }
}

#[test]
fn late_records_are_sorted_by_what_their_port_adds() {
    let window = json!({ "size": "10ms", "aggregates": { "n": "count(*)" } });
    let very_late = json!({ "condition": "_stream_time - _window_end > INTERVAL '50 ms' AND _window_start = _window_end - INTERVAL '10 ms' AND _reason LIKE 'the window closed%'" });
    let nodes = [
        testkit::numbers("s"),
        testkit::node("w", "tumbling-window", window),
        testkit::node("very", "filter", very_late),
        testkit::out("o"),
    ];
    let file = testkit::file(nodes, &["s->w", "w.late->very", "very->o"]);
    let record = |ts: i64| json!({ "node": "s", "ts": ts, "key": "a", "value": { "n": ts } }).to_string();
    let script = [5, 30, 6, 70, 8].map(record).join("\n");
    let rows = rows(&file, &script, &[], 1);
    // Of the two that are late only the second is so by more than 50 ms.
    assert_eq!(rows.len(), 1, "{rows:?}");
    let value = &rows[0]["value"];
    assert_eq!(
        (&value["n"], &value["_reason"]),
        (&json!(8), &json!("the window closed at stream time 10, and it is 70 now"))
    );
}
