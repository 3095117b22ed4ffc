//! JSON schema to form. References are inlined by the generator, null unions are unwrapped here, and a schema that says
//! more than a form can becomes [`FieldKind::Json`].

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::{Choice, FieldKind, Form, FormField};

type Object = Map<String, Value>;

pub(super) fn form_of<C: JsonSchema>() -> Form {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    let schema = settings.into_generator().into_root_schema_for::<C>();
    match schema.as_object().map(|object| kind_of(object, "")) {
        Some(FieldKind::Group(fields)) => Form { fields },
        _ => Form::default(),
    }
}

fn kind_of(schema: &Object, path: &str) -> FieldKind {
    if let Some(inner) = only_alternative(schema) {
        return kind_of(&inner, path);
    }
    if let Some(kind) = schema.get("x-kind").and_then(Value::as_str).and_then(named_kind) {
        return kind;
    }
    if let Some(choices) = choices_of(schema, path) {
        return FieldKind::Choice(choices);
    }
    match type_of(schema) {
        Some("string") => FieldKind::Text,
        Some("boolean") => FieldKind::Bool,
        Some("integer") => integer(schema),
        Some("number") => FieldKind::Number { min: float(schema, "minimum"), max: float(schema, "maximum") },
        Some("array") => array(schema, path),
        Some("object") => object(schema, path),
        _ => FieldKind::Json,
    }
}

fn named_kind(word: &str) -> Option<FieldKind> {
    Some(match word {
        "topic" => FieldKind::Topic,
        "topics" => FieldKind::Topics,
        "column" => FieldKind::Column,
        "columns" => FieldKind::Columns,
        "expr" => FieldKind::Expr,
        "duration" => FieldKind::Duration,
        "bytes" => FieldKind::Bytes,
        "rate" => FieldKind::Rate,
        "moment" => FieldKind::Moment,
        "schema" => FieldKind::Schema,
        "secret" => FieldKind::Secret,
        "path" => FieldKind::Path,
        "regex" => FieldKind::Regex,
        "properties" => FieldKind::Properties,
        "json" => FieldKind::Json,
        _ => return None,
    })
}

/// The one side of `anyOf` that is neither null nor a text with parameters, with the bounds that stand beside it.
fn only_alternative(schema: &Object) -> Option<Object> {
    let is_extra =
        |side: &&Value| side.get("type").and_then(Value::as_str) == Some("null") || side.get("x-template").is_some();
    let mut sides = schema.get("anyOf")?.as_array()?.iter().filter(|side| !is_extra(side));
    let (Some(Value::Object(side)), None) = (sides.next(), sides.next()) else { return None };
    let mut side = side.clone();
    for (name, value) in schema.iter().filter(|(name, _)| *name != "anyOf") {
        side.insert(name.clone(), value.clone());
    }
    Some(side)
}

/// The one type that is not null.
fn type_of(schema: &Object) -> Option<&str> {
    match schema.get("type")? {
        Value::String(word) => Some(word),
        Value::Array(words) => {
            let mut words = words.iter().filter_map(Value::as_str).filter(|word| *word != "null");
            words.next().filter(|_| words.next().is_none())
        }
        _ => None,
    }
}

/// The words of an enum: `enum`, `const`, or `oneOf` of those and of `{"word": content}`.
fn choices_of(schema: &Object, path: &str) -> Option<Vec<Choice>> {
    let Some(Value::Array(alternatives)) = schema.get("oneOf") else { return plain_choices(schema) };
    let mut choices: Vec<Choice> = Vec::new();
    for alternative in alternatives.iter().map(Value::as_object) {
        let alternative = alternative?;
        let more = plain_choices(alternative).or_else(|| Some(vec![content_choice(alternative, path)?]));
        for choice in more? {
            match choices.iter_mut().find(|known| known.word == choice.word) {
                Some(known) if known.content.is_none() => *known = choice,
                Some(_) => {}
                None => choices.push(choice),
            }
        }
    }
    Some(choices)
}

