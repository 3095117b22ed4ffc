//! Parameters and clusters of a pipeline, added, renamed and taken away, as edits. What they hold is filled in as a
//! [`subject`](super::subject).

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::drawing::Drawing;
use super::topics::{DEFAULT_CLUSTER, cluster_of};
use crate::fields::Entries;
use crate::pipeline::edit::{EdgeChange, Edit, NodeChange, Section};
use crate::pipeline::params::renamed_in;
use crate::pipeline::{Cluster, Edge, Node, Parameter, Pipeline, ThroughTopic, Via};

/// A parameter more, behind the others; it has an empty text until it is given another.
pub fn with_parameter(pipeline: &Pipeline, name: &str) -> Edit {
    let parameter = Parameter { default: Some(Value::from("")), ..Parameter::default() };
    step(format!("add {name}"), Section::Parameters(and(&pipeline.parameters, name, parameter)))
}

/// A parameter less.
pub fn without_parameter(pipeline: &Pipeline, name: &str) -> Edit {
    step(format!("take away {name}"), Section::Parameters(without(&pipeline.parameters, name)))
}

/// Another name for a parameter, here and in every text that takes its value: of nodes, of edges, of clusters, of the
/// settings. Variables of the environment that give it one are called after the new name from then on.
pub fn with_parameter_renamed(pipeline: &Pipeline, name: &str, to: &str) -> Edit {
    let called = |known: &str| if known == name { to } else { known }.to_string();
    let parameters = pipeline.parameters.iter().map(|(known, parameter)| (called(known), parameter.clone())).collect();
    let mut edits = vec![Edit::Replace(Section::Parameters(parameters))];
    let settings = renamed_within(&pipeline.settings, name, to).map(Section::Settings);
    let clusters = renamed_within(&pipeline.clusters, name, to).map(Section::Clusters);
    edits.extend(settings.into_iter().chain(clusters).map(Edit::Replace));
    edits.extend(pipeline.nodes.iter().filter_map(|node| {
        let config = renamed_within(&node.config, name, to)?;
        Some(Edit::ChangeNode { id: node.id.clone(), change: NodeChange::Config(config) })
    }));
    edits.extend(pipeline.edges.iter().filter_map(|edge| {
        let via = renamed_within(&edge.via, name, to)?;
        Some(Edit::ChangeEdge { edge: edge.id(), change: EdgeChange::Via(via) })
    }));
    Edit::Batch { label: format!("rename {name} to {to}"), edits }
}

/// A part of the document that takes a parameter by another name; none where it does not take it.
fn renamed_within<T: Serialize + DeserializeOwned>(part: &T, name: &str, to: &str) -> Option<T> {
    let before = serde_json::to_value(part).ok()?;
    let mut after = before.clone();
    rename_in_texts(&mut after, name, to);
    (after != before).then(|| serde_json::from_value(after).ok()).flatten()
}

