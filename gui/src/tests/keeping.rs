//! What is kept from one session to the next: settings, recent files, and what was not saved.

use std::fs;
use std::path::Path;

use egui::{Key, Modifiers, vec2};
use egui_kittest::kittest::Queryable;
use tidegate_core::faces::host::Source;
use tidegate_core::pipeline::{Pipeline, to_canonical};

use super::fixture::{Screen, click, drag, is_there, key, open_desk, picture, settle, source, trades, type_text, wait};

const SIZE: egui::Vec2 = vec2(1400.0, 900.0);

fn command(screen: &mut Screen, words: &str) {
    key(screen, Modifiers::COMMAND, Key::K);
    type_text(screen, words);
    key(screen, Modifiers::NONE, Key::Enter);
}

/// Ends a session as the window does.
fn end(screen: Screen) {
    screen.into_state().0.end();
}

fn canvas(screen: &Screen) -> egui::Rect {
    screen.state().seen.canvas.area
}

#[test]
fn panels_are_dragged_and_stand_there_the_next_time() {
    let state = tempfile::tempdir().unwrap();
    let on_trades = || open_desk(Some(source(trades(), Default::default())), SIZE, Some(state.path()));
    let mut screen = on_trades();
    for (name, by) in [
        ("Width of the palette", vec2(40.0, 0.0)),
        ("Width of the inspector", vec2(-60.0, 0.0)),
        ("Height of the panel below", vec2(0.0, 50.0)),
    ] {
        let at = screen.get_by_label(name).rect().center();
        drag(&mut screen, at, at + by);
    }
    let dragged = canvas(&screen);
    assert_eq!((dragged.left(), dragged.right(), dragged.bottom()), (224.0, 1068.0, 669.0));
    let splitter = screen.get_by_label("Width of the palette");
    splitter.focus();
    settle(&mut screen);
    key(&mut screen, Modifiers::NONE, Key::ArrowRight);
    assert_eq!(canvas(&screen).left(), 232.0, "by keyboard too");
    picture(&screen, "dragged");
    command(&mut screen, "show or hide the minimap");
    command(&mut screen, "dark or light");
    end(screen);
    let mut screen = on_trades();
    assert_eq!(canvas(&screen).left(), 232.0);
    assert!(!is_there(&screen, "minimap"));
    // Pressed twice it is the design's again.
    let at = screen.get_by_label("Width of the palette").rect().center();
    super::fixture::click_at(&mut screen, at);
    super::fixture::click_at(&mut screen, at);
    assert_eq!(canvas(&screen).left(), 184.0);
    end(screen);
}

#[test]
fn broken_or_foreign_settings_are_told_and_ignored() {
    for text in ["{", "[]", "\u{0}", r#"{ "ground": "sepia" }"#, r#"{ "from_a_newer_version": 1 }"#] {
        let state = tempfile::tempdir().unwrap();
        fs::write(state.path().join("editor.json"), text).unwrap();
        fs::write(state.path().join("recent.json"), text).unwrap();
        let screen = open_desk(Some(source(trades(), Default::default())), SIZE, Some(state.path()));
        assert!(is_there(&screen, "is not understood"), "{text}");
        assert_eq!(canvas(&screen).left(), 184.0);
        assert_eq!(fs::read_to_string(state.path().join("editor.json.unread")).unwrap(), text, "it is not lost");
        end(screen);
    }
}

#[test]
fn files_that_were_opened_are_there_the_next_time() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let path = folder.path().join("mine.json");
    fs::write(&path, to_canonical(&trades())).unwrap();
    let mut screen = open_desk(None, SIZE, Some(&state));
    key(&mut screen, Modifiers::COMMAND, Key::O);
    type_text(&mut screen, &path.display().to_string());
    key(&mut screen, Modifiers::NONE, Key::Enter);
    wait(&mut screen, |screen| screen.state().title() == "mine.json");
    end(screen);
    let mut screen = open_desk(None, SIZE, Some(&state));
    wait(&mut screen, |screen| screen.state().title() == "mine.json");
    key(&mut screen, Modifiers::COMMAND, Key::N);
    assert!(is_there(&screen, "Opened lately"));
    key(&mut screen, Modifiers::COMMAND, Key::PageUp);
    key(&mut screen, Modifiers::COMMAND, Key::W);
    end(screen);
    // What was closed is offered only; so is what is gone.
    let mut screen = open_desk(None, SIZE, Some(&state));
    assert!(is_there(&screen, "What flows today?"));
    click(&mut screen, "mine.json");
    wait(&mut screen, |screen| screen.state().title() == "mine.json");
    end(screen);
    fs::remove_file(&path).unwrap();
    let screen = open_desk(None, SIZE, Some(&state));
    assert!(is_there(&screen, "What flows today?"));
    end(screen);
}

/// Draws something, and waits until it is kept.
fn draw_and_wait(screen: &mut Screen, state: &Path) {
    click(screen, "node worth");
    key(screen, Modifiers::COMMAND, Key::D);
    let drafts = state.join("drafts");
    wait(screen, |_| {
        let folders = fs::read_dir(&drafts).into_iter().flatten().flatten();
        let mut files = folders.flat_map(|of| fs::read_dir(of.path()).unwrap().flatten()).map(|of| of.path());
        // Not one that is still being written.
        files.any(|path| path.extension().is_some_and(|end| end == "json"))
    });
}

