//! `tidegate completions`: completion scripts of shells, from the commands themselves.

use std::io::{self, Write};

use clap::CommandFactory;
use clap_complete::Shell;

use crate::Cli;
use crate::common::exit::{Exit, Failure};

/// Print the completion script of a shell.
///
/// For bash: `tidegate completions bash > ~/.local/share/bash-completion/completions/tidegate`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

/// Prints the script.
pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "tidegate", &mut script);
    io::stdout().write_all(&script)?;
    Ok(Exit::Good)
}
