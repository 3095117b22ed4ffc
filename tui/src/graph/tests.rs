use proptest::prelude::*;

use super::*;

fn card(title: &str, lines: &[&str]) -> Card {
    Card {
        title: title.into(),
        lines: lines.iter().map(|line| Line::Text(Tone::Text, line.to_string())).collect(),
        ..Card::default()
    }
}

fn wire(from: (usize, usize), to: (usize, usize), rate: &str, fill: Option<f64>) -> Wire {
    let below = fill.map_or("fused".into(), crate::numbers::fill);
    Wire { from, to, rate: rate.into(), below: (Tone::Text, below), fill: fill.unwrap_or(0.0), ..Wire::default() }
}

fn with_ports(scene: &mut Scene) {
    for wire in scene.wires.clone() {
        let grow = |ports: &mut Vec<String>, port: usize| {
            while ports.len() <= port {
                ports.push(format!("p{}", ports.len()));
            }
        };
        grow(&mut scene.cards[wire.from.0].outputs, wire.from.1);
        grow(&mut scene.cards[wire.to.0].inputs, wire.to.1);
    }
}

fn shown(scene: &Scene) -> String {
    let buffer = draw(scene, &layout(scene));
    let width = usize::from(buffer.area.width);
    let lines = buffer.content.chunks(width.max(1));
    let lines: Vec<String> =
        lines.map(|line| line.iter().map(|cell| cell.symbol()).collect::<String>().trim_end().to_string()).collect();
    lines.join("\n")
}

/// The run of the drawings.
fn trades() -> Scene {
    let mut score = card("score", &["", "■■■■■■■■■■", "busy 98%", "BOTTLENECK", ""]);
    score.is_bottleneck = true;
    score.is_chosen = true;
    let mut scene = Scene {
        cards: vec![
            card("trades", &["kafka-source", "□□□□□□□□□□□□", "b-p 97%", "lag 1.20M ▲"]),
            card("models", &["kafka-source", "············", "idle 99%"]),
            card("liquid", &["filter", "□□□□□□□□□□", "b-p 97%", "drop 8.00k"]),
            card("vwap", &["window 10s", "··········", "idle 99%", "late 3.10"]),
            score,
            card("bars", &["kafka-sink", "··········", "idle 99%"]),
            card("scored", &["kafka-sink", "··········", "idle 99%"]),
        ],
        wires: vec![
            wire((0, 0), (2, 0), "40.0k", None),
            wire((2, 0), (3, 0), "32.0k", Some(0.0)),
            wire((2, 0), (4, 0), "32.0k", Some(0.97)),
            wire((1, 0), (4, 1), "2/min", Some(0.0)),
            wire((3, 0), (5, 0), "35.5", Some(0.0)),
            wire((4, 0), (6, 0), "32.0k", Some(0.01)),
        ],
        detail: Detail::Normal,
    };
    with_ports(&mut scene);
    scene.cards[4].inputs = vec!["records".into(), "model".into()];
    scene
}

#[test]
fn the_run_of_the_drawings_is_drawn_as_there() {
    insta::assert_snapshot!(shown(&trades()));
}

#[test]
fn wires_cross_fork_and_join() {
    let named = |name: &str| card(name, &["x"]);
    let mut scene = Scene {
        cards: ["a", "b", "c", "d", "e", "f"].map(named).to_vec(),
        wires: vec![
            wire((0, 0), (3, 0), "1", Some(0.0)),
            wire((1, 0), (2, 0), "2", Some(0.7)),
            wire((1, 0), (3, 0), "3", Some(0.0)),
            wire((2, 0), (4, 0), "4", Some(0.0)),
            wire((3, 0), (4, 0), "5", Some(0.0)),
            wire((0, 1), (5, 0), "6", Some(1.0)),
            wire((5, 0), (4, 0), "7", Some(0.0)),
        ],
        detail: Detail::Normal,
    };
    scene.wires[3].is_topic = true;
    with_ports(&mut scene);
    insta::assert_snapshot!(shown(&scene));
    scene.detail = Detail::Small;
    insta::assert_snapshot!(shown(&scene));
}

#[test]
fn nothing_is_drawn_of_nothing() {
    let empty = layout(&Scene::default());
    assert_eq!((empty.width, empty.height), (0, 0));
    assert_eq!(draw(&Scene::default(), &empty).content.len(), 0);
}

proptest! {
    /// Boxes never overlap, every wire without a loop reaches its box, and runs through no other box.
    #[test]
    fn any_graph_is_laid_out(
        count in 1usize..14,
        ends in proptest::collection::vec((0usize..14, 0usize..3, 0usize..14, 0usize..3), 0..24),
    ) {
        let mut scene = Scene { cards: (0..count).map(|n| card(&format!("n{n}"), &["x"; 3][..1 + n % 3])).collect(), ..Scene::default() };
        scene.wires = ends
            .into_iter()
            .filter(|(from, _, to, _)| *from < count && *to < count)
            .map(|(from, out, to, port)| wire((from, out), (to, port), "9", Some(0.5)))
            .collect();
        with_ports(&mut scene);
        let layout = layout(&scene);
        for (number, a) in layout.cards.iter().enumerate() {
            for b in &layout.cards[number + 1..] {
                let apart = a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
                prop_assert!(apart, "{a:?} {b:?}");
            }
        }
        for (wire, cells) in scene.wires.iter().zip(&layout.wires) {
            let (from, to) = (layout.cards[wire.from.0], layout.cards[wire.to.0]);
            prop_assert_eq!(cells.is_empty(), from.layer >= to.layer);
            if let (Some(first), Some(last)) = (cells.first(), cells.last()) {
                prop_assert_eq!(first.0, from.x + from.width);
                prop_assert_eq!(last.0 + 1, to.x);
                prop_assert!(to.y < last.1 && last.1 < to.y + to.height - 1);
            }
            for (x, y) in cells {
                let is_in = |spot: &layout::Spot| (spot.x..spot.x + spot.width).contains(x) && (spot.y..spot.y + spot.height).contains(y);
                prop_assert!(!layout.cards.iter().any(is_in), "{x} {y} of {wire:?}");
            }
            prop_assert!(cells.windows(2).all(|two| two[0].0.abs_diff(two[1].0) + two[0].1.abs_diff(two[1].1) == 1));
        }
        draw(&scene, &layout);
    }
}
