use proptest::prelude::*;
use serde_json::json;

use super::super::edit::{Edit, NodeChange};
use super::super::samples::{any_pipeline, sketch};
use super::super::{OnError, Order, Point, Settable, Supervision, ThroughTopic};
use super::*;
use crate::operators;

#[test]
fn differences_are_told_field_by_field() {
    let (first, mut second) = (sketch(), sketch());
    let config = &mut second.nodes[0].config;
    config.insert("topic".into(), json!("grapes"));
    config.shift_remove("format");
    config.insert("start".into(), json!("latest"));
    second.nodes[0].disabled = true;
    second.settings.scale = Some(Settable::Template("${scale}".into()));
    second.edges[2].via = Some(Via::Topic(ThroughTopic::default()));
    second.edges.remove(1);
    second.nodes.remove(1);
    second.nodes.push(Node::new("more", "filter"));
    second.edges.push(Edge::new("wines.out", "more.in"));
    insta::assert_snapshot!(diff(&first, &second, &|_| None), @r#"
    - models (kafka-source)
    + more (filter)
    - models.out->score.model
    + wines.out->more.in
    ~ wines
        config.topic: "wines" → "grapes"
        config.format: "json" is gone
        config.start: "latest" is new
        disabled: true is new
    ~ score.out->out.in
        via: {"direct":{"buffer":4096}} → "topic"
    ~ settings.scale: "single" → "${scale}"
    "#);
    insta::assert_snapshot!(serde_json::to_string(&diff(&first, &second, &|_| None)).unwrap(), @r#"{"added":[{"id":"more","operator":"filter"}],"removed":[{"id":"models","operator":"kafka-source","config":{"topic":"models","format":"bytes"},"at":[40,240]}],"changed":[{"id":"wines","fields":[{"path":"config.topic","before":"wines","after":"grapes"},{"path":"config.format","before":"json"},{"path":"config.start","after":"latest"},{"path":"disabled","after":true}]}],"connected":[{"from":"wines.out","to":"more.in"}],"disconnected":[{"from":"models.out","to":"score.model"}],"rerouted":[{"id":"score.out->out.in","fields":[{"path":"via","before":{"direct":{"buffer":4096}},"after":"topic"}]}],"fields":[{"path":"settings.scale","before":"single","after":"${scale}"}]}"#);
}

#[test]
fn a_renamed_node_says_what_becomes_of_durable_names() {
    let (first, mut second) = (sketch(), sketch());
    Edit::RenameNode { id: "score".into(), to: "rating".into() }.apply(&mut second).unwrap();
    insta::assert_snapshot!(diff(&first, &second, &|_| None), @"
    ~ score is now rating
    ! wine-quality.score.… is now wine-quality.rating.…: state and topics of score are not taken over
    ");
    second.settings.application_id = Some("other".into());
    insta::assert_snapshot!(diff(&first, &second, &|_| None), @r#"
    ~ score is now rating
    ~ settings.application_id: "wine-quality" → "other"
    ! application id wine-quality is now other: consumer group, state and own topics of wine-quality are not taken over
    "#);
}

#[test]
fn what_is_written_out_with_its_default_is_no_difference() {
    let read = |text: &str| {
        let (pipeline, problems) = Pipeline::parse(text);
        assert_eq!(problems, []);
        pipeline.unwrap()
    };
    let short = read(
        r#"{ "tidegate": 1, "name": "p", "nodes": [
            { "id": "s", "operator": "kafka-source", "config": { "topic": "x" } },
            { "id": "w", "operator": "tumbling-window", "config": { "size": "1m", "aggregates": { "n": "count(*)" } },
              "supervision": { "restart": {} } },
            { "id": "k", "operator": "kafka-sink", "config": { "topic": "y" } } ],
          "edges": [ { "from": "s.out", "to": "w.in", "via": "topic" } ],
          "tests": [ { "name": "one" }, { "name": "two" } ] }"#,
    );
    let long = read(
        r#"{ "tidegate": 1, "name": "p",
          "settings": { "application_id": "p", "guarantee": "at-least-once", "commit_interval": "1000ms", "scale": "single",
                        "max_task_idle": "0s" },
          "nodes": [
            { "id": "s", "operator": "kafka-source", "on_error": "stop", "supervision": "stop",
              "config": { "topic": "x", "cluster": "default", "start": "earliest", "format": { "json": {} }, "key_format": "text" } },
            { "id": "w", "operator": "tumbling-window",
              "config": { "size": "1m", "aggregates": { "n": "count(*)" }, "grace": "0s", "emit": "on-update", "window_columns": true },
              "supervision": { "restart": { "min_backoff": "200ms", "max_backoff": "30s", "jitter": 0.2 } } },
            { "id": "k", "operator": "kafka-sink", "config": { "topic": "y", "acks": "all", "idempotence": true } } ],
          "edges": [ { "from": "s.out", "to": "w.in", "via": { "topic": { "cluster": "default" } } } ],
          "tests": [ { "name": "two", "order": "exact" }, { "name": "one" } ] }"#,
    );
    let form_of = |name: &str| operators::find(name).map(|operator| (operator.form)());
    assert_eq!(diff(&short, &long, &form_of).to_string(), "");
    assert_eq!(diff(&long, &short, &form_of).to_string(), "");
    // Where it is another than the default, it is told.
    let mut other = long.clone();
    other.nodes[0].config.insert("key_format".into(), json!("json"));
    other.tests[0].order = Some(Order::Set);
    insta::assert_snapshot!(diff(&short, &other, &form_of), @r#"
    ~ s
        config.key_format: "json" is new
    ~ tests.two.order: "set" is new
    "#);
}

proptest! {
    #[test]
    fn places_order_and_notes_mean_nothing(pipeline in any_pipeline()) {
        let mut other = pipeline.clone();
        other.nodes.reverse();
        other.edges.reverse();
        other.tests.reverse();
        other.notes.clear();
        other.groups.clear();
        for edge in &mut other.edges {
            edge.points.push(Point::default());
            edge.via = edge.via.take().or(Some(Via::default()));
        }
        for node in &mut other.nodes {
            node.at = None;
            node.on_error = node.on_error.or(Some(OnError::Stop));
            node.supervision = node.supervision.take().or(Some(Supervision::Stop));
            node.config = std::mem::take(&mut node.config).into_iter().rev().collect();
        }
        prop_assert_eq!(diff(&pipeline, &other, &|_| None), Diff::default());
    }

    #[test]
    fn a_changed_field_is_seen(pipeline in any_pipeline(), place: prop::sample::Index) {
        prop_assume!(!pipeline.nodes.is_empty());
        let mut other = pipeline.clone();
        let id = other.nodes[place.index(other.nodes.len())].id.clone();
        let change = NodeChange::Field { path: vec!["added-here".into()], value: Some(json!(1)) };
        Edit::ChangeNode { id: id.clone(), change }.apply(&mut other).unwrap();
        let found = diff(&pipeline, &other, &|_| None);
        prop_assert_eq!(found.changed.len(), 1);
        prop_assert_eq!(&found.changed[0].id, &id);
        prop_assert_eq!(&found.changed[0].fields[0].path, "config.added-here");
    }
}
