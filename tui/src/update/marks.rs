//! What takes several nodes: marks, copying, pasting.

use tidegate_core::pipeline::Point;
use tidegate_core::pipeline::edit::Fragment;

use super::build;
use crate::commands::View;
use crate::model::Model;
use crate::model::place::Chosen;
use crate::views;

/// How far a copy stands from what it was copied of, on the canvas.
const SHIFT: Point = Point { x: 40, y: 40 };

/// Marks the selected node, or takes its mark away.
pub(super) fn mark(model: &mut Model) {
    let Some(Chosen::Node(id)) = model.place.graph.chosen.clone() else { return };
    let marked = &mut model.place.graph.marked;
    if !marked.remove(&id) {
        marked.insert(id);
    }
    model.said = Some(match marked.len() {
        0 => "Nothing is marked.".into(),
        1 => "1 node is marked; y copies it, d deletes it.".into(),
        several => format!("{several} nodes are marked; y copies them, d deletes them."),
    });
}

/// The marked nodes and the wires between them, or the selected node; none where that is no node.
pub(super) fn copied(model: &Model) -> Option<Fragment> {
    let Some(Chosen::Node(chosen)) = &model.place.graph.chosen else { return None };
    let marked = &model.place.graph.marked;
    let is_meant = |id: &str| if marked.is_empty() { id == chosen } else { marked.contains(id) };
    Some(Fragment::copy(&model.drawing.pipeline, is_meant))
}

/// Puts what was copied into the drawing.
pub(super) fn paste(model: &mut Model) {
    if model.clip.nodes.is_empty() {
        model.said = Some("Nothing was copied yet: y copies the selected node, or those that are marked.".into());
        return;
    }
    let (edit, ids) = model.clip.paste(&model.drawing.pipeline, SHIFT);
    if build::apply(model, &edit)
        && let Some(first) = ids.first()
    {
        views::choose_node(model, first);
        model.place.graph.marked = if ids.len() > 1 { ids.into_iter().collect() } else { Default::default() };
    }
}

/// A text that comes from the terminal's clipboard: nodes, where it holds some.
pub(super) fn paste_text(model: &mut Model, text: &str) {
    if model.place.view != View::Graph || !model.rights.may_build || !model.place.sheets.is_empty() {
        return;
    }
    match serde_json::from_str::<Fragment>(text) {
        Ok(fragment) => {
            model.clip = fragment;
            paste(model);
        }
        Err(_) => model.said = Some("What was pasted holds no nodes: y copies some.".into()),
    }
}
