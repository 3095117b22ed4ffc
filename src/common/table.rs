//! Tables of text: columns as wide as they need to be, the last one wrapped where the line would be too long.

use std::io::{self, Write};

use super::style::{self, Paint, length};

/// A table that is filled row by row.
#[derive(Debug)]
pub(crate) struct Table {
    heads: Vec<Head>,
    rows: Vec<Vec<String>>,
}

/// The head of a column.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Head {
    /// words, to the left
    Left(&'static str),
    /// numbers, to the right
    Right(&'static str),
}

const GAP: &str = "  ";

impl Head {
    fn text(&self) -> &'static str {
        match self {
            Head::Left(text) | Head::Right(text) => text,
        }
    }

    fn pad(&self, text: &str, columns: usize) -> String {
        match self {
            Head::Left(_) => format!("{text:<columns$}"),
            Head::Right(_) => format!("{text:>columns$}"),
        }
    }
}

impl Table {
    /// A table without rows.
    pub(crate) fn new(heads: impl IntoIterator<Item = Head>) -> Table {
        Table { heads: heads.into_iter().collect(), rows: Vec::new() }
    }

    /// Adds a row, with a text for each column.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Heads and rows as lines of at most so many columns, if the last column can be wrapped to that.
    pub(crate) fn lines(&self, columns: usize) -> Vec<String> {
        let heads: Vec<String> = self.heads.iter().map(|head| head.text().to_string()).collect();
        let is_headless = heads.iter().all(String::is_empty);
        let rows = || (!is_headless).then_some(&heads).into_iter().chain(&self.rows);
        let width = |column: usize| rows().filter_map(|row| row.get(column)).map(|cell| length(cell)).max();
        let mut widths: Vec<usize> = (0..self.heads.len()).map(|column| width(column).unwrap_or(0)).collect();
        if let (Some(Head::Left(_)), Some((last, others))) = (self.heads.last(), widths.split_last_mut()) {
            let before: usize = others.iter().map(|width| width + GAP.len()).sum();
            *last = (*last).min(columns.saturating_sub(before).max(20));
        }
        rows().flat_map(|row| self.row_lines(row, &widths)).collect()
    }

    fn row_lines(&self, row: &[String], widths: &[usize]) -> Vec<String> {
        let last = widths.len().saturating_sub(1);
        let cell = |column: usize| row.get(column).map_or("", String::as_str);
        let lead: String = (0..last).map(|column| self.heads[column].pad(cell(column), widths[column]) + GAP).collect();
        let Some(head) = self.heads.last() else { return Vec::new() };
        let wrapped = match head {
            Head::Left(_) => style::wrap(cell(last), widths[last]),
            Head::Right(_) => vec![cell(last).to_string()],
        };
        let blank = " ".repeat(length(&lead));
        let line = |(number, text): (usize, &String)| {
            let lead = if number == 0 { &lead } else { &blank };
            format!("{lead}{}", head.pad(text, widths[last])).trim_end().to_string()
        };
        wrapped.iter().enumerate().map(line).collect()
    }

    /// Prints it on standard output, indented.
    pub(crate) fn print(&self, indent: usize) -> io::Result<()> {
        let (paint, mut out) = (Paint::stdout(), io::stdout().lock());
        let has_heads = self.heads.iter().any(|head| !head.text().is_empty());
        for (number, line) in self.lines(style::columns().saturating_sub(indent)).iter().enumerate() {
            let line = if number == 0 && has_heads { paint.dim(line) } else { line.clone() };
            writeln!(out, "{:indent$}{line}", "")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_the_last_is_wrapped() {
        let mut table = Table::new([Head::Left("name"), Head::Right("n"), Head::Left("what it is")]);
        table.row(["a".into(), "10".into(), "first".into()]);
        table.row(["long".into(), "2".into(), "words that do not fit in one line".into()]);
        assert_eq!(
            table.lines(32),
            ["name   n  what it is", "a     10  first", "long   2  words that do not fit", "          in one line"]
        );
    }

    #[test]
    fn numbers_are_to_the_right() {
        let mut table = Table::new([Head::Left("topic"), Head::Right("records")]);
        table.row(["t".into(), "7".into()]);
        assert_eq!(table.lines(80), ["topic  records", "t            7"]);
    }
}
