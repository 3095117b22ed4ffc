//! Notes and groups on the canvas, below everything else.

use egui::text::LayoutJob;
use egui::{Painter, Rect, Stroke, StrokeKind, TextFormat, Ui, pos2, vec2};

use tidegate_core::pipeline::Note;

use super::CanvasSeen;
use crate::acts::Cx;
use crate::fonts;

/// How large a note is that says no size.
const SIZE: (f32, f32) = (240.0, 80.0);

/// From this zoom on a note has room for its text.
const READABLE: f32 = 0.65;

/// Draws the outlines of groups, with their names.
pub(super) fn groups(painter: &Painter, cx: &Cx<'_>, seen: &CanvasSeen) {
    let theme = cx.theme;
    for group in &cx.drawing.pipeline.groups {
        let of_group = cx.scene.nodes.iter().filter(|card| group.nodes.contains(&card.id));
        let Some(bounds) = of_group.map(|card| card.shape.rect).reduce(|all, rect| all.union(rect)) else { continue };
        let shown = seen.view.rect(seen.area, bounds.expand2(vec2(20.0, 28.0)));
        if !shown.intersects(seen.area) {
            continue;
        }
        let [a, b, c, d] = [shown.left_top(), shown.right_top(), shown.right_bottom(), shown.left_bottom()];
        painter.extend(egui::Shape::dashed_line(&[a, b, c, d, a], Stroke::new(1.0, theme.line2), 5.0, 4.0));
        let name = group.label.as_deref().unwrap_or(&group.id);
        let galley = crate::text::line(painter, name, fonts::text(12.0), theme.text2, (shown.width() - 24.0).max(20.0));
        let at = shown.left_top() + vec2(12.0, -galley.size().y / 2.0);
        painter.rect_filled(Rect::from_min_size(at, galley.size()).expand2(vec2(5.0, 0.0)), 0.0, theme.canvas);
        painter.galley(at, galley, theme.text2);
    }
}

/// The box of a note on the canvas.
pub(super) fn rect(note: &Note) -> Rect {
    let size = note.size.map_or(vec2(SIZE.0, SIZE.1), |size| vec2(size.x as f32, size.y as f32));
    Rect::from_min_size(pos2(note.at.x as f32, note.at.y as f32), size)
}

/// Draws all notes.
pub(super) fn show(ui: &Ui, painter: &Painter, cx: &Cx<'_>, seen: &CanvasSeen) {
    for note in &cx.drawing.pipeline.notes {
        let shown = seen.view.rect(seen.area, rect(note));
        if !shown.intersects(seen.area) {
            continue;
        }
        let theme = cx.theme;
        painter.rect(shown, 6.0, theme.note, Stroke::new(1.0, theme.note_line), StrokeKind::Inside);
        if seen.view.zoom < READABLE {
            continue;
        }
        let font = fonts::text(((12.0 * seen.view.zoom * 2.0).round() / 2.0).max(10.5));
        let mut job = LayoutJob::single_section(note.text.clone(), TextFormat::simple(font, theme.text2));
        job.wrap.max_width = shown.width() - 24.0 * seen.view.zoom;
        let galley = painter.layout_job(job);
        let inside = painter.with_clip_rect(shown.shrink(4.0).intersect(seen.area));
        inside.galley(shown.min + vec2(12.0, 10.0) * seen.view.zoom, galley, theme.text2);
        let response =
            ui.interact(shown.intersect(seen.area), ui.scope_id().with(("note", &note.id)), egui::Sense::hover());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, format!("note: {}", note.text)));
    }
}
