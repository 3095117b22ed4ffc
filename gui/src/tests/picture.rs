//! Nodes in line, groups, notes, bends, swaps: by pointer, by keys, by menus.

use egui::accesskit::Role;
use egui::{Event, Key, Modifiers, PointerButton, Pos2, vec2};
use egui_kittest::kittest::Queryable;
use tidegate_core::pipeline::{Group, Note, Pipeline, Point};

use super::fixture::{
    Screen, chosen, click, click_at, click_twice, do_by_name, drag, edges, is_there, key, open, picture, rect, settle,
    trades, type_text,
};

fn pipeline(screen: &Screen) -> &Pipeline {
    &screen.state().drawing.pipeline
}

fn at(screen: &Screen, node: &str) -> Point {
    pipeline(screen).node(node).unwrap().at.unwrap()
}

fn with_shift(screen: &mut Screen, name: &str) {
    let at = rect(screen, name).center();
    screen.hover_at(at);
    screen.step();
    screen.event(Event::ModifiersChanged(Modifiers::SHIFT));
    for pressed in [true, false] {
        let (pos, button, modifiers) = (at, PointerButton::Primary, Modifiers::SHIFT);
        screen.event(Event::PointerButton { pos, button, pressed, modifiers });
    }
    screen.event(Event::ModifiersChanged(Modifiers::NONE));
    screen.step();
    settle(screen);
}

/// Asks for the menu at a place.
fn menu(screen: &mut Screen, at: Pos2) {
    screen.hover_at(at);
    screen.step();
    for pressed in [true, false] {
        let (button, modifiers) = (PointerButton::Secondary, Modifiers::NONE);
        screen.event(Event::PointerButton { pos: at, button, pressed, modifiers });
        screen.step();
    }
    settle(screen);
}

fn undone(screen: &mut Screen) {
    while screen.state_mut().drawing.undo().is_some() {}
    assert_eq!(*pipeline(screen), trades());
}

#[test]
fn nodes_are_put_in_line_by_keys_buttons_and_names() {
    let mut screen = open(trades());
    click(&mut screen, "node large");
    with_shift(&mut screen, "node sells");
    with_shift(&mut screen, "node worth");
    assert_eq!(chosen(&screen).len(), 3);
    key(&mut screen, Modifiers::COMMAND | Modifiers::SHIFT, Key::ArrowLeft);
    assert_eq!((at(&screen, "large").x, at(&screen, "sells").x), (at(&screen, "worth").x, at(&screen, "worth").x));
    picture(&screen, "several");
    click(&mut screen, "Align tops");
    assert_eq!((at(&screen, "large").y, at(&screen, "sells").y), (at(&screen, "worth").y, at(&screen, "worth").y));
    key(&mut screen, Modifiers::COMMAND, Key::Z);
    do_by_name(&mut screen, "Spread evenly down");
    undone(&mut screen);
}

#[test]
fn a_group_is_made_named_folded_moved_opened_and_dissolved() {
    let mut screen = open(trades());
    click(&mut screen, "node not empty");
    with_shift(&mut screen, "node worth");
    key(&mut screen, Modifiers::COMMAND, Key::G);
    let field = screen.get_by_role_and_label(Role::TextInput, "Name of the group");
    field.focus();
    settle(&mut screen);
    key(&mut screen, Modifiers::COMMAND, Key::A);
    type_text(&mut screen, "clean up");
    key(&mut screen, Modifiers::NONE, Key::Enter);
    assert!(is_there(&screen, "group clean up, 2 nodes"));
    let apart = (at(&screen, "real"), at(&screen, "worth"));
    key(&mut screen, Modifiers::NONE, Key::G);
    assert!(is_there(&screen, "folded group clean up, 2 nodes") && !is_there(&screen, "node worth"));
    picture(&screen, "folded");
    // Its wires lead to the box, which moves all of it.
    let from = rect(&screen, "folded group clean up").center();
    drag(&mut screen, from, from + vec2(0.0, 80.0));
    let moved = (at(&screen, "real"), at(&screen, "worth"));
    assert_eq!(moved.0.y - apart.0.y, moved.1.y - apart.1.y);
    assert!(moved.0.y > apart.0.y && moved.1.x - moved.0.x == apart.1.x - apart.0.x, "{apart:?} {moved:?}");
    let at = rect(&screen, "folded group clean up").center();
    click_twice(&mut screen, at);
    assert!(is_there(&screen, "node worth") && is_there(&screen, "group clean up, 2 nodes"));
    click(&mut screen, "group clean up, 2 nodes");
    picture(&screen, "group");
    assert_eq!(chosen(&screen), ["real", "worth"]);
    key(&mut screen, Modifiers::COMMAND | Modifiers::SHIFT, Key::G);
    assert!(!is_there(&screen, "group clean up"));
    undone(&mut screen);
}

