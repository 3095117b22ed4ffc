//! What the meters say of a node and of a wire, ready to be drawn: figures as text, shares, states. It knows no colours.

use std::collections::HashMap;

use tidegate_core::faces::numbers;
use tidegate_core::faces::watched::{Watched, worst};
use tidegate_core::operators::{Family, Role};
use tidegate_core::snapshot::{EdgeSnapshot, NodeSnapshot, PartitionSnapshot, Pressure, RunState, Verdict};

/// From this share of the time on somebody is back-pressured.
const PRESSED: f64 = 0.10;

/// What a node is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeState {
    Running,
    Pressed,
    Idle,
    Faulted,
    /// the run is over
    Over,
    /// the run does not answer
    Unknown,
}

impl NodeState {
    /// Its word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            NodeState::Running => "running",
            NodeState::Pressed => "back-pressured",
            NodeState::Idle => "idle",
            NodeState::Faulted => "faulted",
            NodeState::Over => "over",
            NodeState::Unknown => "not known",
        }
    }
}

/// A node while it runs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NodeLive {
    pub(crate) state: NodeState,
    /// records per second, and what becomes of them; of a run that is over, records
    pub(crate) figure: String,
    /// shares of the time of its worst lane
    pub(crate) busy: f64,
    pub(crate) pressed: f64,
    /// of a source: how far behind, and what to think of it
    pub(crate) lag: Option<(String, Verdict)>,
    /// it holds everything back, so busy
    pub(crate) bottleneck: Option<String>,
}

/// A wire while it runs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EdgeLive {
    /// records per second
    pub(crate) rate: f64,
    pub(crate) depth: usize,
    /// 0 where nothing waits on it
    pub(crate) capacity: usize,
    pub(crate) fill: f64,
    pub(crate) is_fused: bool,
    /// share of the time in which its writer may not write
    pub(crate) shut: f64,
    pub(crate) through: Option<ThroughLive>,
}

/// A topic in the middle of a wire.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ThroughLive {
    pub(crate) lag: Option<i64>,
    pub(crate) age_ms: Option<i64>,
    pub(crate) verdict: Verdict,
    /// of each partition: milliseconds behind, and what to think of it
    pub(crate) lanes: Vec<(Option<i64>, Verdict)>,
}

/// A snapshot, found by names.
pub(crate) struct Meters<'a> {
    run: &'a Watched,
    nodes: HashMap<&'a str, &'a NodeSnapshot>,
    edges: HashMap<&'a str, &'a EdgeSnapshot>,
}

