//! Files: saved, loaded, changed by somebody else.

use std::fs;
use std::path::PathBuf;

use egui::{Event, Key, Modifiers, PointerButton, vec2};
use egui_kittest::kittest::{NodeT, Queryable};
use tempfile::TempDir;
use tidegate_core::pipeline::to_canonical;

use super::fixture::{Screen, click, is_there, key, open_source, rect, settle, source, trades, type_text, wait};

/// The trades, saved to a file of theirs, and the editor on that; the folder is there for as long as it is held.
fn saved() -> (TempDir, PathBuf, Screen) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trades.json");
    fs::write(&path, to_canonical(&trades())).unwrap();
    let mut source = source(trades(), Default::default());
    source.path = Some(path.clone());
    let screen = open_source(source, vec2(1400.0, 900.0));
    (folder, path, screen)
}

#[test]
fn what_is_saved_is_the_canonical_file() {
    let (_folder, path, mut screen) = saved();
    click(&mut screen, "node worth");
    key(&mut screen, Modifiers::COMMAND, Key::D);
    assert!(is_there(&screen, "trades.json, changed"));
    key(&mut screen, Modifiers::COMMAND, Key::S);
    wait(&mut screen, |screen| !screen.state().drawing.is_unsaved());
    assert_eq!(fs::read_to_string(&path).unwrap(), to_canonical(&screen.state().drawing.pipeline));
    assert!(!is_there(&screen, "trades.json, changed"));
}

#[test]
fn what_is_still_being_typed_is_saved_by_the_button() {
    let (_folder, path, mut screen) = saved();
    click(&mut screen, "node not empty");
    screen.get_by_role_and_label(egui::accesskit::Role::MultilineTextInput, "condition").focus();
    settle(&mut screen);
    key(&mut screen, Modifiers::COMMAND, Key::A);
    type_text(&mut screen, "qty > 7");
    assert!(is_there(&screen, "trades.json, changed"), "it would be lost");
    // So quick that it is pressed and let go in one frame.
    let pos = rect(&screen, "Save").center();
    screen.hover_at(pos);
    screen.step();
    for pressed in [true, false] {
        let (button, modifiers) = (PointerButton::Primary, Modifiers::NONE);
        screen.event(Event::PointerButton { pos, button, pressed, modifiers });
    }
    screen.step();
    wait(&mut screen, |_| fs::read_to_string(&path).is_ok_and(|text| text.contains("qty > 7")));
}

#[test]
fn an_id_that_is_still_being_typed_is_saved_too() {
    let (_folder, path, mut screen) = saved();
    click(&mut screen, "node not empty");
    screen.get_by_role_and_label(egui::accesskit::Role::TextInput, "Id").focus();
    settle(&mut screen);
    key(&mut screen, Modifiers::COMMAND, Key::A);
    type_text(&mut screen, "filled");
    key(&mut screen, Modifiers::COMMAND, Key::S);
    wait(&mut screen, |_| fs::read_to_string(&path).is_ok_and(|text| text.contains("\"id\": \"filled\"")));
    assert_eq!(screen.state().seen.chosen.only_node(), Some("filled"));
}

#[test]
fn what_is_being_typed_of_the_pipeline_itself_is_saved_too() {
    let (_folder, path, mut screen) = saved();
    let text = || fs::read_to_string(&path).unwrap();
    let begin = |screen: &mut Screen, name: &str, words: &str| {
        let is_field = |node: &egui_kittest::Node<'_>| node.accesskit_node().role() != egui::Role::Label;
        screen.get_all_by_label(name).find(is_field).unwrap().focus();
        settle(screen);
        key(screen, Modifiers::COMMAND, Key::A);
        type_text(screen, words);
        assert!(is_there(screen, "trades.json, changed"), "it would be lost");
        key(screen, Modifiers::COMMAND, Key::S);
    };
    begin(&mut screen, "Description", "What we sell.");
    wait(&mut screen, |_| text().contains("What we sell."));
    click(&mut screen, "parameter large, 50000");
    begin(&mut screen, "name of large", "least");
    wait(&mut screen, |_| text().contains("\"least\": {") && text().contains("${least}"));
    click(&mut screen, "cluster default");
    begin(&mut screen, "name of default", "main");
    wait(&mut screen, |_| text().contains("\"cluster\": \"main\""));
}

