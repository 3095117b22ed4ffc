//! The graph of a pipeline as petgraph sees it, made on demand: the pipeline's own lists stay the one truth.

use std::collections::{BTreeSet, HashMap};

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};

use super::{Edge, Node, Pipeline};

impl Pipeline {
    /// Nodes and edges. The index of a node is its place in [`Pipeline::nodes`]; edges whose ends are not nodes are left
    /// out.
    pub fn graph(&self) -> DiGraph<&Node, &Edge> {
        let mut graph = DiGraph::with_capacity(self.nodes.len(), self.edges.len());
        let mut places = HashMap::new();
        for node in &self.nodes {
            let place = graph.add_node(node);
            places.entry(node.id.as_str()).or_insert(place);
        }
        for edge in &self.edges {
            if let (Some(from), Some(to)) = (places.get(edge.from.node.as_str()), places.get(edge.to.node.as_str())) {
                graph.add_edge(*from, *to, edge);
            }
        }
        graph
    }

    /// Places of nodes, each after those that it reads from, else in the order of the file. A node on a cycle comes as
    /// early as the rest of the graph allows.
    pub fn order(&self) -> Vec<usize> {
        let graph = self.graph();
        let mut waits: Vec<usize> =
            graph.node_indices().map(|node| graph.edges_directed(node, INCOMING).count()).collect();
        let mut is_done = vec![false; self.nodes.len()];
        let mut order = Vec::with_capacity(self.nodes.len());
        while order.len() < self.nodes.len() {
            let ready = (0..self.nodes.len()).find(|&node| !is_done[node] && waits[node] == 0);
            let next = ready.or_else(|| (0..self.nodes.len()).find(|&node| !is_done[node]));
            let Some(next) = next else { break };
            is_done[next] = true;
            order.push(next);
            for reader in graph.neighbors(NodeIndex::new(next)) {
                waits[reader.index()] = waits[reader.index()].saturating_sub(1);
            }
        }
        order
    }

    /// Cycles, each as the places of its nodes in the order of the file.
    pub fn cycles(&self) -> Vec<Vec<usize>> {
        let graph = self.graph();
        let mut cycles: Vec<Vec<usize>> = tarjan_scc(&graph)
            .into_iter()
            .filter(|part| part.len() > 1 || part.iter().any(|&node| graph.contains_edge(node, node)))
            .map(|part| {
                let mut places: Vec<usize> = part.into_iter().map(NodeIndex::index).collect();
                places.sort_unstable();
                places
            })
            .collect();
        cycles.sort_unstable();
        cycles
    }

    /// These nodes, and all that lies before or behind them along edges, near or far: their ids.
    pub fn along<'a>(&'a self, ids: impl IntoIterator<Item = &'a str>, way: Way) -> BTreeSet<&'a str> {
        let mut next: HashMap<&str, Vec<&str>> = HashMap::new();
        for Edge { from, to, .. } in &self.edges {
            let (here, there) = match way {
                Way::Before => (&to.node, &from.node),
                Way::Behind => (&from.node, &to.node),
            };
            next.entry(here).or_default().push(there);
        }
        let mut open: Vec<&str> = ids.into_iter().collect();
        let mut known: BTreeSet<&str> = open.iter().copied().collect();
        while let Some(id) = open.pop() {
            open.extend(next.get(id).into_iter().flatten().filter(|id| known.insert(id)));
        }
        known
    }
}

/// A way to go along edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// to what is read
    Before,
    /// to what reads
    Behind,
}

const INCOMING: petgraph::Direction = petgraph::Direction::Incoming;

#[cfg(test)]
mod tests {
    use super::super::{Edge, Node, Pipeline};
    use super::Way;

    fn pipeline(nodes: &str, edges: &[(&str, &str)]) -> Pipeline {
        Pipeline {
            nodes: nodes.split(' ').map(|id| Node::new(id, "filter")).collect(),
            edges: edges.iter().map(|(from, to)| Edge::new(*from, *to)).collect(),
            ..Pipeline::new("p")
        }
    }

    #[test]
    fn order_follows_edges_then_the_file() {
        let drawn = pipeline("d c b a", &[("a.out", "b.in"), ("b.out", "d.in"), ("a.out", "x.in"), ("x.out", "a.in")]);
        assert_eq!(drawn.order(), [1, 3, 2, 0]);
        assert_eq!(drawn.cycles(), Vec::<Vec<usize>>::new());
        assert_eq!((drawn.graph().node_count(), drawn.graph().edge_count()), (4, 2));
    }

    #[test]
    fn what_lies_before_and_behind_is_found_through_cycles_too() {
        let drawn =
            pipeline("a b c d e", &[("a.out", "b.in"), ("b.out", "c.in"), ("c.out", "b.in"), ("c.out", "d.in")]);
        for (from, way, expected) in [
            ("a", Way::Behind, "a b c d"),
            ("b", Way::Behind, "b c d"),
            ("c", Way::Before, "a b c"),
            ("d", Way::Before, "a b c d"),
            ("a", Way::Before, "a"),
            ("a e", Way::Behind, "a b c d e"),
            ("", Way::Behind, ""),
        ] {
            let found: Vec<&str> = drawn.along(from.split_whitespace(), way).into_iter().collect();
            assert_eq!(found.join(" "), expected, "{from} {way:?}");
        }
    }

    #[test]
    fn cycles_are_found_and_still_ordered() {
        let drawn = pipeline("a b c d", &[("a.out", "b.in"), ("b.out", "c.in"), ("c.out", "b.in"), ("d.out", "d.in")]);
        assert_eq!(drawn.cycles(), [vec![1, 2], vec![3]]);
        let mut order = drawn.order();
        assert_eq!(order[0], 0);
        order.sort_unstable();
        assert_eq!(order, [0, 1, 2, 3]);
    }
}
