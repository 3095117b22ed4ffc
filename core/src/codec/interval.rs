//! Intervals as text: ISO 8601 with a sign for each part, as PostgreSQL writes it under `intervalstyle = iso_8601`, and
//! PostgreSQL's own style. Months, days and nanoseconds stay apart, and none of them is lost.

use arrow_buffer::IntervalMonthDayNano;

use super::scalar::{decimal_of, write_decimal};

const NANOS: i64 = 1_000_000_000;

/// An interval while it is read.
#[derive(Default)]
struct Sum {
    months: i128,
    days: i128,
    nanos: i128,
}

/// The interval of a text: `P1Y2M3DT4H5M6.789S` or `1 year 2 mons 3 days 04:05:06.789`.
pub(super) fn interval_of(text: &str) -> Option<IntervalMonthDayNano> {
    let (is_negative, sum) = match text.strip_prefix('-').unwrap_or(text).strip_prefix('P') {
        Some(parts) => (text.starts_with('-'), iso_interval(parts)?),
        None => match text.strip_suffix(" ago") {
            Some(text) => (true, postgres_interval(text)?),
            None => (false, postgres_interval(text)?),
        },
    };
    let sign = if is_negative { -1 } else { 1 };
    Some(IntervalMonthDayNano::new(
        i32::try_from(sign * sum.months).ok()?,
        i32::try_from(sign * sum.days).ok()?,
        i64::try_from(sign * sum.nanos).ok()?,
    ))
}

impl Sum {
    /// Adds calendar units, in whole numbers.
    fn add_dates(&mut self, amount: &str, months: i128, days: i128) -> Option<()> {
        let amount = i128::from(amount.parse::<i32>().ok()?);
        self.months += amount * months;
        self.days += amount * days;
        Some(())
    }

    /// Adds an amount of so many seconds each, with up to nine places.
    fn add_time(&mut self, amount: &str, seconds: i128) -> Option<()> {
        let amount = amount.strip_prefix('+').unwrap_or(amount);
        let nanos = decimal_of(amount.as_bytes(), 20, 9).ok()?;
        self.nanos += nanos * seconds;
        Some(())
    }
}

/// What follows the `P`.
fn iso_interval(parts: &str) -> Option<Sum> {
    let (dates, times) = parts.split_once('T').map_or((parts, None), |(dates, times)| (dates, Some(times)));
    if (dates.is_empty() && times.is_none()) || times == Some("") {
        return None;
    }
    let mut sum = Sum::default();
    for (amount, unit) in iso_parts(dates)? {
        match unit {
            'Y' => sum.add_dates(amount, 12, 0)?,
            'M' => sum.add_dates(amount, 1, 0)?,
            'W' => sum.add_dates(amount, 0, 7)?,
            'D' => sum.add_dates(amount, 0, 1)?,
            _ => return None,
        }
    }
    for (amount, unit) in iso_parts(times.unwrap_or_default())? {
        match unit {
            'H' => sum.add_time(amount, 3600)?,
            'M' => sum.add_time(amount, 60)?,
            'S' => sum.add_time(amount, 1)?,
            _ => return None,
        }
    }
    Some(sum)
}

/// `"1Y2M"` as amounts and units.
fn iso_parts(parts: &str) -> Option<Vec<(&str, char)>> {
    let mut rest = parts;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c.is_ascii_uppercase())?;
        found.push((&rest[..end], char::from(rest.as_bytes()[end])));
        rest = &rest[end + 1..];
    }
    Some(found)
}

/// Amounts and units, and a time of day.
fn postgres_interval(text: &str) -> Option<Sum> {
    let mut words = text.strip_prefix('@').unwrap_or(text).split_ascii_whitespace().peekable();
    words.peek()?;
    let mut sum = Sum::default();
    while let Some(amount) = words.next() {
        if amount.contains(':') {
            add_clock(&mut sum, amount)?;
            continue;
        }
        match words.next()? {
            "year" | "years" => sum.add_dates(amount, 12, 0)?,
            "mon" | "mons" | "month" | "months" => sum.add_dates(amount, 1, 0)?,
            "week" | "weeks" => sum.add_dates(amount, 0, 7)?,
            "day" | "days" => sum.add_dates(amount, 0, 1)?,
            "hour" | "hours" => sum.add_time(amount, 3600)?,
            "min" | "mins" | "minute" | "minutes" => sum.add_time(amount, 60)?,
            "sec" | "secs" | "second" | "seconds" => sum.add_time(amount, 1)?,
            _ => return None,
        }
    }
    Some(sum)
}

