//! Keys: bytes to the column `_key` and back, as `key_format` says. Equality, grouping and partitioning use the bytes.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, BinaryViewArray};

use super::plain::utf8_of;
use super::views::value;
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

/// The column `_key`, of type [`KeyFormat::data_type`]; null where the record has no key, or one that is not of the format.
pub fn decode_keys(keys: &BinaryViewArray, _format: KeyFormat) -> (ArrayRef, Vec<KeyFailure>) {
    let bad = (0..keys.len()).filter(|&row| value(keys, row).is_some_and(|key| std::str::from_utf8(key).is_err()));
    (Arc::new(utf8_of(keys, bad)), Vec::new())
}

/// Key bytes from columns.
pub fn encode_keys(_columns: &[ArrayRef], _format: KeyFormat) -> (BinaryViewArray, Vec<KeyFailure>) {
    (crate::batch::bytes_column([]), Vec::new())
}
