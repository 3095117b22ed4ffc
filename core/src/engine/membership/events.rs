//! What happens to the consumer of one cluster: partitions come, are read by their lanes, and go again, without a record
//! lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::Gate;
use crate::engine::hub::PartitionFeed;
use crate::engine::reading::{Feed, Reading};
use crate::engine::run::{COMMIT_WITHIN, Inner, lock};
use crate::engine::tee::Tee;
use crate::engine::watch::ranges;
use crate::engine::workshop::SlotOf;
use crate::kafka::{Assigned, Committed, ConsumerEvents, Start as From, TopicPartition};
use crate::operators::{Start, TopicSource};
use crate::problem::{Fault, Severity};

/// How long is waited for tasks that partitions are taken from: what a slow one has read is known then, and not read again.
const STOP_WITHIN: Duration = Duration::from_secs(1);

/// What happens to the consumer of one cluster.
pub(in crate::engine) struct Events {
    inner: Weak<Inner>,
    cluster: String,
    gate: Gate,
}

impl ConsumerEvents for Events {
    fn assigned(&self, partitions: Vec<Assigned>) -> Vec<From> {
        let Some(inner) = self.inner.upgrade() else { return partitions.iter().map(|_| From::Beginning).collect() };
        *lock(&inner.membership.incomplete) = None;
        let come = partitions.iter().map(|assigned| (&**assigned.queue.topic(), assigned.queue.partition()));
        self.tell(&inner, "owns", come);
        let starts = partitions.into_iter().map(|assigned| match self.take_over(&inner, assigned) {
            Ok(start) => start,
            Err(fault) => {
                inner.faults.push(fault);
                From::End
            }
        });
        let starts = starts.collect();
        if inner.membership.missing(&self.cluster) == 0 && !self.gate.swap(true, Ordering::AcqRel) {
            inner.all_tasks().iter().for_each(|task| task.wake());
        }
        starts
    }

    fn revoked(&self, partitions: &[TopicPartition]) {
        let Some(inner) = self.inner.upgrade() else { return };
        self.tell(&inner, "gives up", partitions.iter().map(|at| (&*at.topic, at.partition)));
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
        self.tell(&inner, "has lost", partitions.iter().map(|at| (&*at.topic, at.partition)));
        self.forget(&inner, partitions);
        let stopped = self.stop_reading(&inner, partitions);
        // Alone, nobody else has read on meanwhile: the lanes keep what they have.
        if inner.options.is_group {
            throw_away(&inner, stopped.iter());
        }
    }

    fn committed(&self, answers: &[Committed]) {
        if let Some(inner) = self.inner.upgrade() {
            inner.committed(&self.cluster, answers);
        }
    }

    fn fault(&self, fault: Fault) {
        let Some(inner) = self.inner.upgrade() else { return };
        match fault.may_retry {
            true => {
                tracing::warn!("{fault}");
                inner.watch.lock().log.tell_fault(inner.watch.now_ms(), &fault);
            }
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
}

impl Events {
    /// `gate` is set once reading may begin.
    pub(in crate::engine) fn new(inner: &Arc<Inner>, cluster: &str, gate: Gate) -> Events {
        Events { inner: Arc::downgrade(inner), cluster: cluster.to_string(), gate }
    }

    /// Tells what became of partitions, topic by topic, at the node that reads it.
    fn tell<'a>(&self, inner: &Inner, what: &str, partitions: impl Iterator<Item = (&'a str, i32)>) {
        let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
        partitions.for_each(|(topic, partition)| topics.entry(topic).or_default().push(partition));
        for (topic, mut numbers) in topics {
            numbers.sort_unstable();
            let reader = inner.membership.readers(&self.cluster, topic).first().copied();
            let node = reader.map(|node| lock(&inner.workshop).plan.nodes[node].id.clone());
            let severity = if what == "has lost" { Severity::Warning } else { Severity::Note };
            let message = format!("group {} {what} {topic} {}", inner.options.application_id, ranges(&numbers));
            inner.tell(severity, node.as_deref(), message);
        }
    }