#[test]
fn a_file_that_somebody_else_changed_is_not_overwritten_in_silence() {
    let (_folder, path, mut screen) = saved();
    let mut theirs = trades();
    theirs.description = "theirs".into();
    fs::write(&path, to_canonical(&theirs)).unwrap();
    click(&mut screen, "node worth");
    key(&mut screen, Modifiers::COMMAND, Key::D);
    key(&mut screen, Modifiers::COMMAND, Key::S);
    assert!(is_there(&screen, "was changed by someone else"));
    assert_eq!(fs::read_to_string(&path).unwrap(), to_canonical(&theirs), "theirs is still there");
    let mine = screen.state().drawing.pipeline.clone();
    click(&mut screen, "Take theirs");
    assert_eq!(screen.state().drawing.pipeline, theirs);
    assert!(!screen.state().drawing.is_unsaved());
    key(&mut screen, Modifiers::COMMAND, Key::Z);
    assert_eq!(screen.state().drawing.pipeline, mine, "and undo brings mine back");
    key(&mut screen, Modifiers::COMMAND, Key::S);
    wait(&mut screen, |screen| !screen.state().drawing.is_unsaved());
    assert_eq!(fs::read_to_string(&path).unwrap(), to_canonical(&mine));
}

#[test]
fn a_drawing_without_a_file_is_given_one_and_none_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let taken = folder.path().join("taken.json");
    fs::write(&taken, "mine").unwrap();
    let mut screen = open_source(source(trades(), Default::default()), vec2(1400.0, 900.0));
    for (name, is_saved) in [("taken", false), ("new", true)] {
        key(&mut screen, Modifiers::COMMAND, Key::S);
        key(&mut screen, Modifiers::COMMAND, Key::A);
        type_text(&mut screen, &folder.path().join(name).display().to_string());
        assert_eq!(is_there(&screen, "there is such a file already"), !is_saved);
        key(&mut screen, Modifiers::NONE, Key::Enter);
        key(&mut screen, Modifiers::NONE, Key::Escape);
    }
    wait(&mut screen, |screen| screen.state().drawing.path.is_some());
    assert_eq!(fs::read_to_string(folder.path().join("new.json")).unwrap(), to_canonical(&trades()));
    assert_eq!(fs::read_to_string(taken).unwrap(), "mine");
    assert!(is_there(&screen, "new.json"));
}

#[test]
fn what_somebody_else_changed_is_listed_and_mine_can_be_kept() {
    let (_folder, path, mut screen) = saved();
    let mut theirs = trades();
    theirs.nodes[1].config.insert("condition".into(), "qty > 7".into());
    theirs.description = "theirs".into();
    fs::write(&path, to_canonical(&theirs)).unwrap();
    key(&mut screen, Modifiers::COMMAND, Key::S);
    wait(&mut screen, |screen| is_there(screen, "was changed by someone else: 2 differences"));
    click(&mut screen, "Show them");
    assert!(is_there(&screen, "In the file, unlike here") && is_there(&screen, "changed real"));
    super::fixture::picture(&screen, "theirs");
    click(&mut screen, "changed real");
    assert_eq!(super::fixture::chosen(&screen), ["real"], "what both have can be looked at");
    click(&mut screen, "Keep mine");
    assert!(!is_there(&screen, "was changed by someone else"));
    assert_eq!(screen.state().drawing.pipeline, trades());
    assert!(screen.state().drawing.is_unsaved(), "the file holds something else");
    assert_eq!(fs::read_to_string(&path).unwrap(), to_canonical(&theirs), "nothing is written yet");
    key(&mut screen, Modifiers::COMMAND, Key::S);
    wait(&mut screen, |screen| !screen.state().drawing.is_unsaved());
    assert_eq!(fs::read_to_string(&path).unwrap(), to_canonical(&trades()));
}

