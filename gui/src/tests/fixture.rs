//! A desk with an editor on a drawing, in a harness; gestures by name; a run that says what it is told.

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::{Arc, Mutex};

use egui::{Event, Modifiers, PointerButton, Pos2, Rect, Vec2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use tidegate_core::check::{CheckOptions, check};
use tidegate_core::faces::drawing::Drawing;
use tidegate_core::faces::host::{Control, Found, Host, Opener, Opening, Rights, RunValues, Running, Sample, Source};
use tidegate_core::operators;
use tidegate_core::pipeline::{Edge, Pipeline};
use tidegate_core::problem::Fault;
use tidegate_core::snapshot::{Snapshot, StateSnapshot, TapSnapshot};

use crate::desk::{Desk, Memory, Options};
use crate::editor::Editor;

pub(super) const TRADES: &str = include_str!("../../../pipelines/trades.json");

pub(super) type Screen = Harness<'static, Shown>;

/// A desk, seen as the document that it shows.
pub(super) struct Shown(pub(super) Desk);

impl Deref for Shown {
    type Target = Editor;

    fn deref(&self) -> &Editor {
        self.0.shown()
    }
}

impl DerefMut for Shown {
    fn deref_mut(&mut self) -> &mut Editor {
        self.0.shown_mut()
    }
}

/// What happened to runs.
pub(super) type Happened = Arc<Mutex<Vec<String>>>;

pub(super) fn trades() -> Pipeline {
    Pipeline::parse(TRADES).0.unwrap()
}

/// Starts runs that answer with nothing.
pub(super) struct Starter(pub(super) Happened);

struct Run(Happened);

impl Starter {
    /// A run that has been started by somebody else.
    pub(super) fn run(&self) -> Box<dyn Running> {
        Box::new(Run(self.0.clone()))
    }
}

impl Host for Starter {
    fn start(&self, pipeline: &Pipeline, values: &RunValues) -> Result<Box<dyn Running>, Fault> {
        let mut happened = self.0.lock().unwrap();
        happened.push(format!("started {}", pipeline.name));
        happened.extend(values.set.iter().map(|(name, value)| format!("{name} = {value}")));
        happened.extend(values.secrets.iter().map(|(name, secret)| format!("{name} = {}", secret.expose())));
        drop(happened);
        Ok(self.run())
    }
}

impl Running for Run {
    fn snapshot(&mut self) -> Result<Snapshot, String> {
        Ok(Snapshot { at_ms: 1, ..Snapshot::default() })
    }

    fn ended(&mut self) -> Option<String> {
        None
    }

    fn tap(&mut self, edges: &[String]) -> Result<Vec<TapSnapshot>, String> {
        Ok(edges.iter().map(|edge| TapSnapshot { edge: edge.clone(), ..TapSnapshot::default() }).collect())
    }

    fn state(&mut self, _: &str) -> Result<StateSnapshot, String> {
        Err("nobody looks".into())
    }

    fn control(&mut self, control: Control) -> Result<(), String> {
        self.0.lock().unwrap().push(format!("{control:?}"));
        Ok(())
    }
}

/// Opens files that are there, and what it finds; the gallery has the trades.
struct Shelf;

impl Opener for Shelf {
    fn found(&self) -> Vec<Found> {
        let name = "pipelines/empty.json".to_string();
        vec![Found { opening: Opening::New(Some("empty.json".into())), name, sentence: "Nothing yet.".into() }]
    }

    fn gallery(&self) -> Vec<Sample> {
        let Source { pipeline, operators, check, .. } = source(trades(), Happened::default());
        let drawing = Drawing::new(pipeline, None, operators, check);
        vec![Sample { opening: Opening::Sample("trades".into()), sentence: "Trades, sorted.".into(), drawing }]
    }

    fn open(&self, opening: &Opening) -> Result<Source, String> {
        let of = |pipeline, path| Source { path, ..source(pipeline, Happened::default()) };
        match opening {
            Opening::Run(_) | Opening::Cluster(_) => Err("nobody answers there".into()),
            Opening::Sample(_) => Ok(of(trades(), None)),
            Opening::New(path) => Ok(of(Pipeline::new("empty"), path.clone())),
            Opening::File(path) => {
                let text = std::fs::read_to_string(path).map_err(|why| why.to_string())?;
                Ok(of(Pipeline::parse(&text).0.ok_or("it is no pipeline")?, Some(path.clone())))
            }
        }
    }
}

pub(super) fn source(pipeline: Pipeline, happened: Happened) -> Source {
    Source {
        name: pipeline.name.clone(),
        pipeline,
        path: None,
        operators: operators::ALL,
        check: Arc::new(|pipeline, _| check(pipeline, &CheckOptions::new(&[]))),
        running: None,
        host: Some(Box::new(Starter(happened))),
        cluster: None,
        starts: false,
        rights: Rights { may_build: true, may_control: true, owns_run: true },
    }
}

/// The editor on a pipeline, in a window of the design's size.
pub(super) fn open(pipeline: Pipeline) -> Screen {
    open_source(source(pipeline, Happened::default()), vec2(1400.0, 900.0))
}

pub(super) fn open_source(source: Source, size: Vec2) -> Screen {
    open_desk(Some(source), size, None)
}

/// A desk with a document, or with the page to begin from; what it keeps lies in the folder.
pub(super) fn open_desk(source: Option<Source>, size: Vec2, state: Option<&Path>) -> Screen {
    let memory = Memory::of(state);
    let options = Options { state: state.map(Path::to_path_buf), memory, is_dark: Some(true), is_system_dark: true };
    let desk = Desk::new(source, Arc::new(Shelf), options, || {}).unwrap();
    let builder = Harness::builder().with_size(size).with_max_steps(32).with_step_dt(1.0 / 30.0);
    let (fonts, theme) = (crate::fonts::definitions(), desk.shown().theme.clone());
    let builder = builder.with_context_setup(move |context| {
        context.set_fonts(fonts);
        context.all_styles_mut(|style| *style = theme.style(style));
    });
    // The whole window, as in a program: the harness leaves a margin.
    let whole = |ui: &mut egui::Ui, shown: &mut Shown| {
        let window = egui::UiBuilder::new().max_rect(ui.ctx().content_rect());
        ui.scope_builder(window, |ui| {
            ui.set_clip_rect(ui.max_rect());
            shown.0.ui(ui);
        });
    };
    let mut screen = builder.build_ui_state(whole, Shown(desk));
    settle(&mut screen);
    screen
}

/// How long other threads may take: machines that test are slow and busy.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(120);

/// Frames, until something holds; other threads take their time.
pub(super) fn wait(screen: &mut Screen, until: impl Fn(&Screen) -> bool) {
    let begun = std::time::Instant::now();
    while begun.elapsed() < PATIENCE {
        settle(screen);
        if until(screen) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("waited in vain");
}

/// A picture of the window, where `TIDEGATE_PICTURES` names a folder for it: to look at.
pub(super) fn picture(screen: &Screen, name: &str) {
    if let Some(folder) = std::env::var_os("TIDEGATE_PICTURES") {
        let png = crate::picture::png_of_window(&screen.ctx, screen.output(), &screen.state().theme);
        std::fs::write(Path::new(&folder).join(format!("{name}.png")), png).unwrap();
    }
}

/// Frames, until nothing moves: toasts and the run ask for more at their time.
pub(super) fn settle(screen: &mut Screen) {
    screen.run_steps(4);
}

/// The box of what is called so; parts of names will do.
pub(super) fn rect(screen: &Screen, name: &str) -> Rect {
    screen.get_by_label_contains(name).rect()
}

pub(super) fn is_there(screen: &Screen, name: &str) -> bool {
    screen.query_all_by_label_contains(name).next().is_some()
}

pub(super) fn click(screen: &mut Screen, name: &str) {
    let at = rect(screen, name).center();
    click_at(screen, at);
}

pub(super) fn click_at(screen: &mut Screen, at: Pos2) {
    screen.hover_at(at);
    screen.step();
    press(screen, at, true);
    press(screen, at, false);
    settle(screen);
}

/// Clicks twice, so that it is one double click: time passes faster here than for a person.
pub(super) fn click_twice(screen: &mut Screen, at: Pos2) {
    let patient = |screen: &Screen, delay: f64| {
        screen.ctx.options_mut(|options| options.input_options.max_double_click_delay = delay);
    };
    // Twice as long would make a third click of one before.
    patient(screen, 0.6);
    screen.hover_at(at);
    screen.step();
    for pressed in [true, false, true, false] {
        press(screen, at, pressed);
    }
    patient(screen, 0.3);
    settle(screen);
}

pub(super) fn press(screen: &mut Screen, pos: Pos2, pressed: bool) {
    screen.event(Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers: Modifiers::NONE });
    screen.step();
}

/// Presses at one place, moves, and lets go at another.
pub(super) fn drag(screen: &mut Screen, from: Pos2, to: Pos2) {
    drag_hold(screen, from, to);
    press(screen, to, false);
    settle(screen);
}

/// The same, not let go yet.
pub(super) fn drag_hold(screen: &mut Screen, from: Pos2, to: Pos2) {
    screen.hover_at(from);
    screen.step();
    press(screen, from, true);
    for step in 1..=5 {
        screen.hover_at(from + (to - from) * (step as f32 / 5.0));
        screen.step();
    }
}

pub(super) fn key(screen: &mut Screen, modifiers: Modifiers, key: egui::Key) {
    screen.key_press_modifiers(modifiers, key);
    settle(screen);
}

/// Does what is called so in the list of commands.
pub(super) fn do_by_name(screen: &mut Screen, command: &str) {
    key(screen, Modifiers::COMMAND, egui::Key::K);
    type_text(screen, command);
    key(screen, Modifiers::NONE, egui::Key::Enter);
}

pub(super) fn type_text(screen: &mut Screen, text: &str) {
    screen.event(Event::Text(text.to_string()));
    settle(screen);
}

pub(super) fn edges(screen: &Screen) -> Vec<String> {
    screen.state().drawing.pipeline.edges.iter().map(Edge::id).collect()
}

pub(super) fn chosen(screen: &Screen) -> Vec<String> {
    screen.state().seen.chosen.nodes.iter().cloned().collect()
}
