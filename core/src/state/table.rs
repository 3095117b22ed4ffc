//! One store's table: key bytes to values, searched without an owned key.

use foldhash::fast::RandomState;
use hashbrown::HashSet;

use super::StateValue;
use crate::key_map::{KeyMap, Walk};
use crate::types::Column;

/// Key bytes to values.
pub struct Table<V> {
    entries: KeyMap<Box<[u8]>, V, RandomState>,
    changed: Option<HashSet<Box<[u8]>, RandomState>>,
    bytes: usize,
    columns: Vec<Column>,
}

/// What an entry costs beside its key's and value's own bytes: the key's pointer and length, and the table's share.
const ENTRY_BYTES: usize = 32;

impl<V: StateValue> Table<V> {
    pub(super) fn new(tracks_changes: bool) -> Table<V> {
        Table {
            entries: KeyMap::default(),
            changed: tracks_changes.then(HashSet::default),
            bytes: 0,
            columns: Vec::new(),
        }
    }

    /// Says what the parts of values are, for whoever looks at them.
    pub fn name_parts(&mut self, columns: Vec<Column>) {
        self.columns = columns;
    }

    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// One slice of a walk through all keys.
    pub(super) fn walk(&self, from: Walk, mut meet: impl FnMut(&[u8])) -> Option<Walk> {
        self.entries.walk(from, |key, _| meet(key))
    }

    /// The value of a key.
    pub fn get(&self, key: &[u8]) -> Option<&V> {
        self.entries.get(key)
    }

    /// Sets the value of a key.
    pub fn put(&mut self, key: &[u8], value: V) {
        self.note(key);
        self.set(key, value);
    }

    /// Removes a key.
    pub fn remove(&mut self, key: &[u8]) -> Option<V> {
        let removed = self.take(key);
        if removed.is_some() {
            self.note(key);
        }
        removed
    }

    /// Keys and values, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &V)> {
        self.entries.iter().map(|(key, value)| (&**key, value))
    }

    /// Number of keys.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Memory of keys and values, about.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn fill(&mut self, key: &[u8], value: Option<V>) {
        match value {
            Some(value) => self.set(key, value),
            None => drop(self.take(key)),
        }
    }

    pub(super) fn take_changed(&mut self) -> Vec<Box<[u8]>> {
        self.changed.as_mut().map(|keys| keys.drain().collect()).unwrap_or_default()
    }

    fn set(&mut self, key: &[u8], value: V) {
        self.bytes += value.size();
        match self.entries.get_mut(key) {
            Some(known) => {
                self.bytes -= known.size();
                *known = value;
            }
            None => {
                self.bytes += key.len() + ENTRY_BYTES;
                self.entries.insert(key.into(), value);
            }
        }
    }

    fn take(&mut self, key: &[u8]) -> Option<V> {
        let removed = self.entries.remove(key)?;
        self.bytes -= removed.size() + key.len() + ENTRY_BYTES;
        Some(removed)
    }

    fn note(&mut self, key: &[u8]) {
        if let Some(changed) = &mut self.changed
            && !changed.contains(key)
        {
            changed.insert(key.into());
        }
    }
}
