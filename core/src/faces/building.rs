//! What a person builds, as edits: a node more, behind another or on a wire, another operator in a node's place, nodes less
//! with their wires healed; and which ports fit which.

use serde_json::{Map, Value};

use super::drawing::Drawing;
use crate::operators::{Operator, Ports};
use crate::pipeline::edit::{EdgeChange, Edit, NodeChange};
use crate::pipeline::{Edge, Node, Pipeline, Point, PortRef, Via, Way};
use crate::types::Carries;

/// What an operator is chosen for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddTo {
    /// nothing is there yet, or it stands alone
    Nothing,
    /// behind a node's output
    After(PortRef),
    /// on a wire, by its id
    Wire(String),
    /// in the place of a node
    Swap(String),
}

/// An input port that a wire might lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// it
    pub port: PortRef,
    /// its node's operator
    pub operator: String,
    /// what comes in there already
    pub joins: Vec<String>,
    /// why it cannot be connected
    pub why: Option<String>,
}

/// The ports of a node: as checked, else as its operator has them before it is configured.
pub fn ports(drawing: &Drawing, id: &str) -> Option<Ports> {
    let checked = drawing.place(id).and_then(|place| drawing.checked.nodes.get(place)?.ports.clone());
    checked.or_else(|| drawing.operator(id)?.ports())
}

/// Names of a node's output ports.
pub fn outputs(drawing: &Drawing, id: &str) -> Vec<String> {
    ports(drawing, id).map(|ports| ports.output_names().map(str::to_string).collect()).unwrap_or_default()
}

/// The first output of a node, preferably one without a wire.
pub fn free_output(drawing: &Drawing, id: &str) -> Option<PortRef> {
    free_of(drawing, id, outputs(drawing, id))
}

/// The output behind which a node is added: as [`free_output`], but failed and late records are led off only where somebody
/// asks for that.
pub fn main_output(drawing: &Drawing, id: &str) -> Option<PortRef> {
    let main = outputs(drawing, id).into_iter().filter(|port| !["errors", "late"].contains(&port.as_str()));
    free_of(drawing, id, main)
}

fn free_of(drawing: &Drawing, id: &str, ports: impl IntoIterator<Item = String>) -> Option<PortRef> {
    let ports: Vec<PortRef> = ports.into_iter().map(|port| PortRef::new(id, port)).collect();
    let is_free = |port: &&PortRef| !drawing.pipeline.edges.iter().any(|edge| edge.from == **port);
    ports.iter().find(is_free).or(ports.first()).cloned()
}

/// All input ports, those that fit an output first, each group in the order of the file. Of those that plainly fit the first
/// few are tried, as many checks as take a moment; what a check finds of the others is told once they are connected.
pub fn targets(drawing: &Drawing, from: &PortRef, search: &str) -> Vec<Target> {
    let before = drawing.pipeline.along([from.node.as_str()], Way::Before);
    let mut tries = CHECKED_NODES / drawing.pipeline.nodes.len().max(1);
    let mut all = Vec::new();
    for node in &drawing.pipeline.nodes {
        for input in ports(drawing, &node.id).unwrap_or_default().inputs {
            let port = PortRef::new(&node.id, &input.name);
            if !port.to_string().contains(search) {
                continue;
            }
            let joins = drawing.pipeline.edges.iter().filter(|edge| edge.to == port);
            let why = match plainly_unfit(drawing, from, &port) {
                None if before.contains(node.id.as_str()) => Some(format!("leads to {}: a cycle", from.node)),
                None if tries > 0 => {
                    tries -= 1;
                    found_by_check(drawing, from, &port)
                }
                why => why,
            };
            all.push(Target {
                operator: node.operator.clone(),
                joins: joins.map(|edge| edge.from.to_string()).collect(),
                why,
                port,
            });
        }
    }
    all.sort_by_key(|target| target.why.is_some());
    all
}

/// Nodes that are checked to see which ports fit, in all tries together.
const CHECKED_NODES: usize = 1000;

/// Why an edge cannot be drawn: what the check then finds that it did not find before. It checks the whole pipeline.
pub fn unfit(drawing: &Drawing, from: &PortRef, to: &PortRef) -> Option<String> {
    plainly_unfit(drawing, from, to).or_else(|| found_by_check(drawing, from, to))
}

