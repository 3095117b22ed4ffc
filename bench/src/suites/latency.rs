//! How long a record is under way at a low rate, and what it costs to wait for records.

use std::thread;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::{Embedded, Settings, job};
use crate::child::{Running, Work, run};
use crate::cluster::{Job, Place};
use crate::measure::Measured;
use crate::probe::{Latency, Probe};
use crate::report::{Goal, Spread, figure, note, title};

const RATE: u64 = 1000;
const SECONDS: u64 = 5;
const MANY: i32 = 100;
const IDLE: Duration = Duration::from_secs(10);

/// All figures of a run that has little to do.
pub(crate) fn latency(settings: &Settings) -> Result<()> {
    title(&format!("Latency at {RATE} records/s from topic to topic, default settings"));
    let embedded = Embedded::start()?;
    let brokers = &settings.kafka().unwrap_or_else(|| embedded.brokers.clone());
    let (mut bare, mut engine) = (Vec::new(), Vec::new());
    for _ in 0..settings.pairs {
        bare.push(through(brokers, "copy", Work::Copy)?.1);
        let (measured, latency) = through(brokers, "keep", Work::Keep)?;
        ensure!(measured.is_none_or(|measured| measured.records == RATE * SECONDS + 1), "{measured:?}");
        engine.push(latency);
    }
    let more = engine.iter().zip(&bare).map(|(engine, bare)| engine.p99 - bare.p99);
    figure("p99 beside a bare poll + send program", Spread::of(more), "ms more", Goal::AtMost(2.0));
    for (name, all) in [("bare", &bare), ("engine", &engine)] {
        let [p50, p99] = [|one: &Latency| one.p50, |one: &Latency| one.p99].map(|of| Spread::of(all.iter().map(of)));
        note(&format!("  {name:<10} p50 {p50} ms, p99 {p99} ms"));
    }
    title(&format!("An idle run on {MANY} partitions"));
    let idle = (0..settings.pairs.min(3)).map(|_| idle(brokers)).collect::<Result<Vec<_>>>()?;
    figure("CPU", Spread::of(idle), "% of a core", Goal::AtMost(2.0));
    embedded.stop()
}

/// Sends records through a program; the one by hand tells nothing of itself.
fn through(brokers: &str, what: &str, work: impl Fn(Job) -> Work) -> Result<(Option<Measured>, Latency)> {
    let from = Place::new(brokers, super::unique("from"));
    from.create(1)?;
    let job = job(&from, what, RATE * SECONDS, 1)?;
    let is_ours = matches!(work(job.clone()), Work::Keep(_));
    let mut program = Running::start(&work(job.clone()))?;
    let _: bool = program.line()?;
    let latency = run(&Work::Probe(Probe { job: job.clone(), rate: RATE }))?;
    let measured = if is_ours { Some(program.finish()?) } else { program.wait().map(|()| None)? };
    Place::new(brokers, &job.to).delete()?;
    from.delete()?;
    Ok((measured, latency))
}

/// Percent of a core that a run takes which gets no records.
fn idle(brokers: &str) -> Result<f64> {
    let from = Place::new(brokers, super::unique("idle"));
    from.create(MANY)?;
    let job = job(&from, "idle-out", 0, 1)?;
    let mut program = Running::start(&Work::Keep(job.clone()))?;
    let _: bool = program.line()?;
    thread::sleep(IDLE);
    let measured: Measured = program.finish()?;
    Place::new(brokers, &job.to).delete()?;
    from.delete()?;
    Ok(100.0 * measured.cpu_s / measured.wall_s)
}
