//! Partitions: which one lags, and is it getting worse? Topics with their sums, partitions below them; of the run, or of the
//! group that was opened.

use std::collections::{BTreeSet, HashMap};

use tidegate_core::snapshot::{Drain, PartitionSnapshot, Retention, Verdict};

use super::table::{Cell, Column, Row, Table};
use crate::model::Model;
use crate::model::history::Of;
use crate::model::run::{Link, Watched, verdict_glyph, verdict_tone, written};
use crate::numbers::{self, ABSENT, UNKNOWN};
use crate::pen::{Pen, cut, cut_middle, parts_that_fit, spark, width};
use crate::theme::{HEIGHTS, Tone};

/// Cells of an owner that is this run, or none.
const THIS: usize = 4;

/// The table.
pub(crate) fn table(model: &Model) -> Table {
    let run = model.read();
    let is_wide = model.size.0 >= 110;
    let samples = match model.size.0 {
        0..78 => 6,
        78..110 => 12,
        _ => 40,
    };
    let samples = if model.look.is_thrifty { 0 } else { samples };
    let by = run.now.partitions.iter().filter_map(|partition| partition.owner.as_deref()).map(width).max();
    let by = by.unwrap_or(THIS).clamp(THIS, if is_wide { 40 } else { 11 });
    // What is narrow stands right of the trend of lag.
    let of = if samples > 6 { "LAG " } else { "" };
    let spark_head = format!("{of}{}", model.place.minutes.words().to_uppercase());
    let mut columns = vec![
        Column::name("PARTITION", 7).grows(),
        Column::right("LAG", 5),
        Column::right("AGE", 6),
        Column::right("IN/s", 6).gives_up(6),
        Column::right("TREND/s", 7),
        Column::left(&format!(" {spark_head}"), samples + 1).gives_up(if samples == 0 { 9 } else { 0 }),
        Column::left("VERDICT", 13),
        Column::right("KEPT", 7).gives_up(7),
        if by > THIS { Column::name("BY", by) } else { Column::right("BY", by) }.gives_up(8),
    ];
    if by > THIS && !is_wide {
        // Who it is matters more than how much comes.
        columns[3].gives_up = 9;
    }
    let is_other = model.place.lists[1].other_columns || is_wide;
    if is_other {
        let offsets = ["COMMITTED", "END", "POSITION"].map(|head| Column::right(head, 13).gives_up(9));
        // What another group has read and not committed, only it knows.
        let known = if model.outlook.opened.is_some() { 2 } else { 3 };
        columns.extend(offsets.into_iter().take(known));
    }
    if model.place.lists[1].other_columns && !is_wide {
        // The offsets take the place of what moves.
        [3, 5, 7, 8].into_iter().for_each(|moving: usize| columns[moving].gives_up = 9);
        columns.iter_mut().skip(9).for_each(|offset| offset.gives_up = 1);
    }
    let mut rows = Vec::new();
    for ((node, topic), partitions) in topics(run) {
        let key = topic_key(&node, &topic);
        rows.push(topic_row(model, &key, &node, &topic, &partitions, samples));
        let largest = partitions.iter().filter_map(|partition| partition.lag).max().unwrap_or_default();
        rows.extend(partitions.iter().map(|partition| partition_row(model, &key, partition, samples, largest)));
    }
    Table { columns, rows }
}

/// Partitions by node and topic, in the order of the snapshot.
fn topics(run: &Watched) -> Vec<((String, String), Vec<&PartitionSnapshot>)> {
    let mut topics: Vec<((String, String), Vec<&PartitionSnapshot>)> = Vec::new();
    let mut places: HashMap<(&str, &str), usize> = HashMap::new();
    for partition in &run.now.partitions {
        let place = *places.entry((&partition.node, &partition.topic)).or_insert(topics.len());
        match topics.get_mut(place) {
            Some((_, partitions)) => partitions.push(partition),
            None => topics.push(((partition.node.clone(), partition.topic.clone()), vec![partition])),
        }
    }
    topics
}

fn topic_key(node: &str, topic: &str) -> String {
    format!("{node} {topic}")
}

/// The key of a partition's row.
pub(crate) fn key_of(partition: &PartitionSnapshot) -> String {
    format!("{} {}-{}", partition.node, partition.topic, partition.partition)
}

/// The partition of a row's key.
pub(crate) fn partition_of<'a>(run: &'a Watched, key: &str) -> Option<&'a PartitionSnapshot> {
    run.now.partitions.iter().find(|partition| key_of(partition) == key)
}

