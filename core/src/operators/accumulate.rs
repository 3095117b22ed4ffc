//! Running accumulators: what `scan` keeps per key for ever and `conflate` while records wait. Each has an expression
//! for its start and one for its next value; this file checks them and takes them one record a key further. It keeps
//! nothing itself.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::rows::{arrow_fault, key_of};
use super::{Reason, Report, compile_checked};
use crate::batch::Batch;
use crate::expr::{Expr, Failure};
use crate::fields::{Entries, ExprText};
use crate::problem::Fault;
use crate::state::{Scalar, scalar_column};
use crate::types::{Column, Gaps, Schema, Stream, Type};

/// One accumulator.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Accumulator {
    /// Its value before the first record of a key; may read that record.
    pub(super) start: ExprText,
    /// Its value after each record, the first included; reads the record and all accumulators as they were before it.
    pub(super) next: ExprText,
}

/// Accumulators by the names of their columns.
pub(super) type Accumulators = Entries<Accumulator>;

/// The values of all accumulators of a key, in the order of the config.
pub(super) type Values = Vec<Scalar>;

/// The input's stream with the accumulators behind its columns; reports what is wrong with them.
pub(super) fn output(accumulators: &Accumulators, input: &Stream, report: &mut Report) -> Stream {
    let mut columns = input.schema.columns.clone();
    let mut starts = Vec::new();
    let mut gaps = Gaps::default();
    for (name, accumulator) in accumulators.iter() {
        let field = format!("columns.{name}");
        report.check_column(&field, name);
        if input.schema.find(name).is_some() {
            report.error(
                &field,
                format!("the input has a column `{name}` already"),
                "give the accumulator another name",
            );
        }
        let start = report.compile(&format!("{field}.start"), accumulator.start.as_str(), input);
        let data = start.map(|start| start.data_type().clone());
        if let Some(data @ (Type::List(_) | Type::Struct(_))) = &data {
            report.error(
                &format!("{field}.start"),
                format!("an accumulator holds one value, not a {data}"),
                "make one accumulator of each part",
            );
            gaps.columns = true;
            continue;
        }
        match data {
            Some(data) => {
                columns.push(Column::nullable(name, data.clone()));
                starts.push((name, accumulator, data));
            }
            None => gaps.columns = true,
        }
    }
    let stream = input.with_schema(Arc::new(Schema::new(columns))).with_gaps(gaps);
    for (name, accumulator, data) in starts {
        let field = format!("columns.{name}.next");
        let Some(next) = report.compile(&field, accumulator.next.as_str(), &stream) else { continue };
        if *next.data_type() != data {
            let found = next.data_type();
            report.error(
                &field,
                format!("`{name}` starts as {data}, and this gives {found}"),
                format!("start with CAST({} AS {found}), or cast this to {data}", accumulator.start),
            );
        }
    }
    stream
}

/// The columns of the input that the accumulators read.
pub(super) fn reads(accumulators: &Accumulators, input: &Stream) -> BTreeSet<String> {
    let quiet = &mut Report::default();
    let stream = output(accumulators, input, quiet);
    let expressions = accumulators.iter().flat_map(|(_, Accumulator { start, next })| [start, next]);
    let compiled = expressions.filter_map(|text| quiet.compile("", text.as_str(), &stream));
    let columns = compiled.flat_map(|expr| expr.uses().columns.clone());
    columns.filter(|column| accumulators.get(column).is_none()).collect()
}

/// Takes accumulators further.
#[derive(Debug)]
pub(super) struct Steps {
    accumulators: Vec<Compiled>,
    /// columns of the input, then the accumulators
    schema: Arc<Schema>,
}

#[derive(Debug)]
struct Compiled {
    name: String,
    data: Type,
    start: Expr,
    next: Expr,
}

impl Steps {
    /// Compiles accumulators that the checker has accepted.
    ///
    /// # Errors
    /// A defect of ours.
    pub(super) fn new(accumulators: &Accumulators, input: &Stream) -> Result<Steps, Fault> {
        let stream = output(accumulators, input, &mut Report::default());
        let compile = |(name, accumulator): (&str, &Accumulator)| {
            let start = compile_checked(&format!("columns.{name}.start"), accumulator.start.as_str(), input)?;
            let next = compile_checked(&format!("columns.{name}.next"), accumulator.next.as_str(), &stream)?;
            Ok(Compiled { name: name.into(), data: start.data_type().clone(), start, next })
        };
        let accumulators = accumulators.iter().map(compile).collect::<Result<_, Fault>>()?;
        Ok(Steps { accumulators, schema: stream.schema })
    }

    /// Names and types, in order.
    pub(super) fn columns(&self) -> impl Iterator<Item = (&str, &Type)> {
        self.accumulators.iter().map(|accumulator| (accumulator.name.as_str(), &accumulator.data))
    }

