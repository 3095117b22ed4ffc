//! A config against its form: everything that is wrong, at once, each at its field.

use serde_json::{Map, Value};

use super::{Choice, FieldKind, FormField};
use crate::fields::{ByteSize, DurationText, Moment, Rate, topic_name_fault};
use crate::problem::{Fix, Place, Problem, Remedy, did_you_mean, meant_or};
use crate::types::{NotationFault, Schema};

/// Walks a config and collects.
pub(super) struct Validator<'a> {
    place: &'a Place,
    /// a text with `${` stands for any single value
    templates: bool,
    problems: Vec<Problem>,
}

impl<'a> Validator<'a> {
    pub(super) fn new(place: &'a Place, templates: bool) -> Validator<'a> {
        Validator { place, templates, problems: Vec::new() }
    }

    pub(super) fn run(mut self, fields: &[FormField], config: &Map<String, Value>) -> Vec<Problem> {
        let path = self.place.field.clone().unwrap_or_default();
        self.group(fields, config, &path);
        self.problems
    }

    fn report(&mut self, path: &str, message: String, remedy: impl Into<Remedy>) {
        self.problems.push(Problem::error(self.place.clone().at_field(path), message).remedy(remedy));
    }

    fn group(&mut self, fields: &[FormField], config: &Map<String, Value>, path: &str) {
        let mut misspelt = Vec::new();
        for (name, value) in config {
            let path = join(path, name);
            match fields.iter().find(|field| field.name == *name) {
                Some(field) => self.value(&field.kind, value, &path, field.example.as_deref()),
                None => misspelt.extend(self.unknown_field(fields, name, &path)),
            }
        }
        let is_missing = |field: &&FormField| field.required && !config.contains_key(&field.name);
        for field in fields.iter().filter(is_missing).filter(|field| !misspelt.contains(&field.name.as_str())) {
            let message = format!("`{}` is missing: expected {}", field.name, expectation(&field.kind));
            self.report(&join(path, &field.name), message, missing_remedy(field));
        }
    }

    /// Reports it, and gives the name that was likely meant.
    fn unknown_field<'f>(&mut self, fields: &'f [FormField], name: &str, path: &str) -> Option<&'f str> {
        let names = || fields.iter().map(|field| field.name.as_str());
        let nearest = did_you_mean(name, names());
        let remedy = match nearest {
            Some(nearest) => Remedy::meant(nearest, Fix::Name(nearest.into())),
            None if fields.is_empty() => "there are no fields here".into(),
            None => format!("fields here: {}", names().collect::<Vec<_>>().join(", ")).into(),
        };
        self.report(path, format!("unknown field `{name}`"), remedy);
        nearest
    }

    /// `right` is a value that would do, where the kind alone does not tell one.
    fn value(&mut self, kind: &FieldKind, value: &Value, path: &str, right: Option<&str>) {
        if self.templates && value.as_str().is_some_and(|text| text.contains("${")) {
            return;
        }
        match (kind, value) {
            (FieldKind::Group(fields), Value::Object(map)) => self.group(fields, map, path),
            (FieldKind::List(kind), Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(kind, item, &format!("{path}[{index}]"), None);
                }
            }
            (FieldKind::Map(kind), Value::Object(map)) => self.entries(kind, map, path),
            (FieldKind::ExprMap, Value::Object(map)) => self.entries(&FieldKind::Expr, map, path),
            (FieldKind::Properties, Value::Object(map)) => self.entries(&FieldKind::Text, map, path),
            (FieldKind::Choice(choices), Value::Object(map)) => self.choice(choices, map, path),
            (FieldKind::Schema, value) => {
                for NotationFault { path: inner, message, remedy } in Schema::faults(value) {
                    self.report(&join(path, &inner), message, remedy);
                }
            }
            (kind, value) => {
                if let Some(fault) = fault(kind, value) {
                    self.report(path, fault, remedy(kind, value, right));
                }
            }
        }
    }

    fn entries(&mut self, kind: &FieldKind, map: &Map<String, Value>, path: &str) {
        for (name, item) in map {
            self.value(kind, item, &join(path, name), None);
        }
    }

    /// `{"word": content}`.
    fn choice(&mut self, choices: &[Choice], map: &Map<String, Value>, path: &str) {
        let mut entries = map.iter();
        let (Some((word, content)), None) = (entries.next(), entries.next()) else {
            let message =
                format!("expected {}, or an object with one of these words and its options", words_of(choices));
            let example = choices.first().map_or("", |choice| choice.word.as_str());
            self.report(path, message, format!("write \"{example}\" or {{\"{example}\": …}}, say"));
            return;
        };
        match choices.iter().find(|choice| choice.word == *word) {
            Some(Choice { content: Some(kind), .. }) => self.value(kind, content, &join(path, word), None),
            Some(Choice { content: None, .. }) => match content {
                Value::Object(options) if options.is_empty() => {}
                _ => {
                    self.report(path, format!("`{word}` takes no options"), format!("write \"{word}\""));
                }
            },
            None => {
                // Its options may be other ones.
                let words = choices.iter().map(|choice| choice.word.as_str());
                let remedy = meant_or(word, words, "write one of these words").text;
                self.report(path, format!("expected {}, found `{word}`", words_of(choices)), remedy);
            }
        }
    }
}

