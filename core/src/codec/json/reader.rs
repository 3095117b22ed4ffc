//! Values of JSON as values of columns: which JSON each type takes, and what is said of one that it does not take.

use arrow_buffer::IntervalMonthDayNano;

use super::Dialect;
use super::cursor::{Cursor, Span, Syntax, kind_of};
use super::escape::unescape;
use super::node::{Node, Values};
use crate::codec::interval::interval_of;
use crate::codec::scalar::{base64_of, decimal_of, timestamp_of};
use crate::codec::views::{Blocks, view_within};
use crate::types::Type;

/// What is needed to read a record.
pub(super) struct Reader<'a> {
    pub(super) cursor: Cursor<'a>,
    /// where texts that had escapes go, and bytes
    pub(super) blocks: &'a mut Blocks,
    /// values that their columns do not take
    pub(super) refusals: &'a mut Vec<Refusal>,
    /// buffer and offset of the payload's first byte
    pub(super) place: (u32, u32),
    pub(super) dialect: Dialect,
}

/// A value that its column does not take.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) node: u32,
    pub(super) at: usize,
    pub(super) why: String,
}

/// Why there is no value: no JSON, or JSON (gone over as a whole) that the column does not take.
enum Trouble {
    Syntax(Syntax),
    Refused(String),
}

impl From<Syntax> for Trouble {
    fn from(syntax: Syntax) -> Trouble {
        Trouble::Syntax(syntax)
    }
}

impl Node {
    /// Reads the value here as one more row; one of the wrong type is noted, and null. `depth` objects and lists are open.
    #[inline(always)]
    pub(super) fn read(&mut self, reader: &mut Reader, depth: u32) -> Result<(), Syntax> {
        let first = reader.cursor.skip_space();
        let at = reader.cursor.at;
        let read = match (&mut self.values, first) {
            (Values::Text(views), b'"') => reader.text().map(|view| views.push(view)),
            (Values::Int(values), b'-' | b'0'..=b'9') => reader.int64().map(|value| values.push(value)),
            (Values::Float(values), b'-' | b'0'..=b'9') => reader.float64().map(|value| values.push(value)),
            (Values::Struct { object, .. }, b'{') => return object.read(reader, depth),
            _ => self.read_rare(reader, first, depth),
        };
        match read {
            Ok(()) => Ok(()),
            Err(Trouble::Syntax(syntax)) => Err(syntax),
            Err(Trouble::Refused(why)) => {
                self.refuse(reader, at, why);
                Ok(())
            }
        }
    }

    #[inline(never)]
    fn read_rare(&mut self, reader: &mut Reader, first: u8, depth: u32) -> Result<(), Trouble> {
        let is_exact = reader.dialect == Dialect::Exact;
        match (&mut self.values, first) {
            (_, b'n') => {
                let at = reader.cursor.at;
                reader.cursor.literal("null")?;
                self.read_null(reader, at, "null");
            }
            (Values::Bool(values), b't') => {
                reader.cursor.literal("true")?;
                values.push(true);
            }
            (Values::Bool(values), b'f') => {
                reader.cursor.literal("false")?;
                values.push(false);
            }
            (Values::Decimal { values, precision, scale }, b'-' | b'0'..=b'9') => {
                values.push(reader.decimal(*precision, *scale)?);
            }
            (Values::Timestamp(values), b'-' | b'0'..=b'9') => values.push(reader.timestamp()?),
            (Values::Timestamp(values), b'"') if !is_exact => values.push(reader.timestamp_text()?),
            (Values::Interval(values), b'"') => values.push(reader.interval()?),
            (Values::Bytes(views), b'"') => views.push(reader.base64()?),
            (Values::Float(values), b'"') if is_exact => values.push(reader.float_text()?),
            (Values::Decimal { values, precision, scale }, b'"') if is_exact => {
                values.push(reader.decimal_text(*precision, *scale)?);
            }
            (Values::List { offsets, item, .. }, b'[') => offsets.push(read_items(item, reader, depth)?),
            _ => {
                reader.cursor.skip_value(depth)?;
                return Err(Trouble::Refused(format!("expected {}, found {}", expected(&self.data), kind_of(first))));
            }
        }
        Ok(())
    }

    /// The name was not there: null, which a required column does not take.
    #[inline(always)]
    pub(super) fn read_absent(&mut self, reader: &mut Reader, at: usize) {
        self.read_null(reader, at, "nothing");
    }

    fn read_null(&mut self, reader: &mut Reader, at: usize, found: &str) {
        match self.is_required {
            false => self.push_null(),
            true => self.refuse(reader, at, format!("required, found {found}")),
        }
    }

    /// Notes a refusal (of one node the first, as long as it stands), and reads null.
    #[cold]
    fn refuse(&mut self, reader: &mut Reader, at: usize, why: String) {
        if reader.refusals.last().is_none_or(|last| last.node != self.id) {
            reader.refusals.push(Refusal { node: self.id, at, why });
        }
        self.push_null();
    }
}

/// Reads the list whose bracket is here; gives where its items end.
fn read_items(item: &mut Node, reader: &mut Reader, depth: u32) -> Result<i32, Trouble> {
    let before = item.rows();
    if reader.cursor.enter(depth)? == b']' {
        reader.cursor.at += 1;
    } else {
        loop {
            item.read(reader, depth + 1)?;
            if reader.cursor.is_closed_by(b']', "`,` or `]`")? {
                break;
            }
        }
    }
    i32::try_from(item.rows()).map_err(|_| {
        item.truncate(before);
        Trouble::Refused("too many items in one batch".into())
    })
}

