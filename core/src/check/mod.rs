//! Checking: from a drawn pipeline to everything that is known of it before it runs. Total: it never fails, never stops at
//! the first fault, and gives the streams of every edge as far as they can be known. It asks nothing of a broker.

mod edges;
mod graph;
mod marks;
mod mend;
mod nodes;
mod outside;
mod planned;
mod rows;
mod scripts;
mod settings;
mod streams;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use self::mend::Broken;
use crate::operators::{self, Operator, Ports, Shape};
use crate::pipeline::params::{Sources, Values};
use crate::pipeline::{Guarantee, OnError, Pipeline, Reading, Scale};
use crate::problem::{Problem, Severity};
use crate::types::Stream;

/// What a check takes beside the pipeline.
pub struct CheckOptions<'a> {
    /// where the values of parameters come from
    pub sources: Sources<'a>,
    /// the operators that there are
    pub operators: &'a [&'static Operator],
    /// client properties that the engine sets itself, and who says instead
    pub owned_properties: &'a [(&'a str, &'a str)],
}

/// A checked pipeline.
#[derive(Debug, Clone)]
pub struct Checked {
    /// what was found
    pub problems: Vec<Problem>,
    /// the values of the parameters
    pub values: Values,
    /// how it runs
    pub settings: RunSettings,
    /// the clusters, in the order of the file
    pub clusters: Vec<CheckedCluster>,
    /// the nodes, in the order of the file
    pub nodes: Vec<CheckedNode>,
    /// the edges, in the order of the file
    pub edges: Vec<CheckedEdge>,
}

/// Settings with their parameters filled and defaults taken.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSettings {
    /// consumer group, and prefix of durable names
    pub application_id: String,
    /// what holds after a failure
    pub guarantee: Guarantee,
    /// how often offsets are committed
    pub commit_interval_ms: u64,
    /// one process or a group
    pub scale: Scale,
    /// how long an empty Kafka queue is waited for
    pub max_task_idle_ms: u64,
    /// threads that run tasks; none is as many as cores
    pub threads: Option<u32>,
}

/// A cluster with its parameters filled, but those of the properties, which may be secret.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedCluster {
    /// its name
    pub name: String,
    /// addresses, or `embedded`
    pub brokers: Option<String>,
    /// client properties, for [`Values::reveal`]
    pub properties: crate::fields::Properties,
}

/// A node, as far as it is known.
#[derive(Debug, Clone)]
pub struct CheckedNode {
    /// its operator, where that exists
    pub operator: Option<&'static Operator>,
    /// its config with parameters filled, but secret ones
    pub config: Map<String, Value>,
    /// the configured node; where its config has faults, as it would be without them
    pub shape: Option<Arc<dyn Shape>>,
    /// its ports
    pub ports: Option<Ports>,
    /// what comes in at each port
    pub inputs: Vec<Option<Stream>>,
    /// what leaves by each port, `errors` last
    pub outputs: Vec<Option<Stream>>,
    /// it takes part in the run: neither it nor all that it reads from is switched off
    pub is_active: bool,
    /// what a failed record does
    pub on_error: OnError,
    /// when it starts again after failing itself; none stops the run
    pub restart: Option<RestartPolicy>,
    broken: Broken,
}

/// When a failed node starts again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RestartPolicy {
    /// the first wait
    pub min_backoff_ms: u64,
    /// the longest wait
    pub max_backoff_ms: u64,
    /// the share by which a wait is lengthened at random
    pub jitter: f64,
    /// the most restarts without a record between them
    pub max_restarts: Option<u32>,
}

/// An edge, as far as it is known.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckedEdge {
    /// place of its node, and number of its output port
    pub from: Option<(usize, usize)>,
    /// place of its node, and number of its input port
    pub to: Option<(usize, usize)>,
    /// what it carries
    pub stream: Option<Stream>,
    /// how it travels
    pub travel: Travel,
    /// both its ends are there and take part in the run
    pub is_active: bool,
}

/// How an edge travels, with parameters filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Travel {
    /// in memory; with a size it is a queue
    Direct {
        /// the most records
        records: Option<u32>,
        /// the most bytes
        bytes: Option<u64>,
    },
    /// through a topic
    Topic {
        /// name of the cluster
        cluster: String,
        /// name of the topic
        topic: String,
        /// named after the edge: made, emptied and purged by us
        is_own: bool,
        /// partitions asked for
        partitions: Option<u32>,
        /// retention asked for
        retention_ms: Option<u64>,
    },
}

impl CheckOptions<'_> {
    /// All operators, parameters by their defaults, and these properties owned by the engine.
    pub fn new<'a>(owned_properties: &'a [(&'a str, &'a str)]) -> CheckOptions<'a> {
        CheckOptions { sources: Sources::none(), operators: operators::ALL, owned_properties }
    }
}

impl Checked {
    /// No problem keeps it from running.
    pub fn is_runnable(&self) -> bool {
        self.problems.iter().all(|problem| problem.severity != Severity::Error)
    }
}

/// A pipeline on its way to being checked: what the parts of the check share.
struct Check<'a> {
    pipeline: &'a Pipeline,
    options: &'a CheckOptions<'a>,
    values: Values,
    problems: Vec<Problem>,
    /// places of nodes by id; of a doubled id the first
    places: HashMap<&'a str, usize>,
}

impl Check<'_> {
    /// There is no such node, nor can it be one whose id is not known.
    fn is_missing(&self, node: &str) -> bool {
        !self.places.contains_key(node) && !self.pipeline.has_unnamed_nodes()
    }
}

/// Checks a pipeline.
pub fn check(pipeline: &Pipeline, options: &CheckOptions<'_>) -> Checked {
    let (values, found) = Values::gather(pipeline, &options.sources);
    let mut places = HashMap::new();
    for (place, node) in pipeline.nodes.iter().enumerate() {
        places.entry(node.id.as_str()).or_insert(place);
    }
    let mut check = Check { pipeline, options, values, problems: pipeline.identity_problems(), places };
    check.problems.extend(found);
    let settings = check.settings();
    let clusters = check.clusters();
    let (mut nodes, mut node_problems) = check.nodes();
    let mut edges = check.edges(&nodes, &settings);
    check.activity(&mut nodes, &mut edges);
    check.streams(&mut nodes, &mut edges, &mut node_problems);
    check.keep_node_problems(&nodes, node_problems);
    check.graph(&nodes, &edges);
    check.outside(&nodes, &edges);
    check.not_built(&settings, &nodes, &edges);
    check.marks();
    check.scripts(&nodes);
    let mut checked = Checked { problems: check.problems, values: check.values, settings, clusters, nodes, edges };
    checked.note_plan(pipeline);
    checked
}

/// Reads a file and checks what could be read of it. Problems have lines; with an error among them, or without a pipeline,
/// nothing must run.
pub fn check_text(text: &str, options: &CheckOptions<'_>) -> (Option<(Pipeline, Checked)>, Vec<Problem>) {
    let Reading { pipeline, mut problems, mended } = Reading::new(text);
    let (Some(pipeline), Some(mended)) = (pipeline, mended) else { return (None, problems) };
    let checked = check(&pipeline, options);
    problems.extend(mended.place(checked.problems.clone()));
    (Some((pipeline, checked)), problems)
}
