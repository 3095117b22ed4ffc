//! Reads records from Kafka topics.
//!
//! Give one `topic`, several `topics`, or a `pattern`: a regular expression for whole names, looked up again every 30 s,
//! which never takes internal topics or what the pipeline itself writes. Each partition is read on the lane of its number,
//! by the consumer group `application_id`.
//!
//! Reading goes on where the group has committed. Where it has committed nothing, `start` decides: `earliest` (default),
//! `latest`, `{"offset": n}` in every partition, `{"timestamp": "2024-01-01T00:00:00Z"}` for the first record at or after
//! that time, or `committed`, which makes it a fault. An offset that retention has deleted is counted as lost, and reading
//! goes on from the oldest.
//!
//! `window_key` is how keys of windows were written, by a `kafka-sink` or by Kafka Streams, and gives the records a windowed
//! key: the key, and the bounds `_window_start` and `_window_end`. `json` is `{"key": …, "start": …, "end": …}`;
//! `{"kafka-streams-time": {"size": "1m"}}` are Kafka Streams' own keys of time windows, which leave the end out: it is the
//! start and `size` (of sliding windows their difference); `kafka-streams-session` are its keys of sessions. `key_format` is
//! that of the key alone. A key that is not so written, and a record without key, leave by `errors`.
//!
//! `format` is how values are written: `json` (with `schema`: the columns and their types), `text` or `bytes` (one column,
//! `value`). Only columns that the pipeline uses are decoded and checked; the others go along in the bytes where no node
//! changes a column. A value that cannot be read leaves by `errors`, with its topic, partition and offset. A null value is
//! a tombstone; a null key stays null.
//!
//! - **Back-pressure**: while what follows is full, the partition's queue is left unread; membership in the group is kept.

use schemars::JsonSchema;
use serde::Deserialize;

use super::page::page;
use super::windows::{check_positive, millis};
use super::*;
use crate::codec::{WindowKeyReading, value_schema};
use crate::fields::{DurationText, Moment, RegexText, Topic};

/// Config of `kafka-source`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct KafkaSource {
    /// One topic. Either this, `topics` or `pattern`.
    topic: Option<Topic>,
    /// Several topics, with values of one format.
    topics: Option<Vec<Topic>>,
    /// All topics whose whole name this regular expression matches.
    pattern: Option<RegexText>,
    /// Name of the cluster, from `clusters` of the file.
    #[serde(default = "default_cluster")]
    cluster: String,
    /// Where to start, where the group has committed nothing.
    #[serde(default)]
    start: StartAt,
    /// How values are written.
    #[serde(default)]
    format: ValueFormat,
    /// Columns of the value and their types; only for JSON.
    schema: Option<Schema>,
    /// How keys are written.
    #[serde(default)]
    key_format: KeyFormat,
    /// How keys are written together with their windows.
    #[serde(default)]
    window_key: WindowKey,
    /// What `_timestamp` is.
    #[serde(default)]
    time: Time,
}

/// How keys are written together with their windows.
#[derive(Debug, Clone, Copy, Default, Deserialize, serde::Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum WindowKey {
    /// they have none
    #[default]
    Plain,
    /// a JSON object of key, start and end, in milliseconds
    Json,
    /// as Kafka Streams writes keys of tumbling, hopping and sliding windows: the key and the start
    KafkaStreamsTime(TimeWindows),
    /// as Kafka Streams writes keys of sessions: the key, the end, the start
    KafkaStreamsSession,
}

/// Windows whose keys tell no end.
#[derive(Debug, Clone, Copy, Deserialize, serde::Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct TimeWindows {
    /// From start to end of a window.
    size: DurationText,
}

/// Where to start.
#[derive(Debug, Clone, Copy, Default, Deserialize, serde::Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum StartAt {
    /// at the oldest record
    #[default]
    Earliest,
    /// with what comes from now on
    Latest,
    /// nowhere: the group must have committed
    Committed,
    /// at this offset in every partition
    Offset(#[schemars(range(min = 0))] i64),
    /// at the first record at or after this time
    Timestamp(Moment),
}

/// `kafka-source`
pub(super) static OPERATOR: Operator = Operator {
    name: "kafka-source",
    summary: "Reads records from Kafka topics",
    help: page!("kafka_source.rs"),
    role: Role::Source,
    family: Family::Sources,
    icon: "sign-out",
    scope: Scope::Record,
    value: ValueRole::Kept,
    form: Form::of::<KafkaSource>,
    configure: configure::<KafkaSource>,
    examples: EXAMPLES,
};

