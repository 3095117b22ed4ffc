use proptest::prelude::*;
use serde_json::json;

use super::super::samples::{
    any_clusters, any_config, any_edges, any_groups, any_json, any_notes, any_parameters, any_pipeline, any_settings,
    any_tests, sketch,
};
use super::super::to_canonical;
use super::*;

fn label(id: &str, text: &str) -> Edit {
    Edit::ChangeNode { id: id.into(), change: NodeChange::Label(Some(text.into())) }
}

fn rename(id: &str, to: &str) -> Edit {
    Edit::RenameNode { id: id.into(), to: to.into() }
}

fn field(id: &str, path: &str, value: Option<Value>) -> Edit {
    let path = path.split('.').map(String::from).collect();
    Edit::ChangeNode { id: id.into(), change: NodeChange::Field { path, value } }
}

#[test]
fn removing_a_node_takes_its_edges_and_undo_brings_all_back_in_place() {
    let mut drawn = sketch();
    drawn.groups.push(Group {
        id: "g".into(),
        label: None,
        nodes: vec!["score".into(), "out".into()],
        collapsed: false,
    });
    let before = drawn.clone();
    let undo = Edit::RemoveNode { id: "score".into() }.apply(&mut drawn).unwrap();
    assert_eq!(drawn.nodes.len(), 3);
    assert_eq!(drawn.edges, []);
    assert_eq!(drawn.groups[0].nodes, ["out"]);
    let redo = undo.apply(&mut drawn).unwrap();
    assert_eq!(drawn, before);
    redo.apply(&mut drawn).unwrap();
    assert_eq!(drawn.nodes.len(), 3);
}

#[test]
fn renaming_takes_edges_groups_and_tests_along() {
    let mut drawn = sketch();
    let before = drawn.clone();
    let undo = rename("wines", "grapes").apply(&mut drawn).unwrap();
    assert_eq!(drawn.edges[0].id(), "grapes.out->score.records");
    assert_eq!(drawn.tests[0].script[0]["node"], "grapes");
    let second = rename("out", "sink").apply(&mut drawn).unwrap();
    assert_eq!(drawn.tests[0].expect.names().collect::<Vec<_>>(), ["sink.in"]);
    second.apply(&mut drawn).unwrap();
    undo.apply(&mut drawn).unwrap();
    assert_eq!(drawn, before);
}

#[test]
fn a_field_is_set_and_taken_by_its_path() {
    let mut drawn = sketch();
    for edit in [
        field("out", "a.b", Some(json!(1))),
        field("out", "a.c", Some(json!(2))),
        field("out", "a.b", None),
        field("out", "topic", Some(json!("t"))),
    ] {
        edit.apply(&mut drawn).unwrap();
    }
    assert_eq!(Value::Object(drawn.nodes[3].config.clone()), json!({ "topic": "t", "a": { "c": 2 } }));
    field("out", "a.c", None).apply(&mut drawn).unwrap();
    assert_eq!(Value::Object(drawn.nodes[3].config.clone()), json!({ "topic": "t" }));
}

#[test]
fn what_cannot_be_done_changes_nothing_and_says_why() {
    let cases = [
        (Edit::AddNode(Node::new("out", "x")), "there is a node `out` already"),
        (
            Edit::AddNode(Node::new("Out", "x")),
            "`Out` cannot be an id: a-z, 0-9 and `-`, a letter first, at most 63 characters",
        ),
        (Edit::RemoveNode { id: "x".into() }, "there is no node `x`"),
        (rename("out", "score"), "there is a node `score` already"),
        (Edit::Connect(Edge::new("score.out", "out.in")), "there is an edge `score.out->out.in` already"),
        (Edit::Connect(Edge::new("score.out", "nobody.in")), "there is no node `nobody`"),
        (Edit::Connect(Edge::new("score", "out.in")), "`score` is not a port: write `node.port`"),
        (Edit::Disconnect { edge: "a.b->c.d".into() }, "there is no edge `a.b->c.d`"),
        (field("out", "topic.x", Some(json!(1))), "`topic.x` is not a field: what it lies in is not an object"),
        (Edit::Take { nodes: vec![9], edges: vec![] }, "there is no place 9"),
        (Edit::Take { nodes: vec![1, 1], edges: vec![] }, "there is no place 1"),
        (
            Edit::MoveNodes(vec![("out".into(), Point::default()), ("x".into(), Point::default())]),
            "there is no node `x`",
        ),
        (Edit::Batch { label: String::new(), edits: vec![label("out", "a"), label("x", "b")] }, "there is no node `x`"),
    ];
    for (edit, why) in cases {
        let mut drawn = sketch();
        assert_eq!(edit.apply(&mut drawn).unwrap_err().to_string(), why);
        assert_eq!(drawn, sketch(), "{edit:?}");
    }
}

#[test]
fn pasting_gives_fresh_ids_in_one_step() {
    let mut drawn = sketch();
    let fragment = Fragment::copy(&drawn, |id| id == "score" || id == "out");
    let (edit, ids) = fragment.paste(&drawn, Point { x: 10, y: 20 });
    assert_eq!(ids, ["score-2", "out-2"]);
    let undo = edit.apply(&mut drawn).unwrap();
    let edge = drawn.edge("score-2.out->out-2.in").unwrap();
    assert_eq!(edge.via, drawn.edge("score.out->out.in").unwrap().via);
    assert_eq!(drawn.node("out-2").unwrap().at, Some(Point { x: 610, y: 140 }));
    let (again, ids) = fragment.paste(&drawn, Point::default());
    assert_eq!(ids, ["score-3", "out-3"]);
    let undo_again = again.apply(&mut drawn).unwrap();
    undo_again.apply(&mut drawn).unwrap();
    undo.apply(&mut drawn).unwrap();
    assert_eq!(drawn, sketch());
}

