//! Where a person is: the open view, what is selected in each, what lies over it, the open prompt.

use std::collections::BTreeSet;

pub(crate) use tidegate_core::faces::building::AddTo;
use tidegate_core::pipeline::PortRef;
use tidegate_core::snapshot::RecordsWanted;

use super::filter::Filter;
use super::form::FormSheet;
use crate::commands::{Act, View};
use crate::graph::Detail;
use crate::host::Opening;
use crate::line::Line;

/// Where a person is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place {
    pub(crate) view: View,
    pub(crate) graph: GraphPlace,
    /// by the place of the view; behind them the other pages of the cluster
    pub(crate) lists: [List; 9],
    pub(crate) page: Page,
    /// what lies over the view, the topmost last
    pub(crate) sheets: Vec<Sheet>,
    pub(crate) prompt: Option<Prompt>,
    pub(crate) question: Option<Question>,
    /// how many minutes sparks show; 0 is all that is known
    pub(crate) minutes: Minutes,
}

/// What the view of the cluster shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Page {
    #[default]
    Groups,
    Topics,
    /// records of a topic
    Records(RecordsWanted),
}

/// The time that sparks show, by its place among the choices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Minutes(usize);

const MINUTES: [i64; 4] = [1, 5, 15, 60];

impl Default for Minutes {
    fn default() -> Minutes {
        Minutes(1)
    }
}

impl Minutes {
    pub(crate) fn ms(self) -> i64 {
        MINUTES[self.0] * 60_000
    }

    pub(crate) fn longer(self) -> Minutes {
        Minutes((self.0 + 1).min(MINUTES.len() - 1))
    }

    pub(crate) fn shorter(self) -> Minutes {
        Minutes(self.0.saturating_sub(1))
    }

    /// `15 min`.
    pub(crate) fn words(self) -> String {
        format!("{} min", MINUTES[self.0])
    }
}

/// What is selected in the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Chosen {
    /// a node, by its id
    Node(String),
    /// an edge, as `from->to`
    Edge(String),
}

/// Where a person is in the graph.
#[derive(Debug, Clone, Default)]
pub(crate) struct GraphPlace {
    pub(crate) chosen: Option<Chosen>,
    /// none: the largest that fits
    pub(crate) detail: Option<Detail>,
    /// by how many cells it is panned, beside following the selection
    pub(crate) pan: (isize, isize),
    /// nodes that are marked, for what takes several
    pub(crate) marked: BTreeSet<String>,
    pub(crate) hides_map: bool,
}

/// Where a person is in a table.
#[derive(Debug, Clone, Default)]
pub(crate) struct List {
    /// key of the selected row
    pub(crate) chosen: Option<String>,
    /// the selection was moved off the end, where a list that grows would follow it
    pub(crate) is_off_end: bool,
    /// the first row on the screen
    pub(crate) top: usize,
    /// place of the column by which it is sorted, and whether the largest comes last
    pub(crate) sort: Option<(usize, bool)>,
    pub(crate) only_bad: bool,
    /// what is quiet too, where it is left out by default
    pub(crate) shows_all: bool,
    pub(crate) filter: Option<Filter>,
    /// keys of rows whose parts are not shown
    pub(crate) folded: BTreeSet<String>,
    pub(crate) other_columns: bool,
    /// the node that it is about
    pub(crate) subject: Option<String>,
}

/// Something over the view.
#[derive(Debug, Clone)]
pub(crate) enum Sheet {
    /// keys
    Help { search: Line, page: usize },
    /// operators to choose from
    Add(AddSheet),
    /// ports to choose from
    Connect(ConnectSheet),
    /// a node's config
    Form(Box<FormSheet>),
    /// what is wrong with the drawing
    Problems { chosen: usize },
    /// why a node is slow, or silent
    Why { node: String, lane: Option<u32> },
    /// a text to read to its end
    Text(TextSheet),
    /// another id for a node
    Rename { node: String, line: Line },
    /// pipelines and runs to open
    Gallery { search: Line, chosen: usize },
    /// notes of the drawing
    Notes(NotesSheet),
    /// what may be asked of what is selected
    Menu { acts: Vec<Act>, chosen: usize },
}

/// A text to read to its end.
#[derive(Debug, Clone, Default)]
pub(crate) struct TextSheet {
    pub(crate) title: String,
    pub(crate) lines: Vec<String>,
    /// lines that are above the screen
    pub(crate) top: usize,
    /// key of the row of partitions that it leads to
    pub(crate) partition: Option<String>,
}

/// Choosing an operator.
#[derive(Debug, Clone)]
pub(crate) struct AddSheet {
    pub(crate) to: AddTo,
    pub(crate) search: Line,
    pub(crate) chosen: usize,
}

/// Choosing a port to connect to.
#[derive(Debug, Clone)]
pub(crate) struct ConnectSheet {
    pub(crate) from: PortRef,
    pub(crate) search: Line,
    pub(crate) chosen: usize,
    pub(crate) is_topic: bool,
}

/// Notes of the drawing, behind the last of them a new one.
#[derive(Debug, Clone, Default)]
pub(crate) struct NotesSheet {
    pub(crate) chosen: usize,
    /// what is typed in place of the selected one
    pub(crate) editing: Option<Line>,
}

/// An open prompt.
#[derive(Debug, Clone)]
pub(crate) struct Prompt {
    pub(crate) kind: PromptKind,
    pub(crate) line: Line,
    pub(crate) chosen: usize,
}

/// What a prompt is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PromptKind {
    /// `:`
    GoTo,
    /// `/`
    Filter,
}

/// A question before something is done that cannot be undone.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) text: String,
    pub(crate) yes: Yes,
}

/// What is done on yes.
#[derive(Debug, Clone)]
pub(crate) enum Yes {
    Do(Act),
    Open(Opening),
}

impl Place {
    /// Where a person is in the open table.
    pub(crate) fn list(&self) -> &List {
        &self.lists[self.list_place()]
    }

    /// The same, to be changed.
    pub(crate) fn list_mut(&mut self) -> &mut List {
        let place = self.list_place();
        &mut self.lists[place]
    }

    fn list_place(&self) -> usize {
        match (self.view, &self.page) {
            (View::Cluster, Page::Topics) => View::ALL.len(),
            (View::Cluster, Page::Records(_)) => View::ALL.len() + 1,
            (view, _) => view.place(),
        }
    }
}
