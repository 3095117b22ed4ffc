//! What fits where somebody types into a row of a form: words of a choice, columns that come in, functions with what they
//! take and give, keywords, topics; and what an expression gives. It knows neither keys nor screens.

mod expression;

use std::collections::BTreeSet;

use super::drawing::Drawing;
use super::rows::{FormRow, RowKind};
use super::topics::{Topics, cluster_of};
use crate::expr::{AggregateCall, Expr, Scope};
use crate::form::{Choice, FieldKind};
use crate::operators::Family;
use crate::types::{Column, Stream, Type};

pub use expression::KEYWORDS;

/// Something that fits.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Suggestion {
    /// what is put into the text
    pub text: String,
    /// its type, or how it is called
    pub detail: String,
    /// what it is, in a word or two
    pub what: &'static str,
    /// what it does, in a sentence or more
    pub help: String,
    /// a use of it, and what that gives
    pub example: Option<(String, String)>,
}

/// What fits in front of a cursor.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fitting {
    /// the byte from which on it takes the place of what was typed
    pub from: usize,
    /// the best first
    pub all: Vec<Suggestion>,
}

/// The most suggestions at once.
const MOST: usize = 40;

/// What fits in front of byte `at` of what is typed into a row of a node's form. `topics` are those that are known.
pub fn fitting(drawing: &Drawing, node: &str, row: &FormRow, text: &str, at: usize, topics: &[Suggestion]) -> Fitting {
    let before = text.get(..at).unwrap_or(text);
    let whole = |all: Vec<Suggestion>| Fitting { from: 0, all: ranked(text.trim(), all) };
    match &row.field {
        FieldKind::Choice(choices) => whole(choices.iter().map(word).collect()),
        FieldKind::Bool => whole(["true", "false"].map(|word| plain(word, "", "word")).into()),
        FieldKind::Column => whole(names(drawing, node)),
        FieldKind::Columns => listed(before, names(drawing, node)),
        FieldKind::Topic => whole(topics.to_vec()),
        FieldKind::Topics => listed(before, topics.to_vec()),
        FieldKind::Expr => expression::fitting(drawing, node, row, before),
        _ => Fitting::default(),
    }
}

/// Topics that may be meant: those that a cluster has, as far as it has told, and those that nodes name in it.
pub fn topics(drawing: &Drawing, known: &Topics, cluster: &str) -> Vec<Suggestion> {
    let of_cluster = drawing.pipeline.nodes.iter().filter(|node| cluster_of(&node.config) == cluster);
    let named = of_cluster.flat_map(|node| {
        let form = drawing.operator(&node.id).map(|operator| (operator.form)()).unwrap_or_default();
        let fields = form.fields.into_iter().filter(|field| field.kind == FieldKind::Topic);
        fields.filter_map(|field| Some(node.config.get(&field.name)?.as_str()?.to_string())).collect::<Vec<_>>()
    });
    let all: BTreeSet<String> = known.names(cluster).iter().cloned().chain(named).collect();
    all.iter().filter(|topic| !topic.contains("${")).map(|topic| plain(topic, "", "topic")).collect()
}

/// The type of what an expression gives, as it is written; none where it is not known, or is no expression.
pub fn gives(drawing: &Drawing, node: &str, row: &FormRow, text: &str) -> Option<String> {
    if row.field != FieldKind::Expr {
        return None;
    }
    let text = match row.kind {
        RowKind::Entry | RowKind::Add => text.split_once('=')?.1.trim(),
        _ => text,
    };
    let written = |data: &Type, required: bool| format!("{data}{}", if required { "!" } else { "" });
    let of = |stream: &Stream| {
        let scope = Scope::from(stream);
        if takes_aggregates(drawing, node, row) {
            return AggregateCall::compile(text, &scope).ok().map(|call| written(&call.data, call.is_required()));
        }
        Expr::compile(text, &scope).ok().map(|expr| written(expr.data_type(), expr.is_required()))
    };
    // Which of several inputs is meant, only the operator knows: they must agree.
    let mut types = streams(drawing, node).filter_map(of);
    let first = types.next()?;
    types.all(|other| other == first).then_some(first)
}

fn plain(text: &str, detail: &str, what: &'static str) -> Suggestion {
    Suggestion { text: text.to_string(), detail: detail.to_string(), what, ..Suggestion::default() }
}

