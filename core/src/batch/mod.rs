//! Records in columns. A batch is the columns of its values and, per record, what Kafka knows of it: key, timestamp,
//! headers, where it comes from, and whether it is a tombstone. All of it is shared on clone; filtering copies no text.

use std::sync::{Arc, LazyLock};

use arrow_array::builder::BinaryViewBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::ByteViewType;
use arrow_array::{
    Array, ArrayRef, BinaryViewArray, BooleanArray, GenericByteViewArray, StructArray, UInt32Array, new_null_array,
};
use arrow_buffer::{BooleanBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType};
use bytes::Bytes;

use crate::problem::RecordPlace;
use crate::types::Schema;

mod selection;

pub(crate) use selection::{Selection, place_of};

/// The most records that one batch holds.
pub const MAX_ROWS: usize = 512;

/// Bits of an ordinal below the row's number: the edges taken at forks whose branches meet again.
pub const ORDINAL_SHIFT: u32 = 32;

/// The headers of one record: names, and bytes or null.
pub type Headers = Vec<(String, Option<Bytes>)>;

/// A value per row, stored once where all rows have the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PerRow<T> {
    /// every row has this one
    Same(T),
    /// row by row
    Each(Arc<[T]>),
}

/// Where a record stands in the log: what `_topic`, `_partition` and `_offset` say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// topic, or the name of a file; empty where a record was made here
    pub topic: PerRow<Arc<str>>,
    /// partition
    pub partition: PerRow<i32>,
    /// offset, or line
    pub offset: ScalarBuffer<i64>,
}

/// What the reading task has to commit to be past a record: the reading's slot and the record's offset in it.
/// Kept apart from [`Origin`], since a through topic is read at other offsets than its records tell of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// number of the reading (one per topic and partition of a run)
    pub slot: PerRow<u32>,
    /// offset in that reading
    pub offset: ScalarBuffer<i64>,
}

/// Start and end of a windowed key, in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windows {
    /// inclusive
    pub start: ScalarBuffer<i64>,
    /// as the kind of window means it
    pub end: ScalarBuffer<i64>,
}

/// Up to [`MAX_ROWS`] records of one edge. Every part has `rows` entries.
#[derive(Debug, Clone)]
pub struct Batch {
    /// number of records
    pub rows: usize,
    /// names and types of `columns`
    pub schema: Arc<Schema>,
    /// the value, by columns: those of `schema`, one by one; all null in the rows of tombstones
    pub columns: Vec<ArrayRef>,
    /// key bytes; null where the record has no key
    pub keys: BinaryViewArray,
    /// `_timestamp`, in milliseconds
    pub timestamps: ScalarBuffer<i64>,
    /// headers, where any record has some
    pub headers: Option<Arc<[Headers]>>,
    /// where the records come from
    pub origin: Origin,
    /// what to commit to be past them
    pub position: Position,
    /// rows whose value is Kafka's null, apart from rows of nulls; none set is `None`
    pub tombstones: Option<BooleanBuffer>,
    /// the value's bytes as they were read; only there where somebody downstream wants them
    pub payload: Option<BinaryViewArray>,
    /// windows of the keys, on a windowed stream
    pub windows: Option<Windows>,
    /// keys as a topic gets them, where those are not `keys`: together with their windows; only there behind a sink
    pub written_keys: Option<BinaryViewArray>,
    /// order among the rows that one input batch became: the row's number in it, shifted by [`ORDINAL_SHIFT`], below it
    /// the way that it took; a fan-in sorts by it
    pub ordinals: ScalarBuffer<u64>,
}

impl<T: Clone + PartialEq> PerRow<T> {
    /// The value of a row.
    pub fn get(&self, row: usize) -> &T {
        match self {
            PerRow::Same(value) => value,
            PerRow::Each(values) => &values[row],
        }
    }

