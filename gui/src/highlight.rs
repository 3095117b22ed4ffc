//! The words of an expression in colours. Only looks: what an expression means, the core knows.

use std::ops::Range;
use std::sync::LazyLock;

use egui::text::LayoutJob;
use egui::{Color32, FontId, TextFormat};
use tidegate_core::expr::{aggregate_names, catalogue};
use tidegate_core::faces::complete::KEYWORDS;

use crate::theme::{Code, Theme};

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    Keyword,
    Function,
    Text,
    Number,
    Name,
    Operator,
    Space,
}

static FUNCTIONS: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| aggregate_names().chain(catalogue().iter().map(|function| function.name)).collect());

/// The words of a text, one behind the other, all of it.
pub(crate) fn words(text: &str) -> Vec<(Range<usize>, Word)> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let (length, word) = match first {
            space if space.is_whitespace() => (run(rest, char::is_whitespace), Word::Space),
            '\'' => (quoted(rest, '\''), Word::Text),
            '"' => (quoted(rest, '"'), Word::Name),
            digit if digit.is_ascii_digit() => (run(rest, |sign| sign.is_alphanumeric() || sign == '.'), Word::Number),
            letter if letter.is_alphabetic() || letter == '_' => {
                let length = run(rest, |sign| sign.is_alphanumeric() || sign == '_');
                (length, named(&rest[..length], rest[length..].trim_start().starts_with('(')))
            }
            other => (other.len_utf8(), Word::Operator),
        };
        words.push((at..at + length, word));
        at += length;
    }
    words
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|sign| !belongs(sign)).unwrap_or(text.len())
}

/// Up to the closing sign; a doubled one is part of the text. All that is left, where it is not closed.
fn quoted(text: &str, sign: char) -> usize {
    let mut signs = text.char_indices().skip(1).peekable();
    while let Some((at, found)) = signs.next() {
        if found == sign {
            match signs.peek() {
                Some((_, next)) if *next == sign => {
                    signs.next();
                }
                _ => return at + found.len_utf8(),
            }
        }
    }
    text.len()
}

fn named(word: &str, is_called: bool) -> Word {
    match () {
        () if KEYWORDS.iter().any(|keyword| keyword.eq_ignore_ascii_case(word)) => Word::Keyword,
        () if is_called && FUNCTIONS.iter().any(|function| function.eq_ignore_ascii_case(word)) => Word::Function,
        () => Word::Name,
    }
}

fn colour(code: Code, word: Word) -> Color32 {
    match word {
        Word::Keyword => code.keyword,
        Word::Function => code.function,
        Word::Text => code.text,
        Word::Number => code.number,
        Word::Name => code.name,
        Word::Operator | Word::Space => code.operator,
    }
}

/// The text laid out in colours.
pub(crate) fn layout(theme: &Theme, text: &str, font: FontId, width: f32) -> LayoutJob {
    let code = theme.code();
    let mut job = LayoutJob::default();
    job.wrap.max_width = width;
    for (range, word) in words(text) {
        job.append(&text[range], 0.0, TextFormat::simple(font.clone(), colour(code, word)));
    }
    job
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_known() {
        let shown: Vec<(&str, Word)> = words("round(qty*1.5) >= 'it''s' and \"a b\" IS null")
            .into_iter()
            .filter(|(_, word)| *word != Word::Space)
            .map(|(range, word)| (&"round(qty*1.5) >= 'it''s' and \"a b\" IS null"[range], word))
            .collect();
        assert_eq!(
            shown,
            [
                ("round", Word::Function),
                ("(", Word::Operator),
                ("qty", Word::Name),
                ("*", Word::Operator),
                ("1.5", Word::Number),
                (")", Word::Operator),
                (">", Word::Operator),
                ("=", Word::Operator),
                ("'it''s'", Word::Text),
                ("and", Word::Keyword),
                ("\"a b\"", Word::Name),
                ("IS", Word::Keyword),
                ("null", Word::Keyword),
            ]
        );
    }

    proptest! {
        #[test]
        fn nothing_is_lost(text in "\\PC{0,60}") {
            let all: String = words(&text).into_iter().map(|(range, _)| &text[range]).collect();
            prop_assert_eq!(&all, &text);
            let job = layout(&Theme::dark(), &text, crate::fonts::mono(12.0), 200.0);
            prop_assert_eq!(job.text, text);
        }
    }
}
