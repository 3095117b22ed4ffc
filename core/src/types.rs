//! Types of columns and their one notation (`"float64!"`, `{"list": "text"}`, `{"struct": {…}}`), schemas, keys,
//! and what an edge carries. Plain values; the only thing known of Arrow is which of its types stands for which of ours.

use std::fmt;
use std::sync::Arc;

use arrow_schema::{DataType, Field as ArrowField, Fields, IntervalUnit, TimeUnit};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

mod notation;

pub use notation::NotationFault;
pub(crate) use notation::from_word as type_from_word;

/// The type of a column. Timestamps are UTC milliseconds; an interval is months, days and nanoseconds, as in PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Type {
    /// true or false
    Bool,
    /// 64-bit signed integer
    Int64,
    /// IEEE double
    Float64,
    /// exact decimal of `precision` digits (1 to 38), `scale` of them after the point
    Decimal {
        /// all digits
        precision: u8,
        /// digits after the point
        scale: u8,
    },
    /// UTF-8
    Text,
    /// any bytes
    Bytes,
    /// milliseconds since 1970-01-01 UTC
    Timestamp,
    /// months, days, nanoseconds
    Interval,
    /// a list of one type
    List(Box<Slot>),
    /// named columns within a column
    Struct(Vec<Column>),
}

/// A type, and whether null is refused.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Slot {
    /// what it holds
    pub data: Type,
    /// written with a trailing `!`: null and absent are refused
    pub required: bool,
}

/// A named slot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Column {
    /// as written; names are case-sensitive
    pub name: String,
    /// what it holds
    pub data: Type,
    /// null and absent are refused
    pub required: bool,
}

/// The columns of a value, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct Schema {
    /// names are unique
    pub columns: Vec<Column>,
}

/// How key bytes are written, and so the type of `_key`. The words of `key_format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum KeyFormat {
    /// UTF-8 text
    #[default]
    Text,
    /// raw bytes
    Bytes,
    /// a JSON document; several key columns make an array
    Json,
    /// 4 bytes, big-endian, as Java's IntegerSerializer writes
    Int32,
    /// 8 bytes, big-endian, as Java's LongSerializer writes
    Int64,
}

/// What an edge carries: facts, or the newest value per key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Carries {
    /// each record stands for itself
    Records,
    /// per key the new value, or a tombstone
    Changes,
}

/// Everything that is known of an edge before a record has crossed it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Stream {
    /// columns of the value
    pub schema: Arc<Schema>,
    /// how the key is written
    pub key: KeyFormat,
    /// records or changes
    pub carries: Carries,
    /// keys have a window (start and end)
    pub windowed: bool,
    /// what is not known of it
    pub gaps: Gaps,
}

/// What is not known of a stream, because something that it comes from is broken: of that, nothing can be said to be missing
/// or wrong. A pipeline that runs has no gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Gaps {
    /// it may have more columns
    pub columns: bool,
    /// its key may be of another type, or have a window
    pub key: bool,
}

impl Type {
    /// The Arrow type that stands for this one in a batch. Text and bytes are views, so that decoding and filtering copy nothing.
    pub fn to_arrow(&self) -> DataType {
        match self {
            Type::Bool => DataType::Boolean,
            Type::Int64 => DataType::Int64,
            Type::Float64 => DataType::Float64,
            Type::Decimal { precision, scale } => DataType::Decimal128(*precision, *scale as i8),
            Type::Text => DataType::Utf8View,
            Type::Bytes => DataType::BinaryView,
            Type::Timestamp => DataType::Timestamp(TimeUnit::Millisecond, None),
            Type::Interval => DataType::Interval(IntervalUnit::MonthDayNano),
            Type::List(slot) => DataType::List(Arc::new(ArrowField::new("item", slot.data.to_arrow(), true))),
            Type::Struct(columns) => DataType::Struct(arrow_fields(columns)),
        }
    }

    /// The type in the notation of the file, without `!`.
    pub fn to_notation(&self) -> Value {
        match self {
            Type::List(slot) => json!({ "list": slot.to_notation() }),
            Type::Struct(columns) => json!({ "struct": columns_to_notation(columns) }),
            word => Value::String(word.to_string()),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Bool => f.write_str("bool"),
            Type::Int64 => f.write_str("int64"),
            Type::Float64 => f.write_str("float64"),
            Type::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            Type::Text => f.write_str("text"),
            Type::Bytes => f.write_str("bytes"),
            Type::Timestamp => f.write_str("timestamp"),
            Type::Interval => f.write_str("interval"),
            Type::List(slot) => write!(f, "list of {}", slot.data),
            Type::Struct(_) => f.write_str("struct"),
        }
    }
}

