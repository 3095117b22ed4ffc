//! Drawing a wire from a port to another, or taking one by its end. Where it does not fit, the pointer is told why; dropped on
//! nothing, it asks for an operator.

use egui::{Key, PointerButton, Pos2, Response, vec2};
use tidegate_core::faces::building::{self, AddTo};
use tidegate_core::faces::drawing::Drawing;
use tidegate_core::pipeline::PortRef;
use tidegate_core::pipeline::edit::{EdgeChange, Edit};

use super::geometry::Slot;
use super::gesture::Gesture;
use super::{CanvasSeen, Frame, wire};
use crate::acts::{Act, Cx};
use crate::scene::Scene;

/// A wire that is being drawn.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pull {
    /// the end that stays
    pub(crate) held: PortRef,
    /// its node in the scene, and its place there
    pub(crate) node: usize,
    pub(crate) slot: Slot,
    /// the end that stays is where it comes from
    pub(crate) is_from: bool,
    /// the edge that was taken by its end
    pub(crate) replaces: Option<String>,
    /// the port at the pointer, and why it does not fit
    pub(crate) target: Option<(PortRef, Option<String>)>,
}

impl Pull {
    fn ends(&self, other: &PortRef) -> (PortRef, PortRef) {
        match self.is_from {
            true => (self.held.clone(), other.clone()),
            false => (other.clone(), self.held.clone()),
        }
    }

    /// Why a port does not fit, as far as that is seen at once.
    pub(crate) fn plainly_unfit(&self, drawing: &Drawing, other: &PortRef) -> Option<String> {
        let (from, to) = self.ends(other);
        building::plainly_unfit(drawing, &from, &to)
    }

    fn unfit(&self, drawing: &Drawing, other: &PortRef, is_input: bool) -> Option<String> {
        if is_input != self.is_from {
            let (one, two) = if self.is_from { ("an input", "an output") } else { ("an output", "an input") };
            return Some(format!("{one} is wanted, this is {two}"));
        }
        let (from, to) = self.ends(other);
        building::unfit(drawing, &from, &to)
    }
}

/// Begins a wire at a port.
pub(super) fn begin(response: &Response, cx: &mut Cx<'_>, seen: &mut CanvasSeen, place: (usize, Slot), end: &PortRef) {
    let (node, slot) = place;
    if response.clicked() {
        cx.ask(Act::Choose(cx.scene.nodes[node].chosen()));
    }
    if !response.drag_started_by(PointerButton::Primary) || !cx.rights.may_build {
        return;
    }
    let pull =
        Pull { held: end.clone(), node, slot, is_from: !matches!(slot, Slot::Input(_)), replaces: None, target: None };
    // A wire that is there is taken by its end.
    let taken = cx.drawing.pipeline.edges.iter().rev().find(|edge| !pull.is_from && edge.to == *end);
    let taken = taken.and_then(|edge| {
        let wire = cx.scene.wires.iter().find(|wire| wire.id == edge.id())?;
        let (node, slot) = wire.from;
        Some(Pull { held: edge.from.clone(), node, slot, is_from: true, replaces: Some(edge.id()), target: None })
    });
    seen.gesture = Gesture::Pull(taken.unwrap_or(pull));
}

/// How near a port must be to be meant.
const NEAR: f32 = 24.0;

