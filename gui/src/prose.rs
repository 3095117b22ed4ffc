//! Longer words, as notes and help have them: a little of Markdown. Headings, items of lists, **strong** words and `code`;
//! whatever else is written is shown as it stands.

use egui::text::{LayoutJob, TextFormat};
use egui::{Align, Align2, FontFamily, FontId, Painter, Pos2, Rect, Ui, vec2};

use crate::fonts;
use crate::theme::Theme;

/// What a part of a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Heading,
    Item,
    Code,
}

/// A part of a text that stands by itself.
#[derive(Debug, Clone, PartialEq)]
struct Block {
    kind: Kind,
    text: String,
}

/// How a text is set.
#[derive(Clone, Copy)]
pub(crate) struct Setting<'a> {
    pub(crate) theme: &'a Theme,
    pub(crate) size: f32,
    /// lines end where the writer ended them; else only paragraphs do, as in the help of operators
    pub(crate) keeps_lines: bool,
}

/// How far items stand from the left, and parts from each other, in sizes of type.
const INDENT: f32 = 1.0;
const GAP: f32 = 0.4;
/// How high a line is, in sizes of type, at most.
const LINE: f32 = 1.25;

/// The parts of a text.
fn blocks(text: &str, keeps_lines: bool) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let (mut is_code, mut is_begun) = (false, false);
    let is_drawn = |blocks: &[Block]| blocks.last().is_some_and(|last| last.kind == Kind::Code);
    for line in text.lines() {
        let words = line.trim();
        if words.starts_with("```") {
            (is_code, is_begun) = (!is_code, false);
            continue;
        }
        let (kind, words) = match () {
            () if is_code || line.starts_with("    ") && (!is_begun || is_drawn(&blocks)) => {
                (Kind::Code, line.trim_end())
            }
            () if words.is_empty() => {
                is_begun = false;
                continue;
            }
            () if words.starts_with('#') && words.trim_start_matches('#').starts_with(' ') => {
                (Kind::Heading, words.trim_start_matches('#').trim_start())
            }
            () if words.starts_with("- ") || words.starts_with("* ") => (Kind::Item, words[2..].trim_start()),
            () => (Kind::Plain, words),
        };
        let goes_on = match blocks.last_mut() {
            Some(last) if kind == Kind::Code && last.kind == kind => Some((last, "\n")),
            // What is written below an item belongs to it.
            Some(last) if kind == Kind::Plain && is_begun && matches!(last.kind, Kind::Plain | Kind::Item) => {
                Some((last, if keeps_lines { "\n" } else { " " }))
            }
            _ => None,
        };
        match goes_on {
            Some((last, between)) => last.text.extend([between, words]),
            None => blocks.push(Block { kind, text: words.to_string() }),
        }
        is_begun = kind != Kind::Heading;
    }
    blocks
}

/// A line's words with their looks; a mark that is not closed is a letter like others.
fn spans(text: &str) -> Vec<(&str, bool, bool)> {
    let mut spans = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['`', '*']) {
        let mark = ["`", "**", "*"].into_iter().find(|mark| rest[at..].starts_with(mark)).unwrap_or("*");
        let inside = &rest[at + mark.len()..];
        // A star between blanks multiplies.
        let is_word = |end: &usize| mark == "`" || *end > 0 && inside[..*end].trim().len() == *end;
        let end = inside.find(mark).filter(|end| *end > 0 && is_word(end));
        match end.map(|end| (inside, end)) {
            Some((inside, end)) => {
                spans.push((&rest[..at], false, false));
                spans.push((&inside[..end], mark == "**", mark == "`"));
                rest = &inside[end + mark.len()..];
            }
            None => {
                spans.push((&rest[..=at], false, false));
                rest = &rest[at + 1..];
            }
        }
    }
    spans.push((rest, false, false));
    spans.retain(|(words, ..)| !words.is_empty());
    spans
}

/// A text of one part, set: `code` and **strong** in it.
pub(crate) fn line(theme: &Theme, text: &str, size: f32) -> LayoutJob {
    set(theme, Kind::Plain, text, size)
}

fn set(theme: &Theme, kind: Kind, text: &str, size: f32) -> LayoutJob {
    let mut job = LayoutJob::default();
    let mut add = |words: &str, font: FontId, colour| {
        let format = TextFormat { valign: Align::BOTTOM, ..TextFormat::simple(font, colour) };
        job.append(words, 0.0, format);
    };
    match kind {
        Kind::Code => add(text, fonts::mono(size - 1.0), theme.text2),
        Kind::Heading => add(text, fonts::strong(size), theme.text),
        Kind::Plain | Kind::Item => {
            for (words, is_strong, is_code) in spans(text) {
                match (is_strong, is_code) {
                    (true, _) => add(words, fonts::strong(size), theme.text),
                    (_, true) => add(words, fonts::mono(size - 1.0), theme.text),
                    _ => add(words, FontId::new(size, FontFamily::Proportional), theme.text2),
                }
            }
        }
    }
    job
}

