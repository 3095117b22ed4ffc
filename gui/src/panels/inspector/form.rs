//! The fields of a config, derived from its form. What is typed is checked as it is typed, against the pipeline as it would
//! be; it becomes one step of the drawing when the field is left.

use std::ops::Range;

use egui::{ComboBox, Key, Response, RichText, TextEdit, Ui, vec2};
use serde_json::{Map, Value};
use tidegate_core::faces::rows::{self, FormRow, RowKind};
use tidegate_core::form::{Choice, FieldKind, Form};
use tidegate_core::pipeline::edit::{Edit, NodeChange};
use tidegate_core::problem::{Problem, Severity};

use super::InspectorSeen;
use crate::acts::{Act, Cx};
use crate::fonts;
use crate::highlight;
use crate::widgets;

/// What is being typed into a field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Draft {
    /// the node
    pub(crate) node: String,
    /// names from the top, joined; of a new entry of a map with `+` behind
    pub(crate) field: String,
    pub(crate) text: String,
    /// why it is no value of this kind
    pub(crate) complaint: Option<String>,
    /// what a check finds of the node with it
    pub(crate) problems: Vec<Problem>,
}

/// A row of a node's form, with the config as it is drawn.
#[derive(Clone, Copy)]
struct Field<'a> {
    node: &'a str,
    config: &'a Map<String, Value>,
    row: &'a FormRow,
}

/// Draws the fields.
pub(super) fn show(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    node: &str,
    form: &Form,
    config: &Map<String, Value>,
    seen: &mut InspectorSeen,
) {
    if seen.draft.as_ref().is_some_and(|draft| draft.node != node) {
        seen.draft = None;
    }
    let all = rows::rows(form, config);
    for row in &all {
        ui.push_id(key(row), |ui| {
            ui.spacing_mut().item_spacing.y = 6.0;
            if row.depth == 0 {
                ui.add_space(4.0);
            }
            ui.indent_by(row.depth, |ui| field(ui, cx, Field { node, config, row }, seen));
        });
    }
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
        let margin = egui::Margin { left: (12 * depth.min(4)) as i8, ..egui::Margin::ZERO };
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
        RowKind::Head => return widgets::label(ui, cx.theme, &written(&row.label), ""),
        RowKind::Value => {
            let aside = match (&row.value, &row.default) {
                (None, Some(default)) => format!("default {}", rows::to_text(default)),
                _ if row.required && row.value.is_none() => "required".into(),
                _ => aside(row).to_string(),
            };
            widgets::label(ui, cx.theme, &written(&row.label), &aside);
        }
        RowKind::Entry | RowKind::Add => {}
    }
    let is_plain = !row.value.as_ref().is_some_and(|value| rows::to_text(value).contains("${"));
    match &row.field {
        FieldKind::Bool if is_plain => switch(ui, cx, of),
        FieldKind::Choice(choices) if is_plain => choice(ui, cx, of, choices),
        _ => typed(ui, cx, of, seen),
    }
}

/// A field's name as a label.
pub(crate) fn written(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

fn aside(row: &FormRow) -> &'static str {
    match row.field {
        FieldKind::Expr => "expression",
        FieldKind::Column => "column",
        FieldKind::Columns => "columns",
        _ => "",
    }
}

/// The step that gives a row another text; an error says why there is none.
fn step(Field { node, config, row }: Field<'_>, text: &str) -> Result<Option<Edit>, String> {
    let next = rows::with_text(config, row, text)?;
    if next == *config {
        return Ok(None);
    }
    let change = Edit::ChangeNode { id: node.to_string(), change: NodeChange::Config(next) };
    let what = row.path.join(".");
    Ok(Some(Edit::Batch { label: format!("change {what} of {node}"), edits: vec![change] }))
}

fn take(cx: &mut Cx<'_>, of: Field<'_>, text: &str) -> Option<String> {
    match step(of, text) {
        Ok(edit) => {
            if let Some(edit) = edit {
                cx.ask(Act::Edit(edit));
            }
            None
        }
        Err(why) => Some(why),
    }
}

