//! "Why has nothing come out?": what a node with windows is waiting for, told from a snapshot alone, so that the command
//! line, the faces and whoever attaches to a run say the same. Each answer names what it is about (node, lane, record,
//! window) and holds literally: the record that it asks for does close the window.

mod lane;
#[cfg(test)]
mod tests;
mod upstream;

use serde::Serialize;

use crate::snapshot::{NodeSnapshot, Snapshot};

/// Why a node is silent, or that it is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// the node
    pub node: String,
    /// nothing has come out of it
    pub is_silent: bool,
    /// lanes that it has
    pub lanes: usize,
    /// the answer: what is so on the way to the node, then lane by lane
    pub reasons: Vec<Reason>,
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// which
    pub kind: Silence,
    /// the lane that it is of; none where it is of the node
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lane: Option<u32>,
    /// the stream time that ends the silence, in milliseconds: a record on this lane with this timestamp does, unless it is
    /// left out itself
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closes_at: Option<i64>,
    /// a sentence
    pub message: String,
    /// what would help
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// The ways in which a window can be silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Silence {
    /// it is not
    NotSilent,
    /// no record has been read at all
    NoInput,
    /// records have been read, and some or all were left out, failed or left by another port before they came here
    FilteredUpstream,
    /// records wait in a queue in front of the node
    OnTheWay,
    /// records came without a key
    NullKeys,
    /// records failed
    Failed,
    /// records were tombstones, which are left out
    Tombstones,
    /// records came too late for their windows
    Late,
    /// stream time has not reached the end of the first window
    StreamTimeShort,
    /// it has, and the grace is not over
    Grace,
    /// stream time is short, and no record has come for a while
    IdleInput,
    /// the input is over, and `at_end` keeps windows open
    WaitingForEnd,
    /// windows of so many records are not full
    NotFull,
}

impl Reason {
    fn new(kind: Silence, message: impl Into<String>) -> Reason {
        Reason { kind, lane: None, closes_at: None, message: message.into(), remedy: None }
    }

    fn remedy(self, remedy: impl Into<String>) -> Reason {
        Reason { remedy: Some(remedy.into()), ..self }
    }
}

/// Explains a node of a run; `None` where it has no windows, or there is no such node.
pub fn explain(snapshot: &Snapshot, node: &str) -> Option<Explanation> {
    let of = snapshot.nodes.iter().find(|known| known.id == node)?;
    if of.windows.is_empty() {
        return None;
    }
    let results: u64 = of.windows.values().map(|lane| lane.results).sum();
    let records: u64 = of.windows.values().map(|lane| lane.records).sum();
    let mut reasons = Vec::new();
    if results > 0 {
        let message = format!("{} came out of {}", counted(results, "result"), counted(records, "record"));
        reasons.push(Reason::new(Silence::NotSilent, message));
    } else {
        reasons.extend(upstream::reasons(snapshot, node, records > 0));
    }
    for (&number, lane) in &of.windows {
        reasons.extend(lane::reasons(number, lane, snapshot.at_ms));
    }
    Some(Explanation { node: node.to_string(), is_silent: results == 0, lanes: of.windows.len(), reasons })
}

/// The nodes with windows, in the file's order.
pub fn window_nodes(snapshot: &Snapshot) -> impl Iterator<Item = &str> {
    with_windows(snapshot).map(|node| node.id.as_str())
}

/// Those of them that have given nothing.
pub fn silent_nodes(snapshot: &Snapshot) -> impl Iterator<Item = &str> {
    let is_silent = |node: &&NodeSnapshot| node.windows.values().all(|lane| lane.results == 0);
    with_windows(snapshot).filter(is_silent).map(|node| node.id.as_str())
}

fn with_windows(snapshot: &Snapshot) -> impl Iterator<Item = &NodeSnapshot> {
    snapshot.nodes.iter().filter(|node| !node.windows.is_empty())
}

/// "1 record", "2 records".
fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
