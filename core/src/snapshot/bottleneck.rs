//! Which task holds everything back. As Flink's rule: the first one downstream of back-pressured ones that is busy itself
//! and not back-pressured. One that reads partitions has no queue before it: it counts as held up where they get further
//! behind. One that is back-pressured although nothing behind it is full waits for what it writes to.

use super::{HeldBy, LaneSnapshot, Snapshot, TaskSnapshot, Verdict};

/// Milliseconds a second from which on a lane is busy.
const BUSY: f64 = 500.0;
/// Milliseconds a second from which on a lane is back-pressured, as Flink's "low".
const HELD: f64 = 100.0;
/// From which fill on a queue is full: its writers come back when it is half empty, and are hardly seen while it is.
const FULL: f64 = 0.85;

impl Snapshot {
    /// The task that holds everything back, with what, and the node to blame.
    pub(crate) fn find_bottleneck(&self) -> Option<(usize, HeldBy, String)> {
        let waits = |task: &&usize| self.is_held_up(**task);
        let all: Vec<usize> = (0..self.tasks.len()).collect();
        let works = |task: &usize| works(&self.tasks[*task]);
        let downstream = all.iter().filter(waits).find(|task| works(task)).copied();
        let by = |task: usize| match self.tasks[task].lanes.iter().any(is_limited) {
            true => HeldBy::Throttle,
            false => HeldBy::Work,
        };
        let outside = || all.iter().copied().find(|&task| self.waits_for_outside(task));
        let source = || all.iter().copied().find(|task| works(task) && self.falls_behind(*task));
        let (task, by) = downstream
            .map(|task| (task, by(task)))
            .or_else(|| outside().map(|task| (task, HeldBy::Outside)))
            .or_else(|| source().map(|task| (task, by(task))))?;
        Some((task, by, self.to_blame(task, by)?))
    }

    /// What writes its queues is back-pressured, or a queue of it is full.
    fn is_held_up(&self, task: usize) -> bool {
        let TaskSnapshot { inputs, lanes, .. } = &self.tasks[task];
        let is_held = |task: &usize| self.tasks.get(*task).is_some_and(|task| task.lanes.iter().any(is_back_pressured));
        lanes.iter().any(|lane| lane.fill >= FULL) || inputs.iter().any(is_held)
    }

    /// Back-pressured, and by none of the tasks behind it.
    fn waits_for_outside(&self, task: usize) -> bool {
        let mut behind = self.tasks.iter().filter(|other| other.inputs.contains(&task));
        let fills_up =
            |task: &TaskSnapshot| task.lanes.iter().any(|lane| lane.fill >= FULL || lane.fill > 0.4 && is_busy(lane));
        self.tasks[task].lanes.iter().any(|lane| lane.pressure.back_pressured > BUSY) && !behind.any(fills_up)
    }

    fn falls_behind(&self, task: usize) -> bool {
        let reads = |node: &String| {
            let growing = |it: &&super::PartitionSnapshot| it.node == *node && it.verdict == Verdict::Growing;
            self.partitions.iter().any(|partition| growing(&partition))
        };
        self.tasks[task].nodes.iter().any(reads)
    }

    /// The node of a task that takes most of its time.
    fn to_blame(&self, task: usize, by: HeldBy) -> Option<String> {
        let nodes = &self.tasks[task].nodes;
        let cost = |id: &&String| {
            let node = self.nodes.iter().find(|node| node.id == **id)?;
            Some(node.latency?.mean_us * node.rates.records_in)
        };
        match by {
            HeldBy::Outside => nodes.last().cloned(),
            _ => nodes.iter().max_by(|a, b| cost(a).unwrap_or(-1.0).total_cmp(&cost(b).unwrap_or(-1.0))).cloned(),
        }
    }
}

fn is_busy(lane: &LaneSnapshot) -> bool {
    lane.pressure.busy > BUSY
}

fn is_back_pressured(lane: &LaneSnapshot) -> bool {
    lane.pressure.back_pressured > HELD
}

fn is_limited(lane: &LaneSnapshot) -> bool {
    lane.pressure.limited > lane.pressure.busy / 2.0 && is_busy(lane)
}

fn works(task: &TaskSnapshot) -> bool {
    task.lanes.iter().any(|lane| is_busy(lane) && !is_back_pressured(lane))
}

#[cfg(test)]
mod tests {
    use super::super::{LatencySnapshot, NodeSnapshot, PartitionSnapshot, Pressure, Rates};
    use super::*;

