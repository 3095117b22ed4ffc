//! Fields that complete what is typed, with remedies at hand; what nodes and edges have beside their settings.

use egui::accesskit::Role;
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use serde_json::{Value, json};

use super::fixture::{Screen, chosen, click, edges, is_there, key, open, picture, settle, trades, type_text, wait};

fn config(screen: &Screen, node: &str, field: &str) -> Value {
    screen.state().drawing.pipeline.node(node).unwrap().config.get(field).cloned().unwrap_or_default()
}

fn focus(screen: &mut Screen, role: Role, name: &str) {
    screen.get_by_role_and_label(role, name).focus();
    settle(screen);
}

/// Writes a text in place of what stands in a field.
fn write(screen: &mut Screen, role: Role, name: &str, text: &str) {
    focus(screen, role, name);
    key(screen, Modifiers::COMMAND, Key::A);
    type_text(screen, text);
}

#[test]
fn names_and_functions_are_completed_while_one_types() {
    let mut screen = open(trades());
    click(&mut screen, "node not empty");
    write(&mut screen, Role::MultilineTextInput, "condition", "abs(pri");
    assert!(is_there(&screen, "price column float64"), "columns with their type");
    key(&mut screen, Modifiers::NONE, Key::Enter);
    type_text(&mut screen, ") > 5 and coal");
    assert!(is_there(&screen, "coalesce( function"));
    assert!(is_there(&screen, "→"), "and an example of the function");
    picture(&screen, "completion");
    key(&mut screen, Modifiers::NONE, Key::Escape);
    assert!(!is_there(&screen, "coalesce( function"));
    type_text(&mut screen, "esce(q");
    key(&mut screen, Modifiers::NONE, Key::Tab);
    type_text(&mut screen, ", 0) > 1");
    click(&mut screen, "node worth");
    assert_eq!(config(&screen, "real", "condition"), json!("abs(price) > 5 and coalesce(qty, 0) > 1"));
}

#[test]
fn what_fits_is_chosen_by_arrows_and_by_a_click() {
    let mut screen = open(trades());
    click(&mut screen, "node not empty");
    write(&mut screen, Role::MultilineTextInput, "condition", "");
    key(&mut screen, Modifiers::NONE, Key::Delete);
    key(&mut screen, Modifiers::COMMAND, Key::Space);
    let before = screen.query_all_by_label_contains("column").count();
    assert!(before > 1, "asked for, it shows all");
    key(&mut screen, Modifiers::NONE, Key::ArrowDown);
    key(&mut screen, Modifiers::NONE, Key::Enter);
    let second = screen.state().seen.inspector.draft.clone().unwrap().text;
    assert!(!second.is_empty());
    type_text(&mut screen, " is not null and pri");
    click(&mut screen, "price column");
    assert_eq!(screen.state().seen.inspector.draft.clone().unwrap().text, format!("{second} is not null and price"));
    type_text(&mut screen, " > 0");
    click(&mut screen, "node worth");
    assert_eq!(config(&screen, "real", "condition"), json!(format!("{second} is not null and price > 0")));
}

#[test]
fn an_expression_tells_what_it_gives_and_what_is_wrong_can_be_mended() {
    let mut screen = open(trades());
    click(&mut screen, "node not empty");
    assert!(is_there(&screen, "Condition → bool"));
    write(&mut screen, Role::MultilineTextInput, "condition", "pric > 5");
    assert!(is_there(&screen, "do it: did you mean `price`?"));
    picture(&screen, "wrong");
    click(&mut screen, "do it: did you mean `price`?");
    assert_eq!(config(&screen, "real", "condition"), json!("price > 5"));
    key(&mut screen, Modifiers::COMMAND, Key::Z);
    assert_eq!(screen.state().drawing.pipeline, trades(), "what was typed and mended is one step");
}

#[test]
fn topics_and_columns_are_picked() {
    let mut screen = open(trades());
    click(&mut screen, "node trades");
    let before = config(&screen, "trades", "topic");
    click(&mut screen, "what fits topic");
    // Whoever has topics is asked, and says so where it does not answer.
    let silence = "Cluster default does not tell its topics: nobody here can ask it.";
    wait(&mut screen, |screen| is_there(screen, silence));
    let found = Ok(vec!["transfers".to_string()]);
    screen.state_mut().take(tidegate_core::faces::watcher::News::Topics { cluster: "default".into(), found });
    settle(&mut screen);
    assert!(is_there(&screen, "transfers topic"), "and what it tells is offered");
    picture(&screen, "topics");
    let other = screen
        .query_all_by_label_contains(" topic")
        .filter_map(|node| node.accesskit_node().label())
        .collect::<Vec<_>>();
    assert!(other.iter().any(|label| label.ends_with(" topic")), "{other:?}");
    key(&mut screen, Modifiers::NONE, Key::ArrowDown);
    key(&mut screen, Modifiers::NONE, Key::Enter);
    assert_ne!(config(&screen, "trades", "topic"), before, "it is taken at once");
    click(&mut screen, "node worth");
    key(&mut screen, Modifiers::COMMAND, Key::Z);
    assert_eq!(config(&screen, "trades", "topic"), before);
}

