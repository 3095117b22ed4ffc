//! The editor without a window, for whoever measures what it costs, or tries it from outside: it is drawn and tessellated as
//! for a GPU, and nobody rasterises it. Of the editor it shows a few numbers, and what a screen reader is told; and it has
//! the large pipeline, with a busy run, that is measured.

use std::io;
use std::time::{Duration, Instant};

use egui::accesskit::{Action, ActionRequest, NodeId, Role, TreeId};
use egui::{Context, Event, FullOutput, Pos2, RawInput, Rect, UiBuilder, vec2};
use serde_json::Value;
use tidegate_core::faces::host::Source;
use tidegate_core::faces::watcher::News;
use tidegate_core::operators;
use tidegate_core::pipeline::edit::Edit;
use tidegate_core::pipeline::{Edge, Node, Pipeline, Point};
use tidegate_core::snapshot::{EdgeSnapshot, NodeSnapshot, Pressure, Rates, Snapshot, TaskSnapshot};

use crate::canvas::geometry::View;
use crate::desk::{Desk, Memory, Options, SharedOpener};

/// What was drawn in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// nodes on the canvas
    pub nodes: usize,
    /// wires there
    pub wires: usize,
    /// shapes of the whole window
    pub shapes: usize,
    /// corners of the triangles that they became
    pub vertices: usize,
    /// the next frame is wanted so soon; none: not before something happens
    pub next: Option<Duration>,
}

/// An editor whose window nobody sees.
pub struct Unseen {
    context: Context,
    desk: Desk,
    window: Rect,
    begun: Instant,
}

/// What a screen reader is told of something.
struct Told {
    id: NodeId,
    role: Role,
    name: String,
}

impl Unseen {
    /// Opens a document in a window of this size, in points. Nothing of the user's state is read or kept.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn open(source: Source, opener: SharedOpener, (width, height): (f32, f32)) -> io::Result<Unseen> {
        let options = Options { state: None, memory: Memory::default(), is_dark: Some(true), is_system_dark: true };
        let desk = Desk::new(Some(source), opener, options, || {})?;
        let context = Context::default();
        desk.dress(&context);
        let window = Rect::from_min_size(Pos2::ZERO, vec2(width, height));
        Ok(Unseen { context, desk, window, begun: Instant::now() })
    }

    /// Draws a frame, down to triangles.
    pub fn frame(&mut self) -> Frame {
        let mut output = self.draw(Vec::new());
        let shapes = std::mem::take(&mut output.shapes);
        let next = output.viewport_output.values().map(|viewport| viewport.repaint_delay).min();
        let (count, scale) = (shapes.len(), output.pixels_per_point);
        output.drop_without_applying_deltas();
        let meshes = self.context.tessellate(shapes, scale);
        let vertices = meshes.iter().map(|mesh| match &mesh.primitive {
            egui::epaint::Primitive::Mesh(mesh) => mesh.vertices.len(),
            egui::epaint::Primitive::Callback(_) => 0,
        });
        let drawn = self.desk.shown().seen.canvas.drawn;
        Frame {
            nodes: drawn.nodes,
            wires: drawn.wires,
            shapes: count,
            vertices: vertices.sum(),
            next: next.filter(|delay| *delay < Duration::MAX),
        }
    }

    fn draw(&mut self, events: Vec<Event>) -> FullOutput {
        let time = Some(self.begun.elapsed().as_secs_f64());
        let input = RawInput { screen_rect: Some(self.window), time, focused: true, events, ..RawInput::default() };
        let (window, desk) = (self.window, &mut self.desk);
        self.context.run_ui(input, |ui| {
            ui.scope_builder(UiBuilder::new().max_rect(window), |ui| {
                ui.set_clip_rect(window);
                desk.ui(ui);
            });
        })
    }

    /// Draws a frame, and gives the names of all that is in it, as a screen reader is told of them.
    pub fn names(&mut self) -> Vec<String> {
        self.told().into_iter().map(|told| told.name).collect()
    }

    /// Presses the tab that is called so, or else what is, or else the first whose name begins so, as a screen reader does.
    /// Tells whether it is there.
    pub fn press(&mut self, name: &str) -> bool {
        let all = self.told();
        let of_name = || all.iter().filter(|told| told.name == name);
        let found = of_name().find(|told| told.role == Role::Tab).or_else(|| of_name().next());
        let Some(found) = found.or_else(|| all.iter().find(|told| told.name.starts_with(name))) else { return false };
        let (action, target_tree, target_node) = (Action::Click, TreeId::ROOT, found.id);
        let request = ActionRequest { action, target_tree, target_node, data: None };
        self.draw(vec![Event::AccessKitActionRequest(request)]).drop_without_applying_deltas();
        true
    }

    fn told(&mut self) -> Vec<Told> {
        self.context.enable_accesskit();
        let mut output = self.draw(Vec::new());
        let update = output.platform_output.accesskit_update.take();
        output.drop_without_applying_deltas();
        let all = update.into_iter().flat_map(|update| update.nodes);
        // Labels have their words as a value.
        all.filter_map(|(id, node)| {
            let name = node.label().or(node.value())?.to_string();
            Some(Told { id, role: node.role(), name })
        })
        .collect()
    }

    /// Tells what the meters of a run say.
    pub fn tell(&mut self, snapshot: Snapshot) {
        self.desk.shown_mut().take(News::Figures(Box::new(snapshot)));
    }

    /// Looks at the upper left of the drawing, at 100 %; the rest is out of sight.
    pub fn look_closely(&mut self) {
        self.desk.shown_mut().seen.canvas.view = View::default();
    }

    /// Changes the drawing by a step, and checks it. Tells whether that could be done.
    pub fn edit(&mut self, edit: &Edit) -> bool {
        self.desk.shown_mut().edit(edit)
    }

    /// Lets go of its threads, and waits for them.
    pub fn end(self) {
        self.desk.end();
    }
}

