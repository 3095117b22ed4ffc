//! Everything that can be asked for by name: one list feeds buttons, keys and the command palette.

use egui::{Event, InputState, Key, KeyboardShortcut, Modifiers};

/// A command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Command {
    Run,
    Pause,
    Stop,
    Undo,
    Redo,
    New,
    Open,
    Save,
    SaveAs,
    SaveOver,
    Reload,
    KeepMine,
    Changes,
    CloseTab,
    NextTab,
    PreviousTab,
    Restore,
    ExportPicture,
    ExportDark,
    ExportLight,
    ExportWhole,
    ExportSelection,
    CopyWhole,
    Delete,
    SelectAll,
    Copy,
    Cut,
    Paste,
    Duplicate,
    QuickAdd,
    Connect,
    Travel,
    Find,
    Keys,
    Fit,
    ZoomIn,
    ZoomOut,
    ActualSize,
    Layout,
    NextProblem,
    Pipeline,
    Complete,
    Swap,
    Rename,
    Disable,
    Group,
    Ungroup,
    Fold,
    AddNote,
    Recolour,
    Bend,
    Straighten,
    AlignLeft,
    AlignCentre,
    AlignRight,
    AlignTop,
    AlignMiddle,
    AlignBottom,
    SpreadAcross,
    SpreadDown,
    Menu,
    NextRegion,
    PreviousRegion,
    Look,
    Theme,
    Minimap,
    Snap,
    Dashes,
    Still,
    Contrast,
    CanvasAlone,
    Quit,
}

/// A command as it is shown.
struct Entry {
    command: Command,
    title: &'static str,
    key: Option<KeyboardShortcut>,
}

const fn key(modifiers: Modifiers, key: Key) -> Option<KeyboardShortcut> {
    Some(KeyboardShortcut::new(modifiers, key))
}

const CTRL: Modifiers = Modifiers::COMMAND;
const CTRL_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);
const PLAIN: Modifiers = Modifiers::NONE;
const SHIFT: Modifiers = Modifiers::SHIFT;