/// The partition that a row is about: of a topic's row the worst.
fn meant<'a>(run: &'a Watched, key: &str) -> Option<&'a PartitionSnapshot> {
    let of_topic = |it: &&PartitionSnapshot| topic_key(&it.node, &it.topic) == key;
    let worst = || run.now.partitions.iter().filter(of_topic).max_by_key(|it| (it.verdict, it.lag));
    partition_of(run, key).or_else(worst)
}

/// Whether the selected row is that of a topic.
pub(crate) fn is_on_topic(model: &Model) -> bool {
    let key = model.place.lists[1].chosen.as_ref();
    key.is_some_and(|key| model.read().now.partitions.iter().any(|it| topic_key(&it.node, &it.topic) == *key))
}

fn topic_row(
    model: &Model,
    key: &str,
    node: &str,
    topic: &str,
    partitions: &[&PartitionSnapshot],
    samples: usize,
) -> Row {
    let run = model.read();
    let lag: Option<i64> = partitions.iter().map(|partition| partition.lag).sum();
    let age = partitions.iter().filter_map(|partition| partition.age_ms).max();
    let trend: Option<f64> = partitions.iter().map(|partition| partition.trend).sum();
    let is_known = partitions.iter().all(|partition| partition.written.is_some());
    let rate = written(partitions.iter().copied());
    let worst = partitions.iter().max_by_key(|partition| partition.verdict);
    let verdict = worst.map_or(Verdict::Unknown, |worst| worst.verdict);
    let soonest = partitions.iter().filter_map(|partition| match partition.retention {
        Retention::Time { left_ms } => Some(left_ms),
        _ => None,
    });
    let retention = soonest.min().map(|left_ms| Retention::Time { left_ms });
    let retention = retention.or(worst.map(|worst| worst.retention)).unwrap_or_default();
    let lost = partitions.iter().map(|partition| partition.lost).sum();
    let of = Of::Behind(Some((node.to_string(), topic.to_string())));
    Row {
        key: key.to_string(),
        fold: Some('-'),
        is_bad: verdict > Verdict::Unknown,
        cells: vec![
            Cell::new(topic).tone(Tone::Bold),
            lag_cell(lag).tone(Tone::Bold),
            age_cell(age, lag),
            rate_cell(is_known.then_some(rate)),
            trend_cell(trend, rate),
            Cell::new(format!(" {}", sparks(model, &of, samples, 0.0))),
            verdict_cell(verdict, worst.copied(), run.now.at_ms, false),
            kept_cell(retention, lost),
        ],
        ..Row::default()
    }
}

fn partition_row(model: &Model, topic: &str, partition: &PartitionSnapshot, samples: usize, largest: i64) -> Row {
    let run = model.read();
    let of = Of::Lag(partition.node.clone(), partition.topic.clone(), partition.partition);
    let rate = partition.written;
    let is_quiet = rate == Some(0.0) && partition.lag == Some(0);
    let spark = if is_quiet { "·".repeat(samples) } else { sparks(model, &of, samples, largest as f64 * 0.03) };
    let offset = |offset: Option<i64>| Cell::new(offset.filter(|it| *it >= 0).map_or(UNKNOWN.into(), numbers::exact));
    let owner = partition.owner.clone().unwrap_or_else(|| "none".into());
    Row {
        key: key_of(partition),
        part_of: Some(topic.to_string()),
        is_bad: partition.verdict > Verdict::Unknown,
        cells: vec![
            Cell::new(format!("{:>2}", partition.partition)).value(partition.partition.into()),
            lag_cell(partition.lag),
            age_cell(partition.age_ms, partition.lag),
            rate_cell(rate),
            trend_cell(partition.trend, rate.unwrap_or_default()),
            Cell::new(format!(" {spark}")),
            verdict_cell(partition.verdict, Some(partition), run.now.at_ms, is_quiet),
            kept_cell(if is_quiet { Retention::Never } else { partition.retention }, partition.lost),
            Cell::new(owner).tone(Tone::Dim),
            offset(partition.committed),
            offset(partition.high),
            offset(Some(partition.position)),
        ],
        ..Row::default()
    }
}

/// A spark on its own scale; one that is small beside the others stays low, whatever it does.
fn sparks(model: &Model, of: &Of, samples: usize, least: f64) -> String {
    let run = model.read();
    let values = run.history.values(of, run.now.at_ms, model.place.minutes.ms(), samples);
    let largest = values.iter().flatten().copied().fold(least, f64::max);
    spark(&values, Some(largest), 7)
}

fn lag_cell(lag: Option<i64>) -> Cell {
    Cell::new(numbers::count_or_unknown(lag)).value(lag.map_or(f64::NAN, |lag| lag as f64))
}

fn age_cell(age: Option<i64>, lag: Option<i64>) -> Cell {
    match (age, lag) {
        (Some(ms), _) => Cell::new(numbers::age(ms)).value(ms as f64),
        (None, Some(0)) => Cell::new(ABSENT),
        (None, _) => Cell::new(UNKNOWN).value(f64::NAN),
    }
}

