//! A run elsewhere, over the HTTP of `tidegate run --listen`. A small client of its own: a request, an answer, plain; from
//! far away the way leads through SSH.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;
use std::{env, thread};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tidegate_core::pipeline::Pipeline;
use tidegate_core::problem::Fault;
use tidegate_core::snapshot::{EdgeSnapshot, RunState, Snapshot, TapSnapshot};
use tidegate_tui::{Control, Running};

/// How long a run may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// How long records are waited for.
const TAP_WITHIN_MS: u64 = 250;
/// The most bytes of an answer.
const MOST_BYTES: u64 = 64 << 20;
/// Where the token stands that the run asks for.
const TOKEN: &str = "TIDEGATE_LISTEN_TOKEN";

/// Where a run is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// `host:port`
    pub(super) host: String,
    token: Option<String>,
}

impl Address {
    /// Reads `http://host:port`; none where a text is no such address.
    pub(super) fn of_url(url: &str) -> Option<Result<Address, Fault>> {
        if url.starts_with("https://") {
            let fault = Fault::user("the dashboard speaks no TLS yet");
            return Some(Err(fault.remedy("`ssh -L 7070:127.0.0.1:7070 HOST`, then http://127.0.0.1:7070")));
        }
        let rest = url.strip_prefix("http://")?;
        let host = rest.split('/').next().unwrap_or_default();
        let host = if host.contains(':') { host.to_string() } else { format!("{host}:80") };
        let token = env::var(TOKEN).ok().map(|token| token.trim().to_string()).filter(|token| !token.is_empty());
        Some(Ok(Address { host, token }))
    }

    /// The pipeline that runs there.
    ///
    /// # Errors
    /// Nobody answers, or something else does.
    pub(super) fn pipeline(&self) -> Result<Pipeline, Fault> {
        let fault = |why: String| {
            let fault = Fault::outside(format!("no run answers at {}: {why}", self.host));
            fault.remedy("start it with `tidegate run FILE --listen 127.0.0.1:7070`")
        };
        let text = self.ask("GET", "/api/pipeline", None).map_err(fault)?;
        let (pipeline, problems) = Pipeline::parse(&text);
        pipeline.ok_or_else(|| fault(problems.first().map_or_else(String::new, |problem| problem.message.clone())))
    }

    fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, String> {
        let text = self.ask("GET", path, None)?;
        serde_json::from_str(&text).map_err(|why| format!("it answers something else: {why}"))
    }

    /// Sends a request and reads the body of the answer.
    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<String, String> {
        let failed = |why: std::io::Error| why.to_string();
        let mut addresses = self.host.to_socket_addrs().map_err(failed)?;
        let address = addresses.next().ok_or_else(|| format!("{} has no address", self.host))?;
        let mut stream = TcpStream::connect_timeout(&address, ANSWER_WITHIN).map_err(failed)?;
        stream.set_read_timeout(Some(ANSWER_WITHIN)).map_err(failed)?;
        stream.set_write_timeout(Some(ANSWER_WITHIN)).map_err(failed)?;
        let token = self.token.as_ref().map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\n{token}\
             Content-Length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        );
        stream.write_all(request.as_bytes()).map_err(failed)?;
        let mut answer = Vec::new();
        stream.take(MOST_BYTES).read_to_end(&mut answer).map_err(failed)?;
        read_answer(&answer)
    }
}

/// The body of an answer, or what a refusal says.
fn read_answer(bytes: &[u8]) -> Result<String, String> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").ok_or("it does not speak HTTP")?;
    let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
    let status: u16 = head.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or("it does not speak HTTP")?;
    let body = &bytes[end + 4..];
    let is_chunked = head.lines().any(|line| line.starts_with("transfer-encoding:") && line.contains("chunked"));
    let body = if is_chunked { unchunked(body).ok_or("its answer is cut off")? } else { body.to_vec() };
    let body = String::from_utf8(body).map_err(|_| "its answer is no text".to_string())?;
    match status {
        200..300 => Ok(body),
        _ => {
            let refusal: Value = serde_json::from_str(&body).unwrap_or_default();
            Err(refusal["error"].as_str().map_or_else(|| format!("it refuses with {status}"), str::to_string))
        }
    }
}

