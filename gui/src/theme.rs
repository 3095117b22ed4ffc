//! Colours: every token of the editor's visual language once, dark and light. No other file names a colour; a guard holds
//! that. Blends are worked out when a theme is built.

use egui::epaint::{CornerRadius, Shadow};
use egui::style::{Selection, WidgetVisuals, Widgets};
use egui::{Color32, FontFamily, FontId, Stroke, Style, TextStyle, Vec2, Visuals};
use tidegate_core::operators::Family;
use tidegate_core::pipeline::NoteColour;
use tidegate_core::snapshot::Verdict;

use crate::fonts;

/// All colours of a ground.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Theme {
    pub(crate) is_dark: bool,
    // surfaces, from the lowest
    pub(crate) canvas: Color32,
    pub(crate) panel: Color32,
    pub(crate) raised: Color32,
    pub(crate) over: Color32,
    pub(crate) inset: Color32,
    // lines
    pub(crate) line: Color32,
    pub(crate) line2: Color32,
    pub(crate) control: Color32,
    pub(crate) note: Color32,
    pub(crate) note_line: Color32,
    pub(crate) shadow: Color32,
    // texts
    pub(crate) text: Color32,
    pub(crate) text2: Color32,
    pub(crate) faint: Color32,
    // what is chosen
    pub(crate) accent: Color32,
    pub(crate) on_accent: Color32,
    pub(crate) accent_bg: Color32,
    // states
    pub(crate) ok: State,
    pub(crate) warn: State,
    pub(crate) err: State,
    pub(crate) press: State,
    pub(crate) late: State,
    pub(crate) idle: Color32,
    // wires and ports
    pub(crate) wire: Color32,
    pub(crate) dash: Color32,
    pub(crate) records: Color32,
    pub(crate) changes: Color32,
    pub(crate) model: Color32,
    roles: Roles,
}

/// A state: of words, of drawn shapes, of the ground behind both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) text: Color32,
    pub(crate) graphic: Color32,
    pub(crate) ground: Color32,
}

/// The pale tints of families.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Roles {
    shore: Color32,
    flow: Color32,
    window: Color32,
    table: Color32,
    join: Color32,
    score: Color32,
}

/// `0xRRGGBB`.
const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

const fn state(text: u32, graphic: u32, ground: u32) -> State {
    State { text: rgb(text), graphic: rgb(graphic), ground: rgb(ground) }
}

/// A pixel's colour, put together.
pub(crate) const fn opaque(r: u8, g: u8, b: u8) -> Color32 {
    Color32::from_rgb(r, g, b)
}

/// One colour over another, by share.
pub(crate) fn blend(below: Color32, above: Color32, share: f32) -> Color32 {
    below.lerp_to_gamma(above, share)
}

impl Theme {
    /// On a dark ground.
    pub(crate) fn dark() -> Theme {
        Theme {
            is_dark: true,
            canvas: rgb(0x0E1316),
            panel: rgb(0x141A1E),
            raised: rgb(0x1B2227),
            over: rgb(0x252E34),
            inset: rgb(0x0F1417),
            line: rgb(0x29333A),
            line2: rgb(0x3A464E),
            control: rgb(0x667883),
            note: rgb(0x1F211F),
            note_line: rgb(0x4A4638),
            shadow: Color32::from_black_alpha(115),
            text: rgb(0xE7EDF0),
            text2: rgb(0xAAB8C0),
            faint: rgb(0x8896A0),
            accent: rgb(0x66D5E6),
            on_accent: rgb(0x04222A),
            accent_bg: rgb(0x123841),
            ok: state(0x35BD80, 0x35BD80, 0x12312A),
            warn: state(0xEFCB5B, 0xEFCB5B, 0x332A12),
            err: state(0xFF5C38, 0xFF5C38, 0x3A1D17),
            press: state(0xCC78D6, 0xCC78D6, 0x30203A),
            late: state(0x868CFF, 0x868CFF, 0x20234A),
            idle: rgb(0x8896A0),
            wire: rgb(0x5D707B),
            dash: rgb(0xCFE3EB),
            records: rgb(0x9DC0CF),
            changes: rgb(0x8CC9A1),
            model: rgb(0xE3A0AE),
            roles: Roles {
                shore: rgb(0xD3BC93),
                flow: rgb(0xA9BAC4),
                window: rgb(0xB9A6E6),
                table: rgb(0x8CC9A1),
                join: rgb(0x8DB5E0),
                score: rgb(0xE3A0AE),
            },
        }
    }

