//! The patterns of `to_char` and `to_timestamp`: the fields that records use, as PostgreSQL writes and reads them.

use chrono::{Datelike, NaiveDateTime, Timelike};

use crate::expr::kernels::Reason;
use crate::expr::kernels::temporal;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Longest first, so that the first that fits is the field.
const FIELDS: [&str; 44] = [
    "Month", "MONTH", "month", "HH24", "HH12", "YYYY", "IYYY", "A.M.", "P.M.", "a.m.", "p.m.", "Mon", "MON", "mon",
    "Day", "DAY", "day", "DDD", "YYY", "Dy", "DY", "dy", "MM", "DD", "HH", "MI", "SS", "MS", "US", "AM", "PM", "am",
    "pm", "YY", "IW", "WW", "ID", "D", "Q", "W", "Y", "J", "CC", "TZ",
];

enum Piece<'p> {
    Field { name: &'static str, is_trimmed: bool },
    Literal(&'p str),
}

fn pieces(pattern: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = pattern;
    while let Some(character) = rest.chars().next() {
        if let Some(quoted) = rest.strip_prefix('"') {
            let end = quoted.find('"').unwrap_or(quoted.len());
            pieces.push(Piece::Literal(&quoted[..end]));
            rest = quoted.get(end + 1..).unwrap_or("");
            continue;
        }
        let unprefixed = rest.strip_prefix("FM").or_else(|| rest.strip_prefix("fm"));
        let body = unprefixed.unwrap_or(rest);
        let fits =
            |field: &&&str| body.starts_with(**field) || (is_numeric(field) && starts_with_any_case(body, field));
        match FIELDS.iter().find(fits) {
            Some(name) => {
                pieces.push(Piece::Field { name, is_trimmed: unprefixed.is_some() });
                rest = &body[name.len()..];
            }
            None => {
                let (literal, behind) = rest.split_at(character.len_utf8());
                pieces.push(Piece::Literal(literal));
                rest = behind;
            }
        }
    }
    pieces
}

/// Fields whose letters' case says nothing.
fn is_numeric(field: &str) -> bool {
    !matches!(field.to_ascii_lowercase().as_str(), "month" | "mon" | "day" | "dy" | "am" | "pm" | "a.m." | "p.m.")
}

fn starts_with_any_case(text: &str, field: &str) -> bool {
    text.get(..field.len()).is_some_and(|start| start.eq_ignore_ascii_case(field))
}

/// A timestamp by a pattern.
pub(super) fn format(value: i64, pattern: &str) -> Result<String, Reason> {
    let time = temporal::civil(value)?;
    let mut text = String::new();
    for piece in pieces(pattern) {
        match piece {
            Piece::Literal(literal) => text.push_str(literal),
            Piece::Field { name, is_trimmed } => text.push_str(&field(&time, name, is_trimmed)?),
        }
    }
    Ok(text)
}

fn field(time: &NaiveDateTime, name: &str, is_trimmed: bool) -> Result<String, Reason> {
    let number = |value: i64, width: usize| if is_trimmed { value.to_string() } else { format!("{value:0width$}") };
    let word = |whole: &str, width: usize| {
        let cased = match name {
            name if name.chars().all(|c| c.is_ascii_uppercase()) => whole.to_ascii_uppercase(),
            name if name.chars().all(|c| c.is_ascii_lowercase()) => whole.to_ascii_lowercase(),
            _ => whole.to_string(),
        };
        if is_trimmed { cased } else { format!("{cased:width$}") }
    };
    let year = i64::from(time.year());
    let hour12 = i64::from(match time.hour() % 12 {
        0 => 12,
        hour => hour,
    });
    let month = MONTHS[time.month0() as usize];
    let day = DAYS[time.weekday().num_days_from_sunday() as usize];
    let noon = |morning: &str, evening: &str| if time.hour() < 12 { morning.to_string() } else { evening.to_string() };
    Ok(match name {
        "YYYY" => number(year, 4),
        "YYY" => number(year.rem_euclid(1000), 3),
        "YY" => number(year.rem_euclid(100), 2),
        "Y" => number(year.rem_euclid(10), 1),
        "IYYY" => number(time.iso_week().year().into(), 4),
        "CC" => number((year + 99) / 100, 2),
        "Q" => number(i64::from(time.month0() / 3 + 1), 1),
        "MM" => number(time.month().into(), 2),
        "DD" => number(time.day().into(), 2),
        "DDD" => number(time.ordinal().into(), 3),
        "D" => number(i64::from(time.weekday().num_days_from_sunday()) + 1, 1),
        "ID" => number(time.weekday().number_from_monday().into(), 1),
        "IW" => number(time.iso_week().week().into(), 2),
        "WW" => number(i64::from((time.ordinal() - 1) / 7 + 1), 2),
        "W" => number(i64::from((time.day() - 1) / 7 + 1), 1),
        "J" => number(i64::from(time.num_days_from_ce()) + 1_721_425, 1),
        "HH24" => number(time.hour().into(), 2),
        "HH12" | "HH" => number(hour12, 2),
        "MI" => number(time.minute().into(), 2),
        "SS" => number(time.second().into(), 2),
        "MS" => number(i64::from(time.nanosecond() / 1_000_000), 3),
        "US" => number(i64::from(time.nanosecond() / 1000), 6),
        "AM" | "PM" => noon("AM", "PM"),
        "am" | "pm" => noon("am", "pm"),
        "A.M." | "P.M." => noon("A.M.", "P.M."),
        "a.m." | "p.m." => noon("a.m.", "p.m."),
        "Month" | "MONTH" | "month" => word(month, 9),
        "Mon" | "MON" | "mon" => word(&month[..3], 3),
        "Day" | "DAY" | "day" => word(day, 9),
        "Dy" | "DY" | "dy" => word(&day[..3], 3),
        _ => return Err(format!("the field {name} of patterns is not there").into()),
    })
}

/// What the fields of a text said so far.
struct Found {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    millis: i64,
    is_evening: Option<bool>,
    has_hour12: bool,
}

/// A text by a pattern; white space and other literals in the pattern stand for any such in the text.
pub(super) fn parse(text: &str, pattern: &str) -> Result<i64, Reason> {
    let mut found = Found {
        year: 1,
        month: 1,
        day: 1,
        hour: 0,
        minute: 0,
        second: 0,
        millis: 0,
        is_evening: None,
        has_hour12: false,
    };
    let mut rest = text.trim_start();
    let pieces = pieces(pattern);
    for (place, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Literal(literal) => {
                for expected in literal.chars() {
                    let Some(next) = rest.chars().next() else { break };
                    let separates = |c: char| c.is_ascii_punctuation() || c.is_ascii_whitespace();
                    if next == expected || !separates(expected) || separates(next) {
                        rest = &rest[next.len_utf8()..];
                    }
                }
            }
            Piece::Field { name, .. } => {
                let is_last_digit = !matches!(pieces.get(place + 1), Some(Piece::Field { .. }));
                rest = read(&mut found, name, rest.trim_start(), is_last_digit)?;
            }
        }
    }
    let hour = match found.is_evening {
        Some(evening) if found.has_hour12 => found.hour % 12 + if evening { 12 } else { 0 },
        None if found.has_hour12 => found.hour % 12,
        _ => found.hour,
    };
    if !(0..24).contains(&hour) || found.minute > 59 || found.second > 59 {
        return Err("date or time out of range".into());
    }
    let whole = temporal::make(found.year, found.month, found.day, hour, found.minute, found.second as f64)?;
    Ok(whole + found.millis)
}

