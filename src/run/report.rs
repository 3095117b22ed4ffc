//! What came of a run: a table for people, JSON lines for programs, and the exit code.

use std::io::{self, Write};
use std::time::Duration;

use serde_json::json;
use tidegate_core::engine::{EndedBy, Outcome};
use tidegate_core::explain::{explain, silent_nodes, window_nodes};
use tidegate_core::operators::Role;
use tidegate_core::problem::Blame;
use tidegate_core::snapshot::Snapshot;

use crate::common::exit::{Exit, tell_fault};
use crate::common::explanation;
use crate::common::style::{self, Paint};
use crate::common::table::{Head, Table};
use crate::common::voice::{Voice, tell_line};

/// The exit code.
pub(super) fn exit(outcome: &Outcome) -> Exit {
    match outcome.faults.iter().all(|fault| fault.blame == Blame::Nobody) {
        // What nobody reads is not lost.
        true if !outcome.faults.is_empty() || !outcome.is_lossy => Exit::Good,
        _ => Exit::Failed,
    }
}

/// A snapshot as a JSON line. What happened is logged when it happens, and not said once more with each.
pub(super) fn tell_snapshot(snapshot: Snapshot) {
    tell_line("snapshot", json!(Snapshot { log: Vec::new(), ..snapshot }));
}

/// What all nodes with windows say of themselves, as JSON lines.
pub(super) fn tell_windows(snapshot: &Snapshot) {
    tell_explanations(snapshot, window_nodes(snapshot));
}

fn tell_explanations<'a>(snapshot: &Snapshot, nodes: impl Iterator<Item = &'a str>) {
    nodes.filter_map(|node| explain(snapshot, node)).for_each(|told| tell_line("explanation", json!(told)));
}

/// What all nodes with windows say of themselves, for people.
pub(super) fn windows(snapshot: &Snapshot) -> Vec<String> {
    let lines = explanations(snapshot, window_nodes(snapshot));
    if lines.is_empty() { vec!["no node has windows".into()] } else { lines }
}

fn explanations<'a>(snapshot: &Snapshot, nodes: impl Iterator<Item = &'a str>) -> Vec<String> {
    let (paint, columns) = (Paint::stderr(), style::columns());
    let told = nodes.filter_map(|node| explain(snapshot, node));
    told.flat_map(|told| explanation::lines(&told, paint, columns)).collect()
}

/// The end as JSON lines: what windows that have given nothing say, and the outcome.
pub(super) fn tell_json(outcome: &Outcome, took: Duration) {
    tell_explanations(&outcome.snapshot, silent_nodes(&outcome.snapshot));
    let Outcome { ended_by, faults, undone, is_lossy, restarts, snapshot } = outcome;
    tell_line(
        "outcome",
        json!({
            "exit_code": exit(outcome) as u8, "ended_by": ended_by, "took_ms": took.as_millis() as u64,
            "faults": faults, "undone": undone, "is_lossy": is_lossy, "restarts": restarts, "snapshot": snapshot,
        }),
    );
}

/// The end for people: a table of counts, what windows say that have given nothing, what went wrong, a last sentence.
pub(super) fn tell(outcome: &Outcome, took: Duration) {
    let paint = Paint::stderr();
    let mut text = String::new();
    for (number, line) in counts(&outcome.snapshot).lines(style::columns()).into_iter().enumerate() {
        text.push_str(&if number == 0 { paint.dim(&line) } else { line });
        text.push('\n');
    }
    for line in explanations(&outcome.snapshot, silent_nodes(&outcome.snapshot)) {
        text.push_str(&line);
        text.push('\n');
    }
    let _ = write!(io::stderr().lock(), "{text}");
    for fault in &outcome.faults {
        tell_fault(fault, Voice::People);
    }
    let word = match exit(outcome) {
        Exit::Good => paint.green("done"),
        _ => paint.red("failed"),
    };
    let _ = writeln!(io::stderr().lock(), "{word}: {}", sentence(outcome, took));
}

fn counts(snapshot: &Snapshot) -> Table {
    let heads = ["in", "out", "errors", "drops"].map(Head::Right);
    let mut table = Table::new([Head::Left("node")].into_iter().chain(heads).chain([Head::Left("")]));
    for node in &snapshot.nodes {
        let drops: u64 = node.drops.values().sum();
        // Late records are no drops: they leave by a port. They are told beside them, since nobody may have connected it.
        let late = (node.late > 0).then(|| format!("late {}", node.late));
        let restarts = (node.restarts > 0).then(|| format!("restarts {}", node.restarts));
        let reasons = node.drops.iter().map(|(reason, count)| format!("{reason} {count}"));
        let reasons: Vec<String> = reasons.chain(late).chain(restarts).collect();
        let count = |is_shown: bool, count: u64| if is_shown { count.to_string() } else { String::new() };
        table.row([
            node.id.clone(),
            count(node.role != Role::Source, node.records_in),
            count(node.role != Role::Sink, node.records_out),
            node.errors.to_string(),
            drops.to_string(),
            reasons.join(", "),
        ]);
    }
    table
}

fn sentence(outcome: &Outcome, took: Duration) -> String {
    let why = match outcome.ended_by {
        EndedBy::End => "all sources have ended",
        EndedBy::Idle => "nothing came any more",
        EndedBy::Time => "the time is over",
        EndedBy::Records => "so many records were read",
        EndedBy::Stop => "told to stop",
        EndedBy::Fault if outcome.faults.iter().all(|fault| fault.blame == Blame::Nobody) => "nobody reads the output",
        EndedBy::Fault => "a fault",
    };
    let mut sentence = format!("{why}, after {:.1} s", took.as_secs_f64());
    match outcome.restarts {
        0 => {}
        1 => sentence.push_str("; it started again once"),
        times => sentence.push_str(&format!("; it started again {times} times")),
    }
    if outcome.snapshot.lost > 0 {
        sentence.push_str(&format!("; {} records were deleted before they were read", outcome.snapshot.lost));
    }
    if outcome.undone > 0 {
        let fate = match (exit(outcome), outcome.is_lossy) {
            (Exit::Good, true) => "were not wanted",
            (_, true) => "are lost",
            (_, false) => "will be read again",
        };
        sentence.push_str(&format!("; {} records under way {fate}", outcome.undone));
    }
    let tasks = outcome.snapshot.tasks.iter();
    let stuck = tasks.filter(|task| task.lanes.iter().any(|lane| lane.in_call_ms.is_some()));
    let names: Vec<String> = stuck.filter_map(|task| Some(format!("`{}`", task.nodes.first()?))).collect();
    if !names.is_empty() {
        sentence.push_str(&format!("; {} still waits for what it writes to, and was left", names.join(", ")));
    }
    sentence
}

#[cfg(test)]
mod tests {
    use tidegate_core::problem::Fault;

    use super::*;

    fn outcome(faults: Vec<Fault>, undone: usize, is_lossy: bool) -> Outcome {
        Outcome { ended_by: EndedBy::Stop, faults, undone, is_lossy, restarts: 0, snapshot: Snapshot::default() }
    }

    #[test]
    fn exit_codes_tell_whether_something_is_lost() {
        for (outcome, expected) in [
            (outcome(vec![], 0, false), Exit::Good),
            (outcome(vec![], 7, false), Exit::Good),
            (outcome(vec![], 7, true), Exit::Failed),
            (outcome(vec![Fault::unread("")], 7, true), Exit::Good),
            (outcome(vec![Fault::unread(""), Fault::user("")], 0, false), Exit::Failed),
        ] {
            assert_eq!(exit(&outcome), expected, "{outcome:?}");
        }
    }
}
