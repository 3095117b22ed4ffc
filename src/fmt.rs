//! `tidegate fmt`: files in the one form that diffs well.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::json;
use tidegate_core::pipeline::{Pipeline, to_canonical};
use tidegate_core::problem::{Place, Problem};

use crate::common::exit::{Exit, Failure};
use crate::common::files::{self, WrongFile, is_good, is_stdin};
use crate::common::voice::Voice;

/// Format pipeline files in place.
///
/// A node, an edge or a row stands on one line where it fits. Order and meaning stay as they are. `-` reads standard input and writes standard output. A file with faults of
/// structure is left as it is (exit code 2).
///
/// With --json a JSON object per file: whether it was formatted before.
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
pub(crate) fn run(args: &Args, voice: Voice) -> Result<Exit, Failure> {
    let mut exit = Exit::Good;
    for path in files::distinct(&args.files) {
        let was_formatted = match format(path, args.check) {
            Ok(was_formatted) => was_formatted,
            // The others are formatted nevertheless.
            Err(Failure::File(wrong)) => {
                wrong.tell(voice);
                exit = Exit::Wrong;
                continue;
            }
            Err(failure) => return Err(failure),
        };
        if args.check && !was_formatted && exit == Exit::Good {
            exit = Exit::Failed;
        }
        // Without --check, standard output holds what standard input became.
        if args.check || !is_stdin(path) {
            tell(path, was_formatted, args.check, voice)?;
        }
    }
    Ok(exit)
}

/// Formats a file, unless it is only checked; whether it was formatted before.
fn format(path: &Path, is_check: bool) -> Result<bool, Failure> {
    let text = files::read(path)?;
    let (pipeline, problems) = Pipeline::parse(&text);
    let Some(pipeline) = pipeline.filter(|_| is_good(&problems)) else {
        return Err(WrongFile { path: path.into(), text, problems }.into());
    };
    let formatted = to_canonical(&pipeline);
    match is_stdin(path) {
        _ if is_check => {}
        true => write!(io::stdout(), "{formatted}")?,
        false if formatted == text => {}
        false => replace(path, &formatted).map_err(|why| {
            let problem = Problem::error(Place::default(), format!("cannot be written: {why}"));
            WrongFile::new(path, problem.remedy("see whether file and folder may be written, and have room"))
        })?,
    }
    Ok(formatted == text)
}

fn tell(path: &Path, was_formatted: bool, is_check: bool, voice: Voice) -> io::Result<()> {
    let (mut out, path) = (io::stdout(), files::shown(path));
    match (voice.is_json(), was_formatted) {
        (true, _) => writeln!(out, "{}", json!({ "file": path, "was_formatted": was_formatted })),
        (false, true) => Ok(()),
        (false, false) if is_check => writeln!(out, "{path}"),
        (false, false) => writeln!(out, "formatted {path}"),
    }
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