/// The first thing that is wrong with a value.
pub(super) fn first_fault(kind: &FieldKind, value: &Value) -> Option<String> {
    let place = Place::default();
    let mut validator = Validator::new(&place, false);
    validator.value(kind, value, "", None);
    validator.problems.into_iter().next().map(|problem| problem.message)
}

/// What is wrong with one value, not with its fields.
pub(super) fn fault(kind: &FieldKind, value: &Value) -> Option<String> {
    let fits = match (kind, value) {
        (FieldKind::Json, _)
        | (FieldKind::Bool, Value::Bool(_))
        | (
            FieldKind::Text | FieldKind::Column | FieldKind::Expr | FieldKind::Secret | FieldKind::Path,
            Value::String(_),
        )
        | (FieldKind::Group(_) | FieldKind::Map(_) | FieldKind::ExprMap, Value::Object(_))
        | (FieldKind::List(_), Value::Array(_)) => true,
        (FieldKind::Integer { min, max }, Value::Number(number)) => match number.as_i64() {
            Some(whole) => min.is_none_or(|min| whole >= min) && max.is_none_or(|max| whole <= max),
            None => number.is_u64() && max.is_none(),
        },
        (FieldKind::Number { min, max }, Value::Number(number)) => {
            let float = number.as_f64().unwrap_or(f64::NAN);
            min.is_none_or(|min| float >= min) && max.is_none_or(|max| float <= max)
        }
        (FieldKind::Duration, Value::String(text)) => return text.parse::<DurationText>().err().map(|e| e.to_string()),
        (FieldKind::Bytes, Value::String(text)) => return text.parse::<ByteSize>().err().map(|e| e.to_string()),
        (FieldKind::Bytes, Value::Number(number)) => number.is_u64(),
        (FieldKind::Rate, Value::String(text)) => return text.parse::<Rate>().err().map(|e| e.to_string()),
        (FieldKind::Rate, Value::Number(number)) => number.as_u64().is_some_and(|records| records > 0),
        (FieldKind::Moment, Value::String(text)) => return text.parse::<Moment>().err().map(|e| e.to_string()),
        (FieldKind::Moment, Value::Number(number)) => number.as_i64().is_some_and(|ms| ms >= 0),
        (FieldKind::Topic | FieldKind::Topics, Value::String(name)) => return topic_name_fault(name),
        (FieldKind::Topics, Value::Array(names)) if !names.is_empty() => {
            return names.iter().find_map(|name| fault(&FieldKind::Topic, name));
        }
        (FieldKind::Columns, Value::Array(names)) => names.iter().all(Value::is_string),
        (FieldKind::Regex, Value::String(text)) => return regex_fault(text),
        (FieldKind::Choice(choices), Value::String(word)) => match choices.iter().find(|choice| choice.word == *word) {
            Some(choice) if choice.may_stand_alone() => true,
            Some(_) => return Some(format!("`{word}` does not stand alone: write {{\"{word}\": …}}")),
            None => false,
        },
        _ => false,
    };
    (!fits).then(|| format!("expected {}, found {}", expectation(kind), brief(value)))
}

