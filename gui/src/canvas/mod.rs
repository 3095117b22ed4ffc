//! The canvas: what is drawn of a pipeline, and what is done to it by pointer and keys. Geometry is in plain functions; what
//! a gesture means is asked for as an act, one step each.
//!
//! - `geometry`: where things are
//! - `node`, `wire`, `glyphs`: what they look like
//! - `gesture`: what the pointer is doing; `pull`: drawing a wire; `bends`, `marks`: to wires, to notes and groups
//! - `ports`: where wires begin and end
//! - `menus`, `tips`: what can be done to what is below it, and what is told of that
//! - `keys`: the same by keyboard
//! - `still`: the same, where nobody touches it
//! - `overlay`: what stands above: zoom, minimap, the run in one sentence

mod bends;
pub(crate) mod geometry;
pub(crate) mod gesture;
pub(crate) mod glyphs;
mod keys;
pub(crate) mod marks;
pub(crate) mod menus;
pub(crate) mod node;
mod notes;
mod overlay;
mod ports;
mod pull;
pub(crate) mod still;
mod tips;
pub(crate) mod wire;

use egui::{Id, Mesh, Pos2, Rect, Response, Sense, Shape, Ui, Vec2, WidgetInfo, pos2, vec2};

use crate::acts::{Act, Chosen, Cx};
use crate::scene::Card;
use geometry::{Detail, Shape as Body, Slot, View};
use gesture::Gesture;
use marks::Writing;
use node::Pen;
use wire::Track;

/// What of the canvas belongs to the person who looks, not to the pipeline.
#[derive(Debug, Clone)]
pub(crate) struct CanvasSeen {
    pub(crate) view: View,
    /// where it was drawn last
    pub(crate) area: Rect,
    pub(crate) detail: Detail,
    /// show all with the next frame
    pub(crate) wants_fit: bool,
    /// take the keyboard with the next frame
    pub(crate) wants_focus: bool,
    pub(crate) has_minimap: bool,
    /// nodes that are moved come onto the grid
    pub(crate) snaps: bool,
    /// the window is high enough for it
    pub(crate) has_room: bool,
    pub(crate) gesture: Gesture,
    /// the note or the group of which the text is being written
    pub(crate) writing: Option<Writing>,
    /// where a menu was asked for, in points of the canvas
    pub(crate) asked_at: Option<Pos2>,
    /// the wire for which it was asked
    pub(crate) asked_wire: Option<String>,
    /// where the pointer was last
    pub(crate) pointer: Option<Pos2>,
    /// what was drawn and what was left out, of the last frame
    pub(crate) drawn: Drawn,
}

/// How much was drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Drawn {
    pub(crate) nodes: usize,
    pub(crate) wires: usize,
}

impl Default for CanvasSeen {
    fn default() -> CanvasSeen {
        CanvasSeen {
            view: View::default(),
            area: Rect::ZERO,
            detail: Detail::All,
            wants_fit: true,
            wants_focus: false,
            has_minimap: true,
            snaps: true,
            has_room: true,
            gesture: Gesture::None,
            writing: None,
            asked_at: None,
            asked_wire: None,
            pointer: None,
            drawn: Drawn::default(),
        }
    }
}

/// What is kept free around a drawing that is fitted.
const MARGINS: (Vec2, Vec2) = (vec2(28.0, 60.0), vec2(28.0, 56.0));

/// The canvas of a frame.
struct Frame<'a> {
    ui: &'a Ui,
    area: Rect,
    view: View,
    back: &'a Response,
    pen: Pen<'a>,
    chosen: &'a Chosen,
    /// boxes of nodes as they are drawn now, in the scene's order
    bodies: Vec<Body>,
    /// lines of wires, in the scene's order; none where they are not seen
    tracks: Vec<Option<Track>>,
    /// the wire below the pointer, by its place in the scene
    hovered_wire: Option<usize>,
    /// dashes run along wires
    has_motion: bool,
}

impl Frame<'_> {
    fn id(&self, of: impl egui::AsIdSalt) -> Id {
        self.back.id.with(of)
    }

    fn rect(&self, place: usize) -> Rect {
        self.view.rect(self.area, self.bodies[place].rect)
    }

    fn port(&self, place: usize, slot: Slot) -> Pos2 {
        self.view.to_screen(self.area, self.bodies[place].port(slot))
    }
}

