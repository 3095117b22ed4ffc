//! The graph: where does it stick? Boxes and wires as large as fits, what is selected below, or beside where there is room.

mod map;
mod scene;
mod selection;

use crate::commands::Act;
use crate::graph::{Detail, Layout, Scene, Spot, draw as draw_scene, layout};
use crate::model::Model;
use crate::model::place::Chosen;
use crate::numbers;
use crate::pen::{Pen, cut, cut_words};
use crate::theme::Tone;

pub(crate) use scene::{Shown, scene, wires_of};
pub(crate) use selection::{bottleneck_sentence, node_sentence as sentence_on, sentence};

/// From so many columns on, the selection has a panel at the right.
const WITH_PANEL: usize = 110;
/// Columns of the panel.
const PANEL: usize = 24;

/// Draws the body of the view.
pub(crate) fn draw(model: &Model, pen: &mut Pen<'_>) {
    if model.drawing.pipeline.nodes.is_empty() && model.drawing.running.nodes.is_empty() {
        return empty(model, pen);
    }
    let parts = parts(pen.width(), pen.height());
    head(model, pen, parts.head);
    let area = (parts.graph_width, parts.graph_height);
    let (shown, laid_out) = shown(model, area);
    match shown.scene.detail {
        Detail::Outline => outline(model, &mut pen.lines(parts.head, parts.graph_height)),
        _ => {
            let mut part = pen.part(0, parts.head, area.0, area.1);
            copy(model, &shown, &laid_out, &mut part);
            notes(model, laid_out.height, &mut part);
        }
    }
    let below = parts.head + parts.graph_height;
    selection::strip(model, &mut pen.part(0, below, parts.graph_width, parts.strip));
    if parts.panel > 0 {
        let (x, height) = (parts.graph_width, pen.height());
        selection::panel(model, &mut pen.part(x, 0, parts.panel, height));
    }
}

/// How the body is divided.
struct Parts {
    head: usize,
    graph_width: usize,
    graph_height: usize,
    strip: usize,
    panel: usize,
}

fn parts(width: usize, height: usize) -> Parts {
    let panel = if width >= WITH_PANEL { PANEL } else { 0 };
    let strip = match height {
        0..10 => 0,
        10..14 => 1,
        30.. if panel > 0 => 11,
        _ => 3,
    };
    let head = usize::from(height >= 8);
    Parts { head, graph_width: width - panel, graph_height: height - head - strip, strip, panel }
}

/// The part of the body that the graph has: its first line, its columns and lines.
pub(crate) fn graph_area(width: usize, height: usize) -> (usize, usize, usize) {
    let parts = parts(width, height);
    (parts.head, parts.graph_width, parts.graph_height)
}

/// The line above: what is not in the run, what a filter finds, or what glyphs mean.
fn head(model: &Model, pen: &mut Pen<'_>, lines: usize) {
    if lines == 0 {
        return;
    }
    let differences = model.drawing.differences();
    if let Some(filter) = &model.place.list().filter {
        let found = crate::views::nodes_that_pass(model, filter).len();
        let x = pen.text(1, 0, Tone::Bold, &format!("/{}  {found} of {} nodes", filter.text, model.flow().len()));
        pen.text(x + 3, 0, Tone::Dim, "n next   N before   esc ends it");
    } else if model.run.has_figures() && !differences.is_empty() {
        let edits = if differences.len() == 1 { "edit" } else { "edits" };
        let text = format!("{} {edits} not in the run: {}", differences.len(), differences.join(", "));
        let x = 3 + pen.text(1, 0, Tone::Edited, &cut_words(&text, pen.width().saturating_sub(2)));
        let note = "figures are those of the run";
        if x + note.len() < pen.width() {
            pen.text(x, 0, Tone::Dim, note);
        }
    } else if pen.width() >= 72 {
        let pieces = [
            (Tone::Text, "■"),
            (Tone::Dim, " busy  "),
            (Tone::Warn, "□"),
            (Tone::Dim, " back-pressured  "),
            (Tone::Dim, "· idle, worst lane     "),
            (Tone::Text, "━▶"),
            (Tone::Dim, " how full     records/s"),
        ];
        pen.pieces(1, 0, pieces);
    }
}

/// The scene with as much detail as was asked for, else as fits whole, and where everything stands.
pub(crate) fn shown(model: &Model, area: (usize, usize)) -> (Shown, Layout) {
    let with = |detail: Detail| {
        let shown = scene(model, detail);
        let laid_out = layout(&shown.scene);
        (shown, laid_out)
    };
    if let Some(detail) = model.place.graph.detail {
        return with(detail);
    }
    let largest = if area.0 >= 80 { Detail::Large } else { Detail::Normal };
    let mut detail = largest;
    loop {
        let (shown, laid_out) = with(detail);
        let is_whole = laid_out.width <= area.0 && laid_out.height <= area.1;
        if is_whole || detail == Detail::Small {
            return (shown, laid_out);
        }
        detail = detail.less();
    }
}

