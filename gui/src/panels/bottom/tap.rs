//! Records that pass the selected edge, or come in and go out at the selected node: side by side, those of one record on one
//! line. They are filtered, held, and looked at one by one.

use egui::{Align, Frame, Layout, Margin, Rect, RichText, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};
use serde_json::Value;
use tidegate_core::faces::drawing::Drawing;
use tidegate_core::faces::numbers;
use tidegate_core::faces::rows::to_text;
use tidegate_core::snapshot::{TapRow, TapSnapshot};

use super::{BottomSeen, cell, nothing};
use crate::acts::{Chosen, Cx};
use crate::fonts;
use crate::widgets::{self, ButtonLook};

/// Height of a line, and width of what is told of one record.
const ROW: f32 = 22.0;
const DETAIL: f32 = 320.0;

/// The edges of the selection: the selected one, or those of the selected node.
pub(super) fn edges(drawing: &Drawing, chosen: &Chosen) -> Vec<String> {
    if let Some(edge) = &chosen.edge {
        return vec![edge.clone()];
    }
    let Some(node) = chosen.only_node() else { return Vec::new() };
    let edges = &drawing.pipeline.edges;
    let first_in = edges.iter().find(|edge| edge.to.node == node);
    let first_out = edges.iter().find(|edge| edge.from.node == node);
    first_in.into_iter().chain(first_out).map(tidegate_core::pipeline::Edge::id).collect()
}

/// Draws them.
pub(super) fn show(ui: &mut Ui, cx: &Cx<'_>, chosen: &Chosen, seen: &mut BottomSeen) {
    let asked = edges(cx.drawing, chosen);
    if asked.is_empty() {
        return nothing(ui, cx, "Select an edge or a node to see records that pass.");
    }
    let has_some = seen.taps.iter().any(|tap| asked.contains(&tap.edge));
    if !cx.run.is_running() && !has_some {
        return nothing(ui, cx, "Records that pass are shown here while the pipeline runs.");
    }
    Frame::NONE.inner_margin(Margin { left: 16, right: 16, top: 6, bottom: 4 }).show(ui, |ui| {
        head(ui, cx, seen);
        ui.add_space(4.0);
        let all = ui.available_rect_before_wrap();
        let detail = if seen.record.is_some() { DETAIL.min(all.width() * 0.45) } else { 0.0 };
        let table = Rect::from_min_max(all.min, pos2(all.right() - detail, all.bottom()));
        ui.scope_builder(egui::UiBuilder::new().max_rect(table), |ui| lines(ui, cx, &asked, seen));
        if detail > 0.0 {
            let place = Rect::from_min_max(pos2(table.right() + 16.0, all.top()), all.max);
            ui.painter().vline(table.right() + 8.0, all.y_range(), Stroke::new(1.0, cx.theme.line));
            ui.scope_builder(egui::UiBuilder::new().max_rect(place), |ui| one(ui, cx, seen));
        }
    });
}

fn head(ui: &mut Ui, cx: &Cx<'_>, seen: &mut BottomSeen) {
    ui.horizontal(|ui| {
        ui.scope(|ui| {
            ui.set_max_width(220.0);
            widgets::field(ui, "Filter records", &mut seen.tap_filter, "Filter by key or value", fonts::text(12.5));
        });
        let (word, sign) = if seen.is_held { ("Go on", "play") } else { ("Hold", "pause") };
        if widgets::button(ui, cx.theme, ButtonLook::Quiet, Some(sign), word, "Records stand still").clicked() {
            seen.is_held = !seen.is_held;
        }
        if let Some(why) = &seen.no_taps {
            ui.label(RichText::new(why).color(cx.theme.text2));
        }
    });
}

/// How many of those that passed are shown.
fn thinned(tap: &TapSnapshot) -> String {
    match tap.rows.len() as u64 {
        0 => String::new(),
        shown => format!("1 in {}", numbers::count((tap.seen / shown).max(1))),
    }
}

/// A record before a node and behind it; on an edge there is one side.
type Line<'a> = [Option<&'a TapRow>; 2];

