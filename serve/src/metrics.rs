//! A snapshot as Prometheus reads it. What is not known is left out, never 0.

use std::fmt::Write;

use tidegate_core::snapshot::{EdgeSnapshot, LaneSnapshot, NodeSnapshot, PartitionSnapshot, Snapshot, TaskSnapshot};

/// The type of the text.
pub(crate) const CONTENT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The text of a snapshot.
pub(crate) fn text(snapshot: &Snapshot) -> String {
    let mut page = Page { text: String::new(), pipeline: escaped(&snapshot.run.application_id) };
    page.family("run_restarts_total", "counter", "How often the run has started again as a whole.");
    page.sample("run_restarts_total", &[], f64::from(snapshot.run.restarts));
    page.family("run_lost_records_total", "counter", "Records that retention deleted before they were read.");
    page.sample("run_lost_records_total", &[], snapshot.lost as f64);
    nodes(&mut page, &snapshot.nodes);
    edges(&mut page, &snapshot.edges);
    tasks(&mut page, &snapshot.tasks);
    partitions(&mut page, &snapshot.partitions);
    page.text
}

struct Page {
    text: String,
    pipeline: String,
}

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a text does not fail.
        let _ = writeln!(self.text, "# HELP tidegate_{name} {help}\n# TYPE tidegate_{name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let _ = write!(self.text, "tidegate_{name}{{pipeline=\"{}\"", self.pipeline);
        for (label, value) in labels {
            let _ = write!(self.text, ",{label}=\"{}\"", escaped(value));
        }
        let _ = writeln!(self.text, "}} {value}");
    }
}

/// A label's value.
fn escaped(text: &str) -> String {
    text.replace('\\', r"\\").replace('"', "\\\"").replace('\n', r"\n")
}

type Count = (&'static str, &'static str, fn(&NodeSnapshot) -> u64);

fn nodes(page: &mut Page, nodes: &[NodeSnapshot]) {
    let counts: [Count; 5] = [
        ("node_records_in_total", "Records that came in, or were read.", |node| node.records_in),
        ("node_records_out_total", "Records that went out, errors not among them.", |node| node.records_out),
        ("node_errors_total", "Records that failed.", |node| node.errors),
        ("node_late_total", "Windows that records came too late for.", |node| node.late),
        ("node_restarts_total", "How often it failed and started again alone.", |node| node.restarts),
    ];
    for (name, help, of) in counts {
        page.family(name, "counter", help);
        nodes.iter().for_each(|node| page.sample(name, &[("node", &node.id)], of(node) as f64));
    }
    page.family("node_drops_total", "counter", "Records left out on purpose.");
    for node in nodes {
        for (reason, count) in &node.drops {
            page.sample("node_drops_total", &[("node", &node.id), ("reason", reason)], *count as f64);
        }
    }
    page.family("node_record_seconds", "summary", "Time that a record takes in the node, over the last seconds.");
    for node in nodes {
        let quantiles = node.latency.map(|latency| [("0.5", latency.p50_us), ("0.99", latency.p99_us)]);
        for (quantile, us) in quantiles.into_iter().flatten() {
            page.sample("node_record_seconds", &[("node", &node.id), ("quantile", quantile)], us / 1e6);
        }
    }
    page.family("window_open", "gauge", "Windows that are open, each key's counted apart.");
    lanes(page, nodes, "window_open", |report| Some(report.open as f64));
    page.family("window_stream_time_seconds", "gauge", "Stream time of a lane.");
    lanes(page, nodes, "window_stream_time_seconds", |report| Some(report.stream_time? as f64 / 1000.0));
}

fn lanes(
    page: &mut Page,
    nodes: &[NodeSnapshot],
    name: &str,
    of: fn(&tidegate_core::window::LaneReport) -> Option<f64>,
) {
    for node in nodes {
        for (lane, report) in &node.windows {
            if let Some(value) = of(report) {
                page.sample(name, &[("node", &node.id), ("lane", &lane.to_string())], value);
            }
        }
    }
}

fn edges(page: &mut Page, edges: &[EdgeSnapshot]) {
    let cut = || edges.iter().filter(|edge| !edge.is_fused && edge.capacity > 0);
    page.family("edge_depth_records", "gauge", "Records that wait on an edge.");
    cut().for_each(|edge| page.sample("edge_depth_records", &[("edge", &edge.id)], edge.depth as f64));
    page.family("edge_fill_ratio", "gauge", "How full the fullest lane of an edge is, of records or bytes.");
    cut().for_each(|edge| page.sample("edge_fill_ratio", &[("edge", &edge.id)], edge.fill));
}

