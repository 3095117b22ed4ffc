//! What the pointer is doing on the canvas. A gesture changes nothing but what is seen; when it is done, it asks for one step.

use egui::{CursorIcon, Key, PointerButton, Pos2, Rect, Response, Stroke, StrokeKind, Ui, Vec2, vec2};
use tidegate_core::faces::building::AddTo;
use tidegate_core::faces::drawing::Drawing;
use tidegate_core::faces::marks;
use tidegate_core::operators::{Operator, Role};
use tidegate_core::pipeline::edit::{EdgeChange, Edit};
use tidegate_core::pipeline::{Edge, Point};

use super::geometry::{self, Shape as Body};
use super::pull::Pull;
use super::{CanvasSeen, Frame, bends, wire};
use crate::acts::{Act, Chosen, Cx};
use crate::scene::{Card, Scene};

/// What the pointer is doing.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) enum Gesture {
    #[default]
    None,
    /// moves what is selected, so far in points of the canvas; the node that it holds
    Move { by: Vec2, held: String },
    /// draws a box from here, in points of the canvas; what was selected before
    Box { from: Pos2, before: Chosen },
    /// draws a wire
    Pull(Pull),
    /// moves a bend of an edge to here, in points of the canvas
    Bend { edge: String, bend: usize, to: Pos2 },
    /// moves a note, or its lower right corner, so far
    Note { id: String, by: Vec2, is_corner: bool },
}

/// Moves and zooms the view.
pub(super) fn navigate(ui: &Ui, back: &Response, seen: &mut CanvasSeen) {
    let space = ui.input(|input| input.key_down(Key::Space)) && !ui.ctx().text_edit_focused();
    if back.dragged_by(PointerButton::Middle) || back.dragged_by(PointerButton::Secondary) || space && back.dragged() {
        seen.view.origin += back.drag_delta();
        ui.ctx().set_cursor_icon(CursorIcon::Grabbing);
    }
    let Some(at) = seen.pointer.filter(|_| is_ours(ui, back)) else { return };
    let (zoom, scroll, modifiers) =
        ui.input(|input| (input.zoom_delta(), input.smooth_scroll_delta(), input.modifiers));
    if zoom != 1.0 {
        seen.view = seen.view.zoomed_at(seen.area, at, zoom);
    } else if modifiers.shift {
        seen.view.origin += vec2(scroll.x + scroll.y, 0.0);
    } else if scroll.y != 0.0 {
        seen.view = seen.view.zoomed_at(seen.area, at, (scroll.y / 240.0).exp());
    }
}

/// The pointer is over the canvas, and over nothing above it.
fn is_ours(ui: &Ui, back: &Response) -> bool {
    ui.input(|input| input.pointer.hover_pos()).is_some_and(|at| ui.ctx().layer_id_at(at) == Some(back.layer_id))
}

/// Boxes of nodes, those that are being moved where they are now.
pub(super) fn moved(scene: &Scene, chosen: &Chosen, seen: &CanvasSeen) -> Vec<Body> {
    let shift = shift(scene, seen);
    let body = |card: &Card| match card.is_in(chosen) {
        true => Body { rect: card.shape.rect.translate(shift) },
        false => card.shape,
    };
    scene.nodes.iter().map(body).collect()
}

/// How far nodes are being moved.
pub(super) fn shift(scene: &Scene, seen: &CanvasSeen) -> Vec2 {
    match &seen.gesture {
        Gesture::Move { by, held } => snapped_shift(scene, seen.snaps, held, *by),
        _ => Vec2::ZERO,
    }
}

/// How far nodes move; where they snap, so that the held one comes onto the grid.
fn snapped_shift(scene: &Scene, snaps: bool, held: &str, by: Vec2) -> Vec2 {
    match scene.card(held) {
        _ if !snaps => by.round(),
        Some(card) if by != Vec2::ZERO => geometry::snapped(card.shape.rect.min + by) - card.shape.rect.min,
        _ => Vec2::ZERO,
    }
}

