//! The editor without a window: what is known, where a person is, what a frame shows and what it asks for. A test drives it
//! as a window does.
//!
//! - `news`: what is told by threads, taken in
//! - `update`: what is done of what a frame asked for; `building`: to nodes and edges; `arrange`: to the picture

mod arrange;
mod building;
mod news;
mod update;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use egui::{Key, Modifiers, Rect, Ui};
use tidegate_core::faces::drafts::Left;
use tidegate_core::faces::drawing::Drawing;
use tidegate_core::faces::host::{Found, Opener, Opening, Rights, Source};
use tidegate_core::faces::lookout::Lookout;
use tidegate_core::faces::topics::Topics;
use tidegate_core::faces::watched::{Link, Watched};
use tidegate_core::faces::watcher::{Ask, News, Watcher};

use crate::acts::{Act, Chosen, Cx};
use crate::canvas::{self, CanvasSeen};
use crate::commands::{self, Command};
use crate::desk::{DeskView, Sheet, Wanted};
use crate::disk::{self, Disk};
use crate::fonts;
use crate::panels::bottom::BottomSeen;
use crate::panels::changes::{self, ChangesSeen};
use crate::panels::finder::{self, Finder};
use crate::panels::inspector::InspectorSeen;
use crate::panels::palette::PaletteSeen;
use crate::panels::regions::{self, Goal, Region};
use crate::panels::start::{self, StartSeen};
use crate::panels::toasts::{self, Toast};
use crate::panels::{Room, bar, bottom, inspector, palette, splitters, status};
use crate::scene::Scene;
use crate::theme::Theme;

/// How often the run is asked: ten times a second.
const PERIOD: Duration = Duration::from_millis(100);
/// How often it is asked what windows keep.
const STATE: Duration = Duration::from_secs(1);

/// The editor of one document.
pub(crate) struct Editor {
    pub(crate) drawing: Drawing,
    pub(crate) run: Watched,
    pub(crate) seen: Seen,
    pub(crate) rights: Rights,
    pub(crate) disk: Disk,
    /// what the canvas shows; made anew when the drawing changes
    pub(crate) scene: Scene,
    is_stale: bool,
    /// the meters have said something since
    has_figures: bool,
    pub(crate) theme: Theme,
    /// what can be opened
    pub(crate) found: Vec<Found>,
    /// what the desk knows of it, and what it asks of the desk
    pub(crate) sheet: Sheet,
    pub(crate) wanted: Vec<Wanted>,
    /// topics of the drawing's clusters
    pub(crate) topics: Topics,
    /// of which node it was asked last what its windows keep, and when; whoever has not answered is not asked again
    asked_state: Option<(String, Instant)>,
    /// of which revision it is known whether it runs otherwise, and whether it does
    otherwise: Option<(u64, bool)>,
    watcher: Option<Watcher>,
    news: Receiver<News>,
}

/// What belongs to the person who looks: it is not part of the pipeline, and no step of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) chosen: Chosen,
    pub(crate) canvas: CanvasSeen,
    pub(crate) palette: PaletteSeen,
    pub(crate) inspector: InspectorSeen,
    pub(crate) bottom: BottomSeen,
    pub(crate) finder: Option<Finder>,
    pub(crate) toast: Option<Toast>,
    pub(crate) start: StartSeen,
    /// what differs from the file is listed
    pub(crate) changes: Option<ChangesSeen>,
    /// the canvas has the whole window
    pub(crate) is_alone: bool,
    /// the edges whose records are looked at
    pub(crate) tapped: Vec<String>,
    /// where the parts of the window were, of the last frame
    pub(crate) regions: Vec<(Region, Rect)>,
}

