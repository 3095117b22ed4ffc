//! The bound of a producer's queue, in records and bytes: taken before records are sent, given back as they are reported.

use std::sync::{Condvar, Mutex};
use std::time::Duration;

use super::delivery::Freed;
use super::queue::lock;

/// What of the client's queue is taken.
pub(super) struct Room {
    most: Freed,
    taken: Mutex<Freed>,
    emptied: Condvar,
}

impl Room {
    pub(super) fn new(records: usize, bytes: usize) -> Room {
        Room { most: Freed { records, bytes }, taken: Mutex::default(), emptied: Condvar::new() }
    }

    /// What is taken now.
    pub(super) fn taken(&self) -> Freed {
        *lock(&self.taken)
    }

    /// Takes room for as many of these records, by their bytes and in order, as there is; one that is too large for the
    /// whole passes when nothing else is in flight.
    pub(super) fn take(&self, sizes: impl Iterator<Item = usize>) -> Freed {
        let mut taken = lock(&self.taken);
        let mut got = Freed::default();
        for size in sizes {
            let is_alone = taken.records + got.records == 0;
            let fits =
                taken.records + got.records < self.most.records && taken.bytes + got.bytes + size <= self.most.bytes;
            if !fits && !is_alone {
                break;
            }
            got.add(Freed { records: 1, bytes: size });
        }
        taken.add(got);
        got
    }

    pub(super) fn free(&self, freed: Freed) {
        if freed == Freed::default() {
            return;
        }
        let mut taken = lock(&self.taken);
        taken.records = taken.records.saturating_sub(freed.records);
        taken.bytes = taken.bytes.saturating_sub(freed.bytes);
        if taken.records == 0 {
            self.emptied.notify_all();
        }
    }

    pub(super) fn wait_until_empty(&self, within: Duration) -> bool {
        let taken = lock(&self.taken);
        match self.emptied.wait_timeout_while(taken, within, |taken| taken.records > 0) {
            Ok((taken, _)) => taken.records == 0,
            Err(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Never more than the bounds but for one record alone, never less than fits, and all of it comes back.
        #[test]
        fn room_is_taken_to_the_bounds_and_no_further(
            sizes in prop::collection::vec(0..300_usize, 1..40),
            records in 1..10_usize,
            bytes in 1..500_usize,
        ) {
            let room = Room::new(records, bytes);
            let mut rest = &sizes[..];
            while !rest.is_empty() {
                let got = room.take(rest.iter().copied());
                prop_assert!(got.records > 0, "an empty queue takes at least one");
                prop_assert_eq!(got.bytes, rest[..got.records].iter().sum::<usize>());
                prop_assert!(got.records == 1 || (got.records <= records && got.bytes <= bytes));
                let next = rest.get(got.records).copied();
                prop_assert!(next.is_none_or(|next| got.records == records || got.bytes + next > bytes));
                if got.bytes >= bytes || got.records == records {
                    prop_assert_eq!(room.take(std::iter::once(1)), Freed::default());
                }
                room.free(got);
                rest = &rest[got.records..];
            }
            prop_assert!(room.wait_until_empty(Duration::ZERO));
        }
    }
}
