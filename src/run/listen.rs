//! `run --listen`: the run over HTTP. Whatever is wrong with that is said before anything runs.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::{env, fs};

use serde_json::json;
use tidegate_core::engine::Run;
use tidegate_core::problem::Fault;
use tidegate_serve::{ServeOptions, Server, Socket, Token};

use crate::common::exit::Failure;
use crate::common::voice::{Voice, tell_line};

/// Where a token may stand, beside a file.
const TOKEN: &str = "TIDEGATE_LISTEN_TOKEN";

/// The arguments of `run` for HTTP.
#[derive(Debug, clap::Args)]
pub(super) struct ListenArgs {
    /// Serve the run over HTTP: snapshots, events, taps, state, metrics, control. Addresses other than loopback need a
    /// token, and TLS or --insecure
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// File with the token that requests must carry, as `Authorization: Bearer …`; or TIDEGATE_LISTEN_TOKEN
    #[arg(long, value_name = "FILE", requires = "listen")]
    token_file: Option<PathBuf>,
    /// Certificates of TLS, as a PEM file
    #[arg(long, value_name = "FILE", requires = "listen", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The key of the first of them, as a PEM file
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Serve without TLS where others can listen in
    #[arg(long, requires = "listen")]
    insecure: bool,
}

impl ListenArgs {
    /// Takes the address, where one is named.
    pub(super) fn open(self) -> Result<Option<Socket>, Failure> {
        let Some(address) = self.listen else { return Ok(None) };
        let token = token(self.token_file)?;
        let tls = self.tls_cert.zip(self.tls_key);
        let options = ServeOptions { address, token, tls, is_insecure: self.insecure };
        let socket = Socket::open(options).map_err(|fault| Failure::of_argument(Some("--listen"), fault))?;
        Ok(Some(socket))
    }
}

fn token(file: Option<PathBuf>) -> Result<Option<Token>, Failure> {
    let Some(file) = file else {
        let given = env::var(TOKEN).ok().map(|text| Token::new(&text)).transpose();
        return given.map_err(|fault| Failure::of_argument(Some(TOKEN), fault));
    };
    let wrong = |fault| Failure::of_argument(Some("--token-file"), fault);
    let text = fs::read_to_string(&file).map_err(|why| wrong(Fault::user(format!("{}: {why}", file.display()))))?;
    Token::new(&text).map(Some).map_err(wrong)
}

/// Serves a run until what this gives is dropped, and says where.
pub(super) fn serve(socket: Socket, run: &Run, pipeline: &str, voice: Voice) -> Result<Server, Failure> {
    let (address, scheme) = (socket.address(), if socket.is_encrypted() { "https" } else { "http" });
    let server = socket.serve(run.handle().clone(), pipeline.to_string())?;
    match voice {
        Voice::People => eprintln!("listening on {scheme}://{address}"),
        Voice::Programs => tell_line("listening", json!({ "url": format!("{scheme}://{address}") })),
    }
    Ok(server)
}
