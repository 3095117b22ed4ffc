//! A run elsewhere, over the HTTP of `tidegate run --listen`, plain or with TLS.

use std::path::Path;
use std::time::Duration;
use std::{env, thread};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tidegate_core::faces::host::{Cluster, Control, Opening, Running};
use tidegate_core::pipeline::{Pipeline, to_canonical};
use tidegate_core::problem::Fault;
use tidegate_core::snapshot::{
    ClusterSnapshot, ClusterWanted, EdgeSnapshot, RunState, Snapshot, StateSnapshot, TapSnapshot,
};
use ureq::Agent;
use ureq::http::Request;

/// How long a run may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// How long records are waited for.
const TAP_WITHIN_MS: u64 = 250;
/// The most bytes of an answer.
const MOST_BYTES: u64 = 64 << 20;
/// Where the token stands that the run asks for.
const TOKEN: &str = "TIDEGATE_LISTEN_TOKEN";

/// Where a run is served, and who asks there: connections stay open from one question to the next.
#[derive(Debug, Clone)]
pub(crate) struct Address {
    /// `host:port`
    pub(crate) host: String,
    /// with the scheme in front
    base: String,
    token: Option<String>,
    agent: Agent,
}

impl Address {
    /// Reads `http://host:port` or `https://host:port`; none where a text is no such address. Certificates are trusted that
    /// this file vouches for, or else the system's.
    pub(crate) fn of_url(url: &str, ca: Option<&Path>) -> Option<Result<Address, Fault>> {
        let token = env::var(TOKEN).ok().map(|token| token.trim().to_string()).filter(|token| !token.is_empty());
        Address::with_token(url, ca, token)
    }

    /// The same, with this token in place of the environment's.
    pub(crate) fn with_token(url: &str, ca: Option<&Path>, token: Option<String>) -> Option<Result<Address, Fault>> {
        let (scheme, rest) = url.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https"))?;
        let host = rest.split('/').next().unwrap_or_default().to_string();
        let base = format!("{scheme}://{host}");
        Some(agent(scheme == "https", ca).map(|agent| Address { host, base, token, agent }))
    }

    /// The pipeline that runs there.
    ///
    /// # Errors
    /// Nobody answers, or something else does.
    pub(crate) fn pipeline(&self) -> Result<Pipeline, Fault> {
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

    /// Sends a request and reads the body of the answer, or what a refusal says.
    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<String, String> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let sent = match body {
            None => self.agent.run(request.body(()).map_err(|why| why.to_string())?),
            Some(body) => {
                let request = request.header("Content-Type", "application/json").body(body.to_string());
                self.agent.run(request.map_err(|why| why.to_string())?)
            }
        };
        let mut answer = sent.map_err(|why| plain(&why))?;
        let text = answer.body_mut().with_config().limit(MOST_BYTES).read_to_string().map_err(|why| why.to_string())?;
        if answer.status().is_success() {
            return Ok(text);
        }
        let refusal: Value = serde_json::from_str(&text).unwrap_or_default();
        let status = answer.status().as_u16();
        Err(refusal["error"].as_str().map_or_else(|| format!("it refuses with {status}"), str::to_string))
    }
}

/// Why nobody answers, in words.
fn plain(why: &ureq::Error) -> String {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionRefused, ConnectionReset, UnexpectedEof};
    match why {
        ureq::Error::Io(why) => match why.kind() {
            known @ (BrokenPipe | ConnectionAborted | ConnectionRefused | ConnectionReset | UnexpectedEof) => {
                known.to_string()
            }
            _ => why.to_string(),
        },
        other => other.to_string(),
    }
}

type Builder = ureq::config::ConfigBuilder<ureq::typestate::AgentScope>;

fn agent(is_encrypted: bool, ca: Option<&Path>) -> Result<Agent, Fault> {
    let config = Agent::config_builder()
        .timeout_global(Some(ANSWER_WITHIN))
        .http_status_as_error(false)
        .max_redirects(0)
        .proxy(None);
    let config = if is_encrypted { trust::in_certificates(config, ca)? } else { config };
    Ok(config.build().new_agent())
}

/// Whose certificates are trusted.
#[cfg(feature = "tls")]
mod trust {
    use std::path::{Path, PathBuf};
    use std::sync::Arc;
    use std::{env, fs};

    use tidegate_core::problem::Fault;
    use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

    use super::Builder;

    /// Where systems keep the certificates that they trust.
    const OF_SYSTEMS: [&str; 3] =
        ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

    /// Trusts those that the certificates of a file vouch for.
    pub(crate) fn in_certificates(config: Builder, ca: Option<&Path>) -> Result<Builder, Fault> {
        let of_environment = || env::var_os("SSL_CERT_FILE").map(PathBuf::from);
        let of_system = || OF_SYSTEMS.iter().map(PathBuf::from).find(|path| path.exists());
        let Some(path) = ca.map(Path::to_path_buf).or_else(of_environment).or_else(of_system) else {
            return Err(Fault::user("this system trusts no certificates").remedy("name those to trust: --ca FILE"));
        };
        let wrong = |why: String| Fault::user(format!("{}: {why}", path.display())).remedy("give certificates in PEM");
        let pem = fs::read(&path).map_err(|why| wrong(why.to_string()))?;
        let certificates = parse_pem(&pem).filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(Ok(certificate)),
            Ok(_) => None,
            Err(why) => Some(Err(why)),
        });
        let certificates = certificates.collect::<Result<Vec<_>, _>>().map_err(|why| wrong(why.to_string()))?;
        if certificates.is_empty() {
            return Err(wrong("there is no certificate in it".into()));
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let trusted = TlsConfig::builder().root_certs(RootCerts::from(certificates));
        Ok(config.tls_config(trusted.unversioned_rustls_crypto_provider(provider).build()))
    }
}

