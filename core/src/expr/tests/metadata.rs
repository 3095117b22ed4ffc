//! What Kafka knows of a record, struct fields and lists, and rows that fail alone.

use std::sync::Arc;

use arrow_array::builder::{ListBuilder, StringViewBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, Int64Array, StringViewArray, StructArray, TimestampMillisecondArray};
use arrow_buffer::{NullBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field};
use bytes::Bytes;

use super::{batch, nothing};
use crate::batch::{Batch, Origin, PerRow, Windows, bytes_column};
use crate::expr::{Expr, Scope};
use crate::types::{Column, KeyFormat, Schema, Slot, Type};

/// The values of an expression as text, or why there is none.
fn values(text: &str, scope: &Scope, batch: &Batch) -> Vec<String> {
    let evaluated = Expr::compile(&format!("CAST(({text}) AS text)"), scope).unwrap().evaluate(batch);
    let mut shown: Vec<String> =
        evaluated.values.as_string_view().iter().map(|value| value.unwrap_or("NULL").to_string()).collect();
    assert_eq!(shown.len(), batch.rows);
    for failure in evaluated.failures {
        assert_eq!(shown[failure.row], "NULL", "a failed row has no value");
        shown[failure.row] = failure.reason;
    }
    shown
}

fn records() -> Batch {
    let origin = Origin {
        topic: PerRow::Same("trades".into()),
        partition: PerRow::Each([1, 2, 1].into()),
        offset: vec![10, 11, 12].into(),
    };
    let keys = bytes_column([Some(&b"AAPL"[..]), None, Some(&[0xff][..])]);
    let mut batch = Batch::bare(keys, vec![1000, 2000, 3500].into(), origin);
    let header = |value: Option<&'static [u8]>| ("trace".to_string(), value.map(Bytes::from_static));
    batch.headers = Some([vec![header(Some(b"a")), header(Some(b"b"))], vec![header(None)], vec![]].into());
    batch.windows = Some(Windows { start: vec![0, 1000, 2000].into(), end: vec![1000, 2000, 3000].into() });
    batch
}

#[test]
fn metadata_is_read() {
    let scope = Scope { windowed: true, ..nothing() };
    let cases: [(&str, [&str; 3]); 9] = [
        ("_key", ["AAPL", "NULL", "the key is not UTF-8 text"]),
        ("_timestamp", ["1970-01-01 00:00:01", "1970-01-01 00:00:02", "1970-01-01 00:00:03.5"]),
        ("_topic || '!'", ["trades!", "trades!", "trades!"]),
        ("_partition * 10", ["10", "20", "10"]),
        ("_offset - 10", ["0", "1", "2"]),
        ("_headers['trace']", ["b", "NULL", "NULL"]),
        ("_window_end - _window_start", ["00:00:01", "00:00:01", "00:00:01"]),
        ("CASE WHEN _offset = 12 THEN 'last' ELSE _key END", ["AAPL", "NULL", "last"]),
        ("CASE WHEN _partition = 1 THEN _topic || _offset END", ["trades10", "NULL", "trades12"]),
    ];
    for (text, expected) in cases {
        assert_eq!(values(text, &scope, &records()), expected, "{text}");
    }
}

/// As behind the port `late` of a window.
#[test]
fn bounds_are_columns_where_keys_have_no_window() {
    let column = |name: &str| Column::required(name, Type::Timestamp);
    let schema = Arc::new(Schema::new(vec![column("_window_start"), column("_window_end")]));
    let times = |times: [i64; 3]| Arc::new(TimestampMillisecondArray::from(times.to_vec())) as ArrayRef;
    let batch = records().with_columns(schema.clone(), vec![times([0, 0, 0]), times([5_000, 6_000, 7_000])]);
    let late = Scope { schema, ..nothing() };
    assert_eq!(values("_window_end - _window_start", &late, &batch), ["00:00:05", "00:00:06", "00:00:07"]);
    let windowed = Scope { windowed: true, ..late };
    assert_eq!(values("_window_end - _window_start", &windowed, &batch), ["00:00:01", "00:00:01", "00:00:01"]);
}

#[test]
fn integer_keys_are_those_of_java() {
    let four = 7i32.to_be_bytes();
    let eight = (-7i64).to_be_bytes();
    let keys = bytes_column([Some(&four[..]), Some(&eight[..]), None]);
    let batch = Batch::bare(keys, vec![0; 3].into(), Origin::made_here(0, 3));
    let of = |key| values("_key", &Scope { key, ..nothing() }, &batch);
    assert_eq!(of(KeyFormat::Int32), ["7", "the key has 8 bytes, not those of an integer", "NULL"]);
    assert_eq!(of(KeyFormat::Int64), ["the key has 4 bytes, not those of an integer", "-7", "NULL"]);
}