#[test]
fn a_folded_group_is_wired_by_its_outer_ports() {
    let mut pipeline = trades();
    let nodes = vec!["real".to_string(), "worth".to_string()];
    pipeline.groups.push(Group { id: "g".into(), label: None, nodes, collapsed: true });
    let mut screen = open(pipeline);
    assert!(is_there(&screen, "input real.in of g") && is_there(&screen, "output worth.out of g"));
    let (from, to) = (rect(&screen, "output worth.out of g").center(), rect(&screen, "input in of sells").center());
    drag(&mut screen, from, to);
    assert!(edges(&screen).contains(&"worth.out->sells.in".to_string()), "{:?}", edges(&screen));
}

#[test]
fn a_folded_group_is_named_where_it_stands() {
    let mut with_group = trades();
    let nodes = vec!["real".to_string(), "worth".to_string()];
    with_group.groups.push(Group { id: "g".into(), label: None, nodes, collapsed: true });
    let mut screen = open(with_group);
    click(&mut screen, "folded group g");
    key(&mut screen, Modifiers::NONE, Key::F2);
    screen.get_by_role_and_label(Role::TextInput, "Name of the group").focus();
    settle(&mut screen);
    key(&mut screen, Modifiers::COMMAND, Key::A);
    type_text(&mut screen, "clean up");
    key(&mut screen, Modifiers::NONE, Key::Enter);
    assert!(is_there(&screen, "folded group clean up"));
    picture(&screen, "folded");
}

#[test]
fn a_note_is_added_written_moved_made_larger_and_deleted() {
    let mut screen = open(trades());
    let before = trades().notes.len();
    click(&mut screen, "node worth");
    key(&mut screen, Modifiers::NONE, Key::N);
    screen.get_by_role_and_label(Role::MultilineTextInput, "Text of the note").focus();
    settle(&mut screen);
    key(&mut screen, Modifiers::COMMAND, Key::A);
    type_text(&mut screen, "Mind the gap");
    let beside = screen.state().seen.canvas.area.left_top() + vec2(300.0, 20.0);
    click_at(&mut screen, beside);
    let note = |screen: &Screen| -> Note { pipeline(screen).notes.last().cloned().unwrap() };
    assert_eq!((pipeline(&screen).notes.len(), note(&screen).text.as_str()), (before + 1, "Mind the gap"));
    let (was, from) = (note(&screen).at, rect(&screen, "note: Mind the gap").center());
    drag(&mut screen, from, from + vec2(64.0, 0.0));
    assert!(note(&screen).at.x > was.x && note(&screen).at.y == was.y);
    let corner = rect(&screen, "corner of the note Mind the gap").center();
    drag(&mut screen, corner, corner + vec2(80.0, 40.0));
    let size = note(&screen).size.unwrap();
    assert!(size.x > 240 && size.y > 80, "{size:?}");
    click(&mut screen, "note: Mind the gap");
    do_by_name(&mut screen, "Another paper for the note");
    assert!(note(&screen).colour.is_some());
    picture(&screen, "note");
    key(&mut screen, Modifiers::COMMAND, Key::ArrowDown);
    key(&mut screen, Modifiers::NONE, Key::Enter);
    assert!(is_there(&screen, "Text of the note"), "Enter writes it");
    key(&mut screen, Modifiers::NONE, Key::Delete);
    assert_eq!(pipeline(&screen).notes.len(), before + 1, "while it is written, the keys are its own");
    key(&mut screen, Modifiers::NONE, Key::Escape);
    assert!(!is_there(&screen, "Text of the note"));
    assert!(screen.state().seen.chosen.note.is_some(), "the note is what is selected, as before");
    key(&mut screen, Modifiers::NONE, Key::Delete);
    assert_eq!(pipeline(&screen).notes.len(), before);
    undone(&mut screen);
}

#[test]
fn a_wire_is_bent_and_straightened() {
    let mut screen = open(trades());
    let points = |screen: &Screen| pipeline(screen).edge("real.out->worth.in").unwrap().points.clone();
    let middle = rect(&screen, "edge real.out to worth.in").center();
    click_twice(&mut screen, middle);
    assert_eq!(points(&screen).len(), 1);
    let bend = rect(&screen, "bend 1 of edge real.out to worth.in").center();
    drag(&mut screen, bend, bend + vec2(0.0, 64.0));
    let moved = points(&screen)[0];
    picture(&screen, "bend");
    key(&mut screen, Modifiers::COMMAND, Key::ArrowDown);
    assert_eq!(points(&screen)[0].y, moved.y + 8, "a selected bend moves by keys");
    // Where both of its ends go, it goes too.
    click(&mut screen, "node not empty");
    with_shift(&mut screen, "node worth");
    key(&mut screen, Modifiers::COMMAND, Key::ArrowDown);
    assert_eq!(points(&screen)[0].y, moved.y + 16);
    click(&mut screen, "bend 1 of edge real.out to worth.in");
    key(&mut screen, Modifiers::NONE, Key::Delete);
    assert_eq!(points(&screen), []);
    click(&mut screen, "edge real.out to worth.in");
    key(&mut screen, Modifiers::NONE, Key::B);
    assert_eq!(points(&screen).len(), 1);
    key(&mut screen, Modifiers::SHIFT, Key::B);
    assert_eq!(points(&screen), []);
    undone(&mut screen);
}