const ENTRIES: &[Entry] = &[
    Entry { command: Command::Run, title: "Run", key: key(CTRL, Key::Enter) },
    Entry { command: Command::Pause, title: "Pause or go on", key: None },
    Entry { command: Command::Stop, title: "Stop", key: key(CTRL, Key::Period) },
    Entry { command: Command::Undo, title: "Undo", key: key(CTRL, Key::Z) },
    Entry { command: Command::Redo, title: "Redo", key: key(CTRL_SHIFT, Key::Z) },
    Entry { command: Command::New, title: "New, from the gallery or empty", key: key(CTRL, Key::N) },
    Entry { command: Command::Open, title: "Open", key: key(CTRL, Key::O) },
    Entry { command: Command::Save, title: "Save", key: key(CTRL, Key::S) },
    Entry { command: Command::SaveAs, title: "Save as", key: key(CTRL_SHIFT, Key::S) },
    Entry { command: Command::SaveOver, title: "Save over what is on disk", key: None },
    Entry { command: Command::Reload, title: "Load again from disk", key: None },
    Entry { command: Command::KeepMine, title: "Keep this drawing, not what is on disk", key: None },
    Entry { command: Command::Changes, title: "What has changed since it was saved", key: key(CTRL_SHIFT, Key::C) },
    Entry { command: Command::CloseTab, title: "Close the document", key: key(CTRL, Key::W) },
    Entry { command: Command::NextTab, title: "Next document", key: key(CTRL, Key::PageDown) },
    Entry { command: Command::PreviousTab, title: "Document before", key: key(CTRL, Key::PageUp) },
    Entry { command: Command::Restore, title: "Restore what was left unsaved", key: None },
    Entry { command: Command::ExportPicture, title: "Export a picture (PNG)", key: key(CTRL, Key::E) },
    Entry { command: Command::ExportDark, title: "Export a picture on a dark ground (PNG)", key: None },
    Entry { command: Command::ExportLight, title: "Export a picture on a light ground (PNG)", key: None },
    Entry { command: Command::ExportWhole, title: "Export a copy as JSON", key: key(CTRL_SHIFT, Key::E) },
    Entry { command: Command::ExportSelection, title: "Export what is selected as JSON", key: None },
    Entry { command: Command::CopyWhole, title: "Copy the whole pipeline as JSON", key: None },
    Entry { command: Command::Delete, title: "Delete", key: key(PLAIN, Key::Delete) },
    Entry { command: Command::SelectAll, title: "Select all", key: key(CTRL, Key::A) },
    Entry { command: Command::Copy, title: "Copy", key: None },
    Entry { command: Command::Cut, title: "Cut", key: None },
    Entry { command: Command::Paste, title: "Paste", key: None },
    Entry { command: Command::Duplicate, title: "Duplicate", key: key(CTRL, Key::D) },
    Entry { command: Command::QuickAdd, title: "Add an operator", key: key(PLAIN, Key::Slash) },
    Entry { command: Command::Connect, title: "Connect", key: key(PLAIN, Key::C) },
    Entry { command: Command::Travel, title: "Send through Kafka, or directly", key: key(PLAIN, Key::T) },
    Entry { command: Command::Find, title: "Find or run a command", key: key(CTRL, Key::K) },
    Entry { command: Command::Keys, title: "Keyboard map", key: key(PLAIN, Key::F1) },
    Entry { command: Command::Fit, title: "Show all", key: key(PLAIN, Key::F) },
    Entry { command: Command::ZoomIn, title: "Zoom in", key: key(CTRL, Key::Plus) },
    Entry { command: Command::ZoomOut, title: "Zoom out", key: key(CTRL, Key::Minus) },
    Entry { command: Command::ActualSize, title: "Zoom to 100 %", key: key(CTRL, Key::Num0) },
    Entry { command: Command::Layout, title: "Lay out", key: key(CTRL, Key::L) },
    Entry { command: Command::NextProblem, title: "Next problem", key: key(PLAIN, Key::F8) },
    Entry { command: Command::Pipeline, title: "Parameters, clusters and settings", key: key(CTRL, Key::Comma) },
    Entry { command: Command::Complete, title: "What fits in this field", key: key(CTRL, Key::Space) },
    Entry { command: Command::Swap, title: "Another operator in its place", key: key(PLAIN, Key::R) },
    Entry { command: Command::Rename, title: "Rename", key: key(PLAIN, Key::F2) },
    Entry { command: Command::Disable, title: "Leave out of the run, or not", key: key(PLAIN, Key::D) },
    Entry { command: Command::Group, title: "Group", key: key(CTRL, Key::G) },
    Entry { command: Command::Ungroup, title: "Dissolve the group", key: key(CTRL_SHIFT, Key::G) },
    Entry { command: Command::Fold, title: "Fold or open the group", key: key(PLAIN, Key::G) },
    Entry { command: Command::AddNote, title: "Add a note", key: key(PLAIN, Key::N) },
    Entry { command: Command::Recolour, title: "Another paper for the note", key: None },
    Entry { command: Command::Bend, title: "Bend the edge", key: key(PLAIN, Key::B) },
    Entry { command: Command::Straighten, title: "Take the bends away", key: key(SHIFT, Key::B) },
    Entry { command: Command::AlignLeft, title: "Align left", key: key(CTRL_SHIFT, Key::ArrowLeft) },
    Entry { command: Command::AlignCentre, title: "Align centres", key: None },
    Entry { command: Command::AlignRight, title: "Align right", key: key(CTRL_SHIFT, Key::ArrowRight) },
    Entry { command: Command::AlignTop, title: "Align tops", key: key(CTRL_SHIFT, Key::ArrowUp) },
    Entry { command: Command::AlignMiddle, title: "Align middles", key: None },
    Entry { command: Command::AlignBottom, title: "Align bottoms", key: key(CTRL_SHIFT, Key::ArrowDown) },
    Entry { command: Command::SpreadAcross, title: "Spread evenly across", key: None },
    Entry { command: Command::SpreadDown, title: "Spread evenly down", key: None },
    Entry { command: Command::Menu, title: "What can be done here", key: key(SHIFT, Key::F10) },
    Entry { command: Command::NextRegion, title: "Next part of the window", key: key(PLAIN, Key::F6) },
    Entry { command: Command::PreviousRegion, title: "Part of the window before", key: key(SHIFT, Key::F6) },
    Entry { command: Command::Look, title: "Look at its records", key: key(PLAIN, Key::P) },
    Entry { command: Command::Theme, title: "Theme: dark or light", key: None },
    Entry { command: Command::Minimap, title: "Show or hide the minimap", key: key(PLAIN, Key::M) },
    Entry { command: Command::Snap, title: "Snap to the grid, or not", key: None },
    Entry { command: Command::Dashes, title: "Let dashes run along wires, or rest", key: None },
    Entry { command: Command::Contrast, title: "High contrast, or not", key: None },
    Entry { command: Command::Still, title: "Reduced motion, or not", key: None },
    Entry { command: Command::CanvasAlone, title: "Canvas alone", key: key(CTRL, Key::Backslash) },
    Entry { command: Command::Quit, title: "Quit", key: key(CTRL, Key::Q) },
];

impl Command {
    /// All of them.
    pub(crate) fn all() -> impl Iterator<Item = Command> {
        ENTRIES.iter().map(|entry| entry.command)
    }

