//! Whole screens of the run of the drawings, and what keys do to them.

mod asking;
mod cluster;
pub(crate) mod fixture;
mod screens;
mod shown;
mod sizes;

use proptest::prelude::*;
use tidegate_core::pipeline::edit::Edit;
use tidegate_core::pipeline::{Edge, Node};
use tidegate_core::snapshot::{PartitionSnapshot, Snapshot};

use crate::commands::{COMMANDS, View};
use crate::keys::Key;
use crate::model::drawing::Drawing;
use crate::model::place::Chosen;
use crate::model::{Message, Model, Rights, Wish};
use crate::theme::Look;
use crate::update::update;
use crate::views;
use fixture::{NOW, building, in_view, model};
use shown::{drawn, text};

/// Presses keys, by name, and returns what was wished.
fn press(model: &mut Model, keys: &str) -> Vec<Wish> {
    let key = |name: &str| Key::named(name).unwrap_or_else(|| panic!("no key {name}"));
    keys.split(' ').filter(|name| !name.is_empty()).flat_map(|name| update(model, Message::Key(key(name)))).collect()
}

/// Types a text.
fn type_in(model: &mut Model, text: &str) {
    text.chars().for_each(|letter| {
        update(model, Message::Key(Key::Char(letter)));
    });
}

#[test]
fn graph_at_120() {
    insta::assert_snapshot!("graph_120", text(&model(120, 40)));
}

#[test]
fn what_lies_over_a_view() {
    let mut help = model(80, 24);
    press(&mut help, "?");
    insta::assert_snapshot!("help", text(&help));
    let mut why = in_view(View::Windows, 80, 24);
    press(&mut why, "G w");
    insta::assert_snapshot!("why", text(&why));
    let mut go = model(80, 24);
    press(&mut go, ":");
    type_in(&mut go, "vw");
    insta::assert_snapshot!("go", text(&go));
    let mut add = building(80, 24);
    press(&mut add, "a");
    type_in(&mut add, "win");
    insta::assert_snapshot!("add", text(&add));
    let mut connect = building(80, 24);
    views::choose_node(&mut connect, "vwap");
    press(&mut connect, "c");
    insta::assert_snapshot!("connect", text(&connect));
    let mut form = building(80, 24);
    views::choose_node(&mut form, "vwap");
    press(&mut form, "e down down down down down down down down down down");
    press(&mut form, "ctrl-n");
    type_in(&mut form, "high = max(pri");
    insta::assert_snapshot!("form", text(&form));
    press(&mut form, "ctrl-u");
    type_in(&mut form, "high = max(pri)");
    press(&mut form, "enter ctrl-s !");
    insta::assert_snapshot!("problems", text(&form));
}

#[test]
fn keys_find_what_is_wrong() {
    let mut model = model(80, 24);
    press(&mut model, "g");
    assert_eq!(model.place.graph.chosen, Some(Chosen::Node("trades".into())));
    press(&mut model, "l");
    assert_eq!(model.place.graph.chosen, Some(Chosen::Edge("trades.out->liquid.in".into())));
    press(&mut model, "l");
    assert_eq!(model.place.graph.chosen, Some(Chosen::Node("liquid".into())));
    press(&mut model, "b");
    assert_eq!(model.place.graph.chosen, Some(Chosen::Node("score".into())));
    press(&mut model, "2");
    assert_eq!(model.place.list().chosen.as_deref(), Some("trades trades-7"));
    press(&mut model, "/ 7 enter");
    assert!(text(&model).contains("/7 1 of 13"), "{}", text(&model));
    press(&mut model, "esc s s");
    assert_eq!(model.place.list().sort, Some((1, false)));
    press(&mut model, "3 b");
    assert_eq!(model.place.list().chosen.as_deref(), Some("1"));
    press(&mut model, "enter");
    assert_eq!((model.place.view, &model.place.graph.chosen), (View::Graph, &Some(Chosen::Node("score".into()))));
    assert_eq!(
        press(&mut model, "5"),
        [Wish::Tap(vec![
            "liquid.out->score.records".into(),
            "models.out->score.model".into(),
            "score.out->scored.in".into()
        ])]
    );
    assert_eq!(press(&mut model, "1"), [Wish::Tap(Vec::new())]);
    assert_eq!(press(&mut model, "q"), [Wish::Quit]);
}

