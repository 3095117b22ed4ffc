//! From a place in the file to a place in the pipeline, and back: problems speak of nodes and edges, editors of text want
//! lines.

use serde_json::Value;

use super::json::{self, Step};
use super::{Edge, PortRef};
use crate::problem::{Place, Problem};

/// Line and column of a place in the text of a file; of the nearest thing around it where itself is not there. A span
/// within an expression is followed into the text where that has no escapes.
pub fn locate(text: &str, place: &Place) -> Option<(usize, usize)> {
    locate_in(text, &json::read(text).ok()?, place)
}

/// Gives every problem that has none its line and column.
pub fn locate_all(text: &str, problems: &mut [Problem]) {
    let Ok(value) = json::read(text) else { return };
    for problem in problems.iter_mut().filter(|problem| problem.place.line.is_none()) {
        problem.place.line = locate_in(text, &value, &problem.place);
    }
}

fn locate_in(text: &str, value: &Value, place: &Place) -> Option<(usize, usize)> {
    let steps = steps_to(value, place);
    if steps.is_empty() {
        return None;
    }
    let part = json::part_at(text, &steps)?;
    let span_start = place.span.as_ref().map(|span| span.start).filter(|start| {
        part.starts_with('"') && !part.contains('\\') && part.is_char_boundary(start + 1) && start + 1 < part.len()
    });
    let offset = json::offset_in(text, part) + span_start.map_or(0, |start| start + 1);
    Some(json::line_column(text, offset))
}

fn steps_to(value: &Value, place: &Place) -> Vec<Step> {
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
    if place.node.is_some() && !is_own && part.get("config").is_some() && !field.is_empty() {
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

/// The place in the pipeline of a value in the file.
pub(super) fn place(text: &str, value: &Value, steps: &[Step]) -> Place {
    let line = json::position(text, steps);
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
    Place { line, field, ..place }
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
