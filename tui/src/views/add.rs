//! Choosing an operator: found by name, then by help, then by fields; what it is at the right.

use tidegate_core::form::Form;
use tidegate_core::operators::{Operator, Ports, Role};

use crate::model::Model;
use crate::model::place::{AddSheet, AddTo};
use crate::pen::{Pen, cut, width, wrap};
use crate::theme::Tone;

/// Operators that are found, the best first; those that cannot stand there come last, with the reason.
pub(crate) fn found(model: &Model, sheet: &AddSheet) -> Vec<(&'static Operator, Option<&'static str>)> {
    let search = sheet.search.text().to_lowercase();
    let rank = |operator: &&'static Operator| {
        let has = |text: &str| text.to_lowercase().contains(&search);
        let is_fielded = || {
            let Form { fields } = (operator.form)();
            fields.iter().any(|field| has(&field.name))
        };
        match () {
            () if operator.name.starts_with(&search) => Some(0),
            () if has(operator.name) => Some(1),
            () if has(operator.summary) => Some(2),
            () if has(operator.help) => Some(3),
            () if is_fielded() => Some(4),
            () => None,
        }
    };
    let mut all: Vec<_> = model
        .drawing
        .operators
        .iter()
        .copied()
        .filter_map(|operator| {
            let why = unfitting(operator, &sheet.to, model);
            Some((why.is_some(), rank(&operator)?, operator, why))
        })
        .collect();
    all.sort_by_key(|(is_unfit, rank, ..)| (*is_unfit, *rank));
    all.into_iter().map(|(.., operator, why)| (operator, why)).collect()
}

/// Why an operator cannot stand there.
fn unfitting(operator: &Operator, to: &AddTo, model: &Model) -> Option<&'static str> {
    match to {
        AddTo::Nothing if model.drawing.pipeline.nodes.is_empty() && operator.role != Role::Source => {
            Some("a source comes first")
        }
        AddTo::Nothing => None,
        AddTo::After(_) if operator.role == Role::Source => Some("takes no records"),
        AddTo::Wire(_) if operator.role != Role::Flow => Some("a wire goes through"),
        AddTo::Swap(id) => {
            let role = model.drawing.operator(id).map(|known| known.role);
            (role.is_some() && role != Some(operator.role)).then_some("has other sides")
        }
        AddTo::After(_) | AddTo::Wire(_) => None,
    }
}

/// Draws the list and the selected operator.
pub(crate) fn draw(model: &Model, sheet: &AddSheet, pen: &mut Pen<'_>) {
    let found = found(model, sheet);
    let end = pen.width().saturating_sub(1);
    let title = match &sheet.to {
        AddTo::Nothing => "graph › add".to_string(),
        AddTo::After(port) => format!("graph › {port} › add"),
        AddTo::Wire(edge) => format!("graph › {} › insert", edge.replace("->", " → ")),
        AddTo::Swap(node) => format!("graph › {node} › swap"),
    };
    pen.text(1, 0, Tone::Bold, &title);
    pen.right(end, 0, Tone::Dim, &format!("{} of {} operators", found.len(), model.drawing.operators.len()));
    let is_wide = pen.width() >= 70;
    let split = if is_wide { 31 } else { pen.width() };
    pen.pieces(1, 2, [(Tone::Dim, "search  "), (Tone::Text, sheet.search.with_cursor().as_str())]);
    let chosen = sheet.chosen.min(found.len().saturating_sub(1));
    let room = pen.height().saturating_sub(5);
    let top = (chosen + 1).saturating_sub(room);
    for (y, (operator, why)) in found.iter().enumerate().skip(top).take(room) {
        let row = y - top + 4;
        let is_chosen = y == chosen;
        let tone = match (is_chosen, why) {
            (true, _) => Tone::Chosen,
            (_, Some(_)) => Tone::Dim,
            _ => Tone::Text,
        };
        pen.text(1, row, Tone::Bold, if is_chosen { "▸" } else { " " });
        let x = pen.text(3, row, tone, &cut(operator.name, split.saturating_sub(4)));
        let room = split.saturating_sub(x.max(20) + 2);
        let detail = why.filter(|why| width(why) <= room).unwrap_or(role(operator.role));
        pen.text(x.max(20) + 1, row, Tone::Dim, &cut(detail, room));
    }
    if is_wide {
        for y in 2..pen.height() {
            pen.text(split, y, Tone::Dim, "│");
        }
        if let Some((operator, _)) = found.get(chosen) {
            let (width, height) = (pen.width() - split - 3, pen.height().saturating_sub(2));
            about(operator, &mut pen.part(split + 3, 2, width, height));
        }
    }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Source => "source",
        Role::Flow => "flow",
        Role::Sink => "sink",
    }
}

/// What an operator is: its name, its help, its ports.
fn about(operator: &Operator, pen: &mut Pen<'_>) {
    pen.text(0, 0, Tone::Bold, operator.name);
    let mut y = 2;
    let width = pen.width().saturating_sub(1);
    for paragraph in operator.help.split("\n\n").take(2) {
        for line in wrap(paragraph, width) {
            pen.text(0, y, Tone::Text, &line);
            y += 1;
        }
        y += 1;
    }
    if let Some(ports) = operator.ports() {
        for line in port_lines(&ports) {
            pen.text(0, y, Tone::Dim, &cut(&line, width));
            y += 1;
        }
    }
}

fn port_lines(ports: &Ports) -> Vec<String> {
    let inputs: Vec<&str> = ports.inputs.iter().map(|port| port.name.as_str()).collect();
    let outputs: Vec<&str> = ports.output_names().collect();
    let line = |label: &str, names: Vec<&str>| (!names.is_empty()).then(|| format!("{label:<6}{}", names.join(", ")));
    [line("in", inputs), line("out", outputs)].into_iter().flatten().collect()
}

/// One sentence: what enter does.
pub(crate) fn sentence(model: &Model, sheet: &AddSheet) -> String {
    let found = found(model, sheet);
    match found.get(sheet.chosen.min(found.len().saturating_sub(1))) {
        None => "Nothing is found: fewer letters find more.".into(),
        Some((operator, Some(why))) => format!("{} {why}.", operator.name),
        Some((operator, None)) => match &sheet.to {
            AddTo::Nothing => format!("enter adds {}; the run is untouched until r.", operator.name),
            AddTo::After(port) => format!("enter adds {} after {port}; the run is untouched until r.", operator.name),
            AddTo::Wire(_) => format!("enter inserts {} on this wire.", operator.name),
            AddTo::Swap(node) => format!("enter makes {node} a {}; its wires stay.", operator.name),
        },
    }
}
