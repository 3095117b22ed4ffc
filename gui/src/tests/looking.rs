//! Records, windows and the log of a run, looked at.

use std::collections::BTreeMap;

use egui::{Key, Modifiers, vec2};
use egui_kittest::kittest::{NodeT, Queryable};
use serde_json::json;
use tidegate_core::faces::host::{Rights, Source};
use tidegate_core::faces::watcher::News;
use tidegate_core::problem::{RecordPlace, Severity};
use tidegate_core::snapshot::{LogEntry, Snapshot, StateRow, StateSnapshot, TapRow, TapSnapshot};
use tidegate_core::window::{LaneReport, LateReport, NextReport};

use super::fixture::{
    Happened, Screen, chosen, click, click_at, is_there, key, open, open_source, picture, settle, source, trades,
    type_text,
};
use super::running::snapshot;

fn tell(screen: &mut Screen, news: News) {
    screen.state_mut().take(news);
    settle(screen);
}

fn tap(edge: &str, values: &[(i64, &str)]) -> TapSnapshot {
    let row = |(offset, symbol): &(i64, &str)| TapRow {
        topic: "trades".into(),
        offset: *offset,
        at_ms: *offset,
        key: json!(symbol),
        value: json!({ "symbol": symbol }),
        ..TapRow::default()
    };
    TapSnapshot { edge: edge.into(), rows: values.iter().map(row).collect(), ..TapSnapshot::default() }
}

fn tab(screen: &mut Screen, name: &str) {
    let at = screen.get_by_role_and_label(egui::Role::Tab, name).rect().center();
    click_at(screen, at);
}

#[test]
fn records_before_and_behind_a_node_are_filtered_and_opened() {
    let mut screen = open(trades());
    tell(&mut screen, News::Figures(Box::new(snapshot())));
    click(&mut screen, "node not empty");
    key(&mut screen, Modifiers::NONE, Key::P);
    let before = tap("trades.out->real.in", &[(1, "EURUSD"), (2, "GBPUSD")]);
    let behind = tap("real.out->worth.in", &[(2, "GBPUSD")]);
    tell(&mut screen, News::Taps(vec![before, behind]));
    let count = |screen: &Screen, name: &str| screen.query_all_by_label_contains(name).count();
    assert_eq!((count(&screen, "record EURUSD"), count(&screen, "record GBPUSD")), (1, 2));
    screen.get_by_label("Filter records").focus();
    settle(&mut screen);
    type_text(&mut screen, "eur");
    assert_eq!((count(&screen, "record EURUSD"), count(&screen, "record GBPUSD")), (1, 0));
    click(&mut screen, "record EURUSD");
    assert!(is_there(&screen, "trades 0 · 1") && is_there(&screen, "key  EURUSD"));
    picture(&screen, "records");
    click(&mut screen, "Hold");
    tell(&mut screen, News::Taps(vec![tap("trades.out->real.in", &[(9, "EURCHF")])]));
    assert!(!is_there(&screen, "record EURCHF"), "what is held stands still");
    click(&mut screen, "Close the record");
    assert!(!is_there(&screen, "key  EURUSD"));
}

#[test]
fn the_panel_is_held_on_a_node_until_it_is_let_go_or_gone() {
    let mut screen = open(trades());
    tell(&mut screen, News::Figures(Box::new(snapshot())));
    click(&mut screen, "node not empty");
    tab(&mut screen, "Tap");
    click(&mut screen, "Pin real");
    let of_real = ["real.out->worth.in", "trades.out->real.in"];
    click(&mut screen, "node worth");
    assert_eq!(screen.state().seen.tapped, of_real, "another is selected");
    click(&mut screen, "Follow the selection");
    assert!(!screen.state().seen.tapped.contains(&of_real[1].to_string()), "the panel follows");
    click(&mut screen, "node not empty");
    click(&mut screen, "Pin real");
    key(&mut screen, Modifiers::NONE, Key::Delete);
    assert_eq!(screen.state().seen.bottom.held_on, None, "what is gone is not held");
    assert!(!is_there(&screen, "Follow the selection"));
}

