//! Something right to stand where a config has something wrong, so that the rest of it can be read.

use serde_json::{Map, Value, json};

use super::{Choice, FieldKind, FormField};

/// A value of a kind, the plainest that there is.
pub(super) fn stand_in(kind: &FieldKind) -> Value {
    match kind {
        FieldKind::Text | FieldKind::Topic | FieldKind::Topics | FieldKind::Column | FieldKind::Regex => json!("x"),
        FieldKind::Path => json!("x"),
        FieldKind::Integer { min, max } => json!(min.unwrap_or(1).max(1).min(max.unwrap_or(i64::MAX))),
        FieldKind::Number { min, max } => json!(min.unwrap_or(1.0).max(0.0).min(max.unwrap_or(f64::MAX))),
        FieldKind::Bool => json!(false),
        FieldKind::Duration => json!("1s"),
        FieldKind::Bytes => json!("1 MiB"),
        FieldKind::Rate => json!("1/s"),
        FieldKind::Moment => json!(0),
        FieldKind::Choice(choices) => choice(choices),
        FieldKind::Expr => json!("NULL"),
        FieldKind::Secret => json!("${x}"),
        FieldKind::Columns | FieldKind::List(_) => json!([]),
        FieldKind::ExprMap | FieldKind::Schema | FieldKind::Properties | FieldKind::Map(_) => json!({}),
        FieldKind::Group(fields) => Value::Object(required(fields)),
        FieldKind::Json => Value::Null,
    }
}

fn choice(choices: &[Choice]) -> Value {
    match (choices.iter().find(|choice| choice.may_stand_alone()), choices.first()) {
        (Some(choice), _) => json!(choice.word),
        (None, Some(Choice { word, content: Some(content), .. })) => {
            Value::Object(Map::from_iter([(word.clone(), stand_in(content))]))
        }
        (None, _) => Value::Null,
    }
}

/// The fields that may not be absent.
fn required(fields: &[FormField]) -> Map<String, Value> {
    let required = fields.iter().filter(|field| field.required);
    required.map(|field| (field.name.clone(), stand_in(&field.kind))).collect()
}
