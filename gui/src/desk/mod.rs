//! The desk: documents that are open, each in a tab; what they share; what is kept of them in case of a crash. A document
//! asks it for what is not its own to do.
//!
//! - `sheet`: what the desk knows of a document
//! - `tabs`: opened, shown, closed
//! - `keeping`: unsaved work, settings, recent files, exports

mod keeping;
mod sheet;
mod tabs;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use egui::{Context, Ui};
use tidegate_core::faces::drafts::Left;
use tidegate_core::faces::host::{Opener, Opening, Sample, Source};
use tidegate_core::faces::keeper::{Keeper, Kept};
use tidegate_core::faces::watched::Watched;
use tidegate_core::faces::watcher::Watcher;

use crate::commands::Command;
use crate::editor::Editor;
use crate::panels::dialog;
use crate::panels::toasts::Toast;
use crate::scene::Scene;
use crate::settings::{Ground, Settings, Side};
use crate::theme::Theme;
pub(crate) use keeping::{Export, LeftOver, Memory};
pub(crate) use sheet::Sheet;

/// Someone who opens documents, for all tabs.
pub type SharedOpener = Arc<dyn Opener + Sync>;

/// All that is open.
pub(crate) struct Desk {
    /// at least one
    editors: Vec<Editor>,
    pub(crate) view: DeskView,
    dialog: Option<Dialog>,
    /// what sessions before left unsaved
    left: Vec<LeftOver>,
    opener: SharedOpener,
    wake: Arc<dyn Fn() + Send + Sync>,
    keeper: Keeper,
    kept: Receiver<Kept>,
    /// runs of closed documents, which are ending
    ending: Vec<Watcher>,
    is_system_dark: bool,
    /// the ground that was asked for at the start, until another is chosen
    asked_dark: Option<bool>,
    /// settings as they are remembered, and since when they are others, by the window's clock
    written: Settings,
    changed_s: Option<f64>,
    /// the program ends when all is saved
    quits_when_saved: bool,
    /// the window may close, whatever is unsaved
    may_close: bool,
    /// what the window is called
    title: String,
    /// how many documents there have been
    count: u64,
}

/// What every document shows of the desk.
#[derive(Default)]
pub(crate) struct DeskView {
    pub(crate) tabs: Vec<Tab>,
    pub(crate) shown: usize,
    pub(crate) settings: Settings,
    /// pipelines to begin from; none before they are looked at
    pub(crate) gallery: Vec<GalleryCard>,
    /// files that were opened lately, newest first
    pub(crate) recent: Vec<PathBuf>,
    /// something is asked, and nothing else hears keys
    pub(crate) has_dialog: bool,
}

/// A document, as its tab tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tab {
    pub(crate) name: String,
    pub(crate) is_unsaved: bool,
    pub(crate) is_running: bool,
}

/// A pipeline to begin from, ready to be drawn.
pub(crate) struct GalleryCard {
    pub(crate) sample: Sample,
    pub(crate) scene: Scene,
}

/// What a document asks of the desk.
#[derive(Debug, Clone)]
pub(crate) enum Wanted {
    Do(Command),
    /// show the tab at this place
    Show(usize),
    /// close it
    Close(usize),
    /// ask whether the run of the document of this number is to stop, which is not of this process
    Stop(u64),
    /// another document
    Open(Opening),
    /// a panel of another size; none is the design's
    Size(Side, Option<f32>),
    /// a new file that holds this
    Export(PathBuf, Export),
    /// remember this file
    Note(PathBuf),
    /// keep for the document of this number what another session left
    Adopt(u64, Box<Left>),
}

/// What a person is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialog {
    /// the document of this number is not saved
    Close(u64),
    /// some are not
    Quit,
    /// the run that the document of this number shows is not of this process
    Stop(u64),
    /// something was left by a session before
    Left,
}

/// How a desk begins.
pub(crate) struct Options {
    /// the folder of the user's state; without one nothing is kept
    pub(crate) state: Option<PathBuf>,
    pub(crate) memory: Memory,
    /// colours that were asked for
    pub(crate) is_dark: Option<bool>,
    pub(crate) is_system_dark: bool,
}

