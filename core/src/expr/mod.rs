//! Expressions: SQL text, checked against a stream's schema, evaluated on whole batches. PostgreSQL is the reference
//! for names and results; a record that fails (division by zero, a bad cast, an overflow) fails alone. What lives here
//! knows of batches and types only; nobody else sees the parser.
//!
//! Where PostgreSQL cannot be followed to the letter, the rules are:
//! - Integers are 64 bits wide; `int` and `bigint` are names of the same type.
//! - A decimal has at most 38 digits, and its scale is known before running: `+ - %` keep the larger scale, `*` adds
//!   scales, `/` gives at least 16 digits after the point. What needs more digits fails its record; nothing is rounded
//!   silently.
//! - `int64` with `decimal` is decimal, anything with `float64` is float64, as in PostgreSQL. Functions such as `sqrt`
//!   compute decimals as float64.
//! - Text is never converted silently: `price > '100'` is a problem, `price > 100` is meant.
//! - Timestamps are UTC milliseconds; an offset in a timestamp's text is honoured. Texts compare by their bytes.
//! - A LIKE pattern that ends within an escape fails always, not only where matching gets that far; `lpad`, `rpad` and
//!   `repeat` make at most a million characters.
//! - Regular expressions are those of the `regex` crate: linear time, no back-references, leftmost-first.

mod aggregates;
mod check;
mod evaluate;
mod functions;
mod kernels;
mod node;
mod parse;
mod source;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray};

use crate::batch::Batch;
use crate::problem::Remedy;
use crate::types::{Gaps, KeyFormat, Schema, Stream, Type};

pub(crate) use aggregates::AggregateCall;
pub use aggregates::{Aggregate, AggregateExample, AggregateKind, Spread, aggregate_names, aggregates};
pub(crate) use check::METADATA;
pub use functions::{Category, Example, Function, catalogue, names};
pub(crate) use kernels::compare::{float_order, interval_length};
pub(crate) use kernels::decimal::{power_of_ten, to_float};

/// What an expression can see: the columns of a port's stream, and the type of its key.
#[derive(Debug, Clone)]
pub struct Scope {
    /// columns, exactly as in the batches that will be evaluated
    pub schema: Arc<Schema>,
    /// gives `_key` its type
    pub key: KeyFormat,
    /// keys have a window: `_window_start` and `_window_end` exist
    pub windowed: bool,
    /// what is not known: an expression that hangs on it has no value and no problem
    pub gaps: Gaps,
}

impl From<&Stream> for Scope {
    fn from(stream: &Stream) -> Scope {
        Scope { schema: stream.schema.clone(), key: stream.key, windowed: stream.windowed, gaps: stream.gaps }
    }
}

/// What an expression reads; decides which columns are decoded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Uses {
    /// top-level columns
    pub columns: BTreeSet<String>,
    /// `_key`
    pub key: bool,
    /// `_timestamp`
    pub timestamp: bool,
    /// `_headers['…']`
    pub headers: bool,
    /// `_topic`, `_partition` or `_offset`
    pub origin: bool,
    /// `_window_start` or `_window_end`
    pub window: bool,
}

/// Something wrong with the text of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExprProblem {
    /// bytes of the text that are meant
    pub span: Range<usize>,
    /// what
    pub message: String,
    /// what to do
    pub remedy: Remedy,
}

/// A record for which an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// row of the batch
    pub row: usize,
    /// why
    pub reason: String,
    /// bytes of the text that failed
    pub span: Range<usize>,
}

/// What an expression gives for a batch.
#[derive(Debug, Clone)]
pub struct Evaluated {
    /// one value per row of the batch, of [`Type::to_arrow`]'s type; null where the row failed
    pub values: ArrayRef,
    /// at most one per row, by row
    pub failures: Vec<Failure>,
}

/// A checked expression, ready to run on batches of its scope. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Expr(Arc<Compiled>);

#[derive(Debug)]
struct Compiled {
    text: String,
    root: node::Node,
    uses: Uses,
}

impl Expr {
    /// Parses and checks a text.
    ///
    /// # Errors
    /// All problems that can be found at once, by place; a text that cannot be parsed gives one. None where it hangs on a gap
    /// of the scope.
    pub fn compile(text: &str, scope: &Scope) -> Result<Expr, Vec<ExprProblem>> {
        let source = source::Source::read(text).map_err(|problem| vec![problem])?;
        with_stack(&source, || {
            let parsed = parse::parse(&source).map_err(|problem| vec![problem])?;
            let (root, uses) = check::check(&parsed, &source, scope)?;
            Ok(Expr(Arc::new(Compiled { text: text.to_string(), root, uses })))
        })
    }

    /// The type of the value.
    pub fn data_type(&self) -> &Type {
        &self.0.root.data
    }

    /// Whether the value of a record that did not fail can never be null.
    pub fn is_required(&self) -> bool {
        self.0.root.required
    }

    /// What the expression reads.
    pub fn uses(&self) -> &Uses {
        &self.0.uses
    }

    /// The text as it was given.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// The values for a batch whose columns are those of the scope.
    pub fn evaluate(&self, batch: &Batch) -> Evaluated {
        evaluate::evaluate(&self.0.root, batch)
    }

    /// As [`Expr::evaluate`] where `rows` is set; the other rows are null, and do not fail.
    pub fn evaluate_where(&self, batch: &Batch, rows: &BooleanArray) -> Evaluated {
        if !self.0.root.can_fail || rows.true_count() == batch.rows {
            return self.evaluate(batch);
        }
        evaluate::evaluate_on(&self.0.root, batch, rows.values())
    }

    /// The rows for which the expression is true. Null, failed and (if the expression is not of type bool) all rows
    /// are false; the result itself has no nulls.
    pub fn evaluate_predicate(&self, batch: &Batch) -> (BooleanArray, Vec<Failure>) {
        let Evaluated { values, failures } = self.evaluate(batch);
        (evaluate::to_predicate(&values), failures)
    }
}

/// Chains such as 1 + 1 + … become as deep as they are long, so the stack grows with the text.
fn with_stack<R>(source: &source::Source, work: impl FnOnce() -> R) -> R {
    let stack = (256 << 10) + source.tokens.len() * (8 << 10);
    stacker::maybe_grow(stack, stack, work)
}
