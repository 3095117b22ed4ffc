//! The form of JSON that loses nothing, used inside of through topics: decimals are digits in text, bytes base64, NaN
//! and ∞ text, timestamps any integer; nothing is required, since what goes in was checked before. It is read by nobody but us.

use std::sync::Arc;

use super::format::Nulls;
use super::json::{Dialect, JsonDecoder, JsonEncoder};
use super::{Decoder, Encoder, Reading, Writing};
use crate::types::Schema;

/// A decoder of what [`exact_encoder`] has written.
pub fn exact_decoder(schema: Arc<Schema>) -> Decoder {
    Decoder(Reading::Json(Box::new(JsonDecoder::new(&schema, Dialect::Exact))))
}

/// An encoder under which every value of every type comes back as it was.
pub fn exact_encoder(schema: Arc<Schema>) -> Encoder {
    Encoder(Writing::Json(Box::new(JsonEncoder::new(&schema, Dialect::Exact, Nulls::Write))))
}
