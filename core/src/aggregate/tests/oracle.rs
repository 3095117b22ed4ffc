//! Every aggregate against its definition, computed from all values at once in the plainest way.

use std::cmp::Ordering;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use proptest::prelude::*;

use super::records::{ALL, batch_of, record, type_of};
use super::{cases, whole};
use crate::batch::Batch;
use crate::expr::{Aggregate, AggregateKind, Spread};
use crate::state::Scalar;
use crate::types::Type;

/// A result: one value, or a list of them.
#[derive(Debug, Clone, PartialEq)]
enum Outcome {
    One(Scalar),
    List(Vec<Scalar>),
}

fn order(one: &Scalar, other: &Scalar) -> Ordering {
    let length = |(months, days, nanos): (i32, i32, i64)| {
        (i128::from(months) * 30 + i128::from(days)) * 86_400_000_000_000 + i128::from(nanos)
    };
    match (one, other) {
        (Scalar::Null, other) => other.eq(&Scalar::Null).cmp(&true),
        (Scalar::Bool(a), Scalar::Bool(b)) => a.cmp(b),
        (Scalar::Int64(a), Scalar::Int64(b)) => a.cmp(b),
        (Scalar::Decimal(a), Scalar::Decimal(b)) => a.cmp(b),
        (Scalar::Text(a), Scalar::Text(b)) => a.cmp(b),
        (Scalar::Bytes(a), Scalar::Bytes(b)) => a.cmp(b),
        (Scalar::Interval(a, b, c), Scalar::Interval(x, y, z)) => length((*a, *b, *c)).cmp(&length((*x, *y, *z))),
        (Scalar::Float64(a), Scalar::Float64(b)) => match (a.is_nan(), b.is_nan()) {
            (false, false) => a.partial_cmp(b).unwrap(),
            (one, other) => one.cmp(&other),
        },
        _ => Ordering::Greater,
    }
}

fn different(values: &[Scalar]) -> Vec<Scalar> {
    let mut found: Vec<Scalar> = Vec::new();
    for value in values {
        if !found.iter().any(|known| order(known, value).is_eq()) {
            found.push(value.clone());
        }
    }
    found
}

fn float(value: &Scalar, data: &Type) -> f64 {
    match (value, data) {
        (Scalar::Int64(int), _) => *int as f64,
        (Scalar::Float64(float), _) => *float,
        (Scalar::Decimal(digits), Type::Decimal { scale, .. }) => *digits as f64 / 10f64.powi(i32::from(*scale)),
        other => panic!("{other:?} is no number"),
    }
}

fn digits(value: &Scalar) -> i128 {
    match value {
        Scalar::Int64(int) => i128::from(*int),
        Scalar::Decimal(digits) => *digits,
        other => panic!("{other:?} has no digits"),
    }
}

fn sum(values: &[Scalar], data: &Type) -> Scalar {
    match data {
        _ if values.is_empty() => Scalar::Null,
        Type::Float64 => Scalar::Float64(values.iter().map(|value| float(value, data)).reduce(|a, b| a + b).unwrap()),
        _ => Scalar::Decimal(values.iter().map(digits).sum()),
    }
}

fn average(values: &[Scalar], data: &Type) -> Scalar {
    match (sum(values, data), data) {
        (Scalar::Null, _) => Scalar::Null,
        (Scalar::Decimal(total), Type::Decimal { .. }) => {
            // In sixths of a digit that rounds half away from zero.
            let (scaled, count) = (total * 1_000_000, values.len() as i128);
            let rounded = (2 * scaled.abs() + count) / (2 * count);
            Scalar::Decimal(rounded * scaled.signum())
        }
        (Scalar::Decimal(total), _) => Scalar::Float64(total as f64 / values.len() as f64),
        (Scalar::Float64(total), _) => Scalar::Float64(total / values.len() as f64),
        other => panic!("{other:?}"),
    }
}

fn spread(values: &[Scalar], data: &Type, kind: Spread) -> Scalar {
    let divisor = values.len() as i64 - i64::from(kind.is_sample);
    if divisor <= 0 || values.is_empty() {
        return Scalar::Null;
    }
    // Distances are taken from the first value, so that large ones lose no digits.
    let floats: Vec<f64> = match data {
        Type::Int64 => values.iter().map(|value| (digits(value) - digits(&values[0])) as f64).collect(),
        _ => values.iter().map(|value| float(value, data)).collect(),
    };
    let mean = floats.iter().sum::<f64>() / floats.len() as f64;
    let variance = floats.iter().map(|float| (float - mean) * (float - mean)).sum::<f64>() / divisor as f64;
    Scalar::Float64(if kind.is_root { variance.sqrt() } else { variance })
}

