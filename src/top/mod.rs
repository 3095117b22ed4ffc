//! `tidegate top`: the dashboard, on a run of this process or on one elsewhere. It brings together what the dashboard may
//! not know: files, clusters, the engine, HTTP.

use std::env;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::PoisonError;

use tidegate_core::faces::storage::state_folder;
use tidegate_core::problem::Fault;
use tidegate_tui::{Look, Options, Palette};

use crate::common::exit::{Exit, Failure};
use crate::common::watched::local::Faults;
use crate::common::watched::opener::Door;
use crate::common::watched::remote::Address;
use crate::common::watched::{AttachArgs, How, RunArgs};

/// Run a pipeline and watch it in the terminal, or build one.
///
/// Starts the run as `tidegate run` does, and shows where it sticks, which partition lags, who is busy, what windows wait
/// for, what has happened. A file that does not exist yet is an empty drawing. `?` lists all keys; leaving stops the run.
///
/// With --brokers or --pipeline and no file it shows a cluster instead: its groups, whoever they belong to, with how far behind they
/// are and who reads what, its topics and brokers. It is in no group and changes nothing.
///
/// An address as `http://127.0.0.1:7070`, or `https://…`, shows a run that is served there by `tidegate run --listen`, and leaves it alone;
/// the token that it may ask for comes from TIDEGATE_LISTEN_TOKEN.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// Pipeline file, or address of a run; without one a cluster, where one is named, or an empty drawing
    #[arg(value_name = "FILE|URL")]
    file: Option<PathBuf>,
    #[command(flatten)]
    run: RunArgs,
    /// Show the cluster of this pipeline file, alone
    #[arg(long, value_name = "FILE", conflicts_with_all = ["file", "brokers"])]
    pipeline: Option<PathBuf>,
    /// Which of the file's clusters
    #[arg(long, value_name = "NAME", default_value = "default", requires = "pipeline")]
    cluster: String,
    /// Do not start a run
    #[arg(long)]
    no_run: bool,
    #[command(flatten)]
    attach: AttachArgs,
    /// Fewer and smaller frames, for slow lines
    #[arg(long)]
    low_bandwidth: bool,
    /// Nothing but ASCII
    #[arg(long)]
    ascii: bool,
    /// Colours for this ground; `mono` has none, `plain` no weights either
    #[arg(long, value_name = "NAME")]
    theme: Option<Theme>,
    /// Leave the mouse to the terminal
    #[arg(long)]
    no_mouse: bool,
}

/// Sets of colours.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Theme {
    /// A dark ground
    Dark,
    /// A light ground
    Light,
    /// No colours
    Mono,
    /// No colours and no weights
    Plain,
}

/// Shows the dashboard until it is left.
pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
    let url = args.file.as_ref().and_then(|file| Address::of_url(file.to_str()?, args.attach.ca.as_deref()));
    let faults = Faults::default();
    let how = How { run: args.run.clone(), starts: !args.no_run, attach: args.attach.clone() };
    let of_cluster = args.run.brokers.is_some() || args.pipeline.is_some();
    let source = match (url, &args.file) {
        (Some(address), _) => how.elsewhere(address?)?,
        (None, None) if of_cluster => how.cluster(args.run.of_file(args.pipeline.clone(), &args.cluster))?,
        (None, file) => how.here(file.clone(), &faults, true)?,
    };
    let options = Options {
        look: look(&args),
        is_without_mouse: args.no_mouse,
        asks_for_ground: args.theme.is_none() && look(&args).palette == Palette::Dark,
    };
    let opener = Door { how, faults: faults.clone(), state: state_folder() };
    if let Some(file) = args.file.as_ref().filter(|file| file.exists()) {
        opener.note(file);
    }
    let shown = tidegate_tui::run(source, Box::new(opener), options);
    shown.map_err(|why| {
        let fault = Fault::outside(format!("{why:#}"));
        if io::stdout().is_terminal() { fault } else { fault.remedy("run it in a terminal") }
    })?;
    let mut faults = faults.lock().unwrap_or_else(PoisonError::into_inner);
    match faults.pop() {
        Some(fault) => Err(fault.into()),
        None => Ok(Exit::Good),
    }
}

fn look(args: &Args) -> Look {
    let look = Look::of_environment(|name| env::var(name).ok());
    let palette = match args.theme {
        None => look.palette,
        Some(Theme::Dark) => Palette::Dark,
        Some(Theme::Light) => Palette::Light,
        Some(Theme::Mono) => Palette::Mono,
        Some(Theme::Plain) => Palette::Plain,
    };
    Look { palette, is_ascii: look.is_ascii || args.ascii, is_thrifty: args.low_bandwidth }
}
