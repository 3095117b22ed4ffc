//! Every way in which a window can be silent, and that each answer is true: what it asks for does end the silence, and
//! a little less does not.

mod idle;

use serde_json::{Value, json};

use super::*;
use crate::drive::{Line, Shown, drive, read_line};
use crate::plan::Drawn;
use crate::problem::Fault;
use crate::testkit::{self, node, numbers};

/// A pipeline, and rows for it.
#[derive(Clone)]
struct Case {
    file: Value,
    script: Vec<Value>,
}

/// What a case gives.
struct Told {
    /// what node `w` answers
    answer: Explanation,
    /// what has left it
    rows: Vec<Value>,
    fault: Option<Fault>,
}

/// A window `w` behind a source `s`, which gives results when it closes.
fn case(operator: &str, config: Value) -> Case {
    let window = window(operator, config);
    Case {
        file: testkit::file([numbers("s"), window, node("o", "discard", json!({}))], &["s->w", "w->o"]),
        script: vec![],
    }
}

fn window(operator: &str, config: Value) -> Value {
    let mut all = json!({ "aggregates": { "n": "count(*)" }, "emit": "on-close" });
    for (name, value) in config.as_object().unwrap() {
        all[name] = value.clone();
    }
    let mut window = node("w", operator, all);
    window["on_error"] = json!("count");
    window
}

/// The windows that time closes: 10 ms long, with a grace.
fn timed(grace: &str) -> [Case; 4] {
    [
        case("tumbling-window", json!({ "size": "10ms", "grace": grace })),
        case("hopping-window", json!({ "size": "10ms", "advance": "5ms", "grace": grace })),
        case("sliding-window", json!({ "difference": "10ms", "grace": grace })),
        case("session-window", json!({ "gap": "10ms", "grace": grace })),
    ]
}

impl Case {
    fn row(mut self, row: Value) -> Case {
        self.script.push(row);
        self
    }

    fn record(self, ts: i64) -> Case {
        self.record_of("a", ts)
    }

    fn record_of(self, key: &str, ts: i64) -> Case {
        self.row(json!({ "node": "s", "ts": ts, "key": key, "value": { "n": 1 } }))
    }

    fn advance(self, ms: i64) -> Case {
        self.row(json!({ "advance": format!("{ms}ms") }))
    }

    fn end(self) -> Case {
        self.row(json!({ "end": "s" }))
    }

    /// With another config of the window.
    fn with(mut self, field: &str, value: Value) -> Case {
        self.file["nodes"].as_array_mut().unwrap().iter_mut().find(|node| node["id"] == "w").unwrap()["config"]
            [field] = value;
        self
    }

    #[track_caller]
    fn drive(&self) -> Told {
        let drawn = testkit::drawn(&self.file, &[]);
        let (rows, fault, snapshot) = driven(&drawn, &self.script, &["w.out"]);
        Told { answer: explain(&snapshot, "w").expect("it has windows"), rows, fault }
    }

    /// The one reason of a silent window.
    #[track_caller]
    fn only(&self, kind: Silence) -> Reason {
        let told = self.drive();
        assert!(told.answer.is_silent && told.rows.is_empty(), "{:?} {:?}", told.answer, told.rows);
        let mut reasons = told.answer.reasons;
        assert_eq!(reasons.iter().map(|reason| reason.kind).collect::<Vec<_>>(), [kind], "{reasons:?}");
        reasons.remove(0)
    }

    /// The answer asks for a record: that one ends the silence, and one a millisecond before does not. So does the record
    /// of another key.
    #[track_caller]
    fn is_closed_as_told(&self, kind: Silence) -> Reason {
        let told = self.drive();
        let found = told.answer.reasons.iter().find(|reason| reason.kind == kind);
        let reason = found.unwrap_or_else(|| panic!("{:?}", told.answer)).clone();
        let closes_at = reason.closes_at.expect("it asks for a record");
        for key in ["a", "other"] {
            let closed = |ts| self.clone().record_of(key, ts).drive().rows.len();
            assert!(closed(closes_at) > told.rows.len(), "{key} {reason:?}");
            assert_eq!(closed(closes_at - 1), told.rows.len(), "{key} {reason:?}");
        }
        reason
    }
}

