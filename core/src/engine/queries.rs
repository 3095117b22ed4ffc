//! A closer look at what a node keeps: questions to its stores on all lanes, in the words of the outside.

use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::run::{Inner, lock};
use super::workshop::StoreOfLane;
use crate::codec::{key_value, parse_row_key};
use crate::problem::Fault;
use crate::snapshot::{StateRow, StateSnapshot};
use crate::state::{Keys, Query};
use crate::types::KeyFormat;

/// Which part of a node's state is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateQuery {
    /// which keys
    pub keys: KeysAsked,
    /// of windows, those that reach into this time, in milliseconds: first and last
    pub windows: Option<(i64, i64)>,
    /// how many entries at most
    pub limit: usize,
}

/// Which keys, written as text: a key of text as it is, one of integers or JSON as that, bytes as `{"base64": …}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeysAsked {
    /// all
    All,
    /// one
    One(String),
    /// those whose bytes begin with this text
    Prefix(String),
    /// from the first to before the second, in the order of their bytes
    Range(String, Option<String>),
}

/// Entries that one question may ask for.
const MOST_ROWS: usize = 10_000;
/// How long a store is left alone between two looks at parts of it.
const PAUSE: Duration = Duration::from_micros(100);

impl Inner {
    pub(super) fn state(&self, node: &str, query: &StateQuery) -> Result<StateSnapshot, Fault> {
        let (stores, format) = self.stores(node)?;
        let limit = query.limit.min(MOST_ROWS);
        let asked = Query { keys: keys(&query.keys, format)?, windows: query.windows, limit };
        let mut snapshot = StateSnapshot { node: node.to_string(), ..StateSnapshot::default() };
        let mut rows = Vec::new();
        for StoreOfLane { lane, store, .. } in stores {
            // Long enough for a lane that waits to come before the next slice.
            let found = store.find(&asked, &|| thread::sleep(PAUSE));
            snapshot.keys += found.keys as u64;
            snapshot.has_more |= found.has_more;
            rows.extend(found.rows.into_iter().map(|row| (lane, row)));
        }
        rows.sort_by(|(_, a), (_, b)| (&a.key, a.window).cmp(&(&b.key, b.window)));
        snapshot.has_more |= rows.len() > limit;
        rows.truncate(limit);
        let row = |(lane, row): (u32, crate::state::Told)| StateRow {
            lane,
            key: key_value(Some(&row.key), format),
            window: row.window,
            value: row.value,
        };
        snapshot.rows = rows.into_iter().map(row).collect();
        Ok(snapshot)
    }

    /// A node's stores, and the format of its keys. The workshop is let go of before they are looked into.
    fn stores(&self, node: &str) -> Result<(Vec<StoreOfLane>, KeyFormat), Fault> {
        let workshop = lock(&self.workshop);
        let number = workshop.plan.nodes.iter().position(|known| known.id == node);
        let number = number.ok_or_else(|| Fault::user(format!("there is no node `{node}`")))?;
        let stores = workshop.stores_of(node);
        if stores.is_empty() {
            return Err(Fault::user(format!("`{node}` keeps nothing"))
                .remedy("ask one with state: a window, an aggregate, a scan"));
        }
        Ok((stores, workshop.plan.inputs[number].first().map(|stream| stream.key).unwrap_or_default()))
    }
}

/// A key that is written as text.
fn value(text: &str, format: KeyFormat) -> Value {
    let is_json = !matches!(format, KeyFormat::Text | KeyFormat::Bytes) || text.starts_with("{\"base64\"");
    let parsed = if is_json { serde_json::from_str(text).ok() } else { None };
    parsed.unwrap_or_else(|| text.into())
}

fn keys(asked: &KeysAsked, format: KeyFormat) -> Result<Keys, Fault> {
    let bytes = |key: &String| match parse_row_key(&value(key, format), format) {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(Fault::user("null is no key")),
        Err(why) => Err(Fault::user(why)),
    };
    Ok(match asked {
        KeysAsked::All => Keys::All,
        KeysAsked::One(key) => Keys::One(bytes(key)?),
        KeysAsked::Prefix(prefix) => Keys::Prefix(prefix.clone().into_bytes()),
        KeysAsked::Range(from, to) => Keys::Range(bytes(from)?, to.as_ref().map(bytes).transpose()?),
    })
}
