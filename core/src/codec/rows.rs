//! Records as people and scripts write them, in JSON: what the test driver reads and writes, and taps show. Bytes that
//! are no text stand as `{"base64": …}`, NaN and ∞ as text, a decimal of more digits than a JSON number keeps as text too.

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Float64Type, Int64Type, IntervalMonthDayNanoType, TimestampMillisecondType};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use serde_json::{Map, Number, Value};

use super::format::ValueFormat;
use super::interval::write_interval;
use super::json;
use super::scalar::{base64_of, decimal_of, write_base64, write_decimal};
use crate::batch::Batch;
use crate::types::{Column, KeyFormat, Schema, Type};

/// The digits that a JSON number keeps in every reader, also in one that makes a float64 of it.
const SAFE_DIGITS: usize = 15;

/// The value of a row: an object of its columns in order, null for a tombstone.
pub fn row_value(batch: &Batch, row: usize) -> Value {
    if batch.is_tombstone(row) {
        return Value::Null;
    }
    let columns = batch.schema.columns.iter().zip(&batch.columns);
    Value::Object(columns.map(|(column, array)| (column.name.clone(), column_value(array, row))).collect())
}

/// The value of a row by its payload: what a program that reads the topic would see.
pub fn payload_value(batch: &Batch, row: usize, format: &ValueFormat) -> Value {
    let Some(bytes) = batch.payload.as_ref().filter(|payload| payload.is_valid(row)).map(|payload| payload.value(row))
    else {
        return Value::Null;
    };
    match format {
        ValueFormat::Json(_) => serde_json::from_slice(bytes).unwrap_or_else(|_| header_value(Some(bytes))),
        _ => header_value(Some(bytes)),
    }
}

/// One value of a column, as [`row_value`] writes it.
pub fn column_value(array: &ArrayRef, row: usize) -> Value {
    if array.is_null(row) {
        return Value::Null;
    }
    let timestamp = || array.as_primitive_opt::<TimestampMillisecondType>();
    let interval = || array.as_primitive_opt::<IntervalMonthDayNanoType>();
    match array.data_type() {
        DataType::Boolean => array.as_boolean().value(row).into(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(row).into(),
        DataType::Float64 => float_value(array.as_primitive::<Float64Type>().value(row)),
        DataType::Decimal128(_, scale) => {
            decimal_value(array.as_primitive::<Decimal128Type>().value(row), scale.unsigned_abs())
        }
        DataType::Utf8View => array.as_string_view().value(row).into(),
        DataType::BinaryView => bytes_value(array.as_binary_view().value(row)),
        DataType::Timestamp(..) => timestamp().map_or(Value::Null, |millis| millis.value(row).into()),
        DataType::Interval(_) => {
            interval().map_or(Value::Null, |all| written(|out| write_interval(all.value(row), out)).into())
        }
        DataType::List(_) => {
            let items = array.as_list::<i32>().value(row);
            (0..items.len()).map(|item| column_value(&items, item)).collect()
        }
        DataType::Struct(fields) => {
            let columns = fields.iter().zip(array.as_struct().columns());
            Value::Object(columns.map(|(field, column)| (field.name().clone(), column_value(column, row))).collect())
        }
        _ => Value::Null,
    }
}

fn float_value(value: f64) -> Value {
    let word = || {
        if value.is_nan() {
            "NaN"
        } else if value > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
    };
    Number::from_f64(value).map_or_else(|| word().into(), Value::Number)
}

fn decimal_value(value: i128, scale: u8) -> Value {
    let digits = written(|out| write_decimal(value, scale, out));
    let is_safe = digits.bytes().filter(u8::is_ascii_digit).count() <= SAFE_DIGITS;
    match (is_safe, i64::try_from(value)) {
        (_, Ok(integer)) if scale == 0 => integer.into(),
        (true, _) => digits.parse().map_or(Value::Null, float_value),
        (false, _) => digits.into(),
    }
}

fn bytes_value(bytes: &[u8]) -> Value {
    serde_json::json!({ "base64": written(|out| write_base64(bytes, out)) })
}

/// What an ASCII writer writes.
fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// A key: text, integer or JSON document as the format says; bytes, and what is not of the format, as `{"base64": …}`.
pub fn key_value(key: Option<&[u8]>, format: KeyFormat) -> Value {
    let Some(key) = key else { return Value::Null };
    let of_format = match format {
        KeyFormat::Text => std::str::from_utf8(key).ok().map(Value::from),
        KeyFormat::Bytes => None,
        KeyFormat::Int32 => key.try_into().ok().map(|key| i32::from_be_bytes(key).into()),
        KeyFormat::Int64 => key.try_into().ok().map(|key| i64::from_be_bytes(key).into()),
        // A document that would be taken for no key, or for bytes, stands as its bytes.
        KeyFormat::Json => {
            serde_json::from_slice(key).ok().filter(|value: &Value| !value.is_null() && raw_bytes(value).is_none())
        }
    };
    of_format.unwrap_or_else(|| bytes_value(key))
}

/// A header's value: text, or bytes as `{"base64": …}`, or null.
pub fn header_value(value: Option<&[u8]>) -> Value {
    key_value(value, KeyFormat::Text)
}

/// The bytes of a header's value in a script; none for null.
///
/// # Errors
/// A sentence that says what a header's value may be.
pub fn parse_header(value: &Value) -> Result<Option<Vec<u8>>, String> {
    parse_text(value, "a header's value is text, {\"base64\": …} or null")
}

/// The bytes of a key in a script; none for null, which is no key. `{"base64": …}` gives any bytes, under every format.
///
/// # Errors
/// A sentence that says what the format takes.
pub fn parse_row_key(value: &Value, format: KeyFormat) -> Result<Option<Vec<u8>>, String> {
    let integer = |bits: u32| {
        let range = 1i128 << (bits - 1);
        let value = value.as_i64().filter(|&value| (-range..range).contains(&i128::from(value)));
        value.ok_or_else(|| format!("a key of format int{bits} is an integer in its range, {{\"base64\": …}} or null"))
    };
    match format {
        KeyFormat::Text => parse_text(value, "a key of format text is text, {\"base64\": …} or null"),
        KeyFormat::Bytes => parse_text(value, "a key of format bytes is {\"base64\": …}, text or null"),
        _ if value.is_null() => Ok(None),
        _ if raw_bytes(value).is_some() => Ok(raw_bytes(value)),
        KeyFormat::Json => serde_json::to_vec(value).map(Some).map_err(|why| why.to_string()),
        // The range has been checked.
        KeyFormat::Int32 => Ok(Some((integer(32)? as i32).to_be_bytes().to_vec())),
        KeyFormat::Int64 => Ok(Some(integer(64)?.to_be_bytes().to_vec())),
    }
}

fn parse_text(value: &Value, expected: &str) -> Result<Option<Vec<u8>>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone().into_bytes())),
        other => raw_bytes(other).map(Some).ok_or_else(|| format!("{expected}, not {other}")),
    }
}

