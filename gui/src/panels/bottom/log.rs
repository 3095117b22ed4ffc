//! What happened in the run, newest last; equal lines in a row are one.

use egui::{Align2, Frame, Margin, ScrollArea, Stroke, Ui, pos2};
use tidegate_core::faces::numbers;
use tidegate_core::problem::Severity;

use super::nothing;
use crate::acts::{Act, Chosen, Cx};
use crate::canvas::glyphs;
use crate::widgets;
use crate::{fonts, text};

/// Height of a line.
const ROW: f32 = 22.0;

/// Draws it.
pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>) {
    let run = cx.run;
    if run.now.log.is_empty() {
        return nothing(ui, cx, "What happens in a run is told here.");
    }
    let scroll = ScrollArea::vertical().auto_shrink([false, false]).stick_to_bottom(true);
    Frame::NONE.inner_margin(Margin::symmetric(8, 4)).show(ui, |ui| {
        scroll.show_rows(ui, ROW, run.now.log.len(), |ui, range| {
            for entry in &run.now.log[range] {
                let node = entry.node.clone().unwrap_or_default();
                let (rect, response) = widgets::row(ui, cx.theme, ROW, &format!("{node} {}", entry.message), false);
                let theme = cx.theme;
                let middle = rect.center().y;
                let write = |x: f32, words: &str, colour, room: f32| {
                    let at = pos2(rect.left() + x, middle);
                    text::write(ui.painter(), at, Align2::LEFT_CENTER, words, (fonts::mono(11.5), colour), room)
                };
                write(8.0, &numbers::clock(entry.last_ms, crate::offset_s()), theme.faint, 70.0);
                let at = pos2(rect.left() + 84.0, middle);
                match entry.severity {
                    Severity::Error => glyphs::fault(ui.painter(), theme, at, 5.0),
                    Severity::Warning => glyphs::warning(ui.painter(), theme, at, 5.0),
                    Severity::Note => {
                        ui.painter().circle_stroke(at, 3.5, Stroke::new(1.25, theme.faint));
                    }
                }
                write(98.0, &node, theme.text2, 120.0);
                let times = if entry.count > 1 { format!("  × {}", entry.count) } else { String::new() };
                write(226.0, &format!("{}{times}", entry.message), theme.text, rect.width() - 234.0);
                if response.clicked() && !node.is_empty() {
                    cx.ask(Act::Show(Chosen::node(node)));
                }
            }
        });
    });
}
