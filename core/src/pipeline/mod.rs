//! The drawn graph: one document with nodes, edges and how they travel, parameters, notes and tests. Plain values in the
//! order of the file; a pipeline is changed through [`edit`] only. What an operator is, this module does not know.

pub mod diff;
pub mod edit;
mod format;
mod graph;
mod identity;
pub(crate) mod json;
mod locate;
pub mod params;
mod parse;
mod parts;
#[cfg(test)]
pub(crate) mod samples;
mod settable;
#[cfg(test)]
mod tests;
mod travel;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fields::Entries;

pub use format::{to_canonical, value_to_text};
pub use graph::Way;
pub(crate) use identity::is_place;
pub use identity::{is_application_id, is_node_id, is_parameter_name, is_port_name};
pub(crate) use parse::Reading;
pub use parts::{
    Cluster, Edge, Group, Guarantee, Node, Note, NoteColour, OnError, Order, Parameter, PipelineTest, Point, PortRef,
    Scale, Settings,
};
pub use settable::Settable;
pub use travel::{Direct, Restart, Supervision, ThroughTopic, Via};

/// The version of the file that this program writes, and the highest that it reads.
pub const VERSION: u32 = 1;

/// A drawn pipeline: the whole of a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// Version of the file; rises only when an older program would misread it.
    pub tidegate: u32,
    /// What the pipeline is called.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// How it runs.
    #[serde(default, skip_serializing_if = "Settings::is_empty")]
    pub settings: Settings,
    /// Values given at the start of a run, taken in texts as `${NAME}`.
    #[serde(default, skip_serializing_if = "Entries::is_empty")]
    pub parameters: Entries<Parameter>,
    /// Kafka clusters by name; the one that nodes use unless they say otherwise is `default`.
    #[serde(default, skip_serializing_if = "Entries::is_empty")]
    pub clusters: Entries<Cluster>,
    /// The nodes, in the order of the file.
    #[serde(default)]
    pub nodes: Vec<Node>,
    /// The edges, in the order of the file.
    #[serde(default)]
    pub edges: Vec<Edge>,
    /// Nodes drawn as one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<Group>,
    /// Texts on the canvas.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Note>,
    /// Rows in, rows expected out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tests: Vec<PipelineTest>,
    /// What a lesson of the gallery tells about the pipeline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lesson: Option<Value>,
}

impl Pipeline {
    /// A pipeline without nodes.
    pub fn new(name: impl Into<String>) -> Pipeline {
        Pipeline {
            tidegate: VERSION,
            name: name.into(),
            description: String::new(),
            settings: Settings::default(),
            parameters: Entries::default(),
            clusters: Entries::default(),
            nodes: Vec::new(),
            edges: Vec::new(),
            groups: Vec::new(),
            notes: Vec::new(),
            tests: Vec::new(),
            lesson: None,
        }
    }

    /// The node of an id.
    pub fn node(&self, id: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.id == id)
    }

    /// The edge known as `from->to`.
    pub fn edge(&self, id: &str) -> Option<&Edge> {
        self.edges.iter().find(|edge| edge.id() == id)
    }

    /// The id of the consumer group and the prefix of every durable name, as written: `settings.application_id`, or the
    /// name of the pipeline.
    pub fn application_id(&self) -> &str {
        self.settings.application_id.as_deref().unwrap_or(&self.name)
    }

    /// An id that no node, note or group has: `stem`, or `stem-2`, `stem-3`, …
    pub fn fresh_id(&self, stem: &str) -> String {
        let taken = |id: &str| {
            self.nodes.iter().any(|node| node.id == id)
                || self.notes.iter().any(|note| note.id == id)
                || self.groups.iter().any(|group| group.id == id)
        };
        identity::fresh(stem, taken)
    }
}
