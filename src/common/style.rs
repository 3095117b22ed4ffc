//! How text looks on a terminal: its width, colours where they are wanted, lines that fit.

use std::env;
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;

/// Colours, or none: not off a terminal, nor where `NO_COLOR` is set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Paint {
    is_on: bool,
}

impl Paint {
    /// For standard output.
    pub(crate) fn stdout() -> Paint {
        Paint { is_on: io::stdout().is_terminal() && wants_colour() }
    }

    /// For standard error.
    pub(crate) fn stderr() -> Paint {
        Paint { is_on: io::stderr().is_terminal() && wants_colour() }
    }

    /// Without colours.
    #[cfg(test)]
    pub(crate) fn plain() -> Paint {
        Paint { is_on: false }
    }

    /// Whether there are colours.
    pub(crate) fn is_on(self) -> bool {
        self.is_on
    }

    /// What went wrong.
    pub(crate) fn red(self, text: &str) -> String {
        self.with("1;31", text)
    }

    /// What went well.
    pub(crate) fn green(self, text: &str) -> String {
        self.with("32", text)
    }

    /// What deserves a look.
    pub(crate) fn yellow(self, text: &str) -> String {
        self.with("33", text)
    }

    /// What helps.
    pub(crate) fn cyan(self, text: &str) -> String {
        self.with("36", text)
    }

    /// Names and headings.
    pub(crate) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    /// What matters less.
    pub(crate) fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        match self.is_on && !text.is_empty() {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_string(),
        }
    }
}

fn wants_colour() -> bool {
    env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) && !is_dumb()
}

/// A terminal that only prints.
pub(crate) fn is_dumb() -> bool {
    env::var_os("TERM").is_none_or(|term| term == "dumb" || term.is_empty())
}

/// Rows and columns of a terminal; none where it is none.
pub(crate) fn size(of: impl AsFd) -> Option<(usize, usize)> {
    let size = rustix::termios::tcgetwinsize(of).ok()?;
    (size.ws_row > 0 && size.ws_col > 0).then_some((size.ws_row.into(), size.ws_col.into()))
}

/// Columns that text for people may take: those of the terminal, at most 100; 80 elsewhere.
pub(crate) fn columns() -> usize {
    let size = size(io::stdout()).or_else(|| size(io::stderr()));
    size.map_or(80, |(_, columns)| columns.clamp(40, 100))
}

/// Columns that a text takes, if no character is wide.
pub(crate) fn length(text: &str) -> usize {
    text.chars().count()
}

/// The text, cut with `…` where it is longer.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if length(text) <= columns {
        return text.to_string();
    }
    text.chars().take(columns.saturating_sub(1)).chain(['…']).collect()
}

/// Words of a text in lines of at most so many columns; a longer word has a line for itself.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let taken = lines.last().map_or(0, |line| length(line));
        match lines.last_mut() {
            Some(line) if taken == 0 => line.push_str(word),
            Some(line) if taken + 1 + length(word) <= columns => line.extend([" ", word]),
            _ => lines.push(word.to_string()),
        }
    }
    lines
}

/// Markdown's paragraphs and lists in lines of at most so many columns, indented.
pub(crate) fn wrap_markdown(text: &str, indent: usize, columns: usize) -> Vec<String> {
    let mut paragraphs: Vec<String> = vec![String::new()];
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with("- ") {
            paragraphs.push(String::new());
        }
        if let Some(paragraph) = paragraphs.last_mut().filter(|_| !line.is_empty()) {
            paragraph.push_str(if paragraph.is_empty() { "" } else { " " });
            paragraph.push_str(line);
        }
    }
    let mut lines: Vec<String> = Vec::new();
    let mut was_item = false;
    for paragraph in paragraphs.iter().filter(|paragraph| !paragraph.is_empty()) {
        let is_item = paragraph.starts_with("- ");
        let goes_on = is_item && was_item;
        if !goes_on && !lines.is_empty() {
            lines.push(String::new());
        }
        was_item = is_item;
        let (bullet, text) = match paragraph.strip_prefix("- ") {
            Some(text) => ("- ", text),
            None => ("", paragraph.as_str()),
        };
        for (number, line) in wrap(text, columns.saturating_sub(indent + bullet.len())).into_iter().enumerate() {
            let lead = if number == 0 { bullet } else { &"  "[..bullet.len()] };
            lines.push(format!("{:indent$}{lead}{line}", ""));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_go_on_in_the_next_line() {
        for (text, columns, lines) in [
            ("one two three", 7, vec!["one two", "three"]),
            ("one", 2, vec!["one"]),
            ("a longword b", 4, vec!["a", "longword", "b"]),
            ("", 4, vec![""]),
        ] {
            assert_eq!(wrap(text, columns), lines);
        }
    }

    #[test]
    fn paragraphs_and_lists_keep_their_shape() {
        let text = "One two\nthree.\n\n- first\n  item\n- second\n\nLast.";
        assert_eq!(
            wrap_markdown(text, 2, 12),
            ["  One two", "  three.", "", "  - first", "    item", "  - second", "", "  Last."]
        );
    }

    #[test]
    fn what_is_too_long_is_cut() {
        assert_eq!((cut("abc", 3), cut("abcd", 3), cut("äöüß", 3)), ("abc".into(), "ab…".into(), "äö…".into()));
    }
}
