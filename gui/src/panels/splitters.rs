//! The lines between panels, to be dragged: by the pointer, or with arrows where one has the keyboard. Pressed twice, a panel
//! has the size of the design again.

use egui::{CursorIcon, EventFilter, Key, Rect, Role, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use super::{Room, STATUS, TABS, TOP};
use crate::acts::{Act, Cx};
use crate::desk::Wanted;
use crate::settings::Side;

/// How near to a line the pointer must be.
const REACH: f32 = 4.0;
/// How far an arrow moves it.
const STEP: f32 = 8.0;

/// Takes what is done to them.
pub(crate) fn show(ui: &mut Ui, cx: &mut Cx<'_>, window: Rect, room: Room, is_bottom_folded: bool) {
    let (top, low) = (window.top() + TOP, window.bottom() - STATUS);
    let (left, right) = (window.left() + room.left(), window.right() - room.right());
    let upright = |x: f32| Rect::from_min_max(pos2(x - REACH, top), pos2(x + REACH, low));
    if room.has_palette {
        one(ui, cx, window, Side::Palette, upright(left), room.palette);
    }
    if room.has_inspector {
        one(ui, cx, window, Side::Inspector, upright(right), room.inspector);
    }
    if room.bottom > TABS && !is_bottom_folded {
        let y = low - room.bottom;
        // The tabs begin right below.
        let line = Rect::from_min_max(pos2(left, y - REACH), pos2(right, y + REACH / 2.0));
        one(ui, cx, window, Side::Bottom, line, room.bottom);
    }
}

fn one(ui: &mut Ui, cx: &mut Cx<'_>, window: Rect, side: Side, rect: Rect, size: f32) {
    let response = ui.interact(rect, ui.scope_id().with(("splitter", side)), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Splitter, true, side.name()));
    let is_upright = side != Side::Bottom;
    let mut by = egui::Vec2::ZERO;
    if response.has_focus() {
        let arrows =
            EventFilter { horizontal_arrows: is_upright, vertical_arrows: !is_upright, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, arrows));
        by += ui.input(|input| {
            let step =
                |less: Key, more: Key| STEP * (f32::from(input.key_pressed(more)) - f32::from(input.key_pressed(less)));
            vec2(step(Key::ArrowLeft, Key::ArrowRight), step(Key::ArrowUp, Key::ArrowDown))
        });
    }
    if response.hovered() || response.dragged() {
        let icon = if is_upright { CursorIcon::ResizeHorizontal } else { CursorIcon::ResizeVertical };
        ui.ctx().set_cursor_icon(icon);
    }
    if response.hovered() || response.dragged() || response.has_focus() {
        let stroke = Stroke::new(2.0, cx.theme.accent);
        match is_upright {
            true => ui.painter().vline(rect.center().x, rect.y_range(), stroke),
            false => ui.painter().hline(rect.x_range(), rect.top() + REACH, stroke),
        };
    }
    let dragged = response.interact_pointer_pos().filter(|_| response.dragged());
    let wished = match (side, dragged) {
        (Side::Palette, Some(at)) => at.x - window.left(),
        (Side::Inspector, Some(at)) => window.right() - at.x,
        (Side::Bottom, Some(at)) => window.bottom() - STATUS - at.y,
        (Side::Palette, None) => size + by.x,
        (Side::Inspector, None) => size - by.x,
        (Side::Bottom, None) => size - by.y,
    };
    if response.double_clicked() {
        cx.ask(Act::Desk(Wanted::Size(side, None)));
    } else if wished != size && (dragged.is_some() || by != egui::Vec2::ZERO) {
        let (least, most) = side.bounds(window.height());
        cx.ask(Act::Desk(Wanted::Size(side, Some(wished.clamp(least, most)))));
    }
}