/// Whose certificates are trusted.
#[cfg(not(feature = "tls"))]
mod trust {
    use std::path::Path;

    use tidegate_core::problem::Fault;

    use super::Builder;

    /// Nobody's.
    pub(crate) fn in_certificates(_: Builder, _: Option<&Path>) -> Result<Builder, Fault> {
        let fault = Fault::user("this program was built without TLS");
        Err(fault.remedy("`ssh -L 7070:127.0.0.1:7070 HOST`, then http://127.0.0.1:7070"))
    }
}

/// A run elsewhere.
pub(crate) struct RemoteRun {
    address: Address,
    /// the file of what ran there when it was opened
    file: String,
    /// whether the next snapshot is to bring the past
    wants_past: bool,
    state: RunState,
    /// edges as they were last, by whose rates taps are thinned
    edges: Vec<EdgeSnapshot>,
}

impl RemoteRun {
    pub(crate) fn new(address: Address, pipeline: &Pipeline) -> RemoteRun {
        RemoteRun {
            address,
            file: to_canonical(pipeline),
            wants_past: true,
            state: RunState::Running,
            edges: Vec::new(),
        }
    }
}

impl Running for RemoteRun {
    fn snapshot(&mut self) -> Result<Snapshot, String> {
        let path = if self.wants_past { "/api/snapshot?past=true" } else { "/api/snapshot" };
        let snapshot: Result<Snapshot, String> = self.address.get(path);
        // After a gap the past fills it.
        self.wants_past = snapshot.is_err();
        let is_over = self.state == RunState::Over;
        let snapshot = snapshot.map_err(|why| if is_over { "the run is over".into() } else { why })?;
        self.state = snapshot.run.state;
        self.edges.clone_from(&snapshot.edges);
        Ok(snapshot)
    }

    /// It may be started again at its address: who looks goes on asking.
    fn ended(&mut self) -> Option<String> {
        None
    }

    fn replaced(&mut self) -> Option<Opening> {
        let is_another = self.address.pipeline().is_ok_and(|now| to_canonical(&now) != self.file);
        is_another.then(|| Opening::Run(self.address.base.clone()))
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

    fn state(&mut self, node: &str) -> Result<StateSnapshot, String> {
        self.address.get(&format!("/api/state/{node}?limit={}", super::STATE_ROWS))
    }

    fn control(&mut self, control: Control) -> Result<(), String> {
        let command = match control {
            Control::Pause => "pause",
            Control::Resume => "resume",
            Control::Stop => "stop",
        };
        self.address.ask("POST", "/api/control", Some(&json!({ "command": command }))).map(|_| ())
    }

    fn cluster(&self) -> Option<Box<dyn Cluster>> {
        Some(Box::new(RemoteCluster(self.address.clone())))
    }
}

/// The cluster of a run elsewhere, which looks at it for us: it has the addresses and the rights.
struct RemoteCluster(Address);

impl Cluster for RemoteCluster {
    fn look(&mut self, wanted: &ClusterWanted) -> Result<ClusterSnapshot, String> {
        let text = self.0.ask("POST", "/api/cluster", Some(&json!(wanted)))?;
        serde_json::from_str(&text).map_err(|why| format!("it answers something else: {why}"))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    /// Asks somebody who gives this answer, whatever is asked.
    fn asked(answer: &'static str) -> Result<String, String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let read = stream.read(&mut [0; 4096]).unwrap();
            assert!(read > 0);
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let told = Address::of_url(&url, None).unwrap().unwrap().ask("GET", "/api/pipeline", None);
        server.join().unwrap();
        told
    }

    #[test]
    fn answers_are_read() {
        for (answer, expected) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", Some("{}")),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{\"\r\n4;x\r\na\":1\r\n0\r\n\r\n",
                Some("{\"a\":1"),
            ),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{}", None),
            ("SSH-2.0-OpenSSH\r\n", None),
            ("", None),
        ] {
            assert_eq!(asked(answer).ok().as_deref(), expected, "{answer}");
        }
        for (answer, expected) in [
            ("HTTP/1.1 401 No\r\nContent-Length: 30\r\n\r\n{\"error\":\"a token is missing\"}", "a token is missing"),
            ("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n<html>", "it refuses with 502"),
        ] {
            assert!(asked(answer).unwrap_err().starts_with(expected), "{answer}: {:?}", asked(answer));
        }
    }

    #[test]
    fn addresses_are_read() {
        let base =
            |url: &str| Address::of_url(url, None).map(|address| address.map(|it| it.base).map_err(|it| it.message));
        assert_eq!(base("http://edge-4:7070/"), Some(Ok("http://edge-4:7070".into())));
        assert_eq!(base("http://edge-4"), Some(Ok("http://edge-4".into())));
        assert_eq!(base("pipelines/market.json"), None);
        assert_eq!(base("ftp://edge-4"), None);
        let lost = Address::of_url("https://edge-4", Some(Path::new("/nowhere.pem"))).unwrap().unwrap_err();
        assert!(lost.message.starts_with("/nowhere.pem: ") || !cfg!(feature = "tls"), "{lost}");
    }
}
