//! The pipeline as it is drawn here: changed through edits alone, each of which can be undone; checked after each.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::changes::{Change, changes};
use super::document;
use super::host::RunValues;
use crate::check::Checked;
use crate::fields::Secret;
use crate::operators::Operator;
use crate::pipeline::diff::diff;
use crate::pipeline::edit::{Edit, EditError, NodeChange, Parts, Section, fix};
use crate::pipeline::{Edge, Node, Pipeline};
use crate::problem::{Problem, Severity};
use serde_json::{Map, Value};

/// Checks a pipeline, with values given for parameters before all that others say.
pub type Checker = Arc<dyn Fn(&Pipeline, &[(String, String)]) -> Checked + Send + Sync>;

/// A step that was taken: what takes it back, and what it was called.
#[derive(Debug, Clone)]
struct Step {
    inverse: Edit,
    label: String,
}

/// A pipeline that is drawn.
#[derive(Clone)]
pub struct Drawing {
    /// as it is drawn
    pub pipeline: Pipeline,
    /// all that is known of it
    pub checked: Arc<Checked>,
    /// what the run was started with
    pub running: Pipeline,
    /// the file
    pub path: Option<PathBuf>,
    /// what can be added
    pub operators: &'static [&'static Operator],
    /// what the file holds
    saved: Pipeline,
    undo: Vec<Step>,
    redo: Vec<Step>,
    checker: Checker,
    /// how often it has changed
    revision: u64,
    /// values of parameters that are given here alone
    values: RunValues,
}

