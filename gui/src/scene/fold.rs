//! Folded groups: one box in the place of their nodes, with the ports that lead out of the group, and the sum of what its
//! nodes say.

use std::collections::HashMap;

use egui::{Pos2, pos2};
use tidegate_core::faces::marks::title;
use tidegate_core::faces::numbers;
use tidegate_core::operators::Family;
use tidegate_core::pipeline::{Group, PortRef};

use super::{Card, Fold, Port, Scene, Wire};
use crate::canvas::geometry::{Shape, Slot, Texts};
use crate::live::{NodeLive, NodeState};

/// The icon of a folded group.
const ICON: &str = "selection-all";

/// The scene with one box for each folded group. Boxes come last.
pub(super) fn folded(mut scene: Scene, groups: &[Group], is_live: bool) -> Scene {
    let mut of: HashMap<usize, usize> = HashMap::new();
    let mut boxes: Vec<Card> = Vec::new();
    for group in groups.iter().filter(|group| group.collapsed) {
        let places = |scene: &Scene| -> Vec<usize> {
            let is_in = |card: &Card| group.nodes.contains(&card.id);
            scene.nodes.iter().enumerate().filter(|(_, card)| is_in(card)).map(|(place, _)| place).collect()
        };
        let places = places(&scene);
        if places.is_empty() || places.iter().any(|place| of.contains_key(place)) {
            continue;
        }
        of.extend(places.iter().map(|place| (*place, boxes.len())));
        boxes.push(card(&scene, group, &places, is_live));
    }
    if boxes.is_empty() {
        return scene;
    }
    // Where each node is from now on: itself, or its box.
    let shown = scene.nodes.len() - of.len();
    let mut next = 0;
    let mut places = Vec::with_capacity(scene.nodes.len());
    for place in 0..scene.nodes.len() {
        places.push(of.get(&place).map_or_else(
            || {
                next += 1;
                next - 1
            },
            |number| shown + number,
        ));
    }
    let wires = std::mem::take(&mut scene.wires);
    scene.wires = wires.into_iter().filter_map(|wire| moved(wire, &scene, &of, &boxes, &places)).collect();
    let all = std::mem::take(&mut scene.nodes).into_iter().enumerate();
    let (hidden, seen): (Vec<_>, Vec<_>) = all.partition(|(place, _)| of.contains_key(place));
    scene.hidden = hidden.into_iter().map(|(_, card)| card).collect();
    scene.nodes = seen.into_iter().map(|(_, card)| card).chain(boxes).collect();
    scene
}

/// A wire between what is seen now; none within a box.
fn moved(mut wire: Wire, scene: &Scene, of: &HashMap<usize, usize>, boxes: &[Card], places: &[usize]) -> Option<Wire> {
    let (from, to) = (wire.from, wire.to);
    let (out, into) = (of.get(&from.0), of.get(&to.0));
    if out.is_some() && out == into {
        return None;
    }
    let name = |(place, slot): (usize, Slot)| {
        let card = &scene.nodes[place];
        Some(PortRef::new(&card.id, &card.ports().find(|(known, _)| *known == slot)?.1.name).to_string())
    };
    wire.from = match out {
        Some(number) => (places[from.0], boxes[*number].output(&name(from)?)?),
        None => (places[from.0], from.1),
    };
    wire.to = match into {
        Some(number) => (places[to.0], boxes[*number].input(&name(to)?)?),
        None => (places[to.0], to.1),
    };
    if out.is_some() || into.is_some() {
        // Bends lie around what is not seen.
        wire.bends.clear();
    }
    Some(wire)
}

/// The box of a group, at the corner of its nodes.
fn card(scene: &Scene, group: &Group, places: &[usize], is_live: bool) -> Card {
    let cards: Vec<&Card> = places.iter().map(|place| &scene.nodes[*place]).collect();
    let is_in = |place: usize| places.contains(&place);
    let mut inputs: Vec<Port> = Vec::new();
    let mut outputs: Vec<Port> = Vec::new();
    for wire in &scene.wires {
        let (end, ports) = match (is_in(wire.from.0), is_in(wire.to.0)) {
            (false, true) => (wire.to, &mut inputs),
            (true, false) => (wire.from, &mut outputs),
            _ => continue,
        };
        let card = &scene.nodes[end.0];
        if let Some((_, port)) = card.ports().find(|(slot, _)| *slot == end.1) {
            let name = PortRef::new(&card.id, &port.name).to_string();
            if !ports.iter().any(|known| known.name == name) {
                ports.push(Port { name, ..port.clone() });
            }
        }
    }
    let corner = |a: Pos2, b: Pos2| pos2(a.x.min(b.x), a.y.min(b.y));
    let at = cards.iter().map(|card| card.shape.rect.min).reduce(corner).unwrap_or_default();
    let titles: Vec<&str> = cards.iter().map(|card| card.title.as_str()).collect();
    let mut card = Card {
        id: format!("group {}", group.id),
        title: title(group).to_string(),
        operator: numbers::several(cards.len(), "node"),
        family: Family::Flows,
        icon: ICON,
        glance: titles.join(", "),
        shape: Shape::new(at, Texts::default(), 0, false, is_live),
        inputs,
        outputs,
        sides: Vec::new(),
        live: live(scene, &cards, places),
        problems: cards.iter().fold((0, 0), |sum, card| (sum.0 + card.problems.0, sum.1 + card.problems.1)),
        is_glance_wrong: false,
        is_disabled: cards.iter().all(|card| card.is_disabled),
        fold: Some(Fold { group: group.id.clone(), nodes: cards.iter().map(|card| card.id.clone()).collect() }),
    };
    card.place_at(at, is_live);
    card
}

