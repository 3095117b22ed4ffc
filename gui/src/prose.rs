//! Longer words, as notes and help have them: a little of Markdown. Headings, items of lists, **strong** words and `code` have
//! looks; of the rest the words are shown.

use egui::text::{LayoutJob, TextFormat};
use egui::{Align, Align2, FontFamily, FontId, Painter, Pos2, Rect, Ui, vec2};
use pulldown_cmark::{Event, Parser, Tag, TagEnd};

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

/// How words look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Plain,
    Strong,
    Code,
}

/// A part of a text that stands by itself, and its words.
#[derive(Debug, Clone, PartialEq)]
struct Block {
    kind: Kind,
    words: Vec<(Look, String)>,
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
    let mut blocks = Blocks(Vec::new());
    // How deep within strong words; the numbers of lists, and where links lead, the innermost last.
    let (mut strong, mut lists, mut links) = (0, Vec::new(), Vec::new());
    let mut is_at_item = false;
    for event in Parser::new(text) {
        let begins_item = matches!(event, Event::Start(Tag::Item));
        match event {
            Event::Start(Tag::Heading { .. }) => blocks.begin(Kind::Heading),
            Event::Start(Tag::CodeBlock(_)) => blocks.begin(Kind::Code),
            Event::Start(Tag::HtmlBlock) => blocks.begin(Kind::Plain),
            // The first paragraph of an item is the item itself.
            Event::Start(Tag::Paragraph) if !is_at_item => blocks.begin(Kind::Plain),
            Event::Start(Tag::List(first)) => lists.push(first),
            Event::End(TagEnd::List(_)) => drop(lists.pop()),
            Event::Start(Tag::Item) => match lists.last_mut() {
                Some(Some(number)) => {
                    blocks.begin(Kind::Plain);
                    blocks.add(Look::Plain, &format!("{number}. "));
                    *number += 1;
                }
                _ => blocks.begin(Kind::Item),
            },
            Event::Start(Tag::Strong) => strong += 1,
            Event::End(TagEnd::Strong) => strong -= 1,
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => links.push(dest_url),
            Event::End(TagEnd::Link | TagEnd::Image) => {
                let to = links.pop().filter(|to| !blocks.ends_with(to));
                to.into_iter().for_each(|to| blocks.add(Look::Plain, &format!(" ({to})")));
            }
            Event::Text(words) if strong > 0 => blocks.add(Look::Strong, &words),
            Event::Text(words) | Event::Html(words) | Event::InlineHtml(words) => blocks.add(Look::Plain, &words),
            Event::Code(words) => blocks.add(Look::Code, &words),
            Event::SoftBreak => blocks.add(Look::Plain, if keeps_lines { "\n" } else { " " }),
            Event::HardBreak => blocks.add(Look::Plain, "\n"),
            _ => {}
        }
        is_at_item = begins_item;
    }
    blocks.0
}

/// Parts that are being read.
struct Blocks(Vec<Block>);

impl Blocks {
    fn begin(&mut self, kind: Kind) {
        self.0.push(Block { kind, words: Vec::new() });
    }

    fn ends_with(&self, words: &str) -> bool {
        self.0.last().and_then(|last| last.words.last()).is_some_and(|(_, last)| last.ends_with(words))
    }

    fn add(&mut self, look: Look, words: &str) {
        if self.0.is_empty() {
            self.begin(Kind::Plain);
        }
        let Some(block) = self.0.last_mut() else { return };
        match block.words.last_mut() {
            Some((last, before)) if *last == look => before.push_str(words),
            _ => block.words.push((look, words.to_string())),
        }
    }
}

/// A text of one part, set: `code` and **strong** in it.
pub(crate) fn line(theme: &Theme, text: &str, size: f32) -> LayoutJob {
    let words: Vec<(Look, String)> = blocks(text, false).into_iter().flat_map(|block| block.words).collect();
    set(theme, &Block { kind: Kind::Plain, words }, size)
}

fn set(theme: &Theme, block: &Block, size: f32) -> LayoutJob {
    let mut job = LayoutJob::default();
    for (look, words) in &block.words {
        let (font, colour) = match (block.kind, look) {
            (Kind::Code, _) => (fonts::mono(size - 1.0), theme.text2),
            (Kind::Heading, _) | (_, Look::Strong) => (fonts::strong(size), theme.text),
            (_, Look::Code) => (fonts::mono(size - 1.0), theme.text),
            _ => (FontId::new(size, FontFamily::Proportional), theme.text2),
        };
        // A block of code ends with its last line.
        let words = if block.kind == Kind::Code { words.trim_end() } else { words };
        job.append(words, 0.0, TextFormat { valign: Align::BOTTOM, ..TextFormat::simple(font, colour) });
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
        let mut job = set(theme, &block, size);
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
        let job = set(theme, &block, size);
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

    /// Parts, with the looks of words as marks.
    fn shown(text: &str, keeps_lines: bool) -> Vec<(Kind, String)> {
        let marked = |(look, words): &(Look, String)| match look {
            Look::Plain => words.clone(),
            Look::Strong => format!("<{words}>"),
            Look::Code => format!("[{words}]"),
        };
        let shown = |block: Block| (block.kind, block.words.iter().map(marked).collect());
        blocks(text, keeps_lines).into_iter().map(shown).collect()
    }

    #[test]
    fn a_text_falls_into_parts() {
        let help = "Lets pass.\nOr not.\n\n- **One**: `a`\n  goes on\n- two\n\n<!-- -->\n\n    code\n      more\n\nEnd";
        let expected = [
            (Kind::Plain, "Lets pass. Or not."),
            (Kind::Item, "<One>: [a] goes on"),
            (Kind::Item, "two"),
            (Kind::Plain, "<!-- -->\n"),
            (Kind::Code, "code\n  more\n"),
            (Kind::Plain, "End"),
        ];
        assert_eq!(shown(help, false), expected.map(|(kind, words)| (kind, words.to_string())));
        let note =
            "## Two ways\nfirst line\nsecond\n#hashtag\n\n3. three\n\n4. four\n\n* item\n\n  its second paragraph";
        let expected = [
            (Kind::Heading, "Two ways"),
            (Kind::Plain, "first line\nsecond\n#hashtag"),
            (Kind::Plain, "3. three"),
            (Kind::Plain, "4. four"),
            (Kind::Item, "item"),
            (Kind::Plain, "its second paragraph"),
        ];
        assert_eq!(shown(note, true), expected.map(|(kind, words)| (kind, words.to_string())));
    }

    #[test]
    fn marks_become_looks_where_they_are_closed() {
        for (text, expected) in [
            ("plain", "plain"),
            ("a **b** c", "a <b> c"),
            ("`a * b`", "[a * b]"),
            ("2 * 3 `", "2 * 3 `"),
            ("is *late*: _timestamp", "is late: _timestamp"),
            ("see [here](https://example.org/a)", "see here (https://example.org/a)"),
            ("see <https://example.org/a>", "see https://example.org/a"),
            ("List<int64> & more", "List<int64> & more"),
        ] {
            assert_eq!(shown(text, false), [(Kind::Plain, expected.to_string())], "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_word_is_lost(text in "[a-zé`*#<>&! \n-]{0,60}") {
            let letters = |text: &str| text.chars().filter(|sign| sign.is_alphabetic()).collect::<String>();
            for keeps_lines in [false, true] {
                let words: String = blocks(&text, keeps_lines).into_iter().flat_map(|block| block.words).map(|word| word.1).collect();
                // A line that opens a block of code may name its language.
                if !text.contains("```") {
                    prop_assert_eq!(letters(&words), letters(&text));
                }
            }
        }
    }
}
