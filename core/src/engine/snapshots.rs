//! Reads meters into a snapshot: those of a run, with what it remembers, or of a workshop without one.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::{Acquire, Relaxed};

use super::run::{Inner, lock};
use super::watch::{Counts, Memory, Seen, SeenOf, Series, mean};
use super::workshop::{SlotOf, Workshop};
use crate::kafka::TopicPartition;
use crate::operators::{Topics, Touches};
use crate::plan::{PlanNode, TaskInput};
use crate::snapshot::{
    EdgeSnapshot, FailureSnapshot, LaneSnapshot, LatencySnapshot, NodeSnapshot, PartitionSnapshot, Past, Pressure,
    RunSnapshot, RunState, Snapshot, TaskSnapshot, ThroughSnapshot,
};

impl Inner {
    /// What the meters say now; with samples of the last minutes, where somebody begins to look.
    pub(super) fn snapshot(&self, with_past: bool) -> Snapshot {
        let seen = self.see_partitions();
        let workshop = lock(&self.workshop);
        let at_ms = workshop.clock.millis();
        let counts = Counts::of(&workshop);
        let mut memory = self.watch.lock();
        let mut snapshot = workshop.tell(&counts, &memory.series);
        snapshot.partitions = seen.into_iter().map(|seen| memory.partitions.tell(at_ms, seen)).collect();
        snapshot.partitions.extend(memory.partitions.others(|cluster, topic| workshop.reader_of(cluster, topic)));
        let place = |it: &PartitionSnapshot| (it.node.clone(), it.topic.clone(), it.partition);
        snapshot.partitions.sort_by_cached_key(place);
        workshop.tell_windows(&mut snapshot);
        tell_speeds(&mut snapshot, &mut memory);
        tell_through(&mut snapshot, &workshop);
        snapshot.past = with_past.then(|| workshop.past(&memory));
        Snapshot {
            // One reading of the clock: ages are told by it.
            at_ms,
            run: self.tell_run(&memory),
            bottleneck: memory.bottleneck().cloned(),
            log: memory.log.all(),
            lost: self.lost.load(Relaxed),
            ..snapshot
        }
    }

    /// Samples of the last minutes.
    pub(super) fn past(&self) -> Past {
        lock(&self.workshop).past(&self.watch.lock())
    }

    fn tell_run(&self, memory: &Memory) -> RunSnapshot {
        let state = if memory.is_ending || self.signals.is_told_to_stop.load(Acquire) {
            RunState::Stopping
        } else if self.signals.is_paused.load(Acquire) {
            RunState::Paused
        } else {
            RunState::Running
        };
        RunSnapshot {
            application_id: self.options.application_id.clone(),
            started_ms: self.watch.started_ms,
            state,
            restarts: memory.restarts,
            commit_interval_ms: self.options.commit_interval.as_millis() as i64,
            commits_nothing: self.has_state,
        }
    }

    /// Takes a reading of all meters.
    pub(super) fn read_meters(&self) {
        let workshop = lock(&self.workshop);
        let (at_ms, counts) = (workshop.clock.millis(), Counts::of(&workshop));
        let mut memory = self.watch.lock();
        let is_sampled = memory.series.is_sample_due(&counts);
        let told = workshop.tell(&counts, &memory.series);
        let fills = if is_sampled { told.edges.iter().map(|edge| edge.fill).collect() } else { Vec::new() };
        if is_sampled {
            memory.partitions.sample();
            workshop.meters.iter().for_each(|meter| meter.latency().turn());
        }
        let verdicts = memory.partitions.verdicts();
        memory.note_bottleneck(&Snapshot { partitions: verdicts, ..told });
        for (number, node) in workshop.plan.nodes.iter().enumerate() {
            let meter = &workshop.meters[number];
            memory.note_restarts(at_ms, &node.id, meter.restarts.load(Relaxed), || meter.last_fault());
        }
        memory.series.push(at_ms, counts, workshop.layouts.len(), fills);
    }

    /// Remembers where the partitions stand.
    pub(super) fn note_partitions(&self) {
        let seen = self.see_partitions();
        let at_ms = lock(&self.workshop).clock.millis();
        let is_paused = self.signals.is_paused.load(Acquire);
        self.watch.lock().note_partitions(at_ms, &seen, is_paused);
        // Who rests waits for nothing.
        if !is_paused {
            self.note_windows(at_ms);
        }
    }

    fn note_windows(&self, at_ms: i64) {
        let workshop = lock(&self.workshop);
        for (number, node) in workshop.plan.nodes.iter().enumerate() {
            let windows = workshop.windows(number);
            if !windows.is_empty() {
                self.watch.lock().note_windows(at_ms, &node.id, &windows);
            }
        }
    }

