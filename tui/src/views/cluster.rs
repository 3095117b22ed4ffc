//! Cluster: is it us or Kafka? What the run itself knows of it: the topics that it reads, with what is behind on them.
//! Groups and brokers are not asked yet, and the view says so.

use std::collections::BTreeMap;

use tidegate_core::snapshot::{PartitionSnapshot, Verdict};

use super::table::{Cell, Column, Row, Table};
use crate::model::Model;
use crate::model::run::{verdict_glyph, verdict_tone, written};
use crate::numbers::{self, UNKNOWN};
use crate::pen::Pen;
use crate::theme::Tone;

/// The table.
pub(crate) fn table(model: &Model) -> Table {
    let columns = vec![
        Column::name("TOPIC", 20).grows(),
        Column::name("CLUSTER", 10).gives_up(3),
        Column::right("PARTITIONS", 10),
        Column::right("IN/s", 6).gives_up(2),
        Column::right("LAG", 6),
        Column::left(" VERDICT", 12),
    ];
    let mut topics: BTreeMap<(&str, &str), Vec<&PartitionSnapshot>> = BTreeMap::new();
    for partition in &model.shown().now.partitions {
        topics.entry((&partition.cluster, &partition.topic)).or_default().push(partition);
    }
    let row = |((cluster, topic), partitions): ((&str, &str), Vec<&PartitionSnapshot>)| {
        let lag: Option<i64> = partitions.iter().map(|partition| partition.lag).sum();
        let verdict = partitions.iter().map(|partition| partition.verdict).max().unwrap_or_default();
        let is_known = partitions.iter().all(|partition| partition.written.is_some());
        let rate = written(partitions.iter().copied());
        let rate_text = if is_known { numbers::rate(rate) } else { UNKNOWN.into() };
        Row {
            key: format!("{cluster} {topic}"),
            is_bad: verdict > Verdict::Unknown,
            cells: vec![
                Cell::new(topic),
                Cell::new(cluster),
                Cell::new(partitions.len().to_string()).value(partitions.len() as f64),
                Cell::new(rate_text).value(rate),
                Cell::new(numbers::count_or_unknown(lag)).value(lag.unwrap_or(-1) as f64),
                Cell::new(format!(" {} {}", verdict_glyph(verdict), verdict.word())).tone(verdict_tone(verdict)),
            ],
            ..Row::default()
        }
    };
    Table { columns, rows: topics.into_iter().map(row).collect() }
}

/// The line above.
pub(crate) fn head(model: &Model, pen: &mut Pen<'_>) -> usize {
    let group = &model.shown().now.run.application_id;
    let line = match group.as_str() {
        "" => "No run, so no cluster is asked.".to_string(),
        group => format!("topics that group {group} reads; brokers and other groups are not shown yet"),
    };
    pen.text(1, 0, Tone::Text, &line);
    2
}

/// One sentence.
pub(crate) fn sentence(_: &Model) -> String {
    "Other groups and brokers are not asked yet; tidegate lag and tidegate topics do.".into()
}