fn switch(ui: &mut Ui, cx: &mut Cx<'_>, of: Field<'_>) {
    let row = of.row;
    let value = row.value.as_ref().or(row.default.as_ref()).and_then(Value::as_bool);
    let words = ["no".to_string(), "yes".to_string()];
    let pressed = widgets::segments(ui, cx.theme, &row.label, &words, value.map(usize::from));
    if let Some(number) = pressed {
        let _ = take(cx, of, if number == 1 { "true" } else { "false" });
    }
    hint(ui, cx, row);
}

/// The most words that stand side by side.
const SEGMENTS: usize = 3;

fn choice(ui: &mut Ui, cx: &mut Cx<'_>, of: Field<'_>, choices: &[Choice]) {
    let row = of.row;
    let word = |value: &Value| match value {
        Value::String(word) => Some(word.clone()),
        Value::Object(fields) => fields.keys().next().cloned(),
        _ => None,
    };
    let chosen = row.value.as_ref().or(row.default.as_ref()).and_then(word);
    let place = choices.iter().position(|choice| Some(&choice.word) == chosen.as_ref());
    let words: Vec<String> = choices.iter().map(|choice| choice.word.clone()).collect();
    let letters: usize = words.iter().map(String::len).sum();
    let pressed = if words.len() <= SEGMENTS && letters <= 26 {
        widgets::segments(ui, cx.theme, &row.label, &words, place)
    } else {
        let mut pressed = None;
        let shown = chosen.clone().unwrap_or_else(|| "–".into());
        let combo = ComboBox::from_id_salt(&row.label).width(ui.available_width()).selected_text(shown);
        let response = combo.show_ui(ui, |ui| {
            for (number, choice) in choices.iter().enumerate() {
                let response = ui.selectable_label(place == Some(number), &choice.word);
                if response.on_hover_text(&choice.help).clicked() {
                    pressed = Some(number);
                }
            }
        });
        response.response.accessible_name(row.label.as_str());
        pressed
    };
    if let Some(choice) = pressed.filter(|number| place != Some(*number)).and_then(|number| choices.get(number)) {
        let _ = take(cx, of, &choice.word);
    }
    let help = place.and_then(|place| choices.get(place)).map(|choice| choice.help.as_str()).unwrap_or_default();
    if !help.is_empty() {
        ui.label(RichText::new(help).font(fonts::text(12.0)).color(cx.theme.text2));
    }
}

fn typed(ui: &mut Ui, cx: &mut Cx<'_>, of: Field<'_>, seen: &mut InspectorSeen) {
    let Field { node, row, .. } = of;
    let field = key(row);
    let is_drafted = seen.draft.as_ref().is_some_and(|draft| draft.node == node && draft.field == field);
    let mut words = match &seen.draft {
        Some(draft) if is_drafted => draft.text.clone(),
        _ => row.text(),
    };
    let problems = problems(cx, of, seen, is_drafted);
    let wrong = problems.iter().find_map(|problem| problem.place.span.clone());
    let response = edit(ui, cx, row, &mut words, wrong.as_ref());
    if std::mem::take(&mut seen.wants_focus) || seen.wants_field.as_ref() == Some(&row.path.join(".")) {
        seen.wants_field = None;
        response.request_focus();
    }
    if response.changed() {
        seen.draft = Some(drafted(cx, of, words.clone()));
    }
    if response.lost_focus() && is_drafted {
        let is_given_up = ui.input(|input| input.key_pressed(Key::Escape));
        let complaint = if is_given_up { None } else { take(cx, of, &words) };
        match (complaint, &mut seen.draft) {
            (None, draft) => *draft = None,
            (complaint, Some(draft)) => draft.complaint = complaint,
            (_, None) => {}
        }
    }
    let complaint = seen.draft.as_ref().filter(|_| is_drafted).and_then(|draft| draft.complaint.clone());
    match (complaint, problems.first()) {
        (Some(complaint), _) => said(ui, cx, &complaint, "", Severity::Error),
        (None, Some(problem)) => said(ui, cx, &problem.message, &problem.remedy, problem.severity),
        (None, None) if response.has_focus() => hint(ui, cx, row),
        (None, None) => {}
    }
}

