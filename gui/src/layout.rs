//! Places for nodes that have none: columns by how far they are from a source, rows so that wires cross little. Plain
//! values; the file's order decides between equals, so that the same drawing is laid the same.

use std::collections::{HashMap, HashSet};

use egui::{Pos2, pos2};
use tidegate_core::pipeline::{Pipeline, Via};

/// How far columns and rows are apart; a topic between two columns needs more.
const COLUMN: f32 = 264.0;
const ROW: f32 = 136.0;
const TOPIC: f32 = 72.0;
/// Where the first node stands.
const START: f32 = 40.0;
/// How often rows are put in order of their neighbours.
const SWEEPS: usize = 6;

/// A place for each node, in the file's order.
pub(crate) fn places(pipeline: &Pipeline) -> Vec<Pos2> {
    let columns = columns(pipeline);
    let rows = rows(pipeline, &columns);
    let lefts = lefts(pipeline, &columns);
    let place = |node: usize| pos2(lefts[columns[node]], START + ROW * rows[node]);
    (0..pipeline.nodes.len()).map(place).collect()
}

/// Where each column begins.
fn lefts(pipeline: &Pipeline, columns: &[usize]) -> Vec<f32> {
    let count = columns.iter().max().map_or(0, |last| last + 1);
    let mut has_topic = vec![false; count];
    let through: HashSet<(&str, &str)> = pipeline
        .edges
        .iter()
        .filter(|edge| matches!(edge.via, Some(Via::Topic(_))))
        .map(|edge| (edge.from.node.as_str(), edge.to.node.as_str()))
        .collect();
    for (from, to) in ends(pipeline) {
        let names = (pipeline.nodes[from].id.as_str(), pipeline.nodes[to].id.as_str());
        // One that passes over a column has room.
        if columns[to] == columns[from] + 1 && through.contains(&names) {
            has_topic[columns[from]] = true;
        }
    }
    let widths = has_topic.into_iter().map(|has_topic| if has_topic { COLUMN + TOPIC } else { COLUMN });
    widths.scan(START, |left, width| Some(std::mem::replace(left, *left + width))).collect()
}

/// Places of the nodes at the two ends of each edge.
fn ends(pipeline: &Pipeline) -> Vec<(usize, usize)> {
    let mut places = HashMap::new();
    for (place, node) in pipeline.nodes.iter().enumerate() {
        places.entry(node.id.as_str()).or_insert(place);
    }
    let find = |id: &str| places.get(id).copied();
    pipeline.edges.iter().filter_map(|edge| find(&edge.from.node).zip(find(&edge.to.node))).collect()
}

/// The column of each node: one behind the last that it reads from.
fn columns(pipeline: &Pipeline) -> Vec<usize> {
    let mut readers = vec![Vec::new(); pipeline.nodes.len()];
    for (from, to) in ends(pipeline) {
        readers[from].push(to);
    }
    let mut columns = vec![0; pipeline.nodes.len()];
    let order = pipeline.order();
    let mut rank = vec![0; order.len()];
    for (place, node) in order.iter().enumerate() {
        rank[*node] = place;
    }
    for &node in &order {
        for &reader in &readers[node] {
            // An edge against the order closes a cycle.
            if rank[reader] > rank[node] {
                columns[reader] = columns[reader].max(columns[node] + 1);
            }
        }
    }
    columns
}

/// The row of each node within its column, halves among them, so that a column stands in the middle of its neighbours.
fn rows(pipeline: &Pipeline, columns: &[usize]) -> Vec<f32> {
    let count = columns.iter().max().map_or(0, |last| last + 1);
    let mut by_column = vec![Vec::new(); count];
    for (node, column) in columns.iter().enumerate() {
        by_column[*column].push(node);
    }
    let mut rows: Vec<f32> = vec![0.0; columns.len()];
    for column in &by_column {
        column.iter().enumerate().for_each(|(row, node)| rows[*node] = row as f32);
    }
    let mut neighbours = vec![(Vec::new(), Vec::new()); columns.len()];
    for (from, to) in ends(pipeline) {
        neighbours[from].1.push(to);
        neighbours[to].0.push(from);
    }
    for sweep in 0..SWEEPS {
        let is_forth = sweep % 2 == 0;
        let order: Vec<usize> = if is_forth { (0..count).collect() } else { (0..count).rev().collect() };
        for column in order {
            let wish = |node: &usize| {
                let (before, behind) = &neighbours[*node];
                let of = if is_forth { before } else { behind };
                match of.len() {
                    0 => rows[*node],
                    some => of.iter().map(|other| rows[*other]).sum::<f32>() / some as f32,
                }
            };
            let mut wishes: Vec<(f32, usize)> = by_column[column].iter().map(|node| (wish(node), *node)).collect();
            wishes.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            // Each below the one before, as near to its wish as that allows.
            let mut next = f32::NEG_INFINITY;
            for (wish, node) in wishes {
                let row = wish.max(next);
                rows[node] = (row * 2.0).round() / 2.0;
                next = rows[node] + 1.0;
            }
        }
    }
    let top = rows.iter().copied().fold(f32::INFINITY, f32::min);
    rows.iter().map(|row| row - top).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tidegate_core::pipeline::{Edge, Node};

    use super::*;

    fn pipeline(nodes: usize, edges: &[(usize, usize)]) -> Pipeline {
        Pipeline {
            nodes: (0..nodes).map(|node| Node::new(format!("n{node}"), "filter")).collect(),
            edges: edges
                .iter()
                .map(|(from, to)| Edge::new(format!("n{from}.out").as_str(), format!("n{to}.in").as_str()))
                .collect(),
            ..Pipeline::new("p")
        }
    }

    #[test]
    fn a_chain_is_a_row_and_a_fork_stands_around_it() {
        let chain = places(&pipeline(3, &[(0, 1), (1, 2)]));
        assert_eq!(chain, [pos2(40.0, 40.0), pos2(304.0, 40.0), pos2(568.0, 40.0)]);
        let fork = places(&pipeline(4, &[(0, 1), (0, 2), (0, 3)]));
        assert_eq!((fork[1].x, fork[2].x, fork[3].x), (304.0, 304.0, 304.0));
        assert_eq!(fork[0].y, fork[2].y);
    }

    #[test]
    fn a_topic_has_room_between_its_ends() {
        let mut pipeline = pipeline(3, &[(0, 1), (1, 2)]);
        pipeline.edges[0].via = Some(Via::Topic(Default::default()));
        let lefts: Vec<f32> = places(&pipeline).iter().map(|at| at.x).collect();
        assert_eq!(lefts, [40.0, 376.0, 640.0]);
    }

    proptest! {
        #[test]
        fn no_two_nodes_stand_at_one_place(edges in proptest::collection::vec((0usize..12, 0usize..12), 0..24)) {
            let laid = places(&pipeline(12, &edges));
            let distinct: HashSet<(i64, i64)> = laid.iter().map(|at| (at.x as i64, (at.y / (ROW / 2.0)) as i64)).collect();
            prop_assert_eq!(distinct.len(), 12);
            prop_assert!(laid.iter().all(|at| at.x >= START && at.y >= START));
        }
    }
}
