//! Writes records to a Kafka topic.
//!
//! Values are written in `format`. A value that came in the same format and was not changed on its way is written as it
//! was read, byte for byte, undeclared fields included. `key` gives a new key, `headers` adds headers to those that the
//! record has; their values are text or bytes, and null is written as null. The timestamp is the record's own. A tombstone
//! is written as Kafka's null. A record that cannot be written (NaN in JSON, a key that does not fit) leaves by `errors`.
//!
//! Results of windows have a windowed key: `window_key` says how it is written. `plain` is the key alone, so that all windows
//! of a key share one; `json` is `{"key": …, "start": …, "end": …}`. `kafka-streams-time` and `kafka-streams-session` are
//! Kafka Streams' own forms of keys in time windows (the key, then the start in 8 bytes) and in sessions (the key, end,
//! start), as its programs read and write them. The partition follows from the key alone in every form, as theirs does.
//!
//! The topic must exist, unless `create` says how to make it. `acks` is `all` and the producer idempotent by default;
//! offsets of the sources are committed only after the broker has acknowledged. `partitioner` is Java's by default, so that
//! records with a key come to the same partitions as those that Java programs write.
//!
//! What is not acknowledged the client sends again by itself. Where it cannot, the node fails: `supervision` then starts the
//! whole run again, from the last commit.
//!
//! - **Back-pressure**: takes nothing while the client's queue is full.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_schema::DataType;
use bytes::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::page::page;
use super::rows::{Failures, without};
use super::*;
use crate::batch::Headers;
use crate::codec::{Encoder, WindowKeyWriting, encode_keys, encode_window_keys};
use crate::fields::{ExprMap, ExprText, Topic};

/// Config of `kafka-sink`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct KafkaSink {
    /// The topic to write.
    topic: Topic,
    /// Name of the cluster, from `clusters` of the file.
    #[serde(default = "default_cluster")]
    cluster: String,
    /// How values are written.
    #[serde(default)]
    format: ValueFormat,
    /// A new key: an expression. Absent: the key that the record has.
    key: Option<ExprText>,
    /// How the new key is written.
    #[serde(default)]
    key_format: KeyFormat,
    /// How the key is written together with its window; in JSON as `{"key": …, "start": …, "end": …}`.
    #[serde(default)]
    window_key: WindowKey,
    /// Headers to add: names, and expressions that give text or bytes.
    #[serde(default)]
    headers: ExprMap,
    /// Which partition a record goes to.
    #[serde(default)]
    partitioner: Partitioner,
    /// How many brokers must have a record before it counts as written.
    #[serde(default)]
    acks: Acks,
    /// Whether a retry never doubles a record; needs `acks` to be `all`.
    #[serde(default = "yes")]
    idempotence: bool,
    /// How batches of records are compressed.
    #[serde(default)]
    compression: Compression,
    /// How to make the topic, where it does not exist.
    create: Option<Create>,
}

/// How the key is written together with its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum WindowKey {
    /// the key alone
    #[default]
    Plain,
    /// a JSON object of key, start and end, in milliseconds
    Json,
    /// as Kafka Streams writes keys of tumbling, hopping and sliding windows: the key and the start; the end is left out
    KafkaStreamsTime,
    /// as Kafka Streams writes keys of sessions: the key, the end, the start
    KafkaStreamsSession,
}

/// How many brokers must have a record before it counts as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
enum Acks {
    /// all in-sync replicas
    #[default]
    #[serde(rename = "all")]
    All,
    /// the leader
    #[serde(rename = "1")]
    Leader,
    /// none: a record may be lost without a word
    #[serde(rename = "0")]
    None,
}

/// How batches of records are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Compression {
    /// not at all
    #[default]
    None,
    /// small, slow
    Gzip,
    /// fast
    Snappy,
    /// fastest
    Lz4,
    /// small, fast
    Zstd,
}

/// How to make a topic.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Create {
    /// Number of partitions.
    #[schemars(range(min = 1))]
    partitions: i32,
    /// Number of replicas of each; absent: the broker's default.
    #[schemars(range(min = 1))]
    replication: Option<i16>,
}

