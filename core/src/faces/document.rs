//! What a document has beside nodes and edges, filled in by forms: how it runs, its parameters, its clusters. Each has its
//! form, the values that it has now, and the edit that gives it others.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::fields::Entries;
use crate::form::Form;
use crate::pipeline::edit::{Edit, Section};
use crate::pipeline::{Cluster, Parameter, Pipeline, Settings};
use crate::problem::Problem;

/// A part of a document that is filled in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Part {
    /// how it runs
    Settings,
    /// a parameter, by its name
    Parameter(String),
    /// a cluster, by its name
    Cluster(String),
}

impl Part {
    /// Its form.
    pub fn form(&self) -> Form {
        match self {
            Part::Settings => Form::of::<Settings>(),
            Part::Parameter(_) => Form::of::<Parameter>(),
            Part::Cluster(_) => Form::of::<Cluster>(),
        }
    }

    /// What it holds now; none where it is not there.
    pub fn values(&self, pipeline: &Pipeline) -> Option<Map<String, Value>> {
        match self {
            Part::Settings => object(&pipeline.settings),
            Part::Parameter(name) => object(pipeline.parameters.get(name)?),
            Part::Cluster(name) => object(pipeline.clusters.get(name)?),
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
        let (of, section) = match self {
            Part::Settings => ("the pipeline", Section::Settings(whole(next)?)),
            Part::Parameter(name) => {
                let parameter = settled(whole(next)?);
                (name.as_str(), Section::Parameters(with(&pipeline.parameters, name, parameter)))
            }
            Part::Cluster(name) => (name.as_str(), Section::Clusters(with(&pipeline.clusters, name, whole(next)?))),
        };
        Ok(Some(Edit::Batch { label: format!("change {what} of {of}"), edits: vec![Edit::Replace(section)] }))
    }

    /// A problem stands at one of its fields: at this one, by its path.
    pub fn has(&self, problem: &Problem, path: &str) -> bool {
        let place = &problem.place;
        let is_at = |field: String| place.node.is_none() && place.field.as_ref() == Some(&field);
        match self {
            Part::Settings => is_at(format!("settings.{path}")),
            // What is wrong with all of it stands at its default.
            Part::Parameter(name) if path == "default" && is_at(format!("parameters.{name}")) => true,
            Part::Parameter(name) => is_at(format!("parameters.{name}.{path}")),
            Part::Cluster(name) => is_at(format!("clusters.{name}.{path}")),
        }
    }
}

/// A parameter more, behind the others; it has an empty text until it is given another.
pub fn with_parameter(pipeline: &Pipeline, name: &str) -> Edit {
    let parameter = Parameter { default: Some(Value::from("")), ..Parameter::default() };
    step(format!("add {name}"), Section::Parameters(and(&pipeline.parameters, name, parameter)))
}

/// A parameter less.
pub fn without_parameter(pipeline: &Pipeline, name: &str) -> Edit {
    step(format!("take away {name}"), Section::Parameters(without(&pipeline.parameters, name)))
}

/// A cluster more, behind the others.
pub fn with_cluster(pipeline: &Pipeline, name: &str) -> Edit {
    let cluster = Cluster { brokers: Some("localhost:9092".into()), ..Cluster::default() };
    step(format!("add {name}"), Section::Clusters(and(&pipeline.clusters, name, cluster)))
}

/// A cluster less.
pub fn without_cluster(pipeline: &Pipeline, name: &str) -> Edit {
    step(format!("take away {name}"), Section::Clusters(without(&pipeline.clusters, name)))
}

fn step(label: String, section: Section) -> Edit {
    Edit::Batch { label, edits: vec![Edit::Replace(section)] }
}

fn object<T: Serialize>(part: &T) -> Option<Map<String, Value>> {
    match serde_json::to_value(part) {
        Ok(Value::Object(fields)) => Some(fields),
        _ => None,
    }
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

/// Entries with another value in the place of one of them.
fn with<T: Clone>(all: &Entries<T>, name: &str, value: T) -> Entries<T> {
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
    use serde_json::json;

    use super::*;
    use crate::faces::rows::{RowKind, rows, with_text};

    /// Types a text into the row of this path.
    fn typed(pipeline: &mut Pipeline, part: &Part, path: &str, text: &str) -> Result<Option<Edit>, String> {
        let values = part.values(pipeline).unwrap();
        let all = rows(&part.form(), &values);
        let is_it = |row: &&crate::faces::rows::FormRow| row.path.join(".") == path && row.kind != RowKind::Head;
        let row = all.iter().find(is_it).unwrap_or_else(|| panic!("{path}: {all:#?}"));
        let edit = part.edit(pipeline, &with_text(&values, row, text)?, path)?;
        Ok(edit.map(|edit| edit.apply(pipeline).unwrap()))
    }

    #[test]
    fn settings_parameters_and_clusters_are_filled_in_and_undone() {
        let mut pipeline = Pipeline::new("p");
        let start = pipeline.clone();
        let mut undo = vec![
            with_parameter(&pipeline, "p").apply(&mut pipeline).unwrap(),
            with_cluster(&pipeline, "default").apply(&mut pipeline).unwrap(),
        ];
        let (parameter, cluster) = (Part::Parameter("p".into()), Part::Cluster("default".into()));
        for (part, path, text, at, expected) in [
            (&Part::Settings, "commit_interval", "5s", "/settings/commit_interval", json!("5s")),
            (&Part::Settings, "threads", "${p}", "/settings/threads", json!("${p}")),
            (&Part::Settings, "threads", "4", "/settings/threads", json!(4)),
            (&Part::Settings, "scale", "group", "/settings/scale", json!("group")),
            (&Part::Settings, "application_id", "orders", "/settings/application_id", json!("orders")),
            (&parameter, "default", "5", "/parameters/p/default", json!(5)),
            (&parameter, "default", "5s", "/parameters/p/default", json!("5s")),
            (&parameter, "description", "how many", "/parameters/p/description", json!("how many")),
            (&parameter, "secret", "true", "/parameters/p", json!({ "description": "how many", "secret": true })),
            (&cluster, "brokers", "a:9092,b:9092", "/clusters/default/brokers", json!("a:9092,b:9092")),
            (&cluster, "properties", "sasl.username = me", "/clusters/default/properties/sasl.username", json!("me")),
        ] {
            undo.extend(typed(&mut pipeline, part, path, text).unwrap());
            let document = serde_json::to_value(&pipeline).unwrap();
            assert_eq!(document.pointer(at), Some(&expected), "{path} = {text}");
        }
        for (part, path, text) in [
            (&Part::Settings, "threads", "0"),
            (&Part::Settings, "commit_interval", "soon"),
            (&Part::Settings, "scale", "x"),
        ] {
            assert!(typed(&mut pipeline, part, path, text).is_err(), "{path} = {text}");
        }
        assert_eq!(typed(&mut pipeline, &cluster, "brokers", "a:9092,b:9092"), Ok(None), "what is the same is no step");
        undo.push(without_parameter(&pipeline, "p").apply(&mut pipeline).unwrap());
        undo.push(without_cluster(&pipeline, "default").apply(&mut pipeline).unwrap());
        assert_eq!((parameter.values(&pipeline), cluster.values(&pipeline)), (None, None));
        for inverse in undo.iter().rev() {
            inverse.apply(&mut pipeline).unwrap();
        }
        assert_eq!(pipeline, start);
    }
}
