//! The bar at the top: what is open, undo and save, search, what it runs against, run and stop.

use egui::{
    Align, Align2, Frame, Layout, Margin, Panel, Pos2, Rect, Role, Sense, Shape, Stroke, Ui, UiBuilder, Vec2,
    WidgetInfo, pos2, vec2,
};
use tidegate_core::check::CheckedCluster;
use tidegate_core::faces::watched::Link;
use tidegate_core::snapshot::RunState;

use super::{RAIL, Room, TOP, tabs};
use crate::acts::Cx;
use crate::commands::Command;
use crate::icons::icon;
use crate::widgets::{self, ButtonLook};
use crate::{fonts, text};

/// Draws it.
pub(crate) fn show(ui: &mut Ui, cx: &mut Cx<'_>, room: Room, is_start: bool) {
    let frame = Frame::NONE.fill(cx.theme.panel).inner_margin(Margin { left: 0, right: 16, top: 0, bottom: 0 });
    let panel = Panel::top("bar").exact_size(TOP).show_separator_line(false).frame(frame);
    let shown = panel.show(ui, |ui| {
        ui.horizontal_centered(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            brand(ui, cx, room.left());
            ui.spacing_mut().item_spacing.x = 4.0;
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if is_start {
                    search(ui, cx, room.has_search_field);
                    return strip(ui, cx);
                }
                run_buttons(ui, cx);
                ui.add_space(4.0);
                target(ui, cx);
                ui.add_space(if room.has_search_field { 16.0 } else { 4.0 });
                search(ui, cx, room.has_search_field);
                ui.add_space(8.0);
                for (command, name, is_on) in [
                    (Command::Save, "floppy-disk", cx.desk.tabs.get(cx.desk.shown).is_some_and(|tab| tab.is_unsaved)),
                    (Command::Redo, "arrow-u-up-right", cx.drawing.can_redo()),
                    (Command::Undo, "arrow-u-up-left", cx.drawing.can_undo()),
                ] {
                    if widgets::icon_button(ui, cx.theme, name, &command.hint(), is_on).clicked() {
                        cx.ask_for(command);
                    }
                }
                strip(ui, cx);
            });
        });
    });
    let rect = shown.response.rect;
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, cx.theme.line));
}

/// The documents, in the room that is left.
fn strip(ui: &mut Ui, cx: &mut Cx<'_>) {
    ui.add_space(8.0);
    let room = ui.available_rect_before_wrap();
    ui.scope_builder(UiBuilder::new().max_rect(room).layout(Layout::left_to_right(Align::Center)), |ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        tabs::show(ui, cx, room.width());
    });
}

/// The mark: a gate over water.
fn brand(ui: &mut Ui, cx: &Cx<'_>, width: f32) {
    let (rect, _) = ui.allocate_exact_size(vec2(width, TOP), Sense::hover());
    let tile = Rect::from_center_size(pos2(rect.left() + 23.0, rect.center().y), Vec2::splat(22.0));
    let (painter, theme) = (ui.painter(), cx.theme);
    painter.rect_filled(tile, 5.0, theme.accent_bg);
    let stroke = Stroke::new(2.0, theme.accent);
    let (left, right) = (tile.left() + 5.0, tile.right() - 5.0);
    painter.line_segment([pos2(left, tile.top() + 5.0), pos2(left, tile.bottom() - 8.0)], stroke);
    painter.line_segment([pos2(right, tile.top() + 5.0), pos2(right, tile.bottom() - 8.0)], stroke);
    painter.line_segment([pos2(left, tile.top() + 8.0), pos2(right, tile.top() + 8.0)], stroke);
    painter
        .line_segment([pos2(tile.center().x, tile.top() + 8.0), pos2(tile.center().x, tile.bottom() - 10.0)], stroke);
    let wave = |step: usize| -> Pos2 {
        let x = tile.left() + 4.0 + step as f32;
        pos2(x, tile.bottom() - 5.0 + (step as f32 * 0.9).sin() * 1.2)
    };
    painter.add(Shape::line((0..15).map(wave).collect(), Stroke::new(1.5, theme.accent)));
    if width > RAIL {
        let at = pos2(tile.right() + 10.0, rect.center().y);
        painter.text(at, Align2::LEFT_CENTER, "Tidegate", fonts::strong(14.0), theme.text);
        painter.vline(rect.right() - 0.5, rect.y_range(), Stroke::new(1.0, theme.line));
    }
}

