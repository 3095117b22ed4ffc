//! Screens: each view is one file and draws the model as it is. What all share is here: which view draws which part, what
//! lies over it, and the questions that keys ask of tables.

mod add;
mod cluster;
mod connect;
mod form;
mod gallery;
pub(crate) mod graph;
pub(crate) mod help;
pub(crate) mod log;
pub(crate) mod menu;
mod notes;
pub(crate) mod partitions;
mod problems;
mod prompt;
pub(crate) mod record;
pub(crate) mod table;
pub(crate) mod tap;
mod tasks;
mod why;
pub(crate) mod windows;

use ratatui::buffer::Buffer;

use crate::commands::View;
use crate::frame;
use crate::model::Model;
use crate::model::place::{Chosen, Page, Sheet, TextSheet};
use crate::model::run::Link;
use crate::pen::{Pen, cut};
use crate::theme::Tone;
use table::Table;

pub(crate) use add::found;
pub(crate) use cluster::{opened_record, wanted};
pub(crate) use gallery::fitting;
pub(crate) use problems::sorted;
pub(crate) use prompt::{MOST, Target, matches, nodes_that_pass};

/// Draws all.
pub(crate) fn draw(model: &Model, buffer: &mut Buffer) {
    let area = buffer.area;
    let mut pen = Pen::new(buffer, area);
    let lines = Lines::of((pen.width(), pen.height()));
    frame::title(model, &mut pen.lines(0, 1));
    if lines.tabs {
        frame::tabs(model, &mut pen.lines(1, 1));
    }
    body(model, &mut pen.lines(lines.body, lines.body_height));
    if model.is_old() {
        dim(&mut pen.lines(lines.body, lines.body_height));
    }
    // A sentence that needs a second line takes the last one of the body.
    let taken = usize::from(lines.status_height == 1 && lines.body_height > 8);
    frame::status(model, taken, &mut pen.lines(lines.status - taken, lines.status_height + taken));
    if let Some(keys) = lines.keys {
        frame::keys(model, &mut pen.lines(keys, 1));
    }
    model.look.finish(buffer);
}

/// Which lines hold what. Where there are few, the keys go first, then the tabs; title, status and some of the body stay.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lines {
    pub(crate) tabs: bool,
    pub(crate) body: usize,
    pub(crate) body_height: usize,
    pub(crate) status: usize,
    /// a narrow screen has two lines for a sentence
    pub(crate) status_height: usize,
    pub(crate) keys: Option<usize>,
}

impl Lines {
    pub(crate) fn of((columns, rows): (usize, usize)) -> Lines {
        let keys = (rows >= 8).then(|| rows - 1);
        let tabs = rows >= 6;
        let status_height = if columns < frame::WIDE && rows >= 18 { 2 } else { 1 };
        let status = keys.unwrap_or(rows).saturating_sub(status_height);
        let body = 1 + usize::from(tabs);
        Lines { tabs, body, body_height: status.saturating_sub(body), status, status_height, keys }
    }
}

/// The view, or what lies over it. From 110 columns on, lists and forms stand beside the graph.
fn body(model: &Model, pen: &mut Pen<'_>) {
    const DOCKED: usize = 54;
    let Some(sheet) = model.place.sheets.last() else {
        view(model, pen);
        return prompt::draw(model, pen);
    };
    if let Sheet::Menu { acts, chosen } = sheet {
        view(model, pen);
        return menu::draw(model, acts, *chosen, pen);
    }
    let may_dock = matches!(sheet, Sheet::Add(_) | Sheet::Connect(_) | Sheet::Form(_) | Sheet::Rename { .. });
    if may_dock && pen.width() >= 110 {
        let (width, height) = (pen.width(), pen.height());
        view(model, &mut pen.part(0, 0, width - DOCKED, height));
        let mut side = pen.part(width - DOCKED, 0, DOCKED, height);
        for y in 0..height {
            side.text(0, y, Tone::Dim, "│");
        }
        self::sheet(model, sheet, &mut side.part(1, 0, DOCKED - 1, height));
    } else {
        self::sheet(model, sheet, pen);
    }
    prompt::draw(model, pen);
}

