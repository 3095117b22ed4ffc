//! A laid out scene as cells. Wires first, then boxes, then the figures beside wires, where room is left for them.

use std::collections::BTreeMap;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::layout::{Layout, Spot};
use super::{Card, Line, Scene, Wire};
use crate::pen::{Pen, bar, cut, cut_middle, width};
use crate::theme::Tone;

const UP: u8 = 1;
const DOWN: u8 = 2;
const LEFT: u8 = 4;
const RIGHT: u8 = 8;

/// A wire in a cell: which, where to, and whether the buffer is full up to here.
struct Strand {
    wire: usize,
    ways: u8,
    is_heavy: bool,
}

/// Draws a scene as large as its layout.
pub(crate) fn draw(scene: &Scene, layout: &Layout) -> Buffer {
    // The sides of a buffer are u16; larger drawings lose what lies beyond.
    let side = |cells: usize| u16::try_from(cells).unwrap_or(u16::MAX);
    let area = Rect::new(0, 0, side(layout.width), side(layout.height));
    let mut buffer = Buffer::empty(area);
    let mut pen = Pen::new(&mut buffer, area);
    wires(scene, layout, &mut pen);
    for (card, spot) in scene.cards.iter().zip(&layout.cards) {
        draw_card(card, *spot, &mut pen);
    }
    for wire in scene.wires.iter().zip(&layout.wires) {
        leave(scene, layout, wire, &mut pen);
    }
    for (wire, cells) in scene.wires.iter().zip(&layout.wires) {
        labels(wire, cells, layout.cards[wire.to.0], &mut pen);
    }
    buffer
}

fn wires(scene: &Scene, layout: &Layout, pen: &mut Pen<'_>) {
    let mut grid: BTreeMap<(usize, usize), Vec<Strand>> = BTreeMap::new();
    for (number, cells) in layout.wires.iter().enumerate() {
        let heavy_from = cells.len() - heavy_cells(scene, layout, number);
        for (place, cell) in cells.iter().enumerate() {
            let before = place.checked_sub(1).map(|before| cells[before]);
            let ways = before.map_or(LEFT, |before| way(*cell, before))
                | cells.get(place + 1).map_or(RIGHT, |after| way(*cell, *after));
            grid.entry(*cell).or_default().push(Strand { wire: number, ways, is_heavy: place >= heavy_from });
        }
    }
    for ((x, y), strands) in &grid {
        let is_end = |strand: &&Strand| layout.wires[strand.wire].last() == Some(&(*x, *y));
        let shown = visible(scene, strands);
        let tone = tone(scene, &shown);
        let glyph = if strands.iter().any(|strand| is_end(&strand)) { "▶" } else { glyph(scene, &shown) };
        pen.text(*x, *y, tone, glyph);
    }
}

/// The way from a cell to its neighbour.
fn way(cell: (usize, usize), other: (usize, usize)) -> u8 {
    match (other.0.cmp(&cell.0), other.1.cmp(&cell.1)) {
        (std::cmp::Ordering::Less, _) => LEFT,
        (std::cmp::Ordering::Greater, _) => RIGHT,
        (_, std::cmp::Ordering::Less) => UP,
        _ => DOWN,
    }
}

/// How many cells of a wire are heavy: of those that it shares with no other, so many as its buffer is full.
fn heavy_cells(scene: &Scene, layout: &Layout, wire: usize) -> usize {
    let cells = &layout.wires[wire];
    let shared = |other: usize| {
        let same = cells.iter().zip(&layout.wires[other]).take_while(|(a, b)| a == b).count();
        if scene.wires[other].from == scene.wires[wire].from { same } else { 0 }
    };
    let fork = (0..scene.wires.len()).filter(|other| *other != wire).map(shared).max().unwrap_or_default();
    let own = cells.len() - fork;
    ((scene.wires[wire].fill.clamp(0.0, 1.0) * own as f64).ceil() as usize).min(own)
}