    /// One value per row, kept once where they are all the same.
    pub fn from_rows(values: Vec<T>) -> PerRow<T> {
        match values.split_first() {
            Some((first, rest)) if rest.iter().all(|value| value == first) => PerRow::Same(first.clone()),
            _ => PerRow::Each(values.into()),
        }
    }

    fn take(&self, rows: &[u32]) -> PerRow<T> {
        match self {
            PerRow::Same(value) => PerRow::Same(value.clone()),
            PerRow::Each(values) => PerRow::Each(rows.iter().map(|&row| values[row as usize].clone()).collect()),
        }
    }

    fn slice(&self, start: usize, rows: usize) -> PerRow<T> {
        match self {
            PerRow::Same(value) => PerRow::Same(value.clone()),
            PerRow::Each(values) => PerRow::Each(values[start..start + rows].into()),
        }
    }

    /// The picked rows of several columns: `picks` are (which column, row).
    fn interleave(parts: &[&PerRow<T>], picks: &[(usize, usize)]) -> PerRow<T> {
        if let Some(PerRow::Same(first)) = parts.first()
            && parts.iter().all(|part| matches!(part, PerRow::Same(value) if value == first))
        {
            return PerRow::Same(first.clone());
        }
        PerRow::Each(picks.iter().map(|&(part, row)| parts[part].get(row).clone()).collect())
    }
}

impl Origin {
    /// The origin of records that were made here: no topic, partition 0, offsets counted from `first`.
    pub fn made_here(first: i64, rows: usize) -> Origin {
        Origin {
            topic: PerRow::Same("".into()),
            partition: PerRow::Same(0),
            offset: (first..first + rows as i64).collect::<Vec<_>>().into(),
        }
    }
}

impl Batch {
    /// Records with keys, timestamps and origin, and no columns yet; positions are slot 0 at the origin's offsets.
    pub fn bare(keys: BinaryViewArray, timestamps: ScalarBuffer<i64>, origin: Origin) -> Batch {
        let rows = keys.len();
        Batch {
            rows,
            schema: Arc::default(),
            columns: Vec::new(),
            keys,
            timestamps,
            headers: None,
            position: Position { slot: PerRow::Same(0), offset: origin.offset.clone() },
            origin,
            tombstones: None,
            payload: None,
            windows: None,
            written_keys: None,
            ordinals: fresh_ordinals(rows),
        }
    }

    /// The same records with other columns: those of the schema, one by one.
    pub fn with_columns(mut self, schema: Arc<Schema>, columns: Vec<ArrayRef>) -> Batch {
        self.schema = schema;
        self.columns = columns;
        debug_assert!(self.carries(&self.schema), "columns that are not those of {:?}", self.schema);
        self
    }

    /// Whether the batch has exactly the columns of a schema: as many, of its types, each as long as the batch.
    pub fn carries(&self, schema: &Arc<Schema>) -> bool {
        (Arc::ptr_eq(&self.schema, schema) || self.schema == *schema)
            && self.columns.len() == schema.columns.len()
            && self
                .columns
                .iter()
                .zip(&schema.columns)
                .all(|(column, declared)| column.len() == self.rows && *column.data_type() == declared.data.to_arrow())
    }

    /// The keys that a topic gets. Partitions are chosen by `keys`.
    pub fn keys_to_write(&self) -> &BinaryViewArray {
        self.written_keys.as_ref().unwrap_or(&self.keys)
    }

    /// Whether a record's value is Kafka's null.
    pub fn is_tombstone(&self, row: usize) -> bool {
        self.tombstones.as_ref().is_some_and(|bits| bits.value(row))
    }

    /// Where a record stands in the log.
    pub fn place(&self, row: usize) -> RecordPlace {
        RecordPlace {
            topic: self.origin.topic.get(row).to_string(),
            partition: *self.origin.partition.get(row),
            offset: self.origin.offset[row],
        }
    }

