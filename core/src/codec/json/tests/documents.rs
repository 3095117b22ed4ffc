//! Random documents, many of them broken: serde_json is the reference of what JSON is and what it says.

use std::sync::Arc;

use arrow_array::Array;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{decoder, read, schema};
use crate::batch::bytes_column;
use crate::codec::exact_decoder;
use crate::codec::scalar::decimal_of;
use crate::types::{Column, Schema, Slot, Type};

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
    let good = vec!["\\n", "\\\"", "\\\\", "\\/", "\\u00e4", "\\ud83d\\ude00", "\\u0000"];
    let piece = prop_oneof![
        40 => "[ -!#-\\[\\]-~]{0,20}",
        10 => "\\PC{0,5}".prop_map(|text| text.replace(['"', '\\'], "")),
        10 => prop::sample::select(good).prop_map(String::from),
        1 => prop::sample::select(vec!["\\ud83d", "\\ude00", "\\q", "\u{1}"]).prop_map(String::from),
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
    let rare = |good: BoxedStrategy<String>| prop_oneof![40 => good, 1 => any_value()];
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
        prop::sample::subsequence((0..8).collect::<Vec<usize>>(), 6..=8).prop_shuffle(),
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
    let damage = prop::option::weighted(0.2, (any::<prop::sample::Index>(), prop::option::of(any::<u8>())));
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
            prop_assert_eq!(crate::codec::json::check(bytes, &mut Vec::new()).is_ok(), syntax.is_ok(), "{}", shown);
            let expected = syntax.map_err(drop).and_then(|value| match value.is_object() {
                true => expected_columns(&schema.columns, &value),
                false => Err(()),
            });
            prop_assert_eq!(row.map_err(drop), expected, "{}", shown);
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
