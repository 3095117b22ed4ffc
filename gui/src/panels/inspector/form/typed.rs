//! A field of text: what is typed, what is wrong in it, what fits.

use std::ops::Range;

use egui::text::CCursor;
use egui::text_edit::{TextEditOutput, TextEditState};
use egui::{EventFilter, FontId, Id, Key, Rect, RichText, Role, Sense, TextEdit, Ui, WidgetInfo, vec2};
use tidegate_core::faces::complete::{self, Fitting};
use tidegate_core::faces::rows::{self, RowKind};
use tidegate_core::form::FieldKind;
use tidegate_core::pipeline::edit::Edit;
use tidegate_core::problem::{Problem, Severity};

use super::list::{self, Keys, List, Taken};
use super::{Draft, Field, InspectorSeen, hint, key, step, take, takes_keyboard};
use crate::acts::{Act, Cx};
use crate::canvas::node::wavy;
use crate::{fonts, highlight, widgets};

fn is_drafted(of: Field<'_>, seen: &InspectorSeen) -> bool {
    let is_this = |draft: &Draft| draft.subject == *of.subject && draft.field == key(of.row);
    seen.draft.as_ref().is_some_and(is_this)
}

/// What stands in the field: what is typed, else what is drawn.
pub(super) fn words(of: Field<'_>, seen: &InspectorSeen) -> String {
    match &seen.draft {
        Some(draft) if is_drafted(of, seen) => draft.text.clone(),
        _ => of.row.text(),
    }
}

/// Draws it.
pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, of: Field<'_>, seen: &mut InspectorSeen) {
    let row = of.row;
    let was_drafted = is_drafted(of, seen);
    let mut text = words(of, seen);
    let problems = problems(cx, of, seen, was_drafted);
    let wrong = problems.iter().find_map(|problem| problem.place.span.clone());
    let id = ui.make_persistent_id("text");
    let mut list = seen.list.take_if(|list| list.field == id);
    let keys = list.as_ref().map(|_| list::keys(ui)).unwrap_or_default();
    let output = edit(ui, cx, of, id, &mut text, list.as_ref());
    let response = output.response.response.clone();
    if let Some(wrong) = wrong {
        underline(ui, cx, of, &text, &wrong, &output);
    }
    let is_pressed = has_list(row) && caret(ui, cx, response.rect, &name(of));
    if takes_keyboard(of, seen) {
        response.request_focus();
    }
    let is_asked = is_pressed || response.has_focus() && std::mem::take(&mut seen.wants_list);
    let is_down = list.is_none() && has_list(row) && row.field != FieldKind::Expr && response.has_focus();
    if is_asked || is_down && ui.input_mut(|input| input.consume_key(egui::Modifiers::NONE, Key::ArrowDown)) {
        response.request_focus();
        list = Some(List::new(id, true));
    } else if response.changed() {
        list = Some(List::new(id, false));
    } else if !response.has_focus() && !list.as_ref().is_some_and(|list| list.is_new) {
        list = None;
    }
    let mut is_changed = response.changed();
    if let Some(list) = list {
        is_changed |= fits(ui, cx, of, seen, (list, keys), &output, &mut text);
    }
    if is_changed {
        seen.draft = Some(drafted(cx, of, text.clone()));
    }
    if below(ui, cx, of, seen, &problems, response.has_focus()) {
        // It took what was typed along.
        seen.draft = None;
        return;
    }
    let is_open = seen.list.as_ref().is_some_and(|list| list.field == id);
    if response.lost_focus() && !is_open {
        left(ui, cx, of, seen, (was_drafted || is_changed).then_some(&text));
        if ui.input(|input| input.key_pressed(Key::Enter)) {
            // Whoever works by keys goes on from here.
            response.request_focus();
        }
    }
}

/// Takes what was typed, where something was; Esc gives it up, and leads back to the canvas.
fn left(ui: &Ui, cx: &mut Cx<'_>, of: Field<'_>, seen: &mut InspectorSeen, typed: Option<&String>) {
    let is_given_up = ui.input(|input| input.key_pressed(Key::Escape));
    if is_given_up {
        cx.ask(Act::Canvas);
    }
    let Some(typed) = typed else { return };
    let complaint = if is_given_up { None } else { take(cx, of, typed) };
    match (complaint, &mut seen.draft) {
        (None, draft) => *draft = None,
        (complaint, Some(draft)) => draft.complaint = complaint,
        (_, None) => {}
    }
}

