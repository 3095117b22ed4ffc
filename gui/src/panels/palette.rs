//! The palette: what can be added, by family, with search. An item is dragged to the canvas, or added at its middle and wired
//! to what is selected.

use std::collections::BTreeSet;

use egui::{
    Align2, FocusDirection, Frame, Key, Margin, Modifiers, Panel, Rect, ScrollArea, Sense, Stroke, TextEdit, Ui,
    WidgetInfo, pos2, vec2,
};
use tidegate_core::faces::building::{self, AddTo};
use tidegate_core::operators::{Family, Operator, Role};
use tidegate_core::pipeline::PortRef;

use super::{PALETTE, Room};
use crate::acts::{Act, Chosen, Cx};
use crate::icons::icon;
use crate::widgets;
use crate::{fonts, text};

/// What is searched and folded.
#[derive(Debug, Clone)]
pub(crate) struct PaletteSeen {
    pub(crate) search: String,
    folded: BTreeSet<Family>,
    /// the search field takes the keyboard
    pub(crate) wants_focus: bool,
    /// the palette of a narrow window is open above the canvas
    is_over: bool,
}

impl Default for PaletteSeen {
    fn default() -> PaletteSeen {
        let folded = BTreeSet::from([Family::Tables, Family::Joins, Family::Scoring, Family::Sinks]);
        PaletteSeen { search: String::new(), folded, wants_focus: false, is_over: false }
    }
}

/// Operators that a search finds, those whose name begins so first.
pub(crate) fn found<'a>(
    operators: &'a [&'static Operator],
    search: &str,
) -> impl Iterator<Item = &'static Operator> + use<'a> {
    let search = search.trim().to_lowercase();
    let rank = move |operator: &Operator| match () {
        () if operator.name.starts_with(&search) => Some(0),
        () if operator.name.contains(&search) => Some(1),
        () if operator.summary.to_lowercase().contains(&search) => Some(2),
        () => None,
    };
    let mut found: Vec<(u8, &'static Operator)> =
        operators.iter().filter_map(|operator| Some((rank(operator)?, *operator))).collect();
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, operator)| operator)
}

/// Where an operator goes that is added without a place: behind the selected node, on the selected wire.
pub(crate) fn add_to(cx: &Cx<'_>, chosen: &Chosen, operator: &Operator) -> AddTo {
    let after = chosen.only_node().and_then(|id| building::main_output(cx.drawing, id));
    match (&chosen.edge, after) {
        (Some(edge), _) if operator.role == Role::Flow => AddTo::Wire(edge.clone()),
        (None, Some(port)) if operator.role != Role::Source && fits(cx, &port) => AddTo::After(port),
        _ => AddTo::Nothing,
    }
}

fn fits(cx: &Cx<'_>, port: &PortRef) -> bool {
    cx.drawing.place(&port.node).is_some()
}

/// Draws it: with names where there is room, else as a rail.
pub(crate) fn show(ui: &mut Ui, cx: &mut Cx<'_>, chosen: &Chosen, seen: &mut PaletteSeen, room: Room) {
    let (width, has_room) = (room.left(), room.has_palette);
    let frame = Frame::NONE.fill(cx.theme.panel).inner_margin(Margin::ZERO);
    let panel = Panel::left("palette").exact_size(width).resizable(false).show_separator_line(false).frame(frame);
    let shown = panel.show(ui, |ui| match has_room {
        true => list(ui, cx, chosen, seen),
        false => rail(ui, cx, seen),
    });
    let rect = shown.response.rect;
    ui.painter().vline(rect.right() - 0.5, rect.y_range(), Stroke::new(1.0, cx.theme.line));
    if has_room {
        seen.is_over = false;
    } else if seen.is_over || seen.wants_focus {
        seen.is_over = true;
        over(ui, cx, chosen, seen, rect);
    }
}