#[test]
fn fields_and_items_are_reached() {
    let tier = StringViewArray::from(vec![Some("gold"), Some("none"), None]);
    let field = Field::new("tier", DataType::Utf8View, true);
    let account = StructArray::new(
        vec![field].into(),
        vec![Arc::new(tier) as ArrayRef],
        Some(NullBuffer::from(vec![true, false, true])),
    );
    let mut tags = ListBuilder::new(StringViewBuilder::new()).with_field(Field::new("item", DataType::Utf8View, true));
    tags.append_value([Some("a"), Some("b")]);
    tags.append_null();
    tags.append_value([None::<&str>]);
    let columns = vec![
        (
            Column::nullable("account", Type::Struct(vec![Column::nullable("tier", Type::Text)])),
            Arc::new(account) as ArrayRef,
        ),
        (
            Column::nullable("tags", Type::List(Box::new(Slot::nullable(Type::Text)))),
            Arc::new(tags.finish()) as ArrayRef,
        ),
    ];
    let batch = batch(3, columns);
    let scope = Scope { schema: batch.schema.clone(), ..nothing() };
    let cases: [(&str, [&str; 3]); 8] = [
        ("account.tier", ["gold", "NULL", "NULL"]),
        ("account['tier'] = 'gold'", ["true", "NULL", "NULL"]),
        ("account IS NULL", ["false", "true", "false"]),
        ("tags[1]", ["a", "NULL", "NULL"]),
        ("tags[2]", ["b", "NULL", "NULL"]),
        ("cardinality(tags)", ["2", "NULL", "1"]),
        ("to_json(account)", ["{\"tier\":\"gold\"}", "NULL", "{\"tier\":null}"]),
        ("tags = tags", ["true", "NULL", "true"]),
    ];
    for (text, expected) in cases {
        assert_eq!(values(text, &scope, &batch), expected, "{text}");
    }
}

fn numbers() -> (Scope, Batch) {
    let a = Int64Array::from(vec![Some(10), Some(20), None, Some(i64::MAX)]);
    let b = Int64Array::from(vec![Some(0), Some(5), Some(0), Some(2)]);
    let columns = vec![
        (Column::nullable("a", Type::Int64), Arc::new(a) as ArrayRef),
        (Column::nullable("b", Type::Int64), Arc::new(b) as ArrayRef),
    ];
    let batch = batch(4, columns);
    (Scope { schema: batch.schema.clone(), ..nothing() }, batch)
}

#[test]
fn a_row_fails_alone_and_only_where_it_is_reached() {
    let (scope, batch) = numbers();
    let cases: [(&str, [&str; 4]); 9] = [
        ("a / b", ["division by zero", "4", "NULL", "4611686018427387903"]),
        ("a * b", ["0", "100", "NULL", "int64 out of range"]),
        ("CASE WHEN b = 0 THEN -1 ELSE a / b END", ["-1", "4", "-1", "4611686018427387903"]),
        ("CASE b WHEN 0 THEN 0 WHEN 2 THEN a * b ELSE 1 END", ["0", "1", "0", "int64 out of range"]),
        ("b <> 0 AND a / b > 4", ["false", "false", "false", "true"]),
        ("b = 0 OR a / b > 4", ["true", "false", "true", "true"]),
        ("coalesce(b, a / 0)", ["0", "5", "0", "2"]),
        ("coalesce(a, 100 / b)", ["10", "20", "division by zero", "9223372036854775807"]),
        ("a / b + a / b", ["division by zero", "8", "NULL", "9223372036854775806"]),
    ];
    for (text, expected) in cases {
        assert_eq!(values(text, &scope, &batch), expected, "{text}");
    }
}

#[test]
fn a_failure_names_the_part_that_failed_once_a_row() {
    let (scope, batch) = numbers();
    let text = "1 + (a / b) * (b / b)";
    let evaluated = Expr::compile(text, &scope).unwrap().evaluate(&batch);
    let failures: Vec<(usize, &str)> =
        evaluated.failures.iter().map(|failure| (failure.row, &text[failure.span.clone()])).collect();
    assert_eq!(failures, [(0, "(a / b)"), (2, "(b / b)")]);
    assert_eq!(evaluated.values.as_primitive::<Int64Type>().null_count(), 2);
    let (keep, failures) = Expr::compile("a / b > 4", &scope).unwrap().evaluate_predicate(&batch);
    assert_eq!(keep.iter().collect::<Vec<_>>(), [Some(false), Some(false), Some(false), Some(true)]);
    assert_eq!(failures.len(), 1);
}

#[test]
fn our_own_casts_forgive() {
    let text = StringViewArray::from(vec![Some("5"), Some("x"), None]);
    let batch = batch(3, vec![(Column::nullable("a", Type::Text), Arc::new(text) as ArrayRef)]);
    let scope = Scope { schema: batch.schema.clone(), ..nothing() };
    assert_eq!(values("TRY_CAST(a AS int64)", &scope, &batch), ["5", "NULL", "NULL"]);
    assert_eq!(values("TRY_CAST(a AS float64) IS NULL", &scope, &batch), ["false", "true", "true"]);
    assert_eq!(values("TRY_CAST(CAST(a AS int64) AS bool)", &scope, &batch), ["true", "no int64: \"x\"", "NULL"]);
}

#[test]
fn batches_without_records_and_without_columns_are_fine() {
    let none = Batch::bare(bytes_column([]), ScalarBuffer::from(vec![]), Origin::made_here(0, 0));
    assert_eq!(Expr::compile("_offset / 0", &nothing()).unwrap().evaluate(&none).values.len(), 0);
    assert_eq!(Expr::compile("'a' || _topic", &nothing()).unwrap().evaluate(&none).values.len(), 0);
}
