//! Timestamps and intervals as text: read in PostgreSQL's usual forms and ISO 8601, written as PostgreSQL writes them.

use arrow_buffer::IntervalMonthDayNano;
use chrono::{Datelike, NaiveDate, TimeDelta, Timelike};

use super::{INTERVAL_RANGE, RANGE, civil, millis};
use crate::expr::kernels::Reason;
use crate::expr::kernels::cast::invalid;

/// `2024-02-29 12:30:00.5`, without trailing zeros.
pub(in crate::expr) fn format_timestamp(value: i64) -> Result<String, Reason> {
    let time = civil(value)?;
    let (year, era) = if time.year() > 0 { (time.year(), "") } else { (1 - time.year(), " BC") };
    let date = format!("{year:04}-{:02}-{:02}", time.month(), time.day());
    let clock = format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second());
    Ok(format!("{date} {clock}{}{era}", fraction(time.nanosecond().into())))
}

/// Nanoseconds as `.5`, or nothing.
fn fraction(nanos: u64) -> String {
    if nanos == 0 {
        return String::new();
    }
    format!(".{nanos:09}").trim_end_matches('0').to_string()
}

/// Reads `2024-02-29`, `2024-02-29 12:30[:00[.5]]`, with `T` and an offset where there is one.
pub(in crate::expr) fn parse_timestamp(text: &str) -> Result<i64, Reason> {
    let (trimmed, is_before_christ) = match text.trim().strip_suffix(" BC") {
        Some(rest) => (rest, true),
        None => (text.trim(), false),
    };
    let bad = || Reason::from(invalid("timestamp", text));
    let (date, rest) = match trimmed.find(|c: char| c == 'T' || c == 't' || c.is_ascii_whitespace()) {
        Some(at) => (&trimmed[..at], trimmed[at + 1..].trim_start()),
        None => (trimmed, ""),
    };
    let mut parts = date.splitn(3, '-');
    let mut number =
        |most: usize| parts.next().filter(|part| (1..=most).contains(&part.len())).and_then(digits).ok_or_else(bad);
    let (year, month, day) = (number(6)?, number(2)?, number(2)?);
    let out = || Reason::from(format!("{}: date or time out of range", invalid("timestamp", text)));
    let astronomical = if is_before_christ { 1 - year } else { year };
    let date =
        NaiveDate::from_ymd_opt(astronomical as i32, month as u32, day as u32).filter(|_| year > 0).ok_or_else(out)?;
    let (clock, offset) = split_offset(rest).ok_or_else(bad)?;
    let nanos =
        parse_clock(clock).ok_or_else(bad)?.filter(|nanos| (0..=86_400_000_000_000).contains(nanos)).ok_or_else(out)?;
    let whole = date.and_hms_opt(0, 0, 0).ok_or_else(bad)?;
    let rounded = (nanos + 500_000) / 1_000_000;
    let shift = TimeDelta::milliseconds(rounded - offset * 1000);
    whole.checked_add_signed(shift).map(millis).ok_or(RANGE.into())
}

fn digits(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// The clock and the offset behind it, in seconds east of UTC.
fn split_offset(text: &str) -> Option<(&str, i64)> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']).or_else(|| text.strip_suffix("UTC")) {
        return (!clock.is_empty()).then(|| (clock.trim_end(), 0));
    }
    let Some(at) = text.rfind(['+', '-']) else { return Some((text, 0)) };
    let (clock, offset) = (text[..at].trim_end(), &text[at + 1..]);
    let (hours, minutes) = match offset.split_once(':') {
        Some(parts) => parts,
        None if offset.len() == 4 && offset.is_ascii() => offset.split_at(2),
        None => (offset, "0"),
    };
    let (hours, minutes) = (digits(hours)?, digits(minutes)?);
    let seconds = (hours <= 15 && minutes < 60).then(|| hours * 3600 + minutes * 60)?;
    (!clock.is_empty()).then_some((clock, if text[at..].starts_with('-') { -seconds } else { seconds }))
}

