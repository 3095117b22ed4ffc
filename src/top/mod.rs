//! `tidegate top`: the dashboard, on a run of this process or on one elsewhere. It brings together what the dashboard may
//! not know: files, clusters, the engine, HTTP.

mod local;
mod opener;
mod remote;

use std::env;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use tidegate_core::fields::DurationText;
use tidegate_core::operators;
use tidegate_core::pipeline::Pipeline;
use tidegate_core::problem::Fault;
use tidegate_core::snapshot::EdgeSnapshot;
use tidegate_tui::{Look, Options, Palette, Rights, Source};

use crate::common::clusters::FolderArgs;
use crate::common::exit::{Exit, Failure};
use crate::common::files::{self, Parameters, WrongFile};
use crate::common::start;
use local::{Faults, Local};
use opener::Door;
use remote::{Address, RemoteRun};

/// Records of an edge that are shown each time somebody looks.
const TAP_ROWS: usize = 10;

/// Which records of an edge are shown, one in so many, so that about ten pass in a second: the same on edges between which
/// most records stay, so that they are seen before and after a node; on one with few of them, by its own rate.
fn every(edge: &str, edges: &[String], snapshot: &[EdgeSnapshot]) -> u64 {
    const FEW: f64 = 0.1;
    let rate = |id: &str| snapshot.iter().find(|known| known.id == id).map_or(0.0, |known| known.records);
    let busiest = edges.iter().map(|edge| rate(edge)).fold(0.0, f64::max);
    let rate = if rate(edge) < busiest * FEW { rate(edge) } else { busiest };
    (rate / TAP_ROWS as f64).max(1.0) as u64
}

/// Run a pipeline and watch it in the terminal, or build one.
///
/// Starts the run as `tidegate run` does, and shows where it sticks, which partition lags, who is busy, what windows wait
/// for, what has happened. A file that does not exist yet is an empty drawing. `?` lists all keys; leaving stops the run.
///
/// An address as `http://127.0.0.1:7070`, or `https://…`, shows a run that is served there by `tidegate run --listen`, and leaves it alone;
/// the token that it may ask for comes from TIDEGATE_LISTEN_TOKEN.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// Pipeline file, or address of a run; without one an empty drawing
    #[arg(value_name = "FILE|URL")]
    file: Option<PathBuf>,
    /// Addresses of cluster `default`, in place of the file's: `host:port`, with commas between, or `embedded`
    #[arg(long, value_name = "BROKERS")]
    brokers: Option<String>,
    #[command(flatten)]
    parameters: Parameters,
    /// Where to read from, whatever is committed
    #[arg(long, value_name = start::WORDS, value_parser = start::parse, allow_negative_numbers = true)]
    from: Option<start::From>,
    /// How long queues may run empty after a stop
    #[arg(long, value_name = "TIME", default_value = "5s")]
    drain: DurationText,
    #[command(flatten)]
    folder: FolderArgs,
    /// Keep the embedded broker's records in memory, of this run alone
    #[arg(long, conflicts_with = "data")]
    memory: bool,
    /// Do not start a run
    #[arg(long)]
    no_run: bool,
    /// Allow to pause, resume and stop a run elsewhere
    #[arg(long)]
    write: bool,
    /// Certificates to trust at an https address, as a PEM file [default: SSL_CERT_FILE, or the system's]
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
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
    let url = args.file.as_ref().and_then(|file| Address::of_url(file.to_str()?, args.ca.as_deref()));
    let faults = Faults::default();
    let source = match url {
        Some(address) => attach(&args, address?)?,
        None => run_here(&args, args.file.clone(), &faults, true)?,
    };
    let options = Options {
        look: look(&args),
        is_without_mouse: args.no_mouse,
        asks_for_ground: args.theme.is_none() && look(&args).palette == Palette::Dark,
    };
    let opener = Door { args, faults: faults.clone() };
    let shown = tidegate_tui::run(source, Box::new(opener), options);
    shown.map_err(|why| Fault::outside(format!("{why:#}")).remedy("run it in a terminal"))?;
    let mut faults = faults.lock().unwrap_or_else(PoisonError::into_inner);
    match faults.pop() {
        Some(fault) => Err(fault.into()),
        None => Ok(Exit::Good),
    }
}

/// A run elsewhere.
fn attach(args: &Args, address: Address) -> Result<Source, Failure> {
    let pipeline = address.pipeline()?;
    Ok(Source {
        name: format!("{}@{}", pipeline.name, address.host),
        pipeline,
        path: None,
        operators: operators::ALL,
        check: local::checker(Parameters::default()),
        running: Some(Box::new(RemoteRun::new(address))),
        host: None,
        starts: false,
        rights: Rights { may_build: false, may_control: args.write, owns_run: false },
    })
}

/// A file, and who runs it here. Secrets are asked for only while there is a terminal to ask at.
fn run_here(args: &Args, file: Option<PathBuf>, faults: &Faults, may_ask: bool) -> Result<Source, Failure> {
    let (pipeline, is_good) = open(args, file.as_deref())?;
    let check = local::checker(args.parameters.clone());
    let host = Local::new(args.clone(), check.clone(), &pipeline, faults.clone(), may_ask)?;
    let starts = is_good && !args.no_run && !pipeline.nodes.is_empty();
    Ok(Source {
        name: format!("{}@{}", pipeline.name, host_name()),
        pipeline,
        path: file,
        operators: operators::ALL,
        check,
        running: None,
        host: Some(Box::new(host)),
        starts,
        rights: Rights { may_build: true, may_control: true, owns_run: true },
    })
}

/// The file as it is drawn, and whether it may run. One with problems is shown with them; one that is not there is new.
fn open(args: &Args, file: Option<&Path>) -> Result<(Pipeline, bool), Failure> {
    let Some(path) = file else { return Ok((Pipeline::new("untitled"), false)) };
    if !files::is_stdin(path) && !path.exists() {
        return Ok((Pipeline::new(name_of(path)), false));
    }
    let text = files::read(path)?;
    let (found, problems) = args.parameters.check(&text);
    match found {
        Some((pipeline, _)) => Ok((pipeline, files::is_good(&problems))),
        None => Err(WrongFile { path: path.to_path_buf(), text, problems }.into()),
    }
}

/// What a new pipeline is called: the name of its file.
fn name_of(path: &Path) -> String {
    path.file_stem().map_or_else(|| "untitled".into(), |stem| stem.to_string_lossy().into_owned())
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

fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_thinned_alike_before_and_after_a_node() {
        let edge = |id: &str, records: f64| EdgeSnapshot { id: id.into(), records, ..EdgeSnapshot::default() };
        let snapshot = [edge("a", 40_000.0), edge("b", 32_000.0), edge("c", 35.0), edge("d", 0.0)];
        let edges = ["a", "b", "c", "d", "unknown"].map(String::from);
        for (id, expected) in [("a", 4_000), ("b", 4_000), ("c", 3), ("d", 1), ("unknown", 1)] {
            assert_eq!(every(id, &edges, &snapshot), expected, "{id}");
        }
        assert_eq!(every("c", &edges[2..3], &snapshot), 3);
    }
}
