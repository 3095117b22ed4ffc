//! Keys at an open prompt: `:` goes to anything, `/` finds or filters while it is typed.

use tidegate_core::snapshot::RecordsWanted;

use super::{build, opening, show};
use crate::commands::{Act, View};
use crate::keys::Key;
use crate::model::filter::Filter;
use crate::model::place::{Chosen, Page, PromptKind};
use crate::model::{Model, Wish};
use crate::theme::Palette;
use crate::views::{Target, matches};

/// Gives a key to the line of the prompt.
pub(crate) fn type_key(model: &mut Model, key: Key) -> bool {
    let Some(prompt) = &mut model.place.prompt else { return false };
    let is_empty = prompt.line.text().is_empty();
    if key == Key::Backspace && is_empty {
        model.place.prompt = None;
        return true;
    }
    prompt.chosen = 0;
    let is_taken = prompt.line.key(key);
    filter(model);
    is_taken
}

/// A table shows at once what passes.
fn filter(model: &mut Model) {
    let Some(prompt) = &model.place.prompt else { return };
    if prompt.kind == PromptKind::Filter && model.place.view != View::Graph {
        let filter = Filter::new(prompt.line.text());
        model.place.list_mut().filter = filter;
        super::follow(model);
    }
}

/// Does what was asked at a prompt.
pub(crate) fn act(model: &mut Model, act: Act) -> Vec<Wish> {
    let Some(prompt) = &mut model.place.prompt else { return Vec::new() };
    match act {
        Act::DeleteWord => prompt.line.delete_word(),
        Act::ClearLine => prompt.line.clear(),
        // The best stands lowest: up is further away.
        Act::ChooseUp => prompt.chosen = (prompt.chosen + 1).min(crate::views::MOST - 1),
        Act::ChooseDown => prompt.chosen = prompt.chosen.saturating_sub(1),
        Act::Cancel => {
            let kind = prompt.kind;
            model.place.prompt = None;
            if kind == PromptKind::Filter {
                model.place.list_mut().filter = None;
            }
            return Vec::new();
        }
        Act::Leave => return vec![Wish::Quit],
        Act::Complete => {
            let prompt = prompt.clone();
            let found = matches(model, &prompt);
            let text = found.get(prompt.chosen.min(found.len().saturating_sub(1))).map(|found| found.text.clone());
            if let (Some(text), Some(prompt)) = (text, &mut model.place.prompt) {
                prompt.line.set(text);
            }
        }
        Act::Accept => return accept(model),
        _ => {}
    }
    filter(model);
    Vec::new()
}

fn accept(model: &mut Model) -> Vec<Wish> {
    let Some(prompt) = model.place.prompt.take() else { return Vec::new() };
    let typed = prompt.line.text().trim().to_string();
    if prompt.kind == PromptKind::GoTo
        && let Some(wishes) = words(model, &typed)
    {
        return wishes;
    }
    if prompt.kind == PromptKind::Filter && model.place.view == View::Graph {
        // `n` goes on from here.
        model.place.list_mut().filter = Filter::new(&typed);
    }
    let found = matches(model, &prompt);
    match found.get(prompt.chosen.min(found.len().saturating_sub(1))) {
        Some(found) => go(model, found.target.clone()),
        None if prompt.kind == PromptKind::GoTo && !typed.is_empty() => {
            model.said = Some(format!("Nothing is called {typed}."));
            Vec::new()
        }
        None => Vec::new(),
    }
}

fn go(model: &mut Model, target: Target) -> Vec<Wish> {
    match target {
        Target::View(view) => show(model, view),
        Target::Node(id) => build::go_to(model, Chosen::Node(id)),
        Target::Edge(id) => build::go_to(model, Chosen::Edge(id)),
        Target::Partition(key) => super::go_to_partition(model, &key),
        Target::Group(name) => {
            show(model, View::Cluster);
            model.place.page = Page::Groups;
            let list = model.place.list_mut();
            // It may be one that is not shown by default.
            (list.filter, list.shows_all, list.chosen) = (None, true, Some(name));
        }
        Target::Topic(name) => {
            super::act::open_records(model, RecordsWanted { topic: name, from: None });
        }
        Target::Act(act) => return super::act::act(model, act),
        Target::Words(word) => return words(model, word).unwrap_or_default(),
    }
    Vec::new()
}

/// Commands with words behind them; none where it is none of them.
fn words(model: &mut Model, typed: &str) -> Option<Vec<Wish>> {
    let (word, rest) = typed.split_once(' ').unwrap_or((typed, ""));
    let rest = rest.trim();
    Some(match word {
        "q" => super::act::act(model, Act::Quit),
        "w" => build::save(model, (!rest.is_empty()).then(|| rest.to_string())),
        "cluster" if rest.is_empty() => {
            show(model, View::Cluster);
            Vec::new()
        }
        "open" | "new" | "attach" | "cluster" | "gallery" => opening::asked(model, word, rest),
        "stop" => super::act::act(model, Act::Stop),
        "set" => {
            set(model, rest);
            Vec::new()
        }
        _ => return None,
    })
}

fn set(model: &mut Model, word: &str) {
    let look = &mut model.look;
    match word {
        "dark" => look.palette = Palette::Dark,
        "light" => look.palette = Palette::Light,
        "mono" => look.palette = Palette::Mono,
        "plain" => look.palette = Palette::Plain,
        "ascii" => look.is_ascii = true,
        "unicode" => look.is_ascii = false,
        "thrifty" => look.is_thrifty = true,
        "full" => look.is_thrifty = false,
        _ => {
            let offset = f64::from(model.offset_s) / 3600.0;
            model.said = Some(format!(
                "set dark, light, mono, plain, ascii, unicode, thrifty or full; clocks are UTC{offset:+}"
            ));
            return;
        }
    }
    model.said = Some(format!("Set {word}."));
}
