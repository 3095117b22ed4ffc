//! Lines at the foot of the terminal, redrawn in place. The rows above them scroll by themselves, so that what sinks and
//! the log write meanwhile goes there undisturbed.

use std::io::{self, Write};

use crate::common::style::{self, length};

/// The foot of the terminal, taken from the first drawing until it is dropped.
#[derive(Debug, Default)]
pub(super) struct Live {
    /// rows taken, and the size that the terminal had then
    taken: Option<(usize, (usize, usize))>,
}

impl Live {
    /// Draws the lines (which may hold colours); those for which there is no room are counted.
    pub(super) fn draw(&mut self, lines: &[String]) {
        let Some((rows, columns)) = style::size(io::stderr()) else { return };
        // At most half of the screen is taken; a screen of a few rows is left alone.
        let room = rows / 2;
        if room < 2 {
            return;
        }
        let mut shown: Vec<String> = lines.iter().take(room).cloned().collect();
        if lines.len() > room {
            shown.truncate(room - 1);
            shown.push(format!("… {} more", lines.len() - shown.len()));
        }
        let mut text = String::new();
        if self.taken != Some((shown.len(), (rows, columns))) {
            self.give_back(&mut text);
            take(shown.len(), rows, &mut text);
            self.taken = Some((shown.len(), (rows, columns)));
        }
        text.push_str("\x1b7");
        for (number, line) in shown.iter().enumerate() {
            let row = rows - shown.len() + 1 + number;
            text.push_str(&format!("\x1b[{row};1H\x1b[2K{}", fitting(line, columns)));
        }
        text.push_str("\x1b8");
        write(&text);
    }

    /// Prints lines where those of sinks go, and scrolls as they do.
    pub(super) fn say(&self, lines: &[String]) {
        // The key that asked for them has been echoed.
        let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
        write(&format!("\r\x1b[K{lines}"));
    }

    fn give_back(&mut self, text: &mut String) {
        if let Some((taken, (rows, _))) = self.taken.take() {
            text.push_str("\x1b7\x1b[r");
            for row in rows - taken + 1..=rows {
                text.push_str(&format!("\x1b[{row};1H\x1b[2K"));
            }
            text.push_str("\x1b8");
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let mut text = String::new();
        if self.taken.is_some() {
            self.give_back(&mut text);
            // The `^C` that a terminal echoes; whatever sinks print ends its line.
            text.push_str("\r\x1b[K");
            write(&text);
        }
    }
}

/// Makes room below the cursor and lets only the rows above scroll.
fn take(count: usize, rows: usize, text: &mut String) {
    text.push_str(&"\n".repeat(count));
    text.push_str(&format!("\x1b[{count}A\x1b7\x1b[1;{}r\x1b8", rows - count));
}

/// In one piece, between the lines that sinks print: they hold standard output while they write.
fn write(text: &str) {
    let _quiet = io::stdout().lock();
    let mut screen = io::stderr().lock();
    // A terminal that has gone takes the run's lines with it, and nothing else.
    let _ = screen.write_all(text.as_bytes()).and_then(|()| screen.flush());
}

/// The line, cut where the terminal ends; colours take no room.
fn fitting(line: &str, columns: usize) -> String {
    let (mut fitting, mut left, mut is_code) = (String::new(), columns, false);
    if length(line) <= columns {
        return line.to_string();
    }
    for letter in line.chars() {
        match (letter, is_code) {
            ('\x1b', _) => is_code = true,
            ('m', true) => is_code = false,
            (_, true) => {}
            _ if left == 0 => continue,
            _ => {
                left -= 1;
                fitting.push(letter);
                continue;
            }
        }
        fitting.push(letter);
    }
    fitting
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_without_its_colours() {
        for (line, columns, expected) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "abc"),
            ("\x1b[31mab\x1b[0mcd", 3, "\x1b[31mab\x1b[0mc"),
            ("\x1b[31mabcd\x1b[0m", 2, "\x1b[31mab\x1b[0m"),
        ] {
            assert_eq!(fitting(line, columns), expected);
        }
    }
}
