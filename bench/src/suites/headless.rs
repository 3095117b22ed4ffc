//! The headless program: what it costs to build, how large it is, how soon it reads.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::report::{Goal, Spread, figure, title};

/// Builds it anew in a folder of its own.
pub(crate) fn build() -> Result<()> {
    title("The headless program (--no-default-features, release)");
    let folder = tempfile::tempdir()?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let before = children_s()?;
    let status = Command::new("cargo")
        .args(["build", "--release", "--no-default-features", "--package", "tidegate", "--quiet"])
        .current_dir(root)
        .env("CARGO_TARGET_DIR", folder.path())
        .status()
        .context("cargo")?;
    ensure!(status.success(), "the headless program does not build");
    figure("clean build", Spread::of([children_s()? - before]), "CPU-s", Goal::AtMost(800.0));
    let program = folder.path().join("release/tidegate");
    let stripped = folder.path().join("stripped");
    let status = Command::new("strip").arg("-o").arg(&stripped).arg(&program).status().context("strip")?;
    ensure!(status.success(), "the program cannot be stripped");
    let size = fs::metadata(&stripped)?.len() as f64 / 1e6;
    figure("stripped", Spread::of([size]), "MB", Goal::AtMost(30.0));
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
