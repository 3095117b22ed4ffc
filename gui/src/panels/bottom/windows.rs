//! Windows: event time from left to right, each window a vessel; where stream time stands, and what it waits for in words.

use egui::{Align2, Frame, Margin, Painter, Rect, RichText, ScrollArea, Shape, Stroke, StrokeKind, Ui, pos2, vec2};
use tidegate_core::explain::{explain, window_nodes};
use tidegate_core::faces::numbers;
use tidegate_core::snapshot::NodeSnapshot;
use tidegate_core::window::LaneReport;

use super::{BottomSeen, nothing};
use crate::acts::{Chosen, Cx};
use crate::fonts;
use crate::icons::icon;
use crate::theme::Theme;
use crate::widgets;

/// Width of a time of day on the axis.
const LABEL: f32 = 52.0;

/// Width of the words at the right.
const WORDS: f32 = 284.0;

/// Draws it.
pub(super) fn show(ui: &mut Ui, cx: &Cx<'_>, chosen: &Chosen, seen: &mut BottomSeen) {
    let subject = chosen.only_node().filter(|id| window_nodes(&cx.run.now).any(|known| known == *id));
    let Some(id) = subject.or_else(|| window_nodes(&cx.run.now).next()) else {
        return nothing(
            ui,
            cx,
            "Windows are shown here while a pipeline that has some runs: what is open, what it waits for.",
        );
    };
    let Some(node) = cx.run.node(id) else { return };
    let lanes: Vec<u32> = node.windows.keys().copied().collect();
    // For all lanes the slowest counts: it closes last.
    let slowest = node.windows.iter().min_by_key(|(_, lane)| lane.stream_time).map(|(lane, _)| *lane);
    let lane = seen.lane.filter(|lane| lanes.contains(lane)).or(slowest);
    let Some((lane, report)) = lane.and_then(|lane| Some((lane, node.windows.get(&lane)?))) else { return };
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        let width = (ui.available_width() - WORDS).max(200.0);
        ui.allocate_ui(vec2(width, ui.available_height()), |ui| {
            ui.set_width(width);
            Frame::NONE.inner_margin(Margin::symmetric(16, 8)).show(ui, |ui| {
                ui.vertical(|ui| {
                    ui.horizontal(|ui| {
                        ui.spacing_mut().item_spacing.x = 12.0;
                        ui.label(RichText::new(&node.id).font(fonts::strong(12.5)).color(cx.theme.text));
                        let words: Vec<String> = lanes.iter().map(|lane| format!("lane {lane}")).collect();
                        if lanes.len() > 1 && lanes.len() <= 8 {
                            ui.scope(|ui| {
                                ui.set_width((72.0 * lanes.len() as f32).min(width - 160.0));
                                let place = lanes.iter().position(|known| *known == lane);
                                if let Some(pressed) = widgets::segments(ui, cx.theme, "Lane", &words, place) {
                                    seen.lane = lanes.get(pressed).copied();
                                }
                            });
                        }
                        ui.label(RichText::new(summary(report)).font(fonts::mono(11.0)).color(cx.theme.text2));
                    });
                    axis(ui, cx.theme, report);
                });
            });
        });
        words(ui, cx, node);
    });
}

fn summary(report: &LaneReport) -> String {
    let mut parts = vec![format!("{} open", numbers::count(report.open as u64))];
    parts.push(format!("{} results", numbers::count(report.results)));
    if report.late > 0 {
        parts.push(format!("{} late", numbers::count(report.late)));
    }
    parts.join(" · ")
}

/// What a vessel is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Closed,
    Closing,
    Open,
    Next,
}

/// A window on the axis, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Vessel {
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) phase: Phase,
}

/// The windows around the one that closes next: `before` of those that have closed, and those up to the next.
pub(crate) fn vessels(report: &LaneReport, before: i64) -> Vec<Vessel> {
    let (Some(next), Some(time)) = (report.next, report.stream_time) else { return Vec::new() };
    let length = next.end.saturating_sub(next.start).max(1);
    let ahead = time.saturating_sub(next.start) / length + 1;
    let vessel = |number: i64| {
        let start = next.start.saturating_add(length.saturating_mul(number));
        let end = start.saturating_add(length);
        let phase = match () {
            () if number < 0 => Phase::Closed,
            () if time >= end => Phase::Closing,
            () if time >= start => Phase::Open,
            () => Phase::Next,
        };
        Vessel { start, end, phase }
    };
    (-before..=ahead.clamp(1, 8)).map(vessel).collect()
}

