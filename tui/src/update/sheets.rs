//! Keys in what lies over a view: help, the palette, ports to connect to, forms, problems, a new name.

use tidegate_core::form::FieldKind;
use tidegate_core::pipeline::edit::{Edit, fix};
use tidegate_core::pipeline::{Edge, Via};

use super::{ask, build, notes, opening};
use crate::commands::Act;
use crate::keys::Key;
use crate::line::Line;
use crate::model::form::complete::suggestions;
use crate::model::form::{FormRow, FormSheet, RowKind};
use crate::model::place::{AddSheet, AddTo, Chosen, ConnectSheet, NotesSheet, Sheet, TextSheet};
use crate::model::{Model, Wish};
use crate::views;

/// Does what was asked of the topmost sheet; none where there is none, or it is none of its business.
pub(crate) fn act(model: &mut Model, act: Act) -> Option<Vec<Wish>> {
    let mut sheet = model.place.sheets.pop()?;
    let (outcome, wishes) = match &mut sheet {
        Sheet::Help { search, page } => (help(model, act, search, page), Vec::new()),
        Sheet::Add(add) => (self::add(model, act, add), Vec::new()),
        Sheet::Connect(connect) => (self::connect(model, act, connect), Vec::new()),
        Sheet::Form(form) => (self::form(model, act, form), Vec::new()),
        Sheet::Problems { chosen } => (problems(model, act, *chosen), Vec::new()),
        Sheet::Rename { node, line } => (rename(model, act, node, line), Vec::new()),
        Sheet::Notes(sheet) => (notes::act(model, act, sheet), Vec::new()),
        Sheet::Gallery { search, chosen } => opening::choose(model, act, search, chosen),
        Sheet::Menu { acts, chosen } => match (act, acts.get(*chosen)) {
            (Act::Accept, Some(act)) => return Some(super::act::act(model, *act)),
            _ => (menu(act, acts.len(), chosen), Vec::new()),
        },
        Sheet::Text(TextSheet { partition: Some(key), .. }) if act == Act::Open => {
            super::go_to_partition(model, key);
            return Some(Vec::new());
        }
        Sheet::Why { .. } | Sheet::Text(_) => {
            (if act == Act::Back { Outcome::Closed } else { Outcome::NotMine }, Vec::new())
        }
    };
    let wishes = if act == Act::Leave { vec![Wish::Quit] } else { wishes };
    match outcome {
        Outcome::Kept => model.place.sheets.push(sheet),
        Outcome::Below(above) => {
            model.place.sheets.push(sheet);
            model.place.sheets.push(above);
        }
        Outcome::Closed => {}
        Outcome::NotMine => {
            model.place.sheets.push(sheet);
            return if act == Act::Leave { Some(wishes) } else { None };
        }
    }
    Some(wishes)
}

/// What becomes of the sheet.
pub(super) enum Outcome {
    Kept,
    Closed,
    /// another one lies over it now
    Below(Sheet),
    NotMine,
}

/// Gives a key to the line of the topmost sheet.
pub(crate) fn type_key(model: &mut Model, key: Key) -> bool {
    match model.place.sheets.last_mut() {
        Some(Sheet::Help { search, page }) => {
            *page = 0;
            search.key(key)
        }
        Some(Sheet::Add(AddSheet { search, chosen, .. }) | Sheet::Connect(ConnectSheet { search, chosen, .. })) => {
            *chosen = 0;
            search.key(key)
        }
        Some(Sheet::Rename { line, .. }) => line.key(key),
        Some(Sheet::Notes(NotesSheet { editing, .. })) => editing.as_mut().is_some_and(|line| line.key(key)),
        Some(Sheet::Gallery { search, chosen }) => {
            *chosen = 0;
            search.key(key)
        }
        Some(Sheet::Form(form)) => {
            let Some(line) = &mut form.editing else { return false };
            let is_taken = line.key(key);
            if is_taken {
                form.look(&model.drawing);
            }
            is_taken
        }
        _ => false,
    }
}