#[test]
fn another_operator_takes_a_place_and_keeps_the_wires() {
    let mut screen = open(trades());
    let from = rect(&screen, "add throttle").center();
    let to = rect(&screen, "node not empty").center();
    drag(&mut screen, from, to);
    assert_eq!(pipeline(&screen).node("real").unwrap().operator, "throttle");
    assert_eq!(edges(&screen), trades().edges.iter().map(|edge| edge.id()).collect::<Vec<_>>());
    key(&mut screen, Modifiers::COMMAND, Key::Z);
    click(&mut screen, "node not empty");
    key(&mut screen, Modifiers::NONE, Key::R);
    type_text(&mut screen, "throttle");
    key(&mut screen, Modifiers::NONE, Key::Enter);
    assert_eq!(pipeline(&screen).node("real").unwrap().operator, "throttle");
    undone(&mut screen);
}

#[test]
fn a_wire_that_is_too_short_for_a_node_gets_room() {
    let mut screen = open(trades());
    let before = (at(&screen, "real").x, at(&screen, "worth").x);
    click(&mut screen, "edge real.out to worth.in");
    key(&mut screen, Modifiers::NONE, Key::Slash);
    type_text(&mut screen, "throttle");
    key(&mut screen, Modifiers::NONE, Key::Enter);
    let places = ["real", "throttle", "worth", "kinds", "sells"].map(|id| at(&screen, id).x);
    assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= 144), "{places:?}");
    assert_eq!((places[0], places[2] - before.1), (before.0, at(&screen, "sells").x - sells_before()));
    // What comes new is seen.
    let (area, new) = (screen.state().seen.canvas.area, rect(&screen, "node throttle"));
    assert!(area.contains_rect(new), "{area} {new}");
    picture(&screen, "room");
    undone(&mut screen);
}

#[test]
fn a_node_on_a_wire_has_room_to_grow() {
    let mut screen = open(trades());
    click(&mut screen, "edge real.out to worth.in");
    key(&mut screen, Modifiers::NONE, Key::Slash);
    type_text(&mut screen, "filter");
    key(&mut screen, Modifiers::NONE, Key::Enter);
    let width = |screen: &Screen| screen.state().scene.card("filter").unwrap().shape.rect.width();
    let narrow = width(&screen);
    screen.get_by_role_and_label(egui::accesskit::Role::MultilineTextInput, "condition").focus();
    settle(&mut screen);
    type_text(&mut screen, "price > 1000 and qty > 1000 and price * qty > 10000000");
    click(&mut screen, "node worth");
    assert!(width(&screen) > narrow, "{narrow}");
    let boxes: Vec<egui::Rect> = screen.state().scene.nodes.iter().map(|card| card.shape.rect).collect();
    for (place, one) in boxes.iter().enumerate() {
        assert!(boxes[..place].iter().all(|other| !other.intersects(*one)), "{boxes:?}");
    }
    undone(&mut screen);
}

fn sells_before() -> i32 {
    trades().node("sells").and_then(|node| node.at).unwrap().x
}

#[test]
fn menus_tell_what_can_be_done_and_do_it() {
    let mut screen = open(trades());
    let at = rect(&screen, "node worth").center();
    menu(&mut screen, at);
    assert_eq!(chosen(&screen), ["worth"]);
    picture(&screen, "menu");
    click(&mut screen, "Leave out of the run");
    assert!(pipeline(&screen).node("worth").unwrap().disabled);
    let at = rect(&screen, "edge real.out to worth.in").center();
    menu(&mut screen, at);
    click(&mut screen, "Send through Kafka");
    assert!(pipeline(&screen).edge("real.out->worth.in").unwrap().via.is_some());
    let at = rect(&screen, "output out of worth").center();
    menu(&mut screen, at);
    click(&mut screen, "Take its wires away");
    assert!(!edges(&screen).iter().any(|edge| edge.starts_with("worth.out")));
    let beside = screen.state().seen.canvas.area.left_top() + vec2(400.0, 20.0);
    menu(&mut screen, beside);
    click(&mut screen, "Add a note");
    assert_eq!(pipeline(&screen).notes.len(), trades().notes.len() + 1);
    key(&mut screen, Modifiers::NONE, Key::Escape);
    // The same by keys.
    click(&mut screen, "node large");
    key(&mut screen, Modifiers::SHIFT, Key::F10);
    type_text(&mut screen, "duplicate");
    key(&mut screen, Modifiers::NONE, Key::Enter);
    assert_eq!(pipeline(&screen).nodes.len(), trades().nodes.len() + 1);
    undone(&mut screen);
}

#[test]
fn wires_and_ports_tell_what_they_carry() {
    let mut screen = open(trades());
    for name in ["edge real.out to worth.in", "output out of worth"] {
        let at = rect(&screen, name).center();
        screen.hover_at(at);
        screen.run_steps(40);
        assert!(is_there(&screen, "key text") && is_there(&screen, "symbol text!"), "{name}");
        picture(&screen, "tip");
    }
}