/// What is wrong with all that a row holds, as that it is missing.
pub(super) fn wrong(ui: &mut Ui, cx: &mut Cx<'_>, of: Field<'_>, seen: &InspectorSeen) {
    if let Some(problem) = problems(cx, of, seen, false).first() {
        said(ui, cx, &problem.message, problem.severity);
        remedy(ui, cx, problem, None);
    }
}

/// Shows what fits, and puts what is taken into the text. Tells whether the text is another then, and not taken yet.
fn fits(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    of: Field<'_>,
    seen: &mut InspectorSeen,
    (list, keys): (List, Keys),
    output: &TextEditOutput,
    text: &mut String,
) -> bool {
    let (row, field) = (of.row, &output.response.response);
    let at = cursor(output, text);
    let is_whole = is_whole(row);
    let (typed, behind) = if is_whole && list.shows_all { ("", 0) } else { (text.as_str(), at) };
    let (topics, silence) = known(cx, of);
    let fitting = complete::fitting(cx.drawing, of.subject.node(), row, typed, behind, &topics);
    let place = (field.rect, &text[fitting.from.min(at)..at]);
    match list::show(ui, cx, (list, keys), &fitting, place, silence.as_deref()) {
        Taken::Nothing(list) => {
            seen.list = list;
            false
        }
        Taken::One(taken) => {
            put(ui, field.id, text, at, &fitting, &taken, is_whole);
            seen.draft.take_if(|_| is_whole);
            // One of several is taken at once; a part of a text is gone on with.
            !is_whole || take(cx, of, text).is_some()
        }
    }
}

/// What is wrong, or what the field is for while one writes there. Tells whether the remedy was taken.
fn below(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    of: Field<'_>,
    seen: &InspectorSeen,
    problems: &[Problem],
    has_focus: bool,
) -> bool {
    let row = of.row;
    let draft = seen.draft.as_ref().filter(|_| is_drafted(of, seen));
    let edit = draft.and_then(|draft| draft.edit.clone());
    match (draft.and_then(|draft| draft.complaint.clone()), problems.first()) {
        (Some(complaint), _) => {
            said(ui, cx, &complaint, Severity::Error);
            ui.label(RichText::new(row.field.expectation()).font(fonts::text(12.0)).color(cx.theme.text2));
        }
        (None, Some(problem)) => {
            said(ui, cx, &problem.message, problem.severity);
            return remedy(ui, cx, problem, edit.as_ref());
        }
        (None, None) if has_focus => {
            let is_entry = row.field == FieldKind::Expr && row.kind != RowKind::Value;
            let given =
                is_entry.then(|| complete::gives(cx.drawing, of.subject.node(), row, &words(of, seen))).flatten();
            if let Some(given) = given {
                ui.label(RichText::new(format!("→ {given}")).font(fonts::mono(11.0)).color(cx.theme.faint));
            }
            hint(ui, cx, &row.help);
        }
        (None, None) => {}
    }
    false
}

/// What was typed, with what a check finds.
fn drafted(cx: &Cx<'_>, of: Field<'_>, text: String) -> Draft {
    let mut draft = Draft::plain(of.subject.clone(), &key(of.row), text);
    match step(cx, of, &draft.text) {
        // What is begun is no fault yet.
        Err(why) => draft.complaint = Some(why).filter(|_| of.row.kind == RowKind::Value),
        Ok(None) => draft.problems.clone_from(&cx.drawing.checked.problems),
        Ok(Some(edit)) => {
            draft.problems = cx.drawing.check_after(&edit).problems;
            draft.edit = Some(edit);
        }
    }
    draft
}

/// Problems of a row: of what is typed, else of what is drawn.
fn problems(cx: &Cx<'_>, of: Field<'_>, seen: &InspectorSeen, is_drafted: bool) -> Vec<Problem> {
    let path = of.row.path.join(".");
    let is_here = |problem: &&Problem| of.subject.has(problem, &path);
    match &seen.draft {
        _ if of.row.kind == RowKind::Add => Vec::new(),
        Some(draft) if is_drafted => draft.problems.iter().filter(is_here).cloned().collect(),
        _ => cx.drawing.checked.problems.iter().filter(is_here).cloned().collect(),
    }
}