fn any_id() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c", "d", "e", "f", "g", "x"]).prop_map(String::from)
}

fn any_edge_id() -> impl Strategy<Value = String> {
    (any_id(), any_id()).prop_map(|(from, to)| format!("{from}.out->{to}.in"))
}

fn any_node_change() -> impl Strategy<Value = NodeChange> {
    let path = prop::collection::vec("[a-c]", 1..3);
    prop_oneof![
        "[a-z]{1,5}".prop_map(NodeChange::Operator),
        prop::option::of("[a-z]{1,5}").prop_map(NodeChange::Label),
        (path, prop::option::of(any_json())).prop_map(|(path, value)| NodeChange::Field { path, value }),
        any::<bool>().prop_map(NodeChange::Disabled),
        Just(NodeChange::OnError(Some(OnError::Count))),
        Just(NodeChange::OnError(None)),
        Just(NodeChange::Supervision(Some(Supervision::Stop))),
        any_config().prop_map(NodeChange::Config),
        prop::option::of(any::<i8>()).prop_map(|x| NodeChange::At(x.map(|x| Point { x: x.into(), y: 0 }))),
    ]
}

fn any_section() -> impl Strategy<Value = Section> {
    prop_oneof![
        "[a-z]{1,5}".prop_map(Section::Name),
        ".{0,9}".prop_map(Section::Description),
        any_settings().prop_map(Section::Settings),
        any_parameters().prop_map(Section::Parameters),
        any_clusters().prop_map(Section::Clusters),
        any_edges().prop_map(Section::Edges),
        any_groups().prop_map(Section::Groups),
        any_notes().prop_map(Section::Notes),
        any_tests().prop_map(Section::Tests),
        prop::option::of(Just(json!({ "step": 1 }))).prop_map(Section::Lesson),
    ]
}

/// What a person does: an edit, or a paste of copied nodes.
#[derive(Debug, Clone)]
enum Act {
    Edit(Box<Edit>),
    Paste(Vec<String>, i8),
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        5 => any_edit().prop_map(|edit| Act::Edit(Box::new(edit))),
        1 => (prop::collection::vec(any_id(), 1..5), any::<i8>()).prop_map(|(ids, shift)| Act::Paste(ids, shift)),
    ]
}

fn edit_of(act: &Act, drawn: &Pipeline) -> Edit {
    match act {
        Act::Edit(edit) => (**edit).clone(),
        Act::Paste(ids, shift) => {
            let fragment = Fragment::copy(drawn, |id| ids.iter().any(|chosen| chosen == id));
            fragment.paste(drawn, Point { x: (*shift).into(), y: 7 }).0
        }
    }
}

fn any_edit() -> impl Strategy<Value = Edit> {
    let ends = |(from, to): (String, String)| (PortRef::new(from, "out"), PortRef::new(to, "in"));
    let change = prop_oneof![
        Just(EdgeChange::Via(Some(Via::default()))),
        Just(EdgeChange::Points(vec![Point { x: 1, y: 2 }])),
        (any_id(), any_id()).prop_map(ends).prop_map(|(from, to)| EdgeChange::Ends { from, to }),
    ];
    let leaf = prop_oneof![
        (any_id(), "[a-z]{1,5}").prop_map(|(id, operator)| Edit::AddNode(Node::new(id, operator))),
        any_id().prop_map(|id| Edit::RemoveNode { id }),
        (any_id(), any_id()).prop_map(|(id, to)| Edit::RenameNode { id, to }),
        (any_id(), any_node_change()).prop_map(|(id, change)| Edit::ChangeNode { id, change }),
        prop::collection::vec((any_id(), any::<i8>().prop_map(|x| Point { x: x.into(), y: 1 })), 1..3)
            .prop_map(Edit::MoveNodes),
        (any_id(), any_id()).prop_map(ends).prop_map(|(from, to)| Edit::Connect(Edge::new(from, to))),
        any_edge_id().prop_map(|edge| Edit::Disconnect { edge }),
        (any_edge_id(), change).prop_map(|(edge, change)| Edit::ChangeEdge { edge, change }),
        any_section().prop_map(Edit::Replace),
        (0..4usize, 0..4usize).prop_map(|(node, edge)| Edit::Take { nodes: vec![node], edges: vec![edge] }),
    ];
    leaf.prop_recursive(2, 12, 4, |inner| {
        prop::collection::vec(inner, 1..4).prop_map(|edits| Edit::Batch { label: "batch".into(), edits })
    })
}

proptest! {
    #[test]
    fn undoing_any_script_gives_the_exact_start(start in any_pipeline(), script in prop::collection::vec(any_act(), 1..30)) {
        let mut drawn = start.clone();
        let (mut undo, mut states) = (Vec::new(), Vec::new());
        for act in &script {
            let edit = edit_of(act, &drawn);
            let before = drawn.clone();
            match edit.apply(&mut drawn) {
                Ok(inverse) => {
                    undo.push(inverse);
                    states.push(before);
                }
                Err(_) => prop_assert_eq!(&drawn, &before),
            }
        }
        let end = drawn.clone();
        let mut redo = Vec::new();
        while let (Some(inverse), Some(before)) = (undo.pop(), states.pop()) {
            redo.push(inverse.apply(&mut drawn).unwrap());
            prop_assert_eq!(&drawn, &before);
            prop_assert_eq!(to_canonical(&drawn), to_canonical(&before));
        }
        prop_assert_eq!(to_canonical(&drawn), to_canonical(&start));
        while let Some(edit) = redo.pop() {
            edit.apply(&mut drawn).unwrap();
        }
        prop_assert_eq!(to_canonical(&drawn), to_canonical(&end));
    }
}