    /// A task of one node: busy, back-pressured, fill of its input, tasks before it.
    fn task(node: &str, busy: f64, held: f64, fill: f64, inputs: &[usize]) -> TaskSnapshot {
        let pressure = Pressure { busy, back_pressured: held, idle: 1000.0 - busy - held, limited: 0.0 };
        let lane = LaneSnapshot { pressure, fill, ..LaneSnapshot::default() };
        TaskSnapshot { nodes: vec![node.into()], inputs: inputs.to_vec(), lanes: vec![lane], ..TaskSnapshot::default() }
    }

    fn found(tasks: Vec<TaskSnapshot>, growing: &[&str]) -> Option<(String, HeldBy)> {
        let partition = |node: &&str| PartitionSnapshot {
            node: node.to_string(),
            verdict: Verdict::Growing,
            ..PartitionSnapshot::default()
        };
        let partitions = growing.iter().map(partition).collect();
        let snapshot = Snapshot { tasks, partitions, ..Snapshot::default() };
        snapshot.find_bottleneck().map(|(_, by, node)| (node, by))
    }

    #[test]
    fn the_first_busy_task_behind_back_pressured_ones() {
        let held = |node: &str, inputs: &[usize]| task(node, 20.0, 970.0, 0.0, inputs);
        for (name, tasks, growing, expected) in [
            ("nothing sticks", vec![task("a", 300.0, 0.0, 0.0, &[]), task("b", 200.0, 0.0, 0.1, &[0])], vec![], None),
            (
                "busy and not asked for more",
                vec![task("a", 300.0, 20.0, 0.0, &[]), task("b", 900.0, 0.0, 0.3, &[0])],
                vec![],
                None,
            ),
            (
                "the one behind",
                vec![held("a", &[]), task("b", 980.0, 0.0, 0.97, &[0])],
                vec!["a"],
                Some(("b", HeldBy::Work)),
            ),
            (
                "two in a row",
                vec![held("a", &[]), task("b", 30.0, 960.0, 0.9, &[0]), task("c", 990.0, 0.0, 0.9, &[1])],
                vec![],
                Some(("c", HeldBy::Work)),
            ),
            (
                "a source that is too slow",
                vec![task("a", 990.0, 0.0, 0.0, &[]), task("b", 10.0, 0.0, 0.0, &[0])],
                vec!["a"],
                Some(("a", HeldBy::Work)),
            ),
            ("a source that is busy and keeps up", vec![task("a", 990.0, 0.0, 0.0, &[])], vec![], None),
            (
                "a broker that is slow",
                vec![held("a", &[]), task("out", 20.0, 950.0, 0.95, &[0])],
                vec!["a"],
                Some(("out", HeldBy::Outside)),
            ),
        ] {
            let expected = expected.map(|(node, by): (&str, _)| (node.to_string(), by));
            assert_eq!(found(tasks, &growing), expected, "{name}");
        }
    }

    #[test]
    fn one_lane_is_enough_and_a_throttle_is_one() {
        let mut slow = task("b", 10.0, 0.0, 0.0, &[0]);
        slow.lanes.push(LaneSnapshot {
            pressure: Pressure { busy: 990.0, idle: 10.0, limited: 900.0, back_pressured: 0.0 },
            fill: 0.9,
            ..LaneSnapshot::default()
        });
        let tasks = vec![task("a", 0.0, 200.0, 0.0, &[]), slow];
        assert_eq!(found(tasks, &[]), Some(("b".into(), HeldBy::Throttle)));
    }

    #[test]
    fn the_node_that_takes_most_time_is_to_blame() {
        let node = |id: &str, mean_us| NodeSnapshot {
            id: id.into(),
            latency: Some(LatencySnapshot { mean_us, ..LatencySnapshot::default() }),
            rates: Rates { records_in: 10.0, ..Rates::default() },
            ..NodeSnapshot::default()
        };
        let mut busy = task("quick", 980.0, 0.0, 0.97, &[0]);
        busy.nodes.push("slow".into());
        let tasks = vec![task("a", 20.0, 970.0, 0.0, &[]), busy];
        let snapshot = Snapshot { tasks, nodes: vec![node("quick", 1.0), node("slow", 9.0)], ..Snapshot::default() };
        assert_eq!(snapshot.find_bottleneck(), Some((1, HeldBy::Work, "slow".into())));
    }
}
