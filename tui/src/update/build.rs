//! Building: what changes the drawing, each as one edit that can be undone.

use serde_json::{Map, Value};
use tidegate_core::operators::{Operator, Ports};
use tidegate_core::pipeline::edit::{EdgeChange, Edit, NodeChange};
use tidegate_core::pipeline::{Edge, Node, Point, PortRef, Via};

use super::{ask, marks};
use crate::commands::Act;
use crate::graph::Detail;
use crate::line::Line;
use crate::model::drawing::Drawing;
use crate::model::form::FormSheet;
use crate::model::place::{AddSheet, AddTo, Chosen, ConnectSheet, Sheet};
use crate::model::run::Link;
use crate::model::{Model, Wish};
use crate::views;

/// The ports of an operator that is not configured yet: those of an empty config, else of its first example.
pub(crate) fn ports_of(operator: &Operator) -> Option<Ports> {
    let empty = (operator.configure)(Value::Object(Map::new())).ok();
    let example = || {
        let config = serde_json::from_str(operator.examples.first()?.config).ok()?;
        (operator.configure)(config).ok()
    };
    empty.or_else(example).map(|shape| shape.ports())
}

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

/// Names of a node's output ports.
fn outputs(drawing: &Drawing, id: &str) -> Vec<String> {
    let checked = drawing.place(id).and_then(|place| drawing.checked.nodes.get(place)?.ports.clone());
    let ports = checked.or_else(|| ports_of(drawing.operator(id)?));
    ports.map(|ports| ports.output_names().map(str::to_string).collect()).unwrap_or_default()
}

