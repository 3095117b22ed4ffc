//! Laws that hold for every pipeline, tried on random ones: how records are batched changes nothing, nor does the way in
//! which an edge travels; a record that stops the run stops it at the same place; no offset is safe before its records
//! have reached their sinks.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use super::*;
use crate::operators::Scope;
use crate::plan::{PlanEdge, PlanVia};
use crate::testkit::{drawn, file, node};

mod drawings;

use drawings::{KINDS, Kind, drawings, is_runnable, lossless, pure, rows, script};

/// How many records may make a batch.
const PACKS: [usize; 4] = [1, 2, 7, 512];

/// What one run of a file gave: by sink its rows, in order.
struct Came {
    sinks: BTreeMap<String, Vec<String>>,
    fault: Option<Fault>,
}

fn came(file: &Value, script: &[Line], pack: usize) -> Came {
    let driven = drive_in(drawn(file, &[]).plan(&[]), script, &Shown::sinks(), pack);
    let mut sinks: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in &driven.rows {
        let text = serde_json::to_string(row).unwrap();
        sinks.entry(row.node.clone()).or_default().push(text);
    }
    Came { sinks, fault: driven.fault }
}

/// What is known of the order at sinks before anything runs. Nothing is excused on one lane but what the check has noted.
#[derive(Default)]
struct Orders {
    /// records come in no fixed order
    loose: BTreeSet<String>,
    /// state was built of such records: not even the values are fixed
    unknown: BTreeSet<String>,
    /// on several lanes, records of one key come in no fixed order
    moved: BTreeSet<String>,
    /// on several lanes, state was built of such records
    guessed: BTreeSet<String>,
}

fn orders(file: &Value) -> Orders {
    let (pipeline, checked) = crate::testkit::checked(file, &[]);
    let is_note = |problem: &&crate::problem::Problem| problem.message.contains("no fixed order");
    let noted: BTreeSet<&String> =
        checked.problems.iter().filter(is_note).filter_map(|problem| problem.place.node.as_ref()).collect();
    let crate::plan::Drawn { nodes, edges } = crate::plan::Drawn::new(&pipeline, &checked);
    // Records of one lane go to several by their keys: from there on only what has one key has one order.
    let mut scattered = vec![false; nodes.len()];
    let mut orders = Orders::default();
    // Nodes are drawn in an order in which data flows.
    for (number, node) in nodes.iter().enumerate() {
        let into = || edges.iter().filter(|edge| edge.to.0 == number);
        let inherits = |of: &BTreeSet<String>| into().any(|edge| of.contains(&nodes[edge.from.0].id));
        let has_other_lanes = |edge: &PlanEdge| match &edge.via {
            PlanVia::Direct(_) => false,
            PlanVia::Topic(topic) => topic.partitions.is_some(),
        };
        let comes_scattered = into().any(|edge| scattered[edge.from.0] || has_other_lanes(edge));
        scattered[number] = comes_scattered || node.is_exchanged;
        let keeps_state = node.scope == Scope::Key;
        let is_loose = noted.contains(&node.id) || inherits(&orders.loose);
        let is_unknown = inherits(&orders.unknown) || (is_loose && keeps_state);
        let is_moved = inherits(&orders.moved) || (comes_scattered && node.ports.makes_keys);
        let is_guessed = inherits(&orders.guessed) || (is_moved && keeps_state);
        for (is_so, set) in [
            (is_loose, &mut orders.loose),
            (is_unknown, &mut orders.unknown),
            (is_moved, &mut orders.moved),
            (is_guessed, &mut orders.guessed),
        ] {
            if is_so {
                set.insert(node.id.clone());
            }
        }
    }
    orders
}

/// Rows of a sink as far as their order is fixed: as they are, per key, or not at all.
fn comparable(rows: &[String], is_loose: bool, is_one_lane: bool) -> Vec<String> {
    let mut rows = rows.to_vec();
    if is_loose {
        rows.sort();
    } else if !is_one_lane {
        rows.sort_by_key(|row| serde_json::from_str::<Value>(row).unwrap()["key"].to_string());
    }
    rows
}

