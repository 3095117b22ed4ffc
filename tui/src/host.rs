//! What whoever opens the dashboard brings: what is looked at, and how it is shown.

use std::time::Duration;

pub use crate::theme::{Look, Palette};
pub use tidegate_core::faces::drawing::Checker;
pub use tidegate_core::faces::host::{Cluster, Control, Found, Host, Opener, Opening, Rights, Running, Source};

/// How it is shown.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// what the terminal can show
    pub look: Look,
    /// leave the mouse to the terminal
    pub is_without_mouse: bool,
    /// the terminal is asked whether its ground is light
    pub asks_for_ground: bool,
}

impl Look {
    /// What a terminal can show, told by its environment: `TERM`, `NO_COLOR`, the locale.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Look {
        let is_set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        let term = variable("TERM").unwrap_or_default();
        let locale =
            ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| variable(name).filter(|it| !it.is_empty()));
        let locale = locale.unwrap_or_default().to_lowercase();
        Look {
            palette: if is_set("NO_COLOR") || term == "dumb" { Palette::Mono } else { Palette::Dark },
            is_ascii: term == "linux" || term == "dumb" || !(locale.contains("utf-8") || locale.contains("utf8")),
            is_thrifty: false,
        }
    }

    /// How long a frame stands, at least, where figures change: the graph's, a table's.
    pub(crate) fn period(self, is_graph: bool) -> Duration {
        Duration::from_millis(match (self.is_thrifty, is_graph) {
            (false, true) => 250,
            (false, false) => 500,
            (true, true) => 1_000,
            (true, false) => 3_000,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_what_a_terminal_can_show() {
        for (term, no_color, lang, expected) in [
            ("xterm-256color", "", "en_US.UTF-8", (Palette::Dark, false)),
            ("xterm", "1", "C.utf8", (Palette::Mono, false)),
            ("linux", "", "de_DE.UTF-8", (Palette::Dark, true)),
            ("xterm", "", "C", (Palette::Dark, true)),
            ("dumb", "", "", (Palette::Mono, true)),
        ] {
            let look = Look::of_environment(|name| match name {
                "TERM" => Some(term.into()),
                "NO_COLOR" => Some(no_color.into()),
                "LANG" => Some(lang.into()),
                _ => None,
            });
            assert_eq!((look.palette, look.is_ascii), expected, "{term} {no_color} {lang}");
        }
    }
}
