//! A value of the document that a parameter may give.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// A value, or a text with `${NAME}` in it that will be read as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Settable<T> {
    /// written out
    Given(T),
    /// to be filled in
    Template(String),
}

impl<T> Settable<T> {
    /// The value, where it is written out.
    pub fn given(&self) -> Option<&T> {
        match self {
            Settable::Given(value) => Some(value),
            Settable::Template(_) => None,
        }
    }
}

impl<T> From<T> for Settable<T> {
    fn from(value: T) -> Settable<T> {
        Settable::Given(value)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Settable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Settable<T>, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(text) if text.contains("${") => Ok(Settable::Template(text)),
            value => T::deserialize(value).map(Settable::Given).map_err(D::Error::custom),
        }
    }
}

impl<T: JsonSchema> JsonSchema for Settable<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Settable_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [generator.subschema_for::<T>(), template_schema()] })
    }
}

/// What the JSON schema says of a text that a parameter fills in.
pub(crate) fn template_schema() -> Value {
    serde_json::json!({ "type": "string", "pattern": "\\$\\{", "x-template": true })
}
