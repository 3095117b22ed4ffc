//! Every view at every size that is promised, in colours and without; and sessions, key by key, each with what it changes
//! on the screen.

use super::fixture::{NOW, building, in_view, model};
use super::shown::{changed, drawn, styled, text};
use super::{blank, cluster};
use crate::commands::View;
use crate::keys::Key;
use crate::model::{Message, Model};
use crate::theme::{Look, Palette};
use crate::update::update;

/// Sizes at which all is whole, the smallest that is useful, a large one.
const SIZES: [(usize, usize); 3] = [(80, 24), (60, 20), (160, 50)];

/// What is seen, and how one comes there at a size.
type Seen = (&'static str, fn(usize, usize) -> Model);

const SEEN: [Seen; 11] = [
    ("graph", model),
    ("partitions", |columns, rows| in_view(View::Partitions, columns, rows)),
    ("tasks", |columns, rows| in_view(View::Tasks, columns, rows)),
    ("windows", |columns, rows| in_view(View::Windows, columns, rows)),
    ("tap", |columns, rows| in_view(View::Tap, columns, rows)),
    ("log", |columns, rows| in_view(View::Log, columns, rows)),
    ("cluster", cluster::of_run),
    ("topics", cluster::on_topics),
    ("records", cluster::on_records),
    ("group", cluster::on_a_group),
    ("silent", silent),
];

/// The run has not answered for twelve seconds.
fn silent(columns: usize, rows: usize) -> Model {
    let mut model = model(columns, rows);
    update(&mut model, Message::Tick(NOW + 12_000));
    update(&mut model, Message::Silence { why: "connection refused".into(), at_ms: NOW });
    model
}

/// As a terminal shows it that has neither colours nor glyphs.
fn plain(mut model: Model) -> Model {
    model.look = Look { palette: Palette::Mono, is_ascii: true, is_thrifty: false };
    model
}

#[test]
fn every_view_at_every_size_in_colours_and_without() {
    for (name, seen) in SEEN {
        for (columns, rows) in SIZES {
            let coloured = styled(&seen(columns, rows));
            let plain = styled(&plain(seen(columns, rows)));
            assert!(plain.is_ascii(), "{plain}");
            insta::assert_snapshot!(
                format!("{name}_{columns}x{rows}"),
                format!("=== colours\n{coloured}\n=== none, ASCII\n{plain}")
            );
        }
    }
}

/// With colours removed no screen loses a fact: letter by letter they are the same.
#[test]
fn colours_say_nothing_that_words_do_not() {
    for (name, seen) in SEEN {
        for (columns, rows) in SIZES {
            let mut model = seen(columns, rows);
            let coloured = text(&model);
            model.look.palette = Palette::Mono;
            assert_eq!(text(&model), coloured, "{name} at {columns}");
        }
    }
}

/// A session: what it is for, where it begins, the keys.
type Session = (&'static str, fn() -> Model, &'static str);

const SESSIONS: [Session; 5] = [
    ("looking", || model(80, 24), "2 s s esc 3 enter b w esc [ 1 g l t ! esc 6 g enter"),
    (
        "which_partition",
        || model(60, 20),
        "2 / ~ t r . * 7 enter n esc f esc S g enter enter c space space + = ? esc 1",
    ),
    (
        "which_step",
        || building(80, 24),
        "/ ! k a f k a enter n n N esc b w esc t < > space space 4 G w esc 3 S esc : v w enter",
    ),
    (
        "building",
        blank,
        "a g e n enter enter n u m b e r s enter ctrl-s a d i s c enter ctrl-s c esc i u U ! esc #  esc T d u z Z 0 ctrl-s r X esc q esc",
    ),
    (
        "cluster",
        || cluster::of_run(80, 24),
        "g j f esc tab G k enter esc tab / r i s k enter enter j j enter esc esc esc ? esc",
    ),
];

#[test]
fn sessions_key_by_key() {
    for (name, begin, keys) in SESSIONS {
        let mut model = begin();
        let mut told = format!("=== at the beginning\n{}\n", text(&model));
        for key in keys.split_whitespace() {
            let before = drawn(&model);
            let wishes = update(&mut model, Message::Key(Key::named(key).unwrap()));
            let head = wishes.iter().fold(format!("=== {key}"), |head, wish| {
                // What is asked of the outside, without what it is about.
                let told = format!("{wish:?}");
                head + " " + told.split(['(', ' ']).next().unwrap_or_default()
            });
            told.push_str(&format!("{head}\n{}\n", changed(&before, &drawn(&model))));
        }
        insta::assert_snapshot!(format!("keys_{name}"), told);
    }
}