fn menu(act: Act, count: usize, chosen: &mut usize) -> Outcome {
    match act {
        Act::ChooseDown => *chosen = (*chosen + 1).min(count.saturating_sub(1)),
        Act::ChooseUp => *chosen = chosen.saturating_sub(1),
        Act::Leave => return Outcome::NotMine,
        Act::Cancel => return Outcome::Closed,
        _ => {}
    }
    Outcome::Kept
}

/// What every line does with these.
pub(super) fn edit_line(line: &mut Line, act: Act) -> bool {
    match act {
        Act::DeleteWord => line.delete_word(),
        Act::ClearLine => line.clear(),
        _ => return false,
    }
    true
}

fn help(model: &Model, act: Act, search: &mut Line, page: &mut usize) -> Outcome {
    if edit_line(search, act) {
        *page = 0;
        return Outcome::Kept;
    }
    let body = (model.size.0, views::Lines::of(model.size).body_height);
    let last = views::help::pages(model, search.text(), body) - 1;
    match act {
        Act::ChooseDown => *page = (*page + 1).min(last),
        Act::Complete => *page = if *page < last { *page + 1 } else { 0 },
        Act::ChooseUp => *page = page.saturating_sub(1),
        Act::Cancel | Act::Accept => return Outcome::Closed,
        Act::Leave => return Outcome::NotMine,
        _ => {}
    }
    Outcome::Kept
}

fn add(model: &mut Model, act: Act, sheet: &mut AddSheet) -> Outcome {
    if edit_line(&mut sheet.search, act) {
        sheet.chosen = 0;
        return Outcome::Kept;
    }
    let found = views::found(model, sheet);
    match act {
        Act::ChooseDown => sheet.chosen = (sheet.chosen + 1).min(found.len().saturating_sub(1)),
        Act::ChooseUp => sheet.chosen = sheet.chosen.saturating_sub(1),
        Act::OntoWire => sheet.to = other_place(model, &sheet.to),
        Act::Cancel => return Outcome::Closed,
        Act::Leave => return Outcome::NotMine,
        Act::Complete => {
            if let Some((operator, _)) = found.get(sheet.chosen) {
                let lines = operator.help.lines().map(str::to_string).collect();
                let title = format!("graph › add › {}", operator.name);
                return Outcome::Below(Sheet::Text(TextSheet { title, lines, ..TextSheet::default() }));
            }
        }
        Act::Accept => match found.get(sheet.chosen) {
            Some((operator, None)) => {
                let (operator, to) = (*operator, sheet.to.clone());
                build::place_operator(model, operator, &to);
                return Outcome::Closed;
            }
            Some((operator, Some(why))) => model.said = Some(format!("{} {why}.", operator.name)),
            None => {}
        },
        _ => {}
    }
    Outcome::Kept
}

/// From behind a port onto its first wire, and back.
fn other_place(model: &Model, to: &AddTo) -> AddTo {
    let edges = &model.drawing.pipeline.edges;
    match to {
        AddTo::After(port) => {
            edges.iter().find(|edge| edge.from == *port).map_or_else(|| to.clone(), |edge| AddTo::Wire(edge.id()))
        }
        AddTo::Wire(id) => edges
            .iter()
            .find(|edge| edge.id() == *id)
            .map_or_else(|| to.clone(), |edge| AddTo::After(edge.from.clone())),
        other => other.clone(),
    }
}

