//! Sessions by key. Each key has a number that stays as long as it has a session, so that a list of keys is one of
//! numbers, and what was looked up for a batch holds for its records.

use hashbrown::HashTable;
use smallvec::SmallVec;

use crate::slots::Slots;
use crate::window::keys::hash;

/// Key bytes; short ones lie where the key does.
type Key = SmallVec<[u8; 16]>;

/// The sessions of a key: mostly one.
pub(super) type Few = SmallVec<[Session; 1]>;

/// Ordered as they are merged: by end, then by start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Session {
    pub(super) end: i64,
    pub(super) start: i64,
    pub(super) slot: u32,
    /// the end by which the calendar has it; its own is never before
    pub(super) listed: i64,
}

/// A key and its sessions, in the order in which they are merged. One line of a cache: a record mostly needs no other.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(super) struct Entry {
    pub(super) key: Key,
    pub(super) sessions: Few,
}

/// Keys that have sessions.
#[derive(Debug, Default)]
pub(super) struct Table {
    numbers: HashTable<u32>,
    entries: Vec<Entry>,
    slots: Slots,
    /// of keys that are too long to lie in their entry
    long_bytes: usize,
}

/// Room for so many keys is not given up.
const SPARE: usize = 1024;

impl Table {
    /// The number of a key that has sessions.
    pub(super) fn find(&self, key: &[u8]) -> Option<u32> {
        self.numbers.find(hash(key), |&number| self.entries[number as usize].key.as_slice() == key).copied()
    }

    /// The numbers of many keys. In three short loops, since memory that one key waits for does not hold up the next one
    /// then. Now and then a key that is there is not found.
    pub(super) fn find_all<'k>(&self, keys: impl Iterator<Item = &'k [u8]> + Clone) -> Vec<Option<u32>> {
        let hashes: Vec<u64> = keys.clone().map(hash).collect();
        let guesses = hashes.into_iter().map(|hash| self.numbers.find(hash, |_| true).copied());
        let guesses: Vec<Option<u32>> = guesses.collect();
        guesses.into_iter().zip(keys).map(|(guess, key)| guess.filter(|&guess| self.is(guess, key))).collect()
    }

    fn is(&self, number: u32, key: &[u8]) -> bool {
        self.get(number).is_some_and(|entry| entry.key.as_slice() == key)
    }

    /// The number of a key that may have it still from when all were sought.
    pub(super) fn find_near(&self, key: &[u8], near: Option<u32>) -> Option<u32> {
        near.filter(|&number| self.is(number, key)).or_else(|| self.find(key))
    }

    /// A key with its sessions. The entry of a number that is not in use is empty, or none.
    pub(super) fn get(&self, number: u32) -> Option<&Entry> {
        self.entries.get(number as usize).filter(|entry| !entry.sessions.is_empty())
    }

    /// The same, to be changed. A key is not to be left without a session.
    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut Entry> {
        self.entries.get_mut(number as usize).filter(|entry| !entry.sessions.is_empty())
    }

    /// The number of a key that may be new, and its sessions, to which one is to be added.
    pub(super) fn entry(&mut self, key: &[u8]) -> (u32, &mut Few) {
        let number = self.find(key).unwrap_or_else(|| self.insert(key));
        (number, &mut self.entries[number as usize].sessions)
    }

    fn insert(&mut self, key: &[u8]) -> u32 {
        let place = self.slots.take();
        if place == self.entries.len() {
            if place == self.entries.capacity() {
                // Half of it again and not double: a million keys should not pay for two.
                self.entries.reserve_exact((place / 2).max(4));
            }
            self.entries.push(Entry::default());
        }
        self.entries[place].key = Key::from_slice(key);
        self.long_bytes += long(key);
        let entries = &self.entries;
        self.numbers.insert_unique(hash(key), place as u32, |&number| hash(&entries[number as usize].key));
        place as u32
    }

    /// Forgets a key.
    pub(super) fn remove(&mut self, number: u32) {
        let Some(entry) = self.entries.get_mut(number as usize).map(std::mem::take) else { return };
        if let Ok(found) = self.numbers.find_entry(hash(&entry.key), |&other| other == number) {
            found.remove();
        }
        self.long_bytes -= long(&entry.key);
        self.slots.free(number as usize);
        self.entries.truncate(self.slots.len());
        let Table { numbers, entries, .. } = self;
        if entries.capacity() > SPARE && entries.len() < entries.capacity() / 4 {
            entries.shrink_to((2 * entries.len()).max(SPARE));
            let entries = &*entries;
            numbers.shrink_to(SPARE, |&number| hash(&entries[number as usize].key));
        }
    }

    /// All keys with their sessions.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| !entry.sessions.is_empty())
    }

    /// So many entries from a number on, those that are not in use among them, which have no sessions; and the next number,
    /// where there are more. A key keeps its number.
    pub(super) fn slice(&self, from: usize, most: usize) -> (&[Entry], Option<usize>) {
        let rest = self.entries.get(from..).unwrap_or_default();
        let slice = &rest[..most.min(rest.len())];
        (slice, (slice.len() < rest.len()).then_some(from + slice.len()))
    }

    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Memory, about: a table is never more than 7/8 full and doubles.
    pub(super) fn bytes(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>() + self.numbers.capacity() * 8 / 7 * 5 + self.long_bytes
    }
}

/// What a key takes beside its entry.
fn long(key: &[u8]) -> usize {
    if key.len() > 16 { key.len() } else { 0 }
}
