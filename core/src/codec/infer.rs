//! A schema from sample values: the narrowest types that read every sample. What no one type reads is left out, since
//! columns that are not declared are not checked. Knows nothing of where the samples come from.

use serde_json::{Map, Value};

use super::scalar::timestamp_of;
use crate::types::{Column, Schema, Slot, Type};

/// A schema that reads all the samples that are JSON objects, and what is worth knowing of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inferred {
    /// columns in the order of their first appearance; required where no sample has null or nothing
    pub schema: Schema,
    /// sentences for the user
    pub notes: Vec<String>,
}

/// What was seen of one column, or of the items of one list.
#[derive(Debug, Default)]
struct Seen {
    /// values, null ones too
    count: usize,
    nulls: usize,
    bools: usize,
    integers: usize,
    /// integers beyond int64
    large: usize,
    floats: usize,
    texts: usize,
    timestamps: usize,
    lists: usize,
    structs: usize,
    items: Option<Box<Seen>>,
    fields: Vec<(String, Seen)>,
}

/// Infers the columns of JSON objects. Integers and floats together are float64, integers beyond int64 decimal(38,0).
pub fn infer_schema<'a>(samples: impl Iterator<Item = &'a [u8]>) -> Inferred {
    let (mut root, mut others) = (Seen::default(), 0);
    for sample in samples {
        match serde_json::from_slice(sample) {
            Ok(Value::Object(fields)) => root.see_fields(fields),
            _ => others += 1,
        }
    }
    let mut notes = Vec::new();
    if root.structs == 0 {
        notes.push("no sample is a JSON object".into());
    } else if others > 0 {
        notes.push(format!("{others} of {} samples are not JSON objects: reading them fails", root.structs + others));
    }
    Inferred { schema: Schema::new(root.columns("", &mut notes)), notes }
}

impl Seen {
    fn see(&mut self, value: Value) {
        self.count += 1;
        match value {
            Value::Null => self.nulls += 1,
            Value::Bool(_) => self.bools += 1,
            Value::Number(number) if number.is_i64() => self.integers += 1,
            Value::Number(number) if number.is_u64() => self.large += 1,
            Value::Number(_) => self.floats += 1,
            Value::String(text) => {
                self.texts += 1;
                self.timestamps += usize::from(timestamp_of(&text).is_ok_and(|millis| millis >= 0));
            }
            Value::Array(items) => {
                self.lists += 1;
                let seen = self.items.get_or_insert_default();
                items.into_iter().for_each(|item| seen.see(item));
            }
            Value::Object(fields) => {
                self.count -= 1;
                self.see_fields(fields);
            }
        }
    }