/// `12:30[:00[.5]]` in nanoseconds; the outer none is bad syntax, the inner one bad values. Nothing is midnight.
fn parse_clock(text: &str) -> Option<Option<i64>> {
    if text.is_empty() {
        return Some(Some(0));
    }
    let mut parts = text.splitn(3, ':');
    let hours = digits(parts.next()?)?;
    let minutes = digits(parts.next()?)?;
    let seconds = parts.next().map_or(Some(0), nanos_of)?;
    let fits = hours <= 24 && minutes < 60 && seconds <= 60_000_000_000;
    Some(fits.then(|| (hours * 3600 + minutes * 60) * 1_000_000_000 + seconds))
}

/// `1.5` (unsigned) in units of a billionth.
fn nanos_of(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.len() + fraction.len() == 0 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole = if whole.is_empty() { 0 } else { digits(whole)? };
    let nanos: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    whole.checked_mul(1_000_000_000)?.checked_add(nanos.parse().ok()?)
}

/// `1 year 2 mons 3 days 04:05:06.7`, as PostgreSQL's default style.
pub(in crate::expr) fn format_interval(value: IntervalMonthDayNano) -> String {
    let mut text = String::new();
    let mut is_before = false;
    for (count, unit) in [(value.months / 12, "year"), (value.months % 12, "mon"), (value.days, "day")] {
        if count == 0 {
            continue;
        }
        let space = if text.is_empty() { "" } else { " " };
        let sign = if is_before && count > 0 { "+" } else { "" };
        let plural = if count == 1 { "" } else { "s" };
        text += &format!("{space}{sign}{count} {unit}{plural}");
        is_before = count < 0;
    }
    if text.is_empty() || value.nanoseconds != 0 {
        let space = if text.is_empty() { "" } else { " " };
        let sign = if value.nanoseconds < 0 {
            "-"
        } else if is_before {
            "+"
        } else {
            ""
        };
        let nanos = value.nanoseconds.unsigned_abs();
        let seconds = nanos / 1_000_000_000;
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        text += &format!("{space}{sign}{hours:02}:{minutes:02}:{seconds:02}{}", fraction(nanos % 1_000_000_000));
    }
    text
}

/// Months, days and nanoseconds while they are added up.
#[derive(Default)]
struct Sum {
    months: f64,
    days: f64,
    nanos: f64,
}

impl Sum {
    /// Adds an amount of a unit; parts of a month become days, parts of a day become time.
    fn add(&mut self, amount: f64, unit: &str) -> Option<()> {
        let plural = unit.strip_suffix('s').filter(|rest| rest.len() > 1).unwrap_or(unit);
        let months = match plural {
            "mon" | "month" => 1.0,
            "quarter" | "qtr" => 3.0,
            "y" | "yr" | "year" => 12.0,
            "dec" | "decade" => 120.0,
            "c" | "cent" | "century" | "centurie" => 1200.0,
            "mil" | "millennium" | "millennia" => 12_000.0,
            _ => 0.0,
        };
        if months > 0.0 {
            let whole = if months > 1.0 { (amount * months).round_ties_even() } else { amount.trunc() };
            self.months += whole;
            return if months > 1.0 { Some(()) } else { self.add((amount - whole) * 30.0, "day") };
        }
        let days = match plural {
            "d" | "day" => 1.0,
            "w" | "week" => 7.0,
            _ => 0.0,
        };
        if days > 0.0 {
            let whole = (amount * days).trunc();
            self.days += whole;
            self.nanos += ((amount * days - whole) * 86_400e6).round_ties_even() * 1e3;
            return Some(());
        }
        let nanos = match unit {
            "us" | "usec" | "usecs" | "usecond" | "useconds" | "microsecond" | "microseconds" | "microsecon" => 1e3,
            "ms" | "msec" | "msecs" | "msecond" | "mseconds" | "millisecond" | "milliseconds" | "millisecon" => 1e6,
            "s" | "sec" | "secs" | "second" | "seconds" => 1e9,
            "m" | "min" | "mins" | "minute" | "minutes" => 60e9,
            "h" | "hr" | "hrs" | "hour" | "hours" => 3600e9,
            _ => return None,
        };
        self.nanos += (amount * nanos / 1e3).round_ties_even() * 1e3;
        Some(())
    }

