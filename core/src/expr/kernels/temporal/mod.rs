//! Timestamps and intervals: arithmetic as PostgreSQL's `timestamp` and `interval`, in UTC milliseconds and in months,
//! days and nanoseconds. Reading and writing them is in `format`, parts and cutting in `parts`.

mod format;
mod parts;

use arrow_array::ArrayRef;
use arrow_buffer::IntervalMonthDayNano;
use chrono::{DateTime, Days, Months, NaiveDateTime};

pub(in crate::expr) use format::{format_interval, format_timestamp, parse_interval, parse_timestamp};
pub(in crate::expr) use parts::{Part, bin, interval_part, make, timestamp_part, truncate};

use super::rows::{Float, Interval, Millis, Time, map1, map2};
use super::{Inputs, Reason};

const RANGE: &str = "timestamp out of range";
const INTERVAL_RANGE: &str = "interval out of range";
const NANOS_PER_DAY: i64 = 86_400_000_000_000;
const MILLIS_PER_DAY: i64 = 86_400_000;

/// Milliseconds as date and time.
pub(in crate::expr) fn civil(millis: i64) -> Result<NaiveDateTime, Reason> {
    DateTime::from_timestamp_millis(millis).map(|time| time.naive_utc()).ok_or(RANGE.into())
}

/// Date and time as milliseconds.
pub(in crate::expr) fn millis(time: NaiveDateTime) -> i64 {
    time.and_utc().timestamp_millis()
}

/// First the months (a day that the month lacks becomes its last), then the days, then the time.
pub(in crate::expr) fn add(millis_: i64, interval: IntervalMonthDayNano) -> Result<i64, Reason> {
    let mut time = civil(millis_)?;
    if interval.months != 0 {
        let months = Months::new(interval.months.unsigned_abs());
        let moved = if interval.months > 0 { time.checked_add_months(months) } else { time.checked_sub_months(months) };
        time = moved.ok_or(RANGE)?;
    }
    if interval.days != 0 {
        let days = Days::new(interval.days.unsigned_abs().into());
        let moved = if interval.days > 0 { time.checked_add_days(days) } else { time.checked_sub_days(days) };
        time = moved.ok_or(RANGE)?;
    }
    let whole = round_to_millis(interval.nanoseconds);
    millis(time)
        .checked_add(whole)
        .filter(|millis| DateTime::from_timestamp_millis(*millis).is_some())
        .ok_or(RANGE.into())
}

fn round_to_millis(nanos: i64) -> i64 {
    let (whole, rest) = (nanos / 1_000_000, nanos % 1_000_000);
    whole + if rest.abs() >= 500_000 { rest.signum() } else { 0 }
}

fn negated(interval: IntervalMonthDayNano) -> Option<IntervalMonthDayNano> {
    Some(IntervalMonthDayNano {
        months: interval.months.checked_neg()?,
        days: interval.days.checked_neg()?,
        nanoseconds: interval.nanoseconds.checked_neg()?,
    })
}

fn added(a: IntervalMonthDayNano, b: IntervalMonthDayNano) -> Option<IntervalMonthDayNano> {
    Some(IntervalMonthDayNano {
        months: a.months.checked_add(b.months)?,
        days: a.days.checked_add(b.days)?,
        nanoseconds: a.nanoseconds.checked_add(b.nanoseconds)?,
    })
}

/// The time between two timestamps, in days and nanoseconds.
pub(in crate::expr) fn since(later: i64, earlier: i64) -> Result<IntervalMonthDayNano, Reason> {
    let millis = later.checked_sub(earlier).ok_or(INTERVAL_RANGE)?;
    let days = i32::try_from(millis / MILLIS_PER_DAY).map_err(|_| INTERVAL_RANGE)?;
    Ok(IntervalMonthDayNano { months: 0, days, nanoseconds: millis % MILLIS_PER_DAY * 1_000_000 })
}

/// Each field by a factor; what is left of months goes to days, of days to the time.
fn scaled(interval: IntervalMonthDayNano, by: impl Fn(f64) -> f64) -> Result<IntervalMonthDayNano, Reason> {
    let whole = |value: f64| {
        let fits = value.is_finite() && value.abs() < f64::from(i32::MAX);
        if fits { Ok(value as i32) } else { Err(Reason::from(INTERVAL_RANGE)) }
    };
    let steady = |value: f64| (value * 1e6).round_ties_even() / 1e6;
    let (months, days) = (by(interval.months.into()), by(interval.days.into()));
    let (whole_months, mut whole_days) = (whole(months)?, whole(days)?);
    let month_days = steady((months - f64::from(whole_months)) * 30.0);
    let mut seconds = steady((days - f64::from(whole_days) + month_days - month_days.trunc()) * 86_400.0);
    if seconds.abs() >= 86_400.0 {
        whole_days += (seconds / 86_400.0) as i32;
        seconds -= (seconds / 86_400.0).trunc() * 86_400.0;
    }
    whole_days = whole_days.checked_add(month_days as i32).ok_or(INTERVAL_RANGE)?;
    let micros = (by(interval.nanoseconds as f64 / 1e3) + seconds * 1e6).round_ties_even();
    if !micros.is_finite() || micros.abs() >= (i64::MAX / 1000) as f64 {
        return Err(INTERVAL_RANGE.into());
    }
    Ok(IntervalMonthDayNano { months: whole_months, days: whole_days, nanoseconds: micros as i64 * 1000 })
}

/// timestamp + interval
pub(in crate::expr) fn later(inputs: &Inputs) -> ArrayRef {
    map2::<Time, Interval, Millis>(inputs, |time, interval| add(time, interval).map(Millis))
}

/// timestamp - interval
pub(in crate::expr) fn earlier(inputs: &Inputs) -> ArrayRef {
    map2::<Time, Interval, Millis>(inputs, |time, interval| {
        add(time, negated(interval).ok_or(INTERVAL_RANGE)?).map(Millis)
    })
}

/// timestamp - timestamp
pub(in crate::expr) fn between(inputs: &Inputs) -> ArrayRef {
    map2::<Time, Time, IntervalMonthDayNano>(inputs, since)
}

/// interval + interval
pub(in crate::expr) fn sum(inputs: &Inputs) -> ArrayRef {
    map2::<Interval, Interval, IntervalMonthDayNano>(inputs, |a, b| added(a, b).ok_or(INTERVAL_RANGE.into()))
}

/// interval - interval
pub(in crate::expr) fn difference(inputs: &Inputs) -> ArrayRef {
    map2::<Interval, Interval, IntervalMonthDayNano>(inputs, |a, b| {
        negated(b).and_then(|b| added(a, b)).ok_or(INTERVAL_RANGE.into())
    })
}

/// - interval
pub(in crate::expr) fn negate(inputs: &Inputs) -> ArrayRef {
    map1::<Interval, IntervalMonthDayNano>(inputs, |value| negated(value).ok_or(INTERVAL_RANGE.into()))
}

/// interval * float64
pub(in crate::expr) fn times(inputs: &Inputs) -> ArrayRef {
    map2::<Interval, Float, IntervalMonthDayNano>(inputs, |interval, factor| scaled(interval, |part| part * factor))
}

/// interval / float64
pub(in crate::expr) fn over(inputs: &Inputs) -> ArrayRef {
    map2::<Interval, Float, IntervalMonthDayNano>(inputs, |interval, divisor| {
        if divisor == 0.0 {
            return Err(super::arithmetic::DIVISION_BY_ZERO.into());
        }
        scaled(interval, |part| part / divisor)
    })
}
