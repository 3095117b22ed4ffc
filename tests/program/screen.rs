//! The terminal is as it was whatever ends the dashboard, and for as long as it is suspended: lines are read and shown again,
//! the cursor is seen, the screen of its own is left, the mouse is the terminal's.

use std::env;
use std::fs::File;
use std::io::Write;
use std::process::Command;
use std::sync::Arc;
use std::thread;

use rustix::process::{Signal, WaitId, WaitIdOptions, waitid};
use rustix::termios::{LocalModes, tcgetattr};
use tidegate_core::check::{CheckOptions, check};
use tidegate_core::faces::host::Sample;
use tidegate_core::operators;
use tidegate_core::pipeline::Pipeline;
use tidegate_core::snapshot::{Snapshot, StateSnapshot, TapSnapshot};
use tidegate_tui::{Control, Found, Opener, Opening, Options, Rights, Running, Source};

use crate::support::{Bench, Process, on_terminal};

/// What a program can change of a terminal: what that is called, how it begins, how it ends.
const CHANGES: [(&str, &str, &str); 4] = [
    ("a screen of its own", "\x1b[?1049h", "\x1b[?1049l"),
    ("no cursor", "\x1b[?25l", "\x1b[?25h"),
    ("the mouse", "\x1b[?1000h", "\x1b[?1000l"),
    ("marks around what is pasted", "\x1b[?2004h", "\x1b[?2004l"),
];

/// What is changed of a terminal, by what was written on it and by its modes.
fn changed(out: &str, terminal: &File) -> Vec<&'static str> {
    let is_on = |(_, begin, end): &&(&str, &str, &str)| out.rfind(begin) > out.rfind(end);
    let mut changed: Vec<&str> = CHANGES.iter().filter(is_on).map(|(name, ..)| *name).collect();
    let modes = tcgetattr(terminal).unwrap().local_modes;
    if !modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG) {
        changed.push("keys one by one");
    }
    changed
}

const ALL_CHANGES: [&str; 5] = [CHANGES[0].0, CHANGES[1].0, CHANGES[2].0, CHANGES[3].0, "keys one by one"];

fn start(bench: &Bench) -> (Process, File) {
    let (mut top, keyboard) = bench.start_on_terminal(&["top", "--no-run", "pipelines/market.json"]);
    top.wait_until("the first frame", |process| process.out().contains("NOT RUNNING"));
    top.wait_until("the terminal to be its own", |process| changed(&process.out(), &keyboard) == ALL_CHANGES);
    (top, keyboard)
}

/// Whether it has been suspended since that was last asked.
fn is_stopped(process: &Process) -> bool {
    let found = waitid(WaitId::Pid(process.pid()), WaitIdOptions::STOPPED | WaitIdOptions::NOHANG).unwrap();
    found.is_some_and(|status| status.stopped())
}

#[test]
fn it_is_given_back_at_the_end() {
    let bench = Bench::new();
    let signals = [Signal::TERM, Signal::INT, Signal::HUP].map(Some);
    for end in std::iter::once(None).chain(signals) {
        let (top, mut keyboard) = start(&bench);
        match end {
            Some(signal) => top.signal(signal),
            None => write!(keyboard, "q").unwrap(),
        }
        let out = top.wait().code(0).out;
        assert_eq!(changed(&out, &keyboard), [""; 0], "{end:?}: {out:?}");
    }
}

#[test]
fn it_is_given_back_while_the_program_stands_still() {
    let bench = Bench::new();
    for suspend in [None, Some(Signal::TSTP)] {
        let (mut top, mut keyboard) = start(&bench);
        match suspend {
            Some(signal) => top.signal(signal),
            None => write!(keyboard, "\x1a").unwrap(),
        }
        top.wait_until("it to stand still", is_stopped);
        let out = top.out();
        assert_eq!(changed(&out, &keyboard), [""; 0], "{suspend:?}: {out:?}");
        top.signal(Signal::CONT);
        top.wait_until("the terminal to be its own again", |process| {
            let more = process.out()[out.len()..].to_string();
            changed(&more, &keyboard) == ALL_CHANGES && more.contains("NOT RUNNING")
        });
        write!(keyboard, "q").unwrap();
        let out = top.wait().code(0).out;
        assert_eq!(changed(&out, &keyboard), [""; 0], "{suspend:?}: {out:?}");
    }
}