#[track_caller]
fn driven(drawn: &Drawn, script: &[Value], ports: &[&str]) -> (Vec<Value>, Option<Fault>, Snapshot) {
    let script: Vec<Line> = script.iter().map(|line| read_line(line).unwrap()).collect();
    let names: Vec<String> = ports.iter().map(|port| port.to_string()).collect();
    let shown = Shown::named(&names, &drawn.nodes).unwrap();
    let driven = drive(drawn.plan(&shown.observed(drawn)), &script, &shown, 1);
    (driven.rows.iter().map(|row| serde_json::to_value(row).unwrap()).collect(), driven.fault, driven.snapshot)
}

/// All of these are said.
#[track_caller]
fn says(reason: &Reason, parts: &[&str]) {
    let text = format!("{} {}", reason.message, reason.remedy.as_deref().unwrap_or_default());
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}

#[test]
fn no_input() {
    for case in timed("0ms") {
        says(&case.only(Silence::NoInput), &["no record has been read from `s`", "`start: earliest`"]);
        assert_ne!(case.record(1).drive().answer.reasons[0].kind, Silence::NoInput);
    }
}

#[test]
fn stream_time_is_short() {
    let windows =
        ["0 to 10, closes at stream time 10", "0 to 10, closes", "0 to 10, closes at stream time 11", "4 to 4, closes"];
    for (case, window) in timed("0ms").into_iter().zip(windows) {
        let reason = case.record(4).is_closed_as_told(Silence::StreamTimeShort);
        says(&reason, &[window, "Stream time is 4 (set by s, partition 0, offset 0)", "ms short", "`idle_after`"]);
    }
}

#[test]
fn the_grace_is_not_over() {
    for (case, closes_at) in timed("7ms").into_iter().zip([17, 17, 18, 22]) {
        let case = case.record(4).record_of("b", closes_at - 1);
        let reason = case.is_closed_as_told(Silence::Grace);
        assert_eq!(reason.closes_at, Some(closes_at));
        says(&reason, &["its grace is not over", "offset 1", "1 ms short", "a shorter `grace`"]);
        // Before the end of the window it is not the grace that is waited for.
        case.with("grace", json!("8ms")).is_closed_as_told(Silence::Grace);
    }
}

#[test]
fn the_input_is_idle() {
    for case in timed("0ms") {
        let reason = case.record(4).advance(7_000).is_closed_as_told(Silence::IdleInput);
        says(&reason, &["no record has come for 7 s", "only records move stream time", "offset 0", "`idle_after`"]);
    }
}

#[test]
fn idle_windows_close_when_the_answer_says() {
    for case in timed("3ms") {
        let case = case.with("idle_after", json!("6s")).advance(1_000).record(4).advance(5_500);
        let reason = case.only(Silence::IdleInput);
        // The wall clock stands at 6,500; it counts from 7,000 on.
        let due = 7_000 + reason.closes_at.unwrap() - 4;
        says(&reason, &[&format!("`idle_after` closes it at {due} by the wall clock, which is 6500")]);
        assert_eq!(case.clone().advance(due - 6_500 - 1).drive().rows, Vec::<Value>::new());
        let told = case.advance(due - 6_500).drive();
        assert!(!told.answer.is_silent);
        assert!(told.rows.iter().all(|row| row["headers"] == json!([["tidegate.idle", "true"]])), "{:?}", told.rows);
        assert_eq!(told.rows.len(), 1 + usize::from(told.rows[0]["window"]["end"] == 10 && told.rows.len() == 2));
    }
}

