//! `tidegate run`: a pipeline, until it ends or is told to.

#[cfg(feature = "http")]
mod listen;
mod live;
mod rates;
mod report;

use std::path::PathBuf;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use tidegate_core::engine::{Run, RunOptions, Until};
use tidegate_core::fields::DurationText;
use tidegate_core::plan::Drawn;
use tidegate_core::problem::Fault;

use crate::common::clusters::{self, FolderArgs};
use crate::common::exit::{Exit, Failure};
use crate::common::files::Parameters;
use crate::common::voice::Voice;
use crate::common::{problems, signals, start};

/// Run a pipeline.
///
/// On a terminal a line per node tells what happens; elsewhere, and with --json, it is a JSON line a second on standard
/// error, {"type": "snapshot"}, and one at the end, {"type": "outcome"}; what keeps it from starting is {"type": "problem"}
/// or {"type": "failure"}. Standard output belongs to `console-sink`.
///
/// Ctrl-\ (the signal QUIT) asks every node with windows what it waits for, and why nothing has come out of it; the run
/// goes on. One that has given nothing in the whole run says why at the end. With JSON these are lines
/// {"type": "explanation"}.
///
/// A signal (Ctrl-C) stops it: sources stop, queues run empty, what is done is committed. A second signal stops at once.
/// Exit code 0 where all is good, or will be read again by the next run; 1 where the run failed; 2 where the file or the
/// arguments are wrong.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Pipeline file; `-` is standard input
    file: PathBuf,
    /// Addresses of cluster `default`, in place of the file's: `host:port`, with commas between, or `embedded`
    #[arg(long, value_name = "BROKERS")]
    brokers: Option<String>,
    #[command(flatten)]
    parameters: Parameters,
    /// End when nothing has come for so long and nothing is left to do
    #[arg(long, value_name = "TIME")]
    until_idle: Option<DurationText>,
    /// End after so long
    #[arg(long = "for", value_name = "TIME")]
    for_time: Option<DurationText>,
    /// End when so many records have been read
    #[arg(long, value_name = "N")]
    records: Option<u64>,
    /// Where to read from, whatever is committed
    #[arg(long, value_name = start::WORDS, value_parser = start::parse, allow_negative_numbers = true)]
    from: Option<start::From>,
    /// How long queues may run empty after a stop
    #[arg(long, value_name = "TIME", default_value = "30s")]
    drain: DurationText,
    #[command(flatten)]
    folder: FolderArgs,
    /// Keep the embedded broker's records in memory, of this run alone
    #[arg(long, conflicts_with = "data")]
    memory: bool,
    #[cfg(feature = "http")]
    #[command(flatten)]
    listen: listen::ListenArgs,
}

/// How often a terminal is redrawn.
const REDRAW: Duration = Duration::from_millis(250);
/// How often a snapshot is written.
const SNAPSHOT: Duration = Duration::from_secs(1);
/// How often the end is looked for.
const LOOK: Duration = Duration::from_millis(10);

/// Runs the file.
pub(crate) fn run(args: Args, voice: Voice) -> Result<Exit, Failure> {
    #[cfg(feature = "http")]
    let socket = args.listen.open()?;
    let mut loaded = args.parameters.load(&args.file)?;
    problems::tell(&args.file, &loaded.text, loaded.problems.iter(), voice);
    let plan = Drawn::new(&loaded.pipeline, &loaded.checked).plan(&[]);
    let folder = (!args.memory).then(|| args.folder.place());
    let used = clusters::used_by(&plan);
    // Held to the end: it may be the embedded broker.
    let clusters = clusters::open(&mut loaded.checked, &used, args.brokers.as_deref(), &folder)?;
    let options = RunOptions {
        from: args.from.map(start::From::to_engine),
        until: Until { idle: args.until_idle.map(duration), time: args.for_time.map(duration), records: args.records },
        drain: duration(args.drain),
        ..RunOptions::new(&loaded.pipeline, &loaded.checked, clusters.settings.clone())
    };
    let started = Instant::now();
    let stopper = Stopper::listen()?;
    let asked = signals::ask_flag()?;
    let run = Run::start(plan, options)?;
    stopper.stops(&run);
    // Held until all is said: who watches hears of the end, too.
    #[cfg(feature = "http")]
    let _server = socket.map(|socket| listen::serve(socket, &run, &loaded.text, voice)).transpose()?;
    match voice {
        Voice::People => watch_live(&run, &asked),
        Voice::Programs => watch_json(&run, &asked),
    }
    let outcome = run.wait();
    match voice {
        Voice::People => report::tell(&outcome, started.elapsed()),
        Voice::Programs => report::tell_json(&outcome, started.elapsed()),
    }
    Ok(report::exit(&outcome))
}

/// Stops the run at a signal; before there is one, the program ends as it would without.
#[derive(Clone, Default)]
struct Stopper(Arc<OnceLock<Box<dyn Fn() + Send + Sync>>>);

impl Stopper {
    fn listen() -> Result<Stopper, Fault> {
        let stopper = Stopper::default();
        let heard = stopper.clone();
        signals::on_stop(move || match heard.0.get() {
            Some(stop) => stop(),
            None => process::exit(Exit::Failed as i32),
        })?;
        Ok(stopper)
    }

    fn stops(&self, run: &Run) {
        // Set once, right here.
        let _ = self.0.set(Box::new(run.stopper()));
    }
}

fn duration(text: DurationText) -> Duration {
    Duration::from_millis(text.to_ms())
}

fn watch_live(run: &Run, asked: &AtomicBool) {
    let mut live = live::Live::default();
    let mut last: Option<Instant> = None;
    while !run.is_over() {
        if last.is_none_or(|last| last.elapsed() >= REDRAW) {
            last = Some(Instant::now());
            live.draw(&rates::lines(&run.snapshot()));
        }
        if asked.swap(false, Ordering::Relaxed) {
            live.say(&report::windows(&run.snapshot()));
        }
        thread::sleep(LOOK);
    }
}

fn watch_json(run: &Run, asked: &AtomicBool) {
    let mut last = Instant::now();
    while !run.is_over() {
        if last.elapsed() >= SNAPSHOT {
            last = Instant::now();
            report::tell_snapshot(run.snapshot());
        }
        if asked.swap(false, Ordering::Relaxed) {
            report::tell_windows(&run.snapshot());
        }
        thread::sleep(LOOK);
    }
}
