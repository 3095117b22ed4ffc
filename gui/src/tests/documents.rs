//! Files: saved, loaded, changed by somebody else.

use std::fs;
use std::time::Duration;

use egui::{Key, Modifiers, vec2};
use tidegate_core::pipeline::to_canonical;

use super::fixture::{Screen, click, is_there, key, open_source, settle, source, trades};

fn open_file(path: &std::path::Path) -> Screen {
    let mut source = source(trades(), Default::default());
    source.path = Some(path.to_path_buf());
    open_source(source, vec2(1400.0, 900.0))
}

fn wait(screen: &mut Screen, until: impl Fn(&Screen) -> bool) {
    for _ in 0..200 {
        settle(screen);
        if until(screen) {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("waited in vain");
}

#[test]
fn what_is_saved_is_the_canonical_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trades.json");
    fs::write(&path, to_canonical(&trades())).unwrap();
    let mut screen = open_file(&path);
    click(&mut screen, "node worth");
    key(&mut screen, Modifiers::COMMAND, Key::D);
    assert!(is_there(&screen, "trades.json, changed"));
    key(&mut screen, Modifiers::COMMAND, Key::S);
    wait(&mut screen, |screen| !screen.state().drawing.is_unsaved());
    assert_eq!(fs::read_to_string(&path).unwrap(), to_canonical(&screen.state().drawing.pipeline));
    assert!(!is_there(&screen, "trades.json, changed"));
}

#[test]
fn a_file_that_somebody_else_changed_is_not_overwritten_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trades.json");
    fs::write(&path, to_canonical(&trades())).unwrap();
    let mut screen = open_file(&path);
    let mut theirs = trades();
    theirs.description = "theirs".into();
    fs::write(&path, to_canonical(&theirs)).unwrap();
    click(&mut screen, "node worth");
    key(&mut screen, Modifiers::COMMAND, Key::D);
    key(&mut screen, Modifiers::COMMAND, Key::S);
    assert!(is_there(&screen, "was changed by someone else"));
    assert_eq!(fs::read_to_string(&path).unwrap(), to_canonical(&theirs), "theirs is still there");
    let mine = screen.state().drawing.pipeline.clone();
    click(&mut screen, "Load it");
    assert_eq!(screen.state().drawing.pipeline, theirs);
    assert!(!screen.state().drawing.is_unsaved());
    key(&mut screen, Modifiers::COMMAND, Key::Z);
    assert_eq!(screen.state().drawing.pipeline, mine, "and undo brings mine back");
    key(&mut screen, Modifiers::COMMAND, Key::S);
    wait(&mut screen, |screen| !screen.state().drawing.is_unsaved());
    assert_eq!(fs::read_to_string(&path).unwrap(), to_canonical(&mine));
}

#[test]
fn another_document_is_opened_unless_this_one_would_be_lost() {
    let mut screen = open_source(source(trades(), Default::default()), vec2(1400.0, 900.0));
    click(&mut screen, "node worth");
    key(&mut screen, Modifiers::COMMAND, Key::D);
    key(&mut screen, Modifiers::COMMAND, Key::O);
    wait(&mut screen, |screen| is_there(screen, "pipelines/empty.json"));
    click(&mut screen, "pipelines/empty.json");
    assert!(is_there(&screen, "Save it first"));
    key(&mut screen, Modifiers::COMMAND, Key::Z);
    key(&mut screen, Modifiers::COMMAND, Key::O);
    super::fixture::type_text(&mut screen, "http://127.0.0.1:1");
    key(&mut screen, Modifiers::NONE, Key::Enter);
    wait(&mut screen, |screen| is_there(screen, "nobody answers there"));
    assert_eq!(screen.state().drawing.pipeline, trades(), "what cannot be opened takes nothing away");
    key(&mut screen, Modifiers::COMMAND, Key::O);
    click(&mut screen, "pipelines/empty.json");
    wait(&mut screen, |screen| screen.state().drawing.pipeline.name == "empty");
}

#[test]
fn a_drawing_without_a_file_is_given_one_and_none_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let taken = folder.path().join("taken.json");
    fs::write(&taken, "mine").unwrap();
    let mut screen = open_source(source(trades(), Default::default()), vec2(1400.0, 900.0));
    for (name, is_saved) in [("taken", false), ("new", true)] {
        key(&mut screen, Modifiers::COMMAND, Key::S);
        super::fixture::type_text(&mut screen, &folder.path().join(name).display().to_string());
        assert_eq!(is_there(&screen, "there is such a file already"), !is_saved);
        key(&mut screen, Modifiers::NONE, Key::Enter);
        key(&mut screen, Modifiers::NONE, Key::Escape);
    }
    wait(&mut screen, |screen| screen.state().drawing.path.is_some());
    assert_eq!(fs::read_to_string(folder.path().join("new.json")).unwrap(), to_canonical(&trades()));
    assert_eq!(fs::read_to_string(taken).unwrap(), "mine");
    assert!(is_there(&screen, "new.json"));
}
