//! A small broker that speaks Kafka's protocol over loopback, so that everything works with nothing installed.
//! It knows nothing of pipelines; whoever talks to it is a Kafka client like any other.
//!
//! From the outside in:
//! - [`Embedded`]: one broker per data folder, whichever process serves it; [`Broker`]: one that is started and stopped
//! - `server`: connections and framing; `api`: one file per family of requests
//! - `cluster`: what the requests work on: `topics`, `groups` (the classic group protocol), `journal` (what must
//!   outlive the process besides records), `config` (the settings of topics and of the broker)
//! - `log`: the records of one partition, as the producers' own batches (`batch`, `compression`); `folder`: who owns the data folder
//!
//! As Kafka's default, nothing is flushed to the disk by force: a killed process loses nothing, a power cut may.
//! Transactions, compaction and retention are not there; a transactional id is refused.

mod api;
mod batch;
mod cluster;
mod compression;
mod config;
mod embedded;
mod error;
mod folder;
mod groups;
mod journal;
mod log;
mod server;
mod topics;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

pub use embedded::{Embedded, default_folder};
pub use error::BrokerError;

use folder::Folder;

/// Where a broker listens and where it keeps its records.
#[derive(Debug, Clone)]
pub struct BrokerOptions {
    /// a loopback address; port 0 takes any free port
    pub listen: SocketAddr,
    /// the data folder, made where it is absent; `None` keeps everything in memory
    pub data: Option<PathBuf>,
}

/// A broker that serves on threads of its own until it is stopped or dropped.
#[derive(Debug)]
pub struct Broker {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Broker {
    /// Opens the data (a torn end of a log is cut off) and serves. Returns when clients can connect.
    pub fn start(options: BrokerOptions) -> Result<Broker, BrokerError> {
        require_loopback(options.listen)?;
        let folder = options.data.as_deref().map(Folder::claim).transpose()?;
        Broker::serve(folder, &[options.listen])
    }

    /// The address that clients use.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends all connections, gives the data folder back and returns when that is done. Dropping does the same.
    pub fn stop(self) {
        drop(self);
    }

    /// Serves a claimed folder on the first of the addresses that is free.
    fn serve(folder: Option<Folder>, addresses: &[SocketAddr]) -> Result<Broker, BrokerError> {
        let server = server::Server::open(folder, addresses)?;
        let address = server.address();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("tidegate-broker".into())
            .spawn(move || server.run(stopped))
            .map_err(BrokerError::Threads)?;
        Ok(Broker { address, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        // the receiver sees its sender go
        self.stop.take();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the embedded broker ended by a panic");
        }
    }
}

fn require_loopback(address: SocketAddr) -> Result<(), BrokerError> {
    if address.ip().is_loopback() { Ok(()) } else { Err(BrokerError::NotLoopback { address }) }
}
