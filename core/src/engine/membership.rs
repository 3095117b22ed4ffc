//! A run as a member of its consumer group: partitions come, are read by their lanes, and go again, without a record lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use super::hub::PartitionFeed;
use super::reading::{Feed, Reading};
use super::run::{COMMIT_WITHIN, Inner, lock};
use super::tee::Tee;
use super::workshop::SlotOf;
use crate::kafka::{
    Assigned, Assignor, Committed, Consumer, ConsumerEvents, ConsumerOptions, Offset, Start as From, TopicPartition,
};
use crate::operators::Start;
use crate::problem::Fault;

/// How long another member of a group that is ours alone is waited for.
const ALONE_AFTER: Duration = Duration::from_secs(12);

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
    joined: Mutex<Option<Instant>>,
}

impl Membership {
    /// A source node reads these topics.
    pub(super) fn reads(&self, cluster: &str, node: usize, topics: Vec<(String, i32)>) {
        lock(&self.reads).entry(cluster.to_string()).or_default().push(Read { node, topics });
    }

    /// A source node reads these topics from now on, too.
    pub(super) fn read_more(&self, cluster: &str, node: usize, topics: Vec<(String, i32)>) -> Result<(), Fault> {
        let mut reads = lock(&self.reads);
        let of_cluster = reads.entry(cluster.to_string()).or_default();
        let Some(read) = of_cluster.iter_mut().find(|read| read.node == node) else { return Ok(()) };
        if read.topics == topics {
            return Ok(());
        }
        read.topics = topics;
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
        *lock(&membership.joined) = Some(Instant::now());
        let reads = lock(&membership.reads);
        for (cluster, reads) in reads.iter() {
            let topics = names(reads);
            let events = Arc::new(Events { inner: Arc::downgrade(inner), cluster: cluster.clone() });
            let options = ConsumerOptions {
                assignor: assignor(inner, reads),
                partitions: partitions(reads).len(),
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

    /// A run that is to be alone in its group says so, when it is not.
    pub(super) fn look_after(&self, inner: &Arc<Inner>) {
        let Some(joined) = *lock(&self.joined) else { return };
        if inner.options.is_group || joined.elapsed() < ALONE_AFTER {
            return;
        }
        for (cluster, reads) in lock(&self.reads).iter() {
            let expected = partitions(reads);
            let assigned = lock(&self.assigned);
            let missing = expected.iter().filter(|at| !assigned.contains(&(cluster.clone(), (*at).clone()))).count();
            drop(assigned);
            if missing > 0 {
                *lock(&self.joined) = Some(Instant::now());
                if let Some(fault) = self.others(inner, cluster, missing) {
                    inner.faults.push(fault);
                }
            }
        }
    }

    /// Who else is in the group.
    fn others(&self, inner: &Inner, cluster: &str, missing: usize) -> Option<Fault> {
        let admin = lock(&inner.hub).admin(cluster).ok()?;
        let group = admin.group(&inner.options.application_id).ok()?;
        let own = self.consumer(cluster).map(|consumer| consumer.member_id()).unwrap_or_default();
        let others: Vec<String> = group
            .members
            .iter()
            .filter(|member| member.id != own && !member.partitions.is_empty())
            .map(|member| format!("{} at {}", member.client_id, member.host))
            .collect();
        if others.is_empty() {
            return None;
        }
        let message = format!(
            "{missing} partitions are read by others in the group `{}`: {}",
            inner.options.application_id,
            others.join(", ")
        );
        Some(
            Fault::user(message).remedy(
                "stop the others, give this pipeline an `application_id` of its own, or set `scale` to `group`",
            ),
        )
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

/// Lanes that read several topics need equal partitions of them.
fn assignor(inner: &Inner, reads: &[Read]) -> Assignor {
    let workshop = lock(&inner.workshop);
    let mut topics: BTreeMap<usize, BTreeSet<&str>> = BTreeMap::new();
    for read in reads {
        if let Some(task) = workshop.task_of(read.node) {
            topics.entry(task).or_default().extend(read.topics.iter().map(|(topic, _)| topic.as_str()));
        }
    }
    match topics.values().any(|topics| topics.len() > 1) {
        true => Assignor::Range,
        false => Assignor::CooperativeSticky,
    }
}

/// What happens to the consumer of one cluster.
struct Events {
    inner: Weak<Inner>,
    cluster: String,
}

impl ConsumerEvents for Events {
    fn assigned(&self, partitions: Vec<Assigned>) -> Vec<From> {
        let Some(inner) = self.inner.upgrade() else { return partitions.iter().map(|_| From::Beginning).collect() };
        let starts = partitions.into_iter().map(|assigned| match self.take_over(&inner, assigned) {
            Ok(start) => start,
            Err(fault) => {
                inner.faults.push(fault);
                From::End
            }
        });
        starts.collect()
    }

    fn revoked(&self, partitions: &[TopicPartition]) {
        let Some(inner) = self.inner.upgrade() else { return };
        let stopped = self.stop_reading(&inner, partitions);
        if inner.options.is_group
            && let Err(fault) = self.make_safe(&inner, &stopped)
        {
            tracing::warn!("partitions went with records not committed, which will be read again: {fault}");
        }
        self.forget(&inner, partitions);
    }

    fn lost(&self, partitions: &[TopicPartition]) {
        let Some(inner) = self.inner.upgrade() else { return };
        self.stop_reading(&inner, partitions);
        self.forget(&inner, partitions);
    }

    fn committed(&self, answers: &[Committed]) {
        if let Some(inner) = self.inner.upgrade() {
            inner.committed(&self.cluster, answers);
        }
    }

    fn fault(&self, fault: Fault) {
        let Some(inner) = self.inner.upgrade() else { return };
        match fault.may_retry {
            true => tracing::warn!("{fault}"),
            false => inner.faults.push(fault),
        }
    }
}

/// A reading that was taken from its lane: its slot, and the first offset that the lane has not handed on.
struct Stopped {
    at: TopicPartition,
    slot: u32,
    next: i64,
    lane: u32,
    task: usize,
}

impl Events {
    /// Gives a partition to its lanes, and says where to start.
    fn take_over(&self, inner: &Arc<Inner>, assigned: Assigned) -> Result<From, Fault> {
        let Assigned { mut queue, committed } = assigned;
        let at = TopicPartition::new(queue.topic().clone(), queue.partition());
        let key = (self.cluster.clone(), at.clone());
        let nodes = inner.membership.readers(&self.cluster, &at.topic);
        let mut workshop = lock(&inner.workshop);
        let start = self.start(inner, &workshop.topics, &nodes, &key, committed)?;
        let position = match start {
            From::Offset(offset) => offset,
            _ => -1,
        };
        let mut lanes = Vec::new();
        for &node in &nodes {
            let Some(task) = workshop.task_of(node) else { continue };
            let lane = at.partition as u32;
            if lane >= workshop.lanes[task] {
                inner.grow(&mut workshop, task, lane + 1)?;
            }
            if let Some(cell) = workshop.tasks.get(&(task, lane)) {
                lanes.push((node, cell.clone()));
            }
        }
        let wakes: Vec<_> = lanes.iter().map(|(_, cell)| cell.handle()).collect();
        let wake = wakes.clone();
        queue.on_ready(Arc::new(move || wake.iter().for_each(|task| task.wake())));
        let lost = Arc::downgrade(inner);
        let on_gap = move |topic: &str, partition: i32, records: u64| {
            tracing::warn!(
                "{records} records of topic {topic}, partition {partition}, are gone: retention deleted them unread"
            );
            if let Some(inner) = lost.upgrade() {
                inner.lost.fetch_add(records, Ordering::Relaxed);
            }
        };
        let feed: Box<dyn Feed> = Box::new(PartitionFeed::new(queue, Box::new(on_gap)));
        let feeds = if lanes.len() == 1 { vec![feed] } else { Tee::split(feed, wakes) };
        for ((node, cell), feed) in lanes.into_iter().zip(feeds) {
            let slot =
                workshop.slots.number(node, SlotOf::Partition(self.cluster.clone(), at.topic.clone(), at.partition));
            let mut task = cell.lock();
            let place = task.layout.place(node).unwrap_or_default();
            let mut reading = Reading::feed(place, slot, feed, position);
            reading.end_at = inner.through_end(node, at.partition);
            task.readings.push(reading);
            task.readings.sort_by_key(|reading| (reading.node, reading.slot));
            drop(task);
            cell.wake();
        }
        lock(&inner.commits).begin(key.clone(), committed);
        lock(&inner.membership.assigned).insert(key);
        Ok(start)
    }

    fn start(
        &self,
        inner: &Inner,
        topics: &BTreeMap<usize, crate::operators::TopicSource>,
        nodes: &[usize],
        key: &(String, TopicPartition),
        committed: Option<i64>,
    ) -> Result<From, Fault> {
        // Known only until it is used: the next time the lane stops further on.
        if let Some(next) = lock(&inner.membership.resume).remove(key) {
            return Ok(From::Offset(next));
        }
        let drawn = nodes.iter().find_map(|node| topics.get(node)).map(|source| source.start).unwrap_or_default();
        let start = match (inner.options.from, committed) {
            (Some(from), _) => from,
            (None, Some(committed)) if !inner.has_state => return Ok(From::Offset(committed)),
            (None, _) => drawn,
        };
        match (start, committed) {
            (Start::Committed, Some(committed)) => Ok(From::Offset(committed)),
            (Start::Committed, None) => Err(Fault::user(format!(
                "topic `{}`, partition {}: the group `{}` has committed nothing, and the source starts at what is committed",
                key.1.topic, key.1.partition, inner.options.application_id
            ))
            .remedy("run once with `--from earliest` or `--from latest`")),
            (Start::Earliest, _) => Ok(From::Beginning),
            (Start::Latest, _) => Ok(From::End),
            (Start::Offset(offset), _) => Ok(From::Offset(offset)),
            (Start::Timestamp(ms), _) => Ok(From::Timestamp(ms)),
        }
    }

    fn stop_reading(&self, inner: &Inner, partitions: &[TopicPartition]) -> Vec<Stopped> {
        let workshop = lock(&inner.workshop);
        let mut stopped = Vec::new();
        for (&(number, lane), cell) in &workshop.tasks {
            let mut task = cell.lock();
            task.readings.retain(|reading| {
                let Some((_, SlotOf::Partition(cluster, topic, partition))) = workshop.slots.get(reading.slot) else {
                    return true;
                };
                let at = TopicPartition::new(topic.clone(), *partition);
                if *cluster != self.cluster || !partitions.contains(&at) {
                    return true;
                }
                stopped.push(Stopped { at, slot: reading.slot, next: reading.needs(), lane, task: number });
                false
            });
        }
        if !inner.options.is_group {
            // Nodes that read one partition go on together, from where the slowest is.
            let mut places: BTreeMap<(String, TopicPartition), i64> = BTreeMap::new();
            for Stopped { at, next, .. } in stopped.iter().filter(|stopped| stopped.next >= 0) {
                let place = places.entry((self.cluster.clone(), at.clone())).or_insert(*next);
                *place = *next.min(place);
            }
            lock(&inner.membership.resume).extend(places);
        }
        stopped
    }

    /// Waits until what the lanes have taken is safe, and commits it; what is not safe in time is thrown away, to be read
    /// again by whoever gets the partition.
    fn make_safe(&self, inner: &Inner, stopped: &[Stopped]) -> Result<(), Fault> {
        let deadline = Instant::now() + COMMIT_WITHIN;
        let needs = loop {
            let needs = lock(&inner.workshop).survey(true)?;
            if stopped.iter().all(|stopped| needs.get(stopped.slot).is_none()) || Instant::now() > deadline {
                break needs;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let mut safe = BTreeMap::new();
        for Stopped { at, slot, next, .. } in stopped.iter().filter(|stopped| stopped.next >= 0) {
            let next = needs.get(*slot).map_or(*next, |held| held.min(*next));
            let known = safe.entry((self.cluster.clone(), at.clone())).or_insert(next);
            *known = next.min(*known);
        }
        for stopped in stopped.iter().filter(|stopped| needs.get(stopped.slot).is_some()) {
            discard_lane(inner, stopped);
        }
        inner.commit_these(safe, Some(COMMIT_WITHIN))
    }

    fn forget(&self, inner: &Inner, partitions: &[TopicPartition]) {
        // Whoever commits holds it: what was asked for is under way before the partition goes.
        let _commits = lock(&inner.commits);
        let mut assigned = lock(&inner.membership.assigned);
        for at in partitions {
            assigned.remove(&(self.cluster.clone(), at.clone()));
        }
    }
}

/// Throws away what a lane holds, where it reads nothing any more.
fn discard_lane(inner: &Inner, stopped: &Stopped) {
    let workshop = lock(&inner.workshop);
    let Some(cell) = workshop.tasks.get(&(stopped.task, stopped.lane)) else { return };
    let mut task = cell.lock();
    if task.readings.is_empty() {
        let mut rows = task.discard();
        rows += task.outputs.iter().flat_map(|output| &output.lanes).map(|lane| lane.discard()).sum::<usize>();
        tracing::info!("{rows} rows were thrown away with partition {}; they will be read again", stopped.at.partition);
    }
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