impl Editor {
    /// Opens a document. `wake` is called from another thread when there is news.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn new(
        source: Source,
        opener: Box<dyn Opener>,
        theme: Theme,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> std::io::Result<Editor> {
        let drawing = Drawing::new(source.pipeline.clone(), source.path, source.operators, source.check);
        let (tell, news): (Sender<News>, Receiver<News>) = channel();
        let wake = Arc::new(wake);
        let teller = |tell: Sender<News>| {
            let wake = wake.clone();
            move |news| {
                // Where nobody hears it any more, the window has been closed.
                let _ = tell.send(news);
                wake();
            }
        };
        let lookout = Lookout::start(None, true, teller(tell.clone()))?;
        let watcher = Watcher::start(source.running, source.host, opener, PERIOD, teller(tell))?;
        watcher.ask(Ask::With(lookout));
        if source.starts {
            watcher.ask(Ask::Run(Box::new(source.pipeline)));
        }
        let mut run = Watched { name: source.name, ..Watched::default() };
        if !source.rights.owns_run {
            run.link = Link::Starting;
        }
        let disk = Disk::new(drawing.path.as_deref());
        let mut editor = Editor {
            scene: Scene::default(),
            is_stale: true,
            has_figures: false,
            run,
            seen: Seen::default(),
            rights: source.rights,
            disk,
            theme,
            found: Vec::new(),
            sheet: Sheet::default(),
            wanted: Vec::new(),
            topics: Topics::default(),
            asked_state: None,
            otherwise: None,
            watcher: Some(watcher),
            news,
            drawing,
        };
        editor.seen.canvas.wants_focus = true;
        editor.refresh();
        Ok(editor)
    }

    /// What a context must know once: fonts and styles.
    pub(crate) fn dress(&self, context: &egui::Context) {
        context.set_fonts(fonts::definitions());
        self.dress_again(context);
    }

    /// The styles of the theme, after it has changed.
    pub(crate) fn dress_again(&self, context: &egui::Context) {
        context.set_theme(if self.theme.is_dark { egui::Theme::Dark } else { egui::Theme::Light });
        let theme = &self.theme;
        context.all_styles_mut(|style| *style = theme.style(style));
    }

    /// Asks the thread that knows the run.
    pub(crate) fn ask(&self, ask: Ask) {
        if let Some(watcher) = &self.watcher {
            watcher.ask(ask);
        }
    }

    /// Lets go of the run; whoever ends what this gives waits for that.
    pub(crate) fn let_go(&mut self) -> Option<Watcher> {
        self.ask(Ask::End);
        self.watcher.take()
    }

    /// What it is called.
    pub(crate) fn title(&self) -> String {
        if self.sheet.is_start { "New".into() } else { self.disk.name(&self.drawing.pipeline.name) }
    }

    /// It can be saved without asking where.
    pub(crate) fn can_save(&self) -> bool {
        !self.drawing.is_unsaved() || self.drawing.path.is_some()
    }

    /// Opens something in the place of the page to begin from.
    pub(crate) fn begin(&mut self, opening: Opening) {
        self.sheet.is_opening = true;
        self.ask(Ask::Open(opening));
    }

    /// Draws what a session before has left, over what is drawn, as one step.
    pub(crate) fn restore(&mut self, left: Left) {
        let stamp = left.draft.stamp;
        if let Err(why) = self.drawing.redraw(left.draft.pipeline.clone(), "restore what was kept") {
            self.seen.toast = Some(Toast::new(format!("It is not restored, and stays kept: {why}."), false));
            return;
        }
        if self.drawing.path.is_some() {
            self.disk = std::mem::take(&mut self.disk).at(stamp);
        }
        self.is_changed();
        self.seen.canvas.wants_fit = true;
        self.seen.toast = Some(Toast::new("Restored. It is not saved yet.", false));
        self.wanted.push(Wanted::Adopt(self.sheet.number, Box::new(left)));
    }

    /// What is shown is no longer what is known.
    pub(crate) fn is_changed(&mut self) {
        self.is_stale = true;
    }

