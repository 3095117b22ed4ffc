//! What a lane with windows says of its records, and what its first open window waits for.

use super::{Reason, Silence, counted};
use crate::problem::RecordPlace;
use crate::window::{ClosedBy, Emit, FullestReport, LaneReport, NextReport};

/// Without a record for so long, an input is called idle.
const IDLE_MS: i64 = 5_000;

/// Why a lane is silent, or what it waits for. A lane that has had no record says nothing of its own.
pub(super) fn reasons(number: u32, lane: &LaneReport, now_ms: i64) -> Vec<Reason> {
    let all = missing(lane).chain(late(lane)).chain(waiting(lane, now_ms));
    all.map(|reason| Reason { lane: Some(number), ..reason }).collect()
}

/// Records that no window was asked for.
fn missing(lane: &LaneReport) -> impl Iterator<Item = Reason> {
    let of = format!("of {}", counted(lane.records, "record"));
    let (keyless, failed, tombstones) = (lane.keyless, lane.failed, lane.tombstones);
    let keyless = (keyless > 0).then(|| {
        let message =
            format!("{keyless} {of} came without a key, and windows are per key: they fail, and move no stream time");
        Reason::new(Silence::NullKeys, message).remedy("put a `key-by` in front, or have the records written with keys")
    });
    let failed = (failed > 0).then(|| {
        let message = format!("{failed} {of} failed in an aggregate");
        Reason::new(Silence::Failed, message).remedy("what leaves by `errors`, or is kept of it, says why")
    });
    let tombstones = (tombstones > 0).then(|| {
        let message = format!("{tombstones} {of} were tombstones, which are left out here and move no stream time");
        Reason::new(Silence::Tombstones, message).remedy("send values; sliding windows know no tombstones")
    });
    keyless.into_iter().chain(failed).chain(tombstones)
}

/// Records that missed their windows.
fn late(lane: &LaneReport) -> Option<Reason> {
    let last = lane.last_late.as_ref()?;
    let message = format!(
        "records came too late for {}. The last was {} with the timestamp {}: its window, {}, closed at stream time {}, \
             and stream time was {}{}",
        counted(lane.late, "window"),
        record(&last.record),
        at(last.ts),
        bounds(last.start, last.end),
        at(last.closed_at),
        at(last.stream_time),
        set_by(last.set_by.as_ref(), last.is_idle)
    );
    let short = last.stream_time.saturating_sub(last.closed_at).saturating_add(1);
    let remedy = format!(
        "a grace longer by {short} ms would have kept that window open; if the record that set stream time lies in the \
             future by mistake, that one closed it"
    );
    Some(Reason::new(Silence::Late, message).remedy(remedy))
}

/// What the first open window waits for. With `on-update` it waits for nothing.
fn waiting(lane: &LaneReport, now_ms: i64) -> Option<Reason> {
    if lane.emit == Emit::OnUpdate || lane.open == 0 {
        return None;
    }
    match (lane.closed_by, lane.next) {
        (ClosedBy::Records, _) => Some(not_full(lane)),
        (ClosedBy::Time, Some(next)) => Some(open(lane, next, now_ms)),
        (ClosedBy::Time, None) | (ClosedBy::Nothing, _) => None,
    }
}

fn not_full(lane: &LaneReport) -> Reason {
    let windows = match lane.open {
        1 => "1 window is open, and not full".to_string(),
        open => format!("{open} windows are open, and none is full"),
    };
    let fullest = lane.fullest.as_ref().map_or_else(String::new, |full| {
        let FullestReport { key, start, end, missing } = full;
        format!(": the fullest, {start} to {end} of key {key}, takes {}", counted(*missing, "more record"))
    });
    if lane.has_ended {
        let message = format!("the input has ended, `at_end` is `keep`, and {windows}{fullest}");
        return Reason::new(Silence::WaitingForEnd, message).remedy(AT_END);
    }
    let remedy = match lane.keeps_at_end {
        true => "send more records of a key, or ask for fewer; set `at_end` to `close`, so that the end closes them",
        false => "send more records of a key, ask for fewer, or end the input",
    };
    Reason::new(Silence::NotFull, format!("{windows}{fullest}")).remedy(remedy)
}