fn read<'t>(found: &mut Found, name: &str, text: &'t str, is_alone: bool) -> Result<&'t str, Reason> {
    let bad = || Reason::from(format!("\"{text}\" is not what {name} stands for"));
    let word = |words: &[&str]| -> Option<(usize, usize)> {
        let fits = |word: &&str| starts_with_any_case(text, word);
        words.iter().position(fits).map(|place| (place, words[place].len()))
    };
    match name {
        "Month" | "MONTH" | "month" | "Mon" | "MON" | "mon" => {
            let short: Vec<&str> = MONTHS.iter().map(|month| &month[..3]).collect();
            let long = if name.len() == 5 { word(&MONTHS) } else { None };
            let (place, length) = long.or_else(|| word(&short)).ok_or_else(bad)?;
            found.month = place as i64 + 1;
            return Ok(&text[length..]);
        }
        "Day" | "DAY" | "day" | "Dy" | "DY" | "dy" => {
            let short: Vec<&str> = DAYS.iter().map(|day| &day[..3]).collect();
            let long = if name.len() == 3 { word(&DAYS) } else { None };
            let (_, length) = long.or_else(|| word(&short)).ok_or_else(bad)?;
            return Ok(&text[length..]);
        }
        "AM" | "PM" | "am" | "pm" | "A.M." | "P.M." | "a.m." | "p.m." => {
            let words = if name.len() == 2 { ["am", "pm"] } else { ["a.m.", "p.m."] };
            let (place, length) = word(&words).ok_or_else(bad)?;
            found.is_evening = Some(place == 1);
            return Ok(&text[length..]);
        }
        _ => {}
    }
    let most = match name {
        "YYYY" if is_alone => 6,
        "YYYY" => 4,
        "MS" | "DDD" => 3,
        "US" => 6,
        _ => 2,
    };
    let length = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let value: i64 = text[..length].parse().map_err(|_| bad())?;
    match name {
        "YYYY" => found.year = value,
        "YY" => found.year = if value < 70 { 2000 + value } else { 1900 + value },
        "MM" => found.month = value,
        "DD" => found.day = value,
        "HH24" => found.hour = value,
        "HH12" | "HH" if (1..=12).contains(&value) => (found.hour, found.has_hour12) = (value, true),
        "HH12" | "HH" => return Err(format!("hour {value} is not on a clock of 12 hours").into()),
        "MI" => found.minute = value,
        "SS" => found.second = value,
        // 5 is half a second, as .5 would be.
        "MS" | "US" => {
            let micros = value * 10i64.pow((6 - length.min(6)) as u32);
            found.millis = (micros + 500) / 1000;
        }
        _ => return Err(format!("the field {name} of patterns cannot be read").into()),
    }
    Ok(&text[length..])
}
