//! Names: which texts are ids, that they are unique, that what is named exists.

use std::collections::HashMap;
use std::hash::Hash;

use super::Pipeline;
use crate::problem::{Fix, Place, Problem, Remedy};

/// `[a-z][a-z0-9-]{0,62}`: ids of nodes, notes and groups.
pub fn is_node_id(text: &str) -> bool {
    is_kebab(text, 63)
}

/// `[a-z][a-z0-9-]{0,19}`.
pub fn is_port_name(text: &str) -> bool {
    is_kebab(text, 20)
}

/// `[A-Za-z0-9._-]{1,63}`.
pub fn is_application_id(text: &str) -> bool {
    (1..=63).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// `[A-Za-z_][A-Za-z0-9_-]*`.
pub fn is_parameter_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

/// What stands for the id of a node that has none: its place in the file, which cannot be an id.
pub(super) fn place_as_id(index: usize) -> String {
    format!("nodes[{index}]")
}

/// An id that is a place, of a node that has none.
pub(crate) fn is_place(id: &str) -> bool {
    id.starts_with("nodes[")
}

fn is_kebab(text: &str, longest: usize) -> bool {
    text.len() <= longest
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// `stem`, or the first of `stem-2`, `stem-3`, … that is not taken; always an id.
pub(super) fn fresh(stem: &str, taken: impl Fn(&str) -> bool) -> String {
    let stem = if is_node_id(stem) { stem } else { "node" };
    if !taken(stem) {
        return stem.to_string();
    }
    let (base, _) = stem.rsplit_once('-').filter(|(_, n)| n.parse::<u32>().is_ok()).unwrap_or((stem, ""));
    let base = base.get(..52).unwrap_or(base);
    let mut number = 2u64;
    loop {
        let id = format!("{base}-{number}");
        if !taken(&id) {
            return id;
        }
        number += 1;
    }
}

impl Pipeline {
    /// There are nodes whose ids are not known.
    pub(crate) fn has_unnamed_nodes(&self) -> bool {
        self.nodes.iter().any(|node| is_place(&node.id))
    }

    /// Ids, ports and parameters that are not well-formed, and whatever stands there twice.
    pub fn identity_problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut seen = HashMap::new();
        for node in &self.nodes {
            let nth = times_before(&mut seen, &node.id);
            let free = |id: &str| self.fresh_id(id);
            let place = Place::node(&node.id).nth(nth);
            problems.extend(id_problem(place.clone().at_field("id"), &node.id, nth, free));
            if node.operator.is_empty() {
                let problem = Problem::error(place.at_field("operator"), "it names no operator");
                problems.push(problem.remedy("`tidegate describe` lists them"));
            }
        }
        self.edge_problems(&mut problems);
        let notes = self.notes.iter().map(|note| &note.id).enumerate().map(|mark| ("notes", mark));
        let groups = self.groups.iter().map(|group| &group.id).enumerate().map(|mark| ("groups", mark));
        let mut seen = HashMap::new();
        for (section, (index, id)) in notes.chain(groups) {
            problems.extend(id_problem(
                Place::field(format!("{section}[{index}].id")),
                id,
                times_before(&mut seen, id),
                |id| id.to_string(),
            ));
        }
        for name in self.parameters.names().filter(|name| !is_parameter_name(name)) {
            let message = format!("`{name}` cannot name a parameter: letters, digits, `_` and `-`, a letter first");
            let place = Place::field(format!("parameters.{name}"));
            problems.push(Problem::error(place, message).remedy("rename it, and every ${…} that takes it"));
        }
        problems
    }

    fn edge_problems(&self, problems: &mut Vec<Problem>) {
        let mut seen = HashMap::new();
        for edge in &self.edges {
            let nth = times_before(&mut seen, (&edge.from, &edge.to));
            let place = Place::edge(edge.id()).nth(nth);
            let is_whole = !edge.from.is_nothing() && !edge.to.is_nothing();
            if nth > 0 && is_whole {
                problems.push(
                    Problem::error(place.clone(), "this edge stands there twice")
                        .remedy(Remedy::from("remove one of them").by(Fix::Remove)),
                );
            }
            for (field, end) in [("from", &edge.from), ("to", &edge.to)] {
                let port = &end.port;
                if end.is_nothing() {
                    let problem = Problem::error(place.clone().at_field(field), "it names no port");
                    problems.push(problem.remedy("write it as `node.port`"));
                } else if port.is_empty() {
                    let message = format!("`{end}` names no port: an end of an edge is written `node.port`");
                    let remedy = "add the port: `tidegate describe OPERATOR` lists them";
                    problems.push(Problem::error(place.clone().at_field(field), message).remedy(remedy));
                } else if !is_port_name(port) {
                    let message = format!("`{port}` cannot name a port: a-z, 0-9 and `-`, a letter first, at most 20");
                    let remedy = "write a port of the node: `tidegate describe OPERATOR` lists them";
                    problems.push(Problem::error(place.clone().at_field(field), message).remedy(remedy));
                }
            }
        }
    }
}

/// How often something came before.
fn times_before<T: Hash + Eq>(seen: &mut HashMap<T, usize>, it: T) -> usize {
    let count = seen.entry(it).or_default();
    std::mem::replace(count, *count + 1)
}

/// What is wrong with an id; another one that is free stands instead of it.
fn id_problem(place: Place, id: &str, nth: usize, free: impl Fn(&str) -> String) -> Option<Problem> {
    let with = |text: String, id: &str| Remedy::from(text).by(Fix::Id(free(id)));
    if !is_node_id(id) {
        let message = format!("`{id}` cannot be an id: a-z, 0-9 and `-`, a letter first, at most 63 characters");
        let remedy = match fresh(&id.to_lowercase().replace([' ', '_', '.'], "-"), |_| false) {
            likely if likely != "node" => with(format!("such as `{likely}`"), &likely),
            _ => "such as `orders` or `orders-2`".into(),
        };
        return Some(Problem::error(place, message).remedy(remedy));
    }
    let remedy = || with("rename one of them".into(), id);
    (nth > 0).then(|| Problem::error(place, format!("the id `{id}` stands there twice")).remedy(remedy()))
}
