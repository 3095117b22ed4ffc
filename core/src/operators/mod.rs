//! Operators: kinds of node. Each is one file and one line in [`ALL`]: help, config, ports, output, behaviour,
//! examples and tests. This module is what they share with the checker and the planner; [`body`] is what they share
//! with the engine. Neither knows threads or Kafka. A kind is described by an [`Operator`]; a configured node is a
//! [`Shape`] (immutable); a node that runs on one lane is a [`Body`].

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use serde_json::Value;

use crate::batch::Batch;
use crate::codec::ValueFormat;
use crate::expr::{Expr, Scope as Names};
use crate::fields::Time;
use crate::form::Form;
use crate::problem::Fault;
use crate::types::{Carries, Column, Gaps, KeyFormat, Schema, Stream, Type};

mod accumulate;
pub mod body;
mod file_lines;
mod lines;
mod page;
mod report;
mod rows;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod windows;

pub use body::*;
pub use report::{Report, compile_checked};
use report::{default_cluster, is_port_name, quoted};

/// Every operator, in the order of the palette.
pub static ALL: &[&Operator] = &[
    &kafka_source::OPERATOR,
    &generate::OPERATOR,
    &file_source::OPERATOR,
    &filter::OPERATOR,
    &map::OPERATOR,
    &branch::OPERATOR,
    &merge::OPERATOR,
    &key_by::OPERATOR,
    &scan::OPERATOR,
    &throttle::OPERATOR,
    &buffer::OPERATOR,
    &conflate::OPERATOR,
    &tumbling_window::OPERATOR,
    &hopping_window::OPERATOR,
    &sliding_window::OPERATOR,
    &session_window::OPERATOR,
    &count_window::OPERATOR,
    &aggregate::OPERATOR,
    &kafka_sink::OPERATOR,
    &file_sink::OPERATOR,
    &console_sink::OPERATOR,
    &discard::OPERATOR,
];

/// Operators that the design names and nobody has built yet.
pub static PLANNED: &[&str] = &[
    "http-source",
    "socket-source",
    "unnest",
    "dedupe",
    "grouped-within",
    "delay",
    "table",
    "top-n",
    "stream-join",
    "table-join",
    "table-table-join",
    "score",
    "train",
    "http-sink",
];

mod aggregate;
mod branch;
mod buffer;
mod conflate;
mod console_sink;
mod count_window;
mod discard;
mod file_sink;
mod file_source;
mod filter;
mod generate;
mod hopping_window;
mod kafka_sink;
mod kafka_source;
mod key_by;
mod map;
mod merge;
mod scan;
mod session_window;
mod sliding_window;
mod throttle;
mod tumbling_window;

/// Finds an operator by its name.
pub fn find(name: &str) -> Option<&'static Operator> {
    ALL.iter().find(|operator| operator.name == name).copied()
}

/// The description of a kind of node: plain data, from which forms, help, checks and tests are derived.
#[derive(Debug)]
pub struct Operator {
    /// kebab-case, unique
    pub name: &'static str,
    /// one line
    pub summary: &'static str,
    /// the help page, as Markdown: what it does, when it emits, what it does with nulls, tombstones and full buffers
    pub help: &'static str,
    /// where it stands in a pipeline
    pub role: Role,
    /// with which others it stands in a palette
    pub family: Family,
    /// Phosphor's name of its icon
    pub icon: &'static str,
    /// what its state or budget is kept for
    pub scope: Scope,
    /// what becomes of a record's value in it
    pub value: ValueRole,
    /// the fields of its config
    pub form: fn() -> Form,
    /// reads a config that the form has validated
    pub configure: fn(Value) -> Result<Box<dyn Shape>, ConfigError>,
    /// examples that run as tests
    pub examples: &'static [Example],
}

/// Where an operator stands in a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// has no input
    Source,
    /// has both
    #[default]
    Flow,
    /// has no output but `errors`
    Sink,
}

/// Operators that do alike, in the order of a palette.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// give records
    Sources,
    /// pass records on, changed, chosen or slowed
    Flows,
    /// aggregate records of a time
    Windows,
    /// keep a value for each key
    Tables,
    /// bring two streams together
    Joins,
    /// apply models
    Scoring,
    /// take records
    Sinks,
}

impl Family {
    /// All of them, in order.
    pub const ALL: [Family; 7] = [
        Family::Sources,
        Family::Flows,
        Family::Windows,
        Family::Tables,
        Family::Joins,
        Family::Scoring,
        Family::Sinks,
    ];

    /// What it is called.
    pub fn title(self) -> &'static str {
        match self {
            Family::Sources => "Sources",
            Family::Flows => "Flows",
            Family::Windows => "Windows",
            Family::Tables => "Tables",
            Family::Joins => "Joins",
            Family::Scoring => "Scoring",
            Family::Sinks => "Sinks",
        }
    }
}

/// What an operator's state or budget is kept for; the planner obeys it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// it has none: each record stands for itself
    Record,
    /// one budget for all lanes of a process
    Node,
    /// one state per lane
    Lane,
    /// one state per key: all records of a key must come to one lane
    Key,
}

