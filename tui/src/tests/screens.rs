//! What the screens say in particular cases.

use tidegate_core::snapshot::{Retention, TapRow, TapSnapshot};

use super::fixture::{self, NOW, in_view};
use super::shown::text;
use super::{press, type_in};
use crate::commands::View;
use crate::model::place::Chosen;
use crate::model::{Message, Model, Wish};
use crate::update::update;
use crate::views;

#[test]
fn all_keys_are_on_few_pages_of_help() {
    for (columns, rows, pages) in [(80, 24, 2), (60, 20, 5), (160, 50, 1)] {
        for view in View::ALL {
            let mut model = in_view(view, columns, rows);
            press(&mut model, "?");
            let mut seen = String::new();
            for _ in 0..pages {
                seen.push_str(&text(&model));
                press(&mut model, "down");
            }
            let last = text(&model);
            press(&mut model, "down");
            assert_eq!(text(&model), last, "{view:?}: more than {pages} pages at {columns}");
            for wanted in ["draw again, try now", "go to anything", "ok, growing, draining", "open what is selected"] {
                assert!(seen.contains(wanted), "{view:?} at {columns}: {wanted} is missing\n{seen}");
            }
        }
    }
    let mut small = in_view(View::Graph, 60, 20);
    press(&mut small, "? down");
    insta::assert_snapshot!("help_60", text(&small));
    press(&mut small, "f i n d");
    assert!(text(&small).contains("find: text, ~regex, !not") && !text(&small).contains("page 1"), "{}", text(&small));
}

#[test]
fn what_was_lost_is_told_at_once() {
    let mut model = in_view(View::Graph, 80, 24);
    let mut news = fixture::snapshot();
    (news.past, news.bottleneck) = (None, None);
    news.partitions[7].lost = 12_400;
    news.partitions[7].retention = Retention::Time { left_ms: 0 };
    update(&mut model, Message::News(Box::new(news)));
    let title = |model: &Model| text(model).lines().next().unwrap_or_default().to_string();
    assert!(title(&model).ends_with("LOST 12.4k"), "{}", title(&model));
    press(&mut model, "g");
    assert!(text(&model).contains("errors 0   LOST 12.4k"), "{}", text(&model));
    press(&mut model, "2");
    assert!(text(&model).contains("trades-7 LOST 12.4k, deleted before they were read; growing: "), "{}", text(&model));
}

#[test]
fn a_tap_of_a_source_or_a_sink_has_one_side() {
    let mut model = in_view(View::Tap, 80, 24);
    assert!(text(&model).contains("BEFORE"), "{}", text(&model));
    for (key, node, rates) in [("< <", "trades", "gives 40.0k/s"), ("> >", "liquid", "before 40.0k/s, after 32.0k/s")] {
        press(&mut model, key);
        let screen = text(&model);
        assert_eq!(model.subject(View::Tap).as_deref(), Some(node));
        assert!(screen.contains(rates) && screen.contains("BEFORE") == (node == "liquid"), "{screen}");
    }
}

#[test]
fn a_held_tap_stands_still_and_its_record_leads_to_its_partition() {
    let mut model = in_view(View::Tap, 80, 24);
    let before = text(&model);
    press(&mut model, "space");
    let tap = |offset| TapSnapshot {
        edge: "trades.out->liquid.in".into(),
        seen: 1,
        rows: vec![TapRow { ts: NOW, topic: "trades".into(), partition: 3, offset, ..TapRow::default() }],
    };
    update(&mut model, Message::Taps(vec![tap(5)]));
    press(&mut model, "space");
    assert_eq!(text(&model), before, "nothing came in while it was held");
    update(&mut model, Message::Taps(vec![tap(6)]));
    press(&mut model, "G enter");
    let screen = text(&model);
    assert!(screen.contains("tap › trades-3") && screen.contains("enter goes to the partition"), "{screen}");
    press(&mut model, "enter");
    assert_eq!((model.place.view, model.place.list().chosen.as_deref()), (View::Partitions, Some("trades trades-3")));
}

#[test]
fn keys_mean_the_same_in_every_view() {
    for view in View::ALL {
        let mut model = in_view(view, 80, 24);
        for key in ["P", "X"] {
            press(&mut model, key);
            assert!(text(&model).contains("--write allows"), "{view:?}: {}", text(&model));
        }
        model.rights.may_control = true;
        assert!(press(&mut model, "P").contains(&Wish::Pause), "{view:?}");
        press(&mut model, "X");
        assert!(press(&mut model, "y").contains(&Wish::Stop), "{view:?}");
        press(&mut model, "space");
        assert!(text(&model).lines().nth(1).is_some_and(|tabs| tabs.ends_with("held")), "{view:?}: {}", text(&model));
        press(&mut model, "space ?");
        assert!(text(&model).contains(&format!("keys in {}", view.name())), "{view:?}: {}", text(&model));
        press(&mut model, "esc");
        let all = views::rows(&model);
        for (filter, passing) in [("~^no such .*$", Vec::new()), ("!~^no such .*$", all)] {
            press(&mut model, "/ ctrl-u");
            type_in(&mut model, filter);
            assert_eq!(views::rows(&model), passing, "{view:?}: {filter}");
            press(&mut model, "enter");
        }
        press(&mut model, "esc :");
        type_in(&mut model, "vwap");
        press(&mut model, "enter");
        let chosen = model.place.graph.chosen.clone();
        assert_eq!((model.place.view, chosen), (View::Graph, Some(Chosen::Node("vwap".into()))), "{view:?}");
    }
}

#[test]
fn nodes_are_looked_for_in_the_graph() {
    let mut model = in_view(View::Graph, 80, 24);
    let chosen = |model: &Model| match &model.place.graph.chosen {
        Some(Chosen::Node(id)) => id.clone(),
        other => panic!("{other:?}"),
    };
    press(&mut model, "n");
    assert!(text(&model).contains("/ looks for nodes"), "{}", text(&model));
    for (filter, count, found) in
        [("kafka", 4, ["trades", "models"]), ("!kafka", 3, ["liquid", "vwap"]), ("~^s", 2, ["score", "scored"])]
    {
        press(&mut model, "/ ctrl-u");
        type_in(&mut model, filter);
        press(&mut model, "enter");
        let head = format!("/{filter}  {count} of 7 nodes");
        assert!(text(&model).contains(&head), "{head}: {}", text(&model));
        assert_eq!(chosen(&model), found[0], "{filter}");
        press(&mut model, "n");
        assert_eq!(chosen(&model), found[1], "{filter}");
        press(&mut model, "N");
        assert_eq!(chosen(&model), found[0], "{filter}");
        press(&mut model, "N n");
        assert_eq!(chosen(&model), found[0], "{filter}: round");
    }
    press(&mut model, "esc");
    assert!(!text(&model).contains("of 7 nodes"), "{}", text(&model));
}

#[test]
fn help_tells_what_a_key_does_in_its_view() {
    for (view, told) in [
        (View::Cluster, "all groups, or fewer"),
        (View::Partitions, "other columns"),
        (View::Windows, "only stuck lanes"),
        (View::Log, "only faults, warnings"),
        (View::Graph, "in flow order"),
        (View::Tasks, "the row below, above"),
    ] {
        let mut model = in_view(view, 80, 24);
        press(&mut model, "?");
        let first = text(&model);
        assert_eq!(first.contains("other columns"), view == View::Partitions, "{view:?}: {first}");
        press(&mut model, "down");
        assert!(first.contains(told) || text(&model).contains(told), "{view:?}: {first}\n{}", text(&model));
    }
}