/// A session that ends without a chance to do anything: its memory is never freed, but its lock goes, as with a kill.
fn crash(state: &Path) {
    // The lock goes when its file is closed, which only the end of the process does: so a copy of what it left stands for it.
    let drafts = state.join("drafts");
    for folder in fs::read_dir(&drafts).unwrap().flatten() {
        let copy = drafts.join(format!("copy-of-{}", folder.file_name().to_string_lossy()));
        fs::create_dir(&copy).unwrap();
        for file in fs::read_dir(folder.path()).unwrap().flatten() {
            fs::copy(file.path(), copy.join(file.file_name())).unwrap();
        }
    }
}

#[test]
fn what_was_not_saved_is_offered_after_a_crash_and_no_file_is_touched() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let path = folder.path().join("mine.json");
    fs::write(&path, to_canonical(&trades())).unwrap();
    let of_file = || {
        let mut source = source(trades(), Default::default());
        source.path = Some(path.clone());
        Some(source)
    };
    let mut screen = open_desk(of_file(), SIZE, Some(&state));
    draw_and_wait(&mut screen, &state);
    let drawn = screen.state().drawing.pipeline.clone();
    crash(&state);
    let mut next = open_desk(None, SIZE, Some(&state));
    assert!(is_there(&next, "Tidegate ended before a drawing was saved") && is_there(&next, "mine.json"));
    picture(&next, "left");
    key(&mut next, Modifiers::NONE, Key::Escape);
    assert!(!is_there(&next, "Tidegate ended before"), "it can be decided later");
    command(&mut next, "restore what was left");
    click(&mut next, "Restore");
    wait(&mut next, |next| next.state().title() == "mine.json" && next.state().drawing.is_unsaved());
    assert_eq!(next.state().drawing.pipeline, drawn);
    assert_eq!(fs::read_to_string(&path).unwrap(), to_canonical(&trades()), "the file is as it was");
    key(&mut next, Modifiers::COMMAND, Key::Z);
    assert_eq!(next.state().drawing.pipeline, trades(), "undo gives what the file holds");
    key(&mut next, Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z);
    key(&mut next, Modifiers::COMMAND, Key::S);
    wait(&mut next, |next| !next.state().drawing.is_unsaved());
    assert_eq!(fs::read_to_string(&path).unwrap(), to_canonical(&drawn));
    end(next);
    end(screen);
    assert_eq!(fs::read_dir(state.join("drafts")).unwrap().count(), 0, "nothing is left of what is saved or given up");
}

#[test]
fn what_was_restored_over_a_file_that_somebody_changed_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let path = folder.path().join("mine.json");
    fs::write(&path, to_canonical(&trades())).unwrap();
    let mut of_file = source(trades(), Default::default());
    of_file.path = Some(path.clone());
    let mut screen = open_desk(Some(of_file), SIZE, Some(&state));
    draw_and_wait(&mut screen, &state);
    crash(&state);
    fs::write(&path, to_canonical(&Pipeline { description: "theirs".into(), ..trades() })).unwrap();
    let mut next = open_desk(None, SIZE, Some(&state));
    click(&mut next, "Restore");
    wait(&mut next, |next| next.state().drawing.is_unsaved());
    key(&mut next, Modifiers::COMMAND, Key::S);
    assert!(is_there(&next, "was changed by someone else"));
    assert!(fs::read_to_string(&path).unwrap().contains("theirs"));
    end(next);
    end(screen);
}

#[test]
fn several_that_were_left_are_restored_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    fs::create_dir_all(state.join("drafts")).unwrap();
    for name in ["mine", "yours"] {
        let path = folder.path().join(format!("{name}.json"));
        fs::write(&path, to_canonical(&trades())).unwrap();
        let of_file = Source { path: Some(path), ..source(trades(), Default::default()) };
        // Each session has a state of its own, so that none is offered what the other left.
        let own = folder.path().join(name);
        let mut screen = open_desk(Some(of_file), SIZE, Some(&own));
        draw_and_wait(&mut screen, &own);
        crash(&own);
        end(screen);
        for left in fs::read_dir(own.join("drafts")).unwrap().flatten() {
            fs::rename(left.path(), state.join("drafts").join(name)).unwrap();
        }
    }
    let mut next = open_desk(None, SIZE, Some(&state));
    assert!(is_there(&next, "Tidegate ended before 2 drawings were saved") && is_there(&next, "added worth-2 (map)"));
    picture(&next, "several-left");
    click(&mut next, "Discard mine.json");
    assert!(is_there(&next, "Tidegate ended before a drawing was saved") && !is_there(&next, "Restore mine.json"));
    click(&mut next, "Restore");
    wait(&mut next, |next| next.state().title() == "yours.json" && next.state().drawing.is_unsaved());
    assert_eq!(next.state().drawing.pipeline.nodes.len(), trades().nodes.len() + 1);
    end(next);
}

#[test]
fn what_was_left_can_be_discarded() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let mut screen = open_desk(Some(source(trades(), Default::default())), SIZE, Some(&state));
    draw_and_wait(&mut screen, &state);
    crash(&state);
    end(screen);
    let mut next = open_desk(None, SIZE, Some(&state));
    click(&mut next, "Discard");
    end(next);
    let next = open_desk(None, SIZE, Some(&state));
    assert!(!is_there(&next, "Tidegate ended before"));
    end(next);
}