/// What becomes of a record's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueRole {
    /// the same bytes go on: a sink may pass them through
    Kept,
    /// columns change, or there were never any bytes
    Made,
}

/// A config that serde refused although the form had let it pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// path of the field; empty where none can be named
    pub field: String,
    /// what is wrong
    pub message: String,
}

/// An example: a node of this kind, rows sent to its ports, rows expected at its ports. Runs in the test driver.
#[derive(Debug, Clone, Copy)]
pub struct Example {
    /// what it shows
    pub title: &'static str,
    /// JSON: the node's config
    pub config: &'static str,
    /// JSON: `{"in": {"schema": {…}, "key_format": "text", "windowed": false}}`, the stream at each input port; `{}` for a source
    pub inputs: &'static str,
    /// JSON lines of the test driver; `node` names an input port, or `self` the node
    pub script: &'static str,
    /// JSON lines: rows expected, with `port` and without `node`; for a sink what it receives at port `in`
    pub expect: &'static str,
}

/// A configured node. Immutable; what runs is built from it, once per lane.
pub trait Shape: Send + Sync + fmt::Debug {
    /// Ports, which may depend on the config.
    fn ports(&self) -> Ports;

    /// The stream at each declared output port, from the stream at each input port. `None` is not known: unconnected,
    /// or broken upstream. Total: reports every problem, and gives as much as can be known. The planner asks again with
    /// the columns that really come.
    fn output(&self, inputs: &[Option<Stream>], report: &mut Report) -> Vec<Option<Stream>>;

    /// What the node needs at an input port for what is wanted at its outputs (in the order of its ports, `errors` last).
    /// The default asks for what is wanted of the outputs together: right for a node that neither adds nor reads columns.
    /// A source, which has no input, is asked for each output, and adds what it reads itself.
    fn needs(&self, port: usize, inputs: &[Stream], wanted: &[Wanted]) -> Wanted {
        let _ = (port, inputs);
        Wanted::union(wanted)
    }

    /// How the payloads of a source or a sink are written. A sink passes on untouched what came in its format: `all` falls
    /// away from what it needs then, and the payload comes instead.
    fn format(&self) -> Option<&ValueFormat> {
        None
    }

    /// What the node reads or writes outside of the pipeline, so that the checker can see two nodes at one thing.
    fn touches(&self) -> Touches {
        Touches::Nothing
    }

    /// What runs on one lane. Nothing outside is touched yet: a test builds bodies that it never uses.
    ///
    /// # Errors
    /// What cannot be opened, or a config that the checker would have refused.
    fn build(&self, site: &Site<'_>) -> Result<Body, Fault>;
}

/// What a node reads or writes outside of the pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Touches {
    /// nothing that has a name
    Nothing,
    /// topics, to read
    Reads(TopicSource),
    /// a topic, to write
    Writes(TopicSink),
    /// a file, to read
    ReadsFile(PathBuf),
    /// a file, to write
    WritesFile(PathBuf),
}

/// The ports of a node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ports {
    /// where records come in; each takes any number of edges
    pub inputs: Vec<InputPort>,
    /// where records leave; each gives to any number of edges
    pub outputs: Vec<String>,
    /// whether records may fail here: adds the output port `errors`
    pub may_fail: bool,
    /// the node is itself the queue in front of what follows: its body is a [`Queue`]
    pub is_queue: bool,
    /// the node chooses how many rows it takes ([`Flow::grant`]), so those for it wait in a queue of its own
    pub is_paced: bool,
    /// keys of what leaves are others than those that came in: a keyed node behind needs them brought together anew
    pub makes_keys: bool,
}

/// A port where records come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputPort {
    /// its name
    pub name: String,
    /// what it takes; `None` is any
    pub carries: Option<Carries>,
    /// which lane a record goes to
    pub spread: Spread,
    /// unconnected is a problem
    pub is_required: bool,
}

/// How records spread over the lanes of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Spread {
    /// they stay on their lane
    Lane,
    /// by key: an exchange, where the lanes are not by key already
    Key,
    /// each lane gets all of them
    Broadcast,
}

/// Which columns, and whether the bytes as they were read, are wanted of an edge.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// every column
    pub all: bool,
    /// else these
    pub columns: BTreeSet<String>,
    /// the payload
    pub payload: bool,
}

impl ConfigError {
    /// Reads a config of type `C`, or says which field was wrong.
    ///
    /// # Errors
    /// Path and reason of the first wrong field.
    pub fn read<C: serde::de::DeserializeOwned>(config: Value) -> Result<C, ConfigError> {
        serde_path_to_error::deserialize(config).map_err(|error| ConfigError {
            field: Some(error.path().to_string()).filter(|path| path != ".").unwrap_or_default(),
            message: error.inner().to_string(),
        })
    }
}

impl Operator {
    /// The ports of a node that is not configured yet: those of an empty config, or of the first example's.
    pub fn ports(&self) -> Option<Ports> {
        let empty = (self.configure)(Value::Object(serde_json::Map::new())).ok();
        let example = || (self.configure)(serde_json::from_str(self.examples.first()?.config).ok()?).ok();
        empty.or_else(example).map(|shape| shape.ports())
    }
}

