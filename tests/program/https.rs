//! `run --listen` with TLS: a client that knows the certificate gets in with the token alone; who does not, or speaks in
//! clear, gets nothing. Certificate and key, in `tls/`, are of these tests and nothing else.

use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::support::{Bench, Process, root};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// A client that trusts these certificates.
fn client(trusted: &[CertificateDer<'static>]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    trusted.iter().for_each(|certificate| roots.add(certificate.clone()).unwrap());
    let config =
        ClientConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions();
    Arc::new(config.unwrap().with_root_certificates(roots).with_no_client_auth())
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

/// What is answered, as text.
fn ask(mut stream: impl Read + Write, path: &str, headers: &str) -> io::Result<String> {
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n")?;
    let mut answer = String::new();
    match stream.read_to_string(&mut answer) {
        // Closed without a word of TLS, behind a whole answer.
        Err(why) if why.kind() != io::ErrorKind::UnexpectedEof || answer.is_empty() => Err(why),
        _ => Ok(answer),
    }
}

fn ask_encrypted(port: u16, config: &Arc<ClientConfig>, path: &str, headers: &str) -> io::Result<String> {
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connection = ClientConnection::new(config.clone(), name).unwrap();
    ask(StreamOwned::new(connection, connect(port)), path, headers)
}

/// The port of a run that listens at all addresses, with TLS and a token.
fn serve(bench: &Bench) -> (Process, u16) {
    let file = json!({ "tidegate": 1, "name": "encrypted",
        "nodes": [
            { "id": "numbers", "operator": "generate", "config": { "shape": "numbers", "rate": "100/s" } },
            { "id": "out", "operator": "discard" } ],
        "edges": [ { "from": "numbers.out", "to": "out.in" } ] });
    let (file, token) = (bench.file("encrypted.json", file.to_string()), bench.file("token", TOKEN));
    let tls = ["--tls-cert", "tests/program/tls/cert.pem", "--tls-key", "tests/program/tls/key.pem"];
    let args = ["run", "--json", &file, "--listen", "0.0.0.0:0", "--token-file", &token];
    let mut run = bench.start(&[&args[..], &tls[..]].concat());
    let url = |process: &Process| {
        let line = process.err().lines().find(|line| line.contains("\"listening\""))?.to_string();
        serde_json::from_str::<Value>(&line).ok()?["url"].as_str().map(str::to_string)
    };
    run.wait_until("it to listen", |process| url(process).is_some());
    let url = url(&run).unwrap();
    assert!(url.starts_with("https://0.0.0.0:"), "{url}");
    (run, url.rsplit_once(':').unwrap().1.parse().unwrap())
}

#[test]
fn who_knows_the_certificate_and_the_token_gets_in() {
    let bench = Bench::new();
    let (run, port) = serve(&bench);
    let pem = fs::read(root().join("tests/program/tls/cert.pem")).unwrap();
    let certificate = CertificateDer::from_pem_slice(&pem).unwrap();
    let knows = client(&[certificate]);
    let with_token = format!("Authorization: Bearer {TOKEN}\r\n");
    for (headers, status) in [(with_token.as_str(), "200"), ("", "401"), ("Authorization: Bearer wrong\r\n", "401")] {
        let answer = ask_encrypted(port, &knows, "/api/snapshot", headers).unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{headers}: {answer}");
        assert_eq!(answer.contains("\"application_id\":\"encrypted\""), status == "200", "{answer}");
    }
    let refused = ask_encrypted(port, &client(&[]), "/api/snapshot", &with_token).unwrap_err();
    assert!(refused.to_string().contains("invalid peer certificate"), "{refused}");
    let in_clear = ask(connect(port), "/api/snapshot", &with_token);
    assert!(in_clear.as_ref().map_or(true, |answer| !answer.contains("HTTP")), "{in_clear:?}");
    // Those who were refused have not ended it.
    assert!(ask_encrypted(port, &knows, "/healthz", "").unwrap().starts_with("HTTP/1.1 200 "));
    run.stop().code(0);
}
