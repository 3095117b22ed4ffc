//! What flows: streams from the sources down, each port's edges joined, each node asked for what it makes of them.

use std::sync::Arc;

use super::mend::Broken;
use super::{Check, CheckedEdge, CheckedNode};
use crate::operators::{InputPort, Report, errors_stream};
use crate::problem::{Place, Problem};
use crate::types::{Carries, Column, Gaps, KeyFormat, Schema, Stream};

impl Check<'_> {
    /// Fills in the streams of ports and edges, and adds what the nodes report.
    pub(super) fn streams(&self, nodes: &mut [CheckedNode], edges: &mut [CheckedEdge], found: &mut [Vec<Problem>]) {
        for place in self.pipeline.order() {
            let problems = &mut found[place];
            let inputs = self.inputs(place, nodes, edges, problems);
            let node = &mut nodes[place];
            let ports = node.ports.iter().flat_map(|ports| &ports.inputs);
            let filled: Vec<_> = inputs.iter().zip(ports).map(|(known, port)| or_unknown(known, port)).collect();
            node.outputs = self.outputs(place, node, &filled, problems);
            node.inputs = inputs;
            for edge in edges.iter_mut() {
                if let Some((from, port)) = edge.from
                    && from == place
                {
                    edge.stream = nodes[place].outputs.get(port).cloned().flatten();
                }
            }
        }
    }

    fn inputs(
        &self,
        place: usize,
        nodes: &[CheckedNode],
        edges: &[CheckedEdge],
        problems: &mut Vec<Problem>,
    ) -> Vec<Option<Stream>> {
        let node = &nodes[place];
        let Some(ports) = &node.ports else { return Vec::new() };
        let id = &self.pipeline.nodes[place].id;
        let mut inputs = Vec::with_capacity(ports.inputs.len());
        for (port, input) in ports.inputs.iter().enumerate() {
            let at = Place::node(id).at_port(&input.name);
            // A node that rests is shown what it would get.
            let comes = |edge: &&CheckedEdge| edge.to == Some((place, port)) && (edge.is_active || !node.is_active);
            let comings: Vec<(String, &Stream)> = edges
                .iter()
                .zip(&self.pipeline.edges)
                .filter(|(edge, _)| comes(edge))
                .filter_map(|(edge, drawn)| Some((drawn.from.to_string(), edge.stream.as_ref()?)))
                .collect();
            let stream = join(&comings, &at, problems);
            let fits =
                |stream: &Stream| input.carries.is_none_or(|carries| carries == stream.carries) || is_unknown(stream);
            if let Some(stream) = stream.as_ref().filter(|stream| !fits(stream)) {
                problems.push(misfit(stream, at, comings.first().map_or("", |(from, _)| from)));
            }
            inputs.push(stream.filter(fits));
        }
        inputs
    }

    fn outputs(
        &self,
        place: usize,
        node: &CheckedNode,
        inputs: &[Option<Stream>],
        problems: &mut Vec<Problem>,
    ) -> Vec<Option<Stream>> {
        let (Some(shape), Some(ports)) = (&node.shape, &node.ports) else { return Vec::new() };
        let id = &self.pipeline.nodes[place].id;
        let Broken { fields, gaps, .. } = &node.broken;
        let mut report = Report::new(id).told(fields, *gaps);
        let mut outputs = shape.output(inputs, &mut report);
        outputs.iter_mut().flatten().for_each(|stream| *stream = stream.clone().with_gaps(*gaps));
        problems.extend(report.finish());
        outputs.resize(ports.outputs.len(), None);
        // A port for changes only takes them for what they are.
        let open = inputs.iter().zip(&ports.inputs).filter(|(_, port)| port.carries.is_none()).map(|(input, _)| input);
        let gives = |what| outputs.iter().flatten().any(|stream| stream.carries == what);
        let takes_changes = open.flatten().any(|stream| stream.carries == Carries::Changes);
        if takes_changes && gives(Carries::Records) && !gives(Carries::Changes) {
            let problem = Problem::note(Place::node(id), "changes become records here: each change goes on for itself");
            problems.push(problem.remedy("nothing to do, where each change is meant to count"));
        }
        if ports.may_fail {
            // Failed records keep the key that they came with.
            let known = inputs.iter().chain(&outputs).flatten().next();
            outputs.push(known.map(|stream| {
                let gaps = Gaps { columns: false, ..stream.gaps };
                errors_stream(stream.key).with_gaps(gaps)
            }));
        }
        outputs
    }
}

