//! "Why has nothing come out?": what a node with windows is waiting for, told from a snapshot alone, so that the command
//! line, the faces and whoever attaches to a run say the same.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::snapshot::{NodeSnapshot, Snapshot};
use crate::window::{Emit, LaneReport};

/// Why a node is silent, or that it is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// the node
    pub node: String,
    /// the answer, lane by lane where lanes differ; each with what to do, if anything
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
    /// records have been read, and none came as far as here
    FilteredUpstream,
    /// records came without a key
    NullKeys,
    /// records failed
    Failed,
    /// all records were tombstones, which are left out
    Tombstones,
    /// all records came too late
    AllLate,
    /// stream time has not reached the end of the first window
    StreamTimeShort,
    /// it has, and the grace is not over
    Grace,
    /// stream time stands still, since no record comes
    IdleInput,
    /// the input is over, and `at_end` keeps windows open
    WaitingForEnd,
    /// windows of so many records are not full
    NotFull,
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
        let message = format!("{results} results have come out of {records} records");
        reasons.push(Reason { kind: Silence::NotSilent, lane: None, message, remedy: None });
    }
    if records == 0 {
        reasons.push(nothing_came(snapshot, node));
    }
    let lanes = of.windows.iter().filter(|(_, lane)| lane.records > 0);
    reasons.extend(lanes.filter_map(|(&number, lane)| of_lane(number, lane, snapshot.at_ms)));
    Some(Explanation { node: node.to_string(), reasons })
}

/// The nodes with windows that have taken records, or could have, and have given nothing.
pub fn silent_nodes(snapshot: &Snapshot) -> impl Iterator<Item = &str> {
    let is_silent =
        |node: &&NodeSnapshot| !node.windows.is_empty() && node.windows.values().all(|lane| lane.results == 0);
    snapshot.nodes.iter().filter(is_silent).map(|node| node.id.as_str())
}

/// Why no record has come to a node: nothing was read, or somebody on the way let none through.
fn nothing_came(snapshot: &Snapshot, node: &str) -> Reason {
    let mut upstream: BTreeSet<&str> = BTreeSet::new();
    let mut open = vec![node];
    while let Some(to) = open.pop() {
        for edge in &snapshot.edges {
            let ends = edge.id.split_once("->").map(|(from, to)| (node_of(from), node_of(to)));
            if let Some((from, _)) = ends.filter(|ends| ends.1 == to)
                && upstream.insert(from)
            {
                open.push(from);
            }
        }
    }
    let of = |id: &&str| snapshot.nodes.iter().find(|known| known.id == **id);
    let stops = upstream.iter().filter_map(of).find(|node| node.records_in > 0 && node.records_out == 0);
    let read: u64 =
        upstream.iter().filter_map(of).filter(|node| node.role == "source").map(|node| node.records_in).sum();
    match stops {
        Some(filter) => {
            let dropped: u64 = filter.drops.values().sum();
            let message = format!(
                "no record has come here: `{}` took {} and let none through{}",
                filter.id,
                filter.records_in,
                match (dropped, filter.errors) {
                    (0, 0) => String::new(),
                    (dropped, 0) => format!(" ({dropped} left out)"),
                    (dropped, errors) => format!(" ({dropped} left out, {errors} failed)"),
                }
            );
            let remedy = Some(format!("look at `{}`: stream time moves only with records that come through", filter.id));
            Reason { kind: Silence::FilteredUpstream, lane: None, message, remedy }
        }
        None if read > 0 => Reason {
            kind: Silence::FilteredUpstream,
            lane: None,
            message: format!("{read} records were read, and none has come here yet"),
            remedy: Some("they wait on the way, or leave by other ports".into()),
        },
        None => Reason {
            kind: Silence::NoInput,
            lane: None,
            message: "no record has been read".into(),
            remedy: Some("is anything being produced, and does the source start where it is? `start: earliest` reads from the oldest".into()),
        },
    }
}

fn node_of(port: &str) -> &str {
    port.rsplit_once('.').map_or(port, |(node, _)| node)
}