/// Goes on with a wire, and ends it.
pub(super) fn go_on(frame: &Frame<'_>, cx: &mut Cx<'_>, seen: &mut CanvasSeen) {
    let Gesture::Pull(pull) = &mut seen.gesture else { return };
    let pen = frame.pen;
    let (Some(at), Some(start)) = (frame.ui.input(|input| input.pointer.latest_pos()), held_at(frame, pull)) else {
        seen.gesture = Gesture::None;
        return;
    };
    let near = nearest_port(frame, cx.scene, &pull.held, at);
    match &near {
        Some((port, is_input, _)) => {
            if pull.target.as_ref().is_none_or(|(known, _)| known != port) {
                let why = pull.unfit(cx.drawing, port, *is_input);
                pull.target = Some((port.clone(), why));
            }
        }
        None => pull.target = None,
    }
    let end = place_of(&near, pull).unwrap_or(at);
    let colour = match &pull.target {
        Some((_, Some(_))) => cx.theme.err.graphic,
        _ => cx.theme.accent,
    };
    let leaves_down = matches!(pull.slot, Slot::Side(_));
    match pull.is_from {
        true => wire::drawn(pen.painter, start, end, leaves_down, frame.view.zoom, colour),
        false => wire::drawn(pen.painter, end, start, false, frame.view.zoom, colour),
    }
    match &pull.target {
        Some((_, Some(why))) => wire::reason(pen, at, why, false),
        Some((port, None)) => wire::reason(pen, at, &format!("connect to {port}"), true),
        None if frame.area.contains(at) => wire::reason(pen, at, "add an operator here", true),
        None => {}
    }
    let (is_released, is_given_up) =
        frame.ui.input(|input| (input.pointer.any_released(), input.key_pressed(Key::Escape)));
    if is_given_up {
        seen.gesture = Gesture::None;
    } else if is_released && let Gesture::Pull(pull) = std::mem::take(&mut seen.gesture) {
        finish(frame, cx, pull, at);
    }
}

fn place_of(near: &Option<(PortRef, bool, Pos2)>, pull: &Pull) -> Option<Pos2> {
    let (_, _, place) = near.as_ref()?;
    matches!(pull.target, Some((_, None))).then_some(*place)
}

/// The port at a place of the screen: it, whether it is an input, and its centre.
fn nearest_port(frame: &Frame<'_>, scene: &Scene, but: &PortRef, at: Pos2) -> Option<(PortRef, bool, Pos2)> {
    let all = scene.nodes.iter().enumerate().filter(|(place, _)| frame.rect(*place).expand(NEAR).contains(at));
    let ports = all.flat_map(|(place, card)| {
        card.ports().map(move |(slot, port)| {
            let is_input = matches!(slot, Slot::Input(_));
            (card.end(&port.name), is_input, frame.port(place, slot))
        })
    });
    let near = ports.filter(|(port, _, place)| port != but && place.distance(at) <= NEAR);
    near.min_by(|a, b| a.2.distance(at).total_cmp(&b.2.distance(at)))
}

fn finish(frame: &Frame<'_>, cx: &mut Cx<'_>, pull: Pull, at: Pos2) {
    match (&pull.target, &pull.replaces) {
        (Some((_, Some(why))), _) => cx.ask(Act::Say(format!("Not connected: {why}."))),
        (Some((port, None)), Some(edge)) => {
            let (from, to) = pull.ends(port);
            let is_same = cx.drawing.pipeline.edge(edge).is_some_and(|edge| edge.from == from && edge.to == to);
            if !is_same {
                cx.ask(Act::Edit(Edit::ChangeEdge { edge: edge.clone(), change: EdgeChange::Ends { from, to } }));
            }
        }
        (Some((port, None)), None) => {
            let (from, to) = pull.ends(port);
            cx.ask(Act::Edit(Edit::Connect(building::wire(from, to))));
        }
        // Dropped on nothing: a wire that was taken goes, another asks for a node.
        (None, Some(edge)) => cx.ask(Act::Edit(Edit::Disconnect { edge: edge.clone() })),
        (None, None) if pull.is_from && frame.area.contains(at) => {
            let place = frame.view.to_canvas(frame.area, at) - vec2(0.0, 22.0);
            cx.ask(Act::QuickAdd(AddTo::After(pull.held), place));
        }
        (None, None) => {}
    }
}

/// The end of a wire that is being drawn: its place on the screen.
fn held_at(frame: &Frame<'_>, pull: &Pull) -> Option<Pos2> {
    (pull.node < frame.bodies.len()).then(|| frame.port(pull.node, pull.slot))
}
