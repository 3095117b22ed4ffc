//! Text that holds JSON. What is not JSON fails; a member's text is given as it stands, numbers in all their digits.

use std::fmt;

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Float64Type, Int64Type, IntervalMonthDayNanoType, TimestampMillisecondType};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Category, Function, example, nullable, rows, sure};
use crate::expr::kernels::rows::{Int, Text, each, map1, map2};
use crate::expr::kernels::{Inputs, Reason, decimal, temporal, text};

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "json_extract_path",
        category: Category::Json,
        doc: "What is at a path of names and places (from 0), as JSON; null where there is nothing. One step is \
              json -> 'name'.",
        examples: &[
            example("json_extract_path('{\"a\":{\"b\":[1,2]}}', 'a', 'b')", "[1,2]"),
            example("'{\"a\":{\"b\":1}}' -> 'a'", "{\"b\":1}"),
        ],
        forms: &[nullable("json_extract_path(json text, path text...) → text", |inputs| path(inputs, Form::Json))],
    },
    Function {
        name: "json_extract_path_text",
        category: Category::Json,
        doc: "What is at a path of names and places (from 0), as text; null where there is nothing. One step is \
              json ->> 'name'.",
        examples: &[
            example("json_extract_path_text('{\"a\":{\"b\":\"x\"}}', 'a', 'b')", "x"),
            example("'{\"a\":\"x\"}' ->> 'a'", "x"),
            example("'[1,2,3]' ->> 2", "3"),
        ],
        forms: &[nullable("json_extract_path_text(json text, path text...) → text", |inputs| {
            path(inputs, Form::Text)
        })],
    },
    Function {
        name: "json_array_length",
        category: Category::Json,
        doc: "The number of items of a JSON array.",
        examples: &[example("json_array_length('[1,2,[3]]')", "3")],
        forms: &[rows("json_array_length(json text) → int64", |inputs| map1::<Text, i64>(inputs, array_length))],
    },
    Function {
        name: "json_typeof",
        category: Category::Json,
        doc: "object, array, string, number, boolean or null.",
        examples: &[example("json_typeof('-123.4')", "number")],
        forms: &[rows("json_typeof(json text) → text", |inputs| map1::<Text, &str>(inputs, type_of))],
    },
    Function {
        name: "json_valid",
        category: Category::Json,
        doc: "Whether a text is JSON. In PostgreSQL since version 16 as IS JSON.",
        examples: &[example("json_valid('{\"a\":1}')", "true"), example("json_valid('{a:1}')", "false")],
        forms: &[sure("json_valid(json text) → bool", |inputs| {
            map1::<Text, bool>(inputs, |json| Ok(raw(json).is_ok()))
        })],
    },
    Function {
        name: "to_json",
        category: Category::Json,
        doc: "Any value as JSON: lists and structs too.",
        examples: &[example("to_json('say \"hi\"')", "\"say \\\"hi\\\"\""), example("to_json(1.50)", "1.50")],
        forms: &[rows("to_json(value any) → text", |inputs| {
            let value = &inputs.values[0];
            each::<String>(inputs, |row| {
                let mut json = String::new();
                (!value.is_null(row)).then(|| write(&value.array, value.at(row), &mut json).map(|()| json))
            })
        })],
    },
];

/// How a member is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::expr) enum Form {
    /// as JSON: `->`
    Json,
    /// a string without quotes, null as null: `->>`
    Text,
}

/// A name of an object, a place of an array, or whichever it meets.
#[derive(Clone, Copy)]
enum Step<'k> {
    Name(&'k str),
    Place(i64),
    Either(&'k str),
}

/// `json -> 'name'`, `json ->> 0`.
pub(in crate::expr) fn step(form: Form, by_place: bool, inputs: &Inputs) -> ArrayRef {
    if by_place {
        return map2::<Text, Int, Option<String>>(inputs, |json, place| {
            Ok(shown(pick(json, Step::Place(place))?, form))
        });
    }
    map2::<Text, Text, Option<String>>(inputs, |json, name| Ok(shown(pick(json, Step::Name(name))?, form)))
}

fn path(inputs: &Inputs, form: Form) -> ArrayRef {
    let text = |place: usize, row: usize| {
        let value = &inputs.values[place];
        (!value.is_null(row)).then(|| value.array.as_string_view().value(value.at(row)))
    };
    each::<Option<String>>(inputs, |row| {
        let mut at = text(0, row)?;
        let steps: Option<Vec<&str>> = (1..inputs.values.len()).map(|place| text(place, row)).collect();
        let steps = steps?;
        // Checked first, so that what is not JSON fails even where the path ends before it.
        if let Err(reason) = raw(at) {
            return Some(Err(reason));
        }
        for name in steps {
            match pick(at, Step::Either(name)) {
                Ok(Some(member)) => at = member,
                Ok(None) => return Some(Ok(None)),
                Err(reason) => return Some(Err(reason)),
            }
        }
        Some(Ok(shown(Some(at.trim()), form)))
    })
}

fn not_json(error: &serde_json::Error) -> Reason {
    let text = error.to_string();
    format!("not JSON: {}", text.split(" at line").next().unwrap_or(&text)).into()
}

/// The text without white space around it, once it is known to be one JSON value.
fn raw(json: &str) -> Result<&str, Reason> {
    serde_json::from_str::<&RawValue>(json).map(RawValue::get).map_err(|error| not_json(&error))
}

fn shown(member: Option<&str>, form: Form) -> Option<String> {
    let member = member?;
    match form {
        Form::Json => Some(member.to_string()),
        Form::Text if member == "null" => None,
        Form::Text if member.starts_with('"') => serde_json::from_str(member).ok(),
        Form::Text => Some(member.to_string()),
    }
}

fn pick<'j>(json: &'j str, step: Step) -> Result<Option<&'j str>, Reason> {
    let step = match step {
        Step::Either(name) if json.trim_start().starts_with('[') => name.parse().map_or(Step::Name(name), Step::Place),
        Step::Either(name) => Step::Name(name),
        known => known,
    };
    if let Step::Place(place @ ..0) = step {
        let length = if json.trim_start().starts_with('[') { array_length(json)? } else { raw(json).map(|_| 0)? };
        return if length + place < 0 { Ok(None) } else { pick(json, Step::Place(length + place)) };
    }
    if !json.trim_start().starts_with(['{', '[']) {
        return raw(json).map(|_| None);
    }
    let mut reader = serde_json::Deserializer::from_str(json);
    let found = Picker(step).deserialize(&mut reader).and_then(|found| reader.end().map(|()| found));
    found.map_err(|error| not_json(&error))
}

