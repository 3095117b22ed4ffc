//! The run of the drawings, made by hand: one moment of `trades-live`, with an operator `score` that is not built yet.

#![allow(clippy::needless_update, reason = "what snapshots gain is of no matter here")]

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use tidegate_core::check::{CheckOptions, check};
use tidegate_core::form::Form;
use tidegate_core::operators::{
    self, Body, ConfigError, Family, InputPort, Operator, Ports, Report, Role, Scope, Shape, Site, ValueRole,
};
use tidegate_core::pipeline::Pipeline;
use tidegate_core::problem::{Fault, Severity};
use tidegate_core::snapshot::{
    Bottleneck, EdgePast, EdgeSnapshot, HeldBy, LaneSnapshot, LatencySnapshot, LogEntry, NodePast, NodeSnapshot,
    PartitionPast, PartitionSnapshot, Past, Pressure, Rates, Retention, RunSnapshot, Snapshot, TapRow, TapSnapshot,
    TaskSnapshot, Verdict, WorstLane,
};
use tidegate_core::types::Stream;
use tidegate_core::window::{Emit, LaneReport, NextReport};

use crate::commands::View;
use crate::model::drawing::{Checker, Drawing};
use crate::model::{Message, Model, Rights};
use crate::theme::Look;
use crate::update::update;

/// 14:32:07 UTC of a day.
pub(crate) const NOW: i64 = 1_773_325_927_000;

/// A stub: two inputs, an output.
#[derive(Debug)]
struct Score;

impl Shape for Score {
    fn ports(&self) -> Ports {
        let inputs = vec![InputPort::any("records"), InputPort::any("model")];
        Ports { inputs, outputs: vec!["out".into()], may_fail: true, ..Ports::default() }
    }

    fn output(&self, inputs: &[Option<Stream>], _: &mut Report) -> Vec<Option<Stream>> {
        vec![inputs.first().cloned().flatten()]
    }

    fn build(&self, _: &Site<'_>) -> Result<Body, Fault> {
        Err(Fault::ours("a stub does not run"))
    }
}

fn configure(_: Value) -> Result<Box<dyn Shape>, ConfigError> {
    Ok(Box::new(Score))
}

static SCORE: Operator = Operator {
    name: "score",
    summary: "Scores records with a model",
    help: "Scores records with a model that arrives on a port.",
    role: Role::Flow,
    family: Family::Scoring,
    icon: "brain",
    scope: Scope::Record,
    value: ValueRole::Made,
    form: Form::default,
    configure,
    examples: &[],
};

/// The operators that there are, and the stub.
fn all() -> &'static [&'static Operator] {
    static ALL: std::sync::LazyLock<Vec<&'static Operator>> =
        std::sync::LazyLock::new(|| operators::ALL.iter().copied().chain([&SCORE]).collect());
    &ALL
}

/// Checks with the stub among the operators.
pub(crate) fn checker() -> Checker {
    Arc::new(|pipeline, _| check(pipeline, &CheckOptions { operators: all(), ..CheckOptions::new(&[]) }))
}

pub(crate) fn pipeline() -> Pipeline {
    let schema = json!({ "symbol": "text", "price": "float64!", "qty": "int64!", "side": "text", "venue": "int64", "id": "int64" });
    let document = json!({
        "tidegate": 1, "name": "trades-live",
        "nodes": [
            { "id": "trades", "operator": "kafka-source", "config": { "topic": "trades", "schema": schema }, "at": [40, 40] },
            { "id": "models", "operator": "kafka-source", "config": { "topic": "models", "format": "bytes" }, "at": [40, 240] },
            { "id": "liquid", "operator": "filter", "config": { "condition": "qty >= 10 AND price > 0" }, "at": [320, 40] },
            { "id": "vwap", "operator": "tumbling-window", "config": { "size": "10s", "grace": "2s", "emit": "on-close",
                "aggregates": { "vwap": "avg(price)", "volume": "sum(qty)", "trades": "count(*)" } }, "at": [600, 40] },
            { "id": "score", "operator": "score", "at": [600, 200] },
            { "id": "bars", "operator": "kafka-sink", "config": { "topic": "vwap-10s" }, "at": [880, 40] },
            { "id": "scored", "operator": "kafka-sink", "config": { "topic": "scored" }, "at": [880, 200] },
        ],
        "edges": [
            { "from": "trades.out", "to": "liquid.in" },
            { "from": "liquid.out", "to": "vwap.in" },
            { "from": "liquid.out", "to": "score.records" },
            { "from": "models.out", "to": "score.model" },
            { "from": "vwap.out", "to": "bars.in" },
            { "from": "score.out", "to": "scored.in" },
        ],
    });
    Pipeline::parse(&document.to_string()).0.expect("the fixture is a pipeline")
}

