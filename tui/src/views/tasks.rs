//! Tasks: who is busy, who waits for whom? A row for each chain of fused nodes, the lanes of the selected one below.

use tidegate_core::snapshot::{LaneSnapshot, TaskSnapshot};

use super::table::{Cell, Column, Row, Table};
use crate::frame::WIDE;
use crate::model::Model;
use crate::model::run::{load, load_tone, worst};
use crate::numbers::{self, ABSENT};
use crate::pen::{Pen, bar, cut};
use crate::theme::{HEIGHTS, Tone};

/// The name of a chain: its nodes.
fn name(task: &TaskSnapshot) -> String {
    if task.nodes.is_empty() { "(through a topic)".into() } else { task.nodes.join(" + ") }
}

/// The key of a task's row, and back.
fn key(place: usize) -> String {
    place.to_string()
}

fn chosen(model: &Model) -> Option<(usize, &TaskSnapshot)> {
    let place = model.place.lists[2].chosen.as_ref()?.parse().ok()?;
    Some((place, model.shown().now.tasks.get(place)?))
}

/// The node that a row leads to: the bottleneck where it is in the chain, else the chain's first.
pub(crate) fn node_of_row(model: &Model, row: &str) -> Option<String> {
    let run = model.shown();
    let place: usize = row.parse().ok()?;
    let task = run.now.tasks.get(place)?;
    let bottleneck = run.now.bottleneck.as_ref().filter(|it| it.task == place);
    bottleneck.map(|it| it.node.clone()).or_else(|| task.nodes.first().cloned())
}

/// The table.
pub(crate) fn table(model: &Model) -> Table {
    let run = model.shown();
    let columns = vec![
        Column::name("CHAIN", 17).grows(),
        Column::right("LANES", 5).gives_up(7),
        Column::right("BUSY", 5),
        Column::right("B-P", 4).gives_up(6),
        Column::right("IDLE", 4),
        Column::left(" MEAN LANE", 11).gives_up(5),
        Column::left(" WORST", 10),
        Column::right("INPUT", 6),
        Column::right("IN/s", 5).gives_up(8),
    ];
    let row = |(place, task): (usize, &TaskSnapshot)| {
        let is_bottleneck = run.now.bottleneck.as_ref().is_some_and(|bottleneck| bottleneck.task == place);
        let name = name(task) + if is_bottleneck { "  BOTTLENECK" } else { "" };
        let tone = if is_bottleneck { Tone::Bad } else { Tone::Text };
        let (word, share) = load(worst(task));
        let mean = task.pressure;
        // Less than one is shown as some.
        let whole = |ms: f64| if ms < 1.0 { ms.ceil() as i64 } else { ms.round() as i64 };
        let busiest = (whole(mean.busy), whole(mean.back_pressured));
        // The three sum to 1000: what is lost by rounding is rest.
        let idle = (1000 - busiest.0 - busiest.1).max(0);
        let fill = task.lanes.iter().map(|lane| lane.fill).fold(0.0, f64::max);
        let has_input = task.lanes.iter().any(|lane| lane.capacity > 0);
        let input = if has_input { numbers::fill(fill) } else { ABSENT.into() };
        let rate: f64 = task.lanes.iter().map(|lane| lane.records_in).sum();
        Row {
            key: key(place),
            is_bad: is_bottleneck || word != "idle",
            cells: vec![
                Cell::new(name).tone(tone).value(place as f64),
                Cell::new(task.lanes.len().to_string()).value(task.lanes.len() as f64),
                Cell::new(numbers::ms_of_second(mean.busy)).value(mean.busy),
                Cell::new(numbers::ms_of_second(mean.back_pressured)).value(mean.back_pressured),
                Cell::new(idle.to_string()).value(mean.idle),
                Cell::default().value(mean.busy),
                Cell::new(format!(" {word:<4} {}", numbers::percent(share))).tone(load_tone(word)).value(share),
                Cell::new(input).tone(Tone::of_fill(fill)).value(fill),
                Cell::new(numbers::rate(rate)).value(rate),
            ],
            ..Row::default()
        }
    };
    Table { columns, rows: run.now.tasks.iter().enumerate().map(row).collect() }
}

/// Lines above the table.
pub(crate) const HEAD: usize = 2;

/// Draws the body.
pub(crate) fn draw(model: &Model, pen: &mut Pen<'_>) {
    let run = model.shown();
    let tasks: usize = run.now.tasks.iter().map(|task| task.lanes.len()).sum();
    let unit = if pen.width() >= WIDE { ", ms of each second" } else { "" };
    let line = format!("{tasks} tasks in {} chains{unit}    ", run.now.tasks.len());
    let x = pen.text(1, 0, Tone::Text, &line);
    let legend = [(Tone::Text, "■"), (Tone::Dim, " busy  "), (Tone::Warn, "□"), (Tone::Dim, " back-pressured  · idle")];
    pen.pieces(x, 0, legend);
    let table = table(model);
    let list = &model.place.lists[2];
    let rows = table.shown(list);
    let has_lanes = chosen(model).is_some_and(|(_, task)| !task.lanes.is_empty());
    let below = if has_lanes { 10.min(pen.height().saturating_sub(HEAD) / 2) } else { 0 };
    let height = (rows.len() + 1).min(pen.height().saturating_sub(HEAD + below));
    let top = table.draw(list, &mut pen.lines(HEAD, height));
    bars(model, &table, top, &mut pen.lines(HEAD, height));
    if let Some((_, task)) = chosen(model).filter(|_| below > 2) {
        let from = pen.height() - below;
        lanes(task, &mut pen.lines(from, below));
    }
}