/// Of wires that cross, the one that runs up or down is seen; wires of one output or to one input join.
fn visible<'a>(scene: &Scene, strands: &'a [Strand]) -> Vec<&'a Strand> {
    let is_joined = |a: &Strand, b: &Strand| {
        let (a, b) = (&scene.wires[a.wire], &scene.wires[b.wire]);
        a.from == b.from || a.to == b.to
    };
    let is_upright = |strand: &&Strand| strand.ways & (UP | DOWN) != 0;
    match strands.iter().find(is_upright) {
        Some(upright) => strands.iter().filter(|strand| is_joined(upright, strand)).collect(),
        None => strands.iter().collect(),
    }
}

fn tone(scene: &Scene, strands: &[&Strand]) -> Tone {
    if strands.iter().any(|strand| scene.wires[strand.wire].is_chosen) {
        return Tone::Bold;
    }
    let heavy = strands.iter().filter(|strand| strand.is_heavy).map(|strand| scene.wires[strand.wire].fill);
    Tone::of_fill(heavy.fold(0.0, f64::max))
}

fn glyph(scene: &Scene, strands: &[&Strand]) -> &'static str {
    let ways = strands.iter().fold(0, |ways, strand| ways | strand.ways);
    let is_heavy = strands.iter().all(|strand| strand.is_heavy);
    let is_topic = strands.iter().all(|strand| scene.wires[strand.wire].is_topic);
    let up_right = UP | RIGHT;
    let up_left = UP | LEFT;
    let down_right = DOWN | RIGHT;
    let down_left = DOWN | LEFT;
    match ways {
        _ if ways == LEFT | RIGHT && is_topic => "═",
        _ if ways == LEFT | RIGHT => ["─", "━"][usize::from(is_heavy)],
        _ if ways == UP | DOWN => ["│", "┃"][usize::from(is_heavy)],
        _ if ways == up_right => ["╰", "┗"][usize::from(is_heavy)],
        _ if ways == up_left => ["╯", "┛"][usize::from(is_heavy)],
        _ if ways == down_right => ["╭", "┏"][usize::from(is_heavy)],
        _ if ways == down_left => ["╮", "┓"][usize::from(is_heavy)],
        _ if ways == UP | DOWN | RIGHT => "├",
        _ if ways == UP | DOWN | LEFT => "┤",
        _ if ways == LEFT | RIGHT | DOWN => "┬",
        _ if ways == LEFT | RIGHT | UP => "┴",
        _ => "┼",
    }
}

/// The borders of a box: corners, lines.
struct Border {
    corners: [&'static str; 4],
    flat: &'static str,
    upright: &'static str,
    leaving: &'static str,
    tone: Tone,
}

const LIGHT: Border =
    Border { corners: ["╭", "╮", "╰", "╯"], flat: "─", upright: "│", leaving: "├", tone: Tone::Dim };
const HEAVY: Border =
    Border { corners: ["┏", "┓", "┗", "┛"], flat: "━", upright: "┃", leaving: "┠", tone: Tone::Bad };
const DOTTED: Border =
    Border { corners: ["╭", "╮", "╰", "╯"], flat: "┄", upright: "┆", leaving: "├", tone: Tone::Dim };

fn border(card: &Card) -> &'static Border {
    match (card.is_bottleneck, card.is_leaving) {
        (_, true) => &DOTTED,
        (true, _) => &HEAVY,
        _ => &LIGHT,
    }
}

fn draw_card(card: &Card, spot: Spot, pen: &mut Pen<'_>) {
    let border = border(card);
    let mut pen = pen.part(spot.x, spot.y, spot.width, spot.height);
    pen.clear();
    let (right, bottom) = (spot.width - 1, spot.height - 1);
    let line = border.flat.repeat(right - 1);
    for (y, corners) in [(0, &border.corners[..2]), (bottom, &border.corners[2..])] {
        pen.pieces(0, y, [(border.tone, corners[0]), (border.tone, line.as_str()), (border.tone, corners[1])]);
    }
    for y in 1..bottom {
        pen.text(0, y, border.tone, border.upright);
        pen.text(right, y, border.tone, border.upright);
    }
    title(card, spot.width, &mut pen);
    for (y, line) in card.lines.iter().enumerate() {
        match line {
            Line::Text(tone, text) => {
                pen.text(2, y + 1, *tone, &cut(text, spot.width - 4));
            }
            Line::Bar(busy, pressed) => bar(&mut pen, 2, y + 1, spot.width - 4, *busy, *pressed),
        }
    }
    ports(card, spot.width, &mut pen);
}

