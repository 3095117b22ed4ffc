//! Renaming a node: its edges, groups and tests follow.

use serde_json::Value;

use super::super::identity::is_node_id;
use super::{Edge, Edit, EditError, Pipeline, PortRef, Section, apply::one_step};

/// Names of script rows that hold the id of a node.
const ROW_FIELDS: [&str; 4] = ["node", "end", "hold", "release"];

pub(super) fn rename(pipeline: &mut Pipeline, id: &str, to: &str) -> Result<Edit, EditError> {
    if !is_node_id(to) {
        return Err(EditError::NoId(to.into()));
    }
    if pipeline.node(to).is_some() {
        return Err(EditError::NodeExists(to.into()));
    }
    let Some(place) = pipeline.nodes.iter().position(|node| node.id == id) else {
        return Err(EditError::NoNode(id.into()));
    };
    let mut undo = Vec::new();
    if is_node_id(id) && !is_named(pipeline, to) {
        undo.push(Edit::RenameNode { id: to.into(), to: id.into() });
    } else {
        // Something spoke of the new id before there was such a node; renaming back would take it along.
        undo.extend([
            Edit::Replace(Section::Edges(pipeline.edges.clone())),
            Edit::Replace(Section::Groups(pipeline.groups.clone())),
            Edit::Replace(Section::Tests(pipeline.tests.clone())),
            Edit::Take { nodes: vec![place], edges: Vec::new() },
            Edit::Insert(super::Parts { nodes: vec![(place, pipeline.nodes[place].clone())], edges: Vec::new() }),
        ]);
    }
    pipeline.nodes[place].id = to.into();
    follow(pipeline, id, to);
    Ok(one_step(format!("rename {to} to {id}"), undo))
}

fn is_named(pipeline: &Pipeline, id: &str) -> bool {
    let in_row = |row: &Value| ROW_FIELDS.iter().any(|field| row.get(field).and_then(Value::as_str) == Some(id));
    pipeline.edges.iter().any(|edge| edge.touches(id))
        || pipeline.groups.iter().any(|group| group.nodes.iter().any(|node| node == id))
        || pipeline.tests.iter().any(|test| {
            test.script.iter().any(in_row) || test.expect.names().any(|port| PortRef::from(port).node == id)
        })
}

fn follow(pipeline: &mut Pipeline, id: &str, to: &str) {
    for Edge { from, to: end, .. } in &mut pipeline.edges {
        for end in [from, end] {
            rename_text(&mut end.node, id, to);
        }
    }
    pipeline.groups.iter_mut().flat_map(|group| &mut group.nodes).for_each(|node| rename_text(node, id, to));
    for test in &mut pipeline.tests {
        for row in test.script.iter_mut().filter_map(Value::as_object_mut) {
            for field in ROW_FIELDS {
                if let Some(Value::String(node)) = row.get_mut(field) {
                    rename_text(node, id, to);
                }
            }
        }
        for (port, _) in &mut test.expect.0 {
            let mut end = PortRef::from(port.as_str());
            if end.node == id {
                end.node = to.into();
                *port = end.to_string();
            }
        }
    }
}

fn rename_text(text: &mut String, id: &str, to: &str) {
    if text == id {
        *text = to.into();
    }
}
