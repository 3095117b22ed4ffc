//! Questions to a store: which keys, which windows of theirs, how many at most. Answers are JSON, since who asks knows
//! nothing of the values.

use std::collections::BTreeSet;

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

    /// Begins to look for the first entries that are asked for.
    pub fn begin(&self) -> Finding<'_> {
        Finding { query: self, first: BTreeSet::new(), has_more: false }
    }
}

/// Key, and window where there is one.
pub type Place = (Box<[u8]>, Option<(i64, i64)>);

/// The first entries that were asked for, of those that have been met so far. No values: they are read at the end, of those
/// that are told.
#[derive(Debug)]
pub struct Finding<'q> {
    query: &'q Query,
    first: BTreeSet<Place>,
    has_more: bool,
}

/// Values that are read at once.
const TOLD_AT_ONCE: usize = 256;

impl Finding<'_> {
    /// There is such an entry. It may be met again.
    pub fn meet(&mut self, key: &[u8], window: Option<(i64, i64)>) {
        if !self.query.takes(key, window) {
            return;
        }
        let is_full = self.first.len() == self.query.limit;
        if is_full && self.first.last().is_none_or(|(last, of)| (key, window) > (&**last, *of)) {
            self.has_more = true;
            return;
        }
        self.first.insert((key.into(), window));
        if self.first.len() > self.query.limit {
            self.has_more = true;
            self.first.pop_last();
        }
    }

    /// What was found in a store that holds so many keys. `read` gives the values of a few entries at a time, none of those
    /// that have gone meanwhile.
    pub fn tell(self, keys: usize, mut read: impl FnMut(&[Place]) -> Vec<Option<Value>>) -> Found {
        let places: Vec<Place> = self.first.into_iter().collect();
        let mut rows = Vec::with_capacity(places.len());
        for some in places.chunks(TOLD_AT_ONCE) {
            let told = some
                .iter()
                .zip(read(some))
                .filter_map(|((key, window), value)| Some(Told { key: key.to_vec(), window: *window, value: value? }));
            rows.extend(told);
        }
        Found { keys, has_more: self.has_more, rows }
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
        let found = stores.all()[0].1.find(&Query { keys, windows: None, limit }, &|| {});
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
            let query = query(first, last);
            let mut finding = query.begin();
            windows.iter().for_each(|&window| finding.meet(b"k", Some(window)));
            let found = finding.tell(3, |some| vec![Some(Value::Null); some.len()]);
            assert_eq!(found.rows.len(), expected, "{first} {last}");
        }
    }

    #[test]
    fn a_large_store_is_looked_through_in_slices_and_let_go_of_in_between() {
        let stores = Stores::default();
        let store = stores.open::<i64>("n").unwrap();
        for number in 0..40_000i64 {
            store.lock().put(&number.to_be_bytes(), number);
        }
        let pauses = std::cell::Cell::new(0i64);
        let pause = || {
            // It would wait for ever, were the store still locked.
            let number = 100_000 + pauses.get();
            store.lock().put(&number.to_be_bytes(), number);
            store.lock().remove(&3i64.to_be_bytes());
            pauses.set(pauses.get() + 1);
        };
        let query = Query { keys: Keys::All, windows: None, limit: 1_000 };
        let found = stores.all()[0].1.find(&query, &pause);
        assert!(pauses.get() >= 40_000 / crate::key_map::SLICE as i64, "{} pauses", pauses.get());
        let expected: Vec<i64> = (0..1_000).filter(|number| *number != 3).collect();
        let told: Vec<i64> = found.rows.iter().filter_map(|row| row.value.as_i64()).collect();
        // Whether the one that went is replaced by the next depends on when it was met.
        assert!(told.starts_with(&expected[..999]) && found.has_more, "{} rows", told.len());
    }
}
