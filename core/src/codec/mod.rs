//! Codecs: the bytes of records to columns and back. A record that cannot be read or written fails alone, with a reason
//! that names the column, and never disturbs its neighbours. Knows nothing of where the bytes come from or go to.
//!
//! - [`ValueFormat`], [`value_schema`]: what the word `format` means
//! - [`BytesBuilder`]: payloads on their way in
//! - [`Decoder`], [`Encoder`]: values; `json` is where their time goes
//! - [`exact_decoder`], [`exact_encoder`]: the form that loses nothing, inside of through topics
//! - [`decode_keys`], [`encode_keys`]: keys
//! - [`decode_window_keys`], [`encode_window_keys`]: windowed keys
//! - [`row_value`] and its neighbours: records as people and scripts write them
//! - [`infer_schema`]: a schema from samples

mod exact;
mod format;
mod infer;
mod interval;
mod json;
mod key;
mod plain;
mod rows;
mod scalar;
mod views;
mod window_key;

use std::sync::Arc;

use arrow_array::{ArrayRef, BinaryViewArray};

use crate::batch::Batch;
use crate::types::Schema;

pub use exact::{exact_decoder, exact_encoder};
pub use format::{JsonOptions, Nulls, ValueFormat, value_schema};
pub use infer::{Inferred, infer_schema};
pub use key::{KeyFailure, decode_keys, encode_keys};
pub use rows::{
    column_value, header_value, key_value, parse_header, parse_row_key, parse_row_value, payload_value, row_value,
};
pub use views::{BytesBuilder, MAX_VALUE};
pub use window_key::{WindowKeyReading, WindowKeyWriting, WindowKeys, decode_window_keys, encode_window_keys};

/// Reads values into columns. It learns the shape of the records while it reads: one per lane.
#[derive(Debug)]
pub struct Decoder(Reading);

#[derive(Debug)]
enum Reading {
    Json(Box<json::JsonDecoder>),
    Text(Arc<Schema>),
    Bytes(Arc<Schema>),
}

/// What was read.
#[derive(Debug)]
pub struct Decoded {
    /// the columns of the decoder's schema, as long as the payloads; null in the rows of tombstones and of failures
    pub columns: Vec<ArrayRef>,
    /// the rows that could not be read, in order
    pub failures: Vec<DecodeFailure>,
}

/// A value that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason} (at byte {offset})")]
pub struct DecodeFailure {
    /// row in the batch
    pub row: usize,
    /// byte in the payload, from 0
    pub offset: usize,
    /// what is wrong, with the path of the column: `column account.tier: expected text, found a number`
    pub reason: String,
}

/// Writes columns as values.
#[derive(Debug)]
pub struct Encoder(Writing);

#[derive(Debug)]
enum Writing {
    Json(Box<json::JsonEncoder>),
    /// text and bytes: the column `value`
    Plain,
}

/// What was written.
#[derive(Debug)]
pub struct Encoded {
    /// a value per row; null in the rows of tombstones and of failures
    pub payload: BinaryViewArray,
    /// the rows that could not be written, in order
    pub failures: Vec<EncodeFailure>,
}

/// A row that could not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct EncodeFailure {
    /// row in the batch
    pub row: usize,
    /// what is wrong, with the path of the column: `column score: NaN has no JSON form`
    pub reason: String,
}

impl Decoder {
    /// A decoder of the columns that are wanted, which may be none: of JSON those that the schema names (a part of the
    /// columns, and of the fields of structs, is enough), of text and bytes `value`. All of a value is checked for
    /// syntax and UTF-8, types only where a column is wanted.
    pub fn new(format: &ValueFormat, schema: Arc<Schema>) -> Decoder {
        Decoder(match format {
            ValueFormat::Json(_) => Reading::Json(Box::new(json::JsonDecoder::new(&schema, json::Dialect::Plain))),
            ValueFormat::Text => Reading::Text(schema),
            ValueFormat::Bytes => Reading::Bytes(schema),
        })
    }

    /// Reads payloads; null stands for a tombstone. Long texts of the columns are views into the payloads' buffers.
    pub fn decode(&mut self, payload: &BinaryViewArray) -> Decoded {
        match &mut self.0 {
            Reading::Json(decoder) => decoder.decode(payload),
            Reading::Text(schema) => plain::decode_text(schema, payload),
            Reading::Bytes(schema) => plain::decode_bytes(schema, payload),
        }
    }
}

impl Encoder {
    /// An encoder of these columns, in this order; of text and bytes the column `value` is the value.
    pub fn new(format: &ValueFormat, schema: Arc<Schema>) -> Encoder {
        Encoder(match format {
            ValueFormat::Json(options) => {
                Writing::Json(Box::new(json::JsonEncoder::new(&schema, json::Dialect::Plain, options.nulls)))
            }
            ValueFormat::Text | ValueFormat::Bytes => Writing::Plain,
        })
    }

    /// Writes the rows of a batch; columns are found by name, and one that the batch has not got is null. A null of the
    /// formats text and bytes is written as Kafka's serializers do: as Kafka's null.
    pub fn encode(&mut self, batch: &Batch) -> Encoded {
        match &mut self.0 {
            Writing::Json(encoder) => encoder.encode(batch),
            Writing::Plain => plain::encode(batch),
        }
    }
}