/// What comes in at a port; where that is not known, a stream of which nothing is, so that what is wrong whatever comes is
/// told all the same.
fn or_unknown(known: &Option<Stream>, port: &InputPort) -> Option<Stream> {
    known.clone().or_else(|| {
        let gaps = Gaps { columns: true, key: true };
        let stream = Stream::records(Arc::new(Schema::new(Vec::new())), KeyFormat::default()).with_gaps(gaps);
        port.is_required.then(|| Stream { carries: port.carries.unwrap_or(stream.carries), ..stream })
    })
}

fn is_unknown(stream: &Stream) -> bool {
    stream.gaps.columns && stream.gaps.key && stream.schema.columns.is_empty()
}

fn misfit(stream: &Stream, at: Place, from: &str) -> Problem {
    match stream.carries {
        Carries::Records => Problem::error(at, format!("changes are wanted here, and `{from}` gives records"))
            .remedy("put a node before it that keeps the last value of each key"),
        Carries::Changes => Problem::error(at, format!("records are wanted here, and `{from}` gives changes"))
            .remedy("connect what comes before the changes are made"),
    }
}

/// What several edges into one port have in common: the columns that all of them have.
fn join(comings: &[(String, &Stream)], at: &Place, problems: &mut Vec<Problem>) -> Option<Stream> {
    let ((first_from, first), others) = comings.split_first()?;
    let (mut columns, mut gaps) = (first.schema.columns.clone(), first.gaps);
    for (from, stream) in others {
        let differ = |what: &str, one: &dyn std::fmt::Display, other: &dyn std::fmt::Display| {
            Problem::error(at.clone(), format!("{what} differ: `{first_from}` gives {one}, `{from}` gives {other}"))
        };
        let is_known = !stream.gaps.key && !gaps.key;
        if stream.key != first.key && is_known {
            let word = |stream: &Stream| format!("{:?}", stream.key).to_lowercase();
            problems.push(differ("keys", &word(first), &word(stream)).remedy("put a `key-by` before one of them"));
        }
        if stream.carries != first.carries || (stream.windowed != first.windowed && is_known) {
            let remedy = "give each a node of its own, or make the same of both before they meet";
            problems.push(differ("streams", &nature(first), &nature(stream)).remedy(remedy));
            return None;
        }
        meet(&mut columns, gaps, stream, |column, other| {
            problems.push(
                differ(&format!("types of `{}`", column.name), &column.data, &other.data)
                    .remedy("put a `map` before one of them that casts it"),
            );
        });
        if let Some((name, has, lacks)) = lost((first_from, first), (from, stream)) {
            let message = format!("`{name}` goes no further: `{has}` gives it, `{lacks}` does not");
            problems.push(Problem::warning(at.clone(), message).remedy("put a `map` before one of them"));
        }
        gaps = Gaps { columns: gaps.columns && stream.gaps.columns, key: gaps.key || stream.gaps.key };
    }
    Some(Stream { gaps, ..first.with_schema(Arc::new(Schema::new(columns))) })
}

/// The first column that one of two streams has and the other has not, who has it and who lacks it.
fn lost<'a>(one: (&'a String, &'a Stream), other: (&'a String, &'a Stream)) -> Option<(&'a str, &'a str, &'a str)> {
    [(one, other), (other, one)].into_iter().find_map(|((has, stream), (lacks, beside))| {
        let is_lost = |column: &&Column| !beside.gaps.columns && beside.schema.find(&column.name).is_none();
        let column = stream.schema.columns.iter().find(is_lost)?;
        Some((column.name.as_str(), has.as_str(), lacks.as_str()))
    })
}

/// Keeps the columns that the other stream has too; null where either may be null. What is not known of one is taken to be
/// there if the other has it.
fn meet(columns: &mut Vec<Column>, gaps: Gaps, other: &Stream, mut differ: impl FnMut(&Column, &Column)) {
    let more: Vec<Column> = match gaps.columns {
        true => other
            .schema
            .columns
            .iter()
            .filter(|more| columns.iter().all(|known| known.name != more.name))
            .cloned()
            .collect(),
        false => Vec::new(),
    };
    columns.retain_mut(|column| {
        let Some((_, same)) = other.schema.find(&column.name) else { return other.gaps.columns };
        column.required &= same.required;
        if column.data != same.data {
            differ(column, same);
        }
        column.data == same.data
    });
    columns.extend(more);
}

fn nature(stream: &Stream) -> &'static str {
    match (stream.carries, stream.windowed) {
        (Carries::Records, false) => "records",
        (Carries::Changes, false) => "changes",
        (Carries::Records, true) => "records with windowed keys",
        (Carries::Changes, true) => "changes with windowed keys",
    }
}
