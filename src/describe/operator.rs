//! An operator as a help page: what it does, its fields, its examples.

use std::io::{self, Write};

use serde_json::{Value, json};
use tidegate_core::form::{FieldKind, FormField};
use tidegate_core::operators::{Example, Operator, Role, Scope};
use tidegate_core::pipeline::value_to_text;

use crate::common::style::{self, Paint};
use crate::common::table::{Head, Table};

/// The page.
pub(super) fn print(operator: &Operator) -> io::Result<()> {
    let (paint, mut out) = (Paint::stdout(), io::stdout().lock());
    let role = match operator.role {
        Role::Source => "source",
        Role::Flow => "flow",
        Role::Sink => "sink",
    };
    let scope = match operator.scope {
        Scope::Record => "",
        Scope::Node => ", one budget for all lanes of a process",
        Scope::Lane => ", state per lane",
        Scope::Key => ", state per key",
    };
    writeln!(out, "{} {}\n", paint.bold(operator.name), paint.dim(&format!("({role}{scope})")))?;
    for line in style::wrap_markdown(operator.help, 2, style::columns()) {
        writeln!(out, "{line}")?;
    }
    if let Some((inputs, outputs)) = ports(operator) {
        writeln!(out, "\n{}", paint.bold("Ports"))?;
        for (what, names) in [("in ", inputs), ("out", outputs)].into_iter().filter(|(_, names)| !names.is_empty()) {
            writeln!(out, "  {} {}", paint.dim(what), names.join(", "))?;
        }
    }
    let form = (operator.form)();
    if !form.fields.is_empty() {
        writeln!(out, "\n{}", paint.bold("Config"))?;
        form.fields.iter().try_for_each(|field| print_field(field, 2, paint, &mut out))?;
    }
    if !operator.examples.is_empty() {
        writeln!(out, "\n{}", paint.bold("Examples"))?;
    }
    for (number, example) in operator.examples.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        print_example(example, paint, &mut out)?;
    }
    Ok(())
}

/// Names of the ports; where they follow from the config, those of the first example.
fn ports(operator: &Operator) -> Option<(Vec<String>, Vec<String>)> {
    let config = serde_json::from_str(operator.examples.first()?.config).ok()?;
    let ports = (operator.configure)(config).ok()?.ports();
    let inputs = ports.inputs.iter().map(|input| input.name.clone()).collect();
    Some((inputs, ports.output_names().map(String::from).collect()))
}

/// Name and what it holds on a line, the help below, fields within further to the right.
fn print_field(field: &FormField, indent: usize, paint: Paint, out: &mut impl Write) -> io::Result<()> {
    let absent = match (&field.default, field.required) {
        (_, true) => "required".to_string(),
        (Some(Value::Null) | None, false) => "optional".to_string(),
        (Some(default), false) => format!("default {}", value_to_text(default)),
    };
    let kind = format!("{}; {absent}", kind_in_words(&field.kind));
    let lead = format!("{:indent$}{}  ", "", paint.cyan(&field.name));
    let room = style::columns().saturating_sub(indent + style::length(&field.name) + 2).max(30);
    for (number, line) in style::wrap(&kind, room).iter().enumerate() {
        let lead = if number == 0 { lead.clone() } else { format!("{:indent$}    ", "") };
        writeln!(out, "{lead}{}", paint.dim(line))?;
    }
    for line in style::wrap_markdown(&field.help, indent + 4, style::columns()) {
        writeln!(out, "{line}")?;
    }
    if let FieldKind::Choice(choices) = &field.kind {
        let mut table = Table::new([Head::Left(""), Head::Left("")]);
        for choice in choices.iter().filter(|choice| !choice.help.is_empty()) {
            table.row([choice.word.clone(), choice.help.clone()]);
        }
        let lines = table.lines(style::columns().saturating_sub(indent + 6));
        lines.iter().try_for_each(|line| writeln!(out, "{:1$}{line}", "", indent + 6))?;
    }
    inner_fields(&field.kind).into_iter().try_for_each(|field| print_field(field, indent + 4, paint, out))
}

/// The fields of a field, whatever lies between: a word with options, a list, a map.
fn inner_fields(kind: &FieldKind) -> Vec<&FormField> {
    match kind {
        FieldKind::Group(fields) => fields.iter().collect(),
        FieldKind::List(kind) | FieldKind::Map(kind) => inner_fields(kind),
        FieldKind::Choice(choices) => {
            choices.iter().filter_map(|choice| choice.content.as_ref()).flat_map(inner_fields).collect()
        }
        _ => Vec::new(),
    }
}

fn kind_in_words(kind: &FieldKind) -> String {
    match kind {
        FieldKind::Choice(choices) => {
            let words: Vec<String> = choices
                .iter()
                .map(|choice| match &choice.content {
                    Some(content) if !choice.may_stand_alone() => {
                        format!("{{\"{}\": {}}}", choice.word, kind_in_words(content))
                    }
                    _ => choice.word.clone(),
                })
                .collect();
            words.join(" | ")
        }
        FieldKind::Group(_) => "an object of".into(),
        other => other.expectation(),
    }
}

fn print_example(example: &Example, paint: Paint, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "  {}", example.title)?;
    let config = serde_json::from_str::<Value>(example.config).map(|config| value_to_text(&config));
    for line in config.unwrap_or_else(|_| example.config.to_string()).lines() {
        writeln!(out, "    {} {line}", paint.dim("config"))?;
    }
    for (lead, rows) in [("in ", example.script), ("out", example.expect)] {
        for row in rows.lines().map(str::trim).filter(|row| !row.is_empty()) {
            writeln!(out, "    {}    {row}", paint.dim(lead))?;
        }
    }
    Ok(())
}

/// An operator as data.
pub(super) fn to_json(operator: &Operator) -> Value {
    let form = (operator.form)();
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let rows = |text: &str| text.lines().filter(|row| !row.trim().is_empty()).map(parsed).collect::<Vec<Value>>();
    let example = |example: &Example| {
        json!({
            "title": example.title,
            "config": parsed(example.config),
            "inputs": parsed(example.inputs),
            "script": rows(example.script),
            "expect": rows(example.expect),
        })
    };
    let ports = ports(operator).map(|(inputs, outputs)| json!({ "inputs": inputs, "outputs": outputs }));
    json!({
        "name": operator.name,
        "summary": operator.summary,
        "role": operator.role,
        "scope": operator.scope,
        "help": operator.help,
        "ports": ports,
        "form": form,
        "config_schema": form.to_json_schema(),
        "examples": operator.examples.iter().map(example).collect::<Vec<_>>(),
    })
}