struct Picker<'k>(Step<'k>);

impl<'j> DeserializeSeed<'j> for Picker<'_> {
    type Value = Option<&'j str>;

    fn deserialize<D: serde::Deserializer<'j>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'j> Visitor<'j> for Picker<'_> {
    type Value = Option<&'j str>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'j>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(is_wanted) = map.next_key_seed(Name(self.0))? {
            if is_wanted {
                found = Some(map.next_value::<&RawValue>()?.get());
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'j>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let wanted = if let Step::Place(place) = self.0 { Some(place) } else { None };
        let (mut found, mut place) = (None, 0);
        while let Some(item) = items.next_element::<&RawValue>()? {
            if wanted == Some(place) {
                found = Some(item.get());
            }
            place += 1;
        }
        Ok(found)
    }
}

/// Whether a member's name is the wanted one.
struct Name<'k>(Step<'k>);

impl<'j> DeserializeSeed<'j> for Name<'_> {
    type Value = bool;

    fn deserialize<D: serde::Deserializer<'j>>(self, reader: D) -> Result<bool, D::Error> {
        reader.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<bool, E> {
        Ok(matches!(self.0, Step::Name(wanted) if wanted == name))
    }
}

fn array_length(json: &str) -> Result<i64, Reason> {
    if !raw(json)?.starts_with('[') {
        return Err(format!("cannot get the length of a JSON {}", type_of(json)?).into());
    }
    serde_json::from_str::<Vec<IgnoredAny>>(json).map(|items| items.len() as i64).map_err(|error| not_json(&error))
}

fn type_of(json: &str) -> Result<&'static str, Reason> {
    Ok(match raw(json)?.as_bytes().first() {
        Some(b'{') => "object",
        Some(b'[') => "array",
        Some(b'"') => "string",
        Some(b't' | b'f') => "boolean",
        Some(b'n') => "null",
        _ => "number",
    })
}

/// Writes one value as JSON.
fn write(array: &ArrayRef, row: usize, json: &mut String) -> Result<(), Reason> {
    if array.is_null(row) {
        json.push_str("null");
        return Ok(());
    }
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    match array.data_type() {
        DataType::Boolean => json.push_str(if array.as_boolean().value(row) { "true" } else { "false" }),
        DataType::Int64 => json.push_str(&array.as_primitive::<Int64Type>().value(row).to_string()),
        DataType::Float64 => {
            let value = array.as_primitive::<Float64Type>().value(row);
            json.push_str(&if value.is_finite() { text::float(value) } else { quoted(&text::float(value)) });
        }
        DataType::Decimal128(_, scale) => {
            json.push_str(&decimal::to_text(array.as_primitive::<Decimal128Type>().value(row), *scale as u8));
        }
        DataType::Utf8View => json.push_str(&quoted(array.as_string_view().value(row))),
        DataType::BinaryView => json.push_str(&quoted(&format!("\\x{}", text::hex(array.as_binary_view().value(row))))),
        DataType::Timestamp(..) => {
            let time = temporal::format_timestamp(array.as_primitive::<TimestampMillisecondType>().value(row))?;
            json.push_str(&quoted(&time.replacen(' ', "T", 1)));
        }
        DataType::Interval(_) => {
            json.push_str(&quoted(&temporal::format_interval(
                array.as_primitive::<IntervalMonthDayNanoType>().value(row),
            )));
        }
        DataType::List(_) => {
            let items = array.as_list::<i32>().value(row);
            json.push('[');
            for item in 0..items.len() {
                json.push_str(if item > 0 { "," } else { "" });
                write(&items, item, json)?;
            }
            json.push(']');
        }
        DataType::Struct(fields) => {
            let of = array.as_struct();
            json.push('{');
            for (place, field) in fields.iter().enumerate() {
                json.push_str(if place > 0 { "," } else { "" });
                json.push_str(&quoted(field.name()));
                json.push(':');
                write(of.column(place), row, json)?;
            }
            json.push('}');
        }
        other => return Err(format!("{other} is not written as JSON").into()),
    }
    Ok(())
}
