//! A piece of a pipeline on its own: what copy takes and paste brings.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::super::identity::fresh;
use super::{Edge, Edit, Node, Pipeline, Point};

/// Some nodes, and the edges between them. As JSON it is what lies on the clipboard.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fragment {
    /// nodes
    pub nodes: Vec<Node>,
    /// edges, both ends of which are among the nodes
    #[serde(default)]
    pub edges: Vec<Edge>,
}

impl Fragment {
    /// Copies nodes, in the order of the file, and the edges between them.
    pub fn copy(pipeline: &Pipeline, is_chosen: impl Fn(&str) -> bool) -> Fragment {
        let edges = pipeline.edges.iter().filter(|edge| is_chosen(&edge.from.node) && is_chosen(&edge.to.node));
        let nodes = pipeline.nodes.iter().filter(|node| is_chosen(&node.id));
        Fragment { nodes: nodes.cloned().collect(), edges: edges.cloned().collect() }
    }

    /// One step that adds the fragment to a pipeline, moved by `shift`, and the ids that its nodes get: their own where
    /// these are free, else fresh ones.
    pub fn paste(&self, pipeline: &Pipeline, shift: Point) -> (Edit, Vec<String>) {
        let mut ids: Vec<String> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let taken = |id: &str| pipeline.node(id).is_some() || ids.iter().any(|given| given == id);
            ids.push(fresh(&node.id, taken));
        }
        let given: HashMap<&str, &str> =
            self.nodes.iter().map(|node| node.id.as_str()).zip(ids.iter().map(String::as_str)).collect();
        let mut edits = Vec::with_capacity(self.nodes.len() + self.edges.len());
        for (node, id) in self.nodes.iter().zip(&ids) {
            let at = node.at.map(|at| moved(at, shift));
            edits.push(Edit::AddNode(Node { id: id.clone(), at, ..node.clone() }));
        }
        for edge in &self.edges {
            let ends = (given.get(edge.from.node.as_str()), given.get(edge.to.node.as_str()));
            if let (Some(from), Some(to)) = ends {
                let mut edge = edge.clone();
                (edge.from.node, edge.to.node) = (from.to_string(), to.to_string());
                edge.points.iter_mut().for_each(|point| *point = moved(*point, shift));
                edits.push(Edit::Connect(edge));
            }
        }
        (Edit::Batch { label: format!("paste {} nodes", self.nodes.len()), edits }, ids)
    }
}

fn moved(point: Point, shift: Point) -> Point {
    Point { x: point.x.saturating_add(shift.x), y: point.y.saturating_add(shift.y) }
}
