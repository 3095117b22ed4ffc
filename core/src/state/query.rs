//! Questions to a store: which keys, which windows of theirs, how many at most. Answers are JSON, since who asks knows
//! nothing of the values.

use std::collections::BTreeMap;

use serde_json::Value;

/// What is asked of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// which keys
    pub keys: Keys,
    /// of windows, those that reach into this time, in milliseconds: first and last
    pub windows: Option<(i64, i64)>,
    /// how many entries at most
    pub limit: usize,
}

/// Which keys. They are ordered by their bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Keys {
    /// all
    All,
    /// one
    One(Vec<u8>),
    /// those that begin so
    Prefix(Vec<u8>),
    /// from the first to before the second
    Range(Vec<u8>, Option<Vec<u8>>),
}

/// What a store answers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Found {
    /// entries that the store holds
    pub keys: usize,
    /// more was asked for than fits
    pub has_more: bool,
    /// what was asked for, by key and window
    pub rows: Vec<Told>,
}

/// An entry of a store.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// the key's bytes
    pub key: Vec<u8>,
    /// of a window, start and end
    pub window: Option<(i64, i64)>,
    /// what is kept of it
    pub value: Value,
}

impl Keys {
    /// The key, where one is asked for.
    pub fn one(&self) -> Option<&[u8]> {
        match self {
            Keys::One(key) => Some(key),
            _ => None,
        }
    }

    /// Whether a key is among them.
    pub fn contains(&self, key: &[u8]) -> bool {
        match self {
            Keys::All => true,
            Keys::One(one) => key == one,
            Keys::Prefix(prefix) => key.starts_with(prefix),
            Keys::Range(from, to) => key >= from.as_slice() && to.as_ref().is_none_or(|to| key < to.as_slice()),
        }
    }
}

impl Query {
    fn takes(&self, key: &[u8], window: Option<(i64, i64)>) -> bool {
        let meets = |(first, last): (i64, i64)| window.is_none_or(|(start, end)| start <= last && end >= first);
        self.keys.contains(key) && self.windows.is_none_or(meets)
    }

    /// The first entries that are asked for, of a store that holds so many: keys and windows, and what their values are made
    /// of.
    pub fn collect<'a, T>(
        &self,
        keys: usize,
        entries: impl Iterator<Item = (&'a [u8], Option<(i64, i64)>, T)>,
    ) -> (Found, Vec<T>) {
        let mut first = BTreeMap::new();
        let mut has_more = false;
        for (key, window, value) in entries.filter(|(key, window, _)| self.takes(key, *window)) {
            first.insert((key, window), value);
            if first.len() > self.limit {
                has_more = true;
                first.pop_last();
            }
        }
        let told =
            |((key, window), value): ((&[u8], _), T)| (Told { key: key.to_vec(), window, value: Value::Null }, value);
        let (rows, values) = first.into_iter().map(told).unzip();
        (Found { keys, has_more, rows }, values)
    }
}

impl Found {
    /// The same, with these values.
    pub fn with(mut self, values: impl IntoIterator<Item = Value>) -> Found {
        self.rows.iter_mut().zip(values).for_each(|(row, value)| row.value = value);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Stores;

    fn found(keys: Keys, limit: usize) -> (Vec<String>, bool) {
        let stores = Stores::default();
        let store = stores.open::<i64>("n").unwrap();
        for (place, key) in ["b", "ab", "a", "c", "abc"].iter().enumerate() {
            store.lock().put(key.as_bytes(), place as i64);
        }
        let found = stores.all()[0].1.find(&Query { keys, windows: None, limit });
        assert_eq!(found.keys, 5);
        let row = |row: Told| format!("{}={}", String::from_utf8(row.key).unwrap(), row.value);
        (found.rows.into_iter().map(row).collect(), found.has_more)
    }

    #[test]
    fn keys_are_found_one_by_one_by_prefix_and_by_range() {
        for (keys, limit, expected, has_more) in [
            (Keys::All, 9, vec!["a=2", "ab=1", "abc=4", "b=0", "c=3"], false),
            (Keys::All, 2, vec!["a=2", "ab=1"], true),
            (Keys::One(b"b".to_vec()), 9, vec!["b=0"], false),
            (Keys::One(b"x".to_vec()), 9, vec![], false),
            (Keys::Prefix(b"ab".to_vec()), 9, vec!["ab=1", "abc=4"], false),
            (Keys::Range(b"ab".to_vec(), Some(b"c".to_vec())), 9, vec!["ab=1", "abc=4", "b=0"], false),
            (Keys::Range(b"b".to_vec(), None), 9, vec!["b=0", "c=3"], false),
        ] {
            let (rows, more) = found(keys.clone(), limit);
            assert_eq!((rows, more), (expected.into_iter().map(String::from).collect(), has_more), "{keys:?}");
        }
    }

    #[test]
    fn windows_are_those_that_reach_into_the_time() {
        let query = |first, last| Query { keys: Keys::All, windows: Some((first, last)), limit: 9 };
        let windows = [(0, 10), (10, 20), (20, 30)];
        for (first, last, expected) in [(5, 7, 1), (0, 100, 3), (12, 21, 2), (31, 40, 0)] {
            let entries = windows.iter().map(|&window| (&b"k"[..], Some(window), ()));
            assert_eq!(query(first, last).collect(3, entries).0.rows.len(), expected, "{first} {last}");
        }
    }
}
