//! A run, shown.

use std::collections::BTreeMap;

use egui::{Key, Modifiers, vec2};
use egui_kittest::kittest::{NodeT, Queryable};
use tidegate_core::faces::watcher::News;
use tidegate_core::operators::Role;
use tidegate_core::snapshot::{
    Bottleneck, EdgeSnapshot, HeldBy, NodeSnapshot, PartitionSnapshot, Pressure, Rates, Snapshot, TaskSnapshot, Verdict,
};
use tidegate_core::window::{LaneReport, NextReport};

use super::fixture::{
    Happened, Screen, chosen, click, do_by_name, is_there, key, open, open_source, settle, source, trades, wait,
};

/// A run of the trades, held up by its map.
pub(super) fn snapshot() -> Snapshot {
    let node = |id: &str, role, task, records_in, records_out| NodeSnapshot {
        id: id.into(),
        role,
        task: Some(task),
        rates: Rates { records_in, records_out, ..Rates::default() },
        ..NodeSnapshot::default()
    };
    let task = |node: &str, busy, back_pressured, inputs: &[usize]| TaskSnapshot {
        nodes: vec![node.into()],
        inputs: inputs.to_vec(),
        pressure: Pressure { busy, back_pressured, idle: 1000.0 - busy - back_pressured, limited: 0.0 },
        ..TaskSnapshot::default()
    };
    let edge = |id: &str, records, fill: f64| EdgeSnapshot {
        id: id.into(),
        records,
        fill,
        depth: (4096.0 * fill) as usize,
        capacity: 4096,
        ..EdgeSnapshot::default()
    };
    Snapshot {
        at_ms: 1_700_000_000_000,
        nodes: vec![
            node("trades", Role::Source, 0, 0.0, 14_900.0),
            node("real", Role::Flow, 1, 14_900.0, 3_900.0),
            node("worth", Role::Flow, 2, 3_900.0, 3_900.0),
            node("kinds", Role::Flow, 3, 3_900.0, 3_900.0),
        ],
        edges: vec![
            edge("trades.out->real.in", 14_900.0, 0.78),
            edge("real.out->worth.in", 3_900.0, 1.0),
            edge("worth.out->kinds.in", 3_900.0, 0.1),
        ],
        tasks: vec![
            task("trades", 100.0, 300.0, &[]),
            task("real", 200.0, 640.0, &[0]),
            task("worth", 980.0, 0.0, &[1]),
            task("kinds", 100.0, 0.0, &[2]),
        ],
        partitions: vec![PartitionSnapshot {
            node: "trades".into(),
            topic: "trades".into(),
            lag: Some(81_200),
            age_ms: Some(5_400),
            verdict: Verdict::Growing,
            rule: "the lag grew in each of the last samples".into(),
            ..PartitionSnapshot::default()
        }],
        bottleneck: Some(Bottleneck { node: "worth".into(), task: 2, by: HeldBy::Work, since_ms: 0 }),
        ..Snapshot::default()
    }
}

fn tell(screen: &mut Screen, snapshot: Snapshot) {
    screen.state_mut().take(News::Figures(Box::new(snapshot)));
    settle(screen);
}

#[test]
fn dashes_run_along_wires_where_motion_is_wanted() {
    let mut screen = open(trades());
    tell(&mut screen, snapshot());
    let moves = |screen: &mut Screen| {
        // What was said has gone.
        screen.run_steps(60);
        let before = format!("{:?}", screen.output().shapes);
        screen.step();
        before != format!("{:?}", screen.output().shapes)
    };
    assert!(moves(&mut screen));
    for command in ["let dashes run", "reduced motion"] {
        do_by_name(&mut screen, command);
        assert!(!moves(&mut screen), "{command}");
        do_by_name(&mut screen, command);
        assert!(moves(&mut screen), "{command}, taken back");
    }
}

