//! `check`, `fmt`, `diff`: files without running them.

use serde_json::{Value, json};

use crate::support::Bench;

const GOOD: &str = r#"{
  "tidegate": 1,
  "name": "numbers",
  "nodes": [
    { "id": "numbers", "operator": "generate", "config": { "shape": "numbers", "count": 3 } },
    { "id": "even", "operator": "filter", "config": { "condition": "n % 2 = 0" } },
    { "id": "out", "operator": "discard" }
  ],
  "edges": [
    { "from": "numbers.out", "to": "even.in" },
    { "from": "even.out", "to": "out.in" }
  ]
}
"#;

#[test]
fn a_good_file_is_good() {
    let bench = Bench::new();
    let file = bench.file("good.json", GOOD);
    let ran = bench.tidegate(&["check", &file]).code(0);
    assert_eq!((ran.out, ran.err), (format!("{file}: good: 3 nodes, 2 edges, 0 tests\n"), String::new()));
}

#[test]
fn every_problem_has_its_line_and_a_remedy() {
    let bench = Bench::new();
    let text = GOOD.replace("n % 2 = 0", "m % 2 = 0").replace("\"discard\"", "\"discart\"");
    let file = bench.file("bad.json", text);
    let ran = bench.tidegate(&["check", &file]).code(2);
    assert!(ran.err.contains(&format!("{file}:6:69: error: even, condition: there is no column `m`")), "{}", ran.err);
    assert!(ran.err.contains(&format!("{file}:7:32: error: out, operator: ")), "{}", ran.err);
    assert!(ran.err.contains("did you mean `discard`?"), "{}", ran.err);
    let mark = ran.err.lines().find(|line| line.contains('^')).unwrap();
    assert_eq!(mark.matches('^').count(), 1, "the column alone is marked: {mark}");
    assert!(ran.out.ends_with("must not run: 2 errors\n"), "{}", ran.out);
}

#[test]
fn programs_get_problems_and_streams() {
    let bench = Bench::new();
    let (good, bad) = (bench.file("good.json", GOOD), bench.file("bad.json", GOOD.replace("count", "cuont")));
    let rows = bench.tidegate(&["check", "--json", &good, &bad]).code(2).rows();
    assert_eq!(rows[0]["is_good"], true);
    assert_eq!(
        rows[0]["edges"][1],
        json!({ "edge": "even.out->out.in", "is_active": true,
                "stream": { "schema": { "n": "int64!" }, "key_format": "text", "carries": "records", "is_windowed": false } })
    );
    assert_eq!((&rows[1]["is_good"], &rows[1]["problems"][0]["place"]["line"]), (&json!(false), &json!([5, 89])));
}

#[test]
fn what_is_no_pipeline_is_told_and_never_a_panic() {
    let bench = Bench::new();
    for (name, text) in [
        ("empty", ""),
        ("broken", "{\"tidegate\": 1,"),
        ("list", "[]"),
        ("newer", "{\"tidegate\": 99}"),
        ("zeros", "\0\0\0"),
        ("deep", &"[".repeat(100_000)),
        ("other", "{\"version\": 1}"),
    ] {
        let file = bench.file(name, text);
        for command in ["check", "fmt", "run", "drive", "test"] {
            let ran = bench.tidegate(&[command, &file]).code(2);
            // A run off a terminal speaks to programs.
            let word = if command == "run" { "\"severity\":\"error\"" } else { "error: " };
            assert!(ran.err.contains(word) && !ran.err.contains("panicked"), "{name} {command}: {}", ran.err);
        }
    }
    let absent = bench.path("absent.json");
    for command in ["check", "fmt", "drive", "test"] {
        let ran = bench.tidegate(&[command, &absent]).code(2);
        assert!(ran.err.starts_with(&format!("{absent}: error: cannot be read: ")), "{}", ran.err);
        assert!(ran.err.contains("  remedy: name a file that is there"), "{}", ran.err);
    }
    let near = bench.tidegate(&["check", &bench.path("brokn")]).code(2);
    assert!(near.err.contains(&format!("did you mean `{}`?", bench.path("broken"))), "{}", near.err);
    std::fs::write(bench.path("latin"), b"{\n\"name\": \"K\xe4se\"}").unwrap();
    let latin = bench.tidegate(&["check", &bench.path("latin")]).code(2);
    assert!(latin.err.contains("latin:2:11: error: is not text in UTF-8: see byte 13"), "{}", latin.err);
}

