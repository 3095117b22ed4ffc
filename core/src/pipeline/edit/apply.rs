//! Applying an edit. Each change answers with what undoes it, made from what it took away.

use std::mem::replace;

use serde_json::{Map, Value};

use super::super::identity::{is_node_id, is_port_name};
use super::{Edge, EdgeChange, Edit, EditError, Node, NodeChange, Parts, Pipeline, Point, PortRef, Section, rename};

type Inverse = Result<Edit, EditError>;

pub(super) fn apply(edit: &Edit, pipeline: &mut Pipeline) -> Inverse {
    match edit {
        Edit::AddNode(node) => add_node(pipeline, node),
        Edit::RemoveNode { id } => remove_node(pipeline, id),
        Edit::RenameNode { id, to } => rename::rename(pipeline, id, to),
        Edit::ChangeNode { id, change } => change_node(pipeline, id, change),
        Edit::MoveNodes(moves) => move_nodes(pipeline, moves),
        Edit::Connect(edge) => connect(pipeline, edge),
        Edit::Disconnect { edge } => {
            let place = place_of_edge(pipeline, edge)?;
            Ok(Edit::Insert(Parts { edges: vec![(place, pipeline.edges.remove(place))], ..Parts::default() }))
        }
        Edit::ChangeEdge { edge, change } => change_edge(pipeline, edge, change),
        Edit::Replace(section) => Ok(Edit::Replace(replace_section(pipeline, section.clone()))),
        Edit::Batch { label, edits } => batch(pipeline, label, edits),
        Edit::Insert(parts) => insert(pipeline, parts),
        Edit::Take { nodes, edges } => take(pipeline, nodes, edges).map(Edit::Insert),
    }
}

fn place_of_node(pipeline: &Pipeline, id: &str) -> Result<usize, EditError> {
    pipeline.nodes.iter().position(|node| node.id == id).ok_or_else(|| EditError::NoNode(id.into()))
}

fn place_of_edge(pipeline: &Pipeline, id: &str) -> Result<usize, EditError> {
    pipeline.edges.iter().position(|edge| edge.id() == id).ok_or_else(|| EditError::NoEdge(id.into()))
}

fn add_node(pipeline: &mut Pipeline, node: &Node) -> Inverse {
    if !is_node_id(&node.id) {
        return Err(EditError::NoId(node.id.clone()));
    }
    if pipeline.node(&node.id).is_some() {
        return Err(EditError::NodeExists(node.id.clone()));
    }
    pipeline.nodes.push(node.clone());
    Ok(Edit::Take { nodes: vec![pipeline.nodes.len() - 1], edges: Vec::new() })
}

fn remove_node(pipeline: &mut Pipeline, id: &str) -> Inverse {
    let place = place_of_node(pipeline, id)?;
    // A doubled id keeps its edges and groups: they may be the other one's.
    let is_alone = pipeline.nodes.iter().filter(|node| node.id == id).count() == 1;
    let edges = pipeline.edges.iter().enumerate().filter(|(_, edge)| is_alone && edge.touches(id));
    let edges: Vec<usize> = edges.map(|(place, _)| place).collect();
    let mut undo = vec![Edit::Insert(take(pipeline, &[place], &edges)?)];
    if is_alone && pipeline.groups.iter().any(|group| group.nodes.iter().any(|node| node == id)) {
        undo.push(Edit::Replace(Section::Groups(pipeline.groups.clone())));
        pipeline.groups.iter_mut().for_each(|group| group.nodes.retain(|node| node != id));
    }
    Ok(one_step(format!("put back {id}"), undo))
}

/// A batch, unless one edit is all there is.
pub(super) fn one_step(label: String, mut edits: Vec<Edit>) -> Edit {
    match edits.len() {
        1 => edits.swap_remove(0),
        _ => Edit::Batch { label, edits },
    }
}

