//! What of a pipeline is filled in by a form: the config of a node, what every node has beside it, how an edge travels. Each
//! has its form, the values that it has now, and the edit that gives it others.

use serde_json::{Map, Value};

use super::drawing::Drawing;
use super::topics::{DEFAULT_CLUSTER, cluster_of};
use crate::form::Form;
use crate::pipeline::edit::{EdgeChange, Edit, NodeChange};
use crate::pipeline::{Edge, Node, OnError, Pipeline, Supervision, Via};
use crate::problem::Problem;

/// Something that is filled in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// the config of a node, by its id
    Config(String),
    /// what every node has beside its config: whether it runs, what failures do
    Node(String),
    /// how an edge travels, by `from->to`
    Edge(String),
}

/// Fields that every node has beside its config.
const OF_NODE: &[&str] = &["disabled", "on_error", "supervision"];
/// The field of an edge.
const OF_EDGE: &[&str] = &["via"];

impl Subject {
    /// Its form; none where it is not there, or its operator is not known.
    pub fn form(&self, drawing: &Drawing) -> Option<Form> {
        match self {
            Subject::Config(id) => drawing.operator(id).map(|operator| (operator.form)()),
            Subject::Node(id) => drawing.pipeline.node(id).map(|_| only(Form::of::<Node>(), OF_NODE)),
            Subject::Edge(id) => drawing.pipeline.edge(id).map(|_| only(Form::of::<Edge>(), OF_EDGE)),
        }
    }

    /// What it holds now.
    pub fn values(&self, pipeline: &Pipeline) -> Option<Map<String, Value>> {
        match self {
            Subject::Config(id) => pipeline.node(id).map(|node| node.config.clone()),
            Subject::Node(id) => {
                let node = pipeline.node(id)?;
                let disabled = node.disabled.then_some(Value::Bool(true));
                let on_error = node.on_error.as_ref().and_then(|word| serde_json::to_value(word).ok());
                let supervision = node.supervision.as_ref().and_then(|way| serde_json::to_value(way).ok());
                let fields = OF_NODE.iter().zip([disabled, on_error, supervision]);
                Some(fields.filter_map(|(name, value)| Some((name.to_string(), value?))).collect())
            }
            Subject::Edge(id) => {
                // The default is shown as it is, so that its fields can be filled in.
                let via = pipeline.edge(id)?.via.clone().unwrap_or_default();
                Some(Map::from_iter([("via".to_string(), serde_json::to_value(via).ok()?)]))
            }
        }
    }

    /// The edit that makes it hold these values, called by the field `what`; none where it holds them.
    ///
    /// # Errors
    /// Why they are none that it can hold.
    pub fn edit(&self, pipeline: &Pipeline, next: &Map<String, Value>, what: &str) -> Result<Option<Edit>, String> {
        if self.values(pipeline).as_ref() == Some(next) {
            return Ok(None);
        }
        let (edits, of) = match self {
            Subject::Config(id) => {
                let change = NodeChange::Config(next.clone());
                (vec![Edit::ChangeNode { id: id.clone(), change }], id)
            }
            Subject::Node(id) => (of_node(pipeline, id, next)?, id),
            Subject::Edge(id) => {
                let via: Via = read(next.get("via"))?.unwrap_or_default();
                let via = Some(via).filter(|via| *via != Via::default());
                (vec![Edit::ChangeEdge { edge: id.clone(), change: EdgeChange::Via(via) }], id)
            }
        };
        Ok(Some(Edit::Batch { label: format!("change {what} of {of}"), edits }))
    }

    /// The cluster whose topics its fields name, where it holds these values.
    pub fn cluster<'a>(&self, values: &'a Map<String, Value>) -> &'a str {
        let through = || values.get("via")?.get("topic")?.as_object();
        match self {
            Subject::Config(_) | Subject::Node(_) => cluster_of(values),
            Subject::Edge(_) => through().map_or(DEFAULT_CLUSTER, cluster_of),
        }
    }

    /// A problem stands at one of its fields: at this one, by its path.
    pub fn has(&self, problem: &Problem, path: &str) -> bool {
        let place = &problem.place;
        let is_here = match self {
            Subject::Config(id) | Subject::Node(id) => place.node.as_ref() == Some(id),
            Subject::Edge(id) => place.edge.as_ref() == Some(id),
        };
        is_here && place.field.as_deref() == Some(path)
    }

    /// The node whose input its expressions and columns are about.
    pub fn node(&self) -> &str {
        match self {
            Subject::Config(id) | Subject::Node(id) => id,
            Subject::Edge(_) => "",
        }
    }
}

/// A form with these fields alone.
fn only(mut form: Form, names: &[&str]) -> Form {
    form.fields.retain(|field| names.contains(&field.name.as_str()));
    form
}

fn read<T: serde::de::DeserializeOwned>(value: Option<&Value>) -> Result<Option<T>, String> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(None) };
    serde_json::from_value(value.clone()).map(Some).map_err(|why| why.to_string())
}

