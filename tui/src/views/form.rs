//! A node's settings: fields and what is typed into them, errors under their text, what fits below the cursor, the help of
//! the field at the foot.

use serde_json::Value;
use tidegate_core::form::FieldKind;

use super::problems::{mark, mark_at};
use crate::model::Model;
use crate::model::form::complete::{Suggestion, suggestions};
use crate::model::form::{FormRow, FormSheet, RowKind};
use crate::pen::{Pen, cut, cut_middle, width, wrap};
use crate::theme::Tone;

/// Where values stand.
const VALUES: usize = 19;

/// Draws the form.
pub(crate) fn draw(model: &Model, sheet: &FormSheet, pen: &mut Pen<'_>) {
    let end = pen.width().saturating_sub(1);
    pen.text(1, 0, Tone::Bold, &format!("graph › {} › configure", sheet.node));
    let operator = model.drawing.operator(&sheet.node).map_or("", |operator| operator.name);
    let errors = match sheet.errors() {
        0 => String::new(),
        1 => "   1 error".into(),
        errors => format!("   {errors} errors"),
    };
    pen.right(end, 0, if errors.is_empty() { Tone::Dim } else { Tone::Bad }, &format!("{operator}{errors}"));
    if sheet.shows_help {
        return help(model, sheet, pen);
    }
    let rows = sheet.rows();
    let foot = 3.min(pen.height().saturating_sub(5));
    let room = pen.height().saturating_sub(2 + foot);
    let lines = lines(model, sheet, &rows, end);
    // The selected row stays in sight, with the line below it.
    let at = lines.iter().position(|line| line.row == Some(sheet.chosen)).unwrap_or_default();
    let top = (at + 4).saturating_sub(room).min(lines.len().saturating_sub(room));
    for (y, line) in lines.iter().skip(top).take(room).enumerate() {
        line.draw(sheet, y + 2, pen);
    }
    if sheet.editing.is_some() {
        let below = (at - top.min(at)) + 3;
        list(model, sheet, below, pen);
    }
    field_help(sheet, &rows, foot, pen);
    if rows.is_empty() {
        pen.text(3, 2, Tone::Dim, "This operator has nothing to set.");
    }
}

/// A line of the form: a row, or what stands under one.
struct Line {
    row: Option<usize>,
    label: (usize, Tone, String),
    value: (usize, Tone, String),
    right: String,
}

impl Line {
    fn draw(&self, sheet: &FormSheet, y: usize, pen: &mut Pen<'_>) {
        let end = pen.width().saturating_sub(1);
        let is_chosen = self.row == Some(sheet.chosen);
        pen.text(1, y, Tone::Bold, if is_chosen { "▸" } else { " " });
        let (x, tone, label) = &self.label;
        pen.text(*x, y, if is_chosen { Tone::Chosen } else { *tone }, label);
        let (x, tone, value) = &self.value;
        let room = end.saturating_sub(x + width(&self.right) + 1);
        pen.text(*x, y, *tone, &window(value, room));
        pen.right(end, y, Tone::Dim, &self.right);
    }
}

/// As much of a text as fits, so that the cursor in it is seen.
fn window(text: &str, cells: usize) -> String {
    let cursor = text.split('▏').next().map_or(0, width);
    if !text.contains('▏') || width(text) <= cells || cursor + 2 < cells {
        return cut(text, cells);
    }
    let skip = (cursor + 2).saturating_sub(cells);
    format!("…{}", text.chars().skip(skip + 1).take(cells.saturating_sub(1)).collect::<String>())
}

fn lines(model: &Model, sheet: &FormSheet, rows: &[FormRow], end: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        let is_edited = place == sheet.chosen && sheet.editing.is_some();
        let x = 3 + row.depth * 2;
        let label = (x, if row.required && row.value.is_none() { Tone::Bold } else { Tone::Text }, label(row));
        let value = match (&sheet.editing, is_edited) {
            (Some(line), true) => (VALUES, Tone::Text, line.with_cursor()),
            _ => shown(row),
        };
        lines.push(Line { row: Some(place), label, value, right: kind_of(model, sheet, row) });
        if is_edited && let Some(complaint) = &sheet.complaint {
            for line in wrap(complaint, end.saturating_sub(VALUES)) {
                lines.push(Line { row: None, label: blank(), value: (VALUES, Tone::Bad, line), right: String::new() });
            }
        } else if let Some(problem) = sheet.problem_of(row) {
            let tone = super::log::letter(problem.severity).0;
            let text = row.value.as_ref().and_then(Value::as_str).unwrap_or_default();
            let text = sheet.editing.as_ref().filter(|_| is_edited).map_or(text, |line| line.text());
            let before =
                if row.kind == RowKind::Entry && is_edited { text.find('=').map_or(0, |at| at + 2) } else { 0 };
            let at = problem.place.span.as_ref().map(|span| VALUES + mark_at(text, before + span.start));
            let sign = problem.place.span.as_ref().map(|span| mark(text, span)).unwrap_or_default();
            let x = at.filter(|x| x + width(&problem.message) + width(&sign) < end).unwrap_or(VALUES);
            let text = if sign.is_empty() || at.is_none() {
                problem.message.clone()
            } else {
                format!("{sign} {}", problem.message)
            };
            lines.push(Line { row: None, label: blank(), value: (x, tone, text), right: String::new() });
        }
    }
    lines
}

fn blank() -> (usize, Tone, String) {
    (0, Tone::Text, String::new())
}

