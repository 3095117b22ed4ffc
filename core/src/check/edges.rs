//! Edges one by one: their ends, and how they travel.

use super::{Check, CheckedEdge, CheckedNode, RunSettings, Travel};
use crate::fields::topic_name_fault;
use crate::operators::Ports;
use crate::pipeline::{Direct, Edge, PortRef, ThroughTopic, Via, is_port_name};
use crate::problem::{Fix, Place, Problem, Remedy, did_you_mean, meant_or};

impl Check<'_> {
    /// The edges without their streams.
    pub(super) fn edges(&mut self, nodes: &[CheckedNode], settings: &RunSettings) -> Vec<CheckedEdge> {
        let pipeline = self.pipeline;
        let mut edges: Vec<CheckedEdge> = Vec::with_capacity(pipeline.edges.len());
        for drawn in &pipeline.edges {
            let from = self.end(nodes, drawn, End::From);
            let to = self.end(nodes, drawn, End::To);
            let travel = self.travel(drawn, settings);
            let is_active = from.is_some() && to.is_some();
            edges.push(CheckedEdge { from, to, stream: None, travel, is_active });
        }
        self.shared_topics(&edges);
        edges
    }

    /// Place of the node and number of the port at one end.
    fn end(&mut self, nodes: &[CheckedNode], drawn: &Edge, end: End) -> Option<(usize, usize)> {
        let (field, PortRef { node, port }) = match end {
            End::From => ("from", &drawn.from),
            End::To => ("to", &drawn.to),
        };
        let place = Place::edge(drawn.id()).at_field(field);
        let Some(&number) = self.places.get(node.as_str()) else {
            // An end that names nothing was told of already.
            if node.is_empty() || !self.is_missing(node) {
                return None;
            }
            let known = self.pipeline.nodes.iter().map(|node| node.id.as_str());
            let remedy = meant_or(node, known, "take the edge away, or connect it to a node that is there");
            self.problems.push(Problem::error(place, format!("there is no node `{node}`")).remedy(remedy));
            return None;
        };
        let ports = nodes[number].ports.as_ref()?;
        let found = match end {
            End::From => ports.output(port),
            End::To => ports.input(port),
        };
        // A name that cannot be one was told of already.
        if found.is_none() && is_port_name(port) && !nodes[number].broken.has_other_ports {
            self.problems.push(unknown_port(place, node, port, ports, end));
        }
        Some((number, found?))
    }

    fn travel(&mut self, drawn: &Edge, settings: &RunSettings) -> Travel {
        let place = |name: &str| Place::edge(drawn.id()).at_field(format!("via.{name}"));
        match drawn.via.clone().unwrap_or_default() {
            Via::Direct(Direct { buffer, bytes }) => {
                let (values, problems) = (&self.values, &mut self.problems);
                let records = values.settle(buffer.as_ref(), &place("direct.buffer"), problems);
                let bytes = values.settle(bytes.as_ref(), &place("direct.bytes"), problems);
                if records == Some(0) {
                    let problem = Problem::error(place("direct.buffer"), "a buffer holds at least one record");
                    problems.push(problem.remedy("write 1 or more"));
                }
                Travel::Direct { records, bytes: bytes.map(|bytes| bytes.to_bytes()) }
            }
            Via::Topic(topic) => self.through(drawn, topic, settings),
        }
    }

    fn through(&mut self, drawn: &Edge, topic: ThroughTopic, settings: &RunSettings) -> Travel {
        let place = |name: &str| Place::edge(drawn.id()).at_field(format!("via.topic.{name}"));
        let ThroughTopic { name, partitions, retention, cluster } = topic;
        let is_own = name.is_none();
        let topic = match name {
            Some(name) => self.values.fill(&name, &place("name"), &mut self.problems),
            None => format!("{}.{}.{}", settings.application_id, drawn.from, drawn.to),
        };
        if !is_own && let Some(fault) = topic_name_fault(&topic) {
            let remedy = "rename the topic, or leave the name away for one of our own";
            self.problems.push(Problem::error(place("name"), fault).remedy(remedy));
        }
        for (field, is_given) in [("partitions", partitions.is_some()), ("retention", retention.is_some())] {
            if is_given && !is_own {
                let message = format!("`{topic}` is left as it is: its {field} is not changed");
                let remedy = format!("take {field} away, or the name, for a topic of our own");
                self.problems.push(Problem::error(place(field), message).remedy(remedy));
            }
        }
        let (values, problems) = (&self.values, &mut self.problems);
        let partitions = values.settle(partitions.as_ref(), &place("partitions"), problems);
        if partitions == Some(0) {
            let problem = Problem::error(place("partitions"), "a topic has at least one partition");
            problems.push(problem.remedy("write 1 or more"));
        }
        let retention_ms = values.settle(retention.as_ref(), &place("retention"), problems).map(|time| time.to_ms());
        let cluster = match cluster {
            Some(name) => values.fill(&name, &place("cluster"), problems),
            None => "default".into(),
        };
        self.cluster_name(&cluster, place("cluster"));
        Travel::Topic { cluster, topic, is_own, partitions, retention_ms }
    }

    /// Two edges through one topic would mix their records.
    fn shared_topics(&mut self, edges: &[CheckedEdge]) {
        let topic_of = |edge: &CheckedEdge| match &edge.travel {
            Travel::Topic { cluster, topic, .. } => Some((cluster.clone(), topic.clone())),
            Travel::Direct { .. } => None,
        };
        for (number, edge) in edges.iter().enumerate() {
            let Some(topic) = topic_of(edge) else { continue };
            let Some(other) = edges[..number].iter().position(|other| topic_of(other).as_ref() == Some(&topic)) else {
                continue;
            };
            let (drawn, other) = (&self.pipeline.edges[number], self.pipeline.edges[other].id());
            // The same edge twice was told of already.
            if drawn.id() != other {
                let place = Place::edge(drawn.id()).at_field("via.topic.name");
                let problem = Problem::error(place, format!("`{}` is the topic of {other} too", topic.1));
                self.problems.push(problem.remedy("give each edge a topic of its own"));
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum End {
    From,
    To,
}

fn unknown_port(place: Place, node: &str, port: &str, ports: &Ports, end: End) -> Problem {
    let (what, other, names): (_, _, Vec<&str>) = match end {
        End::From => ("output", ports.input(port).is_some(), ports.output_names().collect()),
        End::To => {
            ("input", ports.output(port).is_some(), ports.inputs.iter().map(|input| input.name.as_str()).collect())
        }
    };
    let remedy = match did_you_mean(port, names.iter().copied()) {
        Some(nearest) => {
            let port = format!("{node}.{nearest}");
            Remedy::meant(&port, Fix::Write(port.clone()))
        }
        None if names.is_empty() => format!("`{node}` has no {what} ports").into(),
        None => format!("its {what} ports: {}", names.join(", ")).into(),
    };
    let message = match (end, other) {
        (End::From, true) => format!("`{port}` is an input of `{node}`: an edge leaves by an output"),
        (End::To, true) => format!("`{port}` is an output of `{node}`: an edge enters by an input"),
        (_, false) => format!("`{node}` has no {what} port `{port}`"),
    };
    Problem::error(place, message).remedy(remedy)
}
