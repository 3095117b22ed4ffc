//! Bends of wires: places that a line goes through. They are added by a double click on a wire, moved, and taken away by
//! another double click.

use egui::{PointerButton, Pos2, Rect, Role, Sense, Stroke, Vec2, WidgetInfo};
use tidegate_core::pipeline::Point;
use tidegate_core::pipeline::edit::{EdgeChange, Edit};

use super::geometry::{bend_at, snapped};
use super::gesture::{Gesture, point, pulled, shift};
use super::{CanvasSeen, Frame};
use crate::acts::{Act, Chosen, Cx};
use crate::scene::Wire;

/// The bends of a wire as they are drawn now.
pub(super) fn places(frame: &Frame<'_>, cx: &Cx<'_>, seen: &CanvasSeen, wire: &Wire) -> Vec<Pos2> {
    if wire.bends.is_empty() {
        return Vec::new();
    }
    let mut bends = wire.bends.clone();
    let is_chosen = |place: usize| cx.scene.nodes[place].is_in(frame.chosen);
    if is_chosen(wire.from.0) && is_chosen(wire.to.0) {
        let shift = shift(cx.scene, seen);
        bends.iter_mut().for_each(|bend| *bend += shift);
    }
    if let Gesture::Bend { edge, bend, to } = &seen.gesture
        && *edge == wire.id
        && let Some(held) = bends.get_mut(*bend)
    {
        *held = snapped(*to);
    }
    bends.into_iter().map(|bend| frame.view.to_screen(frame.area, bend)).collect()
}

/// Draws the bends of a wire, and takes what is done to them.
pub(super) fn show(frame: &Frame<'_>, cx: &mut Cx<'_>, seen: &mut CanvasSeen, wire: &Wire) {
    let (pen, chosen) = (frame.pen, frame.chosen);
    for (bend, at) in places(frame, cx, seen, wire).into_iter().enumerate() {
        let hit = Rect::from_center_size(at, Vec2::splat(16.0)).intersect(frame.area);
        if !hit.is_positive() {
            continue;
        }
        let response = frame.ui.interact(hit, frame.id(("bend", &wire.id, bend)), Sense::click_and_drag());
        let name = format!("bend {} of edge {}", bend + 1, wire.id.replace("->", " to "));
        let is_chosen = chosen.edge.as_ref() == Some(&wire.id) && chosen.bend == Some(bend);
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, is_chosen, &name));
        let colour = if is_chosen || response.hovered() { cx.theme.accent } else { cx.theme.wire };
        pen.painter.circle(at, (4.0 * pen.zoom).clamp(3.0, 5.0), colour, Stroke::new(1.5, cx.theme.canvas));
        if response.double_clicked() {
            cx.ask(Act::Edit(changed(wire, |points| {
                points.remove(bend);
            })));
        } else if response.clicked() || response.drag_started() {
            cx.ask(Act::Choose(Chosen::bend(&wire.id, bend)));
            frame.back.request_focus();
        }
        if response.dragged_by(PointerButton::Primary) && cx.rights.may_build {
            if response.drag_started() {
                seen.gesture = Gesture::Bend { edge: wire.id.clone(), bend, to: wire.bends[bend] };
            }
            if let Gesture::Bend { to, .. } = &mut seen.gesture {
                let start = wire.bends[bend];
                *to = start + pulled(&response, *to != start) / frame.view.zoom;
            }
        }
        if response.drag_stopped()
            && let Gesture::Bend { to, .. } = std::mem::take(&mut seen.gesture)
            && ![to, snapped(to)].contains(&wire.bends[bend])
        {
            cx.ask(Act::Edit(changed(wire, |points| points[bend] = point(snapped(to)))));
        }
    }
}

/// Adds a bend to a wire of the scene, at a place of the canvas.
pub(super) fn add(cx: &mut Cx<'_>, wire: usize, at: Pos2) {
    let scene = cx.scene;
    let wire = &scene.wires[wire];
    let end = |(node, slot): (usize, _)| -> Pos2 { scene.nodes[node].shape.port(slot) };
    let bend = bend_at(end(wire.from), end(wire.to), &wire.bends, at);
    cx.ask(Act::Edit(changed(wire, |points| points.insert(bend, point(snapped(at))))));
    cx.ask(Act::Choose(Chosen::bend(&wire.id, bend)));
}

/// The step that gives a wire other bends.
fn changed(wire: &Wire, change: impl FnOnce(&mut Vec<Point>)) -> Edit {
    let mut points: Vec<Point> = wire.bends.iter().map(|bend| point(*bend)).collect();
    change(&mut points);
    Edit::ChangeEdge { edge: wire.id.clone(), change: EdgeChange::Points(points) }
}