/// Selects and moves nodes.
pub(super) fn on_node(
    response: &Response,
    cx: &mut Cx<'_>,
    chosen: &Chosen,
    seen: &mut CanvasSeen,
    card: &Card,
    back: &Response,
) {
    let modifiers = response.ctx.input(|input| input.modifiers);
    if response.clicked() {
        back.request_focus();
        let mut next = card.chosen();
        if modifiers.shift || modifiers.command {
            let nodes = match card.is_in(chosen) {
                true => chosen.nodes.difference(&next.nodes).cloned().collect(),
                false => chosen.nodes.union(&next.nodes).cloned().collect(),
            };
            next.nodes = nodes;
        }
        cx.ask(Act::Choose(next));
    }
    if response.drag_started_by(PointerButton::Primary) {
        back.request_focus();
        if !card.is_in(chosen) {
            cx.ask(Act::Choose(card.chosen()));
        }
        if cx.rights.may_build {
            seen.gesture = Gesture::Move { by: Vec2::ZERO, held: card.ids()[0].clone() };
        }
    }
    drag(response, cx, chosen, seen);
    if response.double_clicked()
        && let Some(fold) = &card.fold
    {
        cx.ask(Act::Edit(marks::folded(&cx.drawing.pipeline, &fold.group, false)));
    }
}

/// Goes on with moving what is selected by what is held, and ends it.
pub(super) fn drag(response: &Response, cx: &mut Cx<'_>, chosen: &Chosen, seen: &mut CanvasSeen) {
    if response.dragged_by(PointerButton::Primary)
        && let Gesture::Move { by, .. } = &mut seen.gesture
    {
        *by = pulled(response, *by != Vec2::ZERO) / seen.view.zoom;
    }
    if response.drag_stopped()
        && let Gesture::Move { by, held } = std::mem::take(&mut seen.gesture)
    {
        let shift = snapped_shift(cx.scene, seen.snaps, &held, by);
        if let Some(edit) = moves(cx.drawing, cx.scene, chosen, shift) {
            cx.ask(Act::Edit(edit));
        }
    }
    if response.dragged_by(PointerButton::Middle) || response.dragged_by(PointerButton::Secondary) {
        seen.view.origin += response.drag_delta();
    }
}

/// How far something is dragged from where it was pressed, in points of the screen. A hand that trembles while it presses for
/// long drags nothing: at first it must go as far as no click does.
pub(super) fn pulled(response: &Response, has_begun: bool) -> Vec2 {
    let by = response.total_drag_delta().unwrap_or_default();
    let least = response.ctx.options(|options| options.input_options.max_click_dist);
    if has_begun || by.length() >= least { by } else { Vec2::ZERO }
}

/// The step that moves what is selected, with the bends of wires between.
pub(crate) fn moves(drawing: &Drawing, scene: &Scene, chosen: &Chosen, shift: Vec2) -> Option<Edit> {
    let selected = scene.of_nodes().filter(|card| chosen.nodes.contains(&card.id));
    let to = |card: &Card| (card.id.clone(), point(card.shape.rect.min + shift));
    let moves: Vec<(String, Point)> = selected.map(to).collect();
    if shift == Vec2::ZERO || moves.is_empty() {
        return None;
    }
    let moves = Edit::MoveNodes(moves);
    let is_between = |edge: &&Edge| chosen.nodes.contains(&edge.from.node) && chosen.nodes.contains(&edge.to.node);
    let bent = drawing.pipeline.edges.iter().filter(|edge| !edge.points.is_empty()).filter(is_between);
    let bends = bent.map(|edge| {
        let shift = point(shift.to_pos2());
        let points = edge.points.iter().map(|at| Point { x: at.x + shift.x, y: at.y + shift.y });
        Edit::ChangeEdge { edge: edge.id(), change: EdgeChange::Points(points.collect()) }
    });
    let label = moves.label();
    let edits: Vec<Edit> = [moves].into_iter().chain(bends).collect();
    Some(if edits.len() == 1 { edits.into_iter().next()? } else { Edit::Batch { label, edits } })
}

/// A place of the canvas as the file has it.
pub(crate) fn point(at: Pos2) -> Point {
    Point { x: at.x.round() as i32, y: at.y.round() as i32 }
}

