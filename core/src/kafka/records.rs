//! From librdkafka's messages to a [`Batch`]: keys and payloads are copied once, into one buffer that both columns
//! share; headers cost nothing where there are none.

use std::sync::Arc;

use arrow_array::BinaryViewArray;
use arrow_array::builder::make_view;
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, ScalarBuffer};
use arrow_schema::ArrowError;
use bytes::Bytes;

use super::ffi::Message;
use crate::batch::{Batch, Headers, Origin, PerRow};

/// Views of at most this many bytes hold them themselves.
const INLINE: usize = 12;

/// Records of one partition, growing to a batch.
pub(super) struct Records {
    bytes: Vec<u8>,
    keys: Views,
    payload: Views,
    timestamps: Vec<i64>,
    offsets: Vec<i64>,
    headers: Option<Vec<Headers>>,
}

#[derive(Default)]
struct Views {
    views: Vec<u128>,
    nulls: Vec<usize>,
}

impl Records {
    /// Room for records of `bytes` bytes in all.
    pub(super) fn with_capacity(records: usize, bytes: usize) -> Records {
        Records {
            bytes: Vec::with_capacity(bytes),
            keys: Views::with_capacity(records),
            payload: Views::with_capacity(records),
            timestamps: Vec::with_capacity(records),
            offsets: Vec::with_capacity(records),
            headers: None,
        }
    }

    /// Bytes that a message will take.
    pub(super) fn bytes_of(message: Message<'_>) -> usize {
        message.payload().map_or(0, <[u8]>::len) + message.key().map_or(0, <[u8]>::len)
    }

    /// Adds a message, and whether there was room: a buffer ends at 4 GiB.
    pub(super) fn push(&mut self, message: Message<'_>) -> bool {
        if u32::try_from(self.bytes.len() + Self::bytes_of(message)).is_err() {
            return false;
        }
        self.keys.push(message.key(), &mut self.bytes);
        self.payload.push(message.payload(), &mut self.bytes);
        self.timestamps.push(message.timestamp());
        self.offsets.push(message.offset());
        let mut own = Headers::new();
        let has_some = message.headers(|name, value| own.push((name, value.map(Bytes::copy_from_slice))));
        let before = self.offsets.len() - 1;
        match &mut self.headers {
            Some(all) => all.push(own),
            None if has_some => {
                let mut all = vec![Headers::new(); before];
                all.push(own);
                self.headers = Some(all);
            }
            None => {}
        }
        true
    }

    pub(super) fn len(&self) -> usize {
        self.offsets.len()
    }

    /// The records as a batch without columns: keys, payload, tombstones where payloads are null, origin and position.
    pub(super) fn finish(self, topic: &Arc<str>, partition: i32, slot: u32) -> Result<Batch, ArrowError> {
        let rows = self.len();
        let buffer = Buffer::from_vec(self.bytes);
        let tombstones = self.payload.null_bits();
        let payload = self.payload.finish(&buffer)?;
        let origin = Origin {
            topic: PerRow::Same(topic.clone()),
            partition: PerRow::Same(partition),
            offset: ScalarBuffer::from(self.offsets),
        };
        let mut batch = Batch::bare(self.keys.finish(&buffer)?, ScalarBuffer::from(self.timestamps), origin);
        debug_assert_eq!(batch.rows, rows);
        batch.position.slot = PerRow::Same(slot);
        batch.headers = self.headers.map(Arc::from);
        batch.tombstones = tombstones;
        batch.payload = Some(payload);
        Ok(batch)
    }
}

impl Views {
    fn with_capacity(records: usize) -> Views {
        Views { views: Vec::with_capacity(records), nulls: Vec::new() }
    }

    fn push(&mut self, value: Option<&[u8]>, bytes: &mut Vec<u8>) {
        let Some(value) = value else {
            self.nulls.push(self.views.len());
            self.views.push(0);
            return;
        };
        // `push` of the records has seen that offsets fit.
        self.views.push(make_view(value, 0, bytes.len() as u32));
        if value.len() > INLINE {
            bytes.extend_from_slice(value);
        }
    }

    /// The rows that are null, where there are any.
    fn null_bits(&self) -> Option<BooleanBuffer> {
        if self.nulls.is_empty() {
            return None;
        }
        let mut nulls = self.nulls.iter().peekable();
        Some(BooleanBuffer::collect_bool(self.views.len(), |row| nulls.next_if_eq(&&row).is_some()))
    }

    fn finish(self, buffer: &Buffer) -> Result<BinaryViewArray, ArrowError> {
        let nulls = self.null_bits().map(|null| NullBuffer::new(!&null));
        let buffers = if buffer.is_empty() { Vec::new() } else { vec![buffer.clone()] };
        BinaryViewArray::try_new(ScalarBuffer::from(self.views), buffers, nulls)
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::Array;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn views_give_back_what_was_pushed(values in prop::collection::vec(prop::option::of(prop::collection::vec(any::<u8>(), 0..40)), 0..50)) {
            let (mut views, mut bytes) = (Views::with_capacity(0), Vec::new());
            for value in &values {
                views.push(value.as_deref(), &mut bytes);
            }
            let array = views.finish(&Buffer::from_vec(bytes)).unwrap();
            let back: Vec<Option<Vec<u8>>> = array.iter().map(|value| value.map(<[u8]>::to_vec)).collect();
            prop_assert_eq!(back, values.clone());
            prop_assert_eq!(array.null_count(), values.iter().filter(|value| value.is_none()).count());
        }
    }
}