/// The first output of a node, preferably one without a wire.
fn free_output(model: &Model, id: &str) -> Option<PortRef> {
    let ports: Vec<PortRef> = outputs(&model.drawing, id).into_iter().map(|port| PortRef::new(id, port)).collect();
    let is_free = |port: &&PortRef| !model.drawing.pipeline.edges.iter().any(|edge| edge.from == **port);
    ports.iter().find(is_free).or(ports.first()).cloned()
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
    match free_output(model, &id) {
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
    let (edit, id) = match to {
        AddTo::Swap(id) => (swap(model, operator, id), id.clone()),
        _ => {
            let id = model.drawing.pipeline.fresh_id(operator.name);
            (added(model, operator, to, &id), id)
        }
    };
    if apply(model, &edit) {
        views::choose_node(model, &id);
        configure(model, &id);
    }
}

fn added(model: &Model, operator: &Operator, to: &AddTo, id: &str) -> Edit {
    let ports = ports_of(operator).unwrap_or_default();
    let input = ports.inputs.first().map(|port| PortRef::new(id, &port.name));
    let output = ports.outputs.first().map(|port| PortRef::new(id, port));
    let mut edits = vec![Edit::AddNode(Node::new(id, operator.name))];
    let wire = |from: PortRef, to: PortRef| Edit::Connect(Edge { from, to, via: None, points: Vec::new() });
    match to {
        AddTo::After(from) => edits.extend(input.map(|input| wire(from.clone(), input))),
        AddTo::Wire(edge) => {
            if let (Some(known), Some(input), Some(output)) = (model.drawing.pipeline.edge(edge), input, output) {
                // How it travels stays with the first part.
                let first = Edge { to: input, points: Vec::new(), ..known.clone() };
                edits.push(Edit::Disconnect { edge: edge.clone() });
                edits.push(Edit::Connect(first));
                edits.push(wire(output, known.to.clone()));
            }
        }
        AddTo::Nothing | AddTo::Swap(_) => {}
    }
    Edit::Batch { label: format!("add {id}"), edits }
}

/// Another operator: settings of the same name stay, wires move to ports at the same place where theirs are gone.
fn swap(model: &Model, operator: &Operator, id: &str) -> Edit {
    let form = (operator.form)();
    let pipeline = &model.drawing.pipeline;
    let config = pipeline.node(id).map(|node| node.config.clone()).unwrap_or_default();
    let config: Map<String, Value> = config.into_iter().filter(|(name, _)| form.field(name).is_some()).collect();
    let change = |change| Edit::ChangeNode { id: id.to_string(), change };
    let mut edits = vec![change(NodeChange::Operator(operator.name.to_string())), change(NodeChange::Config(config))];
    if let Some(ports) = ports_of(operator) {
        for edge in pipeline.edges.iter().filter(|edge| edge.touches(id)) {
            let (mut from, mut to) = (edge.from.clone(), edge.to.clone());
            if from.node == id && ports.output(&from.port).is_none() {
                from.port = ports.outputs.first().cloned().unwrap_or(from.port);
            }
            if to.node == id && ports.input(&to.port).is_none() {
                to.port = ports.inputs.first().map_or(to.port, |port| port.name.clone());
            }
            if (&from, &to) != (&edge.from, &edge.to) {
                edits.push(Edit::ChangeEdge { edge: edge.id(), change: EdgeChange::Ends { from, to } });
            }
        }
    }
    Edit::Batch { label: format!("make {id} a {}", operator.name), edits }
}

fn via(model: &mut Model) {
    let Some(Chosen::Edge(id)) = model.place.graph.chosen.clone() else {
        model.said = Some("Select a wire first, with h and l.".into());
        return;
    };
    let is_topic = model.drawing.pipeline.edge(&id).is_some_and(|edge| matches!(edge.via, Some(Via::Topic(_))));
    let via = (!is_topic).then(|| Via::Topic(Default::default()));
    apply(model, &Edit::ChangeEdge { edge: id, change: EdgeChange::Via(via) });
}

/// Takes the selected node away; its readers read from where it read, where it is to heal.
fn delete(model: &mut Model, heals: bool) {
    if let Some(Chosen::Edge(edge)) = model.place.graph.chosen.clone() {
        apply(model, &Edit::Disconnect { edge });
        return;
    }
    let Some(id) = node(model) else { return };
    let neighbour = neighbour(model, &id);
    let mut ids: Vec<String> = model.place.graph.marked.iter().cloned().collect();
    if ids.is_empty() {
        ids.push(id);
    }
    let mut edits = Vec::new();
    // Each heals what the one before has left.
    let mut tried = model.drawing.clone();
    for id in &ids {
        let mut step = vec![Edit::RemoveNode { id: id.clone() }];
        if heals {
            step.extend(healing(&tried, id));
        }
        let step = Edit::Batch { label: String::new(), edits: step };
        if tried.apply(&step).is_ok() {
            edits.push(step);
        }
    }
    if apply(model, &Edit::Batch { label: format!("delete {}", ids.join(", ")), edits })
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

/// Wires past a node: from all that its first input reads to all that its first output gives to.
fn healing(drawing: &Drawing, id: &str) -> Vec<Edit> {
    let pipeline = &drawing.pipeline;
    let first_output = outputs(drawing, id).into_iter().next();
    let first_input = pipeline.edges.iter().find(|edge| edge.to.node == id).map(|edge| edge.to.port.clone());
    let before = pipeline.edges.iter().filter(|edge| edge.to.node == id && Some(&edge.to.port) == first_input.as_ref());
    let mut edits = Vec::new();
    for from in before {
        let after =
            pipeline.edges.iter().filter(|edge| edge.from.node == id && Some(&edge.from.port) == first_output.as_ref());
        for to in after {
            let healed = Edge { from: from.from.clone(), to: to.to.clone(), via: from.via.clone(), points: Vec::new() };
            let is_there = pipeline.edge(&healed.id()).is_some() || from.from.node == to.to.node;
            if !is_there && !edits.contains(&Edit::Connect(healed.clone())) {
                edits.push(Edit::Connect(healed));
            }
        }
    }
    edits
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
        model.said = Some(format!("{errors} error{} first.", if errors == 1 { "" } else { "s" }));
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
