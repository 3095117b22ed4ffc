//! Casts: which there are, and their kernels. Text is read and written as PostgreSQL's input and output functions do.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{ArrayRef, Float64Array};
use arrow_buffer::IntervalMonthDayNano;

use super::arithmetic::INT_RANGE;
use super::decimal::{self, Digits, typed};
use super::rows::{Bool, Bytes, Decimal, Float, Int, Interval, Millis, Text, Time, map1};
use super::{Inputs, Reason, temporal, text};
use crate::expr::node::Kernel;
use crate::types::Type;

/// A cast from one type to another.
pub(in crate::expr) struct Cast {
    pub(in crate::expr) kernel: Kernel,
    pub(in crate::expr) can_fail: bool,
}

/// The cast between two different types, if there is one.
pub(in crate::expr) fn find(from: &Type, to: &Type) -> Option<Cast> {
    if let Type::Decimal { precision, scale } = *to {
        return to_decimal(from, precision, scale);
    }
    if let Type::Decimal { scale, .. } = *from {
        return from_decimal(scale, to);
    }
    let safe = |kernel: fn(&Inputs) -> ArrayRef| Some(Cast { kernel: Arc::new(kernel), can_fail: false });
    let risky = |kernel: fn(&Inputs) -> ArrayRef| Some(Cast { kernel: Arc::new(kernel), can_fail: true });
    match (from, to) {
        (Type::Bool, Type::Int64) => safe(|inputs| map1::<Bool, i64>(inputs, |value| Ok(value.into()))),
        (Type::Int64, Type::Bool) => safe(|inputs| map1::<Int, bool>(inputs, |value| Ok(value != 0))),
        (Type::Int64, Type::Float64) => safe(int_to_float),
        (Type::Float64, Type::Int64) => risky(|inputs| map1::<Float, i64>(inputs, float_to_int)),
        (Type::Bool, Type::Text) => {
            safe(|inputs| map1::<Bool, &str>(inputs, |value| Ok(if value { "true" } else { "false" })))
        }
        (Type::Int64, Type::Text) => safe(|inputs| map1::<Int, String>(inputs, |value| Ok(value.to_string()))),
        (Type::Float64, Type::Text) => safe(|inputs| map1::<Float, String>(inputs, |value| Ok(text::float(value)))),
        (Type::Bytes, Type::Text) => {
            safe(|inputs| map1::<Bytes, String>(inputs, |value| Ok(format!("\\x{}", text::hex(value)))))
        }
        (Type::Timestamp, Type::Text) => risky(|inputs| map1::<Time, String>(inputs, temporal::format_timestamp)),
        (Type::Interval, Type::Text) => {
            safe(|inputs| map1::<Interval, String>(inputs, |value| Ok(temporal::format_interval(value))))
        }
        (Type::Text, Type::Bool) => risky(|inputs| map1::<Text, bool>(inputs, text_to_bool)),
        (Type::Text, Type::Int64) => risky(|inputs| map1::<Text, i64>(inputs, text_to_int)),
        (Type::Text, Type::Float64) => risky(|inputs| map1::<Text, f64>(inputs, text_to_float)),
        (Type::Text, Type::Bytes) => risky(|inputs| map1::<Text, Vec<u8>>(inputs, text_to_bytes)),
        (Type::Text, Type::Timestamp) => {
            risky(|inputs| map1::<Text, Millis>(inputs, |text| temporal::parse_timestamp(text).map(Millis)))
        }
        (Type::Text, Type::Interval) => {
            risky(|inputs| map1::<Text, IntervalMonthDayNano>(inputs, temporal::parse_interval))
        }
        _ => None,
    }
}

fn to_decimal(from: &Type, precision: u8, scale: u8) -> Option<Cast> {
    let result = Type::Decimal { precision, scale }.to_arrow();
    let cast = |can_fail: bool, kernel: Kernel| Some(Cast { kernel, can_fail });
    match *from {
        Type::Int64 => cast(
            precision < 19 + scale,
            Arc::new(move |inputs| {
                let digits = map1::<Int, Digits>(inputs, |value| {
                    decimal::to_type(value.into(), 0, precision, scale).map(Digits)
                });
                typed(digits, result.clone())
            }),
        ),
        Type::Decimal { precision: p, scale: s } => cast(
            scale < s || precision - scale < p - s,
            Arc::new(move |inputs| {
                decimal::map_digits(inputs, result.clone(), |digits| decimal::to_type(digits, s, precision, scale))
            }),
        ),
        Type::Float64 => cast(
            true,
            Arc::new(move |inputs| {
                let digits =
                    map1::<Float, Digits>(inputs, |value| decimal::from_float(value, precision, scale).map(Digits));
                typed(digits, result.clone())
            }),
        ),
        Type::Text => cast(
            true,
            Arc::new(move |inputs| {
                let digits =
                    map1::<Text, Digits>(inputs, |value| decimal::from_text(value, precision, scale).map(Digits));
                typed(digits, result.clone())
            }),
        ),
        _ => None,
    }
}

