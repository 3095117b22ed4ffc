//! What requests work on: one broker's topics, groups and journal. No lock here is held while records are read or
//! written; where two are needed, the journal's comes first.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kafka_protocol::protocol::StrBytes;

use crate::BrokerError;
use crate::folder::Folder;
use crate::groups::Groups;
use crate::journal::Journal;
use crate::topics::Topics;

/// The id of the only node.
pub(crate) const NODE: i32 = 1;

/// One broker's state.
#[derive(Debug)]
pub(crate) struct Cluster {
    address: SocketAddr,
    host: StrBytes,
    journal: Mutex<Journal>,
    pub(crate) topics: Topics,
    pub(crate) groups: Groups,
    /// last, so that the folder is free only after all else is closed
    _folder: Option<Folder>,
}

impl Cluster {
    /// Opens the folder's data, or nothing in memory.
    pub(crate) fn open(folder: Option<Folder>, address: SocketAddr) -> Result<Cluster, BrokerError> {
        let path = folder.as_ref().map(Folder::path);
        let mut journal = Journal::open(path)?;
        let topics = Topics::open(path, &mut journal)?;
        let host = StrBytes::from_string(address.ip().to_string());
        let groups = Groups::default();
        Ok(Cluster { address, host, journal: Mutex::new(journal), topics, groups, _folder: folder })
    }

    /// The host that clients connect to.
    pub(crate) fn host(&self) -> StrBytes {
        self.host.clone()
    }

    /// The port that clients connect to.
    pub(crate) fn port(&self) -> i32 {
        i32::from(self.address.port())
    }

    /// The journal, for this caller alone.
    pub(crate) fn journal(&self) -> MutexGuard<'_, Journal> {
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