fn connect(model: &mut Model, act: Act, sheet: &mut ConnectSheet) -> Outcome {
    if edit_line(&mut sheet.search, act) {
        sheet.chosen = 0;
        return Outcome::Kept;
    }
    let mut fitting = tidegate_core::faces::building::targets(&model.drawing, &sheet.from, sheet.search.text());
    fitting.retain(|candidate| candidate.why.is_none());
    match act {
        // Behind the last port stands the new node.
        Act::ChooseDown => sheet.chosen = (sheet.chosen + 1).min(fitting.len()),
        Act::ChooseUp => sheet.chosen = sheet.chosen.saturating_sub(1),
        Act::Via => sheet.is_topic = !sheet.is_topic,
        Act::Complete => {
            sheet.from = build::next_output(model, &sheet.from);
            sheet.chosen = 0;
        }
        Act::Cancel => return Outcome::Closed,
        Act::Leave => return Outcome::NotMine,
        Act::Accept => match fitting.get(sheet.chosen) {
            Some(candidate) => {
                let via = sheet.is_topic.then(|| Via::Topic(Default::default()));
                let edge = Edge { from: sheet.from.clone(), to: candidate.port.clone(), via, points: Vec::new() };
                let id = edge.id();
                if build::apply(model, &Edit::Connect(edge)) {
                    model.place.graph.chosen = Some(Chosen::Edge(id));
                    return Outcome::Closed;
                }
            }
            None => {
                let to = AddTo::After(sheet.from.clone());
                model.place.sheets.push(Sheet::Add(AddSheet { to, search: Line::default(), chosen: 0 }));
                return Outcome::Closed;
            }
        },
        _ => {}
    }
    Outcome::Kept
}

fn form(model: &mut Model, act: Act, sheet: &mut FormSheet) -> Outcome {
    if let Some(line) = &mut sheet.editing
        && edit_line(line, act)
    {
        sheet.look(&model.drawing);
        return Outcome::Kept;
    }
    match act {
        Act::FieldUp if sheet.shows_help => sheet.help_top = sheet.help_top.saturating_sub(1),
        Act::FieldDown if sheet.shows_help => sheet.help_top += 1,
        Act::FieldUp | Act::FieldDown if sheet.editing.is_some() && has_suggestions(model, sheet) => {
            let count = suggestions(model, sheet).1.len();
            let by = if act == Act::FieldUp { -1 } else { 1 };
            sheet.suggested = sheet.suggested.saturating_add_signed(by).min(count.saturating_sub(1));
        }
        Act::FieldUp | Act::Before => sheet.go(&model.drawing, -1),
        Act::FieldDown => sheet.go(&model.drawing, 1),
        Act::Edit => enter(model, sheet),
        Act::Complete => complete(model, sheet),
        Act::AddRow => sheet.add_row(),
        Act::RemoveRow => sheet.remove_row(&model.drawing),
        Act::Help => sheet.shows_help = !sheet.shows_help,
        Act::Apply => return apply_form(model, sheet),
        Act::LeaveForm if sheet.shows_help => sheet.shows_help = false,
        Act::LeaveForm if sheet.editing.is_some() => sheet.give_up(&model.drawing),
        Act::LeaveForm if sheet.is_changed(&model.drawing) => {
            ask(model, format!("Leave the form of {} and lose what was typed?", sheet.node), Act::LeaveForm);
        }
        Act::LeaveForm => return Outcome::Closed,
        Act::Leave => return Outcome::NotMine,
        _ => {}
    }
    Outcome::Kept
}

fn has_suggestions(model: &Model, sheet: &FormSheet) -> bool {
    !suggestions(model, sheet).1.is_empty()
}

/// Enter: begins to type, or takes what was typed.
fn enter(model: &Model, sheet: &mut FormSheet) {
    let is_entry = sheet.row().is_some_and(|row| matches!(row.kind, RowKind::Add));
    match sheet.editing {
        None => match sheet.row().map(|row| row.kind) {
            Some(RowKind::Head) => sheet.add_row(),
            _ => sheet.edit(),
        },
        Some(_) => {
            // Where only one of some words is right, what is none of them is likely the beginning of the first in the list.
            let is_word = |row: &FormRow| matches!(row.field, FieldKind::Choice(_) | FieldKind::Bool);
            let is_wrong = sheet.row().is_some_and(|row| is_word(&row) && sheet.problem_of(&row).is_some());
            if is_wrong && has_suggestions(model, sheet) {
                complete(model, sheet);
            }
            let has_text = sheet.editing.as_ref().is_some_and(|line| !line.text().trim().is_empty());
            // Another entry follows the one that was typed.
            if sheet.accept(&model.drawing) && is_entry && has_text {
                sheet.chosen += 1;
            }
        }
    }
}

