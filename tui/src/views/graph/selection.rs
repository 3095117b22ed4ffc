//! What the graph says of the selected node or wire: a strip below, a panel beside, a sentence.

use tidegate_core::operators::Role;
use tidegate_core::snapshot::{Bottleneck, HeldBy, NodeSnapshot};

use crate::model::Model;
use crate::model::history::Of;
use crate::model::place::Chosen;
use crate::model::run::{Link, load, worst};
use crate::numbers;
use crate::pen::{Pen, cut, parts_that_fit, spark, width};
use crate::theme::Tone;

/// Lines below the graph.
pub(super) fn strip(model: &Model, pen: &mut Pen<'_>) {
    let lines = match &model.place.graph.chosen {
        Some(Chosen::Node(id)) => node_lines(model, id, pen.width()),
        Some(Chosen::Edge(id)) => edge_lines(model, id, pen.width()),
        None => Vec::new(),
    };
    let start = usize::from(pen.height() > 3);
    let room = pen.width().saturating_sub(2);
    for (y, (label, text)) in lines.iter().enumerate().take(pen.height() - start) {
        let y = y + start;
        let tone = if y == start { Tone::Bold } else { Tone::Dim };
        let x = pen.text(1, y, tone, &crate::pen::cut_middle(label, 19));
        let x = x.max(if y == start { x + 2 } else { 9 });
        pen.text(x, y, Tone::Text, &cut(text, (room + 1).saturating_sub(x)));
    }
    log(model, pen, start + lines.len() + 1);
}

/// Where there is room below, what happened last.
fn log(model: &Model, pen: &mut Pen<'_>, from: usize) {
    let room = pen.height().saturating_sub(from);
    let log = &model.shown().now.log;
    for (y, entry) in log.iter().skip(log.len().saturating_sub(room)).enumerate() {
        crate::views::log::line(model, entry, &mut pen.lines(from + y, 1), false);
    }
}

/// A label and a text, line by line.
type Lines = Vec<(String, String)>;

fn node_lines(model: &Model, id: &str, columns: usize) -> Lines {
    let run = model.shown();
    let Some(node) = run.node(id) else {
        let operator = model.drawing.pipeline.node(id).map_or("", |node| node.operator.as_str());
        let summary = model.drawing.operator(id).map_or("", |operator| operator.summary);
        return vec![(id.into(), format!("{operator}, not in the run")), ("is".into(), summary.into())];
    };
    let lost = run.partitions(id).map(|partition| partition.lost).sum();
    let mut lines = vec![(id.to_string(), figures(node, lost, columns.saturating_sub(width(id).min(19) + 4)))];
    let samples = columns.saturating_sub(32).clamp(12, 60);
    let window = model.place.minutes;
    let is_pressed = run.worst(id).is_some_and(|it| it.back_pressured > it.busy);
    let (label, of) = match is_pressed {
        true => ("b-p", Of::Pressed(id.into())),
        false => ("busy", Of::Busy(id.into())),
    };
    if run.task_of(id).is_some() && !model.look.is_thrifty {
        let values = run.history.values(&of, run.now.at_ms, window.ms(), samples);
        lines.push((label.into(), format!("{}   {}, worst lane", spark(&values, Some(1000.0), 7), window.words())));
    }
    lines.push(fact(model, node));
    lines
}

/// Rates and counts, as many as fit; `lost` of a source are those that were deleted before it read them.
fn figures(node: &NodeSnapshot, lost: u64, cells: usize) -> String {
    let rates = node.rates;
    let mut parts = Vec::new();
    if node.role != Role::Source {
        parts.push(format!("in {}", numbers::rate(rates.records_in)));
    }
    if node.role != Role::Sink {
        parts.push(format!("out {}", numbers::rate(rates.records_out)));
    }
    parts.push(format!("errors {}", numbers::count(node.errors)));
    if lost > 0 {
        parts.push(format!("LOST {}", numbers::count(lost)));
    }
    if node.late > 0 {
        parts.push(format!("late {}", numbers::rate_with_unit(rates.late)));
    }
    if !node.drops.is_empty() {
        parts.push(format!("drop {}", numbers::rate_with_unit(rates.drops)));
    }
    if let Some(latency) = node.latency {
        parts.push(format!("p99 {}", numbers::latency(latency.p99_us)));
        parts.push(format!("p50 {}", numbers::latency(latency.p50_us)));
    }
    parts_that_fit(parts, cells)
}

