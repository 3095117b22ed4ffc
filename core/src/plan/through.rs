//! An edge that goes through a topic becomes two hidden nodes: one that writes it and one that reads it. What crosses is
//! the payload as it was read where nothing has changed it, else every column in the exact form; what expressions know of
//! a record's origin, and the window of its key, travel in a header of ours that nobody else sees.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, BinaryViewArray};
use bytes::{Buf, BufMut, Bytes};

use super::project::Projection;
use super::{PlanEdge, PlanNode, PlanThrough, PlanVia, ThroughTopic};
use crate::batch::{Batch, Headers, Origin, PerRow, Windows};
use crate::codec::{Encoder, ValueFormat, exact_encoder};
use crate::fields::Time;
use crate::operators::{
    Body, Flow, Ingest, InputPort, Outbox, Partitioner, Ports, Reason, Report, Role, Scope, Shape, Site, Start,
    TopicSink, TopicSource, Topics, ValueRole,
};
use crate::problem::Fault;
use crate::types::{Column, Schema, Stream, Type};

/// The name of our header.
const HEADER: &str = "tidegate";
/// Carries the payload as it was once read, for error records further on.
const PAYLOAD_COLUMN: &str = "_payload";

/// Puts the two ends in place of each edge that goes through a topic.
pub(super) fn split(
    nodes: &mut Vec<PlanNode>,
    edges: &mut Vec<PlanEdge>,
    projection: &mut Projection,
) -> Vec<PlanThrough> {
    let mut all = Vec::new();
    for number in 0..edges.len() {
        let edge = edges[number].clone();
        let PlanVia::Topic(topic) = edge.via else { continue };
        let (from, port) = edge.from;
        let (to, entry) = edge.to;
        // What the edge carries, which may be less than what leaves by the port for all.
        let stream = projection.outputs[from][port].with_schema(projection.inputs[to][entry].schema.clone());
        let has_payload = projection.payloads[from][port];
        let intact = projection.leaving(nodes, from, port);
        let end = End { topic: topic.clone(), stream: stream.clone(), intact, has_payload };
        let decode = ThroughDecode { format: intact.filter(|_| has_payload), schema: end.schema() };
        let (writer, reader) = (nodes.len(), nodes.len() + 1);
        nodes.push(hidden(&edge.id, Role::Sink, Arc::new(Writer(end.clone())), None));
        nodes.push(hidden(&edge.id, Role::Source, Arc::new(Reader(end)), intact));
        projection.inputs.extend([vec![stream.clone()], Vec::new()]);
        projection.outputs.extend([Vec::new(), vec![stream]]);
        projection.payloads.extend([Vec::new(), vec![has_payload]]);
        projection.intact.extend([intact, None]);
        edges[number].to = (writer, 0);
        edges[number].via = PlanVia::Direct(None);
        edges.push(PlanEdge { from: (reader, 0), via: PlanVia::Direct(None), ..edge });
        all.push(PlanThrough { edge: number, writer, reader, topic, decode });
    }
    all
}

fn hidden(edge: &str, role: Role, shape: Arc<dyn Shape>, reads: Option<ValueFormat>) -> PlanNode {
    let ports = shape.ports();
    PlanNode {
        id: edge.to_string(),
        shape,
        ports,
        role,
        scope: Scope::Record,
        value: ValueRole::Kept,
        is_exchanged: false,
        is_queue: false,
        reads,
        passes: None,
        counts_errors: false,
    }
}

/// What both ends know.
#[derive(Debug, Clone)]
struct End {
    topic: ThroughTopic,
    stream: Stream,
    /// payloads cross as they are
    intact: Option<ValueFormat>,
    /// payloads are wanted behind the topic
    has_payload: bool,
}

#[derive(Debug)]
struct Writer(End);

#[derive(Debug)]
struct Reader(End);

impl End {
    /// The columns that cross: those of the stream, and the payload where it is wanted and not itself what crosses.
    fn schema(&self) -> Arc<Schema> {
        if !self.has_payload {
            return self.stream.schema.clone();
        }
        let mut schema = (*self.stream.schema).clone();
        schema.columns.push(Column::nullable(PAYLOAD_COLUMN, Type::Bytes));
        schema.into()
    }

    fn carries_payload(&self) -> bool {
        self.intact.is_some() && self.has_payload
    }
}

impl Shape for Writer {
    fn ports(&self) -> Ports {
        Ports { inputs: vec![InputPort::any("in")], ..Ports::default() }
    }

    fn output(&self, _: &[Option<Stream>], _: &mut Report) -> Vec<Option<Stream>> {
        Vec::new()
    }

    fn build(&self, _: &Site<'_>) -> Result<Body, Fault> {
        let sink = TopicSink {
            cluster: self.0.topic.cluster.clone(),
            topic: self.0.topic.topic.clone(),
            partitioner: Partitioner::Murmur2Random,
            acks: "all".into(),
            compression: "none".into(),
            is_idempotent: true,
            create: None,
            new_key: None,
        };
        let schema = self.0.schema();
        let encoder = (!self.0.carries_payload()).then(|| exact_encoder(schema.clone()));
        Ok(Body::TopicSink(sink, Box::new(Wrap { encoder, schema, has_payload: self.0.has_payload })))
    }
}

impl Shape for Reader {
    fn ports(&self) -> Ports {
        Ports { outputs: vec!["out".into()], ..Ports::default() }
    }

    fn output(&self, _: &[Option<Stream>], _: &mut Report) -> Vec<Option<Stream>> {
        vec![Some(self.0.stream.clone())]
    }

