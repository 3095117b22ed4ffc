//! The fields of what is filled in, derived from its form. What is typed is checked as it is typed, against the pipeline as
//! it would be; it becomes one step of the drawing when the field is left.
//!
//! - `typed`: a field of text, with what is wrong in it
//! - `list`: what fits there

mod list;
mod typed;

use egui::style::WidgetVisuals;
use egui::{Align2, ComboBox, Rect, Ui};
use serde_json::{Map, Value};
use tidegate_core::faces::complete;
use tidegate_core::faces::rows::{self, FormRow, RowKind};
use tidegate_core::faces::subject::Subject;
use tidegate_core::form::{Choice, FieldKind};
use tidegate_core::pipeline::edit::Edit;
use tidegate_core::problem::Problem;

use super::{InspectorSeen, changing};
use crate::acts::{Act, Cx};
use crate::icons::icon;
use crate::{fonts, prose, widgets};
pub(crate) use list::List;
pub(super) use typed::{remedy, said};

/// What is being typed into a field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Draft {
    /// what is filled in
    pub(crate) subject: Subject,
    /// names from the top, joined; of a new entry of a map with `+` behind
    pub(crate) field: String,
    pub(crate) text: String,
    /// why it is no value of this kind
    pub(crate) complaint: Option<String>,
    /// the step that it would be
    pub(crate) edit: Option<Edit>,
    /// what a check finds after that
    pub(crate) problems: Vec<Problem>,
}

impl Draft {
    /// A text that is checked when the field is left.
    pub(crate) fn plain(subject: Subject, field: &str, text: String) -> Draft {
        Draft { subject, field: field.to_string(), text, complaint: None, edit: None, problems: Vec::new() }
    }
}

/// A row of a form, with the values as they are drawn.
#[derive(Clone, Copy)]
struct Field<'a> {
    subject: &'a Subject,
    values: &'a Map<String, Value>,
    row: &'a FormRow,
}

/// Draws the fields of what is filled in, those that `is_shown` tells.
pub(super) fn show(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    subject: &Subject,
    seen: &mut InspectorSeen,
    is_shown: impl Fn(&FormRow) -> bool,
) {
    let drawing = cx.drawing;
    let Some((form, values)) = subject.form(drawing).zip(subject.values(&drawing.pipeline)) else { return };
    changing(ui, cx, |ui, cx| {
        for row in rows::rows(&form, &values).iter().filter(|row| is_shown(row)) {
            ui.push_id((subject, key(row)), |ui| {
                ui.spacing_mut().item_spacing.y = 6.0;
                if row.depth == 0 {
                    ui.add_space(4.0);
                }
                let of = Field { subject, values: &values, row };
                ui.indent_by(row.depth, |ui| field(ui, cx, of, seen));
            });
        }
    });
}

/// Indentation without a line beside it.
trait IndentBy {
    fn indent_by(&mut self, depth: usize, add: impl FnOnce(&mut Ui));
}

impl IndentBy for Ui {
    fn indent_by(&mut self, depth: usize, add: impl FnOnce(&mut Ui)) {
        if depth == 0 {
            return add(self);
        }
        // The first below a title stand where it does.
        let margin = egui::Margin { left: (12 * (depth - 1).min(3)) as i8, ..egui::Margin::ZERO };
        egui::Frame::NONE.inner_margin(margin).show(self, add);
    }
}

/// A name for a row that stays while it is typed.
fn key(row: &FormRow) -> String {
    let path = row.path.join(".");
    if row.kind == RowKind::Add { path + ".+" } else { path }
}

