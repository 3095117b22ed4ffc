//! What fits where the cursor of a form is: words of a choice, columns of the input, functions, names that are there.

use std::collections::BTreeSet;

use tidegate_core::expr::{aggregate_names, catalogue};
use tidegate_core::faces::topics::cluster_of;
use tidegate_core::form::FieldKind;
use tidegate_core::types::Column;

use super::FormSheet;
use crate::model::Model;
use crate::model::drawing::Drawing;

/// Something that fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Suggestion {
    /// what is put into the line
    pub(crate) text: String,
    /// its type, or signature
    pub(crate) detail: String,
    /// what it is
    pub(crate) what: &'static str,
}

/// The most suggestions at once.
const MOST: usize = 8;

/// What fits in front of the cursor, the best first, and the byte from which on it takes the place of what was typed.
pub(crate) fn suggestions(model: &Model, sheet: &FormSheet) -> (usize, Vec<Suggestion>) {
    let (Some(row), Some(line)) = (sheet.row(), &sheet.editing) else { return (0, Vec::new()) };
    let (start, word) = line.word();
    let whole = |all: Vec<Suggestion>| (0, ranked(line.text().trim(), all));
    match &row.field {
        FieldKind::Choice(choices) => {
            whole(choices.iter().map(|choice| suggestion(&choice.word, &choice.help, "word")).collect())
        }
        FieldKind::Bool => whole(["true", "false"].iter().map(|word| suggestion(word, "", "word")).collect()),
        FieldKind::Column => whole(columns(&model.drawing, &sheet.node).collect()),
        FieldKind::Columns => (start, ranked(word, columns(&model.drawing, &sheet.node).collect())),
        FieldKind::Topic | FieldKind::Topics => whole(topics(model, cluster_of(&sheet.config))),
        FieldKind::Expr if word.is_empty() => (start, Vec::new()),
        FieldKind::Expr => {
            let all = columns(&model.drawing, &sheet.node).chain(functions());
            (start, ranked(word, all.collect()))
        }
        _ => (0, Vec::new()),
    }
}

fn suggestion(text: &str, detail: &str, what: &'static str) -> Suggestion {
    Suggestion { text: text.to_string(), detail: detail.to_string(), what }
}

/// Those that begin with what was typed, then those that have it somewhere.
fn ranked(typed: &str, all: Vec<Suggestion>) -> Vec<Suggestion> {
    let typed = typed.to_lowercase();
    let rank = |suggestion: &Suggestion| {
        let text = suggestion.text.to_lowercase();
        if text.starts_with(&typed) { Some(0) } else { text.contains(&typed).then_some(1) }
    };
    let mut fitting: Vec<(i32, Suggestion)> =
        all.into_iter().filter_map(|suggestion| Some((rank(&suggestion)?, suggestion))).collect();
    fitting.sort_by_key(|(rank, _)| *rank);
    fitting.into_iter().map(|(_, suggestion)| suggestion).take(MOST).collect()
}

/// Columns that come in at a node.
fn columns<'a>(drawing: &'a Drawing, node: &str) -> impl Iterator<Item = Suggestion> + 'a {
    let checked = drawing.place(node).and_then(|place| drawing.checked.nodes.get(place));
    let streams = checked.into_iter().flat_map(|node| node.inputs.iter().flatten());
    let column =
        |column: &Column| Suggestion { text: column.name.clone(), detail: column.data.to_string(), what: "column" };
    let meta = ["_key", "_timestamp", "_topic", "_partition", "_offset"];
    streams
        .flat_map(move |stream| stream.schema.columns.iter().map(column))
        .chain(meta.into_iter().map(|name| suggestion(name, "", "of the record")))
}

fn functions() -> impl Iterator<Item = Suggestion> {
    let function = |function: &tidegate_core::expr::Function| {
        let detail = function.signatures().next().unwrap_or_default();
        suggestion(&format!("{}(", function.name), detail, "function")
    };
    let aggregate = |name: &'static str| suggestion(&format!("{name}("), "", "of a group");
    aggregate_names().map(aggregate).chain(catalogue().iter().map(function))
}

/// Topics that are known here: those that the cluster has, and those that other nodes of the drawing name in it.
fn topics(model: &Model, cluster: &str) -> Vec<Suggestion> {
    let there = model.topics.names(cluster).iter().cloned();
    let drawing = &model.drawing;
    let of_cluster = drawing.pipeline.nodes.iter().filter(|node| cluster_of(&node.config) == cluster);
    let named = of_cluster.flat_map(|node| {
        let form = drawing.operator(&node.id).map(|operator| (operator.form)()).unwrap_or_default();
        let fields = form.fields.into_iter().filter(|field| field.kind == FieldKind::Topic);
        fields.filter_map(|field| Some(node.config.get(&field.name)?.as_str()?.to_string())).collect::<Vec<_>>()
    });
    let topics: BTreeSet<String> = there.chain(named).collect();
    topics.into_iter().map(|topic| suggestion(&topic, "", "topic")).collect()
}
