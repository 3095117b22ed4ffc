//! `run --listen`: a run over HTTP. What is answered, who is refused, and that looking changes nothing.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::{Value, json};
use tidegate_core::snapshot::{RunState, Snapshot, Verdict};

use crate::support::{Bench, Process, on_kafka};

/// A run that is served.
struct Listening {
    process: Process,
    address: String,
}

/// What came back.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    #[track_caller]
    fn json(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        serde_json::from_str(&self.body).unwrap()
    }

    /// A refusal says what is wrong.
    #[track_caller]
    fn refuses(&self, status: u16) {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        assert!(self.status == status && body["error"].is_string(), "{status}, not {self:?}");
    }
}

impl Listening {
    fn start(bench: &Bench, args: &[&str]) -> Listening {
        Listening::start_at("127.0.0.1:0", bench, args)
    }

    fn start_at(address: &str, bench: &Bench, args: &[&str]) -> Listening {
        let mut process = bench.start(&[&["run", "--json", "--listen", address], args].concat());
        let told = |process: &Process| {
            let line = process.err().lines().find(|line| line.contains("\"listening\""))?.to_string();
            serde_json::from_str::<Value>(&line).ok()?["url"].as_str().map(str::to_string)
        };
        process.wait_until("it to listen", |process| told(process).is_some());
        let url = told(&process).unwrap();
        Listening { process, address: url.split_once("://").unwrap().1.to_string() }
    }

    /// Sends bytes on a connection of their own.
    fn send(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }

    fn ask_with(&self, line: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = body.len();
        let request =
            format!("{line} HTTP/1.1\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}");
        let mut text = String::new();
        self.send(&request).read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer to {line}: {text}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_lowercase(), body: body.to_string() }
    }

    fn get(&self, path: &str) -> Answer {
        self.ask_with(&format!("GET {path}"), &[("Host", &self.address)], "")
    }

    fn order(&self, command: &str) -> Answer {
        let headers = [("Host", self.address.as_str()), ("Content-Type", "application/json")];
        self.ask_with("POST /api/control", &headers, &json!({ "command": command }).to_string())
    }

    fn snapshot(&self) -> Snapshot {
        serde_json::from_value(self.get("/api/snapshot").json()).unwrap()
    }

    /// Snapshots until one is so.
    fn until(&self, what: &str, is_so: impl Fn(&Snapshot) -> bool) -> Snapshot {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let snapshot = self.snapshot();
            if is_so(&snapshot) {
                return snapshot;
            }
            assert!(Instant::now() < end, "waited for {what} in vain: {snapshot:#?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Numbers, the even ones of them, running totals, and a file. Without a count they come for ever.
fn numbers(bench: &Bench, config: Value) -> String {
    let file = json!({ "tidegate": 1, "name": "numbers",
        "nodes": [
            { "id": "numbers", "operator": "generate", "config": config },
            { "id": "even", "operator": "filter", "config": { "condition": "n % 2 = 0" } },
            { "id": "by-last", "operator": "key-by", "config": { "key": "n % 10", "key_format": "int64" } },
            { "id": "totals", "operator": "scan", "config": { "columns": { "total": { "start": "0", "next": "total + n" } } } },
            { "id": "out", "operator": "file-sink", "config": { "path": bench.path("out.jsonl") } } ],
        "edges": [ { "from": "numbers.out", "to": "even.in" }, { "from": "even.out", "to": "by-last.in" },
            { "from": "by-last.out", "to": "totals.in" }, { "from": "totals.out", "to": "out.in" } ] });
    bench.file("numbers.json", file.to_string())
}

fn endless(bench: &Bench) -> String {
    numbers(bench, json!({ "shape": "numbers", "rate": "2000/s" }))
}

#[test]
fn a_run_is_watched_and_obeys() {
    let bench = Bench::new();
    let file = endless(&bench);
    let run = Listening::start(&bench, &[&file]);
    let seen = run.until("records", |snapshot| snapshot.nodes[4].records_out > 1000);
    assert_eq!((seen.run.application_id.as_str(), seen.run.state), ("numbers", RunState::Running));
    assert!(run.until("rates", |snapshot| snapshot.nodes[1].rates.records_in > 1000.0).past.is_none());
    let first: Snapshot = serde_json::from_value(run.get("/api/snapshot?past=true").json()).unwrap();
    assert_eq!(first.past.unwrap().nodes[0].records_out.len(), 60);
    let drawn: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(run.get("/api/pipeline").json(), drawn);
    let metrics = run.get("/metrics");
    assert!(metrics.head.contains("content-type: text/plain; version=0.0.4"), "{metrics:?}");
    assert!(metrics.body.contains(r#"tidegate_node_records_in_total{pipeline="numbers",node="even"}"#), "{metrics:?}");
    assert_eq!(run.get("/healthz").json(), json!({ "is_running": true }));

    let tap = run.get("/api/tap/even.out-%3Eby-last.in?limit=5").json();
    let rows = tap["rows"].as_array().unwrap();
    assert_eq!((rows.len(), &tap["edge"]), (5, &json!("even.out->by-last.in")));
    assert!(rows.iter().all(|row| row["value"]["n"].as_i64().unwrap() % 2 == 0), "{tap}");
    let state = run.get("/api/state/totals?key=4").json();
    assert_eq!((&state["keys"], &state["rows"][0]["key"]), (&json!(5), &json!(4)), "{state}");
    assert!(state["rows"][0]["value"]["total"].as_i64().unwrap() > 0, "{state}");
    assert_eq!(run.get("/api/state/totals?from=2&to=8&limit=2").json()["rows"].as_array().unwrap().len(), 2);

    assert_eq!(run.order("pause").json(), json!({ "state": "paused" }));
    let rested = run.until("rest", |it| it.run.state == RunState::Paused && it.nodes[0].rates.records_out == 0.0);
    assert_eq!(run.snapshot().nodes[0].records_out, rested.nodes[0].records_out);
    run.order("resume").json();
    run.until("records again", |snapshot| snapshot.nodes[0].records_out > rested.nodes[0].records_out);
    assert_eq!(run.order("stop").json(), json!({ "state": "stopping" }));
    assert_eq!(run.process.wait().outcome()["ended_by"], "stop");
}

#[test]
fn events_come_until_the_end() {
    let bench = Bench::new();
    let run = Listening::start(&bench, &[&endless(&bench)]);
    let request = format!("GET /api/stream HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", run.address);
    let mut stream = run.send(&request);
    let mut text = String::new();
    let mut chunk = [0; 65536];
    while text.matches("event: snapshot").count() < 4 {
        let count = stream.read(&mut chunk).unwrap();
        text.push_str(std::str::from_utf8(&chunk[..count]).unwrap());
    }
    run.order("stop").json();
    stream.read_to_string(&mut text).unwrap();
    let events: Vec<Snapshot> = text
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    assert!(events[0].past.is_some() && events[1..].iter().all(|event| event.past.is_none()));
    assert!(events.windows(2).all(|two| two[0].at_ms <= two[1].at_ms));
    assert_eq!(events.last().unwrap().run.state, RunState::Over);
    assert_eq!(run.process.wait().code, 0);
}

#[test]
fn who_should_not_ask_is_refused() {
    let bench = Bench::new();
    let run = Listening::start(&bench, &[&endless(&bench)]);
    let own = ("Host", run.address.as_str());
    let json = ("Content-Type", "application/json");
    let long = " ".repeat(5000);
    for (line, headers, body, status) in [
        ("GET /api/snapshot", vec![("Host", "evil.example")], "", 421),
        ("GET /healthz", vec![("Host", "evil.example:7070")], "", 421),
        ("GET /api/snapshot", vec![own, ("Origin", "http://evil.example")], "", 403),
        ("POST /api/control", vec![own, json, ("Origin", "http://localhost:1")], r#"{"command":"stop"}"#, 403),
        ("POST /api/control", vec![own, ("Content-Type", "text/plain")], r#"{"command":"stop"}"#, 415),
        ("POST /api/control", vec![own, json], r#"{"command":"explode"}"#, 400),
        ("POST /api/control", vec![own, json], r#"{"command":"stop","more":1}"#, 400),
        ("POST /api/control", vec![own, json], "stop", 400),
        ("GET /api/control", vec![own], "", 405),
        ("DELETE /api/snapshot", vec![own], "", 405),
        ("GET /api/nothing", vec![own], "", 404),
        ("GET /../etc/passwd", vec![own], "", 404),
        ("GET /api/tap/nobody.out-%3Eeven.in", vec![own], "", 400),
        ("GET /api/tap/even.out-%3Eby-last.in?limit=many", vec![own], "", 400),
        ("GET /api/state/even", vec![own], "", 400),
        ("GET /api/state/totals?key=x", vec![own], "", 400),
        ("GET /api/state/totals?key=1&prefix=1", vec![own], "", 400),
        ("GET /api/state/totals?kee=1", vec![own], "", 400),
    ] {
        run.ask_with(line, &headers, body).refuses(status);
    }
    let too_long = run.ask_with("POST /api/control", &[own, json], &long);
    assert_eq!(too_long.status, 413, "{too_long:?}");
    let all: Vec<u16> = (0..400).map(|_| run.get("/healthz").status).collect();
    assert!(all.contains(&429) && all.iter().all(|status| [200, 429].contains(status)), "{all:?}");
    run.process.stop().code(0);
}

#[test]
fn other_addresses_need_a_token_and_encryption() {
    let bench = Bench::new();
    let file = endless(&bench);
    let token = bench.file("token", "0123456789abcdef0123456789abcdef\n");
    let short = bench.file("short", "secret\n");
    for (args, says) in [
        (vec!["--listen", "0.0.0.0:0"], "there is no token"),
        (vec!["--listen", "[::]:0", "--insecure"], "there is no token"),
        (vec!["--listen", "0.0.0.0:0", "--token-file", &token], "unencrypted"),
        (vec!["--listen", "127.0.0.1:0", "--token-file", &short], "at least 16"),
        (vec!["--listen", "127.0.0.1:0", "--token-file", "/nonexistent"], "/nonexistent"),
        (vec!["--listen", "127.0.0.1:0", "--tls-cert", &token, "--tls-key", &token], "certificate"),
        (vec!["--listen", "nowhere"], "nowhere"),
    ] {
        let ran = bench.tidegate(&[&["run", "--json", &file], &args[..]].concat()).code(2);
        assert!(ran.err.contains(says) && ran.told("listening").is_empty(), "{args:?}: {}", ran.err);
        assert!(!ran.err.contains("0123456789"), "a token is told: {}", ran.err);
    }
    let run = Listening::start_at("0.0.0.0:0", &bench, &["--insecure", "--token-file", &token, &file]);
    let port = run.address.rsplit_once(':').unwrap().1;
    let run = Listening { address: format!("127.0.0.1:{port}"), process: run.process };
    let ask = |authorization: &str| run.ask_with("GET /api/snapshot", &[("Authorization", authorization)], "");
    let refused = ask("Bearer 0123456789abcdef0123456789abcdee");
    refused.refuses(401);
    assert!(refused.head.contains("www-authenticate: bearer"), "{refused:?}");
    ask("Bearer 0123456789abcdef0123456789abcdef").json();
    run.get("/metrics").refuses(401);
    run.get("/healthz").json();
    run.process.stop().code(0);
}

#[test]
fn looking_changes_nothing_and_slow_watchers_slow_nothing() {
    let bench = Bench::new();
    let file = numbers(&bench, json!({ "shape": "numbers", "count": 400_000 }));
    bench.tidegate(&["run", &file]).code(0);
    let blind = std::fs::read(bench.path("out.jsonl")).unwrap();
    assert!(blind.len() > 1_000_000);
    std::fs::remove_file(bench.path("out.jsonl")).unwrap();
    let run = Listening::start(&bench, &[&file]);
    // Nobody reads these.
    let path = "GET /api/stream HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let _unread: Vec<TcpStream> = (0..4).map(|_| run.send(path)).collect();
    let edges =
        ["numbers.out-%3Eeven.in", "even.out-%3Eby-last.in", "by-last.out-%3Etotals.in", "totals.out-%3Eout.in"];
    let tapping: Vec<_> = edges
        .iter()
        .map(|edge| {
            let request = format!(
                "GET /api/tap/{edge}?limit=1000&within_ms=100 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            );
            let address = run.address.clone();
            std::thread::spawn(move || {
                let mut tapped = 0;
                // Until it listens no more.
                while let Ok(mut stream) = TcpStream::connect(&address) {
                    let mut text = String::new();
                    let asked = stream.write_all(request.as_bytes()).and_then(|()| stream.read_to_string(&mut text));
                    tapped += usize::from(asked.is_ok() && text.contains("\"offset\""));
                }
                tapped
            })
        })
        .collect();
    run.process.wait().code(0);
    let tapped: Vec<usize> = tapping.into_iter().map(|tapping| tapping.join().unwrap()).collect();
    assert!(tapped.iter().sum::<usize>() > 0, "nothing was seen: {tapped:?}");
    assert_eq!(std::fs::read(bench.path("out.jsonl")).unwrap(), blind);
}

#[test]
fn a_lag_is_true_in_records_and_in_time() {
    on_kafka(|kafka| {
        let (input, output) = (kafka.name("lag-in"), kafka.name("lag-out"));
        let file = json!({ "tidegate": 1, "name": kafka.name("lagging"),
            "settings": { "commit_interval": "100ms" },
            "nodes": [
                { "id": "in", "operator": "kafka-source", "config": { "topic": input, "schema": { "n": "int64!" } } },
                { "id": "out", "operator": "kafka-sink", "config": { "topic": output, "create": { "partitions": 1 } } } ],
            "edges": [ { "from": "in.out", "to": "out.in" } ] });
        let file = kafka.file("lagging.json", file.to_string());
        let produce = |count: i64| {
            let rows: String = (0..count).map(|n| format!("{{\"n\":{n}}}\n")).collect();
            kafka.tidegate_in(&["produce", &input, "--create", "1"], &rows).code(0);
        };
        produce(100);
        let run = Listening::start(kafka, &["--brokers", &kafka.brokers, &file]);
        let known = |snapshot: &Snapshot| snapshot.partitions.first().is_some_and(|it| it.committed == Some(100));
        run.until("all to be committed", known);
        run.order("pause").json();
        produce(50);
        let behind = run.until("the lag and its age", |snapshot| {
            let at = &snapshot.partitions[0];
            at.lag == Some(50) && at.age_ms.is_some() && at.low == Some(0) && at.verdict == Verdict::Stopped
        });
        let at = &behind.partitions[0];
        assert_eq!((at.safe, at.high, at.owner.as_deref()), (100, Some(150), Some("this")), "{at:?}");
        assert!(at.rule.contains("paused"), "{at:?}");
        let record = &kafka.tidegate(&["consume", &input, "--from", "100", "--records", "1"]).code(0).rows()[0];
        let age = behind.at_ms - record["ts"].as_i64().unwrap();
        assert_eq!(at.age_ms, Some(age), "the age is that of the record at offset 100");
        let told = &kafka.tidegate(&["lag", &kafka.name("lagging"), "--json"]).code(0).rows()[0];
        assert_eq!((&told["lag"], &told["committed"]), (&json!(50), &json!(100)));
        run.order("resume").json();
        let done = run.until("nothing to be behind", |snapshot| snapshot.partitions[0].lag == Some(0));
        assert_eq!(done.partitions[0].age_ms, None);
        let log: Vec<&str> = done.log.iter().map(|entry| entry.message.as_str()).collect();
        assert!(log.iter().any(|entry| entry.contains("owns")) && log.contains(&"resumed"), "{log:?}");
        run.process.stop().code(0);
    });
}

/// Into the pipe that the sink writes to nobody looks: each of its lanes is in a call that does not come back.
#[test]
fn a_run_whose_sink_is_blocked_still_obeys() {
    let bench = Bench::new();
    let pipe = bench.path("pipe");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    // Held open for both, so that neither opening waits for the other side.
    let mut reader = File::options().read(true).write(true).open(&pipe).unwrap();
    let drawn = json!({ "tidegate": 1, "name": "blocked",
        "nodes": [
            { "id": "numbers", "operator": "generate", "config": { "shape": "numbers" } },
            { "id": "out", "operator": "file-sink", "config": { "path": pipe, "mode": "truncate" } } ],
        "edges": [ { "from": "numbers.out", "to": "out.in" } ] });
    let run = Listening::start(&bench, &[&bench.file("blocked.json", drawn.to_string()), "--drain", "100ms"]);
    let is_blocked = |snapshot: &Snapshot| {
        snapshot.tasks.iter().flat_map(|task| &task.lanes).any(|lane| lane.in_call_ms > Some(1_000))
    };
    run.until("a sink that is blocked", is_blocked);
    for (command, state) in [("pause", RunState::Paused), ("resume", RunState::Running), ("pause", RunState::Paused)] {
        let asked = Instant::now();
        assert_eq!(run.order(command).json()["state"], json!(state), "{command}");
        assert!(asked.elapsed() < Duration::from_secs(5), "{command} is answered after {:?}", asked.elapsed());
        let snapshot = run.snapshot();
        assert!(snapshot.run.state == state && is_blocked(&snapshot), "{command}: {snapshot:#?}");
    }
    // Once somebody reads, what was made goes on, and nothing more is made.
    std::thread::spawn(move || while reader.read(&mut [0; 65_536]).is_ok_and(|count| count > 0) {});
    let made = |snapshot: &Snapshot| snapshot.nodes[0].records_out;
    let is_settled = |snapshot: &Snapshot| !is_blocked(snapshot) && made(snapshot) == snapshot.nodes[1].records_in;
    let rested = made(&run.until("the rest to be written", is_settled));
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(made(&run.snapshot()), rested, "a run that is paused makes nothing");
    assert_eq!(run.order("resume").json()["state"], json!(RunState::Running));
    run.until("more", |snapshot| made(snapshot) > rested);
    assert_eq!(run.order("stop").json()["state"], json!(RunState::Stopping));
    run.process.wait();
}