fn field(ui: &mut Ui, cx: &mut Cx<'_>, of: Field<'_>, seen: &mut InspectorSeen) {
    let row = of.row;
    match row.kind {
        RowKind::Head => {
            label(ui, cx, row, "");
            return typed::wrong(ui, cx, of, seen);
        }
        RowKind::Value => {
            let aside = match row.default_in_words().filter(|words| row.value.is_none() && words.len() <= SHORT) {
                Some(default) => format!("default {default}"),
                None if row.required && row.value.is_none() && typed::words(of, seen).is_empty() => "required".into(),
                None => aside(cx, of, seen),
            };
            label(ui, cx, row, &aside);
        }
        RowKind::Entry | RowKind::Add => {}
    }
    let is_plain = !row.value.as_ref().is_some_and(|value| rows::to_text(value).contains("${"));
    match &row.field {
        FieldKind::Bool if is_plain => switch(ui, cx, of, seen),
        FieldKind::Choice(choices) if is_plain => {
            choice(ui, cx, of, seen, choices);
            typed::wrong(ui, cx, of, seen);
        }
        _ => typed::show(ui, cx, of, seen),
    }
}

/// The most letters of a default that stands beside a name; a longer one is seen in its field.
const SHORT: usize = 14;

/// The keyboard goes there: to the first row that is drawn, or to the one that was asked for.
fn takes_keyboard(of: Field<'_>, seen: &mut InspectorSeen) -> bool {
    let is_asked = seen.wants_field.as_ref() == Some(&of.row.path.join("."));
    if is_asked {
        seen.wants_field = None;
    }
    std::mem::take(&mut seen.wants_focus) || is_asked
}

/// A row's name; its whole help is told while the pointer rests there.
fn label(ui: &mut Ui, cx: &Cx<'_>, row: &FormRow, aside: &str) {
    let response = widgets::label(ui, cx.theme, &written(&row.label), aside);
    let expected = row.field.expectation();
    response.on_hover_text(format!("{}\n\n{expected}", row.help.trim()));
}

/// A field's name as a label.
pub(crate) fn written(name: &str) -> String {
    sentence(&name.replace('_', " "))
}

/// What kind of value stands there; of an expression, what it gives.
fn aside(cx: &Cx<'_>, of: Field<'_>, seen: &InspectorSeen) -> String {
    let word = match of.row.field {
        FieldKind::Expr => match complete::gives(cx.drawing, of.subject.node(), of.row, &typed::words(of, seen)) {
            Some(data) => return format!("→ {data}"),
            None => "expression",
        },
        FieldKind::Column => "column",
        FieldKind::Columns => "columns",
        FieldKind::Duration => "duration",
        FieldKind::Bytes => "size",
        FieldKind::Rate => "rate",
        FieldKind::Topic | FieldKind::Topics => "topic",
        _ => "",
    };
    word.to_string()
}

/// The step that gives a row another text; an error says why there is none.
fn step(cx: &Cx<'_>, Field { subject, values, row }: Field<'_>, text: &str) -> Result<Option<Edit>, String> {
    let next = rows::with_text(values, row, text)?;
    subject.edit(&cx.drawing.pipeline, &next, &row.path.join("."))
}

/// Asks for the step; tells why there is none.
fn take(cx: &mut Cx<'_>, of: Field<'_>, text: &str) -> Option<String> {
    match step(cx, of, text) {
        Ok(edit) => {
            if let Some(edit) = edit {
                cx.ask(Act::Edit(edit));
            }
            None
        }
        Err(why) => Some(why),
    }
}

/// Asks for the step that a word makes; says why there is none.
fn choose(cx: &mut Cx<'_>, of: Field<'_>, word: &str) {
    if let Some(why) = take(cx, of, word) {
        cx.ask(Act::Say(format!("Not done: {why}.")));
    }
}

fn switch(ui: &mut Ui, cx: &mut Cx<'_>, of: Field<'_>, seen: &mut InspectorSeen) {
    let row = of.row;
    let value = match row.value.as_ref().or(row.default.as_ref()) {
        Some(value) => value.as_bool(),
        None => (!row.required).then_some(false),
    };
    let words = ["no".to_string(), "yes".to_string()];
    let pressed = segments(ui, cx, of, seen, &words, value.map(usize::from));
    if let Some(number) = pressed {
        choose(cx, of, if number == 1 { "true" } else { "false" });
    }
    hint(ui, cx, &row.help);
}

