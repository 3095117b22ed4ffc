//! `tidegate drive`: a file in the test driver, rows in and rows out.

use std::io::{self, Write};
use std::path::PathBuf;

use tidegate_core::batch::MAX_ROWS;
use tidegate_core::drive::{Shown, drive, read_lines};
use tidegate_core::plan::Drawn;

use crate::common::exit::{Exit, Failure, tell_fault};
use crate::common::files::{self, Parameters};
use crate::common::problems;

/// Run a pipeline on rows of a script, without a broker.
///
/// This is the test driver: rows in, rows out, a clock moved by hand. A line of the script is a record for a source node, {"node", "ts", "key", "value", "headers", "partition"}, or moves the
/// clock ({"advance": "10s"}), ends a source ({"end": NODE}), or stops and grants a node's demand ({"hold": NODE},
/// {"release": NODE, "records": N}). `generate` and `file-source` run by themselves where no line names them. Nothing is
/// read from or written to Kafka. Each row out is a line {"node", "port", "ts", "key", "value", "headers"}.
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
    /// How many consecutive rows of a node may make a batch; changes no output
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=MAX_ROWS as i64))]
    batch: u16,
    #[command(flatten)]
    parameters: Parameters,
}

/// Drives the file.
pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let loaded = args.parameters.load(&args.file)?;
    let script = match &args.script {
        None => Vec::new(),
        Some(path) => {
            let text = files::read(path)?;
            read_lines(&text).map_err(|problems| {
                problems::tell(path, &text, problems.iter());
                Failure::Told(Exit::Wrong)
            })?
        }
    };
    let drawn = Drawn::new(&loaded.pipeline, &loaded.checked);
    let shown = match args.output.as_slice() {
        [] => Shown::sinks(),
        names => Shown::named(names, &drawn.nodes).map_err(Failure::of_arguments)?,
    };
    let driven = drive(drawn.plan(&shown.observed(&drawn)), &script, &shown, args.batch.into());
    let mut out = io::BufWriter::new(io::stdout().lock());
    for row in &driven.rows {
        serde_json::to_writer(&mut out, row).map_err(io::Error::from)?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(driven.fault.map_or(Exit::Good, |fault| tell_fault(&fault)))
}