fn from_decimal(scale: u8, to: &Type) -> Option<Cast> {
    let kernel: Kernel = match to {
        Type::Int64 => Arc::new(move |inputs| {
            map1::<Decimal, i64>(inputs, |digits| {
                decimal::rescale(digits, scale, 0).and_then(|whole| i64::try_from(whole).ok()).ok_or(INT_RANGE.into())
            })
        }),
        Type::Float64 => {
            Arc::new(move |inputs| map1::<Decimal, f64>(inputs, |digits| Ok(decimal::to_float(digits, scale))))
        }
        Type::Text => {
            Arc::new(move |inputs| map1::<Decimal, String>(inputs, |digits| Ok(decimal::to_text(digits, scale))))
        }
        _ => return None,
    };
    Some(Cast { kernel, can_fail: *to == Type::Int64 })
}

fn int_to_float(inputs: &Inputs) -> ArrayRef {
    let value = &inputs.values[0];
    if value.is_scalar {
        return map1::<Int, f64>(inputs, |value| Ok(value as f64));
    }
    let floats: Float64Array = value.array.as_primitive::<Int64Type>().unary::<_, Float64Type>(|value| value as f64);
    Arc::new(floats)
}

/// To the nearest integer, halves to the even one.
pub(in crate::expr) fn float_to_int(value: f64) -> Result<i64, Reason> {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    let rounded = value.round_ties_even();
    // False for NaN too.
    if (-LIMIT..LIMIT).contains(&rounded) { Ok(rounded as i64) } else { Err(INT_RANGE.into()) }
}

/// What PostgreSQL says of a text that is not of a type.
pub(super) fn invalid(data: &str, text: &str) -> String {
    let shown: String = text.chars().take(40).collect();
    let more = if shown.len() < text.len() { "…" } else { "" };
    format!("no {data}: \"{shown}{more}\"")
}

fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\u{b}')
}

fn text_to_bool(text: &str) -> Result<bool, Reason> {
    let word = trimmed(text).to_ascii_lowercase();
    let starts = |whole: &str, least: usize| word.len() >= least && whole.starts_with(&word);
    if starts("true", 1) || starts("yes", 1) || starts("on", 2) || word == "1" {
        return Ok(true);
    }
    if starts("false", 1) || starts("no", 1) || starts("off", 2) || word == "0" {
        return Ok(false);
    }
    Err(invalid("bool", text).into())
}

fn text_to_int(text: &str) -> Result<i64, Reason> {
    let digits = trimmed(text);
    let unsigned = digits.strip_prefix(['-', '+']).unwrap_or(digits);
    if unsigned.is_empty() || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid("int64", text).into());
    }
    digits.parse().map_err(|_| INT_RANGE.into())
}

fn text_to_float(text: &str) -> Result<f64, Reason> {
    let word = trimmed(text);
    let value: f64 = word.parse().map_err(|_| Reason::from(invalid("float64", text)))?;
    let is_spelled =
        |word: &str| word.bytes().any(|byte| byte.is_ascii_alphabetic() && !byte.eq_ignore_ascii_case(&b'e'));
    if value.is_infinite() && !is_spelled(word) {
        return Err(super::arithmetic::FLOAT_OVERFLOW.into());
    }
    let has_digits =
        || word.split(['e', 'E']).next().is_some_and(|part| part.bytes().any(|byte| (b'1'..=b'9').contains(&byte)));
    if value == 0.0 && has_digits() {
        return Err(super::arithmetic::FLOAT_UNDERFLOW.into());
    }
    Ok(value)
}

fn text_to_bytes(text: &str) -> Result<Vec<u8>, Reason> {
    let bytes = match text.strip_prefix("\\x") {
        Some(digits) => text::from_hex(digits),
        None => text::from_escaped(text),
    };
    bytes.ok_or_else(|| invalid("bytes", text).into())
}
