use proptest::prelude::*;
use serde_json::json;

use super::super::testing::{Bench, numbers, numbers_of, records, rows_of};
use super::*;

fn bench(config: serde_json::Value) -> Bench {
    Bench::new(&OPERATOR, config, &[records(r#"{ "n": "int64" }"#)])
}

#[test]
fn the_newest_of_each_key_waits_in_the_place_of_the_first() {
    let mut bench = bench(json!({}));
    let rows = [("a", r#"{"n":1}"#), ("b", r#"{"n":2}"#), ("a", r#"{"n":3}"#), ("", r#"{"n":4}"#), ("", r#"{"n":5}"#)];
    assert!(bench.offer(&rows).unwrap().is_none());
    assert_eq!(bench.drops(), [("conflated", 2)]);
    assert_eq!(bench.queue().level().rows, 3);
    assert_eq!(bench.queue().needs(), [(0, 1)]);
    assert_eq!(numbers_of(bench.queue().take(1, 0).unwrap()), [3]);
    bench.offer(&[("a", "null")]).unwrap();
    assert_eq!(rows_of(bench.queue().take(9, 0).unwrap()), [r#"b {"n":2}"#, r#" {"n":5}"#, "a null"]);
    let level = bench.queue().level();
    assert_eq!((level.rows, level.bytes, level.capacity), (0, 0, 4096));
}

#[test]
fn accumulators_begin_with_each_record_that_begins_to_wait() {
    let columns = json!({ "sum": { "start": "0", "next": "sum + 10 / n" } });
    let mut bench = bench(json!({ "columns": columns, "per": "lane" }));
    bench.offer(&[("a", r#"{"n":1}"#), ("b", r#"{"n":0}"#), ("c", r#"{"n":2}"#)]).unwrap();
    assert_eq!(bench.failed(), [("b".to_string(), "division by zero".to_string())]);
    assert_eq!(bench.queue().needs(), [(0, 0)]);
    let batch = bench.queue().take(9, 0).unwrap().unwrap();
    assert_eq!(batch.position.offset[0], 0);
    assert_eq!(rows_of(Some(batch)), [r#"c {"n":2,"sum":15}"#]);
    bench.offer(&[("a", r#"{"n":5}"#), ("a", "null"), ("a", r#"{"n":1}"#)]).unwrap();
    assert_eq!(bench.queue().needs(), [(0, 5)]);
    assert_eq!(rows_of(bench.queue().take(9, 0).unwrap()), [r#"a {"n":1,"sum":10}"#]);
}

#[test]
fn another_key_waits_outside_when_it_is_full() {
    let mut bench = bench(json!({ "size": 1 }));
    let back = bench.offer(&[("a", r#"{"n":1}"#), ("a", r#"{"n":2}"#), ("b", r#"{"n":3}"#), ("a", r#"{"n":4}"#)]);
    assert_eq!(numbers_of(back.unwrap()), [3, 4]);
    assert_eq!(numbers_of(bench.queue().take(9, 0).unwrap()), [2]);
}

#[test]
fn replaced_records_hold_no_memory() {
    let mut bench = bench(json!({}));
    let rows: Vec<i64> = (0..512).collect();
    for _ in 0..40 {
        bench.offer(&numbers(&rows).iter().map(|(_, value)| ("k", value.as_str())).collect::<Vec<_>>()).unwrap();
    }
    assert_eq!(bench.queue().level().rows, 1);
    assert_eq!(numbers_of(bench.queue().take(9, 0).unwrap()), [511]);
}

proptest! {
    #[test]
    fn batching_changes_nothing(
        size in 1u64..4,
        gathers: bool,
        script in prop::collection::vec((prop::collection::vec((0usize..4, prop::option::of(0i64..4)), 0..8), 0usize..3), 1..8),
    ) {
        let columns = match gathers {
            true => json!({ "sum": { "start": "0", "next": "sum + 6 / n" } }),
            false => json!({}),
        };
        let config = json!({ "size": size, "columns": columns });
        let (mut whole, mut single) = (bench(config.clone()), bench(config));
        for (rows, taken) in script {
            let values: Vec<String> =
                rows.iter().map(|(_, n)| n.map_or("null".to_string(), |n| format!("{{\"n\":{n}}}"))).collect();
            let rows: Vec<(&str, &str)> =
                rows.iter().zip(&values).map(|((key, _), value)| (["", "a", "b", "c"][*key], value.as_str())).collect();
            let back = whole.offer(&rows).unwrap().map_or(0, |back| back.rows);
            let mut refused = 0;
            for row in 0..rows.len() {
                if single.offer(&rows[row..row + 1]).unwrap().is_some() {
                    refused = rows.len() - row;
                    break;
                }
            }
            prop_assert_eq!(back, refused);
            prop_assert_eq!(whole.queue().level(), single.queue().level());
            prop_assert_eq!(whole.failed(), single.failed());
            prop_assert_eq!(whole.drops(), single.drops());
            prop_assert_eq!(rows_of(whole.queue().take(taken, 0).unwrap()), rows_of(single.queue().take(taken, 0).unwrap()));
        }
    }
}