/// By what records before and behind a node are matched.
fn place(row: &TapRow) -> (&str, i32, i64) {
    (&row.topic, row.partition, row.offset)
}

/// A record has a text in its key or its value.
fn has(row: &TapRow, filter: &str) -> bool {
    filter.is_empty()
        || to_text(&row.key).to_lowercase().contains(filter)
        || row.value.to_string().to_lowercase().contains(filter)
}

/// Newest first: what came in, with what became of it on the same line. What only went out stands alone.
fn paired<'a>(before: &'a [TapRow], behind: &'a [TapRow], filter: &str) -> Vec<Line<'a>> {
    let of = |row: &TapRow, rows: &'a [TapRow]| rows.iter().rev().find(|other| place(other) == place(row));
    let came = before.iter().rev().map(|row| [Some(row), of(row, behind)]);
    let alone = behind.iter().rev().filter(|row| of(row, before).is_none()).map(|row| [None, Some(row)]);
    let mut all: Vec<Line<'a>> = came.chain(alone).collect();
    all.retain(|line| line.iter().flatten().any(|row| has(row, filter)));
    all.sort_by_key(|line| std::cmp::Reverse(line.iter().flatten().map(|row| row.at_ms).min()));
    all
}

fn lines(ui: &mut Ui, cx: &Cx<'_>, asked: &[String], seen: &mut BottomSeen) {
    let filter = seen.tap_filter.trim().to_lowercase();
    let rows = |edge: Option<&String>| -> &[TapRow] {
        let tap = edge.and_then(|edge| seen.taps.iter().find(|tap| tap.edge == *edge));
        tap.map_or(&[], |tap| &tap.rows)
    };
    let (before, behind) = (rows(asked.first()), rows(asked.get(1)));
    let all = paired(before, behind, &filter);
    let sides = asked.len().clamp(1, 2);
    let width = (ui.available_width() - 8.0) / sides as f32;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        for edge in asked {
            title(ui, cx, edge, seen.taps.iter().find(|tap| tap.edge == *edge), width);
        }
    });
    let line = ui.cursor().top() - 1.0;
    ui.painter().hline(ui.max_rect().x_range(), line, Stroke::new(1.0, cx.theme.line));
    if all.is_empty() {
        ui.add_space(4.0);
        let words = if filter.is_empty() { "No record has passed yet." } else { "No record has that in it." };
        ui.label(RichText::new(words).color(cx.theme.text2));
        return;
    }
    let mut taken = None;
    ui.spacing_mut().item_spacing.y = 0.0;
    // A line is as high as its records, not as a button.
    ui.spacing_mut().interact_size.y = ROW;
    ScrollArea::vertical().auto_shrink([false, false]).show_rows(ui, ROW, all.len(), |ui, range| {
        for line in &all[range] {
            if let Some(row) = draw(ui, cx, line, sides, width, seen.record.as_ref()) {
                taken = Some(row.clone());
            }
        }
    });
    if let Some(row) = taken {
        seen.record = if seen.record.as_ref() == Some(&row) { None } else { Some(row) };
    }
}

/// The edge of a side, and how many of its records are shown.
fn title(ui: &mut Ui, cx: &Cx<'_>, edge: &str, tap: Option<&TapSnapshot>, width: f32) {
    let (rect, response) = ui.allocate_exact_size(vec2(width, 24.0), Sense::hover());
    let (title, share) = (edge.replace("->", " → "), tap.map(thinned).unwrap_or_default());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, format!("{title} {share}").trim()));
    let write = |x: f32, words: &str, font, room: f32| {
        crate::text::write(ui.painter(), pos2(x, rect.center().y), egui::Align2::LEFT_CENTER, words, font, room)
    };
    let shown = write(rect.left(), &title, (fonts::strong(12.5), cx.theme.text), width - 96.0);
    write(shown.right() + 12.0, &share, (fonts::mono(11.0), cx.theme.text2), 90.0);
}

