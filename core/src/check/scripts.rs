//! The tests of a file: rows that the driver can read, at nodes and ports that there are.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::rows::Comes;
use super::{Check, CheckedNode};
use crate::fields::DurationText;
use crate::operators::Role;
use crate::pipeline::PortRef;
use crate::problem::{Place, Problem, Remedy, meant_or};

/// The fields of each kind of row, the first of which tells the kind.
const ROWS: [&[&str]; 5] = [
    &["node", "ts", "key", "window", "value", "headers", "partition"],
    &["advance"],
    &["end"],
    &["hold"],
    &["release", "records"],
];

/// The fields of a row that is expected.
const EXPECTED: [&str; 8] = ["ts", "key", "value", "headers", "window", "old", "node", "port"];

impl Check<'_> {
    pub(super) fn scripts(&mut self, nodes: &[CheckedNode]) {
        let pipeline = self.pipeline;
        let mut names = HashSet::new();
        for (number, test) in pipeline.tests.iter().enumerate() {
            let path = format!("tests[{number}]");
            if !names.insert(&test.name) {
                let message = format!("there are two tests `{}`", test.name);
                let place = Place::field(format!("{path}.name"));
                self.problems.push(Problem::warning(place, message).remedy("rename one of them"));
            }
            for (row, value) in test.script.iter().enumerate() {
                self.script_row(value, nodes, &format!("{path}.script[{row}]"));
            }
            for (port, rows) in test.expect.iter() {
                let path = format!("{path}.expect.{port}");
                let comes = self.port_name(&PortRef::from(port), nodes, &path);
                for (row, value) in rows.iter().enumerate() {
                    let path = format!("{path}[{row}]");
                    match value {
                        Value::Object(map) => {
                            self.fields(map, &EXPECTED, &path);
                            self.expected(map, comes.as_ref(), &path);
                        }
                        _ => {
                            let remedy = "such as {\"key\": \"a\", \"value\": {}}";
                            self.error(Place::field(path), "a row is an object", remedy);
                        }
                    }
                }
            }
        }
    }

    fn script_row(&mut self, row: &Value, nodes: &[CheckedNode], path: &str) {
        let kind = row
            .as_object()
            .and_then(|map| ROWS.iter().find(|fields| map.contains_key(fields[0])).map(|kind| (map, kind)));
        let Some((map, fields)) = kind else {
            let message = "expected a row with `node`, `advance`, `end`, `hold` or `release`";
            self.error(
                Place::field(path),
                message,
                "such as {\"node\": \"orders\", \"ts\": 0, \"key\": \"a\", \"value\": {}}",
            );
            return;
        };
        self.fields(map, fields, path);
        let place = Place::field(format!("{path}.{}", fields[0]));
        match (fields[0], map[fields[0]].as_str()) {
            ("advance", Some(text)) => {
                if let Err(error) = text.parse::<DurationText>() {
                    self.error(place, error.to_string(), "such as \"10s\"");
                }
            }
            ("advance", None) => self.error(place, "expected a duration", "such as \"10s\""),
            ("node" | "end", Some(id)) => self.source_name(id, nodes, place),
            (_, Some(id)) => self.node_name(id, place),
            (_, None) => self.error(place, "expected the id of a node", "write it in quotes"),
        }
        self.whole_number(map, "records", path);
        if fields[0] == "node" {
            let node = map["node"].as_str().and_then(|id| self.places.get(id));
            self.record(map, node.map(|&place| &nodes[place]), path);
        }
    }

    pub(super) fn fields(&mut self, map: &Map<String, Value>, known: &[&str], path: &str) {
        for name in map.keys().filter(|name| !known.contains(&name.as_str())) {
            let remedy = meant_or(name, known.iter().copied(), format!("fields here: {}", known.join(", ")));
            self.error(Place::field(format!("{path}.{name}")), format!("unknown field `{name}`"), remedy);
        }
    }

    fn source_name(&mut self, id: &str, nodes: &[CheckedNode], place: Place) {
        let operator = self.places.get(id).and_then(|&node| nodes[node].operator);
        match operator.filter(|operator| operator.role != Role::Source) {
            Some(operator) => {
                let message = format!("`{id}` is no source but a {}: rows come in at sources", operator.name);
                self.error(place, message, "name a source");
            }
            None => self.node_name(id, place),
        }
    }

    fn node_name(&mut self, id: &str, place: Place) {
        if !self.is_missing(id) {
            return;
        }
        let known = self.pipeline.nodes.iter().map(|node| node.id.as_str());
        let remedy = meant_or(id, known, "name a node that is there, or take it away");
        self.error(place, format!("there is no node `{id}`"), remedy);
    }

    pub(super) fn error(&mut self, place: Place, message: impl Into<String>, remedy: impl Into<Remedy>) {
        self.problems.push(Problem::error(place, message).remedy(remedy));
    }

    /// Checks the name of a port, and says what comes there.
    fn port_name<'n>(&mut self, end: &PortRef, nodes: &'n [CheckedNode], path: &str) -> Option<Comes<'n>> {
        let place = Place::field(path);
        let Some(&node) = self.places.get(end.node.as_str()) else {
            self.node_name(&end.node, place);
            return None;
        };
        let ports = nodes[node].ports.as_ref().filter(|_| !nodes[node].broken.has_other_ports)?;
        if ports.input(&end.port).is_none() && ports.output(&end.port).is_none() {
            let inputs = ports.inputs.iter().map(|input| input.name.as_str());
            let names: Vec<&str> = inputs.chain(ports.output_names()).collect();
            let message = match end.port.as_str() {
                "" => format!("`{end}` names no port: write `node.port`"),
                port => format!("`{}` has no port `{port}`", end.node),
            };
            self.error(place, message, format!("its ports: {}", names.join(", ")));
        }
        self.comes(nodes, node, &end.port)
    }
}
