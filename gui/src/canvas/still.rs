//! A drawing that nobody touches: what the canvas shows of it, for pictures and for cards of the gallery.

use egui::{Pos2, Rect, Ui, vec2};
use tidegate_core::faces::drawing::Drawing;
use tidegate_core::faces::host::Rights;
use tidegate_core::faces::topics::Topics;
use tidegate_core::faces::watched::Watched;

use super::geometry::{self, Detail, Slot, View};
use super::node::{self, Pen, PortLook};
use super::wire::{self, Track};
use super::{CanvasSeen, notes};
use crate::acts::Cx;
use crate::desk::DeskView;
use crate::scene::Scene;
use crate::theme::Theme;

/// What is drawn, where, and how much of it.
#[derive(Clone, Copy)]
pub(crate) struct Still<'a> {
    pub(crate) drawing: &'a Drawing,
    pub(crate) scene: &'a Scene,
    /// where it is drawn
    pub(crate) area: Rect,
    pub(crate) view: View,
    pub(crate) detail: Detail,
}

/// The box around all that is drawn; none around nothing.
pub(crate) fn bounds(drawing: &Drawing, scene: &Scene) -> Option<Rect> {
    let notes = drawing.pipeline.notes.iter().map(notes::rect);
    // What stands around nodes: groups with their names, side ports, badges.
    let nodes = scene.nodes.iter().map(|card| card.shape.rect.expand2(vec2(20.0, 28.0)));
    geometry::bounds(nodes.chain(notes))
}

/// Paints it.
pub(crate) fn paint(ui: &mut Ui, theme: &Theme, still: Still<'_>) {
    let Still { drawing, scene, area, view, detail } = still;
    let painter = ui.painter_at(area);
    let (run, desk, topics) = (Watched::default(), DeskView::default(), Topics::default());
    let rights = Rights::default();
    let cx = Cx {
        theme,
        drawing,
        run: &run,
        scene,
        rights,
        runs_otherwise: false,
        found: &[],
        desk: &desk,
        topics: &topics,
        acts: Vec::new(),
    };
    let seen = CanvasSeen { view, area, detail, ..CanvasSeen::default() };
    let bodies: Vec<geometry::Shape> = scene.nodes.iter().map(|card| card.shape).collect();
    notes::groups(&painter, &cx, &seen, &bodies);
    if detail > Detail::Block {
        notes::show(&painter, &cx, &seen);
    }
    let pen = Pen { painter: &painter, theme, zoom: view.zoom, detail };
    let port = |place: usize, slot: Slot| view.to_screen(area, scene.nodes[place].shape.port(slot));
    let tracks: Vec<Track> = scene
        .wires
        .iter()
        .map(|wire| {
            let leaves_down = matches!(wire.from.1, Slot::Side(_));
            let bends: Vec<Pos2> = wire.bends.iter().map(|bend| view.to_screen(area, *bend)).collect();
            Track::new(port(wire.from.0, wire.from.1), port(wire.to.0, wire.to.1), &bends, leaves_down, view.zoom)
        })
        .collect();
    for (wire, track) in scene.wires.iter().zip(&tracks) {
        wire::draw(pen, wire, track, wire::Look::default());
    }
    for card in &scene.nodes {
        node::draw(pen, card, view.rect(area, card.shape.rect), node::Look::default());
    }
    for (wire, track) in scene.wires.iter().zip(&tracks) {
        wire::label(pen, wire, track, wire::Look::default());
    }
    if detail == Detail::Block {
        return;
    }
    for (place, card) in scene.nodes.iter().enumerate() {
        for (slot, of) in card.ports() {
            if matches!(slot, Slot::Side(_)) && !of.is_connected {
                continue;
            }
            node::port(pen, of, port(place, slot), PortLook::Plain);
            let has_several = match slot {
                Slot::Input(_) => card.inputs.len() > 1,
                Slot::Output(_) => card.outputs.len() > 1,
                Slot::Side(_) => false,
            };
            if has_several {
                node::port_name(pen, of, slot, port(place, slot));
            }
        }
    }
}
