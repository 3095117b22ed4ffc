//! The file of a document, as it was when it was read or written last. What somebody else has written since is noticed, and
//! not overwritten in silence.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use egui::{Align2, Area, Frame, Id, Margin, Order, Rect, Stroke, Ui, vec2};
use tidegate_core::pipeline::Pipeline;

use crate::acts::Cx;
use crate::commands::Command;
use crate::editor::Editor;
use crate::panels::toasts::Toast;
use crate::widgets::{self, ButtonLook};

/// How often it is looked at, while the window is used.
const EVERY: Duration = Duration::from_secs(1);

/// A file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk {
    path: Option<PathBuf>,
    stamp: Option<Stamp>,
    looked: Option<Instant>,
    /// somebody else has written it since
    pub(crate) has_changed: bool,
}

/// When a file was written, and how long it is.
type Stamp = (SystemTime, u64);

fn stamp(path: &Path) -> Option<Stamp> {
    let known = fs::metadata(path).ok()?;
    Some((known.modified().ok()?, known.len()))
}

impl Disk {
    /// As it is now.
    pub(crate) fn new(path: Option<&Path>) -> Disk {
        let stamp = path.and_then(stamp);
        Disk { path: path.map(Path::to_path_buf), stamp, looked: Some(Instant::now()), has_changed: false }
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
        self.path.as_ref().is_some_and(|path| stamp(path) != self.stamp)
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
    pub(crate) fn show(&self, ui: &Ui, cx: &mut Cx<'_>, canvas: Rect) {
        if !self.has_changed {
            return;
        }
        let theme = cx.theme;
        let area = Area::new(Id::unique("changed-on-disk")).order(Order::Foreground).pivot(Align2::CENTER_TOP);
        area.fixed_pos(canvas.center_top() + vec2(0.0, 56.0)).show(ui.ctx(), |ui| {
            let frame =
                Frame::NONE.fill(theme.warn.ground).stroke(Stroke::new(1.0, theme.warn.graphic)).corner_radius(6);
            frame.inner_margin(Margin::symmetric(12, 4)).show(ui, |ui| {
                ui.horizontal(|ui| {
                    ui.label(format!("{} was changed by someone else.", self.name("The file")));
                    if widgets::button(ui, theme, ButtonLook::Quiet, None, "Load it", "Undo brings this drawing back")
                        .clicked()
                    {
                        cx.ask_for(Command::Reload);
                    }
                    if widgets::button(ui, theme, ButtonLook::Quiet, None, "Save over it", "").clicked() {
                        cx.ask_for(Command::SaveOver);
                    }
                });
            });
        });
    }
}

impl Editor {
    /// Looks whether somebody else has written the file.
    pub(crate) fn watch_disk(&mut self, ui: &Ui) {
        // While somebody looks; a window that nobody uses asks nothing.
        if ui.input(|input| !input.events.is_empty() || input.focused) {
            self.disk.look();
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
                self.is_changed();
                self.seen.chosen = std::mem::take(&mut self.seen.chosen).kept(&self.drawing);
                self.seen.toast = Some(Toast::new("Loaded from disk.", true));
            }
            Err(why) => self.seen.toast = Some(Toast::new(format!("It is not loaded: {why}."), false)),
        }
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
