//! What is told of a wire and of a port while the pointer rests there: what it carries, how it travels, how much.

use egui::{RichText, Ui};
use tidegate_core::faces::numbers;
use tidegate_core::types::Stream;

use crate::acts::Cx;
use crate::fonts;
use crate::live::{EdgeLive, spaced};
use crate::scene::{PortKind, Wire};

/// The most columns that are listed.
const COLUMNS: usize = 10;

fn line(ui: &mut Ui, cx: &Cx<'_>, words: impl Into<String>) {
    ui.label(RichText::new(words).font(fonts::mono(11.0)).color(cx.theme.text2));
}

/// Of a wire.
pub(super) fn wire(ui: &mut Ui, cx: &Cx<'_>, wire: &Wire) {
    ui.label(RichText::new(wire.id.replace("->", " → ")).font(fonts::strong(12.5)));
    match (&wire.topic, &wire.live) {
        (Some(topic), _) => line(ui, cx, format!("through the topic {topic}")),
        (None, Some(live)) if live.is_fused => line(ui, cx, "direct: its ends are one task"),
        _ => line(ui, cx, "direct, in memory"),
    }
    if let Some(live) = &wire.live {
        line(ui, cx, figures(live));
    }
    let checked = cx.drawing.pipeline.edges.iter().zip(&cx.drawing.checked.edges);
    let stream = checked.filter(|(edge, _)| edge.id() == wire.id).find_map(|(_, checked)| checked.stream.as_ref());
    carried(ui, cx, stream);
}

fn figures(live: &EdgeLive) -> String {
    let mut words = numbers::rate_with_unit(live.rate);
    if live.capacity > 0 {
        let exact = |count: usize| numbers::exact(i64::try_from(count).unwrap_or(i64::MAX));
        let full = spaced(&numbers::percent(live.fill));
        words += &format!(" · {} of {} waiting, {full}", exact(live.depth), exact(live.capacity));
    }
    if let Some(through) = &live.through {
        words += &format!(" · {} unread, {}", numbers::count_or_unknown(through.lag), through.verdict.word());
    }
    words
}

/// Of a port of a node.
pub(super) fn port(ui: &mut Ui, cx: &Cx<'_>, node: &str, name: &str, kind: PortKind, is_input: bool) {
    let side = if is_input { "in" } else { "out" };
    ui.label(RichText::new(format!("{side} · {name}")).font(fonts::strong(12.5)));
    line(ui, cx, kind.word());
    let checked = cx.drawing.place(node).and_then(|place| cx.drawing.checked.nodes.get(place));
    let stream = checked.and_then(|checked| {
        let ports = checked.ports.as_ref()?;
        match is_input {
            true => checked.inputs.get(ports.input(name)?)?.as_ref(),
            false => checked.outputs.get(ports.output(name)?)?.as_ref(),
        }
    });
    carried(ui, cx, stream);
}

fn carried(ui: &mut Ui, cx: &Cx<'_>, stream: Option<&Stream>) {
    let Some(stream) = stream else { return };
    line(ui, cx, format!("key {}", stream.key.data_type()));
    let columns = &stream.schema.columns;
    for column in columns.iter().take(COLUMNS) {
        line(ui, cx, format!("{} {}{}", column.name, column.data, if column.required { "!" } else { "" }));
    }
    if columns.len() > COLUMNS {
        line(ui, cx, format!("{} more", columns.len() - COLUMNS));
    }
}
