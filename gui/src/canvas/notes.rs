//! What notes and groups look like, below everything else.

use egui::{Painter, Rect, Stroke, StrokeKind, Vec2, pos2, vec2};
use tidegate_core::faces::marks;
use tidegate_core::pipeline::{Group, Note};

use super::CanvasSeen;
use super::geometry::{GRID, Shape, snapped};
use super::gesture::Gesture;
use crate::acts::Cx;
use crate::fonts;
use crate::prose::{self, Setting};

/// How large a note is that says no size, and the smallest.
pub(super) const SIZE: Vec2 = vec2(240.0, 80.0);
const LEAST: Vec2 = vec2(80.0, 40.0);

/// From this zoom on a note has room for its text.
const READABLE: f32 = 0.65;

/// Draws the outlines of groups that are open, with their names, around the boxes of their nodes.
pub(super) fn groups(painter: &Painter, cx: &Cx<'_>, seen: &CanvasSeen, bodies: &[Shape]) {
    let theme = cx.theme;
    for group in cx.drawing.pipeline.groups.iter().filter(|group| !group.collapsed) {
        let Some(shown) = outline(cx, seen, bodies, group) else { continue };
        let [a, b, c, d] = [shown.left_top(), shown.right_top(), shown.right_bottom(), shown.left_bottom()];
        painter.extend(egui::Shape::dashed_line(&[a, b, c, d, a], Stroke::new(1.0, theme.line2), 5.0, 4.0));
        let galley = crate::text::line(painter, marks::title(group), fonts::text(12.0), theme.text2, room(shown));
        let at = shown.left_top() + vec2(NAME, -galley.size().y / 2.0);
        painter.rect_filled(Rect::from_min_size(at, galley.size()).expand2(vec2(5.0, 0.0)), 0.0, theme.canvas);
        painter.galley(at, galley, theme.text2);
    }
}

/// Where the name of a group begins on its outline.
pub(super) const NAME: f32 = 26.0;

/// How wide the name of a group may be.
pub(super) fn room(outline: Rect) -> f32 {
    (outline.width() - NAME - 16.0).max(20.0)
}

/// The outline of a group on the screen, where it is seen.
pub(super) fn outline(cx: &Cx<'_>, seen: &CanvasSeen, bodies: &[Shape], group: &Group) -> Option<Rect> {
    let of_group = cx.scene.nodes.iter().zip(bodies).filter(|(card, _)| group.nodes.contains(&card.id));
    let bounds = of_group.map(|(_, body)| body.rect).reduce(|all, rect| all.union(rect))?;
    let shown = seen.view.rect(seen.area, bounds.expand2(vec2(20.0, 28.0)));
    shown.intersects(seen.area).then_some(shown)
}

/// Draws all notes.
pub(super) fn show(painter: &Painter, cx: &Cx<'_>, seen: &CanvasSeen) {
    for note in &cx.drawing.pipeline.notes {
        let shown = seen.view.rect(seen.area, place(note, seen));
        if !shown.intersects(seen.area) {
            continue;
        }
        let theme = cx.theme;
        let (paper, border) = theme.paper(note.colour.unwrap_or_default());
        painter.rect(shown, 6.0, paper, Stroke::new(1.0, border), StrokeKind::Inside);
        if seen.view.zoom < READABLE {
            continue;
        }
        let size = ((12.0 * seen.view.zoom * 2.0).round() / 2.0).max(10.5);
        let room = Rect::from_min_max(shown.min + vec2(12.0, 10.0) * seen.view.zoom, shown.max - vec2(10.0, 2.0));
        let setting = Setting { theme, size, keeps_lines: true };
        prose::paint(painter, setting, &note.text, room);
    }
}

/// The box of a note on the canvas.
pub(super) fn rect(note: &Note) -> Rect {
    let size = note.size.map_or(SIZE, |size| vec2(size.x as f32, size.y as f32));
    Rect::from_min_size(pos2(note.at.x as f32, note.at.y as f32), size)
}

/// The same, where it is being moved, as it is now.
pub(super) fn place(note: &Note, seen: &CanvasSeen) -> Rect {
    match &seen.gesture {
        Gesture::Note { id, by, is_corner } if *id == note.id => moved(rect(note), *by, *is_corner),
        _ => rect(note),
    }
}

fn moved(rect: Rect, by: Vec2, is_corner: bool) -> Rect {
    match is_corner {
        _ if by == Vec2::ZERO => rect,
        true => Rect::from_min_size(rect.min, ((rect.size() + by).max(LEAST) / GRID).round() * GRID),
        false => Rect::from_min_size(snapped(rect.min + by), rect.size()),
    }
}
