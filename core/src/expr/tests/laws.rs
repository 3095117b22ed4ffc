//! Laws, on random input: no text makes the compiler panic, how records are batched changes nothing, LIKE is what its
//! definition says, decimals compute as the exact numbers they are.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::Decimal128Type;
use arrow_array::{
    Array, ArrayRef, BinaryViewArray, BooleanArray, Decimal128Array, Float64Array, Int64Array,
    IntervalMonthDayNanoArray, StringViewArray, TimestampMillisecondArray,
};
use arrow_buffer::IntervalMonthDayNano;
use proptest::prelude::*;

use super::{batch, nothing, trades};
use crate::batch::Batch;
use crate::expr::{Expr, Function, Scope, catalogue};
use crate::types::{Column, Type};

/// Pieces that make more of a random text parse.
const PIECES: [&str; 44] = [
    "price",
    "qty",
    "symbol",
    "fee",
    "ts",
    "tags",
    "account",
    ".tier",
    "[1]",
    "['tier']",
    "(",
    ")",
    ",",
    "+",
    "-",
    "*",
    "/",
    "%",
    "=",
    "<",
    "||",
    "::",
    "->",
    "AND",
    "OR",
    "NOT",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "IS NULL",
    "IN",
    "LIKE",
    "BETWEEN",
    "CAST(",
    " AS int64)",
    "upper(",
    "round(",
    "'a'",
    "1",
    "1.5",
    "INTERVAL '1 day'",
    "NULL",
];

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,60}") {
        check_spans(&text);
    }

    #[test]
    fn no_mix_of_pieces_makes_it_panic(pieces in proptest::collection::vec(0..PIECES.len(), 0..14)) {
        let text: Vec<&str> = pieces.into_iter().map(|at| PIECES[at]).collect();
        check_spans(&text.join(" "));
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn batching_changes_nothing(rows in proptest::collection::vec(row(), 0..20), cut in 0usize..20) {
        let whole = records(&rows);
        let scope = Scope { schema: whole.schema.clone(), ..nothing() };
        let cut = cut.min(rows.len());
        let parts = [whole.slice(0, cut), whole.slice(cut, rows.len() - cut)];
        for text in BATCHED {
            let expr = Expr::compile(text, &scope).unwrap();
            let shown = |batch: &Batch| {
                let evaluated = expr.evaluate(batch);
                let mut shown: Vec<String> = (0..batch.rows)
                    .map(|row| format!("{:?}", evaluated.values.slice(row, 1)))
                    .collect();
                for failure in evaluated.failures {
                    shown[failure.row] += &format!("{} {:?}", failure.reason, failure.span);
                }
                shown
            };
            let apart: Vec<String> = parts.iter().flat_map(shown).collect();
            prop_assert_eq!(shown(&whole), apart, "{}", text);
        }
    }
}

proptest! {
    #[test]
    fn like_is_what_its_definition_says(text in "[ab%_é]{0,8}", pattern in "[ab%_é]{0,6}") {
        let columns = vec![
            (Column::nullable("t", Type::Text), Arc::new(StringViewArray::from(vec![text.as_str()])) as ArrayRef),
            (Column::nullable("p", Type::Text), Arc::new(StringViewArray::from(vec![pattern.as_str()])) as ArrayRef),
        ];
        let batch = batch(1, columns);
        let scope = Scope { schema: batch.schema.clone(), ..nothing() };
        let wanted: Vec<char> = pattern.chars().collect();
        let expected = defined_like(&text.chars().collect::<Vec<_>>(), &wanted);
        for expr in ["t LIKE p".to_string(), format!("t LIKE '{pattern}'"), format!("t ILIKE '{}'", pattern.to_uppercase())] {
            let (found, _) = Expr::compile(&expr, &scope).unwrap().evaluate_predicate(&batch);
            prop_assert_eq!(found.value(0), expected, "{}", expr);
        }
    }

    #[test]
    fn decimals_are_exact(a in -99_999_999i64..=99_999_999, b in -99_999i64..=99_999) {
        let decimals = |digits: i64, precision, scale: i8| {
            let array = Decimal128Array::from(vec![i128::from(digits)]);
            Arc::new(array.with_precision_and_scale(precision, scale).unwrap()) as ArrayRef
        };
        let batch = batch(1, vec![
            (Column::nullable("a", Type::Decimal { precision: 10, scale: 2 }), decimals(a, 10, 2)),
            (Column::nullable("b", Type::Decimal { precision: 8, scale: 3 }), decimals(b, 8, 3)),
        ]);
        let scope = Scope { schema: batch.schema.clone(), ..nothing() };
        let value = |text: &str| {
            let evaluated = Expr::compile(text, &scope).unwrap().evaluate(&batch);
            evaluated.failures.is_empty().then(|| evaluated.values.as_primitive::<Decimal128Type>().value(0))
        };
        let (a, b) = (i128::from(a), i128::from(b));
        prop_assert_eq!(value("a + b"), Some(a * 10 + b));
        prop_assert_eq!(value("a - b"), Some(a * 10 - b));
        prop_assert_eq!(value("a * b"), Some(a * b));
        prop_assert_eq!(value("a % b"), (b != 0).then(|| (a * 10) % b));
        // a / b at 16 digits, halves away from zero: 2·|a·10^17 − q·b| ≤ |b|.
        match value("a / b") {
            None => prop_assert_eq!(b, 0),
            Some(quotient) => prop_assert!(2 * (a * 10i128.pow(17) - quotient * b).abs() <= b.abs()),
        }
    }
}

