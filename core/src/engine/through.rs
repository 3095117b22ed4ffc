//! Topics in the middle of edges: made before the run, ended when all that write them have ended, emptied behind what is
//! committed.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::hub::Hub;
use super::run::{Inner, lock};
use super::workshop::{SlotOf, Workshop};
use crate::kafka::{Offset, TopicPartition};
use crate::plan::{Plan, PlanThrough};
use crate::problem::Fault;

/// How often what is committed is deleted from topics of ours.
const PURGE_EVERY: Duration = Duration::from_secs(10);

pub(crate) struct ThroughTopics {
    all: Vec<Through>,
    purged: Mutex<Instant>,
}

struct Through {
    /// the edge that goes through it
    id: String,
    /// the node that gives to the edge
    giver: String,
    planned: PlanThrough,
    writer_task: Option<usize>,
    /// partitions that it has already, before the run
    partitions: Mutex<Option<i32>>,
    /// where each partition ends, once its writers have ended
    ends: Mutex<Option<BTreeMap<i32, i64>>>,
}

impl ThroughTopics {
    pub(super) fn new(plan: &Plan) -> ThroughTopics {
        let task_of = |node: usize| plan.tasks.iter().position(|task| task.nodes.contains(&node));
        let all = plan.through.iter().map(|planned| Through {
            id: plan.nodes[planned.writer].id.clone(),
            giver: plan.nodes[plan.edges[planned.edge].from.0].id.clone(),
            planned: planned.clone(),
            writer_task: task_of(planned.writer),
            partitions: Mutex::new(None),
            ends: Mutex::new(None),
        });
        ThroughTopics { all: all.collect(), purged: Mutex::new(Instant::now()) }
    }

    /// The node that gives to an edge, by the edge's name.
    pub(super) fn giver(&self, edge: &str) -> Option<&str> {
        self.all.iter().find(|through| through.id == edge).map(|through| through.giver.as_str())
    }

    /// Finds out which of them are there.
    pub(super) fn prepare(&self, inner: &Inner) -> Result<(), Fault> {
        let mut hub = lock(&inner.hub);
        for through in &self.all {
            through.prepare(&mut hub).map_err(|fault| fault.at_node(&through.id))?;
        }
        Ok(())
    }
    /// Partitions of the topic that a node reads, where it is the end of one: those it has, or is to have.
    pub(super) fn partitions(&self, node: usize, lanes: &[u32]) -> Option<u32> {
        self.all.iter().find(|through| through.planned.reader == node).map(|through| through.count(lanes))
    }

    /// Makes those that are not there. A pipeline with state starts from its sources: what it left in them is deleted.
    pub(super) fn create(&self, hub: &mut Hub, workshop: &Workshop, inner: &Inner) -> Result<(), Fault> {
        for through in &self.all {
            through.create(hub, workshop, inner).map_err(|fault| fault.at_node(&through.id))?;
        }
        Ok(())
    }
    /// Where a partition of the topic that a node reads ends, if its writers have ended.
    pub(super) fn end(&self, node: usize, partition: i32) -> Option<i64> {
        let through = self.all.iter().find(|through| through.planned.reader == node)?;
        lock(&through.ends).as_ref()?.get(&partition).copied()
    }

    pub(super) fn look_after(&self, inner: &Inner) {
        for through in &self.all {
            if let Err(fault) = through.look_for_end(inner) {
                inner.faults.push(fault);
            }
        }
        let mut purged = lock(&self.purged);
        if purged.elapsed() >= PURGE_EVERY {
            *purged = Instant::now();
            self.purge(inner);
        }
    }

    /// Deletes what is committed from topics of ours that keep it for no longer.
    pub(super) fn purge(&self, inner: &Inner) {
        self.all.iter().for_each(|through| through.purge(inner));
    }
}

fn ends(admin: &crate::kafka::Admin, topic: &str, partitions: i32) -> Result<BTreeMap<i32, i64>, Fault> {
    let end = |partition| Ok((partition, admin.watermarks(&TopicPartition::new(topic, partition))?.high));
    (0..partitions).map(end).collect()
}

