//! What is safe to commit, and committing it: the smallest offset of each partition that anything still needs.

use std::collections::BTreeMap;
use std::time::Duration;

use super::run::{Inner, lock};
use super::workshop::SlotOf;
use crate::kafka::{Offset, TopicPartition};
use crate::problem::Fault;

impl Inner {
    /// Commits what is safe; within a time, and waiting for the answer, where one is given.
    pub(super) fn commit(&self, wait: Option<Duration>) -> Result<(), Fault> {
        let safe = {
            let workshop = lock(&self.workshop);
            let needs = workshop.survey(true)?;
            let mut safe: BTreeMap<(String, TopicPartition), i64> = BTreeMap::new();
            for &(slot, offset) in needs.iter().filter(|(_, offset)| *offset >= 0) {
                let Some((_, SlotOf::Partition(cluster, topic, partition))) = workshop.slots.get(slot) else {
                    continue;
                };
                let at = (cluster.clone(), TopicPartition::new(topic.clone(), *partition));
                safe.entry(at).and_modify(|known| *known = offset.min(*known)).or_insert(offset);
            }
            safe
        };
        self.commit_these(safe, wait)
    }

    pub(super) fn commit_these(
        &self,
        safe: BTreeMap<(String, TopicPartition), i64>,
        wait: Option<Duration>,
    ) -> Result<(), Fault> {
        if self.has_state {
            return Ok(());
        }
        let mut committed = lock(&self.committed);
        let mut fresh: BTreeMap<String, Vec<Offset>> = BTreeMap::new();
        for ((cluster, at), next) in safe {
            if self.membership.owns(&cluster, &at) && committed.get(&(cluster.clone(), at.clone())) != Some(&next) {
                committed.insert((cluster.clone(), at.clone()), next);
                fresh.entry(cluster).or_default().push(Offset { at, next });
            }
        }
        drop(committed);
        for (cluster, offsets) in fresh {
            self.membership.commit(&cluster, &offsets, wait)?;
        }
        Ok(())
    }
}
