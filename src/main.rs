//! The program `tidegate`: arguments in, exit code out. Each subcommand is one file of its own name; what several of them
//! share is in [`common`]. What pipelines are and do, the core knows.

mod common;

mod broker;
mod check;
mod completions;
mod consume;
mod describe;
mod diff;
mod drive;
#[cfg(feature = "gui")]
mod edit;
mod fmt;
mod lag;
mod produce;
mod run;
mod schema;
mod test;
#[cfg(feature = "tui")]
mod top;
mod topics;

use std::env;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use common::exit::{Exit, Failure};
use common::log::Level;
use common::voice::Voice;

/// Draw, run and watch stream pipelines on Kafka.
///
/// A pipeline is one JSON file. Nothing needs to be installed to try one: the address `embedded` is a small broker of
/// Tidegate's own, served by whichever command comes first.
#[derive(Debug, Parser)]
#[command(name = "tidegate", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    /// What is logged on standard error, as text on a terminal, else as JSON lines: off, error, warn, info, debug, trace
    #[arg(
        long,
        global = true,
        value_name = "LEVEL",
        default_value = "warn",
        hide_possible_values = true,
        display_order = 900
    )]
    log: Level,
    /// For programs: results as JSON on standard output, what keeps the command from them as JSON lines on standard error
    // The arguments are searched for it before they are understood.
    #[arg(long = "json", global = true, display_order = 901)]
    _json: bool,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
With --json what keeps a command from its result is a JSON object a line on standard error: {\"type\": \"problem\"} of a \
file, {\"type\": \"failure\"} of anything else, each with place, message and remedy.

Exit codes: 0 good, 1 the command failed, 2 the file or the arguments are wrong.";

/// What can be done.
#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Args),
    Check(check::Args),
    Fmt(fmt::Args),
    Diff(diff::Args),
    Test(test::Args),
    Drive(drive::Args),
    Describe(describe::Args),
    Schema(schema::Args),
    Topics(topics::Args),
    Produce(produce::Args),
    Consume(consume::Args),
    Lag(lag::Args),
    Broker(broker::Args),
    #[cfg(feature = "tui")]
    Top(top::Args),
    #[cfg(feature = "gui")]
    Edit(edit::Args),
    Completions(completions::Args),
}

fn main() -> ExitCode {
    let asked = Voice::of_arguments(env::args_os());
    let Cli { log, command, .. } = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() && asked == Voice::Programs => {
            return Failure::of_usage(&error).tell(asked).into();
        }
        Err(error) => error.exit(),
    };
    let voice = match &command {
        Command::Run(_) => asked.watched(),
        _ => asked,
    };
    common::log::start(log, voice);
    command.run(voice).unwrap_or_else(|failure| failure.tell(voice)).into()
}

impl Command {
    fn run(self, voice: Voice) -> Result<Exit, Failure> {
        match self {
            Command::Run(args) => run::run(args, voice),
            Command::Check(args) => check::run(&args, voice),
            Command::Fmt(args) => fmt::run(&args, voice),
            Command::Diff(args) => diff::run(&args, voice),
            Command::Test(args) => test::run(&args, voice),
            Command::Drive(args) => drive::run(&args, voice),
            Command::Describe(args) => describe::run(&args, voice),
            Command::Schema(args) => schema::run(&args, voice),
            Command::Topics(args) => topics::run(&args, voice),
            Command::Produce(args) => produce::run(&args, voice),
            Command::Consume(args) => consume::run(&args),
            Command::Lag(args) => lag::run(&args, voice),
            Command::Broker(args) => broker::run(&args, voice),
            #[cfg(feature = "tui")]
            Command::Top(args) => top::run(args),
            #[cfg(feature = "gui")]
            Command::Edit(args) => edit::run(args),
            Command::Completions(args) => completions::run(&args),
        }
    }
}
