//! The prompts: what `:` and `/` find, in a list above the line that is typed, the best next to it.

use crate::commands::{Act, COMMANDS, Context, View};
use crate::model::Model;
use crate::model::filter::Filter;
use crate::model::place::{Prompt, PromptKind};
use crate::pen::{Pen, cut, cut_middle};
use crate::theme::Tone;

/// Something to go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Match {
    /// what it is called
    pub(crate) text: String,
    /// what it is
    pub(crate) what: String,
    pub(crate) target: Target,
}

/// Where a match leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    View(View),
    Node(String),
    Edge(String),
    /// key of a row in the view of partitions
    Partition(String),
    /// a group of the cluster
    Group(String),
    /// the newest records of a topic of the cluster
    Topic(String),
    Act(Act),
    /// a command with words behind it
    Words(&'static str),
}

/// Commands that take words, and what they do.
pub(crate) const WORDS: &[(&str, &str)] = &[
    ("w", "save the drawing, or a copy of it: w FILE"),
    ("open", "open FILE in place of this"),
    ("new", "an empty drawing; new FILE names it"),
    ("attach", "show a run elsewhere: attach URL"),
    ("gallery", "pipelines and runs that are found here"),
    ("cluster", "groups and topics, or any cluster: cluster HOST:PORT"),
    ("stop", "stop the run"),
    ("set", "set dark, light, mono, plain, ascii, unicode, thrifty or full"),
    ("q", "leave"),
];

/// The most matches that are listed.
pub(crate) const MOST: usize = 8;

/// What a prompt finds, the best first.
pub(crate) fn matches(model: &Model, prompt: &Prompt) -> Vec<Match> {
    let typed = prompt.line.text();
    match prompt.kind {
        PromptKind::GoTo => ranked(typed.split(' ').next().unwrap_or_default(), all(model)),
        PromptKind::Filter if model.place.view == View::Graph => {
            let Some(filter) = Filter::new(typed) else { return Vec::new() };
            nodes(model).filter(|found| passes(&filter, found)).take(MOST).collect()
        }
        // A table shows by itself what passes.
        PromptKind::Filter => Vec::new(),
    }
}

fn passes(filter: &Filter, found: &Match) -> bool {
    filter.passes(&format!("{} {}", found.text, found.what))
}

/// Ids of the nodes that pass a filter, by id or operator, in flow order.
pub(crate) fn nodes_that_pass(model: &Model, filter: &Filter) -> Vec<String> {
    nodes(model).filter(|found| passes(filter, found)).map(|found| found.text).collect()
}

fn nodes(model: &Model) -> impl Iterator<Item = Match> + '_ {
    model.flow().into_iter().filter_map(|id| {
        let what = model.drawing.pipeline.node(&id)?.operator.clone();
        Some(Match { text: id.clone(), what, target: Target::Node(id) })
    })
}

fn all(model: &Model) -> Vec<Match> {
    let words = WORDS.iter().map(|(word, what)| Match {
        text: word.to_string(),
        what: what.to_string(),
        target: Target::Words(word),
    });
    let views = model.views().iter().map(|&view| Match {
        text: view.name().into(),
        what: "view".into(),
        target: Target::View(view),
    });
    let edges = model.drawing.pipeline.edges.iter().map(|edge| Match {
        text: format!("{} → {}", edge.from, edge.to),
        what: "wire".into(),
        target: Target::Edge(edge.id()),
    });
    let groups = model.outlook.now.groups.iter().map(|group| Match {
        text: group.name.clone(),
        what: "group".into(),
        target: Target::Group(group.name.clone()),
    });
    let topics = model.outlook.now.topics.iter().filter(|topic| !topic.is_internal).map(|topic| Match {
        text: topic.name.clone(),
        what: "records of a topic".into(),
        target: Target::Topic(topic.name.clone()),
    });
    let partitions = model.read().now.partitions.iter().map(|partition| Match {
        text: format!("{}-{}", partition.topic, partition.partition),
        what: "partition".into(),
        target: Target::Partition(super::partitions::key_of(partition)),
    });
    let contexts = crate::update::contexts_below(model);
    let is_named = |act: &Act| {
        !matches!(
            act,
            Act::Show(_)
                | Act::Left
                | Act::Right
                | Act::Up
                | Act::Down
                | Act::Open
                | Act::Back
                | Act::GoTo
                | Act::Filter
        )
    };
    let commands = COMMANDS.iter().filter(|command| {
        contexts.contains(&command.context)
            && !(model.outlook.is_alone && command.act.is_of_pipelines())
            && command.context != Context::Choose
            && is_named(&command.act)
    });
    let commands = commands.map(|command| Match {
        text: command.help.to_string(),
        what: format!("key {}", command.key()),
        target: Target::Act(command.act),
    });
    let of_cluster = groups.chain(topics);
    words.chain(nodes(model)).chain(views).chain(edges).chain(partitions).chain(of_cluster).chain(commands).collect()
}

/// Those that are it, begin with it, have it.
fn ranked(typed: &str, all: Vec<Match>) -> Vec<Match> {
    let typed = typed.to_lowercase();
    let rank = |found: &Match| {
        let text = found.text.to_lowercase();
        match () {
            () if text == typed => Some(0),
            // A single letter is a command more often than the beginning of a name.
            () if text.starts_with(&typed) && !matches!(found.target, Target::Words(_)) => Some(1),
            () if text.starts_with(&typed) => Some(2),
            () => text.contains(&typed).then_some(3),
        }
    };
    let mut found: Vec<(i32, Match)> = all.into_iter().filter_map(|found| Some((rank(&found)?, found))).collect();
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, found)| found).take(MOST).collect()
}

/// Draws the list over the last lines of the body.
pub(crate) fn draw(model: &Model, pen: &mut Pen<'_>) {
    let Some(prompt) = &model.place.prompt else { return };
    let found = matches(model, prompt);
    let count = found.len().min(pen.height());
    let from = pen.height() - count;
    pen.lines(from, count).clear();
    let chosen = prompt.chosen.min(found.len().saturating_sub(1));
    for (place, found) in found.iter().take(count).enumerate() {
        // The best next to the prompt.
        let y = pen.height() - 1 - place;
        let is_chosen = place == chosen;
        pen.text(1, y, Tone::Bold, if is_chosen { "▸" } else { " " });
        let x = pen.text(3, y, if is_chosen { Tone::Chosen } else { Tone::Text }, &cut_middle(&found.text, 40));
        pen.text(x.max(30) + 2, y, Tone::Dim, &cut(&found.what, pen.width().saturating_sub(x.max(30) + 3)));
    }
}
