//! A stretch of a partition's log: batches one after the other in a file (or in memory), and a sparse index over them.
//! It knows nothing of what comes before and after.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use crate::batch::{self, Header};

/// Bytes of log for one entry of the index.
const INDEX_STEP_BYTES: u64 = 16 * 1024;
/// Bytes that a walk along the headers reads at once.
const WINDOW_BYTES: u64 = 4 * 1024;

/// The bytes of a segment.
#[derive(Debug)]
pub(super) struct Segment {
    /// offset of its first record
    pub(super) base: i64,
    data: Data,
}

#[derive(Debug)]
enum Data {
    File(File, PathBuf),
    Memory(RwLock<Vec<u8>>),
}

impl Segment {
    /// A new one, empty: a file in the folder, or memory.
    pub(super) fn create(folder: Option<&Path>, base: i64) -> io::Result<Segment> {
        let Some(folder) = folder else {
            return Ok(Segment { base, data: Data::Memory(RwLock::default()) });
        };
        let path = folder.join(format!("{base:020}.log"));
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path)?;
        Ok(Segment { base, data: Data::File(file, path) })
    }

    /// One that a process before us wrote.
    pub(super) fn open(path: &Path, base: i64) -> io::Result<Segment> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Segment { base, data: Data::File(file, path.into()) })
    }

    /// Writes a batch at a position, under a new base offset. What a failure leaves there is overwritten by the next.
    pub(super) fn write(&self, at: u64, base: i64, batch: &[u8]) -> io::Result<()> {
        // base offset, length, leader epoch: before what the checksum covers
        let (head, body) = batch.split_at_checked(16).ok_or(io::ErrorKind::InvalidInput)?;
        let mut own_head = [0; 16];
        own_head.copy_from_slice(head);
        own_head[..8].copy_from_slice(&base.to_be_bytes());
        own_head[12..].copy_from_slice(&0_i32.to_be_bytes());
        match &self.data {
            Data::File(file, _) => {
                file.write_all_at(&own_head, at)?;
                file.write_all_at(body, at + 16)
            }
            Data::Memory(bytes) => {
                let mut bytes = bytes.write().unwrap_or_else(PoisonError::into_inner);
                bytes.truncate(at as usize);
                bytes.extend_from_slice(&own_head);
                bytes.extend_from_slice(body);
                Ok(())
            }
        }
    }

    /// Fills the buffer from a position on.
    pub(super) fn read(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        match &self.data {
            Data::File(file, _) => file.read_exact_at(into, at),
            Data::Memory(bytes) => {
                let bytes = bytes.read().unwrap_or_else(PoisonError::into_inner);
                let part = bytes.get(at as usize..at as usize + into.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
                into.copy_from_slice(part);
                Ok(())
            }
        }
    }

    /// Along the headers of the batches from one position to another; both must lie between batches.
    pub(super) fn walk(&self, from: u64, to: u64) -> Walk<'_> {
        Walk { segment: self, at: from, to, window: Vec::new(), window_at: from }
    }

    /// Reads all that was written and cuts off what is torn or damaged: with `checksums` wherever it is, else where the
    /// headers show it. Gives the index and whether something was cut off; calls `seen` with each batch kept.
    pub(super) fn recover(&self, checksums: bool, mut seen: impl FnMut(&Header)) -> io::Result<(Index, bool)> {
        let mut index = Index::new(self.base);
        let Data::File(file, path) = &self.data else { return Ok((index, false)) };
        let length = file.metadata()?.len();
        let mut bytes = Vec::new();
        let mut walk = self.walk(0, length);
        loop {
            let (at, header) = match walk.next() {
                Ok(Some(batch)) => batch,
                Ok(None) => break,
                Err(error) if error.kind() == io::ErrorKind::InvalidData => break,
                Err(error) => return Err(error),
            };
            let mut is_good = header.base == index.next && header.bytes as u64 <= length - at;
            if is_good && checksums {
                bytes.resize(header.bytes, 0);
                self.read(at, &mut bytes)?;
                is_good = batch::is_intact(&header, &bytes);
            }
            if !is_good {
                break;
            }
            seen(&header);
            index.push(&header);
        }
        let is_cut = index.bytes < length;
        if is_cut {
            let lost = length - index.bytes;
            tracing::warn!(file = %path.display(), at = index.bytes, lost, "the end of a log is torn and was cut off");
            file.set_len(index.bytes)?;
        }
        Ok((index, is_cut))
    }

    /// Removes the file; those who read it go on.
    pub(super) fn remove(&self) {
        if let Data::File(_, path) = &self.data
            && let Err(error) = std::fs::remove_file(path)
        {
            tracing::warn!(file = %path.display(), %error, "cannot remove a part of a log that was deleted");
        }
    }
}

