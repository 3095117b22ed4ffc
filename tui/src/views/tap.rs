//! Tap: what did this node do to this record? What came in at the left, what left at the right, row by row, matched by the
//! place that a record was read from.

use std::collections::BTreeSet;

use serde_json::Value;
use tidegate_core::snapshot::{TapRow, TapSnapshot};

use super::table::{Cell, Column, Row, Table};
use crate::commands::View;
use crate::model::Model;
use crate::model::place::TextSheet;
use crate::numbers;
use crate::pen::{Pen, cut, parts_that_fit, wrap};
use crate::theme::Tone;

/// A JSON value as people read it: texts without quotes.
pub(crate) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}

/// An object as names and values.
pub(crate) fn columns_of(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let texts: Vec<String> = fields.iter().map(|(name, value)| format!("{name} {}", plain(value))).collect();
            texts.join("  ")
        }
        Value::Null => "(tombstone)".into(),
        other => plain(other),
    }
}

/// A record's value without the column that is its key, which stands beside it.
fn without_key(row: &TapRow) -> Value {
    match &row.value {
        Value::Object(fields) if fields.len() > 1 => Value::Object(
            fields
                .iter()
                .filter(|(_, value)| **value != row.key)
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        ),
        other => other.clone(),
    }
}

/// The edges that matter for the node: before it, and after it. What leaves by one port is the same on all its edges.
pub(crate) fn edges(model: &Model) -> Vec<String> {
    let Some(node) = model.subject(View::Tap) else { return Vec::new() };
    let mut ports = BTreeSet::new();
    let wires = super::graph::wires_of(model, &node).into_iter();
    wires.filter(|(_, (from, _))| ports.insert(from.to_string())).map(|(edge, _)| edge).collect()
}

fn side(model: &Model, is_before: bool) -> Vec<&TapSnapshot> {
    let Some(node) = model.subject(View::Tap) else { return Vec::new() };
    let ends = super::graph::wires_of(model, &node);
    let is_here = |tap: &&TapSnapshot| {
        ends.get(&tap.edge).is_some_and(|(from, to)| if is_before { to.node == node } else { from.node == node })
    };
    model.tapped.edges.iter().filter(is_here).collect()
}

/// A record, and what became of it.
struct Pair<'a> {
    row: &'a TapRow,
    fate: Fate<'a>,
}

/// What became of a record.
enum Fate<'a> {
    /// it left as it came
    Unchanged,
    /// it left changed
    Changed(&'a TapRow),
    /// it left several times
    Several(usize),
    /// it left by another port than the first
    LeftBy(String),
    /// later ones have left, and it has not
    Kept,
    /// nobody can tell yet
    Unknown,
}

fn place(row: &TapRow) -> (&str, i32, i64) {
    (&row.topic, row.partition, row.offset)
}

fn pairs(model: &Model) -> Vec<Pair<'_>> {
    let (before, after) = (side(model, true), side(model, false));
    // Behind a source there is nothing before: what leaves it stands alone.
    let rows = if before.is_empty() { &after } else { &before };
    let rows = rows.iter().flat_map(|tap| &tap.rows);
    rows.map(|row| Pair { row, fate: fate(row, &before, &after) }).collect()
}

fn fate<'a>(row: &'a TapRow, before: &[&'a TapSnapshot], after: &[&'a TapSnapshot]) -> Fate<'a> {
    if before.is_empty() || after.is_empty() {
        return Fate::Unknown;
    }
    let left = || after.iter().flat_map(|tap| tap.rows.iter().map(move |left| (&tap.edge, left)));
    let same: Vec<_> = left().filter(|(_, left)| place(left) == place(row)).collect();
    match same.as_slice() {
        [] => {
            let of_partition = |left: &TapRow| left.topic == row.topic && left.partition == row.partition;
            let (mut is_older, mut is_newer) = (false, false);
            for (_, left) in left().filter(|(_, left)| of_partition(left)) {
                is_older |= left.offset < row.offset;
                is_newer |= left.offset > row.offset;
            }
            if is_older && is_newer { Fate::Kept } else { Fate::Unknown }
        }
        [(edge, left)] => match edge.split("->").next().and_then(|from| from.split_once('.')) {
            Some((_, port @ ("errors" | "late"))) => Fate::LeftBy(port.to_string()),
            _ if left.value == row.value && left.key == row.key => Fate::Unchanged,
            _ => Fate::Changed(left),
        },
        several => Fate::Several(several.len()),
    }
}

