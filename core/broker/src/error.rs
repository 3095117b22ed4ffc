//! What keeps a broker from starting, each with what to do about it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a broker did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrokerError {
    /// The address is not one of this machine's own loopback addresses.
    #[error(
        "the embedded broker serves this machine only and cannot listen on {address}; \
         use 127.0.0.1 or [::1], or run Apache Kafka for other machines"
    )]
    NotLoopback {
        /// the address asked for
        address: SocketAddr,
    },
    /// The address is taken or cannot be used.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// the address asked for
        address: SocketAddr,
        /// what the system says
        source: io::Error,
    },
    /// Another broker holds the data folder.
    #[error(
        "the data folder {} is served by another process{}; connect to that one, or use another folder",
        folder.display(),
        address.map(|address| format!(" at {address}")).unwrap_or_default()
    )]
    Locked {
        /// the data folder
        folder: PathBuf,
        /// where its broker listens, if it has said so
        address: Option<SocketAddr>,
    },
    /// The process that holds the data folder does not answer.
    #[error("the process that serves the data folder {} does not answer; end it, or use another folder", folder.display())]
    Unanswered {
        /// the data folder
        folder: PathBuf,
    },
    /// The data folder's format is newer than this program.
    #[error("the data folder {} was written by a newer Tidegate (format {found})", folder.display())]
    NewerFormat {
        /// the data folder
        folder: PathBuf,
        /// the version found
        found: String,
    },
    /// The folder holds something else.
    #[error("{} holds files but is no broker's data folder; name an empty or a new folder", folder.display())]
    NotData {
        /// the folder
        folder: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// the file or folder
        path: PathBuf,
        /// what the system says
        source: io::Error,
    },
    /// No threads to serve with.
    #[error("cannot start the embedded broker's threads: {0}")]
    Threads(io::Error),
}

impl BrokerError {
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> BrokerError {
        let path = path.into();
        move |source| BrokerError::File { path, source }
    }
}
