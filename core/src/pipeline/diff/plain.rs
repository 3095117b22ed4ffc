//! A pipeline without what says nothing: fields that are written out with their defaults.

use serde_json::{Map, Value};

use super::super::{Guarantee, OnError, Order, Pipeline, Restart, Scale, Settable, Supervision, Via};
use crate::fields::DurationText;
use crate::form::{FieldKind, Form, FormField};

pub(super) fn plain(pipeline: &Pipeline, form_of: &dyn Fn(&str) -> Option<Form>) -> Pipeline {
    let mut plain = pipeline.clone();
    let settings = &mut plain.settings;
    settings.application_id.take_if(|id| *id == plain.name);
    drop_default(&mut settings.guarantee, &Guarantee::default());
    drop_default(&mut settings.commit_interval, &DurationText::from_ms(1_000));
    drop_default(&mut settings.scale, &Scale::default());
    drop_default(&mut settings.max_task_idle, &DurationText::from_ms(0));
    for node in &mut plain.nodes {
        node.on_error.take_if(|on_error| *on_error == OnError::default());
        node.supervision.take_if(|supervision| *supervision == Supervision::Stop);
        if let Some(Supervision::Restart(Restart { min_backoff, max_backoff, jitter, .. })) = &mut node.supervision {
            drop_default(min_backoff, &DurationText::from_ms(200));
            drop_default(max_backoff, &DurationText::from_ms(30_000));
            drop_default(jitter, &0.2);
        }
        if let Some(form) = form_of(&node.operator) {
            plain_group(&form.fields, &mut node.config);
        }
    }
    for edge in &mut plain.edges {
        if let Some(Via::Topic(topic)) = &mut edge.via {
            topic.cluster.take_if(|cluster| *cluster == "default");
        }
    }
    for test in &mut plain.tests {
        test.order.take_if(|order| *order == Order::default());
    }
    plain
}

fn drop_default<T: PartialEq>(field: &mut Option<Settable<T>>, default: &T) {
    field.take_if(|value| value.given() == Some(default));
}

fn plain_group(fields: &[FormField], map: &mut Map<String, Value>) {
    for field in fields {
        let Some(value) = map.get_mut(&field.name) else { continue };
        plain_value(&field.kind, value);
        let default = field.default.clone().map(|mut default| {
            plain_value(&field.kind, &mut default);
            default
        });
        if default.as_ref() == Some(value) {
            map.shift_remove(&field.name);
        }
    }
}

/// A value in the shortest of its spellings.
fn plain_value(kind: &FieldKind, value: &mut Value) {
    match (kind, &mut *value) {
        (FieldKind::Group(fields), Value::Object(map)) => plain_group(fields, map),
        (FieldKind::Choice(choices), Value::Object(map)) => {
            let Some((word, content)) = map.iter_mut().next() else { return };
            let choice = choices.iter().find(|choice| choice.word == *word);
            if let Some(kind) = choice.and_then(|choice| choice.content.as_ref()) {
                plain_value(kind, content);
            }
            let stands_alone = choice.is_some_and(|choice| choice.may_stand_alone());
            if stands_alone && map.len() == 1 && map.values().all(|content| *content == Value::Object(Map::new())) {
                *value = Value::String(map.keys().next().cloned().unwrap_or_default());
            }
        }
        (FieldKind::Duration, Value::String(text)) => {
            if let Ok(duration) = text.parse::<DurationText>() {
                *text = duration.to_string();
            }
        }
        (FieldKind::List(kind), Value::Array(items)) => items.iter_mut().for_each(|item| plain_value(kind, item)),
        (FieldKind::Map(kind), Value::Object(map)) => map.values_mut().for_each(|item| plain_value(kind, item)),
        _ => {}
    }
}