fn pressure(busy: f64, back_pressured: f64) -> Pressure {
    Pressure { busy, back_pressured, idle: 1000.0 - busy - back_pressured, limited: 0.0 }
}

/// What a partition of the drawings is like: lag, age, written, trend.
const PARTITIONS: [(i64, i64, f64, f64); 12] = [
    (101_000, 20_700, 4_900.0, 1_010.0),
    (40_700, 9_500, 4_300.0, 411.0),
    (132_000, 25_400, 5_200.0, 1_310.0),
    (70_900, 15_400, 4_600.0, 711.0),
    (21_200, 5_200, 4_100.0, 211.0),
    (110_000, 22_100, 5_000.0, 1_110.0),
    (81_500, 17_300, 4_700.0, 811.0),
    (590_597, 60_000, 9_800.0, 5_910.0),
    (51_400, 11_700, 4_400.0, 511.0),
    (1_410, 500, 3_000.0, 0.5),
    (934, 500, 2_000.0, -0.5),
    (0, 0, 0.0, 0.0),
];

fn partitions() -> Vec<PartitionSnapshot> {
    let of_trades = |(partition, (lag, age, written, trend)): (usize, &(i64, i64, f64, f64))| {
        let is_growing = *trend > 100.0;
        let end = if partition == 7 { 92_030_808 } else { 71_000_000 };
        let rule = match is_growing {
            true => format!("further behind at each of 10 commits; gets {:.1}× its pace", written / (written - trend)),
            false => "keeps its pace".to_string(),
        };
        PartitionSnapshot {
            node: "trades".into(),
            cluster: "default".into(),
            topic: "trades".into(),
            partition: partition as i32,
            low: Some(if partition == 7 { 88_112_004 } else { 60_000_000 }),
            high: Some(end),
            committed: Some(end - lag),
            position: (end - lag + 500).min(end),
            safe: end - lag,
            lag: Some(*lag),
            age_ms: (*lag > 0).then_some(*age),
            written: Some(*written),
            trend: Some(*trend),
            verdict: if is_growing { Verdict::Growing } else { Verdict::Ok },
            since_ms: Some(NOW - 90_000),
            rule,
            retention: Retention::Time { left_ms: 86_400_000 - age - 1_000 },
            owner: Some("this".into()),
            ..PartitionSnapshot::default()
        }
    };
    let mut all: Vec<PartitionSnapshot> = PARTITIONS.iter().enumerate().map(of_trades).collect();
    all.push(PartitionSnapshot {
        node: "models".into(),
        cluster: "default".into(),
        topic: "models".into(),
        high: Some(812),
        committed: Some(812),
        position: 812,
        safe: 812,
        lag: Some(0),
        written: Some(2.0 / 60.0),
        trend: Some(0.0),
        verdict: Verdict::Ok,
        retention: Retention::Compacted,
        owner: Some("this".into()),
        ..PartitionSnapshot::default()
    });
    all
}

fn node(id: &str, role: Role, task: usize, rates: (f64, f64), of: Pressure) -> NodeSnapshot {
    let rates = Rates { records_in: rates.0, records_out: rates.1, ..Rates::default() };
    let count = |rate: f64| (rate * 8_000.0) as u64;
    NodeSnapshot {
        id: id.into(),
        role,
        task: Some(task),
        records_in: count(rates.records_in),
        records_out: count(rates.records_out),
        rates,
        pressure: of,
        ..NodeSnapshot::default()
    }
}

