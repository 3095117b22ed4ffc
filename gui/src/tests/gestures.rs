//! What the pointer does on the canvas.

use egui::{Key, Modifiers, vec2};
use egui_kittest::kittest::Queryable;

use super::fixture::{
    Screen, chosen, click, click_at, do_by_name, drag, drag_hold, edges, is_there, key, open, press, rect, settle,
    trades,
};

#[test]
fn a_click_selects_and_a_click_beside_lets_go() {
    let mut screen = open(trades());
    click(&mut screen, "node worth");
    assert_eq!(chosen(&screen), ["worth"]);
    let beside = screen.state().seen.canvas.area.left_top() + vec2(300.0, 20.0);
    click_at(&mut screen, beside);
    assert_eq!(chosen(&screen), [""; 0]);
}

#[test]
fn a_node_is_moved_in_one_step_onto_the_grid() {
    let mut screen = open(trades());
    let before = screen.state().drawing.pipeline.clone();
    let from = rect(&screen, "node worth").center();
    drag(&mut screen, from, from + vec2(61.0, 93.0));
    let zoom = screen.state().seen.canvas.view.zoom;
    let at = |pipeline: &tidegate_core::pipeline::Pipeline| pipeline.node("worth").unwrap().at.unwrap();
    let (was, is) = (at(&before), at(&screen.state().drawing.pipeline));
    assert!(((is.x - was.x) as f32 - 61.0 / zoom).abs() <= 8.0, "{was:?} {is:?} {zoom}");
    assert_eq!((is.x % 8, is.y % 8), (0, 0));
    key(&mut screen, Modifiers::COMMAND, Key::Z);
    assert_eq!(screen.state().drawing.pipeline, before);
}

#[test]
fn a_wire_is_drawn_from_port_to_port_and_back_again() {
    let mut screen = open(trades());
    click(&mut screen, "edge worth.out to kinds.in");
    key(&mut screen, Modifiers::NONE, Key::Delete);
    assert!(!edges(&screen).contains(&"worth.out->kinds.in".to_string()));
    let (from, to) = (rect(&screen, "output out of worth").center(), rect(&screen, "input in of kinds").center());
    drag(&mut screen, from, to);
    assert!(edges(&screen).contains(&"worth.out->kinds.in".to_string()), "{:?}", edges(&screen));
    // The other way round it is the same wire.
    key(&mut screen, Modifiers::COMMAND, Key::Z);
    drag(&mut screen, to, from);
    assert!(edges(&screen).contains(&"worth.out->kinds.in".to_string()), "{:?}", edges(&screen));
}

#[test]
fn a_port_that_does_not_fit_says_why() {
    let mut screen = open(trades());
    let count = edges(&screen).len();
    let from = rect(&screen, "output large of kinds").center();
    let to = rect(&screen, "input in of worth").center();
    drag_hold(&mut screen, from, to);
    settle(&mut screen);
    let crate::canvas::gesture::Gesture::Pull(pull) = &screen.state().seen.canvas.gesture else {
        panic!("no wire is drawn")
    };
    assert!(matches!(&pull.target, Some((port, Some(_))) if port.node == "worth"), "{:?}", pull.target);
    screen.drop_at(to);
    settle(&mut screen);
    assert_eq!(edges(&screen).len(), count);
    assert!(is_there(&screen, "Not connected"));
}

#[test]
fn the_end_of_a_wire_is_put_elsewhere_or_dropped() {
    let mut screen = open(trades());
    let end = rect(&screen, "input in of sells").center();
    let other = rect(&screen, "input in of buys").center();
    drag(&mut screen, end, other);
    assert!(edges(&screen).contains(&"kinds.sells->buys.in".to_string()), "{:?}", edges(&screen));
    key(&mut screen, Modifiers::COMMAND, Key::Z);
    let nowhere = screen.state().seen.canvas.area.center_bottom() - vec2(40.0, 40.0);
    drag(&mut screen, end, nowhere);
    assert!(!edges(&screen).iter().any(|edge| edge.contains("sells.in")));
}

#[test]
fn a_wire_that_ends_nowhere_asks_for_a_node() {
    let mut screen = open(trades());
    let from = rect(&screen, "output large of kinds").center();
    let nowhere = screen.state().seen.canvas.area.center_bottom() - vec2(0.0, 60.0);
    drag(&mut screen, from, nowhere);
    super::fixture::type_text(&mut screen, "discard");
    key(&mut screen, Modifiers::NONE, Key::Enter);
    assert!(edges(&screen).contains(&"kinds.large->discard.in".to_string()), "{:?}", edges(&screen));
    assert_eq!(chosen(&screen), ["discard"]);
}

#[test]
fn an_operator_is_dragged_from_the_palette_onto_a_wire() {
    let mut screen = open(trades());
    let from = rect(&screen, "add filter").center();
    let to = rect(&screen, "edge real.out to worth.in").center();
    drag(&mut screen, from, to);
    let all = edges(&screen);
    assert!(all.contains(&"real.out->filter.in".to_string()), "{all:?}");
    assert!(all.contains(&"filter.out->worth.in".to_string()) && !all.contains(&"real.out->worth.in".to_string()));
    key(&mut screen, Modifiers::NONE, Key::Delete);
    assert!(edges(&screen).contains(&"real.out->worth.in".to_string()), "it heals");
}

