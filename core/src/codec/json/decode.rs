//! Payloads to columns, row by row: a bad record is taken back and its row is null.

use std::sync::Arc;

use arrow_array::{Array, BinaryViewArray};
use arrow_buffer::Buffer;

use super::Dialect;
use super::cursor::{Cursor, Syntax};
use super::mask::scan;
use super::node::fields_of;
use super::object::Object;
use super::reader::{Reader, Refusal};
use crate::codec::views::{Blocks, place_of, value};
use crate::codec::{DecodeFailure, Decoded};
use crate::types::Schema;

/// Reads JSON objects into the columns of a schema.
#[derive(Debug)]
pub(in crate::codec) struct JsonDecoder {
    root: Object,
    /// of the nodes, by number
    paths: Vec<String>,
    dialect: Dialect,
    mask: Vec<u64>,
    blocks: Blocks,
    refusals: Vec<Refusal>,
}

impl JsonDecoder {
    pub(in crate::codec) fn new(schema: &Schema, dialect: Dialect) -> JsonDecoder {
        let mut paths = Vec::new();
        let root = Object::new(fields_of(&schema.columns, "", dialect, &mut paths));
        let (mask, blocks, refusals) = (Vec::new(), Blocks::default(), Vec::new());
        JsonDecoder { root, paths, dialect, mask, blocks, refusals }
    }

    pub(in crate::codec) fn decode(&mut self, payload: &BinaryViewArray) -> Decoded {
        let mut failures = Vec::new();
        self.blocks.start_after(payload.data_buffers().len());
        for row in 0..payload.len() {
            match value(payload, row) {
                None => self.root.push_null(),
                Some(bytes) => {
                    if let Err((offset, reason)) = self.read(bytes, place_of(payload.views()[row])) {
                        self.root.truncate(row);
                        self.root.push_null();
                        failures.push(DecodeFailure { row, offset, reason });
                    }
                }
            }
        }
        let own = self.blocks.take();
        let buffers: Arc<[Buffer]> = match own.is_empty() {
            true => payload.data_buffers().clone(),
            false => payload.data_buffers().iter().cloned().chain(own).collect(),
        };
        self.root.rows = 0;
        let columns = self.root.fields.iter_mut().map(|field| field.node.finish(&buffers)).collect();
        Decoded { columns, failures }
    }

    /// Reads one object as one more row, or gives a place and a reason and leaves a part of a row behind.
    #[inline(always)]
    fn read(&mut self, bytes: &[u8], place: (u32, u32)) -> Result<(), (usize, String)> {
        check_utf8(scan(bytes, &mut self.mask), bytes)?;
        let mut reader = Reader {
            cursor: Cursor::new(bytes, &self.mask),
            blocks: &mut self.blocks,
            refusals: &mut self.refusals,
            place,
            dialect: self.dialect,
        };
        reader.refusals.clear();
        read_whole(&mut self.root, &mut reader).map_err(|syntax| (syntax.at, syntax.reason(bytes)))?;
        match self.refusals.first() {
            None => Ok(()),
            Some(refusal) => {
                Err((refusal.at, format!("column {}: {}", self.paths[refusal.node as usize], refusal.why)))
            }
        }
    }
}

#[inline(always)]
fn read_whole(root: &mut Object, reader: &mut Reader) -> Result<(), Syntax> {
    let first = reader.cursor.skip_space();
    let start = reader.cursor.at;
    match first {
        b'{' => root.read(reader, 0)?,
        _ => reader.cursor.skip_value(0)?,
    }
    reader.cursor.finish()?;
    match first {
        b'{' => Ok(()),
        _ => Err(Syntax::no_object(start)),
    }
}

/// Checks one JSON document of any kind, all of it.
///
/// # Errors
/// Place and reason.
pub(in crate::codec) fn check(bytes: &[u8], mask: &mut Vec<u64>) -> Result<(), (usize, String)> {
    check_utf8(scan(bytes, mask), bytes)?;
    let mut cursor = Cursor::new(bytes, mask);
    let checked = cursor.skip_value(0).and_then(|()| cursor.finish());
    checked.map_err(|syntax| (syntax.at, syntax.reason(bytes)))
}

#[inline(always)]
fn check_utf8(is_ascii: bool, bytes: &[u8]) -> Result<(), (usize, String)> {
    match is_ascii {
        true => Ok(()),
        false => std::str::from_utf8(bytes).map(drop).map_err(|why| (why.valid_up_to(), "invalid UTF-8".into())),
    }
}