#[test]
fn all_are_late_behind_a_record_of_the_future() {
    let kinds = timed("5ms").into_iter().zip(["0 to 10", "0 to 10", "4 to 14", "4 to 4"]);
    for (case, window) in kinds {
        let case = case.record(1_000_000).record(4).record(4);
        let told = case.drive();
        assert!(told.answer.is_silent, "{:?}", told.rows);
        let reason = &told.answer.reasons[0];
        assert_eq!(reason.kind, Silence::Late);
        says(
            reason,
            &[
                "The last was s, partition 0, offset 2",
                "timestamp 4",
                &format!("{window}, closed at stream time"),
                "(set by s, partition 0, offset 0)",
            ],
        );
        // It names the grace that would have kept the window open, to the millisecond. (In a sliding window before it the
        // record may be late all the same.)
        let more: i64 = number_behind(reason.remedy.as_deref().unwrap(), "longer by ");
        for (more, is_late) in [(more, false), (more - 1, true)] {
            let told = case.clone().with("grace", json!(format!("{}ms", 5 + more))).drive();
            let missed = format!("offset 2 with the timestamp 4: its window, {window},");
            let has_missed = |reason: &Reason| reason.message.contains(&missed);
            assert_eq!(told.answer.reasons.iter().any(has_missed), is_late, "{more} {:?}", told.answer);
        }
    }
}

fn number_behind(text: &str, mark: &str) -> i64 {
    let rest = &text[text.find(mark).unwrap_or_else(|| panic!("{text}")) + mark.len()..];
    rest.split(' ').next().unwrap().parse().unwrap()
}

/// The window with something between it and the source.
fn behind(between: Value, edges: &[&str]) -> Case {
    let [window, out] = [window("tumbling-window", json!({ "size": "10ms" })), node("o", "discard", json!({}))];
    Case { file: testkit::file([numbers("s"), between, window, out], edges), script: vec![] }
}

#[test]
fn filtered_upstream() {
    let filter = || node("big", "filter", json!({ "condition": "n > 5" }));
    let case = behind(filter(), &["s->big", "big->w", "w->o"]);
    let reason = case.clone().record(4).record(100).only(Silence::FilteredUpstream);
    says(&reason, &["no record has come here", "`big` took 2 records, and none left by `big.out`"]);
    // One that passes, behind one that does not: stream time is that of what passed.
    let through = json!({ "node": "s", "ts": 4, "key": "a", "value": { "n": 9 } });
    let case = case.row(through).record(100);
    let told = case.drive();
    let kinds: Vec<Silence> = told.answer.reasons.iter().map(|reason| reason.kind).collect();
    assert_eq!(kinds, [Silence::FilteredUpstream, Silence::StreamTimeShort]);
    says(&told.answer.reasons[0], &["`big` took 2 records and gave 1", "moves no stream time here"]);
    says(&told.answer.reasons[1], &["Stream time is 4 (set by s, partition 0, offset 0)"]);
    let passing = json!({ "node": "s", "ts": 10, "key": "a", "value": { "n": 9 } });
    assert_eq!(case.row(passing).drive().rows.len(), 1);
}

#[test]
fn other_ports_and_failures_upstream() {
    let branch = node("b", "branch", json!({ "branches": { "big": "n > 5" } }));
    let edges = ["s->b", "b.big->w", "w->o"];
    let reason = behind(branch, &edges).record(4).only(Silence::FilteredUpstream);
    says(&reason, &["`b` took 1 record, and none left by `b.big`"]);
    let mut divide = node("d", "map", json!({ "columns": { "n": "1 / (n - n)" } }));
    divide["on_error"] = json!("count");
    let case = behind(divide, &["s->d", "d->w", "w->o"]).with("aggregates", json!({ "n": "sum(n)" }));
    let reason = case.record(4).record(5).only(Silence::FilteredUpstream);
    says(&reason, &["`d` took 2 records, and none left by `d.out` (2 failed)"]);
}

#[test]
fn records_wait_on_the_way() {
    let buffer = node("line", "buffer", json!({ "size": 8 }));
    let case = behind(buffer, &["s->line", "line->w", "w->o"]).row(json!({ "hold": "w" })).record(4).record(5);
    says(&case.only(Silence::OnTheWay), &["2 records wait", "in front of `line`"]);
    let case = case.row(json!({ "release": "w" }));
    case.is_closed_as_told(Silence::StreamTimeShort);
}

