//! Who reads what a command says beside its result: people get sentences, programs a JSON object a line. Both on standard
//! error. Results themselves are each command's own.

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};

use serde_json::{Value, json};

use super::style;

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Voice {
    /// sentences, with colours on a terminal
    People,
    /// JSON lines, each with its `type`
    Programs,
}

impl Voice {
    /// From the arguments as they stand: also where they are too wrong to be understood.
    pub(crate) fn of_arguments(arguments: impl Iterator<Item = OsString>) -> Voice {
        match arguments.take_while(|argument| argument != "--").any(|argument| argument == "--json") {
            true => Voice::Programs,
            false => Voice::People,
        }
    }

    /// The same for a command that is watched: people are where there is a terminal.
    pub(crate) fn watched(self) -> Voice {
        if io::stderr().is_terminal() && !style::is_dumb() { self } else { Voice::Programs }
    }

    /// JSON is wanted.
    pub(crate) fn is_json(self) -> bool {
        self == Voice::Programs
    }
}

/// A JSON object with its type in front, on standard error. Nobody to read it is no reason to stop.
pub(crate) fn tell_line(what: &str, fields: Value) {
    let mut line = json!({ "type": what });
    if let (Value::Object(line), Value::Object(fields)) = (&mut line, fields) {
        line.extend(fields);
    }
    let _ = writeln!(io::stderr().lock(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_known_by_an_argument() {
        for (arguments, voice) in [
            (&["tidegate", "run", "--json", "--nonsense"][..], Voice::Programs),
            (&["tidegate", "run", "file"], Voice::People),
            (&["tidegate", "consume", "--", "--json"], Voice::People),
        ] {
            assert_eq!(Voice::of_arguments(arguments.iter().map(OsString::from)), voice, "{arguments:?}");
        }
    }
}
