//! What differs between two pipelines in meaning: positions, order, defaults, groups and notes are left out.

mod plain;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use self::plain::plain;
use super::{Edge, Node, Pipeline, PortRef, Via};
use crate::form::Form;

/// The differences, in the order of the files.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Diff {
    /// nodes that only the second has
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<Node>,
    /// nodes that only the first has
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<Node>,
    /// nodes that are the same but for their id
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub renamed: Vec<Renamed>,
    /// nodes of the same id whose fields differ
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<ChangedPart>,
    /// edges that only the second has
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub connected: Vec<Edge>,
    /// edges that only the first has
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub disconnected: Vec<Edge>,
    /// edges that travel otherwise
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rerouted: Vec<ChangedPart>,
    /// what differs beside nodes and edges: `settings.scale`, `parameters.brokers.default`
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<ChangedField>,
    /// what will not be found again under its old name
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub durable: Vec<String>,
}

/// A node with another id.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Renamed {
    /// its id in the first
    pub from: String,
    /// its id in the second
    pub to: String,
}

/// A node or an edge, and what of it differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChangedPart {
    /// id of the node, or `from->to`
    pub id: String,
    /// its fields
    pub fields: Vec<ChangedField>,
}

/// A field that differs; absent on one side where it is new or gone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChangedField {
    /// its path
    pub path: String,
    /// in the first
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// in the second
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// Compares two pipelines. `form_of` gives the fields of an operator, where it is known: a field that is written out with its
/// default is as one that is left out.
pub fn diff(first: &Pipeline, second: &Pipeline, form_of: &dyn Fn(&str) -> Option<Form>) -> Diff {
    let (first, second) = (&Sides::of(first, form_of), &Sides::of(second, form_of));
    let mut diff = Diff::default();
    diff_nodes(first, second, &mut diff);
    diff_edges(&first.plain, &second.plain, &mut diff);
    diff.fields = changed_fields(&rest(first), &rest(second));
    diff.durable = durable(first.written, second.written, &diff);
    diff
}

/// A pipeline as it is written, and without what says nothing, by which it is compared.
struct Sides<'a> {
    written: &'a Pipeline,
    plain: Pipeline,
}

impl Sides<'_> {
    fn of<'a>(written: &'a Pipeline, form_of: &dyn Fn(&str) -> Option<Form>) -> Sides<'a> {
        Sides { written, plain: plain(written, form_of) }
    }

    /// The nodes, both ways.
    fn nodes(&self) -> impl Iterator<Item = (&Node, &Node)> {
        self.plain.nodes.iter().zip(&self.written.nodes)
    }
}

/// Fields, both ways.
struct Fields {
    plain: Map<String, Value>,
    written: Map<String, Value>,
}

impl Diff {
    /// Nothing differs in meaning.
    pub fn is_empty(&self) -> bool {
        *self == Diff::default()
    }

    fn renamed_to<'a>(&'a self, id: &'a str) -> &'a str {
        self.renamed.iter().find(|renamed| renamed.from == id).map_or(id, |renamed| &renamed.to)
    }
}

fn diff_nodes(first: &Sides, second: &Sides, diff: &mut Diff) {
    let mut added: Vec<(&Node, &Node)> =
        second.nodes().filter(|(node, _)| first.plain.node(&node.id).is_none()).collect();
    let fields = |(plain, written)| Fields { plain: meaning(plain), written: meaning(written) };
    for node in first.nodes() {
        if let Some(after) = second.nodes().find(|(after, _)| after.id == node.0.id) {
            let fields = changed_fields(&fields(node), &fields(after));
            if !fields.is_empty() {
                diff.changed.push(ChangedPart { id: node.0.id.clone(), fields });
            }
            continue;
        }
        let same = |(other, _): &(&Node, &Node)| meaning(other) == meaning(node.0);
        match added.iter().position(same) {
            Some(place) => {
                let to = added.remove(place).0.id.clone();
                diff.renamed.push(Renamed { from: node.0.id.clone(), to });
            }
            None => diff.removed.push(node.1.clone()),
        }
    }
    diff.added = added.into_iter().map(|(_, written)| written.clone()).collect();
}

/// A node without its id and its place on the canvas.
fn meaning(node: &Node) -> Map<String, Value> {
    let mut map = object(serde_json::to_value(node));
    map.shift_remove("id");
    map.shift_remove("at");
    map.entry("config").or_insert_with(|| Value::Object(Map::new()));
    map
}

