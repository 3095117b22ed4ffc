//! The inspector: what is selected, and what can be set of it. A node by the form that its operator describes; an edge by how
//! it travels; nothing selected is the pipeline itself.

mod edge;
mod entries;
mod form;
mod node;
mod parts;
mod pipeline;
mod several;

use egui::text::{LayoutJob, TextFormat};
use egui::{
    Area, Frame, Id, Key, Margin, Order, Panel, Rect, Response, RichText, ScrollArea, Stroke, Ui, Vec2, pos2, vec2,
};
use tidegate_core::faces::subject::Subject;
use tidegate_core::snapshot::TapSnapshot;

use crate::acts::{Act, Chosen, Cx};
use crate::icons::icon;
use crate::{fonts, widgets};
#[cfg(test)]
pub(crate) use form::written;
pub(crate) use form::{Draft, List};

/// What is looked at, and what is being typed.
#[derive(Debug, Clone, Default)]
pub(crate) struct InspectorSeen {
    pub(crate) tab: Tab,
    /// what is being typed into a field
    pub(crate) draft: Option<Draft>,
    /// what fits in the field that is written into
    pub(crate) list: Option<List>,
    /// the list of what fits was asked for
    pub(crate) wants_list: bool,
    /// the first field takes the keyboard
    pub(crate) wants_focus: bool,
    /// the name takes the keyboard
    pub(crate) wants_title: bool,
    /// the field that takes the keyboard, by its path
    pub(crate) wants_field: Option<String>,
    /// a field that no form has, while one types there
    typing: Option<Typing>,
}

/// What is being typed into a field that no form has.
#[derive(Debug, Clone)]
struct Typing {
    field: String,
    words: String,
    /// what it asks for, if it were left
    act: Option<Act>,
}

impl InspectorSeen {
    /// What stands in a field that no form has: what is typed, else what is drawn.
    fn words(&self, field: &str, drawn: String) -> String {
        self.typing.as_ref().filter(|typing| typing.field == field).map_or(drawn, |typing| typing.words.clone())
    }

    /// Takes note of what is typed there, and of what that asks for; gives both when the field is left, unless by Esc.
    fn typed(
        &mut self,
        ui: &Ui,
        response: &Response,
        field: &str,
        words: String,
        act: impl FnOnce(&str) -> Option<Act>,
    ) -> Option<(String, Option<Act>)> {
        if response.changed() {
            let act = act(&words);
            self.typing = Some(Typing { field: field.to_string(), words, act });
        }
        let left = response.lost_focus().then(|| self.typing.take_if(|typing| typing.field == field)).flatten();
        let left = left.filter(|_| !ui.input(|input| input.key_pressed(Key::Escape)));
        left.map(|typing| (typing.words, typing.act))
    }

    /// What is being typed would change the drawing, if its field were left.
    pub(crate) fn is_changing(&self) -> bool {
        let act = self.typing.as_ref().and_then(|typing| typing.act.as_ref());
        let is_drafted = self.draft.as_ref().is_some_and(|draft| draft.edit.is_some());
        is_drafted || matches!(act, Some(Act::Edit(_) | Act::RenamePart { .. }))
    }

    /// Takes what is typed into a field that no form has, as if it were left.
    pub(crate) fn take_typing(&mut self) -> Option<Act> {
        self.typing.take_if(|typing| typing.act.is_some()).and_then(|typing| typing.act)
    }
}

/// A side of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Tab {
    #[default]
    Settings,
    Schema,
    Help,
}

/// Draws it.
pub(crate) fn show(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    chosen: &Chosen,
    seen: &mut InspectorSeen,
    width: f32,
    taps: &[TapSnapshot],
) {
    let frame = Frame::NONE.fill(cx.theme.panel).inner_margin(Margin::ZERO);
    let panel = Panel::right("inspector").exact_size(width).resizable(false).show_separator_line(false).frame(frame);
    let shown = panel.show(ui, |ui| inside(ui, cx, chosen, seen, taps));
    let rect = shown.response.rect;
    ui.painter().vline(rect.left() + 0.5, rect.y_range(), Stroke::new(1.0, cx.theme.line));
}

/// Draws it over the right of the canvas, where there is no room beside it, while something is selected.
pub(crate) fn sheet(
    ui: &Ui,
    cx: &mut Cx<'_>,
    chosen: &Chosen,
    seen: &mut InspectorSeen,
    canvas: Rect,
    taps: &[TapSnapshot],
) {
    if *chosen == Chosen::default() {
        return;
    }
    let rect = Rect::from_min_max(pos2((canvas.right() - SHEET).max(canvas.left()), canvas.top()), canvas.max);
    let area = Area::new(Id::unique("inspector-sheet")).order(Order::Middle).fixed_pos(rect.min);
    area.show(ui.ctx(), |ui| {
        ui.set_max_size(rect.size());
        let border = Stroke::new(1.0, cx.theme.line2);
        Frame::NONE.fill(cx.theme.panel).stroke(border).show(ui, |ui| {
            ui.set_min_size(rect.size() - vec2(2.0, 2.0));
            let close = Rect::from_min_size(pos2(rect.right() - 36.0, rect.top() + 8.0), Vec2::splat(28.0));
            inside(ui, cx, chosen, seen, taps);
            if widgets::icon_at(ui, cx.theme, close, "x", "Close the inspector\nEsc") {
                cx.ask(Act::Choose(Chosen::default()));
                cx.ask(Act::Canvas);
            }
        });
    });
}

