//! Keys in the list of notes: each change is one edit.

use tidegate_core::faces::marks;
use tidegate_core::pipeline::Point;

use super::build;
use super::sheets::{Outcome, edit_line};
use crate::commands::Act;
use crate::line::Line;
use crate::model::Model;
use crate::model::place::{Chosen, NotesSheet};

/// Does what was asked of the list.
pub(super) fn act(model: &mut Model, act: Act, sheet: &mut NotesSheet) -> Outcome {
    if sheet.editing.as_mut().is_some_and(|line| edit_line(line, act)) {
        return Outcome::Kept;
    }
    let notes = &model.drawing.pipeline.notes;
    match act {
        Act::FieldUp | Act::FieldDown | Act::Before if sheet.editing.is_some() => {}
        Act::FieldUp | Act::Before => sheet.chosen = sheet.chosen.saturating_sub(1),
        Act::FieldDown | Act::Complete => sheet.chosen = (sheet.chosen + 1).min(notes.len()),
        Act::AddRow => (sheet.chosen, sheet.editing) = (notes.len(), Some(Line::default())),
        Act::Edit | Act::Apply => match sheet.editing.take() {
            Some(line) => write(model, sheet.chosen, line.text().trim()),
            None if act == Act::Apply => return Outcome::Closed,
            None => {
                let text = notes.get(sheet.chosen).map(|note| note.text.clone()).unwrap_or_default();
                sheet.editing = Some(Line::new(text));
            }
        },
        Act::RemoveRow => {
            sheet.editing = None;
            write(model, sheet.chosen, "");
        }
        Act::LeaveForm if sheet.editing.take().is_some() => {}
        Act::LeaveForm => return Outcome::Closed,
        Act::Leave => return Outcome::NotMine,
        _ => {}
    }
    Outcome::Kept
}

/// Another text for a note, or a note more; without a text it goes.
fn write(model: &mut Model, place: usize, text: &str) {
    let pipeline = &model.drawing.pipeline;
    let edit = match (pipeline.notes.get(place), text) {
        (Some(note), "") => marks::without_note(pipeline, &note.id),
        (Some(note), same) if note.text == same => return,
        (Some(note), text) => marks::note_changed(pipeline, &note.id, |note| note.text = text.into()),
        (None, "") => return,
        (None, text) => marks::noted(pipeline, text, below_selection(model)).0,
    };
    build::apply(model, &edit);
}

/// Where a new note stands on the canvas: below the selected node.
fn below_selection(model: &Model) -> Point {
    let at = match &model.place.graph.chosen {
        Some(Chosen::Node(id)) => model.drawing.pipeline.node(id).and_then(|node| node.at),
        _ => None,
    };
    at.map_or(Point { x: 40, y: 40 }, |at| Point { x: at.x, y: at.y.saturating_add(120) })
}
