//! Holds records while what follows is slower, and says what happens when it is full.
//!
//! A buffer stands between two tasks: the node behind takes from it what it processes at once. It holds up to `size`
//! records and up to `bytes` (a record that is larger than that passes alone), on every lane. When a record comes and there
//! is no room for it, `overflow` decides, record by record:
//!
//! - `back-pressure`: it waits, and what is before it with it. Nothing is dropped.
//! - `drop-head`: the oldest that are held are dropped until there is room.
//! - `drop-tail`: the youngest that are held are dropped until there is room.
//! - `drop-new`: it is dropped itself.
//! - `drop-buffer`: all that are held are dropped.
//! - `fail`: the node fails.
//!
//! Dropped records are counted under the strategy's name; nothing is kept of them. Records leave in the order in which they
//! came, untouched. What is held is not committed: after a crash it is read again.
//!
//! - **Emits** when what follows asks. **Back-pressure**: as `overflow` says. **End**: when what is held has left.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::page::page;
use super::rows::{Selection, arrow_fault};
use super::*;
use crate::fields::ByteSize;
use crate::problem::RecordPlace;

/// Config of `buffer`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Buffer {
    /// How many records it holds, on each lane.
    #[serde(default = "usual_size")]
    #[schemars(range(min = 1, max = 100_000_000))]
    size: u64,
    /// How many bytes it holds, on each lane.
    #[serde(default = "usual_bytes")]
    bytes: ByteSize,
    /// What happens when a record comes and there is no room for it.
    #[serde(default)]
    overflow: Overflow,
}

/// What happens when a record comes and there is no room for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Overflow {
    /// it waits
    #[default]
    BackPressure,
    /// the oldest that are held are dropped
    DropHead,
    /// the youngest that are held are dropped
    DropTail,
    /// it is dropped
    DropNew,
    /// all that are held are dropped
    DropBuffer,
    /// the node fails
    Fail,
}

fn usual_size() -> u64 {
    4096
}

fn usual_bytes() -> ByteSize {
    ByteSize::from_bytes(16 << 20)
}

/// `buffer`
pub(super) static OPERATOR: Operator = Operator {
    name: "buffer",
    summary: "Holds records while what follows is slower; full, it waits, drops or fails",
    help: page!("buffer.rs"),
    role: Role::Flow,
    family: Family::Flows,
    icon: "tray",
    scope: Scope::Lane,
    value: ValueRole::Kept,
    form: Form::of::<Buffer>,
    configure: configure::<Buffer>,
    examples: EXAMPLES,
};

impl Shape for Buffer {
    fn ports(&self) -> Ports {
        Ports::flow(["out"]).queue()
    }

    fn output(&self, inputs: &[Option<Stream>], report: &mut Report) -> Vec<Option<Stream>> {
        if self.size == 0 {
            report.error("size", "a buffer holds at least one record", "give 1 or more");
        }
        inputs.to_vec()
    }

    fn build(&self, site: &Site<'_>) -> Result<Body, Fault> {
        Ok(Body::Queue(Box::new(Running {
            selection: Selection::new(site.input(0)?, site.output(0)?)?,
            pieces: VecDeque::new(),
            rows: 0,
            bytes: 0,
            most_rows: usize::try_from(self.size).unwrap_or(usize::MAX).max(1),
            most_bytes: usize::try_from(self.bytes.to_bytes()).unwrap_or(usize::MAX),
            overflow: self.overflow,
        })))
    }
}

struct Running {
    selection: Selection,
    pieces: VecDeque<Piece>,
    rows: usize,
    bytes: usize,
    most_rows: usize,
    most_bytes: usize,
    overflow: Overflow,
}

/// Neighbouring rows of one batch.
struct Piece {
    batch: Batch,
    sizes: Arc<[usize]>,
    live: Range<usize>,
}

impl Queue for Running {
    fn offer(&mut self, batch: Batch, _: i64, out: &mut Outbox) -> Result<Option<Batch>, Fault> {
        let held = self.selection.apply(batch.clone()).compact();
        let sizes: Arc<[usize]> = held.row_bytes().into();
        let mut last = None;
        for row in 0..batch.rows {
            while !self.has_room(sizes[row]) {
                match self.overflow {
                    Overflow::BackPressure => return Ok(Some(batch.slice(row, batch.rows - row))),
                    Overflow::Fail => return Err(self.full(&batch, row)),
                    Overflow::DropNew => break,
                    Overflow::DropHead => out.drops.count("drop-head", self.drop_head()),
                    Overflow::DropTail => out.drops.count("drop-tail", self.drop_tail()),
                    Overflow::DropBuffer => out.drops.count("drop-buffer", self.drop_all()),
                }
            }
            if !self.has_room(sizes[row]) {
                out.drops.count("drop-new", 1);
                continue;
            }
            self.push(&held, &sizes, row, last.is_some_and(|last| last + 1 == row));
            last = Some(row);
        }
        Ok(None)
    }