impl Shape for KafkaSource {
    fn ports(&self) -> Ports {
        Ports::source().failing()
    }

    fn output(&self, _: &[Option<Stream>], report: &mut Report) -> Vec<Option<Stream>> {
        let given = [self.topic.is_some(), self.topics.is_some(), self.pattern.is_some()];
        match given.iter().filter(|given| **given).count() {
            1 if self.topics.as_ref().is_some_and(Vec::is_empty) => {
                report.error("topics", "there is no topic", "name at least one");
            }
            1 => {}
            0 => report.error("topic", "there is no topic", "give `topic`, `topics` or `pattern`"),
            _ => report.error("topic", "topics are given in two ways", "keep one of `topic`, `topics` and `pattern`"),
        }
        if let Some(pattern) = &self.pattern
            && let Err(why) = regex::Regex::new(pattern.as_str())
        {
            report.error(
                "pattern",
                format!("this is not a regular expression: {why}"),
                "see the syntax of Rust's regex",
            );
        }
        let schema = value_schema(&self.format, self.schema.as_ref());
        report.check_readable(&self.format, self.schema.as_ref());
        report.check_time(&self.time, &schema);
        if let WindowKey::KafkaStreamsTime(TimeWindows { size }) = self.window_key {
            check_positive(report, "window_key.kafka-streams-time.size", size);
        }
        let windowed = self.window_key.reading().is_some();
        vec![Some(Stream { windowed, ..Stream::records(Arc::new(schema), self.key_format) })]
    }

    fn needs(&self, _: usize, _: &[Stream], wanted: &[Wanted]) -> Wanted {
        Wanted::with_time(wanted, &self.time)
    }

    fn format(&self) -> Option<&ValueFormat> {
        Some(&self.format)
    }

    fn touches(&self) -> Touches {
        Touches::Reads(self.source())
    }

    fn build(&self, _: &Site<'_>) -> Result<Body, Fault> {
        Ok(Body::TopicSource(self.source(), Ingest { format: Some(self.format), time: self.time.clone() }))
    }
}

impl KafkaSource {
    fn source(&self) -> TopicSource {
        let named = self.topic.iter().chain(self.topics.iter().flatten()).map(|topic| topic.0.clone());
        let topics = match &self.pattern {
            Some(pattern) => Topics::Matching(pattern.0.clone()),
            None => Topics::Named(named.collect()),
        };
        let start = match self.start {
            StartAt::Earliest => Start::Earliest,
            StartAt::Latest => Start::Latest,
            StartAt::Committed => Start::Committed,
            StartAt::Offset(offset) => Start::Offset(offset),
            StartAt::Timestamp(moment) => Start::Timestamp(moment.to_ms()),
        };
        TopicSource { cluster: self.cluster.clone(), topics, start, window_key: self.window_key.reading() }
    }
}

impl WindowKey {
    fn reading(self) -> Option<WindowKeyReading> {
        match self {
            WindowKey::Plain => None,
            WindowKey::Json => Some(WindowKeyReading::Json),
            WindowKey::KafkaStreamsTime(TimeWindows { size }) => Some(WindowKeyReading::Time { size_ms: millis(size) }),
            WindowKey::KafkaStreamsSession => Some(WindowKeyReading::Session),
        }
    }
}

