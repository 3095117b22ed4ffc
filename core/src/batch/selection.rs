//! Columns of one schema taken out of another: found by name once, for an edge or a node, then done to every batch. What
//! batches carry is thereby true by construction: exactly the columns that were planned, under exactly that schema.

use std::sync::Arc;

use super::Batch;
use crate::problem::Fault;
use crate::types::{Schema, Stream};

/// The columns that go on, out of those that come.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    from: Arc<Schema>,
    to: Arc<Schema>,
    /// `None` where all go on in the same order
    places: Option<Vec<usize>>,
}

impl Selection {
    /// The columns of `to` out of those of `from`.
    ///
    /// # Errors
    /// A defect of ours: a column that does not come.
    pub(crate) fn new(from: &Stream, to: &Stream) -> Result<Selection, Fault> {
        let (from, to) = (from.schema.clone(), to.schema.clone());
        let places: Vec<usize> =
            to.columns.iter().map(|column| place_of(&from, &column.name)).collect::<Result<_, _>>()?;
        let takes_all = places.iter().copied().eq(0..from.columns.len());
        Ok(Selection { from, to, places: (!takes_all).then_some(places) })
    }

    /// The batch with these columns.
    pub(crate) fn apply(&self, mut batch: Batch) -> Batch {
        debug_assert!(batch.carries(&self.from), "{:?} came, and not {:?}", batch.schema, self.from);
        if let Some(places) = &self.places {
            batch.columns = places.iter().map(|&place| batch.columns[place].clone()).collect();
        }
        if !Arc::ptr_eq(&batch.schema, &self.to) {
            batch.schema = self.to.clone();
        }
        batch
    }

    /// The places of the columns that go on, where they are not all.
    #[cfg(test)]
    pub(crate) fn places(&self) -> Option<&[usize]> {
        self.places.as_deref()
    }
}

/// The place of a column that must be there.
///
/// # Errors
/// A defect of ours: it does not come.
pub(crate) fn place_of(schema: &Schema, column: &str) -> Result<usize, Fault> {
    schema
        .find(column)
        .map(|(place, _)| place)
        .ok_or_else(|| Fault::ours(format!("column `{column}` was planned and does not come")))
}

#[cfg(test)]
mod tests {
    use arrow_array::cast::AsArray;
    use arrow_array::types::Int64Type;
    use arrow_array::{ArrayRef, Int64Array};

    use super::*;
    use crate::batch::{Origin, bytes_column};
    use crate::types::{Column, KeyFormat, Type};

    /// Each column is called by a letter; a capital is required.
    fn stream(letters: &str) -> Stream {
        let column = |letter: char| Column {
            required: letter.is_uppercase(),
            ..Column::nullable(letter.to_ascii_lowercase(), Type::Int64)
        };
        Stream::records(Arc::new(Schema::new(letters.chars().map(column).collect())), KeyFormat::Text)
    }

    /// A row in which each column holds its place.
    fn row(stream: &Stream) -> Batch {
        let column = |place: usize| Arc::new(Int64Array::from(vec![place as i64])) as ArrayRef;
        let columns = (0..stream.schema.columns.len()).map(column).collect();
        let bare = Batch::bare(bytes_column([None]), vec![0].into(), Origin::made_here(0, 1));
        bare.with_columns(stream.schema.clone(), columns)
    }

    #[test]
    fn columns_and_schema_go_on_together() {
        for (from, to, taken) in [
            ("abc", "abc", vec![0, 1, 2]),
            ("ABC", "abc", vec![0, 1, 2]),
            ("abc", "ab", vec![0, 1]),
            ("abc", "cab", vec![2, 0, 1]),
            ("abc", "", vec![]),
            ("", "", vec![]),
        ] {
            let (from, to) = (stream(from), stream(to));
            let batch = Selection::new(&from, &to).unwrap().apply(row(&from));
            assert!(batch.carries(&to.schema));
            let values: Vec<i64> =
                batch.columns.iter().map(|column| column.as_primitive::<Int64Type>().value(0)).collect();
            assert_eq!(values, taken);
        }
    }

    #[test]
    fn a_column_that_does_not_come_is_a_fault() {
        assert!(Selection::new(&stream("ab"), &stream("abc")).is_err());
    }

    #[test]
    #[should_panic(expected = "came, and not")]
    fn rows_of_another_schema_are_seen() {
        Selection::new(&stream("ab"), &stream("ab")).unwrap().apply(row(&stream("abc")));
    }
}