/// Words side by side; the keyboard goes to the chosen one.
fn segments(
    ui: &mut Ui,
    cx: &Cx<'_>,
    of: Field<'_>,
    seen: &mut InspectorSeen,
    words: &[String],
    chosen: Option<usize>,
) -> Option<usize> {
    if takes_keyboard(of, seen) {
        let id = widgets::segment_id(ui, &of.row.label, chosen.unwrap_or_default());
        ui.memory_mut(|memory| memory.request_focus(id));
    }
    widgets::segments(ui, cx.theme, &of.row.label, words, chosen)
}

/// The most words that stand side by side, and the most letters of them.
const SEGMENTS: (usize, usize) = (3, 26);
/// What is chosen where nothing is, and the form itself has no default.
const BY_DEFAULT: &str = "default";

fn choice(ui: &mut Ui, cx: &mut Cx<'_>, of: Field<'_>, seen: &mut InspectorSeen, choices: &[Choice]) {
    let row = of.row;
    let word = |value: &Value| match value {
        Value::String(word) => Some(word.clone()),
        Value::Object(fields) => fields.keys().next().cloned(),
        _ => None,
    };
    let is_free = row.default.is_none() && !row.required;
    let given = row.value.as_ref().or(row.default.as_ref());
    let chosen = given.and_then(word).or((is_free && given.is_none()).then(|| BY_DEFAULT.to_string()));
    let by_default = is_free.then_some((BY_DEFAULT, ""));
    let words = choices.iter().map(|choice| (choice.word.as_str(), choice.help.as_str()));
    let all: Vec<(&str, &str)> = by_default.into_iter().chain(words).collect();
    let place = all.iter().position(|(word, _)| Some(*word) == chosen.as_deref());
    let letters: usize = all.iter().map(|(word, _)| word.len()).sum();
    let pressed = if all.len() <= SEGMENTS.0 && letters <= SEGMENTS.1 {
        let words: Vec<String> = all.iter().map(|(word, _)| word.to_string()).collect();
        segments(ui, cx, of, seen, &words, place)
    } else {
        let mut pressed = None;
        let shown = chosen.unwrap_or_else(|| "–".into());
        let combo = ComboBox::from_id_salt(&row.label).width(ui.available_width()).selected_text(shown).icon(caret);
        let response = combo.show_ui(ui, |ui| {
            for (number, (word, help)) in all.iter().enumerate() {
                let response = ui.selectable_label(place == Some(number), *word);
                if response.on_hover_text(*help).clicked() {
                    pressed = Some(number);
                    // A click would close it, a key does not.
                    ui.close();
                }
            }
        });
        if pressed.is_some() || takes_keyboard(of, seen) {
            response.response.request_focus();
        }
        response.response.accessible_name(row.label.as_str());
        pressed
    };
    if let Some((word, _)) = pressed.filter(|number| place != Some(*number)).and_then(|number| all.get(number)) {
        choose(cx, of, if is_free && *word == BY_DEFAULT { "" } else { word });
    }
    if let Some((_, help)) = place.and_then(|place| all.get(place)) {
        hint(ui, cx, help);
    }
}

/// The sign of a list that opens, as everywhere.
fn caret(ui: &Ui, rect: Rect, visuals: &WidgetVisuals, _is_open: bool) {
    let colour = visuals.fg_stroke.color;
    ui.painter().text(rect.center(), Align2::CENTER_CENTER, icon("caret-down"), fonts::icon(12.0), colour);
}

/// The first sentence of a help.
pub(super) fn hint(ui: &mut Ui, cx: &Cx<'_>, help: &str) {
    let first = help.split_inclusive(['.', '\n']).next().unwrap_or_default().trim();
    if !first.is_empty() {
        ui.label(prose::line(cx.theme, &sentence(first), 12.0));
    }
}

/// Words that stand alone begin large.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
