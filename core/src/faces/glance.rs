//! A config in one line, as a canvas shows it below a node's name: what must be set first, the rest with its name.

use serde_json::{Map, Value};

use super::rows::to_text;
use crate::form::{FieldKind, Form, FormField};

/// The most fields that are told.
const MOST: usize = 3;

/// What a config says, in the order of its form: `trades · text`, `1m · grace 20s`, `size > 100`. Empty where it says nothing.
pub fn glance(form: &Form, config: &Map<String, Value>) -> String {
    let set = form.fields.iter().filter_map(|field| Some((field, config.get(&field.name)?)));
    let told = set.filter_map(|(field, value)| piece(field, value)).take(MOST);
    told.collect::<Vec<String>>().join(" · ")
}

/// What a field says; nothing where it is not for one line.
fn piece(field: &FormField, value: &Value) -> Option<String> {
    let text = match &field.kind {
        FieldKind::Schema
        | FieldKind::Properties
        | FieldKind::Secret
        | FieldKind::Json
        | FieldKind::Group(_)
        | FieldKind::List(_)
        | FieldKind::Map(_) => return None,
        FieldKind::ExprMap => value.as_object()?.keys().cloned().collect::<Vec<_>>().join(", "),
        FieldKind::Choice(_) => word(value)?,
        FieldKind::Bool => return value.as_bool()?.then(|| named(&field.name)),
        _ => to_text(value),
    };
    // One line, whatever was typed.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let says_itself = matches!(
        field.kind,
        FieldKind::Expr | FieldKind::ExprMap | FieldKind::Topic | FieldKind::Topics | FieldKind::Path | FieldKind::Rate
    );
    match text.is_empty() {
        true => None,
        false if field.required || says_itself => Some(text),
        false => Some(format!("{} {text}", named(&field.name))),
    }
}

/// The word of a choice, whatever it holds.
fn word(value: &Value) -> Option<String> {
    match value {
        Value::String(word) => Some(word.clone()),
        Value::Object(fields) => fields.keys().next().cloned(),
        _ => None,
    }
}

fn named(name: &str) -> String {
    name.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::operators;

    #[test]
    fn configs_fit_on_a_line() {
        for (operator, config, expected) in [
            ("filter", json!({ "condition": "size > 100\n  AND side = 'buy'" }), "size > 100 AND side = 'buy'"),
            ("kafka-source", json!({ "topic": "trades", "schema": { "a": "text" } }), "trades"),
            ("kafka-source", json!({ "topic": "trades", "start": "latest" }), "trades · start latest"),
            ("tumbling-window", json!({ "size": "1m", "grace": "20s" }), "1m · grace 20s"),
            ("map", json!({ "columns": { "a": "x", "b": "y" } }), "a, b"),
            ("filter", json!({}), ""),
            ("filter", json!({ "condition": 1 }), "1"),
        ] {
            let form = (operators::find(operator).unwrap().form)();
            let config = config.as_object().unwrap();
            assert_eq!(glance(&form, config), expected, "{operator} {config:?}");
        }
    }
}