/// `04:05` or `-04:05:06.789`; the sign is that of all parts.
fn add_clock(sum: &mut Sum, clock: &str) -> Option<()> {
    let (sign, digits) = match clock.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, clock.strip_prefix('+').unwrap_or(clock)),
    };
    if digits.contains(['-', '+']) {
        return None;
    }
    let mut parts = digits.split(':');
    sum.add_time(parts.next()?, sign * 3600)?;
    sum.add_time(parts.next()?, sign * 60)?;
    parts.next().map_or(Some(()), |seconds| sum.add_time(seconds, sign))?;
    parts.next().is_none().then_some(())
}

/// Writes an interval in ISO 8601.
pub(super) fn write_interval(value: IntervalMonthDayNano, out: &mut Vec<u8>) {
    let (months, nanos) = (i64::from(value.months), value.nanoseconds);
    out.push(b'P');
    write_part(months / 12, b'Y', out);
    write_part(months % 12, b'M', out);
    write_part(i64::from(value.days), b'D', out);
    if nanos != 0 {
        out.push(b'T');
        write_part(nanos / (3600 * NANOS), b'H', out);
        write_part(nanos / (60 * NANOS) % 60, b'M', out);
        write_seconds(nanos % (60 * NANOS), out);
    } else if value.months == 0 && value.days == 0 {
        out.extend_from_slice(b"T0S");
    }
}

fn write_part(amount: i64, unit: u8, out: &mut Vec<u8>) {
    if amount != 0 {
        out.extend_from_slice(itoa::Buffer::new().format(amount).as_bytes());
        out.push(unit);
    }
}

fn write_seconds(nanos: i64, out: &mut Vec<u8>) {
    if nanos == 0 {
        return;
    }
    write_decimal(i128::from(nanos), 9, out);
    let zeros = out.iter().rev().take_while(|&&byte| byte == b'0').count().min(9);
    out.truncate(out.len() - zeros);
    out.pop_if(|last| *last == b'.');
    out.push(b'S');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(value: IntervalMonthDayNano) -> String {
        let mut out = Vec::new();
        write_interval(value, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn both_styles_are_read_and_one_is_written() {
        for (text, iso) in [
            ("P1Y2M3DT4H5M6.789S", "P1Y2M3DT4H5M6.789S"),
            ("1 year 2 mons 3 days 04:05:06.789", "P1Y2M3DT4H5M6.789S"),
            ("-1 years -2 mons +3 days -04:05:06", "P-1Y-2M3DT-4H-5M-6S"),
            ("@ 1 hour 30 mins", "PT1H30M"),
            ("@ 1 day 2 secs ago", "P-1DT-2S"),
            ("00:00:00", "PT0S"),
            ("00:01", "PT1M"),
            ("P2W", "P14D"),
            ("-P1DT1S", "P-1DT-1S"),
            ("PT0.000000001S", "PT0.000000001S"),
            ("PT-0.5S", "PT-0.5S"),
            ("PT1.5H", "PT1H30M"),
            ("P14M", "P1Y2M"),
            ("PT20S", "PT20S"),
            ("100:00:00", "PT100H"),
        ] {
            assert_eq!(interval_of(text).map(written).as_deref(), Some(iso), "{text}");
        }
    }

    #[test]
    fn what_is_no_interval() {
        for text in [
            "",
            "P",
            "PT",
            "P1",
            "1",
            "day",
            "1 fortnight",
            "P1.5D",
            "PT1D",
            "P1H",
            "04",
            "04:-05",
            "1:2:3:4",
            "P1Y T1S",
            "P3000000000Y",
            "PT9999999999999H",
            "PT0.0000000001S",
            "@",
            "p1d",
        ] {
            assert_eq!(interval_of(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn none_of_it_is_lost(months: i32, days: i32, nanos: i64) {
            let value = IntervalMonthDayNano::new(months, days, nanos);
            prop_assert_eq!(interval_of(&written(value)), Some(value));
        }

        #[test]
        fn any_text_is_an_interval_or_not(text in "[P@T0-9YMWDHS.: +agodysmin-]{0,30}") {
            if let Some(value) = interval_of(&text) {
                prop_assert_eq!(interval_of(&written(value)), Some(value));
            }
        }
    }
}
