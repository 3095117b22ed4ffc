//! Arrow's views of text and bytes: 12 bytes or less stand in the view itself, longer ones in a buffer beside it.
//! Knows nothing of what the bytes mean.

use std::sync::Arc;

use arrow_array::{Array, BinaryViewArray};
use arrow_buffer::{Buffer, NullBuffer, ScalarBuffer};

/// The longest value, in bytes: Kafka's protocol counts the bytes of a record in 31 bits, and Arrow the bytes of a buffer.
pub const MAX_VALUE: usize = i32::MAX as usize;

/// The most that is asked for before there is anything to put in, in bytes.
const MAX_HINT: usize = 1 << 20;

const INLINE: usize = 12;

/// Collects the bytes of up to 512 records in one buffer: what the readers of Kafka and of files fill.
#[derive(Debug, Default)]
pub struct BytesBuilder {
    views: Vec<u128>,
    nulls: NullRows,
    blocks: Blocks,
}

/// The rows that are null, in order; empty where none is, which is the usual case and costs nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct NullRows(Vec<u32>);

/// Bytes that views point into, in blocks that a view can address.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// blocks of others, before ours, in the list of buffers that the views refer to
    before: u32,
    full: Vec<Buffer>,
    open: Vec<u8>,
    hint: usize,
}

impl BytesBuilder {
    /// An empty builder.
    pub fn new() -> BytesBuilder {
        BytesBuilder::default()
    }

    /// Adds a record's bytes, or null. Of a value of more than [`MAX_VALUE`] bytes the rest is cut off.
    #[inline]
    pub fn push(&mut self, value: Option<&[u8]>) {
        match value {
            Some(value) => self.views.push(self.blocks.append(&value[..value.len().min(MAX_VALUE)])),
            None => {
                self.nulls.push(self.views.len());
                self.views.push(0);
            }
        }
    }

    /// Records so far.
    pub fn len(&self) -> usize {
        self.views.len()
    }

    /// No record yet.
    pub fn is_empty(&self) -> bool {
        self.views.is_empty()
    }

    /// The records so far as a column; the builder is empty again, with room for as much.
    pub fn finish(&mut self) -> BinaryViewArray {
        let room = Vec::with_capacity(self.views.len());
        let views = std::mem::replace(&mut self.views, room);
        let nulls = self.nulls.take(views.len());
        binary_array(views, self.blocks.take().into(), nulls)
    }
}

impl NullRows {
    pub(super) fn push(&mut self, row: usize) {
        self.0.push(row as u32);
    }

    /// Forgets the rows from `rows` on.
    pub(super) fn truncate(&mut self, rows: usize) {
        while self.0.last().is_some_and(|&row| row as usize >= rows) {
            self.0.pop();
        }
    }

    /// The bits of `rows` rows; empties itself.
    pub(super) fn take(&mut self, rows: usize) -> Option<NullBuffer> {
        if self.0.is_empty() {
            return None;
        }
        let mut valid = vec![true; rows];
        for row in self.0.drain(..) {
            valid[row as usize] = false;
        }
        Some(NullBuffer::from(valid))
    }
}

impl Blocks {
    /// Adds bytes (at most [`MAX_VALUE`]) and gives the view of them.
    #[inline]
    pub(super) fn append(&mut self, value: &[u8]) -> u128 {
        if value.len() <= INLINE {
            return inline_view(value);
        }
        let start = self.reserve(value.len());
        self.open.extend_from_slice(value);
        long_view(value, self.block(), start)
    }

