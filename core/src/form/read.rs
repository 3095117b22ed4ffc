//! Text to value, by the kind of field: what a parameter or a person gives is text.

use serde_json::{Number, Value};

use super::{FieldKind, validate};

pub(super) fn read(kind: &FieldKind, text: &str) -> Result<Value, String> {
    let fail = || format!("expected {}, found `{text}`", validate::expectation(kind));
    let value = match kind {
        FieldKind::Integer { .. } => text.trim().parse::<i64>().map(Value::from).map_err(|_| fail())?,
        FieldKind::Number { .. } => {
            let number = text.trim().parse::<f64>().ok().and_then(Number::from_f64);
            Value::Number(number.ok_or_else(fail)?)
        }
        FieldKind::Bool => Value::Bool(text.trim().parse::<bool>().map_err(|_| fail())?),
        FieldKind::Topics if text.contains(',') => {
            Value::Array(text.split(',').map(|name| Value::from(name.trim())).collect())
        }
        FieldKind::Columns => list_of_names(text).ok_or_else(fail)?,
        FieldKind::Topics | FieldKind::Choice(_) | FieldKind::Json => {
            document(text).unwrap_or_else(|| Value::from(text))
        }
        FieldKind::List(_)
        | FieldKind::Map(_)
        | FieldKind::Group(_)
        | FieldKind::ExprMap
        | FieldKind::Schema
        | FieldKind::Properties => document(text).ok_or_else(fail)?,
        FieldKind::Text
        | FieldKind::Duration
        | FieldKind::Bytes
        | FieldKind::Rate
        | FieldKind::Moment
        | FieldKind::Topic
        | FieldKind::Column
        | FieldKind::Expr
        | FieldKind::Secret
        | FieldKind::Path
        | FieldKind::Regex => Value::from(text),
    };
    match validate::first_fault(kind, &value) {
        Some(fault) => Err(fault),
        None => Ok(value),
    }
}

/// An object or a list written as JSON; a scalar is not taken for one.
fn document(text: &str) -> Option<Value> {
    text.trim_start().starts_with(['{', '[']).then(|| serde_json::from_str(text).ok()).flatten()
}

fn list_of_names(text: &str) -> Option<Value> {
    match text.trim_start().starts_with('[') {
        true => document(text),
        false => Some(text.split(',').map(|name| Value::from(name.trim())).collect()),
    }
}