fn axis(ui: &mut Ui, theme: &Theme, report: &LaneReport) {
    let (rect, response) = ui.allocate_exact_size(ui.available_size(), egui::Sense::hover());
    let all = vessels(report, 4);
    let (Some(first), Some(last), Some(time)) = (all.first(), all.last(), report.stream_time) else {
        let at = rect.left_top() + vec2(0.0, 24.0);
        ui.painter().text(at, Align2::LEFT_CENTER, "No window is open on this lane.", fonts::text(12.5), theme.text2);
        return;
    };
    let words = format!("stream time {}", numbers::clock(time, crate::offset_s()));
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &words));
    let span = last.end.saturating_sub(first.start).max(1) as f64;
    let x =
        |ms: i64| rect.left() + rect.width() * (ms.saturating_sub(first.start) as f64 / span).clamp(-0.05, 1.05) as f32;
    let body = Rect::from_min_max(rect.min + vec2(0.0, 26.0), rect.max - vec2(0.0, 24.0));
    let painter = ui.painter_at(rect);
    for vessel in &all {
        let at = Rect::from_x_y_ranges(x(vessel.start) + 2.0..=x(vessel.end) - 2.0, body.y_range());
        draw(&painter, theme, *vessel, at, time);
        let label = numbers::clock(vessel.start, crate::offset_s());
        // One that would be cut says nothing.
        if x(vessel.start) - LABEL / 2.0 < rect.left() {
            continue;
        }
        painter.text(
            pos2(x(vessel.start), body.bottom() + 12.0),
            Align2::CENTER_CENTER,
            label,
            fonts::mono(10.5),
            theme.text2,
        );
    }
    painter.hline(body.x_range(), body.bottom() + 1.0, Stroke::new(1.0, theme.line2));
    let grace = report.next.map_or(0, |next| next.closes_at.saturating_sub(next.grace_from));
    if grace > 0 {
        let at = x(time.saturating_sub(grace));
        painter.extend(Shape::dashed_line(
            &[pos2(at, rect.top() + 18.0), pos2(at, body.bottom())],
            Stroke::new(1.5, theme.text2),
            4.0,
            3.0,
        ));
    }
    let at = x(time);
    painter.vline(at, rect.top() + 8.0..=body.bottom(), Stroke::new(2.0, theme.accent));
    let galley = crate::text::line(&painter, &words, fonts::figure(11.0), theme.on_accent, 200.0);
    let size = galley.size() + vec2(12.0, 4.0);
    let left = at.min(rect.right() - size.x).max(rect.left());
    let flag = Rect::from_min_size(pos2(left, rect.top()), size);
    painter.rect_filled(flag, 4.0, theme.accent);
    painter.galley(flag.min + vec2(6.0, 2.0), galley, theme.on_accent);
}

fn draw(painter: &Painter, theme: &Theme, vessel: Vessel, rect: Rect, time: i64) {
    let stroke = Stroke::new(1.0, theme.line2);
    let length = (vessel.end - vessel.start).max(1) as f32;
    let covered = ((time - vessel.start) as f32 / length).clamp(0.0, 1.0);
    let (words, sign, colour) = match vessel.phase {
        Phase::Next => {
            let [a, b, c, d] = [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom()];
            painter.extend(Shape::dashed_line(&[a, b, c, d, a], stroke, 4.0, 4.0));
            ("next", "", theme.faint)
        }
        Phase::Closed => {
            painter.rect(rect, 4.0, theme.over, stroke, StrokeKind::Inside);
            ("closed", "lock-simple", theme.text2)
        }
        Phase::Open | Phase::Closing => {
            painter.rect(rect, 4.0, theme.raised, stroke, StrokeKind::Inside);
            let top = rect.bottom() - rect.height() * covered;
            let full = Rect::from_min_max(pos2(rect.left(), top), rect.max);
            painter.rect_filled(full, 4.0, theme.accent.gamma_multiply(0.35));
            painter.hline(full.x_range(), top, Stroke::new(1.5, theme.accent));
            if vessel.phase == Phase::Closing {
                hatch(painter, theme, full);
                ("closing", "hourglass-medium", theme.text)
            } else {
                ("open", "", theme.text)
            }
        }
    };
    if rect.width() > 56.0 {
        let at = rect.center_top() + vec2(0.0, 14.0);
        let at = if sign.is_empty() { at } else { at + vec2(8.0, 0.0) };
        let shown = painter.text(at, Align2::CENTER_CENTER, words, fonts::text(11.0), colour);
        if !sign.is_empty() {
            painter.text(
                shown.left_center() - vec2(9.0, 0.0),
                Align2::CENTER_CENTER,
                icon(sign),
                fonts::icon(12.0),
                colour,
            );
        }
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

/// Why it is not out yet, in words.
fn words(ui: &mut Ui, cx: &Cx<'_>, node: &NodeSnapshot) {
    let rect = ui.available_rect_before_wrap();
    ui.painter().vline(rect.left(), rect.y_range(), Stroke::new(1.0, cx.theme.line));
    let Some(explanation) = explain(&cx.run.now, &node.id) else { return };
    Frame::NONE.inner_margin(Margin::symmetric(16, 12)).show(ui, |ui| {
        ui.vertical(|ui| {
            ui.set_width(WORDS - 32.0);
            ui.spacing_mut().item_spacing.y = 6.0;
            let title = if explanation.is_silent { "Why is nothing out yet?" } else { "What comes next?" };
            ui.label(RichText::new(title).font(fonts::strong(13.0)).color(cx.theme.text));
            ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
                for reason in &explanation.reasons {
                    let lane = match reason.lane {
                        Some(lane) if explanation.lanes > 1 => format!("lane {lane}: "),
                        _ => String::new(),
                    };
                    let words = format!("{lane}{}", reason.message);
                    ui.label(RichText::new(words).font(fonts::text(12.5)).color(cx.theme.text2));
                    if let Some(remedy) = &reason.remedy {
                        ui.label(RichText::new(remedy).font(fonts::text(12.0)).color(cx.theme.accent));
                    }
                }
            });
        });
    });
}

#[cfg(test)]
mod tests {
    use tidegate_core::window::NextReport;

    use super::*;

    #[test]
    fn vessels_stand_around_stream_time() {
        let next = NextReport { start: 60_000, end: 120_000, grace_from: 120_000, closes_at: 140_000 };
        let report = LaneReport { stream_time: Some(130_000), next: Some(next), ..LaneReport::default() };
        let phases: Vec<(i64, Phase)> = vessels(&report, 1).into_iter().map(|it| (it.start, it.phase)).collect();
        assert_eq!(
            phases,
            [(0, Phase::Closed), (60_000, Phase::Closing), (120_000, Phase::Open), (180_000, Phase::Next)]
        );
        assert_eq!(vessels(&LaneReport::default(), 3), []);
    }
}
