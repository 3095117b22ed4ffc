//! Random cases against Kafka Streams: equal results after every single row, timestamps and order included, and equal
//! counts of what was dropped.
//!
//! `TIDEGATE_TEST_STREAMS` says how many cases of each kind are tried; they need a JVM and Maven. `TIDEGATE_TEST_SEED`
//! gives others.

use std::collections::BTreeMap;

use crate::case::{Case, Caused, Emit};
use crate::ours;
use crate::random::{KINDS, Kind, Random, case};
use crate::reference::Reference;

/// How often something has happened that a kind of window can have.
#[derive(Debug, Default)]
struct Shares {
    rows: usize,
    /// rows that were late for some window
    late: usize,
    /// rows that made one session of two or more
    merged: usize,
    /// rows of cases in which merging shows
    telling: usize,
    /// results that were tombstones, of all results
    tombstones: usize,
    results: usize,
}

/// The least share of rows, in percent.
const LEAST: usize = 5;

#[test]
#[ignore = "needs a JVM, Maven, and TIDEGATE_TEST_STREAMS, the number of cases"]
fn random_cases_are_equal() {
    let cases = std::env::var("TIDEGATE_TEST_STREAMS").expect("TIDEGATE_TEST_STREAMS is the number of cases");
    let each: u64 = cases.parse().expect("TIDEGATE_TEST_STREAMS is a number");
    let seed = std::env::var("TIDEGATE_TEST_SEED").map_or(20_261_125, |seed| seed.parse().expect("a number"));
    let mut random = Random(seed);
    let numbered = KINDS.iter().flat_map(|kind| (0..each).map(|_| *kind)).enumerate();
    let cases: Vec<(Kind, Case)> = numbered.map(|(id, kind)| (kind, case(id as u64, kind, &mut random))).collect();
    let kinds: BTreeMap<u64, Kind> = cases.iter().map(|(kind, case)| (case.id, *kind)).collect();
    let cases: Vec<Case> = cases.into_iter().map(|(_, case)| case).collect();
    let mut shares: BTreeMap<Kind, Shares> = BTreeMap::new();
    Reference::start().ask(&cases, |case, answer| {
        let expected = case.comparable(answer.caused(case.rows.len()));
        let found = case.comparable(ours::caused(case, 1));
        assert_same(case, &found, &expected);
        let whole = ours::results(case, 1);
        let pack = [2, 7, 31, 512][case.id as usize % 4];
        assert_eq!(ours::results(case, pack), whole, "batches of {pack} change results, {}", written(case));
        shares.entry(kinds[&case.id]).or_default().add(case, &expected);
    });
    for (kind, shares) in &shares {
        println!("{kind:?}: {}", shares.text());
        shares.assert_enough(*kind);
    }
}

fn assert_same(case: &Case, found: &[Caused], expected: &[Caused]) {
    assert_eq!(found.len(), expected.len());
    for (row, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found, expected, "at row {row} ({:?}) of {}", case.rows[row], written(case));
    }
}

fn written(case: &Case) -> String {
    serde_json::to_string(case).expect("a case is JSON")
}

impl Shares {
    fn add(&mut self, case: &Case, caused: &[Caused]) {
        self.rows += caused.len();
        for (row, caused) in case.rows.iter().zip(caused) {
            self.late += usize::from(row.key.is_some() && row.value.is_some() && caused.drops > 0);
            self.merged += usize::from(caused.out.iter().filter(|out| out.value.is_none()).count() > 1);
            self.tombstones += caused.out.iter().filter(|out| out.value.is_none()).count();
            self.results += caused.out.len();
        }
        // On close nothing is taken back, and nothing shows of a merging.
        if case.emit == Emit::OnUpdate {
            self.telling += caused.len();
        }
    }

    fn text(&self) -> String {
        let percent = |part: usize, of: usize| 100.0 * part as f64 / of.max(1) as f64;
        format!(
            "{} rows, {:.1} % late, {:.1} % merge sessions; {} results, {:.1} % tombstones",
            self.rows,
            percent(self.late, self.rows),
            percent(self.merged, self.telling),
            self.results,
            percent(self.tombstones, self.results)
        )
    }

    fn assert_enough(&self, kind: Kind) {
        let is_enough = |part: usize, of: usize| 100 * part >= LEAST * of;
        assert!(kind == Kind::Running || is_enough(self.late, self.rows), "{kind:?}: too few late rows");
        if kind == Kind::Session {
            assert!(is_enough(self.merged, self.telling), "too few rows merge sessions");
            assert!(is_enough(self.tombstones, self.results), "too few tombstones");
        }
    }
}
