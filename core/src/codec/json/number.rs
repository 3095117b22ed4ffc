//! Numbers of JSON: the grammar, and their exact values as int64, float64 and decimal.

use crate::codec::scalar::decimal_of;

/// A number that keeps the grammar.
pub(super) struct Number {
    start: usize,
    pub(super) end: usize,
    /// all digits before the exponent, as one integer; of 19 digits at most it is right
    mantissa: u64,
    digits: usize,
    fraction: usize,
    is_negative: bool,
    /// neither a point nor an exponent
    pub(super) is_integer: bool,
    has_exponent: bool,
}

/// What is wrong with a number, and where.
#[derive(Debug)]
pub(super) enum Broken {
    NoDigit(usize),
    LeadingZero(usize),
}

/// Digits that a u64 holds, whichever they are.
const MAX_DIGITS: usize = 19;

const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

impl Number {
    /// The number at a place; where it breaks the grammar, how.
    #[inline(always)]
    pub(super) fn parse(bytes: &[u8], start: usize) -> Result<Number, Broken> {
        let is_negative = bytes.get(start) == Some(&b'-');
        let first = start + usize::from(is_negative);
        let (mut at, mut mantissa) = digits(bytes, first, 0);
        let mut count = at - first;
        if count == 0 {
            return Err(Broken::NoDigit(first));
        }
        if count > 1 && bytes[first] == b'0' {
            return Err(Broken::LeadingZero(first));
        }
        let (mut fraction, mut is_integer, mut has_exponent) = (0, true, false);
        if bytes.get(at) == Some(&b'.') {
            let point = at;
            (at, mantissa) = digits(bytes, at + 1, mantissa);
            fraction = at - point - 1;
            if fraction == 0 {
                return Err(Broken::NoDigit(at));
            }
            count += fraction;
            is_integer = false;
        }
        if let Some(b'e' | b'E') = bytes.get(at) {
            let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
            let from = at + 1 + sign;
            at = from + bytes[from.min(bytes.len())..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            if at == from {
                return Err(Broken::NoDigit(at));
            }
            (is_integer, has_exponent) = (false, true);
        }
        Ok(Number { start, end: at, mantissa, digits: count, fraction, is_negative, is_integer, has_exponent })
    }

    /// The value, if it is an integer in range.
    #[inline(always)]
    pub(super) fn to_i64(&self) -> Option<i64> {
        if !self.is_integer || self.digits > MAX_DIGITS {
            return None;
        }
        match self.is_negative {
            false => i64::try_from(self.mantissa).ok(),
            true => 0i64.checked_sub_unsigned(self.mantissa),
        }
    }

    /// The nearest float64, as `str::parse` gives it; none where that is not finite.
    #[inline(always)]
    pub(super) fn to_f64(&self, bytes: &[u8]) -> Option<f64> {
        // Both operands are exact, so the one rounding of the division is the right one.
        let is_short = self.digits <= MAX_DIGITS && self.mantissa < 1 << 53 && !self.has_exponent;
        if is_short && self.fraction < POWERS.len() {
            let value = self.mantissa as f64 / POWERS[self.fraction];
            return Some(if self.is_negative { -value } else { value });
        }
        let text = std::str::from_utf8(&bytes[self.start..self.end]).ok()?;
        text.parse().ok().filter(|value: &f64| value.is_finite())
    }

    /// The value times 10^scale.
    ///
    /// # Errors
    /// Says why it is none of the decimals of this precision and scale.
    #[inline(always)]
    pub(super) fn to_decimal(&self, bytes: &[u8], precision: u8, scale: u8) -> Result<i128, &'static str> {
        let is_short = self.digits <= MAX_DIGITS.min(precision as usize) && !self.has_exponent;
        let missing = (scale as usize).checked_sub(self.fraction);
        match missing {
            Some(zeros) if is_short && self.digits + zeros <= precision as usize => {
                let value = i128::from(self.mantissa) * 10i128.pow(zeros as u32);
                Ok(if self.is_negative { -value } else { value })
            }
            _ => decimal_of(&bytes[self.start..self.end], precision, scale),
        }
    }
}

/// Goes over digits and takes them into the mantissa; gives the place behind them.
#[inline(always)]
fn digits(bytes: &[u8], mut at: usize, mut mantissa: u64) -> (usize, u64) {
    while let Some(value) = bytes.get(at..).and_then(|rest| rest.first_chunk()).and_then(eight_digits) {
        mantissa = mantissa.wrapping_mul(100_000_000).wrapping_add(value);
        at += 8;
    }
    while let Some(digit) = bytes.get(at).map(|byte| byte.wrapping_sub(b'0')).filter(|&digit| digit <= 9) {
        mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
        at += 1;
    }
    (at, mantissa)
}

/// Eight digits at once, in three multiplications: pairs, fours, eight.
#[inline(always)]
fn eight_digits(text: &[u8; 8]) -> Option<u64> {
    let word = u64::from_le_bytes(*text);
    let high = 0xf0f0_f0f0_f0f0_f0f0;
    if word & high != 0x3030_3030_3030_3030 || word.wrapping_add(0x0606_0606_0606_0606) & high != 0x3030_3030_3030_3030
    {
        return None;
    }
    let ones = word & 0x0f0f_0f0f_0f0f_0f0f;
    let pairs = (ones.wrapping_mul(10 * 256 + 1) >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100 * 65536 + 1) >> 16) & 0x0000_ffff_0000_ffff;
    Some(fours.wrapping_mul(10000 * (1 << 32) + 1) >> 32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Option<Number> {
        Number::parse(text.as_bytes(), 0).ok().filter(|number| number.end == text.len())
    }

    #[test]
    fn integers_in_range_and_nothing_else() {
        for (text, value) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("12345678", Some(12345678)),
            ("1700000000123", Some(1700000000123)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("-9223372036854775809", None),
            ("99999999999999999999", None),
            ("18446744073709551617", None),
            ("1.0", None),
            ("1e3", None),
        ] {
            assert_eq!(parse(text).and_then(|number| number.to_i64()), value, "{text}");
        }
    }

    #[test]
    fn the_grammar_is_that_of_json() {
        for text in ["", "-", "01", "-01", "1.", ".5", "1.e3", "1e", "1e+", "+1", "0x1", "1_0", "00", "--1", "1e5.0"] {
            assert!(parse(text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn floats_are_those_of_the_standard_library(
            text in "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,24})?([eE][+-]?[0-9]{1,3})?",
        ) {
            let expected: f64 = text.parse().unwrap();
            let read = parse(&text).unwrap().to_f64(text.as_bytes());
            prop_assert_eq!(read.map(f64::to_bits), expected.is_finite().then(|| expected.to_bits()));
            prop_assert_eq!(parse(&text).unwrap().to_i64(), text.parse().ok());
        }

        #[test]
        fn decimals_are_the_same_in_the_short_way(
            text in "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,12})?", precision in 1u8..39, scale in 0u8..39,
        ) {
            let scale = scale.min(precision);
            let short = parse(&text).unwrap().to_decimal(text.as_bytes(), precision, scale);
            prop_assert_eq!(short, decimal_of(text.as_bytes(), precision, scale));
        }
    }
}
