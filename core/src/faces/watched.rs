//! The run that is looked at: its last snapshot, its past, and whether it still answers. Facts that several screens tell
//! are made here: the verdict, what is behind, the worst lane.

use crate::problem::Severity;
use crate::snapshot::{EdgeSnapshot, LogEntry, NodeSnapshot, PartitionSnapshot, Pressure, Snapshot, TaskSnapshot};

use super::history::History;

/// Whether a run answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Link {
    /// nothing runs
    #[default]
    Nothing,
    /// it is being started
    Starting,
    /// it does
    Live,
    /// it does not
    Silent {
        /// since when
        since_ms: i64,
        /// what was heard instead
        why: String,
        /// how often it was asked since
        tries: u32,
    },
    /// it is over
    Over {
        /// how it ended
        how: String,
    },
}

impl Link {
    /// It has not answered, once more.
    pub fn silent(self, why: String, at_ms: i64) -> Link {
        match self {
            Link::Silent { since_ms, tries, .. } => Link::Silent { since_ms, why, tries: tries + 1 },
            _ => Link::Silent { since_ms: at_ms, why, tries: 1 },
        }
    }
}

/// A run, watched.
#[derive(Debug, Clone, Default)]
pub struct Watched {
    /// what it is called: the run, and where it runs
    pub name: String,
    /// whether it answers
    pub link: Link,
    /// what the meters said last
    pub now: Snapshot,
    /// and before
    pub history: History,
}

/// From here on a fault is news no longer.
const FAULT_MS: i64 = 60_000;

impl Watched {
    /// There are figures to show.
    pub fn has_figures(&self) -> bool {
        self.now.at_ms != 0
    }

    /// It is being started, or runs; whether it answers or not.
    pub fn is_running(&self) -> bool {
        matches!(self.link, Link::Starting | Link::Live | Link::Silent { .. })
    }

    /// Nobody has answered lately: what was seen last may hold no longer.
    pub fn is_silent(&self) -> bool {
        matches!(self.link, Link::Silent { .. })
    }

    /// It ran, and does no longer: what the meters said last is what became of it.
    pub fn is_over(&self) -> bool {
        matches!(self.link, Link::Over { .. })
    }

    /// A node, as the meters have it.
    pub fn node(&self, id: &str) -> Option<&NodeSnapshot> {
        self.now.nodes.iter().find(|node| node.id == id)
    }

    /// An edge.
    pub fn edge(&self, id: &str) -> Option<&EdgeSnapshot> {
        self.now.edges.iter().find(|edge| edge.id == id)
    }

    /// The task in which a node runs.
    pub fn task_of(&self, id: &str) -> Option<&TaskSnapshot> {
        self.now.tasks.get(self.node(id)?.task?)
    }

    /// Where the time of a node's worst lane goes.
    pub fn worst(&self, id: &str) -> Option<Pressure> {
        self.task_of(id).map(worst)
    }

    /// Partitions that a node reads.
    pub fn partitions<'a>(&'a self, node: &'a str) -> impl Iterator<Item = &'a PartitionSnapshot> {
        self.now.partitions.iter().filter(move |partition| partition.node == node)
    }

    /// It holds everything back.
    pub fn is_bottleneck(&self, id: &str) -> bool {
        self.now.bottleneck.as_ref().is_some_and(|bottleneck| bottleneck.node == id)
    }

    /// Records behind on all partitions; none where one is unknown.
    pub fn lag(&self) -> Option<i64> {
        self.now.partitions.iter().map(|partition| partition.lag).sum()
    }

    /// How fast that grows, and how fast records are written.
    pub fn trend(&self) -> Option<(f64, f64)> {
        let trend: Option<f64> = self.now.partitions.iter().map(|partition| partition.trend).sum();
        Some((trend?, written(&self.now.partitions)))
    }

    /// Age of the oldest record that is not done.
    pub fn age_ms(&self) -> Option<i64> {
        self.now.partitions.iter().filter_map(|partition| partition.age_ms).max()
    }

    /// The last fault, where it is news.
    pub fn fault(&self) -> Option<&LogEntry> {
        let recent = |entry: &&LogEntry| entry.severity == Severity::Error && self.now.at_ms - entry.last_ms < FAULT_MS;
        self.now.log.iter().rev().find(recent)
    }
}

/// Records written per second to partitions, as far as that is known.
pub fn written<'a>(partitions: impl IntoIterator<Item = &'a PartitionSnapshot>) -> f64 {
    partitions.into_iter().filter_map(|partition| partition.written).sum()
}

/// Where the time of a task's worst lane goes: of the last 10 seconds, else of now.
pub fn worst(task: &TaskSnapshot) -> Pressure {
    task.worst.map_or(task.pressure, |worst| worst.pressure)
}

/// The largest of busy, back-pressured and idle: its word, and its share.
pub fn load(pressure: Pressure) -> (&'static str, f64) {
    let Pressure { busy, idle, back_pressured, .. } = pressure;
    let all = (busy + idle + back_pressured).max(1.0);
    match () {
        () if back_pressured > busy && back_pressured >= idle => ("b-p", back_pressured / all),
        () if busy >= idle && busy > 0.0 => ("busy", busy / all),
        () => ("idle", idle / all),
    }
}