/// The one more thing worth a line: a fault, what is behind, drops by reason, open windows, what it is.
fn fact(model: &Model, node: &NodeSnapshot) -> (String, String) {
    let run = model.shown();
    if let Some(fault) = &node.last_fault {
        return ("fault".into(), format!("{} (restarts {})", fault.message, node.restarts));
    }
    if let Some(failed) = node.failures.last() {
        let place = &failed.record;
        return (
            "failed".into(),
            format!("{}-{} offset {}: {}", place.topic, place.partition, place.offset, failed.reason),
        );
    }
    if let Some(partition) = run.partitions(&node.id).max_by_key(|partition| partition.verdict) {
        let text = format!("{}-{} {}", partition.topic, partition.partition, partition.rule);
        return ("behind".into(), text.trim().into());
    }
    if !node.drops.is_empty() {
        let drops = node.drops.iter().map(|(reason, count)| format!("{reason} {}", numbers::count(*count)));
        return ("drops".into(), drops.collect::<Vec<_>>().join(", "));
    }
    if !node.windows.is_empty() {
        let open: usize = node.windows.values().map(|lane| lane.open).sum();
        let results: u64 = node.windows.values().map(|lane| lane.results).sum();
        return (
            "windows".into(),
            format!("{} open, {} results", numbers::count(open as u64), numbers::count(results)),
        );
    }
    let summary = model.drawing.operator(&node.id).map_or("", |operator| operator.summary);
    let operator = model.drawing.pipeline.node(&node.id).map_or("", |node| node.operator.as_str());
    ("is".into(), format!("{operator}: {summary}"))
}

fn edge_lines(model: &Model, id: &str, columns: usize) -> Lines {
    let run = model.shown();
    let Some(edge) = run.edge(id) else {
        return vec![(id.replace("->", " → "), "not in the run".into())];
    };
    let mut lines = vec![(id.replace("->", " → "), numbers::rate_with_unit(edge.records))];
    let travels = match &edge.through {
        Some(through) => format!("through topic {}, {} behind", through.topic, numbers::count_or_unknown(through.lag)),
        None if edge.is_fused => "fused: both ends run in one task, nothing waits here".into(),
        None => format!(
            "direct, {} of {} records wait, fullest lane {}",
            numbers::count(edge.depth as u64),
            numbers::count(edge.capacity as u64),
            numbers::percent(edge.fill)
        ),
    };
    if !edge.is_fused && !model.look.is_thrifty {
        let samples = columns.saturating_sub(32).clamp(12, 60);
        let window = model.place.minutes;
        let values = run.history.values(&Of::Fill(id.into()), run.now.at_ms, window.ms(), samples);
        lines.push(("fill".into(), format!("{}   {}, fullest lane", spark(&values, Some(1.0), 7), window.words())));
    }
    lines.push(("travels".into(), travels));
    lines
}

/// The selection at the right of the graph, name by name.
pub(super) fn panel(model: &Model, pen: &mut Pen<'_>) {
    for y in 0..pen.height() {
        pen.text(0, y, Tone::Dim, "│");
    }
    let Some(Chosen::Node(id)) = &model.place.graph.chosen else { return };
    let run = model.shown();
    let mut rows: Vec<(String, String)> = Vec::new();
    let operator = model.drawing.pipeline.node(id).map_or_else(String::new, |node| node.operator.clone());
    rows.push(("operator".into(), operator));
    if let Some(node) = run.node(id) {
        rows.push(Default::default());
        rows.push(("in".into(), numbers::rate_with_unit(node.rates.records_in)));
        rows.push(("out".into(), numbers::rate_with_unit(node.rates.records_out)));
        rows.push(("errors".into(), numbers::count(node.errors)));
        rows.push(("late".into(), numbers::count(node.late)));
        rows.extend(node.drops.iter().map(|(reason, count)| (reason.clone(), numbers::count(*count))));
        if let Some(pressure) = run.worst(id) {
            rows.push(Default::default());
            rows.push(("busy".into(), format!("{} ms", numbers::ms_of_second(pressure.busy))));
            rows.push(("b-p".into(), format!("{} ms", numbers::ms_of_second(pressure.back_pressured))));
            rows.push(("idle".into(), format!("{} ms", numbers::ms_of_second(pressure.idle))));
        }
        if let Some(latency) = node.latency {
            rows.push(Default::default());
            rows.push(("p50".into(), numbers::latency(latency.p50_us)));
            rows.push(("p99".into(), numbers::latency(latency.p99_us)));
        }
    }
    pen.text(3, 1, Tone::Bold, &crate::pen::cut_middle(id, pen.width().saturating_sub(4)));
    for (y, (label, text)) in rows.iter().enumerate() {
        pen.text(3, y + 2, Tone::Dim, &cut(label, 10));
        let x = 3 + width(&cut(label, 10)).max(8) + 1;
        pen.text(x, y + 2, Tone::Text, &cut(text, pen.width().saturating_sub(x)));
    }
}