/// The palette above the canvas, beside the rail.
fn over(ui: &mut Ui, cx: &mut Cx<'_>, chosen: &Chosen, seen: &mut PaletteSeen, rail: Rect) {
    let area = egui::Area::new(egui::Id::unique("palette-over")).order(egui::Order::Middle).fixed_pos(rail.right_top());
    let shown = area.show(ui.ctx(), |ui| {
        let frame = Frame::NONE.fill(cx.theme.panel).stroke(Stroke::new(1.0, cx.theme.line2));
        frame.show(ui, |ui| {
            ui.set_width(PALETTE);
            ui.set_height(rail.height() - 2.0);
            list(ui, cx, chosen, seen);
        });
    });
    let is_left = ui.input(|input| {
        let pressed = input.pointer.any_pressed()
            && input.pointer.interact_pos().is_some_and(|at| !shown.response.rect.contains(at) && !rail.contains(at));
        pressed || input.key_pressed(Key::Escape)
    });
    if is_left || egui::DragAndDrop::has_any_payload(ui.ctx()) {
        seen.is_over = false;
    }
}

fn rail(ui: &mut Ui, cx: &mut Cx<'_>, seen: &mut PaletteSeen) {
    ui.add_space(8.0);
    ui.spacing_mut().item_spacing.y = 4.0;
    ui.vertical_centered(|ui| {
        if widgets::icon_button(ui, cx.theme, "plus", "Add an operator\n/", true).clicked() {
            seen.wants_focus = true;
        }
        for family in Family::ALL {
            let Some(first) = cx.drawing.operators.iter().find(|operator| operator.family == family) else { continue };
            let (rect, response) = ui.allocate_exact_size(vec2(32.0, 32.0), Sense::click());
            response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, family.title()));
            if response.hovered() {
                ui.painter().rect_filled(rect, 6.0, cx.theme.over);
            }
            let colour = cx.theme.role(family);
            ui.painter().text(rect.center(), Align2::CENTER_CENTER, icon(first.icon), fonts::icon(17.0), colour);
            widgets::focus_ring(ui, cx.theme, &response);
            if response.on_hover_text(family.title()).clicked() {
                seen.folded = Family::ALL.into_iter().filter(|other| *other != family).collect();
                seen.search.clear();
                seen.is_over = !seen.is_over;
            }
        }
    });
}

fn list(ui: &mut Ui, cx: &mut Cx<'_>, chosen: &Chosen, seen: &mut PaletteSeen) {
    let inside = Frame::NONE.inner_margin(Margin { left: 12, right: 12, top: 12, bottom: 4 });
    let search = inside.show(ui, |ui| {
        let hint = "Add an operator";
        let edit = TextEdit::singleline(&mut seen.search).hint_text(hint).font(fonts::text(12.5));
        let margin = Margin { left: 28, right: 8, top: 6, bottom: 6 };
        let response = ui.add(edit.desired_width(f32::INFINITY).margin(margin));
        response.clone().accessible_name("Search operators");
        let at = response.rect.left_center() + vec2(15.0, 0.0);
        let sign = icon("magnifying-glass");
        ui.painter().text(at, Align2::CENTER_CENTER, sign, fonts::icon(15.0), cx.theme.text2);
        let key = Rect::from_center_size(response.rect.right_center() - vec2(16.0, 0.0), vec2(18.0, 18.0));
        if seen.search.is_empty() && !response.has_focus() {
            ui.painter().rect(key, 4.0, cx.theme.raised, Stroke::new(1.0, cx.theme.line2), egui::StrokeKind::Inside);
            ui.painter().text(key.center(), Align2::CENTER_CENTER, "/", fonts::mono(11.0), cx.theme.text2);
        }
        response
    });
    let search = search.inner;
    if std::mem::take(&mut seen.wants_focus) {
        search.request_focus();
    }
    // Up and down within a line of text lead nowhere: down it goes to what is found.
    if search.has_focus() && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::ArrowDown)) {
        ui.memory_mut(|memory| memory.move_focus(FocusDirection::Down));
    }
    let is_searching = !seen.search.trim().is_empty();
    let is_entered = search.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    if is_entered && let Some(operator) = found(cx.drawing.operators, &seen.search).next().filter(|_| is_searching) {
        let to = add_to(cx, chosen, operator);
        cx.ask(Act::Add(operator, to, None));
        seen.search.clear();
        return;
    }
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let inside = Frame::NONE.inner_margin(Margin { left: 8, right: 8, top: 0, bottom: 12 });
        inside.show(ui, |ui| match is_searching {
            true => {
                for operator in found(cx.drawing.operators, &seen.search) {
                    item(ui, cx, chosen, operator, 8.0);
                }
            }
            false => {
                for family in Family::ALL {
                    fold(ui, cx, chosen, seen, family);
                }
            }
        });
    });
}