    fn see_partitions(&self) -> Vec<Seen> {
        let mut seen = partitions(&lock(&self.workshop), &mut lock(&self.seen));
        let taken: BTreeMap<_, _> =
            lock(&self.commits).taken().map(|((cluster, at), next)| ((cluster.clone(), at.clone()), next)).collect();
        for Seen { told, .. } in &mut seen {
            let at = TopicPartition::new(told.topic.as_str(), told.partition);
            told.committed = taken.get(&(told.cluster.clone(), at)).copied();
        }
        seen
    }
}

impl Workshop {
    /// Its nodes and edges, without rates: a test driver's clock is moved by hand. What is read from where, a run knows.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let mut snapshot = self.tell(&Counts::of(self), &Series::default());
        self.tell_windows(&mut snapshot);
        snapshot
    }

    fn past(&self, memory: &Memory) -> Past {
        let drawn = self.plan.nodes.len() - 2 * self.plan.through.len();
        let nodes: Vec<&str> = self.plan.nodes.iter().take(drawn).map(|node| node.id.as_str()).collect();
        let edges = self.plan.edges.iter().take(self.plan.edges.len() - self.plan.through.len());
        let edges: Vec<&str> = edges.map(|edge| edge.id.as_str()).collect();
        let past = memory.series.past(&nodes, &edges, |node| self.task_of(node));
        Past { partitions: memory.partitions.past(), ..past }
    }

    /// The node that reads a topic by its name.
    fn reader_of(&self, cluster: &str, topic: &str) -> Option<String> {
        let reads = |node: &&PlanNode| match node.shape.touches() {
            Touches::Reads(source) if source.cluster == cluster => match source.topics {
                Topics::Named(names) => names.iter().any(|name| name == topic),
                Topics::Matching(_) => false,
            },
            _ => false,
        };
        self.plan.nodes.iter().find(reads).map(|node| node.id.clone())
    }

    /// What windows say, which has to be looked for.
    fn tell_windows(&self, snapshot: &mut Snapshot) {
        snapshot.nodes.iter_mut().enumerate().for_each(|(number, node)| node.windows = self.windows(number));
    }

    fn tell(&self, counts: &Counts, series: &Series) -> Snapshot {
        let tasks: Vec<TaskSnapshot> =
            (0..self.layouts.len()).map(|task| self.tell_task(task, counts, series)).collect();
        let drawn = self.plan.nodes.len() - 2 * self.plan.through.len();
        let rates: Vec<_> = (0..drawn).map(|node| series.rates(counts, node)).collect();
        let nodes = (0..drawn).map(|node| {
            let task = self.task_of(node);
            let pressure = task.map(|task| tasks[task].pressure).unwrap_or_default();
            NodeSnapshot { task, pressure, rates: rates[node].0, ..self.tell_node(node, !series.is_empty()) }
        });
        let edges = (0..self.plan.edges.len() - self.plan.through.len()).map(|edge| {
            let (from, port) = self.plan.edges[edge].from;
            let ports = &self.plan.nodes[from].ports;
            let records = match rates.get(from) {
                Some((rates, _)) if ports.may_fail && port == ports.outputs.len() => rates.errors,
                Some((rates, _)) if ports.output("late") == Some(port) => rates.late,
                Some((_, by_port)) => by_port.get(port).copied().unwrap_or(0.0),
                None => 0.0,
            };
            EdgeSnapshot { records, ..self.tell_edge(edge) }
        });
        let nodes = nodes.collect();
        Snapshot { at_ms: self.clock.millis(), nodes, edges: edges.collect(), tasks, ..Snapshot::default() }
    }

    fn tell_node(&self, number: usize, is_timed: bool) -> NodeSnapshot {
        let (node, meter) = (&self.plan.nodes[number], &self.meters[number]);
        let failures = meter.failures().into_iter();
        let latency = || {
            let latency = meter.latency();
            let [p50_us, p99_us] = latency.quantiles([0.5, 0.99])?;
            Some(LatencySnapshot { mean_us: latency.mean_us()?, p50_us, p99_us })
        };
        NodeSnapshot {
            id: node.id.clone(),
            role: node.role,
            records_in: meter.records_in.load(Relaxed),
            records_out: meter.records_out.load(Relaxed),
            errors: meter.errors.load(Relaxed),
            late: meter.late.load(Relaxed),
            latency: is_timed.then(latency).flatten(),
            drops: meter.drops().into_iter().map(|(reason, count)| (reason.to_string(), count)).collect(),
            restarts: meter.restarts.load(Relaxed),
            last_fault: meter.last_fault(),
            failures: failures.map(|(record, reason)| FailureSnapshot { record, reason }).collect(),
            ..NodeSnapshot::default()
        }
    }

    fn tell_task(&self, task: usize, counts: &Counts, series: &Series) -> TaskSnapshot {
        let layout = &self.layouts[task];
        let drawn = self.plan.nodes.len() - 2 * self.plan.through.len();
        let names = layout.nodes.iter().filter(|&&node| node < drawn).map(|&node| self.plan.nodes[node].id.clone());
        let mut inputs: Vec<usize> = layout.inputs.iter().flat_map(|input| self.writers(input.queue)).collect();
        inputs.sort_unstable();
        inputs.dedup();
        let lanes = self.tasks.range((task, 0)..=(task, u32::MAX)).map(|(&(_, lane), cell)| {
            let (pressure, records_in, records_out) = series.lane(counts, (task, lane));
            let levels = layout.inputs.iter().filter_map(|input| self.known_channel(input.queue, lane));
            let level = levels.map(|channel| channel.level());
            let (depth, capacity, fill) = level.fold((0, 0, 0.0_f64), |sum, level| {
                (sum.0 + level.rows, sum.1 + level.capacity, sum.2.max(level.fill()))
            });
            let in_call_ms = cell.is_stuck().then(|| cell.in_step().as_millis() as u64);
            LaneSnapshot { lane, pressure, depth, capacity, fill, records_in, records_out, in_call_ms }
        });
        let lanes: Vec<LaneSnapshot> = lanes.collect();
        let pressures: Vec<Pressure> = lanes.iter().map(|lane| lane.pressure).collect();
        TaskSnapshot {
            nodes: names.collect(),
            inputs,
            pressure: mean(&pressures),
            worst: series.worst(counts, task),
            lanes,
        }
    }

    fn tell_edge(&self, number: usize) -> EdgeSnapshot {
        let plan = &self.plan;
        let queue = plan.queues.iter().position(|queue| queue.edges.contains(&number));
        let levels = queue.into_iter().flat_map(|queue| self.channels_of(queue)).map(|channel| channel.level());
        let (depth, capacity, fill) = levels
            .fold((0, 0, 0.0_f64), |sum, level| (sum.0 + level.rows, sum.1 + level.capacity, sum.2.max(level.fill())));
        let id = plan.edges[number].id.clone();
        EdgeSnapshot { id, is_fused: plan.is_fused(number), depth, capacity, fill, ..EdgeSnapshot::default() }
    }
}