    /// The headers of a record.
    pub fn headers_of(&self, row: usize) -> &[(String, Option<Bytes>)] {
        self.headers.as_ref().map_or(&[], |headers| &headers[row])
    }

    /// Memory that the records answer for: payload, keys and a flat share for the rest. What queues are bounded by.
    pub fn bytes(&self) -> usize {
        let views = |array: &BinaryViewArray| array.lengths().map(|length| length as usize).sum::<usize>();
        let value = match &self.payload {
            Some(payload) => views(payload),
            None => self.columns.iter().map(sliced_bytes).sum(),
        };
        value + views(&self.keys) + 48 * self.rows
    }

    /// As [`Batch::bytes`], row by row.
    pub fn row_bytes(&self) -> Vec<usize> {
        let mut sizes = vec![48; self.rows];
        let mut add = |lengths: &mut dyn Iterator<Item = u32>| {
            sizes.iter_mut().zip(lengths).for_each(|(size, length)| *size += length as usize);
        };
        add(&mut self.keys.lengths());
        match &self.payload {
            Some(payload) => add(&mut payload.lengths()),
            None => self.columns.iter().for_each(|column| match column.data_type() {
                DataType::Utf8View => add(&mut column.as_string_view().lengths()),
                DataType::BinaryView => add(&mut column.as_binary_view().lengths()),
                other => add(&mut std::iter::repeat(flat_bytes(other) as u32)),
            }),
        }
        sizes
    }

    /// The same records, without memory that they keep alive and do not use. What holds rows for long holds them so: a
    /// few rows that a filter has left would else hold all the bytes that were read with them.
    pub fn compact(mut self) -> Batch {
        self.keys = compact_views(self.keys);
        self.payload = self.payload.map(compact_views);
        self.written_keys = self.written_keys.map(compact_views);
        self.columns = self.columns.iter().map(compact_column).collect();
        self
    }

    /// The rows that `keep` has set, in order.
    ///
    /// # Errors
    /// Only where a column is of a type that Arrow cannot filter, which no [`crate::types::Type`] is.
    pub fn filter(&self, keep: &BooleanArray) -> Result<Batch, ArrowError> {
        let rows: Vec<u32> = keep.values().set_indices().map(|row| row as u32).collect();
        if rows.len() == self.rows {
            return Ok(self.clone());
        }
        self.take(&rows)
    }

    /// These rows, in this order.
    ///
    /// # Errors
    /// As [`Batch::filter`].
    pub fn take(&self, rows: &[u32]) -> Result<Batch, ArrowError> {
        let indices = UInt32Array::from(rows.to_vec());
        let take = |array: &dyn Array| arrow_select::take::take(array, &indices, None);
        let take_bytes = |bytes: &BinaryViewArray| take(bytes).map(|taken| binary_view(&taken));
        let pick = |values: &[i64]| rows.iter().map(|&row| values[row as usize]).collect::<Vec<_>>().into();
        Ok(Batch {
            rows: rows.len(),
            schema: self.schema.clone(),
            columns: self.columns.iter().map(|column| take(column)).collect::<Result<_, _>>()?,
            keys: take_bytes(&self.keys)?,
            timestamps: pick(&self.timestamps),
            headers: self.headers.as_ref().map(|all| rows.iter().map(|&row| all[row as usize].clone()).collect()),
            origin: Origin {
                topic: self.origin.topic.take(rows),
                partition: self.origin.partition.take(rows),
                offset: pick(&self.origin.offset),
            },
            position: Position { slot: self.position.slot.take(rows), offset: pick(&self.position.offset) },
            tombstones: self
                .tombstones
                .as_ref()
                .map(|bits| rows.iter().map(|&row| bits.value(row as usize)).collect::<BooleanBuffer>())
                .filter(|bits| bits.count_set_bits() > 0),
            payload: self.payload.as_ref().map(take_bytes).transpose()?,
            windows: self.windows.as_ref().map(|all| Windows { start: pick(&all.start), end: pick(&all.end) }),
            written_keys: self.written_keys.as_ref().map(take_bytes).transpose()?,
            ordinals: rows.iter().map(|&row| self.ordinals[row as usize]).collect::<Vec<_>>().into(),
        })
    }

