//! Moving the selection: to the nearest node or wire in the graph, from row to row in tables.

use super::marks;
use crate::commands::{Act, View};
use crate::model::Model;
use crate::model::place::{Chosen, Page, Sheet, TextSheet};
use crate::views;

/// Does what moves; false where it is something else.
pub(crate) fn act(model: &mut Model, act: Act) -> bool {
    if let Some(Sheet::Text(_) | Sheet::Problems { .. }) = model.place.sheets.last() {
        return scroll(model, act);
    }
    let is_graph = model.place.view == View::Graph;
    let half = (model.size.1.saturating_sub(8) / 2).max(1) as isize;
    match act {
        Act::Left if is_graph => near(model, (-1, 0)),
        Act::Right if is_graph => near(model, (1, 0)),
        Act::Up if is_graph => near(model, (0, -1)),
        Act::Down if is_graph => near(model, (0, 1)),
        Act::Next if is_graph => along(model, true),
        Act::Before if is_graph => along(model, false),
        Act::First if is_graph => end(model, false),
        Act::Last if is_graph => end(model, true),
        Act::HalfUp if is_graph => pan(model, 0, -half),
        Act::HalfDown if is_graph => pan(model, 0, half),
        Act::PanLeft => pan(model, -8, 0),
        Act::PanRight => pan(model, 8, 0),
        Act::PanUp => pan(model, 0, -3),
        Act::PanDown => pan(model, 0, 3),
        Act::More => detail(model, true),
        Act::Less => detail(model, false),
        Act::Fit => {
            model.place.graph.detail = None;
            model.place.graph.pan = (0, 0);
        }
        Act::Minimap => model.place.graph.hides_map = !model.place.graph.hides_map,
        Act::Mark => marks::mark(model),
        Act::MatchNext if is_graph => to_match(model, true),
        Act::MatchBefore if is_graph => to_match(model, false),
        Act::Next | Act::Before if model.place.view == View::Cluster => {
            model.place.page = if model.place.page == Page::Topics { Page::Groups } else { Page::Topics };
            super::follow(model);
        }
        Act::MatchNext => step(model, 1),
        Act::MatchBefore => step(model, -1),
        Act::Down | Act::Next => step(model, 1),
        Act::Up | Act::Before => step(model, -1),
        Act::HalfDown => step(model, half),
        Act::HalfUp => step(model, -half),
        Act::First => step(model, isize::MIN / 2),
        Act::Last => step(model, isize::MAX / 2),
        Act::Left | Act::Right => {}
        _ => return false,
    }
    true
}

fn pan(model: &mut Model, x: isize, y: isize) {
    let pan = &mut model.place.graph.pan;
    // As far as any drawing reaches.
    const FAR: isize = 10_000;
    *pan = ((pan.0 + x).clamp(-FAR, FAR), (pan.1 + y).clamp(-FAR, FAR));
}

fn detail(model: &mut Model, is_more: bool) {
    let area = graph_area(model);
    let now = views::graph::shown(model, area).0.scene.detail;
    model.place.graph.detail = Some(if is_more { now.more() } else { now.less() });
}

/// Columns and lines of the graph on this screen.
pub(crate) fn graph_area(model: &Model) -> (usize, usize) {
    let lines = views::Lines::of(model.size);
    let (_, width, height) = views::graph::graph_area(model.size.0, lines.body_height);
    (width, height)
}

/// Rows of a table up or down.
fn step(model: &mut Model, by: isize) {
    let rows = views::rows(model);
    let Some(last) = rows.len().checked_sub(1) else { return };
    let list = model.place.list_mut();
    let now = list.chosen.as_ref().and_then(|chosen| rows.iter().position(|row| row == chosen));
    let next = now.map_or(0, |now| now.saturating_add_signed(by).min(last));
    list.chosen = Some(rows[next].clone());
    list.is_off_end = next != last;
    // Keeps the row in sight: the table scrolls by itself from there.
    list.top = list.top.min(next);
    let room = model.size.1.saturating_sub(8).max(1);
    let list = model.place.list_mut();
    list.top = list.top.max((next + 1).saturating_sub(room));
}

