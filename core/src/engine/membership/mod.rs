//! A run as a member of its consumer group: what it reads, whether it has all of that, and who else is there.
//!
//! - `alone`: whether others are in the group of a run that is to be its only member
//! - `events`: partitions come, are read by their lanes, and go again, without a record lost
//! - `together`: topics that are read together

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::run::{Inner, lock};
use crate::kafka::{Consumer, ConsumerOptions, Offset, TopicPartition};
use crate::problem::Fault;

mod alone;
mod events;
mod together;

use alone::Incomplete;
pub(super) use events::Events;
use together::{assignor, check_counts};

/// How much may wait unread in the clients of all clusters together.
const QUEUE_BYTES: usize = 32 << 20;

/// A topic of a cluster, and its partitions.
type TopicsOf = BTreeMap<String, Vec<Read>>;

/// What a source node reads.
struct Read {
    node: usize,
    topics: Vec<(String, i32)>,
}

#[derive(Default)]
pub(crate) struct Membership {
    reads: Mutex<TopicsOf>,
    consumers: Mutex<BTreeMap<String, Arc<Consumer>>>,
    assigned: Mutex<BTreeSet<(String, TopicPartition)>>,
    /// where a lane has stopped reading a partition that may come back
    resume: Mutex<BTreeMap<(String, TopicPartition), i64>>,
    /// a part of what is to be read is missing
    incomplete: Mutex<Option<Incomplete>>,
    /// nothing is read before all is assigned, where the run is to be alone: by cluster
    gates: Mutex<BTreeMap<String, Gate>>,
}

/// Whether reading has begun.
type Gate = Arc<AtomicBool>;

impl Membership {
    /// A source node reads these topics.
    pub(super) fn reads(&self, cluster: &str, node: usize, topics: Vec<(String, i32)>) {
        lock(&self.reads).entry(cluster.to_string()).or_default().push(Read { node, topics });
    }

    /// A source node reads these topics from now on, too.
    pub(super) fn read_more(
        &self,
        inner: &Inner,
        cluster: &str,
        node: usize,
        topics: Vec<(String, i32)>,
    ) -> Result<(), Fault> {
        let mut reads = lock(&self.reads);
        let of_cluster = reads.entry(cluster.to_string()).or_default();
        let Some(read) = of_cluster.iter_mut().find(|read| read.node == node) else { return Ok(()) };
        if read.topics == topics {
            return Ok(());
        }
        read.topics = topics;
        check_counts(inner, of_cluster)?;
        let all = names(of_cluster);
        let consumer = self.consumer(cluster);
        drop(reads);
        match consumer {
            Some(consumer) => consumer.subscribe(&all.iter().map(String::as_str).collect::<Vec<_>>()),
            None => Ok(()),
        }
    }

    /// Joins the group on each cluster that something is read from.
    pub(super) fn join(inner: &Arc<Inner>) -> Result<(), Fault> {
        let membership = &inner.membership;
        let reads = lock(&membership.reads);
        let clusters = reads.len().max(1);
        for (cluster, reads) in reads.iter() {
            check_counts(inner, reads)?;
            let topics = names(reads);
            let gate: Gate = Arc::new(AtomicBool::new(inner.options.is_group));
            lock(&membership.gates).insert(cluster.clone(), gate.clone());
            let events = Arc::new(Events::new(inner, cluster, gate));
            let options = ConsumerOptions {
                assignor: assignor(inner, reads),
                partitions: partitions(reads).len(),
                queue_bytes: QUEUE_BYTES / clusters,
                client_id: inner.options.application_id.clone(),
                ..ConsumerOptions::new(inner.options.application_id.clone())
            };
            let settings = lock(&inner.hub).settings(cluster)?.clone();
            let consumer = Consumer::open(&settings, &options, events)?;
            lock(&membership.consumers).insert(cluster.clone(), consumer.clone());
            if !topics.is_empty() {
                consumer.subscribe(&topics.iter().map(String::as_str).collect::<Vec<_>>())?;
            }
        }
        Ok(())
    }

    /// Leaves the groups.
    pub(super) fn leave(&self) {
        let consumers = std::mem::take(&mut *lock(&self.consumers));
        consumers.values().for_each(|consumer| consumer.close());
    }

    /// Asks the group to take these offsets.
    pub(super) fn commit(&self, cluster: &str, offsets: &[Offset]) -> Result<(), Fault> {
        self.consumer(cluster).map_or(Ok(()), |consumer| consumer.commit(offsets))
    }

    /// The same, waiting for its answer; gives those that it has taken.
    pub(super) fn commit_sync(
        &self,
        cluster: &str,
        offsets: &[Offset],
        within: Duration,
    ) -> Result<Vec<Offset>, Fault> {
        self.consumer(cluster).map_or(Ok(Vec::new()), |consumer| consumer.commit_sync(offsets, within))
    }

    fn consumer(&self, cluster: &str) -> Option<Arc<Consumer>> {
        lock(&self.consumers).get(cluster).cloned()
    }

    /// Whether a partition is assigned now.
    pub(super) fn owns(&self, cluster: &str, at: &TopicPartition) -> bool {
        lock(&self.assigned).contains(&(cluster.to_string(), at.clone()))
    }

    /// Whether what is to be read is assigned, as far as this process can know: others may have the rest.
    pub(super) fn is_assigned(&self) -> bool {
        let expected: usize = lock(&self.reads).values().map(|reads| partitions(reads).len()).sum();
        expected == 0 || !lock(&self.assigned).is_empty()
    }

    /// Whether a partition is one more than its topic is known to have; from then on it is known.
    fn has_grown(&self, cluster: &str, at: &TopicPartition) -> bool {
        let mut reads = lock(&self.reads);
        let topics = reads.get_mut(cluster).into_iter().flatten().flat_map(|read| &mut read.topics);
        let mut has_grown = false;
        for (_, count) in topics.filter(|(topic, count)| **topic == *at.topic && *count <= at.partition) {
            *count = at.partition + 1;
            has_grown = true;
        }
        has_grown
    }

    #[cfg(test)]
    pub(super) fn pretend_assigned(&self, cluster: &str, at: &TopicPartition) {
        lock(&self.assigned).insert((cluster.to_string(), at.clone()));
    }

    #[cfg(test)]
    pub(super) fn resumes_at(&self, cluster: &str, at: &TopicPartition) -> Option<i64> {
        lock(&self.resume).get(&(cluster.to_string(), at.clone())).copied()
    }

    /// Nodes that read a topic.
    fn readers(&self, cluster: &str, topic: &str) -> Vec<usize> {
        let reads = lock(&self.reads);
        let of_cluster = reads.get(cluster).into_iter().flatten();
        of_cluster.filter(|read| read.topics.iter().any(|(name, _)| name == topic)).map(|read| read.node).collect()
    }
}

fn names(reads: &[Read]) -> BTreeSet<String> {
    reads.iter().flat_map(|read| &read.topics).map(|(topic, _)| topic.clone()).collect()
}

fn partitions(reads: &[Read]) -> BTreeSet<TopicPartition> {
    let topics = reads.iter().flat_map(|read| &read.topics);
    topics
        .flat_map(|(topic, count)| (0..*count).map(|partition| TopicPartition::new(topic.as_str(), partition)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_partitions_is_an_assignment() {
        let membership = Membership::default();
        assert!(membership.is_assigned(), "nothing is to be read");
        membership.reads("default", 0, vec![("t".into(), 4)]);
        assert!(!membership.is_assigned());
        lock(&membership.assigned).insert(("default".into(), TopicPartition::new("t", 1)));
        assert!(membership.is_assigned());
    }
}
