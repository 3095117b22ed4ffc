//! Lets records pass at a rate, by the wall clock.
//!
//! A bucket holds up to `burst` tokens and begins full; tokens come in at `rate`, evenly, and each record takes one. A
//! record for which there is none waits, and so do those behind it: nothing is dropped, and order stays. Without `burst`
//! the bucket holds what comes in within a tenth of a second, and at least one token.
//!
//! There is one bucket for all lanes of the process. A lane that finds it empty is promised the next token that nobody was
//! promised before, so lanes that wait are served in turn; what is in the bucket is shared among the lanes that have asked
//! within the last second. A promise that is not fetched within a second lapses.
//!
//! Keys, bytes, tombstones and changes pass as they are. While a record waits, the task shows as `limited`.
//!
//! - **Emits** when there is a token. **Back-pressure**: takes nothing while there is none, or while what follows is full.

use std::sync::{Mutex, PoisonError};

use schemars::JsonSchema;
use serde::Deserialize;

use super::page::page;
use super::rows::Selection;
use super::*;
use crate::fields::Rate;

/// Config of `throttle`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Throttle {
    /// How many records may pass in how long.
    rate: Rate,
    /// How many may pass at once after a pause; absent: those of a tenth of a second, at least one.
    #[schemars(range(min = 1))]
    burst: Option<u64>,
}

/// `throttle`
pub(super) static OPERATOR: Operator = Operator {
    name: "throttle",
    summary: "Lets records pass at a rate, by the wall clock",
    help: page!("throttle.rs"),
    role: Role::Flow,
    family: Family::Flows,
    icon: "gauge",
    scope: Scope::Node,
    value: ValueRole::Kept,
    form: Form::of::<Throttle>,
    configure: configure::<Throttle>,
    examples: EXAMPLES,
};

impl Shape for Throttle {
    fn ports(&self) -> Ports {
        Ports::flow(["out"]).paced()
    }

    fn output(&self, inputs: &[Option<Stream>], report: &mut Report) -> Vec<Option<Stream>> {
        if self.burst == Some(0) {
            report.error("burst", "nothing passes where the burst is 0", "give 1 or more");
        }
        inputs.to_vec()
    }

    fn build(&self, site: &Site<'_>) -> Result<Body, Fault> {
        let (records, per_ms) = (self.rate.records(), self.rate.per_ms());
        let tenth = (u128::from(records) * 100).div_ceil(u128::from(per_ms)).min(u128::from(u64::MAX)) as u64;
        let burst = self.burst.unwrap_or(tenth).max(1);
        let bucket = site.shared.get("bucket", || Mutex::new(Bucket::new(records, per_ms, burst)));
        let selection = Selection::new(site.input(0)?, site.output(0)?)?;
        Ok(Body::Flow(Box::new(Running { selection, lane: site.lane, bucket, granted: 0 })))
    }
}

/// How long a lane counts after it asked, and a promise after its time, in milliseconds.
const FORGET_MS: i64 = 1000;

/// Tokens, counted in parts: a record costs `per_ms` parts, and every millisecond brings `records` of them.
#[derive(Debug)]
struct Bucket {
    /// below zero where tokens are promised that have not come in yet
    parts: i128,
    most: i128,
    records: i128,
    per_ms: i128,
    filled_ms: Option<i64>,
    /// lanes, and when each last asked
    asked_ms: Vec<(u32, i64)>,
    /// lanes, and when the token that was promised to each comes
    promised_ms: Vec<(u32, i64)>,
}

impl Bucket {
    fn new(records: u64, per_ms: u64, burst: u64) -> Bucket {
        let (records, per_ms) = (i128::from(records), i128::from(per_ms));
        let most = i128::from(burst).saturating_mul(per_ms);
        let (asked_ms, promised_ms) = (Vec::new(), Vec::new());
        Bucket { parts: most, most, records, per_ms, filled_ms: None, asked_ms, promised_ms }
    }

    fn fill(&mut self, lane: u32, now_ms: i64) {
        let since = self.filled_ms.map_or(0, |then| now_ms.saturating_sub(then).max(0));
        self.filled_ms = Some(self.filled_ms.map_or(now_ms, |then| then.max(now_ms)));
        self.add(i128::from(since).saturating_mul(self.records));
        self.asked_ms.retain(|(known, asked)| *known != lane && now_ms.saturating_sub(*asked) < FORGET_MS);
        self.asked_ms.push((lane, now_ms));
        let promised = self.promised_ms.len();
        self.promised_ms.retain(|(_, due)| now_ms.saturating_sub(*due) < FORGET_MS);
        self.give_back((promised - self.promised_ms.len()) as u64);
    }

