//! Values by key bytes, in a table that can be walked in slices: whoever looks through a large one lets go of its lock in
//! between, and others go on.

use std::hash::BuildHasher;

use hashbrown::HashTable;

/// Values by key bytes.
#[derive(Debug)]
pub(crate) struct KeyMap<K, V, S> {
    entries: HashTable<(K, V)>,
    hasher: S,
    /// how often entries have changed their places
    moves: u64,
}

/// Where a walk stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Walk {
    /// of windows that have a table each, the start of the window
    pub(crate) start: Option<i64>,
    /// the next place in the table
    pub(crate) place: usize,
    moves: u64,
}

impl Walk {
    /// At a place that keeps what lies there.
    pub(crate) fn at(start: Option<i64>, place: usize) -> Walk {
        Walk { start, place, moves: 0 }
    }
}

/// Places that are looked at in one slice: in about a tenth of a millisecond.
pub(crate) const SLICE: usize = 4096;

impl<K, V, S: Default> Default for KeyMap<K, V, S> {
    fn default() -> KeyMap<K, V, S> {
        KeyMap { entries: HashTable::new(), hasher: S::default(), moves: 0 }
    }
}

impl<K: AsRef<[u8]>, V, S: BuildHasher> KeyMap<K, V, S> {
    /// The key as it is kept, and its value.
    pub(crate) fn get_key_value(&self, key: &[u8]) -> Option<(&K, &V)> {
        let found = self.entries.find(self.hasher.hash_one(key), |(known, _)| known.as_ref() == key)?;
        Some((&found.0, &found.1))
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<&V> {
        self.get_key_value(key).map(|(_, value)| value)
    }

    pub(crate) fn get_mut(&mut self, key: &[u8]) -> Option<&mut V> {
        let found = self.entries.find_mut(self.hasher.hash_one(key), |(known, _)| known.as_ref() == key);
        found.map(|(_, value)| value)
    }

    /// Sets the value of a key; gives the one before.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let hash = self.hasher.hash_one(key.as_ref());
        match self.entries.find_mut(hash, |(known, _)| known.as_ref() == key.as_ref()) {
            Some((_, known)) => Some(std::mem::replace(known, value)),
            None => {
                let KeyMap { entries, hasher, moves } = self;
                put(entries, hasher, moves, hash, (key, value));
                None
            }
        }
    }

    /// The value of a key, which is put in where it is new.
    pub(crate) fn get_or_insert(&mut self, key: &[u8], make: impl FnOnce() -> V) -> &mut V
    where
        K: for<'k> From<&'k [u8]>,
    {
        let KeyMap { entries, hasher, moves } = self;
        let hash = hasher.hash_one(key);
        match entries.find_entry(hash, |(known, _)| known.as_ref() == key) {
            Ok(known) => &mut known.into_mut().1,
            Err(absent) => put(absent.into_table(), hasher, moves, hash, (key.into(), make())),
        }
    }

    /// Takes a key out.
    pub(crate) fn remove(&mut self, key: &[u8]) -> Option<V> {
        let found = self.entries.find_entry(self.hasher.hash_one(key), |(known, _)| known.as_ref() == key);
        found.ok().map(|entry| entry.remove().0.1)
    }

    /// Keys and values, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// Takes all out.
    pub(crate) fn drain(&mut self) -> impl Iterator<Item = (K, V)> {
        self.entries.drain()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.entries.capacity()
    }

    /// One slice of a walk through all entries; gives where the next one begins, none at the end. What stays in the map from
    /// the first slice to the last is met once at least: where entries have moved in between, the walk begins again.
    pub(crate) fn walk<'a>(&'a self, from: Walk, mut meet: impl FnMut(&'a K, &'a V)) -> Option<Walk> {
        let first = if from.moves == self.moves { from.place } else { 0 };
        let end = self.entries.num_buckets();
        let next = (first + SLICE).min(end);
        let slice = (first..next).filter_map(|place| self.entries.get_bucket(place));
        slice.for_each(|(key, value)| meet(key, value));
        (next < end).then_some(Walk { start: from.start, place: next, moves: self.moves })
    }
}

