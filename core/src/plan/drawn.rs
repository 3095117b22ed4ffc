//! From a checked pipeline to the planner's nodes and edges: those that take part in the run.

use std::collections::BTreeMap;

use super::{Plan, PlanEdge, PlanNode, PlanVia, QueueSize, ThroughTopic};
use crate::check::{Checked, Travel};
use crate::operators::Role;
use crate::pipeline::{OnError, Pipeline};

/// What takes part in the run, as the planner needs it.
#[derive(Debug, Clone)]
pub struct Drawn {
    /// nodes, in the file's order
    pub nodes: Vec<PlanNode>,
    /// edges, in the file's order
    pub edges: Vec<PlanEdge>,
}

impl Drawn {
    /// Takes what runs from a pipeline whose check found no error.
    pub fn new(pipeline: &Pipeline, checked: &Checked) -> Drawn {
        let mut numbers = BTreeMap::new();
        let mut nodes = Vec::new();
        for (place, (node, checked)) in pipeline.nodes.iter().zip(&checked.nodes).enumerate() {
            let (Some(operator), Some(shape), true) = (checked.operator, &checked.shape, checked.is_active) else {
                continue;
            };
            numbers.insert(place, nodes.len());
            let ports = shape.ports();
            let format = shape.format().copied();
            nodes.push(PlanNode {
                id: node.id.clone(),
                shape: shape.clone(),
                is_queue: ports.is_queue,
                is_exchanged: false,
                ports,
                role: operator.role,
                scope: operator.scope,
                value: operator.value,
                reads: format.filter(|_| operator.role == Role::Source),
                passes: format.filter(|_| operator.role == Role::Sink),
                counts_errors: checked.on_error == OnError::Count,
            });
        }
        let number = |place: usize| numbers.get(&place).copied();
        let edges: Vec<PlanEdge> = pipeline
            .edges
            .iter()
            .zip(&checked.edges)
            .filter(|(_, checked)| checked.is_active)
            .filter_map(|(edge, checked)| {
                let ((from, out), (to, port)) = (checked.from?, checked.to?);
                Some(PlanEdge {
                    id: edge.id(),
                    from: (number(from)?, out),
                    to: (number(to)?, port),
                    via: via(&checked.travel),
                })
            })
            .collect();
        super::keys::mark_exchanges(&mut nodes, &edges);
        Drawn { nodes, edges }
    }

    /// Plans it; `observed` are output ports whose rows somebody wants to see whole.
    pub fn plan(&self, observed: &[(usize, usize)]) -> Plan {
        Plan::new(self.nodes.clone(), self.edges.clone(), observed)
    }
}

fn via(travel: &Travel) -> PlanVia {
    match travel {
        Travel::Direct { records: None, bytes: None } => PlanVia::Direct(None),
        Travel::Direct { records, bytes } => {
            let default = QueueSize::default();
            PlanVia::Direct(Some(QueueSize {
                records: records.map_or(default.records, |records| records as usize),
                bytes: bytes.map_or(default.bytes, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX)),
            }))
        }
        Travel::Topic { cluster, topic, is_own, partitions, retention_ms } => PlanVia::Topic(ThroughTopic {
            cluster: cluster.clone(),
            topic: topic.clone(),
            is_own: *is_own,
            partitions: *partitions,
            retention_ms: retention_ms.map(|ms| i64::try_from(ms).unwrap_or(i64::MAX)),
        }),
    }
}
