//! A line of text that is typed: what stands in it, and where the cursor is.

use crate::keys::Key;

/// A line being typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Line {
    text: String,
    /// bytes in front of the cursor
    at: usize,
}

impl Line {
    /// A line with the cursor at its end.
    pub(crate) fn new(text: impl Into<String>) -> Line {
        let text = text.into();
        Line { at: text.len(), text }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Bytes in front of the cursor.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The text with a mark where the cursor is.
    pub(crate) fn with_cursor(&self) -> String {
        let (before, after) = self.text.split_at(self.at);
        format!("{before}▏{after}")
    }

    pub(crate) fn set(&mut self, text: impl Into<String>) {
        *self = Line::new(text);
    }

    /// Puts a text in place of the bytes in front of the cursor from `from` on.
    pub(crate) fn replace_back_to(&mut self, from: usize, text: &str) {
        if from <= self.at && self.text.is_char_boundary(from) {
            self.text.replace_range(from..self.at, text);
            self.at = from + text.len();
        }
    }

    /// Takes a key; false where it means nothing to a line.
    pub(crate) fn key(&mut self, key: Key) -> bool {
        match key {
            Key::Char(letter) if !letter.is_control() => {
                self.text.insert(self.at, letter);
                self.at += letter.len_utf8();
            }
            Key::Backspace => {
                if let Some(letter) = self.text[..self.at].chars().next_back() {
                    self.at -= letter.len_utf8();
                    self.text.remove(self.at);
                }
            }
            Key::Delete => {
                if self.at < self.text.len() {
                    self.text.remove(self.at);
                }
            }
            Key::Left => self.at -= self.text[..self.at].chars().next_back().map_or(0, char::len_utf8),
            Key::Right => self.at += self.text[self.at..].chars().next().map_or(0, char::len_utf8),
            Key::Home => self.at = 0,
            Key::End => self.at = self.text.len(),
            _ => return false,
        }
        true
    }

    /// Deletes the word in front of the cursor, and blanks before it.
    pub(crate) fn delete_word(&mut self) {
        let before = self.text[..self.at].trim_end();
        let start = before
            .rfind(char::is_whitespace)
            .map_or(0, |place| place + before[place..].chars().next().map_or(1, char::len_utf8));
        self.text.replace_range(start..self.at, "");
        self.at = start;
    }

    pub(crate) fn clear(&mut self) {
        *self = Line::default();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_change_the_line() {
        for (start, keys, shown) in [
            ("", "a b backspace", "a▏"),
            ("héé", "left backspace x", "hx▏é"),
            ("ab", "home delete", "▏b"),
            ("ab", "left left left end right", "ab▏"),
            ("sum(price", "left right", "sum(price▏"),
        ] {
            let mut line = Line::new(start);
            for key in keys.split(' ').filter_map(Key::named) {
                assert!(line.key(key));
            }
            assert_eq!(line.with_cursor(), shown, "{start} {keys}");
        }
        let mut line = Line::new("sum(price * qty ");
        line.delete_word();
        assert_eq!(line.text(), "sum(price * ");
        assert!(!line.key(Key::Enter));
    }

    proptest! {
        #[test]
        fn no_keys_panic(start in "\\PC{0,8}", keys in proptest::collection::vec(0usize..9, 0..30)) {
            let all = [Key::Char('é'), Key::Backspace, Key::Delete, Key::Left, Key::Right, Key::Home, Key::End, Key::Char(' ')];
            let mut line = Line::new(start);
            for key in keys {
                match all.get(key) {
                    Some(key) => { line.key(*key); }
                    None => line.delete_word(),
                }
                line.with_cursor();
            }
        }
    }
}
