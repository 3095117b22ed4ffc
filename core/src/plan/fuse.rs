//! Which nodes run together. An edge is cut by a given size, an exchange, a broadcast port, in front of a sink and of what
//! paces itself, and behind a queue node; what hangs together by uncut edges within one stage is a task. An uncut edge
//! between stages is a queue too, so that no task ever waits for itself.

use std::collections::{BTreeMap, BTreeSet};

use super::{Link, LinkTo, PlanEdge, PlanNode, PlanQueue, PlanTask, PlanVia, QueueSize, QueueTo, TaskInput};
use crate::operators::{Role, Spread};

/// Node numbers in an order in which data flows; nodes on no cycle come first in the file's order.
pub(super) fn topological(nodes: usize, edges: &[PlanEdge]) -> Vec<usize> {
    let mut open: Vec<usize> = vec![0; nodes];
    for edge in edges {
        open[edge.to.0] += 1;
    }
    let mut ready: BTreeSet<usize> = (0..nodes).filter(|&node| open[node] == 0).collect();
    let mut order = Vec::with_capacity(nodes);
    while let Some(node) = ready.pop_first() {
        order.push(node);
        for edge in edges.iter().filter(|edge| edge.from.0 == node) {
            open[edge.to.0] -= 1;
            if open[edge.to.0] == 0 {
                ready.insert(edge.to.0);
            }
        }
    }
    order
}

/// Tasks in an order in which data flows, and the queues between them.
pub(super) fn fuse(nodes: &[PlanNode], edges: &[PlanEdge], order: &[usize]) -> (Vec<PlanTask>, Vec<PlanQueue>) {
    let stages = stages(nodes, edges, order);
    // A queue node has two sides: rows enter it in one task and leave it in another.
    let is_inner = |edge: &PlanEdge| {
        !is_cut(nodes, edge)
            && stages.exit[edge.from.0] == stages.entry[edge.to.0]
            && !nodes[edge.to.0].is_queue
            && !is_failure_of_queue(nodes, edge)
    };
    let groups = components(nodes, edges, &is_inner);
    let ids: BTreeSet<(usize, usize)> = (0..nodes.len())
        .filter(|&node| has_side(nodes, edges, node))
        .map(|node| (stages.exit[node], groups[node]))
        .collect();
    let task_of: BTreeMap<usize, usize> = ids.iter().enumerate().map(|(task, &(_, group))| (group, task)).collect();
    let task = |node: usize| task_of.get(&groups[node]).copied();

    let mut builder = Builder { nodes, edges, queues: Vec::new(), entry_queue: BTreeMap::new() };
    let mut tasks: Vec<PlanTask> =
        ids.iter().map(|_| PlanTask { nodes: Vec::new(), inputs: Vec::new(), links: Vec::new() }).collect();
    for &node in order.iter().filter(|&&node| has_side(nodes, edges, node)) {
        if let Some(task) = task(node) {
            tasks[task].nodes.push(node);
            if nodes[node].role == Role::Source {
                tasks[task].inputs.push(TaskInput::Source(node));
            }
        }
    }
    let mut failures = Vec::new();
    for (number, edge) in edges.iter().enumerate() {
        if is_failure_of_queue(nodes, edge) {
            let queue = builder.queue(number, &task);
            failures.push((edge.from.0, queue));
            continue;
        }
        let Some(from) = link_task(nodes, edges, edge, &task) else { continue };
        let to = if is_inner(edge) {
            LinkTo::Port(edge.to.0, edge.to.1)
        } else if skips(nodes, edges, edge) {
            continue; // the queue node before it is this edge's queue
        } else {
            LinkTo::Queue(builder.queue(number, &task))
        };
        tasks[from].links.push(Link { edge: number, from: edge.from, to, path: 0 });
    }
    for queue in &mut builder.queues {
        let of_node = failures.iter().filter(|(node, _)| Some(*node) == queue.node);
        queue.errors = of_node.map(|(_, errors)| *errors).collect();
    }
    for (number, queue) in builder.queues.iter().enumerate() {
        tasks[queue.reader].inputs.push(TaskInput::Queue(number));
    }
    for task in &mut tasks {
        number_paths(task);
    }
    (tasks, builder.queues)
}

struct Stages {
    /// in which rows come to a node
    entry: Vec<usize>,
    /// in which they leave it
    exit: Vec<usize>,
}

fn is_cut(nodes: &[PlanNode], edge: &PlanEdge) -> bool {
    let to = &nodes[edge.to.0];
    let has_size = matches!(edge.via, PlanVia::Direct(Some(_)));
    has_size || to.role == Role::Sink || to.ports.is_paced || spread(nodes, edge) != Spread::Lane
}

/// How an edge's rows spread: by key only in front of a node to which they do not come by key already.
fn spread(nodes: &[PlanNode], edge: &PlanEdge) -> Spread {
    match nodes[edge.to.0].ports.inputs.get(edge.to.1).map(|port| port.spread) {
        Some(Spread::Key) if nodes[edge.to.0].is_exchanged => Spread::Key,
        Some(Spread::Broadcast) => Spread::Broadcast,
        _ => Spread::Lane,
    }
}

/// An edge behind a queue node with one way out needs no queue of its own, unless records go to other lanes on it.
fn skips(nodes: &[PlanNode], edges: &[PlanEdge], edge: &PlanEdge) -> bool {
    let is_only = || rows_out(nodes, edges, edge.from.0).count() == 1;
    let is_straight = || spread(nodes, edge) == Spread::Lane && !nodes[edge.to.0].is_queue;
    nodes[edge.from.0].is_queue && !is_failure_of_queue(nodes, edge) && is_only() && is_straight()
}

