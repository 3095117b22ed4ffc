//! The canvas by keyboard: arrows follow wires from node to node, with Ctrl they move what is selected; Enter goes into it.

use egui::{EventFilter, Key, Modifiers, Response, Ui, Vec2, vec2};

use tidegate_core::faces::marks;
use tidegate_core::pipeline::Point;
use tidegate_core::pipeline::edit::{EdgeChange, Edit};

use super::CanvasSeen;
use super::geometry::GRID;
use super::gesture::moves;
use super::marks::Writing;
use crate::acts::{Act, Chosen, Cx};
use crate::scene::{Card, Scene};

/// A way to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Left,
    Right,
    Up,
    Down,
}

const WAYS: [(Key, Way); 4] =
    [(Key::ArrowLeft, Way::Left), (Key::ArrowRight, Way::Right), (Key::ArrowUp, Way::Up), (Key::ArrowDown, Way::Down)];

/// Takes the keys that are the canvas's own, while it has the keyboard.
pub(super) fn take(ui: &Ui, cx: &mut Cx<'_>, chosen: &Chosen, seen: &mut CanvasSeen, back: &Response) {
    if !back.has_focus() {
        return;
    }
    let filter = EventFilter { tab: false, horizontal_arrows: true, vertical_arrows: true, escape: true };
    ui.memory_mut(|memory| memory.set_focus_lock_filter(back.id, filter));
    for (key, way) in WAYS {
        let (goes, moves_it) =
            ui.input_mut(|input| (input.consume_key(Modifiers::NONE, key), input.consume_key(Modifiers::COMMAND, key)));
        if moves_it && cx.rights.may_build {
            if let Some(edit) = moved(cx, chosen, step(way)) {
                cx.ask(Act::Edit(edit));
            }
        } else if goes && let Some(next) = next(cx.scene, chosen, way) {
            cx.ask(Act::Show(next.chosen()));
        }
    }
    if ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Enter)) {
        enter(cx, chosen, seen);
    }
    if ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
        seen.gesture = super::Gesture::None;
        cx.ask(Act::Choose(Chosen::default()));
    }
}

/// The step that moves what is selected: nodes, a bend, a note.
fn moved(cx: &Cx<'_>, chosen: &Chosen, shift: Vec2) -> Option<Edit> {
    let pipeline = &cx.drawing.pipeline;
    let shifted = |at: Point| Point { x: at.x + shift.x as i32, y: at.y + shift.y as i32 };
    if let Some(id) = &chosen.note {
        return Some(marks::note_changed(pipeline, id, |note| note.at = shifted(note.at)));
    }
    if let (Some(edge), Some(bend)) = (&chosen.edge, chosen.bend) {
        let mut points = pipeline.edge(edge)?.points.clone();
        let at = points.get_mut(bend)?;
        *at = shifted(*at);
        return Some(Edit::ChangeEdge { edge: edge.clone(), change: EdgeChange::Points(points) });
    }
    moves(cx.drawing, cx.scene, chosen, shift)
}

/// Goes into what is selected: a note is written, a node is set.
fn enter(cx: &mut Cx<'_>, chosen: &Chosen, seen: &mut CanvasSeen) {
    match (&chosen.note, chosen.only_node()) {
        (Some(id), _) => seen.writing = cx.rights.may_build.then(|| Writing::note(cx.drawing, id)).flatten(),
        (None, Some(_)) => cx.ask(Act::Settings),
        _ => {}
    }
}

fn step(way: Way) -> Vec2 {
    match way {
        Way::Left => vec2(-GRID, 0.0),
        Way::Right => vec2(GRID, 0.0),
        Way::Up => vec2(0.0, -GRID),
        Way::Down => vec2(0.0, GRID),
    }
}

/// The node that an arrow leads to: along a wire to the sides, to the nearest above or below.
fn next<'a>(scene: &'a Scene, chosen: &Chosen, way: Way) -> Option<&'a Card> {
    let place = |id: &String| scene.nodes.iter().position(|card| card.ids().contains(id));
    let Some(at) = chosen.nodes.first().and_then(place) else {
        return scene.nodes.first();
    };
    let here = scene.nodes[at].shape.rect.center();
    let card = |place: usize| &scene.nodes[place];
    let vertical = |sign: f32| {
        let ahead = scene.nodes.iter().filter(|card| (card.shape.rect.center().y - here.y) * sign > 1.0);
        // What is straight above or below is nearer than what is beside.
        let cost = |card: &&Card| {
            let away = card.shape.rect.center() - here;
            away.y.abs() + 2.0 * away.x.abs()
        };
        ahead.min_by(|a, b| cost(a).total_cmp(&cost(b)))
    };
    match way {
        Way::Right => scene.wires.iter().find(|wire| wire.from.0 == at).map(|wire| card(wire.to.0)),
        Way::Left => scene.wires.iter().find(|wire| wire.to.0 == at).map(|wire| card(wire.from.0)),
        Way::Up => vertical(-1.0),
        Way::Down => vertical(1.0),
    }
}
