//! When which keys are to be looked at. Most sessions grow before their time comes: those whose time is far off are put
//! together in no order, and in order only when it is near.

use std::collections::{BTreeMap, BTreeSet};

/// Numbers of keys by an end that a session of theirs had.
#[derive(Debug)]
pub(super) struct Calendar {
    near: BTreeSet<(i64, u32)>,
    /// those whose end is not before `near_to`, by the end over `width`
    far: BTreeMap<i64, Vec<u32>>,
    near_to: i64,
    /// ends that lie together in `far`
    width: i64,
}

impl Calendar {
    /// Sessions that are looked at when their end lies so far behind.
    pub(super) fn new(retention: i64) -> Calendar {
        Calendar { near: BTreeSet::new(), far: BTreeMap::new(), near_to: 0, width: (retention / 32).max(1) }
    }

    /// Has a key looked at when this end is due.
    pub(super) fn list(&mut self, end: i64, number: u32) {
        match end < self.near_to || self.near_to == i64::MAX {
            true => drop(self.near.insert((end, number))),
            false => self.far.entry(self.together(end)).or_default().push(number),
        }
    }

    /// What lies together with an end that is far off.
    pub(super) fn together(&self, end: i64) -> i64 {
        end / self.width
    }

    /// What comes near by this time: keys that lie together, which are to be listed anew.
    pub(super) fn approach(&mut self, time: i64) -> Vec<(i64, Vec<u32>)> {
        let mut near = Vec::new();
        if time < self.near_to {
            return near;
        }
        self.near_to = self.together(time).saturating_add(1).saturating_mul(self.width);
        while let Some(first) = self.far.first_entry()
            && (first.key().saturating_mul(self.width) < self.near_to || self.near_to == i64::MAX)
        {
            near.push(first.remove_entry());
        }
        near
    }

    /// The first end before this time, and the keys to be looked at for it. All are before the end of time.
    pub(super) fn due(&mut self, time: i64) -> Option<(i64, Vec<u32>)> {
        let (end, number) = self.near.first().copied().filter(|(end, _)| *end < time || time == i64::MAX)?;
        self.near.pop_first();
        let mut numbers = vec![number];
        while let Some(&next) = self.near.first().filter(|(other, _)| *other == end) {
            self.near.pop_first();
            numbers.push(next.1);
        }
        Some((end, numbers))
    }

    /// Keys in the order of their ends, which lie from one to the other; far ones that lie together in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (i64, i64, u32)> {
        let near = self.near.iter().map(|&(end, number)| (end, end, number));
        let far = self.far.iter().flat_map(move |(&together, numbers)| {
            let from = together.saturating_mul(self.width);
            numbers.iter().map(move |&number| (from, from.saturating_add(self.width - 1), number))
        });
        near.chain(far)
    }

    /// Memory, about: nodes of a tree are about 3/4 full.
    pub(super) fn bytes(&self) -> usize {
        let far: usize = self.far.values().map(|numbers| numbers.capacity() * size_of::<u32>()).sum();
        self.near.len() * size_of::<(i64, u32)>() * 4 / 3 + far
    }
}
