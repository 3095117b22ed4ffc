//! Pipelines for tests: the one that the format was agreed on, and random ones.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::fields::{ByteSize, DurationText, Entries};

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

pub(crate) fn any_config() -> impl Strategy<Value = Map<String, Value>> {
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
        (prop::option::of("[a-z]{1,5}"), settable(1..99u32), retention, prop::option::of("[a-z]{1,5}")).prop_map(
            |(name, partitions, retention, cluster)| Some(Via::Topic(ThroughTopic {
                name,
                partitions,
                retention,
                cluster
            }))
        ),
    ]
}

fn any_restart() -> impl Strategy<Value = Restart> {
    let wait = || settable(any::<u32>().prop_map(|ms| DurationText::from_ms(ms.into())));
    (wait(), wait(), settable(0.0..1.0f64), settable(any::<u32>())).prop_map(
        |(min_backoff, max_backoff, jitter, max_restarts)| Restart { min_backoff, max_backoff, jitter, max_restarts },
    )
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
            any_restart().prop_map(|restart| Some(Supervision::Restart(restart))),
        ],
    ) -> Node {
        Node { id, operator, label, config, at, disabled, on_error, supervision }
    }
}

fn settable<T: Clone + std::fmt::Debug + 'static>(
    given: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Option<Settable<T>>> {
    prop::option::of(prop_oneof![
        3 => given.prop_map(Settable::Given),
        1 => Just(Settable::Template("${buffer}".to_string())),
    ])
}

/// Any settings.
pub(crate) fn any_settings() -> impl Strategy<Value = Settings> {
    let duration = || any::<u32>().prop_map(|ms| DurationText::from_ms(ms.into()));
    let scale = prop_oneof![Just(Scale::Single), Just(Scale::Group)];
    let guarantee = prop_oneof![Just(Guarantee::AtLeastOnce), Just(Guarantee::ExactlyOnce)];
    let parts = (
        prop::option::of("[A-Za-z0-9._-]{1,9}"),
        settable(guarantee),
        settable(duration()),
        settable(scale),
        settable(duration()),
        settable(1..64u32),
    );
    parts.prop_map(|(application_id, guarantee, commit_interval, scale, max_task_idle, threads)| Settings {
        application_id,
        guarantee,
        commit_interval,
        scale,
        max_task_idle,
        threads,
    })
}

/// Any parameters, secret ones among them, by unlike names.
pub(crate) fn any_parameters() -> impl Strategy<Value = Entries<Parameter>> {
    let default = any_json().prop_filter("null is none", |value| !value.is_null());
    let parameter = (prop::option::of(".{0,9}"), prop::option::of(default), any::<bool>());
    let parameter = parameter.prop_map(|(description, default, secret)| Parameter { description, default, secret });
    prop::collection::btree_map("[A-Za-z_][A-Za-z0-9_-]{0,6}", parameter, 0..4)
        .prop_map(|parameters| Entries(parameters.into_iter().collect()))
}

/// Any clusters, with properties that take parameters.
pub(crate) fn any_clusters() -> impl Strategy<Value = Entries<Cluster>> {
    let value = prop_oneof!["[ -~]{0,9}", Just("${password}".to_string())];
    let properties = prop::collection::btree_map("[a-z.]{1,12}", value, 0..3);
    let cluster = (prop::option::of("[a-z0-9:,.]{1,12}"), properties)
        .prop_map(|(brokers, properties)| Cluster { brokers, properties: Entries(properties.into_iter().collect()) });
    prop::collection::btree_map("[a-z]{1,7}", cluster, 0..3).prop_map(|map| Entries(map.into_iter().collect()))
}

