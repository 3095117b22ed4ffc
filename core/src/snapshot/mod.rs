//! What the meters of a run say at one instant: a plain value that both faces, the command line and programs read, of a
//! run in their own process or, as JSON over HTTP, of another. It knows neither Kafka nor the engine. Figures that are
//! not known are absent, never 0.
//!
//! - [`Snapshot`]: the run, its bottleneck, its log
//! - `bottleneck`: which task holds everything back
//! - `node`: nodes, and the tasks that they run in, lane by lane; edges
//! - `partition`: what is read, how far behind, and what to think of it
//! - `cluster`: groups, topics and brokers, whoever they belong to
//! - `look`: records on an edge, keys of a store
//! - `past`: samples of the last minutes, for whoever comes later

mod bottleneck;
mod cluster;
mod look;
mod node;
mod partition;
mod past;

use serde::{Deserialize, Serialize};

use crate::problem::Severity;

pub use cluster::{
    BrokerSnapshot, ClusterSnapshot, ClusterWanted, GroupFigures, GroupSnapshot, Keeps, OpenedGroup, RecordsWanted,
    TopicRecords, TopicSnapshot,
};
pub use look::{StateRow, StateSnapshot, TapRow, TapSnapshot};
pub use node::{
    EdgeSnapshot, FailureSnapshot, LaneSnapshot, LatencySnapshot, NodeSnapshot, Pressure, Rates, TaskSnapshot,
    ThroughSnapshot, WorstLane,
};
pub use partition::{Drain, PartitionSnapshot, Retention, Verdict};
pub use past::{EdgePast, NodePast, PartitionPast, Past};

/// A run at one instant.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Snapshot {
    /// wall clock, in milliseconds since 1970
    pub at_ms: i64,
    /// which run this is, and what it is doing
    pub run: RunSnapshot,
    /// nodes, in the file's order
    pub nodes: Vec<NodeSnapshot>,
    /// edges, in the file's order
    pub edges: Vec<EdgeSnapshot>,
    /// tasks: what is fused to one thing that runs; lanes within
    pub tasks: Vec<TaskSnapshot>,
    /// partitions that are read, by node, topic and number
    pub partitions: Vec<PartitionSnapshot>,
    /// what holds everything back, where something does
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bottleneck: Option<Bottleneck>,
    /// what happened, oldest first: at most the last 200 entries
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<LogEntry>,
    /// records that retention deleted before they were read
    pub lost: u64,
    /// samples of the last minutes; with the first snapshot that somebody gets
    #[serde(skip_serializing_if = "Option::is_none")]
    pub past: Option<Past>,
}

/// A run, and what it is doing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunSnapshot {
    /// its application id, which is its consumer group
    pub application_id: String,
    /// wall clock at its start, in milliseconds since 1970
    pub started_ms: i64,
    /// what it is doing
    pub state: RunState,
    /// how often it has started again as a whole
    pub restarts: u32,
    /// how often what is safe is committed, in milliseconds
    pub commit_interval_ms: i64,
    /// nothing is committed: a pipeline with state reads everything again
    pub commits_nothing: bool,
}

/// What a run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// it reads and works
    #[default]
    Running,
    /// its sources are told to rest; what has been read goes on
    Paused,
    /// its sources have been stopped, and its queues run empty
    Stopping,
    /// it has ended
    Over,
}

/// The task that holds back everything before it: the first one downstream of back-pressured ones that is not itself.
/// As Flink's rule: busy itself, its input full, nothing behind it full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bottleneck {
    /// the node to blame: the task's busiest, as far as that is measured, else its first
    pub node: String,
    /// number of the task in [`Snapshot::tasks`]
    pub task: usize,
    /// what it spends its time with
    pub by: HeldBy,
    /// since when, by the wall clock, in milliseconds
    pub since_ms: i64,
}

/// What a bottleneck spends its time with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeldBy {
    /// work
    Work,
    /// waiting for a throttle, as it was drawn
    Throttle,
    /// waiting for what it writes to: a broker that acknowledges slowly, say
    Outside,
}

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// counts up from the start of the run; an entry that is told again keeps it
    pub number: u64,
    /// wall clock when it happened first, in milliseconds
    pub at_ms: i64,
    /// and last
    pub last_ms: i64,
    /// how often, where the same happened several times in a row
    pub count: u64,
    /// a fault is an error
    pub severity: Severity,
    /// the node it leads to
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// what
    pub message: String,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::operators::Role;
    use crate::problem::{Fault, RecordPlace};
    use crate::window::LaneReport;

    fn full() -> Snapshot {
        let place = RecordPlace { topic: "t".into(), partition: 1, offset: 2 };
        let node = NodeSnapshot {
            id: "a".into(),
            role: Role::Source,
            task: Some(0),
            late: 1,
            rates: Rates { records_in: 0.5, ..Rates::default() },
            drops: BTreeMap::from([("filtered".into(), 3)]),
            windows: BTreeMap::from([(7, LaneReport { stream_time: Some(5), ..LaneReport::default() })]),
            stream_speeds: BTreeMap::from([(7, 0.75)]),
            last_fault: Some(Fault::user("no").at_record(place.clone())),
            failures: vec![FailureSnapshot { record: place, reason: "bad".into() }],
            latency: Some(LatencySnapshot { mean_us: 1.0, p50_us: 1.5, p99_us: 2.5 }),
            ..NodeSnapshot::default()
        };
        let partition = PartitionSnapshot {
            committed: Some(4),
            retention: Retention::Time { left_ms: 5 },
            drain: Drain::In { ms: 7 },
            verdict: Verdict::Growing,
            ..PartitionSnapshot::default()
        };
        let entry = LogEntry {
            number: 1,
            at_ms: 2,
            last_ms: 3,
            count: 4,
            severity: Severity::Warning,
            node: None,
            message: "m".into(),
        };
        Snapshot {
            nodes: vec![node],
            edges: vec![EdgeSnapshot { through: Some(ThroughSnapshot::default()), ..EdgeSnapshot::default() }],
            tasks: vec![TaskSnapshot { lanes: vec![LaneSnapshot::default()], ..TaskSnapshot::default() }],
            partitions: vec![partition],
            bottleneck: Some(Bottleneck { node: "a".into(), task: 0, by: HeldBy::Outside, since_ms: 9 }),
            log: vec![entry],
            past: Some(Past { nodes: vec![NodePast::default()], ..Past::default() }),
            ..Snapshot::default()
        }
    }

    #[test]
    fn a_snapshot_reads_back_as_it_was_written() {
        for snapshot in [Snapshot::default(), full()] {
            let text = serde_json::to_string(&snapshot).unwrap();
            assert_eq!(serde_json::from_str::<Snapshot>(&text).unwrap(), snapshot, "{text}");
        }
    }

    #[test]
    fn what_another_version_does_not_tell_is_unknown() {
        let snapshot: Snapshot =
            serde_json::from_str(r#"{"at_ms": 1, "news": 2, "partitions": [{"node": "a"}]}"#).unwrap();
        assert_eq!(snapshot.partitions[0].lag, None);
        assert_eq!(snapshot.partitions[0].verdict, Verdict::Unknown);
    }
}
