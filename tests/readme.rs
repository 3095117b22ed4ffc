//! README.md keeps its word: its files are checked and tested, its commands run, their output is what it says. Which blocks
//! are meant stands in a comment at its head.

use std::path::Path;
use std::process::{Command, Stdio};
use std::{env, fs};

/// A fenced block: the words behind the fence, and its text.
#[derive(Debug, PartialEq, Eq)]
struct Block {
    info: String,
    text: String,
    line: usize,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in page.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => open = Some(Block { info: info.into(), text: String::new(), line: number + 1 }),
            (Some(_), Some("")) => blocks.extend(open.take()),
            (Some(block), _) => block.text.extend([line, "\n"]),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed: {open:?}");
    blocks
}

/// Runs a block as a script, in a folder; gives what it prints.
fn run(block: &Block, folder: &Path) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_tidegate"));
    let path = format!("{}:{}", program.parent().unwrap().display(), env::var("PATH").unwrap());
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &block.text])
        .current_dir(folder)
        .env("PATH", path)
        .env("TIDEGATE_BROKER_DATA", folder.join("broker"))
        .env_remove("TIDEGATE_BROKERS")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "README.md:{}: {}\n{out}\n{err}\n{}", block.line, output.status, block.text);
    out.into_owned()
}

#[test]
fn the_page_keeps_its_word() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::os::unix::fs::symlink(root.join("pipelines"), folder.join("pipelines")).unwrap();
    let page = fs::read_to_string(root.join("README.md")).unwrap();
    let (mut printed, mut commands) = (String::new(), 0);
    for block in blocks(&page) {
        if let Some(name) = block.info.strip_prefix("json file=") {
            fs::write(folder.join(name), &block.text).unwrap();
            let text = format!("tidegate check {name}; tidegate test {name}; tidegate fmt --check {name}");
            run(&Block { info: String::new(), text, line: block.line }, folder);
        } else if block.info == "sh tested" {
            printed = run(&block, folder);
            commands += 1;
        } else if block.info == "text output" {
            assert_eq!(printed, block.text, "README.md:{}", block.line);
        }
    }
    assert!(commands > 3, "the page has lost its commands");
}

#[test]
fn commands_of_the_page_name_what_there_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("README.md")).unwrap();
    for (word, what) in [("sh ci=job", "cargo run --release "), ("sh ci=tests", "cargo test ")] {
        let found: Vec<Block> = blocks(&page).into_iter().filter(|block| block.info == word).collect();
        let [block] = &found[..] else { panic!("README.md: {} blocks `{word}`", found.len()) };
        let [command] = block.text.lines().collect::<Vec<_>>()[..] else { panic!("`{word}` is not one command") };
        assert!(command.starts_with(what), "{command}");
        if let Some(file) = command.split(' ').find(|argument| argument.ends_with(".json")) {
            assert!(root.join(file).exists(), "{command}: no such file");
        }
    }
}

#[test]
fn blocks_are_found() {
    let page = "text\n```sh tested\na\nb\n```\n`c`\n```text\n```\n";
    let block = |info: &str, text: &str, line| Block { info: info.into(), text: text.into(), line };
    assert_eq!(blocks(page), [block("sh tested", "a\nb\n", 2), block("text", "", 7)]);
}

#[test]
#[should_panic(expected = "README.md:7")]
fn a_command_that_fails_is_found() {
    let folder = tempfile::tempdir().unwrap();
    run(&Block { info: "sh tested".into(), text: "tidegate no-such-command".into(), line: 7 }, folder.path());
}
