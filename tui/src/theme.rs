//! Colours, weights and glyphs, each for a meaning; nothing else names a colour. Screens are drawn in full and reduced at
//! the end: to fewer colours, to none, to ASCII, one cell for one cell.

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};

use crate::numbers::{FULL, HALF_FULL};

/// What a piece of text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Tone {
    /// what is well
    #[default]
    Text,
    /// labels, borders, what matters less
    Dim,
    /// headings and names
    Bold,
    /// what deserves a look: growing, back-pressured, half full
    Warn,
    /// what is wrong: stalled, full, the bottleneck, a fault
    Bad,
    /// its tag
    Tag,
    /// changed and not yet in the run
    Edited,
    /// it catches up
    Draining,
    /// it went back
    Rewound,
    /// the selection
    Chosen,
}

impl Tone {
    /// The tone of a buffer that is so full.
    pub(crate) fn of_fill(fill: f64) -> Tone {
        match fill {
            full if full >= FULL => Tone::Bad,
            half if half >= HALF_FULL => Tone::Warn,
            _ => Tone::Dim,
        }
    }

    pub(crate) fn style(self) -> Style {
        let style = Style::new();
        match self {
            Tone::Text => style,
            Tone::Dim => style.add_modifier(Modifier::DIM),
            Tone::Bold => style.add_modifier(Modifier::BOLD),
            Tone::Warn => style.fg(Color::Yellow),
            Tone::Bad => style.fg(Color::Red).add_modifier(Modifier::BOLD),
            Tone::Tag => style.fg(Color::Red).add_modifier(Modifier::BOLD | Modifier::REVERSED),
            Tone::Edited | Tone::Draining => style.fg(Color::Cyan),
            Tone::Rewound => style.fg(Color::Magenta),
            Tone::Chosen => style.add_modifier(Modifier::REVERSED),
        }
    }
}

/// How many colours there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Palette {
    /// sixteen, on a dark ground
    #[default]
    Dark,
    /// sixteen, on a light ground
    Light,
    /// none, as `NO_COLOR` asks: bold, dim, reverse and underline stay
    Mono,
    /// neither colours nor weights
    Plain,
}

/// What the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Look {
    /// its colours
    pub palette: Palette,
    /// nothing but ASCII
    pub is_ascii: bool,
    /// fewer frames, no seconds, no sparks
    pub is_thrifty: bool,
}

impl Look {
    /// Reduces a drawn screen to what the terminal can show. `is_old` dims it: its figures are not those of now.
    pub(crate) fn finish(self, buffer: &mut Buffer) {
        for cell in &mut buffer.content {
            if self.is_ascii {
                let plain = to_ascii(cell.symbol());
                if let Some(plain) = plain {
                    cell.set_char(plain);
                }
            }
            cell.fg = match (self.palette, cell.fg) {
                (Palette::Mono | Palette::Plain, _) => Color::Reset,
                (Palette::Light, Color::Yellow) => Color::Magenta,
                (Palette::Light, Color::Cyan) => Color::Blue,
                (_, colour) => colour,
            };
            if self.palette == Palette::Plain {
                cell.modifier = Modifier::empty();
            }
        }
    }
}

/// The ASCII character for a glyph; none where it is ASCII already.
fn to_ascii(symbol: &str) -> Option<char> {
    if symbol.is_ascii() {
        return None;
    }
    Some(match symbol {
        "╭" | "╮" | "╰" | "╯" | "├" | "┤" | "┬" | "┴" | "┼" | "┌" | "┐" | "└" | "┘" => '+',
        "─" | "–" => '-',
        "│" => '|',
        "━" | "═" => '=',
        "┃" | "┏" | "┓" | "┗" | "┛" | "┠" | "┨" | "┣" | "┫" | "┳" | "┻" | "╋" | "║" => '#',
        "▸" | "▶" | "→" | "›" => '>',
        "■" => 'B',
        "□" => 'P',
        "·" | "┄" | "┆" => '.',
        "▲" => '^',
        "▼" => 'v',
        "×" => 'x',
        "«" => '<',
        "…" => '~',
        "µ" => 'u',
        "▁" => '1',
        "▂" => '2',
        "▃" => '3',
        "▄" => '4',
        "▅" => '5',
        "▆" => '6',
        "▇" => '7',
        "█" => '8',
        "▏" => '_',
        "✓" => 'y',
        _ => '?',
    })
}

/// Heights of a spark or a strip, lowest first. The highest is for a strip of its own.
pub(crate) const HEIGHTS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_is_reduced_cell_for_cell() {
        let mut full = Buffer::with_lines(["╭▸a─╮ ▇é", "plain"]);
        full.set_style(full.area, Tone::Tag.style());
        let mut ascii = full.clone();
        Look { is_ascii: true, palette: Palette::Mono, ..Look::default() }.finish(&mut ascii);
        let text: String = ascii.content[..8].iter().map(|cell| cell.symbol()).collect();
        assert_eq!(text, "+>a-+ 7?");
        assert_eq!(
            (ascii.content[0].fg, ascii.content[0].modifier),
            (Color::Reset, Modifier::BOLD | Modifier::REVERSED)
        );
        Look { palette: Palette::Plain, ..Look::default() }.finish(&mut full);
        assert_eq!((full.content[0].symbol(), full.content[0].modifier), ("╭", Modifier::empty()));
    }
}