fn object(value: serde_json::Result<Value>) -> Map<String, Value> {
    match value {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

fn diff_edges(first: &Pipeline, second: &Pipeline, diff: &mut Diff) {
    let renamed = |end: &PortRef| PortRef::new(diff.renamed_to(&end.node), &end.port);
    let before: Vec<(PortRef, PortRef)> =
        first.edges.iter().map(|edge| (renamed(&edge.from), renamed(&edge.to))).collect();
    let (mut disconnected, mut rerouted) = (Vec::new(), Vec::new());
    for (edge, (from, to)) in first.edges.iter().zip(&before) {
        match second.edges.iter().find(|after| after.from == *from && after.to == *to) {
            None => disconnected.push(edge.clone()),
            Some(after) => {
                let via =
                    |edge: &Edge| object(serde_json::to_value(ViaField { via: edge.via.clone().unwrap_or_default() }));
                let mut fields = Vec::new();
                compare((&via(edge), &via(edge)), (&via(after), &via(after)), "", &mut fields);
                if !fields.is_empty() {
                    rerouted.push(ChangedPart { id: after.id(), fields });
                }
            }
        }
    }
    let is_new = |edge: &&Edge| !before.iter().any(|(from, to)| edge.from == *from && edge.to == *to);
    diff.connected = second.edges.iter().filter(is_new).cloned().collect();
    (diff.disconnected, diff.rerouted) = (disconnected, rerouted);
}

#[derive(Serialize)]
struct ViaField {
    via: Via,
}

/// What there is beside nodes and edges.
fn rest(side: &Sides) -> Fields {
    let rest = |pipeline: &Pipeline| {
        let mut map = object(serde_json::to_value(pipeline));
        for section in ["nodes", "edges", "groups", "notes", "tidegate"] {
            map.shift_remove(section);
        }
        for section in ["settings", "parameters", "clusters"] {
            map.entry(section).or_insert_with(|| Value::Object(Map::new()));
        }
        if let Some(tests) = map.shift_remove("tests") {
            map.insert("tests".into(), Value::Object(by_name(tests)));
        }
        map
    };
    Fields { plain: rest(&side.plain), written: rest(side.written) }
}

/// Tests by their names: their order means nothing.
fn by_name(tests: Value) -> Map<String, Value> {
    let Value::Array(mut tests) = tests else { return Map::new() };
    tests.sort_by_cached_key(Value::to_string);
    let mut named = Map::new();
    for test in tests {
        let mut name = test.get("name").and_then(Value::as_str).unwrap_or_default().to_string();
        while named.contains_key(&name) {
            name.push('\'');
        }
        named.insert(name, test);
    }
    named
}

/// Compares objects name by name, in the order of the first, then what is new.
fn changed_fields(before: &Fields, after: &Fields) -> Vec<ChangedField> {
    let mut fields = Vec::new();
    compare((&before.plain, &before.written), (&after.plain, &after.written), "", &mut fields);
    fields
}

/// What differs in the first of each pair, told as it stands in the second.
fn compare(
    (before, before_written): (&Map<String, Value>, &Map<String, Value>),
    (after, after_written): (&Map<String, Value>, &Map<String, Value>),
    path: &str,
    fields: &mut Vec<ChangedField>,
) {
    let added = after.keys().filter(|name| !before.contains_key(*name));
    for name in before.keys().chain(added) {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let written = (before_written.get(name), after_written.get(name));
        match (before.get(name), after.get(name)) {
            (Some(before), Some(after)) if before == after => {}
            (Some(Value::Object(before)), Some(Value::Object(after))) => {
                let within = |value: Option<&Value>| value.and_then(Value::as_object).cloned().unwrap_or_default();
                let (before_written, after_written) = (within(written.0), within(written.1));
                compare((before, &before_written), (after, &after_written), &path, fields);
            }
            (before, after) => {
                let told = |plain: Option<&Value>, written: Option<&Value>| plain.or(written).cloned();
                fields.push(ChangedField { path, before: told(before, written.0), after: told(after, written.1) });
            }
        }
    }
}

/// Names that state, topics and offsets are kept under, and that the second pipeline no longer uses.
fn durable(first: &Pipeline, second: &Pipeline, diff: &Diff) -> Vec<String> {
    let (before, after) = (first.application_id(), second.application_id());
    if before != after {
        return vec![format!(
            "application id {before} is now {after}: consumer group, state and own topics of {before} are not taken over"
        )];
    }
    let mut lines: Vec<String> = diff
        .renamed
        .iter()
        .map(|Renamed { from, to }| {
            format!("{before}.{from}.… is now {before}.{to}.…: state and topics of {from} are not taken over")
        })
        .collect();
    let renamed: BTreeSet<&str> = diff.renamed.iter().map(|renamed| renamed.from.as_str()).collect();
    for edge in &first.edges {
        let is_own_topic = |edge: &Edge| matches!(&edge.via, Some(Via::Topic(topic)) if topic.name.is_none());
        let from_renamed = renamed.contains(edge.from.node.as_str()) || renamed.contains(edge.to.node.as_str());
        let is_kept = second.edges.iter().any(|after| after.id() == edge.id() && is_own_topic(after));
        if is_own_topic(edge) && !is_kept && !from_renamed {
            lines.push(format!("topic {before}.{}.{} is not read any more", edge.from, edge.to));
        }
    }
    lines
}

impl fmt::Display for Diff {
    /// One line a difference: `+`, `-`, `~`, and `!` for durable names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for node in &self.removed {
            writeln!(f, "- {} ({})", node.id, node.operator)?;
        }
        for node in &self.added {
            writeln!(f, "+ {} ({})", node.id, node.operator)?;
        }
        for Renamed { from, to } in &self.renamed {
            writeln!(f, "~ {from} is now {to}")?;
        }
        for edge in &self.disconnected {
            writeln!(f, "- {}", edge.id())?;
        }
        for edge in &self.connected {
            writeln!(f, "+ {}", edge.id())?;
        }
        for part in self.changed.iter().chain(&self.rerouted) {
            writeln!(f, "~ {}", part.id)?;
            for field in &part.fields {
                writeln!(f, "    {field}")?;
            }
        }
        for field in &self.fields {
            writeln!(f, "~ {field}")?;
        }
        for line in &self.durable {
            writeln!(f, "! {line}")?;
        }
        Ok(())
    }
}

impl fmt::Display for ChangedField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => write!(f, "{}: {before} → {after}", self.path),
            (None, Some(after)) => write!(f, "{}: {after} is new", self.path),
            (Some(before), None) => write!(f, "{}: {before} is gone", self.path),
            (None, None) => f.write_str(&self.path),
        }
    }
}
