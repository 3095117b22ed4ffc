//! The cluster of the drawings: its groups and topics, the partitions of one that is opened, and what keys do there.

use tidegate_core::pipeline::Pipeline;
use tidegate_core::snapshot::{
    BrokerSnapshot, ClusterSnapshot, ClusterWanted, Drain, GroupFigures, GroupSnapshot, Keeps, OpenedGroup,
    PartitionPast, PartitionSnapshot, Past, RecordsWanted, Retention, TapRow, TopicRecords, TopicSnapshot, Verdict,
};

use serde_json::json;

use super::fixture::{self, NOW, checker, in_view};
use super::shown::{styled, text};
use super::{press, type_in};
use crate::commands::View;
use crate::host::Opening;
use crate::model::drawing::Drawing;
use crate::model::{Message, Model, Rights, Wish};
use crate::theme::Look;
use crate::update::update;
use tidegate_core::faces::host::Opened;

const HOUR: i64 = 3_600_000;

fn group(
    name: &str,
    state: &str,
    members: usize,
    figures: Option<(i64, i64, f64, f64, Verdict, i64)>,
) -> GroupSnapshot {
    let rule = |verdict| match verdict {
        Verdict::Stopped => "nobody reads it, and 31400000 records are behind",
        Verdict::Stalled => "nothing was done at any of 10 commits, and 9810 records are behind",
        Verdict::Rewound => "what is done went back by 5200000, from 7100000 to 1900000",
        Verdict::Growing => "further behind at each of 10 commits; gets 2.5× its pace",
        Verdict::Draining => "less far behind at each of 10 commits",
        _ => "keeps pace",
    };
    let figures = figures.map(|(lag, age_ms, trend, written, verdict, since_ms)| GroupFigures {
        at_ms: NOW,
        partitions: 12,
        lag: Some(lag),
        age_ms: Some(age_ms),
        trend: Some(trend),
        written: Some(written),
        verdict,
        since_ms: Some(NOW - since_ms),
        rule: format!("trades-7: {}", rule(verdict)),
        drain: if verdict == Verdict::Draining { Drain::In { ms: 44_000 } } else { Drain::Unknown },
    });
    let is_own = name == "trades-live";
    GroupSnapshot {
        name: name.into(),
        state: state.into(),
        members: Some(members),
        is_left_behind: name == "audit-archive",
        topics: if is_own { vec!["models".into(), "trades".into()] } else { vec!["trades".into()] },
        figures,
        ..GroupSnapshot::default()
    }
}

