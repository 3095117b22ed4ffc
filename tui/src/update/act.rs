//! What commands do, but for building.

use tidegate_core::faces::topics::cluster_of;
use tidegate_core::snapshot::{PartitionSnapshot, RecordsWanted};

use super::{ask, build, marks, moving, prompt, sheets, show};
use crate::commands::{Act, View, command_of};
use crate::line::Line;
use crate::model::place::{Chosen, Page, Prompt, PromptKind, Sheet, TextSheet, Yes};
use crate::model::run::Link;
use crate::model::{Model, Wish};
use crate::views;

/// Does what was asked.
pub(crate) fn act(model: &mut Model, act: Act) -> Vec<Wish> {
    if model.place.question.is_some() {
        return answer(model, act);
    }
    if model.place.prompt.is_some() {
        return prompt::act(model, act);
    }
    if let Some(wishes) = sheets::act(model, act) {
        return wishes;
    }
    if model.outlook.is_alone && act.is_of_pipelines() {
        model.said = Some("This is a cluster, without a pipeline; tidegate top FILE shows one.".into());
        return Vec::new();
    }
    match act {
        Act::Show(View::Partitions) if !model.outlook.is_alone => {
            // Those of the run, whichever group was open.
            model.outlook.opened = None;
            show(model, View::Partitions);
        }
        Act::Show(view) => show(model, view),
        Act::ViewBefore => turn(model, model.views().len() - 1),
        Act::ViewAfter => turn(model, 1),
        Act::Open => return open(model),
        Act::Back => back(model),
        Act::Help => model.place.sheets.push(Sheet::Help { search: Line::default(), page: 0 }),
        Act::GoTo => model.place.prompt = Some(prompt_of(PromptKind::GoTo, "")),
        Act::Filter => {
            let text = model.place.list().filter.as_ref().map(|filter| filter.text.clone()).unwrap_or_default();
            model.place.prompt = Some(prompt_of(PromptKind::Filter, &text));
        }
        Act::Hold => hold(model),
        Act::Longer => model.place.minutes = model.place.minutes.longer(),
        Act::Shorter => model.place.minutes = model.place.minutes.shorter(),
        Act::ResetTime => model.place.minutes = Default::default(),
        Act::SubjectBefore => subject(model, false),
        Act::SubjectAfter => subject(model, true),
        Act::Bottleneck => bottleneck(model),
        Act::Why => why(model),
        Act::Tap => show(model, View::Tap),
        Act::Problems => model.place.sheets.push(Sheet::Problems { chosen: 0 }),
        Act::Copy => return copy(model),
        Act::DrawAgain => return vec![Wish::DrawAgain],
        Act::Quit => return quit(model),
        Act::Leave => return vec![Wish::Quit],
        Act::Pause => return pause(model),
        Act::Stop => stop(model),
        Act::Sort | Act::TurnOrder | Act::OnlyBad | Act::Columns => table(model, act),
        _ if moving::act(model, act) => {}
        _ => return build::act(model, act),
    }
    Vec::new()
}

fn prompt_of(kind: PromptKind, text: &str) -> Prompt {
    Prompt { kind, line: Line::new(text), chosen: 0 }
}

fn turn(model: &mut Model, by: usize) {
    let views = model.views();
    let now = views.iter().position(|view| *view == model.place.view).unwrap_or_default();
    show(model, views[(now + by) % views.len()]);
}

