use serde_json::json;

use super::{found, source};

#[test]
fn scripts_are_checked() {
    let rest = json!({ "tests": [
        { "name": "t", "script": [ 1, { "nod": "a" }, { "node": "b", "tz": 1, "ts": "x" }, { "advance": "1" }, { "end": 1 },
                                   { "release": "c", "record": 1 }, { "node": "c" } ],
          "expect": { "a.out": [ 1, { "valu": 1 } ], "a.in": [], "b.out": [], "a": [] } },
        { "name": "t" } ] });
    let nodes = [("a", "kafka-source", source("x")), ("c", "discard", json!({}))];
    insta::assert_snapshot!(found(&nodes, &[("a.out", "c.in")], rest), @r#"
    error: tests[0].script[0]: expected a row with `node`, `advance`, `end`, `hold` or `release`
      remedy: such as {"node": "orders", "ts": 0, "key": "a", "value": {}}
    error: tests[0].script[1]: expected a row with `node`, `advance`, `end`, `hold` or `release`
      remedy: such as {"node": "orders", "ts": 0, "key": "a", "value": {}}
    error: tests[0].script[2].tz: unknown field `tz`
      remedy: fields here: node, ts, key, window, value, headers, partition
    error: tests[0].script[2].node: there is no node `b`
      remedy: name a node that is there, or take it away
    error: tests[0].script[2].ts: expected a whole number, found "x"
      remedy: such as 1000
    error: tests[0].script[3].advance: `1` is not a duration; write one as "500ms", "1s", "1m30s" or "2h"
      remedy: such as "10s"
    error: tests[0].script[4].end: expected the id of a node
      remedy: write it in quotes
    error: tests[0].script[5].record: unknown field `record`
      remedy: did you mean `records`?
    error: tests[0].script[6].node: `c` is no source but a discard: rows come in at sources
      remedy: name a source
    error: tests[0].expect.a.out[0]: a row is an object
      remedy: such as {"key": "a", "value": {}}
    error: tests[0].expect.a.out[1].valu: unknown field `valu`
      remedy: did you mean `value`?
    error: tests[0].expect.a.in: `a` has no port `in`
      remedy: its ports: out, errors
    error: tests[0].expect.b.out: there is no node `b`
      remedy: name a node that is there, or take it away
    error: tests[0].expect.a: `a` names no port: write `node.port`
      remedy: its ports: out, errors
    warning: tests[1].name: there are two tests `t`
      remedy: rename one of them
    "#);
}

#[test]
fn rows_are_checked_field_by_field() {
    let row = |more: serde_json::Value| {
        let mut row = json!({ "node": "s" });
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        row
    };
    let rest = json!({ "tests": [ { "name": "t",
        "script": [
            row(json!({ "key": "x", "value": 5, "headers": [["a", "b"], ["c", null], ["d", { "base64": "AA==" }]] })),
            row(json!({ "key": 5, "headers": [["a"], ["b", 1], [1, "c"], 2], "partition": -1 })),
            row(json!({ "headers": {}, "window": 5 })),
            row(json!({ "window": { "start": 1.5, "stop": 2 } })),
            { "node": "t", "value": 5 },
        ],
        "expect": {
            "m.out": [ { "ts": "1", "value": { "n": 1, "a": 2 }, "old": { "m": 1 }, "headers": 1, "window": { "start": 0 } } ],
            "d.in": [ { "value": { "nn": 1 } } ],
            "e.in": [ { "value": { "undeclared": 1 } } ],
            "s.errors": [ { "value": { "reason": "x", "why": "y" } } ]
        } } ] });
    let nodes = [
        ("s", "kafka-source", json!({ "topic": "x", "schema": { "a": "int64" }, "key_format": "text" })),
        ("t", "kafka-source", json!({ "topic": "y", "format": "text" })),
        ("m", "map", json!({ "columns": { "n": "a + 1" } })),
        ("d", "discard", json!({})),
        ("e", "discard", json!({})),
    ];
    let edges = [("s.out", "m.in"), ("m.out", "d.in"), ("s.out", "e.in"), ("t.out", "e.in")];
    insta::assert_snapshot!(found(&nodes, &edges, rest), @r#"
    warning: e.in: `a` goes no further: `s.out` gives it, `t.out` does not
      remedy: put a `map` before one of them
    error: tests[0].script[1].headers[0]: a header is a list of name and value
      remedy: such as ["trace", "a1"]
    error: tests[0].script[1].headers[1]: a header's value is text, {"base64": …} or null, not 1
      remedy: such as ["trace", "a1"]
    error: tests[0].script[1].headers[2]: a header is a list of name and value
      remedy: such as ["trace", "a1"]
    error: tests[0].script[1].headers[3]: a header is a list of name and value
      remedy: such as ["trace", "a1"]
    error: tests[0].script[1].partition: there is no partition -1
      remedy: they are counted from 0
    error: tests[0].script[1].key: a key of format text is text, {"base64": …} or null, not 5
      remedy: write it as the source's key_format has it
    error: tests[0].script[2].headers: headers are a list
      remedy: such as [["trace", "a1"]]
    error: tests[0].script[2].window: a window has bounds
      remedy: such as {"start": 0, "end": 60000}
    error: tests[0].script[3].window.stop: unknown field `stop`
      remedy: fields here: start, end
    error: tests[0].script[3].window.start: expected a whole number, found 1.5
      remedy: such as 1000
    error: tests[0].script[3].window: `end` is missing
      remedy: give both bounds, in milliseconds
    error: tests[0].script[4].value: a value of format text is text, {"base64": …}, {"value": …} or null, not 5
      remedy: write it as the source's format has it
    error: tests[0].expect.m.out[0].ts: expected a whole number, found "1"
      remedy: such as 1000
    error: tests[0].expect.m.out[0].headers: headers are a list
      remedy: such as [["trace", "a1"]]
    error: tests[0].expect.m.out[0].window: `end` is missing
      remedy: give both bounds, in milliseconds
    error: tests[0].expect.m.out[0].value.a: no column `a` comes here
      remedy: columns here: n
    error: tests[0].expect.m.out[0].old.m: no column `m` comes here
      remedy: columns here: n
    error: tests[0].expect.d.in[0].value.nn: no column `nn` comes here
      remedy: did you mean `n`?
    error: tests[0].expect.s.errors[0].value.why: no column `why` comes here
      remedy: columns here: node, reason, field, span_start, span_end, topic, partition, offset, payload
    "#);
}

#[test]
fn groups_and_notes_are_checked() {
    let rest = json!({
        "groups": [ { "id": "g", "nodes": ["a", "aa", "c"] }, { "id": "h", "nodes": ["c", "zz"] } ],
        "notes": [ { "id": "n", "text": "", "size": [0, 5] } ]
    });
    let nodes = [("a", "kafka-source", source("x")), ("c", "discard", json!({}))];
    insta::assert_snapshot!(found(&nodes, &[("a.out", "c.in")], rest), @"
    error: groups[0].nodes[1]: there is no node `aa`
      remedy: did you mean `a`?
    error: groups[1].nodes[0]: `c` is in the group `g` already
      remedy: leave it in one place
    error: groups[1].nodes[1]: there is no node `zz`
      remedy: take it out of the group
    warning: notes[0].size: a note of this size cannot be seen
      remedy: give it a width and a height above 0, or leave the size away
    ");
}
