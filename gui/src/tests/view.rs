//! The view onto the canvas, and what wiring and the palette have beside the plain gestures.

use egui::{Event, Key, Modifiers, PointerButton, Pos2, vec2};
use egui_kittest::kittest::Queryable;
use tidegate_core::faces::host::Rights;

use super::fixture::{
    Happened, Screen, Starter, chosen, click, do_by_name, drag, drag_hold, edges, is_there, key, open, open_source,
    rect, settle, source, trades, type_text, wait,
};
use crate::canvas::gesture::Gesture;

fn drag_by(screen: &mut Screen, button: PointerButton, from: Pos2, to: Pos2, modifiers: Modifiers) {
    screen.hover_at(from);
    screen.step();
    for (at, pressed) in [(from, true), (to, false)] {
        screen.hover_at(at);
        screen.step();
        screen.event(Event::PointerButton { pos: at, button, pressed, modifiers });
        screen.step();
    }
    settle(screen);
}

/// A place of the canvas where nothing is.
fn beside(screen: &Screen) -> Pos2 {
    screen.state().seen.canvas.area.center_bottom() - vec2(0.0, 90.0)
}

#[test]
fn the_view_is_moved_by_each_hand() {
    let mut screen = open(trades());
    let before = screen.state().drawing.pipeline.clone();
    let origin = |screen: &Screen| screen.state().seen.canvas.view.origin;
    let from = beside(&screen);
    for button in [PointerButton::Middle, PointerButton::Secondary] {
        let was = origin(&screen);
        drag_by(&mut screen, button, from, from + vec2(40.0, -24.0), Modifiers::NONE);
        assert!((origin(&screen) - was - vec2(40.0, -24.0)).length() < 1.0, "{button:?} {was:?} {:?}", origin(&screen));
    }
    // From a node too, which stays where it is.
    let (was, node) = (origin(&screen), rect(&screen, "node worth").center());
    drag_by(&mut screen, PointerButton::Middle, node, node + vec2(16.0, 0.0), Modifiers::NONE);
    assert!((origin(&screen) - was - vec2(16.0, 0.0)).length() < 1.0);
    let was = origin(&screen);
    let space = |pressed| Event::Key {
        key: Key::Space,
        physical_key: None,
        pressed,
        repeat: false,
        modifiers: Modifiers::NONE,
    };
    screen.event(space(true));
    drag(&mut screen, from, from + vec2(0.0, 32.0));
    screen.event(space(false));
    settle(&mut screen);
    assert!((origin(&screen) - was - vec2(0.0, 32.0)).length() < 1.0, "{was:?} {:?}", origin(&screen));
    assert_eq!((screen.state().drawing.pipeline.clone(), chosen(&screen).len()), (before, 0));
}

#[test]
fn the_view_is_zoomed_fitted_and_moved_by_what_stands_above_it() {
    let mut screen = open(trades());
    let view = |screen: &Screen| screen.state().seen.canvas.view;
    let fitted = view(&screen);
    click(&mut screen, "Zoom in");
    assert!(view(&screen).zoom > fitted.zoom);
    click(&mut screen, "Zoom out");
    click(&mut screen, "Zoom out");
    assert!(view(&screen).zoom < fitted.zoom);
    click(&mut screen, "zoom ");
    assert_eq!(view(&screen).zoom, 1.0);
    // The minimap leads to the place that is pressed on it.
    let (was, corner) = (view(&screen), rect(&screen, "minimap").right_bottom() - vec2(8.0, 8.0));
    drag(&mut screen, corner - vec2(60.0, 40.0), corner);
    assert!(view(&screen).origin.x < was.origin.x, "{was:?} {:?}", view(&screen));
    click(&mut screen, "Show all");
    assert!((view(&screen).zoom - fitted.zoom).abs() < 0.001);
}

#[test]
fn nodes_come_onto_the_grid_unless_that_is_turned_off() {
    for is_off in [false, true] {
        let mut screen = open(trades());
        if is_off {
            do_by_name(&mut screen, "snap to the grid");
        }
        let zoom = screen.state().seen.canvas.view.zoom;
        let at = |screen: &Screen| screen.state().drawing.pipeline.node("worth").unwrap().at.unwrap();
        let (was, from) = (at(&screen), rect(&screen, "node worth").center());
        drag(&mut screen, from, from + vec2(23.0 * zoom, 0.0));
        let moved = at(&screen).x;
        assert!(moved > was.x && (moved % 8 == 0) != is_off, "off: {is_off}, from {} to {moved}", was.x);
    }
}

