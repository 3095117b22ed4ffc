//! Reading the notation of types and schemas: all that is wrong at once, each at its place within.

use serde_json::{Map, Value};

use super::{Column, Schema, Slot, Type};
use crate::problem::{Fix, Remedy, did_you_mean};

/// Something wrong in the notation of a type or a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotationFault {
    /// where, as names from the top with `.` between: `total`, `customer.struct.name`; empty for the whole
    pub path: String,
    /// what
    pub message: String,
    /// what to do
    pub remedy: Remedy,
}

impl Slot {
    /// Reads the notation of the file.
    ///
    /// # Errors
    /// A sentence that names the wrong word and the right ones.
    pub fn from_notation(value: &Value) -> Result<Slot, String> {
        let mut reader = Reader::default();
        let slot = reader.slot(value, "");
        slot.filter(|_| reader.faults.is_empty()).ok_or_else(|| reader.first())
    }
}

impl Schema {
    /// Reads `{"name": TYPE, …}`.
    ///
    /// # Errors
    /// A sentence that names the column and what is wrong with its type.
    pub fn from_notation(value: &Value) -> Result<Schema, String> {
        let mut reader = Reader::default();
        let schema = reader.schema(value);
        if reader.faults.is_empty() { Ok(schema) } else { Err(reader.first()) }
    }

    /// What is wrong with the notation of a schema.
    pub fn faults(value: &Value) -> Vec<NotationFault> {
        let mut reader = Reader::default();
        reader.schema(value);
        reader.faults
    }
}

#[derive(Default)]
struct Reader {
    faults: Vec<NotationFault>,
}

impl Reader {
    fn fault(&mut self, path: &str, message: String, remedy: impl Into<Remedy>) {
        self.faults.push(NotationFault { path: path.into(), message, remedy: remedy.into() });
    }

    /// The first fault as a sentence.
    fn first(self) -> String {
        match self.faults.into_iter().next() {
            Some(NotationFault { path, message, remedy }) if path.is_empty() => format!("{message}: {}", remedy.text),
            Some(NotationFault { path, message, remedy }) => format!("`{path}`: {message}: {}", remedy.text),
            None => String::new(),
        }
    }

    fn schema(&mut self, value: &Value) -> Schema {
        match value {
            Value::Object(map) => Schema { columns: self.columns(map, "") },
            other => {
                let message = format!("a schema is an object of names and types, not {other}");
                self.fault("", message, "write {\"column\": \"text\"}");
                Schema::default()
            }
        }
    }

    fn columns(&mut self, map: &Map<String, Value>, path: &str) -> Vec<Column> {
        let column = |(name, value): (&String, &Value)| {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let Slot { data, required } = self.slot(value, &path)?;
            Some(Column { name: name.clone(), data, required })
        };
        map.iter().filter_map(column).collect()
    }

    fn slot(&mut self, value: &Value, path: &str) -> Option<Slot> {
        match value {
            Value::String(word) => {
                let (word, required) = split_required(word);
                let data = from_word(word.trim());
                if data.is_none() {
                    let end = if required { "!" } else { "" };
                    let meant = meant(word.trim(), &WORDS, |nearest| Fix::Write(format!("{nearest}{end}")));
                    self.unknown(word, path, meant);
                }
                Some(Slot { data: data?, required })
            }
            Value::Object(map) => self.nested(map, path),
            other => {
                self.fault(path, format!("a type is a word or an object, not {other}"), TYPES);
                None
            }
        }
    }

    fn nested(&mut self, map: &Map<String, Value>, path: &str) -> Option<Slot> {
        let mut entries = map.iter();
        let (Some((key, inner)), None) = (entries.next(), entries.next()) else {
            let remedy = "write {\"list\": T} or {\"struct\": {…}}";
            self.fault(path, "a type written as an object has one entry".into(), remedy);
            return None;
        };
        let within = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let (word, required) = split_required(key);
        let data = match (word, inner) {
            ("list", inner) => Type::List(Box::new(self.slot(inner, &within)?)),
            ("struct", Value::Object(columns)) => Type::Struct(self.columns(columns, &within)),
            ("struct", _) => {
                let remedy = "write {\"struct\": {\"field\": \"text\"}}";
                self.fault(&within, "\"struct\" takes an object of names and types".into(), remedy);
                return None;
            }
            (other, _) => {
                let end = if required { "!" } else { "" };
                let meant = meant(other, &["list", "struct"], |nearest| Fix::Name(format!("{nearest}{end}")));
                // The change is one of the name.
                self.unknown(other, if meant.is_some() { &within } else { path }, meant);
                return None;
            }
        };
        Some(Slot { data, required })
    }

    fn unknown(&mut self, word: &str, path: &str, meant: Option<Remedy>) {
        self.fault(path, format!("unknown type `{word}`"), meant.unwrap_or_else(|| TYPES.into()));
    }
}

/// What was likely meant by a word, and the change that writes it.
fn meant(word: &str, known: &[&str], fix: impl FnOnce(&str) -> Fix) -> Option<Remedy> {
    let nearest = did_you_mean(word, known.iter().copied())?;
    Some(Remedy::from(format!("did you mean `{nearest}`? {TYPES}")).by(fix(nearest)))
}

const WORDS: [&str; 7] = ["bool", "int64", "float64", "text", "bytes", "timestamp", "interval"];

const TYPES: &str = "types are bool, int64, float64, text, bytes, timestamp, interval, decimal(p,s), {\"list\": T} and \
                     {\"struct\": {…}}";

fn split_required(word: &str) -> (&str, bool) {
    word.strip_suffix('!').map_or((word, false), |word| (word, true))
}

/// A type that is one word.
pub(crate) fn from_word(word: &str) -> Option<Type> {
    Some(match word {
        "bool" => Type::Bool,
        "int64" => Type::Int64,
        "float64" => Type::Float64,
        "text" => Type::Text,
        "bytes" => Type::Bytes,
        "timestamp" => Type::Timestamp,
        "interval" => Type::Interval,
        _ => return decimal_from_word(word),
    })
}

fn decimal_from_word(word: &str) -> Option<Type> {
    let (precision, scale) = word.strip_prefix("decimal(")?.strip_suffix(')')?.split_once(',')?;
    let (precision, scale) = (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
    ((1..=38).contains(&precision) && scale <= precision).then_some(Type::Decimal { precision, scale })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_fault_has_its_place() {
        let notation = json!({
            "a": "int", "b": "text!", "c": { "struct": { "d": { "list": "flaot64" }, "e": 5 } }, "f": { "list": "bool", "x": 1 },
            "g": { "struct!": 1 }, "h": "decimal(40,2)", "i": { "map": "text" }
        });
        let faults: Vec<String> =
            Schema::faults(&notation).into_iter().map(|fault| format!("{}: {}", fault.path, fault.message)).collect();
        let expected = [
            "a: unknown type `int`",
            "c.struct.d.list: unknown type `flaot64`",
            "c.struct.e: a type is a word or an object, not 5",
            "f: a type written as an object has one entry",
            "g.struct!: \"struct\" takes an object of names and types",
            "h: unknown type `decimal(40,2)`",
            "i: unknown type `map`",
        ];
        assert_eq!(faults, expected);
        assert_eq!(Schema::faults(&json!([]))[0].path, "");
    }
}