#[test]
fn null_keys() {
    for case in timed("0ms") {
        let keyless = |ts: i64| json!({ "node": "s", "ts": ts, "value": { "n": 1 } });
        let case = case.row(keyless(4)).row(keyless(100));
        says(&case.only(Silence::NullKeys), &["2 of 2 records came without a key", "`key-by`"]);
        // They move no stream time: the window of one with a key waits still, and says so.
        let told = case.clone().record(4).drive();
        let kinds: Vec<Silence> = told.answer.reasons.iter().map(|reason| reason.kind).collect();
        assert_eq!(kinds, [Silence::NullKeys, Silence::StreamTimeShort]);
        // Where such a record stops the run, the answer is the same.
        let mut stops = case;
        stops.file["nodes"][1].as_object_mut().unwrap().remove("on_error");
        let told = stops.drive();
        assert!(told.fault.is_some());
        assert_eq!(told.answer.reasons[0].kind, Silence::NullKeys);
    }
}

#[test]
fn records_fail() {
    for case in timed("0ms") {
        let case = case.with("aggregates", json!({ "n": "sum(1 / (n - 1))" })).record(4).record(100);
        says(&case.only(Silence::Failed), &["2 of 2 records failed in an aggregate", "`errors`"]);
        let good = |ts: i64| json!({ "node": "s", "ts": ts, "key": "a", "value": { "n": 2 } });
        assert!(!case.row(good(4)).row(good(100)).drive().rows.is_empty());
    }
    // A sum that has no room for a record refuses it.
    let big = |ts: i64| json!({ "node": "s", "ts": ts, "key": "a", "value": { "n": i64::MAX } });
    let case = case("tumbling-window", json!({ "size": "10ms", "aggregates": { "n": "sum(n)" } }));
    let told = case.row(big(1)).row(big(2)).drive();
    let kinds: Vec<Silence> = told.answer.reasons.iter().map(|reason| reason.kind).collect();
    assert_eq!(kinds.last(), Some(&Silence::StreamTimeShort));
}

#[test]
fn tombstones_of_sliding_windows() {
    let tombstone = |ts: i64| json!({ "node": "s", "ts": ts, "key": "a", "value": null });
    let case = |kind: usize| timed("0ms")[kind].clone().row(tombstone(4)).row(tombstone(100));
    says(&case(2).only(Silence::Tombstones), &["2 of 2 records were tombstones", "move no stream time"]);
    assert_eq!(case(0).drive().rows.len(), 1, "the others fold them");
}

#[test]
fn windows_that_the_end_keeps_open() {
    for case in timed("0ms") {
        let case = case.with("at_end", json!("keep")).record(4).end();
        says(
            &case.only(Silence::WaitingForEnd),
            &["the input has ended, `at_end` is `keep`", "offset 0", "set `at_end` to `close`"],
        );
        assert!(!case.with("at_end", json!("close")).drive().answer.is_silent);
    }
}

#[test]
fn windows_that_are_not_full() {
    let case = case("count-window", json!({ "records": 4 })).record_of("a", 1).record_of("b", 2).record_of("b", 3);
    let reason = case.only(Silence::NotFull);
    says(
        &reason,
        &["2 windows are open, and none is full", "0 to 4 of key `b`, takes 2 more records", "end the input"],
    );
    let fuller = case.clone().record_of("b", 0);
    says(&fuller.only(Silence::NotFull), &["takes 1 more record"]);
    assert_eq!(fuller.record_of("b", 0).drive().rows.len(), 1);
    assert_eq!(case.clone().end().drive().rows.len(), 2);
    let kept = case.with("at_end", json!("keep")).end();
    says(
        &kept.only(Silence::WaitingForEnd),
        &["`at_end` is `keep`", "takes 2 more records", "set `at_end` to `close`"],
    );
    assert_eq!(kept.with("at_end", json!("close")).drive().rows.len(), 2);
}

