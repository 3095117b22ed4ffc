//! What a message changes. Keys are looked up in the table of commands, in the contexts that are open; what they ask for is
//! done in one file for each kind: moving, asking, building, choosing, filling in.

mod act;
pub(crate) mod build;
mod marks;
mod mouse;
mod moving;
mod notes;
pub(crate) mod opening;
mod prompt;
mod sheets;

use crate::commands::{Act, Context, View, asked};
use crate::keys::Key;
use crate::model::place::{Chosen, Page, Question, Sheet, Yes};
use crate::model::run::Link;
use crate::model::{Message, Model, Wish};
use crate::views::table::Row;

pub(crate) use mouse::Pointer;

/// Takes in a message; what it asks of the outside comes back.
pub(crate) fn update(model: &mut Model, message: Message) -> Vec<Wish> {
    let wishes = take(model, message);
    let tapped = taps(model);
    let looked = looks(model);
    let topics = topics(model);
    wishes.into_iter().chain(tapped).chain(looked).chain(topics).collect()
}

fn take(model: &mut Model, message: Message) -> Vec<Wish> {
    match message {
        Message::Key(key) => return press(model, key),
        Message::Pasted(text) if !is_typing(model) => marks::paste_text(model, &text),
        Message::Pasted(text) => text.chars().filter(|letter| !letter.is_control()).for_each(|letter| {
            type_key(model, Key::Char(letter));
        }),
        Message::Mouse(pointer) => return mouse::point(model, pointer),
        Message::Size(columns, rows) => model.size = (columns, rows),
        Message::Tick(now_ms) => model.now_ms = now_ms,
        Message::News(snapshot) => {
            model.run.history.take(&snapshot);
            model.run.now = *snapshot;
            model.now_ms = model.now_ms.max(model.run.now.at_ms);
            model.run.link = Link::Live;
            follow(model);
        }
        Message::Silence { why, at_ms } => {
            let link = std::mem::take(&mut model.run.link);
            model.run.link = link.silent(why, at_ms);
        }
        Message::Over { how, last } => {
            if let Some(last) = last {
                model.run.now = *last;
            }
            model.run.link = Link::Over { how };
        }
        Message::Started(pipeline) => {
            model.drawing.running = *pipeline;
            model.run.now = Default::default();
            model.run.history = Default::default();
            model.run.link = Link::Starting;
        }
        // A held screen stands still.
        Message::Taps(_) | Message::Cluster(_) if model.held.is_some() => {}
        Message::Taps(edges) => {
            edges.into_iter().for_each(|tap| model.tapped.take(tap));
            model.tapped.silence = None;
            follow(model);
        }
        Message::Cluster(seen) => {
            model.now_ms = model.now_ms.max(seen.at_ms);
            model.outlook.take(*seen);
            follow(model);
        }
        Message::ClusterSilence { why, at_ms } => {
            let link = std::mem::take(&mut model.outlook.link);
            model.outlook.link = link.silent(why, at_ms);
        }
        Message::NoCluster => model.outlook.link = Link::Nothing,
        Message::Topics { cluster, found } => model.topics.take(cluster, found),
        Message::NoTaps(why) => model.tapped.silence = Some(why),
        Message::Opened(opened) => {
            let starts = opened.starts.then(|| Wish::Run(Box::new(opened.pipeline.clone())));
            model.open(*opened);
            return starts.into_iter().collect();
        }
        Message::Found(found) => model.found = Some(found),
        Message::State { found, lane } => {
            let sheet = crate::views::windows::keys(model, &found, lane);
            model.place.sheets.push(sheet);
        }
        Message::Said(text) => model.said = Some(text),
        Message::Saved { pipeline, to } => {
            model.drawing.is_saved_as(*pipeline);
            model.said = Some(format!("Saved {to}."));
        }
    }
    Vec::new()
}

/// A table whose last row was selected stays at its end; one without a selection gets the first row that is worth it.
fn follow(model: &mut Model) {
    let view = model.place.view;
    if view == View::Graph || model.held.is_some() {
        return;
    }
    let rows = crate::views::rows(model);
    let grows = match (view, &model.place.page) {
        (View::Log | View::Tap, _) => true,
        (View::Cluster, Page::Records(of)) => of.from.is_none(),
        _ => false,
    };
    let follows = grows && !model.place.list().is_off_end;
    if !follows && model.place.list().chosen.as_ref().is_some_and(|chosen| rows.contains(chosen)) {
        return;
    }
    model.place.list_mut().chosen = if grows { rows.last().cloned() } else { first_worth(model, &rows) };
}

/// The bottleneck, the partition that lags most, else the first row that is not well, else the first.
fn first_worth(model: &Model, rows: &[String]) -> Option<String> {
    let table = crate::views::table(model, model.place.view)?;
    let shown = table.rows.iter().filter(|row| row.fold.is_none() && rows.contains(&row.key));
    let bad: Vec<&Row> = shown.filter(|row| row.is_bad).collect();
    let worst = match model.place.view {
        View::Partitions => {
            let lag = |row: &&&Row| row.cells.get(1).map_or(0.0, |cell| cell.value);
            bad.iter().max_by(|a, b| lag(a).total_cmp(&lag(b))).copied()
        }
        View::Tasks => {
            let bottleneck = model.shown().now.bottleneck.as_ref().map(|it| it.task.to_string());
            bad.iter().find(|row| Some(&row.key) == bottleneck.as_ref()).or(bad.first()).copied()
        }
        _ => bad.first().copied(),
    };
    worst.map(|row| row.key.clone()).or_else(|| rows.first().cloned())
}