    /// On a light one.
    pub(crate) fn light() -> Theme {
        Theme {
            is_dark: false,
            canvas: rgb(0xEDF1F3),
            panel: rgb(0xF7F9FA),
            raised: rgb(0xFFFFFF),
            over: rgb(0xE6ECEF),
            inset: rgb(0xFFFFFF),
            line: rgb(0xDCE3E7),
            line2: rgb(0xC3CED4),
            control: rgb(0x7C8B94),
            note: rgb(0xFAF6EA),
            note_line: rgb(0xDDD1B4),
            shadow: Color32::from_rgba_unmultiplied(0x0B, 0x1E, 0x28, 41),
            text: rgb(0x13202A),
            text2: rgb(0x435561),
            faint: rgb(0x5A6A74),
            accent: rgb(0x0A6880),
            on_accent: rgb(0xFFFFFF),
            accent_bg: rgb(0xD6EDF2),
            ok: state(0x08744A, 0x15985C, 0xDDF1E8),
            warn: state(0x7D6100, 0xAC8000, 0xF8EBCB),
            err: state(0xA3270C, 0xA3270C, 0xFBE2DA),
            press: state(0xA332AC, 0xA332AC, 0xF4E2F6),
            late: state(0x3148DA, 0x3148DA, 0xE3E7FB),
            idle: rgb(0x5A6A74),
            wire: rgb(0x768892),
            dash: rgb(0x2E5363),
            records: rgb(0x3F7187),
            changes: rgb(0x2C7347),
            model: rgb(0xA13D55),
            roles: Roles {
                shore: rgb(0x7E6330),
                flow: rgb(0x4D616C),
                window: rgb(0x6A4FB3),
                table: rgb(0x2C7347),
                join: rgb(0x2D62A0),
                score: rgb(0xA13D55),
            },
        }
    }

    /// On this ground; where more contrast is wished, lines and hints stand out from it.
    pub(crate) fn of(is_dark: bool, has_contrast: bool) -> Theme {
        let theme = if is_dark { Theme::dark() } else { Theme::light() };
        match has_contrast {
            true => Theme { line: theme.line2, line2: theme.control, faint: theme.text2, ..theme },
            false => theme,
        }
    }

    /// The tint of a family: of its icons, of nothing else.
    pub(crate) fn role(&self, family: Family) -> Color32 {
        match family {
            Family::Sources | Family::Sinks => self.roles.shore,
            Family::Flows => self.roles.flow,
            Family::Windows => self.roles.window,
            Family::Tables => self.roles.table,
            Family::Joins => self.roles.join,
            Family::Scoring => self.roles.score,
        }
    }

    /// The tile behind an icon.
    pub(crate) fn tile(&self, family: Family) -> Color32 {
        blend(self.raised, self.role(family), 0.16)
    }

    /// The block that a node is from far away.
    pub(crate) fn block(&self, family: Family) -> Color32 {
        blend(self.raised, self.role(family), 0.26)
    }

    /// The paper of a note, and its border.
    pub(crate) fn paper(&self, colour: NoteColour) -> (Color32, Color32) {
        let tint = match colour {
            NoteColour::Sand => return (self.note, self.note_line),
            NoteColour::Blue => self.roles.join,
            NoteColour::Green => self.roles.table,
            NoteColour::Rose => self.roles.score,
        };
        (blend(self.panel, tint, 0.08), blend(self.panel, tint, 0.35))
    }

    /// The shade of a node's live line.
    pub(crate) fn foot(&self) -> Color32 {
        blend(self.inset, self.raised, 0.5)
    }

    /// How full a buffer is, as a state: from 60 % and 85 % on.
    pub(crate) fn fill(&self, share: f64) -> State {
        match share {
            full if full >= tidegate_core::faces::numbers::FULL => self.err,
            half if half >= tidegate_core::faces::numbers::HALF_FULL => self.warn,
            _ => self.ok,
        }
    }

    /// A verdict's state.
    pub(crate) fn verdict(&self, verdict: Verdict) -> State {
        match verdict {
            Verdict::Ok | Verdict::Draining => self.ok,
            Verdict::Growing | Verdict::Rewound => self.warn,
            Verdict::Stalled | Verdict::Stopped => self.err,
            Verdict::Unknown => State { text: self.faint, graphic: self.faint, ground: self.raised },
        }
    }

    /// Colours of expressions.
    pub(crate) fn code(&self) -> Code {
        Code {
            keyword: self.roles.window,
            function: self.roles.join,
            text: self.roles.table,
            number: self.warn.text,
            name: self.text,
            operator: self.text2,
        }
    }

