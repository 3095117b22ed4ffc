//! Where boxes stand and wires run. Layers from left to right; a box comes as near as it can to the row of what it is
//! wired to, so that most wires are straight.

use super::layers::{Item, Layers, layers};
use super::routes;
use super::{Card, Line, Scene};
use crate::pen;

/// Where everything stands, in cells.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layout {
    /// the boxes, as in the scene
    pub(crate) cards: Vec<Spot>,
    /// the cells of each wire, from its box to its arrow; empty where it closes a loop
    pub(crate) wires: Vec<Vec<(usize, usize)>>,
    /// columns of all
    pub(crate) width: usize,
    /// rows of all
    pub(crate) height: usize,
}

/// Where a box stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Spot {
    pub(crate) x: usize,
    pub(crate) y: usize,
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// number of its layer
    pub(crate) layer: usize,
}

/// Lays a scene out.
pub(crate) fn layout(scene: &Scene) -> Layout {
    let layers = layers(scene);
    let mut rows = Rows::stacked(scene, &layers);
    rows.settle(scene, &layers);
    let widths: Vec<usize> = layers.items.iter().map(|items| layer_width(scene, items)).collect();
    let gaps: Vec<routes::Gap> =
        (0..layers.items.len()).map(|layer| routes::Gap::between(scene, &layers, &rows, layer)).collect();
    let mut x = 0;
    let mut columns = Vec::with_capacity(widths.len());
    for (width, gap) in widths.iter().zip(&gaps) {
        columns.push(x);
        x += width + gap.width;
    }
    let cards = scene.cards.iter().enumerate().map(|(number, card)| {
        let layer = layers.of_card[number];
        Spot { x: columns[layer], y: rows.of_card(number), width: widths[layer], height: card.height(), layer }
    });
    let cards: Vec<Spot> = cards.collect();
    let wires = routes::wires(scene, &layers, &rows, &columns, &widths, &gaps);
    let width = columns.last().zip(widths.last()).map_or(0, |(x, width)| x + width);
    let bottom = cards.iter().map(|spot| spot.y + spot.height).max().unwrap_or_default();
    let lowest = wires.iter().flatten().map(|cell| cell.1 + 1).max().unwrap_or_default();
    Layout { cards, wires, width, height: bottom.max(lowest) }
}

fn layer_width(scene: &Scene, items: &[Item]) -> usize {
    let width = |item: &Item| match item {
        Item::Card(card) => card_width(&scene.cards[*card]),
        Item::Way(_) => 1,
    };
    items.iter().map(width).max().unwrap_or_default().max(scene.detail.narrowest())
}

fn card_width(card: &Card) -> usize {
    let lines = card.lines.iter().map(Line::width).max().unwrap_or_default();
    (lines + 4).max(pen::width(&card.title) + 5)
}

/// The upper row of each item, layer by layer.
#[derive(Debug)]
pub(super) struct Rows {
    tops: Vec<Vec<usize>>,
    of_card: Vec<(usize, usize)>,
    /// layer and place of a wire on its way
    of_way: Vec<Vec<(usize, usize)>>,
}

impl Rows {
    /// All items of a layer one below the other.
    fn stacked(scene: &Scene, layers: &Layers) -> Rows {
        let mut rows = Rows {
            tops: Vec::new(),
            of_card: vec![(0, 0); scene.cards.len()],
            of_way: vec![Vec::new(); scene.wires.len()],
        };
        for (layer, items) in layers.items.iter().enumerate() {
            let mut top = 0;
            let mut tops = Vec::with_capacity(items.len());
            for (place, item) in items.iter().enumerate() {
                tops.push(top);
                top += height(scene, *item);
                match item {
                    Item::Card(card) => rows.of_card[*card] = (layer, place),
                    Item::Way(wire) => rows.of_way[*wire].push((layer, place)),
                }
            }
            rows.tops.push(tops);
        }
        rows
    }

    pub(super) fn of_card(&self, card: usize) -> usize {
        let (layer, place) = self.of_card[card];
        self.tops[layer][place]
    }

    /// The row at which a wire passes a layer.
    pub(super) fn of_way(&self, wire: usize, layer: usize) -> usize {
        let place = self.of_way[wire].iter().find(|(at, _)| *at == layer);
        place.map_or(0, |(layer, place)| self.tops[*layer][*place])
    }

