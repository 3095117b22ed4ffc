//! The editor without a window: what is known, where a person is, what a frame shows and what it asks for. A test drives it
//! as a window does.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use egui::{Rect, Ui};
use tidegate_core::faces::drawing::Drawing;
use tidegate_core::faces::host::{Found, Opened, Opener, Rights, Source};
use tidegate_core::faces::watched::{Link, Watched};
use tidegate_core::faces::watcher::{Ask, News, Watcher};
use tidegate_core::pipeline::Pipeline;

use crate::acts::{Chosen, Cx};
use crate::canvas::{self, CanvasSeen};
use crate::disk::Disk;
use crate::panels::bottom::BottomSeen;
use crate::panels::finder::{self, Finder};
use crate::panels::inspector::InspectorSeen;
use crate::panels::palette::PaletteSeen;
use crate::panels::toasts::{self, Toast};
use crate::panels::{Room, bar, bottom, inspector, palette, status};
use crate::scene::Scene;
use crate::theme::Theme;
use crate::{commands, fonts};

/// How often the run is asked: ten times a second.
const PERIOD: Duration = Duration::from_millis(100);

/// The editor of one document.
pub(crate) struct Editor {
    pub(crate) drawing: Drawing,
    pub(crate) run: Watched,
    pub(crate) seen: Seen,
    pub(crate) rights: Rights,
    pub(crate) disk: Disk,
    /// what the canvas shows; made anew when the drawing or the meters change
    pub(crate) scene: Scene,
    is_stale: bool,
    pub(crate) theme: Theme,
    /// what can be opened
    pub(crate) found: Vec<Found>,
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
    /// the canvas has the whole window
    pub(crate) is_alone: bool,
    /// the edges whose records are looked at
    pub(crate) tapped: Vec<String>,
}

