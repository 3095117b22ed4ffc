//! What a frame asks for: screens draw from what is known, collect these, and they are done after the frame.

use std::collections::BTreeSet;
use std::path::PathBuf;

use egui::Pos2;
use tidegate_core::faces::building::AddTo;
use tidegate_core::faces::drawing::Drawing;
use tidegate_core::faces::host::{Found, Rights};
use tidegate_core::faces::subject::Subject;
use tidegate_core::faces::topics::Topics;
use tidegate_core::faces::watched::Watched;
use tidegate_core::operators::Operator;
use tidegate_core::pipeline::edit::Edit;

use crate::commands::Command;
use crate::desk::{DeskView, Wanted};
use crate::panels::bottom::Tab;
use crate::panels::changes::ChangesSeen;
use crate::panels::finder::What;
use crate::scene::Scene;
use crate::theme::Theme;

/// Something that is asked for.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// one step of the drawing
    Edit(Edit),
    /// another id of a node, which stays selected
    Rename { id: String, to: String },
    /// another name of a parameter or a cluster, which stays open
    RenamePart { part: Subject, to: String },
    /// what is selected from now on
    Choose(Chosen),
    /// a command
    Do(Command),
    /// what is not this document's own to do
    Desk(Wanted),
    /// write this one to a new file
    SaveAs(PathBuf),
    /// a node of this operator
    Add(&'static Operator, AddTo, Option<Pos2>),
    /// a note, at a place of the canvas
    AddNote(Pos2),
    /// a list
    List(What),
    /// a tab of the panel below
    Tab(Tab),
    /// ask for an operator, at a place of the canvas
    QuickAdd(AddTo, Pos2),
    /// the field of the selected node that takes the keyboard, where it is shown
    Field(Option<String>),
    /// show what differs from the file
    Changes(ChangesSeen),
    /// show a place: select it, bring it into view
    Show(Chosen),
    /// a value of a parameter for runs of this window; none takes it back
    Give(String, Option<String>),
    /// which topics this cluster has
    AskTopics(String),
    /// the settings of what is selected take the keyboard
    Settings,
    /// the canvas takes the keyboard
    Canvas,
    /// say something for a while
    Say(String),
}

/// What is selected.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Chosen {
    pub(crate) nodes: BTreeSet<String>,
    pub(crate) edge: Option<String>,
    /// a bend of the edge, by its number
    pub(crate) bend: Option<usize>,
    /// a note, by its id
    pub(crate) note: Option<String>,
    /// what of the pipeline itself is open
    pub(crate) part: Option<Subject>,
}

impl Chosen {
    pub(crate) fn node(id: impl Into<String>) -> Chosen {
        Chosen { nodes: BTreeSet::from([id.into()]), ..Chosen::default() }
    }

    pub(crate) fn nodes<'a>(ids: impl IntoIterator<Item = &'a str>) -> Chosen {
        Chosen { nodes: ids.into_iter().map(str::to_string).collect(), ..Chosen::default() }
    }

    pub(crate) fn edge(id: impl Into<String>) -> Chosen {
        Chosen { edge: Some(id.into()), ..Chosen::default() }
    }

    pub(crate) fn bend(edge: impl Into<String>, bend: usize) -> Chosen {
        Chosen { bend: Some(bend), ..Chosen::edge(edge) }
    }

    pub(crate) fn note(id: impl Into<String>) -> Chosen {
        Chosen { note: Some(id.into()), ..Chosen::default() }
    }

    /// A part of the pipeline itself: how it runs, a parameter, a cluster.
    pub(crate) fn part(part: Subject) -> Chosen {
        Chosen { part: Some(part), ..Chosen::default() }
    }

    /// The node that alone is selected.
    pub(crate) fn only_node(&self) -> Option<&str> {
        match self.nodes.len() {
            1 => self.nodes.first().map(String::as_str),
            _ => None,
        }
    }

    /// What is still there.
    pub(crate) fn kept(mut self, drawing: &Drawing) -> Chosen {
        self.nodes.retain(|id| drawing.pipeline.node(id).is_some());
        let edge = self.edge.as_ref().and_then(|edge| drawing.pipeline.edge(edge));
        self.bend = self.bend.filter(|bend| edge.is_some_and(|edge| *bend < edge.points.len()));
        self.edge = self.edge.take_if(|_| edge.is_some());
        self.note = self.note.filter(|id| drawing.pipeline.notes.iter().any(|note| note.id == *id));
        self.part = self.part.filter(|part| part.values(&drawing.pipeline).is_some());
        self
    }
}

/// What screens draw from, and where they leave what is asked for.
pub(crate) struct Cx<'a> {
    pub(crate) theme: &'a Theme,
    pub(crate) drawing: &'a Drawing,
    pub(crate) run: &'a Watched,
    pub(crate) scene: &'a Scene,
    pub(crate) rights: Rights,
    /// what runs here was drawn otherwise
    pub(crate) runs_otherwise: bool,
    /// what can be opened
    pub(crate) found: &'a [Found],
    /// what it shares with other documents
    pub(crate) desk: &'a DeskView,
    /// topics of the drawing's clusters
    pub(crate) topics: &'a Topics,
    pub(crate) acts: Vec<Act>,
}

impl Cx<'_> {
    /// Asks for something.
    pub(crate) fn ask(&mut self, act: Act) {
        self.acts.push(act);
    }

    /// Asks for a command.
    pub(crate) fn ask_for(&mut self, command: Command) {
        self.acts.push(Act::Do(command));
    }
}
