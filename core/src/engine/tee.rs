//! One partition read by several nodes: a client has one queue for it, and each node gets every record.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::cell::TaskRef;
use super::reading::{Fed, Feed};
use crate::problem::Fault;

/// How many batches the slower readers may lie behind before the faster ones have to wait.
const MAX_BEHIND: usize = 8;

/// A reader's share of a feed.
pub(crate) struct Tee {
    shared: Arc<Mutex<Shared>>,
    number: usize,
}

struct Shared {
    feed: Box<dyn Feed>,
    /// per reader, what others have read and it has not
    waiting: Vec<VecDeque<Fed>>,
    readers: Vec<TaskRef>,
}

impl Tee {
    /// A feed for each reader.
    pub(crate) fn split(feed: Box<dyn Feed>, readers: Vec<TaskRef>) -> Vec<Box<dyn Feed>> {
        let waiting = readers.iter().map(|_| VecDeque::new()).collect();
        let shared = Arc::new(Mutex::new(Shared { feed, waiting, readers: readers.clone() }));
        (0..readers.len()).map(|number| Box::new(Tee { shared: shared.clone(), number }) as Box<dyn Feed>).collect()
    }
}

impl Feed for Tee {
    fn take(&mut self, max: usize) -> Result<Fed, Fault> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fed) = shared.waiting[self.number].pop_front() {
            let frees_others = shared.waiting[self.number].len() + 1 == MAX_BEHIND;
            let readers = if frees_others { shared.readers.clone() } else { Vec::new() };
            drop(shared);
            readers.iter().for_each(TaskRef::wake);
            return Ok(fed);
        }
        if shared.waiting.iter().any(|waiting| waiting.len() >= MAX_BEHIND) {
            // Not waited for: the reader that lies behind may stand in the same task.
            return Ok(Fed { rows: None, end: None, is_held_back: true });
        }
        let fed = shared.feed.take(max)?;
        if fed.rows.is_some() || fed.end.is_some() {
            for number in (0..shared.waiting.len()).filter(|&number| number != self.number) {
                shared.waiting[number].push_back(fed.clone());
            }
            let readers = shared.readers.clone();
            drop(shared);
            readers
                .iter()
                .enumerate()
                .filter(|(number, _)| *number != self.number)
                .for_each(|(_, reader)| reader.wake());
        }
        Ok(fed)
    }

    fn high(&self) -> Option<i64> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).feed.high()
    }
}
