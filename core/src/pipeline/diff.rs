//! What differs between two pipelines in meaning: positions, order, groups and notes are left out.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Edge, Node, Pipeline, PortRef, Via};

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

/// Compares two pipelines.
pub fn diff(first: &Pipeline, second: &Pipeline) -> Diff {
    let mut diff = Diff::default();
    diff_nodes(first, second, &mut diff);
    diff_edges(first, second, &mut diff);
    diff_document(first, second, &mut diff);
    diff.durable = durable(first, second, &diff);
    diff
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

fn diff_nodes(first: &Pipeline, second: &Pipeline, diff: &mut Diff) {
    let mut added: Vec<&Node> = second.nodes.iter().filter(|node| first.node(&node.id).is_none()).collect();
    for node in &first.nodes {
        if let Some(after) = second.node(&node.id) {
            let fields = changed_fields(&meaning(node), &meaning(after));
            if !fields.is_empty() {
                diff.changed.push(ChangedPart { id: node.id.clone(), fields });
            }
            continue;
        }
        let same = |other: &&Node| meaning(other) == meaning(node);
        match added.iter().position(same) {
            Some(place) => {
                let to = added.remove(place).id.clone();
                diff.renamed.push(Renamed { from: node.id.clone(), to });
            }
            None => diff.removed.push(node.clone()),
        }
    }
    diff.added = added.into_iter().cloned().collect();
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
                let fields = changed_fields(&via(edge), &via(after));
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

fn diff_document(first: &Pipeline, second: &Pipeline, diff: &mut Diff) {
    let rest = |pipeline: &Pipeline| {
        let mut map = object(serde_json::to_value(pipeline));
        for section in ["nodes", "edges", "groups", "notes", "tidegate"] {
            map.shift_remove(section);
        }
        for section in ["settings", "parameters", "clusters"] {
            map.entry(section).or_insert_with(|| Value::Object(Map::new()));
        }
        map
    };
    diff.fields = changed_fields(&rest(first), &rest(second));
}

/// Compares objects name by name, in the order of the first, then what is new.
fn changed_fields(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<ChangedField> {
    let mut fields = Vec::new();
    compare(before, after, "", &mut fields);
    fields
}

fn compare(before: &Map<String, Value>, after: &Map<String, Value>, path: &str, fields: &mut Vec<ChangedField>) {
    let added = after.keys().filter(|name| !before.contains_key(*name));
    for name in before.keys().chain(added) {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match (before.get(name), after.get(name)) {
            (Some(before), Some(after)) if before == after => {}
            (Some(Value::Object(before)), Some(Value::Object(after))) => compare(before, after, &path, fields),
            (before, after) => fields.push(ChangedField { path, before: before.cloned(), after: after.cloned() }),
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::edit::{Edit, NodeChange};
    use super::super::samples::{any_pipeline, sketch};
    use super::super::{Point, Settable, ThroughTopic};
    use super::*;

    #[test]
    fn differences_are_told_field_by_field() {
        let (first, mut second) = (sketch(), sketch());
        let config = &mut second.nodes[0].config;
        config.insert("topic".into(), json!("grapes"));
        config.shift_remove("format");
        config.insert("start".into(), json!("latest"));
        second.nodes[0].disabled = true;
        second.settings.scale = Some(Settable::Template("${scale}".into()));
        second.edges[2].via = Some(Via::Topic(ThroughTopic::default()));
        second.edges.remove(1);
        second.nodes.remove(1);
        second.nodes.push(Node::new("more", "filter"));
        second.edges.push(Edge::new("wines.out", "more.in"));
        insta::assert_snapshot!(diff(&first, &second), @r#"
        - models (kafka-source)
        + more (filter)
        - models.out->score.model
        + wines.out->more.in
        ~ wines
            config.topic: "wines" → "grapes"
            config.format: "json" is gone
            config.start: "latest" is new
            disabled: true is new
        ~ score.out->out.in
            via: {"direct":{"buffer":4096}} → "topic"
        ~ settings.scale: "single" → "${scale}"
        "#);
        insta::assert_snapshot!(serde_json::to_string(&diff(&first, &second)).unwrap(), @r#"{"added":[{"id":"more","operator":"filter"}],"removed":[{"id":"models","operator":"kafka-source","config":{"topic":"models","format":"bytes"},"at":[40,240]}],"changed":[{"id":"wines","fields":[{"path":"config.topic","before":"wines","after":"grapes"},{"path":"config.format","before":"json"},{"path":"config.start","after":"latest"},{"path":"disabled","after":true}]}],"connected":[{"from":"wines.out","to":"more.in"}],"disconnected":[{"from":"models.out","to":"score.model"}],"rerouted":[{"id":"score.out->out.in","fields":[{"path":"via","before":{"direct":{"buffer":4096}},"after":"topic"}]}],"fields":[{"path":"settings.scale","before":"single","after":"${scale}"}]}"#);
    }

    #[test]
    fn a_renamed_node_says_what_becomes_of_durable_names() {
        let (first, mut second) = (sketch(), sketch());
        Edit::RenameNode { id: "score".into(), to: "rating".into() }.apply(&mut second).unwrap();
        insta::assert_snapshot!(diff(&first, &second), @"
        ~ score is now rating
        ! wine-quality.score.… is now wine-quality.rating.…: state and topics of score are not taken over
        ");
        second.settings.application_id = Some("other".into());
        insta::assert_snapshot!(diff(&first, &second), @r#"
        ~ score is now rating
        ~ settings.application_id: "wine-quality" → "other"
        ! application id wine-quality is now other: consumer group, state and own topics of wine-quality are not taken over
        "#);
    }

    proptest! {
        #[test]
        fn places_order_and_notes_mean_nothing(pipeline in any_pipeline()) {
            let mut other = pipeline.clone();
            other.nodes.reverse();
            other.edges.reverse();
            other.notes.clear();
            other.groups.clear();
            for edge in &mut other.edges {
                edge.points.push(Point::default());
            }
            for node in &mut other.nodes {
                node.at = None;
                node.config = std::mem::take(&mut node.config).into_iter().rev().collect();
            }
            prop_assert_eq!(diff(&pipeline, &other), Diff::default());
        }

        #[test]
        fn a_changed_field_is_seen(pipeline in any_pipeline(), place: prop::sample::Index) {
            prop_assume!(!pipeline.nodes.is_empty());
            let mut other = pipeline.clone();
            let id = other.nodes[place.index(other.nodes.len())].id.clone();
            let change = NodeChange::Field { path: vec!["added-here".into()], value: Some(json!(1)) };
            Edit::ChangeNode { id: id.clone(), change }.apply(&mut other).unwrap();
            let found = diff(&pipeline, &other);
            prop_assert_eq!(found.changed.len(), 1);
            prop_assert_eq!(&found.changed[0].id, &id);
            prop_assert_eq!(&found.changed[0].fields[0].path, "config.added-here");
        }
    }
}
