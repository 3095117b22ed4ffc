//! What a person may ask, as one table: keys, the line of keys, help and the names behind `:` are all made from it.

mod view;

use crate::keys::Key;

pub(crate) use view::View;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Act {
    Show(View),
    ViewBefore,
    ViewAfter,
    Left,
    Down,
    Up,
    Right,
    Next,
    Before,
    First,
    Last,
    HalfDown,
    HalfUp,
    Open,
    Back,
    Filter,
    MatchNext,
    MatchBefore,
    GoTo,
    Help,
    Hold,
    Longer,
    Shorter,
    ResetTime,
    SubjectBefore,
    SubjectAfter,
    Bottleneck,
    Why,
    Tap,
    Problems,
    Copy,
    DrawAgain,
    Quit,
    Leave,
    PanLeft,
    PanDown,
    PanUp,
    PanRight,
    More,
    Less,
    Fit,
    Minimap,
    Mark,
    Add,
    Insert,
    Connect,
    Configure,
    Swap,
    Via,
    Delete,
    DeleteWires,
    RemoveWire,
    Rename,
    Note,
    Paste,
    Tidy,
    Undo,
    Redo,
    Run,
    Pause,
    Stop,
    Save,
    Sort,
    TurnOrder,
    OnlyBad,
    Columns,
    Remedy,
    ChooseUp,
    ChooseDown,
    Complete,
    Accept,
    OntoWire,
    DeleteWord,
    ClearLine,
    Cancel,
    FieldUp,
    FieldDown,
    Edit,
    AddRow,
    RemoveRow,
    Apply,
    LeaveForm,
    Yes,
    No,
}

impl Act {
    /// It is asked of a pipeline, or of a run of it.
    pub(crate) fn is_of_pipelines(self) -> bool {
        match self {
            Act::Show(view) => !matches!(view, View::Partitions | View::Cluster),
            Act::SubjectBefore | Act::SubjectAfter | Act::Bottleneck | Act::Why | Act::Tap | Act::Problems => true,
            Act::Pause | Act::Stop => true,
            _ => false,
        }
    }
}

/// Where a command works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Context {
    /// in all views and lists
    Everywhere,
    /// in the graph
    Graph,
    /// in the graph, of a file that is open here
    Build,
    /// in views that are tables
    Tables,
    /// in the list of problems
    Problems,
    /// at an open prompt, and in lists to choose from
    Choose,
    /// in a form
    Form,
    /// at a question
    Confirm,
}

/// Where a command stands in the help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Section {
    Move,
    Ask,
    Anywhere,
    Build,
    Here,
}

impl Section {
    pub(crate) fn title(self) -> &'static str {
        match self {
            Section::Move => "MOVE",
            Section::Ask => "ASK",
            Section::Anywhere => "ANYWHERE",
            Section::Build => "BUILD, a file open here",
            Section::Here => "HERE",
        }
    }
}

/// A command.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Command {
    pub(crate) act: Act,
    pub(crate) context: Context,
    pub(crate) section: Section,
    /// names of its keys, with blanks between
    pub(crate) keys: &'static str,
    /// one or two words, for the line of keys
    pub(crate) short: &'static str,
    /// what it does
    pub(crate) help: &'static str,
}

const fn command(
    context: Context,
    section: Section,
    act: Act,
    keys: &'static str,
    short: &'static str,
    help: &'static str,
) -> Command {
    Command { act, context, section, keys, short, help }
}

use Context::{Build, Choose, Confirm, Everywhere, Form, Graph, Tables};
use Section::{Anywhere, Ask, Here, Move};

