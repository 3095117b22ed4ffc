//! Tests of the whole room: the catalogue's own examples, what problems say, and laws.

mod catalogue;
mod laws;
mod memory;
mod nested;
mod oracle;
mod overflow;
mod postgres;
mod problems;
mod records;
mod speed;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use arrow_buffer::ScalarBuffer;
use proptest::prelude::ProptestConfig;

use super::{Aggregates, Arguments, States};
use crate::batch::{Batch, Origin, bytes_column};
use crate::expr::{Expr, ExprProblem, Scope};
use crate::fields::ExprMap;
use crate::problem::Fault;
use crate::types::{Column, Gaps, KeyFormat, Schema, Type};

/// So many cases of a law, or as many as `PROPTEST_CASES` says.
fn cases(usual: u32) -> ProptestConfig {
    let told = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { told.cases } else { usual };
    ProptestConfig { cases, ..told }
}

fn scope_of(batch: &Batch) -> Scope {
    Scope { schema: batch.schema.clone(), key: KeyFormat::Text, windowed: false, gaps: Gaps::default() }
}

/// Records without keys that have these columns.
fn batch(columns: Vec<(&str, Type, ArrayRef)>) -> Batch {
    let rows = columns.first().map_or(0, |(_, _, array)| array.len());
    let (names, arrays) = columns.into_iter().map(|(name, data, array)| (Column::nullable(name, data), array)).unzip();
    Batch::bare(bytes_column(vec![None; rows]), ScalarBuffer::from(vec![0; rows]), Origin::made_here(0, rows))
        .with_columns(Arc::new(Schema::new(names)), arrays)
}

/// A column of constants, in SQL; their type is that of the first that is not null.
fn constants(texts: &[&str]) -> (Type, ArrayRef) {
    let one = record();
    let compile = |text: &str| Expr::compile(text, &scope_of(&one)).unwrap_or_else(|why| panic!("{text}: {why:?}"));
    let wide = texts.iter().find(|text| **text != "NULL").map_or(Type::Int64, |text| compile(text).data_type().clone());
    let data = match wide {
        Type::Decimal { scale, .. } => {
            let scales = texts.iter().map(|text| text.split_once('.').map_or(0, |(_, digits)| digits.len() as u8));
            Type::Decimal { precision: 18, scale: scales.max().unwrap_or(scale) }
        }
        data => data,
    };
    let column = constants_of(texts, &data);
    (data, column)
}

/// A column of constants of a type.
fn constants_of(texts: &[impl AsRef<str>], data: &Type) -> ArrayRef {
    let one = record();
    let cast = |text: &str| Expr::compile(&format!("CAST({text} AS {data})"), &scope_of(&one)).unwrap();
    let values: Vec<ArrayRef> = texts.iter().map(|text| cast(text.as_ref()).evaluate(&one).values).collect();
    let values: Vec<&dyn Array> = values.iter().map(|value| value.as_ref()).collect();
    match values.is_empty() {
        true => arrow_array::new_empty_array(&data.to_arrow()),
        false => arrow_select::concat::concat(&values).unwrap(),
    }
}

/// One record, for expressions that read none.
fn record() -> Batch {
    batch(vec![("none", Type::Int64, Arc::new(arrow_array::Int64Array::from(vec![0])))])
}

fn compile(text: &str, batch: &Batch) -> Result<Aggregates, Vec<(String, ExprProblem)>> {
    let flat = |(name, problems): (String, Vec<ExprProblem>)| problems.into_iter().map(move |one| (name.clone(), one));
    Aggregates::compile(&ExprMap::from_iter([("it".to_string(), text.into())]), &scope_of(batch))
        .map_err(|wrong| wrong.into_iter().flat_map(flat).collect())
}

/// The value of an array's row as text, as `CAST(… AS text)` gives it; lists and structs as JSON.
fn shown(data: &Type, array: &ArrayRef) -> Vec<String> {
    let batch = batch(vec![("it", data.clone(), array.clone())]);
    let text = match data {
        Type::List(_) | Type::Struct(_) => "to_json(it)",
        _ => "CAST(it AS text)",
    };
    let compile = || Expr::compile(text, &scope_of(&batch)).unwrap();
    // Laws show thousands of columns of a few types.
    static COMPILED: LazyLock<Mutex<HashMap<Type, Expr>>> = LazyLock::new(Mutex::default);
    let expr = COMPILED.lock().unwrap().entry(data.clone()).or_insert_with(compile).clone();
    let values = expr.evaluate(&batch).values;
    values.as_string_view().iter().map(|value| value.unwrap_or("NULL").to_string()).collect()
}

impl States {
    /// Folds rows into slots at once: `slots[i]` takes `rows[i]`.
    fn update(&mut self, slots: &[u32], rows: &[u32], arguments: &Arguments) {
        slots.iter().zip(rows).for_each(|(&slot, &row)| self.fold(slot, row));
        self.settle(Some(arguments));
    }

    /// What slots have come to.
    fn columns(&mut self, slots: &[u32]) -> Result<Vec<ArrayRef>, Fault> {
        slots.iter().for_each(|&slot| self.give(slot));
        self.settle(None);
        self.given()
    }
}

/// All rows of a batch in one group.
fn whole(states: &mut States, batch: &Batch, arguments: &Arguments) -> u32 {
    let slot = states.add();
    let rows: Vec<u32> = (0..batch.rows as u32).collect();
    states.update(&vec![slot; batch.rows], &rows, arguments);
    slot
}

/// What an aggregate gives for all rows of a batch, as text, or why it does not.
fn outcome(text: &str, batch: &Batch) -> Result<String, String> {
    let aggregates = compile(text, batch).map_err(|problems| problems[0].1.message.clone())?;
    let (arguments, failed) = aggregates.arguments(batch);
    if let Some(failed) = failed.first() {
        return Err(failed.failure.reason.clone());
    }
    let mut states = aggregates.states();
    let slot = states.add();
    for row in 0..batch.rows as u32 {
        if arguments.may_overflow()
            && let Some(refused) = states.refuses(&[slot], row, &arguments)
        {
            return Err(refused.failure.reason);
        }
        states.update(&[slot], &[row], &arguments);
    }
    let again = whole(&mut states, batch, &arguments);
    let column = &aggregates.columns()[0];
    let results = shown(&column.data, &states.columns(&[slot, again]).unwrap()[0]);
    assert_eq!(results[0], results[1], "{text}: row by row and at once");
    Ok(results[0].clone())
}