#[test]
fn back_pressure_is_told_from_the_bottleneck_to_the_source() {
    let mut screen = open(trades());
    tell(&mut screen, snapshot());
    for name in [
        "node trades, kafka-source, back-pressured, 14.9k/s",
        "node not empty, filter, back-pressured, 3.90k/s",
        "node worth, map, running, 3.90k/s",
        "edge real.out to worth.in, direct, 3.90k/s, 100% full",
        "lag 81.2k · 5.4s growing",
        "Running",
    ] {
        assert!(is_there(&screen, name), "{name}");
    }
    let tagged = |screen: &Screen| {
        let of = |card: &crate::scene::Card| card.live.as_ref().is_some_and(|live| live.bottleneck.is_some());
        screen.state().scene.nodes.iter().filter(|card| of(card)).map(|card| card.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(tagged(&screen), ["worth"], "at most one node has the tag");
    let shut = |screen: &Screen| {
        screen
            .state()
            .scene
            .wires
            .iter()
            .filter_map(|wire| wire.live.as_ref())
            .map(|live| live.shut)
            .collect::<Vec<_>>()
    };
    assert_eq!(shut(&screen), [0.3, 0.64, 0.0]);
    click(&mut screen, "Show the bottleneck");
    assert_eq!(chosen(&screen), ["worth"]);
}

#[test]
fn partitions_and_log_say_what_is_behind() {
    let mut screen = open(trades());
    click(&mut screen, "Partitions");
    assert!(is_there(&screen, "are shown here while a pipeline"));
    tell(&mut screen, snapshot());
    click(&mut screen, "trades 0, lag 81.2k, growing");
    assert_eq!(chosen(&screen), ["trades"]);
    click(&mut screen, "Log");
    assert!(is_there(&screen, "What happens in a run is told here"));
}

#[test]
fn windows_say_where_stream_time_stands_and_what_they_wait_for() {
    let mut screen = open(trades());
    let tab = screen.get_by_role_and_label(egui::Role::Tab, "Windows").rect().center();
    super::fixture::click_at(&mut screen, tab);
    assert!(is_there(&screen, "Windows are shown here while"));
    let next = NextReport { start: 60_000, end: 120_000, grace_from: 120_000, closes_at: 140_000 };
    let lane = LaneReport { stream_time: Some(90_000), next: Some(next), open: 3, records: 7, ..LaneReport::default() };
    let mut snapshot = snapshot();
    snapshot.nodes[2].windows =
        BTreeMap::from([(0, lane.clone()), (1, LaneReport { stream_time: Some(95_000), ..lane })]);
    tell(&mut screen, snapshot);
    assert!(is_there(&screen, "stream time") && is_there(&screen, "Why is nothing out yet?"));
    let slowest = screen.get_by_role_and_label(egui::Role::RadioButton, "Lane: lane 0");
    assert_eq!(
        slowest.accesskit_node().toggled(),
        Some(egui::accesskit::Toggled::True),
        "the slowest lane closes last"
    );
    click(&mut screen, "Lane: lane 1");
    assert_eq!(screen.state().seen.bottom.lane, Some(1));
}

#[test]
fn it_runs_and_stops_by_keys_and_buttons() {
    let happened = Happened::default();
    let mut screen = open_source(source(trades(), happened.clone()), vec2(1400.0, 900.0));
    key(&mut screen, Modifiers::COMMAND, Key::Enter);
    wait(&mut screen, |screen| is_there(screen, "Stop"));
    click(&mut screen, "Stop");
    wait(&mut screen, |_| happened.lock().unwrap().contains(&"Stop".to_string()));
    assert_eq!(happened.lock().unwrap()[0], "started trades");
}

#[test]
fn what_is_drawn_since_the_start_is_run_again_by_a_press() {
    let happened = Happened::default();
    let mut screen = open_source(source(trades(), happened.clone()), vec2(1400.0, 900.0));
    key(&mut screen, Modifiers::COMMAND, Key::Enter);
    wait(&mut screen, |screen| is_there(screen, "Stop"));
    assert!(!is_there(&screen, "Run again"));
    click(&mut screen, "node worth");
    key(&mut screen, Modifiers::COMMAND, Key::ArrowDown);
    assert!(!is_there(&screen, "Run again"), "a place means nothing");
    key(&mut screen, Modifiers::NONE, Key::D);
    click(&mut screen, "Run again");
    wait(&mut screen, |screen| !is_there(screen, "Run again"));
    assert_eq!(happened.lock().unwrap().iter().filter(|what| *what == "started trades").count(), 2);
}

#[test]
fn silence_is_told_and_nothing_seems_to_run() {
    let mut screen = open(trades());
    tell(&mut screen, snapshot());
    assert!(is_there(&screen, "node worth, map, running, 3.90k/s"));
    screen.state_mut().take(News::Silence { why: "connection refused".into(), at_ms: 1_700_000_000_500 });
    settle(&mut screen);
    assert!(is_there(&screen, "No answer") && is_there(&screen, "node worth, map, not known, 3.90k/s"));
    tell(&mut screen, snapshot());
    assert!(!is_there(&screen, "No answer") && is_there(&screen, "node worth, map, running"));
}

#[test]
fn what_became_of_a_run_stays_when_it_is_over() {
    let mut screen = open(trades());
    let mut last = snapshot();
    (last.nodes[2].records_in, last.nodes[2].records_out) = (2_500, 2_500);
    tell(&mut screen, last);
    assert!(is_there(&screen, "minimap, ") && is_there(&screen, "Show the bottleneck"));
    screen.state_mut().take(News::Over { how: "Stopped.".into(), field: None, last: None });
    settle(&mut screen);
    assert!(is_there(&screen, "node worth, map, over, 2.50k records"));
    assert!(!is_there(&screen, "minimap, ") && !is_there(&screen, "Show the bottleneck"), "nobody is held back");
    assert!(!is_there(&screen, "/s"), "nothing moves");
}

#[test]
fn an_end_is_told_and_run_is_offered_again() {
    let mut screen = open(trades());
    tell(&mut screen, snapshot());
    screen.state_mut().take(News::Over { how: "Failed: the broker has gone.".into(), field: None, last: None });
    settle(&mut screen);
    assert!(is_there(&screen, "Failed: the broker has gone") && is_there(&screen, "Run"));
}
