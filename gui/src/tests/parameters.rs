//! What the pipeline itself has: settings, clusters, parameters, and values of those for runs.

use egui::accesskit::Role;
use egui::{Key, Modifiers, vec2};
use egui_kittest::kittest::{NodeT, Queryable};
use serde_json::{Value, json};
use tidegate_core::faces::watcher::News;
use tidegate_core::pipeline::to_canonical;

use super::fixture::{
    Happened, Screen, click, is_there, key, open_source, picture, settle, source, trades, type_text, wait,
};

fn open(happened: &Happened) -> Screen {
    open_source(source(trades(), happened.clone()), vec2(1400.0, 900.0))
}

/// Types into a field, and leaves it by Enter.
fn put(screen: &mut Screen, name: &str, text: &str) {
    let is_field = |role| matches!(role, Role::TextInput | Role::PasswordInput);
    let field = screen.get_all_by_label(name).find(|node| is_field(node.accesskit_node().role()));
    field.unwrap_or_else(|| panic!("no field {name}")).focus();
    settle(screen);
    key(screen, Modifiers::COMMAND, Key::A);
    type_text(screen, text);
    key(screen, Modifiers::NONE, Key::Enter);
}

fn document(screen: &Screen) -> Value {
    serde_json::to_value(&screen.state().drawing.pipeline).unwrap()
}

#[test]
fn a_value_is_given_for_runs_and_written_nowhere() {
    let happened = Happened::default();
    let mut screen = open(&happened);
    click(&mut screen, "parameter large, 50000");
    assert!(is_there(&screen, "Runs take the default, unless TIDEGATE_LARGE or --set large"));
    put(&mut screen, "value of large", "7");
    assert!(is_there(&screen, "parameter large, 7") && is_there(&screen, "It is written nowhere"));
    picture(&screen, "parameter");
    assert!(!screen.state().drawing.is_unsaved() && !screen.state().drawing.can_undo());
    key(&mut screen, Modifiers::COMMAND, Key::Enter);
    wait(&mut screen, |_| happened.lock().unwrap().len() > 1);
    assert_eq!(*happened.lock().unwrap(), ["started trades", "large = 7"]);
    click(&mut screen, "Forget this value");
    assert!(is_there(&screen, "parameter large, 50000"));
}

#[test]
fn a_secret_is_added_given_and_never_shown() {
    let happened = Happened::default();
    let mut screen = open(&happened);
    put(&mut screen, "New parameter", "not a name");
    assert!(screen.state().drawing.pipeline.parameters.get("not a name").is_none());
    put(&mut screen, "New parameter", "password");
    click(&mut screen, "secret: yes");
    assert_eq!(document(&screen)["parameters"]["password"], json!({ "secret": true }));
    assert!(is_there(&screen, "parameter password, not given") && is_there(&screen, "TIDEGATE_PASSWORD_FILE"));
    // Typed, it is hidden; given, it is told as that and no more.
    let field = screen.get_by_label("value of password");
    assert_eq!(field.accesskit_node().role(), Role::PasswordInput);
    put(&mut screen, "value of password", "swordfish");
    assert!(is_there(&screen, "parameter password, given here"));
    let told = |screen: &Screen| -> String {
        let all = screen.root().children_recursive();
        all.map(|node| format!("{:?} {:?}\n", node.accesskit_node().label(), node.accesskit_node().value())).collect()
    };
    assert!(!told(&screen).contains("swordfish"));
    picture(&screen, "secret");
    assert!(!to_canonical(&screen.state().drawing.pipeline).contains("swordfish"));
    key(&mut screen, Modifiers::COMMAND, Key::Enter);
    wait(&mut screen, |_| happened.lock().unwrap().len() > 1);
    assert!(happened.lock().unwrap().contains(&"password = swordfish".to_string()));
    while screen.state_mut().drawing.undo().is_some() {}
    assert_eq!(screen.state().drawing.pipeline, trades());
}

