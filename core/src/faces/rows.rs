//! Fields as rows: one for each field, those of groups and of the chosen word below it, one for each entry of a map, and
//! one to add another. A row is typed as text; the field's kind reads it.

use crate::form::{Choice, FieldKind, Form, FormField};
use serde_json::{Map, Value};

/// A row of a form.
#[derive(Debug, Clone, PartialEq)]
pub struct FormRow {
    /// names from the top of the config
    pub path: Vec<String>,
    /// what stands in front
    pub label: String,
    /// what is typed
    pub kind: RowKind,
    /// what the field holds
    pub field: FieldKind,
    /// what it holds
    pub value: Option<Value>,
    /// what stands for nothing
    pub default: Option<Value>,
    /// nothing is a problem
    pub required: bool,
    /// what it is for
    pub help: String,
    /// how far it is indented
    pub depth: usize,
}

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    /// a value
    Value,
    /// the name of a group; nothing is typed
    Head,
    /// a name and a value of a map, typed as `name = value`
    Entry,
    /// one more of them
    Add,
}

impl FormRow {
    /// As it is typed.
    pub fn text(&self) -> String {
        let value = self.value.as_ref().map(to_text).unwrap_or_default();
        match self.kind {
            RowKind::Entry => format!("{} = {value}", self.path.last().map_or("", String::as_str)),
            RowKind::Value => value,
            RowKind::Head | RowKind::Add => String::new(),
        }
    }

    /// What stands for nothing, in words: the form's default, or what its help says it is.
    pub fn default_in_words(&self) -> Option<String> {
        let of_help = || {
            let (_, told) = self.help.split_once("Default: ")?;
            Some(told.split([',', ';', '\n']).next()?.trim_end().trim_end_matches('.').to_string())
        };
        self.default.as_ref().map(to_text).or_else(of_help)
    }

    /// Where an entry more would go.
    pub fn list_path(&self) -> Option<Vec<String>> {
        match self.kind {
            RowKind::Entry => Some(self.path[..self.path.len() - 1].to_vec()),
            RowKind::Add => Some(self.path.clone()),
            RowKind::Head if entry_kind(&self.field).is_some() => Some(self.path.clone()),
            _ => None,
        }
    }
}

/// A value as it is typed: texts without quotes, all else as JSON.
pub fn to_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

/// What the entries of a map hold; none where a kind has no entries.
fn entry_kind(kind: &FieldKind) -> Option<FieldKind> {
    match kind {
        FieldKind::ExprMap => Some(FieldKind::Expr),
        FieldKind::Schema => Some(FieldKind::Json),
        FieldKind::Properties => Some(FieldKind::Text),
        FieldKind::Map(kind) => Some((**kind).clone()),
        _ => None,
    }
}

/// The rows of a form that is filled in like this.
pub fn rows(form: &Form, config: &Map<String, Value>) -> Vec<FormRow> {
    let mut rows = Vec::new();
    for field in &form.fields {
        add_field(&mut rows, field, &[], config.get(&field.name), 0);
    }
    rows
}

fn add_field(rows: &mut Vec<FormRow>, field: &FormField, above: &[String], value: Option<&Value>, depth: usize) {
    let path: Vec<String> = above.iter().chain([&field.name]).cloned().collect();
    let row = FormRow {
        label: field.name.clone(),
        kind: RowKind::Value,
        field: field.kind.clone(),
        value: value.cloned(),
        default: field.default.clone(),
        required: field.required,
        help: field.help.clone(),
        depth,
        path: path.clone(),
    };
    if let Some(kind) = entry_kind(&field.kind) {
        // A value that is no map is typed as JSON, as it stands.
        if value.is_some_and(|value| !value.is_object()) {
            return rows.push(row);
        }
        rows.push(FormRow { kind: RowKind::Head, ..row.clone() });
        for (name, value) in value.and_then(Value::as_object).into_iter().flatten() {
            let path: Vec<String> = path.iter().chain([name]).cloned().collect();
            let entry =
                FormRow { path, label: name.clone(), kind: RowKind::Entry, value: Some(value.clone()), ..row.clone() };
            rows.push(FormRow { field: kind.clone(), depth: depth + 1, default: None, required: false, ..entry });
        }
        rows.push(FormRow {
            kind: RowKind::Add,
            label: "+".into(),
            field: kind,
            depth: depth + 1,
            value: None,
            required: false,
            ..row
        });
        return;
    }
    match &field.kind {
        FieldKind::Group(fields) => {
            rows.push(FormRow { kind: RowKind::Head, ..row });
            for field in fields {
                add_field(rows, field, &path, value.and_then(|value| value.get(&field.name)), depth + 1);
            }
        }
        FieldKind::Choice(choices) => {
            rows.push(row);
            if let Some((choice, content)) = chosen(choices, value)
                && let Some(FieldKind::Group(fields)) = &choice.content
            {
                let above: Vec<String> = path.iter().chain([&choice.word]).cloned().collect();
                for field in fields {
                    add_field(rows, field, &above, content.and_then(|content| content.get(&field.name)), depth + 1);
                }
            }
        }
        _ => rows.push(row),
    }
}