impl Drawing {
    /// A pipeline as its file holds it, where it has one.
    pub fn new(
        pipeline: Pipeline,
        path: Option<PathBuf>,
        operators: &'static [&'static Operator],
        checker: Checker,
    ) -> Drawing {
        let checked = Arc::new(checker(&pipeline, &[]));
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
            revision: 0,
            values: RunValues::default(),
        }
    }

    /// Changes the pipeline, as one step.
    ///
    /// # Errors
    /// Why it cannot be done; nothing has changed then.
    pub fn apply(&mut self, edit: &Edit) -> Result<(), EditError> {
        let step = Step { inverse: edit.apply(&mut self.pipeline)?, label: edit.label() };
        self.undo.push(step);
        self.redo.clear();
        self.check();
        Ok(())
    }

    /// Draws another pipeline in the place of this one, as one step; it is what the file holds now.
    ///
    /// # Errors
    /// Why it cannot be done; nothing has changed then.
    pub fn replace(&mut self, pipeline: Pipeline) -> Result<(), EditError> {
        self.redraw(pipeline.clone(), "load again")?;
        self.saved = pipeline;
        Ok(())
    }

    /// Draws another pipeline in the place of this one, as one step that is called so.
    ///
    /// # Errors
    /// Why it cannot be done; nothing has changed then.
    pub fn redraw(&mut self, new: Pipeline, label: &str) -> Result<(), EditError> {
        let all = |count: usize| (0..count).collect();
        let now = &self.pipeline;
        let edits = vec![
            Edit::Take { nodes: all(now.nodes.len()), edges: all(now.edges.len()) },
            Edit::Insert(Parts {
                nodes: new.nodes.into_iter().enumerate().collect(),
                edges: new.edges.into_iter().enumerate().collect(),
            }),
            Edit::Replace(Section::Name(new.name)),
            Edit::Replace(Section::Description(new.description)),
            Edit::Replace(Section::Settings(new.settings)),
            Edit::Replace(Section::Parameters(new.parameters)),
            Edit::Replace(Section::Clusters(new.clusters)),
            Edit::Replace(Section::Groups(new.groups)),
            Edit::Replace(Section::Notes(new.notes)),
            Edit::Replace(Section::Tests(new.tests)),
            Edit::Replace(Section::Lesson(new.lesson)),
        ];
        self.apply(&Edit::Batch { label: label.into(), edits })
    }

    /// Takes the last step back and says what it was called.
    pub fn undo(&mut self) -> Option<String> {
        let step = self.undo.pop()?;
        let label = self.turn(step, |drawing, step| drawing.redo.push(step));
        Some(label)
    }

    /// Takes the step again that was taken back last.
    pub fn redo(&mut self) -> Option<String> {
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
        self.revision += 1;
        self.check_again();
    }

    fn check_again(&mut self) {
        self.checked = Arc::new((self.checker)(&self.pipeline, &self.values().set));
    }

    /// Gives a parameter a value for runs that are started here, or takes it back. It is no part of the drawing, and is kept
    /// nowhere.
    pub fn give(&mut self, name: &str, value: Option<String>) {
        let is_secret = self.pipeline.parameters.get(name).is_some_and(|parameter| parameter.secret);
        self.values.set.retain(|(known, _)| known != name);
        self.values.secrets.retain(|(known, _)| known != name);
        match value {
            Some(value) if is_secret => self.values.secrets.push((name.to_string(), Secret::new(value))),
            Some(value) => self.values.set.push((name.to_string(), value)),
            None => {}
        }
        self.check_again();
    }

    /// Gives a parameter another name, as one step. What is given for it here is given for it under that name too.
    ///
    /// # Errors
    /// Why it cannot be done; nothing has changed then.
    pub fn rename_parameter(&mut self, name: &str, to: &str) -> Result<(), EditError> {
        let RunValues { set, secrets } = self.values();
        self.apply(&document::with_parameter_renamed(&self.pipeline, name, to))?;
        let set = set.into_iter().find(|(known, _)| known == name).map(|(_, value)| value);
        let secret =
            secrets.into_iter().find(|(known, _)| known == name).map(|(_, secret)| secret.expose().to_string());
        if let Some(value) = set.or(secret) {
            self.give(to, Some(value));
        }
        Ok(())
    }

    /// Values of parameters that are given here, of those that the pipeline has.
    pub fn values(&self) -> RunValues {
        let is_now = |name: &str, is_secret: bool| {
            self.pipeline.parameters.get(name).is_some_and(|parameter| parameter.secret == is_secret)
        };
        let mut values = self.values.clone();
        values.set.retain(|(name, _)| is_now(name, false));
        values.secrets.retain(|(name, _)| is_now(name, true));
        values
    }

    /// What a check would find of the pipeline with another config of a node.
    pub fn check_with(&self, node: &str, config: Map<String, Value>) -> Checked {
        self.check_after(&Edit::ChangeNode { id: node.to_string(), change: NodeChange::Config(config) })
    }

    /// What a check would find after an edit; of one that cannot be done, what it finds now.
    pub fn check_after(&self, edit: &Edit) -> Checked {
        let mut tried = self.pipeline.clone();
        // One that cannot be done changes nothing.
        let _ = edit.apply(&mut tried);
        (self.checker)(&tried, &self.values().set)
    }

    /// Why an edit cannot be done; none where it can.
    pub fn refusal(&self, edit: &Edit) -> Option<EditError> {
        edit.apply(&mut self.pipeline.clone()).err()
    }

    /// An edit, and what takes the remedy of a problem that is found after it, as one step; none where that is not one
    /// change.
    pub fn mended(&self, edit: Option<&Edit>, problem: &Problem) -> Option<Edit> {
        let Some(edit) = edit else { return fix(&self.pipeline, problem) };
        let mut tried = self.pipeline.clone();
        edit.apply(&mut tried).ok()?;
        let mend = fix(&tried, problem)?;
        Some(Edit::Batch { label: mend.label(), edits: vec![edit.clone(), mend] })
    }

    /// There is a step to take back.
    pub fn can_undo(&self) -> bool {
        !self.undo.is_empty()
    }

    /// There is a step to take again.
    pub fn can_redo(&self) -> bool {
        !self.redo.is_empty()
    }

    /// What keeps it from running.
    pub fn errors(&self) -> impl Iterator<Item = &Problem> {
        self.checked.problems.iter().filter(|problem| problem.severity == Severity::Error)
    }

    /// The file holds something else.
    pub fn is_unsaved(&self) -> bool {
        self.pipeline != self.saved
    }

    /// Another number after each change.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// What has changed since it was saved, or, of another pipeline, what differs there.
    pub fn changes(&self, other: Option<&Pipeline>) -> Vec<Change> {
        match other {
            Some(other) => changes(&self.pipeline, other, self.operators),
            None => changes(&self.saved, &self.pipeline, self.operators),
        }
    }

    /// What the run was started with means something else than what is drawn.
    pub fn runs_otherwise(&self) -> bool {
        let means_other = || {
            let form_of = |name: &str| Some((self.operators.iter().find(|operator| operator.name == name)?.form)());
            !diff(&self.running, &self.pipeline, &form_of).is_empty()
        };
        self.running != self.pipeline && means_other()
    }

    /// The file holds this now.
    pub fn is_saved_as(&mut self, pipeline: Pipeline) {
        self.saved = pipeline;
    }

    /// How a node differs from what runs: `+` new, `~` changed.
    pub fn mark(&self, id: &str) -> Option<char> {
        let drawn = self.pipeline.node(id)?;
        match self.running.node(id) {
            None => Some('+'),
            Some(runs) if Node { at: None, ..runs.clone() } != Node { at: None, ..drawn.clone() } => Some('~'),
            Some(_) => None,
        }
    }

    /// Nodes that run and are no longer drawn.
    pub fn leaving(&self) -> impl Iterator<Item = &Node> {
        self.running.nodes.iter().filter(|node| self.pipeline.node(&node.id).is_none())
    }

    /// What is drawn and does not run, as signs and names: `~ liquid`, `+ sessions`, `- bars`.
    pub fn differences(&self) -> Vec<String> {
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
    pub fn operator(&self, id: &str) -> Option<&'static Operator> {
        let node = self.pipeline.node(id)?;
        self.operators.iter().find(|operator| operator.name == node.operator).copied()
    }

    /// The place of a node.
    pub fn place(&self, id: &str) -> Option<usize> {
        self.pipeline.nodes.iter().position(|node| node.id == id)
    }
}
