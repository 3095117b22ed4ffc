//! Kernels: columns in, a column out, and the rows that failed. They know of Arrow and of nothing else here. Numeric
//! ones run over whole columns and look for failing rows only when some row failed.

pub(super) mod arithmetic;
pub(super) mod cast;
pub(super) mod compare;
pub(super) mod decimal;
pub(super) mod like;
pub(super) mod rows;
pub(super) mod temporal;
pub(super) mod text;

use std::borrow::Cow;
use std::cell::RefCell;

use arrow_array::{Array, ArrayRef, Datum};
use arrow_buffer::NullBuffer;

/// Why a row failed.
pub(super) type Reason = Cow<'static, str>;

/// A column, or one value that stands for every row.
#[derive(Debug, Clone)]
pub(super) struct Value {
    pub(super) array: ArrayRef,
    pub(super) is_scalar: bool,
}

impl Value {
    /// One value per row.
    pub(super) fn each(array: ArrayRef) -> Value {
        Value { array, is_scalar: false }
    }

    /// An array of one row that stands for all.
    pub(super) fn same(array: ArrayRef) -> Value {
        Value { array, is_scalar: true }
    }

    /// The row of the array that holds a row's value.
    pub(super) fn at(&self, row: usize) -> usize {
        if self.is_scalar { 0 } else { row }
    }

    /// Whether a row is null.
    pub(super) fn is_null(&self, row: usize) -> bool {
        self.array.is_null(self.at(row))
    }
}

impl Datum for Value {
    fn get(&self) -> (&dyn Array, bool) {
        (self.array.as_ref(), self.is_scalar)
    }
}

/// The arguments of a call, and the rows that failed in it.
pub(super) struct Inputs {
    pub(super) rows: usize,
    pub(super) values: Vec<Value>,
    failures: RefCell<Vec<(usize, Reason)>>,
}

impl Inputs {
    /// Arguments for a number of rows.
    pub(super) fn new(rows: usize, values: Vec<Value>) -> Inputs {
        Inputs { rows, values, failures: RefCell::default() }
    }

    /// Notes that a row has no value; the kernel leaves it null.
    pub(super) fn fail(&self, row: usize, reason: impl Into<Reason>) {
        self.failures.borrow_mut().push((row, reason.into()));
    }

    /// The rows that failed so far.
    pub(super) fn into_failures(self) -> Vec<(usize, Reason)> {
        self.failures.into_inner()
    }

    /// Forgets the failures: what `TRY_CAST` does.
    pub(super) fn forgive(&self) {
        self.failures.borrow_mut().clear();
    }

    /// Nulls of the result of a strict call: null where any argument is.
    pub(super) fn nulls(&self) -> Option<NullBuffer> {
        let mut nulls = None;
        for value in &self.values {
            if value.is_scalar {
                if value.array.is_null(0) {
                    return Some(NullBuffer::new_null(self.rows));
                }
            } else {
                nulls = NullBuffer::union(nulls.as_ref(), value.array.nulls());
            }
        }
        nulls
    }
}
