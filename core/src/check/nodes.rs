//! Nodes one by one: operator, config, ports.

use std::sync::Arc;

use serde_json::Value;

use super::{Check, CheckedNode, RestartPolicy};
use crate::operators::{Operator, Ports, Shape};
use crate::pipeline::{Node, Restart, Supervision};
use crate::problem::{Place, Problem, Severity, did_you_mean};

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
        let (config, mut problems) = self.values.fill_config(form.as_ref(), &drawn.config, &place);
        if let Some(form) = &form {
            // A text with a parameter that could not be filled was told of already.
            problems.extend(form.validate_template(&config, &place));
        }
        let shape = match operator {
            None => {
                problems.push(self.unknown_operator(drawn));
                None
            }
            Some(_) if problems.iter().any(|problem| problem.severity == Severity::Error) => None,
            Some(operator) => configure(operator, Value::Object(config.clone()), &place, &mut problems),
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
        };
        (node, problems)
    }

    fn unknown_operator(&self, drawn: &Node) -> Problem {
        let names = || self.options.operators.iter().map(|operator| operator.name);
        let remedy = match did_you_mean(&drawn.operator, names()) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => format!("operators are {}", names().collect::<Vec<_>>().join(", ")),
        };
        let place = Place::node(&drawn.id).at_field("operator");
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
            problems.push(Problem::error(at("max_backoff"), "the longest wait is shorter than the first"));
        }
        let jitter = self.values.settle(jitter.as_ref(), &at("jitter"), problems).unwrap_or(JITTER);
        if !(0.0..=1.0).contains(&jitter) {
            problems.push(Problem::error(at("jitter"), format!("expected a number from 0 to 1, found {jitter}")));
        }
        let max_restarts = self.values.settle(max_restarts.as_ref(), &at("max_restarts"), problems);
        Some(RestartPolicy { min_backoff_ms, max_backoff_ms, jitter, max_restarts })
    }

    /// Takes over what was found at nodes. A node that does not run keeps nothing from running.
    pub(super) fn keep_node_problems(&mut self, nodes: &[CheckedNode], found: Vec<Vec<Problem>>) {
        for (node, problems) in nodes.iter().zip(found) {
            self.problems.extend(problems.into_iter().map(|mut problem| {
                if !node.is_active {
                    problem.severity = problem.severity.min(Severity::Warning);
                }
                problem
            }));
        }
    }
}

fn configure(operator: &Operator, config: Value, place: &Place, problems: &mut Vec<Problem>) -> Option<Arc<dyn Shape>> {
    match (operator.configure)(config) {
        Ok(shape) => Some(Arc::from(shape)),
        Err(error) => {
            let place = if error.field.is_empty() { place.clone() } else { place.clone().at_field(error.field) };
            problems.push(Problem::error(place, error.message));
            None
        }
    }
}
