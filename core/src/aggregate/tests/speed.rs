//! What folding a row costs, 512 rows over 100 groups. Printed, not asserted: `cargo test --release -p tidegate-core
//! aggregate::tests::speed -- --ignored --nocapture`.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use arrow_array::{ArrayRef, BooleanArray, Decimal128Array, Float64Array, Int64Array, StringViewArray};

use super::{batch, scope_of};
use crate::aggregate::Aggregates;
use crate::batch::Batch;
use crate::fields::ExprMap;
use crate::types::Type;

const ROWS: usize = 512;
const GROUPS: usize = 100;

fn trades() -> Batch {
    let decimal = Type::Decimal { precision: 12, scale: 2 };
    let fee: Decimal128Array = (0..ROWS as i128).map(|row| Some(row * 31 % 5000)).collect();
    let price: Float64Array = (0..ROWS).map(|row| Some(50.0 + (row * 37 % 200) as f64)).collect();
    let qty: Int64Array = (0..ROWS).map(|row| Some((row * 13 % 100) as i64)).collect();
    let bid: Float64Array = (0..ROWS).map(|row| (row % 7 > 0).then_some((row * 37 % 200) as f64)).collect();
    let symbol: StringViewArray = (0..ROWS).map(|row| Some(format!("SYM{}", row * 7 % 50))).collect();
    let buy: BooleanArray = (0..ROWS).map(|row| Some(row % 3 == 0)).collect();
    batch(vec![
        ("price", Type::Float64, Arc::new(price) as ArrayRef),
        ("qty", Type::Int64, Arc::new(qty)),
        ("bid", Type::Float64, Arc::new(bid)),
        ("fee", decimal, Arc::new(fee.with_precision_and_scale(12, 2).unwrap())),
        ("symbol", Type::Text, Arc::new(symbol)),
        ("buy", Type::Bool, Arc::new(buy)),
    ])
}

/// The least of several rounds, in nanoseconds a row.
fn least(mut round: impl FnMut()) -> f64 {
    let time = |round: &mut dyn FnMut()| {
        let start = Instant::now();
        (0..200).for_each(|_| round());
        start.elapsed().as_nanos() as f64 / (200 * ROWS) as f64
    };
    (0..20).map(|_| time(&mut round)).fold(f64::MAX, f64::min)
}

#[test]
#[ignore = "prints figures; run it in release"]
fn cost_per_row() {
    let batch = trades();
    let rows: Vec<u32> = (0..ROWS as u32).collect();
    println!("ns a row: evaluated, folded at once, folded one by one, given");
    for texts in [
        &["count(*)"][..],
        &["count(bid)"],
        &["sum(price)"],
        &["sum(bid)"],
        &["sum(qty)"],
        &["sum(fee)"],
        &["avg(price)"],
        &["max(price)"],
        &["max(qty)"],
        &["max(bid)"],
        &["min(symbol)"],
        &["last(price)"],
        &["last(symbol)"],
        &["stddev(price)"],
        &["stddev(qty)"],
        &["sum(price * qty) FILTER (WHERE buy)"],
        &["count(DISTINCT qty)"],
        &["count(DISTINCT symbol)"],
        &["count(*)", "sum(price)", "avg(price)", "max(price)"],
    ] {
        let columns: ExprMap = texts.iter().map(|text| (text.to_string(), (*text).into())).collect();
        let aggregates = Aggregates::compile(&columns, &scope_of(&batch)).unwrap();
        let mut states = aggregates.states();
        let groups: Vec<u32> = (0..GROUPS).map(|_| states.add()).collect();
        let slots: Vec<u32> = (0..ROWS).map(|row| groups[row * 17 % GROUPS]).collect();
        let (arguments, _) = aggregates.arguments(&batch);
        let evaluated = least(|| drop(black_box(aggregates.arguments(black_box(&batch)))));
        let at_once = least(|| states.update(black_box(&slots), &rows, &arguments));
        let one_by_one = least(|| {
            for (slot, row) in slots.iter().zip(&rows) {
                states.update(std::slice::from_ref(slot), std::slice::from_ref(row), &arguments);
            }
        });
        let given = least(|| drop(black_box(states.columns(&slots).unwrap())));
        let texts = texts.join(", ");
        println!("{evaluated:7.2} {at_once:7.2} {one_by_one:7.2} {given:7.2}  {texts}");
    }
}