impl Ports {
    /// One input `in`, taking anything, and these outputs.
    pub fn flow(outputs: impl IntoIterator<Item = impl Into<String>>) -> Ports {
        Ports {
            inputs: vec![InputPort::any("in")],
            outputs: outputs.into_iter().map(Into::into).collect(),
            ..Ports::default()
        }
    }

    /// One output `out`.
    pub fn source() -> Ports {
        Ports { outputs: vec!["out".into()], ..Ports::default() }
    }

    /// One input `in`.
    pub fn sink() -> Ports {
        Ports { inputs: vec![InputPort::any("in")], ..Ports::default() }
    }

    /// The same ports, of a node that is a queue.
    pub fn queue(self) -> Ports {
        Ports { is_queue: true, ..self }
    }

    /// The same ports, of a node that chooses how many rows it takes.
    pub fn paced(self) -> Ports {
        Ports { is_paced: true, ..self }
    }

    /// The same ports, of a node that makes keys.
    pub fn keying(self) -> Ports {
        Ports { makes_keys: true, ..self }
    }

    /// The same ports, and `errors`.
    pub fn failing(self) -> Ports {
        Ports { may_fail: true, ..self }
    }

    /// Number of an output port by name; `errors` comes last.
    pub fn output(&self, name: &str) -> Option<usize> {
        match name {
            "errors" if self.may_fail => Some(self.outputs.len()),
            name => self.outputs.iter().position(|output| output == name),
        }
    }

    /// Number of an input port by name.
    pub fn input(&self, name: &str) -> Option<usize> {
        self.inputs.iter().position(|input| input.name == name)
    }

    /// Number of output ports, `errors` among them.
    pub fn output_count(&self) -> usize {
        self.outputs.len() + usize::from(self.may_fail)
    }

    /// Names of the output ports, `errors` last.
    pub fn output_names(&self) -> impl Iterator<Item = &str> {
        self.outputs.iter().map(String::as_str).chain(self.may_fail.then_some("errors"))
    }
}

impl InputPort {
    /// A required port that takes records and changes on their lane.
    pub fn any(name: &str) -> InputPort {
        InputPort { name: name.into(), carries: None, spread: Spread::Lane, is_required: true }
    }

    /// The same port, taking only this.
    pub fn only(self, carries: Carries) -> InputPort {
        InputPort { carries: Some(carries), ..self }
    }

    /// The same port, with all records of a key on one lane.
    pub fn by_key(self) -> InputPort {
        InputPort { spread: Spread::Key, ..self }
    }
}

/// What leaves by a port `errors`: why and where a record failed, and its bytes as they were read. Key, headers and
/// timestamp are the record's own.
pub fn errors_stream(key: KeyFormat) -> Stream {
    static SCHEMA: LazyLock<Arc<Schema>> = LazyLock::new(|| {
        let columns = vec![
            Column::required("node", Type::Text),
            Column::required("reason", Type::Text),
            Column::nullable("field", Type::Text),
            Column::nullable("span_start", Type::Int64),
            Column::nullable("span_end", Type::Int64),
            Column::required("topic", Type::Text),
            Column::required("partition", Type::Int64),
            Column::required("offset", Type::Int64),
            Column::nullable("payload", Type::Bytes),
        ];
        Arc::new(Schema::new(columns))
    });
    Stream::records(SCHEMA.clone(), key)
}

impl Wanted {
    /// What a source decodes for what is wanted of it: the column of its time too, whoever reads it.
    fn with_time(wanted: &[Wanted], time: &Time) -> Wanted {
        let mut all = Wanted::union(wanted);
        if let Time::Column(name) = time {
            all.columns.insert(name.as_str().to_string());
        }
        all
    }

    /// Everything that the stream has.
    pub fn all() -> Wanted {
        Wanted { all: true, ..Wanted::default() }
    }

    /// What any of these wants.
    pub fn union(parts: &[Wanted]) -> Wanted {
        parts.iter().fold(Wanted::default(), |mut sum, part| {
            sum.all |= part.all;
            sum.payload |= part.payload;
            sum.columns.extend(part.columns.iter().cloned());
            sum
        })
    }

    /// The same, and what expressions over the first input read.
    pub fn reading(mut self, texts: &[&str], inputs: &[Stream]) -> Wanted {
        let compile = |text: &&str| Expr::compile(text, &Names::from(inputs.first()?)).ok();
        for expr in texts.iter().filter_map(compile) {
            self = self.and(&expr);
        }
        self
    }

    /// The same, and what an expression reads.
    pub fn and(mut self, expr: &Expr) -> Wanted {
        self.columns.extend(expr.uses().columns.iter().cloned());
        self
    }

    /// Whether a column is wanted.
    pub fn has(&self, column: &str) -> bool {
        self.all || self.columns.contains(column)
    }
}

/// Reads a config that is its own shape.
fn configure<C: Shape + serde::de::DeserializeOwned + 'static>(config: Value) -> Result<Box<dyn Shape>, ConfigError> {
    Ok(Box::new(ConfigError::read::<C>(config)?))
}
