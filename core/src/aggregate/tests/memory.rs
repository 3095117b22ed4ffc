//! What states take, and that it goes when they go.

use std::sync::Arc;

use arrow_array::{ArrayRef, Float64Array, StringViewArray};

use super::{batch, scope_of, whole};
use crate::aggregate::{Aggregates, States};
use crate::batch::Batch;
use crate::fields::ExprMap;
use crate::types::Type;

fn trades() -> Batch {
    let prices: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 2.0, 3.0]));
    let long = "x".repeat(100);
    let urls: ArrayRef = Arc::new(StringViewArray::from(vec![long.as_str(), "/a", "/b"]));
    batch(vec![("price", Type::Float64, prices), ("url", Type::Text, urls)])
}

fn states(texts: &[&str]) -> (States, crate::aggregate::Arguments) {
    let batch = trades();
    let columns: ExprMap = texts.iter().map(|text| (text.to_string(), (*text).into())).collect();
    let aggregates = Aggregates::compile(&columns, &scope_of(&batch)).unwrap();
    let (arguments, _) = aggregates.arguments(&batch);
    (aggregates.states(), arguments)
}

#[test]
fn a_million_groups_take_little_more_than_their_words() {
    let (mut states, _) = states(&["count(*)", "sum(price)", "avg(price)", "max(price)"]);
    for _ in 0..1_000_000 {
        states.add();
    }
    // Five words are kept: two counts, a total, a maximum and whether there is one.
    assert!(states.bytes() <= 60 * 1_000_000, "{} bytes", states.bytes());
}

#[test]
fn memory_goes_when_the_slots_go() {
    let texts = ["count(*)", "last(url)", "collect_list(url)", "collect_set(price)", "count(DISTINCT url)"];
    let (mut states, arguments) = states(&texts);
    let batch = trades();
    let slots: Vec<u32> = (0..10_000).map(|_| whole(&mut states, &batch, &arguments)).collect();
    let full = states.bytes();
    assert!(full > 10_000 * 400, "{full}");
    slots.iter().rev().skip(1).step_by(2).for_each(|slot| states.free(*slot));
    states.settle(None);
    assert!(states.bytes() < full * 3 / 4, "{} of {full}", states.bytes());
    slots.iter().for_each(|slot| states.free(*slot));
    states.settle(None);
    assert!(states.is_empty());
    assert!(states.bytes() < full / 10, "{} of {full}", states.bytes());
}

#[test]
fn memory_is_counted_through_merges_and_copies() {
    let (mut states, arguments) = states(&["collect_list(url)", "max(url)"]);
    let batch = trades();
    let (into, from) = (whole(&mut states, &batch, &arguments), whole(&mut states, &batch, &arguments));
    let before = states.bytes();
    states.merge(into, from);
    let copy = states.copy(into);
    states.settle(None);
    assert!(states.bytes() >= before + 200, "{} and {before}", states.bytes());
    for slot in [into, from, copy] {
        states.free(slot);
    }
    states.settle(None);
    assert!(states.bytes() <= 64 * 80, "{}", states.bytes());
}
