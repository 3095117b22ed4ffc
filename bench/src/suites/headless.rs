//! The headless program: what it costs to build, how large it is, how soon it reads.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::report::{Goal, Spread, figure, title};

/// Which program.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Program {
    /// A headless program that is built already; else one is built in a folder of its own, which takes minutes
    #[arg(long, value_name = "PATH")]
    program: Option<PathBuf>,
}

/// Times that the start is measured.
const STARTS: usize = 5;

/// Size, start, and, where it is built here, what that costs.
pub(crate) fn build(Program { program }: &Program) -> Result<()> {
    title("The headless program (--no-default-features, release)");
    let folder = tempfile::tempdir()?;
    let program = match program {
        Some(program) => program.clone(),
        None => build_anew(folder.path())?,
    };
    let stripped = folder.path().join("stripped");
    run(Command::new("strip").arg("-o").arg(&stripped).arg(&program))?;
    let size = fs::metadata(&stripped)?.len() as f64 / 1e6;
    figure("stripped", Spread::of([size]), "MB", Goal::AtMost(30.0));
    let starts = starts(&stripped, folder.path())?;
    figure("start to first record on the embedded broker", Spread::of(starts), "s", Goal::AtMost(1.0));
    Ok(())
}

fn build_anew(folder: &Path) -> Result<PathBuf> {
    let before = children_s()?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let options = ["build", "--release", "--no-default-features", "--package", "tidegate", "--quiet"];
    run(Command::new("cargo").args(options).current_dir(root).env("CARGO_TARGET_DIR", folder))?;
    figure("clean build", Spread::of([children_s()? - before]), "CPU-s", Goal::AtMost(800.0));
    Ok(folder.join("release/tidegate"))
}

/// Seconds from the start of the program to the first record that it has read from its embedded broker and shown.
fn starts(program: &Path, folder: &Path) -> Result<Vec<f64>> {
    let data = folder.join("data");
    let file = |name: &str, pipeline: Value| -> Result<PathBuf> {
        let path = folder.join(name);
        fs::write(&path, pipeline.to_string())?;
        Ok(path)
    };
    let nodes = |first: Value, second: Value| {
        json!({ "tidegate": 1, "name": "start", "nodes": [first, second], "edges": [{ "from": "a.out", "to": "b.in" }],
                "clusters": { "default": { "brokers": "embedded" } } })
    };
    let numbers = json!({ "id": "a", "operator": "generate", "config": { "shape": "numbers", "count": 1000 } });
    let sink =
        json!({ "id": "b", "operator": "kafka-sink", "config": { "topic": "numbers", "create": { "partitions": 1 } } });
    let write = file("write.json", nodes(numbers, sink))?;
    run(Command::new(program).arg("run").arg(write).arg("--data").arg(&data).stderr(Stdio::null()))?;
    let source =
        json!({ "id": "a", "operator": "kafka-source", "config": { "topic": "numbers", "schema": { "n": "int64" } } });
    let read = file("read.json", nodes(source, json!({ "id": "b", "operator": "console-sink" })))?;
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let started = Instant::now();
        let mut command = Command::new(program);
        command.arg("run").arg(&read).args(["--from", "earliest", "--data"]).arg(&data).stderr(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).spawn().context("the headless program")?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("a program without output")?).read_line(&mut line)?;
        starts.push(started.elapsed().as_secs_f64());
        child.kill()?;
        child.wait()?;
        ensure!(!line.is_empty(), "the headless program shows no record");
    }
    Ok(starts)
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{command:?}"))?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}

/// CPU of all children that have ended, and of theirs, in seconds.
fn children_s() -> Result<f64> {
    let stat = fs::read_to_string("/proc/self/stat").context("CPU of children is measured on Linux only")?;
    // The second field is a name in brackets, which may contain anything.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = fields.split_whitespace().skip(13).take(2).filter_map(|word| word.parse::<u64>().ok()).sum();
    Ok(ticks as f64 / 100.0)
}
