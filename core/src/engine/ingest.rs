//! What happens to a source's records before anybody sees them: payloads become columns, keys are checked, timestamps
//! are chosen. A record that fails leaves by the source's `errors`, alone.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMillisecondType};
use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_buffer::{BooleanBuffer, ScalarBuffer};

use crate::batch::{Batch, null_columns};
use crate::codec::{
    DecodeFailure, Decoder, KeyFailure, ValueFormat, WindowKeyReading, decode_keys, decode_window_keys, exact_decoder,
};
use crate::fields::Time;
use crate::operators::{Outbox, Reason};
use crate::plan::{ThroughDecode, take_payload, unwrap_headers};
use crate::problem::Fault;
use crate::types::{KeyFormat, Schema, Stream, Type};

/// One source node on one lane.
pub(crate) struct Ingestor {
    decoding: Decoding,
    time: Time,
    key: KeyFormat,
    window_key: Option<WindowKeyReading>,
    schema: Arc<Schema>,
    keeps_payload: bool,
}

enum Decoding {
    /// the source gives columns
    Columns,
    /// payloads of one format
    Format(Decoder),
    /// what crossed a through topic: payloads as they were, or columns in the exact form
    Through { decoder: Decoder, is_payload: bool, schema: Arc<Schema> },
}

impl Ingestor {
    /// For a source that gives payloads in `format`, or columns. Without `keeps_payload` they end here.
    pub(crate) fn new(format: Option<&ValueFormat>, time: Time, stream: &Stream, keeps_payload: bool) -> Ingestor {
        let decoding = match format {
            Some(format) => Decoding::Format(Decoder::new(format, stream.schema.clone())),
            None => Decoding::Columns,
        };
        let schema = stream.schema.clone();
        Ingestor { decoding, time, key: stream.key, window_key: None, schema, keeps_payload }
    }

    /// For the reading end of a through topic.
    pub(crate) fn through(decode: &ThroughDecode, stream: &Stream, keeps_payload: bool) -> Ingestor {
        let decoding = match &decode.format {
            Some(format) => Decoding::Through {
                decoder: Decoder::new(format, stream.schema.clone()),
                is_payload: true,
                schema: stream.schema.clone(),
            },
            None => Decoding::Through {
                decoder: exact_decoder(decode.schema.clone()),
                is_payload: false,
                schema: decode.schema.clone(),
            },
        };
        let schema = stream.schema.clone();
        Ingestor { decoding, time: Time::Record, key: stream.key, window_key: None, schema, keeps_payload }
    }

    /// The same, of records whose keys are written together with their windows, if they are.
    pub(crate) fn with_window_keys(self, window_key: Option<WindowKeyReading>) -> Ingestor {
        Ingestor { window_key, ..self }
    }

    /// Rows as the source's readers see them; those that fail go to `out`.
    pub(crate) fn run(&mut self, mut batch: Batch, now_ms: i64, out: &mut Outbox) -> Result<Batch, Fault> {
        let raw = batch.clone();
        let mut failures = Vec::new();
        self.decode(&mut batch, &mut failures);
        self.take_windows(&mut batch, &mut failures);
        self.check_keys(&batch, &mut failures);
        self.choose_time(&mut batch, now_ms, &mut failures);
        if !self.keeps_payload {
            batch.payload = None;
        }
        if failures.is_empty() {
            return Ok(batch);
        }
        let mut good = vec![true; batch.rows];
        failures.iter().for_each(|(row, _)| good[*row] = false);
        out.fail_rows(&raw, failures)?;
        batch.filter(&BooleanArray::from(good)).map_err(|why| Fault::ours(why.to_string()))
    }

