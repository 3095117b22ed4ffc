//! What keeps a broker from starting, and what to do about it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a broker did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrokerError {
    /// The address is not one of this machine's own loopback addresses.
    #[error("the embedded broker serves this machine only and cannot listen on {address}")]
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
        "the data folder {} is served by another process{}",
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
    #[error("the process that serves the data folder {} does not answer", folder.display())]
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
    #[error("{} holds files but is no broker's data folder", folder.display())]
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
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            BrokerError::NotLoopback { .. } => "listen on 127.0.0.1 or [::1], or run Apache Kafka for other machines",
            BrokerError::Listen { .. } => "listen on another port; port 0 takes any that is free",
            BrokerError::Locked { .. } => "connect to that one, or use another folder",
            BrokerError::Unanswered { .. } => "end that process, or use another folder",
            BrokerError::NewerFormat { .. } => "use that version, or another folder",
            BrokerError::NotData { .. } => "name an empty folder, or a new one",
            BrokerError::File { .. } => "see whether the folder is there, may be written, and has room",
            BrokerError::Threads(_) => "end other programs, or allow more threads",
        }
    }

    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> BrokerError {
        let path = path.into();
        move |source| BrokerError::File { path, source }
    }
}
