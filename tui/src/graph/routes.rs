//! How wires run in the gaps between layers: each output that has to change rows gets a column of its own to turn in,
//! ordered so that few wires cross.

use super::layers::Layers;
use super::layout::Rows;
use super::{Scene, Wire};

/// The gap behind a layer.
#[derive(Debug, Clone, Default)]
pub(super) struct Gap {
    /// its columns
    pub(super) width: usize,
    /// where outputs turn: the wire that stands for its output, and a column of the gap
    tracks: Vec<(Net, usize)>,
}

/// What turns in one column: all wires of an output, in the gap behind its box; elsewhere a wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Net {
    Output((usize, usize)),
    Wire(usize),
}

/// A net in a gap: the row from which it comes, and those to which it goes.
struct Turn {
    net: Net,
    from: usize,
    to: Vec<usize>,
}

/// Wires that cross the gap behind a layer.
pub(super) fn passing<'a>(scene: &'a Scene, layers: &'a Layers, layer: usize) -> impl Iterator<Item = usize> + 'a {
    let is_passing = move |wire: &Wire| layers.of_card[wire.from.0] <= layer && layer < layers.of_card[wire.to.0];
    scene.wires.iter().enumerate().filter(move |(_, wire)| is_passing(wire)).map(|(number, _)| number)
}

fn net(scene: &Scene, layers: &Layers, wire: usize, layer: usize) -> Net {
    let from = scene.wires[wire].from;
    if layers.of_card[from.0] == layer { Net::Output(from) } else { Net::Wire(wire) }
}

impl Gap {
    pub(super) fn between(scene: &Scene, layers: &Layers, rows: &Rows, layer: usize) -> Gap {
        let mut turns: Vec<Turn> = Vec::new();
        for wire in passing(scene, layers, layer) {
            let net = net(scene, layers, wire, layer);
            let from = rows.leaving(scene, layers, wire, layer);
            let to = rows.arriving(scene, layers, wire, layer + 1);
            match turns.iter_mut().find(|turn| turn.net == net) {
                Some(turn) => turn.to.push(to),
                None => turns.push(Turn { net, from, to: vec![to] }),
            }
        }
        turns.retain(|turn| turn.to.iter().any(|to| *to != turn.from));
        sort(&mut turns);
        let first = scene.detail.first_track();
        let tracks: Vec<(Net, usize)> =
            turns.iter().enumerate().map(|(number, turn)| (turn.net, first + number)).collect();
        // Behind the last turn there is a piece of wire and an arrow.
        let needed = first + tracks.len() + 3;
        Gap { width: if layer + 1 == layers.items.len() { 0 } else { scene.detail.gap().max(needed) }, tracks }
    }

    fn track(&self, net: Net) -> Option<usize> {
        self.tracks.iter().find(|(of, _)| *of == net).map(|(_, column)| *column)
    }
}

/// Swaps neighbours as long as that saves crossings.
fn sort(turns: &mut [Turn]) {
    for _ in 0..turns.len() {
        for left in 0..turns.len().saturating_sub(1) {
            if cost(&turns[left + 1], &turns[left]) < cost(&turns[left], &turns[left + 1]) {
                turns.swap(left, left + 1);
            }
        }
    }
}

/// What it costs that one net turns to the left of another: wires that cross, and, much worse, wires on one row.
fn cost(left: &Turn, right: &Turn) -> usize {
    let spans = |turn: &Turn, row: usize| {
        let low = turn.to.iter().copied().chain([turn.from]).min().unwrap_or_default();
        let high = turn.to.iter().copied().chain([turn.from]).max().unwrap_or_default();
        low <= row && row <= high
    };
    let crossed = usize::from(spans(left, right.from)) + left.to.iter().filter(|row| spans(right, **row)).count();
    let on_one_row = left.to.iter().filter(|row| **row == right.from).count();
    crossed + 100 * on_one_row
}

/// The cells of each wire, from the one behind its box to its arrow.
pub(super) fn wires(
    scene: &Scene,
    layers: &Layers,
    rows: &Rows,
    columns: &[usize],
    widths: &[usize],
    gaps: &[Gap],
) -> Vec<Vec<(usize, usize)>> {
    let of_wire = |(number, wire): (usize, &Wire)| {
        let (first, last) = (layers.of_card[wire.from.0], layers.of_card[wire.to.0]);
        let mut cells = Vec::new();
        for layer in first..last {
            let row = rows.leaving(scene, layers, number, layer);
            let next = rows.arriving(scene, layers, number, layer + 1);
            let end = columns[layer] + widths[layer];
            if layer > first {
                // Past the boxes of a layer in between.
                cells.extend((columns[layer]..end).map(|x| (x, row)));
            }
            let turn =
                gaps[layer].track(net(scene, layers, number, layer)).map_or(columns[layer + 1], |track| end + track);
            cells.extend((end..turn.min(columns[layer + 1])).map(|x| (x, row)));
            if turn < columns[layer + 1] {
                let between = if row <= next { (row..=next).collect::<Vec<_>>() } else { (next..=row).rev().collect() };
                cells.extend(between.into_iter().map(|y| (turn, y)));
                cells.extend((turn + 1..columns[layer + 1]).map(|x| (x, next)));
            }
        }
        cells
    };
    scene.wires.iter().enumerate().map(of_wire).collect()
}
