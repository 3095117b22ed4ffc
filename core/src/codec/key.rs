//! Keys: bytes to the column `_key` and back, as `key_format` says. Equality, grouping and partitioning use the bytes;
//! the column is what expressions see.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, BinaryViewArray, Int64Array};
use arrow_schema::DataType;

use super::format::Nulls;
use super::interval::write_interval;
use super::json::{self, Bound, Dialect, Inner, Style};
use super::plain::utf8_of;
use super::views::{BytesBuilder, value};
use crate::batch::bytes_column;
use crate::types::KeyFormat;

/// A key that could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct KeyFailure {
    /// row in the batch
    pub row: usize,
    /// what is wrong
    pub reason: String,
}

/// The column `_key`, of type [`KeyFormat::data_type`]; null where the record has no key, or one that is not of the
/// format: text is UTF-8, json one JSON document (as its text), int32 and int64 exactly 4 and 8 bytes, big-endian.
pub fn decode_keys(keys: &BinaryViewArray, format: KeyFormat) -> (ArrayRef, Vec<KeyFailure>) {
    match format {
        KeyFormat::Bytes => (Arc::new(keys.clone()), Vec::new()),
        KeyFormat::Text => decode_texts(keys, |key| std::str::from_utf8(key).map(drop).map_err(|why| why.to_string())),
        KeyFormat::Json => {
            let mut mask = Vec::new();
            let why = |(offset, reason)| format!("{reason} (at byte {offset})");
            decode_texts(keys, |key| json::check(key, &mut mask).map_err(why))
        }
        KeyFormat::Int32 => {
            decode_integers(keys, |key| key.try_into().ok().map(|key| i32::from_be_bytes(key).into()), 4)
        }
        KeyFormat::Int64 => decode_integers(keys, |key| key.try_into().ok().map(i64::from_be_bytes), 8),
    }
}

/// `check` accepts UTF-8 only.
fn decode_texts(
    keys: &BinaryViewArray,
    mut check: impl FnMut(&[u8]) -> Result<(), String>,
) -> (ArrayRef, Vec<KeyFailure>) {
    let mut failures = Vec::new();
    for row in 0..keys.len() {
        if let Some(Err(reason)) = value(keys, row).map(&mut check) {
            failures.push(KeyFailure { row, reason: format!("key: {reason}") });
        }
    }
    (Arc::new(utf8_of(keys, failures.iter().map(|failure| failure.row))), failures)
}

fn decode_integers(
    keys: &BinaryViewArray,
    read: impl Fn(&[u8]) -> Option<i64>,
    width: usize,
) -> (ArrayRef, Vec<KeyFailure>) {
    let mut failures = Vec::new();
    let mut decode = |row| {
        let key = value(keys, row)?;
        let integer = read(key);
        if integer.is_none() {
            let reason = format!("key: int{} is {width} bytes, found {}", 8 * width, key.len());
            failures.push(KeyFailure { row, reason });
        }
        integer
    };
    let integers: Int64Array = (0..keys.len()).map(&mut decode).collect();
    (Arc::new(integers), failures)
}

/// Key bytes from the columns of a key. One column: a null is no key; `text` takes text as it is and scalars as JSON
/// writes them, without quotes; `bytes` takes bytes and text; `int32` and `int64` take int64 in range; `json` takes any.
/// Several columns: a JSON array, where nulls are kept. All columns are of one length.
pub fn encode_keys(columns: &[ArrayRef], format: KeyFormat) -> (BinaryViewArray, Vec<KeyFailure>) {
    let [column] = columns else {
        return match format {
            KeyFormat::Int32 | KeyFormat::Int64 => refuse_all(columns, "an integer key is made of one column"),
            KeyFormat::Text | KeyFormat::Bytes | KeyFormat::Json => encode_arrays(columns),
        };
    };
    match (format, column.data_type()) {
        (KeyFormat::Text | KeyFormat::Bytes, DataType::Utf8View) => {
            (column.as_string_view().clone().to_binary_view(), Vec::new())
        }
        (KeyFormat::Bytes, DataType::BinaryView) => (column.as_binary_view().clone(), Vec::new()),
        (KeyFormat::Text, DataType::BinaryView) => encode_utf8(column.as_binary_view()),
        (KeyFormat::Int32, DataType::Int64) => encode_integers(column, |integer| {
            i32::try_from(integer).map(i32::to_be_bytes).map_err(|_| format!("{integer} is out of the range of int32"))
        }),
        (KeyFormat::Int64, DataType::Int64) => encode_integers(column, |integer| Ok(integer.to_be_bytes())),
        (KeyFormat::Text | KeyFormat::Json, _) => encode_single(column, format),
        (KeyFormat::Bytes, _) => refuse_all(columns, "the key format bytes takes a column of bytes or text"),
        (KeyFormat::Int32 | KeyFormat::Int64, _) => {
            refuse_all(columns, "an integer key format takes a column of int64")
        }
    }
}

