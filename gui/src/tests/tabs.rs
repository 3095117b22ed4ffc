//! Several documents, and the page to begin from.

use std::fs;
use std::path::{Path, PathBuf};

use egui::{Key, Modifiers, vec2};
use egui_kittest::kittest::Queryable;
use tidegate_core::pipeline::{Pipeline, to_canonical};

use super::fixture::{Screen, click, is_there, key, open, open_desk, picture, settle, trades, type_text, wait};

const SIZE: egui::Vec2 = vec2(1400.0, 900.0);

fn file(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(format!("{name}.json"));
    fs::write(&path, to_canonical(&Pipeline { name: name.into(), ..trades() })).unwrap();
    path
}

fn open_by_keys(screen: &mut Screen, path: &Path) {
    key(screen, Modifiers::COMMAND, Key::O);
    type_text(screen, &path.display().to_string());
    key(screen, Modifiers::NONE, Key::Enter);
}

fn tabs(screen: &Screen) -> Vec<String> {
    screen.state().0.view.tabs.iter().map(|tab| tab.name.clone()).collect()
}

fn shown(screen: &Screen) -> String {
    screen.state().title()
}

fn is_open(screen: &Screen, names: &[&str]) -> bool {
    tabs(screen) == names
}

#[test]
fn documents_stand_in_tabs_each_with_its_own_history() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (file(folder.path(), "a"), file(folder.path(), "b"));
    let mut screen = open_desk(None, SIZE, None);
    open_by_keys(&mut screen, &a);
    wait(&mut screen, |screen| is_open(screen, &["a.json"]));
    click(&mut screen, "node worth");
    key(&mut screen, Modifiers::COMMAND, Key::D);
    open_by_keys(&mut screen, &b);
    wait(&mut screen, |screen| is_open(screen, &["a.json", "b.json"]));
    assert!(is_there(&screen, "a.json, changed") && !is_there(&screen, "b.json, changed"));
    assert!(!screen.state().drawing.can_undo(), "what was done to the other is not undone here");
    picture(&screen, "tabs");
    for (way, expected) in [(Key::PageDown, "a.json"), (Key::PageDown, "b.json"), (Key::PageUp, "a.json")] {
        key(&mut screen, Modifiers::COMMAND, way);
        assert_eq!(shown(&screen), expected);
    }
    assert_eq!(super::fixture::chosen(&screen), ["worth-2"], "what was selected still is");
    key(&mut screen, Modifiers::COMMAND, Key::Z);
    assert!(!is_there(&screen, "a.json, changed"));
    // What is open already is shown, not opened twice; by another name of it too.
    open_by_keys(&mut screen, &folder.path().join("./b.json"));
    wait(&mut screen, |screen| shown(screen) == "b.json");
    assert_eq!(tabs(&screen), ["a.json", "b.json"]);
    click(&mut screen, "close b.json");
    assert_eq!(tabs(&screen), ["a.json"]);
    key(&mut screen, Modifiers::COMMAND, Key::W);
    assert!(is_there(&screen, "What flows today?"), "the last gives way to the start");
}

#[test]
fn the_first_of_several_is_closed() {
    let mut screen = open(trades());
    key(&mut screen, Modifiers::COMMAND, Key::N);
    key(&mut screen, Modifiers::COMMAND, Key::PageUp);
    key(&mut screen, Modifiers::COMMAND, Key::W);
    assert_eq!(screen.state().0.view.tabs.len(), 1);
    assert!(is_there(&screen, "What flows today?"));
}

#[test]
fn closing_what_is_not_saved_asks() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "a");
    let mut screen = open_desk(None, SIZE, None);
    open_by_keys(&mut screen, &path);
    wait(&mut screen, |screen| is_open(screen, &["a.json"]));
    let change = |screen: &mut Screen, node: &str| {
        click(screen, node);
        key(screen, Modifiers::COMMAND, Key::ArrowDown);
    };
    change(&mut screen, "node not empty");
    key(&mut screen, Modifiers::COMMAND, Key::D);
    key(&mut screen, Modifiers::COMMAND, Key::W);
    assert!(is_there(&screen, "a.json is not saved"));
    picture(&screen, "close");
    // Keys go to the question alone.
    key(&mut screen, Modifiers::COMMAND, Key::Z);
    assert!(screen.state().drawing.is_unsaved());
    key(&mut screen, Modifiers::NONE, Key::Escape);
    assert!(!is_there(&screen, "a.json is not saved") && is_open(&screen, &["a.json"]));
    key(&mut screen, Modifiers::COMMAND, Key::W);
    click(&mut screen, "Save it");
    wait(&mut screen, |screen| screen.state().sheet.is_start);
    assert!(fs::read_to_string(&path).unwrap().contains("real-2"));
    open_by_keys(&mut screen, &path);
    wait(&mut screen, |screen| is_open(screen, &["a.json"]));
    change(&mut screen, "node worth");
    let before = fs::read(&path).unwrap();
    key(&mut screen, Modifiers::COMMAND, Key::W);
    click(&mut screen, "Close without saving");
    assert!(screen.state().sheet.is_start);
    assert_eq!(fs::read(&path).unwrap(), before);
}

/// Types a condition into the filter, and leaves it there.
fn type_condition(screen: &mut Screen, text: &str) {
    click(screen, "node not empty");
    screen.get_by_role_and_label(egui::accesskit::Role::MultilineTextInput, "condition").focus();
    settle(screen);
    key(screen, Modifiers::COMMAND, Key::A);
    type_text(screen, text);
    assert!(!screen.state().drawing.is_unsaved(), "it is typed, and no more");
}

