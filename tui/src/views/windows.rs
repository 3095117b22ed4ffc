//! Windows: what fires next, what is stuck? A row for each lane of a node with windows: where stream time stands, how fast
//! it moves, what it is short of.

use serde_json::Value;
use tidegate_core::snapshot::{NodeSnapshot, StateRow, StateSnapshot, TapRow};
use tidegate_core::window::{ClosedBy, Emit, LaneReport, NextReport};

use super::table::{Cell, Column, Row, Table};
use crate::commands::View;
use crate::model::Model;
use crate::model::place::{Sheet, TextSheet};
use crate::numbers::{self, ABSENT, UNKNOWN};
use crate::pen::{Pen, cut, parts_that_fit};
use crate::theme::Tone;

/// Cells of the bar.
const BAR: usize = 12;
/// Without a record for so long, a lane that does not move is stuck.
const STUCK_MS: i64 = 5_000;

fn subject(model: &Model) -> Option<&NodeSnapshot> {
    let id = model.subject(View::Windows)?;
    model.shown().node(&id)
}

/// The lane of a row.
pub(crate) fn lane_of_row(row: &str) -> Option<u32> {
    row.parse().ok()
}

/// The table.
pub(crate) fn table(model: &Model) -> Table {
    let columns = vec![
        Column::right("LANE", 4),
        Column::right("STREAM TIME", 11),
        Column::right("BEHIND", 6),
        Column::right("SPEED", 5).gives_up(7),
        Column::right("OPEN", 5),
        Column::left(" NEXT TO FIRE", 15).gives_up(5),
        Column::left(" SIZE + GRACE", BAR + 1).gives_up(6),
        Column::right("IN", 8),
    ];
    let Some(node) = subject(model) else { return Table::default() };
    let rows = node.windows.iter().map(|(lane, report)| row(model, node, *lane, report));
    Table { columns, rows: rows.collect() }
}

fn row(model: &Model, node: &NodeSnapshot, lane: u32, report: &LaneReport) -> Row {
    let now = model.shown().now.at_ms;
    let speed = node.stream_speeds.get(&lane).copied();
    let behind = report.stream_time.map(|time| now - time);
    let due = due(report, speed, now);
    let is_stuck = due == Due::Stuck;
    Row {
        key: lane.to_string(),
        is_bad: is_stuck,
        cells: vec![
            Cell::new(lane.to_string()).value(lane.into()),
            Cell::new(report.stream_time.map_or(ABSENT.into(), |ms| numbers::clock_tenths(ms, model.offset_s)))
                .value(report.stream_time.unwrap_or(i64::MIN) as f64),
            Cell::new(behind.map_or(ABSENT.into(), numbers::age)).value(behind.unwrap_or_default() as f64),
            Cell::new(speed.map_or(UNKNOWN.into(), speed_text)).value(speed.unwrap_or(f64::NAN)),
            Cell::new(numbers::count(report.open as u64)).value(report.open as f64),
            Cell::new(format!(" {}", next(model, report))),
            Cell::new(format!(" {}", bar(report))).tone(if is_stuck { Tone::Dim } else { Tone::Text }),
            due.cell(),
        ],
        ..Row::default()
    }
}

fn speed_text(speed: f64) -> String {
    match speed {
        none if none <= 0.0 => "0".into(),
        usual if usual < 99.95 => format!("{usual:.2}"),
        fast => numbers::rate(fast),
    }
}

fn next(model: &Model, report: &LaneReport) -> String {
    match (report.next, report.closed_by, &report.fullest) {
        (Some(next), ..) => numbers::clock_range(next.start, next.end, model.offset_s),
        (None, ClosedBy::Records, Some(full)) => format!("{} more of {}", full.missing, full.key),
        _ => ABSENT.into(),
    }
}

/// How much of the next window stream time has covered: its length, and its grace.
fn bar(report: &LaneReport) -> String {
    let (Some(NextReport { start, grace_from, closes_at, .. }), Some(time)) = (report.next, report.stream_time) else {
        return String::new();
    };
    let all = closes_at.saturating_sub(start).max(1) as f64;
    let part = |ms: i64| ((ms as f64 / all).clamp(0.0, 1.0) * BAR as f64).floor() as usize;
    let covered = part(time.saturating_sub(start));
    let of_window = covered.min(part(grace_from.saturating_sub(start)));
    format!("{}{}{}", "■".repeat(of_window), "□".repeat(covered - of_window), "·".repeat(BAR - covered))
}

/// When a lane's next window fires.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Due {
    Nothing,
    AtOnce,
    In(i64),
    Stuck,
    Unknown,
}

fn due(report: &LaneReport, speed: Option<f64>, now_ms: i64) -> Due {
    let (Some(next), Some(time)) = (report.next, report.stream_time) else { return Due::Nothing };
    if report.emit == Emit::OnUpdate {
        return Due::AtOnce;
    }
    let short = next.closes_at.saturating_sub(time);
    let is_idle = report.last_record_ms.is_some_and(|last| now_ms - last >= STUCK_MS) && report.idle.is_none();
    match speed {
        _ if report.has_ended || is_idle => Due::Stuck,
        Some(speed) if speed > 0.0 => Due::In((short as f64 / speed) as i64),
        _ => Due::Unknown,
    }
}

impl Due {
    fn cell(self) -> Cell {
        match self {
            Due::Nothing => Cell::new(ABSENT),
            Due::AtOnce => Cell::new("at once").tone(Tone::Dim),
            Due::In(ms) => Cell::new(numbers::span_down(ms)).value(ms as f64),
            Due::Stuck => Cell::new("! stuck").tone(Tone::Bad).value(f64::INFINITY),
            Due::Unknown => Cell::new(UNKNOWN).value(f64::NAN),
        }
    }
}

