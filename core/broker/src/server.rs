//! Connections and framing: requests are read, answered by [`crate::api`] and written back, one at a time on each
//! connection, as Kafka does. A slow client keeps only its own connection waiting.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::BrokerError;
use crate::api::{self, Connection};
use crate::cluster::Cluster;
use crate::folder::Folder;

/// The largest request, in bytes: Kafka's `socket.request.max.bytes`.
const MAX_REQUEST_BYTES: usize = 100 * 1024 * 1024;
/// What a connection keeps of its buffers between requests.
const KEPT_BUFFER_BYTES: usize = 2 * 1024 * 1024;
/// Requests read and write files where they run, as those of Kafka's request handler threads do; so more than the cores.
const THREADS: usize = 4;

/// A bound broker with open logs, ready to run.
pub(crate) struct Server {
    runtime: Runtime,
    listener: tokio::net::TcpListener,
    cluster: Arc<Cluster>,
    address: SocketAddr,
}

impl Server {
    /// Binds the first address that is free and opens the logs.
    pub(crate) fn open(folder: Option<Folder>, addresses: &[SocketAddr]) -> Result<Server, BrokerError> {
        raise_file_limit();
        let (listener, address) = bind(addresses)?;
        if let Some(folder) = &folder {
            folder.announce(address)?;
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("tidegate-broker")
            .enable_all()
            .build()
            .map_err(BrokerError::Threads)?;
        let cluster = Arc::new(Cluster::open(folder, address)?);
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener).map_err(|source| BrokerError::Listen { address, source })?
        };
        Ok(Server { runtime, listener, cluster, address })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until told to stop. When it returns, the files are closed and the folder is free.
    pub(crate) fn run(self, stopped: oneshot::Receiver<()>) {
        let Server { runtime, listener, cluster, .. } = self;
        runtime.block_on(async {
            tokio::select! {
                () = accept(&listener, &cluster) => {}
                () = cluster.groups.keep_time() => {}
                _ = stopped => {}
            }
        });
        drop(listener);
        // the last holder of the cluster gives the folder back
        drop(runtime);
        drop(cluster);
    }
}

fn bind(addresses: &[SocketAddr]) -> Result<(TcpListener, SocketAddr), BrokerError> {
    let mut failure = None;
    for &address in addresses {
        let bound = TcpListener::bind(address).and_then(|listener| {
            listener.set_nonblocking(true)?;
            let address = listener.local_addr()?;
            Ok((listener, address))
        });
        match bound {
            Ok(bound) => return Ok(bound),
            Err(source) => failure = failure.or(Some(BrokerError::Listen { address, source })),
        }
    }
    Err(failure.unwrap_or_else(|| BrokerError::Threads(io::ErrorKind::InvalidInput.into())))
}

/// Each partition keeps files open, and systems allow few at first.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if limit.current != limit.maximum
        && let Err(error) = setrlimit(Resource::Nofile, raised)
    {
        tracing::debug!(%error, limit = ?limit.current, "the limit of open files stays");
    }
}

async fn accept(listener: &tokio::net::TcpListener, cluster: &Arc<Cluster>) {
    // dropped with this function, which ends them all
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        match listener.accept().await {
            Ok((stream, peer)) => {
                let cluster = cluster.clone();
                connections.spawn(async move {
                    if let Err(error) = converse(stream, peer, cluster).await {
                        tracing::debug!(%peer, %error, "a connection to the embedded broker ended");
                    }
                });
            }
            Err(error) => {
                // out of file handles, most likely: those that exist go on
                tracing::warn!(%error, "the embedded broker cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn converse(mut stream: TcpStream, peer: SocketAddr, cluster: Arc<Cluster>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let connection = Connection::new(peer);
    let (mut inbox, mut outbox) = (BytesMut::new(), BytesMut::new());
    while let Some(frame) = read_frame(&mut stream, &mut inbox).await? {
        outbox.clear();
        api::answer(&cluster, &connection, frame, &mut outbox).await.map_err(io::Error::other)?;
        stream.write_all(&outbox).await?;
        if outbox.capacity() > KEPT_BUFFER_BYTES {
            outbox = BytesMut::new();
        }
    }
    Ok(())
}

/// The next request without its length; none where the client has closed.
async fn read_frame(stream: &mut TcpStream, inbox: &mut BytesMut) -> io::Result<Option<Bytes>> {
    loop {
        let missing = match inbox.first_chunk::<4>() {
            None => 4 - inbox.len(),
            Some(length) => {
                let length = i32::from_be_bytes(*length);
                let frame = usize::try_from(length).ok().filter(|length| *length <= MAX_REQUEST_BYTES);
                let frame = frame.ok_or_else(|| io::Error::other(format!("a request of {length} bytes")))?;
                if inbox.len() >= 4 + frame {
                    inbox.advance(4);
                    return Ok(Some(inbox.split_to(frame).freeze()));
                }
                4 + frame - inbox.len()
            }
        };
        // grows with what arrives, not with what is claimed
        inbox.reserve(missing.clamp(16 * 1024, 1024 * 1024));
        if stream.read_buf(inbox).await? == 0 {
            return if inbox.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
    }
}
