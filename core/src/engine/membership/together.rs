//! Topics that are read together: the lanes that read several need the same partition of each.

use std::collections::BTreeMap;

use super::Read;
use crate::engine::run::{Inner, lock};
use crate::kafka::Assignor;
use crate::problem::Fault;

/// The topics that each task reads, with their partitions.
fn topics_of_tasks<'a>(inner: &Inner, reads: &'a [Read]) -> BTreeMap<usize, BTreeMap<&'a str, i32>> {
    let workshop = lock(&inner.workshop);
    let mut topics: BTreeMap<usize, BTreeMap<&str, i32>> = BTreeMap::new();
    for read in reads {
        if let Some(task) = workshop.task_of(read.node) {
            topics.entry(task).or_default().extend(read.topics.iter().map(|(topic, count)| (topic.as_str(), *count)));
        }
    }
    topics
}

/// In a group, the same partition of all topics that a lane reads must come to one process. It does where they have
/// equally many.
pub(super) fn check_counts(inner: &Inner, reads: &[Read]) -> Result<(), Fault> {
    if !inner.options.is_group {
        return Ok(());
    }
    for (task, topics) in topics_of_tasks(inner, reads) {
        let mut topics = topics.into_iter();
        let Some((first, count)) = topics.next() else { continue };
        if let Some((other, others)) = topics.find(|(_, others)| *others != count) {
            let workshop = lock(&inner.workshop);
            let node = &workshop.plan.nodes[workshop.layouts[task].nodes[0]].id;
            let message = format!(
                "topics `{first}` ({count} partitions) and `{other}` ({others}) are read together, and in a group the same \
                 partition of both must come to one process"
            );
            let remedy = "give both as many partitions, send one of them through a topic, or set `scale` to `single`";
            return Err(Fault::user(message).at_node(node).remedy(remedy));
        }
    }
    Ok(())
}

/// Lanes that read several topics need equal partitions of them.
pub(super) fn assignor(inner: &Inner, reads: &[Read]) -> Assignor {
    match topics_of_tasks(inner, reads).values().any(|topics| topics.len() > 1) {
        true => Assignor::Range,
        false => Assignor::CooperativeSticky,
    }
}
