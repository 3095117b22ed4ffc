//! The graph as a whole: what is switched off, cycles, what nothing reaches, what leads nowhere.

use super::{Check, CheckedEdge, CheckedNode, Travel};
use crate::operators::{Role, Spread};
use crate::problem::{Place, Problem};

impl Check<'_> {
    /// Finds out what takes part in the run: not what is switched off, and not what reads only from that.
    pub(super) fn activity(&mut self, nodes: &mut [CheckedNode], edges: &mut [CheckedEdge]) {
        for place in self.pipeline.order() {
            let drawn = &self.pipeline.nodes[place];
            let comings: Vec<usize> = self
                .pipeline
                .edges
                .iter()
                .filter(|edge| edge.to.node == drawn.id)
                .filter_map(|edge| self.places.get(edge.from.node.as_str()).copied())
                .collect();
            if nodes[place].is_active && !comings.is_empty() && comings.iter().all(|&from| !nodes[from].is_active) {
                nodes[place].is_active = false;
                let message = format!("`{}` rests: all that it reads from is switched off", drawn.id);
                self.problems.push(Problem::note(Place::node(&drawn.id), message));
            }
        }
        for (edge, drawn) in edges.iter_mut().zip(&self.pipeline.edges) {
            let is_active = |node: &str| self.places.get(node).is_some_and(|&place| nodes[place].is_active);
            edge.is_active &= is_active(&drawn.from.node) && is_active(&drawn.to.node);
        }
    }

    /// Problems of the graph.
    pub(super) fn graph(&mut self, nodes: &[CheckedNode], edges: &[CheckedEdge]) {
        self.cycles();
        if !nodes.iter().any(|node| node.is_active) {
            let message = if nodes.is_empty() { "there is no node" } else { "every node is switched off or rests" };
            self.problems.push(Problem::warning(Place::default(), message));
            return;
        }
        let is_fed = self.fed(nodes, edges);
        let in_circle: Vec<usize> = self.pipeline.cycles().concat();
        let queues = self.queues(nodes, edges);
        for (place, node) in nodes.iter().enumerate().filter(|(_, node)| node.is_active) {
            if !self.open_ports(place, node, edges) && !is_fed[place] && !in_circle.contains(&place) {
                let id = &self.pipeline.nodes[place].id;
                let problem = Problem::warning(Place::node(id), "nothing ever comes here: no source leads to it");
                self.problems.push(problem);
            }
            self.dead_end(place, node, edges);
            self.order_at(place, nodes, edges, &queues);
        }
    }

    fn cycles(&mut self) {
        for cycle in self.pipeline.cycles() {
            let ids: Vec<&str> = cycle.iter().map(|&place| self.pipeline.nodes[place].id.as_str()).collect();
            let names = ids.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ");
            let message = match ids.len() {
                1 => format!("{names} feeds itself"),
                _ => format!("{names} feed each other in a circle"),
            };
            let problem = Problem::error(Place::node(ids[0]), message);
            self.problems.push(problem.remedy("take one of the edges between them away"));
        }
    }

    /// Nodes that a source leads to, or may: what a broken node has for ports is not known.
    fn fed(&self, nodes: &[CheckedNode], edges: &[CheckedEdge]) -> Vec<bool> {
        let is_source = |node: &CheckedNode| node.operator.is_none_or(|operator| operator.role == Role::Source);
        let mut is_fed: Vec<bool> = nodes.iter().map(|node| node.is_active && is_source(node)).collect();
        let mut pending: Vec<usize> = (0..nodes.len()).filter(|&place| is_fed[place]).collect();
        while let Some(place) = pending.pop() {
            let id = &self.pipeline.nodes[place].id;
            for (_, drawn) in edges.iter().zip(&self.pipeline.edges).filter(|(_, drawn)| drawn.from.node == *id) {
                if let Some(&to) = self.places.get(drawn.to.node.as_str())
                    && !is_fed[to]
                {
                    is_fed[to] = true;
                    pending.push(to);
                }
            }
        }
        is_fed
    }

    /// Reports required ports at which nothing comes in; says whether there is one.
    fn open_ports(&mut self, place: usize, node: &CheckedNode, edges: &[CheckedEdge]) -> bool {
        let id = &self.pipeline.nodes[place].id;
        let mut is_open = false;
        for (port, input) in node.ports.iter().flat_map(|ports| &ports.inputs).enumerate() {
            let comes_in = edges.iter().any(|edge| edge.is_active && edge.to == Some((place, port)));
            if !input.is_required || comes_in {
                continue;
            }
            is_open = true;
            let mut drawn = self
                .pipeline
                .edges
                .iter()
                .zip(edges)
                .filter(|(drawn, _)| drawn.to.node == *id && drawn.to.port == input.name);
            let message = match drawn.next() {
                None => "nothing is connected here",
                // An edge whose other end is broken has its own problem.
                Some((_, edge)) if edge.from.is_none() || drawn.any(|(_, edge)| edge.from.is_none()) => continue,
                Some(_) => "nothing comes in here: what is connected is switched off",
            };
            let problem = Problem::error(Place::node(id).at_port(&input.name), message);
            self.problems.push(problem.remedy(format!("connect an edge to `{id}.{}`", input.name)));
        }
        is_open
    }

    fn dead_end(&mut self, place: usize, node: &CheckedNode, edges: &[CheckedEdge]) {
        let Some(ports) = node.ports.as_ref().filter(|ports| !ports.outputs.is_empty()) else { return };
        let leaves =
            |edge: &CheckedEdge| edge.from.is_some_and(|(from, port)| from == place && port < ports.outputs.len());
        let id = &self.pipeline.nodes[place].id;
        let is_drawn = self.pipeline.edges.iter().any(|edge| edge.from.node == *id);
        if !edges.iter().any(leaves) && !is_drawn {
            let names = ports.outputs.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            self.problems.push(Problem::note(Place::node(id), format!("what leaves by {names} goes nowhere")));
        }
    }

    /// Where the planner will put queues, as far as the order of records goes.
    fn queues(&self, nodes: &[CheckedNode], edges: &[CheckedEdge]) -> Queues {
        let active = || edges.iter().filter(|edge| edge.is_active && edge.from.is_some() && edge.to.is_some());
        let from = |edge: &CheckedEdge| edge.from.map_or(0, |(from, _)| from);
        let into = |place: usize| active().filter(move |edge| edge.to.is_some_and(|(to, _)| to == place));
        let order = self.pipeline.order();
        let mut queues = Queues { has_new_keys: vec![false; nodes.len()], stages: vec![0; nodes.len()] };
        for &place in &order {
            let Some(ports) = &nodes[place].ports else { continue };
            let brings_together = ports.inputs.iter().any(|input| input.spread == Spread::Key);
            let comes_new = into(place).any(|edge| queues.has_new_keys[from(edge)]);
            queues.has_new_keys[place] = ports.makes_keys || (comes_new && !brings_together);
            let stages = into(place).map(|edge| queues.stages[from(edge)] + usize::from(queues.cut(nodes, edge)));
            queues.stages[place] = stages.max().unwrap_or(0);
        }
        let is_source = |place: usize| nodes[place].operator.is_some_and(|operator| operator.role == Role::Source);
        for &place in order.iter().filter(|&&place| is_source(place)) {
            let readers = active().filter(|edge| from(edge) == place).filter_map(|edge| Some((edge, edge.to?.0)));
            let stages =
                readers.map(|(edge, to)| queues.stages[to].saturating_sub(usize::from(queues.cut(nodes, edge))));
            queues.stages[place] = stages.min().unwrap_or(0);
        }
        queues
    }

    /// Says where records that come in on several ways have no fixed order among each other.
    fn order_at(&mut self, place: usize, nodes: &[CheckedNode], edges: &[CheckedEdge], queues: &Queues) {
        let into = || edges.iter().filter(|edge| edge.is_active && edge.to.is_some_and(|(to, _)| to == place));
        let comes_by_queue = |edge: &CheckedEdge| {
            let stage = edge.from.map(|(from, _)| queues.stages[from]);
            queues.cut(nodes, edge) || stage.is_some_and(|stage| stage != queues.stages[place])
        };
        if into().count() > 1 && into().any(comes_by_queue) {
            let id = &self.pipeline.nodes[place].id;
            let message =
                "records of different edges come in here in no fixed order: not all of them come within one task";
            self.problems.push(Problem::note(Place::node(id), message));
        }
    }
}

