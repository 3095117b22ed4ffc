//! What takes several nodes, what is opened, what is asked by menus and remedies.

use tidegate_core::pipeline::edit::Fragment;
use tidegate_core::snapshot::{StateRow, StateSnapshot};

use super::fixture::{building, in_view, model};
use super::shown::text;
use super::{blank, press, type_in};
use crate::commands::View;
use crate::host::{Found, Opening};
use crate::model::place::{Chosen, Sheet};
use crate::model::run::Link;
use crate::model::{Message, Model, Wish};
use crate::update::{Pointer, opening, update};
use crate::views;

fn ids(model: &Model) -> Vec<&str> {
    model.drawing.pipeline.nodes.iter().map(|node| node.id.as_str()).collect()
}

#[test]
fn marked_nodes_are_copied_pasted_and_deleted_together() {
    let mut model = building(120, 40);
    let start = model.drawing.pipeline.clone();
    views::choose_node(&mut model, "liquid");
    press(&mut model, "m");
    views::choose_node(&mut model, "vwap");
    press(&mut model, "m");
    // The mark of the selection stands in front of the others.
    assert!(text(&model).contains("*liquid") && text(&model).contains("▸vwap"), "{}", text(&model));
    let wishes = press(&mut model, "y");
    let [Wish::Copy(json)] = wishes.as_slice() else { panic!("{wishes:?}") };
    let fragment: Fragment = serde_json::from_str(json).unwrap();
    assert_eq!((fragment.nodes.len(), fragment.edges.len()), (2, 1));
    press(&mut model, "p");
    assert_eq!(ids(&model)[7..], ["liquid-2", "vwap-2"]);
    assert_eq!(model.place.graph.marked.iter().collect::<Vec<_>>(), ["liquid-2", "vwap-2"]);
    press(&mut model, "d");
    assert_eq!(model.drawing.pipeline, start);
    // What comes from the terminal's clipboard is the same; another text is none.
    update(&mut model, Message::Pasted(json.clone()));
    assert_eq!(ids(&model).len(), 9);
    update(&mut model, Message::Pasted("hello".into()));
    assert_eq!(ids(&model).len(), 9);
    assert!(text(&model).contains("holds no nodes"), "{}", text(&model));
    press(&mut model, "u u u");
    views::choose_node(&mut model, "liquid");
    press(&mut model, "m");
    views::choose_node(&mut model, "vwap");
    press(&mut model, "m d");
    let edges: Vec<String> = model.drawing.pipeline.edges.iter().map(|edge| edge.id()).collect();
    assert!(edges.contains(&"trades.out->bars.in".to_string()), "both are healed: {edges:?}");
    press(&mut model, "u");
    assert_eq!(model.drawing.pipeline, start);
}

#[test]
fn notes_are_written_and_taken_away() {
    let mut model = building(120, 40);
    press(&mut model, "# enter");
    type_in(&mut model, "mind the gap");
    press(&mut model, "enter");
    assert!(text(&model).contains("1 note"), "{}", text(&model));
    press(&mut model, "up enter");
    type_in(&mut model, "s");
    press(&mut model, "enter esc");
    assert_eq!(model.drawing.pipeline.notes[0].text, "mind the gaps");
    assert!(text(&model).contains("# mind the gaps"), "{}", text(&model));
    press(&mut model, "# ctrl-x esc");
    assert!(model.drawing.pipeline.notes.is_empty());
    press(&mut model, "u");
    assert_eq!(model.drawing.pipeline.notes.len(), 1);
}

#[test]
fn a_right_click_lists_what_may_be_asked() {
    let mut model = building(80, 24);
    let point = |model: &mut Model, pointer| update(model, Message::Mouse(pointer));
    point(&mut model, Pointer::Menu(28, 5));
    assert_eq!(model.place.graph.chosen, Some(Chosen::Node("liquid".into())));
    insta::assert_snapshot!("menu", text(&model));
    // The entry of `w`, and a click beside.
    let row = text(&model).lines().position(|line| line.contains(" w ")).unwrap();
    point(&mut model, Pointer::Click(60, row));
    assert!(matches!(model.place.sheets.last(), Some(Sheet::Why { node, .. }) if node == "liquid"));
    press(&mut model, "esc");
    point(&mut model, Pointer::Menu(28, 5));
    point(&mut model, Pointer::Click(2, 5));
    assert!(model.place.sheets.is_empty());
    let mut table = in_view(View::Partitions, 80, 24);
    point(&mut table, Pointer::Menu(5, 14));
    press(&mut table, "down down down down enter");
    assert_eq!(table.place.list().sort, Some((0, false)));
}

fn found() -> Vec<Found> {
    let file = |name: &str, sentence: &str| Found {
        opening: Opening::File(name.into()),
        name: name.into(),
        sentence: sentence.into(),
    };
    vec![
        file("pipelines/market.json", "Works out what trades are worth."),
        file("pipelines/sessions.json", "Counts clicks of a visit."),
    ]
}

#[test]
fn where_nothing_is_open_everything_is_shown() {
    let mut model = blank();
    model.drawing.path = None;
    update(&mut model, Message::Size(80, 24));
    assert!(opening::begin(&mut model));
    update(&mut model, Message::Found(found()));
    insta::assert_snapshot!("gallery", text(&model));
    type_in(&mut model, "click");
    assert_eq!(press(&mut model, "enter"), [Wish::Open(Opening::File("pipelines/sessions.json".into()))]);
    assert!(!opening::begin(&mut building(80, 24)) && !opening::begin(&mut blank()));
}