/// What was typed, with what a check finds.
fn drafted(cx: &Cx<'_>, Field { node, config, row }: Field<'_>, text: String) -> Draft {
    let (complaint, problems) = match rows::with_text(config, row, &text) {
        // What is begun is no fault yet.
        Err(why) => (Some(why).filter(|_| row.kind == RowKind::Value), Vec::new()),
        Ok(next) => {
            let found = cx.drawing.check_with(node, next).problems;
            (None, found.into_iter().filter(|problem| problem.place.node.as_deref() == Some(node)).collect())
        }
    };
    Draft { node: node.to_string(), field: key(row), text, complaint, problems }
}

/// Problems of a row: of what is typed, else of what is drawn.
fn problems(cx: &Cx<'_>, Field { node, row, .. }: Field<'_>, seen: &InspectorSeen, is_drafted: bool) -> Vec<Problem> {
    let path = row.path.join(".");
    let is_here =
        |problem: &&Problem| problem.place.node.as_deref() == Some(node) && problem.place.field.as_ref() == Some(&path);
    match &seen.draft {
        _ if row.kind == RowKind::Add => Vec::new(),
        Some(draft) if is_drafted => draft.problems.iter().filter(is_here).cloned().collect(),
        _ => cx.drawing.checked.problems.iter().filter(is_here).cloned().collect(),
    }
}

/// The editor of a field's kind.
fn edit(ui: &mut Ui, cx: &Cx<'_>, row: &FormRow, words: &mut String, wrong: Option<&Range<usize>>) -> Response {
    let name = match row.kind {
        RowKind::Add => format!("add to {}", row.path.last().map_or("", String::as_str)),
        _ => row.label.clone(),
    };
    let hint = match (row.kind, &row.default) {
        (RowKind::Add, _) => "name = value".to_string(),
        (_, Some(default)) => rows::to_text(default),
        _ => String::new(),
    };
    let is_code = matches!(row.field, FieldKind::Expr);
    if !is_code {
        let is_words = matches!(row.field, FieldKind::Text | FieldKind::Secret);
        let font = if is_words { fonts::text(12.5) } else { fonts::mono(11.5) };
        return widgets::field(ui, &name, words, &hint, font);
    }
    let theme = cx.theme;
    let font = fonts::mono(12.0);
    // An entry is typed as `name = value`: bytes of its expression stand behind that.
    let offset = if row.kind == RowKind::Entry { words.find('=').map_or(0, |at| at + 2) } else { 0 };
    let wrong = wrong.map(|wrong| wrong.start + offset..wrong.end + offset);
    let mut layouter = |ui: &Ui, text: &dyn egui::TextBuffer, width: f32| {
        let job = highlight::layout(theme, text.as_str(), font.clone(), wrong.as_ref(), width);
        ui.ctx().fonts_mut(|fonts| fonts.layout_job(job))
    };
    let rows = if row.kind == RowKind::Value { 2 } else { 1 };
    let edit = if row.kind == RowKind::Value { TextEdit::multiline(words) } else { TextEdit::singleline(words) };
    let edit = edit.hint_text(hint).font(fonts::mono(12.0)).desired_width(f32::INFINITY).desired_rows(rows);
    let response = ui.add(edit.margin(vec2(8.0, 6.0)).layouter(&mut layouter));
    response.clone().accessible_name(name);
    response
}

/// What is wrong, and what to do.
fn said(ui: &mut Ui, cx: &Cx<'_>, message: &str, remedy: &str, severity: Severity) {
    let state = match severity {
        Severity::Error => cx.theme.err,
        Severity::Warning => cx.theme.warn,
        Severity::Note => cx.theme.late,
    };
    ui.label(RichText::new(message).font(fonts::text(12.0)).color(state.text));
    if !remedy.is_empty() {
        ui.label(RichText::new(remedy).font(fonts::text(12.0)).color(cx.theme.text2));
    }
}

/// The first sentence of a field's help.
fn hint(ui: &mut Ui, cx: &Cx<'_>, row: &FormRow) {
    let first = row.help.split_inclusive(['.', '\n']).next().unwrap_or_default().trim();
    if !first.is_empty() {
        ui.label(RichText::new(first).font(fonts::text(12.0)).color(cx.theme.text2));
    }
}
