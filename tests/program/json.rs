//! What programs read: with `--json` every command says what keeps it from its result as JSON objects, one a line, with
//! place, message and remedy.

use serde_json::{Value, json};

use crate::support::{Bench, Ran};

/// A command that must fail: its arguments (`BROKEN` is a file that is no pipeline), standard input, the exit code, the type
/// of what is said, and its place.
type Case<'a> = (&'a [&'a str], &'a str, i32, &'a str, Value);

const BROKEN: &str = "{\n  \"tidegate\": 1,";
const WRONG: &str = r#"{ "tidegate": 1, "name": "a", "nodes": [{ "id": "a", "operator": "discrad" }], "edges": [] }"#;

fn cases() -> Vec<Case<'static>> {
    let argument = |name: &str| json!({ "argument": name });
    let (broken, wrong, whole) = (json!({ "line": [2, 16] }), json!({ "line": [1, 66], "node": "a" }), json!({}));
    vec![
        (&["run", "BROKEN"], "", 2, "problem", broken.clone()),
        (&["run", "WRONG"], "", 2, "problem", wrong.clone()),
        (&["run", "ABSENT"], "", 2, "problem", whole.clone()),
        (&["run", "TOPIC"], "", 1, "failure", json!({ "node": "in" })),
        (&["run", "TOPIC", "--brokers", "127.0.0.1:9"], "", 1, "failure", whole.clone()),
        (&["run", "GOOD", "--for", "soon"], "", 2, "failure", argument("--for <TIME>")),
        (&["run", "GOOD", "--set", "x=1"], "", 2, "problem", whole.clone()),
        (&["test", "BROKEN"], "", 2, "problem", broken.clone()),
        (&["test", "ABSENT"], "", 2, "problem", whole.clone()),
        (&["fmt", "BROKEN"], "", 2, "problem", broken.clone()),
        (&["fmt", "ABSENT"], "", 2, "problem", whole.clone()),
        (&["diff", "GOOD", "BROKEN"], "", 2, "problem", broken.clone()),
        (&["diff", "ABSENT", "GOOD"], "", 2, "problem", whole.clone()),
        (&["drive", "BROKEN"], "", 2, "problem", broken.clone()),
        (&["drive", "GOOD", "--script", "-"], "{}\n{\"node\": 1}", 2, "problem", json!({ "line": [1, 1] })),
        (&["drive", "GOOD", "--script", "ABSENT"], "", 2, "problem", whole.clone()),
        (&["drive", "GOOD", "--output", "nobody"], "", 2, "failure", argument("--output")),
        (&["drive", "GOOD", "--explain", "nobody"], "", 2, "failure", argument("--explain")),
        (&["drive", "FAILS"], "", 1, "failure", json!({ "node": "map" })),
        (&["describe", "fliter"], "", 2, "failure", argument("OPERATOR")),
        (&["schema", "--topic", "absent"], "", 1, "failure", whole.clone()),
        (&["schema"], "", 2, "failure", argument("<--topic <TOPIC>|--file>")),
        (&["topics", "show", "absent"], "", 1, "failure", whole.clone()),
        (&["topics", "delete", "absent"], "", 1, "failure", whole.clone()),
        (&["topics", "--brokers", "127.0.0.1:9"], "", 1, "failure", whole.clone()),
        (&["topics", "--pipeline", "BROKEN"], "", 2, "problem", broken.clone()),
        (&["topics", "--pipeline", "GOOD", "--cluster", "other"], "", 2, "failure", argument("--cluster")),
        (&["produce", "absent"], "1", 1, "failure", whole.clone()),
        (&["produce", "there", "--records", "--create", "1"], "{}\nno", 2, "problem", json!({ "line": [2, 1] })),
        (&["produce", "there", "ABSENT", "--create", "1"], "", 2, "problem", whole.clone()),
        (&["consume", "absent"], "", 1, "failure", whole.clone()),
        (&["consume", "there", "--partition", "7"], "", 2, "failure", argument("--partition")),
        (&["consume", "there", "--from", "-7"], "", 2, "failure", argument("--from <earliest|latest|OFFSET|TIME>")),
        (&["lag", ""], "", 2, "failure", argument("<GROUP|FILE>")),
        (&["topics", "--brokers", ""], "", 2, "failure", argument("--brokers")),
        (&["run", "TOPIC", "--brokers", ""], "", 2, "failure", argument("--brokers")),
        (&["topics", "create", "there"], "", 1, "failure", whole.clone()),
        (&["topics", "create", "bad name"], "", 1, "failure", whole.clone()),
        (&["topics", "create", "many", "--partitions", "1000000"], "", 1, "failure", whole.clone()),
        (&["topics", "create", "set", "--config", "nope=1"], "", 1, "failure", whole.clone()),
        (&["drive", "GOOD", "--script", "-"], "{\"node\": \"nobody\", \"ts\": 1}", 1, "failure", whole.clone()),
        (&["drive", "GOOD", "--script", "-"], "{\"node\": \"map\", \"ts\": 1}", 1, "failure", json!({ "node": "map" })),
        (&["lag", "nobody"], "", 1, "failure", whole.clone()),
        (&["lag", "BROKEN.json"], "", 2, "problem", broken),
        (&["lag", "ABSENT.json"], "", 2, "problem", whole.clone()),
        (&["broker", "--memory", "--listen", "0.0.0.0:0"], "", 1, "failure", whole),
        (&["broker", "--listen", "here"], "", 2, "failure", argument("--listen <ADDR>")),
        (&["nonsense"], "", 2, "failure", argument("nonsense")),
    ]
}