/// The first cell of the drawing that is on the screen: all where it fits, else around what is selected, and as panned.
pub(crate) fn origin(model: &Model, shown: &Shown, laid_out: &Layout, area: (usize, usize)) -> (usize, usize) {
    let target = match &model.place.graph.chosen {
        Some(Chosen::Node(id)) => {
            shown.nodes.iter().position(|node| node == id).map(|place| middle(&laid_out.cards[place]))
        }
        Some(Chosen::Edge(id)) => shown
            .edges
            .iter()
            .position(|edge| edge == id)
            .and_then(|place| laid_out.wires[place].get(laid_out.wires[place].len() / 2).copied()),
        None => None,
    };
    let (x, y) = target.unwrap_or_default();
    let along = |at: usize, all: usize, room: usize, pan: isize| {
        let most = all.saturating_sub(room);
        // Some cells beyond the borders, so that the last box need not stick to them.
        (at.saturating_sub(room / 2).min(most)).saturating_add_signed(pan).min(most + room / 2)
    };
    let pan = model.place.graph.pan;
    (along(x, laid_out.width, area.0, pan.0), along(y, laid_out.height, area.1, pan.1))
}

fn middle(spot: &Spot) -> (usize, usize) {
    (spot.x + spot.width / 2, spot.y + spot.height / 2)
}

/// Copies what is in sight; a bottleneck outside is named at the border.
fn copy(model: &Model, shown: &Shown, laid_out: &Layout, pen: &mut Pen<'_>) {
    let area = (pen.width(), pen.height());
    let (left, top) = origin(model, shown, laid_out, area);
    let drawn = draw_scene(&shown.scene, laid_out);
    // A column in front of the first box, where there is room.
    let margin = usize::from(laid_out.width < area.0);
    pen.copy(&drawn, left, top, margin);
    if let Some(place) = shown.scene.cards.iter().position(|card| card.is_bottleneck) {
        let spot = laid_out.cards[place];
        let name = &shown.nodes[place];
        let row = spot.y.saturating_sub(top).min(area.1.saturating_sub(1));
        if spot.x >= left + area.0 {
            pen.right(area.0, row, Tone::Bad, &format!(" {name} ▶"));
        } else if spot.x + spot.width <= left {
            pen.text(0, row, Tone::Bad, &format!("< {name} "));
        }
    }
    let is_whole = laid_out.width <= area.0 && laid_out.height <= area.1;
    if !is_whole && !model.place.graph.hides_map {
        map::draw(&shown.scene, laid_out, (left, top), pen);
    }
}

/// Notes, on the lines that the boxes leave.
fn notes(model: &Model, taken: usize, pen: &mut Pen<'_>) {
    let notes = &model.drawing.pipeline.notes;
    // A line between, and one more where not all have room.
    let room = pen.height().saturating_sub(taken + 1);
    let from = pen.height() - room.min(notes.len());
    for (place, note) in notes.iter().take(room).enumerate() {
        let text = format!("# {}", note.text.replace('\n', " "));
        pen.text(1, from + place, Tone::Dim, &cut_words(&text, pen.width().saturating_sub(2)));
    }
}

/// A line for each node.
fn outline(model: &Model, pen: &mut Pen<'_>) {
    let Scene { cards, .. } = scene(model, Detail::Small).scene;
    let run = model.shown();
    let flow = model.flow();
    let chosen = flow.iter().position(|id| model.place.graph.chosen == Some(Chosen::Node(id.clone())));
    let top = chosen.unwrap_or_default().saturating_sub(pen.height().saturating_sub(1));
    for (y, id) in flow.iter().enumerate().skip(top).take(pen.height()) {
        let y = y - top;
        let place = model.drawing.place(id);
        let sources: Vec<&str> = model
            .drawing
            .pipeline
            .edges
            .iter()
            .filter(|edge| edge.to.node == *id)
            .map(|edge| edge.from.node.as_str())
            .collect();
        let is_chosen = Some(y + top) == chosen;
        let tone = if is_chosen { Tone::Chosen } else { Tone::Bold };
        pen.text(1, y, Tone::Bold, if is_chosen { "▸" } else { " " });
        pen.text(3, y, tone, &crate::pen::cut_middle(id, 20));
        if let Some(crate::graph::Line::Text(tone, load)) = place.and_then(|place| cards.get(place)?.lines.first()) {
            pen.text(25, y, *tone, load);
        }
        if let Some(node) = run.node(id) {
            pen.right(42, y, Tone::Text, &numbers::rate(node.rates.records_in.max(node.rates.records_out)));
        }
        let from = if sources.is_empty() { String::new() } else { format!("< {}", sources.join(", ")) };
        pen.text(45, y, Tone::Dim, &cut(&from, pen.width().saturating_sub(46)));
    }
}

/// Nothing is drawn yet.
fn empty(model: &Model, pen: &mut Pen<'_>) {
    let key = |act: Act| crate::commands::command_of(act, &crate::update::contexts(model)).map(|command| command.key());
    let lines: Vec<String> = match key(Act::Add) {
        Some(add) => vec![
            "This pipeline has no nodes yet.".into(),
            String::new(),
            format!("{add}   adds the first one, a source"),
            "?   all keys".into(),
        ],
        None => vec!["This pipeline has no nodes.".into()],
    };
    for (y, line) in lines.iter().enumerate() {
        pen.text(3, y + 2, Tone::Text, line);
    }
}
