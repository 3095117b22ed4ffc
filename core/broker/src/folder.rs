//! The data folder as a whole: whose it is, its format, and where its broker listens. What is inside the files is
//! the business of [`crate::journal`] and [`crate::log`].
//!
//! ```text
//! format      the version of this layout
//! lock        locked by the process that serves the folder
//! address     host:port of the broker that serves, or served last
//! journal     topics, settings, committed offsets (see `journal`)
//! topics/N/P  segments of partition P of the topic that the journal calls N (see `log`)
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::BrokerError;

const FORMAT: &str = "tidegate-broker 1";

/// A data folder that this process has locked, until it is dropped.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Locks the folder for this process; makes it where it is absent.
    pub(crate) fn claim(path: &Path) -> Result<Folder, BrokerError> {
        fs::create_dir_all(path).map_err(BrokerError::file(path))?;
        let format = path.join("format");
        if !format.exists() && has_files(path)? {
            return Err(BrokerError::NotData { folder: path.into() });
        }
        let lock_path = path.join("lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(BrokerError::file(&lock_path))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                return Err(BrokerError::Locked { folder: path.into(), address: address(path) });
            }
            Err(errno) => return Err(BrokerError::File { path: lock_path, source: errno.into() }),
        }
        check_format(path, &format)?;
        Ok(Folder { path: path.into(), _lock: lock })
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Says where the folder's broker listens.
    pub(crate) fn announce(&self, address: SocketAddr) -> Result<(), BrokerError> {
        write_whole(&self.path.join("address"), &format!("{address}\n"))
    }
}

/// Where the folder's broker listens or listened last, if one ever did.
pub(crate) fn address(folder: &Path) -> Option<SocketAddr> {
    let address: SocketAddr = fs::read_to_string(folder.join("address")).ok()?.trim().parse().ok()?;
    address.ip().is_loopback().then_some(address)
}

/// Replaces a file in one step: a reader sees the old text or the new one.
fn write_whole(path: &Path, text: &str) -> Result<(), BrokerError> {
    let new = path.with_extension("new");
    let write = || {
        let mut file = File::create(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)
    };
    write().map_err(BrokerError::file(path))
}

fn check_format(folder: &Path, format: &Path) -> Result<(), BrokerError> {
    if !format.exists() {
        return write_whole(format, &format!("{FORMAT}\n"));
    }
    let found = fs::read_to_string(format).map_err(BrokerError::file(format))?;
    match found.trim() {
        FORMAT => Ok(()),
        other if other.starts_with("tidegate-broker ") => {
            Err(BrokerError::NewerFormat { folder: folder.into(), found: other.into() })
        }
        _ => Err(BrokerError::NotData { folder: folder.into() }),
    }
}

/// Anything but what a process leaves that was ended while it claimed an empty folder.
fn has_files(folder: &Path) -> Result<bool, BrokerError> {
    for entry in fs::read_dir(folder).map_err(BrokerError::file(folder))? {
        let name = entry.map_err(BrokerError::file(folder))?.file_name();
        if name != "lock" && name != "format.new" && name != "format" {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = Folder::claim(folder.path()).unwrap();
        first.announce("127.0.0.1:20001".parse().unwrap()).unwrap();
        let refused = Folder::claim(folder.path()).unwrap_err();
        assert!(
            matches!(refused, BrokerError::Locked { address: Some(address), .. } if address.port() == 20001),
            "{refused}"
        );
        drop(first);
        Folder::claim(folder.path()).unwrap();
    }

    #[test]
    fn foreign_and_newer_folders_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("letter.txt"), "dear").unwrap();
        assert!(matches!(Folder::claim(folder.path()), Err(BrokerError::NotData { .. })));
        fs::write(folder.path().join("format"), "tidegate-broker 2\n").unwrap();
        assert!(matches!(Folder::claim(folder.path()), Err(BrokerError::NewerFormat { .. })));
        fs::write(folder.path().join("format"), "something\n").unwrap();
        assert!(matches!(Folder::claim(folder.path()), Err(BrokerError::NotData { .. })));
    }

    #[test]
    fn only_loopback_addresses_are_read() {
        let folder = tempfile::tempdir().unwrap();
        for (text, expected) in [("127.0.0.1:9\n", true), ("10.0.0.1:9", false), ("", false), ("nonsense", false)] {
            fs::write(folder.path().join("address"), text).unwrap();
            assert_eq!(address(folder.path()).is_some(), expected, "{text:?}");
        }
    }
}
