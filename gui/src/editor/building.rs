//! What is built by commands: nodes that come and go, are copied and pasted; edges that travel the other way.

use egui::{Context, OutputCommand, Pos2, Vec2, pos2, vec2};
use tidegate_core::faces::building::{self, AddTo};
use tidegate_core::faces::marks;
use tidegate_core::operators::Operator;
use tidegate_core::pipeline::edit::{EdgeChange, Edit, Fragment};
use tidegate_core::pipeline::{Point, Way};

use super::Editor;
use crate::acts::Chosen;
use crate::canvas::geometry::{GRID, WIDEST, snapped};
use crate::canvas::gesture::{moves, point};
use crate::panels::toasts::Toast;

/// About how large a new node is, and what is left free beside it.
const NEW: Vec2 = vec2(144.0, 90.0);
const GAP: f32 = 72.0;

impl Editor {
    /// Adds a node; without a place behind what it reads, on its wire, or else in the middle of what is seen. Where a wire is
    /// too short for it, what is behind the wire moves on.
    pub(super) fn add(&mut self, operator: &'static Operator, to: &AddTo, at: Option<Pos2>) {
        let on_wire = match to {
            AddTo::Wire(wire) => self.room_on_wire(wire),
            _ => None,
        };
        let (place, moves) = match (on_wire, at) {
            // Where it was dropped is where it stands, if there is room.
            (Some((_, None)), Some(at)) | (None, Some(at)) => (at, None),
            (Some(place), _) => place,
            (None, None) => (self.free_place(to), None),
        };
        let (edit, id) = building::placed(&self.drawing.pipeline, operator, to, Some(point(place)));
        let edit = match moves {
            Some(moves) => Edit::Batch { label: edit.label(), edits: vec![moves, edit] },
            None => edit,
        };
        if self.edit(&edit) {
            self.choose(Chosen::node(id));
            self.seen.canvas.wants_focus = true;
            self.refresh();
            self.bring_into_view();
        }
    }

    /// The place of a node between the ends of a wire that leads to the right, and the step that makes room where there is
    /// none.
    fn room_on_wire(&self, wire: &str) -> Option<(Pos2, Option<Edit>)> {
        let wire = self.scene.wires.iter().find(|known| known.id == *wire)?;
        let (from, to) = (&self.scene.nodes[wire.from.0], &self.scene.nodes[wire.to.0]);
        let (before, behind) = (from.shape.rect, to.shape.rect);
        if behind.left() < before.right() {
            return None;
        }
        let y = (before.top() + behind.top()) / 2.0;
        let missing = before.right() + GAP + NEW.x + GAP - behind.left();
        if missing <= 0.0 {
            return Some((snapped(pos2((before.right() + behind.left() - NEW.x) / 2.0, y)), None));
        }
        let behind = self.drawing.pipeline.along(to.ids().iter().map(String::as_str), Way::Behind);
        let mut moved = Chosen::nodes(behind);
        moved.nodes.retain(|id| !from.ids().contains(id));
        moved.nodes.retain(|id| self.scene.card(id).is_some_and(|card| card.shape.rect.left() >= before.right()));
        let shift = vec2((missing / GRID).ceil() * GRID, 0.0);
        Some((snapped(pos2(before.right() + GAP, y)), moves(&self.drawing, &self.scene, &moved, shift)))
    }

    fn free_place(&self, to: &AddTo) -> Pos2 {
        let canvas = &self.seen.canvas;
        let node = match to {
            AddTo::After(port) => Some(port.node.as_str()),
            _ => None,
        };
        let wished = match (node.and_then(|id| self.scene.card(id)), to) {
            // What is set makes a node wider: there is room for that.
            (Some(card), _) => card.shape.rect.left_top() + vec2(WIDEST + GAP, 0.0),
            (None, AddTo::Wire(id)) => match self.scene.wires.iter().find(|wire| wire.id == *id) {
                Some(wire) => {
                    let (from, to) = (self.scene.nodes[wire.from.0].shape.rect, self.scene.nodes[wire.to.0].shape.rect);
                    from.center().lerp(to.center(), 0.5) - vec2(NEW.x / 2.0, -48.0)
                }
                None => canvas.area.center(),
            },
            _ => canvas.view.to_canvas(canvas.area, canvas.area.center()) - vec2(NEW.x / 2.0, 32.0),
        };
        self.clear_of_nodes(snapped(wished), NEW)
    }

    /// The place, or one below whatever stands there.
    pub(crate) fn clear_of_nodes(&self, mut place: Pos2, size: Vec2) -> Pos2 {
        let is_taken = |place: Pos2| {
            let rect = egui::Rect::from_min_size(place, size);
            self.scene.nodes.iter().any(|card| card.shape.rect.expand(8.0).intersects(rect))
        };
        while is_taken(place) {
            place.y += 24.0;
        }
        place
    }

    pub(super) fn delete(&mut self) {
        let chosen = self.seen.chosen.clone();
        let pipeline = &self.drawing.pipeline;
        let edit = match (chosen.edge, chosen.bend, chosen.note) {
            (Some(edge), Some(bend), _) => pipeline.edge(&edge).map(|known| {
                let mut points = known.points.clone();
                points.remove(bend);
                Edit::ChangeEdge { edge, change: EdgeChange::Points(points) }
            }),
            (Some(edge), None, _) => Some(Edit::Disconnect { edge }),
            (None, _, Some(note)) => Some(marks::without_note(pipeline, &note)),
            (None, _, None) => None,
        };
        if let Some(edit) = edit {
            self.edit(&edit);
            return;
        }
        let ids: Vec<&str> = chosen.nodes.iter().map(String::as_str).collect();
        if !ids.is_empty() {
            let edit = building::removed(&self.drawing, &ids, true);
            let label = edit.label();
            if self.edit(&edit) {
                self.seen.toast = Some(Toast::new(format!("Done: {label}."), true));
            }
        }
    }

    fn fragment(&self) -> Fragment {
        Fragment::copy(&self.drawing.pipeline, |id| self.seen.chosen.nodes.contains(id))
    }

    pub(super) fn copy(&mut self, context: &Context, cuts: bool) {
        let fragment = self.fragment();
        if fragment.nodes.is_empty() {
            return;
        }
        if let Ok(text) = serde_json::to_string_pretty(&fragment) {
            context.output_mut(|output| output.commands.push(OutputCommand::CopyText(text)));
        }
        if cuts {
            self.delete();
        }
    }

    /// Adds what a text holds, where it is a copied piece of a pipeline.
    pub(crate) fn paste(&mut self, text: &str) {
        match serde_json::from_str::<Fragment>(text) {
            Ok(fragment) => self.put(&fragment),
            Err(_) => self.say("What was copied is no piece of a pipeline."),
        }
    }

    fn put(&mut self, fragment: &Fragment) {
        let (edit, ids) = fragment.paste(&self.drawing.pipeline, Point { x: 32, y: 32 });
        if self.edit(&edit) {
            self.choose(Chosen::nodes(ids.iter().map(String::as_str)));
        }
    }

    pub(super) fn duplicate(&mut self) {
        let fragment = self.fragment();
        if !fragment.nodes.is_empty() {
            self.put(&fragment);
        }
    }

    /// Makes the selected edge travel the other way.
    pub(super) fn travel(&mut self) {
        match self.seen.chosen.edge.clone() {
            Some(edge) => {
                let edit = building::flipped(&self.drawing.pipeline, &edge);
                self.edit(&edit);
            }
            None => self.say("Select an edge first."),
        }
    }
}
