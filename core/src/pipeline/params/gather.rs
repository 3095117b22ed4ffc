//! Finding the values of parameters.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::{Parameter, Pipeline};
use super::{Given, Origin, Sources, Values, unknown};
use crate::fields::Secret;
use crate::problem::{Place, Problem};

impl Values {
    /// Finds the value of every parameter. A secret without one is no problem here: it may never be needed.
    pub fn gather(pipeline: &Pipeline, sources: &Sources<'_>) -> (Values, Vec<Problem>) {
        let mut values = Values::default();
        let mut problems = set_problems(pipeline, sources.set);
        for (name, parameter) in pipeline.parameters.iter() {
            let place = Place::field(format!("parameters.{name}"));
            let (given, origin) = if parameter.secret {
                gather_secret(name, parameter, sources, &place, &mut problems)
            } else {
                gather_plain(name, parameter, sources, &place, &mut problems)
            };
            values.known.insert(name.to_string(), given);
            values.origins.insert(name.to_string(), origin);
        }
        problems.extend(doubled_variables(pipeline));
        (values, problems)
    }
}

fn gather_plain(
    name: &str,
    parameter: &Parameter,
    sources: &Sources<'_>,
    place: &Place,
    problems: &mut Vec<Problem>,
) -> (Given, Origin) {
    let set = sources.set.iter().rev().find(|(known, _)| known == name);
    let set = set.map(|(_, value)| (value.clone(), Origin::Set));
    let of_variable = || from_environment(name, "", sources).map(|(name, value)| (value, Origin::Variable(name)));
    let default = || parameter.default.as_ref().map(|value| (text_of(value), Origin::Default));
    match set.or_else(of_variable).or_else(default) {
        Some((value, origin)) => (Given::Plain(value), origin),
        None => {
            let remedy = format!("give it with --set {name}=…, as {}, or as a default", variable(name));
            problems.push(Problem::error(place.clone(), format!("the parameter `{name}` has no value")).remedy(remedy));
            (Given::Missing, Origin::Nowhere)
        }
    }
}

fn gather_secret(
    name: &str,
    parameter: &Parameter,
    sources: &Sources<'_>,
    place: &Place,
    problems: &mut Vec<Problem>,
) -> (Given, Origin) {
    if parameter.default.is_some() {
        let place = place.clone().at_field(format!("parameters.{name}.default"));
        let remedy = format!("take the default away and set {}", variable(name));
        problems.push(Problem::error(place, format!("the secret `{name}` may not stand in the file")).remedy(remedy));
    }
    if let Some((variable, value)) = from_environment(name, "", sources) {
        return (Given::Secret(Some(Secret::new(value))), Origin::Variable(variable));
    }
    let Some((of_file, path)) = from_environment(name, "_FILE", sources) else {
        return (Given::Secret(None), Origin::Nowhere);
    };
    match (sources.file)(&path) {
        Ok(text) => (Given::Secret(Some(Secret::new(text.trim_end_matches(['\r', '\n'])))), Origin::File(of_file)),
        Err(why) => {
            let message = format!("the secret `{name}` cannot be read from {path}: {why}");
            problems.push(Problem::error(place.clone(), message).remedy(format!("see {}_FILE", variable(name))));
            (Given::Missing, Origin::File(of_file))
        }
    }
}

/// The variable of a parameter: `TIDEGATE_` and the name in capitals, `-` as `_`.
pub fn variable(name: &str) -> String {
    format!("TIDEGATE_{}", name.to_ascii_uppercase().replace('-', "_"))
}

/// The variable that is set, and its value.
fn from_environment(name: &str, suffix: &str, sources: &Sources<'_>) -> Option<(String, String)> {
    let lookup = |variable: String| {
        let variable = format!("{variable}{suffix}");
        (sources.environment)(&variable).map(|value| (variable, value))
    };
    lookup(variable(name)).or_else(|| lookup(format!("TIDEGATE_{name}")))
}

fn set_problems(pipeline: &Pipeline, set: &[(String, String)]) -> Vec<Problem> {
    let problem = |(name, _): &(String, String)| match pipeline.parameters.get(name) {
        None => Some(unknown(name, pipeline.parameters.names(), &Place::field("parameters"))),
        Some(parameter) if parameter.secret => Some(
            Problem::error(
                Place::field(format!("parameters.{name}")),
                format!("the secret `{name}` may not be set on the command line, where others see it"),
            )
            .remedy(format!("set {}, or {0}_FILE to a file that holds it", variable(name))),
        ),
        Some(_) => None,
    };
    set.iter().filter_map(problem).collect()
}

/// Two parameters that one variable would set.
fn doubled_variables(pipeline: &Pipeline) -> Vec<Problem> {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    let problem = |name| {
        let before = seen.insert(variable(name), name)?;
        let message = format!("`{before}` and `{name}` are both set by {}", variable(name));
        Some(Problem::error(Place::field(format!("parameters.{name}")), message).remedy("rename one of them"))
    };
    pipeline.parameters.names().filter_map(problem).collect()
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
