//! What is done to the drawing as a picture: nodes in line, groups, notes, bends of wires; and to a node as a whole. Each is
//! one step.

use egui::{Pos2, Rect, pos2};
use tidegate_core::faces::building::AddTo;
use tidegate_core::faces::marks;
use tidegate_core::pipeline::edit::{EdgeChange, Edit, NodeChange};
use tidegate_core::pipeline::{Group, Point};

use super::Editor;
use crate::acts::Chosen;
use crate::canvas::geometry::{bounds, snapped};
use crate::canvas::gesture::point;
use crate::canvas::marks::{NOTE, Writing, corner};
use crate::canvas::menus;
use crate::commands::Command;
use crate::panels::bottom::Tab;
use crate::panels::finder::{Finder, What};
use crate::panels::toasts::Toast;

impl Editor {
    /// Does a command about the picture.
    pub(super) fn arrange(&mut self, command: Command) {
        if command == Command::Menu {
            let commands = menus::commands(&self.drawing, &self.seen.chosen);
            self.seen.finder = Some(Finder::new(What::Menu(commands)));
            return;
        }
        if command == Command::Look {
            self.seen.bottom.tab = Tab::Tap;
            self.seen.bottom.is_folded = false;
            return;
        }
        if !self.rights.may_build {
            return;
        }
        match command {
            Command::Swap => self.swap(),
            Command::Rename => self.rename(),
            Command::Disable => self.disable(),
            Command::Group => self.group(),
            Command::Ungroup => {
                let edit = self.group_of().map(|group| marks::dissolved(&self.drawing.pipeline, &group.id));
                self.edit_or_say(edit, NO_GROUP);
            }
            Command::Fold => {
                let fold = |group: &Group| marks::folded(&self.drawing.pipeline, &group.id, !group.collapsed);
                let edit = self.group_of().map(fold);
                self.edit_or_say(edit, NO_GROUP);
            }
            Command::AddNote => {
                let canvas = &self.seen.canvas;
                let middle = canvas.view.to_canvas(canvas.area, canvas.area.center());
                self.add_note(self.clear_of_nodes(corner(middle), NOTE));
            }
            Command::Recolour => {
                let note = self.seen.chosen.note.as_ref();
                let edit = note.map(|id| marks::recoloured(&self.drawing.pipeline, id));
                self.edit_or_say(edit, "Select a note first.");
            }
            Command::Bend => self.bend(),
            Command::Straighten => {
                let edge = self.seen.chosen.edge.clone().and_then(|id| self.drawing.pipeline.edge(&id));
                let edit = edge.filter(|edge| !edge.points.is_empty()).map(|edge| {
                    let change = EdgeChange::Points(Vec::new());
                    Edit::ChangeEdge { edge: edge.id(), change }
                });
                self.edit_or_say(edit, "Select an edge that has bends.");
            }
            _ => self.align(command),
        }
    }

    /// Gives every node a place by the wires, as one step.
    pub(super) fn lay_out(&mut self) {
        let places = crate::layout::places(&self.drawing.pipeline);
        let nodes = &self.drawing.pipeline.nodes;
        let moves = nodes.iter().zip(places).map(|(node, at)| (node.id.clone(), point(at))).collect();
        // Bends were made for other places.
        let bent = self.drawing.pipeline.edges.iter().filter(|edge| !edge.points.is_empty());
        let straight = bent.map(|edge| {
            let change = EdgeChange::Points(Vec::new());
            Edit::ChangeEdge { edge: edge.id(), change }
        });
        let edits = [Edit::MoveNodes(moves)].into_iter().chain(straight).collect();
        if !nodes.is_empty() && self.edit(&Edit::Batch { label: "lay out".into(), edits }) {
            self.seen.canvas.wants_fit = true;
            self.seen.toast = Some(Toast::new("Laid out.", true));
        }
    }

    /// Changes the drawing, or says why there is nothing to change.
    fn edit_or_say(&mut self, edit: Option<Edit>, why: &str) {
        match edit {
            Some(edit) => drop(self.edit(&edit)),
            None => self.say(why),
        }
    }

    /// The group that has all that is selected.
    fn group_of(&self) -> Option<&Group> {
        marks::group_of(&self.drawing.pipeline, self.seen.chosen.nodes.iter().map(String::as_str))
    }

    fn group(&mut self) {
        let ids: Vec<&str> = self.seen.chosen.nodes.iter().map(String::as_str).collect();
        if ids.len() < 2 {
            return self.say("Select the nodes that are to be a group.");
        }
        let (edit, id) = marks::grouped(&self.drawing.pipeline, &ids);
        if self.edit(&edit) {
            self.seen.canvas.writing = Writing::group(&self.drawing, &id);
        }
    }

