//! One record, whole: where it was read from, its key, headers and value, and what a node made of it.

use serde_json::Value;
use tidegate_core::snapshot::TapRow;

use super::tap::plain;
use crate::model::Model;
use crate::model::place::TextSheet;
use crate::numbers;

/// Where labels end.
const LABELS: usize = 10;

/// A record to read to its end; `after` is what became of it, with a word in front.
pub(crate) fn sheet(model: &Model, title: &str, row: &TapRow, after: Option<(&str, Value)>) -> TextSheet {
    let cells = model.size.0.saturating_sub(2).max(LABELS + 10);
    let mut lines = Vec::new();
    let mut put = |label: &str, text: String| {
        for (place, line) in text.lines().flat_map(|line| pieces(line, cells - LABELS)).enumerate() {
            let label = if place == 0 { label } else { "" };
            lines.push(format!("{label:<LABELS$}{line}"));
        }
    };
    put("offset", numbers::exact(row.offset));
    put("time", time(model, row.ts));
    if let Some((start, end)) = row.window {
        put("window", numbers::clock_range(start, end, model.offset_s));
    }
    put("key", if row.key.is_null() { "no key".into() } else { pretty(&row.key) });
    for (name, value) in &row.headers {
        put("header", format!("{name}: {}", value.as_deref().unwrap_or("null")));
    }
    put("value", pretty(&row.value));
    if let Some((label, value)) = after {
        put(label, pretty(&value));
    }
    let of_run = &model.read().now.partitions;
    let read = of_run.iter().find(|known| known.topic == row.topic && known.partition == row.partition);
    TextSheet {
        title: format!("{title} › {}", place(row)),
        lines,
        top: 0,
        partition: read.map(super::partitions::key_of),
    }
}

/// `trades-0`, or the lane of what comes from no topic.
pub(crate) fn place(row: &TapRow) -> String {
    match row.topic.as_str() {
        "" => format!("lane {}", row.partition),
        topic => format!("{topic}-{}", row.partition),
    }
}

/// `14:31:46.302, 20.7s old`; a record may have no time at all.
fn time(model: &Model, ts: i64) -> String {
    match ts {
        ..0 => numbers::ABSENT.into(),
        ts => {
            let clock = numbers::clock_millis(ts, model.offset_s);
            match model.now_ms - ts {
                ..0 => format!("{clock}, ahead of the clock here"),
                ms => format!("{clock}, {} old", numbers::age(ms)),
            }
        }
    }
}

/// A value as people read it, over several lines where it has parts.
fn pretty(value: &Value) -> String {
    match value {
        Value::Null => "(tombstone)".into(),
        Value::Object(_) | Value::Array(_) => serde_json::to_string_pretty(value).unwrap_or_default(),
        other => plain(other),
    }
}

/// A line in pieces of at most so many letters: nothing of a record is left out.
fn pieces(line: &str, most: usize) -> Vec<String> {
    let letters: Vec<char> = line.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    match letters.is_empty() {
        true => vec![String::new()],
        false => letters.chunks(most.max(1)).map(|piece| piece.iter().collect()).collect(),
    }
}
