//! What several operators do to the rows of a batch: take the columns that are wanted, leave out failed rows, turn rows
//! into tombstones.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BooleanArray};
use arrow_buffer::BooleanBuffer;
use arrow_schema::ArrowError;
use arrow_select::nullif::nullif;

use super::Reason;
use crate::batch::Batch;
pub(super) use crate::batch::{Selection, place_of};
use crate::problem::Fault;

/// Rows that failed, and why.
pub(super) type Failures = Vec<(usize, Reason)>;

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