    fn swap(&mut self) {
        match self.seen.chosen.only_node().map(str::to_string) {
            Some(id) => self.seen.finder = Some(Finder::new(What::Operator(AddTo::Swap(id), None))),
            None => self.say("Select the node in whose place another is to be."),
        }
    }

    /// Another name for what is selected: it is written where it stands.
    fn rename(&mut self) {
        let group = self.group_of().filter(|group| group.nodes.len() == self.seen.chosen.nodes.len());
        let writing = match (&self.seen.chosen.note, group) {
            (Some(note), _) => Writing::note(&self.drawing, note),
            (None, Some(group)) => Writing::group(&self.drawing, &group.id),
            (None, None) => None,
        };
        match (writing, self.seen.chosen.only_node()) {
            (Some(writing), _) => self.seen.canvas.writing = Some(writing),
            (None, Some(_)) => self.seen.inspector.wants_title = true,
            (None, None) => self.say("Select what is to be called something else."),
        }
    }

    /// Leaves what is selected out of the run, or not; where it is mixed, all of it.
    fn disable(&mut self) {
        let ids = self.seen.chosen.nodes.clone();
        let is_on = |id: &String| self.drawing.pipeline.node(id).is_some_and(|node| !node.disabled);
        let switches_off = ids.iter().any(is_on);
        let change = |id: &String| Edit::ChangeNode { id: id.clone(), change: NodeChange::Disabled(switches_off) };
        let edits: Vec<Edit> = ids.iter().map(change).collect();
        let label = if switches_off { "switch off" } else { "switch on" };
        let edit = (!edits.is_empty()).then(|| Edit::Batch { label: label.into(), edits });
        self.edit_or_say(edit, "Select what is to be left out of the run.");
    }

    /// Adds a note at a place, and begins to write it.
    pub(crate) fn add_note(&mut self, at: Pos2) {
        if !self.rights.may_build {
            return;
        }
        let (edit, id) = marks::noted(&self.drawing.pipeline, "Note", point(snapped(at)));
        if self.edit(&edit) {
            self.choose(Chosen::note(&id));
            self.seen.canvas.writing = Writing::note(&self.drawing, &id);
        }
    }

    /// Adds a bend in the middle of the longest stretch of the selected edge.
    fn bend(&mut self) {
        let wire = self.seen.chosen.edge.as_ref().and_then(|id| self.scene.wires.iter().find(|wire| wire.id == *id));
        let Some(wire) = wire else { return self.say("Select an edge first.") };
        let end = |(node, slot): (usize, _)| self.scene.nodes[node].shape.port(slot);
        let stops: Vec<Pos2> = [end(wire.from)].into_iter().chain(wire.bends.clone()).chain([end(wire.to)]).collect();
        let longest = stops.windows(2).enumerate().max_by(|a, b| {
            let length = |pair: &[Pos2]| pair[0].distance(pair[1]);
            length(a.1).total_cmp(&length(b.1))
        });
        let Some((bend, pair)) = longest else { return };
        let at = snapped(pair[0].lerp(pair[1], 0.5));
        let mut points: Vec<Point> = wire.bends.iter().map(|bend| point(*bend)).collect();
        points.insert(bend, point(at));
        let edge = wire.id.clone();
        if self.edit(&Edit::ChangeEdge { edge: edge.clone(), change: EdgeChange::Points(points) }) {
            self.choose(Chosen::bend(edge, bend));
        }
    }

    fn align(&mut self, command: Command) {
        let cards = self.scene.of_nodes().filter(|card| self.seen.chosen.nodes.contains(&card.id));
        let places: Vec<(String, Rect)> = cards.map(|card| (card.id.clone(), card.shape.rect)).collect();
        let moved = aligned(&places, command);
        let edit = (!moved.is_empty()).then_some(Edit::MoveNodes(moved));
        self.edit_or_say(edit, "Select several nodes that are not in line yet.");
    }
}

const NO_GROUP: &str = "Select a group, or nodes of one.";

