//! The formats text and bytes: the value is the column `value`, and the column shares the payloads' buffers.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BinaryViewArray, StringViewArray, new_null_array};
use arrow_buffer::NullBuffer;
use arrow_schema::DataType;

use super::views::value;
use super::{DecodeFailure, Decoded, EncodeFailure, Encoded};
use crate::batch::{Batch, bytes_column};
use crate::types::{Schema, Type};

pub(super) fn decode_text(schema: &Schema, payload: &BinaryViewArray) -> Decoded {
    let mut failures = Vec::new();
    for row in 0..payload.len() {
        if let Some(Err(why)) = value(payload, row).map(std::str::from_utf8) {
            failures.push(DecodeFailure { row, offset: why.valid_up_to(), reason: "invalid UTF-8".into() });
        }
    }
    let text = || Arc::new(utf8_of(payload, failures.iter().map(|failure| failure.row))) as ArrayRef;
    Decoded { columns: columns_of(schema, payload.len(), &Type::Text, text), failures }
}

pub(super) fn decode_bytes(schema: &Schema, payload: &BinaryViewArray) -> Decoded {
    let bytes = || Arc::new(payload.clone()) as ArrayRef;
    Decoded { columns: columns_of(schema, payload.len(), &Type::Bytes, bytes), failures: Vec::new() }
}

/// `value` where the schema names it; any other column has nothing to come from.
fn columns_of(schema: &Schema, rows: usize, data: &Type, value: impl Fn() -> ArrayRef) -> Vec<ArrayRef> {
    let column = |name: &str, wanted: &Type| match name == "value" && wanted == data {
        true => value(),
        false => new_null_array(&wanted.to_arrow(), rows),
    };
    schema.columns.iter().map(|wanted| column(&wanted.name, &wanted.data)).collect()
}

/// The same bytes as text. `bad` are the rows, in order, that are not UTF-8, all of them; they become null.
pub(super) fn utf8_of(bytes: &BinaryViewArray, bad: impl Iterator<Item = usize>) -> StringViewArray {
    let (mut views, buffers, mut nulls) = bytes.clone().into_parts();
    let mut bad = bad.peekable();
    if bad.peek().is_some() || nulls.is_some() {
        let mut valid: Vec<bool> = (0..bytes.len()).map(|row| bytes.is_valid(row)).collect();
        bad.for_each(|row| valid[row] = false);
        // A null row may hold bytes that nobody has checked.
        views = views.iter().zip(&valid).map(|(&view, &valid)| if valid { view } else { 0 }).collect();
        nulls = Some(NullBuffer::from(valid));
    }
    // SAFETY: views and buffers are those of a valid column of bytes, all of its rows are UTF-8 but the null and the
    // bad ones, and the view of those is that of the empty text.
    unsafe { StringViewArray::new_unchecked(views, buffers, nulls) }
}

/// The column `value`, of text or bytes, as it is.
pub(super) fn encode(batch: &Batch) -> Encoded {
    let column = batch.schema.find("value").and_then(|(place, _)| batch.columns.get(place));
    let bytes = match column.map(|column| (column, column.data_type())) {
        Some((column, DataType::BinaryView)) => column.as_binary_view().clone(),
        Some((column, DataType::Utf8View)) => column.as_string_view().clone().to_binary_view(),
        _ => return refuse_all(batch),
    };
    if batch.tombstones.is_none() {
        return Encoded { payload: bytes, failures: Vec::new() };
    }
    let (views, buffers, _) = bytes.clone().into_parts();
    let valid: Vec<bool> = (0..batch.rows).map(|row| bytes.is_valid(row) && !batch.is_tombstone(row)).collect();
    let views = views.iter().zip(&valid).map(|(&view, &valid)| if valid { view } else { 0 }).collect();
    // SAFETY: the views are those of a valid column of bytes, or that of the empty value.
    let payload = unsafe { BinaryViewArray::new_unchecked(views, buffers, Some(NullBuffer::from(valid))) };
    Encoded { payload, failures: Vec::new() }
}

fn refuse_all(batch: &Batch) -> Encoded {
    let reason = "column value: text or bytes expected, as this format writes one column of that name";
    let rows = (0..batch.rows).filter(|&row| !batch.is_tombstone(row));
    Encoded {
        payload: bytes_column((0..batch.rows).map(|_| None)),
        failures: rows.map(|row| EncodeFailure { row, reason: reason.into() }).collect(),
    }
}