/// Files that cases name, and a topic that is there.
fn prepared(bench: &Bench) -> impl Fn(&str) -> String {
    let node = |node: Value| {
        json!({ "tidegate": 1, "name": "a",
            "nodes": [node, { "id": "map", "operator": "map", "config": { "columns": { "n": "1 / (n - 1)" } } },
                { "id": "out", "operator": "discard" }],
            "edges": [{ "from": "in.out", "to": "map.in" }, { "from": "map.out", "to": "out.in" }] })
        .to_string()
    };
    let numbers = |from: u32| {
        node(json!({ "id": "in", "operator": "generate", "config": { "shape": "numbers", "from": from, "count": 1 } }))
    };
    bench.file("GOOD", numbers(2));
    bench.file("FAILS", numbers(1));
    let from = json!({ "topic": "nowhere", "schema": { "n": "int64" } });
    bench.file("TOPIC", node(json!({ "id": "in", "operator": "kafka-source", "config": from })));
    for (name, text) in [("BROKEN", BROKEN), ("BROKEN.json", BROKEN), ("WRONG", WRONG)] {
        bench.file(name, text);
    }
    bench.tidegate(&["topics", "create", "there"]).code(0);
    let paths = ["GOOD", "FAILS", "TOPIC", "BROKEN", "BROKEN.json", "WRONG", "ABSENT", "ABSENT.json"];
    let paths = paths.map(|name| (name, bench.path(name)));
    move |argument| {
        let path = paths.iter().find(|(name, _)| *name == argument);
        path.map_or_else(|| argument.to_string(), |(_, path)| path.clone())
    }
}

/// Runs a case; gives what is told on standard error, line by line.
fn run(bench: &Bench, arguments: &[String], input: &str) -> (Ran, Vec<Value>) {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain(["--json"]).collect();
    let ran = bench.tidegate_in(&arguments, input);
    let told = ran.err.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| json!({ "text": line })));
    let told = told.collect();
    (ran, told)
}

/// What is not as the case says.
fn faults(case: &Case<'_>, ran: &Ran, told: &[Value]) -> Vec<String> {
    let (_, _, code, what, place) = case;
    let Some(first) = told.iter().find(|line| line["type"] == *what) else { return vec![format!("no {what} is told")] };
    let is_text = |name: &str| first[name].as_str().is_some_and(|text| !text.is_empty());
    let place_is_told = || place.as_object().unwrap().iter().all(|(name, value)| first["place"][name] == *value);
    let of_its_type = match *what {
        "problem" => first["severity"] == "error" && is_text("file"),
        _ => first["exit_code"] == *code,
    };
    let holds = [
        (ran.code == *code, "the exit code"),
        (first["place"].is_object() && place_is_told(), "the place"),
        (is_text("message"), "the message"),
        (is_text("remedy"), "the remedy"),
        (of_its_type, "what belongs to its type"),
        (told.iter().all(|line| line["text"].is_null()), "standard error"),
        (ran.out.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "standard output"),
    ];
    holds.into_iter().filter(|(holds, _)| !holds).map(|(_, what)| what.to_string()).collect()
}

#[test]
fn what_fails_is_told_to_programs_by_every_command() {
    let bench = Bench::new();
    let path = prepared(&bench);
    let mut wrong = String::new();
    for case in cases() {
        let arguments: Vec<String> = case.0.iter().map(|argument| path(argument)).collect();
        let (ran, told) = run(&bench, &arguments, case.1);
        for fault in faults(&case, &ran, &told) {
            wrong.push_str(&format!("{:?}: {fault}: exit code {}, {}", case.0, ran.code, ran.err));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn a_file_that_is_not_there_does_not_keep_others_from_being_checked() {
    let bench = Bench::new();
    let path = prepared(&bench);
    let (absent, good) = (path("ABSENT"), path("GOOD"));
    let rows = bench.tidegate(&["check", "--json", &absent, &good]).code(2).rows();
    assert_eq!(
        (&rows[0]["file"], &rows[0]["is_good"], &rows[1]["is_good"]),
        (&json!(absent), &json!(false), &json!(true))
    );
    let problem = &rows[0]["problems"][0];
    assert!(problem["message"].as_str().unwrap().starts_with("cannot be read: "), "{problem}");
    assert!(problem["remedy"].is_string() && problem["place"].is_object(), "{problem}");
}

#[test]
fn formatting_is_told_to_programs() {
    let bench = Bench::new();
    let file = prepared(&bench)("GOOD");
    let told = |was: bool| vec![json!({ "file": file, "was_formatted": was })];
    for (arguments, code, was) in
        [(&["fmt", "--check"][..], 1, false), (&["fmt"], 0, false), (&["fmt", "--check"], 0, true)]
    {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--json", &file]).collect();
        assert_eq!(bench.tidegate(&arguments).code(code).rows(), told(was), "{arguments:?}");
    }
}

#[test]
fn every_command_has_a_case() {
    let help = Bench::new().tidegate(&["--help"]).code(0).out;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let cases = cases();
    for command in listed.filter_map(|line| line.split_whitespace().next()) {
        // Screens and scripts of shells are not for programs; `check` has tests of its own, on standard output.
        let is_for_people = ["top", "edit", "completions", "help", "check"].contains(&command);
        assert!(is_for_people || cases.iter().any(|case| case.0[0] == command), "no case for `{command}`");
    }
}
