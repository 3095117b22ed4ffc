//! Lists and structs: kept, compared and given back whole.

use super::outcome;
use super::records::batch_of_lists;

#[test]
fn lists_and_structs_are_kept_whole() {
    // Lists null, [a, null], [], [a, null], [b]; structs null, {1}, {null}, {1}, {2}.
    let batch = batch_of_lists();
    let cases = [
        ("count(l)", "4"),
        ("count(DISTINCT l)", "3"),
        ("count(DISTINCT r)", "3"),
        ("first(l)", r#"["a",null]"#),
        ("last(l)", r#"["b"]"#),
        ("first(r)", r#"{"a":1}"#),
        ("last(r) FILTER (WHERE r.a IS NULL)", r#"{"a":null}"#),
        ("collect_list(l)", r#"[null,["a",null],[],["a",null],["b"]]"#),
        ("collect_set(l)", r#"[null,["a",null],[],["b"]]"#),
        ("collect_list(r)", r#"[null,{"a":1},{"a":null},{"a":1},{"a":2}]"#),
        ("collect_set(r)", r#"[null,{"a":1},{"a":null},{"a":2}]"#),
        ("collect_list(l) FILTER (WHERE false)", "NULL"),
        ("first(l) FILTER (WHERE l IS NULL)", "NULL"),
    ];
    for (text, wanted) in cases {
        assert_eq!(outcome(text, &batch).as_deref(), Ok(wanted), "{text}");
    }
}
