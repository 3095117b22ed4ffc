//! The editor on a run elsewhere, over HTTP: it shows what it shows of a run of its own, does to it what it may, and says
//! when it has gone and is back.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use serde_json::json;
use tempfile::TempDir;
use tidegate_core::engine::{Run, RunOptions};
use tidegate_core::plan::Drawn;
use tidegate_core::snapshot::RunState;
use tidegate_gui::perf::Unseen;
use tidegate_serve::{ServeOptions, Server, Socket, Token};

use super::{Args, open};
use crate::common::clusters::{self, Clusters};
use crate::common::files::Parameters;
use crate::common::watched::remote::Address;

/// How long anything may take. Machines that test are slow and busy.
const PATIENCE: Duration = Duration::from_secs(120);
const ANYWHERE: &str = "127.0.0.1:0";
const TOKEN: &str = "0123456789abcdef";

/// The command line, behind `tidegate`.
#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    args: Args,
}

/// A run that others look at, until it is ended.
struct Served {
    run: Run,
    server: Server,
    address: SocketAddr,
    /// its broker is here too
    _clusters: Clusters,
}

/// A pipeline that runs until it is stopped, called so: it fills windows through Kafka, and is held up by its last node.
fn file(folder: &TempDir, name: &str) -> PathBuf {
    let window = json!({ "size": "1s", "aggregates": { "total": "sum(n)" } });
    let document = json!({ "tidegate": 1, "name": name,
        "nodes": [
            { "id": "numbers", "operator": "generate", "config": { "shape": "numbers", "rate": "100/s" } },
            { "id": "even", "operator": "filter", "config": { "condition": "n % 2 = 0" } },
            { "id": "sums", "operator": "tumbling-window", "config": window },
            { "id": "out", "operator": "discard" },
            { "id": "slow", "operator": "throttle", "config": { "rate": "20/s", "burst": 1 } },
            { "id": "away", "operator": "discard" } ],
        "edges": [
            { "from": "numbers.out", "to": "even.in", "via": { "direct": { "buffer": 16 } } },
            { "from": "even.out", "to": "sums.in", "via": "topic" },
            { "from": "even.out", "to": "slow.in", "via": { "direct": { "buffer": 16 } } },
            { "from": "sums.out", "to": "out.in" },
            { "from": "slow.out", "to": "away.in" } ] });
    let path = folder.path().join(format!("{name}.json"));
    fs::write(&path, document.to_string()).unwrap();
    path
}

/// Runs it where others can look, as `tidegate run --listen` does.
fn serve(file: &Path, address: &str, token: Option<&str>) -> Served {
    let mut loaded = Parameters::default().load(file).unwrap();
    let plan = Drawn::new(&loaded.pipeline, &loaded.checked).plan(&[]);
    let used = clusters::used_by(&plan);
    let clusters =
        clusters::open(&mut loaded.checked, &used, Some("embedded"), &None).map_err(|it| it.message()).unwrap();
    let options = RunOptions {
        drain: Duration::from_millis(100),
        ..RunOptions::new(&loaded.pipeline, &loaded.checked, clusters.settings.clone())
    };
    let run = Run::start(plan, options).unwrap();
    let socket = socket(address.parse().unwrap(), token);
    let address = socket.address();
    let server = socket.serve(run.handle().clone(), loaded.text).unwrap();
    Served { run, server, address, _clusters: clusters }
}

/// Takes an address; whoever had it before may still be going.
fn socket(address: SocketAddr, token: Option<&str>) -> Socket {
    let end = Instant::now() + PATIENCE;
    loop {
        let token = token.map(|token| Token::new(token).unwrap());
        match Socket::open(ServeOptions { address, token, tls: None, is_insecure: false }) {
            Ok(socket) => return socket,
            Err(why) => assert!(Instant::now() < end, "{why}"),
        }
        thread::sleep(Duration::from_millis(50));
    }
}

impl Served {
    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it; gives its address to whoever comes.
    fn end(self) -> String {
        drop(self.server);
        self.run.stop();
        self.run.wait();
        self.address.to_string()
    }
}

/// The editor, as the command line opens it.
fn edit(words: &[&str]) -> Result<Unseen, String> {
    let line = Line::parse_from(["edit"].into_iter().chain(words.iter().copied()));
    let (source, door) = open(line.args).map_err(|failure| failure.message())?;
    Ok(Unseen::open(source.unwrap(), Arc::new(door), (1400.0, 900.0)).unwrap())
}

/// Frames, until the names of what is shown are so.
fn shows(editor: &mut Unseen, what: &str, is_so: impl Fn(&[String]) -> bool) {
    let end = Instant::now() + PATIENCE;
    loop {
        let names = editor.names();
        if is_so(&names) {
            return;
        }
        assert!(Instant::now() < end, "waited for {what} in vain\n{names:#?}");
        thread::sleep(Duration::from_millis(30));
    }
}

fn has(names: &[String], part: &str) -> bool {
    names.iter().any(|name| name.contains(part))
}

/// Names of nodes and wires with what is told of them, and of the run; figures are of two runs, or of two moments.
fn overlays(names: &[String]) -> Vec<String> {
    let is_live = |name: &&String| ["node ", "edge ", "in ", "out ", "lag "].iter().any(|kind| name.starts_with(kind));
    let plain = |name: &String| {
        let figures = |letter: char| letter.is_ascii_digit() || letter == '.' && name.contains("/s");
        let mut plain = String::new();
        for letter in name.chars() {
            match figures(letter) {
                false => plain.push(letter),
                true if !plain.ends_with('#') => plain.push('#'),
                true => {}
            }
        }
        plain
    };
    let mut all: Vec<String> = names.iter().filter(is_live).map(plain).collect();
    all.sort();
    all
}

