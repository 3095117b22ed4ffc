//! Reading JSON strictly, with places: doubled names are refused, numbers are read exactly, and every value can be found
//! again in the text.

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::fields::Entries;
use crate::problem::{Place, Problem};

/// As deep as serde_json goes too.
const MAX_DEPTH: usize = 128;

/// A step from a value to one inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// into an object
    Name(String),
    /// into a list
    Item(usize),
}

/// Reads a text.
///
/// # Errors
/// The first thing that is not JSON, with line and column.
pub(super) fn read(text: &str) -> Result<Value, Box<Problem>> {
    if text.trim().is_empty() {
        let place = Place { line: Some((1, 1)), ..Place::default() };
        let remedy = format!("begin the file with {{ \"tidegate\": {}", super::VERSION);
        return Err(Box::new(Problem::error(place, "there is nothing in it").remedy(remedy)));
    }
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| {
        // Building values says more exactly what is wrong than skipping them does.
        let error = serde_json::from_str::<Value>(text).err().unwrap_or(error);
        let place = Place { line: Some(place_of(text, &error)), ..Place::default() };
        let reason = reason(&error);
        let remedy = remedy(&reason);
        Box::new(Problem::error(place, reason).remedy(remedy))
    })?;
    build(text, raw.get(), 0)
}

/// Line and column of an error, in characters; serde_json counts bytes, and column 0 is the end of the line before.
fn place_of(text: &str, error: &serde_json::Error) -> (usize, usize) {
    let mut starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
    let start = starts.nth(error.line().saturating_sub(1)).unwrap_or(text.len());
    let mut offset = (start + error.column().saturating_sub(1)).min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    line_column(text, offset)
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

fn build(text: &str, part: &str, depth: usize) -> Result<Value, Box<Problem>> {
    let fail = |why: String| {
        let place = Place { line: Some(line_column(text, offset_in(text, part))), ..Place::default() };
        let remedy = remedy(&why);
        Box::new(Problem::error(place, why).remedy(remedy))
    };
    if depth > MAX_DEPTH {
        return Err(fail(format!("nested deeper than {MAX_DEPTH} levels")));
    }
    match part.as_bytes().first() {
        Some(b'{') => {
            let entries: Entries<&RawValue> = serde_json::from_str(part).map_err(|error| fail(reason(&error)))?;
            let value = |(name, raw): (String, &RawValue)| Ok((name, build(text, raw.get(), depth + 1)?));
            entries.0.into_iter().map(value).collect::<Result<Map<_, _>, Box<Problem>>>().map(Value::Object)
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(part).map_err(|error| fail(reason(&error)))?;
            items.into_iter().map(|raw| build(text, raw.get(), depth + 1)).collect()
        }
        Some(b'-' | b'0'..=b'9') => number(part).ok_or_else(|| fail(format!("the number {part} is out of range"))),
        _ => serde_json::from_str(part).map_err(|error| fail(reason(&error))),
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
    let raw: &RawValue = serde_json::from_str(text).ok()?;
    let mut part = raw.get();
    for step in steps {
        let inner = match step {
            Step::Name(name) => {
                serde_json::from_str::<Entries<&RawValue>>(part).ok().and_then(|map| map.get(name).copied())
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

    #[test]
    fn broken_text_gives_line_and_column() {
        let cases = [
            ("{\n  \"a\": 1,\n}", (3, 1), "trailing comma"),
            ("", (1, 1), "there is nothing in it"),
            (" \n", (1, 1), "there is nothing in it"),
            ("{\n", (2, 1), "EOF while parsing an object"),
            ("{\"ä\": x}", (1, 7), "expected value"),
            ("{\"a\": {\"b\": 1, \"b\": 2}}", (1, 7), "`b` stands there twice"),
            ("[1e999]", (1, 2), "the number 1e999 is out of range"),
        ];
        for (text, line, message) in cases {
            let problem = read(text).unwrap_err();
            assert_eq!((problem.place.line, problem.message.as_str()), (Some(line), message), "{text}");
        }
        assert!(read(&"[".repeat(100_000)).is_err());
        assert!(read(&format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))).is_err());
    }

    #[test]
    fn values_are_found_again() {
        let text = "{\n  \"a.b\": [1, {\"ä\": 2}]\n}";
        let value = read(text).unwrap();
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
            prop_assert_eq!(read(&value.to_string()).unwrap(), value);
        }

        #[test]
        fn numbers_keep_their_digits(text in "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,40})?([eE][+-]?[0-9]{1,2})?") {
            // Of an exponent the spelling is one.
            let spelt = match text.to_lowercase().split_once('e') {
                Some((digits, exponent)) if exponent.starts_with(['-', '+']) => format!("{digits}e{exponent}"),
                Some((digits, exponent)) => format!("{digits}e+{exponent}"),
                None => text.clone(),
            };
            prop_assert_eq!(read(&text).unwrap().to_string(), spelt.as_str());
            prop_assert_eq!(read(&spelt).unwrap().to_string(), spelt);
        }

        #[test]
        fn any_text_gives_a_value_or_a_problem(text: String, path in "[a.\\[\\]0-9ä]{0,12}") {
            if let Ok(value) = read(&text) {
                let _ = position(&text, &steps(&value, &path));
            }
            let _ = steps(&json!({ "a": [{ "a.a": 1 }] }), &path);
        }
    }
}
