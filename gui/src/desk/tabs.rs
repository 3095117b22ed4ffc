//! Documents are opened, shown and closed; what is not saved is asked for first.

use std::io;
use std::path::PathBuf;

use egui::{Context, ViewportCommand};
use tidegate_core::faces::host::{Control, Opening, Source};
use tidegate_core::faces::keeper::Wish;
use tidegate_core::faces::storage::is_same_file;
use tidegate_core::faces::watcher::Ask;

use super::{Desk, Dialog, Sheet};
use crate::commands::Command;
use crate::editor::Editor;
use crate::panels::dialog::Answer;
use crate::settings::Settings;

impl Desk {
    /// A document behind the others, and shown.
    pub(super) fn add(&mut self, source: Option<Source>) -> io::Result<()> {
        self.count += 1;
        let is_start = source.is_none();
        let wake = self.wake.clone();
        let opener = Box::new(self.opener.clone());
        let source = source.unwrap_or_else(Source::nothing);
        let mut editor = Editor::new(source, opener, self.theme(), move || wake())?;
        editor.sheet = Sheet::new(self.count, is_start);
        if let Some(path) = editor.drawing.path.clone().filter(|path| path.exists()) {
            self.note(path);
        }
        self.editors.push(editor);
        self.view.shown = self.editors.len() - 1;
        Ok(())
    }

    /// A page to begin from; tells whether there is one.
    fn add_start(&mut self) -> bool {
        match self.add(None) {
            Ok(()) => true,
            Err(why) => {
                self.say(format!("There is no room for another document: {why}."));
                false
            }
        }
    }

    pub(super) fn new_tab(&mut self) {
        match self.editors.iter().position(|editor| editor.sheet.is_start && !editor.sheet.is_opening) {
            Some(place) => self.show(place),
            None => {
                self.add_start();
            }
        }
    }

    /// Opens something in a tab of its own; what is open already is shown. Tells whether it is there, or will be.
    pub(super) fn open(&mut self, opening: Opening) -> bool {
        if let Opening::File(path) = &opening {
            let is_this = |editor: &Editor| editor.drawing.path.as_ref().is_some_and(|known| is_same_file(known, path));
            if let Some(place) = self.editors.iter().position(is_this) {
                let name = self.editors[place].title();
                self.show(place);
                self.say(format!("{name} is open already."));
                return true;
            }
        }
        let is_free = self.shown().sheet.is_start && !self.shown().sheet.is_opening;
        let has_room = is_free || self.add_start();
        if has_room {
            self.shown_mut().begin(opening);
        }
        has_room
    }

    /// Opens what was open when the last session ended, but for files that are gone, and those whose unsaved work is offered.
    pub(super) fn reopen(&mut self) {
        let Settings { open, shown, .. } = self.view.settings.clone();
        let is_offered = |path: &PathBuf| self.left.iter().any(|of| of.left.draft.path.as_ref() == Some(path));
        let open: Vec<PathBuf> = open.into_iter().filter(|path| path.is_file() && !is_offered(path)).collect();
        let place = open.iter().position(|path| Some(path) == shown.as_ref());
        for path in open {
            self.open(Opening::File(path));
        }
        self.show(place.unwrap_or_default());
    }

    pub(super) fn show(&mut self, place: usize) {
        if place >= self.editors.len() || place == self.view.shown {
            return;
        }
        // Whoever looks has one palette, whatever it adds to.
        let palette = std::mem::take(&mut self.shown_mut().seen.palette);
        self.view.shown = place;
        let editor = self.shown_mut();
        editor.seen.palette = palette;
        editor.seen.canvas.wants_focus = true;
        editor.is_changed();
    }

    /// Shows the tab so many further on.
    pub(super) fn turn(&mut self, by: usize) {
        self.show((self.view.shown + by) % self.editors.len());
    }

    pub(super) fn place_of(&self, number: u64) -> Option<usize> {
        self.editors.iter().position(|editor| editor.sheet.number == number)
    }

    /// Closes a tab; one that is not saved asks.
    pub(super) fn close(&mut self, context: &Context, place: usize) {
        self.editors.get_mut(place).into_iter().for_each(|editor| editor.take_typed(context));
        let Some(editor) = self.editors.get(place) else { return };
        if editor.drawing.is_unsaved() {
            let number = editor.sheet.number;
            self.show(place);
            self.dialog = Some(Dialog::Close(number));
        } else if self.editors.len() == 1 && editor.sheet.is_start {
            self.quit(context);
        } else {
            self.drop_editor(place);
        }
    }