/// The word that a value says, and what it holds.
fn chosen<'a>(choices: &'a [Choice], value: Option<&'a Value>) -> Option<(&'a Choice, Option<&'a Value>)> {
    let find = |word: &str| choices.iter().find(|choice| choice.word == word);
    match value? {
        Value::String(word) => find(word).map(|choice| (choice, None)),
        Value::Object(fields) => fields.iter().next().and_then(|(word, content)| Some((find(word)?, Some(content)))),
        _ => None,
    }
}

/// The config with a text as the value of a row; an empty one takes the value away.
///
/// # Errors
/// Why the text is no value of the field.
pub fn with_text(config: &Map<String, Value>, row: &FormRow, text: &str) -> Result<Map<String, Value>, String> {
    let mut config = config.clone();
    match row.kind {
        RowKind::Head => {}
        RowKind::Value => {
            let value = if text.trim().is_empty() { None } else { Some(read(&row.field, text)?) };
            put(&mut config, &row.path, value);
        }
        RowKind::Entry | RowKind::Add => {
            if text.trim().is_empty() {
                return Ok(if row.kind == RowKind::Entry { without(&config, row) } else { config });
            }
            let (name, value) = text.split_once('=').ok_or("write it as `name = value`")?;
            let (name, value) = (name.trim().to_string(), read(&row.field, value.trim())?);
            if name.is_empty() {
                return Err("a name is missing in front of `=`".into());
            }
            entry(&mut config, row, name, value)?;
        }
    }
    Ok(config)
}

/// Puts an entry in its place, under a name that may have changed.
fn entry(config: &mut Map<String, Value>, row: &FormRow, name: String, value: Value) -> Result<(), String> {
    let Some(path) = row.list_path() else { return Ok(()) };
    let old = (row.kind == RowKind::Entry).then(|| row.path.last().cloned()).flatten();
    let mut entries = get(config, &path).and_then(Value::as_object).cloned().unwrap_or_default();
    if old.as_ref() != Some(&name) && entries.contains_key(&name) {
        return Err(format!("there is a `{name}` already"));
    }
    match old {
        Some(old) => {
            // In the place of the old one.
            let renamed = entries.into_iter().map(
                |(key, held)| {
                    if key == old { (name.clone(), value.clone()) } else { (key, held) }
                },
            );
            entries = renamed.collect();
        }
        None => {
            entries.insert(name, value);
        }
    }
    put(config, &path, Some(Value::Object(entries)));
    Ok(())
}

fn read(kind: &FieldKind, text: &str) -> Result<Value, String> {
    if text.contains("${") {
        return Ok(Value::from(text));
    }
    match kind {
        FieldKind::Choice(choices) => {
            let word = text.trim();
            let choice = choices.iter().find(|choice| choice.word == word);
            match choice {
                Some(choice) if !choice.may_stand_alone() => {
                    Ok(Value::Object(Map::from_iter([(word.to_string(), Value::Object(Map::new()))])))
                }
                _ => kind.read(word),
            }
        }
        FieldKind::List(_) => kind.read(&if text.trim_start().starts_with('[') {
            text.to_string()
        } else {
            let items: Vec<Value> = text.split(',').map(|item| Value::from(item.trim())).collect();
            Value::Array(items).to_string()
        }),
        kind => kind.read(text),
    }
}

fn get<'a>(config: &'a Map<String, Value>, path: &[String]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(config.get(first)?, |value, name| value.get(name))
}

/// The config without the value of a row.
pub fn without(config: &Map<String, Value>, row: &FormRow) -> Map<String, Value> {
    let mut config = config.clone();
    put(&mut config, &row.path, None);
    config
}

