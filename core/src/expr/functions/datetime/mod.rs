//! Timestamps and intervals. `now()` and its kin are refused by the checker: a record read again gives the same result.

mod pattern;

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_buffer::IntervalMonthDayNano;

use super::{Category, Function, example, rows};
use crate::expr::check::Checker;
use crate::expr::kernels::decimal::{self, Digits};
use crate::expr::kernels::rows::{Float, Int, Interval, Millis, Read, Text, Time, each, map1, map2, map3};
use crate::expr::kernels::temporal::{self, Part};
use crate::expr::kernels::{Inputs, Reason};
use crate::expr::node::Node;
use crate::types::Type;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "date_trunc",
        category: Category::DateTime,
        doc: "The start of the unit that a timestamp is in: 'second', 'minute', 'hour', 'day', 'week' (from Monday), \
              'month', 'quarter', 'year', 'decade', 'century', 'millennium'.",
        examples: &[
            example("date_trunc('hour', TIMESTAMP '2024-02-16 20:38:40')", "2024-02-16 20:00:00"),
            example("date_trunc('week', TIMESTAMP '2024-02-16 20:38:40')", "2024-02-12 00:00:00"),
        ],
        forms: &[rows("date_trunc(unit text, time timestamp) → timestamp", |inputs| {
            map2::<Text, Time, Millis>(inputs, |unit, time| temporal::truncate(part(unit)?, time).map(Millis))
        })],
    },
    Function {
        name: "date_part",
        category: Category::DateTime,
        doc: "A part of a timestamp or interval as float64: 'year', 'month', 'day', 'hour', 'minute', 'second', 'dow' \
              (Sunday is 0), 'isodow', 'doy', 'week', 'quarter', 'epoch' and more. EXTRACT(part FROM …) gives it exactly: \
              int64, or decimal for seconds, milliseconds and epoch.",
        examples: &[
            example("date_part('hour', TIMESTAMP '2024-02-16 20:38:40')", "20"),
            example("extract(dow FROM TIMESTAMP '2024-02-16 20:38:40')", "5"),
            example("extract(epoch FROM INTERVAL '1 day 1 hour')", "90000.000000"),
        ],
        forms: &[
            rows("date_part(part text, of timestamp) → float64", |inputs| {
                map2::<Text, Time, f64>(inputs, |name, time| {
                    Ok(decimal::to_float(temporal::timestamp_part(part(name)?, time)?, 6))
                })
            }),
            rows("date_part(part text, of interval) → float64", |inputs| {
                map2::<Text, Interval, f64>(inputs, |name, value| {
                    Ok(decimal::to_float(temporal::interval_part(part(name)?, value)?, 6))
                })
            }),
        ],
    },
    Function {
        name: "date_bin",
        category: Category::DateTime,
        doc: "The start of the stride, counted from an origin, that a timestamp is in.",
        examples: &[example(
            "date_bin(INTERVAL '15 minutes', TIMESTAMP '2024-02-11 15:44:17', TIMESTAMP '2024-01-01')",
            "2024-02-11 15:30:00",
        )],
        forms: &[rows("date_bin(stride interval, time timestamp, origin timestamp) → timestamp", |inputs| {
            map3::<Interval, Time, Time, Millis>(inputs, |stride, time, origin| {
                temporal::bin(stride, time, origin).map(Millis)
            })
        })],
    },
    Function {
        name: "to_timestamp",
        category: Category::DateTime,
        doc: "A timestamp from seconds since 1970, or from a text by a pattern of YYYY, MM, DD, HH24, HH12, MI, SS, MS, US, \
              AM, Mon, Month. UTC.",
        examples: &[
            example("to_timestamp(1284352323)", "2010-09-13 04:32:03"),
            example("to_timestamp('05 Dec 2000', 'DD Mon YYYY')", "2000-12-05 00:00:00"),
        ],
        forms: &[
            rows("to_timestamp(seconds float64) → timestamp", |inputs| map1::<Float, Millis>(inputs, from_seconds)),
            rows("to_timestamp(text text, pattern text) → timestamp", |inputs| {
                map2::<Text, Text, Millis>(inputs, |text, pattern| pattern::parse(text, pattern).map(Millis))
            }),
        ],
    },
    Function {
        name: "to_timestamp_millis",
        category: Category::DateTime,
        doc: "A timestamp from milliseconds since 1970. Not in PostgreSQL.",
        examples: &[example("to_timestamp_millis(1284352323500)", "2010-09-13 04:32:03.5")],
        forms: &[rows("to_timestamp_millis(millis int64) → timestamp", |inputs| {
            map1::<Int, Millis>(inputs, |millis| temporal::civil(millis).map(|_| Millis(millis)))
        })],
    },
    Function {
        name: "epoch_millis",
        category: Category::DateTime,
        doc: "Milliseconds since 1970. Not in PostgreSQL, where it is extract(epoch FROM …) * 1000.",
        examples: &[example("epoch_millis(TIMESTAMP '1970-01-01 00:00:01.5')", "1500")],
        forms: &[rows("epoch_millis(time timestamp) → int64", |inputs| map1::<Time, i64>(inputs, Ok))],
    },
    Function {
        name: "to_char",
        category: Category::DateTime,
        doc: "A timestamp as text by a pattern: YYYY, YY, MM, DD, HH24, HH12, MI, SS, MS, US, AM, Mon, Month, Dy, Day, D, \
              ID, DDD, WW, IW, IYYY, Q; FM before one drops its padding; \"text\" stays as it is.",
        examples: &[example("to_char(TIMESTAMP '2002-04-20 17:31:12', 'HH12:MI:SS')", "05:31:12")],
        forms: &[rows("to_char(time timestamp, pattern text) → text", |inputs| {
            map2::<Time, Text, String>(inputs, pattern::format)
        })],
    },
    Function {
        name: "make_timestamp",
        category: Category::DateTime,
        doc: "A timestamp from year, month, day, hour, minute and seconds.",
        examples: &[example("make_timestamp(2013, 7, 15, 8, 15, 23.5)", "2013-07-15 08:15:23.5")],
        forms: &[rows(
            "make_timestamp(year int64, month int64, day int64, hour int64, minute int64, second float64) → timestamp",
            |inputs| {
                let get = |place: usize, row: usize| integer(inputs, place, row);
                each::<Millis>(inputs, |row| {
                    let (year, month, day) = (get(0, row)?, get(1, row)?, get(2, row)?);
                    let (hour, minute) = (get(3, row)?, get(4, row)?);
                    let second = &inputs.values[5];
                    let second = (!second.is_null(row)).then(|| Float::column(second).value(second.at(row)))?;
                    Some(temporal::make(year, month, day, hour, minute, second).map(Millis))
                })
            },
        )],
    },
    Function {
        name: "justify_hours",
        category: Category::DateTime,
        doc: "An interval whose 24 hours became days.",
        examples: &[example("justify_hours(INTERVAL '50 hours 10 minutes')", "2 days 02:10:00")],
        forms: &[rows("justify_hours(value interval) → interval", |inputs| {
            map1::<Interval, IntervalMonthDayNano>(inputs, justify_hours)
        })],
    },
    Function {
        name: "justify_days",
        category: Category::DateTime,
        doc: "An interval whose 30 days became months.",
        examples: &[example("justify_days(INTERVAL '1 year 65 days')", "1 year 2 mons 5 days")],
        forms: &[rows("justify_days(value interval) → interval", |inputs| {
            map1::<Interval, IntervalMonthDayNano>(inputs, justify_days)
        })],
    },
];

