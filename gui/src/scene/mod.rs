//! From the drawn pipeline, its check and the meters to what the canvas shows: a card for each node, a wire for each edge.
//! Made anew when one of them changes, not each frame; it knows no painter.

mod fold;

use std::collections::{BTreeSet, HashMap};

use egui::{Pos2, Rect, pos2};
use tidegate_core::check::{CheckedNode, Travel};
use tidegate_core::faces::drawing::Drawing;
use tidegate_core::faces::glance::glance;
use tidegate_core::faces::numbers;
use tidegate_core::faces::watched::Watched;
use tidegate_core::operators::Family;
use tidegate_core::pipeline::{Node, Pipeline, PortRef};
use tidegate_core::problem::Severity;
use tidegate_core::types::{Carries, Stream};

use crate::acts::Chosen;
use crate::canvas::geometry::{Shape, Slot, Texts, bounds};
use crate::live::{self, Meters};

/// All that is drawn.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scene {
    /// in the file's order; folded groups come last
    pub(crate) nodes: Vec<Card>,
    /// nodes of folded groups
    pub(crate) hidden: Vec<Card>,
    /// in the file's order; those whose ends are not there are left out
    pub(crate) wires: Vec<Wire>,
    /// there are figures, for which boxes have room
    is_live: bool,
}

/// A node.
#[derive(Debug, Clone)]
pub(crate) struct Card {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) operator: String,
    pub(crate) family: Family,
    pub(crate) icon: &'static str,
    /// its settings in a line
    pub(crate) glance: String,
    pub(crate) shape: Shape,
    pub(crate) inputs: Vec<Port>,
    pub(crate) outputs: Vec<Port>,
    /// `errors` and `late`
    pub(crate) sides: Vec<Port>,
    pub(crate) live: Option<live::NodeLive>,
    /// errors, and warnings
    pub(crate) problems: (usize, usize),
    /// the glance line says something wrong
    pub(crate) is_glance_wrong: bool,
    pub(crate) is_disabled: bool,
    /// it is a group that is folded
    pub(crate) fold: Option<Fold>,
}

/// What a box stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fold {
    /// the group
    pub(crate) group: String,
    /// its nodes
    pub(crate) nodes: Vec<String>,
}

/// A port.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Port {
    pub(crate) name: String,
    pub(crate) kind: PortKind,
    pub(crate) is_connected: bool,
    /// it must be connected, and is not
    pub(crate) is_missing: bool,
    /// records that left here, where they are counted apart
    pub(crate) count: u64,
}

/// What a port takes or gives: its shape and colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PortKind {
    Records,
    Changes,
    Model,
    Errors,
    Late,
    Any,
}

impl PortKind {
    /// Its word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            PortKind::Records => "records",
            PortKind::Changes => "changes",
            PortKind::Model => "a model",
            PortKind::Errors => "failed records",
            PortKind::Late => "late records",
            PortKind::Any => "records or changes",
        }
    }
}

/// An edge.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    /// `from->to`
    pub(crate) id: String,
    /// place of its node, and the port
    pub(crate) from: (usize, Slot),
    pub(crate) to: (usize, Slot),
    /// places that its line goes through
    pub(crate) bends: Vec<Pos2>,
    pub(crate) is_active: bool,
    /// the topic through which it goes
    pub(crate) topic: Option<String>,
    /// what is written at it: a topic of our own is named after the edge anyway
    pub(crate) topic_label: String,
    /// how many columns it carries
    pub(crate) columns: Option<usize>,
    pub(crate) live: Option<live::EdgeLive>,
}

impl Scene {
    /// What a drawing shows, with what the meters say.
    pub(crate) fn new(drawing: &Drawing, run: &Watched) -> Scene {
        let is_live = run.has_figures();
        let places: HashMap<&str, usize> = places(&drawing.pipeline);
        let connected: BTreeSet<(&str, &str, bool)> = drawing
            .pipeline
            .edges
            .iter()
            .flat_map(|edge| {
                let (from, to) = (&edge.from, &edge.to);
                [(from.node.as_str(), from.port.as_str(), false), (to.node.as_str(), to.port.as_str(), true)]
            })
            .collect();
        let counts = Counts::of(drawing);
        let laid = crate::layout::places(&drawing.pipeline);
        let nodes = drawing.pipeline.nodes.iter().zip(&drawing.checked.nodes).enumerate();
        let mut scene = Scene {
            nodes: nodes
                .map(|(place, (node, checked))| {
                    let mut card = card(node, checked, &connected, is_live);
                    let at = node.at.map_or(laid[place], |at| pos2(at.x as f32, at.y as f32));
                    card.place_at(at, is_live);
                    counts.note(&mut card);
                    card
                })
                .collect(),
            hidden: Vec::new(),
            wires: Vec::new(),
            is_live,
        };
        scene.wires = scene.make_wires(drawing, &places);
        scene.note(run);
        fold::folded(scene, &drawing.pipeline.groups, is_live)
    }

