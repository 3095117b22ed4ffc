//! Draws windows on their axis: vessels that fill, stream time with its flag, the line at which windows close, late records
//! below.

use egui::{Align2, Color32, FontId, Painter, Pos2, Rect, Sense, Shape, Stroke, StrokeKind, Ui, pos2, vec2};
use tidegate_core::faces::numbers;
use tidegate_core::window::LaneReport;

use super::vessels::{Phase, ROWS, Vessel};
use crate::canvas::glyphs;
use crate::fonts;
use crate::icons::icon;
use crate::theme::Theme;

/// Width of a time of day on the axis.
const LABEL: f32 = 52.0;
/// Height of the lane of late records.
const LATE: f32 = 22.0;

/// Draws it in all the room there is.
pub(super) fn show(ui: &mut Ui, theme: &Theme, report: &LaneReport, all: &[Vessel], late: &[i64]) {
    let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::hover());
    let (Some(first), Some(end), Some(time)) =
        (all.iter().map(|it| it.start).min(), all.iter().map(|it| it.end).max(), report.stream_time)
    else {
        let at = rect.left_top() + vec2(0.0, 24.0);
        ui.painter().text(at, Align2::LEFT_CENTER, "No window is open on this lane.", fonts::text(12.5), theme.text2);
        return;
    };
    let flag = format!("stream time {}", numbers::clock(time, crate::offset_s()));
    let words: Vec<String> = all.iter().map(said).collect();
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Image, true, format!("{flag}; windows {}", words.join(", ")))
    });
    // The present stands at five sixths of the width, where there is so much ahead.
    let end = end.max(time);
    let span = end.saturating_sub(first).max(1) as f64;
    let x = |ms: i64| rect.left() + rect.width() * (ms.saturating_sub(first) as f64 / span).clamp(-0.05, 1.05) as f32;
    let late_lane = if report.late > 0 { LATE } else { 0.0 };
    let body = Rect::from_min_max(rect.min + vec2(0.0, 26.0), rect.max - vec2(0.0, 24.0 + late_lane));
    let painter = ui.painter_at(rect);
    let rows = all.iter().map(|it| it.row + 1).max().unwrap_or(1).min(ROWS);
    let height = body.height() / rows as f32;
    let most = all.iter().filter_map(|it| it.keys).max().unwrap_or_default();
    let mut boxes = Vec::new();
    for vessel in all.iter().filter(|vessel| vessel.row < ROWS) {
        let top = body.top() + height * vessel.row as f32;
        let across = x(vessel.start) + 2.0..=(x(vessel.end) - 2.0).max(x(vessel.start) + 5.0);
        let at = Rect::from_x_y_ranges(across, top..=top + height - if rows > 1 { 3.0 } else { 0.0 });
        draw(&painter, theme, vessel, at, share(vessel, time, most));
        boxes.push((vessel, at));
    }
    times(&painter, theme, all, &x, body);
    let flag = stream_time(&painter, theme, x(time), &flag, rect, body);
    let grace = report.next.map_or(0, |next| next.closes_at.saturating_sub(next.grace_from));
    if grace > 0 {
        let closed = time.saturating_sub(grace);
        closes(&painter, theme, (x(closed), flag.left() - 4.0), closed, rect, body);
    }
    // No line crosses a word.
    boxes.into_iter().for_each(|(vessel, at)| words_in(&painter, theme, vessel, at));
    if late_lane > 0.0 {
        let lane = Rect::from_min_max(pos2(rect.left(), rect.bottom() - LATE), rect.max);
        late_marks(&painter, theme, report, late, &x, (first, end), lane);
    }
}

/// A vessel in words.
fn said(vessel: &Vessel) -> String {
    let phase = match vessel.phase {
        Phase::Closed => "closed",
        Phase::Closing => "closing",
        Phase::Open => "open",
        Phase::Next => "next",
    };
    let keys = vessel.keys.map(|keys| format!(" with {}", numbers::several(keys, "key"))).unwrap_or_default();
    format!("{} {phase}{keys}", numbers::clock(vessel.start, crate::offset_s()))
}

