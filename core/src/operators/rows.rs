//! What several operators do to the rows of a batch: take the columns that are wanted, leave out failed rows, turn rows
//! into tombstones.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_buffer::BooleanBuffer;
use arrow_schema::ArrowError;
use arrow_select::nullif::nullif;

use super::Reason;
use crate::batch::Batch;
use crate::problem::Fault;
use crate::types::{Schema, Stream};

/// The columns of a batch that go on: those of an output, found by name in the input.
#[derive(Debug)]
pub(super) struct Selection {
    schema: Arc<Schema>,
    /// `None` where all go on as they are
    places: Option<Vec<usize>>,
}

/// Rows that failed, and why.
pub(super) type Failures = Vec<(usize, Reason)>;

impl Selection {
    /// The columns of `to` out of those of `from`.
    ///
    /// # Errors
    /// A defect of ours: a column that does not come.
    pub(super) fn new(from: &Stream, to: &Stream) -> Result<Selection, Fault> {
        let schema = to.schema.clone();
        if from.schema.columns == schema.columns {
            return Ok(Selection { schema, places: None });
        }
        let places = schema.columns.iter().map(|column| place_of(&from.schema, &column.name));
        Ok(Selection { places: Some(places.collect::<Result<_, _>>()?), schema })
    }

    /// The batch with these columns.
    pub(super) fn apply(&self, mut batch: Batch) -> Batch {
        if let Some(places) = &self.places {
            batch.columns = places.iter().map(|&place| batch.columns[place].clone()).collect();
        }
        batch.schema = self.schema.clone();
        batch
    }
}

/// The place of a column that must be there.
///
/// # Errors
/// A defect of ours: it does not come.
pub(super) fn place_of(schema: &Schema, column: &str) -> Result<usize, Fault> {
    schema
        .find(column)
        .map(|(place, _)| place)
        .ok_or_else(|| Fault::ours(format!("column `{column}` was planned and does not come")))
}

/// The batch without the rows that failed.
///
/// # Errors
/// A defect of ours, see [`Batch::filter`].
pub(super) fn without(batch: Batch, failures: &[(usize, Reason)]) -> Result<Batch, Fault> {
    if failures.is_empty() {
        return Ok(batch);
    }
    let mut keep = vec![true; batch.rows];
    for (row, _) in failures {
        keep[*row] = false;
    }
    batch.filter(&BooleanArray::from(keep)).map_err(arrow_fault)
}

/// The batch where the rows that `gone` has set are tombstones, beside those that are.
///
/// # Errors
/// A defect of ours: a column that Arrow cannot put nulls in.
pub(super) fn entomb(mut batch: Batch, gone: &BooleanBuffer) -> Result<Batch, Fault> {
    if gone.count_set_bits() == 0 {
        return Ok(batch);
    }
    batch.columns = nulled(&batch.columns, gone)?;
    if let Some(payload) = &batch.payload {
        let payload = nullif(payload, &BooleanArray::new(gone.clone(), None)).map_err(arrow_fault)?;
        batch.payload = Some(payload.as_binary_view().clone());
    }
    batch.tombstones = Some(match &batch.tombstones {
        Some(known) => known | gone,
        None => gone.clone(),
    });
    Ok(batch)
}

/// The columns with nulls in these rows: what a tombstone's must be.
///
/// # Errors
/// As [`entomb`].
pub(super) fn nulled(columns: &[ArrayRef], rows: &BooleanBuffer) -> Result<Vec<ArrayRef>, Fault> {
    let rows = BooleanArray::new(rows.clone(), None);
    columns.iter().map(|column| nullif(column.as_ref(), &rows)).collect::<Result<_, _>>().map_err(arrow_fault)
}

/// What Arrow refuses on columns of our types is a defect of ours.
pub(super) fn arrow_fault(error: ArrowError) -> Fault {
    Fault::ours(error.to_string())
}

/// Key bytes of a row; `None` without a key.
pub(super) fn key_of(batch: &Batch, row: usize) -> Option<&[u8]> {
    batch.keys.is_valid(row).then(|| batch.keys.value(row))
}
