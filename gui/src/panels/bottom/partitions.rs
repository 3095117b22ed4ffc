//! Partitions that the run reads: how far behind, whether that grows, what to think of it. The worst first.

use egui::{Align2, Frame, Margin, Rect, ScrollArea, Stroke, Ui, pos2, vec2};
use tidegate_core::faces::history::Of;
use tidegate_core::faces::numbers;
use tidegate_core::snapshot::{Drain, PartitionSnapshot, Retention};

use super::{cell, nothing};
use crate::acts::{Act, Chosen, Cx};
use crate::canvas::glyphs;
use crate::{fonts, text, widgets};

/// Height of a row, and how far a trend stands from the figures before it.
const ROW: f32 = 23.0;
const TREND: f32 = 12.0;

/// Columns: title, least width, whether they hold figures. The first takes what the others leave.
const COLUMNS: &[(&str, f32, bool)] = &[
    ("partition", 100.0, false),
    ("end", 80.0, true),
    ("committed", 80.0, true),
    ("lag", 56.0, true),
    ("behind", 56.0, true),
    ("trend", 92.0, false),
    ("verdict", 80.0, false),
    ("drained in", 80.0, true),
    ("retention", 76.0, true),
];

/// The widths of columns in so much room.
fn widths(room: f32) -> impl Iterator<Item = f32> {
    let all: f32 = COLUMNS.iter().map(|column| column.1).sum();
    let left = (room - all).max(0.0);
    COLUMNS.iter().enumerate().map(move |(place, column)| if place == 0 { column.1 + left } else { column.1 })
}

/// Draws the table.
pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>) {
    let run = cx.run;
    if run.now.partitions.is_empty() {
        return nothing(ui, cx, "Partitions of Kafka's topics are shown here while a pipeline that reads some runs.");
    }
    let mut all: Vec<&PartitionSnapshot> = run.now.partitions.iter().collect();
    all.sort_by_key(|partition| std::cmp::Reverse((partition.verdict, partition.lag)));
    Frame::NONE.inner_margin(Margin { left: 16, right: 16, top: 2, bottom: 0 }).show(ui, |ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), egui::Sense::hover());
        let mut x = 0.0;
        for ((title, _, is_figure), width) in COLUMNS.iter().zip(widths(rect.width())) {
            let indent = if *title == "trend" { TREND } else { 0.0 };
            cell(ui, rect, x + indent, width - indent, title, cx.theme.text2, *is_figure);
            x += width;
        }
        ui.painter().hline(rect.x_range(), rect.bottom(), Stroke::new(1.0, cx.theme.line));
        ScrollArea::vertical().auto_shrink([false, false]).show_rows(ui, ROW, all.len(), |ui, range| {
            all[range].iter().for_each(|partition| row(ui, cx, partition));
        });
    });
}

fn row(ui: &mut Ui, cx: &mut Cx<'_>, partition: &PartitionSnapshot) {
    let theme = cx.theme;
    let place = format!("{} {}", partition.topic, partition.partition);
    let lag = numbers::count_or_unknown(partition.lag);
    let name = format!("{place}, lag {lag}, {}", partition.verdict.word());
    let (rect, response) = widgets::row(ui, theme, ROW, &name, false);
    let known = |offset: Option<i64>| offset.map_or_else(|| numbers::UNKNOWN.to_string(), numbers::exact);
    let drained = match partition.drain {
        Drain::Unknown => numbers::UNKNOWN.to_string(),
        Drain::Done => numbers::ABSENT.to_string(),
        Drain::In { ms } => numbers::span_up(ms),
        Drain::Never => "never".into(),
    };
    let retention = match partition.retention {
        Retention::Unknown => numbers::UNKNOWN.to_string(),
        Retention::Time { left_ms } => numbers::span_down(left_ms),
        Retention::Never => "never".into(),
        Retention::Compacted => "compacted".into(),
    };
    let age = partition.age_ms.map_or_else(|| numbers::UNKNOWN.to_string(), numbers::age);
    let cells = [
        String::new(),
        known(partition.high),
        known(partition.committed),
        lag,
        age,
        String::new(),
        String::new(),
        drained,
        retention,
    ];
    let state = theme.verdict(partition.verdict);
    let mut x = 0.0;
    for (((title, _, is_figure), width), words) in COLUMNS.iter().zip(widths(rect.width())).zip(&cells) {
        match *title {
            "trend" => spark(
                ui,
                cx,
                partition,
                Rect::from_min_size(pos2(rect.left() + x + TREND, rect.top() + 4.0), vec2(72.0, 15.0)),
            ),
            "verdict" => {
                glyphs::verdict(
                    ui.painter(),
                    theme,
                    pos2(rect.left() + x + 5.0, rect.center().y),
                    4.0,
                    partition.verdict,
                );
                cell(ui, rect, x + 16.0, width - 16.0, partition.verdict.word(), state.text, false);
            }
            // The number is seen, however long the topic's name.
            "partition" => {
                let number = partition.partition.to_string();
                let end = width - 8.0 - 7.0 * (number.len() + 1) as f32;
                let font = (fonts::mono(11.5), theme.text);
                let at = rect.left_center() + vec2(x, 0.0);
                let shown = text::write(ui.painter(), at, Align2::LEFT_CENTER, &partition.topic, font.clone(), end);
                let at = pos2(shown.right() + 7.0, at.y);
                text::write(ui.painter(), at, Align2::LEFT_CENTER, &number, font, width);
            }
            _ => cell(ui, rect, x, width, words, theme.text, *is_figure),
        }
        x += width;
    }
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, theme.line));
    if response.clicked() {
        cx.ask(Act::Show(Chosen::node(&partition.node)));
    }
    response.on_hover_text(format!("{}\n{}", partition.verdict.word(), partition.rule));
}

/// The lag of the last five minutes as a line.
fn spark(ui: &Ui, cx: &Cx<'_>, partition: &PartitionSnapshot, rect: Rect) {
    const POINTS: usize = 60;
    let of = Of::Lag(partition.node.clone(), partition.topic.clone(), partition.partition);
    let values = cx.run.history.values(&of, cx.run.now.at_ms, 300_000, POINTS);
    let most = values.iter().flatten().copied().fold(1.0, f64::max);
    widgets::spark(ui, rect, &values, most, cx.theme.verdict(partition.verdict).graphic);
}
