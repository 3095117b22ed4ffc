//! Keys, numbered in the order in which they first come: bytes in one piece, found by hash.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

/// Keys by number.
#[derive(Debug, Default)]
pub(super) struct Keys {
    table: HashTable<u32>,
    /// where each key ends in `bytes`
    ends: Vec<usize>,
    bytes: Vec<u8>,
}

/// Fixed, so that the same input gives the same tables.
const HASH: FixedState = FixedState::with_seed(0x7469_6465);

/// The hash by which [`Keys`] find a key.
pub(super) fn hash(key: &[u8]) -> u64 {
    HASH.hash_one(key)
}

impl Keys {
    /// The number of a key whose hash is known; the next one where it is new.
    pub(super) fn number(&mut self, key: &[u8], hash: u64) -> usize {
        let Keys { table, ends, bytes } = self;
        if let Some(&number) = table.find(hash, |&number| slice(ends, bytes, number as usize) == key) {
            return number as usize;
        }
        let number = ends.len();
        bytes.extend_from_slice(key);
        ends.push(bytes.len());
        table.insert_unique(hash, number as u32, |&number| self::hash(slice(ends, bytes, number as usize)));
        number
    }

    /// The number of a key, if it is known.
    pub(super) fn find(&self, key: &[u8], hash: u64) -> Option<usize> {
        let Keys { table, ends, bytes } = self;
        table.find(hash, |&number| slice(ends, bytes, number as usize) == key).map(|&number| number as usize)
    }

    /// The bytes of a key.
    pub(super) fn get(&self, number: usize) -> &[u8] {
        slice(&self.ends, &self.bytes, number)
    }

    /// Forgets all keys, and keeps their room.
    pub(super) fn clear(&mut self) {
        self.table.clear();
        self.ends.clear();
        self.bytes.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Memory, about: a table is never more than 7/8 full and doubles.
    pub(super) fn memory(&self) -> usize {
        self.bytes.capacity() + 8 * self.ends.capacity() + self.table.capacity() * 8 / 7 * 5
    }
}

fn slice<'a>(ends: &[usize], bytes: &'a [u8], number: usize) -> &'a [u8] {
    let start = if number == 0 { 0 } else { ends[number - 1] };
    &bytes[start..ends[number]]
}
