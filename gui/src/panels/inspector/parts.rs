//! What every node has beside its settings: the id that durable names are made of, whether it runs, what failures do.

use egui::{TextEdit, Ui, vec2};
use tidegate_core::faces::subject::Subject;
use tidegate_core::pipeline::edit::Edit;
use tidegate_core::problem::Severity;

use super::form::{self, Draft};
use super::{InspectorSeen, changing, line, part};
use crate::acts::{Act, Cx};
use crate::fonts;

/// The field of the id.
const ID: &str = "(id)";

/// Draws it.
pub(super) fn show(ui: &mut Ui, cx: &mut Cx<'_>, id: &str, seen: &mut InspectorSeen) {
    line(ui, cx);
    part(ui, cx, "Id", "durable");
    changing(ui, cx, |ui, cx| rename(ui, cx, id, seen));
    form::show(ui, cx, &Subject::Node(id.to_string()), seen, |_| true);
}

fn rename(ui: &mut Ui, cx: &mut Cx<'_>, id: &str, seen: &mut InspectorSeen) {
    let subject = Subject::Node(id.to_string());
    let is_this = |draft: &Draft| draft.subject == subject && draft.field == ID;
    let draft = seen.draft.as_ref().filter(|draft| is_this(draft));
    let mut text = draft.map_or_else(|| id.to_string(), |draft| draft.text.clone());
    let complaint = draft.and_then(|draft| draft.complaint.clone());
    let edit = TextEdit::singleline(&mut text).font(fonts::mono(11.5)).desired_width(f32::INFINITY);
    let response = ui.add(edit.margin(vec2(8.0, 6.0)));
    response.clone().accessible_name("Id");
    let step = || Edit::RenameNode { id: id.to_string(), to: text.trim().to_string() };
    if response.changed() {
        let step = (text.trim() != id).then(step);
        let complaint = step.as_ref().and_then(|step| cx.drawing.refusal(step)).map(|why| why.to_string());
        let edit = step.filter(|_| complaint.is_none());
        seen.draft = Some(Draft { complaint, edit, ..Draft::plain(subject.clone(), ID, text.clone()) });
    }
    if let Some(complaint) = complaint {
        form::said(ui, cx, &complaint, Severity::Error);
    } else if response.has_focus() {
        form::hint(ui, cx, "What it keeps stays behind under the old id.");
    }
    if response.lost_focus()
        && let Some(draft) = seen.draft.take_if(|draft| is_this(draft))
        && draft.edit.is_some()
        && !ui.input(|input| input.key_pressed(egui::Key::Escape))
    {
        cx.ask(Act::Rename { id: id.to_string(), to: draft.text.trim().to_string() });
    }
}