fn unchunked(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let line = body.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(&body[..line]).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(whole);
        }
        let chunk = body.get(line + 2..)?.get(..size)?;
        whole.extend_from_slice(chunk);
        body = body.get(line + 2 + size + 2..)?;
    }
}

/// A run elsewhere.
pub(super) struct RemoteRun {
    address: Address,
    /// whether the next snapshot is to bring the past
    wants_past: bool,
    state: RunState,
    /// edges as they were last, by whose rates taps are thinned
    edges: Vec<EdgeSnapshot>,
}

impl RemoteRun {
    pub(super) fn new(address: Address) -> RemoteRun {
        RemoteRun { address, wants_past: true, state: RunState::Running, edges: Vec::new() }
    }
}

impl Running for RemoteRun {
    fn snapshot(&mut self) -> Result<Snapshot, String> {
        let path = if self.wants_past { "/api/snapshot?past=true" } else { "/api/snapshot" };
        let snapshot: Result<Snapshot, String> = self.address.get(path);
        // After a gap the past fills it.
        self.wants_past = snapshot.is_err();
        let snapshot = snapshot?;
        self.state = snapshot.run.state;
        self.edges.clone_from(&snapshot.edges);
        Ok(snapshot)
    }

    fn ended(&mut self) -> Option<String> {
        (self.state == RunState::Over).then(|| "The run is over.".into())
    }

    fn tap(&mut self, edges: &[String]) -> Result<Vec<TapSnapshot>, String> {
        let ask = |edge: &String| {
            let every = super::every(edge, edges, &self.edges);
            let edge = edge.replace('>', "%3E");
            let path = format!("/api/tap/{edge}?limit={}&every={every}&within_ms={TAP_WITHIN_MS}", super::TAP_ROWS);
            self.address.get::<TapSnapshot>(&path)
        };
        // At the same time, so that what is seen before and after a node is of one moment.
        thread::scope(|scope| {
            let asked: Vec<_> = edges.iter().map(|edge| scope.spawn(move || ask(edge))).collect();
            asked.into_iter().map(|asked| asked.join().unwrap_or_else(|_| Err("asking has failed".into()))).collect()
        })
    }

    fn control(&mut self, control: Control) -> Result<(), String> {
        let command = match control {
            Control::Pause => "pause",
            Control::Resume => "resume",
            Control::Stop => "stop",
        };
        self.address.ask("POST", "/api/control", Some(&json!({ "command": command }))).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read() {
        for (answer, expected) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", Ok("{}")),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{\"\r\n4;x\r\na\":1\r\n0\r\n\r\n",
                Ok("{\"a\":1"),
            ),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{}", Err("its answer is cut off")),
            ("HTTP/1.1 401 No\r\n\r\n{\"error\":\"a token is missing\"}", Err("a token is missing")),
            ("HTTP/1.1 502 Bad Gateway\r\n\r\n<html>", Err("it refuses with 502")),
            ("SSH-2.0-OpenSSH\r\n", Err("it does not speak HTTP")),
            ("", Err("it does not speak HTTP")),
        ] {
            let read = read_answer(answer.as_bytes());
            assert_eq!(read.as_deref().map_err(String::as_str), expected, "{answer}");
        }
    }

    #[test]
    fn addresses_are_read() {
        let host = |url: &str| {
            Address::of_url(url).map(|address| address.map(|address| address.host).map_err(|it| it.message))
        };
        assert_eq!(host("http://edge-4:7070/"), Some(Ok("edge-4:7070".into())));
        assert_eq!(host("http://edge-4"), Some(Ok("edge-4:80".into())));
        assert_eq!(host("pipelines/market.json"), None);
        assert!(host("https://edge-4").is_some_and(|address| address.is_err()));
    }
}