    fn entry(self) -> Option<&'static Entry> {
        ENTRIES.iter().find(|entry| entry.command == self)
    }

    /// What it is called.
    pub(crate) fn title(self) -> &'static str {
        self.entry().map_or("", |entry| entry.title)
    }

    /// It does something where nothing is drawn yet.
    pub(crate) fn works_at_start(self) -> bool {
        matches!(
            self,
            Command::New
                | Command::Open
                | Command::Find
                | Command::Keys
                | Command::CloseTab
                | Command::NextTab
                | Command::PreviousTab
                | Command::Restore
                | Command::Theme
                | Command::Still
                | Command::Contrast
                | Command::Quit
        )
    }

    /// Its key, as it is written on screens.
    pub(crate) fn key(self) -> Option<String> {
        match self {
            Command::Copy => Some("Ctrl C".into()),
            Command::Cut => Some("Ctrl X".into()),
            Command::Paste => Some("Ctrl V".into()),
            _ => self.entry()?.key.map(written),
        }
    }

    /// Its title, and its key on a second line.
    pub(crate) fn hint(self) -> String {
        match self.key() {
            Some(key) => format!("{}\n{key}", self.title()),
            None => self.title().to_string(),
        }
    }
}

fn written(key: KeyboardShortcut) -> String {
    let mut text = String::new();
    if key.modifiers.command {
        text += "Ctrl ";
    }
    if key.modifiers.shift {
        text += "Shift ";
    }
    // Not all that egui writes for arrows is in the fonts.
    text + match key.logical_key {
        Key::ArrowLeft => "←",
        Key::ArrowRight => "→",
        Key::ArrowUp => "↑",
        Key::ArrowDown => "↓",
        other => other.symbol_or_name(),
    }
}

/// Commands that are typed, in the order in which their keys came. While somebody writes, keys without Ctrl are theirs,
/// and so are those with which texts are edited.
pub(crate) fn typed(input: &mut InputState, is_writing: bool) -> Vec<Command> {
    let mut commands = Vec::new();
    input.events.retain(|event| {
        let command = match event {
            Event::Key { key, pressed: true, modifiers, .. } => of_key(*key, *modifiers),
            Event::Copy if !is_writing => Some(Command::Copy),
            Event::Cut if !is_writing => Some(Command::Cut),
            _ => None,
        };
        match command.filter(|command| !is_writing || works_while_writing(*command)) {
            Some(command) => {
                commands.push(command);
                false
            }
            None => true,
        }
    });
    commands
}

/// The text that was pasted with this frame.
pub(crate) fn pasted(context: &egui::Context) -> Option<String> {
    context.input(|input| {
        input.events.iter().find_map(|event| match event {
            Event::Paste(text) => Some(text.clone()),
            _ => None,
        })
    })
}

fn of_key(key: Key, modifiers: Modifiers) -> Option<Command> {
    let is_this = |entry: &&Entry| {
        entry.key.is_some_and(|shortcut| {
            let is_exact = shortcut.modifiers.shift == modifiers.shift || shortcut.logical_key == Key::Plus;
            shortcut.logical_key == key && is_exact && shortcut.modifiers.command == modifiers.command && !modifiers.alt
        })
    };
    match (key, modifiers) {
        (Key::Y, modifiers) if modifiers.command => Some(Command::Redo),
        (Key::Tab, modifiers) if modifiers.command && modifiers.shift => Some(Command::PreviousTab),
        (Key::Tab, modifiers) if modifiers.command => Some(Command::NextTab),
        (Key::Backspace, Modifiers::NONE) => Some(Command::Delete),
        (Key::Equals, modifiers) if modifiers.command => Some(Command::ZoomIn),
        (Key::F, modifiers) if modifiers.command && !modifiers.shift => Some(Command::Find),
        _ => ENTRIES.iter().find(is_this).map(|entry| entry.command),
    }
}

fn works_while_writing(command: Command) -> bool {
    let key = command.entry().and_then(|entry| entry.key);
    let edits_text = matches!(command, Command::Undo | Command::Redo | Command::SelectAll);
    let arrows = [Key::ArrowLeft, Key::ArrowRight, Key::ArrowUp, Key::ArrowDown];
    let edits_text = edits_text || key.is_some_and(|key| arrows.contains(&key.logical_key));
    !edits_text
        && key.is_some_and(|key| key.modifiers.command || matches!(key.logical_key, Key::F1 | Key::F6 | Key::F8))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_command_is_listed_once_and_no_key_twice() {
        let commands: HashSet<Command> = Command::all().collect();
        assert_eq!(commands.len(), ENTRIES.len());
        let keys: Vec<String> = Command::all().filter_map(Command::key).collect();
        assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len(), "{keys:?}");
        assert_eq!(Command::Redo.hint(), "Redo\nCtrl Shift Z");
    }

    #[test]
    fn keys_of_texts_stay_with_them() {
        let event = |key, modifiers| Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers };
        let mut input = InputState::default();
        input.events = vec![event(Key::Z, CTRL), event(Key::S, CTRL), event(Key::Z, CTRL_SHIFT), event(Key::C, PLAIN)];
        let mut writing = input.clone();
        assert_eq!(typed(&mut input, false), [Command::Undo, Command::Save, Command::Redo, Command::Connect]);
        assert!(input.events.is_empty());
        assert_eq!(typed(&mut writing, true), [Command::Save]);
        assert_eq!(writing.events.len(), 3);
    }
}