fn windows() -> BTreeMap<u32, LaneReport> {
    let lane = |(lane, (_, age, ..)): (usize, &(i64, i64, f64, f64))| {
        let is_stuck = lane == 11;
        let time = if is_stuck { NOW - 112_098 } else { NOW - age };
        let start = time - time.rem_euclid(10_000) - if time.rem_euclid(10_000) < 2_000 { 10_000 } else { 0 };
        let next = NextReport { start, end: start + 10_000, grace_from: start + 10_000, closes_at: start + 12_000 };
        let report = LaneReport {
            stream_time: Some(time),
            last_record_ms: Some(if is_stuck { NOW - 112_098 } else { NOW - 3 }),
            open: 35 + lane * 2,
            next: Some(next),
            emit: Emit::OnClose,
            records: 100,
            results: 40,
            ..LaneReport::default()
        };
        (lane as u32, report)
    };
    PARTITIONS.iter().enumerate().map(lane).collect()
}

fn nodes() -> Vec<NodeSnapshot> {
    let latency = |p50_us, p99_us| Some(LatencySnapshot { p50_us, p99_us, ..LatencySnapshot::default() });
    let mut liquid = node("liquid", Role::Flow, 0, (40_000.0, 32_000.0), pressure(4.0, 728.0));
    liquid.drops.insert("filtered".into(), 64_000_000);
    liquid.rates.drops = 8_000.0;
    let mut vwap = node("vwap", Role::Flow, 2, (32_000.0, 35.5), pressure(0.6, 0.0));
    vwap.late = 186;
    vwap.rates.late = 3.1;
    vwap.windows = windows();
    let speeds = [0.79, 0.90, 0.75, 0.85, 0.95, 0.78, 0.83, 0.40, 0.88, 1.0, 1.0, 0.0];
    vwap.stream_speeds = speeds.iter().enumerate().map(|(lane, speed)| (lane as u32, *speed)).collect();
    let mut score = node("score", Role::Flow, 1, (32_000.0, 32_000.0), pressure(840.0, 0.0));
    score.latency = latency(309.0, 702.0);
    vec![
        node("trades", Role::Source, 0, (40_000.0, 40_000.0), pressure(4.0, 728.0)),
        node("models", Role::Source, 5, (2.0 / 60.0, 2.0 / 60.0), pressure(0.1, 0.0)),
        liquid,
        vwap,
        score,
        node("bars", Role::Sink, 4, (35.5, 0.0), pressure(0.4, 0.0)),
        node("scored", Role::Sink, 3, (32_000.0, 0.0), pressure(4.0, 0.0)),
    ]
}

fn task(nodes: &[&str], lanes: u32, mean: Pressure, worst: Pressure, fill: f64, rate: f64) -> TaskSnapshot {
    let lane = |lane: u32| {
        // Nine lanes of the bottleneck are full, one is quiet.
        let (of, fill) = match (nodes[0], lane) {
            ("score", 9) => (pressure(756.0, 0.0), 0.004),
            ("score", 10) => (pressure(504.0, 0.0), 0.004),
            ("score", 11) => (pressure(0.0, 0.0), 0.0),
            _ => (worst, fill),
        };
        let share = rate / f64::from(lanes);
        LaneSnapshot {
            lane,
            pressure: of,
            depth: (fill * 341.0) as usize,
            capacity: if fill < 0.0 { 0 } else { 341 },
            fill: fill.max(0.0),
            records_in: share,
            records_out: share,
            in_call_ms: None,
        }
    };
    TaskSnapshot {
        nodes: nodes.iter().map(|node| node.to_string()).collect(),
        pressure: mean,
        worst: Some(WorstLane { lane: 0, pressure: worst }),
        lanes: (0..lanes).map(lane).collect(),
        ..TaskSnapshot::default()
    }
}

