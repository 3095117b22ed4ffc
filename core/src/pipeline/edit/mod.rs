//! Edits: the only way to change a pipeline. Applying one gives its inverse, so undo, both screens and tests are the same
//! code. An edit that cannot be applied changes nothing.

mod apply;
mod fix;
mod fragment;
mod rename;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use super::{
    Cluster, Edge, Group, Node, Note, OnError, Parameter, Pipeline, PipelineTest, Point, PortRef, Settings,
    Supervision, Via,
};
use crate::fields::Entries;

pub use fix::fix;
pub use fragment::Fragment;

/// A change of a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// a node more, behind the others
    AddNode(Node),
    /// a node less, with its edges and its place in groups
    RemoveNode {
        /// its id
        id: String,
    },
    /// another id; edges, groups and tests follow. State and topics named after the old one do not.
    RenameNode {
        /// the id so far
        id: String,
        /// the id from now on
        to: String,
    },
    /// something else of a node
    ChangeNode {
        /// its id
        id: String,
        /// what
        change: NodeChange,
    },
    /// nodes elsewhere on the canvas
    MoveNodes(Vec<(String, Point)>),
    /// an edge more, behind the others
    Connect(Edge),
    /// an edge less
    Disconnect {
        /// `from->to`
        edge: String,
    },
    /// something else of an edge
    ChangeEdge {
        /// `from->to`
        edge: String,
        /// what
        change: EdgeChange,
    },
    /// a whole part of the document in place of the one there
    Replace(Section),
    /// several edits as one step; all of them or none
    Batch {
        /// what the step is called
        label: String,
        /// in this order
        edits: Vec<Edit>,
    },
    /// nodes and edges at these places; what [`Edit::Take`] took
    Insert(Parts),
    /// nodes and edges away from these places, which count as they are before any is gone
    Take {
        /// places of nodes, ascending
        nodes: Vec<usize>,
        /// places of edges, ascending
        edges: Vec<usize>,
    },
}

/// What changes of a node.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeChange {
    /// its kind; the config stays
    Operator(String),
    /// what the canvas shows
    Label(Option<String>),
    /// the whole config
    Config(Map<String, Value>),
    /// one field of the config, by its path; without a value it goes
    Field {
        /// names from the top; objects on the way are made
        path: Vec<String>,
        /// the new value
        value: Option<Value>,
    },
    /// whether it is left out of the run
    Disabled(bool),
    /// what a failed record does
    OnError(Option<OnError>),
    /// what happens when it fails itself
    Supervision(Option<Supervision>),
    /// its place on the canvas
    At(Option<Point>),
}

/// What changes of an edge.
#[derive(Debug, Clone, PartialEq)]
pub enum EdgeChange {
    /// how it travels
    Via(Option<Via>),
    /// the bends of its line
    Points(Vec<Point>),
    /// where it leaves and enters
    Ends {
        /// it leaves
        from: PortRef,
        /// it enters
        to: PortRef,
    },
}

/// A part of the document that is replaced as a whole.
#[derive(Debug, Clone, PartialEq)]
pub enum Section {
    /// the name
    Name(String),
    /// the description
    Description(String),
    /// the settings
    Settings(Settings),
    /// the parameters
    Parameters(Entries<Parameter>),
    /// the clusters
    Clusters(Entries<Cluster>),
    /// the edges
    Edges(Vec<Edge>),
    /// the groups
    Groups(Vec<Group>),
    /// the notes
    Notes(Vec<Note>),
    /// the tests
    Tests(Vec<PipelineTest>),
    /// the lesson
    Lesson(Option<Value>),
}

/// Nodes and edges with their places, ascending, as they are when all are in.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parts {
    /// nodes
    pub nodes: Vec<(usize, Node)>,
    /// edges
    pub edges: Vec<(usize, Edge)>,
}

/// Why an edit cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// no node has the id
    #[error("there is no node `{0}`")]
    NoNode(String),
    /// a node has it already
    #[error("there is a node `{0}` already")]
    NodeExists(String),
    /// not an id
    #[error("`{0}` cannot be an id: a-z, 0-9 and `-`, a letter first, at most 63 characters")]
    NoId(String),
    /// not a port
    #[error("`{0}` is not a port: write `node.port`")]
    NoPort(String),
    /// no such edge
    #[error("there is no edge `{0}`")]
    NoEdge(String),
    /// such an edge is there
    #[error("there is an edge `{0}` already")]
    EdgeExists(String),
    /// a field path that leads through a value that is not an object
    #[error("`{0}` is not a field: what it lies in is not an object")]
    NoField(String),
    /// a place beyond the end
    #[error("there is no place {0}")]
    NoPlace(usize),
}

impl Edit {
    /// Changes the pipeline and returns what changes it back, exactly: order and positions too.
    ///
    /// # Errors
    /// Why it cannot be done; the pipeline is then as it was.
    pub fn apply(&self, pipeline: &mut Pipeline) -> Result<Edit, EditError> {
        apply::apply(self, pipeline)
    }

    /// What the step is called, for an undo menu.
    pub fn label(&self) -> String {
        match self {
            Edit::AddNode(node) => format!("add {}", node.id),
            Edit::RemoveNode { id } => format!("remove {id}"),
            Edit::RenameNode { id, to } => format!("rename {id} to {to}"),
            Edit::ChangeNode { id, change } => format!("{} of {id}", change.label()),
            Edit::MoveNodes(moves) => match moves.as_slice() {
                [(id, _)] => format!("move {id}"),
                several => format!("move {} nodes", several.len()),
            },
            Edit::Connect(edge) => format!("connect {} to {}", edge.from, edge.to),
            Edit::Disconnect { edge } => format!("disconnect {edge}"),
            Edit::ChangeEdge { edge, .. } => format!("change {edge}"),
            Edit::Replace(section) => format!("change the {}", section.label()),
            Edit::Batch { label, .. } => label.clone(),
            Edit::Insert(_) => "put back".into(),
            Edit::Take { .. } => "take away".into(),
        }
    }
}

impl NodeChange {
    fn label(&self) -> String {
        match self {
            NodeChange::Operator(_) => "change the operator".into(),
            NodeChange::Label(_) => "change the label".into(),
            NodeChange::Config(_) => "change the config".into(),
            NodeChange::Field { path, .. } => format!("change {}", path.join(".")),
            NodeChange::Disabled(true) => "switch off the run".into(),
            NodeChange::Disabled(false) => "switch on the run".into(),
            NodeChange::OnError(_) => "change on_error".into(),
            NodeChange::Supervision(_) => "change the supervision".into(),
            NodeChange::At(_) => "change the place".into(),
        }
    }
}

impl Section {
    fn label(&self) -> &'static str {
        match self {
            Section::Name(_) => "name",
            Section::Description(_) => "description",
            Section::Settings(_) => "settings",
            Section::Parameters(_) => "parameters",
            Section::Clusters(_) => "clusters",
            Section::Edges(_) => "edges",
            Section::Groups(_) => "groups",
            Section::Notes(_) => "notes",
            Section::Tests(_) => "tests",
            Section::Lesson(_) => "lesson",
        }
    }
}