/// Names the part that panics, for the process that this test starts: itself.
const PANICS: &str = "PART_THAT_PANICS";

#[test]
fn it_is_given_back_in_a_panic() {
    if let Ok(part) = env::var(PANICS) {
        return show_and_panic(&part);
    }
    for (part, ends) in [("asking", true), ("drawing", true), ("another", false)] {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", "screen::it_is_given_back_in_a_panic", "--nocapture"]).env(PANICS, part);
        let (mut shown, mut keyboard) = on_terminal(command);
        if part != "asking" {
            // The first frame has said NOT RUNNING.
            shown.wait_until("figures", |process| process.out().matches("RUNNING").count() > 1);
        }
        if !ends {
            // What the engine catches must not take the screen away from under the dashboard.
            assert_eq!(changed(&shown.out(), &keyboard), ALL_CHANGES, "{part}");
            write!(keyboard, "q").unwrap();
            let out = shown.wait().code(0).out;
            assert_eq!(changed(&out, &keyboard), [""; 0], "{part}: {out:?}");
            continue;
        }
        if part == "drawing" {
            write!(keyboard, "agenerate\r").unwrap();
        }
        let ran = shown.wait();
        assert_ne!(ran.code, 0, "{part}: {:?}", ran.out);
        assert_eq!(changed(&ran.out, &keyboard), [""; 0], "{part}: {:?}", ran.out);
        let given_back = ran.out.rfind("\x1b[?1049l").unwrap();
        assert!(ran.out[given_back..].contains("it was asked to"), "{part}: why is not told: {:?}", ran.out);
    }
}

/// Shows a dashboard of which a part panics.
fn show_and_panic(part: &str) {
    let is_drawing = part == "drawing";
    let running: Box<dyn Running> = Box::new(Panicking { part: part.to_string() });
    let source = Source {
        name: "panics".into(),
        pipeline: Pipeline::new("panics"),
        path: Some("panics.json".into()),
        operators: operators::ALL,
        check: Arc::new(move |pipeline, _| {
            assert!(!is_drawing || pipeline.nodes.is_empty(), "it was asked to");
            check(pipeline, &CheckOptions::new(&[]))
        }),
        running: Some(running),
        host: None,
        cluster: None,
        starts: false,
        rights: Rights { may_build: true, ..Rights::default() },
    };
    let ended = tidegate_tui::run(source, Box::new(Nothing), Options::default());
    assert!(ended.is_ok(), "{ended:?}");
}

struct Panicking {
    part: String,
}

impl Running for Panicking {
    fn snapshot(&mut self) -> Result<Snapshot, String> {
        assert_ne!(self.part, "asking", "it was asked to");
        if self.part == "another" {
            let other = thread::Builder::new().name("lane".into()).spawn(|| panic!("it was asked to"));
            assert!(other.unwrap().join().is_err());
        }
        Ok(Snapshot { at_ms: 1, ..Snapshot::default() })
    }

    fn ended(&mut self) -> Option<String> {
        None
    }

    fn tap(&mut self, _: &[String]) -> Result<Vec<TapSnapshot>, String> {
        Ok(Vec::new())
    }

    fn state(&mut self, _: &str) -> Result<StateSnapshot, String> {
        Err("there is none".into())
    }

    fn control(&mut self, _: Control) -> Result<(), String> {
        Ok(())
    }
}

struct Nothing;

impl Opener for Nothing {
    fn found(&self) -> Vec<Found> {
        Vec::new()
    }

    fn gallery(&self) -> Vec<Sample> {
        Vec::new()
    }

    fn open(&self, _: &Opening) -> Result<Source, String> {
        Err("there is nothing".into())
    }
}
