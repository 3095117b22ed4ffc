//! `brokers: embedded`: of all processes that open a folder the first serves it, the others connect to that one, and
//! when it ends one of them takes the folder and the address over. Knows nothing of what is served.

use std::env;
use std::io::{self, Read};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::folder::{self, Folder};
use crate::{Broker, BrokerError, BrokerOptions};

/// How long a process that holds the folder may take until it answers.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
const RETRY: Duration = Duration::from_millis(20);

/// The broker of a data folder, in this process or in another one.
#[derive(Debug)]
pub struct Embedded {
    shared: Arc<Shared>,
    watcher: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    seat: Mutex<Seat>,
}

#[derive(Debug)]
struct Seat {
    address: SocketAddr,
    /// here, where this process serves
    broker: Option<Broker>,
    /// to the process that serves; it ends when that process does
    link: Option<TcpStream>,
    is_closed: bool,
}

/// The data folder where nobody names one: `TIDEGATE_BROKER_DATA`, else `tidegate/broker` in `XDG_DATA_HOME`, else
/// `~/.local/share/tidegate/broker`.
pub fn default_folder() -> PathBuf {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = set("TIDEGATE_BROKER_DATA") {
        return folder;
    }
    let data = set("XDG_DATA_HOME").filter(|path| path.is_absolute());
    let data = data.or_else(|| set("HOME").map(|home| home.join(".local/share")));
    data.unwrap_or_else(env::temp_dir).join("tidegate/broker")
}

impl Embedded {
    /// Serves the folder, or connects to the process that does. Without a folder: a broker in memory, of this process.
    pub fn open(folder: Option<&Path>) -> Result<Embedded, BrokerError> {
        let Some(folder) = folder else {
            let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            let broker = Broker::start(BrokerOptions { listen, data: None })?;
            return Ok(Embedded { shared: Shared::new(Turn::Serving(broker)), watcher: None });
        };
        let shared = Shared::new(take_turn(folder, || false)?);
        let watcher = if shared.seat().broker.is_some() {
            None
        } else {
            let (shared, folder) = (shared.clone(), folder.to_path_buf());
            let watch = move || shared.watch(&folder);
            Some(thread::Builder::new().name("tidegate-watch".into()).spawn(watch).map_err(BrokerError::Threads)?)
        };
        Ok(Embedded { shared, watcher })
    }

    /// `host:port` for clients.
    pub fn bootstrap(&self) -> String {
        self.shared.seat().address.to_string()
    }

    /// This process serves.
    pub fn is_serving(&self) -> bool {
        self.shared.seat().broker.is_some()
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        {
            let mut seat = self.shared.seat();
            seat.is_closed = true;
            if let Some(link) = &seat.link {
                // wakes the watcher; fails only where the other end is gone, which wakes it too
                let _ = link.shutdown(Shutdown::Both);
            }
        }
        if let Some(watcher) = self.watcher.take()
            && watcher.join().is_err()
        {
            tracing::error!("the watcher of the embedded broker ended by a panic");
        }
        let broker = self.shared.seat().broker.take();
        drop(broker);
    }
}

impl Shared {
    fn new(turn: Turn) -> Arc<Shared> {
        let mut seat = Seat { address: turn.address(), broker: None, link: None, is_closed: false };
        seat.sit(turn);
        Arc::new(Shared { seat: Mutex::new(seat) })
    }

    fn seat(&self) -> MutexGuard<'_, Seat> {
        self.seat.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the serving process to end and takes its place, or follows whoever was faster.
    fn watch(&self, folder: &Path) {
        loop {
            let link = self.seat().link.as_ref().map(TcpStream::try_clone);
            match link {
                Some(Ok(link)) => wait_for_end(link),
                // out of file handles, most likely: look again later
                Some(Err(_)) => thread::sleep(Duration::from_secs(1)),
                None => {}
            }
            let is_closed = || self.seat().is_closed;
            if is_closed() {
                return;
            }
            match take_turn(folder, is_closed) {
                Ok(turn) => {
                    let mut seat = self.seat();
                    if seat.is_closed {
                        return;
                    }
                    seat.sit(turn);
                    if seat.broker.is_some() {
                        tracing::info!(address = %seat.address, "this process serves the embedded broker now");
                        return;
                    }
                }
                Err(error) if is_closed() => {
                    tracing::debug!(%error, "closed while waiting for the embedded broker");
                    return;
                }
                Err(error) => {
                    tracing::error!(%error, "the embedded broker is gone and cannot be taken over");
                    thread::sleep(Duration::from_secs(1));
                }
            }
        }
    }
}

impl Seat {
    fn sit(&mut self, turn: Turn) {
        self.address = turn.address();
        match turn {
            Turn::Serving(broker) => (self.broker, self.link) = (Some(broker), None),
            Turn::Following(link, _) => self.link = Some(link),
        }
    }
}

/// What came of opening a folder.
enum Turn {
    Serving(Broker),
    Following(TcpStream, SocketAddr),
}

impl Turn {
    fn address(&self) -> SocketAddr {
        match self {
            Turn::Serving(broker) => broker.address(),
            Turn::Following(_, address) => *address,
        }
    }
}

/// Serves the folder if nobody does, else connects to who does. The holder of the lock may still be opening its logs.
fn take_turn(folder: &Path, is_closed: impl Fn() -> bool) -> Result<Turn, BrokerError> {
    let since = Instant::now();
    loop {
        match Folder::claim(folder) {
            Ok(claimed) => return Broker::serve(Some(claimed), &addresses(folder)).map(Turn::Serving),
            Err(BrokerError::Locked { address, .. }) => {
                if let Some(address) = address
                    && let Ok(link) = TcpStream::connect(address)
                {
                    return Ok(Turn::Following(link, address));
                }
            }
            Err(error) => return Err(error),
        }
        if is_closed() || since.elapsed() > ANSWER_WITHIN {
            return Err(BrokerError::Unanswered { folder: folder.into() });
        }
        thread::sleep(RETRY);
    }
}

/// The last address of the folder's broker first, so that clients find the next one; then ports that differ from
/// folder to folder and lie below those that systems hand out to outgoing connections; then any.
fn addresses(folder: &Path) -> Vec<SocketAddr> {
    let name = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    let hash = name.as_os_str().as_encoded_bytes().iter();
    let hash =
        hash.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3));
    let ports = (0..20).map(|attempt| (20_000 + (hash % 10_000 + attempt) % 10_000) as u16).chain([0]);
    let chosen = ports.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    folder::address(folder).into_iter().chain(chosen).collect()
}

/// Returns when the other end is gone. The broker never sends unasked.
fn wait_for_end(mut link: TcpStream) {
    let mut byte = [0];
    loop {
        match link.read(&mut byte) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
