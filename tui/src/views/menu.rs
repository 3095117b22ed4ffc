//! The menu of what is selected, as a right click opens it: the keys that mean something to it.

use super::Lines;
use crate::commands::{Act, View, command_of};
use crate::model::Model;
use crate::model::place::Chosen;
use crate::pen::{Pen, cut};
use crate::theme::Tone;
use crate::update::contexts_below;

/// Columns of the menu.
const WIDTH: usize = 38;

const NODE: &[Act] = &[
    Act::Open,
    Act::Tap,
    Act::Why,
    Act::Mark,
    Act::Copy,
    Act::Add,
    Act::Connect,
    Act::Configure,
    Act::Swap,
    Act::Rename,
    Act::Paste,
    Act::Delete,
    Act::DeleteWires,
];
const WIRE: &[Act] = &[Act::Tap, Act::Why, Act::Copy, Act::Insert, Act::Via, Act::RemoveWire];
const ROW: &[Act] = &[Act::Open, Act::Tap, Act::Why, Act::Copy, Act::Sort, Act::OnlyBad, Act::Filter];

/// What may be asked of the selection.
pub(crate) fn acts(model: &Model) -> Vec<Act> {
    let acts = match (model.place.view, &model.place.graph.chosen) {
        (View::Graph, Some(Chosen::Edge(_))) => WIRE,
        (View::Graph, _) => NODE,
        _ => ROW,
    };
    let contexts = contexts_below(model);
    acts.iter().copied().filter(|act| command_of(*act, &contexts).is_some()).collect()
}

/// Columns and lines in front of the menu, within the body.
fn corner(count: usize, columns: usize, lines: usize) -> (usize, usize) {
    (columns.saturating_sub(WIDTH + 1), lines.saturating_sub(count + 2))
}

/// The entry at a cell of the screen.
pub(crate) fn at(count: usize, columns: usize, lines: Lines, (x, y): (usize, usize)) -> Option<usize> {
    let (left, top) = corner(count, columns, lines.body_height);
    let place = y.checked_sub(lines.body + top + 1)?;
    (x > left && place < count).then_some(place)
}

/// Draws it over the lower right corner.
pub(super) fn draw(model: &Model, acts: &[Act], chosen: usize, pen: &mut Pen<'_>) {
    let (left, top) = corner(acts.len(), pen.width(), pen.height());
    let (width, height) = (pen.width().saturating_sub(left + 1), pen.height().saturating_sub(top));
    let mut part = pen.part(left, top, width, height);
    part.clear();
    part.frame(Tone::Dim);
    let contexts = contexts_below(model);
    let commands = acts.iter().filter_map(|act| command_of(*act, &contexts));
    for (place, command) in commands.enumerate().take(height.saturating_sub(2)) {
        let is_chosen = place == chosen;
        part.text(1, place + 1, Tone::Bold, if is_chosen { "▸" } else { " " });
        part.text(2, place + 1, Tone::Bold, command.key());
        let tone = if is_chosen { Tone::Chosen } else { Tone::Text };
        part.text(9, place + 1, tone, &cut(command.help, width.saturating_sub(10)));
    }
}