#[test]
fn each_lane_answers_for_itself() {
    let on = |partition: i32, ts: i64| json!({ "node": "s", "ts": ts, "key": "a", "value": { "n": 1 }, "partition": partition });
    let case = case("tumbling-window", json!({ "size": "10ms" })).row(on(0, 4)).row(on(2, 25)).row(on(2, 27));
    let told = case.drive();
    assert_eq!(told.answer.lanes, 3);
    let lanes: Vec<_> = told.answer.reasons.iter().map(|reason| (reason.lane, reason.closes_at)).collect();
    assert_eq!(lanes, [(Some(0), Some(10)), (Some(2), Some(30))]);
    says(&told.answer.reasons[1], &["Stream time is 27 (set by s, partition 2, offset 1)"]);
    assert_eq!(case.clone().row(on(1, 30)).drive().rows.len(), 0, "another lane's time closes nothing");
    assert_eq!(case.row(on(2, 30)).drive().rows.len(), 1);
}

#[test]
fn a_window_that_is_not_silent_says_what_it_waits_for() {
    for case in timed("0ms") {
        let case = case.record(4).record(100);
        let told = case.drive();
        assert!(!told.answer.is_silent);
        says(&told.answer.reasons[0], &["came out of 2 records"]);
        case.is_closed_as_told(Silence::StreamTimeShort);
        // With each record a result: nothing is waited for.
        let told = case.with("emit", json!("on-update")).drive();
        assert_eq!(told.answer.reasons.len(), 1, "{:?}", told.answer);
    }
}

#[test]
fn times_of_today_are_dates() {
    let case = case("tumbling-window", json!({ "size": "1m" })).record(1_767_225_601_000);
    let reason = case.is_closed_as_told(Silence::StreamTimeShort);
    says(&reason, &["2026-01-01T00:00:00.000Z to 2026-01-01T00:01:00.000Z", "Stream time is 2026-01-01T00:00:01.000Z"]);
}

#[test]
fn who_has_no_windows_has_no_answer() {
    let case = case("tumbling-window", json!({ "size": "10ms" })).record(4);
    let (_, _, snapshot) = driven(&testkit::drawn(&case.file, &[]), &case.script, &["w.out"]);
    assert_eq!(explain(&snapshot, "s"), None);
    assert_eq!(explain(&snapshot, "nobody"), None);
    assert_eq!(window_nodes(&snapshot).collect::<Vec<_>>(), ["w"]);
    assert_eq!(silent_nodes(&snapshot).collect::<Vec<_>>(), ["w"]);
    assert_eq!(silent_nodes(&Snapshot::default()).count(), 0);
}

#[test]
fn the_snapshot_carries_what_the_answer_is_made_of() {
    let case = case("tumbling-window", json!({ "size": "10ms", "grace": "2ms", "idle_after": "1m" }));
    let case = case.record(3).record(25).record(24).record(1).advance(500);
    let (_, _, snapshot) = driven(&testkit::drawn(&case.file, &[]), &case.script, &["w.out"]);
    let node = serde_json::to_value(&snapshot.nodes[1]).unwrap();
    let mut lane = node["windows"]["0"].clone();
    assert!(lane["bytes"].as_u64().unwrap() > 0);
    lane["bytes"] = json!(1);
    let place = |offset: i64| json!({ "topic": "s", "partition": 0, "offset": offset });
    assert_eq!(
        lane,
        json!({
            "stream_time": 25, "set_by": place(1), "last_record_ms": 0, "emit": "on-close", "closed_by": "time",
            "has_ended": false, "keeps_at_end": false, "is_idle": false,
            "idle": { "after_ms": 60_000, "last_ms": 0, "last_time": 25 },
            "open": 1, "bytes": 1, "next": { "start": 20, "end": 30, "grace_from": 30, "closes_at": 32 },
            "last_late": { "record": place(3), "ts": 1, "start": 0, "end": 10, "closed_at": 12, "stream_time": 25,
                           "set_by": place(1), "is_idle": false },
            "late_times": [1],
            "records": 4, "results": 1, "late": 1, "keyless": 0, "failed": 0, "tombstones": 0,
        })
    );
    assert_eq!((snapshot.at_ms, &node["late"]), (500, &json!(1)));
}
