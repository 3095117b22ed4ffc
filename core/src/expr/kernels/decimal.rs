//! Decimals of up to 38 digits: arithmetic, rounding and text. A decimal is its digits as an i128 and a scale; rounding
//! is half away from zero, as PostgreSQL's numeric.

use std::cmp::Ordering;

use arrow_array::ArrayRef;
use arrow_array::types::Decimal128Type;
use arrow_buffer::i256;
use arrow_schema::DataType;

use super::arithmetic::{Arithmetic, DIVISION_BY_ZERO, checked};
use super::rows::{Decimal, map1};
use super::{Inputs, Reason};

/// The most digits of a decimal.
pub(in crate::expr) const MAX_DIGITS: u8 = 38;
/// A quotient has at least so many digits after the point.
pub(in crate::expr) const QUOTIENT_SCALE: u8 = 16;

pub(in crate::expr) const OVERFLOW: &str = "the decimal needs more digits than its type has";

/// 10 to the power of `exponent`, up to 38.
pub(crate) fn power_of_ten(exponent: u8) -> Option<i128> {
    10i128.checked_pow(exponent.into())
}

/// The same number with another scale, rounded half away from zero; none where it does not fit.
pub(in crate::expr) fn rescale(digits: i128, from: u8, to: u8) -> Option<i128> {
    if to >= from {
        return digits.checked_mul(power_of_ten(to - from)?);
    }
    let Some(unit) = power_of_ten(from - to) else { return Some(0) };
    let (quotient, rest) = (digits / unit, digits % unit);
    let away = rest.unsigned_abs() >= unit.unsigned_abs().div_ceil(2);
    Some(if away { quotient + digits.signum() } else { quotient })
}

/// Whether a number has at most `precision` digits.
pub(in crate::expr) fn fits(digits: i128, precision: u8) -> bool {
    power_of_ten(precision).is_some_and(|limit| digits.unsigned_abs() < limit.unsigned_abs())
}

/// The same number in another decimal type.
pub(in crate::expr) fn to_type(digits: i128, from: u8, precision: u8, scale: u8) -> Result<i128, Reason> {
    rescale(digits, from, scale).filter(|digits| fits(*digits, precision)).ok_or(OVERFLOW.into())
}

/// An operation on decimals: scales of the sides, precision and scale of the result.
#[derive(Debug, Clone, Copy)]
pub(in crate::expr) struct Operation {
    pub(in crate::expr) operation: Arithmetic,
    pub(in crate::expr) left: u8,
    pub(in crate::expr) right: u8,
    pub(in crate::expr) precision: u8,
    pub(in crate::expr) scale: u8,
}

impl Operation {
    /// Over whole columns.
    pub(in crate::expr) fn run(self, inputs: &Inputs) -> ArrayRef {
        checked::<Decimal128Type>(
            inputs,
            DataType::Decimal128(self.precision, self.scale as i8),
            |a, b| self.value(a, b).map_or((0, true), |value| (value, false)),
            |a, b| {
                let divides = matches!(self.operation, Arithmetic::Divide | Arithmetic::Remainder);
                let reason = if divides && b == 0 { DIVISION_BY_ZERO } else { OVERFLOW };
                self.value(a, b).is_none().then(|| reason.into())
            },
        )
    }

    fn value(self, a: i128, b: i128) -> Option<i128> {
        let value = match self.operation {
            Arithmetic::Add => rescale(a, self.left, self.scale)?.checked_add(rescale(b, self.right, self.scale)?)?,
            Arithmetic::Subtract => {
                rescale(a, self.left, self.scale)?.checked_sub(rescale(b, self.right, self.scale)?)?
            }
            Arithmetic::Multiply => a.checked_mul(b)?,
            Arithmetic::Divide => self.quotient(a, b)?,
            Arithmetic::Remainder => self.remainder(a, b)?,
        };
        fits(value, self.precision).then_some(value)
    }

    /// a / b with the result's scale, which is never below those of the sides.
    fn quotient(self, a: i128, b: i128) -> Option<i128> {
        let shift = u32::from(self.scale) + u32::from(self.right) - u32::from(self.left);
        let (dividend, divisor) =
            (i256::from_i128(a).checked_mul(i256::from_i128(10).checked_pow(shift)?)?, i256::from_i128(b));
        let (quotient, rest) = (dividend.checked_div(divisor)?.to_i128()?, dividend.checked_rem(divisor)?.to_i128()?);
        // Half is reached where 2·|rest| ≥ |divisor|; said without doubling, which could overflow.
        let is_away = rest.unsigned_abs() >= b.unsigned_abs() - rest.unsigned_abs();
        Some(if is_away { quotient + if (a < 0) == (b < 0) { 1 } else { -1 } } else { quotient })
    }

    fn remainder(self, a: i128, b: i128) -> Option<i128> {
        let wide =
            |digits, scale: u8| i256::from_i128(digits).checked_mul(i256::from_i128(power_of_ten(self.scale - scale)?));
        wide(a, self.left)?.checked_rem(wide(b, self.right)?)?.to_i128()
    }
}

/// Compares numbers of different scales; never fails.
pub(in crate::expr) fn compare(a: i128, a_scale: u8, b: i128, b_scale: u8) -> Ordering {
    let scale = a_scale.max(b_scale);
    match (rescale(a, a_scale, scale), rescale(b, b_scale, scale)) {
        (Some(a), Some(b)) => a.cmp(&b),
        // Only one of the two is shifted up, so the one that overflows is the larger in size.
        (None, _) => a.signum().cmp(&0),
        (_, None) => 0.cmp(&b.signum()),
    }
}

