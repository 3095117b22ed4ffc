//! The log of one partition: segments of whole batches, in a folder or in memory. It numbers, finds and deletes
//! records, keeps idempotent producers honest, and wakes who waits for more. It knows no topic and no request.
//!
//! Appending is one at a time; reading takes what an append published and reads the file beside the next append.

mod producers;
mod segment;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};

use bytes::BytesMut;
use kafka_protocol::ResponseError;
use tokio::sync::Notify;

use crate::batch::{self, Batch, Header};
use producers::Producers;
use segment::{Index, Segment};

const FILE_SEGMENT_BYTES: u64 = 32 * 1024 * 1024;
const MEMORY_SEGMENT_BYTES: u64 = 4 * 1024 * 1024;

/// One partition's records.
#[derive(Debug)]
pub(crate) struct Log {
    /// where its segments are; none: in memory
    folder: Option<PathBuf>,
    segment_bytes: u64,
    /// held while appending
    tail: Mutex<Tail>,
    view: RwLock<View>,
    waiting: Mutex<Vec<Weak<Notify>>>,
}

#[derive(Debug, Default)]
struct Tail {
    producers: Producers,
    is_retired: bool,
}

/// What readers see.
#[derive(Debug)]
struct View {
    ends: Ends,
    /// in order, without gaps, never empty; the last one grows
    pieces: Vec<Piece>,
}

#[derive(Debug)]
struct Piece {
    segment: Arc<Segment>,
    index: Index,
}

/// Where a log begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ends {
    /// offset of the first record that is not deleted
    pub(crate) start: i64,
    /// offset of the next record; the high watermark
    pub(crate) next: i64,
}

/// Records that can be read, from an offset on.
#[derive(Debug)]
pub(crate) struct Slice {
    segment: Arc<Segment>,
    offset: i64,
    /// positions: of a batch at or before the offset, of a later one about as far as is asked for, of the end
    from: u64,
    near_end: u64,
    end: u64,
    max_bytes: usize,
}

impl Log {
    /// Opens or makes a log whose records before `start` were deleted. A torn end is cut off.
    pub(crate) fn open(folder: Option<&Path>, start: i64) -> io::Result<Log> {
        let bytes = if folder.is_some() { FILE_SEGMENT_BYTES } else { MEMORY_SEGMENT_BYTES };
        Log::open_with(folder, start, bytes)
    }

    fn open_with(folder: Option<&Path>, start: i64, segment_bytes: u64) -> io::Result<Log> {
        let mut producers = Producers::default();
        let mut pieces = match folder {
            Some(folder) => {
                fs::create_dir_all(folder)?;
                recover(folder, &mut producers)?
            }
            None => Vec::new(),
        };
        let next = pieces.last().map_or(0, |piece| piece.index.next);
        if pieces.is_empty() || next < start {
            pieces.drain(..).for_each(|piece| piece.segment.remove());
            pieces.push(Piece::create(folder, start)?);
        }
        let ends = Ends { start: start.max(pieces[0].segment.base), next: next.max(start) };
        Ok(Log {
            folder: folder.map(Into::into),
            segment_bytes,
            tail: Mutex::new(Tail { producers, is_retired: false }),
            view: RwLock::new(View { ends, pieces }),
            waiting: Mutex::default(),
        })
    }

    /// Where it begins and ends.
    pub(crate) fn ends(&self) -> Ends {
        self.view().ends
    }

    /// Writes a batch at the end and gives the offset of its first record: of the first time, where it was sent again.
    pub(crate) fn append(&self, batch: &Batch) -> Result<i64, ResponseError> {
        let mut tail = self.tail();
        if tail.is_retired {
            return Err(ResponseError::UnknownTopicOrPartition);
        }
        if let Some(base) = tail.producers.judge(&batch.header)? {
            return Ok(base);
        }
        let base = self.write(batch).map_err(|error| {
            tracing::error!(%error, folder = ?self.folder, "cannot write to a log");
            ResponseError::KafkaStorageError
        })?;
        tail.producers.note(&batch.header, base);
        self.wake();
        Ok(base)
    }