#[test]
fn what_stops_a_run_or_loses_edits_asks() {
    let mut model = building(80, 24);
    assert_eq!(press(&mut model, "X enter"), []);
    assert_eq!(press(&mut model, "X y"), [Wish::Stop]);
    assert_eq!(press(&mut model, "P"), [Wish::Pause]);
    assert_eq!(press(&mut model, "q n"), []);
    assert_eq!(press(&mut model, "q y"), [Wish::Quit]);
    let mut elsewhere = fixture::model(80, 24);
    assert_eq!(press(&mut elsewhere, "X P d"), []);
    assert!(text(&elsewhere).contains(":w FILE"), "{}", text(&elsewhere));
    assert_eq!(press(&mut elsewhere, "ctrl-c"), [Wish::Quit]);
}

#[test]
fn a_held_screen_stands_still() {
    let mut model = model(80, 24);
    press(&mut model, "space");
    let before = text(&model);
    let mut later = fixture::snapshot();
    later.nodes[0].rates.records_out = 9.0;
    later.at_ms += 1_000;
    update(&mut model, Message::News(Box::new(Snapshot { past: None, ..later })));
    update(&mut model, Message::Tick(NOW));
    assert_eq!(text(&model), before);
    press(&mut model, "space");
    assert_ne!(text(&model), before);
}

/// A dashboard on nothing at all.
fn blank() -> Model {
    let pipeline = tidegate_core::pipeline::Pipeline::new("mine");
    let operators = tidegate_core::operators::ALL;
    let drawing = Drawing::new(pipeline, Some("mine.json".into()), operators, fixture::checker());
    let rights = Rights { may_build: true, may_control: true, owns_run: true };
    Model::new("mine".into(), drawing, rights, Look::default())
}

#[test]
fn a_drawing_that_may_not_run_says_how_to_see_why() {
    let mut model = blank();
    press(&mut model, "a");
    type_in(&mut model, "kafka-source");
    press(&mut model, "enter esc");
    let errors = model.drawing.errors().count();
    assert!(errors > 0, "{}", text(&model));
    assert!(text(&model).contains("! show"), "{}", text(&model));
    press(&mut model, "!");
    assert!(text(&model).contains(&format!("{errors} error")), "{}", text(&model));
}

#[test]
fn a_pipeline_is_built_from_nothing() {
    let mut model = blank();
    press(&mut model, "a");
    type_in(&mut model, "generate");
    press(&mut model, "enter");
    press(&mut model, "enter");
    type_in(&mut model, "trades");
    press(&mut model, "enter ctrl-s");
    press(&mut model, "a");
    type_in(&mut model, "filter");
    press(&mut model, "enter enter");
    type_in(&mut model, "price > 5");
    press(&mut model, "enter ctrl-s a");
    type_in(&mut model, "console");
    press(&mut model, "enter ctrl-s");
    insta::assert_snapshot!("built", text(&model));
    let problems: Vec<String> = model.drawing.checked.problems.iter().map(ToString::to_string).collect();
    assert!(model.drawing.checked.is_runnable(), "{problems:?}");
    let wishes = press(&mut model, "r");
    assert!(matches!(wishes.as_slice(), [Wish::Run(_)]), "{wishes:?}");
    let wishes = press(&mut model, "ctrl-s");
    assert!(matches!(wishes.as_slice(), [Wish::Save { path: None, .. }]), "{wishes:?}");
    press(&mut model, &"u ".repeat(9));
    assert_eq!(model.drawing.pipeline, tidegate_core::pipeline::Pipeline::new("mine"));
}

#[test]
fn nodes_are_inserted_swapped_renamed_and_deleted() {
    let mut model = building(80, 24);
    let start = model.drawing.pipeline.clone();
    let edges = |model: &Model| model.drawing.pipeline.edges.iter().map(|edge| edge.id()).collect::<Vec<_>>();
    model.place.graph.chosen = Some(Chosen::Edge("trades.out->liquid.in".into()));
    press(&mut model, "i");
    type_in(&mut model, "throttle");
    press(&mut model, "enter esc");
    assert!(edges(&model).contains(&"trades.out->throttle.in".to_string()));
    assert!(edges(&model).contains(&"throttle.out->liquid.in".to_string()));
    press(&mut model, "d");
    assert_eq!(edges(&model).iter().filter(|edge| *edge == "trades.out->liquid.in").count(), 1);
    views::choose_node(&mut model, "liquid");
    press(&mut model, "R ctrl-u");
    type_in(&mut model, "big");
    press(&mut model, "enter");
    assert!(model.drawing.pipeline.node("big").is_some());
    assert_eq!(model.drawing.mark("big"), Some('+'));
    press(&mut model, "D");
    assert_eq!(edges(&model), ["models.out->score.model", "vwap.out->bars.in", "score.out->scored.in"]);
    model.place.graph.chosen = Some(Chosen::Edge("vwap.out->bars.in".into()));
    press(&mut model, "v x T");
    assert_eq!(edges(&model).len(), 2);
    press(&mut model, &"u ".repeat(12));
    assert_eq!(model.drawing.pipeline, start);
}