/// The mean lane as a bar, in the column that is left blank for it.
fn bars(model: &Model, table: &Table, top: usize, pen: &mut Pen<'_>) {
    let Some((x, cells)) = table.place_of(pen.width(), 5) else { return };
    let rows = table.shown(&model.place.lists[2]);
    for (y, row) in rows.iter().skip(top).take(pen.height().saturating_sub(1)).enumerate() {
        let task = row.key.parse::<usize>().ok().and_then(|place| model.shown().now.tasks.get(place));
        if let Some(task) = task {
            let mean = task.pressure;
            bar(pen, x + 1, y + 1, cells - 1, mean.busy / 1000.0, mean.back_pressured / 1000.0);
        }
    }
}

/// Columns that a lane takes.
const LANE: usize = 38;
/// The most lanes that have a line each.
const MOST_LINES: usize = 24;

/// Lanes of the selected chain: a line each, in two columns; as one cell each, where they are many or there is no room.
fn lanes(task: &TaskSnapshot, pen: &mut Pen<'_>) {
    let title = format!("{}: {}", name(task), numbers::several(task.lanes.len(), "lane"));
    pen.text(1, 0, Tone::Bold, &cut(&title, pen.width().saturating_sub(2)));
    let columns = (pen.width() / LANE).clamp(1, 2);
    let lines = task.lanes.len().div_ceil(columns);
    if task.lanes.len() > MOST_LINES || lines + 3 > pen.height() {
        return cells(task, pen);
    }
    for column in 0..columns {
        let x = column * LANE;
        pen.text(x + 3, 2, Tone::Dim, "LANE              BUSY  INPUT  OUT/s");
    }
    for (place, lane) in task.lanes.iter().enumerate() {
        let (x, y) = (place / lines.max(1) * LANE, 3 + place % lines.max(1));
        self::lane(lane, x, y, pen);
    }
}

fn lane(lane: &LaneSnapshot, x: usize, y: usize, pen: &mut Pen<'_>) {
    let LaneSnapshot { pressure, fill, .. } = lane;
    pen.right(x + 7, y, Tone::Text, &lane.lane.to_string());
    if y < pen.height() {
        bar(pen, x + 9, y, 11, pressure.busy / 1000.0, pressure.back_pressured / 1000.0);
    }
    pen.right(x + 25, y, Tone::Text, &numbers::ms_of_second(pressure.busy));
    let input = if lane.capacity > 0 { numbers::fill(*fill) } else { ABSENT.into() };
    pen.right(x + 32, y, Tone::of_fill(*fill), &input);
    pen.right(x + 39, y, Tone::Text, &numbers::rate(lane.records_out));
}

fn cells(task: &TaskSnapshot, pen: &mut Pen<'_>) {
    const IN_A_LINE: usize = 40;
    type Share = fn(&LaneSnapshot) -> f64;
    let busy: (&str, Share) = ("busy by lane", |lane| lane.pressure.busy / 1000.0);
    let input: (&str, Share) = ("input, how full", |lane| lane.fill);
    let has_input = task.lanes.iter().any(|lane| lane.capacity > 0);
    let mut y = 2;
    for (label, share) in std::iter::once(busy).chain(has_input.then_some(input)) {
        pen.text(1, y, Tone::Dim, label);
        for line in task.lanes.chunks(IN_A_LINE) {
            let glyph = |lane: &LaneSnapshot| HEIGHTS[((share(lane) * 7.0).round() as usize).min(7)];
            pen.right(20, y, Tone::Dim, &line.first().map_or(0, |lane| lane.lane).to_string());
            let x = pen.text(21, y, Tone::Text, &line.iter().map(glyph).collect::<String>());
            pen.text(x + 1, y, Tone::Dim, &line.last().map_or(0, |lane| lane.lane).to_string());
            y += 1;
        }
    }
}

/// One sentence on the selected chain.
pub(crate) fn sentence(model: &Model) -> String {
    let run = model.shown();
    let Some((place, task)) = chosen(model) else { return String::new() };
    if run.now.bottleneck.as_ref().is_some_and(|bottleneck| bottleneck.task == place) {
        return format!("{} is the bottleneck: busy itself, its input full, nothing after it full.", name(task));
    }
    let (word, share) = load(worst(task));
    let share = numbers::percent(share);
    match word {
        "b-p" => format!("{}: its worst lane waits {share} for what is behind it.", name(task)),
        "busy" => format!("{}: its worst lane is busy {share}, and held up by nothing.", name(task)),
        _ => format!("{}: even its worst lane rests {share} of the time.", name(task)),
    }
}