    /// Under the lock of the tail.
    fn write(&self, batch: &Batch) -> io::Result<i64> {
        let (segment, at, base) = {
            let view = self.view();
            let last = view.last();
            (last.segment.clone(), last.index.bytes, view.ends.next)
        };
        let is_full = at > 0 && at + batch.bytes.len() as u64 > self.segment_bytes;
        let fresh = if is_full { Some(Piece::create(self.folder.as_deref(), base)?) } else { None };
        match &fresh {
            Some(piece) => piece.segment.write(0, base, &batch.bytes)?,
            None => segment.write(at, base, &batch.bytes)?,
        }
        let mut view = self.view_mut();
        view.pieces.extend(fresh);
        view.last_mut().index.push(&batch.header);
        view.ends.next = view.last().index.next;
        Ok(base)
    }

    /// What can be read from an offset on, about up to `max_bytes`; nothing at the end of the log.
    pub(crate) fn slice(&self, offset: i64, max_bytes: usize) -> (Ends, Result<Option<Slice>, ResponseError>) {
        let view = self.view();
        let ends = view.ends;
        if !(ends.start..=ends.next).contains(&offset) {
            return (ends, Err(ResponseError::OffsetOutOfRange));
        }
        if offset == ends.next {
            return (ends, Ok(None));
        }
        let after = view.pieces.partition_point(|piece| piece.segment.base <= offset);
        let piece = &view.pieces[after.saturating_sub(1)];
        let from = piece.index.before_offset(offset);
        let near_end = piece.index.before_position(from + max_bytes as u64);
        let (segment, end) = (piece.segment.clone(), piece.index.bytes);
        (ends, Ok(Some(Slice { segment, offset, from, near_end, end, max_bytes })))
    }

    /// The first record at or after a time, as (offset, timestamp).
    pub(crate) fn first_at(&self, timestamp: i64) -> io::Result<Option<(i64, i64)>> {
        let (start, pieces) = {
            let view = self.view();
            let pieces = view.pieces.iter().filter(|piece| piece.index.max_timestamp >= timestamp);
            let pieces = pieces.map(|p| (p.segment.clone(), p.index.before_time(timestamp), p.index.bytes));
            (view.ends.start, pieces.collect::<Vec<_>>())
        };
        let mut bytes = Vec::new();
        for (segment, from, end) in pieces {
            let mut walk = segment.walk(from, end);
            while let Some((at, header)) = walk.next()? {
                if header.max_timestamp < timestamp || header.last() < start {
                    continue;
                }
                bytes.resize(header.bytes, 0);
                segment.read(at, &mut bytes)?;
                if let Some(found) = batch::first_record_at(&header, &bytes, start, timestamp) {
                    return Ok(Some(found));
                }
            }
        }
        Ok(None)
    }

    /// Deletes the records before an offset (at most the end) and gives the new start. Whole segments go at once.
    pub(crate) fn delete_before(&self, offset: i64) -> io::Result<i64> {
        let _tail = self.tail();
        let ends = self.ends();
        let start = offset.clamp(ends.start, ends.next.max(ends.start));
        let is_all = start == ends.next && self.view().last().index.bytes > 0;
        let fresh = if is_all { Some(Piece::create(self.folder.as_deref(), start)?) } else { None };
        let gone: Vec<Piece> = {
            let mut view = self.view_mut();
            view.ends.start = start;
            view.pieces.extend(fresh);
            let kept = view.pieces.partition_point(|piece| piece.index.next <= start).min(view.pieces.len() - 1);
            view.pieces.drain(..kept).collect()
        };
        gone.iter().for_each(|piece| piece.segment.remove());
        Ok(start)
    }

    /// Nothing more is written: the topic is being deleted.
    pub(crate) fn retire(&self) {
        self.tail().is_retired = true;
        self.wake();
    }

    /// Tells this one once when something is appended. To be called again after each time.
    pub(crate) fn watch(&self, who: &Arc<Notify>) {
        let mut waiting = lock(&self.waiting);
        let me = Arc::downgrade(who);
        if !waiting.iter().any(|other| other.ptr_eq(&me)) {
            waiting.retain(|other| other.strong_count() > 0);
            waiting.push(me);
        }
    }

