//! `tidegate drive`: a file in the test driver, rows in and rows out.

use std::io::{self, Write};
use std::path::PathBuf;

use serde_json::json;
use tidegate_core::batch::MAX_ROWS;
use tidegate_core::drive::{Shown, drive, read_lines};
use tidegate_core::explain::{Explanation, explain, window_nodes};
use tidegate_core::plan::Drawn;
use tidegate_core::problem::did_you_mean;
use tidegate_core::snapshot::Snapshot;

use crate::common::exit::{Exit, Failure, tell_fault};
use crate::common::explanation;
use crate::common::files::{self, Parameters, WrongFile};
use crate::common::style::{self, Paint};
use crate::common::voice::{Voice, tell_line};

/// Run a pipeline on rows of a script, without a broker.
///
/// This is the test driver: rows in, rows out, a clock moved by hand. A line of the script is a record for a source node, {"node", "ts", "key", "value", "headers", "partition"}, or moves the
/// clock ({"advance": "10s"}), ends a source ({"end": NODE}), or stops and grants a node's demand ({"hold": NODE},
/// {"release": NODE, "records": N}). `generate` and `file-source` run by themselves where no line names them. Nothing is
/// read from or written to Kafka. Each row out is a line {"node", "port", "ts", "key", "value", "headers"}.
///
/// With --json what is explained is a JSON line too, on standard error.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Pipeline file
    file: PathBuf,
    /// The script, a JSON row a line; `-` is standard input
    #[arg(long, value_name = "ROWS")]
    script: Option<PathBuf>,
    /// A port whose rows are shown; without any, what each sink receives
    #[arg(long, value_name = "NODE[.PORT]")]
    output: Vec<String>,
    /// A node with windows that says on standard error, after the last row, why nothing has come out of it
    #[arg(long, value_name = "NODE")]
    explain: Vec<String>,
    /// How many consecutive rows of a node may make a batch; changes no output
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=MAX_ROWS as i64))]
    batch: u16,
    #[command(flatten)]
    parameters: Parameters,
}

/// Drives the file.
pub(crate) fn run(args: &Args, voice: Voice) -> Result<Exit, Failure> {
    let loaded = args.parameters.load(&args.file)?;
    let script = match &args.script {
        None => Vec::new(),
        Some(path) => {
            let text = files::read(path)?;
            read_lines(&text).map_err(|problems| WrongFile { path: path.clone(), text, problems })?
        }
    };
    let drawn = Drawn::new(&loaded.pipeline, &loaded.checked);
    let shown = match args.output.as_slice() {
        [] => Shown::sinks(),
        names => Shown::named(names, &drawn.nodes).map_err(|fault| Failure::of_argument(Some("--output"), fault))?,
    };
    known(&args.explain, &drawn)?;
    let driven = drive(drawn.plan(&shown.observed(&drawn)), &script, &shown, args.batch.into());
    // What could not begin has no meters, and a fault.
    let explanations = match driven.snapshot.nodes.is_empty() {
        true => Vec::new(),
        false => args.explain.iter().map(|node| explained(&driven.snapshot, node)).collect::<Result<_, _>>()?,
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    for row in &driven.rows {
        serde_json::to_writer(&mut out, row).map_err(io::Error::from)?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    explanations.iter().for_each(|told| tell_explanation(told, voice));
    Ok(driven.fault.map_or(Exit::Good, |fault| tell_fault(&fault, voice)))
}

fn tell_explanation(told: &Explanation, voice: Voice) {
    match voice {
        Voice::People => {
            let lines = explanation::lines(told, Paint::stderr(), style::columns());
            lines.iter().for_each(|line| eprintln!("{line}"));
        }
        Voice::Programs => tell_line("explanation", json!(told)),
    }
}

/// All of these are nodes that take part.
fn known(names: &[String], drawn: &Drawn) -> Result<(), Failure> {
    let is_known = |name: &str| drawn.nodes.iter().any(|node| node.id == name);
    let Some(unknown) = names.iter().find(|name| !is_known(name)) else { return Ok(()) };
    let remedy = match did_you_mean(unknown, drawn.nodes.iter().map(|node| node.id.as_str())) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "name a node of the file".into(),
    };
    Err(Failure::argument("--explain", format!("there is no node `{unknown}` to explain"), remedy))
}

fn explained(snapshot: &Snapshot, node: &str) -> Result<Explanation, Failure> {
    explain(snapshot, node).ok_or_else(|| {
        let with: Vec<String> = window_nodes(snapshot).map(|node| format!("`{node}`")).collect();
        let remedy = match with.is_empty() {
            true => "no node of the file has windows".into(),
            false => format!("explain {}", with.join(", ")),
        };
        Failure::argument("--explain", format!("`{node}` has no windows: it waits for nothing but records"), remedy)
    })
}
