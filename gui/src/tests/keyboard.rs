//! A pipeline built and run without a pointer.

use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use tidegate_core::pipeline::Pipeline;

use super::fixture::{
    Happened, Screen, chosen, edges, is_there, key, open, open_source, picture, settle, source, trades, type_text,
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

/// What has the keyboard: its role, and its name.
fn focused(screen: &Screen) -> String {
    let all = screen.root().children_recursive();
    let has_it = all.map(|node| node.accesskit_node()).find(|node| node.is_focused());
    has_it.map_or_else(String::new, |node| format!("{:?} {}", node.role(), node.label().unwrap_or_default()))
}

#[test]
fn f6_goes_round_the_parts_of_the_window() {
    let mut screen = open(trades());
    let mut way = Vec::new();
    for _ in 0..6 {
        key(&mut screen, Modifiers::NONE, Key::F6);
        way.push(focused(&screen));
    }
    let [inspector, bottom, status, bar, palette, canvas] = &way[..] else { panic!("{way:?}") };
    assert!(inspector.starts_with("TextInput Pipeline name"), "{way:?}");
    assert_eq!((bottom.as_str(), status.as_str()), ("Tab Problems", "Button Not running"));
    assert_eq!((bar.as_str(), palette.as_str()), ("Button Run", "TextInput Search operators"));
    assert!(canvas.starts_with("Canvas "), "{way:?}");
    let mut back = Vec::new();
    for _ in 0..6 {
        key(&mut screen, Modifiers::SHIFT, Key::F6);
        back.push(focused(&screen));
    }
    way.rotate_right(1);
    way.reverse();
    assert_eq!(back[..5], way[..5], "and the other way round");
    // A list has the keyboard until it is closed; from there the map leads to it.
    key(&mut screen, Modifiers::NONE, Key::F1);
    type_text(&mut screen, "part of the window");
    assert!(is_there(&screen, "Next part of the window") && is_there(&screen, "Part of the window before"));
    key(&mut screen, Modifiers::NONE, Key::F6);
    assert!(is_there(&screen, "Next part of the window"));
    key(&mut screen, Modifiers::NONE, Key::Escape);
    // Where the canvas has the window there is nowhere else to go.
    key(&mut screen, Modifiers::COMMAND, Key::Backslash);
    key(&mut screen, Modifiers::NONE, Key::F6);
    assert!(focused(&screen).starts_with("Canvas "), "{}", focused(&screen));
}

#[test]
fn f6_goes_into_what_lies_over_the_canvas_of_a_narrow_window() {
    let mut screen = open_source(source(trades(), Happened::default()), egui::vec2(860.0, 640.0));
    super::fixture::click(&mut screen, "node trades");
    key(&mut screen, Modifiers::NONE, Key::F6);
    assert_eq!(focused(&screen), "TextInput Name");
    key(&mut screen, Modifiers::SHIFT, Key::F6);
    assert!(focused(&screen).starts_with("Canvas "), "{}", focused(&screen));
    key(&mut screen, Modifiers::SHIFT, Key::F6);
    assert_eq!(focused(&screen), "Button Add an operator", "the rail has the place of the palette");
}

#[test]
fn escape_leads_from_any_control_back_to_the_canvas() {
    let mut screen = open(trades());
    super::fixture::click(&mut screen, "node worth");
    for control in ["Fold the panel", "add filter", "Find or run a command"] {
        let Some(node) = screen.query_all_by_label_contains(control).next() else { panic!("no {control}") };
        node.focus();
        settle(&mut screen);
        key(&mut screen, Modifiers::NONE, Key::Escape);
        assert!(focused(&screen).starts_with("Canvas "), "{control}: {}", focused(&screen));
        assert_eq!(chosen(&screen), ["worth"], "what is selected stays");
    }
}

#[test]
fn what_the_palette_finds_is_chosen_by_arrows() {
    let mut screen = open(trades());
    super::fixture::click(&mut screen, "node worth");
    key(&mut screen, Modifiers::SHIFT, Key::F6);
    assert_eq!(focused(&screen), "TextInput Search operators");
    type_text(&mut screen, "key");
    key(&mut screen, Modifiers::NONE, Key::ArrowDown);
    let first = focused(&screen);
    key(&mut screen, Modifiers::NONE, Key::ArrowDown);
    let second = focused(&screen);
    assert!(
        first.starts_with("Button add ") && second.starts_with("Button add ") && first != second,
        "{first} {second}"
    );
    key(&mut screen, Modifiers::NONE, Key::ArrowUp);
    assert_eq!(focused(&screen), first);
    key(&mut screen, Modifiers::NONE, Key::Enter);
    let name = first.trim_start_matches("Button add ");
    assert!(edges(&screen).iter().any(|edge| edge.starts_with(&format!("worth.out->{name}."))), "{:?}", edges(&screen));
}

#[test]
fn figures_below_lead_to_what_explains_them() {
    use crate::panels::bottom::Tab;
    let mut screen = open(trades());
    screen.state_mut().take(tidegate_core::faces::watcher::News::Figures(Box::new(super::running::snapshot())));
    settle(&mut screen);
    for (name, tab) in [("lag 81.2k", Tab::Partitions), ("in 14.9k/s", Tab::Tap), ("Running ", Tab::Log)] {
        super::fixture::click(&mut screen, name);
        assert_eq!(screen.state().seen.bottom.tab, tab, "{name}");
    }
    super::fixture::click(&mut screen, "node worth");
    super::fixture::click(&mut screen, "at-least-once");
    assert!(is_there(&screen, "commit_interval"));
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