/// One sentence: what the selection means.
pub(crate) fn sentence(model: &Model) -> String {
    let run = model.shown();
    match (&run.link, &model.place.graph.chosen) {
        (Link::Over { how }, _) if model.rights.owns_run => format!("{how} r starts it again."),
        (Link::Over { how }, _) => how.clone(),
        (_, Some(Chosen::Node(id))) => node_sentence(model, id),
        (_, Some(Chosen::Edge(id))) => edge_sentence(model, id),
        (Link::Nothing, None) => "Nothing is drawn yet.".into(),
        _ => String::new(),
    }
}

pub(crate) fn node_sentence(model: &Model, id: &str) -> String {
    let run = model.shown();
    let Some(node) = run.node(id) else {
        return match run.link {
            Link::Nothing => match model.drawing.errors().count() {
                0 => format!("{id} does not run; r runs the drawing."),
                1 => "1 error keeps the drawing from running; ! shows it.".into(),
                errors => format!("{errors} errors keep the drawing from running; ! shows them."),
            },
            _ => format!("{id} is not in the run; r runs the drawing."),
        };
    };
    if let Some(bottleneck) = run.now.bottleneck.as_ref().filter(|it| it.node == id) {
        return bottleneck_sentence(model, bottleneck);
    }
    let Some(task) = run.task_of(id) else { return format!("{id} is itself a queue.") };
    let (word, share) = load(worst(task));
    match word {
        "b-p" => match run.now.bottleneck.as_ref() {
            Some(bottleneck) => {
                format!(
                    "{id} waits {} of the time: {} behind it takes no more.",
                    numbers::percent(share),
                    bottleneck.node
                )
            }
            None => format!("{id} waits {} of the time for what is behind it.", numbers::percent(share)),
        },
        "busy" => {
            format!("{id} is busy {} of the time on its worst lane, and held up by nothing.", numbers::percent(share))
        }
        _ if node.records_in + node.records_out == 0 => format!("Nothing has come to {id} yet; w says why."),
        _ => format!("{id} keeps up: idle {} of the time on its worst lane.", numbers::percent(share)),
    }
}

pub(crate) fn bottleneck_sentence(model: &Model, bottleneck: &Bottleneck) -> String {
    let run = model.shown();
    let node = &bottleneck.node;
    let since = numbers::clock(bottleneck.since_ms, model.offset_s);
    match bottleneck.by {
        HeldBy::Throttle => format!("{node} holds back what is before it, as it was drawn: a throttle, since {since}."),
        HeldBy::Outside => format!("{node} waits for what it writes to, and holds back all before it since {since}."),
        HeldBy::Work => {
            let task = run.now.tasks.get(bottleneck.task);
            let lanes = task.map_or(0, |task| task.lanes.len());
            let busy = task.map_or(0, |task| task.lanes.iter().filter(|lane| lane.fill >= numbers::FULL).count());
            let share = task.map_or(0.0, |task| worst(task).busy / 1000.0);
            let share = numbers::percent(share);
            match lanes {
                0 | 1 => format!("{node} holds back everything before it: {share} busy, input full, since {since}."),
                _ => format!(
                    "{node} holds back everything before it: {share} busy on {busy} of {lanes} lanes, input full."
                ),
            }
        }
    }
}

fn edge_sentence(model: &Model, id: &str) -> String {
    let Some(edge) = model.shown().edge(id) else { return format!("{id} is not in the run; r runs the drawing.") };
    let ends = id.replace("->", " to ");
    match edge.fill {
        full if full >= numbers::FULL => format!("{ends} is full: what writes it waits."),
        _ if edge.is_fused => format!("{ends} is fused: nothing waits on it."),
        _ => format!("{ends} has room: {} full on its fullest lane.", numbers::percent(edge.fill)),
    }
}