/// The line above: the node, its settings, what is open.
pub(crate) fn head(model: &Model, pen: &mut Pen<'_>) -> usize {
    let Some(node) = subject(model) else {
        let text = match model.shown().has_figures() {
            true => "No node of this run has windows.",
            false => "Windows are shown while the pipeline runs.",
        };
        pen.text(1, 0, Tone::Text, text);
        return 2;
    };
    let drawn = model.drawing.pipeline.node(&node.id);
    let mut settings = vec![drawn.map_or_else(String::new, |drawn| drawn.operator.clone())];
    let texts = drawn
        .into_iter()
        .flat_map(|drawn| &drawn.config)
        .filter_map(|(name, value)| Some(format!("{name} {}", value.as_str()?)));
    settings.extend(texts.take(3));
    let open: usize = node.windows.values().map(|lane| lane.open).sum();
    let late = if node.late > 0 { numbers::rate_with_unit(node.rates.late) } else { "0".into() };
    let x = pen.text(1, 0, Tone::Bold, &node.id);
    let figures = format!("   {} open   late {late}", numbers::count(open as u64));
    let room = pen.width().saturating_sub(x + 4 + figures.len());
    pen.text(x + 3, 0, Tone::Text, &(parts_that_fit(settings, room) + &figures));
    if pen.height() >= 12 { 2 } else { 1 }
}

/// The results that came last, where they are looked at.
pub(crate) fn results(model: &Model, pen: &mut Pen<'_>) {
    let Some(node) = subject(model) else { return };
    let is_of_node = |edge: &str| edge.split('.').next() == Some(node.id.as_str());
    let rows: Vec<_> =
        model.tapped.edges.iter().filter(|tap| is_of_node(&tap.edge)).flat_map(|tap| &tap.rows).collect();
    let rate = numbers::rate_with_unit(node.rates.records_out);
    pen.text(1, 0, Tone::Dim, "FIRED     KEY     WINDOW          VALUE");
    pen.right(pen.width() - 2, 0, Tone::Text, &rate);
    if rows.is_empty() {
        let text = model.tapped.silence.as_deref().unwrap_or("nothing has fired since this view was opened");
        pen.text(1, 1, Tone::Dim, &cut(text, pen.width().saturating_sub(2)));
    }
    let room = pen.height().saturating_sub(1);
    for (y, row) in rows.iter().skip(rows.len().saturating_sub(room)).enumerate() {
        let window = row.window.map_or(ABSENT.into(), |(start, end)| numbers::clock_range(start, end, model.offset_s));
        pen.text(1, y + 1, Tone::Text, &numbers::clock(row.at_ms, model.offset_s));
        pen.text(11, y + 1, Tone::Text, &cut(&super::tap::plain(&row.key), 7));
        pen.text(19, y + 1, Tone::Text, &window);
        let value = super::tap::columns_of(&without_bounds(row));
        pen.text(35, y + 1, Tone::Text, &cut(&value, pen.width().saturating_sub(36)));
    }
}

/// Windows and keys of a lane, to be read to their end.
pub(crate) fn keys(model: &Model, found: &StateSnapshot, lane: u32) -> Sheet {
    let rows: Vec<_> = found.rows.iter().filter(|row| row.lane == lane).collect();
    let line = |row: &&StateRow| {
        let window = row.window.map_or(ABSENT.into(), |(start, end)| numbers::clock_range(start, end, model.offset_s));
        format!("{:<16} {window:<16} {}", cut(&super::tap::plain(&row.key), 16), super::tap::columns_of(&row.value))
    };
    let mut lines = vec![format!("{:<16} {:<16} VALUE", "KEY", "WINDOW")];
    lines.extend(rows.iter().map(line));
    if found.has_more {
        lines.push(format!("… {} are kept on all lanes", numbers::count(found.keys)));
    }
    let title = format!("windows › {} › lane {lane} › {} kept", found.node, rows.len());
    Sheet::Text(TextSheet { title, lines, ..TextSheet::default() })
}

/// A result's value without the bounds of its window, which stand beside it.
fn without_bounds(row: &TapRow) -> Value {
    let (Value::Object(fields), Some((start, end))) = (&row.value, row.window) else { return row.value.clone() };
    let is_bound = |value: &Value| value.as_i64().is_some_and(|ms| ms == start || ms == end);
    Value::Object(
        fields.iter().filter(|(_, value)| !is_bound(value)).map(|(name, it)| (name.clone(), it.clone())).collect(),
    )
}

/// One sentence on the selected lane.
pub(crate) fn sentence(model: &Model) -> String {
    let Some(node) = subject(model) else { return String::new() };
    let chosen = model.place.lists[3].chosen.as_deref().and_then(lane_of_row);
    let Some((lane, report)) = chosen.and_then(|lane| Some((lane, node.windows.get(&lane)?))) else {
        return format!("{} lanes of {}; w says why one gives nothing.", node.windows.len(), node.id);
    };
    let now = model.shown().now.at_ms;
    let open = report.open;
    match due(report, node.stream_speeds.get(&lane).copied(), now) {
        Due::Stuck => {
            let idle = report.last_record_ms.map_or(String::new(), |last| numbers::age(now - last));
            format!("Lane {lane}: no record for {idle}, so {open} windows stay open. w says what would help.")
        }
        Due::In(ms) => format!("Lane {lane}: the next of {open} windows fires in {}.", numbers::span_up(ms)),
        Due::AtOnce => format!("Lane {lane}: gives a result with each record; {open} windows are open."),
        Due::Unknown => format!("Lane {lane}: {open} windows are open, and stream time does not move. w says why."),
        Due::Nothing => format!("Lane {lane}: no window is open."),
    }
}
