//! A run over HTTP: what its meters say, as JSON, as a stream of events and for Prometheus; records on its edges, keys of
//! its stores; and the words that it obeys. It sees a run through its handle alone, on a thread of its own, so that no
//! client makes a task wait: who reads too slowly is dropped.
//!
//! - `gate`: who is let in
//! - `listener`: connections, and the patience with them
//! - `routes`: what is asked and answered; `stream`: events; `metrics`: the text for Prometheus

mod gate;
mod listener;
mod metrics;
mod routes;
mod stream;
#[cfg(feature = "tls")]
mod tls;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;

use tidegate_core::engine::RunHandle;
use tidegate_core::problem::Fault;
use tokio::runtime::{Builder, Runtime};

use gate::Gate;
use listener::Doors;
use routes::Served;

/// How a run is served.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// where to listen; port 0 is any that is free
    pub address: SocketAddr,
    /// what every request must carry, as `Authorization: Bearer …`; none: only on a loopback address
    pub token: Option<Token>,
    /// certificate chain and key, as PEM files
    pub tls: Option<(PathBuf, PathBuf)>,
    /// other addresses than loopback do without TLS
    pub is_insecure: bool,
}

/// A word that must not be seen.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// The shortest that is taken.
    const SHORTEST: usize = 16;

    /// A token, without the space around it.
    ///
    /// # Errors
    /// It is too short to be one, or cannot stand in a header.
    pub fn new(text: &str) -> Result<Token, Fault> {
        let text = text.trim();
        if text.len() < Token::SHORTEST || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            let message = format!("a token has at least {} letters, digits and signs, and no space", Token::SHORTEST);
            return Err(Fault::user(message).remedy("`openssl rand -hex 32` makes one"));
        }
        Ok(Token(text.to_string()))
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(***)")
    }
}

/// An address that is taken, and nobody is let in yet.
pub struct Socket {
    listener: TcpListener,
    address: SocketAddr,
    token: Option<Token>,
    tls: Option<listener::Tls>,
}

/// A run that is served, until this is dropped.
pub struct Server {
    runtime: Option<Runtime>,
    served: Arc<Served>,
}

impl Socket {
    /// Takes the address.
    ///
    /// # Errors
    /// One that is not the user's to listen on, or not without a token and TLS; files of TLS that are none.
    pub fn open(options: ServeOptions) -> Result<Socket, Fault> {
        allow(&options)?;
        let tls = tls(&options)?;
        let about = |why: std::io::Error| Fault::user(format!("cannot listen on {}: {why}", options.address));
        let listener = TcpListener::bind(options.address).map_err(about)?;
        listener.set_nonblocking(true).map_err(about)?;
        let address = listener.local_addr().map_err(about)?;
        Ok(Socket { listener, address, token: options.token, tls })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether it speaks TLS.
    pub fn is_encrypted(&self) -> bool {
        self.tls.is_some()
    }

    /// Serves a run. `pipeline` is its file, as it was drawn: with the names of parameters, not their values.
    ///
    /// # Errors
    /// No thread for it.
    pub fn serve(self, run: RunHandle, pipeline: String) -> Result<Server, Fault> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("http").enable_all().build();
        let runtime = runtime.map_err(|why| Fault::outside(format!("no thread for HTTP: {why}")))?;
        run.watch()?;
        let gate = Gate::new(self.address.ip().is_loopback(), self.token);
        let doors = {
            let _inside = runtime.enter();
            let doors = Doors::open(self.listener, self.tls);
            doors.map_err(|why| Fault::outside(format!("cannot listen on {}: {why}", self.address)))?
        };
        let served = Arc::new(Served::new(run, pipeline, gate));
        runtime.spawn(stream::tick(served.clone()));
        let service = routes::service(served.clone());
        runtime.spawn(async move {
            if let Err(why) = axum::serve(doors, service).await {
                tracing::warn!("HTTP has ended: {why}");
            }
        });
        Ok(Server { runtime: Some(runtime), served })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.block_on(stream::end(&self.served));
            runtime.shutdown_background();
        }
    }
}

/// Whether these options are safe to listen with.
fn allow(options: &ServeOptions) -> Result<(), Fault> {
    if options.address.ip().is_loopback() {
        return Ok(());
    }
    if options.token.is_none() {
        let message = format!("{} can be reached from elsewhere, and there is no token", options.address);
        return Err(Fault::user(message)
            .remedy("give one by `--token-file` or TIDEGATE_LISTEN_TOKEN, or listen on 127.0.0.1 and come by SSH"));
    }
    if options.tls.is_none() && !options.is_insecure {
        let message =
            format!("{} can be reached from elsewhere, and would send the token unencrypted", options.address);
        return Err(Fault::user(message).remedy("give `--tls-cert` and `--tls-key`, or say `--insecure`"));
    }
    Ok(())
}

#[cfg(feature = "tls")]
fn tls(options: &ServeOptions) -> Result<Option<listener::Tls>, Fault> {
    options.tls.as_ref().map(|(chain, key)| tls::acceptor(chain, key)).transpose()
}

#[cfg(not(feature = "tls"))]
fn tls(options: &ServeOptions) -> Result<Option<listener::Tls>, Fault> {
    match options.tls {
        None => Ok(None),
        Some(_) => Err(Fault::user("this program was built without TLS").remedy("build it with the feature `tls`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(address: &str, token: bool, tls: bool, is_insecure: bool) -> ServeOptions {
        ServeOptions {
            address: address.parse().unwrap(),
            token: token.then(|| Token::new("0123456789abcdef").unwrap()),
            tls: tls.then(|| ("cert".into(), "key".into())),
            is_insecure,
        }
    }

    #[test]
    fn only_loopback_is_open_without_a_token_and_tls() {
        for (address, token, tls, is_insecure, is_allowed) in [
            ("127.0.0.1:0", false, false, false, true),
            ("127.8.0.1:0", false, false, false, true),
            ("[::1]:0", false, false, false, true),
            ("0.0.0.0:0", false, false, false, false),
            ("0.0.0.0:0", false, true, true, false),
            ("0.0.0.0:0", true, false, false, false),
            ("0.0.0.0:0", true, true, false, true),
            ("10.0.0.1:0", true, false, true, true),
            ("[::]:0", true, false, false, false),
        ] {
            let options = options(address, token, tls, is_insecure);
            assert_eq!(allow(&options).is_ok(), is_allowed, "{options:?}");
        }
    }

    #[test]
    fn a_token_is_long_and_never_seen() {
        for (text, is_good) in [("short", false), ("with a space in it", false), ("  0123456789abcdef\n", true)] {
            assert_eq!(Token::new(text).is_ok(), is_good, "{text}");
        }
        assert!(!format!("{:?}", Token::new("0123456789abcdef").unwrap()).contains("0123"));
    }
}