/// The bytes of `{"base64": …}`.
fn raw_bytes(value: &Value) -> Option<Vec<u8>> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    base64_of(map.get("base64")?.as_str()?.as_bytes())
}

/// The payload of a value in a script, for a source of this format and schema; none for null, which is a tombstone.
/// `{"base64": …}` alone gives any bytes (unless it is a column of the schema). Of JSON, the columns are written as
/// [`row_value`] writes them; what else there is stays as it is.
///
/// # Errors
/// A sentence that says what the format takes.
pub fn parse_row_value(value: &Value, format: &ValueFormat, schema: &Schema) -> Result<Option<Vec<u8>>, String> {
    if value.is_null() {
        return Ok(None);
    }
    if schema.find("base64").is_none()
        && let Some(bytes) = raw_bytes(value)
    {
        return Ok(Some(bytes));
    }
    match format {
        ValueFormat::Json(_) => {
            let mut payload = Vec::new();
            match value {
                Value::Object(fields) => write_fields(fields, &schema.columns, &mut payload),
                other => write_plain(other, &mut payload),
            }
            Ok(Some(payload))
        }
        ValueFormat::Text | ValueFormat::Bytes => {
            let expected = format!("a value of format {format} is text, {{\"base64\": …}}, {{\"value\": …}} or null");
            match value.as_object().filter(|map| map.len() == 1).and_then(|map| map.get("value")) {
                Some(inner) => parse_text(inner, &expected),
                None => parse_text(value, &expected),
            }
        }
    }
}

fn write_fields(fields: &Map<String, Value>, columns: &[Column], out: &mut Vec<u8>) {
    out.push(b'{');
    for (place, (name, value)) in fields.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        json::write_text(name.as_bytes(), out);
        out.push(b':');
        write_column(value, columns.iter().find(|column| column.name == *name).map(|column| &column.data), out);
    }
    out.push(b'}');
}

/// Writes the value of a column in the form that decoders read.
fn write_column(value: &Value, data: Option<&Type>, out: &mut Vec<u8>) {
    match (data, value) {
        (Some(Type::Bytes), value) if raw_bytes(value).is_some() => write_plain(&value["base64"], out),
        (Some(&Type::Decimal { precision, scale }), Value::String(digits))
            if decimal_of(digits.as_bytes(), precision, scale).is_ok()
                && json::check(digits.as_bytes(), &mut Vec::new()).is_ok() =>
        {
            out.extend_from_slice(digits.as_bytes());
        }
        (Some(Type::Struct(columns)), Value::Object(fields)) => write_fields(fields, columns, out),
        (Some(Type::List(slot)), Value::Array(items)) => {
            out.push(b'[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                write_column(item, Some(&slot.data), out);
            }
            out.push(b']');
        }
        (_, other) => write_plain(other, out),
    }
}

