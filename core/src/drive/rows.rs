//! What comes out of the test driver: batches seen at ports, as rows of JSON.

use std::sync::{Arc, PoisonError};

use arrow_array::Array;

use super::ends::{Log, Seen};
use super::script::{OutRow, Window};
use crate::batch::Batch;
use crate::codec::{ValueFormat, header_value, key_value, payload_value, row_value};
use crate::engine::Workshop;
use crate::operators::{Role, Touches};
use crate::plan::{Drawn, Plan, PlanNode};
use crate::problem::{Fault, did_you_mean};
use crate::types::KeyFormat;

/// Which ports' rows are shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shown {
    /// output ports of nodes, by number in the plan
    ports: Vec<(usize, usize)>,
    /// sinks; absent: all of them
    sinks: Option<Vec<usize>>,
}

impl Shown {
    /// What each sink receives.
    pub fn sinks() -> Shown {
        Shown::default()
    }

    /// These ports: `node` (a sink's input, or a node's first output) or `node.port`.
    ///
    /// # Errors
    /// A name that is no port of the pipeline.
    pub fn named(names: &[String], nodes: &[PlanNode]) -> Result<Shown, Fault> {
        let mut shown = Shown { ports: Vec::new(), sinks: Some(Vec::new()) };
        for name in names {
            let (id, port) = name.split_once('.').map_or((name.as_str(), None), |(id, port)| (id, Some(port)));
            let number = nodes.iter().position(|node| node.id == id);
            let number = number.ok_or_else(|| {
                let known = did_you_mean(id, nodes.iter().map(|node| node.id.as_str()));
                let remedy = known.map_or("name a node of the file".into(), |known| format!("did you mean `{known}`?"));
                Fault::user(format!("there is no node `{id}` to show")).remedy(remedy)
            })?;
            let node = &nodes[number];
            match (node.role, port) {
                (Role::Sink, None | Some("in")) => shown.sinks.get_or_insert_default().push(number),
                (_, port) => {
                    let wanted = port.or(node.ports.outputs.first().map(String::as_str)).unwrap_or("out");
                    let port = node.ports.output(wanted).ok_or_else(|| {
                        let ports: Vec<&str> = node.ports.output_names().collect();
                        Fault::user(format!("`{id}` has no port `{wanted}`"))
                            .remedy(format!("it has {}", ports.join(", ")))
                    })?;
                    if node.is_queue {
                        let fault = Fault::user(format!("`{id}` is a queue, which shows no rows of its own"));
                        return Err(fault.remedy("show the node behind it"));
                    }
                    shown.ports.push((number, port));
                }
            }
        }
        Ok(shown)
    }

    /// Output ports that the planner must leave whole: those shown, and those before a sink that is shown.
    pub fn observed(&self, drawn: &Drawn) -> Vec<(usize, usize)> {
        let is_shown = |node: usize| drawn.nodes[node].role == Role::Sink && self.shows(node);
        let before_sinks = drawn.edges.iter().filter(|edge| is_shown(edge.to.0)).map(|edge| edge.from);
        self.ports.iter().copied().chain(before_sinks).collect()
    }

    fn shows(&self, sink: usize) -> bool {
        self.sinks.as_ref().is_none_or(|sinks| sinks.contains(&sink))
    }

    pub(super) fn watch(&self, workshop: &mut Workshop, log: &Log) {
        for &(node, port) in &self.ports {
            let log = log.clone();
            let see = move |batch: &Batch| {
                let seen = Seen { node, port: Some(port), batch: batch.clone() };
                log.lock().unwrap_or_else(PoisonError::into_inner).push(seen);
            };
            workshop.watched.insert((node, port), Arc::new(see));
        }
    }

    pub(super) fn rows(&self, plan: &Plan, log: Vec<Seen>) -> Vec<OutRow> {
        let is_shown = |seen: &Seen| match seen.port {
            Some(_) => true,
            None => self.shows(seen.node),
        };
        log.iter().filter(|seen| is_shown(seen)).flat_map(|seen| rows_of(plan, seen)).collect()
    }
}

fn rows_of(plan: &Plan, seen: &Seen) -> Vec<OutRow> {
    let node = &plan.nodes[seen.node];
    let batch = &seen.batch;
    let (port, key, format) = match seen.port {
        Some(port) => {
            let stream = &plan.outputs[seen.node][port];
            let name = node.ports.output_names().nth(port).unwrap_or_default().to_string();
            (name, stream.key, plan.leaving(seen.node, port).filter(|_| batch.payload.is_some()))
        }
        None => {
            let key = plan.inputs[seen.node].first().map(|stream| stream.key).unwrap_or_default();
            match node.shape.touches() {
                // What a topic is written with is its bytes.
                Touches::Writes(sink) => ("in".to_string(), sink.new_key.unwrap_or(key), node.shape.format().cloned()),
                _ => ("in".to_string(), key, plan.arriving(seen.node).filter(|_| batch.payload.is_some())),
            }
        }
    };
    (0..batch.rows).map(|row| row_of(&node.id, &port, batch, row, key, format.as_ref())).collect()
}

fn row_of(node: &str, port: &str, batch: &Batch, row: usize, key: KeyFormat, format: Option<&ValueFormat>) -> OutRow {
    let keys = batch.keys_to_write();
    let key_bytes = keys.is_valid(row).then(|| keys.value(row));
    let headers = batch.headers_of(row).iter();
    OutRow {
        node: node.to_string(),
        port: port.to_string(),
        ts: batch.timestamps[row],
        key: key_value(key_bytes, key),
        value: match format {
            Some(format) => payload_value(batch, row, format),
            None => row_value(batch, row),
        },
        headers: headers.map(|(name, value)| (name.clone(), header_value(value.as_deref()))).collect(),
        window: batch.windows.as_ref().map(|windows| Window { start: windows.start[row], end: windows.end[row] }),
    }
}
