//! Connections: so many at a time, each with a bounded patience. Who begins and says nothing, or takes nothing of what is
//! sent to him, is hung up on.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, Sleep, sleep, timeout};

/// Connections at a time.
const CONNECTIONS: usize = 64;
/// How long encryption may take to begin.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// How long a client may take nothing of what is sent to it.
const UNREAD: Duration = Duration::from_secs(10);
/// How long nothing may pass either way.
const SILENT: Duration = Duration::from_secs(60);

/// Encryption, where it is built in.
#[cfg(feature = "tls")]
pub(crate) type Tls = tokio_rustls::TlsAcceptor;
/// Encryption, where it is not built in.
#[cfg(not(feature = "tls"))]
#[derive(Clone)]
pub(crate) enum Tls {}

/// What bytes go through.
trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// Where connections come in, encrypted where that is asked for.
pub(crate) struct Doors {
    incoming: mpsc::Receiver<(Patient, Peer)>,
    address: SocketAddr,
}

/// Who connects.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

impl Connected<IncomingStream<'_, Doors>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Doors>) -> Peer {
        *stream.remote_addr()
    }
}

impl Doors {
    /// Takes connections from a socket that does not block; within a runtime.
    pub(crate) fn open(socket: std::net::TcpListener, tls: Option<Tls>) -> io::Result<Doors> {
        let address = socket.local_addr()?;
        let socket = TcpListener::from_std(socket)?;
        let (through, incoming) = mpsc::channel(1);
        tokio::spawn(accept(socket, tls, through));
        Ok(Doors { incoming, address })
    }
}

async fn accept(socket: TcpListener, tls: Option<Tls>, through: mpsc::Sender<(Patient, Peer)>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    while !through.is_closed() {
        let Ok((stream, address)) = socket.accept().await else {
            // Out of files, say: later there may be some.
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        // Where all places are taken, this one is hung up on at once.
        let Ok(place) = places.clone().try_acquire_owned() else { continue };
        let (tls, through) = (tls.clone(), through.clone());
        tokio::spawn(async move {
            // Small answers are not held back for more; where that cannot be set, they are.
            let _ = stream.set_nodelay(true);
            if let Some(wire) = encrypted(stream, tls).await {
                // The server has gone: so does the connection.
                let _ = through.send((Patient::new(wire, place), Peer(address.ip()))).await;
            }
        });
    }
}

#[cfg(feature = "tls")]
async fn encrypted(stream: TcpStream, tls: Option<Tls>) -> Option<Box<dyn Wire>> {
    match tls {
        None => Some(Box::new(stream)),
        Some(tls) => Some(Box::new(timeout(HANDSHAKE, tls.accept(stream)).await.ok()?.ok()?)),
    }
}

#[cfg(not(feature = "tls"))]
async fn encrypted(stream: TcpStream, _: Option<Tls>) -> Option<Box<dyn Wire>> {
    timeout(HANDSHAKE, async { Some(Box::new(stream) as Box<dyn Wire>) }).await.ok()?
}

impl Listener for Doors {
    type Io = Patient;
    type Addr = Peer;

    async fn accept(&mut self) -> (Patient, Peer) {
        match self.incoming.recv().await {
            Some(connection) => connection,
            // Nobody knocks any more.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Peer> {
        Ok(Peer(self.address.ip()))
    }
}

/// A connection that is not waited for without end.
pub(crate) struct Patient {
    wire: Box<dyn Wire>,
    unread: Pin<Box<Sleep>>,
    silent: Pin<Box<Sleep>>,
    is_sending: bool,
    _place: OwnedSemaphorePermit,
}

impl Patient {
    fn new(wire: Box<dyn Wire>, place: OwnedSemaphorePermit) -> Patient {
        let (unread, silent) = (Box::pin(sleep(UNREAD)), Box::pin(sleep(SILENT)));
        Patient { wire, unread, silent, is_sending: false, _place: place }
    }

    /// Something has passed.
    fn has_moved(&mut self) {
        self.silent.as_mut().reset(Instant::now() + SILENT);
    }

    /// What came of an attempt to send.
    fn sent<T>(&mut self, context: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.is_sending = false;
            self.has_moved();
            return result;
        }
        if !std::mem::replace(&mut self.is_sending, true) {
            self.unread.as_mut().reset(Instant::now() + UNREAD);
        }
        match self.unread.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Patient {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.wire).poll_read(context, into);
        if result.is_ready() {
            this.has_moved();
            return result;
        }
        match this.silent.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncWrite for Patient {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.wire).poll_write(context, bytes);
        this.sent(context, result)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.wire).poll_flush(context);
        this.sent(context, result)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let result = Pin::new(&mut this.wire).poll_shutdown(context);
        this.sent(context, result)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    fn patient(wire: tokio::io::DuplexStream) -> Patient {
        let place = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        Patient::new(Box::new(wire), place)
    }

    #[tokio::test(start_paused = true)]
    async fn who_takes_nothing_is_dropped() {
        let (ours, _theirs) = tokio::io::duplex(64);
        let began = Instant::now();
        let failed = patient(ours).write_all(&[0; 1000]).await.unwrap_err();
        assert_eq!((failed.kind(), began.elapsed().as_secs()), (io::ErrorKind::TimedOut, UNREAD.as_secs()));
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_is_dropped_and_who_listens_is_not() {
        let (ours, _theirs) = tokio::io::duplex(64);
        let began = Instant::now();
        let failed = patient(ours).read_u8().await.unwrap_err();
        assert_eq!((failed.kind(), began.elapsed().as_secs()), (io::ErrorKind::TimedOut, SILENT.as_secs()));
        let (ours, mut theirs) = tokio::io::duplex(64);
        let (mut reads, mut writes) = tokio::io::split(patient(ours));
        let reading = tokio::spawn(async move { reads.read_u8().await });
        for _ in 0..20 {
            writes.write_u8(1).await.unwrap();
            theirs.read_u8().await.unwrap();
            sleep(SILENT / 2).await;
        }
        assert!(!reading.is_finished(), "events went through all the while");
    }
}
