//! The gallery: every pipeline is formatted, says what it shows, passes its tests, and gives the same whichever edge goes
//! through a topic.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use tidegate_core::check::{CheckOptions, check};
use tidegate_core::drive::{Line, Shown, drive, read_line, run_test};
use tidegate_core::kafka::OWNED_PROPERTIES;
use tidegate_core::operators::Role;
use tidegate_core::pipeline::{Pipeline, PipelineTest, ThroughTopic, Via, to_canonical};
use tidegate_core::plan::Drawn;

use crate::support::{Bench, gallery};

fn read(path: &Path) -> (String, Pipeline) {
    let text = std::fs::read_to_string(path).unwrap();
    let (pipeline, problems) = Pipeline::parse(&text);
    (text, pipeline.unwrap_or_else(|| panic!("{path:?}: {problems:?}")))
}

fn drawn(pipeline: &Pipeline) -> Drawn {
    let checked = check(pipeline, &CheckOptions::new(OWNED_PROPERTIES));
    assert!(checked.is_runnable(), "{}: {:?}", pipeline.name, checked.problems);
    Drawn::new(pipeline, &checked)
}

/// A test's script, so slow that nothing is held back and no buffer overflows: what is dropped depends on when a buffer is
/// emptied, which an edge through a topic is there to change.
fn script(test: &PipelineTest) -> Vec<Line> {
    let pause = || read_line(&serde_json::json!({ "advance": "10s" })).unwrap();
    let lines = test.script.iter().map(|line| read_line(line).unwrap());
    let lines = lines.filter(|line| !matches!(line, Line::Hold(_) | Line::Release(_)));
    lines.flat_map(|line| [line, pause()]).collect()
}

/// What every sink receives, and what leaves by the ports that a test looks at, by key, in order.
fn received(pipeline: &Pipeline, test: &PipelineTest, pack: usize) -> BTreeMap<(String, String), Vec<Value>> {
    let drawn = drawn(pipeline);
    let sinks = drawn.nodes.iter().filter(|node| node.role == Role::Sink).map(|node| format!("{}.in", node.id));
    let mut ports: Vec<String> = sinks.chain(test.expect.names().map(str::to_string)).collect();
    ports.sort();
    ports.dedup();
    let shown = Shown::named(&ports, &drawn.nodes).unwrap();
    let script = &script(test);
    let driven = drive(drawn.plan(&shown.observed(&drawn)), script, &shown, pack);
    assert_eq!(driven.fault, None, "{}", pipeline.name);
    let mut received: BTreeMap<(String, String), Vec<Value>> = BTreeMap::new();
    for row in driven.rows {
        let row = serde_json::to_value(row).unwrap();
        received.entry((format!("{}.{}", row["node"], row["port"]), row["key"].to_string())).or_default().push(row);
    }
    received
}

#[test]
fn every_file_is_formatted_described_and_tested() {
    let files = gallery();
    assert!(files.len() >= 5, "{files:?}");
    for path in &files {
        let (text, pipeline) = read(path);
        assert_eq!(to_canonical(&pipeline), text, "run `tidegate fmt {}`", path.display());
        assert_eq!(Some(pipeline.name.as_str()), path.file_stem().and_then(|stem| stem.to_str()));
        assert!(!pipeline.description.is_empty(), "{path:?} says nothing of itself");
        assert!(!pipeline.tests.is_empty(), "{path:?} has no tests");
        for test in &pipeline.tests {
            for pack in [1, 2, 512] {
                let outcome = run_test(test, &drawn(&pipeline), pack);
                assert!(outcome.is_good(), "{path:?}, batches of {pack}: {outcome:#?}");
            }
        }
    }
}

#[test]
fn the_program_says_the_same_of_them() {
    let bench = Bench::new();
    let files: Vec<String> = gallery().iter().map(|path| path.display().to_string()).collect();
    for command in [&["check"][..], &["test"], &["fmt", "--check"]] {
        let args: Vec<&str> = command.iter().copied().chain(files.iter().map(String::as_str)).collect();
        bench.tidegate(&args).code(0);
    }
}

#[test]
fn an_edge_through_a_topic_leaves_every_sink_equal_per_key() {
    for path in gallery() {
        let (_, pipeline) = read(&path);
        for test in &pipeline.tests {
            let direct = received(&pipeline, test, 1);
            assert!(!direct.is_empty(), "{path:?}, {}: nothing is received", test.name);
            for edge in 0..pipeline.edges.len() {
                let mut flipped = pipeline.clone();
                flipped.edges[edge].via = match flipped.edges[edge].via {
                    Some(Via::Topic(_)) => None,
                    _ => Some(Via::Topic(ThroughTopic::default())),
                };
                for pack in [1, 512] {
                    let through = received(&flipped, test, pack);
                    assert_eq!(through, direct, "{path:?}, {}, {}", test.name, flipped.edges[edge].id());
                }
            }
        }
    }
}