#[test]
fn a_click_is_a_selection() {
    use crate::update::Pointer;
    let mut model = model(80, 24);
    let click = |model: &mut Model, x, y| update(model, Message::Mouse(Pointer::Click(x, y)));
    click(&mut model, 28, 5);
    assert_eq!(model.place.graph.chosen, Some(Chosen::Node("liquid".into())));
    click(&mut model, 14, 1);
    assert_eq!(model.place.view, View::Partitions);
    click(&mut model, 5, 14);
    assert_eq!(model.place.list().chosen.as_deref(), Some("trades trades-7"));
    update(&mut model, Message::Mouse(Pointer::WheelDown));
    assert_eq!(model.place.list().chosen.as_deref(), Some("trades trades-8"));
    update(&mut model, Message::Mouse(Pointer::DoubleClick(5, 6)));
    assert!(model.place.list().folded.contains("trades trades"));
    // Of keys, some have no room.
    update(&mut model, Message::Size(60, 20));
    let place = text(&model).lines().last().and_then(|line| line.find("? keys"));
    click(&mut model, place.unwrap() + 3, 19);
    assert!(text(&model).contains("keys in partitions"), "{}", text(&model));
}

#[test]
fn the_one_partition_of_130_that_lags_is_found_at_a_glance() {
    let mut model = model(80, 24);
    let mut news = fixture::snapshot();
    let one = news.partitions[0].clone();
    let lag = |partition: i32| Some(if partition == 77 { 90_000 } else { 1_000 });
    news.partitions =
        (0..130).map(|partition| PartitionSnapshot { partition, lag: lag(partition), ..one.clone() }).collect();
    news.past = None;
    update(&mut model, Message::News(Box::new(news)));
    press(&mut model, "2");
    let screen = text(&model);
    assert!(screen.contains("trades-77 holds 41% of it, median 1.00k"), "{screen}");
    assert_eq!(model.place.list().chosen.as_deref(), Some("trades trades-77"));
    assert!(screen.lines().any(|line| line.starts_with(" ▸ 77")), "{screen}");
}

#[test]
fn thirty_nodes_follow_the_selection() {
    let mut model = blank();
    update(&mut model, Message::Size(80, 24));
    for number in 0..30 {
        let id = format!("n{number}");
        model.drawing.apply(&Edit::AddNode(Node::new(&id, "filter"))).unwrap();
        if number > 0 {
            let edge = Edge::new(format!("n{}.out", number - 1).as_str(), format!("{id}.in").as_str());
            model.drawing.apply(&Edit::Connect(edge)).unwrap();
        }
    }
    for (keys, shown) in [("g", "▸n0 "), ("tab tab", "▸n2 "), ("G", "▸n29"), ("shift-tab", "▸n28"), ("Z", "▸ n28")]
    {
        press(&mut model, keys);
        let screen = text(&model);
        assert!(screen.contains(shown), "{keys}: {screen}");
    }
}

/// All keys that mean something, and letters that are typed.
fn any_key() -> impl Strategy<Value = Key> {
    let mut keys: Vec<Key> = COMMANDS.iter().flat_map(|command| command.keys()).collect();
    keys.extend("qty.=> 1(".chars().map(Key::Char));
    proptest::sample::select(keys)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever is pressed, the screen is drawn, at any size; undoing all gives the start back.
    #[test]
    fn any_keys_at_any_size(
        keys in proptest::collection::vec(any_key(), 1..60),
        columns in 20usize..=200,
        rows in 5usize..=60,
    ) {
        for mut model in [building(columns, rows), blank()] {
            update(&mut model, Message::Size(columns, rows));
            let start = model.drawing.pipeline.clone();
            for key in &keys {
                update(&mut model, Message::Key(*key));
                drawn(&model);
            }
            while model.drawing.undo().is_some() {}
            prop_assert_eq!(&model.drawing.pipeline, &start);
        }
    }

    /// Every view is drawn at any size, however small.
    #[test]
    fn any_size(columns in 1usize..220, rows in 1usize..70, view in 0usize..7, x in 0usize..220, y in 0usize..70) {
        let mut model = in_view(View::ALL[view], columns, rows);
        drawn(&model);
        update(&mut model, Message::Mouse(crate::update::Pointer::DoubleClick(x, y)));
        drawn(&model);
    }
}
