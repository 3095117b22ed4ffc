//! Pipelines for tests: the one that the format was agreed on, and random ones.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::fields::{ByteSize, DurationText};

/// The sketch of the file's design.
pub(crate) const SKETCH: &str = r#"{ "tidegate": 1, "name": "wine-quality", "description": "...",
  "settings": { "application_id": "wine-quality", "guarantee": "at-least-once", "commit_interval": "1s", "scale": "single" },
  "parameters": { "brokers": { "default": "embedded" }, "password": { "secret": true } },
  "clusters": { "default": { "brokers": "${brokers}", "properties": { "sasl.password": "${password}" } } },
  "nodes": [
    { "id": "wines",  "operator": "kafka-source", "config": { "topic": "wines", "format": "json", "schema": { "alcohol": "float64!", "pH": "float64" } }, "at": [40, 80] },
    { "id": "models", "operator": "kafka-source", "config": { "topic": "models", "format": "bytes" }, "at": [40, 240] },
    { "id": "score",  "operator": "score", "label": "Quality", "config": { "features": ["alcohol", "pH"] }, "at": [320, 120] },
    { "id": "out",    "operator": "kafka-sink", "config": { "topic": "scored" }, "at": [600, 120] } ],
  "edges": [
    { "from": "wines.out",  "to": "score.records" },
    { "from": "models.out", "to": "score.model" },
    { "from": "score.out",  "to": "out.in", "via": { "direct": { "buffer": 4096 } } } ],
  "groups": [], "notes": [ { "text": "...", "at": [40, 20], "size": [200, 80] } ],
  "tests": [ { "name": "...", "script": [ { "node": "wines", "ts": 0, "key": "a", "value": { } } ], "expect": { "out.in": [ ] }, "order": "exact" } ] }
"#;

/// The sketch, read.
pub(crate) fn sketch() -> Pipeline {
    let (pipeline, problems) = Pipeline::parse(SKETCH);
    assert_eq!(problems, []);
    pipeline.unwrap()
}

/// Any JSON, a few levels deep.
pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|float| json!(float)),
        "[ -~äß\"\\\\\n]{0,30}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("[a-z.]{1,8}", inner), 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

fn any_config() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec(("[a-z_]{1,8}", any_json()), 0..4).prop_map(|map| map.into_iter().collect())
}

fn any_point() -> impl Strategy<Value = Point> {
    (-3000..3000i32, -3000..3000i32).prop_map(|(x, y)| Point { x, y })
}

fn any_via() -> impl Strategy<Value = Option<Via>> {
    let buffer = prop::option::of(prop_oneof![
        (1..9999u32).prop_map(Settable::Given),
        Just(Settable::Template("${buffer}".to_string()))
    ]);
    let bytes = prop::option::of(any::<u32>().prop_map(|bytes| ByteSize::from_bytes(bytes.into()).into()));
    let retention = prop::option::of(any::<u32>().prop_map(|ms| DurationText::from_ms(ms.into()).into()));
    prop_oneof![
        Just(None),
        (buffer, bytes).prop_map(|(buffer, bytes)| Some(Via::Direct(Direct { buffer, bytes }))),
        (prop::option::of("[a-z]{1,5}"), retention).prop_map(|(name, retention)| Some(Via::Topic(ThroughTopic {
            name,
            retention,
            ..ThroughTopic::default()
        }))),
    ]
}

prop_compose! {
    fn any_node(id: String)(
        id in Just(id),
        operator in "[a-z-]{1,12}",
        label in prop::option::of(".{0,12}"),
        config in any_config(),
        at in prop::option::of(any_point()),
        disabled: bool,
        on_error in prop_oneof![Just(None), Just(Some(OnError::Stop)), Just(Some(OnError::Count))],
        supervision in prop_oneof![
            Just(None),
            Just(Some(Supervision::Stop)),
            Just(Some(Supervision::Restart(Restart { jitter: Some(0.1.into()), ..Restart::default() })))
        ],
    ) -> Node {
        Node { id, operator, label, config, at, disabled, on_error, supervision }
    }
}

/// Any pipeline of up to seven nodes `a`…`g`, with edges between any of their ports `out` and `in`.
pub(crate) fn any_pipeline() -> impl Strategy<Value = Pipeline> {
    let ids = || prop::sample::subsequence(vec!["a", "b", "c", "d", "e", "f", "g"], 0..7).prop_shuffle();
    let nodes = ids().prop_flat_map(|ids| ids.into_iter().map(|id| any_node(id.into())).collect::<Vec<_>>());
    let end = || prop::sample::select(vec!["a", "b", "c", "d", "e", "f", "g"]);
    let edge =
        (end(), end(), any_via(), prop::collection::vec(any_point(), 0..3)).prop_map(|(from, to, via, points)| Edge {
            from: PortRef::new(from, "out"),
            to: PortRef::new(to, "in"),
            via,
            points,
        });
    let note = (".{0,20}", any_point(), prop::option::of(any_point()));
    let parts = (nodes, prop::collection::vec(edge, 0..6), prop::collection::vec(note, 0..3), ids(), any_json());
    parts.prop_map(|(nodes, mut edges, notes, members, row)| {
        let mut seen = std::collections::HashSet::new();
        edges.retain(|edge| seen.insert(edge.id()));
        let notes = notes.into_iter().enumerate();
        let notes =
            notes.map(|(index, (text, at, size))| Note { id: format!("note-{index}"), text, at, size }).collect();
        let nodes_of = members.iter().map(ToString::to_string).collect();
        let group = Group { id: "group".into(), label: None, nodes: nodes_of, collapsed: false };
        let test = PipelineTest {
            name: "t".into(),
            script: vec![row, json!({ "node": "a", "value": 1 }), json!({ "end": "b" })],
            expect: [("c.in".to_string(), vec![])].into_iter().collect(),
            order: Some(Order::Set),
        };
        Pipeline { nodes, edges, notes, groups: vec![group], tests: vec![test], ..Pipeline::new("random") }
    })
}
