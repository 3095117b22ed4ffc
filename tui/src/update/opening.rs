//! Opening something else in place of what is shown: a file, a run, an empty drawing.

use super::sheets::{Outcome, edit_line};
use crate::commands::Act;
use crate::host::Opening;
use crate::line::Line;
use crate::model::place::{Question, Sheet, Yes};
use crate::model::run::Link;
use crate::model::{Model, Wish};
use crate::views;

/// Where nothing is open, what could be is shown; says whether it is to be looked for.
pub(crate) fn begin(model: &mut Model) -> bool {
    let drawing = &model.drawing;
    let is_blank = drawing.path.is_none() && drawing.pipeline.nodes.is_empty() && model.rights.may_build;
    if is_blank {
        model.place.sheets.push(Sheet::Gallery { search: Line::default(), chosen: 0 });
    }
    is_blank
}

/// A command with words behind it.
pub(super) fn asked(model: &mut Model, word: &str, rest: &str) -> Vec<Wish> {
    let opening = match (word, rest) {
        ("gallery", _) => {
            model.place.sheets.push(Sheet::Gallery { search: Line::default(), chosen: 0 });
            return vec![Wish::Find];
        }
        ("new", "") => Opening::New(None),
        ("new", path) => Opening::New(Some(path.into())),
        (_, "") => {
            model.said = Some(format!("{word} what? {}", if word == "open" { "open FILE" } else { "attach URL" }));
            return Vec::new();
        }
        ("cluster", brokers) => Opening::Cluster(brokers.into()),
        ("attach", url) if url.contains("://") => Opening::Run(url.into()),
        ("attach", address) => Opening::Run(format!("http://{address}")),
        (_, path) => Opening::File(path.into()),
    };
    request(model, opening)
}

/// Opens it, and asks before where something is lost by that.
fn request(model: &mut Model, opening: Opening) -> Vec<Wish> {
    let stops = matches!(model.run.link, Link::Live | Link::Starting) && model.rights.owns_run;
    let text = match (stops, model.drawing.is_unsaved()) {
        (false, false) => return vec![Wish::Open(opening)],
        (true, true) => "Stop the run, and lose the edits that are not saved?",
        (true, false) => "Stop the run, which runs here?",
        (false, true) => "Lose the edits that are not saved?",
    };
    model.place.question = Some(Question { text: text.into(), yes: Yes::Open(opening) });
    Vec::new()
}

/// Keys in the list of what can be opened.
pub(super) fn choose(model: &mut Model, act: Act, search: &mut Line, chosen: &mut usize) -> (Outcome, Vec<Wish>) {
    if edit_line(search, act) {
        *chosen = 0;
        return (Outcome::Kept, Vec::new());
    }
    let found = views::fitting(model, search.text());
    match act {
        Act::ChooseDown => *chosen = (*chosen + 1).min(found.len().saturating_sub(1)),
        Act::ChooseUp => *chosen = chosen.saturating_sub(1),
        Act::Leave => return (Outcome::NotMine, Vec::new()),
        Act::Cancel => return (Outcome::Closed, Vec::new()),
        Act::Accept => {
            if let Some(opening) = found.get(*chosen).map(|found| found.opening.clone()) {
                return (Outcome::Closed, request(model, opening));
            }
        }
        _ => {}
    }
    (Outcome::Kept, Vec::new())
}