    /// The values after each row of a batch in which no key stands twice; `before` are those before, none where the key
    /// is new. A row that fails leaves its key's values as they were.
    ///
    /// # Errors
    /// A defect of ours.
    pub(super) fn take(
        &self,
        batch: &Batch,
        before: Vec<Option<Values>>,
    ) -> Result<Vec<Result<Values, Reason>>, Fault> {
        let mut values = self.started(batch, before)?;
        let ready: Vec<u32> = (0..batch.rows as u32).filter(|&row| values[row as usize].is_ok()).collect();
        let subset = pick(batch, &ready)?;
        let mut columns = subset.columns.clone();
        for (place, accumulator) in self.accumulators.iter().enumerate() {
            // State may come from a run whose config had fewer.
            let known = values.iter().flatten().map(|values| values.get(place).unwrap_or(&Scalar::Null));
            columns.push(scalar_column(&accumulator.data, known)?);
        }
        let after = self.evaluate(&subset.with_columns(self.schema.clone(), columns), "next")?;
        for (row, after) in ready.into_iter().zip(after) {
            values[row as usize] = after;
        }
        Ok(values)
    }

    /// The values before each row: those known, else those that its key starts with.
    fn started(&self, batch: &Batch, before: Vec<Option<Values>>) -> Result<Vec<Result<Values, Reason>>, Fault> {
        let fresh: Vec<u32> = (0..batch.rows as u32).filter(|&row| before[row as usize].is_none()).collect();
        let mut started = self.evaluate(&pick(batch, &fresh)?, "start")?.into_iter();
        let known = before.into_iter().map(|known| known.map(Ok).or_else(|| started.next()));
        Ok(known.map(|values| values.unwrap_or_else(|| Ok(Values::new()))).collect())
    }

    /// One of the two expressions of every accumulator, for every row.
    fn evaluate(&self, batch: &Batch, which: &str) -> Result<Vec<Result<Values, Reason>>, Fault> {
        let mut results: Vec<Result<Values, Reason>> = Vec::with_capacity(batch.rows);
        if batch.rows == 0 {
            return Ok(results);
        }
        results.resize_with(batch.rows, || Ok(Values::with_capacity(self.accumulators.len())));
        for accumulator in &self.accumulators {
            let expression = if which == "start" { &accumulator.start } else { &accumulator.next };
            let evaluated = expression.evaluate(batch);
            for Failure { row, reason, span } in evaluated.failures {
                if results[row].is_ok() {
                    let field = format!("columns.{}.{which}", accumulator.name);
                    results[row] = Err(Reason { reason, field: Some(field), span: Some(span) });
                }
            }
            for (row, values) in
                results.iter_mut().enumerate().filter_map(|(row, result)| Some((row, result.as_mut().ok()?)))
            {
                let value = Scalar::of(&evaluated.values, row);
                values.push(value.ok_or_else(|| Fault::ours("an accumulator gave a list or a struct"))?);
            }
        }
        Ok(results)
    }
}

/// Some rows of a batch, in order; without a copy where they are neighbours.
pub(super) fn pick(batch: &Batch, rows: &[u32]) -> Result<Batch, Fault> {
    match (rows.first(), rows.last()) {
        _ if rows.len() == batch.rows => Ok(batch.clone()),
        (Some(first), Some(last)) if (last - first) as usize + 1 == rows.len() => {
            Ok(batch.slice(*first as usize, rows.len()))
        }
        _ => batch.take(rows).map_err(arrow_fault),
    }
}

/// The key of a row as state knows it: its bytes, and those of its window where it has one. `None` without a key.
pub(super) fn state_key(batch: &Batch, row: usize) -> Option<Cow<'_, [u8]>> {
    let key = key_of(batch, row)?;
    let Some(windows) = &batch.windows else { return Some(Cow::Borrowed(key)) };
    let mut bytes = key.to_vec();
    bytes.extend_from_slice(&windows.start[row].to_be_bytes());
    bytes.extend_from_slice(&windows.end[row].to_be_bytes());
    Some(Cow::Owned(bytes))
}

/// Rows so that in each round no key stands twice and each key's rows stay in order: the k-th row of a key is in round k.
pub(super) fn rounds<K: std::hash::Hash + Eq>(rows: impl Iterator<Item = (u32, K)>) -> Vec<Vec<u32>> {
    let mut seen: HashMap<K, usize, RandomState> = HashMap::default();
    let mut rounds: Vec<Vec<u32>> = Vec::new();
    for (row, key) in rows {
        let round = seen.entry(key).and_modify(|round| *round += 1).or_insert(0);
        match rounds.get_mut(*round) {
            Some(rows) => rows.push(row),
            None => rounds.push(vec![row]),
        }
    }
    rounds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kth_row_of_a_key_is_in_round_k() {
        let keys = ["a", "b", "a", "a", "b", "c"];
        let rows = keys.iter().enumerate().map(|(row, key)| (row as u32, *key));
        assert_eq!(rounds(rows), [vec![0, 1, 5], vec![2, 4], vec![3]]);
        assert!(rounds::<&str>(std::iter::empty()).is_empty());
    }
}