    /// `rows` records from `start` on; copies nothing but per-row origins and headers.
    pub fn slice(&self, start: usize, rows: usize) -> Batch {
        Batch {
            rows,
            schema: self.schema.clone(),
            columns: self.columns.iter().map(|column| column.slice(start, rows)).collect(),
            keys: self.keys.slice(start, rows),
            timestamps: self.timestamps.slice(start, rows),
            headers: self.headers.as_ref().map(|all| all[start..start + rows].into()),
            origin: Origin {
                topic: self.origin.topic.slice(start, rows),
                partition: self.origin.partition.slice(start, rows),
                offset: self.origin.offset.slice(start, rows),
            },
            position: Position {
                slot: self.position.slot.slice(start, rows),
                offset: self.position.offset.slice(start, rows),
            },
            tombstones: self
                .tombstones
                .as_ref()
                .map(|bits| bits.slice(start, rows))
                .filter(|bits| bits.count_set_bits() > 0),
            payload: self.payload.as_ref().map(|payload| payload.slice(start, rows)),
            windows: self
                .windows
                .as_ref()
                .map(|all| Windows { start: all.start.slice(start, rows), end: all.end.slice(start, rows) }),
            written_keys: self.written_keys.as_ref().map(|keys| keys.slice(start, rows)),
            ordinals: self.ordinals.slice(start, rows),
        }
    }

    /// Rows picked from several batches of one stream: `picks` are (which batch, row). A payload is null where
    /// its batch has none; windows are kept where all batches have them.
    ///
    /// # Errors
    /// As [`Batch::filter`].
    pub fn interleave(batches: &[&Batch], picks: &[(usize, usize)]) -> Result<Batch, ArrowError> {
        let weave = |parts: Vec<&dyn Array>| arrow_select::interleave::interleave(&parts, picks);
        let pick = |part: &dyn Fn(&Batch) -> ScalarBuffer<i64>| {
            let parts: Vec<ScalarBuffer<i64>> = batches.iter().map(|batch| part(batch)).collect();
            picks.iter().map(|&(batch, row)| parts[batch][row]).collect::<Vec<_>>().into()
        };
        let any = |has: &dyn Fn(&Batch) -> bool| batches.iter().any(|batch| has(batch));
        let first = batches.first().ok_or_else(|| ArrowError::InvalidArgumentError("no batch to pick from".into()))?;
        debug_assert!(batches.iter().all(|batch| batch.carries(&first.schema)), "batches of different streams");
        Ok(Batch {
            rows: picks.len(),
            schema: first.schema.clone(),
            columns: (0..first.columns.len())
                .map(|column| weave(batches.iter().map(|batch| batch.columns[column].as_ref()).collect()))
                .collect::<Result<_, _>>()?,
            keys: binary_view(&weave(batches.iter().map(|batch| &batch.keys as &dyn Array).collect())?),
            timestamps: pick(&|batch| batch.timestamps.clone()),
            headers: any(&|batch| batch.headers.is_some())
                .then(|| picks.iter().map(|&(batch, row)| batches[batch].headers_of(row).to_vec()).collect()),
            origin: Origin {
                topic: PerRow::interleave(&batches.iter().map(|batch| &batch.origin.topic).collect::<Vec<_>>(), picks),
                partition: PerRow::interleave(
                    &batches.iter().map(|batch| &batch.origin.partition).collect::<Vec<_>>(),
                    picks,
                ),
                offset: pick(&|batch| batch.origin.offset.clone()),
            },
            position: Position {
                slot: PerRow::interleave(&batches.iter().map(|batch| &batch.position.slot).collect::<Vec<_>>(), picks),
                offset: pick(&|batch| batch.position.offset.clone()),
            },
            tombstones: any(&|batch| batch.tombstones.is_some())
                .then(|| picks.iter().map(|&(batch, row)| batches[batch].is_tombstone(row)).collect::<BooleanBuffer>())
                .filter(|bits| bits.count_set_bits() > 0),
            payload: any(&|batch| batch.payload.is_some())
                .then(|| {
                    // Made here and read elsewhere: what has no payload has null, whatever it is put together with.
                    let nulls = |batch: &&Batch| BinaryViewArray::new_null(batch.rows);
                    let parts = batches.iter().map(|batch| batch.payload.clone().unwrap_or_else(|| nulls(batch)));
                    let parts: Vec<BinaryViewArray> = parts.collect();
                    weave(parts.iter().map(|part| part as &dyn Array).collect()).map(|woven| binary_view(&woven))
                })
                .transpose()?,
            windows: batches.iter().all(|batch| batch.windows.is_some()).then(|| Windows {
                start: pick(&|batch| batch.windows.as_ref().map_or_else(Default::default, |all| all.start.clone())),
                end: pick(&|batch| batch.windows.as_ref().map_or_else(Default::default, |all| all.end.clone())),
            }),
            written_keys: any(&|batch| batch.written_keys.is_some())
                .then(|| weave(batches.iter().map(|batch| batch.keys_to_write() as &dyn Array).collect()))
                .transpose()?
                .map(|woven| binary_view(&woven)),
            ordinals: picks.iter().map(|&(batch, row)| batches[batch].ordinals[row]).collect::<Vec<_>>().into(),
        })
    }

