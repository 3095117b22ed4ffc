//! State of operators: stores that the engine hands out by name, one set per lane. A store maps key bytes to a value,
//! tells what changed since it was last asked, and can be filled key by key, so that changelogs, restores and queries
//! need nothing from the operators. Knows nothing of what the keys and values mean.

mod query;
mod scalar;
mod table;

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::key_map::Walk;
use crate::problem::Fault;
use crate::types::Column;

pub use query::{Finding, Found, Keys, Place, Query, Told};
pub use scalar::{Scalar, scalar_column};
pub use table::Table;

/// What a store holds per key: it can be written as bytes and read back.
pub trait StateValue: Clone + Send + 'static {
    /// Adds the value's bytes.
    fn write(&self, into: &mut Vec<u8>);

    /// Reads what [`StateValue::write`] wrote; `None` where it did not.
    fn read(bytes: &[u8]) -> Option<Self>;

    /// The value in JSON; `columns` say what its parts are, where it has some.
    fn tell(&self, columns: &[Column]) -> Value;

    /// Memory that the value takes, about.
    fn size(&self) -> usize {
        size_of::<Self>()
    }
}

/// The stores of one lane, by name. A name is durable: `<node id>` or `<node id>.<part>`.
#[derive(Default)]
pub struct Stores {
    opened: Mutex<BTreeMap<String, Arc<dyn Store>>>,
    tracks_changes: bool,
}

/// A store of one type of values. Cheap to clone; all clones are the same store.
pub struct KeyedStore<V>(Arc<Mutex<Table<V>>>);

/// A store as the engine sees it.
pub trait Store: Any + Send + Sync {
    /// Keys and bytes that it holds.
    fn level(&self) -> StoreLevel;

    /// The value of a key, in bytes.
    fn get(&self, key: &[u8]) -> Option<Vec<u8>>;

    /// All keys, sorted.
    fn keys(&self) -> Vec<Box<[u8]>>;

    /// What it holds, as somebody asks for it: a key is found at once, anything else by a look at all keys, slice by slice,
    /// with a `pause` after each, in which the store is not locked. So entries are not all of one moment; what comes and goes
    /// meanwhile may be there or not.
    fn find(&self, query: &Query, pause: &dyn Fn()) -> Found;

    /// The keys changed since this was last asked, sorted. Empty where changes are not tracked.
    fn take_changed(&self) -> Vec<Change>;

    /// Puts a value back, or removes it, without telling of a change.
    ///
    /// # Errors
    /// Bytes that are not a value of this store.
    fn fill(&self, key: &[u8], value: Option<&[u8]>) -> Result<(), Fault>;
}

/// A key that changed, and its value in bytes; `None` where it was removed.
pub type Change = (Box<[u8]>, Option<Vec<u8>>);

/// How much a store holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoreLevel {
    /// number of keys
    pub keys: usize,
    /// memory of keys and values, about
    pub bytes: usize,
}

impl Stores {
    /// Stores that remember which keys changed.
    pub fn tracking_changes() -> Stores {
        Stores { tracks_changes: true, ..Stores::default() }
    }

    /// The store of this name, made where it does not exist: a node that restarts finds its state again.
    ///
    /// # Errors
    /// A defect of ours: the name belongs to a store of other values.
    pub fn open<V: StateValue>(&self, name: &str) -> Result<KeyedStore<V>, Fault> {
        self.open_with(name, |tracks_changes| Mutex::new(Table::<V>::new(tracks_changes))).map(KeyedStore)
    }

    /// The store of this name, of a kind of its own. `make` is told whether it has to remember which keys changed.
    ///
    /// # Errors
    /// As [`Stores::open`].
    pub fn open_with<S: Store>(&self, name: &str, make: impl FnOnce(bool) -> S) -> Result<Arc<S>, Fault> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = opened.get(name) {
            let store: Arc<dyn Any + Send + Sync> = store.clone();
            return store.downcast().map_err(|_| Fault::ours(format!("store `{name}` holds other values")));
        }
        let store = Arc::new(make(self.tracks_changes));
        opened.insert(name.into(), store.clone());
        Ok(store)
    }

    /// Every store, by name.
    pub fn all(&self) -> Vec<(String, Arc<dyn Store>)> {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.iter().map(|(name, store)| (name.clone(), store.clone())).collect()
    }
}

impl<V> KeyedStore<V> {
    /// The table itself, for the time of a batch: only its lane writes it, others look in rarely.
    pub fn lock(&self) -> MutexGuard<'_, Table<V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V> Clone for KeyedStore<V> {
    fn clone(&self) -> KeyedStore<V> {
        KeyedStore(self.0.clone())
    }
}