impl<'a> Meters<'a> {
    pub(crate) fn new(run: &'a Watched) -> Meters<'a> {
        let nodes = run.now.nodes.iter().map(|node| (node.id.as_str(), node)).collect();
        let edges = run.now.edges.iter().map(|edge| (edge.id.as_str(), edge)).collect();
        Meters { run, nodes, edges }
    }

    fn pressure(&self, node: &NodeSnapshot) -> Option<Pressure> {
        self.run.now.tasks.get(node.task?).map(worst)
    }

    /// A node; none where it does not run.
    pub(crate) fn node(&self, id: &str, family: Family) -> Option<NodeLive> {
        let node = *self.nodes.get(id)?;
        if self.run.is_over() {
            return Some(over(node));
        }
        let pressure = self.pressure(node).unwrap_or_default();
        let partitions: Vec<&PartitionSnapshot> = self
            .run
            .now
            .partitions
            .iter()
            .filter(|partition| family == Family::Sources && partition.node == id)
            .collect();
        let lag = partitions.iter().map(|partition| partition.verdict).max().map(|verdict| {
            let lag: Option<i64> = partitions.iter().map(|partition| partition.lag).sum();
            (format!("lag {}", numbers::count_or_unknown(lag)), verdict)
        });
        let (busy, pressed) = (pressure.busy / 1000.0, pressure.back_pressured / 1000.0);
        let is_bottleneck = self.run.is_bottleneck(id);
        let is_silent = self.run.is_silent();
        let state = if is_silent { NodeState::Unknown } else { state(node, pressed, self.run.now.run.state) };
        Some(NodeLive {
            state,
            figure: figure(node),
            busy,
            pressed,
            lag,
            bottleneck: (is_bottleneck && !is_silent).then(|| spaced(&numbers::percent(busy))),
        })
    }

    /// How many records of a node failed, and how many were late; none where it does not run.
    pub(crate) fn astray(&self, id: &str) -> Option<(u64, u64)> {
        self.nodes.get(id).map(|node| (node.errors, node.late))
    }

    /// An edge; none where it does not run. Of a run that is over only a topic keeps something.
    pub(crate) fn edge(&self, id: &str, topic: Option<&str>) -> Option<EdgeLive> {
        let edge = *self.edges.get(id)?;
        if self.run.is_over() && edge.through.is_none() {
            return None;
        }
        let writer = self.nodes.get(edge.ends().0).and_then(|node| self.pressure(node)).unwrap_or_default();
        let is_queue = edge.capacity > 0 && edge.through.is_none();
        // Who waits for its reader: the buffer has been full, and may be half empty when the meters look.
        let shut = if is_queue && edge.fill >= 0.4 { writer.back_pressured / 1000.0 } else { 0.0 };
        let through = edge.through.as_ref().map(|through| {
            let lanes: Vec<&PartitionSnapshot> =
                self.run.now.partitions.iter().filter(|partition| Some(partition.topic.as_str()) == topic).collect();
            ThroughLive {
                lag: through.lag,
                age_ms: lanes.iter().filter_map(|lane| lane.age_ms).max(),
                verdict: lanes.iter().map(|lane| lane.verdict).max().unwrap_or(Verdict::Unknown),
                lanes: lanes.iter().map(|lane| (lane.age_ms, lane.verdict)).collect(),
            }
        });
        Some(EdgeLive {
            rate: if self.run.is_over() { 0.0 } else { edge.records },
            depth: edge.depth,
            capacity: if is_queue { edge.capacity } else { 0 },
            fill: if is_queue { edge.fill } else { 0.0 },
            is_fused: edge.is_fused,
            shut: if shut >= PRESSED { shut } else { 0.0 },
            through,
        })
    }
}

fn state(node: &NodeSnapshot, pressed: f64, run: RunState) -> NodeState {
    let moves = node.rates.records_in > 0.0 || node.rates.records_out > 0.0;
    match () {
        () if node.rates.errors > 0.0 || node.last_fault.is_some() && !moves => NodeState::Faulted,
        () if pressed >= PRESSED && run == RunState::Running => NodeState::Pressed,
        () if moves => NodeState::Running,
        () => NodeState::Idle,
    }
}

/// What became of a node in a run that is over: how many records it had, and where it is not as many, how many went on.
fn over(node: &NodeSnapshot) -> NodeLive {
    let (first, last) = match node.role {
        Role::Source => (node.records_out, node.records_out),
        Role::Sink => (node.records_in, node.records_in),
        _ => (node.records_in, node.records_out),
    };
    let figure = match first == last {
        true => format!("{} {}", numbers::count(first), if first == 1 { "record" } else { "records" }),
        false => format!("{} → {}", numbers::count(first), numbers::count(last)),
    };
    let state = if node.last_fault.is_some() { NodeState::Faulted } else { NodeState::Over };
    NodeLive { state, figure, busy: 0.0, pressed: 0.0, lag: None, bottleneck: None }
}

/// The rate of what leaves it, of a sink what comes in; of a node that leaves out some, the share that it keeps.
fn figure(node: &NodeSnapshot) -> String {
    let rates = node.rates;
    let rate = if node.role == Role::Sink { rates.records_in } else { rates.records_out };
    let text = numbers::rate_with_unit(rate);
    if node.role == Role::Flow && rates.drops > 0.0 && rates.records_in > 0.0 {
        let kept = (rates.records_out / rates.records_in).clamp(0.0, 1.0);
        return format!("{text} · {}", spaced(&numbers::percent(kept)));
    }
    text
}

/// `78%` as it is written here: `78 %`.
pub(crate) fn spaced(percent: &str) -> String {
    percent.replace('%', "\u{202F}%")
}

#[cfg(test)]
mod tests {
    use tidegate_core::faces::watched::Link;
    use tidegate_core::snapshot::{Rates, Snapshot, TaskSnapshot, ThroughSnapshot};

    use super::*;

