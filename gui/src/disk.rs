//! The file of a document, as it was when it was read or written last. What somebody else has written since is noticed, told
//! by what is different there, and not overwritten in silence.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use egui::{Align2, Area, Frame, Id, Margin, Order, Rect, Stroke, Ui, vec2};
use tidegate_core::faces::changes::Change;
use tidegate_core::faces::numbers;
use tidegate_core::faces::storage::FileStamp;
use tidegate_core::pipeline::Pipeline;

use crate::acts::{Act, Cx};
use crate::commands::Command;
use crate::editor::Editor;
use crate::panels::changes::ChangesSeen;
use crate::panels::toasts::Toast;
use crate::widgets::{self, ButtonLook};

/// How often it is looked at, while the window is used.
const EVERY: Duration = Duration::from_secs(1);

/// A file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk {
    path: Option<PathBuf>,
    stamp: Option<FileStamp>,
    looked: Option<Instant>,
    /// somebody else has written it since
    pub(crate) has_changed: bool,
    theirs: Option<Theirs>,
}

/// What somebody else has written.
#[derive(Debug, Clone)]
struct Theirs {
    /// when
    stamp: Option<FileStamp>,
    /// what is different there, or why that is not known
    lines: Result<Vec<Change>, String>,
}

impl Disk {
    /// As it is now.
    pub(crate) fn new(path: Option<&Path>) -> Disk {
        let stamp = path.and_then(FileStamp::of);
        Disk { path: path.map(Path::to_path_buf), stamp, looked: Some(Instant::now()), ..Disk::default() }
    }

    /// As it was when something was drawn over it.
    pub(crate) fn at(self, stamp: Option<FileStamp>) -> Disk {
        Disk { stamp, looked: None, ..self }
    }

    /// As it was when it was read or written last.
    pub(crate) fn stamp(&self) -> Option<FileStamp> {
        self.stamp
    }

    /// What the document is called.
    pub(crate) fn name(&self, pipeline: &str) -> String {
        let name = self.path.as_ref().and_then(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned());
        name.unwrap_or_else(|| pipeline.to_string())
    }

    /// Looks at it, not too often.
    pub(crate) fn look(&mut self) {
        if self.looked.is_some_and(|looked| looked.elapsed() < EVERY) {
            return;
        }
        self.looked = Some(Instant::now());
        self.has_changed = self.has_changed || self.is_other();
    }

    /// It is not what it was.
    pub(crate) fn is_other(&self) -> bool {
        self.path.as_ref().is_some_and(|path| FileStamp::of(path) != self.stamp)
    }

    /// What it holds.
    ///
    /// # Errors
    /// It cannot be read, or is no pipeline.
    pub(crate) fn read(&self) -> Result<Pipeline, String> {
        let path = self.path.as_ref().ok_or("it has no file")?;
        let text = fs::read_to_string(path).map_err(|why| why.to_string())?;
        let (pipeline, problems) = Pipeline::parse(&text);
        pipeline.ok_or_else(|| problems.first().map_or_else(String::new, |problem| problem.message.clone()))
    }

    /// Says that it has changed, and what can be done.
    fn show(&self, ui: &Ui, cx: &mut Cx<'_>, canvas: Rect) {
        let theme = cx.theme;
        let name = self.name("The file");
        let (words, lines) = match self.theirs.as_ref().map(|theirs| &theirs.lines) {
            Some(Ok(lines)) if lines.is_empty() => {
                (format!("{name} was changed by someone else, to what is here."), None)
            }
            Some(Ok(lines)) => {
                let count = numbers::several(lines.len(), "difference");
                (format!("{name} was changed by someone else: {count}."), Some(lines))
            }
            Some(Err(why)) => (format!("{name} was changed by someone else, and is not read: {why}."), None),
            None => (format!("{name} was changed by someone else."), None),
        };
        // Above the zoom, clear of the minimap.
        let area = Area::new(Id::unique("changed-on-disk")).order(Order::Foreground).pivot(Align2::LEFT_BOTTOM);
        area.fixed_pos(canvas.left_bottom() + vec2(12.0, -48.0)).show(ui.ctx(), |ui| {
            let frame =
                Frame::NONE.fill(theme.warn.ground).stroke(Stroke::new(1.0, theme.warn.graphic)).corner_radius(6);
            frame.inner_margin(Margin::symmetric(12, 4)).show(ui, |ui| {
                ui.horizontal(|ui| {
                    ui.label(words);
                    let mut button = |words: &str, hint: &str| {
                        widgets::button(ui, theme, ButtonLook::Quiet, None, words, hint).clicked()
                    };
                    if let Some(lines) = lines
                        && button("Show them", "What the file says, unlike what is drawn here")
                    {
                        cx.ask(Act::Changes(ChangesSeen::theirs(lines.clone())));
                    }
                    if button("Take theirs", "Draws what the file says; undo brings this drawing back") {
                        cx.ask_for(Command::Reload);
                    }
                    if button("Keep mine", "Goes on with this drawing; it is written when it is saved") {
                        cx.ask_for(Command::KeepMine);
                    }
                });
            });
        });
    }
}

/// Says that the file has changed, where it has.
pub(crate) fn show(ui: &Ui, cx: &mut Cx<'_>, canvas: Rect, disk: &Disk) {
    if disk.has_changed {
        disk.show(ui, cx, canvas);
    }
}

impl Editor {
    /// Looks whether somebody else has written the file.
    pub(crate) fn watch_disk(&mut self, ui: &Ui) {
        // While somebody looks; a window that nobody uses asks nothing.
        if ui.input(|input| !input.events.is_empty() || input.focused) {
            self.disk.look();
        }
        if !self.disk.has_changed {
            return;
        }
        let now = self.disk.path.as_deref().and_then(FileStamp::of);
        if self.disk.theirs.as_ref().is_none_or(|theirs| theirs.stamp != now) {
            let lines = self.disk.read().map(|theirs| self.drawing.changes(Some(&theirs)));
            self.disk.theirs = Some(Theirs { stamp: now, lines });
        }
    }

    /// Draws what the file holds, as one step.
    pub(crate) fn reload(&mut self) {
        match self.disk.read() {
            Ok(pipeline) => {
                let path = self.drawing.path.clone();
                if let Err(why) = self.drawing.replace(pipeline) {
                    self.seen.toast = Some(Toast::new(format!("It is not loaded: {why}."), false));
                    return;
                }
                self.disk = Disk::new(path.as_deref());
                self.seen.changes = None;
                self.is_changed();
                self.keep_chosen();
                self.seen.toast = Some(Toast::new("Loaded from disk.", true));
            }
            Err(why) => self.seen.toast = Some(Toast::new(format!("It is not loaded: {why}."), false)),
        }
    }

    /// Goes on with what is drawn: the file is known as it is now, and is written when somebody saves.
    pub(crate) fn keep_mine(&mut self) {
        // Where the file is none any more, nothing of this is saved.
        self.drawing.is_saved_as(self.disk.read().unwrap_or_else(|_| Pipeline::new("")));
        self.disk = Disk::new(self.drawing.path.as_deref());
        self.seen.changes = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_somebody_writes_is_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        let disk = Disk::new(Some(&path));
        assert!(!disk.is_other(), "a new document has no file yet");
        fs::write(&path, "{}").unwrap();
        assert!(disk.is_other());
        assert!(!Disk::new(Some(&path)).is_other());
        assert!(Disk::new(Some(&path)).read().is_err());
        assert_eq!((disk.name("x"), Disk::default().name("x")), ("a.json".into(), "x".into()));
    }
}