/// How many nodes and edges the large pipeline has.
pub const LARGE: (usize, usize) = (500, 600);
/// Nodes in a row of it.
const ROW: usize = 25;

/// An operator by its name, and its config.
pub type Kind<'a> = (&'a str, Value);

/// A field of flows behind sources, 25 a row, wired to the next and some to the row below.
pub fn large((source, flow): (Kind<'_>, Kind<'_>)) -> Pipeline {
    let (nodes, edges) = LARGE;
    let place = |node: usize| Point { x: 40 + 240 * (node % ROW) as i32, y: 40 + 128 * (node / ROW) as i32 };
    let node = |number: usize| {
        let (operator, config) = if number.is_multiple_of(ROW) { &source } else { &flow };
        let config = config.as_object().cloned().unwrap_or_default();
        Node { at: Some(place(number)), config, ..Node::new(format!("n{number}"), *operator) }
    };
    let along = (0..nodes).filter(|node| node % ROW != ROW - 1).map(|node| (node, node + 1));
    let down = (0..nodes - ROW - 1).filter(|node| node % 4 != 2).map(|node| (node, node + ROW + 1));
    let down = down.filter(|(_, to)| to % ROW != 0);
    let edge = |(from, to): (usize, usize)| Edge::new(format!("n{from}.out").as_str(), format!("n{to}.in").as_str());
    Pipeline {
        nodes: (0..nodes).map(node).collect(),
        edges: along.chain(down).take(edges).map(edge).collect(),
        ..Pipeline::new("large")
    }
}

/// What the meters of a run say at this tick of ten a second, of each node and each edge: figures differ from tick to tick.
pub fn busy(pipeline: &Pipeline, tick: u64) -> Snapshot {
    // Between 0 and 1, other from place to place and from tick to tick.
    let share = |place: usize| ((place as u64 * 37 + tick * 11) % 100) as f64 / 100.0;
    let rate = |place: usize| 500.0 + 1000.0 * share(place);
    let node = |(place, node): (usize, &Node)| NodeSnapshot {
        id: node.id.clone(),
        role: if place.is_multiple_of(ROW) { operators::Role::Source } else { operators::Role::Flow },
        task: Some(place),
        rates: Rates { records_in: rate(place), records_out: rate(place), ..Rates::default() },
        ..NodeSnapshot::default()
    };
    let task = |(place, node): (usize, &Node)| {
        let (busy, back_pressured) = (400.0 * share(place), 400.0 * share(place + 1));
        let pressure = Pressure { busy, back_pressured, idle: 1000.0 - busy - back_pressured, limited: 0.0 };
        TaskSnapshot { nodes: vec![node.id.clone()], pressure, ..TaskSnapshot::default() }
    };
    let edge = |(place, edge): (usize, &Edge)| EdgeSnapshot {
        id: edge.id(),
        records: rate(place),
        depth: (4096.0 * share(place)) as usize,
        capacity: 4096,
        fill: share(place),
        ..EdgeSnapshot::default()
    };
    Snapshot {
        at_ms: 1 + 100 * i64::try_from(tick).unwrap_or(i64::MAX / 200),
        nodes: pipeline.nodes.iter().enumerate().map(node).collect(),
        edges: pipeline.edges.iter().enumerate().map(edge).collect(),
        tasks: pipeline.nodes.iter().enumerate().map(task).collect(),
        ..Snapshot::default()
    }
}
