//! Reading JSON strictly, with places: doubled names are refused, numbers are read exactly, and every value can be found
//! again in the text. One fault does not hide the next, as far as what is meant can be told.

use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::locate;
use crate::problem::{Place, Problem};

/// As deep as serde_json goes too.
const MAX_DEPTH: usize = 128;
/// More wrong commas are not mended: each costs a reading of the text.
const MAX_COMMAS: usize = 100;

/// A step from a value to one inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// into an object
    Name(String),
    /// into a list
    Item(usize),
}

/// A text as far as it could be read.
pub(super) struct Read {
    /// what stands there
    pub value: Value,
    /// the text; commas that were wrong are mended, byte for byte, so that every place in it is what it was
    pub text: String,
    /// what was wrong, each with its line and column
    pub problems: Vec<Problem>,
    /// where null stands for what could not be taken
    pub gaps: Vec<Vec<Step>>,
}

/// Something that is JSON, and still not taken.
struct Refused {
    steps: Vec<Step>,
    is_gap: bool,
    offset: usize,
    why: String,
}

/// Reads a text. Goes on behind what can be told apart from the rest: a comma too many or too few, a name that stands there
/// twice (the first counts), a number out of range.
///
/// # Errors
/// What was wrong, the last of which is where the text stops to be JSON.
pub(super) fn read(text: &str) -> Result<Read, Vec<Problem>> {
    if text.trim().is_empty() {
        let place = Place { line: Some((1, 1)), ..Place::default() };
        let remedy = format!("begin the file with {{ \"tidegate\": {}", super::VERSION);
        return Err(vec![Problem::error(place, "there is nothing in it").remedy(remedy)]);
    }
    let (text, mut problems) = with_commas(text)?;
    let (raw, mut refused, mut gaps) = (raw(&text), Vec::new(), Vec::new());
    let value = raw.map_or(Value::Null, |raw| build(&text, raw.get(), &mut Vec::new(), &mut refused));
    for Refused { steps, is_gap, offset, why } in refused {
        let place = Place { line: Some(line_column(&text, offset)), ..locate::place(&value, &steps) };
        let remedy = remedy(&why);
        problems.push(Problem::error(place, why).remedy(remedy));
        gaps.extend(is_gap.then_some(steps));
    }
    Ok(Read { value, text, problems, gaps })
}

fn raw(text: &str) -> Option<&RawValue> {
    serde_json::from_str(text).ok()
}

/// The text as JSON, with its commas mended, and what was wrong with them.
fn with_commas(text: &str) -> Result<(String, Vec<Problem>), Vec<Problem>> {
    let (mut text, mut problems) = (text.to_string(), Vec::new());
    while let Err(error) = serde_json::from_str::<&RawValue>(&text) {
        // Building values says more exactly what is wrong than skipping them does.
        let error = serde_json::from_str::<Value>(&text).err().unwrap_or(error);
        let (offset, why) = (offset_of(&text, &error), reason(&error));
        let place = Place { line: Some(line_column(&text, offset)), ..Place::default() };
        problems.push(Problem::error(place, why.as_str()).remedy(remedy(&why)));
        if problems.len() >= MAX_COMMAS || !mend_comma(&mut text, offset, &why) {
            return Err(problems);
        }
    }
    Ok((text, problems))
}

/// Takes a comma away, or puts one where a space was; says whether that could be done.
fn mend_comma(text: &mut String, offset: usize, why: &str) -> bool {
    let before = &text[..offset];
    let (at, comma) = match why {
        "trailing comma" => (before.trim_end().len().checked_sub(1).filter(|&at| before[at..].starts_with(',')), " "),
        "expected `,` or `}`" if !text[offset..].starts_with('"') => return false,
        "expected `,` or `}`" | "expected `,` or `]`" => (before.strip_suffix([' ', '\t']).map(str::len), ","),
        _ => return false,
    };
    at.map(|at| text.replace_range(at..=at, comma)).is_some()
}