/// `kafka-sink`
pub(super) static OPERATOR: Operator = Operator {
    name: "kafka-sink",
    summary: "Writes records to a Kafka topic",
    help: page!("kafka_sink.rs"),
    role: Role::Sink,
    family: Family::Sinks,
    icon: "sign-in",
    scope: Scope::Record,
    value: ValueRole::Kept,
    form: Form::of::<KafkaSink>,
    configure: configure::<KafkaSink>,
    examples: EXAMPLES,
};

impl Shape for KafkaSink {
    fn ports(&self) -> Ports {
        Ports::sink().failing()
    }

    fn output(&self, inputs: &[Option<Stream>], report: &mut Report) -> Vec<Option<Stream>> {
        if self.idempotence && self.acks != Acks::All {
            report.error(
                "idempotence",
                "idempotence needs `acks` to be `all`",
                "set acks to \"all\", or idempotence to false",
            );
        }
        if self.create.is_some_and(|create| create.partitions < 1 || create.replication.is_some_and(|n| n < 1)) {
            report.error("create", "a topic has at least one partition and one replica", "give 1 or more");
        }
        let [Some(input)] = inputs else { return Vec::new() };
        report.check_writable("format", &self.format, input);
        if let Some(key) = &self.key
            && let Some(expr) = report.compile("key", key.as_str(), input)
        {
            report.check_key("key", expr.data_type(), self.key_format);
        }
        self.check_window_key(input, report);
        for (name, text) in self.headers.iter() {
            let field = format!("headers.{name}");
            if let Some(expr) = report.compile(&field, text.as_str(), input)
                && !matches!(expr.data_type(), Type::Text | Type::Bytes)
            {
                let found = expr.data_type();
                report.error(
                    &field,
                    format!("a header is text or bytes, and this is {found}"),
                    format!("CAST({text} AS text)"),
                );
            }
        }
        Vec::new()
    }

    fn needs(&self, _: usize, inputs: &[Stream], _: &[Wanted]) -> Wanted {
        let texts: Vec<&str> =
            self.key.iter().chain(self.headers.iter().map(|(_, text)| text)).map(ExprText::as_str).collect();
        Wanted::all().reading(&texts, inputs)
    }

    fn format(&self) -> Option<&ValueFormat> {
        Some(&self.format)
    }

    fn touches(&self) -> Touches {
        Touches::Writes(self.sink())
    }

    fn build(&self, site: &Site<'_>) -> Result<Body, Fault> {
        let input = site.input(0)?;
        let compile = |field: String, text: &ExprText| {
            compile_checked(&field, text.as_str(), input).map(|expr| Computed { field, expr })
        };
        let header = |(name, text): (&str, &ExprText)| Ok((name.into(), compile(format!("headers.{name}"), text)?));
        let encoder = (site.intact != Some(&self.format)).then(|| Encoder::new(&self.format, input.schema.clone()));
        let running = Running {
            key: self.key.as_ref().map(|key| compile("key".into(), key)).transpose()?,
            key_format: self.key_format,
            window_key: self.window_key.writing().map(|writing| (writing, input.key)),
            headers: self.headers.iter().map(header).collect::<Result<_, Fault>>()?,
            encoder,
        };
        Ok(Body::TopicSink(self.sink(), Box::new(running)))
    }
}

impl KafkaSink {
    fn check_window_key(&self, input: &Stream, report: &mut Report) {
        if self.window_key == WindowKey::Plain {
            return;
        }
        if self.key.is_some() {
            report.error("window_key", "a new key has no window", "take `key` away, or set window_key to plain");
        } else if !input.windowed && !input.gaps.key {
            report.error(
                "window_key",
                "the keys that come have no window",
                "set window_key to plain, or connect what a window gives",
            );
        }
    }

    fn sink(&self) -> TopicSink {
        let acks = match self.acks {
            Acks::All => "all",
            Acks::Leader => "1",
            Acks::None => "0",
        };
        let compression = match self.compression {
            Compression::None => "none",
            Compression::Gzip => "gzip",
            Compression::Snappy => "snappy",
            Compression::Lz4 => "lz4",
            Compression::Zstd => "zstd",
        };
        TopicSink {
            cluster: self.cluster.clone(),
            topic: self.topic.0.clone(),
            partitioner: self.partitioner,
            acks: acks.into(),
            compression: compression.into(),
            is_idempotent: self.idempotence,
            // Minus one is Kafka's word for the broker's default.
            create: self.create.map(|create| (create.partitions, create.replication.map_or(-1, i32::from))),
            new_key: match self.window_key.writing() {
                Some(writing) => Some(writing.format()),
                None => self.key.as_ref().map(|_| self.key_format),
            },
        }
    }
}