#[test]
fn other_pipelines_and_runs_are_opened() {
    let go = |model: &mut Model, words: &str| {
        press(model, ":");
        type_in(model, words);
        press(model, "enter")
    };
    let mut still = blank();
    let file = |name: &str| Opening::File(name.into());
    assert_eq!(go(&mut still, "open a.json"), [Wish::Open(file("a.json"))]);
    assert_eq!(go(&mut still, "new b.json"), [Wish::Open(Opening::New(Some("b.json".into())))]);
    assert_eq!(go(&mut still, "attach edge-4:7070"), [Wish::Open(Opening::Run("http://edge-4:7070".into()))]);
    assert_eq!(go(&mut still, "attach https://edge-4"), [Wish::Open(Opening::Run("https://edge-4".into()))]);
    assert_eq!(go(&mut still, "open"), []);
    assert_eq!(go(&mut still, "gallery"), [Wish::Find]);
    assert_eq!(go(&mut model(80, 24), "new"), [Wish::Open(Opening::New(None))], "a run elsewhere goes on without us");
    // What is lost by it is asked.
    let mut running = building(80, 24);
    assert!(running.rights.owns_run && running.run.link == Link::Live);
    assert_eq!(go(&mut running, "open a.json"), []);
    assert!(text(&running).contains("Stop the run"), "{}", text(&running));
    assert_eq!(press(&mut running, "n"), []);
    assert_eq!(go(&mut running, "open a.json"), []);
    assert_eq!(press(&mut running, "y"), [Wish::Open(file("a.json"))]);
}

#[test]
fn remedies_are_taken_with_a_key() {
    let mut model = building(80, 24);
    views::choose_node(&mut model, "liquid");
    press(&mut model, "e enter ctrl-u");
    type_in(&mut model, "qt >= 10");
    press(&mut model, "enter ctrl-s !");
    assert!(text(&model).contains("x takes the remedy: write qty."), "{}", text(&model));
    press(&mut model, "x");
    assert_eq!(model.drawing.pipeline.node("liquid").unwrap().config["condition"], "qty >= 10");
    press(&mut model, "u");
    assert_eq!(model.drawing.pipeline.node("liquid").unwrap().config["condition"], "qt >= 10");
}

#[test]
fn a_map_shows_where_one_is() {
    let mut model = building(60, 20);
    press(&mut model, "z z z");
    assert!(text(&model).contains("┄"), "{}", text(&model));
    press(&mut model, "M");
    assert!(!text(&model).contains("┄"), "{}", text(&model));
}

#[test]
fn keys_of_a_lane_are_listed() {
    let mut model = in_view(View::Windows, 80, 24);
    press(&mut model, "G");
    assert_eq!(press(&mut model, "enter"), [Wish::State { node: "vwap".into(), lane: 11 }]);
    let row = |lane: u32, key: &str| StateRow {
        lane,
        key: key.into(),
        window: Some((0, 10_000)),
        value: serde_json::json!({ "volume": 7 }),
    };
    let rows = vec![row(11, "S0093"), row(3, "S0001"), row(11, "S0417")];
    let found = StateSnapshot { node: "vwap".into(), keys: 3, has_more: false, rows };
    update(&mut model, Message::State { found: Box::new(found), lane: 11 });
    let screen = text(&model);
    assert!(screen.contains("windows › vwap › lane 11 › 2 kept"), "{screen}");
    assert!(screen.contains("S0093            00:00:00–:10     volume 7"), "{screen}");
    assert!(screen.contains("S0417") && !screen.contains("S0001"), "{screen}");
    press(&mut model, "esc");
    assert!(model.place.sheets.is_empty());
}

#[test]
fn topics_of_the_cluster_are_offered_where_one_is_typed() {
    let mut model = blank();
    update(&mut model, Message::Tick(1_000));
    press(&mut model, "a");
    type_in(&mut model, "kafka-source");
    assert_eq!(press(&mut model, "enter"), [], "nobody types the name of a topic yet");
    let wishes = press(&mut model, "enter");
    let [Wish::Topics { pipeline, cluster }] = wishes.as_slice() else { panic!("{wishes:?}") };
    assert_eq!((pipeline.as_ref(), cluster.as_str()), (&model.drawing.pipeline, "default"));
    assert!(text(&model).contains("Cluster default is asked for its topics."), "{}", text(&model));
    assert_eq!(press(&mut model, "o"), [], "it has not answered yet");
    let told = |found: Result<&[&str], &str>| Message::Topics {
        cluster: "default".into(),
        found: found.map(|names| names.iter().map(|name| name.to_string()).collect()).map_err(str::to_string),
    };
    update(&mut model, told(Err("no broker answers")));
    let screen = text(&model);
    assert!(screen.contains("Cluster default does not tell its topics: no broker answers."), "{screen}");
    assert_eq!(update(&mut model, Message::Tick(5_000)), []);
    let wishes = update(&mut model, Message::Tick(11_000));
    assert!(matches!(wishes.as_slice(), [Wish::Topics { .. }]), "it is asked again while somebody types: {wishes:?}");
    update(&mut model, told(Ok(&["models", "orders", "trades"])));
    let screen = text(&model);
    assert!(screen.contains("▸orders") && screen.contains(" models") && !screen.contains("trades"), "{screen}");
    press(&mut model, "tab enter ctrl-s");
    let config = &model.drawing.pipeline.nodes[0].config;
    assert_eq!(config["topic"], "orders", "{config:?}");
    assert_eq!(update(&mut model, Message::Tick(99_000)), [], "nobody types any more");
}
