//! What a node's aggregates need: each argument once, each state once, and the results that are read out of them.
//! `sum(x)`, `avg(x)` and `count(x)` share one state.

use arrow_buffer::IntervalMonthDayNano;

use super::collect::{Distinct, List, Set};
use super::pick::{First, Last, Max, Min, Pick, Picked, Value};
use super::short::Short;
use super::slab::{Fold, Part, Slab};
use super::spread::{ExactSpread, FloatSpread};
use super::sum::{Count, ExactSum, FloatSum};
use super::wide::Wide;
use crate::expr::{AggregateCall, AggregateKind, Expr};
use crate::types::{Column, Type};

/// The aggregates of a node.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) columns: Vec<Column>,
    pub(super) sources: Vec<Source>,
    pub(super) parts: Vec<PartPlan>,
    /// in the order of `columns`
    pub(super) outputs: Vec<Output>,
}

/// An argument with its filter.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) argument: Option<Expr>,
    pub(super) filter: Option<Expr>,
    /// the first column that reads it
    pub(super) column: usize,
    /// some state adds its values up
    pub(super) is_summed: bool,
    canonical: (Option<String>, Option<String>),
}

/// A state.
#[derive(Debug, Clone)]
pub(super) struct PartPlan {
    /// place among the sources
    pub(super) source: usize,
    kind: Kind,
    /// type of the argument
    data: Type,
}

/// A result.
#[derive(Debug)]
pub(super) struct Output {
    /// place among the parts
    pub(super) part: usize,
    /// what is read out of it
    pub(super) kind: AggregateKind,
    /// type of the argument
    pub(super) from: Type,
    /// type of the result
    pub(super) data: Type,
    /// bytes of the text
    pub(super) length: usize,
}

/// What a state keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Count,
    Sum,
    Spread,
    Min,
    Max,
    First,
    Last,
    List,
    Set,
    DistinctCount,
    DistinctSum,
    DistinctSpread,
}

/// Decimals of up to so many digits have squares of which 2^64 fit in 192 bits.
const EXACT_DIGITS: u8 = 18;

impl Plan {
    /// Aggregates by the names of their columns.
    pub(super) fn new(calls: Vec<(String, AggregateCall)>) -> Plan {
        let mut plan = Plan { columns: Vec::new(), sources: Vec::new(), parts: Vec::new(), outputs: Vec::new() };
        let sources: Vec<usize> = calls.iter().enumerate().map(|(at, (_, call))| plan.source(call, at)).collect();
        let kinds: Vec<Kind> = calls.iter().map(|(_, call)| Kind::of(call)).collect();
        for (((name, call), &source), &kind) in calls.into_iter().zip(&sources).zip(&kinds) {
            // Values are counted where they are summed, so they need not be counted again.
            let is_summed = || sources.iter().zip(&kinds).any(|(&of, &kind)| of == source && kind == Kind::Sum);
            let kind = if kind == Kind::Count && is_summed() { Kind::Sum } else { kind };
            let argument = plan.sources[source].argument.as_ref();
            let from = argument.map_or(Type::Int64, |argument| argument.data_type().clone());
            let part = plan.part(source, kind, &from);
            let (data, required) = (call.data.clone(), call.is_required());
            plan.columns.push(Column { name, data: data.clone(), required });
            plan.outputs.push(Output { part, kind: call.aggregate.kind, from, data, length: call.text.len() });
        }
        plan
    }

    fn source(&mut self, call: &AggregateCall, column: usize) -> usize {
        let canonical = (
            call.argument.as_ref().map(|argument| argument.canonical.clone()),
            call.filter.as_ref().map(|filter| filter.canonical.clone()),
        );
        if let Some(known) = self.sources.iter().position(|source| source.canonical == canonical) {
            return known;
        }
        let argument = call.argument.as_ref().map(|argument| argument.expr.clone());
        let filter = call.filter.as_ref().map(|filter| filter.expr.clone());
        self.sources.push(Source { argument, filter, column, is_summed: false, canonical });
        self.sources.len() - 1
    }

    fn part(&mut self, source: usize, kind: Kind, data: &Type) -> usize {
        let is_summed = matches!(kind, Kind::Sum | Kind::Spread | Kind::DistinctSum | Kind::DistinctSpread);
        self.sources[source].is_summed |= is_summed;
        if let Some(known) = self.parts.iter().position(|part| part.source == source && part.kind == kind) {
            return known;
        }
        self.parts.push(PartPlan { source, kind, data: data.clone() });
        self.parts.len() - 1
    }
}

