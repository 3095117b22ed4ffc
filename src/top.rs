//! `tidegate top`: the dashboard on a run of this process. It brings together what the dashboard may not know: files,
//! clusters, the engine.

use std::env;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tidegate_broker::default_folder;
use tidegate_core::check::{CheckOptions, Checked, check};
use tidegate_core::engine::{EndedBy, Outcome, Run, RunOptions};
use tidegate_core::fields::{DurationText, Secret};
use tidegate_core::kafka::OWNED_PROPERTIES;
use tidegate_core::operators;
use tidegate_core::pipeline::Pipeline;
use tidegate_core::plan::Drawn;
use tidegate_core::problem::{Blame, Fault};
use tidegate_core::snapshot::{Snapshot, TapSnapshot};
use tidegate_tui::{Checker, Control, Host, Look, Options, Palette, Rights, Running, Source};

use crate::common::clusters::{self, Clusters, FolderArgs};
use crate::common::exit::{Exit, Failure};
use crate::common::files::{self, Parameters, WrongFile};
use crate::common::{secrets, start};

/// Run a pipeline and watch it in the terminal, or build one.
///
/// Starts the run as `tidegate run` does, and shows where it sticks, which partition lags, who is busy, what windows wait
/// for, what has happened. A file that does not exist yet is an empty drawing. `?` lists all keys; leaving stops the run.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Pipeline file; without one an empty drawing
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
    let (pipeline, is_good) = open(&args)?;
    let faults: Arc<Mutex<Vec<Fault>>> = Arc::default();
    let check = checker(args.parameters.clone());
    let known = asked(&check, &pipeline)?;
    let options = Options { look: look(&args), is_without_mouse: args.no_mouse };
    let starts = is_good && !args.no_run && !pipeline.nodes.is_empty();
    let source = Source {
        name: format!("{}@{}", pipeline.name, host_name()),
        pipeline,
        path: args.file.clone(),
        operators: operators::ALL,
        check: check.clone(),
        running: None,
        host: Some(Box::new(Local { args, check, known, faults: faults.clone() })),
        starts,
        rights: Rights { may_build: true, may_control: true, owns_run: true },
    };
    let shown = tidegate_tui::run(source, options);
    shown.map_err(|why| Fault::outside(format!("{why:#}")).remedy("run it in a terminal"))?;
    let mut faults = faults.lock().unwrap_or_else(PoisonError::into_inner);
    match faults.pop() {
        Some(fault) => Err(fault.into()),
        None => Ok(Exit::Good),
    }
}

/// The file as it is drawn, and whether it may run. One with problems is shown with them; one that is not there is new.
fn open(args: &Args) -> Result<(Pipeline, bool), Failure> {
    let Some(path) = &args.file else { return Ok((Pipeline::new("untitled"), false)) };
    if !files::is_stdin(path) && !path.exists() {
        return Ok((Pipeline::new(name_of(path)), false));
    }
    let text = files::read(path)?;
    let (found, problems) = args.parameters.check(&text);
    match found {
        Some((pipeline, _)) => Ok((pipeline, files::is_good(&problems))),
        None => Err(WrongFile { path: path.clone(), text, problems }.into()),
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

/// Checks with the parameters of the command line.
fn checker(parameters: Parameters) -> Checker {
    Arc::new(move |pipeline| {
        parameters
            .with_sources(|sources| check(pipeline, &CheckOptions { sources, ..CheckOptions::new(OWNED_PROPERTIES) }))
    })
}

/// Asks for secrets while there still is a terminal to ask at.
fn asked(check: &Checker, pipeline: &Pipeline) -> Result<Checked, Failure> {
    let mut checked = check(pipeline);
    secrets::ask(&mut checked, |_| true)?;
    Ok(checked)
}

/// Starts runs in this process.
struct Local {
    args: Args,
    check: Checker,
    /// has the secrets that were asked for
    known: Checked,
    faults: Arc<Mutex<Vec<Fault>>>,
}

impl Local {
    fn try_start(&self, pipeline: &Pipeline) -> Result<LocalRun, Failure> {
        let mut checked = (self.check)(pipeline);
        let missing: Vec<String> = checked.values.missing_secrets().map(str::to_string).collect();
        for name in missing {
            let secret = self.known.values.reveal(&Secret::new(format!("${{{name}}}")))?;
            checked.values.give_secret(&name, secret);
        }
        let plan = Drawn::new(pipeline, &checked).plan(&[]);
        let args = &self.args;
        let folder = (!args.memory).then(|| args.folder.data.clone().unwrap_or_else(default_folder));
        let used = clusters::used_by(&plan);
        let clusters = clusters::open(&mut checked, &used, args.brokers.as_deref(), &folder)?;
        let options = RunOptions {
            from: args.from.map(start::From::to_engine),
            drain: Duration::from_millis(args.drain.to_ms()),
            ..RunOptions::new(pipeline, &checked, clusters.settings.clone())
        };
        let run = Run::start(plan, options)?;
        Ok(LocalRun { run: Some(run), _clusters: clusters, last: Snapshot::default(), faults: self.faults.clone() })
    }
}

impl Host for Local {
    fn start(&self, pipeline: &Pipeline) -> Result<Box<dyn Running>, String> {
        match self.try_start(pipeline) {
            Ok(run) => Ok(Box::new(run)),
            Err(failure) => Err(failure.message()),
        }
    }
}

/// A run of this process.
struct LocalRun {
    run: Option<Run>,
    /// held to the end: it may be the embedded broker
    _clusters: Clusters,
    /// what the meters said at the end
    last: Snapshot,
    faults: Arc<Mutex<Vec<Fault>>>,
}

impl LocalRun {
    /// Takes note of how it ended, and says so.
    fn end(&mut self, outcome: Outcome) -> String {
        let Outcome { ended_by, faults, snapshot, .. } = outcome;
        let how = match (faults.first(), ended_by) {
            (Some(fault), _) => format!("Failed: {}. r starts it again.", fault.message),
            (None, EndedBy::Stop) => "Stopped. r starts it again.".into(),
            (None, _) => "Ended: its sources have ended. r starts it again.".into(),
        };
        let mut all = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        all.clear();
        all.extend(faults.into_iter().filter(|fault| fault.blame != Blame::Nobody));
        self.last = snapshot;
        how
    }
}

impl Running for LocalRun {
    fn snapshot(&mut self) -> Result<Snapshot, String> {
        Ok(self.run.as_ref().map_or_else(|| self.last.clone(), Run::snapshot))
    }

    fn ended(&mut self) -> Option<String> {
        let run = self.run.take_if(|run| run.is_over())?;
        let outcome = run.wait();
        Some(self.end(outcome))
    }

    fn tap(&mut self, _: &[String]) -> Result<Vec<TapSnapshot>, String> {
        Err("Records of a run in this process are not shown yet".into())
    }

    fn control(&mut self, control: Control) -> Result<(), String> {
        match (&self.run, control) {
            (Some(run), Control::Stop) => {
                run.stop();
                Ok(())
            }
            (None, _) => Err("The run is over".into()),
            (Some(_), Control::Pause | Control::Resume) => Err("A run in this process cannot be paused yet".into()),
        }
    }
}

impl Drop for LocalRun {
    fn drop(&mut self) {
        if let Some(run) = self.run.take() {
            run.stop();
            let outcome = run.wait();
            self.end(outcome);
        }
    }
}
