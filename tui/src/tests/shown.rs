//! Screens as text: what is written, and below it which cells have which style, so that a reviewer reads both.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier};

use crate::model::Model;
use crate::views;

pub(super) fn drawn(model: &Model) -> Buffer {
    let mut buffer = Buffer::empty(Rect::new(0, 0, views::side(model.size.0), views::side(model.size.1)));
    views::draw(model, &mut buffer);
    buffer
}

fn lines(buffer: &Buffer) -> impl Iterator<Item = &[Cell]> {
    buffer.content.chunks(usize::from(buffer.area.width).max(1))
}

fn written(line: &[Cell]) -> String {
    line.iter().map(Cell::symbol).collect::<String>().trim_end().to_string()
}

/// A screen as its lines.
pub(super) fn text(model: &Model) -> String {
    lines(&drawn(model)).map(written).collect::<Vec<_>>().join("\n")
}

/// A screen as its lines, and below them the styles: for each line, or several that are styled alike, the runs of cells
/// that are not plain, as `B1-18`.
pub(super) fn styled(model: &Model) -> String {
    let buffer = drawn(model);
    let all: Vec<(usize, String)> = lines(&buffer).map(runs).enumerate().collect();
    let alike = all.chunk_by(|(_, a), (_, b)| a == b).filter(|alike| !alike[0].1.is_empty());
    let styles = alike.map(|alike| {
        let (first, last) = (alike[0].0, alike[alike.len() - 1].0);
        let rows = if first == last { first.to_string() } else { format!("{first}-{last}") };
        format!("{rows:>5}: {}", alike[0].1)
    });
    let styles: Vec<String> = styles.collect();
    format!("{}\n\n{}", lines(&buffer).map(written).collect::<Vec<_>>().join("\n"), styles.join("\n"))
}

/// What differs of a screen from the one before: lines by their number, each with its styles.
pub(super) fn changed(before: &Buffer, now: &Buffer) -> String {
    let pairs = lines(before).zip(lines(now)).enumerate().filter(|(_, (before, now))| before != now);
    let told = pairs.map(|(y, (_, now))| format!("{y:>3} {}\n    {}", written(now), runs(now)).trim_end().to_string());
    told.collect::<Vec<_>>().join("\n")
}

/// Runs of cells of one style that are not plain.
fn runs(line: &[Cell]) -> String {
    let letters: Vec<(usize, char)> = line.iter().map(letter).enumerate().collect();
    let runs = letters.chunk_by(|(_, a), (_, b)| a == b).filter(|run| run[0].1 != ' ');
    let told = runs.map(|run| {
        let (first, last) = (run[0].0, run[run.len() - 1].0);
        if first == last { format!("{}{first}", run[0].1) } else { format!("{}{first}-{last}", run[0].1) }
    });
    told.collect::<Vec<_>>().join(" ")
}

/// One letter for the style of a cell: its colour, in capitals where it is bold, or its weight; reversed is `%`, and in a
/// colour `#`.
fn letter(cell: &Cell) -> char {
    let colour = match cell.fg {
        Color::Red => Some('r'),
        Color::Yellow => Some('y'),
        Color::Cyan => Some('c'),
        Color::Magenta => Some('m'),
        Color::Blue => Some('b'),
        Color::Reset => None,
        other => panic!("no letter for {other:?}"),
    };
    match (colour, cell.modifier) {
        (Some(_), weight) if weight.contains(Modifier::REVERSED) => '#',
        (None, weight) if weight.contains(Modifier::REVERSED) => '%',
        (Some(colour), weight) if weight.contains(Modifier::BOLD) => colour.to_ascii_uppercase(),
        (Some(colour), _) => colour,
        (None, weight) if weight.contains(Modifier::BOLD) => 'B',
        (None, weight) if weight.contains(Modifier::DIM) => '.',
        _ => ' ',
    }
}