    fn wake(&self) {
        let waiting = std::mem::take(&mut *lock(&self.waiting));
        waiting.iter().filter_map(Weak::upgrade).for_each(|who| who.notify_one());
    }

    fn tail(&self) -> MutexGuard<'_, Tail> {
        lock(&self.tail)
    }

    fn view(&self) -> RwLockReadGuard<'_, View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn view_mut(&self) -> RwLockWriteGuard<'_, View> {
        self.view.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl View {
    fn last(&self) -> &Piece {
        &self.pieces[self.pieces.len() - 1]
    }

    fn last_mut(&mut self) -> &mut Piece {
        let last = self.pieces.len() - 1;
        &mut self.pieces[last]
    }
}

impl Piece {
    fn create(folder: Option<&Path>, base: i64) -> io::Result<Piece> {
        Ok(Piece { segment: Arc::new(Segment::create(folder, base)?), index: Index::new(base) })
    }
}

impl Slice {
    /// About how much there is, at most what was asked for.
    pub(crate) fn available(&self) -> usize {
        ((self.end - self.from) as usize).min(self.max_bytes)
    }

    /// Appends whole batches, straight from the file. The first one comes even if it is larger than was asked for, but
    /// not if it is larger than `room`.
    pub(crate) fn read_into(&self, out: &mut BytesMut, room: usize) -> io::Result<()> {
        let mut walk = self.segment.walk(self.from, self.end);
        let (at, first) = loop {
            match walk.next()? {
                Some((at, header)) if header.last() >= self.offset => break (at, header),
                Some(_) => {}
                None => return Ok(()),
            }
        };
        if first.bytes > room {
            return Ok(());
        }
        let begin = out.len();
        let bytes = self.max_bytes.min(room).max(first.bytes).min((self.end - at) as usize);
        out.resize(begin + bytes, 0);
        if let Err(error) = self.segment.read(at, &mut out[begin..]) {
            out.truncate(begin);
            return Err(error);
        }
        let boundary = self.near_end.saturating_sub(at) as usize;
        let boundary = if boundary < first.bytes || boundary > bytes { first.bytes } else { boundary };
        let whole = boundary + whole_batches(&out[begin + boundary..]);
        out.truncate(begin + whole);
        Ok(())
    }
}

/// Bytes of the whole batches at the front.
fn whole_batches(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(header) = Header::read(&bytes[at..]).filter(|header| header.bytes <= bytes.len() - at) {
        at += header.bytes;
    }
    at
}

/// Reads the segments of a folder. All but the last were written whole; where one is damaged nevertheless, the log
/// ends there, and the segments after it are set aside as `*.damaged`.
fn recover(folder: &Path, producers: &mut Producers) -> io::Result<Vec<Piece>> {
    let mut bases = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let base = name.to_str().and_then(|name| name.strip_suffix(".log")).and_then(|base| base.parse::<i64>().ok());
        bases.extend(base.filter(|base| *base >= 0));
    }
    bases.sort_unstable();
    let path = |base: i64| folder.join(format!("{base:020}.log"));
    let mut pieces: Vec<Piece> = Vec::with_capacity(bases.len());
    for (position, &base) in bases.iter().enumerate() {
        let expected = pieces.last().map_or(base, |piece| piece.index.next);
        let is_last = position + 1 == bases.len();
        if expected != base {
            set_aside(bases[position..].iter().map(|base| path(*base)))?;
            break;
        }
        let segment = Segment::open(&path(base), base)?;
        let (index, is_cut) = segment.recover(is_last, |header| producers.note(header, header.base))?;
        pieces.push(Piece { segment: Arc::new(segment), index });
        if is_cut && !is_last {
            set_aside(bases[position + 1..].iter().map(|base| path(*base)))?;
            break;
        }
    }
    Ok(pieces)
}

fn set_aside(paths: impl Iterator<Item = PathBuf>) -> io::Result<()> {
    for path in paths {
        let aside = path.with_extension("damaged");
        tracing::error!(file = %path.display(), aside = %aside.display(), "set aside: the log before it is damaged");
        fs::rename(path, aside)?;
    }
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
