//! What is kept of what is on the desk: unsaved work in case of a crash, settings, files that were opened; and what is
//! exported. All of it is written by a thread of its own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use egui::Context;
use tidegate_core::faces::drafts::{Draft, Left, left};
use tidegate_core::faces::host::Opening;
use tidegate_core::faces::keeper::{Kept, Make, Wish};
use tidegate_core::faces::numbers;
use tidegate_core::faces::recent::recent;
use tidegate_core::faces::storage::read_state;
use tidegate_core::operators;
use tidegate_core::pipeline::edit::Fragment;
use tidegate_core::pipeline::to_canonical;

use super::{Desk, Dialog};
use crate::editor::Editor;
use crate::panels::dialog::Answer;
use crate::picture;
use crate::settings::{self, Settings};
use crate::theme::Theme;

/// How long something is drawn before it is kept, in seconds: what is still being typed is not kept letter by letter.
const AFTER_S: f64 = 1.5;

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Export {
    /// a picture of all, in the colours that are shown
    Picture { is_dark: bool },
    /// the whole pipeline, as a file
    Whole,
    /// what is selected, as it is copied
    Selection,
}

impl Export {
    /// How its file's name ends.
    pub(crate) fn ending(self) -> &'static str {
        match self {
            Export::Picture { .. } => ".png",
            Export::Whole | Export::Selection => ".json",
        }
    }
}

/// A drawing that a session before has left unsaved.
pub(crate) struct LeftOver {
    pub(crate) left: Left,
    /// what is drawn there that its file has not, in a line
    pub(crate) changed: String,
}

/// The most changes that a line tells.
const TOLD: usize = 2;

impl LeftOver {
    fn new(left: Left) -> LeftOver {
        let Some(changes) = left.changes(operators::ALL) else {
            let changed = numbers::several(left.draft.pipeline.nodes.len(), "node");
            return LeftOver { left, changed: format!("{changed}, saved nowhere") };
        };
        let told = changes.iter().take(TOLD).map(|change| format!("{} {}", change.sign.word(), change.words));
        let mut changed = told.collect::<Vec<_>>().join(" · ");
        match changes.len() {
            0 => changed = "as its file is".into(),
            many if many > TOLD => changed += &format!(" · and {} more", many - TOLD),
            _ => {}
        }
        LeftOver { left, changed }
    }
}

/// What is remembered of the sessions before.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) settings: Settings,
    pub(super) recent: Vec<PathBuf>,
    /// drawings that were not saved
    pub(super) left: Vec<LeftOver>,
    /// what cannot be read, as sentences
    pub(super) complaints: Vec<String>,
}

impl Memory {
    /// What lies in the folder of the user's state; without one nothing.
    pub(crate) fn of(state: Option<&Path>) -> Memory {
        let Some(state) = state else { return Memory::default() };
        let mut memory = Memory::default();
        match read_state::<Settings>(&state.join(settings::FILE)) {
            Ok(known) => memory.settings = known.unwrap_or_default().bounded(),
            Err(why) => memory.complaints.push(format!("{why}.")),
        }
        match recent(state) {
            Ok(files) => memory.recent = files,
            Err(why) => memory.complaints.push(format!("{why}.")),
        }
        let (found, unread) = left(state);
        memory.left = found.into_iter().map(LeftOver::new).collect();
        memory.complaints.extend(unread);
        memory
    }
}

impl Desk {
    /// Takes in what was written.
    pub(super) fn hear(&mut self) {
        while let Ok(news) = self.kept.try_recv() {
            match news {
                Kept::Recent(files) => self.view.recent = files,
                Kept::Exported(path) => self.say(format!("Written: {}.", path.display())),
                Kept::Failed(why) => self.say(why),
            }
        }
    }

    /// Keeps what is not saved, and lets go of what is; remembers settings that have changed.
    pub(super) fn keep(&mut self, context: &Context) {
        let now = context.input(|input| input.time);
        for editor in &mut self.editors {
            let revision = editor.drawing.revision();
            if !editor.drawing.is_unsaved() {
                if editor.sheet.kept.take().is_some() {
                    self.keeper.ask(Wish::Forget(editor.sheet.number));
                }
                editor.sheet.changed_s = None;
                continue;
            }
            if editor.sheet.kept == Some(revision) {
                continue;
            }
            let since = *editor.sheet.changed_s.get_or_insert(now);
            let rest = since + AFTER_S - now;
            if rest > 0.0 {
                context.request_repaint_after(Duration::from_secs_f64(rest));
                continue;
            }
            editor.sheet.changed_s = None;
            editor.sheet.kept = Some(revision);
            self.keeper.ask(Wish::Keep(editor.sheet.number, Box::new(draft(editor))));
        }
        self.note_open();
        if self.view.settings == self.written {
            self.changed_s = None;
            return;
        }
        let rest = *self.changed_s.get_or_insert(now) + AFTER_S - now;
        match rest > 0.0 {
            true => context.request_repaint_after(Duration::from_secs_f64(rest)),
            false => self.remember(),
        }
    }

