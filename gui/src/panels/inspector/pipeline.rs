//! The inspector of the pipeline itself: its name, what it is for, its parameters and clusters.

use egui::{Align2, RichText, TextEdit, Ui, vec2};
use tidegate_core::pipeline::edit::{Edit, Section};

use super::form::Draft;
use super::{InspectorSeen, heading, line, part};
use crate::acts::{Act, Cx};
use crate::{fonts, text};

/// Draws it.
pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, seen: &mut InspectorSeen) {
    let pipeline = &cx.drawing.pipeline;
    heading(ui, cx, "Pipeline");
    part(ui, cx, "Name", "");
    if let Some(name) = typed(ui, seen, "(name)", "Pipeline name", &pipeline.name, false) {
        cx.ask(Act::Edit(Edit::Replace(Section::Name(name))));
    }
    part(ui, cx, "What it is for", "");
    if let Some(text) = typed(ui, seen, "(description)", "Description", &pipeline.description, true) {
        cx.ask(Act::Edit(Edit::Replace(Section::Description(text))));
    }
    if pipeline.parameters.iter().next().is_some() {
        line(ui, cx);
        part(ui, cx, "Parameters", "default");
        for (name, parameter) in pipeline.parameters.iter() {
            let value = match (&parameter.default, parameter.secret) {
                (_, true) => "secret".to_string(),
                (Some(value), _) => tidegate_core::faces::rows::to_text(value),
                (None, _) => "–".to_string(),
            };
            pair(ui, cx, name, &value);
        }
    }
    if pipeline.clusters.iter().next().is_some() {
        line(ui, cx);
        part(ui, cx, "Clusters", "");
        for cluster in &cx.drawing.checked.clusters {
            pair(ui, cx, &cluster.name, cluster.brokers.as_deref().unwrap_or("embedded"));
        }
    }
    if pipeline.nodes.is_empty() {
        return;
    }
    line(ui, cx);
    let words = "Select a node or an edge to set it.";
    ui.label(RichText::new(words).font(fonts::text(12.0)).color(cx.theme.faint));
}

/// A field of the pipeline; what was typed, when it is left.
fn typed(ui: &mut Ui, seen: &mut InspectorSeen, field: &str, name: &str, value: &str, is_long: bool) -> Option<String> {
    let is_drafted = |draft: &Draft| draft.node.is_empty() && draft.field == field;
    let mut words = match &seen.draft {
        Some(draft) if is_drafted(draft) => draft.text.clone(),
        _ => value.to_string(),
    };
    let edit = if is_long { TextEdit::multiline(&mut words).desired_rows(3) } else { TextEdit::singleline(&mut words) };
    let response = ui.add(edit.font(fonts::text(12.5)).desired_width(f32::INFINITY).margin(vec2(8.0, 6.0)));
    response.clone().accessible_name(name);
    if response.changed() {
        let (node, field, text) = (String::new(), field.to_string(), words.clone());
        seen.draft = Some(Draft { node, field, text, complaint: None, problems: Vec::new() });
    }
    let is_left = response.lost_focus() && seen.draft.take_if(|draft| is_drafted(draft)).is_some();
    (is_left && words != value).then_some(words)
}

fn pair(ui: &mut Ui, cx: &Cx<'_>, name: &str, value: &str) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), egui::Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, format!("{name} {value}")));
    let font = fonts::mono(11.5);
    let half = rect.width() / 2.0;
    text::write(ui.painter(), rect.left_center(), Align2::LEFT_CENTER, name, (font.clone(), cx.theme.text), half - 4.0);
    text::write(ui.painter(), rect.right_center(), Align2::RIGHT_CENTER, value, (font, cx.theme.text2), half - 4.0);
}
