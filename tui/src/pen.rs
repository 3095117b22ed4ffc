//! Writing on a part of the screen: text at a cell, from the left or up to the right, cut at the borders. Widths are in
//! cells; a wide character counts as two.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Span;

use crate::theme::{HEIGHTS, Tone};

/// Cells that a text takes.
pub(crate) fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { Span::raw(text).width() }
}

/// The beginning of a text that takes at most so many cells, with `…` where it is cut.
pub(crate) fn cut(text: &str, cells: usize) -> String {
    if width(text) <= cells {
        return text.to_string();
    }
    head(text, cells.saturating_sub(1)).to_string() + if cells > 0 { "…" } else { "" }
}

/// The first words of a text that take at most so many cells, with `…` where more follow.
pub(crate) fn cut_words(text: &str, cells: usize) -> String {
    if width(text) <= cells {
        return text.to_string();
    }
    let kept = head(text, cells.saturating_sub(1));
    let is_whole = text[kept.len()..].starts_with(char::is_whitespace);
    let end = if is_whole { Some(kept.len()) } else { kept.rfind(char::is_whitespace) };
    // A first word that is too long is cut as a text is.
    match end.map(|end| kept[..end].trim_end()).filter(|words| !words.is_empty()) {
        Some(words) => format!("{}…", words.trim_end_matches(['.', ',', ';', ':'])),
        None => cut(text, cells),
    }
}

/// As many parts from the first on as fit whole, three blanks between; of the first as many words as fit.
pub(crate) fn parts_that_fit<T: AsRef<str>>(parts: impl IntoIterator<Item = T>, cells: usize) -> String {
    let mut line = String::new();
    for part in parts {
        let part = part.as_ref();
        match line.as_str() {
            _ if part.is_empty() => {}
            "" => line = cut_words(part, cells),
            before if width(before) + 3 + width(part) <= cells => line = format!("{before}   {part}"),
            _ => break,
        }
    }
    line
}

/// A name in at most so many cells, `…` in the middle where it is cut.
pub(crate) fn cut_middle(name: &str, cells: usize) -> String {
    if width(name) <= cells {
        return name.to_string();
    }
    if cells < 4 {
        return cut(name, cells);
    }
    let back = (cells - 1) / 3;
    let front = head(name, cells - 1 - back);
    let mut tail = name;
    while width(tail) > back {
        let mut letters = tail.chars();
        letters.next();
        tail = letters.as_str();
    }
    format!("{front}…{tail}")
}

/// As much of a text as fits.
fn head(text: &str, cells: usize) -> &str {
    let mut taken = 0;
    for (place, letter) in text.char_indices() {
        taken += width(letter.encode_utf8(&mut [0; 4]));
        if taken > cells {
            return &text[..place];
        }
    }
    text
}

/// Words of a text in lines of at most so many cells; a longer word is cut.
pub(crate) fn wrap(text: &str, cells: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= cells => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(cut(word, cells)),
        }
    }
    lines
}

/// A sentence in at most so many lines, at least one; what fits in one stands as it is written.
pub(crate) fn sentence(text: &str, cells: usize, most: usize) -> Vec<String> {
    if width(text) <= cells {
        return vec![text.to_string()];
    }
    let mut lines = wrap(text, cells);
    if lines.len() > most {
        let rest = lines.split_off(most.saturating_sub(1)).join(" ");
        lines.push(cut_words(&rest, cells));
    }
    lines
}

/// A part of the screen to write on; its cells count from its own corner.
pub(crate) struct Pen<'a> {
    buffer: &'a mut Buffer,
    area: Rect,
}

impl<'a> Pen<'a> {
    pub(crate) fn new(buffer: &'a mut Buffer, area: Rect) -> Pen<'a> {
        let area = area.intersection(buffer.area);
        Pen { buffer, area }
    }

    pub(crate) fn width(&self) -> usize {
        self.area.width.into()
    }

    pub(crate) fn height(&self) -> usize {
        self.area.height.into()
    }

    /// A part of this part, from a line and a column on, at most so large.
    pub(crate) fn part(&mut self, x: usize, y: usize, width: usize, height: usize) -> Pen<'_> {
        let x = x.min(self.width());
        let y = y.min(self.height());
        let width = width.min(self.width() - x);
        let height = height.min(self.height() - y);
        // All are at most as large as the area, whose sides are u16.
        let area = Rect::new(self.area.x + x as u16, self.area.y + y as u16, width as u16, height as u16);
        Pen { buffer: self.buffer, area }
    }

