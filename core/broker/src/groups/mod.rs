//! The consumer groups: all of them under one lock, their clock, and names for new members. What a group does is in
//! [`group`]; committed offsets are the journal's.

mod group;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

pub(crate) use group::{Group, Join, Joining, Phase, Speaker};

/// All groups, by id.
#[derive(Debug)]
pub(crate) struct Groups {
    by_id: Mutex<BTreeMap<String, Group>>,
    /// a deadline may have come nearer
    changed: Notify,
    next_member: AtomicU64,
    /// tells members of this process from those of the one before
    salt: u64,
}

impl Default for Groups {
    fn default() -> Groups {
        Groups {
            by_id: Mutex::default(),
            changed: Notify::new(),
            next_member: AtomicU64::new(1),
            salt: RandomState::new().build_hasher().finish(),
        }
    }
}

impl Groups {
    /// All of them, for this caller alone.
    pub(crate) fn all(&self) -> MutexGuard<'_, BTreeMap<String, Group>> {
        self.by_id.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Acts on one group, which is made where it is absent, and then on what has become due.
    pub(crate) fn act<T>(&self, id: &str, action: impl FnOnce(&mut Group, Instant) -> T) -> T {
        let mut groups = self.all();
        if !groups.contains_key(id) {
            groups.insert(id.into(), Group::default());
        }
        let now = Instant::now();
        let group = groups.entry(id.into()).or_default();
        let result = action(group, now);
        group.advance(now);
        drop(groups);
        self.changed.notify_one();
        result
    }

    /// The same on a group that exists.
    pub(crate) fn act_known<T>(&self, id: &str, action: impl FnOnce(&mut Group, Instant) -> T) -> Option<T> {
        let is_known = self.all().contains_key(id);
        is_known.then(|| self.act(id, action))
    }

    /// A name that no member has had.
    pub(crate) fn new_member_id(&self, client: &str) -> String {
        let number = self.next_member.fetch_add(1, Ordering::Relaxed);
        let client = if client.is_empty() { "member" } else { client };
        format!("{client}-{:016x}-{number:x}", self.salt)
    }

    /// Lets time pass for all groups. Never returns; sleeps until something is due.
    pub(crate) async fn keep_time(&self) {
        loop {
            let due = {
                let mut groups = self.all();
                let now = Instant::now();
                groups.values_mut().for_each(|group| group.advance(now));
                groups.values().filter_map(Group::due).min()
            };
            let due = due.unwrap_or_else(|| Instant::now() + Duration::from_secs(3600));
            tokio::select! {
                () = tokio::time::sleep_until(due.into()) => {}
                () = self.changed.notified() => {}
            }
        }
    }
}