fn tell_speeds(snapshot: &mut Snapshot, memory: &mut Memory) {
    let windows = snapshot.nodes.iter().enumerate().flat_map(|(number, node)| {
        node.windows.iter().filter_map(move |(&lane, report)| Some(((number, lane), report.stream_time?)))
    });
    let times: BTreeMap<(usize, u32), i64> = windows.collect();
    if times.is_empty() {
        return;
    }
    for ((node, lane), speed) in memory.speeds.look(snapshot.at_ms, times) {
        snapshot.nodes[node].stream_speeds.insert(lane, speed);
    }
}

/// Edges that go through topics, and how far behind these are.
fn tell_through(snapshot: &mut Snapshot, workshop: &Workshop) {
    for through in &workshop.plan.through {
        let Some(edge) = snapshot.edges.get_mut(through.edge) else { continue };
        let topic = &through.topic.topic;
        let reader = &workshop.plan.nodes[through.reader].id;
        let mut lags = snapshot
            .partitions
            .iter()
            .filter(|it| it.node == *reader && it.topic == *topic)
            .map(|it| it.lag)
            .peekable();
        let is_read = lags.peek().is_some();
        let lag = lags.sum::<Option<i64>>().filter(|_| is_read);
        edge.through = Some(ThroughSnapshot { topic: topic.clone(), lag });
    }
}

/// Partitions that are read, as lanes and clients see them. What a task that is in a call reads is told as it was before.
fn partitions(workshop: &Workshop, last: &mut SeenOf) -> Vec<Seen> {
    let needs = workshop.survey().unwrap_or_default();
    let mut now = SeenOf::new();
    for (task, planned) in workshop.plan.tasks.iter().enumerate() {
        if !planned.inputs.iter().any(|input| matches!(input, TaskInput::Source(_))) {
            continue;
        }
        for (&at, cell) in workshop.tasks.range((task, 0)..=(task, u32::MAX)) {
            let Some(mut reached) = cell.reach() else {
                now.extend(last.remove(&at).map(|seen| (at, seen)));
                continue;
            };
            for reading in &mut reached.readings {
                let Some((node, SlotOf::Partition(cluster, topic, partition))) = workshop.slots.get(reading.slot)
                else {
                    continue;
                };
                // What came behind the survey is needed, too.
                let safe = needs.get(reading.slot).unwrap_or(reading.position);
                reading.stamps.forget_before(safe);
                let known = |offset: i64| Some(offset).filter(|&offset| offset >= 0);
                let told = PartitionSnapshot {
                    node: workshop.plan.nodes[*node].id.clone(),
                    cluster: cluster.clone(),
                    topic: topic.to_string(),
                    partition: *partition,
                    position: reading.position,
                    safe,
                    is_at_end: reading.is_at_end,
                    low: known(reading.low()),
                    high: known(reading.high()),
                    ..PartitionSnapshot::default()
                };
                now.entry(at).or_default().push(Seen { told, stamp_ms: reading.stamps.at(safe) });
            }
        }
    }
    last.clone_from(&now);
    now.into_values().flatten().collect()
}