fn assert_same(one: &Came, other: &Came, orders: &[&Orders], is_one_lane: bool) -> Result<(), TestCaseError> {
    let names: BTreeSet<&String> = one.sinks.keys().chain(other.sinks.keys()).collect();
    for name in names {
        let is_in = |of: fn(&Orders) -> &BTreeSet<String>| orders.iter().any(|orders| of(orders).contains(name));
        if is_in(|orders| &orders.unknown) || (!is_one_lane && is_in(|orders| &orders.guessed)) {
            continue;
        }
        let is_loose = is_in(|orders| &orders.loose) || (!is_one_lane && is_in(|orders| &orders.moved));
        let rows = |came: &Came| comparable(came.sinks.get(name).map_or(&[], Vec::as_slice), is_loose, is_one_lane);
        prop_assert_eq!(rows(one), rows(other), "at {}", name);
    }
    prop_assert_eq!(&one.fault, &other.fault);
    Ok(())
}

/// 64 cases, or as many as `PROPTEST_CASES` says.
fn config() -> ProptestConfig {
    let told = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { told.cases } else { 64 };
    ProptestConfig { cases, max_shrink_iters: 1000, ..told }
}

/// No kind is left out of the drawings for being misdrawn.
#[test]
fn every_flow_can_be_drawn() {
    for Kind { operator, config, .. } in KINDS.iter() {
        let source = node("s", "kafka-source", json!({ "topic": "s", "schema": { "n": "int64" } }));
        let sink = node("o", "discard", json!({}));
        let port = &(operator.configure)(config.clone()).unwrap().ports().outputs[0];
        let edges = ["s->f".to_string(), format!("f.{port}->o")];
        let edges: Vec<&str> = edges.iter().map(String::as_str).collect();
        let file = file([source, node("f", operator.name, config.clone()), sink], &edges);
        assert!(is_runnable(&file), "{file:#}");
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn batching_changes_nothing(drawing in drawings(1..4, KINDS.len()), rows in rows(1, 12)) {
        let file = drawing.file("count", true);
        let (script, orders) = (script(&rows, drawing.sources), orders(&file));
        let one_by_one = came(&file, &script, 1);
        prop_assert_eq!(&one_by_one.fault, &None);
        for pack in &PACKS[1..] {
            assert_same(&one_by_one, &came(&file, &script, *pack), &[&orders], true)?;
        }
        prop_assert_eq!(came(&file, &script, 7).sinks, came(&file, &script, 7).sinks, "a second run gives the same");
    }

    #[test]
    fn batching_changes_nothing_on_several_lanes(drawing in drawings(1..3, KINDS.len()), rows in rows(3, 12)) {
        let file = drawing.file("count", true);
        let (script, orders) = (script(&rows, drawing.sources), orders(&file));
        let one_by_one = came(&file, &script, 1);
        for pack in &PACKS[1..] {
            assert_same(&one_by_one, &came(&file, &script, *pack), &[&orders], false)?;
        }
    }

    #[test]
    fn the_way_of_an_edge_changes_nothing(
        drawing in drawings(1..3, KINDS.len()),
        rows in rows(2, 10),
        edge in any::<Index>(),
        pack in 1..8usize,
    ) {
        let file = drawing.file("count", true);
        let script = script(&rows, drawing.sources);
        let direct = came(&file, &script, pack);
        let edges = file["edges"].as_array().unwrap().len();
        for via in [json!({ "direct": { "buffer": 2 } }), json!("topic"), json!({ "topic": { "partitions": 3 } })] {
            let mut other = file.clone();
            other["edges"][edge.index(edges)]["via"] = via;
            assert_same(&direct, &came(&other, &script, pack), &[&orders(&file), &orders(&other)], false)?;
        }
    }

    #[test]
    fn a_record_that_fails_stops_the_run_at_the_same_place(drawing in drawings(1..2, pure()), rows in rows(1, 12)) {
        let file = drawing.file("stop", false);
        let script = script(&rows, drawing.sources);
        let one_by_one = came(&file, &script, 1);
        for pack in &PACKS[1..] {
            assert_same(&one_by_one, &came(&file, &script, *pack), &[], true)?;
        }
        if let Some(fault) = &one_by_one.fault {
            let at = fault.record.as_ref().unwrap().offset;
            for row in one_by_one.sinks.values().flatten() {
                let ts = serde_json::from_str::<Value>(row).unwrap()["ts"].as_i64().unwrap();
                prop_assert!(ts < at, "{} comes behind record {}", row, at);
            }
        }
    }

    #[test]
    fn what_is_safe_has_reached_its_sinks(
        drawing in drawings(1..3, lossless()),
        rows in rows(2, 12),
        held in any::<Index>(),
        release in prop::collection::vec((0..12usize, 1..5usize), 0..4),
        pack in 1..5usize,
    ) {
        let file = drawing.file("count", true);
        let script = script(&rows, drawing.sources);
        let plan = || drawn(&file, &[]).plan(&[]);
        let mut whole = Driver::new(plan(), &script, &Shown::sinks(), 1).unwrap();
        whole.run(&script).unwrap();
        let expected = reached(&whole);
        let mut driver = Driver::new(plan(), &script, &Shown::sinks(), pack).unwrap();
        let sinks: Vec<String> =
            file["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap().to_string()).filter(|id| !id.starts_with(['s', 'f'])).collect();
        let held = held.get(&sinks);
        driver.run(&[read_line(&json!({ "hold": held })).unwrap()]).unwrap();
        for (step, lines) in script.chunks(pack).enumerate() {
            driver.run(lines).unwrap();
            for (_, records) in release.iter().filter(|(at, _)| *at == step) {
                driver.run(&[read_line(&json!({ "release": held, "records": records })).unwrap()]).unwrap();
            }
            assert_safe(&driver, &expected)?;
        }
        driver.run(&[read_line(&json!({ "release": held })).unwrap()]).unwrap();
        assert_safe(&driver, &expected)?;
        prop_assert_eq!(reached(&driver), expected);
        for (&(node, partition), fed) in &driver.scripts {
            prop_assert_eq!(safe(&driver, node, partition), Some(fed.next), "in the end all is safe");
        }
    }
}

/// How many rows of each record have reached each sink: by sink, source, partition, offset.
fn reached(driver: &Driver) -> BTreeMap<(usize, String, i32, i64), usize> {
    let mut counts = BTreeMap::new();
    for seen in driver.log.lock().unwrap().iter() {
        let origin = &seen.batch.origin;
        for row in 0..seen.batch.rows {
            let at = (seen.node, origin.topic.get(row).to_string(), *origin.partition.get(row), origin.offset[row]);
            *counts.entry(at).or_default() += 1;
        }
    }
    counts
}

fn safe(driver: &Driver, node: usize, partition: i32) -> Option<i64> {
    let of = |slot: &u32| {
        driver.workshop.slots.get(*slot) == Some(&(node, SlotOf::Partition(String::new(), "".into(), partition)))
    };
    driver.workshop.make_safe().unwrap();
    let needs = driver.workshop.survey().unwrap();
    needs.iter().find(|(slot, _)| of(slot)).map(|(_, offset)| *offset)
}

fn assert_safe(driver: &Driver, expected: &BTreeMap<(usize, String, i32, i64), usize>) -> Result<(), TestCaseError> {
    let reached = reached(driver);
    for &(node, partition) in driver.scripts.keys() {
        let safe = safe(driver, node, partition).unwrap();
        let id = &driver.workshop.plan.nodes[node].id;
        for (at, count) in expected.iter().filter(|((_, topic, of, _), _)| topic == id && *of == partition) {
            if at.3 < safe {
                prop_assert_eq!(reached.get(at), Some(count), "{:?} is not there, and {} is safe", at, safe);
            }
        }
    }
    Ok(())
}
