//! One value of any type as bytes that say themselves what they are: lists, sets and the durable form are made of
//! them. A tag, then: a bool 1 byte; int64, timestamp and float64 8; an interval 16; a decimal its scale and 16; text
//! and bytes their length and themselves; a list or a struct its count and its parts. Numbers are big-endian, lengths
//! LEB128.

mod decode;

use std::borrow::Cow;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Float64Type, Int64Type, IntervalMonthDayNanoType, TimestampMillisecondType};
use arrow_buffer::IntervalMonthDayNano;
use arrow_schema::DataType;

use super::bytes;
use crate::expr::{interval_length, power_of_ten};
use crate::types::Type;

pub(super) use decode::{decode, list_column};

mod tag {
    pub(super) const NULL: u8 = 0;
    pub(super) const BOOL: u8 = 1;
    pub(super) const INT: u8 = 2;
    pub(super) const FLOAT: u8 = 3;
    pub(super) const DECIMAL: u8 = 4;
    pub(super) const TEXT: u8 = 5;
    pub(super) const BYTES: u8 = 6;
    pub(super) const INTERVAL: u8 = 7;
    pub(super) const LIST: u8 = 8;
    pub(super) const STRUCT: u8 = 9;
}

/// Null.
pub(super) const NULL: &[u8] = &[tag::NULL];

/// A number out of an encoded value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    /// digits without their point, and how many stand behind it
    Exact(i128, u8),
    Float(f64),
}

/// Adds a row's value.
pub(super) fn write(column: &dyn Array, row: usize, into: &mut Vec<u8>) {
    if column.is_null(row) {
        into.push(tag::NULL);
        return;
    }
    match column.data_type() {
        DataType::Boolean => into.extend([tag::BOOL, column.as_boolean().value(row).into()]),
        DataType::Int64 => tagged(tag::INT, &column.as_primitive::<Int64Type>().value(row).to_be_bytes(), into),
        DataType::Timestamp(..) => {
            tagged(tag::INT, &column.as_primitive::<TimestampMillisecondType>().value(row).to_be_bytes(), into)
        }
        DataType::Float64 => {
            tagged(tag::FLOAT, &column.as_primitive::<Float64Type>().value(row).to_bits().to_be_bytes(), into)
        }
        DataType::Decimal128(_, scale) => {
            into.extend([tag::DECIMAL, *scale as u8]);
            into.extend(column.as_primitive::<Decimal128Type>().value(row).to_be_bytes());
        }
        DataType::Interval(_) => {
            into.push(tag::INTERVAL);
            write_interval(column.as_primitive::<IntervalMonthDayNanoType>().value(row), into);
        }
        DataType::Utf8View => counted(tag::TEXT, column.as_string_view().value(row).as_bytes(), into),
        DataType::BinaryView => counted(tag::BYTES, column.as_binary_view().value(row), into),
        DataType::List(_) => {
            let items = column.as_list::<i32>().value(row);
            into.push(tag::LIST);
            write_length(items.len(), into);
            (0..items.len()).for_each(|item| write(&items, item, into));
        }
        DataType::Struct(_) => {
            let fields = column.as_struct().columns();
            into.push(tag::STRUCT);
            write_length(fields.len(), into);
            fields.iter().for_each(|field| write(field, row, into));
        }
        // No type of ours is any other of Arrow's.
        _ => into.push(tag::NULL),
    }
}

fn tagged(tag: u8, bytes: &[u8], into: &mut Vec<u8>) {
    into.push(tag);
    into.extend_from_slice(bytes);
}

fn counted(tag: u8, bytes: &[u8], into: &mut Vec<u8>) {
    into.push(tag);
    write_length(bytes.len(), into);
    into.extend_from_slice(bytes);
}

fn write_length(mut length: usize, into: &mut Vec<u8>) {
    while length > 0x7f {
        into.push(length as u8 | 0x80);
        length >>= 7;
    }
    into.push(length as u8);
}

fn length(from: &mut &[u8]) -> Option<usize> {
    let mut length = 0u64;
    for shift in (0..63).step_by(7) {
        let [byte] = bytes::array(from)?;
        length |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return usize::try_from(length).ok();
        }
    }
    None
}

fn cut<'a>(from: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (head, rest) = from.split_at_checked(length)?;
    *from = rest;
    Some(head)
}

/// Adds months, days and nanoseconds.
pub(super) fn write_interval(interval: IntervalMonthDayNano, into: &mut Vec<u8>) {
    into.extend(interval.months.to_be_bytes());
    into.extend(interval.days.to_be_bytes());
    into.extend(interval.nanoseconds.to_be_bytes());
}

/// Months, days and nanoseconds.
pub(super) fn read_interval(from: &mut &[u8]) -> Option<IntervalMonthDayNano> {
    let months = bytes::array(from).map(i32::from_be_bytes)?;
    let days = bytes::array(from).map(i32::from_be_bytes)?;
    Some(IntervalMonthDayNano::new(months, days, bytes::array(from).map(i64::from_be_bytes)?))
}