/// How wide it is over the canvas.
pub(super) const SHEET: f32 = 272.0;

fn inside(ui: &mut Ui, cx: &mut Cx<'_>, chosen: &Chosen, seen: &mut InspectorSeen, taps: &[TapSnapshot]) {
    // What is typed belongs to what is shown.
    seen.draft.take_if(|draft| match &draft.subject {
        Subject::Config(id) | Subject::Node(id) => chosen.only_node() != Some(id),
        Subject::Edge(id) => chosen.edge.as_ref() != Some(id),
        Subject::Settings => !chosen.nodes.is_empty() || chosen.edge.is_some(),
        part => chosen.part.as_ref() != Some(part),
    });
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        Frame::NONE.inner_margin(Margin { left: 16, right: 16, top: 16, bottom: 16 }).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 8.0;
            if !cx.rights.may_build {
                locked(ui, cx);
            }
            match (chosen.only_node(), &chosen.edge) {
                (Some(id), _) => node::show(ui, cx, id, seen),
                (None, Some(edge)) => edge::show(ui, cx, edge, seen, taps),
                (None, None) if chosen.nodes.len() > 1 => several::show(ui, cx, chosen),
                _ => pipeline::show(ui, cx, chosen.part.as_ref(), seen),
            }
        });
    });
    seen.wants_list = false;
}

/// Says that nothing can be changed here.
fn locked(ui: &mut Ui, cx: &Cx<'_>) {
    let mut words = LayoutJob::default();
    let mut add = |text: &str, font, space| words.append(text, space, TextFormat::simple(font, cx.theme.text2));
    add(icon("lock-simple"), fonts::icon(14.0), 0.0);
    add("Runs elsewhere: read only", fonts::text(12.0), 6.0);
    ui.label(words);
}

/// Draws what changes the drawing, as far as that may be changed: else it can be read.
fn changing(ui: &mut Ui, cx: &mut Cx<'_>, add: impl FnOnce(&mut Ui, &mut Cx<'_>)) {
    ui.scope(|ui| {
        if !cx.rights.may_build {
            ui.visuals_mut().disabled_alpha = READABLE;
            ui.disable();
        }
        add(ui, cx);
    });
}

/// How much is seen of a field that cannot be changed.
const READABLE: f32 = 0.75;

/// A title within the inspector.
fn heading(ui: &mut Ui, cx: &Cx<'_>, words: &str) {
    ui.label(RichText::new(words).font(fonts::strong(15.0)).color(cx.theme.text));
}

/// A title of a part.
fn part(ui: &mut Ui, cx: &Cx<'_>, words: &str, aside: &str) {
    ui.add_space(4.0);
    widgets::title(ui, cx.theme, words, aside);
}

/// A line across the inspector.
fn line(ui: &mut Ui, cx: &Cx<'_>) {
    let (rect, _) = ui.allocate_exact_size(egui::vec2(ui.available_width(), 1.0), egui::Sense::hover());
    ui.painter().hline(rect.expand2(egui::vec2(16.0, 0.0)).x_range(), rect.center().y, Stroke::new(1.0, cx.theme.line));
}

/// Columns with their types.
fn columns(ui: &mut Ui, cx: &Cx<'_>, schema: &tidegate_core::types::Schema) {
    let theme = cx.theme;
    ui.spacing_mut().item_spacing.y = 0.0;
    for column in &schema.columns {
        let (rect, response) = ui.allocate_exact_size(egui::vec2(ui.available_width(), 23.0), egui::Sense::hover());
        let required = if column.required { "!" } else { "" };
        let data = format!("{}{required}", column.data);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, format!("{} {data}", column.name)));
        let font = fonts::mono(11.5);
        let kind = crate::text::write(
            ui.painter(),
            rect.right_center(),
            egui::Align2::RIGHT_CENTER,
            &data,
            (font.clone(), theme.text2),
            rect.width() * 0.6,
        );
        let room = kind.left() - rect.left() - 8.0;
        let at = rect.left_center();
        crate::text::write(ui.painter(), at, egui::Align2::LEFT_CENTER, &column.name, (font, theme.text), room);
        ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, theme.line));
    }
    ui.spacing_mut().item_spacing.y = 8.0;
    ui.add_space(8.0);
}
