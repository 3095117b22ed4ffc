//! Text to pipeline: every fault of structure at once, each at its node or edge and with line and column.

use serde_json::Value;

use super::json;
use super::{Pipeline, VERSION, locate};
use crate::form::Form;
use crate::problem::{Place, Problem};

impl Pipeline {
    /// Reads a file.
    ///
    /// There is a pipeline unless the text is not JSON, is of a newer version, or lacks what nothing can stand for (the
    /// operator of a node). What was refused (an unknown field, a value of a wrong kind) is left out of it and told of
    /// in the problems; with an error among them it must not be run, nor saved over the file.
    pub fn parse(text: &str) -> (Option<Pipeline>, Vec<Problem>) {
        let text = text.trim_start_matches('\u{feff}');
        let mut value = match json::read(text) {
            Ok(value) => value,
            Err(problem) => return (None, vec![*problem]),
        };
        if let Some(mut problem) = version_problem(&value) {
            problem.place.line = locate::locate(text, &problem.place).or(Some((1, 1)));
            return (None, vec![problem]);
        }
        let mut problems = structure_problems(text, &mut value);
        let pipeline = match serde_path_to_error::deserialize(value.clone()) {
            Ok(pipeline) => Some(with_ids(pipeline)),
            Err(error) => {
                // With problems told already, this one only follows from them.
                if problems.is_empty() {
                    let steps = json::steps(&value, &error.path().to_string());
                    let place = locate::place(text, &value, &steps);
                    let remedy = "see the file's schema, assets/tidegate.schema.json";
                    problems.push(Problem::error(place, error.inner().to_string()).remedy(remedy));
                }
                None
            }
        };
        if let Some(pipeline) = &pipeline {
            let mut found = pipeline.identity_problems();
            locate::locate_all(text, &mut found);
            problems.extend(found);
        }
        (pipeline, problems)
    }
}

fn version_problem(value: &Value) -> Option<Problem> {
    let place = || Place::field("tidegate");
    let begin = || format!("begin the file with {{ \"tidegate\": {VERSION}");
    let problem = match (value, value.get("tidegate")) {
        (Value::Object(_), Some(version)) if version.as_u64() == Some(u64::from(VERSION)) => return None,
        (Value::Object(_), Some(Value::Number(version))) if version.as_f64() > Some(f64::from(VERSION)) => {
            Problem::error(
                place(),
                format!("written by a newer Tidegate: version {version}, this one reads up to {VERSION}"),
            )
            .remedy("update Tidegate")
        }
        (Value::Object(_), Some(other)) => {
            Problem::error(place(), format!("expected the version of the file, {VERSION}, found {other}"))
                .remedy(begin())
        }
        (Value::Object(_), None) => {
            Problem::error(Place::default(), "this is not a pipeline: `tidegate` is missing").remedy(begin())
        }
        _ => Problem::error(Place::default(), "a pipeline is a JSON object").remedy(begin()),
    };
    Some(problem)
}

/// Finds what does not fit the form of a file, and takes it out of the value.
fn structure_problems(text: &str, value: &mut Value) -> Vec<Problem> {
    let Value::Object(map) = &*value else { return Vec::new() };
    let found = Form::of::<Pipeline>().validate_template(map, &Place::default());
    let mut problems = Vec::with_capacity(found.len());
    let mut refused = Vec::with_capacity(found.len());
    for problem in found {
        let steps = json::steps(value, problem.place.field.as_deref().unwrap_or_default());
        problems.push(Problem { place: locate::place(text, value, &steps), ..problem });
        refused.push(steps);
    }
    // From the end, so that the places of earlier items stay what they are.
    for steps in refused.iter().rev() {
        json::remove(value, steps);
    }
    problems
}

/// Notes and groups that a person wrote without an id get one.
fn with_ids(mut pipeline: Pipeline) -> Pipeline {
    for index in 0..pipeline.notes.len() {
        if pipeline.notes[index].id.is_empty() {
            pipeline.notes[index].id = pipeline.fresh_id("note");
        }
    }
    for index in 0..pipeline.groups.len() {
        if pipeline.groups[index].id.is_empty() {
            pipeline.groups[index].id = pipeline.fresh_id("group");
        }
    }
    pipeline
}