/// Shows it in all the room that there is.
pub(crate) fn show(ui: &mut Ui, cx: &mut Cx<'_>, chosen: &Chosen, seen: &mut CanvasSeen) {
    let (area, back) = ui.allocate_exact_size(ui.available_size(), Sense::click_and_drag());
    let count = cx.scene.nodes.len();
    back.widget_info(|| WidgetInfo::labeled(egui::Role::Canvas, true, format!("canvas, {count} nodes")));
    ui.set_clip_rect(area);
    seen.area = area;
    if std::mem::take(&mut seen.wants_fit) {
        fit(cx, seen);
    }
    if std::mem::take(&mut seen.wants_focus) {
        back.request_focus();
    }
    seen.pointer = ui.input(|input| input.pointer.hover_pos()).filter(|at| area.contains(*at));
    gesture::navigate(ui, &back, seen);
    seen.detail = seen.view.detail(seen.detail);
    let painter = ui.painter_at(area);
    painter.rect_filled(area, 0.0, cx.theme.canvas);
    dots(&painter, cx, seen);
    seen.writing.take_if(|writing| !writing.was_drawn());
    let bodies = gesture::moved(cx.scene, chosen, seen);
    notes::groups(&painter, cx, seen, &bodies);
    notes::show(&painter, cx, seen);
    marks::groups(ui, &painter, cx, seen, &bodies);
    marks::notes(ui, &painter, cx, chosen, seen);
    let settings = &cx.desk.settings;
    let has_motion =
        settings.dashes_move && !settings.is_still && !cx.run.is_silent() && ui.input(|input| input.focused);
    let mut frame = Frame {
        ui,
        area,
        view: seen.view,
        back: &back,
        pen: Pen { painter: &painter, theme: cx.theme, zoom: seen.view.zoom, detail: seen.detail },
        chosen,
        bodies,
        tracks: Vec::new(),
        hovered_wire: None,
        has_motion,
    };
    frame.tracks = tracks(&frame, cx, seen);
    frame.hovered_wire = hovered_wire(&frame, seen);
    inside(&frame, cx, seen);
    marks::written_note(ui, cx, seen);
    marks::folded(ui, cx, seen);
    keys::take(ui, cx, chosen, seen, &back);
    overlay::show(ui, cx, seen);
}

/// Shows wires and nodes, and takes what the pointer does to them.
fn inside(frame: &Frame<'_>, cx: &mut Cx<'_>, seen: &mut CanvasSeen) {
    wires(frame, cx, seen);
    seen.drawn = Drawn { nodes: 0, wires: frame.tracks.iter().flatten().count() };
    for place in 0..cx.scene.nodes.len() {
        if frame.rect(place).expand(40.0).intersects(frame.area) {
            seen.drawn.nodes += 1;
            show_node(frame, cx, seen, place);
        }
    }
    for (place, (wire, track)) in cx.scene.wires.iter().zip(&frame.tracks).enumerate() {
        if let Some(track) = track {
            wire::label(frame.pen, wire, track, wire_look(frame, place, &wire.id));
        }
    }
    if seen.detail > Detail::Block {
        ports::show(frame, cx, seen);
    }
    pull::go_on(frame, cx, seen);
    gesture::background(frame, cx, seen);
    asked(frame, cx, seen);
    gesture::dropped(frame, cx, seen);
}

/// Shows all nodes.
pub(crate) fn fit(cx: &Cx<'_>, seen: &mut CanvasSeen) {
    if let Some(bounds) = cx.scene.bounds() {
        seen.view = View::fit(bounds, seen.area.size(), MARGINS);
    }
}

/// Dots on the grid, every 24; from far away none.
fn dots(painter: &egui::Painter, cx: &Cx<'_>, seen: &CanvasSeen) {
    let (view, area) = (seen.view, seen.area);
    if view.zoom < 0.5 {
        return;
    }
    let (from, to) = (view.to_canvas(area, area.min), view.to_canvas(area, area.max));
    let first = |at: f32| (at / 24.0).ceil() * 24.0;
    // One shape for all of them.
    let mut dots = Mesh::default();
    let mut y = first(from.y);
    while y < to.y {
        let mut x = first(from.x);
        while x < to.x {
            let dot = Rect::from_center_size(view.to_screen(area, pos2(x, y)), Vec2::splat(1.25));
            dots.add_colored_rect(dot, cx.theme.line);
            x += 24.0;
        }
        y += 24.0;
    }
    painter.add(Shape::mesh(dots));
}

/// Tells of the wire below the pointer, and what can be done to it; else what can be done here.
fn asked(frame: &Frame<'_>, cx: &mut Cx<'_>, seen: &mut CanvasSeen) {
    let (back, scene) = (frame.back, cx.scene);
    if back.secondary_clicked() {
        seen.asked_at = seen.pointer.map(|at| frame.view.to_canvas(frame.area, at));
        let chosen = frame.hovered_wire.map_or_else(Chosen::default, |place| Chosen::edge(&scene.wires[place].id));
        seen.asked_wire = chosen.edge.clone();
        cx.ask(Act::Choose(chosen));
    }
    match seen.asked_wire.clone() {
        Some(edge) => menus::wire(back, cx, &edge),
        None => menus::canvas(back, cx, seen.asked_at),
    }
    if let Some(place) = frame.hovered_wire.filter(|_| seen.gesture == Gesture::None) {
        back.clone().on_hover_ui_at_pointer(|ui| tips::wire(ui, cx, &scene.wires[place]));
    }
}

