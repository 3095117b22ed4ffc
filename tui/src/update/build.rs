//! Building: what changes the drawing, each as one edit that can be undone.

use tidegate_core::faces::building::{self, free_output, outputs};
use tidegate_core::operators::Operator;
use tidegate_core::pipeline::edit::Edit;
use tidegate_core::pipeline::{Edge, Point, PortRef};

use super::{ask, marks};
use crate::commands::Act;
use crate::graph::Detail;
use crate::line::Line;
use crate::model::form::FormSheet;
use crate::model::place::{AddSheet, AddTo, Chosen, ConnectSheet, Sheet};
use crate::model::run::Link;
use crate::model::{Model, Wish};
use crate::numbers;
use crate::views;

/// Does what builds.
pub(crate) fn act(model: &mut Model, act: Act) -> Vec<Wish> {
    if !model.rights.may_build {
        return Vec::new();
    }
    match act {
        Act::Add => add(model),
        Act::Insert => insert(model),
        Act::Connect => connect(model),
        Act::Configure => {
            if let Some(id) = node(model) {
                configure(model, &id);
            }
        }
        Act::Swap => {
            if let Some(id) = node(model) {
                choose_operator(model, AddTo::Swap(id));
            }
        }
        Act::Via => via(model),
        Act::Delete => delete(model, true),
        Act::DeleteWires => delete(model, false),
        Act::RemoveWire => match model.place.graph.chosen.clone() {
            Some(Chosen::Edge(edge)) => {
                apply(model, &Edit::Disconnect { edge });
            }
            _ => model.said = Some("Select a wire first, with h and l.".into()),
        },
        Act::Rename => {
            if let Some(id) = node(model) {
                model.place.sheets.push(Sheet::Rename { line: Line::new(id.clone()), node: id });
            }
        }
        Act::Note => model.place.sheets.push(Sheet::Notes(Default::default())),
        Act::Paste => marks::paste(model),
        Act::Tidy => tidy(model),
        Act::Undo => undo(model, true),
        Act::Redo => undo(model, false),
        Act::Run => return run(model),
        Act::Save => return save(model, None),
        _ => {}
    }
    Vec::new()
}

/// Changes the drawing, or says why not.
pub(crate) fn apply(model: &mut Model, edit: &Edit) -> bool {
    match model.drawing.apply(edit) {
        Ok(()) => {
            model.said = Some(format!("Done: {}. u takes it back.", edit.label()));
            keep_selection(model);
            true
        }
        Err(why) => {
            model.said = Some(format!("{why}."));
            false
        }
    }
}

/// What is gone cannot stay selected.
fn keep_selection(model: &mut Model) {
    let pipeline = &model.drawing.pipeline;
    let is_there = match &model.place.graph.chosen {
        Some(Chosen::Node(id)) => pipeline.node(id).is_some(),
        Some(Chosen::Edge(id)) => pipeline.edge(id).is_some(),
        None => false,
    };
    model.place.graph.marked.retain(|id| pipeline.node(id).is_some());
    if !is_there {
        model.place.graph.chosen = model.first_node().map(Chosen::Node);
    }
}

/// The selected node; where there is none, that is said.
fn node(model: &mut Model) -> Option<String> {
    match &model.place.graph.chosen {
        Some(Chosen::Node(id)) if model.drawing.pipeline.node(id).is_some() => Some(id.clone()),
        _ => {
            model.said = Some("Select a node first.".into());
            None
        }
    }
}

fn undo(model: &mut Model, is_back: bool) {
    let (label, what) = match is_back {
        true => (model.drawing.undo(), "Taken back"),
        false => (model.drawing.redo(), "Done again"),
    };
    model.said = Some(label.map_or_else(
        || format!("Nothing to {}.", if is_back { "undo" } else { "redo" }),
        |label| format!("{what}: {label}."),
    ));
    keep_selection(model);
}

fn choose_operator(model: &mut Model, to: AddTo) {
    model.place.sheets.push(Sheet::Add(AddSheet { to, search: Line::default(), chosen: 0 }));
}

fn add(model: &mut Model) {
    let to = match &model.place.graph.chosen {
        Some(Chosen::Node(id)) => {
            outputs(&model.drawing, id).into_iter().next().map(|port| AddTo::After(PortRef::new(id, port)))
        }
        Some(Chosen::Edge(id)) => Some(AddTo::Wire(id.clone())),
        None => None,
    };
    choose_operator(model, to.unwrap_or(AddTo::Nothing));
}

fn insert(model: &mut Model) {
    let edge = match &model.place.graph.chosen {
        Some(Chosen::Edge(id)) => Some(id.clone()),
        Some(Chosen::Node(id)) => model.drawing.pipeline.edges.iter().find(|edge| edge.from.node == *id).map(Edge::id),
        None => None,
    };
    match edge {
        Some(edge) => choose_operator(model, AddTo::Wire(edge)),
        None => model.said = Some("There is no wire to insert on.".into()),
    }
}

