//! What stands around the canvas, one file each. They draw from what is known, and ask.

pub(crate) mod bar;
pub(crate) mod bottom;
pub(crate) mod finder;
pub(crate) mod inspector;
pub(crate) mod palette;
pub(crate) mod status;
pub(crate) mod toasts;

use egui::Rect;

/// Which panels have room, and how much.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Room {
    /// the palette has its names; else it is a rail of icons
    pub(crate) has_palette: bool,
    pub(crate) inspector: f32,
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

impl Room {
    /// What a window of this size has room for: names of the search, the palette, the inspector's width go first; then the
    /// minimap and the bottom's height.
    pub(crate) fn of(window: Rect) -> Room {
        let (width, height) = (window.width(), window.height());
        Room {
            has_search_field: width >= 1240.0,
            has_palette: width >= 1160.0,
            inspector: if width >= 1100.0 { 272.0 } else { 248.0 },
            has_minimap: height >= 760.0,
            bottom: match height {
                low if low < 620.0 => TABS,
                middle if middle < 780.0 => 200.0,
                _ => 256.0,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use egui::{pos2, vec2};

    use super::*;

    #[test]
    fn panels_go_in_the_order_of_the_design() {
        let room = |width, height| Room::of(Rect::from_min_size(pos2(0.0, 0.0), vec2(width, height)));
        assert_eq!((room(1400.0, 900.0).has_palette, room(1400.0, 900.0).bottom), (true, 256.0));
        let small = room(1024.0, 700.0);
        assert_eq!((small.has_palette, small.inspector, small.bottom, small.has_minimap), (false, 248.0, 200.0, false));
        assert_eq!(room(1200.0, 600.0).bottom, TABS);
    }
}
