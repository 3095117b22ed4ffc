//! Every view at every size, in colours and without; and a session, key by key, each with the screen that answers it.

use tidegate_core::snapshot::{Retention, TapRow, TapSnapshot};

use super::fixture::{self, NOW, in_view};
use super::{press, styled, text};
use crate::commands::View;
use crate::keys::Key;
use crate::model::{Message, Model};
use crate::theme::{Look, Palette};
use crate::update::update;

/// The views whose screens are of the run.
const VIEWS: [View; 5] = [View::Partitions, View::Tasks, View::Windows, View::Tap, View::Log];

fn plain(mut model: Model) -> Model {
    model.look = Look { palette: Palette::Mono, is_ascii: true, is_thrifty: false };
    model
}

#[test]
fn every_view_at_160() {
    for view in VIEWS {
        insta::assert_snapshot!(format!("{}_160", view.name()), styled(&in_view(view, 160, 50)));
    }
}

#[test]
fn every_view_without_colours_and_in_ascii() {
    for view in VIEWS {
        for (columns, rows) in [(80, 24), (60, 20)] {
            let model = plain(in_view(view, columns, rows));
            assert!(text(&model).is_ascii(), "{}", text(&model));
            insta::assert_snapshot!(format!("{}_mono_{columns}", view.name()), styled(&model));
        }
    }
}

/// With colours removed no screen loses a fact: letter by letter they are the same.
#[test]
fn colours_say_nothing_that_words_do_not() {
    for view in View::ALL {
        let mut model = in_view(view, 80, 24);
        let coloured = text(&model);
        model.look.palette = Palette::Mono;
        assert_eq!(text(&model), coloured, "{view:?}");
    }
}

#[test]
fn a_session_key_by_key() {
    let mut model = in_view(View::Graph, 80, 24);
    let mut told = String::new();
    for key in "2 s s esc 3 enter b w esc [ 1 g l t ! esc 6 g enter".split(' ') {
        update(&mut model, Message::Key(Key::named(key).unwrap()));
        let screen = text(&model);
        told.push_str(&format!("=== {key}\n{screen}\n"));
    }
    insta::assert_snapshot!("session", told);
}

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
