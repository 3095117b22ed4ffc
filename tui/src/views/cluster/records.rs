//! Records of any topic of the cluster, the newest, or those of a partition from an offset on: read outside of every group,
//! told as what they look like.

use tidegate_core::snapshot::{RecordsWanted, TapRow, TopicRecords};

use super::super::record;
use super::super::table::{Cell, Column, Row, Table};
use super::super::tap::{columns_of, plain};
use super::rate_cell;
use crate::model::Model;
use crate::model::place::{Page, TextSheet};
use crate::numbers::{self, ABSENT};
use crate::pen::{Pen, cut, cut_middle};
use crate::theme::Tone;

/// What is looked into.
pub(super) fn of(model: &Model) -> Option<&RecordsWanted> {
    match &model.place.page {
        Page::Records(of) => Some(of),
        _ => None,
    }
}

/// What was told of it.
fn told(model: &Model) -> Option<&TopicRecords> {
    let of = of(model)?;
    model.outlook.now.records.as_ref().filter(|told| told.of == *of)
}

/// The table.
pub(super) fn table(model: &Model) -> Table {
    let columns = vec![
        Column::right("PART", 4),
        Column::right("OFFSET", 11),
        Column::left(" TIME", 13).gives_up(2),
        Column::right("AGE", 6).gives_up(1),
        Column::left(" KEY", 10),
        Column::left("VALUE", 20).grows(),
    ];
    let rows = told(model).map(|told| told.rows.iter().map(|it| row(model, it)).collect());
    Table { columns, rows: rows.unwrap_or_default() }
}

fn key_of(row: &TapRow) -> String {
    format!("{} {}", row.partition, row.offset)
}

fn row(model: &Model, row: &TapRow) -> Row {
    let (time, age) = match row.ts {
        ..0 => (ABSENT.to_string(), ABSENT.to_string()),
        ts => (numbers::clock_millis(ts, model.offset_s), numbers::age((model.outlook.now.at_ms - ts).max(0))),
    };
    let key = if row.key.is_null() { ABSENT.into() } else { plain(&row.key) };
    Row {
        key: key_of(row),
        cells: vec![
            Cell::new(row.partition.to_string()).value(row.partition.into()),
            Cell::new(numbers::exact(row.offset)).value(row.offset as f64),
            Cell::new(format!(" {time}")).value(row.ts as f64),
            Cell::new(age).value(-(row.ts as f64)).tone(Tone::Dim),
            Cell::new(format!(" {}", key.replace(char::is_control, " "))),
            Cell::new(columns_of(&row.value).replace(char::is_control, " ")),
        ],
        ..Row::default()
    }
}

fn chosen(model: &Model) -> Option<&TapRow> {
    let chosen = model.place.list().chosen.as_deref()?;
    told(model)?.rows.iter().find(|row| key_of(row) == chosen)
}

/// The selected record, whole.
pub(super) fn opened(model: &Model) -> Option<TextSheet> {
    Some(record::sheet(model, "cluster", chosen(model)?, None))
}

/// `cluster › trades   12 partitions   newest 100 of 1.20M   52.0k/s`.
pub(super) fn summary(model: &Model, of: &RecordsWanted) -> Vec<String> {
    let name = cut_middle(&of.topic, 24);
    if let Some((partition, offset)) = of.from {
        return vec![format!("cluster › {name}-{partition}"), format!("from offset {} on", numbers::exact(offset))];
    }
    let of_topic = model.outlook.now.topic(&of.topic);
    let partitions = of_topic.map_or(0, |topic| usize::try_from(topic.partitions).unwrap_or_default());
    let records = of_topic.and_then(|topic| topic.records).map_or("?".into(), numbers::count);
    let shown = told(model).map_or(0, |told| told.rows.len());
    let rate = rate_cell(of_topic.and_then(|topic| topic.written)).text;
    let left_out = told(model).map_or(0, |told| told.partitions_left_out);
    let left_out = if left_out > 0 { format!("{left_out} partitions not looked at") } else { String::new() };
    let newest = format!("newest {shown} of {records}");
    let partitions = numbers::several(partitions, "partition");
    vec![format!("cluster › {name}"), partitions, newest, left_out, format!("{rate}/s")]
}

/// Below the table: the whole of the selected record, as far as it fits.
pub(super) fn foot(model: &Model, pen: &mut Pen<'_>) {
    let Some(row) = chosen(model) else { return };
    let key = if row.key.is_null() { "no key".into() } else { format!("key {}", plain(&row.key)) };
    let headers = numbers::several(row.headers.len(), "header");
    let head = format!("RECORD  {} offset {}, {key}, {headers}", record::place(row), numbers::exact(row.offset));
    let cells = pen.width().saturating_sub(2);
    pen.text(1, 0, Tone::Bold, &cut(&head, cells));
    let value = plain(&row.value).replace(char::is_control, " ");
    let letters: Vec<char> = value.chars().collect();
    let lines = pen.height().saturating_sub(1);
    for (y, line) in letters.chunks(cells.max(1)).take(lines).enumerate() {
        pen.text(1, y + 1, Tone::Text, &line.iter().collect::<String>());
    }
}

/// One sentence.
pub(super) fn sentence(model: &Model) -> String {
    match told(model) {
        None => format!("Records of {} are being read.", of(model).map_or("", |of| &of.topic)),
        Some(TopicRecords { fault: Some(why), .. }) => format!("{why}."),
        Some(told) if told.rows.is_empty() && told.of.from.is_some() => "No record is there yet.".into(),
        Some(told) if told.rows.is_empty() => format!("{} holds no records.", told.of.topic),
        Some(_) => "Read outside of any group: looking commits nothing. enter shows one whole.".into(),
    }
}