impl Kind {
    fn of(call: &AggregateCall) -> Kind {
        match (call.aggregate.kind, call.is_distinct) {
            (AggregateKind::Count, false) => Kind::Count,
            (AggregateKind::Count, true) => Kind::DistinctCount,
            (AggregateKind::Sum | AggregateKind::Avg, false) => Kind::Sum,
            (AggregateKind::Sum | AggregateKind::Avg, true) => Kind::DistinctSum,
            (AggregateKind::Spread(_), false) => Kind::Spread,
            (AggregateKind::Spread(_), true) => Kind::DistinctSpread,
            (AggregateKind::Min, _) => Kind::Min,
            (AggregateKind::Max, _) => Kind::Max,
            (AggregateKind::First, _) => Kind::First,
            (AggregateKind::Last, _) => Kind::Last,
            (AggregateKind::List, _) => Kind::List,
            (AggregateKind::Set, _) => Kind::Set,
        }
    }
}

impl PartPlan {
    /// States of no slot.
    pub(super) fn build(&self) -> Box<dyn Part> {
        let is_float = self.data == Type::Float64;
        // Squares of wide decimals would need more than 256 bits.
        let is_wide = matches!(self.data, Type::Decimal { precision, .. } if precision > EXACT_DIGITS);
        match self.kind {
            Kind::Count => self.slab::<Count>(),
            Kind::Sum if is_float => self.slab::<FloatSum>(),
            Kind::Sum => self.slab::<ExactSum>(),
            Kind::Spread if is_float || is_wide => self.slab::<FloatSpread>(),
            Kind::Spread => self.slab::<ExactSpread>(),
            Kind::Min => self.picked::<Min>(),
            Kind::Max => self.picked::<Max>(),
            Kind::First => self.picked::<First>(),
            Kind::Last => self.picked::<Last>(),
            Kind::List => self.slab::<List>(),
            Kind::Set => self.slab::<Set>(),
            Kind::DistinctCount => self.slab::<Distinct<Count>>(),
            Kind::DistinctSum if is_float => self.slab::<Distinct<FloatSum>>(),
            Kind::DistinctSum => self.slab::<Distinct<ExactSum>>(),
            Kind::DistinctSpread if is_float || is_wide => self.slab::<Distinct<FloatSpread>>(),
            Kind::DistinctSpread => self.slab::<Distinct<ExactSpread>>(),
        }
    }

    fn slab<S: Fold>(&self) -> Box<dyn Part> {
        Box::new(Slab::<S>::new(self.data.clone()))
    }

    fn picked<P: Pick>(&self) -> Box<dyn Part> {
        match &self.data {
            Type::Bool => self.slab::<Picked<P, bool>>(),
            Type::Int64 | Type::Timestamp => self.slab::<Picked<P, i64>>(),
            Type::Float64 => self.slab::<Picked<P, f64>>(),
            Type::Decimal { .. } => self.slab::<Picked<P, Wide>>(),
            Type::Interval => self.slab::<Picked<P, IntervalMonthDayNano>>(),
            Type::Text | Type::Bytes => self.slab::<Picked<P, Short>>(),
            Type::List(_) | Type::Struct(_) => self.slab::<Picked<P, Value>>(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::expr::Scope;
    use crate::types::{Gaps, KeyFormat, Schema};

    #[test]
    fn what_is_the_same_is_kept_once() {
        let schema = Schema::new(vec![Column::nullable("x", Type::Float64), Column::nullable("y", Type::Int64)]);
        let scope = Scope { schema: Arc::new(schema), key: KeyFormat::Text, windowed: false, gaps: Gaps::default() };
        let cases: &[(&[&str], usize, usize)] = &[
            (&["count(*)", "sum(x)", "avg(x)", "max(x)"], 2, 3),
            (&["count(x)", "max(x)", "sum(x)", "count(y)"], 2, 3),
            (&["count(*)", "count(*)", "count(*) FILTER (WHERE x > 1)"], 2, 2),
            (&["sum(x * y)", "avg( x*y )", "sum(y * x)"], 2, 2),
            (&["stddev(x)", "var_pop(x)", "variance(x) FILTER (WHERE y > 0)"], 2, 2),
            (&["sum(x)", "sum(DISTINCT x)", "count(DISTINCT x)"], 1, 3),
        ];
        for (texts, sources, parts) in cases {
            let call = |text: &&str| (text.to_string(), AggregateCall::compile(text, &scope).unwrap());
            let plan = Plan::new(texts.iter().map(call).collect());
            assert_eq!((plan.sources.len(), plan.parts.len()), (*sources, *parts), "{texts:?}");
            assert!(plan.outputs.iter().all(|output| output.part < plan.parts.len()));
        }
    }
}
