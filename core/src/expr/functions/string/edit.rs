//! What the text functions do to one text.

use crate::expr::kernels::Reason;

/// Texts beyond this are refused: a record with a million characters is a mistake, or an attack.
const MAX_LENGTH: i64 = 1 << 20;

pub(super) fn length(text: &str) -> i64 {
    if text.is_ascii() { text.len() as i64 } else { text.chars().count() as i64 }
}

/// Letter by letter: `ß` has no upper case of one letter and stays.
fn mapped<I: Iterator<Item = char>>(text: &str, map: impl Fn(char) -> I) -> String {
    let one = |character: char| {
        let mut mapped = map(character);
        match (mapped.next(), mapped.next()) {
            (Some(one), None) => one,
            _ => character,
        }
    };
    text.chars().map(one).collect()
}

pub(super) fn lower(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { mapped(text, char::to_lowercase) }
}

pub(super) fn upper(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_uppercase() } else { mapped(text, char::to_uppercase) }
}

pub(super) fn initcap(text: &str) -> String {
    let mut is_inside = false;
    let mut capital = |character: char| {
        let was_inside = std::mem::replace(&mut is_inside, character.is_alphanumeric());
        let one = character.to_string();
        if was_inside { lower(&one) } else { upper(&one) }
    };
    text.chars().map(&mut capital).collect()
}

/// The byte at which the n-th character starts, or the end.
fn byte_of(text: &str, n: usize) -> usize {
    if text.is_ascii() { n.min(text.len()) } else { text.char_indices().nth(n).map_or(text.len(), |(at, _)| at) }
}

pub(super) fn left(text: &str, n: i64) -> &str {
    let keep = if n >= 0 { n } else { (length(text) + n.max(-MAX_LENGTH * 1024)).max(0) };
    &text[..byte_of(text, keep as usize)]
}

pub(super) fn right(text: &str, n: i64) -> &str {
    let drop = if n >= 0 { (length(text) - n).max(0) } else { n.saturating_neg() };
    &text[byte_of(text, drop as usize)..]
}

pub(super) fn pad(text: &str, length: i64, fill: &str, is_before: bool) -> Result<String, Reason> {
    if length > MAX_LENGTH {
        return Err("the length is too large".into());
    }
    let missing = length.saturating_sub(self::length(text));
    if missing <= 0 || fill.is_empty() {
        return Ok(left(text, length.max(0)).to_string());
    }
    let fill: String = fill.chars().cycle().take(missing as usize).collect();
    Ok(if is_before { fill + text } else { [text, &fill].concat() })
}

/// From a place on, so many characters; places before the text count.
pub(super) fn part(text: &str, start: i64, count: Option<i64>) -> &str {
    let end = count.map_or(i64::MAX, |count| start.saturating_add(count)).saturating_sub(1).max(0);
    let start = start.saturating_sub(1).max(0);
    if end <= start {
        return "";
    }
    &text[byte_of(text, start as usize)..byte_of(text, end as usize)]
}

pub(super) fn substring(text: &str, start: i64, count: i64) -> Result<&str, Reason> {
    if count < 0 {
        return Err("negative substring length not allowed".into());
    }
    Ok(part(text, start, Some(count)))
}

pub(super) fn overlay(text: &str, new: &str, start: i64, count: i64) -> Result<String, Reason> {
    if start <= 0 {
        return Err("negative substring length not allowed".into());
    }
    let behind = start.checked_add(count).ok_or("int64 out of range")?;
    Ok([part(text, 1, Some(start - 1)), new, part(text, behind, None)].concat())
}

pub(super) fn position(text: &str, part: &str) -> i64 {
    text.find(part).map_or(0, |at| length(&text[..at]) + 1)
}

pub(super) fn translate(text: &str, from: &str, to: &str) -> String {
    text.chars()
        .filter_map(|character| match from.chars().position(|one| one == character) {
            Some(place) => to.chars().nth(place),
            None => Some(character),
        })
        .collect()
}

pub(super) fn split_part<'t>(text: &'t str, delimiter: &str, n: i64) -> Result<&'t str, Reason> {
    if n == 0 {
        return Err("field position must not be zero".into());
    }
    let place = (n.unsigned_abs() - 1) as usize;
    if delimiter.is_empty() {
        return Ok(if place == 0 { text } else { "" });
    }
    if text.is_empty() {
        return Ok("");
    }
    // Both ways find the same parts only if delimiters do not overlap, so the parts are counted from the start.
    let parts: Vec<&str> = text.split(delimiter).collect();
    let found = if n > 0 { parts.get(place) } else { parts.len().checked_sub(place + 1).and_then(|at| parts.get(at)) };
    Ok(found.copied().unwrap_or_default())
}

pub(super) fn repeat(text: &str, times: i64) -> Result<String, Reason> {
    let times = times.max(0);
    if (text.len() as i64).saturating_mul(times) > MAX_LENGTH {
        return Err("the length is too large".into());
    }
    // Zero characters may be repeated any number of times, and stay none.
    Ok(if text.is_empty() { String::new() } else { text.repeat(times as usize) })
}

pub(super) fn chr(code: i64) -> Result<String, Reason> {
    match u32::try_from(code).ok().filter(|code| *code > 0).and_then(char::from_u32) {
        Some(character) => Ok(character.to_string()),
        None if code == 0 => Err("null character not permitted".into()),
        None => Err(format!("{code} is no character").into()),
    }
}

pub(super) fn quote_literal(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    if text.contains('\\') {
        format!(" E'{}'", doubled.replace('\\', "\\\\")).trim_start().to_string()
    } else {
        format!("'{doubled}'")
    }
}
