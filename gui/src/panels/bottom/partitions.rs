//! Partitions that the run reads: how far behind, whether that grows, what to think of it. The worst first.

use egui::{Frame, Margin, Rect, ScrollArea, Stroke, Ui, pos2, vec2};
use tidegate_core::faces::history::Of;
use tidegate_core::faces::numbers;
use tidegate_core::snapshot::{Drain, PartitionSnapshot, Retention};

use super::{cell, nothing};
use crate::acts::{Act, Chosen, Cx};
use crate::canvas::glyphs;
use crate::widgets;

/// Height of a row.
const ROW: f32 = 23.0;

/// Columns: title, width, whether they hold figures.
const COLUMNS: &[(&str, f32, bool)] = &[
    ("partition", 190.0, false),
    ("end", 84.0, true),
    ("committed", 84.0, true),
    ("lag", 72.0, true),
    ("behind", 64.0, true),
    ("trend", 92.0, false),
    ("verdict", 96.0, false),
    ("drained in", 84.0, true),
    ("retention", 84.0, true),
];

/// Draws the table.
pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>) {
    let run = cx.run;
    if run.now.partitions.is_empty() {
        return nothing(ui, cx, "Partitions of Kafka's topics are shown here while a pipeline that reads some runs.");
    }
    let mut all: Vec<&PartitionSnapshot> = run.now.partitions.iter().collect();
    all.sort_by_key(|partition| std::cmp::Reverse((partition.verdict, partition.lag)));
    Frame::NONE.inner_margin(Margin { left: 16, right: 8, top: 2, bottom: 0 }).show(ui, |ui| {
        let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), egui::Sense::hover());
        let mut x = 0.0;
        for (title, width, is_figure) in COLUMNS {
            cell(ui, rect, x, *width, title, cx.theme.text2, *is_figure);
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
        place,
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
    for ((title, width, is_figure), words) in COLUMNS.iter().zip(&cells) {
        match *title {
            "trend" => spark(
                ui,
                cx,
                partition,
                Rect::from_min_size(pos2(rect.left() + x + 4.0, rect.top() + 4.0), vec2(72.0, 15.0)),
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
            _ => cell(ui, rect, x, *width, words, theme.text, *is_figure),
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
