//! Pipelines as runs of the real engine: parsed, checked, planned and started as the program does it.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::atomic::Ordering::Relaxed;
use tidegate_core::check::{CheckOptions, check_text};
use tidegate_core::engine::{ClusterSettings, Run, RunOptions, stop_metering};
use tidegate_core::kafka::{ClientSettings, OWNED_PROPERTIES};
use tidegate_core::operators::{ALL, Operator};
use tidegate_core::plan::Drawn;
use tidegate_serve::{ServeOptions, Socket};

use crate::child::{tell, until_told};
use crate::cluster::Job;
use crate::measure::{Measured, Moment, cpu, first_record, peak_mb, resident_mb};
use crate::memory::Pace;
use crate::{memory, trades};

/// A pipeline in memory: P1, or one that keeps all where records come one by one.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct InMemory {
    /// how many records
    pub(crate) records: u64,
    /// how many of ten cannot be read
    pub(crate) broken_of_ten: u64,
    /// how they come
    pub(crate) pace: Pace,
    /// how often somebody looks at the meters, in milliseconds; 0: nobody does
    pub(crate) look_ms: u64,
    /// nothing is counted or timed
    pub(crate) is_unmetered: bool,
}

/// A topic read into a slow sink.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Slow {
    /// what to read
    pub(crate) job: Job,
    /// how long the sink takes for a record, in microseconds
    pub(crate) pause_us: u64,
}

/// Starts a pipeline; `threads` 0 are as many as there are cores.
pub(crate) fn start(file: &Value, brokers: Option<&str>, threads: usize) -> Result<Run> {
    let operators: Vec<&'static Operator> = ALL.iter().copied().chain([&memory::SOURCE, &memory::SINK]).collect();
    let options = CheckOptions { operators: &operators, ..CheckOptions::new(OWNED_PROPERTIES) };
    let (checked, problems) = check_text(&file.to_string(), &options);
    let (pipeline, checked) = checked.with_context(|| format!("{problems:?}"))?;
    if !checked.is_runnable() {
        bail!("{problems:?}");
    }
    let clusters = brokers.map(|brokers| ("default".to_string(), ClientSettings::new(brokers)));
    let options = RunOptions { threads, ..RunOptions::new(&pipeline, &checked, ClusterSettings::from_iter(clusters)) };
    Run::start(Drawn::new(&pipeline, &checked).plan(&[]), options).context("the run does not start")
}

/// Waits until a run is over.
pub(crate) fn end(run: Run) -> Result<()> {
    let outcome = run.wait();
    match outcome.faults.first() {
        Some(fault) => bail!("the run failed: {fault}"),
        None => Ok(()),
    }
}

/// P1 in memory, on one thread, served over HTTP at an address that it tells.
pub(crate) fn watched(job: &InMemory) -> Result<Measured> {
    let options = ServeOptions { address: ([127, 0, 0, 1], 0).into(), token: None, tls: None, is_insecure: false };
    let socket = Socket::open(options)?;
    tell(&socket.address().to_string())?;
    let run = start_in_memory(job)?;
    let _server = socket.serve(run.handle().clone(), drawn(job).to_string())?;
    end(run)?;
    since_first(job.records)
}

/// P1 in memory, on one thread.
pub(crate) fn in_memory(job: &InMemory) -> Result<Measured> {
    let run = start_in_memory(job)?;
    while job.look_ms > 0 && !run.is_over() {
        thread::sleep(Duration::from_millis(job.look_ms));
        std::hint::black_box(run.snapshot());
    }
    end(run)?;
    since_first(job.records)
}

fn start_in_memory(job: &InMemory) -> Result<Run> {
    if job.is_unmetered {
        stop_metering();
    }
    start(&drawn(job), None, 1)
}

fn drawn(job: &InMemory) -> Value {
    let InMemory { records, broken_of_ten, pace, .. } = *job;
    let source =
        json!({ "schema": trades::schema(), "records": records, "broken_of_ten": broken_of_ten, "pace": pace });
    let draw = if pace == Pace::Flood { trades::p1 } else { trades::keep_all };
    draw("bench", ("memory-source", source), ("memory-sink", json!({})))
}

