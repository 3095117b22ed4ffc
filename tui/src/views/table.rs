//! Tables: columns on fixed edges, the marker in front, the rows that fit around the selected one. Which columns go first
//! where room is short, each says itself.

use std::collections::HashMap;

use crate::model::place::List;
use crate::pen::{Pen, cut, cut_middle, width};
use crate::theme::Tone;

/// A table, before it is filtered, sorted and cut.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Row>,
}

/// A column.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) head: String,
    /// cells, the blank in front not among them
    pub(crate) width: usize,
    pub(crate) side: Side,
    /// those with higher numbers go first; 0 stays
    pub(crate) gives_up: u8,
    /// it takes what room is left
    pub(crate) grows: bool,
}

/// How text stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// from the left, cut at the end
    Left,
    /// a name: from the left, cut in the middle
    Name,
    /// up to the right
    Right,
}

/// A row.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row {
    /// what it is known by
    pub(crate) key: String,
    /// the key of the row that it belongs to
    pub(crate) part_of: Option<String>,
    /// `+` or `-`: it has parts, which are hidden or shown
    pub(crate) fold: Option<char>,
    pub(crate) cells: Vec<Cell>,
    /// it is not well
    pub(crate) is_bad: bool,
    /// what was known of it is old
    pub(crate) is_dim: bool,
}

/// A cell: its text, and the number by which it is sorted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cell {
    pub(crate) tone: Tone,
    pub(crate) text: String,
    pub(crate) value: f64,
}

impl Cell {
    pub(crate) fn new(text: impl Into<String>) -> Cell {
        Cell { text: text.into(), ..Cell::default() }
    }

    pub(crate) fn tone(self, tone: Tone) -> Cell {
        Cell { tone, ..self }
    }

    pub(crate) fn value(self, value: f64) -> Cell {
        Cell { value, ..self }
    }
}

impl Column {
    pub(crate) fn left(head: &str, width: usize) -> Column {
        Column { head: head.into(), width, side: Side::Left, gives_up: 0, grows: false }
    }

    pub(crate) fn name(head: &str, width: usize) -> Column {
        Column { side: Side::Name, ..Column::left(head, width) }
    }

    pub(crate) fn right(head: &str, width: usize) -> Column {
        Column { side: Side::Right, ..Column::left(head, width) }
    }

    pub(crate) fn gives_up(self, gives_up: u8) -> Column {
        Column { gives_up, ..self }
    }

    pub(crate) fn grows(self) -> Column {
        Column { grows: true, ..self }
    }
}

impl Table {
    /// The rows that are shown, in their order: filtered, folded, sorted within what they belong to.
    pub(crate) fn shown(&self, list: &List) -> Vec<&Row> {
        let passes = |row: &Row| {
            (!list.only_bad || row.is_bad) && list.filter.as_ref().is_none_or(|filter| filter.passes(&self.text(row)))
        };
        let is_narrowed = list.only_bad || list.filter.is_some();
        let mut parts_of: HashMap<&str, Vec<&Row>> = HashMap::new();
        for row in &self.rows {
            if let Some(whole) = &row.part_of {
                parts_of.entry(whole).or_default().push(row);
            }
        }
        let mut shown = Vec::new();
        for row in self.sorted(self.rows.iter().filter(|row| row.part_of.is_none()).collect(), list) {
            let parts = parts_of.remove(row.key.as_str()).unwrap_or_default();
            let parts: Vec<&Row> = parts.into_iter().filter(|part| !is_narrowed || passes(part)).collect();
            if !is_narrowed || passes(row) || !parts.is_empty() {
                shown.push(row);
                if !list.folded.contains(&row.key) {
                    shown.extend(self.sorted(parts, list));
                }
            }
        }
        shown
    }

    /// What filters look at: the key and words; figures change too fast to be looked for.
    fn text(&self, row: &Row) -> String {
        let words = self.columns.iter().zip(&row.cells).filter(|(column, _)| column.side != Side::Right);
        let texts: Vec<&str> = words.map(|(_, cell)| cell.text.as_str()).collect();
        format!("{} {}", row.key, texts.join(" "))
    }

