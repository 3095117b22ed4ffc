//! Aggregates of many records, by groups: `count(*)`, `sum(price) FILTER (WHERE side = 'buy')`. [`Aggregates`] are
//! compiled from a node's columns and evaluate their arguments a batch at a time; [`States`] keep what each group has
//! come to, and fold rows into it in one tight loop per aggregate. Nothing here knows of keys, windows or time.

mod arguments;
mod bytes;
mod collect;
mod encode;
mod pick;
mod plan;
mod short;
mod slab;
mod spread;
mod states;
mod sum;
#[cfg(test)]
mod tests;
mod wide;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::batch::Batch;
use crate::expr::{AggregateCall, ExprProblem, Failure, Scope};
use crate::fields::ExprMap;
use crate::types::Column;

pub use arguments::Arguments;
pub use states::States;

use plan::Plan;

/// The aggregates of a node, compiled. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Aggregates(Arc<Plan>);

/// A row that cannot be aggregated, and the aggregate that it fails in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedRow {
    /// place among [`Aggregates::columns`]
    pub column: usize,
    /// row, reason, and bytes of that aggregate's text
    pub failure: Failure,
}

impl Aggregates {
    /// Compiles aggregates by the names of their columns.
    ///
    /// # Errors
    /// The columns that cannot be made, each with all its problems.
    pub fn compile(columns: &ExprMap, scope: &Scope) -> Result<Aggregates, Vec<(String, Vec<ExprProblem>)>> {
        let (mut calls, mut wrong) = (Vec::new(), Vec::new());
        for (name, text) in columns.iter() {
            match AggregateCall::compile(text.as_str(), scope) {
                Ok(call) => calls.push((name.to_string(), call)),
                Err(problems) => wrong.push((name.to_string(), problems)),
            }
        }
        if wrong.is_empty() { Ok(Aggregates(Arc::new(Plan::new(calls)))) } else { Err(wrong) }
    }

    /// The columns of the results: a count is never null, all else may be.
    pub fn columns(&self) -> &[Column] {
        &self.0.columns
    }

    /// The input's columns that arguments and filters read.
    pub fn reads(&self) -> BTreeSet<String> {
        let exprs = self.0.sources.iter().flat_map(|source| [&source.argument, &source.filter]).flatten();
        exprs.flat_map(|expr| expr.uses().columns.iter().cloned()).collect()
    }

    /// Evaluates all arguments and filters for a batch of the scope. Rows that fail (a division by zero) come back, at
    /// most once each and by row: they must not be folded.
    pub fn arguments(&self, batch: &Batch) -> (Arguments, Vec<FailedRow>) {
        arguments::evaluate(&self.0, batch)
    }

    /// States of no group yet.
    pub fn states(&self) -> States {
        States::new(self.0.clone())
    }
}