/// What it cost from the first record in memory until now.
pub(crate) fn since_first(records: u64) -> Result<Measured> {
    let (first, last) = (first_record(), Moment::now());
    Ok(Measured {
        records,
        outputs: memory::TAKEN.0.load(Relaxed),
        bytes: memory::TAKEN.1.load(Relaxed),
        cpu_s: (last.cpu - first.cpu).as_secs_f64(),
        wall_s: (last.at - first.at).as_secs_f64(),
        peak_mb: peak_mb()?,
    })
}

/// A source and a sink from topic to topic.
pub(crate) fn topics(job: &Job) -> ((&'static str, Value), (&'static str, Value)) {
    let source = json!({ "topic": job.from.topic, "schema": trades::schema() });
    (("kafka-source", source), ("kafka-sink", json!({ "topic": job.to })))
}

/// P1 from topic to topic.
pub(crate) fn on_kafka(job: &Job) -> Result<Measured> {
    let (source, sink) = topics(job);
    across(&trades::p1(&job.group, source, sink), job)
}

/// A pipeline from topic to topic.
pub(crate) fn across(file: &Value, job: &Job) -> Result<Measured> {
    let run = start(file, Some(&job.from.brokers), 0)?;
    let is_read = |run: &Run| run.snapshot().nodes.iter().any(|node| node.records_in > 0);
    wait_for(&run, Duration::from_millis(1), is_read)?;
    let first = Instant::now();
    wait_for(&run, Duration::from_millis(10), |run| safe(run) >= job.records as i64)?;
    let wall_s = first.elapsed().as_secs_f64();
    run.stop();
    let outputs = run.snapshot().nodes.last().map_or(0, |node| node.records_out);
    end(run)?;
    Ok(Measured { records: job.records, outputs, bytes: 0, cpu_s: cpu().as_secs_f64(), wall_s, peak_mb: peak_mb()? })
}

/// How many records are read and all that came of them acknowledged.
fn safe(run: &Run) -> i64 {
    run.snapshot().partitions.iter().map(|partition| partition.safe.max(0)).sum()
}

fn wait_for(run: &Run, step: Duration, is_there: impl Fn(&Run) -> bool) -> Result<()> {
    while !is_there(run) {
        if run.is_over() {
            bail!("the run is over too early: {:?}", run.snapshot());
        }
        thread::sleep(step);
    }
    Ok(())
}

/// Keeps all records until it is told; what it costs is counted from when the partitions are there.
pub(crate) fn keep(job: &Job) -> Result<Measured> {
    let (source, sink) = topics(job);
    let run = start(&trades::keep_all(&job.group, source, sink), Some(&job.from.brokers), 0)?;
    wait_for(&run, Duration::from_millis(10), |run| run.snapshot().partitions.iter().any(|at| at.is_at_end))?;
    thread::sleep(Duration::from_secs(2));
    let first = Moment::now();
    println!("true");
    until_told()?;
    let last = Moment::now();
    let records = run.snapshot().nodes.first().map_or(0, |node| node.records_in);
    run.stop();
    end(run)?;
    Ok(Measured {
        records,
        outputs: records,
        bytes: 0,
        cpu_s: (last.cpu - first.cpu).as_secs_f64(),
        wall_s: (last.at - first.at).as_secs_f64(),
        peak_mb: peak_mb()?,
    })
}

/// Reads a topic into a slow sink; gives the memory every tenth of the way, in MB.
pub(crate) fn slow(slow: &Slow) -> Result<Vec<f64>> {
    let (source, _) = topics(&slow.job);
    let sink = ("memory-sink", json!({ "pause_us": slow.pause_us }));
    let run = start(&trades::keep_all(&slow.job.group, source, sink), Some(&slow.job.from.brokers), 0)?;
    let mut resident = Vec::new();
    for tenth in 1..=10 {
        let upto = slow.job.records * tenth / 10;
        wait_for(&run, Duration::from_millis(20), |_| memory::TAKEN.0.load(Relaxed) >= upto)?;
        resident.push(resident_mb()?);
    }
    run.stop();
    end(run)?;
    Ok(resident)
}
