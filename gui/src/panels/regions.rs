//! The regions of the window, in the order of the design: F6 goes from one to the next, and the first that can have the
//! keyboard there takes it.

use egui::{Context, Id, Rect, WidgetRect, pos2};

use super::inspector::SHEET;
use super::{Room, STATUS, TABS, TOP};

/// A region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Region {
    Bar,
    Palette,
    Canvas,
    Inspector,
    Bottom,
    Status,
}

/// Who takes the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal {
    /// the canvas as a whole
    Canvas,
    /// a control
    Control(Id),
}

/// What of the window is shown beside the canvas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shown {
    /// the canvas has the whole window
    pub(crate) is_alone: bool,
    /// of the panel below there are tabs alone
    pub(crate) is_bottom_folded: bool,
    /// something is selected, for which the inspector lies over the canvas where it does not stand beside it
    pub(crate) is_selected: bool,
}

/// Where the regions are that are shown, in order.
pub(crate) fn regions(window: Rect, room: Room, shown: Shown) -> Vec<(Region, Rect)> {
    if shown.is_alone {
        return vec![(Region::Canvas, window)];
    }
    let part = |left: f32, top: f32, right: f32, low: f32| Rect::from_min_max(pos2(left, top), pos2(right, low));
    let Rect { min, max } = window;
    let (top, low) = (min.y + TOP, max.y - STATUS);
    let (left, right) = (min.x + room.left(), max.x - room.right());
    let middle = low - if shown.is_bottom_folded { TABS } else { room.bottom };
    let inspector = match room.has_inspector {
        true => Some(part(right, top, max.x, low)),
        false => shown.is_selected.then(|| part((right - SHEET).max(left), top, right, middle)),
    };
    // The inspector may lie over the canvas.
    let canvas = part(left, top, inspector.map_or(right, |rect| rect.left()), middle);
    let all = [
        (Region::Bar, Some(part(min.x, min.y, max.x, top))),
        (Region::Palette, Some(part(min.x, top, left, low))),
        (Region::Canvas, Some(canvas)),
        (Region::Inspector, inspector),
        (Region::Bottom, Some(part(left, middle, right, low))),
        (Region::Status, Some(part(min.x, low, max.x, max.y))),
    ];
    all.into_iter().filter_map(|(region, rect)| Some((region, rect?))).collect()
}

/// Who takes the keyboard in the region that comes next after the one that has it, or before it. Regions without anybody who
/// can are passed over; where nobody has it, it begins at the canvas.
pub(crate) fn next(context: &Context, regions: &[(Region, Rect)], is_forward: bool) -> Goal {
    let focused = context.memory(|memory| memory.focused()).and_then(|id| context.read_response(id));
    let at = focused.map(|response| response.rect.center());
    let here = at.and_then(|at| regions.iter().position(|(_, rect)| rect.contains(at)));
    let Some(here) = here else { return Goal::Canvas };
    let count = regions.len();
    let step = if is_forward { 1 } else { count - 1 };
    let mut others = (1..count).map(|far| regions[(here + far * step) % count]);
    let goal = others.find_map(|(region, rect)| match region {
        Region::Canvas => Some(Goal::Canvas),
        _ => first(context, rect).map(Goal::Control),
    });
    goal.unwrap_or(Goal::Canvas)
}

/// The control of the last frame that was drawn first in a part of the window, of what lies uppermost there.
fn first(context: &Context, part: Rect) -> Option<Id> {
    // What stands on an edge belongs to no region.
    let inside = part.shrink(2.0);
    let is_here = |widget: &&WidgetRect| {
        let is_able = widget.sense.is_focusable() && widget.enabled && widget.visible;
        is_able && widget.interact_rect.is_positive() && inside.contains(widget.interact_rect.center())
    };
    context.viewport(|viewport| {
        let layers = viewport.prev_pass.widgets.layers();
        let firsts = layers.filter_map(|(layer, widgets)| Some((layer.order, widgets.iter().find(is_here)?)));
        firsts.max_by_key(|(order, _)| *order).map(|(_, widget)| widget.id)
    })
}

#[cfg(test)]
mod tests {
    use egui::vec2;

    use super::*;
    use crate::settings::Settings;

    #[test]
    fn regions_fill_the_window_and_do_not_overlap() {
        let shown = Shown { is_alone: false, is_bottom_folded: false, is_selected: true };
        for (width, height) in [(1400.0, 900.0), (1024.0, 700.0), (860.0, 640.0), (640.0, 480.0)] {
            let window = Rect::from_min_size(pos2(0.0, 0.0), vec2(width, height));
            let room = Room::of(window, &Settings::default());
            for is_bottom_folded in [false, true] {
                let all = regions(window, room, Shown { is_bottom_folded, ..shown });
                let area: f32 = all.iter().map(|(_, rect)| rect.area()).sum();
                assert_eq!((all.len(), area), (6, window.area()), "{width} × {height}");
                assert!(all.iter().all(|(_, rect)| window.contains_rect(*rect) && rect.is_positive()), "{all:?}");
            }
            let unselected = regions(window, room, Shown { is_selected: false, ..shown });
            assert_eq!(unselected.len(), if room.has_inspector { 6 } else { 5 });
            assert_eq!(regions(window, room, Shown { is_alone: true, ..shown }), [(Region::Canvas, window)]);
        }
    }
}
