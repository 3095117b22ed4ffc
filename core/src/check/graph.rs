//! The graph as a whole: what is switched off, cycles, what nothing reaches, what leads nowhere.

use super::{Check, CheckedEdge, CheckedNode};
use crate::operators::Role;
use crate::pipeline::{Edge, PortRef, Way, is_place};
use crate::problem::{Fix, Place, Problem, Remedy};

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
                let remedy = "switch one of them on, or this node off too";
                self.problems.push(Problem::note(Place::node(&drawn.id), message).remedy(remedy));
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
            let (message, remedy) = match nodes.is_empty() {
                true => ("there is no node", "add a source and a sink: `tidegate describe` lists them"),
                false => ("every node is switched off or rests", "switch one on: take `disabled` away"),
            };
            self.problems.push(Problem::warning(Place::field("nodes"), message).remedy(remedy));
            return;
        }
        let is_fed = self.fed(nodes, edges);
        // What an edge was meant to lead to is not to be told that nothing leads to it.
        let is_loose = edges.iter().any(|edge| edge.to.is_none());
        let in_circle: Vec<usize> = self.pipeline.cycles().concat();
        for (place, node) in nodes.iter().enumerate().filter(|(_, node)| node.is_active) {
            // Which edges are meant to be those of a node without an id is not known.
            if is_place(&self.pipeline.nodes[place].id) {
                continue;
            }
            if !self.open_ports(place, nodes, edges) && !is_fed[place] && !in_circle.contains(&place) && !is_loose {
                let id = &self.pipeline.nodes[place].id;
                let problem = Problem::warning(Place::node(id), "nothing ever comes here: no source leads to it");
                self.problems.push(problem.remedy("connect a source to what comes before it, or take it away"));
            }
            self.dead_end(place, node, edges);
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
        for (place, _) in edges.iter().filter(|edge| edge.from.is_none()).filter_map(|edge| edge.to) {
            is_fed[place] |= nodes[place].is_active;
        }
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
    fn open_ports(&mut self, place: usize, nodes: &[CheckedNode], edges: &[CheckedEdge]) -> bool {
        let node = &nodes[place];
        let id = &self.pipeline.nodes[place].id;
        let mut is_open = false;
        // An edge of which nothing is known may be the one that is missing.
        let is_anything = |edge: &Edge| edge.from.is_nothing() && edge.to.is_nothing();
        if self.pipeline.edges.iter().any(is_anything) {
            return false;
        }
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
            let mut remedy = Remedy::from(format!("connect an edge to `{id}.{}`", input.name));
            if let [only] = self.loose_ends(place, nodes).as_slice() {
                remedy = remedy.by(Fix::Connect(only.to_string()));
            }
            self.problems.push(problem.remedy(remedy));
        }
        is_open
    }

    /// Outputs that lead nowhere yet, and could lead to a node without closing a circle.
    fn loose_ends(&self, place: usize, nodes: &[CheckedNode]) -> Vec<PortRef> {
        let behind = self.pipeline.along([self.pipeline.nodes[place].id.as_str()], Way::Behind);
        let mut ends = Vec::new();
        for (other, node) in nodes.iter().enumerate().filter(|(_, node)| node.is_active) {
            let id = &self.pipeline.nodes[other].id;
            if behind.contains(id.as_str()) {
                continue;
            }
            let outputs = node.ports.iter().flat_map(|ports| &ports.outputs).filter(|port| *port != "late");
            let ports = outputs.map(|port| PortRef::new(id, port));
            ends.extend(ports.filter(|port| !self.pipeline.edges.iter().any(|edge| edge.from == *port)));
        }
        ends
    }

    fn dead_end(&mut self, place: usize, node: &CheckedNode, edges: &[CheckedEdge]) {
        let Some(ports) = node.ports.as_ref().filter(|ports| !ports.outputs.is_empty()) else { return };
        let leaves =
            |edge: &CheckedEdge| edge.from.is_some_and(|(from, port)| from == place && port < ports.outputs.len());
        let id = &self.pipeline.nodes[place].id;
        let is_drawn = self.pipeline.edges.iter().any(|edge| edge.from.node == *id || edge.from.is_nothing());
        if !edges.iter().any(leaves) && !is_drawn {
            let names = ports.outputs.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let problem = Problem::note(Place::node(id), format!("what leaves by {names} goes nowhere"));
            self.problems.push(problem.remedy("connect a sink, or `discard` to say that it is meant"));
        }
    }
}
