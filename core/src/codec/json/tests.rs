//! Laws of the JSON codec, on random documents and random columns, and its edges, case by case.

use std::sync::Arc;

use arrow_array::types::{Decimal128Type, Float64Type, Int64Type, IntervalMonthDayNanoType, TimestampMillisecondType};
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, BinaryViewArray, BooleanArray, ListArray, PrimitiveArray, StringViewArray,
    StructArray,
};
use arrow_buffer::{IntervalMonthDayNano, NullBuffer, OffsetBuffer};
use arrow_schema::DataType;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::batch::{Batch, Origin, bytes_column};
use crate::codec::scalar::decimal_of;
use crate::codec::{
    BytesBuilder, Decoded, Decoder, Encoder, JsonOptions, Nulls, ValueFormat, exact_decoder, exact_encoder, row_value,
};
use crate::types::{Column, Schema, Slot, Type};

fn schema(notation: Value) -> Arc<Schema> {
    Arc::new(Schema::from_notation(&notation).unwrap())
}

fn decoder(schema: &Arc<Schema>) -> Decoder {
    Decoder::new(&ValueFormat::default(), schema.clone())
}

fn batch_of(schema: &Arc<Schema>, columns: Vec<ArrayRef>, rows: usize) -> Batch {
    let bare = Batch::bare(bytes_column((0..rows).map(|_| None)), vec![0; rows].into(), Origin::made_here(0, rows));
    bare.with_columns(schema.clone(), columns)
}

/// Each payload as the row that it becomes, or as the reason of its failure.
fn read(schema: &Arc<Schema>, payloads: &[&[u8]]) -> Vec<Result<Value, String>> {
    let Decoded { columns, failures } =
        decoder(schema).decode(&bytes_column(payloads.iter().map(|payload| Some(*payload))));
    let batch = batch_of(schema, columns, payloads.len());
    let mut rows: Vec<_> = (0..payloads.len()).map(|row| Ok(row_value(&batch, row))).collect();
    for failure in failures {
        assert!(failure.offset <= payloads[failure.row].len());
        rows[failure.row] = Err(failure.to_string());
    }
    rows
}

fn check(notation: Value, cases: &[(&str, Result<Value, &str>)]) {
    let payloads: Vec<&[u8]> = cases.iter().map(|(payload, _)| payload.as_bytes()).collect();
    for ((payload, expected), row) in cases.iter().zip(read(&schema(notation), &payloads)) {
        assert_eq!(row, expected.clone().map_err(String::from), "{payload}");
    }
}

