//! The bar at the bottom: what the run is doing, in and out, how far behind; what is drawn. A figure leads to what explains
//! it.

use egui::{Align, Color32, Frame, Layout, Margin, Panel, Rect, Response, Sense, Stroke, Ui, Vec2, WidgetInfo, vec2};
use tidegate_core::faces::numbers;
use tidegate_core::faces::watched::Link;
use tidegate_core::operators::Role;
use tidegate_core::pipeline::Guarantee;
use tidegate_core::snapshot::{RunState, Verdict};

use super::STATUS;
use super::bottom::Tab;
use crate::acts::{Act, Cx};
use crate::canvas::glyphs;
use crate::commands::Command;
use crate::{fonts, text, widgets};

/// Draws it.
pub(crate) fn show(ui: &mut Ui, cx: &mut Cx<'_>) {
    let frame = Frame::NONE.fill(cx.theme.panel).inner_margin(Margin::symmetric(12, 0));
    let panel = Panel::bottom("status").exact_size(STATUS).show_separator_line(false).frame(frame);
    let shown = panel.show(ui, |ui| {
        ui.horizontal_centered(|ui| {
            ui.spacing_mut().item_spacing.x = 16.0;
            state(ui, cx);
            match cx.run.has_figures() {
                true => figures(ui, cx),
                false => drawn(ui, cx),
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| settings(ui, cx));
        });
    });
    let rect = shown.response.rect;
    ui.painter().hline(rect.x_range(), rect.top() + 0.5, Stroke::new(1.0, cx.theme.line));
}

/// Writes a label and a figure, which lead somewhere when they are pressed.
fn figure(ui: &mut Ui, cx: &mut Cx<'_>, (label, figure): (&str, &str), colour: Color32, leads_to: Option<Act>) {
    let label_galley = text::line(ui.painter(), label, fonts::text(11.5), cx.theme.text2, 200.0);
    let figure_galley = text::line(ui.painter(), figure, fonts::mono(11.0), colour, 260.0);
    let gap = if label.is_empty() { 0.0 } else { 5.0 };
    let size = vec2(label_galley.size().x + gap + figure_galley.size().x, 20.0);
    let (rect, response) = place(ui, cx, size, format!("{label} {figure}").trim(), leads_to);
    let figure_x = rect.left() + label_galley.size().x + gap;
    let label_at = egui::pos2(rect.left(), rect.center().y - label_galley.size().y / 2.0);
    // Both stand on one line.
    let drop = text::baseline(&label_galley) - text::baseline(&figure_galley);
    let figure_at = egui::pos2(figure_x, if label.is_empty() { label_at.y } else { label_at.y + drop });
    ui.painter().galley(label_at, label_galley, cx.theme.text2);
    ui.painter().galley(figure_at, figure_galley, colour);
    widgets::focus_ring(ui, cx.theme, &response);
}

