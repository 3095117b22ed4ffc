//! What differs between two drawings, as lines that can be pressed: each a sign, words, and the place where it is seen.

use crate::form::Form;
use crate::operators::Operator;
use crate::pipeline::diff::{ChangedPart, Diff, diff};
use crate::pipeline::{Edge, Pipeline};

/// A difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// what has happened
    pub sign: Sign,
    /// to what
    pub words: String,
    /// field by field
    pub details: Vec<String>,
    /// where it is seen in the second drawing; none where it is not
    pub spot: Option<Spot>,
}

/// What has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// only the second has it
    Added,
    /// only the first has it
    Removed,
    /// it is another
    Changed,
    /// a durable name is no longer used
    Durable,
}

impl Sign {
    /// As `tidegate diff` writes it.
    pub fn letter(self) -> char {
        match self {
            Sign::Added => '+',
            Sign::Removed => '-',
            Sign::Changed => '~',
            Sign::Durable => '!',
        }
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Sign::Added => "added",
            Sign::Removed => "removed",
            Sign::Changed => "changed",
            Sign::Durable => "note",
        }
    }
}

/// A place of a drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spot {
    /// a node, by its id
    Node(String),
    /// an edge, as `from->to`
    Edge(String),
}

/// The differences, in the order of `tidegate diff`. Where two drawings differ and mean the same, one line says so.
pub fn changes(first: &Pipeline, second: &Pipeline, operators: &[&'static Operator]) -> Vec<Change> {
    let form_of = |name: &str| -> Option<Form> {
        operators.iter().find(|operator| operator.name == name).map(|operator| (operator.form)())
    };
    let found = lines(&diff(first, second, &form_of));
    if found.is_empty() && first != second {
        let words = "Places, order, groups or notes alone: it means the same".to_string();
        return vec![Change { sign: Sign::Changed, words, details: Vec::new(), spot: None }];
    }
    found
}

fn lines(diff: &Diff) -> Vec<Change> {
    let line = |sign: Sign, words: String, spot: Option<Spot>| Change { sign, words, details: Vec::new(), spot };
    let node = |id: &str| Some(Spot::Node(id.to_string()));
    let edge = |edge: &Edge| Some(Spot::Edge(edge.id()));
    let ends = |edge: &Edge| format!("{} → {}", edge.from, edge.to);
    let part = |part: &ChangedPart, spot: Option<Spot>| Change {
        sign: Sign::Changed,
        words: part.id.replace("->", " → "),
        details: part.fields.iter().map(ToString::to_string).collect(),
        spot,
    };
    let mut all = Vec::new();
    let name = |node: &crate::pipeline::Node| format!("{} ({})", node.id, node.operator);
    all.extend(diff.removed.iter().map(|gone| line(Sign::Removed, name(gone), None)));
    all.extend(diff.added.iter().map(|new| line(Sign::Added, name(new), node(&new.id))));
    let renamed = diff.renamed.iter();
    all.extend(renamed.map(|it| line(Sign::Changed, format!("{} is now {}", it.from, it.to), node(&it.to))));
    all.extend(diff.changed.iter().map(|it| part(it, node(&it.id))));
    all.extend(diff.disconnected.iter().map(|gone| line(Sign::Removed, ends(gone), None)));
    all.extend(diff.connected.iter().map(|new| line(Sign::Added, ends(new), edge(new))));
    all.extend(diff.rerouted.iter().map(|it| part(it, Some(Spot::Edge(it.id.clone())))));
    all.extend(diff.fields.iter().map(|field| line(Sign::Changed, field.to_string(), None)));
    all.extend(diff.durable.iter().map(|words| line(Sign::Durable, words.clone(), None)));
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::operators;
    use crate::pipeline::{Node, Point};

    fn node(id: &str, operator: &str) -> Node {
        Node::new(id, operator)
    }

    #[test]
    fn each_difference_is_a_line_with_its_place() {
        let mut first = Pipeline::new("p");
        first.nodes = vec![node("a", "generate"), node("b", "filter"), node("c", "discard")];
        first.edges = vec![Edge::new("a.out", "b.in"), Edge::new("b.out", "c.in")];
        let mut second = first.clone();
        second.nodes[1].config.insert("condition".into(), json!("x > 1"));
        second.nodes[2] = node("d", "console-sink");
        second.edges[1] = Edge::new("b.out", "d.in");
        second.description = "other".into();
        let told: Vec<String> = changes(&first, &second, operators::ALL)
            .iter()
            .map(|change| {
                let spot = match &change.spot {
                    Some(Spot::Node(id) | Spot::Edge(id)) => id.as_str(),
                    None => "",
                };
                format!("{} {} {:?} @{spot}", change.sign.letter(), change.words, change.details)
            })
            .collect();
        assert_eq!(
            told,
            [
                "- c (discard) [] @",
                "+ d (console-sink) [] @d",
                "~ b [\"config.condition: \\\"x > 1\\\" is new\"] @b",
                "- b.out → c.in [] @",
                "+ b.out → d.in [] @b.out->d.in",
                "~ description: \"other\" is new [] @",
            ]
        );
    }

    #[test]
    fn what_means_the_same_is_told_as_that() {
        let mut first = Pipeline::new("p");
        first.nodes = vec![node("a", "generate")];
        assert_eq!(changes(&first, &first, operators::ALL), []);
        let mut second = first.clone();
        second.nodes[0].at = Some(Point { x: 8, y: 8 });
        let told = changes(&first, &second, operators::ALL);
        assert!(told.len() == 1 && told[0].words.contains("means the same"), "{told:?}");
    }
}
