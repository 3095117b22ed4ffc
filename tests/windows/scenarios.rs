//! The scenarios in `scenarios/`, which the reference holds too (see `tests/kafka-streams/windows`).

use std::fs;
use std::path::Path;

use serde::Deserialize;

use crate::case::{Case, Caused, Placed};
use crate::ours;

#[derive(Debug, Deserialize)]
struct File {
    cases: Vec<Scenario>,
}

#[derive(Debug, Deserialize)]
struct Scenario {
    #[serde(flatten)]
    case: Case,
    expected: Vec<Placed>,
    dropped: Option<u64>,
}

#[test]
fn scenarios_hold() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/windows/scenarios");
    let mut held = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let file: File = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        for Scenario { case, expected, dropped } in file.cases {
            let name = format!("{}: {}", path.display(), case.name);
            let mut wanted = vec![Caused::default(); case.rows.len()];
            expected.into_iter().for_each(|placed| wanted[placed.row].out.push(placed.out));
            let found = case.comparable(ours::caused(&case, 1));
            let drops: u64 = found.iter().map(|row| row.drops).sum();
            let out = |rows: &[Caused]| rows.iter().map(|row| row.out.clone()).collect::<Vec<_>>();
            assert_eq!(out(&found), out(&case.comparable(wanted)), "{name}");
            assert!(dropped.is_none_or(|dropped| dropped == drops), "{name}: {drops} dropped, expected {dropped:?}");
            held += 1;
        }
    }
    assert!(held >= 20, "{held} scenarios are too few: has the folder moved?");
}