fn found_by_check(drawing: &Drawing, from: &PortRef, to: &PortRef) -> Option<String> {
    let mut tried = drawing.clone();
    if let Err(why) = tried.apply(&Edit::Connect(wire(from.clone(), to.clone()))) {
        return Some(why.to_string());
    }
    let before: Vec<&str> = drawing.errors().map(|problem| problem.message.as_str()).collect();
    let mut after = tried.errors().map(|problem| problem.message.clone());
    after.find(|message| !before.contains(&message.as_str()))
}

/// Why an edge cannot be drawn, as far as that is seen without a check: its ends, and what they carry.
pub fn plainly_unfit(drawing: &Drawing, from: &PortRef, to: &PortRef) -> Option<String> {
    if from.node == to.node {
        return Some("its own node".into());
    }
    if drawing.pipeline.edges.iter().any(|edge| edge.from == *from && edge.to == *to) {
        return Some("connected already".into());
    }
    let taken = ports(drawing, &to.node)?.inputs.into_iter().find(|input| input.name == to.port)?.carries?;
    let place = drawing.place(&from.node)?;
    let given = drawing.checked.nodes.get(place)?;
    let number = given.ports.as_ref()?.output(&from.port)?;
    let given = given.outputs.get(number)?.as_ref()?.carries;
    let word = |carries: Carries| match carries {
        Carries::Records => "records",
        Carries::Changes => "changes",
    };
    (given != taken).then(|| format!("{} wanted, these are {}", word(taken), word(given)))
}

/// A plain edge.
pub fn wire(from: PortRef, to: PortRef) -> Edge {
    Edge { from, to, via: None, points: Vec::new() }
}

/// A node of an operator where it was chosen for: a new one, at a place on the canvas, or one that becomes it; and its id.
pub fn placed(pipeline: &Pipeline, operator: &Operator, to: &AddTo, at: Option<Point>) -> (Edit, String) {
    match to {
        AddTo::Swap(id) => (swapped(pipeline, operator, id), id.clone()),
        _ => {
            let id = pipeline.fresh_id(operator.name);
            (added(pipeline, operator, to, &id, at), id)
        }
    }
}

/// An edge that travels the other way: through a topic, or directly.
pub fn flipped(pipeline: &Pipeline, edge: &str) -> Edit {
    let is_topic = pipeline.edge(edge).is_some_and(|edge| matches!(edge.via, Some(Via::Topic(_))));
    let via = (!is_topic).then(|| Via::Topic(Default::default()));
    Edit::ChangeEdge { edge: edge.to_string(), change: EdgeChange::Via(via) }
}

/// The step that takes all wires of a port away; none where it has none.
pub fn cut(pipeline: &Pipeline, port: &PortRef) -> Option<Edit> {
    let wires = pipeline.edges.iter().filter(|edge| edge.from == *port || edge.to == *port);
    let edits: Vec<Edit> = wires.map(|edge| Edit::Disconnect { edge: edge.id() }).collect();
    (!edits.is_empty()).then(|| Edit::Batch { label: format!("disconnect {port}"), edits })
}

/// A node of an operator, known as `id`, wired to where it is added.
fn added(pipeline: &Pipeline, operator: &Operator, to: &AddTo, id: &str, at: Option<Point>) -> Edit {
    let ports = operator.ports().unwrap_or_default();
    let input = ports.inputs.first().map(|port| PortRef::new(id, &port.name));
    let output = ports.outputs.first().map(|port| PortRef::new(id, port));
    let mut edits = vec![Edit::AddNode(Node { at, ..Node::new(id, operator.name) })];
    match to {
        AddTo::After(from) => edits.extend(input.map(|input| Edit::Connect(wire(from.clone(), input)))),
        AddTo::Wire(edge) => {
            if let (Some(known), Some(input), Some(output)) = (pipeline.edge(edge), input, output) {
                // How it travels stays with the first part.
                let first = Edge { to: input, points: Vec::new(), ..known.clone() };
                edits.push(Edit::Disconnect { edge: edge.clone() });
                edits.push(Edit::Connect(first));
                edits.push(Edit::Connect(wire(output, known.to.clone())));
            }
        }
        AddTo::Nothing | AddTo::Swap(_) => {}
    }
    Edit::Batch { label: format!("add {id}"), edits }
}

