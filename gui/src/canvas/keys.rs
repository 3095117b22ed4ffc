//! The canvas by keyboard: arrows follow wires from node to node, with Ctrl they move what is selected.

use egui::{EventFilter, Key, Modifiers, Response, Ui, Vec2, vec2};

use super::CanvasSeen;
use super::geometry::GRID;
use super::gesture::moves;
use crate::acts::{Act, Chosen, Cx};
use crate::scene::Scene;

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
            if let Some(edit) = moves(cx.scene, chosen, step(way)) {
                cx.ask(Act::Edit(edit));
            }
        } else if goes && let Some(next) = next(cx.scene, chosen, way) {
            cx.ask(Act::Show(Chosen::node(next)));
        }
    }
    if ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
        seen.gesture = super::Gesture::None;
        cx.ask(Act::Choose(Chosen::default()));
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
fn next<'a>(scene: &'a Scene, chosen: &Chosen, way: Way) -> Option<&'a str> {
    let Some(at) = chosen.nodes.first().and_then(|id| scene.nodes.iter().position(|card| card.id == *id)) else {
        return scene.nodes.first().map(|card| card.id.as_str());
    };
    let here = scene.nodes[at].shape.rect.center();
    let id = |place: usize| scene.nodes[place].id.as_str();
    let vertical = |sign: f32| {
        let ahead = scene.nodes.iter().filter(|card| (card.shape.rect.center().y - here.y) * sign > 1.0);
        // What is straight above or below is nearer than what is beside.
        let cost = |card: &&crate::scene::Card| {
            let away = card.shape.rect.center() - here;
            away.y.abs() + 2.0 * away.x.abs()
        };
        ahead.min_by(|a, b| cost(a).total_cmp(&cost(b))).map(|card| card.id.as_str())
    };
    match way {
        Way::Right => scene.wires.iter().find(|wire| wire.from.0 == at).map(|wire| id(wire.to.0)),
        Way::Left => scene.wires.iter().find(|wire| wire.to.0 == at).map(|wire| id(wire.from.0)),
        Way::Up => vertical(-1.0),
        Way::Down => vertical(1.0),
    }
}
