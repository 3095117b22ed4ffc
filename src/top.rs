//! `tidegate top`: the dashboard, which is not built yet.

use std::path::PathBuf;

use tidegate_core::problem::Fault;

use crate::common::exit::{Exit, Failure};

/// Watch a run in the terminal (not built yet).
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Pipeline file
    file: Option<PathBuf>,
}

/// Says so.
pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let file = args.file.as_ref().map_or_else(|| "FILE".to_string(), |file| file.display().to_string());
    let fault = Fault::user("the dashboard is not built yet");
    Err(fault.remedy(format!("`tidegate run {file}` shows a line per node while it runs")).into())
}
