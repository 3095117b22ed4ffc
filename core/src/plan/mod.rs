//! From a checked pipeline to what runs: which nodes are fused into a task, where queues lie between tasks, and which
//! columns each edge really carries. Plain values: nothing here runs, and nothing knows how many lanes there will be.

use std::sync::Arc;

use crate::batch::Selection;
use crate::codec::ValueFormat;
use crate::operators::{Ports, Role, Scope, Shape, Spread, ValueRole};
use crate::problem::Fault;
use crate::types::Stream;

pub use through::ThroughDecode;
pub(crate) use through::{take_payload, unwrap_headers};

pub use drawn::Drawn;
pub use keys::Exchange;

mod drawn;
mod fuse;
mod keys;
mod order;
mod project;
#[cfg(test)]
mod tests;
mod through;

/// A node as the planner needs it.
#[derive(Debug, Clone)]
pub struct PlanNode {
    /// the node's id; of the ends of a through topic, the edge's
    pub id: String,
    /// the configured node
    pub shape: Arc<dyn Shape>,
    /// its ports
    pub ports: Ports,
    /// where it stands
    pub role: Role,
    /// what its state is kept for
    pub scope: Scope,
    /// what becomes of values
    pub value: ValueRole,
    /// it keeps state per key, and the records of one key may come on several lanes: they are exchanged in front of it
    pub is_exchanged: bool,
    /// the node is itself the queue in front of what follows
    pub is_queue: bool,
    /// format in which a source reads its payloads
    pub reads: Option<ValueFormat>,
    /// format in which a sink passes payloads on untouched
    pub passes: Option<ValueFormat>,
    /// failed records are counted where nobody takes them, instead of stopping the run
    pub counts_errors: bool,
}

/// An edge as the planner needs it: node and port numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanEdge {
    /// `from->to` of the file
    pub id: String,
    /// node and output port
    pub from: (usize, usize),
    /// node and input port
    pub to: (usize, usize),
    /// how it travels
    pub via: PlanVia,
}

/// How an edge travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlanVia {
    /// in memory; through a queue where a size is given
    Direct(Option<QueueSize>),
    /// through a topic
    Topic(ThroughTopic),
}

/// A topic in the middle of an edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThroughTopic {
    /// cluster
    pub cluster: String,
    /// name of the topic
    pub topic: String,
    /// one of ours: created, emptied and purged by us
    pub is_own: bool,
    /// partitions asked for
    pub partitions: Option<u32>,
    /// retention asked for, in milliseconds
    pub retention_ms: Option<i64>,
}

/// How much a queue holds, all lanes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueSize {
    /// records
    pub records: usize,
    /// bytes
    pub bytes: usize,
}

impl Default for QueueSize {
    fn default() -> Self {
        QueueSize { records: 4096, bytes: 16 << 20 }
    }
}

/// What runs. A batch that leaves a node by a port has exactly the columns of `outputs`, and one that comes in at a port
/// exactly those of `inputs`: an edge takes the ones out of the others, and a batch's schema is the planned one, shared.
#[derive(Debug, Clone)]
pub struct Plan {
    /// nodes, in the file's order, then the ends of through topics
    pub nodes: Vec<PlanNode>,
    /// edges, in the file's order
    pub edges: Vec<PlanEdge>,
    /// streams at each node's input ports, with the columns that really come: those that all edges into the port have
    pub inputs: Vec<Vec<Stream>>,
    /// streams at each node's output ports (`errors` last), with the columns that really go
    pub outputs: Vec<Vec<Stream>>,
    /// whether the payload goes along, per node and output port
    pub payloads: Vec<Vec<bool>>,
    /// the format in which payloads arrive untouched at each node's first input
    pub intact: Vec<Option<ValueFormat>>,
    /// sub-topologies, in an order in which data flows
    pub tasks: Vec<PlanTask>,
    /// queues between them
    pub queues: Vec<PlanQueue>,
    /// topics in the middle of edges
    pub through: Vec<PlanThrough>,
}

/// A sub-topology: nodes that hang together, run as one task per lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanTask {
    /// numbers of its nodes, in an order in which data flows
    pub nodes: Vec<usize>,
    /// where rows come from
    pub inputs: Vec<TaskInput>,
    /// where rows go, from each of its nodes
    pub links: Vec<Link>,
}

/// Where a task's rows come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskInput {
    /// a source node of its own
    Source(usize),
    /// a queue
    Queue(usize),
}