#[test]
fn a_run_elsewhere_is_read_and_not_changed() {
    let here = source(trades(), Happened::default());
    let elsewhere = Rights { may_build: false, may_control: false, owns_run: false };
    let mut screen = open_source(Source { rights: elsewhere, ..here }, vec2(1400.0, 900.0));
    tell(&mut screen, News::Figures(Box::new(snapshot())));
    assert!(is_there(&screen, "Runs elsewhere: read only"));
    let is_able = |screen: &Screen, name: &str| !screen.get_by_label(name).accesskit_node().is_disabled();
    assert!(!is_able(&screen, "Pipeline name") && !is_there(&screen, "New parameter"));
    click(&mut screen, "node not empty");
    assert!(
        is_there(&screen, "Runs elsewhere: read only") && !is_able(&screen, "condition") && !is_able(&screen, "Id")
    );
    let before = screen.state().drawing.pipeline.clone();
    let condition = screen.get_by_label("condition").rect().center();
    click_at(&mut screen, condition);
    type_text(&mut screen, "1 = 1");
    click(&mut screen, "edge real.out to worth.in");
    click(&mut screen, "through Kafka");
    assert_eq!(screen.state().drawing.pipeline, before);
    // What shows more is not held back.
    click(&mut screen, "node not empty");
    tab(&mut screen, "Schema");
    assert!(is_there(&screen, "symbol text"));
}

#[test]
fn an_edge_shows_some_records_beside_what_it_carries() {
    let mut screen = open(trades());
    tell(&mut screen, News::Figures(Box::new(snapshot())));
    click(&mut screen, "edge real.out to worth.in");
    assert_eq!(screen.state().seen.tapped, ["real.out->worth.in"], "it is looked at while it is selected");
    tell(&mut screen, News::Taps(vec![tap("real.out->worth.in", &[(2, "GBPUSD")])]));
    assert!(is_there(&screen, "GBPUSD {\"symbol\":\"GBPUSD\"}") && is_there(&screen, "full 100"));
    picture(&screen, "edge");
    click(&mut screen, "All records");
    assert!(is_there(&screen, "record GBPUSD"));
}

/// A run with windows at one node, on one lane.
pub(super) fn with_windows() -> Snapshot {
    let next = NextReport { start: 60_000, end: 120_000, grace_from: 120_000, closes_at: 140_000 };
    let late = LateReport {
        record: RecordPlace { topic: "trades".into(), partition: 0, offset: 3 },
        ts: 61_000,
        start: 0,
        end: 60_000,
        closed_at: 80_000,
        stream_time: 130_000,
        set_by: None,
        is_idle: false,
    };
    let report = LaneReport {
        stream_time: Some(130_000),
        next: Some(next),
        open: 3,
        late: 1,
        last_late: Some(late),
        late_times: [61_000].into(),
        ..LaneReport::default()
    };
    let mut snapshot = snapshot();
    snapshot.nodes[2].windows = BTreeMap::from([(0, report)]);
    snapshot
}

#[test]
fn windows_fill_with_keys_and_results_come_beside() {
    let mut screen = open(trades());
    tell(&mut screen, News::Figures(Box::new(with_windows())));
    tab(&mut screen, "Windows");
    assert!(is_there(&screen, "closing") && is_there(&screen, "stream time"));
    let node = with_windows().nodes[2].id.clone();
    let row = |key: &str, window| StateRow { lane: 0, key: json!(key), window: Some(window), value: json!({}) };
    let rows = vec![row("a", (60_000, 120_000)), row("a", (120_000, 180_000)), row("b", (120_000, 180_000))];
    let found = Box::new(StateSnapshot { node: node.clone(), keys: 3, rows, ..StateSnapshot::default() });
    tell(&mut screen, News::State { found, lane: 0 });
    assert!(is_there(&screen, "closing with 1 key, ") && is_there(&screen, "open with 2 keys"));
    assert!(is_there(&screen, "None came out since this was opened"));
    let edge = screen.state().seen.tapped[0].clone();
    assert!(edge.starts_with(&format!("{node}.")), "{edge}");
    tell(&mut screen, News::Taps(vec![tap(&edge, &[(7, "EURUSD")])]));
    assert!(is_there(&screen, "result  EURUSD symbol EURUSD"));
    picture(&screen, "windows");
}

#[test]
fn the_log_is_filtered_and_leads_to_a_node() {
    let mut screen = open(trades());
    let mut snapshot = snapshot();
    for (number, severity, message) in [(0, Severity::Note, "it reads"), (1, Severity::Error, "it has failed")] {
        let (node, message) = (Some("worth".into()), message.to_string());
        snapshot.log.push(LogEntry { number, at_ms: 0, last_ms: 0, count: 1, severity, node, message });
    }
    tell(&mut screen, News::Figures(Box::new(snapshot)));
    tab(&mut screen, "Log");
    assert!(is_there(&screen, "worth it reads"));
    picture(&screen, "log");
    click(&mut screen, "Log: errors");
    assert!(!is_there(&screen, "worth it reads"));
    click(&mut screen, "worth it has failed");
    assert_eq!(chosen(&screen), ["worth"]);
    screen.get_by_label("Filter the log").focus();
    settle(&mut screen);
    type_text(&mut screen, "nothing of that");
    assert!(is_there(&screen, "Nothing in the log is like that"));
}
