//! The inspector of the pipeline itself: its name, what it is for, its parameters and clusters, how it runs.

use egui::{RichText, TextEdit, Ui, vec2};
use tidegate_core::faces::subject::Subject;
use tidegate_core::pipeline::edit::{Edit, Section};

use super::{InspectorSeen, changing, entries, form, heading, line, part};
use crate::acts::{Act, Cx};
use crate::{fonts, widgets};

/// Draws it, with the part that is open.
pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, open: Option<&Subject>, seen: &mut InspectorSeen) {
    let pipeline = &cx.drawing.pipeline;
    heading(ui, cx, "Pipeline");
    ui.add_space(4.0);
    widgets::label(ui, cx.theme, "Name", "");
    changing(ui, cx, |ui, cx| typed(ui, cx, seen, ("Pipeline name", &pipeline.name, false), Section::Name));
    ui.add_space(4.0);
    widgets::label(ui, cx.theme, "What it is for", "");
    changing(ui, cx, |ui, cx| typed(ui, cx, seen, ("Description", &pipeline.description, true), Section::Description));
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

/// A field of the pipeline, which is another when it is left.
fn typed(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    seen: &mut InspectorSeen,
    (name, value, is_long): (&str, &str, bool),
    section: impl Fn(String) -> Section,
) {
    let mut words = seen.words(name, value.to_string());
    let edit = if is_long { TextEdit::multiline(&mut words).desired_rows(3) } else { TextEdit::singleline(&mut words) };
    let response = ui.add(edit.font(fonts::text(12.5)).desired_width(f32::INFINITY).margin(vec2(8.0, 6.0)));
    response.clone().accessible_name(name);
    let act = |words: &str| (words != value).then(|| Act::Edit(Edit::Replace(section(words.to_string()))));
    if let Some((_, Some(act))) = seen.typed(ui, &response, name, words, act) {
        cx.ask(act);
    }
}
