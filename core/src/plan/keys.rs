//! Which lane the records of a key lie on, as far as the graph tells, and which nodes need them brought together: those
//! that keep state per key, where the records of one key may come on several lanes.

use super::fuse::topological;
use super::{PlanEdge, PlanNode, PlanVia};
use crate::operators::{Role, Spread, Touches};

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