    /// Takes note of the files that are open.
    fn note_open(&mut self) {
        if self.editors.iter().any(|editor| editor.sheet.is_opening) {
            return;
        }
        self.view.settings.open = self.editors.iter().filter_map(file).collect();
        self.view.settings.shown = file(self.shown());
    }

    /// Writes settings that have changed.
    pub(super) fn remember(&mut self) {
        if self.view.settings != self.written {
            self.changed_s = None;
            self.written = self.view.settings.clone();
            self.keeper.ask(Wish::State(settings::FILE, self.written.to_bytes()));
        }
    }

    /// Remembers a file that was opened or saved.
    pub(super) fn note(&mut self, path: PathBuf) {
        let path = std::path::absolute(&path).unwrap_or(path);
        self.view.settings.folder = path.parent().map(PathBuf::from);
        self.keeper.ask(Wish::Note(path));
    }

    /// Writes what is shown to a new file.
    pub(super) fn export(&mut self, path: PathBuf, export: Export) {
        let editor = self.shown();
        let make: Make = match export {
            Export::Picture { is_dark } => {
                let drawing = editor.drawing.clone();
                let theme = if is_dark { Theme::dark() } else { Theme::light() };
                Box::new(move || picture::png(&drawing, &theme))
            }
            Export::Whole => {
                let text = to_canonical(&editor.drawing.pipeline);
                Box::new(move || Ok(text.into_bytes()))
            }
            Export::Selection => {
                let chosen = &editor.seen.chosen.nodes;
                let fragment = Fragment::copy(&editor.drawing.pipeline, |id| chosen.contains(id));
                Box::new(move || serde_json::to_vec_pretty(&fragment).map_err(|why| why.to_string()))
            }
        };
        self.keeper.ask(Wish::Export(path, make));
    }

    /// Keeps for a document what a session before has left of it.
    pub(super) fn adopt(&mut self, number: u64, left: Box<Left>) {
        if let Some(place) = self.place_of(number) {
            let editor = &mut self.editors[place];
            editor.sheet.kept = Some(editor.drawing.revision());
            self.keeper.ask(Wish::Adopt(number, left));
        }
    }

    /// Offers again what was left.
    pub(super) fn restore_dialog(&mut self) {
        match self.left.is_empty() {
            true => self.say("Nothing was left unsaved by a session before."),
            false => self.dialog = Some(Dialog::Left),
        }
    }

    /// What was left is drawn again, or goes: all of it, or one after which the others are asked for.
    pub(super) fn answered_left(&mut self, answer: Answer) {
        let (restores, numbers) = match answer {
            Answer::Save => (true, 0..self.left.len()),
            Answer::SaveOne(number) => (true, number..number + 1),
            Answer::DiscardOne(number) => (false, number..number + 1),
            Answer::Discard | Answer::Cancel => (false, 0..self.left.len()),
        };
        let numbers = numbers.start.min(self.left.len())..numbers.end.min(self.left.len());
        for LeftOver { left, .. } in self.left.drain(numbers).collect::<Vec<_>>() {
            match restores {
                true => self.restore(left),
                false => self.keeper.ask(Wish::Discard(Box::new(left))),
            }
        }
        self.dialog = (!self.left.is_empty()).then_some(Dialog::Left);
    }

    fn restore(&mut self, left: Left) {
        let opening = match &left.draft.path {
            Some(path) if path.exists() => Opening::File(path.clone()),
            path => Opening::New(path.clone()),
        };
        if self.open(opening) {
            let editor = self.shown_mut();
            match editor.sheet.is_opening {
                true => editor.sheet.restores = Some(left),
                false => editor.restore(left),
            }
        }
    }
}

/// The file of a document, wherever the next session begins.
fn file(editor: &Editor) -> Option<PathBuf> {
    editor.drawing.path.as_ref().map(|path| std::path::absolute(path).unwrap_or_else(|_| path.clone()))
}

fn draft(editor: &Editor) -> Draft {
    Draft {
        name: editor.title(),
        path: file(editor),
        stamp: editor.disk.stamp(),
        at_ms: chrono::Utc::now().timestamp_millis(),
        pipeline: editor.drawing.pipeline.clone(),
    }
}
