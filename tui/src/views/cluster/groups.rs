//! Groups of a cluster: those with members at once, those that left something behind as they are found, all on request.

use tidegate_core::snapshot::{Drain, GroupFigures, GroupSnapshot, Verdict};

use super::super::table::{Cell, Column, Row, Table};
use super::{kept_cell, rate_cell};
use crate::model::Model;
use crate::model::history::Of;
use crate::model::run::{verdict_glyph, verdict_tone};
use crate::numbers::{self, ABSENT, UNKNOWN};
use crate::pen::{Pen, cut, cut_middle, spark};
use crate::theme::Tone;

/// Figures that are older than three looks are told as old.
const OLD_MS: i64 = 7_000;
/// Cells of a spark, where there is room for it.
const SAMPLES: usize = 24;

/// The groups that are shown: with members, or with something behind, or all.
pub(super) fn shown(model: &Model) -> impl Iterator<Item = &GroupSnapshot> {
    let shows_all = model.place.list().shows_all;
    model.outlook.now.groups.iter().filter(move |group| shows_all || !group.is_empty() || group.is_left_behind)
}

/// The selected group.
pub(super) fn chosen(model: &Model) -> Option<&GroupSnapshot> {
    model.outlook.now.group(model.place.list().chosen.as_deref()?)
}

/// The table.
pub(super) fn table(model: &Model) -> Table {
    let has_sparks = model.size.0 >= 110 && !model.look.is_thrifty;
    let samples = if has_sparks { SAMPLES } else { 0 };
    let mut columns = vec![
        Column::name("GROUP", 13).grows(),
        Column::left("STATE", 11).gives_up(2),
        Column::right("MEMBERS", 7).gives_up(4),
        Column::right("LAG", 5),
        Column::right("AGE", 6),
        Column::right("TREND/s", 7).gives_up(1),
        Column::left(" VERDICT", 14),
    ];
    if has_sparks {
        columns.push(Column::left(&format!("LAG {}", model.place.minutes.words().to_uppercase()), SAMPLES));
        columns.push(Column::right("IN/s", 6));
        columns.push(Column::right("PARTITIONS", 10));
    }
    Table { columns, rows: shown(model).map(|group| row(model, group, samples)).collect() }
}

fn row(model: &Model, group: &GroupSnapshot, samples: usize) -> Row {
    let now_ms = model.outlook.now.at_ms;
    let figures = group.figures.as_ref();
    let verdict = figures.map(|figures| figures.verdict).unwrap_or_default();
    let members = group.members.map_or(UNKNOWN.into(), |members| members.to_string());
    let has_any = figures.is_none_or(|figures| figures.partitions > 0);
    let of_figures = |cell: &dyn Fn(&GroupFigures) -> Cell| match figures {
        None => Cell::new(UNKNOWN).value(f64::NAN).tone(Tone::Dim),
        Some(_) if !has_any => Cell::new(ABSENT).value(f64::NAN).tone(Tone::Dim),
        Some(figures) => cell(figures),
    };
    let values = |of: &Of| model.outlook.history.values(of, now_ms, model.place.minutes.ms(), samples);
    Row {
        key: group.name.clone(),
        is_bad: verdict > Verdict::Unknown,
        is_dim: figures.is_some_and(|figures| now_ms - figures.at_ms > OLD_MS),
        cells: vec![
            Cell::new(&group.name),
            Cell::new(state_word(&group.state)).tone(if group.is_empty() { Tone::Dim } else { Tone::Text }),
            Cell::new(members).value(group.members.map_or(f64::NAN, |members| members as f64)),
            of_figures(&|it| {
                Cell::new(numbers::count_or_unknown(it.lag)).value(it.lag.map_or(f64::NAN, |lag| lag as f64))
            }),
            of_figures(&age_cell),
            of_figures(&|it| {
                let text = it.trend.map_or(UNKNOWN.into(), |trend| numbers::trend(trend, it.written.unwrap_or(0.0)));
                Cell::new(text).value(it.trend.unwrap_or(f64::NAN))
            }),
            of_figures(&|it| verdict_cell(" ", it, now_ms)),
            Cell::new(if samples > 0 {
                spark(&values(&Of::Group(group.name.clone())), None, 7)
            } else {
                String::new()
            }),
            of_figures(&|it| rate_cell(it.written)),
            of_figures(&|it| Cell::new(it.partitions.to_string()).value(it.partitions as f64)),
        ],
        ..Row::default()
    }
}

