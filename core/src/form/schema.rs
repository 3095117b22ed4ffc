//! Form to JSON schema, for editors of text. Anything that holds one value may be a text with `${NAME}` instead.

use serde_json::{Map, Value, json};

use super::{Choice, FieldKind, FormField};

/// The schema of an object with these fields and no others.
pub(super) fn object(fields: &[FormField]) -> Value {
    let mut properties = Map::new();
    for field in fields {
        let mut schema = of_kind(&field.kind);
        if !field.help.is_empty() {
            schema["description"] = Value::from(field.help.as_str());
        }
        if let Some(default) = &field.default {
            schema["default"] = default.clone();
        }
        properties.insert(field.name.clone(), schema);
    }
    let required: Vec<&str> = fields.iter().filter(|field| field.required).map(|field| field.name.as_str()).collect();
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn of_kind(kind: &FieldKind) -> Value {
    match kind {
        FieldKind::Text
        | FieldKind::Topic
        | FieldKind::Column
        | FieldKind::Expr
        | FieldKind::Secret
        | FieldKind::Path
        | FieldKind::Regex
        | FieldKind::Duration => json!({ "type": "string" }),
        FieldKind::Bytes | FieldKind::Rate | FieldKind::Moment => json!({ "type": ["string", "integer"] }),
        FieldKind::Integer { min, max } => or_template(bounded("integer", json!(min), json!(max))),
        FieldKind::Number { min, max } => or_template(bounded("number", json!(min), json!(max))),
        FieldKind::Bool => or_template(json!({ "type": "boolean" })),
        FieldKind::Choice(choices) => or_template(choice(choices)),
        FieldKind::Topics => json!({ "type": ["string", "array"], "items": { "type": "string" } }),
        FieldKind::Columns => or_template(json!({ "type": "array", "items": { "type": "string" } })),
        FieldKind::ExprMap | FieldKind::Properties => {
            or_template(json!({ "type": "object", "additionalProperties": { "type": "string" } }))
        }
        FieldKind::Schema => {
            or_template(json!({ "type": "object", "additionalProperties": { "type": ["string", "object"] } }))
        }
        FieldKind::List(kind) => or_template(json!({ "type": "array", "items": of_kind(kind) })),
        FieldKind::Map(kind) => or_template(json!({ "type": "object", "additionalProperties": of_kind(kind) })),
        FieldKind::Group(fields) => or_template(object(fields)),
        FieldKind::Json => json!({}),
    }
}

fn bounded(word: &str, min: Value, max: Value) -> Value {
    let mut schema = json!({ "type": word });
    for (name, bound) in [("minimum", min), ("maximum", max)] {
        if !bound.is_null() {
            schema[name] = bound;
        }
    }
    schema
}

fn choice(choices: &[Choice]) -> Value {
    let mut alternatives = Vec::new();
    for choice in choices {
        if choice.may_stand_alone() {
            alternatives.push(json!({ "const": choice.word, "description": choice.help }));
        }
        if let Some(content) = &choice.content {
            let properties = Map::from_iter([(choice.word.clone(), of_kind(content))]);
            alternatives.push(json!({ "type": "object", "description": choice.help, "properties": properties,
                "required": [choice.word], "additionalProperties": false }));
        }
    }
    json!({ "oneOf": alternatives })
}

fn or_template(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "string", "pattern": "\\$\\{" }] })
}