impl Editor {
    /// Opens a document. `wake` is called from another thread when there is news.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn new(
        source: Source,
        opener: Box<dyn Opener>,
        is_dark: bool,
        wake: impl Fn() + Send + 'static,
    ) -> std::io::Result<Editor> {
        let drawing = Drawing::new(source.pipeline.clone(), source.path, source.operators, source.check);
        let (tell, news): (Sender<News>, Receiver<News>) = channel();
        let watcher = Watcher::start(source.running, source.host, opener, PERIOD, move |news| {
            // Where nobody hears it any more, the window has been closed.
            let _ = tell.send(news);
            wake();
        })?;
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
            run,
            seen: Seen::default(),
            rights: source.rights,
            disk,
            theme: if is_dark { Theme::dark() } else { Theme::light() },
            found: Vec::new(),
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

    /// Lets go of the run, and waits for that.
    pub(crate) fn close(&mut self) {
        if let Some(watcher) = self.watcher.take() {
            watcher.end();
        }
    }

    /// What is shown is no longer what is known.
    pub(crate) fn is_changed(&mut self) {
        self.is_stale = true;
    }

    fn refresh(&mut self) {
        if std::mem::take(&mut self.is_stale) {
            self.scene = Scene::new(&self.drawing, &self.run);
        }
    }

    /// Takes in what has been told since the last frame.
    pub(crate) fn hear(&mut self) {
        while let Ok(news) = self.news.try_recv() {
            self.take(news);
        }
    }

    /// Takes in a piece of news.
    pub(crate) fn take(&mut self, news: News) {
        match news {
            News::Figures(snapshot) => {
                self.run.history.take(&snapshot);
                self.run.now = *snapshot;
                self.run.link = Link::Live;
                self.is_stale = true;
            }
            News::Silence { why, at_ms } => {
                self.run.link = match &self.run.link {
                    Link::Silent { since_ms, tries, .. } => Link::Silent { since_ms: *since_ms, why, tries: tries + 1 },
                    _ => Link::Silent { since_ms: at_ms, why, tries: 1 },
                };
            }
            News::Over { how, last } => {
                if let Some(last) = last {
                    self.run.now = *last;
                }
                self.run.link = Link::Over { how };
                self.is_stale = true;
            }
            News::Started(pipeline) => {
                self.drawing.running = *pipeline;
                self.run = Watched { name: std::mem::take(&mut self.run.name), ..Watched::default() };
                self.run.link = Link::Starting;
                self.is_stale = true;
            }
            News::Taps(taps) if !self.seen.bottom.is_held => {
                self.seen.bottom.no_taps = None;
                for tap in taps {
                    let held = &mut self.seen.bottom.taps;
                    match held.iter_mut().find(|known| known.edge == tap.edge) {
                        // Nothing has passed since: what was shown stays.
                        Some(_) if tap.rows.is_empty() => {}
                        Some(known) => *known = tap,
                        None => held.push(tap),
                    }
                }
            }
            // What nodes keep is not asked for here.
            News::Taps(_) | News::State { .. } => {}
            News::NoTaps(why) => self.seen.bottom.no_taps = Some(why),
            // No panel shows the cluster, so nobody looks at it.
            News::Cluster(_) | News::ClusterSilence { .. } | News::NoCluster | News::Topics { .. } => {}
            News::Opened(opened) => self.open(*opened),
            News::Found(found) => self.found = found,
            News::Said(words) => self.seen.toast = Some(Toast::new(words, false)),
            News::Saved { pipeline, to } => self.saved(*pipeline, &to),
        }
    }

    /// Shows another document in place of this one.
    fn open(&mut self, opened: Opened) {
        let Opened { name, pipeline, path, operators, check, rights, starts, is_of_cluster: _ } = opened;
        self.disk = Disk::new(path.as_deref());
        self.drawing = Drawing::new(pipeline, path, operators, check);
        self.run = Watched { name, ..Watched::default() };
        if !rights.owns_run {
            self.run.link = Link::Starting;
        }
        self.rights = rights;
        self.seen.chosen = Chosen::default();
        self.seen.inspector = InspectorSeen::default();
        self.seen.canvas.wants_fit = true;
        self.is_stale = true;
        if starts {
            self.ask(Ask::Run(Box::new(self.drawing.pipeline.clone())));
        }
    }

    fn saved(&mut self, pipeline: Pipeline, to: &str) {
        self.drawing.is_saved_as(pipeline);
        self.disk = Disk::new(Some(Path::new(to)));
        self.drawing.path = Some(to.into());
        self.seen.toast = Some(Toast::new(format!("Saved {to}."), false));
    }

    /// Draws a frame and does what it asks for.
    pub(crate) fn ui(&mut self, ui: &mut Ui) {
        self.hear();
        self.watch_disk(ui);
        self.refresh();
        let is_writing = ui.ctx().text_edit_focused() || self.seen.finder.is_some();
        let pasted = if is_writing { None } else { commands::pasted(ui.ctx()) };
        if let Some(text) = pasted {
            self.paste(&text);
        }
        let typed = ui.ctx().input_mut(|input| commands::typed(input, is_writing));
        for command in typed {
            self.command(ui.ctx(), command);
        }
        self.refresh();
        let mut cx = Cx {
            theme: &self.theme,
            drawing: &self.drawing,
            run: &self.run,
            scene: &self.scene,
            rights: self.rights,
            found: &self.found,
            acts: Vec::new(),
        };
        frame(ui, &mut cx, &mut self.seen, &self.disk);
        let acts = cx.acts;
        for act in acts {
            self.act(ui.ctx(), act);
        }
        self.follow_taps();
    }

    /// Looks at records of what is selected, while they are shown.
    fn follow_taps(&mut self) {
        let wants = self.seen.bottom.tab == bottom::Tab::Tap && self.run.is_running() && !self.seen.bottom.is_folded;
        let edges = if wants { bottom::tapped(&self.drawing, &self.seen.chosen) } else { Vec::new() };
        if edges != self.seen.tapped {
            self.seen.bottom.taps.retain(|tap| edges.contains(&tap.edge));
            self.seen.tapped.clone_from(&edges);
            self.ask(Ask::Tap(edges));
        }
    }
}

/// Draws everything.
fn frame(ui: &mut Ui, cx: &mut Cx<'_>, seen: &mut Seen, disk: &Disk) {
    let window = ui.max_rect();
    let room = Room::of(window);
    seen.canvas.has_room = room.has_minimap;
    let document = disk.name(&cx.drawing.pipeline.name);
    if !seen.is_alone {
        bar::show(ui, cx, room, &document);
        status::show(ui, cx);
        palette::show(ui, cx, &seen.chosen, &mut seen.palette, room.has_palette);
        inspector::show(ui, cx, &seen.chosen, &mut seen.inspector, room.inspector);
        bottom::show(ui, cx, &seen.chosen, &mut seen.bottom, room.bottom);
    }
    let central = egui::CentralPanel::default().frame(egui::Frame::NONE);
    central.show(ui, |ui| canvas::show(ui, cx, &seen.chosen, &mut seen.canvas));
    let area: Rect = seen.canvas.area;
    disk.show(ui, cx, area);
    toasts::show(ui, cx, area, &mut seen.toast);
    finder::show(ui, cx, window, &mut seen.finder);
}