fn rate_cell(rate: Option<f64>) -> Cell {
    Cell::new(rate.map_or(UNKNOWN.into(), numbers::rate)).value(rate.unwrap_or(f64::NAN))
}

fn trend_cell(trend: Option<f64>, rate: f64) -> Cell {
    let text = trend.map_or(UNKNOWN.into(), |trend| numbers::trend(trend, rate));
    Cell::new(text).value(trend.unwrap_or(f64::NAN))
}

fn verdict_cell(verdict: Verdict, of: Option<&PartitionSnapshot>, now_ms: i64, is_quiet: bool) -> Cell {
    let since = of.and_then(|of| of.since_ms).map(|since| numbers::since(now_ms - since));
    let words = match (verdict, of.map(|of| of.drain), since) {
        (Verdict::Ok, ..) if is_quiet => "no input".into(),
        (Verdict::Draining, Some(Drain::In { ms }), _) => format!("drain {}", numbers::span_up(ms)),
        (Verdict::Stalled | Verdict::Stopped | Verdict::Rewound, _, Some(since)) => {
            format!("{} {since}", verdict.word())
        }
        _ => verdict.word().to_string(),
    };
    let text = format!("{} {words}", verdict_glyph(verdict));
    Cell::new(text).tone(verdict_tone(verdict)).value(f64::from(verdict as u8))
}

fn kept_cell(retention: Retention, lost: u64) -> Cell {
    if lost > 0 {
        // How many, the sentence says.
        return Cell::new("LOST").tone(Tone::Bad).value(f64::MIN);
    }
    match retention {
        Retention::Unknown => Cell::new(UNKNOWN).value(f64::NAN),
        Retention::Never => Cell::new(ABSENT).value(f64::INFINITY),
        Retention::Compacted => Cell::new("compact").value(f64::INFINITY),
        Retention::Time { left_ms } if left_ms < 0 => Cell::new("now").tone(Tone::Bad).value(left_ms as f64),
        Retention::Time { left_ms } => {
            let tone = if left_ms < 3_600_000 { Tone::Warn } else { Tone::Text };
            Cell::new(numbers::span_down(left_ms)).tone(tone).value(left_ms as f64)
        }
    }
}

/// Lines above the table: the group, and one cell a partition.
pub(crate) fn head(model: &Model, pen: &mut Pen<'_>) -> usize {
    let has_room = pen.width() >= 72 && pen.height() >= 12;
    if !has_room && model.outlook.opened.is_none() {
        return 0;
    }
    let run = model.read();
    let topics = topics(run);
    let partitions = run.now.partitions.len();
    let group = match &model.outlook.opened {
        Some(opened) => format!("cluster › {}", opened.name),
        None if !run.has_figures() => return 0,
        None => format!("group {}", run.now.run.application_id),
    };
    let members = members(model);
    let counts = [
        numbers::several(topics.len(), "topic"),
        numbers::several(partitions, "partition"),
        numbers::several(members, "member"),
    ]
    .join("   ");
    let room = pen.width().saturating_sub(width(&counts) + 5);
    let x = pen.text(1, 0, Tone::Text, &format!("{}   {counts}", cut_middle(&group, room)));
    if !has_room {
        return 1;
    }
    if let Some(filter) = &model.place.lists[1].filter {
        let shown = table(model).shown(&model.place.lists[1]).iter().filter(|row| row.part_of.is_some()).count();
        pen.text(x + 3, 0, Tone::Bold, &format!("/{} {shown} of {partitions}", filter.text));
    }
    let largest = topics.iter().max_by_key(|(_, partitions)| partitions.len());
    let lines = largest.map_or(0, |((_, topic), partitions)| strip(topic, partitions, pen));
    lines + 2
}

/// How many read them: as the group says, else as many as are seen.
fn members(model: &Model) -> usize {
    let run = model.read();
    let owners = run.now.partitions.iter().filter_map(|it| it.member.as_deref().or(it.owner.as_deref()));
    let seen = owners.collect::<BTreeSet<_>>().len();
    let opened = model.outlook.opened.as_ref().and_then(|opened| model.outlook.now.group(&opened.name));
    opened.and_then(|group| group.members).unwrap_or(seen)
}

