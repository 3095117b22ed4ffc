//! Whatever can have the keyboard or be pressed says what it is, and what it is called.

use egui::accesskit::{Action, Role};
use egui::{Key, Modifiers, vec2};
use egui_kittest::kittest::NodeT;
use tidegate_core::faces::watcher::News;
use tidegate_core::pipeline::{Group, Pipeline};

use super::fixture::{Screen, click, key, open, open_desk, open_source, settle, source, trades};
use super::running::snapshot;

/// Controls that have no role, or no name.
fn nameless(screen: &Screen, view: &str) -> Vec<String> {
    let mut found = Vec::new();
    for node in screen.root().children_recursive() {
        let node = node.accesskit_node();
        let is_control = [Action::Click, Action::Focus].iter().any(|action| node.data().supports_action(*action));
        let (role, label) = (node.role(), node.label().unwrap_or_default());
        let has_role = !matches!(role, Role::Unknown | Role::GenericContainer);
        // Scroll bars belong to what they stand beside.
        if is_control && role != Role::ScrollBar && (!has_role || label.trim().is_empty()) {
            found.push(format!("{view}: {role:?} `{label}` at {:?}", node.raw_bounds()));
        }
    }
    found
}

fn run(screen: &mut Screen) {
    screen.state_mut().take(News::Figures(Box::new(snapshot())));
    settle(screen);
}

#[test]
fn every_control_has_a_role_and_a_name() {
    type Way = fn(&mut Screen);
    let ways: [(&str, Way); 14] = [
        ("nothing selected", |_| {}),
        ("a node", |screen| click(screen, "node worth")),
        ("its schema", |screen| {
            click(screen, "node worth");
            click(screen, "Schema");
        }),
        ("its help", |screen| {
            click(screen, "node worth");
            click(screen, "Help");
        }),
        ("a source", |screen| click(screen, "node trades")),
        ("several", |screen| key(screen, Modifiers::COMMAND, Key::A)),
        ("an edge", |screen| click(screen, "edge real.out to worth.in")),
        ("a parameter", |screen| click(screen, "parameter large, 50000")),
        ("a cluster", |screen| click(screen, "cluster default")),
        ("the list of commands", |screen| key(screen, Modifiers::COMMAND, Key::K)),
        ("a note that is written", |screen| key(screen, Modifiers::NONE, Key::N)),
        ("a run", run),
        ("its partitions", |screen| {
            run(screen);
            click(screen, "Partitions");
        }),
        ("the list of changes", |screen| {
            click(screen, "node worth");
            key(screen, Modifiers::NONE, Key::D);
            key(screen, Modifiers::COMMAND | Modifiers::SHIFT, Key::C);
        }),
    ];
    let mut pipeline: Pipeline = trades();
    let nodes = vec!["large".to_string(), "buys".to_string()];
    pipeline.groups.push(Group { id: "g".into(), label: None, nodes, collapsed: false });
    let mut found = Vec::new();
    for (name, way) in ways {
        let mut screen = open(pipeline.clone());
        way(&mut screen);
        found.extend(nameless(&screen, name));
    }
    let start = open_desk(None, vec2(1400.0, 900.0), None);
    found.extend(nameless(&start, "the page to begin from"));
    let mut narrow = open_source(source(pipeline, Default::default()), vec2(860.0, 640.0));
    click(&mut narrow, "node trades");
    found.extend(nameless(&narrow, "a narrow window"));
    assert_eq!(found, [""; 0]);
}
