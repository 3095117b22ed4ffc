//! Icons: Phosphor's names, and where its fonts have them. `assets/fonts/subset` cuts the fonts down to these.

/// Icons by name, those of operators first.
const ICONS: &[(&str, &str)] = &[
    ("sign-out", "\u{E42A}"),
    ("dice-five", "\u{E1EE}"),
    ("file-text", "\u{E23A}"),
    ("globe-simple", "\u{E28E}"),
    ("plugs", "\u{EB56}"),
    ("sign-in", "\u{E428}"),
    ("file-arrow-down", "\u{E232}"),
    ("terminal-window", "\u{EAE8}"),
    ("paper-plane-tilt", "\u{E398}"),
    ("trash-simple", "\u{E4A8}"),
    ("funnel", "\u{E266}"),
    ("function", "\u{EBE4}"),
    ("arrows-split", "\u{ED3C}"),
    ("arrows-merge", "\u{ED3E}"),
    ("key", "\u{E2D6}"),
    ("list-plus", "\u{E2F8}"),
    ("sigma", "\u{EAB8}"),
    ("exclude", "\u{E882}"),
    ("gauge", "\u{E628}"),
    ("tray", "\u{E4AA}"),
    ("arrows-in-line-horizontal", "\u{E530}"),
    ("package", "\u{E390}"),
    ("hourglass-medium", "\u{E2B8}"),
    ("square-split-horizontal", "\u{E870}"),
    ("stack", "\u{E466}"),
    ("frame-corners", "\u{E626}"),
    ("pulse", "\u{E000}"),
    ("hash", "\u{E2A2}"),
    ("ranking", "\u{ED62}"),
    ("table", "\u{E476}"),
    ("calculator", "\u{E538}"),
    ("intersect", "\u{E2D2}"),
    ("unite", "\u{E87E}"),
    ("circles-three", "\u{E192}"),
    ("brain", "\u{E74E}"),
    ("barbell", "\u{E0B6}"),
    ("cube", "\u{E1DA}"),
    ("play", "\u{E3D0}"),
    ("stop", "\u{E46C}"),
    ("pause", "\u{E39E}"),
    ("arrow-u-up-left", "\u{E08A}"),
    ("arrow-u-up-right", "\u{E08C}"),
    ("floppy-disk", "\u{E248}"),
    ("magnifying-glass", "\u{E30C}"),
    ("corners-out", "\u{E1D0}"),
    ("tree-structure", "\u{E67C}"),
    ("lightning", "\u{E2DE}"),
    ("cylinder", "\u{E8FC}"),
    ("eye", "\u{E220}"),
    ("note-pencil", "\u{E34C}"),
    ("graduation-cap", "\u{E62C}"),
    ("plugs-connected", "\u{EB5A}"),
    ("lock-simple", "\u{E308}"),
    ("prohibit", "\u{E3DE}"),
    ("caret-down", "\u{E136}"),
    ("caret-right", "\u{E13A}"),
    ("plus", "\u{E3D4}"),
    ("minus", "\u{E32A}"),
    ("x", "\u{E4F6}"),
    ("question", "\u{E3E8}"),
    ("check", "\u{E182}"),
    ("dots-three", "\u{E1FE}"),
    ("push-pin", "\u{E3E2}"),
    ("sun", "\u{E472}"),
    ("moon", "\u{E330}"),
    ("warning", "\u{E4E0}"),
    ("folder-open", "\u{E256}"),
    ("copy", "\u{E1CA}"),
    ("arrow-right", "\u{E06C}"),
    ("arrow-clockwise", "\u{E036}"),
    ("link-break", "\u{E2E4}"),
    ("selection-all", "\u{E746}"),
];

/// What stands for a name that nobody drew.
const UNKNOWN: &str = "cube";

/// The character of an icon in Phosphor's fonts.
pub(crate) fn icon(name: &str) -> &'static str {
    let find = |name: &str| ICONS.iter().find(|(known, _)| *known == name).map(|(_, glyph)| *glyph);
    find(name).or_else(|| find(UNKNOWN)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tidegate_core::operators;

    use super::*;

    #[test]
    fn every_operator_has_an_icon() {
        for operator in operators::ALL {
            assert!(ICONS.iter().any(|(name, _)| *name == operator.icon), "{}: {}", operator.name, operator.icon);
        }
        assert_eq!(icon("nobody-drew-this"), icon(UNKNOWN));
    }

    #[test]
    fn no_two_names_have_one_icon() {
        let glyphs: BTreeSet<&str> = ICONS.iter().map(|(_, glyph)| *glyph).collect();
        assert_eq!(glyphs.len(), ICONS.len());
    }
}