#[test]
fn a_bad_record_fails_alone_and_says_why() {
    let good = Ok(json!({ "id": 1, "account": { "tier": "gold" } }));
    let account = r#"{"id":1,"account":{"tier":"gold"}}"#;
    check(
        json!({ "id": "int64!", "account": { "struct": { "tier": "text" } } }),
        &[
            (account, good.clone()),
            (
                r#"{"id":1,"account":{"tier":5}}"#,
                Err("column account.tier: expected text, found a number (at byte 26)"),
            ),
            (account, good.clone()),
            (r#"{"account":{"tier":"gold"}}"#, Err("column id: required, found nothing (at byte 0)")),
            (r#"{"id":null}"#, Err("column id: required, found null (at byte 6)")),
            (r#"{"id":"1"}"#, Err("column id: expected int64, found text (at byte 6)")),
            (
                r#"{"id":1.0}"#,
                Err("column id: expected int64, found 1.0, which is not written as an integer (at byte 6)"),
            ),
            (
                r#"{"id":1e3}"#,
                Err("column id: expected int64, found 1e3, which is not written as an integer (at byte 6)"),
            ),
            (
                r#"{"id":9223372036854775808}"#,
                Err("column id: 9223372036854775808 is out of the range of int64 (at byte 6)"),
            ),
            (r#"{"id":1,"account":[]}"#, Err("column account: expected an object, found a list (at byte 18)")),
            (r#"{"id":1,"account":{"tier":"go"#, Err("a text that does not end (at byte 29)")),
            (r#"{"id":1}{"id":2}"#, Err("something behind the end of the value (at byte 8)")),
            (r#"{"id":1,}"#, Err("expected a name in quotes, found `}` (at byte 8)")),
            (r#"{"id":1 "b":2}"#, Err("expected `,` or `}`, found `\"` (at byte 8)")),
            (r#"{"id" 1}"#, Err("expected `:`, found `1` (at byte 6)")),
            (r#"{"id":01}"#, Err("a number that begins with 0 (at byte 6)")),
            (r#"{"id":-}"#, Err("expected a digit, found `}` (at byte 7)")),
            (r#"{"id":tru}"#, Err("expected true, found `t` (at byte 6)")),
            ("{\"id\":1,\"x\":\"\n\"}", Err("a control character in a text, which has to be escaped (at byte 13)")),
            ("", Err("expected a value, found the end (at byte 0)")),
            ("[1]", Err("expected an object, found a list (at byte 0)")),
            (" null", Err("expected an object, found null (at byte 1)")),
            ("\u{feff}{}", Err("expected a value, found `\u{feff}` (at byte 0)")),
            ("nonsense", Err("expected null, found `n` (at byte 0)")),
            (r#"{"id":"#, Err("expected a value, found the end (at byte 6)")),
            (account, good),
        ],
    );
}

#[test]
fn broken_utf8_fails_alone() {
    let rows = read(&schema(json!({ "a": "text" })), &[b"{\"a\":\"x\"}", b"{\"b\":\"\xff\"}", b"{\"a\":\"\xc3\xa4\"}"]);
    assert_eq!(rows, [Ok(json!({ "a": "x" })), Err("invalid UTF-8 (at byte 6)".into()), Ok(json!({ "a": "\u{e4}" }))]);
}

#[test]
fn names_are_found_however_they_are_written() {
    check(
        json!({ "a": "int64", "b\"": "text", "\u{e4}": "bool" }),
        &[
            (r#"{"a":1}"#, Ok(json!({ "a": 1, "b\"": null, "\u{e4}": null }))),
            (r#"{"\u0061":2,"b\"":"x","\u00e4":true}"#, Ok(json!({ "a": 2, "b\"": "x", "\u{e4}": true }))),
            (r#" { "b\u0022" : "y" , "a" : 3 } "#, Ok(json!({ "a": 3, "b\"": "y", "\u{e4}": null }))),
            ("{\"\u{e4}\":false,\"A\":{\"a\":[1,{}]}}", Ok(json!({ "a": null, "b\"": null, "\u{e4}": false }))),
            ("{}", Ok(json!({ "a": null, "b\"": null, "\u{e4}": null }))),
        ],
    );
}

#[test]
fn of_a_name_that_comes_twice_the_last_one_counts() {
    check(
        json!({ "a": "int64!", "s": { "struct": { "x": "int64!", "y": "text" } }, "l": { "list": "int64" } }),
        &[
            (r#"{"a":1,"a":2}"#, Ok(json!({ "a": 2, "s": null, "l": null }))),
            (r#"{"a":"x","a":2}"#, Ok(json!({ "a": 2, "s": null, "l": null }))),
            (r#"{"a":1,"a":null}"#, Err("column a: required, found null (at byte 11)")),
            (
                r#"{"a":1,"s":{"x":1,"y":"b"},"s":{"x":2}}"#,
                Ok(json!({ "a": 1, "s": { "x": 2, "y": null }, "l": null })),
            ),
            (
                r#"{"a":1,"s":{"y":5},"l":["x"],"s":{"x":3},"l":[7]}"#,
                Ok(json!({ "a": 1, "s": { "x": 3, "y": null }, "l": [7] })),
            ),
            (r#"{"a":1,"l":["x"],"s":{},"s":null}"#, Err("column l[]: expected int64, found text (at byte 12)")),
        ],
    );
}

#[test]
fn an_error_in_one_item_survives_the_next() {
    check(
        json!({ "l": { "list": { "struct": { "a": "int64" } } } }),
        &[
            (r#"{"l":[{"a":"x"},{"a":"y","a":1}]}"#, Err("column l[].a: expected int64, found text (at byte 11)")),
            (r#"{"l":[{"a":"x","a":2},{"a":"y","a":1}]}"#, Ok(json!({ "l": [{ "a": 2 }, { "a": 1 }] }))),
            (r#"{"l":[{"a":"x"}],"l":[{}]}"#, Ok(json!({ "l": [{ "a": null }] }))),
        ],
    );
}

#[test]
fn scalars_at_their_edges() {
    check(
        json!({ "d": "decimal(5,2)" }),
        &[
            (r#"{"d":123.45}"#, Ok(json!({ "d": 123.45 }))),
            (r#"{"d":-0.5}"#, Ok(json!({ "d": -0.5 }))),
            (r#"{"d":1.500}"#, Ok(json!({ "d": 1.5 }))),
            (r#"{"d":1e2}"#, Ok(json!({ "d": 100.0 }))),
            (r#"{"d":1.005}"#, Err("column d: too many digits for decimal(5,2): 1.005 (at byte 5)")),
            (r#"{"d":1000}"#, Err("column d: too many digits for decimal(5,2): 1000 (at byte 5)")),
            (
                r#"{"d":1e999999999999999999999}"#,
                Err("column d: too many digits for decimal(5,2): 1e999999999999999999999 (at byte 5)"),
            ),
            (r#"{"d":"1"}"#, Err("column d: expected decimal(5,2), found text (at byte 5)")),
        ],
    );
    check(
        json!({ "f": "float64" }),
        &[
            (r#"{"f":1}"#, Ok(json!({ "f": 1.0 }))),
            (r#"{"f":-0}"#, Ok(json!({ "f": -0.0 }))),
            (r#"{"f":1E-400}"#, Ok(json!({ "f": 0.0 }))),
            (r#"{"f":1e400}"#, Err("column f: 1e400 is out of the range of float64 (at byte 5)")),
            (r#"{"f":NaN}"#, Err("expected a value, found `N` (at byte 5)")),
            (r#"{"f":"NaN"}"#, Err("column f: expected float64, found text (at byte 5)")),
        ],
    );
    check(
        json!({ "t": "timestamp" }),
        &[
            (r#"{"t":0}"#, Ok(json!({ "t": 0 }))),
            (r#"{"t":-1}"#, Err("column t: the timestamp -1 is before 1970 (at byte 5)")),
            (r#"{"t":"1970-01-01T00:00:01.5+00:00"}"#, Ok(json!({ "t": 1500 }))),
            (
                r#"{"t":"1969-12-31T23:59:59Z"}"#,
                Err("column t: the timestamp 1969-12-31T23:59:59Z is before 1970 (at byte 5)"),
            ),
            (r#"{"t":"now"}"#, Err("column t: `now` is not a timestamp like 2026-01-31T23:59:59.999Z (at byte 5)")),
        ],
    );
    check(
        json!({ "i": "interval", "b": "bytes" }),
        &[
            (r#"{"i":"P1Y2M3DT4H5M6.5S"}"#, Ok(json!({ "i": "P1Y2M3DT4H5M6.5S", "b": null }))),
            (r#"{"i":"1 year 2 mons 3 days 04:05:06.5"}"#, Ok(json!({ "i": "P1Y2M3DT4H5M6.5S", "b": null }))),
            (r#"{"i":"soon"}"#, Err("column i: `soon` is not an interval like P1DT2H or 1 day 02:00:00 (at byte 5)")),
            (r#"{"b":"\/\/8="}"#, Ok(json!({ "i": null, "b": { "base64": "//8=" } }))),
            (r#"{"b":"a"}"#, Err("column b: `a` is not base64 (at byte 5)")),
        ],
    );
    check(
        json!({ "t": "text" }),
        &[
            (r#"{"t":"\ud83d\ude00\n\"\\\/\b\f\r\t\u0000"}"#, Ok(json!({ "t": "\u{1f600}\n\"\\/\u{8}\u{c}\r\t\0" }))),
            (r#"{"t":"\ud83d"}"#, Err("an escape \\u of half a character (at byte 6)")),
            (r#"{"t":"\ude00"}"#, Err("an escape \\u of half a character (at byte 6)")),
            (r#"{"t":"\ud83d\u0041"}"#, Err("an escape \\u of half a character (at byte 6)")),
            (r#"{"t":"\u00g0"}"#, Err("an escape \\u without four hexadecimal digits (at byte 6)")),
            (r#"{"t":"\x"}"#, Err("an unknown escape (at byte 6)")),
            (r#"{"t":"\"#, Err("an unknown escape (at byte 6)")),
        ],
    );
}

#[test]
fn depth_is_limited_as_in_serde_json() {
    for depth in [2, 126, 127, 128, 5000] {
        let (open, close) = (r#"{"x":"#.repeat(depth), "}".repeat(depth));
        let objects = format!("{open}1{close}");
        let lists = format!("{{\"x\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        for document in [objects, lists] {
            let accepted = serde_json::from_str::<Value>(&document).is_ok();
            assert_eq!(accepted, depth < 128, "{depth}");
            for wanted in [json!({}), json!({ "x": { "struct": {} } }), json!({ "y": "text" })] {
                let is_list_for_struct = wanted.get("x").is_some() && document.contains('[');
                assert_eq!(read(&schema(wanted), &[document.as_bytes()])[0].is_ok(), accepted && !is_list_for_struct);
            }
        }
    }
}

#[test]
fn texts_without_escapes_are_views_of_the_payload() {
    let payload = bytes_column([Some(&br#"{"a":"longer than twelve bytes","b":"with \"escapes\", long"}"#[..])]);
    let schema = schema(json!({ "a": "text", "b": "text" }));
    let decoded = decoder(&schema).decode(&payload);
    let a = decoded.columns[0].as_any().downcast_ref::<StringViewArray>().unwrap();
    let b = decoded.columns[1].as_any().downcast_ref::<StringViewArray>().unwrap();
    let whole = payload.data_buffers()[0].as_ptr_range();
    assert!(whole.contains(&a.value(0).as_ptr()));
    assert!(!whole.contains(&b.value(0).as_ptr()));
    assert_eq!((a.value(0), b.value(0)), ("longer than twelve bytes", "with \"escapes\", long"));
}

#[test]
fn nulls_are_written_or_left_out() {
    let notation = json!({ "a": "int64", "s": { "struct": { "x": "int64", "y": "text" } } });
    let schema = schema(notation);
    let payloads = [&br#"{"a":null,"s":{"x":1}}"#[..], b"{}", br#"{"a":3,"s":{}}"#];
    let decoded = decoder(&schema).decode(&bytes_column(payloads.map(Some)));
    let batch = batch_of(&schema, decoded.columns, 3);
    for (nulls, expected) in [
        (
            Nulls::Write,
            [r#"{"a":null,"s":{"x":1,"y":null}}"#, r#"{"a":null,"s":null}"#, r#"{"a":3,"s":{"x":null,"y":null}}"#],
        ),
        (Nulls::Omit, [r#"{"s":{"x":1}}"#, "{}", r#"{"a":3,"s":{}}"#]),
    ] {
        let encoded = Encoder::new(&ValueFormat::Json(JsonOptions { nulls }), schema.clone()).encode(&batch);
        assert_eq!(encoded.payload, bytes_column(expected.map(|text| Some(text.as_bytes()))));
    }
}

#[test]
fn what_has_no_json_form_fails_alone() {
    let schema = schema(json!({ "s": { "struct": { "l": { "list": "float64" } } } }));
    let texts = [r#"{"s":{"l":[1.5]}}"#, r#"{"s":{"l":[1,"NaN"]}}"#, r#"{"s":{"l":[3]}}"#];
    let decoded = exact_decoder(schema.clone()).decode(&bytes_column(texts.map(|text| Some(text.as_bytes()))));
    assert_eq!(decoded.failures, []);
    let encoded = Encoder::new(&ValueFormat::default(), schema.clone()).encode(&batch_of(&schema, decoded.columns, 3));
    assert_eq!(encoded.failures.len(), 1);
    assert_eq!(encoded.failures[0].to_string(), "column s.l[]: NaN has no JSON form");
    let written = [Some(&br#"{"s":{"l":[1.5]}}"#[..]), None, Some(br#"{"s":{"l":[3.0]}}"#)];
    assert_eq!(encoded.payload, bytes_column(written));
}

#[test]
fn columns_are_found_by_name_and_checked_by_type() {
    let two = schema(json!({ "b": "int64", "a": "int64" }));
    let column = |value: i64| Arc::new(PrimitiveArray::<Int64Type>::from(vec![value])) as ArrayRef;
    let batch = batch_of(&two, vec![column(2), column(1)], 1);
    for (wanted, expected) in [
        (json!({ "a": "int64", "c": "text" }), Ok(r#"{"a":1,"c":null}"#)),
        (json!({ "b": "text" }), Err("column b: is of type Int64 here, not Utf8View as declared")),
    ] {
        let encoded = Encoder::new(&ValueFormat::default(), schema(wanted)).encode(&batch);
        match expected {
            Ok(text) => assert_eq!(encoded.payload, bytes_column([Some(text.as_bytes())])),
            Err(why) => assert_eq!(encoded.failures[0].reason, why),
        }
    }
}

// ---- random documents, against serde_json ----

fn wanted() -> Arc<Schema> {
    schema(json!({
        "a": "int64", "b": "float64!", "c": "text", "d": "decimal(6,2)", "e": "bool", "t": "timestamp",
        "s": { "struct": { "a": "text", "b": { "list": "int64" } } },
        "l": { "list": { "struct": { "a": "text!", "b": "float64" } } }
    }))
}

/// What the columns are, going by serde_json's value alone.
fn expected(slot: &Slot, value: Option<&Value>) -> Result<Value, ()> {
    let value = match value {
        None | Some(Value::Null) => return if slot.required { Err(()) } else { Ok(Value::Null) },
        Some(value) => value,
    };
    match (&slot.data, value) {
        (Type::Bool, Value::Bool(_)) | (Type::Text, Value::String(_)) => Ok(value.clone()),
        (Type::Int64, Value::Number(number)) if number.is_i64() => Ok(value.clone()),
        (Type::Timestamp, Value::Number(number)) if number.as_i64().is_some_and(|millis| millis >= 0) => {
            Ok(value.clone())
        }
        (Type::Float64, Value::Number(number)) => Ok(json!(number.as_f64())),
        (&Type::Decimal { precision, scale }, Value::Number(number)) => {
            decimal_of(number.to_string().as_bytes(), precision, scale).map_err(drop)?;
            Ok(json!(number.as_f64()))
        }
        (Type::List(slot), Value::Array(items)) => items.iter().map(|item| expected(slot, Some(item))).collect(),
        (Type::Struct(columns), Value::Object(_)) => expected_columns(columns, value),
        _ => Err(()),
    }
}

fn expected_columns(columns: &[Column], value: &Value) -> Result<Value, ()> {
    let column = |column: &Column| {
        let slot = Slot { data: column.data.clone(), required: column.required };
        Ok((column.name.clone(), expected(&slot, value.get(&column.name))?))
    };
    columns.iter().map(column).collect()
}

/// Numbers whose float serde_json reads exactly, and which differ from -0, which is an integer to us alone.
fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i64>().prop_map(|value| value.to_string()),
        any::<u64>().prop_map(|value| value.to_string()),
        "-?[1-9][0-9]{0,6}(\\.[0-9]{1,4})?([eE][+-]?[0-9])?",
        "0(\\.[0-9]{1,3})?",
        "-?[0-9]{1,3}\\.[0-9]{1,2}",
    ]
}

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[ -!#-\\[\\]-~]{0,20}",
        1 => "\\PC{0,5}".prop_map(|text| text.replace(['"', '\\'], "")),
        1 => prop::sample::select(vec!["\\n", "\\\"", "\\\\", "\\/", "\\u00e4", "\\ud83d\\ude00", "\\ud83d", "\\u0000", "\\q", "\u{1}"])
            .prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

fn space() -> impl Strategy<Value = &'static str> {
    prop_oneof![8 => Just(""), 1 => Just(" "), 1 => Just("\n\t\r ")]
}

fn name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "a",
        "b",
        "b",
        "c",
        "d",
        "e",
        "t",
        "s",
        "l",
        "\\u0061",
        "other",
        "a long name of a column",
        "",
    ])
}

fn object(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let member = (space(), name(), space(), space(), value, space())
        .prop_map(|(before, name, colon, after, value, end)| format!("{before}\"{name}\"{colon}:{after}{value}{end}"));
    prop::collection::vec(member, 0..7).prop_map(|members| format!("{{{}}}", members.join(",")))
}

fn any_value() -> impl Strategy<Value = String> {
    let literal = prop::sample::select(vec!["true", "false", "null"]).prop_map(String::from);
    let scalar = prop_oneof![2 => literal, 4 => number(), 3 => text()];
    scalar.prop_recursive(4, 24, 5, |inner| {
        let list = prop::collection::vec((space(), inner.clone(), space()), 0..5).prop_map(|items| {
            let items: Vec<String> = items.into_iter().map(|(a, value, b)| format!("{a}{value}{b}")).collect();
            format!("[{}]", items.join(","))
        });
        prop_oneof![list, object(inner)]
    })
}

/// A record that fits the wanted columns more often than not.
fn record() -> impl Strategy<Value = String> {
    let rare = |good: BoxedStrategy<String>| prop_oneof![12 => good, 1 => any_value()];
    let list_of = |item: BoxedStrategy<String>| {
        prop::collection::vec(item, 0..4).prop_map(|items| format!("[{}]", items.join(","))).boxed()
    };
    let integer = || any::<i32>().prop_map(|value| value.to_string()).boxed();
    let nested = (rare(text().boxed()), rare(list_of(integer())))
        .prop_map(|(a, b)| format!("{{\"a\":{a}, \"b\" :{b}}}"))
        .boxed();
    let item =
        (rare(text().boxed()), rare(number().boxed())).prop_map(|(a, b)| format!("{{\"a\":{a},\"b\":{b}}}")).boxed();
    let short = "-?[1-9][0-9]{0,3}(\\.[0-9]{1,2})?".boxed();
    let members = (
        rare(integer()),
        rare(number().boxed()),
        rare(text().boxed()),
        rare(short),
        rare(Just("true".to_string()).boxed()),
        rare(nested),
        rare(list_of(item)),
        any_value(),
        prop::sample::subsequence((0..8).collect::<Vec<usize>>(), 4..=8).prop_shuffle(),
    );
    members.prop_map(|(a, b, c, d, e, s, l, other, order)| {
        let members = [("a", a), ("b", b), ("c", c), ("d", d), ("e", e), ("s", s), ("l", l), ("other", other)];
        let members: Vec<String> = order.iter().map(|&at| format!("\"{}\":{}", members[at].0, members[at].1)).collect();
        format!("{{{}}}", members.join(","))
    })
}

/// A document, at times with a byte too few or a wrong one.
fn document() -> impl Strategy<Value = Vec<u8>> {
    let whole = prop_oneof![5 => record(), 2 => object(any_value()), 1 => any_value()];
    let damage = prop::option::weighted(0.3, (any::<prop::sample::Index>(), prop::option::of(any::<u8>())));
    (whole, damage).prop_map(|(text, damage)| {
        let mut bytes = text.into_bytes();
        match damage {
            Some((place, Some(byte))) if !bytes.is_empty() => {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            Some((place, None)) if !bytes.is_empty() => drop(bytes.remove(place.index(bytes.len()))),
            _ => {}
        }
        bytes
    })
}

/// Damage may make numbers that serde_json does not read, or not exactly, or takes for no integer.
fn is_beyond_serde_json(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let digits = |part: &str| part.bytes().filter(u8::is_ascii_digit).count();
    let mut numbers = text.split(|c: char| !(c.is_ascii_digit() || "+-.eE".contains(c)));
    numbers.any(|part| {
        let is_float = part.contains(['.', 'e', 'E']);
        let exponent = part.split(['e', 'E']).nth(1).map_or(0, digits);
        part.starts_with("-0") || (is_float && digits(part) > 15) || exponent > 1 || digits(part) > 20
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn documents_are_read_as_serde_json_reads_them(documents in prop::collection::vec(document(), 1..8)) {
        let schema = wanted();
        let payloads: Vec<&[u8]> = documents.iter().map(Vec::as_slice).collect();
        for (bytes, row) in documents.iter().zip(read(&schema, &payloads)) {
            if is_beyond_serde_json(bytes) {
                continue;
            }
            let shown = String::from_utf8_lossy(bytes);
            let syntax = serde_json::from_slice::<Value>(bytes);
            prop_assert_eq!(super::check(bytes, &mut Vec::new()).is_ok(), syntax.is_ok(), "{}", shown);
            let expected = syntax.map_err(drop).and_then(|value| match value.is_object() {
                true => expected_columns(&schema.columns, &value),
                false => Err(()),
            });
            prop_assert_eq!(row.map_err(drop), expected.map(|value| as_decimals(value)), "{}", shown);
        }
    }

    #[test]
    fn random_bytes_give_a_row_or_a_reason(
        payloads in prop::collection::vec(prop_oneof![
            prop::collection::vec(any::<u8>(), 0..80),
            prop::collection::vec(prop::sample::select(b"{}[]\",:\\u0d8abcdeslt1e.-+ \n\x00\xc3truefalsn".to_vec()), 0..60),
        ], 0..6),
    ) {
        let payloads: Vec<&[u8]> = payloads.iter().map(Vec::as_slice).collect();
        prop_assert_eq!(read(&wanted(), &payloads).len(), payloads.len());
        let exact = exact_decoder(wanted()).decode(&bytes_column(payloads.iter().map(|payload| Some(*payload))));
        prop_assert!(exact.columns.iter().all(|column| column.len() == payloads.len()));
    }

    #[test]
    fn a_batch_is_as_many_batches_of_one(documents in prop::collection::vec(prop::option::weighted(0.9, document()), 0..10)) {
        let schema = wanted();
        let payload = bytes_column(documents.iter().map(|document| document.as_deref()));
        let whole = decoder(&schema).decode(&payload);
        let mut single = decoder(&schema);
        let mut failures = Vec::new();
        for row in 0..documents.len() {
            let one = single.decode(&payload.slice(row, 1));
            for (all, one) in whole.columns.iter().zip(&one.columns) {
                prop_assert_eq!(&all.slice(row, 1), one);
            }
            failures.extend(one.failures.into_iter().map(|mut failure| {
                failure.row = row;
                failure
            }));
        }
        prop_assert_eq!(whole.failures, failures);
        for column in whole.columns {
            prop_assert!(column.to_data().validate_full().is_ok());
        }
    }
}

/// A decimal column shows its value as a float, or as an integer where the scale is 0; both stand for the same number.
fn as_decimals(mut row: Value) -> Value {
    if let Some(decimal) = row.get_mut("d").filter(|decimal| decimal.is_number()) {
        *decimal = json!(decimal.as_f64());
    }
    row
}

// ---- random columns, written and read back ----

#[derive(Debug, Clone)]
enum Cell {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Decimal(i128),
    Text(String),
    Bytes(Vec<u8>),
    Interval(i32, i32, i64),
    List(Vec<Cell>),
    Struct(Vec<Cell>),
}

fn any_type() -> impl Strategy<Value = Type> {
    let leaf = prop_oneof![
        Just(Type::Bool),
        Just(Type::Int64),
        Just(Type::Float64),
        Just(Type::Text),
        Just(Type::Bytes),
        Just(Type::Timestamp),
        Just(Type::Interval),
        (1u8..39, 0u8..39).prop_map(|(precision, scale)| Type::Decimal { precision, scale: scale.min(precision) }),
    ];
    leaf.prop_recursive(3, 10, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(|data| Type::List(Box::new(Slot::nullable(data)))),
            prop::collection::vec(inner, 0..4).prop_map(|types| Type::Struct(named(types))),
        ]
    })
}

fn named(types: Vec<Type>) -> Vec<Column> {
    const NAMES: [&str; 5] = ["a", "a longer name, of more than 16 bytes", "b\"\\\n", "\u{e4}\u{1f600}", ""];
    types.into_iter().zip(NAMES).map(|(data, name)| Column::nullable(name, data)).collect()
}

fn cell(data: &Type, is_exact: bool) -> BoxedStrategy<Cell> {
    let some = match data {
        Type::Bool => any::<bool>().prop_map(Cell::Bool).boxed(),
        Type::Int64 => any::<i64>().prop_map(Cell::Int).boxed(),
        Type::Timestamp if is_exact => any::<i64>().prop_map(Cell::Int).boxed(),
        Type::Timestamp => (0..i64::MAX).prop_map(Cell::Int).boxed(),
        Type::Float64 if is_exact => prop_oneof![
            prop::num::f64::ANY,
            prop::sample::select(vec![f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -0.0])
        ]
        .prop_map(|value| Cell::Float(if value.is_nan() { f64::NAN } else { value }))
        .boxed(),
        Type::Float64 => {
            let finite = prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO;
            prop_oneof![finite, any::<i32>().prop_map(f64::from)].prop_map(Cell::Float).boxed()
        }
        Type::Decimal { precision, .. } => {
            let limit = 10i128.pow(u32::from(*precision));
            prop_oneof![1 - limit..limit, -limit.min(1000) + 1..limit.min(1000)].prop_map(Cell::Decimal).boxed()
        }
        Type::Text => prop_oneof!["\\PC{0,30}", "[a-z\"\\\\\\x00-\\x1f]{0,30}"].prop_map(Cell::Text).boxed(),
        Type::Bytes => prop::collection::vec(any::<u8>(), 0..30).prop_map(Cell::Bytes).boxed(),
        Type::Interval => {
            let nanos = prop_oneof![any::<i64>(), (-100_000i64..100_000).prop_map(|seconds| seconds * 1_000_000_000)];
            (any::<i32>(), any::<i32>(), nanos)
                .prop_map(|(months, days, nanos)| Cell::Interval(months, days, nanos))
                .boxed()
        }
        Type::List(slot) => prop::collection::vec(cell(&slot.data, is_exact), 0..4).prop_map(Cell::List).boxed(),
        Type::Struct(columns) => {
            let cells: Vec<_> = columns.iter().map(|column| cell(&column.data, is_exact)).collect();
            cells.prop_map(Cell::Struct).boxed()
        }
    };
    prop_oneof![1 => Just(Cell::Null), 6 => some].boxed()
}

/// Columns and, row by row, their cells.
fn table(is_exact: bool) -> impl Strategy<Value = (Arc<Schema>, Vec<Vec<Cell>>)> {
    prop::collection::vec(any_type(), 0..5).prop_flat_map(move |types| {
        let cells: Vec<_> = types.iter().map(|data| cell(data, is_exact)).collect();
        (Just(Arc::new(Schema::new(named(types)))), prop::collection::vec(cells, 0..6))
    })
}

/// An Arrow array, made in the plainest way.
fn array(data: &Type, cells: &[Cell]) -> ArrayRef {
    macro_rules! options {
        ($cell:pat => $value:expr) => {
            cells.iter().map(|cell| if let $cell = cell { Some($value) } else { None })
        };
    }
    fn primitive<T: ArrowPrimitiveType>(values: impl Iterator<Item = Option<T::Native>>, data: DataType) -> ArrayRef {
        Arc::new(PrimitiveArray::<T>::from_iter(values).with_data_type(data))
    }
    let arrow = data.to_arrow();
    let valid = NullBuffer::from_iter(cells.iter().map(|cell| !matches!(cell, Cell::Null)));
    match data {
        Type::Bool => Arc::new(BooleanArray::from_iter(options!(Cell::Bool(value) => *value))),
        Type::Int64 => primitive::<Int64Type>(options!(Cell::Int(value) => *value), arrow),
        Type::Timestamp => primitive::<TimestampMillisecondType>(options!(Cell::Int(value) => *value), arrow),
        Type::Float64 => primitive::<Float64Type>(options!(Cell::Float(value) => *value), arrow),
        Type::Decimal { .. } => primitive::<Decimal128Type>(options!(Cell::Decimal(value) => *value), arrow),
        Type::Text => Arc::new(StringViewArray::from_iter(options!(Cell::Text(value) => value.as_str()))),
        Type::Bytes => Arc::new(BinaryViewArray::from_iter(options!(Cell::Bytes(value) => value.as_slice()))),
        Type::Interval => primitive::<IntervalMonthDayNanoType>(
            options!(Cell::Interval(months, days, nanos) => IntervalMonthDayNano::new(*months, *days, *nanos)),
            arrow,
        ),
        Type::List(slot) => {
            let items = |cell: &Cell| if let Cell::List(items) = cell { items.clone() } else { Vec::new() };
            let offsets = OffsetBuffer::from_lengths(cells.iter().map(|cell| items(cell).len()));
            let values = array(&slot.data, &cells.iter().flat_map(items).collect::<Vec<_>>());
            let DataType::List(field) = arrow else { unreachable!() };
            Arc::new(ListArray::new(field, offsets, values, Some(valid)))
        }
        Type::Struct(columns) => {
            let column = |place: usize| -> Vec<Cell> {
                cells
                    .iter()
                    .map(|cell| if let Cell::Struct(all) = cell { all[place].clone() } else { Cell::Null })
                    .collect()
            };
            let arrays = columns.iter().enumerate().map(|(place, inner)| array(&inner.data, &column(place))).collect();
            let DataType::Struct(fields) = arrow else { unreachable!() };
            Arc::new(StructArray::try_new_with_length(fields, arrays, Some(valid), cells.len()).unwrap())
        }
    }
}

fn comes_back(
    schema: &Arc<Schema>,
    rows: &[Vec<Cell>],
    mut encoder: Encoder,
    mut decoder: Decoder,
) -> Result<(), TestCaseError> {
    let column = |place: usize| -> Vec<Cell> { rows.iter().map(|row| row[place].clone()).collect() };
    let columns = schema.columns.iter().enumerate().map(|(place, inner)| array(&inner.data, &column(place)));
    let batch = batch_of(schema, columns.collect(), rows.len());
    // A slice has offsets of its own.
    for (start, length) in [(0, rows.len()), (rows.len() / 2, rows.len() - rows.len() / 2)] {
        let part = batch.slice(start, length);
        let encoded = encoder.encode(&part);
        prop_assert_eq!(encoded.failures, []);
        for row in 0..length {
            let document = serde_json::from_slice::<Value>(encoded.payload.value(row));
            prop_assert!(document.is_ok_and(|document| document.is_object()));
        }
        let decoded = decoder.decode(&encoded.payload);
        prop_assert_eq!(decoded.failures, []);
        for (read, written) in decoded.columns.iter().zip(&part.columns) {
            prop_assert_eq!(read, written);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn what_is_written_is_read_back((schema, rows) in table(false), nulls in prop::sample::select(vec![Nulls::Write, Nulls::Omit])) {
        let format = ValueFormat::Json(JsonOptions { nulls });
        comes_back(&schema, &rows, Encoder::new(&format, schema.clone()), Decoder::new(&format, schema.clone()))?;
    }

    #[test]
    fn the_exact_form_loses_nothing((schema, rows) in table(true)) {
        comes_back(&schema, &rows, exact_encoder(schema.clone()), exact_decoder(schema.clone()))?;
    }

    #[test]
    fn a_builder_gives_back_what_it_got(values in prop::collection::vec(prop::option::of(prop::collection::vec(any::<u8>(), 0..40)), 0..30)) {
        let mut builder = BytesBuilder::new();
        for _ in 0..2 {
            values.iter().for_each(|value| builder.push(value.as_deref()));
            prop_assert_eq!(builder.len(), values.len());
            prop_assert_eq!(builder.finish(), bytes_column(values.iter().map(|value| value.as_deref())));
            prop_assert!(builder.is_empty());
        }
    }
}