fn tracks(frame: &Frame<'_>, cx: &Cx<'_>, seen: &CanvasSeen) -> Vec<Option<Track>> {
    let zoom = frame.view.zoom;
    let track = |wire: &crate::scene::Wire| {
        let (from, to) = (frame.port(wire.from.0, wire.from.1), frame.port(wire.to.0, wire.to.1));
        let bends = bends::places(frame, cx, seen, wire);
        // A cubic stays within reach of the box around its ends.
        let ends = bends.iter().fold(Rect::from_two_pos(from, to), |all, bend| all.union(Rect::from_pos(*bend)));
        let box_around = ends.expand(92.0 * zoom);
        box_around
            .intersects(frame.area)
            .then(|| Track::new(from, to, &bends, matches!(wire.from.1, Slot::Side(_)), zoom))
            .filter(|track| track.bounds().intersects(frame.area))
    };
    cx.scene.wires.iter().map(track).collect()
}

/// The wire below the pointer, where nothing lies above it.
fn hovered_wire(frame: &Frame<'_>, seen: &CanvasSeen) -> Option<usize> {
    let is_ours = || frame.back.contains_pointer() || egui::DragAndDrop::has_any_payload(frame.ui.ctx());
    let at = seen.pointer.filter(|_| is_ours())?;
    let is_over_node = (0..frame.bodies.len()).any(|place| frame.rect(place).contains(at));
    if is_over_node {
        return None;
    }
    let distances = frame.tracks.iter().enumerate().filter_map(|(place, track)| {
        let track = track.as_ref().filter(|track| track.bounds().contains(at))?;
        Some((place, geometry::distance(&track.line, at)))
    });
    let nearest = distances.min_by(|a, b| a.1.total_cmp(&b.1))?;
    (nearest.1 <= 8.0).then_some(nearest.0)
}

fn wire_look(frame: &Frame<'_>, place: usize, id: &str) -> wire::Look {
    wire::Look {
        is_hovered: frame.hovered_wire == Some(place),
        is_selected: frame.chosen.edge.as_deref() == Some(id),
        phase: frame.has_motion.then(|| frame.ui.input(|input| input.time) as f32),
        gate_at: 0.0,
    }
}

fn wires(frame: &Frame<'_>, cx: &mut Cx<'_>, seen: &mut CanvasSeen) {
    let (scene, pen) = (cx.scene, frame.pen);
    for (place, (wire, track)) in scene.wires.iter().zip(&frame.tracks).enumerate() {
        let Some(track) = track else { continue };
        let mut look = wire_look(frame, place, &wire.id);
        let rate = wire.live.as_ref().map_or(0.0, |live| live.rate);
        look.phase = look.phase.map(|time| time * wire::speed(rate));
        if wire.live.as_ref().is_some_and(|live| live.shut > 0.0) {
            let beside = scene.wires.iter().zip(&frame.tracks).enumerate();
            let beside = beside.filter(|(other, (known, _))| *other != place && known.from == wire.from);
            let others: Vec<&Track> = beside.filter_map(|(_, (_, track))| track.as_ref()).collect();
            look.gate_at = wire::clear_at(track, &others);
        }
        wire::draw(pen, wire, track, look);
        // Its middle can be pressed, and read by who does not see it.
        let handle = Rect::from_center_size(track.middle(), Vec2::splat(24.0)).intersect(frame.area);
        if handle.is_positive() {
            let response = frame.ui.interact(handle, frame.id(("wire", &wire.id)), Sense::click());
            let is_selected = look.is_selected;
            response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, is_selected, wire.description()));
            if response.double_clicked()
                && let Some(at) = seen.pointer
            {
                bends::add(cx, place, frame.view.to_canvas(frame.area, at));
            } else if response.clicked() {
                frame.back.request_focus();
                cx.ask(Act::Choose(Chosen::edge(&wire.id)));
            }
            menus::wire(&response, cx, &wire.id);
            if seen.gesture == Gesture::None {
                response.on_hover_ui(|ui| tips::wire(ui, cx, wire));
            }
        }
        if pen.detail > Detail::Block {
            bends::show(frame, cx, seen, wire);
        }
    }
}

fn show_node(frame: &Frame<'_>, cx: &mut Cx<'_>, seen: &mut CanvasSeen, place: usize) {
    let (scene, pen, chosen) = (cx.scene, frame.pen, frame.chosen);
    let card: &Card = &scene.nodes[place];
    let rect = frame.rect(place);
    let response = frame.ui.interact(rect.intersect(frame.area), frame.id(("node", &card.id)), Sense::click_and_drag());
    let is_selected = card.is_in(chosen);
    response.widget_info(|| WidgetInfo::selected(egui::Role::Button, true, is_selected, card.description()));
    gesture::on_node(&response, cx, chosen, seen, card, frame.back);
    menus::node(&response, cx, chosen, card);
    let look = node::Look { is_hovered: response.hovered(), is_selected, is_focused: response.has_focus() };
    node::draw(pen, card, rect, look);
    if let Some(busy) = card.live.as_ref().and_then(|live| live.bottleneck.as_ref()) {
        node::tag(pen, rect, &format!("Bottleneck · {busy} busy"));
    }
    if response.hovered() && seen.detail < Detail::All {
        response.on_hover_text(format!("{}\n{}\n{}", card.title, card.operator, card.glance));
    }
}