const BATCHED: [&str; 12] = [
    "n / m",
    "n * 4611686018427387904",
    "x / m > 1 OR s = 'a'",
    "CASE WHEN m = 0 THEN 0 WHEN n > m THEN n / m ELSE x * 2 END",
    "coalesce(n / m, m, 7)",
    "m <> 0 AND n / m > 1 AND s LIKE 'a%'",
    "TRY_CAST(s AS int64)",
    "CAST(s AS int64) + n",
    "greatest(n, m, 3)",
    "s || n",
    "n IN (1, 2, 3, 4, 5) OR s IS NULL",
    "_offset + coalesce(n, 0)",
];

type Row = (Option<i64>, Option<i64>, Option<f64>, Option<String>);

fn row() -> impl Strategy<Value = Row> {
    let text = prop_oneof![Just("a".to_string()), Just("12".to_string()), "[a-c0-3]{0,3}"];
    (
        proptest::option::of(-5i64..5),
        proptest::option::of(-2i64..3),
        proptest::option::of(prop_oneof![Just(0.0), Just(1e308), -5.0..5.0]),
        proptest::option::of(text),
    )
}

fn records(rows: &[Row]) -> Batch {
    let column = |name, data, array: ArrayRef| (Column::nullable(name, data), array);
    batch(
        rows.len(),
        vec![
            column("n", Type::Int64, Arc::new(rows.iter().map(|row| row.0).collect::<Int64Array>())),
            column("m", Type::Int64, Arc::new(rows.iter().map(|row| row.1).collect::<Int64Array>())),
            column("x", Type::Float64, Arc::new(rows.iter().map(|row| row.2).collect::<Float64Array>())),
            column("s", Type::Text, Arc::new(rows.iter().map(|row| row.3.clone()).collect::<StringViewArray>())),
        ],
    )
}

/// Compiles, and if that works evaluates on a batch of nulls; spans lie within the text.
fn check_spans(text: &str) {
    let scope = trades();
    match Expr::compile(text, &scope) {
        Ok(expr) => {
            let columns = crate::batch::null_columns(&scope.schema, 2);
            let batch = batch(2, Vec::new()).with_columns(scope.schema.clone(), columns);
            let evaluated = expr.evaluate(&batch);
            assert_eq!(evaluated.values.len(), 2);
            assert_eq!(*evaluated.values.data_type(), expr.data_type().to_arrow(), "{text}");
        }
        Err(problems) => {
            assert!(!problems.is_empty(), "{text}");
            assert!(problems.iter().all(|problem| text.get(problem.span.clone()).is_some()), "{text}: {problems:?}");
        }
    }
}

fn defined_like(text: &[char], pattern: &[char]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some(('%', rest)) => (0..=text.len()).any(|skipped| defined_like(&text[skipped..], rest)),
        Some((one, rest)) => {
            text.split_first().is_some_and(|(next, text)| (*one == '_' || one == next) && defined_like(text, rest))
        }
    }
}

/// The column of [`wild`] that goes with a parameter's type.
fn column_for(kind: &str) -> &'static str {
    match kind.trim_end_matches("...") {
        "int64" | "number" => "i",
        "float64" => "f",
        "decimal" => "d",
        "bytes" => "b",
        "timestamp" => "at",
        "interval" => "span",
        "list" | "list of text" => "string_to_array(t, ',')",
        _ => "t",
    }
}

/// Calls of every form of every function, and every operator and cast between all types.
fn everything() -> Vec<String> {
    let columns = ["i", "f", "d", "b", "at", "span", "t", "ok", "n"];
    let calls = catalogue().iter().flat_map(Function::signatures).map(|signature| {
        let inside = signature.split_once('(').unwrap().1.split_once(')').unwrap().0;
        let arguments: Vec<&str> =
            inside.split(", ").filter_map(|part| part.split_once(' ')).map(|(_, kind)| column_for(kind)).collect();
        format!("{}({})", signature.split_once('(').unwrap().0, arguments.join(", "))
    });
    let operators = ["+", "-", "*", "/", "%", "^", "=", "<", "||", "~", "LIKE", "->", "->>", "IS DISTINCT FROM"];
    let pairs = columns.iter().flat_map(|left| columns.map(|right| (*left, right)));
    let binary = pairs.flat_map(|(left, right)| operators.map(|operator| format!("{left} {operator} {right}")));
    let types =
        ["bool", "int64", "float64", "decimal(12,3)", "decimal(38,30)", "text", "bytes", "timestamp", "interval"];
    let casts = columns.iter().flat_map(|column| types.map(|kind| format!("CAST({column} AS {kind})")));
    let parts = ["epoch", "century", "millennium", "week", "isoyear", "second", "decade", "quarter", "hour"];
    let extracts = ["at", "span"].iter().flat_map(|of| parts.map(|part| format!("extract({part} FROM {of})")));
    let cuts =
        ["century", "millennium", "week", "decade", "quarter", "hour"].map(|unit| format!("date_trunc('{unit}', at)"));
    calls
        .chain(binary)
        .chain(casts)
        .chain(extracts)
        .chain(cuts)
        .chain(["-i", "-d", "-span", "-f"].map(String::from))
        .collect()
}

