//! The panel below the canvas: problems, partitions, windows, records, the log; each a file.

mod log;
mod partitions;
mod problems;
mod tap;
mod windows;

use egui::{Align, Frame, Layout, Margin, Panel, RichText, Stroke, Ui};
use tidegate_core::faces::drawing::Drawing;
use tidegate_core::faces::watched::Watched;
use tidegate_core::problem::Severity;
use tidegate_core::snapshot::{StateSnapshot, TapRow, TapSnapshot, Verdict};

use super::TABS;
use crate::acts::{Chosen, Cx};
use crate::fonts;
use crate::widgets;
use log::LogSeen;
pub(crate) use problems::{chosen_of, sorted};
pub(crate) use windows::{LateMarks, lane_of, subject};

/// What is shown there.
#[derive(Debug, Clone, Default)]
pub(crate) struct BottomSeen {
    pub(crate) tab: Tab,
    pub(crate) is_folded: bool,
    /// what it is held on, whatever is selected
    pub(crate) held_on: Option<Chosen>,
    /// the lane of windows that was chosen
    pub(crate) lane: Option<u32>,
    /// records that passed, and why there are none
    pub(crate) taps: Vec<TapSnapshot>,
    pub(crate) no_taps: Option<String>,
    /// records stand still
    pub(crate) is_held: bool,
    /// only those that have this in them are shown
    tap_filter: String,
    /// the record that is looked at
    pub(crate) record: Option<TapRow>,
    /// what the node whose windows are shown keeps
    pub(crate) state: Option<StateSnapshot>,
    /// late records that were seen
    pub(crate) late_marks: LateMarks,
    log: LogSeen,
}

impl BottomSeen {
    /// What its tabs are about: what it is held on, else what is selected.
    pub(crate) fn about<'a>(&'a self, chosen: &'a Chosen) -> &'a Chosen {
        self.held_on.as_ref().unwrap_or(chosen)
    }

    /// Shows a tab.
    pub(crate) fn show(&mut self, tab: Tab) {
        (self.tab, self.is_folded) = (tab, false);
    }

    /// Lets go of what was seen of a run.
    pub(crate) fn forget(&mut self) {
        self.taps.clear();
        (self.record, self.state, self.late_marks) = (None, None, LateMarks::default());
    }
}

/// The edges whose records are looked at: those of the selection while its tab is shown, a selected edge, results of windows.
pub(crate) fn tapped(drawing: &Drawing, run: &Watched, chosen: &Chosen, seen: &BottomSeen) -> Vec<String> {
    let mut edges: Vec<String> = chosen.edge.iter().cloned().collect();
    let about = seen.about(chosen);
    match seen.tab {
        _ if seen.is_folded => {}
        Tab::Tap => edges.extend(tap::edges(drawing, about)),
        Tab::Windows => {
            edges.extend(subject(run, about).and_then(|node| windows::results_of(drawing, node)));
        }
        _ => {}
    }
    edges.sort();
    edges.dedup();
    edges
}

/// A tab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Tab {
    #[default]
    Problems,
    Tap,
    Partitions,
    Windows,
    Log,
}

/// Draws it.
pub(crate) fn show(ui: &mut Ui, cx: &mut Cx<'_>, chosen: &Chosen, seen: &mut BottomSeen, height: f32) {
    let height = if seen.is_folded { TABS } else { height };
    let frame = Frame::NONE.fill(cx.theme.panel).inner_margin(Margin::ZERO);
    let panel = Panel::bottom("bottom").exact_size(height).resizable(false).show_separator_line(false).frame(frame);
    let shown = panel.show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        head(ui, cx, chosen, seen);
        if height <= TABS {
            return;
        }
        ui.painter().hline(ui.max_rect().x_range(), ui.cursor().top(), Stroke::new(1.0, cx.theme.line));
        let about = seen.about(chosen).clone();
        match seen.tab {
            Tab::Problems => problems::show(ui, cx),
            Tab::Tap => tap::show(ui, cx, &about, seen),
            Tab::Partitions => partitions::show(ui, cx),
            Tab::Windows => windows::show(ui, cx, &about, seen),
            Tab::Log => log::show(ui, cx, &about, &mut seen.log),
        }
    });
    let rect = shown.response.rect;
    ui.painter().hline(rect.x_range(), rect.top() + 0.5, Stroke::new(1.0, cx.theme.line));
}

