//! The lanes of a run: made at its start for the partitions there are, and later for those that come.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::hub::{Hub, KafkaEnds};
use super::run::{Inner, lock};
use super::workshop::Workshop;
use crate::operators::{Spread, Topics, Touches};
use crate::problem::Fault;

impl Inner {
    /// Makes the lanes of all tasks and sets them going.
    pub(super) fn make_tasks(self: &Arc<Self>) -> Result<(), Fault> {
        let mut workshop = lock(&self.workshop);
        let mut hub = lock(&self.hub);
        let plan = workshop.plan.clone();
        for node in &plan.nodes {
            if let Touches::Writes(sink) = node.shape.touches() {
                hub.ensure_topic(&sink).map_err(|fault| fault.at_node(&node.id))?;
            }
        }
        let written = written(&workshop);
        let mut partitions = BTreeMap::new();
        for (number, node) in plan.nodes.iter().enumerate() {
            if let Touches::Reads(source) = node.shape.touches() {
                let topics = hub.topics_of(&source, &written).map_err(|fault| fault.at_node(&node.id))?;
                let most = topics.iter().map(|(_, partitions)| *partitions).max().unwrap_or(1);
                partitions.insert(number, most.max(1) as u32);
                self.membership.reads(&source.cluster, number, topics);
            }
        }
        let through = &self.through;
        workshop.count_lanes(&|node, lanes| partitions.get(&node).copied().or_else(|| through.partitions(node, lanes)));
        through.create(&mut hub, &workshop, self)?;
        self.make_lanes(&mut workshop, &mut hub)
    }

    /// Makes the lanes that are not there yet, and sets them going.
    fn make_lanes(&self, workshop: &mut Workshop, hub: &mut Hub) -> Result<(), Fault> {
        let pool = lock(&self.pool);
        let mut ends = KafkaEnds { hub, opened: Vec::new() };
        let made = workshop.make_all(&mut ends, pool.as_ref())?;
        for (node, lane, wake) in ends.opened {
            let task = workshop.task_of(node).and_then(|task| workshop.tasks.get(&(task, lane)));
            if let Some(task) = task {
                wake.set(task.handle());
            }
        }
        for task in &made {
            let mut task = task.lock();
            task.budget = self.budget.clone();
            task.max_idle_ms = self.options.max_task_idle_ms;
            task.is_paused = self.signals.is_paused.load(Ordering::Acquire);
        }
        made.iter().for_each(|task| task.wake());
        Ok(())
    }

    /// A topic has got more partitions. Where keys have state, or are brought together by their partitions, that is a
    /// fault: a key's records now come to another lane than those before. Else what is new has lanes of its own.
    pub(super) fn check_growth(&self, workshop: &Workshop, topic: &str) -> Result<(), Fault> {
        if self.has_state || workshop.plan.queues.iter().any(|queue| queue.spread == Spread::Key) {
            let message = format!("topic `{topic}` has got more partitions, and keys have moved from one to another");
            return Err(Fault::outside(message).remedy("start the run again; its state is built anew"));
        }
        Ok(())
    }

    /// Makes lanes for partitions that have come since the start.
    pub(super) fn grow(&self, workshop: &mut Workshop, task: usize, lanes: u32) -> Result<(), Fault> {
        workshop.grow(task, lanes);
        let mut hub = lock(&self.hub);
        self.make_lanes(workshop, &mut hub)
    }

    /// Looks for topics that a pattern matches now.
    pub(super) fn look_for_topics(&self) -> Result<(), Fault> {
        let (plan, written) = {
            let workshop = lock(&self.workshop);
            (workshop.plan.clone(), written(&workshop))
        };
        for (number, node) in plan.nodes.iter().enumerate() {
            let Touches::Reads(source) = node.shape.touches() else { continue };
            if matches!(source.topics, Topics::Matching(_)) {
                let topics = lock(&self.hub).topics_of(&source, &written)?;
                self.membership.read_more(self, &source.cluster, number, topics)?;
            }
        }
        Ok(())
    }
}

/// Topics that the pipeline writes.
fn written(workshop: &Workshop) -> BTreeSet<String> {
    let sinks = workshop.plan.nodes.iter().filter_map(|node| match node.shape.touches() {
        Touches::Writes(sink) => Some(sink.topic),
        _ => None,
    });
    sinks.chain(workshop.plan.through.iter().map(|through| through.topic.topic.clone())).collect()
}