fn answer(model: &mut Model, act: Act) -> Vec<Wish> {
    let Some(question) = model.place.question.take() else { return Vec::new() };
    match (act, question.yes) {
        (Act::Leave, _) | (Act::Yes, Yes::Do(Act::Quit)) => vec![Wish::Quit],
        (Act::Yes, Yes::Open(opening)) => vec![Wish::Open(opening)],
        (Act::Yes, Yes::Do(Act::Stop)) => vec![Wish::Stop],
        (Act::Yes, Yes::Do(Act::Run)) => vec![Wish::Run(Box::new(model.drawing.pipeline.clone()))],
        (Act::Yes, Yes::Do(Act::LeaveForm)) => {
            model.place.sheets.pop();
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// Enter: what is selected, one step closer.
fn open(model: &mut Model) -> Vec<Wish> {
    match model.place.view {
        View::Graph => match model.place.graph.chosen.clone() {
            Some(Chosen::Edge(_)) => show(model, View::Tap),
            Some(Chosen::Node(id)) => open_node(model, &id),
            None => {}
        },
        View::Partitions => {
            let Some(key) = model.place.list().chosen.clone() else { return Vec::new() };
            if views::partitions::is_on_topic(model) {
                let folded = &mut model.place.list_mut().folded;
                if !folded.remove(&key) {
                    folded.insert(key);
                }
            } else {
                open_partition(model, &key);
            }
        }
        View::Windows => {
            let asked = model.subject(View::Windows).zip(views::lane_of_row(model));
            return asked.map(|(node, lane)| Wish::State { node, lane }).into_iter().collect();
        }
        View::Cluster => match model.place.page {
            Page::Groups => open_group(model),
            Page::Topics => {
                if let Some(topic) = model.place.list().chosen.clone() {
                    open_records(model, RecordsWanted { topic, from: None });
                }
            }
            Page::Records(_) => model.place.sheets.extend(views::opened_record(model).map(Sheet::Text)),
        },
        View::Tap => model.place.sheets.extend(views::tap::opened(model).map(Sheet::Text)),
        View::Tasks | View::Log => to_node(model),
    }
    Vec::new()
}

/// Shows a node: its form where it may be changed, else its config and what it is.
fn open_node(model: &mut Model, id: &str) {
    if model.rights.may_build && build::configure(model, id) {
        return;
    }
    let Some(node) = model.drawing.pipeline.node(id) else { return };
    let mut lines = vec![format!("operator  {}", node.operator)];
    let config = serde_json::to_string_pretty(&node.config).unwrap_or_default();
    lines.extend(config.lines().map(str::to_string));
    if let Some(operator) = model.drawing.operator(id) {
        lines.push(String::new());
        lines.extend(operator.help.lines().map(str::to_string));
    }
    let title = format!("graph › {id}");
    model.place.sheets.push(Sheet::Text(TextSheet { title, lines, ..TextSheet::default() }));
}

/// To records of a topic.
pub(super) fn open_records(model: &mut Model, of: RecordsWanted) {
    show(model, View::Cluster);
    model.place.page = Page::Records(of);
    *model.place.list_mut() = Default::default();
    super::follow(model);
}

/// To the records that a partition's reader comes to next; where it is not known how far it is, to the node.
fn open_partition(model: &mut Model, key: &str) {
    let of_row = |known: &&PartitionSnapshot| views::partitions::key_of(known) == key;
    let Some(partition) = model.read().now.partitions.iter().find(of_row) else { return };
    let Some(offset) = partition.committed else { return to_node(model) };
    let of = RecordsWanted { topic: partition.topic.clone(), from: Some((partition.partition, offset)) };
    // What a run reads may be on another of its clusters than is looked at.
    if model.outlook.opened.is_none() {
        let config = model.drawing.pipeline.node(&partition.node).map(|node| &node.config);
        let cluster = config.map_or("default", cluster_of).to_string();
        if model.subject(View::Cluster).is_some_and(|shown| shown != cluster) {
            model.place.lists[View::Cluster.place()].subject = Some(cluster);
            model.outlook.turn();
        }
    }
    open_records(model, of);
}

/// To the partitions of the selected group; those of the run's own are the run's.
fn open_group(model: &mut Model) {
    let Some(name) = model.place.list().chosen.clone() else { return };
    let own = &model.run.now.run.application_id;
    match !model.outlook.is_alone && *own == name {
        true => model.outlook.opened = None,
        false => model.outlook.open(&name),
    }
    model.place.lists[View::Partitions.place()] = Default::default();
    show(model, View::Partitions);
}

/// To the node that the selected row leads to.
fn to_node(model: &mut Model) {
    let Some(id) = model.chosen_node() else { return };
    let pipeline = &model.drawing.pipeline;
    if pipeline.node(&id).is_some() {
        build::go_to(model, Chosen::Node(id));
    } else if pipeline.edge(&id).is_some() {
        // What happens at a through topic is told of its edge.
        build::go_to(model, Chosen::Edge(id));
    }
}

/// Esc: one thing less.
fn back(model: &mut Model) {
    let list = model.place.list_mut();
    if list.filter.take().is_some() {
        return;
    }
    if list.only_bad || list.shows_all {
        (list.only_bad, list.shows_all) = (false, false);
    } else if model.held.take().is_some() {
        model.said = Some("The screen runs again.".into());
    } else if model.place.view == View::Partitions && model.outlook.opened.is_some() {
        show(model, View::Cluster);
    } else if model.place.view == View::Cluster && model.place.page != Page::Groups {
        match std::mem::take(&mut model.place.page) {
            Page::Records(RecordsWanted { from: Some(_), .. }) => return show(model, View::Partitions),
            Page::Records(_) => model.place.page = Page::Topics,
            Page::Groups | Page::Topics => {}
        }
        super::follow(model);
    } else if model.place.view != model.views()[0] && !model.outlook.is_alone {
        show(model, View::Graph);
    }
}

fn hold(model: &mut Model) {
    model.held = match model.held.take() {
        Some(_) => None,
        None => Some(Box::new(model.run.clone())),
    };
    if model.held.is_some() {
        model.said = Some("Held: figures stand still until space.".into());
    }
}

/// To another node that the view can be about.
fn subject(model: &mut Model, is_after: bool) {
    let view = model.place.view;
    let all = match view {
        View::Graph => return moving::along(model, is_after),
        view => views::subjects(model, view),
    };
    let Some(now) = model.subject(view) else {
        model.said = Some("This view is of all there is; < > go on in windows and tap.".into());
        return;
    };
    let place = all.iter().position(|id| *id == now).unwrap_or_default();
    let next = if is_after { (place + 1) % all.len() } else { (place + all.len() - 1) % all.len() };
    model.place.lists[view.place()].subject = Some(all[next].clone());
    model.place.list_mut().chosen = None;
    if view == View::Cluster {
        model.outlook.turn();
        model.place.page = if model.place.page == Page::Groups { Page::Groups } else { Page::Topics };
    }
    super::follow(model);
}

fn bottleneck(model: &mut Model) {
    let Some(bottleneck) = model.shown().now.bottleneck.clone() else {
        model.said = Some("Nothing holds anything back: there is no bottleneck.".into());
        return;
    };
    if model.place.view == View::Tasks {
        model.place.list_mut().chosen = Some(bottleneck.task.to_string());
        return;
    }
    views::choose_node(model, &bottleneck.node);
    show(model, View::Graph);
}

fn why(model: &mut Model) {
    let lane = views::lane_of_row(model);
    let node = match (model.place.view, &model.place.graph.chosen) {
        (View::Graph, Some(Chosen::Edge(id))) => model.drawing.pipeline.edge(id).map(|edge| edge.to.node.clone()),
        _ => model.chosen_node(),
    };
    match node.or_else(|| model.first_node()) {
        Some(node) => model.place.sheets.push(Sheet::Why { node, lane }),
        None => model.said = Some("Nothing is drawn yet.".into()),
    }
}

fn copy(model: &mut Model) -> Vec<Wish> {
    if model.place.view == View::Graph
        && let Some(fragment) = marks::copied(model)
    {
        model.clip = fragment;
    }
    let run = model.shown();
    let text = match (model.place.view, &model.place.graph.chosen) {
        (View::Graph, Some(Chosen::Node(_))) => Some(serde_json::to_string_pretty(&model.clip)),
        (View::Graph, Some(Chosen::Edge(id))) => model.drawing.pipeline.edge(id).map(serde_json::to_string_pretty),
        (View::Partitions, _) => Some(serde_json::to_string_pretty(&model.read().now.partitions)),
        (View::Cluster, _) => Some(serde_json::to_string_pretty(&model.outlook.now)),
        (View::Tasks, _) => Some(serde_json::to_string_pretty(&run.now.tasks)),
        (View::Log, _) => Some(serde_json::to_string_pretty(&run.now.log)),
        (View::Tap, _) => Some(serde_json::to_string_pretty(&model.tapped.edges)),
        _ => Some(serde_json::to_string_pretty(&run.now.nodes)),
    };
    match text {
        Some(Ok(text)) => {
            model.said = Some(format!("Copied {} bytes of JSON.", text.len()));
            vec![Wish::Copy(text)]
        }
        _ => Vec::new(),
    }
}

fn quit(model: &mut Model) -> Vec<Wish> {
    let is_running = matches!(model.run.link, Link::Live | Link::Starting) && model.rights.owns_run;
    let text = match (is_running, model.drawing.is_unsaved()) {
        (true, true) => "Leave, stop the run, and lose the edits that are not saved?",
        (true, false) => "Leave? This stops the run, which runs here.",
        (false, true) => "Leave, and lose the edits that are not saved?",
        (false, false) => return vec![Wish::Quit],
    };
    ask(model, text, Act::Quit);
    Vec::new()
}

fn may_control(model: &mut Model) -> bool {
    let is_live = matches!(model.run.link, Link::Live | Link::Starting);
    if !is_live {
        model.said = Some("Nothing runs.".into());
    } else if !model.rights.may_control {
        model.said = Some("This run is read-only here; --write allows to pause, resume and stop it.".into());
    }
    is_live && model.rights.may_control
}

fn pause(model: &mut Model) -> Vec<Wish> {
    if !may_control(model) {
        return Vec::new();
    }
    match model.run.now.run.state {
        tidegate_core::snapshot::RunState::Paused => vec![Wish::Resume],
        _ => vec![Wish::Pause],
    }
}

fn stop(model: &mut Model) {
    if may_control(model) {
        ask(model, format!("Stop the run of {}?", model.drawing.pipeline.name), Act::Stop);
    }
}

/// What tables do with their rows.
fn table(model: &mut Model, act: Act) {
    let columns = views::table(model, model.place.view).map_or(0, |table| table.columns.len());
    let is_of_all = model.place.view == View::Cluster;
    let command = command_of(act, &super::contexts_below(model));
    if command.is_some_and(|command| !command.is_of(model.place.view)) {
        model.said = Some("There are no other columns here.".into());
        return;
    }
    let list = model.place.list_mut();
    match act {
        Act::Sort => {
            // From the largest on; behind the last column comes the usual order.
            list.sort = match list.sort {
                None => Some((0, false)),
                Some((column, _)) if column + 1 < columns => Some((column + 1, false)),
                Some(_) => None,
            };
        }
        Act::TurnOrder => list.sort = Some(list.sort.map_or((0, false), |(column, ascending)| (column, !ascending))),
        Act::OnlyBad if is_of_all => list.shows_all = !list.shows_all,
        Act::OnlyBad => list.only_bad = !list.only_bad,
        _ => list.other_columns = !list.other_columns,
    }
}