/// Where an error is; serde_json counts bytes, and column 0 is the end of the line before.
fn offset_of(text: &str, error: &serde_json::Error) -> usize {
    let mut starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
    let start = starts.nth(error.line().saturating_sub(1)).unwrap_or(text.len());
    let mut offset = (start + error.column().saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

fn remedy(reason: &str) -> &'static str {
    match reason {
        _ if reason.starts_with("EOF") => "write the rest: something that was opened is not closed",
        "trailing comma" => "take the comma away",
        "key must be a string" => "put the name in double quotes",
        "expected `:`" => "put a colon between name and value",
        "trailing characters" => "end the file behind the closing }",
        "recursion limit exceeded" => "nest it less deeply",
        "expected value" => "write a value: text in double quotes, a number, true, false, null, [ ] or { }",
        _ if reason.starts_with("expected `,`") => "put a comma between, or close what is open",
        _ if reason.contains("stands there twice") => "keep one of them",
        _ if reason.contains("out of range") => "write it in quotes, or nearer to zero",
        _ if reason.contains("deeper") => "nest it less deeply",
        _ => "look before this place for a comma, quote or bracket too many or too few",
    }
}

fn build(text: &str, part: &str, steps: &mut Vec<Step>, refused: &mut Vec<Refused>) -> Value {
    let why = match part.as_bytes().first() {
        _ if steps.len() > MAX_DEPTH => format!("nested deeper than {MAX_DEPTH} levels"),
        Some(b'{') => return object(text, part, steps, refused),
        Some(b'[') => {
            let items = serde_json::from_str::<Vec<&RawValue>>(part).unwrap_or_default();
            let item = |(index, raw): (usize, &RawValue)| within(Step::Item(index), text, raw, steps, refused);
            return items.into_iter().enumerate().map(item).collect();
        }
        Some(b'-' | b'0'..=b'9') => match number(part) {
            Some(number) => return number,
            None => format!("the number {part} is out of range"),
        },
        _ => match serde_json::from_str(part) {
            Ok(value) => return value,
            Err(error) => reason(&error),
        },
    };
    refused.push(Refused { steps: steps.clone(), is_gap: true, offset: offset_in(text, part), why });
    Value::Null
}

fn object(text: &str, part: &str, steps: &mut Vec<Step>, refused: &mut Vec<Refused>) -> Value {
    let mut map = Map::new();
    for (name, raw) in serde_json::from_str::<Members>(part).unwrap_or_default().0 {
        if map.contains_key(&name) {
            let steps = steps.iter().cloned().chain([Step::Name(name.clone())]).collect();
            let why = format!("`{name}` stands there twice");
            refused.push(Refused { steps, is_gap: false, offset: offset_in(text, raw.get()), why });
        } else {
            let value = within(Step::Name(name.clone()), text, raw, steps, refused);
            map.insert(name, value);
        }
    }
    Value::Object(map)
}

fn within(step: Step, text: &str, raw: &RawValue, steps: &mut Vec<Step>, refused: &mut Vec<Refused>) -> Value {
    steps.push(step);
    let value = build(text, raw.get(), steps, refused);
    steps.pop();
    value
}

/// The members of an object, names that stand there twice too.
#[derive(Default)]
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members<'de>, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

/// A number digit by digit, within float64's range.
fn number(text: &str) -> Option<Value> {
    text.parse::<f64>().ok().filter(|float| float.is_finite())?;
    text.parse().ok().map(Value::Number)
}

/// What serde_json says, without its own "at line … column …".
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.find(" at line ") {
        Some(end) => text[..end].to_string(),
        None => text,
    }
}

/// Line and column (from 1, in characters) of the value behind some steps, or of the deepest that there is on the way.
pub(super) fn position(text: &str, steps: &[Step]) -> Option<(usize, usize)> {
    Some(line_column(text, offset_in(text, part_at(text, steps)?)))
}

