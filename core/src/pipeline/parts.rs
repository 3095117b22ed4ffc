//! The parts of a file. What the file leaves out is `None` or empty here, so that saving writes what was loaded.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::{Settable, Supervision, Via};
use crate::fields::{DurationText, Entries};

/// How a pipeline runs.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[serde(default)]
pub struct Settings {
    /// Consumer group, and prefix of every durable name. Default: the pipeline's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_id: Option<String>,
    /// What holds after a failure. Default: at-least-once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guarantee: Option<Settable<Guarantee>>,
    /// How often offsets are committed. Default: 1s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit_interval: Option<Settable<DurationText>>,
    /// One process, or a group of them. Default: single.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<Settable<Scale>>,
    /// How long a task waits for a Kafka queue that is empty while the broker has more for it, before it takes records
    /// of its other queues. Default: 0s, only as long as the broker has more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_task_idle: Option<Settable<DurationText>>,
    /// Threads that run tasks. Default: as many as cores.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minimum" = 1))]
    pub threads: Option<Settable<u32>>,
}

/// What holds for every record after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Guarantee {
    /// its results are written, perhaps twice
    #[default]
    AtLeastOnce,
    /// its results are written once
    ExactlyOnce,
}

/// How many processes run the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// one
    #[default]
    Single,
    /// any number, sharing the partitions
    Group,
}

/// A value given at the start of a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The value where none is given. A secret has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// Its value comes from environment, file or prompt, and is never shown.
    #[serde(default, skip_serializing_if = "is_false")]
    pub secret: bool,
}

/// A Kafka cluster.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cluster {
    /// Addresses as `host:port`, with commas between, or `embedded`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brokers: Option<String>,
    /// librdkafka's properties, but those that the engine owns.
    #[serde(default, skip_serializing_if = "Entries::is_empty")]
    #[schemars(extend("x-kind" = "properties"))]
    pub properties: Entries<String>,
}

/// A node: an operator, configured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// `[a-z][a-z0-9-]{0,62}`; durable names are made of it.
    pub id: String,
    /// The kind of node.
    pub operator: String,
    /// What the canvas shows instead of the id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The operator's fields.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub config: Map<String, Value>,
    /// Where it stands on the canvas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Point>,
    /// It is left out of the run, and so is what gets its input from nowhere else.
    #[serde(default, skip_serializing_if = "is_false")]
    pub disabled: bool,
    /// What a failed record does where no edge leaves by `errors`. Default: stop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_error: Option<OnError>,
    /// What happens when the node itself fails. Default: stop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supervision: Option<Supervision>,
}

/// What a failed record does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnError {
    /// it stops the run, uncommitted
    #[default]
    Stop,
    /// it is counted, and the last few are kept for inspection
    Count,
}

/// An edge from an output port to an input port.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Edge {
    /// `node.port` that it leaves.
    pub from: PortRef,
    /// `node.port` that it enters.
    pub to: PortRef,
    /// How records travel. Default: in memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<Via>,
    /// Bends of its line on the canvas.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub points: Vec<Point>,
}

/// A port of a node, written `node.port`. Whatever was written is kept, so that the checker can speak of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PortRef {
    /// id of the node
    pub node: String,
    /// name of the port; empty where none was written
    pub port: String,
}

/// A place on the canvas in whole units; fractions in a file are rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Point {
    /// to the right
    pub x: i32,
    /// down
    pub y: i32,
}

/// Nodes drawn as one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// Known by; given by us where the file has none.
    #[serde(default)]
    pub id: String,
    /// What the canvas shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Ids of its nodes.
    #[serde(default)]
    pub nodes: Vec<String>,
    /// Drawn as one box.
    #[serde(default, skip_serializing_if = "is_false")]
    pub collapsed: bool,
}

/// A text on the canvas.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// Known by; given by us where the file has none.
    #[serde(default)]
    pub id: String,
    /// The text.
    pub text: String,
    /// Where it stands.
    #[serde(default)]
    pub at: Point,
    /// Width and height.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Point>,
    /// Its paper. Default: sand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub colour: Option<NoteColour>,
}

/// The colour of a note's paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoteColour {
    /// as sand
    #[default]
    Sand,
    /// as water
    Blue,
    /// as leaves
    Green,
    /// as roses
    Rose,
}

/// A script of the test driver, and what it must give.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PipelineTest {
    /// What it shows.
    pub name: String,
    /// Rows of the test driver.
    #[serde(default)]
    pub script: Vec<Value>,
    /// Rows expected, by `node.port`.
    #[serde(default)]
    pub expect: Entries<Vec<Value>>,
    /// How rows are compared. Default: exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
}

/// How the rows of a test are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// in this order
    #[default]
    Exact,
    /// in this order among the rows of a key
    PerKey,
    /// in any order
    Set,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

impl Settings {
    /// Nothing is set.
    pub fn is_empty(&self) -> bool {
        *self == Settings::default()
    }
}

impl Node {
    /// A node with nothing but its operator.
    pub fn new(id: impl Into<String>, operator: impl Into<String>) -> Node {
        Node {
            id: id.into(),
            operator: operator.into(),
            label: None,
            config: Map::new(),
            at: None,
            disabled: false,
            on_error: None,
            supervision: None,
        }
    }

    /// The same node, configured.
    pub fn with_config(self, config: Map<String, Value>) -> Node {
        Node { config, ..self }
    }

    /// What people call it: its label, or its id.
    pub fn title(&self) -> &str {
        self.label.as_deref().unwrap_or(&self.id)
    }
}

impl Edge {
    /// An edge in memory between `node.port` and `node.port`.
    pub fn new(from: impl Into<PortRef>, to: impl Into<PortRef>) -> Edge {
        Edge { from: from.into(), to: to.into(), via: None, points: Vec::new() }
    }

    /// What it is known by: `from->to`.
    pub fn id(&self) -> String {
        format!("{}->{}", self.from, self.to)
    }

    /// It touches the node.
    pub fn touches(&self, node: &str) -> bool {
        self.from.node == node || self.to.node == node
    }
}

impl PortRef {
    /// A port of a node.
    pub fn new(node: impl Into<String>, port: impl Into<String>) -> PortRef {
        PortRef { node: node.into(), port: port.into() }
    }

    /// Nothing was written.
    pub fn is_nothing(&self) -> bool {
        self.node.is_empty() && self.port.is_empty()
    }
}

impl From<&str> for PortRef {
    fn from(text: &str) -> PortRef {
        match text.split_once('.') {
            Some((node, port)) => PortRef::new(node, port),
            None => PortRef::new(text, ""),
        }
    }
}

impl fmt::Display for PortRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port.as_str() {
            "" => f.write_str(&self.node),
            port => write!(f, "{}.{port}", self.node),
        }
    }
}

impl Serialize for PortRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PortRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PortRef, D::Error> {
        Ok(PortRef::from(String::deserialize(deserializer)?.as_str()))
    }
}

impl JsonSchema for PortRef {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PortRef".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[a-z][a-z0-9-]{0,62}\\.[a-z][a-z0-9-]{0,19}$" })
    }
}

impl Serialize for Point {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        [self.x, self.y].serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Point {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Point, D::Error> {
        let [x, y] = <[f64; 2]>::deserialize(deserializer)?.map(|coordinate| coordinate.round() as i32);
        Ok(Point { x, y })
    }
}

impl JsonSchema for Point {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Point".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "array", "items": { "type": "number" }, "minItems": 2, "maxItems": 2 })
    }
}