#[test]
fn a_run_that_lacks_a_secret_leads_to_where_it_is_given() {
    let mut screen = open(&Happened::default());
    click(&mut screen, "node worth");
    let (how, field) = ("It did not start.".to_string(), Some("parameters.large".to_string()));
    screen.state_mut().take(News::Over { how, field, last: None });
    settle(&mut screen);
    assert!(is_there(&screen, "value of large"));
}

#[test]
fn what_the_pipeline_itself_has_is_reached_in_a_narrow_window_too() {
    let mut screen = open_source(source(trades(), Happened::default()), vec2(860.0, 640.0));
    assert!(!is_there(&screen, "commit_interval"));
    key(&mut screen, Modifiers::COMMAND, Key::Comma);
    picture(&screen, "narrow-settings");
    put(&mut screen, "commit_interval", "5s");
    assert_eq!(document(&screen)["settings"], json!({ "commit_interval": "5s" }));
    click(&mut screen, "Close the inspector");
    assert!(!is_there(&screen, "commit_interval"));
}

#[test]
fn a_parameter_is_renamed_wherever_it_is_used() {
    let mut screen = open(&Happened::default());
    click(&mut screen, "parameter large, 50000");
    put(&mut screen, "value of large", "7");
    put(&mut screen, "name of large", "not a name");
    assert!(is_there(&screen, "parameter large, 7"), "a name that is none is not taken");
    put(&mut screen, "name of large", "least");
    assert!(is_there(&screen, "parameter least, 7") && is_there(&screen, "value of least"));
    let text = to_canonical(&screen.state().drawing.pipeline);
    assert!(text.contains("${least}") && !text.contains("large}"), "{text}");
    assert!(screen.state_mut().drawing.undo().is_some() && screen.state().drawing.pipeline == trades());
}

#[test]
fn a_cluster_is_renamed_wherever_it_is_used() {
    let mut screen = open(&Happened::default());
    click(&mut screen, "cluster default");
    put(&mut screen, "name of default", "main");
    assert!(is_there(&screen, "cluster main") && is_there(&screen, "name of main"), "it stays open");
    assert!(document(&screen)["clusters"].get("default").is_none());
    let source = screen.state().drawing.pipeline.node("trades").unwrap().config.get("cluster").cloned();
    assert_eq!((source, screen.state().drawing.errors().count()), (Some(json!("main")), 0));
    key(&mut screen, Modifiers::COMMAND, Key::Z);
    assert_eq!(screen.state().drawing.pipeline, trades());
}

#[test]
fn clusters_and_settings_are_forms_and_each_change_is_a_step() {
    let mut screen = open(&Happened::default());
    click(&mut screen, "node worth");
    key(&mut screen, Modifiers::COMMAND, Key::Comma);
    click(&mut screen, "cluster default");
    put(&mut screen, "brokers", "kafka-1:9092,kafka-2:9092");
    put(&mut screen, "add to properties", "client.rack = a");
    let cluster = document(&screen)["clusters"]["default"].clone();
    assert_eq!(cluster, json!({ "brokers": "kafka-1:9092,kafka-2:9092", "properties": { "client.rack": "a" } }));
    picture(&screen, "cluster");
    click(&mut screen, "cluster default");
    put(&mut screen, "commit_interval", "soon");
    assert!(screen.state().drawing.pipeline.settings.commit_interval.is_none());
    assert!(is_there(&screen, "soon"), "why not is told");
    put(&mut screen, "commit_interval", "5s");
    assert_eq!(document(&screen)["settings"], json!({ "commit_interval": "5s" }));
    put(&mut screen, "New cluster", "audit");
    click(&mut screen, "Take audit away");
    assert_eq!(document(&screen)["clusters"].get("audit"), None);
    let mut steps = 0;
    while screen.state_mut().drawing.undo().is_some() {
        steps += 1;
    }
    assert_eq!((steps, screen.state().drawing.pipeline == trades()), (5, true));
}
