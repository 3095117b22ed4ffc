//! From the drawn pipeline and the meters to boxes and wires. What is not in the run yet shows `–`; what is gone from the
//! drawing and still runs stays, dotted.

use std::collections::BTreeMap;

use tidegate_core::fields::DurationText;
use tidegate_core::form::FieldKind;
use tidegate_core::operators::Role;
use tidegate_core::pipeline::{Edge, Node, PortRef, Via};
use tidegate_core::snapshot::{EdgeSnapshot, NodeSnapshot};

use crate::graph::{Card, Detail, Line, Scene, Wire};
use crate::model::Model;
use crate::model::place::Chosen;
use crate::model::run::{Watched, load, load_tone, verdict_glyph, verdict_tone, worst};
use crate::numbers::{self, ABSENT};
use crate::theme::Tone;

/// A scene, and what its boxes and wires stand for.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    pub(crate) scene: Scene,
    /// ids of nodes
    pub(crate) nodes: Vec<String>,
    /// ids of edges
    pub(crate) edges: Vec<String>,
}

/// What the graph shows with so much detail.
pub(crate) fn scene(model: &Model, detail: Detail) -> Shown {
    let drawing = &model.drawing;
    let nodes: Vec<&Node> = drawing.pipeline.nodes.iter().chain(drawing.leaving()).collect();
    let is_leaving = |edge: &&Edge| drawing.leaving().any(|node| edge.touches(&node.id));
    let edges: Vec<&Edge> =
        drawing.pipeline.edges.iter().chain(drawing.running.edges.iter().filter(is_leaving)).collect();
    let place = |id: &str| nodes.iter().position(|node| node.id == id);
    let ports = Ports::of(model, &nodes, &edges);
    let cards = nodes
        .iter()
        .enumerate()
        .map(|(number, node)| card(model, node, detail, ports.inputs[number].clone(), ports.outputs[number].clone()));
    let mut shown = Shown {
        scene: Scene { cards: cards.collect(), wires: Vec::new(), detail },
        nodes: nodes.iter().map(|node| node.id.clone()).collect(),
        edges: Vec::new(),
    };
    for edge in edges {
        let ends = place(&edge.from.node).zip(place(&edge.to.node));
        let numbers = ends.and_then(|(from, to)| {
            let out = ports.outputs[from].iter().position(|port| *port == edge.from.port)?;
            let input = ports.inputs[to].iter().position(|port| *port == edge.to.port)?;
            Some(((from, out), (to, input)))
        });
        if let Some((from, to)) = numbers {
            shown.scene.wires.push(wire(model, edge, from, to, detail));
            shown.edges.push(edge.id());
        }
    }
    shown
}

/// Names of ports that have wires, node by node.
struct Ports {
    inputs: Vec<Vec<String>>,
    outputs: Vec<Vec<String>>,
}

impl Ports {
    fn of(model: &Model, nodes: &[&Node], edges: &[&Edge]) -> Ports {
        let mut ports = Ports { inputs: vec![Vec::new(); nodes.len()], outputs: vec![Vec::new(); nodes.len()] };
        for edge in edges {
            for (end, side) in [(&edge.from, &mut ports.outputs), (&edge.to, &mut ports.inputs)] {
                if let Some(place) = nodes.iter().position(|node| node.id == end.node)
                    && !side[place].contains(&end.port)
                {
                    side[place].push(end.port.clone());
                }
            }
        }
        for (place, node) in nodes.iter().enumerate() {
            let known =
                model.drawing.place(&node.id).and_then(|place| model.drawing.checked.nodes.get(place)?.ports.as_ref());
            if let Some(known) = known {
                ports.inputs[place].sort_by_key(|port| known.input(port));
                ports.outputs[place].sort_by_key(|port| known.output(port));
            }
        }
        ports
    }
}

fn card(model: &Model, node: &Node, detail: Detail, inputs: Vec<String>, outputs: Vec<String>) -> Card {
    let run = model.shown();
    let is_chosen = model.place.graph.chosen == Some(Chosen::Node(node.id.clone()));
    let is_bottleneck = run.is_bottleneck(&node.id);
    let mut lines = match detail {
        Detail::Outline | Detail::Small => small(run, node),
        Detail::Normal => normal(model, node, inputs.len() > 1),
        Detail::Large => large(model, node, inputs.len() > 1),
    };
    if is_bottleneck && detail >= Detail::Normal {
        lines.push(Line::Text(Tone::Tag, "BOTTLENECK".into()));
    }
    if detail >= Detail::Normal {
        let more_ports = inputs.len().max(outputs.len()).saturating_sub(1);
        lines.extend((0..more_ports).map(|_| Line::Text(Tone::Text, String::new())));
    }
    Card {
        title: node.title().to_string(),
        mark: match model.place.graph.marked.contains(&node.id) {
            true => Some('*'),
            false => model.drawing.mark(&node.id),
        },
        lines,
        inputs,
        outputs,
        is_bottleneck,
        is_leaving: model.drawing.pipeline.node(&node.id).is_none(),
        is_chosen,
        rank: node.at.map_or(0, |at| at.y),
    }
}

/// Its load, its rate.
fn small(run: &Watched, node: &Node) -> Vec<Line> {
    let Some(known) = run.node(&node.id) else {
        return vec![Line::Text(Tone::Dim, ABSENT.into()), Line::Text(Tone::Text, String::new())];
    };
    let rate = if known.role == Role::Sink { known.rates.records_in } else { known.rates.records_out };
    vec![load_line(run, &node.id), Line::Text(Tone::Text, numbers::rate(rate))]
}

