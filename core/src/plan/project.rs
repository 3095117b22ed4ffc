//! Which columns each edge really carries. What is wanted is asked from the sinks upward; what comes is then followed
//! from the sources down. Both depend on the graph alone.

use super::{PlanEdge, PlanNode};
use crate::codec::ValueFormat;
use crate::operators::{Report, Role, ValueRole, Wanted, errors_stream};
use crate::types::{Carries, Stream};

pub(super) struct Projection {
    pub(super) inputs: Vec<Vec<Stream>>,
    pub(super) outputs: Vec<Vec<Stream>>,
    pub(super) payloads: Vec<Vec<bool>>,
    pub(super) intact: Vec<Option<ValueFormat>>,
}

impl Projection {
    /// The format in which payloads leave by a port as they were read.
    pub(super) fn leaving(&self, nodes: &[PlanNode], node: usize, port: usize) -> Option<ValueFormat> {
        if port >= nodes[node].ports.outputs.len() {
            return None;
        }
        match (nodes[node].role, nodes[node].value) {
            (Role::Source, _) => nodes[node].reads,
            (_, ValueRole::Kept) => self.intact[node],
            (_, ValueRole::Made) => None,
        }
    }
}

pub(super) fn project(
    nodes: &[PlanNode],
    edges: &[PlanEdge],
    order: &[usize],
    observed: &[(usize, usize)],
) -> Projection {
    let whole = follow(nodes, edges, order, None);
    let intact = intact_formats(nodes, edges, order);
    let arrives: Vec<Option<ValueFormat>> =
        (0..nodes.len()).map(|node| arriving(nodes, edges, &intact, node)).collect();
    // A sink that does not pass this format on encodes columns: no bytes come to it untouched.
    let passes = |node: usize| nodes[node].role != Role::Sink || nodes[node].passes == arrives[node];
    let arrives: Vec<Option<ValueFormat>> =
        (0..nodes.len()).map(|node| arrives[node].filter(|_| passes(node))).collect();
    let mut wanted: Vec<Vec<Wanted>> =
        nodes.iter().map(|node| vec![Wanted::default(); node.ports.output_count()]).collect();
    for &(node, port) in observed {
        let is_intact = intact[node].is_some() && port < nodes[node].ports.outputs.len();
        wanted[node][port] = if is_intact { bytes_only() } else { Wanted::all() };
    }
    for &node in order.iter().rev() {
        let PlanNode { shape, ports, .. } = &nodes[node];
        for port in 0..ports.inputs.len() {
            let mut needs = if nodes[node].passes.is_some() && nodes[node].passes == arrives[node] {
                Wanted { all: false, payload: true, ..shape.needs(port, &whole.inputs[node], &wanted[node]) }
            } else {
                shape.needs(port, &whole.inputs[node], &wanted[node])
            };
            needs.payload |= ports.may_fail && keeps_failed(nodes, edges, node);
            for edge in edges.iter().filter(|edge| edge.to == (node, port)) {
                let (from, exit) = edge.from;
                let needs = of_what_comes(needs.clone(), &whole.outputs[from][exit], &whole.inputs[node][port]);
                wanted[from][exit] = Wanted::union(&[wanted[from][exit].clone(), needs]);
            }
        }
    }
    for (node, all) in wanted.iter_mut().enumerate().filter(|(node, _)| nodes[*node].role == Role::Source) {
        for (port, wanted) in all.iter_mut().enumerate().take(nodes[node].ports.outputs.len()) {
            *wanted = nodes[node].shape.needs(port, &[], std::slice::from_ref(wanted));
        }
        if keeps_failed(nodes, edges, node) {
            all.iter_mut().for_each(|wanted| wanted.payload = true);
        }
    }
    let Followed { inputs, outputs } = follow(nodes, edges, order, Some(&wanted));
    let payloads = wanted.iter().map(|ports| ports.iter().map(|wanted| wanted.payload).collect()).collect();
    Projection { inputs, outputs, payloads, intact: arrives }
}

/// Whoever wants all columns of a port gets all that come in there: those that all its edges have. What an edge has
/// beyond them goes no further, and is not wanted.
fn of_what_comes(needs: Wanted, given: &Stream, taken: &Stream) -> Wanted {
    if !needs.all || given.schema.columns.len() == taken.schema.columns.len() {
        return needs;
    }
    let names = taken.schema.columns.iter().map(|column| column.name.clone());
    Wanted { all: false, columns: needs.columns.into_iter().chain(names).collect(), payload: needs.payload }
}

