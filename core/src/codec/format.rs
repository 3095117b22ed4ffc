//! How the bytes of a value are written: the word `format` of sources and sinks, alone or with options
//! (`"json"`, `{"json": {"nulls": "omit"}}`). Knows nothing of bytes.

use std::fmt;

use serde::de::{self, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::types::{Column, Schema, Type};

/// How the bytes of a value are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueFormat {
    /// a JSON object; its fields are the columns
    Json(JsonOptions),
    /// UTF-8; one column, `value`
    Text,
    /// any bytes; one column, `value`
    Bytes,
}

/// Options of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct JsonOptions {
    /// what is written for null
    pub nulls: Nulls,
}

/// What is written for a null column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Nulls {
    /// `"name": null`
    #[default]
    Write,
    /// nothing, also inside of structs
    Omit,
}

/// The columns of a value as a reader sees them: of JSON the declared ones (none, where none are declared), of text
/// and bytes the one column `value`.
pub fn value_schema(format: &ValueFormat, declared: Option<&Schema>) -> Schema {
    let value = |data| Schema::new(vec![Column::nullable("value", data)]);
    match format {
        ValueFormat::Json(_) => declared.cloned().unwrap_or_default(),
        ValueFormat::Text => value(Type::Text),
        ValueFormat::Bytes => value(Type::Bytes),
    }
}

impl Default for ValueFormat {
    fn default() -> ValueFormat {
        ValueFormat::Json(JsonOptions::default())
    }
}

const WORDS: [&str; 3] = ["json", "text", "bytes"];

impl ValueFormat {
    fn from_word(word: &str) -> Result<ValueFormat, String> {
        match word {
            "json" => Ok(ValueFormat::default()),
            "text" => Ok(ValueFormat::Text),
            "bytes" => Ok(ValueFormat::Bytes),
            _ => Err(unknown_format(word)),
        }
    }
}

fn unknown_format(word: &str) -> String {
    let likeness = |format: &&str| strsim::jaro_winkler(format, word);
    let nearest = WORDS.into_iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b))).filter(|f| likeness(f) > 0.75);
    let hint = nearest.map_or_else(String::new, |nearest| format!("did you mean `{nearest}`? "));
    format!("unknown format `{word}`: {hint}formats are {}", WORDS.join(", "))
}

impl fmt::Display for ValueFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ValueFormat::Json(_) => "json",
            ValueFormat::Text => "text",
            ValueFormat::Bytes => "bytes",
        })
    }
}

impl Serialize for ValueFormat {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            ValueFormat::Json(options) if *options != JsonOptions::default() => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("json", options)?;
                map.end()
            }
            word => serializer.collect_str(word),
        }
    }
}

impl<'de> Deserialize<'de> for ValueFormat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<ValueFormat, D::Error> {
        deserializer.deserialize_any(FormatVisitor)
    }
}

struct FormatVisitor;

/// The formats without options take `{}` alone.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoOptions {}

impl<'de> Visitor<'de> for FormatVisitor {
    type Value = ValueFormat;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a format ({}), or an object of one format and its options", WORDS.join(", "))
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<ValueFormat, E> {
        ValueFormat::from_word(word).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ValueFormat, A::Error> {
        let Some(word) = map.next_key::<String>()? else {
            return Err(de::Error::custom(format!("an object names one format: {}", WORDS.join(", "))));
        };
        let format = match ValueFormat::from_word(&word).map_err(de::Error::custom)? {
            ValueFormat::Json(_) => ValueFormat::Json(map.next_value()?),
            plain => map.next_value::<NoOptions>().map(|NoOptions {}| plain)?,
        };
        match map.next_key::<String>()? {
            Some(second) => Err(de::Error::custom(format!("one format only: `{word}` or `{second}`"))),
            None => Ok(format),
        }
    }
}

impl schemars::JsonSchema for ValueFormat {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ValueFormat".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let options = generator.subschema_for::<JsonOptions>();
        schemars::json_schema!({ "oneOf": [
            { "type": "string", "enum": WORDS },
            { "type": "object", "properties": { "json": options }, "required": ["json"], "additionalProperties": false },
        ] })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_word_or_a_word_with_options() {
        let omit = ValueFormat::Json(JsonOptions { nulls: Nulls::Omit });
        for (text, format, written) in [
            (json!("json"), ValueFormat::default(), json!("json")),
            (json!("text"), ValueFormat::Text, json!("text")),
            (json!("bytes"), ValueFormat::Bytes, json!("bytes")),
            (json!({ "json": {} }), ValueFormat::default(), json!("json")),
            (json!({ "json": { "nulls": "omit" } }), omit, json!({ "json": { "nulls": "omit" } })),
            (json!({ "text": {} }), ValueFormat::Text, json!("text")),
        ] {
            assert_eq!(serde_json::from_value::<ValueFormat>(text).unwrap(), format);
            assert_eq!(serde_json::to_value(format).unwrap(), written);
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_what_is_right() {
        for (text, why) in [
            (json!("jsn"), "unknown format `jsn`: did you mean `json`? formats are json, text, bytes"),
            (json!("avro"), "unknown format `avro`: formats are json, text, bytes"),
            (json!({ "json": { "nulls": "drop" } }), "unknown variant `drop`, expected `write` or `omit`"),
            (json!({ "json": { "null": "omit" } }), "unknown field `null`, expected `nulls`"),
            (json!({ "json": {}, "text": {} }), "one format only: `json` or `text`"),
            (json!({}), "an object names one format: json, text, bytes"),
            (
                json!(3),
                "invalid type: integer `3`, expected a format (json, text, bytes), or an object of one format and its options",
            ),
        ] {
            assert_eq!(serde_json::from_value::<ValueFormat>(text).unwrap_err().to_string(), why);
        }
        assert!(serde_json::from_value::<ValueFormat>(json!({ "text": { "a": 1 } })).is_err());
    }
}