/// Its operator, where its time goes, and what matters most.
fn normal(model: &Model, node: &Node, has_ports: bool) -> Vec<Line> {
    let run = model.shown();
    let operator = if has_ports { String::new() } else { kind(model, node) };
    let mut lines = vec![Line::Text(Tone::Dim, operator)];
    match run.node(&node.id) {
        Some(known) => {
            lines.extend(bar_line(run, &node.id));
            lines.push(load_line(run, &node.id));
            lines.extend(fact(run, known));
        }
        None => lines.push(Line::Text(Tone::Dim, ABSENT.into())),
    }
    lines
}

/// The same, with its first settings and how long a record takes.
fn large(model: &Model, node: &Node, has_ports: bool) -> Vec<Line> {
    let run = model.shown();
    let mut lines = normal(model, node, has_ports);
    lines.insert(1, Line::Text(Tone::Text, setting(node).unwrap_or_default()));
    if let Some(latency) = run.node(&node.id).and_then(|known| known.latency) {
        lines.push(Line::Text(Tone::Dim, format!("p99 {}", numbers::latency(latency.p99_us))));
    }
    lines
}

/// The first setting that is a text, as far as it has room.
fn setting(node: &Node) -> Option<String> {
    let text = node.config.values().find_map(|value| value.as_str())?;
    Some(crate::pen::cut(text, 14))
}

/// The operator, in short where it is long: its last word and its first duration.
fn kind(model: &Model, node: &Node) -> String {
    const LONGEST: usize = 12;
    let name = node.operator.as_str();
    if name.len() <= LONGEST {
        return name.to_string();
    }
    let word = name.rsplit('-').next().unwrap_or(name);
    let duration = model.drawing.operator(&node.id).and_then(|operator| {
        let form = (operator.form)();
        let fields = form.fields.iter().filter(|field| field.kind == FieldKind::Duration);
        let of_field = |name: &str| Some(node.config.get(name)?.as_str()?.to_string());
        fields.map(|field| of_field(&field.name)).next()?.filter(|text| text.parse::<DurationText>().is_ok())
    });
    duration.map_or_else(|| word.to_string(), |duration| format!("{word} {duration}"))
}

fn bar_line(run: &Watched, id: &str) -> Option<Line> {
    let pressure = run.worst(id)?;
    Some(Line::Bar(pressure.busy / 1000.0, pressure.back_pressured / 1000.0))
}

fn load_line(run: &Watched, id: &str) -> Line {
    match run.task_of(id).map(worst) {
        Some(pressure) => {
            let (word, share) = load(pressure);
            let text = format!("{word} {}", numbers::percent(share));
            // As wide as the others, so that no border moves.
            let text = if text.len() > 8 { text.trim_end_matches('%') } else { &text };
            Line::Text(load_tone(word), text.to_string())
        }
        // A node that is itself a queue has no task.
        None => Line::Text(Tone::Dim, "queue".into()),
    }
}

/// What matters most of a node: errors, how far behind, what is late, what is dropped.
fn fact(run: &Watched, node: &NodeSnapshot) -> Option<Line> {
    let rates = node.rates;
    let worst = run.partitions(&node.id).map(|partition| partition.verdict).max();
    if rates.errors > 0.0 || node.errors > 0 && worst.is_none() {
        return Some(Line::Text(Tone::Bad, format!("error {}", numbers::rate(rates.errors))));
    }
    if let Some(verdict) = worst {
        let lag: Option<i64> = run.partitions(&node.id).map(|partition| partition.lag).sum();
        let text = format!("lag {} {}", numbers::count_or_unknown(lag), verdict_glyph(verdict));
        // As wide as it can get: figures move no border.
        return Some(Line::Text(verdict_tone(verdict), format!("{text:<11}")));
    }
    if node.late > 0 {
        return Some(Line::Text(Tone::Warn, format!("late {}", numbers::rate(rates.late))));
    }
    let has_drops = !node.drops.is_empty();
    has_drops.then(|| Line::Text(Tone::Text, format!("drop {}", numbers::rate(rates.drops))))
}

fn wire(model: &Model, edge: &Edge, from: (usize, usize), to: (usize, usize), detail: Detail) -> Wire {
    let known = model.shown().edge(&edge.id());
    let is_topic = matches!(edge.via, Some(Via::Topic(_)));
    let wire = Wire {
        from,
        to,
        is_topic,
        is_chosen: model.place.graph.chosen == Some(Chosen::Edge(edge.id())),
        ..Wire::default()
    };
    let Some(known) = known else { return Wire { rate: ABSENT.into(), ..wire } };
    let is_small = detail <= Detail::Small;
    let rate = if is_small { String::new() } else { numbers::rate(known.records) };
    let below = if is_small { (Tone::Dim, String::new()) } else { below(known) };
    Wire { rate, below, fill: known.fill, ..wire }
}

/// What stands below a wire.
fn below(edge: &EdgeSnapshot) -> (Tone, String) {
    match &edge.through {
        Some(through) => (Tone::Text, format!("+{}", numbers::count_or_unknown(through.lag))),
        None if edge.is_fused => (Tone::Dim, "fused".into()),
        None => (Tone::of_fill(edge.fill), numbers::fill(edge.fill)),
    }
}

/// Wires that touch a node, by id.
pub(crate) fn wires_of(model: &Model, node: &str) -> BTreeMap<String, (PortRef, PortRef)> {
    let touching = model.drawing.pipeline.edges.iter().filter(|edge| edge.touches(node));
    touching.map(|edge| (edge.id(), (edge.from.clone(), edge.to.clone()))).collect()
}
