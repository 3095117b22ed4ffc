//! The fields of a part of the pipeline itself, derived from its form. What is typed becomes one step of the drawing when the
//! field is left.

use egui::{ComboBox, Frame, Key, Margin, RichText, Ui};
use serde_json::{Map, Value};
use tidegate_core::faces::document::Part;
use tidegate_core::faces::rows::{self, FormRow, RowKind, to_text};
use tidegate_core::form::{Choice, FieldKind};

use super::form::written;
use crate::acts::{Act, Cx};
use crate::{fonts, widgets};

/// What of the pipeline itself is open, and is being typed.
#[derive(Debug, Clone, Default)]
pub(crate) struct PartSeen {
    pub(super) opened: Option<Part>,
    /// the field that is typed into, by a name of its own, and what is typed
    pub(super) typing: Option<(String, String)>,
    /// the field, and why what was typed is no value for it
    complaint: Option<(String, String)>,
}

impl PartSeen {
    /// Opens a part; what was being typed is given up.
    pub(crate) fn open(&mut self, part: Part) {
        *self = PartSeen { opened: Some(part), ..PartSeen::default() };
    }

    /// What stands in a field: what is typed, else what is drawn.
    pub(super) fn words(&self, field: &str, drawn: String) -> String {
        self.typing.as_ref().filter(|(known, _)| known == field).map_or(drawn, |(_, words)| words.clone())
    }

    /// Takes note of what is typed; gives it when the field is left, unless by Esc.
    pub(super) fn typed(&mut self, ui: &Ui, response: &egui::Response, field: &str, words: String) -> Option<String> {
        if response.changed() {
            self.typing = Some((field.to_string(), words));
            self.complaint = None;
        }
        let left = response.lost_focus().then(|| self.typing.take_if(|(known, _)| known == field)).flatten();
        left.filter(|_| !ui.input(|input| input.key_pressed(Key::Escape))).map(|(_, words)| words)
    }
}

/// A row of a part, with its values as they are drawn.
#[derive(Clone, Copy)]
struct Field<'a> {
    part: &'a Part,
    values: &'a Map<String, Value>,
    row: &'a FormRow,
}

/// Draws the fields, those that `is_shown` tells.
pub(super) fn show(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    part: &Part,
    seen: &mut PartSeen,
    is_shown: impl Fn(&FormRow) -> bool,
) {
    let Some(values) = part.values(&cx.drawing.pipeline) else { return };
    for row in rows::rows(&part.form(), &values).iter().filter(|row| is_shown(row)) {
        ui.push_id((part, &row.path, row.kind == RowKind::Add), |ui| {
            ui.spacing_mut().item_spacing.y = 6.0;
            let margin = Margin { left: (12 * row.depth.min(4)) as i8, ..Margin::ZERO };
            Frame::NONE.inner_margin(margin).show(ui, |ui| field(ui, cx, Field { part, values: &values, row }, seen));
        });
    }
}

fn field(ui: &mut Ui, cx: &mut Cx<'_>, of: Field<'_>, seen: &mut PartSeen) {
    let row = of.row;
    if matches!(row.kind, RowKind::Head | RowKind::Value) {
        let aside = match (&row.value, &row.default) {
            (None, Some(default)) => format!("default {}", to_text(default)),
            _ => String::new(),
        };
        widgets::label(ui, cx.theme, &written(&row.label), &aside);
    }
    let is_plain = !row.value.as_ref().is_some_and(|value| to_text(value).contains("${"));
    match &row.field {
        _ if row.kind == RowKind::Head => return,
        FieldKind::Bool if is_plain => {
            let words = ["no".to_string(), "yes".to_string()];
            let chosen = row.value.as_ref().or(row.default.as_ref()).and_then(Value::as_bool).unwrap_or_default();
            let pressed = widgets::segments(ui, cx.theme, &row.label, &words, Some(usize::from(chosen)));
            if let Some(number) = pressed {
                take(cx, of, if number == 1 { "true" } else { "false" }, seen);
            }
        }
        FieldKind::Choice(choices) if is_plain => choice(ui, cx, of, choices, seen),
        _ => typed(ui, cx, of, seen),
    }
    below(ui, cx, of, seen);
}