fn age_cell(figures: &GroupFigures) -> Cell {
    match (figures.age_ms, figures.lag) {
        (Some(ms), _) => Cell::new(numbers::age(ms)).value(ms as f64),
        (None, Some(0)) => Cell::new(ABSENT),
        (None, _) => Cell::new(UNKNOWN).value(f64::NAN),
    }
}

/// The verdict of a group, behind a margin: since when, or until when.
fn verdict_cell(margin: &str, figures: &GroupFigures, now_ms: i64) -> Cell {
    let verdict = figures.verdict;
    let words = match (verdict, figures.drain, figures.since_ms) {
        (Verdict::Draining, Drain::In { ms }, _) => format!("drain {}", numbers::span_up(ms)),
        (Verdict::Stalled | Verdict::Stopped | Verdict::Rewound, _, Some(since)) => {
            format!("{} {}", verdict.word(), numbers::since(now_ms - since))
        }
        _ => verdict.word().to_string(),
    };
    let text = format!("{margin}{} {words}", verdict_glyph(verdict));
    Cell::new(text).tone(verdict_tone(verdict)).value(f64::from(verdict as u8))
}

/// What Kafka calls a group's state, in a word that fits.
fn state_word(state: &str) -> String {
    match state {
        "PreparingRebalance" | "CompletingRebalance" | "Reconciling" | "Assigning" => "rebalancing".into(),
        other => other.to_lowercase(),
    }
}

/// Topics of the selected group.
pub(super) fn topics(model: &Model, pen: &mut Pen<'_>) {
    let Some(group) = chosen(model) else { return };
    let room = pen.height().saturating_sub(1);
    let ends = [40, 48, 58].map(|end: usize| if pen.width() >= 78 { end + 8 } else { end });
    let name = ends[0] - 12;
    pen.text(1, 0, Tone::Dim, &cut_middle(&format!("TOPIC of {}", group.name), name));
    for (end, head) in ends.iter().zip(["PARTITIONS", "IN/s", "KEPT"]) {
        pen.right(*end, 0, Tone::Dim, head);
    }
    // The last line says how many more there are.
    let fits = if group.topics.len() > room { room - 1 } else { room };
    for (y, topic) in group.topics.iter().take(fits).enumerate() {
        pen.text(3, y + 1, Tone::Text, &cut_middle(topic, name - 2));
        let Some(topic) = model.outlook.now.topic(topic) else { continue };
        pen.right(ends[0], y + 1, Tone::Text, &topic.partitions.to_string());
        pen.right(ends[1], y + 1, Tone::Text, &rate_cell(topic.written).text);
        pen.right(ends[2], y + 1, Tone::Text, &kept_cell(topic).text);
    }
    if fits < group.topics.len() {
        pen.text(3, fits + 1, Tone::Dim, &cut(&format!("and {} more", group.topics.len() - fits), name));
    }
}

/// One sentence: the worst of the selected group, and by which rule.
pub(super) fn sentence(model: &Model) -> String {
    let now = &model.outlook.now;
    let Some(group) = chosen(model) else {
        return match (model.outlook.has_figures(), now.unsearched) {
            (false, _) => String::new(),
            (true, 0) => "No group has members, and none has left anything behind; f shows all.".into(),
            (true, left) => format!("No group has members; {left} are still searched for what they left behind."),
        };
    };
    let name = &group.name;
    match (&group.fault, &group.figures) {
        (Some(why), _) => format!("{why}."),
        (None, None) => format!("{name} is being asked for."),
        (None, Some(figures)) if figures.partitions == 0 => format!("{name} has committed nothing."),
        // The rule begins with the worst partition; the verdict stands in the row.
        (None, Some(figures)) if figures.verdict == Verdict::Unknown => {
            format!("{name}, {}: too early to tell.", figures.rule)
        }
        (None, Some(figures)) => format!("{name}, {}.", figures.rule),
    }
}
