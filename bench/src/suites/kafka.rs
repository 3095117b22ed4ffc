//! P1 from topic to topic: by hand, by the engine, by Kafka Streams; on a real Kafka and on the embedded broker.

use anyhow::{Context, Result, ensure};

use super::{Embedded, NO_STREAMS, PARTITIONS, Settings, job, outcome, trades};
use crate::child::{Work, run};
use crate::cluster::{Digest, Job, Place};
use crate::measure::Measured;
use crate::report::{Goal, Spread, figure, note, title};
use crate::streams::Streams;

/// All figures of P1 on brokers.
pub(crate) fn kafka(settings: &Settings) -> Result<()> {
    title(&format!("P1 from topic to topic: {} records, {PARTITIONS} partitions", settings.records));
    let Some(brokers) = settings.kafka() else {
        note("left out: no Kafka is named (--kafka); `tests/kafka/up` starts one");
        return Ok(());
    };
    let embedded = Embedded::start()?;
    let on_kafka = trades(&brokers, settings)?;
    let on_embedded = trades(&embedded.brokers, settings)?;
    let streams = Streams::build()?;
    if streams.is_none() {
        note(NO_STREAMS);
    }
    let (mut by_hand, mut engine, mut ours, mut java) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..settings.pairs {
        let (first, digest) = measured(&on_kafka, "hand", settings.records, Work::KafkaHand)?;
        let (second, other) = measured(&on_kafka, "engine", settings.records, Work::KafkaEngine)?;
        ensure!(digest == other, "outputs differ: by hand {digest:?}, engine {other:?}");
        let (third, other) = measured(&on_embedded, "engine", settings.records, Work::KafkaEngine)?;
        ensure!(digest == other, "outputs differ: on Kafka {digest:?}, on the embedded broker {other:?}");
        by_hand.push(first);
        engine.push(second);
        ours.push(third);
        if let Some(streams) = &streams {
            let job = job(&on_kafka, "streams", settings.records, PARTITIONS)?;
            java.push(streams.run("P1", &job)?);
            let other = outcome(&job, Work::Digest)?;
            ensure!(digest == other, "outputs differ: by hand {digest:?}, Kafka Streams {other:?}");
        }
    }
    embedded.stop()?;
    show(&by_hand, &engine, &ours, &java);
    Ok(())
}

fn show(by_hand: &[Measured], engine: &[Measured], ours: &[Measured], java: &[Measured]) {
    let cpu = |all: &[Measured]| all.iter().map(|one| one.cpu_ns() / 1000.0).collect::<Vec<_>>();
    let rate = |all: &[Measured]| all.iter().map(|one| one.rate() / 1e6).collect::<Vec<_>>();
    let peak = |all: &[Measured]| all.iter().map(|one| one.peak_mb).collect::<Vec<_>>();
    let ratio = |over: Vec<f64>, under: Vec<f64>| Spread::of_ratios(&over, &under);
    figure("CPU, of the program by hand (aim 0.55)", ratio(cpu(engine), cpu(by_hand)), "", Goal::AtMost(0.7));
    figure("records/s, of the program by hand", ratio(rate(engine), rate(by_hand)), "", Goal::AtLeast(1.2));
    figure("peak memory", Spread::of(peak(engine)), "MB", Goal::AtMost(60.0));
    figure(
        "records/s on the embedded broker, of those on Kafka",
        ratio(rate(ours), rate(engine)),
        "",
        Goal::AtLeast(0.6),
    );
    if !java.is_empty() {
        figure("CPU, of Kafka Streams", ratio(cpu(engine), cpu(java)), "", Goal::AtMost(0.2));
        figure("peak memory, of Kafka Streams", ratio(peak(engine), peak(java)), "", Goal::AtMost(0.125));
    }
    let programs =
        [("by hand", by_hand), ("engine", engine), ("engine, embedded broker", ours), ("Kafka Streams", java)];
    for (name, all) in programs.into_iter().filter(|(_, all)| !all.is_empty()) {
        let [cpu, rate, peak] = [cpu(all), rate(all), peak(all)].map(Spread::of);
        note(&format!("  {name:<24} {cpu} µs of CPU a record, {rate} M records/s, {peak} MB"));
    }
}

fn measured(from: &Place, what: &str, records: u64, work: impl Fn(Job) -> Work) -> Result<(Measured, Digest)> {
    let job = job(from, what, records, PARTITIONS)?;
    let measured = run(&work(job.clone())).with_context(|| format!("P1, {what}"))?;
    Ok((measured, outcome(&job, Work::Digest)?))
}

/// That the programs run and agree.
pub(super) fn agree(settings: &Settings) -> Result<()> {
    let embedded = Embedded::start()?;
    for brokers in settings.kafka().into_iter().chain([embedded.brokers.clone()]) {
        let from = trades(&brokers, settings)?;
        let (_, by_hand) = measured(&from, "hand", settings.records, Work::KafkaHand)?;
        let (_, engine) = measured(&from, "engine", settings.records, Work::KafkaEngine)?;
        ensure!(by_hand.records > 0 && by_hand == engine, "outputs differ: by hand {by_hand:?}, engine {engine:?}");
    }
    embedded.stop()
}