/// The text of the value behind some steps, or of the deepest that there is on the way.
pub(super) fn part_at<'a>(text: &'a str, steps: &[Step]) -> Option<&'a str> {
    let mut part = raw(text)?.get();
    for step in steps {
        let inner = match step {
            Step::Name(name) => {
                let members = serde_json::from_str::<Members>(part).unwrap_or_default().0;
                members.into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
            }
            Step::Item(index) => {
                serde_json::from_str::<Vec<&RawValue>>(part).ok().and_then(|list| list.get(*index).copied())
            }
        };
        match inner {
            Some(inner) => part = inner.get(),
            None => break,
        }
    }
    Some(part)
}

/// Where a part begins, which is a slice of the text.
pub(super) fn offset_in(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize).min(text.len())
}

/// Line and column of a byte, from 1.
pub(super) fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// Reads a path as problems write it (`nodes[3].config.a.b`) into steps. Names may hold dots and brackets themselves, so
/// the value decides where a name ends.
pub(crate) fn steps(value: &Value, path: &str) -> Vec<Step> {
    let (mut steps, mut value, mut rest) = (Vec::new(), Some(value), path);
    while !rest.is_empty() {
        if let Some((index, tail)) = item_step(rest) {
            value = value.and_then(|value| value.get(index));
            steps.push(Step::Item(index));
            rest = tail;
            continue;
        }
        rest = rest.strip_prefix('.').unwrap_or(rest);
        let name = value.and_then(|value| longest_name(value, rest)).unwrap_or_else(|| first_name(rest));
        value = value.and_then(|value| value.get(name));
        steps.push(Step::Name(name.to_string()));
        rest = &rest[name.len()..];
    }
    steps
}

/// As [`steps`], from an object.
pub(crate) fn steps_in(map: &Map<String, Value>, path: &str) -> Vec<Step> {
    let Some(name) = longest_of(map, path) else { return steps(&Value::Null, path) };
    let inner = map.get(name).unwrap_or(&Value::Null);
    let mut found = vec![Step::Name(name.to_string())];
    found.extend(steps(inner, path[name.len()..].trim_start_matches('.')));
    found
}

/// Takes the value behind some steps away, if it is there.
pub(crate) fn remove(value: &mut Value, steps: &[Step]) {
    match (value, steps) {
        (Value::Object(map), [Step::Name(name)]) => drop(map.shift_remove(name)),
        (Value::Array(items), [Step::Item(index)]) if *index < items.len() => drop(items.remove(*index)),
        (Value::Object(map), [Step::Name(name), rest @ ..]) => {
            if let Some(inner) = map.get_mut(name) {
                remove(inner, rest);
            }
        }
        (Value::Array(items), [Step::Item(index), rest @ ..]) => {
            if let Some(inner) = items.get_mut(*index) {
                remove(inner, rest);
            }
        }
        _ => {}
    }
}

fn item_step(path: &str) -> Option<(usize, &str)> {
    let (index, tail) = path.strip_prefix('[')?.split_once(']')?;
    Some((index.parse().ok()?, tail))
}

fn longest_name<'a>(value: &Value, path: &'a str) -> Option<&'a str> {
    longest_of(value.as_object()?, path)
}

fn longest_of<'a>(map: &Map<String, Value>, path: &'a str) -> Option<&'a str> {
    let ends_there = |rest: &str| rest.is_empty() || rest.starts_with(['.', '[']);
    let names = map.keys().filter(|name| path.strip_prefix(name.as_str()).is_some_and(ends_there));
    path.get(..names.map(String::len).max()?)
}