impl WindowKey {
    fn writing(self) -> Option<WindowKeyWriting> {
        match self {
            WindowKey::Plain => None,
            WindowKey::Json => Some(WindowKeyWriting::Json),
            WindowKey::KafkaStreamsTime => Some(WindowKeyWriting::Time),
            WindowKey::KafkaStreamsSession => Some(WindowKeyWriting::Session),
        }
    }
}

fn yes() -> bool {
    true
}

struct Running {
    key: Option<Computed>,
    key_format: KeyFormat,
    /// how windows are written with keys, and what format those have
    window_key: Option<(WindowKeyWriting, KeyFormat)>,
    headers: Vec<(String, Computed)>,
    /// none where payloads pass as they were read
    encoder: Option<Encoder>,
}

struct Computed {
    field: String,
    expr: Expr,
}

impl Computed {
    fn evaluate(&self, batch: &Batch, failures: &mut Failures) -> arrow_array::ArrayRef {
        let evaluated = self.expr.evaluate(batch);
        let reasons = evaluated.failures.into_iter();
        failures.extend(reasons.map(|failure| (failure.row, Reason::of(&self.field, failure))));
        evaluated.values
    }
}

impl Flow for Running {
    fn process(&mut self, _: usize, batch: Batch, out: &mut Outbox) -> Result<(), Fault> {
        let mut failures = Failures::new();
        let mut written = batch.clone().with_columns(Arc::default(), Vec::new());
        if let Some(key) = &self.key {
            let values = key.evaluate(&batch, &mut failures);
            let (keys, refused) = encode_keys(&[values], self.key_format);
            failures.extend(refused.into_iter().map(|failure| (failure.row, Reason::new(failure.reason))));
            written.keys = keys;
        }
        if let Some((writing, format)) = self.window_key {
            let windows = batch.windows.as_ref().ok_or_else(|| Fault::ours("windows were planned and do not come"))?;
            let (keys, refused) = encode_window_keys(&batch.keys, format, windows, writing);
            failures.extend(refused.into_iter().map(|failure| (failure.row, Reason::new(failure.reason))));
            written.written_keys = Some(keys);
        }
        if !self.headers.is_empty() {
            written.headers = Some(self.add_headers(&batch, &mut failures).into());
        }
        if let Some(encoder) = &mut self.encoder {
            let encoded = encoder.encode(&batch);
            failures.extend(encoded.failures.into_iter().map(|failure| (failure.row, Reason::new(failure.reason))));
            written.payload = Some(encoded.payload);
        } else if written.payload.is_none() {
            return Err(Fault::ours("payloads were planned and do not come"));
        }
        out.emit(0, without(written, &failures)?);
        out.fail_rows(&batch, failures)
    }
}

impl Running {
    fn add_headers(&self, batch: &Batch, failures: &mut Failures) -> Vec<Headers> {
        let mut headers: Vec<Headers> = (0..batch.rows).map(|row| batch.headers_of(row).to_vec()).collect();
        for (name, computed) in &self.headers {
            let values = computed.evaluate(batch, failures);
            for (row, headers) in headers.iter_mut().enumerate() {
                let value = values.is_valid(row).then(|| match values.data_type() {
                    DataType::BinaryView => Bytes::copy_from_slice(values.as_binary_view().value(row)),
                    _ => Bytes::copy_from_slice(values.as_string_view().value(row).as_bytes()),
                });
                headers.push((name.clone(), value));
            }
        }
        headers
    }
}

