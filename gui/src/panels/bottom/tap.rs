//! Records that pass the selected edge, or the edges of the selected node.

use egui::{Align, Frame, Layout, Margin, RichText, ScrollArea, Ui, vec2};
use tidegate_core::faces::drawing::Drawing;
use tidegate_core::faces::numbers;
use tidegate_core::snapshot::{TapRow, TapSnapshot};

use super::{BottomSeen, cell, nothing};
use crate::acts::{Chosen, Cx};
use crate::fonts;
use crate::widgets::{self, ButtonLook};

/// The edges that are looked at: the selected one, or those of the selected node.
pub(crate) fn edges(drawing: &Drawing, chosen: &Chosen) -> Vec<String> {
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
    if !cx.run.is_running() {
        return nothing(ui, cx, "Records that pass are shown here while the pipeline runs.");
    }
    Frame::NONE.inner_margin(Margin { left: 16, right: 16, top: 4, bottom: 4 }).show(ui, |ui| {
        ui.horizontal(|ui| {
            let word = if seen.is_held { "Go on" } else { "Hold" };
            if widgets::button(ui, cx.theme, ButtonLook::Quiet, None, word, "Records stand still").clicked() {
                seen.is_held = !seen.is_held;
            }
            if let Some(why) = &seen.no_taps {
                ui.label(RichText::new(why).color(cx.theme.text2));
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let words: Vec<String> = seen.taps.iter().map(thinned).collect();
                ui.label(RichText::new(words.join("   ")).font(fonts::mono(11.0)).color(cx.theme.text2));
            });
        });
        let width = (ui.available_width() - 16.0 * (asked.len() - 1) as f32) / asked.len() as f32;
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 16.0;
            for edge in &asked {
                let tap = seen.taps.iter().find(|tap| tap.edge == *edge);
                ui.allocate_ui(vec2(width, ui.available_height()), |ui| {
                    ui.vertical(|ui| table(ui, cx, edge, tap));
                });
            }
        });
    });
}

/// How many of those that passed are shown.
fn thinned(tap: &TapSnapshot) -> String {
    match tap.rows.len() as u64 {
        0 => String::new(),
        shown => format!("1 in {}", numbers::count((tap.seen / shown).max(1))),
    }
}

fn table(ui: &mut Ui, cx: &Cx<'_>, edge: &str, tap: Option<&TapSnapshot>) {
    let title = edge.replace("->", " → ");
    ui.label(RichText::new(title).font(fonts::strong(12.5)).color(cx.theme.text));
    let rows: &[TapRow] = tap.map_or(&[], |tap| &tap.rows);
    if rows.is_empty() {
        ui.label(RichText::new("no record has passed yet").color(cx.theme.text2));
        return;
    }
    ScrollArea::vertical().id_salt(edge).auto_shrink([false, false]).show(ui, |ui| {
        for row in rows.iter().rev() {
            let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 22.0), egui::Sense::hover());
            let value = row.value.to_string();
            let key = tidegate_core::faces::rows::to_text(&row.key);
            response
                .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, format!("record {key} {value}")));
            cell(ui, rect, 0.0, 84.0, &numbers::exact(row.offset), cx.theme.faint, true);
            cell(ui, rect, 88.0, 96.0, &key, cx.theme.text2, false);
            cell(ui, rect, 188.0, (rect.width() - 188.0).max(20.0), &value, cx.theme.text, false);
            response.on_hover_text(format!("{} {} at {}\n{value}", row.topic, row.partition, row.offset));
        }
    });
}