/// Puts a value at a path, or takes it away; objects on the way are made, and a word becomes one where it has to hold
/// something.
fn put(config: &mut Map<String, Value>, path: &[String], value: Option<Value>) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        match value {
            Some(value) => {
                config.insert(first.clone(), value);
            }
            // The order of the others stays.
            None => {
                config.shift_remove(first);
            }
        }
        return;
    }
    if value.is_none() && !config.contains_key(first) {
        return;
    }
    let inner = config.entry(first.clone()).or_insert_with(|| Value::Object(Map::new()));
    if !inner.is_object() {
        *inner = Value::Object(Map::new());
    }
    if let Value::Object(inner) = inner {
        put(inner, rest, value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn field(name: &str, kind: FieldKind) -> FormField {
        let (name, path) = (name.to_string(), name.to_string());
        FormField { name, path, kind, required: false, default: None, example: None, help: "Help.".into() }
    }

    fn form() -> Form {
        let choice =
            |word: &str, content: Option<FieldKind>| Choice { word: word.into(), help: String::new(), content };
        let inner = FieldKind::Group(vec![field("nulls", FieldKind::Text)]);
        Form {
            fields: vec![
                field("size", FieldKind::Duration),
                field("aggregates", FieldKind::ExprMap),
                field("format", FieldKind::Choice(vec![choice("json", Some(inner)), choice("text", None)])),
                field("limit", FieldKind::Integer { min: Some(1), max: None }),
            ],
        }
    }

    fn config(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    /// Types a text into the row with this label.
    fn typed(config: &Map<String, Value>, label: &str, text: &str) -> Result<Value, String> {
        let row = rows(&form(), config).into_iter().find(|row| row.label == label).unwrap();
        with_text(config, &row, text).map(Value::Object)
    }

    #[test]
    fn a_text_becomes_the_value_of_its_row() {
        let start =
            config(json!({ "size": "10s", "aggregates": { "a": "count(*)", "b": "sum(x)" }, "format": "json" }));
        for (label, text, expected) in [
            ("size", "5s", json!({ "size": "5s", "aggregates": { "a": "count(*)", "b": "sum(x)" }, "format": "json" })),
            ("size", " ", json!({ "aggregates": { "a": "count(*)", "b": "sum(x)" }, "format": "json" })),
            (
                "a",
                "c = max(x)",
                json!({ "size": "10s", "aggregates": { "c": "max(x)", "b": "sum(x)" }, "format": "json" }),
            ),
            ("a", "", json!({ "size": "10s", "aggregates": { "b": "sum(x)" }, "format": "json" })),
            (
                "+",
                "c = min(x)",
                json!({ "size": "10s", "aggregates": { "a": "count(*)", "b": "sum(x)", "c": "min(x)" }, "format": "json" }),
            ),
            (
                "nulls",
                "omit",
                json!({ "size": "10s", "aggregates": { "a": "count(*)", "b": "sum(x)" }, "format": { "json": { "nulls": "omit" } } }),
            ),
            (
                "format",
                "text",
                json!({ "size": "10s", "aggregates": { "a": "count(*)", "b": "sum(x)" }, "format": "text" }),
            ),
            (
                "limit",
                "${LIMIT}",
                json!({ "size": "10s", "aggregates": { "a": "count(*)", "b": "sum(x)" }, "format": "json", "limit": "${LIMIT}" }),
            ),
        ] {
            let got = typed(&start, label, text);
            assert_eq!(got.as_ref().map(Value::to_string), Ok(expected.to_string()), "{label}: {text}");
        }
        for (label, text) in
            [("limit", "0"), ("limit", "many"), ("+", "max(x)"), ("+", "a = max(x)"), ("+", " = 1"), ("format", "xml")]
        {
            assert!(typed(&start, label, text).is_err(), "{label}: {text}");
        }
    }

    #[test]
    fn rows_stand_in_the_order_of_the_form() {
        let config = config(json!({ "aggregates": { "a": "count(*)" }, "format": { "json": {} } }));
        let labels: Vec<String> =
            rows(&form(), &config).iter().map(|row| format!("{}{}", " ".repeat(row.depth), row.label)).collect();
        assert_eq!(labels, ["size", "aggregates", " a", " +", "format", " nulls", "limit"]);
    }
}