fn name(of: Field<'_>) -> String {
    match of.row.kind {
        RowKind::Add => format!("add to {}", of.row.path.last().map_or("", String::as_str)),
        _ => of.row.label.clone(),
    }
}

/// A button opens the list of what fits: there is one, whatever is typed.
fn has_list(row: &rows::FormRow) -> bool {
    let kinds = [FieldKind::Column, FieldKind::Columns, FieldKind::Topic, FieldKind::Topics, FieldKind::Expr];
    kinds.contains(&row.field) && row.kind == RowKind::Value
}

/// What fits takes the place of all that was typed.
fn is_whole(row: &rows::FormRow) -> bool {
    matches!(row.field, FieldKind::Column | FieldKind::Topic | FieldKind::Choice(_) | FieldKind::Bool)
}

/// Topics that may be meant, and why some may be missing. Whoever has them is asked, and nobody waits for the answer.
fn known(cx: &mut Cx<'_>, of: Field<'_>) -> (Vec<complete::Suggestion>, Option<String>) {
    if !matches!(of.row.field, FieldKind::Topic | FieldKind::Topics) {
        return (Vec::new(), None);
    }
    let cluster = of.subject.cluster(of.values);
    cx.ask(Act::AskTopics(cluster.to_string()));
    (complete::topics(cx.drawing, cx.topics, cluster), cx.topics.silence(cluster))
}

/// The field itself.
fn edit(ui: &mut Ui, cx: &Cx<'_>, of: Field<'_>, id: Id, text: &mut String, list: Option<&List>) -> TextEditOutput {
    let (row, theme) = (of.row, cx.theme);
    let hint = match (row.kind, row.default_in_words(), &row.field) {
        (RowKind::Add, ..) => "name = value".to_string(),
        (_, Some(default), _) => default,
        (_, None, FieldKind::Duration) => "500ms, 30s, 5m, 1h30m".into(),
        (_, None, FieldKind::Bytes) => "64 KiB, 16 MiB".into(),
        (_, None, FieldKind::Rate) => "1000/s, 5/m".into(),
        _ => String::new(),
    };
    let font: FontId = match row.field {
        FieldKind::Text | FieldKind::Secret => fonts::text(12.5),
        FieldKind::Expr => fonts::mono(12.0),
        _ => fonts::mono(11.5),
    };
    let is_code = row.field == FieldKind::Expr;
    let mut layouter = |ui: &Ui, text: &dyn egui::TextBuffer, width: f32| {
        let width = if row.kind == RowKind::Value { width } else { f32::INFINITY };
        let job = highlight::layout(theme, text.as_str(), fonts::mono(12.0), width);
        ui.ctx().fonts_mut(|fonts| fonts.layout_job(job))
    };
    let is_long = is_code && row.kind == RowKind::Value;
    let edit = if is_long { TextEdit::multiline(text).desired_rows(2) } else { TextEdit::singleline(text) };
    let right = if has_list(row) { 24 } else { 8 };
    let margin = egui::Margin { left: 8, right, top: 6, bottom: 6 };
    let mut edit = edit.id(id).hint_text(hint).font(font).desired_width(f32::INFINITY).margin(margin);
    if is_code {
        edit = edit.layouter(&mut layouter);
    }
    // While there is a list, these keys are its own.
    let is_open = list.is_some();
    let filter = EventFilter { tab: is_open, escape: is_open, ..edit.get_event_filter() };
    let output = widgets::keeping_focus(ui, list.map(|list| list.rect), |ui| edit.event_filter(filter).show(ui));
    output.response.response.clone().accessible_name(name(of));
    output
}

/// Where the cursor is, in bytes.
fn cursor(output: &TextEditOutput, text: &str) -> usize {
    let at = output.cursor_range.map_or(usize::MAX, |range| range.primary.index.0);
    text.char_indices().nth(at).map_or(text.len(), |(at, _)| at)
}