/// How full it is: keys against the most that one has, else how far stream time has come.
fn share(vessel: &Vessel, time: i64, most: usize) -> f32 {
    match vessel.keys {
        Some(keys) => (keys as f32 / most.max(1) as f32).clamp(0.06, 1.0),
        None => {
            let length = vessel.end.saturating_sub(vessel.start).max(1) as f32;
            (time.saturating_sub(vessel.start) as f32 / length).clamp(0.0, 1.0)
        }
    }
}

fn times(painter: &Painter, theme: &Theme, all: &[Vessel], x: &impl Fn(i64) -> f32, body: Rect) {
    painter.hline(body.x_range(), body.bottom() + 1.0, Stroke::new(1.0, theme.line2));
    let mut free = body.left() - 1.0;
    for vessel in all {
        let at = x(vessel.start);
        // One that would be cut, or would stand on another, says nothing.
        if at - LABEL / 2.0 < free {
            continue;
        }
        free = at + LABEL / 2.0 + 6.0;
        let label = numbers::clock(vessel.start, crate::offset_s());
        let place = pos2(at, body.bottom() + 12.0);
        painter.text(place, Align2::CENTER_CENTER, label, fonts::mono(10.5), theme.text2);
    }
}

/// The line that closes a window when it passes its end; its flag ends there, or sooner, clear of the one of stream time.
fn closes(painter: &Painter, theme: &Theme, (at, most): (f32, f32), time: i64, rect: Rect, body: Rect) {
    let line = [pos2(at, rect.top() + 18.0), pos2(at, body.bottom())];
    painter.extend(Shape::dashed_line(&line, Stroke::new(1.5, theme.text2), 4.0, 3.0));
    let words = format!("closes to {}", numbers::clock(time, crate::offset_s()));
    let galley = crate::text::line(painter, &words, fonts::mono(11.0), theme.text2, 200.0);
    let size = galley.size() + vec2(12.0, 4.0);
    let flag = Rect::from_min_size(pos2((at.min(most) - size.x).max(rect.left()), rect.top()), size);
    painter.rect_filled(flag, 4.0, theme.over);
    painter.galley(flag.min + vec2(6.0, 2.0), galley, theme.text2);
}

/// The line of stream time, and its flag, of which this is the place.
fn stream_time(painter: &Painter, theme: &Theme, at: f32, words: &str, rect: Rect, body: Rect) -> Rect {
    painter.vline(at, rect.top() + 8.0..=body.bottom(), Stroke::new(2.0, theme.accent));
    let galley = crate::text::line(painter, words, fonts::figure(11.0), theme.on_accent, 200.0);
    let size = galley.size() + vec2(12.0, 4.0);
    let left = at.min(rect.right() - size.x).max(rect.left());
    let flag = Rect::from_min_size(pos2(left, rect.top()), size);
    painter.rect_filled(flag, 4.0, theme.accent);
    painter.galley(flag.min + vec2(6.0, 2.0), galley, theme.on_accent);
    flag
}

/// Late records at their event time.
fn late_marks(
    painter: &Painter,
    theme: &Theme,
    report: &LaneReport,
    late: &[i64],
    x: &impl Fn(i64) -> f32,
    (first, end): (i64, i64),
    lane: Rect,
) {
    let middle = lane.center().y;
    painter.hline(lane.x_range(), middle, Stroke::new(1.0, theme.line));
    let in_view = late.iter().filter(|ts| (first..=end).contains(*ts));
    for ts in in_view.clone() {
        painter.add(glyphs::polygon(glyphs::diamond(pos2(x(*ts), middle), 4.5), theme.late.graphic, Stroke::NONE));
    }
    let all = numbers::count(report.late);
    let words = match (in_view.count() as u64, report.late) {
        (0, _) => format!("{all} late, none of them in view"),
        (shown, late) if shown >= late => format!("{all} late"),
        (shown, late) => format!("{all} late: {shown} here, {} not in view", numbers::count(late - shown)),
    };
    let galley = crate::text::line(painter, &words, fonts::text(11.0), theme.late.text, 240.0);
    let at = Rect::from_min_size(pos2(lane.left(), middle - galley.size().y / 2.0), galley.size());
    painter.rect_filled(at.expand2(vec2(4.0, 0.0)), 0.0, theme.panel);
    painter.galley(at.min, galley, theme.late.text);
}

