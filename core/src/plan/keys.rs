//! Which lane the records of a key lie on, as far as the graph tells, and which nodes need them brought together: those
//! that keep state per key, where the records of one key may come on several lanes.

use std::collections::BTreeSet;

use super::fuse::topological;
use super::{Plan, PlanEdge, PlanNode, PlanVia};
use crate::operators::{Role, Spread, Touches};

/// An edge on which records change their lane, to be with others of their key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// its number
    pub edge: usize,
    /// the nodes before it whose keys are new, in the order of the file; none where it is ways that meet
    pub makers: Vec<usize>,
}

impl Plan {
    /// The edges on which records are exchanged by key, in the order of the file.
    pub fn exchanges(&self) -> Vec<Exchange> {
        let comes_by_key = |edge: &PlanEdge| {
            let to = &self.nodes[edge.to.0];
            to.is_exchanged && to.ports.inputs.get(edge.to.1).is_some_and(|port| port.spread == Spread::Key)
        };
        let exchanged = (0..self.edges.len()).filter(|&edge| comes_by_key(&self.edges[edge]));
        let mut exchanges: Vec<Exchange> =
            exchanged.map(|edge| Exchange { edge, makers: self.makers(self.edges[edge].from.0) }).collect();
        // The far end of a through topic is an edge behind all others; it is named, and stands, as the edge that is drawn.
        exchanges.sort_by_key(|exchange| {
            let through = self.through.iter().find(|through| self.edges[exchange.edge].from.0 == through.reader);
            through.map_or(exchange.edge, |through| through.edge)
        });
        exchanges
    }

    /// The nearest nodes that make keys, from this one on against the flow, and not beyond an exchange.
    fn makers(&self, node: usize) -> Vec<usize> {
        let (mut makers, mut seen, mut pending) = (BTreeSet::new(), BTreeSet::new(), vec![node]);
        while let Some(node) = pending.pop() {
            if !seen.insert(node) {
                continue;
            }
            if self.nodes[node].ports.makes_keys {
                makers.insert(node);
            } else if let Some(through) = self.through.iter().find(|through| through.reader == node) {
                pending.push(through.writer);
            } else if !self.nodes[node].is_exchanged {
                pending.extend(self.edges.iter().filter(|edge| edge.to.0 == node).map(|edge| edge.from.0));
            }
        }
        makers.into_iter().collect()
    }
}

/// What a record's lane follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Placement {
    /// the partition that it was read from; topics that are read are partitioned by key, and all alike
    Partition,
    /// nothing: a source without partitions is lane 0
    First,
    /// its key, written to the topic of this edge
    Topic(usize),
    /// its key, at the exchange in front of this node
    Exchange(usize),
    /// no one thing: its key is new, or it came on one of several ways
    Mixed,
}

/// Marks the nodes in front of which records are exchanged by key. All that comes to such a node is exchanged: what lies
/// by key already may lie by another number of lanes.
pub(super) fn mark_exchanges(nodes: &mut [PlanNode], edges: &[PlanEdge]) {
    let mut placed = vec![Placement::Mixed; nodes.len()];
    for node in topological(nodes.len(), edges) {
        let drawn = &mut nodes[node];
        let comes = edges.iter().enumerate().filter(|(_, edge)| edge.to.0 == node);
        let comes = comes.map(|(number, edge)| across(placed[edge.from.0], &edge.via, number)).reduce(joined);
        let is_keyed = drawn.ports.inputs.iter().any(|port| port.spread == Spread::Key);
        let comes = comes.unwrap_or(match (drawn.role, drawn.shape.touches()) {
            (Role::Source, Touches::Reads(_)) => Placement::Partition,
            _ => Placement::First,
        });
        drawn.is_exchanged = is_keyed && comes == Placement::Mixed;
        placed[node] = match (drawn.ports.makes_keys, drawn.is_exchanged) {
            (true, _) => Placement::Mixed,
            (false, true) => Placement::Exchange(node),
            (false, false) => comes,
        };
    }
}

fn joined(one: Placement, other: Placement) -> Placement {
    if one == other { one } else { Placement::Mixed }
}

/// A topic with as many partitions as there are lanes leaves records where they lie, any other puts them by key: only
/// what lies by key before it does so behind it.
fn across(placement: Placement, via: &PlanVia, edge: usize) -> Placement {
    match (via, placement) {
        (PlanVia::Direct(_), _) | (_, Placement::Mixed) => placement,
        (PlanVia::Topic(_), _) => Placement::Topic(edge),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testkit::{self, node, numbers, out};

    #[test]
    fn exchanges_are_known_with_those_who_made_the_keys() {
        let by = |id: &str| node(id, "key-by", json!({ "key": "CAST(n AS text)" }));
        let total = |id: &str| node(id, "scan", json!({ "columns": { id: { "start": "0", "next": "n" } } }));
        let merge = |id: &str| node(id, "merge", json!({}));
        let line = |id: &str| node(id, "file-source", json!({ "path": "x", "schema": { "n": "int64" } }));
        for (nodes, edges, exchanges) in [
            (vec![], vec!["s->t", "t->o"], ""),
            (vec![by("k")], vec!["s->k", "k->t", "t->o"], "k.out->t.in k"),
            (vec![by("k")], vec!["s->k", "k->t topic", "t->o"], "k.out->t.in k"),
            (vec![by("k"), merge("m")], vec!["s->k", "s->m", "k->m", "m->t", "t->o"], "m.out->t.in k"),
            (
                vec![by("k"), by("l")],
                vec!["s->k", "s->l", "k->t topic", "l->t", "t->o"],
                "k.out->t.in k, l.out->t.in l",
            ),
            // Behind the exchange keys lie as they must; a node that makes them anew needs another one.
            (vec![by("k"), total("u")], vec!["s->k", "k->u", "u->t", "t->o"], "k.out->u.in k"),
            (
                vec![by("k"), total("u"), by("l")],
                vec!["s->k", "k->u", "u->l", "l->t", "t->o"],
                "k.out->u.in k, l.out->t.in l",
            ),
            // Two ways that place keys each by its own rule.
            (vec![line("f"), merge("m")], vec!["s->m", "f->m", "m->t", "t->o"], "m.out->t.in "),
        ] {
            let nodes = [numbers("s"), total("t"), out("o")].into_iter().chain(nodes);
            let plan = testkit::drawn(&testkit::file(nodes, &edges), &[]).plan(&[]);
            let found = plan.exchanges().into_iter().map(|exchange| {
                let makers: Vec<&str> = exchange.makers.iter().map(|&node| plan.nodes[node].id.as_str()).collect();
                format!("{} {}", plan.edges[exchange.edge].id, makers.join(" "))
            });
            assert_eq!(found.collect::<Vec<_>>().join(", "), exchanges, "{edges:?}");
        }
    }
}
