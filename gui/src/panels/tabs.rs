//! The strip of documents that are open: a name, a mark where something is not saved, a cross. It gives way from the left
//! where there are more than fit.

use egui::{Align2, Painter, PointerButton, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::TOP;
use crate::acts::{Act, Cx};
use crate::commands::Command;
use crate::desk::{Tab, Wanted};
use crate::icons::icon;
use crate::theme::Theme;
use crate::{fonts, text, widgets};

/// How wide a tab is, at least and at most.
const WIDTHS: (f32, f32) = (96.0, 236.0);
/// What stands beside a name: room at its left, the dot of a run, the cross.
const AROUND: f32 = 62.0;

/// Draws it in so much room.
pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, room: f32) {
    let desk = cx.desk;
    let room = room - 32.0;
    let wish = |tab: &Tab| (width_of(ui.painter(), cx.theme, tab) + AROUND).clamp(140.0, WIDTHS.1);
    let wishes: Vec<f32> = desk.tabs.iter().map(wish).collect();
    let all: f32 = wishes.iter().sum();
    // All become narrower alike; where that is not enough, those before the shown one go first.
    let share = (room / all.max(1.0)).min(1.0);
    let widths: Vec<f32> = wishes.iter().map(|wish| (wish * share).max(WIDTHS.0)).collect();
    let mut first = 0;
    while first < desk.shown && widths[first..=desk.shown].iter().sum::<f32>() > room {
        first += 1;
    }
    let mut used = 0.0;
    for (place, (tab, width)) in desk.tabs.iter().zip(&widths).enumerate().skip(first) {
        used += width;
        if used > room.max(*width) {
            break;
        }
        one(ui, cx, tab, place, *width);
    }
    if widgets::icon_button(ui, cx.theme, "plus", &Command::New.hint(), true).clicked() {
        cx.ask_for(Command::New);
    }
}

/// The parts of a name: its stem is strong, its ending is not.
fn parts(name: &str) -> (&str, &str) {
    name.rsplit_once('.').map_or((name, ""), |(stem, _)| (stem, &name[stem.len()..]))
}

fn width_of(painter: &Painter, theme: &Theme, tab: &Tab) -> f32 {
    let (stem, rest) = parts(&tab.name);
    let stem = text::line(painter, stem, fonts::strong(12.5), theme.text, 400.0);
    let rest = text::line(painter, rest, fonts::text(12.5), theme.text2, 100.0);
    stem.size().x + rest.size().x
}

fn one(ui: &mut Ui, cx: &mut Cx<'_>, tab: &Tab, place: usize, width: f32) {
    let theme = cx.theme;
    let is_shown = place == cx.desk.shown;
    let (rect, response) = ui.allocate_exact_size(vec2(width, TOP), Sense::click());
    let words = format!("{}{}", tab.name, if tab.is_unsaved { ", changed" } else { "" });
    response.widget_info(|| WidgetInfo::selected(Role::Tab, true, is_shown, &words));
    if is_shown {
        ui.painter().rect_filled(rect, 0.0, theme.canvas);
        ui.painter().rect_filled(Rect::from_min_size(rect.min, vec2(width, 2.0)), 0.0, theme.accent);
    } else if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, theme.over);
    }
    ui.painter().vline(rect.right() - 0.5, rect.y_range(), Stroke::new(1.0, theme.line));
    name(ui.painter(), theme, tab, rect, is_shown);
    cross(ui, cx, tab, place, rect, response.contains_pointer() || is_shown);
    widgets::focus_ring(ui, theme, &response);
    if response.clicked_by(PointerButton::Middle) {
        cx.ask(Act::Desk(Wanted::Close(place)));
    } else if response.clicked() {
        cx.ask(Act::Desk(Wanted::Show(place)));
    }
}

fn name(painter: &Painter, theme: &Theme, tab: &Tab, rect: Rect, is_shown: bool) {
    let mut left = rect.left() + 16.0;
    if tab.is_running {
        painter.circle_filled(pos2(left, rect.center().y), 3.0, theme.ok.graphic);
        left += 10.0;
    }
    let (stem, rest) = parts(&tab.name);
    let colour = if is_shown { theme.text } else { theme.text2 };
    let room = rect.right() - 32.0 - left;
    let at = pos2(left, rect.center().y);
    let shown = text::write(painter, at, Align2::LEFT_CENTER, stem, (fonts::strong(12.5), colour), room);
    let room = rect.right() - 32.0 - shown.right();
    if room > 24.0 {
        let font = (fonts::text(12.5), theme.text2);
        text::write(painter, pos2(shown.right(), rect.center().y), Align2::LEFT_CENTER, rest, font, room);
    }
}

/// The cross; a dot stands in its place where something is not saved, until the pointer is there.
fn cross(ui: &mut Ui, cx: &mut Cx<'_>, tab: &Tab, place: usize, rect: Rect, is_near: bool) {
    let theme = cx.theme;
    let at = pos2(rect.right() - 18.0, rect.center().y);
    let around = Rect::from_center_size(at, vec2(24.0, 24.0));
    let response = ui.interact(around, ui.scope_id().with(("close", place)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("close {}", tab.name)));
    if response.hovered() {
        ui.painter().rect_filled(around, 6.0, theme.over);
    }
    if tab.is_unsaved && !response.hovered() {
        ui.painter().circle_filled(at, 4.0, theme.text2);
    } else if is_near || response.hovered() {
        let colour = if response.hovered() { theme.text } else { theme.faint };
        ui.painter().text(at, Align2::CENTER_CENTER, icon("x"), fonts::icon(12.0), colour);
    }
    widgets::focus_ring(ui, theme, &response);
    if response.on_hover_text(Command::CloseTab.hint()).clicked() {
        cx.ask(Act::Desk(Wanted::Close(place)));
    }
}