    /// The row of a wire where it leaves a layer.
    pub(super) fn leaving(&self, scene: &Scene, layers: &Layers, wire: usize, layer: usize) -> usize {
        let (card, port) = scene.wires[wire].from;
        match layers.of_card[card] == layer {
            true => self.of_card(card) + scene.cards[card].output_row(port),
            false => self.of_way(wire, layer),
        }
    }

    /// The row of a wire where it comes to a layer.
    pub(super) fn arriving(&self, scene: &Scene, layers: &Layers, wire: usize, layer: usize) -> usize {
        let (card, port) = scene.wires[wire].to;
        match layers.of_card[card] == layer {
            true => self.of_card(card) + scene.cards[card].input_row(port),
            false => self.of_way(wire, layer),
        }
    }

    /// Moves items down to the rows of what they are wired to: there, back, and there again.
    fn settle(&mut self, scene: &Scene, layers: &Layers) {
        for layer in 1..layers.items.len() {
            self.follow(scene, layers, layer);
        }
        for layer in (0..layers.items.len().saturating_sub(1)).rev() {
            self.lead(scene, layers, layer);
        }
        for layer in 1..layers.items.len() {
            self.follow(scene, layers, layer);
        }
        let above = self.tops.iter().flatten().min().copied().unwrap_or_default();
        self.tops.iter_mut().flatten().for_each(|top| *top -= above);
    }

    /// A layer, from its top: each item at the row of the first wire that comes to it, or below the item before it.
    fn follow(&mut self, scene: &Scene, layers: &Layers, layer: usize) {
        let mut free = 0;
        for (place, item) in layers.items[layer].iter().enumerate() {
            let wanted = wires_to(scene, layers, *item, layer).min_by_key(|(_, port)| *port).map(|(wire, _)| {
                let row = self.leaving(scene, layers, wire, layer - 1);
                let inside = self.arriving(scene, layers, wire, layer) - self.tops[layer][place];
                row.saturating_sub(inside)
            });
            let top = wanted.unwrap_or(self.tops[layer][place]).max(free);
            self.tops[layer][place] = top;
            free = top + height(scene, *item);
        }
    }

    /// A layer, from its bottom: each item down to the row of the first wire that leaves it, where there is room.
    fn lead(&mut self, scene: &Scene, layers: &Layers, layer: usize) {
        let mut floor = usize::MAX;
        for (place, item) in layers.items[layer].iter().enumerate().rev() {
            let room = floor.saturating_sub(height(scene, *item));
            let wanted = wires_from(scene, layers, *item, layer).min_by_key(|(_, port)| *port).map(|(wire, _)| {
                let row = self.arriving(scene, layers, wire, layer + 1);
                let inside = self.leaving(scene, layers, wire, layer) - self.tops[layer][place];
                row.saturating_sub(inside)
            });
            let top = self.tops[layer][place];
            self.tops[layer][place] = wanted.unwrap_or(top).clamp(top.min(room), room.max(top));
            floor = self.tops[layer][place];
        }
    }
}

fn height(scene: &Scene, item: Item) -> usize {
    match item {
        Item::Card(card) => scene.cards[card].height(),
        Item::Way(_) => 1,
    }
}

/// Wires that come to an item from the layer before, with their ports.
fn wires_to<'a>(
    scene: &'a Scene,
    layers: &'a Layers,
    item: Item,
    layer: usize,
) -> impl Iterator<Item = (usize, usize)> + 'a {
    routes::passing(scene, layers, layer.saturating_sub(1)).filter_map(move |wire| match item {
        Item::Card(card) => (scene.wires[wire].to.0 == card).then_some((wire, scene.wires[wire].to.1)),
        Item::Way(way) => (way == wire && layers.of_card[scene.wires[wire].to.0] > layer).then_some((wire, 0)),
    })
}

/// Wires that leave an item to the layer behind, with their ports.
fn wires_from<'a>(
    scene: &'a Scene,
    layers: &'a Layers,
    item: Item,
    layer: usize,
) -> impl Iterator<Item = (usize, usize)> + 'a {
    routes::passing(scene, layers, layer).filter_map(move |wire| match item {
        Item::Card(card) => (scene.wires[wire].from.0 == card).then_some((wire, scene.wires[wire].from.1)),
        Item::Way(way) => (way == wire && layers.of_card[scene.wires[wire].from.0] < layer).then_some((wire, 0)),
    })
}