/// Any tests: rows that speak of nodes, and any others.
pub(crate) fn any_tests() -> impl Strategy<Value = Vec<PipelineTest>> {
    let node = || prop::sample::select(vec!["a", "b", "c", "d", "x"]);
    let row = prop_oneof![
        any_json(),
        (node(), any_json()).prop_map(|(node, value)| json!({ "node": node, "value": value })),
        node().prop_map(|node| json!({ "end": node })),
        (node(), any::<u8>()).prop_map(|(node, records)| json!({ "release": node, "records": records })),
    ];
    let port = (node(), prop::sample::select(vec!["in", "out"])).prop_map(|(node, port)| format!("{node}.{port}"));
    let expect = prop::collection::btree_map(port, prop::collection::vec(any_json(), 0..3), 0..3);
    let order = prop::option::of(prop::sample::select(vec![Order::Exact, Order::PerKey, Order::Set]));
    let test = (".{0,9}", prop::collection::vec(row, 0..4), expect, order).prop_map(|(name, script, expect, order)| {
        PipelineTest { name, script, expect: Entries(expect.into_iter().collect()), order }
    });
    prop::collection::vec(test, 0..3)
}

/// Any notes.
pub(crate) fn any_notes() -> impl Strategy<Value = Vec<Note>> {
    let note = (".{0,20}", any_point(), prop::option::of(any_point()));
    prop::collection::vec(note, 0..3).prop_map(|notes| {
        let note = |(index, (text, at, size)): (usize, _)| {
            let colour = [None, Some(NoteColour::Blue), Some(NoteColour::Sand)][index % 3];
            Note { id: format!("note-{index}"), text, at, size, colour }
        };
        notes.into_iter().enumerate().map(note).collect()
    })
}

/// Any groups of nodes `a`…`g`.
pub(crate) fn any_groups() -> impl Strategy<Value = Vec<Group>> {
    let group = (prop::option::of(".{0,9}"), any_ids(), any::<bool>());
    prop::collection::vec(group, 0..3).prop_map(|groups| {
        let group = |(index, (label, nodes, collapsed)): (usize, (_, Vec<&str>, _))| Group {
            id: format!("group-{index}"),
            label,
            nodes: nodes.into_iter().map(String::from).collect(),
            collapsed,
        };
        groups.into_iter().enumerate().map(group).collect()
    })
}

/// Any edges between ports `out` and `in` of nodes `a`…`g`, each once.
pub(crate) fn any_edges() -> impl Strategy<Value = Vec<Edge>> {
    let end = || prop::sample::select(vec!["a", "b", "c", "d", "e", "f", "g"]);
    let edge =
        (end(), end(), any_via(), prop::collection::vec(any_point(), 0..3)).prop_map(|(from, to, via, points)| Edge {
            from: PortRef::new(from, "out"),
            to: PortRef::new(to, "in"),
            via,
            points,
        });
    prop::collection::vec(edge, 0..6).prop_map(|mut edges| {
        let mut seen = std::collections::HashSet::new();
        edges.retain(|edge| seen.insert(edge.id()));
        edges
    })
}

fn any_ids() -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::subsequence(vec!["a", "b", "c", "d", "e", "f", "g"], 0..7).prop_shuffle()
}

/// Any pipeline of up to seven nodes `a`…`g`, with every section of a file.
pub(crate) fn any_pipeline() -> impl Strategy<Value = Pipeline> {
    let nodes = any_ids().prop_flat_map(|ids| ids.into_iter().map(|id| any_node(id.into())).collect::<Vec<_>>());
    let lesson = any_json().prop_filter("null is none", |value| !value.is_null());
    let graph = (nodes, any_edges(), any_groups(), any_notes());
    let rest = (any_settings(), any_parameters(), any_clusters(), any_tests(), ".{0,9}", prop::option::of(lesson));
    (graph, rest).prop_map(|((nodes, edges, groups, notes), rest)| {
        let (settings, parameters, clusters, tests, description, lesson) = rest;
        Pipeline {
            description,
            settings,
            parameters,
            clusters,
            nodes,
            edges,
            groups,
            notes,
            tests,
            lesson,
            ..Pipeline::new("random")
        }
    })
}
