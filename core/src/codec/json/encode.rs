//! Columns to JSON, row by row into one buffer per batch. Names are written once, when the encoder is made; a value
//! that has no JSON form takes its row back.

use arrow_array::BinaryViewArray;
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Float64Type, Int64Type, IntervalMonthDayNanoType, TimestampMillisecondType};
use arrow_array::{Array, ArrayRef, BooleanArray, ListArray, StringViewArray};
use arrow_buffer::{IntervalMonthDayNano, NullBuffer};
use arrow_schema::DataType;
use std::borrow::Cow;

use super::Dialect;
use super::escape::write_text;
use crate::batch::Batch;
use crate::codec::format::Nulls;
use crate::codec::interval::write_interval;
use crate::codec::scalar::{write_base64, write_decimal};
use crate::codec::views::{Blocks, NullRows, binary_array};
use crate::codec::{EncodeFailure, Encoded};
use crate::types::Schema;

/// Writes the columns of a schema as JSON objects.
#[derive(Debug)]
pub(in crate::codec) struct JsonEncoder {
    members: Vec<Member>,
    style: Style,
    blocks: Blocks,
    /// the longest value so far, in bytes, within reason
    likely: usize,
}

/// How values are written.
#[derive(Debug, Clone, Copy)]
pub(in crate::codec) struct Style {
    pub(in crate::codec) dialect: Dialect,
    pub(in crate::codec) nulls: Nulls,
}

/// A column to write.
#[derive(Debug)]
pub(in crate::codec) struct Member {
    name: String,
    lead: Lead,
    arrow: DataType,
    inner: Inner,
}

/// `,"name":`
#[derive(Debug)]
struct Lead {
    bytes: Vec<u8>,
    /// the same where it is short: 16 bytes are copied faster than a number of them that has to be looked up
    head: [u8; 16],
}

/// What is to be written within a column.
#[derive(Debug)]
pub(in crate::codec) enum Inner {
    Nothing,
    Item(Box<Inner>),
    Members(Vec<Member>),
}

/// A column of one batch, taken apart.
pub(in crate::codec) struct Bound<'a> {
    nulls: Option<&'a NullBuffer>,
    values: Values<'a>,
}

