//! The log: what changed when? Faults, warnings and notes of the run, each leading to its node.

use tidegate_core::problem::Severity;
use tidegate_core::snapshot::LogEntry;

use super::table::{Cell, Column, Row, Table};
use crate::model::Model;
use crate::model::history::Of;
use crate::numbers;
use crate::pen::{Pen, cut, cut_middle, parts_that_fit, wrap};
use crate::theme::Tone;

pub(crate) fn letter(severity: Severity) -> (Tone, &'static str) {
    match severity {
        Severity::Error => (Tone::Bad, "E"),
        Severity::Warning => (Tone::Warn, "W"),
        Severity::Note => (Tone::Dim, "·"),
    }
}

fn chosen(model: &Model) -> Option<&LogEntry> {
    let number: u64 = model.place.lists[5].chosen.as_ref()?.parse().ok()?;
    model.shown().now.log.iter().find(|entry| entry.number == number)
}

/// The table.
pub(crate) fn table(model: &Model) -> Table {
    let columns = vec![
        Column::left("TIME", 8),
        Column::left("", 2),
        Column::name("WHERE", 9),
        Column::left("WHAT", 45).grows(),
        Column::right("", 5).gives_up(5),
    ];
    let row = |entry: &LogEntry| {
        let (tone, letter) = letter(entry.severity);
        let times = if entry.count > 1 { format!("×{}", numbers::count(entry.count)) } else { String::new() };
        Row {
            key: entry.number.to_string(),
            is_bad: entry.severity > Severity::Note,
            cells: vec![
                Cell::new(numbers::clock(entry.at_ms, model.offset_s)).value(entry.at_ms as f64),
                Cell::new(format!(" {letter}")).tone(tone).value(f64::from(entry.severity as u8)),
                Cell::new(entry.node.as_deref().unwrap_or("run")),
                Cell::new(entry.message.clone()),
                Cell::new(times).value(entry.count as f64),
            ],
            ..Row::default()
        }
    };
    Table { columns, rows: model.shown().now.log.iter().map(row).collect() }
}

/// The line above: since when, and how much of what.
pub(crate) fn head(model: &Model, pen: &mut Pen<'_>) -> usize {
    let run = model.shown();
    let of = |severity: Severity| run.now.log.iter().filter(|entry| entry.severity == severity).count();
    let started = run.now.run.started_ms;
    let since = match started {
        0 => String::new(),
        ms => format!("since {}, {}", numbers::clock(ms, model.offset_s), numbers::span_down(run.now.at_ms - ms)),
    };
    let notes = match model.place.lists[5].only_bad {
        true => "notes are not shown".to_string(),
        false => numbers::several(of(Severity::Note), "note"),
    };
    let (faults, warnings) = (of(Severity::Error), of(Severity::Warning));
    let parts = [since, numbers::several(faults, "fault"), numbers::several(warnings, "warning"), notes];
    pen.text(1, 0, Tone::Text, &parts_that_fit(parts, pen.width().saturating_sub(2)));
    if pen.height() >= 12 { 2 } else { 1 }
}

/// Below the table: the whole of the selected entry.
pub(crate) fn foot(model: &Model, pen: &mut Pen<'_>) {
    let Some(entry) = chosen(model) else { return };
    let place = entry.node.as_deref().unwrap_or("run");
    let mut head = format!("{}  {place}", numbers::clock_millis(entry.at_ms, model.offset_s));
    if entry.count > 1 {
        let last = numbers::clock(entry.last_ms, model.offset_s);
        head.push_str(&format!(
            "   {} times, last at {last}",
            numbers::exact(entry.count.try_into().unwrap_or(i64::MAX))
        ));
    }
    pen.text(1, 0, Tone::Bold, &head);
    let room = pen.width().saturating_sub(2);
    let last = pen.height().saturating_sub(1);
    for (y, line) in wrap(&entry.message, room).iter().take(last.saturating_sub(1)).enumerate() {
        pen.text(1, y + 1, Tone::Text, line);
    }
    if let Some(change) = change(model, entry) {
        let x = pen.text(1, last, Tone::Dim, "60 s before and since  ");
        pen.text(x, last, Tone::Text, &cut(&change, room.saturating_sub(x)));
    }
}

/// What is different at an entry's node, or in the whole run, in the minute behind it from the minute before.
fn change(model: &Model, entry: &LogEntry) -> Option<String> {
    const MINUTE_MS: i64 = 60_000;
    let run = model.shown();
    let after = (run.now.at_ms - entry.at_ms).clamp(0, MINUTE_MS);
    let mean = |of: &Of, until_ms: i64, span_ms: i64| {
        let samples = run.history.values(of, until_ms, span_ms, (span_ms / 5_000).max(1) as usize);
        let known: Vec<f64> = samples.into_iter().flatten().collect();
        (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
    };
    let pair = |of: &Of| Some((mean(of, entry.at_ms - 5_000, MINUTE_MS)?, mean(of, entry.at_ms + after, after)?));
    let share = |ms: f64| numbers::percent(ms / 1000.0);
    let mut parts = Vec::new();
    if let Some(node) = &entry.node {
        for (name, of) in [("busy", Of::Busy(node.clone())), ("back-pressured", Of::Pressed(node.clone()))] {
            if let Some((before, since)) = pair(&of).filter(|(before, since)| before + since > 0.0) {
                parts.push(format!("{name} {} → {}", share(before), share(since)));
            }
        }
    }
    if let Some((before, since)) = pair(&Of::Behind(None)) {
        parts.push(format!("lag {} → {}", numbers::count(before as u64), numbers::count(since as u64)));
    }
    (!parts.is_empty()).then(|| parts.join("   "))
}

/// An entry in a line, as the graph shows the last ones.
pub(crate) fn line(model: &Model, entry: &LogEntry, pen: &mut Pen<'_>, is_chosen: bool) {
    let (tone, letter) = letter(entry.severity);
    let place = entry.node.as_deref().unwrap_or("run");
    pen.text(1, 0, if is_chosen { Tone::Chosen } else { Tone::Dim }, &numbers::clock(entry.at_ms, model.offset_s));
    pen.text(11, 0, tone, letter);
    pen.text(13, 0, Tone::Text, &cut_middle(place, 8));
    pen.text(22, 0, Tone::Text, &cut(&entry.message, pen.width().saturating_sub(23)));
}

/// One sentence.
pub(crate) fn sentence(model: &Model) -> String {
    let log = &model.shown().now.log;
    match log.last() {
        None => "Nothing has happened yet.".into(),
        Some(_) if log.len() == 1 => "1 entry; enter goes to the node.".into(),
        Some(_) => format!("{} entries, newest last; enter goes to the node.", log.len()),
    }
}
