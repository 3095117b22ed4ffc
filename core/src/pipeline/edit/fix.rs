//! From a problem whose remedy is one change to the edit that makes it. Where a problem stands at what has been changed
//! since, there is none.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Edge, EdgeChange, Edit, NodeChange, Parts, Pipeline, PortRef, Section};
use crate::pipeline::json::{self, Step};
use crate::problem::{Fix, Problem};

/// The edit that takes a problem's remedy, where that is one change of a node, an edge, or a field of the file.
pub fn fix(pipeline: &Pipeline, problem: &Problem) -> Option<Edit> {
    let (place, fix) = (&problem.place, problem.fix.as_ref()?);
    let edit = match (fix, &place.node, &place.edge) {
        (Fix::Setting { name, word }, ..) => {
            let set = Fix::Set(Box::new(Value::String(word.clone())));
            Edit::Replace(Section::Settings(changed_part(&pipeline.settings, name, None, &set)?))
        }
        (_, Some(id), _) => at_node(pipeline, id, problem, fix)?,
        (_, None, Some(id)) => at_edge(pipeline, id, problem, fix)?,
        (_, None, None) => at_file(pipeline, problem, fix)?,
    };
    Some(Edit::Batch { label: fix.to_string(), edits: vec![edit] })
}

fn at_node(pipeline: &Pipeline, id: &str, problem: &Problem, fix: &Fix) -> Option<Edit> {
    let place = &problem.place;
    let all = || pipeline.nodes.iter().enumerate().filter(|(_, node)| node.id == id);
    let (number, node) = all().nth(place.nth)?;
    match (fix, place.field.as_deref()) {
        // Which of those that have one id an edit means, only its place says.
        (Fix::Id(to), _) if all().count() > 1 => {
            let take = Edit::Take { nodes: vec![number], edges: Vec::new() };
            let mut node = node.clone();
            node.id.clone_from(to);
            let insert = Edit::Insert(Parts { nodes: vec![(number, node)], ..Parts::default() });
            Some(Edit::Batch { label: format!("rename {id} to {to}"), edits: vec![take, insert] })
        }
        _ if all().count() > 1 => None,
        (Fix::Id(to), _) => Some(Edit::RenameNode { id: id.into(), to: to.clone() }),
        (Fix::Connect(from), _) => {
            let to = PortRef::new(id, place.port.as_ref()?);
            Some(Edit::Connect(Edge { from: from.as_str().into(), to, via: None, points: Vec::new() }))
        }
        (Fix::Write(name), Some("operator")) => {
            Some(Edit::ChangeNode { id: id.into(), change: NodeChange::Operator(name.clone()) })
        }
        (fix, Some(field)) => {
            let config = changed(&node.config, field, place.span.clone(), fix)?;
            Some(Edit::ChangeNode { id: id.into(), change: NodeChange::Config(config) })
        }
        _ => None,
    }
}

/// A config with the change at a field.
fn changed(
    config: &Map<String, Value>,
    field: &str,
    span: Option<std::ops::Range<usize>>,
    fix: &Fix,
) -> Option<Map<String, Value>> {
    let steps = json::steps_in(config, field);
    let (last, around) = steps.split_last()?;
    let mut whole = Value::Object(config.clone());
    let parent = around.iter().try_fold(&mut whole, |value, step| match step {
        Step::Name(name) => value.get_mut(name),
        Step::Item(index) => value.get_mut(index),
    })?;
    match (fix, last, parent) {
        (Fix::Name(to), Step::Name(name), Value::Object(fields)) if !fields.contains_key(to) => {
            // It keeps its place.
            let renamed = |(known, value)| if known == *name { (to.clone(), value) } else { (known, value) };
            *fields = std::mem::take(fields).into_iter().map(renamed).collect();
        }
        (Fix::Set(value), Step::Name(name), Value::Object(fields)) => {
            drop(fields.insert(name.clone(), (**value).clone()))
        }
        (Fix::Set(value), Step::Item(index), Value::Array(items)) => *items.get_mut(*index)? = (**value).clone(),
        (Fix::Remove, Step::Name(name), Value::Object(fields)) => drop(fields.shift_remove(name)),
        (Fix::Write(text), last, parent) => {
            let there = match last {
                Step::Name(name) => parent.get_mut(name),
                Step::Item(index) => parent.get_mut(index),
            }?;
            *there = Value::String(match span {
                None => text.clone(),
                Some(span) => {
                    let before = there.as_str()?;
                    format!("{}{text}{}", before.get(..span.start)?, before.get(span.end..)?)
                }
            });
        }
        _ => return None,
    }
    match whole {
        Value::Object(config) => Some(config),
        _ => None,
    }
}

