//! The JSON codec: its edges case by case, and its laws on random documents and random columns.

mod columns;
mod documents;
mod edges;

use std::sync::Arc;

use arrow_array::ArrayRef;
use serde_json::Value;

use crate::batch::{Batch, Origin, bytes_column};
use crate::codec::{Decoded, Decoder, ValueFormat, row_value};
use crate::types::Schema;

fn schema(notation: Value) -> Arc<Schema> {
    Arc::new(Schema::from_notation(&notation).unwrap())
}

fn decoder(schema: &Arc<Schema>) -> Decoder {
    Decoder::new(&ValueFormat::default(), schema.clone())
}

fn batch_of(schema: &Arc<Schema>, columns: Vec<ArrayRef>, rows: usize) -> Batch {
    let bare = Batch::bare(bytes_column((0..rows).map(|_| None)), vec![0; rows].into(), Origin::made_here(0, rows));
    bare.with_columns(schema.clone(), columns)
}

/// Each payload as the row that it becomes, or as the reason of its failure.
fn read(schema: &Arc<Schema>, payloads: &[&[u8]]) -> Vec<Result<Value, String>> {
    let Decoded { columns, failures } =
        decoder(schema).decode(&bytes_column(payloads.iter().map(|payload| Some(*payload))));
    let batch = batch_of(schema, columns, payloads.len());
    let mut rows: Vec<_> = (0..payloads.len()).map(|row| Ok(row_value(&batch, row))).collect();
    for failure in failures {
        assert!(failure.offset <= payloads[failure.row].len());
        rows[failure.row] = Err(failure.to_string());
    }
    rows
}

fn check(notation: Value, cases: &[(&str, Result<Value, &str>)]) {
    let payloads: Vec<&[u8]> = cases.iter().map(|(payload, _)| payload.as_bytes()).collect();
    for ((payload, expected), row) in cases.iter().zip(read(&schema(notation), &payloads)) {
        assert_eq!(row, expected.clone().map_err(String::from), "{payload}");
    }
}
