//! What fits where the cursor of a form is.

use tidegate_core::faces::complete::{self, Fitting};
use tidegate_core::faces::topics::cluster_of;
use tidegate_core::form::FieldKind;

use super::FormSheet;
use crate::model::Model;
pub(crate) use tidegate_core::faces::complete::Suggestion;

/// What fits in front of the cursor, the best first, and the byte from which on it takes the place of what was typed.
pub(crate) fn suggestions(model: &Model, sheet: &FormSheet) -> (usize, Vec<Suggestion>) {
    let (Some(row), Some(line)) = (sheet.row(), &sheet.editing) else { return (0, Vec::new()) };
    let topics = complete::topics(&model.drawing, &model.topics, cluster_of(&sheet.config));
    let Fitting { from, all } = complete::fitting(&model.drawing, &sheet.node, &row, line.text(), line.at(), &topics);
    // Where no name was begun in an expression, the key that completes goes on to the next field.
    if row.field == FieldKind::Expr && from == line.at() { (from, Vec::new()) } else { (from, all) }
}