/// One way out of a node's port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// number of the edge
    pub edge: usize,
    /// node and output port
    pub from: (usize, usize),
    /// where it leads
    pub to: LinkTo,
    /// what is added to ordinals on this way, so that a fan-in finds the order of the forks
    pub path: u32,
}

/// Where a way out of a port leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkTo {
    /// input port of a node of the same task
    Port(usize, usize),
    /// a queue
    Queue(usize),
}

/// A queue between tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanQueue {
    /// the edges that it carries; several only in front of a queue node
    pub edges: Vec<usize>,
    /// the node that is itself this queue
    pub node: Option<usize>,
    /// node and input port that its rows come to; for a queue node with several ways out, the node's own exit
    pub to: QueueTo,
    /// which lane a record goes to
    pub spread: Spread,
    /// how much it holds
    pub size: QueueSize,
    /// number of the task that reads it
    pub reader: usize,
    /// queues for the records that fail when they are put into this one
    pub errors: Vec<usize>,
}

/// What a queue's rows come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueTo {
    /// an input port of a node
    Port(usize, usize),
    /// the output port 0 of a queue node, from which they go on
    Exit(usize),
}

/// A topic in the middle of an edge, and its two ends: hidden nodes behind those of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanThrough {
    /// number of the edge, which now leads to the writer
    pub edge: usize,
    /// number of the node that writes it
    pub writer: usize,
    /// number of the node that reads it
    pub reader: usize,
    /// the topic
    pub topic: ThroughTopic,
    /// how the reader makes rows again
    pub decode: ThroughDecode,
}

impl Plan {
    /// Plans nodes and edges (acyclic, with known streams). `observed` are output ports whose rows somebody wants to see whole.
    pub fn new(mut nodes: Vec<PlanNode>, mut edges: Vec<PlanEdge>, observed: &[(usize, usize)]) -> Plan {
        let order = fuse::topological(nodes.len(), &edges);
        let mut projection = project::project(&nodes, &edges, &order, observed);
        let through = through::split(&mut nodes, &mut edges, &mut projection);
        let order = fuse::topological(nodes.len(), &edges);
        let (tasks, queues) = fuse::fuse(&nodes, &edges, &order);
        let project::Projection { inputs, outputs, payloads, intact } = projection;
        Plan { nodes, edges, inputs, outputs, payloads, intact, tasks, queues, through }
    }

    /// The columns that an edge's reader takes of those that its writer gives.
    ///
    /// # Errors
    /// A defect of ours: it takes what is not given.
    pub(crate) fn selection(&self, edge: usize) -> Result<Selection, Fault> {
        let PlanEdge { from, to, .. } = self.edges[edge];
        Selection::new(&self.outputs[from.0][from.1], &self.inputs[to.0][to.1])
    }

    /// The columns that are taken of the rows that come out of a queue. A queue holds what its edge carries; one that is a
    /// node, and hands its rows to the port of another, what that node gives.
    ///
    /// # Errors
    /// As [`Plan::selection`].
    pub(crate) fn selection_behind(&self, queue: usize) -> Result<Selection, Fault> {
        let PlanQueue { node, to, .. } = self.queues[queue];
        let taken = match to {
            QueueTo::Port(node, port) => &self.inputs[node][port],
            QueueTo::Exit(node) => &self.outputs[node][0],
        };
        Selection::new(node.map_or(taken, |node| &self.outputs[node][0]), taken)
    }

    /// The format in which payloads leave by a port as they were read.
    pub(crate) fn leaving(&self, node: usize, port: usize) -> Option<ValueFormat> {
        let PlanNode { ports, role, value, reads, .. } = &self.nodes[node];
        match (role, value) {
            _ if port >= ports.outputs.len() => None,
            (Role::Source, _) => *reads,
            (_, ValueRole::Kept) => self.intact[node],
            (_, ValueRole::Made) => None,
        }
    }

    /// The format in which payloads come to a node as they were read: one for all its edges, or none.
    pub(crate) fn arriving(&self, node: usize) -> Option<ValueFormat> {
        let mut formats =
            self.edges.iter().filter(|edge| edge.to.0 == node).map(|edge| self.leaving(edge.from.0, edge.from.1));
        let first = formats.next()??;
        formats.all(|format| format == Some(first)).then_some(first)
    }

    /// Whether an edge stays within a task.
    pub fn is_fused(&self, edge: usize) -> bool {
        self.tasks
            .iter()
            .flat_map(|task| &task.links)
            .any(|link| link.edge == edge && matches!(link.to, LinkTo::Port(..)))
    }
}
