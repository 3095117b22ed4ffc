//! A config with something wrong in it: that is taken out, so that the rest is checked, and what leaves the node is known as
//! far as it can be.

use serde_json::{Map, Value};

use crate::form::{FieldKind, Form, FormField};
use crate::pipeline::json::{self, Step};
use crate::problem::did_you_mean;
use crate::types::Gaps;

/// The fields of a node's config that are wrong, and what may hang on them.
#[derive(Debug, Clone, Default)]
pub(super) struct Broken {
    /// their paths
    pub fields: Vec<String>,
    /// what is not known of the streams that leave
    pub gaps: Gaps,
    /// its ports may have other names
    pub has_other_ports: bool,
    /// it may read and write something else outside
    pub touches_other: bool,
}

impl Broken {
    /// Adds a field; says whether it is a new one.
    pub(super) fn add(&mut self, form: &Form, config: &Map<String, Value>, path: &str) -> bool {
        if self.fields.iter().any(|known| known == path) {
            return false;
        }
        self.fields.push(path.into());
        let steps = json::steps_in(config, path);
        match (kind_at(&form.fields, &steps), steps.split_last()) {
            (Some(kind), _) => self.hangs_on(kind),
            (None, Some((Step::Name(name), around))) => self.unknown(form, around, name, path),
            (None, _) => self.hangs_on(&FieldKind::Json),
        }
        true
    }

    /// A name that is none was likely meant to be another, which then is not told to be missing.
    fn unknown(&mut self, form: &Form, around: &[Step], name: &str, path: &str) {
        let fields = match kind_at(&form.fields, around) {
            Some(FieldKind::Group(fields)) => fields,
            _ => &form.fields,
        };
        let meant = did_you_mean(name, fields.iter().map(|field| field.name.as_str()));
        match fields.iter().find(|field| meant == Some(field.name.as_str())) {
            Some(field) => {
                self.fields.push(format!("{}{}", path.strip_suffix(name).unwrap_or_default(), field.name));
                self.hangs_on(&field.kind);
            }
            None => self.hangs_on(&FieldKind::Json),
        }
    }

    fn hangs_on(&mut self, kind: &FieldKind) {
        match kind {
            FieldKind::Expr => {}
            FieldKind::Schema | FieldKind::Column | FieldKind::Columns => self.gaps.columns = true,
            FieldKind::ExprMap => (self.gaps.columns, self.has_other_ports) = (true, true),
            FieldKind::Text
            | FieldKind::Bool
            | FieldKind::Choice(_)
            | FieldKind::List(_)
            | FieldKind::Map(_)
            | FieldKind::Group(_)
            | FieldKind::Json => {
                self.gaps = Gaps { columns: true, key: true };
                (self.has_other_ports, self.touches_other) = (true, true);
            }
            FieldKind::Integer { .. }
            | FieldKind::Number { .. }
            | FieldKind::Duration
            | FieldKind::Bytes
            | FieldKind::Rate
            | FieldKind::Moment
            | FieldKind::Topic
            | FieldKind::Topics
            | FieldKind::Secret
            | FieldKind::Path
            | FieldKind::Regex
            | FieldKind::Properties => self.touches_other = true,
        }
    }

    /// The config without what is wrong; where something must stand, something right stands.
    pub(super) fn mend(&self, form: &Form, config: &Map<String, Value>) -> Value {
        let mut mended = config.clone();
        for path in &self.fields {
            form.mend(&mut mended, &json::steps_in(config, path));
        }
        Value::Object(mended)
    }
}

/// The kind of the value behind some steps; within a value that has no kinds of its own, that of the whole.
fn kind_at<'f>(fields: &'f [FormField], steps: &[Step]) -> Option<&'f FieldKind> {
    let (Step::Name(name), mut steps) = (steps.first()?, &steps[1..]) else { return None };
    let mut kind = &fields.iter().find(|field| field.name == *name)?.kind;
    while let Some((step, rest)) = steps.split_first() {
        kind = match (kind, step) {
            (FieldKind::Group(_), Step::Name(_)) => {
                let FieldKind::Group(fields) = kind else { return Some(kind) };
                return kind_at(fields, steps);
            }
            (FieldKind::Choice(choices), Step::Name(word)) => {
                choices.iter().find(|choice| choice.word == *word)?.content.as_ref()?
            }
            (FieldKind::Map(inner) | FieldKind::List(inner), _) => inner,
            (FieldKind::ExprMap, _) => &FieldKind::Expr,
            _ => return Some(kind),
        };
        steps = rest;
    }
    Some(kind)
}