fn scroll(model: &mut Model, act: Act) -> bool {
    let half = (model.size.1.saturating_sub(6) / 2).max(1) as isize;
    let by = match act {
        Act::Down | Act::Next | Act::MatchNext => 1,
        Act::Up | Act::Before | Act::MatchBefore => -1,
        Act::HalfDown => half,
        Act::HalfUp => -half,
        Act::First => isize::MIN / 2,
        Act::Last => isize::MAX / 2,
        _ => return false,
    };
    let room = model.size.1.saturating_sub(6);
    let problems = model.drawing.checked.problems.len();
    match model.place.sheets.last_mut() {
        Some(Sheet::Text(TextSheet { lines, top, .. })) => {
            *top = top.saturating_add_signed(by).min(lines.len().saturating_sub(room))
        }
        Some(Sheet::Problems { chosen }) => *chosen = chosen.saturating_add_signed(by).min(problems.saturating_sub(1)),
        _ => return false,
    }
    true
}

/// To the next node in flow order, or the one before.
pub(crate) fn along(model: &mut Model, is_after: bool) {
    let flow = model.flow();
    if flow.is_empty() {
        return;
    }
    let now = match &model.place.graph.chosen {
        Some(Chosen::Node(id)) => flow.iter().position(|node| node == id),
        _ => None,
    };
    let next = match (now, is_after) {
        (None, _) => 0,
        (Some(now), true) => (now + 1) % flow.len(),
        (Some(now), false) => (now + flow.len() - 1) % flow.len(),
    };
    views::choose_node(model, &flow[next].clone());
}

/// To the next node that is looked for, or the one before.
fn to_match(model: &mut Model, is_after: bool) {
    let Some(filter) = &model.place.list().filter else {
        model.said = Some("Nothing is looked for; / looks for nodes.".into());
        return;
    };
    let found = views::nodes_that_pass(model, filter);
    let flow = model.flow();
    let now = match &model.place.graph.chosen {
        Some(Chosen::Node(id)) => flow.iter().position(|node| node == id),
        _ => None,
    };
    let is_ahead = |id: &&String| flow.iter().position(|node| node == *id) > now;
    let is_back = |id: &&String| flow.iter().position(|node| node == *id) < now;
    let next = match is_after {
        true => found.iter().find(is_ahead).or(found.first()),
        false => found.iter().rev().find(is_back).or(found.last()),
    };
    match next.cloned() {
        Some(id) => views::choose_node(model, &id),
        None => model.said = Some("No node passes it.".into()),
    }
}

fn end(model: &mut Model, is_last: bool) {
    let flow = model.flow();
    if let Some(id) = if is_last { flow.last() } else { flow.first() } {
        views::choose_node(model, &id.clone());
    }
}

/// To the nearest node or wire in a direction.
fn near(model: &mut Model, (dx, dy): (isize, isize)) {
    let places = places(model);
    let Some((_, (x, y))) = places.iter().find(|(chosen, _)| Some(chosen) == model.place.graph.chosen.as_ref()) else {
        return along(model, true);
    };
    let distance = |(to_x, to_y): (isize, isize)| {
        // A line is about as high as two columns are wide.
        let (across, down) = (to_x - x, 2 * (to_y - y));
        let (ahead, beside) = (across * dx + down * dy, (across * dy).abs() + (down * dx).abs());
        (ahead > 0 && beside <= 2 * ahead.max(8)).then_some(ahead + 2 * beside)
    };
    let nearest = places
        .iter()
        .filter(|(chosen, _)| Some(chosen) != model.place.graph.chosen.as_ref())
        .filter_map(|(chosen, at)| Some((distance(*at)?, chosen)))
        .min_by_key(|(distance, _)| *distance);
    if let Some((_, chosen)) = nearest {
        model.place.graph.chosen = Some(chosen.clone());
        model.place.graph.pan = (0, 0);
    }
}

/// What can be selected in the graph, and the cell that stands for it.
pub(crate) fn places(model: &Model) -> Vec<(Chosen, (isize, isize))> {
    let (shown, layout) = views::graph::shown(model, graph_area(model));
    let cell = |x: usize, y: usize| (x as isize, y as isize);
    let nodes = shown.nodes.iter().zip(&layout.cards);
    let nodes = nodes.map(|(id, spot)| (Chosen::Node(id.clone()), cell(spot.x + spot.width / 2, spot.y + 1)));
    let wires = shown.edges.iter().zip(&layout.wires).filter_map(|(id, cells)| {
        // Near its end, where it is its own.
        let at = cells.get(cells.len().saturating_sub(3)).or(cells.last())?;
        Some((Chosen::Edge(id.clone()), cell(at.0, at.1)))
    });
    nodes.chain(wires).collect()
}