enum Values<'a> {
    /// not in the batch
    Missing,
    Bool(&'a BooleanArray),
    Int(&'a [i64]),
    Float(&'a [f64]),
    Decimal(&'a [i128], u8),
    Text(&'a StringViewArray),
    Bytes(&'a BinaryViewArray),
    Timestamp(&'a [i64]),
    Interval(&'a [IntervalMonthDayNano]),
    List(&'a ListArray, Box<Bound<'a>>),
    Struct(Vec<BoundMember<'a>>),
}

struct BoundMember<'a> {
    member: &'a Member,
    column: Bound<'a>,
}

/// A value without a JSON form: the names on the way to it, innermost first, and why.
pub(in crate::codec) struct Unwritable {
    path: Vec<String>,
    why: Cow<'static, str>,
}

const MAX_LIKELY: usize = 64 << 10;

impl JsonEncoder {
    pub(in crate::codec) fn new(schema: &Schema, dialect: Dialect, nulls: Nulls) -> JsonEncoder {
        let style = Style { dialect, nulls };
        let columns = schema.columns.iter().map(|column| (column.name.as_str(), column.data.to_arrow()));
        JsonEncoder { members: members_of(columns), style, blocks: Blocks::default(), likely: 64 }
    }

    pub(in crate::codec) fn encode(&mut self, batch: &Batch) -> Encoded {
        self.blocks.start_after(0);
        let bound = match bind_members(&self.members, batch) {
            Ok(bound) => bound,
            Err(unwritable) => return refuse_all(batch, &unwritable.reason()),
        };
        let mut views = Vec::with_capacity(batch.rows);
        let (mut nulls, mut failures) = (NullRows::default(), Vec::new());
        for row in 0..batch.rows {
            if batch.is_tombstone(row) {
                nulls.push(row);
                views.push(0);
                continue;
            }
            let mut length = 0;
            let written: Result<_, Box<Unwritable>> = self.blocks.write(self.likely, |out| {
                let start = out.len();
                write_members(&bound, row, self.style, out)?;
                length = out.len() - start;
                Ok(())
            });
            let reason = match written {
                Ok(Some(view)) => {
                    self.likely = self.likely.max(length.min(MAX_LIKELY));
                    views.push(view);
                    continue;
                }
                Ok(None) => format!("{length} bytes are more than a record can have"),
                Err(unwritable) => unwritable.reason(),
            };
            nulls.push(row);
            views.push(0);
            failures.push(EncodeFailure { row, reason });
        }
        let nulls = nulls.take(views.len());
        Encoded { payload: binary_array(views, self.blocks.take().into(), nulls), failures }
    }
}

fn refuse_all(batch: &Batch, reason: &str) -> Encoded {
    let failure = |row| EncodeFailure { row, reason: reason.to_string() };
    let failures = (0..batch.rows).filter(|&row| !batch.is_tombstone(row)).map(failure).collect();
    Encoded { payload: crate::batch::bytes_column((0..batch.rows).map(|_| None)), failures }
}

fn members_of<'a>(columns: impl Iterator<Item = (&'a str, DataType)>) -> Vec<Member> {
    let member = |(name, arrow): (&str, DataType)| Member {
        name: name.to_string(),
        lead: Lead::new(name),
        inner: Inner::of(&arrow),
        arrow,
    };
    columns.map(member).collect()
}

impl Lead {
    fn new(name: &str) -> Lead {
        let mut bytes = vec![b','];
        write_text(name.as_bytes(), &mut bytes);
        bytes.push(b':');
        let mut head = [0; 16];
        let length = bytes.len().min(16);
        head[..length].copy_from_slice(&bytes[..length]);
        Lead { bytes, head }
    }

    #[inline(always)]
    fn write(&self, out: &mut Vec<u8>) {
        if self.bytes.len() > 16 {
            return out.extend_from_slice(&self.bytes);
        }
        let end = out.len() + self.bytes.len();
        out.extend_from_slice(&self.head);
        out.truncate(end);
    }
}

impl Inner {
    pub(in crate::codec) fn of(arrow: &DataType) -> Inner {
        match arrow {
            DataType::List(item) => Inner::Item(Box::new(Inner::of(item.data_type()))),
            DataType::Struct(fields) => Inner::Members(members_of(
                fields.iter().map(|field| (field.name().as_str(), field.data_type().clone())),
            )),
            _ => Inner::Nothing,
        }
    }
}

/// Finds the columns of a batch by name: at their own place, as a rule.
fn bind_members<'a>(members: &'a [Member], batch: &'a Batch) -> Result<Vec<BoundMember<'a>>, Unwritable> {
    let find = |place: usize, name: &str| match batch.schema.columns.get(place) {
        Some(column) if column.name == name => batch.columns.get(place),
        _ => batch.schema.find(name).and_then(|(place, _)| batch.columns.get(place)),
    };
    let bind = |(place, member): (usize, &'a Member)| {
        let column = match find(place, &member.name) {
            None => Bound { nulls: None, values: Values::Missing },
            Some(array) if *array.data_type() == member.arrow => bind(array, &member.inner),
            Some(array) => {
                let why = format!("is of type {} here, not {} as declared", array.data_type(), member.arrow);
                return Err(Unwritable { path: vec![member.name.clone()], why: why.into() });
            }
        };
        Ok(BoundMember { member, column })
    };
    members.iter().enumerate().map(bind).collect()
}

/// Takes an array apart that is of the type that `inner` is made for.
pub(in crate::codec) fn bind<'a>(array: &'a ArrayRef, inner: &'a Inner) -> Bound<'a> {
    let values = match (array.data_type(), inner) {
        (DataType::Boolean, _) => Values::Bool(array.as_boolean()),
        (DataType::Int64, _) => Values::Int(array.as_primitive::<Int64Type>().values()),
        (DataType::Float64, _) => Values::Float(array.as_primitive::<Float64Type>().values()),
        (DataType::Decimal128(_, scale), _) => {
            Values::Decimal(array.as_primitive::<Decimal128Type>().values(), scale.unsigned_abs())
        }
        (DataType::Utf8View, _) => Values::Text(array.as_string_view()),
        (DataType::BinaryView, _) => Values::Bytes(array.as_binary_view()),
        (DataType::Timestamp(..), _) => array
            .as_primitive_opt::<TimestampMillisecondType>()
            .map_or(Values::Missing, |a| Values::Timestamp(a.values())),
        (DataType::Interval(_), _) => array
            .as_primitive_opt::<IntervalMonthDayNanoType>()
            .map_or(Values::Missing, |a| Values::Interval(a.values())),
        (DataType::List(_), Inner::Item(inner)) => {
            let list = array.as_list::<i32>();
            Values::List(list, Box::new(bind(list.values(), inner)))
        }
        (DataType::Struct(_), Inner::Members(members)) => {
            let columns = array.as_struct().columns();
            let bound = |(member, column)| BoundMember { member, column: bind(column, &member.inner) };
            Values::Struct(members.iter().zip(columns).map(bound).collect())
        }
        _ => Values::Missing,
    };
    Bound { nulls: array.nulls(), values }
}

/// Writes an object.
fn write_members(members: &[BoundMember], row: usize, style: Style, out: &mut Vec<u8>) -> Result<(), Box<Unwritable>> {
    let start = out.len();
    for BoundMember { member, column } in members {
        if column.is_null(row) {
            if style.nulls == Nulls::Write {
                member.lead.write(out);
                out.extend_from_slice(b"null");
            }
            continue;
        }
        member.lead.write(out);
        if let Err(mut unwritable) = column.write(row, style, out) {
            unwritable.path.push(member.name.clone());
            return Err(unwritable);
        }
    }
    // The comma that leads the first one is where the bracket goes.
    match out.get_mut(start) {
        Some(comma) => *comma = b'{',
        None => out.push(b'{'),
    }
    out.push(b'}');
    Ok(())
}

impl Bound<'_> {
    #[inline(always)]
    pub(in crate::codec) fn is_null(&self, row: usize) -> bool {
        self.nulls.is_some_and(|nulls| nulls.is_null(row)) || matches!(self.values, Values::Missing)
    }

    /// Writes the value of a row that is not null.
    #[inline(always)]
    pub(in crate::codec) fn write(&self, row: usize, style: Style, out: &mut Vec<u8>) -> Result<(), Box<Unwritable>> {
        match &self.values {
            Values::Int(values) => write_integer(values[row], out),
            Values::Float(values) => return write_float(values[row], style.dialect, out),
            Values::Text(texts) => write_text(texts.value(row).as_bytes(), out),
            rare => return rare.write_rare(row, style, out),
        }
        Ok(())
    }
}

impl Values<'_> {
    #[inline(never)]
    fn write_rare(&self, row: usize, style: Style, out: &mut Vec<u8>) -> Result<(), Box<Unwritable>> {
        let is_exact = style.dialect == Dialect::Exact;
        match self {
            Values::Bool(values) => out.extend_from_slice(if values.value(row) { b"true" } else { b"false" }),
            Values::Timestamp(values) => match values[row] {
                early if early < 0 && !is_exact => {
                    return unwritable(format!("the timestamp {early} is before 1970"));
                }
                millis => write_integer(millis, out),
            },
            Values::Decimal(values, scale) if is_exact => quoted(out, |out| write_decimal(values[row], *scale, out)),
            Values::Decimal(values, scale) => write_decimal(values[row], *scale, out),
            Values::Bytes(values) => quoted(out, |out| write_base64(values.value(row), out)),
            Values::Interval(values) => quoted(out, |out| write_interval(values[row], out)),
            Values::List(list, items) => return write_list(list, items, row, style, out),
            Values::Struct(members) => return write_members(members, row, style, out),
            Values::Int(values) => write_integer(values[row], out),
            Values::Float(values) => return write_float(values[row], style.dialect, out),
            Values::Text(texts) => write_text(texts.value(row).as_bytes(), out),
            Values::Missing => out.extend_from_slice(b"null"),
        }
        Ok(())
    }
}

fn write_list(
    list: &ListArray,
    items: &Bound,
    row: usize,
    style: Style,
    out: &mut Vec<u8>,
) -> Result<(), Box<Unwritable>> {
    let offsets = list.value_offsets();
    out.push(b'[');
    for item in offsets[row] as usize..offsets[row + 1] as usize {
        if item > offsets[row] as usize {
            out.push(b',');
        }
        match items.is_null(item) {
            true => out.extend_from_slice(b"null"),
            false => items.write(item, style, out).map_err(|mut unwritable| {
                unwritable.path.push("[]".into());
                unwritable
            })?,
        }
    }
    out.push(b']');
    Ok(())
}

fn quoted(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'"');
    write(out);
    out.push(b'"');
}

#[inline(always)]
fn write_integer(value: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// The shortest digits that read back as the same value, always with a point or an exponent.
#[inline(always)]
fn write_float(value: f64, dialect: Dialect, out: &mut Vec<u8>) -> Result<(), Box<Unwritable>> {
    if value.is_finite() {
        out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes());
        return Ok(());
    }
    let word = if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    };
    if dialect == Dialect::Plain {
        return unwritable(format!("{word} has no JSON form"));
    }
    quoted(out, |out| out.extend_from_slice(word.as_bytes()));
    Ok(())
}

#[cold]
fn unwritable<T>(why: impl Into<Cow<'static, str>>) -> Result<T, Box<Unwritable>> {
    Err(Box::new(Unwritable { path: Vec::new(), why: why.into() }))
}

impl Unwritable {
    /// `column path: why`, or why alone.
    pub(in crate::codec) fn reason(&self) -> String {
        if self.path.is_empty() {
            return self.why.to_string();
        }
        let mut path = String::new();
        for name in self.path.iter().rev() {
            if !path.is_empty() && name != "[]" {
                path.push('.');
            }
            path.push_str(name);
        }
        format!("column {path}: {}", self.why)
    }
}