/// At a field that is named from the top of the file.
fn at_file(pipeline: &Pipeline, problem: &Problem, fix: &Fix) -> Option<Edit> {
    let (section, field) = problem.place.field.as_deref()?.split_once('.')?;
    let span = problem.place.span.clone();
    Some(Edit::Replace(match section {
        "settings" => Section::Settings(changed_part(&pipeline.settings, field, span, fix)?),
        "clusters" => Section::Clusters(changed_part(&pipeline.clusters, field, span, fix)?),
        "parameters" => Section::Parameters(changed_part(&pipeline.parameters, field, span, fix)?),
        _ => return None,
    }))
}

fn changed_part<T: Serialize + DeserializeOwned>(
    part: &T,
    field: &str,
    span: Option<std::ops::Range<usize>>,
    fix: &Fix,
) -> Option<T> {
    let Value::Object(fields) = serde_json::to_value(part).ok()? else { return None };
    serde_json::from_value(Value::Object(changed(&fields, field, span, fix)?)).ok()
}

fn at_edge(pipeline: &Pipeline, id: &str, problem: &Problem, fix: &Fix) -> Option<Edit> {
    let mut all = pipeline.edges.iter().enumerate().filter(|(_, edge)| edge.id() == id);
    let (number, edge) = all.nth(problem.place.nth)?;
    match (fix, problem.place.field.as_deref()) {
        (Fix::Remove, _) => Some(Edit::Take { nodes: Vec::new(), edges: vec![number] }),
        (Fix::Write(text), Some(end @ ("from" | "to"))) => {
            let (mut from, mut to) = (edge.from.clone(), edge.to.clone());
            let changed = if end == "from" { &mut from } else { &mut to };
            // A node's name alone keeps the port.
            *changed = match text.contains('.') {
                true => text.as_str().into(),
                false => PortRef::new(text, &changed.port),
            };
            Some(Edit::ChangeEdge { edge: id.into(), change: EdgeChange::Ends { from, to } })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::check::{CheckOptions, check};
    use crate::problem::Severity;

    /// Checks a drawing, takes the first remedy that can be taken, and gives what it was called and what changed.
    fn taken(nodes: Value, edges: Value) -> (String, Pipeline, usize) {
        taken_of(json!({ "tidegate": 1, "name": "t", "nodes": nodes, "edges": edges }))
    }

    fn taken_of(document: Value) -> (String, Pipeline, usize) {
        let mut pipeline = Pipeline::parse(&document.to_string()).0.unwrap();
        let errors = |pipeline: &Pipeline| {
            let owned = &[("group.id", "it is the application's id")];
            let problems = check(pipeline, &CheckOptions::new(owned)).problems;
            problems.into_iter().filter(|problem| problem.severity == Severity::Error).collect::<Vec<_>>()
        };
        let before = errors(&pipeline);
        let edit = before.iter().find_map(|problem| fix(&pipeline, problem)).unwrap_or_else(|| panic!("{before:#?}"));
        let start = pipeline.clone();
        let inverse = edit.apply(&mut pipeline).unwrap();
        let after = errors(&pipeline);
        assert!(after.len() < before.len(), "{before:#?}\n{after:#?}");
        let mut back = pipeline.clone();
        inverse.apply(&mut back).unwrap();
        assert_eq!(back, start);
        (edit.label(), pipeline, after.len())
    }

    #[test]
    fn remedies_that_are_one_change_are_taken() {
        let source = || json!({ "id": "s", "operator": "kafka-source", "config": { "topic": "t", "schema": { "price": "float64", "from here": "text" } } });
        let sink = || json!({ "id": "o", "operator": "discard" });
        let filter = |condition: &str| json!({ "id": "f", "operator": "filter", "config": { "condition": condition } });
        let chain = || json!([{ "from": "s.out", "to": "f.in" }, { "from": "f.out", "to": "o.in" }]);
        let node = |config: Value| json!({ "id": "f", "operator": "throttle", "config": config });
        let operator = |name: &str| json!({ "id": "f", "operator": name, "config": { "condition": "true" } });
        let ends = |from: &str| json!([{ "from": "s.out", "to": "f.in" }, { "from": from, "to": "o.in" }]);
        let plain = || filter("price > 1");
        let cases = [
            ("operator", operator("fliter"), chain(), "write filter", "/nodes/1/operator", json!("filter")),
            ("column", filter("pric > 1"), chain(), "write price", "/nodes/1/config/condition", json!("price > 1")),
            (
                "quoted",
                filter("fromhere = 'a'"),
                chain(),
                "write \"from here\"",
                "/nodes/1/config/condition",
                json!("\"from here\" = 'a'"),
            ),
            (
                "function",
                filter("aps(price) > 1"),
                chain(),
                "write abs",
                "/nodes/1/config/condition",
                json!("abs(price) > 1"),
            ),
            (
                "text",
                filter("\"from here\" = \"a.b\""),
                chain(),
                "write 'a.b'",
                "/nodes/1/config/condition",
                json!("\"from here\" = 'a.b'"),
            ),
            (
                "field",
                node(json!({ "rat": "5/s" })),
                chain(),
                "call the field rate",
                "/nodes/1/config",
                json!({ "rate": "5/s" }),
            ),
            ("missing", node(json!({})), chain(), "write \"1/s\"", "/nodes/1/config", json!({ "rate": "1/s" })),
            (
                "number",
                node(json!({ "rate": "5/s", "burst": "7" })),
                chain(),
                "write 7",
                "/nodes/1/config/burst",
                json!(7),
            ),
            ("port", plain(), ends("f.oot"), "write f.out", "/edges/1/from", json!("f.out")),
            ("node", plain(), ends("ff.out"), "write f", "/edges/1/from", json!("f.out")),
            (
                "twice",
                plain(),
                json!([{ "from": "s.out", "to": "f.in" }, { "from": "f.out", "to": "o.in" }, { "from": "f.out", "to": "o.in" }]),
                "take it away",
                "/edges/1/to",
                json!("o.in"),
            ),
            (
                "open",
                plain(),
                json!([{ "from": "s.out", "to": "f.in" }]),
                "connect f.out",
                "/edges/1",
                json!({ "from": "f.out", "to": "o.in" }),
            ),
        ];
        for (name, node, edges, label, pointer, expected) in cases {
            let (called, pipeline, left) = taken(json!([source(), node, sink()]), edges);
            assert_eq!((called.as_str(), left), (label, 0), "{name}");
            let document = serde_json::to_value(&pipeline).unwrap();
            assert_eq!(document.pointer(pointer), Some(&expected), "{name}: {document:#}");
        }
    }

    #[test]
    fn types_of_a_schema_are_mended_where_they_stand() {
        for (schema, label, expected) in [
            (json!({ "a": "flaot64!", "b": "text" }), "write float64!", json!({ "a": "float64!", "b": "text" })),
            (
                json!({ "a": { "struct": { "b": { "list": "txt" } } } }),
                "write text",
                json!({ "a": { "struct": { "b": { "list": "text" } } } }),
            ),
            (
                json!({ "a": { "lits": "text" }, "b": "bool" }),
                "call the field list",
                json!({ "a": { "list": "text" }, "b": "bool" }),
            ),
        ] {
            let source = json!({ "id": "s", "operator": "kafka-source", "config": { "topic": "t", "schema": schema } });
            let sink = json!({ "id": "o", "operator": "discard" });
            let (called, pipeline, left) = taken(json!([source, sink]), json!([{ "from": "s.out", "to": "o.in" }]));
            assert_eq!((called.as_str(), left), (label, 0));
            assert_eq!(pipeline.nodes[0].config["schema"], expected);
        }
    }

    #[test]
    fn fields_of_the_file_are_mended() {
        let brokers =
            || json!({ "brokers": "k:9092", "properties": { "group.id": "mine", "sasl.mechanism": "PLAIN" } });
        for (part, value, label, pointer, expected) in [
            (
                "settings",
                json!({ "guarantee": "exactly-once" }),
                "write at-least-once",
                "/settings/guarantee",
                json!("at-least-once"),
            ),
            ("settings", json!({ "commit_interval": "0s" }), "write 1s", "/settings/commit_interval", json!("1s")),
            (
                "clusters",
                json!({ "far": brokers() }),
                "take it away",
                "/clusters/far/properties",
                json!({ "sasl.mechanism": "PLAIN" }),
            ),
        ] {
            let mut document = json!({ "tidegate": 1, "name": "t",
                "nodes": [
                    { "id": "s", "operator": "generate", "config": { "shape": "numbers" } },
                    { "id": "o", "operator": "discard" } ],
                "edges": [{ "from": "s.out", "to": "o.in" }] });
            document[part] = value;
            let (called, pipeline, left) = taken_of(document);
            assert_eq!((called.as_str(), left), (label, 0), "{pointer}");
            let document = serde_json::to_value(&pipeline).unwrap();
            assert_eq!(document.pointer(pointer), Some(&expected), "{document:#}");
        }
    }

    #[test]
    fn settings_that_a_node_cannot_keep_to_are_mended() {
        let nodes = json!([
            { "id": "s", "operator": "kafka-source", "config": { "topic": "t", "schema": { "a": "text" } } },
            { "id": "d", "operator": "tumbling-window", "config": { "size": "1m", "aggregates": { "n": "count(*)" } } },
            { "id": "o", "operator": "discard" } ]);
        let edges = json!([{ "from": "s.out", "to": "d.in" }, { "from": "d.out", "to": "o.in" }]);
        let settings = json!({ "scale": "group", "threads": 2 });
        let document = json!({ "tidegate": 1, "name": "t", "settings": settings, "nodes": nodes, "edges": edges });
        let (called, pipeline, left) = taken_of(document);
        assert_eq!((called.as_str(), left), ("set scale to single", 0));
        let settings = serde_json::to_value(&pipeline).unwrap()["settings"].clone();
        assert_eq!(settings, json!({ "threads": 2, "scale": "single" }));
    }

    #[test]
    fn doubled_and_wrong_ids_are_renamed() {
        let twin = || json!({ "id": "s", "operator": "generate", "config": { "shape": "numbers" } });
        let (called, pipeline, _) = taken(json!([twin(), twin()]), json!([]));
        let ids: Vec<&str> = pipeline.nodes.iter().map(|node| node.id.as_str()).collect();
        assert_eq!((called.as_str(), ids), ("call it s-2", vec!["s", "s-2"]));
        let wrong = json!({ "id": "My Node", "operator": "generate", "config": { "shape": "numbers" } });
        let (called, pipeline, _) = taken(json!([wrong]), json!([]));
        assert_eq!((called.as_str(), pipeline.nodes[0].id.as_str()), ("call it my-node", "my-node"));
    }
}
