//! How a person likes the editor: colours, sizes of panels and of the window, what moves and what snaps. Remembered from one
//! session to the next; what was written by hand or by another version is brought within bounds, or set aside and told.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::panels::INSPECTOR;

/// The file in the user's state.
pub(crate) const FILE: &str = "editor.json";

/// All that is remembered. A size that is not there is the design's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    pub(crate) ground: Ground,
    /// width and height of the window, in points
    pub(crate) window: Option<(f32, f32)>,
    /// widths of the panels at the sides, height of the one below, in points
    pub(crate) palette: Option<f32>,
    pub(crate) inspector: Option<f32>,
    pub(crate) bottom: Option<f32>,
    pub(crate) has_minimap: bool,
    /// nodes that are moved come onto the grid
    pub(crate) snaps: bool,
    /// dashes run along wires
    pub(crate) dashes_move: bool,
    /// nothing glides
    pub(crate) is_still: bool,
    /// lines and hints stand out from their ground
    pub(crate) has_contrast: bool,
    /// the folder of what was opened or saved last
    pub(crate) folder: Option<PathBuf>,
    /// files that are open, from left to right, and the one that is shown
    pub(crate) open: Vec<PathBuf>,
    pub(crate) shown: Option<PathBuf>,
}

/// The ground of all colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Ground {
    /// as the system has it
    #[default]
    System,
    Dark,
    Light,
}

/// A panel whose size can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Side {
    Palette,
    Inspector,
    Bottom,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            ground: Ground::System,
            window: None,
            palette: None,
            inspector: None,
            bottom: None,
            has_minimap: true,
            snaps: true,
            dashes_move: true,
            is_still: false,
            has_contrast: false,
            folder: None,
            open: Vec::new(),
            shown: None,
        }
    }
}

/// From and to, in points.
const WIDTHS: (f32, f32) = (640.0, 20_000.0);
const HEIGHTS: (f32, f32) = (480.0, 20_000.0);

impl Side {
    /// The least and the most of it, in a window so high.
    pub(crate) fn bounds(self, window_height: f32) -> (f32, f32) {
        match self {
            Side::Palette => (160.0, 320.0),
            Side::Inspector => (INSPECTOR.0, 420.0),
            Side::Bottom => (120.0, (window_height * 0.6).max(120.0)),
        }
    }

    /// What it is called.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Side::Palette => "Width of the palette",
            Side::Inspector => "Width of the inspector",
            Side::Bottom => "Height of the panel below",
        }
    }
}

impl Settings {
    /// Sizes within what a screen can show; what is no number is forgotten.
    pub(crate) fn bounded(self) -> Settings {
        let size = |size: Option<f32>, (least, most): (f32, f32)| {
            size.filter(|size| size.is_finite()).map(|size| size.clamp(least, most))
        };
        let window =
            self.window.and_then(|(width, height)| Some((size(Some(width), WIDTHS)?, size(Some(height), HEIGHTS)?)));
        Settings {
            window,
            palette: size(self.palette, Side::Palette.bounds(0.0)),
            inspector: size(self.inspector, Side::Inspector.bounds(0.0)),
            bottom: size(self.bottom, Side::Bottom.bounds(HEIGHTS.1)),
            ..self
        }
    }

    /// The size of a panel; none is the design's.
    pub(crate) fn size_mut(&mut self, side: Side) -> &mut Option<f32> {
        match side {
            Side::Palette => &mut self.palette,
            Side::Inspector => &mut self.inspector,
            Side::Bottom => &mut self.bottom,
        }
    }

    /// Colours stand on a dark ground.
    pub(crate) fn is_dark(&self, is_system_dark: bool) -> bool {
        match self.ground {
            Ground::System => is_system_dark,
            Ground::Dark => true,
            Ground::Light => false,
        }
    }

    /// As the file has it.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_as_they_were() {
        let settings = Settings { ground: Ground::Light, palette: Some(200.0), snaps: false, ..Settings::default() };
        assert_eq!(serde_json::from_slice::<Settings>(&settings.to_bytes()).unwrap(), settings);
        assert_eq!(serde_json::from_str::<Settings>("{}").unwrap(), Settings::default(), "what is new has its default");
        assert!(serde_json::from_str::<Settings>(r#"{ "zoom_with_wheel": true }"#).is_err(), "of another version");
    }

    #[test]
    fn sizes_are_brought_within_bounds() {
        for (size, expected) in [
            (Some(1.0), Some(160.0)),
            (Some(-1e30), Some(160.0)),
            (Some(1e9), Some(320.0)),
            (Some(f32::INFINITY), None),
            (None, None),
            (Some(222.0), Some(222.0)),
        ] {
            assert_eq!(Settings { palette: size, ..Settings::default() }.bounded().palette, expected, "{size:?}");
        }
        let window = |window| Settings { window: Some(window), ..Settings::default() }.bounded().window;
        assert_eq!(window((1.0, 99_999.0)), Some((640.0, 20_000.0)));
        assert_eq!(window((f32::NAN, 900.0)), None);
    }
}
