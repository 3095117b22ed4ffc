//! What is compared, and the goals. Each suite prints its figures; those that need a real Kafka are left out, and say so,
//! where there is none.

#[cfg(feature = "editor")]
mod editor;
mod headless;
mod kafka;
mod latency;
mod memory;
mod steady;
mod watch;
mod windows;

use std::env;

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;

use crate::child::{self, Running, Work};
use crate::cluster::{Job, Place};

#[cfg(feature = "editor")]
pub(crate) use editor::editor;
pub(crate) use headless::{Program, build};
pub(crate) use kafka::kafka;
pub(crate) use latency::latency;
pub(crate) use memory::memory;
pub(crate) use steady::flat;
pub(crate) use watch::watch;
pub(crate) use windows::windows;

/// Of the topics of P1 and P2.
const PARTITIONS: i32 = 4;
const NO_STREAMS: &str = "Kafka Streams is left out: no JDK, or no Maven";

/// How much is measured, and on what.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Settings {
    /// A real Kafka, `host:port`; `tests/kafka/up` starts one [default: TIDEGATE_TEST_KAFKA]
    #[arg(long, value_name = "BROKERS")]
    kafka: Option<String>,
    /// Records of P1 and P2, and in memory
    #[arg(long, default_value_t = 3_000_000, value_parser = clap::value_parser!(u64).range(1000..))]
    records: u64,
    /// Interleaved pairs, of which the median is taken
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    pairs: u64,
}

impl Settings {
    /// The real Kafka, where one is named.
    fn kafka(&self) -> Option<String> {
        self.kafka.clone().or_else(|| env::var("TIDEGATE_TEST_KAFKA").ok())
    }
}

/// Everything but the build and the editor.
pub(crate) fn all(settings: &Settings) -> Result<()> {
    memory(settings)?;
    watch(settings)?;
    kafka(settings)?;
    windows(settings)?;
    latency(settings)?;
    flat(settings)
}

/// Few records, for CI.
pub(crate) fn quick(settings: &Settings) -> Result<()> {
    let few = Settings { records: settings.records.min(20_000), pairs: 1, ..settings.clone() };
    memory::agree(&few)?;
    watch::agree(&few)?;
    kafka::agree(&few)?;
    windows::agree(&few)?;
    println!("all programs ran, and their outputs agree");
    Ok(())
}

/// The embedded broker in a process of its own.
struct Embedded {
    brokers: String,
    running: Running,
}

impl Embedded {
    fn start() -> Result<Embedded> {
        let mut running = Running::start(&Work::Broker)?;
        let brokers = running.line().context("the embedded broker's address")?;
        Ok(Embedded { brokers, running })
    }

    fn stop(self) -> Result<()> {
        self.running.wait()
    }
}

/// The topic with the trades of P1 and P2.
fn trades(brokers: &str, settings: &Settings) -> Result<Place> {
    let place = Place::new(brokers, format!("bench-trades-{}", settings.records));
    place.fill(PARTITIONS, settings.records)?;
    Ok(place)
}

/// A name that no earlier run has used.
fn unique(what: &str) -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    format!("bench-{what}-{}-{}", since.as_millis(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A job into a fresh topic.
fn job(from: &Place, what: &str, records: u64, partitions: i32) -> Result<Job> {
    let name = unique(what);
    Place::new(&from.brokers, &name).create(partitions)?;
    Ok(Job { from: from.clone(), to: name.clone(), group: name, records })
}

/// What lies in the topic that a job wrote, as a child reads it; the topic goes.
fn outcome<T: DeserializeOwned>(job: &Job, read: impl Fn(Place) -> Work) -> Result<T> {
    let place = Place::new(&job.from.brokers, &job.to);
    let outcome = child::run(&read(place.clone()))?;
    place.delete()?;
    Ok(outcome)
}