fn tasks(page: &mut Page, tasks: &[TaskSnapshot]) {
    page.family("task_time_ratio", "gauge", "Where the time of a task goes on a lane, over the last 2 seconds.");
    for (number, task) in tasks.iter().enumerate() {
        let name = if task.nodes.is_empty() { format!("#{number}") } else { task.nodes.join("+") };
        for LaneSnapshot { lane, pressure, .. } in &task.lanes {
            let lane = lane.to_string();
            for (doing, ms) in
                [("busy", pressure.busy), ("idle", pressure.idle), ("back-pressured", pressure.back_pressured)]
            {
                page.sample("task_time_ratio", &[("task", &name), ("lane", &lane), ("doing", doing)], ms / 1000.0);
            }
        }
    }
}

type Figure = (&'static str, &'static str, fn(&PartitionSnapshot) -> Option<f64>);

fn partitions(page: &mut Page, partitions: &[PartitionSnapshot]) {
    // Each process tells of its own, so that a sum over all of them is one.
    let partitions: Vec<&PartitionSnapshot> = partitions.iter().filter(|it| !it.is_of_another()).collect();
    let figures: [Figure; 6] = [
        ("partition_lag_records", "Records behind what is done.", |it| Some(it.lag? as f64)),
        ("partition_lag_seconds", "Age of the oldest record that is not done.", |it| Some(it.age_ms? as f64 / 1000.0)),
        ("partition_low_offset", "Offset of the oldest record.", |it| Some(it.low? as f64)),
        ("partition_high_offset", "Offset behind the newest record.", |it| Some(it.high? as f64)),
        ("partition_committed_offset", "What the group has committed.", |it| Some(it.committed? as f64)),
        ("partition_safe_offset", "The offset up to which all is done.", |it| (it.safe >= 0).then_some(it.safe as f64)),
    ];
    let labels = |it: &PartitionSnapshot| [it.node.clone(), it.topic.clone(), it.partition.to_string()];
    let sample = |page: &mut Page, name: &str, it: &PartitionSnapshot, more: &[(&str, &str)], value: f64| {
        let [node, topic, partition] = labels(it);
        let mut all = vec![("node", node.as_str()), ("topic", topic.as_str()), ("partition", partition.as_str())];
        all.extend_from_slice(more);
        page.sample(name, &all, value);
    };
    for (name, help, of) in figures {
        page.family(name, "gauge", help);
        partitions.iter().for_each(|it| of(it).into_iter().for_each(|value| sample(page, name, it, &[], value)));
    }
    page.family("partition_verdict", "gauge", "1 for the verdict that holds.");
    partitions.iter().for_each(|it| sample(page, "partition_verdict", it, &[("verdict", it.verdict.word())], 1.0));
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tidegate_core::snapshot::Verdict;

    use super::*;

    #[test]
    fn the_text_is_what_prometheus_reads() {
        let node = NodeSnapshot {
            id: "a".into(),
            records_in: 5,
            drops: BTreeMap::from([("not \"due\"".into(), 2)]),
            ..NodeSnapshot::default()
        };
        let known = PartitionSnapshot {
            node: "a".into(),
            topic: "t".into(),
            lag: Some(3),
            verdict: Verdict::Ok,
            ..PartitionSnapshot::default()
        };
        let unknown = PartitionSnapshot { partition: 1, lag: None, ..known.clone() };
        let mut snapshot = Snapshot { nodes: vec![node], partitions: vec![known, unknown], ..Snapshot::default() };
        snapshot.run.application_id = "p".into();
        let text = text(&snapshot);
        for line in [
            r#"tidegate_node_records_in_total{pipeline="p",node="a"} 5"#,
            r#"tidegate_node_drops_total{pipeline="p",node="a",reason="not \"due\""} 2"#,
            r#"tidegate_partition_lag_records{pipeline="p",node="a",topic="t",partition="0"} 3"#,
            r#"tidegate_partition_verdict{pipeline="p",node="a",topic="t",partition="0",verdict="ok"} 1"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert!(!text.contains(r#"lag_records{pipeline="p",node="a",topic="t",partition="1""#), "unknown is not 0");
        let mut families = std::collections::BTreeSet::new();
        for line in text.lines() {
            let is_new = line.strip_prefix("# TYPE ").is_none_or(|family| families.insert(family.to_string()));
            assert!(is_new, "a family is told twice: {line}");
            let sample =
                line.starts_with('#') || line.rsplit_once(' ').is_some_and(|(_, it)| it.parse::<f64>().is_ok());
            assert!(sample, "{line}");
        }
    }
}