fn search(ui: &mut Ui, cx: &mut Cx<'_>, is_wide: bool) {
    let hint = Command::Find.hint();
    if !is_wide {
        if widgets::icon_button(ui, cx.theme, "magnifying-glass", &hint, true).clicked() {
            cx.ask_for(Command::Find);
        }
        return;
    }
    let theme = cx.theme;
    let (rect, response) = ui.allocate_exact_size(vec2(238.0, 28.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, Command::Find.title()));
    let ground = if response.hovered() { theme.over } else { theme.inset };
    ui.painter().rect(rect, 6.0, ground, Stroke::new(1.0, theme.control), egui::StrokeKind::Inside);
    let painter = ui.painter();
    let middle = rect.center().y;
    painter.text(
        pos2(rect.left() + 16.0, middle),
        Align2::CENTER_CENTER,
        icon("magnifying-glass"),
        fonts::icon(15.0),
        theme.text2,
    );
    painter.text(
        pos2(rect.left() + 30.0, middle),
        Align2::LEFT_CENTER,
        Command::Find.title(),
        fonts::text(12.5),
        theme.faint,
    );
    let key = Rect::from_center_size(pos2(rect.right() - 27.0, middle), vec2(42.0, 18.0));
    painter.rect(key, 4.0, theme.raised, Stroke::new(1.0, theme.line2), egui::StrokeKind::Inside);
    painter.text(key.center(), Align2::CENTER_CENTER, "Ctrl K", fonts::mono(10.5), theme.text2);
    widgets::focus_ring(ui, theme, &response);
    if response.clicked() {
        cx.ask_for(Command::Find);
    }
}

/// What the pipeline runs against; of a run elsewhere, where that is.
fn target(ui: &mut Ui, cx: &Cx<'_>) {
    let theme = cx.theme;
    let default = cx.drawing.checked.clusters.iter().find(|cluster| cluster.name == "default");
    let brokers =
        default.and_then(|cluster: &CheckedCluster| cluster.brokers.clone()).unwrap_or_else(|| "embedded".into());
    let host = cx.run.name.split_once('@').filter(|_| !cx.rights.owns_run).map(|(_, host)| host);
    let (words, name, hint) = match host {
        Some(host) => (host, format!("runs at {host}"), format!("The run that is watched: {}", cx.run.name)),
        None => {
            (brokers.as_str(), format!("runs on {brokers}"), format!("The Kafka cluster that it runs on: {brokers}"))
        }
    };
    let galley = text::line(ui.painter(), words, fonts::text(12.5), theme.text, 110.0);
    let (rect, response) = ui.allocate_exact_size(vec2(galley.size().x + 44.0, 28.0), Sense::hover());
    ui.painter().rect(rect, 6.0, theme.raised, Stroke::new(1.0, theme.line2), egui::StrokeKind::Inside);
    let at = pos2(rect.left() + 18.0, rect.center().y);
    ui.painter().text(at, Align2::CENTER_CENTER, icon("plugs-connected"), fonts::icon(16.0), theme.text2);
    ui.painter().galley(pos2(rect.left() + 32.0, rect.center().y - galley.size().y / 2.0), galley, theme.text);
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, &name));
    response.on_hover_text(hint);
}

/// Run, or pause and stop. From the right.
fn run_buttons(ui: &mut Ui, cx: &mut Cx<'_>) {
    if !cx.rights.may_control {
        return;
    }
    if !cx.run.is_running() {
        let hint = Command::Run.hint();
        if widgets::button(ui, cx.theme, ButtonLook::Filled, Some("play"), "Run", &hint).clicked() {
            cx.ask_for(Command::Run);
        }
        return;
    }
    let is_stopping = cx.run.now.run.state == RunState::Stopping;
    let words = if is_stopping { "Stopping" } else { "Stop" };
    if widgets::button(ui, cx.theme, ButtonLook::Plain, Some("stop"), words, &Command::Stop.hint()).clicked() {
        cx.ask_for(Command::Stop);
    }
    if cx.runs_otherwise {
        let hint = format!("Stops this run, and runs what is drawn now\n{}", Command::Run.key().unwrap_or_default());
        if widgets::button(ui, cx.theme, ButtonLook::Filled, Some("play"), "Run again", &hint).clicked() {
            cx.ask_for(Command::Run);
        }
    }
    let is_paused = cx.run.now.run.state == RunState::Paused;
    let (name, hint) = if is_paused { ("play", "Go on") } else { ("pause", "Pause: sources rest") };
    let is_live = matches!(cx.run.link, Link::Live) && !is_stopping;
    if widgets::icon_button(ui, cx.theme, name, hint, is_live).clicked() {
        cx.ask_for(Command::Pause);
    }
}