    fn give_back(&mut self, tokens: u64) {
        self.add(i128::from(tokens).saturating_mul(self.per_ms));
    }

    fn add(&mut self, parts: i128) {
        self.parts = self.parts.saturating_add(parts).min(self.most);
    }

    /// A fair part of the tokens that are there and promised to nobody, up to `most`; none where there are none.
    fn share(&mut self, most: u64) -> u64 {
        let there = self.parts.max(0) / self.per_ms;
        let share = if there == 0 { 0 } else { (there / self.asked_ms.len().max(1) as i128).max(1) };
        let share = share.min(i128::from(most));
        self.parts -= share * self.per_ms;
        u64::try_from(share).unwrap_or(u64::MAX)
    }

    /// Promises the next token to a lane, and says when it comes.
    fn promise(&mut self, lane: u32, now_ms: i64) -> i64 {
        self.parts = self.parts.saturating_sub(self.per_ms);
        let due_ms = now_ms.saturating_add(self.wait_ms(0));
        self.promised_ms.push((lane, due_ms));
        due_ms
    }

    /// The token that was promised to a lane: that it has come, or when it comes.
    fn fetch(&mut self, lane: u32, now_ms: i64) -> Result<u64, i64> {
        match self.promised_ms.iter().position(|(known, _)| *known == lane) {
            None => Ok(0),
            Some(place) if self.promised_ms[place].1 > now_ms => Err(self.promised_ms[place].1),
            Some(place) => {
                self.promised_ms.remove(place);
                Ok(1)
            }
        }
    }

    /// Forgets a lane, and takes back what was promised to it.
    fn forget(&mut self, lane: u32) {
        let promised = self.promised_ms.len();
        self.promised_ms.retain(|(known, _)| *known != lane);
        self.asked_ms.retain(|(known, _)| *known != lane);
        self.give_back((promised - self.promised_ms.len()) as u64);
    }

    /// How long until there are so many parts.
    fn wait_ms(&self, parts: i128) -> i64 {
        let missing = parts.saturating_sub(self.parts).max(0);
        i64::try_from(missing.saturating_add(self.records - 1) / self.records).unwrap_or(i64::MAX)
    }
}

struct Running {
    selection: Selection,
    lane: u32,
    bucket: Arc<Mutex<Bucket>>,
    /// tokens taken out and not used yet
    granted: u64,
}

impl Flow for Running {
    fn process(&mut self, _: usize, batch: Batch, out: &mut Outbox) -> Result<(), Fault> {
        self.granted = self.granted.saturating_sub(batch.rows as u64);
        out.emit(0, self.selection.apply(batch));
        Ok(())
    }

    fn grant(&mut self, wanted: usize, now_ms: i64) -> Grant {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        bucket.give_back(std::mem::take(&mut self.granted));
        if wanted == 0 {
            return Grant { rows: 0, again_at_ms: None };
        }
        bucket.fill(self.lane, now_ms);
        let wait = |due_ms| Grant { rows: 0, again_at_ms: Some(due_ms) };
        self.granted = match bucket.fetch(self.lane, now_ms) {
            Ok(promised) => promised + bucket.share((wanted as u64).saturating_sub(promised)),
            Err(due_ms) => return wait(due_ms),
        };
        if self.granted == 0 {
            return wait(bucket.promise(self.lane, now_ms));
        }
        let again_at_ms = now_ms.saturating_add(bucket.wait_ms(bucket.per_ms));
        Grant { rows: usize::try_from(self.granted).unwrap_or(usize::MAX), again_at_ms: Some(again_at_ms) }
    }
}

/// A lane that goes leaves its tokens to the others.
impl Drop for Running {
    fn drop(&mut self) {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        bucket.give_back(self.granted);
        bucket.forget(self.lane);
    }
}

const EXAMPLES: &[Example] = &[Example {
    title: "Two at once, then one a second",
    config: r#"{ "rate": "1/s", "burst": 2 }"#,
    inputs: r#"{ "in": { "schema": { "n": "int64" } } }"#,
    script: r#"
        {"node":"in","ts":1,"key":"a","value":{"n":1}}
        {"node":"in","ts":2,"key":"a","value":{"n":2}}
        {"node":"in","ts":3,"key":"a","value":{"n":3}}
        {"node":"in","ts":4,"key":"a","value":{"n":4}}
        {"advance":"1s"}"#,
    expect: r#"
        {"port":"out","ts":1,"key":"a","value":{"n":1}}
        {"port":"out","ts":2,"key":"a","value":{"n":2}}
        {"port":"out","ts":3,"key":"a","value":{"n":3}}"#,
}];