/// Every key that is there is refused.
fn refuse_all(columns: &[ArrayRef], why: &str) -> (BinaryViewArray, Vec<KeyFailure>) {
    let rows = columns.first().map_or(0, |column| column.len());
    let has_key = |row: &usize| columns.len() != 1 || columns[0].is_valid(*row);
    let failures = (0..rows).filter(has_key).map(|row| KeyFailure { row, reason: format!("key: {why}") }).collect();
    (bytes_column((0..rows).map(|_| None)), failures)
}

fn encode_utf8(column: &BinaryViewArray) -> (BinaryViewArray, Vec<KeyFailure>) {
    encode_each(column.len(), |row, key| {
        let Some(bytes) = value(column, row) else { return Ok(false) };
        key.extend_from_slice(std::str::from_utf8(bytes).map_err(|why| why.to_string())?.as_bytes());
        Ok(true)
    })
}

fn encode_integers<const N: usize>(
    column: &ArrayRef,
    write: impl Fn(i64) -> Result<[u8; N], String>,
) -> (BinaryViewArray, Vec<KeyFailure>) {
    let integers = column.as_primitive::<Int64Type>();
    encode_each(integers.len(), |row, key| {
        if integers.is_null(row) {
            return Ok(false);
        }
        key.extend_from_slice(&write(integers.value(row))?);
        Ok(true)
    })
}

const STYLE: Style = Style { dialect: Dialect::Plain, nulls: Nulls::Write };

fn encode_single(column: &ArrayRef, format: KeyFormat) -> (BinaryViewArray, Vec<KeyFailure>) {
    let inner = Inner::of(column.data_type());
    let bound = json::bind(column, &inner);
    let intervals = column.as_primitive_opt::<arrow_array::types::IntervalMonthDayNanoType>();
    encode_each(column.len(), |row, key| {
        match (bound.is_null(row), intervals) {
            (true, _) => return Ok(false),
            (false, Some(intervals)) if format == KeyFormat::Text => write_interval(intervals.value(row), key),
            _ => bound.write(row, STYLE, key).map_err(|unwritable| unwritable.reason())?,
        }
        Ok(true)
    })
}

fn encode_arrays(columns: &[ArrayRef]) -> (BinaryViewArray, Vec<KeyFailure>) {
    let inner: Vec<Inner> = columns.iter().map(|column| Inner::of(column.data_type())).collect();
    let bound: Vec<Bound> = columns.iter().zip(&inner).map(|(column, inner)| json::bind(column, inner)).collect();
    encode_each(columns.first().map_or(0, |column| column.len()), |row, key| {
        key.push(b'[');
        for (place, column) in bound.iter().enumerate() {
            if place > 0 {
                key.push(b',');
            }
            match column.is_null(row) {
                true => key.extend_from_slice(b"null"),
                false => column.write(row, STYLE, key).map_err(|unwritable| unwritable.reason())?,
            }
        }
        key.push(b']');
        Ok(true)
    })
}

/// `write` adds the key of a row to an empty buffer, or says that there is none, or why it cannot.
fn encode_each(
    rows: usize,
    mut write: impl FnMut(usize, &mut Vec<u8>) -> Result<bool, String>,
) -> (BinaryViewArray, Vec<KeyFailure>) {
    let (mut keys, mut failures, mut key) = (BytesBuilder::new(), Vec::new(), Vec::new());
    for row in 0..rows {
        key.clear();
        match write(row, &mut key) {
            Ok(has_key) => keys.push(has_key.then_some(&key)),
            Err(reason) => {
                failures.push(KeyFailure { row, reason: format!("key: {reason}") });
                keys.push(None);
            }
        }
    }
    (keys.finish(), failures)
}

#[cfg(test)]
mod tests {
    use arrow_array::{BooleanArray, Float64Array, StringViewArray};

