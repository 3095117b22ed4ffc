//! Nodes one by one: operator, config, ports.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::mend::Broken;
use super::{Check, CheckedNode, RestartPolicy};
use crate::form::Form;
use crate::operators::{self, ConfigError, Operator, Ports, Shape};
use crate::pipeline::params::FilledConfig;
use crate::pipeline::{Node, Restart, Supervision};
use crate::problem::{Place, Problem, Severity, meant_or};

const MIN_BACKOFF_MS: u64 = 200;
const MAX_BACKOFF_MS: u64 = 30_000;
const JITTER: f64 = 0.2;

impl Check<'_> {
    /// The nodes without their streams, and the problems of each.
    pub(super) fn nodes(&mut self) -> (Vec<CheckedNode>, Vec<Vec<Problem>>) {
        let pipeline = self.pipeline;
        pipeline.nodes.iter().map(|node| self.node(node)).unzip()
    }

    fn node(&self, drawn: &Node) -> (CheckedNode, Vec<Problem>) {
        let place = Place::node(&drawn.id);
        let operator = self.options.operators.iter().copied().find(|operator| operator.name == drawn.operator);
        let form = operator.map(|operator| (operator.form)());
        let FilledConfig { config, mut problems, unfilled } =
            self.values.fill_config(form.as_ref(), &drawn.config, &place);
        let mut broken = Broken::default();
        let shape = match operator.zip(form) {
            None => {
                // That none is named was told already.
                problems.extend((!drawn.operator.is_empty()).then(|| self.unknown_operator(drawn)));
                None
            }
            Some((operator, form)) => {
                // A text with a parameter that could not be filled was told of already.
                problems.extend(form.validate_template(&config, &place));
                let wrong = problems.iter().filter(|problem| problem.severity == Severity::Error);
                let wrong = wrong.filter_map(|problem| problem.place.field.as_ref()).chain(&unfilled);
                for field in wrong {
                    broken.add(&form, &config, field);
                }
                configure(operator, &form, &config, &mut broken, &place, &mut problems)
            }
        };
        let ports = shape.as_ref().map(|shape| shape.ports());
        let counts = ports.as_ref().map_or((0, 0), |ports: &Ports| (ports.inputs.len(), ports.output_count()));
        let node = CheckedNode {
            operator,
            config,
            shape,
            ports,
            inputs: vec![None; counts.0],
            outputs: vec![None; counts.1],
            is_active: !drawn.disabled,
            on_error: drawn.on_error.unwrap_or_default(),
            restart: self.restart(drawn, &place, &mut problems),
            broken,
        };
        (node, problems)
    }

    fn unknown_operator(&self, drawn: &Node) -> Problem {
        let place = Place::node(&drawn.id).at_field("operator");
        if operators::PLANNED.contains(&drawn.operator.as_str()) {
            let remedy = "leave the node out for now: `tidegate describe` lists what is there";
            return Problem::error(place, format!("`{}` is not built yet", drawn.operator)).remedy(remedy);
        }
        let names = || self.options.operators.iter().map(|operator| operator.name);
        let all = format!("operators are {}", names().collect::<Vec<_>>().join(", "));
        let remedy = meant_or(&drawn.operator, names(), all);
        Problem::error(place, format!("unknown operator `{}`", drawn.operator)).remedy(remedy)
    }

    fn restart(&self, drawn: &Node, place: &Place, problems: &mut Vec<Problem>) -> Option<RestartPolicy> {
        let Some(Supervision::Restart(restart)) = &drawn.supervision else { return None };
        let Restart { min_backoff, max_backoff, jitter, max_restarts } = restart;
        let at = |name: &str| place.clone().at_field(format!("supervision.restart.{name}"));
        let min = self.values.settle(min_backoff.as_ref(), &at("min_backoff"), problems);
        let max = self.values.settle(max_backoff.as_ref(), &at("max_backoff"), problems);
        let min_backoff_ms = min.map_or(MIN_BACKOFF_MS, |wait| wait.to_ms());
        let max_backoff_ms = max.map_or(MAX_BACKOFF_MS.max(min_backoff_ms), |wait| wait.to_ms());
        if max_backoff_ms < min_backoff_ms {
            let problem = Problem::error(at("max_backoff"), "the longest wait is shorter than the first");
            problems.push(problem.remedy("make it longer, or min_backoff shorter"));
        }
        let jitter = self.values.settle(jitter.as_ref(), &at("jitter"), problems).unwrap_or(JITTER);
        if !(0.0..=1.0).contains(&jitter) {
            let problem = Problem::error(at("jitter"), format!("expected a number from 0 to 1, found {jitter}"));
            problems.push(problem.remedy("0.2 lengthens a wait by at most a fifth"));
        }
        let max_restarts = self.values.settle(max_restarts.as_ref(), &at("max_restarts"), problems);
        Some(RestartPolicy { min_backoff_ms, max_backoff_ms, jitter, max_restarts })
    }

    /// Takes over what was found at nodes. A node that does not run keeps nothing from running.
    pub(super) fn keep_node_problems(&mut self, nodes: &[CheckedNode], found: Vec<Vec<Problem>>) {
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for ((node, drawn), problems) in nodes.iter().zip(&self.pipeline.nodes).zip(found) {
            let count = seen.entry(&drawn.id).or_default();
            let nth = std::mem::replace(count, *count + 1);
            self.problems.extend(problems.into_iter().map(|mut problem| {
                problem.place.nth = nth;
                if !node.is_active {
                    problem.severity = problem.severity.min(Severity::Warning);
                }
                problem
            }));
        }
    }
}

/// The configured node. Each field that is refused is told, and something right put in its place.
fn configure(
    operator: &Operator,
    form: &Form,
    config: &Map<String, Value>,
    broken: &mut Broken,
    place: &Place,
    problems: &mut Vec<Problem>,
) -> Option<Arc<dyn Shape>> {
    loop {
        let ConfigError { field, message } = match (operator.configure)(broken.mend(form, config)) {
            Ok(shape) => return Some(Arc::from(shape)),
            Err(error) => error,
        };
        let is_new = !field.is_empty() && broken.add(form, config, &field);
        if is_new || broken.fields.is_empty() {
            let place = if field.is_empty() { place.clone() } else { place.clone().at_field(field) };
            let remedy = format!("see `tidegate describe {}`", operator.name);
            problems.push(Problem::error(place, message).remedy(remedy));
        }
        if !is_new {
            return None;
        }
    }
}