#[test]
fn what_has_changed_is_listed_by_meaning_and_leads_to_its_place() {
    let mut screen = open_source(source(trades(), Default::default()), vec2(1400.0, 900.0));
    let changes = |screen: &mut Screen| key(screen, Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::C);
    changes(&mut screen);
    assert!(is_there(&screen, "Nothing has changed since it was saved"));
    key(&mut screen, Modifiers::NONE, Key::Escape);
    click(&mut screen, "node worth");
    key(&mut screen, Modifiers::COMMAND, Key::ArrowDown);
    changes(&mut screen);
    assert!(is_there(&screen, "it means the same"), "a place alone is told as that");
    key(&mut screen, Modifiers::NONE, Key::Escape);
    key(&mut screen, Modifiers::COMMAND, Key::D);
    key(&mut screen, Modifiers::NONE, Key::Escape);
    changes(&mut screen);
    assert!(is_there(&screen, "added worth-2 (map)"));
    super::fixture::picture(&screen, "changes");
    click(&mut screen, "added worth-2");
    assert_eq!(super::fixture::chosen(&screen), ["worth-2"]);
    // It follows what is drawn while it is open.
    key(&mut screen, Modifiers::COMMAND, Key::Z);
    assert!(!is_there(&screen, "added worth-2"));
}

#[test]
fn pictures_and_copies_are_written_to_new_files() {
    let folder = tempfile::tempdir().unwrap();
    let mut screen = open_source(source(trades(), Default::default()), vec2(1400.0, 900.0));
    let mut export = |by: &str, name: &str| {
        key(&mut screen, Modifiers::COMMAND, Key::K);
        type_text(&mut screen, by);
        key(&mut screen, Modifiers::NONE, Key::Enter);
        key(&mut screen, Modifiers::COMMAND, Key::A);
        let path = folder.path().join(name);
        type_text(&mut screen, &path.display().to_string());
        key(&mut screen, Modifiers::NONE, Key::Enter);
        wait(&mut screen, |screen| is_there(screen, &format!("Written: {}", path.display())));
        fs::read(path).unwrap()
    };
    let dark = export("export a picture on a dark", "dark.png");
    let light = export("export a picture on a light", "light.png");
    assert!(dark.starts_with(b"\x89PNG") && light.starts_with(b"\x89PNG") && dark != light);
    if let Some(to) = std::env::var_os("TIDEGATE_PICTURES") {
        fs::write(std::path::Path::new(&to).join("export-dark.png"), &dark).unwrap();
        fs::write(std::path::Path::new(&to).join("export-light.png"), &light).unwrap();
    }
    let size = |png: &[u8], at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    let (width, height) = (size(&dark, 16), size(&dark, 20));
    assert!(width > 1400 && height > 300, "the whole graph, at twice its size: {width} x {height}");
    assert_eq!(export("export a copy as json", "copy.json"), to_canonical(&trades()).into_bytes());
    assert!(screen.state().drawing.path.is_none(), "a copy is not its file");
}

#[test]
fn no_secret_is_in_a_picture() {
    use tidegate_core::form::FieldKind;
    // A secret that somebody has typed as it is, against all advice: no card shows it.
    for operator in tidegate_core::operators::ALL {
        let mut pipeline = tidegate_core::pipeline::Pipeline::new("p");
        let mut node = tidegate_core::pipeline::Node::new("n", operator.name);
        for field in (operator.form)().fields.iter().filter(|field| field.kind == FieldKind::Secret) {
            node.config.insert(field.name.clone(), "swordfish".into());
        }
        pipeline.nodes.push(node);
        let screen = super::fixture::open(pipeline);
        let card = &screen.state().scene.nodes[0];
        assert!(!card.glance.contains("swordfish"), "{}", operator.name);
    }
}