#[test]
fn a_run_elsewhere_looks_as_one_of_this_process() {
    let folder = tempfile::tempdir().unwrap();
    let file = file(&folder, "endless");
    let served = serve(&file, ANYWHERE, None);
    let mut far = edit(&[&served.url()]).unwrap();
    let mut near = edit(&["--memory", "--brokers", "embedded", "--start", file.to_str().unwrap()]).unwrap();
    for editor in [&mut far, &mut near] {
        shows(editor, "figures and who holds them up", |names| {
            ["node slow, throttle, ", "node even, filter, back-pressured", "Show the bottleneck", "Running "]
                .iter()
                .all(|part| has(names, part))
                && names.iter().any(|name| name.starts_with("edge even.out to sums.in, through") && name.contains("/s"))
        });
    }
    let end = Instant::now() + PATIENCE;
    loop {
        let [of_far, of_near] = [overlays(&far.names()), overlays(&near.names())];
        if of_far == of_near {
            break;
        }
        assert!(Instant::now() < end, "they are not alike\n{of_far:#?}\n{of_near:#?}");
    }
    for editor in [&mut far, &mut near] {
        assert!(editor.press("Partitions"));
        shows(editor, "partitions", |names| has(names, "endless.even.out.sums.in 0, lag "));
        assert!(editor.press("node sums") && editor.press("Windows"));
        shows(editor, "windows", |names| has(names, "stream time") && has(names, "What comes next?"));
        shows(editor, "results of windows", |names| names.iter().any(|name| name.starts_with("result ")));
        assert!(editor.press("node even") && editor.press("Tap"));
        shows(editor, "records before and behind a node", |names| {
            let records = names.iter().filter(|name| name.starts_with("record "));
            has(names, "numbers.out → even.in") && has(names, "even.out → sums.in") && records.count() > 1
        });
        assert!(editor.press("Log"));
        shows(editor, "what happened", |names| has(names, "slow bottleneck: waits"));
    }
    far.end();
    near.end();
    served.end();
}

#[test]
fn a_run_elsewhere_is_controlled_only_where_that_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let served = serve(&file(&folder, "endless"), ANYWHERE, None);
    let mut looks = edit(&[&served.url()]).unwrap();
    shows(&mut looks, "figures", |names| has(names, "Running "));
    for button in ["Stop", "Pause: sources rest", "Run"] {
        assert!(!looks.names().iter().any(|name| name == button), "{button}");
    }
    looks.end();
    let mut writes = edit(&["--write", &served.url()]).unwrap();
    shows(&mut writes, "figures", |names| has(names, "Running "));
    assert!(writes.press("Pause: sources rest"));
    shows(&mut writes, "it to be paused", |names| has(names, "Paused "));
    assert_eq!(served.run.snapshot().run.state, RunState::Paused);
    assert!(writes.press("Go on"));
    shows(&mut writes, "it to go on", |names| has(names, "Running "));
    // Nobody here can start it again, so it is asked for first.
    assert!(writes.press("Stop"));
    shows(&mut writes, "the question", |names| has(names, "Let it run"));
    assert!(writes.press("Let it run"));
    shows(&mut writes, "it to run on", |names| has(names, "Running ") && !has(names, "Let it run"));
    assert!(writes.press("Stop"));
    shows(&mut writes, "the question", |names| has(names, "Stop the run"));
    assert!(writes.press("Stop the run"));
    let end = Instant::now() + PATIENCE;
    while !served.run.is_over() {
        writes.frame();
        assert!(Instant::now() < end, "it does not stop");
        thread::sleep(Duration::from_millis(30));
    }
    writes.end();
    served.end();
}

#[test]
fn a_run_that_asks_for_a_token_is_shown_to_who_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let served = serve(&file(&folder, "endless"), ANYWHERE, Some(TOKEN));
    let refused = |token: Option<&str>| {
        let address = Address::with_token(&served.url(), None, token.map(str::to_string)).unwrap().unwrap();
        address.pipeline().err().map(|fault| fault.message)
    };
    for token in [None, Some("another-token-000")] {
        assert!(refused(token).is_some_and(|why| why.contains("token")), "{token:?}: {:?}", refused(token));
    }
    assert_eq!(refused(Some(TOKEN)), None);
    served.end();
}

#[test]
fn a_run_that_goes_is_told_and_is_live_again_when_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (file(&folder, "endless"), file(&folder, "other"));
    let served = serve(&first, ANYWHERE, None);
    let mut editor = edit(&[&served.url()]).unwrap();
    let is_live = |names: &[String]| has(names, "Running ") && has(names, "Show the bottleneck");
    shows(&mut editor, "figures", is_live);
    shows(&mut editor, "where it is", |names| has(names, &format!("runs at {}", served.address)));
    let address = served.end();
    shows(&mut editor, "that nobody answers, and how old all is", |names| {
        has(names, "No answer for ")
            && has(names, "What is shown is as it was at ")
            && has(names, "node slow, throttle, not known")
            && !has(names, "Show the bottleneck")
    });
    let served = serve(&first, &address, None);
    shows(&mut editor, "it to be live again", is_live);
    served.end();
    shows(&mut editor, "that it has gone again", |names| has(names, "No answer for "));
    // What runs there then is another one, and is what is shown.
    let served = serve(&second, &address, None);
    shows(&mut editor, "the other pipeline", |names| is_live(names) && has(names, "other") && !has(names, "endless"));
    editor.end();
    served.end();
}