impl Desk {
    /// A desk with one document; without one with those that were open last, or the page to begin from. `wake` is called
    /// from other threads when there is news.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn new(
        source: Option<Source>,
        opener: SharedOpener,
        options: Options,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> std::io::Result<Desk> {
        let wake: Arc<dyn Fn() + Send + Sync> = Arc::new(wake);
        let (tell, kept) = channel();
        let woken = wake.clone();
        let Memory { settings, recent, left, complaints } = options.memory;
        let keeper = Keeper::start(options.state, move |news| {
            // Where nobody hears it any more, the window has been closed.
            let _ = tell.send(news);
            woken();
        })?;
        let mut desk = Desk {
            editors: Vec::new(),
            view: DeskView::default(),
            dialog: None,
            left,
            opener,
            wake,
            keeper,
            kept,
            ending: Vec::new(),
            is_system_dark: options.is_system_dark,
            asked_dark: options.is_dark,
            written: settings.clone(),
            changed_s: None,
            quits_when_saved: false,
            may_close: false,
            title: String::new(),
            count: 0,
        };
        desk.view.settings = settings;
        desk.view.recent = recent;
        desk.dialog = (!desk.left.is_empty()).then_some(Dialog::Left);
        let is_start = source.is_none();
        desk.add(source)?;
        if is_start {
            desk.reopen();
        }
        if !complaints.is_empty() {
            desk.say(complaints.join(" "));
        }
        desk.label();
        Ok(desk)
    }

    /// The document that is shown.
    pub(crate) fn shown(&self) -> &Editor {
        &self.editors[self.view.shown]
    }

    pub(crate) fn shown_mut(&mut self) -> &mut Editor {
        &mut self.editors[self.view.shown]
    }

    /// What a context must know once: fonts and styles.
    pub(crate) fn dress(&self, context: &Context) {
        self.shown().dress(context);
        self.calm(context);
    }

    /// Nothing glides, where that is wished.
    fn calm(&self, context: &Context) {
        if self.view.settings.is_still {
            context.all_styles_mut(|style| style.animation_time = 0.0);
        }
    }

    /// The colours of all documents, after they have changed.
    fn dress_all(&mut self, context: &Context) {
        let theme = self.theme();
        self.editors.iter_mut().for_each(|editor| editor.theme = theme.clone());
        self.shown().dress_again(context);
        self.calm(context);
    }

    fn theme(&self) -> Theme {
        Theme::of(self.is_dark(), self.view.settings.has_contrast)
    }

    fn is_dark(&self) -> bool {
        self.asked_dark.unwrap_or_else(|| self.view.settings.is_dark(self.is_system_dark))
    }

    /// The document that is shown says something.
    fn say(&mut self, words: impl Into<String>) {
        self.shown_mut().seen.toast = Some(Toast::new(words, false));
    }

    /// Draws a frame and does what it asks for.
    pub(crate) fn ui(&mut self, ui: &mut Ui) {
        self.hear();
        for editor in &mut self.editors {
            editor.hear();
        }
        self.look_at_gallery();
        self.label();
        let place = self.view.shown;
        self.editors[place].ui(ui, &self.view);
        self.ask_person(ui);
        // One of them may close a document.
        let wanted: Vec<Wanted> =
            self.editors.iter_mut().flat_map(|editor| std::mem::take(&mut editor.wanted)).collect();
        wanted.into_iter().for_each(|wanted| self.fulfil(ui.ctx(), wanted));
        self.close_saved(ui.ctx());
        self.watch_window(ui.ctx());
        self.keep(ui.ctx());
    }

    /// What tabs tell.
    fn label(&mut self) {
        let tab = |editor: &Editor| Tab {
            name: editor.title(),
            is_unsaved: editor.drawing.is_unsaved() || (editor.rights.may_build && editor.seen.inspector.is_changing()),
            is_running: editor.run.is_running() && !editor.sheet.is_start,
        };
        self.view.tabs = self.editors.iter().map(tab).collect();
        self.view.has_dialog = self.dialog.is_some();
        if self.shown().sheet.folder != self.view.settings.folder {
            let folder = self.view.settings.folder.clone();
            self.shown_mut().sheet.folder = folder;
        }
    }