    /// Takes in other figures of the same drawing; false where that changes boxes, and it must be made anew.
    pub(crate) fn take(&mut self, run: &Watched) -> bool {
        let is_same = run.has_figures() == self.is_live && self.hidden.is_empty();
        if is_same {
            self.note(run);
        }
        is_same
    }

    /// What the meters say, of cards that are single nodes.
    fn note(&mut self, run: &Watched) {
        let meters = Meters::new(run);
        for card in &mut self.nodes {
            card.live = meters.node(&card.id, card.family);
            if let Some((errors, late)) = meters.astray(&card.id) {
                for port in &mut card.sides {
                    port.count = if port.kind == PortKind::Errors { errors } else { late };
                }
            }
        }
        for wire in &mut self.wires {
            wire.live = meters.edge(&wire.id, wire.topic.as_deref());
        }
    }

    fn make_wires(&self, drawing: &Drawing, places: &HashMap<&str, usize>) -> Vec<Wire> {
        let edges = drawing.pipeline.edges.iter().zip(&drawing.checked.edges);
        let wire = |(edge, checked): (&tidegate_core::pipeline::Edge, &tidegate_core::check::CheckedEdge)| {
            let from = *places.get(edge.from.node.as_str())?;
            let to = *places.get(edge.to.node.as_str())?;
            let (topic, topic_label) = match &checked.travel {
                Travel::Topic { topic, is_own: true, .. } => (Some(topic.clone()), "own topic".to_string()),
                Travel::Topic { topic, .. } => (Some(topic.clone()), topic.clone()),
                Travel::Direct { .. } => (None, String::new()),
            };
            Some(Wire {
                from: (from, self.nodes[from].output(&edge.from.port)?),
                to: (to, self.nodes[to].input(&edge.to.port)?),
                bends: edge.points.iter().map(|point| pos2(point.x as f32, point.y as f32)).collect(),
                is_active: checked.is_active,
                columns: checked.stream.as_ref().map(|stream| stream.schema.columns.len()),
                live: None,
                topic,
                topic_label,
                id: edge.id(),
            })
        };
        edges.filter_map(wire).collect()
    }

    /// The card of a node.
    pub(crate) fn card(&self, id: &str) -> Option<&Card> {
        self.nodes.iter().chain(&self.hidden).find(|card| card.id == id)
    }

    /// Cards of the pipeline's nodes, those of folded groups too.
    pub(crate) fn of_nodes(&self) -> impl Iterator<Item = &Card> {
        self.nodes.iter().chain(&self.hidden).filter(|card| card.fold.is_none())
    }

    /// The box around all nodes.
    pub(crate) fn bounds(&self) -> Option<Rect> {
        bounds(self.nodes.iter().map(|card| card.shape.rect))
    }
}

impl Card {
    fn place_at(&mut self, at: egui::Pos2, is_live: bool) {
        let letters = |text: &str| text.chars().count();
        let texts =
            Texts { title: letters(&self.title), operator: letters(&self.operator), glance: letters(&self.glance) };
        let ports = self.inputs.len().max(self.outputs.len());
        let is_end = matches!(self.family, Family::Sources | Family::Sinks);
        self.shape = Shape::new(at, texts, ports, is_end, is_live);
    }

    /// Ids of the nodes that it stands for.
    pub(crate) fn ids(&self) -> &[String] {
        self.fold.as_ref().map_or(std::slice::from_ref(&self.id), |fold| &fold.nodes)
    }

    /// Selects it alone.
    pub(crate) fn chosen(&self) -> Chosen {
        Chosen::nodes(self.ids().iter().map(String::as_str))
    }

    /// It is selected: all that it stands for.
    pub(crate) fn is_in(&self, chosen: &Chosen) -> bool {
        self.ids().iter().all(|id| chosen.nodes.contains(id))
    }

    /// The port of the pipeline that a port of it is.
    pub(crate) fn end(&self, port: &str) -> PortRef {
        if self.fold.is_some() { PortRef::from(port) } else { PortRef::new(&self.id, port) }
    }

    /// Where an output port is, by name.
    pub(crate) fn output(&self, name: &str) -> Option<Slot> {
        let find = |ports: &[Port]| ports.iter().position(|port| port.name == name);
        find(&self.outputs).map(Slot::Output).or_else(|| find(&self.sides).map(Slot::Side))
    }

    /// Where an input port is, by name.
    pub(crate) fn input(&self, name: &str) -> Option<Slot> {
        self.inputs.iter().position(|port| port.name == name).map(Slot::Input)
    }

    /// All ports with their places; those at the side come last.
    pub(crate) fn ports(&self) -> impl Iterator<Item = (Slot, &Port)> {
        let inputs = self.inputs.iter().enumerate().map(|(number, port)| (Slot::Input(number), port));
        let outputs = self.outputs.iter().enumerate().map(|(number, port)| (Slot::Output(number), port));
        let sides = self.sides.iter().enumerate().map(|(number, port)| (Slot::Side(number), port));
        inputs.chain(outputs).chain(sides)
    }

