//! What happens to records before they come to the node: that none is read, that somebody leaves them out, that they wait.

use std::collections::BTreeSet;

use super::{Reason, Silence, counted};
use crate::operators::Role;
use crate::snapshot::{EdgeSnapshot, NodeSnapshot, Snapshot};

/// Why no record has come to a node, or why only some have.
pub(super) fn reasons(snapshot: &Snapshot, node: &str, has_records: bool) -> Vec<Reason> {
    if has_records {
        return thinning(snapshot, node).into_iter().collect();
    }
    let fronts = fronts(snapshot, node);
    if fronts.is_empty() {
        return vec![nothing_read(snapshot, node)];
    }
    fronts.into_iter().flat_map(|(from, edge)| stopped(snapshot, from, edge)).collect()
}

/// The edges on the way to a node at whose beginning records have been, and at whose end none.
fn fronts<'a>(snapshot: &'a Snapshot, node: &'a str) -> Vec<(&'a NodeSnapshot, &'a EdgeSnapshot)> {
    let (mut fronts, mut seen, mut open) = (Vec::new(), BTreeSet::new(), vec![node]);
    while let Some(to) = open.pop() {
        for (from, edge) in comings(snapshot, to) {
            if from.records_in > 0 {
                fronts.push((from, edge));
            } else if seen.insert(from.id.as_str()) {
                open.push(&from.id);
            }
        }
    }
    fronts
}

/// The edges that lead to a node, and where they come from.
fn comings<'a>(snapshot: &'a Snapshot, to: &'a str) -> impl Iterator<Item = (&'a NodeSnapshot, &'a EdgeSnapshot)> {
    snapshot.edges.iter().filter_map(move |edge| {
        let (from, end) = edge.ends();
        let from = snapshot.nodes.iter().find(|node| node.id == from)?;
        (end == to).then_some((from, edge))
    })
}

/// Why what a node took has not come to the end of an edge.
fn stopped(snapshot: &Snapshot, from: &NodeSnapshot, edge: &EdgeSnapshot) -> Vec<Reason> {
    let (port, _) = edge.ports();
    let before: usize = comings(snapshot, &from.id).map(|(_, edge)| edge.depth).sum();
    let mut reasons = Vec::new();
    for (depth, place) in
        [(edge.depth, format!("on the way {}", edge.id)), (before, format!("in front of `{}`", from.id))]
    {
        if depth > 0 {
            let message = format!("{} {place}", waiting(depth));
            reasons.push(
                Reason::new(Silence::OnTheWay, message)
                    .remedy("they come when what stands behind takes them: look there"),
            );
        }
    }
    if edge.depth == 0 && (before == 0 || left_out(from) > 0) {
        let took = counted(from.records_in, "record");
        let message =
            format!("no record has come here: `{}` took {took}, and none left by `{port}`{}", from.id, fate(from));
        let remedy = format!("look at `{}`: only records that come here move stream time", from.id);
        reasons.push(Reason::new(Silence::FilteredUpstream, message).remedy(remedy));
    }
    reasons
}

fn waiting(depth: usize) -> String {
    let wait = if depth == 1 { "waits" } else { "wait" };
    format!("{} {wait}", counted(depth as u64, "record"))
}

fn left_out(node: &NodeSnapshot) -> u64 {
    node.drops.values().sum::<u64>() + node.errors
}

/// What became of the records that a node took.
fn fate(node: &NodeSnapshot) -> String {
    let drops: u64 = node.drops.values().sum();
    let parts =
        [(drops, "left out"), (node.errors, "failed"), (node.late, "late"), (node.records_out, "by other ports")];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

/// All nodes that lead to this one, in the file's order.
fn ancestors<'a>(snapshot: &'a Snapshot, node: &'a str) -> Vec<&'a NodeSnapshot> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![node]);
    while let Some(to) = open.pop() {
        open.extend(comings(snapshot, to).map(|(from, _)| from.id.as_str()).filter(|from| seen.insert(*from)));
    }
    snapshot.nodes.iter().filter(|node| seen.contains(node.id.as_str())).collect()
}

/// Records came, and others did not: those move no stream time here.
fn thinning(snapshot: &Snapshot, node: &str) -> Option<Reason> {
    let thin = |node: &NodeSnapshot| {
        let (took, gave) = (node.records_in, node.records_out);
        (gave < took).then(|| format!("`{}` took {} and gave {gave}", node.id, counted(took, "record")))
    };
    let all: Vec<String> = ancestors(snapshot, node).into_iter().filter_map(thin).collect();
    (!all.is_empty()).then(|| {
        let message = format!("on the way here {}: what does not come here moves no stream time here", all.join(", "));
        Reason::new(Silence::FilteredUpstream, message)
    })
}

fn nothing_read(snapshot: &Snapshot, node: &str) -> Reason {
    let sources = ancestors(snapshot, node).into_iter().filter(|node| node.role == Role::Source);
    let sources: Vec<String> = sources.map(|source| of_source(snapshot, source)).collect();
    let of = if sources.is_empty() { String::new() } else { format!(" from {}", sources.join(", ")) };
    let remedy = "is anything produced there, and does the source start early enough? `start: earliest` reads from the \
                  oldest, and what the group has committed is not read again";
    Reason::new(Silence::NoInput, format!("no record has been read{of}")).remedy(remedy)
}

/// A source, and how far it has read its partitions.
fn of_source(snapshot: &Snapshot, source: &NodeSnapshot) -> String {
    let partitions = snapshot.partitions.iter().filter(|it| it.node == source.id && !it.is_of_another());
    let stands: Vec<String> = partitions
        .map(|partition| {
            let (topic, number) = (&partition.topic, partition.partition);
            match partition.high {
                Some(high) if partition.is_at_end => format!("{topic} {number} is read to its end at {high}"),
                _ => format!("{topic} {number} is not read to its end"),
            }
        })
        .collect();
    match stands.is_empty() {
        true => format!("`{}`", source.id),
        false => format!("`{}` ({})", source.id, stands.join(", ")),
    }
}