    /// Closes a tab, whatever it holds.
    fn drop_editor(&mut self, place: usize) {
        let mut editor = self.editors.remove(place);
        self.keeper.ask(Wish::Forget(editor.sheet.number));
        let is_running = editor.rights.owns_run && editor.run.is_running();
        let name = editor.title();
        self.ending.extend(editor.let_go());
        if place < self.view.shown {
            self.view.shown -= 1;
        }
        if self.editors.is_empty() {
            // The system gave a thread for the one before.
            self.view.shown = 0;
            if let Err(why) = self.add(None) {
                // What was closed stays: a desk is never without a document.
                self.editors.push(editor);
                self.say(format!("It is not closed: {why}."));
            }
            return;
        }
        self.view.shown = self.view.shown.min(self.editors.len() - 1);
        self.shown_mut().seen.canvas.wants_focus = true;
        if is_running {
            self.say(format!("The run of {name} is being stopped."));
        }
    }

    /// Closes those that were to be saved first, and are.
    pub(super) fn close_saved(&mut self, context: &Context) {
        let is_done = |editor: &Editor| editor.sheet.closes_when_saved && !editor.drawing.is_unsaved();
        if self.quits_when_saved {
            let mut unsaved = self.editors.iter().filter(|editor| editor.drawing.is_unsaved()).peekable();
            if unsaved.peek().is_none() {
                context.send_viewport_cmd(ViewportCommand::Close);
            }
            // Where one could not be saved, nothing ends.
            self.quits_when_saved = unsaved.all(|editor| editor.sheet.closes_when_saved);
            return;
        }
        while let Some(place) = self.editors.iter().position(is_done) {
            self.drop_editor(place);
        }
    }

    /// Ends the program; what is not saved is asked for once.
    pub(super) fn quit(&mut self, context: &Context) {
        if self.editors.iter().any(|editor| editor.drawing.is_unsaved()) {
            self.dialog = Some(Dialog::Quit);
        } else {
            context.send_viewport_cmd(ViewportCommand::Close);
        }
    }

    /// Somebody closes the window.
    pub(super) fn watch_window(&mut self, context: &Context) {
        let (is_closing, size) = context
            .input(|input| (input.viewport().close_requested(), input.viewport().inner_rect.map(|rect| rect.size())));
        if let Some(size) = size.filter(|size| size.x >= 1.0 && size.y >= 1.0) {
            self.view.settings.window = Some((size.x.round(), size.y.round()));
        }
        let title = format!("{} – Tidegate", self.shown().title());
        if title != self.title {
            context.send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.title = title;
        }
        if is_closing {
            self.editors.iter_mut().for_each(|editor| editor.take_typed(context));
        }
        let is_unsaved = self.editors.iter().any(|editor| editor.drawing.is_unsaved());
        if is_closing && is_unsaved && !self.may_close {
            context.send_viewport_cmd(ViewportCommand::CancelClose);
            self.dialog = Some(Dialog::Quit);
        }
    }

    /// Does what was answered.
    pub(super) fn answered(&mut self, context: &Context, dialog: Dialog, answer: Answer) {
        self.dialog = None;
        match (dialog, answer) {
            (_, Answer::Cancel) => {}
            (Dialog::Close(number), answer) => {
                let Some(place) = self.place_of(number) else { return };
                match answer {
                    Answer::Save => {
                        self.editors[place].sheet.closes_when_saved = true;
                        self.editors[place].command(context, Command::Save);
                    }
                    _ => self.drop_editor(place),
                }
            }
            (Dialog::Quit, Answer::Save) => {
                self.quits_when_saved = true;
                for editor in self.editors.iter_mut().filter(|editor| editor.drawing.is_unsaved()) {
                    editor.sheet.closes_when_saved = true;
                    editor.command(context, Command::Save);
                }
            }
            (Dialog::Quit, _) => {
                self.may_close = true;
                context.send_viewport_cmd(ViewportCommand::Close);
            }
            (Dialog::Stop(number), _) => {
                let editor = self.place_of(number).map(|place| &self.editors[place]);
                editor.into_iter().for_each(|editor| editor.ask(Ask::Control(Control::Stop)));
            }
            (Dialog::Left, answer) => self.answered_left(answer),
        }
    }
}