type Wild = (i64, f64, i128, String, i64, (i32, i32, i64));

/// Values at and beyond all limits.
fn wild() -> impl Strategy<Value = Wild> {
    let int = || prop_oneof![Just(i64::MIN), Just(i64::MAX), Just(0), -3i64..40, any::<i64>()];
    let float = prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(-0.0), -3.0..40.0, any::<f64>()];
    let digits = prop_oneof![Just(0), Just(10i128.pow(20) - 1), Just(1 - 10i128.pow(20)), -99_999i128..99_999];
    let text = prop_oneof![
        "[-+0-9eé:. ,TPZymdhs]{0,16}",
        "[{}\\[\\]\":,a0-9 ]{0,12}",
        "\\PC{0,10}",
        "(YYYY|MM|HH24|day|hex|utf8|FM|\\\\){0,4}"
    ];
    let at = prop_oneof![Just(i64::MIN), Just(i64::MAX), -70_000_000_000_000i64..4_000_000_000_000, any::<i64>()];
    let small = || prop_oneof![Just(i32::MIN), Just(i32::MAX), -40i32..40];
    (int(), float, digits, text, at, (small(), small(), int()))
}

fn wild_records(rows: &[Wild]) -> Batch {
    let column = |name, data, array: ArrayRef| (Column::nullable(name, data), array);
    let spans = rows.iter().map(|row| Some(IntervalMonthDayNano::new(row.5.0, row.5.1, row.5.2)));
    let decimals: Decimal128Array = rows.iter().map(|row| Some(row.2)).collect();
    batch(
        rows.len(),
        vec![
            column("i", Type::Int64, Arc::new(rows.iter().map(|row| Some(row.0)).collect::<Int64Array>())),
            column("n", Type::Int64, Arc::new(rows.iter().map(|row| Some(row.0 % 40)).collect::<Int64Array>())),
            column("f", Type::Float64, Arc::new(rows.iter().map(|row| Some(row.1)).collect::<Float64Array>())),
            column(
                "d",
                Type::Decimal { precision: 20, scale: 4 },
                Arc::new(decimals.with_precision_and_scale(20, 4).unwrap()),
            ),
            column("t", Type::Text, Arc::new(StringViewArray::from_iter_values(rows.iter().map(|row| &row.3)))),
            column(
                "b",
                Type::Bytes,
                Arc::new(BinaryViewArray::from_iter_values(rows.iter().map(|row| row.3.as_bytes()))),
            ),
            column(
                "at",
                Type::Timestamp,
                Arc::new(rows.iter().map(|row| Some(row.4)).collect::<TimestampMillisecondArray>()),
            ),
            column("span", Type::Interval, Arc::new(spans.collect::<IntervalMonthDayNanoArray>())),
            column("ok", Type::Bool, Arc::new(rows.iter().map(|row| Some(row.0 > 0)).collect::<BooleanArray>())),
        ],
    )
}

#[test]
fn no_value_makes_a_function_or_operator_panic() {
    let empty = wild_records(&[]);
    let scope = Scope { schema: empty.schema.clone(), ..nothing() };
    let exprs: Vec<Expr> = everything().iter().filter_map(|text| Expr::compile(text, &scope).ok()).collect();
    assert!(exprs.len() > 300, "only {} of the expressions compile", exprs.len());
    let config = ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let ran = runner.run(&proptest::collection::vec(wild(), 1..12), |rows| {
        let batch = wild_records(&rows);
        for expr in &exprs {
            let evaluated = expr.evaluate(&batch);
            prop_assert_eq!(evaluated.values.len(), rows.len());
            prop_assert_eq!(evaluated.values.data_type(), &expr.data_type().to_arrow(), "{}", expr.text());
            for row in 0..rows.len() {
                let has_failed = evaluated.failures.iter().any(|failure| failure.row == row);
                let is_null = evaluated.values.is_null(row);
                prop_assert!(!has_failed || is_null, "{} failed and has a value", expr.text());
            }
        }
        Ok(())
    });
    ran.unwrap();
}
