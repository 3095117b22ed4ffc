//! Scalars as text: decimals, timestamps, bytes. What codecs, keys and rows share.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;

const MAX_DECIMAL_DIGITS: usize = 38;

/// The value, times 10^scale, of a number in JSON's grammar. Exact or refused: zeros behind the last place and exponents
/// are fine as long as no digit is lost.
///
/// # Errors
/// Says what does not fit.
pub(super) fn decimal_of(number: &[u8], precision: u8, scale: u8) -> Result<i128, &'static str> {
    const TOO_MANY: &str = "too many digits";
    let text = std::str::from_utf8(number).map_err(|_| "not a number")?;
    let (text, is_negative) = text.strip_prefix('-').map_or((text, false), |rest| (rest, true));
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if (whole.is_empty() && fraction.is_empty()) || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
        return Err("not a number");
    }
    let digits = format!("{whole}{fraction}");
    let kept = digits.trim_end_matches('0');
    let significant = kept.trim_start_matches('0');
    if significant.is_empty() {
        return Ok(0);
    }
    // An exponent beyond i64 leaves nothing that fits, whatever it is.
    let exponent: i64 = exponent.parse().map_err(|_| TOO_MANY)?;
    let dropped = (digits.len() - kept.len()) as i64;
    let zeros = exponent
        .checked_add(dropped - fraction.len() as i64)
        .and_then(|zeros| zeros.checked_add(i64::from(scale)))
        .and_then(|zeros| usize::try_from(zeros).ok())
        .ok_or(TOO_MANY)?;
    if significant.len().saturating_add(zeros) > MAX_DECIMAL_DIGITS.min(precision as usize) {
        return Err(TOO_MANY);
    }
    let value = significant.parse::<i128>().map_err(|_| TOO_MANY)? * 10i128.pow(zeros as u32);
    Ok(if is_negative { -value } else { value })
}

/// Writes the digits of a decimal, `scale` of them behind the point.
pub(super) fn write_decimal(value: i128, scale: u8, out: &mut Vec<u8>) {
    if value < 0 {
        out.push(b'-');
    }
    let mut buffer = itoa::Buffer::new();
    let digits = buffer.format(value.unsigned_abs()).as_bytes();
    let scale = usize::from(scale);
    if scale == 0 {
        return out.extend_from_slice(digits);
    }
    let whole = digits.len().saturating_sub(scale);
    match whole {
        0 => out.push(b'0'),
        _ => out.extend_from_slice(&digits[..whole]),
    }
    out.push(b'.');
    out.resize(out.len() + scale.saturating_sub(digits.len()), b'0');
    out.extend_from_slice(&digits[whole..]);
}

/// Milliseconds of a timestamp in RFC 3339; digits behind the milliseconds are cut off.
///
/// # Errors
/// Says what is expected.
pub(super) fn timestamp_of(text: &str) -> Result<i64, &'static str> {
    match DateTime::parse_from_rfc3339(text) {
        Ok(moment) => Ok(moment.timestamp_millis()),
        Err(_) => Err("not a timestamp like 2026-01-31T23:59:59.999Z"),
    }
}

/// Writes bytes as base64 (the standard alphabet, padded).
pub(super) fn write_base64(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(STANDARD.encode(bytes).as_bytes());
}

/// The bytes that base64 stands for.
pub(super) fn base64_of(text: &[u8]) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_or_refused() {
        for (text, precision, scale, value) in [
            ("0", 1, 0, Ok(0)),
            ("-0.00", 1, 0, Ok(0)),
            ("0e99999999999999999999", 1, 0, Ok(0)),
            ("12.34", 4, 2, Ok(1234)),
            ("-12.340", 4, 2, Ok(-1234)),
            ("1.2e1", 2, 0, Ok(12)),
            ("1200e-3", 2, 1, Ok(12)),
            ("0.001", 3, 3, Ok(1)),
            ("99999999999999999999999999999999999999", 38, 0, Ok(10i128.pow(38) - 1)),
            ("100000000000000000000000000000000000000", 38, 0, Err("too many digits")),
            ("12.345", 4, 2, Err("too many digits")),
            ("123", 4, 2, Err("too many digits")),
            ("1e-400", 38, 38, Err("too many digits")),
            ("1e9223372036854775807", 38, 38, Err("too many digits")),
            ("", 4, 2, Err("not a number")),
            ("-", 4, 2, Err("not a number")),
            (".", 4, 2, Err("not a number")),
            ("1 ", 4, 2, Err("not a number")),
        ] {
            assert_eq!(decimal_of(text.as_bytes(), precision, scale), value, "{text}");
        }
    }

    #[test]
    fn decimals_are_written_with_all_their_places() {
        for (value, scale, text) in [
            (0, 0, "0"),
            (0, 2, "0.00"),
            (5, 2, "0.05"),
            (-5, 1, "-0.5"),
            (1234, 2, "12.34"),
            (i128::MIN, 38, "-1.70141183460469231731687303715884105728"),
        ] {
            let mut out = Vec::new();
            write_decimal(value, scale, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }

    #[test]
    fn timestamps_are_milliseconds() {
        for (text, millis) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2024-02-29T12:00:00.1239+02:00", Some(1709200800123)),
            ("1969-12-31T23:59:59.999Z", Some(-1)),
            ("2024-02-30T00:00:00Z", None),
            ("2024-02-29T12:00:00", None),
            ("2024-02-29", None),
        ] {
            assert_eq!(timestamp_of(text).ok(), millis, "{text}");
        }
    }
}
