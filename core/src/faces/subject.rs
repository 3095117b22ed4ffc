//! What of a pipeline is filled in by a form: the config of a node, what every node has beside it, how an edge travels, how the
//! pipeline runs, its parameters, its clusters. Each has its form, the values that it has now, and the edit that gives it
//! others.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::document;
use super::drawing::Drawing;
use super::topics::{DEFAULT_CLUSTER, cluster_of};
use crate::form::Form;
use crate::pipeline::edit::{EdgeChange, Edit, NodeChange, Section};
use crate::pipeline::{Cluster, Edge, Node, OnError, Parameter, Pipeline, Settings, Supervision, Via};
use crate::problem::{Place, Problem};

/// Something that is filled in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// the config of a node, by its id
    Config(String),
    /// what every node has beside its config: whether it runs, what failures do
    Node(String),
    /// how an edge travels, by `from->to`
    Edge(String),
    /// how the pipeline runs
    Settings,
    /// a parameter, by its name
    Parameter(String),
    /// a cluster, by its name
    Cluster(String),
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
            Subject::Settings => Some(Form::of::<Settings>()),
            Subject::Parameter(name) => drawing.pipeline.parameters.get(name).map(|_| Form::of::<Parameter>()),
            Subject::Cluster(name) => drawing.pipeline.clusters.get(name).map(|_| Form::of::<Cluster>()),
        }
    }

    /// What it holds now; none where it is not there.
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
            Subject::Settings => object(&pipeline.settings),
            Subject::Parameter(name) => object(pipeline.parameters.get(name)?),
            Subject::Cluster(name) => object(pipeline.clusters.get(name)?),
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
                (vec![Edit::ChangeNode { id: id.clone(), change }], id.as_str())
            }
            Subject::Node(id) => (of_node(pipeline, id, next)?, id.as_str()),
            Subject::Edge(id) => {
                let via: Via = read(next.get("via"))?.unwrap_or_default();
                let via = Some(via).filter(|via| *via != Via::default());
                (vec![Edit::ChangeEdge { edge: id.clone(), change: EdgeChange::Via(via) }], id.as_str())
            }
            Subject::Settings => (vec![Edit::Replace(Section::Settings(whole(next)?))], "the pipeline"),
            Subject::Parameter(name) => {
                let parameters = document::with(&pipeline.parameters, name, settled(whole(next)?));
                (vec![Edit::Replace(Section::Parameters(parameters))], name.as_str())
            }
            Subject::Cluster(name) => {
                let clusters = document::with(&pipeline.clusters, name, whole(next)?);
                (vec![Edit::Replace(Section::Clusters(clusters))], name.as_str())
            }
        };
        Ok(Some(Edit::Batch { label: format!("change {what} of {of}"), edits }))
    }

    /// The cluster whose topics its fields name, where it holds these values.
    pub fn cluster<'a>(&self, values: &'a Map<String, Value>) -> &'a str {
        let through = || values.get("via")?.get("topic")?.as_object();
        match self {
            Subject::Edge(_) => through().map_or(DEFAULT_CLUSTER, cluster_of),
            _ => cluster_of(values),
        }
    }

    /// A problem stands at one of its fields: at this one, by its path.
    pub fn has(&self, problem: &Problem, path: &str) -> bool {
        let place = &problem.place;
        let (is_here, field) = match self {
            Subject::Config(id) | Subject::Node(id) => (place.node.as_ref() == Some(id), path.to_string()),
            Subject::Edge(id) => (place.edge.as_ref() == Some(id), path.to_string()),
            Subject::Settings => (place.node.is_none(), format!("settings.{path}")),
            // What is wrong with all of it stands at its default.
            Subject::Parameter(name) if path == "default" && is_all_of(place, name) => return true,
            Subject::Parameter(name) => (place.node.is_none(), format!("parameters.{name}.{path}")),
            Subject::Cluster(name) => (place.node.is_none(), format!("clusters.{name}.{path}")),
        };
        is_here && place.field.as_ref() == Some(&field)
    }

    /// What holds a field of the file that lies in no node and no edge, and the field's path within that.
    pub fn of_field(pipeline: &Pipeline, field: &str) -> Option<(Subject, String)> {
        let (section, rest) = field.split_once('.')?;
        let within = |name: &str| match rest.strip_prefix(name)? {
            "" => Some(String::new()),
            path => path.strip_prefix('.').map(str::to_string),
        };
        let of_name = |of: fn(String) -> Subject, name: &str| Some((of(name.to_string()), within(name)?));
        match section {
            "settings" => Some((Subject::Settings, rest.to_string())),
            "parameters" => pipeline.parameters.names().find_map(|name| of_name(Subject::Parameter, name)),
            "clusters" => pipeline.clusters.names().find_map(|name| of_name(Subject::Cluster, name)),
            _ => None,
        }
    }

    /// The node whose input its expressions and columns are about; empty where it is about none.
    pub fn node(&self) -> &str {
        match self {
            Subject::Config(id) | Subject::Node(id) => id,
            _ => "",
        }
    }
}