fn connect(model: &mut Model) {
    let Some(id) = node(model) else { return };
    match free_output(&model.drawing, &id) {
        Some(from) => {
            let sheet = ConnectSheet { from, search: Line::default(), chosen: 0, is_topic: false };
            model.place.sheets.push(Sheet::Connect(sheet));
        }
        None => model.said = Some(format!("{id} gives nothing: it has no output.")),
    }
}

/// The next output of the node that is being connected.
pub(crate) fn next_output(model: &Model, from: &PortRef) -> PortRef {
    let ports = outputs(&model.drawing, &from.node);
    let place = ports.iter().position(|port| *port == from.port).unwrap_or_default();
    ports.get((place + 1) % ports.len().max(1)).map_or_else(|| from.clone(), |port| PortRef::new(&from.node, port))
}

/// Opens the form of a node; false where it has none.
pub(crate) fn configure(model: &mut Model, id: &str) -> bool {
    match FormSheet::open(&model.drawing, id) {
        Some(sheet) => {
            model.place.sheets.push(Sheet::Form(Box::new(sheet)));
            true
        }
        None => false,
    }
}

/// A node of this operator where the palette was opened for, and its form.
pub(crate) fn place_operator(model: &mut Model, operator: &'static Operator, to: &AddTo) {
    let (edit, id) = building::placed(&model.drawing.pipeline, operator, to, None);
    if apply(model, &edit) {
        views::choose_node(model, &id);
        configure(model, &id);
    }
}

fn via(model: &mut Model) {
    let Some(Chosen::Edge(id)) = model.place.graph.chosen.clone() else {
        model.said = Some("Select a wire first, with h and l.".into());
        return;
    };
    let edit = building::flipped(&model.drawing.pipeline, &id);
    apply(model, &edit);
}

/// Takes the selected node away; its readers read from where it read, where it is to heal.
fn delete(model: &mut Model, heals: bool) {
    if let Some(Chosen::Edge(edge)) = model.place.graph.chosen.clone() {
        apply(model, &Edit::Disconnect { edge });
        return;
    }
    let Some(id) = node(model) else { return };
    let neighbour = neighbour(model, &id);
    let mut ids: Vec<&str> = model.place.graph.marked.iter().map(String::as_str).collect();
    if ids.is_empty() {
        ids.push(&id);
    }
    let edit = building::removed(&model.drawing, &ids, heals);
    if apply(model, &edit)
        && let Some(neighbour) = neighbour
    {
        views::choose_node(model, &neighbour);
    }
}

/// Where the selection goes when a node goes.
fn neighbour(model: &Model, id: &str) -> Option<String> {
    let edges = &model.drawing.pipeline.edges;
    let before = edges.iter().find(|edge| edge.to.node == id).map(|edge| edge.from.node.clone());
    before.or_else(|| edges.iter().find(|edge| edge.from.node == id).map(|edge| edge.to.node.clone()))
}

/// Writes where everything stands here into the file, for the canvas.
fn tidy(model: &mut Model) {
    const LAYER: i32 = 280;
    const ROW: i32 = 24;
    let shown = views::graph::scene(model, Detail::Normal);
    let layout = crate::graph::layout(&shown.scene);
    let unit = |cells: usize| i32::try_from(cells).unwrap_or(i32::MAX / ROW);
    let places = shown.nodes.iter().zip(&layout.cards);
    let moves: Vec<(String, Point)> = places
        .filter(|(id, _)| model.drawing.pipeline.node(id).is_some())
        .map(|(id, spot)| (id.clone(), Point { x: 40 + unit(spot.layer) * LAYER, y: 40 + unit(spot.y) * ROW }))
        .collect();
    if !moves.is_empty() {
        apply(model, &Edit::MoveNodes(moves));
    }
    model.place.graph.pan = (0, 0);
}

fn run(model: &mut Model) -> Vec<Wish> {
    let errors = model.drawing.errors().count();
    if errors > 0 {
        model.said = Some(format!("{} first.", numbers::several(errors, "error")));
        model.place.sheets.push(Sheet::Problems { chosen: 0 });
        return Vec::new();
    }
    if model.drawing.pipeline.nodes.is_empty() {
        model.said = Some("Nothing is drawn yet: a adds a source.".into());
        return Vec::new();
    }
    if matches!(model.run.link, Link::Live | Link::Starting) {
        ask(model, "Stop the run, and start it again as it is drawn?", Act::Run);
        return Vec::new();
    }
    vec![Wish::Run(Box::new(model.drawing.pipeline.clone()))]
}

/// Saves the drawing, to its file or to another.
pub(crate) fn save(model: &mut Model, path: Option<String>) -> Vec<Wish> {
    if path.is_none() && model.drawing.path.is_none() {
        model.said = Some("It has no file yet: :w FILE saves it.".into());
        return Vec::new();
    }
    vec![Wish::Save { pipeline: Box::new(model.drawing.pipeline.clone()), path }]
}

/// To a place of the drawing.
pub(crate) fn go_to(model: &mut Model, chosen: Chosen) {
    super::show(model, crate::commands::View::Graph);
    model.place.graph.chosen = Some(chosen);
    model.place.graph.pan = (0, 0);
}