    fn refresh(&mut self) {
        let (is_stale, has_figures) = (std::mem::take(&mut self.is_stale), std::mem::take(&mut self.has_figures));
        if is_stale || (has_figures && !self.scene.take(&self.run)) {
            self.scene = Scene::new(&self.drawing, &self.run);
        }
    }

    /// Draws a frame and does what it asks for.
    pub(crate) fn ui(&mut self, ui: &mut Ui, desk: &DeskView) {
        self.hear();
        self.watch_disk(ui);
        self.refresh();
        // A field that was just opened has the keys already, though the keyboard comes to it with the frame.
        let is_opened = self.seen.finder.is_some() || self.seen.canvas.writing.is_some();
        let is_writing = ui.ctx().text_edit_focused() || is_opened;
        let is_silent = is_writing || desk.has_dialog || self.sheet.is_start;
        let pasted = if is_silent { None } else { commands::pasted(ui.ctx()) };
        if let Some(text) = pasted {
            self.paste(&text);
        }
        let typed = match desk.has_dialog {
            true => Vec::new(),
            false => ui.ctx().input_mut(|input| commands::typed(input, is_writing)),
        };
        let is_listed = self.seen.changes.is_some() && self.seen.finder.is_none() && !desk.has_dialog;
        if is_listed && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape)) {
            self.seen.changes = None;
            self.seen.canvas.wants_focus = true;
        }
        for command in typed {
            self.command(ui.ctx(), command);
        }
        self.refresh();
        let runs_otherwise = self.runs_otherwise();
        let mut cx = Cx {
            runs_otherwise,
            theme: &self.theme,
            drawing: &self.drawing,
            run: &self.run,
            scene: &self.scene,
            rights: self.rights,
            found: &self.found,
            desk,
            topics: &self.topics,
            acts: Vec::new(),
        };
        match self.sheet.is_start {
            true => begin(ui, &mut cx, &mut self.seen, &self.sheet),
            false => frame(ui, &mut cx, &mut self.seen, &self.disk),
        }
        let mut acts = cx.acts;
        // Whoever has left a control by Esc is back on the canvas.
        let is_left =
            ui.memory(|memory| memory.focused().is_none()) && ui.input(|input| input.key_pressed(Key::Escape));
        self.seen.canvas.wants_focus |= is_left && !desk.has_dialog;
        // A click that leaves a field and presses a button, both in one frame: what was typed comes first.
        acts.sort_by_key(|act| matches!(act, Act::Do(_)));
        for act in acts {
            self.act(ui.ctx(), act);
        }
        self.follow_taps();
        self.follow_windows();
        if self.seen.finder.is_none() && !self.sheet.is_saving {
            // What was to be saved first, was not.
            self.sheet.closes_when_saved &= !self.drawing.is_unsaved();
        }
    }

    /// The next part of the window takes the keyboard, or the one before.
    fn go_round(&mut self, context: &egui::Context, command: Command) {
        // A list has it until it is closed.
        if self.seen.finder.is_some() {
            return;
        }
        let goal = regions::next(context, &self.seen.regions, command == Command::NextRegion);
        self.seen.canvas.wants_focus = goal == Goal::Canvas;
        if let Goal::Control(id) = goal {
            context.memory_mut(|memory| memory.request_focus(id));
        }
    }

    /// What runs here was drawn otherwise, in more than places and words.
    fn runs_otherwise(&mut self) -> bool {
        if !self.rights.owns_run || !self.run.is_running() {
            return false;
        }
        let revision = self.drawing.revision();
        let known = self.otherwise.filter(|(known, _)| *known == revision);
        let (_, runs_otherwise) =
            *self.otherwise.insert(known.unwrap_or_else(|| (revision, self.drawing.runs_otherwise())));
        runs_otherwise
    }

    /// Looks at records of what is selected, while they are shown.
    fn follow_taps(&mut self) {
        let seen = &self.seen;
        let edges = match self.run.is_running() {
            true => bottom::tapped(&self.drawing, &self.run, &seen.chosen, &seen.bottom),
            false => Vec::new(),
        };
        if edges != self.seen.tapped {
            self.seen.bottom.taps.retain(|tap| edges.contains(&tap.edge));
            self.seen.tapped.clone_from(&edges);
            self.ask(Ask::Tap(edges));
        }
    }

    /// Looks at what windows keep, while they are shown; not too often, for a store may be large.
    fn follow_windows(&mut self) {
        let bottom = &self.seen.bottom;
        let is_shown = bottom.tab == bottom::Tab::Windows && !bottom.is_folded && self.run.is_running();
        if !is_shown {
            self.asked_state = None;
            return;
        }
        let node = bottom::subject(&self.run, bottom.about(&self.seen.chosen)).and_then(|id| self.run.node(id));
        if let Some(node) = node
            && let Some(lane) = bottom::lane_of(node, bottom.lane)
        {
            let has_answered = bottom.state.as_ref().is_some_and(|state| state.node == node.id);
            let asked = self.asked_state.as_ref().filter(|(known, _)| *known == node.id);
            if asked.is_none_or(|(_, asked)| has_answered && asked.elapsed() >= STATE) {
                self.ask(Ask::State(node.id.clone(), lane));
                self.asked_state = Some((node.id.clone(), Instant::now()));
            }
        }
    }
}