#[test]
fn what_is_still_being_typed_is_asked_for_and_saved_when_it_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(folder.path(), "a");
    type Way = fn(&mut Screen);
    let ways: [(&str, Way, &str); 4] = [
        ("Ctrl W", |screen| key(screen, Modifiers::COMMAND, Key::W), "Save it"),
        ("the cross", |screen| click(screen, "close a.json"), "Save it"),
        ("Ctrl Q", |screen| key(screen, Modifiers::COMMAND, Key::Q), "Save all and quit"),
        ("the window's own", close_window, "Save all and quit"),
    ];
    for (number, (name, close, answer)) in ways.into_iter().enumerate() {
        let mut screen = open_desk(None, SIZE, None);
        open_by_keys(&mut screen, &path);
        wait(&mut screen, |screen| is_open(screen, &["a.json"]));
        let text = format!("qty > {}", number + 1);
        type_condition(&mut screen, &text);
        close(&mut screen);
        assert!(is_there(&screen, "a.json is not saved"), "{name}");
        click(&mut screen, answer);
        wait(&mut screen, |_| fs::read_to_string(&path).unwrap().contains(&text));
    }
}

/// Closes the window, as its own button does.
fn close_window(screen: &mut Screen) {
    let window = screen.input_mut().viewports.entry(egui::ViewportId::ROOT).or_default();
    window.events.push(egui::ViewportEvent::Close);
    screen.step();
    screen.input_mut().viewports.entry(egui::ViewportId::ROOT).or_default().events.clear();
    settle(screen);
}

#[test]
fn quitting_with_unsaved_documents_asks_once() {
    let closes = |screen: &Screen| {
        let commands = screen.output().viewport_output.values().flat_map(|output| &output.commands);
        commands.filter(|command| matches!(command, egui::ViewportCommand::Close)).count()
    };
    let mut screen = open(trades());
    let (key_q, modifiers) = (Key::Q, Modifiers::COMMAND);
    screen.event(egui::Event::Key { key: key_q, physical_key: None, pressed: true, repeat: false, modifiers });
    screen.step();
    assert_eq!(closes(&screen), 1, "nothing is lost, so nothing is asked");
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (file(folder.path(), "a"), file(folder.path(), "b"));
    let mut screen = open_desk(None, SIZE, None);
    for path in [&a, &b] {
        let count = screen.state().0.view.tabs.len();
        open_by_keys(&mut screen, path);
        wait(&mut screen, |screen| !screen.state().sheet.is_start && screen.state().0.view.tabs.len() >= count);
        click(&mut screen, "node worth");
        key(&mut screen, Modifiers::COMMAND, Key::D);
    }
    key(&mut screen, Modifiers::COMMAND, Key::Q);
    assert!(is_there(&screen, "2 documents are not saved"));
    picture(&screen, "quit");
    click(&mut screen, "Save all and quit");
    wait(&mut screen, |screen| closes(screen) > 0 || screen.state().0.view.tabs.iter().all(|tab| !tab.is_unsaved));
    for path in [a, b] {
        assert!(fs::read_to_string(path).unwrap().contains("worth-2"));
    }
}

#[test]
fn the_page_to_begin_from_opens_a_copy_by_enter() {
    let mut screen = open_desk(None, SIZE, None);
    assert!(is_there(&screen, "new from trades: Trades, sorted.") && is_there(&screen, "Empty pipeline"));
    picture(&screen, "start");
    // The first card has the keyboard.
    key(&mut screen, Modifiers::NONE, Key::Enter);
    wait(&mut screen, |screen| !screen.state().sheet.is_start);
    let state = screen.state();
    assert_eq!((state.drawing.pipeline == trades(), state.drawing.path.is_none()), (true, true));
    assert!(!state.drawing.is_unsaved(), "a copy of the gallery is no work of anybody's yet");
    key(&mut screen, Modifiers::COMMAND, Key::N);
    click(&mut screen, "Empty pipeline");
    wait(&mut screen, |screen| !screen.state().sheet.is_start);
    assert_eq!((shown(&screen).as_str(), tabs(&screen).len()), ("empty", 2));
}

#[test]
fn what_cannot_be_opened_takes_nothing_away() {
    let mut screen = open(trades());
    open_by_keys(&mut screen, Path::new("http://127.0.0.1:1"));
    wait(&mut screen, |screen| is_there(screen, "nobody answers there"));
    assert!(screen.state().sheet.is_start && !screen.state().sheet.is_opening);
    key(&mut screen, Modifiers::COMMAND, Key::W);
    settle(&mut screen);
    assert_eq!((screen.state().drawing.pipeline == trades(), tabs(&screen).len()), (true, 1));
}

#[test]
fn commands_of_a_drawing_do_nothing_where_none_is() {
    let mut screen = open_desk(None, SIZE, None);
    for (modifiers, of) in [
        (Modifiers::COMMAND, Key::S),
        (Modifiers::COMMAND, Key::Enter),
        (Modifiers::COMMAND, Key::E),
        (Modifiers::NONE, Key::Slash),
        (Modifiers::NONE, Key::Delete),
    ] {
        key(&mut screen, modifiers, of);
        assert!(screen.state().seen.finder.is_none() && screen.state().sheet.is_start, "{of:?}");
    }
    assert!(screen.query_all_by_label_contains("Run").next().is_none(), "there is nothing to run");
}