#[test]
fn a_node_is_renamed_with_its_wires_and_stays_selected() {
    let mut screen = open(trades());
    click(&mut screen, "node worth");
    write(&mut screen, Role::TextInput, "Id", "real");
    assert!(is_there(&screen, "there is a node `real` already"));
    write(&mut screen, Role::TextInput, "Id", "value");
    key(&mut screen, Modifiers::NONE, Key::Enter);
    assert!(edges(&screen).contains(&"real.out->value.in".to_string()), "{:?}", edges(&screen));
    assert_eq!(chosen(&screen), ["value"]);
    key(&mut screen, Modifiers::COMMAND, Key::Z);
    assert_eq!(screen.state().drawing.pipeline, trades());
}

#[test]
fn what_a_node_has_beside_its_settings_is_set() {
    let mut screen = open(trades());
    click(&mut screen, "node worth");
    let node = |screen: &Screen| serde_json::to_value(screen.state().drawing.pipeline.node("worth").unwrap()).unwrap();
    for (name, field, expected) in [
        ("disabled: yes", "disabled", json!(true)),
        ("on_error: count", "on_error", json!("count")),
        ("supervision: restart", "supervision", json!("restart")),
    ] {
        // Some are below what is seen.
        screen.get_by_label(name).click_accesskit();
        settle(&mut screen);
        assert_eq!(node(&screen)[field], expected, "{name}");
    }
    assert!(is_there(&screen, "Min backoff"), "what the word holds is asked for");
    while screen.state_mut().drawing.undo().is_some() {}
    assert_eq!(screen.state().drawing.pipeline, trades());
}

#[test]
fn the_buffer_of_an_edge_is_set() {
    let mut screen = open(trades());
    click(&mut screen, "edge real.out to worth.in");
    write(&mut screen, Role::TextInput, "buffer", "16");
    key(&mut screen, Modifiers::NONE, Key::Enter);
    let via = |screen: &Screen| {
        serde_json::to_value(screen.state().drawing.pipeline.edge("real.out->worth.in").unwrap()).unwrap()["via"]
            .clone()
    };
    assert_eq!(via(&screen), json!({ "direct": { "buffer": 16 } }));
    click(&mut screen, "Travels: through Kafka");
    assert!(is_there(&screen, "Partitions") && is_there(&screen, "what fits name"));
}

#[test]
fn what_is_wrong_with_a_choice_or_a_map_is_told_there() {
    let mut pipeline = tidegate_core::pipeline::Pipeline::new("p");
    for (id, operator, config) in [
        ("none", "generate", json!({})),
        ("other", "generate", json!({ "shape": "tides" })),
        ("empty", "tumbling-window", json!({ "size": "1m" })),
        ("trades", "generate", json!({ "shape": "trades" })),
        ("names", "map", json!({ "columns": { "a": "nobody" } })),
    ] {
        let node = tidegate_core::pipeline::Node::new(id, operator);
        let config = config.as_object().cloned().unwrap();
        pipeline.nodes.push(tidegate_core::pipeline::Node { config, ..node });
    }
    pipeline.edges.push(tidegate_core::pipeline::Edge::new("trades.out", "names.in"));
    let mut screen = open(pipeline);
    for (id, field) in [("none", "shape"), ("other", "shape"), ("empty", "aggregates"), ("names", "columns.a")] {
        click(&mut screen, &format!("node {id}"));
        let problems = &screen.state().drawing.checked.problems;
        let is_here = |problem: &&tidegate_core::problem::Problem| {
            problem.place.node.as_deref() == Some(id) && problem.place.field.as_deref() == Some(field)
        };
        let problem = problems.iter().find(is_here).unwrap_or_else(|| panic!("{id}: {problems:#?}")).clone();
        // In the inspector, not only in the list of problems.
        let beside = screen.state().seen.canvas.area.right();
        let words = screen.query_all_by_label_contains(&problem.message);
        assert!(words.filter(|node| node.rect().left() > beside).count() > 0, "{id}: {}", problem.message);
        assert!(is_there(&screen, &problem.remedy), "{id}: {}", problem.remedy);
    }
    picture(&screen, "wrong-entry");
}
