//! Results beyond their types: asked before, refused, and nothing has changed.

use std::sync::Arc;

use arrow_array::{ArrayRef, Decimal128Array, Float64Array, Int64Array};

use super::{batch, compile, shown, whole};
use crate::batch::Batch;
use crate::types::Type;

const MOST: i128 = 10i128.pow(38) - 1;

fn decimals(digits: Vec<i128>) -> Batch {
    let digits = Decimal128Array::from(digits).with_precision_and_scale(38, 0).unwrap();
    batch(vec![("x", Type::Decimal { precision: 38, scale: 0 }, Arc::new(digits) as ArrayRef)])
}

fn floats(floats: Vec<f64>) -> Batch {
    batch(vec![("x", Type::Float64, Arc::new(Float64Array::from(floats)) as ArrayRef)])
}

#[test]
fn a_total_beyond_its_type_is_refused_before_it_is_folded() {
    let max = f64::MAX;
    let cases = [
        ("sum(x)", decimals(vec![MOST, 1]), Some("the total would have more than 38 digits")),
        ("avg(x)", decimals(vec![-MOST, -1]), Some("the total would have more than 38 digits")),
        ("sum(x)", decimals(vec![MOST, -1]), None),
        ("sum(DISTINCT x)", decimals(vec![MOST, 1]), Some("the total would have more than 38 digits")),
        ("sum(DISTINCT x)", decimals(vec![MOST, MOST]), None),
        ("max(x)", decimals(vec![MOST, 1]), None),
        ("count(x)", decimals(vec![MOST, 1]), None),
        ("sum(x) FILTER (WHERE x < 0)", decimals(vec![MOST, 1]), None),
        ("sum(x)", floats(vec![max, max]), Some("the total would be beyond the range of float64")),
        ("avg(x)", floats(vec![-max, -max]), Some("the total would be beyond the range of float64")),
        ("sum(x)", floats(vec![max, f64::INFINITY]), None),
        ("sum(x)", floats(vec![f64::INFINITY, max]), None),
        ("sum(x)", floats(vec![f64::NAN, max]), None),
        ("stddev(x)", floats(vec![1e200, -1e200]), Some("the squared distances would be beyond the range of float64")),
        ("stddev(x)", floats(vec![1e100, -1e100]), None),
    ];
    for (text, batch, reason) in cases {
        let aggregates = compile(text, &batch).unwrap();
        let (arguments, _) = aggregates.arguments(&batch);
        let mut states = aggregates.states();
        let (slot, other) = (states.add(), states.add());
        states.update(&[slot, other], &[0, 1], &arguments);
        let refused = states.refuses(&[slot], 1, &arguments);
        assert_eq!(refused.as_ref().map(|refused| refused.failure.reason.as_str()), reason, "{text}");
        assert!(refused.is_none() || arguments.may_overflow(), "{text}");
        // The same where the state of the second row is put behind that of the first.
        let zero = if batch.schema.columns[0].data == Type::Float64 { floats(vec![0.0]) } else { decimals(vec![0]) };
        let (zero, _) = aggregates.arguments(&zero);
        assert_eq!(states.refuses(&[slot, other], 0, &zero).is_some(), reason.is_some(), "{text}");
        if let Some(refused) = refused {
            assert_eq!((refused.column, refused.failure.row, refused.failure.span), (0, 1, 0..text.len()));
        }
    }
}

#[test]
fn usual_numbers_are_not_asked_about() {
    for text in ["sum(x)", "avg(x)", "stddev(x)"] {
        let usual = floats(vec![1e100, -5.5, f64::NAN]);
        assert!(!compile(text, &usual).unwrap().arguments(&usual).0.may_overflow());
    }
    let x: ArrayRef = Arc::new(Int64Array::from(vec![i64::MAX; 4]));
    let ints = batch(vec![("x", Type::Int64, x)]);
    let aggregates = compile("sum(x)", &ints).unwrap();
    let (arguments, _) = aggregates.arguments(&ints);
    assert!(!arguments.may_overflow());
    let mut states = aggregates.states();
    let slot = whole(&mut states, &ints, &arguments);
    let results = shown(&aggregates.columns()[0].data, &states.columns(&[slot]).unwrap()[0]);
    assert_eq!(results, ["36893488147419103228"]);
}

#[test]
fn a_row_fails_once_and_says_where() {
    let x: ArrayRef = Arc::new(Int64Array::from(vec![5, 0, 2, 0]));
    let batch = batch(vec![("x", Type::Int64, x)]);
    let columns =
        [("a", "count(*)"), ("b", "sum(1 / x)"), ("c", "max(10 / x)"), ("d", "sum(1 / x) FILTER (WHERE x <> 0)")];
    let columns = columns.into_iter().map(|(name, text)| (name.to_string(), text.into())).collect();
    let aggregates = crate::aggregate::Aggregates::compile(&columns, &super::scope_of(&batch)).unwrap();
    let (_, failed) = aggregates.arguments(&batch);
    let places: Vec<_> = failed.iter().map(|it| (it.column, it.failure.row, it.failure.span.clone())).collect();
    assert_eq!(places, [(1, 1, 4..9), (1, 3, 4..9)]);
    assert_eq!(aggregates.reads().into_iter().collect::<Vec<_>>(), ["x"]);
}

#[test]
fn totals_that_were_put_together_unasked_are_no_results() {
    let batch = decimals(vec![MOST, MOST, MOST, MOST]);
    let aggregates = compile("sum(x)", &batch).unwrap();
    let (arguments, _) = aggregates.arguments(&batch);
    let mut states = aggregates.states();
    let slots: Vec<u32> = (0..4).map(|_| states.add()).collect();
    states.update(&slots, &[0, 1, 2, 3], &arguments);
    for from in &slots[1..] {
        states.merge(slots[0], *from);
        assert!(states.columns(&slots).is_err());
    }
}