/// Whether digits are a value of a decimal type.
pub(super) fn fits(digits: i128, data: &Type) -> bool {
    let Type::Decimal { precision, .. } = data else { return false };
    power_of_ten(*precision).is_some_and(|limit| digits.unsigned_abs() < limit.unsigned_abs())
}

/// The bytes of the next value, if they are one of a type; for bytes that come from outside.
pub(super) fn read<'a>(from: &mut &'a [u8], data: &Type) -> Option<&'a [u8]> {
    let start = *from;
    check(from, data)?;
    start.get(..start.len() - from.len())
}

fn check(from: &mut &[u8], data: &Type) -> Option<()> {
    let [tag] = bytes::array(from)?;
    match (tag, data) {
        (tag::NULL, _) => {}
        (tag::BOOL, Type::Bool) => {
            let [byte] = bytes::array(from)?;
            return (byte < 2).then_some(());
        }
        (tag::INT, Type::Int64 | Type::Timestamp) | (tag::FLOAT, Type::Float64) => {
            bytes::array::<8>(from)?;
        }
        (tag::DECIMAL, Type::Decimal { scale, .. }) => {
            let [found] = bytes::array(from)?;
            return (found == *scale && fits(bytes::integer(from)?, data)).then_some(());
        }
        (tag::INTERVAL, Type::Interval) => {
            read_interval(from)?;
        }
        (tag::TEXT, Type::Text) => {
            let length = length(from)?;
            std::str::from_utf8(cut(from, length)?).ok()?;
        }
        (tag::BYTES, Type::Bytes) => {
            let length = length(from)?;
            cut(from, length)?;
        }
        (tag::LIST, Type::List(slot)) => {
            for _ in 0..length(from)? {
                check(from, &slot.data)?;
            }
        }
        (tag::STRUCT, Type::Struct(fields)) => {
            if length(from)? != fields.len() {
                return None;
            }
            fields.iter().try_for_each(|field| check(from, &field.data))?;
        }
        _ => return None,
    }
    Some(())
}

/// Cuts off the next value of bytes that hold values; none at their end.
pub(super) fn next<'a>(from: &mut &'a [u8]) -> Option<&'a [u8]> {
    let start = *from;
    skip(from)?;
    start.get(..start.len() - from.len())
}

fn skip(from: &mut &[u8]) -> Option<()> {
    let [tag] = bytes::array(from)?;
    let bytes = match tag {
        tag::NULL => 0,
        tag::BOOL => 1,
        tag::INT | tag::FLOAT => 8,
        tag::INTERVAL => 16,
        tag::DECIMAL => 17,
        tag::TEXT | tag::BYTES => length(from)?,
        _ => {
            for _ in 0..length(from)? {
                skip(from)?;
            }
            0
        }
    };
    cut(from, bytes).map(drop)
}

/// The number that a value is; none of null and of what is no number.
pub(super) fn number(mut value: &[u8]) -> Option<Number> {
    let [tag] = bytes::array(&mut value)?;
    match tag {
        tag::INT => bytes::array(&mut value).map(|int| Number::Exact(i64::from_be_bytes(int).into(), 0)),
        tag::DECIMAL => {
            let [scale] = bytes::array(&mut value)?;
            bytes::integer(&mut value).map(|digits| Number::Exact(digits, scale))
        }
        tag::FLOAT => bytes::float(&mut value).map(Number::Float),
        _ => None,
    }
}

/// The bytes by which a value is compared: those of equal values are equal, as PostgreSQL means it. All NaNs are one,
/// −0 is 0, and an interval is as long as its months of 30 days.
pub(super) fn canonical(value: &[u8]) -> Cow<'_, [u8]> {
    match value.first() {
        Some(&(tag::FLOAT | tag::INTERVAL | tag::LIST | tag::STRUCT)) => {
            let mut into = Vec::with_capacity(value.len());
            canonize(&mut &*value, &mut into);
            Cow::Owned(into)
        }
        _ => Cow::Borrowed(value),
    }
}

fn canonize(from: &mut &[u8], into: &mut Vec<u8>) {
    let mut rest = *from;
    match rest.split_off_first() {
        Some(&tag::FLOAT) => {
            let float = bytes::float(&mut rest).unwrap_or_default();
            let float = if float.is_nan() { f64::NAN } else { float + 0.0 };
            tagged(tag::FLOAT, &float.to_bits().to_be_bytes(), into);
        }
        Some(&tag::INTERVAL) => {
            let length = read_interval(&mut rest).map_or(0, interval_length);
            tagged(tag::INTERVAL, &length.to_be_bytes(), into);
        }
        Some(&tag @ (tag::LIST | tag::STRUCT)) => {
            let count = length(&mut rest).unwrap_or_default();
            into.push(tag);
            write_length(count, into);
            (0..count).for_each(|_| canonize(&mut rest, into));
        }
        _ => {
            rest = *from;
            into.extend_from_slice(next(&mut rest).unwrap_or_default());
        }
    }
    *from = rest;
}
