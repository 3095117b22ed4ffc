//! Edges, case by case: what is read, what fails, and what is said of it.

use std::sync::Arc;

use arrow_array::types::Int64Type;
use arrow_array::{ArrayRef, PrimitiveArray, StringViewArray};
use serde_json::{Value, json};

use super::{batch_of, check, decoder, read, schema};
use crate::batch::bytes_column;
use crate::codec::{Encoder, JsonOptions, Nulls, ValueFormat, exact_decoder};

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
fn what_was_learnt_from_one_record_hides_no_error_of_the_next() {
    check(
        json!({ "a": "int64", "b": "int64" }),
        &[
            (r#"{"a":1}"#, Ok(json!({ "a": 1, "b": null }))),
            (r#"{"b":2}"#, Ok(json!({ "a": null, "b": 2 }))),
            (r#"{"b":2,"a":1}"#, Ok(json!({ "a": 1, "b": 2 }))),
            (r#"{"b":2{"a":1}"#, Err("expected `,` or `}`, found `{` (at byte 6)")),
            (r#",b":2}"#, Err("expected a value, found `,` (at byte 0)")),
            (r#"{"b":2,"a":"#, Err("expected a value, found the end (at byte 11)")),
            (r#"{"b":2,"a" :1}"#, Ok(json!({ "a": 1, "b": 2 }))),
        ],
    );
}

#[test]
fn objects_without_a_shape_are_read_all_the_same() {
    let schema = schema(json!({ "x": "int64" }));
    let record = |n: usize| {
        let names = (0..700).map(|m| format!("\"{}\":{m},", (n * 31 + m * 7) % 5000)).collect::<String>();
        format!("{{{names}\"{}\":0,\"x\":{n}}}", "long ".repeat(100))
    };
    let records: Vec<String> = (0..20).map(record).collect();
    let rows = read(&schema, &records.iter().map(|record| record.as_bytes()).collect::<Vec<_>>());
    assert_eq!(rows, (0..20).map(|n| Ok(json!({ "x": n }))).collect::<Vec<_>>());
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