fn bytes_only() -> Wanted {
    Wanted { payload: true, ..Wanted::default() }
}

/// Failed records are seen by somebody: at a connected port, or counted and kept for inspection.
fn keeps_failed(nodes: &[PlanNode], edges: &[PlanEdge], node: usize) -> bool {
    let errors = nodes[node].ports.outputs.len();
    nodes[node].counts_errors || (nodes[node].ports.may_fail && edges.iter().any(|edge| edge.from == (node, errors)))
}

struct Followed {
    inputs: Vec<Vec<Stream>>,
    outputs: Vec<Vec<Stream>>,
}

/// Streams from the sources down, with all columns or with those that are wanted.
fn follow(nodes: &[PlanNode], edges: &[PlanEdge], order: &[usize], wanted: Option<&[Vec<Wanted>]>) -> Followed {
    let mut inputs: Vec<Vec<Stream>> = vec![Vec::new(); nodes.len()];
    let mut outputs: Vec<Vec<Stream>> = vec![Vec::new(); nodes.len()];
    for &node in order {
        let PlanNode { id, shape, ports, .. } = &nodes[node];
        let coming: Vec<Option<Stream>> = (0..ports.inputs.len())
            .map(|port| {
                let mut streams = edges
                    .iter()
                    .filter(|edge| edge.to == (node, port))
                    .map(|edge| outputs[edge.from.0][edge.from.1].clone());
                let first = streams.next()?;
                Some(streams.fold(first, common))
            })
            .collect();
        let mut going: Vec<Stream> = shape
            .output(&coming, &mut Report::new(id.as_str()))
            .into_iter()
            .map(|stream| stream.unwrap_or_else(empty))
            .collect();
        going.resize_with(ports.outputs.len(), empty);
        // What nobody wants is not decoded, not computed, and so cannot fail.
        if let Some(wanted) = wanted {
            for (stream, wanted) in going.iter_mut().zip(&wanted[node]) {
                *stream = stream.with_schema(stream.schema.project(|column| wanted.has(column)).into());
            }
        }
        if ports.may_fail {
            let key = coming.iter().flatten().chain(&going).map(|stream| stream.key).next().unwrap_or_default();
            going.push(errors_stream(key));
        }
        inputs[node] = coming.into_iter().map(|stream| stream.unwrap_or_else(empty)).collect();
        outputs[node] = going;
    }
    Followed { inputs, outputs }
}

/// What several edges into one port have in common: the columns of both, null where either may be null.
pub(crate) fn common(a: Stream, b: Stream) -> Stream {
    let mut schema = a.schema.project(|column| b.schema.find(column).is_some());
    for column in &mut schema.columns {
        column.required &= b.schema.find(&column.name).is_some_and(|(_, other)| other.required);
    }
    Stream {
        schema: schema.into(),
        carries: if b.carries == Carries::Changes { a.carries } else { b.carries },
        windowed: a.windowed && b.windowed,
        ..a
    }
}

fn empty() -> Stream {
    Stream::records(Default::default(), Default::default())
}

/// Per node, the format in which payloads leave it as they were read.
fn intact_formats(nodes: &[PlanNode], edges: &[PlanEdge], order: &[usize]) -> Vec<Option<ValueFormat>> {
    let mut intact: Vec<Option<ValueFormat>> = vec![None; nodes.len()];
    for &node in order {
        intact[node] = match (nodes[node].role, nodes[node].value) {
            (Role::Source, _) => nodes[node].reads,
            (_, ValueRole::Kept) => arriving(nodes, edges, &intact, node),
            (_, ValueRole::Made) => None,
        };
    }
    intact
}

/// The format in which payloads come to a node as they were read: one for all its edges, or none. What leaves by an
/// `errors` port was made here.
fn arriving(
    nodes: &[PlanNode],
    edges: &[PlanEdge],
    intact: &[Option<ValueFormat>],
    node: usize,
) -> Option<ValueFormat> {
    let mut formats = edges.iter().filter(|edge| edge.to.0 == node).map(|edge| {
        let (from, port) = edge.from;
        intact[from].as_ref().filter(|_| port < nodes[from].ports.outputs.len())
    });
    let first = formats.next()??;
    formats.all(|format| format == Some(first)).then_some(*first)
}