fn word(choice: &Choice) -> Suggestion {
    Suggestion { help: choice.help.clone(), ..plain(&choice.word, "", "word") }
}

/// One of several with commas between them.
fn listed(before: &str, all: Vec<Suggestion>) -> Fitting {
    let start = before.rfind([',', '[']).map_or(0, |comma| comma + 1);
    let typed = &before[start..];
    let from = start + (typed.len() - typed.trim_start().len());
    Fitting { from, all: ranked(typed.trim(), all) }
}

/// Those that begin with what was typed, then those that have it somewhere; keywords only where they begin so.
fn ranked(typed: &str, all: Vec<Suggestion>) -> Vec<Suggestion> {
    let typed = typed.to_lowercase();
    let rank = |suggestion: &Suggestion| {
        let text = suggestion.text.to_lowercase();
        match () {
            () if text.trim_start_matches('"').starts_with(&typed) => Some(0),
            () if suggestion.what != "keyword" && text.contains(&typed) => Some(1),
            () => None,
        }
    };
    let mut fitting: Vec<(i32, Suggestion)> =
        all.into_iter().filter_map(|suggestion| Some((rank(&suggestion)?, suggestion))).collect();
    fitting.sort_by_key(|(rank, _)| *rank);
    fitting.into_iter().map(|(_, suggestion)| suggestion).take(MOST).collect()
}

/// What comes in at a node.
fn streams<'a>(drawing: &'a Drawing, node: &str) -> impl Iterator<Item = &'a Stream> + use<'a> {
    let checked = drawing.place(node).and_then(|place| drawing.checked.nodes.get(place));
    checked.into_iter().flat_map(|node| node.inputs.iter().flatten())
}

/// A column by its name, as it stands in lists of names.
fn name(column: &Column) -> Suggestion {
    let required = if column.required { "!" } else { "" };
    plain(&column.name, &format!("{}{required}", column.data), "column")
}

/// Names of columns that come in at a node.
fn names(drawing: &Drawing, node: &str) -> Vec<Suggestion> {
    let mut all: Vec<Suggestion> = Vec::new();
    for column in streams(drawing, node).flat_map(|stream| stream.schema.columns.iter()) {
        if !all.iter().any(|known| known.text == column.name) {
            all.push(name(column));
        }
    }
    all
}

