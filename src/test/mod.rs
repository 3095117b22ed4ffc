//! `tidegate test`: the tests that pipeline files carry.

mod compare;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tidegate_core::batch::MAX_ROWS;
use tidegate_core::drive::{Mismatch, TestOutcome, run_test};
use tidegate_core::plan::Drawn;

use crate::common::exit::{Exit, Failure};
use crate::common::files::{self, Loaded, Parameters};
use crate::common::style::Paint;
use crate::common::voice::Voice;

/// Run the tests that pipeline files carry.
///
/// A test is a script of rows in and the rows expected out. It runs twice in the test driver, with batches of one row and of as many as there are: both must give what is
/// expected. No broker is needed. Exit code 1 where a test fails, 2 where a file is wrong.
///
/// With --json a JSON object per test.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Pipeline files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Only tests whose name contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    #[command(flatten)]
    parameters: Parameters,
}

/// Sizes of batches that every test is run with.
const BATCHES: [usize; 2] = [1, MAX_ROWS];

/// What came of one test of a file.
struct Tested {
    name: String,
    /// of the first size of batches that failed
    failed: Option<(usize, TestOutcome)>,
}

/// Runs the tests of the files.
pub(crate) fn run(args: &Args, voice: Voice) -> Result<Exit, Failure> {
    let (mut good, mut bad, mut wrong) = (0, 0, 0);
    for path in files::distinct(&args.files) {
        let loaded = match args.parameters.load(path) {
            Ok(loaded) => loaded,
            // The others are run nevertheless.
            Err(failure) => {
                failure.tell(voice);
                wrong += 1;
                continue;
            }
        };
        for tested in run_file(&loaded, args.only.as_deref()) {
            match tested.failed.is_some() {
                true => bad += 1,
                false => good += 1,
            }
            if voice.is_json() {
                writeln!(io::stdout(), "{}", to_json(path, &tested))?;
            } else {
                tell(path, &tested)?;
            }
        }
    }
    if !voice.is_json() {
        tell_sum(good, bad, wrong)?;
    }
    Ok(match (wrong, bad) {
        (0, 0) => Exit::Good,
        (0, _) => Exit::Failed,
        _ => Exit::Wrong,
    })
}

fn run_file(loaded: &Loaded, only: Option<&str>) -> Vec<Tested> {
    let drawn = Drawn::new(&loaded.pipeline, &loaded.checked);
    let chosen = |name: &str| only.is_none_or(|only| name.contains(only));
    let tests = loaded.pipeline.tests.iter().filter(|test| chosen(&test.name));
    let outcome = |test: &tidegate_core::pipeline::PipelineTest| {
        let failed = BATCHES
            .into_iter()
            .map(|batch| (batch, run_test(test, &drawn, batch)))
            .find(|(_, outcome)| !outcome.is_good());
        Tested { name: test.name.clone(), failed }
    };
    tests.map(outcome).collect()
}

fn tell(path: &Path, tested: &Tested) -> io::Result<()> {
    let (paint, mut out) = (Paint::stdout(), io::stdout().lock());
    let Some((batch, outcome)) = &tested.failed else {
        return writeln!(out, "{} {}: {}", paint.green("good  "), files::shown(path), tested.name);
    };
    writeln!(out, "{} {}: {}", paint.red("failed"), files::shown(path), tested.name)?;
    if *batch > 1 {
        writeln!(out, "  with batches of {batch} rows; with single rows it is good: please report this")?;
    }
    if let Some(fault) = &outcome.fault {
        writeln!(out, "  {}: {fault}", paint.red("stopped"))?;
    }
    for Mismatch { port, expected, came } in &outcome.mismatches {
        writeln!(out, "  {}  {} {}", paint.bold(port), paint.red("- expected"), paint.green("+ came"))?;
        for line in compare::lines(expected, came) {
            let line = match line.chars().next() {
                Some('-') => paint.red(&line),
                Some('+') => paint.green(&line),
                _ => line,
            };
            writeln!(out, "  {line}")?;
        }
    }
    Ok(())
}

fn tell_sum(good: usize, bad: usize, wrong: usize) -> io::Result<()> {
    let (paint, mut out) = (Paint::stdout(), io::stdout());
    let sum = match bad {
        0 if good == 0 => "no tests".to_string(),
        0 => format!("{good} of {good} good"),
        _ => format!("{good} of {} good, {}", good + bad, paint.red(&format!("{bad} failed"))),
    };
    let files = if wrong == 1 { "file" } else { "files" };
    let wrong = if wrong > 0 { paint.red(&format!("; {wrong} {files} must not run")) } else { String::new() };
    writeln!(out, "{sum}{wrong}")
}

fn to_json(path: &Path, tested: &Tested) -> Value {
    let mut value = json!({ "file": files::shown(path), "test": tested.name, "is_good": tested.failed.is_none() });
    if let Some((batch, outcome)) = &tested.failed {
        let mismatch =
            |Mismatch { port, expected, came }: &Mismatch| json!({ "port": port, "expected": expected, "came": came });
        value["batch"] = json!(batch);
        value["mismatches"] = outcome.mismatches.iter().map(mismatch).collect();
        value["fault"] = json!(outcome.fault);
    }
    value
}
