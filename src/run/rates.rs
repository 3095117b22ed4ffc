//! A line per node: what goes through now and so far, where the time goes, lag.

use tidegate_core::operators::Role;
use tidegate_core::snapshot::{NodeSnapshot, Pressure, Snapshot};

use crate::common::style::{Paint, cut};

/// Columns of the node's id.
const NAME: usize = 17;

/// A head and a line per node, 80 columns wide.
pub(super) fn lines(now: &Snapshot) -> Vec<String> {
    let paint = Paint::stderr();
    let head = format!(
        "{:<NAME$}{:>7}{:>7}{:>8}{:>7}{:>7}{:>7}  {}",
        "node", "in/s", "out/s", "count", "errors", "drops", "lag", "pressure"
    );
    let nodes = now.nodes.iter().map(|node| line(node, now, paint));
    [paint.dim(&head)].into_iter().chain(nodes).collect()
}

fn line(node: &NodeSnapshot, now: &Snapshot, paint: Paint) -> String {
    let (goes_in, goes_out) = (in_short(node.rates.records_in), in_short(node.rates.records_out));
    let count = node.records_in.max(node.records_out);
    let drops: u64 = node.drops.values().sum();
    let counted = |count: u64, paint: fn(Paint, &str) -> String, with: Paint| {
        let text = format!("{:>7}", in_short(count as f64));
        if count > 0 { paint(with, &text) } else { text }
    };
    format!(
        "{:<NAME$}{:>7}{:>7}{:>8}{}{}{:>7}  {}",
        cut(&node.id, NAME - 1),
        if node.role == Role::Source { "".into() } else { goes_in },
        if node.role == Role::Sink { "".into() } else { goes_out },
        in_short(count as f64),
        counted(node.errors, Paint::red, paint),
        counted(drops, Paint::yellow, paint),
        lag_of(node, now),
        fill_of(node, now).unwrap_or_else(|| in_words(node.pressure, paint))
    )
}

/// What a node that is a queue holds, and of how many. It has no time of its own.
fn fill_of(node: &NodeSnapshot, now: &Snapshot) -> Option<String> {
    if node.task.is_some() {
        return None;
    }
    let queue = now.edges.iter().find(|edge| edge.capacity > 0 && edge.ends().1 == node.id)?;
    Some(format!("holds {} of {}", in_short(queue.depth as f64), in_short(queue.capacity as f64)))
}

/// Records behind, of all partitions that the node reads; nothing for other nodes.
fn lag_of(node: &NodeSnapshot, now: &Snapshot) -> String {
    let read: Vec<_> = now.partitions.iter().filter(|partition| partition.node == node.id).collect();
    match read.iter().map(|partition| partition.lag).sum::<Option<i64>>() {
        _ if read.is_empty() => String::new(),
        Some(lag) => in_short(lag as f64),
        None => "?".into(),
    }
}

/// What takes most of the time, in percent.
fn in_words(pressure: Pressure, paint: Paint) -> String {
    let text = |word: &str, share: f64| format!("{word} {:.0}%", share / 10.0);
    let Pressure { busy, idle, back_pressured, limited } = pressure;
    if back_pressured >= busy && back_pressured > idle {
        paint.red(&text("back-pressure", back_pressured))
    } else if limited > busy / 2.0 && busy > idle {
        paint.cyan(&text("limited", limited))
    } else if busy > idle {
        paint.yellow(&text("busy", busy))
    } else {
        paint.dim(&text("idle", idle))
    }
}

/// A number in at most six characters: `0`, `999`, `12.3k`, `4.5M`.
pub(super) fn in_short(number: f64) -> String {
    let mut number = number.max(0.0);
    if number < 999.5 {
        return if number > 0.0 && number < 9.95 && number.fract() > 0.05 {
            format!("{number:.1}")
        } else {
            format!("{number:.0}")
        };
    }
    for unit in ["k", "M", "G"] {
        number /= 1000.0;
        if number < 99.95 {
            return format!("{number:.1}{unit}");
        }
        if number < 999.5 {
            return format!("{number:.0}{unit}");
        }
    }
    format!("{:.0}T", number / 1000.0)
}

#[cfg(test)]
mod tests {
    use tidegate_core::snapshot::{EdgeSnapshot, PartitionSnapshot, Rates};

    use super::*;

    #[test]
    fn numbers_are_short() {
        for (number, text) in [
            (0.0, "0"),
            (0.4, "0.4"),
            (7.0, "7"),
            (999.4, "999"),
            (999.6, "1.0k"),
            (12_345.0, "12.3k"),
            (345_678.0, "346k"),
            (4_500_000.0, "4.5M"),
            (7.2e12, "7T"),
        ] {
            assert_eq!(in_short(number), text);
        }
    }

    #[test]
    fn a_line_has_rates_counts_lag_and_where_the_time_goes() {
        let node = NodeSnapshot {
            id: "trades".into(),
            role: Role::Flow,
            task: Some(0),
            records_in: 4000,
            records_out: 2000,
            errors: 4,
            rates: Rates { records_in: 4000.0, records_out: 2000.0, ..Rates::default() },
            pressure: Pressure { back_pressured: 1000.0, ..Pressure::default() },
            ..NodeSnapshot::default()
        };
        let partition = PartitionSnapshot { node: "trades".into(), lag: Some(42), ..PartitionSnapshot::default() };
        let lines = lines(&Snapshot { nodes: vec![node], partitions: vec![partition], ..Snapshot::default() });
        assert_eq!(lines[0], "node                in/s  out/s   count errors  drops    lag  pressure");
        assert_eq!(lines[1], "trades              4.0k   2.0k    4.0k      4      0     42  back-pressure 100%");
    }

    #[test]
    fn a_queue_shows_what_it_holds() {
        let edge = EdgeSnapshot { id: "a.out->line.in".into(), depth: 3, capacity: 4, ..EdgeSnapshot::default() };
        let snapshot = Snapshot { edges: vec![edge], ..Snapshot::default() };
        let node = |id: &str| NodeSnapshot { id: id.into(), ..NodeSnapshot::default() };
        assert_eq!(fill_of(&node("line"), &snapshot), Some("holds 3 of 4".into()));
        assert_eq!(fill_of(&node("lin"), &snapshot), None);
    }
}
