//! Notes of the drawing: a list, to be written and taken away.

use crate::model::Model;
use crate::model::place::NotesSheet;
use crate::numbers;
use crate::pen::{Pen, cut};
use crate::theme::Tone;

/// Draws the list.
pub(super) fn draw(model: &Model, sheet: &NotesSheet, pen: &mut Pen<'_>) {
    let notes = &model.drawing.pipeline.notes;
    pen.text(1, 0, Tone::Bold, "graph › notes");
    let count = numbers::several(notes.len(), "note");
    pen.right(pen.width().saturating_sub(1), 0, Tone::Dim, &count);
    let room = pen.height().saturating_sub(3);
    let top = (sheet.chosen + 1).saturating_sub(room.max(1));
    let texts = notes.iter().map(|note| note.text.as_str()).chain(["+ note"]);
    for (place, text) in texts.enumerate().skip(top).take(room) {
        let y = 2 + place - top;
        let is_chosen = place == sheet.chosen;
        pen.text(1, y, Tone::Bold, if is_chosen { "▸" } else { " " });
        let cells = pen.width().saturating_sub(4);
        match sheet.editing.as_ref().filter(|_| is_chosen) {
            Some(line) => pen.text(3, y, Tone::Text, &cut(&line.with_cursor(), cells)),
            None => {
                pen.text(3, y, if is_chosen { Tone::Chosen } else { Tone::Text }, &cut(&text.replace('\n', " "), cells))
            }
        };
    }
}

/// One sentence: what keys do here.
pub(super) fn sentence(model: &Model, sheet: &NotesSheet) -> String {
    match (sheet.editing.is_some(), sheet.chosen < model.drawing.pipeline.notes.len()) {
        (true, _) => "enter keeps it; a note without a text goes.".into(),
        (false, true) => "enter writes on it, ctrl-x takes it away.".into(),
        (false, false) => "enter writes a new one.".into(),
    }
}
