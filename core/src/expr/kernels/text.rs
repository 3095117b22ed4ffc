//! Small kernels on text, bytes and truth values, and how PostgreSQL writes float64 and bytes as text.

use std::collections::HashSet;
use std::fmt::Write;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_buffer::BooleanBuffer;
use arrow_schema::DataType;

use super::Inputs;
use super::rows::{Bool, Bytes, Int, Text, map1, map2};

/// NOT.
pub(in crate::expr) fn not(inputs: &Inputs) -> ArrayRef {
    if inputs.values[0].is_scalar {
        return map1::<Bool, bool>(inputs, |value| Ok(!value));
    }
    inverted(&inputs.values[0].array)
}

/// Each truth value turned round; nulls stay.
pub(in crate::expr) fn inverted(values: &ArrayRef) -> ArrayRef {
    let values = values.as_boolean();
    Arc::new(BooleanArray::new(!values.values(), values.nulls().cloned()))
}

/// IS NULL, or IS NOT NULL.
pub(in crate::expr) fn is_null(negated: bool, inputs: &Inputs) -> ArrayRef {
    let value = &inputs.values[0];
    let bits = match (value.is_scalar, value.array.nulls()) {
        (false, Some(nulls)) if negated => nulls.inner().clone(),
        (false, Some(nulls)) => !nulls.inner(),
        (true, Some(nulls)) if (nulls.is_null(0)) != negated => BooleanBuffer::new_set(inputs.rows),
        (true, Some(_)) => BooleanBuffer::new_unset(inputs.rows),
        (_, None) if negated => BooleanBuffer::new_set(inputs.rows),
        (_, None) => BooleanBuffer::new_unset(inputs.rows),
    };
    Arc::new(BooleanArray::new(bits, None))
}

/// IS [NOT] TRUE, FALSE, UNKNOWN.
pub(in crate::expr) fn is_bool(wanted: Option<bool>, negated: bool, inputs: &Inputs) -> ArrayRef {
    let value = &inputs.values[0];
    let bools = value.array.as_boolean();
    let bits = BooleanBuffer::collect_bool(inputs.rows, |row| {
        let at = value.at(row);
        ((!bools.is_null(at)).then(|| bools.value(at)) == wanted) != negated
    });
    Arc::new(BooleanArray::new(bits, None))
}

/// `||` of texts.
pub(in crate::expr) fn concat(inputs: &Inputs) -> ArrayRef {
    map2::<Text, Text, String>(inputs, |a, b| Ok([a, b].concat()))
}

/// `||` of bytes.
pub(in crate::expr) fn concat_bytes(inputs: &Inputs) -> ArrayRef {
    map2::<Bytes, Bytes, Vec<u8>>(inputs, |a, b| Ok([a, b].concat()))
}

/// The constants of an IN list.
pub(in crate::expr) struct Set {
    integers: HashSet<i64>,
    texts: HashSet<String>,
    has_null: bool,
}

impl Set {
    /// Of constants that are all int64 or all text.
    pub(in crate::expr) fn of(constants: &[ArrayRef]) -> Set {
        let known: Vec<&ArrayRef> = constants.iter().filter(|constant| !constant.is_null(0)).collect();
        let integers =
            known.iter().filter_map(|constant| constant.as_primitive_opt::<Int64Type>()).map(|array| array.value(0));
        let texts =
            known.iter().filter_map(|constant| constant.as_string_view_opt()).map(|array| array.value(0).to_string());
        Set { integers: integers.collect(), texts: texts.collect(), has_null: known.len() < constants.len() }
    }

    /// IN: null where the value is null, or is not in a list that holds a null.
    pub(in crate::expr) fn contains(&self, inputs: &Inputs) -> ArrayRef {
        let answer = |found: bool| Ok((found || !self.has_null).then_some(found));
        match inputs.values[0].array.data_type() {
            DataType::Int64 => map1::<Int, Option<bool>>(inputs, |value| answer(self.integers.contains(&value))),
            _ => map1::<Text, Option<bool>>(inputs, |value| answer(self.texts.contains(value))),
        }
    }
}

/// The shortest digits that read back as the same float64, laid out as PostgreSQL does.
pub(in crate::expr) fn float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity".into() } else { "-Infinity".into() };
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..15).contains(&exponent) {
        return format!("{value}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
}

/// Lower-case hexadecimal digits.
pub(in crate::expr) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The bytes of hexadecimal digits; white space between them is skipped.
pub(in crate::expr) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|c| !c.is_ascii_whitespace())
        .map(|c| c.to_digit(16).map(|digit| digit as u8))
        .collect::<Option<_>>()?;
    digits.len().is_multiple_of(2).then(|| digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

/// Bytes written PostgreSQL's older way: printable ASCII, `\\` and `\ooo`.
pub(in crate::expr) fn from_escaped(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        (rest, _) = match (byte, behind) {
            (b'\\', [b'\\', behind @ ..]) => (behind, bytes.push(b'\\')),
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', behind @ ..]) => {
                (behind, bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0')))
            }
            (b'\\', _) => return None,
            (other, behind) => (behind, bytes.push(other)),
        };
    }
    Some(bytes)
}