impl<V: StateValue> Store for Mutex<Table<V>> {
    fn level(&self) -> StoreLevel {
        let table = self.lock().unwrap_or_else(PoisonError::into_inner);
        StoreLevel { keys: table.len(), bytes: table.bytes() }
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.lock().unwrap_or_else(PoisonError::into_inner).get(key).map(written)
    }

    fn keys(&self) -> Vec<Box<[u8]>> {
        let table = self.lock().unwrap_or_else(PoisonError::into_inner);
        let mut keys: Vec<Box<[u8]>> = table.iter().map(|(key, _)| key.into()).collect();
        keys.sort_unstable();
        keys
    }

    fn find(&self, query: &Query, pause: &dyn Fn()) -> Found {
        let table = || self.lock().unwrap_or_else(PoisonError::into_inner);
        let mut finding = query.begin();
        let mut walk = match query.keys.one() {
            Some(key) => {
                if table().get(key).is_some() {
                    finding.meet(key, None);
                }
                None
            }
            None => Some(Walk::default()),
        };
        while let Some(from) = walk {
            walk = table().walk(from, |key| finding.meet(key, None));
            pause();
        }
        let keys = table().len();
        finding.tell(keys, |some| {
            let table = table();
            some.iter().map(|(key, _)| Some(table.get(key)?.tell(table.columns()))).collect()
        })
    }

    fn take_changed(&self) -> Vec<Change> {
        let mut table = self.lock().unwrap_or_else(PoisonError::into_inner);
        let mut keys = table.take_changed();
        keys.sort_unstable();
        keys.into_iter().map(|key| (key.clone(), table.get(&key).map(written))).collect()
    }

    fn fill(&self, key: &[u8], value: Option<&[u8]>) -> Result<(), Fault> {
        let mut table = self.lock().unwrap_or_else(PoisonError::into_inner);
        let value = match value {
            Some(bytes) => Some(V::read(bytes).ok_or_else(|| Fault::ours("these bytes are not a value of the store"))?),
            None => None,
        };
        table.fill(key, value);
        Ok(())
    }
}

fn written<V: StateValue>(value: &V) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.write(&mut bytes);
    bytes
}

impl StateValue for i64 {
    fn tell(&self, _: &[Column]) -> Value {
        (*self).into()
    }

    fn write(&self, into: &mut Vec<u8>) {
        into.extend_from_slice(&self.to_be_bytes());
    }

    fn read(bytes: &[u8]) -> Option<i64> {
        bytes.try_into().ok().map(i64::from_be_bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_one_store_of_one_type() {
        let stores = Stores::default();
        let first = stores.open::<i64>("totals").unwrap();
        first.lock().put(b"a", 1);
        assert_eq!(stores.open::<i64>("totals").unwrap().lock().get(b"a"), Some(&1));
        assert!(stores.open::<Vec<Scalar>>("totals").is_err());
        assert_eq!(stores.all().len(), 1);
    }

    #[test]
    fn changes_are_told_once_and_fill_another_store() {
        let (lane, copy) = (Stores::tracking_changes(), Stores::tracking_changes());
        let (store, twin) = (lane.open::<i64>("n").unwrap(), copy.open::<i64>("n").unwrap());
        let (_, changes) = lane.all().remove(0);
        let (_, filled) = copy.all().remove(0);
        for (key, value) in [(b"a", Some(1)), (b"b", Some(2)), (b"b", None), (b"a", Some(3))] {
            match value {
                Some(value) => store.lock().put(key, value),
                None => drop(store.lock().remove(key)),
            }
        }
        let told = changes.take_changed();
        assert_eq!(
            told.iter().map(|(key, value)| (&key[..], value.is_some())).collect::<Vec<_>>(),
            [(&b"a"[..], true), (b"b", false)]
        );
        assert!(changes.take_changed().is_empty());
        for (key, value) in told {
            filled.fill(&key, value.as_deref()).unwrap();
        }
        assert_eq!(twin.lock().get(b"a"), Some(&3));
        assert!(filled.take_changed().is_empty());
        assert!(filled.fill(b"a", Some(b"too short")).is_err());
    }

    proptest! {
        #[test]
        fn a_table_is_a_map(script in prop::collection::vec((0u8..6, prop::option::of(any::<i64>())), 0..60)) {
            let stores = Stores::default();
            let store = stores.open::<i64>("n").unwrap();
            let mut model: HashMap<u8, i64> = HashMap::new();
            for (key, value) in script {
                match value {
                    Some(value) => {
                        store.lock().put(&[key], value);
                        model.insert(key, value);
                    }
                    None => prop_assert_eq!(store.lock().remove(&[key]), model.remove(&key)),
                }
                let table = store.lock();
                prop_assert_eq!(table.len(), model.len());
                prop_assert_eq!(table.bytes() == 0, model.is_empty());
                for key in 0..6 {
                    prop_assert_eq!(table.get(&[key]), model.get(&key));
                }
            }
        }
    }
}