fn label(row: &FormRow) -> String {
    match row.kind {
        RowKind::Add => "+ add one".into(),
        _ => cut_middle(&row.label, VALUES.saturating_sub(4 + row.depth * 2)),
    }
}

/// What a field holds; where it holds nothing, what that means.
fn shown(row: &FormRow) -> (usize, Tone, String) {
    let text = match (&row.value, row.kind) {
        (_, RowKind::Head | RowKind::Add) => return (VALUES, Tone::Dim, String::new()),
        (Some(value), _) => value.as_str().map_or_else(|| value.to_string(), str::to_string),
        (None, _) => {
            let absent = match (&row.default, row.required) {
                (Some(default), _) => default.as_str().map_or_else(|| default.to_string(), str::to_string),
                (None, true) => "must be given".into(),
                (None, false) => "–".into(),
            };
            return (VALUES, if row.required { Tone::Warn } else { Tone::Dim }, absent);
        }
    };
    (VALUES, Tone::Text, text)
}

/// At the right: the type of the column that an entry makes, else what the field takes.
fn kind_of(model: &Model, sheet: &FormSheet, row: &FormRow) -> String {
    let made = || {
        let place = model.drawing.place(&sheet.node)?;
        let stream = model.drawing.checked.nodes.get(place)?.outputs.first()?.as_ref()?;
        let (_, column) = stream.schema.find(&row.label)?;
        Some(column.data.to_string())
    };
    match (row.kind, &row.field) {
        (RowKind::Entry, FieldKind::Expr) => made().unwrap_or_else(|| "?".into()),
        (RowKind::Value, FieldKind::Expr) => "expression".into(),
        (RowKind::Value, FieldKind::Choice(choices)) => {
            let words: Vec<&str> = choices.iter().map(|choice| choice.word.as_str()).collect();
            cut(&words.join(" "), 24)
        }
        _ => String::new(),
    }
}

/// The least width of a box in which something can be read.
const NARROWEST: usize = 16;

/// What fits, in a box below the cursor.
fn list(model: &Model, sheet: &FormSheet, y: usize, pen: &mut Pen<'_>) {
    let (_, all) = suggestions(model, sheet);
    let room = pen.height().saturating_sub(y + 4);
    let shown: Vec<&Suggestion> = all.iter().take(room.min(6)).collect();
    let cells = 46.min(pen.width().saturating_sub(VALUES + 2));
    if shown.is_empty() || cells < NARROWEST {
        return;
    }
    let mut part = pen.part(VALUES, y, cells, shown.len() + 2);
    part.clear();
    let flat = "─".repeat(cells.saturating_sub(2));
    part.text(0, 0, Tone::Dim, &format!("┌{flat}┐"));
    for (row, suggestion) in shown.iter().enumerate() {
        let is_chosen = row == sheet.suggested.min(shown.len() - 1);
        part.text(0, row + 1, Tone::Dim, "│");
        part.text(1, row + 1, Tone::Bold, if is_chosen { "▸" } else { " " });
        let x = part.text(2, row + 1, if is_chosen { Tone::Chosen } else { Tone::Text }, &cut(&suggestion.text, 18));
        let end = cells - 1 - width(suggestion.what) - 1;
        part.text(x.max(20) + 1, row + 1, Tone::Dim, &cut(&suggestion.detail, end.saturating_sub(x.max(20) + 2)));
        part.right(cells - 1, row + 1, Tone::Dim, suggestion.what);
        part.text(cells - 1, row + 1, Tone::Dim, "│");
    }
    part.text(0, shown.len() + 1, Tone::Dim, &format!("└{flat}┘"));
}

/// The help of the selected field.
fn field_help(sheet: &FormSheet, rows: &[FormRow], lines: usize, pen: &mut Pen<'_>) {
    let Some(row) = rows.get(sheet.chosen) else { return };
    let expected = row.field.expectation();
    let text = format!("{}: {} Takes {expected}.", row.label, row.help.replace('\n', " "));
    let from = pen.height().saturating_sub(lines);
    for (y, line) in wrap(&text, pen.width().saturating_sub(2)).iter().take(lines).enumerate() {
        pen.text(1, from + y, Tone::Dim, line);
    }
}

/// The operator's own help.
fn help(model: &Model, sheet: &FormSheet, pen: &mut Pen<'_>) {
    let help = model.drawing.operator(&sheet.node).map_or("", |operator| operator.help);
    let cells = pen.width().saturating_sub(2);
    let mut lines = Vec::new();
    for paragraph in help.split("\n\n") {
        lines.extend(wrap(paragraph, cells));
        lines.push(String::new());
    }
    for (y, line) in lines.iter().skip(sheet.help_top).take(pen.height().saturating_sub(2)).enumerate() {
        pen.text(1, y + 2, Tone::Text, line);
    }
}

/// One sentence: what is wrong, or what the keys do.
pub(crate) fn sentence(model: &Model, sheet: &FormSheet) -> String {
    if let Some(complaint) = &sheet.complaint {
        return complaint.clone();
    }
    // What is wrong stands below the field; why nothing is offered, only here.
    if let Some(silence) = sheet.topics_of().and_then(|cluster| model.topics.silence(cluster)) {
        return silence;
    }
    let row = sheet.row();
    if let Some(problem) = row.as_ref().and_then(|row| sheet.problem_of(row)) {
        return problem.message.clone();
    }
    match (&sheet.editing, sheet.is_changed(&model.drawing)) {
        (Some(_), _) => "enter takes it, esc leaves it as it was.".into(),
        (None, true) => "ctrl-s applies the form as one step; esc leaves it.".into(),
        (None, false) => "enter edits the field.".into(),
    }
}