/// Never empty, so that reading a path comes to an end.
fn first_name(path: &str) -> &str {
    let first = path.chars().next().map_or(0, char::len_utf8);
    let end = path[first..].find(['.', '[']).map_or(path.len(), |end| end + first);
    &path[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// What a text holds in which nothing is wrong.
    fn value_of(text: &str) -> Option<Value> {
        read(text).ok().filter(|read| read.problems.is_empty()).map(|read| read.value)
    }

    #[test]
    fn broken_text_gives_line_and_column() {
        let cases = [
            ("{\n  \"a\": 1,\n}", (3, 1), "trailing comma"),
            ("", (1, 1), "there is nothing in it"),
            (" \n", (1, 1), "there is nothing in it"),
            ("{\n", (2, 1), "EOF while parsing an object"),
            ("{\"ä\": x}", (1, 7), "expected value"),
            ("{\"a\": {\"b\": 1, \"b\": 2}}", (1, 21), "`b` stands there twice"),
            ("[1e999]", (1, 2), "the number 1e999 is out of range"),
            ("{\"a\": 1\"b\": 2}", (1, 8), "expected `,` or `}`"),
        ];
        for (text, line, message) in cases {
            let problems = read(text).map_or_else(|problems| problems, |read| read.problems);
            let found: Vec<_> = problems.iter().map(|problem| (problem.place.line, problem.message.as_str())).collect();
            assert_eq!(found, [(Some(line), message)], "{text}");
        }
        assert!(read(&"[".repeat(100_000)).is_err());
        assert_eq!(value_of(&format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))), None);
    }

    #[test]
    fn what_can_be_told_apart_is_read_behind_a_fault() {
        let cases = [
            ("[1, [2,\n ], 3]", json!([1, [2], 3]), vec![(2, 2)]),
            ("{ \"a\": 1\n  \"b\": [1 2,] }", json!({ "a": 1, "b": [1, 2] }), vec![(2, 3), (2, 11), (2, 13)]),
            ("{ \"a\": 1, \"a\": [], \"a\": 1e999, \"b\": 2 }", json!({ "a": 1, "b": 2 }), vec![(1, 16), (1, 25)]),
            ("{ \"a\": [1e999, 2], \"b\": -1e999 }", json!({ "a": [null, 2], "b": null }), vec![(1, 9), (1, 25)]),
        ];
        for (text, value, places) in cases {
            let read = read(text).expect(text);
            let found: Vec<_> = read.problems.iter().filter_map(|problem| problem.place.line).collect();
            assert_eq!((read.value, found), (value, places), "{text}");
            assert_eq!(read.text.len(), text.len());
        }
        let stopped = read("[1,] x").err().unwrap();
        assert_eq!(
            stopped.iter().map(|problem| problem.message.as_str()).collect::<Vec<_>>(),
            ["trailing comma", "trailing characters"]
        );
    }

    #[test]
    fn values_are_found_again() {
        let text = "{\n  \"a.b\": [1, {\"ä\": 2}]\n}";
        let value = value_of(text).unwrap();
        let at = |path: &str| position(text, &steps(&value, path)).unwrap();
        assert_eq!(at("a.b"), (2, 10));
        assert_eq!(at("a.b[1].ä"), (2, 20));
        assert_eq!(at("a.b[1].missing.more"), (2, 14));
        assert_eq!(at("nothing"), (1, 1));
    }

    proptest! {
        #[test]
        fn numbers_come_back_as_they_were(float in any::<f64>().prop_filter("finite", |f| f.is_finite()), whole: i64) {
            let value = json!([float, whole]);
            prop_assert_eq!(value_of(&value.to_string()), Some(value));
        }

        #[test]
        fn numbers_keep_their_digits(text in "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,40})?([eE][+-]?[0-9]{1,2})?") {
            // Of an exponent the spelling is one.
            let spelt = match text.to_lowercase().split_once('e') {
                Some((digits, exponent)) if exponent.starts_with(['-', '+']) => format!("{digits}e{exponent}"),
                Some((digits, exponent)) => format!("{digits}e+{exponent}"),
                None => text.clone(),
            };
            prop_assert_eq!(value_of(&text).unwrap().to_string(), spelt.as_str());
            prop_assert_eq!(value_of(&spelt).unwrap().to_string(), spelt);
        }

        #[test]
        fn any_text_gives_a_value_or_a_problem(text: String, path in "[a.\\[\\]0-9ä]{0,12}") {
            if let Ok(Read { value, text, .. }) = read(&text) {
                let _ = position(&text, &steps(&value, &path));
            }
            let _ = steps(&json!({ "a": [{ "a.a": 1 }] }), &path);
        }
    }
}