fn head(ui: &mut Ui, cx: &Cx<'_>, chosen: &Chosen, seen: &mut BottomSeen) {
    let count =
        |severity: Severity| cx.drawing.checked.problems.iter().filter(|problem| problem.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    let problems = match (errors, warnings) {
        (0, 0) => None,
        (0, warnings) => Some((warnings, false)),
        (errors, _) => Some((errors, true)),
    };
    let bad = cx.run.now.partitions.iter().filter(|partition| partition.verdict >= Verdict::Growing).count();
    let is_stuck = cx.run.now.partitions.iter().any(|partition| partition.verdict >= Verdict::Stalled);
    let partitions = (bad > 0).then_some((bad, is_stuck));
    let faults = cx.run.now.log.iter().filter(|entry| entry.severity == Severity::Error).count();
    let log = (faults > 0).then_some((faults, true));
    let tabs = [
        (Tab::Problems, "Problems", problems),
        (Tab::Tap, "Tap", None),
        (Tab::Partitions, "Partitions", partitions),
        (Tab::Windows, "Windows", None),
        (Tab::Log, "Log", log),
    ];
    ui.horizontal(|ui| {
        ui.set_height(TABS);
        ui.add_space(16.0);
        ui.spacing_mut().item_spacing.x = 4.0;
        if let Some(tab) = widgets::tabs(ui, cx.theme, &tabs, seen.tab) {
            seen.show(tab);
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.add_space(8.0);
            let (name, hint) =
                if seen.is_folded { ("caret-right", "Unfold the panel") } else { ("caret-down", "Fold the panel") };
            if widgets::icon_button(ui, cx.theme, name, hint, true).clicked() {
                seen.is_folded = !seen.is_folded;
            }
            pin(ui, cx, chosen, seen);
        });
    });
}

/// What the tabs are about, and the pin that holds them on it. From the right.
fn pin(ui: &mut Ui, cx: &Cx<'_>, chosen: &Chosen, seen: &mut BottomSeen) {
    let about = seen.about(chosen);
    let Some(name) = about.only_node().or(about.edge.as_deref()).map(str::to_string) else { return };
    let (hint, colour) = match seen.held_on {
        Some(_) => ("Follow the selection".to_string(), cx.theme.text),
        None => (format!("Pin {name}\nIt stays, whatever is selected"), cx.theme.text2),
    };
    let response = widgets::icon_button(ui, cx.theme, "push-pin", &hint, true);
    if seen.held_on.is_some() {
        let middle = response.rect.center_bottom();
        ui.painter().hline(
            egui::Rangef::new(middle.x - 8.0, middle.x + 8.0),
            middle.y - 1.0,
            Stroke::new(2.0, cx.theme.accent),
        );
    }
    if response.clicked() {
        seen.held_on = if seen.held_on.is_some() { None } else { Some(chosen.clone()) };
    }
    ui.label(RichText::new(name).font(fonts::text(12.5)).color(colour));
}

/// What would fill a tab that has nothing to say.
fn nothing(ui: &mut Ui, cx: &Cx<'_>, words: &str) {
    Frame::NONE.inner_margin(Margin::same(16)).show(ui, |ui| {
        ui.label(RichText::new(words).font(fonts::text(12.5)).color(cx.theme.text2));
    });
}

/// A cell of a table: words at a place, of a width, right-aligned where they are figures.
fn cell(ui: &Ui, rect: egui::Rect, x: f32, width: f32, words: &str, colour: egui::Color32, is_figure: bool) {
    let font = (fonts::mono(11.5), colour);
    let middle = rect.center().y;
    let (at, anchor) = match is_figure {
        true => (egui::pos2(rect.left() + x + width - 8.0, middle), egui::Align2::RIGHT_CENTER),
        false => (egui::pos2(rect.left() + x, middle), egui::Align2::LEFT_CENTER),
    };
    crate::text::write(ui.painter(), at, anchor, words, font, width - 8.0);
}
