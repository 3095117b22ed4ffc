//! What can be done to what is below the pointer, as menus: of commands that keys and the command palette have too. What is
//! pressed is selected first, so that a command is about it.

use egui::{Button, Pos2, Response, Ui};
use tidegate_core::faces::building::{self, AddTo};
use tidegate_core::faces::drawing::Drawing;
use tidegate_core::faces::marks::group_of;
use tidegate_core::pipeline::PortRef;

use crate::acts::{Act, Chosen, Cx};
use crate::commands::Command;
use crate::panels::finder::What;
use crate::scene::Card;

/// Commands about a node.
pub(crate) const NODE: &[Command] = &[
    Command::Connect,
    Command::QuickAdd,
    Command::Swap,
    Command::Rename,
    Command::Disable,
    Command::Group,
    Command::Copy,
    Command::Cut,
    Command::Duplicate,
    Command::Delete,
];

/// Commands about several nodes.
pub(crate) const SEVERAL: &[Command] = &[
    Command::Group,
    Command::AlignLeft,
    Command::AlignCentre,
    Command::AlignRight,
    Command::AlignTop,
    Command::AlignMiddle,
    Command::AlignBottom,
    Command::SpreadAcross,
    Command::SpreadDown,
    Command::Disable,
    Command::Copy,
    Command::Cut,
    Command::Duplicate,
    Command::Delete,
];

/// Commands about a group.
pub(crate) const GROUP: &[Command] =
    &[Command::Fold, Command::Rename, Command::Ungroup, Command::Copy, Command::Duplicate, Command::Delete];

/// Commands about an edge.
pub(crate) const EDGE: &[Command] =
    &[Command::Travel, Command::QuickAdd, Command::Look, Command::Bend, Command::Straighten, Command::Delete];

/// Commands about a note.
pub(crate) const NOTE: &[Command] = &[Command::Rename, Command::Recolour, Command::Delete];

/// Commands about no part.
pub(crate) const CANVAS: &[Command] =
    &[Command::Paste, Command::SelectAll, Command::Layout, Command::Fit, Command::Undo, Command::Redo];

/// Commands that are about what is selected.
pub(crate) fn commands(drawing: &Drawing, chosen: &Chosen) -> &'static [Command] {
    let is_group = || {
        let ids = chosen.nodes.iter().map(String::as_str);
        let group = group_of(&drawing.pipeline, ids);
        group.is_some_and(|group| group.nodes.len() == chosen.nodes.len())
    };
    match (chosen.nodes.len(), &chosen.edge, &chosen.note) {
        (1.., ..) if is_group() => GROUP,
        (1, ..) => NODE,
        (2.., ..) => SEVERAL,
        (0, Some(_), _) => EDGE,
        (0, None, Some(_)) => NOTE,
        (0, None, None) => CANVAS,
    }
}

/// How wide a menu is: titles stand on one line.
const WIDTH: f32 = 240.0;

fn items(ui: &mut Ui, cx: &mut Cx<'_>, commands: &[Command]) {
    ui.set_min_width(WIDTH);
    for command in commands {
        let button = Button::new(command.title()).shortcut_text(command.key().unwrap_or_default());
        // What would do nothing is grey.
        let is_on = match command {
            Command::Undo => cx.drawing.can_undo(),
            Command::Redo => cx.drawing.can_redo(),
            _ => true,
        };
        if ui.add_enabled(is_on, button).clicked() {
            cx.ask_for(*command);
            ui.close();
        }
    }
}

/// Of a node, or of all that are selected where it is one of them.
pub(super) fn node(response: &Response, cx: &mut Cx<'_>, chosen: &Chosen, card: &Card) {
    if response.secondary_clicked() && !card.is_in(chosen) {
        cx.ask(Act::Choose(card.chosen()));
    }
    response.context_menu(|ui| {
        let commands = commands(cx.drawing, chosen);
        items(ui, cx, commands);
    });
}

/// Of a wire.
pub(super) fn wire(response: &Response, cx: &mut Cx<'_>, edge: &str) {
    if response.secondary_clicked() {
        cx.ask(Act::Choose(Chosen::edge(edge)));
    }
    response.context_menu(|ui| items(ui, cx, EDGE));
}

/// Of a group that is open.
pub(super) fn group(response: &Response, cx: &mut Cx<'_>) {
    response.context_menu(|ui| items(ui, cx, GROUP));
}

/// Of a note.
pub(super) fn note(response: &Response, cx: &mut Cx<'_>) {
    response.context_menu(|ui| items(ui, cx, NOTE));
}

/// Of a port.
pub(super) fn port(response: &Response, cx: &mut Cx<'_>, end: &PortRef, is_input: bool) {
    response.context_menu(|ui| {
        if !is_input {
            if ui.button("Connect to…").clicked() {
                cx.ask(Act::List(What::Target(end.clone())));
                ui.close();
            }
            if ui.button("Add an operator behind it…").clicked() {
                cx.ask(Act::List(What::Operator(AddTo::After(end.clone()), None)));
                ui.close();
            }
        }
        let cut = building::cut(&cx.drawing.pipeline, end);
        if ui.add_enabled(cut.is_some(), Button::new("Take its wires away")).clicked() {
            cx.acts.extend(cut.map(Act::Edit));
            ui.close();
        }
    });
}

/// Of the canvas itself, where the pointer was.
pub(super) fn canvas(response: &Response, cx: &mut Cx<'_>, at: Option<Pos2>) {
    response.context_menu(|ui| {
        for (command, act) in [
            (Command::QuickAdd, at.map(|at| Act::QuickAdd(AddTo::Nothing, at))),
            (Command::AddNote, at.map(Act::AddNote)),
        ] {
            let button = Button::new(command.title()).shortcut_text(command.key().unwrap_or_default());
            if ui.add(button).clicked() {
                cx.acts.push(act.unwrap_or(Act::Do(command)));
                ui.close();
            }
        }
        items(ui, cx, CANVAS);
    });
}