/// Reads header after header, in windows.
pub(super) struct Walk<'a> {
    segment: &'a Segment,
    at: u64,
    to: u64,
    window: Vec<u8>,
    window_at: u64,
}

impl Walk<'_> {
    /// The next batch and its position; none at the end. An error where there is no batch.
    pub(super) fn next(&mut self) -> io::Result<Option<(u64, Header)>> {
        if self.at >= self.to {
            return Ok(None);
        }
        let window_end = self.window_at + self.window.len() as u64;
        if self.at < self.window_at || self.at + batch::HEADER_BYTES as u64 > window_end {
            self.window.resize((self.to - self.at).min(WINDOW_BYTES) as usize, 0);
            self.window_at = self.at;
            self.segment.read(self.at, &mut self.window)?;
        }
        let header = self.window.get((self.at - self.window_at) as usize..).and_then(Header::read);
        let header = header.ok_or(io::ErrorKind::InvalidData)?;
        let at = self.at;
        self.at += header.bytes as u64;
        Ok(Some((at, header)))
    }
}

/// Where in a segment what is.
#[derive(Debug)]
pub(super) struct Index {
    entries: Vec<Entry>,
    /// length of the segment
    pub(super) bytes: u64,
    /// offset after its last record
    pub(super) next: i64,
    /// largest timestamp
    pub(super) max_timestamp: i64,
}

/// A batch, some way after the one of the entry before.
#[derive(Debug, Clone, Copy)]
struct Entry {
    offset: i64,
    at: u64,
    /// largest timestamp of all batches before this one
    max_timestamp_before: i64,
}

impl Index {
    /// Of an empty segment.
    pub(super) fn new(base: i64) -> Index {
        Index { entries: Vec::new(), bytes: 0, next: base, max_timestamp: i64::MIN }
    }

    /// Adds the batch at the end of the segment.
    pub(super) fn push(&mut self, header: &Header) {
        if self.entries.last().is_none_or(|last| self.bytes >= last.at + INDEX_STEP_BYTES) {
            let entry = Entry { offset: self.next, at: self.bytes, max_timestamp_before: self.max_timestamp };
            self.entries.push(entry);
        }
        self.bytes += header.bytes as u64;
        self.next += header.offsets();
        self.max_timestamp = self.max_timestamp.max(header.max_timestamp);
    }

    /// The position of some batch at or before that of the offset.
    pub(super) fn before_offset(&self, offset: i64) -> u64 {
        self.last_where(|entry| entry.offset <= offset)
    }

    /// The position of some batch at or before the first with a record of this time or later.
    pub(super) fn before_time(&self, timestamp: i64) -> u64 {
        self.last_where(|entry| entry.max_timestamp_before < timestamp)
    }

    /// The position of some batch that begins at or before this position.
    pub(super) fn before_position(&self, at: u64) -> u64 {
        self.last_where(|entry| entry.at <= at)
    }

    fn last_where(&self, holds: impl Fn(&Entry) -> bool) -> u64 {
        let count = self.entries.partition_point(holds);
        count.checked_sub(1).and_then(|last| self.entries.get(last)).map_or(0, |entry| entry.at)
    }
}