    fn run() -> Watched {
        let node = |id: &str, role, task, rates| NodeSnapshot {
            id: id.into(),
            role,
            task: Some(task),
            rates,
            ..NodeSnapshot::default()
        };
        let task = |busy, back_pressured| TaskSnapshot {
            pressure: Pressure { busy, back_pressured, idle: 1000.0 - busy - back_pressured, limited: 0.0 },
            ..TaskSnapshot::default()
        };
        let rates = |records_in, records_out, drops| Rates { records_in, records_out, drops, ..Rates::default() };
        let now = Snapshot {
            at_ms: 1,
            nodes: vec![
                node("in", Role::Source, 0, rates(0.0, 4_000.0, 0.0)),
                node("some", Role::Flow, 1, rates(4_000.0, 1_000.0, 3_000.0)),
                node("out", Role::Sink, 2, rates(0.0, 0.0, 0.0)),
            ],
            edges: vec![
                EdgeSnapshot {
                    id: "in.out->some.in".into(),
                    capacity: 4096,
                    depth: 3000,
                    fill: 0.73,
                    records: 4_000.0,
                    ..EdgeSnapshot::default()
                },
                EdgeSnapshot {
                    id: "some.out->out.in".into(),
                    through: Some(ThroughSnapshot { topic: "t".into(), lag: Some(7) }),
                    ..EdgeSnapshot::default()
                },
            ],
            tasks: vec![task(100.0, 640.0), task(950.0, 0.0), task(0.0, 0.0)],
            partitions: vec![
                PartitionSnapshot {
                    node: "in".into(),
                    topic: "trades".into(),
                    lag: Some(5),
                    verdict: Verdict::Growing,
                    ..PartitionSnapshot::default()
                },
                PartitionSnapshot {
                    topic: "t".into(),
                    age_ms: Some(300),
                    verdict: Verdict::Draining,
                    ..PartitionSnapshot::default()
                },
            ],
            ..Snapshot::default()
        };
        Watched { now, ..Watched::default() }
    }

    #[test]
    fn nodes_say_what_they_do() {
        let run = run();
        let meters = Meters::new(&run);
        let source = meters.node("in", Family::Sources).unwrap();
        assert_eq!((source.state, source.figure.as_str()), (NodeState::Pressed, "4.00k/s"));
        assert_eq!(source.lag, Some(("lag 5".into(), Verdict::Growing)));
        let some = meters.node("some", Family::Flows).unwrap();
        assert_eq!((some.state, some.figure.as_str()), (NodeState::Running, "1.00k/s · 25\u{202F}%"));
        assert_eq!(meters.node("out", Family::Sinks).unwrap().state, NodeState::Idle);
        assert_eq!(meters.node("nobody", Family::Sinks), None);
    }

    #[test]
    fn what_is_over_moves_no_longer() {
        let mut run = run();
        let counts = [(0, 4_000), (4_000, 1_000), (1, 0)];
        for (node, (records_in, records_out)) in run.now.nodes.iter_mut().zip(counts) {
            (node.records_in, node.records_out) = (records_in, records_out);
        }
        run.link = Link::Over { how: "Stopped.".into() };
        let meters = Meters::new(&run);
        for (id, family, figure) in [
            ("in", Family::Sources, "4.00k records"),
            ("some", Family::Flows, "4.00k → 1.00k"),
            ("out", Family::Sinks, "1 record"),
        ] {
            let live = meters.node(id, family).unwrap();
            assert_eq!((live.state, live.figure.as_str(), live.pressed), (NodeState::Over, figure, 0.0), "{id}");
        }
        assert_eq!(meters.edge("in.out->some.in", None), None, "nothing waits, nothing moves");
        let topic = meters.edge("some.out->out.in", Some("t")).unwrap();
        assert_eq!((topic.rate, topic.through.unwrap().lag), (0.0, Some(7)), "what a topic holds stays there");
    }

    #[test]
    fn who_does_not_answer_is_not_known_to_run() {
        let mut run = run();
        run.link = Link::default().silent("connection refused".into(), 1);
        let live = Meters::new(&run).node("some", Family::Flows).unwrap();
        assert_eq!((live.state, live.figure.as_str()), (NodeState::Unknown, "1.00k/s · 25\u{202F}%"));
    }

    #[test]
    fn a_gate_shuts_where_a_queue_holds_its_writer() {
        let run = run();
        let meters = Meters::new(&run);
        let queue = meters.edge("in.out->some.in", None).unwrap();
        assert_eq!((queue.shut, queue.fill, queue.capacity), (0.64, 0.73, 4096));
        let through = meters.edge("some.out->out.in", Some("t")).unwrap();
        assert_eq!((through.shut, through.capacity), (0.0, 0));
        let topic = through.through.unwrap();
        assert_eq!((topic.lag, topic.age_ms, topic.verdict), (Some(7), Some(300), Verdict::Draining));
    }
}