fn write_plain(value: &Value, out: &mut Vec<u8>) {
    out.extend_from_slice(value.to_string().as_bytes());
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::batch::{Origin, bytes_column};
    use crate::codec::Decoder;

    fn schema() -> Schema {
        Schema::from_notation(&json!({
            "n": "int64", "f": "float64", "d": "decimal(38,2)", "t": "text", "b": "bytes", "at": "timestamp",
            "i": "interval", "l": { "list": "bytes" }, "s": { "struct": { "x": "decimal(4,1)", "o": "bool" } }
        }))
        .unwrap()
    }

    fn round_trip(row: &Value) -> Value {
        let schema = Arc::new(schema());
        let payload = parse_row_value(row, &ValueFormat::default(), &schema).unwrap();
        let decoded = Decoder::new(&ValueFormat::default(), schema.clone()).decode(&bytes_column([payload.as_deref()]));
        assert_eq!(decoded.failures, []);
        let mut batch = Batch::bare(bytes_column([None]), vec![0].into(), Origin::made_here(0, 1));
        batch.tombstones = payload.is_none().then(|| vec![true].into());
        row_value(&batch.with_columns(schema, decoded.columns), 0)
    }

    #[test]
    fn rows_come_back_as_they_were_written() {
        for row in [
            json!({ "n": 1, "f": 1.5, "d": 12.25, "t": "ä\"\n", "b": { "base64": "AP8=" }, "at": 1700000000000i64, "i": "P1DT0.5S",
                    "l": [{ "base64": "" }, null], "s": { "x": 0.5, "o": true } }),
            json!({ "n": i64::MIN, "f": 1e300, "d": "123456789012345678901234567890123456.78", "t": "", "b": null, "at": 0, "i": null,
                    "l": [], "s": null }),
            json!(null),
        ] {
            assert_eq!(round_trip(&row), row);
        }
    }

    #[test]
    fn keys_and_headers_come_back_as_they_were_written() {
        for (format, value, bytes) in [
            (KeyFormat::Text, json!("a"), Some(&b"a"[..])),
            (KeyFormat::Text, json!({ "base64": "/w==" }), Some(b"\xff")),
            (KeyFormat::Text, json!(null), None),
            (KeyFormat::Bytes, json!({ "base64": "YQ==" }), Some(b"a")),
            (KeyFormat::Json, json!(["a", 1, null]), Some(b"[\"a\",1,null]")),
            (KeyFormat::Json, json!({ "base64": "bnVsbA==" }), Some(b"null")),
            (KeyFormat::Json, json!({ "base64": "ew==" }), Some(b"{")),
            (KeyFormat::Int32, json!(-2), Some(b"\xff\xff\xff\xfe")),
            (KeyFormat::Int64, json!(258), Some(b"\0\0\0\0\0\0\x01\x02")),
            (KeyFormat::Int64, json!({ "base64": "AAA=" }), Some(b"\0\0")),
        ] {
            assert_eq!(parse_row_key(&value, format).unwrap().as_deref(), bytes);
            assert_eq!(key_value(bytes, format), value);
        }
        for (format, value) in [
            (KeyFormat::Text, json!(1)),
            (KeyFormat::Bytes, json!({ "base64": "*" })),
            (KeyFormat::Int32, json!(1i64 << 31)),
            (KeyFormat::Int64, json!(1.0)),
        ] {
            assert!(parse_row_key(&value, format).is_err(), "{value}");
        }
        assert_eq!(parse_header(&json!("x")).unwrap(), Some(b"x".to_vec()));
        assert_eq!(header_value(Some(b"\xff")), json!({ "base64": "/w==" }));
        assert!(parse_header(&json!(1)).is_err());
    }

    #[test]
    fn values_of_text_and_bytes_and_broken_ones() {
        for (format, value, payload) in [
            (ValueFormat::Text, json!("a"), &b"a"[..]),
            (ValueFormat::Text, json!({ "value": "a" }), b"a"),
            (ValueFormat::Bytes, json!({ "value": { "base64": "/w==" } }), b"\xff"),
            (ValueFormat::Bytes, json!({ "base64": "/w==" }), b"\xff"),
            (ValueFormat::default(), json!({ "base64": "ew==" }), b"{"),
            (ValueFormat::default(), json!([1, { "a": 2 }]), b"[1,{\"a\":2}]"),
        ] {
            assert_eq!(parse_row_value(&value, &format, &schema()).unwrap().as_deref(), Some(payload));
        }
        assert!(parse_row_value(&json!(5), &ValueFormat::Text, &schema()).is_err());
    }
}
