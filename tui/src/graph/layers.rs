//! Which box stands in which layer, and in which order: layers by the longest way from a source, wires over several layers
//! through stand-ins, the order that crosses least of those that a few sweeps find.

use super::Scene;

/// Something that takes a place in a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    /// a box
    Card(usize),
    /// a wire on its way
    Way(usize),
}

/// Items by layer, in their order, and the layer of each box.
#[derive(Debug, Default)]
pub(super) struct Layers {
    pub(super) items: Vec<Vec<Item>>,
    pub(super) of_card: Vec<usize>,
}

/// How often the order is looked at anew, there and back.
const SWEEPS: usize = 4;

/// Puts boxes into layers.
pub(super) fn layers(scene: &Scene) -> Layers {
    let of_card = depths(scene);
    let count = of_card.iter().max().map_or(0, |last| last + 1);
    let mut items = vec![Vec::new(); count];
    let mut cards: Vec<usize> = (0..scene.cards.len()).collect();
    cards.sort_by_key(|&card| (scene.cards[card].rank, card));
    for card in cards {
        items[of_card[card]].push(Item::Card(card));
    }
    for (number, wire) in scene.wires.iter().enumerate() {
        let (first, last) = (of_card[wire.from.0] + 1, of_card[wire.to.0]);
        for layer in items.iter_mut().take(last).skip(first) {
            layer.push(Item::Way(number));
        }
    }
    let mut layers = Layers { items, of_card };
    let mut best = (crossings(scene, &layers), layers.items.clone());
    for sweep in 0..2 * SWEEPS {
        let there = sweep % 2 == 0;
        let numbers: Vec<usize> =
            if there { (1..count).collect() } else { (0..count.saturating_sub(1)).rev().collect() };
        for layer in numbers {
            order(scene, &mut layers, layer, there);
        }
        let now = crossings(scene, &layers);
        if now < best.0 {
            best = (now, layers.items.clone());
        }
    }
    layers.items = best.1;
    layers
}

/// The longest way to each box from one without inputs. A wire that closes a loop counts for nothing.
fn depths(scene: &Scene) -> Vec<usize> {
    let mut depths = vec![0; scene.cards.len()];
    // Without a loop the depths stand after as many rounds as there are boxes.
    for _ in 0..scene.cards.len() {
        let mut has_changed = false;
        for wire in &scene.wires {
            let depth = depths[wire.from.0] + 1;
            if depth > depths[wire.to.0] && depth < scene.cards.len() && wire.from.0 != wire.to.0 {
                depths[wire.to.0] = depth;
                has_changed = true;
            }
        }
        if !has_changed {
            break;
        }
    }
    // A loop stretches layers; those that are empty then are taken out.
    let mut used: Vec<usize> = depths.clone();
    used.sort_unstable();
    used.dedup();
    depths.iter().map(|depth| used.binary_search(depth).unwrap_or_default()).collect()
}

/// The end of a piece of wire: a place in its layer, and a port to order the wires of one box.
type End = (usize, usize);

/// Ends of the wire pieces between a layer and the next.
fn pieces(scene: &Scene, layers: &Layers, layer: usize) -> Vec<(End, End)> {
    let place = |layer: usize, item: Item| layers.items[layer].iter().position(|at| *at == item);
    let of_wire = |(number, wire): (usize, &super::Wire)| {
        let (first, last) = (layers.of_card[wire.from.0], layers.of_card[wire.to.0]);
        if layer < first || layer >= last {
            return None;
        }
        let from = if layer == first { (Item::Card(wire.from.0), wire.from.1) } else { (Item::Way(number), 0) };
        let to = if layer + 1 == last { (Item::Card(wire.to.0), wire.to.1) } else { (Item::Way(number), 0) };
        Some(((place(layer, from.0)?, from.1), (place(layer + 1, to.0)?, to.1)))
    };
    scene.wires.iter().enumerate().filter_map(of_wire).collect()
}

fn crossings(scene: &Scene, layers: &Layers) -> usize {
    let between = |layer| {
        let pieces = pieces(scene, layers, layer);
        let crossed = |(number, a): (usize, &(End, End))| {
            pieces[number + 1..].iter().filter(|b| (a.0 < b.0 && a.1 > b.1) || (a.0 > b.0 && a.1 < b.1)).count()
        };
        pieces.iter().enumerate().map(crossed).sum::<usize>()
    };
    (0..layers.items.len().saturating_sub(1)).map(between).sum()
}

/// Orders a layer by the mean place of what its items are wired to, in the layer before or behind.
fn order(scene: &Scene, layers: &mut Layers, layer: usize, there: bool) {
    let pieces = pieces(scene, layers, if there { layer - 1 } else { layer });
    let mean = |place: usize| {
        let of_item = pieces.iter().filter(|(from, to)| if there { to.0 == place } else { from.0 == place });
        let others: Vec<f64> = of_item
            .map(|(from, to)| if there { *from } else { *to })
            .map(|(place, port)| place as f64 + port as f64 / 16.0)
            .collect();
        // What is wired to nothing there stays where it is.
        if others.is_empty() { place as f64 } else { others.iter().sum::<f64>() / others.len() as f64 }
    };
    let mut places: Vec<(f64, Item)> =
        layers.items[layer].iter().enumerate().map(|(place, item)| (mean(place), *item)).collect();
    places.sort_by(|a, b| a.0.total_cmp(&b.0));
    layers.items[layer] = places.into_iter().map(|(_, item)| item).collect();
}