/// Another operator: settings of the same name stay, wires move to ports at the same place where theirs are gone.
fn swapped(pipeline: &Pipeline, operator: &Operator, id: &str) -> Edit {
    let form = (operator.form)();
    let config = pipeline.node(id).map(|node| node.config.clone()).unwrap_or_default();
    let config: Map<String, Value> = config.into_iter().filter(|(name, _)| form.field(name).is_some()).collect();
    let change = |change| Edit::ChangeNode { id: id.to_string(), change };
    let mut edits = vec![change(NodeChange::Operator(operator.name.to_string())), change(NodeChange::Config(config))];
    if let Some(ports) = operator.ports() {
        for edge in pipeline.edges.iter().filter(|edge| edge.touches(id)) {
            let (mut from, mut to) = (edge.from.clone(), edge.to.clone());
            if from.node == id && ports.output(&from.port).is_none() {
                from.port = ports.outputs.first().cloned().unwrap_or(from.port);
            }
            if to.node == id && ports.input(&to.port).is_none() {
                to.port = ports.inputs.first().map_or(to.port, |port| port.name.clone());
            }
            if (&from, &to) != (&edge.from, &edge.to) {
                edits.push(Edit::ChangeEdge { edge: edge.id(), change: EdgeChange::Ends { from, to } });
            }
        }
    }
    Edit::Batch { label: format!("make {id} a {}", operator.name), edits }
}

/// Nodes less, as one step; where it is to heal, their readers read from where they read.
pub fn removed(drawing: &Drawing, ids: &[&str], heals: bool) -> Edit {
    let mut rest = drawing.pipeline.clone();
    let mut edits = Vec::new();
    for id in ids {
        let mut steps = vec![Edit::RemoveNode { id: id.to_string() }];
        if heals {
            steps.extend(healing(&rest, id, outputs(drawing, id).first()));
        }
        // On the rest, so that wires heal past several nodes in a row.
        for step in steps {
            if step.apply(&mut rest).is_ok() {
                edits.push(step);
            }
        }
    }
    let label = match ids {
        few if few.len() <= 4 => format!("delete {}", few.join(", ")),
        several => format!("delete {} nodes", several.len()),
    };
    Edit::Batch { label, edits }
}