const EXAMPLES: &[Example] = &[
    Example {
        title: "JSON values with two columns; a value of another type leaves by `errors`",
        config: r#"{ "topic": "wines", "schema": { "alcohol": "float64!", "pH": "float64" } }"#,
        inputs: "{}",
        script: r#"
            {"node":"self","ts":1,"key":"a","value":{"alcohol":12.5,"pH":3.1}}
            {"node":"self","ts":2,"key":"b","value":{"alcohol":"strong"}}
            {"node":"self","ts":3,"key":"c","value":null}"#,
        expect: r#"
            {"port":"out","ts":1,"key":"a","value":{"alcohol":12.5,"pH":3.1}}
            {"port":"errors","ts":2,"key":"b"}
            {"port":"out","ts":3,"key":"c","value":null}"#,
    },
    Example {
        title: "Text values are one column",
        config: r#"{ "topic": "logs", "format": "text" }"#,
        inputs: "{}",
        script: r#"{"node":"self","ts":1,"key":null,"value":"GET /"}"#,
        expect: r#"{"port":"out","ts":1,"key":null,"value":{"value":"GET /"}}"#,
    },
    Example {
        title: "What Kafka Streams has counted in windows of a minute",
        config: r#"{ "topic": "counts", "schema": { "count": "int64" },
                     "window_key": { "kafka-streams-time": { "size": "1m" } } }"#,
        inputs: "{}",
        script: r#"
            {"node":"self","ts":1,"key":{"base64":"YQAAAAAAAOpg"},"value":{"count":2}}
            {"node":"self","ts":2,"key":"b","window":{"start":0,"end":60000},"value":{"count":3}}
            {"node":"self","ts":3,"key":"short","value":{"count":4}}"#,
        expect: r#"
            {"port":"out","ts":1,"key":"a","window":{"start":60000,"end":120000},"value":{"count":2}}
            {"port":"out","ts":2,"key":"b","window":{"start":0,"end":60000},"value":{"count":3}}
            {"port":"errors","ts":3,"key":"short"}"#,
    },
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::problem::Place;

    fn shape(config: serde_json::Value) -> Box<dyn Shape> {
        (OPERATOR.configure)(config).unwrap()
    }

    #[test]
    fn start_and_topics_in_every_spelling() {
        for (config, topics, start) in [
            (json!({ "topic": "a" }), Topics::Named(vec!["a".into()]), Start::Earliest),
            (
                json!({ "topics": ["a", "b"], "start": "latest" }),
                Topics::Named(vec!["a".into(), "b".into()]),
                Start::Latest,
            ),
            (json!({ "pattern": "a.*", "start": "committed" }), Topics::Matching("a.*".into()), Start::Committed),
            (json!({ "topic": "a", "start": { "offset": 7 } }), Topics::Named(vec!["a".into()]), Start::Offset(7)),
            (
                json!({ "topic": "a", "start": { "timestamp": "1970-01-01T00:00:01Z" } }),
                Topics::Named(vec!["a".into()]),
                Start::Timestamp(1000),
            ),
        ] {
            let form = Form::of::<KafkaSource>();
            assert_eq!(form.validate(config.as_object().unwrap(), &Place::default()), []);
            let source = TopicSource { cluster: "default".into(), topics, start, window_key: None };
            assert_eq!(shape(config).touches(), Touches::Reads(source));
        }
    }

    #[test]
    fn windowed_keys_make_a_windowed_stream() {
        for (window_key, windowed) in [
            (json!("plain"), false),
            (json!("json"), true),
            (json!({ "kafka-streams-time": { "size": "1m" } }), true),
            (json!("kafka-streams-session"), true),
        ] {
            let config = json!({ "topic": "a", "window_key": window_key });
            assert_eq!(Form::of::<KafkaSource>().validate(config.as_object().unwrap(), &Place::default()), []);
            let stream = shape(config).output(&[], &mut Report::new("n")).remove(0).unwrap();
            assert_eq!((stream.windowed, stream.carries), (windowed, Carries::Records), "{window_key}");
        }
        let sizeless = json!({ "topic": "a", "window_key": "kafka-streams-time" });
        assert_ne!(Form::of::<KafkaSource>().validate(sizeless.as_object().unwrap(), &Place::default()), []);
    }

    #[test]
    fn a_wrong_config_is_told() {
        for (config, message) in [
            (json!({}), "there is no topic"),
            (json!({ "topics": [] }), "there is no topic"),
            (json!({ "topic": "a", "pattern": "b" }), "topics are given in two ways"),
            (json!({ "topic": "a", "format": "text", "schema": { "a": "text" } }), "only JSON has a schema"),
            (json!({ "topic": "a", "time": { "column": "ts" } }), "there is no column `ts`"),
            (json!({ "topic": "a", "window_key": { "kafka-streams-time": { "size": "0s" } } }), "it is 0"),
            (json!({ "topic": "a", "schema": { "_id": "text", "_key": "text" } }), "`_key` is the name of metadata"),
            (
                json!({ "topic": "a", "schema": { "ts": "text" }, "time": { "column": "ts" } }),
                "`ts` is text, and a time is a timestamp or an int64 in milliseconds",
            ),
        ] {
            let mut report = Report::new("n");
            shape(config).output(&[], &mut report);
            assert_eq!(report.finish()[0].message, message);
        }
    }
}