const EXAMPLES: &[Example] = &[
    Example {
        title: "Values as JSON; a tombstone stays one",
        config: r#"{ "topic": "out" }"#,
        inputs: r#"{ "in": { "schema": { "n": "int64" } } }"#,
        script: r#"
            {"node":"in","ts":1,"key":"a","value":{"n":1}}
            {"node":"in","ts":2,"key":"a","value":null}"#,
        expect: r#"
            {"port":"in","ts":1,"key":"a","value":{"n":1}}
            {"port":"in","ts":2,"key":"a","value":null}"#,
    },
    Example {
        title: "A new key, and a header beside those that the record has",
        config: r#"{ "topic": "out", "key": "symbol", "headers": { "origin": "'tidegate'" },
                     "create": { "partitions": 4, "replication": 1 } }"#,
        inputs: r#"{ "in": { "schema": { "symbol": "text" } } }"#,
        script: r#"{"node":"in","ts":1,"key":"a","value":{"symbol":"ABC"}}"#,
        expect: r#"{"port":"in","ts":1,"key":"ABC","value":{"symbol":"ABC"},"headers":[["origin","tidegate"]]}"#,
    },
    Example {
        title: "Windowed keys as JSON",
        config: r#"{ "topic": "out", "window_key": "json" }"#,
        inputs: r#"{ "in": { "schema": { "n": "int64" }, "windowed": true } }"#,
        script: r#"{"node":"in","ts":9,"key":"a","window":{"start":0,"end":10},"value":{"n":2}}"#,
        expect: r#"{"port":"in","ts":9,"key":{"key":"a","start":0,"end":10},"value":{"n":2}}"#,
    },
    Example {
        title: "Windowed keys as a Kafka Streams program reads them: the key, and the start in 8 bytes",
        config: r#"{ "topic": "out", "window_key": "kafka-streams-time" }"#,
        inputs: r#"{ "in": { "schema": { "n": "int64" }, "windowed": true } }"#,
        script: r#"
            {"node":"in","ts":17,"key":"a","window":{"start":10,"end":20},"value":{"n":2}}
            {"node":"in","ts":17,"key":"a","window":{"start":10,"end":20},"value":null}"#,
        expect: r#"
            {"port":"in","ts":17,"key":{"base64":"YQAAAAAAAAAK"},"value":{"n":2}}
            {"port":"in","ts":17,"key":{"base64":"YQAAAAAAAAAK"},"value":null}"#,
    },
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{Bench, records};
    use super::*;
    use crate::batch::{Windows, bytes_column};

    #[test]
    fn keys_headers_and_values_are_written() {
        let input = records(r#"{ "n": "int64", "s": "text" }"#);
        let config = json!({ "topic": "t", "key": "n", "key_format": "int64", "headers": { "h": "s" } });
        let mut bench = Bench::new(&OPERATOR, config, &[input]);
        bench.send(&[("a", r#"{"n":1,"s":"x"}"#), ("b", r#"{"n":null,"s":null}"#), ("c", "null")]);
        let batch = &bench.emitted(0)[0];
        let payload = batch.payload.as_ref().unwrap();
        let expected = [Some(&br#"{"n":1,"s":"x"}"#[..]), Some(br#"{"n":null,"s":null}"#), None];
        assert_eq!(payload.iter().collect::<Vec<_>>(), expected);
        assert_eq!(batch.keys.iter().collect::<Vec<_>>(), [Some(&1i64.to_be_bytes()[..]), None, None]);
        assert_eq!(batch.headers_of(0), [("h".to_string(), Some(Bytes::from("x")))]);
        assert_eq!(batch.headers_of(1), [("h".to_string(), None)]);
        assert!(batch.is_tombstone(2));
    }

    #[test]
    fn payloads_pass_where_nothing_changed() {
        let input = records(r#"{ "n": "int64" }"#);
        let mut bench = Bench::intact(&OPERATOR, json!({ "topic": "t" }), &[input], &ValueFormat::default());
        bench.send(&[("a", r#"{"undeclared": true,  "n":1}"#), ("b", "null")]);
        let payload = bench.emitted(0)[0].payload.clone().unwrap();
        assert_eq!(payload.iter().collect::<Vec<_>>(), [Some(&br#"{"undeclared": true,  "n":1}"#[..]), None]);
    }

    #[test]
    fn what_has_no_json_form_fails_alone() {
        let input = records(r#"{ "n": "float64" }"#);
        let mut bench = Bench::new(&OPERATOR, json!({ "topic": "t", "key": "CAST(1 / n AS text)" }), &[input]);
        bench.send(&[("a", r#"{"n":1}"#), ("b", r#"{"n":0}"#), ("c", r#"{"n":2}"#)]);
        assert_eq!(bench.emitted(0)[0].rows, 2);
        assert_eq!(bench.failed(), [("b".to_string(), "division by zero".to_string())]);
    }

    #[test]
    fn a_windowed_key_is_written_and_the_key_alone_chooses_the_partition() {
        let input = Stream { windowed: true, ..records(r#"{ "n": "int64" }"#) };
        let start = 1i64.to_be_bytes();
        let end = 9i64.to_be_bytes();
        for (word, expected) in [
            ("plain", b"a".to_vec()),
            ("json", br#"{"key":"a","start":1,"end":9}"#.to_vec()),
            ("kafka-streams-time", [&b"a"[..], &start].concat()),
            ("kafka-streams-session", [&b"a"[..], &end, &start].concat()),
        ] {
            let config = json!({ "topic": "t", "window_key": word });
            let mut bench = Bench::new(&OPERATOR, config, std::slice::from_ref(&input));
            let mut batch = bench.batch(&[("a", r#"{"n":1}"#), ("a", "null")]);
            batch.windows = Some(Windows { start: vec![1, 1].into(), end: vec![9, 9].into() });
            bench.process(batch);
            let batch = &bench.emitted(0)[0];
            assert_eq!(batch.keys_to_write(), &bytes_column([Some(&expected[..]); 2]), "{word}");
            assert_eq!(batch.keys, bytes_column([Some(&b"a"[..]); 2]), "{word}");
            assert!(batch.is_tombstone(1), "{word}");
        }
    }

    #[test]
    fn a_windowed_key_that_has_no_json_form_fails_alone() {
        let input = Stream { windowed: true, ..records(r#"{ "n": "int64" }"#) };
        let mut bench = Bench::new(&OPERATOR, json!({ "topic": "t", "window_key": "json" }), &[input]);
        let mut batch = bench.batch(&[("a", r#"{"n":1}"#), ("b", r#"{"n":2}"#)]);
        batch.keys = bytes_column([Some(&b"\xff"[..]), Some(b"b")]);
        batch.windows = Some(Windows { start: vec![1, 2].into(), end: vec![9, 9].into() });
        bench.process(batch);
        let batch = &bench.emitted(0)[0];
        assert_eq!(batch.keys_to_write(), &bytes_column([Some(&br#"{"key":"b","start":2,"end":9}"#[..])]));
        assert_eq!(batch.keys, bytes_column([Some(&b"b"[..])]));
        assert_eq!(bench.failed().len(), 1);
    }

    #[test]
    fn a_wrong_config_is_told() {
        let input = records(r#"{ "n": "int64" }"#);
        for (config, message) in [
            (json!({ "topic": "t", "acks": "1" }), "idempotence needs `acks` to be `all`"),
            (
                json!({ "topic": "t", "create": { "partitions": 0 } }),
                "a topic has at least one partition and one replica",
            ),
            (json!({ "topic": "t", "format": "text" }), "text is written from a column `value` of type text"),
            (json!({ "topic": "t", "headers": { "h": "n" } }), "a header is text or bytes, and this is int64"),
            (json!({ "topic": "t", "window_key": "kafka-streams-time" }), "the keys that come have no window"),
            (
                json!({ "topic": "t", "window_key": "json", "key": "n", "key_format": "int64" }),
                "a new key has no window",
            ),
        ] {
            let mut report = Report::new("n");
            (OPERATOR.configure)(config).unwrap().output(&[Some(input.clone())], &mut report);
            assert_eq!(report.finish()[0].message, message);
        }
    }

    #[test]
    fn expressions_ask_for_their_columns_beside_all() {
        let input = records(r#"{ "a": "text", "b": "text" }"#);
        let shape = (OPERATOR.configure)(json!({ "topic": "t", "key": "b" })).unwrap();
        let needs = shape.needs(0, &[input], &[]);
        assert!(needs.all);
        assert_eq!(needs.columns, BTreeSet::from(["b".to_string()]));
    }
}