impl Fate<'_> {
    fn cell(&self, row: &TapRow) -> Cell {
        match self {
            Fate::Unchanged => Cell::new("= unchanged").tone(Tone::Dim),
            Fate::Changed(left) => Cell::new(changes(&row.value, &left.value)).tone(Tone::Bold),
            Fate::Several(count) => Cell::new(format!("{count} out")),
            Fate::LeftBy(port) => Cell::new(format!("→ {port}")).tone(Tone::Warn),
            Fate::Kept => Cell::new("– not sent on"),
            Fate::Unknown => Cell::new(""),
        }
    }

    /// What became of it, in words; of what it was changed into, the figures say more.
    fn words(&self) -> String {
        match self {
            Fate::Unchanged => "unchanged".into(),
            Fate::Kept => "not sent on: dropped by intention, or kept in state".into(),
            Fate::LeftBy(port) => format!("left by {port}"),
            Fate::Several(count) => format!("{count} records"),
            Fate::Changed(_) | Fate::Unknown => String::new(),
        }
    }
}

/// What differs, by name.
fn changes(before: &Value, after: &Value) -> String {
    let (Value::Object(before), Value::Object(now)) = (before, after) else { return columns_of(after) };
    let changed = now.iter().filter(|(name, value)| before.get(*name) != Some(value));
    let changed: Vec<String> = changed.map(|(name, value)| format!("{name} {}", plain(value))).collect();
    if changed.is_empty() { "fewer columns".into() } else { changed.join("  ") }
}

/// The key of a record's row.
fn key(row: &TapRow) -> String {
    format!("{} {} {}", row.topic, row.partition, row.offset)
}

/// Whether a wire leads to the node, and whether one leaves it.
fn sides(model: &Model) -> (bool, bool) {
    let Some(node) = model.subject(View::Tap) else { return (false, false) };
    let wires = super::graph::wires_of(model, &node);
    let is_here =
        |is_before: bool| wires.values().any(|(from, to)| if is_before { to.node == node } else { from.node == node });
    (is_here(true), is_here(false))
}

fn has_one_side(model: &Model) -> bool {
    sides(model) != (true, true)
}

/// The table.
pub(crate) fn table(model: &Model) -> Table {
    let mut columns = vec![Column::right("LANE", 4), Column::left(" TIME", 13).gives_up(3), Column::left("KEY", 8)];
    match has_one_side(model) {
        true => columns.push(Column::left("VALUE", 40).grows()),
        false => columns.extend([
            Column::left("BEFORE", 20).grows(),
            Column::left("│", 1),
            Column::left("AFTER", 20).grows(),
        ]),
    }
    let row = |pair: Pair<'_>| Row {
        key: key(pair.row),
        is_bad: matches!(pair.fate, Fate::Kept | Fate::LeftBy(_)),
        cells: vec![
            Cell::new(pair.row.partition.to_string()).value(pair.row.partition.into()),
            Cell::new(format!(" {}", numbers::clock_millis(pair.row.ts, model.offset_s))).value(pair.row.ts as f64),
            Cell::new(plain(&pair.row.key)),
            Cell::new(columns_of(&without_key(pair.row))),
            Cell::new("│").tone(Tone::Dim),
            pair.fate.cell(pair.row),
        ],
        ..Row::default()
    };
    Table { columns, rows: pairs(model).into_iter().map(row).collect() }
}