#[test]
fn parameters_come_from_the_command_line_and_the_environment() {
    let bench = Bench::new();
    let text = GOOD
        .replace("\"count\": 3", "\"count\": \"${many}\"")
        .replace("\"nodes\"", "\"parameters\": { \"many\": {} },\n  \"nodes\"");
    let file = bench.file("parameters.json", text);
    let ran = bench.tidegate(&["check", &file]).code(2);
    assert!(ran.err.contains("the parameter `many` has no value"), "{}", ran.err);
    bench.tidegate(&["check", &file, "--set", "many=5"]).code(0);
    bench.tidegate_with(&["check", &file], "", &[("TIDEGATE_MANY", "5")]).code(0);
    bench.tidegate(&["check", &file, "--set", "many=some"]).code(2);
    let ran = bench.tidegate(&["check", &file, "--set", "many=5", "--set", "mony=5"]).code(2);
    assert!(ran.err.contains("did you mean `many`?"), "{}", ran.err);
    bench.tidegate(&["check", &file, "--set", "many"]).code(2);
}

#[test]
fn formatting_settles_and_keeps_the_meaning() {
    let bench = Bench::new();
    let squeezed = serde_json::to_string(&serde_json::from_str::<Value>(GOOD).unwrap()).unwrap();
    let file = bench.file("squeezed.json", &squeezed);
    assert_eq!(bench.tidegate(&["fmt", "--check", &file]).code(1).out, format!("{file}\n"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), squeezed, "--check changes nothing");
    assert_eq!(bench.tidegate(&["fmt", &file]).code(0).out, format!("formatted {file}\n"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), GOOD);
    assert_eq!(bench.tidegate(&["fmt", &file]).code(0).out, "");
    bench.tidegate(&["fmt", "--check", &file]).code(0);
    assert_eq!(bench.tidegate_in(&["fmt", "-"], &squeezed).code(0).out, GOOD);
}

#[test]
fn a_wrong_file_is_left_as_it_is_and_the_others_are_formatted() {
    let bench = Bench::new();
    let wrong = bench.file("wrong.json", "{\"tidegate\": 1, \"name\": \"a\", \"nodez\": []}");
    let right = bench.file("right.json", GOOD.replace("\n  ", "\n"));
    let ran = bench.tidegate(&["fmt", &wrong, &right]).code(2);
    assert!(ran.err.contains("nodez"), "{}", ran.err);
    assert!(std::fs::read_to_string(&wrong).unwrap().contains("nodez"));
    assert_eq!(std::fs::read_to_string(&right).unwrap(), GOOD);
}

#[test]
fn differences_are_told_with_an_exit_code() {
    let bench = Bench::new();
    let first = bench.file("first.json", GOOD);
    let moved = bench.file("moved.json", GOOD.replace("\"discard\"", "\"discard\", \"at\": [4, 5]"));
    let other = bench.file("other.json", GOOD.replace("n % 2", "n % 3"));
    assert_eq!(bench.tidegate(&["diff", &first, &moved]).code(0).out, "");
    let ran = bench.tidegate(&["diff", &first, &other]).code(1);
    assert_eq!(ran.out, "~ even\n    config.condition: \"n % 2 = 0\" → \"n % 3 = 0\"\n");
    let rows = bench.tidegate(&["diff", "--json", &first, &other]).code(1).rows();
    assert_eq!(rows[0]["changed"][0]["fields"][0]["path"], "config.condition");
    assert_eq!(bench.tidegate(&["diff", "--json", &first, &moved]).code(0).rows(), [json!({})]);
    bench.tidegate(&["diff", &first, &bench.file("wrong.json", "{}")]).code(2);
}
