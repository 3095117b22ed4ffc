//! Parts of timestamps and intervals, and timestamps cut to a unit: EXTRACT, date_trunc, date_bin.

use arrow_buffer::IntervalMonthDayNano;
use chrono::{Datelike, NaiveDate, NaiveDateTime, TimeDelta, Timelike};

use super::{INTERVAL_RANGE, NANOS_PER_DAY, RANGE, civil, millis};
use crate::expr::kernels::Reason;

/// What EXTRACT takes, and date_trunc cuts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::expr) enum Part {
    Millennium,
    Century,
    Decade,
    Year,
    IsoYear,
    Quarter,
    Month,
    Week,
    Day,
    DayOfYear,
    DayOfWeek,
    IsoDayOfWeek,
    Hour,
    Minute,
    Second,
    Milliseconds,
    Microseconds,
    Epoch,
}

impl Part {
    /// By PostgreSQL's names.
    pub(in crate::expr) fn of(name: &str) -> Option<Part> {
        Some(match name.to_ascii_lowercase().as_str() {
            "millennium" | "millennia" | "millenium" | "mil" => Part::Millennium,
            "century" | "centuries" | "cent" | "c" => Part::Century,
            "decade" | "decades" | "dec" => Part::Decade,
            "year" | "years" | "y" | "yr" | "yrs" => Part::Year,
            "isoyear" => Part::IsoYear,
            "quarter" | "qtr" => Part::Quarter,
            "month" | "months" | "mon" | "mons" => Part::Month,
            "week" | "weeks" | "w" => Part::Week,
            "day" | "days" | "d" => Part::Day,
            "doy" => Part::DayOfYear,
            "dow" => Part::DayOfWeek,
            "isodow" => Part::IsoDayOfWeek,
            "hour" | "hours" | "h" | "hr" | "hrs" => Part::Hour,
            "minute" | "minutes" | "min" | "mins" | "m" => Part::Minute,
            "second" | "seconds" | "sec" | "secs" | "s" => Part::Second,
            "millisecond" | "milliseconds" | "ms" | "msec" | "msecs" => Part::Milliseconds,
            "microsecond" | "microseconds" | "us" | "usec" | "usecs" => Part::Microseconds,
            "epoch" => Part::Epoch,
            _ => return None,
        })
    }
}

fn millennium(year: i32) -> i32 {
    if year > 0 { (year + 999) / 1000 } else { -((999 - (year - 1)) / 1000) }
}

fn century(year: i32) -> i32 {
    if year > 0 { (year + 99) / 100 } else { -((99 - (year - 1)) / 100) }
}

/// A part in millionths; none for what a timestamp has not.
pub(in crate::expr) fn timestamp_part(part: Part, value: i64) -> Result<i128, Reason> {
    let time = civil(value)?;
    let year = time.year();
    let in_minute = i128::from(time.second()) * 1_000_000 + i128::from(time.nanosecond() / 1000);
    let whole: i64 = match part {
        Part::Millennium => millennium(year).into(),
        Part::Century => century(year).into(),
        Part::Decade => year.div_euclid(10).into(),
        Part::Year => if year > 0 { year } else { year - 1 }.into(),
        Part::IsoYear => time.iso_week().year().into(),
        Part::Quarter => i64::from(time.month0() / 3 + 1),
        Part::Month => time.month().into(),
        Part::Week => time.iso_week().week().into(),
        Part::Day => time.day().into(),
        Part::DayOfYear => time.ordinal().into(),
        Part::DayOfWeek => time.weekday().num_days_from_sunday().into(),
        Part::IsoDayOfWeek => time.weekday().number_from_monday().into(),
        Part::Hour => time.hour().into(),
        Part::Minute => time.minute().into(),
        Part::Second => return Ok(in_minute),
        Part::Milliseconds => return Ok(in_minute * 1000),
        Part::Microseconds => return Ok(in_minute * 1_000_000),
        Part::Epoch => return Ok(i128::from(value) * 1000),
    };
    Ok(i128::from(whole) * 1_000_000)
}

