//! What the operators' own tests share: one node on one lane, rows in, and what it gave.

use arrow_array::Array;
use serde_json::Value;

use super::*;
use crate::batch::{Origin, bytes_column};
use crate::codec::{Decoder, row_value};
use crate::state::{Store, Stores};

/// One node on one lane.
pub(super) struct Bench {
    shape: Box<dyn Shape>,
    inputs: Vec<Stream>,
    outputs: Vec<Stream>,
    connected: Vec<bool>,
    intact: Option<ValueFormat>,
    shared: Shared,
    lasting: Shared,
    stores: Stores,
    pub(super) body: Option<Body>,
    out: Outbox,
    sent: i64,
}

/// A stream of records with text keys.
pub(super) fn records(schema: &str) -> Stream {
    let schema: Schema = serde_json::from_str(schema).unwrap();
    Stream::records(Arc::new(schema), KeyFormat::Text)
}

/// A stream of changes with text keys.
pub(super) fn changes(schema: &str) -> Stream {
    Stream { carries: Carries::Changes, ..records(schema) }
}

/// A source that runs by itself.
pub(super) fn source(operator: &Operator, config: Value) -> Box<dyn Source> {
    match Bench::new(operator, config, &[]).body {
        Some(Body::Source(source, _)) => source,
        _ => panic!("not a source"),
    }
}

impl Bench {
    pub(super) fn new(operator: &Operator, config: Value, inputs: &[Stream]) -> Bench {
        let mut bench = Bench::unbuilt(operator, config, inputs);
        bench.rebuild();
        bench
    }

    /// A node whose output of this name leads nowhere.
    pub(super) fn disconnected(operator: &Operator, config: Value, inputs: &[Stream], port: &str) -> Bench {
        let mut bench = Bench::unbuilt(operator, config, inputs);
        let place = bench.shape.ports().output(port).unwrap();
        bench.connected[place] = false;
        bench.rebuild();
        bench
    }

    /// A node to which payloads come as they were read.
    pub(super) fn intact(operator: &Operator, config: Value, inputs: &[Stream], format: &ValueFormat) -> Bench {
        let mut bench = Bench { intact: Some(*format), ..Bench::unbuilt(operator, config, inputs) };
        bench.rebuild();
        bench
    }

    fn unbuilt(operator: &Operator, config: Value, inputs: &[Stream]) -> Bench {
        let shape = (operator.configure)(config).unwrap();
        let known: Vec<Option<Stream>> = inputs.iter().cloned().map(Some).collect();
        let mut report = Report::new("node");
        let outputs: Vec<Stream> = shape.output(&known, &mut report).into_iter().flatten().collect();
        assert_eq!(report.finish(), []);
        Bench {
            connected: vec![true; outputs.len()],
            inputs: inputs.to_vec(),
            intact: None,
            shared: Shared::default(),
            lasting: Shared::default(),
            stores: Stores::default(),
            body: None,
            out: Outbox::default(),
            sent: 0,
            outputs,
            shape,
        }
    }

    /// A node with one store, which remembers what changes.
    pub(super) fn tracking(operator: &Operator, config: Value, inputs: &[Stream]) -> Bench {
        let mut bench = Bench { stores: Stores::tracking_changes(), ..Bench::unbuilt(operator, config, inputs) };
        bench.rebuild();
        bench
    }

    pub(super) fn store(&self) -> Arc<dyn Store> {
        self.stores.all().remove(0).1
    }

    /// Forgets what the node has given.
    pub(super) fn clear(&mut self) {
        self.out = Outbox::default();
    }

    pub(super) fn end(&mut self) {
        match self.body.as_mut() {
            Some(Body::Flow(flow)) => flow.end(&mut self.out).unwrap(),
            _ => panic!("is not told of an end"),
        }
    }

    /// Builds the node anew, as after a restart: what it shares and its stores are kept.
    pub(super) fn rebuild(&mut self) {
        self.body = Some(self.at_site(|site| self.shape.build(site)).unwrap());
    }

