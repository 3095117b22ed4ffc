//! Records as people and scripts write them.

use serde_json::Value;

use super::ValueFormat;
use crate::batch::Batch;
use crate::types::{KeyFormat, Schema};

/// The value of a row: an object of its columns, null for a tombstone.
pub fn row_value(_batch: &Batch, _row: usize) -> Value {
    Value::Null
}

/// Key bytes as a script writes them; null for none.
pub fn key_value(_key: Option<&[u8]>, _format: KeyFormat) -> Value {
    Value::Null
}

/// A header's bytes.
pub fn header_value(_value: Option<&[u8]>) -> Value {
    Value::Null
}

/// The bytes of a header of a script.
///
/// # Errors
/// A sentence that says what a header's value may be.
pub fn parse_header(_value: &Value) -> Result<Option<Vec<u8>>, String> {
    Ok(None)
}

/// The bytes of a key of a script; none for null.
///
/// # Errors
/// A sentence that says what the format takes.
pub fn parse_row_key(_value: &Value, _format: KeyFormat) -> Result<Option<Vec<u8>>, String> {
    Ok(None)
}

/// The payload of a value of a script, for a source of this format and schema; none for null, a tombstone.
///
/// # Errors
/// A sentence that says what the format takes.
pub fn parse_row_value(_value: &Value, _format: &ValueFormat, _schema: &Schema) -> Result<Option<Vec<u8>>, String> {
    Ok(None)
}