/// What its nodes say together: the worst state, the rate of what leaves, how busy the busiest is.
fn live(scene: &Scene, cards: &[&Card], places: &[usize]) -> Option<NodeLive> {
    let lives: Vec<&NodeLive> = cards.iter().filter_map(|card| card.live.as_ref()).collect();
    if lives.is_empty() {
        return None;
    }
    let badness = |state: NodeState| match state {
        NodeState::Over | NodeState::Unknown => 0,
        NodeState::Idle => 1,
        NodeState::Running => 2,
        NodeState::Pressed => 3,
        NodeState::Faulted => 4,
    };
    let rate = |is_ours: &dyn Fn(&Wire) -> bool| -> f64 {
        let ours = scene.wires.iter().filter(|wire| is_ours(wire));
        ours.filter_map(|wire| wire.live.as_ref()).map(|live| live.rate).sum()
    };
    let leaves = |wire: &Wire| places.contains(&wire.from.0) && !places.contains(&wire.to.0);
    let comes = |wire: &Wire| !places.contains(&wire.from.0) && places.contains(&wire.to.0);
    let has_way_out = scene.wires.iter().any(leaves);
    let rate = if has_way_out { rate(&leaves) } else { rate(&comes) };
    let most = |share: fn(&NodeLive) -> f64| lives.iter().map(|live| share(live)).fold(0.0, f64::max);
    let state = lives.iter().map(|live| live.state).max_by_key(|state| badness(*state)).unwrap_or(NodeState::Idle);
    Some(NodeLive {
        state,
        figure: if state == NodeState::Over { String::new() } else { numbers::rate_with_unit(rate) },
        busy: most(|live| live.busy),
        pressed: most(|live| live.pressed),
        lag: None,
        bottleneck: lives.iter().find_map(|live| live.bottleneck.clone()),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tidegate_core::check::{CheckOptions, check};
    use tidegate_core::faces::drawing::Drawing;
    use tidegate_core::faces::watched::Watched;
    use tidegate_core::operators;
    use tidegate_core::pipeline::{Edge, Node, Pipeline};

    use super::*;
    use crate::acts::Chosen;

    fn scene(folded: bool) -> Scene {
        let group = Group {
            id: "g".into(),
            label: Some("middle".into()),
            nodes: vec!["a".into(), "b".into()],
            collapsed: folded,
        };
        let pipeline = Pipeline {
            nodes: [("in", "generate"), ("a", "filter"), ("b", "filter"), ("out", "discard")]
                .map(|(id, operator)| Node::new(id, operator))
                .into(),
            edges: [("in.out", "a.in"), ("a.out", "b.in"), ("b.out", "out.in"), ("b.errors", "out.in")]
                .map(|(from, to)| Edge::new(from, to))
                .into(),
            groups: vec![group],
            ..Pipeline::new("p")
        };
        let checker = Arc::new(|pipeline: &Pipeline, _: &[(String, String)]| check(pipeline, &CheckOptions::new(&[])));
        Scene::new(&Drawing::new(pipeline, None, operators::ALL, checker), &Watched::default())
    }

    #[test]
    fn a_folded_group_is_one_box_with_its_outer_ports() {
        let open = scene(false);
        let corner = open.card("a").unwrap().shape.rect.min;
        let scene = scene(true);
        let ids: Vec<&str> = scene.nodes.iter().map(|card| card.id.as_str()).collect();
        assert_eq!(ids, ["in", "out", "group g"]);
        let card = &scene.nodes[2];
        let names = |ports: &[Port]| ports.iter().map(|port| port.name.clone()).collect::<Vec<_>>();
        assert_eq!(
            (names(&card.inputs), names(&card.outputs)),
            (vec!["a.in".into()], vec!["b.out".into(), "b.errors".into()])
        );
        assert_eq!((card.title.as_str(), card.glance.as_str(), card.shape.rect.min), ("middle", "a, b", corner));
        let wires: Vec<(usize, usize)> = scene.wires.iter().map(|wire| (wire.from.0, wire.to.0)).collect();
        assert_eq!(wires, [(0, 2), (2, 1), (2, 1)]);
        assert_eq!(card.end("b.out"), PortRef::from("b.out"));
        // What it hides is known all the same.
        assert!(scene.card("a").is_some());
        assert!(card.is_in(&Chosen::nodes(["a", "b"])) && !card.is_in(&Chosen::node("a")));
    }
}