fn part(name: &str) -> Result<Part, Reason> {
    Part::of(name).ok_or_else(|| format!("there is no unit of time \"{name}\"").into())
}

fn integer(inputs: &Inputs, place: usize, row: usize) -> Option<i64> {
    let value = &inputs.values[place];
    (!value.is_null(row)).then(|| Int::column(value).value(value.at(row)))
}

fn from_seconds(seconds: f64) -> Result<Millis, Reason> {
    let millis = (seconds * 1000.0).round();
    // False for NaN too; the calendar's own limits are far below.
    if millis.abs() < 9.2e15 {
        temporal::civil(millis as i64).map(|_| Millis(millis as i64))
    } else {
        Err("timestamp out of range".into())
    }
}

fn justify_hours(value: IntervalMonthDayNano) -> Result<IntervalMonthDayNano, Reason> {
    const DAY: i64 = 86_400_000_000_000;
    let mut days = i64::from(value.days) + value.nanoseconds / DAY;
    let mut nanoseconds = value.nanoseconds % DAY;
    if days > 0 && nanoseconds < 0 {
        (days, nanoseconds) = (days - 1, nanoseconds + DAY);
    } else if days < 0 && nanoseconds > 0 {
        (days, nanoseconds) = (days + 1, nanoseconds - DAY);
    }
    let days = i32::try_from(days).map_err(|_| "interval out of range")?;
    Ok(IntervalMonthDayNano { days, nanoseconds, ..value })
}