#[test]
fn an_operator_is_dragged_onto_the_canvas() {
    let mut screen = open(trades());
    let from = rect(&screen, "add scan").center();
    let to = screen.state().seen.canvas.area.center() + vec2(0.0, 180.0);
    drag(&mut screen, from, to);
    let node = screen.state().drawing.pipeline.node("scan").cloned().unwrap();
    assert!(node.at.is_some() && is_there(&screen, "node scan"));
}

#[test]
fn a_box_selects_and_what_is_selected_goes_as_one_step() {
    let mut screen = open(trades());
    let before = screen.state().drawing.pipeline.clone();
    let first = rect(&screen, "node large").union(rect(&screen, "node sells"));
    drag(&mut screen, first.left_top() - vec2(12.0, 12.0), first.right_bottom() + vec2(12.0, 12.0));
    assert_eq!(chosen(&screen), ["buys", "large", "sells"]);
    key(&mut screen, Modifiers::NONE, Key::Delete);
    assert_eq!(screen.state().drawing.pipeline.nodes.len(), before.nodes.len() - 3);
    key(&mut screen, Modifiers::COMMAND, Key::Z);
    assert_eq!(screen.state().drawing.pipeline, before);
}

#[test]
fn the_wheel_zooms_to_the_pointer_and_f_shows_all() {
    let mut screen = open(trades());
    let at = rect(&screen, "node worth").center();
    let (area, view) = (screen.state().seen.canvas.area, screen.state().seen.canvas.view);
    let below = view.to_canvas(area, at);
    screen.hover_at(at);
    screen.step();
    screen.event(egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Point,
        delta: vec2(0.0, 120.0),
        modifiers: Modifiers::NONE,
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Unknown,
    });
    screen.run_steps(20);
    let zoomed = screen.state().seen.canvas.view;
    assert!(zoomed.zoom > view.zoom * 1.1, "{} {}", zoomed.zoom, view.zoom);
    assert!(zoomed.to_canvas(area, at).distance(below) < 2.0);
    key(&mut screen, Modifiers::NONE, Key::F);
    assert!((screen.state().seen.canvas.view.zoom - view.zoom).abs() < 0.001);
}

/// How far the node that is dragged has come, in points of the screen.
fn pulled(screen: &Screen) -> Option<egui::Vec2> {
    let canvas = &screen.state().seen.canvas;
    match &canvas.gesture {
        crate::canvas::gesture::Gesture::Move { by, .. } => Some(*by * canvas.view.zoom),
        _ => None,
    }
}

#[test]
fn a_node_follows_the_pointer_from_where_it_was_pressed() {
    let mut screen = open(trades());
    do_by_name(&mut screen, "snap to the grid");
    let before = screen.state().drawing.pipeline.node("worth").unwrap().at.unwrap();
    let (from, zoom) = (rect(&screen, "node worth").center(), screen.state().seen.canvas.view.zoom);
    screen.hover_at(from);
    screen.step();
    press(&mut screen, from, true);
    // So slowly that it becomes a drag somewhere in between.
    let mut began = None;
    for step in 1..=40 {
        let by = vec2(step as f32, step as f32 / 2.0);
        screen.hover_at(from + by);
        screen.step();
        if let Some(pulled) = pulled(&screen) {
            let begun = *began.get_or_insert(step);
            assert!((pulled - by).length() < 0.01, "{pulled} {by}, begun at {begun}");
        }
    }
    assert!(began.is_some_and(|step| step > 1), "{began:?}");
    let to = from + vec2(40.0, 20.0);
    press(&mut screen, to, false);
    settle(&mut screen);
    let is = screen.state().drawing.pipeline.node("worth").unwrap().at.unwrap();
    let expected = vec2(40.0, 20.0) / zoom;
    assert!((vec2((is.x - before.x) as f32, (is.y - before.y) as f32) - expected).length() <= 1.0, "{before:?} {is:?}");
}

#[test]
fn a_hand_that_trembles_moves_nothing() {
    // A click, and one for which it was pressed so long that it is none.
    for frames in [1, 60] {
        for name in ["node worth", "bend 1 of edge real.out to worth.in", "note: "] {
            let mut screen = open(trades());
            click(&mut screen, "edge real.out to worth.in");
            key(&mut screen, Modifiers::NONE, Key::B);
            do_by_name(&mut screen, "add a note");
            key(&mut screen, Modifiers::NONE, Key::Escape);
            do_by_name(&mut screen, "snap to the grid");
            let before = screen.state().drawing.pipeline.clone();
            let from = screen.get_all_by_label_contains(name).last().unwrap().rect().center();
            screen.hover_at(from);
            screen.step();
            press(&mut screen, from, true);
            for by in [vec2(2.0, 1.0), vec2(3.0, 3.0), vec2(-2.0, 3.0), vec2(3.0, 2.0)] {
                screen.run_steps(frames);
                screen.hover_at(from + by);
                screen.step();
            }
            press(&mut screen, from + vec2(3.0, 2.0), false);
            settle(&mut screen);
            assert_eq!(screen.state().drawing.pipeline, before, "{name}, {frames} frames");
        }
    }
}
