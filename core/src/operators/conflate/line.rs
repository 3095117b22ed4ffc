//! The records that wait in a conflate: one a key, in the order in which their keys began to wait.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;

use super::super::accumulate::Values;
use super::super::rows::arrow_fault;
use crate::batch::Batch;
use crate::problem::Fault;

/// Records that wait.
#[derive(Default)]
pub(super) struct Line {
    waiting: VecDeque<(Option<Box<[u8]>>, Waiting)>,
    /// how many have left: the number of the first that waits
    left: u64,
    /// numbers of those that wait, by key
    numbers: HashMap<Box<[u8]>, u64, RandomState>,
    /// number of the one without a key
    keyless: Option<u64>,
    /// rows of all batches that are kept for those that wait, at most
    kept: usize,
    /// of the records that wait
    pub(super) bytes: usize,
}

/// A record that waits, and what it stands for.
pub(super) struct Waiting {
    batch: Arc<Batch>,
    row: usize,
    size: usize,
    /// of the accumulators, where there are some
    pub(super) values: Option<Values>,
    /// smallest offset per slot that is needed to make it again
    needs: Vec<(u32, i64)>,
}

/// Rows that may be kept in vain before the batches are made anew.
const KEPT_IN_VAIN: usize = 1024;

impl Line {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The record of a key.
    pub(super) fn find(&self, key: Option<&[u8]>) -> Option<&Waiting> {
        let place = self.place(key)?;
        self.waiting.get(place).map(|(_, waiting)| waiting)
    }

    fn place(&self, key: Option<&[u8]>) -> Option<usize> {
        let number = match key {
            Some(key) => self.numbers.get(key).copied(),
            None => self.keyless,
        }?;
        usize::try_from(number.checked_sub(self.left)?).ok()
    }

    /// Puts a record in the place of the one of its key, or at the end.
    pub(super) fn put(&mut self, key: Option<&[u8]>, mut record: Waiting) {
        self.bytes += record.size;
        let place = self.place(key);
        if let Some((_, known)) = place.and_then(|place| self.waiting.get_mut(place)) {
            self.bytes -= known.size;
            if record.values.is_some() && known.values.is_some() {
                record.stand_for(&known.needs);
            }
            *known = record;
            return;
        }
        let number = self.left + self.waiting.len() as u64;
        match key {
            Some(key) => drop(self.numbers.insert(key.into(), number)),
            None => self.keyless = Some(number),
        }
        self.waiting.push_back((key.map(Into::into), record));
    }

    /// The first records, up to so many.
    pub(super) fn take(&mut self, max: usize) -> Vec<Waiting> {
        let taken: Vec<_> = self.waiting.drain(..max.min(self.waiting.len())).collect();
        self.left += taken.len() as u64;
        let forget = |(key, waiting): (Option<Box<[u8]>>, Waiting)| {
            match key {
                Some(key) => drop(self.numbers.remove(&key)),
                None => self.keyless = None,
            }
            self.bytes -= waiting.size;
            waiting
        };
        taken.into_iter().map(forget).collect()
    }

    /// The smallest offset per slot that any record needs.
    pub(super) fn needs(&self) -> Vec<(u32, i64)> {
        let mut needs: BTreeMap<u32, i64> = BTreeMap::new();
        for (slot, offset) in self.waiting.iter().flat_map(|(_, waiting)| &waiting.needs) {
            needs.entry(*slot).and_modify(|known| *known = (*offset).min(*known)).or_insert(*offset);
        }
        needs.into_iter().collect()
    }

    /// A batch of so many rows was put in: where most rows of the batches are no longer needed, makes a new one of those
    /// that are. A few records must not hold the memory of the many that they replaced.
    pub(super) fn keep_less(&mut self, came: usize) -> Result<(), Fault> {
        self.kept += came;
        if self.kept <= 4 * self.waiting.len() + KEPT_IN_VAIN {
            return Ok(());
        }
        self.kept = self.waiting.len();
        if self.waiting.is_empty() {
            return Ok(());
        }
        let batch = Arc::new(gather(self.waiting.iter().map(|(_, waiting)| waiting))?);
        for (row, (_, waiting)) in self.waiting.iter_mut().enumerate() {
            waiting.batch = batch.clone();
            waiting.row = row;
        }
        Ok(())
    }
}

impl Waiting {
    /// A row of a batch that begins to wait, or replaces one that does.
    pub(super) fn new(batch: &Arc<Batch>, row: usize, size: usize, values: Option<Values>) -> Waiting {
        let needs = vec![(*batch.position.slot.get(row), batch.position.offset[row])];
        Waiting { batch: batch.clone(), row, size, values, needs }
    }

    fn stand_for(&mut self, others: &[(u32, i64)]) {
        for (slot, offset) in others {
            match self.needs.iter_mut().find(|(known, _)| known == slot) {
                Some((_, smallest)) => *smallest = (*offset).min(*smallest),
                None => self.needs.push((*slot, *offset)),
            }
        }
    }

    /// The smallest offset that it needs in the slot of the record that it is.
    pub(super) fn oldest(&self) -> i64 {
        let slot = self.batch.position.slot.get(self.row);
        let needed = self.needs.iter().find(|(known, _)| known == slot);
        needed.map_or(self.batch.position.offset[self.row], |(_, offset)| *offset)
    }
}

/// The records as one batch.
pub(super) fn gather<'a>(waiting: impl IntoIterator<Item = &'a Waiting>) -> Result<Batch, Fault> {
    let mut batches: Vec<&Batch> = Vec::new();
    let mut numbers: HashMap<*const Batch, usize, RandomState> = HashMap::default();
    let mut picks = Vec::new();
    for Waiting { batch, row, .. } in waiting {
        let number = *numbers.entry(Arc::as_ptr(batch)).or_insert_with(|| {
            batches.push(batch);
            batches.len() - 1
        });
        picks.push((number, *row));
    }
    Ok(Batch::interleave(&batches, &picks).map_err(arrow_fault)?.compact())
}
