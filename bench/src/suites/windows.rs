//! Windows: P2 from topic to topic beside Kafka Streams; in memory, beside decoding the same records and no more; and what
//! a million keys take that are open at once.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{Embedded, NO_STREAMS, PARTITIONS, Settings, job, outcome, trades};
use crate::child::{Work, run};
use crate::cluster::Place;
use crate::measure::Measured;
use crate::memory::MOST_KEYS;
use crate::p2::{self, Results};
use crate::report::{Goal, Spread, figure, note, title};
use crate::streams::Streams;
use crate::windows::{Opened, Windowed};

/// Keys that have sessions.
const KEYS: u64 = 100_000;
/// With a record a millisecond over so many keys, nearly all have a session open, and one of twenty records begins another.
const GAP: &str = "5m";
/// What a count is by itself, in bytes: it comes on top of what a key may take.
const COUNT_BYTES: f64 = 8.0;

/// All figures of windows.
pub(crate) fn windows(settings: &Settings) -> Result<()> {
    beside_streams(settings)?;
    in_memory(settings)?;
    many_keys(settings)
}

/// That the programs run and agree.
pub(super) fn agree(settings: &Settings) -> Result<()> {
    let expected = p2::expected(settings.records, PARTITIONS)?;
    let embedded = Embedded::start()?;
    by_engine(&trades(&embedded.brokers, settings)?, settings, &expected)?;
    embedded.stop()?;
    if let Some(brokers) = settings.kafka() {
        let from = trades(&brokers, settings)?;
        by_engine(&from, settings, &expected)?;
        if let Some(streams) = Streams::build()? {
            by_streams(&streams, &from, settings, &expected)?;
        }
    }
    for case in cases(settings.records) {
        case.add_to(&mut Vec::new(), &mut Vec::new())?;
    }
    for (_, _, window) in stays_open(settings.records) {
        open(&window)?;
    }
    Ok(())
}

fn beside_streams(settings: &Settings) -> Result<()> {
    title(&format!("P2 from topic to topic: {} records, {PARTITIONS} partitions", settings.records));
    let Some(brokers) = settings.kafka() else {
        note("left out: no Kafka is named (--kafka); `tests/kafka/up` starts one");
        return Ok(());
    };
    let streams = Streams::build()?;
    if streams.is_none() {
        note(NO_STREAMS);
    }
    let from = trades(&brokers, settings)?;
    let expected = p2::expected(settings.records, PARTITIONS)?;
    let (mut engine, mut java) = (Vec::new(), Vec::new());
    for _ in 0..settings.pairs {
        engine.push(by_engine(&from, settings, &expected)?);
        if let Some(streams) = &streams {
            java.push(by_streams(streams, &from, settings, &expected)?);
        }
    }
    let Results { results, records, .. } = expected;
    let who = if streams.is_some() { "both wrote" } else { "it wrote" };
    note(&format!("{who} the same {results} results each time, over {records} records; the others' windows are open"));
    show(&engine, &java);
    Ok(())
}

fn show(engine: &[Measured], java: &[Measured]) {
    let cpu = |all: &[Measured]| all.iter().map(|one| one.cpu_ns() / 1000.0).collect::<Vec<_>>();
    let rate = |all: &[Measured]| all.iter().map(|one| one.rate() / 1e6).collect::<Vec<_>>();
    let peak = |all: &[Measured]| all.iter().map(|one| one.peak_mb).collect::<Vec<_>>();
    if !java.is_empty() {
        let ratio = |of: fn(&Measured) -> f64| {
            let [over, under] = [engine, java].map(|all| all.iter().map(of).collect::<Vec<_>>());
            Spread::of_ratios(&over, &under)
        };
        figure("CPU, of Kafka Streams", ratio(Measured::cpu_ns), "", Goal::AtMost(0.08));
        figure("records/s, of Kafka Streams", ratio(Measured::rate), "", Goal::AtLeast(8.0));
        figure("peak memory, of Kafka Streams", ratio(|one| one.peak_mb), "", Goal::AtMost(0.1));
    }
    for (name, all) in [("engine", engine), ("Kafka Streams", java)].into_iter().filter(|(_, all)| !all.is_empty()) {
        let [cpu, rate, peak] = [cpu(all), rate(all), peak(all)].map(Spread::of);
        note(&format!("  {name:<24} {cpu} µs of CPU a record, {rate} M records/s, {peak} MB"));
    }
}

fn by_engine(from: &Place, settings: &Settings, expected: &Results) -> Result<Measured> {
    let job = job(from, "p2-engine", settings.records, PARTITIONS)?;
    let measured = run(&Work::KafkaWindow(job.clone())).context("P2, engine")?;
    same(expected, &outcome(&job, Work::Results)?, "the engine")?;
    Ok(measured)
}

fn by_streams(streams: &Streams, from: &Place, settings: &Settings, expected: &Results) -> Result<Measured> {
    let job = job(from, "p2-streams", settings.records, PARTITIONS)?;
    let measured = streams.run("P2", &job)?;
    from.delete_internal(&job.group)?;
    same(expected, &outcome(&job, Work::Results)?, "Kafka Streams")?;
    Ok(measured)
}

fn same(expected: &Results, written: &Results, who: &str) -> Result<()> {
    ensure!(expected.results > 0, "no window closes: there are too few records");
    ensure!(expected == written, "results differ: by hand {expected:?}, {who} {written:?}");
    Ok(())
}

