//! A queue between two tasks, on one lane. It is bounded by records and bytes, hands over whole batches, wakes its reader
//! when it has something and its writers when it has room again. A queue node brings rules of its own; all other edges
//! have [`super::bounded`]'s.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use super::cell::TaskRef;
use crate::batch::{Batch, PerRow};
use crate::operators::{Level, Outbox, Queue};
use crate::problem::Fault;

/// One lane of a queue.
pub(crate) struct Channel {
    inner: Mutex<Inner>,
    /// rows, for a look without the lock
    rows: AtomicUsize,
    /// a writer was refused and waits
    refused: AtomicBool,
    reader: OnceLock<TaskRef>,
    writers: Mutex<Vec<TaskRef>>,
}

struct Inner {
    queue: Box<dyn Queue>,
    /// writers that have not ended
    open: usize,
}

/// What a reader gets; not kept anywhere, so that its size does not matter.
#[allow(clippy::large_enum_variant, reason = "handed over once per batch and never stored")]
pub(crate) enum Taken {
    Rows(Batch),
    /// nothing now; maybe at this wall clock
    Empty(Option<i64>),
    /// nothing any more
    Ended,
}

/// What a queue holds, without taking it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// so many rows, due or not
    Rows(usize),
    Empty,
    /// nothing, and nothing will come any more
    Ended,
}

impl Channel {
    pub(crate) fn new(queue: Box<dyn Queue>) -> Channel {
        Channel {
            inner: Mutex::new(Inner { queue, open: 0 }),
            rows: AtomicUsize::new(0),
            refused: AtomicBool::new(false),
            reader: OnceLock::new(),
            writers: Mutex::new(Vec::new()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_reader(&self, reader: TaskRef) {
        // A lane's reader is made once; a second would be the same.
        let _ = self.reader.set(reader);
    }

    pub(crate) fn add_writer(&self, writer: TaskRef) {
        self.writers.lock().unwrap_or_else(PoisonError::into_inner).push(writer);
        self.lock().open += 1;
    }

    /// Takes rows in; what comes back has to wait until the writer is woken.
    pub(crate) fn offer(&self, batch: Batch, now_ms: i64, out: &mut Outbox) -> Result<Option<Batch>, Fault> {
        let mut inner = self.lock();
        let rest = inner.queue.offer(batch, now_ms, out)?;
        self.rows.store(inner.queue.level().rows, Ordering::Relaxed);
        if rest.is_some() {
            self.refused.store(true, Ordering::Relaxed);
        }
        drop(inner);
        self.wake_reader();
        Ok(rest)
    }

    pub(crate) fn take(&self, max: usize, now_ms: i64) -> Result<Taken, Fault> {
        let mut inner = self.lock();
        let taken = inner.queue.take(max, now_ms)?;
        let Level { rows, capacity, .. } = inner.queue.level();
        self.rows.store(rows, Ordering::Relaxed);
        let taken = match taken {
            Some(batch) => Taken::Rows(batch),
            None if inner.open == 0 && rows == 0 => Taken::Ended,
            None => Taken::Empty(inner.queue.due_at_ms()),
        };
        // Writers come back to a queue that is half empty: for each batch anew they would be woken too often.
        let has_room = matches!(taken, Taken::Rows(_)) && rows <= capacity / 2;
        let has_waiting = has_room && self.refused.swap(false, Ordering::Relaxed);
        drop(inner);
        if has_waiting {
            self.wake_writers();
        }
        Ok(taken)
    }

    pub(crate) fn look(&self) -> Look {
        let inner = self.lock();
        match (inner.queue.level().rows, inner.open) {
            (0, 0) => Look::Ended,
            (0, _) => Look::Empty,
            (rows, _) => Look::Rows(rows),
        }
    }

    /// One writer will write no more.
    pub(crate) fn end(&self) {
        let mut inner = self.lock();
        inner.open = inner.open.saturating_sub(1);
        drop(inner);
        self.wake_reader();
    }

    /// Throws away what it holds; tells how many rows.
    pub(crate) fn discard(&self) -> usize {
        let mut inner = self.lock();
        let rows = inner.queue.level().rows;
        while let Ok(Some(_)) = inner.queue.take(usize::MAX, i64::MAX) {}
        self.rows.store(0, Ordering::Relaxed);
        drop(inner);
        self.wake_writers();
        rows
    }

    pub(crate) fn level(&self) -> Level {
        self.lock().queue.level()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.load(Ordering::Relaxed) == 0
    }

    pub(crate) fn needs(&self) -> Vec<(u32, i64)> {
        self.lock().queue.needs()
    }

    fn wake_writers(&self) {
        for writer in self.writers.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            writer.wake_apart();
        }
    }

    fn wake_reader(&self) {
        if let Some(reader) = self.reader.get() {
            reader.wake();
        }
    }
}

/// The smallest offset per slot among rows that are not safe yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Needs(Vec<(u32, i64)>);

impl Needs {
    pub(crate) fn add(&mut self, batch: &Batch) {
        let offsets = &batch.position.offset;
        match &batch.position.slot {
            PerRow::Same(slot) => {
                if let Some(&first) = offsets.iter().min() {
                    self.lower(*slot, first);
                }
            }
            PerRow::Each(slots) => {
                for (slot, offset) in slots.iter().zip(offsets) {
                    self.lower(*slot, *offset);
                }
            }
        }
    }

    pub(crate) fn lower(&mut self, slot: u32, offset: i64) {
        match self.0.iter_mut().find(|(known, _)| *known == slot) {
            Some((_, smallest)) => *smallest = offset.min(*smallest),
            None => self.0.push((slot, offset)),
        }
    }

    pub(crate) fn merge<'a>(&mut self, others: impl IntoIterator<Item = &'a (u32, i64)>) {
        others.into_iter().for_each(|&(slot, offset)| self.lower(slot, offset));
    }

    pub(crate) fn get(&self, slot: u32) -> Option<i64> {
        self.0.iter().find(|(known, _)| *known == slot).map(|(_, offset)| *offset)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &(u32, i64)> {
        self.0.iter()
    }

    pub(crate) fn into_vec(self) -> Vec<(u32, i64)> {
        self.0
    }
}
