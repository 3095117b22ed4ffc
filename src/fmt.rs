//! `tidegate fmt`: files in the one form that diffs well.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tidegate_core::pipeline::{Pipeline, to_canonical};

use crate::common::exit::{Exit, Failure};
use crate::common::files::{self, is_good, is_stdin};
use crate::common::problems;

/// Format pipeline files in place.
///
/// A node, an edge or a row stands on one line where it fits. Order and meaning stay as they are. `-` reads standard input and writes standard output. A file with faults of
/// structure is left as it is (exit code 2).
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Pipeline files; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Change nothing: name the files that are not formatted, and exit with 1 if there are some
    #[arg(long)]
    check: bool,
}

/// Formats the files.
pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let (mut exit, mut out) = (Exit::Good, io::stdout());
    for path in files::distinct(&args.files) {
        let text = files::read(path)?;
        let (pipeline, problems) = Pipeline::parse(&text);
        let Some(pipeline) = pipeline.filter(|_| is_good(&problems)) else {
            problems::tell(path, &text, problems.iter());
            exit = Exit::Wrong;
            continue;
        };
        let formatted = to_canonical(&pipeline);
        match (args.check, formatted == text) {
            (true, true) => {}
            (true, false) => {
                writeln!(out, "{}", files::shown(path))?;
                if exit == Exit::Good {
                    exit = Exit::Failed;
                }
            }
            (false, _) if is_stdin(path) => write!(out, "{formatted}")?,
            (false, true) => {}
            (false, false) => {
                replace(path, &formatted)
                    .map_err(|why| Failure::wrong(format!("cannot write {}: {why}", files::shown(path))))?;
                writeln!(out, "formatted {}", files::shown(path))?;
            }
        }
    }
    Ok(exit)
}

/// Replaces a file in one step, so that a crash leaves the old text or the new. Links are followed, rights kept.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let path = path.canonicalize()?;
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".new");
    let new = path.with_file_name(name);
    let write = || {
        fs::write(&new, text)?;
        fs::set_permissions(&new, fs::metadata(&path)?.permissions())?;
        fs::rename(&new, &path)
    };
    write().inspect_err(|_| drop(fs::remove_file(&new)))
}