/// Puts what fits in the place of what was typed, with the cursor behind it.
fn put(ui: &Ui, id: Id, text: &mut String, at: usize, fitting: &Fitting, taken: &str, is_whole: bool) {
    let range = if is_whole { 0..text.len() } else { fitting.from.min(at)..at };
    let behind = range.start + taken.len();
    text.replace_range(range, taken);
    let cursor = CCursor::new(text[..behind].chars().count());
    let mut state = TextEditState::load(ui.ctx(), id).unwrap_or_default();
    state.cursor.set_char_range(Some(egui::text::CCursorRange::one(cursor)));
    state.store(ui.ctx(), id);
    ui.memory_mut(|memory| memory.request_focus(id));
}

/// The button at the right of a field that opens its list.
fn caret(ui: &Ui, cx: &Cx<'_>, field: Rect, name: &str) -> bool {
    let rect = Rect::from_min_size(field.right_top() - vec2(24.0, 0.0), vec2(24.0, field.height().min(28.0)));
    let response = ui.interact(rect, ui.scope_id().with("caret"), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("what fits {name}")));
    let colour = if response.hovered() { cx.theme.text } else { cx.theme.text2 };
    let icon = crate::icons::icon("caret-down");
    ui.painter().text(rect.center(), egui::Align2::CENTER_CENTER, icon, fonts::icon(12.0), colour);
    widgets::focus_ring(ui, cx.theme, &response);
    response.clicked()
}

/// Draws a wavy line below the bytes that are wrong.
fn underline(ui: &Ui, cx: &Cx<'_>, of: Field<'_>, text: &str, wrong: &Range<usize>, output: &TextEditOutput) {
    // An entry is typed as `name = value`: bytes of its expression stand behind that.
    let value = if of.row.kind == RowKind::Entry { text.find('=').map_or(0, |at| at + 1) } else { 0 };
    let blank = text[value..].len() - text[value..].trim_start().len();
    let offset = if of.row.kind == RowKind::Entry { value + blank } else { 0 };
    let letters = |at: usize| text.char_indices().take_while(|(start, _)| *start < at + offset).count();
    let (start, end) = (letters(wrong.start), letters(wrong.end).max(letters(wrong.start) + 1));
    let painter = ui.painter_at(output.text_clip_rect);
    let mut from: Option<Rect> = None;
    let mut last = Rect::NOTHING;
    for letter in start..=end {
        let at = output.galley.pos_from_cursor(CCursor::new(letter)).translate(output.galley_pos.to_vec2());
        match from {
            // It goes on in the next line.
            Some(begun) if at.top() > begun.top() + 1.0 => {
                wavy(&painter, begun.left(), last.right(), begun.bottom(), cx.theme.err.graphic);
                from = Some(at);
            }
            Some(_) => {}
            None => from = Some(at),
        }
        last = at;
    }
    if let Some(begun) = from {
        wavy(&painter, begun.left(), last.left().max(begun.left() + 5.0), begun.bottom(), cx.theme.err.graphic);
    }
}

/// What is wrong.
pub(in crate::panels::inspector) fn said(ui: &mut Ui, cx: &Cx<'_>, message: &str, severity: Severity) {
    let state = match severity {
        Severity::Error => cx.theme.err,
        Severity::Warning => cx.theme.warn,
        Severity::Note => cx.theme.late,
    };
    ui.label(RichText::new(message).font(fonts::text(12.0)).color(state.text));
}

/// What to do about it: a button where it is one change. Tells whether it was pressed.
pub(in crate::panels::inspector) fn remedy(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    problem: &Problem,
    after: Option<&Edit>,
) -> bool {
    if problem.remedy.is_empty() {
        return false;
    }
    let words = RichText::new(&problem.remedy).font(fonts::text(12.0));
    let Some(edit) = cx.drawing.mended(after, problem).filter(|_| cx.rights.may_build) else {
        ui.label(words.color(cx.theme.text2));
        return false;
    };
    let response = ui.add(egui::Label::new(words.color(cx.theme.accent)).sense(Sense::click()));
    response.widget_info(|| WidgetInfo::labeled(Role::Link, true, format!("do it: {}", problem.remedy)));
    widgets::focus_ring(ui, cx.theme, &response);
    let is_pressed = response.on_hover_cursor(egui::CursorIcon::PointingHand).clicked();
    if is_pressed {
        cx.ask(Act::Edit(edit));
    }
    is_pressed
}