fn tasks() -> Vec<TaskSnapshot> {
    let none = -1.0;
    vec![
        task(&["trades", "liquid"], 12, pressure(4.0, 728.0), pressure(5.0, 971.0), none, 40_000.0),
        task(&["score"], 12, pressure(840.0, 0.0), pressure(980.0, 0.0), 0.97, 32_000.0),
        task(&["vwap"], 12, pressure(0.6, 0.0), pressure(1.0, 0.0), 0.0, 32_000.0),
        task(&["scored"], 12, pressure(4.0, 0.0), pressure(6.0, 0.0), 0.01, 32_000.0),
        task(&["bars"], 12, pressure(0.4, 0.0), pressure(1.0, 0.0), 0.0, 35.5),
        task(&["models"], 1, pressure(0.1, 0.0), pressure(0.2, 0.0), none, 2.0 / 60.0),
    ]
}

fn edges() -> Vec<EdgeSnapshot> {
    let edge = |id: &str, fill: Option<f64>, records: f64| EdgeSnapshot {
        id: id.into(),
        is_fused: fill.is_none(),
        depth: (fill.unwrap_or_default() * 4096.0) as usize,
        capacity: if fill.is_some() { 4096 } else { 0 },
        fill: fill.unwrap_or_default(),
        records,
        through: None,
    };
    vec![
        edge("trades.out->liquid.in", None, 40_000.0),
        edge("liquid.out->vwap.in", Some(0.0), 32_000.0),
        edge("liquid.out->score.records", Some(0.97), 32_000.0),
        edge("models.out->score.model", Some(0.0), 2.0 / 60.0),
        edge("vwap.out->bars.in", Some(0.0), 35.5),
        edge("score.out->scored.in", Some(0.01), 32_000.0),
    ]
}

fn log() -> Vec<LogEntry> {
    use Severity::{Error, Note, Warning};
    let entries = [
        (8_062, Note, "", "started: 61 tasks, at-least-once, commit 1 s", 1),
        (8_061, Note, "trades", "joined group trades-live, owns trades 0–11", 1),
        (8_061, Note, "models", "joined group trades-live, owns models 0", 1),
        (5_397, Warning, "scored", "kafka-2:9092 slow: produce took 1.8 s", 3),
        (3_115, Error, "trades", "bad record: price \"n/a\" is no float64, kept aside", 2),
        (100, Note, "score", "model fraud v7 → v8, 4.1 MB, pause 0.3 ms", 1),
        (94, Warning, "score", "bottleneck: busy 98% on 9 of 12 lanes, was 31%", 1),
        (90, Warning, "trades", "9 partitions ok → growing: 0 to 8", 1),
        (1, Warning, "vwap", "late: 186 in the last minute; port not connected", 134),
    ];
    let entry = |(number, (ago, severity, node, message, count)): (usize, (i64, Severity, &str, &str, u64))| LogEntry {
        number: number as u64,
        at_ms: NOW - ago * 1_000,
        last_ms: NOW - ago * 1_000,
        count,
        severity,
        node: (!node.is_empty()).then(|| node.to_string()),
        message: message.into(),
    };
    entries.into_iter().enumerate().map(entry).collect()
}

/// Five minutes: `score` became slow 100 seconds ago.
fn past() -> Past {
    const SAMPLES: usize = 60;
    let slow = |sample: usize| sample + 20 >= SAMPLES;
    let series = |quick: f64, when_slow: f64| {
        (0..SAMPLES).map(|at| Some(if slow(at) { when_slow } else { quick + (at % 3) as f64 * 12.0 })).collect()
    };
    let of_node = |id: &str, busy: (f64, f64), held: (f64, f64)| NodePast {
        id: id.into(),
        busy: series(busy.0, busy.1),
        back_pressured: series(held.0, held.1),
        ..NodePast::default()
    };
    let of_partition = |partition: usize| PartitionPast {
        node: "trades".into(),
        cluster: "default".into(),
        topic: "trades".into(),
        partition: partition as i32,
        lag: (0..SAMPLES)
            .map(|at| {
                let (lag, _, _, trend) = PARTITIONS[partition];
                let behind = (SAMPLES - 1 - at) as f64 * 5.0 * trend.max(0.0);
                Some((lag as f64 - behind).max(600.0) as i64)
            })
            .collect(),
    };
    Past {
        every_ms: 5_000,
        last_ms: NOW,
        nodes: vec![
            of_node("trades", (30.0, 5.0), (0.0, 971.0)),
            of_node("liquid", (30.0, 5.0), (0.0, 971.0)),
            of_node("score", (310.0, 980.0), (0.0, 0.0)),
        ],
        edges: vec![EdgePast { id: "liquid.out->score.records".into(), fill: series(0.01, 0.97) }],
        partitions: (0..12).map(of_partition).collect(),
    }
}