#[test]
fn several_are_selected_by_clicks_and_boxes_that_add() {
    let mut screen = open(trades());
    let with = |screen: &mut Screen, modifiers: Modifiers, name: &str| {
        let at = rect(screen, name).center();
        screen.event(Event::ModifiersChanged(modifiers));
        drag_by(screen, PointerButton::Primary, at, at, modifiers);
        screen.event(Event::ModifiersChanged(Modifiers::NONE));
        settle(screen);
    };
    click(&mut screen, "node worth");
    with(&mut screen, Modifiers::SHIFT, "node large");
    with(&mut screen, Modifiers::COMMAND, "node sells");
    assert_eq!(chosen(&screen), ["large", "sells", "worth"]);
    with(&mut screen, Modifiers::COMMAND, "node large");
    assert_eq!(chosen(&screen), ["sells", "worth"], "one that is selected is let go");
    let around = rect(&screen, "node not empty").expand(6.0);
    screen.event(Event::ModifiersChanged(Modifiers::SHIFT));
    drag(&mut screen, around.left_top(), around.right_bottom());
    screen.event(Event::ModifiersChanged(Modifiers::NONE));
    settle(&mut screen);
    assert_eq!(chosen(&screen), ["real", "sells", "worth"]);
}

#[test]
fn a_wire_is_given_up_by_escape() {
    let mut screen = open(trades());
    let before = edges(&screen);
    let (from, to) = (rect(&screen, "output large of kinds").center(), rect(&screen, "input in of sells").center());
    drag_hold(&mut screen, from, to);
    assert!(matches!(screen.state().seen.canvas.gesture, Gesture::Pull(_)));
    key(&mut screen, Modifiers::NONE, Key::Escape);
    assert_eq!(screen.state().seen.canvas.gesture, Gesture::None);
    screen.drop_at(to);
    settle(&mut screen);
    assert_eq!(edges(&screen), before);
}

#[test]
fn the_list_of_targets_says_why_one_does_not_fit() {
    let mut screen = open(trades());
    click(&mut screen, "node worth");
    key(&mut screen, Modifiers::NONE, Key::C);
    let before = edges(&screen);
    // What would go round in a circle is there, and cannot be chosen.
    type_text(&mut screen, "real.in");
    assert!(is_there(&screen, "real.in: "), "why not");
    key(&mut screen, Modifiers::NONE, Key::Enter);
    assert_eq!(edges(&screen), before);
}

#[test]
fn a_wire_is_flipped_and_takes_a_node_by_keys() {
    let mut screen = open(trades());
    click(&mut screen, "edge real.out to worth.in");
    let via = |screen: &Screen| screen.state().drawing.pipeline.edge("real.out->worth.in").unwrap().via.clone();
    key(&mut screen, Modifiers::NONE, Key::T);
    assert!(via(&screen).is_some());
    key(&mut screen, Modifiers::NONE, Key::T);
    assert!(via(&screen).is_none());
    key(&mut screen, Modifiers::NONE, Key::Slash);
    type_text(&mut screen, "throttle");
    key(&mut screen, Modifiers::NONE, Key::Enter);
    let all = edges(&screen);
    assert!(all.contains(&"real.out->throttle.in".into()) && all.contains(&"throttle.out->worth.in".into()), "{all:?}");
}

#[test]
fn the_palette_helps_adds_and_folds() {
    let mut screen = open(trades());
    let at = rect(&screen, "add scan").center();
    screen.hover_at(at);
    screen.run_steps(40);
    let scan = screen.state().drawing.operators.iter().find(|operator| operator.name == "scan").copied().unwrap();
    assert!(is_there(&screen, scan.summary) && is_there(&screen, scan.examples[0].title), "help, with an example");
    click(&mut screen, "node worth");
    click(&mut screen, "add scan");
    assert!(edges(&screen).contains(&"worth.out->scan.in".into()), "{:?}", edges(&screen));
    screen.get_by_label("Flows").click();
    settle(&mut screen);
    assert!(!is_there(&screen, "add scan"));
}

#[test]
fn a_run_elsewhere_is_shown_and_left_alone() {
    let happened = Happened::default();
    let mut remote = source(trades(), happened.clone());
    remote.running = Some(Starter(happened.clone()).run());
    remote.host = None;
    remote.rights = Rights::default();
    let mut screen = open_source(remote, vec2(1400.0, 900.0));
    wait(&mut screen, |screen| screen.state().run.has_figures());
    let before = screen.state().drawing.pipeline.clone();
    click(&mut screen, "node worth");
    for pressed in [Key::Delete, Key::D, Key::Slash, Key::N] {
        key(&mut screen, Modifiers::NONE, pressed);
    }
    assert!(is_there(&screen, "What runs elsewhere is looked at here, and not changed."));
    key(&mut screen, Modifiers::COMMAND, Key::Period);
    assert_eq!(screen.state().drawing.pipeline, before);
    assert!(happened.lock().unwrap().is_empty(), "{happened:?}");
}
