//! The rows of a file's tests, field by field: what the driver could not read, and what can never come.

use serde_json::{Map, Value};

use super::{Check, CheckedNode};
use crate::codec::{ValueFormat, parse_header, parse_row_key, parse_row_value};
use crate::operators::ValueRole;
use crate::problem::{Place, Remedy, meant_or};
use crate::types::{Schema, Stream};

impl Check<'_> {
    /// A record for a source.
    pub(super) fn record(&mut self, row: &Map<String, Value>, node: Option<&CheckedNode>, path: &str) {
        self.record_fields(row, path);
        let at = |name: &str| Place::field(format!("{path}.{name}"));
        if let Some(partition) = row.get("partition").and_then(Value::as_i64).filter(|partition| *partition < 0) {
            self.error(at("partition"), format!("there is no partition {partition}"), "they are counted from 0");
        }
        let Some(stream) = node.and_then(|node| node.outputs.first()?.as_ref()).filter(|stream| !stream.gaps.key)
        else {
            return;
        };
        if let Some(why) = row.get("key").and_then(|key| parse_row_key(key, stream.key).err()) {
            self.error(at("key"), why, "write it as the source's key_format has it");
        }
        let format = node.and_then(|node| node.shape.as_ref()?.format().copied()).unwrap_or_default();
        let wrong = |value: &Value| parse_row_value(value, &format, &stream.schema).err();
        if let Some(why) = row.get("value").and_then(wrong).filter(|_| !stream.gaps.columns) {
            self.error(at("value"), why, "write it as the source's format has it");
        }
    }

    /// A row that is expected at a port.
    pub(super) fn expected(&mut self, row: &Map<String, Value>, comes: Option<&Comes<'_>>, path: &str) {
        self.record_fields(row, path);
        let Some(Comes { stream, is_made: true }) = comes else { return };
        for field in ["value", "old"] {
            let Some(Value::Object(value)) = row.get(field).filter(|_| !stream.gaps.columns) else { continue };
            for name in value.keys().filter(|name| stream.schema.find(name).is_none()) {
                let place = Place::field(format!("{path}.{field}.{name}"));
                self.error(place, format!("no column `{name}` comes here"), columns_remedy(name, &stream.schema));
            }
        }
    }

    /// What rows that go in and rows that come out have alike.
    fn record_fields(&mut self, row: &Map<String, Value>, path: &str) {
        let at = |name: &str| Place::field(format!("{path}.{name}"));
        for whole in ["ts", "partition"] {
            self.whole_number(row, whole, path);
        }
        match row.get("headers") {
            None => {}
            Some(Value::Array(headers)) => {
                for (number, header) in headers.iter().enumerate() {
                    let why = match header.as_array().map(Vec::as_slice) {
                        Some([Value::String(_), value]) => parse_header(value).err(),
                        _ => Some("a header is a list of name and value".into()),
                    };
                    if let Some(why) = why {
                        self.error(at(&format!("headers[{number}]")), why, "such as [\"trace\", \"a1\"]");
                    }
                }
            }
            Some(_) => self.error(at("headers"), "headers are a list", "such as [[\"trace\", \"a1\"]]"),
        }
        match row.get("window") {
            None | Some(Value::Null) => {}
            Some(Value::Object(window)) => {
                let path = format!("{path}.window");
                self.fields(window, &["start", "end"], &path);
                for bound in ["start", "end"] {
                    match window.contains_key(bound) {
                        true => self.whole_number(window, bound, &path),
                        false => {
                            let place = Place::field(path.as_str());
                            self.error(place, format!("`{bound}` is missing"), "give both bounds, in milliseconds");
                        }
                    }
                }
            }
            Some(_) => self.error(at("window"), "a window has bounds", "such as {\"start\": 0, \"end\": 60000}"),
        }
    }

    pub(super) fn whole_number(&mut self, row: &Map<String, Value>, name: &str, path: &str) {
        if let Some(value) = row.get(name).filter(|value| !value.is_i64() && !value.is_u64()) {
            let place = Place::field(format!("{path}.{name}"));
            self.error(place, format!("expected a whole number, found {value}"), "such as 1000");
        }
    }

    /// What comes at a port of a node, as far as that is known.
    pub(super) fn comes<'n>(&self, nodes: &'n [CheckedNode], place: usize, port: &str) -> Option<Comes<'n>> {
        let node = &nodes[place];
        let ports = node.ports.as_ref()?;
        if let Some(number) = ports.output(port) {
            let is_made = number == ports.outputs.len() || self.is_made(nodes, place, &mut Vec::new());
            return Some(Comes { stream: node.outputs.get(number)?.as_ref()?, is_made });
        }
        // What a sink for topics or files shows is what it writes.
        let is_written = node.shape.as_ref()?.format().is_some_and(|format| !matches!(format, ValueFormat::Json(_)));
        let is_made = !is_written && self.is_fed_made(nodes, place, &mut vec![place]);
        Some(Comes { stream: node.inputs.get(ports.input(port)?)?.as_ref()?, is_made })
    }

    /// Whether values that leave a node have the columns of its stream and no others: those that go on as they were read
    /// keep fields that nobody declared.
    fn is_made(&self, nodes: &[CheckedNode], place: usize, seen: &mut Vec<usize>) -> bool {
        if seen.contains(&place) {
            return false;
        }
        seen.push(place);
        let made = nodes[place].operator.is_some_and(|operator| operator.value == ValueRole::Made);
        made || self.is_fed_made(nodes, place, seen)
    }

    fn is_fed_made(&self, nodes: &[CheckedNode], place: usize, seen: &mut Vec<usize>) -> bool {
        let id = &self.pipeline.nodes[place].id;
        let mut comings = self.pipeline.edges.iter().filter(|edge| edge.to.node == *id).peekable();
        comings.peek().is_some()
            && comings.all(|edge| {
                let from = self.places.get(edge.from.node.as_str());
                from.is_some_and(|&from| edge.from.port == "errors" || self.is_made(nodes, from, seen))
            })
    }
}

/// What comes at a port.
pub(super) struct Comes<'n> {
    stream: &'n Stream,
    /// values have these columns and no others
    is_made: bool,
}

fn columns_remedy(name: &str, schema: &Schema) -> Remedy {
    let names = || schema.columns.iter().map(|column| column.name.as_str());
    meant_or(name, names(), format!("columns here: {}", names().collect::<Vec<_>>().join(", ")))
}
