//! Keys, apart from the terminal that they come from, with the names that help and tests write: `j`, `ctrl-d`, `shift-tab`.

use std::fmt;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// A key, pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// a letter, as it is typed
    Char(char),
    /// a letter with control
    Ctrl(char),
    /// `enter`
    Enter,
    /// `esc`
    Esc,
    /// `tab`
    Tab,
    /// `shift-tab`
    BackTab,
    /// `up`
    Up,
    /// `down`
    Down,
    /// `left`
    Left,
    /// `right`
    Right,
    /// `home`
    Home,
    /// `end`
    End,
    /// `pgup`
    PageUp,
    /// `pgdn`
    PageDown,
    /// `backspace`
    Backspace,
    /// `delete`
    Delete,
    /// `F1`
    F1,
}

const NAMED: [(Key, &str); 16] = [
    (Key::Char(' '), "space"),
    (Key::Enter, "enter"),
    (Key::Esc, "esc"),
    (Key::Tab, "tab"),
    (Key::BackTab, "shift-tab"),
    (Key::Up, "up"),
    (Key::Down, "down"),
    (Key::Left, "left"),
    (Key::Right, "right"),
    (Key::Home, "home"),
    (Key::End, "end"),
    (Key::PageUp, "pgup"),
    (Key::PageDown, "pgdn"),
    (Key::Backspace, "backspace"),
    (Key::Delete, "delete"),
    (Key::F1, "F1"),
];

impl Key {
    /// The key of a name.
    pub(crate) fn named(name: &str) -> Option<Key> {
        if let Some((key, _)) = NAMED.iter().find(|(_, known)| *known == name) {
            return Some(*key);
        }
        let (of, letter) = match name.strip_prefix("ctrl-") {
            Some("space") => return Some(Key::Ctrl(' ')),
            Some(rest) => (Key::Ctrl as fn(char) -> Key, rest),
            None => (Key::Char as fn(char) -> Key, name),
        };
        let mut letters = letter.chars();
        Some(of(letters.next()?)).filter(|_| letters.next().is_none())
    }

    /// The key of a terminal's event, where it is one that means something here. Shifted arrows are `H J K L`.
    pub(crate) fn of(event: KeyEvent) -> Option<Key> {
        if event.kind == KeyEventKind::Release {
            return None;
        }
        let has = |modifier| event.modifiers.contains(modifier);
        Some(match event.code {
            KeyCode::Char(letter) if has(KeyModifiers::CONTROL) => Key::Ctrl(letter.to_ascii_lowercase()),
            KeyCode::Char(letter) => Key::Char(letter),
            KeyCode::Left if has(KeyModifiers::SHIFT) => Key::Char('H'),
            KeyCode::Down if has(KeyModifiers::SHIFT) => Key::Char('J'),
            KeyCode::Up if has(KeyModifiers::SHIFT) => Key::Char('K'),
            KeyCode::Right if has(KeyModifiers::SHIFT) => Key::Char('L'),
            KeyCode::Tab if has(KeyModifiers::SHIFT) => Key::BackTab,
            KeyCode::Null => Key::Ctrl(' '),
            KeyCode::Enter => Key::Enter,
            KeyCode::Esc => Key::Esc,
            KeyCode::Tab => Key::Tab,
            KeyCode::BackTab => Key::BackTab,
            KeyCode::Up => Key::Up,
            KeyCode::Down => Key::Down,
            KeyCode::Left => Key::Left,
            KeyCode::Right => Key::Right,
            KeyCode::Home => Key::Home,
            KeyCode::End => Key::End,
            KeyCode::PageUp => Key::PageUp,
            KeyCode::PageDown => Key::PageDown,
            KeyCode::Backspace => Key::Backspace,
            KeyCode::Delete => Key::Delete,
            KeyCode::F(1) => Key::F1,
            _ => return None,
        })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((_, name)) = NAMED.iter().find(|(key, _)| key == self) {
            return f.write_str(name);
        }
        match self {
            Key::Ctrl(' ') => f.write_str("ctrl-space"),
            Key::Ctrl(letter) => write!(f, "ctrl-{letter}"),
            Key::Char(letter) => write!(f, "{letter}"),
            // All others have a name above.
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        let all = NAMED.iter().map(|(key, _)| *key);
        for key in all.chain([Key::Char('j'), Key::Char('?'), Key::Ctrl('d'), Key::Ctrl(' '), Key::Char('-')]) {
            assert_eq!(Key::named(&key.to_string()), Some(key));
        }
        for nothing in ["", "ctrl-", "jj", "ctrl-dd"] {
            assert_eq!(Key::named(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_terminals_keys_are_ours() {
        for (code, modifiers, key) in [
            (KeyCode::Char('r'), KeyModifiers::CONTROL, "ctrl-r"),
            (KeyCode::Char('R'), KeyModifiers::SHIFT, "R"),
            (KeyCode::Left, KeyModifiers::SHIFT, "H"),
            (KeyCode::Left, KeyModifiers::NONE, "left"),
            (KeyCode::Char(' '), KeyModifiers::CONTROL, "ctrl-space"),
            (KeyCode::BackTab, KeyModifiers::SHIFT, "shift-tab"),
        ] {
            assert_eq!(Key::of(KeyEvent::new(code, modifiers)), Key::named(key), "{key}");
        }
        assert_eq!(Key::of(KeyEvent::new(KeyCode::F(7), KeyModifiers::NONE)), None);
    }
}