#[cfg(test)]
mod tests {
    use super::*;

    fn lanes(records: u64, per_ms: u64, burst: u64, lanes: u32) -> Vec<Running> {
        let bucket = Arc::new(Mutex::new(Bucket::new(records, per_ms, burst)));
        let stream = Stream::records(Arc::default(), KeyFormat::Text);
        let selection = || Selection::new(&stream, &stream).unwrap();
        let lane = |lane| Running { selection: selection(), lane, bucket: bucket.clone(), granted: 0 };
        (0..lanes).map(lane).collect()
    }

    /// Uses all that is granted; gives the number of records.
    fn use_up(lane: &mut Running, now_ms: i64) -> u64 {
        let rows = lane.grant(usize::MAX, now_ms).rows as u64;
        lane.granted = 0;
        rows
    }

    #[test]
    fn a_burst_then_the_rate() {
        let lane = &mut lanes(10, 1000, 3, 1)[0];
        assert_eq!(use_up(lane, 0), 3);
        assert_eq!(lane.grant(usize::MAX, 0), Grant { rows: 0, again_at_ms: Some(100) });
        assert_eq!(lane.grant(usize::MAX, 99), Grant { rows: 0, again_at_ms: Some(100) });
        assert_eq!(use_up(lane, 100), 1);
        assert_eq!(use_up(lane, 350), 2);
        assert_eq!(lane.grant(usize::MAX, 350).again_at_ms, Some(400));
        // A pause fills no more than the bucket: the promise has lapsed.
        assert_eq!(use_up(lane, 100_000), 3);
    }

    #[test]
    fn what_was_not_used_comes_back() {
        let lane = &mut lanes(1, 1000, 5, 1)[0];
        assert_eq!(lane.grant(usize::MAX, 0).rows, 5);
        lane.granted -= 2;
        assert_eq!(lane.grant(usize::MAX, 0).rows, 3);
    }

    #[test]
    fn lanes_that_wait_are_served_in_turn() {
        let mut lanes = lanes(1, 10, 1, 3);
        let mut passed = [0u64; 3];
        for now_ms in 0..3000 {
            for (lane, passed) in lanes.iter_mut().zip(&mut passed) {
                *passed += use_up(lane, now_ms);
            }
        }
        assert!(passed.iter().all(|passed| (99..=101).contains(passed)), "{passed:?}");
    }

    #[test]
    fn a_lane_that_goes_leaves_its_tokens() {
        let mut lanes = lanes(1, 1000, 1, 2);
        assert_eq!((use_up(&mut lanes[0], 0), use_up(&mut lanes[1], 0)), (1, 0));
        lanes.pop();
        assert_eq!(lanes[0].grant(usize::MAX, 0).again_at_ms, Some(1000));
    }

    #[test]
    fn a_lane_that_does_not_fetch_holds_up_nobody() {
        let mut lanes = lanes(1, 10, 1, 2);
        assert_eq!((use_up(&mut lanes[0], 0), use_up(&mut lanes[1], 0)), (1, 0));
        let passed: u64 = (1..=2000).map(|now_ms| use_up(&mut lanes[0], now_ms)).sum();
        assert_eq!(passed, 200);
    }

    #[test]
    fn the_largest_numbers_do_no_harm() {
        for (records, per_ms) in [(u64::MAX, 1), (1, u64::MAX), (u64::MAX, u64::MAX)] {
            let lane = &mut lanes(records, per_ms, u64::MAX, 1)[0];
            for now_ms in [i64::MIN, 0, i64::MAX, i64::MIN] {
                assert!(use_up(lane, now_ms) > 0 || lane.grant(usize::MAX, now_ms).rows == 0);
            }
        }
    }

    #[test]
    fn the_rate_is_exact_over_an_hour() {
        let lane = &mut lanes(7, 3, 1_000, 1)[0];
        let mut passed = use_up(lane, 0);
        for now_ms in (0..=3_600_000).step_by(17) {
            passed += use_up(lane, now_ms);
        }
        let asked_last = (3_600_000 / 17) * 17;
        assert_eq!(passed, 1_000 + asked_last * 7 / 3);
    }
}