fn change_node(pipeline: &mut Pipeline, id: &str, change: &NodeChange) -> Inverse {
    let place = place_of_node(pipeline, id)?;
    let node = &mut pipeline.nodes[place];
    let before = match change {
        NodeChange::Operator(name) => NodeChange::Operator(replace(&mut node.operator, name.clone())),
        NodeChange::Label(label) => NodeChange::Label(replace(&mut node.label, label.clone())),
        NodeChange::Config(config) => NodeChange::Config(replace(&mut node.config, config.clone())),
        // The whole config comes back, since it has an order of its own.
        NodeChange::Field { path, value } => {
            let mut config = node.config.clone();
            set_field(&mut config, path, value.clone())?;
            NodeChange::Config(replace(&mut node.config, config))
        }
        NodeChange::Disabled(disabled) => NodeChange::Disabled(replace(&mut node.disabled, *disabled)),
        NodeChange::OnError(on_error) => NodeChange::OnError(replace(&mut node.on_error, *on_error)),
        NodeChange::Supervision(way) => NodeChange::Supervision(replace(&mut node.supervision, way.clone())),
        NodeChange::At(at) => NodeChange::At(replace(&mut node.at, *at)),
    };
    Ok(Edit::ChangeNode { id: id.into(), change: before })
}

/// Sets a field, or takes it away; objects on the way are made, and taken away again where nothing is left in them.
fn set_field(config: &mut Map<String, Value>, path: &[String], value: Option<Value>) -> Result<(), EditError> {
    let no_field = || EditError::NoField(path.join("."));
    match (path, value) {
        ([], _) => Err(no_field()),
        ([name], Some(value)) => {
            config.insert(name.clone(), value);
            Ok(())
        }
        ([name], None) => {
            config.shift_remove(name);
            Ok(())
        }
        ([name, rest @ ..], value) => {
            let is_taken = value.is_none();
            let inner = match config.get_mut(name) {
                Some(inner) => inner,
                None if is_taken => return Ok(()),
                None => config.entry(name.clone()).or_insert_with(|| Value::Object(Map::new())),
            };
            let inner = inner.as_object_mut().ok_or_else(no_field)?;
            set_field(inner, rest, value)?;
            if is_taken && inner.is_empty() {
                config.shift_remove(name);
            }
            Ok(())
        }
    }
}

fn move_nodes(pipeline: &mut Pipeline, moves: &[(String, Point)]) -> Inverse {
    let places: Vec<usize> = moves.iter().map(|(id, _)| place_of_node(pipeline, id)).collect::<Result<_, _>>()?;
    let mut undo = Vec::with_capacity(moves.len());
    for (place, (id, to)) in places.into_iter().zip(moves) {
        let before = pipeline.nodes[place].at.replace(*to);
        undo.push((id.clone(), before));
    }
    // The last move is undone first, as a node may be named twice.
    undo.reverse();
    let known: Option<Vec<(String, Point)>> = undo.iter().map(|(id, at)| Some((id.clone(), (*at)?))).collect();
    Ok(match known {
        Some(moves) => Edit::MoveNodes(moves),
        None => {
            let back = |(id, at)| Edit::ChangeNode { id, change: NodeChange::At(at) };
            one_step("move back".into(), undo.into_iter().map(back).collect())
        }
    })
}

fn connect(pipeline: &mut Pipeline, edge: &Edge) -> Inverse {
    check_ends(pipeline, &edge.from, &edge.to)?;
    pipeline.edges.push(edge.clone());
    Ok(Edit::Take { nodes: Vec::new(), edges: vec![pipeline.edges.len() - 1] })
}

fn check_ends(pipeline: &Pipeline, from: &PortRef, to: &PortRef) -> Result<(), EditError> {
    for end in [from, to] {
        if !is_port_name(&end.port) {
            return Err(EditError::NoPort(end.to_string()));
        }
        place_of_node(pipeline, &end.node)?;
    }
    match pipeline.edges.iter().find(|edge| edge.from == *from && edge.to == *to) {
        Some(edge) => Err(EditError::EdgeExists(edge.id())),
        None => Ok(()),
    }
}

fn change_edge(pipeline: &mut Pipeline, id: &str, change: &EdgeChange) -> Inverse {
    let place = place_of_edge(pipeline, id)?;
    let edge = &mut pipeline.edges[place];
    let before = match change {
        EdgeChange::Ends { from, to } => {
            let after = Edge { from: from.clone(), to: to.clone(), ..edge.clone() };
            return change_ends(pipeline, place, after);
        }
        EdgeChange::Via(via) => EdgeChange::Via(replace(&mut edge.via, via.clone())),
        EdgeChange::Points(points) => EdgeChange::Points(replace(&mut edge.points, points.clone())),
    };
    Ok(Edit::ChangeEdge { edge: id.into(), change: before })
}

