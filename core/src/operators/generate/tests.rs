use std::fmt::Write;
use std::path::Path;

use proptest::prelude::*;
use serde_json::json;

use super::super::testing::source;
use super::*;
use crate::codec::{key_value, row_value};

fn pull(source: &mut Box<dyn Source>, max: usize) -> Option<Batch> {
    match source.pull(max, 0).unwrap() {
        Pulled::Rows(batch) => Some(batch),
        _ => None,
    }
}

fn lines(batch: &Batch) -> Vec<String> {
    let line = |row| {
        let key = key_value(Some(batch.keys.value(row)), KeyFormat::Text);
        json!({ "offset": batch.origin.offset[row], "ts": batch.timestamps[row], "key": key, "value": row_value(batch, row) })
            .to_string()
    };
    (0..batch.rows).map(line).collect()
}

/// Records are part of what users see: a change of the file is a change of the program's behaviour. Written anew with
/// `TIDEGATE_WRITE_GOLDEN=1`.
#[test]
fn records_are_those_of_the_golden_file() {
    let mut found = String::new();
    for config in [
        json!({ "shape": "numbers", "count": 4, "keys": 3 }),
        json!({ "shape": "sensors", "count": 4, "disorder": "5s", "spacing": "1s" }),
        json!({ "shape": "trades", "count": 6 }),
        json!({ "shape": "trades", "count": 3, "seed": 7, "disorder": "10ms" }),
        json!({ "shape": "clicks", "count": 4, "start": 0, "disorder": "1s", "keys": 12 }),
        json!({ "shape": "nexmark", "count": 9, "seed": 3, "spacing": "10ms" }),
    ] {
        writeln!(found, "{config}").unwrap();
        let mut source = source(&OPERATOR, config);
        while let Some(batch) = pull(&mut source, 2) {
            lines(&batch).iter().for_each(|line| writeln!(found, "{line}").unwrap());
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/generate.jsonl");
    if std::env::var_os("TIDEGATE_WRITE_GOLDEN").is_some() {
        std::fs::write(&path, &found).unwrap();
    }
    assert_eq!(found, std::fs::read_to_string(&path).unwrap());
}

#[test]
fn what_a_shape_cannot_do_is_told() {
    let problems = |config| {
        let mut report = Report::new("node");
        (OPERATOR.configure)(config).unwrap().output(&[], &mut report);
        report.finish().into_iter().map(|problem| problem.message).collect::<Vec<_>>()
    };
    let cases = [
        (json!({ "shape": "nexmark" }), None),
        (json!({ "shape": "nexmark", "keys": 5 }), Some("people and auctions of `nexmark` come as they come")),
        (json!({ "shape": "nexmark", "from": 5 }), Some("only `numbers` count from somewhere")),
        (json!({ "shape": "clicks", "keys": 5 }), None),
        (json!({ "shape": "numbers", "from": 5 }), None),
    ];
    for (config, expected) in cases {
        assert_eq!(problems(config.clone()), Vec::from_iter(expected), "{config}");
    }
}

#[test]
fn a_trade_is_what_the_benchmarks_expect() {
    let mut source = source(&OPERATOR, json!({ "shape": "trades", "count": 20_000 }));
    let (mut bytes, mut kept) = (0, 0);
    while let Some(batch) = pull(&mut source, 512) {
        for row in 0..batch.rows {
            let value = row_value(&batch, row);
            bytes += value.to_string().len();
            kept += usize::from(
                value["price"].as_f64() > Some(100.0) && value["qty"].as_i64() >= Some(50) && value["side"] == "buy",
            );
        }
    }
    let (mean, share) = (bytes as f64 / 20_000.0, kept as f64 / 20_000.0);
    assert!((167.0..171.0).contains(&mean), "{mean} bytes");
    assert!((0.23..0.25).contains(&share), "{share} kept");
}

#[test]
fn a_rate_is_kept_on_average() {
    let mut source = source(&OPERATOR, json!({ "shape": "numbers", "rate": "2/s" }));
    let mut pulled = |now_ms| match source.pull(10, now_ms).unwrap() {
        Pulled::Rows(batch) => Ok(batch.rows),
        Pulled::NotBefore(ms) => Err(ms),
        other => panic!("{other:?}"),
    };
    assert_eq!(pulled(1_000), Ok(1));
    assert_eq!(pulled(1_000), Err(1_500));
    assert_eq!(pulled(1_499), Err(1_500));
    assert_eq!(pulled(1_500), Ok(1));
    // Ten seconds of back-pressure are made good.
    assert_eq!(pulled(11_500), Ok(10));
    assert_eq!(pulled(11_500), Ok(10));
    assert_eq!(pulled(11_500), Err(12_000));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever was pulled before, whichever columns are wanted: record n is record n.
    #[test]
    fn a_record_depends_on_seed_and_number_alone(
        seed: u64,
        shape in prop::sample::select(vec!["trades", "nexmark"]),
        sizes in prop::collection::vec(1usize..40, 1..6),
    ) {
        let config = json!({ "shape": shape, "seed": seed, "count": 100, "disorder": "20ms" });
        let mut whole = source(&OPERATOR, config.clone());
        let expected = lines(&pull(&mut whole, 100).unwrap());
        let mut parts = source(&OPERATOR, config);
        let mut found = Vec::new();
        for size in sizes.iter().cycle() {
            match pull(&mut parts, *size) {
                Some(batch) => found.extend(lines(&batch)),
                None => break,
            }
        }
        prop_assert_eq!(found, expected);
    }
}