    fn sorted<'a>(&self, mut rows: Vec<&'a Row>, list: &List) -> Vec<&'a Row> {
        if let Some((column, ascending)) = list.sort {
            let value = |row: &Row| row.cells.get(column).map_or(f64::NAN, |cell| cell.value);
            // Stable: what is equal stays in its order.
            rows.sort_by(|a, b| {
                let order = value(a).total_cmp(&value(b));
                if ascending { order } else { order.reverse() }
            });
        }
        rows
    }

    /// The columns that fit, by their places, and where each ends.
    fn fitting(&self, cells: usize) -> Vec<(usize, usize, usize)> {
        let needed = |kept: &[usize]| kept.iter().map(|place| self.columns[*place].width + 1).sum::<usize>() + 3;
        let mut kept: Vec<usize> = (0..self.columns.len()).collect();
        while needed(&kept) > cells {
            let last = kept.iter().copied().filter(|place| self.columns[*place].gives_up > 0);
            let Some(last) = last.max_by_key(|place| self.columns[*place].gives_up) else { break };
            kept.retain(|place| *place != last);
        }
        let growing = kept.iter().filter(|place| self.columns[**place].grows).count();
        let more = cells.saturating_sub(needed(&kept)).checked_div(growing).unwrap_or_default().min(40);
        let mut x = 3;
        kept.iter()
            .map(|&place| {
                let column = &self.columns[place];
                let width = column.width + if column.grows { more } else { 0 };
                // What is cut at the border of the screen says so.
                let width = if column.side == Side::Right { width } else { width.min(cells.saturating_sub(x)) };
                let start = x;
                x += width + 1;
                (place, start, width)
            })
            .collect()
    }

    /// Where a column stands among so many cells, and how wide it is.
    pub(crate) fn place_of(&self, cells: usize, column: usize) -> Option<(usize, usize)> {
        self.fitting(cells).into_iter().find(|(place, ..)| *place == column).map(|(_, x, width)| (x, width))
    }

    /// Draws heads and rows. Returns the place of the first row on the screen.
    pub(crate) fn draw(&self, list: &List, pen: &mut Pen<'_>) -> usize {
        let columns = self.fitting(pen.width());
        for (place, x, cells) in &columns {
            let column = &self.columns[*place];
            let sorted = list.sort.filter(|(by, _)| by == place);
            let tone = if sorted.is_some() { Tone::Bold } else { Tone::Dim };
            // The head of names stands above the marker.
            let is_long = *x == 3 && width(&column.head) > *cells;
            let (x, cells) = if is_long { (1, cells + 2) } else { (*x, *cells) };
            write(pen, x, 0, cells, column, tone, &column.head);
        }
        let rows = self.shown(list);
        let room = pen.height().saturating_sub(1);
        let top = first_shown(&rows, list, room);
        for (y, row) in rows.iter().skip(top).take(room).enumerate() {
            self.row(row, list, &columns, y + 1, pen);
        }
        if rows.is_empty() {
            let text = if self.rows.is_empty() { "" } else { "nothing passes the filter; esc clears it" };
            pen.text(3, 1, Tone::Dim, text);
        }
        top
    }

    fn row(&self, row: &Row, list: &List, columns: &[(usize, usize, usize)], y: usize, pen: &mut Pen<'_>) {
        let is_chosen = list.chosen.as_ref() == Some(&row.key);
        let sign = match (is_chosen, row.fold) {
            (true, _) => "▸".to_string(),
            (_, Some(_)) if list.folded.contains(&row.key) => "+".to_string(),
            (_, Some(sign)) => sign.to_string(),
            _ => " ".to_string(),
        };
        pen.text(1, y, Tone::Bold, &sign);
        for (place, x, cells) in columns {
            let Some(cell) = row.cells.get(*place) else { continue };
            let tone = match (is_chosen, row.is_dim) {
                (_, true) => Tone::Dim,
                (true, _) if *place == 0 => Tone::Chosen,
                _ => cell.tone,
            };
            write(pen, *x, y, *cells, &self.columns[*place], tone, &cell.text);
        }
    }
}

