//! Choosing a port to connect to: those that fit first, the others with the reason why not.

use tidegate_core::faces::building::{Target, targets};
use tidegate_core::pipeline::PortRef;

use crate::model::Model;
use crate::model::drawing::Drawing;
use crate::model::place::ConnectSheet;
use crate::numbers;
use crate::pen::{Pen, cut, cut_middle};
use crate::theme::Tone;

/// Draws the list.
pub(crate) fn draw(model: &Model, sheet: &ConnectSheet, pen: &mut Pen<'_>) {
    let candidates = targets(&model.drawing, &sheet.from, sheet.search.text());
    let fitting = candidates.iter().filter(|candidate| candidate.why.is_none()).count();
    let end = pen.width().saturating_sub(1);
    pen.text(1, 0, Tone::Bold, &format!("graph › {} › connect to", sheet.from));
    pen.right(end, 0, Tone::Dim, &format!("{fitting} of {} ports fit", candidates.len()));
    pen.pieces(1, 2, [(Tone::Dim, "search  "), (Tone::Text, sheet.search.with_cursor().as_str())]);
    pen.text(3, 4, Tone::Dim, "PORT              OPERATOR          THEN");
    let chosen = sheet.chosen.min(fitting);
    let room = pen.height().saturating_sub(9);
    let mut rows: Vec<(Tone, String, String, String)> = Vec::new();
    for candidate in candidates.iter().filter(|candidate| candidate.why.is_none()) {
        let then = match candidate.joins.as_slice() {
            [] => String::new(),
            joins => format!("joins {} there", joins.join(", ")),
        };
        rows.push((Tone::Text, candidate.port.to_string(), candidate.operator.clone(), then));
    }
    rows.push((Tone::Text, "new node …".into(), String::new(), "choose it, wired".into()));
    let selectable = rows.len();
    for candidate in candidates.iter().filter(|candidate| candidate.why.is_some()) {
        let why = candidate.why.clone().unwrap_or_default();
        rows.push((Tone::Dim, candidate.port.to_string(), candidate.operator.clone(), why));
    }
    let top = (chosen + 1).saturating_sub(room.max(1));
    for (place, (tone, port, operator, then)) in rows.iter().enumerate().skip(top).take(room) {
        let y = 5 + place - top + usize::from(place >= selectable);
        let is_chosen = place == chosen;
        pen.text(1, y, Tone::Bold, if is_chosen { "▸" } else { " " });
        pen.text(3, y, if is_chosen { Tone::Chosen } else { *tone }, &cut_middle(port, 17));
        pen.text(21, y, Tone::Dim, &cut(operator, 17));
        pen.text(39, y, *tone, &cut(then, end.saturating_sub(39)));
    }
    let travels = if sheet.is_topic { "through a topic of its own" } else { "direct, in memory" };
    let rate = model.shown().node(&sheet.from.node).map(|node| match sheet.from.port.as_str() {
        "errors" => node.rates.errors,
        "late" => node.rates.late,
        _ => node.rates.records_out,
    });
    let foot = pen.height().saturating_sub(3);
    let lines = [
        ("carries", carries(&model.drawing, &sheet.from)),
        ("travels", travels.to_string()),
        ("rate", rate.map_or("not in the run".into(), |rate| format!("{} in the run", numbers::rate_with_unit(rate)))),
    ];
    for (y, (label, text)) in lines.iter().enumerate() {
        pen.text(1, foot + y, Tone::Dim, label);
        pen.text(11, foot + y, Tone::Text, &cut(text, end.saturating_sub(11)));
    }
}

/// The columns that leave by a port.
fn carries(drawing: &Drawing, from: &PortRef) -> String {
    let stream = drawing.place(&from.node).and_then(|place| {
        let node = drawing.checked.nodes.get(place)?;
        let port = node.ports.as_ref()?.output(&from.port)?;
        node.outputs.get(port)?.as_ref()
    });
    match stream {
        None => "not known yet".into(),
        Some(stream) => {
            let columns = stream.schema.columns.iter().map(|column| format!("{} {}", column.name, column.data));
            columns.collect::<Vec<_>>().join(", ")
        }
    }
}

/// One sentence: what enter does.
pub(crate) fn sentence(model: &Model, sheet: &ConnectSheet) -> String {
    let candidates = targets(&model.drawing, &sheet.from, sheet.search.text());
    let fitting: Vec<&Target> = candidates.iter().filter(|candidate| candidate.why.is_none()).collect();
    match fitting.get(sheet.chosen) {
        Some(candidate) => format!("enter connects {} to {}; u takes it back.", sheet.from, candidate.port),
        None => format!("enter chooses a new node behind {}.", sheet.from),
    }
}