fn rename_in_texts(value: &mut Value, name: &str, to: &str) {
    match value {
        Value::String(text) => *text = renamed_in(text, name, to),
        Value::Array(items) => items.iter_mut().for_each(|item| rename_in_texts(item, name, to)),
        Value::Object(fields) => fields.values_mut().for_each(|field| rename_in_texts(field, name, to)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A cluster more, behind the others.
pub fn with_cluster(pipeline: &Pipeline, name: &str) -> Edit {
    let cluster = Cluster { brokers: Some("localhost:9092".into()), ..Cluster::default() };
    step(format!("add {name}"), Section::Clusters(and(&pipeline.clusters, name, cluster)))
}

/// Another name for a cluster, here and wherever it is named: by nodes, by edges through its topics. Those that name none use
/// `default`, and name what it is called then.
pub fn with_cluster_renamed(drawing: &Drawing, name: &str, to: &str) -> Edit {
    let pipeline = &drawing.pipeline;
    let called = |known: &str| if known == name { to } else { known }.to_string();
    let clusters = pipeline.clusters.iter().map(|(known, cluster)| (called(known), cluster.clone())).collect();
    let mut edits = vec![Edit::Replace(Section::Clusters(clusters))];
    edits.extend(nodes_of(drawing, name).map(|node| {
        let mut config = node.config.clone();
        config.insert("cluster".into(), to.into());
        Edit::ChangeNode { id: node.id.clone(), change: NodeChange::Config(config) }
    }));
    edits.extend(edges_of(pipeline, name).map(|(edge, topic)| {
        let via = Via::Topic(ThroughTopic { cluster: Some(to.into()), ..topic.clone() });
        Edit::ChangeEdge { edge: edge.id(), change: EdgeChange::Via(Some(via)) }
    }));
    Edit::Batch { label: format!("rename {name} to {to}"), edits }
}

/// Why a cluster cannot be called so; none where it can.
pub fn wrong_cluster_name(drawing: &Drawing, known: Option<&str>, name: &str) -> Option<String> {
    let pipeline = &drawing.pipeline;
    let is_meant = || nodes_of(drawing, name).next().is_some() || edges_of(pipeline, name).next().is_some();
    match pipeline.clusters.get(name) {
        Some(_) => Some(format!("there is a cluster `{name}` already")),
        // Whoever names a cluster that is not declared would be on this one from then on.
        None if known.is_some() && is_meant() => Some(format!("nodes or edges use another cluster `{name}`")),
        None => None,
    }
}

/// Nodes that read or write a cluster, by their fields.
fn nodes_of<'a>(drawing: &'a Drawing, cluster: &'a str) -> impl Iterator<Item = &'a Node> {
    let has_cluster = |node: &&Node| {
        let form = drawing.operator(&node.id).map(|operator| (operator.form)());
        form.is_some_and(|form| form.field("cluster").is_some())
    };
    drawing.pipeline.nodes.iter().filter(move |node| cluster_of(&node.config) == cluster).filter(has_cluster)
}

/// Edges that travel through topics of a cluster.
fn edges_of<'a>(pipeline: &'a Pipeline, cluster: &'a str) -> impl Iterator<Item = (&'a Edge, &'a ThroughTopic)> {
    pipeline.edges.iter().filter_map(move |edge| match &edge.via {
        Some(Via::Topic(topic)) if topic.cluster.as_deref().unwrap_or(DEFAULT_CLUSTER) == cluster => {
            Some((edge, topic))
        }
        _ => None,
    })
}

/// A cluster less.
pub fn without_cluster(pipeline: &Pipeline, name: &str) -> Edit {
    step(format!("take away {name}"), Section::Clusters(without(&pipeline.clusters, name)))
}

fn step(label: String, section: Section) -> Edit {
    Edit::Batch { label, edits: vec![Edit::Replace(section)] }
}

/// Entries with another value in the place of one of them.
pub(super) fn with<T: Clone>(all: &Entries<T>, name: &str, value: T) -> Entries<T> {
    let next =
        |(known, before): &(String, T)| (known.clone(), if known == name { value.clone() } else { before.clone() });
    all.0.iter().map(next).collect()
}

fn and<T: Clone>(all: &Entries<T>, name: &str, value: T) -> Entries<T> {
    all.0.iter().cloned().chain([(name.to_string(), value)]).collect()
}

fn without<T: Clone>(all: &Entries<T>, name: &str) -> Entries<T> {
    all.0.iter().filter(|(known, _)| known != name).cloned().collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::check::{CheckOptions, check};
    use crate::operators;

    fn pipeline() -> Pipeline {
        let document = json!({
            "tidegate": 1, "name": "t",
            "settings": { "threads": "${n}", "application_id": "${name}-${n}" },
            "parameters": { "name": { "default": "a" }, "n": { "default": 1 } },
            "clusters": { "far": { "brokers": "${name}:9092", "properties": { "client.id": "$${name} ${name}" } } },
            "nodes": [
                { "id": "s", "operator": "generate", "config": { "rate": "${n}/s", "of": ["${name}", { "x": "${names}" }] } },
                { "id": "o", "operator": "discard", "label": "${name}" }
            ],
            "edges": [{ "from": "s.out", "to": "o.in", "via": { "topic": { "name": "${name}" } } }]
        });
        Pipeline::parse(&document.to_string()).0.unwrap()
    }

    #[test]
    fn a_parameter_is_renamed_wherever_its_value_is_taken() {
        let start = pipeline();
        let mut pipeline = start.clone();
        let undo = with_parameter_renamed(&pipeline, "name", "title").apply(&mut pipeline).unwrap();
        let document = serde_json::to_value(&pipeline).unwrap();
        for (at, expected) in [
            ("/settings/application_id", json!("${title}-${n}")),
            ("/settings/threads", json!("${n}")),
            ("/clusters/far/brokers", json!("${title}:9092")),
            ("/clusters/far/properties/client.id", json!("$${name} ${title}")),
            ("/nodes/0/config", json!({ "rate": "${n}/s", "of": ["${title}", { "x": "${names}" }] })),
            ("/nodes/1/label", json!("${name}")),
            ("/edges/0/via/topic/name", json!("${title}")),
        ] {
            assert_eq!(document.pointer(at), Some(&expected), "{at}");
        }
        assert_eq!(pipeline.parameters.names().collect::<Vec<_>>(), ["title", "n"]);
        undo.apply(&mut pipeline).unwrap();
        assert_eq!(pipeline, start);
    }

    fn drawing() -> Drawing {
        let document = json!({
            "tidegate": 1, "name": "t",
            "clusters": { "default": { "brokers": "a:9092" }, "far": { "brokers": "b:9092" } },
            "nodes": [
                { "id": "in", "operator": "kafka-source", "config": { "topic": "x" } },
                { "id": "other", "operator": "kafka-source", "config": { "topic": "x", "cluster": "far" } },
                { "id": "same", "operator": "merge" },
                { "id": "out", "operator": "kafka-sink", "config": { "topic": "y", "cluster": "default" } }
            ],
            "edges": [
                { "from": "in.out", "to": "same.in", "via": "topic" },
                { "from": "other.out", "to": "same.in", "via": { "topic": { "cluster": "far", "partitions": 3 } } },
                { "from": "same.out", "to": "out.in" }
            ]
        });
        let checker = Arc::new(|it: &Pipeline, _: &[(String, String)]| check(it, &CheckOptions::new(&[])));
        Drawing::new(Pipeline::parse(&document.to_string()).0.unwrap(), None, operators::ALL, checker)
    }

    #[test]
    fn a_cluster_is_renamed_wherever_it_is_used() {
        let mut drawing = drawing();
        let start = drawing.pipeline.clone();
        for (name, to, expected) in [
            ("far", "edge-2", [None, Some("edge-2"), Some("default"), None, Some("edge-2")]),
            ("default", "main", [Some("main"), Some("far"), Some("main"), Some("main"), Some("far")]),
        ] {
            drawing.apply(&with_cluster_renamed(&drawing, name, to)).unwrap();
            assert_eq!(drawing.errors().count(), 0, "{:?}", drawing.checked.problems);
            let document = serde_json::to_value(&drawing.pipeline).unwrap();
            let at = |path: &str| document.pointer(path).and_then(Value::as_str);
            let found = [
                at("/nodes/0/config/cluster"),
                at("/nodes/1/config/cluster"),
                at("/nodes/3/config/cluster"),
                at("/edges/0/via/topic/cluster"),
                at("/edges/1/via/topic/cluster"),
            ];
            assert_eq!(found, expected, "{name} to {to}");
            assert_eq!(document.pointer("/nodes/2/config/cluster"), None, "who uses none names none");
            assert_eq!(at(&format!("/clusters/{to}/brokers")), Some(if name == "far" { "b:9092" } else { "a:9092" }));
            drawing.undo();
            assert_eq!(drawing.pipeline, start, "it is one step");
        }
    }

    #[test]
    fn a_cluster_takes_no_name_that_others_mean() {
        let mut drawing = drawing();
        let wrong = |drawing: &Drawing, known, name| wrong_cluster_name(drawing, known, name).is_some();
        assert!(wrong(&drawing, Some("far"), "default") && wrong(&drawing, None, "far"));
        assert!(!wrong(&drawing, Some("far"), "near") && !wrong(&drawing, None, "near"));
        drawing.apply(&without_cluster(&drawing.pipeline, "default")).unwrap();
        assert!(wrong(&drawing, Some("far"), "default"), "nodes that name none would be on this one");
        assert!(!wrong(&drawing, None, "default"), "it can be declared");
    }

    #[test]
    fn parameters_and_clusters_come_and_go() {
        let start = pipeline();
        let mut pipeline = start.clone();
        let mut undo = Vec::new();
        for edit in [with_parameter, with_cluster] {
            undo.push(edit(&pipeline, "x").apply(&mut pipeline).unwrap());
        }
        assert!(pipeline.parameters.get("x").is_some() && pipeline.clusters.get("x").is_some());
        for edit in [without_parameter, without_cluster] {
            undo.push(edit(&pipeline, "x").apply(&mut pipeline).unwrap());
        }
        assert_eq!(pipeline, start);
        for inverse in undo.iter().rev() {
            inverse.apply(&mut pipeline).unwrap();
        }
        assert_eq!(pipeline, start);
    }
}