    fn take(&mut self, max: usize, _: i64) -> Result<Option<Batch>, Fault> {
        let mut parts = Vec::new();
        let mut left = max;
        while left > 0
            && let Some(piece) = self.pieces.front_mut()
        {
            let rows = piece.live.len().min(left);
            parts.push(piece.batch.slice(piece.live.start, rows));
            self.bytes -= piece.sizes[piece.live.start..piece.live.start + rows].iter().sum::<usize>();
            self.rows -= rows;
            piece.live.start += rows;
            left -= rows;
            if piece.live.is_empty() {
                self.pieces.pop_front();
            }
        }
        match parts.as_slice() {
            [] => Ok(None),
            [_] => Ok(parts.pop()),
            several => Batch::concat(&several.iter().collect::<Vec<_>>()).map(Some).map_err(arrow_fault),
        }
    }

    fn level(&self) -> Level {
        Level { rows: self.rows, bytes: self.bytes, capacity: self.most_rows, capacity_bytes: self.most_bytes }
    }

    fn needs(&self) -> Vec<(u32, i64)> {
        let mut needs: BTreeMap<u32, i64> = BTreeMap::new();
        for Piece { batch, live, .. } in &self.pieces {
            for row in live.clone() {
                let offset = batch.position.offset[row];
                needs
                    .entry(*batch.position.slot.get(row))
                    .and_modify(|known| *known = offset.min(*known))
                    .or_insert(offset);
            }
        }
        needs.into_iter().collect()
    }
}

impl Running {
    /// An empty buffer has room for any record, so that none is stuck.
    fn has_room(&self, size: usize) -> bool {
        self.rows == 0 || (self.rows < self.most_rows && self.bytes + size <= self.most_bytes)
    }

    fn push(&mut self, batch: &Batch, sizes: &Arc<[usize]>, row: usize, follows_the_last: bool) {
        self.rows += 1;
        self.bytes += sizes[row];
        match self.pieces.back_mut() {
            Some(piece) if follows_the_last && piece.live.end == row && Arc::ptr_eq(&piece.sizes, sizes) => {
                piece.live.end += 1;
            }
            _ => self.pieces.push_back(Piece { batch: batch.clone(), sizes: sizes.clone(), live: row..row + 1 }),
        }
    }

    fn drop_head(&mut self) -> u64 {
        let Some(piece) = self.pieces.front_mut() else { return 0 };
        self.rows -= 1;
        self.bytes -= piece.sizes[piece.live.start];
        piece.live.start += 1;
        if piece.live.is_empty() {
            self.pieces.pop_front();
        }
        1
    }

    fn drop_tail(&mut self) -> u64 {
        let Some(piece) = self.pieces.back_mut() else { return 0 };
        self.rows -= 1;
        piece.live.end -= 1;
        self.bytes -= piece.sizes[piece.live.end];
        if piece.live.is_empty() {
            self.pieces.pop_back();
        }
        1
    }

    fn drop_all(&mut self) -> u64 {
        self.pieces.clear();
        self.bytes = 0;
        std::mem::take(&mut self.rows) as u64
    }

    fn full(&self, batch: &Batch, row: usize) -> Fault {
        let record = RecordPlace {
            topic: batch.origin.topic.get(row).to_string(),
            partition: *batch.origin.partition.get(row),
            offset: batch.origin.offset[row],
        };
        Fault::user(format!("the buffer is full: {} records, {} bytes", self.rows, self.bytes))
            .at_record(record)
            .remedy("make it larger, choose another overflow, or make what follows faster")
    }
}

