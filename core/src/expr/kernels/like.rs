//! LIKE and ILIKE: `%` stands for any text, `_` for one character. Patterns without `%` inside are compared directly.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};

use super::rows::{Text, map1, map2};
use super::{Inputs, Reason};

/// The character that takes the next one literally.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::expr) enum Escape {
    Backslash,
    Other(char),
    Nothing,
}

impl Escape {
    /// What `ESCAPE '…'` says; none if it is more than one character.
    pub(in crate::expr) fn of(given: &ArrayRef) -> Option<Escape> {
        let mut characters = given.as_string_view().value(0).chars();
        match (characters.next(), characters.next()) {
            (None, _) => Some(Escape::Nothing),
            (Some('\\'), None) => Some(Escape::Backslash),
            (Some(one), None) => Some(Escape::Other(one)),
            _ => None,
        }
    }

    fn is(self, character: char) -> bool {
        match self {
            Escape::Backslash => character == '\\',
            Escape::Other(one) => character == one,
            Escape::Nothing => false,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    One(char),
    AnyOne,
    AnyMany,
}

#[derive(Debug, Clone)]
enum Shape {
    Equal(String),
    Start(String),
    End(String),
    Within(String),
    General(Vec<Piece>),
}

/// LIKE with what is known of it before running.
pub(in crate::expr) struct Matcher {
    /// the pattern, where it is constant
    fixed: Option<Shape>,
    escape: Escape,
    ignores_case: bool,
    negated: bool,
}

impl Matcher {
    /// Reads the pattern where it is constant.
    ///
    /// # Errors
    /// Where it ends within an escape.
    pub(in crate::expr) fn new(
        pattern: Option<&ArrayRef>,
        escape: Escape,
        ignores_case: bool,
        negated: bool,
    ) -> Result<Matcher, Reason> {
        let fixed = match pattern {
            Some(pattern) if !pattern.is_null(0) => {
                Some(shape(&folded(pattern.as_string_view().value(0), ignores_case), escape)?)
            }
            _ => None,
        };
        Ok(Matcher { fixed, escape, ignores_case, negated })
    }

    /// Whether each text matches its pattern.
    pub(in crate::expr) fn matches(&self, inputs: &Inputs) -> ArrayRef {
        match &self.fixed {
            Some(shape) => map1::<Text, bool>(inputs, |text| Ok(self.hit(shape, text))),
            None => map2::<Text, Text, bool>(inputs, |text, pattern| {
                Ok(self.hit(&shape(&folded(pattern, self.ignores_case), self.escape)?, text))
            }),
        }
    }

    fn hit(&self, shape: &Shape, text: &str) -> bool {
        let found = if self.ignores_case { matches(shape, &text.to_lowercase()) } else { matches(shape, text) };
        found != self.negated
    }
}

fn folded(text: &str, ignores_case: bool) -> String {
    if ignores_case { text.to_lowercase() } else { text.to_string() }
}

fn shape(pattern: &str, escape: Escape) -> Result<Shape, Reason> {
    let mut pieces = Vec::new();
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        pieces.push(match character {
            _ if escape.is(character) => match characters.next() {
                Some(literal) => Piece::One(literal),
                None => return Err("a LIKE pattern must not end with its escape character".into()),
            },
            '%' if pieces.last() == Some(&Piece::AnyMany) => continue,
            '%' => Piece::AnyMany,
            '_' => Piece::AnyOne,
            other => Piece::One(other),
        });
    }
    let literal = |pieces: &[Piece]| {
        pieces
            .iter()
            .map(|piece| if let Piece::One(one) = piece { Some(*one) } else { None })
            .collect::<Option<String>>()
    };
    let (starts, ends) = (pieces.first() == Some(&Piece::AnyMany), pieces.last() == Some(&Piece::AnyMany));
    let inner = match (starts, ends) {
        (false, false) => literal(&pieces).map(Shape::Equal),
        (true, _) if pieces.len() == 1 => Some(Shape::Within(String::new())),
        (true, true) => literal(&pieces[1..pieces.len() - 1]).map(Shape::Within),
        (true, false) => literal(&pieces[1..]).map(Shape::End),
        (false, true) => literal(&pieces[..pieces.len() - 1]).map(Shape::Start),
    };
    Ok(inner.unwrap_or(Shape::General(pieces)))
}

fn matches(shape: &Shape, text: &str) -> bool {
    match shape {
        Shape::Equal(literal) => text == literal,
        Shape::Start(literal) => text.starts_with(literal.as_str()),
        Shape::End(literal) => text.ends_with(literal.as_str()),
        Shape::Within(literal) => text.contains(literal.as_str()),
        Shape::General(pieces) => general(pieces, text),
    }
}

/// The usual two pointers with one way back: to the last `%`, one character further. At worst length times length.
fn general(pieces: &[Piece], text: &str) -> bool {
    let (mut piece, mut rest) = (0, text);
    let mut back: Option<(usize, &str)> = None;
    loop {
        match pieces.get(piece) {
            Some(Piece::AnyMany) => {
                piece += 1;
                back = Some((piece, rest));
                continue;
            }
            None if rest.is_empty() => return true,
            wanted => {
                let mut behind = rest.chars();
                match (wanted, behind.next()) {
                    (Some(Piece::One(one)), Some(next)) if *one == next => {
                        (piece, rest) = (piece + 1, behind.as_str());
                        continue;
                    }
                    (Some(Piece::AnyOne), Some(_)) => {
                        (piece, rest) = (piece + 1, behind.as_str());
                        continue;
                    }
                    _ => {}
                }
            }
        }
        let Some((after, from)) = back else { return false };
        let mut behind = from.chars();
        if behind.next().is_none() {
            return false;
        }
        back = Some((after, behind.as_str()));
        (piece, rest) = (after, behind.as_str());
    }
}