fn sheet(model: &Model, sheet: &Sheet, pen: &mut Pen<'_>) {
    match sheet {
        Sheet::Help { search, page } => help::draw(model, search.text(), *page, pen),
        Sheet::Add(sheet) => add::draw(model, sheet, pen),
        Sheet::Connect(sheet) => connect::draw(model, sheet, pen),
        Sheet::Form(sheet) => form::draw(model, sheet, pen),
        Sheet::Problems { chosen } => problems::draw(model, *chosen, pen),
        Sheet::Why { node, lane } => why::draw(model, node, *lane, pen),
        Sheet::Text(TextSheet { title, lines, top, .. }) => {
            pen.text(1, 0, Tone::Bold, &cut(title, pen.width().saturating_sub(2)));
            for (y, line) in lines.iter().skip(*top).take(pen.height().saturating_sub(2)).enumerate() {
                pen.text(1, y + 2, Tone::Text, &cut(line, pen.width().saturating_sub(2)));
            }
        }
        Sheet::Gallery { search, chosen } => gallery::draw(model, search, *chosen, pen),
        Sheet::Notes(sheet) => notes::draw(model, sheet, pen),
        Sheet::Menu { .. } => {}
        Sheet::Rename { node, line } => {
            pen.text(1, 0, Tone::Bold, &format!("graph › {node} › rename"));
            pen.pieces(1, 2, [(Tone::Dim, "new id  "), (Tone::Text, line.with_cursor().as_str())]);
            let text = "Topics and state are named after the id: under another one they begin anew.";
            for (y, line) in crate::pen::wrap(text, pen.width().saturating_sub(2)).iter().enumerate() {
                pen.text(1, y + 4, Tone::Dim, line);
            }
        }
    }
}

fn dim(pen: &mut Pen<'_>) {
    for y in 0..pen.height() {
        let width = pen.width();
        pen.tint(0, y, width, Tone::Dim);
    }
}

fn view(model: &Model, pen: &mut Pen<'_>) {
    match model.place.view {
        View::Graph => graph::draw(model, pen),
        View::Tasks => tasks::draw(model, pen),
        other => {
            let Some(table) = table(model, other) else { return };
            let parts = Parts::of(model, pen);
            let list = model.place.list();
            if parts.table > 0 {
                table.draw(list, &mut pen.lines(parts.head, parts.table));
            }
            if parts.foot > 0 {
                let from = pen.height() - parts.foot;
                foot(model, other, &mut pen.lines(from, parts.foot));
            }
        }
    }
}

/// How the body of a table is divided.
struct Parts {
    head: usize,
    table: usize,
    foot: usize,
}

impl Parts {
    /// Draws the head, and leaves the rest to the table and to what stands below it.
    fn of(model: &Model, pen: &mut Pen<'_>) -> Parts {
        let height = pen.height();
        let head = match model.place.view {
            View::Partitions => partitions::head(model, pen),
            View::Windows => windows::head(model, pen),
            View::Tap => tap::head(model, pen),
            View::Log => log::head(model, pen),
            View::Cluster => cluster::head(model, pen),
            View::Graph | View::Tasks => 0,
        };
        let wanted = match model.place.view {
            View::Partitions if height >= 12 => partitions::foot_lines(model),
            View::Windows if height >= 15 => 4,
            View::Tap if height >= 15 => 3,
            View::Log if height >= 14 => 4,
            View::Cluster if height >= 18 => cluster::FOOT,
            View::Cluster if height >= 12 => 1,
            _ => 0,
        };
        let head = head.min(height);
        let foot = wanted.min((height - head) / 2);
        // A blank line in between.
        Parts { head, table: height - head - foot - usize::from(foot > 0), foot }
    }
}

fn foot(model: &Model, view: View, pen: &mut Pen<'_>) {
    match view {
        View::Partitions => partitions::foot(model, pen),
        View::Windows => windows::results(model, pen),
        View::Tap => tap::foot(model, pen),
        View::Log => log::foot(model, pen),
        View::Cluster => cluster::foot(model, pen),
        View::Graph | View::Tasks => {}
    }
}

/// The table of a view; the graph has none.
pub(crate) fn table(model: &Model, view: View) -> Option<Table> {
    Some(match view {
        View::Graph => return None,
        View::Partitions => partitions::table(model),
        View::Tasks => tasks::table(model),
        View::Windows => windows::table(model),
        View::Tap => tap::table(model),
        View::Log => log::table(model),
        View::Cluster => cluster::table(model),
    })
}

/// Keys of the rows that are shown.
pub(crate) fn rows(model: &Model) -> Vec<String> {
    let shown = |table: Table| table.shown(model.place.list()).iter().map(|row| row.key.clone()).collect();
    table(model, model.place.view).map(shown).unwrap_or_default()
}

/// The node that the selected row of a view leads to.
pub(crate) fn node_of_row(model: &Model, view: View) -> Option<String> {
    let chosen = match view == model.place.view {
        true => model.place.list().chosen.as_deref(),
        false => model.place.lists[view.place()].chosen.as_deref(),
    };
    let run = model.shown();
    match view {
        View::Graph => None,
        View::Partitions => chosen?.split(' ').next().map(str::to_string),
        View::Tasks => tasks::node_of_row(model, chosen?),
        View::Windows | View::Tap => model.subject(view),
        View::Log => {
            let number: u64 = chosen?.parse().ok()?;
            run.now.log.iter().find(|entry| entry.number == number)?.node.clone()
        }
        View::Cluster => {
            let topic = chosen.filter(|_| model.place.page == Page::Topics)?;
            run.now.partitions.iter().find(|partition| partition.topic == topic).map(|partition| partition.node.clone())
        }
    }
}

