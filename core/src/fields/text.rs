//! Text that means something: names of topics and columns, expressions, paths.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

macro_rules! text_field {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The text as written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> $name {
                $name(text.to_string())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "x-kind": $kind })
            }
        }
    };
}

text_field! {
    /// The name of one Kafka topic.
    Topic, "topic"
}
text_field! {
    /// The name of a column of the input. A `Vec<ColumnName>` is edited as one list of columns.
    ColumnName, "column"
}
text_field! {
    /// A SQL expression over the columns of the input.
    ExprText, "expr"
}
text_field! {
    /// A path in the file system, relative to where the program runs.
    PathText, "path"
}
text_field! {
    /// A regular expression in the syntax of Rust's `regex`, for the whole of a name.
    RegexText, "regex"
}

/// One or several topics: `"wines"` or `["wines", "beers"]`. Written back as a word where there is one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Topics(pub Vec<Topic>);

impl Topics {
    /// The names, in the order of the file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Topic::as_str)
    }
}

impl Serialize for Topics {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => one.serialize(serializer),
            several => several.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Topics {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Topics, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "expected the name of a topic, or a list of names")]
        enum Written {
            One(Topic),
            Several(Vec<Topic>),
        }
        Ok(match Written::deserialize(deserializer)? {
            Written::One(topic) => Topics(vec![topic]),
            Written::Several(topics) => Topics(topics),
        })
    }
}

impl JsonSchema for Topics {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Topics".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "array"], "items": { "type": "string" }, "minItems": 1, "x-kind": "topics" })
    }
}

/// Where `_timestamp` comes from: `"record"`, `"processing"` or `{"column": "ts"}`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Time {
    /// the timestamp that the record carries
    #[default]
    Record,
    /// the wall clock at the moment the record is read
    Processing,
    /// a column of the value
    Column(ColumnName),
}

/// What is wrong with the name of a topic, as Kafka's own rule has it: 1 to 249 of `[a-zA-Z0-9._-]`, not `.` or `..`.
pub fn topic_name_fault(name: &str) -> Option<String> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    match name {
        "" => Some("the name of a topic is empty".into()),
        "." | ".." => Some(format!("`{name}` is not the name of a topic")),
        _ if name.len() > 249 => {
            Some(format!("the name of a topic has at most 249 characters, `{name}` has {}", name.chars().count()))
        }
        _ => name
            .chars()
            .find(|c| !is_allowed(*c))
            .map(|c| format!("the name of a topic is made of letters, digits, `.`, `_` and `-`; `{name}` has `{c}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, from_value, json, to_value};

    #[test]
    fn topics_are_a_word_or_a_list() {
        for (written, names) in [(json!("a"), vec!["a"]), (json!(["a", "b"]), vec!["a", "b"])] {
            let topics: Topics = from_value(written.clone()).unwrap();
            assert_eq!(topics.names().collect::<Vec<_>>(), names);
            assert_eq!(to_value(topics).unwrap(), written);
        }
        let why = from_value::<Topics>(json!(3)).unwrap_err().to_string();
        assert_eq!(why, "expected the name of a topic, or a list of names");
    }

    #[test]
    fn time_is_a_word_or_a_column() {
        let cases = [
            (json!("record"), Time::Record),
            (json!("processing"), Time::Processing),
            (json!({ "column": "ts" }), Time::Column("ts".into())),
        ];
        for (written, time) in cases {
            assert_eq!(from_value::<Time>(written.clone()).unwrap(), time);
            assert_eq!(to_value(&time).unwrap(), written);
        }
        assert!(from_value::<Time>(Value::Null).is_err());
    }

    #[test]
    fn names_of_topics_follow_kafkas_rule() {
        for good in ["a", "wines.v1", "_x-Y", "a".repeat(249).as_str()] {
            assert_eq!(topic_name_fault(good), None, "{good}");
        }
        for bad in ["", ".", "..", "a b", "ä", "a/b", "a".repeat(250).as_str()] {
            assert!(topic_name_fault(bad).is_some(), "{bad}");
        }
    }
}