/// `-` of a decimal; its range is symmetric.
pub(in crate::expr) fn negate(inputs: &Inputs) -> ArrayRef {
    map_digits(inputs, inputs.values[0].array.data_type().clone(), |digits| Ok(-digits))
}

/// A function of one decimal that gives a decimal of type `result`.
pub(in crate::expr) fn map_digits(
    inputs: &Inputs,
    result: DataType,
    function: impl Fn(i128) -> Result<i128, Reason>,
) -> ArrayRef {
    typed(map1::<Decimal, Digits>(inputs, |digits| function(digits).map(Digits)), result)
}

/// The digits of a decimal, as a result.
pub(in crate::expr) struct Digits(pub(in crate::expr) i128);

impl super::rows::Give for Digits {
    type Builder = arrow_array::builder::Decimal128Builder;
    fn append(self, builder: &mut Self::Builder) {
        builder.append_value(self.0);
    }
    fn append_null(builder: &mut Self::Builder) {
        builder.append_null();
    }
    fn finish(mut builder: Self::Builder) -> ArrayRef {
        std::sync::Arc::new(builder.finish())
    }
}

/// Digits as a column of their own decimal type.
pub(in crate::expr) fn typed(digits: ArrayRef, result: DataType) -> ArrayRef {
    use arrow_array::cast::AsArray;
    std::sync::Arc::new(digits.as_primitive::<Decimal128Type>().clone().with_data_type(result))
}

/// The nearest float64.
pub(crate) fn to_float(digits: i128, scale: u8) -> f64 {
    const EXACT: u128 = 1 << 53;
    if digits.unsigned_abs() <= EXACT && scale <= 22 {
        // Both operands are exact, so the quotient is rounded once.
        return digits as f64 / 10f64.powi(scale.into());
    }
    format!("{digits}e-{scale}").parse().unwrap_or(f64::NAN)
}

/// As PostgreSQL converts: 15 significant digits.
pub(in crate::expr) fn from_float(value: f64, precision: u8, scale: u8) -> Result<i128, Reason> {
    if !value.is_finite() {
        return Err(format!("{} is no decimal", super::text::float(value)).into());
    }
    parse(&format!("{value:.14e}")).and_then(|(digits, from)| round_wide(digits, from, precision, scale))
}

/// Reads digits, a point and an exponent, and rounds to the type.
pub(in crate::expr) fn from_text(text: &str, precision: u8, scale: u8) -> Result<i128, Reason> {
    let trimmed = text.trim_matches(|c: char| c.is_ascii_whitespace());
    parse(trimmed)
        .map_err(|_| Reason::from(super::cast::invalid("decimal", text)))
        .and_then(|(digits, from)| round_wide(digits, from, precision, scale))
}

/// Digits as text and how many of them stand after the point, which may be negative.
fn parse(text: &str) -> Result<(String, i64), Reason> {
    let bad = || Reason::from("invalid number");
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| bad())?),
        None => (text, 0),
    };
    let (sign, digits) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa.strip_prefix('+').unwrap_or(mantissa)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !is_number(whole) || !is_number(fraction) {
        return Err(bad());
    }
    let digits = format!("{whole}{fraction}");
    let digits = digits.trim_start_matches('0');
    Ok((format!("{sign}{digits}"), fraction.len() as i64 - i64::from(exponent)))
}

fn round_wide(digits: String, from: i64, precision: u8, scale: u8) -> Result<i128, Reason> {
    let (sign, digits) = digits.strip_prefix('-').map_or((1, digits.as_str()), |rest| (-1, rest));
    if digits.is_empty() {
        return Ok(0);
    }
    // One digit more than is kept decides the rounding.
    let kept = digits.len() as i64 - from + i64::from(scale);
    if kept < 0 {
        return Ok(0);
    }
    if kept > i64::from(MAX_DIGITS) {
        return Err(OVERFLOW.into());
    }
    let kept = kept as usize;
    let mut padded = digits.chars().chain(std::iter::repeat('0'));
    let value = padded.by_ref().take(kept).collect::<String>().parse::<i128>().unwrap_or(0);
    let away = padded.next().is_some_and(|next| next >= '5');
    let value = value + i128::from(away);
    if fits(value, precision) { Ok(sign * value) } else { Err(OVERFLOW.into()) }
}

/// The digits with the point in its place.
pub(in crate::expr) fn to_text(digits: i128, scale: u8) -> String {
    let sign = if digits < 0 { "-" } else { "" };
    let scale = usize::from(scale);
    let digits = format!("{:0>width$}", digits.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// The exact digits of a literal and its type; none beyond 38 digits.
pub(in crate::expr) fn literal(text: &str) -> Option<(i128, u8, u8)> {
    let (digits, from) = parse(text).ok()?;
    let scale = u8::try_from(from.max(0)).ok()?;
    let value = round_wide(digits.clone(), from, MAX_DIGITS, scale).ok()?;
    let whole = (digits.trim_start_matches('-').len() as i64 - from).max(0) as u8;
    let precision = whole.saturating_add(scale).max(1);
    (precision <= MAX_DIGITS).then_some((value, precision, scale))
}