fn name_of(Field { part, row, .. }: Field<'_>) -> String {
    format!("{part:?} {} {}", row.path.join("."), row.kind == RowKind::Add)
}

/// Asks for the step that gives a row another text; what is none is told below it.
fn take(cx: &mut Cx<'_>, of: Field<'_>, text: &str, seen: &mut PartSeen) {
    let Field { part, values, row } = of;
    let next = rows::with_text(values, row, text);
    match next.and_then(|next| part.edit(&cx.drawing.pipeline, &next, &row.path.join("."))) {
        Ok(edit) => cx.acts.extend(edit.map(Act::Edit)),
        Err(why) => {
            seen.complaint = Some((name_of(of), why));
            seen.typing = Some((name_of(of), text.to_string()));
        }
    }
}

fn choice(ui: &mut Ui, cx: &mut Cx<'_>, of: Field<'_>, choices: &[Choice], seen: &mut PartSeen) {
    let row = of.row;
    let chosen = row.value.as_ref().or(row.default.as_ref()).and_then(Value::as_str);
    let shown = chosen.map_or_else(|| "as by default".to_string(), str::to_string);
    let combo = ComboBox::from_id_salt(&row.label).width(ui.available_width()).selected_text(shown);
    let mut pressed = None;
    let response = combo.show_ui(ui, |ui| {
        if ui.selectable_label(row.value.is_none(), "as by default").clicked() {
            pressed = Some("");
        }
        for choice in choices {
            let response = ui.selectable_label(chosen == Some(&choice.word), &choice.word);
            if response.on_hover_text(&choice.help).clicked() {
                pressed = Some(&choice.word);
            }
        }
    });
    response.response.accessible_name(row.label.as_str());
    if let Some(word) = pressed {
        take(cx, of, word, seen);
    }
}

fn typed(ui: &mut Ui, cx: &mut Cx<'_>, of: Field<'_>, seen: &mut PartSeen) {
    let (row, field) = (of.row, name_of(of));
    let mut words = seen.words(&field, row.text());
    let (label, hint) = match (row.kind, &row.default) {
        (RowKind::Add, _) => (format!("add to {}", row.path.last().map_or("", String::as_str)), "name = value".into()),
        (_, Some(default)) => (row.label.clone(), to_text(default)),
        // A default that is none of the form's is told by the help.
        _ => (
            row.label.clone(),
            row.help.split_once("Default: ").map_or("", |(_, rest)| rest.trim_end_matches('.')).into(),
        ),
    };
    let response = widgets::field(ui, &label, &mut words, &hint, fonts::mono(11.5));
    if let Some(words) = seen.typed(ui, &response, &field, words) {
        take(cx, of, &words, seen);
    }
    if response.has_focus() {
        let first = row.help.split_inclusive(['.', '\n']).next().unwrap_or_default().trim();
        ui.label(RichText::new(first).font(fonts::text(12.0)).color(cx.theme.text2));
    }
}

/// What is wrong in a row.
fn below(ui: &mut Ui, cx: &Cx<'_>, of: Field<'_>, seen: &PartSeen) {
    let field = name_of(of);
    let complaint = seen.complaint.as_ref().filter(|(known, _)| *known == field).map(|(_, why)| (why.as_str(), ""));
    let path = of.row.path.join(".");
    let found = cx.drawing.checked.problems.iter().find(|problem| of.part.has(problem, &path));
    let found = found.filter(|_| of.row.kind != RowKind::Add);
    let told = complaint.or_else(|| found.map(|problem| (problem.message.as_str(), problem.remedy.as_str())));
    let Some((message, remedy)) = told else { return };
    ui.label(RichText::new(message).font(fonts::text(12.0)).color(cx.theme.err.text));
    if !remedy.is_empty() {
        ui.label(RichText::new(remedy).font(fonts::text(12.0)).color(cx.theme.text2));
    }
}