/// All commands. Where two have one key, the narrower context stands first.
#[rustfmt::skip]
pub(crate) const COMMANDS: &[Command] = &[
    command(Graph, Move, Act::PanLeft, "H", "pan", "pan"),
    command(Graph, Move, Act::PanDown, "J", "pan", "pan down"),
    command(Graph, Move, Act::PanUp, "K", "pan", "pan up"),
    command(Graph, Move, Act::PanRight, "L", "pan", "pan right"),
    command(Graph, Move, Act::More, "z", "detail", "detail: more, less, all"),
    command(Graph, Move, Act::Less, "Z", "detail", "less detail"),
    command(Graph, Move, Act::Fit, "0", "detail", "fit all on the screen"),
    command(Graph, Move, Act::Minimap, "M", "minimap", "show, hide the minimap"),
    command(Graph, Move, Act::Mark, "m", "mark", "mark, to take several"),
    command(Build, Section::Build, Act::Add, "a", "add", "add after this node"),
    command(Build, Section::Build, Act::Insert, "i", "insert", "insert on this wire"),
    command(Build, Section::Build, Act::Connect, "c", "connect", "connect this node"),
    command(Build, Section::Build, Act::Configure, "e", "set", "configure this node"),
    command(Build, Section::Build, Act::Swap, "o", "swap", "swap the operator"),
    command(Build, Section::Build, Act::Via, "v", "via", "direct, or by a topic"),
    command(Build, Section::Build, Act::Delete, "d", "delete", "delete, heal the wires"),
    command(Build, Section::Build, Act::DeleteWires, "D", "delete", "delete with its wires"),
    command(Build, Section::Build, Act::RemoveWire, "x", "unwire", "remove this wire"),
    command(Build, Section::Build, Act::Rename, "R", "rename", "rename this node"),
    command(Build, Section::Build, Act::Note, "#", "notes", "notes of the drawing"),
    command(Build, Section::Build, Act::Paste, "p", "paste", "paste what was copied"),
    command(Build, Section::Build, Act::Tidy, "T", "tidy", "tidy the layout"),
    command(Build, Section::Build, Act::Undo, "u", "undo", "undo the last edit"),
    command(Build, Section::Build, Act::Redo, "U ctrl-r", "redo", "redo it"),
    command(Build, Section::Build, Act::Run, "r", "run", "run the drawing"),
    command(Build, Section::Build, Act::Save, "ctrl-s", "save", "save the file"),
    command(Tables, Here, Act::Sort, "s", "sort", "sort by the next column"),
    command(Tables, Here, Act::TurnOrder, "S", "turn", "turn the order round"),
    command(Tables, Here, Act::OnlyBad, "f", "not ok", "only what is not well"),
    command(Tables, Here, Act::Columns, "c", "columns", "other columns"),
    command(Context::Problems, Here, Act::Remedy, "x", "remedy", "take the remedy"),
    command(Context::Problems, Here, Act::Undo, "u", "undo", "undo the last edit"),
    command(Context::Problems, Here, Act::Redo, "U", "redo", "redo it"),
    command(Everywhere, Move, Act::Left, "h left", "move", "arrows too: nearest"),
    command(Everywhere, Move, Act::Down, "j down", "move", "down"),
    command(Everywhere, Move, Act::Up, "k up", "move", "up"),
    command(Everywhere, Move, Act::Right, "l right", "move", "to the right"),
    command(Everywhere, Move, Act::Next, "tab", "flow", "in flow order"),
    command(Everywhere, Move, Act::Before, "shift-tab", "flow", "the one before"),
    command(Everywhere, Move, Act::First, "g home", "first", "first"),
    command(Everywhere, Move, Act::Last, "G end", "newest", "last, and follow"),
    command(Everywhere, Move, Act::HalfDown, "ctrl-d pgdn", "half a page", "half a page"),
    command(Everywhere, Move, Act::HalfUp, "ctrl-u pgup", "half a page", "half a page up"),
    command(Everywhere, Move, Act::Open, "enter", "open", "open what is selected"),
    command(Everywhere, Move, Act::Back, "esc", "back", "back, clear the filter"),
    command(Everywhere, Move, Act::SubjectBefore, "<", "other node", "node before, after"),
    command(Everywhere, Move, Act::SubjectAfter, ">", "other node", "the node after"),
    command(Everywhere, Ask, Act::Bottleneck, "b", "bottleneck", "go to the bottleneck"),
    command(Everywhere, Ask, Act::Why, "w", "why", "why slow, or silent"),
    command(Everywhere, Ask, Act::Tap, "t", "tap", "records on this wire"),
    command(Everywhere, Ask, Act::Problems, "!", "problems", "problems of the drawing"),
    command(Everywhere, Ask, Act::Copy, "y", "copy", "copy as JSON"),
    command(Everywhere, Ask, Act::Pause, "P", "pause", "pause or resume the run"),
    command(Everywhere, Ask, Act::Stop, "X", "stop", "stop the run, asks"),
    command(Everywhere, Anywhere, Act::ViewBefore, "[", "other view", "view before, after"),
    command(Everywhere, Anywhere, Act::ViewAfter, "]", "other view", "the view after"),
    command(Everywhere, Anywhere, Act::GoTo, ":", "go", "go to anything"),
    command(Everywhere, Anywhere, Act::Filter, "/", "find", "find: text, ~regex, !not"),
    command(Everywhere, Anywhere, Act::MatchNext, "n", "next, before", "next match, before"),
    command(Everywhere, Anywhere, Act::MatchBefore, "N", "next, before", "match before"),
    command(Everywhere, Anywhere, Act::Hold, "space", "hold", "hold the screen"),
    command(Everywhere, Anywhere, Act::Longer, "+", "time", "time of sparks"),
    command(Everywhere, Anywhere, Act::Shorter, "-", "time", "shorter time window"),
    command(Everywhere, Anywhere, Act::ResetTime, "=", "time", "the usual time window"),
    command(Everywhere, Anywhere, Act::DrawAgain, "ctrl-l", "try now", "draw again, try now"),
    command(Everywhere, Anywhere, Act::Help, "?", "keys", "keys"),
    command(Everywhere, Anywhere, Act::Quit, "q", "leave", "leave"),
    command(Everywhere, Anywhere, Act::Leave, "ctrl-c", "leave", "leave at once"),
    command(Everywhere, Anywhere, Act::Show(View::Graph), "1", "views", "the views above"),
    command(Everywhere, Anywhere, Act::Show(View::Partitions), "2", "views", "which partition lags"),
    command(Everywhere, Anywhere, Act::Show(View::Tasks), "3", "views", "who is busy, who waits"),
    command(Everywhere, Anywhere, Act::Show(View::Windows), "4", "views", "what fires next, what is stuck"),
    command(Everywhere, Anywhere, Act::Show(View::Tap), "5", "views", "records, before and after"),
    command(Everywhere, Anywhere, Act::Show(View::Log), "6", "views", "what changed when"),
    command(Everywhere, Anywhere, Act::Show(View::Cluster), "7", "views", "groups, topics, brokers"),
    command(Choose, Here, Act::ChooseUp, "up ctrl-p", "choose", "the one above"),
    command(Choose, Here, Act::ChooseDown, "down ctrl-n", "choose", "the one below"),
    command(Choose, Here, Act::Complete, "tab", "complete", "complete"),
    command(Choose, Here, Act::Accept, "enter", "take", "do it"),
    command(Choose, Here, Act::OntoWire, "ctrl-o", "onto the wire", "onto the wire, or beside it"),
    command(Choose, Here, Act::Via, "ctrl-t", "direct or topic", "direct, or through a topic"),
    command(Choose, Here, Act::DeleteWord, "ctrl-w", "delete", "delete the word before"),
    command(Choose, Here, Act::ClearLine, "ctrl-u", "clear", "clear the line"),
    command(Choose, Here, Act::Cancel, "esc", "cancel", "cancel"),
    command(Choose, Here, Act::Leave, "ctrl-c", "leave", "leave at once"),
    command(Form, Here, Act::FieldUp, "up", "field", "the field above"),
    command(Form, Here, Act::FieldDown, "down", "field", "the field below"),
    command(Form, Here, Act::Before, "shift-tab", "before", "the field before"),
    command(Form, Here, Act::Edit, "enter", "edit", "edit, accept"),
    command(Form, Here, Act::Complete, "tab ctrl-space", "complete", "complete, next field"),
    command(Form, Here, Act::AddRow, "ctrl-n", "row", "add a row"),
    command(Form, Here, Act::RemoveRow, "ctrl-x", "remove", "remove a row"),
    command(Form, Here, Act::DeleteWord, "ctrl-w", "delete", "delete the word before"),
    command(Form, Here, Act::ClearLine, "ctrl-u", "clear", "clear the line"),
    command(Form, Here, Act::Apply, "ctrl-s", "apply", "apply"),
    command(Form, Here, Act::Help, "F1", "help", "help of the operator"),
    command(Form, Here, Act::LeaveForm, "esc", "leave", "leave the field, then the form"),
    command(Form, Here, Act::Leave, "ctrl-c", "leave", "leave at once"),
    command(Confirm, Here, Act::Yes, "y", "yes", "yes"),
    command(Confirm, Here, Act::No, "n esc enter", "no", "no"),
    command(Confirm, Here, Act::Leave, "ctrl-c", "leave", "leave at once"),
];

