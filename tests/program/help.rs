//! `describe`, `schema --file`, `completions`, what is not built yet, and wrong arguments.

use serde_json::Value;

use crate::support::{Bench, root};

#[test]
fn all_operators_are_listed_and_have_a_page() {
    let bench = Bench::new();
    let list = bench.tidegate(&["describe"]).code(0).out;
    assert!(list.lines().all(|line| line.chars().count() <= 90), "{list}");
    let all = bench.tidegate(&["describe", "--json"]).code(0);
    let all: Value = serde_json::from_str(&all.out).unwrap();
    let names: Vec<&str> = all.as_array().unwrap().iter().map(|operator| operator["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"kafka-source") && names.len() >= 16, "{names:?}");
    for name in names {
        assert!(list.contains(&format!("  {name} ")), "{name} is not in the list");
        let page = bench.tidegate(&["describe", name]).code(0).out;
        assert!(page.starts_with(&format!("{name} (")), "{page}");
        let one: Value = serde_json::from_str(&bench.tidegate(&["describe", name, "--json"]).code(0).out).unwrap();
        let mut fields = Vec::new();
        fields_of(&one["form"], &mut fields);
        for field in fields {
            assert!(page.lines().any(|line| line.trim_start().starts_with(&format!("{field}  "))), "{field}: {page}");
        }
        let ports = [&one["ports"]["inputs"], &one["ports"]["outputs"]].map(|ports| ports.as_array().unwrap().len());
        assert!(ports != [0, 0] && page.contains("\nPorts\n"), "{page}");
        let help = |text: &str| text.split_whitespace().map(String::from).collect::<Vec<_>>();
        let first = help(one["help"].as_str().unwrap().split("\n\n").next().unwrap());
        assert!(help(&page).windows(first.len()).any(|words| words == first), "{first:?}: {page}");
    }
}

/// Names of all fields of a form, however deep.
fn fields_of(part: &Value, names: &mut Vec<String>) {
    match part {
        Value::Array(items) => items.iter().for_each(|item| fields_of(item, names)),
        Value::Object(map) => {
            if let (Some(Value::String(name)), true) = (map.get("name"), map.contains_key("kind")) {
                names.push(name.clone());
            }
            map.values().for_each(|value| fields_of(value, names));
        }
        _ => {}
    }
}

#[test]
fn functions_have_pages_too() {
    let bench = Bench::new();
    let list = bench.tidegate(&["describe", "functions"]).code(0).out;
    for name in ["left", "round", "date_trunc", "coalesce"] {
        assert!(list.contains(&format!("  {name} ")), "{name}: {list}");
        bench.tidegate(&["describe", name]).code(0);
    }
    let page = bench.tidegate(&["describe", "LEFT"]).code(0).out;
    assert!(page.contains("left(text text, n int64) → text") && page.contains("left('abcde', 2)   → ab"), "{page}");
    let page = bench.tidegate(&["describe", "array_agg"]).code(0).out;
    assert!(list.contains("  collect_list ") && page.contains("collect_list(x any) → list of any"), "{page}");
    assert!(page.contains("collect_list(x) of 2, NULL, 2") && page.contains("→ [2,null,2]"), "{page}");
    let all: Value = serde_json::from_str(&bench.tidegate(&["describe", "functions", "--json"]).code(0).out).unwrap();
    let has = |name: &str| all.as_array().unwrap().iter().any(|function| function["name"] == name);
    assert!(all.as_array().unwrap().len() >= 60 && has("left") && has("stddev"));
    let list = bench.tidegate(&["describe", "aggregates"]).code(0).out;
    assert!(list.contains("  stddev ") && !list.contains("  round "), "{list}");
    let all: Value = serde_json::from_str(&bench.tidegate(&["describe", "aggregates", "--json"]).code(0).out).unwrap();
    assert!(all.as_array().unwrap().iter().all(|aggregate| aggregate["category"] == "aggregation"));
    let ran = bench.tidegate(&["describe", "score"]).code(2);
    assert!(ran.err.starts_with("error: `score` is not built yet\n  remedy: "), "{}", ran.err);
    let ran = bench.tidegate(&["describe", "fliter"]).code(2);
    assert_eq!(ran.err, "error: there is no operator or function `fliter`\n  remedy: did you mean `filter`?\n");
}

#[test]
fn the_schema_of_files_is_the_one_in_assets() {
    let printed = Bench::new().tidegate(&["schema", "--file"]).code(0).out;
    assert_eq!(printed, std::fs::read_to_string(root().join("assets/tidegate.schema.json")).unwrap());
}

#[test]
fn shells_complete_every_command() {
    let bench = Bench::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = bench.tidegate(&["completions", shell]).code(0).out;
        for command in ["run", "check", "consume", "describe"] {
            assert!(script.contains(command), "{shell} does not complete {command}");
        }
    }
    bench.tidegate(&["completions", "sh"]).code(2);
}

#[test]
fn what_cannot_be_shown_says_why() {
    let bench = Bench::new();
    for (command, is_there, why) in
        [("top", cfg!(feature = "tui"), "run it in a terminal"), ("edit", cfg!(feature = "gui"), "there is no display")]
    {
        let nowhere = [("DISPLAY", ""), ("WAYLAND_DISPLAY", ""), ("WAYLAND_SOCKET", "")];
        let ran = bench.tidegate_with(&[command, "some.json"], "", &nowhere).code(if is_there { 1 } else { 2 });
        assert_eq!(ran.err.contains(why), is_there, "{}", ran.err);
    }
}

#[test]
fn wrong_arguments_are_told() {
    let bench = Bench::new();
    for args in [
        &["rum"][..],
        &["run"],
        &["run", "a.json", "--until-idle", "soon"],
        &["run", "a.json", "--from", "yesterday"],
        &["run", "a.json", "--memory", "--data", "there"],
        &["check", "--all"],
        &["schema"],
        &["consume", "t", "--follow", "--until-end"],
        &["produce", "t", "--key-format", "int64"],
        &["--log", "loud", "describe"],
    ] {
        let ran = bench.tidegate(args).code(2);
        assert!(ran.err.starts_with("error: ") && ran.out.is_empty(), "{args:?}: {}", ran.err);
    }
    bench.tidegate(&["--help"]).code(0);
    bench.tidegate(&["--version"]).code(0);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_tidegate"))
        .args(["describe", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
