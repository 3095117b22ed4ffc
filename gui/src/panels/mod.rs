//! What stands around the canvas, one file each. They draw from what is known, and ask.

pub(crate) mod bar;
pub(crate) mod bottom;
pub(crate) mod changes;
pub(crate) mod dialog;
pub(crate) mod finder;
pub(crate) mod inspector;
pub(crate) mod palette;
pub(crate) mod regions;
pub(crate) mod splitters;
pub(crate) mod start;
pub(crate) mod status;
mod tabs;
pub(crate) mod toasts;

use egui::Rect;

use crate::settings::{Settings, Side};

/// Which panels have room, and how much.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Room {
    /// the palette has its names; else it is a rail of icons
    pub(crate) has_palette: bool,
    pub(crate) palette: f32,
    pub(crate) inspector: f32,
    /// the inspector stands beside the canvas; else it lies over it while something is selected
    pub(crate) has_inspector: bool,
    pub(crate) bottom: f32,
    pub(crate) has_search_field: bool,
    pub(crate) has_minimap: bool,
}

/// Widths and heights of the design.
pub(crate) const TOP: f32 = 44.0;
pub(crate) const STATUS: f32 = 24.0;
pub(crate) const PALETTE: f32 = 184.0;
pub(crate) const RAIL: f32 = 44.0;
pub(crate) const TABS: f32 = 34.0;
/// The width of the inspector in a narrow window, and in others.
pub(crate) const INSPECTOR: (f32, f32) = (248.0, 272.0);

impl Room {
    /// What a window of this size has room for: names of the search, the palette, the inspector's width go first; then the
    /// minimap and the bottom's height. Sizes that somebody has chosen hold as far as there is room.
    pub(crate) fn of(window: Rect, settings: &Settings) -> Room {
        let (width, height) = (window.width(), window.height());
        let inspector = settings.inspector.filter(|_| width >= 1100.0);
        let bottom = match height {
            low if low < 620.0 => None,
            middle if middle < 780.0 => Some(200.0),
            _ => Some(256.0),
        };
        let chosen = |size: f32, side: Side| {
            let (least, most) = side.bounds(height);
            size.clamp(least, most)
        };
        Room {
            has_search_field: width >= 1240.0,
            has_palette: width >= 1160.0,
            palette: chosen(settings.palette.unwrap_or(PALETTE), Side::Palette),
            inspector: inspector.unwrap_or(if width >= 1100.0 { INSPECTOR.1 } else { INSPECTOR.0 }),
            has_inspector: width >= 900.0,
            has_minimap: height >= 760.0,
            bottom: bottom.map_or(TABS, |size| chosen(settings.bottom.unwrap_or(size), Side::Bottom)),
        }
    }

    /// The width of the palette, or of its rail.
    pub(crate) fn left(self) -> f32 {
        if self.has_palette { self.palette } else { RAIL }
    }

    /// The width of the inspector beside the canvas.
    pub(crate) fn right(self) -> f32 {
        if self.has_inspector { self.inspector } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use egui::{pos2, vec2};

    use super::*;

    #[test]
    fn panels_go_in_the_order_of_the_design() {
        let room =
            |width, height| Room::of(Rect::from_min_size(pos2(0.0, 0.0), vec2(width, height)), &Settings::default());
        assert_eq!((room(1400.0, 900.0).has_palette, room(1400.0, 900.0).bottom), (true, 256.0));
        let small = room(1024.0, 700.0);
        assert_eq!((small.has_palette, small.inspector, small.bottom, small.has_minimap), (false, 248.0, 200.0, false));
        assert_eq!(room(1200.0, 600.0).bottom, TABS);
        assert_eq!((small.has_inspector, room(880.0, 700.0).has_inspector), (true, false));
    }

    #[test]
    fn sizes_that_were_chosen_hold_where_there_is_room() {
        let chosen =
            Settings { palette: Some(240.0), inspector: Some(400.0), bottom: Some(700.0), ..Settings::default() };
        let room = |width, height| Room::of(Rect::from_min_size(pos2(0.0, 0.0), vec2(width, height)), &chosen);
        let wide = room(1400.0, 900.0);
        assert_eq!((wide.left(), wide.inspector, wide.bottom), (240.0, 400.0, 540.0));
        let narrow = room(1024.0, 600.0);
        assert_eq!((narrow.left(), narrow.inspector, narrow.bottom), (RAIL, 248.0, TABS));
    }
}
