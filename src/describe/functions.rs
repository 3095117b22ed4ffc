//! Functions of expressions and aggregates as help pages.

use std::io::{self, Write};

use serde_json::{Value, json};
use tidegate_core::expr::{Aggregate, AggregateExample, Category, Function, aggregates, catalogue};

use crate::common::style::{self, Paint};
use crate::common::table::{Head, Table};

/// The category under which aggregates are shown.
const AGGREGATE: &str = "aggregation";

/// All functions by category, then the aggregates.
pub(super) fn list() -> io::Result<()> {
    let mut categories: Vec<Category> = catalogue().iter().map(|function| function.category).collect();
    categories.dedup();
    for category in categories {
        let mut table = Table::new([Head::Left(""), Head::Left("")]);
        for function in catalogue().iter().filter(|function| function.category == category) {
            table.row([function.name.to_string(), first_sentence(function.doc).to_string()]);
        }
        print_table(&category.to_string(), &table)?;
    }
    list_aggregates()
}

/// All aggregates.
pub(super) fn list_aggregates() -> io::Result<()> {
    let mut table = Table::new([Head::Left(""), Head::Left("")]);
    aggregates().iter().for_each(|it| table.row([it.name.to_string(), first_sentence(it.doc).to_string()]));
    print_table(AGGREGATE, &table)?;
    writeln!(io::stdout(), "{}", Paint::stdout().dim("`tidegate describe NAME` shows forms and examples of one."))
}

fn print_table(title: &str, table: &Table) -> io::Result<()> {
    writeln!(io::stdout(), "{}", Paint::stdout().bold(title))?;
    table.print(2)?;
    writeln!(io::stdout())
}

/// The page of a function.
pub(super) fn print(function: &Function) -> io::Result<()> {
    let examples = function.examples.iter().map(|example| (example.expression.to_string(), example.gives));
    print_page(function.signatures(), function.doc, examples.collect())
}

/// The page of an aggregate.
pub(super) fn print_aggregate(aggregate: &Aggregate) -> io::Result<()> {
    let others = match aggregate.aliases {
        [] => String::new(),
        aliases => format!(" It is also called {}.", aliases.join(", ")),
    };
    let doc = format!("{}{others} FILTER (WHERE …) behind it takes only some records.", aggregate.doc);
    let of = |example: &AggregateExample| format!("{} of {}", example.expression, example.of);
    let examples = aggregate.examples.iter().map(|example| (of(example), example.gives));
    print_page(aggregate.signatures.iter().copied(), &doc, examples.collect())
}

fn print_page<'a>(
    signatures: impl Iterator<Item = &'a str>,
    doc: &str,
    examples: Vec<(String, &str)>,
) -> io::Result<()> {
    let (paint, mut out) = (Paint::stdout(), io::stdout().lock());
    for signature in signatures {
        writeln!(out, "{}", paint.bold(signature))?;
    }
    writeln!(out)?;
    for line in style::wrap_markdown(doc, 2, style::columns()) {
        writeln!(out, "{line}")?;
    }
    writeln!(out)?;
    let longest = examples.iter().map(|(expression, _)| style::length(expression)).max().unwrap_or(0).min(44);
    for (expression, gives) in examples {
        writeln!(out, "  {expression:<longest$}  {} {gives}", paint.dim("→"))?;
    }
    Ok(())
}

/// A function as data.
pub(super) fn to_json(function: &Function) -> Value {
    let examples: Vec<Value> = function
        .examples
        .iter()
        .map(|example| json!({ "expression": example.expression, "gives": example.gives }))
        .collect();
    json!({
        "name": function.name,
        "category": function.category.to_string(),
        "signatures": function.signatures().collect::<Vec<_>>(),
        "doc": function.doc,
        "examples": examples,
    })
}

/// An aggregate as data.
pub(super) fn aggregate_to_json(aggregate: &Aggregate) -> Value {
    let example = |example: &AggregateExample| json!({ "expression": example.expression, "of": example.of, "gives": example.gives });
    json!({
        "name": aggregate.name,
        "aliases": aggregate.aliases,
        "category": AGGREGATE,
        "signatures": aggregate.signatures,
        "doc": aggregate.doc,
        "examples": aggregate.examples.iter().map(example).collect::<Vec<_>>(),
    })
}

fn first_sentence(doc: &str) -> &str {
    doc.split_once(". ").map_or(doc, |(first, _)| first).trim_end_matches('.')
}
