//! A node's config being filled in, by the form that its operator describes. What is typed is checked at once, against the
//! pipeline as it would be; nothing is changed before the form is applied, as one edit.

pub(crate) mod complete;

use serde_json::{Map, Value};
use tidegate_core::faces::topics::cluster_of;
use tidegate_core::form::{FieldKind, Form};
use tidegate_core::pipeline::edit::{Edit, NodeChange};
use tidegate_core::problem::{Problem, Severity};

use super::drawing::Drawing;
use crate::line::Line;
pub(crate) use tidegate_core::faces::rows::{self, FormRow, RowKind};

/// A form that is open.
#[derive(Debug, Clone)]
pub(crate) struct FormSheet {
    /// the node
    pub(crate) node: String,
    pub(crate) form: Form,
    /// as it would be
    pub(crate) config: Map<String, Value>,
    /// place of the selected row
    pub(crate) chosen: usize,
    /// what is typed into it
    pub(crate) editing: Option<Line>,
    /// place of the selected completion
    pub(crate) suggested: usize,
    /// why what was typed is not a value of this kind
    pub(crate) complaint: Option<String>,
    /// what is wrong with the node as it would be
    pub(crate) problems: Vec<Problem>,
    /// it was asked for the operator's help
    pub(crate) shows_help: bool,
    /// lines of the help that are above the screen
    pub(crate) help_top: usize,
}

impl FormSheet {
    /// The form of a node; none where there is no such node or operator.
    pub(crate) fn open(drawing: &Drawing, node: &str) -> Option<FormSheet> {
        let form = (drawing.operator(node)?.form)();
        let config = drawing.pipeline.node(node)?.config.clone();
        let mut sheet = FormSheet {
            node: node.to_string(),
            form,
            config,
            chosen: 0,
            editing: None,
            suggested: 0,
            complaint: None,
            problems: Vec::new(),
            shows_help: false,
            help_top: 0,
        };
        sheet.check(drawing);
        // The first field that must be filled is where one begins.
        let missing = |row: &FormRow| row.required && row.value.is_none();
        sheet.chosen = sheet.rows().iter().position(missing).unwrap_or_default();
        Some(sheet)
    }

    pub(crate) fn rows(&self) -> Vec<FormRow> {
        rows::rows(&self.form, &self.config)
    }

    pub(crate) fn row(&self) -> Option<FormRow> {
        self.rows().into_iter().nth(self.chosen)
    }

    /// The cluster whose topics fit what is typed; none where that names no topic.
    pub(crate) fn topics_of(&self) -> Option<&str> {
        self.editing.as_ref()?;
        matches!(self.row()?.field, FieldKind::Topic | FieldKind::Topics).then(|| cluster_of(&self.config))
    }

    /// The config differs from the drawn one.
    pub(crate) fn is_changed(&self, drawing: &Drawing) -> bool {
        drawing.pipeline.node(&self.node).is_none_or(|node| node.config != self.config)
    }

    /// Moves the selection, and accepts what was typed.
    pub(crate) fn go(&mut self, drawing: &Drawing, by: isize) {
        if self.editing.is_some() && !self.accept(drawing) {
            return;
        }
        let last = self.rows().len().saturating_sub(1);
        self.chosen = self.chosen.saturating_add_signed(by).min(last);
    }

    /// Begins to type into the selected row.
    pub(crate) fn edit(&mut self) {
        if let Some(row) = self.row() {
            self.editing = Some(Line::new(row.text()));
            self.suggested = 0;
            self.complaint = None;
        }
    }

    /// Takes what was typed as the row's value; false where it is none, and why is said.
    pub(crate) fn accept(&mut self, drawing: &Drawing) -> bool {
        let Some(row) = self.row() else { return true };
        let Some(line) = &self.editing else { return true };
        match rows::with_text(&self.config, &row, line.text()) {
            Ok(config) => {
                self.config = config;
                self.editing = None;
                self.complaint = None;
                self.check(drawing);
                true
            }
            Err(why) => {
                self.complaint = Some(why);
                false
            }
        }
    }

    /// Looks at what is being typed, without taking it.
    pub(crate) fn look(&mut self, drawing: &Drawing) {
        self.suggested = 0;
        self.complaint = None;
        if let (Some(row), Some(line)) = (self.row(), &self.editing)
            && let Ok(config) = rows::with_text(&self.config, &row, line.text())
        {
            self.problems = problems(drawing, &self.node, config);
        }
    }

    /// Gives up what is being typed.
    pub(crate) fn give_up(&mut self, drawing: &Drawing) {
        self.editing = None;
        self.complaint = None;
        self.check(drawing);
    }

    /// Begins an entry more, where the selected row takes several.
    pub(crate) fn add_row(&mut self) {
        let path = self.row().and_then(|row| row.list_path());
        let place = self.rows().iter().position(|row| row.kind == RowKind::Add && row.list_path() == path);
        if let Some(place) = place.filter(|_| path.is_some()) {
            self.chosen = place;
            self.edit();
        }
    }

    /// Takes the selected entry, or the field's value, away.
    pub(crate) fn remove_row(&mut self, drawing: &Drawing) {
        if let Some(row) = self.row() {
            self.config = rows::without(&self.config, &row);
            self.editing = None;
            self.check(drawing);
            self.chosen = self.chosen.min(self.rows().len().saturating_sub(1));
        }
    }

    /// The edit that makes the drawn config this one.
    pub(crate) fn to_edit(&self) -> Edit {
        Edit::ChangeNode { id: self.node.clone(), change: NodeChange::Config(self.config.clone()) }
    }

    /// Errors among the problems.
    pub(crate) fn errors(&self) -> usize {
        self.problems.iter().filter(|problem| problem.severity == Severity::Error).count()
    }

    /// The first problem of a row.
    pub(crate) fn problem_of(&self, row: &FormRow) -> Option<&Problem> {
        let path = row.path.join(".");
        self.problems.iter().find(|problem| problem.place.field.as_ref() == Some(&path))
    }

    fn check(&mut self, drawing: &Drawing) {
        self.problems = problems(drawing, &self.node, self.config.clone());
    }
}

/// What a check finds of a node with another config.
fn problems(drawing: &Drawing, node: &str, config: Map<String, Value>) -> Vec<Problem> {
    let checked = drawing.check_with(node, config);
    let of_node = |problem: &Problem| problem.place.node.as_deref() == Some(node);
    checked.problems.iter().filter(|problem| of_node(problem)).cloned().collect()
}