fn regex_fault(text: &str) -> Option<String> {
    let error = regex::Regex::new(text).err()?.to_string();
    // The library draws the place over several lines; its last line says what is wrong.
    let reason = error.lines().last().unwrap_or_default().trim_start_matches("error: ").to_string();
    Some(format!("`{text}` is not a regular expression: {reason}"))
}

fn remedy(kind: &FieldKind, value: &Value, right: Option<&str>) -> Remedy {
    let by = |text: &str, value: Value| Remedy::from(text).by(Fix::Set(value.into()));
    match (kind, value) {
        (FieldKind::Choice(choices), Value::String(word)) if choices.iter().any(|choice| choice.word == *word) => {
            let content = choices.iter().find(|choice| choice.word == *word).and_then(|choice| choice.content.as_ref());
            format!("give its options, as in {{\"{word}\": {}}}", content.map_or("{}".into(), example)).into()
        }
        (FieldKind::Choice(choices), Value::String(word)) => {
            meant_or(word, choices.iter().map(|choice| choice.word.as_str()), "write one of these words")
        }
        (FieldKind::Integer { .. } | FieldKind::Number { .. }, Value::String(text)) if text.parse::<f64>().is_ok() => {
            let number = serde_json::from_str(text).map(Fix::Set).ok();
            Remedy { fix: number, ..Remedy::from("take the quotes away") }
        }
        (FieldKind::Bool, Value::Number(_) | Value::Null) => "write true or false".into(),
        (FieldKind::Bool, Value::String(text)) if text == "true" || text == "false" => {
            by("take the quotes away", Value::Bool(text == "true"))
        }
        (FieldKind::Columns | FieldKind::List(_), Value::String(_)) => {
            by("put it in [ ]", Value::Array(vec![value.clone()]))
        }
        (FieldKind::Text | FieldKind::Expr, Value::Number(_) | Value::Bool(_)) => {
            by("put it in quotes", Value::String(value.to_string()))
        }
        (FieldKind::Duration, Value::Number(_)) => "write a unit, as in \"500ms\" or \"1s\"".into(),
        (FieldKind::Regex, Value::String(_)) => "put \\\\ before a character that is meant itself".into(),
        (FieldKind::Topic | FieldKind::Topics, Value::String(name)) if !name.is_empty() => {
            let likely = name.replace(|letter: char| !letter.is_ascii_alphanumeric() && !".-_".contains(letter), "-");
            Remedy::from(format!("such as `{likely}`")).by(Fix::Write(likely))
        }
        (kind, _) => format!("such as {}", right.map_or_else(|| example(kind), str::to_string)).into(),
    }
}

fn missing_remedy(field: &FormField) -> Remedy {
    let remedy = Remedy::from(format!("add {}", entry(field)));
    match &field.kind {
        // One that is no less right than another; what else is missing only a person can know.
        FieldKind::Choice(_) | FieldKind::Bool | FieldKind::Duration | FieldKind::Rate => {
            remedy.by(Fix::Set(field.default.clone().unwrap_or_else(|| field.kind.stand_in()).into()))
        }
        _ => remedy,
    }
}

/// A field with a right value.
fn entry(field: &FormField) -> String {
    let value = field.example.clone().unwrap_or_else(|| example(&field.kind));
    format!("\"{}\": {value}", field.name)
}