    /// All rows of several batches of one stream, one after the other.
    ///
    /// # Errors
    /// As [`Batch::filter`].
    pub fn concat(batches: &[&Batch]) -> Result<Batch, ArrowError> {
        let picks: Vec<(usize, usize)> =
            batches.iter().enumerate().flat_map(|(i, batch)| (0..batch.rows).map(move |row| (i, row))).collect();
        Batch::interleave(batches, &picks)
    }
}

/// Ordinals of rows that come in: their numbers. Those of usual batches are made once and shared.
pub fn fresh_ordinals(rows: usize) -> ScalarBuffer<u64> {
    static USUAL: LazyLock<ScalarBuffer<u64>> = LazyLock::new(|| numbers(MAX_ROWS));
    if rows <= MAX_ROWS { USUAL.slice(0, rows) } else { numbers(rows) }
}

fn numbers(rows: usize) -> ScalarBuffer<u64> {
    (0..rows as u64).map(|row| row << ORDINAL_SHIFT).collect::<Vec<_>>().into()
}

/// Columns of nulls, for rows that have no value.
pub fn null_columns(schema: &Schema, rows: usize) -> Vec<ArrayRef> {
    schema.columns.iter().map(|column| new_null_array(&column.data.to_arrow(), rows)).collect()
}

/// Bytes or nulls as a column of keys or payloads.
pub fn bytes_column<'a>(values: impl IntoIterator<Item = Option<&'a [u8]>>) -> BinaryViewArray {
    let mut builder = BinaryViewBuilder::new();
    for value in values {
        builder.append_option(value);
    }
    builder.finish()
}

/// Arrow's kernels give back the type that they were given.
fn binary_view(array: &ArrayRef) -> BinaryViewArray {
    array.as_binary_view().clone()
}

fn sliced_bytes(column: &ArrayRef) -> usize {
    match column.data_type() {
        DataType::Utf8View => column.as_string_view().lengths().map(|length| length as usize).sum(),
        DataType::BinaryView => column.as_binary_view().lengths().map(|length| length as usize).sum(),
        other => flat_bytes(other) * column.len(),
    }
}

