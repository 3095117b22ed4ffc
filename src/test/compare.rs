//! Rows expected and rows that came, side by side as a difference of lines.

use serde_json::{Map, Value};

/// The most lines that are compared one with another; of more, only what begins and ends alike is found.
const MOST: usize = 2_000;

/// Lines with `- ` (expected, did not come), `+ ` (came, not expected) and two spaces (both). Of the rows that came, only
/// what some expected row speaks of is shown.
pub(super) fn lines(expected: &[Value], came: &[Value]) -> Vec<String> {
    let spoken: Vec<&String> = expected.iter().filter_map(Value::as_object).flat_map(Map::keys).collect();
    let text = |row: &Value| match row {
        Value::Object(fields) if !spoken.is_empty() => {
            let names = ["ts", "key", "value", "headers", "window", "old"];
            let shown = names.iter().filter(|name| spoken.iter().any(|spoken| spoken == *name));
            let fields: Map<String, Value> =
                shown.filter_map(|name| Some((name.to_string(), fields.get(*name)?.clone()))).collect();
            Value::Object(fields).to_string()
        }
        other => other.to_string(),
    };
    let expected: Vec<String> = expected.iter().map(text).collect();
    let came: Vec<String> = came.iter().map(text).collect();
    difference(&expected, &came)
}

fn difference(expected: &[String], came: &[String]) -> Vec<String> {
    let before = expected.iter().zip(came).take_while(|(a, b)| a == b).count();
    let (rest_expected, rest_came) = (&expected[before..], &came[before..]);
    let after = rest_expected.iter().rev().zip(rest_came.iter().rev()).take_while(|(a, b)| a == b).count();
    let inner_expected = &rest_expected[..rest_expected.len() - after];
    let inner_came = &rest_came[..rest_came.len() - after];
    let mut lines: Vec<String> = expected[..before].iter().map(|line| format!("  {line}")).collect();
    lines.extend(inner(inner_expected, inner_came));
    lines.extend(expected[expected.len() - after..].iter().map(|line| format!("  {line}")));
    lines
}

/// By the longest common sequence of lines.
fn inner(expected: &[String], came: &[String]) -> Vec<String> {
    let (minus, plus) = (|line: &String| format!("- {line}"), |line: &String| format!("+ {line}"));
    if expected.len() > MOST || came.len() > MOST {
        return expected.iter().map(minus).chain(came.iter().map(plus)).collect();
    }
    // common[i][j]: length for what lies behind i and j
    let mut common = vec![vec![0_u16; came.len() + 1]; expected.len() + 1];
    for (i, a) in expected.iter().enumerate().rev() {
        for (j, b) in came.iter().enumerate().rev() {
            common[i][j] = match a == b {
                true => common[i + 1][j + 1] + 1,
                false => common[i + 1][j].max(common[i][j + 1]),
            };
        }
    }
    let (mut i, mut j, mut lines) = (0, 0, Vec::new());
    while i < expected.len() || j < came.len() {
        match (expected.get(i), came.get(j)) {
            (Some(a), Some(b)) if a == b => {
                lines.push(format!("  {a}"));
                (i, j) = (i + 1, j + 1);
            }
            (Some(a), other) if other.is_none() || common[i + 1][j] >= common[i][j + 1] => {
                lines.push(minus(a));
                i += 1;
            }
            (_, Some(b)) => {
                lines.push(plus(b));
                j += 1;
            }
            (Some(a), None) => {
                lines.push(minus(a));
                i += 1;
            }
            (None, None) => break,
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_spoken_of_is_shown() {
        let expected = [json!({ "value": 1 }), json!({ "value": 2 })];
        let came = [json!({ "ts": 5, "key": "a", "value": 1 }), json!({ "ts": 6, "key": "a", "value": 3 })];
        assert_eq!(lines(&expected, &came), ["  {\"value\":1}", "- {\"value\":2}", "+ {\"value\":3}"]);
    }

    #[test]
    fn a_row_that_is_missing_does_not_move_the_others() {
        let rows: Vec<Value> = (0..5).map(|n| json!({ "value": n })).collect();
        let came: Vec<Value> = rows.iter().filter(|row| **row != rows[2]).cloned().collect();
        let lines = lines(&rows, &came);
        assert_eq!(lines.iter().filter(|line| !line.starts_with("  ")).collect::<Vec<_>>(), [&lines[2]]);
        assert_eq!(lines[2], "- {\"value\":2}");
    }

    proptest! {
        /// What is not `+` is what was expected, what is not `-` is what came.
        #[test]
        fn both_sides_can_be_read_back(a in prop::collection::vec(0..4_u8, 0..12), b in prop::collection::vec(0..4_u8, 0..12)) {
            let text = |rows: &[u8]| rows.iter().map(u8::to_string).collect::<Vec<_>>();
            let lines = difference(&text(&a), &text(&b));
            let side = |other: &str| lines.iter().filter(|line| !line.starts_with(other)).map(|line| line[2..].to_string()).collect::<Vec<_>>();
            prop_assert_eq!(side("+"), text(&a));
            prop_assert_eq!(side("-"), text(&b));
        }
    }
}
