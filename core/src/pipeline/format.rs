//! Pipeline to text: stable and small to diff. A node, an edge or a row stands on one line where it fits.

use serde_json::{Map, Value};

use super::Pipeline;

const MAX_COLUMNS: usize = 120;

/// The text of a file, as `tidegate fmt` writes it. Reading it gives the same pipeline, writing that the same text.
pub fn to_canonical(pipeline: &Pipeline) -> String {
    // A pipeline has texts for names and no floats that are not numbers, so it always is JSON.
    let value = serde_json::to_value(pipeline).unwrap_or_default();
    let mut text = String::new();
    match &value {
        Value::Object(map) => broken_object(map, 0, &mut text, |name, value, text| match value {
            Value::Array(items) if !items.is_empty() => broken_list(items, 2, text),
            value => write(value, 2, name_columns(name), text),
        }),
        other => write(other, 0, 0, &mut text),
    }
    text.push('\n');
    text
}

/// Any JSON in the same style: on one line where it fits.
pub fn value_to_text(value: &Value) -> String {
    let mut text = String::new();
    write(value, 0, 0, &mut text);
    text
}

/// Writes a value that begins `lead` columns behind the indent, with a comma to come.
fn write(value: &Value, indent: usize, lead: usize, text: &mut String) {
    let start = text.len();
    one_line(value, text);
    let columns = indent + lead + text[start..].chars().count() + 1;
    if columns <= MAX_COLUMNS {
        return;
    }
    match value {
        Value::Object(map) if !map.is_empty() => {
            text.truncate(start);
            broken_object(map, indent, text, |name, value, text| write(value, indent + 2, name_columns(name), text));
        }
        Value::Array(items) if !items.is_empty() => {
            text.truncate(start);
            broken_list(items, indent, text);
        }
        _ => {}
    }
}

fn broken_object(
    map: &Map<String, Value>,
    indent: usize,
    text: &mut String,
    mut write_value: impl FnMut(&str, &Value, &mut String),
) {
    text.push('{');
    for (index, (name, value)) in map.iter().enumerate() {
        new_line(index > 0, indent + 2, text);
        string(name, text);
        text.push_str(": ");
        write_value(name, value, text);
    }
    new_line(false, indent, text);
    text.push('}');
}

fn broken_list(items: &[Value], indent: usize, text: &mut String) {
    text.push('[');
    for (index, item) in items.iter().enumerate() {
        new_line(index > 0, indent + 2, text);
        write(item, indent + 2, 0, text);
    }
    new_line(false, indent, text);
    text.push(']');
}

fn new_line(comma: bool, indent: usize, text: &mut String) {
    text.push_str(if comma { ",\n" } else { "\n" });
    text.extend(std::iter::repeat_n(' ', indent));
}

fn one_line(value: &Value, text: &mut String) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            text.push_str("{ ");
            for (index, (name, value)) in map.iter().enumerate() {
                text.push_str(if index > 0 { ", " } else { "" });
                string(name, text);
                text.push_str(": ");
                one_line(value, text);
            }
            text.push_str(" }");
        }
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index > 0 { ", " } else { "" });
                one_line(item, text);
            }
            text.push(']');
        }
        Value::String(word) => string(word, text),
        other => text.push_str(&other.to_string()),
    }
}

fn string(word: &str, text: &mut String) {
    text.push_str(&Value::from(word).to_string());
}

fn name_columns(name: &str) -> usize {
    name.chars().count() + 4
}
