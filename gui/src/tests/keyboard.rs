//! A pipeline built and run without a pointer.

use egui::{Key, Modifiers};
use tidegate_core::pipeline::Pipeline;

use super::fixture::{
    Happened, chosen, edges, is_there, key, open, open_source, picture, settle, source, trades, type_text,
};

#[test]
fn the_keys_are_listed_and_done_from_there() {
    let mut screen = open(trades());
    key(&mut screen, Modifiers::NONE, Key::F1);
    picture(&screen, "keys");
    assert!(is_there(&screen, "Go along wires"));
    type_text(&mut screen, "ctrl a");
    key(&mut screen, Modifiers::NONE, Key::Enter);
    assert_eq!(chosen(&screen).len(), trades().nodes.len());
}

#[test]
fn a_pipeline_is_built_and_run_by_keys_alone() {
    let happened = Happened::default();
    let mut screen = open_source(source(Pipeline::new("built"), happened.clone()), egui::vec2(1400.0, 900.0));
    for operator in ["generate", "filter", "discard"] {
        key(&mut screen, Modifiers::NONE, Key::Slash);
        type_text(&mut screen, operator);
        key(&mut screen, Modifiers::NONE, Key::Enter);
    }
    assert_eq!(edges(&screen), ["generate.out->filter.in", "filter.out->discard.in"]);
    // What is missing keeps it from running, and is shown.
    key(&mut screen, Modifiers::COMMAND, Key::Enter);
    assert!(is_there(&screen, "before its problems are solved"));
    assert_eq!(happened.lock().unwrap().len(), 0);
    key(&mut screen, Modifiers::NONE, Key::F8);
    assert_eq!(chosen(&screen).len(), 1);
}

#[test]
fn c_lists_ports_that_fit() {
    let mut screen = open(trades());
    // Its first output has a wire; the other one has none.
    super::fixture::click(&mut screen, "node worth");
    let before = edges(&screen).len();
    key(&mut screen, Modifiers::NONE, Key::C);
    type_text(&mut screen, "unreadable");
    key(&mut screen, Modifiers::NONE, Key::Enter);
    assert_eq!(edges(&screen).len(), before + 1);
    assert!(edges(&screen).contains(&"worth.errors->unreadable.in".to_string()));
}

#[test]
fn arrows_follow_wires_and_ctrl_moves() {
    let mut screen = open(trades());
    super::fixture::click(&mut screen, "node trades");
    for expected in ["real", "worth", "kinds"] {
        key(&mut screen, Modifiers::NONE, Key::ArrowRight);
        assert_eq!(chosen(&screen), [expected]);
    }
    key(&mut screen, Modifiers::NONE, Key::ArrowLeft);
    assert_eq!(chosen(&screen), ["worth"]);
    let at = |screen: &super::fixture::Screen| screen.state().drawing.pipeline.node("worth").unwrap().at.unwrap();
    let before = at(&screen);
    key(&mut screen, Modifiers::COMMAND, Key::ArrowDown);
    assert_eq!(at(&screen).y, before.y + 8);
}

#[test]
fn commands_and_nodes_are_found_by_name_and_by_setting() {
    let mut screen = open(trades());
    key(&mut screen, Modifiers::COMMAND, Key::K);
    type_text(&mut screen, "price * qty");
    key(&mut screen, Modifiers::NONE, Key::Enter);
    assert_eq!(chosen(&screen), ["worth"]);
    key(&mut screen, Modifiers::COMMAND, Key::K);
    type_text(&mut screen, "select all");
    key(&mut screen, Modifiers::NONE, Key::Enter);
    assert_eq!(chosen(&screen).len(), trades().nodes.len());
    settle(&mut screen);
}

#[test]
fn copies_are_json_and_come_back_wired() {
    let mut screen = open(trades());
    key(&mut screen, Modifiers::COMMAND, Key::A);
    let before = (screen.state().drawing.pipeline.nodes.len(), edges(&screen).len());
    screen.event(egui::Event::Copy);
    screen.step();
    let copied = screen.output().platform_output.commands.iter().find_map(|command| match command {
        egui::OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    });
    screen.event(egui::Event::Paste(copied.expect("a text is copied")));
    settle(&mut screen);
    let after = (screen.state().drawing.pipeline.nodes.len(), edges(&screen).len());
    assert_eq!(after, (before.0 * 2, before.1 * 2));
    key(&mut screen, Modifiers::COMMAND, Key::Z);
    assert_eq!(screen.state().drawing.pipeline, trades());
}

#[test]
fn enter_goes_into_the_settings_of_what_is_selected() {
    let mut screen = open(trades());
    super::fixture::click(&mut screen, "node not empty");
    key(&mut screen, Modifiers::NONE, Key::Enter);
    assert_eq!(chosen(&screen), ["real"]);
    assert!(screen.ctx.text_edit_focused(), "its first field has the keyboard");
    key(&mut screen, Modifiers::COMMAND, Key::A);
    type_text(&mut screen, "qty > 7");
    // A command is about what is typed too, though the field was not left.
    key(&mut screen, Modifiers::COMMAND, Key::S);
    let condition = |screen: &super::fixture::Screen| {
        screen.state().drawing.pipeline.node("real").and_then(|node| node.config.get("condition").cloned())
    };
    assert_eq!(condition(&screen), Some("qty > 7".into()));
    key(&mut screen, Modifiers::NONE, Key::Escape);
    super::fixture::click(&mut screen, "node worth");
    assert_eq!(condition(&screen), Some("qty > 7".into()));
    key(&mut screen, Modifiers::COMMAND, Key::Z);
    assert_eq!(screen.state().drawing.pipeline, trades(), "it is one step");
}

#[test]
fn a_choice_is_made_by_keys() {
    let mut pipeline = Pipeline::new("p");
    pipeline.nodes.push(tidegate_core::pipeline::Node::new("n", "generate"));
    let mut screen = open(pipeline);
    super::fixture::click(&mut screen, "node n");
    for pressed in [Key::Enter, Key::Space, Key::ArrowDown, Key::ArrowDown, Key::Enter] {
        key(&mut screen, Modifiers::NONE, pressed);
    }
    assert_eq!(screen.state().drawing.pipeline.nodes[0].config["shape"], "sensors");
}
