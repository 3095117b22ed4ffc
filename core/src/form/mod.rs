//! Forms: a config type's JSON schema, flattened once into a closed set of kinds of fields. Editors, help, the checker and
//! parameters all read the form; none of them knows a config type, and no form knows Kafka or a schema of records.

mod flatten;
mod mend;
mod read;
mod schema;
mod stand_in;
mod validate;

#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::pipeline::json::Step;
use crate::problem::{Place, Problem};

/// The fields of a config type, in the order of its declaration.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Form {
    /// fields of the top level; nested ones are in [`FieldKind::Group`]
    pub fields: Vec<FormField>,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FormField {
    /// as it stands in the file
    pub name: String,
    /// names from the top, joined with `.`
    pub path: String,
    /// what it holds, and so how it is edited
    pub kind: FieldKind,
    /// absent is a problem
    pub required: bool,
    /// what absent means; none where absence itself has a meaning
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// a right value, as a person would write it; none where its kind tells enough
    #[serde(skip)]
    pub example: Option<String>,
    /// the doc comment of the field
    pub help: String,
}

/// What a field holds. Closed: both screens, the help and the checker match on it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldKind {
    /// any text
    Text,
    /// a whole number within bounds (inclusive)
    Integer {
        /// the smallest
        min: Option<i64>,
        /// the largest
        max: Option<i64>,
    },
    /// any number within bounds (inclusive)
    Number {
        /// the smallest
        min: Option<f64>,
        /// the largest
        max: Option<f64>,
    },
    /// true or false
    Bool,
    /// `"1m30s"`
    Duration,
    /// `"16 MiB"`
    Bytes,
    /// `"1000/s"`
    Rate,
    /// `"2024-01-01T00:00:00Z"`
    Moment,
    /// one of some words; alone, or as `{word: content}` where the word has content
    Choice(Vec<Choice>),
    /// the name of a topic
    Topic,
    /// one name of a topic, or a list of them
    Topics,
    /// the name of a column of the input
    Column,
    /// names of columns of the input
    Columns,
    /// an expression over the input
    Expr,
    /// new names, and an expression for each
    ExprMap,
    /// columns and their types
    Schema,
    /// a text that only a parameter may hold
    Secret,
    /// a path in the file system
    Path,
    /// a regular expression
    Regex,
    /// librdkafka's properties: names and texts
    Properties,
    /// any number of one kind
    List(Box<FieldKind>),
    /// names, and one kind for each
    Map(Box<FieldKind>),
    /// fields of their own
    Group(Vec<FormField>),
    /// any JSON
    Json,
}

/// One word of a choice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Choice {
    /// as it stands in the file
    pub word: String,
    /// the doc comment of the word
    pub help: String,
    /// what `{word: …}` holds
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<FieldKind>,
}

impl Form {
    /// The form of a config type.
    pub fn of<C: JsonSchema>() -> Form {
        flatten::form_of::<C>()
    }

    /// The field at a path of names joined with `.`, through groups.
    pub fn field(&self, path: &str) -> Option<&FormField> {
        let mut fields = &self.fields;
        let mut names = path.split('.').peekable();
        while let Some(name) = names.next() {
            let field = fields.iter().find(|field| field.name == name)?;
            match (&field.kind, names.peek()) {
                (_, None) => return Some(field),
                (FieldKind::Group(inner), Some(_)) => fields = inner,
                _ => return None,
            }
        }
        None
    }

    /// The JSON schema of a config, in which a text with `${NAME}` may stand for any value.
    pub fn to_json_schema(&self) -> Value {
        schema::object(&self.fields)
    }

    /// Everything that is wrong with a config: unknown and missing fields, values of a wrong kind. Places are `place`
    /// with the field's path behind its own. Whether a name exists (a column, a topic) is not asked here.
    pub fn validate(&self, config: &Map<String, Value>, place: &Place) -> Vec<Problem> {
        validate::Validator::new(place, false).run(&self.fields, config)
    }

    /// As [`Form::validate`], where any field that holds one value may be a text with `${NAME}` in it instead.
    pub fn validate_template(&self, config: &Map<String, Value>, place: &Place) -> Vec<Problem> {
        validate::Validator::new(place, true).run(&self.fields, config)
    }

    /// Takes what is behind some steps out of a config; where something must stand, something right stands. Gives the name
    /// that was likely meant, where it is kept under that.
    pub(crate) fn mend(&self, config: &mut Map<String, Value>, steps: &[Step]) -> Option<String> {
        mend::group(&self.fields, config, steps)
    }
}

impl FieldKind {
    /// Reads the text that a parameter or a person gave as a value of this kind.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn read(&self, text: &str) -> Result<Value, String> {
        read::read(self, text)
    }

    /// A right value, the plainest that there is, to stand where a wrong one was.
    pub fn stand_in(&self) -> Value {
        stand_in::stand_in(self)
    }

    /// What is expected, in words: "a whole number from 1 to 10".
    pub fn expectation(&self) -> String {
        validate::expectation(self)
    }
}

impl Choice {
    /// The word may stand alone: it has no content, or content whose every field may be absent.
    pub fn may_stand_alone(&self) -> bool {
        match &self.content {
            None => true,
            Some(FieldKind::Group(fields)) => fields.iter().all(|field| !field.required),
            Some(_) => false,
        }
    }
}
