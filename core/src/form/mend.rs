//! Taking out of a config what is wrong in it: what may be absent goes, and where something must stand, something right
//! stands, so that the rest can be read. What has a name that is none goes to the one that was likely meant.

use serde_json::{Map, Value};

use super::{FieldKind, FormField, validate};
use crate::pipeline::json::{self, Step};
use crate::problem::did_you_mean;

/// Mends the value behind some steps, from an object of these fields. Gives the name under which it is now, if that is
/// another.
pub(super) fn group(fields: &[FormField], map: &mut Map<String, Value>, steps: &[Step]) -> Option<String> {
    let [Step::Name(name), rest @ ..] = steps else { return None };
    match (fields.iter().find(|field| field.name == *name), map.get_mut(name)) {
        (Some(field), Some(value)) if !rest.is_empty() => return mend(&field.kind, value, rest),
        (Some(field), _) if field.required => drop(map.insert(name.clone(), field.kind.stand_in())),
        (Some(_), _) => drop(map.shift_remove(name)),
        (None, _) => {
            let value = map.shift_remove(name)?;
            let meant = did_you_mean(name, fields.iter().map(|field| field.name.as_str()))?;
            let field = fields.iter().find(|field| field.name == meant)?;
            if validate::fault(&field.kind, &value).is_none() && !map.contains_key(meant) {
                map.insert(meant.into(), value);
                return Some(meant.into());
            }
        }
    }
    None
}

fn mend(kind: &FieldKind, value: &mut Value, steps: &[Step]) -> Option<String> {
    match (kind, value, steps) {
        (FieldKind::Group(fields), Value::Object(map), steps @ [_, ..]) => return group(fields, map, steps),
        (FieldKind::Choice(choices), Value::Object(map), [Step::Name(word), rest @ ..]) => {
            let content = choices.iter().find(|choice| choice.word == *word)?.content.as_ref()?;
            return mend(content, map.get_mut(word)?, rest);
        }
        // Nothing is known to be right there.
        (FieldKind::Map(inner), Value::Object(map), [Step::Name(name)]) if **inner == FieldKind::Json => {
            map.shift_remove(name);
        }
        (FieldKind::Map(inner), Value::Object(map), [Step::Name(name), rest @ ..]) => {
            return mend(inner, map.get_mut(name)?, rest);
        }
        (FieldKind::ExprMap, Value::Object(map), [Step::Name(name), ..]) => {
            map.insert(name.clone(), FieldKind::Expr.stand_in());
        }
        (FieldKind::List(inner), Value::Array(items), [Step::Item(index), rest @ ..]) => {
            return mend(inner, items.get_mut(*index)?, rest);
        }
        (
            FieldKind::Schema | FieldKind::Properties | FieldKind::Json,
            value @ (Value::Object(_) | Value::Array(_)),
            [_, ..],
        ) => json::remove(value, steps),
        (kind, value, _) => *value = kind.stand_in(),
    }
    None
}
