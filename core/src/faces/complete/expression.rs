//! What fits in an expression: columns and what else is known of a record, fields of structs, functions, aggregates where the
//! row takes them, keywords.

use super::{Fitting, Suggestion, name, plain, ranked, streams, takes_aggregates};
use crate::expr::{Function, aggregates, catalogue};
use crate::faces::drawing::Drawing;
use crate::faces::rows::{FormRow, RowKind};
use crate::types::{Column, Type};

/// Words that mean something in an expression. A name that is one of them is written in quotes.
pub const KEYWORDS: &[&str] = &[
    "AND",
    "AS",
    "AT",
    "BETWEEN",
    "BY",
    "CASE",
    "CAST",
    "DATE",
    "DISTINCT",
    "ELSE",
    "END",
    "ESCAPE",
    "EXTRACT",
    "FALSE",
    "FILTER",
    "FROM",
    "ILIKE",
    "IN",
    "INTERVAL",
    "IS",
    "LIKE",
    "NOT",
    "NULL",
    "OR",
    "ORDER",
    "SIMILAR",
    "THEN",
    "TIME",
    "TIMESTAMP",
    "TO",
    "TRUE",
    "WHEN",
    "WHERE",
    "ZONE",
];

/// What fits in front of a cursor in an expression, behind this text.
pub(super) fn fitting(drawing: &Drawing, node: &str, row: &FormRow, before: &str) -> Fitting {
    // An entry is typed as `name = expression`; the name is the user's.
    let begins = match row.kind {
        RowKind::Entry | RowKind::Add => match before.find('=') {
            Some(equals) => equals + 1,
            None => return Fitting::default(),
        },
        _ => 0,
    };
    let (from, typed) = name_before(before);
    if from < begins || is_in_quotes(&before[begins..from]) {
        return Fitting::default();
    }
    if let Some(path) = before[begins..from].strip_suffix('.') {
        return Fitting { from, all: ranked(typed, fields(drawing, node, path)) };
    }
    if typed.starts_with(|first: char| first.is_ascii_digit()) {
        return Fitting::default();
    }
    let mut all = columns(drawing, node);
    if takes_aggregates(drawing, node, row) {
        all.extend(calls());
    }
    all.extend(catalogue().iter().map(function));
    all.extend(KEYWORDS.iter().map(|keyword| plain(keyword, "", "keyword")));
    Fitting { from, all: ranked(typed, all) }
}

/// The name that ends a text, and where it begins.
fn name_before(text: &str) -> (usize, &str) {
    let is_in = |letter: &char| letter.is_alphanumeric() || *letter == '_';
    let length: usize = text.chars().rev().take_while(is_in).map(char::len_utf8).sum();
    text.split_at_checked(text.len() - length).map_or((0, text), |(before, name)| (before.len(), name))
}

/// A text ends within quotes: an odd number of them, for a doubled one stands for itself.
fn is_in_quotes(text: &str) -> bool {
    text.matches('\'').count() % 2 == 1
}

/// Columns that come in at a node, and what else is known of a record.
fn columns(drawing: &Drawing, node: &str) -> Vec<Suggestion> {
    let mut all: Vec<Suggestion> = Vec::new();
    for stream in streams(drawing, node) {
        let of_record = [
            ("_key", stream.key.data_type().to_string()),
            ("_timestamp", Type::Timestamp.to_string()),
            ("_topic", Type::Text.to_string()),
            ("_partition", Type::Int64.to_string()),
            ("_offset", Type::Int64.to_string()),
            ("_headers", "a text by name".to_string()),
        ];
        let of_window = ["_window_start", "_window_end"].map(|name| (name, Type::Timestamp.to_string()));
        let beside = of_record.into_iter().chain(of_window.into_iter().filter(|_| stream.windowed));
        let columns = stream.schema.columns.iter().map(column);
        let new = columns.chain(beside.map(|(name, data)| plain(name, &data, "of the record")));
        for suggestion in new {
            if !all.iter().any(|known| known.text == suggestion.text) {
                all.push(suggestion);
            }
        }
    }
    all
}

fn column(column: &Column) -> Suggestion {
    Suggestion { text: quoted(&column.name), ..name(column) }
}

/// A name as expressions take it.
fn quoted(name: &str) -> String {
    let is_plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && !KEYWORDS.iter().any(|keyword| keyword.eq_ignore_ascii_case(name));
    if is_plain { name.to_string() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

/// Fields of the struct that a path of names ends in.
fn fields(drawing: &Drawing, node: &str, before: &str) -> Vec<Suggestion> {
    let is_of_path = |letter: &char| letter.is_alphanumeric() || ['_', '.', '"'].contains(letter);
    let length: usize = before.chars().rev().take_while(is_of_path).map(char::len_utf8).sum();
    let path: Vec<String> =
        before[before.len() - length..].split('.').map(|name| name.trim_matches('"').to_string()).collect();
    let mut found = Vec::new();
    for stream in streams(drawing, node) {
        let mut level = &stream.schema.columns;
        let is_there = path.iter().all(|name| match level.iter().find(|column| column.name == *name) {
            Some(Column { data: Type::Struct(inner), .. }) => {
                level = inner;
                true
            }
            _ => false,
        });
        if is_there {
            found.extend(level.iter().map(column));
        }
    }
    found
}

fn function(function: &Function) -> Suggestion {
    let example = function.examples.first().map(|example| (example.expression.into(), example.gives.into()));
    let detail = function.signatures().next().unwrap_or_default();
    let help = function.doc.to_string();
    Suggestion { help, example, ..plain(&format!("{}(", function.name), detail, "function") }
}

/// Calls of aggregates, by all of their names.
fn calls() -> impl Iterator<Item = Suggestion> {
    aggregates().iter().flat_map(|aggregate| {
        [aggregate.name].into_iter().chain(aggregate.aliases.iter().copied()).map(|name| {
            let detail = aggregate.signatures.first().copied().unwrap_or_default();
            let example = aggregate.examples.first().map(|example| {
                let of = format!("{} of {}", example.expression, example.of);
                (of, example.gives.to_string())
            });
            let help = aggregate.doc.to_string();
            Suggestion { help, example, ..plain(&format!("{name}("), detail, "of a group") }
        })
    })
}
