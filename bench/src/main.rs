//! What Tidegate costs beside programs written by hand. Every figure is a ratio: the median of interleaved pairs of
//! child processes in one run, since machines differ and are never quiet. Brokers run in processes of their own.
//!
//! - [`suites`]: what is compared, and the goals
//! - [`child`], [`measure`]: programs as child processes, and what they cost; [`report`]: medians and how they are shown
//! - [`trades`]: the records and the pipeline P1; [`p2`]: the pipeline P2 and its results
//! - [`engine`]: a pipeline as a run; [`windows`]: those with windows; [`memory`]: sources and sinks in memory
//! - [`hand`]: what a good engineer writes without us; [`streams`]: programs for Kafka Streams
//! - [`cluster`], [`probe`]: topics, what lies in them, latency
//! - [`dashboard`]: the real one, on a run; `editor`: the real one, without a window, where it is built in

mod child;
mod cluster;
mod dashboard;
#[cfg(feature = "editor")]
mod editor;
mod engine;
mod hand;
mod measure;
mod memory;
mod p2;
mod probe;
mod report;
mod streams;
mod suites;
mod trades;
mod windows;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use suites::Settings;

/// Measures Tidegate beside programs written by hand, and prints ratios.
#[derive(Debug, Parser)]
#[command(name = "bench", version)]
struct Arguments {
    #[command(subcommand)]
    suite: Suite,
}

#[derive(Debug, Subcommand)]
enum Suite {
    /// Everything but `build` and `editor`
    All(Settings),
    /// Few records: that all programs run and their outputs agree. Says nothing of time
    Quick(Settings),
    /// In memory: the pipeline's own cost, failing records, meters, a lone record
    Memory(Settings),
    /// What it costs to be watched: P1 in memory, served over HTTP to a client that follows its events, and to a
    /// dashboard
    Watch(Settings),
    /// P1 on a real Kafka and on the embedded broker, beside the program by hand and Kafka Streams
    Kafka(Settings),
    /// Windows: P2 on a real Kafka beside Kafka Streams; in memory what they add to decoding, and what a million keys take
    Windows(Settings),
    /// Latency at 1,000 records/s, and what an idle run costs
    Latency(Settings),
    /// Memory with a sink 100 times slower than its source
    Flat(Settings),
    /// The editor: a large pipeline that runs, drawn without a GPU; its start, its memory, its checks
    #[cfg(feature = "editor")]
    Editor(Settings),
    /// The headless build: CPU, size, and how soon the program reads its first record
    Build(suites::Program),
    /// One of the programs that are measured
    #[command(hide = true)]
    Child {
        /// what to do, as JSON
        work: String,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().suite {
        Suite::All(settings) => suites::all(&settings),
        Suite::Quick(settings) => suites::quick(&settings),
        Suite::Memory(settings) => suites::memory(&settings),
        Suite::Watch(settings) => suites::watch(&settings),
        Suite::Kafka(settings) => suites::kafka(&settings),
        Suite::Windows(settings) => suites::windows(&settings),
        Suite::Latency(settings) => suites::latency(&settings),
        Suite::Flat(settings) => suites::flat(&settings),
        #[cfg(feature = "editor")]
        Suite::Editor(settings) => suites::editor(&settings),
        Suite::Build(program) => suites::build(&program),
        Suite::Child { work } => child::main(&work),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why:#}");
            ExitCode::FAILURE
        }
    }
}
