//! Windows: event time from left to right, each window a vessel; where stream time stands, what it waits for in words, and
//! results as they come.

mod axis;
mod vessels;
mod words;

use egui::{Align, Frame, Layout, Margin, RichText, ScrollArea, Stroke, Ui, vec2};
use serde_json::Value;
use tidegate_core::explain::{explain, window_nodes};
use tidegate_core::faces::drawing::Drawing;
use tidegate_core::faces::numbers;
use tidegate_core::faces::rows::to_text;
use tidegate_core::faces::watched::Watched;
use tidegate_core::pipeline::Edge;
use tidegate_core::snapshot::{NodeSnapshot, TapRow};
use tidegate_core::window::LaneReport;

use super::{BottomSeen, cell, nothing};
use crate::acts::{Chosen, Cx};
use crate::icons::icon;
use crate::widgets;
use crate::{fonts, prose};
pub(crate) use vessels::LateMarks;

/// Width of the words at the right.
const WORDS: f32 = 284.0;
/// Height of a result, and the most that are shown.
const ROW: f32 = 20.0;
const RESULTS: usize = 40;

/// The node whose windows are shown: the selected one, else the first that has some.
pub(crate) fn subject<'a>(run: &'a Watched, chosen: &'a Chosen) -> Option<&'a str> {
    let selected = chosen.only_node().filter(|id| window_nodes(&run.now).any(|known| known == *id));
    selected.or_else(|| window_nodes(&run.now).next())
}

/// The edge by which the results of a node leave.
pub(super) fn results_of(drawing: &Drawing, node: &str) -> Option<String> {
    let is_late = |edge: &&Edge| matches!(edge.from.port.as_str(), "late" | "errors");
    drawing.pipeline.edges.iter().filter(|edge| !is_late(edge)).find(|edge| edge.from.node == node).map(Edge::id)
}

/// The lane that is shown: the chosen one; for all of them the slowest counts, for it closes last.
pub(crate) fn lane_of(node: &NodeSnapshot, chosen: Option<u32>) -> Option<u32> {
    let slowest = node.windows.iter().min_by_key(|(_, lane)| lane.stream_time).map(|(lane, _)| *lane);
    chosen.filter(|lane| node.windows.contains_key(lane)).or(slowest)
}

/// Draws it.
pub(super) fn show(ui: &mut Ui, cx: &Cx<'_>, chosen: &Chosen, seen: &mut BottomSeen) {
    let Some(node) = subject(cx.run, chosen).and_then(|id| cx.run.node(id)) else {
        return nothing(
            ui,
            cx,
            "Windows are shown here while a pipeline that has some runs: what is open, what it waits for.",
        );
    };
    let Some((lane, report)) = lane_of(node, seen.lane).and_then(|lane| Some((lane, node.windows.get(&lane)?))) else {
        return;
    };
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        let width = (ui.available_width() - WORDS).max(200.0);
        ui.allocate_ui(vec2(width, ui.available_height()), |ui| {
            ui.set_width(width);
            Frame::NONE.inner_margin(Margin::symmetric(16, 8)).show(ui, |ui| {
                ui.vertical(|ui| {
                    head(ui, cx, node, (lane, report), seen, width);
                    let state = seen.state.as_ref().filter(|state| state.node == node.id);
                    let all = vessels::vessels(report, lane, state);
                    let late: Vec<i64> = seen.late_marks.of(&node.id, lane).collect();
                    axis::show(ui, cx.theme, report, &all, &late);
                });
            });
        });
        beside(ui, cx, node, seen);
    });
}

fn head(
    ui: &mut Ui,
    cx: &Cx<'_>,
    node: &NodeSnapshot,
    (lane, report): (u32, &LaneReport),
    seen: &mut BottomSeen,
    width: f32,
) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 12.0;
        ui.label(RichText::new(&node.id).font(fonts::strong(12.5)).color(cx.theme.text));
        let lanes: Vec<u32> = node.windows.keys().copied().collect();
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
}