pub(crate) fn snapshot() -> Snapshot {
    Snapshot {
        at_ms: NOW,
        run: RunSnapshot {
            application_id: "trades-live".into(),
            started_ms: NOW - 8_062_000,
            commit_interval_ms: 1_000,
            ..RunSnapshot::default()
        },
        nodes: nodes(),
        edges: edges(),
        tasks: tasks(),
        partitions: partitions(),
        bottleneck: Some(Bottleneck { node: "score".into(), task: 1, by: HeldBy::Work, since_ms: NOW - 100_000 }),
        log: log(),
        past: Some(past()),
        ..Snapshot::default()
    }
}

/// Records before and after `liquid`.
pub(crate) fn taps() -> Vec<TapSnapshot> {
    let row = |partition: i32, offset: i64, key: &str, price: f64, qty: i64| TapRow {
        at_ms: NOW,
        ts: NOW - 20_000 + i64::from(partition) * 731,
        key: json!(key),
        value: json!({ "symbol": key, "price": price, "qty": qty }),
        topic: "trades".into(),
        partition,
        offset,
        ..TapRow::default()
    };
    let before = vec![
        row(7, 10, "S0417", 182.44, 300),
        row(0, 71_204_517, "S0131", 27.18, 40),
        row(0, 71_204_518, "S0131", 27.185, 4),
        row(0, 71_204_519, "S0131", 27.19, 60),
        row(9, 30, "S0260", 1043.5, 120),
        row(2, 40, "S0007", 8.0121, 85),
    ];
    let after = before.iter().filter(|row| row.value["qty"].as_i64() >= Some(10)).cloned().collect();
    let fired = TapRow {
        window: Some((NOW - 17_000, NOW - 7_000)),
        value: json!({ "window_start": NOW - 17_000, "window_end": NOW - 7_000, "vwap": 182.437, "volume": 115_020, "trades": 958 }),
        ..row(4, 7, "S0417", 0.0, 0)
    };
    vec![
        TapSnapshot { edge: "vwap.out->bars.in".into(), seen: 1, rows: vec![fired] },
        TapSnapshot { edge: "trades.out->liquid.in".into(), seen: 40_000, rows: before },
        TapSnapshot { edge: "liquid.out->score.records".into(), seen: 32_000, rows: after },
    ]
}

/// The dashboard at that moment.
pub(crate) fn model(columns: usize, rows: usize) -> Model {
    let drawing = Drawing::new(pipeline(), None, all(), checker());
    let mut model = Model::new("trades-live@edge-4".into(), drawing, Rights::default(), Look::default());
    update(&mut model, Message::Size(columns, rows));
    update(&mut model, Message::Tick(NOW));
    update(&mut model, Message::News(Box::new(snapshot())));
    crate::views::choose_node(&mut model, "score");
    model
}

/// The same with an open file, that may be changed.
pub(crate) fn building(columns: usize, rows: usize) -> Model {
    let mut model = model(columns, rows);
    model.rights = Rights { may_build: true, may_control: true, owns_run: true };
    model
}

/// The same in another view, with records to look at.
pub(crate) fn in_view(view: View, columns: usize, rows: usize) -> Model {
    let mut model = model(columns, rows);
    crate::views::choose_node(&mut model, "liquid");
    crate::update::show(&mut model, view);
    update(&mut model, Message::Tick(NOW));
    update(&mut model, Message::Taps(taps()));
    update(&mut model, Message::News(Box::new(snapshot())));
    model
}