/// Why a lane that has had records is silent, or what its open windows wait for.
fn of_lane(number: u32, lane: &LaneReport, now_ms: i64) -> Option<Reason> {
    let reason =
        |kind, message: String, remedy: Option<String>| Some(Reason { kind, lane: Some(number), message, remedy });
    let records = lane.records;
    let gone = lane.keyless + lane.failed + lane.tombstones;
    if lane.stream_time.is_none() && gone >= records {
        return match (lane.keyless, lane.failed) {
            (0, 0) => reason(
                Silence::Tombstones,
                format!("all {records} records were tombstones, which are left out here"),
                None,
            ),
            (0, failed) => reason(
                Silence::Failed,
                format!("{failed} of {records} records failed in an aggregate"),
                Some("look at the port `errors`".into()),
            ),
            (keyless, _) => reason(
                Silence::NullKeys,
                format!("{keyless} of {records} records have no key, and a window is per key"),
                Some("put a `key-by` in front".into()),
            ),
        };
    }
    let time = lane.stream_time?;
    if lane.results > 0 && lane.open == 0 {
        return None;
    }
    let set_by = match &lane.set_by {
        Some(at) if at.topic.is_empty() => format!("record {}", at.offset),
        Some(at) => format!("{}, partition {}, offset {}", at.topic, at.partition, at.offset),
        None => "a record of an earlier run".into(),
    };
    let stands = format!("stream time is {} (set by {set_by})", at(time));
    if lane.open == 0 && lane.late > 0 {
        let message = format!("{stands}, and {} of {records} records came too late for their windows", lane.late);
        let remedy = "a longer grace takes them; a record far in the future closes everything behind it: look at the one \
                      that set stream time";
        return reason(Silence::AllLate, message, Some(remedy.into()));
    }
    let Some(next) = lane.next else {
        let message = match lane.has_ended && lane.keeps_at_end {
            true => format!("the input has ended, and {} windows are kept open", lane.open),
            false => format!("{} windows are open, and none of them is full", lane.open),
        };
        let kind = if lane.has_ended && lane.keeps_at_end { Silence::WaitingForEnd } else { Silence::NotFull };
        return (lane.emit == Emit::OnClose && lane.open > 0).then(|| reason(kind, message, None)).flatten();
    };
    if lane.emit == Emit::OnUpdate {
        return None;
    }
    let window =
        format!("the first open window, {} to {}, closes at {}", at(next.start), at(next.end), at(next.closes_at));
    if lane.has_ended {
        let message = format!("the input has ended and `at_end` is keep: {window}, and no record will come. {stands}");
        return reason(Silence::WaitingForEnd, message, Some("set at_end to close".into()));
    }
    let missing = next.closes_at - time;
    let idle_for = lane.last_record_ms.map(|last| now_ms - last);
    if let Some(idle) = idle_for.filter(|&idle| idle >= IDLE_MS) {
        let message =
            format!("no record has come for {} s, and time stands still without one: {window}. {stands}", idle / 1000);
        return reason(
            Silence::IdleInput,
            message,
            Some("set idle_after, so that windows close by the wall clock".into()),
        );
    }
    if time >= next.end {
        let message = format!("{window}: its end is reached, and its grace is not over. {stands}, {missing} ms short");
        return reason(Silence::Grace, message, Some("a shorter grace gives results sooner".into()));
    }
    let message = format!("{window}, when a record with that timestamp comes. {stands}, {missing} ms short");
    reason(Silence::StreamTimeShort, message, Some("send a later record, end the input, or set idle_after".into()))
}

/// Without a record for so long, an input is called idle.
const IDLE_MS: i64 = 5_000;

/// A time as people read it, and in milliseconds where it is near 1970, as in tests.
fn at(ms: i64) -> String {
    if ms.abs() < 86_400_000 {
        return format!("{ms} ms");
    }
    match chrono::DateTime::from_timestamp_millis(ms) {
        Some(time) => time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        None => format!("{ms} ms"),
    }
}
