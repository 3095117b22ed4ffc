//! Taps: a look at records as they leave by a port, while the run goes on. A task copies those that are wanted, as columns;
//! they become JSON with whoever looks. Once enough wait for him, the others are only counted: nothing waits for a tap.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use arrow_array::Array;
use foldhash::fast::FixedState;

use super::run::{Inner, lock};
use super::task::Seen;
use super::watch::Watch;
use super::workshop::Workshop;
use crate::batch::Batch;
use crate::codec::{header_value, key_value, payload_value, row_value};
use crate::plan::Plan;
use crate::problem::Fault;
use crate::snapshot::{TapRow, TapSnapshot};

/// Records that one tap may keep until they are taken.
const MOST_ROWS: usize = 1000;

/// What is wanted of an edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TapOptions {
    /// records that are kept until they are taken, at most 1,000
    pub limit: usize,
    /// one in so many, chosen by where a record was read: two taps with the same choice see the same records, before and
    /// after a node
    pub every: u64,
}

/// A look at an edge; it ends when this is dropped.
pub struct Tap {
    edge: String,
    port: (usize, usize),
    plan: Arc<Plan>,
    catch: Arc<Catch>,
    taps: Arc<Taps>,
}

/// The taps of a run, through all its attempts.
#[derive(Default)]
pub(super) struct Taps(Mutex<HashMap<(usize, usize), Arc<Port>>>);

/// What looks at a port.
#[derive(Default)]
struct Port(Mutex<Vec<Arc<Catch>>>);

/// What has been caught and not taken.
struct Catch {
    options: TapOptions,
    seen: AtomicU64,
    /// rows that there is room for: a look without the lock
    room: AtomicU64,
    caught: Mutex<Vec<(i64, Batch)>>,
    watch: Arc<Watch>,
}

impl Catch {
    fn see(&self, batch: &Batch) {
        self.seen.fetch_add(batch.rows as u64, Relaxed);
        if self.room.load(Relaxed) == 0 {
            return;
        }
        let wanted = wanted(batch, self.options.every);
        let mut caught = lock(&self.caught);
        let room = self.room.load(Relaxed) as usize;
        let Some(wanted) = wanted.get(..wanted.len().min(room)).filter(|wanted| !wanted.is_empty()) else { return };
        // Rows that cannot be copied are not shown; the pipeline's own copy is not touched.
        if let Ok(rows) = batch.take(wanted) {
            caught.push((self.watch.now_ms(), rows));
            self.room.fetch_sub(wanted.len() as u64, Relaxed);
        }
    }
}

/// Rows, one in so many, by where they were read. Of those that came of one record, as all windows that it closes, each has
/// its own chance: else all would be seen, or none.
fn wanted(batch: &Batch, every: u64) -> Vec<u32> {
    if every <= 1 {
        return (0..batch.rows as u32).collect();
    }
    let hasher = FixedState::default();
    let read_from = |row: usize| (batch.origin.partition.get(row), batch.origin.offset[row]);
    let mut brothers = 0_u64;
    let wants = |row: &u32| {
        let row = *row as usize;
        brothers = if row > 0 && read_from(row) == read_from(row - 1) { brothers + 1 } else { 0 };
        let hash = match brothers {
            0 => hasher.hash_one(read_from(row)),
            before => hasher.hash_one((read_from(row), before)),
        };
        hash.is_multiple_of(every)
    };
    (0..batch.rows as u32).filter(wants).collect()
}

impl Inner {
    pub(super) fn tap(&self, edge: &str, options: TapOptions) -> Result<Tap, Fault> {
        let options = TapOptions { limit: options.limit.clamp(1, MOST_ROWS), every: options.every.max(1) };
        let mut workshop = lock(&self.workshop);
        let plan = workshop.plan.clone();
        let drawn = plan.edges.len() - plan.through.len();
        let found = plan.edges.iter().take(drawn).find(|known| known.id == edge);
        let port = found.ok_or_else(|| Fault::user(format!("there is no edge `{edge}`")))?.from;
        let catch = Arc::new(Catch {
            options,
            seen: AtomicU64::new(0),
            room: AtomicU64::new(options.limit as u64),
            caught: Mutex::default(),
            watch: self.watch.clone(),
        });
        let seers = lock(&self.taps.0).entry(port).or_default().clone();
        lock(&seers.0).push(catch.clone());
        let Workshop { watched, tasks, .. } = &mut *workshop;
        if let Entry::Vacant(unseen) = watched.entry(port) {
            let see: Seen = Arc::new(move |batch: &Batch| lock(&seers.0).iter().for_each(|catch| catch.see(batch)));
            unseen.insert(see.clone());
            for cell in tasks.values() {
                let see = see.clone();
                cell.tell(move |task| task.watch(port, &see));
            }
        }
        Ok(Tap { edge: edge.to_string(), port, plan, catch, taps: self.taps.clone() })
    }
}

