//! The programs for Kafka Streams in `tests/kafka-streams`, each in a JVM of its own, with the same memory as the others.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::child::Running;
use crate::cluster::Job;
use crate::measure::Measured;

/// What compiles them and tells the class path.
const BUILD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/kafka-streams/build");

/// The programs, compiled.
pub(crate) struct Streams {
    class_path: String,
}

impl Streams {
    /// Compiles the programs where they have changed; none without a JDK and Maven.
    pub(crate) fn build() -> Result<Option<Streams>> {
        if !["javac", "mvn"].into_iter().all(has_program) || !Path::new(BUILD).is_file() {
            return Ok(None);
        }
        let built = Command::new(BUILD).stderr(Stdio::inherit()).output().context(BUILD)?;
        ensure!(built.status.success(), "tests/kafka-streams/build: {}", built.status);
        let class_path = String::from_utf8(built.stdout).context("a class path that is not UTF-8")?;
        Ok(Some(Streams { class_path: class_path.trim().to_string() }))
    }

    /// Runs a program from topic to topic.
    pub(crate) fn run(&self, program: &str, job: &Job) -> Result<Measured> {
        let mut command = Command::new("java");
        command.args(["-Xmx1g", "-cp", &self.class_path, program]);
        command.args([&job.from.brokers, &job.from.topic, &job.to, &job.group]).arg(job.records.to_string());
        let mut running = Running::start_command(&mut command)?;
        let measured = running.line().with_context(|| format!("{program} in Kafka Streams"))?;
        running.wait()?;
        Ok(measured)
    }
}

/// Whether a program is on the path.
fn has_program(name: &str) -> bool {
    let paths = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&paths).any(|folder| folder.join(name).is_file())
}