fn justify_days(value: IntervalMonthDayNano) -> Result<IntervalMonthDayNano, Reason> {
    let mut months = i64::from(value.months) + i64::from(value.days / 30);
    let mut days = value.days % 30;
    if months > 0 && days < 0 {
        (months, days) = (months - 1, days + 30);
    } else if months < 0 && days > 0 {
        (months, days) = (months + 1, days - 30);
    }
    let months = i32::try_from(months).map_err(|_| "interval out of range")?;
    Ok(IntervalMonthDayNano { months, days, ..value })
}

/// EXTRACT: exact, so its type depends on the part.
pub(in crate::expr) fn extract(checker: &mut Checker, name: &str, of: Node, span: Range<usize>) -> Option<Node> {
    let Some(part) = Part::of(name) else {
        let remedy = "such as year, month, day, hour, minute, second, dow, doy, week, quarter, epoch".to_string();
        checker.problem(span, format!("there is no part `{name}`"), remedy);
        return None;
    };
    let of = if of.is_untyped() { checker.convert(of, &Type::Timestamp)? } else { of };
    let is_timestamp = of.data == Type::Timestamp;
    if !is_timestamp && of.data != Type::Interval {
        let remedy = match of.data {
            Type::Text => format!("convert it: CAST({} AS timestamp)", checker.quote(&of.span)),
            _ => "give it a timestamp, such as _timestamp".to_string(),
        };
        checker.problem(of.span.clone(), format!("EXTRACT takes a timestamp or an interval, not {}", of.data), remedy);
        return None;
    }
    let scale = match part {
        Part::Second | Part::Epoch => 6,
        Part::Milliseconds => 3,
        _ => 0,
    };
    let data = match scale {
        0 => Type::Int64,
        scale => Type::Decimal { precision: 20, scale },
    };
    let arrow = data.to_arrow();
    let kernel = move |inputs: &Inputs| {
        let values = match is_timestamp {
            true => map1::<Time, Digits>(inputs, |time| temporal::timestamp_part(part, time).map(Digits)),
            false => map1::<Interval, Digits>(inputs, |value| temporal::interval_part(part, value).map(Digits)),
        };
        let unit = 10i128.pow(6 - u32::from(scale));
        let digits = values.as_primitive::<arrow_array::types::Decimal128Type>();
        match scale {
            0 => std::sync::Arc::new(digits.unary::<_, arrow_array::types::Int64Type>(|digits| (digits / unit) as i64)),
            _ => decimal::typed(
                std::sync::Arc::new(digits.unary::<_, arrow_array::types::Decimal128Type>(|digits| digits / unit)),
                arrow.clone(),
            ),
        }
    };
    checker.strict(kernel, vec![of], data, true, span)
}
