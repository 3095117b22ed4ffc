//! The dashboard on a run elsewhere: one that goes and comes back, one behind a forwarded port, one that looks as a run of
//! the dashboard's own process does.

use std::fs::File;
use std::io::{self, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::glass::glass;
use crate::support::{Bench, PATIENCE, Process};

/// A pipeline that runs until it is stopped.
fn endless(bench: &Bench) -> String {
    endless_with(bench, "even")
}

/// The same, with its filter called so.
fn endless_with(bench: &Bench, filter: &str) -> String {
    let endless = json!({ "tidegate": 1, "name": "endless",
        "nodes": [
            { "id": "numbers", "operator": "generate", "config": { "shape": "numbers", "rate": "100/s" } },
            { "id": filter, "operator": "filter", "config": { "condition": "n % 2 = 0" } },
            { "id": "out", "operator": "discard" } ],
        "edges": [
            { "from": "numbers.out", "to": format!("{filter}.in") }, { "from": format!("{filter}.out"), "to": "out.in" } ] });
    bench.file(&format!("endless-{filter}.json"), endless.to_string())
}

/// Runs it where others can look; gives the address, as `host:port`.
fn serve(bench: &Bench, file: &str, address: &str) -> (Process, String) {
    let mut run = bench.start(&["run", file, "--json", "--listen", address]);
    let told = |run: &Process| {
        let line = run.err().lines().find(|line| line.contains("\"listening\""))?.to_string();
        serde_json::from_str::<Value>(&line).ok()?["url"].as_str()?.strip_prefix("http://").map(str::to_string)
    };
    run.wait_until("it to listen", |run| told(run).is_some());
    let address = told(&run).unwrap();
    (run, address)
}

/// Waits until the screen is so.
fn shows(top: &Process, what: &str, is_so: impl Fn(&str) -> bool) {
    let end = Instant::now() + PATIENCE;
    loop {
        let screen = glass(&top.out());
        if is_so(&screen) {
            return;
        }
        assert!(Instant::now() < end, "waited for {what} in vain\n{screen}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// Records flow: the selected source gives some.
fn flows(screen: &str) -> bool {
    let out = screen.lines().nth(19).and_then(|line| line.split("out ").nth(1)?.chars().next());
    out.is_some_and(|digit| ('1'..='9').contains(&digit))
}

/// What the title says behind the name.
fn verdict(screen: &str) -> String {
    screen.lines().next().unwrap_or_default().chars().skip(21).take(9).collect::<String>().trim().to_string()
}

/// Figures of now, and nothing is said of an age.
fn is_live(screen: &str) -> bool {
    verdict(screen) == "RUNNING" && flows(screen) && !screen.contains(" ago") && !screen.contains("No answer")
}

fn leave(top: Process, mut keyboard: File) {
    write!(keyboard, "\x03").unwrap();
    top.wait().code(0);
}

#[test]
fn a_run_that_goes_and_comes_back_is_live_again_by_itself() {
    for end in [Signal::KILL, Signal::TERM] {
        let bench = Bench::new();
        let file = endless(&bench);
        let (run, address) = serve(&bench, &file, "127.0.0.1:0");
        let (top, keyboard) = bench.start_on_terminal(&["top", &format!("http://{address}")]);
        shows(&top, "figures", is_live);
        run.signal(end);
        run.wait();
        shows(&top, "how old it is", |screen| {
            let age = screen.lines().nth(1).unwrap_or_default();
            let sentence = screen.lines().skip(21).take(2).collect::<Vec<_>>().join("");
            verdict(screen) == "NO ANSWER"
                && age.ends_with("s ago")
                && sentence.contains(" No answer for ")
                && sentence.contains(" All figures: ")
        });
        let (run, _) = serve(&bench, &file, &address);
        shows(&top, "it to be live again", is_live);
        leave(top, keyboard);
        run.stop().code(0);
    }
}

#[test]
fn another_pipeline_that_runs_at_the_same_address_is_what_is_shown() {
    let bench = Bench::new();
    let (run, address) = serve(&bench, &endless(&bench), "127.0.0.1:0");
    let (top, keyboard) = bench.start_on_terminal(&["top", &format!("http://{address}")]);
    shows(&top, "figures", |screen| is_live(screen) && screen.contains(" even "));
    run.stop().code(0);
    shows(&top, "that it has gone", |screen| verdict(screen) == "NO ANSWER");
    let (run, _) = serve(&bench, &endless_with(&bench, "halved"), &address);
    shows(&top, "the other pipeline", |screen| {
        is_live(screen) && screen.contains(" halved ") && !screen.contains(" even ")
    });
    leave(top, keyboard);
    run.stop().code(0);
}

/// Takes connections at a port of its own to another, as `ssh -L` does: requests name the first.
fn forwarded(to: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for near in listener.incoming() {
            let (Ok(near), Ok(far)) = (near, TcpStream::connect(&to)) else { continue };
            let ways = [(near.try_clone().unwrap(), far.try_clone().unwrap()), (far, near)];
            for (mut from, mut into) in ways {
                thread::spawn(move || {
                    // Either side may hang up.
                    let _ = io::copy(&mut from, &mut into);
                    let _ = into.shutdown(Shutdown::Write);
                });
            }
        }
    });
    address
}

#[test]
fn a_run_behind_a_forwarded_port_is_shown_tapped_and_paused() {
    let bench = Bench::new();
    let (run, address) = serve(&bench, &endless(&bench), "127.0.0.1:0");
    let near = forwarded(address);
    let (top, mut keyboard) = bench.start_on_terminal(&["top", "--write", &format!("http://{near}")]);
    shows(&top, "figures", is_live);
    assert!(glass(&top.out()).contains("control"), "{}", glass(&top.out()));
    write!(keyboard, "llt").unwrap();
    shows(&top, "records", |screen| screen.contains("fewer columns") && screen.contains("not sent on"));
    write!(keyboard, "P").unwrap();
    shows(&top, "it to be paused", |screen| verdict(screen) == "PAUSED");
    write!(keyboard, "P").unwrap();
    shows(&top, "it to go on", |screen| verdict(screen) == "RUNNING");
    leave(top, keyboard);
    run.stop().code(0);
}

/// What a paused run looks like, but for its name, the clock, and what may be done with it.
fn graph(screen: &str) -> Option<String> {
    let lines: Vec<&str> = screen.lines().collect();
    let after_name: String = lines.first()?.chars().skip(21).collect();
    let tabs: String = lines[1].chars().take(70).collect();
    let is_at_rest = after_name.contains("PAUSED") && !lines[3..19].iter().any(|line| line.contains("busy "));
    is_at_rest.then(|| [&[after_name.as_str(), tabs.trim_end()], &lines[2..22]].concat().join("\n"))
}

#[test]
fn a_run_elsewhere_looks_as_one_of_this_process() {
    let bench = Bench::new();
    let file = endless(&bench);
    let (run, address) = serve(&bench, &file, "127.0.0.1:0");
    // Sparks and seconds would be of two runs.
    let url = format!("http://{address}");
    let (far, mut far_keyboard) = bench.start_on_terminal(&["top", "--low-bandwidth", "--write", &url]);
    let (near, mut near_keyboard) = bench.start_on_terminal(&["top", "--low-bandwidth", &file]);
    for (top, keyboard) in [(&far, &mut far_keyboard), (&near, &mut near_keyboard)] {
        shows(top, "figures", flows);
        write!(keyboard, "P").unwrap();
        shows(top, "it to be paused", |screen| verdict(screen) == "PAUSED");
    }
    // At rest when the last busy second has gone.
    let end = Instant::now() + PATIENCE;
    let shown = loop {
        let [far, near] = [glass(&far.out()), glass(&near.out())];
        match (graph(&far), graph(&near)) {
            (Some(of_far), Some(of_near)) if of_far == of_near => break of_near,
            _ => assert!(Instant::now() < end, "they are not alike\n{far}\n{near}"),
        }
        thread::sleep(Duration::from_millis(50));
    };
    assert!(shown.contains("╭▸numbers ") && shown.contains("╭ even ") && shown.contains("╭ out "), "{shown}");
    leave(far, far_keyboard);
    leave(near, near_keyboard);
    run.stop().code(0);
}
