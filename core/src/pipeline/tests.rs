use proptest::prelude::*;

use super::samples::{SKETCH, any_pipeline, sketch};
use super::*;
use crate::problem::{Place, Problem};

fn problems(text: &str) -> String {
    let (_, problems) = Pipeline::parse(text);
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_sketch_is_read_whole_and_formatted() {
    insta::assert_snapshot!(to_canonical(&sketch()), @r#"
    {
      "tidegate": 1,
      "name": "wine-quality",
      "description": "...",
      "settings": {
        "application_id": "wine-quality",
        "guarantee": "at-least-once",
        "commit_interval": "1s",
        "scale": "single"
      },
      "parameters": { "brokers": { "default": "embedded" }, "password": { "secret": true } },
      "clusters": { "default": { "brokers": "${brokers}", "properties": { "sasl.password": "${password}" } } },
      "nodes": [
        {
          "id": "wines",
          "operator": "kafka-source",
          "config": { "topic": "wines", "format": "json", "schema": { "alcohol": "float64!", "pH": "float64" } },
          "at": [40, 80]
        },
        { "id": "models", "operator": "kafka-source", "config": { "topic": "models", "format": "bytes" }, "at": [40, 240] },
        {
          "id": "score",
          "operator": "score",
          "label": "Quality",
          "config": { "features": ["alcohol", "pH"] },
          "at": [320, 120]
        },
        { "id": "out", "operator": "kafka-sink", "config": { "topic": "scored" }, "at": [600, 120] }
      ],
      "edges": [
        { "from": "wines.out", "to": "score.records" },
        { "from": "models.out", "to": "score.model" },
        { "from": "score.out", "to": "out.in", "via": { "direct": { "buffer": 4096 } } }
      ],
      "notes": [
        { "id": "note", "text": "...", "at": [40, 20], "size": [200, 80] }
      ],
      "tests": [
        {
          "name": "...",
          "script": [{ "node": "wines", "ts": 0, "key": "a", "value": {} }],
          "expect": { "out.in": [] },
          "order": "exact"
        }
      ]
    }
    "#);
}

#[test]
fn all_structural_problems_come_at_once_with_their_places() {
    let text = r#"{
  "tidegate": 1,
  "name": 5,
  "setings": {},
  "settings": { "guarantee": "exactly_once", "commit_interval": 5 },
  "nodes": [
    { "id": "a", "operater": "filter" },
    { "id": "b", "operator": "filter", "disabled": "no", "on_error": "stopp", "supervision": { "restart": { "jiter": 1 } } },
    7
  ],
  "edges": [
    { "from": "a.out", "to": "b.in", "via": { "direct": { "bufer": 1, "bytes": "x" } } },
    { "from": "a.out" }
  ],
  "tests": [ { "name": "t", "expect": { "x.y": 1 } } ]
}"#;
    insta::assert_snapshot!(problems(text), @r#"
    error: line 3, column 11, name: expected text, found 5
      remedy: put it in quotes
    error: line 4, column 14, setings: unknown field `setings`
      remedy: did you mean `settings`?
    error: line 5, column 30, settings.guarantee: expected `at-least-once` or `exactly-once`, found "exactly_once"
      remedy: did you mean `exactly-once`?
    error: line 5, column 65, settings.commit_interval: expected a duration as "500ms", "1s" or "1m30s", found 5
      remedy: write a unit, as in "500ms" or "1s"
    error: line 7, column 30, a, operater: unknown field `operater`
      remedy: did you mean `operator`?
    error: line 8, column 52, b, disabled: expected true or false, found "no"
      remedy: such as false
    error: line 8, column 70, b, on_error: expected `stop` or `count`, found "stopp"
      remedy: did you mean `stop`?
    error: line 8, column 118, b, supervision.restart.jiter: unknown field `jiter`
      remedy: did you mean `jitter`?
    error: line 9, column 5, nodes[2]: expected an object, found 7
      remedy: such as {"id": "…", "operator": "…"}
    error: line 12, column 68, a.out->b.in, via.direct.bufer: unknown field `bufer`
      remedy: did you mean `buffer`?
    error: line 12, column 80, a.out->b.in, via.direct.bytes: `x` is not a size; write one as "64 KiB", "16 MiB" or a number of bytes
      remedy: such as "1 MiB"
    error: line 13, column 5, edges[1].to: `to` is missing: expected text
      remedy: add "to": "…"
    error: line 15, column 48, tests[0].expect.x.y: invalid type: number, expected a sequence
      remedy: see the file's schema, assets/tidegate.schema.json
    "#);
}

#[test]
fn names_are_checked_and_doubles_refused() {
    let text = r#"{ "tidegate": 1, "name": "p", "parameters": { "1x": {} },
  "nodes": [ { "id": "a", "operator": "x" }, { "id": "a", "operator": "x" }, { "id": "B", "operator": "x" } ],
  "edges": [ { "from": "a.out", "to": "b.in" }, { "from": "a.out", "to": "b.in" }, { "from": "a", "to": "b.I" } ],
  "notes": [ { "id": "n", "text": "" }, { "id": "n", "text": "" } ] }"#;
    insta::assert_snapshot!(problems(text), @"
    error: line 2, column 54, a, id: the id `a` stands there twice
      remedy: rename one of them
    error: line 2, column 86, B, id: `B` cannot be an id: a-z, 0-9 and `-`, a letter first, at most 63 characters
      remedy: such as `b`
    error: line 3, column 49, a.out->b.in: this edge stands there twice
      remedy: remove one of them
    error: line 3, column 94, a->b.I, from: `a` names no port: an end of an edge is written `node.port`
      remedy: add the port: `tidegate describe OPERATOR` lists them
    error: line 3, column 105, a->b.I, to: `I` cannot name a port: a-z, 0-9 and `-`, a letter first, at most 20
      remedy: write a port of the node: `tidegate describe OPERATOR` lists them
    error: line 4, column 49, notes[1].id: the id `n` stands there twice
      remedy: rename one of them
    error: line 1, column 53, parameters.1x: `1x` cannot name a parameter: letters, digits, `_` and `-`, a letter first
      remedy: rename it, and every ${…} that takes it
    ");
}

#[test]
fn a_file_that_is_none_says_why() {
    let cases = [
        (
            "{\"tidegate\": 1,\n \"name\": }",
            "error: line 2, column 10: expected value\n  remedy: write a value: text in double quotes, a number, true, \
             false, null, [ ] or { }",
        ),
        ("", "error: line 1, column 1: there is nothing in it\n  remedy: begin the file with { \"tidegate\": 1"),
        ("[]", "error: line 1, column 1: a pipeline is a JSON object\n  remedy: begin the file with { \"tidegate\": 1"),
        (
            "{\"name\": \"x\"}",
            "error: line 1, column 1: this is not a pipeline: `tidegate` is missing\n  remedy: begin the file with \
             { \"tidegate\": 1",
        ),
        (
            "{\"tidegate\": 2, \"nodez\": 1}",
            "error: line 1, column 14, tidegate: written by a newer Tidegate: version 2, this one reads up to 1\n  \
             remedy: update Tidegate",
        ),
        (
            "{\"tidegate\": \"1\"}",
            "error: line 1, column 14, tidegate: expected the version of the file, 1, found \"1\"\n  remedy: begin the \
             file with { \"tidegate\": 1",
        ),
        (
            "{\"tidegate\": 0}",
            "error: line 1, column 14, tidegate: expected the version of the file, 1, found 0\n  remedy: begin the \
             file with { \"tidegate\": 1",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(problems(text), expected, "{text}");
        assert_eq!(Pipeline::parse(text).0, None);
    }
}

#[test]
fn what_is_refused_is_left_out_and_the_rest_is_read() {
    let text =
        SKETCH.replacen("\"label\": \"Quality\"", "\"labl\": 5", 1).replacen("\"at\": [40, 240]", "\"at\": 3", 1);
    let (pipeline, problems) = Pipeline::parse(&text);
    let mut expected = sketch();
    expected.nodes[2].label = None;
    expected.nodes[1].at = None;
    assert_eq!(pipeline, Some(expected));
    assert_eq!(problems.len(), 2);
}

#[test]
fn a_byte_order_mark_and_fractions_are_taken() {
    let text = "\u{feff}{\"tidegate\": 1, \"name\": \"p\", \"nodes\": [{\"id\": \"a\", \"operator\": \"x\", \"at\": [1.6, -2]}]}";
    let (pipeline, problems) = Pipeline::parse(text);
    assert_eq!((pipeline.unwrap().nodes[0].at, problems), (Some(Point { x: 2, y: -2 }), vec![]));
}

#[test]
fn a_place_is_found_in_the_text() {
    let mended = Reading::new(SKETCH).mended.unwrap();
    let at = |place: Place| {
        let problem = Problem::note(place, "").remedy("");
        mended.place(vec![problem]).pop().and_then(|problem| problem.place.line)
    };
    assert_eq!(at(Place::node("models")), Some((7, 5)));
    assert_eq!(at(Place::node("models").at_field("topic")), Some((7, 72)));
    assert_eq!(at(Place::node("models").at_field("topic").at_span(2..3)), Some((7, 75)));
    assert_eq!(at(Place::node("models").at_field("operator")), Some((7, 35)));
    assert_eq!(at(Place::edge("score.out->out.in").at_field("via.direct.buffer")), Some((13, 76)));
    assert_eq!(at(Place::field("settings.scale")), Some((2, 115)));
    assert_eq!(at(Place::node("nobody")), None);
    assert_eq!(at(Place::default()), None);
}

#[test]
fn long_numbers_come_back_digit_by_digit() {
    let row = r#"{ "node": "a", "value": { "d": 12345678901234567890.1234567890, "n": 123456789012345678901234567890, "e": 1e-7 } }"#;
    let text = format!(r#"{{ "tidegate": 1, "name": "p", "tests": [{{ "name": "t", "script": [{row}] }}] }}"#);
    let (pipeline, problems) = Pipeline::parse(&text);
    assert_eq!(problems, []);
    assert!(
        to_canonical(&pipeline.unwrap())
            .contains("12345678901234567890.1234567890, \"n\": 123456789012345678901234567890, \"e\": 1e-7")
    );
}

proptest! {
    #[test]
    fn loading_then_saving_is_the_identity(pipeline in any_pipeline()) {
        let text = to_canonical(&pipeline);
        let (read, problems) = Pipeline::parse(&text);
        prop_assert_eq!(&problems, &[]);
        let read = read.unwrap();
        prop_assert_eq!(&read, &pipeline);
        prop_assert_eq!(to_canonical(&read), text);
    }

    #[test]
    fn any_text_gives_a_pipeline_or_a_problem(from in 0..SKETCH.len(), removed in 0..40usize, added in "[ -~]{0,6}") {
        let to = (from + removed).min(SKETCH.len());
        let text = format!("{}{added}{}", &SKETCH[..from], &SKETCH[to..]);
        let (pipeline, problems) = Pipeline::parse(&text);
        prop_assert!(pipeline.is_some() || !problems.is_empty());
    }
}
