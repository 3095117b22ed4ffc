//! Reads meters into a snapshot: those of a run, or of a workshop without one.

use std::sync::atomic::Ordering::Relaxed;

use super::meter::TaskTimes;
use super::run::{Inner, lock};
use super::workshop::{SlotOf, Workshop};
use crate::plan::TaskInput;
use crate::snapshot::{EdgeSnapshot, FailureSnapshot, NodeSnapshot, PartitionSnapshot, Pressure, Snapshot};

impl Inner {
    pub(super) fn snapshot(&self) -> Snapshot {
        let workshop = lock(&self.workshop);
        Snapshot { partitions: partitions(&workshop), lost: self.lost.load(Relaxed), ..workshop.snapshot() }
    }
}

impl Workshop {
    /// Its nodes and edges. What is read from where, a run knows.
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot { at_ms: self.clock.millis(), nodes: nodes(self), edges: edges(self), ..Snapshot::default() }
    }
}

fn nodes(workshop: &Workshop) -> Vec<NodeSnapshot> {
    let now = workshop.clock.nanos();
    let times: Vec<TaskTimes> = (0..workshop.layouts.len())
        .map(|task| {
            workshop.tasks.range((task, 0)..=(task, u32::MAX)).fold(TaskTimes::default(), |sum, (_, cell)| {
                let times = cell.meter.read(now);
                TaskTimes {
                    busy: sum.busy + times.busy,
                    idle: sum.idle + times.idle,
                    back_pressured: sum.back_pressured + times.back_pressured,
                    limited: sum.limited + times.limited,
                }
            })
        })
        .collect();
    let drawn = workshop.plan.nodes.len() - 2 * workshop.plan.through.len();
    (0..drawn)
        .map(|number| {
            let (node, meter) = (&workshop.plan.nodes[number], &workshop.meters[number]);
            let failures = meter.failures().into_iter();
            NodeSnapshot {
                id: node.id.clone(),
                role: node.role,
                task: workshop.task_of(number),
                records_in: meter.records_in.load(Relaxed),
                records_out: meter.records_out.load(Relaxed),
                errors: meter.errors.load(Relaxed),
                late: meter.late.load(Relaxed),
                windows: workshop.windows(number),
                drops: meter.drops().into_iter().map(|(reason, count)| (reason.to_string(), count)).collect(),
                restarts: meter.restarts.load(Relaxed),
                last_fault: meter.last_fault(),
                failures: failures.map(|(record, reason)| FailureSnapshot { record, reason }).collect(),
                pressure: workshop.task_of(number).map(|task| pressure(times[task])).unwrap_or_default(),
                ..NodeSnapshot::default()
            }
        })
        .collect()
}

fn pressure(times: TaskTimes) -> Pressure {
    let all = (times.busy + times.idle + times.back_pressured).max(1) as f64;
    let share = |nanos: u64| (nanos as f64 * 1000.0 / all * 10.0).round() / 10.0;
    Pressure {
        busy: share(times.busy),
        idle: share(times.idle),
        back_pressured: share(times.back_pressured),
        limited: share(times.limited),
    }
}

fn edges(workshop: &Workshop) -> Vec<EdgeSnapshot> {
    let plan = &workshop.plan;
    let drawn = plan.edges.len() - plan.through.len();
    (0..drawn)
        .map(|number| {
            let queue = plan.queues.iter().position(|queue| queue.edges.contains(&number));
            let levels = queue.into_iter().flat_map(|queue| workshop.channels_of(queue)).map(|channel| channel.level());
            let (depth, capacity) = levels.fold((0, 0), |sum, level| (sum.0 + level.rows, sum.1 + level.capacity));
            let id = plan.edges[number].id.clone();
            EdgeSnapshot { id, is_fused: plan.is_fused(number), depth, capacity, ..EdgeSnapshot::default() }
        })
        .collect()
}

fn partitions(workshop: &Workshop) -> Vec<PartitionSnapshot> {
    let needs = workshop.survey(false).unwrap_or_default();
    let mut all = Vec::new();
    for (task, planned) in workshop.plan.tasks.iter().enumerate() {
        if !planned.inputs.iter().any(|input| matches!(input, TaskInput::Source(_))) {
            continue;
        }
        for cell in workshop.tasks.range((task, 0)..=(task, u32::MAX)).map(|(_, cell)| cell) {
            for reading in &cell.lock().readings {
                let Some((node, SlotOf::Partition(cluster, topic, partition))) = workshop.slots.get(reading.slot)
                else {
                    continue;
                };
                let high = Some(reading.high()).filter(|&high| high >= 0);
                let safe = needs.get(reading.slot).unwrap_or(reading.position);
                all.push(PartitionSnapshot {
                    node: workshop.plan.nodes[*node].id.clone(),
                    cluster: cluster.clone(),
                    topic: topic.to_string(),
                    partition: *partition,
                    position: reading.position,
                    safe,
                    is_at_end: reading.is_at_end,
                    high,
                    lag: high.filter(|_| safe >= 0).map(|high| (high - safe).max(0)),
                    ..PartitionSnapshot::default()
                });
            }
        }
    }
    all
}
