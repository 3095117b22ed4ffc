//! Help: the keys that there are in this view, made from the table of commands; typing narrows it.

use crate::commands::{COMMANDS, Command, Context, Section};
use crate::model::Model;
use crate::pen::{Pen, cut, width};
use crate::theme::Tone;

/// The lines of one section.
struct Block {
    title: &'static str,
    lines: Vec<(bool, String, &'static str)>,
}

/// Contexts that the help of a view tells of: those that work, and building where it cannot be done.
fn contexts(model: &Model) -> Vec<Context> {
    let mut contexts = crate::update::contexts_below(model);
    if contexts.contains(&Context::Graph) && !contexts.contains(&Context::Build) {
        contexts.push(Context::Build);
    }
    contexts
}

fn blocks(model: &Model, search: &str) -> Vec<Block> {
    let contexts = contexts(model);
    let works = crate::update::contexts_below(model);
    let search = search.to_lowercase();
    let sections = [Section::Here, Section::Move, Section::Ask, Section::Anywhere, Section::Build];
    let block = |section: Section| {
        let is_here = |command: &&Command| {
            command.section == section
                && !(model.outlook.is_alone && command.act.is_of_pipelines())
                && contexts.contains(&command.context)
                && (search.is_empty() || format!("{} {}", command.keys, command.help).to_lowercase().contains(&search))
        };
        let found: Vec<&Command> = COMMANDS.iter().filter(is_here).collect();
        // Commands that go together stand on one line, as the first of them says.
        let lines = found.chunk_by(|a, b| a.short == b.short).map(|together| {
            let may = together[0].context != Context::Build || works.contains(&Context::Build);
            let keys = match together {
                [alone] => alone.keys.replace(' ', ", "),
                several => several.iter().map(|command| command.key()).collect::<Vec<_>>().join(" "),
            };
            (may, keys, together[0].help)
        });
        Block { title: section.title(), lines: lines.collect() }
    };
    sections.into_iter().map(block).filter(|block| !block.lines.is_empty()).collect()
}

/// All lines in one column.
fn lines(model: &Model, search: &str) -> Vec<Option<(bool, String, &'static str)>> {
    let mut lines = Vec::new();
    for block in blocks(model, search) {
        if !lines.is_empty() {
            lines.push(None);
        }
        lines.push(Some((true, String::new(), block.title)));
        lines.extend(block.lines.into_iter().map(Some));
    }
    lines
}

/// Lines that there are, in so many columns of text.
pub(crate) fn count(model: &Model, search: &str, columns: usize) -> usize {
    lines(model, search).len().div_ceil(columns)
}

/// Columns of text that fit.
pub(crate) fn columns(cells: usize) -> usize {
    if cells >= 78 { 2 } else { 1 }
}

/// Draws the help over the body.
pub(crate) fn draw(model: &Model, search: &str, top: usize, pen: &mut Pen<'_>) {
    pen.text(1, 0, Tone::Bold, &format!("keys in {}", model.place.view.name()));
    let end = pen.width().saturating_sub(1);
    let hint = if search.is_empty() { "type to search".to_string() } else { format!("search {search}▏") };
    pen.right(end, 0, Tone::Dim, &hint);
    let legend = [
        "■ busy  □ back-pressured  · idle    ━ the part of a buffer that is full",
        "▲ growing  ▼ draining  = ok  ! stalled  × stopped  « rewound  ? unknown",
        "Dim: not possible now. A run elsewhere is read-only; :w FILE copies it.",
    ];
    let legend_lines = if pen.height() >= 18 { legend.len() + 1 } else { 0 };
    let room = pen.height().saturating_sub(2 + legend_lines);
    let lines = lines(model, search);
    let columns = columns(pen.width());
    let width_of = pen.width() / columns;
    // Down the first column, then down the next.
    let per_column = lines.len().div_ceil(columns).max(room.min(lines.len()));
    for (place, line) in lines.iter().enumerate() {
        let (column, row) = (place / per_column.max(1), place % per_column.max(1));
        let Some((may, keys, help)) = line else { continue };
        let Some(y) = row.checked_sub(top).filter(|y| *y < room) else { continue };
        let x = column * width_of + 1;
        if keys.is_empty() {
            pen.text(x, y + 2, Tone::Bold, help);
            continue;
        }
        let tone = if *may { Tone::Text } else { Tone::Dim };
        pen.text(x, y + 2, tone, keys);
        let at = x + width(keys).max(13) + 2;
        pen.text(at, y + 2, Tone::Dim, &cut(help, (x + width_of).saturating_sub(at + 1)));
    }
    if legend_lines > 0 {
        let from = pen.height() - legend.len();
        for (y, line) in legend.iter().enumerate() {
            pen.text(1, from + y, Tone::Dim, line);
        }
    }
}
