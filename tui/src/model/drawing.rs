//! The pipeline as it is drawn here: changed through edits alone, each of which can be undone; checked after each.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Map, Value};
use tidegate_core::check::Checked;
use tidegate_core::operators::Operator;
use tidegate_core::pipeline::edit::{Edit, EditError, NodeChange};
use tidegate_core::pipeline::{Edge, Node, Pipeline};
use tidegate_core::problem::{Problem, Severity};

/// Checks a pipeline.
pub type Checker = Arc<dyn Fn(&Pipeline) -> Checked + Send + Sync>;

/// A step that was taken: what takes it back, and what it was called.
#[derive(Debug, Clone)]
struct Step {
    inverse: Edit,
    label: String,
}

/// A pipeline that is drawn.
#[derive(Clone)]
pub(crate) struct Drawing {
    pub(crate) pipeline: Pipeline,
    /// all that is known of it
    pub(crate) checked: Arc<Checked>,
    /// what the run was started with
    pub(crate) running: Pipeline,
    /// the file
    pub(crate) path: Option<PathBuf>,
    /// what can be added
    pub(crate) operators: &'static [&'static Operator],
    /// what the file holds
    saved: Pipeline,
    undo: Vec<Step>,
    redo: Vec<Step>,
    checker: Checker,
}

impl Drawing {
    pub(crate) fn new(
        pipeline: Pipeline,
        path: Option<PathBuf>,
        operators: &'static [&'static Operator],
        checker: Checker,
    ) -> Drawing {
        let checked = Arc::new(checker(&pipeline));
        Drawing {
            checked,
            running: pipeline.clone(),
            saved: pipeline.clone(),
            pipeline,
            path,
            operators,
            undo: Vec::new(),
            redo: Vec::new(),
            checker,
        }
    }

    /// Changes the pipeline, as one step.
    pub(crate) fn apply(&mut self, edit: &Edit) -> Result<(), EditError> {
        let step = Step { inverse: edit.apply(&mut self.pipeline)?, label: edit.label() };
        self.undo.push(step);
        self.redo.clear();
        self.check();
        Ok(())
    }

    /// Takes the last step back and says what it was called.
    pub(crate) fn undo(&mut self) -> Option<String> {
        let step = self.undo.pop()?;
        let label = self.turn(step, |drawing, step| drawing.redo.push(step));
        Some(label)
    }

    /// Takes the step again that was taken back last.
    pub(crate) fn redo(&mut self) -> Option<String> {
        let step = self.redo.pop()?;
        let label = self.turn(step, |drawing, step| drawing.undo.push(step));
        Some(label)
    }

    fn turn(&mut self, step: Step, keep: impl FnOnce(&mut Drawing, Step)) -> String {
        let Step { inverse, label } = step;
        // It was taken from this very state.
        if let Ok(inverse) = inverse.apply(&mut self.pipeline) {
            keep(self, Step { inverse, label: label.clone() });
        }
        self.check();
        label
    }

    fn check(&mut self) {
        self.checked = Arc::new((self.checker)(&self.pipeline));
    }

    /// What a check would find of the pipeline with another config of a node.
    pub(crate) fn check_with(&self, node: &str, config: Map<String, Value>) -> Checked {
        let mut tried = self.pipeline.clone();
        // A node that is gone changes nothing.
        let _ = Edit::ChangeNode { id: node.to_string(), change: NodeChange::Config(config) }.apply(&mut tried);
        (self.checker)(&tried)
    }

    /// What keeps it from running.
    pub(crate) fn errors(&self) -> impl Iterator<Item = &Problem> {
        self.checked.problems.iter().filter(|problem| problem.severity == Severity::Error)
    }

    /// The file holds something else.
    pub(crate) fn is_unsaved(&self) -> bool {
        self.pipeline != self.saved
    }

    /// The file holds this now.
    pub(crate) fn is_saved_as(&mut self, pipeline: Pipeline) {
        self.saved = pipeline;
    }

    /// How a node differs from what runs: `+` new, `~` changed.
    pub(crate) fn mark(&self, id: &str) -> Option<char> {
        let drawn = self.pipeline.node(id)?;
        match self.running.node(id) {
            None => Some('+'),
            Some(runs) if Node { at: None, ..runs.clone() } != Node { at: None, ..drawn.clone() } => Some('~'),
            Some(_) => None,
        }
    }

    /// Nodes that run and are no longer drawn.
    pub(crate) fn leaving(&self) -> impl Iterator<Item = &Node> {
        self.running.nodes.iter().filter(|node| self.pipeline.node(&node.id).is_none())
    }

    /// What is drawn and does not run, as signs and names: `~ liquid`, `+ sessions`, `- bars`.
    pub(crate) fn differences(&self) -> Vec<String> {
        let drawn = self.pipeline.nodes.iter().filter_map(|node| Some(format!("{} {}", self.mark(&node.id)?, node.id)));
        let gone = self.leaving().map(|node| format!("- {}", node.id));
        let mut all: Vec<String> = drawn.chain(gone).collect();
        let ids = |pipeline: &Pipeline| pipeline.edges.iter().map(Edge::id).collect::<BTreeSet<String>>();
        let of_nodes = |edge: &&String| all.iter().any(|sign| edge.contains(sign.get(2..).unwrap_or_default()));
        let (now, then) = (ids(&self.pipeline), ids(&self.running));
        let new = now.difference(&then).filter(|edge| !of_nodes(edge)).map(|edge| format!("+ {edge}"));
        let gone = then.difference(&now).filter(|edge| !of_nodes(edge)).map(|edge| format!("- {edge}"));
        let edges: Vec<String> = new.chain(gone).collect();
        all.extend(edges);
        all
    }

    /// The operator of a node.
    pub(crate) fn operator(&self, id: &str) -> Option<&'static Operator> {
        let node = self.pipeline.node(id)?;
        self.operators.iter().find(|operator| operator.name == node.operator).copied()
    }

    /// The place of a node.
    pub(crate) fn place(&self, id: &str) -> Option<usize> {
        self.pipeline.nodes.iter().position(|node| node.id == id)
    }
}