/// Wires past a node: from all that its first input reads to all that its first output gives to.
fn healing(pipeline: &Pipeline, id: &str, first_output: Option<&String>) -> Vec<Edit> {
    let first_input = pipeline.edges.iter().find(|edge| edge.to.node == id).map(|edge| &edge.to.port);
    let before = pipeline.edges.iter().filter(|edge| edge.to.node == id && Some(&edge.to.port) == first_input);
    let mut edits = Vec::new();
    for from in before {
        let after = pipeline.edges.iter().filter(|edge| edge.from.node == id && Some(&edge.from.port) == first_output);
        for to in after {
            let healed = Edge { via: from.via.clone(), ..wire(from.from.clone(), to.to.clone()) };
            let is_there = pipeline.edge(&healed.id()).is_some() || from.from.node == to.to.node;
            if !is_there && !edits.contains(&Edit::Connect(healed.clone())) {
                edits.push(Edit::Connect(healed));
            }
        }
    }
    edits
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::check::{CheckOptions, check};
    use crate::operators;

    fn drawing(edges: &[(&str, &str)]) -> Drawing {
        let node = |(id, operator): (&str, &str)| Node::new(id, operator);
        let kinds = [("in", "generate"), ("a", "filter"), ("b", "filter"), ("out", "discard")];
        let pipeline = Pipeline {
            nodes: kinds.into_iter().map(node).collect(),
            edges: edges.iter().map(|(from, to)| Edge::new(*from, *to)).collect(),
            ..Pipeline::new("p")
        };
        let checker = Arc::new(|pipeline: &Pipeline, _: &[(String, String)]| check(pipeline, &CheckOptions::new(&[])));
        Drawing::new(pipeline, None, operators::ALL, checker)
    }

    fn edges(drawing: &Drawing) -> Vec<String> {
        drawing.pipeline.edges.iter().map(Edge::id).collect()
    }

    #[test]
    fn what_fits_is_tried_by_few_checks() {
        let checks = Arc::new(AtomicUsize::new(0));
        let count = checks.clone();
        let checker = Arc::new(move |pipeline: &Pipeline, _: &[(String, String)]| {
            count.fetch_add(1, Ordering::Relaxed);
            check(pipeline, &CheckOptions::new(&[]))
        });
        let chain = 400;
        let name = |number: usize| format!("n{number}");
        let edge = |number: usize| Edge::new(&*format!("n{number}.out"), &*format!("n{}.in", number + 1));
        let pipeline = Pipeline {
            nodes: (0..chain).map(|number| Node::new(name(number), "merge")).collect(),
            edges: (0..chain / 2).map(edge).collect(),
            ..Pipeline::new("large")
        };
        let drawing = Drawing::new(pipeline, None, operators::ALL, checker);
        let before = checks.load(Ordering::Relaxed);
        let from = PortRef::new("n100", "out");
        let targets = targets(&drawing, &from, "");
        assert!(checks.load(Ordering::Relaxed) - before <= 2, "two checks of 400 nodes are a moment");
        assert_eq!(targets.len(), chain);
        let why = |node: &str| targets.iter().find(|target| target.port.node == node).unwrap().why.clone();
        assert_eq!(why("n100").as_deref(), Some("its own node"));
        assert_eq!(why("n7").as_deref(), Some("leads to n100: a cycle"));
        assert_eq!(why("n300"), None);
    }

    #[test]
    fn wires_heal_past_all_that_goes() {
        let mut drawing = drawing(&[("in.out", "a.in"), ("a.out", "b.in"), ("b.out", "out.in")]);
        let before = drawing.pipeline.clone();
        let edit = removed(&drawing, &["a", "b"], true);
        drawing.apply(&edit).unwrap();
        assert_eq!(edges(&drawing), ["in.out->out.in"]);
        drawing.undo();
        assert_eq!(drawing.pipeline, before);
        let edit = removed(&drawing, &["a"], false);
        drawing.apply(&edit).unwrap();
        assert_eq!(edges(&drawing), ["b.out->out.in"]);
    }

    #[test]
    fn a_node_is_added_on_a_wire() {
        let mut drawing = drawing(&[("in.out", "out.in")]);
        let filter = operators::find("filter").unwrap();
        let edit = added(&drawing.pipeline, filter, &AddTo::Wire("in.out->out.in".into()), "c", None);
        drawing.apply(&edit).unwrap();
        assert_eq!(edges(&drawing), ["in.out->c.in", "c.out->out.in"]);
        let edit = added(&drawing.pipeline, filter, &AddTo::After(PortRef::from("c.out")), "d", None);
        drawing.apply(&edit).unwrap();
        assert_eq!(edges(&drawing).last().map(String::as_str), Some("c.out->d.in"));
    }

    #[test]
    fn what_fits_is_said_and_why_not() {
        let drawing = drawing(&[("in.out", "a.in"), ("a.out", "b.in")]);
        let why = |from: &str, to: &str| unfit(&drawing, &PortRef::from(from), &PortRef::from(to));
        assert_eq!(why("a.out", "out.in"), None);
        assert_eq!(why("a.out", "a.in").as_deref(), Some("its own node"));
        assert_eq!(why("in.out", "a.in").as_deref(), Some("connected already"));
        assert!(
            why("b.out", "a.in").is_some_and(|why| why.contains("cycle") || why.contains("circle")),
            "{:?}",
            why("b.out", "a.in")
        );
        assert_eq!(free_output(&drawing, "in"), Some(PortRef::from("in.out")));
        let of_a = (free_output(&drawing, "a"), main_output(&drawing, "a"));
        assert_eq!(of_a, (Some(PortRef::from("a.errors")), Some(PortRef::from("a.out"))));
        let fitting: Vec<String> = targets(&drawing, &PortRef::from("b.out"), "")
            .into_iter()
            .filter(|target| target.why.is_none())
            .map(|target| target.port.to_string())
            .collect();
        assert_eq!(fitting, ["out.in"]);
    }
}