/// The line above: the node, and how much of what passes is shown.
pub(crate) fn head(model: &Model, pen: &mut Pen<'_>) -> usize {
    let Some(node) = model.subject(View::Tap) else {
        pen.text(1, 0, Tone::Text, "There is nothing to tap: the pipeline has no nodes.");
        return 2;
    };
    let x = pen.text(1, 0, Tone::Bold, &node);
    if let Some(why) = &model.tapped.silence {
        for (y, line) in wrap(why, pen.width().saturating_sub(2)).iter().enumerate() {
            pen.text(1, y + 2, Tone::Text, line);
        }
        return pen.height();
    }
    let rate = |is_before: bool| {
        let node = model.shown().node(&node)?;
        Some(numbers::rate_with_unit(if is_before { node.rates.records_in } else { node.rates.records_out }))
    };
    let seen: u64 = side(model, true).iter().chain(&side(model, false)).map(|tap| tap.seen).sum();
    let kept: usize = side(model, true).iter().chain(&side(model, false)).map(|tap| tap.rows.len()).sum();
    let rates = match sides(model) {
        (false, _) => format!("gives {}", rate(false).unwrap_or_else(|| "–".into())),
        (true, false) => format!("takes {}", rate(true).unwrap_or_else(|| "–".into())),
        (true, true) => {
            let [before, after] = [true, false].map(|is_before| rate(is_before).unwrap_or_else(|| "–".into()));
            format!("before {before}, after {after}")
        }
    };
    let seen = format!("{} of {} seen", numbers::count(kept as u64), numbers::count(seen));
    pen.text(x + 3, 0, Tone::Text, &parts_that_fit([rates, seen], pen.width().saturating_sub(x + 4)));
    2
}

fn chosen(model: &Model) -> Option<Pair<'_>> {
    let chosen = model.place.lists[4].chosen.as_ref()?;
    pairs(model).into_iter().find(|pair| key(pair.row) == *chosen)
}

/// The selected record, whole, and what became of it.
pub(crate) fn opened(model: &Model) -> Option<TextSheet> {
    let Pair { row, fate } = chosen(model)?;
    let after = match fate {
        Fate::Changed(left) => Some(left.value.clone()),
        Fate::Unknown => None,
        told => Some(told.words().into()),
    };
    Some(super::record::sheet(model, "tap", row, after.map(|after| ("after", after))))
}

/// Below the table: the whole of the selected record.
pub(crate) fn foot(model: &Model, pen: &mut Pen<'_>) {
    let Some(Pair { row, fate }) = chosen(model) else { return };
    let place = format!("{} offset {}", super::record::place(row), numbers::exact(row.offset));
    let head = format!("RECORD  {place}, key {}, {}", plain(&row.key), numbers::several(row.headers.len(), "header"));
    let room = pen.width().saturating_sub(11);
    pen.text(1, 0, Tone::Bold, &cut(&head, room + 9));
    let after = match fate {
        Fate::Changed(left) => left.value.to_string(),
        told => told.words(),
    };
    let lines = match has_one_side(model) {
        true => vec![("value", row.value.to_string())],
        false => vec![("before", row.value.to_string()), ("after", after)],
    };
    for (y, (label, text)) in lines.iter().enumerate() {
        pen.text(1, y + 1, Tone::Dim, label);
        pen.text(10, y + 1, Tone::Text, &cut(text, room));
    }
}

/// One sentence.
pub(crate) fn sentence(model: &Model) -> String {
    if model.tapped.silence.is_some() {
        return "Taps show records of a run.".into();
    }
    let pairs = pairs(model);
    let kept = pairs.iter().filter(|pair| matches!(pair.fate, Fate::Kept)).count();
    match pairs.len() {
        1.. if has_one_side(model) => "Records as they pass, the newest last; space holds the screen still.".into(),
        0 => "No record has passed since this view was opened.".into(),
        all => format!("{kept} of these {all} were not sent on; space holds the screen still."),
    }
}