/// Records fail at a queue node when they are put into it: whoever puts them there hands them on.
fn is_failure_of_queue(nodes: &[PlanNode], edge: &PlanEdge) -> bool {
    let from = &nodes[edge.from.0];
    from.is_queue && edge.from.1 >= from.ports.outputs.len()
}

/// The edges on which rows, and not failures, leave a node.
fn rows_out<'a>(nodes: &'a [PlanNode], edges: &'a [PlanEdge], node: usize) -> impl Iterator<Item = &'a PlanEdge> {
    edges.iter().filter(move |edge| edge.from.0 == node && edge.from.1 < nodes[node].ports.outputs.len())
}

/// Whether a node runs in a task: a queue node does so only where its rows go several ways, or into another queue node.
fn has_side(nodes: &[PlanNode], edges: &[PlanEdge], node: usize) -> bool {
    !nodes[node].is_queue || rows_out(nodes, edges, node).any(|edge| !skips(nodes, edges, edge))
}

fn link_task(
    nodes: &[PlanNode],
    edges: &[PlanEdge],
    edge: &PlanEdge,
    task: &impl Fn(usize) -> Option<usize>,
) -> Option<usize> {
    has_side(nodes, edges, edge.from.0).then(|| task(edge.from.0)).flatten()
}

fn stages(nodes: &[PlanNode], edges: &[PlanEdge], order: &[usize]) -> Stages {
    let mut entry = vec![0; nodes.len()];
    let mut exit = vec![0; nodes.len()];
    for &node in order {
        let inputs = edges.iter().filter(|edge| edge.to.0 == node);
        entry[node] = inputs.map(|edge| exit[edge.from.0] + step(nodes, edges, edge)).max().unwrap_or(0);
        exit[node] = entry[node] + usize::from(nodes[node].is_queue);
    }
    // A source moves up to the smallest stage that its readers allow, so that sources that meet share a task.
    for &node in order.iter().rev().filter(|&&node| nodes[node].role == Role::Source) {
        let readers = edges.iter().filter(|edge| edge.from.0 == node);
        if let Some(stage) = readers.map(|edge| entry[edge.to.0].saturating_sub(step(nodes, edges, edge))).min() {
            (entry[node], exit[node]) = (stage, stage);
        }
    }
    Stages { entry, exit }
}

fn step(nodes: &[PlanNode], edges: &[PlanEdge], edge: &PlanEdge) -> usize {
    usize::from(is_cut(nodes, edge) && !skips(nodes, edges, edge))
}

/// A group number per node; nodes joined by inner edges have the same.
fn components(nodes: &[PlanNode], edges: &[PlanEdge], is_inner: &impl Fn(&PlanEdge) -> bool) -> Vec<usize> {
    let mut groups = petgraph::unionfind::UnionFind::new(nodes.len());
    for edge in edges.iter().filter(|edge| is_inner(edge)) {
        groups.union(edge.from.0, edge.to.0);
    }
    (0..nodes.len()).map(|node| groups.find(node)).collect()
}

struct Builder<'a> {
    nodes: &'a [PlanNode],
    edges: &'a [PlanEdge],
    queues: Vec<PlanQueue>,
    /// the one queue of each queue node
    entry_queue: BTreeMap<usize, usize>,
}

impl Builder<'_> {
    /// The queue of a cut edge.
    fn queue(&mut self, number: usize, task: &impl Fn(usize) -> Option<usize>) -> usize {
        let edge = &self.edges[number];
        let (node, port) = edge.to;
        if !self.nodes[node].is_queue {
            let spread = spread(self.nodes, edge);
            let size = match edge.via {
                PlanVia::Direct(size) => size,
                PlanVia::Topic(_) => None,
            };
            return self.push(number, None, QueueTo::Port(node, port), spread, size, task(node));
        }
        if let Some(&queue) = self.entry_queue.get(&node) {
            self.queues[queue].edges.push(number);
            return queue;
        }
        let behind = self.edges.iter().find(|edge| edge.from.0 == node && skips(self.nodes, self.edges, edge));
        let (to, reader) = match behind {
            Some(edge) => (QueueTo::Port(edge.to.0, edge.to.1), task(edge.to.0)),
            None => (QueueTo::Exit(node), task(node)),
        };
        let queue = self.push(number, Some(node), to, Spread::Lane, None, reader);
        self.entry_queue.insert(node, queue);
        queue
    }

    fn push(
        &mut self,
        edge: usize,
        node: Option<usize>,
        to: QueueTo,
        spread: Spread,
        size: Option<QueueSize>,
        reader: Option<usize>,
    ) -> usize {
        let reader = reader.unwrap_or_default();
        self.queues.push(PlanQueue {
            edges: vec![edge],
            node,
            to,
            spread,
            size: size.unwrap_or_default(),
            reader,
            errors: Vec::new(),
        });
        self.queues.len() - 1
    }
}

/// Gives the ways out of each fork numbers that a fan-in can sort by. Each fork has bits of its own, those of forks that
/// come first above; a row's ordinal is then the list of edges that it took, comparable word by word.
fn number_paths(task: &mut PlanTask) {
    let mut free = crate::batch::ORDINAL_SHIFT;
    for &node in &task.nodes {
        let ways: Vec<usize> = (0..task.links.len()).filter(|&link| task.links[link].from.0 == node).collect();
        if ways.len() < 2 {
            continue;
        }
        let bits = usize::BITS - (ways.len() - 1).leading_zeros();
        // More forks in one task than bits: those behind keep the order of their edges only among equals.
        let Some(left) = free.checked_sub(bits) else { return };
        free = left;
        for (way, &link) in ways.iter().enumerate() {
            task.links[link].path = (way as u32) << free;
        }
    }
}