fn plain_choices(schema: &Object) -> Option<Vec<Choice>> {
    let help = help_of(schema);
    let choice = |word: &str| Choice { word: word.to_string(), help: help.clone(), content: None };
    match (schema.get("const"), schema.get("enum")) {
        (Some(word), _) => Some(vec![choice(word.as_str()?)]),
        (None, Some(Value::Array(words))) => {
            words.iter().filter(|word| !word.is_null()).map(|word| word.as_str().map(choice)).collect()
        }
        _ => None,
    }
}

/// `{"word": content}`, as serde writes a variant with content.
fn content_choice(schema: &Object, path: &str) -> Option<Choice> {
    let mut properties = schema.get("properties")?.as_object()?.iter();
    let (Some((word, content)), None) = (properties.next(), properties.next()) else { return None };
    let content = kind_of(content.as_object()?, &join(path, word));
    Some(Choice { word: word.clone(), help: help_of(schema), content: Some(content) })
}

fn integer(schema: &Object) -> FieldKind {
    let whole = |name: &str| schema.get(name).and_then(|bound| bound.as_i64().or(bound.as_f64().map(|f| f as i64)));
    let (low, high) = match schema.get("format").and_then(Value::as_str) {
        Some("int8") => (Some(i8::MIN.into()), Some(i8::MAX.into())),
        Some("int16") => (Some(i16::MIN.into()), Some(i16::MAX.into())),
        Some("int32") => (Some(i32::MIN.into()), Some(i32::MAX.into())),
        Some("uint8") => (Some(0), Some(u8::MAX.into())),
        Some("uint16") => (Some(0), Some(u16::MAX.into())),
        Some("uint32") => (Some(0), Some(u32::MAX.into())),
        Some("uint64" | "uint") => (Some(0), None),
        _ => (None, None),
    };
    FieldKind::Integer { min: whole("minimum").or(low), max: whole("maximum").or(high) }
}

fn float(schema: &Object, name: &str) -> Option<f64> {
    schema.get(name).and_then(Value::as_f64)
}

fn array(schema: &Object, path: &str) -> FieldKind {
    match schema.get("items").and_then(Value::as_object).map(|items| kind_of(items, path)) {
        Some(FieldKind::Column) => FieldKind::Columns,
        Some(kind) => FieldKind::List(Box::new(kind)),
        None => FieldKind::Json,
    }
}

fn object(schema: &Object, path: &str) -> FieldKind {
    if let Some(Value::Object(properties)) = schema.get("properties") {
        return FieldKind::Group(fields_of(schema, properties, path));
    }
    match schema.get("additionalProperties") {
        Some(Value::Object(values)) => match kind_of(values, path) {
            FieldKind::Expr => FieldKind::ExprMap,
            kind => FieldKind::Map(Box::new(kind)),
        },
        // A struct without fields.
        Some(Value::Bool(false)) => FieldKind::Group(Vec::new()),
        _ => FieldKind::Json,
    }
}

fn fields_of(schema: &Object, properties: &Object, path: &str) -> Vec<FormField> {
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let field = |(name, value): (&String, &Value)| {
        let path = join(path, name);
        let schema = value.as_object();
        FormField {
            name: name.clone(),
            kind: schema.map_or(FieldKind::Json, |schema| kind_of(schema, &path)),
            path,
            required: required.contains(&name.as_str()),
            default: value.get("default").filter(|default| !default.is_null()).cloned(),
            example: value.get("x-example").and_then(Value::as_str).map(str::to_string),
            help: schema.map(help_of).unwrap_or_default(),
        }
    };
    properties.iter().map(field).collect()
}

/// The doc comment as prose: lines of a paragraph joined, paragraphs apart.
fn help_of(schema: &Object) -> String {
    let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    text.split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect::<Vec<_>>().join("\n\n")
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_string() } else { format!("{path}.{name}") }
}
