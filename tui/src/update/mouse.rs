//! The pointer: what stands at a cell, and what a click on it means. Everything it does a key does too.

use super::{act, moving};
use crate::commands::{Act, View};
use crate::frame;
use crate::keys::Key;
use crate::model::place::{Chosen, Sheet};
use crate::model::{Model, Wish};
use crate::pen::width;
use crate::views::{self, Lines};

/// What the pointer did, at a column and a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pointer {
    Click(usize, usize),
    DoubleClick(usize, usize),
    /// with the right button
    Menu(usize, usize),
    /// by so many columns and rows
    Drag(isize, isize),
    WheelUp,
    WheelDown,
    /// with control
    ZoomIn,
    ZoomOut,
}

/// Does what a click, a drag or a wheel means.
pub(crate) fn point(model: &mut Model, pointer: Pointer) -> Vec<Wish> {
    match pointer {
        Pointer::Click(x, y) => click(model, x, y),
        Pointer::Menu(x, y) => {
            if is_in_body(model, y) {
                click(model, x, y);
                let acts = views::menu::acts(model);
                model.place.sheets.push(Sheet::Menu { acts, chosen: 0 });
            }
            Vec::new()
        }
        Pointer::DoubleClick(x, y) => {
            let wishes = click(model, x, y);
            if wishes.is_empty() && is_in_body(model, y) { act::act(model, Act::Open) } else { wishes }
        }
        Pointer::Drag(x, y) => {
            if model.place.view == View::Graph && model.place.sheets.is_empty() {
                let pan = &mut model.place.graph.pan;
                *pan = (pan.0 - x, pan.1 - y);
            }
            Vec::new()
        }
        Pointer::WheelUp => wheel(model, Act::PanUp, Act::Up, Key::Up),
        Pointer::WheelDown => wheel(model, Act::PanDown, Act::Down, Key::Down),
        Pointer::ZoomIn if model.place.sheets.is_empty() => act::act(model, Act::More),
        Pointer::ZoomOut if model.place.sheets.is_empty() => act::act(model, Act::Less),
        Pointer::ZoomIn | Pointer::ZoomOut => Vec::new(),
    }
}

fn wheel(model: &mut Model, in_graph: Act, in_table: Act, in_sheet: Key) -> Vec<Wish> {
    match (model.place.view, model.place.sheets.is_empty() && model.place.prompt.is_none()) {
        (_, false) => super::press(model, in_sheet),
        (View::Graph, true) => act::act(model, in_graph),
        (_, true) => act::act(model, in_table),
    }
}

fn is_in_body(model: &Model, y: usize) -> bool {
    let lines = Lines::of(model.size);
    model.place.sheets.is_empty() && (lines.body..lines.body + lines.body_height).contains(&y)
}

fn click(model: &mut Model, x: usize, y: usize) -> Vec<Wish> {
    let lines = Lines::of(model.size);
    if let Some(Sheet::Menu { acts, .. }) = model.place.sheets.last() {
        let asked = views::menu::at(acts.len(), model.size.0, lines, (x, y)).and_then(|place| acts.get(place).copied());
        model.place.sheets.pop();
        return asked.map(|asked| act::act(model, asked)).unwrap_or_default();
    }
    if lines.tabs && y == 1 {
        let places = frame::tab_places(model, model.size.0);
        if let Some((view, ..)) = places.into_iter().rev().find(|(_, from, _)| *from <= x) {
            return act::act(model, Act::Show(view));
        }
    } else if lines.keys == Some(y) {
        return click_key(model, x);
    } else if is_in_body(model, y) {
        match model.place.view {
            View::Graph => click_graph(model, x, y - lines.body),
            _ => click_row(model, y - lines.body),
        }
    }
    Vec::new()
}

/// A key of the last line, as if it were pressed.
fn click_key(model: &mut Model, x: usize) -> Vec<Wish> {
    let is_at = |(from, key, word): &(usize, String, &str)| (*from..from + width(key) + 1 + width(word)).contains(&x);
    let hit = frame::key_places(model, model.size.0).into_iter().find(is_at);
    let first = hit.and_then(|(_, key, _)| Key::named(key.split(' ').next().unwrap_or_default()));
    first.map(|key| super::press(model, key)).unwrap_or_default()
}

fn click_row(model: &mut Model, y: usize) {
    let (first, rows) = views::rows_on_screen(model);
    if let Some(key) = y.checked_sub(first).and_then(|row| rows.get(row)) {
        let key = key.clone();
        let list = model.place.list_mut();
        list.chosen = Some(key);
        list.is_off_end = true;
    }
}

fn click_graph(model: &mut Model, x: usize, y: usize) {
    let lines = Lines::of(model.size);
    let (head, ..) = views::graph::graph_area(model.size.0, lines.body_height);
    let area = moving::graph_area(model);
    let Some(y) = y.checked_sub(head).filter(|y| *y < area.1 && x < area.0) else { return };
    let (shown, layout) = views::graph::shown(model, area);
    let (left, top) = views::graph::origin(model, &shown, &layout, area);
    let margin = usize::from(layout.width < area.0);
    let Some(x) = (x + left).checked_sub(margin) else { return };
    let y = y + top;
    let is_in = |spot: &crate::graph::Spot| {
        (spot.x..spot.x + spot.width).contains(&x) && (spot.y..spot.y + spot.height).contains(&y)
    };
    if let Some(place) = layout.cards.iter().position(is_in) {
        model.place.graph.chosen = Some(Chosen::Node(shown.nodes[place].clone()));
    } else if let Some(place) = layout.wires.iter().position(|cells| cells.contains(&(x, y))) {
        model.place.graph.chosen = Some(Chosen::Edge(shown.edges[place].clone()));
    }
}