/// Draws a line; tells which record of it was pressed.
fn draw<'a>(
    ui: &mut Ui,
    cx: &Cx<'_>,
    line: &Line<'a>,
    sides: usize,
    width: f32,
    open: Option<&TapRow>,
) -> Option<&'a TapRow> {
    let mut pressed = None;
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        for row in &line[..sides] {
            let (rect, response) = ui.allocate_exact_size(vec2(width, ROW), Sense::click());
            let Some(row) = row else { continue };
            let (key, value) = (to_text(&row.key), row.value.to_string());
            let is_open = open == Some(*row);
            response.widget_info(|| {
                WidgetInfo::selected(egui::Role::Button, true, is_open, format!("record {key} {value}"))
            });
            if is_open || response.hovered() {
                let ground = if is_open { cx.theme.accent_bg } else { cx.theme.over };
                ui.painter().rect_filled(rect, 4.0, ground);
            }
            widgets::focus_ring(ui, cx.theme, &response);
            cell(ui, rect, 0.0, 84.0, &numbers::exact(row.offset), cx.theme.faint, false);
            cell(ui, rect, 84.0, 96.0, &key, cx.theme.text2, false);
            cell(ui, rect, 180.0, (width - 188.0).max(20.0), &value, cx.theme.text, false);
            if response.clicked() {
                pressed = Some(*row);
            }
        }
    });
    pressed
}

/// All of one record.
fn one(ui: &mut Ui, cx: &Cx<'_>, seen: &mut BottomSeen) {
    let Some(row) = &seen.record else { return };
    let mut closes = false;
    ui.horizontal(|ui| {
        let title = format!("{} {} · {}", row.topic, row.partition, numbers::exact(row.offset));
        ui.label(RichText::new(title.trim()).font(fonts::strong(12.5)).color(cx.theme.text));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            closes = widgets::icon_button(ui, cx.theme, "x", "Close the record", true).clicked();
        });
    });
    ScrollArea::vertical().id_salt("record").auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 3.0;
        for (name, value) in fields(row) {
            ui.label(RichText::new(format!("{name}  {value}")).font(fonts::mono(11.0)).color(cx.theme.text2));
        }
        let value = serde_json::to_string_pretty(&row.value).unwrap_or_default();
        ui.label(RichText::new(value).font(fonts::mono(11.5)).color(cx.theme.text));
    });
    if closes {
        seen.record = None;
    }
}

/// What is known of a record beside its value.
fn fields(row: &TapRow) -> Vec<(String, String)> {
    let clock = |ms: i64| numbers::clock(ms, crate::offset_s());
    let mut fields = vec![("key".to_string(), to_text(&row.key)), ("time".to_string(), clock(row.ts))];
    if let Some((start, end)) = row.window {
        fields.push(("window".into(), format!("{} to {}", clock(start), clock(end))));
    }
    if row.value == Value::Null {
        fields.push(("value".into(), "none: a tombstone".into()));
    }
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "null".into());
    fields.extend(row.headers.iter().map(|(name, value)| (format!("header {name}"), text(value))));
    fields
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(offset: i64, at_ms: i64, value: Value) -> TapRow {
        TapRow { topic: "t".into(), offset, at_ms, key: json!(format!("k{offset}")), value, ..TapRow::default() }
    }

    #[test]
    fn records_stand_beside_what_became_of_them() {
        let before = [row(1, 10, json!({ "a": 1 })), row(2, 20, json!({ "a": 2 })), row(3, 30, json!({ "a": 3 }))];
        let behind = [row(1, 11, json!({ "b": 1 })), row(3, 31, json!({ "b": 3 })), row(9, 5, json!({ "b": 9 }))];
        let offsets = |filter: &str| -> Vec<[Option<i64>; 2]> {
            paired(&before, &behind, filter).iter().map(|line| line.map(|row| row.map(|row| row.offset))).collect()
        };
        assert_eq!(offsets(""), [[Some(3), Some(3)], [Some(2), None], [Some(1), Some(1)], [None, Some(9)]]);
        assert_eq!(offsets("k2"), [[Some(2), None]]);
        assert_eq!(offsets("\"b\":3"), [[Some(3), Some(3)]], "either side may have it");
    }
}
