//! Objects of JSON to columns. The names of an object mostly follow each other as they did in the record before: the
//! bytes from one value to the next are compared as a whole with those seen there, and only what differs is parsed.

use super::cursor::{Span, Syntax};
use super::escape::unescape;
use super::node::Node;
use super::reader::Reader;

/// The columns that are wanted of an object, filled row by row.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) fields: Vec<Field>,
    /// rows that are complete
    pub(super) rows: usize,
    shape: Shape,
}

/// A wanted column.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) node: Node,
}

/// What stood between the values of the objects before, in order: a sequence that holds, as far as possible, the
/// names of each of them with gaps.
#[derive(Debug, Default)]
struct Shape(Vec<Lead>);

/// What leads to a value: bracket or comma, name, colon, and the white space around them.
#[derive(Debug)]
struct Lead {
    /// the first 16 bytes, zeros behind
    word: u128,
    /// which of them count
    mask: u128,
    length: usize,
    /// what is longer than 16 bytes
    rest: Box<[u8]>,
    /// behind the opening bracket, not behind a value
    is_first: bool,
    /// the wanted column that this name is, if any
    field: Option<u32>,
}

/// More different leads than this are not kept: the objects have no shape then.
const MAX_LEADS: usize = 512;
/// Nor are longer ones.
const MAX_LEAD: usize = 256;

impl Object {
    pub(super) fn new(fields: Vec<Field>) -> Object {
        Object { fields, rows: 0, shape: Shape::default() }
    }

    /// Reads the object whose bracket is here as one more row. Values of the wrong type are noted, and null; the
    /// rest is read all the same, since it has to be JSON and a name may come again: the last one counts.
    ///
    /// # Errors
    /// Where the payload is not JSON; the columns then hold a part of the row.
    pub(super) fn read(&mut self, reader: &mut Reader, depth: u32) -> Result<(), Syntax> {
        let (row, noted, opening) = (self.rows, reader.refusals.len(), reader.cursor.at);
        let mut place = 0;
        let mut is_first = true;
        loop {
            // Columns are at one depth each, so a lead that was learnt has been found not to be too deep.
            let field = match self.shape.follow(reader, &mut place, is_first) {
                Some(field) => field,
                None => match self.next_name(reader, depth, &mut place, is_first)? {
                    Some(field) => field,
                    None => break,
                },
            };
            is_first = false;
            match field {
                None => reader.cursor.skip_value(depth + 1)?,
                Some(field) => {
                    let node = &mut self.fields[field as usize].node;
                    if node.rows() > row {
                        node.truncate(row);
                        reader.forget(noted, node);
                    }
                    node.read(reader, depth + 1)?;
                }
            }
        }
        for field in &mut self.fields {
            if field.node.rows() == row {
                field.node.read_absent(reader, opening);
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// Parses from a value to the next, and learns it; none at the closing bracket.
    #[inline(never)]
    fn next_name(
        &mut self,
        reader: &mut Reader,
        depth: u32,
        place: &mut usize,
        is_first: bool,
    ) -> Result<Option<Option<u32>>, Syntax> {
        let cursor = &mut reader.cursor;
        let start = cursor.at;
        if is_first {
            if cursor.enter(depth)? == b'}' {
                cursor.at += 1;
                return Ok(None);
            }
        } else if cursor.is_closed_by(b'}', "`,` or `}`")? {
            return Ok(None);
        }
        if cursor.skip_space() != b'"' {
            return Err(cursor.expected("a name in quotes"));
        }
        let name = cursor.text()?;
        cursor.colon()?;
        cursor.skip_space();
        let lead = &cursor.bytes[start..cursor.at];
        let field = self.find(cursor.bytes, &name);
        self.shape.learn(lead, place, is_first, field);
        Ok(Some(field))
    }

    fn find(&self, bytes: &[u8], name: &Span) -> Option<u32> {
        let written = &bytes[name.start..name.end];
        let mut plain = Vec::new();
        let name = match name.is_escaped {
            false => written,
            true => {
                unescape(written, &mut plain);
                &plain
            }
        };
        self.fields.iter().position(|field| field.name.as_bytes() == name).map(|place| place as u32)
    }

    /// One more row of nulls.
    pub(super) fn push_null(&mut self) {
        self.fields.iter_mut().for_each(|field| field.node.push_null());
        self.rows += 1;
    }

    /// Forgets the rows from `rows` on, and any part of one.
    pub(super) fn truncate(&mut self, rows: usize) {
        self.fields.iter_mut().for_each(|field| field.node.truncate(rows));
        self.rows = rows;
    }
}

impl Shape {
    /// Goes over the lead that is expected here, or the one behind it, if it stands here; gives which column follows.
    #[inline(always)]
    fn follow(&self, reader: &mut Reader, place: &mut usize, is_first: bool) -> Option<Option<u32>> {
        let here = reader.cursor.bytes.get(reader.cursor.at..)?;
        for step in 0..2 {
            let lead = self.0.get(*place + step)?;
            if lead.is_first == is_first && lead.stands_in(here) {
                reader.cursor.at += lead.length;
                *place += step + 1;
                return Some(lead.field);
            }
        }
        None
    }

    fn learn(&mut self, lead: &[u8], place: &mut usize, is_first: bool, field: Option<u32>) {
        if lead.len() > MAX_LEAD {
            return;
        }
        if self.0.len() >= MAX_LEADS {
            self.0.clear();
            *place = 0;
        }
        self.0.insert(*place, Lead::new(lead, is_first, field));
        *place += 1;
    }
}

impl Lead {
    fn new(lead: &[u8], is_first: bool, field: Option<u32>) -> Lead {
        let (head, rest) = lead.split_at(lead.len().min(16));
        let mut word = [0; 16];
        word[..head.len()].copy_from_slice(head);
        let mask = u128::MAX >> (128 - 8 * head.len().max(1));
        Lead { word: u128::from_le_bytes(word), mask, length: lead.len(), rest: rest.into(), is_first, field }
    }

    #[inline(always)]
    fn stands_in(&self, here: &[u8]) -> bool {
        let Some(&head) = here.first_chunk::<16>() else {
            return self.length <= here.len() && here[..self.length] == self.word.to_le_bytes()[..self.length];
        };
        let is_head = u128::from_le_bytes(head) & self.mask == self.word;
        is_head && (self.length <= 16 || here[16..].starts_with(&self.rest))
    }
}