/// What a row of a column without text or bytes takes; of lists and structs a flat share.
fn flat_bytes(data: &DataType) -> usize {
    data.primitive_width().unwrap_or(16)
}

/// Less is not worth a copy, in bytes.
const WASTE: usize = 4096;

fn compact_views<T: ByteViewType>(views: GenericByteViewArray<T>) -> GenericByteViewArray<T> {
    let held: usize = views.data_buffers().iter().map(|buffer| buffer.len()).sum();
    let used: usize = views.lengths().map(|length| length as usize).sum();
    if held > 2 * used + WASTE { views.gc() } else { views }
}

fn compact_column(column: &ArrayRef) -> ArrayRef {
    match column.data_type() {
        DataType::Utf8View => Arc::new(compact_views(column.as_string_view().clone())),
        DataType::BinaryView => Arc::new(compact_views(column.as_binary_view().clone())),
        DataType::Struct(fields) => {
            let parts = column.as_struct();
            let columns = parts.columns().iter().map(compact_column).collect();
            let compacted = StructArray::try_new(fields.clone(), columns, parts.nulls().cloned());
            compacted.map_or_else(|_| column.clone(), |parts| Arc::new(parts))
        }
        _ => column.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Column, Type};

    fn batch(texts: &[&str]) -> Batch {
        let keys = bytes_column(texts.iter().map(|text| Some(text.as_bytes())));
        let texts: arrow_array::StringViewArray = texts.iter().map(|text| Some(*text)).collect();
        let numbers = arrow_array::Int64Array::from_iter_values(0..texts.len() as i64);
        let schema = Schema::new(vec![Column::nullable("t", Type::Text), Column::nullable("n", Type::Int64)]);
        let origin = Origin::made_here(0, texts.len());
        let timestamps = vec![0; texts.len()].into();
        Batch::bare(keys, timestamps, origin).with_columns(Arc::new(schema), vec![Arc::new(texts), Arc::new(numbers)])
    }

    #[test]
    fn the_bytes_of_a_batch_are_those_of_its_rows() {
        let long = "x".repeat(100);
        let mut batch = batch(&["", "abc", &long]);
        assert_eq!(batch.row_bytes(), [56, 62, 256]);
        assert_eq!(batch.row_bytes().iter().sum::<usize>(), batch.bytes());
        batch.payload = Some(batch.keys.clone());
        assert_eq!(batch.row_bytes().iter().sum::<usize>(), batch.bytes());
    }

    #[test]
    fn keys_to_write_go_with_their_rows() {
        let plain = batch(&["a", "b", "c"]);
        assert_eq!(plain.keys_to_write(), &plain.keys);
        let written = bytes_column([Some(&b"a1"[..]), None, Some(b"c1")]);
        let batch = Batch { written_keys: Some(written), ..plain.clone() };
        let last = bytes_column([Some(&b"c1"[..])]);
        assert_eq!(batch.slice(2, 1).keys_to_write(), &last);
        assert_eq!(batch.take(&[2]).unwrap().compact().keys_to_write(), &last);
        let woven = Batch::interleave(&[&plain, &batch], &[(1, 2), (0, 2), (1, 1)]).unwrap();
        assert_eq!(woven.keys_to_write(), &bytes_column([Some(&b"c1"[..]), Some(b"c"), None]));
        assert_eq!(woven.keys, bytes_column([Some(&b"c"[..]), Some(b"c"), Some(b"b")]));
    }

    #[test]
    fn a_compact_batch_holds_only_what_it_uses() {
        let texts: Vec<String> = (0..512).map(|row| format!("{row:0100}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let few = batch(&texts).take(&[7, 300]).unwrap().compact();
        let held: usize = few.keys.data_buffers().iter().map(|buffer| buffer.len()).sum();
        assert_eq!(held, 200);
        assert_eq!(few.columns[0].as_string_view().value(1), texts[300]);
        assert_eq!(few.keys.value(0), texts[7].as_bytes());
    }
}
