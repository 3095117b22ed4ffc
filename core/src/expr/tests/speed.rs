//! What an expression costs. Printed, not asserted: `cargo test --release -p tidegate-core expr::tests::speed --
//! --ignored --nocapture`.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use arrow_array::{ArrayRef, Float64Array, Int64Array, StringViewArray};

use super::{batch, nothing};
use crate::expr::{Expr, Scope};
use crate::types::{Column, Type};

#[test]
#[ignore = "prints figures; run it in release"]
fn cost_per_record() {
    const ROWS: usize = 512;
    let price: Float64Array = (0..ROWS).map(|row| Some(50.0 + (row * 37 % 200) as f64)).collect();
    let qty: Int64Array = (0..ROWS).map(|row| Some((row * 13 % 100) as i64)).collect();
    let side: StringViewArray = (0..ROWS).map(|row| Some(if row % 3 == 0 { "buy" } else { "sell" })).collect();
    let batch = batch(
        ROWS,
        vec![
            (Column::nullable("price", Type::Float64), Arc::new(price) as ArrayRef),
            (Column::nullable("qty", Type::Int64), Arc::new(qty) as ArrayRef),
            (Column::nullable("side", Type::Text), Arc::new(side) as ArrayRef),
        ],
    );
    let scope = Scope { schema: batch.schema.clone(), ..nothing() };
    for texts in [
        &["price > 100 AND qty >= 50 AND side = 'buy'", "price * qty"][..],
        &["price > 100 AND qty >= 50 AND side = 'buy'"],
        &["price * qty"],
        &["price * 1.1 > 100 AND qty * 2 > 50"],
        &["qty * 1.1"],
        &["CASE WHEN qty > 50 THEN price / qty ELSE 0 END"],
        &["upper(side) LIKE 'B%'"],
        &["CAST(price AS decimal(18,2))"],
        &["side || '-' || qty"],
        &["substring(side, 1, 2)"],
    ] {
        let exprs: Vec<Expr> = texts.iter().map(|text| Expr::compile(text, &scope).unwrap()).collect();
        let mut best = f64::MAX;
        for _ in 0..20 {
            let start = Instant::now();
            for _ in 0..200 {
                for expr in &exprs {
                    black_box(expr.evaluate(black_box(&batch)));
                }
            }
            best = best.min(start.elapsed().as_nanos() as f64 / (200 * ROWS) as f64);
        }
        println!("{best:7.2} ns per record: {}", texts.join("; "));
    }
}
