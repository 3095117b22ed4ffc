//! The inspector of several nodes: how they stand to each other, what is done to all of them.

use egui::{Align2, Painter, Rect, Sense, Stroke, Ui, Vec2, pos2, vec2};

use super::{heading, line, part};
use crate::acts::{Act, Chosen, Cx};
use crate::commands::Command;
use crate::widgets::{self, ButtonLook};
use crate::{fonts, icons, text};

/// Commands that move nodes into line, side by side.
const IN_LINE: [Command; 8] = [
    Command::AlignLeft,
    Command::AlignCentre,
    Command::AlignRight,
    Command::SpreadAcross,
    Command::AlignTop,
    Command::AlignMiddle,
    Command::AlignBottom,
    Command::SpreadDown,
];

/// Draws it.
pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, chosen: &Chosen) {
    heading(ui, cx, &format!("{} nodes", chosen.nodes.len()));
    if cx.rights.may_build {
        part(ui, cx, "In line", "");
        for four in IN_LINE.chunks(4) {
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 4.0;
                four.iter().for_each(|command| align(ui, cx, *command));
            });
        }
        part(ui, cx, "Together", "");
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 8.0;
            for (command, word) in [(Command::Group, "Group"), (Command::Disable, "Leave out")] {
                if widgets::button(ui, cx.theme, ButtonLook::Plain, None, word, &command.hint()).clicked() {
                    cx.ask_for(command);
                }
            }
        });
        line(ui, cx);
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    let scene = cx.scene;
    for id in &chosen.nodes {
        let Some(card) = scene.card(id) else { continue };
        let (rect, response) = widgets::row(ui, cx.theme, 26.0, &format!("select {}", card.title), false);
        let at = rect.left_center() + vec2(10.0, 0.0);
        let colour = cx.theme.role(card.family);
        ui.painter().text(at, Align2::CENTER_CENTER, icons::icon(card.icon), fonts::icon(15.0), colour);
        let font = (fonts::text(12.5), cx.theme.text);
        text::write(ui.painter(), at + vec2(16.0, 0.0), Align2::LEFT_CENTER, &card.title, font, rect.width() - 40.0);
        if response.clicked() {
            cx.ask(Act::Show(Chosen::node(id)));
        }
    }
}

fn align(ui: &mut Ui, cx: &mut Cx<'_>, command: Command) {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(28.0), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, command.title()));
    let theme = cx.theme;
    if response.hovered() {
        ui.painter().rect_filled(rect, 6.0, theme.over);
    }
    let colour = if response.hovered() { theme.text } else { theme.text2 };
    sign(ui.painter(), command, Rect::from_center_size(rect.center(), Vec2::splat(16.0)), Stroke::new(1.5, colour));
    widgets::focus_ring(ui, theme, &response);
    if response.on_hover_text(command.hint()).clicked() {
        cx.ask_for(command);
    }
}

/// Two bars of unequal length at a line, or three that are evenly spread.
fn sign(painter: &Painter, command: Command, at: Rect, stroke: Stroke) {
    let is_across =
        matches!(command, Command::AlignLeft | Command::AlignCentre | Command::AlignRight | Command::SpreadAcross);
    // As if along x; the others are the same with the axes changed.
    let place = |x: f32, y: f32| match is_across {
        true => pos2(at.left() + x * at.width(), at.top() + y * at.height()),
        false => pos2(at.left() + y * at.width(), at.top() + x * at.height()),
    };
    let bar = |from: (f32, f32), to: (f32, f32)| {
        painter.rect_filled(Rect::from_two_pos(place(from.0, from.1), place(to.0, to.1)), 1.0, stroke.color);
    };
    let (line, start) = match command {
        Command::AlignLeft | Command::AlignTop => (Some(0.0), [0.12, 0.12]),
        Command::AlignRight | Command::AlignBottom => (Some(1.0), [0.13, 0.43]),
        Command::AlignCentre | Command::AlignMiddle => (Some(0.5), [0.1, 0.25]),
        _ => (None, [0.0, 0.0]),
    };
    match line {
        Some(x) => {
            painter.line_segment([place(x, 0.0), place(x, 1.0)], stroke);
            let lengths = [0.75, 0.45].map(|length: f32| if x == 0.5 { length + 0.05 } else { length });
            for (row, (start, length)) in start.into_iter().zip(lengths).enumerate() {
                let y = 0.2 + 0.36 * row as f32;
                bar((start, y), (start + length, y + 0.22));
            }
        }
        None => {
            for x in [0.0, 0.41, 0.82] {
                bar((x, 0.15), (x + 0.18, 0.85));
            }
        }
    }
}
