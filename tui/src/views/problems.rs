//! Problems of the drawn pipeline: errors, warnings, notes, each with its place and what helps.

use tidegate_core::pipeline::edit::fix;
use tidegate_core::problem::{Problem, Severity};

use crate::model::Model;
use crate::numbers;
use crate::pen::{Pen, cut, cut_middle, wrap};
use crate::theme::Tone;

/// All problems, the worst first, else in the order in which they were found.
pub(crate) fn sorted(model: &Model) -> Vec<&Problem> {
    let mut problems: Vec<&Problem> = model.drawing.checked.problems.iter().collect();
    problems.sort_by_key(|problem| std::cmp::Reverse(problem.severity));
    problems
}

/// Where a problem is, as the file names it.
fn place(problem: &Problem) -> String {
    let place = &problem.place;
    let node = place.node.clone().or(place.edge.as_ref().map(|edge| edge.replace("->", " → ")));
    let parts = [node, place.port.clone(), place.field.clone()];
    let text = parts.into_iter().flatten().collect::<Vec<_>>().join(".");
    if text.is_empty() { "file".into() } else { text }
}

/// Draws the list.
pub(crate) fn draw(model: &Model, chosen: usize, pen: &mut Pen<'_>) {
    let problems = sorted(model);
    let of = |severity: Severity| problems.iter().filter(|problem| problem.severity == severity).count();
    pen.text(1, 0, Tone::Bold, "graph › problems");
    let counts = format!(
        "{}   {}   {}",
        numbers::several(of(Severity::Error), "error"),
        numbers::several(of(Severity::Warning), "warning"),
        numbers::several(of(Severity::Note), "note")
    );
    let end = pen.width().saturating_sub(1);
    pen.right(end, 0, Tone::Text, &counts);
    if problems.is_empty() {
        pen.text(1, 2, Tone::Text, "The drawing has no problems.");
        return;
    }
    let column = if pen.width() >= 70 { 27 } else { 18 };
    pen.text(5, 2, Tone::Dim, "WHERE");
    pen.text(column, 2, Tone::Dim, "WHAT AND REMEDY");
    let foot = 3;
    let room = pen.height().saturating_sub(3 + foot);
    let blocks: Vec<Vec<(Tone, String)>> = problems.iter().map(|it| block(it, end.saturating_sub(column))).collect();
    // As many blocks above the selected one as leave it in sight.
    let chosen = chosen.min(problems.len() - 1);
    let mut top = 0;
    while top < chosen && blocks[top..=chosen].iter().map(Vec::len).sum::<usize>() > room {
        top += 1;
    }
    let mut y = 3;
    for (place_of, (problem, block)) in problems.iter().zip(&blocks).enumerate().skip(top) {
        if y >= 3 + room {
            break;
        }
        let is_chosen = place_of == chosen;
        let (tone, letter) = super::log::letter(problem.severity);
        pen.text(1, y, Tone::Bold, if is_chosen { "▸" } else { " " });
        pen.text(3, y, tone, letter);
        let name = cut_middle(&place(problem), column.saturating_sub(6));
        pen.text(5, y, if is_chosen { Tone::Chosen } else { Tone::Text }, &name);
        for (tone, line) in block.iter().take((3 + room).saturating_sub(y)) {
            pen.text(column, y, *tone, line);
            y += 1;
        }
    }
    span(model, problems[chosen], pen);
}

fn block(problem: &Problem, cells: usize) -> Vec<(Tone, String)> {
    let message = wrap(&problem.message, cells).into_iter().map(|line| (Tone::Text, line));
    let remedy = wrap(&problem.remedy, cells);
    message.chain(remedy.into_iter().map(|line| (Tone::Dim, line))).collect()
}

/// The text that is meant, with a mark below.
fn span(model: &Model, problem: &Problem, pen: &mut Pen<'_>) {
    let place = &problem.place;
    let (Some(node), Some(field), Some(span)) = (&place.node, &place.field, &place.span) else { return };
    let value = model.drawing.pipeline.node(node).and_then(|node| {
        let mut names = field.split('.');
        let first = node.config.get(names.next()?)?;
        names.try_fold(first, |value, name| value.get(name))?.as_str()
    });
    let Some(text) = value else { return };
    let y = pen.height().saturating_sub(2);
    let label = format!("{}  ", field.rsplit('.').next().unwrap_or(field));
    let x = pen.text(5, y, Tone::Dim, &label);
    pen.text(x, y, Tone::Text, &cut(text, pen.width().saturating_sub(x + 1)));
    pen.text(x + mark_at(text, span.start), y + 1, Tone::Bad, &mark(text, span));
}

/// Cells in front of a span.
pub(crate) fn mark_at(text: &str, start: usize) -> usize {
    crate::pen::width(text.get(..start).unwrap_or(text))
}

/// A mark as wide as the span.
pub(crate) fn mark(text: &str, span: &std::ops::Range<usize>) -> String {
    let cells = text.get(span.clone()).map_or(1, crate::pen::width).max(1);
    "^".repeat(cells)
}

/// One sentence: what enter does.
pub(crate) fn sentence(model: &Model, chosen: usize) -> String {
    let problems = sorted(model);
    match problems.get(chosen.min(problems.len().saturating_sub(1))) {
        None => "Nothing keeps the drawing from running.".into(),
        Some(problem) => {
            let is_field = problem.place.field.is_some() && problem.place.node.is_some();
            let go = if is_field { "enter opens the field" } else { "enter goes there" };
            let is_offered = model.rights.may_build && fix(&model.drawing.pipeline, problem).is_some();
            match problem.fix.as_ref().filter(|_| is_offered) {
                Some(fix) => format!("{go}; x takes the remedy: {fix}."),
                None => format!("{go}."),
            }
        }
    }
}