    /// What a screen reader says of it.
    pub(crate) fn description(&self) -> String {
        let what = if self.fold.is_some() { "folded group" } else { "node" };
        let mut parts = vec![format!("{what} {}, {}", self.title, self.operator)];
        parts.extend(self.live.as_ref().map(|live| format!("{}, {}", live.state.word(), live.figure)));
        match self.problems {
            (0, 0) => {}
            (0, warnings) => parts.push(numbers::several(warnings, "warning")),
            (errors, _) => parts.push(numbers::several(errors, "problem")),
        }
        parts.join(", ")
    }
}

fn places(pipeline: &Pipeline) -> HashMap<&str, usize> {
    pipeline.nodes.iter().enumerate().map(|(place, node)| (node.id.as_str(), place)).collect()
}

fn card(node: &Node, checked: &CheckedNode, connected: &BTreeSet<(&str, &str, bool)>, is_live: bool) -> Card {
    let operator = checked.operator;
    let form = operator.map(|operator| (operator.form)()).unwrap_or_default();
    let mut card = Card {
        id: node.id.clone(),
        title: node.title().to_string(),
        operator: node.operator.clone(),
        family: operator.map_or(Family::Flows, |operator| operator.family),
        icon: operator.map_or("", |operator| operator.icon),
        glance: glance(&form, &node.config),
        shape: Shape::new(egui::Pos2::ZERO, Texts::default(), 0, false, is_live),
        inputs: Vec::new(),
        outputs: Vec::new(),
        sides: Vec::new(),
        live: None,
        problems: (0, 0),
        is_glance_wrong: false,
        is_disabled: node.disabled || !checked.is_active,
        fold: None,
    };
    let ports = checked.ports.clone().or_else(|| operator?.ports()).unwrap_or_default();
    let has = |name: &str, is_input: bool| connected.contains(&(node.id.as_str(), name, is_input));
    for (number, input) in ports.inputs.iter().enumerate() {
        let stream = checked.inputs.get(number).and_then(Option::as_ref);
        let kind = match (&*input.name, stream, input.carries) {
            ("model", ..) => PortKind::Model,
            (_, Some(stream), _) => carried(stream),
            (_, None, Some(Carries::Records)) => PortKind::Records,
            (_, None, Some(Carries::Changes)) => PortKind::Changes,
            (_, None, None) => PortKind::Any,
        };
        let is_connected = has(&input.name, true);
        let is_missing = input.is_required && !is_connected;
        card.inputs.push(Port { name: input.name.clone(), kind, is_connected, is_missing, count: 0 });
    }
    for (number, name) in ports.output_names().enumerate() {
        let stream = checked.outputs.get(number).and_then(Option::as_ref);
        let kind = match name {
            "errors" => PortKind::Errors,
            "late" => PortKind::Late,
            _ => stream.map_or(PortKind::Records, carried),
        };
        let port = Port { name: name.to_string(), kind, is_connected: has(name, false), is_missing: false, count: 0 };
        match kind {
            PortKind::Errors | PortKind::Late => card.sides.push(port),
            _ => card.outputs.push(port),
        }
    }
    // Errors leave nearest to the corner.
    card.sides.sort_by_key(|port| port.kind != PortKind::Errors);
    card
}

fn carried(stream: &Stream) -> PortKind {
    match stream.carries {
        Carries::Records => PortKind::Records,
        Carries::Changes => PortKind::Changes,
    }
}

/// Problems by node.
struct Counts<'a> {
    of: HashMap<&'a str, (usize, usize, bool)>,
}

impl Counts<'_> {
    fn of(drawing: &Drawing) -> Counts<'_> {
        let mut of: HashMap<&str, (usize, usize, bool)> = HashMap::new();
        for problem in &drawing.checked.problems {
            let Some(node) = &problem.place.node else { continue };
            let counts = of.entry(node).or_default();
            match problem.severity {
                Severity::Error => counts.0 += 1,
                Severity::Warning => counts.1 += 1,
                Severity::Note => {}
            }
            counts.2 |= problem.place.span.is_some();
        }
        Counts { of }
    }

    fn note(&self, card: &mut Card) {
        if let Some((errors, warnings, is_wrong)) = self.of.get(card.id.as_str()) {
            card.problems = (*errors, *warnings);
            card.is_glance_wrong = *is_wrong;
        }
    }
}

impl Wire {
    /// What a screen reader says of it.
    pub(crate) fn description(&self) -> String {
        let mut text = format!("edge {}", self.id.replace("->", " to "));
        match &self.topic {
            Some(topic) => text += &format!(", through topic {topic}"),
            None if self.live.as_ref().is_some_and(|live| live.is_fused) => text += ", fused",
            None => text += ", direct",
        }
        if let Some(live) = &self.live {
            text += &format!(", {}", numbers::rate_with_unit(live.rate));
            if live.capacity > 0 {
                text += &format!(", {} full", numbers::percent(live.fill));
            }
        }
        text
    }
}
