//! `tidegate edit`: the editor, which is not built yet.

use std::path::PathBuf;

use tidegate_core::problem::Fault;

use crate::common::exit::{Exit, Failure};

/// Draw a pipeline in a window (not built yet).
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Pipeline file
    file: Option<PathBuf>,
}

/// Opens it.
pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let file = args.file.as_ref().map_or_else(|| "FILE".to_string(), |file| file.display().to_string());
    let remedy = format!("edit the file as text; `tidegate check {file}` says what is wrong with it");
    tidegate_gui::edit(args.file.as_deref()).map_err(|why| Fault::user(format!("{why:#}")).remedy(remedy))?;
    Ok(Exit::Good)
}