fn groups() -> Vec<GroupSnapshot> {
    use Verdict::{Draining, Growing, Ok, Rewound, Stalled, Stopped};
    let shown = [
        group("audit-archive", "Empty", 0, Some((31_400_000, 981_000, 32_000.0, 32_000.0, Stopped, 16 * 60_000))),
        group("bars-store", "Stable", 3, Some((36, 600, 0.1, 35.5, Ok, HOUR))),
        group("mirror-b", "Stable", 4, Some((212, 900, -1.0, 52_000.0, Ok, HOUR))),
        group("orders-enrich", "PreparingRebalance", 6, Some((9_810, 7_200, 1_360.0, 1_360.0, Stalled, 7_000))),
        group("replay-tests", "Stable", 1, Some((5_200_000, 6 * HOUR + 120_000, -88_000.0, 52_000.0, Rewound, 9_000))),
        group("risk-desk", "Stable", 2, Some((84_100, 4_100, -1_920.0, 52_000.0, Draining, 60_000))),
        group("trades-live", "Stable", 1, Some((1_200_000, 60_000, 12_000.0, 52_000.0, Growing, 90_000))),
    ];
    let quiet = (0..53).map(|number| group(&format!("etl-{number:02}"), "Empty", 0, None));
    let mut all: Vec<GroupSnapshot> = shown.into_iter().chain(quiet).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

fn topics() -> Vec<TopicSnapshot> {
    let topic = |(name, partitions, written, keeps): (&str, i32, f64, Keeps)| TopicSnapshot {
        name: name.into(),
        partitions,
        replication: 3,
        is_internal: name.starts_with("__"),
        records: Some((written * 86_400.0) as u64),
        written: Some(written),
        keeps: Some(keeps),
    };
    let all = [
        ("__consumer_offsets", 50, 9.0, Keeps::NewestOfKey),
        ("models", 1, 2.0 / 60.0, Keeps::NewestOfKey),
        ("scored", 12, 32_000.0, Keeps::ForMs(24 * HOUR)),
        ("trades", 12, 52_000.0, Keeps::ForMs(24 * HOUR)),
        ("vwap-10s", 12, 35.5, Keeps::ForMs(7 * 24 * HOUR)),
    ];
    all.into_iter().map(topic).collect()
}

fn opened(name: &str) -> OpenedGroup {
    let partition = |partition: i32| {
        let (client, host) = if partition < 6 { ("risk-desk-eu", "10.0.4.17") } else { ("risk-desk-us", "10.0.4.18") };
        let lag = if partition == 3 { 60_200 } else { 1_200 + i64::from(partition) * 170 };
        PartitionSnapshot {
            topic: "trades".into(),
            partition,
            low: Some(60_000_000),
            high: Some(71_000_000),
            committed: Some(71_000_000 - lag),
            safe: 71_000_000 - lag,
            lag: Some(lag),
            age_ms: Some(300 + lag / 15),
            written: Some(4_300.0),
            trend: Some(if partition == 3 { -1_900.0 } else { 0.0 }),
            verdict: if partition == 3 { Verdict::Draining } else { Verdict::Ok },
            since_ms: Some(NOW - 60_000),
            rule: if partition == 3 { "less far behind at each of 10 commits" } else { "keeps pace" }.into(),
            drain: if partition == 3 { Drain::In { ms: 32_000 } } else { Drain::Unknown },
            retention: Retention::Time { left_ms: 23 * HOUR },
            owner: Some(format!("{client}@{host}")),
            member: Some(format!("{client}-5d1c8f0e")),
            ..PartitionSnapshot::default()
        }
    };
    let past = |partition: i32| PartitionPast {
        topic: "trades".into(),
        partition,
        lag: (0..60).map(|at| Some(if partition == 3 { 90_000 - at * 500 } else { 1_500 + (at % 4) * 40 })).collect(),
        ..PartitionPast::default()
    };
    OpenedGroup {
        name: name.into(),
        partitions: (0..12).map(partition).collect(),
        past: Some(Past { every_ms: 5_000, last_ms: NOW, partitions: (0..12).map(past).collect(), ..Past::default() }),
    }
}

fn seen() -> ClusterSnapshot {
    let broker = |id: i32| BrokerSnapshot { id, address: format!("kafka-{id}:9092"), is_controller: id == 3 };
    ClusterSnapshot {
        at_ms: NOW,
        answered_ms: 2.4,
        brokers: (1..=3).map(broker).collect(),
        topics: topics(),
        groups: groups(),
        ..ClusterSnapshot::default()
    }
}

/// Records of the topic of trades: one with every oddity, the others plain.
fn records() -> TopicRecords {
    let row = |number: i64| TapRow {
        ts: NOW - 1_000 * (9 - number),
        key: json!(format!("S{:04}", 131 + number)),
        value: json!({ "symbol": format!("S{:04}", 131 + number), "price": 27.185, "qty": 10 * number, "side": "S" }),
        topic: "trades".into(),
        partition: (number % 3) as i32,
        offset: 71_204_518 + number,
        ..TapRow::default()
    };
    let odd = TapRow {
        ts: -1,
        key: serde_json::Value::Null,
        value: json!({ "base64": "AAAABw==" }),
        headers: vec![("source".into(), Some("edge-4".into())), ("none".into(), None)],
        topic: "trades".into(),
        partition: 7,
        offset: 12,
        ..TapRow::default()
    };
    let rows = std::iter::once(odd).chain((0..9).map(row)).collect();
    TopicRecords { of: newest("trades"), rows, ..TopicRecords::default() }
}

fn newest(topic: &str) -> RecordsWanted {
    RecordsWanted { topic: topic.into(), from: None }
}

fn look(model: &mut Model, opened: Option<OpenedGroup>) {
    update(model, Message::Cluster(Box::new(ClusterSnapshot { opened, ..seen() })));
}

/// The cluster that the run of the drawings uses.
pub(super) fn of_run(columns: usize, rows: usize) -> Model {
    let mut model = in_view(View::Cluster, columns, rows);
    look(&mut model, None);
    press(&mut model, "G");
    model
}

/// A cluster that is looked at alone.
fn alone(columns: usize, rows: usize) -> Model {
    let drawing = Drawing::new(Pipeline::new("cluster"), None, tidegate_core::operators::ALL, checker());
    let mut model = Model::new("kafka-1:9092".into(), drawing, Rights::default(), Look::default());
    model.is_of_cluster();
    update(&mut model, Message::Size(columns, rows));
    update(&mut model, Message::Tick(NOW));
    model
}

/// The topics of that of the run.
pub(super) fn on_topics(columns: usize, rows: usize) -> Model {
    let mut model = of_run(columns, rows);
    press(&mut model, "tab G k");
    model
}

/// Records of one of them.
pub(super) fn on_records(columns: usize, rows: usize) -> Model {
    let mut model = on_topics(columns, rows);
    press(&mut model, "enter");
    update(&mut model, Message::Cluster(Box::new(ClusterSnapshot { records: Some(records()), ..seen() })));
    model
}

/// A cluster alone, with a group of it open.
pub(super) fn on_a_group(columns: usize, rows: usize) -> Model {
    let mut model = alone(columns, rows);
    look(&mut model, None);
    type_in(&mut model, "/risk");
    press(&mut model, "enter enter");
    look(&mut model, Some(opened("risk-desk")));
    model
}

#[test]
fn a_cluster_alone_and_a_group_of_it() {
    let mut model = alone(80, 24);
    insta::assert_snapshot!("alone_asking", text(&model));
    look(&mut model, None);
    insta::assert_snapshot!("alone", styled(&model));
    update(&mut model, Message::ClusterSilence { why: "no broker answers".into(), at_ms: NOW });
    update(&mut model, Message::Tick(NOW + 12_000));
    insta::assert_snapshot!("alone_silent", styled(&model));
}

#[test]
fn only_what_is_on_the_screen_is_asked_for() {
    let mut model = alone(80, 24);
    let wishes = update(&mut model, Message::Cluster(Box::new(seen())));
    let [Wish::Look(Some(wanted))] = wishes.as_slice() else { panic!("{wishes:?}") };
    let shown =
        ["audit-archive", "bars-store", "mirror-b", "orders-enrich", "replay-tests", "risk-desk", "trades-live"];
    assert_eq!((wanted.groups.as_slice(), wanted.opened.as_ref()), (&shown.map(String::from)[..], None));
    assert_eq!(wanted.topics, ["trades"], "those of the selection");
    // Of 60 there are nine on the screen; further down others.
    let groups = |wishes: Vec<Wish>| match wishes.as_slice() {
        [Wish::Look(Some(wanted))] => (wanted.groups.len(), wanted.groups.first().cloned().unwrap_or_default()),
        other => panic!("{other:?}"),
    };
    let (count, first) = groups(press(&mut model, "f"));
    assert!(count < 12 && first == "audit-archive", "{count} from {first}");
    assert_eq!(groups(press(&mut model, "G")).0, count);
    assert_eq!(press(&mut model, "y").len(), 1, "nothing else is wanted");
    let wishes = press(&mut model, "enter");
    let name = model.outlook.opened.as_ref().map(|opened| opened.name.clone());
    assert_eq!(name.as_deref(), Some("trades-live"));
    assert_eq!(wishes, [Wish::Look(Some(ClusterWanted { opened: name, ..ClusterWanted::default() }))]);
    let mut of_run = of_run(80, 24);
    assert_eq!(press(&mut of_run, "1").last(), Some(&Wish::Look(None)));
}

#[test]
fn keys_lead_to_a_group_and_back() {
    let mut model = on_a_group(80, 24);
    assert_eq!((model.place.view, model.place.list().chosen.as_deref()), (View::Partitions, Some(" trades")));
    press(&mut model, "j j j j");
    assert_eq!(model.place.list().chosen.as_deref(), Some(" trades-3"));
    let screen = text(&model);
    assert!(screen.contains("cluster › risk-desk") && screen.contains("risk-desk-eu@10.0.4.17"), "{screen}");
    press(&mut model, "esc");
    assert_eq!(model.place.view, View::Cluster);
    assert!(model.place.list().filter.is_some(), "it is as it was left");
    press(&mut model, "esc tab");
    assert!(text(&model).contains("vwap-10s"), "{}", text(&model));
    press(&mut model, "tab s s s s");
    assert_eq!(model.place.list().sort, Some((3, false)));
    let first = text(&model).lines().nth(5).map(str::to_string).unwrap_or_default();
    assert!(first.contains("audit-archive"), "the largest lag first: {first}");
    // What is asked of a pipeline is not here.
    for key in ["1", "b", "w", "t", "!"] {
        press(&mut model, key);
        assert!(text(&model).contains("without a pipeline"), "{key}: {}", text(&model));
        assert_eq!(model.place.view, View::Cluster);
    }
    press(&mut model, "]");
    assert_eq!(model.place.view, View::Partitions);
    assert_eq!(press(&mut model, "q"), [Wish::Quit]);
}

#[test]
fn a_topic_shows_its_newest_records() {
    let mut model = of_run(80, 24);
    press(&mut model, "tab G k");
    let wishes = press(&mut model, "enter");
    let trades = vec!["trades".to_string()];
    let wanted = ClusterWanted { topics: trades, records: Some(newest("trades")), ..ClusterWanted::default() };
    assert_eq!(wishes, [Wish::Look(Some(wanted))]);
    assert!(text(&model).contains("Records of trades are being read."), "{}", text(&model));
    let told = |model: &mut Model, records| {
        update(model, Message::Cluster(Box::new(ClusterSnapshot { records: Some(records), ..seen() })));
    };
    told(&mut model, records());
    assert_eq!(model.place.list().chosen.as_deref(), Some("2 71204526"), "the newest");
    let mut more = records();
    more.rows.push(TapRow { offset: 71_204_527, partition: 0, ..more.rows[9].clone() });
    told(&mut model, more);
    assert_eq!(model.place.list().chosen.as_deref(), Some("0 71204527"), "the end is followed");
    press(&mut model, "enter");
    insta::assert_snapshot!("record", text(&model));
    press(&mut model, "enter");
    assert_eq!((model.place.view, model.place.list().chosen.as_deref()), (View::Partitions, Some("trades trades-0")));
    press(&mut model, "7 g enter");
    insta::assert_snapshot!("record_odd", text(&model));
    press(&mut model, "esc esc");
    assert_eq!(model.place.list().chosen.as_deref(), Some("trades"), "back among the topics");
    press(&mut model, "enter");
    told(&mut model, TopicRecords { fault: Some("nobody may look".into()), rows: Vec::new(), ..records() });
    assert!(text(&model).contains("nobody may look."), "{}", text(&model));
    told(&mut model, TopicRecords { of: newest("models"), ..records() });
    assert!(!text(&model).contains("S0131"), "of another topic: {}", text(&model));
}

#[test]
fn a_partition_leads_to_the_records_that_its_reader_comes_to_next() {
    let mut model = of_run(80, 24);
    press(&mut model, "2");
    assert_eq!(model.place.list().chosen.as_deref(), Some("trades trades-7"));
    let committed = model.run.now.partitions.iter().find(|it| it.partition == 7).unwrap().committed.unwrap();
    let wishes = press(&mut model, "enter");
    let of = RecordsWanted { from: Some((7, committed)), ..newest("trades") };
    assert!(matches!(&wishes[..], [Wish::Look(Some(wanted))] if wanted.records == Some(of.clone())), "{wishes:?}");
    let told = TopicRecords { of, ..records() };
    update(&mut model, Message::Cluster(Box::new(ClusterSnapshot { records: Some(told), ..seen() })));
    let screen = text(&model);
    assert!(screen.contains("cluster › trades-7   from offset 91,440,211 on") && screen.contains("S0131"), "{screen}");
    press(&mut model, "esc");
    assert_eq!((model.place.view, model.place.list().chosen.as_deref()), (View::Partitions, Some("trades trades-7")));
}

#[test]
fn each_cluster_of_a_run_has_its_turn() {
    let mut model = in_view(View::Cluster, 80, 24);
    let of = |name: &str| {
        let clusters = vec!["default".to_string(), "far".into()];
        Message::Cluster(Box::new(ClusterSnapshot { name: name.into(), clusters, ..seen() }))
    };
    update(&mut model, of("default"));
    assert!(text(&model).contains("default 1/2   kafka-1:9092"), "{}", text(&model));
    let wishes = press(&mut model, ">");
    let cluster = |wishes: &[Wish]| match wishes {
        [Wish::Look(Some(wanted))] => wanted.cluster.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(cluster(&wishes).as_deref(), Some("far"));
    update(&mut model, of("default"));
    assert!(!model.outlook.has_figures(), "what is still told of the one before is not shown: {}", text(&model));
    update(&mut model, of("far"));
    assert!(text(&model).contains("far 2/2"), "{}", text(&model));
    assert_eq!(cluster(&press(&mut model, "tab")).as_deref(), Some("far"), "its topics");
    assert_eq!(cluster(&press(&mut model, "<")).as_deref(), Some("default"));
}

#[test]
fn the_group_of_the_run_is_the_run_itself() {
    let mut model = of_run(80, 24);
    press(&mut model, "enter");
    assert!(model.outlook.opened.is_none() && model.place.view == View::Partitions);
    press(&mut model, "7 k enter");
    assert_eq!(model.outlook.opened.as_ref().map(|opened| opened.name.as_str()), Some("risk-desk"));
    assert!(text(&model).contains("risk-desk is being asked for"), "{}", text(&model));
    press(&mut model, "2");
    assert!(model.outlook.opened.is_none() && text(&model).contains("group trades-live"), "{}", text(&model));
}

#[test]
fn another_cluster_is_opened_and_left() {
    let mut model = of_run(80, 24);
    press(&mut model, ":");
    type_in(&mut model, "cluster edge-4:9092");
    assert_eq!(press(&mut model, "enter"), [Wish::Open(Opening::Cluster("edge-4:9092".into()))]);
    let opened = |is_of_cluster| Opened {
        name: "edge-4:9092".into(),
        pipeline: Pipeline::new("cluster"),
        path: None,
        operators: &[],
        check: checker(),
        rights: Rights::default(),
        starts: false,
        is_of_cluster,
    };
    let wishes = update(&mut model, Message::Opened(Box::new(opened(true))));
    assert!(matches!(wishes.as_slice(), [Wish::Look(Some(_))]), "another cluster, other rows: {wishes:?}");
    assert!(model.outlook.is_alone && !model.outlook.has_figures(), "{}", text(&model));
    let wishes = update(&mut model, Message::Opened(Box::new(opened(false))));
    assert_eq!(wishes, [Wish::Look(None)], "nobody looks any more");
}

#[test]
fn a_run_without_kafka_says_so() {
    let mut model = in_view(View::Cluster, 80, 24);
    update(&mut model, Message::NoCluster);
    assert!(text(&model).contains("Nothing runs here that uses Kafka"), "{}", text(&model));
}

#[test]
fn a_thousand_groups_and_five_thousand_partitions_are_drawn() {
    let mut model = alone(80, 24);
    let many = |number: usize| GroupSnapshot { name: format!("group-{number:04}"), ..groups()[0].clone() };
    let groups = (0..1000).map(many).collect();
    update(&mut model, Message::Cluster(Box::new(ClusterSnapshot { groups, ..seen() })));
    assert!(text(&model).contains("1000 groups"), "{}", text(&model));
    press(&mut model, "enter");
    let one = opened("group-0000").partitions[0].clone();
    let name = model.outlook.opened.as_ref().unwrap().name.clone();
    let partitions = (0..5000).map(|partition| PartitionSnapshot { partition, ..one.clone() }).collect();
    look(&mut model, Some(OpenedGroup { name, partitions, past: None }));
    press(&mut model, "G");
    assert!(text(&model).contains("▸ 4999"), "{}", text(&model));
}

#[test]
fn the_drawings_cluster_fits_their_run() {
    let of_run = fixture::snapshot();
    let lag: i64 = of_run.partitions.iter().filter_map(|partition| partition.lag).sum();
    let own = seen().group("trades-live").and_then(|group| group.figures.as_ref()?.lag).unwrap();
    assert!((lag - own).abs() < 10_000, "{lag} {own}");
}