    fn see_fields(&mut self, fields: Map<String, Value>) {
        self.count += 1;
        self.structs += 1;
        for (name, value) in fields {
            let place = self.fields.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
                self.fields.push((name, Seen::default()));
                self.fields.len() - 1
            });
            self.fields[place].1.see(value);
        }
    }

    /// The columns of the objects seen.
    fn columns(&self, prefix: &str, notes: &mut Vec<String>) -> Vec<Column> {
        let column = |(name, seen): &(String, Seen)| {
            let slot = seen.slot(&format!("{prefix}{name}"), self.structs, notes)?;
            Some(Column { name: name.clone(), data: slot.data, required: slot.required })
        };
        self.fields.iter().filter_map(column).collect()
    }

    /// The type of what was seen in `places` places; none where no type reads all of it.
    fn slot(&self, path: &str, places: usize, notes: &mut Vec<String>) -> Option<Slot> {
        let numbers = self.integers + self.large + self.floats;
        let kinds = [
            (self.bools, "true or false"),
            (numbers, "numbers"),
            (self.texts, "text"),
            (self.lists, "lists"),
            (self.structs, "objects"),
        ];
        let found: Vec<&str> = kinds.iter().filter(|(count, _)| *count > 0).map(|(_, kind)| *kind).collect();
        if found.len() > 1 {
            notes.push(format!("{path} is left out: no one type reads {}", found.join(" and ")));
            return None;
        }
        let data = if self.bools > 0 {
            Type::Bool
        } else if numbers > 0 {
            self.number(path, notes)
        } else if self.lists > 0 {
            self.list(path, notes)?
        } else if self.structs > 0 {
            Type::Struct(self.columns(&format!("{path}."), notes))
        } else {
            self.text(path, notes)
        };
        Some(Slot { data, required: self.nulls == 0 && self.count == places && places > 0 })
    }

    fn number(&self, path: &str, notes: &mut Vec<String>) -> Type {
        match (self.large > 0, self.floats > 0) {
            (false, false) => Type::Int64,
            (true, false) => {
                notes.push(format!("{path} is decimal(38,0): some integers are out of the range of int64"));
                Type::Decimal { precision: 38, scale: 0 }
            }
            (_, true) => Type::Float64,
        }
    }

    fn list(&self, path: &str, notes: &mut Vec<String>) -> Option<Type> {
        let unseen = Seen::default();
        let items = self.items.as_deref().unwrap_or(&unseen);
        items.slot(&format!("{path}[]"), items.count, notes).map(|slot| Type::List(Box::new(slot)))
    }

    fn text(&self, path: &str, notes: &mut Vec<String>) -> Type {
        if self.texts == 0 {
            notes.push(format!("{path} is a guess: no sample has a value there"));
        } else if self.texts == self.timestamps {
            notes.push(format!("{path} is text that `timestamp` reads too"));
        }
        Type::Text
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::batch::bytes_column;
    use crate::codec::{Decoder, ValueFormat};

    fn infer(samples: &[Value]) -> (Value, Vec<String>) {
        let samples: Vec<String> = samples.iter().map(Value::to_string).collect();
        let Inferred { schema, notes } = infer_schema(samples.iter().map(|sample| sample.as_bytes()));
        (schema.to_notation(), notes)
    }

    #[test]
    fn the_narrowest_type_that_reads_all() {
        for (samples, schema, notes) in [
            (
                vec![json!({ "a": 1, "b": 1.5 }), json!({ "a": 2, "b": 2 })],
                json!({ "a": "int64!", "b": "float64!" }),
                vec![],
            ),
            (vec![json!({ "a": 1 }), json!({ "a": null }), json!({})], json!({ "a": "int64" }), vec![]),
            (
                vec![json!({ "s": { "x": "a" } }), json!({ "s": { "x": "b", "y": true } })],
                json!({ "s": { "struct!": { "x": "text!", "y": "bool" } } }),
                vec![],
            ),
            (vec![json!({ "l": [1, 2.5] }), json!({ "l": [] })], json!({ "l": { "list!": "float64!" } }), vec![]),
            (
                vec![json!({ "a": "x" }), json!({ "a": 1 })],
                json!({}),
                vec!["a is left out: no one type reads numbers and text"],
            ),
            (vec![json!({ "a": null })], json!({ "a": "text" }), vec!["a is a guess: no sample has a value there"]),
            (
                vec![json!({ "a": u64::MAX })],
                json!({ "a": "decimal(38,0)!" }),
                vec!["a is decimal(38,0): some integers are out of the range of int64"],
            ),
            (
                vec![json!({ "a": "2026-01-01T00:00:00Z" })],
                json!({ "a": "text!" }),
                vec!["a is text that `timestamp` reads too"],
            ),
            (vec![json!([1])], json!({}), vec!["no sample is a JSON object"]),
            (vec![json!([1]), json!({})], json!({}), vec!["1 of 2 samples are not JSON objects: reading them fails"]),
        ] {
            let (found, said) = infer(&samples);
            assert_eq!(found, schema);
            assert_eq!(said, notes);
        }
    }

    fn document() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "[a-z]{0,3}".prop_map(Value::from),
        ];
        let value = scalar.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[a-c]", inner), 0..4).prop_map(|fields| fields.into_iter().collect::<Value>()),
            ]
        });
        prop::collection::vec(("[a-d]", value), 0..5).prop_map(|fields| fields.into_iter().collect())
    }

    proptest! {
        #[test]
        fn every_sample_is_read(samples in prop::collection::vec(document(), 1..6)) {
            let samples: Vec<String> = samples.iter().map(Value::to_string).collect();
            let inferred = infer_schema(samples.iter().map(|sample| sample.as_bytes()));
            let payload = bytes_column(samples.iter().map(|sample| Some(sample.as_bytes())));
            let decoded = Decoder::new(&ValueFormat::default(), Arc::new(inferred.schema)).decode(&payload);
            prop_assert_eq!(decoded.failures, []);
        }
    }
}
