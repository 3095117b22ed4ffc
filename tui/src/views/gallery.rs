//! What can be opened: runs of this machine, pipelines of the folder and of the gallery, each with a sentence.

use crate::host::Found;
use crate::line::Line;
use crate::model::Model;
use crate::pen::{Pen, cut, cut_middle};
use crate::theme::Tone;

/// Those that have the text in their name or sentence.
pub(crate) fn fitting<'m>(model: &'m Model, search: &str) -> Vec<&'m Found> {
    let search = search.to_lowercase();
    let fits = |found: &&Found| format!("{} {}", found.name, found.sentence).to_lowercase().contains(&search);
    model.found.iter().flatten().filter(fits).collect()
}

/// What `:` opens, with a phrase each.
const COMMANDS: [(&str, &str); 5] = [
    (":open FILE", "a pipeline, in place of this"),
    (":new FILE", "an empty drawing, saved there"),
    (":attach URL", "a run elsewhere"),
    (":cluster HOST", "any Kafka cluster, groups and lag"),
    (":gallery", "this list"),
];

/// Draws the list.
pub(super) fn draw(model: &Model, search: &Line, chosen: usize, pen: &mut Pen<'_>) {
    let found = fitting(model, search.text());
    let end = pen.width().saturating_sub(1);
    pen.text(1, 0, Tone::Bold, "open");
    let count =
        model.found.as_ref().map_or("looking …".into(), |all| format!("{} of {} found", found.len(), all.len()));
    pen.right(end, 0, Tone::Dim, &count);
    pen.pieces(1, 2, [(Tone::Dim, "search  "), (Tone::Text, search.with_cursor().as_str())]);
    let foot = COMMANDS.len() + 2;
    let room = pen.height().saturating_sub(4 + foot);
    if model.found.is_some() && found.is_empty() {
        pen.text(3, 4, Tone::Text, "Nothing here is called so; esc leaves an empty drawing, a adds its first node.");
    }
    let chosen = chosen.min(found.len().saturating_sub(1));
    let top = (chosen + 1).saturating_sub(room.max(1));
    let names = (pen.width() / 3).clamp(12, 34);
    for (place, found) in found.iter().enumerate().skip(top).take(room) {
        let y = 4 + place - top;
        let is_chosen = place == chosen;
        pen.text(1, y, Tone::Bold, if is_chosen { "▸" } else { " " });
        pen.text(3, y, if is_chosen { Tone::Chosen } else { Tone::Text }, &cut_middle(&found.name, names));
        let x = names + 5;
        pen.text(x, y, Tone::Dim, &cut(&found.sentence, end.saturating_sub(x)));
    }
    let from = pen.height().saturating_sub(foot - 1);
    pen.text(1, from, Tone::Dim, "esc, then");
    for (y, (command, phrase)) in COMMANDS.iter().enumerate() {
        pen.text(3, from + 1 + y, Tone::Text, command);
        pen.text(17, from + 1 + y, Tone::Dim, phrase);
    }
}

/// One sentence: what enter does.
pub(super) fn sentence(model: &Model, search: &Line, chosen: usize) -> String {
    let found = fitting(model, search.text());
    match found.get(chosen.min(found.len().saturating_sub(1))) {
        Some(found) => format!("enter opens {}; esc leaves what is there.", found.name),
        None => "esc leaves what is there.".into(),
    }
}