    use super::*;

    fn reasons(failures: Vec<KeyFailure>) -> Vec<String> {
        failures.into_iter().map(|failure| format!("{}: {}", failure.row, failure.reason)).collect()
    }

    #[test]
    fn keys_are_read_as_their_format_says() {
        let keys = bytes_column([
            Some(&b"\0\0\0\x07"[..]),
            None,
            Some(b"\xff\xff\xff\xff\xff\xff\xff\xfe"),
            Some(b"{\"a\":1}"),
        ]);
        let (column, failures) = decode_keys(&keys, KeyFormat::Int32);
        assert_eq!(column.as_primitive::<Int64Type>(), &Int64Array::from(vec![Some(7), None, None, None]));
        assert_eq!(reasons(failures), ["2: key: int32 is 4 bytes, found 8", "3: key: int32 is 4 bytes, found 7"]);
        let (column, failures) = decode_keys(&keys, KeyFormat::Int64);
        assert_eq!(column.as_primitive::<Int64Type>(), &Int64Array::from(vec![None, None, Some(-2), None]));
        assert_eq!(failures.len(), 2);
        let (column, failures) = decode_keys(&keys, KeyFormat::Json);
        assert_eq!(column.as_string_view(), &StringViewArray::from(vec![None, None, None, Some("{\"a\":1}")]));
        assert_eq!(failures[0].reason, "key: expected a value, found `\\0` (at byte 0)");
        let (column, failures) = decode_keys(&keys, KeyFormat::Text);
        assert_eq!(
            column.as_string_view(),
            &StringViewArray::from(vec![Some("\0\0\0\u{7}"), None, None, Some("{\"a\":1}")])
        );
        assert_eq!(failures.len(), 1);
        assert_eq!(decode_keys(&keys, KeyFormat::Bytes).0.as_binary_view(), &keys);
    }

    #[test]
    fn every_format_has_the_type_of_its_column() {
        for format in [KeyFormat::Text, KeyFormat::Bytes, KeyFormat::Json, KeyFormat::Int32, KeyFormat::Int64] {
            assert_eq!(decode_keys(&bytes_column([]), format).0.data_type(), &format.data_type().to_arrow());
        }
    }

    #[test]
    fn keys_are_written_as_their_format_says() {
        let text: ArrayRef = Arc::new(StringViewArray::from(vec![Some("a\"b"), None, Some("")]));
        let integers: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), None, Some(1 << 40)]));
        let floats: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.0), None, Some(f64::NAN)]));
        let bools: ArrayRef = Arc::new(BooleanArray::from(vec![true, false, true]));
        for (columns, format, keys, failing) in [
            (vec![&text], KeyFormat::Text, [Some(&b"a\"b"[..]), None, Some(b"")], None),
            (vec![&text], KeyFormat::Json, [Some(b"\"a\\\"b\""), None, Some(b"\"\"")], None),
            (vec![&text], KeyFormat::Bytes, [Some(b"a\"b"), None, Some(b"")], None),
            (vec![&text], KeyFormat::Int64, [None; 3], Some(0)),
            (vec![&integers], KeyFormat::Text, [Some(b"7"), None, Some(b"1099511627776")], None),
            (vec![&integers], KeyFormat::Int32, [Some(b"\0\0\0\x07"), None, None], Some(2)),
            (vec![&integers], KeyFormat::Int64, [Some(b"\0\0\0\0\0\0\0\x07"), None, Some(b"\0\0\x01\0\0\0\0\0")], None),
            (vec![&floats], KeyFormat::Text, [Some(b"1.0"), None, None], Some(2)),
            (vec![&bools], KeyFormat::Text, [Some(b"true"), Some(b"false"), Some(b"true")], None),
            (
                vec![&text, &bools],
                KeyFormat::Json,
                [Some(b"[\"a\\\"b\",true]"), Some(b"[null,false]"), Some(b"[\"\",true]")],
                None,
            ),
            (vec![&text, &bools], KeyFormat::Int32, [None; 3], Some(0)),
        ] {
            let columns: Vec<ArrayRef> = columns.into_iter().cloned().collect();
            let (written, failures) = encode_keys(&columns, format);
            assert_eq!(written, bytes_column(keys), "{format:?}");
            assert_eq!(failures.first().map(|failure| failure.row), failing, "{format:?}");
        }
    }
}