    fn decode(&mut self, batch: &mut Batch, failures: &mut Vec<(usize, Reason)>) {
        match &mut self.decoding {
            Decoding::Columns => {}
            Decoding::Format(decoder) => {
                let columns = decode_payload(decoder, batch, failures, &self.schema);
                batch.schema = self.schema.clone();
                batch.columns = columns;
            }
            Decoding::Through { decoder, is_payload, schema } => {
                unwrap_headers(batch);
                let mut columns = decode_payload(decoder, batch, failures, schema);
                if !*is_payload {
                    batch.payload = take_payload(schema, &mut columns);
                }
                batch.schema = self.schema.clone();
                batch.columns = columns;
            }
        }
    }

    fn take_windows(&self, batch: &mut Batch, failures: &mut Vec<(usize, Reason)>) {
        let Some(reading) = self.window_key else { return };
        let taken = decode_window_keys(&batch.keys, self.key, reading);
        failures.extend(taken.failures.into_iter().map(|KeyFailure { row, reason }| (row, Reason::new(reason))));
        batch.keys = taken.keys;
        batch.windows = Some(taken.windows);
    }

    fn check_keys(&self, batch: &Batch, failures: &mut Vec<(usize, Reason)>) {
        if self.key == KeyFormat::Bytes || batch.keys.null_count() == batch.rows {
            return;
        }
        let (_, bad) = decode_keys(&batch.keys, self.key);
        failures.extend(bad.into_iter().map(|failure| (failure.row, Reason::new(format!("key: {}", failure.reason)))));
    }

    fn choose_time(&self, batch: &mut Batch, now_ms: i64, failures: &mut Vec<(usize, Reason)>) {
        match &self.time {
            Time::Record => {
                for (row, &time) in batch.timestamps.iter().enumerate().filter(|&(_, &time)| time < 0) {
                    failures.push((row, Reason::new(format!("its timestamp is {time}, which is no time"))));
                }
            }
            Time::Processing => batch.timestamps = vec![now_ms; batch.rows].into(),
            Time::Column(name) => {
                if let Some((place, column)) = batch.schema.find(name.as_str()) {
                    let (times, bad) = times_of(&batch.columns[place], &column.data, batch);
                    batch.timestamps = times;
                    failures.extend(bad.into_iter().map(|row| {
                        let reason = format!("its time, column `{}`, is null or negative", name.as_str());
                        (row, Reason::new(reason))
                    }));
                }
            }
        }
    }
}

/// Columns of the payloads; a tombstone's are null and its bit is set.
fn decode_payload(
    decoder: &mut Decoder,
    batch: &mut Batch,
    failures: &mut Vec<(usize, Reason)>,
    schema: &Schema,
) -> Vec<ArrayRef> {
    let Some(payload) = &batch.payload else {
        batch.tombstones = Some(BooleanBuffer::new_set(batch.rows));
        return null_columns(schema, batch.rows);
    };
    if batch.tombstones.is_none() && payload.null_count() > 0 {
        batch.tombstones = payload.nulls().map(|nulls| !nulls.inner());
    }
    let decoded = decoder.decode(payload);
    failures.extend(decoded.failures.into_iter().map(|DecodeFailure { row, offset, reason }| {
        (row, Reason { reason, field: None, span: Some(offset..offset + 1) })
    }));
    decoded.columns
}

fn times_of(column: &ArrayRef, data: &Type, batch: &Batch) -> (ScalarBuffer<i64>, Vec<usize>) {
    let values = match data {
        Type::Timestamp => column.as_primitive::<TimestampMillisecondType>().values(),
        _ => match column.as_primitive_opt::<Int64Type>() {
            Some(column) => column.values(),
            None => return (batch.timestamps.clone(), (0..batch.rows).collect()),
        },
    };
    // A tombstone has no columns: it keeps the time that it carries.
    let times: Vec<i64> = (0..batch.rows)
        .map(|row| match (batch.is_tombstone(row), column.is_null(row)) {
            (true, _) => batch.timestamps[row],
            (false, true) => -1,
            (false, false) => values[row],
        })
        .collect();
    let bad = (0..batch.rows).filter(|&row| times[row] < 0).collect();
    (times.into(), bad)
}