fn change_ends(pipeline: &mut Pipeline, place: usize, after: Edge) -> Inverse {
    check_ends(pipeline, &after.from, &after.to)?;
    let before = replace(&mut pipeline.edges[place], after);
    // By place, since the old ends may be ones that no edit would connect.
    let label = format!("put back {}", before.id());
    let take = Edit::Take { nodes: Vec::new(), edges: vec![place] };
    let insert = Edit::Insert(Parts { edges: vec![(place, before)], ..Parts::default() });
    Ok(Edit::Batch { label, edits: vec![take, insert] })
}

fn replace_section(pipeline: &mut Pipeline, section: Section) -> Section {
    match section {
        Section::Name(name) => Section::Name(replace(&mut pipeline.name, name)),
        Section::Description(text) => Section::Description(replace(&mut pipeline.description, text)),
        Section::Settings(settings) => Section::Settings(replace(&mut pipeline.settings, settings)),
        Section::Parameters(parameters) => Section::Parameters(replace(&mut pipeline.parameters, parameters)),
        Section::Clusters(clusters) => Section::Clusters(replace(&mut pipeline.clusters, clusters)),
        Section::Edges(edges) => Section::Edges(replace(&mut pipeline.edges, edges)),
        Section::Groups(groups) => Section::Groups(replace(&mut pipeline.groups, groups)),
        Section::Notes(notes) => Section::Notes(replace(&mut pipeline.notes, notes)),
        Section::Tests(tests) => Section::Tests(replace(&mut pipeline.tests, tests)),
        Section::Lesson(lesson) => Section::Lesson(replace(&mut pipeline.lesson, lesson)),
    }
}

fn batch(pipeline: &mut Pipeline, label: &str, edits: &[Edit]) -> Inverse {
    let mut undo: Vec<Edit> = Vec::with_capacity(edits.len());
    for edit in edits {
        match apply(edit, pipeline) {
            Ok(inverse) => undo.push(inverse),
            Err(error) => {
                // What was just done can be undone: an inverse always applies to the pipeline that it came from.
                for inverse in undo.iter().rev() {
                    apply(inverse, pipeline)?;
                }
                return Err(error);
            }
        }
    }
    undo.reverse();
    Ok(Edit::Batch { label: label.into(), edits: undo })
}

fn insert(pipeline: &mut Pipeline, parts: &Parts) -> Inverse {
    let nodes: Vec<usize> = parts.nodes.iter().map(|(place, _)| *place).collect();
    let edges: Vec<usize> = parts.edges.iter().map(|(place, _)| *place).collect();
    check_places(&nodes, pipeline.nodes.len() + nodes.len())?;
    check_places(&edges, pipeline.edges.len() + edges.len())?;
    for (place, node) in &parts.nodes {
        pipeline.nodes.insert(*place, node.clone());
    }
    for (place, edge) in &parts.edges {
        pipeline.edges.insert(*place, edge.clone());
    }
    Ok(Edit::Take { nodes, edges })
}

fn take(pipeline: &mut Pipeline, nodes: &[usize], edges: &[usize]) -> Result<Parts, EditError> {
    check_places(nodes, pipeline.nodes.len())?;
    check_places(edges, pipeline.edges.len())?;
    Ok(Parts { nodes: take_from(&mut pipeline.nodes, nodes), edges: take_from(&mut pipeline.edges, edges) })
}

fn take_from<T>(list: &mut Vec<T>, places: &[usize]) -> Vec<(usize, T)> {
    let mut taken: Vec<(usize, T)> = places.iter().rev().map(|place| (*place, list.remove(*place))).collect();
    taken.reverse();
    taken
}

/// Ascending, each once, none beyond the end.
fn check_places(places: &[usize], len: usize) -> Result<(), EditError> {
    let misplaced = places
        .iter()
        .enumerate()
        .find(|(index, place)| **place >= len || places.get(index + 1).is_some_and(|next| next <= place));
    misplaced.map_or(Ok(()), |(_, place)| Err(EditError::NoPlace(*place)))
}
