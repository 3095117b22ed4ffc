//! How much is drawn of a large pipeline: numbers of shapes and of nodes, not time. The time of a frame is printed.

use std::time::Instant;

use serde_json::json;
use tidegate_core::faces::watcher::News;

use super::fixture::{Screen, open};
use crate::perf::{LARGE, busy, large};

#[test]
fn a_large_pipeline_draws_what_is_seen_and_no_more() {
    let source = ("generate", json!({ "shape": "trades", "rate": "1000/s" }));
    let pipeline = large((source, ("filter", json!({ "condition": "price > 10" }))));
    assert_eq!((pipeline.nodes.len(), pipeline.edges.len()), LARGE);
    let mut screen = open(pipeline.clone());
    assert_eq!(screen.state().drawing.errors().count(), 0);
    let tell = |screen: &mut Screen, tick| screen.state_mut().take(News::Figures(Box::new(busy(&pipeline, tick))));
    tell(&mut screen, 0);
    screen.run_steps(3);
    let shapes = |screen: &Screen| screen.output().shapes.len();
    // All of it, from far away.
    assert_eq!(screen.state().seen.canvas.drawn.nodes, LARGE.0);
    let all = shapes(&screen);
    assert!(all < 9_000, "{all} shapes");
    let begun = Instant::now();
    const FRAMES: u32 = 10;
    for tick in 1..=FRAMES {
        tell(&mut screen, u64::from(tick));
        screen.run_steps(1);
    }
    println!("{} nodes, {} edges: {all} shapes, {:?} a frame (debug)", LARGE.0, LARGE.1, begun.elapsed() / FRAMES);
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
