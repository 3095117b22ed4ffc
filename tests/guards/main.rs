//! The house rules that a compiler does not know, as tests: who may see whom, names that stay in one file, output that
//! belongs to the program, files that stay small. Sources are read as tokens, so that comments and spelling do not count.

mod arrows;
mod copies;
mod crates;
mod names;
mod sizes;
mod source;

use std::path::{Path, PathBuf};
use std::{fs, io};

use source::Source;

/// The workspace.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All sources below these folders of the workspace, in order.
fn sources(folders: &[&str]) -> Vec<Source> {
    let mut files = Vec::new();
    for folder in folders {
        let folder = root().join(folder);
        rust_files(&folder, &mut files).unwrap_or_else(|why| panic!("{}: {why}", folder.display()));
    }
    files.sort();
    let read = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        let name = path.strip_prefix(root()).unwrap_or(path).to_string_lossy().replace('\\', "/");
        Source::parse(&name, &text)
    };
    files.iter().map(read).collect()
}

fn rust_files(folder: &Path, into: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            rust_files(&path, into)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
    Ok(())
}

/// Fails with all that was found.
fn none(rule: &str, found: Vec<String>) {
    assert!(found.is_empty(), "{rule}:\n  {}", found.join("\n  "));
}
