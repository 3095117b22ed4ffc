//! The log: what happens inside, on standard error. Text for people at a terminal, JSON lines elsewhere.

use std::io::{self, IsTerminal};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::style::Paint;
use super::voice::Voice;

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Level {
    /// Nothing
    Off,
    /// What went wrong
    Error,
    /// What deserves a look
    Warn,
    /// What happens
    Info,
    /// What it is made of
    Debug,
    /// Everything
    Trace,
}

impl From<Level> for LevelFilter {
    fn from(level: Level) -> LevelFilter {
        match level {
            Level::Off => LevelFilter::OFF,
            Level::Error => LevelFilter::ERROR,
            Level::Warn => LevelFilter::WARN,
            Level::Info => LevelFilter::INFO,
            Level::Debug => LevelFilter::DEBUG,
            Level::Trace => LevelFilter::TRACE,
        }
    }
}

/// Starts the log, once. Only our own crates are heard.
pub(crate) fn start(level: Level, voice: Voice) {
    let ours = Targets::new().with_target("tidegate", LevelFilter::from(level));
    let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let layer = match io::stderr().is_terminal() && voice == Voice::People {
        true => layer.with_ansi(Paint::stderr().is_on()).with_target(false).without_time().boxed(),
        false => layer.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry().with(layer.with_filter(ours)).init();
}