const AT_END: &str = "set `at_end` to `close`: the end of the input then closes them";

/// What a window that time closes waits for.
fn open(lane: &LaneReport, next: NextReport, now_ms: i64) -> Reason {
    let time = lane.stream_time.unwrap_or_default();
    let (window, closes_at) = (bounds(next.start, next.end), at(next.closes_at));
    let window = match lane.open {
        1 => format!("the open window, {window}, closes at stream time {closes_at}"),
        open => format!("the first of {open} open windows, {window}, closes at stream time {closes_at}"),
    };
    let missing = next.closes_at.saturating_sub(time);
    let stands =
        format!("Stream time is {}{}, {missing} ms short", at(time), set_by(lane.set_by.as_ref(), lane.is_idle));
    if lane.has_ended {
        let message = format!("the input has ended, `at_end` is `keep`, and no record will come: {window}. {stands}");
        return Reason::new(Silence::WaitingForEnd, message).remedy(AT_END);
    }
    let idle_for = lane.last_record_ms.map(|last| now_ms.saturating_sub(last)).filter(|&idle| idle >= IDLE_MS);
    let by_clock = lane.idle.map(|idle| {
        let due =
            idle.last_ms.saturating_add(idle.after_ms).saturating_add(next.closes_at.saturating_sub(idle.last_time));
        format!("without a record, `idle_after` closes it at {} by the wall clock, which is {}", at(due), at(now_ms))
    });
    let reason = if let Some(idle) = idle_for {
        let why = if by_clock.is_none() { ", and only records move stream time" } else { "" };
        let message = format!("no record has come for {} s{why}: {window}. {stands}", idle / 1000);
        Reason::new(Silence::IdleInput, message)
    } else if time >= next.grace_from {
        Reason::new(Silence::Grace, format!("{window}: it is complete, and its grace is not over. {stands}"))
    } else {
        Reason::new(Silence::StreamTimeShort, format!("{window}. {stands}"))
    };
    let send =
        format!("a record on this lane, whatever its key, closes it with the timestamp {closes_at} or a later one");
    let remedy = match (by_clock, reason.kind) {
        (Some(clock), _) => format!("{send}; {clock}"),
        (None, Silence::Grace) => format!("{send}; a shorter `grace` gives results sooner"),
        (None, _) => format!("{send}; `idle_after` closes windows by the wall clock where no record comes"),
    };
    Reason { closes_at: Some(next.closes_at), ..reason.remedy(remedy) }
}

/// Whose timestamp stream time is.
fn set_by(record_of: Option<&RecordPlace>, is_idle: bool) -> String {
    match (record_of, is_idle) {
        (Some(by), false) => format!(" (set by {})", record(by)),
        (Some(by), true) => format!(" (moved on by the wall clock since {})", record(by)),
        (None, true) => " (moved on by the wall clock)".into(),
        (None, false) => " (as it was kept)".into(),
    }
}

fn record(place: &RecordPlace) -> String {
    match place.topic.as_str() {
        "" => format!("record {}", place.offset),
        topic => format!("{topic}, partition {}, offset {}", place.partition, place.offset),
    }
}

/// Bounds of a window, as they are counted.
fn bounds(start: i64, end: i64) -> String {
    format!("{} to {}", at(start), at(end))
}

/// A time as people read it, and in milliseconds where it is near 1970, as in tests.
fn at(ms: i64) -> String {
    const DAY_MS: i64 = 86_400_000;
    match chrono::DateTime::from_timestamp_millis(ms).filter(|_| !(-DAY_MS..DAY_MS).contains(&ms)) {
        Some(time) => time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        None => ms.to_string(),
    }
}