/// A right value, as a person would write it.
fn example(kind: &FieldKind) -> String {
    match kind {
        FieldKind::Expr => "\"price > 10\"".into(),
        FieldKind::ExprMap => "{\"total\": \"price * qty\"}".into(),
        FieldKind::Schema => "{\"price\": \"float64\"}".into(),
        FieldKind::Topic | FieldKind::Topics => "\"orders\"".into(),
        FieldKind::Column => "\"price\"".into(),
        FieldKind::Columns => "[\"price\"]".into(),
        FieldKind::Path => "\"data/orders.jsonl\"".into(),
        FieldKind::Regex => "\"orders-.*\"".into(),
        FieldKind::Secret => "\"${password}\"".into(),
        FieldKind::Moment => "\"2024-01-01T00:00:00Z\"".into(),
        FieldKind::Properties => "{\"client.id\": \"me\"}".into(),
        FieldKind::Text => "\"…\"".into(),
        FieldKind::List(inner) => format!("[{}]", example(inner)),
        FieldKind::Map(inner) => format!("{{\"name\": {}}}", example(inner)),
        FieldKind::Group(fields) => {
            let required: Vec<String> = fields.iter().filter(|field| field.required).map(entry).collect();
            format!("{{{}}}", required.join(", "))
        }
        kind => kind.stand_in().to_string(),
    }
}

pub(super) fn expectation(kind: &FieldKind) -> String {
    match kind {
        FieldKind::Text => "text".into(),
        FieldKind::Integer { min, max } => format!("a whole number{}", bounds(*min, *max)),
        FieldKind::Number { min, max } => format!("a number{}", bounds(*min, *max)),
        FieldKind::Bool => "true or false".into(),
        FieldKind::Duration => "a duration as \"500ms\", \"1s\" or \"1m30s\"".into(),
        FieldKind::Bytes => "a size as \"64 KiB\" or \"16 MiB\"".into(),
        FieldKind::Rate => "a rate as \"1000/s\" or \"5/m\"".into(),
        FieldKind::Moment => "a moment as \"2024-01-01T00:00:00Z\", or milliseconds since 1970".into(),
        FieldKind::Choice(choices) => words_of(choices),
        FieldKind::Topic => "the name of a topic".into(),
        FieldKind::Topics => "the name of a topic, or a list of names".into(),
        FieldKind::Column => "the name of a column".into(),
        FieldKind::Columns => "a list of columns".into(),
        FieldKind::Expr => "an expression in quotes".into(),
        FieldKind::ExprMap => "an object of names and expressions".into(),
        FieldKind::Schema => "an object of columns and types".into(),
        FieldKind::Secret => "a secret parameter as \"${NAME}\"".into(),
        FieldKind::Path => "a path".into(),
        FieldKind::Regex => "a regular expression".into(),
        FieldKind::Properties => "an object of properties and texts".into(),
        FieldKind::List(_) => "a list".into(),
        FieldKind::Map(_) | FieldKind::Group(_) => "an object".into(),
        FieldKind::Json => "any JSON".into(),
    }
}

fn bounds<T: std::fmt::Display>(min: Option<T>, max: Option<T>) -> String {
    match (min, max) {
        (Some(min), Some(max)) => format!(" from {min} to {max}"),
        (Some(min), None) => format!(" of at least {min}"),
        (None, Some(max)) => format!(" of at most {max}"),
        (None, None) => String::new(),
    }
}

fn words_of(choices: &[Choice]) -> String {
    words(choices.iter().map(|choice| choice.word.as_str()))
}

/// "`a`, `b` or `c`".
fn words<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut words: Vec<String> = words.map(|word| format!("`{word}`")).collect();
    match (words.pop(), words.is_empty()) {
        (Some(last), false) => format!("{} or {last}", words.join(", ")),
        (last, _) => last.unwrap_or_default(),
    }
}

/// A value in at most a few words, for a message.
fn brief(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
        Value::String(text) if text.chars().count() > 40 => {
            format!("\"{}…\"", text.chars().take(40).collect::<String>())
        }
        other => other.to_string(),
    }
}

fn join(path: &str, name: &str) -> String {
    match (path, name) {
        ("", only) | (only, "") => only.to_string(),
        _ => format!("{path}.{name}"),
    }
}
