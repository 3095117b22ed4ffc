//! What the dashboard asks of the world: a run to look at, someone who starts one. Whoever opens it brings both; here
//! nobody knows whether a run is in this process or behind a URL.

use std::path::PathBuf;
use std::time::Duration;

use tidegate_core::pipeline::Pipeline;
use tidegate_core::snapshot::{Snapshot, TapSnapshot};

pub use crate::model::Rights;
pub use crate::model::drawing::Checker;
pub use crate::model::source::Source;
pub use crate::theme::{Look, Palette};

/// A run, as far as the dashboard asks of it. All is asked from one thread, and may take its time; where an answer is a
/// text, it is a sentence without a stop at its end. Dropping it lets go of the run; one of this process stops.
pub trait Running: Send {
    /// What the meters say now; the first of them with samples of the past.
    ///
    /// # Errors
    /// Why it does not answer.
    fn snapshot(&mut self) -> Result<Snapshot, String>;

    /// How it ended, where it has.
    fn ended(&mut self) -> Option<String>;

    /// Records that passed these edges lately; they are looked at until others are asked for, or none.
    ///
    /// # Errors
    /// Why there are none.
    fn tap(&mut self, edges: &[String]) -> Result<Vec<TapSnapshot>, String>;

    /// Pauses, resumes or stops it.
    ///
    /// # Errors
    /// Why it cannot.
    fn control(&mut self, control: Control) -> Result<(), String>;
}

/// What can be done to a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// sources rest
    Pause,
    /// sources go on
    Resume,
    /// it ends
    Stop,
}

/// Someone who starts runs.
pub trait Host: Send {
    /// Starts a run of a pipeline.
    ///
    /// # Errors
    /// What keeps it from starting.
    fn start(&self, pipeline: &Pipeline) -> Result<Box<dyn Running>, String>;
}

/// Someone who opens other pipelines and runs.
pub trait Opener: Send {
    /// What can be opened here.
    fn found(&self) -> Vec<Found>;

    /// Opens something; nothing of it runs yet.
    ///
    /// # Errors
    /// Why it cannot be opened.
    fn open(&self, opening: &Opening) -> Result<Source, String>;
}

/// What is opened in place of what is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opening {
    /// a file that is there
    File(PathBuf),
    /// an empty drawing, to be saved there
    New(Option<PathBuf>),
    /// a run, by its address
    Run(String),
}

/// Something that can be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// it
    pub opening: Opening,
    /// what it is called
    pub name: String,
    /// what it is, in a sentence
    pub sentence: String,
}

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