/// Asks for records where they are on the screen, and only there.
fn taps(model: &mut Model) -> Option<Wish> {
    let edges = match model.place.view {
        View::Tap => crate::views::tap::edges(model),
        View::Windows => {
            let node = model.subject(View::Windows)?;
            let edges = crate::views::graph::wires_of(model, &node).into_iter();
            edges.filter(|(_, (from, _))| from.node == node).map(|(edge, _)| edge).collect()
        }
        _ => Vec::new(),
    };
    if model.tapped.asked == edges {
        return None;
    }
    model.tapped.asked.clone_from(&edges);
    model.tapped.edges.clear();
    Some(Wish::Tap(edges))
}

/// Asks of the cluster what is on the screen, and only that.
fn looks(model: &mut Model) -> Option<Wish> {
    let wanted = crate::views::wanted(model);
    if model.outlook.asked == wanted {
        return None;
    }
    if wanted.is_some() && model.outlook.link == Link::Nothing {
        model.outlook.link = Link::Starting;
    }
    model.outlook.asked.clone_from(&wanted);
    Some(Wish::Look(wanted))
}

/// Asks for topics where the name of one is typed, and only there.
fn topics(model: &mut Model) -> Option<Wish> {
    let Some(Sheet::Form(sheet)) = model.place.sheets.last() else { return None };
    let cluster = sheet.topics_of()?.to_string();
    let pipeline = || Box::new(model.drawing.pipeline.clone());
    model.topics.is_due(&cluster, model.now_ms).then(|| Wish::Topics { pipeline: pipeline(), cluster })
}

/// The contexts that are open, the narrowest first.
pub(crate) fn contexts(model: &Model) -> Vec<Context> {
    if model.place.question.is_some() {
        return vec![Context::Confirm];
    }
    if model.place.prompt.is_some() {
        return vec![Context::Choose];
    }
    match model.place.sheets.last() {
        Some(Sheet::Form(_) | Sheet::Notes(_)) => vec![Context::Form],
        Some(
            Sheet::Add(_)
            | Sheet::Connect(_)
            | Sheet::Rename { .. }
            | Sheet::Help { .. }
            | Sheet::Gallery { .. }
            | Sheet::Menu { .. },
        ) => vec![Context::Choose],
        Some(Sheet::Problems { .. }) => vec![Context::Problems, Context::Everywhere],
        Some(Sheet::Why { .. } | Sheet::Text(_)) => vec![Context::Everywhere],
        None => contexts_below(model),
    }
}

/// The contexts of the open view, whatever lies over it.
pub(crate) fn contexts_below(model: &Model) -> Vec<Context> {
    match model.place.view {
        View::Graph if model.rights.may_build => vec![Context::Build, Context::Graph, Context::Everywhere],
        View::Graph => vec![Context::Graph, Context::Everywhere],
        _ => vec![Context::Tables, Context::Everywhere],
    }
}

fn press(model: &mut Model, key: Key) -> Vec<Wish> {
    model.said = None;
    let contexts = contexts(model);
    if let Some(act) = asked(key, &contexts) {
        // In a line that is typed, its own keys come first.
        if !(is_typing(model) && matches!(key, Key::Char(_))) {
            return act::act(model, act);
        }
    }
    if !type_key(model, key) && asked(key, &[Context::Build]).is_some() && model.place.view == View::Graph {
        let is_over = model.place.sheets.last().is_some();
        if !is_over && !model.rights.may_build {
            model.said = Some("This is a run elsewhere; :w FILE copies its drawing to a file here.".into());
        }
    }
    Vec::new()
}

/// A line takes what is typed.
fn is_typing(model: &Model) -> bool {
    match (&model.place.prompt, model.place.sheets.last()) {
        _ if model.place.question.is_some() => false,
        (Some(_), _) => true,
        (None, Some(Sheet::Form(sheet))) => sheet.editing.is_some(),
        (None, Some(Sheet::Notes(sheet))) => sheet.editing.is_some(),
        (None, Some(Sheet::Add(_) | Sheet::Connect(_) | Sheet::Rename { .. })) => true,
        (None, Some(Sheet::Help { .. } | Sheet::Gallery { .. })) => true,
        _ => false,
    }
}

/// Gives a key to the line that is typed; false where there is none, or it means nothing to it.
fn type_key(model: &mut Model, key: Key) -> bool {
    if model.place.question.is_some() {
        return false;
    }
    if model.place.prompt.is_some() {
        return prompt::type_key(model, key);
    }
    sheets::type_key(model, key)
}

/// Goes to a view, and closes what lies over it.
pub(crate) fn show(model: &mut Model, view: View) {
    model.place.sheets.clear();
    model.place.view = view;
    if view == View::Tap
        && let Some(node) = tap_subject(model)
    {
        model.place.list_mut().subject = Some(node);
    }
    follow(model);
}

/// Goes to a row of the view of partitions.
fn go_to_partition(model: &mut Model, key: &str) {
    show(model, View::Partitions);
    let list = model.place.list_mut();
    // It may stand in what is folded, or not pass.
    (list.filter, list.only_bad) = (None, false);
    list.folded.clear();
    list.chosen = Some(key.to_string());
}

/// The node that a tap of the selection is about: the one that a wire leads to.
fn tap_subject(model: &Model) -> Option<String> {
    match &model.place.graph.chosen {
        Some(Chosen::Node(id)) => Some(id.clone()),
        Some(Chosen::Edge(id)) => model.drawing.pipeline.edge(id).map(|edge| edge.to.node.clone()),
        None => None,
    }
}

/// Asks before something is done.
pub(crate) fn ask(model: &mut Model, text: impl Into<String>, act: Act) {
    model.place.question = Some(Question { text: text.into(), yes: Yes::Do(act) });
}
