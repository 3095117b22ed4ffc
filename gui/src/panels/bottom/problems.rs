//! What is wrong with what is drawn, errors first; a row leads to its place.

use egui::{Align2, Frame, Margin, Role, ScrollArea, Sense, Ui, WidgetInfo, pos2, vec2};
use tidegate_core::faces::subject::Subject;
use tidegate_core::pipeline::Pipeline;
use tidegate_core::pipeline::edit::fix;
use tidegate_core::problem::{Place, Problem, Severity};

use super::nothing;
use crate::acts::{Act, Chosen, Cx};
use crate::canvas::glyphs;
use crate::widgets;
use crate::{fonts, text};

/// Height of a row.
const ROW: f32 = 28.0;

/// Draws the list.
pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>) {
    let drawing = cx.drawing;
    let problems = sorted(&drawing.checked.problems);
    if problems.is_empty() {
        return nothing(ui, cx, "Nothing is wrong with what is drawn.");
    }
    Frame::NONE.inner_margin(Margin::symmetric(8, 4)).show(ui, |ui| {
        let scroll = ScrollArea::vertical().auto_shrink([false, false]);
        // Those that are not seen cost nothing.
        scroll.show_rows(ui, ROW, problems.len(), |ui, range| {
            problems[range].iter().for_each(|problem| row(ui, cx, problem));
        });
    });
}

/// Errors first, then as they stand.
pub(crate) fn sorted(problems: &[Problem]) -> Vec<&Problem> {
    let mut sorted: Vec<&Problem> = problems.iter().collect();
    sorted.sort_by_key(|problem| std::cmp::Reverse(problem.severity));
    sorted
}

/// What a problem leads to.
pub(crate) fn chosen_of(pipeline: &Pipeline, problem: &Problem) -> Option<Chosen> {
    let Place { node, edge, field, .. } = &problem.place;
    let of_pipeline = || Some(Chosen::part(Subject::of_field(pipeline, field.as_ref()?)?.0));
    node.as_ref().map(Chosen::node).or_else(|| edge.as_ref().map(Chosen::edge)).or_else(of_pipeline)
}

/// The field within what it leads to.
fn field_of(pipeline: &Pipeline, Place { node, edge, field, .. }: &Place) -> Option<String> {
    match node.is_none() && edge.is_none() {
        true => Some(Subject::of_field(pipeline, field.as_ref()?)?.1),
        false => field.clone(),
    }
}

/// A place without the letters within its field: those are marked there.
fn short(place: &Place) -> String {
    Place { span: None, ..place.clone() }.to_string()
}

fn row(ui: &mut Ui, cx: &mut Cx<'_>, problem: &Problem) {
    let place = problem.place.to_string();
    let name = format!("{place}: {}", problem.message);
    let (rect, response) = widgets::row(ui, cx.theme, ROW, &name, false);
    let theme = cx.theme;
    let at = pos2(rect.left() + 14.0, rect.center().y);
    match problem.severity {
        Severity::Error => glyphs::fault(ui.painter(), theme, at, 5.5),
        Severity::Warning => glyphs::warning(ui.painter(), theme, at, 5.5),
        Severity::Note => {
            ui.painter().circle_stroke(at, 4.0, egui::Stroke::new(1.5, theme.late.graphic));
        }
    }
    let middle = rect.center().y;
    let left = pos2(rect.left() + 28.0, middle);
    let font = (fonts::mono(11.5), theme.text2);
    let shown = text::write(ui.painter(), left, Align2::LEFT_CENTER, &short(&problem.place), font, rect.width() * 0.28);
    let start = pos2((shown.right() + 16.0).max(rect.left() + 180.0), middle);
    let font = (fonts::text(12.5), theme.text);
    let room = (rect.right() - start.x) * 0.62;
    let shown = text::write(ui.painter(), start, Align2::LEFT_CENTER, &problem.message, font, room);
    let start = pos2(shown.right() + 16.0, middle);
    let room = (rect.right() - start.x - 8.0).max(1.0);
    let edit = fix(&cx.drawing.pipeline, problem).filter(|_| cx.rights.may_build);
    let colour = if edit.is_some() { theme.accent } else { theme.text2 };
    let remedy =
        text::write(ui.painter(), start, Align2::LEFT_CENTER, &problem.remedy, (fonts::text(12.5), colour), room);
    if let Some(edit) = edit {
        let link = ui.interact(remedy.expand2(vec2(4.0, 5.0)), response.id.with("remedy"), Sense::click());
        link.widget_info(|| WidgetInfo::labeled(Role::Link, true, format!("do it: {}", problem.remedy)));
        widgets::focus_ring(ui, theme, &link);
        if link.clicked() {
            return cx.ask(Act::Edit(edit));
        }
    }
    if response.clicked()
        && let Some(chosen) = chosen_of(&cx.drawing.pipeline, problem)
    {
        cx.ask(Act::Field(field_of(&cx.drawing.pipeline, &problem.place)));
        cx.ask(Act::Show(chosen));
    }
    response.on_hover_text(format!("{}\n{}", problem.message, problem.remedy));
}