/// The edits that give a node other values of what it has beside its config.
fn of_node(pipeline: &Pipeline, id: &str, next: &Map<String, Value>) -> Result<Vec<Edit>, String> {
    let node = pipeline.node(id).ok_or_else(|| format!("there is no node `{id}`"))?;
    let disabled: bool = read(next.get("disabled"))?.unwrap_or_default();
    let on_error: Option<OnError> = read(next.get("on_error"))?;
    let supervision: Option<Supervision> = read(next.get("supervision"))?;
    let mut changes = Vec::new();
    if node.disabled != disabled {
        changes.push(NodeChange::Disabled(disabled));
    }
    if node.on_error != on_error {
        changes.push(NodeChange::OnError(on_error));
    }
    if node.supervision != supervision {
        changes.push(NodeChange::Supervision(supervision));
    }
    Ok(changes.into_iter().map(|change| Edit::ChangeNode { id: id.to_string(), change }).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::check::{CheckOptions, check};
    use crate::faces::rows::{rows, with_text};
    use crate::operators;

    fn drawing() -> Drawing {
        let document = json!({
            "tidegate": 1, "name": "t",
            "nodes": [{ "id": "s", "operator": "generate" }, { "id": "o", "operator": "discard" }],
            "edges": [{ "from": "s.out", "to": "o.in" }]
        });
        let pipeline = Pipeline::parse(&document.to_string()).0.unwrap();
        let checker = Arc::new(|it: &Pipeline, _: &[(String, String)]| check(it, &CheckOptions::new(&[])));
        Drawing::new(pipeline, None, operators::ALL, checker)
    }

    /// Types a text into the row of this path; tells what the part of the document is then.
    fn typed(drawing: &mut Drawing, subject: &Subject, path: &str, text: &str) -> Result<Value, String> {
        let values = subject.values(&drawing.pipeline).unwrap();
        let all = rows(&subject.form(drawing).unwrap(), &values);
        let row = all.into_iter().find(|row| row.path.join(".") == path).unwrap_or_else(|| panic!("{path}"));
        let next = with_text(&values, &row, text)?;
        if let Some(edit) = subject.edit(&drawing.pipeline, &next, path)? {
            drawing.apply(&edit).unwrap();
        }
        let document = serde_json::to_value(&drawing.pipeline).unwrap();
        Ok(document[if matches!(subject, Subject::Edge(_)) { "edges" } else { "nodes" }][0].clone())
    }

    #[test]
    fn parts_of_nodes_and_edges_are_filled_in_and_undone() {
        let mut drawing = drawing();
        let start = drawing.pipeline.clone();
        let (node, edge) = (Subject::Node("s".into()), Subject::Edge("s.out->o.in".into()));
        for (subject, path, text, field, expected) in [
            (&node, "disabled", "true", "disabled", json!(true)),
            (&node, "disabled", "false", "disabled", Value::Null),
            (&node, "on_error", "count", "on_error", json!("count")),
            (&node, "supervision", "restart", "supervision", json!("restart")),
            (
                &node,
                "supervision.restart.min_backoff",
                "2s",
                "supervision",
                json!({ "restart": { "min_backoff": "2s" } }),
            ),
            (&edge, "via.direct.buffer", "16", "via", json!({ "direct": { "buffer": 16 } })),
            (&edge, "via.direct.buffer", "", "via", Value::Null),
            (&edge, "via", "topic", "via", json!("topic")),
            (&edge, "via.topic.partitions", "3", "via", json!({ "topic": { "partitions": 3 } })),
            (&edge, "via", "direct", "via", Value::Null),
        ] {
            let part = typed(&mut drawing, subject, path, text);
            assert_eq!(part.map(|part| part[field].clone()), Ok(expected), "{path} = {text}");
        }
        assert!(typed(&mut drawing, &edge, "via.direct.buffer", "many").is_err());
        while drawing.undo().is_some() {}
        assert_eq!(drawing.pipeline, start);
    }

    #[test]
    fn what_is_the_same_is_no_step() {
        let drawing = drawing();
        for subject in [Subject::Config("s".into()), Subject::Node("s".into()), Subject::Edge("s.out->o.in".into())] {
            let values = subject.values(&drawing.pipeline).unwrap();
            assert_eq!(subject.edit(&drawing.pipeline, &values, "it"), Ok(None));
            assert!(!subject.form(&drawing).unwrap().fields.is_empty());
        }
        assert_eq!(Subject::Config("nobody".into()).values(&drawing.pipeline), None);
        let edge = Subject::Edge("s.out->o.in".into());
        for (values, cluster) in [
            (json!({ "via": "direct" }), "default"),
            (json!({ "via": { "topic": { "cluster": "far" } } }), "far"),
            (json!({ "cluster": "far" }), "default"),
        ] {
            assert_eq!(edge.cluster(values.as_object().unwrap()), cluster, "{values}");
        }
    }
}