fn fold(ui: &mut Ui, cx: &mut Cx<'_>, chosen: &Chosen, seen: &mut PaletteSeen, family: Family) {
    let operators: Vec<&'static Operator> =
        cx.drawing.operators.iter().filter(|operator| operator.family == family).copied().collect();
    if operators.is_empty() {
        return;
    }
    let is_folded = seen.folded.contains(&family);
    let theme = cx.theme;
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 28.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, family.title()));
    let sign = if is_folded { "caret-right" } else { "caret-down" };
    let middle = rect.center().y;
    let painter = ui.painter();
    painter.text(pos2(rect.left() + 10.0, middle), Align2::CENTER_CENTER, icon(sign), fonts::icon(11.0), theme.faint);
    painter.text(
        pos2(rect.left() + 22.0, middle),
        Align2::LEFT_CENTER,
        family.title(),
        fonts::strong(12.5),
        theme.text2,
    );
    let count = operators.len().to_string();
    painter.text(pos2(rect.right() - 6.0, middle), Align2::RIGHT_CENTER, count, fonts::mono(10.5), theme.faint);
    widgets::focus_ring(ui, theme, &response);
    if response.clicked() && !seen.folded.remove(&family) {
        seen.folded.insert(family);
    }
    if !is_folded {
        operators.into_iter().for_each(|operator| item(ui, cx, chosen, operator, 22.0));
    }
}

fn item(ui: &mut Ui, cx: &mut Cx<'_>, chosen: &Chosen, operator: &'static Operator, indent: f32) {
    let theme = cx.theme;
    let (rect, response) = widgets::row(ui, theme, 26.0, &format!("add {}", operator.name), false);
    let middle = rect.center().y;
    let at = pos2(rect.left() + indent + 8.0, middle);
    let colour = theme.role(operator.family);
    ui.painter().text(at, Align2::CENTER_CENTER, icon(operator.icon), fonts::icon(16.0), colour);
    let at = pos2(rect.left() + indent + 24.0, middle);
    let room = rect.right() - at.x - 4.0;
    text::write(ui.painter(), at, Align2::LEFT_CENTER, operator.name, (fonts::text(12.5), theme.text), room);
    response.dnd_set_drag_payload(operator);
    if response.clicked() {
        let to = add_to(cx, chosen, operator);
        cx.ask(Act::Add(operator, to, None));
    }
    response.on_hover_ui(|ui| help(ui, operator));
}

/// The card that helps: what it does, its ports, an example.
pub(crate) fn help(ui: &mut Ui, operator: &Operator) {
    ui.label(egui::RichText::new(operator.name).font(fonts::strong(13.0)));
    ui.label(operator.summary);
    let Some(ports) = operator.ports() else { return };
    let names = |names: Vec<&str>| if names.is_empty() { "–".to_string() } else { names.join(", ") };
    let inputs = names(ports.inputs.iter().map(|input| input.name.as_str()).collect());
    let outputs = names(ports.output_names().collect());
    ui.label(egui::RichText::new(format!("takes {inputs} · gives {outputs}")).font(fonts::mono(11.0)));
    if let Some(example) = operator.examples.first() {
        ui.add_space(4.0);
        ui.label(example.title);
        ui.label(egui::RichText::new(example.config).font(fonts::mono(11.0)));
    }
}