    fn finish(self, sign: f64) -> Result<IntervalMonthDayNano, Reason> {
        let small =
            |value: f64| if value.abs() <= f64::from(i32::MAX) { Ok(value as i32) } else { Err(INTERVAL_RANGE) };
        if self.nanos.abs() >= i64::MAX as f64 {
            return Err(INTERVAL_RANGE.into());
        }
        Ok(IntervalMonthDayNano {
            months: small(sign * self.months)?,
            days: small(sign * self.days)?,
            nanoseconds: (sign * self.nanos) as i64,
        })
    }
}

/// Reads `1 day 02:30:00`, `1.5 hours`, `-3 mons`, `1 week ago`, `5m`, and ISO 8601's `P1DT2H`.
pub(in crate::expr) fn parse_interval(text: &str) -> Result<IntervalMonthDayNano, Reason> {
    let bad = || Reason::from(invalid("interval", text));
    let lower = text.trim().to_lowercase();
    if let Some(rest) = lower.strip_prefix('p') {
        return parse_iso(rest).ok_or_else(bad)?.finish(1.0);
    }
    let (body, sign) = match lower.strip_suffix("ago") {
        Some(body) => (body.trim_end(), -1.0),
        None => (lower.as_str(), 1.0),
    };
    let body = body.strip_prefix('@').unwrap_or(body);
    let mut sum = Sum::default();
    let mut rest = body.trim_start();
    if rest.is_empty() {
        return Err(bad());
    }
    while !rest.is_empty() {
        rest = step(&mut sum, rest).ok_or_else(bad)?.trim_start();
    }
    sum.finish(sign)
}

/// One amount with its unit, or one clock; gives what is behind it.
fn step<'t>(sum: &mut Sum, text: &'t str) -> Option<&'t str> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    let length = unsigned.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ':')).unwrap_or(unsigned.len());
    let (number, rest) = unsigned.split_at(length);
    if number.contains(':') {
        let mut parts = number.splitn(3, ':');
        let (hours, minutes) = (digits(parts.next()?)?, digits(parts.next()?)?);
        let seconds = parts.next().map_or(Some(0), nanos_of)?;
        let fits = minutes < 60 && seconds <= 60_000_000_000;
        let nanos = (hours as f64 * 3600.0 + minutes as f64 * 60.0) * 1e9 + (seconds as f64 / 1e3).round() * 1e3;
        sum.nanos += sign * fits.then_some(nanos)?;
        return Some(rest);
    }
    let amount: f64 = number.parse().ok()?;
    let rest = rest.trim_start();
    let length = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
    let (unit, behind) = rest.split_at(length);
    let unit = match unit {
        "" if behind.is_empty() => "s",
        unit => unit,
    };
    sum.add(sign * amount, unit)?;
    Some(behind)
}

fn parse_iso(text: &str) -> Option<Sum> {
    let mut sum = Sum::default();
    let (mut rest, mut is_time) = (text, false);
    let mut count = 0;
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix('t') {
            (rest, is_time) = (behind, true);
            continue;
        }
        let length = rest.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-' || c == '+'))?;
        let amount: f64 = rest[..length].parse().ok()?;
        let unit = match (rest.as_bytes()[length], is_time) {
            (b'y', false) => "year",
            (b'm', false) => "month",
            (b'w', false) => "week",
            (b'd', false) => "day",
            (b'h', true) => "hour",
            (b'm', true) => "minute",
            (b's', true) => "second",
            _ => return None,
        };
        sum.add(amount, unit)?;
        count += 1;
        rest = &rest[length + 1..];
    }
    (count > 0).then_some(sum)
}