/// What an aggregate gives for values in order, as it is defined.
fn defined(kind: AggregateKind, is_distinct: bool, all: &[Scalar], data: &Type) -> Outcome {
    let mut values: Vec<Scalar> = all.iter().filter(|value| **value != Scalar::Null).cloned().collect();
    if is_distinct {
        values = different(&values);
    }
    let sorted = |latest: bool| {
        let mut sorted: Vec<Scalar> = values.clone();
        sorted.sort_by(order);
        let wanted = if latest { sorted.last().cloned() } else { sorted.first().cloned() }?;
        values.iter().rev().find(|value| order(value, &wanted).is_eq()).cloned()
    };
    let list = |values: Vec<Scalar>| match values.is_empty() {
        true => Outcome::One(Scalar::Null),
        false => Outcome::List(values),
    };
    Outcome::One(match kind {
        AggregateKind::Count => Scalar::Int64(values.len() as i64),
        AggregateKind::Sum => sum(&values, data),
        AggregateKind::Avg => average(&values, data),
        AggregateKind::Min => sorted(false).unwrap_or(Scalar::Null),
        AggregateKind::Max => sorted(true).unwrap_or(Scalar::Null),
        AggregateKind::First => values.first().cloned().unwrap_or(Scalar::Null),
        AggregateKind::Last => values.last().cloned().unwrap_or(Scalar::Null),
        AggregateKind::Spread(kind) => spread(&values, data, kind),
        AggregateKind::List => return list(all.to_vec()),
        AggregateKind::Set => return list(different(all)),
    })
}

fn outcome_of(results: &ArrayRef) -> Outcome {
    match results.as_list_opt::<i32>() {
        Some(lists) if lists.is_valid(0) => {
            let items = lists.value(0);
            Outcome::List((0..items.len()).map(|item| Scalar::of(&items, item).unwrap()).collect())
        }
        Some(_) => Outcome::One(Scalar::Null),
        None => Outcome::One(Scalar::of(results, 0).unwrap()),
    }
}

fn alike(kind: AggregateKind, ours: &Outcome, wanted: &Outcome) -> bool {
    match (ours, wanted) {
        (Outcome::One(Scalar::Float64(a)), Outcome::One(Scalar::Float64(b))) => match kind {
            // Two ways to one number, which differ in their last digits; root and square make more of them.
            AggregateKind::Spread(_) => {
                (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-6 * b.abs().max(1e-6) || (a - b).abs() < 1e-4
            }
            AggregateKind::Avg => a == b || (a.is_nan() && b.is_nan()),
            _ => a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()),
        },
        _ => format!("{ours:?}") == format!("{wanted:?}"),
    }
}

/// The parts of a text that [`ALL`] made of a column: aggregate, DISTINCT, column, filter.
fn parts(text: &str) -> Option<(&'static Aggregate, bool, &str, bool)> {
    let (name, rest) = text.split_once('(')?;
    let (argument, behind) = rest.split_once(')')?;
    let column = argument.strip_prefix("DISTINCT ");
    let (is_distinct, column) = (column.is_some(), column.unwrap_or(argument));
    Some((Aggregate::find(name)?, is_distinct, column, !behind.is_empty()))
        .filter(|_| column.len() == 1 && column != "*")
}

fn values_of(batch: &Batch, column: &str, is_filtered: bool) -> Option<Vec<Scalar>> {
    let (place, _) = batch.schema.find(column)?;
    let (filter, _) = batch.schema.find("ok")?;
    let passes = |row: &usize| !is_filtered || Scalar::of(&batch.columns[filter], *row) == Some(Scalar::Bool(true));
    (0..batch.rows).filter(passes).map(|row| Scalar::of(&batch.columns[place], row)).collect()
}

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn every_aggregate_is_what_it_is_defined_as(records in prop::collection::vec(record(), 0..24)) {
        let batch = batch_of(&records);
        let (arguments, failed) = ALL.arguments(&batch);
        prop_assert!(failed.is_empty());
        let mut states = ALL.states();
        let slot = whole(&mut states, &batch, &arguments);
        let results = states.columns(&[slot]).unwrap();
        let mut seen = 0;
        for (column, results) in ALL.columns().iter().zip(&results) {
            let Some((aggregate, is_distinct, of, is_filtered)) = parts(&column.name) else { continue };
            let Some(values) = values_of(&batch, of, is_filtered) else { continue };
            let counts = is_distinct && !matches!(aggregate.kind, AggregateKind::Min | AggregateKind::Max);
            let wanted = defined(aggregate.kind, counts, &values, &type_of(of));
            let ours = outcome_of(results);
            prop_assert!(alike(aggregate.kind, &ours, &wanted), "{}: {:?}, not {:?}", column.name, ours, wanted);
            seen += 1;
        }
        prop_assert!(records.is_empty() || seen > 100, "{} aggregates were seen", seen);
    }
}