/// A place of this size for words, which can be pressed where they lead somewhere.
fn place(ui: &mut Ui, cx: &mut Cx<'_>, size: Vec2, words: &str, leads_to: Option<Act>) -> (Rect, Response) {
    let sense = if leads_to.is_some() { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(size, sense);
    let role = if leads_to.is_some() { egui::Role::Button } else { egui::Role::Label };
    response.widget_info(|| WidgetInfo::labeled(role, true, words));
    if let Some(act) = leads_to {
        if response.hovered() {
            ui.painter().rect_filled(rect.expand2(vec2(4.0, 0.0)), 4.0, cx.theme.over);
        }
        if response.clicked() {
            cx.ask(act);
        }
    }
    (rect, response)
}

fn state(ui: &mut Ui, cx: &mut Cx<'_>) {
    let run = cx.run;
    let since = || {
        let seconds = (run.now.at_ms - run.now.run.started_ms).max(0) / 1000;
        format!("{:02}:{:02}", seconds / 60, seconds % 60)
    };
    let words = match (&run.link, run.now.run.state) {
        (Link::Nothing, _) => "Not running".to_string(),
        (Link::Starting, _) => "Starting".to_string(),
        (Link::Silent { since_ms, .. }, _) => {
            format!("No answer for {}", numbers::since(chrono::Utc::now().timestamp_millis() - since_ms))
        }
        (Link::Over { how }, _) => how.trim_end_matches('.').to_string(),
        (Link::Live, RunState::Paused) => format!("Paused {}", since()),
        (Link::Live, RunState::Stopping) => format!("Stopping {}", since()),
        (Link::Live, _) => format!("Running {}", since()),
    };
    let galley = text::line(ui.painter(), &words, fonts::strong(11.5), cx.theme.text, 420.0);
    let size = vec2(galley.size().x + 18.0, 20.0);
    let (rect, response) = place(ui, cx, size, &words, Some(Act::Tab(Tab::Log)));
    let at = rect.left_center() + vec2(5.0, 0.0);
    match &run.link {
        Link::Live => {
            let worst = run.now.partitions.iter().map(|partition| partition.verdict).max().unwrap_or(Verdict::Ok);
            glyphs::verdict(ui.painter(), cx.theme, at, 4.0, worst);
        }
        Link::Silent { .. } => glyphs::fault(ui.painter(), cx.theme, at, 5.0),
        Link::Over { how } if how.starts_with("Failed") || how.contains("not start") => {
            glyphs::fault(ui.painter(), cx.theme, at, 5.0);
        }
        _ => glyphs::disabled(ui.painter(), cx.theme, at, 4.0),
    }
    ui.painter().galley(egui::pos2(rect.left() + 16.0, rect.center().y - galley.size().y / 2.0), galley, cx.theme.text);
    widgets::focus_ring(ui, cx.theme, &response);
}

fn figures(ui: &mut Ui, cx: &mut Cx<'_>) {
    let now = &cx.run.now;
    let of = |role: Role| now.nodes.iter().filter(move |node| node.role == role);
    let (came, went) = match cx.run.is_over() {
        true => (
            numbers::count(of(Role::Source).map(|node| node.records_out).sum()),
            numbers::count(of(Role::Sink).map(|node| node.records_in).sum()),
        ),
        false => (
            numbers::rate_with_unit(of(Role::Source).map(|node| node.rates.records_out).sum()),
            numbers::rate_with_unit(of(Role::Sink).map(|node| node.rates.records_in).sum()),
        ),
    };
    let text = cx.theme.text;
    for (label, rate) in [("in", &came), ("out", &went)] {
        figure(ui, cx, (label, rate), text, Some(Act::Tab(Tab::Tap)));
    }
    if now.partitions.is_empty() {
        return;
    }
    let worst = now.partitions.iter().map(|partition| partition.verdict).max().unwrap_or_default();
    let lag = numbers::count_or_unknown(cx.run.lag());
    let age = cx.run.age_ms().map(|age| format!(" · {}", numbers::age(age))).unwrap_or_default();
    let state = cx.theme.verdict(worst);
    let colour = if worst == Verdict::Ok || cx.run.is_over() { text } else { state.text };
    // Of a run that is over nobody asks whether it keeps up.
    let verdict = if cx.run.is_over() { String::new() } else { format!(" {}", worst.word()) };
    figure(ui, cx, ("lag", &format!("{lag}{age}{verdict}")), colour, Some(Act::Tab(Tab::Partitions)));
}

fn drawn(ui: &mut Ui, cx: &mut Cx<'_>) {
    let pipeline = &cx.drawing.pipeline;
    let words = format!(
        "{}, {}",
        numbers::several(pipeline.nodes.len(), "node"),
        numbers::several(pipeline.edges.len(), "edge")
    );
    figure(ui, cx, (&words, ""), cx.theme.text2, None);
    let problems = cx.drawing.errors().count();
    if problems > 0 {
        let words = numbers::several(problems, "problem");
        figure(ui, cx, (&words, ""), cx.theme.err.text, Some(Act::Tab(Tab::Problems)));
    }
}

/// From the right.
fn settings(ui: &mut Ui, cx: &mut Cx<'_>) {
    let settings = &cx.drawing.checked.settings;
    let guarantee = match settings.guarantee {
        Guarantee::AtLeastOnce => "at-least-once",
        Guarantee::ExactlyOnce => "exactly-once",
    };
    let seconds = settings.commit_interval_ms as f64 / 1000.0;
    let pipeline = || Some(Act::Do(Command::Pipeline));
    figure(ui, cx, ("commit", &format!("{seconds}s")), cx.theme.text, pipeline());
    figure(ui, cx, (guarantee, ""), cx.theme.text2, pipeline());
}