/// The values of a map of a node that aggregates are calls of aggregates.
fn takes_aggregates(drawing: &Drawing, node: &str, row: &FormRow) -> bool {
    let family = drawing.operator(node).map(|operator| operator.family);
    row.kind != RowKind::Value && matches!(family, Some(Family::Windows | Family::Tables))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::check::{CheckOptions, check};
    use crate::faces::rows::rows;
    use crate::operators;
    use crate::pipeline::Pipeline;

    fn drawing() -> Drawing {
        let schema = json!({ "price": "float64!", "from here": "text", "user": { "struct": { "name": "text", "age": "int64" } } });
        let document = json!({
            "tidegate": 1, "name": "t",
            "nodes": [
                { "id": "s", "operator": "kafka-source", "config": { "topic": "trades", "schema": schema } },
                { "id": "f", "operator": "filter", "config": { "condition": "price > 1" } },
                { "id": "m", "operator": "map", "config": { "columns": { "twice": "price * 2" } } },
                { "id": "a", "operator": "aggregate", "config": { "aggregates": { "n": "count(*)" } } },
                { "id": "k", "operator": "key-by", "config": { "columns": ["price"] } },
                { "id": "o", "operator": "kafka-sink", "config": { "topic": "out" } }
            ],
            "edges": [
                { "from": "s.out", "to": "f.in" }, { "from": "s.out", "to": "m.in" }, { "from": "s.out", "to": "a.in" },
                { "from": "s.out", "to": "k.in" }, { "from": "f.out", "to": "o.in" }
            ]
        });
        let pipeline = Pipeline::parse(&document.to_string()).0.unwrap();
        let checker = Arc::new(|pipeline: &Pipeline, _: &[(String, String)]| check(pipeline, &CheckOptions::new(&[])));
        Drawing::new(pipeline, None, operators::ALL, checker)
    }

    fn row(drawing: &Drawing, node: &str, label: &str) -> FormRow {
        let form = (drawing.operator(node).unwrap().form)();
        let config = &drawing.pipeline.node(node).unwrap().config;
        rows(&form, config).into_iter().find(|row| row.label == label).unwrap_or_else(|| panic!("{node}: {label}"))
    }

    /// What fits at `|`: the text from which on it is put in, and the first few.
    fn fits(node: &str, label: &str, text: &str) -> (String, Vec<String>) {
        let drawing = drawing();
        let (before, behind) = text.split_once('|').unwrap();
        let text = format!("{before}{behind}");
        let mut told = Topics::default();
        told.take("default".into(), Ok(vec!["transfers".into()]));
        let known = topics(&drawing, &told, "default");
        let fitting = fitting(&drawing, node, &row(&drawing, node, label), &text, before.len(), &known);
        let texts = fitting.all.into_iter().map(|suggestion| suggestion.text).take(3).collect();
        (before[fitting.from..].to_string(), texts)
    }

    #[test]
    fn what_fits_is_suggested() {
        for (node, label, text, typed, expected) in [
            ("f", "condition", "pri|", "pri", &["price"][..]),
            ("f", "condition", "price > 1 and fro|", "fro", &["\"from here\"", "FROM"]),
            ("f", "condition", "user.|", "", &["name", "age"]),
            ("f", "condition", "user.a|ge", "a", &["age", "name"]),
            ("f", "condition", "'pri|", "pri", &[]),
            ("f", "condition", "12|", "12", &[]),
            ("f", "condition", "betw|", "betw", &["BETWEEN"]),
            ("f", "condition", "coal|", "coal", &["coalesce("]),
            ("f", "condition", "stdd|", "stdd", &[]),
            ("a", "n", "n = stdd|", "stdd", &["stddev(", "stddev_samp(", "stddev_pop("]),
            ("a", "n", "pr|", "pr", &[]),
            ("m", "+", "thrice = pri|", "pri", &["price"]),
            ("k", "columns", "price, fro|", "fro", &["from here"]),
            ("o", "topic", "tr|", "tr", &["trades", "transfers"]),
        ] {
            let (found, texts) = fits(node, label, text);
            let expected: Vec<String> = expected.iter().map(|text| text.to_string()).collect();
            // What does not fit is put in from the start.
            let typed = if expected.is_empty() { found.as_str() } else { typed };
            assert_eq!(
                (found.as_str(), &texts[..expected.len().min(texts.len())]),
                (typed, &expected[..]),
                "{node}: {text}"
            );
            assert!(!expected.is_empty() || texts.is_empty(), "{node}: {text}: {texts:?}");
        }
    }

    #[test]
    fn functions_say_what_they_take_and_an_example() {
        let drawing = drawing();
        let row = row(&drawing, "f", "condition");
        let fitting = fitting(&drawing, "f", &row, "round", 5, &[]);
        let round = fitting.all.iter().find(|suggestion| suggestion.text == "round(").unwrap();
        assert!(round.detail.starts_with("round(") && round.detail.contains('→'), "{round:?}");
        assert!(!round.help.is_empty() && round.example.is_some());
    }

    #[test]
    fn an_expression_tells_its_type() {
        let drawing = drawing();
        let gives = |node: &str, label: &str, text: &str| gives(&drawing, node, &row(&drawing, node, label), text);
        assert_eq!(gives("f", "condition", "price > 1").as_deref(), Some("bool!"));
        assert_eq!(gives("f", "condition", "user.age + 1").as_deref(), Some("int64"));
        assert_eq!(gives("f", "condition", "price >"), None);
        assert_eq!(gives("m", "twice", "twice = price * 2").as_deref(), Some("float64!"));
        assert_eq!(gives("a", "n", "n = count(*)").as_deref(), Some("int64!"));
        assert_eq!(gives("a", "n", "n = price"), None, "it is no aggregate");
        assert_eq!(gives("o", "topic", "price"), None);
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_no_panic_and_begins_within(text in "\\PC{0,24}", at in 0usize..30) {
            let drawing = drawing();
            for (node, label) in [("f", "condition"), ("a", "n"), ("k", "columns"), ("o", "topic"), ("m", "+")] {
                let row = row(&drawing, node, label);
                let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
                let found = fitting(&drawing, node, &row, &text, at, &[]);
                prop_assert!(found.from <= at && text.is_char_boundary(found.from));
                gives(&drawing, node, &row, &text);
            }
        }
    }
}