impl Slot {
    /// A slot that may be null.
    pub fn nullable(data: Type) -> Slot {
        Slot { data, required: false }
    }

    /// The slot in the notation of the file: a required list is `{"list!": T}`.
    pub fn to_notation(&self) -> Value {
        match (self.required, self.data.to_notation()) {
            (false, notation) => notation,
            (true, Value::Object(map)) => {
                Value::Object(map.into_iter().map(|(word, inner)| (format!("{word}!"), inner)).collect())
            }
            (true, word) => Value::String(format!("{}!", word.as_str().unwrap_or_default())),
        }
    }
}

impl Column {
    /// A column that may be null.
    pub fn nullable(name: impl Into<String>, data: Type) -> Column {
        Column { name: name.into(), data, required: false }
    }

    /// A column that is never null.
    pub fn required(name: impl Into<String>, data: Type) -> Column {
        Column { name: name.into(), data, required: true }
    }

    fn slot(&self) -> Slot {
        Slot { data: self.data.clone(), required: self.required }
    }
}

fn columns_to_notation(columns: &[Column]) -> Value {
    Value::Object(columns.iter().map(|column| (column.name.clone(), column.slot().to_notation())).collect())
}

fn arrow_fields(columns: &[Column]) -> Fields {
    columns.iter().map(|column| ArrowField::new(&column.name, column.data.to_arrow(), true)).collect()
}

impl Schema {
    /// A schema of these columns.
    pub fn new(columns: Vec<Column>) -> Schema {
        Schema { columns }
    }

    /// The schema as it stands in a file.
    pub fn to_notation(&self) -> Value {
        columns_to_notation(&self.columns)
    }

    /// Place and column of a name.
    pub fn find(&self, name: &str) -> Option<(usize, &Column)> {
        self.columns.iter().enumerate().find(|(_, column)| column.name == name)
    }

    /// The columns that `keep` accepts, in the same order.
    pub fn project(&self, mut keep: impl FnMut(&str) -> bool) -> Schema {
        Schema { columns: self.columns.iter().filter(|column| keep(&column.name)).cloned().collect() }
    }
}

impl Serialize for Schema {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_notation().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Schema {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Schema, D::Error> {
        Schema::from_notation(&Value::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Schema {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Schema".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "object", "additionalProperties": { "type": ["string", "object"] }, "x-kind": "schema" })
    }
}

impl KeyFormat {
    /// The type that `_key` has in expressions.
    pub fn data_type(self) -> Type {
        match self {
            KeyFormat::Text | KeyFormat::Json => Type::Text,
            KeyFormat::Bytes => Type::Bytes,
            KeyFormat::Int32 | KeyFormat::Int64 => Type::Int64,
        }
    }
}

impl Stream {
    /// A stream of records.
    pub fn records(schema: Arc<Schema>, key: KeyFormat) -> Stream {
        Stream { schema, key, carries: Carries::Records, windowed: false, gaps: Gaps::default() }
    }

    /// The same stream with other columns.
    pub fn with_schema(&self, schema: Arc<Schema>) -> Stream {
        Stream { schema, ..self.clone() }
    }

    /// The same stream, of which this is not known either.
    pub fn with_gaps(mut self, gaps: Gaps) -> Stream {
        self.gaps.columns |= gaps.columns;
        self.gaps.key |= gaps.key;
        self
    }
}

impl Gaps {
    /// It may have more columns.
    pub const COLUMNS: Gaps = Gaps { columns: true, key: false };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notation_is_read_and_written_back() {
        let text = json!({ "a": "float64!", "d": "decimal(10,2)", "l": { "list": "text!" },
                           "r": { "list!": "int64" }, "s": { "struct": { "x": "bool", "t": "timestamp" } } });
        assert_eq!(Schema::from_notation(&text).unwrap().to_notation(), text);
    }

    #[test]
    fn a_wrong_type_is_named_with_the_right_one() {
        let why = Schema::from_notation(&json!({ "a": "flaot64" })).unwrap_err();
        assert!(why.starts_with("`a`: unknown type `flaot64`: did you mean `float64`?"), "{why}");
        assert!(Slot::from_notation(&json!("decimal(40,2)")).is_err());
        assert!(Slot::from_notation(&json!(3)).is_err());
    }
}
