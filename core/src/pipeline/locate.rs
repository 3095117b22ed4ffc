//! From a place in the file to a place in the pipeline, and back: problems speak of nodes and edges, editors of text want
//! lines.

use std::ops::Range;

use serde_json::Value;

use super::json::{self, Step};
use super::{Edge, PortRef};
use crate::problem::Place;

/// Line and column of what is behind some steps, or of the nearest thing around it. A span within an expression is followed
/// into the text where that has no escapes.
pub(super) fn line(text: &str, steps: &[Step], span: Option<&Range<usize>>) -> Option<(usize, usize)> {
    if steps.is_empty() {
        return None;
    }
    let part = json::part_at(text, steps)?;
    let span_start = span.map(|span| span.start).filter(|start| {
        part.starts_with('"') && !part.contains('\\') && part.is_char_boundary(start + 1) && start + 1 < part.len()
    });
    let offset = json::offset_in(text, part) + span_start.map_or(0, |start| start + 1);
    Some(json::line_column(text, offset))
}

/// The way to a place of the pipeline in the value of its file; none where it is not there.
pub(super) fn steps_to(value: &Value, place: &Place) -> Vec<Step> {
    let field = place.field.as_deref().unwrap_or_default();
    let part = match (&place.node, &place.edge) {
        (Some(id), _) => find(value, "nodes", place.nth, |node| node.get("id").and_then(Value::as_str) == Some(id)),
        (None, Some(id)) => find(value, "edges", place.nth, |edge| edge_id(edge).as_ref() == Some(id)),
        (None, None) => return json::steps(value, field),
    };
    let Some(index) = part else { return Vec::new() };
    let section = if place.node.is_some() { "nodes" } else { "edges" };
    let mut steps = vec![Step::Name(section.into()), Step::Item(index)];
    let part = &value[section][index];
    // A field of a node's place is one of its config, unless the config has none of that name and the node has.
    let within = json::steps(&part["config"], field);
    let first = within.first().and_then(|step| if let Step::Name(name) = step { Some(name.as_str()) } else { None });
    let is_own = first.is_some_and(|name| part["config"].get(name).is_none() && part.get(name).is_some());
    if place.node.is_some() && !is_own && !field.is_empty() {
        steps.push(Step::Name("config".into()));
        steps.extend(within);
    } else {
        steps.extend(json::steps(part, field));
    }
    steps
}

/// The place in a section of the one of this number among those that are meant.
fn find(value: &Value, section: &str, nth: usize, is_meant: impl Fn(&Value) -> bool) -> Option<usize> {
    let parts = value.get(section)?.as_array()?.iter().enumerate();
    parts.filter(|(_, part)| is_meant(part)).nth(nth).map(|(index, _)| index)
}

fn edge_id(edge: &Value) -> Option<String> {
    let end = |name: &str| edge.get(name).and_then(Value::as_str).map(PortRef::from);
    Some(Edge::new(end("from")?, end("to")?).id())
}

/// The place in the pipeline of a value in the file, without its line.
pub(super) fn place(value: &Value, steps: &[Step]) -> Place {
    let named = match steps {
        [Step::Name(section), Step::Item(index), rest @ ..] => {
            let part = &value[section.as_str()][*index];
            let id = match section.as_str() {
                "nodes" => part.get("id").and_then(Value::as_str).map(Place::node),
                "edges" => edge_id(part).map(Place::edge),
                _ => None,
            };
            id.map(|place| (place, rest))
        }
        _ => None,
    };
    let (place, rest) = named.unwrap_or((Place::default(), steps));
    let field = Some(path(rest)).filter(|path| !path.is_empty());
    Place { field, ..place }
}

fn path(steps: &[Step]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Name(name) if path.is_empty() => path.push_str(name),
            Step::Name(name) => path.extend([".", name]),
            Step::Item(index) => path.push_str(&format!("[{index}]")),
        }
    }
    path
}
