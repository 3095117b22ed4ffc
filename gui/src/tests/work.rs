//! How much is drawn of a large pipeline: numbers of shapes and of nodes, not time. The time of a frame is printed.

use std::time::Instant;

use tidegate_core::faces::watcher::News;
use tidegate_core::operators::Role;
use tidegate_core::pipeline::{Edge, Node, Pipeline, Point};
use tidegate_core::snapshot::{EdgeSnapshot, NodeSnapshot, Rates, Snapshot};

use super::fixture::open;

const NODES: usize = 500;
const EDGES: usize = 600;

/// A field of filters, 25 a row, wired to the next and some to the row below.
fn large() -> Pipeline {
    let place = |node: usize| Point { x: 40 + 240 * (node % 25) as i32, y: 40 + 128 * (node / 25) as i32 };
    let node = |number: usize| {
        let operator = if number.is_multiple_of(25) { "generate" } else { "filter" };
        Node { at: Some(place(number)), ..Node::new(format!("n{number}"), operator) }
    };
    let along = (0..NODES).filter(|node| node % 25 != 24).map(|node| (node, node + 1));
    let down =
        (0..NODES - 26).filter(|node| node % 4 != 2).map(|node| (node, node + 26)).filter(|(_, to)| to % 25 != 0);
    let edge = |(from, to): (usize, usize)| Edge::new(format!("n{from}.out").as_str(), format!("n{to}.in").as_str());
    Pipeline {
        nodes: (0..NODES).map(node).collect(),
        edges: along.chain(down).take(EDGES).map(edge).collect(),
        ..Pipeline::new("large")
    }
}

fn snapshot(pipeline: &Pipeline) -> Snapshot {
    let rates = Rates { records_in: 900.0, records_out: 900.0, ..Rates::default() };
    let node = |node: &Node| NodeSnapshot { id: node.id.clone(), role: Role::Flow, rates, ..NodeSnapshot::default() };
    let edge = |edge: &Edge| EdgeSnapshot {
        id: edge.id(),
        records: 900.0,
        capacity: 4096,
        fill: 0.7,
        ..EdgeSnapshot::default()
    };
    Snapshot {
        at_ms: 1,
        nodes: pipeline.nodes.iter().map(node).collect(),
        edges: pipeline.edges.iter().map(edge).collect(),
        ..Snapshot::default()
    }
}

#[test]
fn a_large_pipeline_draws_what_is_seen_and_no_more() {
    let pipeline = large();
    assert_eq!((pipeline.nodes.len(), pipeline.edges.len()), (NODES, EDGES));
    let snapshot = snapshot(&pipeline);
    let mut screen = open(pipeline);
    screen.state_mut().take(News::Figures(Box::new(snapshot.clone())));
    screen.run_steps(3);
    let shapes = |screen: &super::fixture::Screen| screen.output().shapes.len();
    // All of it, from far away.
    assert_eq!(screen.state().seen.canvas.drawn.nodes, NODES);
    let all = shapes(&screen);
    assert!(all < 9_000, "{all} shapes");
    let begun = Instant::now();
    const FRAMES: u32 = 10;
    for _ in 0..FRAMES {
        screen.state_mut().take(News::Figures(Box::new(snapshot.clone())));
        screen.run_steps(1);
    }
    println!("{NODES} nodes, {EDGES} edges: {all} shapes, {:?} a frame (debug)", begun.elapsed() / FRAMES);
    // A part of it, from near: the rest costs nothing.
    screen.state_mut().seen.canvas.view = crate::canvas::geometry::View { zoom: 1.0, ..Default::default() };
    screen.run_steps(3);
    let drawn = screen.state().seen.canvas.drawn;
    assert!(drawn.nodes < 40 && drawn.wires < 80, "{drawn:?}");
    let near = shapes(&screen);
    assert!(near < 2_500, "{near} shapes");
}

#[test]
fn nothing_is_drawn_again_while_nothing_happens() {
    let mut screen = open(super::fixture::trades());
    screen.run_steps(8);
    let wanted = screen.output().viewport_output.values().map(|viewport| viewport.repaint_delay).min();
    assert!(wanted.is_none_or(|delay| delay > std::time::Duration::from_secs(3600)), "{wanted:?}");
}