/// Tab: takes what fits, else goes to the next field.
fn complete(model: &Model, sheet: &mut FormSheet) {
    if sheet.editing.is_none() {
        return sheet.go(&model.drawing, 1);
    }
    let (from, all) = suggestions(model, sheet);
    let typed = sheet.editing.as_ref().map(|line| line.text()[from.min(line.at())..line.at()].to_string());
    match all.get(sheet.suggested.min(all.len().saturating_sub(1))) {
        Some(fitting) if typed.as_ref() != Some(&fitting.text) => {
            if let Some(line) = &mut sheet.editing {
                line.replace_back_to(from, &fitting.text);
            }
            sheet.look(&model.drawing);
        }
        _ => sheet.go(&model.drawing, 1),
    }
}

fn apply_form(model: &mut Model, sheet: &mut FormSheet) -> Outcome {
    if !sheet.accept(&model.drawing) {
        return Outcome::Kept;
    }
    if sheet.is_changed(&model.drawing) && !build::apply(model, &sheet.to_edit()) {
        return Outcome::Kept;
    }
    let errors = sheet.errors();
    if errors > 0 {
        let count = if errors == 1 { "1 error is left".to_string() } else { format!("{errors} errors are left") };
        model.said = Some(format!("Applied; {count}: ! lists them."));
    }
    Outcome::Closed
}

fn problems(model: &mut Model, act: Act, chosen: usize) -> Outcome {
    let place = views::sorted(model).get(chosen).map(|problem| problem.place.clone());
    match (act, place) {
        (Act::Back, _) => Outcome::Closed,
        (Act::Undo | Act::Redo, _) if model.rights.may_build => {
            build::act(model, act);
            Outcome::Kept
        }
        (Act::Remedy, _) => {
            let edit = views::sorted(model).get(chosen).and_then(|problem| fix(&model.drawing.pipeline, problem));
            match edit {
                _ if !model.rights.may_build => model.said = Some("A run elsewhere is not changed here.".into()),
                Some(edit) => drop(build::apply(model, &edit)),
                None => model.said = Some("This remedy is no single change; enter goes to the place.".into()),
            }
            Outcome::Kept
        }
        (Act::Open, Some(place)) => {
            if let Some(edge) = place.edge {
                build::go_to(model, Chosen::Edge(edge));
            } else if let Some(node) = place.node {
                build::go_to(model, Chosen::Node(node.clone()));
                if model.rights.may_build && place.field.is_some() && build::configure(model, &node) {
                    select_field(model, place.field.as_deref().unwrap_or_default());
                }
            }
            Outcome::Closed
        }
        _ => Outcome::NotMine,
    }
}

/// Selects the row of a field in the form that was just opened.
fn select_field(model: &mut Model, field: &str) {
    if let Some(Sheet::Form(form)) = model.place.sheets.last_mut() {
        let place = form.rows().iter().position(|row| row.path.join(".") == field);
        form.chosen = place.unwrap_or(form.chosen);
    }
}

fn rename(model: &mut Model, act: Act, node: &str, line: &mut Line) -> Outcome {
    if edit_line(line, act) {
        return Outcome::Kept;
    }
    match act {
        Act::Cancel => Outcome::Closed,
        Act::Leave => Outcome::NotMine,
        Act::Accept if line.text() == node => Outcome::Closed,
        Act::Accept => {
            let to = line.text().trim().to_string();
            if build::apply(model, &Edit::RenameNode { id: node.to_string(), to: to.clone() }) {
                views::choose_node(model, &to);
                return Outcome::Closed;
            }
            Outcome::Kept
        }
        _ => Outcome::Kept,
    }
}
