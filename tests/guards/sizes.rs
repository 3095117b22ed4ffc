//! Files stay small enough to have one subject.

use super::source::Source;
use super::{none, sources};

/// More lines than these hold a second thing.
const MOST: usize = 600;

/// Files that are larger, until they are split.
const LARGER: &[&str] = &[];

fn too_large(all: &[Source], larger: &[&str]) -> Vec<String> {
    let large = all.iter().filter(|source| source.lines > MOST && !larger.contains(&source.file.as_str()));
    large.map(|source| format!("{}: {} lines", source.file, source.lines)).collect()
}

fn no_longer_large(all: &[Source], larger: &[&str]) -> Vec<String> {
    let is_large = |file: &&&str| all.iter().any(|source| source.file == ***file && source.lines > MOST);
    larger.iter().filter(|file| !is_large(file)).map(|file| file.to_string()).collect()
}

#[test]
fn files_stay_small() {
    let all =
        sources(&["src", "core/src", "core/broker", "core/tests", "core/examples", "bench", "tui", "gui", "tests"]);
    none(&format!("more than {MOST} lines: look for the second thing that lives there"), too_large(&all, LARGER));
    none("small by now: take it off the list of larger files", no_longer_large(&all, LARGER));
}

#[test]
fn a_large_file_is_found() {
    let large = Source::parse("core/src/a.rs", &"fn f() {}\n".repeat(MOST + 1));
    let small = Source::parse("core/src/b.rs", "fn f() {}\n");
    let all = [large, small];
    assert_eq!(too_large(&all, &[]), [format!("core/src/a.rs: {} lines", MOST + 1)]);
    assert_eq!(too_large(&all, &["core/src/a.rs"]), [""; 0]);
    assert_eq!(no_longer_large(&all, &["core/src/a.rs", "core/src/b.rs"]), ["core/src/b.rs"]);
}