    /// Lines of this part, from one on.
    pub(crate) fn lines(&mut self, from: usize, count: usize) -> Pen<'_> {
        let width = self.width();
        self.part(0, from, width, count)
    }

    /// Empties it.
    pub(crate) fn clear(&mut self) {
        for y in self.area.top()..self.area.bottom() {
            for x in self.area.left()..self.area.right() {
                if let Some(cell) = self.buffer.cell_mut((x, y)) {
                    cell.reset();
                }
            }
        }
    }

    /// Draws a border around its cells.
    pub(crate) fn frame(&mut self, tone: Tone) {
        let (Some(right), Some(bottom)) = (self.width().checked_sub(1), self.height().checked_sub(1)) else { return };
        let line = "─".repeat(right.saturating_sub(1));
        self.text(0, 0, tone, &format!("╭{line}╮"));
        self.text(0, bottom, tone, &format!("╰{line}╯"));
        for y in 1..bottom {
            self.text(0, y, tone, "│");
            self.text(right, y, tone, "│");
        }
    }

    /// Writes from a cell to the right and returns the column behind.
    pub(crate) fn text(&mut self, x: usize, y: usize, tone: Tone, text: &str) -> usize {
        if x >= self.width() || y >= self.height() {
            return x;
        }
        let room = self.width() - x;
        let (at_x, at_y) = (self.area.x + x as u16, self.area.y + y as u16);
        let (end, _) = self.buffer.set_stringn(at_x, at_y, text, room, tone.style());
        usize::from(end - self.area.x)
    }

    /// Writes so that the text ends in front of a column.
    pub(crate) fn right(&mut self, end: usize, y: usize, tone: Tone, text: &str) {
        let taken = width(text);
        match end.checked_sub(taken) {
            Some(x) => self.text(x, y, tone, text),
            None => self.text(0, y, tone, &cut(text, end)),
        };
    }

    /// Writes pieces one after the other and returns the column behind.
    pub(crate) fn pieces<'t>(
        &mut self,
        x: usize,
        y: usize,
        pieces: impl IntoIterator<Item = (Tone, &'t str)>,
    ) -> usize {
        pieces.into_iter().fold(x, |x, (tone, text)| self.text(x, y, tone, text))
    }

    /// Gives cells of a line a tone, whatever is written there.
    pub(crate) fn tint(&mut self, x: usize, y: usize, cells: usize, tone: Tone) {
        for x in x..(x + cells).min(self.width()) {
            if y < self.height()
                && let Some(cell) = self.buffer.cell_mut((self.area.x + x as u16, self.area.y + y as u16))
            {
                cell.set_style(tone.style());
            }
        }
    }

    /// Copies a drawing from one of its cells on, behind so many columns.
    pub(crate) fn copy(&mut self, drawing: &Buffer, left: usize, top: usize, margin: usize) {
        for y in 0..self.height() {
            for x in margin..self.width() {
                let from = (u16::try_from(x - margin + left), u16::try_from(y + top));
                let (Ok(from_x), Ok(from_y)) = from else { continue };
                let to = (self.area.x + x as u16, self.area.y + y as u16);
                if let (Some(cell), Some(into)) = (drawing.cell((from_x, from_y)), self.buffer.cell_mut(to)) {
                    *into = cell.clone();
                }
            }
        }
    }

    /// What is written in a cell; blank beyond the borders.
    pub(crate) fn symbol(&self, x: usize, y: usize) -> &str {
        if x >= self.width() || y >= self.height() {
            return " ";
        }
        let cell = self.buffer.cell((self.area.x + x as u16, self.area.y + y as u16));
        cell.map_or(" ", |cell| cell.symbol())
    }
}

