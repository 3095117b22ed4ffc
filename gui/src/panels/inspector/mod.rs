//! The inspector: what is selected, and what can be set of it. A node by the form that its operator describes; an edge by how
//! it travels; nothing selected is the pipeline itself.

mod edge;
mod entries;
mod fields;
mod form;
mod node;
mod pipeline;

use egui::{Frame, Margin, Panel, ScrollArea, Stroke, Ui};

use crate::acts::{Chosen, Cx};
use crate::fonts;
pub(crate) use fields::PartSeen;
pub(crate) use form::Draft;
#[cfg(test)]
pub(crate) use form::written;

/// What is looked at, and what is being typed.
#[derive(Debug, Clone, Default)]
pub(crate) struct InspectorSeen {
    pub(crate) tab: Tab,
    /// what is being typed into a field
    pub(crate) draft: Option<Draft>,
    /// the first field takes the keyboard
    pub(crate) wants_focus: bool,
    /// the field that takes the keyboard, by its path
    pub(crate) wants_field: Option<String>,
    /// what of the pipeline itself is open, and is being typed
    pub(crate) part: PartSeen,
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
pub(crate) fn show(ui: &mut Ui, cx: &mut Cx<'_>, chosen: &Chosen, seen: &mut InspectorSeen, width: f32) {
    let frame = Frame::NONE.fill(cx.theme.panel).inner_margin(Margin::ZERO);
    let panel = Panel::right("inspector").exact_size(width).resizable(false).show_separator_line(false).frame(frame);
    let shown = panel.show(ui, |ui| {
        ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
            Frame::NONE.inner_margin(Margin { left: 16, right: 16, top: 16, bottom: 16 }).show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 8.0;
                match (chosen.only_node(), &chosen.edge) {
                    (Some(id), _) => node::show(ui, cx, id, seen),
                    (None, Some(edge)) => edge::show(ui, cx, edge, seen),
                    (None, None) if chosen.nodes.len() > 1 => several(ui, cx, chosen),
                    _ => pipeline::show(ui, cx, seen),
                }
            });
        });
    });
    let rect = shown.response.rect;
    ui.painter().vline(rect.left() + 0.5, rect.y_range(), Stroke::new(1.0, cx.theme.line));
}

fn several(ui: &mut Ui, cx: &Cx<'_>, chosen: &Chosen) {
    heading(ui, cx, &format!("{} nodes", chosen.nodes.len()));
    for id in &chosen.nodes {
        ui.label(egui::RichText::new(id).font(fonts::mono(11.5)));
    }
}

/// A title within the inspector.
fn heading(ui: &mut Ui, cx: &Cx<'_>, words: &str) {
    ui.label(egui::RichText::new(words).font(fonts::strong(15.0)).color(cx.theme.text));
}

/// A title of a part.
fn part(ui: &mut Ui, cx: &Cx<'_>, words: &str, aside: &str) {
    ui.add_space(4.0);
    crate::widgets::label(ui, cx.theme, words, aside);
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
}
