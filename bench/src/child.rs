//! Programs that are measured, each in a process of its own: this program again, with work to do. A child prints JSON
//! lines; one that runs until it is told ends with its standard input.

use std::env;
use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tidegate_broker::{Broker, BrokerOptions};

#[cfg(feature = "editor")]
use crate::editor;
use crate::{cluster, engine, hand, p2, probe, windows};

/// What a child does.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Work {
    /// serves the embedded broker from memory, and prints its address
    Broker,
    /// reads a topic: how many records, and a hash per key
    Digest(cluster::Place),
    /// P1 in memory, by the engine
    MemoryEngine(engine::InMemory),
    /// the same, served over HTTP
    MemoryWatched(engine::InMemory),
    /// P1 in memory, by hand
    MemoryHand(engine::InMemory),
    /// P1 from topic to topic, by the engine
    KafkaEngine(cluster::Job),
    /// P1 from topic to topic, by hand
    KafkaHand(cluster::Job),
    /// reads a topic that P2 has written
    Results(cluster::Place),
    /// P2 from topic to topic, by the engine
    KafkaWindow(cluster::Job),
    /// a window in memory, or decoding alone
    MemoryWindow(windows::Windowed),
    /// a window in memory that stays open, and what its keys take
    OpenWindow(windows::Windowed),
    /// copies records, by hand, until it is told
    Copy(cluster::Job),
    /// a pipeline that keeps all records, by the engine, until it is told
    Keep(cluster::Job),
    /// reads a topic into a slow sink, and prints its memory
    Slow(engine::Slow),
    /// sends a topic records and reads another: latency
    Probe(probe::Probe),
    /// draws with the editor, without a window
    #[cfg(feature = "editor")]
    Editor,
}

/// Does a child's work.
pub(crate) fn main(work: &str) -> Result<()> {
    match serde_json::from_str(work).context("a child's work is JSON")? {
        Work::Broker => {
            let listen = (std::net::Ipv4Addr::LOCALHOST, 0).into();
            let broker = Broker::start(BrokerOptions { listen, data: None })?;
            tell(&broker.address().to_string())?;
            until_told()
        }
        Work::Digest(place) => tell(&cluster::digest(&place)?),
        Work::MemoryEngine(job) => tell(&engine::in_memory(&job)?),
        Work::MemoryWatched(job) => tell(&engine::watched(&job)?),
        Work::MemoryHand(job) => tell(&hand::in_memory(&job)?),
        Work::KafkaEngine(job) => tell(&engine::on_kafka(&job)?),
        Work::KafkaHand(job) => tell(&hand::on_kafka(&job)?),
        Work::Results(place) => tell(&p2::read(&place)?),
        Work::KafkaWindow(job) => tell(&windows::on_kafka(&job)?),
        Work::MemoryWindow(windowed) => tell(&windows::in_memory(&windowed)?),
        Work::OpenWindow(windowed) => tell(&windows::open(&windowed)?),
        Work::Copy(job) => hand::copy(&job),
        Work::Keep(job) => tell(&engine::keep(&job)?),
        Work::Slow(slow) => tell(&engine::slow(&slow)?),
        Work::Probe(probe) => tell(&probe::run(&probe)?),
        #[cfg(feature = "editor")]
        Work::Editor => tell(&editor::costs()?),
    }
}

/// Prints a line for whoever started this child.
pub(crate) fn tell(result: &impl Serialize) -> Result<()> {
    println!("{}", serde_json::to_string(result)?);
    Ok(())
}

/// Returns when this child is told to end.
pub(crate) fn until_told() -> Result<()> {
    io::stdin().read_to_end(&mut Vec::new()).context("standard input")?;
    Ok(())
}

/// A child that runs.
pub(crate) struct Running {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Running {
    /// Starts a child.
    pub(crate) fn start(work: &Work) -> Result<Running> {
        let program = env::current_exe().context("this program's own path")?;
        Running::start_command(Command::new(program).args(["child", &serde_json::to_string(work)?]))
    }

    /// Starts another program that keeps to the same rules.
    pub(crate) fn start_command(command: &mut Command) -> Result<Running> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("a child")?;
        let lines = BufReader::new(child.stdout.take().context("a child without output")?);
        Ok(Running { child, lines })
    }

    /// The next line that it prints.
    pub(crate) fn line<T: DeserializeOwned>(&mut self) -> Result<T> {
        let mut line = String::new();
        if self.lines.read_line(&mut line).context("a child's output")? == 0 {
            bail!("a measured program failed: {}", self.child.wait()?);
        }
        serde_json::from_str(&line).with_context(|| format!("a child said {line}"))
    }

    /// Tells it to end.
    pub(crate) fn tell_to_end(&mut self) {
        self.child.stdin.take();
    }

    /// Tells it to end and gives its last line.
    pub(crate) fn finish<T: DeserializeOwned>(mut self) -> Result<T> {
        self.tell_to_end();
        let last = self.line()?;
        self.wait()?;
        Ok(last)
    }

    /// Waits until it has ended by itself.
    pub(crate) fn wait(mut self) -> Result<()> {
        self.tell_to_end();
        let status = self.child.wait()?;
        if !status.success() {
            bail!("a measured program failed: {status}");
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Gone already, unless something went wrong.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Has a child do its work, and gives what came of it.
pub(crate) fn run<T: DeserializeOwned>(work: &Work) -> Result<T> {
    let mut running = Running::start(work)?;
    let result = running.line()?;
    running.wait()?;
    Ok(result)
}