    /// Builds the node anew, as when the whole run starts again: nothing is kept but what lasts.
    pub(super) fn start_again(&mut self) {
        (self.shared, self.stores) = (Shared::default(), Stores::default());
        self.rebuild();
    }

    pub(super) fn at_site<T>(&self, work: impl FnOnce(&Site<'_>) -> T) -> T {
        work(&Site {
            node: "node",
            lane: 0,
            inputs: &self.inputs,
            outputs: &self.outputs,
            intact: self.intact.as_ref(),
            connected: &self.connected,
            shared: &self.shared,
            lasting: &self.lasting,
            stores: &self.stores,
        })
    }

    /// Rows of (key, JSON value); no key is written as `""`. Timestamps count on from 0.
    pub(super) fn batch(&mut self, rows: &[(&str, &str)]) -> Batch {
        let stream = &self.inputs[0];
        let keys = bytes_column(rows.iter().map(|(key, _)| Some(key.as_bytes()).filter(|key| !key.is_empty())));
        let values = rows.iter().map(|(_, value)| Some(value.as_bytes()).filter(|value| *value != b"null"));
        let payload = bytes_column(values);
        let decoded = Decoder::new(&ValueFormat::default(), stream.schema.clone()).decode(&payload);
        assert_eq!(decoded.failures, []);
        let timestamps = (self.sent..self.sent + rows.len() as i64).collect::<Vec<_>>();
        let origin = Origin::made_here(self.sent, rows.len());
        self.sent += rows.len() as i64;
        Batch {
            tombstones: payload.nulls().map(|valid| !valid.inner()),
            payload: Some(payload),
            ..Batch::bare(keys, timestamps.into(), origin).with_columns(stream.schema.clone(), decoded.columns)
        }
    }

    pub(super) fn send(&mut self, rows: &[(&str, &str)]) {
        let batch = self.batch(rows);
        self.process(batch);
    }

    pub(super) fn process(&mut self, batch: Batch) {
        match self.body.as_mut() {
            Some(Body::Flow(flow) | Body::TopicSink(_, flow)) => flow.process(0, batch, &mut self.out).unwrap(),
            Some(Body::Sink(sink)) => {
                sink.write(batch, &mut self.out).unwrap();
                sink.flush().unwrap();
            }
            Some(Body::Queue(queue)) => {
                let rest = queue.offer(batch, 0, &mut self.out).unwrap();
                assert_eq!(rest.map(|rest| rest.rows), None, "keeps nothing back");
            }
            _ => panic!("takes no rows so"),
        }
        for (port, batch) in &self.out.batches {
            assert_sound(batch, self.outputs.get(*port));
        }
    }

    /// Rows for a queue; what it gives back.
    pub(super) fn offer<K: AsRef<str>, V: AsRef<str>>(&mut self, rows: &[(K, V)]) -> Result<Option<Batch>, Fault> {
        let rows: Vec<(&str, &str)> = rows.iter().map(|(key, value)| (key.as_ref(), value.as_ref())).collect();
        let batch = self.batch(&rows);
        match self.body.as_mut() {
            Some(Body::Queue(queue)) => queue.offer(batch, 0, &mut self.out),
            _ => panic!("not a queue"),
        }
    }

    pub(super) fn queue(&mut self) -> &mut dyn Queue {
        match self.body.as_mut() {
            Some(Body::Queue(queue)) => queue.as_mut(),
            _ => panic!("not a queue"),
        }
    }

    pub(super) fn emitted(&self, port: usize) -> Vec<&Batch> {
        self.out.batches.iter().filter(|(at, _)| *at == port).map(|(_, batch)| batch).collect()
    }

    pub(super) fn keys(&self, port: usize) -> Vec<String> {
        self.emitted(port).into_iter().flat_map(keys_of).collect()
    }

    pub(super) fn values(&self, port: usize) -> Vec<String> {
        let values = |batch: &Batch| (0..batch.rows).map(|row| row_value(batch, row).to_string()).collect::<Vec<_>>();
        self.emitted(port).into_iter().flat_map(values).collect()
    }

    /// Keys and reasons of the records that failed.
    pub(super) fn failed(&self) -> Vec<(String, String)> {
        let reasons = |failed: &Failed| failed.reasons.iter().map(|reason| reason.reason.clone()).collect::<Vec<_>>();
        self.out.failed.iter().flat_map(|failed| keys_of(&failed.batch).into_iter().zip(reasons(failed))).collect()
    }

    /// All that the node gave, and holds if it is a queue: by port each record with its metadata, then what failed and was
    /// dropped.
    pub(super) fn told(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        if let Some(Body::Queue(queue)) = &mut self.body
            && let Some(held) = queue.take(usize::MAX, 0).unwrap()
        {
            self.out.emit(0, held);
        }
        for port in 0..self.outputs.len().max(1) {
            for batch in self.emitted(port) {
                let payload = |row| batch.payload.as_ref().map(|payload| payload.iter().nth(row));
                told.extend((0..batch.rows).map(|row| {
                    let (key, value) = (batch.keys.iter().nth(row), row_value(batch, row));
                    let (ts, headers, offset) =
                        (batch.timestamps[row], batch.headers_of(row), batch.origin.offset[row]);
                    format!("{port} {key:?} {ts} {offset} {value} {headers:?} {:?}", payload(row))
                }));
            }
        }
        for failed in &self.out.failed {
            for (row, reason) in failed.reasons.iter().enumerate() {
                told.push(format!("failed {} {reason:?}", failed.batch.origin.offset[row]));
            }
        }
        told.extend(self.drops().iter().map(|(reason, count)| format!("dropped {count} {reason}")));
        told
    }

    pub(super) fn drops(&mut self) -> Vec<(&'static str, u64)> {
        self.out.drops.drain().collect()
    }
}

/// Rows for [`Bench::offer`]: keys and values are the numbers.
pub(super) fn numbers(numbers: &[i64]) -> Vec<(String, String)> {
    numbers.iter().map(|number| (number.to_string(), format!("{{\"n\":{number}}}"))).collect()
}

/// The numbers of rows that a queue gave.
pub(super) fn numbers_of(batch: Option<Batch>) -> Vec<i64> {
    let numbers = |batch: Batch| (0..batch.rows).map(|row| row_value(&batch, row)["n"].as_i64().unwrap()).collect();
    batch.map_or_else(Vec::new, numbers)
}

/// Keys and values of rows that a queue gave.
pub(super) fn rows_of(batch: Option<Batch>) -> Vec<String> {
    let Some(batch) = batch else { return Vec::new() };
    assert_sound(&batch, None);
    keys_of(&batch).iter().enumerate().map(|(row, key)| format!("{key} {}", row_value(&batch, row))).collect()
}

fn keys_of(batch: &Batch) -> Vec<String> {
    let text = |key: Option<&[u8]>| String::from_utf8_lossy(key.unwrap_or_default()).into_owned();
    batch.keys.iter().map(text).collect()
}

/// What every batch must be: columns of its schema and of its stream, each as long as the batch; tombstones are null.
fn assert_sound(batch: &Batch, stream: Option<&Stream>) {
    if let Some(stream) = stream {
        assert_eq!(batch.schema, stream.schema);
        assert_eq!(batch.windows.is_some(), stream.windowed);
    }
    assert_eq!(batch.columns.len(), batch.schema.columns.len());
    for (column, declared) in batch.columns.iter().zip(&batch.schema.columns) {
        assert_eq!((column.len(), column.data_type()), (batch.rows, &declared.data.to_arrow()));
        let dead = (0..batch.rows).filter(|&row| batch.is_tombstone(row));
        dead.for_each(|row| assert!(column.is_null(row), "a tombstone's {} is not null", declared.name));
    }
    for length in [batch.keys.len(), batch.timestamps.len(), batch.ordinals.len(), batch.position.offset.len()] {
        assert_eq!(length, batch.rows);
    }
    if let Some(payload) = &batch.payload {
        assert_eq!(payload.len(), batch.rows);
    }
}