/// The lane of the selected row, in the view of windows.
pub(crate) fn lane_of_row(model: &Model) -> Option<u32> {
    match model.place.view {
        View::Windows => windows::lane_of_row(model.place.list().chosen.as_deref()?),
        _ => None,
    }
}

/// Nodes that a view can be about, in flow order.
pub(crate) fn subjects(model: &Model, view: View) -> Vec<String> {
    let flow = model.flow();
    match view {
        View::Windows => {
            let has_windows = |id: &String| model.shown().node(id).is_some_and(|node| !node.windows.is_empty());
            flow.into_iter().filter(has_windows).collect()
        }
        View::Tap => flow,
        View::Cluster => cluster::clusters(model),
        _ => Vec::new(),
    }
}

/// The status where nothing else is to be said: what the selection means.
pub(crate) fn sentence(model: &Model) -> String {
    let (link, at_ms) = match model.is_on_cluster() {
        true => (&model.outlook.link, model.outlook.now.at_ms),
        false => (&model.run.link, model.run.now.at_ms),
    };
    if let Link::Silent { since_ms, why, tries } = link {
        let seconds = crate::numbers::since(model.now_ms - since_ms);
        let figures = match at_ms {
            0 => String::new(),
            at_ms => format!(" All figures: {}.", crate::numbers::clock(at_ms, model.offset_s)),
        };
        return format!("No answer for {seconds}, try {tries}: {why}.{figures}");
    }
    match model.place.sheets.last() {
        Some(Sheet::Help { .. }) => return "Typing narrows it, down turns the page, esc closes it.".into(),
        Some(Sheet::Add(sheet)) => return add::sentence(model, sheet),
        Some(Sheet::Connect(sheet)) => return connect::sentence(model, sheet),
        Some(Sheet::Form(sheet)) => return form::sentence(model, sheet),
        Some(Sheet::Problems { chosen }) => return problems::sentence(model, *chosen),
        Some(Sheet::Gallery { search, chosen }) => return gallery::sentence(model, search, *chosen),
        Some(Sheet::Notes(sheet)) => return notes::sentence(model, sheet),
        Some(Sheet::Menu { .. }) => return "enter does what is selected; esc closes the menu.".into(),
        Some(Sheet::Rename { .. }) => return "enter renames; edges, groups and tests follow.".into(),
        Some(Sheet::Text(TextSheet { partition: Some(_), .. })) => {
            return "enter goes to the partition that it was read from; esc closes it.".into();
        }
        Some(Sheet::Why { .. } | Sheet::Text(_)) => return String::new(),
        None => {}
    }
    match model.place.view {
        View::Graph => graph::sentence(model),
        _ if !model.outlook.is_alone && !model.is_on_cluster() && !model.shown().has_figures() => {
            match &model.shown().link {
                Link::Over { how } => how.clone(),
                Link::Starting => "The run is being started.".into(),
                _ => "Nothing runs, so there are no figures.".into(),
            }
        }
        View::Partitions => partitions::sentence(model),
        View::Tasks => tasks::sentence(model),
        View::Windows => windows::sentence(model),
        View::Tap => tap::sentence(model),
        View::Log => log::sentence(model),
        View::Cluster => cluster::sentence(model),
    }
}

/// The row of the body at which the rows of the open table begin, and the key of each that is on the screen.
pub(crate) fn rows_on_screen(model: &Model) -> (usize, Vec<String>) {
    let lines = Lines::of(model.size);
    let mut buffer = Buffer::empty(ratatui::layout::Rect::new(0, 0, side(model.size.0), side(model.size.1)));
    let area = buffer.area;
    let mut pen = Pen::new(&mut buffer, area);
    let mut pen = pen.lines(lines.body, lines.body_height);
    let Some(table) = table(model, model.place.view) else { return (0, Vec::new()) };
    let (head, height) = match model.place.view {
        View::Tasks => (tasks::HEAD, pen.height().saturating_sub(tasks::HEAD)),
        _ => {
            let parts = Parts::of(model, &mut pen);
            (parts.head, parts.table)
        }
    };
    let top = table.draw(model.place.list(), &mut pen.lines(head, height));
    let rows = table.shown(model.place.list());
    let room = height.saturating_sub(1);
    (head + 1, rows.iter().skip(top).take(room).map(|row| row.key.clone()).collect())
}

/// A side of the screen as a terminal counts it.
pub(crate) fn side(cells: usize) -> u16 {
    u16::try_from(cells).unwrap_or(u16::MAX)
}

/// Selects a node in the graph.
pub(crate) fn choose_node(model: &mut Model, id: &str) {
    model.place.graph.chosen = Some(Chosen::Node(id.to_string()));
    model.place.graph.pan = (0, 0);
}