    /// The gallery, when somebody looks at it first.
    fn look_at_gallery(&mut self) {
        if !self.shown().sheet.is_start || !self.view.gallery.is_empty() {
            return;
        }
        let card = |sample: Sample| GalleryCard { scene: Scene::new(&sample.drawing, &Watched::default()), sample };
        self.view.gallery = self.opener.gallery().into_iter().map(card).collect();
    }

    fn fulfil(&mut self, context: &Context, wanted: Wanted) {
        match wanted {
            Wanted::Do(command) => self.command(context, command),
            Wanted::Show(place) => self.show(place),
            Wanted::Close(place) => self.close(context, place),
            Wanted::Stop(number) => self.dialog = Some(Dialog::Stop(number)),
            Wanted::Open(opening) => {
                self.open(opening);
            }
            Wanted::Size(side, size) => *self.view.settings.size_mut(side) = size,
            Wanted::Export(path, export) => self.export(path, export),
            Wanted::Note(path) => self.note(path),
            Wanted::Adopt(number, left) => self.adopt(number, left),
        }
    }

    fn command(&mut self, context: &Context, command: Command) {
        match command {
            Command::New => self.new_tab(),
            Command::CloseTab => self.close(context, self.view.shown),
            Command::NextTab => self.turn(1),
            Command::PreviousTab => self.turn(self.editors.len() - 1),
            Command::Quit => self.quit(context),
            Command::Restore => self.restore_dialog(),
            Command::Theme => {
                let is_dark = !self.is_dark();
                self.asked_dark = None;
                self.view.settings.ground = if is_dark { Ground::Dark } else { Ground::Light };
                self.dress_all(context);
            }
            Command::Contrast => {
                self.toggle(|settings| &mut settings.has_contrast, "High contrast");
                self.dress_all(context);
            }
            Command::Minimap => self.toggle(|settings| &mut settings.has_minimap, "Minimap"),
            Command::Snap => self.toggle(|settings| &mut settings.snaps, "Nodes snap to the grid"),
            Command::Dashes => self.toggle(|settings| &mut settings.dashes_move, "Dashes run along wires"),
            Command::Still => {
                self.toggle(|settings| &mut settings.is_still, "Reduced motion");
                self.shown().dress_again(context);
                self.calm(context);
            }
            // All else is a document's own.
            _ => {}
        }
    }

    fn toggle(&mut self, of: impl FnOnce(&mut Settings) -> &mut bool, words: &str) {
        let is_on = of(&mut self.view.settings);
        *is_on = !*is_on;
        let state = if *is_on { "on" } else { "off" };
        self.say(format!("{words}: {state}."));
    }

    /// Asks what is to be asked, and does what is answered.
    fn ask_person(&mut self, ui: &Ui) {
        let Some(dialog) = self.dialog else { return };
        let theme = self.shown().theme.clone();
        let answer = match dialog {
            Dialog::Close(number) => {
                let Some(place) = self.place_of(number) else {
                    self.dialog = None;
                    return;
                };
                dialog::close(ui, &theme, &self.editors[place])
            }
            Dialog::Quit => dialog::quit(ui, &theme, &self.view.tabs, self.editors.iter().all(Editor::can_save)),
            Dialog::Stop(number) => {
                let name = self.place_of(number).map(|place| self.editors[place].run.name.clone());
                dialog::stop(ui, &theme, &name.unwrap_or_default())
            }
            Dialog::Left => dialog::left(ui, &theme, &self.left),
        };
        if let Some(answer) = answer {
            self.answered(ui.ctx(), dialog, answer);
        }
    }

    /// Lets go of everything, and waits for that.
    pub(crate) fn end(mut self) {
        self.remember();
        let watchers = self.editors.iter_mut().filter_map(Editor::let_go).chain(self.ending);
        for watcher in watchers.collect::<Vec<Watcher>>() {
            watcher.end();
        }
        self.keeper.end();
    }
}