fn title(card: &Card, cells: usize, pen: &mut Pen<'_>) {
    let (sign, tone) = match (card.is_chosen, card.mark) {
        (true, _) => ("▸".to_string(), Tone::Bold),
        (_, Some(mark)) => (mark.to_string(), Tone::Edited),
        _ => (" ".to_string(), Tone::Text),
    };
    let name = cut_middle(&card.title, cells.saturating_sub(4));
    let style = if card.is_chosen { Tone::Chosen } else { Tone::Bold };
    pen.pieces(1, 0, [(tone, sign.as_str()), (style, name.as_str()), (Tone::Dim, " ")]);
}

/// Names of ports, on a side that has several.
fn ports(card: &Card, cells: usize, pen: &mut Pen<'_>) {
    if card.inputs.len() > 1 {
        for (port, name) in card.inputs.iter().enumerate() {
            let row = card.input_row(port);
            let is_free = card.lines.get(row - 1).is_none_or(Line::is_blank);
            if is_free {
                pen.text(2, row, Tone::Dim, &cut(name, cells - 4));
            }
        }
    }
    if card.outputs.len() > 1 {
        for (port, name) in card.outputs.iter().enumerate() {
            let (row, end) = (card.output_row(port), cells - 2);
            let taken = width(name);
            let is_free = end > taken + 2 && (end - taken - 1..end).all(|x| pen.symbol(x, row) == " ");
            if is_free {
                pen.right(end, row, Tone::Dim, name);
            }
        }
    }
}

/// Opens the border of a box where a wire leaves it.
fn leave(scene: &Scene, layout: &Layout, (wire, cells): (&Wire, &Vec<(usize, usize)>), pen: &mut Pen<'_>) {
    if let Some((x, y)) = cells.first() {
        let border = border(&scene.cards[wire.from.0]);
        let spot = layout.cards[wire.from.0];
        debug_assert_eq!(*x, spot.x + spot.width);
        pen.text(x - 1, *y, border.tone, border.leaving);
    }
}

/// The rate above the end of a wire, its buffer below; where that is taken, beside its last turn.
fn labels(wire: &Wire, cells: &[(usize, usize)], target: Spot, pen: &mut Pen<'_>) {
    let Some((_, row)) = cells.last() else { return };
    let end = target.x.saturating_sub(1);
    let turn = cells.iter().rev().find(|cell| cell.1 != *row).map(|cell| cell.0);
    let tone = if wire.is_chosen { Tone::Chosen } else { Tone::Text };
    let above = row.checked_sub(1);
    let beside = turn.and_then(|turn| turn.checked_sub(1));
    for (text, tone, rows) in [(&wire.rate, tone, [above, None]), (&wire.below.1, wire.below.0, [Some(row + 1), above])]
    {
        let places = rows.iter().flatten().flat_map(|y| [Some(end), beside].into_iter().flatten().map(|end| (end, *y)));
        let mut fitting = places.filter(|(end, y)| is_free(pen, *end, *y, width(text)));
        if let Some((end, y)) = fitting.next().filter(|_| !text.is_empty()) {
            pen.right(end, y, tone, text);
        }
    }
}

/// Whether so many cells in front of a column are blank, and one more.
fn is_free(pen: &Pen<'_>, end: usize, y: usize, cells: usize) -> bool {
    let Some(start) = end.checked_sub(cells) else { return false };
    y < pen.height() && (start..end).all(|x| pen.symbol(x, y) == " ") && {
        // Text must not touch text; a line may.
        let before = start.checked_sub(1).map_or(" ", |x| pen.symbol(x, y));
        !before.chars().all(char::is_alphanumeric) || before == " "
    }
}
