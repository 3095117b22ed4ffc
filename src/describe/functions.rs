//! Functions of expressions as help pages.

use std::io::{self, Write};

use serde_json::{Value, json};
use tidegate_core::expr::{Category, Function, catalogue};

use crate::common::style::{self, Paint};
use crate::common::table::{Head, Table};

/// All functions, by category.
pub(super) fn list() -> io::Result<()> {
    let paint = Paint::stdout();
    let mut categories: Vec<Category> = catalogue().iter().map(|function| function.category).collect();
    categories.dedup();
    for category in categories {
        let mut table = Table::new([Head::Left(""), Head::Left("")]);
        for function in catalogue().iter().filter(|function| function.category == category) {
            table.row([function.name.to_string(), first_sentence(function.doc).to_string()]);
        }
        writeln!(io::stdout(), "{}", paint.bold(&category.to_string()))?;
        table.print(2)?;
        writeln!(io::stdout())?;
    }
    writeln!(io::stdout(), "{}", paint.dim("`tidegate describe NAME` shows forms and examples of one."))
}

/// The page of a function.
pub(super) fn print(function: &Function) -> io::Result<()> {
    let (paint, mut out) = (Paint::stdout(), io::stdout().lock());
    for signature in function.signatures() {
        writeln!(out, "{}", paint.bold(signature))?;
    }
    writeln!(out)?;
    for line in style::wrap_markdown(function.doc, 2, style::columns()) {
        writeln!(out, "{line}")?;
    }
    writeln!(out)?;
    let longest = function.examples.iter().map(|example| style::length(example.expression)).max().unwrap_or(0).min(44);
    for example in function.examples {
        writeln!(out, "  {:<longest$}  {} {}", example.expression, paint.dim("→"), example.gives)?;
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

fn first_sentence(doc: &str) -> &str {
    doc.split_once(". ").map_or(doc, |(first, _)| first).trim_end_matches('.')
}
