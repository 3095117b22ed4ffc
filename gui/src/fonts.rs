//! Fonts: Inter for words, JetBrains Mono for figures that change and for code, Phosphor for icons. They come with the
//! program, so that it looks alike everywhere.

use std::sync::Arc;

use egui::{FontData, FontDefinitions, FontFamily, FontId};

const STRONG: &str = "strong";
const FIGURE: &str = "figure";
const ICON: &str = "icon";
const ICON_FILLED: &str = "icon-filled";

/// Semibold words.
pub(crate) fn strong(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(STRONG.into()))
}

/// Words.
pub(crate) fn text(size: f32) -> FontId {
    FontId::new(size, FontFamily::Proportional)
}

/// Figures and code.
pub(crate) fn mono(size: f32) -> FontId {
    FontId::new(size, FontFamily::Monospace)
}

/// The first figure of a line.
pub(crate) fn figure(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(FIGURE.into()))
}

/// Icons.
pub(crate) fn icon(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(ICON.into()))
}

/// Icons of what runs and stops.
pub(crate) fn icon_filled(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(ICON_FILLED.into()))
}

/// All of them.
pub(crate) fn definitions() -> FontDefinitions {
    let mut fonts = FontDefinitions::empty();
    for (name, bytes) in [
        ("inter", &include_bytes!("../../assets/fonts/Inter-Regular.otf")[..]),
        ("inter-strong", include_bytes!("../../assets/fonts/Inter-SemiBold.otf")),
        ("mono", include_bytes!("../../assets/fonts/JetBrainsMono-Regular.ttf")),
        ("mono-medium", include_bytes!("../../assets/fonts/JetBrainsMono-Medium.ttf")),
        ("phosphor", include_bytes!("../../assets/fonts/Phosphor.ttf")),
        ("phosphor-fill", include_bytes!("../../assets/fonts/Phosphor-Fill.ttf")),
    ] {
        fonts.font_data.insert(name.into(), Arc::new(FontData::from_static(bytes)));
    }
    let named = |name: &str| FontFamily::Name(name.into());
    // What one has no sign for, the next may have. Icons come last: Inter has signs of its own at their code points, and in
    // words none of them stands.
    for (family, names) in [
        (FontFamily::Proportional, &["inter", "mono"][..]),
        (FontFamily::Monospace, &["mono", "inter"]),
        (named(STRONG), &["inter-strong", "mono-medium"]),
        (named(FIGURE), &["mono-medium", "inter"]),
        (named(ICON), &["phosphor"]),
        (named(ICON_FILLED), &["phosphor-fill"]),
    ] {
        fonts.families.insert(family, names.iter().map(|name| name.to_string()).collect());
    }
    fonts
}