/// A cell for each partition of a topic, as high as it lags; what holds the most of it.
fn strip(topic: &str, partitions: &[&PartitionSnapshot], pen: &mut Pen<'_>) -> usize {
    const IN_A_LINE: usize = 64;
    let worst = partitions.iter().filter_map(|partition| partition.lag).max().unwrap_or_default();
    let glyph = |partition: &&PartitionSnapshot| match partition.lag {
        None => "?",
        Some(0) if partition.written.is_none_or(|rate| rate <= 0.0) => "·",
        Some(lag) if worst > 0 => HEIGHTS[(lag as f64 / worst as f64 * 7.0).round() as usize % 8],
        Some(_) => HEIGHTS[0],
    };
    let label = "lag by partition";
    let lines: Vec<&[&PartitionSnapshot]> = partitions.chunks(IN_A_LINE).take(3).collect();
    let mut x = 0;
    for (y, line) in lines.iter().enumerate() {
        let (first, last) = (line.first().map_or(0, |it| it.partition), line.last().map_or(0, |it| it.partition));
        let cells: String = line.iter().map(glyph).collect();
        let digits = if partitions.len() > 99 { 3 } else { 1 };
        x = pen.text(1, y + 1, Tone::Dim, if y == 0 { label } else { "" }).max(18);
        x = pen.text(x, y + 1, Tone::Dim, &format!("{first:>digits$} "));
        x = pen.text(x, y + 1, Tone::Text, &cells);
        x = pen.text(x, y + 1, Tone::Dim, &format!(" {last}"));
    }
    let mut lags: Vec<i64> = partitions.iter().filter_map(|partition| partition.lag).collect();
    lags.sort_unstable();
    let sum: i64 = lags.iter().sum();
    let most = partitions.iter().max_by_key(|partition| partition.lag);
    if let (Some(most), true) = (most, sum > 0 && partitions.len() > 1) {
        let share = numbers::percent(most.lag.unwrap_or_default() as f64 / sum as f64);
        let (low, high) = (lags[(lags.len() - 1) / 2], lags[lags.len() / 2]);
        let median = numbers::count(((low + high) / 2).unsigned_abs());
        let text = format!("{topic}-{} holds {share} of it, median {median}", most.partition);
        let y = if x + 3 + width(&text) < pen.width() { lines.len() } else { lines.len() + 1 };
        let x = if y == lines.len() { x + 3 } else { 18 };
        pen.text(x, y, Tone::Text, &cut(&text, pen.width().saturating_sub(x + 1)));
        return y;
    }
    lines.len()
}

/// Lines below the table: offsets, and the owner where it is another.
pub(crate) fn foot_lines(model: &Model) -> usize {
    1 + usize::from(model.read().now.partitions.iter().any(|partition| partition.member.is_some()))
}

/// Below the table: offsets of the selected partition, and who else reads it.
pub(crate) fn foot(model: &Model, pen: &mut Pen<'_>) {
    let run = model.read();
    let chosen = model.place.lists[1].chosen.as_ref().and_then(|key| meant(run, key));
    if let Some(partition) = chosen {
        let exact = |offset: Option<i64>| offset.filter(|it| *it >= 0).map_or(UNKNOWN.into(), numbers::exact);
        let parts = [
            format!("{}-{}", partition.topic, partition.partition),
            format!("committed {}", exact(partition.committed)),
            format!("end {}", exact(partition.high)),
            format!("oldest kept {}", exact(partition.low)),
        ];
        let cells = pen.width().saturating_sub(2);
        pen.text(1, 0, Tone::Text, &parts_that_fit(parts, cells));
        if let (Some(owner), Some(member)) = (&partition.owner, &partition.member) {
            pen.text(1, 1, Tone::Text, &cut(&format!("read by {owner}   member {member}"), cells));
        }
    }
}

/// One sentence: what is so with the selected partition, and by which rule.
pub(crate) fn sentence(model: &Model) -> String {
    let run = model.read();
    let Some(key) = &model.place.lists[1].chosen else { return no_partitions(model) };
    match meant(run, key) {
        Some(partition) => {
            let name = format!("{}-{}", partition.topic, partition.partition);
            let rule = if partition.rule.is_empty() { "nothing is known of it yet" } else { &partition.rule };
            let lost = match partition.lost {
                0 => String::new(),
                lost => format!(" LOST {}, deleted before they were read;", numbers::count(lost)),
            };
            let verdict = match partition.verdict {
                Verdict::Unknown => "too early to tell",
                known => known.word(),
            };
            format!("{name}{lost} {verdict}: {rule}.")
        }
        None => String::new(),
    }
}

fn no_partitions(model: &Model) -> String {
    match (&model.outlook.opened, model.read().now.partitions.is_empty()) {
        (_, false) => String::new(),
        (Some(opened), true) if opened.link == Link::Starting => format!("{} is being asked for.", opened.name),
        (Some(opened), true) => format!("{} has committed nothing.", opened.name),
        (None, true) if model.outlook.is_alone => "No group is open: 7 lists them, enter opens one.".into(),
        (None, true) => "This run reads no partitions: it has no Kafka sources.".into(),
    }
}
