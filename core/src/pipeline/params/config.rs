//! Filling a config by the kinds of its fields.

use serde_json::{Map, Value};

use super::{Values, unreadable};
use crate::form::{FieldKind, Form, FormField};
use crate::problem::{Place, Problem};

impl Values {
    /// Fills the texts of a config by the kinds of its fields. Fields of kind `Secret`, and client properties, keep their
    /// texts for [`Values::reveal`]. Without a form every value is filled as text. A field that has a problem here needs
    /// no further validation.
    pub fn fill_config(&self, form: Option<&Form>, config: &Map<String, Value>, place: &Place) -> FilledConfig {
        let mut filler = Filler { values: self, place, problems: Vec::new(), unfilled: Vec::new() };
        let fields = form.map(|form| form.fields.as_slice());
        let config = filler.map(config, "", |name| fields.and_then(|fields| kind_of(fields, name)));
        FilledConfig { config, problems: filler.problems, unfilled: filler.unfilled }
    }
}

/// A config in which parameters are filled.
#[derive(Debug, Clone, PartialEq)]
pub struct FilledConfig {
    /// the config; what could not be filled stands as it was
    pub config: Map<String, Value>,
    /// what is wrong
    pub problems: Vec<Problem>,
    /// paths of fields that name a parameter without a value, which is told of where it is declared
    pub unfilled: Vec<String>,
}

struct Filler<'a> {
    values: &'a Values,
    place: &'a Place,
    problems: Vec<Problem>,
    unfilled: Vec<String>,
}

impl Filler<'_> {
    fn map<'k>(
        &mut self,
        map: &Map<String, Value>,
        path: &str,
        kind: impl Fn(&str) -> Option<&'k FieldKind>,
    ) -> Map<String, Value> {
        let entry = |(name, value): (&String, &Value)| {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            (name.clone(), self.value(kind(name), value, &path))
        };
        map.iter().map(entry).collect()
    }

    fn value(&mut self, kind: Option<&FieldKind>, value: &Value, path: &str) -> Value {
        match (kind, value) {
            (_, Value::String(text)) => self.text(kind, text, path),
            (Some(FieldKind::Group(fields)), Value::Object(map)) => {
                Value::Object(self.map(map, path, |name| kind_of(fields, name)))
            }
            (Some(FieldKind::Map(kind)), Value::Object(map)) => Value::Object(self.map(map, path, |_| Some(kind))),
            (Some(FieldKind::Choice(choices)), Value::Object(map)) => Value::Object(self.map(map, path, |word| {
                choices.iter().find(|choice| choice.word == word).and_then(|choice| choice.content.as_ref())
            })),
            // Property texts are filled when the client is built; only their names are looked at.
            (Some(FieldKind::Properties), Value::Object(map)) => {
                Value::Object(self.map(map, path, |_| Some(&FieldKind::Properties)))
            }
            (_, Value::Object(map)) => Value::Object(self.map(map, path, |_| None)),
            (kind, Value::Array(items)) => {
                let inner = if let Some(FieldKind::List(kind)) = kind { Some(&**kind) } else { None };
                let item = |(index, item)| self.value(inner, item, &format!("{path}[{index}]"));
                Value::Array(items.iter().enumerate().map(item).collect())
            }
            (_, other) => other.clone(),
        }
    }

    fn text(&mut self, kind: Option<&FieldKind>, text: &str, path: &str) -> Value {
        let place = self.place.clone().at_field(path);
        if let Some(FieldKind::Secret | FieldKind::Properties) = kind {
            self.problems.extend(self.values.names_problems(text, &place, true));
            if kind == Some(&FieldKind::Secret) && !text.contains("${") {
                let problem = Problem::error(place, "a secret may not stand in the file");
                self.problems.push(problem.remedy("declare a secret parameter and write ${NAME}"));
            }
            return Value::from(text);
        }
        if !text.contains("${") {
            return Value::from(text);
        }
        let before = self.problems.len();
        let filled = self.values.fill(text, &place, &mut self.problems);
        if self.problems.len() > before {
            return Value::from(text);
        }
        if self.values.names_missing(text) {
            self.unfilled.push(path.into());
            return Value::from(text);
        }
        match kind.map_or_else(|| Ok(Value::from(filled.as_str())), |kind| kind.read(&filled)) {
            Ok(value) => value,
            Err(why) => {
                self.problems.push(unreadable(text, &why, place));
                Value::from(text)
            }
        }
    }
}

fn kind_of<'a>(fields: &'a [FormField], name: &str) -> Option<&'a FieldKind> {
    fields.iter().find(|field| field.name == name).map(|field| &field.kind)
}