/// Selects by a box, or nothing by a click.
pub(super) fn background(frame: &Frame<'_>, cx: &mut Cx<'_>, seen: &mut CanvasSeen) {
    let Frame { back, chosen, hovered_wire, .. } = *frame;
    let (space, modifiers) = frame.ui.input(|input| (input.key_down(Key::Space), input.modifiers));
    let keeps = modifiers.shift || modifiers.command;
    // By the pointer: Enter goes into what is selected, and is no click.
    if back.clicked_by(PointerButton::Primary) {
        back.request_focus();
        match hovered_wire {
            Some(place) => cx.ask(Act::Choose(Chosen::edge(&cx.scene.wires[place].id))),
            None if !keeps => cx.ask(Act::Choose(Chosen::default())),
            None => {}
        }
    }
    if back.double_clicked()
        && let Some(at) = seen.pointer
    {
        let place = frame.view.to_canvas(frame.area, at);
        match hovered_wire {
            Some(wire) => bends::add(cx, wire, place),
            None => cx.ask(Act::QuickAdd(AddTo::Nothing, place)),
        }
    }
    if back.drag_started_by(PointerButton::Primary) && !space {
        back.request_focus();
        if let Some(at) = frame.ui.input(|input| input.pointer.press_origin()) {
            let before = if keeps { chosen.clone() } else { Chosen::default() };
            seen.gesture = Gesture::Box { from: frame.view.to_canvas(frame.area, at), before };
        }
    }
    let Gesture::Box { from, before } = &seen.gesture else { return };
    if let Some(at) = frame.ui.input(|input| input.pointer.latest_pos()) {
        let rect = Rect::from_two_pos(frame.view.to_screen(frame.area, *from), at);
        let fill = cx.theme.accent.gamma_multiply(0.10);
        frame.pen.painter.rect(rect, 2.0, fill, Stroke::new(1.0, cx.theme.accent), StrokeKind::Inside);
        let mut next = Chosen { nodes: before.nodes.clone(), ..Chosen::default() };
        for (place, card) in cx.scene.nodes.iter().enumerate() {
            if frame.rect(place).intersects(rect) {
                next.nodes.extend(card.ids().iter().cloned());
            }
        }
        if next != *chosen {
            cx.ask(Act::Choose(next));
        }
    }
    if back.drag_stopped() || !frame.ui.input(|input| input.pointer.any_down()) {
        seen.gesture = Gesture::None;
    }
}

/// An operator that is dragged here from the palette: onto a wire it goes between, onto a node it takes its place.
pub(super) fn dropped(frame: &Frame<'_>, cx: &mut Cx<'_>, seen: &CanvasSeen) {
    let (pen, hovered_wire) = (frame.pen, frame.hovered_wire);
    let Some(at) = seen.pointer else { return };
    let below = cx.scene.nodes.iter().enumerate().rev().find(|(place, _)| frame.rect(*place).contains(at));
    let below = below.map(|(_, card)| card).filter(|card| card.fold.is_none());
    let on = |operator: &Operator| match (below, hovered_wire) {
        (Some(card), _) => AddTo::Swap(card.id.clone()),
        (None, Some(place)) if operator.role == Role::Flow => AddTo::Wire(cx.scene.wires[place].id.clone()),
        _ => AddTo::Nothing,
    };
    if let Some(operator) = egui::DragAndDrop::payload::<&'static Operator>(frame.ui.ctx()) {
        let size = vec2(144.0, 64.0) * frame.view.zoom;
        let ghost = Rect::from_min_size(at - size / 2.0, size);
        pen.painter.rect(
            ghost,
            9.0,
            cx.theme.raised.gamma_multiply(0.8),
            Stroke::new(1.5, cx.theme.accent),
            StrokeKind::Inside,
        );
        let font = (crate::fonts::strong(13.0), cx.theme.text);
        crate::text::write(
            pen.painter,
            ghost.center(),
            egui::Align2::CENTER_CENTER,
            operator.name,
            font,
            size.x - 16.0,
        );
        match on(&operator) {
            AddTo::Wire(_) => wire::reason(pen, ghost.right_top(), "insert on this wire", true),
            AddTo::Swap(id) => wire::reason(pen, ghost.right_top(), &format!("take the place of {id}"), true),
            _ => {}
        }
    }
    if let Some(operator) = frame.back.dnd_release_payload::<&'static Operator>().or_else(|| {
        // Over a node the background does not hear of it.
        let is_released = frame.ui.input(|input| input.pointer.any_released());
        is_released.then(|| egui::DragAndDrop::take_payload::<&'static Operator>(frame.ui.ctx())).flatten()
    }) {
        let corner = frame.view.to_canvas(frame.area, at) - vec2(72.0, 32.0);
        let to = on(&operator);
        cx.ask(Act::Add(*operator, to, Some(geometry::snapped(corner))));
    }
}