/// Shares of time as whole cells: busy, back-pressured, the rest idle.
pub(crate) fn bar(pen: &mut Pen<'_>, x: usize, y: usize, cells: usize, busy: f64, pressed: f64) {
    let part = |share: f64| (share.clamp(0.0, 1.0) * cells as f64).round() as usize;
    let busy = part(busy).min(cells);
    let pressed = part(pressed).min(cells - busy);
    let pieces = [(Tone::Text, "■", busy), (Tone::Warn, "□", pressed), (Tone::Dim, "·", cells - busy - pressed)];
    let pieces: Vec<(Tone, String)> = pieces.map(|(tone, glyph, count)| (tone, glyph.repeat(count))).to_vec();
    pen.pieces(x, y, pieces.iter().map(|(tone, text)| (*tone, text.as_str())));
}

/// Heights of values over what is the largest of them, or given; one cell each, blank where there is none. `top` is the
/// highest glyph: 7 in rows of a table, 8 in a strip of its own.
pub(crate) fn spark(values: &[Option<f64>], largest: Option<f64>, top: usize) -> String {
    let largest = largest.unwrap_or_else(|| values.iter().flatten().copied().fold(0.0, f64::max));
    let glyph = |value: f64| {
        let share = if largest > 0.0 { (value / largest).clamp(0.0, 1.0) } else { 0.0 };
        HEIGHTS[((share * (top - 1) as f64).round() as usize).min(HEIGHTS.len() - 1)]
    };
    values.iter().map(|value| value.map_or(" ", glyph)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_in_the_middle_and_sentences_at_the_end() {
        for (text, cells, middle, end) in [
            ("orders-enriched", 15, "orders-enriched", "orders-enriched"),
            ("orders-enriched", 12, "orders-e…hed", "orders-enri…"),
            ("orders", 3, "or…", "or…"),
            ("orders", 0, "", ""),
            ("日本語の名前", 7, "日本…前", "日本語…"),
        ] {
            assert_eq!(cut_middle(text, cells), middle, "{text} in {cells}");
            assert_eq!(cut(text, cells), end, "{text} in {cells}");
            assert!(width(&cut_middle(text, cells)) <= cells && width(&cut(text, cells)) <= cells);
        }
    }

    #[test]
    fn nothing_is_written_beyond_the_borders() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 6, 3));
        let mut pen = Pen::new(&mut buffer, Rect::new(1, 1, 4, 1));
        assert_eq!(pen.text(2, 0, Tone::Text, "abc"), 4);
        pen.right(2, 0, Tone::Text, "xyz");
        pen.text(9, 9, Tone::Text, "no");
        pen.tint(3, 0, 99, Tone::Bold);
        assert_eq!((pen.symbol(1, 0), pen.symbol(7, 7)), ("…", " "));
        let lines: Vec<String> =
            buffer.content.chunks(6).map(|line| line.iter().map(|cell| cell.symbol()).collect()).collect();
        assert_eq!(lines, ["      ", " x…ab ", "      "]);
    }

    #[test]
    fn sentences_and_parts_end_with_whole_words() {
        for (text, cells, cut, two) in [
            ("it is full", 10, "it is full", "it is full"),
            ("it is full", 9, "it is…", "it is|full"),
            ("it is full of it", 6, "it is…", "it is|full…"),
            ("overflowing", 5, "over…", "over…"),
        ] {
            assert_eq!(cut_words(text, cells), cut, "{text} in {cells}");
            assert_eq!(sentence(text, cells, 2).join("|"), two, "{text} in {cells}");
        }
        for (cells, line) in [(20, "in 5   out 4   p50 1"), (19, "in 5   out 4"), (4, "in 5"), (3, "in…")] {
            assert_eq!(parts_that_fit(["in 5", "", "out 4", "p50 1"], cells), line, "in {cells}");
        }
    }

    #[test]
    fn words_go_on_in_the_next_line() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("", 7), [""; 0]);
        assert_eq!(wrap("toolongword", 4), ["too…"]);
    }
}