/// Where nodes stand in line, or evenly spread; those that stand there already are left out.
fn aligned(places: &[(String, Rect)], command: Command) -> Vec<(String, Point)> {
    let Some(all) = bounds(places.iter().map(|(_, rect)| *rect)).filter(|_| places.len() > 1) else {
        return Vec::new();
    };
    let mut to: Vec<Pos2> = places.iter().map(|(_, rect)| rect.min).collect();
    let middle = |rect: &Rect| (all.center() - rect.size() / 2.0).round();
    for ((_, rect), at) in places.iter().zip(&mut to) {
        *at = match command {
            Command::AlignLeft => pos2(all.left(), rect.top()),
            Command::AlignRight => pos2(all.right() - rect.width(), rect.top()),
            Command::AlignTop => pos2(rect.left(), all.top()),
            Command::AlignBottom => pos2(rect.left(), all.bottom() - rect.height()),
            Command::AlignCentre => pos2(middle(rect).x, rect.top()),
            Command::AlignMiddle => pos2(rect.left(), middle(rect).y),
            _ => *at,
        };
    }
    match command {
        Command::SpreadAcross => spread(places, &mut to, |rect| (rect.left(), rect.width()), |at, x| at.x = x),
        Command::SpreadDown => spread(places, &mut to, |rect| (rect.top(), rect.height()), |at, y| at.y = y),
        _ => {}
    }
    let moved = places.iter().zip(to).filter(|((_, rect), at)| point(rect.min) != point(*at));
    moved.map(|((id, _), at)| (id.clone(), point(at))).collect()
}

/// Spreads nodes so that the gaps between them are equal; the first and the last stay.
fn spread(places: &[(String, Rect)], to: &mut [Pos2], of: impl Fn(&Rect) -> (f32, f32), put: impl Fn(&mut Pos2, f32)) {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by(|a, b| of(&places[*a].1).0.total_cmp(&of(&places[*b].1).0).then(a.cmp(b)));
    let (Some(first), Some(last)) = (order.first(), order.last()) else { return };
    let (start, (end, length)) = (of(&places[*first].1).0, of(&places[*last].1));
    let taken: f32 = places.iter().map(|(_, rect)| of(rect).1).sum();
    let gap = (end + length - start - taken) / (places.len() - 1) as f32;
    let mut at = start;
    for node in order {
        put(&mut to[node], at.round());
        at += of(&places[node].1).1 + gap;
    }
}

#[cfg(test)]
mod tests {
    use egui::vec2;
    use proptest::prelude::*;

    use super::*;

    fn place(id: &str, x: f32, y: f32, width: f32) -> (String, Rect) {
        (id.to_string(), Rect::from_min_size(pos2(x, y), vec2(width, 64.0)))
    }

    #[test]
    fn nodes_come_in_line() {
        let places = [place("a", 0.0, 0.0, 136.0), place("b", 200.0, 80.0, 200.0), place("c", 500.0, 40.0, 136.0)];
        for (command, expected) in [
            (Command::AlignLeft, &[("b", 0, 80), ("c", 0, 40)][..]),
            (Command::AlignRight, &[("a", 500, 0), ("b", 436, 80)]),
            (Command::AlignTop, &[("b", 200, 0), ("c", 500, 0)]),
            (Command::AlignBottom, &[("a", 0, 80), ("c", 500, 80)]),
            (Command::AlignCentre, &[("a", 250, 0), ("b", 218, 80), ("c", 250, 40)]),
            (Command::AlignMiddle, &[("a", 0, 40), ("b", 200, 40)]),
            (Command::SpreadAcross, &[("b", 218, 80)]),
            (Command::SpreadDown, &[]),
        ] {
            let moved = aligned(&places, command);
            let moved: Vec<(&str, i32, i32)> = moved.iter().map(|(id, at)| (id.as_str(), at.x, at.y)).collect();
            assert_eq!(moved, expected, "{command:?}");
        }
        assert_eq!(aligned(&places[..1], Command::AlignLeft), []);
    }

    proptest! {
        #[test]
        fn what_stands_in_line_is_left_alone(at in proptest::collection::vec((-400i32..400, -400i32..400, 136i32..208), 2..6)) {
            let mut places: Vec<(String, Rect)> = at.iter().enumerate()
                .map(|(number, (x, y, width))| place(&format!("n{number}"), *x as f32, *y as f32, *width as f32))
                .collect();
            for command in [Command::AlignLeft, Command::AlignRight, Command::AlignTop, Command::AlignMiddle] {
                for (id, to) in aligned(&places, command) {
                    if let Some((_, rect)) = places.iter_mut().find(|(known, _)| *known == id) {
                        *rect = Rect::from_min_size(pos2(to.x as f32, to.y as f32), rect.size());
                    }
                }
                prop_assert_eq!(aligned(&places, command), []);
            }
        }
    }
}
