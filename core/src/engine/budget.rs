//! The records that a run may read at all (`--records`), shared by its sources on all lanes. What a source reserves and does
//! not find goes back to the others.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::batch::MAX_ROWS;

/// Records that all sources together may still read.
#[derive(Debug, Clone)]
pub(crate) struct Budget(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    /// not reserved
    free: AtomicU64,
    /// neither free nor read: reserved, too
    unread: AtomicU64,
}

impl Budget {
    pub(crate) fn new(records: u64) -> Budget {
        Budget(Arc::new(Counts { free: AtomicU64::new(records), unread: AtomicU64::new(records) }))
    }

    /// Whether all have been read.
    pub(crate) fn is_spent(&self) -> bool {
        self.0.unread.load(Relaxed) == 0
    }

    /// What is left, and records that will be read once more.
    pub(crate) fn with_repeated(&self, records: u64) -> Budget {
        Budget::new(self.0.unread.load(Relaxed).saturating_add(records))
    }

    /// Takes the records of a batch, or fewer; 0 where others have reserved all that is left, and may give some back.
    pub(crate) fn reserve(&self) -> usize {
        let share = |free: u64| free.min(MAX_ROWS as u64);
        let before = self.0.free.fetch_update(Relaxed, Relaxed, |free| Some(free - share(free)));
        before.map_or(0, |free| share(free) as usize)
    }

    /// Tells how many of the reserved records were read; the others are free again.
    pub(crate) fn settle(&self, reserved: usize, read: u64) {
        self.0.unread.fetch_sub(read, Relaxed);
        self.0.free.fetch_add((reserved as u64).saturating_sub(read), Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reserved_is_not_spent() {
        let budget = Budget::new(MAX_ROWS as u64 + 3);
        assert_eq!((budget.reserve(), budget.reserve(), budget.reserve()), (MAX_ROWS, 3, 0));
        assert!(!budget.is_spent());
        budget.settle(MAX_ROWS, 10);
        assert_eq!(budget.reserve(), MAX_ROWS - 10);
        budget.settle(MAX_ROWS - 10, MAX_ROWS as u64 - 10);
        budget.settle(3, 0);
        assert!(!budget.is_spent());
        assert_eq!(budget.reserve(), 3);
        budget.settle(3, 3);
        assert!(budget.is_spent());
        assert_eq!(budget.reserve(), 0);
    }

    #[test]
    fn what_was_reserved_in_vain_is_free_in_the_next_attempt() {
        let budget = Budget::new(20);
        budget.reserve();
        budget.settle(20, 15);
        budget.reserve();
        let next = budget.with_repeated(4);
        assert_eq!((budget.reserve(), next.reserve()), (0, 9));
    }

    #[test]
    fn lanes_together_read_as_many_as_there_are() {
        let budget = Budget::new(100_000);
        let lane = |seed: u64| {
            let budget = budget.clone();
            std::thread::spawn(move || {
                let (mut read, mut turn) = (0, seed);
                while !budget.is_spent() {
                    let reserved = budget.reserve();
                    turn = turn.wrapping_mul(6364136223846793005).wrapping_add(1);
                    let found = (reserved as u64).min(turn >> 54);
                    budget.settle(reserved, found);
                    read += found;
                }
                read
            })
        };
        let lanes: Vec<_> = (0..4).map(lane).collect();
        assert_eq!(lanes.into_iter().map(|lane| lane.join().unwrap()).sum::<u64>(), 100_000);
    }
}