/// A part in millionths.
pub(in crate::expr) fn interval_part(part: Part, value: IntervalMonthDayNano) -> Result<i128, Reason> {
    let (years, months) = (value.months / 12, value.months % 12);
    let micros = i128::from(value.nanoseconds / 1000);
    let in_minute = micros % 60_000_000;
    let whole: i64 = match part {
        Part::Millennium => (years / 1000).into(),
        Part::Century => (years / 100).into(),
        Part::Decade => (years / 10).into(),
        Part::Year => years.into(),
        Part::Quarter => (months / 3 + 1).into(),
        Part::Month => months.into(),
        Part::Day => value.days.into(),
        Part::Hour => (micros / 3_600_000_000) as i64,
        Part::Minute => (micros / 60_000_000 % 60) as i64,
        Part::Second => return Ok(in_minute),
        Part::Milliseconds => return Ok(in_minute * 1000),
        Part::Microseconds => return Ok(in_minute * 1_000_000),
        Part::Epoch => {
            // A year counts 365.25 days here, as in PostgreSQL.
            let quarter_days = i128::from(years) * 1461 + i128::from(months) * 120 + i128::from(value.days) * 4;
            return Ok(quarter_days * 21_600_000_000 + micros);
        }
        Part::Week | Part::IsoYear | Part::DayOfYear | Part::DayOfWeek | Part::IsoDayOfWeek => {
            return Err("an interval has no such part".into());
        }
    };
    Ok(i128::from(whole) * 1_000_000)
}

/// The start of the unit that a timestamp is in.
pub(in crate::expr) fn truncate(part: Part, value: i64) -> Result<i64, Reason> {
    let time = civil(value)?;
    let year = time.year();
    let first = |year: i32, month: u32| NaiveDate::from_ymd_opt(year, month, 1).ok_or(Reason::from(RANGE));
    let date = match part {
        Part::Millennium if year > 0 => first((year + 999) / 1000 * 1000 - 999, 1)?,
        Part::Millennium => first(-((999 - (year - 1)) / 1000) * 1000 + 1, 1)?,
        Part::Century if year > 0 => first((year + 99) / 100 * 100 - 99, 1)?,
        Part::Century => first(-((99 - (year - 1)) / 100) * 100 + 1, 1)?,
        Part::Decade => first(year.div_euclid(10) * 10, 1)?,
        Part::Year => first(year, 1)?,
        Part::Quarter => first(year, time.month0() / 3 * 3 + 1)?,
        Part::Month => first(year, time.month())?,
        Part::Week => {
            let back = TimeDelta::days(time.weekday().num_days_from_monday().into());
            time.date().checked_sub_signed(back).ok_or(RANGE)?
        }
        Part::Day => time.date(),
        Part::Hour => return Ok(value - value.rem_euclid(3_600_000)),
        Part::Minute => return Ok(value - value.rem_euclid(60_000)),
        Part::Second => return Ok(value - value.rem_euclid(1000)),
        Part::Milliseconds | Part::Microseconds => return Ok(value),
        _ => return Err("a timestamp cannot be cut to that".into()),
    };
    Ok(millis(NaiveDateTime::new(date, chrono::NaiveTime::MIN)))
}

/// The start of the stride, counted from `origin`, that a timestamp is in.
pub(in crate::expr) fn bin(stride: IntervalMonthDayNano, value: i64, origin: i64) -> Result<i64, Reason> {
    if stride.months != 0 {
        return Err("a stride has days and time, no months or years".into());
    }
    let nanos = i64::from(stride.days).checked_mul(NANOS_PER_DAY).and_then(|days| days.checked_add(stride.nanoseconds));
    let width = nanos.ok_or(INTERVAL_RANGE)? / 1_000_000;
    if width <= 0 {
        return Err("a stride must be at least a millisecond".into());
    }
    let since = value.checked_sub(origin).ok_or(RANGE)?;
    let whole = since.checked_sub(since.rem_euclid(width)).ok_or(RANGE)?;
    origin.checked_add(whole).ok_or(RANGE.into())
}

/// A timestamp from its parts.
pub(in crate::expr) fn make(
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: f64,
) -> Result<i64, Reason> {
    let out = || Reason::from("date or time out of range");
    let small = |value: i64| u32::try_from(value).map_err(|_| out());
    // There is no year 0: −1 is the year before 1.
    let year = match year {
        0 => return Err(out()),
        year if year < 0 => year + 1,
        year => year,
    };
    let year = i32::try_from(year).map_err(|_| out())?;
    let date = NaiveDate::from_ymd_opt(year, small(month)?, small(day)?).ok_or_else(out)?;
    let (hour, minute) = (small(hour)?, small(minute)?);
    if hour > 24 || minute > 59 || !(0.0..=60.0).contains(&second) || (hour == 24 && (minute > 0 || second > 0.0)) {
        return Err(out());
    }
    let clock = i64::from(hour) * 3_600_000 + i64::from(minute) * 60_000 + (second * 1000.0).round() as i64;
    millis(NaiveDateTime::new(date, chrono::NaiveTime::MIN)).checked_add(clock).ok_or(RANGE.into())
}