const EXAMPLES: &[Example] = &[
    Example {
        title: "While what follows stands still, the oldest records are dropped",
        config: r#"{ "size": 2, "overflow": "drop-head" }"#,
        inputs: r#"{ "in": { "schema": { "n": "int64" } } }"#,
        script: r#"
            {"hold":"out"}
            {"node":"in","ts":1,"key":"a","value":{"n":1}}
            {"node":"in","ts":2,"key":"a","value":{"n":2}}
            {"node":"in","ts":3,"key":"a","value":{"n":3}}
            {"release":"out","records":2}"#,
        expect: r#"
            {"port":"out","ts":2,"key":"a","value":{"n":2}}
            {"port":"out","ts":3,"key":"a","value":{"n":3}}"#,
    },
    Example {
        title: "With back-pressure nothing is lost",
        config: r#"{ "size": 1 }"#,
        inputs: r#"{ "in": { "schema": { "n": "int64" } } }"#,
        script: r#"
            {"hold":"out"}
            {"node":"in","ts":1,"key":"a","value":{"n":1}}
            {"node":"in","ts":2,"key":"a","value":{"n":2}}
            {"node":"in","ts":3,"key":"a","value":{"n":3}}
            {"release":"out","records":3}"#,
        expect: r#"
            {"port":"out","ts":1,"key":"a","value":{"n":1}}
            {"port":"out","ts":2,"key":"a","value":{"n":2}}
            {"port":"out","ts":3,"key":"a","value":{"n":3}}"#,
    },
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::testing::{Bench, numbers, numbers_of, records};
    use super::*;

    fn bench(config: serde_json::Value) -> Bench {
        Bench::new(&OPERATOR, config, &[records(r#"{ "n": "int64" }"#)])
    }

    #[test]
    fn each_strategy_when_a_third_record_comes() {
        for (overflow, left, dropped, given_back) in [
            ("back-pressure", vec![1, 2], 0, 2),
            ("drop-head", vec![3, 4], 2, 0),
            ("drop-tail", vec![1, 4], 2, 0),
            ("drop-new", vec![1, 2], 2, 0),
            ("drop-buffer", vec![3, 4], 2, 0),
        ] {
            let mut bench = bench(json!({ "size": 2, "overflow": overflow }));
            let rows = numbers(&[1, 2, 3, 4]);
            let back = bench.offer(&rows).unwrap();
            assert_eq!(back.map_or(0, |back| back.rows), given_back, "{overflow}");
            assert_eq!(bench.queue().level().rows, 2);
            assert_eq!(numbers_of(bench.queue().take(9, 0).unwrap()), left, "{overflow}");
            let drops = bench.drops();
            assert_eq!(drops.iter().map(|(_, count)| count).sum::<u64>(), dropped, "{overflow}");
            assert!(drops.iter().all(|(reason, _)| *reason == overflow));
            assert_eq!(bench.queue().level().bytes, 0);
        }
        let fault = bench(json!({ "size": 2, "overflow": "fail" })).offer(&numbers(&[1, 2, 3])).unwrap_err();
        assert!(fault.message.starts_with("the buffer is full: 2 records"), "{fault}");
        assert_eq!(fault.record.map(|record| record.offset), Some(2));
    }

    #[test]
    fn a_record_above_the_bytes_passes_alone() {
        let mut bench = bench(json!({ "bytes": 10 }));
        let back = bench.offer(&numbers(&[1, 2])).unwrap().unwrap();
        assert_eq!((back.rows, bench.queue().level().rows), (1, 1));
        assert_eq!(numbers_of(bench.queue().take(9, 0).unwrap()), [1]);
    }

    #[test]
    fn needs_the_oldest_that_is_held() {
        let mut bench = bench(json!({ "size": 3, "overflow": "drop-head" }));
        assert_eq!(bench.queue().needs(), []);
        bench.offer(&numbers(&[1, 2, 3, 4])).unwrap();
        assert_eq!(bench.queue().needs(), [(0, 1)]);
        bench.queue().take(2, 0).unwrap();
        assert_eq!(bench.queue().needs(), [(0, 3)]);
    }

    proptest! {
        /// Offered in whatever pieces: what is held and what is dropped is the same as one by one.
        #[test]
        fn batching_changes_nothing(
            overflow in prop::sample::select(vec!["drop-head", "drop-tail", "drop-new", "drop-buffer"]),
            size in 1u64..5,
            script in prop::collection::vec((0usize..6, 0usize..4), 1..12),
        ) {
            let config = json!({ "size": size, "overflow": overflow });
            let (mut whole, mut single) = (bench(config.clone()), bench(config));
            let mut next = 0;
            for (offered, taken) in script {
                let rows: Vec<i64> = (next..next + offered as i64).collect();
                next += offered as i64;
                whole.offer(&numbers(&rows)).unwrap();
                rows.iter().for_each(|row| drop(single.offer(&numbers(&[*row])).unwrap()));
                prop_assert_eq!(whole.queue().level(), single.queue().level());
                let (a, b) = (whole.queue().take(taken, 0).unwrap(), single.queue().take(taken, 0).unwrap());
                prop_assert_eq!(numbers_of(a), numbers_of(b));
                prop_assert_eq!(whole.drops(), single.drops());
            }
        }
    }
}
