//! What stands around the canvas.

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable;
use serde_json::json;

use super::fixture::{Screen, chosen, click, is_there, key, open, rect, settle, trades};

fn condition(screen: &Screen) -> serde_json::Value {
    screen.state().drawing.pipeline.node("real").unwrap().config["condition"].clone()
}

fn put(screen: &mut Screen, name: &str, text: &str) {
    let field = screen.get_by_role_and_label(egui::accesskit::Role::MultilineTextInput, name);
    field.focus();
    settle(screen);
    key(screen, Modifiers::COMMAND, Key::A);
    super::fixture::type_text(screen, text);
}

#[test]
fn an_expression_is_checked_as_it_is_typed_and_taken_when_it_is_left() {
    let mut screen = open(trades());
    click(&mut screen, "node not empty");
    put(&mut screen, "condition", "qtty > 5");
    assert!(is_there(&screen, "qtty"), "what is wrong is said");
    assert_eq!(condition(&screen), json!("qty > 0"), "nothing is changed yet");
    put(&mut screen, "condition", "qty > 5");
    click(&mut screen, "node worth");
    assert_eq!(condition(&screen), json!("qty > 5"));
    key(&mut screen, Modifiers::COMMAND, Key::Z);
    assert_eq!(condition(&screen), json!("qty > 0"));
}

#[test]
fn every_operator_has_a_form_that_draws() {
    for operator in tidegate_core::operators::ALL {
        let mut pipeline = tidegate_core::pipeline::Pipeline::new("p");
        pipeline.nodes.push(tidegate_core::pipeline::Node::new("n", operator.name));
        let mut screen = open(pipeline);
        click(&mut screen, "node n");
        for field in (operator.form)().fields {
            let label = crate::panels::inspector::written(&field.name);
            assert!(is_there(&screen, &label), "{}: {label}", operator.name);
        }
        click(&mut screen, "Help");
        assert!(screen.query_all_by_label_contains(operator.help.split_whitespace().next().unwrap()).next().is_some());
    }
}

#[test]
fn a_problem_leads_to_its_place() {
    let mut pipeline = trades();
    pipeline.nodes[1].config.insert("condition".into(), json!("nothing > 0"));
    let mut screen = open(pipeline);
    click(&mut screen, "real, condition");
    assert_eq!(chosen(&screen), ["real"]);
    assert!(is_there(&screen, "node not empty, filter, 1 problem"));
}

#[test]
fn an_edge_says_what_it_carries_and_travels_the_other_way_by_a_click() {
    let mut screen = open(trades());
    click(&mut screen, "edge real.out to worth.in");
    assert!(is_there(&screen, "symbol text!"), "its schema is shown");
    click(&mut screen, "Travels: through Kafka");
    let via = |screen: &Screen| screen.state().drawing.pipeline.edge("real.out->worth.in").unwrap().via.clone();
    assert!(via(&screen).is_some());
    assert!(is_there(&screen, "through topic trades.real.out.worth.in"));
    key(&mut screen, Modifiers::COMMAND, Key::Z);
    assert_eq!(via(&screen), None);
}

#[test]
fn the_palette_is_searched_and_becomes_a_rail() {
    let mut screen = open(trades());
    let search = screen.get_by_label("Search operators");
    search.focus();
    settle(&mut screen);
    super::fixture::type_text(&mut screen, "tumb");
    assert!(is_there(&screen, "add tumbling-window") && !is_there(&screen, "add filter"));
    let small =
        super::fixture::open_source(super::fixture::source(trades(), Default::default()), egui::vec2(1024.0, 700.0));
    assert!(!is_there(&small, "add filter") && is_there(&small, "Windows"));
    let canvas = small.state().seen.canvas.area;
    assert_eq!((canvas.width(), canvas.height()), (732.0, 432.0), "as the design has it");
}

#[test]
fn in_a_narrow_window_the_inspector_lies_over_the_canvas_while_something_is_selected() {
    let source = super::fixture::source(trades(), Default::default());
    let mut screen = super::fixture::open_source(source, egui::vec2(880.0, 700.0));
    assert!(!is_there(&screen, "Close the inspector"));
    click(&mut screen, "node trades");
    assert!(is_there(&screen, "what fits topic"));
    super::fixture::picture(&screen, "sheet");
    click(&mut screen, "Close the inspector");
    assert_eq!(chosen(&screen), [""; 0]);
    click(&mut screen, "node trades");
    key(&mut screen, Modifiers::NONE, Key::Escape);
    assert!(!is_there(&screen, "what fits topic"));
}

#[test]
fn panels_stand_where_the_design_has_them() {
    let screen = open(trades());
    let canvas = screen.state().seen.canvas.area;
    assert_eq!((canvas.left(), canvas.top(), canvas.width(), canvas.height()), (184.0, 44.0, 944.0, 576.0));
    assert!(rect(&screen, "Run").right() > 1300.0);
}

#[test]
fn contrast_is_raised_and_remembered() {
    let mut screen = open(trades());
    let before = screen.state().theme.clone();
    key(&mut screen, Modifiers::COMMAND, Key::K);
    super::fixture::type_text(&mut screen, "high contrast");
    key(&mut screen, Modifiers::NONE, Key::Enter);
    let after = screen.state().theme.clone();
    assert_eq!((after.line2, after.faint), (before.control, before.text2));
    super::fixture::picture(&screen, "contrast");
}