impl Tap {
    /// As many as were asked for wait to be taken.
    pub fn is_full(&self) -> bool {
        self.catch.room.load(Relaxed) == 0
    }

    /// What was caught since this was last asked.
    pub fn take(&self) -> TapSnapshot {
        let caught = std::mem::take(&mut *lock(&self.catch.caught));
        self.catch.room.store(self.catch.options.limit as u64, Relaxed);
        let seen = self.catch.seen.swap(0, Relaxed);
        let rows = caught.iter().flat_map(|(at_ms, batch)| (0..batch.rows).map(|row| self.row(*at_ms, batch, row)));
        TapSnapshot { edge: self.edge.clone(), seen, rows: rows.collect() }
    }

    fn row(&self, at_ms: i64, batch: &Batch, row: usize) -> TapRow {
        let (node, port) = self.port;
        let key = self.plan.outputs[node].get(port).map(|stream| stream.key).unwrap_or_default();
        let format = self.plan.leaving(node, port).filter(|_| batch.payload.is_some());
        let key_bytes = batch.keys.is_valid(row).then(|| batch.keys.value(row));
        let text = |value: Option<&[u8]>| match header_value(value) {
            serde_json::Value::Null => None,
            serde_json::Value::String(text) => Some(text),
            other => Some(other.to_string()),
        };
        let headers = batch.headers_of(row).iter();
        TapRow {
            at_ms,
            ts: batch.timestamps[row],
            key: key_value(key_bytes, key),
            window: batch.windows.as_ref().map(|windows| (windows.start[row], windows.end[row])),
            value: match &format {
                Some(format) => payload_value(batch, row, format),
                None => row_value(batch, row),
            },
            headers: headers.map(|(name, value)| (name.to_string(), text(value.as_deref()))).collect(),
            topic: batch.origin.topic.get(row).to_string(),
            partition: *batch.origin.partition.get(row),
            offset: batch.origin.offset[row],
        }
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        if let Some(seers) = lock(&self.taps.0).get(&self.port) {
            lock(&seers.0).retain(|catch| !Arc::ptr_eq(catch, &self.catch));
        }
    }
}

#[cfg(test)]
mod tests {
    use arrow_array::BinaryViewArray;

    use super::*;
    use crate::batch::{Origin, PerRow};

    fn batch(offsets: &[i64]) -> Batch {
        let keys = BinaryViewArray::from_iter_values(offsets.iter().map(|_| b"k"));
        let origin =
            Origin { topic: PerRow::Same(Arc::from("t")), partition: PerRow::Same(0), offset: offsets.to_vec().into() };
        Batch::bare(keys, vec![0; offsets.len()].into(), origin)
    }

    #[test]
    fn records_are_chosen_by_their_place_and_results_of_one_each_by_itself() {
        let all: Vec<i64> = (0..1000).collect();
        let chosen = |offsets: &[i64]| {
            let rows = wanted(&batch(offsets), 20);
            rows.into_iter().map(|row| offsets[row as usize]).collect::<Vec<_>>()
        };
        let before = chosen(&all);
        assert!((25..100).contains(&before.len()), "{before:?}");
        let even: Vec<i64> = all.iter().copied().filter(|offset| offset % 2 == 0).collect();
        let expected: Vec<i64> = before.into_iter().filter(|offset| offset % 2 == 0).collect();
        assert_eq!(chosen(&even), expected, "the same records, before and after");
        for offset in 0..50 {
            let results = chosen(&vec![offset; 1000]).len();
            assert!((20..100).contains(&results), "{results} results of record {offset}");
        }
        assert_eq!(wanted(&batch(&all), 1).len(), 1000);
    }
}