fn write(pen: &mut Pen<'_>, x: usize, y: usize, cells: usize, column: &Column, tone: Tone, text: &str) {
    match column.side {
        Side::Right => pen.right(x + cells, y, tone, &cut(text, cells.max(width(text).min(cells)))),
        Side::Left => {
            pen.text(x, y, tone, &cut(text, cells));
        }
        Side::Name => {
            pen.text(x, y, tone, &cut_middle(text, cells));
        }
    }
}

/// The first row on the screen, so that the selected one is on it.
fn first_shown(rows: &[&Row], list: &List, room: usize) -> usize {
    let most = rows.len().saturating_sub(room);
    let Some(chosen) = rows.iter().position(|row| list.chosen.as_ref() == Some(&row.key)) else {
        return list.top.min(most);
    };
    list.top.min(chosen).max((chosen + 1).saturating_sub(room)).min(most)
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;

    use super::*;
    use crate::model::filter::Filter;

    fn table() -> Table {
        let row = |key: &str, part_of: Option<&str>, value: f64| Row {
            key: key.into(),
            part_of: part_of.map(str::to_string),
            fold: part_of.is_none().then_some('-'),
            cells: vec![Cell::new(key), Cell::new(value.to_string()).value(value), Cell::new("more")],
            is_bad: value > 2.0,
            ..Row::default()
        };
        Table {
            columns: vec![Column::name("NAME", 6), Column::right("LAG", 5), Column::left("REST", 6).gives_up(1)],
            rows: vec![
                row("a", None, 4.0),
                row("a-0", Some("a"), 1.0),
                row("a-1", Some("a"), 3.0),
                row("b", None, 0.0),
            ],
        }
    }

    fn keys(list: &List) -> Vec<String> {
        table().shown(list).iter().map(|row| row.key.clone()).collect()
    }

    #[test]
    fn rows_are_folded_filtered_and_sorted() {
        let list = List::default();
        assert_eq!(keys(&list), ["a", "a-0", "a-1", "b"]);
        assert_eq!(keys(&List { sort: Some((1, true)), ..list.clone() }), ["b", "a", "a-0", "a-1"]);
        assert_eq!(keys(&List { sort: Some((1, false)), ..list.clone() }), ["a", "a-1", "a-0", "b"]);
        assert_eq!(keys(&List { folded: ["a".to_string()].into(), ..list.clone() }), ["a", "b"]);
        assert_eq!(keys(&List { only_bad: true, ..list.clone() }), ["a", "a-1"]);
        assert_eq!(keys(&List { filter: Filter::new("a-0"), ..list.clone() }), ["a", "a-0"]);
        assert_eq!(keys(&List { filter: Filter::new("!a"), ..list }), ["b"]);
    }

    #[test]
    fn columns_give_up_and_the_selected_row_is_in_sight() {
        for (columns, lines, chosen, text) in [
            (
                30,
                5,
                None,
                "   NAME     LAG REST\n - a          4 more\n   a-0        1 more\n   a-1        3 more\n - b          0 more",
            ),
            (18, 3, Some("b"), "   NAME     LAG\n   a-1        3\n ▸ b          0"),
            (4, 2, Some("a"), " NA…\n ▸ a"),
        ] {
            let mut buffer = Buffer::empty(Rect::new(0, 0, columns, lines));
            let area = buffer.area;
            let list = List { chosen: chosen.map(str::to_string), ..List::default() };
            table().draw(&list, &mut Pen::new(&mut buffer, area));
            let lines = buffer.content.chunks(columns.into());
            let lines: Vec<String> = lines
                .map(|line| line.iter().map(|cell| cell.symbol()).collect::<String>().trim_end().to_string())
                .collect();
            assert_eq!(lines.join("\n"), text);
        }
    }
}
