//! One change to the journal's state, and its bytes.

use std::collections::BTreeMap;

use bytes::{Buf, BufMut};

use super::Committed;

/// Length and checksum before a body.
const FRAME_BYTES: usize = 8;

/// A change.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Entry {
    /// made, or changed
    Topic {
        name: String,
        number: u64,
        partitions: i32,
        settings: BTreeMap<String, String>,
    },
    /// with all offsets committed for it
    TopicDeleted {
        name: String,
    },
    /// records before the offset were deleted
    Start {
        topic: String,
        partition: i32,
        offset: i64,
    },
    Commit {
        group: String,
        topic: String,
        partition: i32,
        committed: Committed,
    },
    GroupDeleted {
        group: String,
    },
    /// the id of the next idempotent producer
    NextProducer {
        id: i64,
    },
    /// the number of the next topic
    NextTopic {
        number: u64,
    },
}

impl Entry {
    /// Appends the framed entry.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let begin = out.len();
        out.put_bytes(0, FRAME_BYTES);
        self.write_body(out);
        let body = &out[begin + FRAME_BYTES..];
        let (length, checksum) = (body.len() as u32, crc32c::crc32c(body));
        out[begin..begin + 4].copy_from_slice(&length.to_be_bytes());
        out[begin + 4..begin + FRAME_BYTES].copy_from_slice(&checksum.to_be_bytes());
    }

    fn write_body(&self, out: &mut Vec<u8>) {
        match self {
            Entry::Topic { name, number, partitions, settings } => {
                out.put_u8(1);
                put_text(out, name);
                out.put_u64(*number);
                out.put_i32(*partitions);
                out.put_u32(settings.len() as u32);
                for (name, value) in settings {
                    put_text(out, name);
                    put_text(out, value);
                }
            }
            Entry::TopicDeleted { name } => {
                out.put_u8(2);
                put_text(out, name);
            }
            Entry::Start { topic, partition, offset } => {
                out.put_u8(3);
                put_text(out, topic);
                out.put_i32(*partition);
                out.put_i64(*offset);
            }
            Entry::Commit { group, topic, partition, committed } => {
                out.put_u8(4);
                put_text(out, group);
                put_text(out, topic);
                out.put_i32(*partition);
                out.put_i64(committed.offset);
                out.put_i32(committed.leader_epoch);
                put_text(out, &committed.metadata);
            }
            Entry::GroupDeleted { group } => {
                out.put_u8(5);
                put_text(out, group);
            }
            Entry::NextProducer { id } => {
                out.put_u8(6);
                out.put_i64(*id);
            }
            Entry::NextTopic { number } => {
                out.put_u8(7);
                out.put_u64(*number);
            }
        }
    }
}

/// Reads entry after entry; gives the bytes of those that are whole and right.
pub(super) fn read_all(bytes: &[u8], mut each: impl FnMut(Entry)) -> usize {
    let mut at = 0;
    while let Some((entry, length)) = read(&bytes[at..]) {
        each(entry);
        at += length;
    }
    at
}

fn read(bytes: &[u8]) -> Option<(Entry, usize)> {
    let mut frame = bytes.get(..FRAME_BYTES)?;
    let (length, checksum) = (frame.get_u32() as usize, frame.get_u32());
    let end = FRAME_BYTES.checked_add(length)?;
    let body = bytes.get(FRAME_BYTES..end)?;
    if crc32c::crc32c(body) != checksum {
        return None;
    }
    Some((read_body(body)?, end))
}

/// Reads the body of an entry; none where it is not one.
pub(super) fn read_body(mut body: &[u8]) -> Option<Entry> {
    let from = &mut body;
    let entry = match from.try_get_u8().ok()? {
        1 => {
            let (name, number) = (get_text(from)?, from.try_get_u64().ok()?);
            let partitions = from.try_get_i32().ok()?;
            let mut settings = BTreeMap::new();
            for _ in 0..from.try_get_u32().ok()? {
                settings.insert(get_text(from)?, get_text(from)?);
            }
            Entry::Topic { name, number, partitions, settings }
        }
        2 => Entry::TopicDeleted { name: get_text(from)? },
        3 => {
            let (topic, partition) = (get_text(from)?, from.try_get_i32().ok()?);
            Entry::Start { topic, partition, offset: from.try_get_i64().ok()? }
        }
        4 => {
            let (group, topic, partition) = (get_text(from)?, get_text(from)?, from.try_get_i32().ok()?);
            let (offset, leader_epoch) = (from.try_get_i64().ok()?, from.try_get_i32().ok()?);
            let committed = Committed { offset, leader_epoch, metadata: get_text(from)? };
            Entry::Commit { group, topic, partition, committed }
        }
        5 => Entry::GroupDeleted { group: get_text(from)? },
        6 => Entry::NextProducer { id: from.try_get_i64().ok()? },
        7 => Entry::NextTopic { number: from.try_get_u64().ok()? },
        _ => return None,
    };
    from.is_empty().then_some(entry)
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.put_u32(text.len() as u32);
    out.put_slice(text.as_bytes());
}

fn get_text(from: &mut &[u8]) -> Option<String> {
    let length = from.try_get_u32().ok()? as usize;
    let (text, rest) = from.split_at_checked(length)?;
    *from = rest;
    String::from_utf8(text.to_vec()).ok()
}
