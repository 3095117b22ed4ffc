//! `tidegate check`: everything that is known of a file before it runs.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tidegate_core::check::Checked;
use tidegate_core::pipeline::Pipeline;
use tidegate_core::problem::{Problem, Severity};
use tidegate_core::types::Stream;

use crate::common::exit::{Exit, Failure};
use crate::common::files::{self, Parameters, is_good};
use crate::common::problems;
use crate::common::style::Paint;
use crate::common::voice::Voice;

/// Check pipeline files.
///
/// All problems are found at once, each with its place and a remedy. Nothing is run, and no broker is asked. Exit code 2 where a file must not run; warnings and notes alone are good.
///
/// With --json a JSON object per file: its problems, and the stream of every edge with its schema.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Pipeline files; `-` is standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    parameters: Parameters,
}

/// Checks the files.
pub(crate) fn run(args: &Args, voice: Voice) -> Result<Exit, Failure> {
    let mut exit = Exit::Good;
    for path in files::distinct(&args.files) {
        // The others are checked nevertheless.
        let (text, found, problems) = match files::read(path) {
            Ok(text) => {
                let (found, problems) = args.parameters.check(&text);
                (text, found, problems)
            }
            Err(wrong) => (wrong.text, None, wrong.problems),
        };
        if !is_good(&problems) {
            exit = Exit::Wrong;
        }
        if voice.is_json() {
            writeln!(io::stdout(), "{}", to_json(path, found.as_ref(), &problems))?;
        } else {
            problems::tell(path, &text, problems.iter(), voice);
            tell_result(path, found.as_ref(), &problems)?;
        }
    }
    Ok(exit)
}

fn tell_result(path: &Path, found: Option<&(Pipeline, Checked)>, problems: &[Problem]) -> io::Result<()> {
    let (paint, path) = (Paint::stdout(), files::shown(path));
    let count = |severity| problems.iter().filter(|problem| problem.severity == severity).count();
    let counted = [
        (count(Severity::Error), "error", "errors"),
        (count(Severity::Warning), "warning", "warnings"),
        (count(Severity::Note), "note", "notes"),
    ];
    let counted: Vec<String> =
        counted.iter().filter(|(count, ..)| *count > 0).map(|(count, one, many)| plural(*count, one, many)).collect();
    let counted = counted.join(", ");
    let mut out = io::stdout();
    match found.filter(|_| is_good(problems)) {
        Some((pipeline, _)) => {
            let size = format!(
                "{}, {}, {}",
                plural(pipeline.nodes.len(), "node", "nodes"),
                plural(pipeline.edges.len(), "edge", "edges"),
                plural(pipeline.tests.len(), "test", "tests")
            );
            let counted = if counted.is_empty() { counted } else { format!("; {counted}") };
            writeln!(out, "{path}: {}: {size}{counted}", paint.green("good"))
        }
        None => writeln!(out, "{path}: {}: {counted}", paint.red("must not run")),
    }
}

/// `1 node`, `2 nodes`.
fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn to_json(path: &Path, found: Option<&(Pipeline, Checked)>, problems: &[Problem]) -> Value {
    let edges = found.map(|(pipeline, checked)| {
        let edge = |(drawn, checked): (&tidegate_core::pipeline::Edge, &tidegate_core::check::CheckedEdge)| {
            let mut value = json!({ "edge": drawn.id(), "is_active": checked.is_active });
            value["stream"] = checked.stream.as_ref().map_or(Value::Null, stream_to_json);
            value
        };
        pipeline.edges.iter().zip(&checked.edges).map(edge).collect::<Vec<_>>()
    });
    json!({ "file": files::shown(path), "is_good": is_good(problems), "problems": problems, "edges": edges })
}

fn stream_to_json(stream: &Stream) -> Value {
    json!({
        "schema": stream.schema.to_notation(),
        "key_format": stream.key,
        "carries": stream.carries,
        "is_windowed": stream.windowed,
    })
}
