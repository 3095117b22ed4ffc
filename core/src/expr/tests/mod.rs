//! Tests of the whole room: against PostgreSQL's results, the catalogue's own examples, what problems say, and laws.

mod catalogue;
mod laws;
mod metadata;
mod postgres;
mod problems;
mod speed;

use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::cast::AsArray;
use arrow_buffer::ScalarBuffer;
use serde_json::json;

use super::{Expr, ExprProblem, Scope};
use crate::batch::{Batch, Origin, bytes_column};
use crate::types::{Column, Gaps, KeyFormat, Schema, Type};

/// The schema that most tests look at.
fn trades() -> Scope {
    let schema = Schema::from_notation(&json!({
        "symbol": "text!", "price": "float64", "qty": "int64", "side": "text", "note": "text", "fee": "decimal(10,2)",
        "ts": "timestamp", "wait": "interval", "raw": "bytes", "ok": "bool", "tags": { "list": "text" },
        "account": { "struct": { "tier": "text", "limits": { "struct": { "daily": "int64!" } } } }
    }))
    .unwrap();
    Scope { schema: Arc::new(schema), key: KeyFormat::Text, windowed: false, gaps: Gaps::default() }
}

fn compile(text: &str) -> Result<Expr, Vec<ExprProblem>> {
    Expr::compile(text, &trades())
}

fn nothing() -> Scope {
    Scope { schema: Arc::default(), key: KeyFormat::Text, windowed: false, gaps: Gaps::default() }
}

/// Records without keys that have these columns.
fn batch(rows: usize, columns: Vec<(Column, ArrayRef)>) -> Batch {
    let (names, arrays) = columns.into_iter().unzip();
    Batch::bare(bytes_column(vec![None; rows]), ScalarBuffer::from(vec![0; rows]), Origin::made_here(0, rows))
        .with_columns(Arc::new(Schema::new(names)), arrays)
}

/// What an expression gives for the first record, as text: a value, null, or why it has none.
fn outcome(text: &str, scope: &Scope, batch: &Batch) -> Result<Option<String>, String> {
    let said =
        |problems: Vec<ExprProblem>| problems.into_iter().map(|problem| problem.message).collect::<Vec<_>>().join("; ");
    let expr = Expr::compile(text, scope).map_err(said)?;
    let shown = match expr.data_type() {
        Type::List(_) | Type::Struct(_) => format!("to_json({text})"),
        _ => format!("CAST(({text}) AS text)"),
    };
    let evaluated = Expr::compile(&shown, scope).map_err(said)?.evaluate(batch);
    if let Some(failure) = evaluated.failures.first() {
        return Err(failure.reason.clone());
    }
    let values = evaluated.values.as_string_view();
    Ok(values.iter().next().flatten().map(str::to_string))
}