/// Paints a text into a box, as many whole lines of it as there is room for.
pub(crate) fn paint(painter: &Painter, setting: Setting<'_>, text: &str, room: Rect) {
    let Setting { theme, size, keeps_lines } = setting;
    let mut y = room.top();
    for block in blocks(text, keeps_lines) {
        let rows = ((room.bottom() - y) / (size * LINE)) as usize;
        if rows == 0 {
            let at = room.right_bottom();
            painter.text(at, Align2::RIGHT_BOTTOM, "…", fonts::text(size), theme.text2);
            return;
        }
        let indent = if block.kind == Kind::Item { INDENT * size } else { 0.0 };
        let mut job = set(theme, block.kind, &block.text, size);
        job.wrap.max_width = (room.width() - indent).max(1.0);
        job.wrap.max_rows = rows;
        let galley = painter.layout_job(job);
        if block.kind == Kind::Item {
            bullet(painter, setting, Pos2::new(room.left(), y));
        }
        let height = galley.size().y;
        painter.galley(Pos2::new(room.left() + indent, y), galley, theme.text2);
        y += height + if block.kind == Kind::Item { 0.0 } else { GAP * size };
    }
}

fn bullet(painter: &Painter, setting: Setting<'_>, at: Pos2) {
    let Setting { theme, size, .. } = setting;
    painter.circle_filled(at + vec2(size * 0.35, size * 0.62), (size * 0.14).max(1.25), theme.text2);
}

/// Shows a text, one part below the other.
pub(crate) fn show(ui: &mut Ui, setting: Setting<'_>, text: &str) {
    let Setting { theme, size, keeps_lines } = setting;
    for block in blocks(text, keeps_lines) {
        let job = set(theme, block.kind, &block.text, size);
        if block.kind != Kind::Item {
            ui.label(job);
            continue;
        }
        let margin = egui::Margin { left: (INDENT * size) as i8, ..egui::Margin::ZERO };
        let shown = egui::Frame::NONE.inner_margin(margin).show(ui, |ui| ui.label(job));
        bullet(ui.painter(), setting, shown.response.rect.left_top());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_falls_into_parts() {
        let block = |kind, text: &str| Block { kind, text: text.into() };
        let help = "Lets pass.\nOr not.\n\n- **One**: `a`\n  goes on\n- two\n\n    code\n      more\n\nEnd";
        let expected = [
            block(Kind::Plain, "Lets pass. Or not."),
            block(Kind::Item, "**One**: `a` goes on"),
            block(Kind::Item, "two"),
            block(Kind::Code, "    code\n      more"),
            block(Kind::Plain, "End"),
        ];
        assert_eq!(blocks(help, false), expected);
        let note = "## Two ways\nfirst line\nsecond\n#hashtag\n* item";
        let expected = [
            block(Kind::Heading, "Two ways"),
            block(Kind::Plain, "first line\nsecond\n#hashtag"),
            block(Kind::Item, "item"),
        ];
        assert_eq!(blocks(note, true), expected);
    }

    #[test]
    fn marks_become_looks_where_they_are_closed() {
        for (text, expected) in [
            ("plain", vec![("plain", false, false)]),
            ("a **b** c", vec![("a ", false, false), ("b", true, false), (" c", false, false)]),
            ("`a * b`", vec![("a * b", false, true)]),
            ("2 * 3 `", vec![("2 *", false, false), (" 3 `", false, false)]),
            ("2 * 3 * 4", vec![("2 *", false, false), (" 3 *", false, false), (" 4", false, false)]),
            ("is *late*: it", vec![("is ", false, false), ("late", false, false), (": it", false, false)]),
            ("``*", vec![("`", false, false), ("`", false, false), ("*", false, false)]),
        ] {
            assert_eq!(spans(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_word_is_lost(text in "[a-zé`*# \n-]{0,60}") {
            let letters = |text: &str| text.chars().filter(|sign| sign.is_alphabetic()).collect::<String>();
            for keeps_lines in [false, true] {
                let shown: String = blocks(&text, keeps_lines)
                    .iter()
                    .flat_map(|block| spans(&block.text).into_iter().map(|span| span.0.to_string()).collect::<Vec<_>>())
                    .collect();
                // A line that opens a block of code may name its language.
                if !text.contains("```") {
                    prop_assert_eq!(letters(&shown), letters(&text));
                }
            }
        }
    }
}