impl Command {
    /// Its keys.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Key> {
        self.keys.split(' ').filter_map(Key::named)
    }

    /// The words for it in a view: one or two for the line of keys, and what it does there.
    pub(crate) fn words(&self, view: View) -> (&'static str, &'static str) {
        match (self.act, view) {
            (Act::OnlyBad, View::Cluster) => ("all", "all groups, or fewer"),
            (Act::OnlyBad, View::Tasks) => (self.short, "only chains at work"),
            (Act::OnlyBad, View::Windows) => (self.short, "only stuck lanes"),
            (Act::OnlyBad, View::Tap) => (self.short, "only what did not pass"),
            (Act::OnlyBad, View::Log) => (self.short, "only faults, warnings"),
            (Act::Next, View::Cluster) => ("topics", "groups, or topics"),
            (Act::SubjectBefore, View::Cluster) => ("cluster", "cluster before, after"),
            (Act::Show(_), _) => (self.short, "the views above"),
            (Act::Next, view) if view != View::Graph => (self.short, "the row below, above"),
            (Act::Left, view) if view != View::Graph => (self.short, "arrows too: up, down"),
            _ => (self.short, self.help),
        }
    }

    /// Whether it means something in a view.
    pub(crate) fn is_of(&self, view: View) -> bool {
        self.act != Act::Columns || view == View::Partitions
    }

    /// The first of its keys, as it is written.
    pub(crate) fn key(&self) -> &'static str {
        self.keys.split(' ').next().unwrap_or_default()
    }
}