/// A window in memory.
struct Case {
    what: String,
    goal_ns: f64,
    windowed: Windowed,
    /// results for a record, at least
    gives: f64,
}

fn cases(records: u64) -> Vec<Case> {
    let keys = KEYS.min(records / 2);
    let session = |emit: &str| {
        let config = json!({ "gap": GAP, "emit": emit, "aggregates": p2::aggregates(), "at_end": "keep" });
        Some(("session-window".into(), config))
    };
    let sessions = |emit, gives| {
        let windowed = Windowed { records, keys, per_ms: 1, window: session(emit) };
        Case { what: format!("a session window ({emit}, {keys} keys) adds"), goal_ns: 200.0, windowed, gives }
    };
    let tumbling = |per_ms, density, gives| {
        let windowed = Windowed { records, keys: 0, per_ms, window: Some(p2::window()) };
        Case { what: format!("P2's tumbling window ({density} a ms) adds"), goal_ns: 40.0, windowed, gives }
    };
    vec![
        tumbling(1, "a record", 0.5),
        tumbling(100, "100 records", 0.0),
        sessions("on-close", 0.0),
        sessions("on-update", 1.0),
    ]
}

impl Case {
    /// Decoding alone, then the window, each in a process of its own.
    fn add_to(&self, alone: &mut Vec<Measured>, all: &mut Vec<Measured>) -> Result<()> {
        let Windowed { records, .. } = self.windowed;
        let decoded: Measured = run(&Work::MemoryWindow(Windowed { window: None, ..self.windowed.clone() }))?;
        ensure!(decoded.outputs == records, "{} of {records} records were decoded", decoded.outputs);
        let folded: Measured = run(&Work::MemoryWindow(self.windowed.clone()))?;
        ensure!(folded.outputs as f64 >= self.gives * records as f64, "{}: {} results", self.what, folded.outputs);
        alone.push(decoded);
        all.push(folded);
        Ok(())
    }
}

fn in_memory(settings: &Settings) -> Result<()> {
    title("Windows in memory, one thread, beside decoding the same records and no more");
    for case in cases(settings.records) {
        let (mut alone, mut all) = (Vec::new(), Vec::new());
        for _ in 0..settings.pairs {
            case.add_to(&mut alone, &mut all)?;
        }
        let [alone_ns, all_ns] =
            [&alone, &all].map(|measured| measured.iter().map(Measured::cpu_ns).collect::<Vec<_>>());
        let more = all_ns.iter().zip(&alone_ns).map(|(all, alone)| all - alone);
        let results = all.iter().map(|one| one.outputs as f64 / one.records as f64);
        figure(&case.what, Spread::of(more), "ns a record", Goal::AtMost(case.goal_ns));
        figure("  CPU, of decoding only", Spread::of_ratios(&all_ns, &alone_ns), "", Goal::None);
        figure("  decoding only", Spread::of(alone_ns), "ns a record", Goal::None);
        figure("  results", Spread::of(results), "a record", Goal::None);
    }
    Ok(())
}

/// Windows that hold a key for each record, with a count or all of P2's aggregates, and what a key may take.
fn stays_open(records: u64) -> Vec<(String, Goal, Windowed)> {
    let keys = MOST_KEYS.min(records);
    let count = json!({ "count": "count(*)" });
    let tumbling = |aggregates: Value| ("tumbling-window", json!({ "size": "365d", "aggregates": aggregates }));
    let session = |aggregates: Value| ("session-window", json!({ "gap": "365d", "aggregates": aggregates }));
    let most = Goal::AtMost(200.0 + COUNT_BYTES);
    let windows = [
        ("tumbling, a count", most, tumbling(count.clone())),
        ("session, a count", most, session(count)),
        ("tumbling, P2's four aggregates", Goal::None, tumbling(p2::aggregates())),
        ("session, P2's four aggregates", Goal::None, session(p2::aggregates())),
    ];
    let windows = windows.map(|(what, goal, (operator, mut config))| {
        config["emit"] = "on-close".into();
        config["at_end"] = "keep".into();
        let window = Some((operator.to_string(), config));
        (what.to_string(), goal, Windowed { records: keys, keys, per_ms: 1, window })
    });
    windows.into()
}

/// Bytes for a key by which the process grew, and that the node tells of.
fn open(windowed: &Windowed) -> Result<[f64; 2]> {
    let opened: Opened = run(&Work::OpenWindow(windowed.clone()))?;
    let keys = windowed.keys;
    ensure!(opened.windows == keys, "of {keys} windows {} are open", opened.windows);
    Ok([opened.grown, opened.told].map(|bytes| bytes / keys as f64))
}

fn many_keys(settings: &Settings) -> Result<()> {
    let keys = MOST_KEYS.min(settings.records);
    title(&format!("Bytes a key, of {keys} open at once; keys have 12 bytes, a count {COUNT_BYTES}"));
    for (what, goal, windowed) in stays_open(settings.records) {
        let all = (0..settings.pairs).map(|_| open(&windowed)).collect::<Result<Vec<_>>>()?;
        figure(&format!("{what}: the process grew by"), Spread::of(all.iter().map(|one| one[0])), "bytes", goal);
        figure("  the node tells of", Spread::of(all.iter().map(|one| one[1])), "bytes", goal);
    }
    Ok(())
}
