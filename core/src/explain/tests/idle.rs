//! `idle_after` against an oracle that looks at every millisecond: stream time as the help of the windows tells it.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{case, driven};
use crate::testkit;

#[derive(Debug, Clone)]
enum Event {
    Record { key: u8, ts: i64 },
    Advance(i64),
}

#[derive(Debug, Clone, Copy)]
struct Sizes {
    size: i64,
    advance: i64,
    grace: i64,
    idle_after: i64,
}

/// What came out: of a window its key, start, records, and whether the clock closed it; of a late record the window and
/// stream time.
#[derive(Debug, Clone, PartialEq)]
enum Out {
    Closed { key: String, start: i64, records: i64, by_clock: bool },
    Late { key: String, start: i64, stream_time: i64 },
}

#[derive(Default)]
struct Oracle {
    now: i64,
    /// wall clock and stream time at the last record
    last: Option<(i64, i64)>,
    time: i64,
    /// by start, then keys as they came
    open: BTreeMap<i64, Vec<(String, i64)>>,
    out: Vec<Out>,
}

impl Oracle {
    fn close(&mut self, sizes: Sizes, by_clock: bool) {
        while let Some(entry) =
            self.open.first_entry().filter(|open| open.key() + sizes.size + sizes.grace <= self.time)
        {
            let start = *entry.key();
            let closed = entry.remove().into_iter();
            self.out.extend(closed.map(|(key, records)| Out::Closed { key, start, records, by_clock }));
        }
    }

    fn advance(&mut self, ms: i64, sizes: Sizes) {
        for _ in 0..ms {
            self.now += 1;
            let Some((last, time)) = self.last else { continue };
            self.time = self.time.max(time + (self.now - last - sizes.idle_after));
            self.close(sizes, true);
        }
    }

    fn record(&mut self, key: &str, ts: i64, sizes: Sizes) {
        self.time = self.time.max(ts);
        for start in (0..=ts).step_by(sizes.advance as usize).filter(|start| ts < start + sizes.size) {
            if start + sizes.size + sizes.grace <= self.time {
                self.out.push(Out::Late { key: key.into(), start, stream_time: self.time });
                continue;
            }
            let open = self.open.entry(start).or_default();
            match open.iter_mut().find(|(known, _)| known == key) {
                Some((_, records)) => *records += 1,
                None => open.push((key.into(), 1)),
            }
        }
        self.last = Some((self.now, self.time));
        self.close(sizes, false);
    }
}

fn expected(sizes: Sizes, events: &[Event]) -> Vec<Out> {
    let mut oracle = Oracle::default();
    for event in events {
        match event {
            Event::Record { key, ts } => oracle.record(&key.to_string(), *ts, sizes),
            Event::Advance(ms) => oracle.advance(*ms, sizes),
        }
    }
    oracle.out
}

fn found(sizes: Sizes, events: &[Event]) -> Vec<Out> {
    let ms = |ms: i64| json!(format!("{ms}ms"));
    let mut config = json!({ "size": ms(sizes.size), "grace": ms(sizes.grace), "idle_after": ms(sizes.idle_after) });
    let operator = match sizes.size == sizes.advance {
        true => "tumbling-window",
        false => {
            config["advance"] = ms(sizes.advance);
            "hopping-window"
        }
    };
    let script: Vec<Value> = events
        .iter()
        .map(|event| match event {
            Event::Record { key, ts } => json!({ "node": "s", "ts": ts, "key": key.to_string(), "value": { "n": 1 } }),
            Event::Advance(by) => json!({ "advance": ms(*by) }),
        })
        .collect();
    let (rows, fault, _) = driven(&testkit::drawn(&case(operator, config).file, &[]), &script, &["w.out", "w.late"]);
    assert_eq!(fault, None);
    let out = |row: &Value| {
        let (key, value) = (row["key"].as_str().unwrap().to_string(), &row["value"]);
        match row["port"] == "late" {
            true => Out::Late {
                key,
                start: value["_window_start"].as_i64().unwrap(),
                stream_time: value["_stream_time"].as_i64().unwrap(),
            },
            false => Out::Closed {
                key,
                start: row["window"]["start"].as_i64().unwrap(),
                records: value["n"].as_i64().unwrap(),
                by_clock: row.get("headers").is_some(),
            },
        }
    };
    rows.iter().map(out).collect()
}

/// Of one record, what it closes and what it missed leave by two ports: each in its order.
fn by_port(out: &[Out]) -> (Vec<&Out>, Vec<&Out>) {
    out.iter().partition(|out| matches!(out, Out::Closed { .. }))
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => (0..3u8, 0..60i64).prop_map(|(key, ts)| Event::Record { key, ts }),
        2 => (1..25i64).prop_map(Event::Advance),
    ]
}

proptest! {
    #[test]
    fn stream_time_moves_with_the_clock_as_the_help_says(
        (size, advance) in (1..12i64).prop_flat_map(|size| (Just(size), prop_oneof![Just(size), 1..=size])),
        grace in 0..6i64,
        idle_after in 1..12i64,
        events in prop::collection::vec(event(), 1..40),
    ) {
        let sizes = Sizes { size, advance, grace, idle_after };
        let (expected, found) = (expected(sizes, &events), found(sizes, &events));
        prop_assert_eq!(by_port(&expected), by_port(&found), "{:?} {:?}", sizes, events);
    }
}

#[test]
fn the_clock_closes_some_windows_and_makes_some_records_late() {
    let sizes = Sizes { size: 10, advance: 10, grace: 0, idle_after: 5 };
    let record = |ts| Event::Record { key: 0, ts };
    let events =
        [record(3), Event::Advance(11), record(8), Event::Advance(1), record(9), Event::Advance(30), record(12)];
    let out = found(sizes, &events);
    let (closed, late) = by_port(&out);
    assert_eq!(by_port(&expected(sizes, &events)), (closed.clone(), late.clone()));
    assert!(closed.iter().any(|out| matches!(out, Out::Closed { by_clock: true, .. })), "{closed:?}");
    assert_eq!(late, [&Out::Late { key: "0".into(), start: 10, stream_time: 34 }]);
}

#[test]
fn what_every_holds_back_comes_when_the_clock_has_moved_stream_time_there() {
    let config = json!({ "size": "1s", "emit": "on-update", "every": "10ms", "idle_after": "5ms" });
    let case = case("tumbling-window", config).record(0).record(1);
    // Due at stream time 10, which is 9 behind the last record; the clock counts from 5 on.
    for (ms, results) in [(13, 1), (14, 2), (100, 2)] {
        let rows = case.clone().advance(ms).drive().rows;
        assert_eq!(rows.len(), results, "{ms} {rows:?}");
        assert!(
            rows.iter().skip(1).all(|row| row["value"]["n"] == 2 && row["headers"][0][0] == "tidegate.idle"),
            "{rows:?}"
        );
    }
}
