//! Why a node is silent, or slow: what the core explains of windows, else what the meters say, first the answer, then what
//! would help.

use tidegate_core::explain::{Reason, explain};

use crate::model::Model;
use crate::pen::{Pen, wrap};
use crate::theme::Tone;

/// An answer: lines, and how each is written.
pub(crate) fn lines(model: &Model, node: &str, lane: Option<u32>, cells: usize) -> Vec<(Tone, String)> {
    let run = model.shown();
    if !run.has_figures() {
        return vec![(Tone::Text, format!("{node} does not run: nothing comes out before the pipeline is started."))];
    }
    let mut lines = Vec::new();
    match explain(&run.now, node) {
        Some(explanation) => {
            let of_lane = |reason: &&Reason| lane.is_none() || reason.lane.is_none() || reason.lane == lane;
            let many = explanation.lanes > 1;
            for reason in explanation.reasons.iter().filter(of_lane) {
                paragraph(&mut lines, reason, many, cells);
            }
        }
        None => {
            lines.extend(wrapped(Tone::Text, &super::graph::sentence_on(model, node), cells));
            lines.extend(chain(model, node, cells));
        }
    }
    if lines.is_empty() {
        lines.push((Tone::Text, format!("Nothing keeps {node} from giving results.")));
    }
    lines
}

fn paragraph(lines: &mut Vec<(Tone, String)>, reason: &Reason, many: bool, cells: usize) {
    if !lines.is_empty() {
        lines.push((Tone::Text, String::new()));
    }
    let lane = reason.lane.filter(|_| many).map(|lane| format!("lane {lane}: ")).unwrap_or_default();
    lines.extend(wrapped(Tone::Text, &format!("{lane}{}", reason.message), cells));
    if let Some(remedy) = &reason.remedy {
        let remedy = wrap(remedy, cells.saturating_sub(9)).into_iter().enumerate();
        let label = |number: usize| if number == 0 { "remedy   " } else { "         " };
        lines.extend(remedy.map(|(number, line)| (Tone::Draining, format!("{}{line}", label(number)))));
    }
}

fn wrapped(tone: Tone, text: &str, cells: usize) -> impl Iterator<Item = (Tone, String)> {
    wrap(text, cells).into_iter().map(move |line| (tone, line))
}

/// From the node to what holds it up, and what has come how far.
fn chain(model: &Model, node: &str, cells: usize) -> Vec<(Tone, String)> {
    let run = model.shown();
    let mut lines = vec![(Tone::Text, String::new())];
    let before = model.drawing.pipeline.edges.iter().filter(|edge| edge.to.node == node);
    for edge in before {
        if let Some(from) = run.node(&edge.from.node) {
            let text = format!(
                "{} has given {} records, {}",
                from.id,
                crate::numbers::count(from.records_out),
                crate::numbers::rate_with_unit(from.rates.records_out)
            );
            lines.extend(wrapped(Tone::Dim, &text, cells));
        }
    }
    if let Some(of) = run.node(node) {
        let drops: u64 = of.drops.values().sum();
        let count = crate::numbers::count;
        let text = format!(
            "{} took {}, gave {}, errors {}, dropped by intention {}, late {}",
            of.id,
            count(of.records_in),
            count(of.records_out),
            count(of.errors),
            count(drops),
            count(of.late)
        );
        lines.extend(wrapped(Tone::Text, &text, cells));
    }
    if let Some(bottleneck) = &run.now.bottleneck {
        lines.push((Tone::Text, String::new()));
        lines.extend(wrapped(Tone::Text, &super::graph::bottleneck_sentence(model, bottleneck), cells));
    }
    lines
}

/// Draws the answer over the body.
pub(crate) fn draw(model: &Model, node: &str, lane: Option<u32>, pen: &mut Pen<'_>) {
    let of_lane = lane.map(|lane| format!("lane {lane} › ")).unwrap_or_default();
    let title = format!("{} › {node} › {of_lane}why?", model.place.view.name());
    pen.text(1, 0, Tone::Bold, &title);
    let room = pen.width().saturating_sub(2);
    for (y, (tone, line)) in lines(model, node, lane, room).iter().enumerate() {
        pen.text(1, y + 2, *tone, line);
    }
}