    /// Gives a partition to its lanes, and says where to start.
    fn take_over(&self, inner: &Arc<Inner>, assigned: Assigned) -> Result<From, Fault> {
        let Assigned { mut queue, committed } = assigned;
        let at = TopicPartition::new(queue.topic().clone(), queue.partition());
        let key = (self.cluster.clone(), at.clone());
        let nodes = inner.membership.readers(&self.cluster, &at.topic);
        let has_grown = inner.membership.has_grown(&self.cluster, &at);
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
            let has_lane = lane < workshop.lanes[task];
            if has_grown || !has_lane {
                inner.check_growth(&workshop, &at.topic)?;
            }
            if !has_lane {
                inner.grow(&mut workshop, task, lane + 1)?;
            }
            if let Some(cell) = workshop.tasks.get(&(task, lane)) {
                lanes.push((node, cell.clone()));
            }
        }
        let wakes: Vec<_> = lanes.iter().map(|(_, cell)| cell.handle()).collect();
        let wake = wakes.clone();
        queue.on_ready(Arc::new(move || wake.iter().for_each(|task| task.wake())));
        let (lost, cluster) = (Arc::downgrade(inner), self.cluster.clone());
        let reader = nodes.first().map(|&node| workshop.plan.nodes[node].id.clone());
        let on_gap = move |topic: &str, partition: i32, records: u64| {
            tracing::warn!(
                "{records} records of topic {topic}, partition {partition}, are gone: retention deleted them unread"
            );
            if let Some(inner) = lost.upgrade() {
                inner.lost.fetch_add(records, Ordering::Relaxed);
                inner.watch.lock().partitions.lose(&cluster, topic, partition, records);
                let message = format!("{topic}-{partition}: {records} records are lost, retention deleted them unread");
                inner.tell(Severity::Error, reader.as_deref(), message);
            }
        };
        let feed: Box<dyn Feed> = Box::new(PartitionFeed::new(queue, self.gate.clone(), Box::new(on_gap)));
        let feeds = if lanes.len() == 1 { vec![feed] } else { Tee::split(feed, wakes) };
        for ((node, cell), feed) in lanes.into_iter().zip(feeds) {
            let slot =
                workshop.slots.number(node, SlotOf::Partition(self.cluster.clone(), at.topic.clone(), at.partition));
            let end_at = inner.through_end(node, at.partition);
            cell.tell(move |task| {
                let place = task.layout.place(node).unwrap_or_default();
                let mut reading = Reading::feed(place, slot, feed, position);
                reading.end_at = end_at;
                task.readings.push(reading);
                task.readings.sort_by_key(|reading| (reading.node, reading.slot));
            });
            cell.wake();
        }
        lock(&inner.commits).begin(key.clone(), committed);
        lock(&inner.membership.assigned).insert(key);
        Ok(start)
    }

    fn start(
        &self,
        inner: &Inner,
        topics: &BTreeMap<usize, TopicSource>,
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
        let gone: BTreeMap<u32, (usize, TopicPartition)> = workshop
            .slots
            .iter()
            .filter_map(|(slot, (node, of))| {
                let SlotOf::Partition(cluster, topic, partition) = of else { return None };
                let at = TopicPartition::new(topic.clone(), *partition);
                (*cluster == self.cluster && partitions.contains(&at)).then_some((slot, (*node, at)))
            })
            .collect();
        let mut stopped = Vec::new();
        let end = Instant::now() + STOP_WITHIN;
        for (&(number, lane), cell) in &workshop.tasks {
            let Some(mut task) = cell.reach_by(end) else {
                // Its thread lets go of them as soon as it can. Of what it has read nothing is known, and nothing safe.
                let of_task = gone
                    .iter()
                    .filter(|(_, (node, at))| workshop.task_of(*node) == Some(number) && at.partition as u32 == lane);
                stopped.extend(of_task.map(|(&slot, (_, at))| Stopped { at: at.clone(), slot, next: -1, lane }));
                let gone: Vec<u32> = gone.keys().copied().collect();
                cell.tell(move |task| task.readings.retain(|reading| !gone.contains(&reading.slot)));
                continue;
            };
            task.readings.retain(|reading| {
                let Some((_, at)) = gone.get(&reading.slot) else { return true };
                stopped.push(Stopped { at: at.clone(), slot: reading.slot, next: reading.needs(), lane });
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
            let needs = {
                let workshop = lock(&inner.workshop);
                workshop.make_safe()?;
                workshop.survey()?
            };
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
        throw_away(inner, stopped.iter().filter(|stopped| needs.get(stopped.slot).is_some()));
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

/// What the lanes still hold of these readings counts for nothing any more: whoever has the partitions reads it again.
fn throw_away<'a>(inner: &Inner, stopped: impl Iterator<Item = &'a Stopped>) {
    let mut workshop = lock(&inner.workshop);
    let mut lanes = BTreeSet::new();
    for stopped in stopped {
        workshop.slots.retire(stopped.slot);
        lanes.insert(stopped.lane);
    }
    for lane in lanes {
        let rows = workshop.discard_lane(lane);
        tracing::info!("{rows} rows of lane {lane} were thrown away; they will be read again");
    }
}