impl Through {
    /// Finds out whether it is there.
    fn prepare(&self, hub: &mut Hub) -> Result<(), Fault> {
        let topic = &self.planned.topic;
        let found = hub.admin(&topic.cluster)?.partitions(&topic.topic)?;
        if found.is_none() && !topic.is_own {
            let message = format!("there is no topic `{}`, through which an edge goes", topic.topic);
            return Err(
                Fault::user(message).remedy("make it, or leave its name out: the edge then gets one of its own")
            );
        }
        if let (Some(found), Some(asked)) = (found, topic.partitions)
            && found != asked as i32
        {
            let message = format!("topic `{}` has {found} partitions, and the edge asks for {asked}", topic.topic);
            return Err(Fault::user(message).remedy("delete the topic, or ask for as many as it has"));
        }
        *lock(&self.partitions) = found;
        Ok(())
    }

    fn count(&self, lanes: &[u32]) -> u32 {
        let there = lock(&self.partitions).map(|partitions| partitions as u32);
        let of_writer = || self.writer_task.map_or(1, |task| lanes[task].max(1));
        there.or(self.planned.topic.partitions).unwrap_or_else(of_writer)
    }

    fn create(&self, hub: &mut Hub, workshop: &Workshop, inner: &Inner) -> Result<(), Fault> {
        let topic = &self.planned.topic;
        let partitions = self.count(&workshop.lanes) as i32;
        let admin = hub.admin(&topic.cluster)?;
        if lock(&self.partitions).is_none() {
            let retention = topic.retention_ms.unwrap_or(-1).to_string();
            admin.create_topic(&topic.topic, partitions, -1, &[("retention.ms".to_string(), retention)])?;
        } else if topic.is_own && inner.has_state {
            let ends = ends(&admin, &topic.topic, partitions)?;
            let before = ends
                .into_iter()
                .map(|(partition, next)| Offset { at: TopicPartition::new(topic.topic.as_str(), partition), next });
            admin.delete_records(&before.collect::<Vec<_>>())?;
        }
        inner.membership.reads(&topic.cluster, self.planned.reader, vec![(topic.topic.clone(), partitions)]);
        Ok(())
    }

    /// When all that write the topic have ended, each lane that reads it ends where it ends now.
    fn look_for_end(&self, inner: &Inner) -> Result<(), Fault> {
        if inner.options.is_group || !self.planned.topic.is_own || lock(&self.ends).is_some() {
            return Ok(());
        }
        let (is_over, partitions) = {
            let workshop = lock(&inner.workshop);
            let writers =
                self.writer_task.into_iter().flat_map(|task| workshop.tasks.range((task, 0)..=(task, u32::MAX)));
            let is_over = writers.map(|(_, cell)| cell).all(|cell| cell.is_done());
            (is_over, self.count(&workshop.lanes) as i32)
        };
        if !is_over {
            return Ok(());
        }
        let admin = lock(&inner.hub).admin(&self.planned.topic.cluster)?;
        let ends = ends(&admin, &self.planned.topic.topic, partitions)?;
        *lock(&self.ends) = Some(ends.clone());
        let workshop = lock(&inner.workshop);
        let end_of = |(slot, of): (u32, &(usize, SlotOf))| match of {
            (node, SlotOf::Partition(_, _, partition)) if *node == self.planned.reader => {
                Some((slot, ends.get(partition).copied()?))
            }
            _ => None,
        };
        let ends: BTreeMap<u32, i64> = workshop.slots.iter().filter_map(end_of).collect();
        for cell in workshop.tasks.values() {
            let ends = ends.clone();
            cell.tell(move |task| {
                for reading in &mut task.readings {
                    reading.end_at = ends.get(&reading.slot).copied().or(reading.end_at);
                }
            });
            cell.wake();
        }
        Ok(())
    }

    fn purge(&self, inner: &Inner) {
        let topic = &self.planned.topic;
        if !topic.is_own || topic.retention_ms.is_some() {
            return;
        }
        let committed: Vec<Offset> = lock(&inner.commits)
            .taken()
            .filter(|((cluster, at), next)| *cluster == topic.cluster && *at.topic == *topic.topic && *next > 0)
            .map(|((_, at), next)| Offset { at: at.clone(), next })
            .collect();
        if committed.is_empty() {
            return;
        }
        let deleted = lock(&inner.hub).admin(&topic.cluster).and_then(|admin| admin.delete_records(&committed));
        if let Err(fault) = deleted {
            // Deleting is housekeeping; what is left is deleted the next time.
            tracing::debug!("{fault}");
        }
    }
}