/// What a key asks for in some contexts, the narrowest of them first.
pub(crate) fn asked(key: Key, contexts: &[Context]) -> Option<Act> {
    let of_context = |context: &Context| {
        COMMANDS.iter().find(|command| command.context == *context && command.keys().any(|known| known == key))
    };
    contexts.iter().find_map(of_context).map(|command| command.act)
}

/// The command of an act in some contexts.
pub(crate) fn command_of(act: Act, contexts: &[Context]) -> Option<&'static Command> {
    let of_context =
        |context: &Context| COMMANDS.iter().find(|command| command.context == *context && command.act == act);
    contexts.iter().find_map(of_context)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_command_has_keys_that_are_keys_and_words_that_fit() {
        for command in COMMANDS {
            assert!(command.keys.split(' ').all(|name| Key::named(name).is_some()), "{command:?}");
            assert!(!command.short.is_empty() && command.short.len() <= 15, "{command:?}");
            assert!(!command.help.is_empty() && command.help.len() <= 40, "{command:?}");
        }
    }

    #[test]
    fn a_key_means_one_thing_in_a_context() {
        let mut seen = HashSet::new();
        for command in COMMANDS {
            for key in command.keys() {
                assert!(seen.insert((command.context, key)), "{key} twice in {:?}", command.context);
            }
        }
    }

    #[test]
    fn no_key_is_a_letter_that_a_terminal_confuses() {
        for command in COMMANDS {
            for confused in ["ctrl-i", "ctrl-m", "ctrl-h", "ctrl-["] {
                assert!(!command.keys.split(' ').any(|name| name == confused), "{command:?}");
            }
        }
    }

    #[test]
    fn the_narrower_context_wins() {
        let graph = [Context::Build, Context::Graph, Context::Everywhere];
        assert_eq!(asked(Key::Char('c'), &graph), Some(Act::Connect));
        assert_eq!(asked(Key::Char('c'), &[Context::Tables, Context::Everywhere]), Some(Act::Columns));
        assert_eq!(asked(Key::Char('c'), &[Context::Everywhere]), None);
        assert_eq!(asked(Key::Char('2'), &graph), Some(Act::Show(View::Partitions)));
        assert_eq!(command_of(Act::Redo, &graph).map(Command::key), Some("U"));
    }
}
