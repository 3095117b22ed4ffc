//! Help: the keys that there are in this view, made from the table of commands, and what signs mean; in columns, and where
//! these do not fit, in pages. Typing narrows it.

use crate::commands::{COMMANDS, Command, Context, Section};
use crate::model::Model;
use crate::pen::{Pen, cut, width};
use crate::theme::Tone;

/// The lines of one section.
struct Block {
    title: &'static str,
    lines: Vec<Line>,
}

/// A line: its keys, or signs, and what they are for. A title has no keys, a blank line nothing.
#[derive(Clone, Default)]
struct Line {
    keys: String,
    help: &'static str,
    is_impossible: bool,
}

/// What signs mean.
const SIGNS: [(&str, &str); 6] = [
    ("■ □ ·", "busy, back-pressured, idle"),
    ("━", "how far a buffer is full"),
    ("= ▲ ▼", "ok, growing, draining"),
    ("! × « ?", "stalled, stopped, rewound, unknown"),
    ("? – 0", "not known, not there, none"),
    ("dim", "not possible here and now"),
];

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
    let is_sought = |keys: &str, help: &str| format!("{keys} {help}").to_lowercase().contains(&search);
    let sections = [Section::Here, Section::Ask, Section::Move, Section::Anywhere, Section::Build];
    let block = |section: Section| {
        let is_here = |command: &&Command| {
            command.section == section
                && !(model.outlook.is_alone && command.act.is_of_pipelines())
                && command.is_of(model.place.view)
                && contexts.contains(&command.context)
                && is_sought(command.keys, command.help)
        };
        let found: Vec<&Command> = COMMANDS.iter().filter(is_here).collect();
        // Commands that go together stand on one line, as the first of them says.
        let lines = found.chunk_by(|a, b| a.short == b.short).map(|together| {
            let keys = match together {
                [alone] => alone.keys.replace(' ', ", "),
                several => several.iter().map(|command| command.key()).collect::<Vec<_>>().join(" "),
            };
            let is_impossible = together[0].context == Context::Build && !works.contains(&Context::Build);
            Line { keys, help: together[0].words(model.place.view).1, is_impossible }
        });
        Block { title: section.title(), lines: lines.collect() }
    };
    let signs = SIGNS.iter().filter(|(signs, help)| is_sought(signs, help));
    let signs = signs.map(|(signs, help)| Line { keys: signs.to_string(), help, is_impossible: false }).collect();
    let all = sections.into_iter().map(block).chain([Block { title: "SIGNS", lines: signs }]);
    all.filter(|block| !block.lines.is_empty()).collect()
}

/// Lines in columns of so many: a title never stands at the foot of one.
fn columns(blocks: Vec<Block>, room: usize) -> Vec<Vec<Line>> {
    let mut columns: Vec<Vec<Line>> = Vec::new();
    for Block { title, lines } in blocks {
        let needed = 2 + lines.len().min(2);
        match columns.last_mut().filter(|column| column.len() + needed <= room) {
            Some(column) => column.push(Line::default()),
            None => columns.push(Vec::new()),
        }
        for line in std::iter::once(Line { help: title, ..Line::default() }).chain(lines) {
            match columns.last_mut().filter(|column| column.len() < room) {
                Some(column) => column.push(line),
                None => columns.push(vec![line]),
            }
        }
    }
    columns
}

/// Columns of text that fit beside each other.
fn beside(cells: usize) -> usize {
    if cells >= 78 { 2 } else { 1 }
}

/// How many pages there are on a body of this size.
pub(crate) fn pages(model: &Model, search: &str, (cells, height): (usize, usize)) -> usize {
    columns(blocks(model, search), height.saturating_sub(2).max(1)).len().div_ceil(beside(cells)).max(1)
}

/// Draws a page of the help over the body.
pub(crate) fn draw(model: &Model, search: &str, page: usize, pen: &mut Pen<'_>) {
    let (cells, height) = (pen.width(), pen.height());
    let pages = pages(model, search, (cells, height));
    let page = page.min(pages - 1);
    let of_pages = if pages > 1 { format!("   page {} of {pages}", page + 1) } else { String::new() };
    pen.pieces(1, 0, [(Tone::Bold, format!("keys in {}", model.place.view.name()).as_str()), (Tone::Dim, &of_pages)]);
    let hint = if search.is_empty() { "type to search".to_string() } else { format!("search {search}▏") };
    pen.right(cells.saturating_sub(1), 0, Tone::Dim, &hint);
    let all = columns(blocks(model, search), height.saturating_sub(2).max(1));
    let (beside, mut x) = (beside(cells), 1);
    for column in all.iter().skip(page * beside).take(beside) {
        let keys = column.iter().map(|line| width(&line.keys)).max().unwrap_or_default();
        for (y, line) in column.iter().enumerate() {
            draw_line(line, keys, (x, y + 2), cells / beside, pen);
        }
        x += cells / beside;
    }
}

fn draw_line(line: &Line, keys: usize, (x, y): (usize, usize), cells: usize, pen: &mut Pen<'_>) {
    if line.keys.is_empty() {
        pen.text(x, y, Tone::Bold, &cut(line.help, cells.saturating_sub(2)));
        return;
    }
    pen.text(x, y, if line.is_impossible { Tone::Dim } else { Tone::Text }, &line.keys);
    pen.text(x + keys + 2, y, Tone::Dim, &cut(line.help, cells.saturating_sub(keys + 3)));
}