    fn build(&self, _: &Site<'_>) -> Result<Body, Fault> {
        let source = TopicSource {
            cluster: self.0.topic.cluster.clone(),
            topics: Topics::Named(vec![self.0.topic.topic.clone()]),
            start: Start::Earliest,
            window_key: None,
        };
        Ok(Body::TopicSource(source, Ingest { format: None, time: Time::Record }))
    }
}

/// Rows to rows as they cross the topic.
struct Wrap {
    encoder: Option<Encoder>,
    /// the columns that cross
    schema: Arc<Schema>,
    /// the last of them is the payload
    has_payload: bool,
}

impl Flow for Wrap {
    fn process(&mut self, _: usize, mut batch: Batch, out: &mut Outbox) -> Result<(), Fault> {
        if let Some(encoder) = &mut self.encoder {
            let mut columns = batch.columns.clone();
            if self.has_payload {
                columns.push(match &batch.payload {
                    Some(payload) => Arc::new(payload.clone()) as ArrayRef,
                    None => arrow_array::new_null_array(&Type::Bytes.to_arrow(), batch.rows),
                });
            }
            let rows = batch.clone().with_columns(self.schema.clone(), columns);
            let encoded = encoder.encode(&rows);
            let failures = encoded.failures.into_iter().map(|failure| (failure.row, Reason::new(failure.reason)));
            out.fail_rows(&batch, failures.collect())?;
            batch.payload = Some(encoded.payload);
        }
        batch.headers = Some((0..batch.rows).map(|row| with_header(&batch, row)).collect());
        out.emit(0, batch);
        Ok(())
    }
}

fn with_header(batch: &Batch, row: usize) -> Headers {
    let topic = batch.origin.topic.get(row).as_bytes();
    let mut bytes = Vec::with_capacity(topic.len() + 29);
    bytes.put_i32(*batch.origin.partition.get(row));
    bytes.put_i64(batch.origin.offset[row]);
    match &batch.windows {
        Some(windows) => {
            bytes.put_u8(1);
            bytes.put_i64(windows.start[row]);
            bytes.put_i64(windows.end[row]);
        }
        None => bytes.put_u8(0),
    }
    bytes.extend_from_slice(topic);
    let mut headers = batch.headers_of(row).to_vec();
    headers.push((HEADER.to_string(), Some(Bytes::from(bytes))));
    headers
}

/// How the reader of a through topic makes rows again.
#[derive(Debug, Clone, PartialEq)]
pub struct ThroughDecode {
    /// payloads crossed as they were, in this format; else columns in the exact form
    pub format: Option<ValueFormat>,
    /// the columns that cross
    pub schema: Arc<Schema>,
}

/// Takes our header off and gives records their origin and window back. Says which records lack a header of ours: they
/// keep the origin at which they were read.
pub(crate) fn unwrap_headers(batch: &mut Batch) {
    let Some(headers) = batch.headers.take() else { return };
    let mut topics = Vec::with_capacity(batch.rows);
    let mut partitions = Vec::with_capacity(batch.rows);
    let mut offsets = Vec::with_capacity(batch.rows);
    let (mut starts, mut ends) = (Vec::new(), Vec::new());
    let mut rest: Vec<Headers> = Vec::with_capacity(batch.rows);
    for (row, headers) in headers.iter().enumerate() {
        let mut headers = headers.clone();
        let ours = match headers.last() {
            Some((name, Some(bytes))) if name == HEADER => read_header(bytes.clone()),
            _ => None,
        };
        if ours.is_some() {
            headers.pop();
        }
        let ours = ours.unwrap_or_else(|| Crossed {
            partition: *batch.origin.partition.get(row),
            offset: batch.origin.offset[row],
            window: None,
            topic: batch.origin.topic.get(row).clone(),
        });
        partitions.push(ours.partition);
        offsets.push(ours.offset);
        topics.push(ours.topic);
        if let Some((start, end)) = ours.window {
            starts.push(start);
            ends.push(end);
        }
        rest.push(headers);
    }
    batch.origin =
        Origin { topic: PerRow::from_rows(topics), partition: PerRow::from_rows(partitions), offset: offsets.into() };
    if starts.len() == batch.rows && batch.rows > 0 {
        batch.windows = Some(Windows { start: starts.into(), end: ends.into() });
    }
    batch.headers = rest.iter().any(|headers| !headers.is_empty()).then(|| rest.into());
}

struct Crossed {
    partition: i32,
    offset: i64,
    window: Option<(i64, i64)>,
    topic: Arc<str>,
}

fn read_header(mut bytes: Bytes) -> Option<Crossed> {
    if bytes.len() < 13 {
        return None;
    }
    let (partition, offset) = (bytes.get_i32(), bytes.get_i64());
    let window = match bytes.get_u8() {
        1 if bytes.len() >= 16 => Some((bytes.get_i64(), bytes.get_i64())),
        _ => None,
    };
    Some(Crossed { partition, offset, window, topic: std::str::from_utf8(&bytes).ok()?.into() })
}

/// Takes the payload, where it crossed as a column, out of the columns that crossed.
pub(crate) fn take_payload(schema: &Schema, columns: &mut Vec<ArrayRef>) -> Option<BinaryViewArray> {
    schema.columns.last().filter(|column| column.name == PAYLOAD_COLUMN)?;
    let payload = columns.pop()?;
    (payload.null_count() < payload.len()).then(|| payload.as_binary_view().clone())
}
