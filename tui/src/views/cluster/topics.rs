//! Topics of a cluster: how many partitions and copies, how much is in them, how fast it comes, how long it stays.

use tidegate_core::snapshot::TopicSnapshot;

use super::super::table::{Cell, Column, Row, Table};
use super::{kept_cell, rate_cell};
use crate::model::Model;
use crate::numbers::{self, UNKNOWN};
use crate::theme::Tone;

/// The table.
pub(super) fn table(model: &Model) -> Table {
    let columns = vec![
        Column::name("TOPIC", 20).grows(),
        Column::right("PARTITIONS", 10),
        Column::right("COPIES", 6).gives_up(2),
        Column::right("RECORDS", 7),
        Column::right("IN/s", 6),
        Column::right("KEPT", 8).gives_up(1),
    ];
    let shows_all = model.place.list().shows_all;
    let shown = model.outlook.now.topics.iter().filter(|topic| shows_all || !topic.is_internal);
    Table { columns, rows: shown.map(row).collect() }
}

fn row(topic: &TopicSnapshot) -> Row {
    let records = topic.records.map_or(UNKNOWN.into(), numbers::count);
    Row {
        key: topic.name.clone(),
        cells: vec![
            Cell::new(&topic.name).tone(if topic.is_internal { Tone::Dim } else { Tone::Text }),
            Cell::new(topic.partitions.to_string()).value(topic.partitions.into()),
            Cell::new(topic.replication.to_string()).value(topic.replication.into()),
            Cell::new(records).value(topic.records.map_or(f64::NAN, |records| records as f64)),
            rate_cell(topic.written),
            kept_cell(topic),
        ],
        ..Row::default()
    }
}

/// One sentence: who is known to read the selected topic.
pub(super) fn sentence(model: &Model) -> String {
    let now = &model.outlook.now;
    let Some(topic) = model.place.list().chosen.as_deref().and_then(|name| now.topic(name)) else {
        return if model.outlook.has_figures() {
            "There are no topics but Kafka's own; f shows all.".into()
        } else {
            String::new()
        };
    };
    let readers = now.groups.iter().filter(|group| group.topics.contains(&topic.name));
    let readers: Vec<&str> = readers.map(|group| group.name.as_str()).collect();
    let copies = if topic.replication == 1 { "one copy".into() } else { format!("{} copies", topic.replication) };
    let by = match readers.as_slice() {
        [] => "no group that was looked at reads it".to_string(),
        some => format!("read by {}", some.join(", ")),
    };
    format!("{}: {copies} of each record; {by}.", topic.name)
}
