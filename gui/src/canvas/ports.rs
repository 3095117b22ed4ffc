//! Ports of nodes: where wires begin and end. A port is larger to the pointer than it looks.

use egui::{Align2, Pos2, Rect, Role, Sense, Vec2, WidgetInfo, vec2};
use tidegate_core::faces::numbers;
use tidegate_core::pipeline::PortRef;

use super::geometry::{Detail, Slot};
use super::gesture::Gesture;
use super::node::{self, PortLook};
use super::{CanvasSeen, Frame, menus, pull, tips};
use crate::acts::Cx;
use crate::scene::PortKind;
use crate::{fonts, text};

/// Draws those of the nodes that are seen, and takes what is done to them.
pub(super) fn show(frame: &Frame<'_>, cx: &mut Cx<'_>, seen: &mut CanvasSeen) {
    let (scene, pen) = (cx.scene, frame.pen);
    for (place, card) in scene.nodes.iter().enumerate() {
        let rect = frame.rect(place);
        if !rect.expand(40.0).intersects(frame.area) {
            continue;
        }
        let is_near =
            seen.pointer.is_some_and(|at| rect.expand(14.0).contains(at)) || frame.chosen.only_node() == Some(&card.id);
        for (slot, port) in card.ports() {
            let is_hovered = seen.pointer.is_some_and(|at| rect.expand(14.0).contains(at));
            let is_pulled = matches!(seen.gesture, Gesture::Pull(_));
            let is_side = matches!(slot, Slot::Side(_));
            if is_side && !(port.is_connected || port.count > 0 || is_near || is_pulled) {
                continue;
            }
            let at = frame.port(place, slot);
            let hit = Rect::from_center_size(at, Vec2::splat(24.0)).intersect(frame.area);
            if !hit.is_positive() {
                continue;
            }
            let response = frame.ui.interact(
                hit,
                frame.id(("port", &card.id, &port.name, matches!(slot, Slot::Input(_)))),
                Sense::click_and_drag(),
            );
            let side = if matches!(slot, Slot::Input(_)) { "input" } else { "output" };
            let name = format!("{side} {} of {}, {}", port.name, card.title, port.kind.word());
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
            let end = card.end(&port.name);
            pull::begin(&response, cx, seen, (place, slot), &end);
            let is_input = matches!(slot, Slot::Input(_));
            menus::port(&response, cx, &end, is_input);
            let look = port_look(cx, seen, &end, slot, response.contains_pointer());
            if !is_pulled {
                response.on_hover_ui(|ui| tips::port(ui, cx, &end.node, &end.port, port.kind, is_input));
            }
            node::port(pen, port, at, look);
            let several = |slot: Slot| match slot {
                Slot::Input(_) => card.inputs.len() > 1,
                Slot::Output(_) => card.outputs.len() > 1,
                Slot::Side(_) => is_near && port.count == 0,
            };
            let is_told = several(slot) || card.fold.is_some();
            if pen.detail == Detail::All
                && (is_told && (is_hovered || has_room(frame, place, at, slot)) || is_side && is_near)
            {
                node::port_name(pen, port, slot, at);
            }
            if is_side && port.count > 0 && pen.detail >= Detail::Some {
                let colour = if port.kind == PortKind::Late { cx.theme.late.text } else { cx.theme.err.text };
                let words = numbers::count(port.count);
                let font = (fonts::mono(pen.size(10.5)), colour);
                text::write(pen.painter, at + vec2(9.0, 4.0), Align2::LEFT_TOP, &words, font, 80.0);
            }
        }
    }
}

/// There is room for a port's name beside it: no other node stands there.
fn has_room(frame: &Frame<'_>, place: usize, at: Pos2, slot: Slot) -> bool {
    let reach = if matches!(slot, Slot::Input(_)) { vec2(-64.0, 16.0) } else { vec2(64.0, 16.0) };
    let beside = Rect::from_two_pos(at, at + reach);
    (0..frame.bodies.len()).all(|other| other == place || !frame.rect(other).intersects(beside))
}

/// How a port looks while a wire is drawn: does it fit?
fn port_look(cx: &Cx<'_>, seen: &CanvasSeen, end: &PortRef, slot: Slot, is_hovered: bool) -> PortLook {
    let Gesture::Pull(pull) = &seen.gesture else {
        return if is_hovered { PortLook::Hovered } else { PortLook::Plain };
    };
    if pull.held == *end {
        return PortLook::Hovered;
    }
    let is_input = matches!(slot, Slot::Input(_));
    if is_input != pull.is_from || pull.plainly_unfit(cx.drawing, end).is_some() {
        return PortLook::Unfit;
    }
    match &pull.target {
        Some((target, None)) if target == end => PortLook::Fits,
        _ => PortLook::Plain,
    }
}
