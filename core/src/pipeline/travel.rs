//! How an edge travels, and what happens to a node that fails. Both are a word, or `{word: {options}}`.

use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::Settable;
use crate::fields::{ByteSize, DurationText};

/// How records travel along an edge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", rename_all = "kebab-case")]
#[schemars(inline, transform = words_alone)]
pub enum Via {
    /// in memory: lowest latency, back-pressure
    Direct(Direct),
    /// through Kafka: deep buffer, replay, independent scaling; costs serialisation and latency
    Topic(ThroughTopic),
}

/// An edge in memory.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Direct {
    /// Records that it holds. Given, the edge is a queue between two tasks. Default: 4096 where it is one anyway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minimum" = 1))]
    pub buffer: Option<Settable<u32>>,
    /// Bytes that it holds. Default: 16 MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<Settable<ByteSize>>,
}

/// An edge through a Kafka topic.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct ThroughTopic {
    /// An existing topic, which is left as it is. Default: one of our own, named after the edge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kind" = "topic"))]
    pub name: Option<String>,
    /// Partitions of our own topic. Default: as many as lanes write to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minimum" = 1))]
    pub partitions: Option<Settable<u32>>,
    /// How long our own topic keeps records. Default: until they are committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Settable<DurationText>>,
    /// The cluster that has it. Default: `default`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
}

/// What happens when a node itself fails (not a record).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(remote = "Self", rename_all = "kebab-case")]
#[schemars(inline, transform = words_alone)]
pub enum Supervision {
    /// the run stops
    Stop,
    /// it starts again, later each time
    Restart(Restart),
}

/// When a failed node starts again: after `min_backoff`, twice that, and so on up to `max_backoff`. A source or a sink starts
/// again alone, any other node with the whole run, from the last commit.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Restart {
    /// The first wait. Default: 200ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_backoff: Option<Settable<DurationText>>,
    /// The longest wait. Default: 30s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_backoff: Option<Settable<DurationText>>,
    /// The share of a wait by which it is lengthened at random, from 0 to 1. Default: 0.2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minimum" = 0, "maximum" = 1))]
    pub jitter: Option<Settable<f64>>,
    /// The most restarts without a record processed between them. Default: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_restarts: Option<Settable<u32>>,
}

impl Default for Via {
    fn default() -> Via {
        Via::Direct(Direct::default())
    }
}

impl Serialize for Via {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        shortest(Via::serialize(self, serde_json::value::Serializer)).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Via {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Via, D::Error> {
        either_spelling(deserializer, Via::deserialize)
    }
}

impl Serialize for Supervision {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        shortest(Supervision::serialize(self, serde_json::value::Serializer)).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Supervision {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Supervision, D::Error> {
        either_spelling(deserializer, Supervision::deserialize)
    }
}

/// `{word: {}}` as the word alone.
fn shortest(value: serde_json::Result<Value>) -> Value {
    let value = value.unwrap_or_default();
    match single_entry(&value) {
        Some((word, Value::Object(options))) if options.is_empty() => Value::String(word.clone()),
        _ => value,
    }
}

/// Reads `word` as `{word: {}}` too, and the other way round.
fn either_spelling<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    read: impl Fn(Value) -> serde_json::Result<T>,
) -> Result<T, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let other = match (&value, single_entry(&value)) {
        (Value::String(word), _) => Some(Value::Object(Map::from_iter([(word.clone(), Value::Object(Map::new()))]))),
        (_, Some((word, Value::Object(options)))) if options.is_empty() => Some(Value::String(word.clone())),
        _ => None,
    };
    read(value).or_else(|error| other.map_or(Err(error), &read)).map_err(D::Error::custom)
}

fn single_entry(value: &Value) -> Option<(&String, &Value)> {
    value.as_object().filter(|map| map.len() == 1).and_then(|map| map.iter().next())
}

/// Tells the JSON schema that a word whose options may all be absent may stand alone.
fn words_alone(schema: &mut schemars::Schema) {
    let Some(Value::Array(alternatives)) = schema.get_mut("oneOf") else { return };
    let word = |alternative: &Value| {
        let (word, _) = single_entry(alternative.get("properties")?)?;
        Some(Value::String(word.clone()))
    };
    let words: Vec<Value> = alternatives.iter().filter_map(word).collect();
    alternatives.push(serde_json::json!({ "enum": words }));
}
