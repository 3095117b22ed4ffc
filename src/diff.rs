//! `tidegate diff`: what differs between two files in meaning.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tidegate_core::operators;
use tidegate_core::pipeline::Pipeline;
use tidegate_core::pipeline::diff::diff;

use crate::common::exit::{Exit, Failure};
use crate::common::files::{self, WrongFile, is_good};
use crate::common::style::Paint;
use crate::common::voice::Voice;

/// Compare two pipeline files by meaning.
///
/// Positions, order, defaults that are written out, groups and notes do not count. Exit code 0 where nothing differs, 1 where something does, 2 where a file is wrong. Lines with `!` tell of state, topics
/// and offsets that will not be found again under their old name.
///
/// With --json one JSON object.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The first file; `-` is standard input
    #[arg(value_name = "A")]
    first: PathBuf,
    /// The second file
    #[arg(value_name = "B")]
    second: PathBuf,
}

/// Compares the files.
pub(crate) fn run(args: &Args, voice: Voice) -> Result<Exit, Failure> {
    let form_of = |name: &str| operators::find(name).map(|operator| (operator.form)());
    let diff = diff(&parse(&args.first)?, &parse(&args.second)?, &form_of);
    let mut out = io::stdout();
    if voice.is_json() {
        let text = serde_json::to_string(&diff).unwrap_or_default();
        writeln!(out, "{text}")?;
    } else {
        let paint = Paint::stdout();
        for line in diff.to_string().lines() {
            let line = match line.chars().next() {
                Some('-') => paint.red(line),
                Some('+') => paint.green(line),
                Some('!') => paint.yellow(line),
                _ => line.to_string(),
            };
            writeln!(out, "{line}")?;
        }
    }
    Ok(if diff.is_empty() { Exit::Good } else { Exit::Failed })
}

fn parse(path: &Path) -> Result<Pipeline, WrongFile> {
    let text = files::read(path)?;
    let (pipeline, problems) = Pipeline::parse(&text);
    pipeline.filter(|_| is_good(&problems)).ok_or_else(|| WrongFile { path: path.into(), text, problems })
}