    /// The style of egui's own widgets in these colours.
    pub(crate) fn style(&self, base: &Style) -> Style {
        let mut style = base.clone();
        style.text_styles = [
            (TextStyle::Small, FontId::new(11.0, FontFamily::Proportional)),
            (TextStyle::Body, FontId::new(12.5, FontFamily::Proportional)),
            (TextStyle::Button, FontId::new(12.5, FontFamily::Proportional)),
            (TextStyle::Heading, fonts::strong(15.0)),
            (TextStyle::Monospace, FontId::new(11.5, FontFamily::Monospace)),
        ]
        .into();
        style.visuals = self.visuals();
        let spacing = &mut style.spacing;
        spacing.item_spacing = Vec2::new(8.0, 4.0);
        spacing.button_padding = Vec2::new(10.0, 5.0);
        spacing.interact_size = Vec2::new(24.0, 28.0);
        spacing.menu_spacing = 2.0;
        spacing.tooltip_width = 280.0;
        spacing.combo_height = 320.0;
        spacing.scroll.bar_width = 6.0;
        spacing.scroll.floating_width = 3.0;
        style.interaction.tooltip_delay = 0.4;
        style.interaction.selectable_labels = false;
        style.animation_time = 0.12;
        style
    }

    fn visuals(&self) -> Visuals {
        let base = if self.is_dark { Visuals::dark() } else { Visuals::light() };
        let radius = CornerRadius::same(6);
        let widget = |ground: Color32, border: Color32, text: Color32| WidgetVisuals {
            bg_fill: ground,
            weak_bg_fill: ground,
            bg_stroke: Stroke::new(1.0, border),
            corner_radius: radius,
            fg_stroke: Stroke::new(1.0, text),
            expansion: 0.0,
        };
        let shadow = |y: i8, blur: u8| Shadow { offset: [0, y], blur, spread: 0, color: self.shadow };
        Visuals {
            dark_mode: self.is_dark,
            override_text_color: None,
            weak_text_color: Some(self.faint),
            widgets: Widgets {
                noninteractive: widget(self.panel, self.line, self.text),
                inactive: widget(self.raised, self.control, self.text),
                hovered: widget(self.over, self.control, self.text),
                active: widget(self.over, self.accent, self.text),
                open: widget(self.over, self.control, self.text),
            },
            selection: Selection { bg_fill: self.accent_bg, stroke: Stroke::new(2.0, self.accent) },
            hyperlink_color: self.accent,
            faint_bg_color: self.raised,
            extreme_bg_color: self.inset,
            text_edit_bg_color: Some(self.inset),
            code_bg_color: self.inset,
            warn_fg_color: self.warn.text,
            error_fg_color: self.err.text,
            window_corner_radius: CornerRadius::same(12),
            window_shadow: shadow(12, 32),
            window_fill: self.raised,
            window_stroke: Stroke::new(1.0, self.line2),
            menu_corner_radius: radius,
            panel_fill: self.panel,
            popup_shadow: shadow(3, 9),
            striped: false,
            slider_trailing_fill: true,
            ..base
        }
    }
}

/// Colours of an expression's words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Code {
    pub(crate) keyword: Color32,
    pub(crate) function: Color32,
    pub(crate) text: Color32,
    pub(crate) number: Color32,
    pub(crate) name: Color32,
    pub(crate) operator: Color32,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance, as WCAG 2.2 has it.
    fn luminance(colour: Color32) -> f64 {
        let linear = |channel: u8| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.04045 { share / 12.92 } else { ((share + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(colour.r()) + 0.7152 * linear(colour.g()) + 0.0722 * linear(colour.b())
    }

    fn contrast(one: Color32, other: Color32) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn texts_and_shapes_can_be_told_from_their_grounds() {
        for theme in
            [(true, false), (false, false), (true, true), (false, true)].map(|(dark, more)| Theme::of(dark, more))
        {
            for ground in [theme.canvas, theme.panel, theme.raised] {
                let states = [theme.ok, theme.warn, theme.err, theme.press, theme.late];
                let texts = [theme.text, theme.text2, theme.faint, theme.accent].into_iter();
                for text in texts.chain(states.iter().map(|state| state.text)) {
                    assert!(contrast(text, ground) >= 4.5, "{text:?} on {ground:?}: {}", contrast(text, ground));
                }
                let shapes = [theme.wire, theme.records, theme.changes, theme.model, theme.control].into_iter();
                for shape in shapes.chain(states.iter().map(|state| state.graphic)) {
                    assert!(contrast(shape, ground) >= 3.0, "{shape:?} on {ground:?}: {}", contrast(shape, ground));
                }
            }
            for colour in [NoteColour::Sand, NoteColour::Blue, NoteColour::Green, NoteColour::Rose] {
                let ratio = contrast(theme.text2, theme.paper(colour).0);
                assert!(ratio >= 4.5, "{colour:?}: {ratio}");
            }
            assert!(contrast(theme.on_accent, theme.accent) >= 4.5);
            assert!(contrast(theme.accent, theme.accent_bg) >= 4.5);
            for family in Family::ALL {
                let ratio = contrast(theme.role(family), theme.tile(family));
                assert!(ratio >= 4.5, "{family:?}: {ratio}");
            }
        }
    }
}