/// Where queues lie, as the planner puts them.
struct Queues {
    /// keys of what leaves a node are new, and not brought together since
    has_new_keys: Vec<bool>,
    /// how many queues lie before each node: nodes of one task have equally many
    stages: Vec<usize>,
}

impl Queues {
    /// Whether a queue or a topic lies on an edge by itself, wherever its ends are.
    fn cut(&self, nodes: &[CheckedNode], edge: &CheckedEdge) -> bool {
        let travels_in_queue = match edge.travel {
            Travel::Direct { records, bytes } => records.is_some() || bytes.is_some(),
            Travel::Topic { .. } => true,
        };
        let ports = |place: usize| nodes[place].ports.as_ref();
        let leaves_queue = edge.from.is_some_and(|(from, _)| ports(from).is_some_and(|ports| ports.is_queue));
        let is_sink = |place: usize| nodes[place].operator.is_some_and(|operator| operator.role == Role::Sink);
        let spread = edge.to.and_then(|(to, port)| ports(to)?.inputs.get(port)).map(|input| input.spread);
        let is_exchanged = match spread {
            Some(Spread::Key) => edge.from.is_some_and(|(from, _)| self.has_new_keys[from]),
            Some(Spread::Broadcast) => true,
            Some(Spread::Lane) | None => false,
        };
        travels_in_queue || leaves_queue || is_exchanged || edge.to.is_some_and(|(to, _)| is_sink(to))
    }
}