    /// The view of what `write` adds to the open block; what it adds to is at most [`MAX_VALUE`] bytes long, or is
    /// taken back and `None`. Also taken back and given on: what `write` itself refuses.
    #[inline]
    pub(super) fn write<E>(
        &mut self,
        likely: usize,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<Option<u128>, E> {
        let start = self.reserve(likely);
        let written = write(&mut self.open);
        if let Err(refusal) = written {
            self.open.truncate(start as usize);
            return Err(refusal);
        }
        if self.open.len() > MAX_VALUE {
            return Ok(self.move_last(start as usize));
        }
        let value = &self.open[start as usize..];
        if value.len() > INLINE {
            return Ok(Some(long_view(value, self.block(), start)));
        }
        let view = inline_view(value);
        self.open.truncate(start as usize);
        Ok(Some(view))
    }

    /// The last value has grown over the end of its block: gives it a block of its own, if it fits there.
    #[cold]
    fn move_last(&mut self, start: usize) -> Option<u128> {
        let value = self.open.split_off(start);
        (value.len() <= MAX_VALUE).then(|| {
            self.seal();
            self.append(&value)
        })
    }

    /// Makes room, in the next block if need be; gives where the next byte goes.
    #[inline]
    fn reserve(&mut self, bytes: usize) -> u32 {
        if self.open.len() + bytes > MAX_VALUE {
            self.seal();
        }
        if self.open.capacity() == 0 {
            self.open.reserve(self.hint.max(bytes));
        }
        self.open.len() as u32
    }

    fn block(&self) -> u32 {
        self.before + self.full.len() as u32
    }

    fn seal(&mut self) {
        if !self.open.is_empty() {
            self.full.push(Buffer::from_vec(std::mem::take(&mut self.open)));
        }
    }

    /// All blocks; empties itself.
    pub(super) fn take(&mut self) -> Vec<Buffer> {
        self.hint = (self.open.len() + self.open.len() / 8).min(MAX_HINT);
        self.seal();
        std::mem::take(&mut self.full)
    }

    /// Says how many blocks stand before ours, where nothing has been added yet.
    pub(super) fn start_after(&mut self, before: usize) {
        self.before = before as u32;
    }
}

/// The view of bytes that are in `record` from `start` to `end`, where `record` begins at `offset` of a buffer.
/// The fast way reads 16 bytes at once, which the last ones of a record have not got.
#[inline(always)]
pub(super) fn view_within(record: &[u8], start: usize, end: usize, buffer: u32, offset: u32) -> u128 {
    let length = end - start;
    let Some(&sixteen) = record.get(start..).and_then(|rest| rest.first_chunk::<16>()) else {
        let value = &record[start..end];
        return if length <= INLINE { inline_view(value) } else { long_view(value, buffer, offset + start as u32) };
    };
    let bytes = u128::from_le_bytes(sixteen);
    if length <= INLINE {
        let kept = bytes & ((1u128 << (8 * length)) - 1);
        return kept << 32 | length as u128;
    }
    let prefix = bytes as u32;
    length as u128 | u128::from(prefix) << 32 | u128::from(buffer) << 64 | u128::from(offset + start as u32) << 96
}

fn inline_view(value: &[u8]) -> u128 {
    let mut view = [0; 16];
    view[0] = value.len() as u8;
    view[4..4 + value.len()].copy_from_slice(value);
    u128::from_le_bytes(view)
}

fn long_view(value: &[u8], buffer: u32, offset: u32) -> u128 {
    let prefix = value.first_chunk::<4>().map_or(0, |&prefix| u32::from_le_bytes(prefix));
    value.len() as u128 | u128::from(prefix) << 32 | u128::from(buffer) << 64 | u128::from(offset) << 96
}

/// Where the bytes of a row stand: buffer and offset; of a short value any, since nothing in it is long.
#[inline(always)]
pub(super) fn place_of(view: u128) -> (u32, u32) {
    if view as u32 <= INLINE as u32 { (0, 0) } else { ((view >> 64) as u32, (view >> 96) as u32) }
}

/// A column of bytes from views that this module made.
pub(super) fn binary_array(views: Vec<u128>, buffers: Arc<[Buffer]>, nulls: Option<NullBuffer>) -> BinaryViewArray {
    // SAFETY: the views come from `inline_view`, `long_view` and `view_within`: length, prefix, buffer and offset are
    // those of bytes that stand in `buffers`, a short view holds its bytes and zeros behind them, a null one is 0.
    unsafe { BinaryViewArray::new_unchecked(ScalarBuffer::from(views), buffers, nulls) }
}

/// The bytes of a row, or null.
#[inline]
pub(super) fn value(column: &BinaryViewArray, row: usize) -> Option<&[u8]> {
    (!column.is_null(row)).then(|| column.value(row))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::batch::bytes_column;

    proptest! {
    #[test]
    fn a_builder_gives_back_what_it_got(values in prop::collection::vec(prop::option::of(prop::collection::vec(any::<u8>(), 0..40)), 0..30)) {
        let mut builder = BytesBuilder::new();
        for _ in 0..2 {
            values.iter().for_each(|value| builder.push(value.as_deref()));
            prop_assert_eq!(builder.len(), values.len());
            prop_assert_eq!(builder.finish(), bytes_column(values.iter().map(|value| value.as_deref())));
            prop_assert!(builder.is_empty());
        }
    }

        #[test]
        fn a_view_within_a_record_is_that_of_its_bytes(record in prop::collection::vec(any::<u8>(), 0..60), at: [prop::sample::Index; 2]) {
            let mut ends = at.map(|end| end.index(record.len() + 1));
            ends.sort();
            let view = view_within(&record, ends[0], ends[1], 0, 0);
            let column = binary_array(vec![view], [Buffer::from_vec(record.clone())].into(), None);
            prop_assert_eq!(column.value(0), &record[ends[0]..ends[1]]);
            prop_assert!(column.to_data().validate_full().is_ok());
        }
    }

    #[test]
    fn blocks_are_no_longer_than_views_reach() {
        let mut blocks = Blocks { open: vec![b'x'; 100], ..Blocks::default() };
        // As if the open block were nearly full.
        let first = blocks.append(b"a value of more than twelve bytes");
        blocks.seal();
        let second = blocks.append(b"another one in the next block");
        assert_eq!((place_of(first), place_of(second)), ((0, 100), (1, 0)));
        let refused = blocks.write(0, |out| {
            out.extend_from_slice(b"half of");
            Err(())
        });
        assert_eq!(refused, Err(()));
        assert_eq!(blocks.take().iter().map(|block| block.len()).collect::<Vec<_>>(), [133, 29]);
    }
}