/// A place is a parameter as a whole.
fn is_all_of(place: &Place, parameter: &str) -> bool {
    place.field.as_ref().is_some_and(|field| field.strip_prefix("parameters.") == Some(parameter))
}

/// A form with these fields alone.
fn only(mut form: Form, names: &[&str]) -> Form {
    form.fields.retain(|field| names.contains(&field.name.as_str()));
    form
}

fn object<T: Serialize>(part: &T) -> Option<Map<String, Value>> {
    match serde_json::to_value(part) {
        Ok(Value::Object(fields)) => Some(fields),
        _ => None,
    }
}

fn read<T: DeserializeOwned>(value: Option<&Value>) -> Result<Option<T>, String> {
    let Some(value) = value.filter(|value| !value.is_null()) else { return Ok(None) };
    serde_json::from_value(value.clone()).map(Some).map_err(|why| why.to_string())
}

fn whole<T: DeserializeOwned>(values: &Map<String, Value>) -> Result<T, String> {
    serde_json::from_value(Value::Object(values.clone())).map_err(|why| why.to_string())
}

/// A parameter as a file would have it: a secret has no default there, and a default that is typed as a number is one.
fn settled(parameter: Parameter) -> Parameter {
    let scalar = |value: Value| match value.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok()) {
        Some(scalar @ (Value::Number(_) | Value::Bool(_))) => scalar,
        _ => value,
    };
    Parameter { default: parameter.default.filter(|_| !parameter.secret).map(scalar), ..parameter }
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
    use crate::faces::rows::{FormRow, RowKind, rows, with_text};
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

    /// Types a text into the row of this path; tells what the document is then.
    fn typed(drawing: &mut Drawing, subject: &Subject, path: &str, text: &str) -> Result<Value, String> {
        let values = subject.values(&drawing.pipeline).unwrap();
        let all = rows(&subject.form(drawing).unwrap(), &values);
        let is_it = |row: &&FormRow| row.path.join(".") == path && row.kind != RowKind::Head;
        let row = all.iter().find(is_it).unwrap_or_else(|| panic!("{path}: {all:#?}"));
        let next = with_text(&values, row, text)?;
        if let Some(edit) = subject.edit(&drawing.pipeline, &next, path)? {
            drawing.apply(&edit).unwrap();
        }
        Ok(serde_json::to_value(&drawing.pipeline).unwrap())
    }

    #[test]
    fn all_that_has_a_form_is_filled_in_and_undone() {
        const BACKOFF: &str = "/nodes/0/supervision/restart/min_backoff";
        let mut drawing = drawing();
        let start = drawing.pipeline.clone();
        for edit in [document::with_parameter(&start, "p"), document::with_cluster(&start, "default")] {
            drawing.apply(&edit).unwrap();
        }
        let (node, edge) = (Subject::Node("s".into()), Subject::Edge("s.out->o.in".into()));
        let (parameter, cluster) = (Subject::Parameter("p".into()), Subject::Cluster("default".into()));
        for (subject, path, text, at, expected) in [
            (&node, "disabled", "true", "/nodes/0/disabled", json!(true)),
            (&node, "disabled", "false", "/nodes/0/disabled", Value::Null),
            (&node, "on_error", "count", "/nodes/0/on_error", json!("count")),
            (&node, "supervision", "restart", "/nodes/0/supervision", json!("restart")),
            (&node, "supervision.restart.min_backoff", "2s", BACKOFF, json!("2s")),
            (&edge, "via.direct.buffer", "16", "/edges/0/via", json!({ "direct": { "buffer": 16 } })),
            (&edge, "via.direct.buffer", "", "/edges/0/via", Value::Null),
            (&edge, "via", "topic", "/edges/0/via", json!("topic")),
            (&edge, "via.topic.partitions", "3", "/edges/0/via", json!({ "topic": { "partitions": 3 } })),
            (&edge, "via", "direct", "/edges/0/via", Value::Null),
            (&Subject::Settings, "commit_interval", "5s", "/settings/commit_interval", json!("5s")),
            (&Subject::Settings, "threads", "${p}", "/settings/threads", json!("${p}")),
            (&Subject::Settings, "threads", "4", "/settings/threads", json!(4)),
            (&Subject::Settings, "scale", "group", "/settings/scale", json!("group")),
            (&Subject::Settings, "scale", "", "/settings/scale", Value::Null),
            (&Subject::Settings, "application_id", "orders", "/settings/application_id", json!("orders")),
            (&parameter, "default", "5", "/parameters/p/default", json!(5)),
            (&parameter, "default", "5s", "/parameters/p/default", json!("5s")),
            (&parameter, "description", "how many", "/parameters/p/description", json!("how many")),
            (&parameter, "secret", "true", "/parameters/p", json!({ "description": "how many", "secret": true })),
            (&cluster, "brokers", "a:9092,b:9092", "/clusters/default/brokers", json!("a:9092,b:9092")),
            (&cluster, "properties", "sasl.username = me", "/clusters/default/properties/sasl.username", json!("me")),
        ] {
            let document = typed(&mut drawing, subject, path, text).unwrap();
            assert_eq!(document.pointer(at).cloned().unwrap_or_default(), expected, "{path} = {text}");
        }
        for (subject, path, text) in [
            (&edge, "via.direct.buffer", "many"),
            (&Subject::Settings, "threads", "0"),
            (&Subject::Settings, "commit_interval", "soon"),
            (&Subject::Settings, "scale", "x"),
        ] {
            assert!(typed(&mut drawing, subject, path, text).is_err(), "{path} = {text}");
        }
        while drawing.undo().is_some() {}
        assert_eq!(drawing.pipeline, start);
    }

    #[test]
    fn a_field_of_the_file_leads_to_what_holds_it() {
        let mut drawing = drawing();
        for edit in [document::with_parameter(&drawing.pipeline, "p"), document::with_cluster(&drawing.pipeline, "a.b")]
        {
            drawing.apply(&edit).unwrap();
        }
        let (parameter, cluster) = (Subject::Parameter("p".into()), Subject::Cluster("a.b".into()));
        for (field, expected) in [
            ("settings.threads", Some((&Subject::Settings, "threads"))),
            ("parameters.p", Some((&parameter, ""))),
            ("parameters.p.default", Some((&parameter, "default"))),
            ("parameters.pp", None),
            ("clusters.a.b.properties.x", Some((&cluster, "properties.x"))),
            ("clusters.a", None),
            ("name", None),
        ] {
            let found = Subject::of_field(&drawing.pipeline, field);
            let expected = expected.map(|(subject, path)| (subject.clone(), path.to_string()));
            assert_eq!(found, expected, "{field}");
        }
        let whole = Problem::error(Place::field("parameters.p"), "it has no value").remedy("give it one");
        assert_eq!(["default", "secret"].map(|path| parameter.has(&whole, path)), [true, false]);
    }

    #[test]
    fn what_is_the_same_is_no_step() {
        let drawing = drawing();
        let edge = Subject::Edge("s.out->o.in".into());
        for subject in [Subject::Config("s".into()), Subject::Node("s".into()), edge.clone(), Subject::Settings] {
            let values = subject.values(&drawing.pipeline).unwrap();
            assert_eq!(subject.edit(&drawing.pipeline, &values, "it"), Ok(None));
            assert!(!subject.form(&drawing).unwrap().fields.is_empty());
        }
        for nobody in [Subject::Config("x".into()), Subject::Parameter("x".into()), Subject::Cluster("x".into())] {
            assert_eq!((nobody.values(&drawing.pipeline), nobody.form(&drawing)), (None, None));
        }
        for (values, cluster) in [
            (json!({ "via": "direct" }), "default"),
            (json!({ "via": { "topic": { "cluster": "far" } } }), "far"),
            (json!({ "cluster": "far" }), "default"),
        ] {
            assert_eq!(edge.cluster(values.as_object().unwrap()), cluster, "{values}");
        }
    }
}