/// Puts in an entry that is not there; notes it where others change their places for it.
fn put<'t, K: AsRef<[u8]>, V>(
    entries: &'t mut HashTable<(K, V)>,
    hasher: &impl BuildHasher,
    moves: &mut u64,
    hash: u64,
    entry: (K, V),
) -> &'t mut V {
    let before = (entries.num_buckets(), entries.capacity());
    entries.reserve(1, |(key, _)| hasher.hash_one(key.as_ref()));
    // A table that grows moves its entries; so does one that clears the places of removed ones, and has more room then.
    if (entries.num_buckets(), entries.capacity()) != before {
        *moves += 1;
    }
    &mut entries.insert_unique(hash, entry, |(key, _)| hasher.hash_one(key.as_ref())).into_mut().1
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use foldhash::fast::FixedState;
    use proptest::prelude::*;

    use super::*;

    type Map = KeyMap<Box<[u8]>, u32, FixedState>;

    fn key(number: u32) -> Box<[u8]> {
        Box::new(number.to_be_bytes())
    }

    #[test]
    fn a_slice_is_bounded_and_all_are_met() {
        let mut map = Map::default();
        assert_eq!(map.walk(Walk::default(), |_, _| panic!("it is empty")), None);
        for number in 0..50_000 {
            map.insert(key(number), number);
        }
        let (mut met, mut slices, mut walk) = (BTreeSet::new(), 0, Some(Walk::default()));
        while let Some(from) = walk {
            let before = met.len();
            walk = map.walk(from, |_, value| assert!(met.insert(*value), "{value} twice"));
            slices += 1;
            assert!(met.len() - before <= SLICE);
        }
        assert_eq!((met.len(), slices), (50_000, map.entries.num_buckets().div_ceil(SLICE)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        /// It is a map.
        #[test]
        fn it_is_a_map(script in prop::collection::vec((0u32..40, prop::option::of(any::<u32>())), 0..200)) {
            let (mut map, mut model) = (Map::default(), BTreeMap::new());
            for (number, value) in script {
                match value {
                    Some(value) => prop_assert_eq!(map.insert(key(number), value), model.insert(number, value)),
                    None => prop_assert_eq!(map.remove(&key(number)), model.remove(&number)),
                }
                prop_assert_eq!(map.len(), model.len());
            }
            for number in 0..40 {
                prop_assert_eq!(map.get(&key(number)), model.get(&number));
                prop_assert_eq!(map.get_or_insert(&key(number), || number), model.entry(number).or_insert(number));
            }
        }

        /// Whatever comes and goes between slices, those that stay are met.
        #[test]
        fn who_stays_is_met(
            staying in 1u32..30_000,
            passing in 0u32..30_000,
            changes in prop::collection::vec((any::<bool>(), 0u32..12_000), 0..12),
        ) {
            let mut map = Map::default();
            // First those that go, so that the others do not lie in the order of their numbers.
            for number in 0..passing {
                map.insert(key(1_000_000 + number), number);
            }
            for number in 0..staying {
                map.insert(key(number), number);
            }
            let (mut met, mut walk, mut changes) = (BTreeSet::new(), Some(Walk::default()), changes.into_iter());
            let (mut come, mut gone) = (2_000_000, 0);
            while let Some(from) = walk {
                walk = map.walk(from, |_, value| met.extend([*value]));
                let Some((is_more, count)) = changes.next() else { continue };
                for _ in 0..count {
                    if is_more {
                        come += 1;
                        map.insert(key(come), u32::MAX);
                    } else {
                        map.remove(&key(1_000_000 + gone));
                        gone += 1;
                    }
                }
            }
            prop_assert!((0..staying).all(|number| met.contains(&number)));
        }
    }
}
