//! Words on a painter: one line, cut with an ellipsis where there is no more room.

use std::sync::Arc;

use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{Align2, Color32, FontId, Galley, Painter, Pos2, Rect, emath::GuiRounding};

/// A line of a font and a colour, at most so wide.
pub(crate) fn line(painter: &Painter, text: &str, font: FontId, colour: Color32, width: f32) -> Arc<Galley> {
    let mut job = LayoutJob::single_section(text.to_string(), TextFormat::simple(font, colour));
    job.wrap = TextWrapping::truncate_at_width(width.max(1.0));
    painter.layout_job(job)
}

/// How far below its top the letters of a line stand.
pub(crate) fn baseline(line: &Galley) -> f32 {
    line.rows.first().and_then(|row| Some(row.pos.y + row.glyphs.first()?.pos.y)).unwrap_or_default()
}

/// Writes a line, and tells where it stands.
pub(crate) fn write(
    painter: &Painter,
    at: Pos2,
    anchor: Align2,
    text: &str,
    (font, colour): (FontId, Color32),
    width: f32,
) -> Rect {
    let galley = line(painter, text, font, colour, width);
    let rect = anchor.anchor_size(at, galley.size());
    painter.galley(rect.min.round_to_pixels(painter.pixels_per_point()), galley, colour);
    rect
}
