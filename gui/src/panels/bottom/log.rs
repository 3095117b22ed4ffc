//! What happened in the run, newest last; equal lines in a row are one. Filtered by how bad it is, by words, by node.

use egui::{Align, Align2, Frame, Layout, Margin, RichText, ScrollArea, Stroke, Ui, pos2};
use tidegate_core::faces::numbers;
use tidegate_core::problem::Severity;
use tidegate_core::snapshot::LogEntry;

use super::nothing;
use crate::acts::{Act, Chosen, Cx};
use crate::canvas::glyphs;
use crate::widgets::{self, ButtonLook};
use crate::{fonts, text};

/// Height of a line.
const ROW: f32 = 22.0;

/// What of the log is shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct LogSeen {
    words: String,
    /// what is less bad is left out
    least: Option<Severity>,
    /// what is not of the selected node is left out
    follows: bool,
}

impl LogSeen {
    fn has(&self, entry: &LogEntry, node: Option<&str>) -> bool {
        let words = self.words.trim().to_lowercase();
        let of_entry = entry.node.as_deref().unwrap_or_default();
        self.least.is_none_or(|least| entry.severity >= least)
            && (!self.follows || node.is_none_or(|node| of_entry == node))
            && (words.is_empty() || entry.message.to_lowercase().contains(&words) || of_entry.contains(&words))
    }
}

/// Draws it.
pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, chosen: &Chosen, seen: &mut LogSeen) {
    let run = cx.run;
    if run.now.log.is_empty() {
        return nothing(ui, cx, "What happens in a run is told here.");
    }
    let node = chosen.only_node();
    let shown: Vec<&LogEntry> = run.now.log.iter().filter(|entry| seen.has(entry, node)).collect();
    Frame::NONE.inner_margin(Margin { left: 16, right: 16, top: 6, bottom: 2 }).show(ui, |ui| {
        head(ui, cx, node, seen, (shown.len(), run.now.log.len()));
        if shown.is_empty() {
            ui.add_space(6.0);
            ui.label(RichText::new("Nothing in the log is like that.").color(cx.theme.text2));
        }
    });
    Frame::NONE.inner_margin(Margin { left: 8, right: 8, top: 0, bottom: 4 }).show(ui, |ui| {
        let scroll = ScrollArea::vertical().auto_shrink([false, false]).stick_to_bottom(true);
        scroll.show_rows(ui, ROW, shown.len(), |ui, range| {
            ui.spacing_mut().item_spacing.y = 0.0;
            shown[range].iter().for_each(|entry| line(ui, cx, entry));
        });
    });
}

fn head(ui: &mut Ui, cx: &Cx<'_>, node: Option<&str>, seen: &mut LogSeen, (shown, all): (usize, usize)) {
    ui.horizontal(|ui| {
        ui.scope(|ui| {
            ui.set_max_width(240.0);
            let words = ["all", "warnings", "errors"].map(str::to_string);
            let levels = [None, Some(Severity::Warning), Some(Severity::Error)];
            let place = levels.iter().position(|level| *level == seen.least);
            if let Some(pressed) = widgets::segments(ui, cx.theme, "Log", &words, place) {
                seen.least = levels[pressed];
            }
        });
        ui.scope(|ui| {
            ui.set_max_width(220.0);
            widgets::field(ui, "Filter the log", &mut seen.words, "Filter by words", fonts::text(12.5));
        });
        if let Some(node) = node {
            let word = if seen.follows { format!("Only {node}") } else { "All nodes".to_string() };
            let hint = "Only what is of the selected node, or all";
            if widgets::button(ui, cx.theme, ButtonLook::Quiet, None, &word, hint).clicked() {
                seen.follows = !seen.follows;
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let words = if shown == all { format!("{all}") } else { format!("{shown} of {all}") };
            ui.label(RichText::new(words).font(fonts::mono(11.0)).color(cx.theme.text2));
        });
    });
}

fn line(ui: &mut Ui, cx: &mut Cx<'_>, entry: &LogEntry) {
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
    response.on_hover_text(&entry.message);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_filtered_by_level_words_and_node() {
        let entry = |severity, node: &str, message: &str| LogEntry {
            number: 0,
            at_ms: 0,
            last_ms: 0,
            count: 1,
            severity,
            node: Some(node.into()),
            message: message.into(),
        };
        let all = [
            entry(Severity::Note, "in", "reading from the start"),
            entry(Severity::Warning, "in", "a partition was rewound"),
            entry(Severity::Error, "out", "the broker has gone"),
        ];
        let shown = |seen: LogSeen, node: Option<&str>| all.iter().filter(|entry| seen.has(entry, node)).count();
        let seen = LogSeen::default();
        assert_eq!(shown(seen.clone(), Some("in")), 3);
        assert_eq!(shown(LogSeen { least: Some(Severity::Warning), ..seen.clone() }, None), 2);
        assert_eq!(shown(LogSeen { follows: true, ..seen.clone() }, Some("in")), 2);
        assert_eq!(shown(LogSeen { follows: true, ..seen.clone() }, None), 3, "without a node there is none to follow");
        assert_eq!(shown(LogSeen { words: " BROKER ".into(), ..seen.clone() }, None), 1);
        assert_eq!(shown(LogSeen { words: "out".into(), ..seen }, None), 1);
    }
}
