//! What nodes read and write outside of the pipeline: topics and files that two of them share.

use std::path::{Component, Path, PathBuf};

use regex::Regex;

use super::{Check, CheckedEdge, CheckedNode, Travel};
use crate::operators::{TopicSink, TopicSource, Topics, Touches};
use crate::problem::{Place, Problem};

impl Check<'_> {
    pub(super) fn outside(&mut self, nodes: &[CheckedNode], edges: &[CheckedEdge]) {
        let touches: Vec<(&str, Touches)> = nodes
            .iter()
            .zip(&self.pipeline.nodes)
            .filter(|(node, _)| node.is_active && !node.broken.touches_other)
            .filter_map(|(node, drawn)| Some((drawn.id.as_str(), node.shape.as_ref()?.touches())))
            .collect();
        for (number, (id, touch)) in touches.iter().enumerate() {
            if let Touches::Reads(TopicSource { cluster, .. }) | Touches::Writes(TopicSink { cluster, .. }) = touch {
                self.cluster_name(cluster, Place::node(*id).at_field("cluster"));
            }
            for (other_id, other) in &touches[..number] {
                self.problems.extend(between((other_id, other), (id, touch)));
            }
            self.problems.extend(edges.iter().zip(&self.pipeline.edges).filter_map(|(edge, drawn)| {
                let Travel::Topic { cluster, topic, .. } = &edge.travel else { return None };
                let is_shared = edge.is_active && touches_topic(touch, cluster, topic);
                is_shared.then(|| {
                    let message = format!("`{id}` uses `{topic}`, which is the way of {}", drawn.id());
                    let place = Place::edge(drawn.id()).at_field("via.topic.name");
                    Problem::warning(place, message).remedy("give the edge a topic of its own: leave the name away")
                })
            }));
        }
    }
}

/// What two nodes do to each other.
fn between((one_id, one): (&str, &Touches), (other_id, other): (&str, &Touches)) -> Option<Problem> {
    match (one, other) {
        (Touches::WritesFile(one), Touches::WritesFile(other)) if is_same_file(one, other) => {
            let message = format!("`{one_id}` writes {} too", one.display());
            Some(
                Problem::error(Place::node(other_id).at_field("path"), message)
                    .remedy("give each its own file, or connect both to one node"),
            )
        }
        (Touches::ReadsFile(one), Touches::WritesFile(other))
        | (Touches::WritesFile(other), Touches::ReadsFile(one))
            if is_same_file(one, other) =>
        {
            let message = format!("{} is read and written at once, by `{one_id}` and `{other_id}`", one.display());
            let remedy = "write to another file, and read that in a second run";
            Some(Problem::warning(Place::node(other_id).at_field("path"), message).remedy(remedy))
        }
        (Touches::Reads(one), Touches::Reads(other)) if one.start != other.start => {
            let topic = shared_topic(one, other)?;
            let message = format!("`{one_id}` reads `{topic}` too, and from another start; both are one reading");
            Some(Problem::error(Place::node(other_id).at_field("start"), message).remedy("give both the same `start`"))
        }
        (Touches::Writes(one), Touches::Writes(other)) => shared_sink(one_id, one, other_id, other),
        (Touches::Reads(source), Touches::Writes(sink)) => circle(one_id, source, other_id, sink, other_id),
        (Touches::Writes(sink), Touches::Reads(source)) => circle(other_id, source, one_id, sink, other_id),
        _ => None,
    }
}

/// By their names alone: `./a/../b` is `b`.
fn is_same_file(one: &Path, other: &Path) -> bool {
    plain(one) == plain(other)
}

fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(plain.components().next_back(), Some(Component::Normal(_))) => {
                plain.pop();
            }
            Component::ParentDir if plain.has_root() => {}
            part => plain.push(part),
        }
    }
    plain
}

/// A topic is made once, and opened with one set of settings.
fn shared_sink(one_id: &str, one: &TopicSink, other_id: &str, other: &TopicSink) -> Option<Problem> {
    if (&one.cluster, &one.topic) != (&other.cluster, &other.topic) {
        return None;
    }
    let differing = [
        ("acks", one.acks != other.acks),
        ("compression", one.compression != other.compression),
        ("create", one.create.zip(other.create).is_some_and(|(one, other)| one != other)),
    ];
    let (field, _) = differing.into_iter().find(|(_, differs)| *differs)?;
    let message = format!("`{one_id}` writes `{}` too, and with another `{field}`", one.topic);
    Some(Problem::error(Place::node(other_id).at_field(field), message).remedy(format!("give both the same `{field}`")))
}

/// Patterns never match what the pipeline writes, so only names make a circle.
fn circle(reader: &str, source: &TopicSource, writer: &str, sink: &TopicSink, at: &str) -> Option<Problem> {
    let Topics::Named(names) = &source.topics else { return None };
    let is_circle = source.cluster == sink.cluster && names.contains(&sink.topic);
    is_circle.then(|| {
        let message =
            format!("`{}` is written by `{writer}` and read by `{reader}`: records may go round for ever", sink.topic);
        Problem::warning(Place::node(at), message).remedy("write to another topic, unless the circle is meant")
    })
}

fn shared_topic(one: &TopicSource, other: &TopicSource) -> Option<String> {
    if one.cluster != other.cluster {
        return None;
    }
    match (&one.topics, &other.topics) {
        (Topics::Named(names), topics) | (topics, Topics::Named(names)) => {
            names.iter().find(|name| is_among(topics, name)).cloned()
        }
        (Topics::Matching(one), Topics::Matching(other)) => (one == other).then(|| one.clone()),
    }
}

fn touches_topic(touch: &Touches, cluster: &str, topic: &str) -> bool {
    match touch {
        // Patterns leave out what the pipeline writes.
        Touches::Reads(source) => {
            source.cluster == cluster
                && matches!(&source.topics, Topics::Named(names) if names.iter().any(|name| name == topic))
        }
        Touches::Writes(sink) => sink.cluster == cluster && sink.topic == topic,
        Touches::Nothing | Touches::ReadsFile(_) | Touches::WritesFile(_) => false,
    }
}

fn is_among(topics: &Topics, name: &str) -> bool {
    match topics {
        Topics::Named(names) => names.iter().any(|known| known == name),
        // A pattern that is none was told of by its node.
        Topics::Matching(pattern) => Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|regex| regex.is_match(name)),
    }
}