fn draw(painter: &Painter, theme: &Theme, vessel: &Vessel, rect: Rect, share: f32) {
    let stroke = Stroke::new(1.0, theme.line2);
    match vessel.phase {
        Phase::Next => {
            let [a, b, c, d] = [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom()];
            painter.extend(Shape::dashed_line(&[a, b, c, d, a], stroke, 4.0, 4.0));
        }
        Phase::Closed => {
            painter.rect(rect, 4.0, theme.over, stroke, StrokeKind::Inside);
        }
        Phase::Open | Phase::Closing => {
            painter.rect(rect, 4.0, theme.raised, stroke, StrokeKind::Inside);
            let top = rect.bottom() - rect.height() * share;
            let full = Rect::from_min_max(pos2(rect.left(), top), rect.max);
            painter.rect_filled(full, 4.0, theme.accent.gamma_multiply(0.35));
            painter.hline(full.x_range(), top, Stroke::new(1.5, theme.accent));
            if vessel.phase == Phase::Closing {
                hatch(painter, theme, full);
            }
        }
    }
}

/// What a vessel is doing, and how many keys it holds: on a ground of their own where lines may pass.
fn words_in(painter: &Painter, theme: &Theme, vessel: &Vessel, rect: Rect) {
    let (words, sign, colour) = match vessel.phase {
        Phase::Next => ("next", "", theme.faint),
        Phase::Closed => ("closed", "lock-simple", theme.text2),
        Phase::Closing => ("closing", "hourglass-medium", theme.text),
        Phase::Open => ("open", "", theme.text),
    };
    let is_crossed = matches!(vessel.phase, Phase::Open | Phase::Closing);
    let write = |at: Pos2, words: &str, font: FontId, colour: Color32, before: f32| {
        let galley = crate::text::line(painter, words, font, colour, 200.0);
        let shown = Align2::CENTER_CENTER.anchor_size(at, galley.size());
        if is_crossed {
            let ground = Rect::from_min_max(shown.min - vec2(before, 0.0), shown.max).expand2(vec2(5.0, 2.0));
            painter.rect_filled(ground, ground.height() / 2.0, theme.raised);
        }
        painter.galley(shown.min, galley, colour);
        shown
    };
    if rect.width() > 56.0 && rect.height() >= 22.0 {
        let at = rect.center_top() + vec2(if sign.is_empty() { 0.0 } else { 8.0 }, 14.0_f32.min(rect.height() / 2.0));
        let shown = write(at, words, fonts::text(11.0), colour, if sign.is_empty() { 0.0 } else { 16.0 });
        if !sign.is_empty() {
            let at = shown.left_center() - vec2(9.0, 0.0);
            painter.text(at, Align2::CENTER_CENTER, icon(sign), fonts::icon(12.0), colour);
        }
    }
    if let Some(keys) = vessel.keys.filter(|_| rect.width() > 48.0 && rect.height() >= 44.0) {
        let at = rect.center_bottom() - vec2(0.0, 12.0);
        write(at, &numbers::several(keys, "key"), fonts::mono(11.0), theme.text, 0.0);
    }
}

fn hatch(painter: &Painter, theme: &Theme, rect: Rect) {
    let inside = painter.with_clip_rect(rect);
    let mut x = rect.left();
    while x < rect.right() + rect.height() {
        let stripe = [pos2(x - rect.height(), rect.bottom()), pos2(x, rect.top())];
        inside.line_segment(stripe, Stroke::new(1.5, theme.accent.gamma_multiply(0.5)));
        x += 8.0;
    }
}
