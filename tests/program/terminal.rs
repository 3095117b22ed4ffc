//! What only happens on a terminal: lines redrawn in place, tables, colours, a prompt for secrets.

use std::io::Write;

use rustix::process::Signal;
use serde_json::json;

use crate::secrets::{SECRET, guarded};
use crate::support::Bench;

/// Text without escape sequences.
fn plain(text: &str) -> String {
    let (mut plain, mut rest) = (String::new(), text);
    while let Some(at) = rest.find('\x1b') {
        plain.push_str(&rest[..at]);
        let sequence = &rest[at + 1..];
        let end = match sequence.strip_prefix('[') {
            Some(inner) => 2 + inner.find(|letter: char| letter.is_ascii_alphabetic()).unwrap_or(inner.len() - 1),
            None => 1,
        };
        rest = &sequence[end.min(sequence.len())..];
    }
    plain + rest
}

#[test]
fn a_short_run_prints_its_data_and_a_table() {
    let bench = Bench::new();
    let (run, _keyboard) = bench.start_on_terminal(&["run", "pipelines/factorials.json"]);
    let ran = run.wait().code(0);
    let text = plain(&ran.out).replace('\r', "");
    assert!(text.contains("\n40320\n362880\n3628800\n"), "{text}");
    assert!(
        text.contains("node       in  out  errors  drops\n") && text.contains("\nprint      10            0      0\n"),
        "{text}"
    );
    assert!(text.trim_end().lines().last().unwrap().starts_with("done: all sources have ended, after "), "{text}");
    assert!(!text.contains("\"type\""), "no JSON for people: {text}");
}

#[test]
fn late_records_are_told_in_the_table() {
    let bench = Bench::new();
    let (run, _keyboard) = bench.start_on_terminal(&["run", "pipelines/five-minutes.json"]);
    let text = plain(&run.wait().code(0).out).replace('\r', "");
    let line = text.lines().find(|line| line.starts_with("five ")).unwrap_or_else(|| panic!("{text}"));
    assert!(line.ends_with("  late 11"), "{text}");
    assert_eq!(text.matches("{\"late\":").count(), 11, "{text}");
}

#[test]
fn lines_are_drawn_at_the_foot_and_taken_away_again() {
    let bench = Bench::new();
    let endless = json!({ "tidegate": 1, "name": "endless",
        "nodes": [
            { "id": "numbers", "operator": "generate", "config": { "shape": "numbers", "rate": "100/s" } },
            { "id": "out", "operator": "console-sink" } ],
        "edges": [ { "from": "numbers.out", "to": "out.in" } ] });
    let file = bench.file("endless.json", endless.to_string());
    let (mut run, _keyboard) = bench.start_on_terminal(&["run", &file]);
    // A head and two nodes: rows 22 to 24, above which everything else scrolls.
    run.wait_until("two drawings", |process| process.out().matches("\x1b[24;1H").count() >= 2);
    assert!(run.out().contains("\x1b[1;21r"), "{:?}", run.out());
    run.signal(Signal::INT);
    let ran = run.wait().code(0);
    let (taken, given_back) = (ran.out.rfind("\x1b[1;21r").unwrap(), ran.out.rfind("\x1b[r").unwrap());
    assert!(given_back > taken, "the whole terminal scrolls again");
    let last = plain(&ran.out[given_back..]);
    assert!(last.contains("done: told to stop"), "{last}");
}

#[test]
fn a_secret_is_asked_for_and_not_shown() {
    let bench = Bench::new();
    let (mut run, mut keyboard) = bench.start_on_terminal(&["run", &guarded(&bench)]);
    run.wait_until("the prompt", |process| process.out().contains("password (secret, not shown): "));
    writeln!(keyboard, "{SECRET}").unwrap();
    let ran = run.wait().code(1);
    assert!(ran.out.contains("no broker answers at 127.0.0.1:9"), "{}", ran.out);
    assert!(!ran.out.contains(SECRET), "{}", ran.out);
}

#[test]
fn problems_are_coloured_unless_colours_are_not_wanted() {
    let bench = Bench::new();
    let file = bench.file("wrong.json", "{}");
    let (check, _keyboard) = bench.start_on_terminal(&["check", &file]);
    let ran = check.wait().code(2);
    assert!(ran.out.contains("\x1b[1;31merror\x1b[0m: "), "{:?}", ran.out);
    let ran = bench.tidegate(&["check", &file]).code(2);
    assert!(!ran.err.contains('\x1b') && !ran.out.contains('\x1b'), "{:?}", ran.err);
}