/// A type as it is written in JSON, for people.
fn expected(data: &Type) -> String {
    match data {
        Type::List(_) => "a list".into(),
        Type::Struct(_) => "an object".into(),
        Type::Bytes => "bytes (base64 in text)".into(),
        Type::Interval => "an interval (text)".into(),
        Type::Timestamp => "a timestamp (milliseconds, or RFC 3339 in text)".into(),
        plain => plain.to_string(),
    }
}

fn refused<T>(why: impl Into<String>) -> Result<T, Trouble> {
    Err(Trouble::Refused(why.into()))
}

impl Reader<'_> {
    /// Forgets what was noted, from `noted` on, of a value that a later one of the same name replaces.
    #[cold]
    pub(super) fn forget(&mut self, noted: usize, node: &Node) {
        let mut place = 0;
        self.refusals.retain(|refusal| {
            place += 1;
            place <= noted || !node.holds(refusal.node)
        });
    }

    #[inline(always)]
    fn text(&mut self) -> Result<u128, Trouble> {
        let span = self.cursor.text()?;
        if span.is_escaped {
            return Ok(self.unescaped(&span));
        }
        Ok(view_within(self.cursor.bytes, span.start, span.end, self.place.0, self.place.1))
    }

    #[cold]
    fn unescaped(&mut self, span: &Span) -> u128 {
        let mut plain = Vec::with_capacity(span.end - span.start);
        unescape(&self.cursor.bytes[span.start..span.end], &mut plain);
        self.blocks.append(&plain)
    }

    #[inline(always)]
    fn int64(&mut self) -> Result<i64, Trouble> {
        let start = self.cursor.at;
        let number = self.cursor.number()?;
        match number.to_i64() {
            Some(value) => Ok(value),
            None => refused(match number.is_integer {
                true => format!("{} is out of the range of int64", self.shown(start)),
                false => format!("expected int64, found {}, which is not written as an integer", self.shown(start)),
            }),
        }
    }

    #[inline(always)]
    fn float64(&mut self) -> Result<f64, Trouble> {
        let start = self.cursor.at;
        match self.cursor.number()?.to_f64(self.cursor.bytes) {
            Some(value) => Ok(value),
            None => refused(format!("{} is out of the range of float64", self.shown(start))),
        }
    }

    fn decimal(&mut self, precision: u8, scale: u8) -> Result<i128, Trouble> {
        let start = self.cursor.at;
        let value = self.cursor.number()?.to_decimal(self.cursor.bytes, precision, scale);
        value.or_else(|why| refused(format!("{why} for decimal({precision},{scale}): {}", self.shown(start))))
    }

    fn timestamp(&mut self) -> Result<i64, Trouble> {
        let value = self.int64()?;
        match value < 0 && self.dialect == Dialect::Plain {
            true => refused(format!("the timestamp {value} is before 1970")),
            false => Ok(value),
        }
    }

    fn timestamp_text(&mut self) -> Result<i64, Trouble> {
        let text = self.plain_text()?;
        match timestamp_of(&text) {
            Ok(value) if value < 0 => refused(format!("the timestamp {} is before 1970", shortened(&text))),
            Ok(value) => Ok(value),
            Err(why) => refused(format!("`{}` is {why}", shortened(&text))),
        }
    }

    fn interval(&mut self) -> Result<IntervalMonthDayNano, Trouble> {
        let text = self.plain_text()?;
        let why = || format!("`{}` is not an interval like P1DT2H or 1 day 02:00:00", shortened(&text));
        interval_of(&text).map_or_else(|| refused(why()), Ok)
    }

    fn base64(&mut self) -> Result<u128, Trouble> {
        let text = self.plain_text()?;
        match base64_of(text.as_bytes()) {
            Some(bytes) => Ok(self.blocks.append(&bytes)),
            None => refused(format!("`{}` is not base64", shortened(&text))),
        }
    }

    fn float_text(&mut self) -> Result<f64, Trouble> {
        let text = self.plain_text()?;
        match text.as_str() {
            "NaN" => Ok(f64::NAN),
            "Infinity" => Ok(f64::INFINITY),
            "-Infinity" => Ok(f64::NEG_INFINITY),
            other => refused(format!("`{}` is not a float64", shortened(other))),
        }
    }

    fn decimal_text(&mut self, precision: u8, scale: u8) -> Result<i128, Trouble> {
        let text = self.plain_text()?;
        let value = decimal_of(text.as_bytes(), precision, scale);
        value.or_else(|why| refused(format!("{why} for decimal({precision},{scale}): {}", shortened(&text))))
    }

    /// The text here, without its escapes.
    fn plain_text(&mut self) -> Result<String, Syntax> {
        let span = self.cursor.text()?;
        let mut plain = Vec::with_capacity(span.end - span.start);
        unescape(&self.cursor.bytes[span.start..span.end], &mut plain);
        Ok(String::from_utf8_lossy(&plain).into_owned())
    }

    /// What was read since `start`, for people.
    #[cold]
    fn shown(&self, start: usize) -> String {
        shortened(&String::from_utf8_lossy(&self.cursor.bytes[start..self.cursor.at]))
    }
}

/// At most 40 characters of a text.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_string(),
    }
}