fn summary(report: &LaneReport) -> String {
    let mut parts = vec![format!("{} open", numbers::count(report.open as u64))];
    parts.push(format!("{} results", numbers::count(report.results)));
    if report.late > 0 {
        parts.push(format!("{} late", numbers::count(report.late)));
    }
    parts.join(" · ")
}

/// Why it is not out yet, in words; below, what came out.
fn beside(ui: &mut Ui, cx: &Cx<'_>, node: &NodeSnapshot, seen: &BottomSeen) {
    let rect = ui.available_rect_before_wrap();
    ui.painter().vline(rect.left(), rect.y_range(), Stroke::new(1.0, cx.theme.line));
    Frame::NONE.inner_margin(Margin { left: 16, right: 16, top: 12, bottom: 0 }).show(ui, |ui| {
        ui.vertical(|ui| {
            ui.set_width(WORDS - 32.0);
            ui.spacing_mut().item_spacing.y = 6.0;
            ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
                why(ui, cx, node);
                results(ui, cx, node, seen);
            });
        });
    });
}

fn why(ui: &mut Ui, cx: &Cx<'_>, node: &NodeSnapshot) {
    let Some(explanation) = explain(&cx.run.now, &node.id) else { return };
    let title = if explanation.is_silent { "Why is nothing out yet?" } else { "What comes next?" };
    ui.label(RichText::new(title).font(fonts::strong(13.0)).color(cx.theme.text));
    for reason in &explanation.reasons {
        let lane = match reason.lane {
            Some(lane) if explanation.lanes > 1 => format!("Lane {lane}: "),
            _ => String::new(),
        };
        let plain = |words: &str| words::plain(words, crate::offset_s());
        // Times of day are enough here; all there is to say is told while the pointer rests.
        let said = ui.label(prose::line(cx.theme, &format!("{lane}{}", plain(&reason.message)), 12.5));
        said.on_hover_text(&reason.message);
        if let Some(remedy) = &reason.remedy {
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = 6.0;
                ui.label(RichText::new(icon("arrow-right")).font(fonts::icon(13.0)).color(cx.theme.text2));
                ui.add(egui::Label::new(prose::line(cx.theme, &plain(remedy), 12.0)).wrap()).on_hover_text(remedy);
            });
        }
    }
}

/// Results, newest first: the window, the key, the value.
fn results(ui: &mut Ui, cx: &Cx<'_>, node: &NodeSnapshot, seen: &BottomSeen) {
    let Some(edge) = results_of(cx.drawing, &node.id) else { return };
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        ui.label(RichText::new("Results").font(fonts::strong(13.0)).color(cx.theme.text));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let rate = numbers::rate_with_unit(node.rates.records_out);
            ui.label(RichText::new(rate).font(fonts::mono(11.0)).color(cx.theme.text2));
        });
    });
    let rows: &[TapRow] = seen.taps.iter().find(|tap| tap.edge == edge).map_or(&[], |tap| &tap.rows);
    if rows.is_empty() {
        let words = "None came out since this was opened.";
        ui.label(RichText::new(words).font(fonts::text(12.0)).color(cx.theme.text2));
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    for row in rows.iter().rev().take(RESULTS) {
        let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), egui::Sense::hover());
        let window = row.window.map_or_else(String::new, |(start, _)| numbers::clock(start, crate::offset_s()));
        let (key, value) = (to_text(&row.key), plain(row));
        let words = format!("result {window} {key} {value}");
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &words));
        cell(ui, rect, 0.0, 60.0, &window, cx.theme.faint, false);
        cell(ui, rect, 62.0, 64.0, &key, cx.theme.text2, false);
        cell(ui, rect, 128.0, (rect.width() - 124.0).max(20.0), &value, cx.theme.text, false);
        response.on_hover_text(value);
    }
}

/// A result's columns, without the bounds of its window, which stand beside it.
fn plain(row: &TapRow) -> String {
    let Value::Object(fields) = &row.value else { return row.value.to_string() };
    let is_bound = |name: &str| name == "_window_start" || name == "_window_end";
    let shown = fields.iter().filter(|(name, _)| !is_bound(name));
    shown.map(|(name, value)| format!("{name} {}", to_text(value))).collect::<Vec<_>>().join(" · ")
}
