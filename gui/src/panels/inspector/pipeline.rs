//! The inspector of the pipeline itself: its name, what it is for, its parameters and clusters, how it runs.

use egui::{RichText, TextEdit, Ui, vec2};
use tidegate_core::faces::subject::Subject;
use tidegate_core::pipeline::edit::{Edit, Section};

use super::{InspectorSeen, entries, form, heading, line, part};
use crate::acts::{Act, Cx};
use crate::{fonts, widgets};

/// Draws it, with the part that is open.
pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, open: Option<&Subject>, seen: &mut InspectorSeen) {
    let pipeline = &cx.drawing.pipeline;
    heading(ui, cx, "Pipeline");
    ui.add_space(4.0);
    widgets::label(ui, cx.theme, "Name", "");
    if let Some(name) = typed(ui, seen, "Pipeline name", &pipeline.name, false) {
        cx.ask(Act::Edit(Edit::Replace(Section::Name(name))));
    }
    ui.add_space(4.0);
    widgets::label(ui, cx.theme, "What it is for", "");
    if let Some(text) = typed(ui, seen, "Description", &pipeline.description, true) {
        cx.ask(Act::Edit(Edit::Replace(Section::Description(text))));
    }
    line(ui, cx);
    entries::parameters(ui, cx, open, seen);
    line(ui, cx);
    entries::clusters(ui, cx, open, seen);
    line(ui, cx);
    part(ui, cx, "How it runs", "");
    form::show(ui, cx, &Subject::Settings, seen, |_| true);
    if pipeline.nodes.is_empty() {
        return;
    }
    line(ui, cx);
    let words = "Select a node or an edge to set it.";
    ui.label(RichText::new(words).font(fonts::text(12.0)).color(cx.theme.faint));
}

/// A field of the pipeline; what was typed, when it is left.
fn typed(ui: &mut Ui, seen: &mut InspectorSeen, name: &str, value: &str, is_long: bool) -> Option<String> {
    let mut words = seen.words(name, value.to_string());
    let edit = if is_long { TextEdit::multiline(&mut words).desired_rows(3) } else { TextEdit::singleline(&mut words) };
    let response = ui.add(edit.font(fonts::text(12.5)).desired_width(f32::INFINITY).margin(vec2(8.0, 6.0)));
    response.clone().accessible_name(name);
    seen.typed(ui, &response, name, words).filter(|words| words != value)
}