/// Draws the page to begin from.
fn begin(ui: &mut Ui, cx: &mut Cx<'_>, seen: &mut Seen, sheet: &Sheet) {
    let window = ui.max_rect();
    bar::show(ui, cx, Room::of(window, &cx.desk.settings), true);
    let central = egui::CentralPanel::default().frame(egui::Frame::NONE);
    let shown = central.show(ui, |ui| {
        ui.painter().rect_filled(ui.max_rect(), 0.0, cx.theme.canvas);
        // Where something is being opened, it is there in a moment.
        if !sheet.is_opening {
            start::show(ui, cx, &mut seen.start);
        }
    });
    toasts::show(ui, cx, shown.response.rect, &mut seen.toast);
    finder::show(ui, cx, window, &mut seen.finder);
}

/// Draws everything.
fn frame(ui: &mut Ui, cx: &mut Cx<'_>, seen: &mut Seen, disk: &Disk) {
    let window = ui.max_rect();
    let room = Room::of(window, &cx.desk.settings);
    seen.canvas.has_room = room.has_minimap;
    (seen.canvas.has_minimap, seen.canvas.snaps) = (cx.desk.settings.has_minimap, cx.desk.settings.snaps);
    let shown = regions::Shown {
        is_alone: seen.is_alone,
        is_bottom_folded: seen.bottom.is_folded,
        is_selected: seen.chosen != Chosen::default(),
    };
    seen.regions = regions::regions(window, room, shown);
    if !seen.is_alone {
        bar::show(ui, cx, room, false);
        status::show(ui, cx);
        palette::show(ui, cx, &seen.chosen, &mut seen.palette, room);
        if room.has_inspector {
            inspector::show(ui, cx, &seen.chosen, &mut seen.inspector, room.inspector, &seen.bottom.taps);
        }
        bottom::show(ui, cx, &seen.chosen, &mut seen.bottom, room.bottom);
    }
    let central = egui::CentralPanel::default().frame(egui::Frame::NONE);
    central.show(ui, |ui| canvas::show(ui, cx, &seen.chosen, &mut seen.canvas));
    let area: Rect = seen.canvas.area;
    if !seen.is_alone {
        splitters::show(ui, cx, window, room, seen.bottom.is_folded);
    }
    if !room.has_inspector && !seen.is_alone {
        inspector::sheet(ui, cx, &seen.chosen, &mut seen.inspector, area, &seen.bottom.taps);
    }
    disk::show(ui, cx, area, disk);
    changes::show(ui, cx, area, &mut seen.changes);
    toasts::show(ui, cx, area, &mut seen.toast);
    finder::show(ui, cx, window, &mut seen.finder);
}
